"""Asking another agency to let somebody go, and writing down its answer."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from manzanita.accounts.granting import Refused, Wish, managed_codes, why_not_give
from manzanita.accounts.models import Grant, TransferRequest, User
from manzanita.accounts.people_queries import is_over
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.models import Agency
from manzanita.platform import clock


@transaction.atomic
def request_transfer(*, actor: Actor, user: User, from_agency: Agency, wish: Wish) -> TransferRequest:
    """Ask ``from_agency`` to let somebody go who is to begin here with ``wish``. Raises ``Refused``.

    Asked twice it stays one request.
    """
    User.objects.select_for_update().get(pk=user.pk)
    reasons = why_not_give(actor, wish, today=clock.today())
    works_there = [
        grant
        for grant in Grant.objects.filter(user=user, agency=from_agency, delegated_from__isnull=True)
        if not is_over(grant, clock.today())
    ]
    if not works_there or from_agency.code in managed_codes(actor):
        reasons.append(
            Reason(
                "not-there",
                f"The person does not work at {from_agency.name}, or is yours already.",
                Owner.COORDINATOR,
                "Give a perspective here instead.",
            )
        )
    if reasons or wish.starts_on is None:
        raise Refused(reasons)
    request, is_new = TransferRequest.objects.get_or_create(
        user=user,
        from_agency=from_agency,
        to_agency=wish.agency,
        state="open",
        defaults={
            "perspective_key": wish.perspective_key,
            "school": wish.schools[0] if wish.schools else None,
            "starts_on": wish.starts_on,
            "reason": wish.reason.strip()[:200],
            "asked_by_id": actor.user_id,
            "asked_at": clock.now(),
        },
    )
    if is_new:
        log_change(
            actor=actor,
            action="request_transfer",
            subject=request,
            reason=wish.reason.strip(),
            detail={"user": user.pk, "from": from_agency.code},
        )
    return request


def decide_transfer(*, actor: Actor, request: TransferRequest, state: str, answer: str = "") -> None:
    """Write down the answer; inside the transaction of what it does."""
    request.state, request.answer = state, answer.strip()[:200]
    request.decided_by_id, request.decided_at = actor.user_id, clock.now()
    request.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    log_change(
        actor=actor,
        action=f"transfer_{state}",
        subject=request,
        reason=answer.strip(),
        detail={"user": request.user_id},
    )


def first_day_after(day: date, today: date) -> date:
    """A grant given by accepting begins on the day that was asked for, or today where that has passed."""
    return max(day, today)
