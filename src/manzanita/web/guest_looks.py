"""What a guest has looked at, for the district: each look of each student, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest

from manzanita.auditing.actions import log_reads
from manzanita.auditing.queries import look_counts, looks_through
from manzanita.web.state_lines import name_of, student_names
from manzanita.web.students_words import READ_WORDS

PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class LookRow:
    at: datetime
    name: str
    url_id: object
    what: str


@dataclass(frozen=True, slots=True)
class LookPage:
    """One page of looks; ``older`` is where the next begins, ``None`` on the last; ``total`` counts all."""

    rows: list[LookRow]
    older: int | None
    total: int


def looks_page(request: HttpRequest, user_id: int, grant_ids: Iterable[int]) -> LookPage:
    """The looks of ``user_id`` through these grants, from ``before`` of the address on. Reading it is logged."""
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdecimal() and len(before) < 19):
        raise Http404("no such page")
    ids = list(grant_ids)
    shown = looks_through(user_id, ids, before=int(before) if before else None, limit=PAGE_SIZE)
    people = student_names(request.actor, [look.student_id for look in shown])
    log_reads(actor=request.actor, student_ids=list(people), what="guest.looks")
    rows = [
        LookRow(
            look.at,
            name_of(people.get(look.student_id)),
            people[look.student_id].student.public_id if look.student_id in people else None,
            READ_WORDS.get(look.what, look.what),
        )
        for look in shown
    ]
    older = shown[-1].pk if len({look.pk for look in shown}) == PAGE_SIZE else None
    return LookPage(rows, older, sum(look_counts([user_id], ids).values()))
