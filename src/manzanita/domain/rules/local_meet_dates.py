"""Local rules about the days of a meeting: order, today, birth, and the pending record of one still to come."""

from __future__ import annotations

import polars as pl

from manzanita.domain.clocks.evaluation import CONSENT_DAYS
from manzanita.domain.findings import Owner
from manzanita.domain.rules.ages import count_of, day_count
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date, state_date
from manzanita.domain.rules.examples import meet, senr, sinf
from manzanita.domain.rules.local import days_after, local_rule

_INITIAL = "10"
_IS_PENDING = (pl.col("24.10") != "") & (pl.col("24.15") == "")
_SCENARIOS = "cde.ca.gov special education file scenarios 1a, 1b, 1c"


def _future(setting: Setting) -> pl.Expr:
    return pl.col("24.15") > state_date(setting.as_of)


def _before_birth(_setting: Setting) -> pl.Expr:
    return (pl.col("24.15") != "") & (pl.col("birth.on") != "") & (pl.col("24.15") < pl.col("birth.on"))


def _consent_order(_setting: Setting) -> pl.Expr:
    referred, consent, on = pl.col("24.11"), pl.col("24.13"), pl.col("24.15")
    before_referral = (referred != "") & (consent != "") & (consent < referred)
    return before_referral | ((consent != "") & (on != "") & (on < consent))


def _consent_order_message(row: Row) -> str:
    consent = spoken_date(row["24.13"])
    parts = []
    if row["24.11"] > row["24.13"]:
        parts.append(f"the referral of {spoken_date(row['24.11'])}")
    text = f"Consent to evaluate of {consent} lies before {parts[0]}" if parts else ""
    if row["24.15"] and row["24.15"] < row["24.13"]:
        held = f"he meeting of {spoken_date(row['24.15'])} was held before consent to evaluate of {consent}"
        text = f"{text}, and t{held}" if text else f"T{held}"
    return f"{text}."


def _consent_marks(row: Row) -> tuple[str, ...]:
    referral = ("24.11",) if row["24.11"] > row["24.13"] else ()
    meeting = ("24.15",) if row["24.15"] and row["24.15"] < row["24.13"] else ()
    return (*referral, "24.13", *meeting)


def _no_consent(_setting: Setting) -> pl.Expr:
    is_known = (pl.col("24.15") != "") | (pl.col("24.10") != "")
    return (pl.col("24.14") == _INITIAL) & (pl.col("24.13") == "") & is_known


def _pending_late(setting: Setting) -> pl.Expr:
    """Overdue on the day it is reported for, or today with nothing held since."""
    day = pl.max_horizontal(day_count("24.10"), pl.lit(count_of(setting.as_of)))
    is_open = pl.col("held_since.on") < pl.col("24.10")
    is_initial = _IS_PENDING & (pl.col("24.14") == _INITIAL) & (pl.col("24.18") == "")
    return is_initial & is_open & (day - day_count("24.13") > CONSENT_DAYS)


def _pending_held(_setting: Setting) -> pl.Expr:
    return _IS_PENDING & (pl.col("24.14") != "") & (pl.col("held_since.on") >= pl.col("24.10"))


def _pending_both(_setting: Setting) -> pl.Expr:
    return (pl.col("24.10") != "") & (pl.col("24.15") != "")


def rules() -> list[Rule]:
    initial = {"24.14": "10", "24.16": "20", "24.17": "N", "24.13": "20260801", "24.15": "20260915"}
    pending = {**initial, "24.15": "", "24.16": "", "24.10": "20261001", "24.13": "20261001"}
    return [
        local_rule(
            code="MZ-MEET-FUTURE",
            title="Meeting on a day to come",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.15",),
            meaning="The meeting date is the day on which the meeting was held. A meeting that is still to come has "
            "none; an initial evaluation is reported as pending instead.",
            case="On November 23 the file says that Alder's team met on December 1.",
            fix="Correct the year or the day, or take the record back until the meeting is held.",
            owner=Owner.TEAM,
            source=_SCENARIOS,
            wrong=_future,
            message=lambda row: (
                f"The meeting is said to be held on {spoken_date(row['24.15'])}, a day that has not come yet."
            ),
            passes=[
                {"MEET": [meet({"24.15": "20261123"})]},
                {"MEET": [meet({"24.15": "", "24.10": "20270101"})]},
            ],
            fails=[{"MEET": [meet({"24.15": "20261124"})]}, {"MEET": [meet({"24.15": "20360915"})]}],
        ),
        local_rule(
            code="MZ-MEET-BEFORE-BIRTH",
            title="Meeting before the student was born",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("birth",),
            fields=("24.15",),
            meaning="No meeting about a student is held before the student is born. Either date is wrong, or the "
            "SSID on the meeting is somebody else's.",
            case="Linnet's SSID stands on an older sibling's meeting.",
            fix="Check the SSID and the meeting date; correct the date of birth in the SIS where that is wrong.",
            owner=Owner.COORDINATOR,
            source="local: the same for plans is the state's rule PLAN0714F1",
            wrong=_before_birth,
            message=lambda row: (
                f"The meeting was held on {spoken_date(row['24.15'])}, before the student was born on "
                f"{spoken_date(row['birth.on'])}."
            ),
            passes=[
                {"MEET": [meet()], "SENR": [senr({"1.17": "20260915"})]},
                {"MEET": [meet()], "SENR": [senr({"1.17": ""})]},
                {"MEET": [meet({"24.15": "", "24.10": "20100101"})], "SENR": [senr()]},
            ],
            fails=[
                {"MEET": [meet()], "SENR": [senr({"1.17": "20260916"})]},
                {"MEET": [meet({"24.15": "20150915"})], "SENR": [senr({"1.17": ""})], "SINF": [sinf()]},
            ],
        ),
        local_rule(
            code="MZ-MEET-CONSENT-ORDER",
            title="Referral, consent and meeting in the wrong order",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.11", "24.13", "24.15"),
            meaning="A student is referred, the parent consents to an assessment plan, and the team meets on its "
            "results. Consent on the day of the referral is possible, and so is a meeting on the day of consent.",
            case="Sorrel's consent carries the date of the year before, or the evaluation began without one.",
            fix="Correct the date that is wrong. An evaluation that was held without consent is for the coordinator.",
            owner=Owner.TEAM,
            source="Education Code 56321; 34 CFR 300.300(a)",
            wrong=_consent_order,
            message=_consent_order_message,
            marks=_consent_marks,
            passes=[
                {"MEET": [meet({**initial, "24.11": "20260801"})]},
                {"MEET": [meet({**initial, "24.13": "20260915"})]},
                {"MEET": [meet({**initial, "24.11": "20270101", "24.13": ""})]},
                {"MEET": [meet({**pending, "24.11": "20260930"})]},
            ],
            fails=[
                {"MEET": [meet({**initial, "24.11": "20260802"})]},
                {"MEET": [meet({**initial, "24.13": "20260916"})]},
                {"MEET": [meet({**pending, "24.11": "20261002"})]},
            ],
        ),
        local_rule(
            code="MZ-MEET-NO-CONSENT",
            title="Initial evaluation without a consent date",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.13", "24.14"),
            meaning="An initial evaluation says when the parent consented to it: nobody is evaluated for the first "
            "time without consent, and the 60 days are counted from that day.",
            case="Teal's evaluation was typed in from paper, and the consent form lay in another folder.",
            fix="Enter the date on which the signed assessment plan was received.",
            owner=Owner.TEAM,
            source="34 CFR 300.300(a); Report 16.25",
            wrong=_no_consent,
            message=lambda row: (
                f"The initial evaluation {_when(row)} has no date of the parent's consent in 24.13, so nobody can "
                "tell whether it was in time."
            ),
            passes=[
                {"MEET": [meet(initial)]},
                {"MEET": [meet(pending)]},
                {"MEET": [meet({"24.14": "40", "24.13": ""})]},
                {"MEET": [meet({**initial, "24.13": "", "24.15": ""})]},
            ],
            fails=[{"MEET": [meet({**initial, "24.13": ""})]}, {"MEET": [meet({**pending, "24.13": ""})]}],
        ),
        local_rule(
            code="MZ-MEET-PENDING-LATE",
            title="Pending initial evaluation overdue without a delay code",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("held_since",),
            fields=("24.10", "24.13", "24.18"),
            meaning="An initial evaluation is pending without a delay code for 60 days from consent. After that it "
            "is reported again, as of the day of reporting and with the reason.",
            case="Quail's consent is of September 24; it is November 23, the meeting is not held, and the state "
            "still has the first pending record.",
            fix="Hold the meeting; until then report the evaluation as pending today, with the delay code.",
            owner=Owner.TEAM,
            source=f"{_SCENARIOS}; Report 16.25",
            wrong=_pending_late,
            message=lambda row: (
                f"Consent was received on {spoken_date(row['24.13'])}; the pending evaluation is overdue since "
                f"{days_after(row['24.13'], CONSENT_DAYS)}, and 24.18 gives no delay code."
            ),
            passes=[
                {"MEET": [meet({**pending, "24.13": "20260924"})]},
                {"MEET": [meet({**pending, "24.13": "20260923", "24.18": "20"})]},
                {"MEET": [meet({**pending, "24.13": ""})]},
                {"MEET": [meet({**pending, "24.13": "20260701"}), meet({**initial, "24.15": "20261001"})]},
            ],
            fails=[
                {"MEET": [meet({**pending, "24.13": "20260923"})]},
                {"MEET": [meet({**pending, "24.13": "20260801"})]},
            ],
        ),
        local_rule(
            code="MZ-MEET-PENDING-HELD",
            title="Evaluation pending and held",
            records=("MEET",),
            subjects=("MEET",),
            contexts=("held_since",),
            fields=("24.10", "24.14"),
            meaning="A pending record stands for an evaluation that is not held yet. Once it is held, the record of "
            "the meeting takes its place; both have keys of their own, so the state keeps the pending one until "
            "it is told to delete it. No page prints how it counts the two.",
            case="Robin's evaluation was held in October, and the pending record of September is still there.",
            fix="Delete the pending record.",
            owner=Owner.COORDINATOR,
            source=f"{_SCENARIOS}; retired rule SPED0521F1",
            wrong=_pending_held,
            message=lambda row: (
                f"The evaluation is pending as of {spoken_date(row['24.10'])}, and one of the same type was held on "
                f"{spoken_date(row['held_since.on'])}."
            ),
            passes=[
                {"MEET": [meet(pending), meet({**initial, "24.15": "20260930"})]},
                {"MEET": [meet(pending), meet({"24.14": "40", "24.15": "20261101"})]},
                {"MEET": [meet(pending), meet({"24.15": "20261101"})]},
            ],
            fails=[
                {"MEET": [meet(pending), meet({**initial, "24.15": "20261001"})]},
                {"MEET": [meet({**pending, "24.18": "20"}), meet({**initial, "24.15": "20261101"})]},
            ],
        ),
        local_rule(
            code="MZ-MEET-PENDING-BOTH",
            title="Meeting date and pending date on one record",
            records=("MEET",),
            subjects=("MEET",),
            fields=("24.10", "24.15"),
            meaning="A record is of a meeting that was held or of one that is pending, never of both.",
            case="The clerk typed the day of Merlin's meeting into the pending record.",
            fix="Clear the pending date of a meeting that was held.",
            owner=Owner.COORDINATOR,
            source=f"{_SCENARIOS}; the place of both fields is provisional",
            wrong=_pending_both,
            message=lambda row: (
                f"The record says that the meeting was held on {spoken_date(row['24.15'])} and that it is pending as "
                f"of {spoken_date(row['24.10'])}."
            ),
            passes=[{"MEET": [meet()]}, {"MEET": [meet(pending)]}, {"MEET": [meet({"24.15": ""})]}],
            fails=[
                {"MEET": [meet({"24.10": "20260915"})]},
                {"MEET": [meet({**pending, "24.15": "20261101"})]},
            ],
        ),
    ]


def _when(row: Row) -> str:
    return f"of {spoken_date(row['24.15'])}" if row["24.15"] else f"pending as of {spoken_date(row['24.10'])}"
