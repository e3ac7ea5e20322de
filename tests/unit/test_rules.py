"""Every rule on its own examples, which are written by hand beside it; and the registry."""

from __future__ import annotations

import pytest

from manzanita.domain import records
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules import catalog, field_rules, owner_of, row_rules, rule_info
from manzanita.domain.rules.examples import meet, plan, psts, senr, serv, swds
from manzanita.domain.validation import evaluate_records
from tests.support.rules import USUAL, setting_of

AS_OF, YEAR = USUAL.as_of, USUAL.year

# Every rule of the state that is evaluated here.
STATE_RULES = {
    *("FRMT0001", "FRMT0002", "FRMT0004", "GERR0001", "GERR0002", "GERR0005", "GERR0008"),
    *("SWDS0594", "SWDS0618", "SERV0327", "SERV0328", "PLAN0726", "PLAN0663F1", "PLAN0673F1"),
    *("SENR0606F1", "PLAN0679E1"),
    *("GERR0007", "SWDS0370E4", "SWDS0605E4"),
    *("SENR0672F1", "SENR0646F1", "SENR0647F1", "SENR0439F1", "SENR0632"),
    *("PSTS0003", "PSTS0004", "PSTS0006", "PSTS0475", "PSTS0476", "PSTS0477", "PSTS0478", "PSTS0480F2"),
    *("PSTS0481", "PSTS0482", "PSTS0485", "CERT170"),
}
# Those about the content of plans and services, and about ages.
STATE_RULES |= {
    *("PLAN0362E1", "PLAN0362E4", "PLAN0364E4", "PLAN0365E4", "PLAN0366E4", "PLAN0367E4", "PLAN0368F1"),
    *("PLAN0386F1", "PLAN0387E4", "PLAN0387F1", "PLAN0393E4", "PLAN0637E4", "PLAN0714F1", "PLAN0724F1"),
    *("PLAN0726F1", "PLAN0748E1"),
    *("SERV0411E4", "SERV0415F1", "SERV0417E4", "SERV0448E4", "SERV0448F1"),
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
    *(
        "MZ-SERV-LONG",
        "MZ-SERV-NO-DURATION",
        "MZ-SERV-NO-FREQUENCY",
        "MZ-SERV-NO-PLAN",
        "MZ-SERV-PROVIDER-AGE",
    ),
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


def findings(rows, *, year=YEAR, as_of=AS_OF, **more):
    """What was found of a row; without the rules that lack a record type."""
    filled = {
        record: [records.complete(record, row) for row in of_record] for record, of_record in rows.items()
    }
    found = evaluate_records(filled, as_of=as_of, year=year, **more)
    return [finding for finding in found if finding.record_key]


def codes(rows, **more):
    return [finding.code for finding in findings(rows, **more)]


@pytest.mark.parametrize(("rule", "kind", "example"), CASES)
def test_a_rule_says_what_its_examples_say(rule, kind, example):
    setting = setting_of(rule)
    found = findings(example, year=setting.year, as_of=setting.as_of)
    said = {finding.severity for finding in found if finding.code == rule.code}
    assert bool(said) is (kind == "fails")
    assert Severity.NOT_EVALUATED not in said


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
    assert known.owner is Owner.COORDINATOR
    assert rule_info("PLAN0726").is_implemented
    assert rule_info("NOSUCH01") is None
    # Retired rules and reports are no rules that can speak today.
    assert not {"SPED0001", "RPT16.21"} & catalog().keys()


@pytest.mark.parametrize(
    ("code", "fields", "owner"),
    [
        ("GERR0007", ["25.14"], Owner.TEAM),  # the frequency is the team's, whatever the code
        ("GERR0007", ["23.33"], Owner.COORDINATOR),
        ("GERR0007", ["25.14", "23.33"], Owner.COORDINATOR),  # two owners: the rule decides
        ("GERR0007", [], Owner.COORDINATOR),
        ("MZ-MEET-LATE", ["24.18"], Owner.TEAM),  # no declared field: the rule's owner
        ("MZ-SIS-DUPLICATE", [], Owner.SIS),
        ("GERR0001", ["23.06"], Owner.SIS),  # the SSID, which the SIS alone brings
        (
            "MZ-MEET-LATE",
            ["24.06", "24.18"],
            Owner.TEAM,
        ),  # beside another field it only says whose record it is
        ("NOSUCH01", [], Owner.COORDINATOR),
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
    assert found.keys() >= {
        *("GERR0005", "PLAN0673F1", "SENR0606F1", "SENR0672F1", "SENR0646F1", "SENR0647F1", "SENR0439F1"),
        *("SWDS0370E4", "SWDS0605E4", "PLAN0726F1", "PLAN0637E4"),
    }
    assert not found.keys() & {"SWDS0594", "SERV0327", "PLAN0679E1", "SERV0448E4", "PLAN0366E4"}
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


def found_of(code, rows, year=YEAR):
    filled = {
        record: [records.complete(record, row) for row in of_record] for record, of_record in rows.items()
    }
    return [f for f in evaluate_records(filled, as_of=AS_OF, year=year) if f.code == code]


def test_a_rule_printed_only_for_eoy_4_warns_since_then_and_says_that_it_is_presumed():
    rows = {"SWDS": [swds({"22.11": "20241105", "22.12": "4", "22.13": "23"})], "SENR": [senr()]}
    (then,) = found_of("SWDS0370E4", rows, "2024-2025")
    (now,) = found_of("SWDS0370E4", rows, "2025-2026")
    assert (then.severity, now.severity) == (Severity.FATAL, Severity.WARNING)
    sentence = (
        "22.13 Non-Participation Reason Code holds 23, the maximum age, and the student, born on 2016-04-01, is not "
        "yet 21 when the status starts on 2024-11-05."
    )
    assert then.message == sentence
    assert now.message == (
        f"{sentence} Presumed from 2025-2026 on: the state has printed this rule for earlier years only, so it warns "
        "until a page shows that it goes on."
    )


def test_a_rule_about_age_says_where_the_birth_date_is_missing():
    unborn = {"1.17": "", "1.24": "12"}
    rows = {"SENR": [senr(unborn)], "SWDS": [swds()], "PLAN": [plan()]}
    (transition,) = found_of("SENR0439F1", rows)
    (plan_at_lea,) = found_of("SENR0672F1", {**rows, "SENR": [senr({**unborn, "1.23": "50"})], "PLAN": []})
    aged = [swds({"22.12": "4", "22.13": "23"})]
    (maximum,) = found_of("SWDS0370E4", {"SENR": [senr(unborn)], "SWDS": aged})
    told = {(f.severity, f.message) for f in (transition, plan_at_lea, maximum)}
    missing = "Not evaluated: the birth date is missing (1.17 in SENR, 2.18 in SINF)."
    assert told == {(Severity.NOT_EVALUATED, missing)}


@pytest.mark.parametrize(
    ("code", "rows", "message"),
    [
        (
            "GERR0007",
            {"SENR": [senr({"1.24": "TK", "1.07": "2022-2023"})]},
            '1.24 Grade Level Code: code "TK" is used from 2023-2024, and the academic year of this line is another.',
        ),
        (
            "SENR0646F1",
            {
                "SENR": [senr({"1.05": "0000001", "1.06": "9950011"})],
                "SWDS": [swds()],
                "PLAN": [plan({"23.11": "200", "23.20": "403"})],
            },
            "The student is enrolled in nonpublic school 9950011 on Census Day, and the plan in effect, of 9912345, is "
            "neither an IEP nor an ISP with reason 4.",
        ),
        (
            "SENR0647F1",
            {
                "SENR": [senr({"1.25": "20260605", "1.26": "E155"})],
                "SWDS": [swds({"22.11": "20260605", "22.12": "3"})],
            },
            "The student left 9912345 on 2026-06-05 with E155, which means expected back, but the status in effect on "
            "Census Day is 3, eligible and not enrolled.",
        ),
        (
            "PSTS0482",
            {"PSTS": [psts({"17.12": "950"})] * 2 + [psts()]},
            "The student has the postsecondary statuses 100, 950 in 2026-2027, and 950 or 960 excludes every other "
            "one.",
        ),
        (
            "CERT170",
            {
                "PSTS": [],
                "SENR": [
                    senr({"1.08": ssid, "1.25": "20260605", "1.26": "E230", "1.27": "120"})
                    for ssid in ("9900000002", "9900000001")
                ],
                "SWDS": [swds(), swds({"22.06": "9900000002"})],
            },
            "2 students in special education completed school at 9900001 of 9912345 in the year before, one on "
            "2026-06-05, and no record of participation type 30 names that school.",
        ),
    ],
)
def test_a_message_is_a_sentence_with_the_values_of_the_case(code, rows, message):
    assert {f.message for f in found_of(code, rows)} == {message}


def test_a_silent_school_is_told_once_at_its_first_student():
    left = {"1.25": "20260605", "1.26": "E230", "1.27": "120"}
    rows = {
        "PSTS": [],
        "SENR": [
            senr({**left, "1.08": "9900000002"}),
            senr(left),
            senr({**left, "1.08": "9900000003", "1.05": "9900002"}),
        ],
        "SWDS": [swds({"22.06": ssid}) for ssid in ("9900000001", "9900000002", "9900000003")],
    }
    assert sorted(f.ssid for f in found_of("CERT170", rows)) == ["9900000001", "9900000003"]


def test_rules_about_what_came_after_school_say_nothing_where_no_such_file_is_there():
    assert (
        codes({"SENR": [senr()], "SWDS": [swds()], "PLAN": [plan()], "MEET": [meet()], "SERV": [serv()]})
        == []
    )
    found = evaluate_records({"PSTS": [records.complete("PSTS", psts())]}, as_of=AS_OF, year=YEAR)
    assert {f.message for f in found} == {
        "Not evaluated: PSTS0480F2 reads SENR, and there is no such file.",
        "Not evaluated: PSTS0481 reads SENR, and there is no such file.",
        "Not evaluated: CERT170 reads SWDS and SENR, and there is no such file.",
        "Not evaluated: MZ-PSTS-ENROLLED reads SENR, and there is no such file.",
        "Not evaluated: MZ-PSTS-NO-STATUS reads SWDS, and there is no such file.",
    }


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
