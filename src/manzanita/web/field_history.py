"""One field of the record through time: every value it had, when that was recorded, by whom, and what stated it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.accounts.queries import user_names
from manzanita.archive.queries import archives_of
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.exchange.queries import import_runs_by_key
from manzanita.meetings.queries import label_of, meetings_of
from manzanita.orgs.queries import agency_names, school_names
from manzanita.students.former import versions_for
from manzanita.students.models import (
    Enrollment,
    Plan,
    Service,
    SpecialEducationStatus,
    Ssid,
    Student,
    StudentFact,
)
from manzanita.students.queries import get_student, versions_of
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.read_purpose import ask_purpose, purpose_for
from manzanita.web.students_words import grade_text

Words = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Traced:
    """A field whose history can be shown: the fact that holds it, its column, its words."""

    model: type[StudentFact]
    attribute: str
    label: str
    number: str
    # Which names its values need: of agencies, of schools, or none.
    names: str = ""
    words: Words = str


TRACED: Mapping[str, Traced] = {
    **{
        f"plan.{one.attribute}": Traced(Plan, one.attribute, one.label, one.number, words=one.label_of)
        for one in PLAN_FIELDS
    },
    **{
        f"service.{one.attribute}": Traced(Service, one.attribute, one.label, one.number, words=one.label_of)
        for one in SERVICE_FIELDS
    },
    "plan.effective_from": Traced(Plan, "effective_from", "Plan effective start", "23.12"),
    "plan.dsea_code": Traced(
        Plan, "dsea_code", "District of special education accountability", "23.10", "agency"
    ),
    "status.initial_entry_on": Traced(
        SpecialEducationStatus, "initial_entry_on", "Initial entry start", "22.10"
    ),
    "ssid.ssid": Traced(Ssid, "ssid", "SSID", "1.08"),
    "enrollment.started_on": Traced(Enrollment, "started_on", "District enrollment", "1.22"),
    "enrollment.local_student_id": Traced(Enrollment, "local_student_id", "Local student ID", "1.09"),
    "enrollment.lea_code": Traced(Enrollment, "lea_code", "Reporting LEA", "1.04", "agency"),
    "enrollment.school_code": Traced(Enrollment, "school_code", "School", "1.05", "school"),
    "enrollment.grade_code": Traced(Enrollment, "grade_code", "Grade", "1.24", words=grade_text),
}

# Rows of the Record tab that nobody states: they follow from something else, which has the history.
DERIVED: Mapping[str, tuple[str, str]] = {
    "clock.last_plan_review_on": (
        "Last plan review",
        "The newest plan review among the meetings. Each meeting, with who recorded it, stands under Meetings.",
    ),
    "clock.plan_review_due_on": (
        "Next plan review due",
        "Counted: one year after the newest plan review. It changes when a meeting is recorded; see Meetings.",
    ),
    "clock.last_evaluation_on": (
        "Last evaluation",
        "The newest evaluation among the meetings. Each meeting, with who recorded it, stands under Meetings.",
    ),
    "clock.evaluation_due_on": (
        "Next triennial due",
        "Counted: three years after the newest evaluation. It changes when a meeting is recorded; see Meetings.",
    ),
    "clock.local_sped_id": (
        "Local special education ID",
        "Given once, by this installation or by the record that was taken over; no earlier value is kept.",
    ),
}


@dataclass(frozen=True, slots=True)
class Version:
    """One value with its two axes. ``was`` is the value it took the place of, ``None`` where there was no other."""

    value: str
    was: str | None
    is_same: bool
    effective_from: date
    effective_to: date | None
    recorded_at: datetime
    superseded_at: datetime | None
    by: str
    why: str
    reason: str
    url: str | None


@require_safe
@requires(Capability.READ_STUDENT)
def field_history(request: HttpRequest, public_id: uuid.UUID, field: str) -> HttpResponse:
    """All versions of one field, newest first: a part of the student's page, or without script a page."""
    student = get_student(request.actor, public_id)
    purpose = purpose_for(request.actor, student)
    if purpose is None:
        return ask_purpose(request, student)
    context: dict[str, Any] = {
        "student": student,
        "derived": "",
        "versions": [],
        "number": "",
        "field": field,
    }
    if field in DERIVED:
        context["label"], context["derived"] = DERIVED[field]
    else:
        traced, slot = _traced(field)
        context |= {"label": traced.label, "number": traced.number}
        context["versions"] = _versions(request.actor, student, traced, slot)
    log_reads(
        actor=request.actor, student_ids=[student.pk], what="student.field-history", purpose_code=purpose
    )
    page = "field_history_part" if request.htmx else "field_history"
    return render(request, f"web/students/{page}.html", context)


def _traced(field: str) -> tuple[Traced, dict[str, int]]:
    """The field and the slot it stands in: ``service-2.provider_code`` is one of service 2."""
    kind, _, attribute = field.partition(".")
    kind, _, number = kind.partition("-")
    traced = TRACED.get(f"{kind}.{attribute}")
    if traced is None or number.isdecimal() != (kind == "service"):
        raise Http404("no such field")
    return traced, {"service_no": int(number)} if number else {}


def _versions(actor: Actor, student: Student, traced: Traced, slot: Mapping[str, int]) -> list[Version]:
    rows = versions_for(actor, student, versions_of(traced.model, student, **slot))
    words = _words_of(traced, rows)
    causes = _causes(actor, student, rows)
    people = user_names({row.by_id for row in rows if row.by_id is not None})
    shown = []
    for row in rows:
        value = words(getattr(row, traced.attribute))
        before = next((one for one in rows if is_replaced_by(one, row)), None)
        was = None if before is None else words(getattr(before, traced.attribute))
        why, reason, url = causes.get(row.cause, (row.cause.replace("-", " "), "", None))
        shown.append(
            Version(
                value=value,
                was=was if was != value else None,
                is_same=was == value,
                effective_from=row.effective_from,
                effective_to=row.effective_to,
                recorded_at=row.recorded_at,
                superseded_at=row.superseded_at,
                by=people.get(row.by_id or 0, "System"),
                why=why,
                reason=reason,
                url=url,
            )
        )
    return shown[::-1]


def is_replaced_by(old: StudentFact, new: StudentFact) -> bool:
    """``old`` was closed in the moment ``new`` was recorded, in the same slot, and held on its first day."""
    return (
        old.superseded_at == new.recorded_at
        and all(getattr(old, name) == getattr(new, name) for name in type(new).slot)
        and old.effective_from <= new.effective_from
        and (old.effective_to is None or old.effective_to >= new.effective_from)
    )


def _words_of(traced: Traced, rows: Sequence[StudentFact]) -> Callable[[Any], str]:
    names: Mapping[str, str] = {}
    if traced.names:
        codes = {getattr(row, traced.attribute) for row in rows} - {""}
        names = agency_names(codes) if traced.names == "agency" else school_names(codes)

    def words(value: Any) -> str:
        if isinstance(value, date):
            return us_date(value)
        if not value:
            return ""
        return f"{value} {names.get(value, '')}".strip() if traced.names else traced.words(value)

    return words


def _causes(
    actor: Actor, student: Student, rows: Sequence[StudentFact]
) -> dict[str, tuple[str, str, str | None]]:
    """What stated each version, in words: by cause, with the reason a person gave and a link where one may follow it.

    Three queries for any number of versions.
    """
    lea = actor.agency_code
    archives = {archive.pk: archive for archive in archives_of(student.pk)}
    meetings = {meeting.pk: meeting for meeting in meetings_of(student)}
    keys = {row.cause: row.cause.partition(":") for row in rows}
    runs = import_runs_by_key([int(key) for kind, _, key in keys.values() if kind == "sis-import"])
    of_meeting = {a.cause_id: a for a in archives.values() if a.cause == "meeting"}
    told: dict[str, tuple[str, str, str | None]] = {
        "state-extract": ("Taken over from the state's extract", "", None),
        "people-file": ("The district's list of people and caseloads", "", None),
    }
    for cause, (kind, _, key) in keys.items():
        if kind == "sis-import":
            run = runs.get(int(key))
            may_open = run is not None and run.lea_code == lea and actor.may(Capability.IMPORT_FILES)
            when = f" of {us_date(run.created_at)}" if run else ""
            url = reverse("import_run", args=[run.public_id]) if run is not None and may_open else None
            told[cause] = (f"SIS files{when}", "", url)
        elif kind == "meeting" and int(key) in meetings:
            meeting, archive = meetings[int(key)], of_meeting.get(int(key))
            label = label_of(meeting)
            url = reverse("archive", args=[archive.public_id]) if archive else None
            told[cause] = (label[:1].upper() + label[1:], "", url if meeting.lea_code == lea else None)
        elif kind in ("archive", "correction") and int(key) in archives:
            archive = archives[int(key)]
            url = reverse("archive", args=[archive.public_id]) if archive.lea_code == lea else None
            what = "Correction" if kind == "correction" else "Without a meeting"
            told[cause] = (f"{what}: {archive.title}", archive.reason, url)
    return told


urlpatterns = [path("students/<uuid:public_id>/fields/<str:field>", field_history, name="field_history")]
