"""Rules about the status record (SWDS)."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import YEAR, months_old
from manzanita.domain.rules.context import PARTICIPATING
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import OTHER_LEA, meet, senr, sinf, swds

# No enrollment is asked for in the months between school years.
_SUMMER_MONTHS = ("06", "07", "08")
# A vendor's page says that these need no enrollment; until that is settled they only warn.
_UNSETTLED_STATUSES = ("2", "4")

_MAXIMUM_AGE_REASON = "23"
_MAXIMUM_AGE = 21
_ELIGIBLE = ("1", "2", "3")
# Status 3 says where the student is; the others say what was determined.
_DETERMINED = ("1", "2", "4")
_EOY4 = "https://documentation.staging.calpads.org/Troubleshooting/EOY4/"


def _reason_on_participating(_setting: Setting) -> pl.Expr:
    return (pl.col("22.12") == PARTICIPATING) & (pl.col("22.13") != "")


def _no_enrollment(_setting: Setting) -> pl.Expr:
    in_summer = pl.col("22.11").str.slice(4, 2).is_in(list(_SUMMER_MONTHS))
    has_key = (pl.col("22.11") != "") & (pl.col("22.06") != "") & (pl.col("22.04") != "")
    return has_key & ~in_summer & ~pl.col("enrollment.covers")


def _is_unsettled() -> pl.Expr:
    return pl.col("22.12").is_in(list(_UNSETTLED_STATUSES))


def _repeats(_setting: Setting) -> pl.Expr:
    return (pl.col("22.12") != "") & (pl.col("22.12") == pl.col("previous_status.code"))


def _too_young(_setting: Setting) -> pl.Expr:
    is_younger = months_old("birth.on", "22.11") < _MAXIMUM_AGE * YEAR
    return (pl.col("22.13") == _MAXIMUM_AGE_REASON) & is_younger


def _no_age(_setting: Setting) -> pl.Expr:
    return (pl.col("22.13") == _MAXIMUM_AGE_REASON) & (pl.col("22.11") != "") & (pl.col("birth.on") == "")


def _no_meeting(setting: Setting) -> pl.Expr:
    in_year = pl.col("22.11").is_between(pl.lit(setting.first_day), pl.lit(setting.last_day))
    is_determined = (pl.col("22.06") != "") & pl.col("22.12").is_in(list(_DETERMINED))
    # Who was eligible before and is so now was determined by whoever said it first.
    is_still_eligible = pl.col("previous_status.code").is_in(list(_ELIGIBLE)) & (pl.col("22.12") != "4")
    return (
        in_year
        & is_determined
        & ~is_still_eligible
        & pl.col("here.is_enrolled")
        & ~pl.col("here.has_meeting")
    )


def _too_young_message(row: Row) -> str:
    return (
        f"22.13 Non-Participation Reason Code holds {row['22.13']}, the maximum age, and the student, born on "
        f"{spoken_date(row['birth.on'])}, is not yet {_MAXIMUM_AGE} when the status starts on "
        f"{spoken_date(row['22.11'])}."
    )


def _no_meeting_message(row: Row) -> str:
    return (
        f"{row['22.04']} reports status {row['22.12']} from {spoken_date(row['22.11'])} and has no meeting record of "
        "this student: a meeting there determined the status, so one is sent."
    )


def _reason_message(row: Row) -> str:
    return (
        f"22.13 Non-Participation Reason Code holds {row['22.13']}, but status 1 says that the student "
        "participates: leave the reason empty or correct the status."
    )


def _enrollment_message(row: Row) -> str:
    return (
        f"The status starts on {spoken_date(row['22.11'])}, and no enrollment of this student at "
        f"{row['22.04']} covers that day."
    )


def _repeat_message(row: Row) -> str:
    return (
        f"The status is {row['22.12']} already since {spoken_date(row['previous_status.on'])}: a status that does "
        "not change is not sent again, also not after a transfer."
    )


def _aged_out(day: str) -> dict[str, str]:
    return swds({"22.11": day, "22.12": "4", "22.13": _MAXIMUM_AGE_REASON})


def _this_year(changes: dict[str, str] | None = None) -> dict[str, str]:
    return swds({"22.11": "20260915", **(changes or {})})


def rules() -> list[Rule]:
    return [
        Rule(
            code="SWDS0594",
            title="Reason for not participating on a participating student",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("SWDS",),
            subjects=("SWDS",),
            fields=("22.12", "22.13"),
            meaning="The reason for not participating stays empty while the status is 1, eligible and participating.",
            fix="Clear the reason, or choose the status that the reason belongs to.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/SWDS/SWDS0594",
            confidence="seen",
            wrong=_reason_on_participating,
            message=_reason_message,
            passes=[{"SWDS": [swds()]}, {"SWDS": [swds({"22.12": "2", "22.13": "11"})]}],
            fails=[{"SWDS": [swds({"22.13": "11"})]}],
        ),
        Rule(
            code="GERR0005",
            title="No enrollment on the status date",
            kind="input",
            phase="input",
            severity=Severity.FATAL,
            records=("SWDS", "SENR"),
            subjects=("SWDS",),
            contexts=("enrollment",),
            fields=("22.04", "22.06", "22.11", "22.12"),
            meaning="The start date of a status lies inside an enrollment of the student at the reporting LEA; a "
            "secondary enrollment does not count, the first and the last day do. Dates in June, July and August are "
            "not checked. For statuses 2 and 4 this is a warning, because sources disagree.",
            fix="Correct the enrollment in the student information system, or the status date.",
            sis_fix="Send the enrollment that covers the day. Where there was none, tell the SEDS coordinator, who "
            "corrects the status.",
            owner=Owner.SIS,
            source="https://documentation.staging.calpads.org/Troubleshooting/SWDS/GERR0005/",
            confidence="seen",
            wrong=_no_enrollment,
            softened=_is_unsettled,
            message=_enrollment_message,
            passes=[
                {"SWDS": [swds()], "SENR": [senr()]},
                {"SWDS": [swds({"22.11": "20260915"})], "SENR": [senr({"1.25": "20260915"})]},
                {"SWDS": [swds({"22.11": "20230715"})], "SENR": [senr()]},
            ],
            fails=[
                {"SWDS": [swds()], "SENR": [senr({"1.04": OTHER_LEA})]},
                {"SWDS": [swds()], "SENR": [senr({"1.23": "20"})]},
                {"SWDS": [swds()], "SENR": [senr({"1.25": "20240109"})]},
                {"SWDS": [swds({"22.12": "4"})], "SENR": []},
            ],
        ),
        Rule(
            code="SWDS0618",
            title="Status repeated",
            kind="input",
            phase="input",
            severity=Severity.WARNING,
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("previous_status",),
            fields=("22.11", "22.12"),
            meaning="A new status record says the same status as the newest earlier one, whichever LEA sent that. "
            "The source is a vendor's paraphrase and names no severity, so this warns.",
            fix="Take the status record back; after a transfer send the plan and its services only.",
            owner=Owner.COORDINATOR,
            source="sirassystems kb/320",
            confidence="seen_vendor",
            wrong=_repeats,
            message=_repeat_message,
            passes=[
                {"SWDS": [swds()]},
                {"SWDS": [swds({"22.11": "20260105"}), swds({"22.12": "2", "22.13": "11"})]},
            ],
            fails=[{"SWDS": [swds({"22.11": "20260105", "22.04": OTHER_LEA}), swds()]}],
        ),
        Rule(
            code="SWDS0370E4",
            title="Maximum age not reached",
            kind="discrepancy",
            phase="eoy1",
            severity=Severity.FATAL,
            presumed_from="2025-2026",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("birth",),
            fields=("22.11", "22.13"),
            meaning="A student whose reason for not participating is 23, maximum age, is 21 or older on the day the "
            "status starts. Printed for EOY 4 only, which ended with 2024-25: since then this warns.",
            fix="Choose the reason that holds, or correct the start date of the status or the birth date in the SIS.",
            owner=Owner.COORDINATOR,
            source=f"{_EOY4}SWDS0370E4/",
            confidence="seen",
            wrong=_too_young,
            undecided=_no_age,
            undecided_reason="the birth date is missing (1.17 in SENR, 2.18 in SINF)",
            message=_too_young_message,
            passes=[
                {"SWDS": [_aged_out("20260605")], "SENR": [senr({"1.17": "20050605"})]},
                {"SWDS": [_aged_out("20260605")], "SENR": [senr({"1.17": "20040229"})]},
                {"SWDS": [swds({"22.12": "4", "22.13": "22"})], "SENR": [senr()]},
                {"SWDS": [swds()], "SENR": [senr({"1.17": ""})]},
                {"SWDS": [_aged_out("")], "SENR": [senr()]},
            ],
            fails=[
                {"SWDS": [_aged_out("20260605")], "SENR": [senr({"1.17": "20050606"})]},
                {"SWDS": [_aged_out("20260228")], "SENR": [senr({"1.17": "20050301"})]},
                {
                    "SWDS": [_aged_out("20260605")],
                    "SENR": [senr({"1.17": "20050101"})],
                    "SINF": [sinf({"2.18": "20060101"})],
                },
            ],
        ),
        Rule(
            code="SWDS0605E4",
            title="Status without a meeting",
            kind="discrepancy",
            phase="eoy1",
            severity=Severity.FATAL,
            presumed_from="2025-2026",
            records=("SWDS", "MEET"),
            subjects=("SWDS",),
            contexts=("here", "previous_status"),
            fields=("22.04", "22.11", "22.12"),
            meaning="An LEA that determines a student's eligibility has at least one meeting record of the student. "
            "The page does not say which statuses are asked: here, statuses 1, 2 and 4 that start in the academic "
            "year, of a student who is enrolled at that LEA in that year; but not 1 or 2 of a student who was eligible "
            "before. Printed for EOY 4 only, which ended with 2024-25: since then this warns.",
            fix="Send the meeting that determined the status; or take the status back where another LEA determined it.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/EOY4/SWDS0605E4",
            confidence="seen",
            wrong=_no_meeting,
            message=_no_meeting_message,
            passes=[
                {"SWDS": [_this_year()], "MEET": [meet()], "SENR": [senr()]},
                {
                    "SWDS": [_this_year()],
                    "MEET": [meet({"24.15": "", "24.10": "20260901"})],
                    "SENR": [senr()],
                },
                {"SWDS": [swds({"22.11": "20260630"})], "MEET": [], "SENR": [senr()]},
                {"SWDS": [swds({"22.11": "20270701"})], "MEET": [], "SENR": [senr()]},
                {"SWDS": [_this_year({"22.12": "3"})], "MEET": [], "SENR": [senr()]},
                {"SWDS": [_this_year()], "MEET": [], "SENR": []},
                {"SWDS": [_this_year()], "MEET": [], "SENR": [senr({"1.25": "20260630"})]},
                {"SWDS": [_this_year()], "MEET": [], "SENR": [senr({"1.23": "20"})]},
                {"SWDS": [_this_year({"22.12": ""})], "MEET": [], "SENR": [senr()]},
                {
                    "SWDS": [_this_year(), swds({"22.04": OTHER_LEA, "22.12": "2", "22.13": "12"})],
                    "MEET": [],
                    "SENR": [senr()],
                },
                {"SWDS": [swds({"22.11": ""})], "MEET": [], "SENR": [senr()]},
            ],
            fails=[
                {"SWDS": [_this_year()], "MEET": [], "SENR": [senr()]},
                {"SWDS": [_this_year()], "MEET": [meet({"24.04": OTHER_LEA})], "SENR": [senr()]},
                {"SWDS": [swds({"22.11": "20260701"})], "MEET": [], "SENR": [senr({"1.25": "20260701"})]},
                {"SWDS": [swds({"22.11": "20270630"})], "MEET": [], "SENR": [senr()]},
                {"SWDS": [_this_year({"22.12": "4"}), swds()], "MEET": [], "SENR": [senr()]},
                {"SWDS": [_this_year(), swds({"22.12": "4"})], "MEET": [], "SENR": [senr()]},
            ],
        ),
    ]
