"""Sending as a job: each step is stored before the next, so that a killed worker's successor knows where to go on.

``ready`` → mark ``sending`` → deliver → ``answering`` → store answers → ``done``. A worker that finds a
submission in ``sending`` does not know whether the state has it: it asks the state before it sends again.
While the state is silent the job puts itself off, for longer the longer the silence lasts.
"""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.db.models import Max, Min

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.actions import line_text, store_answers, take_back
from manzanita.exchange.gateway import GatewayRefused, GatewayUnavailable, Progress, StateGateway
from manzanita.exchange.gateway.choice import gateway
from manzanita.exchange.models import Operation, Submission, SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.report_actions import AT_ONCE
from manzanita.platform import clock
from manzanita.platform.crash import crash_point
from manzanita.platform.jobs import JobRun, NotYet, job_kind

# How long a job asks a state that has no news before it makes room for other jobs.
PATIENCE_SECONDS = 3.0
LONGEST_PAUSE_SECONDS = 60.0
# A pause is this share of the silence so far.
PAUSE_SHARE = 0.25


@job_kind("send_submission")
def send_submission(run: JobRun) -> dict[str, Any] | None:
    """Bring one submission as far as the other side lets us. Raises ``NotYet`` where it has to be asked again."""
    submission = Submission.objects.get(pk=run.args["submission"])
    if submission.state in ("done", "written", "refused"):
        return None
    if submission.state == "ready" and not _may_still_send(submission):
        with run.step():
            take_back(submission=submission, reason=_grant_ended())
        return {"taken_back": True}
    other_side = gateway(form=submission.form, destination=submission.destination)
    try:
        if submission.state in ("ready", "sending"):
            _deliver(run, submission, other_side)
        if submission.state == "answering":
            _collect(run, submission, other_side)
    except GatewayRefused as refused:
        if submission.state == "sending":
            with run.step():
                take_back(submission=submission, reason=_refused_whole(refused.code))
            return {"refused": True}
        # It took the file and does not know it any more: look for it by name, as after a crash.
        _advance(submission, "sending", remote_job="")
        raise NotYet(_pause(submission)) from None
    except GatewayUnavailable:
        _say(run, submission, "The state does not answer; trying again")
        raise NotYet(_pause(submission)) from None
    if submission.state == "answering":
        raise NotYet(_pause(submission))
    return {"lines": submission.lines.count(), "waiting": submission.lines.filter(outcome="waiting").count()}


def _may_still_send(submission: Submission) -> bool:
    """The grant may have ended between the click and now."""
    actor = actor_of_grant_id(submission.grant_id or 0, clock.today())
    return (
        actor is not None and actor.may(Capability.SEND_TO_STATE) and actor.agency_code == submission.lea_code
    )


def _grant_ended() -> Reason:
    return Reason(
        "grant-ended",
        "Nothing was sent: the grant of the person who started it ended before it began.",
        Owner.COORDINATOR,
        "Send again under a grant that is in force.",
    )


def _refused_whole(code: str) -> Reason:
    return Reason(
        "refused-whole",
        f"The other side did not take the file at all; its word for it is {code}. No line was applied.",
        Owner.COORDINATOR,
        "The lines are free again: mend what the word names, then send again.",
    )


def _pause(submission: Submission) -> float:
    """How many seconds to wait before asking again."""
    newest = submission.lines.aggregate(at=Max("answered_at"))["at"]
    last_news = max((at for at in (newest, submission.sent_at) if at is not None), default=clock.now())
    silence = (clock.now() - last_news).total_seconds()
    return min(max(silence * PAUSE_SHARE, settings.STATE_GATEWAY["poll_seconds"]), LONGEST_PAUSE_SECONDS)


def _say(run: JobRun, submission: Submission, text: str) -> None:
    total = submission.lines.count()
    run.progress(total - submission.lines.filter(outcome="waiting").count(), total, text)


def _deliver(run: JobRun, submission: Submission, other_side: StateGateway) -> None:
    lines = list(submission.lines.order_by("position"))
    _say(run, submission, "Handing over")
    remote_job: str | None = None
    if submission.state == "sending":
        # In doubt: an earlier attempt ended between sending and knowing. Look before sending again.
        remote_job = other_side.find_delivery(file_name=submission.file_name)
    else:
        _advance(submission, "sending", sent_at=clock.now())
        crash_point("before-request")
    if remote_job is None:
        # A lease that ran out meanwhile would mean that somebody else is delivering it.
        run.renew(is_forced=True)
        remote_job = other_side.deliver(
            file_name=submission.file_name, lines=[line_text(line) for line in lines]
        )
        crash_point("delivered-not-stored")
    if other_side.form == "files":
        _advance(submission, "written")
    else:
        _advance(submission, "answering", remote_job=remote_job)


def _advance(submission: Submission, state: str, **values: Any) -> None:
    """Store how far the submission is, only ever forward from what this attempt read."""
    updated = Submission.objects.filter(pk=submission.pk, state=submission.state).update(
        state=state, **values
    )
    if not updated:
        raise RuntimeError("another attempt has moved this submission on")
    submission.state = state
    for name, value in values.items():
        setattr(submission, name, value)


def _collect(run: JobRun, submission: Submission, other_side: StateGateway) -> None:
    waiting = SubmissionLine.objects.filter(submission=submission, outcome="waiting")
    news_at = time.monotonic()
    while True:
        first = waiting.aggregate(first=Min("position"))["first"]
        if first is None:
            _advance(submission, "done", answered_at=clock.now())
            return
        crash_point("applied-not-read")
        reply = other_side.answers(remote_job=submission.remote_job, after=first - 1)
        if reply is None:
            return
        crash_point("reply-not-stored")
        with run.step():
            stored = store_answers(submission=submission, answers=reply.answers)
        crash_point("reply-stored")
        _say(run, submission, "Reading the state's answers")
        if stored:
            news_at = time.monotonic()
        elif reply.progress is Progress.COMPLETE:
            raise GatewayUnavailable("complete, but lines are without an answer")
        elif time.monotonic() - news_at > PATIENCE_SECONDS:
            return
        else:
            time.sleep(settings.STATE_GATEWAY["poll_seconds"])


@job_kind("reconcile_lea")
def reconcile_lea(run: JobRun) -> dict[str, Any]:
    """Recompute the plan of every student of an LEA who has an operation, some at a time."""
    ids = sorted(
        set(Operation.objects.filter(lea_code=run.args["lea_code"]).values_list("student_id", flat=True))
    )
    for start in range(0, len(ids), AT_ONCE):
        with run.step():
            reconcile_students(ids[start : start + AT_ONCE])
        run.progress(min(start + AT_ONCE, len(ids)), len(ids), "Bringing the plan up to the lock")
    return {"students": len(ids)}
