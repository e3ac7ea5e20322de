"""Rules about the program setting of a plan and the student's age on the day the plan starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import BIRTH, YEAR, age_rule, months_old, spoken_age
from manzanita.domain.rules.declaration import Row, Rule, Setting
from manzanita.domain.rules.examples import with_plan
from manzanita.domain.rules.plan import SERVICE_PLAN

INFANT_SETTINGS = ("103", "104")
PRESCHOOL_SETTINGS = ("201", "203", "204")
SEPARATE_SETTINGS = ("300", "301")
PRIVATE_SCHOOL_SETTING = "403"
# A service plan with this reason (a nonpublic placement or a settlement) may name any setting.
PLACED_OR_SETTLED = "4"

_PAGES = "https://documentation.staging.calpads.org/Troubleshooting/"
_FIX = (
    "Choose the setting that the plan gives at this age, or correct the date of birth in the student information "
    "system."
)


def _in_setting(codes: Sequence[str]) -> Callable[[Setting], pl.Expr]:
    return lambda setting: setting.in_year("23.12") & pl.col("23.20").is_in(list(codes))


def _at_start() -> pl.Expr:
    return months_old(BIRTH, "23.12")


def _three_or_more(_setting: Setting) -> pl.Expr:
    return _at_start() >= 3 * YEAR


def _not_three_to_six(_setting: Setting) -> pl.Expr:
    return (_at_start() < 3 * YEAR) | (_at_start() >= 7 * YEAR)


def _under_three(_setting: Setting) -> pl.Expr:
    return _at_start() < 3 * YEAR


def _message(ages: str) -> Callable[[Row], str]:
    return lambda row: f"Setting {row['23.20']} is for {ages}; {spoken_age(row[BIRTH], row['23.12'])}."


def _asks_private_school(setting: Setting) -> pl.Expr:
    is_service_plan = (pl.col("23.11") == SERVICE_PLAN) & (pl.col("23.13") != PLACED_OR_SETTLED)
    return setting.in_year("23.12") & is_service_plan & (pl.col("23.20") != PRIVATE_SCHOOL_SETTING)


def _six_or_more(_setting: Setting) -> pl.Expr:
    return _at_start() >= 6 * YEAR


def _private_school_message(row: Row) -> str:
    return (
        f"The setting of a service plan (ISP) from 6 years on is 403; here it is {row['23.20'] or 'empty'}, and "
        f"{spoken_age(row[BIRTH], row['23.12'])}."
    )


def _infant_setting(code: str, **declared: Any) -> Rule:
    return age_rule(
        code=code,
        title="Infant setting at three years or more",
        phase="eoy1",
        records=("PLAN", "SENR"),
        subjects=("PLAN",),
        fields=("2.18", "23.12", "23.20"),
        meaning="Settings 103 (community) and 104 (other) are for children who are under 3 years on the day the plan "
        "starts. Plans that start in the academic year are checked.",
        fix=_FIX,
        owner=Owner.TEAM,
        confidence="seen",
        asks=_in_setting(INFANT_SETTINGS),
        wrong_age=_three_or_more,
        message=_message("children under 3"),
        **declared,
    )


def rules() -> list[Rule]:
    return [
        _infant_setting(
            "PLAN0362E4",
            severity=Severity.FATAL,
            source=f"{_PAGES}EOY4/PLAN0362E4",
            first_year="2024-2025",
            last_year="2024-2025",
            passes=[
                with_plan("20210917", {"23.12": "20240916", "23.20": "103"}),  # three years tomorrow
                with_plan("20210917", {"23.12": "20240916", "23.20": "104"}),
                with_plan("20210916", {"23.12": "20240916", "23.20": "102"}),
                with_plan("20210916", {"23.12": "20240916", "23.20": ""}),
                with_plan("20210916", {"23.12": "20250701", "23.20": "103"}),
            ],
            fails=[
                with_plan("20210916", {"23.12": "20240916", "23.20": "103"}),  # three years today
                with_plan("20210916", {"23.12": "20240916", "23.20": "104"}),
                with_plan("20160401", {"23.12": "20250630", "23.20": "103"}),
            ],
        ),
        _infant_setting(
            "PLAN0362E1",
            severity=Severity.WARNING,
            source=f"{_PAGES}EOY1/PLAN0362E1",
            first_year="2025-2026",
            passes=[
                with_plan("20230916", {"23.20": "103"}),  # three years tomorrow
                with_plan("20230916", {"23.20": "104"}),
                with_plan("20230915", {"23.20": "102"}),
                with_plan("20230915", {"23.20": ""}),
                with_plan("20230915", {"23.20": "103", "23.12": ""}),
                with_plan("20160401", {"23.20": "103", "23.12": "20260630"}),
            ],
            fails=[
                with_plan("20230915", {"23.20": "103"}),  # three years today
                with_plan("20230915", {"23.20": "104"}),
                with_plan("20160401", {"23.20": "103", "23.12": "20260701"}),
            ],
        ),
        age_rule(
            code="PLAN0364E4",
            title="Preschool setting at another age",
            phase="eoy1",
            severity=Severity.FATAL,
            records=("PLAN", "SENR"),
            subjects=("PLAN",),
            fields=("2.18", "23.12", "23.20"),
            meaning="Settings 201 (regular early childhood program or kindergarten), 203 (separate class) and 204 "
            "(service provider location) are for children of 3 to 6 years on the day the plan starts. Plans that "
            "start in the academic year are checked.",
            fix=_FIX,
            owner=Owner.TEAM,
            source="https://documentation.calpads.org/Troubleshooting/EOY4/PLAN0364E4",
            confidence="seen",
            first_year="2024-2025",
            presumed_from="2025-2026",
            asks=_in_setting(PRESCHOOL_SETTINGS),
            wrong_age=_not_three_to_six,
            message=_message("ages 3 to 6"),
            passes=[
                with_plan("20230915", {"23.20": "201"}),  # three years today
                with_plan("20190916", {"23.20": "203"}),  # seven years tomorrow
                with_plan("20190916", {"23.20": "204"}),
                with_plan("20190915", {"23.20": "400"}),
                with_plan("20190915", {"23.20": ""}),
                with_plan("20190915", {"23.20": "201", "23.12": ""}),
                with_plan("20190630", {"23.20": "201", "23.12": "20260630"}),
            ],
            fails=[
                with_plan("20230916", {"23.20": "201"}),  # three years tomorrow
                with_plan("20190915", {"23.20": "201"}),  # seven years today
                with_plan("20190915", {"23.20": "203"}),
                with_plan("20190915", {"23.20": "204"}),
                with_plan("20190701", {"23.20": "201", "23.12": "20260701"}),
            ],
        ),
        age_rule(
            code="PLAN0365E4",
            title="Separate school or residence under three years",
            phase="eoy1",
            severity=Severity.WARNING,
            records=("PLAN", "SENR"),
            subjects=("PLAN",),
            fields=("2.18", "23.12", "23.20"),
            meaning="Settings 300 (separate school) and 301 (residential facility) are for students of 3 years or "
            "more on the day the plan starts. Plans that start in the academic year are checked.",
            fix=_FIX,
            owner=Owner.TEAM,
            source="https://documentation.calpads.org/Troubleshooting/EOY4/PLAN0365E4",
            confidence="seen",
            first_year="2024-2025",
            presumed_from="2025-2026",
            asks=_in_setting(SEPARATE_SETTINGS),
            wrong_age=_under_three,
            message=_message("ages from 3"),
            passes=[
                with_plan("20230915", {"23.20": "300"}),  # three years today
                with_plan("20230915", {"23.20": "301"}),
                with_plan("20230916", {"23.20": "102"}),
                with_plan("20230916", {"23.20": ""}),
                with_plan("20230916", {"23.20": "300", "23.12": ""}),
                with_plan("20240101", {"23.20": "300", "23.12": "20260630"}),
            ],
            fails=[
                with_plan("20230916", {"23.20": "300"}),  # three years tomorrow
                with_plan("20230916", {"23.20": "301"}),
            ],
        ),
        age_rule(
            code="PLAN0748E1",
            title="Service plan in another setting",
            phase="eoy1",
            severity=Severity.FATAL,
            records=("PLAN", "SENR"),
            subjects=("PLAN",),
            fields=("2.18", "23.11", "23.12", "23.13", "23.20"),
            meaning="A service plan (ISP, type 200) is for a student whom the parents placed in a private school: from "
            "6 years on the day the plan starts its setting is 403. Plans with reason 4 are let off. Plans that start "
            "in the academic year are checked.",
            fix="Choose setting 403, or the plan type or reason that the placement has; or correct the date of birth "
            "in the student information system.",
            owner=Owner.TEAM,
            source=f"{_PAGES}EOY1/PLAN0748E1/",
            confidence="seen",
            first_year="2025-2026",
            asks=_asks_private_school,
            wrong_age=_six_or_more,
            message=_private_school_message,
            passes=[
                with_plan("20200915", {"23.11": "200", "23.20": "403"}),
                with_plan("20200916", {"23.11": "200"}),  # six years tomorrow
                with_plan("20200915", {"23.11": "200", "23.13": "4"}),
                with_plan("20200915", {"23.11": "100"}),
                with_plan("20200915", {"23.11": ""}),
                with_plan("20200101", {"23.11": "200", "23.12": "20260630"}),
            ],
            fails=[
                with_plan("20200915", {"23.11": "200"}),  # six years today
                with_plan("20200915", {"23.11": "200", "23.20": ""}),
                with_plan("20200915", {"23.11": "200", "23.13": ""}),
            ],
        ),
    ]
