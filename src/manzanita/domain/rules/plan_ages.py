"""Rules about the type of a plan, or a disability on it, and the student's age.

For two of them the state prints that the plan of Census Day is checked, and not on which day the age counts. Wrong on
the day the plan starts is fatal; wrong on Census Day only is a warning.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import BIRTH, YEAR, age_rule, months_old, months_old_on, spoken_age
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import OTHER_LEA, plan, senr, sinf, swds, with_plan
from manzanita.domain.rules.plan import EDUCATION_PLAN, FAMILY_PLAN, SERVICE_PLAN

MEDICAL = "281"
_MEDICAL_FROM, _MEDICAL_BELOW = 2 * YEAR + 9, 6 * YEAR
_PLAN_NAMES = {EDUCATION_PLAN: "An IEP", SERVICE_PLAN: "A service plan (ISP)"}

_PAGES = "https://documentation.staging.calpads.org/Troubleshooting/"
_FIX_DISABILITY = (
    "Correct the date of birth in the student information system; from the sixth birthday on another disability is "
    "found and named."
)
_ON_CENSUS_DAY = (
    "Plans in effect on Census Day of a student who participates and is enrolled at the LEA of the plan "
)
_BOTH_DAYS = (
    "are checked. The state does not print on which day the age counts: wrong on the day the plan starts is fatal, "
    "wrong on Census Day only is a warning."
)


def _at_start() -> pl.Expr:
    return months_old(BIRTH, "23.12")


def _at_census(setting: Setting) -> pl.Expr:
    return months_old_on(BIRTH, setting.census_day)


def _asks_of_type(setting: Setting) -> pl.Expr:
    return setting.in_year("23.12") & pl.col("23.11").is_in(list(_PLAN_NAMES))


def _not_three_to_22(_setting: Setting) -> pl.Expr:
    return (_at_start() < 3 * YEAR) | (_at_start() >= 23 * YEAR)


def _type_message(row: Row) -> str:
    return f"{_PLAN_NAMES[row['23.11']]} is for ages 3 to 22; {spoken_age(row[BIRTH], row['23.12'])}."


def _asks_first_disability(setting: Setting) -> pl.Expr:
    return setting.in_year("23.12") & (pl.col("23.15") == MEDICAL)


def _is_medical_age() -> pl.Expr:
    return (_at_start() >= _MEDICAL_FROM) & (_at_start() < _MEDICAL_BELOW)


def _not_medical_age(_setting: Setting) -> pl.Expr:
    return ~_is_medical_age()


def _asks_second_disability(_setting: Setting) -> pl.Expr:
    return pl.col("plan_census.counts") & (pl.col("23.17") == MEDICAL)


def _not_medical_age_on_either_day(setting: Setting) -> pl.Expr:
    return ~_is_medical_age() | (_at_census(setting) >= _MEDICAL_BELOW)


def _medical_message(day: Callable[[Row], str]) -> Callable[[Row], str]:
    return lambda row: (
        "Established medical disability (281) is for children from 2 years and 9 months until the sixth birthday; "
        f"{spoken_age(row[BIRTH], day(row))}."
    )


def _start_or_census(row: Row) -> str:
    """The day the plan starts where the child was too young then, else Census Day, on which the child is older."""
    is_young = row["23.12"] < _later(row[BIRTH], years=2, months=9)
    return str(row["23.12"] if is_young else row["plan_census.day"])


def _later(day: str, *, years: int, months: int) -> str:
    carried, month = divmod(int(day[4:6]) - 1 + months, YEAR)
    return f"{int(day[:4]) + years + carried:04d}{month + 1:02d}{day[6:]}"


def _asks_family_plan(_setting: Setting) -> pl.Expr:
    return pl.col("plan_census.counts") & (pl.col("23.11") == FAMILY_PLAN)


def _four_or_more(setting: Setting) -> pl.Expr:
    return _at_census(setting) >= 4 * YEAR


def _under_four_at_start() -> pl.Expr:
    return _at_start() < 4 * YEAR


def _family_plan_message(row: Row) -> str:
    return f"An IFSP is for children under 4; {spoken_age(row[BIRTH], row['plan_census.day'])}."


def _asks_for_birth(_setting: Setting) -> pl.Expr:
    return pl.col("plan_census.is_enrolled")


def _before_birth(_setting: Setting) -> pl.Expr:
    return (pl.col(BIRTH) != "") & (pl.col("23.12") < pl.col(BIRTH))


def _before_birth_message(row: Row) -> str:
    start, birth = spoken_date(row["23.12"]), spoken_date(row[BIRTH])
    return f"The plan starts on {start}, before the student's date of birth, {birth}."


def rules() -> list[Rule]:
    return [
        age_rule(
            code="PLAN0366E4",
            title="IEP or service plan at another age",
            phase="eoy1",
            severity=Severity.FATAL,
            records=("PLAN", "SENR"),
            subjects=("PLAN",),
            fields=("2.18", "23.06", "23.11", "23.12"),
            meaning="An IEP (plan type 100) or a service plan (200) is for students of 3 to 22 years on the day the "
            "plan starts. Plans that start in the academic year are checked.",
            fix="Correct the date of birth in the student information system, or the plan type or start date.",
            owner=Owner.TEAM,
            source=f"{_PAGES}EOY4/PLAN0366E4/",
            confidence="seen",
            first_year="2023-2024",
            presumed_from="2025-2026",
            asks=_asks_of_type,
            wrong_age=_not_three_to_22,
            message=_type_message,
            passes=[
                with_plan("20230915"),  # three years today
                with_plan("20030916"),  # twenty-three years tomorrow
                with_plan("20030916", {"23.11": "200"}),
                with_plan("20230916", {"23.11": "150"}),
                with_plan("20230916", {"23.11": ""}),
                with_plan("20230916", {"23.12": ""}),
                with_plan("20240101", {"23.12": "20260630"}),
                # The demographics know better than the enrollment.
                {"SENR": [senr({"1.17": "20230916"})], "SINF": [sinf()], "PLAN": [plan()]},
            ],
            fails=[
                with_plan("20230916"),  # three years tomorrow
                with_plan("20030915"),  # twenty-three years today
                with_plan("20030915", {"23.11": "200"}),
                {"SENR": [senr()], "SINF": [sinf({"2.18": "20230916"})], "PLAN": [plan()]},
            ],
        ),
        age_rule(
            code="PLAN0367E4",
            title="Established medical disability at another age",
            phase="eoy1",
            severity=Severity.FATAL,
            records=("PLAN", "SENR"),
            subjects=("PLAN",),
            fields=("2.18", "23.12", "23.15"),
            meaning="Disability 281 as the first one is for children from 2 years and 9 months until the sixth "
            "birthday, on the day the plan starts. Plans that start in the academic year are checked.",
            fix=_FIX_DISABILITY,
            owner=Owner.TEAM,
            source=f"{_PAGES}EOY4/PLAN0367E4/",
            confidence="seen",
            first_year="2023-2024",
            presumed_from="2025-2026",
            asks=_asks_first_disability,
            wrong_age=_not_medical_age,
            message=_medical_message(lambda row: str(row["23.12"])),
            passes=[
                with_plan("20231215", {"23.15": "281"}),  # two years and nine months today
                with_plan("20200916", {"23.15": "281"}),  # six years tomorrow
                with_plan("20200915", {"23.17": "281"}),
                with_plan("20200915", {"23.15": ""}),
                with_plan("20200915", {"23.15": "281", "23.12": ""}),
                with_plan("20200630", {"23.15": "281", "23.12": "20260630"}),
            ],
            fails=[
                with_plan("20231216", {"23.15": "281"}),  # two years and nine months tomorrow
                with_plan("20200915", {"23.15": "281"}),  # six years today
            ],
        ),
        age_rule(
            code="PLAN0368F1",
            title="Established medical disability as the second one at another age",
            phase="fall1",
            severity=Severity.FATAL,
            records=("PLAN", "SWDS", "SENR"),
            subjects=("PLAN",),
            contexts=("plan_census",),
            fields=("2.18", "22.11", "22.12", "23.12", "23.17"),
            meaning="Disability 281 as the second one is for children from 2 years and 9 months until the sixth "
            f"birthday. {_ON_CENSUS_DAY}{_BOTH_DAYS}",
            fix=_FIX_DISABILITY,
            owner=Owner.TEAM,
            source=f"{_PAGES}Fall1/PLAN0368F1/",
            confidence="seen",
            asks=_asks_second_disability,
            wrong_age=_not_medical_age_on_either_day,
            softened=_is_medical_age,
            message=_medical_message(_start_or_census),
            passes=[
                with_plan(
                    "20231215", {"23.17": "281"}
                ),  # two years and nine months on the day the plan starts
                with_plan("20201008", {"23.17": "281"}),  # six years the day after Census Day
                with_plan("20160401", {"23.15": "281"}),
                with_plan("20160401", {"23.17": ""}),
                with_plan("20160401", {"23.17": "281", "23.12": "20261008"}),
                with_plan("20160401", {"23.17": "281", "23.04": OTHER_LEA}),
                {**with_plan("20160401", {"23.17": "281"}), "SWDS": [swds({"22.12": "2"})]},
                {**with_plan("20160401"), "PLAN": [plan({"23.17": "281"}), plan({"23.12": "20261001"})]},
            ],
            fails=[
                with_plan("20231216", {"23.17": "281"}),  # two years and nine months the day after
                with_plan("20201007", {"23.17": "281"}),  # six years on Census Day: a warning
                with_plan("20200915", {"23.17": "281"}),  # six years on the day the plan starts
                with_plan("20160401", {"23.17": "281", "23.12": "20261007"}),
            ],
        ),
        age_rule(
            code="PLAN0386F1",
            title="IFSP at four years or more",
            phase="fall1",
            severity=Severity.FATAL,
            records=("PLAN", "SWDS", "SENR"),
            subjects=("PLAN",),
            contexts=("plan_census",),
            fields=("2.18", "22.11", "22.12", "23.11", "23.12"),
            meaning=f"A family service plan (IFSP, type 150) is for children under 4. {_ON_CENSUS_DAY}{_BOTH_DAYS}",
            fix="Write the plan that follows the IFSP, or correct the plan type; or correct the date of birth in the "
            "student information system.",
            owner=Owner.TEAM,
            source=f"{_PAGES}Fall1/PLAN0386F1/",
            confidence="seen",
            asks=_asks_family_plan,
            wrong_age=_four_or_more,
            softened=_under_four_at_start,
            message=_family_plan_message,
            passes=[
                with_plan("20221008", {"23.11": "150"}),  # four years the day after Census Day
                with_plan("20160401", {"23.11": "100"}),
                with_plan("20160401", {"23.11": ""}),
                with_plan("20160401", {"23.11": "150", "23.12": "20261008"}),
                with_plan("20160401", {"23.11": "150", "23.04": OTHER_LEA}),
                {**with_plan("20160401", {"23.11": "150"}), "SWDS": [swds({"22.12": "4"})]},
            ],
            fails=[
                with_plan("20221007", {"23.11": "150"}),  # four years on Census Day: a warning
                with_plan("20220915", {"23.11": "150"}),  # four years on the day the plan starts
                with_plan("20160401", {"23.11": "150", "23.12": "20261007"}),
            ],
        ),
        age_rule(
            code="PLAN0714F1",
            title="Plan before birth",
            phase="fall1",
            severity=Severity.FATAL,
            records=("PLAN", "SENR", "SWDS"),
            subjects=("PLAN",),
            contexts=("plan_census",),
            fields=("2.18", "23.12"),
            meaning="The plan that is in effect on Census Day at the LEA of the enrollment does not start before the "
            "student's newest date of birth.",
            fix="Correct the date of birth in the student information system, or the start date of the plan.",
            sis_fix="Correct the date of birth. Where it is right, tell the SEDS coordinator: the plan is wrong.",
            owner=Owner.SIS,
            source=f"{_PAGES}Fall1/PLAN0714F1",
            confidence="seen",
            first_year="2025-2026",
            asks=_asks_for_birth,
            wrong_age=_before_birth,
            message=_before_birth_message,
            passes=[
                with_plan("20260915"),  # born on the day the plan starts
                with_plan("20260916", {"23.12": ""}),
                with_plan("20260916", {"23.04": OTHER_LEA}),
                {**with_plan("20260916"), "PLAN": [plan(), plan({"23.12": "20261007"})]},
            ],
            fails=[
                with_plan("20260916"),  # born the day after
                {**with_plan("20160401"), "SINF": [sinf({"2.18": "20260916"})]},
                {**with_plan("20260916"), "SWDS": []},
            ],
        ),
    ]
