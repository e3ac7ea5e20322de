"""Rules about plans and services: what they say, how much it weighs in which year, and when they do not know."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain import records
from manzanita.domain.findings import Severity
from manzanita.domain.rules import row_rules, rule_info
from manzanita.domain.rules.ages import spoken_age
from manzanita.domain.rules.examples import plan, senr, serv, sinf, swds, with_plan, with_service
from manzanita.domain.validation import evaluate_records
from tests.support.rules import USUAL, setting_of

PRESUMED = (
    " Presumed from 2025-2026 on: the state has printed this rule for earlier years only, so it warns until a page "
    "shows that it goes on."
)


def found(code, rows, *, as_of=USUAL.as_of, year=USUAL.year):
    """Findings of one rule as (severity, message)."""
    filled = {
        record: [records.complete(record, row) for row in of_record] for record, of_record in rows.items()
    }
    evaluated = evaluate_records(filled, as_of=as_of, year=year)
    return [(one.severity, one.message) for one in evaluated if one.code == code and one.record_key]


@pytest.mark.parametrize(
    ("birth", "day", "text"),
    [
        ("20190710", "20260915", "on 2026-09-15 the student was 7 years and 2 months old"),
        ("20190915", "20260915", "on 2026-09-15 the student was 7 years old"),
        ("20250814", "20260915", "on 2026-09-15 the student was 1 year and 1 month old"),
        ("20260831", "20260929", "on 2026-09-29 the student was 0 months old"),
        ("20260831", "20260930", "on 2026-09-30 the student was 1 month old"),
        ("20260916", "20260915", "on 2026-09-15 the student was not born yet"),
    ],
)
def test_an_age_is_told_in_years_and_months(birth, day, text):
    assert spoken_age(birth, day) == text


@pytest.mark.parametrize(
    ("code", "rows", "message"),
    [
        (
            "PLAN0364E4",
            with_plan("20190710", {"23.20": "201"}),
            "Setting 201 is for ages 3 to 6; on 2026-09-15 the student was 7 years and 2 months old."
            + PRESUMED,
        ),
        (
            "PLAN0362E1",
            with_plan("20230810", {"23.20": "104"}),
            "Setting 104 is for children under 3; on 2026-09-15 the student was 3 years and 1 month old.",
        ),
        (
            "PLAN0748E1",
            with_plan("20160401", {"23.11": "200", "23.20": ""}),
            "The setting of a service plan (ISP) from 6 years on is 403; here it is empty, and on 2026-09-15 the "
            "student was 10 years and 5 months old.",
        ),
        (
            "PLAN0366E4",
            with_plan("20240915", {"23.11": "200"}),
            "A service plan (ISP) is for ages 3 to 22; on 2026-09-15 the student was 2 years old." + PRESUMED,
        ),
        (
            "PLAN0393E4",
            with_plan("20110630", {"23.12": "20270105"}),
            "An IEP says in 23.28 whether it has transition services, from the school year on in which the student "
            "turns 16, and here it is empty; on 2027-06-30 the student was 16 years old." + PRESUMED,
        ),
        (
            "PLAN0714F1",
            with_plan("20260916"),
            "The plan starts on 2026-09-15, before the student's date of birth, 2026-09-16.",
        ),
        (
            "PLAN0726F1",
            with_plan("20160401", {"23.15": "290"}),
            "On Census Day the student is in grade 05 at 9912345 on this IEP: 23.16 Degree of Support must be MMSN or "
            "ESN for disability 290.",
        ),
        (
            "SERV0417E4",
            with_service("20160401", {"25.11": "250"}),
            "Service 250 is for children under 4; on 2026-09-15 the student was 10 years and 5 months old."
            + PRESUMED,
        ),
    ],
)
def test_a_message_has_the_numbers_of_the_case(code, rows, message):
    assert [text for _, text in found(code, rows)] == [message]


# Weight, by year and by day


@pytest.mark.parametrize("year", ["2025-2026", "2026-2027"])
def test_a_rule_printed_for_earlier_years_only_warns_and_says_that_it_is_presumed(year):
    start = f"{year[:4]}0915"
    ((severity, message),) = found(
        "PLAN0364E4", with_plan("20160401", {"23.20": "201", "23.12": start}), year=year
    )
    assert severity is Severity.WARNING
    assert message.endswith(PRESUMED)
    assert rule_info("PLAN0364E4").presumption == PRESUMED.strip()


def test_in_the_years_it_was_printed_for_it_weighs_what_was_printed():
    rows = with_plan("20160401", {"23.20": "201", "23.12": "20240915"})
    ((severity, message),) = found("PLAN0364E4", rows, year="2024-2025")
    assert severity is Severity.FATAL
    assert "Presumed" not in message


def test_exactly_the_rules_with_only_the_old_suffix_are_presumed():
    presumed = {rule.code for rule in row_rules() if rule.presumed_from and rule.code[:4] in ("PLAN", "SERV")}
    assert presumed == {
        *("PLAN0637E4", "PLAN0364E4", "PLAN0365E4", "PLAN0366E4", "PLAN0367E4", "PLAN0387E4", "PLAN0393E4"),
        *("SERV0448E4", "SERV0411E4", "SERV0417E4"),
    }
    assert {rule.presumed_from for rule in row_rules() if rule.code in presumed} == {"2025-2026"}


def test_the_setting_of_infants_was_fatal_until_2024_25_and_warns_since():
    def said(year):
        rows = with_plan("20160401", {"23.20": "103", "23.12": f"{year[:4]}0915"})
        return [(c, s) for c in ("PLAN0362E4", "PLAN0362E1") for s, _ in found(c, rows, year=year)]

    assert said("2024-2025") == [("PLAN0362E4", Severity.FATAL)]
    assert said("2025-2026") == [("PLAN0362E1", Severity.WARNING)]


def test_a_defect_that_the_state_admits_is_told_with_the_finding_from_its_day_on():
    rows = {"PLAN": [plan()], "SWDS": [swds()], "SENR": []}
    ((severity, message),) = found("PLAN0637E4", rows)
    assert severity is Severity.WARNING
    assert "the state said on 2024-06-13 that this rule speaks too often" in message
    rows["PLAN"] = [plan({"23.12": "20240201"})]
    ((severity, message),) = found("PLAN0637E4", rows, as_of=date(2024, 6, 12), year="2023-2024")
    assert severity is Severity.WARNING
    assert "Known defect" not in message
    ((_, message),) = found("PLAN0637E4", rows, as_of=date(2024, 6, 13), year="2023-2024")
    assert "Known defect" in message


@pytest.mark.parametrize("code", ["SERV0448F1", "SERV0415F1"])
def test_a_rule_that_the_state_switched_off_is_known_and_silent_from_that_day_on(code):
    rule = rule_info(code)
    assert rule.is_implemented
    assert rule.is_in_force("2023-2024") and not rule.is_in_force("2024-2025")
    for rows in rule.fails:
        assert found(code, rows, as_of=date(2023, 10, 31), year="2023-2024")[0][0] is Severity.FATAL
        assert found(code, rows, as_of=date(2023, 11, 1), year="2023-2024") == []


@pytest.mark.parametrize(
    ("code", "changes", "born", "severity", "day"),
    [
        ("PLAN0386F1", {"23.11": "150"}, "20221007", Severity.WARNING, "2026-10-07"),
        ("PLAN0386F1", {"23.11": "150"}, "20220916", Severity.WARNING, "2026-10-07"),
        ("PLAN0386F1", {"23.11": "150"}, "20220915", Severity.FATAL, "2026-10-07"),
        ("PLAN0368F1", {"23.17": "281"}, "20201007", Severity.WARNING, "2026-10-07"),
        ("PLAN0368F1", {"23.17": "281"}, "20200915", Severity.FATAL, "2026-10-07"),
        ("PLAN0368F1", {"23.17": "281"}, "20231216", Severity.FATAL, "2026-09-15"),
    ],
)
def test_wrong_on_census_day_only_warns(code, changes, born, severity, day):
    ((said, message),) = found(code, with_plan(born, changes))
    assert said is severity
    assert f"on {day} the student was" in message


# Not knowing is no pass


AGED = [
    pytest.param(rule, example, id=f"{rule.code}-{number}")
    for rule in row_rules()
    if "birth" in rule.contexts and not rule.is_local
    for number, example in enumerate(rule.fails, start=1)
]


@pytest.mark.parametrize(("rule", "example"), AGED)
def test_without_a_date_of_birth_a_rule_about_age_says_that_it_does_not_know(rule, example):
    unborn = {**example, "SENR": [{**row, "1.17": ""} for row in example["SENR"]]}
    unborn.pop("SINF", None)
    setting = setting_of(rule)
    said = found(rule.code, unborn, as_of=setting.as_of, year=setting.year)
    if rule.code == "SERV0448F1" and unborn["SERV"][0].get("25.15"):
        assert [severity for severity, _ in said] == [Severity.FATAL]  # the duration is reason enough
        return
    assert said == [
        (Severity.NOT_EVALUATED, "Not evaluated: the birth date is missing (1.17 in SENR, 2.18 in SINF).")
    ]
    assert "birth." in str(rule.wrong(setting))


def test_the_newest_demographics_tell_the_birth_and_the_enrollment_where_they_are_silent():
    young = sinf({"2.18": "20230916", "2.04": "20260817"})
    rows = {"PLAN": [plan()], "SENR": [senr()], "SINF": [young, sinf()]}
    assert len(found("PLAN0366E4", rows)) == 1
    rows["SINF"] = [sinf({"2.18": ""})]
    assert found("PLAN0366E4", rows) == []


def test_a_rule_without_its_input_is_known_and_names_what_is_missing():
    register, schools = rule_info("SERV0447"), rule_info("PLAN0729F1")
    assert not register.is_implemented and not schools.is_implemented
    assert register.missing_input == "the state's register of nonpublic agencies (NPA)"
    assert schools.missing_input == "a list of the juvenile court schools and county community schools"
    assert {register.severity, schools.severity} == {Severity.FATAL}
    assert found("SERV0447", {"SERV": [serv({"25.05": "9999999", "25.12": "400"})]}) == []


def test_the_enrollment_of_census_day_that_counts_is_the_primary_one():
    grades = [senr({"1.23": "50", "1.24": "PS"}), senr({"1.23": "10", "1.24": "TK", "1.22": "20260901"})]
    rows = {"PLAN": [plan({"23.15": "290"})], "SWDS": [swds()], "SENR": grades}
    ((_, message),) = found("PLAN0726F1", rows)
    assert "is in grade TK at 9912345" in message
