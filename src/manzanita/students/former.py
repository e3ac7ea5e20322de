"""What a former LEA sees of a student who has left: what was true while it was responsible, on both time axes.

Effective after the last day here: not seen. Recorded later: seen only where the former LEA itself reports it, because
it may still correct what it reported. The day on which something ended is not seen either when it lies later.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from django.db.models import Q, QuerySet

from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.platform.facts import Fact
from manzanita.students.models import Enrollment, Plan, Service, SpecialEducationStatus, Ssid, Student
from manzanita.students.people import contact_rows, people_in, rights_rows
from manzanita.students.queries import StudentFacts, fact_rows

FactT = TypeVar("FactT", bound=Fact)


class Rows(Protocol):
    """Facts of a student that are not read yet: ``querysets`` may be read together, then :meth:`facts` asks nothing."""

    @property
    def querysets(self) -> Sequence[QuerySet[Any]]: ...

    def facts(self) -> StudentFacts: ...


def rows_for(
    actor: Actor, student: Student, *, known: datetime | None = None, day: date | None = None
) -> Rows:
    """The facts of a student that ``get_student`` found, as far as the actor may see them, to be read.

    ``known`` is the instant up to which they were known, ``None`` now. ``day``, for a former LEA within its time, is
    the one of which the SSID is read: otherwise that of its last day.
    """
    if student.seen_through is None:
        return fact_rows(student, known=known)
    return _FormerRows.of(student, student.seen_through, frozenset(actor.agency_codes), known, day)


def facts_for(actor: Actor, student: Student) -> StudentFacts:
    """The same, read."""
    return rows_for(actor, student).facts()


@dataclass(frozen=True, slots=True)
class _FormerRows:
    """``dated`` are the own rows of each kind, as they are believed now, and those of others, as they were known."""

    student: Student
    through: date
    ssids: QuerySet[Ssid]
    dated: Mapping[type[Fact], tuple[QuerySet[Any], QuerySet[Any]]]
    contacts: QuerySet[Any]
    rights: QuerySet[Any]

    @classmethod
    def of(
        cls,
        student: Student,
        through: date,
        own: frozenset[str],
        known_own: datetime | None,
        day: date | None,
    ) -> _FormerRows:
        last = clock.end_of(through)
        known = last if known_own is None else min(last, known_own)
        dated = {}
        for model in (Enrollment, SpecialEducationStatus, Plan, Service):
            of_student = model.objects.filter(student=student, effective_from__lte=through)
            others = of_student.as_of(known=known).exclude(lea_code__in=own)
            dated[model] = (of_student.as_of(known=known_own).filter(lea_code__in=own), others)
        return cls(
            student,
            through,
            # An SSID is the state's, not an LEA's: by the one of the last day the state knows the student.
            Ssid.objects.as_of(effective=day or through, known=known_own)
            .filter(student=student)
            .order_by("effective_from"),
            dated,
            contact_rows(student, known=known),
            rights_rows(student, known=known),
        )

    @property
    def querysets(self) -> Sequence[QuerySet[Any]]:
        dated = (rows for pair in self.dated.values() for rows in pair)
        return (self.ssids, *dated, self.contacts, self.rights)

    def facts(self) -> StudentFacts:
        through = self.through
        return StudentFacts(
            student=self.student,
            ssids=[capped(row, through) for row in self.ssids],
            enrollments=self._seen(Enrollment),
            statuses=self._seen(SpecialEducationStatus),
            plans=self._seen(Plan),
            services=self._seen(Service),
            people=[
                replace(person, effective_to=_until(person.effective_to, through))
                for person in people_in(self.contacts)
                if person.effective_from <= through
            ],
            rights=[capped(row, through) for row in self.rights if row.effective_from <= through],
            case_manager_id=None,
        )

    def _seen(self, model: type[Fact]) -> list[Any]:
        rows = (row for some in self.dated[model] for row in some)
        return sorted((capped(row, self.through) for row in rows), key=lambda row: row.effective_from)


def versions_for(actor: Actor, student: Student, versions: Sequence[Fact]) -> list[Fact]:
    """Of all versions of a fact, believed or not, those that the actor may see."""
    through = student.seen_through
    if through is None:
        return list(versions)
    known = clock.end_of(through)
    return [
        capped(row, through)
        for row in versions
        if row.effective_from <= through
        and (row.recorded_at < known or getattr(row, "lea_code", "") in actor.agency_codes)
    ]


def events_for(actor: Actor, student: Student, events: QuerySet) -> QuerySet:
    """Of the log rows about a student, those that the actor may see: a former LEA those until its last day, and those
    of its own people."""
    through = student.seen_through
    if through is None:
        return events
    return events.filter(Q(at__lt=clock.end_of(through)) | Q(lea_code__in=actor.agency_codes))


def capped(fact: FactT, through: date) -> FactT:
    """The fact without an end that came later: as it stood on the last day it was still in force."""
    if _until(fact.effective_to, through) != fact.effective_to:
        fact = copy.copy(fact)
        fact.effective_to = None
    return fact


def _until(last: date | None, through: date) -> date | None:
    return None if last is not None and last > through else last
