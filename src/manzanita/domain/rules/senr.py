"""Rules about the enrollment record (SENR)."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.context import PRIMARY, SHORT_TERM, enrolled_on
from manzanita.domain.rules.declaration import Row, Rule, Setting, state_date
from manzanita.domain.rules.examples import OTHER_LEA, plan, senr, sinf, swds
from manzanita.domain.timelines import due_on
from manzanita.domain.years import census_day

_SCHOOL_AGE = 3


def _counts_on_census(setting: Setting) -> pl.Expr:
    lone_short_term = (pl.col("1.23") == SHORT_TERM) & ~pl.col("census.has_primary")
    return (
        (pl.col("1.08") != "")
        & enrolled_on(setting.census_day)
        & ((pl.col("1.23") == PRIMARY) | lone_short_term)
        & pl.col("census.is_participating")
        & ~pl.col("census.plan_here")
    )


def _newest_birth(setting: Setting) -> str:
    """The last birth date of a child who is three on Census Day."""
    return state_date(due_on(census_day(setting.year), -_SCHOOL_AGE))


def _no_plan(setting: Setting) -> pl.Expr:
    birth = pl.col("census.birth_on")
    return _counts_on_census(setting) & (birth != "") & (birth <= _newest_birth(setting))


def _no_age(setting: Setting) -> pl.Expr:
    return _counts_on_census(setting) & (pl.col("census.birth_on") == "")


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


def _born(day: str) -> dict[str, str]:
    return senr({"1.17": day})


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
            owner=Owner.CLERK,
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
    ]
