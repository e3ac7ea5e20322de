"""Local rules about what one plan says of disability and of the share of general education."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import YEAR, months_old
from manzanita.domain.rules.declaration import Repair, Row, Rule, Setting
from manzanita.domain.rules.examples import plan, senr
from manzanita.domain.rules.local import local_rule

_IEP, _ISP = "100", "200"
_INFANT_SETTINGS = ("102", "103", "104")
_PRESCHOOL_SETTINGS = ("200", "201", "203", "204")
_REGULAR_SCHOOL = ("400", "500")
_SEPARATE = ("300", "301")
_NO_DISABILITY = "200"
_HALF = 50


def _filled(number: str) -> pl.Expr:
    return pl.col(number) != ""


def _age_at_start() -> pl.Expr:
    return months_old("birth.on", "23.12")


def _percent() -> pl.Expr:
    return pl.col("23.23").cast(pl.Int32, strict=False)


def _same_disability(_setting: Setting) -> pl.Expr:
    return _filled("23.15") & (pl.col("23.15") == pl.col("23.17")) & (pl.col("23.15") != _NO_DISABILITY)


def _no_disability(_setting: Setting) -> pl.Expr:
    return pl.col("23.11").is_in([_IEP, _ISP]) & (pl.col("23.15") == _NO_DISABILITY)


def _deaf_and_blind(_setting: Setting) -> pl.Expr:
    first, second = pl.col("23.15"), pl.col("23.17")
    hearing, vision = ["220", "230"], ["250"]
    return (first.is_in(hearing) & second.is_in(vision)) | (first.is_in(vision) & second.is_in(hearing))


def _percent_missing(_setting: Setting) -> pl.Expr:
    is_regular = pl.col("23.20").is_in(list(_REGULAR_SCHOOL)) & (pl.col("23.23") == "")
    return is_regular & _age_at_start().is_between(5 * YEAR, 23 * YEAR, closed="left")


def _percent_stray(_setting: Setting) -> pl.Expr:
    return _filled("23.23") & pl.col("23.20").is_in([*_INFANT_SETTINGS, *_PRESCHOOL_SETTINGS])


def _percent_separate(_setting: Setting) -> pl.Expr:
    return pl.col("23.20").is_in(list(_SEPARATE)) & (_percent() > _HALF)


def _percent_range(_setting: Setting) -> pl.Expr:
    return (_percent() > 100) | (_percent() < 0)


def _without_second(row: Row) -> dict[str, str]:
    """The second disability goes with its degree of support, where that says no more than the first one's."""
    if row["23.18"] not in ("", row["23.16"]):
        return {}
    return {number: "" for number in ("23.17", "23.18") if row[number]}


def rules() -> list[Rule]:
    infant = {"23.11": "150", "23.20": "102", "23.23": ""}
    preschool = {"23.20": "201", "23.21": "1", "23.22": "Y", "23.23": ""}
    return [
        local_rule(
            code="MZ-PLAN-DISABILITY-TWICE",
            title="Same disability twice",
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.15", "23.17"),
            meaning="The second disability is another than the first. A student with one disability has no second.",
            case="Heron's plan names speech or language impairment as the first and as the second disability.",
            fix="Clear the second disability, or enter the one that was meant.",
            owner=Owner.TEAM,
            source="34 CFR 300.8; the state's layout of PLAN",
            wrong=_same_disability,
            message=lambda row: f"Disability 1 (23.15) and disability 2 (23.17) are both {row['23.15']}.",
            repair=Repair(
                _without_second,
                why="Both fields name one disability, and the first stays. Where the degrees of support differ "
                "nothing is proposed, as it is not certain which one holds.",
            ),
            passes=[
                {"PLAN": [plan()]},
                {"PLAN": [plan({"23.17": "220"})]},
                {"PLAN": [plan({"23.15": "", "23.17": ""})]},
            ],
            fails=[{"PLAN": [plan({"23.17": "240"})]}, {"PLAN": [plan({"23.15": "290", "23.17": "290"})]}],
        ),
        local_rule(
            code="MZ-PLAN-NO-DISABILITY",
            title="Plan without a disability",
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.11", "23.15"),
            meaning="An IEP or a services plan is for a student with a disability, so the first disability is not 200, "
            "None. As the second one, 200 says that there is only one.",
            case="Siskin was found eligible, and the field still holds what it held before the evaluation.",
            fix="Enter the disability that the team found.",
            owner=Owner.TEAM,
            source="34 CFR 300.8(a), 300.306; 5 CCR 3030",
            wrong=_no_disability,
            message=lambda row: (
                f"The plan is of type {row['23.11']}, and disability 1 (23.15) is 200: no disability at all."
            ),
            passes=[
                {"PLAN": [plan({"23.17": "200"})]},
                {"PLAN": [plan({**infant, "23.15": "200"})]},
                {"PLAN": [plan({"23.15": ""})]},
            ],
            fails=[
                {"PLAN": [plan({"23.15": "200"})]},
                {"PLAN": [plan({"23.11": "200", "23.20": "403", "23.15": "200"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-DEAF-BLIND",
            title="Hearing and vision named apart",
            severity=Severity.INFO,
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.15", "23.17"),
            meaning="A loss of hearing and one of vision that together cause needs which neither program alone can "
            "meet are a disability of their own, deaf-blindness (300). Whether that is so the team decides, so this "
            "only informs.",
            case="Loon's plan names deaf and, as the second disability, visual impairment.",
            fix="Ask the team whether deaf-blindness describes the student. If not, nothing is to be done.",
            owner=Owner.TEAM,
            source="34 CFR 300.8(c)(2)",
            wrong=_deaf_and_blind,
            message=lambda row: (
                f"Disabilities {row['23.15']} and {row['23.17']} are hearing and vision; together they may be "
                "deaf-blindness (300)."
            ),
            passes=[
                {"PLAN": [plan({"23.15": "300", "23.16": "ESN"})]},
                {"PLAN": [plan({"23.15": "230", "23.17": "240"})]},
                {"PLAN": [plan({"23.15": "250", "23.17": ""})]},
            ],
            fails=[
                {"PLAN": [plan({"23.15": "230", "23.17": "250"})]},
                {"PLAN": [plan({"23.15": "250", "23.17": "220"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-PERCENT-MISSING",
            title="Share of general education missing",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("birth",),
            fields=("23.20", "23.23"),
            meaning="A plan with setting 400 or 500 of a student of five or more says how much of the day is general "
            "education; without it the student stands in no column of the setting count.",
            case="Osprey's plan was amended, and the percentage was lost on the way.",
            fix="Enter the share of the day in general education, 0 to 100.",
            owner=Owner.TEAM,
            source="retired rules SPED0389F1 and CERT167; Report 16.13",
            wrong=_percent_missing,
            message=lambda row: (
                f"The setting is {row['23.20']}, and 23.23 does not say how much of the day is general education."
            ),
            passes=[
                {"PLAN": [plan()], "SENR": [senr()]},
                {"PLAN": [plan({"23.23": "0"})], "SENR": [senr()]},
                {"PLAN": [plan({"23.23": ""})], "SENR": [senr({"1.17": "20210916"})]},
                {"PLAN": [plan({"23.23": "", "23.20": "402"})], "SENR": [senr()]},
                {"PLAN": [plan({"23.23": ""})], "SENR": [senr({"1.17": ""})]},
            ],
            fails=[
                {"PLAN": [plan({"23.23": ""})], "SENR": [senr()]},
                {"PLAN": [plan({"23.23": "", "23.20": "500"})], "SENR": [senr({"1.17": "20210915"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-PERCENT-STRAY",
            title="Share of general education in a setting before school age",
            severity=Severity.INFO,
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.20", "23.23"),
            meaning="Settings of infants and preschool are not counted by the share of general education. That the "
            "field stays empty then is general knowledge and printed nowhere we could read, so this only informs.",
            case="Grebe's preschool plan says 80 percent of general education beside setting 203.",
            fix="Clear the percentage, or correct the setting.",
            owner=Owner.COORDINATOR,
            source="retired rule SPED0389F1, turned around",
            wrong=_percent_stray,
            message=lambda row: (
                f"The setting is {row['23.20']}, for which 23.23 is not asked; it holds {row['23.23']}."
            ),
            passes=[{"PLAN": [plan()]}, {"PLAN": [plan(preschool)]}, {"PLAN": [plan({"23.20": ""})]}],
            fails=[
                {"PLAN": [plan({**preschool, "23.23": "80"})]},
                {"PLAN": [plan({**infant, "23.23": "0"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-PERCENT-SEPARATE",
            title="More than half in general education, in a separate school",
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.20", "23.23"),
            meaning="A student counts for a separate school (300) or residential facility (301) who is served there "
            "for more than half of the day, so that general education is half of it at most.",
            case="Condor's plan says separate school, and 85 percent from the plan before.",
            fix="Correct the percentage or the setting.",
            owner=Owner.TEAM,
            source="federal file specification FS002",
            wrong=_percent_separate,
            message=lambda row: (
                f"The setting is {row['23.20']}, where more than half of the day is special education, and 23.23 says "
                f"{row['23.23']} percent of general education."
            ),
            passes=[
                {"PLAN": [plan({"23.20": "300", "23.23": "50"})]},
                {"PLAN": [plan({"23.20": "301", "23.23": ""})]},
                {"PLAN": [plan({"23.23": "100"})]},
            ],
            fails=[
                {"PLAN": [plan({"23.20": "300", "23.23": "51"})]},
                {"PLAN": [plan({"23.20": "301", "23.23": "85"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-PERCENT-RANGE",
            title="More than a hundred percent",
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.23",),
            meaning="The share of the day in general education is a number from 0 to 100.",
            case="Somebody typed Merlin's minutes, 360, into the percentage.",
            fix="Enter the share of the day in percent.",
            owner=Owner.COORDINATOR,
            source="the state's layout of PLAN",
            wrong=_percent_range,
            message=lambda row: (
                f"23.23 says {row['23.23']} percent of general education; 100 is the whole day."
            ),
            passes=[
                {"PLAN": [plan({"23.23": "100"})]},
                {"PLAN": [plan({"23.23": "0"})]},
                {"PLAN": [plan({"23.23": ""})]},
            ],
            fails=[{"PLAN": [plan({"23.23": "101"})]}, {"PLAN": [plan({"23.23": "360"})]}],
        ),
    ]
