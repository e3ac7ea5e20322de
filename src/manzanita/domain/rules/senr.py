"""Rules about the enrollment record (SENR)."""

from __future__ import annotations

import polars as pl

from manzanita.domain.dates import years_after
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.context import PRIMARY, SHORT_TERM, enrolled_on
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date, state_date
from manzanita.domain.rules.examples import OTHER_LEA, plan, senr, sinf, swds
from manzanita.domain.years import census_day

_SCHOOL_AGE = 3
_NON_ADA = "50"
_DIPLOMA = "100"
# From exits after this day on, a graduate's record says whether the graduation was exempted.
_EXEMPTION_SINCE = "20230630"


def _counts_on_census(setting: Setting) -> pl.Expr:
    lone_short_term = (pl.col("1.23") == SHORT_TERM) & ~pl.col("census.has_primary")
    return _lacks_plan(setting) & ((pl.col("1.23") == PRIMARY) | lone_short_term)


def _lone_non_ada(setting: Setting) -> pl.Expr:
    return _lacks_plan(setting) & (pl.col("1.23") == _NON_ADA) & ~pl.col("on_census.has_counted")


def _lacks_plan(setting: Setting) -> pl.Expr:
    return (
        (pl.col("1.08") != "")
        & enrolled_on(setting.census_day, pl.col)
        & pl.col("census.is_participating")
        & ~pl.col("census.plan_here")
    )


def _newest_birth(setting: Setting) -> str:
    """The last birth date of a child who is three on Census Day."""
    return state_date(years_after(census_day(setting.year), -_SCHOOL_AGE))


def _is_school_age(setting: Setting) -> pl.Expr:
    birth = pl.col("census.birth_on")
    return (birth != "") & (birth <= _newest_birth(setting))


def _no_plan(setting: Setting) -> pl.Expr:
    return _counts_on_census(setting) & _is_school_age(setting)


def _no_age(setting: Setting) -> pl.Expr:
    return _counts_on_census(setting) & (pl.col("census.birth_on") == "")


def _no_plan_non_ada(setting: Setting) -> pl.Expr:
    return _lone_non_ada(setting) & _is_school_age(setting)


def _no_age_non_ada(setting: Setting) -> pl.Expr:
    return _lone_non_ada(setting) & (pl.col("census.birth_on") == "")


def _no_exemption(_setting: Setting) -> pl.Expr:
    is_graduate = (pl.col("1.27") == _DIPLOMA) & (pl.col("1.25") > _EXEMPTION_SINCE)
    return is_graduate & ~pl.col("1.35").is_in(["Y", "N"])


def _no_plan_message(row: Row) -> str:
    stands = (
        f"the plan in effect is reported by {row['census.plan_lea']}"
        if row["census.plan_lea"]
        else "no plan is in effect"
    )
    return (
        f"The student is enrolled at {row['1.04']} and participates on Census Day, but {stands}. "
        f"{row['1.04']} needs a plan record that is in effect on Census Day."
    )


def _no_exemption_message(row: Row) -> str:
    told = f'holds "{row["1.35"]}"' if row["1.35"] else "is empty"
    return (
        f"The student graduated on {spoken_date(row['1.25'])} with completion status {row['1.27']}, and 1.35 "
        f"Graduation Exemption Indicator {told}: it is Y or N."
    )


def _born(day: str) -> dict[str, str]:
    return senr({"1.17": day})


def _non_ada(changes: dict[str, str] | None = None) -> dict[str, str]:
    return senr({"1.23": _NON_ADA, **(changes or {})})


def _graduated(changes: dict[str, str] | None = None) -> dict[str, str]:
    end = {"1.24": "12", "1.25": "20260605", "1.26": "E230", "1.27": _DIPLOMA}
    return senr({**end, **(changes or {})})


def rules() -> list[Rule]:
    return [
        Rule(
            code="SENR0606F1",
            title="No plan at the LEA of enrollment",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("SENR", "SWDS", "PLAN"),
            subjects=("SENR",),
            contexts=("census",),
            fields=("1.04", "1.08", "1.22", "1.23", "1.25"),
            meaning="A student of three years or more who is enrolled on Census Day (status 10, or 30 where no LEA has "
            "a 10; no-shows excluded) and participates needs the plan in effect on that day to be reported by the LEA "
            "of the enrollment. The status may come from another LEA.",
            fix="Adopt or hold the plan at this LEA and send it with a start date on or before Census Day; or correct "
            "the enrollment.",
            owner=Owner.COORDINATOR,
            source="https://documentation.staging.calpads.org/Troubleshooting/Fall1/SENR0606F1",
            confidence="seen",
            wrong=_no_plan,
            undecided=_no_age,
            undecided_reason="the birth date is missing (1.17 in SENR, 2.18 in SINF)",
            message=_no_plan_message,
            passes=[
                {"SENR": [senr()], "SWDS": [swds()], "PLAN": [plan()]},
                {"SENR": [senr()], "SWDS": [swds({"22.12": "4"})], "PLAN": []},
                {"SENR": [_born("20231008")], "SWDS": [swds()], "PLAN": []},
                {"SENR": [senr({"1.25": "20261006"})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [senr({"1.25": "20261030", "1.26": "N470"})], "SWDS": [swds()], "PLAN": []},
                {
                    "SENR": [senr({"1.23": "30"}), senr({"1.04": OTHER_LEA})],
                    "SWDS": [swds()],
                    "PLAN": [plan({"23.04": OTHER_LEA})],
                },
            ],
            fails=[
                {"SENR": [senr()], "SWDS": [swds()], "PLAN": []},
                {
                    "SENR": [senr()],
                    "SWDS": [swds({"22.04": OTHER_LEA})],
                    "PLAN": [plan({"23.12": "20261008"})],
                },
                {
                    "SENR": [senr()],
                    "SWDS": [swds()],
                    "PLAN": [plan(), plan({"23.12": "20261001", "23.04": OTHER_LEA})],
                },
                {"SENR": [senr({"1.23": "30"})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_born("20231007")], "SWDS": [swds()], "PLAN": []},
                {
                    "SENR": [senr({"1.17": ""})],
                    "SINF": [sinf()],
                    "SWDS": [swds()],
                    "PLAN": [],
                },
            ],
        ),
        Rule(
            code="SENR0672F1",
            title="No plan at the LEA of a lone non-ADA enrollment",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("SENR", "SWDS", "PLAN"),
            subjects=("SENR",),
            contexts=("census", "on_census"),
            fields=("1.04", "1.08", "1.22", "1.23", "1.25"),
            meaning="The same as SENR0606F1 for an enrollment with status 50 (non-ADA) of a student who has none with "
            "status 10 or 30 at any LEA on Census Day: the plan in effect on that day is reported by the LEA of the "
            "enrollment.",
            fix="Adopt or hold the plan at this LEA and send it with a start date on or before Census Day; or correct "
            "the enrollment.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/Fall1/SENR0672F1",
            confidence="seen",
            wrong=_no_plan_non_ada,
            undecided=_no_age_non_ada,
            undecided_reason="the birth date is missing (1.17 in SENR, 2.18 in SINF)",
            message=_no_plan_message,
            passes=[
                {"SENR": [_non_ada()], "SWDS": [swds()], "PLAN": [plan()]},
                {"SENR": [_non_ada()], "SWDS": [swds({"22.12": "2"})], "PLAN": []},
                {"SENR": [_non_ada({"1.17": "20231008"})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_non_ada({"1.25": "20261006"})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_non_ada({"1.26": "N470"})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [senr({"1.23": "20"})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [senr({"1.23": ""})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_non_ada({"1.08": ""})], "SWDS": [swds()], "PLAN": []},
                {
                    "SENR": [_non_ada(), senr({"1.04": OTHER_LEA, "1.23": "30"})],
                    "SWDS": [swds()],
                    "PLAN": [plan({"23.04": OTHER_LEA})],
                },
            ],
            fails=[
                {"SENR": [_non_ada()], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_non_ada({"1.17": "20231007"})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_non_ada({"1.25": "20261007"})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_non_ada()], "SWDS": [swds()], "PLAN": [plan({"23.04": OTHER_LEA})]},
                {
                    "SENR": [_non_ada(), senr({"1.04": OTHER_LEA, "1.25": "20260930"})],
                    "SWDS": [swds()],
                    "PLAN": [plan({"23.12": "20261008"})],
                },
            ],
        ),
        Rule(
            code="SENR0632",
            title="Graduate without the exemption indicator",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("SENR",),
            subjects=("SENR",),
            fields=("1.25", "1.27", "1.35"),
            meaning="An enrollment that ended after June 30, 2023 with completion status 100 says Y or N to the "
            "graduation exemption.",
            fix="Enter Y or N on the exit in the SIS.",
            owner=Owner.SIS,
            source="https://documentation.calpads.org/Troubleshooting/SENR/SENR0632",
            confidence="seen",
            wrong=_no_exemption,
            message=_no_exemption_message,
            passes=[
                {"SENR": [senr()]},
                {"SENR": [_graduated({"1.35": "N"})]},
                {"SENR": [_graduated({"1.35": "Y"})]},
                {"SENR": [_graduated({"1.25": "20230630"})]},
                {"SENR": [_graduated({"1.27": "120"})]},
                {"SENR": [_graduated({"1.27": ""})]},
                {"SENR": [_graduated({"1.25": ""})]},
            ],
            fails=[
                {"SENR": [_graduated()]},
                {"SENR": [_graduated({"1.25": "20230701"})]},
                {"SENR": [_graduated({"1.35": "J"})]},
            ],
        ),
    ]
