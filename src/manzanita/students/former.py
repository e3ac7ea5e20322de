"""What a former LEA sees of a student who has left: what was true while it was responsible, on both time axes.

Effective after the last day here: not seen. Recorded later: seen only where the former LEA itself reports it, because
it may still correct what it reported. The day on which something ended is not seen either when it lies later.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from django.db.models import Q, QuerySet

from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.platform.facts import Fact
from manzanita.students.models import Enrollment, Plan, Service, SpecialEducationStatus, Ssid, Student
from manzanita.students.people import contact_rows, people_in, rights_rows
from manzanita.students.queries import StudentFacts, facts_of


def facts_for(actor: Actor, student: Student) -> StudentFacts:
    """The facts of a student that ``get_student`` found, as far as the actor may see them."""
    if student.seen_through is None:
        return facts_of(student)
    return _facts_through(student, student.seen_through, frozenset(actor.agency_codes))


def versions_for(actor: Actor, student: Student, versions: Sequence[Fact]) -> list[Fact]:
    """Of all versions of a fact, believed or not, those that the actor may see."""
    through = student.seen_through
    if through is None:
        return list(versions)
    known = clock.end_of(through)
    return [
        _capped(row, through)
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


def _facts_through(student: Student, through: date, own: frozenset[str]) -> StudentFacts:
    known = clock.end_of(through)

    def seen(model: type[Fact]) -> list[Fact]:
        of_student = model.objects.filter(student=student, effective_from__lte=through)
        own_rows = of_student.as_of().filter(lea_code__in=own)
        others = of_student.as_of(known=known).exclude(lea_code__in=own)
        return sorted(
            (_capped(row, through) for row in [*own_rows, *others]), key=lambda row: row.effective_from
        )

    return StudentFacts(
        student=student,
        # An SSID is the state's, not an LEA's: the one that held on the last day is how the state knows the student.
        ssids=[
            _capped(row, through)
            for row in Ssid.objects.as_of(effective=through)
            .filter(student=student)
            .order_by("effective_from")
        ],
        enrollments=seen(Enrollment),
        statuses=seen(SpecialEducationStatus),
        plans=seen(Plan),
        services=seen(Service),
        people=[
            replace(person, effective_to=_until(person.effective_to, through))
            for person in people_in(contact_rows(student, known=known))
            if person.effective_from <= through
        ],
        rights=[
            _capped(row, through)
            for row in rights_rows(student, known=known)
            if row.effective_from <= through
        ],
        case_manager_id=None,
    )


def _capped(fact: Fact, through: date) -> Fact:
    """The fact without an end that came later: as it stood on the last day it was still in force."""
    if _until(fact.effective_to, through) != fact.effective_to:
        fact = copy.copy(fact)
        fact.effective_to = None
    return fact


def _until(last: date | None, through: date) -> date | None:
    return None if last is not None and last > through else last
