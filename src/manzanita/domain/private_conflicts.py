"""Where plan, setting, school, enrollment, status and services of a student of a private school contradict each other.

A conflict is judged by what holds on a day. The rules named beside it judge single state lines by the day on which the
line starts; a student who came back to a public school after that is seen only here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.dates import years_after
from manzanita.domain.findings import Owner
from manzanita.domain.private_schools import (
    IEP,
    ISP,
    NON_ADA,
    NONPUBLIC_SCHOOL,
    PRIVATE_SETTING,
    SCHOOL_AGE,
    Known,
    how_placed,
    us_day,
)

_FLASH_167 = "CALPADS Flash 167 (2019)"
_GROUP_ONLY_FOR_ISP = "sirassystems kb/582, kb/187"


class Fix(StrEnum):
    """Where a conflict is settled; whoever knows addresses puts one in its place."""

    MEETING = "meeting"
    SETTING = "setting"
    LEAVE = "leave"
    UNDO_LEAVE = "undo_leave"
    STATUS = "status"
    TAKE_BACK = "take_back"
    SIS = "sis"
    ASK = "ask"


Says = Callable[[Known], tuple[date, str] | None]


@dataclass(frozen=True, slots=True)
class Conflict:
    """One kind of contradiction: what is expected (``meaning``), whose job it is, what ends it and on which pages, and
    what stands behind it: ``rules`` of the catalog, and the ``source``. ``says`` gives its first day and the sentence
    for one student, or nothing."""

    key: str
    label: str
    meaning: str
    owner: Owner
    way_out: str
    fixes: tuple[Fix, ...]
    source: str
    says: Says
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A conflict of one student, since when, in a sentence."""

    conflict: Conflict
    since: date
    text: str


def conflicts_of(known: Known) -> list[Found]:
    """Every conflict of the student, in the order of :data:`CONFLICTS`."""
    if how_placed(known) is None:
        return []
    said = ((one, one.says(known)) for one in CONFLICTS.values())
    return [Found(one, *words) for one, words in said if words is not None]


def _two_plans(known: Known) -> tuple[date, str] | None:
    """Another LEA's plan came over the services plan of this one, during the same stay."""
    stay, plan, own = known.private_stay, known.plan, known.own_isp_on
    if stay is None or plan is None or own is None or not known.participates:
        return None
    if plan.is_ours or plan.type_code == ISP or not stay.first <= own < plan.first:
        return None
    return plan.first, (
        f"A services plan of this district began on {us_day(own)}, and the plan in force is {plan.words}: the newer "
        "one counts."
    )


def _iep_in_private(known: Known) -> tuple[date, str] | None:
    stay, plan = known.private_stay, known.plan
    if stay is None or plan is None or not known.participates or not known.is_school_age:
        return None
    if plan.type_code != IEP or not plan.is_judged or _two_plans(known):
        return None
    return max(stay.first, plan.first), (
        f"Enrolled in a private school since {us_day(stay.first)}, and the plan in force is {plan.words}."
    )


def _isp_in_public(known: Known) -> tuple[date, str] | None:
    plan = known.isp
    stay = next((one for one in known.stays if one.is_public), None)
    if plan is None or stay is None or not plan.is_judged:
        return None
    return max(stay.first, plan.first), (
        f"A primary student (10) of {stay.school_name or stay.school_code} since {us_day(stay.first)}, and the plan in "
        f"force is {plan.words}."
    )


def _isp_in_nonpublic(known: Known) -> tuple[date, str] | None:
    plan = known.isp
    stay = next((one for one in known.stays if one.school_code == NONPUBLIC_SCHOOL), None)
    if plan is None or stay is None or not plan.is_judged:
        return None
    return max(stay.first, plan.first), (
        f"Placed in a nonpublic school since {us_day(stay.first)}, and the plan in force is {plan.words}, without "
        "reason 4."
    )


def _isp_setting(known: Known) -> tuple[date, str] | None:
    plan = known.isp
    if plan is None or not plan.is_judged or plan.setting_code == PRIVATE_SETTING or known.birth_on is None:
        return None
    if plan.first < years_after(known.birth_on, SCHOOL_AGE):
        return None
    return plan.first, (
        f"The setting of the services plan from {us_day(plan.first)} is {plan.setting_code or 'empty'}, not 403."
    )


def _setting_of_other_plan(known: Known) -> tuple[date, str] | None:
    plan = known.plan
    if plan is None or not known.participates or plan.type_code in ("", ISP) or not plan.is_judged:
        return None
    if plan.setting_code != PRIVATE_SETTING:
        return None
    return plan.first, f"The setting is 403, placed by the parents, and the plan in force is {plan.words}."


def _isp_of_preschooler(known: Known) -> tuple[date, str] | None:
    plan = known.isp
    if plan is None or not plan.is_judged or not known.is_preschool_age:
        return None
    return plan.first, f"Under six years old, and the plan in force is {plan.words}."


def _preschooler_in_group(known: Known) -> tuple[date, str] | None:
    stay = known.private_stay
    if stay is None or not known.is_preschool_age:
        return None
    return stay.first, (
        f"Under six years old, and enrolled in the private school group (0000002) since {us_day(stay.first)}."
    )


def _group_enrollment(known: Known) -> tuple[date, str] | None:
    stay = known.private_stay
    if stay is None or stay.status_code == NON_ADA:
        return None
    return stay.first, (
        f"The enrollment in a private school from {us_day(stay.first)} has status {stay.status_code or 'none'}, not 50."
    )


def _not_participating_in_group(known: Known) -> tuple[date, str] | None:
    stay = known.private_stay
    if stay is None or known.participates or known.is_evaluated:
        return None
    if known.status_since is None:
        return stay.first, (
            f"Enrolled in the private school group (0000002) since {us_day(stay.first)}, without a special education "
            "status and without an open evaluation."
        )
    return max(stay.first, known.status_since), (
        f"Enrolled in the private school group (0000002) since {us_day(stay.first)}, and since "
        f"{us_day(known.status_since)} the status is {known.status_code}: not taking part."
    )


def _no_plan_in_group(known: Known) -> tuple[date, str] | None:
    stay = known.private_stay
    if stay is None or not known.participates or known.plan is not None:
        return None
    return stay.first, (
        f"Enrolled in a private school since {us_day(stay.first)} with status 1, participating, and no plan is in "
        "force."
    )


def _isp_without_status(known: Known) -> tuple[date, str] | None:
    plan = known.isp
    if plan is None or known.status_since is None or not known.is_plan_late:
        return None
    return plan.first, (
        f"The services plan begins on {us_day(plan.first)}, and since {us_day(known.status_since)} the status is "
        f"{known.status_code}, not 1."
    )


def _isp_without_service(known: Known) -> tuple[date, str] | None:
    plan = known.isp
    if plan is None or plan.has_services or not known.participates:
        return None
    return plan.first, f"The services plan from {us_day(plan.first)} has no service in force."


def _left_and_enrolled(known: Known) -> tuple[date, str] | None:
    left = known.left_on
    if left is None:
        return None
    stay = next((one for one in known.stays if one.is_public and one.first <= left < known.day), None)
    if stay is None:
        return None
    return left, (
        f"It is recorded that the student left for a private school on {us_day(left)}, and the enrollment at "
        f"{stay.school_name or stay.school_code} from {us_day(stay.first)} goes on."
    )


CONFLICTS: Mapping[str, Conflict] = MappingProxyType(
    {
        one.key: one
        for one in (
            Conflict(
                "two-plans",
                "Two districts' plans",
                "One plan is in force, whichever district reported it last; the private school's students have a "
                "services plan (ISP).",
                Owner.COORDINATOR,
                "Ask the other district whether its plan still stands. Where it does not, it takes the plan back; "
                "where it does, hold a meeting here for a new services plan.",
                (Fix.ASK, Fix.MEETING),
                "CALPADS, effective record of PLAN: the reporting LEA is not asked",
                _two_plans,
            ),
            Conflict(
                "iep-in-private",
                "IEP in a private school",
                "From six years on, a student whom the parents placed in a private school has a services plan (ISP), "
                "or takes no part in special education.",
                Owner.COORDINATOR,
                "Hold a meeting for a services plan; or, where the family wants none, record the leaving for a private "
                "school without one.",
                (Fix.MEETING, Fix.LEAVE),
                f"{_FLASH_167}; 34 CFR 300.137 and 300.138",
                _iep_in_private,
            ),
            Conflict(
                "isp-in-public",
                "Services plan in a public school",
                "A public school's primary student has an IEP; a services plan is for a private school.",
                Owner.TEAM,
                "Hold a meeting for an IEP; or have the SIS correct school and status of the enrollment.",
                (Fix.MEETING, Fix.SIS),
                f"34 CFR 300.130 to 300.138; {_FLASH_167}",
                _isp_in_public,
                ("MZ-PLAN-ISP-PUBLIC",),
            ),
            Conflict(
                "isp-in-nonpublic",
                "Services plan in a nonpublic school",
                "A nonpublic school is a placement by the district: it has an IEP, or a services plan with reason 4.",
                Owner.TEAM,
                "Correct the plan in a meeting; or have the SIS name the private school group, 0000002.",
                (Fix.MEETING, Fix.SIS),
                "SENR0646F1",
                _isp_in_nonpublic,
                ("SENR0646F1",),
            ),
            Conflict(
                "isp-setting",
                "Setting of the services plan",
                "From six years on the setting of a services plan is 403, placed by the parents, unless its reason is "
                "4.",
                Owner.TEAM,
                "Change the setting to 403.",
                (Fix.SETTING, Fix.MEETING),
                "PLAN0748E1",
                _isp_setting,
                ("PLAN0748E1",),
            ),
            Conflict(
                "setting-of-other-plan",
                "Setting 403 without a services plan",
                "Setting 403 is for students with a services plan.",
                Owner.TEAM,
                "Change the setting to where the student is taught; or hold a meeting for a services plan.",
                (Fix.SETTING, Fix.MEETING),
                "federal file specification FS002 (parentally placed); CALPADS code set, program setting 403",
                _setting_of_other_plan,
            ),
            Conflict(
                "isp-of-preschooler",
                "Services plan before six years",
                "From three to five years a child has an IEP, in a private preschool or kindergarten too.",
                Owner.TEAM,
                "Hold a meeting for an IEP.",
                (Fix.MEETING,),
                f"{_FLASH_167}, which no later guidance confirms",
                _isp_of_preschooler,
            ),
            Conflict(
                "preschooler-in-group",
                "Private school group before six years",
                "A child of three to five years is enrolled at the district itself, not in the private school group.",
                Owner.SIS,
                "Have the SIS enroll the child with the district's own code as school.",
                (Fix.SIS,),
                f"{_FLASH_167}, which no later guidance confirms",
                _preschooler_in_group,
            ),
            Conflict(
                "group-enrollment",
                "Enrollment status in a private school",
                "An enrollment in the private school group earns no attendance money: its status is 50.",
                Owner.SIS,
                "Have the SIS set enrollment status 50.",
                (Fix.SIS,),
                "a vendor's procedure for private schools: 0000002 with status 50",
                _group_enrollment,
            ),
            Conflict(
                "not-participating-in-group",
                "Enrolled without taking part",
                "The private school group is for students who take part with a services plan, or are being evaluated.",
                Owner.SIS,
                "Have the SIS end the enrollment; or, where services begin, hold the meeting for a services plan.",
                (Fix.SIS, Fix.MEETING),
                _GROUP_ONLY_FOR_ISP,
                _not_participating_in_group,
            ),
            Conflict(
                "no-plan-in-group",
                "No plan in a private school",
                "Who takes part has a plan; who declined it is reported as eligible and not participating (2).",
                Owner.COORDINATOR,
                "Record the leaving for a private school without a services plan; or hold a meeting for one.",
                (Fix.LEAVE, Fix.MEETING),
                f"SENR0606F1; {_GROUP_ONLY_FOR_ISP}",
                _no_plan_in_group,
                ("SENR0606F1",),
            ),
            Conflict(
                "isp-without-status",
                "Services plan without status 1",
                "Plans are reported only of students who participate (status 1).",
                Owner.COORDINATOR,
                "Correct the status as of the day on which the plan begins, or take the plan back.",
                (Fix.STATUS, Fix.TAKE_BACK),
                "MZ-PLAN-NOT-PARTICIPATING; 34 CFR 300.300(b)",
                _isp_without_status,
                ("MZ-PLAN-NOT-PARTICIPATING",),
            ),
            Conflict(
                "isp-without-service",
                "Services plan without services",
                "A services plan says which services the student gets: at least one.",
                Owner.TEAM,
                "Hold a meeting that enters the services, or that ends the plan.",
                (Fix.MEETING,),
                "34 CFR 300.138(b); PLAN0679E1, MZ-PLAN-NO-SERVICE",
                _isp_without_service,
                ("PLAN0679E1", "MZ-PLAN-NO-SERVICE"),
            ),
            Conflict(
                "left-and-enrolled",
                "Left, and still enrolled",
                "The SIS ends the enrollment of who left for a private school.",
                Owner.SIS,
                "Have the SIS end the enrollment; or take the leaving back.",
                (Fix.SIS, Fix.UNDO_LEAVE),
                "CALPADS, SENR exits; the reason of the leaving itself",
                _left_and_enrolled,
            ),
        )
    }
)
