"""Local rules about first meetings: which of them is late by which clock, and says no reason."""

from __future__ import annotations

import polars as pl

from manzanita.domain.clocks.early_start import IFSP_DAYS
from manzanita.domain.clocks.evaluation import CONSENT_DAYS
from manzanita.domain.findings import Owner
from manzanita.domain.rules.ages import THIRD, after, day_count, number
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import meet, plan, senr
from manzanita.domain.rules.local import days_after, local_rule, years_after

_INITIAL, _PART_C = "10", "15"


def _is_held() -> pl.Expr:
    return pl.col("24.15") != ""


def _late_initial(_setting: Setting) -> pl.Expr:
    return (
        _is_held()
        & (pl.col("24.14") == _INITIAL)
        & (pl.col("24.18") == "")
        & (day_count("24.15") - day_count("24.13") > CONSENT_DAYS)
    )


def _late_initial_message(row: Row) -> str:
    return (
        f"Consent to evaluate was received on {spoken_date(row['24.13'])}, so the meeting was due by "
        f"{days_after(row['24.13'], CONSENT_DAYS)}. It was held on {spoken_date(row['24.15'])}, and 24.18 gives no "
        "delay code."
    )


def _late_after_part_c(_setting: Setting) -> pl.Expr:
    third = pl.col(THIRD)
    came_from_part_c = (pl.col("part_c.on") != "") & (number("part_c.on") < third)
    is_initial = _is_held() & (pl.col("24.14") == _INITIAL) & (pl.col("24.18") == "")
    return is_initial & came_from_part_c & (number("24.15") > third)


def _late_after_part_c_message(row: Row) -> str:
    return (
        f"The child had an IFSP and turned three on {years_after(row['birth.on'], 3)}. The initial evaluation was "
        f"held after that, on {spoken_date(row['24.15'])}, and 24.18 gives no delay code."
    )


def _late_ifsp(_setting: Setting) -> pl.Expr:
    late = day_count("24.15") - day_count("24.11") > IFSP_DAYS
    return _is_held() & (pl.col("24.14") == _PART_C) & (pl.col("24.18") == "") & late


def _late_ifsp_message(row: Row) -> str:
    return (
        f"The infant was referred on {spoken_date(row['24.11'])}, so the first IFSP meeting was due by "
        f"{days_after(row['24.11'], IFSP_DAYS)}. It was held on {spoken_date(row['24.15'])}, and 24.18 gives no "
        "delay code."
    )


def _late_first(_setting: Setting) -> pl.Expr:
    is_first = (pl.col("24.17") == "Y") & (pl.col("24.14") != _INITIAL) & (pl.col("previous_review.on") == "")
    return is_first & (pl.col("24.18") == "") & (number("24.15") > after("first_plan.on", "1y"))


def _late_first_message(row: Row) -> str:
    return (
        f"The first plan began on {spoken_date(row['first_plan.on'])}, so its review was due by "
        f"{years_after(row['first_plan.on'], 1)}. It was held on {spoken_date(row['24.15'])}, and 24.18 gives no "
        "delay code."
    )


def rules() -> list[Rule]:
    initial = {"24.14": "10", "24.16": "20", "24.17": "N", "24.13": "20260717", "24.15": "20260915"}
    infant = {"24.14": "15", "24.16": "20", "24.17": "N", "24.11": "20260801", "24.15": "20260915"}
    ifsp = plan({"23.11": "150", "23.12": "20250110"})
    three = senr({"1.17": "20230915"})
    return [
        local_rule(
            code="MZ-MEET-LATE-INITIAL",
            title="Late initial evaluation without a delay code",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.13", "24.15", "24.18"),
            meaning="The meeting after an initial evaluation is held within 60 days of the parent's consent. The law "
            "stops its clock in school breaks of more than five school days; the state counts every day and "
            "takes delay code 40 for such a break.",
            case="Sorrel's parents signed on July 16, the team met on September 15, and the record says no reason.",
            fix="Enter the delay code that says why, or correct the consent date or the meeting date.",
            owner=Owner.TEAM,
            source="Education Code 56344(a); Report 16.25",
            wrong=_late_initial,
            message=_late_initial_message,
            passes=[
                {"MEET": [meet({**initial, "24.13": "20260717"})]},
                {"MEET": [meet({**initial, "24.13": "20260716", "24.18": "40"})]},
                {"MEET": [meet({**initial, "24.13": ""})]},
                {"MEET": [meet({**initial, "24.13": "20260101", "24.14": "40"})]},
            ],
            fails=[
                {"MEET": [meet({**initial, "24.13": "20260716"})]},
                {"MEET": [meet({**initial, "24.13": "20260101"})]},
            ],
        ),
        local_rule(
            code="MZ-MEET-LATE-PART-C",
            title="Initial evaluation after the third birthday of a child from Part C",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("part_c", "birth"),
            fields=("24.14", "24.15", "24.18"),
            meaning="A child with an IFSP has an IEP in effect by the third birthday. An initial evaluation that is "
            "held later carries a delay code, even within 60 days of consent. A school break is no reason here.",
            case="Fern left the infant program at three on September 14; the district's team met a day later.",
            fix="Enter the delay code that says why the meeting came after the birthday.",
            owner=Owner.TEAM,
            source="34 CFR 300.124; Report 16.26; retired rule SPED0427",
            wrong=_late_after_part_c,
            message=_late_after_part_c_message,
            passes=[
                {"MEET": [meet(initial)], "PLAN": [ifsp], "SENR": [three]},
                {
                    "MEET": [meet(initial)],
                    "PLAN": [plan({"23.12": "20250110"})],
                    "SENR": [senr({"1.17": "20230914"})],
                },
                {
                    "MEET": [meet({**initial, "24.18": "10"})],
                    "PLAN": [ifsp],
                    "SENR": [senr({"1.17": "20230914"})],
                },
                {"MEET": [meet(initial)], "PLAN": [ifsp], "SENR": [senr({"1.17": ""})]},
            ],
            fails=[
                {"MEET": [meet(initial)], "PLAN": [ifsp], "SENR": [senr({"1.17": "20230914"})]},
                {
                    "MEET": [meet({**initial, "24.13": ""})],
                    "PLAN": [ifsp],
                    "SENR": [senr({"1.17": "20230501"})],
                },
            ],
        ),
        local_rule(
            code="MZ-MEET-LATE-IFSP",
            title="Late first IFSP meeting without a delay code",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.11", "24.15", "24.18"),
            meaning="The first IFSP meeting is held within 45 days of the referral to early intervention; an interim "
            "IFSP does not stop the clock. A later meeting says why.",
            case="Poppy was referred on July 31, and the infant program met the family on September 15.",
            fix="Enter the delay code that says why, or correct the referral date or the meeting date.",
            owner=Owner.TEAM,
            source="Government Code 95020(b); 17 CCR 52107",
            wrong=_late_ifsp,
            message=_late_ifsp_message,
            passes=[
                {"MEET": [meet(infant)]},
                {"MEET": [meet({**infant, "24.11": "20260731", "24.18": "20"})]},
                {"MEET": [meet({**infant, "24.11": ""})]},
            ],
            fails=[
                {"MEET": [meet({**infant, "24.11": "20260731"})]},
                {"MEET": [meet({**infant, "24.11": "20260301"})]},
            ],
        ),
        local_rule(
            code="MZ-MEET-LATE-FIRST",
            title="First plan review more than a year after the first plan",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("previous_meetings", "first_plan"),
            fields=("24.15", "24.17", "24.18"),
            meaning="A plan is reviewed at least once a year; the first review is due within a year of the plan that "
            "followed the initial evaluation. Later reviews are counted from the review before (MZ-MEET-LATE).",
            case="Elder's first IEP began in September 2025, and nobody reviewed it until a day after the year.",
            fix="Enter the delay code that says why, report the review that is missing, or correct the meeting date.",
            owner=Owner.TEAM,
            source="Education Code 56343(d)",
            wrong=_late_first,
            message=_late_first_message,
            passes=[
                {
                    "MEET": [meet(), meet({**initial, "24.15": "20250901"})],
                    "PLAN": [plan({"23.12": "20250915"})],
                },
                {
                    "MEET": [meet({"24.18": "20"}), meet({**initial, "24.15": "20250901"})],
                    "PLAN": [plan({"23.12": "20250914"})],
                },
                {"MEET": [meet(), meet({**initial, "24.15": "20250901"})], "PLAN": []},
                {"MEET": [meet()], "PLAN": [plan({"23.12": "20240101"})]},
            ],
            fails=[
                {
                    "MEET": [meet(), meet({**initial, "24.15": "20250901"})],
                    "PLAN": [plan({"23.12": "20250914"})],
                },
            ],
        ),
    ]
