"""Reading arrivals within a scope: the list, one of them, what is open for the list of what is to settle."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import Case, Count, IntegerField, Min, Q, QuerySet, When
from django.http import Http404

from manzanita.arrivals.models import Arrival
from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery
from manzanita.students.scope import in_reach

PAGE_SIZE = 50
# Students of one preview: more are the next one's.
MOST_AT_ONCE = 200


def arrivals_of(actor: Actor) -> QuerySet[Arrival]:
    """Arrivals at the actor's agencies of students whom the actor reaches, settled or not."""
    return Arrival.objects.filter(in_reach(actor), lea_code__in=actor.agency_codes)


def open_arrivals(actor: Actor) -> QuerySet[Arrival]:
    return arrivals_of(actor).filter(settled_at__isnull=True)


def open_arrivals_of(actor: Actor, student_ids: Sequence[int]) -> QuerySet[Arrival]:
    """Those of students whom the caller has found within the actor's reach already."""
    return Arrival.objects.filter(
        student_id__in=student_ids, lea_code__in=actor.agency_codes, settled_at__isnull=True
    )


@dataclass(frozen=True, slots=True)
class ArrivalPage:
    """One page, the longest here first; ``after`` is the token of the next page."""

    arrivals: list[Arrival]
    after: str


def list_arrivals(
    actor: Actor, *, kind: str = "", only_safe: bool = False, settled: bool = False, after: str = ""
) -> ArrivalPage:
    """Open arrivals by first day, or with ``settled`` those settled, the newest first. Raises ``Http404`` for a token
    that is none."""
    found = arrivals_of(actor).filter(settled_at__isnull=not settled)
    if kind:
        found = found.filter(kind=kind)
    if only_safe:
        found = found.filter(is_safe=True)
    if after:
        last = _by_public_id(arrivals_of(actor), after)
        if settled:
            found = found.filter(
                Q(settled_at__lt=last.settled_at) | Q(settled_at=last.settled_at, pk__lt=last.pk)
            )
        else:
            found = found.filter(
                Q(enrolled_on__gt=last.enrolled_on) | Q(enrolled_on=last.enrolled_on, pk__gt=last.pk)
            )
    order = ("-settled_at", "-pk") if settled else ("enrolled_on", "pk")
    chosen = list(found.select_related("student").order_by(*order)[: PAGE_SIZE + 1])
    token = str(chosen[PAGE_SIZE - 1].public_id) if len(chosen) > PAGE_SIZE else ""
    return ArrivalPage(chosen[:PAGE_SIZE], token)


def _by_public_id(arrivals: QuerySet[Arrival], text: str | uuid.UUID) -> Arrival:
    try:
        public_id = uuid.UUID(str(text))
    except ValueError as error:
        raise Http404("no such arrival") from error
    found = arrivals.select_related("student").filter(public_id=public_id).first()
    if found is None:
        raise Http404("no such arrival in this scope")
    return found


def get_arrival(actor: Actor, public_id: uuid.UUID) -> Arrival:
    """The arrival, or 404 where there is none within the actor's scope."""
    return _by_public_id(arrivals_of(actor), public_id)


def next_arrival(actor: Actor, arrival: Arrival) -> Arrival | None:
    """The open one that the list shows after this: of its kind first, then of any."""
    rows = open_arrivals(actor).exclude(pk=arrival.pk).select_related("student")
    rows = rows.annotate(
        is_other=Case(When(kind=arrival.kind, then=0), default=1, output_field=IntegerField())
    )
    return rows.order_by("is_other", "enrolled_on", "pk").first()


def chosen_arrivals(actor: Actor, public_ids: Collection[str]) -> list[Arrival]:
    """Those of these open arrivals that are within scope, the longest here first."""
    wanted = []
    for text in list(public_ids)[:MOST_AT_ONCE]:
        try:
            wanted.append(uuid.UUID(text))
        except ValueError:
            continue
    rows = open_arrivals(actor).filter(public_id__in=wanted).select_related("student")
    return list(rows.order_by("enrolled_on", "pk"))


@dataclass(frozen=True, slots=True)
class Counts:
    """Open arrivals by kind, how many are safe, and since when the oldest is here."""

    by_kind: dict[str, int]
    safe: int
    oldest_on: date | None

    @property
    def all(self) -> int:
        return sum(self.by_kind.values())


def count_arrivals(actor: Actor) -> Counts:
    """One query."""
    found = _counts(actor, clock.today()).ask()
    return Counts(
        {kind: count for kind, count, _, _ in found},
        sum(safe for _, _, safe, _ in found),
        min((oldest for *_, oldest in found), default=None),
    )


@lru_cache(maxsize=256)
def _counts(actor: Actor, today: date) -> KeptQuery:
    safe = Count("pk", filter=Q(is_safe=True))
    by_kind = open_arrivals(actor).order_by().values_list("kind")
    return KeptQuery(by_kind.annotate(count=Count("pk"), safe=safe, oldest=Min("enrolled_on")))
