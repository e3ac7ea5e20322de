"""Local rules about a service: the plan it belongs to, its minutes, and the student's age."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import YEAR, months_old
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.examples import LEA, OTHER_LEA, plan, senr, serv
from manzanita.domain.rules.local import local_rule

_SHORTEST = 10
# Frequency -> the minutes that there are in such a period. What is yearly or as needed has the layout's five digits.
_MINUTES_IN: Mapping[str, tuple[str, int]] = {
    "10": ("a day", 24 * 60),
    "20": ("a week", 7 * 24 * 60),
    "30": ("a month", 31 * 24 * 60),
}
_TRANSITION_AGE = 165
# Provider -> the months of age from and up to which it serves, by the retired rules SSRV0410, 0412, 0413 and 0415.
_AGES: Mapping[str, tuple[int, int]] = {
    "200": (12 * YEAR, 22 * YEAR),
    "210": (12 * YEAR, 22 * YEAR),
    "240": (0, 13 * YEAR),
    "250": (0, 6 * YEAR),
    "310": (0, 21 * YEAR),
}


def _age() -> pl.Expr:
    return months_old("birth.on", "25.17")


def _no_plan(_setting: Setting) -> pl.Expr:
    return (pl.col("25.07") != "") & (pl.col("25.17") != "") & ~pl.col("own_plan.exists")


def _too_short(_setting: Setting) -> pl.Expr:
    return pl.col("25.15").cast(pl.Int32, strict=False) < _SHORTEST


def _too_long(_setting: Setting) -> pl.Expr:
    most = {code: minutes for code, (_, minutes) in _MINUTES_IN.items()}
    there_are = pl.col("25.14").replace_strict(most, default=None, return_dtype=pl.Int32)
    return pl.col("25.15").cast(pl.Int32, strict=False) > there_are


def _too_long_message(row: Row) -> str:
    words, most = _MINUTES_IN[row["25.14"]]
    return f"Service {row['25.11']} lasts {row['25.15']} minutes {words}, and {words} has {most:,}."


def _provider_age(_setting: Setting) -> pl.Expr:
    def limit(which: int) -> pl.Expr:
        months = {provider: ages[which] for provider, ages in _AGES.items()}
        return pl.col("25.12").replace_strict(months, default=None, return_dtype=pl.Int32)

    age = _age()
    return (age < limit(0)) | (age >= limit(1))


def _provider_age_message(row: Row) -> str:
    youngest, oldest = (months // YEAR for months in _AGES[row["25.12"]])
    ages = f"from {youngest} years and below {oldest}" if youngest else f"below {oldest} years"
    return (
        f"Provider {row['25.12']} served students {ages}; this one was born on {spoken_date(row['birth.on'])}, and the "
        f"plan starts on {spoken_date(row['25.17'])}."
    )


def _transition_age(_setting: Setting) -> pl.Expr:
    is_transition = pl.col("25.11").str.starts_with("8") & (pl.col("25.11").str.len_chars() == 3)
    return is_transition & (_age() < _TRANSITION_AGE)


def rules() -> list[Rule]:
    return [
        local_rule(
            code="MZ-SERV-NO-PLAN",
            title="Service without its plan",
            records=("SERV",),
            subjects=("SERV",),
            contexts=("own_plan",),
            fields=("25.04", "25.07", "25.17"),
            meaning="A service belongs to the plan of the same student and LEA that starts on the same day. One that "
            "names another day starts before its plan, or after a newer one has taken over. PLAN0679E1 asks the "
            "same from the side of the plan.",
            case="Kite's plan was moved to September 16, and the services still name the 15th.",
            fix="Correct the plan start on the service, send the plan, or delete the service.",
            owner=Owner.COORDINATOR,
            source="PLAN0679E1; retired rule CERT140",
            wrong=_no_plan,
            message=lambda row: (
                f"Service {row['25.11']} names the plan that starts on {spoken_date(row['25.17'])}, and {row['25.04']} "
                "has none of this student that starts then."
            ),
            passes=[
                {"SERV": [serv()], "PLAN": [plan()]},
                {"SERV": [serv()], "PLAN": [plan({"23.09": "9902"})]},
                {"SERV": [serv({"25.17": ""})], "PLAN": []},
            ],
            fails=[
                {"SERV": [serv()], "PLAN": [plan({"23.12": "20260916"})]},
                {"SERV": [serv()], "PLAN": [plan({"23.12": "20260914"})]},
                {"SERV": [serv({"25.04": LEA})], "PLAN": [plan({"23.04": OTHER_LEA})]},
                {"SERV": [serv()], "PLAN": []},
            ],
        ),
        local_rule(
            code="MZ-SERV-NO-DURATION",
            title="Frequency without minutes",
            records=("SERV",),
            subjects=("SERV",),
            fields=("25.14", "25.15"),
            meaning="A service that says how often it is given says for how long.",
            case="Speech for Lark is weekly, and the minutes were left for the meeting to decide.",
            fix="Enter the minutes of each time.",
            owner=Owner.TEAM,
            source="34 CFR 300.320(a)(7); retired rule SSRV0329",
            wrong=lambda _setting: (pl.col("25.14") != "") & (pl.col("25.15") == ""),
            message=lambda row: (
                f"Service {row['25.11']} has frequency {row['25.14']} and no minutes in 25.15."
            ),
            passes=[{"SERV": [serv()]}, {"SERV": [serv({"25.14": "", "25.15": ""})]}],
            fails=[{"SERV": [serv({"25.15": ""})]}],
        ),
        local_rule(
            code="MZ-SERV-NO-FREQUENCY",
            title="Minutes without a frequency",
            records=("SERV",),
            subjects=("SERV",),
            fields=("25.14", "25.15"),
            meaning="Minutes say nothing without how often they are given. The state had this in SERV0448F1 and "
            "switched it off in 2023; for infants it asks for the frequency still.",
            case="Occupational therapy for Rail has 45 minutes, and nobody can tell whether a day or a month.",
            fix="Enter the frequency.",
            owner=Owner.TEAM,
            source="34 CFR 300.320(a)(7); SERV0448F1, inactive since November 2023",
            wrong=lambda _setting: (pl.col("25.14") == "") & (pl.col("25.15") != ""),
            message=lambda row: (
                f"Service {row['25.11']} has {row['25.15']} minutes and no frequency in 25.14."
            ),
            passes=[{"SERV": [serv()]}, {"SERV": [serv({"25.14": "", "25.15": ""})]}],
            fails=[{"SERV": [serv({"25.14": ""})]}],
        ),
        local_rule(
            code="MZ-SERV-SHORT",
            title="Less than ten minutes",
            records=("SERV",),
            subjects=("SERV",),
            fields=("25.15",),
            meaning="A service lasts ten minutes or more; less is mostly a number of sessions in the place of minutes.",
            case="Wren's speech service says 2: twice a week, not two minutes.",
            fix="Enter minutes.",
            owner=Owner.TEAM,
            source="the state's layout of SERV; retired rule SSRV0330",
            wrong=_too_short,
            message=lambda row: (
                f"Service {row['25.11']} lasts {row['25.15']} minutes, and ten are the least."
            ),
            passes=[{"SERV": [serv({"25.15": "10"})]}, {"SERV": [serv({"25.15": ""})]}],
            fails=[{"SERV": [serv({"25.15": "9"})]}, {"SERV": [serv({"25.15": "0"})]}],
        ),
        local_rule(
            code="MZ-SERV-LONG",
            title="More minutes than there are",
            records=("SERV",),
            subjects=("SERV",),
            fields=("25.14", "25.15"),
            meaning="25.15 has the minutes of each time that 25.14 names. A day has 1,440, a week 10,080, a month of "
            "31 days 44,640; more is a year's total beside a weekly frequency, or a digit too many. What is yearly or "
            "as needed has as many as the state's layout has digits for.",
            case="Jay's speech of 1,440 minutes a year stands as 14,400 a week.",
            fix="Enter the minutes of one time, or the frequency that they are meant for.",
            owner=Owner.TEAM,
            source="the state's layout of SERV: minutes by the frequency",
            wrong=_too_long,
            message=_too_long_message,
            passes=[
                {"SERV": [serv({"25.14": "10", "25.15": "1440"})]},
                {"SERV": [serv({"25.14": "20", "25.15": "10080"})]},
                {"SERV": [serv({"25.14": "30", "25.15": "44640"})]},
                {"SERV": [serv({"25.14": "40", "25.15": "99999"})]},
                {"SERV": [serv({"25.14": "90", "25.15": "99999"})]},
                {"SERV": [serv({"25.14": "", "25.15": "99999"})]},
                {"SERV": [serv({"25.15": ""})]},
            ],
            fails=[
                {"SERV": [serv({"25.14": "10", "25.15": "1441"})]},
                {"SERV": [serv({"25.14": "20", "25.15": "10081"})]},
                {"SERV": [serv({"25.14": "30", "25.15": "44641"})]},
            ],
        ),
        local_rule(
            code="MZ-SERV-PROVIDER-AGE",
            title="Provider for another age",
            severity=Severity.INFO,
            records=("SERV",),
            subjects=("SERV",),
            contexts=("birth",),
            fields=("25.12", "25.17"),
            meaning="Some providers serve certain ages: 200 and 210 from 12 and below 22, child care (240) below 13, "
            "Head Start (250) below 6, California Children's Services (310) below 21. The state retired these rules, "
            "and the names of the codes are unverified, so this only informs.",
            case="Larkspur is in fourth grade, and the provider of speech is still last plan's Head Start.",
            fix="Check who gives the service now.",
            owner=Owner.TEAM,
            source="retired rules SSRV0410, SSRV0412, SSRV0413, SSRV0415",
            wrong=_provider_age,
            message=_provider_age_message,
            passes=[
                {"SERV": [serv()], "SENR": [senr()]},
                {"SERV": [serv({"25.12": "250"})], "SENR": [senr({"1.17": "20200916"})]},
                {"SERV": [serv({"25.12": "200"})], "SENR": [senr({"1.17": "20140915"})]},
                {"SERV": [serv({"25.12": "250"})], "SENR": [senr({"1.17": ""})]},
                {"SERV": [serv({"25.12": ""})], "SENR": [senr()]},
            ],
            fails=[
                {"SERV": [serv({"25.12": "250"})], "SENR": [senr({"1.17": "20200915"})]},
                {"SERV": [serv({"25.12": "200"})], "SENR": [senr({"1.17": "20140916"})]},
                {"SERV": [serv({"25.12": "310"})], "SENR": [senr({"1.17": "20050915"})]},
            ],
        ),
        local_rule(
            code="MZ-SERV-TRANSITION-AGE",
            title="Transition service for a young student",
            records=("SERV",),
            subjects=("SERV",),
            contexts=("birth",),
            fields=("25.11", "25.17"),
            meaning="Services for the time after school (the 800 series) begin in high school where the team finds it "
            "right, and with 16 in any case. Below 13 years and 9 months, the line of the retired rule about "
            "transition, the code is mostly mistyped.",
            case="Egret in second grade has service 850, work experience, where 350 was meant.",
            fix="Correct the service code.",
            owner=Owner.TEAM,
            source="Education Code 56345(a)(8) (AB 438); retired rule SPED0385",
            wrong=_transition_age,
            message=lambda row: (
                f"Service {row['25.11']} prepares for the time after school; the plan starts on "
                f"{spoken_date(row['25.17'])}, and the student was born on {spoken_date(row['birth.on'])}."
            ),
            passes=[
                {"SERV": [serv({"25.11": "820"})], "SENR": [senr({"1.17": "20121215"})]},
                {"SERV": [serv({"25.11": "900"})], "SENR": [senr()]},
                {"SERV": [serv({"25.11": "820"})], "SENR": [senr({"1.17": ""})]},
                {"SERV": [serv({"25.11": ""})], "SENR": [senr()]},
            ],
            fails=[
                {"SERV": [serv({"25.11": "820"})], "SENR": [senr({"1.17": "20121216"})]},
                {"SERV": [serv({"25.11": "850"})], "SENR": [senr()]},
            ],
        ),
    ]
