"""Where a rule mends: what it proposes ends its objection and brings no other; nothing where it is not certain."""

from __future__ import annotations

import pytest

from manzanita.domain.layouts import RECORDS
from manzanita.domain.records import complete
from manzanita.domain.rules import examples, row_rules
from manzanita.domain.validation import evaluate_records
from manzanita.domain.validation.saying import record_key_of
from tests.support.rules import setting_of

REPAIRS = {rule.code: rule for rule in row_rules() if rule.repair}


def said(rows, setting):
    found = evaluate_records(rows, as_of=setting.as_of, year=setting.year)
    return {(one.code, one.record_key) for one in found if one.record_key}


def test_these_rules_mend():
    assert set(REPAIRS) == {
        "MZ-MEET-DELAY-ON-TIME",
        "MZ-PLAN-DISABILITY-TWICE",
        "MZ-PLAN-INFANT-FIELDS",
        "MZ-PLAN-PRESCHOOL-FIELDS",
    }
    for rule in REPAIRS.values():
        assert rule.repair.why.endswith(".") and len(rule.subjects) == 1


@pytest.mark.parametrize("rule", REPAIRS.values(), ids=list(REPAIRS))
def test_what_is_proposed_for_each_failing_example_ends_the_objection_and_brings_no_other(rule):
    setting, (subject,) = setting_of(rule), rule.subjects
    for example in rule.fails:
        rows = {record: [complete(record, row) for row in example.get(record, ())] for record in RECORDS}
        before = said(rows, setting)
        wrong = {key for code, key in before if code == rule.code}
        assert wrong
        for row in rows[subject]:
            if record_key_of(subject, row) in wrong:
                proposed = rule.repair.values(row)
                assert proposed and set(proposed) <= set(row)
                row.update(proposed)
        assert said(rows, setting) == {one for one in before if one[0] != rule.code}


@pytest.mark.parametrize(
    ("code", "record", "values", "proposed"),
    [
        ("MZ-MEET-DELAY-ON-TIME", "MEET", {"24.18": "20"}, {"24.18": ""}),
        ("MZ-PLAN-INFANT-FIELDS", "PLAN", {"23.19": "Y", "23.35": "N"}, {"23.19": "", "23.35": ""}),
        ("MZ-PLAN-INFANT-FIELDS", "PLAN", {"23.19": "", "23.35": "N"}, {"23.35": ""}),
        ("MZ-PLAN-PRESCHOOL-FIELDS", "PLAN", {"23.21": "1", "23.22": "Y"}, {"23.21": "", "23.22": ""}),
        ("MZ-PLAN-DISABILITY-TWICE", "PLAN", {"23.15": "240", "23.17": "240", "23.18": ""}, {"23.17": ""}),
        (
            "MZ-PLAN-DISABILITY-TWICE",
            "PLAN",
            {"23.15": "240", "23.16": "10", "23.17": "240", "23.18": "10"},
            {"23.17": "", "23.18": ""},
        ),
        # Two degrees of support for one disability: which one holds nobody knows from here.
        (
            "MZ-PLAN-DISABILITY-TWICE",
            "PLAN",
            {"23.15": "240", "23.16": "10", "23.17": "240", "23.18": "20"},
            {},
        ),
    ],
)
def test_what_is_proposed(code, record, values, proposed):
    row = complete(record, {**getattr(examples, record.lower())(), **values})
    assert REPAIRS[code].repair.values(row) == proposed
