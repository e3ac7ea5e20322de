"""The reports, what each judges, and the groups it sorts students into, in our words and with their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.compliance.facts import Enrolled, Meet


class Measure(StrEnum):
    """What is judged. Report 16.21 judges two things of each student."""

    PLAN_REVIEW = "plan-review"
    REEVALUATION = "reevaluation"
    INITIAL = "initial"
    C_TO_B = "c-to-b"


class Group(StrEnum):
    OVERDUE = "overdue"
    HELD_LATE = "held-late"
    ON_TIME = "on-time"
    PENDING = "pending"
    NOT_YET = "not-yet"
    NO_MEETING = "no-meeting"
    NOT_COUNTED = "not-counted"


@dataclass(frozen=True, slots=True)
class MeasureInfo:
    """A measure in words. ``groups`` in the order of the state's report; ``excuses`` says which delay codes leave an
    overdue student non-compliant, beside none at all."""

    measure: Measure
    report: str
    label: str
    asks: str
    counts: str
    groups: tuple[Group, ...]
    failing_delays: tuple[str, ...]
    source: str
    confidence: str
    unsure: tuple[str, ...]


_PAGE = "documentation.calpads.org, Reports, Accountability, "
_ENROLLED = (
    "an enrollment on the day with status 10, 30 or 50 (a primary one before a short-term one, that before one "
    "without ADA)"
)
_DAYS_UNSURE = (
    "The law counts to the same day of the year. A vendor's page tells of students listed as late who met on just that "
    "day after a 29 February, as if the state counted 365 days. Where that would change the group, the student says so."
)
_WITHIN_UNSURE = (
    "Whether the state chooses among enrollments at several LEAs, or within one, its page does not say; here it is "
    "among those of the agencies in your scope."
)

MEASURES: Mapping[Measure, MeasureInfo] = MappingProxyType(
    {
        one.measure: one
        for one in (
            MeasureInfo(
                Measure.PLAN_REVIEW,
                "16.21",
                "Annual plan review",
                "Was the plan reviewed within a year?",
                f"Students with status 1 on the day, {_ENROLLED} in grade PS or TK to 12; an exit E155 or E156 still "
                "counts. The newest plan review held by the day is due again after a year. Overdue: that day is "
                "past. Held late: the newest review came more than a year after the one before. Non-compliant: "
                "overdue, and delay code 90 or none on the pending record.",
                (Group.OVERDUE, Group.HELD_LATE, Group.ON_TIME, Group.NO_MEETING),
                ("90",),
                f"{_PAGE}16.21 (10/1/2025)",
                "seen",
                (
                    "The state's page names only meetings with plan review Y. That an initial evaluation starts the "
                    "clock is our reading of the law.",
                    "How the state lists a student without any such meeting its page does not say; here they have a "
                    "group of their own.",
                    _DAYS_UNSURE,
                    _WITHIN_UNSURE,
                ),
            ),
            MeasureInfo(
                Measure.REEVALUATION,
                "16.21",
                "Reevaluation",
                "Was the student evaluated again within three years?",
                f"Students with status 1 on the day, {_ENROLLED} in grade PS or TK to 12; an exit E155 or E156 still "
                "counts. The newest reevaluation (type 40) held by the day, or the initial one, is due again after "
                "three years. Overdue, held late and non-compliant as for the plan review.",
                (Group.OVERDUE, Group.HELD_LATE, Group.ON_TIME, Group.NO_MEETING),
                ("90",),
                f"{_PAGE}16.21 (10/1/2025)",
                "seen",
                (
                    "The state's page names only evaluations of type 40. That an initial evaluation starts the clock "
                    "is our reading of the law.",
                    "Whether a child with an IFSP is judged here the page does not say; such a child is counted.",
                    _DAYS_UNSURE,
                    _WITHIN_UNSURE,
                ),
            ),
            MeasureInfo(
                Measure.INITIAL,
                "16.25",
                "Initial evaluation, 60 days",
                "Was the first Part B evaluation held within 60 days of consent?",
                "Students with an initial Part B evaluation, held or pending, whose parent consented between 1 May of "
                f"the last academic year and 30 June of this one; with {_ENROLLED} in grade PS or TK to 12, an exit "
                "E155 or E156 still counting, or without any enrollment. 60 calendar days, also over breaks. "
                "Non-compliant: overdue, and delay code 90 or none on the pending record.",
                (Group.OVERDUE, Group.HELD_LATE, Group.PENDING, Group.ON_TIME),
                ("90",),
                f"{_PAGE}16.25 (5/5/2025)",
                "seen",
                (
                    "Held on day 60 counts as timely, because the state's groups say “exceeded 60”; not tested "
                    "against the state.",
                    "The law's own date may be later, because breaks of more than five school days stop its clock; "
                    "the state takes delay code 40 for that.",
                    "An evaluation that is open here and not reported as pending is counted here. The state does not "
                    "know of it, and each such student says so.",
                    _WITHIN_UNSURE,
                ),
            ),
            MeasureInfo(
                Measure.C_TO_B,
                "16.26",
                "Part C to Part B",
                "Was the first Part B evaluation held by the third birthday?",
                "Children who turn 3 in the academic year of the day and whose IFSP began before that birthday; with "
                f"{_ENROLLED} in grade IN or PS; an exit E155, E170 or E450 still counts. Non-compliant for the Annual "
                "Determination Letter: overdue, and delay code 90, 40 or none. Held late does not count there.",
                (Group.OVERDUE, Group.HELD_LATE, Group.ON_TIME, Group.NOT_YET),
                ("90", "40"),
                f"{_PAGE}16.26 (11/14/2025)",
                "seen",
                (
                    "The page's first sentence says “eligible and participating”, its list of conditions asks no "
                    "status; none is asked here.",
                    "On the third birthday itself a child is “not yet 3” here, because an evaluation on that day is "
                    "in time.",
                    _WITHIN_UNSURE,
                ),
            ),
        )
    }
)

GROUP_LABELS: Mapping[Group, str] = MappingProxyType(
    {
        Group.OVERDUE: "Overdue",
        Group.HELD_LATE: "Held late",
        Group.ON_TIME: "On time",
        Group.PENDING: "Pending, within 60 days",
        Group.NOT_YET: "Not held, not yet 3",
        Group.NO_MEETING: "No meeting on record",
        Group.NOT_COUNTED: "Not counted",
    }
)

# What the public page of the report leaves open, where it decides about this student.
DOUBTS: Mapping[str, str] = MappingProxyType(
    {
        "initial": "The state's page names no initial evaluation here; that it starts the clock is our reading.",
        "365": "Held or asked for on the very anniversary after a 29 February. If the state counts 365 days, as a "
        "vendor's page tells, it lists the student as late.",
        "ifsp": "The child has an IFSP; whether the state judges a reevaluation then, its page does not say.",
        "unreported": "The state has no record of this evaluation yet, so its report does not list the student.",
        "birthday": "Today is the third birthday: in time by our reading, and the state's page does not say.",
    }
)


@dataclass(frozen=True, slots=True)
class Judged:
    """Where a student stands in one measure on one day.

    ``excluded`` is why the student is not counted (a key of ``words.EXCLUSIONS``). ``last`` is the record that
    decides, ``before`` the one it is measured from, ``pending`` a record that says the meeting is still to come, or
    the meeting that is open here.
    """

    measure: Measure
    group: Group
    excluded: str = ""
    lea_code: str = ""
    school_code: str = ""
    enrollment: Enrolled | None = None
    due_on: date | None = None
    last: Meet | None = None
    before: Meet | None = None
    pending: Meet | None = None
    is_noncompliant: bool = False
    doubts: tuple[str, ...] = ()
