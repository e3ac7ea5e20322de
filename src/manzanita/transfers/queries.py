"""Reading transfers of students: by agency, never by name. Who the student is, ``students.scope`` lets one know."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.student_transfers import (
    OPEN,
    WAITING,
    Ground,
    Side,
    State,
    ground_of,
)
from manzanita.transfers.models import StudentTransfer

_OPEN, _WAITING = sorted(OPEN), sorted(WAITING)


def side_of(actor: Actor, transfer: StudentTransfer) -> Side | None:
    """Where the actor stands; a SELPA on the side of its member that has the record. ``None``: nowhere."""
    if not actor.may(Capability.TRANSFER_STUDENT):
        return None
    if actor.perspective.scope is Scope.SELPA:
        return Side.SELPA if transfer.sending_code in actor.agency_codes else None
    if actor.agency_code == transfer.receiving_code:
        return Side.RECEIVER
    return Side.SENDER if actor.agency_code == transfer.sending_code else None


def whose_turn(state: State) -> Side:
    """Who has to act next on an open transfer."""
    return {State.ESCALATED: Side.SELPA, State.ACCEPTED: Side.RECEIVER}.get(state, Side.SENDER)


def transfers_of(actor: Actor) -> QuerySet[StudentTransfer]:
    """Those in which the actor's agencies take part, the oldest open ones first. A SELPA sees those of its members on
    either side."""
    found = StudentTransfer.objects.all()
    if not actor.may(Capability.TRANSFER_STUDENT):
        return found.none()
    own = party_codes(actor)
    return found.filter(Q(receiving_code__in=own) | Q(sending_code__in=own)).order_by("asked_at", "pk")


def party_codes(actor: Actor) -> tuple[str, ...]:
    """The agencies for which the actor takes part in transfers: the own one, or the members of the SELPA."""
    return actor.agency_codes if actor.perspective.scope is Scope.SELPA else (actor.agency_code,)


def open_transfers_of(actor: Actor) -> QuerySet[StudentTransfer]:
    return transfers_of(actor).filter(state__in=_OPEN)


def open_transfer_to(actor: Actor, student_id: int) -> StudentTransfer | None:
    """The one by which the actor's agency asks for this student, until it ends."""
    own = open_transfers_of(actor).filter(student_id=student_id, receiving_code=actor.agency_code)
    return own.first()


def handed_over_by(lea_code: str, student_ids: Iterable[int]) -> dict[int, StudentTransfer]:
    """By student, the newest transfer by which the LEA handed the record over, completed or not. The caller names
    students who may be read."""
    rows = StudentTransfer.objects.filter(
        sending_code=lea_code,
        student_id__in=list(student_ids),
        state__in=[State.ACCEPTED.value, State.COMPLETED.value],
    )
    return {one.student_id: one for one in rows.order_by("decided_at", "pk")}


def waiting_transfers() -> QuerySet[StudentTransfer]:
    """All that wait for the answer of who has the record; for what policies answer. In no scope."""
    return StudentTransfer.objects.filter(state__in=_WAITING).order_by("asked_at", "pk")


def preview_ground(actor: Actor, transfer: StudentTransfer, *, sis_shows: bool) -> Ground:
    """By what right the actor may read the student's record through the transfer now: only of the own agency's
    request, and only until it ends. ``sis_shows``: the agency's SIS shows the student enrolled there."""
    if actor.is_read_only or side_of(actor, transfer) is not Side.RECEIVER:
        return Ground.NONE
    return ground_of(
        State(transfer.state),
        sis_shows=sis_shows,
        is_attested=transfer.attested_on is not None,
        is_released=transfer.released_at is not None,
    )
