"""A referral for assessment: recorded before any consent, and what came of it until the consent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.findings import Reason
from manzanita.domain.referrals import WAITS, Answer, party_words, reasons_not_to_refer, waits_for
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.referral_actions import (
    Received,
    answer_referral,
    correct_referral,
    give_plan,
    record_referral,
    take_back_step,
)
from manzanita.students.models import Referral
from manzanita.students.queries import get_student
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.meetings_form import referring_parties
from manzanita.web.reasons_told import told, ways_on_record, why_way
from manzanita.web.referral_asked import referral_asked
from manzanita.web.student_file import StudentFile, load_student
from manzanita.web.student_timeline import told_answer

DAYS = {"received_on": "Referral received on", "on": "Day"}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.HOLD_MEETING)
def referral(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The referral that waits and what can be done with it, or the form for a new one; a POST records that."""
    file = load_student(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[file.student.pk], what="student.referral")
    if request.method != "POST":
        return _page(request, file)
    given = _given(request)
    if wrong := mistyped(given, DAYS):
        return _page(request, file, "record", given, wrong.reasons)
    try:
        row = record_referral(
            actor=request.actor, student=file.student, asked=referral_asked(file), received=_received(given)
        )
    except NotPossible as refused:
        return _page(request, file, "record", given, refused.reasons)
    messages.success(
        request, f"The referral of {row.effective_from:%m/%d/%Y} is recorded. Its days run from that day."
    )
    return redirect("student", public_id)


@require_POST
@requires(Capability.HOLD_MEETING)
def referral_step(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One step of a referral: the plan given, withdrawn, declined, corrected, or the last of these taken back."""
    student = get_student(request.actor, public_id)
    step = STEPS.get(request.POST.get("step", ""))
    if step is None:
        return HttpResponseBadRequest("There is no such step.", content_type="text/plain")
    given = _given(request)
    wrong = mistyped(given, DAYS)
    try:
        if wrong:
            raise NotPossible(wrong.reasons)
        words = step(
            {"actor": request.actor, "student": student, "seen": _number(given.get("seen", ""))}, given
        )
    except NotPossible as refused:
        file = load_student(request.actor, public_id)
        log_reads(actor=request.actor, student_ids=[student.pk], what="student.referral")
        return _page(request, file, given["step"], given, refused.reasons)
    messages.success(request, words)
    return redirect("referral", public_id)


def _plan_given(of: dict[str, Any], given: Mapping[str, str]) -> str:
    row = give_plan(**of, on=day_of(given.get("on", "")))
    return (
        f"The assessment plan was given on {row.plan_given_on:%m/%d/%Y}: its days are over. Next the consent, with "
        "which the initial evaluation is opened."
    )


def _withdrawn(of: dict[str, Any], given: Mapping[str, str]) -> str:
    answer_referral(
        **of, answer=Answer.WITHDRAWN, on=day_of(given.get("on", "")), reason=given.get("reason", "")
    )
    return "The referral is withdrawn: nothing of it waits any more."


def _declined(of: dict[str, Any], given: Mapping[str, str]) -> str:
    row = answer_referral(
        **of, answer=Answer.DECLINED, on=day_of(given.get("on", "")), reason=given.get("reason", "")
    )
    if row.effective_to is not None:
        return "The district declined to assess, and the parent has the prior written notice."
    return (
        "It is recorded that the district declines to assess. Prior written notice to the parent is due now."
    )


def _corrected(of: dict[str, Any], given: Mapping[str, str]) -> str:
    correct_referral(**of, received=_received(given), reason=given.get("reason", ""))
    return "The referral is corrected; its days are counted anew."


def _taken_back(of: dict[str, Any], given: Mapping[str, str]) -> str:
    row = take_back_step(**of)
    return (
        "The last step is taken back." if row else "The referral is taken back: it was recorded by mistake."
    )


STEPS: Mapping[str, Callable[[dict[str, Any], Mapping[str, str]], str]] = MappingProxyType(
    {
        "plan": _plan_given,
        "withdraw": _withdrawn,
        "decline": _declined,
        "correct": _corrected,
        "back": _taken_back,
    }
)


def _page(
    request: HttpRequest,
    file: StudentFile,
    sent_to: str = "",
    given: Mapping[str, str] = MappingProxyType({}),
    reasons: Sequence[Reason] = (),
) -> HttpResponse:
    actor, student, standing = request.actor, file.student, file.referral
    against = [] if standing else list(reasons_not_to_refer(referral_asked(file)))
    path_of_open = file.meeting_url(file.open_meeting) if file.open_meeting else None
    ways = ways_on_record(actor, student, path_of_open or "")
    earlier = [one for one in reversed(file.referrals) if one is not standing]
    newest = standing or next((one for one in earlier if one.answer_code), None)
    is_last = newest is not None and newest is file.referrals[-1]
    context = {
        "student": student,
        "standing": standing,
        "wait": WAITS[waits_for(standing.plan_given_on, standing.answer_code)] if standing else None,
        "party": party_words(standing.referred_by_code) if standing else "",
        "dues": [
            (
                CLOCKS[one.clock].title,
                one.due_on,
                (one.due_on - file.today).days,
                reverse("due_date", args=[one.pk]),
            )
            for one in file.dues
            if one.about.startswith("referral:") and one.due_on
        ],
        "against": told(against, ways, why_way(student)),
        "back": _back_words(newest) if is_last else "",
        "seen": newest.pk if newest else 0,
        "earlier": [
            (
                one,
                party_words(one.referred_by_code),
                told_answer(one) if one.answer_code else "An evaluation began.",
            )
            for one in earlier
        ],
        "parties": referring_parties(),
        "today": file.today,
        "sent_to": sent_to,
        "given": given,
        "reasons": reasons,
        "consent_url": f"{reverse('meeting_new', args=[student.public_id])}?clock=assessment-plan",
    }
    return render(request, "web/students/referral.html", context, status=422 if reasons else 200)


def _back_words(row: Referral | None) -> str:
    if row is None or row.answer_code == Answer.MOVED:
        return ""
    if row.answer_code:
        return f"Take back that it was {row.answer_code}"
    return (
        "Take back that the plan was given"
        if row.plan_given_on
        else "Take the referral back: recorded by mistake"
    )


def _received(given: Mapping[str, str]) -> Received:
    return Received(day_of(given.get("received_on", "")), given.get("referred_by", ""), given.get("note", ""))


def _given(request: HttpRequest) -> dict[str, str]:
    return {name: " ".join(text.replace("\0", "").split())[:300] for name, text in request.POST.items()}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 0


urlpatterns = [
    path("students/<uuid:public_id>/referral", referral, name="referral"),
    path("students/<uuid:public_id>/referral/step", referral_step, name="referral_step"),
]
