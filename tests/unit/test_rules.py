"""Every rule on its own examples, which are written by hand beside it; and the registry."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain import records
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules import catalog, field_rules, owner_of, row_rules, rule_info
from manzanita.domain.rules.examples import meet, plan, senr, serv, swds
from manzanita.domain.validation import evaluate_records

AS_OF = date(2026, 11, 23)
YEAR = "2026-2027"

# The rules of the first path, as its specification names them.
STATE_RULES = {
    *("FRMT0001", "FRMT0002", "FRMT0004", "GERR0001", "GERR0002", "GERR0005", "GERR0008"),
    *("SWDS0594", "SWDS0618", "SERV0327", "SERV0328", "PLAN0726", "PLAN0663F1", "PLAN0673F1"),
    *("SENR0606F1", "PLAN0679E1"),
}
LOCAL_RULES = {
    *("MZ-MEET-LATE", "MZ-MEET-EMPTY", "MZ-SIS-DUPLICATE", "MZ-STATE-DUPLICATE"),
    *("MZ-DIGITS", "MZ-YEAR", "MZ-TEXT"),
    *("MZ-MEET-BEFORE-BIRTH", "MZ-MEET-CONSENT-ORDER", "MZ-MEET-DELAY-KIND", "MZ-MEET-DELAY-ON-TIME"),
    *(
        "MZ-MEET-FUTURE",
        "MZ-MEET-LATE-FIRST",
        "MZ-MEET-LATE-IFSP",
        "MZ-MEET-LATE-INITIAL",
        "MZ-MEET-LATE-PART-C",
    ),
    *("MZ-MEET-NO-CONSENT", "MZ-MEET-NO-OUTCOME", "MZ-MEET-NOT-ELIGIBLE", "MZ-MEET-PENDING-BOTH"),
    *("MZ-MEET-PENDING-HELD", "MZ-MEET-PENDING-LATE", "MZ-MEET-SECOND-INITIAL", "MZ-MEET-STRAY-OUTCOME"),
    *("MZ-MEET-TWO-LEAS",),
    *(
        "MZ-PLAN-ADOPTION",
        "MZ-PLAN-DEAF-BLIND",
        "MZ-PLAN-DISABILITY-TWICE",
        "MZ-PLAN-DSEA",
        "MZ-PLAN-ENROLLMENT",
    ),
    *("MZ-PLAN-IFSP-AGE", "MZ-PLAN-IFSP-TRANSITION", "MZ-PLAN-INFANT-FIELDS", "MZ-PLAN-ISP-PUBLIC"),
    *("MZ-PLAN-KINDERGARTEN", "MZ-PLAN-MAX-AGE", "MZ-PLAN-NO-DISABILITY", "MZ-PLAN-NO-SERVICE"),
    *("MZ-PLAN-NOT-PARTICIPATING", "MZ-PLAN-NPS-SETTING", "MZ-PLAN-PERCENT-MISSING", "MZ-PLAN-PERCENT-RANGE"),
    *(
        "MZ-PLAN-PERCENT-SEPARATE",
        "MZ-PLAN-PERCENT-STRAY",
        "MZ-PLAN-PRESCHOOL-FIELDS",
        "MZ-PLAN-SETTING-TYPE",
    ),
    *("MZ-PLAN-TEN-HOURS", "MZ-PLAN-TRANSITION-EARLY", "MZ-PLAN-TRANSITION-MISSING"),
    *("MZ-PSTS-ENROLLED", "MZ-PSTS-NO-STATUS"),
    *("MZ-SENR-BIRTH", "MZ-SENR-EXIT", "MZ-SENR-NPS"),
    *("MZ-SERV-NO-DURATION", "MZ-SERV-NO-FREQUENCY", "MZ-SERV-NO-PLAN", "MZ-SERV-PROVIDER-AGE"),
    *("MZ-SERV-SHORT", "MZ-SERV-TRANSITION-AGE"),
    *("MZ-STATUS-BEFORE-BIRTH", "MZ-STATUS-COMPLETED", "MZ-STATUS-DIPLOMA", "MZ-STATUS-ENTRY-CHANGED"),
    *("MZ-STATUS-ENTRY-LATER", "MZ-STATUS-MAX-AGE", "MZ-STATUS-NO-PLAN", "MZ-STATUS-NO-REASON"),
    *("MZ-STATUS-OUTCOME", "MZ-STATUS-REASON-FIT", "MZ-STATUS-SAME-DAY"),
}

CASES = [
    pytest.param(rule, kind, example, id=f"{rule.code}-{kind}-{number}")
    for rule in (*field_rules(), *row_rules())
    for kind in ("passes", "fails")
    for number, example in enumerate(getattr(rule, kind), start=1)
]


def codes(rows, *, year=YEAR, **more):
    """Codes of what was found of a row; without the rules that lack a record type."""
    filled = {
        record: [records.complete(record, row) for row in of_record] for record, of_record in rows.items()
    }
    found = evaluate_records(filled, as_of=AS_OF, year=year, **more)
    return [finding.code for finding in found if finding.record_key]


@pytest.mark.parametrize(("rule", "kind", "example"), CASES)
def test_a_rule_says_what_its_examples_say(rule, kind, example):
    assert (rule.code in codes(example)) is (kind == "fails")


def test_exactly_the_promised_rules_are_evaluated_and_each_has_both_kinds_of_example():
    rules = (*field_rules(), *row_rules())
    assert {rule.code for rule in rules} == STATE_RULES | LOCAL_RULES
    assert all(rule.passes and rule.fails for rule in rules)
    assert all(rule.meaning and rule.fix and rule.source and rule.confidence for rule in rules)


LOCAL_EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.code}-{number}")
    for rule in row_rules()
    if rule.is_local
    for number, example in enumerate((*rule.passes, *rule.fails), start=1)
]


@pytest.mark.parametrize(("rule", "example"), LOCAL_EXAMPLES)
def test_an_example_of_a_local_rule_holds_every_record_that_the_rule_reads(rule, example):
    """Else a rule that is not evaluated would pass."""
    filled = {record: [records.complete(record, row) for row in rows] for record, rows in example.items()}
    found = evaluate_records(filled, as_of=AS_OF, year=YEAR)
    assert rule.code not in {one.code for one in found if one.severity is Severity.NOT_EVALUATED}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.code) for rule in row_rules() if rule.is_local])
def test_a_local_rule_warns_names_its_law_and_tells_its_case(rule):
    assert rule.case.endswith(".")
    assert rule.severity is not Severity.FATAL or rule.code == "MZ-SIS-DUPLICATE"
    assert len(rule.passes) > 1 and rule.source


def test_the_catalog_knows_rules_that_are_not_evaluated_here_and_says_so():
    known = rule_info("SWDS0443")
    assert known is not None
    assert not known.is_implemented
    assert known.owner is Owner.CLERK
    assert rule_info("PLAN0726").is_implemented
    assert rule_info("NOSUCH01") is None
    # Retired rules and reports are no rules that can speak today.
    assert not {"SPED0001", "RPT16.21"} & catalog().keys()


@pytest.mark.parametrize(
    ("code", "fields", "owner"),
    [
        ("GERR0007", ["25.14"], Owner.TEAM),  # the frequency is the team's, whatever the code
        ("GERR0007", ["23.33"], Owner.CLERK),
        ("GERR0007", ["25.14", "23.33"], Owner.CLERK),  # two owners: the rule decides
        ("GERR0007", [], Owner.CLERK),
        ("MZ-MEET-LATE", ["24.18"], Owner.TEAM),  # no declared field: the rule's owner
        ("MZ-SIS-DUPLICATE", [], Owner.SIS),
        ("NOSUCH01", [], Owner.CLERK),
    ],
)
def test_one_function_says_whose_job_it_is(code, fields, owner):
    assert owner_of(code, fields) is owner


def test_a_severity_that_no_page_prints_is_a_warning():
    assert rule_info("SWDS0618").severity is Severity.WARNING
    assert rule_info("PSTS0481").severity is Severity.WARNING


def test_a_rule_whose_records_are_not_known_is_not_evaluated_and_names_them():
    found = {
        finding.code: finding
        for finding in evaluate_records({"SWDS": [records.complete("SWDS", swds())]}, as_of=AS_OF, year=YEAR)
    }
    assert {code for code in found if not code.startswith("MZ-")} == {"GERR0005", "PLAN0673F1", "SENR0606F1"}
    local = {"BEFORE-BIRTH", "MAX-AGE", "DIPLOMA", "COMPLETED", "OUTCOME", "NO-PLAN"}
    assert {code for code in found if code.startswith("MZ-")} == {f"MZ-STATUS-{name}" for name in local}
    assert {one.severity for one in found.values()} == {Severity.NOT_EVALUATED}
    assert found["GERR0005"].message == "Not evaluated: GERR0005 reads SENR, and there is no such file."
    assert (
        found["SENR0606F1"].message
        == "Not evaluated: SENR0606F1 reads PLAN and SENR, and there is no such file."
    )


def test_phases_choose_rules_and_local_rules_always_run():
    rows = {"PLAN": [plan({"23.15": "290"})], "SERV": [], "MEET": [meet({"24.15": ""})]}
    assert set(codes(rows, phases=("eoy1",))) == {"PLAN0679E1", "MZ-MEET-EMPTY"}
    assert set(codes(rows, phases=("input",))) == {"PLAN0726", "MZ-MEET-EMPTY"}


def test_a_rule_speaks_only_in_its_years():
    rows = {"PLAN": [plan({"23.15": "290"})]}
    assert "PLAN0726" in codes(rows, year="2025-2026")
    assert "PLAN0726" not in codes(rows, year="2024-2025")


def test_a_softened_finding_warns_and_the_same_rule_is_fatal_elsewhere():
    def severity(status):
        rows = {"SWDS": [records.complete("SWDS", swds({"22.12": status, "22.13": ""}))], "SENR": []}
        return [f.severity for f in evaluate_records(rows, as_of=AS_OF, year=YEAR) if f.code == "GERR0005"]

    assert severity("1") == [Severity.FATAL]
    assert severity("3") == [Severity.FATAL]
    assert severity("2") == [Severity.WARNING]
    assert severity("4") == [Severity.WARNING]


def test_a_bad_value_is_emptied_before_whole_rows_are_judged():
    # With the letter O: as text it lies inside the academic year, and the plan would lack services.
    rows = {"PLAN": [plan({"23.12": "20260915"}), plan({"23.12": "2026O915"})], "SERV": [serv()]}
    assert codes(rows) == ["FRMT0002"]


def test_a_local_rule_says_nothing_of_a_value_that_was_emptied():
    assert codes({"SERV": [serv({"25.15": "30m"})]}, phases=("input",)) == ["FRMT0004"]
    assert codes({"SERV": [serv({"25.15": ""})]}, phases=("input",)) == ["MZ-SERV-NO-DURATION"]


def test_lines_of_one_fault_share_a_group_and_other_findings_have_none():
    rows = {
        "PLAN": [records.complete("PLAN", plan()), records.complete("PLAN", plan({"23.04": "9954321"}))],
        "SERV": [records.complete("SERV", serv({"25.12": "400"}))],
    }
    found = evaluate_records(rows, as_of=AS_OF, year=YEAR)
    twice = [f for f in found if f.code == "PLAN0663F1"]
    assert len(twice) == 2
    assert twice[0].group == twice[1].group != None  # noqa: E711
    assert [f.group for f in found if f.code == "SERV0327"] == [None]


def test_a_line_that_deletes_is_judged_in_its_key_only_and_is_no_context():
    assert codes({"SWDS": [swds({"22.02": "D", "22.13": "11"})], "SENR": []}) == []
    gone = {"PLAN": [plan()], "SERV": [serv({"25.02": "D"})]}
    assert codes(gone, phases=("eoy1",)) == ["PLAN0679E1"]


def test_the_identity_of_a_finding_hangs_on_what_was_seen_not_on_where_it_stood():
    def identity(rows):
        filled = {"PLAN": [records.complete("PLAN", row) for row in rows]}
        found = evaluate_records(filled, as_of=AS_OF, year=YEAR)
        return [f.identity for f in found if f.code == "PLAN0726"]

    bad, fine = plan({"23.15": "290"}), plan({"23.12": "20250101"})
    assert identity([bad]) == identity([fine, bad])
    assert identity([bad]) != identity([plan({"23.15": "280"})])


def test_an_enrollment_ending_on_the_status_day_still_covers_it():
    rows = {"SWDS": [swds({"22.11": "20260915"})], "SENR": [senr({"1.25": "20260914"})]}
    assert codes(rows) == ["GERR0005"]
