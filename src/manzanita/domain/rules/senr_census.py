"""Rules about enrollment, status and plan on Census Day: nonpublic schools, status 3, adult students in transition."""

from __future__ import annotations

import polars as pl

from manzanita.domain.findings import Owner, Severity
from manzanita.domain.rules.ages import YEAR, months_old_on
from manzanita.domain.rules.context import SECONDARY, enrolled_on
from manzanita.domain.rules.declaration import Row, Rule, Setting, spoken_date
from manzanita.domain.rules.enrollment_context import ANY_NONPUBLIC_SCHOOL, first_day_before
from manzanita.domain.rules.examples import OTHER_LEA, plan, senr, sinf, swds

_NONPUBLIC_SCHOOL = "9950011"
# Exits of students who are expected back.
_EXPECTED_BACK = ("E150", "E155", "E156")
_LAST_GRADE = "12"
_ADULT_AGE = 17 * YEAR


def _has_student() -> pl.Expr:
    return pl.col("1.08") != ""


def _in_nonpublic_school() -> pl.Expr:
    return (pl.col("1.06") != "") | (pl.col("1.05") == ANY_NONPUBLIC_SCHOOL)


def _unplaced(setting: Setting) -> pl.Expr:
    has_all = pl.col("census.is_participating") & pl.col("school_plan.is_there")
    return _has_student() & enrolled_on(setting.census_day, pl.col) & _in_nonpublic_school() & ~has_all


def _unplaced_message(row: Row) -> str:
    school = f"nonpublic school {row['1.06']}" if row["1.06"] else "a nonpublic school"
    if not row["census.is_participating"]:
        lacks = "the status in effect does not say that the student participates (status 1)"
    elif row["census.plan_lea"]:
        lacks = f"the plan in effect, of {row['census.plan_lea']}, is neither an IEP nor an ISP with reason 4"
    else:
        lacks = "no plan is in effect"
    return f"The student is enrolled in {school} on Census Day, and {lacks}."


def _counts_as_enrolled(setting: Setting) -> pl.Expr:
    day = setting.census_day
    expected_back = (
        pl.col("on_census.is_newest")
        & pl.col("1.26").is_in(list(_EXPECTED_BACK))
        & (pl.col("1.25") != "")
        & (pl.col("1.25") < day)
        & (pl.col("1.25") >= first_day_before(setting))
    )
    return (pl.col("1.23") != SECONDARY) & (enrolled_on(day, pl.col) | expected_back)


def _wrongly_gone(setting: Setting) -> pl.Expr:
    return _has_student() & _counts_as_enrolled(setting) & pl.col("on_census.is_not_enrolled")


def _wrongly_gone_message(row: Row) -> str:
    if row["1.26"] in _EXPECTED_BACK and row["1.25"]:
        stands = (
            f"left {row['1.04']} on {spoken_date(row['1.25'])} with {row['1.26']}, which means expected back"
        )
    else:
        stands = f"is enrolled at {row['1.04']} since {spoken_date(row['1.22'])}"
    return f"The student {stands}, but the status in effect on Census Day is 3, eligible and not enrolled."


def _may_be_in_transition(setting: Setting) -> pl.Expr:
    return (
        _has_student()
        & enrolled_on(setting.census_day, pl.col)
        & (pl.col("1.23") != SECONDARY)
        & (pl.col("1.24") == _LAST_GRADE)
        & (pl.col("1.34") == "")
        & pl.col("census.is_participating")
        & pl.col("school_plan.is_there")
    )


def _no_transition_status(setting: Setting) -> pl.Expr:
    age = months_old_on("census.birth_on", setting.census_day)
    return _may_be_in_transition(setting) & (age >= _ADULT_AGE)


def _no_age(setting: Setting) -> pl.Expr:
    return _may_be_in_transition(setting) & (pl.col("census.birth_on") == "")


def _no_transition_message(row: Row) -> str:
    return (
        f"The student, born on {spoken_date(row['census.birth_on'])}, is 17 or older, in grade {row['1.24']} and "
        "participates on Census Day: 1.34 says whether this is an adult student in transition, and it is empty."
    )


def _twelfth(changes: dict[str, str] | None = None) -> dict[str, str]:
    """A twelfth grader who turned 17 on Census Day, October 7, 2026."""
    return senr({"1.24": "12", "1.17": "20091007", **(changes or {})})


def _at_nonpublic_school(changes: dict[str, str] | None = None) -> dict[str, str]:
    return senr({"1.05": ANY_NONPUBLIC_SCHOOL, "1.06": _NONPUBLIC_SCHOOL, **(changes or {})})


def rules() -> list[Rule]:
    gone = swds({"22.12": "3", "22.11": "20260605"})
    isp = plan({"23.11": "200", "23.20": "403"})
    return [
        Rule(
            code="SENR0646F1",
            title="Nonpublic school without status or plan",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("SENR", "SWDS", "PLAN"),
            subjects=("SENR",),
            contexts=("census", "school_plan"),
            fields=("1.04", "1.05", "1.06", "1.08", "1.22", "1.25"),
            meaning="A student enrolled in a nonpublic school on Census Day (no-shows excluded) has status 1, and an "
            "IEP (plan type 100) or an ISP (200) with reason 4 in effect on that day, from any LEA.",
            fix="Send the status and the plan of the placement with start dates on or before Census Day; or correct "
            "the school of the enrollment.",
            owner=Owner.COORDINATOR,
            source="https://documentation.staging.calpads.org/Troubleshooting/Fall1/SENR0646F1/",
            confidence="seen",
            wrong=_unplaced,
            message=_unplaced_message,
            passes=[
                {"SENR": [_at_nonpublic_school()], "SWDS": [swds()], "PLAN": [plan({"23.04": OTHER_LEA})]},
                {"SENR": [_at_nonpublic_school()], "SWDS": [swds()], "PLAN": [plan({"23.12": "20261007"})]},
                {"SENR": [_at_nonpublic_school()], "SWDS": [swds()], "PLAN": [{**isp, "23.13": "4"}]},
                {"SENR": [_at_nonpublic_school({"1.25": "20261006"})], "SWDS": [], "PLAN": []},
                {"SENR": [_at_nonpublic_school({"1.26": "N470"})], "SWDS": [], "PLAN": []},
                {"SENR": [senr({"1.05": ""})], "SWDS": [], "PLAN": []},
            ],
            fails=[
                {"SENR": [_at_nonpublic_school()], "SWDS": [], "PLAN": [plan()]},
                {"SENR": [_at_nonpublic_school()], "SWDS": [swds({"22.12": "2"})], "PLAN": [plan()]},
                {"SENR": [_at_nonpublic_school()], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_at_nonpublic_school()], "SWDS": [swds()], "PLAN": [plan({"23.12": "20261008"})]},
                {"SENR": [_at_nonpublic_school()], "SWDS": [swds()], "PLAN": [isp]},
                {"SENR": [_at_nonpublic_school({"1.06": ""})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [senr({"1.06": _NONPUBLIC_SCHOOL})], "SWDS": [swds()], "PLAN": []},
                {"SENR": [_at_nonpublic_school({"1.25": "20261007"})], "SWDS": [swds()], "PLAN": []},
            ],
        ),
        Rule(
            code="SENR0647F1",
            title="Status 3 for an enrolled student",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("SENR", "SWDS"),
            subjects=("SENR",),
            contexts=("on_census",),
            fields=("1.04", "1.05", "1.08", "1.22", "1.23", "1.25", "1.26"),
            meaning="The status in effect on Census Day is not 3 (eligible, not enrolled) while an enrollment stands "
            "that is not secondary, or while the newest one ended in this or the last school year with E150, E155 or "
            "E156, which expects the student back. It was SENR0640F1 before.",
            fix="Send the status that holds since the student came back; or correct the exit in the SIS.",
            owner=Owner.COORDINATOR,
            source="https://documentation.calpads.org/Troubleshooting/Fall1/SENR0647F1",
            confidence="seen",
            wrong=_wrongly_gone,
            message=_wrongly_gone_message,
            passes=[
                {"SENR": [senr()], "SWDS": [swds()]},
                {"SENR": [senr()], "SWDS": [gone, swds({"22.11": "20260901"})]},
                {"SENR": [senr()], "SWDS": [swds({"22.12": "3", "22.11": "20261008"})]},
                {"SENR": [senr({"1.23": "20"})], "SWDS": [gone]},
                {"SENR": [senr({"1.25": "20260605", "1.26": "E400"})], "SWDS": [gone]},
                {"SENR": [senr({"1.25": "20250630", "1.26": "E155"})], "SWDS": [gone]},
                {"SENR": [senr({"1.26": "N470"})], "SWDS": [gone]},
                {"SENR": [senr({"1.22": ""})], "SWDS": [gone]},
                # Came back, and left again for good.
                {
                    "SENR": [
                        senr({"1.25": "20260605", "1.26": "E155"}),
                        senr({"1.22": "20260817", "1.25": "20260911", "1.26": "E400"}),
                    ],
                    "SWDS": [gone],
                },
            ],
            fails=[
                {"SENR": [senr()], "SWDS": [gone]},
                {"SENR": [senr({"1.04": OTHER_LEA, "1.23": "50"})], "SWDS": [gone]},
                {"SENR": [senr({"1.25": "20261007", "1.26": "E400"})], "SWDS": [gone]},
                {"SENR": [senr({"1.25": "20260605", "1.26": "E155"})], "SWDS": [gone]},
                {"SENR": [senr({"1.25": "20250701", "1.26": "E150"})], "SWDS": [gone]},
                {"SENR": [senr({"1.25": "20261006", "1.26": "E156"})], "SWDS": [gone]},
            ],
        ),
        Rule(
            code="SENR0439F1",
            title="Adult student: transition status empty",
            kind="discrepancy",
            phase="fall1",
            severity=Severity.FATAL,
            records=("SENR", "SWDS", "PLAN"),
            subjects=("SENR",),
            contexts=("census", "school_plan"),
            fields=("1.24", "1.34"),
            meaning="A student of 17 years or more in grade 12 who is enrolled and participates on Census Day, with an "
            "IEP (plan type 100) or an ISP (200) with reason 4, has the field that says whether this is an adult "
            "student in transition. Secondary enrollments are left out here.",
            fix="Enter the adult-age transition status on the enrollment in the SIS.",
            owner=Owner.SIS,
            source="https://documentation.calpads.org/Troubleshooting/Fall1/SENR0439F1",
            confidence="seen",
            wrong=_no_transition_status,
            undecided=_no_age,
            undecided_reason="the birth date is missing (1.17 in SENR, 2.18 in SINF)",
            message=_no_transition_message,
            passes=[
                {"SENR": [_twelfth({"1.34": "N"})], "SWDS": [swds()], "PLAN": [plan()]},
                {"SENR": [_twelfth({"1.17": "20091008"})], "SWDS": [swds()], "PLAN": [plan()]},
                {"SENR": [_twelfth({"1.24": "11"})], "SWDS": [swds()], "PLAN": [plan()]},
                {"SENR": [_twelfth({"1.23": "20"})], "SWDS": [swds()], "PLAN": [plan()]},
                {"SENR": [_twelfth({"1.25": "20261006"})], "SWDS": [swds()], "PLAN": [plan()]},
                {"SENR": [_twelfth()], "SWDS": [swds({"22.12": "4"})], "PLAN": [plan()]},
                {"SENR": [_twelfth()], "SWDS": [swds()], "PLAN": [isp]},
                {"SENR": [_twelfth({"1.24": ""})], "SWDS": [swds()], "PLAN": [plan()]},
            ],
            fails=[
                {"SENR": [_twelfth()], "SWDS": [swds()], "PLAN": [plan()]},
                {"SENR": [_twelfth({"1.23": "50"})], "SWDS": [swds()], "PLAN": [{**isp, "23.13": "4"}]},
                {
                    "SENR": [_twelfth({"1.17": ""})],
                    "SINF": [sinf({"2.18": "20040229"})],
                    "SWDS": [swds()],
                    "PLAN": [plan()],
                },
            ],
        ),
    ]
