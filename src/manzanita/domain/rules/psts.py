"""Rules about one record of what became of a student after school (PSTS): the programs, and what each asks for."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.layouts import Field
from manzanita.domain.rules.declaration import FieldRule, Row, Rule, Setting
from manzanita.domain.rules.enrollment_context import ANY_NONPUBLIC_SCHOOL
from manzanita.domain.rules.examples import psts
from manzanita.domain.rules.outcome_context import SPECIAL_EDUCATION
from manzanita.domain.years import academic_year_of, first_calendar_year

# California Partnership Academy and career technical education.
CAREER_PROGRAMS = ("10", "20")
_ERROR_LIST = "schooldataleadership psts category"
_NONPUBLIC_SCHOOL = "9950011"


def career(changes: dict[str, str] | None = None) -> dict[str, str]:
    """The example student's record of a career technical program: no SELPA, no special education id."""
    return psts({"17.09": "", "17.10": "", "17.11": "20", **(changes or {})})


def _unwanted(number: str) -> Callable[[Setting], pl.Expr]:
    return lambda _setting: pl.col("17.11").is_in(list(CAREER_PROGRAMS)) & (pl.col(number) != "")


def _no_selpa(_setting: Setting) -> pl.Expr:
    return (pl.col("17.11") == SPECIAL_EDUCATION) & (pl.col("17.10") == "")


def _no_id(_record: str, field: Field) -> pl.Expr | None:
    # Judged as it stands: an id that is too long is no missing one.
    if field.number != "17.09":
        return None
    is_kept = pl.col("17.02") != "D"
    return is_kept & (pl.col("17.11") == SPECIAL_EDUCATION) & (pl.col("17.09") == "")


def _bad_selpa(_setting: Setting) -> pl.Expr:
    return (pl.col("17.10") != "") & ~pl.col("17.10").str.contains(r"^[0-9]{4}$")


def _school_is_not_nonpublic(_setting: Setting) -> pl.Expr:
    return (pl.col("17.06") != "") & (pl.col("17.05") != ANY_NONPUBLIC_SCHOOL)


def _nonpublic_school_unnamed(_setting: Setting) -> pl.Expr:
    return (pl.col("17.05") == ANY_NONPUBLIC_SCHOOL) & (pl.col("17.06") == "")


def is_too_far_ahead(setting: Setting) -> pl.Expr:
    """The record is of a year after the one that follows the day of asking."""
    first = first_calendar_year(academic_year_of(setting.as_of))
    return pl.col("17.07") > f"{first + 1}-{first + 2}"


def _unwanted_message(number: str, name: str) -> Callable[[Row], str]:
    return lambda row: (
        f"{number} {name} holds {row[number]}, but participation type {row['17.11']} is not special education: "
        "leave it empty or correct the type."
    )


def _no_selpa_message(row: Row) -> str:
    return f"Participation type {row['17.11']}, special education, needs 17.10 Reporting SELPA."


def _no_id_message(field: Field, _value: str) -> str:
    return f"Participation type {SPECIAL_EDUCATION}, special education, needs {field.number} {field.name}."


def _selpa_message(row: Row) -> str:
    return f'17.10 Reporting SELPA holds "{row["17.10"]}", and a SELPA is four digits.'


def _not_nonpublic_message(row: Row) -> str:
    return (
        f"17.06 names the nonpublic school {row['17.06']}, and 17.05 School of Attendance holds "
        f"{row['17.05'] or 'nothing'}: with a nonpublic school it is {ANY_NONPUBLIC_SCHOOL}."
    )


def _unnamed_message(row: Row) -> str:
    return f"17.05 holds {row['17.05']}, a nonpublic school, and 17.06 does not say which."


def _ahead_message(row: Row) -> str:
    return f"17.07 Academic Year ID holds {row['17.07']}, which is more than one year ahead."


def field_rules() -> list[FieldRule]:
    return [
        FieldRule(
            code="PSTS0478",
            title="No special education id",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("PSTS",),
            fields=("17.09",),
            meaning="Records of special education (type 30) have the student's local special education id.",
            fix="Enter the id that the special education system gives the student.",
            owner=Owner.COORDINATOR,
            source=_ERROR_LIST,
            confidence="seen",
            wrong=_no_id,
            message=_no_id_message,
            passes=[{"PSTS": [psts()]}, {"PSTS": [career()]}, {"PSTS": [psts({"17.11": "", "17.09": ""})]}],
            fails=[{"PSTS": [psts({"17.09": ""})]}],
        ),
    ]


def rules() -> list[Rule]:
    return [
        Rule(
            code="PSTS0475",
            title="SELPA on a career program",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("PSTS",),
            subjects=("PSTS",),
            fields=("17.10", "17.11"),
            meaning="Only records of special education (type 30) name a SELPA; with types 10 and 20 it stays empty.",
            fix="Clear the SELPA, or correct the participation type.",
            owner=Owner.SIS,
            source="https://documentation.calpads.org/Troubleshooting/PSTS/PSTS0475",
            confidence="seen",
            wrong=_unwanted("17.10"),
            message=_unwanted_message("17.10", "Reporting SELPA"),
            passes=[
                {"PSTS": [career()]},
                {"PSTS": [career({"17.11": "10"})]},
                {"PSTS": [psts()]},
                {"PSTS": [psts({"17.11": ""})]},
            ],
            fails=[
                {"PSTS": [career({"17.10": "9901"})]},
                {"PSTS": [career({"17.11": "10", "17.10": "9901"})]},
            ],
        ),
        Rule(
            code="PSTS0476",
            title="No SELPA on special education",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("PSTS",),
            subjects=("PSTS",),
            fields=("17.10", "17.11"),
            meaning="Records of special education (type 30) name the reporting SELPA. The list of errors repeats the "
            "text of PSTS0475 here; that this is its counterpart is inferred.",
            fix="Enter the SELPA of the reporting LEA.",
            owner=Owner.COORDINATOR,
            source=_ERROR_LIST,
            confidence="inferred",
            wrong=_no_selpa,
            message=_no_selpa_message,
            passes=[{"PSTS": [psts()]}, {"PSTS": [career()]}, {"PSTS": [psts({"17.11": "", "17.10": ""})]}],
            fails=[{"PSTS": [psts({"17.10": ""})]}],
        ),
        Rule(
            code="PSTS0477",
            title="Special education id on a career program",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("PSTS",),
            subjects=("PSTS",),
            fields=("17.09", "17.11"),
            meaning="Only records of special education (type 30) have the local special education id; with types 10 "
            "and 20 it stays empty.",
            fix="Clear the id, or correct the participation type.",
            owner=Owner.SIS,
            source="https://documentation.calpads.org/Troubleshooting/PSTS/PSTS0477",
            confidence="seen",
            wrong=_unwanted("17.09"),
            message=_unwanted_message("17.09", "Local Special Education Student ID"),
            passes=[{"PSTS": [career()]}, {"PSTS": [psts()]}, {"PSTS": [psts({"17.11": ""})]}],
            fails=[
                {"PSTS": [career({"17.09": "SE-1"})]},
                {"PSTS": [career({"17.11": "10", "17.09": "SE-1"})]},
            ],
        ),
        Rule(
            code="PSTS0485",
            title="SELPA is not four digits",
            kind="input",
            phase="input",
            severity=Severity.WARNING,
            records=("PSTS",),
            subjects=("PSTS",),
            fields=("17.10",),
            meaning="The SELPA is a valid code of four digits. Only the digits are judged here: whether the state has "
            "such a SELPA stands in a table we do not have. No page prints a severity, so this warns.",
            fix="Correct the SELPA where the file comes from and export again as text.",
            owner=Owner.COORDINATOR,
            source=_ERROR_LIST,
            confidence="seen",
            wrong=_bad_selpa,
            message=_selpa_message,
            passes=[{"PSTS": [psts()]}, {"PSTS": [career()]}, {"PSTS": [psts({"17.10": "0001"})]}],
            fails=[{"PSTS": [psts({"17.10": "901"})]}, {"PSTS": [psts({"17.10": "99O1"})]}],
        ),
        Rule(
            code="PSTS0003",
            title="Nonpublic school beside another school",
            kind="input",
            phase="input",
            severity=Severity.WARNING,
            records=("PSTS",),
            subjects=("PSTS",),
            fields=("17.05", "17.06"),
            meaning="Where a nonpublic school is named, the school of attendance is 0000001. No page prints a "
            "severity, so this warns.",
            fix="Write 0000001 as the school of attendance, or clear the nonpublic school.",
            owner=Owner.SIS,
            source=_ERROR_LIST,
            confidence="seen",
            wrong=_school_is_not_nonpublic,
            message=_not_nonpublic_message,
            passes=[
                {"PSTS": [psts()]},
                {"PSTS": [psts({"17.05": "0000001", "17.06": _NONPUBLIC_SCHOOL})]},
            ],
            fails=[
                {"PSTS": [psts({"17.06": _NONPUBLIC_SCHOOL})]},
                {"PSTS": [psts({"17.05": "", "17.06": _NONPUBLIC_SCHOOL})]},
                {"PSTS": [psts({"17.05": "0000002", "17.06": _NONPUBLIC_SCHOOL})]},
            ],
        ),
        Rule(
            code="PSTS0004",
            title="Nonpublic school not named",
            kind="input",
            phase="input",
            severity=Severity.WARNING,
            records=("PSTS",),
            subjects=("PSTS",),
            fields=("17.05", "17.06"),
            meaning="Where the school of attendance is 0000001, 17.06 says which nonpublic school it was. No page "
            "prints a severity, so this warns.",
            fix="Enter the code of the nonpublic school, or the public school that the student attended.",
            owner=Owner.SIS,
            source=_ERROR_LIST,
            confidence="seen",
            wrong=_nonpublic_school_unnamed,
            message=_unnamed_message,
            passes=[
                {"PSTS": [psts()]},
                {"PSTS": [psts({"17.05": "0000001", "17.06": _NONPUBLIC_SCHOOL})]},
                {"PSTS": [psts({"17.05": "0000002"})]},
                {"PSTS": [psts({"17.05": ""})]},
            ],
            fails=[{"PSTS": [psts({"17.05": "0000001"})]}],
        ),
        Rule(
            code="PSTS0006",
            title="Academic year too far ahead",
            kind="input",
            phase="input",
            severity=Severity.WARNING,
            records=("PSTS",),
            subjects=("PSTS",),
            fields=("17.07",),
            meaning="The academic year is at most one year ahead of today's. That it is a year at all is checked by "
            "MZ-YEAR. No page prints a severity, so this warns.",
            fix="Correct the academic year.",
            owner=Owner.COORDINATOR,
            source=_ERROR_LIST,
            confidence="seen",
            wrong=is_too_far_ahead,
            message=_ahead_message,
            passes=[
                {"PSTS": [psts()]},
                {"PSTS": [psts({"17.07": "2027-2028"})]},
                {"PSTS": [psts({"17.07": ""})]},
            ],
            fails=[{"PSTS": [psts({"17.07": "2028-2029"})]}],
        ),
    ]
