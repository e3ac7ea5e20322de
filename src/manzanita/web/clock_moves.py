"""Who gets another due date when a calendar or a reading of the law changes: all counted, by name those in reach."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
from manzanita.orgs.calendars import Calendars
from manzanita.orgs.queries import school_names
from manzanita.students.scope import visible_to
from manzanita.web.clock_words import Working, working_of

MOST_NAMED = 1000


@dataclass(frozen=True, slots=True)
class MovedRow:
    """One evaluation of a student within reach that moves, with how each of its two dates was counted."""

    moved: Moved
    name: str
    school: str
    before: Working
    after: Working


@dataclass(frozen=True, slots=True)
class Moves:
    """What a change does to the open evaluations of some LEAs. ``open_count`` = ``same`` + ``moved_count``.

    ``rows`` are those who move and whom the actor reaches, at most ``MOST_NAMED``; ``unnamed`` move, too.
    """

    open_count: int
    moved_count: int
    rows: Sequence[MovedRow]
    reads_students: bool
    is_cut: bool
    not_counted: Sequence[Counted]

    @property
    def same(self) -> int:
        return self.open_count - self.moved_count

    @property
    def unnamed(self) -> int:
        return self.moved_count - len(self.rows)


def moves_of(
    actor: Actor, lea_codes: Iterable[str], before: Calendars, after: Calendars, *, what: str
) -> Moves:
    """Counts everybody at these LEAs; names, and logs as read, only students within the actor's reach."""
    evaluations = list(open_evaluations(lea_codes))
    schools_now = schools_of(evaluations)
    counted = count_evaluations(evaluations, before, schools_now)
    movers = moved(counted, count_evaluations(evaluations, after, schools_now))
    ids = {one.before.meeting.student_id for one in movers}
    reached = set(visible_to(actor).filter(pk__in=ids).order_by().values_list("pk", flat=True))
    named = [one for one in movers if one.before.meeting.student_id in reached]
    shown = named[:MOST_NAMED]
    log_reads(
        actor=actor,
        student_ids=[one.before.meeting.student_id for one in shown],
        what=what,
        filter_codes="",
    )
    schools = school_names({one.before.school_code for one in shown} - {""})
    return Moves(
        open_count=len(evaluations),
        moved_count=len(movers),
        rows=[
            MovedRow(
                one,
                one.before.meeting.student.full_name,
                schools.get(one.before.school_code, ""),
                working_of(one.before),
                working_of(one.after),
            )
            for one in shown
        ],
        reads_students=actor.may(Capability.READ_STUDENT),
        is_cut=len(named) > len(shown),
        not_counted=[one for one in counted if one.problem],
    )
