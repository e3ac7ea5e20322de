"""Keeping a pasted list as a found set: made, found again by whoever pasted it, dropped, and forgotten in time.

Whom it means was found once; who of them is within reach is asked at every look (``listed``).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404

from manzanita.domain.access import Actor
from manzanita.domain.pasting import PastedLine as ReadLine
from manzanita.platform import clock
from manzanita.students.models import PastedLine, PastedSet, ScopedQuerySet
from manzanita.students.pasted import problem_document, students_meant

KEPT_FOR = timedelta(days=7)
# Of one person; the oldest goes when another comes.
KEPT_AT_ONCE = 10
# An ended list says that it has ended for as long.
REMEMBERED = timedelta(days=30)
FIRST_SHOWN = 20


@transaction.atomic
def keep_pasted(actor: Actor, lines: Sequence[ReadLine]) -> PastedSet:
    """Find whom the lines mean, within reach, whether they attend today or not, and keep them for the actor."""
    meant = students_meant(actor, lines, must_attend=False)
    problems = [problem_document(one) for one in meant if one.student_id is None]
    counts = Counter(one.reason.code for one in meant if one.reason is not None)
    now = clock.now()
    made = PastedSet.objects.create(
        agency_code=actor.agency_code,
        by_id=actor.reader_id,
        made_at=now,
        ends_at=now + KEPT_FOR,
        line_count=len(meant),
        student_count=len(meant) - len(problems),
        counts=dict(counts),
        first_problems=problems[:FIRST_SHOWN],
        problems=problems,
    )
    PastedLine.objects.bulk_create(
        [
            PastedLine(pasted=made, student_id=one.student_id, number=one.line.number)
            for one in meant
            if one.student_id is not None
        ],
        batch_size=5_000,
    )
    for old in _kept(actor)[KEPT_AT_ONCE:]:
        _empty(old)
    return made


def _own(actor: Actor) -> QuerySet[PastedSet]:
    """Those that this person pasted at this agency: with a grant at another one, the person is somebody else."""
    return PastedSet.objects.filter(by_id=actor.reader_id, agency_code=actor.agency_code)


def _kept(actor: Actor) -> Sequence[PastedSet]:
    """Of these those that have not ended, the newest first."""
    mine = _own(actor).filter(ends_at__gt=clock.now())
    return list(mine.defer("problems").order_by("-made_at", "-pk"))


def pasted_set(actor: Actor, text: str | uuid.UUID, *, with_problems: bool = False) -> PastedSet:
    """The list of this public id, ended or not. Raises ``Http404`` where it is not the actor's own."""
    try:
        public_id = uuid.UUID(str(text))
    except ValueError:
        raise Http404("no such pasted list") from None
    sets = _own(actor).filter(public_id=public_id)
    found = (sets if with_problems else sets.defer("problems")).first()
    if found is None:
        raise Http404("no such pasted list of this person")
    return found


def has_ended(pasted: PastedSet) -> bool:
    return pasted.ends_at <= clock.now()


def listed(students: ScopedQuerySet, pasted: PastedSet) -> ScopedQuerySet:
    """Those of ``students``, already cut to an actor, who stand in the list."""
    return students.filter(pk__in=PastedLine.objects.filter(pasted=pasted.pk).values("student_id"))


@transaction.atomic
def drop_pasted(pasted: PastedSet) -> None:
    """Keep nothing of it any more, but that it has ended."""
    _empty(pasted)


def forget_ended() -> None:
    """Of lists that have ended keep nothing, of those long ago not even that; whosever they are."""
    now = clock.now()
    lines = PastedLine.objects.filter(pasted__ends_at__lte=now)
    lines.delete()
    ended = PastedSet.objects.filter(ends_at__lte=now)
    ended.exclude(problems=[]).update(problems=[], first_problems=[], counts={})
    ended.filter(ends_at__lte=now - REMEMBERED).delete()


def _empty(pasted: PastedSet) -> None:
    PastedLine.objects.filter(pasted=pasted.pk).delete()
    PastedSet.objects.filter(pk=pasted.pk).update(
        ends_at=min(pasted.ends_at, clock.now()), counts={}, first_problems=[], problems=[]
    )
