"""Two forms of one record: whoever saves later is told first what was changed since, and when; nothing is lost.

A form carries how much was done about the record when it was drawn (``FIELD``). What is sent with it is carried out
only where nothing was done since, by whomever: one's own second window shows what stood before, as anybody's does. Else
the answer is a 409 with what was done, and the form as filled in; what it showed of the record is laid over by
``laid_over``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from manzanita.accounts.queries import user_names
from manzanita.auditing.models import ChangeEvent
from manzanita.auditing.queries import changes_of_student
from manzanita.domain.access import Actor
from manzanita.domain.findings import LOOK_AGAIN, Owner, Reason
from manzanita.meetings.actions import NotPossible
from manzanita.students.assignment_actions import lock_students
from manzanita.students.former import events_for
from manzanita.students.models import Student
from manzanita.students.queries import get_student
from manzanita.ui.formats import us_date, us_time
from manzanita.web.students_words import ACTION_WORDS

FIELD = "record_seen"
CODE = "changed-meanwhile"
SHOWN = 5
# How refusals are answered that come of what somebody else did.
_CONFLICTS = frozenset({CODE, "merged-meanwhile", "sent", "arrival-settled", "arrival-open"})


def stamp_of(actor: Actor, *students: Student) -> str:
    """What the form of these students carries."""
    return "-".join(str(_events(actor, one).count()) for one in students)


@contextmanager
def alone_with(request: HttpRequest, *students: Student, typed: str = "") -> Iterator[None]:
    """One form at a time from here to the end, in one transaction. Raises ``NotPossible`` where a record was changed
    since the form was drawn, and ``MergedAway`` where one was put together with another. ``typed`` is
    told with the refusal, for a page that does not show it otherwise."""
    with transaction.atomic():
        lock_students([one.pk for one in students])
        fresh = [get_student(request.actor, one.public_id) for one in students]
        others = changes_since(request, *fresh, typed=typed)
        if others:
            raise NotPossible(others)
        yield


def changes_since(request: HttpRequest, *students: Student, typed: str = "") -> list[Reason]:
    """What was done since the form was drawn, the newest first; of a form without ``FIELD`` nothing."""
    seen = request.POST.get(FIELD, "").split("-")
    if len(seen) != len(students) or not all(one.isascii() and one.isdecimal() for one in seen):
        return []
    events = [
        event for one, count in zip(students, seen, strict=True) for event in _since(request, one, count)
    ]
    names = user_names({one.actor_user_id for one in events if one.actor_user_id})
    if request.actor.user_id in names:
        names[request.actor.user_id] = "You yourself"
    return _reasons(events[:SHOWN], names, typed)


def _since(request: HttpRequest, student: Student, seen: str) -> Sequence[ChangeEvent]:
    events = _events(request.actor, student)
    new = max(events.count() - int(seen[:9]), 0)
    return list(events[:new])


def _events(actor: Actor, student: Student) -> QuerySet:
    return events_for(actor, student, changes_of_student(student.pk))


def _reasons(events: Sequence[ChangeEvent], names: dict[int, str], typed: str) -> list[Reason]:
    again = "Look at it; what you typed is kept, and is saved when you send it again."
    if typed:
        again = f"Look at it. You had typed: “{typed}”."
    reasons = []
    for one in events:
        who = names.get(one.actor_user_id or 0, "The system by itself")
        text = deed_words(who, one.at, one.action)
        way_out = again if one is events[-1] else ""
        reasons.append(Reason(CODE, text, Owner.COORDINATOR, way_out, source=LOOK_AGAIN))
    return reasons


def deed_words(who: str, at: datetime, action: str) -> str:
    """What somebody did to a record, and when, for who was there too."""
    what = ACTION_WORDS.get(action, action.replace("_", " "))
    return f"{who}, {us_time(at)} on {us_date(at)}: {what[0].lower()}{what[1:]}."


def is_conflict(refusals: Sequence[Reason]) -> bool:
    return any(one.code in _CONFLICTS for one in refusals)


def status_of(refusals: Sequence[Reason]) -> int:
    """The answer's status: 409 where somebody else was faster, 422 where something else is to be mended."""
    if is_conflict(refusals):
        return 409
    return 422 if refusals else 200


def meanwhile_fix(student: Student) -> dict[str, tuple[str, str]]:
    """Address and label of where what was done is read, by the code of the refusal."""
    return {CODE: (f"{reverse('student', args=[student.public_id])}?tab=history", "Show what was done")}
