"""Reading leavings and reports of participation, within the scope of who asks."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date, datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.http import Http404

from manzanita.domain.access import Actor
from manzanita.domain.leaving import NO_SHOW, STAYS_ENROLLED
from manzanita.domain.scenarios import PARTICIPATING
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.platform import clock
from manzanita.students.models import Enrollment, ScopedQuerySet, SpecialEducationStatus, Student
from manzanita.students.scope import in_reach, lea_filter, visible_to

SHOWN = 100


def leavings_of(student: Student, lea_code: str) -> list[Leaving]:
    """Planned and done ones of a student the caller may read; not those taken back or canceled."""
    return list(leavings_that_count(student.pk).filter(lea_code=lea_code))


def leavings_that_count(*student_ids: int) -> QuerySet[Leaving]:
    """Planned and done ones of every LEA, the newest day first."""
    rows = Leaving.objects.filter(student__in=student_ids, state__in=["planned", "done"])
    return rows.order_by("-leaves_on", "-id")


def open_reports_of(*student_ids: int) -> QuerySet[ParticipationReport]:
    """Reports of every LEA that wait for an answer."""
    return ParticipationReport.objects.filter(student__in=student_ids, state="open")


def standing_leaving(student: Student, lea_code: str) -> Leaving | None:
    """The newest one that is done and stands."""
    rows = Leaving.objects.filter(student=student, lea_code=lea_code, state="done")
    return rows.order_by("-leaves_on", "-id").first()


def left_since(student_ids: Collection[int], at: datetime) -> dict[int, date]:
    """Last days here of those of whom a leaving was carried out since ``at`` and stands, the newest of each."""
    rows = Leaving.objects.filter(student__in=student_ids, state="done", done_at__gte=at)
    return {one.student_id: one.last_day_here for one in rows.order_by("done_at", "id")}


def planned_leaving(student: Student, lea_code: str) -> Leaving | None:
    return Leaving.objects.filter(student=student, lea_code=lea_code, state="planned").first()


def due_leavings(today: date) -> list[Leaving]:
    """Planned ones of every LEA whose day has come, for the nightly job."""
    return list(Leaving.objects.filter(state="planned", leaves_on__lte=today).order_by("leaves_on", "id"))


def _within(actor: Actor, model: type[Leaving] | type[ParticipationReport]) -> QuerySet:
    return model.objects.filter(in_reach(actor), **lea_filter(actor)).select_related("student")


def list_leavings(actor: Actor, state: str) -> list[Leaving]:
    """The next planned ones, or the newest done ones, of students within reach; at most ``SHOWN``."""
    order = ("leaves_on", "id") if state == "planned" else ("-done_at", "-id")
    return list(_within(actor, Leaving).filter(state=state).order_by(*order)[:SHOWN])


def gone_from(lea_codes: Collection[str], today: date) -> QuerySet[Leaving]:
    """Done ones of students who are here no more (``domain.leaving.is_gone``) though the SIS may not have ended the
    enrollment: not of who came again, by an enrollment or a status that began later, or is at another of these LEAs."""
    rows = Leaving.objects.filter(
        Q(leaves_on__lt=today) | Q(reason_key=NO_SHOW, leaves_on=today), state="done", lea_code__in=lea_codes
    ).exclude(reason_key__in=STAYS_ENROLLED)
    of_student = {"student": OuterRef("student")}
    enrolled = Enrollment.objects.believed().filter(started_on__gt=OuterRef("leaves_on"), **of_student)
    elsewhere = Enrollment.objects.as_of(effective=today).filter(lea_code__in=lea_codes, **of_student)
    return rows.filter(
        ~Exists(enrolled.filter(lea_code__in=lea_codes)),
        ~Exists(elsewhere.exclude(lea_code=OuterRef("lea_code"))),
        ~Exists(_taking_part_again(today)),
    )


def still_here(students: ScopedQuerySet, actor: Actor) -> ScopedQuerySet:
    """Of ``students`` those who have not left the actor's agencies by our own record."""
    return students.exclude(pk__in=gone_from(actor.agency_codes, clock.today()).values("student_id"))


def _taking_part_again(today: date) -> QuerySet[SpecialEducationStatus]:
    return SpecialEducationStatus.objects.as_of(effective=today).filter(
        student=OuterRef("student"),
        lea_code=OuterRef("lea_code"),
        status_code=PARTICIPATING,
        effective_from__gt=OuterRef("leaves_on"),
    )


def open_at_sis(actor: Actor, today: date) -> QuerySet[Leaving]:
    """Those that the SIS has still to end, of students within reach, the longest gone first."""
    return _still_enrolled(_within(actor, Leaving), today)


def open_at_sis_of(lea_code: str, today: date) -> QuerySet[Leaving]:
    """The same of an LEA, for who keeps its SIS and reaches no student."""
    return _still_enrolled(Leaving.objects.filter(lea_code=lea_code), today)


def _still_enrolled(rows: QuerySet[Leaving], today: date) -> QuerySet[Leaving]:
    """Done ones after whose day the enrollment goes on (``domain.leaving.sis_reason``), with ``enrolled_on``, the day
    on which that starts. Not of whom the LEA has told the state since that they take part, and of several of one
    student the last."""
    own = {"student": OuterRef("student"), "lea_code": OuterRef("lea_code")}
    goes_on = Enrollment.objects.as_of(effective=today).filter(started_on__lte=OuterRef("leaves_on"), **own)
    after = Q(leaves_on__gt=OuterRef("leaves_on")) | Q(leaves_on=OuterRef("leaves_on"), pk__gt=OuterRef("pk"))
    later = Leaving.objects.filter(after, state="done", **own)
    rows = rows.filter(state="done", leaves_on__lt=today).exclude(reason_key__in=STAYS_ENROLLED)
    rows = rows.annotate(enrolled_on=Subquery(goes_on.order_by("-started_on").values("started_on")[:1]))
    return rows.filter(
        ~Exists(_taking_part_again(today)), ~Exists(later), enrolled_on__isnull=False
    ).order_by("leaves_on", "id")


def open_report_of(student: Student, lea_code: str) -> ParticipationReport | None:
    return ParticipationReport.objects.filter(student=student, lea_code=lea_code, state="open").first()


def was_answered_on(student: Student, lea_code: str, day: date) -> bool:
    """Whether a report was answered on this day without a leaving."""
    rows = ParticipationReport.objects.filter(student=student, lea_code=lea_code, state="declined")
    newest = rows.order_by("-id").values_list("answered_at", flat=True).first()
    return newest is not None and newest.astimezone(clock.CALIFORNIA).date() == day


def get_report(actor: Actor, public_id: uuid.UUID) -> ParticipationReport:
    """A report about a student within reach, or 404."""
    found = _within(actor, ParticipationReport).filter(public_id=public_id).first()
    if found is None:
        raise Http404("no such report in this scope")
    return found


def own_reports(actor: Actor) -> list[ParticipationReport]:
    """What the person reported, newest first. Its student may be out of reach by now: ask ``names_within``."""
    rows = ParticipationReport.objects.filter(reported_by_id=actor.user_id, **lea_filter(actor))
    return list(rows.order_by("-id").prefetch_related("leavings")[:SHOWN])


def own_report_counts(actor: Actor, answered_since: datetime) -> tuple[int, int]:
    """How many of the person's reports wait, and how many were answered since; one query."""
    rows = ParticipationReport.objects.filter(reported_by_id=actor.user_id, **lea_filter(actor))
    found = rows.aggregate(
        waiting=Count("pk", filter=Q(state="open")),
        answered=Count("pk", filter=Q(answered_at__gte=answered_since)),
    )
    return found["waiting"], found["answered"]


def names_within(actor: Actor, student_ids: list[int]) -> dict[int, Student]:
    """Those of these students whom the person still reaches."""
    return {one.pk: one for one in visible_to(actor).filter(pk__in=student_ids)}
