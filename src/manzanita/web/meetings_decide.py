"""Holding a meeting, the family's answer item by item, and finalizing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.archive.queries import archive_of_meeting, pending_archive
from manzanita.auditing.actions import log_reads
from manzanita.deadlines.queries import attempts_of, delay_said_of, due_of_meeting
from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set, unconfirmed_in
from manzanita.domain.fields import FIELDS
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.later_start import OUTCOME as LATER
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings import answer_actions, hold_actions
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.answer_actions import FamilyAnswer
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES, Item, ProposedField, get_meeting, offer_version
from manzanita.platform import clock
from manzanita.procedures.finalize import Preview, finalize_meeting, preview_of
from manzanita.procedures.pending import pending_of, report_pending
from manzanita.web.access import requires
from manzanita.web.archive_lines import line_view
from manzanita.web.form_days import day_of
from manzanita.web.meetings_form import STEPS, Desk, desk_of, referring_parties, step_of, step_url
from manzanita.web.meetings_refusals import fetch_anew, refuse_closed
from manzanita.web.meetings_steps import page_context
from manzanita.web.reasons_told import IN_FORM, Way, tell_reasons, told
from manzanita.web.rights_words import decider_words, without_right

AGREES, DECLINES = "agrees", "declines"
MAX_NAME_LENGTH = 120


def step_context(actor: Actor, desk: Desk, step: str) -> dict:
    """What the pages of the steps Hold and Family's answer read, before anything was sent."""
    if step == "hold":
        meeting = desk.meeting
        held_on = meeting.held_on or (None if meeting.concluded_on else clock.today())
        sent = Concluding(
            f"{held_on:%Y-%m-%d}" if held_on else "",
            meeting.delay_code,
            meeting.conclusion_key,
            f"{meeting.concluded_on:%Y-%m-%d}" if meeting.concluded_on else "",
            meeting.conclusion_note,
        )
        return _hold_context(actor, desk, sent, ())
    return _answer_context(actor, desk, {}, ())


@dataclass(frozen=True, slots=True)
class Concluding:
    """What the form of the step Hold sends: days as text, the delay code, the conclusion."""

    held_on: str
    delay_code: str
    conclusion_key: str
    concluded_on: str
    conclusion_note: str

    @classmethod
    def sent(cls, request: HttpRequest) -> Concluding:
        names = ("held_on", "delay_code", "conclusion", "concluded_on", "conclusion_note")
        return cls(*(request.POST.get(name, "").strip() for name in names))


def _hold_context(actor: Actor, desk: Desk, sent: Concluding, reasons: Sequence[Reason]) -> dict:
    event = EVENTS[desk.meeting.event_key]
    conclusion = event.conclusion(sent.conclusion_key if sent.conclusion_key in event.conclusions else "")
    day = day_of(sent.held_on)
    missed = hold_actions.would_miss(desk.meeting, conclusion, day) if day else None
    # What was said before there was a meeting is offered, not taken: the team decides what 24.18 says.
    said = delay_said_of(desk.meeting.student_id, missed) if missed and not sent.delay_code else None
    delays = code_set("MeetingDelay")
    here = desk.facts.enrollment_on(day or clock.today(), desk.meeting.lea_code)
    return {
        **page_context(actor, desk, "hold"),
        "heading": STEPS["hold"],
        "sent": replace(sent, delay_code=said.code) if said else sent,
        "delay_said": said,
        "attempts": attempts_of(desk.meeting.student_id, actor),
        "attempts_due": due_of_meeting(desk.meeting.pk),
        "pending": pending_of(desk.meeting),
        "event": event,
        "parties": referring_parties(),
        "conclusion": conclusion,
        "enrolled_since": here.started_on if here and conclusion.key == LATER else None,
        "today": clock.today(),
        "is_day": day is not None,
        "missed": missed,
        "days_late": (day - missed).days if day and missed else 0,
        "delay_doubt": unconfirmed_in(delays),
        "delay_codes": [(code.code, code.label) for code in delays.current()],
        "reasons": reasons,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.HOLD_MEETING)
def hold(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record how the event was concluded. ``preview`` only says what the choice and the day ask for."""
    meeting = get_meeting(request.actor, public_id)
    if request.method != "POST":
        # A reload after a refused form asks for the address of the form's target.
        return redirect(step_url(meeting, "hold"))
    sent = Concluding.sent(request)
    if meeting.state not in OPEN_STATES:
        return fetch_anew() if request.POST.get("preview") else refuse_closed(request, meeting)
    if request.POST.get("preview"):
        context = _hold_context(request.actor, desk_of(request.actor, meeting), sent, ())
        return render(request, "web/meetings/hold_delay.html", context)
    before = hold_actions.concluded(meeting)
    try:
        held = hold_actions.hold_meeting(
            actor=request.actor,
            meeting=meeting,
            held_on=day_of(sent.held_on),
            delay_code=sent.delay_code,
            conclusion_key=sent.conclusion_key,
            concluded_on=day_of(sent.concluded_on),
            conclusion_note=sent.conclusion_note,
        )
    except ValueError:
        return HttpResponseBadRequest("There is no such delay code or conclusion.", content_type="text/plain")
    except NotPossible as refused:
        meeting.refresh_from_db()
        if meeting.state not in OPEN_STATES:
            return refuse_closed(request, meeting)
        desk = desk_of(request.actor, meeting)
        log_reads(actor=request.actor, student_ids=[meeting.student_id], what="meeting")
        context = _hold_context(request.actor, desk, sent, refused.reasons)
        return render(request, "web/meetings/hold.html", context, status=422)
    conclusion = EVENTS[held.event_key].conclusion(held.conclusion_key)
    what = f"Held on {held.held_on:%m/%d/%Y}" if held.held_on else conclusion.label
    if before == hold_actions.concluded(held):
        messages.info(request, f"{what}, as it was recorded before.")
    else:
        following = "the family's answer" if conclusion.asks_family else "finalize"
        messages.success(request, f"{what}. Next: {following}.")
    if conclusion.asks_family:
        return redirect(step_url(meeting, "answer"))
    return redirect("meeting_finalize", meeting.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.HOLD_MEETING)
def pending(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Report an initial evaluation as pending, while its meeting is still to come."""
    meeting = get_meeting(request.actor, public_id)
    if request.method == "POST":
        try:
            archive = report_pending(
                actor=request.actor, meeting=meeting, delay_code=request.POST.get("pending_delay", "")
            )
        except ValueError:
            return HttpResponseBadRequest("There is no such delay code.", content_type="text/plain")
        except NotPossible as refused:
            tell_reasons(request, refused.reasons)
        else:
            messages.success(request, f"{archive.title}: it goes to the state with the next send.")
    return redirect(step_url(meeting, "hold"))


def _no_day(what: str) -> Reason:
    return Reason("no-date", "The date is missing or is no date.", Owner.TEAM, f"Enter {what}.")


def _answer_context(
    actor: Actor, desk: Desk, sent: dict[str, dict[str, str]], reasons: Sequence[Reason]
) -> dict:
    today = clock.today()
    conclusion = EVENTS[desk.meeting.event_key].conclusion(desk.meeting.conclusion_key)
    return {
        **page_context(actor, desk, "answer"),
        "heading": STEPS["answer"],
        "today": today,
        "people": [(person.name, person.relation) for person in desk.facts.people_on(today)],
        "rights": desk.facts.rights_on(today),
        "is_initial": EVENTS[desk.meeting.event_key].is_initial,
        "conclusion": conclusion,
        "asks_family": conclusion.asks_family,
        "deciders": decider_words(desk.facts, today),
        "rows": [_answer_row(desk, item, sent.get(item.key)) for item in desk.proposal.items],
        "offer_version": offer_version(desk.meeting),
        "reasons": reasons,
    }


def _answer_row(desk: Desk, item: Item, sent: dict[str, str] | None) -> dict:
    """One item with what is recorded of it, or with what was just sent and refused."""
    decision, holder = item.decision, desk.facts.rights_on(clock.today()).only_decider
    if sent is None:
        choice = ""
        # An answer to an older offer is no answer to this one: nothing is chosen in advance.
        if decision is not None and not item.is_outdated:
            choice = AGREES if decision.is_agreed else DECLINES
        sent = {
            "choice": choice,
            "by": decision.decided_by if decision else (holder.name if holder else ""),
            "on": f"{decision.decided_on if decision else clock.today():%Y-%m-%d}",
        }
    return {"item": item, "id": item.key.replace(".", "-"), "offer": offer_words(desk, item.key), **sent}


def offer_words(desk: Desk, item_key: str) -> list[tuple[str, str, str]]:
    """What is offered of one item: name of the field, what it was, what it becomes."""
    if item_key == "plan":
        return [_change(field) for field in desk.proposal.plan_fields if field.is_changed]
    service = next(service for service in desk.proposal.services if service.item_key == item_key)
    if service.offer == "remove":
        return [("Service", "in the plan", "ends")]
    if service.current is None:
        given = [field for field in service.fields if field.proposed and field.declaration.number != "25.11"]
        return [("Service", "", "new"), *(_change(field) for field in given)]
    return [_change(field) for field in service.fields if field.is_changed]


def _change(field: ProposedField) -> tuple[str, str, str]:
    label_of = field.declaration.label_of
    return field.declaration.label, label_of(field.current), label_of(field.proposed) or "blank"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.HOLD_MEETING)
def consent(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Record the answers that differ from those recorded; ``all`` stands for agreeing to every item."""
    meeting = get_meeting(request.actor, public_id)
    if request.method != "POST":
        return redirect(step_url(meeting, "answer"))
    if meeting.state not in OPEN_STATES:
        return refuse_closed(request, meeting)
    desk = desk_of(request.actor, meeting)
    sent = {item.key: _sent(request, item) for item in desk.proposal.items}
    reasons = _answer_reasons(sent)
    try:
        if reasons:
            raise NotPossible(reasons)
        count = _record(request.actor, meeting, desk, sent, _seen(request))
    except NotPossible as refused:
        meeting.refresh_from_db()
        if meeting.state not in OPEN_STATES:
            return refuse_closed(request, meeting)
        log_reads(actor=request.actor, student_ids=[meeting.student_id], what="meeting")
        context = _answer_context(request.actor, desk, sent, refused.reasons)
        return render(request, "web/meetings/answer.html", context, status=422)
    if count:
        messages.success(request, f"{count} answer{'' if count == 1 else 's'} recorded.")
        given = ((row["by"], day_of(row["on"])) for row in sent.values() if row["choice"])
        for told in without_right(desk.facts, [(name, day) for name, day in given if day]):
            messages.warning(request, told)
    else:
        messages.info(request, "No answer was changed.")
    return redirect(step_url(meeting, "answer"))


def _sent(request: HttpRequest, item: Item) -> dict[str, str]:
    choice = AGREES if request.POST.get("all") == AGREES else request.POST.get(f"choice.{item.key}", "")
    return {
        "choice": choice if choice in (AGREES, DECLINES) else "",
        "by": request.POST.get(f"by.{item.key}", "").strip(),
        "on": request.POST.get(f"on.{item.key}", ""),
    }


def _answer_reasons(sent: dict[str, dict[str, str]]) -> list[Reason]:
    chosen = [row for row in sent.values() if row["choice"]]
    reasons = []
    if any(day_of(row["on"]) is None for row in chosen):
        reasons.append(_no_day("the day on which the family answered"))
    if any(not 0 < len(row["by"]) <= MAX_NAME_LENGTH or "\0" in row["by"] for row in chosen):
        reasons.append(
            Reason(
                "no-name",
                "An answer needs the name of the person who gave it.",
                Owner.TEAM,
                f"Enter the rights holder, in at most {MAX_NAME_LENGTH} characters.",
            )
        )
    return reasons


def _seen(request: HttpRequest) -> int | None:
    text = request.POST.get("offer", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _record(
    actor: Actor, meeting: Meeting, desk: Desk, sent: dict[str, dict[str, str]], seen: int | None
) -> int:
    """Record what differs from the standing answers, all or none; how many answers that were."""
    answers = []
    for item in desk.proposal.items:
        row = sent[item.key]
        day = day_of(row["on"])
        if not row["choice"] or day is None:
            continue
        is_agreed, standing = row["choice"] == AGREES, item.decision
        if (
            standing is not None
            and not item.is_outdated
            and (standing.is_agreed, standing.decided_by, standing.decided_on) == (is_agreed, row["by"], day)
        ):
            continue
        answers.append(FamilyAnswer(item.key, is_agreed, row["by"], day))
    answer_actions.record_decisions(actor=actor, meeting=meeting, answers=answers, seen_offer=seen)
    return len(answers)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.FINALIZE_MEETING)
def finalize(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """In words what will happen (GET); make it happen (POST). A second click of one's own lands on the archive."""
    meeting = get_meeting(request.actor, public_id)
    if request.method == "POST":
        try:
            archive = finalize_meeting(actor=request.actor, meeting=meeting)
        except NotPossible:
            # The page says everything that stands against it.
            meeting.refresh_from_db()
            if meeting.state not in OPEN_STATES and meeting.finalized_by_id != request.actor.user_id:
                return refuse_closed(request, meeting)
        else:
            messages.success(request, "The meeting is final. This is its archive.")
            return redirect("archive", archive.public_id)
    if meeting.state not in OPEN_STATES:
        archive = archive_of_meeting(meeting.pk)
        return redirect("archive", archive.public_id) if archive else redirect("meeting", public_id)
    log_reads(actor=request.actor, student_ids=[meeting.student_id], what="meeting.finalize")
    desk = desk_of(request.actor, meeting)
    preview = preview_of(request.actor, meeting, desk.facts)
    context = {
        **page_context(request.actor, desk, "finalize"),
        "preview": preview,
        "pending_archive": pending_archive(meeting.pk) if EVENTS[meeting.event_key].is_initial else None,
        "rows": [_consent_row(desk, preview, item) for item in desk.proposal.items],
        "effects": preview.effects,
        "lines": [line_view(draft.record, draft.values, draft.origins) for draft in preview.drafts],
        "blockers": [told([reason], otherwise=_mending(desk, reason))[0] for reason in preview.blockers],
        "counts": {choice: _count(desk, choice) for choice in (True, False)},
    }
    status = 409 if request.method == "POST" else 200
    return render(request, "web/meetings/finalize.html", context, status=status)


def _count(desk: Desk, is_agreed: bool) -> int:
    decisions = [item.decision for item in desk.proposal.items if item.decision]
    return sum(decision.is_agreed is is_agreed for decision in decisions)


def _consent_row(desk: Desk, preview: Preview, item: Item) -> dict:
    """One row of the kit's consent table."""
    decision = item.decision
    changes = offer_words(desk, item.key)
    row = {
        "item": item.label,
        "offer": "; ".join(f"{label} {new}" for label, _, new in changes)
        or ("Nothing is offered yet" if preview.event.is_initial else "As in force"),
        "decision": "",
        "by": "",
        "on": None,
        "effect": "Not in force without an answer",
    }
    if decision is not None:
        row |= {
            "decision": AGREES if decision.is_agreed else DECLINES,
            "by": decision.decided_by,
            "on": decision.decided_on,
            "effect": _without_plan(preview, is_agreed=decision.is_agreed),
            "effect_kind": "held",
        }
        if item.is_outdated:
            row |= {"effect": "Offer changed since", "effect_kind": "warn"}
        elif decision.is_agreed and preview.plan_starts_on:
            row |= {"effect": f"Current {preview.plan_starts_on:%m/%d/%Y}", "effect_kind": None}
    return row


def _without_plan(preview: Preview, *, is_agreed: bool) -> str:
    """What becomes of an item that is not current by this meeting. A first plan leaves nothing in force."""
    if not preview.event.is_initial:
        return "Stay put"
    return "Starts later" if is_agreed else "Does not start"


_MENDING_STEPS = {
    "not-held": "hold",
    "no-decision-date": "hold",
    "undecided": "answer",
    "no-plan-offered": step_of(FIELDS["23.11"]),
    "no-service-offered": "services",
    "declined-in-part": "answer",
    "later-unsaid": "hold",
    "offer-changed": "answer",
    "decided-before-meeting": "answer",
    "plan-starts-that-day": "answer",
    "nothing-changed": "services",
    "same-service": "services",
}


def _mending(desk: Desk, reason: Reason) -> Way:
    """The step that ends a reason, or the field that a rule objects to."""
    step = _MENDING_STEPS.get(reason.code)
    for offered in desk.offered:
        if not step and offered.finding.code == reason.code and offered.step:
            return desk.finding_url(offered), ""
    changed = [field for field in desk.proposal.plan_fields if field.declaration.number in reason.values]
    if not step and changed:
        step = step_of(changed[0].declaration)
    return (step_url(desk.meeting, step), "") if step else IN_FORM


urlpatterns = [
    path("meetings/<uuid:public_id>/hold", hold, name="meeting_hold"),
    path("meetings/<uuid:public_id>/pending", pending, name="meeting_pending"),
    path("meetings/<uuid:public_id>/consent", consent, name="meeting_consent"),
    path("meetings/<uuid:public_id>/finalize", finalize, name="meeting_finalize"),
]
