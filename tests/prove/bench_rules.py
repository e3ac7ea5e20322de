"""``python -m tests.prove.bench_rules``: twenty rules in our engine, in DuckDB and in plain Python; every rule wrong.

The twenty are those of ``manzanita bench --rules 21`` about whole rows. They run over the same bent folder, each engine
in a process of its own, in turn, reading included; what they find has to be equal, line by line. Then every rule is
made to object to every row of ``--wrong-students`` students, and the findings are written to nowhere: memory may be at
most twice that of the same folder without a finding.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from manzanita.cli import main as manzanita
from manzanita.commands.bench import AS_OF, SUBSET, Cost, cost_of, in_turn, made_folder
from manzanita.domain.rules.declaration import FieldRule, Rule
from tests.prove.bent_folder import FILES, SETTING, bend

TWENTY = SUBSET[1:]
MOST_MEMORY = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--wrong-students", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cache", type=Path, help="as of manzanita bench")
    parser.add_argument("--measure", nargs="+", metavar="WHAT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        what, *paths = args.measure
        print(json.dumps(_MEASURED[what](*map(Path, paths))))
        return 0
    # First, while this process is small: what it has counts as the peak of those that it starts.
    is_small = _every_rule_wrong(made_folder(args.wrong_students, args.cache), args.wrong_students)
    with tempfile.TemporaryDirectory(prefix="manzanita-bench-") as temporary:
        is_equal = _three_engines(made_folder(args.students, args.cache), Path(temporary), args)
    return 0 if is_equal and is_small else 1


def _three_engines(folder: Path, temporary: Path, args: argparse.Namespace) -> bool:
    bent = temporary / "bent"
    bend(folder, bent)
    outs = {name: temporary / f"{name}.csv" for name in ("ours", "DuckDB", "Python")}
    modules = {
        "ours": ["tests.prove.bench_rules", "--measure", "ours"],
        "DuckDB": ["tests.prove.rules_in_sql"],
        "Python": ["tests.prove.rules_in_python"],
    }
    commands = {
        name: [sys.executable, "-m", *module, str(bent), str(outs[name])] for name, module in modules.items()
    }
    costs = in_turn(commands, args.rounds)
    rows = costs["ours"].told["rows"]
    print(f"{len(TWENTY)} rules on {rows} lines of {args.students} students, one line of twenty bent:")
    print(f"  {'':8}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'wall ÷ ours':>13}{'findings':>10}")
    for name, cost in costs.items():
        print(f"  {name:8}{_figures(cost)}{cost.wall / costs['ours'].wall:13.2f}{cost.told['findings']:10}")
    found = {name: Counter(out.read_text().split()) for name, out in outs.items()}
    is_equal = True
    for name in ("DuckDB", "Python"):
        if found[name] != found["ours"]:
            is_equal = False
            more, less = found[name] - found["ours"], found["ours"] - found[name]
            codes = Counter(line.split(",")[0] for line in (more + less).elements())
            print(f"  {name} finds {more.total()} more and {less.total()} less: {dict(codes)}")
    if is_equal:
        codes = {line.split(",")[0] for line in found["ours"]}
        print(f"  All three find the same on the same lines, by {len(codes)} of the rules.")
    return is_equal


def _every_rule_wrong(folder: Path, students: int) -> bool:
    command = [sys.executable, "-m", "tests.prove.bench_rules", "--measure"]
    clean = cost_of([*command, "clean", str(folder)])
    wrong = cost_of([*command, "wrong", str(folder)])
    times = wrong.peak / clean.peak
    print(f"Every rule wrong on every row of {students} students ({wrong.told['findings']} findings):")
    print(f"  {'':8}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}")
    print(f"  {'clean':8}{_figures(clean)}\n  {'wrong':8}{_figures(wrong)}")
    print(f"  {times:.2f} times the memory; at most {MOST_MEMORY}")
    return times <= MOST_MEMORY


def _figures(cost: Cost) -> str:
    return f"{cost.wall:9.2f}{cost.cpu:9.2f}{cost.peak / 1e6:9.0f}"


def _ours(folder: Path, out: Path) -> dict[str, Any]:
    from manzanita.domain.validation.folder import findings_in

    found = 0
    with out.open("w") as file, findings_in(folder, SETTING, codes=TWENTY) as told:
        for finding in told.findings:
            file.write(f"{finding.code},{finding.line}\n")
            found += 1
    assert {read.file for read in told.files} == set(FILES.values())
    return {"rows": sum(read.lines for read in told.files), "findings": found}


def _clean(folder: Path) -> dict[str, Any]:
    """The command as people use it, its findings written to nowhere and counted."""
    with open(os.devnull, "w") as nowhere, redirect_stdout(_Counting(nowhere)) as counting:
        manzanita(["validate", str(folder), "--format", "json", "--as-of", str(AS_OF)])
    return {"findings": counting.lines}


class _Counting:
    def __init__(self, to: Any) -> None:
        self._to = to
        self.lines = 0

    def write(self, text: str) -> None:
        self.lines += text.count("\n")
        self._to.write(text)


def _wrong(folder: Path) -> dict[str, Any]:
    from manzanita.domain import validation
    from manzanita.domain.validation import values

    row_rules = tuple(map(_always_wrong, validation.row_rules()))
    field_rules = tuple(map(_always_wrong_value, values.field_rules()))
    validation.row_rules = lambda: row_rules
    values.field_rules = lambda: field_rules
    return _clean(folder)


def _always_wrong(rule: Rule) -> Rule:
    """The rule, objecting to every row, and with something to say where its own words do not fit the row."""

    def else_(known: Callable[..., Any] | None, otherwise: Any) -> Callable[..., Any] | None:
        def safe(row: Any) -> Any:
            try:
                return known(row)
            except Exception:
                return otherwise

        return safe if known else None

    return replace(
        rule,
        wrong=lambda _setting: pl.col("line") > 0,
        undecided=None,
        message=else_(rule.message, rule.title),
        group=else_(rule.group, ""),
        marks=else_(rule.marks, ()),
    )


def _always_wrong_value(rule: FieldRule) -> FieldRule:
    """The rule, objecting to every value that it looks at; the values stay, so that the rules about rows see them."""

    def message(field: Any, value: str) -> str:
        try:
            return rule.message(field, value)
        except Exception:
            return rule.title

    def wrong(record: str, field: Any) -> pl.Expr | None:
        return None if rule.wrong(record, field) is None else pl.col("line") > 0

    return replace(rule, wrong=wrong, message=message, empties=False)


_MEASURED: dict[str, Callable[..., dict[str, Any]]] = {"ours": _ours, "clean": _clean, "wrong": _wrong}


if __name__ == "__main__":
    sys.exit(main())
