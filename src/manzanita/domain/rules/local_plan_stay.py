"""Local rules about a plan beside enrollment, status and services."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from manzanita.domain.findings import Owner
from manzanita.domain.rules.context import NO_SHOW, PARTICIPATING, PRIMARY, SHORT_TERM
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date, state_date
from manzanita.domain.rules.examples import OTHER_LEA, plan, senr, serv, swds
from manzanita.domain.rules.local import days_after, local_rule

_IFSP = "150"
_SUMMER = ("06", "07", "08")
_ADOPTION_DAYS = 30


def _outside(_setting: Setting) -> pl.Expr:
    has_key = (pl.col("23.12") != "") & (pl.col("23.06") != "") & (pl.col("23.04") != "")
    in_summer = pl.col("23.12").str.slice(4, 2).is_in(list(_SUMMER))
    return has_key & ~in_summer & ~pl.col("stay.holds") & ~pl.col("stay.is_private")


def _not_adopted(setting: Setting) -> pl.Expr:
    latest = state_date(setting.as_of - timedelta(days=_ADOPTION_DAYS + 1))
    today = state_date(setting.as_of)
    is_here = pl.col("1.23").is_in([PRIMARY, SHORT_TERM]) & (pl.col("1.26") != NO_SHOW)
    stays = (pl.col("1.25") == "") | (pl.col("1.25") >= today)
    arrived = pl.col("1.22").is_between(pl.lit(setting.census_day), pl.lit(latest), closed="right")
    elsewhere = (pl.col("adoption.plan_lea") != "") & (pl.col("adoption.plan_lea") != pl.col("1.04"))
    return (
        is_here
        & stays
        & arrived
        & elsewhere
        & (pl.col("adoption.plan_type") != _IFSP)
        & ~pl.col("adoption.is_here")
        & (pl.col("status_today.code") == PARTICIPATING)
    )


def _not_adopted_message(row: Row) -> str:
    return (
        f"The student has been enrolled at {row['1.04']} since {spoken_date(row['1.22'])}, and the plan in effect is "
        f"still that of {row['adoption.plan_lea']} from {spoken_date(row['adoption.plan_on'])}. {row['1.04']} adopts "
        f"it or writes another by {days_after(row['1.22'], _ADOPTION_DAYS)}."
    )


def _not_participating(_setting: Setting) -> pl.Expr:
    says_no = pl.col("status_then.code").is_in(["2", "3", "4"])
    return says_no & (pl.col("status_then.on") < pl.col("23.12"))


def _no_service(setting: Setting) -> pl.Expr:
    is_older = (pl.col("23.12") != "") & (pl.col("23.12") < setting.first_day)
    participates = pl.col("status_today.code") == PARTICIPATING
    return is_older & pl.col("plan_days.is_today") & participates & ~pl.col("services.exist")


def rules() -> list[Rule]:
    new = "20261010"
    here = senr({"1.22": new})
    theirs = plan({"23.04": OTHER_LEA})
    old = plan({"23.12": "20260630"})
    return [
        local_rule(
            code="MZ-PLAN-ENROLLMENT",
            title="Plan outside enrollment",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("stay",),
            fields=("23.04", "23.06", "23.12"),
            meaning="A plan starts while the student is enrolled at the LEA that reports it. It may start up to 30 "
            "days before (a third birthday in a school break), in June, July or August, and until Census Day after "
            "an exit at year end (E150, E155, E156), because the student is expected back. Of a student in a private "
            "school (status 50) any LEA may have a plan: that of residence offers one. The state's own page on this is "
            "about statuses only.",
            case="Lark moved away in October, and the old district's amendment is dated in November.",
            fix="Correct the enrollment in the SIS, or the start date or LEA of the plan.",
            owner=Owner.COORDINATOR,
            source="sirassystems kb/459, kb/481; GERR0005 asks the same of statuses",
            wrong=_outside,
            message=lambda row: (
                f"The plan starts on {spoken_date(row['23.12'])}, and no enrollment of this student at {row['23.04']} "
                "holds then or begins within 30 days."
            ),
            passes=[
                {"PLAN": [plan()], "SENR": [senr({"1.25": "20260915", "1.26": "E400"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.22": "20261015"})]},
                {"PLAN": [plan({"23.12": "20260801"})], "SENR": []},
                {"PLAN": [plan()], "SENR": [senr({"1.25": "20260605", "1.26": "E155"})]},
                {"PLAN": [plan({"23.12": ""})], "SENR": []},
                {"PLAN": [plan()], "SENR": [senr({"1.23": "20"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.04": OTHER_LEA, "1.23": "50", "1.25": "20260915"})]},
            ],
            fails=[
                {"PLAN": [plan()], "SENR": [senr({"1.04": OTHER_LEA, "1.23": "50", "1.25": "20260914"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.25": "20260914", "1.26": "E400"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.22": "20261016"})]},
                {"PLAN": [plan({"23.12": "20261008"})], "SENR": [senr({"1.25": "20260605", "1.26": "E155"})]},
                {"PLAN": [plan()], "SENR": [senr({"1.04": OTHER_LEA})]},
                {"PLAN": [plan()], "SENR": [senr({"1.26": "N470"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-ADOPTION",
            title="Plan of the former LEA not adopted",
            records=("SENR",),
            subjects=("SENR",),
            contexts=("adoption", "status_today"),
            fields=("1.04", "1.08", "1.22"),
            meaning="A student who arrives with an IEP gets comparable services, and within 30 days the LEA adopts "
            "that IEP or writes one of its own. The state drops a student whose plan in effect is another LEA's "
            "from this LEA's counts. Who is enrolled on Census Day SENR0606F1 asks about; this rule asks about "
            "those who came after it. The 30 days may begin later, with the records (AB 1412).",
            case="Swift came to Chaparral on October 10, participates, and the only plan is still Heron Creek's.",
            fix="Adopt the plan as of the enrollment date, or hold a meeting; then send plan and services.",
            owner=Owner.COORDINATOR,
            source="Education Code 56325; retired rule CERT132",
            wrong=_not_adopted,
            message=_not_adopted_message,
            passes=[
                {"SENR": [senr({"1.22": "20261024"})], "SWDS": [swds()], "PLAN": [theirs]},
                {"SENR": [here], "SWDS": [swds()], "PLAN": [theirs, plan({"23.12": new, "23.13": "3"})]},
                {"SENR": [senr({"1.22": "20261007"})], "SWDS": [swds()], "PLAN": [theirs]},
                {"SENR": [here], "SWDS": [swds({"22.12": "2", "22.13": "11"})], "PLAN": [theirs]},
                {"SENR": [senr({"1.22": new, "1.25": "20261122"})], "SWDS": [swds()], "PLAN": [theirs]},
                {"SENR": [here], "SWDS": [swds()], "PLAN": []},
            ],
            fails=[
                {"SENR": [senr({"1.22": "20261023"})], "SWDS": [swds()], "PLAN": [theirs]},
                {"SENR": [senr({"1.22": "20261008"})], "SWDS": [swds()], "PLAN": [theirs]},
                {"SENR": [here], "SWDS": [swds()], "PLAN": [plan({"23.12": "20260101"}), theirs]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-NOT-PARTICIPATING",
            title="Plan of a student who does not participate",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("status_then",),
            fields=("23.06", "23.12"),
            meaning="Plans and services are reported only of a student who participates (status 1). A plan that "
            "starts while the status is 2, 3 or 4 contradicts it.",
            case="Tanager's parents revoked consent in spring, and a plan was still adopted in September.",
            fix="Send status 1 as of the day the plan starts, or take the plan and its services back.",
            owner=Owner.COORDINATOR,
            source="sirassystems kb/80; 34 CFR 300.300(b)",
            wrong=_not_participating,
            message=lambda row: (
                f"The plan starts on {spoken_date(row['23.12'])}, and since {spoken_date(row['status_then.on'])} the "
                f"status is {row['status_then.code']}, not 1."
            ),
            passes=[
                {"PLAN": [plan()], "SWDS": [swds()]},
                {"PLAN": [plan()], "SWDS": [swds({"22.11": "20260915", "22.12": "3", "22.13": "31"})]},
                {
                    "PLAN": [plan()],
                    "SWDS": [swds({"22.12": "2", "22.13": "12"}), swds({"22.11": "20260915"})],
                },
                {"PLAN": [plan({"23.12": ""})], "SWDS": [swds({"22.12": "4", "22.13": "20"})]},
                {"PLAN": [plan()], "SWDS": []},
            ],
            fails=[
                {"PLAN": [plan()], "SWDS": [swds({"22.11": "20260914", "22.12": "2", "22.13": "13"})]},
                {
                    "PLAN": [plan()],
                    "SWDS": [swds(), swds({"22.11": "20260301", "22.12": "4", "22.13": "21"})],
                },
                {
                    "PLAN": [plan()],
                    "SWDS": [swds({"22.12": "2", "22.13": "12"}), swds({"22.11": "20260916"})],
                },
            ],
        ),
        local_rule(
            code="MZ-PLAN-NO-SERVICE",
            title="Plan in effect without services",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("services", "plan_days", "status_today"),
            fields=("23.04", "23.06", "23.09", "23.12"),
            meaning="The plan in effect of a student who participates has at least one service. Of plans that start "
            "in this academic year PLAN0679E1 asks the same; this rule asks it of the older plan that still holds.",
            case="Willow's services of last spring were deleted by mistake, and the plan runs until next March.",
            fix="Send the services of the plan again.",
            owner=Owner.COORDINATOR,
            source="34 CFR 300.320(a)(4); retired rule CERT142",
            wrong=_no_service,
            message=lambda row: (
                f"The plan of {spoken_date(row['23.12'])} is in effect, and no service with the same start date, LEA "
                f"{row['23.04']} and SELPA {row['23.09']} is known."
            ),
            passes=[
                {"PLAN": [old], "SERV": [serv({"25.17": "20260630"})], "SWDS": [swds()]},
                {"PLAN": [plan({"23.12": "20260701"})], "SERV": [], "SWDS": [swds()]},
                {"PLAN": [old, plan()], "SERV": [serv()], "SWDS": [swds()]},
                {"PLAN": [old], "SERV": [], "SWDS": [swds({"22.12": "2", "22.13": "13"})]},
                {"PLAN": [plan({"23.12": ""})], "SERV": [], "SWDS": [swds()]},
            ],
            fails=[
                {"PLAN": [old], "SERV": [], "SWDS": [swds()]},
                {"PLAN": [old], "SERV": [serv({"25.17": "20260630", "25.04": OTHER_LEA})], "SWDS": [swds()]},
            ],
        ),
    ]
