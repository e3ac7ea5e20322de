"""A student leaves: the reasons, the form of one, what it will do before it is saved, and the way back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.accounts.queries import user_names
from manzanita.archive.models import Archive
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.findings import Reason
from manzanita.domain.leaving import (
    PAPERS,
    REASONS,
    LeavingReason,
    PaperSaid,
    sis_reason,
    suggested_reason,
)
from manzanita.domain.revocation import Letter
from manzanita.domain.statuses.steps import STEPS, lack
from manzanita.leaving.actions import papers_of
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.leaving.queries import (
    open_report_of,
    planned_leaving,
    standing_leaving,
)
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.procedures.handed_over import HandedOver
from manzanita.procedures.leaving import (
    LeavingAsked,
    LeavingPreview,
    cancel_leaving,
    handed_over_on,
    preview_leaving,
    record_leaving,
)
from manzanita.procedures.leaving_undo import reasons_not_to_undo, undo_leaving
from manzanita.students.former import facts_for
from manzanita.students.models import Enrollment, Student
from manzanita.students.queries import StudentFacts, get_student
from manzanita.ui.formats import us_date, us_dates
from manzanita.web.access import requires
from manzanita.web.form_days import Mistyped, mistyped
from manzanita.web.laid_over import LaidOver, shown
from manzanita.web.leaving_asked import (
    asked_in,
    day_labels,
    earliest,
    first_asked,
    newest_here,
    typed_over,
    values_of,
)
from manzanita.web.leaving_list import next_leaving
from manzanita.web.leaving_words import (
    NOT_CONFIRMED,
    NOT_SETTLED,
    UNCONFIRMED_NUMBER,
    groups_of,
    line_words,
    taken_back_words,
)
from manzanita.web.meanwhile import alone_with, is_conflict, meanwhile_fix, stamp_of, status_of
from manzanita.web.reasons_told import tell_reasons, told
from manzanita.web.step_links import address_of_step, step_fixes

# The field of the form that a refusal is about, by its code.
ERROR_FIELDS = {
    "no-date": "on",
    "future-date": "on",
    "too-young": "on",
    "no-note": "note",
    "no-notice": "notice_on",
    "late-notice": "notice_on",
    "no-summary": "summary_on",
    "late-summary": "summary_on",
    "no-letter": "letter_on",
    "late-letter": "letter_on",
    "no-letter-by": "letter_by",
    "not-holder": "letter_by",
    "no-holder": "letter_by",
}
# A paper that is missing: the rest can be looked at without it, and the banner has said why it is due.
LACKING_PAPERS = {f"no-{key}": "A day is missing, or the note why there is none." for key in PAPERS}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def leaving(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The reasons and what stands already; with ``reason`` the form of one. A POST with ``check`` says what it would
    do, one without records or plans it."""
    student = get_student(request.actor, public_id)
    key = request.POST.get("reason") or request.GET.get("reason", "")
    if key and key not in REASONS:
        raise Http404("no such reason")
    log_reads(actor=request.actor, student_ids=[student.pk], what="leaving")
    report = open_report_of(student, request.actor.agency_code)
    if not key:
        if request.method == "POST":
            messages.error(request, "Nothing was recorded: choose the reason first. (You)")
        return _reasons_page(request, student, report, status=422 if request.method == "POST" else 200)
    reason = REASONS[key]
    if request.method != "POST":
        return _form(request, student, first_asked(request, student, reason, report), None, ())
    asked = asked_in(request.POST, reason, report)
    wrong = mistyped(request.POST, day_labels(reason))
    try:
        with alone_with(request, student):
            if wrong:
                raise NotPossible(wrong.reasons)
            if "check" in request.POST:
                asked = _with_day(request, asked)
                preview = preview_leaving(request.actor, student, asked)
                return _form(request, student, asked, preview, preview.blockers)
            done = record_leaving(actor=request.actor, student=student, asked=asked)
    except NotPossible as refused:
        reasons = list(refused.reasons)
        laid = None
        if is_conflict(reasons):
            report = open_report_of(student, request.actor.agency_code)
            laid = typed_over(request, student, reason, report)
            asked = asked_in(laid.values, reason, report)
            reasons += preview_leaving(request.actor, student, asked).blockers
        return _form(request, student, asked, None, reasons, wrong, laid)
    messages.success(
        request,
        f"Planned for {us_date(done.leaves_on)}: {reason.words}."
        if done.state == "planned"
        else f"Recorded: {reason.words}, {us_date(done.leaves_on)}.",
    )
    return redirect("leaving", student.public_id)


def _with_day(request: HttpRequest, asked: LeavingAsked) -> LeavingAsked:
    """A day that was left blank is the earliest lawful one, where there is one: the check shows what comes of it."""
    first_day = earliest(asked)
    if asked.on is not None or first_day is None:
        return asked
    messages.info(
        request, f"The day was left blank: {us_date(first_day)}, the earliest lawful one, is proposed."
    )
    return replace(asked, on=first_day)


def _form(
    request: HttpRequest,
    student: Student,
    asked: LeavingAsked,
    preview: LeavingPreview | None,
    refusals: Sequence[Reason],
    wrong: Mistyped | None = None,
    laid: LaidOver | None = None,
) -> HttpResponse:
    reason = REASONS[asked.reason_key]
    fixes = _fixes(student, preview or _meetings_only(request, student, asked)) | meanwhile_fix(student)
    errors = {
        ERROR_FIELDS[one.code]: LACKING_PAPERS.get(one.code, one.text)
        for one in refusals
        if one.code in ERROR_FIELDS
    }
    errors |= laid.told(us_dates) if laid else {}
    errors |= wrong.errors if wrong else {}
    first_day = earliest(asked)
    if first_day is not None and asked.on is None and errors and not (wrong and "on" in wrong.typed):
        errors["on"] = "It had no day: the earliest lawful one is proposed."
    is_shown = preview is not None and all(one.code in LACKING_PAPERS for one in refusals)
    context = {
        "student": student,
        "reason": reason,
        "line": line_words(reason),
        "asked": asked,
        "papers": [(PAPERS[key], asked.papers.get(key, PaperSaid())) for key in reason.papers],
        "holders": _holders(request, student, asked.letter) if reason.asks_letter else [],
        "earliest": first_day,
        "refusals": refusals,
        "errors": errors,
        "typed": wrong.typed if wrong else {},
        "told": told(refusals, fixes),
        "record_seen": stamp_of(request.actor, student),
        "preview": preview,
        "groups": groups_of(preview) if is_shown and preview else [],
        "is_shown": is_shown,
        "form_shown": shown(
            laid.stands if laid else values_of(first_asked(request, student, reason, asked.report), reason)
        ),
        "if_wrong": [NOT_CONFIRMED] if "not confirmed" in line_words(reason) else [],
    }
    return render(request, "web/students/leaving_form.html", context, status=status_of(refusals))


def _holders(request: HttpRequest, student: Student, letter: Letter) -> list[tuple[str, str]]:
    """Who may have revoked: whoever decides on the day of the letter, or today as long as that is not known."""
    rights = facts_for(request.actor, student).rights_on(letter.on or clock.today())
    return [(one.name, one.name) for one in rights.decides]


def _meetings_only(request: HttpRequest, student: Student, asked: LeavingAsked) -> LeavingPreview:
    return preview_leaving(request.actor, student, LeavingAsked(asked.reason_key, None))


def _fixes(student: Student, preview: LeavingPreview) -> dict[str, tuple[str, str]]:
    """Where a refusal is mended that this form does not mend: address and label by its code."""
    here = reverse("student", args=[student.public_id])
    known = (f"{here}?tab=history", "Show what is known")
    return {
        **dict.fromkeys(("same-status", "later-status"), known),
        "left-already": (reverse("leaving", args=[student.public_id]), STEPS["undo_leave"].label),
        **dict.fromkeys(
            ("no-holder", "not-holder"),
            (reverse("people", args=[student.public_id]), "Show who holds the rights"),
        ),
        "GERR0005": (f"{here}?tab=record", "Show the enrollment"),
        **{
            fate.reason.code: (reverse("meeting", args=[fate.meeting.public_id]), "Go to the meeting")
            for fate in preview.meetings
            if fate.reason
        },
    }


def _reasons_page(
    request: HttpRequest,
    student: Student,
    report: ParticipationReport | None,
    refusals: Sequence[Reason] = (),
    *,
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    facts = facts_for(actor, student)
    given = handed_over_on(student, actor.agency_code, facts)
    standing = standing_leaving(student, actor.agency_code)
    planned = planned_leaving(student, actor.agency_code)
    ids = {one.asked_by_id for one in (standing, planned) if one} | (
        {report.reported_by_id} if report else set()
    )
    change = reverse("changes", args=[student.public_id]), "Change without a meeting"
    since = address_of_step("take_back", student), STEPS["take_back"].label
    ways = {
        "sent": (address_of_step("status", student), STEPS["status"].label),
        **dict.fromkeys(("later-facts", "already-corrected"), since),
        **meanwhile_fix(student),
    }
    context = {
        "student": student,
        "reasons": [(one, line_words(one)) for one in REASONS.values()],
        "if_wrong": [NOT_CONFIRMED, NOT_SETTLED],
        "unconfirmed": UNCONFIRMED_NUMBER,
        "suggested": _suggested(newest_here(request, facts), given),
        "given": given,
        "standing": standing,
        "back_words": taken_back_words(standing) if standing else "",
        "archive": _archive_of(standing),
        "undo_reasons": told(reasons_not_to_undo(actor, standing), ways, change) if standing else [],
        "planned": planned,
        "report": report,
        "next": next_leaving(actor, student, has_settled=(standing or planned) is not None)
        if not report
        else None,
        "today": clock.today(),
        "sis_end": _sis_end(standing, facts) if standing else None,
        "names": user_names(ids),
        "papers": _paper_words(standing or planned),
        "refusals": told(refusals, ways, change),
        "record_seen": stamp_of(actor, student),
    }
    return render(request, "web/students/leaving.html", context, status=status)


def _suggested(newest: Enrollment | None, given: HandedOver | None) -> LeavingReason | None:
    """The reason that an accepted transfer suggests, or the SIS's end of the enrollment."""
    return suggested_reason(newest.exit_reason_code if newest else "", is_handed_over=given is not None)


def _sis_end(standing: Leaving, facts: StudentFacts) -> Reason | None:
    """What the SIS has still to do after the leaving."""
    today = clock.today()
    here = facts.enrollment_on(today, standing.lea_code)
    goes_on = here is not None and here.started_on <= standing.leaves_on
    return sis_reason(standing.reason, standing.leaves_on, is_enrolled=goes_on, today=today)


def _archive_of(standing: Leaving | None) -> Archive | None:
    if standing is None or standing.archive_id is None:
        return None
    return Archive.objects.defer("document").get(pk=standing.archive_id)


def _paper_words(one: Leaving | None) -> list[str]:
    if one is None:
        return []
    said: Mapping[str, PaperSaid] = papers_of(one.papers)
    letter = (
        [f"Consent revoked by {one.letter_by}, letter of {us_date(one.letter_on)}"] if one.letter_on else []
    )
    return letter + [
        f"{PAPERS[key].label}: "
        + ", ".join(part for part in (us_date(paper.on) if paper.on else "", paper.note) if part)
        for key, paper in said.items()
        if paper.on or paper.note
    ]


@require_POST
@requires(Capability.CORRECT_RECORD)
def leaving_undo(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take the newest leaving back."""
    student = get_student(request.actor, public_id)
    try:
        with alone_with(request, student):
            standing = standing_leaving(student, request.actor.agency_code)
            if standing is not None and undo_leaving(actor=request.actor, leaving=standing):
                again = _waits_again(request, student)
                messages.success(request, f"Taken back: the record stands as it was before.{again}")
            else:
                _tell_order(request, student, "left")
    except NotPossible as refused:
        return _refused(request, student, refused.reasons)
    return redirect("leaving", student.public_id)


def _waits_again(request: HttpRequest, student: Student) -> str:
    """A report that waits for an answer once more, in the message of what was taken back."""
    report = open_report_of(student, request.actor.agency_code)
    return f" The report of {us_date(report.reported_at)} waits for an answer again." if report else ""


def _refused(request: HttpRequest, student: Student, refusals: Sequence[Reason]) -> HttpResponse:
    """What stands, and why it was not changed: it is no more as it was on the page whose button was pressed."""
    log_reads(actor=request.actor, student_ids=[student.pk], what="leaving")
    report = open_report_of(student, request.actor.agency_code)
    return _reasons_page(request, student, report, refusals, status=409)


@require_POST
@requires(Capability.CORRECT_RECORD)
def leaving_cancel(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Cancel what is planned."""
    student = get_student(request.actor, public_id)
    try:
        with alone_with(request, student):
            planned = planned_leaving(student, request.actor.agency_code)
            if planned is not None and cancel_leaving(actor=request.actor, leaving=planned):
                again = _waits_again(request, student)
                messages.success(request, f"Canceled: nothing will happen on that day.{again}")
            else:
                _tell_order(request, student, "planned")
    except NotPossible as refused:
        return _refused(request, student, refused.reasons)
    return redirect("leaving", student.public_id)


def _tell_order(request: HttpRequest, student: Student, lacking: str) -> None:
    """Why the step has nothing to act on: somebody was faster, or it was never there."""
    reason = lack(lacking)
    tell_reasons(request, [reason], step_fixes([reason], student))


urlpatterns = [
    path("students/<uuid:public_id>/leaving", leaving, name="leaving"),
    path("students/<uuid:public_id>/leaving/undo", leaving_undo, name="leaving_undo"),
    path("students/<uuid:public_id>/leaving/cancel", leaving_cancel, name="leaving_cancel"),
]
