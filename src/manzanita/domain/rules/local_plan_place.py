"""Local rules about where a student is taught and lives, beside what the plan says of it."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner
from manzanita.domain.rules.context import PRIMARY
from manzanita.domain.rules.declaration import Rule, Setting, spoken_date
from manzanita.domain.rules.examples import LEA, OTHER_LEA, plan, senr
from manzanita.domain.rules.local import local_rule

_IEP, _ISP = "100", "200"
_NONPUBLIC, _PRIVATE = "0000001", "0000002"
_CODE_LENGTH = 7
_SETTLED = "4"
# Of the settings, those that a student of a nonpublic school has: separate school, residential, home or hospital.
_NONPUBLIC_SETTINGS = ("300", "301", "402")


def _wrong_district(_setting: Setting) -> pl.Expr:
    homes = pl.col("residence.codes")
    is_lea = pl.col("23.10") == pl.col("23.04")
    is_code = pl.col("23.10").str.len_chars() == _CODE_LENGTH
    return is_code & (homes.list.len() > 0) & ~homes.list.contains(pl.col("23.10")) & ~is_lea


def _isp_public(_setting: Setting) -> pl.Expr:
    is_isp = (pl.col("23.11") == _ISP) & (pl.col("23.13") != _SETTLED)
    is_public = ~pl.col("stay.school").is_in(["", _NONPUBLIC, _PRIVATE])
    return is_isp & is_public & (pl.col("stay.status") == PRIMARY)


def _nonpublic_setting(_setting: Setting) -> pl.Expr:
    is_there = (pl.col("stay.school") == _NONPUBLIC) & (pl.col("23.11") == _IEP)
    return is_there & (pl.col("23.20") != "") & ~pl.col("23.20").is_in(list(_NONPUBLIC_SETTINGS))


def rules() -> list[Rule]:
    isp = plan({"23.11": "200", "23.20": "403", "23.23": ""})
    private = senr({"1.05": _PRIVATE, "1.23": "50"})
    nonpublic = senr({"1.05": _NONPUBLIC, "1.06": "9950011"})
    return [
        local_rule(
            code="MZ-PLAN-DSEA",
            title="District of accountability is neither residence nor LEA",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("residence",),
            fields=("23.04", "23.10"),
            meaning="The district of special education accountability is the district in which the student lives; a "
            "charter school, a county office or the LEA itself may be accountable instead. Another district is "
            "usually a residence that has changed. Where the SIS gives no residence, nothing is said.",
            case="Cedar's family moved to Heron Creek in summer, and the plan still names the county's other district.",
            fix="Correct the district of accountability on the plan, or the residence in the SIS.",
            owner=Owner.COORDINATOR,
            source="CALPADS Flash 160; PLAN0729F1 for court and community schools",
            wrong=_wrong_district,
            message=lambda row: (
                f"23.10 names {row['23.10']} as the district of accountability; the student lives in "
                f"{' and '.join(row['residence.codes'])} and is reported by {row['23.04']}."
            ),
            passes=[
                {"PLAN": [plan()], "SENR": [senr({"1.31": OTHER_LEA})]},
                {"PLAN": [plan({"23.10": OTHER_LEA})], "SENR": [senr({"1.31": OTHER_LEA})]},
                {"PLAN": [plan({"23.10": OTHER_LEA})], "SENR": [senr()]},
                {"PLAN": [plan({"23.10": ""})], "SENR": [senr({"1.31": OTHER_LEA})]},
                {"PLAN": [plan({"23.10": OTHER_LEA})], "SENR": [senr({"1.31": LEA, "1.25": "20260914"})]},
            ],
            fails=[
                {"PLAN": [plan({"23.10": OTHER_LEA})], "SENR": [senr({"1.31": LEA})]},
                {
                    "PLAN": [plan({"23.10": "9900009"})],
                    "SENR": [senr({"1.31": OTHER_LEA, "1.25": "20260915"})],
                },
            ],
        ),
        local_rule(
            code="MZ-PLAN-ISP-PUBLIC",
            title="Services plan of a public school's student",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("stay",),
            fields=("23.11", "23.12", "23.13"),
            meaning="An individual services plan (200) is for a student whose parents chose a private school. Who is "
            "a public school's primary student when the plan starts has an IEP. Plans with reason 4 are left out.",
            case="Larkspur came back from private school to Cottonwood in September; the new plan kept type 200.",
            fix="Change the plan type, or correct the school and status of the enrollment in the SIS.",
            owner=Owner.COORDINATOR,
            source="34 CFR 300.130 to 300.138; CALPADS Flash 167",
            wrong=_isp_public,
            message=lambda row: (
                f"The plan of {spoken_date(row['23.12'])} is a services plan (200), and the student is then a primary "
                f"student (status 10) of school {row['stay.school']}."
            ),
            passes=[
                {"PLAN": [isp], "SENR": [private]},
                {"PLAN": [plan()], "SENR": [senr()]},
                {"PLAN": [plan({"23.11": "200", "23.13": "4"})], "SENR": [senr()]},
                {"PLAN": [isp], "SENR": [senr({"1.25": "20260914", "1.26": "E400"})]},
                {"PLAN": [isp], "SENR": [senr({"1.05": ""})]},
            ],
            fails=[
                {"PLAN": [isp], "SENR": [senr()]},
                {"PLAN": [isp], "SENR": [senr({"1.25": "20260915", "1.26": "E400"})]},
            ],
        ),
        local_rule(
            code="MZ-PLAN-NPS-SETTING",
            title="Setting of a nonpublic school's student",
            records=("PLAN",),
            subjects=("PLAN",),
            contexts=("stay",),
            fields=("23.11", "23.12", "23.20"),
            meaning="Who is enrolled in a nonpublic school when the IEP starts is taught in a separate school (300) or "
            "a residential facility (301), or at home or in a hospital (402). A regular class or a preschool "
            "setting belongs to another school.",
            case="Junco was placed in Blue Oak School, and the new IEP kept setting 400 of the middle school.",
            fix="Correct the setting on the plan, or the school in the SIS.",
            owner=Owner.TEAM,
            source="federal file specification FS002; Education Code 56034",
            wrong=_nonpublic_setting,
            message=lambda row: (
                f"The student is in a nonpublic school (0000001) on {spoken_date(row['23.12'])}, and setting "
                f"{row['23.20']} is none of {', '.join(_NONPUBLIC_SETTINGS)}."
            ),
            passes=[
                {"PLAN": [plan({"23.20": "300"})], "SENR": [nonpublic]},
                {"PLAN": [plan({"23.20": "301"})], "SENR": [nonpublic]},
                {"PLAN": [plan()], "SENR": [senr()]},
                {"PLAN": [plan({"23.20": ""})], "SENR": [nonpublic]},
                {"PLAN": [plan()], "SENR": [senr({"1.05": _NONPUBLIC, "1.22": "20260916"})]},
            ],
            fails=[
                {"PLAN": [plan()], "SENR": [nonpublic]},
                {"PLAN": [plan({"23.20": "403"})], "SENR": [senr({"1.05": _NONPUBLIC, "1.22": "20260915"})]},
            ],
        ),
    ]
