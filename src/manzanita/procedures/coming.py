"""Who is to come: transfers that are asked for or agreed, enrollments to come in the SIS, and next year's places.

Each is named with its source, and none counts before its day. Who is enrolled at the agency today does not come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from manzanita.domain.access import Actor, Relationship, Scope
from manzanita.domain.student_transfers import STATE_WORDS, State
from manzanita.platform import clock
from manzanita.students.models import AgencyRelation, Enrollment, Student
from manzanita.students.scope import visible_to
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import open_transfers_of

MOST = 500


@dataclass(frozen=True, slots=True)
class Coming:
    """One who is to come: as whom (``student`` where the record may be seen, else the words of the request), by what,
    from which day (``None``: with the next school year), and to which school."""

    called: str
    student: Student | None
    source: str
    on: date | None
    school_code: str = ""
    transfer: StudentTransfer | None = None


def coming_to(actor: Actor) -> list[Coming]:
    """At most ``MOST`` of each source, the next day first and those without a day last. Four queries."""
    found = [*_by_transfer(actor), *_by_sis(actor), *_by_place(actor)]
    return sorted(found, key=lambda one: (one.on is None, one.on or date.max, one.called))


def _codes(actor: Actor) -> tuple[str, ...]:
    return tuple(actor.agency_codes) if actor.perspective.scope is Scope.SELPA else (actor.agency_code,)


def _by_transfer(actor: Actor) -> Iterator[Coming]:
    rows = list(open_transfers_of(actor).filter(receiving_code__in=_codes(actor))[:MOST])
    seen = {one.pk: one for one in visible_to(actor).filter(pk__in=[row.student_id for row in rows])}
    for row in rows:
        student = seen.get(row.student_id)
        words = f"Transfer: {STATE_WORDS[State(row.state)].lower()}"
        called = _name(student) if student else row.called
        yield Coming(called, student, words, row.enroll_on, row.school_code, row)


def _by_sis(actor: Actor) -> Iterator[Coming]:
    today = clock.today()
    rows = Enrollment.objects.believed().filter(
        student__in=visible_to(actor).order_by().values("pk"),
        lea_code__in=_codes(actor),
        started_on__gt=today,
    )
    for row in _from_elsewhere(rows, "lea_code").order_by("started_on", "pk")[:MOST]:
        yield Coming(
            _name(row.student), row.student, "SIS: enrollment to come", row.started_on, row.school_code
        )


def _by_place(actor: Actor) -> Iterator[Coming]:
    rows = AgencyRelation.objects.as_of(effective=clock.today()).filter(
        student__in=visible_to(actor).order_by().values("pk"),
        agency_code__in=_codes(actor),
        relationship=str(Relationship.NEXT_YEAR),
    )
    # What an accepted transfer has stated is that transfer's.
    rows = rows.exclude(cause__startswith="transfer:")
    for row in _from_elsewhere(rows, "agency_code").order_by("pk")[:MOST]:
        yield Coming(_name(row.student), row.student, "Planned here for next year", None, row.school_code)


def _from_elsewhere(rows: QuerySet[Any, Any], agency: str) -> QuerySet[Any, Any]:
    here = Enrollment.objects.as_of(effective=clock.today()).filter(
        student=OuterRef("student_id"), lea_code=OuterRef(agency)
    )
    return rows.filter(~Exists(here)).select_related("student")


def _name(student: Student) -> str:
    return f"{student.last_name}, {student.first_name}"
