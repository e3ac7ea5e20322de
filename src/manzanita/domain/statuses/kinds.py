"""The statuses of a record as data: what each means, whose it is, what ends it, how long it may stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.findings import Owner


class Group(StrEnum):
    """What somebody asks first: does the student take part, and has somebody to do something?"""

    ACTIVE = "Active"
    INACTIVE = "Inactive"
    TO_SETTLE = "To settle"
    NONE = "No status"


class Kind(StrEnum):
    """A status of a record. Those to settle are work that somebody has to end."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    INFANT = "infant"
    NONE = "none"
    REFERRAL = "referral"
    STARTING = "starting"
    ARRIVING = "arriving"
    RETURNING = "returning"
    LEAVING = "leaving"
    FOLLOW_UP = "follow_up"
    HELD = "held"
    EXPECTED = "expected"


@dataclass(frozen=True, slots=True)
class RecordStatus:
    """One status. ``holds`` is what the state should hold for it, ``stands`` how long it may stand, ``source`` the rule
    behind that."""

    kind: Kind
    group: Group
    label: str
    sentence: str
    owner: Owner
    ends: str
    stands: str
    holds: str
    source: str = ""


KINDS: Mapping[Kind, RecordStatus] = MappingProxyType(
    {
        one.kind: one
        for one in (
            RecordStatus(
                Kind.ACTIVE,
                Group.ACTIVE,
                "Active",
                "Eligible, enrolled, and taking part on an agreed plan.",
                Owner.TEAM,
                "A leaving, or a meeting that finds the student no longer eligible.",
                "As long as all three are so; its reviews have due dates of their own.",
                "SWDS 1, the newest plan review and evaluation (MEET), and the PLAN in force with its SERV.",
                "SPED Data Guide; 34 CFR 300.323",
            ),
            RecordStatus(
                Kind.INACTIVE,
                Group.INACTIVE,
                "Inactive",
                "Does not take part here: left, or stopped.",
                Owner.COORDINATOR,
                "A new referral, a return, or a plan that is adopted.",
                "Until something of that happens.",
                "The status that ended it, and nothing after it.",
                "SPED Data Guide",
            ),
            RecordStatus(
                Kind.INFANT,
                Group.INACTIVE,
                "Infant, served elsewhere",
                "Takes part with an IFSP at another agency (Part C), and not here yet.",
                Owner.TEAM,
                "The IEP that follows the IFSP on the third birthday, at the district that owes it; or an enrollment "
                "here.",
                "Until the third birthday: on that day an IEP is in effect, or the child was found not eligible.",
                "Nothing of this district; SWDS 1 and PLAN (150) are of the agency that serves the child.",
                "34 CFR 303.209 and 300.124; EC 56426.9",
            ),
            RecordStatus(
                Kind.NONE,
                Group.NONE,
                "No status",
                "No special education status is known here: general education.",
                Owner.TEAM,
                "A referral.",
                "Without an end.",
                "Nothing.",
            ),
            RecordStatus(
                Kind.REFERRAL,
                Group.TO_SETTLE,
                "Referral",
                "Referred for assessment, or an initial evaluation is open; the student has no plan yet.",
                Owner.TEAM,
                "Finalizing the initial meeting, or canceling it with its reason; before consent, withdrawing or "
                "declining the referral.",
                "15 days from the referral to the assessment plan, 60 days from consent to the meeting.",
                "Nothing; a pending MEET where consent comes before Census Day and the meeting after it.",
                "EC 56043(a), 56344",
            ),
            RecordStatus(
                Kind.STARTING,
                Group.TO_SETTLE,
                "Services to start",
                "Found eligible here with a start agreed for later; plan and services have not started.",
                Owner.COORDINATOR,
                "Recording that the services start; or a meeting that agrees on something else.",
                "Until that enrollment, and then not over a Census Day: until recorded, the state takes the student "
                "for one who does not take part.",
                "SWDS 2 with reason 12; from the enrollment SWDS 1, PLAN and SERV.",
                "SPED Data Guide; 34 CFR 300.323(c)(2)",
            ),
            RecordStatus(
                Kind.ARRIVING,
                Group.TO_SETTLE,
                "Arriving",
                "Enrolled here with the plan of another district, which nobody has adopted yet.",
                Owner.COORDINATOR,
                "Adopting the plan, or recording that the student does not take part here.",
                "30 days to the review; and not over a Census Day: until adopted, no district counts the student.",
                "SWDS 1 of the other district; from here PLAN and SERV from the first day of the enrollment.",
                "EC 56325; SENR0606F1",
            ),
            RecordStatus(
                Kind.RETURNING,
                Group.TO_SETTLE,
                "Returning",
                "Enrolled here again after a leaving, and nobody has said whether the student takes part.",
                Owner.COORDINATOR,
                "Adopting the plan, an initial meeting, or a status that fits an enrolled student.",
                "Not over a Census Day: an enrolled student must not have status 3.",
                "Still the status that ended it.",
                "SENR0647F1",
            ),
            RecordStatus(
                Kind.LEAVING,
                Group.TO_SETTLE,
                "Leaving",
                "A colleague or the SIS says that the student left, and it is not recorded.",
                Owner.COORDINATOR,
                "Recording the leaving, or answering the report.",
                "Until it is known why; meanwhile the state takes the student for one who takes part here.",
                "Still SWDS 1, PLAN and SERV.",
                "SPED Data Guide",
            ),
            RecordStatus(
                Kind.FOLLOW_UP,
                Group.TO_SETTLE,
                "Follow-up while not participating",
                "Does not take part, and a meeting is open that may change that; the reason stays until then.",
                Owner.TEAM,
                "Finalizing the meeting, or canceling it.",
                "As long as the meeting's own due date allows.",
                "The status that stands; a MEET when the meeting is finalized.",
                "SPED Data Guide",
            ),
            RecordStatus(
                Kind.HELD,
                Group.TO_SETTLE,
                "Held from rollover",
                "Took part until June on a plan that goes on, and is enrolled nowhere since school began.",
                Owner.COORDINATOR,
                "A SIS file with the new enrollment, or recording the leaving.",
                "Not over Census Day: enrolled nowhere, no district counts the student.",
                "Still SWDS 1, PLAN and SERV.",
                "SPED Data Guide",
            ),
            RecordStatus(
                Kind.EXPECTED,
                Group.TO_SETTLE,
                "Expected",
                "Was planned to come here this school year, and is not enrolled yet: no SIS file says so.",
                Owner.SIS,
                "A SIS file with an enrollment of this school year, here or elsewhere; or recording that the student "
                "does not come.",
                "Not over Census Day: after it the record is not seen here any more.",
                "What the LEA that had the student reported; from here nothing before the enrollment.",
                "A rule of this product (decision 30)",
            ),
        )
    }
)
# Of several things to settle at once the first of these is what the record is called by.
SETTLED_IN_ORDER = (
    Kind.LEAVING,
    Kind.STARTING,
    Kind.ARRIVING,
    Kind.RETURNING,
    Kind.REFERRAL,
    Kind.FOLLOW_UP,
    Kind.HELD,
    Kind.EXPECTED,
)
# How long a status without participation may stand, by SWDS 22.12 and 22.13 (blank: whatever the reason).
_INACTIVE: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("2", "11"): (
            "Until the family accepts an offer or asks for another evaluation. No rule of the state sets an end.",
            "34 CFR 300.300(b)",
        ),
        ("2", "12"): (
            "Until the plan begins: then SWDS 1, PLAN and SERV count from the enrollment or the plan's first day. No "
            "rule of the state sets an end; three years after the evaluation a new one comes before services.",
            "SWDS0618; 34 CFR 300.303(b)(2)",
        ),
        ("2", "13"): (
            "Until the family asks again: that is a new referral, with an initial evaluation.",
            "34 CFR 300.300(b)(4); EC 56346",
        ),
        ("2", ""): (
            "Until a plan is agreed, or the status is recorded anew: a status stands until the next one starts.",
            "SWDS0618",
        ),
        ("3", ""): (
            "Until the student is enrolled again: status 3 of an enrolled student is rejected on Census Day.",
            "SENR0647F1",
        ),
        ("4", ""): (
            "Without an end; a new referral begins anew with an initial evaluation.",
            "SPED Data Guide",
        ),
    }
)


def how_long(status_code: str, reason_code: str) -> tuple[str, str]:
    """How long an inactive status may stand, and the rule behind it."""
    known = _INACTIVE.get((status_code, reason_code)) or _INACTIVE.get((status_code, ""))
    inactive = KINDS[Kind.INACTIVE]
    return known or (inactive.stands, inactive.source)
