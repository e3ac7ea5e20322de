"""One transfer: how far it is, what stands in the way, whose turn; its steps; and the record to be read before."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.auditing.queries import disclosures_of_student
from manzanita.domain.access import Actor, Capability
from manzanita.domain.agency_roles import AGENCY_ROLES
from manzanita.domain.findings import Reason
from manzanita.domain.leaving import CONTINUES
from manzanita.domain.student_transfers import (
    MEETING_WORDS,
    NO_GROUND,
    STEPS,
    WAITING,
    Ground,
    Obstacle,
    Side,
    State,
)
from manzanita.leaving.queries import leavings_of
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.directory import current_contacts
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.procedures.assigning import candidates
from manzanita.procedures.effects import Effect
from manzanita.procedures.portable_out import preview_of
from manzanita.procedures.student_transfer_asking import Attested, attest
from manzanita.procedures.student_transfer_back import accept_effects, reasons_not_to_take_back, take_back
from manzanita.procedures.student_transfer_base import NotMoved, disclose_look, obstacles_of, reasons_against
from manzanita.procedures.student_transfer_referral import (
    BINDS,
    CHOICE_WORDS,
    MOVED_LAW,
    evaluation_moved,
    goes_on_from,
    passing_of,
)
from manzanita.procedures.student_transfers import (
    accept,
    complete,
    decline,
    escalate,
    reasons_not_to_accept,
    release,
    withdraw,
)
from manzanita.students.models import Student
from manzanita.students.queries import is_visible, public_ids
from manzanita.students.scope import previewed, visible_to, with_last_day
from manzanita.students.transfer_facts import enrolled_by_sis, left_by_sis
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import preview_ground, side_of, transfers_of
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.form_days import day_of
from manzanita.web.meanwhile import alone_with, stamp_of, status_of
from manzanita.web.people_forms import number_of
from manzanita.web.reasons_told import told, ways_on_record
from manzanita.web.transfer_list import named
from manzanita.web.transfer_words import (
    GROUND_WORDS,
    age_words,
    agency_codes_of,
    sections_of,
    state_mark,
    turn_of,
)

ASKED_AT = ("seds_coordinator", "records_office")
OF_OWN_REFERRAL = ("own-referral", "own-ended-today")
# Steps in the order of the page, by side.
OFFERED = {
    Side.SENDER: ("accept", "release", "decline", "take_back"),
    Side.SELPA: ("accept", "release", "decline"),
    Side.RECEIVER: ("complete", "attest", "escalate", "withdraw"),
}


def _get(request: HttpRequest, public_id: uuid.UUID) -> StudentTransfer:
    transfer = transfers_of(request.actor).filter(public_id=public_id).first()
    if transfer is None:
        raise Http404("no such transfer in this scope")
    return transfer


@require_safe
@requires(Capability.TRANSFER_STUDENT)
def student_transfer(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    return _page(request, _get(request, public_id))


@require_POST
@requires(Capability.TRANSFER_STUDENT)
def student_transfer_step(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Take the step ``do``; what is refused is told on the page, with nothing typed lost."""
    transfer = _get(request, public_id)
    key = request.POST.get("do", "")
    if key not in STEPS:
        raise Http404("no such step")
    try:
        if key == "accept" and "check" in request.POST:
            return _check(request, transfer)
        done = _take_alone(request, transfer, key)
    except (NotMoved, NotPossible) as refused:
        transfer.refresh_from_db()
        return _page(request, transfer, refused.reasons)
    if done:
        messages.success(request, STEPS[key].done)
    else:
        messages.info(request, "Nothing was changed: that was done already.")
    return redirect("student_transfer", public_id)


def _check(request: HttpRequest, transfer: StudentTransfer) -> HttpResponse:
    """The page with what accepting would do, or why it cannot be; nothing is done."""
    meeting = request.POST.get("meeting", "")
    if reasons := reasons_not_to_accept(request.actor, transfer, meeting):
        raise NotMoved(reasons)
    to = agency_names({transfer.receiving_code}).get(transfer.receiving_code, transfer.receiving_code)
    return _page(request, transfer, effects=list(accept_effects(transfer, to, meeting)))


def _take_alone(request: HttpRequest, transfer: StudentTransfer, key: str) -> bool:
    """Whoever has the record acts on it as it was when the page was drawn; who asks sees nothing of it."""
    student = _record(request.actor, transfer)
    if student is None or side_of(request.actor, transfer) is Side.RECEIVER:
        return _take(request, transfer, key)
    with alone_with(request, student):
        return _take(request, transfer, key)


def _record(actor: Actor, transfer: StudentTransfer) -> Student | None:
    return with_last_day(visible_to(actor), actor).filter(pk=transfer.student_id).first()


def _take(request: HttpRequest, transfer: StudentTransfer, key: str) -> bool:
    typed = {name: " ".join(text.replace("\0", "").split())[:300] for name, text in request.POST.items()}
    given = {"actor": request.actor, "transfer": transfer}
    words = typed.get("words", "")
    if key == "accept":
        return accept(**given, meeting=typed.get("meeting", ""), words=words)
    if key == "attest":
        attested = Attested(
            typed.get("attested_name", ""),
            typed.get("attested_role", ""),
            day_of(typed.get("attested_on", "")),
            typed.get("attested_words", ""),
        )
        return attest(**given, attested=attested)
    if key == "complete":
        return complete(
            **given,
            case_manager_id=number_of(typed.get("case_manager", "")),
            referral=typed.get("referral", ""),
            words=words,
        )
    if key in ("decline", "withdraw", "take_back"):
        return {"decline": decline, "withdraw": withdraw, "take_back": take_back}[key](**given, words=words)
    return {"release": release, "escalate": escalate}[key](**given)


def _page(
    request: HttpRequest,
    transfer: StudentTransfer,
    refusals: Sequence[Reason] = (),
    effects: Sequence[Effect] = (),
) -> HttpResponse:
    actor, side = request.actor, side_of(request.actor, transfer)
    student = _record(actor, transfer)
    names = agency_names({transfer.receiving_code, transfer.sending_code})
    shown_from = enrolled_by_sis(transfer.student_id, transfer.receiving_code)
    ground = preview_ground(actor, transfer, sis_shows=shown_from is not None)
    asked = named(request, [transfer], "transfer").get(transfer.student_id)
    called = asked.full_name if asked else ""
    other = transfer.sending_code if side is Side.RECEIVER else transfer.receiving_code
    obstacles = obstacles_of(transfer) if transfer.state in WAITING else []
    people = {transfer.asked_by_id, transfer.case_manager_id, transfer.decided_by_id, transfer.attested_by_id}
    context = {
        "one": transfer,
        "side": side,
        "is_sender": side in (Side.SENDER, Side.SELPA),
        "is_waiting": transfer.state in WAITING,
        "effects": effects,
        "leaving": _leaving(actor, transfer, side, student),
        "student": called or transfer.called,
        "student_id": public_ids([transfer.student_id]).get(transfer.student_id)
        if is_visible(actor, transfer.student_id)
        else None,
        "state": state_mark(transfer),
        "age": age_words(transfer),
        "turn": turn_of(transfer, names),
        "to": names.get(transfer.receiving_code, transfer.receiving_code),
        "holder": names.get(transfer.sending_code, transfer.sending_code),
        "school": school_names({transfer.school_code}).get(transfer.school_code, ""),
        "people": user_names({one for one in people if one}),
        "shown_from": shown_from,
        "left_on": left_by_sis(transfer.student_id, transfer.sending_code),
        "ground": ground,
        "ground_words": GROUND_WORDS[ground],
        "no_ground": NO_GROUND,
        "obstacles": [_obstacle(one, side) for one in obstacles if one.kindly or side is not Side.RECEIVER],
        # Who asks is told of a referral once the record is handed over; before that in the preview, which is disclosed.
        "passing": passing_of(transfer)
        if side is Side.RECEIVER and State(transfer.state) is State.ACCEPTED
        else None,
        "goes_on_from": goes_on_from(transfer),
        "evaluation": evaluation_moved(transfer) if side is Side.RECEIVER else None,
        "evaluation_law": MOVED_LAW,
        "referral_choices": list(CHOICE_WORDS.items()),
        "referral_law": BINDS,
        "other": names.get(other, other),
        "asks_meeting": any(one.code == "meeting-open" for one in obstacles),
        "contacts": [
            (AGENCY_ROLES[one.role_code].label, one)
            for one in current_contacts(clock.today())
            .filter(agency__code=other, role_code__in=ASKED_AT)
            .order_by("-role_code")
        ],
        "steps": _steps(request, transfer, side) if transfer.is_open and side else [],
        "meetings": list(MEETING_WORDS.items()),
        "managers": [(one.pk, one.name) for one in candidates(actor)["assignment"]]
        if side is Side.RECEIVER
        else [],
        "looks": _looks(transfer) if side in (Side.SENDER, Side.SELPA) else [],
        "typed": request.POST,
        "refused_step": request.POST.get("do", ""),
        "refusals": _linked(actor, student, refusals),
        "record_seen": stamp_of(actor, student) if student else "",
        "today": clock.today(),
    }
    return render(request, "web/transfers/page.html", context, status=status_of(refusals))


def _linked(actor: Actor, student: Student | None, refusals: Sequence[Reason]) -> Sequence[Reason]:
    """What the own referral of the district that asked keeps from being completed leads there."""
    if student is None or all(one.code not in OF_OWN_REFERRAL for one in refusals):
        return refusals
    url, _ = ways_on_record(actor, student)["referred-already"]
    return [replace(one, link=url) if one.code in OF_OWN_REFERRAL else one for one in refusals]


def _leaving(
    actor: Actor, transfer: StudentTransfer, side: Side | None, student: Student | None
) -> dict[str, Any] | None:
    """What is left to do of an accepted one at the district that let the student go: its leaving, to record or as it
    stands; ``None`` where the reader does not record it."""
    is_given = State(transfer.state) in (State.ACCEPTED, State.COMPLETED)
    if not is_given or side is not Side.SENDER or student is None or not actor.may(Capability.CORRECT_RECORD):
        return None
    newest = next(
        (one for one in leavings_of(student, actor.agency_code) if one.asked_at >= transfer.asked_at), None
    )
    address = reverse("leaving", args=[student.public_id])
    return {"newest": newest, "url": address if newest else f"{address}?reason={CONTINUES}"}


def _steps(request: HttpRequest, transfer: StudentTransfer, side: Side) -> list[dict[str, Any]]:
    """The steps of the reader's side that may be taken now; those that may not stand together by their reasons."""
    steps, locked = [], dict[tuple[str, ...], dict[str, Any]]()
    for key in OFFERED[side]:
        if (key == "attest" and transfer.attested_on) or (key == "release" and transfer.released_at):
            continue
        # Nothing is accepted: there is no need to say that it cannot be taken back.
        if key == "take_back" and transfer.state in WAITING:
            continue
        reasons = (
            reasons_not_to_take_back(request.actor, transfer)
            if key == "take_back"
            else reasons_against(request.actor, transfer, key)
        )
        label = STEPS[key].label
        if not reasons:
            steps.append({"key": key, "labels": [label], "reasons": [], "told": []})
            continue
        same = tuple(f"{one.code} {one.text}" for one in reasons)
        if same in locked:
            locked[same]["labels"].append(label)
            continue
        shown = told(reasons, {}, (reverse("directory"), "Directory"))
        locked[same] = {"key": key, "labels": [label], "reasons": reasons, "told": shown}
    return [*steps, *locked.values()]


def _obstacle(one: Obstacle, side: Side | None) -> tuple[str, str, str]:
    """For a check list: who asks is told kindly, and nothing of the student."""
    mark = "fatal" if one.stops else "warn"
    if side in (Side.SENDER, Side.SELPA):
        return mark, one.text, f"{one.way_out} ({one.owner})"
    return mark, one.kindly, f"{one.owner} of that district"


def _looks(transfer: StudentTransfer) -> list[Any]:
    """Disclosures of the student by this transfer, newest first."""
    return [
        one
        for one in disclosures_of_student(transfer.student_id)
        if one.lea_code == transfer.sending_code and one.at >= transfer.asked_at
    ]


@require_safe
@requires(Capability.TRANSFER_STUDENT)
def student_transfer_record(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The record to be read before it is handed over. Each look stands in the log that the parent may print."""
    transfer = _get(request, public_id)
    actor = request.actor
    shows = enrolled_by_sis(transfer.student_id, transfer.receiving_code) is not None
    ground = preview_ground(actor, transfer, sis_shows=shows)
    document, passing = None, None
    with previewed(actor, transfer) as student:
        if student is not None:
            document = preview_of(actor, student)
    if document is not None:
        passing = passing_of(transfer)
    if document is None:
        if side_of(actor, transfer) is not Side.RECEIVER or not transfer.is_open:
            raise Http404("nothing is open to be read")
        context = {"one": transfer, "reason": NO_GROUND}
        return render(request, "web/transfers/closed.html", context, status=403)
    log_reads(
        actor=actor, student_ids=[transfer.student_id], what="transfer.preview", purpose_code="transfer"
    )
    disclose_look(actor, transfer, GROUND_WORDS[ground if ground is not Ground.NONE else Ground.ACCEPTED])
    codes = agency_codes_of(document)
    names = school_names(codes) | agency_names(codes)
    context = {
        "one": transfer,
        "document": document,
        "passing": passing,
        "referral_law": BINDS,
        "told": document["student"],
        "born": us_date(date.fromisoformat(born)) if (born := document["student"]["birth_on"]) else "",
        "sections": sections_of(document, names),
        "ground_words": GROUND_WORDS[ground],
        "holder": agency_names({transfer.sending_code}).get(transfer.sending_code, transfer.sending_code),
    }
    return render(request, "web/transfers/record.html", context)


urlpatterns = [
    path("transfers/<uuid:public_id>", student_transfer, name="student_transfer"),
    path("transfers/<uuid:public_id>/step", student_transfer_step, name="student_transfer_step"),
    path("transfers/<uuid:public_id>/record", student_transfer_record, name="student_transfer_record"),
]
