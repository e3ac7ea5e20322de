"""In which district a student lives: what stands and who said it; the form for the office where no SIS says it; and the
way back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.residence import home_on
from manzanita.domain.stays import SECONDARY
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.queries import agencies_with_students
from manzanita.procedures.residence import (
    LONGEST_REASON,
    Said,
    counts_until,
    last_said,
    say_residence,
    take_back_residence,
    why_not_say,
)
from manzanita.students.models import Student
from manzanita.students.queries import facts_of
from manzanita.students.residence import is_of_sis, lives_of
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.meanwhile import FIELD, alone_with, meanwhile_fix, stamp_of, status_of
from manzanita.web.people_forms import number_of
from manzanita.web.reasons_told import told, ways_on_record, why_way
from manzanita.web.student_file import StudentFile, load_student

# What is chosen where no other district is known any more: an empty choice says nothing.
NONE = "none"
FIELDS = ("district", "from_on", "reason")
DAYS = {"from_on": "Lives there since"}
NOTHING_CHOSEN = Reason(
    "nothing-chosen", "District of residence: none is chosen.", Owner.YOU, "Choose one from the list."
)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def residence(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page of one student; a POST records what was said (``do=say``) or takes the last of it back (``do=back``)."""
    file = load_student(request.actor, public_id)
    student = file.student
    log_reads(actor=request.actor, student_ids=[student.pk], what="student.residence")
    if request.method != "POST":
        return _page(request, file)
    given = {name: " ".join(text.replace("\0", "").split()) for name, text in request.POST.items()}
    try:
        with alone_with(request, student):
            if given.get("do") == "back":
                take_back_residence(
                    actor=request.actor, student=student, seen=number_of(given.get("seen", "")) or 0
                )
                messages.success(request, "Taken back: what was known before stands again.")
            else:
                said = _said(given)
                is_new = say_residence(actor=request.actor, student=student, said=said)
                messages.success(
                    request,
                    f"Recorded. {_how_long(student, said)}"
                    if is_new
                    else "It stands so already; nothing was changed.",
                )
    except NotPossible as refused:
        return _page(request, load_student(request.actor, public_id), given, refused.reasons)
    return redirect("residence", public_id)


def _how_long(student: Student, said: Said) -> str:
    last = counts_until(facts_of(student), said.on) if said.on else None
    if last is None:
        return "It counts until a SIS file says where the student lives."
    return (
        f"It counts through {us_date(last)}: of the next day a SIS says where the student lives (SENR 1.31)."
    )


def _said(given: Mapping[str, str]) -> Said:
    wrong = mistyped(given, DAYS)
    if wrong:
        raise NotPossible(wrong.reasons)
    code = given.get("district", "")
    if not code:
        raise NotPossible([NOTHING_CHOSEN])
    reason = given.get("reason", "")[:LONGEST_REASON]
    return Said("" if code == NONE else code, day_of(given.get("from_on", "")), reason)


def _page(
    request: HttpRequest,
    file: StudentFile,
    given: Mapping[str, str] | None = None,
    reasons: Sequence[Reason] = (),
) -> HttpResponse:
    actor, student = request.actor, file.student
    against = list(why_not_say(actor, file.facts, file.agencies))
    ways = ways_on_record(actor, student, ask=file.ask) | meanwhile_fix(student)
    event = last_said(student)
    context = {
        "student": student,
        "facts": _facts(file),
        "against": told(against, ways, why_way(student)),
        "reasons": told(reasons, ways),
        "given": {name: (given or {}).get(name, "") for name in FIELDS},
        "districts": _districts(file),
        "none": NONE,
        "today": file.today,
        "longest": LONGEST_REASON,
        "last": event
        if event is not None and not any(one.code == "other-agency" for one in against)
        else None,
        "last_by": user_names({event.actor_user_id}).get(event.actor_user_id, "") if event else "",
        "history_url": reverse("field_history", args=[student.public_id, "residence.agency_code"]),
        "field": FIELD,
        "stamp": stamp_of(actor, student),
    }
    return render(request, "web/students/residence.html", context, status=status_of(reasons))


def _facts(file: StudentFile) -> list[tuple[str, Any]]:
    """What is known today, and by whom."""
    lives, here = file.facts.residence_on(file.today), file.facts.enrollment_on(file.today)
    at_home = home_on(lives_of(file.facts.enrollments), file.today)
    if lives is not None:
        by = "SIS (SENR 1.31)" if is_of_sis(lives) else file.people.get(lives.by_id or 0, "the office")
        ends = f" to {us_date(lives.effective_to)}" if lives.effective_to else ", until further notice"
        return [
            ("Lives in", file.agency(lives.agency_code)),
            ("From", f"{us_date(lives.effective_from)}{ends}"),
            ("Said by", f"{by}, {us_date(lives.recorded_at)}"),
        ]
    if at_home:
        return [
            ("Lives in", f"{file.agency(at_home)}, where the student is enrolled"),
            ("Said by", "SIS (SENR 1.31)"),
        ]
    if here is None:
        where = "No SIS has enrolled the student today."
    elif here.status_code == SECONDARY:
        where = "The enrollment is a secondary one (SENR 1.23), and such a one does not say it."
    else:
        where = "The SIS leaves 1.31 empty."
    return [("Lives in", f"Not known. {where}")]


def _districts(file: StudentFile) -> dict[str, list[tuple[str, str]]]:
    """Districts to choose from: those of the own SELPA first."""
    found: dict[str, list[tuple[str, str]]] = {"Of your SELPA": [], "Others": []}
    for one in agencies_with_students():
        group = "Of your SELPA" if one.selpa_code == file.actor.selpa_code else "Others"
        found[group].append((one.code, one.name))
    return {
        **{group: rows for group, rows in found.items() if rows},
        "None": [(NONE, "In no other district any more")],
    }


urlpatterns = [path("students/<uuid:public_id>/residence", residence, name="residence")]
