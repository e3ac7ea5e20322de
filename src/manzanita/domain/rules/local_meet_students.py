"""Local rules about what a meeting decides, beside the student's other meetings, status and plan."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import OTHER_LEA, meet, plan, swds
from manzanita.domain.rules.local import local_rule

_INITIAL, _REEVALUATION = "10", "40"
_NOT_ELIGIBLE, _PARTICIPATING = "4", "1"
_ADOPTED = "3"
_IS_HELD = pl.col("24.15") != ""


def _two_leas(_setting: Setting) -> pl.Expr:
    sort = (pl.col("24.14") != "") | (pl.col("24.17") == "Y")
    return _IS_HELD & sort & (pl.col("twins.leas").list.len() > 1)


def _two_leas_message(row: Row) -> str:
    return (
        f"The same meeting of {spoken_date(row['24.15'])} is reported by {' and '.join(row['twins.leas'])}: the LEA "
        "that held it reports it."
    )


def _no_outcome(_setting: Setting) -> pl.Expr:
    return _IS_HELD & (pl.col("24.14") != "") & (pl.col("24.16") == "")


def _stray_outcome(_setting: Setting) -> pl.Expr:
    is_pending = (pl.col("24.10") != "") & ~_IS_HELD
    return (pl.col("24.16") != "") & ((pl.col("24.14") == "") | is_pending)


def _stray_outcome_message(row: Row) -> str:
    if not row["24.15"]:
        return f"24.16 gives outcome {row['24.16']} of an evaluation that is pending: it is known after the meeting."
    return f"24.16 gives outcome {row['24.16']}, and 24.14 says that nothing was evaluated."


def _second_initial(_setting: Setting) -> pl.Expr:
    has_plan = pl.col("plan_before.type").is_in(["100", "200"]) & (pl.col("plan_before.reason") != _ADOPTED)
    participates = (pl.col("status_then.code") == _PARTICIPATING) & (
        pl.col("status_then.on") < pl.col("24.15")
    )
    return _IS_HELD & (pl.col("24.14") == _INITIAL) & has_plan & participates


def _second_initial_message(row: Row) -> str:
    return (
        f"The initial evaluation of {spoken_date(row['24.15'])} is of a student who has had a plan since "
        f"{spoken_date(row['plan_before.on'])} at the latest and participates since "
        f"{spoken_date(row['status_then.on'])}: a later evaluation is a reevaluation (40)."
    )


def _not_eligible(_setting: Setting) -> pl.Expr:
    goes_on = ((pl.col("24.17") == "Y") & (pl.col("24.14") != _INITIAL)) | (pl.col("24.14") == _REEVALUATION)
    ended = (pl.col("status_then.code") == _NOT_ELIGIBLE) & (pl.col("status_then.on") < pl.col("24.15"))
    return _IS_HELD & goes_on & ended


def _not_eligible_message(row: Row) -> str:
    what = "reevaluation" if row["24.14"] == _REEVALUATION else "plan review"
    return (
        f"A {what} was held on {spoken_date(row['24.15'])}, and the student is not eligible (status 4) since "
        f"{spoken_date(row['status_then.on'])}."
    )


def rules() -> list[Rule]:
    initial = {"24.14": "10", "24.16": "20", "24.17": "N", "24.13": "20260801"}
    again = {"24.14": "40", "24.16": "20"}
    ended = swds({"22.11": "20260914", "22.12": "4", "22.13": "21"})
    before = plan({"23.12": "20250915"})
    return [
        local_rule(
            code="MZ-MEET-TWO-LEAS",
            title="One meeting reported by two LEAs",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("twins",),
            fields=("24.04", "24.14", "24.15", "24.17"),
            meaning="A meeting is reported once, by the LEA that reports the student. Two LEAs that report a meeting "
            "of the same sort on the same day mean the same one. Meetings of other sorts on that day do not count.",
            case="Both the county's infant program and the district sent Fern's transition meeting.",
            fix="Let the LEA that did not hold the meeting delete its record.",
            owner=Owner.COORDINATOR,
            source="documentation.calpads.org, special education reporting responsibilities",
            wrong=_two_leas,
            message=_two_leas_message,
            group=lambda row: f"{row['24.06']}/{row['24.15']}",
            passes=[
                {"MEET": [meet(), meet({"24.04": OTHER_LEA, "24.15": "20260916"})]},
                {"MEET": [meet(), meet({"24.04": OTHER_LEA, "24.17": "N", "24.14": "40"})]},
                {"MEET": [meet({"24.15": ""}), meet({"24.15": "", "24.04": OTHER_LEA})]},
                {"MEET": [meet(), meet({"24.04": OTHER_LEA, "24.06": "9900000002"})]},
            ],
            fails=[
                {"MEET": [meet(), meet({"24.04": OTHER_LEA})]},
                {"MEET": [meet(again), meet({**again, "24.04": OTHER_LEA, "24.18": "90"})]},
            ],
        ),
        local_rule(
            code="MZ-MEET-NO-OUTCOME",
            title="Evaluation held without an outcome",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.14", "24.16"),
            meaning="An evaluation that was held says whether the student was found eligible.",
            case="Finch's team met, agreed on a plan, and left the outcome of the evaluation open.",
            fix="Enter the outcome; where the team has not decided, the meeting is not over.",
            owner=Owner.TEAM,
            source="34 CFR 300.306; cde.ca.gov special education file scenario 1c",
            wrong=_no_outcome,
            message=lambda row: (
                f"The evaluation (type {row['24.14']}) was held on {spoken_date(row['24.15'])}, and 24.16 does not say "
                "whether the student is eligible."
            ),
            passes=[
                {"MEET": [meet(again)]},
                {"MEET": [meet()]},
                {"MEET": [meet({"24.14": "10", "24.15": "", "24.10": "20260915"})]},
            ],
            fails=[{"MEET": [meet({"24.14": "40"})]}, {"MEET": [meet({**initial, "24.16": ""})]}],
        ),
        local_rule(
            code="MZ-MEET-STRAY-OUTCOME",
            title="Outcome without an evaluation",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.14", "24.15", "24.16"),
            meaning="Only an evaluation that was held has an outcome. A plan review decides nothing about "
            "eligibility, and a pending evaluation is not decided.",
            case="Wigeon's annual review was entered with outcome 20, as in the year of the evaluation.",
            fix="Clear the outcome, or enter the evaluation type where the meeting was one.",
            owner=Owner.TEAM,
            source="34 CFR 300.305(e), 300.306; cde.ca.gov special education file scenario 1a",
            wrong=_stray_outcome,
            message=_stray_outcome_message,
            passes=[
                {"MEET": [meet()]},
                {"MEET": [meet(again)]},
                {"MEET": [meet({"24.16": "", "24.15": ""})]},
            ],
            fails=[
                {"MEET": [meet({"24.16": "20"})]},
                {"MEET": [meet({**initial, "24.15": "", "24.10": "20260801"})]},
            ],
        ),
        local_rule(
            code="MZ-MEET-SECOND-INITIAL",
            title="Initial evaluation of a student who has a plan",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("status_then", "plan_before"),
            fields=("24.14", "24.15"),
            meaning="Who participates with an IEP or ISP is reevaluated (type 40); an initial evaluation (10) is for "
            "a child who has none. A plan that was only adopted from another LEA does not count: a student from "
            "another state is evaluated anew.",
            case="Towhee's triennial was entered as an initial evaluation.",
            fix="Change the evaluation type to 40, or correct the status and the plan.",
            owner=Owner.TEAM,
            source="34 CFR 300.301, 300.303, 300.323(f)",
            wrong=_second_initial,
            message=_second_initial_message,
            passes=[
                {"MEET": [meet(initial)], "SWDS": [swds()], "PLAN": [plan({"23.12": "20260915"})]},
                {"MEET": [meet({**initial, "24.14": "40"})], "SWDS": [swds()], "PLAN": [before]},
                {
                    "MEET": [meet(initial)],
                    "SWDS": [swds()],
                    "PLAN": [plan({"23.12": "20250915", "23.13": "3"})],
                },
                {
                    "MEET": [meet(initial)],
                    "SWDS": [swds()],
                    "PLAN": [plan({"23.12": "20250915", "23.11": "150"})],
                },
                {"MEET": [meet(initial)], "SWDS": [swds(), ended], "PLAN": [before]},
                {"MEET": [meet({**initial, "24.14": ""})], "SWDS": [swds()], "PLAN": [before]},
            ],
            fails=[
                {"MEET": [meet(initial)], "SWDS": [swds()], "PLAN": [plan({"23.12": "20260914"})]},
                {
                    "MEET": [meet(initial)],
                    "SWDS": [swds()],
                    "PLAN": [plan({"23.12": "20250915", "23.11": "200"})],
                },
            ],
        ),
        local_rule(
            code="MZ-MEET-NOT-ELIGIBLE",
            title="Meeting after eligibility ended",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("status_then",),
            fields=("24.14", "24.15", "24.17"),
            meaning="While a student is not eligible (status 4), no plan is reviewed and nobody is reevaluated. Who "
            "is referred again has an initial evaluation.",
            case="Plover was found no longer eligible in spring, and an annual review stands in autumn.",
            fix="Correct the meeting's date or student; where the student is eligible, send the status.",
            owner=Owner.COORDINATOR,
            source="34 CFR 300.305(e); documentation.calpads.org Report 16.21",
            wrong=_not_eligible,
            message=_not_eligible_message,
            passes=[
                {
                    "MEET": [meet()],
                    "SWDS": [swds(), swds({"22.11": "20260915", "22.12": "4", "22.13": "21"})],
                },
                {"MEET": [meet()], "SWDS": [swds()]},
                {"MEET": [meet()], "SWDS": []},
                {"MEET": [meet(initial)], "SWDS": [swds(), ended]},
                {"MEET": [meet({"24.15": "", "24.10": "20260915"})], "SWDS": [ended]},
            ],
            fails=[
                {"MEET": [meet()], "SWDS": [swds(), ended]},
                {"MEET": [meet({**again, "24.17": "N"})], "SWDS": [swds(), ended]},
            ],
        ),
    ]
