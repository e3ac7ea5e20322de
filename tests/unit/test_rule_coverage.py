"""Every rule of the state that public pages print is evaluated here, or says which input it wants for."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

import manzanita.domain.rules
from manzanita.domain.findings import Severity
from manzanita.domain.rules import catalog, field_rules, row_rules, unevaluable_rules


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
    named = Counter(rule.code for rule in unevaluable_rules())
    declared = implemented + named
    print(
        f"\n{len(WANTED)} rules wanted: {sum(code in implemented for code in WANTED)} evaluated, "
        f"{sum(code in named for code in WANTED)} not evaluable."
    )
    assert len(WANTED) == len(wanted_rows())
    assert WANTED.keys() - declared.keys() == set()
    assert {code: times for code, times in declared.items() if times > 1} == {}
    # What is declared and stands in no table is our own.
    assert {code for code in declared if code not in WANTED and not code.startswith("MZ-")} == set()


@pytest.mark.parametrize("rule", unevaluable_rules(), ids=lambda rule: rule.code)
def test_a_rule_that_cannot_be_evaluated_says_what_it_wants_for_and_how_to_mend(rule):
    assert not rule.is_implemented
    assert rule.missing_input and rule.meaning.endswith(".") and rule.fix.endswith(".")
    assert catalog()[rule.code] == rule


def test_no_rule_that_is_evaluated_wants_for_an_input():
    assert {rule.code for rule in (*field_rules(), *row_rules()) if rule.missing_input} == set()


@pytest.mark.parametrize("code", sorted(set(WANTED)))
def test_severity_phase_kind_and_confidence_are_those_of_the_table(code):
    row, rule = WANTED[code], catalog()[code]
    assert (rule.kind, rule.phase, rule.confidence) == (row["kind"], row["phase"], row["confidence"])
    # A severity that no page prints is not guessed upward.
    expected = Severity.FATAL if row["severity"] == "fatal" else Severity.WARNING
    assert rule.severity is expected


@pytest.mark.parametrize("code", sorted(set(WANTED)))
def test_a_rule_speaks_in_the_years_of_the_table(code):
    row, rule = WANTED[code], catalog()[code]
    is_inactive = row["status"].startswith("Inactive")
    speaks = rule.is_in_force("2026-2027") and not rule.is_switched_off(date(2026, 11, 23))
    assert speaks is not (is_inactive or row["years"] == "through 2024-25")
    assert rule.is_in_force("2022-2023") is (rule.first_year is None)
    if row["years"] == "from 2025-26":
        assert rule.first_year == "2025-2026"
    if row["years"].startswith("known only with the E4 suffix"):
        assert rule.presumed_from == "2025-2026"
        assert rule.severity_in("2026-2027") is Severity.WARNING
    else:
        assert rule.presumed_from is None
