"""The SSIDs of one student: what stands under each at the state, and that the state has retired one."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.findings import Reason
from manzanita.domain.statuses.steps import lack
from manzanita.meetings.actions import NotPossible
from manzanita.procedures.ssids import (
    Asked,
    pair_to_merge,
    preview_retirement,
    retire_ssid,
    retirements_of,
    ssids_to_retire,
    undo_retirement,
    why_not_undo,
)
from manzanita.students.models import Ssid, SsidRetirement, Student
from manzanita.students.queries import get_student
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.merge_words import STATE_RECORDS, steps_of
from manzanita.web.read_purpose import ask_purpose, purpose_for
from manzanita.web.reasons_told import Told, Way, tell_reasons, told
from manzanita.web.step_links import step_fixes


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def student_ssids(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The SSIDs, and the form; a POST shows what would come of it, and with ``do=retire`` records it."""
    student = get_student(request.actor, public_id)
    purpose = purpose_for(request.actor, student)
    if purpose is None:
        return ask_purpose(request, student)
    if request.method != "POST":
        return _page(request, student, purpose)
    asked = _asked(request, student)
    if wrong := mistyped(request.POST, {"on": "Since"}):
        return _page(request, student, purpose, asked, wrong.reasons)
    if request.POST.get("do") != "retire":
        return _page(request, student, purpose, asked)
    try:
        _, is_new = retire_ssid(
            actor=request.actor, student=student, asked=asked, seen=request.POST.get("seen", "")
        )
    except NotPossible as refused:
        return _page(request, student, purpose, asked, refused.reasons)
    messages.success(
        request,
        "Recorded. What is to be sent follows from it by itself." if is_new else "It is recorded already.",
    )
    return redirect("student_ssids", public_id)


def _asked(request: HttpRequest, student: Student) -> Asked:
    sent = {
        name: " ".join(request.POST.get(name, "").replace("\0", "").split())
        for name in ("ssid", "kind", "on", "new_ssid", "source")
    }
    return Asked(
        ssid=sent["ssid"] or next(iter(ssids_to_retire(student)), ""),
        kind=sent["kind"] if sent["kind"] in dict(SsidRetirement.KINDS) else "merged",
        on=day_of(sent["on"]),
        new_ssid=sent["new_ssid"].replace("-", "").replace(" ", "")[:20],
        source=sent["source"][:200],
    )


def _page(
    request: HttpRequest,
    student: Student,
    purpose: str,
    asked: Asked | None = None,
    refusals: Sequence[Reason] = (),
) -> HttpResponse:
    log_reads(actor=request.actor, student_ids=[student.pk], what="student.ssids", purpose_code=purpose)
    look = preview_retirement(request.actor, student, asked) if asked else None
    reasons = list(refusals or (look.blockers if look else ()))
    standing = retirements_of(student)
    names = user_names({one.by_id for one in standing})
    context = {
        "student": student,
        "known": Ssid.objects.believed().filter(student=student).order_by("effective_from"),
        "standing": [
            {"row": one, "by": names.get(one.by_id, ""), "why_not": _told(student, why_not_undo(one))}
            for one in standing
        ],
        "choices": [(one, one) for one in ssids_to_retire(student)],
        "kinds": SsidRetirement.KINDS,
        "asked": asked,
        "on": (asked.on or request.POST.get("on", "")) if asked else None,
        "look": look,
        "held": _counted([one.record for one in look.held]) if look else "",
        "posted": _counted([one.record for one in look.posted]) if look else "",
        "before": steps_of(look.before) if look else [],
        "after": steps_of(look.after) if look and look.after is not None else None,
        "reasons": told(reasons, _ways(request, student, reasons)),
    }
    return render(request, "web/students/ssids.html", context, status=422 if refusals else 200)


def _told(student: Student, reasons: Sequence[Reason]) -> list[Told]:
    known = f"{reverse('student', args=[student.public_id])}?tab=history", "What was done since"
    return told(reasons, step_fixes(reasons, student), known)


def _counted(found: Sequence[str]) -> str:
    counts = Counter(found)
    return ", ".join(f"{counts[record]} {record}" for record in STATE_RECORDS if counts[record]) or "nothing"


def _ways(request: HttpRequest, student: Student, reasons: Sequence[Reason]) -> dict[str, Way]:
    """The step that comes first; where another record has the SSID, the way to where the two are put together."""
    ways = step_fixes(reasons, student)
    other = next((one.values["student"] for one in reasons if one.code == "of-another-record"), None)
    if other is None:
        return ways
    pair = pair_to_merge(request.actor, student, int(other))
    if pair and request.actor.may(Capability.ENTER_STUDENT):
        return ways | {"of-another-record": (reverse("duplicate_settle", args=[pair]), "Compare the two")}
    return ways | {"of-another-record": (reverse("directory"), "Whom to ask there")}


@require_POST
@requires(Capability.CORRECT_RECORD)
def ssid_undo(request: HttpRequest, public_id: uuid.UUID, number: int) -> HttpResponse:
    """Take a retirement back."""
    student = get_student(request.actor, public_id)
    row: Any = get_object_or_404(SsidRetirement.objects.select_related("student"), pk=number, student=student)
    try:
        if not undo_retirement(actor=request.actor, row=row):
            raise NotPossible([lack("retired")])
    except NotPossible as refused:
        tell_reasons(request, refused.reasons, step_fixes(refused.reasons, student))
    else:
        messages.success(request, "Taken back: the SSIDs are as they were.")
    return redirect("student_ssids", public_id)


urlpatterns = [
    path("students/<uuid:public_id>/ssids", student_ssids, name="student_ssids"),
    path("students/<uuid:public_id>/ssids/<int:number>/undo", ssid_undo, name="ssid_undo"),
]
