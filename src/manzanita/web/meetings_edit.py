"""Editing the offer of a meeting: saving field by field, services, what the rules say after each save."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.meetings import answer_actions
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.answer_actions import Conflict
from manzanita.meetings.models import Answer, Meeting
from manzanita.meetings.queries import OPEN_STATES, ProposedField, get_meeting, proposal_of
from manzanita.platform import clock
from manzanita.students.queries import facts_of
from manzanita.web.access import requires
from manzanita.web.meetings_form import Desk, control_id, desk_of, field_view, fields_of, step_of, step_url
from manzanita.web.meetings_refusals import fetch_anew, refuse_closed
from manzanita.web.meetings_steps import LONGEST_SERVICE_NUMBER, page_context

SAVED_EVENT = "answerSaved"


@require_POST
@requires(Capability.HOLD_MEETING)
def save_answers(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Save one field (as it is typed) or all fields of a form.

    Each field comes as ``<key>`` with ``rev.<key>``, the revision that its reader saw. One field alone is
    answered with its new revision; 409 with both values when somebody else saved it in between; 422 with the
    reason when it is refused for good.
    """
    meeting = get_meeting(request.actor, public_id)
    fields = _fields(meeting)
    keys = [key for key in request.POST if key in fields]
    if request.htmx and len(keys) == 1:
        return _save_one(request, meeting, fields[keys[0]])
    if not keys:
        return HttpResponseBadRequest("No field of this form was sent.", content_type="text/plain")
    return _save_all(request, meeting, [fields[key] for key in keys])


def _fields(meeting: Meeting) -> dict[str, ProposedField]:
    facts, today = facts_of(meeting.student), clock.today()
    proposal = proposal_of(meeting, facts.plan_on(today), facts.services_on(today))
    return {field.key: field for field in fields_of(proposal)}


def _save(request: HttpRequest, meeting: Meeting, field: ProposedField) -> Answer | Conflict | None:
    """The stored answer, a conflict, or None where nobody answered and the plan in force says the same."""
    value = request.POST[field.key].strip()
    if field.answer is None and value == field.current:
        return None
    seen = request.POST.get("keep") or request.POST.get(f"rev.{field.key}", "")
    if not (seen.isascii() and seen.isdigit()):
        raise ValueError(f"{field.key}: no revision was sent")
    return answer_actions.save_answer(
        actor=request.actor, meeting=meeting, field_key=field.key, value=value, seen_revision=int(seen)
    )


def _save_one(request: HttpRequest, meeting: Meeting, field: ProposedField) -> HttpResponse:
    try:
        saved = _save(request, meeting, field)
    except NotPossible as refused:
        return _refused(request, " ".join(f"{r.text} {r.way_out}" for r in refused.reasons))
    except ValueError:
        return _refused(request, _why_not(request, field))
    context = {"meeting": meeting, "field": field, "id": control_id(field.key), "saved": saved}
    if isinstance(saved, Conflict):
        label_of = field.declaration.label_of
        context |= {
            "mine": label_of(saved.mine) or "blank",
            "theirs": label_of(saved.theirs.value) or "blank",
        }
        return render(request, "web/meetings/conflict.html", context, status=409)
    response = render(request, "web/meetings/saved.html", context)
    response["HX-Trigger"] = SAVED_EVENT
    return response


def _why_not(request: HttpRequest, field: ProposedField) -> str:
    """Why the text of a field cannot be stored, in words."""
    text = request.POST[field.key]
    if "\0" in text:
        return "This text holds a character that no field can hold (NUL). Type it instead of pasting it."
    if len(text) > answer_actions.MAX_ANSWER_LENGTH:
        return "This text is too long for a field of the state. Shorten it."
    return "The form did not say which version of the field you saw. Reload the page and enter it again."


def _refused(request: HttpRequest, text: str) -> HttpResponse:
    return render(request, "web/meetings/refused.html", {"text": text}, status=422)


def _save_all(request: HttpRequest, meeting: Meeting, fields: list[ProposedField]) -> HttpResponse:
    """Save a whole form: the Enter key, or a browser without scripts.

    Where a field was not saved the form comes back (422) with what was typed in it, and says why. With
    scripts each field has saved itself already and says so at its place: the answer is only yes or no.
    """
    if meeting.state not in OPEN_STATES:
        return fetch_anew() if request.htmx else refuse_closed(request, meeting)
    unsaved = {}
    for field in fields:
        if request.POST[field.key].strip() == field.proposed:
            continue
        try:
            saved = _save(request, meeting, field)
        except NotPossible as refused:
            unsaved[field.key] = f"was not saved. {refused.reasons[0].text} {refused.reasons[0].way_out}"
        except ValueError:
            unsaved[field.key] = f"was not saved. {_why_not(request, field)} What you typed is still here."
        else:
            if isinstance(saved, Conflict):
                unsaved[field.key] = (
                    f"was not saved: {saved.theirs.by_name} saved “{saved.theirs.value}” in between. Your "
                    f"“{saved.mine}” is still in the field; save it again if it is right."
                )
    if request.htmx:
        response = HttpResponse(status=422 if unsaved else 204)
        response["HX-Trigger"] = SAVED_EVENT
        return response
    if not unsaved:
        return redirect(_form_url(meeting, fields[0]))
    for field in fields:
        if field.key in unsaved:
            messages.error(request, f"{field.declaration.label} {unsaved[field.key]}")
    return _form_again(request, meeting, fields[0], unsaved)


def _form_again(
    request: HttpRequest, meeting: Meeting, field: ProposedField, unsaved: Collection[str]
) -> HttpResponse:
    """The form of ``field`` as it stands now, with what was typed into the fields that were not saved."""
    service = field.key.split(".")[1] if field.key.startswith("service.") else ""
    step = "services" if service else step_of(field.declaration)
    log_reads(actor=request.actor, student_ids=[meeting.student_id], what="meeting")
    context = page_context(request.actor, desk_of(request.actor, meeting), step, service)
    context["fields"] = [
        replace(shown, value=request.POST[shown.key]) if shown.key in unsaved else shown
        for shown in context["fields"]
    ]
    return render(request, "web/meetings/offer.html", context, status=422)


def _form_url(meeting: Meeting, field: ProposedField) -> str:
    subject, number, *_ = field.key.split(".")
    if subject == "service":
        return step_url(meeting, "services", int(number))
    return step_url(meeting, step_of(field.declaration))


@require_safe
@requires(Capability.READ_STUDENT)
def show_field(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One field as it is stored now: what somebody else saved is taken over."""
    meeting = get_meeting(request.actor, public_id)
    field = _fields(meeting).get(request.GET.get("key", ""))
    if field is None:
        raise Http404("no such field of this meeting")
    if meeting.state not in OPEN_STATES:
        return fetch_anew()
    desk = desk_of(request.actor, meeting)
    log_reads(actor=request.actor, student_ids=[meeting.student_id], what="meeting.field")
    context = {
        "field": field_view(desk, field),
        "meeting": meeting,
        "may_edit": request.actor.may(Capability.HOLD_MEETING),
    }
    return render(request, "web/meetings/one_field.html", context)


@require_safe
@requires(Capability.READ_STUDENT)
def live(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What changes around a form after a save: findings, steps, the notes under its fields."""
    meeting = get_meeting(request.actor, public_id)
    if meeting.state not in OPEN_STATES:
        return fetch_anew()
    log_reads(actor=request.actor, student_ids=[meeting.student_id], what="meeting.findings")
    context = page_context(
        request.actor,
        desk_of(request.actor, meeting),
        request.GET.get("step", ""),
        request.GET.get("service", ""),
    )
    return render(request, "web/meetings/live.html", context)


@require_POST
@requires(Capability.HOLD_MEETING)
def change_services(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Offer a new service (``add`` with a code), offer the end of one (``remove``), take that back (``keep``)."""
    meeting = get_meeting(request.actor, public_id)
    if meeting.state not in OPEN_STATES:
        return refuse_closed(request, meeting)
    desk = desk_of(request.actor, meeting)
    try:
        if request.POST.get("add"):
            numbers = {service.service_no for service in desk.facts.services}
            chosen = answer_actions.add_service(
                actor=request.actor,
                meeting=meeting,
                service_nos_in_force=numbers,
                service_code=request.POST["add"],
                expected_no=_number(request.POST.get("as", "")),
            )
        else:
            chosen = _change_offer(request, desk)
    except NotPossible as refused:
        messages.error(request, f"{refused.reasons[0].text} {refused.reasons[0].way_out}")
        return redirect("meeting", public_id)
    except ValueError:
        return HttpResponseBadRequest("No such service.", content_type="text/plain")
    return redirect(desk.step_url("services", chosen))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_SERVICE_NUMBER else None


def _change_offer(request: HttpRequest, desk: Desk) -> int:
    """Store what is offered of one service; its number. Raises ``ValueError`` for an unknown service."""
    number = int(request.POST.get("service", ""))
    service = desk.service(number)
    offer = request.POST.get("offer", "")
    if service is None or offer not in ("remove", "keep"):
        raise ValueError("no such service or offer")
    if service.current is None and offer == "keep":
        offer = "add"
    saved = answer_actions.save_answer(
        actor=request.actor,
        meeting=desk.meeting,
        field_key=f"service.{number}.offer",
        value=offer,
        seen_revision=int(request.POST.get("rev", "")),
    )
    if isinstance(saved, Conflict):
        messages.warning(
            request, f"{saved.theirs.by_name} changed this service in between. Look at it again."
        )
    return number


urlpatterns = [
    path("meetings/<uuid:public_id>/answer", save_answers, name="meeting_answer"),
    path("meetings/<uuid:public_id>/field", show_field, name="meeting_field"),
    path("meetings/<uuid:public_id>/live", live, name="meeting_live"),
    path("meetings/<uuid:public_id>/services", change_services, name="meeting_services"),
]
