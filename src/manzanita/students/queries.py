"""Reading students within the scope that ``students.scope`` decides. Out of scope is 404."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404

from manzanita.domain.access import Actor, Relationship
from manzanita.domain.findings import Reason
from manzanita.domain.rights import Rights, Standing, rights_holders_on
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.domain.stays import rank
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery, Told
from manzanita.platform.together import read_together
from manzanita.students.ended import why_unseen
from manzanita.students.models import (
    AgencyRelation,
    CaseAssignment,
    Contact,
    Enrollment,
    Merge,
    Plan,
    RightsHolder,
    ScopedQuerySet,
    Service,
    SpecialEducationStatus,
    Ssid,
    Student,
    StudentFact,
)
from manzanita.students.people import KnownPerson, contact_rows, people_in, rights_rows, standings_of
from manzanita.students.scope import visible_to, with_last_day

IDS_AT_ONCE = 5000
_PUBLIC_ID = Student._meta.get_field("public_id")
_COLUMNS = Student._meta.concrete_fields


class MergedAway(Http404):
    """The record ``asked`` for was put together with that of ``stays``, which the asker may see."""

    def __init__(self, asked: uuid.UUID, stays: Student) -> None:
        super().__init__("put together with another record")
        self.asked, self.stays = asked, stays


class NoLongerSeen(Http404):
    """The actor's LEA had the student, and read the record until the day that ``why`` names."""

    def __init__(self, why: Reason) -> None:
        super().__init__("the time of a former LEA has run out")
        self.why = why


def get_student(actor: Actor, public_id: uuid.UUID) -> Student:
    """The student with this public id, or 404 when there is none within the actor's scope: ``MergedAway`` where the
    record was put together with one that is, ``NoLongerSeen`` where the actor's LEA had the student too long ago.

    ``seen_through`` is set: the last day that a former LEA sees (``students.former``), else ``None``.
    """
    student = _found(actor, public_id)
    if student is None:
        stays = _stays_of(actor, public_id)
        if stays is not None:
            raise MergedAway(public_id, stays)
        if (why := why_unseen(actor, public_id)) is not None:
            raise NoLongerSeen(why)
        raise Http404("no such student in this scope")
    return student


def _found(actor: Actor, public_id: uuid.UUID) -> Student | None:
    asked = _PUBLIC_ID.get_db_prep_value(public_id, connection)
    for *values, seen_through in _by_public_id(actor, clock.today()).ask(public_id=asked):
        student = Student.from_db(connection.alias, [field.attname for field in _COLUMNS], values)
        student.seen_through = seen_through
        return student
    return None


@lru_cache(maxsize=512)
def _by_public_id(actor: Actor, today: date) -> KeptQuery:
    """Today stands in its conditions. Every page about a student asks it."""
    rows = with_last_day(visible_to(actor), actor).filter(public_id=Told("public_id"))
    return KeptQuery(rows.order_by().values_list(*(field.attname for field in _COLUMNS), "seen_through"))


def _stays_of(actor: Actor, public_id: uuid.UUID) -> Student | None:
    """Of a record that was put together with another, that other; and so on, if that one was too."""
    stays_id = None
    # No student was ever entered so often.
    for _ in range(10):
        merges = Merge.objects.filter(undone_at__isnull=True)
        merges = (
            merges.filter(other__public_id=public_id) if stays_id is None else merges.filter(other=stays_id)
        )
        found = merges.values_list("student_id", flat=True).first()
        if found is None:
            break
        stays_id = found
    return visible_to(actor).filter(pk=stays_id).first() if stays_id is not None else None


def keys_of_person(student_id: int) -> list[int]:
    """The student's key, and those of records that were put together with it: logs keep what they were written of."""
    keys = [student_id]
    for one in keys:
        merged = Merge.objects.filter(student=one, undone_at__isnull=True).order_by("pk")
        keys += [pk for pk in merged.values_list("other_id", flat=True) if pk not in keys]
    return keys


def is_on_caseload(actor: Actor, student: Student) -> bool:
    """Whether the student is assigned to the person today, whatever the perspective reaches."""
    return (
        CaseAssignment.objects.as_of(effective=clock.today())
        .filter(student=student.pk, user_id=actor.user_id)
        .exists()
    )


def public_ids(ids: Iterable[int]) -> dict[int, uuid.UUID]:
    """Public ids by key, in no scope: for reports on the logs, which hold keys and tell nothing of a student."""
    wanted = sorted(set(ids))
    found: dict[int, uuid.UUID] = {}
    for start in range(0, len(wanted), IDS_AT_ONCE):
        some = Student.unscoped.filter(pk__in=wanted[start : start + IDS_AT_ONCE])
        found.update(some.values_list("pk", "public_id"))
    return found


def key_of_public_id(public_id: uuid.UUID) -> int | None:
    """The key of a student in no scope, for the same reports; ``None`` where there is none."""
    return Student.unscoped.filter(public_id=public_id).values_list("pk", flat=True).first()


def is_visible(actor: Actor, student_id: int) -> bool:
    return visible_to(actor).filter(pk=student_id).exists()


@dataclass(frozen=True, slots=True)
class StudentFacts:
    """What is believed about one student, for all days, each list by start date; people by their number."""

    student: Student
    ssids: list[Ssid]
    enrollments: list[Enrollment]
    statuses: list[SpecialEducationStatus]
    plans: list[Plan]
    services: list[Service]
    people: list[KnownPerson]
    rights: list[RightsHolder]
    case_manager_id: int | None
    residences: list[AgencyRelation] = field(default_factory=list)

    @property
    def ssid(self) -> str:
        """The SSID in force, or empty text; to a former LEA that of its last day."""
        last = self.ssids[-1] if self.ssids else None
        if last is None:
            return ""
        day = self.student.seen_through or clock.today()
        return last.ssid if last.effective_to is None or last.effective_to >= day else ""

    def enrollment_on(self, day: date, lea_code: str | None = None) -> Enrollment | None:
        """The enrollment that covers ``day``; a primary one (10) before short-term (30) before the rest."""
        covering = [e for e in self.enrollments if _covers(e, day) and lea_code in (None, e.lea_code)]
        return min(covering, key=lambda e: (rank(e.status_code), -e.started_on.toordinal()), default=None)

    def still_at(self, day: date, other_than: str) -> str:
        """Code of another LEA at which a primary enrollment covers ``day``; empty text for none."""
        elsewhere = [one for one in self.enrollments if _covers(one, day) and one.lea_code != other_than]
        return next((one.lea_code for one in elsewhere if one.status_code == "10"), "")

    def status_on(self, day: date) -> SpecialEducationStatus | None:
        return next((s for s in reversed(self.statuses) if _covers(s, day)), None)

    def takes_part_on(self, day: date) -> bool:
        """Whether reviews run: of whoever does not take part none is due, whatever meeting was held last."""
        status = self.status_on(day)
        return status is not None and status.status_code == PARTICIPATING

    def plan_on(self, day: date) -> Plan | None:
        return next((p for p in reversed(self.plans) if _covers(p, day)), None)

    def residence_on(self, day: date) -> AgencyRelation | None:
        """The district in which the student lives, where it is another than the one that enrolls. To a former LEA
        nothing: it is told what was enrolled there (``Enrollment.residence_code``)."""
        return next((r for r in self.residences if _covers(r, day)), None)

    def services_on(self, day: date) -> list[Service]:
        return [s for s in self.services if _covers(s, day)]

    def people_on(self, day: date) -> list[KnownPerson]:
        return [person for person in self.people if person.is_known_on(day)]

    def person(self, contact_no: int) -> KnownPerson | None:
        """The contact with this number as it is known last."""
        return next((one for one in reversed(self.people) if one.contact_no == contact_no), None)

    @property
    def standings(self) -> list[Standing]:
        return standings_of(self.rights, self.people)

    def rights_on(self, day: date) -> Rights:
        """Who decides and who gets the notices on ``day``: the only answer to that question."""
        return rights_holders_on(
            day, self.student.birth_on, self.standings, student_name=self.student.full_name
        )


def versions_of(model: type[StudentFact], student: Student, **slot: object) -> list[StudentFact]:
    """Every version of one kind of fact about a student, also those no longer believed, oldest recorded first."""
    return list(model.objects.filter(student=student, **slot).order_by("recorded_at", "effective_from", "pk"))


def _covers(fact: StudentFact, day: date) -> bool:
    return fact.effective_from <= day and (fact.effective_to is None or day <= fact.effective_to)


def facts_of(student: Student, *, known: datetime | None = None) -> StudentFacts:
    """All believed facts of a student that the caller was allowed to read; one query."""
    rows = fact_rows(student, known=known)
    read_together(*rows.querysets)
    return rows.facts()


@dataclass(frozen=True, slots=True)
class FactRows:
    """The reads of :func:`facts_of`, for who reads more in the same query (``platform.together``)."""

    student: Student
    ssids: QuerySet[Ssid]
    enrollments: QuerySet[Enrollment]
    statuses: QuerySet[SpecialEducationStatus]
    plans: QuerySet[Plan]
    services: QuerySet[Service]
    contacts: QuerySet[Contact]
    rights: QuerySet[RightsHolder]
    managed: QuerySet[CaseAssignment]
    residences: QuerySet[AgencyRelation]

    @property
    def querysets(self) -> list[QuerySet[Any]]:
        return [getattr(self, field.name) for field in fields(self)[1:]]

    def facts(self) -> StudentFacts:
        return StudentFacts(
            student=self.student,
            ssids=list(self.ssids),
            enrollments=list(self.enrollments),
            statuses=list(self.statuses),
            plans=list(self.plans),
            services=list(self.services),
            people=people_in(self.contacts),
            rights=list(self.rights),
            case_manager_id=next((one.user_id for one in self.managed), None),
            residences=list(self.residences),
        )


def fact_rows(student: Student, *, known: datetime | None = None) -> FactRows:
    def of(model: type[StudentFact], *order: str) -> QuerySet[Any]:
        return model.objects.as_of(known=known).filter(student=student).order_by(*order)

    return FactRows(
        student,
        ssids=of(Ssid, "effective_from"),
        enrollments=of(Enrollment, "effective_from", "lea_code"),
        statuses=of(SpecialEducationStatus, "effective_from"),
        plans=of(Plan, "effective_from"),
        services=of(Service, "service_no", "effective_from"),
        contacts=contact_rows(student, known=known),
        rights=rights_rows(student, known=known),
        managed=CaseAssignment.objects.as_of(effective=clock.today(), known=known).filter(student=student),
        residences=of(AgencyRelation, "effective_from").filter(relationship=str(Relationship.RESIDENCE)),
    )


def line_facts_of(students: Sequence[Student]) -> dict[int, StudentFacts]:
    """The dated facts of which state lines are written, for many students: five queries. People and rights are left
    out."""
    ids = [student.pk for student in students]
    rows: dict[type[StudentFact], dict[int, list]] = {}
    for model in (Ssid, Enrollment, SpecialEducationStatus, Plan, Service):
        rows[model] = defaultdict(list)
        for row in model.objects.believed().filter(student__in=ids).order_by("effective_from", "pk"):
            rows[model][row.student_id].append(row)
    return {
        student.pk: StudentFacts(
            student=student,
            ssids=rows[Ssid][student.pk],
            enrollments=rows[Enrollment][student.pk],
            statuses=rows[SpecialEducationStatus][student.pk],
            plans=rows[Plan][student.pk],
            services=sorted(rows[Service][student.pk], key=lambda one: one.service_no),
            people=[],
            rights=[],
            case_manager_id=None,
        )
        for student in students
    }


def students_by_ssid(ssids: Iterable[str]) -> dict[str, int]:
    """Database key by SSID, for procedures that read files of a whole agency: ids only, nothing to show."""
    wanted = list(ssids)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), 10_000):
        rows = Ssid.objects.believed().filter(ssid__in=wanted[start : start + 10_000])
        found.update(rows.values_list("ssid", "student_id"))
    return found


def participating(students: ScopedQuerySet) -> ScopedQuerySet:
    """Of ``students``, those who take part today: the others have no review due, whatever meeting was held last."""
    return students.filter(Exists(taking_part(clock.today()).filter(student=OuterRef("pk"))))


def taking_part(day: date) -> QuerySet[SpecialEducationStatus]:
    """Statuses by which a student takes part on the day: ``StudentFacts.takes_part_on``, asked of many."""
    return SpecialEducationStatus.objects.as_of(effective=day).filter(status_code=PARTICIPATING)


def attending_by_lea(lea_codes: Iterable[str]) -> dict[str, set[int]]:
    """Database keys of the students enrolled at each of these LEAs today: ids to count with, nothing to show."""
    found: dict[str, set[int]] = defaultdict(set)
    rows = Enrollment.objects.as_of(effective=clock.today()).filter(lea_code__in=list(lea_codes))
    for lea_code, student_id in rows.values_list("lea_code", "student_id"):
        found[lea_code].add(student_id)
    return found
