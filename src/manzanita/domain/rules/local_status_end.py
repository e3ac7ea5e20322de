"""Local rules about a status that should have ended, or that has no plan."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from manzanita.domain.clocks.ages import LAST_YEARS
from manzanita.domain.findings import Owner
from manzanita.domain.rules.ages import LAST
from manzanita.domain.rules.context import PARTICIPATING
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date, state_date
from manzanita.domain.rules.examples import OTHER_LEA, plan, senr, swds
from manzanita.domain.rules.local import local_rule, years_after

_DIPLOMA = "100"
# Ways to complete school that leave a student eligible who does not come back.
_NO_DIPLOMA = ("120", "320", "330", "360")
_DAYS_TO_SEND = 30


def _ago(setting: Setting, days: int) -> str:
    return state_date(setting.as_of - timedelta(days=days))


def _is_newest(*codes: str) -> pl.Expr:
    return pl.col("newest_status.is_it") & pl.col("22.12").is_in(list(codes))


def _long_completed(setting: Setting, codes: tuple[str, ...]) -> pl.Expr:
    on = pl.col("completion.on")
    is_so = pl.col("completion.code").is_in(list(codes)) & (on != "")
    return is_so & (on < _ago(setting, _DAYS_TO_SEND)) & (pl.col("22.11") <= on)


def _after_diploma(setting: Setting) -> pl.Expr:
    return _is_newest("1", "2", "3") & _long_completed(setting, (_DIPLOMA,))


def _after_completion(setting: Setting) -> pl.Expr:
    is_gone = _long_completed(setting, _NO_DIPLOMA) & pl.col("completion.is_last")
    return _is_newest(PARTICIPATING) & is_gone


def _too_old(setting: Setting) -> pl.Expr:
    return _is_newest("1", "2", "3") & (pl.lit(int(state_date(setting.as_of))) > pl.col(LAST))


def _no_plan(setting: Setting) -> pl.Expr:
    is_old = pl.col("22.11") < _ago(setting, _DAYS_TO_SEND)
    return _is_newest(PARTICIPATING) & is_old & ~pl.col("plan_exists.anywhere")


def _diploma_message(row: Row) -> str:
    return (
        f"The student graduated with a standard diploma (100) on {spoken_date(row['completion.on'])}, and the newest "
        f"status, of {spoken_date(row['22.11'])}, is {row['22.12']}: eligibility has ended (4)."
    )


def _completed_message(row: Row) -> str:
    return (
        f"The student completed school (status {row['completion.code']}) on {spoken_date(row['completion.on'])} and "
        f"has no later enrollment; the newest status, of {spoken_date(row['22.11'])}, still says participating."
    )


def rules() -> list[Rule]:
    def left(code: str, day: str = "20261023") -> dict[str, str]:
        return senr({"1.25": day, "1.26": "E230", "1.27": code})

    ended = swds({"22.11": "20261024", "22.12": "4", "22.13": "22"})
    return [
        local_rule(
            code="MZ-STATUS-DIPLOMA",
            title="Still eligible after the diploma",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("newest_status", "completion"),
            fields=("22.11", "22.12"),
            meaning="A regular high school diploma ends eligibility, so status 4 follows it. Certificates and "
            "equivalency do not. The rule speaks thirty days after the exit, so that the status has time to come.",
            case="Redwood graduated in June, and in autumn the state still counts the student as participating.",
            fix="Send status 4 as of the day of graduation; correct the completion code in the SIS where it is wrong.",
            owner=Owner.COORDINATOR,
            source="34 CFR 300.102(a)(3); Education Code 56026.1",
            wrong=_after_diploma,
            message=_diploma_message,
            passes=[
                {"SWDS": [swds()], "SENR": [left("100", "20261024")]},
                {"SWDS": [swds(), ended], "SENR": [left("100")]},
                {"SWDS": [swds()], "SENR": [left("120")]},
                {"SWDS": [swds()], "SENR": [left("")]},
                {"SWDS": [swds({"22.11": "20261024"})], "SENR": [left("100")]},
            ],
            fails=[
                {"SWDS": [swds()], "SENR": [left("100")]},
                {"SWDS": [swds({"22.12": "3", "22.13": "32"})], "SENR": [left("100", "20260605")]},
            ],
        ),
        local_rule(
            code="MZ-STATUS-COMPLETED",
            title="Still participating after completing school",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("newest_status", "completion"),
            fields=("22.11", "22.12"),
            meaning="Who left with a certificate, an equivalency or without graduating, and does not come back, stays "
            "eligible below maximum age and is not enrolled: status 3. The rule speaks thirty days after the exit, "
            "and not while any enrollment goes on.",
            case="Cypress left in June with a certificate of completion, and status 1 was never changed.",
            fix="Send status 3 as of the exit, or the enrollment with which the student came back.",
            owner=Owner.COORDINATOR,
            source="cde.ca.gov special education file scenario COMEX-1a",
            wrong=_after_completion,
            message=_completed_message,
            passes=[
                {"SWDS": [swds()], "SENR": [left("120", "20261024")]},
                {"SWDS": [swds()], "SENR": [left("120"), senr({"1.22": "20261101"})]},
                {
                    "SWDS": [swds(), swds({"22.11": "20261023", "22.12": "3", "22.13": "33"})],
                    "SENR": [left("120")],
                },
                {"SWDS": [swds()], "SENR": [left("")]},
            ],
            fails=[
                {"SWDS": [swds()], "SENR": [left("120")]},
                {"SWDS": [swds({"22.04": OTHER_LEA})], "SENR": [senr({"1.25": "20250606"}), left("360")]},
            ],
        ),
        local_rule(
            code="MZ-STATUS-MAX-AGE",
            title="Still eligible after the last school year",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("newest_status", "birth"),
            fields=("22.11", "22.12"),
            meaning="Eligibility ends at the latest with the school year in which the 22nd birthday lies; for "
            "birthdays in the first half of a school year it mostly ends earlier. After that June 30 the status is 4.",
            case="Sequoia turned 22 in March 2026; in November the newest status is still 1.",
            fix="Send status 4 with the reason of maximum age, or correct the date of birth in the SIS.",
            owner=Owner.COORDINATOR,
            source="Education Code 56026(c)(4)",
            wrong=_too_old,
            message=lambda row: (
                f"The student turned 22 on {years_after(row['birth.on'], LAST_YEARS)}, the school year of that day has "
                f"ended, and the newest status, of {spoken_date(row['22.11'])}, is {row['22.12']}."
            ),
            passes=[
                {"SWDS": [swds()], "SENR": [senr({"1.17": "20040701"})]},
                {"SWDS": [swds(), ended], "SENR": [senr({"1.17": "20040630"})]},
                {"SWDS": [swds()], "SENR": [senr({"1.17": ""})]},
            ],
            fails=[
                {"SWDS": [swds()], "SENR": [senr({"1.17": "20040630"})]},
                {"SWDS": [swds({"22.12": "3", "22.13": "32"})], "SENR": [senr({"1.17": "20030101"})]},
            ],
        ),
        local_rule(
            code="MZ-STATUS-NO-PLAN",
            title="Participating without any plan",
            records=("SWDS",),
            subjects=("SWDS",),
            contexts=("newest_status", "plan_exists"),
            fields=("22.06", "22.11", "22.12"),
            meaning="To participate is to be served under a plan. A student whose status is 1 for more than thirty "
            "days has a plan from some LEA. SENR0606F1 asks for one at the LEA of enrollment on Census Day.",
            case="Bunting's status was sent in January, the plan waits for a signature that was given long ago.",
            fix="Send the plan and its services, or correct the status.",
            owner=Owner.COORDINATOR,
            source="34 CFR 300.323; sirassystems kb/481",
            wrong=_no_plan,
            message=lambda row: (
                f"The student participates since {spoken_date(row['22.11'])} (status 1), and no LEA has "
                "reported a plan."
            ),
            passes=[
                {"SWDS": [swds({"22.11": "20261024"})], "PLAN": []},
                {"SWDS": [swds()], "PLAN": [plan({"23.04": OTHER_LEA})]},
                {"SWDS": [swds(), swds({"22.11": "20260915", "22.12": "2", "22.13": "13"})], "PLAN": []},
                {"SWDS": [swds({"22.11": ""})], "PLAN": []},
            ],
            fails=[
                {"SWDS": [swds({"22.11": "20261023"})], "PLAN": []},
                {"SWDS": [swds()], "PLAN": [plan({"23.06": "9900000002"})]},
            ],
        ),
    ]
