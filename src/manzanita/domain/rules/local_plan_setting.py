"""Local rules about the setting of a plan, and the fields that are asked of some settings only."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner
from manzanita.domain.rules.ages import YEAR, months_old
from manzanita.domain.rules.declaration import Row, Rule, Setting
from manzanita.domain.rules.examples import plan, senr
from manzanita.domain.rules.local import clearing, local_rule

_IEP, _IFSP, _ISP = "100", "150", "200"
_INFANT_SETTINGS = ("102", "103", "104")
_REGULAR_PRESCHOOL = "201"


def _filled(number: str) -> pl.Expr:
    return pl.col(number) != ""


def _age_at_start() -> pl.Expr:
    return months_old("birth.on", "23.12")


def _setting_type(_setting: Setting) -> pl.Expr:
    is_infant = pl.col("23.20").is_in(list(_INFANT_SETTINGS))
    other = pl.col("23.11").is_in([_IEP, _ISP]) & is_infant
    return _filled("23.20") & (other | ((pl.col("23.11") == _IFSP) & ~is_infant))


def _setting_type_message(row: Row) -> str:
    if row["23.11"] == _IFSP:
        return (
            f"The plan is an IFSP (150), and setting {row['23.20']} is not one of an infant (102, 103, 104)."
        )
    return f"The plan is of type {row['23.11']}, and setting {row['23.20']} is one of an infant with an IFSP."


def _infant_fields(_setting: Setting) -> pl.Expr:
    return pl.col("23.11").is_in([_IEP, _ISP]) & (_filled("23.19") | _filled("23.35"))


def _preschool_fields(_setting: Setting) -> pl.Expr:
    elsewhere = _filled("23.20") & (pl.col("23.20") != _REGULAR_PRESCHOOL)
    return elsewhere & (_filled("23.21") | _filled("23.22"))


def _ten_hours(_setting: Setting) -> pl.Expr:
    is_preschool = (pl.col("23.20") == _REGULAR_PRESCHOOL) & (pl.col("23.22") == "")
    return is_preschool & _age_at_start().is_between(3 * YEAR, 6 * YEAR, closed="left")


def rules() -> list[Rule]:
    infant = {"23.11": "150", "23.20": "102", "23.23": ""}
    preschool = {"23.20": "201", "23.21": "1", "23.22": "Y", "23.23": ""}
    return [
        local_rule(
            code="MZ-PLAN-SETTING-TYPE",
            title="Setting of another sort of plan",
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.11", "23.20"),
            meaning="An infant's IFSP has a setting of infants (102 home, 103 community, 104 other), and no other plan "
            "has one. The name of 102 is provisional.",
            case="Rail turned three, and the first IEP was copied from the IFSP with setting 102.",
            fix="Correct the setting, or the plan type.",
            owner=Owner.TEAM,
            source="34 CFR 303.26; PLAN0362E1 asks the same by age",
            wrong=_setting_type,
            message=_setting_type_message,
            passes=[
                {"PLAN": [plan(infant)]},
                {"PLAN": [plan(preschool)]},
                {"PLAN": [plan({"23.11": "150", "23.20": ""})]},
                {"PLAN": [plan({"23.11": "", "23.20": "102"})]},
            ],
            fails=[
                {"PLAN": [plan({**infant, "23.11": "100"})]},
                {"PLAN": [plan({**infant, "23.20": "200"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-INFANT-FIELDS",
            title="Fields of an infant on another plan",
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.11", "23.19", "23.35"),
            meaning="Eligibility for a regional center's services (23.19) and the plan for the move from Part C to "
            "Part B (23.35) are asked of an IFSP only.",
            case="Rail's first IEP still answers whether the IFSP plans the move to preschool.",
            fix="Clear the fields, or correct the plan type.",
            owner=Owner.COORDINATOR,
            source="PLAN0724F1; the place of 23.19 follows from the retired field 14.30",
            wrong=_infant_fields,
            message=lambda row: (
                f"The plan is of type {row['23.11']} and fills {_names(row, '23.19', '23.35')}; only an IFSP does."
            ),
            marks=lambda row: ("23.11", *_having(row, "23.19", "23.35")),
            repair=clearing(
                "23.19",
                "23.35",
                why="Both answers are about an IFSP. Of a plan of another type they say nothing; the IFSP keeps "
                "its own.",
            ),
            passes=[
                {"PLAN": [plan()]},
                {"PLAN": [plan({**infant, "23.19": "Y", "23.35": "N"})]},
                {"PLAN": [plan({"23.11": "", "23.19": "Y"})]},
            ],
            fails=[{"PLAN": [plan({"23.35": "Y"})]}, {"PLAN": [plan({"23.19": "N"})]}],
        ),
        local_rule(
            code="MZ-PLAN-PRESCHOOL-FIELDS",
            title="Fields of the regular preschool with another setting",
            records=("PLAN",),
            subjects=("PLAN",),
            fields=("23.20", "23.21", "23.22"),
            meaning="Where a child gets most services (23.21) and whether the program has ten hours a week (23.22) are "
            "asked of a regular early childhood program, setting 201, only.",
            case="Grebe went from preschool to kindergarten; the setting is new, the two answers are last year's.",
            fix="Clear both fields, or correct the setting.",
            owner=Owner.COORDINATOR,
            source="PLAN0387F1; retired SPED fields 14.32 and 14.33",
            wrong=_preschool_fields,
            message=lambda row: (
                f"The setting is {row['23.20']}, and the plan fills "
                f"{_names(row, '23.21', '23.22')}; only setting 201 does."
            ),
            marks=lambda row: ("23.20", *_having(row, "23.21", "23.22")),
            repair=clearing(
                "23.21",
                "23.22",
                why="Both answers are about a regular early childhood program. In another setting they say "
                "nothing; the plan of the time in that program keeps its own.",
            ),
            passes=[
                {"PLAN": [plan(preschool)]},
                {"PLAN": [plan()]},
                {"PLAN": [plan({"23.20": "", "23.21": "1"})]},
            ],
            fails=[{"PLAN": [plan({"23.21": "1"})]}, {"PLAN": [plan({**preschool, "23.20": "203"})]}],
        ),
        local_rule(
            code="MZ-PLAN-TEN-HOURS",
            title="Hours of the preschool program missing",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("birth",),
            fields=("23.20", "23.22"),
            meaning="For a child of three to five in a regular early childhood program (201) the state counts apart "
            "who is there ten hours a week or more. The place of the field follows from the retired SPED file.",
            case="Dunlin is in the state preschool, and nobody entered how many hours the program has.",
            fix="Enter whether the program has ten hours a week or more.",
            owner=Owner.TEAM,
            source="federal file specification FS089; retired SPED field 14.33",
            wrong=_ten_hours,
            message=lambda row: (
                f"The setting is {row['23.20']}, and 23.22 does not say whether the program has ten hours a week."
            ),
            passes=[
                {"PLAN": [plan(preschool)], "SENR": [senr({"1.17": "20230101"})]},
                {"PLAN": [plan({**preschool, "23.22": ""})], "SENR": [senr({"1.17": "20200915"})]},
                {"PLAN": [plan({**preschool, "23.22": ""})], "SENR": [senr({"1.17": "20230916"})]},
                {"PLAN": [plan({**preschool, "23.22": ""})], "SENR": [senr({"1.17": ""})]},
            ],
            fails=[
                {"PLAN": [plan({**preschool, "23.22": ""})], "SENR": [senr({"1.17": "20230915"})]},
                {"PLAN": [plan({**preschool, "23.22": ""})], "SENR": [senr({"1.17": "20200916"})]},
            ],
        ),
    ]


def _having(row: Row, *numbers: str) -> tuple[str, ...]:
    return tuple(number for number in numbers if row[number])


def _names(row: Row, *numbers: str) -> str:
    return " and ".join(_having(row, *numbers))
