"""Local rules about delay codes: of which kind of meeting they speak, and whether it was late at all."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.clocks.evaluation import CONSENT_DAYS
from manzanita.domain.delay_codes import FITS
from manzanita.domain.findings import Owner
from manzanita.domain.rules.ages import THIRD, day_count, number
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import meet, plan, senr
from manzanita.domain.rules.local import clearing, days_after, local_rule, years_after

_INITIAL, _PART_C, _REEVALUATION = "10", "15", "40"
_KIND_NAMES: Mapping[str, str] = {
    _INITIAL: "an initial evaluation",
    _PART_C: "a first evaluation for Part C",
    _REEVALUATION: "a reevaluation",
    "Y": "a plan review",
}


def _is_kind(kind: str) -> pl.Expr:
    return (pl.col("24.17") if kind == "Y" else pl.col("24.14")) == kind


def _has_kind() -> pl.Expr:
    return pl.any_horizontal([_is_kind(kind) for kind in _KIND_NAMES])


def _kinds(row: Row) -> list[str]:
    return [kind for kind in _KIND_NAMES if kind in (row["24.14"], row["24.17"])]


def _delay_of_other_kind(_setting: Setting) -> pl.Expr:
    wrong = [
        (pl.col("24.18") == code) & ~pl.any_horizontal([_is_kind(kind) for kind in kinds])
        for code, kinds in FITS.items()
    ]
    return _has_kind() & pl.any_horizontal(wrong)


def _other_kind_message(row: Row) -> str:
    held = " and ".join(_KIND_NAMES[kind] for kind in _kinds(row))
    fitting = " or ".join(_KIND_NAMES[kind] for kind in FITS[row["24.18"]])
    return f"The meeting is {held}, and delay code {row['24.18']} is a reason for {fitting} only."


def _is_held() -> pl.Expr:
    return pl.col("24.15") != ""


def _on_time(_setting: Setting) -> pl.Expr:
    """Every clock that runs is known and was kept."""
    on = number("24.15")
    review = (pl.col("24.17") != "Y") | (on <= pl.col("previous_review.next_by"))
    again = (pl.col("24.14") != _REEVALUATION) | (on <= pl.col("previous_evaluation.next_by"))
    in_time = day_count("24.15") - day_count("24.13") <= CONSENT_DAYS
    by_birthday = (pl.col("part_c.on") == "") | (on <= pl.col(THIRD))
    first = (pl.col("24.14") != _INITIAL) | (in_time & by_birthday)
    runs = (pl.col("24.17") == "Y") | pl.col("24.14").is_in([_INITIAL, _REEVALUATION])
    is_judged = runs & (pl.col("24.14") != _PART_C)
    return _is_held() & (pl.col("24.18") != "") & is_judged & review & again & first


def _on_time_message(row: Row) -> str:
    reasons = []
    if row["24.17"] == "Y":
        reasons.append(f"the review was due by {years_after(row['previous_review.on'], 1)}")
    if row["24.14"] == _REEVALUATION:
        reasons.append(f"the reevaluation by {years_after(row['previous_evaluation.on'], 3)}")
    if row["24.14"] == _INITIAL:
        reasons.append(f"the initial evaluation by {days_after(row['24.13'], CONSENT_DAYS)}")
    return (
        f"The meeting was held on {spoken_date(row['24.15'])} and {' and '.join(reasons)}: it was not late, yet "
        f"24.18 gives delay code {row['24.18']}."
    )


def rules() -> list[Rule]:
    initial = {"24.14": "10", "24.16": "20", "24.17": "N", "24.13": "20260717", "24.15": "20260915"}
    infant = {"24.14": "15", "24.16": "20", "24.17": "N", "24.11": "20260801", "24.15": "20260915"}
    ifsp = plan({"23.11": "150", "23.12": "20250110"})
    three = senr({"1.17": "20230915"})
    return [
        local_rule(
            code="MZ-MEET-DELAY-KIND",
            title="Delay code that does not fit the meeting",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.14", "24.17", "24.18"),
            meaning="A delay code excuses certain kinds of meeting: 10 (consent) an initial evaluation or a "
            "reevaluation, 30 (contacted, did not attend) a reevaluation or a plan review, 40 (school break) an "
            "initial evaluation, 50 (transfer) all of these but a first evaluation for Part C. A meeting that is "
            "two of them at once takes the codes of both. The table is a vendor's, so this warns.",
            case="Alder's annual review was held three weeks late, and the office chose the code for a school break.",
            fix="Choose the delay code that says why this meeting was late.",
            owner=Owner.TEAM,
            source="sirassystems kb/487",
            wrong=_delay_of_other_kind,
            message=_other_kind_message,
            passes=[
                {"MEET": [meet({"24.18": "30"})]},
                {"MEET": [meet({**initial, "24.18": "40"})]},
                {"MEET": [meet({"24.18": "10", "24.14": "40"})]},
                {"MEET": [meet({"24.18": "90"})]},
                {"MEET": [meet({"24.18": ""})]},
                {"MEET": [meet({"24.18": "40", "24.17": "N"})]},
            ],
            fails=[
                {"MEET": [meet({"24.18": "40"})]},
                {"MEET": [meet({"24.18": "10"})]},
                {"MEET": [meet({**initial, "24.18": "30"})]},
                {"MEET": [meet({**infant, "24.18": "50"})]},
            ],
        ),
        local_rule(
            code="MZ-MEET-DELAY-ON-TIME",
            title="Delay code on a meeting that was not late",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("previous_meetings", "part_c", "birth"),
            fields=("24.13", "24.14", "24.15", "24.17", "24.18"),
            meaning="The delay code stays empty on a meeting that was held in time: a plan review within a year of "
            "the one before, a reevaluation within three years of the evaluation before, an initial evaluation "
            "within 60 days of consent and, after an IFSP, by the third birthday. Where a clock that runs for the "
            "meeting has no known start, nothing is said.",
            case="Juniper's review was held two days before it was due, and still carries last year's delay code.",
            fix="Clear the delay code, or correct the meeting date.",
            owner=Owner.TEAM,
            source="cde.ca.gov special education file scenarios 1a, 1b; Report 16.21",
            wrong=_on_time,
            message=_on_time_message,
            repair=clearing(
                "24.18",
                why="By the dates that stand here the meeting was in time, so there is no delay that a code could "
                "explain. Where a date is wrong instead, leave the record out and correct the date.",
            ),
            passes=[
                {"MEET": [meet({"24.18": "20"}), meet({"24.15": "20250914"})], "PLAN": [], "SENR": []},
                {"MEET": [meet({"24.18": "20"})], "PLAN": [], "SENR": []},
                {"MEET": [meet({**initial, "24.18": "20", "24.13": "20260716"})], "PLAN": [], "SENR": []},
                {"MEET": [meet({**initial, "24.18": "20", "24.13": ""})], "PLAN": [], "SENR": []},
                {
                    "MEET": [meet({**initial, "24.18": "10"})],
                    "PLAN": [ifsp],
                    "SENR": [senr({"1.17": "20230914"})],
                },
                {"MEET": [meet(), meet({"24.15": "20250915"})], "PLAN": [], "SENR": []},
            ],
            fails=[
                {"MEET": [meet({"24.18": "20"}), meet({"24.15": "20250915"})], "PLAN": [], "SENR": []},
                {"MEET": [meet({**initial, "24.18": "20"})], "PLAN": [], "SENR": []},
                {"MEET": [meet({**initial, "24.18": "10"})], "PLAN": [ifsp], "SENR": [three]},
                {
                    "MEET": [
                        meet({"24.14": "40", "24.17": "N", "24.18": "90"}),
                        meet({"24.14": "10", "24.17": "N", "24.15": "20230915"}),
                    ],
                    "PLAN": [],
                    "SENR": [],
                },
            ],
        ),
    ]
