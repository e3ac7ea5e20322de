"""Rules about the plan record (PLAN)."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import LEA, OTHER_LEA, plan, senr, serv, swds, with_plan

# Disabilities whose degree of support the state asks for.
SUPPORT_DISABILITIES = ("210", "260", "270", "280", "290", "300", "310", "320", "330")
DEGREES = ("MMSN", "ESN")
# An IEP, an IFSP and an ISP.
EDUCATION_PLAN, FAMILY_PLAN, SERVICE_PLAN = "100", "150", "200"
# Grades before transitional kindergarten; an enrollment without a grade is asked nothing either.
_BEFORE_TK = ("", "IN", "TD", "PS")
_PAIRS = (("23.15", "23.16"), ("23.17", "23.18"))


def _lacks_degree(disability: str, degree: str) -> pl.Expr:
    return pl.col(disability).is_in(list(SUPPORT_DISABILITIES)) & ~pl.col(degree).is_in(list(DEGREES))


def _no_degree(_setting: Setting) -> pl.Expr:
    return _lacks_degree(*_PAIRS[0]) | _lacks_degree(*_PAIRS[1])


def _pairs_without_degree(row: Row) -> tuple[str, ...]:
    return tuple(
        number
        for pair in _PAIRS
        if row[pair[0]] in SUPPORT_DISABILITIES and row[pair[1]] not in DEGREES
        for number in pair
    )


def _degree_message(row: Row) -> str:
    wrong = _pairs_without_degree(row)
    parts = [
        f"{degree} Degree of Support must be MMSN or ESN for disability {row[disability]}"
        for disability, degree in _PAIRS
        if disability in wrong
    ]
    return "; ".join(parts) + "."


def _no_degree_on_census_day(setting: Setting) -> pl.Expr:
    is_education_plan = pl.col("23.11") == EDUCATION_PLAN
    in_school = ~pl.col("plan_census.grade").is_in(list(_BEFORE_TK))
    return pl.col("plan_census.counts") & is_education_plan & in_school & _no_degree(setting)


def _census_degree_message(row: Row) -> str:
    return (
        f"On Census Day the student is in grade {row['plan_census.grade']} at {row['23.04']} on this IEP: "
        f"{_degree_message(row)}"
    )


def _twice(_setting: Setting) -> pl.Expr:
    return (pl.col("same_plan.count") > 1) & (pl.col("23.06") != "") & (pl.col("23.12") != "")


def _twice_message(row: Row) -> str:
    return (
        f"{row['same_plan.count']} plan records of this student start on {spoken_date(row['23.12'])}; there can be "
        "one a day."
    )


def _plan_identity(row: Row) -> str:
    return f"{row['23.06']}/{row['23.12']}"


def _no_status(setting: Setting) -> pl.Expr:
    in_window = pl.col("23.12").is_between(pl.lit(setting.first_day), pl.lit(setting.census_day))
    return in_window & (pl.col("23.06") != "") & ~pl.col("statuses.exist")


def _no_status_message(row: Row) -> str:
    return f"The plan of {spoken_date(row['23.12'])} is of a student without any status record (SWDS)."


def _no_service(setting: Setting) -> pl.Expr:
    return setting.in_year("23.12") & (pl.col("23.06") != "") & ~pl.col("services.exist")


def _no_service_message(row: Row) -> str:
    return (
        f"The plan of {spoken_date(row['23.12'])} has no service with the same start date, LEA {row['23.04']} and "
        f"SELPA {row['23.09']}."
    )


def rules() -> list[Rule]:
    return [
        Rule(
            code="PLAN0726",
            title="Degree of support missing",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.15", "23.16", "23.17", "23.18"),
            meaning="Intellectual disability, emotional disturbance, orthopedic impairment, other health impairment, "
            "specific learning disability, deaf-blindness, multiple disability, autism and traumatic brain injury "
            "each come with a degree of support: MMSN or ESN. The other disabilities need none.",
            fix="Choose the degree of support beside the disability on the meeting or plan.",
            owner=Owner.TEAM,
            source="https://documentation.calpads.org/Troubleshooting/PLAN/PLAN0726",
            confidence="seen",
            first_year="2025-2026",
            wrong=_no_degree,
            message=_degree_message,
            marks=_pairs_without_degree,
            passes=[
                {"PLAN": [plan()]},
                {"PLAN": [plan({"23.15": "290", "23.16": "MMSN"})]},
                {"PLAN": [plan({"23.17": ""})]},
            ],
            fails=[
                {"PLAN": [plan({"23.15": "290"})]},
                {"PLAN": [plan({"23.17": "320"})]},
                {"PLAN": [plan({"23.15": "210", "23.17": "280", "23.18": "ESN"})]},
            ],
        ),
        Rule(
            code="PLAN0726F1",
            title="Degree of support missing on Census Day",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("PLAN", "SWDS", "SENR"),
            subjects=("PLAN",),
            contexts=("plan_census",),
            fields=("23.15", "23.16", "23.17", "23.18"),
            meaning="The degree of support that PLAN0726 asks for is checked again for the IEP (plan type 100) that is "
            "in effect on Census Day, of a student who participates and is enrolled at its LEA in transitional "
            "kindergarten or a higher grade.",
            fix="Choose the degree of support beside the disability on the meeting or plan.",
            owner=Owner.TEAM,
            source="https://documentation.calpads.org/Troubleshooting/Fall1/PLAN0726F1",
            confidence="seen",
            first_year="2025-2026",
            wrong=_no_degree_on_census_day,
            message=_census_degree_message,
            marks=_pairs_without_degree,
            passes=[
                with_plan("20160401", {"23.15": "290", "23.16": "ESN"}),
                with_plan("20160401", {"23.15": ""}),
                with_plan("20160401", {"23.15": "290", "23.11": "200"}),
                with_plan("20160401", {"23.15": "290", "23.11": ""}),
                with_plan("20160401", {"23.15": "290", "23.12": "20261008"}),
                with_plan("20160401", {"23.15": "290", "23.04": OTHER_LEA}),
                {**with_plan("20220401", {"23.15": "290"}), "SENR": [senr({"1.24": "PS"})]},
                {**with_plan("20220401", {"23.15": "290"}), "SENR": [senr({"1.24": ""})]},
                {**with_plan("20160401", {"23.15": "290"}), "SENR": [senr({"1.25": "20261006"})]},
                {**with_plan("20160401", {"23.15": "290"}), "SWDS": [swds({"22.12": "2"})]},
                {
                    **with_plan("20160401"),
                    "PLAN": [plan({"23.15": "290"}), plan({"23.12": "20261007"})],
                },
            ],
            fails=[
                with_plan("20160401", {"23.15": "290"}),
                with_plan("20160401", {"23.15": "290", "23.12": "20261007"}),
                with_plan("20160401", {"23.17": "320"}),
                {**with_plan("20220401", {"23.15": "290"}), "SENR": [senr({"1.24": "TK"})]},
                {**with_plan("20160401", {"23.15": "290"}), "SENR": [senr({"1.25": "20261007"})]},
            ],
        ),
        Rule(
            code="PLAN0663F1",
            title="Two plans on one date",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("same_plan",),
            fields=("23.06", "23.12"),
            meaning="A student has one plan record for each start date, whichever LEA sends it.",
            fix="Keep the plan that is in force and delete the other one.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/Fall1/PLAN0663F1",
            confidence="seen",
            wrong=_twice,
            message=_twice_message,
            group=_plan_identity,
            passes=[{"PLAN": [plan(), plan({"23.12": "20250916"})]}],
            fails=[{"PLAN": [plan(), plan({"23.04": OTHER_LEA})]}],
        ),
        Rule(
            code="PLAN0673F1",
            title="Plan without status",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("PLAN", "SWDS"),
            subjects=("PLAN",),
            contexts=("statuses",),
            fields=("23.06", "23.12"),
            meaning="A plan that starts from 1 July to Census Day belongs to a student with at least one status "
            "record, from any LEA.",
            fix="Send the student's status, or check that the SSID on the plan is right.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/Fall1/PLAN0673F1",
            confidence="seen",
            wrong=_no_status,
            message=_no_status_message,
            passes=[
                {"PLAN": [plan()], "SWDS": [swds({"22.04": OTHER_LEA})]},
                {"PLAN": [plan({"23.12": "20261008"})], "SWDS": []},
                {"PLAN": [plan({"23.12": "20260630"})], "SWDS": []},
            ],
            fails=[
                {"PLAN": [plan()], "SWDS": []},
                {"PLAN": [plan({"23.12": "20261007"})], "SWDS": [swds({"22.06": "9900000002"})]},
                {"PLAN": [plan({"23.12": "20260701"})], "SWDS": []},
            ],
        ),
        Rule(
            code="PLAN0679E1",
            title="Plan without services",
            kind="discrepancy",
            phase="eoy1",
            severity=Severity.WARNING,
            records=("PLAN", "SERV"),
            subjects=("PLAN",),
            contexts=("services",),
            fields=("23.04", "23.06", "23.09", "23.12"),
            meaning="Each plan that starts in the academic year, 1 July to 30 June, has at least one service with the "
            "same student, start date, reporting LEA and SELPA.",
            fix="Send the services of the plan, or correct their start date, LEA or SELPA.",
            owner=Owner.COORDINATOR,
            source="https://documentation.staging.calpads.org/Troubleshooting/EOY1/PLAN0679E1",
            confidence="seen",
            wrong=_no_service,
            message=_no_service_message,
            passes=[
                {"PLAN": [plan()], "SERV": [serv()]},
                {"PLAN": [plan({"23.12": "20260630"})], "SERV": []},
            ],
            fails=[
                {"PLAN": [plan()], "SERV": []},
                {"PLAN": [plan()], "SERV": [serv({"25.17": "20260916"})]},
                {"PLAN": [plan()], "SERV": [serv({"25.04": OTHER_LEA})]},
                {"PLAN": [plan({"23.04": LEA})], "SERV": [serv({"25.09": "9902"})]},
                {"PLAN": [plan({"23.12": "20270630"})], "SERV": [serv()]},
            ],
        ),
    ]
