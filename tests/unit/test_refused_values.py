"""A refused value has one finding: no rule takes the hole it leaves for a fault, and none certifies its record."""

from __future__ import annotations

import pytest

from manzanita.domain.layouts import RECORDS
from manzanita.domain.records import complete
from manzanita.domain.rules import row_rules
from manzanita.domain.rules.examples import plan
from manzanita.domain.validation import evaluate_records
from tests.support.rules import USUAL, setting_of

# A disability that asks for a degree of support, and no degree: PLAN0726, which the state asks on posting.
WITHOUT_DEGREE = {"23.15": "310", "23.16": ""}
UNKNOWN = "ZZ"


def codes(**changes):
    rows = {record: [] for record in RECORDS} | {"PLAN": [complete("PLAN", plan(changes))]}
    return {one.code for one in evaluate_records(rows, as_of=USUAL.as_of, year=USUAL.year)}


def test_a_value_that_is_missing_is_said_to_be_missing():
    assert "PLAN0726" in codes(**WITHOUT_DEGREE)


def test_a_value_that_was_refused_is_not_said_to_be_missing():
    found = codes(**{**WITHOUT_DEGREE, "23.16": UNKNOWN})
    assert "GERR0002" in found
    assert "PLAN0726" not in found


def test_on_posting_the_state_asks_the_other_fields_of_a_record_all_the_same():
    found = codes(**WITHOUT_DEGREE, **{"23.23": "half"})
    assert {"FRMT0004", "PLAN0726"} <= found


@pytest.mark.parametrize("code", ["PLAN0364E4", "PLAN0393E4", "PLAN0673F1"])
def test_a_record_that_is_not_taken_is_not_certified(code):
    """23.23 decides none of these rules; with a share that is no number the state does not take the plan."""
    rule = next(one for one in row_rules() if one.code == code)
    setting, example = setting_of(rule), rule.fails[0]
    rows = {record: [complete(record, row) for row in example.get(record, ())] for record in RECORDS}
    assert "23.23" not in rule.fields

    def said():
        found = evaluate_records(rows, as_of=setting.as_of, year=setting.year)
        return {one.code for one in found if one.record == "PLAN"}

    assert code in said()
    for row in rows["PLAN"]:
        row["23.23"] = "half"
    assert "FRMT0004" in said() and code not in said()
