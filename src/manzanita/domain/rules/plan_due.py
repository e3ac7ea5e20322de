"""Rules about fields of a plan that must be filled from an age on."""

from __future__ import annotations

from typing import Any

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import BIRTH, YEAR, age_rule, months_old, months_old_on, spoken_age
from manzanita.domain.rules.declaration import Row, Rule, Setting
from manzanita.domain.rules.examples import OTHER_LEA, plan, senr, swds, with_plan
from manzanita.domain.rules.plan import EDUCATION_PLAN, FAMILY_PLAN

EARLY_CHILDHOOD_PROGRAM = "201"
_TRANSITION_FROM = 16 * YEAR
_MOVE_FROM = 2 * YEAR + 9

_STAGING = "https://documentation.staging.calpads.org/Troubleshooting/"
_PAGES = "https://documentation.calpads.org/Troubleshooting/"


def _without_location() -> pl.Expr:
    return (pl.col("23.20") == EARLY_CHILDHOOD_PROGRAM) & (pl.col("23.21") == "")


def _asks_location_on_census(_setting: Setting) -> pl.Expr:
    return pl.col("plan_census.counts") & _without_location()


def _asks_location_in_year(setting: Setting) -> pl.Expr:
    return setting.in_year("23.12") & _without_location()


def _three_to_five(_setting: Setting) -> pl.Expr:
    months = months_old(BIRTH, "23.12")
    return (months >= 3 * YEAR) & (months < 6 * YEAR)


def _location_message(row: Row) -> str:
    return (
        "In a regular early childhood program (setting 201) 23.21 says from 3 until 6 years where most services are "
        f"given, and it is empty; {spoken_age(row[BIRTH], row['23.12'])}."
    )


def _asks_transition(setting: Setting) -> pl.Expr:
    return setting.in_year("23.12") & (pl.col("23.11") == EDUCATION_PLAN) & (pl.col("23.28") == "")


def _sixteen_in_june(setting: Setting) -> pl.Expr:
    return months_old_on(BIRTH, setting.last_day) >= _TRANSITION_FROM


def _transition_message(row: Row) -> str:
    june = f"{int(row['23.12'][:4]) + (row['23.12'][4:] >= '0701')}0630"
    return (
        "An IEP says in 23.28 whether it has transition services, from the school year on in which the student turns "
        f"16, and here it is empty; {spoken_age(row[BIRTH], june)}."
    )


def _asks_move(_setting: Setting) -> pl.Expr:
    return pl.col("plan_census.counts") & (pl.col("23.11") == FAMILY_PLAN) & (pl.col("23.35") == "")


def _two_and_nine_months(setting: Setting) -> pl.Expr:
    return months_old_on(BIRTH, setting.census_day) >= _MOVE_FROM


def _move_message(row: Row) -> str:
    return (
        "From 2 years and 9 months on Census Day an IFSP says in 23.35 whether it has a plan for the move to Part B, "
        f"and it is empty; {spoken_age(row[BIRTH], row['plan_census.day'])}."
    )


def _location_rule(code: str, **declared: Any) -> Rule:
    return age_rule(
        code=code,
        title="Preschool service location missing",
        severity=Severity.FATAL,
        subjects=("PLAN",),
        fix="Say on the plan where most services are given; or correct the setting, or the date of birth in the "
        "student information system.",
        owner=Owner.TEAM,
        confidence="seen",
        wrong_age=_three_to_five,
        message=_location_message,
        **declared,
    )


_LOCATION_MEANING = (
    "A child of 3 to 5 years on the day the plan starts, in a regular early childhood program or kindergarten (setting "
    "201), has a preschool service location. "
)
_PRESCHOOL = {"23.20": "201", "23.21": ""}


def rules() -> list[Rule]:
    return [
        _location_rule(
            "PLAN0387F1",
            phase="fall1",
            records=("PLAN", "SWDS", "SENR"),
            contexts=("plan_census",),
            fields=("2.18", "22.11", "22.12", "23.12", "23.20", "23.21"),
            meaning=f"{_LOCATION_MEANING}Plans in effect on Census Day of a student who participates and is enrolled "
            "at the LEA of the plan are checked.",
            source=f"{_STAGING}Fall1/PLAN0387F1/",
            asks=_asks_location_on_census,
            passes=[
                with_plan("20230915", {"23.20": "201", "23.21": "1"}),
                with_plan("20230916", _PRESCHOOL),  # three years tomorrow
                with_plan("20200915", _PRESCHOOL),  # six years today
                with_plan("20230915", {"23.20": ""}),
                with_plan("20230915", {"23.20": "203"}),
                with_plan("20230915", {**_PRESCHOOL, "23.12": "20261008"}),
                with_plan("20230915", {**_PRESCHOOL, "23.04": OTHER_LEA}),
                {**with_plan("20230915", _PRESCHOOL), "SWDS": [swds({"22.12": "3"})]},
                {
                    **with_plan("20230915", _PRESCHOOL),
                    "SENR": [senr({"1.17": "20230915", "1.25": "20261006"})],
                },
                {**with_plan("20230915", _PRESCHOOL), "SENR": [senr({"1.17": "20230915", "1.23": "20"})]},
            ],
            fails=[
                with_plan("20230915", _PRESCHOOL),  # three years today
                with_plan("20200916", _PRESCHOOL),  # six years tomorrow
                with_plan("20220101", {**_PRESCHOOL, "23.12": "20261007"}),
                with_plan("20220101", {**_PRESCHOOL, "23.12": "20260115"}),
                {
                    **with_plan("20220101", _PRESCHOOL),
                    "SENR": [senr({"1.17": "20220101", "1.25": "20261007"})],
                },
                {**with_plan("20220101", _PRESCHOOL), "SENR": [senr({"1.17": "20220101", "1.23": "50"})]},
                {**with_plan("20220101", _PRESCHOOL), "SWDS": [swds({"22.04": OTHER_LEA})]},
            ],
        ),
        _location_rule(
            "PLAN0387E4",
            phase="eoy1",
            records=("PLAN", "SENR"),
            fields=("2.18", "23.12", "23.20", "23.21"),
            meaning=f"{_LOCATION_MEANING}Plans that start in the academic year are checked.",
            source=f"{_PAGES}EOY4/PLAN0387E4",
            first_year="2024-2025",
            presumed_from="2025-2026",
            asks=_asks_location_in_year,
            passes=[
                with_plan("20230915", {"23.20": "201", "23.21": "2"}),
                with_plan("20230916", _PRESCHOOL),  # three years tomorrow
                with_plan("20200915", _PRESCHOOL),  # six years today
                with_plan("20230915", {"23.20": ""}),
                with_plan("20220101", {**_PRESCHOOL, "23.12": ""}),
                with_plan("20220101", {**_PRESCHOOL, "23.12": "20260630"}),
            ],
            fails=[
                with_plan("20230915", _PRESCHOOL),  # three years today
                with_plan("20200916", _PRESCHOOL),  # six years tomorrow
                with_plan("20220101", {**_PRESCHOOL, "23.12": "20260701"}),
                with_plan("20220101", {**_PRESCHOOL, "23.12": "20270630"}),
            ],
        ),
        age_rule(
            code="PLAN0393E4",
            title="Transition services not answered",
            phase="eoy1",
            severity=Severity.FATAL,
            records=("PLAN", "SENR"),
            subjects=("PLAN",),
            fields=("2.18", "23.11", "23.12", "23.28"),
            meaning="An IEP (plan type 100) of a student who is 16 or more on 30 June of the academic year says "
            "whether it has transition services. Plans that start in the academic year are checked.",
            fix="Answer the questions on transition on the meeting or plan.",
            owner=Owner.TEAM,
            source=f"{_PAGES}EOY4/PLAN0393E4",
            confidence="seen",
            first_year="2023-2024",
            presumed_from="2025-2026",
            asks=_asks_transition,
            wrong_age=_sixteen_in_june,
            message=_transition_message,
            passes=[
                with_plan("20110630", {"23.28": "Y"}),
                with_plan("20110630", {"23.28": "N"}),
                with_plan("20110701"),  # sixteen years on 1 July
                with_plan("20110630", {"23.11": "200"}),
                with_plan("20110630", {"23.11": ""}),
                with_plan("20110630", {"23.12": ""}),
                with_plan("20110630", {"23.12": "20260630"}),
            ],
            fails=[
                with_plan("20110630"),  # sixteen years on 30 June
                with_plan("20110630", {"23.12": "20260701"}),
                with_plan("20110630", {"23.12": "20270630"}),
            ],
        ),
        age_rule(
            code="PLAN0724F1",
            title="Move from Part C to Part B not answered",
            phase="fall1",
            severity=Severity.FATAL,
            records=("PLAN", "SWDS", "SENR"),
            subjects=("PLAN",),
            contexts=("plan_census",),
            fields=("1.04", "2.18", "22.12", "23.04", "23.11", "23.12", "23.35"),
            meaning="A child who is 2 years and 9 months or more on Census Day, participates and is enrolled at the "
            "LEA of the IFSP (plan type 150) in effect has an answer whether it has a plan for the move to Part B.",
            fix="Answer on the plan whether it has a plan for the move; or correct the plan type.",
            owner=Owner.TEAM,
            source=f"{_PAGES}Fall1/PLAN0724F1",
            confidence="seen",
            first_year="2025-2026",
            asks=_asks_move,
            wrong_age=_two_and_nine_months,
            message=_move_message,
            passes=[
                with_plan("20240107", {"23.11": "150", "23.35": "N"}),
                with_plan("20240108", {"23.11": "150"}),  # two years and nine months the day after Census Day
                with_plan("20240107", {"23.11": "100"}),
                with_plan("20240107", {"23.11": ""}),
                with_plan("20240107", {"23.11": "150", "23.12": "20261008"}),
                with_plan("20240107", {"23.11": "150", "23.04": OTHER_LEA}),
                {**with_plan("20240107", {"23.11": "150"}), "SWDS": [swds({"22.12": "2"})]},
                {**with_plan("20240107"), "PLAN": [plan({"23.11": "150"}), plan({"23.12": "20261001"})]},
            ],
            fails=[
                with_plan("20240107", {"23.11": "150"}),  # two years and nine months on Census Day
                with_plan("20240107", {"23.11": "150", "23.12": "20261007"}),
            ],
        ),
    ]
