"""Local rules about enrollments, and about the survey of those who left."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import psts, senr, sinf, swds
from manzanita.domain.rules.local import local_rule

_NONPUBLIC = "0000001"
_SPECIAL_EDUCATION = "30"


def _nonpublic(_setting: Setting) -> pl.Expr:
    return (pl.col("1.05") != "") & ((pl.col("1.05") == _NONPUBLIC) != (pl.col("1.06") != ""))


def _nonpublic_message(row: Row) -> str:
    if row["1.05"] == _NONPUBLIC:
        return "The school is 0000001, a nonpublic school, and 1.06 does not say which one."
    return f"1.06 names the nonpublic school {row['1.06']}, and the school in 1.05 is {row['1.05']}, not 0000001."


def _other_birth(_setting: Setting) -> pl.Expr:
    return (pl.col("1.17") != "") & pl.col("births.told").is_not_null()


def _other_birth_message(row: Row) -> str:
    days = " and ".join(spoken_date(day) for day in row["births.told"])
    return f"The SIS files give this student the dates of birth {days}; rules about age need one."


def _survey() -> pl.Expr:
    return pl.col("17.11") == _SPECIAL_EDUCATION


def _still_enrolled(_setting: Setting) -> pl.Expr:
    return _survey() & (pl.col("enrolled_today.lea") != "")


def _unknown_student(_setting: Setting) -> pl.Expr:
    return _survey() & (pl.col("17.08") != "") & ~pl.col("known_status.exists")


def rules() -> list[Rule]:
    return [
        local_rule(
            code="MZ-SENR-NPS",
            title="Nonpublic school not named",
            records=("SENR",),
            subjects=("SENR",),
            fields=("1.05", "1.06"),
            meaning="A student in a nonpublic school has school 0000001 and the code of that school beside it; nobody "
            "else has such a code. The state prints this of the survey (PSTS0003, PSTS0004).",
            case="Junco's enrollment says nonpublic school, and the code of Blue Oak School is missing.",
            fix="Enter the nonpublic school, or correct the school of attendance.",
            owner=Owner.SIS,
            source="PSTS0003, PSTS0004; SENR0646F1",
            wrong=_nonpublic,
            message=_nonpublic_message,
            passes=[
                {"SENR": [senr()]},
                {"SENR": [senr({"1.05": _NONPUBLIC, "1.06": "9950011"})]},
                {"SENR": [senr({"1.05": "0000002"})]},
                {"SENR": [senr({"1.05": "", "1.06": "9950011"})]},
            ],
            fails=[{"SENR": [senr({"1.05": _NONPUBLIC})]}, {"SENR": [senr({"1.06": "9950011"})]}],
        ),
        local_rule(
            code="MZ-SENR-EXIT",
            title="Exit before the enrollment began",
            records=("SENR",),
            subjects=("SENR",),
            fields=("1.22", "1.25"),
            meaning="An enrollment ends on the day it began or later. One that never took place is a no-show.",
            case="Finch's exit carries last year's date.",
            fix="Correct the date that is wrong.",
            owner=Owner.SIS,
            source="local: the order of two dates",
            wrong=lambda _setting: (
                (pl.col("1.25") != "") & (pl.col("1.22") != "") & (pl.col("1.25") < pl.col("1.22"))
            ),
            message=lambda row: (
                f"The enrollment starts on {spoken_date(row['1.22'])} and ends before that, on "
                f"{spoken_date(row['1.25'])}."
            ),
            passes=[
                {"SENR": [senr({"1.25": "20230815"})]},
                {"SENR": [senr()]},
                {"SENR": [senr({"1.22": "", "1.25": "20230101"})]},
            ],
            fails=[{"SENR": [senr({"1.25": "20230814"})]}, {"SENR": [senr({"1.25": "20220601"})]}],
        ),
        local_rule(
            code="MZ-SENR-BIRTH",
            title="Two dates of birth",
            records=("SENR",),
            subjects=("SENR",),
            contexts=("births",),
            fields=("1.17",),
            meaning="A student has one date of birth, in every enrollment and in the demographics. Every rule about "
            "age takes the newest of the demographics; with two, one of them judges wrongly.",
            case="The kindergarten entered April 1 for Heron, the preschool January 4.",
            fix="Correct the date in the SIS, for all enrollments of the student.",
            owner=Owner.SIS,
            source="retired rule SPED0069",
            wrong=_other_birth,
            message=_other_birth_message,
            group=lambda row: str(row["1.08"]),
            passes=[
                {"SENR": [senr(), senr({"1.22": "20240815"})], "SINF": [sinf()]},
                {"SENR": [senr({"1.17": ""}), senr({"1.22": "20240815"})]},
                {"SENR": [senr()], "SINF": [sinf({"2.18": ""})]},
                {"SENR": [senr()], "SINF": [sinf({"2.18": "20160402", "2.09": "9900000002"})]},
            ],
            fails=[
                {"SENR": [senr()], "SINF": [sinf({"2.18": "20160402"})]},
                {"SENR": [senr(), senr({"1.22": "20240815", "1.17": "20160104"})]},
            ],
        ),
        local_rule(
            code="MZ-PSTS-ENROLLED",
            title="Survey of a student who is still enrolled",
            records=("PSTS",),
            subjects=("PSTS",),
            contexts=("enrolled_today",),
            fields=("17.08", "17.11"),
            meaning="The survey for special education (type 30) asks about a year after school, those who left and did "
            "not come back. Who is enrolled today is not one of them.",
            case="Oriole left with a certificate, came back for the adult program, and was surveyed as a leaver.",
            fix="Take the survey record back, or send the exit.",
            owner=Owner.COORDINATOR,
            source="PSTS0481; Report 17.4; federal indicator 14",
            wrong=_still_enrolled,
            message=lambda row: (
                f"The student of this survey record is enrolled at {row['enrolled_today.lea']} today, and has not left "
                "school."
            ),
            passes=[
                {"PSTS": [psts()], "SENR": [senr({"1.25": "20261122", "1.26": "E230"})]},
                {"PSTS": [psts()], "SENR": [senr({"1.22": "20261124"})]},
                {"PSTS": [psts({"17.11": "20"})], "SENR": [senr()]},
                {"PSTS": [psts()], "SENR": [senr({"1.26": "N470", "1.25": ""})]},
                {"PSTS": [psts({"17.08": ""})], "SENR": [senr()]},
            ],
            fails=[
                {"PSTS": [psts()], "SENR": [senr()]},
                {"PSTS": [psts()], "SENR": [senr({"1.25": "20261123", "1.26": "E230"})]},
            ],
        ),
        local_rule(
            code="MZ-PSTS-NO-STATUS",
            title="Survey of a student without special education",
            records=("PSTS",),
            subjects=("PSTS",),
            contexts=("known_status",),
            fields=("17.08", "17.11"),
            meaning="The survey for special education (type 30) is of students who were in it. One without any status "
            "record, from whichever LEA, was not, or the SSID is wrong.",
            case="A digit of Oriole's SSID was mistyped, and the survey is of somebody else's student.",
            fix="Check the SSID and the type of program.",
            owner=Owner.COORDINATOR,
            source="retired wording of PSTS0479; Report 17.4",
            wrong=_unknown_student,
            message=lambda row: (
                f"The survey record is of special education (type {row['17.11']}), and no LEA has reported a status of "
                "this student."
            ),
            passes=[
                {"PSTS": [psts()], "SWDS": [swds({"22.12": "3", "22.13": "33"})]},
                {"PSTS": [psts({"17.11": "20"})], "SWDS": []},
                {"PSTS": [psts({"17.08": ""})], "SWDS": []},
            ],
            fails=[
                {"PSTS": [psts()], "SWDS": []},
                {"PSTS": [psts()], "SWDS": [swds({"22.06": "9900000002"})]},
            ],
        ),
    ]
