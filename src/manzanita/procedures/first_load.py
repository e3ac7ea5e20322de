"""The first load of a district, for the news: what its first SIS file brought is one piece of news, not a thousand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min

from manzanita.domain.access import Actor
from manzanita.exchange.models import ImportRun
from manzanita.students.models import Enrollment
from manzanita.students.transfer_facts import SIS_CAUSE

# So long after a file was loaded what the rules and the look for arrivals find is still of that file.
SETTLES_IN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class FirstLoad:
    """The first SIS run of an LEA that brought anything: from ``began`` until what it caused has settled; how many
    students it brought enrollments of, and its lines by outcome."""

    lea_code: str
    cause: str
    run: UUID
    began: datetime
    until: datetime
    students: int
    new: int
    changed: int


def first_loads(actor: Actor, since: datetime, until: datetime) -> Sequence[FirstLoad]:
    """Those of the actor's agencies that began in the window; one query, three where there are some."""
    codes = sorted({actor.agency_code, *actor.agency_codes})
    runs = ImportRun.objects.filter(kind="sis", state="done", lea_code__in=codes, counts__new__gt=0)
    firsts = list(
        runs.values("lea_code").annotate(first=Min("pk"), at=Min("created_at")).order_by("lea_code")
    )
    keys = [one["first"] for one in firsts if since < one["at"] <= until]
    if not keys:
        return []
    found = ImportRun.objects.in_bulk(keys)
    brought = Enrollment.objects.filter(cause__in=[f"{SIS_CAUSE}{key}" for key in keys])
    students = dict(
        brought.order_by()
        .values("cause")
        .annotate(count=Count("student", distinct=True))
        .values_list("cause", "count")
    )
    return [
        FirstLoad(
            run.lea_code,
            cause := f"{SIS_CAUSE}{run.pk}",
            run.public_id,
            run.created_at,
            (run.finished_at or run.created_at) + SETTLES_IN,
            students.get(cause, 0),
            run.counts.get("new", 0),
            run.counts.get("changed", 0),
        )
        for run in (found[key] for key in keys)
    ]
