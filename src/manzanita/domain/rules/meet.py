"""Local rules about the meeting record (MEET).

No state page about MEET rules could be read; these two follow the law and warn. A review or reevaluation is
judged when it is held: a pending record is not late by itself. The clock runs from the newest earlier meeting
of the same sort, whichever LEA held it; the first of its sort has no clock.
"""

from __future__ import annotations

import polars as pl

from manzanita.domain.clocks.reviews import ANNUAL_YEARS, TRIENNIAL_YEARS
from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import number
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import OTHER_LEA, meet

REEVALUATION = "40"


def _review_is_late() -> pl.Expr:
    return (pl.col("24.17") == "Y") & (number("24.15") > pl.col("previous_review.next_by")).fill_null(False)


def _reevaluation_is_late() -> pl.Expr:
    late = number("24.15") > pl.col("previous_evaluation.next_by")
    return (pl.col("24.14") == REEVALUATION) & late.fill_null(False)


def _late(_setting: Setting) -> pl.Expr:
    held = (pl.col("24.15") != "") & (pl.col("24.18") == "")
    return held & (_review_is_late() | _reevaluation_is_late())


def _years_after(text: str, years: int) -> str:
    month_day = text[4:]
    year = int(text[:4]) + years
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return f"{year:04d}{'0228' if month_day == '0229' and not leap else month_day}"


def _late_clocks(row: Row) -> list[tuple[str, str, str]]:
    """Field, previous day and due day of each clock that the row is late on."""
    clocks = []
    for field, value, event, years in (
        ("24.17", "Y", "previous_review.on", ANNUAL_YEARS),
        ("24.14", REEVALUATION, "previous_evaluation.on", TRIENNIAL_YEARS),
    ):
        previous = row[event]
        if row[field] == value and previous and row["24.15"] > _years_after(previous, years):
            clocks.append((field, previous, _years_after(previous, years)))
    return clocks


def _late_message(row: Row) -> str:
    parts = []
    for field, previous, due in _late_clocks(row):
        event = "plan review" if field == "24.17" else "reevaluation"
        basis = "plan review" if field == "24.17" else "evaluation"
        parts.append(
            f"the {event} was due on {spoken_date(due)}, counted from the {basis} of {spoken_date(previous)}"
        )
    return (
        f"The meeting was held on {spoken_date(row['24.15'])}; {'; '.join(parts)}. "
        "24.18 Meeting Delay Code does not say why it is late."
    )


def _late_fields(row: Row) -> tuple[str, ...]:
    return tuple(sorted(["24.15", "24.18", *(field for field, _, _ in _late_clocks(row))]))


def _empty(_setting: Setting) -> pl.Expr:
    return (pl.col("24.10") == "") & (pl.col("24.15") == "")


def _empty_message(_row: Row) -> str:
    return "The record has neither a meeting date (24.15) nor a pending date (24.10)."


def rules() -> list[Rule]:
    return [
        Rule(
            code="MZ-MEET-LATE",
            title="Late meeting without a delay code",
            kind="local",
            phase="input",
            severity=Severity.WARNING,
            records=("MEET",),
            subjects=("MEET",),
            contexts=("previous_meetings",),
            fields=("24.14", "24.15", "24.17", "24.18"),
            meaning="A plan review is held within one year of the one before, a reevaluation within three years of "
            "the evaluation before, by calendar date (29 February counts as 28 February). A later one carries a delay "
            "code.",
            fix="Enter the delay code that says why the meeting was late, or correct the meeting date.",
            owner=Owner.TEAM,
            source="Education Code 56343(d), 56381; 34 CFR 300.303",
            confidence="seen",
            wrong=_late,
            case="Lupine's review was held a day after the year, and the record gives no reason.",
            message=_late_message,
            marks=_late_fields,
            passes=[
                {"MEET": [meet()]},
                {"MEET": [meet(), meet({"24.15": "20250915"})]},
                {"MEET": [meet({"24.18": "20"}), meet({"24.15": "20250801"})]},
                {"MEET": [meet({"24.15": "20250228"}), meet({"24.15": "20240229"})]},
            ],
            fails=[
                {"MEET": [meet(), meet({"24.15": "20250914"})]},
                {"MEET": [meet({"24.15": "20250301"}), meet({"24.15": "20240229", "24.04": OTHER_LEA})]},
                {
                    "MEET": [
                        meet({"24.17": "N", "24.14": "40"}),
                        meet({"24.15": "20230914", "24.14": "10", "24.17": "N"}),
                    ]
                },
            ],
        ),
        Rule(
            code="MZ-MEET-EMPTY",
            title="Meeting without a date",
            kind="local",
            phase="input",
            severity=Severity.WARNING,
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.10", "24.15"),
            meaning="A meeting record says when the meeting was held, or as of which day it is pending.",
            fix="Enter the meeting date; where the meeting is still to come, the pending date.",
            owner=Owner.TEAM,
            source="the state's description of the MEET record",
            confidence="inferred",
            wrong=_empty,
            case="A meeting of Osprey was entered before anybody knew its day, and sent as it was.",
            message=_empty_message,
            passes=[{"MEET": [meet()]}, {"MEET": [meet({"24.15": "", "24.10": "20260915"})]}],
            fails=[{"MEET": [meet({"24.15": ""})]}],
        ),
    ]
