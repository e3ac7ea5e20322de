"""Rules that set PSTS beside the exits of the year before, beside the student's other PSTS, and by school."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import LEA, OTHER_LEA, SSID, psts, senr, swds
from manzanita.domain.rules.outcome_context import COMPLETED, SPECIAL_EDUCATION
from manzanita.domain.rules.psts import career, is_too_far_ahead

_CAREER_TECHNICAL = "20"
_ERROR_LIST = "schooldataleadership psts category"


def _left(changes: dict[str, str] | None = None) -> dict[str, str]:
    """The example student, graduated on the last day of school of 2025-2026."""
    end = {"1.24": "12", "1.25": "20260605", "1.26": "E230", "1.27": "100", "1.35": "N"}
    return senr({**end, **(changes or {})})


def _is_judged(setting: Setting, program: str) -> pl.Expr:
    # Of a year that is too far ahead PSTS0006 speaks.
    has_key = (pl.col("17.08") != "") & (pl.col("17.07") != "")
    return (pl.col("17.11") == program) & has_key & ~is_too_far_ahead(setting)


def _no_completer(setting: Setting) -> pl.Expr:
    return _is_judged(setting, _CAREER_TECHNICAL) & ~pl.col("leaving.is_completer")


def _no_leaver(setting: Setting) -> pl.Expr:
    return _is_judged(setting, SPECIAL_EDUCATION) & ~pl.col("leaving.has_left")


def _not_alone(_setting: Setting) -> pl.Expr:
    is_status = (pl.col("17.08") != "") & (pl.col("17.12") != "")
    return is_status & pl.col("same_outcomes.has_exclusive") & (pl.col("same_outcomes.count") > 1)


def _is_silent(_setting: Setting) -> pl.Expr:
    return pl.col("school.is_silent")


def _year_before(row: Row) -> str:
    first = int(row["17.07"][:4])
    return f"{first - 1}-{first}"


def _no_completer_message(row: Row) -> str:
    return (
        f"Participation type {row['17.11']} for {row['17.07']} needs an enrollment that ended in {_year_before(row)} "
        f"with one of the completion statuses {', '.join(COMPLETED)}, and this student has none."
    )


def _no_leaver_message(row: Row) -> str:
    return (
        f"The record is of {row['17.07']}, so the student left school in {_year_before(row)}, and no enrollment of "
        "this student ended then with a completion status or an exit reason that counts as leaving school."
    )


def _not_alone_message(row: Row) -> str:
    return (
        f"The student has the postsecondary statuses {row['same_outcomes.codes']} in {row['17.07']}, and 950 or 960 "
        "excludes every other one."
    )


def _student_program(row: Row) -> str:
    return f"{row['17.08']}/{row['17.11']}/{row['17.07']}"


def _silent_message(row: Row) -> str:
    count = row["school.leavers"]
    left = "One student" if count == 1 else f"{count} students"
    school = f"{row['1.05']} (nonpublic school {row['1.06']})" if row["1.06"] else row["1.05"]
    return (
        f"{left} in special education completed school at {school} of {row['1.04']} in the year before, one on "
        f"{spoken_date(row['1.25'])}, and no record of participation type 30 names that school."
    )


def rules() -> list[Rule]:
    return [
        Rule(
            code="PSTS0480F2",
            title="No exit of a career technical student",
            kind="discrepancy",
            phase="fall2",
            severity=Severity.FATAL,
            records=("PSTS",),
            subjects=("PSTS",),
            contexts=("leaving",),
            fields=("17.07", "17.08", "17.11"),
            meaning="A record of type 20 is of a student whose enrollment ended in the year before with a completion "
            "status 100, 120, 250, 320, 330 or 360. The days of the window are not printed: an exit from July 1 to "
            "August 15 of the year after counts here, at any LEA.",
            fix="Correct exit date and completion status in the SIS, or the academic year of the record.",
            owner=Owner.SIS,
            source="https://documentation.calpads.org/Troubleshooting/Fall2/PSTS0480F2",
            confidence="seen",
            wrong=_no_completer,
            message=_no_completer_message,
            passes=[
                {"PSTS": [career()], "SENR": [_left()]},
                {"PSTS": [career()], "SENR": [_left({"1.25": "20250701"})]},
                {"PSTS": [career()], "SENR": [_left({"1.25": "20260815", "1.27": "360", "1.04": OTHER_LEA})]},
                {"PSTS": [career({"17.07": ""})], "SENR": []},
                {"PSTS": [career({"17.07": "2028-2029"})], "SENR": []},
                {"PSTS": [career({"17.11": "10"})], "SENR": []},
            ],
            fails=[
                {"PSTS": [career()], "SENR": []},
                {"PSTS": [career()], "SENR": [_left({"1.25": "20250630"})]},
                {"PSTS": [career()], "SENR": [_left({"1.25": "20260816"})]},
                {"PSTS": [career()], "SENR": [_left({"1.27": ""})]},
                {"PSTS": [career()], "SENR": [_left({"1.27": "480"})]},
                {"PSTS": [career()], "SENR": [_left({"1.25": ""})]},
            ],
        ),
        Rule(
            code="PSTS0481",
            title="No exit of a special education student",
            kind="input",
            phase="input",
            severity=Severity.WARNING,
            records=("PSTS",),
            subjects=("PSTS",),
            contexts=("leaving",),
            fields=("17.07", "17.08", "17.11"),
            meaning="A record of type 30 is of a student whose enrollment ended in the year before with a completion "
            "status, or with an exit reason of leaving school. Which these are is taken from the state's report 17.4. "
            "No page prints a severity, so this warns.",
            fix="Correct the exit in the SIS, or the academic year of the record.",
            owner=Owner.SIS,
            source=_ERROR_LIST,
            confidence="seen",
            wrong=_no_leaver,
            message=_no_leaver_message,
            passes=[
                {"PSTS": [psts()], "SENR": [_left()]},
                {"PSTS": [psts()], "SENR": [_left({"1.26": "E140", "1.27": ""})]},
                {"PSTS": [psts()], "SENR": [_left({"1.25": "20260815"})]},
                {"PSTS": [psts({"17.08": ""})], "SENR": []},
                {"PSTS": [psts({"17.07": "2028-2029"})], "SENR": []},
                {"PSTS": [career()], "SENR": []},
            ],
            fails=[
                {"PSTS": [psts()], "SENR": [_left({"1.25": "20260816"})]},
                {"PSTS": [psts()], "SENR": [_left({"1.25": "20250605"})]},
                {"PSTS": [psts()], "SENR": [_left({"1.26": "T160", "1.27": ""})]},
                {"PSTS": [psts()], "SENR": [_left({"1.26": "", "1.27": ""})]},
            ],
        ),
        Rule(
            code="PSTS0482",
            title="A status that stands alone beside another",
            kind="input",
            phase="input",
            severity=Severity.WARNING,
            records=("PSTS",),
            subjects=("PSTS",),
            contexts=("same_outcomes",),
            fields=("17.08", "17.12"),
            meaning="Whoever has the postsecondary status 950 or 960 has no other one. Records of one program and year "
            "are judged together. No page prints a severity, so this warns.",
            fix="Delete the record with 950 or 960 where the student has answered after all; else delete the others.",
            owner=Owner.COORDINATOR,
            source=_ERROR_LIST,
            confidence="seen",
            wrong=_not_alone,
            message=_not_alone_message,
            group=_student_program,
            passes=[
                {"PSTS": [psts({"17.12": "950"})]},
                {"PSTS": [psts(), psts({"17.12": "200"})]},
                {"PSTS": [psts({"17.12": "950"}), psts({"17.12": ""})]},
                {"PSTS": [psts({"17.12": "950"}), psts({"17.07": "2025-2026"})]},
                {"PSTS": [psts({"17.12": "960"}), psts({"17.08": "9900000002"})]},
            ],
            fails=[
                {"PSTS": [psts(), psts({"17.12": "950"})]},
                {"PSTS": [psts({"17.12": "950"}), psts({"17.12": "960"})]},
                {"PSTS": [psts({"17.12": "960"}), psts({"17.04": OTHER_LEA})]},
            ],
        ),
        Rule(
            code="CERT170",
            title="School without postsecondary records",
            kind="certification",
            phase="eoy1",
            severity=Severity.WARNING,
            records=("PSTS",),
            subjects=("SENR",),
            contexts=("school",),
            fields=("1.04", "1.05", "1.06"),
            meaning="A school has no record of type 30 in the academic year. The page does not say which schools are "
            "asked: here, those at which a student in special education completed school in the year before. It is "
            "told once a school, at the first of these students.",
            fix="Enter what became of the students who left that school, or send the records that are there.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/EOY1/CERT170",
            confidence="seen",
            wrong=_is_silent,
            message=_silent_message,
            passes=[
                {"PSTS": [psts()], "SENR": [_left()], "SWDS": [swds()]},
                # Another student of the same school was asked.
                {
                    "PSTS": [psts({"17.08": "9900000002"})],
                    "SENR": [_left(), _left({"1.08": "9900000002"})],
                    "SWDS": [swds(), swds({"22.06": "9900000002"})],
                },
                {"PSTS": [], "SENR": [_left()], "SWDS": []},
                {"PSTS": [], "SENR": [_left()], "SWDS": [swds(), swds({"22.11": "20260604", "22.12": "4"})]},
                {"PSTS": [], "SENR": [_left({"1.25": "20250630"})], "SWDS": [swds()]},
                {"PSTS": [], "SENR": [_left({"1.27": ""})], "SWDS": [swds()]},
                {"PSTS": [], "SENR": [_left({"1.05": ""})], "SWDS": [swds()]},
            ],
            fails=[
                {"PSTS": [], "SENR": [_left()], "SWDS": [swds()]},
                {"PSTS": [career()], "SENR": [_left()], "SWDS": [swds()]},
                {"PSTS": [psts({"17.07": "2025-2026"})], "SENR": [_left()], "SWDS": [swds()]},
                {"PSTS": [psts({"17.04": OTHER_LEA})], "SENR": [_left({"1.04": LEA})], "SWDS": [swds()]},
                # The status of the day of leaving says that it is over.
                {
                    "PSTS": [],
                    "SENR": [_left({"1.08": SSID})],
                    "SWDS": [swds(), swds({"22.11": "20260605", "22.12": "4"})],
                },
            ],
        ),
    ]
