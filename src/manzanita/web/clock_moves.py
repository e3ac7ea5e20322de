"""Who gets another due date when a calendar or a reading of the law changes: all counted, by name those in reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.meetings.evaluation_clocks import (
    Counted,
    Moved,
    count_evaluations,
    moved,
    open_evaluations,
    schools_of,
)
from manzanita.meetings.models import Meeting
from manzanita.orgs.calendars import Calendars
from manzanita.orgs.queries import school_names
from manzanita.students.scope import visible_to
from manzanita.web.clock_words import Working, working_of
from manzanita.web.request_moves import MovedRequest, request_moves

# A page never names so many that looking at it would stop the reader's own pages (``domain.viewing_limits``).
MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class MovedGroup:
    """Evaluations within reach that began on one day and move alike, so that one count explains them all.

    ``students`` are named, in order of their names; ``more`` belong to the group and are not named on this page.
    """

    consent_on: date
    days: int | None
    before: Working
    after: Working
    students: Sequence[tuple[Meeting, str]]
    more: int


@dataclass(frozen=True, slots=True)
class Moves:
    """What a change does to the open evaluations of some LEAs. ``open_count`` = ``same`` + ``moved_count``.

    ``groups`` hold everybody who moves and whom the actor reaches; ``outside`` move, too. ``not_counted`` have no date.
    ``requests`` for records move, too. Of those who move, ``back_in_time`` have missed their date now and not then,
    ``then_late`` the other way round.
    """

    open_count: int
    moved_count: int
    groups: Sequence[MovedGroup]
    schools: Mapping[str, str]
    reads_students: bool
    not_counted: Sequence[Counted]
    back_in_time: int
    then_late: int
    requests: Sequence[MovedRequest]

    @property
    def same(self) -> int:
        return self.open_count - self.moved_count

    @property
    def outside(self) -> int:
        return self.moved_count - sum(len(group.students) + group.more for group in self.groups)


def moves_of(
    actor: Actor,
    lea_codes: Iterable[str],
    before: Calendars,
    after: Calendars,
    *,
    what: str,
    school_code: str | None = None,
) -> Moves:
    """Counts everybody at these LEAs; names, and logs as read, only students within the actor's reach.

    With ``school_code`` only students of that school (empty: of every school) are meant, and only those within reach.
    """
    rows = open_evaluations(lea_codes)
    if school_code is not None:
        rows = rows.filter(student__in=visible_to(actor).order_by().values("pk"))
    evaluations = list(rows)
    schools_now = schools_of(evaluations)
    if school_code:
        evaluations = [
            one for one in evaluations if schools_now.get((one.student_id, one.lea_code)) == school_code
        ]
    counted = count_evaluations(evaluations, before, schools_now)
    movers = moved(counted, count_evaluations(evaluations, after, schools_now))
    ids = {one.before.meeting.student_id for one in movers}
    reached = set(visible_to(actor).filter(pk__in=ids).order_by().values_list("pk", flat=True))
    groups = _groups(one for one in movers if one.before.meeting.student_id in reached)
    requests = request_moves(actor, lea_codes, before, after, only_reached=school_code is not None)
    log_reads(
        actor=actor,
        student_ids=[
            *(meeting.student_id for group in groups for meeting, _ in group.students),
            *(one.student.pk for one in requests if one.student is not None),
        ],
        what=what,
        filter_codes="",
    )
    return Moves(
        open_count=len(evaluations),
        moved_count=len(movers),
        groups=groups,
        schools=school_names({group.before.counted.school_code for group in groups} - {""}),
        reads_students=actor.may(Capability.READ_STUDENT),
        not_counted=[one for one in counted if one.problem],
        back_in_time=sum(one.before.is_missed() and not one.after.is_missed() for one in movers),
        then_late=sum(one.after.is_missed() and not one.before.is_missed() for one in movers),
        requests=requests,
    )


def _groups(movers: Iterable[Moved]) -> list[MovedGroup]:
    """Equal questions have one answer between them, so that its identity says who moves alike."""
    alike: dict[tuple[object, ...], list[Moved]] = defaultdict(list)
    for one in movers:
        key = (
            one.before.meeting.consent_on,
            one.before.school_code,
            id(one.before.answer),
            id(one.after.answer),
        )
        alike[key].append(one)
    groups, left = [], MOST_NAMED
    for group in alike.values():
        first = group[0]
        students = sorted(
            ((one.before.meeting, one.before.meeting.student.full_name) for one in group),
            key=lambda student: student[1],
        )
        named = students[:left]
        left -= len(named)
        groups.append(
            MovedGroup(
                _begun(first),
                first.days,
                working_of(first.before),
                working_of(first.after),
                named,
                len(students) - len(named),
            )
        )
    return groups


def _begun(one: Moved) -> date:
    consent_on = one.before.meeting.consent_on
    assert consent_on is not None
    return consent_on
