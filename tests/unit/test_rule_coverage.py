"""Every rule of the state that public pages print is evaluated here, or says which input it wants for."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

import manzanita.domain.rules
from manzanita.domain.findings import Severity
from manzanita.domain.rules import catalog, field_rules, not_evaluable, row_rules

# Rules about plans and services that are written elsewhere at this hour. Empty when they have come.
STILL_TO_COME = {
    *("PLAN0637E4", "PLAN0714F1", "PLAN0724F1", "PLAN0726F1", "PLAN0729F1", "PLAN0748E1", "PLAN0362E4"),
    *("PLAN0362E1", "PLAN0364E4", "PLAN0365E4", "PLAN0366E4", "PLAN0367E4", "PLAN0368F1", "PLAN0386F1"),
    *("PLAN0387F1", "PLAN0387E4", "PLAN0393E4", "SERV0447", "SERV0448E4", "SERV0448F1", "SERV0411E4"),
    *("SERV0415F1", "SERV0417E4"),
}


def wanted_rows():
    """Rows of the table but the retired ones, reports, and those about behavioral incidents (SIRS)."""
    path = Path(manzanita.domain.rules.__file__).parent / "rules.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [
            row
            for row in csv.DictReader(file)
            if not row["status"].startswith("Retired")
            and row["kind"] != "report"
            and row["records"] != "SIRS"
        ]


WANTED = {row["code"]: row for row in wanted_rows()}


def test_each_wanted_rule_is_there_once_evaluated_or_with_the_input_it_wants_for():
    implemented = Counter(rule.code for rule in (*field_rules(), *row_rules()))
    named = Counter(rule.code for rule in not_evaluable.rules())
    declared = implemented + named
    of_the_state = {code for code in declared if code in WANTED}
    print(
        f"\n{len(WANTED)} rules wanted: {sum(code in implemented for code in WANTED)} evaluated, "
        f"{sum(code in named for code in WANTED)} not evaluable, {len(WANTED) - len(of_the_state)} to come."
    )
    assert len(WANTED) == len(wanted_rows())
    assert WANTED.keys() - declared.keys() == STILL_TO_COME
    assert {code: times for code, times in declared.items() if times > 1} == {}
    # What is declared and stands in no table is our own.
    assert {code for code in declared if code not in WANTED and not code.startswith("MZ-")} == set()


@pytest.mark.parametrize("rule", not_evaluable.rules(), ids=lambda rule: rule.code)
def test_a_rule_that_cannot_be_evaluated_says_what_it_wants_for_and_how_to_mend(rule):
    assert not rule.is_implemented
    assert rule.missing_input and rule.meaning.endswith(".") and rule.fix.endswith(".")
    assert catalog()[rule.code] == rule


def test_no_rule_that_is_evaluated_wants_for_an_input():
    assert {rule.code for rule in (*field_rules(), *row_rules()) if rule.missing_input} == set()


@pytest.mark.parametrize("code", sorted(set(WANTED) - STILL_TO_COME))
def test_severity_phase_kind_and_confidence_are_those_of_the_table(code):
    row, rule = WANTED[code], catalog()[code]
    assert (rule.kind, rule.phase, rule.confidence) == (row["kind"], row["phase"], row["confidence"])
    # A severity that no page prints is not guessed upward.
    expected = Severity.FATAL if row["severity"] == "fatal" else Severity.WARNING
    assert rule.severity is expected


@pytest.mark.parametrize("code", sorted(set(WANTED) - STILL_TO_COME))
def test_a_rule_speaks_in_the_years_of_the_table(code):
    row, rule = WANTED[code], catalog()[code]
    is_inactive = row["status"].startswith("Inactive")
    assert rule.is_in_force("2026-2027") is not (is_inactive or row["years"] == "through 2024-25")
    assert rule.is_in_force("2022-2023") is (rule.first_year is None)
    if row["years"] == "from 2025-26":
        assert rule.first_year == "2025-2026"
    if row["years"].startswith("known only with the E4 suffix"):
        assert rule.presumed_from == "2025-2026"
        assert rule.severity_in("2026-2027") is Severity.WARNING
    else:
        assert rule.presumed_from is None
