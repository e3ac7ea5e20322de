"""Rules about the status record (SWDS)."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.context import PARTICIPATING
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import OTHER_LEA, senr, swds

# No enrollment is asked for in the months between school years.
_SUMMER_MONTHS = ("06", "07", "08")
# A vendor's page says that these need no enrollment; until that is settled they only warn.
_UNSETTLED_STATUSES = ("2", "4")


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
            owner=Owner.CLERK,
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
            owner=Owner.CLERK,
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
    ]
