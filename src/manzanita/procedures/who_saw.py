"""Who saw which students, when and why: the answer that a district owes after a breach, from the read log."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from manzanita.accounts.models import User
from manzanita.accounts.queries import people
from manzanita.auditing.actions import Reader, log_change
from manzanita.auditing.models import ReadEvent
from manzanita.auditing.queries import in_chunks, reads_between
from manzanita.platform import clock
from manzanita.students.queries import keys_of_person, public_ids

EVENTS_AT_ONCE = 1000
UNKNOWN = "(no such account)"


@dataclass(frozen=True, slots=True)
class Question:
    """Reads by people of ``lea_code`` on the California days from ``first`` to ``last``, both included.

    ``user_id`` and ``student_id`` narrow it to one person, to one student.
    """

    lea_code: str
    first: date
    last: date
    user_id: int | None = None
    student_id: int | None = None

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), clock.CALIFORNIA)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last + timedelta(days=1), time(), clock.CALIFORNIA)


@dataclass(frozen=True, slots=True)
class Seen:
    """One person saw one student once. ``student`` is the public id, ``None`` for a student who is gone."""

    at: datetime
    person: str
    email: str
    seen_as: str
    perspective: str
    student: UUID | None
    student_id: int
    kind: str
    what: str
    filter_codes: str
    purpose_code: str
    purpose_note: str
    request_id: str


def log_question(*, actor: Reader | None, question: Question, asked_by: str = "") -> None:
    """Note that somebody asks, before anything is told. ``asked_by`` is the machine's user for a command."""
    log_change(
        actor=actor,
        action="read_who_saw",
        student_id=question.student_id,
        detail={
            "from": question.first.isoformat(),
            "to": question.last.isoformat(),
            "user_id": question.user_id,
            **({"asked_by": asked_by} if asked_by else {}),
        },
        lea_code=question.lea_code,
    )


def who_saw(question: Question, *, newest_first: bool = False) -> Iterator[Seen]:
    """The answer, oldest first or newest first, one for each student of each page, list, print and export.

    Two queries for each ``EVENTS_AT_ONCE`` events beside the reading itself; a year of a district streams.
    """
    keys = None if question.student_id is None else keys_of_person(question.student_id)
    events = reads_between(
        lea_code=question.lea_code,
        start=question.start,
        end=question.end,
        user_id=question.user_id,
        student_ids=keys,
        newest_first=newest_first,
    )
    for chunk in in_chunks(events, EVENTS_AT_ONCE):
        yield from seen_in(chunk, student_ids=keys)


def seen_in(events: list[ReadEvent], *, student_ids: Collection[int] | None = None) -> Iterator[Seen]:
    """The students of these events, or of each only the one asked for, by the keys that this one has had."""
    accounts = people({e.actor_user_id for e in events} | {e.viewed_as_user_id or 0 for e in events})
    wanted = student_ids if student_ids is not None else sorted({s for e in events for s in e.student_ids})
    ids = public_ids(wanted)
    for event in events:
        person = accounts.get(event.actor_user_id)
        seen_as = accounts.get(event.viewed_as_user_id or 0)
        for one in event.student_ids:
            if student_ids is None or one in student_ids:
                yield _seen(event, person, seen_as, one, ids.get(one))


def _seen(
    event: ReadEvent, person: User | None, seen_as: User | None, student_id: int, public_id: UUID | None
) -> Seen:
    return Seen(
        at=event.at,
        person=person.name if person else UNKNOWN,
        email=person.email if person else "",
        seen_as=seen_as.email if seen_as else "",
        perspective=event.perspective,
        student=public_id,
        student_id=student_id,
        kind=event.kind,
        what=event.what,
        filter_codes=event.filter_codes,
        purpose_code=event.purpose_code,
        purpose_note=event.purpose_note,
        request_id=event.request_id,
    )
