"""Reading transfers of students: by agency, never by name. Who the student is, ``students.scope`` lets one know."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.student_transfers import (
    OPEN,
    STATE_WORDS,
    WAITING,
    Ground,
    Side,
    State,
    ground_of,
)
from manzanita.transfers.models import StudentTransfer

_OPEN, _WAITING = sorted(OPEN), sorted(WAITING)


@dataclass(frozen=True, slots=True)
class OpenTransfer:
    """One open transfer for lists of what is to settle. ``owner`` is whose turn it is, as a ``Side``; the page is
    ``student_transfer`` with ``public_id``."""

    kind: str
    student_id: int
    since: datetime
    owner: Side
    public_id: uuid.UUID
    words: str


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
    own = actor.agency_codes if actor.perspective.scope is Scope.SELPA else (actor.agency_code,)
    return found.filter(Q(receiving_code__in=own) | Q(sending_code__in=own)).order_by("asked_at", "pk")


def open_transfers_of(actor: Actor) -> QuerySet[StudentTransfer]:
    return transfers_of(actor).filter(state__in=_OPEN)


def waiting_transfers() -> QuerySet[StudentTransfer]:
    """All that wait for the answer of who has the record; for what policies answer. In no scope."""
    return StudentTransfer.objects.filter(state__in=_WAITING).order_by("asked_at", "pk")


def open_transfers(
    *, student_ids: Iterable[int] | None = None, agency_codes: Iterable[str] | None = None
) -> list[OpenTransfer]:
    """Open transfers of these students, or of these agencies on either side, the oldest first: for lists of what is to
    settle. The caller has cut the students or agencies to its scope. One query."""
    rows = StudentTransfer.objects.filter(state__in=_OPEN)
    if student_ids is not None:
        rows = rows.filter(student_id__in=list(student_ids))
    if agency_codes is not None:
        codes = list(agency_codes)
        rows = rows.filter(Q(receiving_code__in=codes) | Q(sending_code__in=codes))
    return [
        OpenTransfer(
            kind=f"transfer-{row.state}",
            student_id=row.student_id,
            since=row.decided_at if row.state == State.ACCEPTED and row.decided_at else row.asked_at,
            owner=whose_turn(State(row.state)),
            public_id=row.public_id,
            words=STATE_WORDS[State(row.state)],
        )
        for row in rows.order_by("asked_at", "pk")
    ]


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
