"""Twenty rules are written three times, each without the others: of the same faults all say the same."""

from __future__ import annotations

from collections import Counter

import pytest

from manzanita.cli import main
from manzanita.commands.bench import SUBSET
from manzanita.domain.validation.folder import findings_in
from tests.prove import rules_in_python, rules_in_sql
from tests.prove.bench_rules import TWENTY
from tests.prove.bent_folder import SETTING, bend


@pytest.fixture(scope="module")
def bent(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    assert main(["synth", "--students", "1500", "--seed", "11", "--out", str(folder)]) == 0
    out = tmp_path_factory.mktemp("bent") / "files"
    bend(folder, out, rate=0.3)
    return out


@pytest.fixture(scope="module")
def ours(bent):
    with findings_in(bent, SETTING, codes=TWENTY, partition_bytes=1 << 20) as told:
        return Counter(f"{one.code},{one.line}" for one in told.findings)


def test_plain_loops_find_the_same(bent, ours, tmp_path):
    rules_in_python.main(bent, tmp_path / "out.csv")
    assert Counter((tmp_path / "out.csv").read_text().split()) == ours
    assert {line.split(",")[0] for line in ours} == set(TWENTY)


def test_sql_finds_the_same(bent, ours, tmp_path):
    rules_in_sql.main(bent, tmp_path / "out.csv")
    assert Counter((tmp_path / "out.csv").read_text().split()) == ours


def test_the_twenty_are_those_that_the_command_measures():
    assert len(SUBSET) == 21
    assert set(TWENTY) == set(rules_in_python.RULES)


def test_the_command_prints_figures_and_ratios(bent, capsys):
    assert main(["bench", "--folder", str(bent), "--rules", "21", "--rounds", "1"]) == 0
    told = capsys.readouterr().out
    assert "parse only" in told
    assert "21 rules: 21 rules, " in told
    assert "goal at most 2" in told
