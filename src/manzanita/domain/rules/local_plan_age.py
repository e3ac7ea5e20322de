"""Local rules about a plan and the student's age: three years, kindergarten, transition, the last school year."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.clocks.ages import LAST_YEARS
from manzanita.domain.findings import Owner
from manzanita.domain.rules.ages import (
    LAST,
    THIRD,
    YEAR,
    months_old,
    months_old_by_year_end,
    months_old_on,
    number,
)
from manzanita.domain.rules.context import PARTICIPATING
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date, state_date
from manzanita.domain.rules.examples import OTHER_LEA, plan, senr, swds
from manzanita.domain.rules.local import local_rule, years_after

_IEP, _IFSP = "100", "150"
_PRESCHOOL_SETTINGS = ("200", "201", "203", "204")
_SCHOOL_GRADES = ("TK", "KN", *(f"{grade:02d}" for grade in range(1, 13)))
_TWO_AND_THREE_QUARTERS = 33
_THIRTEEN_AND_THREE_QUARTERS = 165
# The state's own rule PLAN0393E4 asks for 23.28.
_TRANSITION: Mapping[str, str] = {
    "23.25": "postsecondary goals",
    "23.26": "goals updated annually",
    "23.27": "transition assessment",
    "23.29": "supportive services",
    "23.30": "goals for transition services",
    "23.31": "the student's participation",
    "23.32": "other agencies",
}
_ALL_TRANSITION = (*_TRANSITION, "23.28")


def summer_end(day: pl.Expr) -> pl.Expr:
    """``day``, or the 31 August after it where it lies in June, July or August; numbers as :func:`ages.number`."""
    in_summer = (day // 100 % 100).is_between(6, 8)
    return pl.when(in_summer).then(day // 10_000 * 10_000 + 831).otherwise(day)


def _ifsp_at_three(setting: Setting) -> pl.Expr:
    goes_on = pl.col("plan_days.is_today") & (pl.col("status_today.code") == PARTICIPATING)
    late = pl.lit(int(state_date(setting.as_of))) > summer_end(pl.col(THIRD))
    return (pl.col("23.11") == _IFSP) & goes_on & late


def _no_transition_from_part_c(setting: Setting) -> pl.Expr:
    on_census = months_old_on("birth.on", setting.census_day) >= _TWO_AND_THREE_QUARTERS
    at_start = months_old("birth.on", "23.12") < _TWO_AND_THREE_QUARTERS
    says_no = (pl.col("23.11") == _IFSP) & (pl.col("23.35") == "N")
    return says_no & pl.col("plan_days.is_census") & on_census & at_start


def _kindergarten(setting: Setting) -> pl.Expr:
    is_five = months_old_on("birth.on", setting.census_day) >= 5 * YEAR
    in_school = pl.col("census_grade.code").is_in(list(_SCHOOL_GRADES))
    is_preschool = pl.col("23.20").is_in(list(_PRESCHOOL_SETTINGS)) & (pl.col("23.11") == _IEP)
    return is_preschool & pl.col("plan_days.is_census") & in_school & is_five


def _no_transition(_setting: Setting) -> pl.Expr:
    is_due = months_old_by_year_end("23.12") >= 16 * YEAR
    lacking = pl.any_horizontal([pl.col(number) == "" for number in _TRANSITION])
    return (pl.col("23.11") == _IEP) & is_due & lacking


def _no_transition_message(row: Row) -> str:
    names = ", ".join(f"{number} ({name})" for number, name in _TRANSITION.items() if not row[number])
    return (
        f"The student is 16 by the end of the plan's school year (born {spoken_date(row['birth.on'])}), and "
        f"{names} {'is' if names.count('(') == 1 else 'are'} empty."
    )


def _early_transition(_setting: Setting) -> pl.Expr:
    is_young = months_old("birth.on", "23.12") < _THIRTEEN_AND_THREE_QUARTERS
    return is_young & pl.any_horizontal([pl.col(number) != "" for number in _ALL_TRANSITION])


def _early_transition_message(row: Row) -> str:
    filled = ", ".join(sorted(number for number in _ALL_TRANSITION if row[number]))
    return (
        f"The plan starts on {spoken_date(row['23.12'])}, before the student (born {spoken_date(row['birth.on'])}) is "
        f"13 years and 9 months old, and fills {filled} for the time after school."
    )


def _too_old(_setting: Setting) -> pl.Expr:
    return number("23.12") > pl.col(LAST)


def rules() -> list[Rule]:
    ifsp = {"23.11": "150", "23.20": "102", "23.23": "", "23.12": "20260210"}
    preschool = plan({"23.20": "203", "23.23": "", "23.12": "20260210"})
    kindergarten = senr({"1.17": "20211007", "1.24": "KN"})
    answers = dict.fromkeys(_TRANSITION, "Y") | {"23.32": "30", "23.28": "Y"}
    return [
        local_rule(
            code="MZ-PLAN-IFSP-AGE",
            title="Still on an IFSP after the third birthday",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("plan_days", "status_today", "birth"),
            fields=("23.11", "23.12"),
            meaning="Part C ends on the third birthday; a child who participates from then on has an IEP. After a "
            "birthday in summer, when the team sets the first day, this rule waits until August 31. PLAN0386F1 "
            "judges the day on which the IFSP started, and only from the fourth birthday.",
            case="Fern turned three in October, and in November the plan in effect is still the infant program's.",
            fix="Adopt the IEP and send it, or send the status where the child does not go on.",
            owner=Owner.COORDINATOR,
            source="34 CFR 300.124; Education Code 56426.9",
            wrong=_ifsp_at_three,
            message=lambda row: (
                f"The plan in effect is the IFSP of {spoken_date(row['23.12'])}; the child turned three on "
                f"{years_after(row['birth.on'], 3)}."
            ),
            passes=[
                {"PLAN": [plan(ifsp)], "SWDS": [swds()], "SENR": [senr({"1.17": "20231123"})]},
                {"PLAN": [plan(ifsp), plan()], "SWDS": [swds()], "SENR": [senr({"1.17": "20231001"})]},
                {
                    "PLAN": [plan(ifsp)],
                    "SWDS": [swds({"22.12": "4", "22.13": "20"})],
                    "SENR": [senr({"1.17": "20231001"})],
                },
                {"PLAN": [plan(ifsp)], "SWDS": [swds()], "SENR": [senr({"1.17": ""})]},
            ],
            fails=[
                {"PLAN": [plan(ifsp)], "SWDS": [swds()], "SENR": [senr({"1.17": "20231122"})]},
                {"PLAN": [plan(ifsp)], "SWDS": [swds()], "SENR": [senr({"1.17": "20230701"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-IFSP-TRANSITION",
            title="IFSP without the plan for the move to preschool",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("plan_days", "birth"),
            fields=("23.11", "23.12", "23.35"),
            meaning="At least 90 days before the third birthday the IFSP holds a plan for the move, and a conference "
            "is held. PLAN0724F1 asks that 23.35 is answered on Census Day from two years and nine months; the "
            "answer N then says that the law was not kept. An IFSP that starts at that age or later is left "
            "out, because for a child referred so late the law asks less.",
            case="Poppy is two years and ten months old on Census Day, and the IFSP says N.",
            fix="Hold the conference and amend the IFSP; correct the answer where it is wrong.",
            owner=Owner.TEAM,
            source="34 CFR 303.209(c), (d)",
            wrong=_no_transition_from_part_c,
            message=lambda row: (
                f"The child turns three on {years_after(row['birth.on'], 3)}, and 23.35 of the IFSP of "
                f"{spoken_date(row['23.12'])} says that it does not plan the move to preschool."
            ),
            passes=[
                {"PLAN": [plan({**ifsp, "23.35": "N"})], "SENR": [senr({"1.17": "20240108"})]},
                {"PLAN": [plan({**ifsp, "23.35": "Y"})], "SENR": [senr({"1.17": "20240107"})]},
                {"PLAN": [plan({**ifsp, "23.35": ""})], "SENR": [senr({"1.17": "20240107"})]},
                {
                    "PLAN": [plan({**ifsp, "23.35": "N", "23.12": "20261007"})],
                    "SENR": [senr({"1.17": "20240107"})],
                },
            ],
            fails=[
                {"PLAN": [plan({**ifsp, "23.35": "N"})], "SENR": [senr({"1.17": "20240107"})]},
                {
                    "PLAN": [plan({**ifsp, "23.35": "N", "23.12": "20261006"})],
                    "SENR": [senr({"1.17": "20240107"})],
                },
            ],
        ),
        local_rule(
            code="MZ-PLAN-KINDERGARTEN",
            title="Preschool setting in kindergarten",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("plan_days", "census_grade", "birth"),
            fields=("23.12", "23.20"),
            meaning="A child who is five on Census Day and enrolled in transitional kindergarten, kindergarten or a "
            "grade has a setting of school age and a share of general education. Where the plan is older, an "
            "amendment from the first day of school changes it. Transitional kindergarten counts because the law "
            "makes it the first year of kindergarten.",
            case="Alder moved from preschool to kindergarten in August; the plan still says setting 203.",
            fix="Amend the plan as of the first day of school, with a setting of school age.",
            owner=Owner.TEAM,
            source="CALPADS Flash 193; Education Code 48000(d)",
            wrong=_kindergarten,
            message=lambda row: (
                f"On Census Day the child (born {spoken_date(row['birth.on'])}) is enrolled in grade "
                f"{row['census_grade.code']}, and the plan in effect says preschool setting {row['23.20']}."
            ),
            passes=[
                {"PLAN": [preschool], "SENR": [senr({"1.17": "20211008", "1.24": "TK"})]},
                {"PLAN": [preschool], "SENR": [senr({"1.17": "20211007", "1.24": "PS"})]},
                {"PLAN": [preschool, plan()], "SENR": [kindergarten]},
                {"PLAN": [preschool], "SENR": [senr({"1.17": "20211007", "1.24": "KN", "1.04": OTHER_LEA})]},
                {"PLAN": [preschool], "SENR": [senr({"1.17": "", "1.24": "KN"})]},
            ],
            fails=[
                {"PLAN": [preschool], "SENR": [kindergarten]},
                {"PLAN": [preschool], "SENR": [senr({"1.17": "20211007", "1.24": "TK"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-TRANSITION-MISSING",
            title="Answers about transition missing",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("birth",),
            fields=("23.25", "23.26", "23.27", "23.29", "23.30", "23.31", "23.32"),
            meaning="An IEP in effect when the student is 16 holds goals for the time after school and the services "
            "toward them. The state asks for eight answers; PLAN0393E4 prints the rule for one of them (23.28), and "
            "this rule asks for the others. Their places follow from the retired SPED file.",
            case="Madrone turns 16 in May, and the plan of September answers only whether there are services.",
            fix="Answer all questions about transition on the plan.",
            owner=Owner.TEAM,
            source="34 CFR 300.320(b); Education Code 56345(a)(8)",
            wrong=_no_transition,
            message=_no_transition_message,
            marks=lambda row: tuple(number for number in _TRANSITION if not row[number]),
            passes=[
                {"PLAN": [plan(answers)], "SENR": [senr({"1.17": "20110630"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.17": "20110701"})]},
                {"PLAN": [plan({"23.11": "200"})], "SENR": [senr({"1.17": "20110630"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.17": ""})]},
            ],
            fails=[
                {"PLAN": [plan({**answers, "23.32": ""})], "SENR": [senr({"1.17": "20110630"})]},
                {"PLAN": [plan({"23.28": "Y"})], "SENR": [senr({"1.17": "20100101"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-TRANSITION-EARLY",
            title="Answers about transition of a young student",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("birth",),
            fields=("23.12", *sorted(_ALL_TRANSITION)),
            meaning="The questions about the time after school are asked from high school on where the team finds it "
            "right, and from 16 in any case. The state's retired rule drew the line at 13 years and 9 months.",
            case="A form of the high school was used for Wren's plan in fourth grade.",
            fix="Clear the answers, or correct the date of birth in the SIS.",
            owner=Owner.COORDINATOR,
            source="Education Code 56345(a)(8) (AB 438); retired rule SPED0385",
            wrong=_early_transition,
            message=_early_transition_message,
            marks=lambda row: ("23.12", *sorted(number for number in _ALL_TRANSITION if row[number])),
            passes=[
                {"PLAN": [plan(answers)], "SENR": [senr({"1.17": "20121215"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.17": "20121216"})]},
                {"PLAN": [plan(answers)], "SENR": [senr({"1.17": ""})]},
            ],
            fails=[
                {"PLAN": [plan(answers)], "SENR": [senr({"1.17": "20121216"})]},
                {"PLAN": [plan({"23.32": "30"})], "SENR": [senr()]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-MAX-AGE",
            title="Plan after the last school year",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("birth",),
            fields=("23.12",),
            meaning="A student may go on in special education for at most the school year in which the 22nd birthday "
            "lies; for many the last day is earlier. A plan that starts after that June 30 is of nobody who can "
            "have it. PLAN0366E4 prints 23 years.",
            case="Sequoia turned 22 in March, and the adult program's plan of September says another year.",
            fix="Take the plan back, and end the status with the reason of maximum age; or correct the date of birth.",
            owner=Owner.COORDINATOR,
            source="Education Code 56026(c)(4)",
            wrong=_too_old,
            message=lambda row: (
                f"The plan starts on {spoken_date(row['23.12'])}; the student turned 22 on "
                f"{years_after(row['birth.on'], LAST_YEARS)}, and the school year of that day has ended."
            ),
            passes=[
                {"PLAN": [plan()], "SENR": [senr({"1.17": "20040701"})]},
                {"PLAN": [plan({"23.12": "20260630"})], "SENR": [senr({"1.17": "20040301"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.17": ""})]},
            ],
            fails=[
                {"PLAN": [plan()], "SENR": [senr({"1.17": "20040630"})]},
                {"PLAN": [plan({"23.12": "20260701"})], "SENR": [senr({"1.17": "20040301"})]},
            ],
        ),
    ]
