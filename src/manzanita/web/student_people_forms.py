"""Forms about the people around a student: add, change and end a contact; record and end who decides."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.contacts import PROTECTIONS
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.rights_kinds import EVIDENCE, KINDS, UNSTATED, Tier
from manzanita.platform import clock
from manzanita.students.models import Contact, RightsHolder, Student
from manzanita.students.people import REACH, newest_contact, rights_rows
from manzanita.students.people_actions import (
    ContactValues,
    NotRecorded,
    RightsValues,
    end_contact,
    end_rights,
    newest_version,
    next_contact_no,
    record_contact,
    record_rights,
    reveal_contact,
)
from manzanita.students.queries import get_student
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped

# Of the kinds, those that the form groups under these words.
_GROUPS = (
    (
        "Decides while the student is a minor",
        (Tier.COURT, Tier.PARENT, Tier.FOSTER, Tier.CAREGIVER, Tier.SURROGATE),
    ),
    ("Decides for the adult student", (Tier.GROWN,)),
    ("May not decide", (Tier.KEPT,)),
)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.EDIT_CONTACTS)
def contact_new(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """An empty form. It carries the number of the person to be, so that sending it twice adds one person."""
    student = _student(request, public_id)
    if request.method != "POST":
        return _contact_form(request, student, next_contact_no(student), ContactValues(""), is_new=True)
    number = _number(request, "contact_no")
    return _save_contact(request, student, number, _contact_values(request), is_new=True)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.EDIT_CONTACTS)
def contact(request: HttpRequest, public_id: uuid.UUID, contact_no: int) -> HttpResponse:
    """The form of one contact. The address of a confidential one is in it only after it was asked for, which is
    logged; what was not shown stays as it is."""
    student, row = _contact_of(request, public_id, contact_no)
    if request.method != "POST":
        return _contact_form(request, student, contact_no, _hiding(row))
    if "show" in request.POST:
        try:
            shown = _values_of(reveal_contact(actor=request.actor, student=student, contact_no=contact_no))
        except NotRecorded as refused:
            return _contact_form(request, student, contact_no, _hiding(row), refusals=refused.reasons)
        response = _contact_form(request, student, contact_no, shown, is_shown=True)
        response["Cache-Control"] = "no-store"
        return response
    values = _contact_values(request)
    if row.confidential_code and "shown" not in request.POST:
        if not values.confidential_code:
            kept_code = ContactValues(**(values.content() | {"confidential_code": row.confidential_code}))
            return _contact_form(request, student, contact_no, kept_code, refusals=[_look_first()])
        kept = {name: getattr(row, name) for name in REACH}
        values = ContactValues(**(values.content() | kept))
    return _save_contact(request, student, contact_no, values, is_shown="shown" in request.POST)


def _save_contact(
    request: HttpRequest,
    student: Student,
    contact_no: int,
    values: ContactValues,
    *,
    is_new: bool = False,
    is_shown: bool = False,
) -> HttpResponse:
    on = day_of(request.POST.get("on", ""))
    try:
        if on is None:
            raise NotRecorded([_no_day()])
        record_contact(
            actor=request.actor,
            student=student,
            contact_no=contact_no,
            values=values,
            on=on,
            seen=_number(request, "seen"),
        )
    except NotRecorded as refused:
        if is_new and any(reason.code == "changed-since" for reason in refused.reasons):
            # The number was given to somebody else meanwhile.
            contact_no = next_contact_no(student)
        # What a confidential contact keeps to itself is not shown by a refusal either.
        told = values if is_new or is_shown else _without_reach(values)
        return _contact_form(
            request, student, contact_no, told, refusals=refused.reasons, is_new=is_new, is_shown=is_shown
        )
    messages.success(request, f"Recorded: {values.name}, from {on:%m/%d/%Y}.")
    return redirect("people", student.public_id)


@require_POST
@requires(Capability.EDIT_CONTACTS)
def contact_end(request: HttpRequest, public_id: uuid.UUID, contact_no: int) -> HttpResponse:
    """The contact's last day; the right to decide ends with it."""
    student, row = _contact_of(request, public_id, contact_no)
    last_on = day_of(request.POST.get("last_on", ""))
    try:
        if last_on is None:
            raise NotRecorded([_no_day()])
        end_contact(
            actor=request.actor,
            student=student,
            contact_no=contact_no,
            last_on=last_on,
            seen=_number(request, "seen"),
        )
    except NotRecorded as refused:
        return _contact_form(request, student, contact_no, _hiding(row), refusals=refused.reasons)
    messages.success(
        request, f"{row.name} is a contact until {last_on:%m/%d/%Y}, and decides no longer than that."
    )
    return redirect("people", student.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.EDIT_CONTACTS)
def rights(request: HttpRequest, public_id: uuid.UUID, contact_no: int) -> HttpResponse:
    """By what right one contact decides, or what keeps it from that, from which day, by which paper."""
    student, person = _contact_of(request, public_id, contact_no)
    if request.method != "POST":
        return _rights_form(request, student, person, *_standing_rights(student, contact_no))
    values, starts_on, ends_on = _rights_values(request)
    if wrong := mistyped(request.POST, RIGHTS_DAYS):
        return _rights_form(request, student, person, values, starts_on, ends_on, wrong.reasons)
    try:
        if starts_on is None:
            raise NotRecorded([_no_day()])
        record_rights(
            actor=request.actor,
            student=student,
            contact_no=contact_no,
            values=values,
            starts_on=starts_on,
            ends_on=ends_on,
            seen=_number(request, "seen"),
        )
    except NotRecorded as refused:
        return _rights_form(request, student, person, values, starts_on, ends_on, refused.reasons)
    label = KINDS[values.kind_code].label.lower()
    messages.success(request, f"Recorded: {person.name}, {label}, from {starts_on:%m/%d/%Y}.")
    return redirect("people", student.public_id)


@require_POST
@requires(Capability.EDIT_CONTACTS)
def rights_end(request: HttpRequest, public_id: uuid.UUID, contact_no: int) -> HttpResponse:
    """The last day of a right or a limit, or that it never counted."""
    student, person = _contact_of(request, public_id, contact_no)
    is_mistake = request.POST.get("mistake") == "on"
    last_on = None if is_mistake else day_of(request.POST.get("last_on", ""))
    try:
        if last_on is None and not is_mistake:
            raise NotRecorded([_no_day()])
        end_rights(
            actor=request.actor,
            student=student,
            contact_no=contact_no,
            last_on=last_on,
            seen=_number(request, "seen"),
        )
    except NotRecorded as refused:
        standing = _standing_rights(student, contact_no)
        return _rights_form(request, student, person, *standing, refused.reasons)
    until = f"counts until {last_on:%m/%d/%Y}" if last_on else "was taken back; it never counted"
    messages.success(request, f"What was recorded of {person.name} {until}.")
    return redirect("people", student.public_id)


def _student(request: HttpRequest, public_id: uuid.UUID) -> Student:
    student = get_student(request.actor, public_id)
    if student.seen_through is not None:
        raise Http404("contacts are kept by the LEA at which the student is")
    log_reads(actor=request.actor, student_ids=[student.pk], what="student.people")
    return student


def _contact_of(request: HttpRequest, public_id: uuid.UUID, contact_no: int) -> tuple[Student, Contact]:
    """The student, and the newest row of the contact, or 404."""
    student = _student(request, public_id)
    row = newest_contact(student, contact_no)
    if row is None:
        raise Http404("no such contact")
    return student, row


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _contact_values(request: HttpRequest) -> ContactValues:
    return ContactValues(**{name: " ".join(request.POST.get(name, "").split()) for name in Contact.content})


def _values_of(row: Contact) -> ContactValues:
    return ContactValues(**{name: getattr(row, name) for name in Contact.content})


def _without_reach(values: ContactValues) -> ContactValues:
    if not values.confidential_code:
        return values
    return ContactValues(**(values.content() | dict.fromkeys(REACH, "")))


def _hiding(row: Contact) -> ContactValues:
    """What the form shows before the confidential part was asked for."""
    return _without_reach(_values_of(row))


def _rights_values(request: HttpRequest) -> tuple[RightsValues, date | None, date | None]:
    given = {name: " ".join(text.split()) for name, text in request.POST.items()}
    values = RightsValues(
        kind_code=given.get("kind_code", ""),
        evidence_code=given.get("evidence_code", ""),
        evidence_reference=given.get("evidence_reference", ""),
        evidence_on=day_of(given.get("evidence_on", "")),
        is_sole=given.get("is_sole") == "on",
        limitation=given.get("limitation", ""),
    )
    return values, day_of(given.get("starts_on", "")), day_of(given.get("ends_on", ""))


def _standing_rights(student: Student, contact_no: int) -> tuple[RightsValues, date | None, date | None]:
    """What the form begins with: what is recorded last of this person."""
    own = [row for row in rights_rows(student) if row.contact_no == contact_no]
    if not own:
        return RightsValues(""), None, None
    newest = own[-1]
    values = RightsValues(**{name: getattr(newest, name) for name in RightsHolder.content})
    return values, newest.effective_from, newest.effective_to


def _look_first() -> Reason:
    return Reason(
        "look-first",
        "Look at the confidential address before it is shown to everybody.",
        Owner.CLERK,
        "Show it in this form, then lift the protection.",
    )


RIGHTS_DAYS = {"starts_on": "From", "ends_on": "Last day", "evidence_on": "Date of the paper"}


def _no_day() -> Reason:
    return Reason(
        "no-date",
        "The day is missing or is no date.",
        Owner.YOU,
        "Enter the day from which, or until which, it counts.",
    )


def _contact_form(
    request: HttpRequest,
    student: Student,
    contact_no: int,
    values: ContactValues,
    *,
    refusals: Sequence[Reason] = (),
    is_new: bool = False,
    is_shown: bool = False,
) -> HttpResponse:
    row = None if is_new else newest_contact(student, contact_no)
    is_hidden = row is not None and bool(row.confidential_code) and not is_shown
    on: Any = day_of(request.POST.get("on", "")) or request.POST.get("on") or clock.today()
    context = {
        "student": student,
        "contact_no": contact_no,
        "values": values,
        "is_new": is_new,
        "is_hidden": is_hidden,
        "is_shown": is_shown,
        "on": on,
        "since": row.effective_from if row else None,
        "seen": 0 if is_new else newest_version(Contact, student, contact_no),
        "refusals": refusals,
        "protections": [(one.key, one.label) for one in PROTECTIONS.values()],
        "today": clock.today(),
    }
    return render(request, "web/students/contact.html", context, status=422 if refusals else 200)


def _rights_form(
    request: HttpRequest,
    student: Student,
    person: Contact,
    values: RightsValues,
    starts_on: date | None,
    ends_on: date | None,
    refusals: Sequence[Reason] = (),
) -> HttpResponse:
    context = {
        "student": student,
        "person": person,
        "values": values,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "typed": mistyped(request.POST, RIGHTS_DAYS | {"last_on": "Last day"}).typed,
        "is_recorded": bool(newest_version(RightsHolder, student, person.contact_no)),
        "seen": newest_version(RightsHolder, student, person.contact_no),
        "refusals": refusals,
        "kinds": {
            title: [
                (kind.key, kind.label)
                for kind in KINDS.values()
                if kind.tier in tiers and kind.key != UNSTATED
            ]
            for title, tiers in _GROUPS
        },
        "papers": [(one.key, one.label) for one in EVIDENCE.values()],
        "laws": [kind for kind in KINDS.values() if kind.key != UNSTATED],
        "evidence": EVIDENCE,
        "today": clock.today(),
    }
    return render(request, "web/students/rights.html", context, status=422 if refusals else 200)


urlpatterns = [
    path("students/<uuid:public_id>/people/new", contact_new, name="contact_new"),
    path("students/<uuid:public_id>/people/<int:contact_no>", contact, name="contact"),
    path("students/<uuid:public_id>/people/<int:contact_no>/end", contact_end, name="contact_end"),
    path("students/<uuid:public_id>/people/<int:contact_no>/rights", rights, name="rights"),
    path("students/<uuid:public_id>/people/<int:contact_no>/rights/end", rights_end, name="rights_end"),
]
