"""Rules about services and the student's age on the day their plan starts."""

from __future__ import annotations

from datetime import date

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import BIRTH, YEAR, age_rule, months_old, spoken_age
from manzanita.domain.rules.declaration import Row, Rule, Setting
from manzanita.domain.rules.examples import OTHER_LEA, senr, serv, swds, with_service

COMMUNITY_PROVIDER, CHILDRENS_SERVICES = "230", "310"
INFANT_SERVICES = ("210", "220", "230", "240", "250", "260", "270")

_STAGING = "https://documentation.staging.calpads.org/Troubleshooting/"
_SWITCHED_OFF = date(2023, 11, 1)
_IN_YEAR = " Services of plans that start in the academic year are checked."
_ON_CENSUS_DAY = (
    " Services of the plan in effect on Census Day are checked, of a student who participates and is enrolled at "
    "their LEA. The state switched the rule off in November 2023."
)


def _at_start() -> pl.Expr:
    return months_old(BIRTH, "25.17")


def _told(row: Row) -> str:
    return spoken_age(row[BIRTH], row["25.17"])


def _asks_frequency(setting: Setting) -> pl.Expr:
    return setting.in_year("25.17") & (pl.col("25.14") == "")


def _under_three(_setting: Setting) -> pl.Expr:
    return _at_start() < 3 * YEAR


def _frequency_message(row: Row) -> str:
    return f"Under 3 years a service says how often it is given, and 25.14 is empty; {_told(row)}."


def _no_frequency_on_census_day(_setting: Setting) -> pl.Expr:
    due = (_at_start() < 3 * YEAR).fill_null(False) | (pl.col("25.15") != "")
    return pl.col("plan_census.counts") & (pl.col("25.14") == "") & due


def _frequency_undecided(_setting: Setting) -> pl.Expr:
    is_open = (pl.col("25.14") == "") & (pl.col("25.15") == "") & (pl.col(BIRTH) == "")
    return pl.col("plan_census.counts") & is_open


def _census_frequency_message(row: Row) -> str:
    if row["25.15"]:
        return f"A service of {row['25.15']} minutes says how often it is given, and 25.14 is empty."
    return _frequency_message(row)


def _asks_community(setting: Setting) -> pl.Expr:
    return setting.in_year("25.17") & (pl.col("25.12") == COMMUNITY_PROVIDER)


def _under_two(_setting: Setting) -> pl.Expr:
    return _at_start() < 2 * YEAR


def _community_message(row: Row) -> str:
    return f"Provider 230 gives services from 2 years on; {_told(row)}."


def _asks_childrens_services(_setting: Setting) -> pl.Expr:
    return pl.col("plan_census.counts") & (pl.col("25.12") == CHILDRENS_SERVICES)


def _twenty_one_or_more(_setting: Setting) -> pl.Expr:
    return _at_start() >= 21 * YEAR


def _childrens_services_message(row: Row) -> str:
    return f"Provider 310 (California Children's Services) gives services until 21 years; {_told(row)}."


def _asks_infant_service(setting: Setting) -> pl.Expr:
    return setting.in_year("25.17") & pl.col("25.11").is_in(list(INFANT_SERVICES))


def _four_or_more(_setting: Setting) -> pl.Expr:
    return _at_start() >= 4 * YEAR


def _infant_service_message(row: Row) -> str:
    return f"Service {row['25.11']} is for children under 4; {_told(row)}."


def _in_2023(born: str, changes: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    """A service of a plan of September 2023, when the rules that are switched off since still spoke."""
    return {
        "SENR": [senr({"1.17": born})],
        "SWDS": [swds({"22.11": "20230901"})],
        "SERV": [serv({"25.17": "20230915", **changes})],
    }


def rules() -> list[Rule]:
    return [
        age_rule(
            code="SERV0448E4",
            title="Frequency missing under three years",
            phase="eoy1",
            severity=Severity.FATAL,
            records=("SERV", "SENR"),
            subjects=("SERV",),
            fields=("2.18", "25.14", "25.15", "25.17"),
            meaning="A service of a child who is under 36 months on the day the plan starts says how often it is "
            f"given.{_IN_YEAR}",
            fix="Enter the frequency of the service, or correct the date of birth in the student information system.",
            owner=Owner.TEAM,
            source=f"{_STAGING}EOY4/SERV0448E4",
            confidence="seen",
            first_year="2024-2025",
            presumed_from="2025-2026",
            asks=_asks_frequency,
            wrong_age=_under_three,
            message=_frequency_message,
            passes=[
                with_service("20230916", {"25.14": "20"}),
                with_service("20230915", {"25.14": ""}),  # three years today
                with_service("20230916", {"25.14": "", "25.17": ""}),
                with_service("20240101", {"25.14": "", "25.17": "20260630"}),
            ],
            fails=[
                with_service("20230916", {"25.14": ""}),  # three years tomorrow
                with_service("20230916", {"25.14": "", "25.15": ""}),
                with_service("20240101", {"25.14": "", "25.17": "20260701"}),
                with_service("20250101", {"25.14": "", "25.17": "20270630"}),
            ],
        ),
        Rule(
            code="SERV0448F1",
            title="Frequency missing on Census Day",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("SERV", "SWDS", "SENR"),
            subjects=("SERV",),
            contexts=("birth", "plan_census"),
            fields=("1.22", "1.25", "2.18", "22.11", "22.12", "25.14", "25.15", "25.17"),
            meaning="A service of a child who is under 36 months on the day the plan starts, or one whose duration is "
            f"told, says how often it is given.{_ON_CENSUS_DAY}",
            fix="Enter the frequency of the service.",
            owner=Owner.TEAM,
            source=f"{_STAGING}Fall1/SERV0448F1/",
            confidence="seen",
            last_year="2023-2024",
            inactive_from=_SWITCHED_OFF,
            wrong=_no_frequency_on_census_day,
            undecided=_frequency_undecided,
            undecided_reason="the birth date is missing (1.17 in SENR, 2.18 in SINF)",
            message=_census_frequency_message,
            passes=[
                _in_2023("20200916", {"25.14": "20"}),
                _in_2023("20200915", {"25.14": "", "25.15": ""}),  # three years today
                _in_2023("20200916", {"25.14": "", "25.15": "", "25.17": "20231005"}),
                _in_2023("20200916", {"25.14": "", "25.04": OTHER_LEA}),
                {**_in_2023("20200916", {"25.14": ""}), "SWDS": [swds({"22.11": "20230901", "22.12": "2"})]},
            ],
            fails=[
                _in_2023("20200916", {"25.14": "", "25.15": ""}),  # three years tomorrow
                _in_2023("20160401", {"25.14": ""}),
                _in_2023("20160401", {"25.14": "", "25.17": "20231004"}),
            ],
        ),
        age_rule(
            code="SERV0411E4",
            title="Provider 230 under two years",
            phase="eoy1",
            severity=Severity.WARNING,
            records=("SERV", "SENR"),
            subjects=("SERV",),
            fields=("2.18", "25.12", "25.17"),
            meaning=f"Provider 230 gives services to students of 2 years or more on the day the plan starts.{_IN_YEAR}",
            fix="Correct the provider of the service, or the date of birth in the student information system.",
            owner=Owner.TEAM,
            source="https://documentation.calpads.org/Troubleshooting/EOY4/SERV0411E4",
            confidence="seen",
            first_year="2024-2025",
            presumed_from="2025-2026",
            asks=_asks_community,
            wrong_age=_under_two,
            message=_community_message,
            passes=[
                with_service("20240915", {"25.12": "230"}),  # two years today
                with_service("20240916", {"25.12": "240"}),
                with_service("20240916", {"25.12": ""}),
                with_service("20240916", {"25.12": "230", "25.17": ""}),
                with_service("20250101", {"25.12": "230", "25.17": "20260630"}),
            ],
            fails=[
                with_service("20240916", {"25.12": "230"}),  # two years tomorrow
                with_service("20250101", {"25.12": "230", "25.17": "20260701"}),
            ],
        ),
        age_rule(
            code="SERV0415F1",
            title="Provider 310 at 21 years or more",
            phase="fall1",
            severity=Severity.FATAL,
            records=("SERV", "SWDS", "SENR"),
            subjects=("SERV",),
            contexts=("plan_census",),
            fields=("1.22", "1.25", "2.18", "22.11", "22.12", "25.12", "25.17"),
            meaning="Provider 310 gives services to students under 21 years on the day the plan starts."
            f"{_ON_CENSUS_DAY}",
            fix="Correct the provider of the service, or the date of birth in the student information system.",
            owner=Owner.TEAM,
            source=f"{_STAGING}Fall1/SERV0415F1/",
            confidence="seen",
            last_year="2023-2024",
            inactive_from=_SWITCHED_OFF,
            asks=_asks_childrens_services,
            wrong_age=_twenty_one_or_more,
            message=_childrens_services_message,
            passes=[
                _in_2023("20020916", {"25.12": "310"}),  # twenty-one years tomorrow
                _in_2023("20020915", {"25.12": "320"}),
                _in_2023("20020915", {"25.12": ""}),
                _in_2023("20020915", {"25.12": "310", "25.17": "20231005"}),
                _in_2023("20020915", {"25.12": "310", "25.04": OTHER_LEA}),
            ],
            fails=[
                _in_2023("20020915", {"25.12": "310"}),  # twenty-one years today
                _in_2023("20020915", {"25.12": "310", "25.17": "20231004"}),
            ],
        ),
        age_rule(
            code="SERV0417E4",
            title="Infant service at four years or more",
            phase="eoy1",
            severity=Severity.WARNING,
            records=("SERV", "SENR"),
            subjects=("SERV",),
            fields=("2.18", "25.11", "25.17"),
            meaning="Services 210 to 270 are for children who are under 4 years on the day the plan starts."
            f"{_IN_YEAR}",
            fix="Choose the service that is given at this age, or correct the date of birth in the student information "
            "system.",
            owner=Owner.TEAM,
            source=f"{_STAGING}EOY4/SERV0417E4",
            confidence="seen",
            first_year="2024-2025",
            presumed_from="2025-2026",
            asks=_asks_infant_service,
            wrong_age=_four_or_more,
            message=_infant_service_message,
            passes=[
                with_service("20220916", {"25.11": "210"}),  # four years tomorrow
                with_service("20220915", {"25.11": "330"}),
                with_service("20220915", {"25.11": ""}),
                with_service("20220915", {"25.11": "250", "25.17": ""}),
                with_service("20220101", {"25.11": "250", "25.17": "20260630"}),
            ],
            fails=[
                *(with_service("20220915", {"25.11": code}) for code in INFANT_SERVICES),  # four years today
                with_service("20220101", {"25.11": "250", "25.17": "20260701"}),
            ],
        ),
    ]
