"""Local rules about the status: what it says of itself, and of the student's other statuses."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.findings import Owner
from manzanita.domain.rules.context import PARTICIPATING
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import OTHER_LEA, meet, senr, swds
from manzanita.domain.rules.local import local_rule

_NOT_ELIGIBLE = "4"
_ELIGIBLE_OUTCOME, _NOT_ELIGIBLE_OUTCOME = "20", "10"
# Reason -> the only status that it can belong to, and what it says. Reasons without a sure name are not judged.
_STATUS_OF: Mapping[str, tuple[str, str]] = {
    "11": ("2", "an eligible student whose parents declined the offer"),
    "12": ("2", "an eligible student who starts later"),
    "23": ("4", "the end of eligibility at maximum age"),
}
# Ends of eligibility that no evaluation decides.
_ENDS_BY_ITSELF = ("22", "23", "24")


def _same_day(_setting: Setting) -> pl.Expr:
    disagree = pl.col("same_day.codes").list.len() > 1
    return (pl.col("22.11") != "") & disagree & (pl.col("same_day.leas").list.len() > 1)


def _no_reason(_setting: Setting) -> pl.Expr:
    return pl.col("22.12").is_in(["2", "3", "4"]) & (pl.col("22.13") == "")


def _misfit(_setting: Setting) -> pl.Expr:
    # That a reason stays empty on status 1 is the state's rule SWDS0594.
    other = pl.col("22.12").is_in(["2", "3", "4"])
    wrong = [
        (pl.col("22.13") == reason) & (pl.col("22.12") != status)
        for reason, (status, _) in _STATUS_OF.items()
    ]
    return other & pl.any_horizontal(wrong)


def _misfit_message(row: Row) -> str:
    status, says = _STATUS_OF[row["22.13"]]
    return f"The status is {row['22.12']}, and reason {row['22.13']} is of {says}: status {status}."


def _before_birth(_setting: Setting) -> pl.Expr:
    return (pl.col("22.11") != "") & (pl.col("birth.on") != "") & (pl.col("22.11") < pl.col("birth.on"))


def _entry_later(_setting: Setting) -> pl.Expr:
    return (pl.col("22.12") == PARTICIPATING) & (pl.col("22.11") != "") & (pl.col("22.10") > pl.col("22.11"))


def _entry_changed(_setting: Setting) -> pl.Expr:
    return (
        (pl.col("22.10") != "") & (pl.col("entry.first") != "") & (pl.col("22.10") != pl.col("entry.first"))
    )


def _other_outcome(_setting: Setting) -> pl.Expr:
    found = (pl.col("decision.outcome") == _ELIGIBLE_OUTCOME) & (pl.col("22.12") == _NOT_ELIGIBLE)
    is_sure = ~pl.col("22.13").is_in(list(_ENDS_BY_ITSELF))
    not_found = (pl.col("decision.outcome") == _NOT_ELIGIBLE_OUTCOME) & pl.col("22.12").is_in(["1", "2", "3"])
    return (found & is_sure) | not_found


def _other_outcome_message(row: Row) -> str:
    said = "eligible" if row["decision.outcome"] == _ELIGIBLE_OUTCOME else "not eligible"
    return (
        f"The evaluation of {spoken_date(row['22.11'])} found the student {said} (outcome {row['decision.outcome']}), "
        f"and the status of that day is {row['22.12']}."
    )


def rules() -> list[Rule]:
    ended = {"22.11": "20260915", "22.12": "4", "22.13": "21"}
    evaluated = {"24.14": "40", "24.16": "20"}
    return [
        local_rule(
            code="MZ-STATUS-SAME-DAY",
            title="Two statuses from one day on",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("same_day",),
            fields=("22.04", "22.11", "22.12"),
            meaning="The newest status holds, whichever LEA sent it. Of two that start on the same day and differ, "
            "nobody can say which holds. Within one LEA such lines are MZ-STATE-DUPLICATE.",
            case="One district says that Robin participates from August 20, the other that Robin is not eligible.",
            fix="Agree with the other LEA which status is right; the other one is deleted.",
            owner=Owner.COORDINATOR,
            source="documentation.calpads.org glossary: the effective record",
            wrong=_same_day,
            message=lambda row: (
                f"From {spoken_date(row['22.11'])} the student has the statuses {' and '.join(row['same_day.codes'])}, "
                f"reported by {' and '.join(row['same_day.leas'])}."
            ),
            group=lambda row: f"{row['22.06']}/{row['22.11']}",
            passes=[
                {"SWDS": [swds(), swds({"22.04": OTHER_LEA})]},
                {
                    "SWDS": [
                        swds(),
                        swds({"22.04": OTHER_LEA, "22.12": "4", "22.13": "21", "22.11": "20240111"}),
                    ]
                },
                {"SWDS": [swds(), swds({"22.04": OTHER_LEA, "22.12": "4", "22.06": "9900000002"})]},
                {"SWDS": [swds({"22.11": ""}), swds({"22.11": "", "22.04": OTHER_LEA, "22.12": "4"})]},
            ],
            fails=[{"SWDS": [swds(), swds({"22.04": OTHER_LEA, "22.12": "4", "22.13": "21"})]}],
        ),
        local_rule(
            code="MZ-STATUS-NO-REASON",
            title="No reason for not participating",
            records=("SWDS",),
            subjects=("SWDS",),
            fields=("22.12", "22.13"),
            meaning="Statuses 2, 3 and 4 say why the student does not participate; the state counts them by reason. "
            "That the reason stays empty on status 1 is the state's rule SWDS0594.",
            case="Plover's status 4 was sent without saying whether an evaluation or a diploma ended it.",
            fix="Choose the reason.",
            owner=Owner.COORDINATOR,
            source="Report 16.22; the state's layout of SWDS",
            wrong=_no_reason,
            message=lambda row: f"The status is {row['22.12']}, and 22.13 gives no reason.",
            passes=[
                {"SWDS": [swds()]},
                {"SWDS": [swds({"22.12": "3", "22.13": "31"})]},
                {"SWDS": [swds({"22.12": ""})]},
            ],
            fails=[{"SWDS": [swds({"22.12": "2"})]}, {"SWDS": [swds({"22.12": "4"})]}],
        ),
        local_rule(
            code="MZ-STATUS-REASON-FIT",
            title="Reason of another status",
            records=("SWDS",),
            subjects=("SWDS",),
            fields=("22.12", "22.13"),
            meaning="Reasons 11 (offer declined) and 12 (starts later) are of a student who is eligible: status 2. "
            "Reason 23 (maximum age) ends eligibility: status 4. Of other reasons no sure name is known.",
            case="Sequoia reached maximum age, and the status says eligible, not enrolled.",
            fix="Correct the status or the reason.",
            owner=Owner.COORDINATOR,
            source="sirassystems kb/571; SWDS0370E4; cde.ca.gov scenario COMEX-1a",
            wrong=_misfit,
            message=_misfit_message,
            passes=[
                {"SWDS": [swds({"22.12": "2", "22.13": "11"})]},
                {"SWDS": [swds({"22.12": "4", "22.13": "23"})]},
                {"SWDS": [swds({"22.12": "3", "22.13": "32"})]},
                {"SWDS": [swds({"22.12": "4", "22.13": ""})]},
                {"SWDS": [swds({"22.12": "1", "22.13": "11"})]},
            ],
            fails=[
                {"SWDS": [swds({"22.12": "4", "22.13": "11"})]},
                {"SWDS": [swds({"22.12": "3", "22.13": "12"})]},
                {"SWDS": [swds({"22.12": "3", "22.13": "23"})]},
            ],
        ),
        local_rule(
            code="MZ-STATUS-BEFORE-BIRTH",
            title="Status before the student was born",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("birth",),
            fields=("22.11",),
            meaning="No status starts before the student is born. Either date is wrong, or the SSID on the status is "
            "somebody else's.",
            case="A status of 2016 stands under the SSID of a child born in 2023.",
            fix="Check the SSID and the start date; correct the date of birth in the SIS where that is wrong.",
            owner=Owner.COORDINATOR,
            source="local: the same for plans is the state's rule PLAN0714F1",
            wrong=_before_birth,
            message=lambda row: (
                f"The status starts on {spoken_date(row['22.11'])}, before the student was born on "
                f"{spoken_date(row['birth.on'])}."
            ),
            passes=[
                {"SWDS": [swds()], "SENR": [senr({"1.17": "20240110"})]},
                {"SWDS": [swds()], "SENR": [senr({"1.17": ""})]},
                {"SWDS": [swds({"22.11": ""})], "SENR": [senr()]},
            ],
            fails=[
                {"SWDS": [swds()], "SENR": [senr({"1.17": "20240111"})]},
                {"SWDS": [swds({"22.11": "20160110"})], "SENR": [senr()]},
            ],
        ),
        local_rule(
            code="MZ-STATUS-ENTRY-LATER",
            title="Participating before the initial entry",
            records=("SWDS",),
            subjects=("SWDS",),
            fields=("22.10", "22.11", "22.12"),
            meaning="The initial entry date is the day on which the parent first consented to services. Nobody "
            "participates (status 1) before that.",
            case="Vireo's status starts on January 9, and consent to services is of January 10.",
            fix="Correct the initial entry date or the start of the status.",
            owner=Owner.COORDINATOR,
            source="sirassystems kb/320; Education Code 56346(a)",
            wrong=_entry_later,
            message=lambda row: (
                f"The student participates since {spoken_date(row['22.11'])}, before the first consent to services of "
                f"{spoken_date(row['22.10'])}."
            ),
            passes=[
                {"SWDS": [swds({"22.11": "20240110"})]},
                {"SWDS": [swds({"22.10": "", "22.11": "20240101"})]},
                {"SWDS": [swds({"22.11": "20240109", "22.12": "2", "22.13": "12"})]},
            ],
            fails=[{"SWDS": [swds({"22.11": "20240109"})]}, {"SWDS": [swds({"22.10": "20260901"})]}],
        ),
        local_rule(
            code="MZ-STATUS-ENTRY-CHANGED",
            title="Initial entry date changed",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("entry",),
            fields=("22.10",),
            meaning="The initial entry date is captured once and never changes, not after a transfer and not from "
            "Part C to Part B. The first status that has one says which it is. The source is a vendor's page.",
            case="The district wrote its own start date into Fern's status, and the county's had another.",
            fix="Take over the date of the first status; where that one is wrong, correct it there.",
            owner=Owner.COORDINATOR,
            source="sirassystems kb/320",
            wrong=_entry_changed,
            message=lambda row: (
                f"22.10 says {spoken_date(row['22.10'])}, and the student's first status says "
                f"{spoken_date(row['entry.first'])}."
            ),
            passes=[
                {"SWDS": [swds(), swds({**ended, "22.10": "20240110"})]},
                {"SWDS": [swds(), swds({**ended, "22.10": ""})]},
                {
                    "SWDS": [
                        swds({"22.10": "", "22.12": "2"}),
                        swds({"22.11": "20260915", "22.10": "20260915"}),
                    ]
                },
            ],
            fails=[
                {"SWDS": [swds(), swds({**ended, "22.10": "20240111"})]},
                {"SWDS": [swds(), swds({"22.04": OTHER_LEA, "22.11": "20260101", "22.10": "20260101"})]},
            ],
        ),
        local_rule(
            code="MZ-STATUS-OUTCOME",
            title="Status and outcome of the evaluation differ",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("decision",),
            fields=("22.11", "22.12"),
            meaning="A status that starts on the day of an evaluation says what the evaluation found. Diploma, maximum "
            "age and death end eligibility without one. The number of the outcome not eligible is provisional.",
            case="Knot's team found a disability, and the status of that day says not eligible.",
            fix="Correct the status, or the outcome on the meeting.",
            owner=Owner.TEAM,
            source="34 CFR 300.306; cde.ca.gov special education file scenario 1c",
            wrong=_other_outcome,
            message=_other_outcome_message,
            passes=[
                {"SWDS": [swds(ended)], "MEET": [meet({**evaluated, "24.16": "10"})]},
                {"SWDS": [swds({"22.11": "20260915"})], "MEET": [meet(evaluated)]},
                {"SWDS": [swds(ended)], "MEET": [meet({**evaluated, "24.15": "20260914"})]},
                {"SWDS": [swds({**ended, "22.13": "22"})], "MEET": [meet(evaluated)]},
                {"SWDS": [swds(ended)], "MEET": [meet({**evaluated, "24.16": ""})]},
            ],
            fails=[
                {"SWDS": [swds(ended)], "MEET": [meet(evaluated)]},
                {"SWDS": [swds({"22.11": "20260915"})], "MEET": [meet({**evaluated, "24.16": "10"})]},
            ],
        ),
    ]
