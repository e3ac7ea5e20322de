"""Letting somebody go to another district: the grants here end, the one that was asked for begins there."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from manzanita.accounts.actions import grant_perspective
from manzanita.accounts.grant_actions import end_grant
from manzanita.accounts.granting import Refused, managed_codes, why_not_manage
from manzanita.accounts.models import TransferRequest, User
from manzanita.accounts.people_queries import is_over, managed_grants
from manzanita.accounts.transfer_actions import decide_transfer, first_day_after
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.platform import clock
from manzanita.students.caseload import caseload_of


def why_not_let_go(actor: Actor, request: TransferRequest) -> list[Reason]:
    """Against accepting: somebody else's answer, or students who would be left."""
    found = why_not_manage(actor)
    if request.from_agency.code not in managed_codes(actor):
        found.append(
            Reason(
                "not-yours-to-answer",
                f"{request.from_agency.name} answers this.",
                Owner.COORDINATOR,
                "If nothing happens for days, phone them.",
            )
        )
        return found
    # As of the first day there, so that a hand-over for that day is enough; with what is planned for a later one.
    load = caseload_of(actor, request.user_id, first_day_after(request.starts_on, clock.today()))
    count = len(load.managed) + len(load.team) + len(load.to_come)
    if count:
        found.append(
            Reason(
                "students-left",
                f"{count} of your students are still assigned to the person on that day, or planned to be.",
                Owner.COORDINATOR,
                "Hand them over first.",
                link="hand-over",
            )
        )
    return found


@transaction.atomic
def accept_transfer(*, actor: Actor, request: TransferRequest, answer: str = "") -> None:
    """End the grants at the agency that lets go, and give the one that was asked for. Raises ``Refused``.

    Accepted twice it is accepted once.
    """
    request = _locked(request)
    if request.state == "accepted":
        return
    reasons = [*why_not_let_go(actor, request), *_why_not_open(request)]
    if reasons:
        raise Refused(reasons)
    today = clock.today()
    starts_on = first_day_after(request.starts_on, today)
    last_day = max(starts_on - timedelta(days=1), today)
    for grant in managed_grants(actor).filter(user=request.user_id, agency=request.from_agency_id):
        if not is_over(grant, today) and (
            grant.ends_on is None or grant.ends_on > last_day or last_day == today
        ):
            end_grant(actor=actor, grant=grant, ends_on=last_day, reason=f"Goes to {request.to_agency.name}")
    grant = grant_perspective(
        user=request.user,
        perspective_key=request.perspective_key,
        agency=request.to_agency,
        starts_on=starts_on,
        by=request.asked_by,
        reason=request.reason,
        schools=[request.school] if request.school else [],
    )
    log_change(
        actor=actor,
        action="give_grant",
        subject=grant,
        reason=request.reason,
        detail={"user": request.user_id, "transfer": request.pk},
    )
    decide_transfer(actor=actor, request=request, state="accepted", answer=answer)


@transaction.atomic
def decline_transfer(*, actor: Actor, request: TransferRequest, answer: str) -> None:
    """Say no with the reason. Raises ``Refused``."""
    request = _locked(request)
    if request.state == "declined":
        return
    reasons = [*why_not_manage(actor), *_why_not_open(request)]
    if request.from_agency.code not in managed_codes(actor):
        reasons.append(
            Reason(
                "not-yours-to-answer",
                "The other agency answers this.",
                Owner.COORDINATOR,
                "Withdraw it instead.",
            )
        )
    if not answer.strip():
        reasons.append(
            Reason(
                "no-reason",
                "The reason is missing.",
                Owner.YOU,
                "Say why: the other district reads it.",
            )
        )
    if reasons:
        raise Refused(reasons)
    decide_transfer(actor=actor, request=request, state="declined", answer=answer)


@transaction.atomic
def withdraw_transfer(*, actor: Actor, request: TransferRequest) -> None:
    """Take one's own agency's request back. Raises ``Refused``."""
    request = _locked(request)
    if request.state == "withdrawn":
        return
    reasons = [*why_not_manage(actor), *_why_not_open(request)]
    if request.to_agency.code not in managed_codes(actor):
        reasons.append(
            Reason("not-yours", "Who asked withdraws it.", Owner.COORDINATOR, "Decline it instead.")
        )
    if reasons:
        raise Refused(reasons)
    decide_transfer(actor=actor, request=request, state="withdrawn")


def _locked(request: TransferRequest) -> TransferRequest:
    User.objects.select_for_update().get(pk=request.user_id)
    return (
        TransferRequest.objects.select_for_update(of=("self",))
        .select_related("user", "from_agency", "to_agency", "school", "asked_by")
        .get(pk=request.pk)
    )


def _why_not_open(request: TransferRequest) -> list[Reason]:
    if request.state == "open":
        return []
    return [
        Reason(
            "answered-already",
            f"This was answered already: {request.get_state_display().lower()}.",
            Owner.COORDINATOR,
            "Look at the list again.",
        )
    ]
