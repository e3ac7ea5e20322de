"""The lists of students that the product knows: what each asks, in words and as a query.

Home counts with the same queries that the list pages show, so that a count and its list cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from manzanita.domain.access import Actor
from manzanita.exchange.compliance import find
from manzanita.exchange.queries import has_open_finding, has_operation
from manzanita.meetings.queries import has_open_meeting
from manzanita.platform import clock
from manzanita.students.models import ScopedQuerySet
from manzanita.students.queries import DueCount, due_counts, participating
from manzanita.students.scope import current_at_agency, listed_for, visible_to
from manzanita.web.compliance_asked import ComplianceList, list_of_key


@dataclass(frozen=True, slots=True)
class Span:
    """Days until a due date, both ends inclusive; ``first`` ``None`` is open toward the past."""

    key: str
    label: str
    first: int | None
    last: int

    def days(self, today: date) -> tuple[date | None, date]:
        first = None if self.first is None else today + timedelta(days=self.first)
        return first, today + timedelta(days=self.last)


SPANS = (
    Span("late", "Overdue", None, -1),
    Span("15", "Due within 15 days", 0, 15),
    Span("30", "Due in 16 to 30 days", 16, 30),
)


@dataclass(frozen=True, slots=True)
class Clock:
    """A due date that lists watch."""

    key: str
    label: str
    column: str


CLOCKS = (
    Clock("plan-review", "Plan review", "plan_review_due_on"),
    Clock("triennial", "Triennial", "evaluation_due_on"),
)


@dataclass(frozen=True, slots=True)
class StudentList:
    """One list. ``kind`` is clock, held, different, findings, compliance or all; ``nothing`` says what an empty one
    means.

    ``has_meeting`` asks of a clock's list whether a meeting is open that would meet it.
    """

    key: str
    title: str
    meaning: str
    nothing: str
    kind: str = "all"
    clock: Clock | None = None
    span: Span | None = None
    has_meeting: bool = False
    compliance: ComplianceList | None = None

    @property
    def span_label(self) -> str:
        label = self.span.label if self.span else ""
        return f"{label}, meeting open" if self.has_meeting else label


def _overdue_list(watched: Clock) -> StudentList:
    """A meeting that is open ends no clock: until it is held the date stays overdue."""
    return StudentList(
        key=f"{watched.key}-late-open",
        title=f"{watched.label} overdue, meeting open",
        meaning=(
            f"Current, participating students whose {watched.label.lower()} is overdue and who have a meeting open "
            "that would meet it"
        ),
        nothing="No such meeting is open, or none of them is late.",
        kind="clock",
        clock=watched,
        span=SPANS[0],
        has_meeting=True,
    )


def _clock_list(watched: Clock, span: Span) -> StudentList:
    return StudentList(
        key=f"{watched.key}-{span.key}",
        title=f"{watched.label} {span.label.lower()}, no meeting open",
        meaning=(
            f"Current, participating students whose {watched.label.lower()} is {span.label.lower()} and who have "
            "no meeting open that would meet it"
        ),
        nothing="Every such student has a meeting open, or the date is further away.",
        kind="clock",
        clock=watched,
        span=span,
    )


LISTS: Mapping[str, StudentList] = MappingProxyType(
    {
        known.key: known
        for known in (
            StudentList(
                "all",
                "Students",
                "Students enrolled here now, and those who left since the last academic year began",
                "No student is in this scope yet.",
            ),
            *(
                known
                for watched in CLOCKS
                for known in (*(_clock_list(watched, span) for span in SPANS), _overdue_list(watched))
            ),
            StudentList(
                "findings",
                "Students with open findings",
                "Students within reach, in whatever view, on whose records a finding is open",
                "No finding is open.",
                "findings",
            ),
            StudentList(
                "held",
                "Students with records held back from the state",
                "Students within reach, in whatever view, of whom at least one record is held, for a reason "
                "that stands on the student's page",
                "Nothing is held.",
                "held",
            ),
            StudentList(
                "different",
                "Students whose records differ at the state",
                "Students within reach, in whatever view, of whom at least one record is ready to send or on its way",
                "The state holds what it should.",
                "different",
            ),
        )
    }
)


def known_list(key: str) -> StudentList | None:
    """The list with this key: one of ``LISTS``, or a group of the compliance pages, whose key says all of it."""
    found = LISTS.get(key)
    asked = None if found else list_of_key(key)
    if asked is None:
        return found
    return StudentList(
        key,
        asked.title,
        "Students within reach, in whatever view, of one group of a monitoring report",
        "Nobody is in this group.",
        "compliance",
        compliance=asked,
    )


def watched_students(actor: Actor, watched: Clock, *, has_meeting: bool) -> ScopedQuerySet:
    """Students whose clock counts: here today, participating, with or without a meeting open that would meet it."""
    students = participating(current_at_agency(listed_for(actor), actor))
    is_open = has_open_meeting(watched.column)
    return students.filter(is_open) if has_meeting else students.exclude(is_open)


def students_of(actor: Actor, wanted: StudentList) -> ScopedQuerySet:
    """The students of one list, in no order."""
    if wanted.clock is not None and wanted.span is not None:
        first, last = wanted.span.days(clock.today())
        students = watched_students(actor, wanted.clock, has_meeting=wanted.has_meeting).filter(
            **{f"{wanted.clock.column}__lte": last}
        )
        return students.filter(**{f"{wanted.clock.column}__gte": first}) if first else students
    if wanted.kind == "all":
        return listed_for(actor)
    # What the state holds does not end with attendance, so these ask all within reach.
    students = visible_to(actor)
    if wanted.compliance is not None:
        asked = wanted.compliance
        return students.filter(pk__in=find(actor, asked.asked, asked.wanted))
    if wanted.kind == "findings":
        return students.filter(has_open_finding(actor))
    if wanted.kind in ("held", "different"):
        return students.filter(has_operation(actor, held=wanted.kind == "held"))
    return students


def clock_counts(actor: Actor, watched: Clock) -> Sequence[tuple[StudentList, DueCount]]:
    """Count and earliest date of each list of one clock, in two queries."""
    today = clock.today()
    found = []
    for has_meeting in (False, True):
        lists = [one for one in lists_of(watched) if one.has_meeting is has_meeting]
        students = watched_students(actor, watched, has_meeting=has_meeting)
        counts = due_counts(students, watched.column, [one.span.days(today) for one in lists if one.span])
        found += zip(lists, counts, strict=True)
    return found


def lists_of(watched: Clock) -> list[StudentList]:
    """The lists of one clock, the most urgent first."""
    return [one for one in LISTS.values() if one.clock == watched]
