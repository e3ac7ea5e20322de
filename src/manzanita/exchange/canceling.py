"""A send that somebody takes back before the state has it, and the next try of one that waits, at once."""

from __future__ import annotations

from django.db import transaction

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.actions import take_back
from manzanita.exchange.models import Submission
from manzanita.exchange.sends import not_handed_over
from manzanita.platform.jobs import wake_job


def canceled_reason(name: str) -> Reason:
    return Reason(
        "canceled",
        f"Canceled by {name} before it reached the state.",
        Owner.COORDINATOR,
        "Its lines stand in the plan again: send them when they should go.",
    )


def taken_back_reason(name: str) -> Reason:
    return Reason(
        "taken-back",
        f"Taken back by {name}: these lines were not uploaded.",
        Owner.COORDINATOR,
        "The lines stand in the plan again.",
    )


def may_cancel(submission: Submission) -> bool:
    """Whether it is certain that the state has nothing of it: no request that may have arrived was begun."""
    if submission.state == "ready":
        return True
    return submission.state == "sending" and submission.doubted_at is None and not submission.remote_job


@transaction.atomic
def cancel_submission(*, actor: Actor, submission: Submission) -> int:
    """Free the lines of a send that the state has nothing of; how many. 0 where it may have reached the state.

    A worker that is about to hand it over stores that first, on the same row: one of the two comes too late.
    """
    locked = Submission.objects.select_for_update().get(pk=submission.pk)
    if not may_cancel(locked):
        return 0
    count = take_back(submission=locked, reason=canceled_reason(actor.person_name), actor=actor)
    wake_next(locked)
    return count


def wake_next(submission: Submission) -> None:
    """It is the turn of the one that was made after this one."""
    if submission.form != "files":
        later = not_handed_over(submission).filter(pk__gt=submission.pk).first()
        wake_job(later.job_id if later else None)


def try_now(*, submission: Submission) -> None:
    """Let a send that waits for its next try do it now; one that is at work goes on as it is."""
    wake_job(submission.job_id)
