"""Writing requests for the directory, what comes of them, and agreements."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.directory_requests import (
    CONTRACTED,
    Asked,
    Kind,
    Place,
    State,
    agreement_on,
    reasons_against_agreement,
    reasons_not_to_approve,
    reasons_not_to_ask,
)
from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.orgs.models import Agency, Agreement, DirectoryRequest, PastName, School
from manzanita.orgs.requests import (
    agreements_of_request,
    asked_in,
    known_for,
    may_ask_directory,
    may_decide_directory,
)
from manzanita.platform import clock

_DAY = timedelta(days=1)


class NotDone(RefusedForReasons):
    """Nothing was written; ``reasons`` say why."""


@transaction.atomic
def ask_directory(
    *,
    actor: Actor,
    asked: Asked,
    agreement_first: date | None = None,
    agreement_last: date | None = None,
    agreement_number: str = "",
) -> DirectoryRequest:
    """Record the request, and with it the district's agreement with a new nonpublic school or agency, where its days
    are given. Raises :class:`NotDone`."""
    reasons = [*_not_able(actor, asked.lea_code), *reasons_not_to_ask(asked, known_for(asked))]
    has_agreement = (
        asked.kind is Kind.NEW and asked.place in CONTRACTED and (agreement_first or agreement_last)
    )
    if has_agreement:
        reasons += reasons_against_agreement(agreement_first, agreement_last)
    if reasons or asked.on is None:
        raise NotDone(reasons)
    request = DirectoryRequest.objects.create(
        kind=asked.kind.value,
        place=asked.place.value,
        lea_code=asked.lea_code,
        target_code=asked.target_code,
        code=asked.code,
        name=asked.name,
        day=asked.on,
        evidence=asked.evidence,
        asked_by_id=actor.user_id,
        asked_at=clock.now(),
    )
    log_change(
        actor=actor, action="ask_directory", subject=request, reason=asked.evidence, detail=_detail(request)
    )
    if has_agreement:
        record_agreement(
            actor=actor,
            agency_code=asked.code,
            first=agreement_first,
            last=agreement_last,
            number=agreement_number,
        )
    return request


@transaction.atomic
def withdraw_request(*, actor: Actor, request: DirectoryRequest, words: str = "") -> None:
    """The district does not ask for it any more. Raises :class:`NotDone`."""
    reasons = _not_able(actor, request.lea_code)
    if reasons:
        raise NotDone(reasons)
    _answer(actor, request, State.WITHDRAWN, words)


@transaction.atomic
def decline_request(*, actor: Actor, request: DirectoryRequest, words: str) -> None:
    """Say no, with the reason. Raises :class:`NotDone`."""
    reasons = _not_deciding(actor, request)
    if not words:
        reasons.append(
            Reason("no-words", "The reason is missing.", Owner.YOU, "Say why: the district reads it.")
        )
    if reasons:
        raise NotDone(reasons)
    _answer(actor, request, State.DECLINED, words)


def reasons_against_approval(actor: Actor, request: DirectoryRequest) -> list[Reason]:
    """What stands against approving a request that waits, asked of the directory as it is now."""
    asked = asked_in(request)
    known = known_for(asked, but=request.pk)
    agreements = agreements_of_request(request)
    said = agreement_on(agreements, request.day)
    is_own = request.asked_by_id == actor.user_id
    return [*_not_deciding(actor, request), *reasons_not_to_approve(asked, known, said, is_own=is_own)]


@transaction.atomic
def approve_request(*, actor: Actor, request: DirectoryRequest, words: str = "") -> None:
    """Let the directory say so from the day on. Raises :class:`NotDone`."""
    reasons = reasons_against_approval(actor, request)
    if reasons:
        raise NotDone(reasons)
    _answer(actor, request, State.APPROVED, words)
    _carry_out(request)


@transaction.atomic
def record_agreement(
    *, actor: Actor, agency_code: str, first: date | None, last: date | None, number: str = ""
) -> Agreement:
    """The actor's district has an agreement with this nonpublic school or agency. Raises :class:`NotDone`."""
    reasons = [*_not_able(actor, actor.agency_code), *reasons_against_agreement(first, last)]
    if not agency_code:
        reasons.append(
            Reason("no-target", "Nobody is named.", Owner.COORDINATOR, "Choose the school or agency.")
        )
    if reasons or first is None or last is None:
        raise NotDone(reasons)
    row, made = Agreement.objects.get_or_create(
        lea_code=actor.agency_code,
        agency_code=agency_code,
        starts_on=first,
        ends_on=last,
        withdrawn_at=None,
        defaults={"number": number, "recorded_by_id": actor.user_id, "recorded_at": clock.now()},
    )
    if made:
        log_change(actor=actor, action="record_agreement", subject=row, detail={"with": agency_code})
    return row


@transaction.atomic
def withdraw_agreement(*, actor: Actor, agreement: Agreement) -> None:
    """It was entered wrongly. Raises :class:`NotDone`."""
    reasons = _not_able(actor, agreement.lea_code)
    if reasons:
        raise NotDone(reasons)
    if Agreement.objects.filter(pk=agreement.pk, withdrawn_at=None).update(withdrawn_at=clock.now()):
        log_change(actor=actor, action="withdraw_agreement", subject=agreement)


def begin_due_names() -> int:
    """Names that were approved for a later day and whose day has come; how many. Running it again does nothing."""
    due = DirectoryRequest.objects.filter(
        kind=Kind.NAME, state=State.APPROVED, done_on__isnull=True, day__lte=clock.today()
    )
    done = 0
    for pk in due.order_by("day", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            request = DirectoryRequest.objects.select_for_update().get(pk=pk)
            if request.done_on is None:
                _rename(request)
                log_change(
                    actor=None,
                    action="begin_name",
                    subject=request,
                    detail=_detail(request),
                    lea_code=request.lea_code,
                )
                done += 1
    return done


def _not_able(actor: Actor, lea_code: str) -> list[Reason]:
    if may_ask_directory(actor) and lea_code == actor.agency_code:
        return []
    return [
        Reason(
            "not-able",
            "Only the district itself asks for its schools, and records its agreements.",
            Owner.COORDINATOR,
            "Ask its SEDS coordinator.",
        )
    ]


def _not_deciding(actor: Actor, request: DirectoryRequest) -> list[Reason]:
    if may_decide_directory(actor, request):
        return []
    return [
        Reason(
            "not-deciding",
            "The SELPA of the district decides on this.",
            Owner.SELPA,
            "Its office is told on home.",
        )
    ]


def _answer(actor: Actor, request: DirectoryRequest, state: State, words: str) -> None:
    """One conditional update, so that two who answer at once do not both."""
    waiting = DirectoryRequest.objects.filter(pk=request.pk, state=State.WAITING)
    moved = waiting.update(
        state=state.value, decided_by_id=actor.user_id, decided_at=clock.now(), answer=words[:300]
    )
    request.refresh_from_db()
    if not moved:
        raise NotDone(
            [
                Reason(
                    "answered-already",
                    f"This request was {request.state} on {request.decided_at:%m/%d/%Y}.",
                    Owner.SELPA,
                    "See the answer on this page.",
                )
            ]
        )
    log_change(
        actor=actor,
        action=f"{state.value}_directory",
        subject=request,
        reason=words[:300],
        detail=_detail(request),
    )


def _detail(request: DirectoryRequest) -> dict[str, str]:
    return {
        "kind": request.kind,
        "place": request.place,
        "lea": request.lea_code,
        "target": request.target_code,
        "code": request.code,
        "day": request.day.isoformat(),
    }


def _carry_out(request: DirectoryRequest) -> None:
    kind = Kind(request.kind)
    if kind is Kind.NEW:
        _add(request, request.name)
    elif kind is Kind.CLOSED:
        _rows(request).update(last_on=request.day)
    elif kind is Kind.CODE:
        old = _rows(request).get()
        _add(request, request.name or old.name)
        _rows(request).update(last_on=request.day - _DAY, successor_code=request.code)
    elif request.day <= clock.today():
        _rename(request)
        return
    else:
        return  # The name begins on its day: ``begin_due_names``.
    _done(request)


def _rows(request: DirectoryRequest) -> QuerySet[Any]:
    """The row that the request is about: of a school, or of an agency."""
    model = School if request.place == Place.SCHOOL else Agency
    return model._default_manager.filter(code=request.target_code)


def _add(request: DirectoryRequest, name: str) -> None:
    lea = Agency.objects.get(code=request.lea_code)
    if request.place == Place.SCHOOL:
        School.objects.create(code=request.code, name=name, agency=lea, first_on=request.day)
        return
    place = Place(request.place)
    Agency.objects.create(
        code=request.code,
        kind=place.value,
        name=name,
        # A nonpublic school or agency serves districts of any SELPA.
        selpa_code="" if place in CONTRACTED else lea.selpa_code,
        npa_id=request.code if place is Place.NPA else "",
        first_on=request.day,
    )


def _rename(request: DirectoryRequest) -> None:
    row = _rows(request).select_for_update().get()
    PastName.objects.create(code=row.code, name=row.name, last_on=request.day - _DAY, request=request)
    row.name = request.name
    row.save(update_fields=["name"])
    _done(request)


def _done(request: DirectoryRequest) -> None:
    request.done_on = clock.today()
    request.save(update_fields=["done_on"])
