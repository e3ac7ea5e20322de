"""A change to come in words: its value, its day, who planned it and why, and where it is changed or taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from django.urls import reverse

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.domain.fields import FIELDS
from manzanita.domain.findings import reason_document
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.procedures.batch_fields import FIELDS as BATCH_FIELDS
from manzanita.procedures.batch_fields import fields_for
from manzanita.procedures.batch_next_setting import setting_words
from manzanita.procedures.next_year import next_first_day
from manzanita.procedures.planned import SOURCES, PlannedChange, is_late
from manzanita.procedures.planned_settings import batches_of_causes, why_left
from manzanita.procedures.upkeep import ASKED_ANEW
from manzanita.students.models import AssignmentBatch, BatchEdit, Student
from manzanita.ui.formats import us_date
from manzanita.web.reasons_told import Told as Refusal
from manzanita.web.row_reasons import reasons_of, told_of_edit, told_of_leaving
from manzanita.web.students_words import grade_text

# What stated a row, by the first word of its cause; what stands in no list is said as it is.
CAUSES = {
    "meeting": "By a meeting",
    "archive": "Without a meeting",
    "transfer": "By a transfer",
    "sis-import": "By a SIS file",
    "state-extract": "Taken over from the state's extract",
    "people-file": "By the district's list of people and caseloads",
    "merge": "Two records put together",
}

NEXT_NIGHT = "Nothing keeps it: the next run of the nightly job does it."


@dataclass(frozen=True, slots=True)
class Names:
    """Names that the rows need, looked up once; what was changed or assigned together, by cause."""

    people: Mapping[int, str]
    agencies: Mapping[str, str]
    schools: Mapping[str, str]
    edits: Mapping[str, BatchEdit]
    assignments: Mapping[str, AssignmentBatch]

    def place(self, agency: str, school: str) -> str:
        district = self.agencies.get(agency, agency)
        return (
            f"{self.schools.get(school, school)}, {district}"
            if school
            else f"{district}, school not known yet"
        )

    def person(self, one: Any) -> str:
        return self.people.get(one.user_id, "somebody")


def names_of(changes: Sequence[PlannedChange]) -> Names:
    """Five queries at most."""
    rows = [one.row for one in changes]
    people = {getattr(row, name, None) for row in rows for name in ("by_id", "asked_by_id", "user_id")}
    agencies = {getattr(row, name, "") for row in rows for name in ("agency_code", "lea_code")}
    schools = {getattr(row, "school_code", "") for row in rows}
    causes = {getattr(row, "cause", "") for row in rows}
    keys = {one: int(one.partition(":")[2]) for one in causes if one.startswith("assignment:")}
    batches = {one.pk: one for one in AssignmentBatch.objects.filter(pk__in=keys.values())} if keys else {}
    return Names(
        user_names({pk for pk in people if pk is not None}),
        agency_names(agencies - {""}),
        school_names(schools - {""}),
        batches_of_causes(causes),
        {cause: batches[pk] for cause, pk in keys.items() if pk in batches},
    )


def _status(row: Any, names: Names) -> str:
    reason = code_set("NonParticipationReason").label(row.reason_code) if row.reason_code else ""
    return ", ".join(filter(None, (code_set("SpecialEducationStatus").label(row.status_code), reason)))


def _plan(row: Any, names: Names) -> str:
    kind = FIELDS["23.11"].label_of(row.plan_type_code)
    setting = setting_words(row.program_setting_code, row.general_education_percent)
    return ", ".join(filter(None, (kind, setting if row.program_setting_code else "")))


def _service(row: Any, names: Names) -> str:
    return FIELDS["25.11"].label_of(row.service_code)


def _setting(row: Any, names: Names) -> str:
    return setting_words(row.program_setting_code, row.general_education_percent)


def _manager(row: Any, names: Names) -> str:
    return names.person(row)


def _member(row: Any, names: Names) -> str:
    return ", ".join(filter(None, (names.person(row), row.role)))


def _enrollment(row: Any, names: Names) -> str:
    return f"{names.place(row.lea_code, row.school_code)}, grade {grade_text(row.grade_code)}"


Words = Callable[[Any, Names], str]


@dataclass(frozen=True, slots=True)
class Told:
    """How a source is told: its value in words; and how it is changed: by a field of ``procedures.batch_fields``, or on
    a page of the student's (name, label, what one must be allowed to do)."""

    value: Words
    field: str = ""
    page: tuple[str, str, Capability | None] = ("", "", None)


_LEAVING = ("leaving", "Change or cancel the leaving", Capability.CORRECT_RECORD)
_MEETINGS = ("student", "Show the record", None)
_ENROLLMENTS = ("student_enrollments", "Show the enrollments", None)
_PEOPLE = ("assign", "Assign anew", Capability.ASSIGN_STUDENTS)
TOLD: Mapping[str, Told] = MappingProxyType(
    {
        "leaving": Told(lambda row, names: row.reason.label, page=_LEAVING),
        "status": Told(_status, page=_MEETINGS),
        "plan": Told(_plan, page=_MEETINGS),
        "service": Told(_service, page=_MEETINGS),
        "setting": Told(_setting, "next_setting"),
        "place": Told(lambda row, names: names.place(row.agency_code, row.school_code), "next_school"),
        "grade": Told(lambda row, names: f"Grade {grade_text(row.grade_code)}", "next_grade"),
        "enrollment": Told(_enrollment, page=_ENROLLMENTS),
        "manager": Told(_manager, "next_case_manager", _PEOPLE),
        "manager-ends": Told(_manager, page=_PEOPLE),
        "team": Told(_member, page=_PEOPLE),
        "team-ends": Told(_member, page=_PEOPLE),
    }
)
assert set(TOLD) == set(SOURCES)


@dataclass(frozen=True, slots=True)
class Row:
    """A line. ``field`` is sent with the student to the page that changes many; else ``way`` is an address with its
    label. ``reasons``, or ``note`` where there is none, say what keeps one from being done whose day has come;
    ``batch`` is the page on which all that was planned together is taken back."""

    student: Student
    url: str
    what: str
    value: str
    day: date
    is_last: bool
    is_late: bool
    by: str
    why: str
    field: str
    way: tuple[str, str]
    batch: str
    reasons: Sequence[Refusal] = ()
    note: str = ""


def rows_of(actor: Actor, changes: Sequence[PlannedChange], students: Mapping[int, Student]) -> list[Row]:
    names = names_of(changes)
    may_change = {one.key for one in fields_for(actor)}
    rows, asked = [], 0
    for one in changes:
        row = _row(actor, one, students[one.student_id], names, may_change)
        if row.is_late and one.source.key == "setting":
            row, asked = _with_reasons(actor, row, one, names, asked), asked + 1
        elif row.is_late and one.source.key == "leaving":
            told = told_of_leaving(actor, row.student, reasons_of(one.row.problem))
            row = replace(row, reasons=told, note="" if told else NEXT_NIGHT)
        rows.append(row)
    return rows


def _with_reasons(actor: Actor, row: Row, one: PlannedChange, names: Names, asked: int) -> Row:
    """Of the first ones it is asked what keeps them from being recorded: each asks as much as a preview. The others
    lead to where it is asked."""
    if asked >= ASKED_ANEW:
        return replace(
            row, way=(reverse("change", args=[row.student.public_id, "setting"]), "Record it yourself")
        )
    one.row.student = row.student
    reasons = why_left(one.row)
    told = [each for why in reasons for each in told_of_edit(actor, row.student, reason_document(why))]
    return replace(row, reasons=told, note="" if told else NEXT_NIGHT)


def _row(actor: Actor, one: PlannedChange, student: Student, names: Names, may_change: Iterable[str]) -> Row:
    told, row = TOLD[one.source.key], one.row
    by_id = getattr(row, "asked_by_id", None) or getattr(row, "by_id", None)
    at = getattr(row, "asked_at", None) or getattr(row, "recorded_at", None)
    by = names.people.get(by_id or 0, "")
    edit = names.edits.get(getattr(row, "cause", ""))
    is_own = edit is not None and edit.agency_code == actor.agency_code
    field = told.field if told.field in may_change else ""
    if one.source.key == "manager" and one.day != next_first_day(clock.today()):
        # The field is of July 1; another day has the page of assignments.
        field = ""
    return Row(
        student,
        reverse("student", args=[student.public_id]),
        one.source.label,
        told.value(row, names),
        one.day,
        one.source.is_last,
        is_late(one.source.key, one.day),
        f"{us_date(at)}" + (f", {by}" if by else "") if at else by,
        _why(row, names),
        field,
        _way(actor, told, student) if not field else ("", ""),
        reverse("batch", args=[edit.public_id])
        if edit is not None and is_own and actor.may(BATCH_FIELDS[edit.field_key].capability)
        else "",
    )


def _way(actor: Actor, told: Told, student: Student) -> tuple[str, str]:
    name, label, needed = told.page if told.page[0] else _MEETINGS
    if needed is not None and not actor.may(needed):
        name, label, _ = _MEETINGS
    return reverse(name, args=[] if name == "assign" else [student.public_id]), label


def _why(row: Any, names: Names) -> str:
    """The sentence that somebody gave; of what no person planned, what stated it."""
    note = getattr(row, "note", "")
    cause = getattr(row, "cause", "")
    if note or not cause:
        return str(note)
    if cause in names.edits:
        edit = names.edits[cause]
        return edit.reason
    if cause in names.assignments:
        return names.assignments[cause].reason or names.assignments[cause].title
    return CAUSES.get(cause.partition(":")[0], "")
