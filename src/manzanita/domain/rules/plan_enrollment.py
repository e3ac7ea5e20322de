"""The rule that whoever participates on a plan is enrolled somewhere."""

from __future__ import annotations

from datetime import date

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.declaration import KnownDefect, Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import OTHER_LEA, Changes, plan, senr, swds

_FLASH = "https://www.cde.ca.gov/ds/sp/cl/calpadsupdflash276.asp"


def _not_enrolled(_setting: Setting) -> pl.Expr:
    is_current = pl.col("today.is_in_effect") & pl.col("today.is_participating")
    return is_current & ~pl.col("today.is_enrolled")


def _message(row: Row) -> str:
    return (
        f"The student participates on the plan of {spoken_date(row['23.12'])} and is enrolled at no LEA on "
        f"{spoken_date(row['today.day'])}."
    )


def _enrolled(changes: Changes | None = None) -> dict[str, list[dict[str, str]]]:
    """A participating student with a plan and one enrollment."""
    return {"PLAN": [plan()], "SWDS": [swds()], "SENR": [senr(changes)]}


def _left(day: str, exit_reason: str = "E400") -> dict[str, list[dict[str, str]]]:
    return _enrolled({"1.25": day, "1.26": exit_reason})


def rules() -> list[Rule]:
    return [
        Rule(
            code="PLAN0637E4",
            title="Participating on a plan and not enrolled",
            kind="discrepancy",
            phase="eoy1",
            severity=Severity.WARNING,
            records=("PLAN", "SWDS", "SENR"),
            subjects=("PLAN",),
            contexts=("today",),
            fields=("23.06", "23.12"),
            meaning="A student whose newest status is 1, eligible and participating, and who has a plan in effect is "
            "enrolled at some LEA. Who left for the summer and is expected back (exits E150, E155, E156 of the last "
            "120 days) is not named. No page prints the severity, so this warns.",
            fix="Correct the enrollment in the student information system; where the student has left for good, send "
            "the status that says so.",
            sis_fix="Correct the enrollment; where the student has left for good, tell the SEDS coordinator.",
            owner=Owner.SIS,
            source=_FLASH,
            confidence="seen",
            first_year="2023-2024",
            presumed_from="2025-2026",
            known_defects=(
                KnownDefect(
                    since=date(2024, 6, 13),
                    until=None,
                    text="Known defect: the state said on 2024-06-13 that this rule speaks too often, and no page "
                    "says that it was mended; where the student is enrolled, nothing is to be done.",
                    source=_FLASH,
                ),
            ),
            wrong=_not_enrolled,
            message=_message,
            passes=[
                _enrolled(),
                _left("20261123"),  # the last day of school is today
                _enrolled({"1.04": OTHER_LEA}),
                _enrolled({"1.23": "20"}),
                _left("20260726", "E155"),  # 120 days ago
                {**_left("20261122"), "SWDS": [swds({"22.12": "3"})]},
                {**_left("20261122"), "SWDS": [swds({"22.12": ""})]},
                {**_left("20261122"), "PLAN": [plan({"23.12": ""})]},
                {**_left("20261122"), "PLAN": [plan({"23.12": "20261124"})]},
            ],
            fails=[
                _left("20261122"),  # it was yesterday
                _left("20260725", "E155"),  # 121 days ago
                _left("20261223", "N470"),
                _enrolled({"1.22": "20261124"}),
                _enrolled({"1.08": "9900000002"}),
                {**_left("20261122"), "PLAN": [plan({"23.12": "20261123"})]},
            ],
        ),
    ]
