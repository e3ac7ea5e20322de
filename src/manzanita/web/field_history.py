"""One field of the record: who owns it and how it is changed; every value it had, when that was recorded, by whom, and
what stated it."""

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
from manzanita.domain.access import Actor, Capability, Relationship
from manzanita.domain.fields import FieldDeclaration
from manzanita.domain.record_fields import DECLARED
from manzanita.exchange.queries import import_runs_by_key
from manzanita.meetings.queries import label_of, meetings_of
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.procedures.residence import reasons_by_row
from manzanita.students.former import versions_for
from manzanita.students.identity_actions import TOLD
from manzanita.students.models import (
    AgencyRelation,
    Enrollment,
    IdentityChange,
    NextSetting,
    NextYear,
    Plan,
    Service,
    SpecialEducationStatus,
    Ssid,
    Student,
    StudentFact,
)
from manzanita.students.queries import keys_of_person, versions_of
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.field_ownership import ownership_of
from manzanita.web.read_purpose import purpose_first
from manzanita.web.record_as_of import asked_of, refused_then
from manzanita.web.record_meetings import KINDS
from manzanita.web.student_file import load_student

# The facts whose versions are kept, by what a declaration calls them.
MODELS: Mapping[str, type[StudentFact]] = {
    "plan": Plan,
    "service": Service,
    "status": SpecialEducationStatus,
    "ssid": Ssid,
    "enrollment": Enrollment,
    "next": AgencyRelation,
    "residence": AgencyRelation,
    "next_grade": NextYear,
    "next_setting": NextSetting,
}
RELATIONSHIPS = {"next": Relationship.NEXT_YEAR, "residence": Relationship.RESIDENCE}
# Of what is no fact with versions, why no earlier value is listed here.
WITHOUT_VERSIONS: Mapping[str, str] = {
    "meeting": "Each meeting keeps its own value: the newest of its kind is shown. All of them stand under Meetings.",
    "student": "The newest value counts, and no earlier value is kept. Who changed it stands under History.",
    "postsecondary": "No value is recorded here: what becomes of students after school goes from the SIS to the state.",
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
    """Who owns one field, and all its versions, newest first: a part of the student's page, without script a page."""
    purpose, question = purpose_first(request, public_id)
    if question is not None:
        return question
    declared, slot = declared_at(field)
    file = load_student(request.actor, public_id)
    student = file.student
    asked = asked_of(request.GET, student)
    model = MODELS.get(declared.holder)
    context: dict[str, Any] = {
        "student": student,
        "label": declared.label,
        "declared": declared,
        "owned": ownership_of(file, declared, slot),
        "then": refused_then(asked, [], f"{reverse('student', args=[student.public_id])}?tab=record").reasons
        if asked.on
        else [],
        "derived": _why_no_versions(student, declared) if model is None else "",
        "versions": _versions(request.actor, student, model, declared, slot) if model else [],
        "changes": identity_changes(request.actor, student, declared) if declared.holder == "student" else [],
    }
    log_reads(
        actor=request.actor, student_ids=[student.pk], what="student.field-history", purpose_code=purpose
    )
    page = "field_history_part" if request.htmx else "field_history"
    return render(request, f"web/students/{page}.html", context)


def _why_no_versions(student: Student, declared: FieldDeclaration) -> str:
    if declared.holder == "student" and declared.attribute in TOLD:
        value = getattr(student, declared.attribute)
        stands = identity_text(declared.attribute, str(value) if value is not None else "")
        # What is noted when it moves.
        return f"{stands} stands since the record was made: no change of it is recorded."
    return WITHOUT_VERSIONS.get(declared.holder, declared.rule)


def declared_at(field: str) -> tuple[FieldDeclaration, str]:
    """The declaration of a key and the slot in it: ``service-2.provider_code`` is one of service ``2``,
    ``meeting-review.held_on`` one of the newest plan ``review``. Raises ``Http404`` for what is no field."""
    kind, _, attribute = field.partition(".")
    kind, _, slot = kind.partition("-")
    declared = DECLARED.get(f"{kind}.{attribute}")
    fits = {"service": slot.isdecimal() and len(slot) < 6, "meeting": slot in KINDS}.get(kind, not slot)
    if declared is None or not fits:
        raise Http404("no such field")
    return declared, slot


def _versions(
    actor: Actor, student: Student, model: type[StudentFact], declared: FieldDeclaration, slot: str
) -> list[Version]:
    of_slot: dict[str, object] = {"service_no": int(slot)} if slot else {}
    if model is AgencyRelation:
        of_slot = {"relationship": str(RELATIONSHIPS[declared.holder])}
    rows = versions_for(actor, student, versions_of(model, student, **of_slot))
    words = _words_of(declared, rows)
    causes = _causes(actor, student, rows)
    people = user_names({row.by_id for row in rows if row.by_id is not None})
    said = reasons_by_row(student) if declared.holder == "residence" else {}
    shown = []
    for row in rows:
        value = words(getattr(row, declared.attribute))
        before = next((one for one in rows if is_replaced_by(one, row)), None)
        was = None if before is None else words(getattr(before, declared.attribute))
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
                reason=reason or said.get(row.pk, ""),
                url=url,
            )
        )
    return shown[::-1]


@dataclass(frozen=True, slots=True)
class Change:
    """What a field of the student became, before that, and what stated it."""

    was: str
    became: str
    recorded_at: datetime
    by: str
    why: str
    url: str | None


def identity_changes(
    actor: Actor,
    student: Student,
    declared: FieldDeclaration | None = None,
    *,
    keys: Sequence[int] | None = None,
) -> list[Change]:
    """Changes of name, birth date and gender, or of one of them, newest first. Of a student who has left, as long as
    the actor's agency had the student. The record that was put together with this one has its own."""
    found = IdentityChange.objects.filter(student_id__in=keys or keys_of_person(student.pk)).order_by("-pk")
    if student.seen_through is not None:
        found = found.filter(recorded_at__lt=clock.end_of(student.seen_through))
    rows = [one for one in found[:100] if declared is None or declared.attribute in one.became]
    if not rows:
        return []
    causes = _causes(actor, student, rows)
    people = user_names({row.by_id for row in rows if row.by_id is not None})
    shown = []
    for row in rows:
        why, _, url = causes.get(row.cause, (row.cause.replace("-", " "), "", None))
        names = [declared.attribute] if declared is not None else sorted(row.became)
        was, became = (
            "; ".join(_told(name, side[name], declared) for name in names) for side in (row.was, row.became)
        )
        shown.append(Change(was, became, row.recorded_at, people.get(row.by_id or 0, "System"), why, url))
    return shown


STUDENT_LABELS: Mapping[str, str] = {
    one.attribute: one.label for one in DECLARED.values() if one.holder == "student"
}


def _told(name: str, value: str, declared: FieldDeclaration | None) -> str:
    text = identity_text(name, value)
    return text if declared is not None else f"{STUDENT_LABELS[name]}: {text}"


def identity_text(name: str, value: str) -> str:
    """A value of an identity in words: a date as people here write it, a code with its meaning."""
    if not value:
        return "blank"
    if name == "birth_on":
        return us_date(date.fromisoformat(value))
    declared = next(
        (one for one in DECLARED.values() if (one.holder, one.attribute) == ("student", name)), None
    )
    return declared.label_of(value) if declared is not None and declared.number else value


def is_replaced_by(old: StudentFact, new: StudentFact) -> bool:
    """``old`` was closed in the moment ``new`` was recorded, in the same slot, and held on its first day."""
    return (
        old.superseded_at == new.recorded_at
        and all(getattr(old, name) == getattr(new, name) for name in type(new).slot)
        and old.effective_from <= new.effective_from
        and (old.effective_to is None or old.effective_to >= new.effective_from)
    )


def _words_of(declared: FieldDeclaration, rows: Sequence[StudentFact]) -> Callable[[Any], str]:
    names: Mapping[str, str] = {}
    if declared.names:
        codes = {getattr(row, declared.attribute) for row in rows} - {""}
        names = agency_names(codes) if declared.names == "agency" else school_names(codes)

    def words(value: Any) -> str:
        if isinstance(value, date):
            return us_date(value)
        if not value:
            return ""
        if declared.names:
            return f"{value} {names.get(value, '')}".strip()
        return declared.label_of(value) if declared.number else str(value)

    return words


def _causes(
    actor: Actor, student: Student, rows: Sequence[StudentFact | IdentityChange]
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
        "residence": ("Recorded by the office", "", None),
        "by-hand": ("Entered by hand, with the record", "", None),
    }
    for cause, (kind, _, key) in keys.items():
        if kind in ("merge", "merge-undo"):
            told[cause] = ("Two records put together" if kind == "merge" else "A merge taken back", "", None)
        elif kind == "sis-import":
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
