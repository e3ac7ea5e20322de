"""Sending as a job: each step is stored before the next, so that a killed worker's successor knows where to go on.

``ready`` → mark ``sending`` → deliver → ``answering`` → store answers → ``done``. A worker that finds a
submission in ``sending`` does not know whether the state has it: it asks the state before it sends again.
While the state is silent the job puts itself off, for longer the longer the silence lasts.
"""

from __future__ import annotations

import math
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Min

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner, Reason, reason_document
from manzanita.exchange.actions import is_job_over, line_text, store_answers, take_back
from manzanita.exchange.canceling import wake_next
from manzanita.exchange.closed_windows import WINDOW_JOB, hold_after_window
from manzanita.exchange.compliance_runs import JOB_KIND as COMPLIANCE_JOB
from manzanita.exchange.compliance_runs import make_count
from manzanita.exchange.doubt import settle_what_arrived
from manzanita.exchange.gateway import GatewayRefused, GatewayUnavailable, Progress, StateGateway
from manzanita.exchange.gateway.choice import gateway
from manzanita.exchange.models import Operation, Submission, SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.report_actions import AT_ONCE, EXPIRE_JOB, expire_report_statuses
from manzanita.exchange.sends import NOT_HANDED_OVER, not_handed_over
from manzanita.exchange.waiting import (
    doubt_reason,
    forgotten_reason,
    question_refused_reason,
    trouble_reason,
    turn_reason,
    without_answer_reason,
    working_reason,
)
from manzanita.platform import clock
from manzanita.platform.crash import crash_point
from manzanita.platform.daily import daily
from manzanita.platform.jobs import JobRun, NotYet, job_kind
from manzanita.platform.reach import whole_installation

# How long a job asks a state that has no news before it makes room for other jobs.
PATIENCE_SECONDS = 3.0
LONGEST_PAUSE_SECONDS = 60.0
# A pause is this share of the silence so far.
PAUSE_SHARE = 0.25
# Whoever hands over wakes the next in turn; this is for a waker that was killed.
TURN_PAUSE_SECONDS = 30.0


class _RefusedWhole(Exception):
    """The other side answered to the whole file that it does not take it. ``code`` is its word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Waits(Exception):
    """The submission cannot move now: ``reason`` says why, and it is tried again in ``seconds``."""

    def __init__(self, reason: Reason, seconds: float) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.seconds = seconds


@job_kind("send_submission")
def send_submission(run: JobRun) -> dict[str, Any] | None:
    """Bring one submission as far as the other side lets us. Raises ``NotYet`` where it has to be asked again."""
    submission = Submission.objects.get(pk=run.args["submission"])
    if submission.state in ("done", "written", "refused"):
        return None
    if submission.state == "ready" and not _may_still_send(submission):
        with run.step():
            take_back(submission=submission, reason=_grant_ended())
        wake_next(submission)
        return {"taken_back": True}
    other_side = gateway(form=submission.form, destination=submission.destination)
    try:
        if submission.state in NOT_HANDED_OVER:
            _deliver(run, submission, other_side)
        if submission.state == "answering":
            _collect(run, submission, other_side)
    except _RefusedWhole as refused:
        with run.step():
            take_back(submission=submission, reason=_refused_whole(refused.code))
        wake_next(submission)
        return {"refused": True}
    except GatewayRefused as refused:
        reason = question_refused_reason(refused.code)
        if submission.state == "answering":
            # It took the file and does not know it any more: look for it by name, as after a crash. The number
            # of its job stays: what once was there may be applied, so nobody cancels it.
            _advance(submission, "sending")
            reason = forgotten_reason()
        _put_off(run, submission, reason, _pause(submission))
    except GatewayUnavailable as trouble:
        _put_off(run, submission, trouble_reason(trouble), _pause_after(submission, trouble))
    except _Waits as waits:
        _put_off(run, submission, waits.reason, waits.seconds)
    if submission.state == "answering":
        _put_off(run, submission, working_reason(), _pause(submission))
    return {"lines": submission.lines.count(), "waiting": submission.lines.filter(outcome="waiting").count()}


def _put_off(run: JobRun, submission: Submission, reason: Reason, seconds: float) -> None:
    """Store why it waits, for the page, and end this attempt. Raises ``NotYet``."""
    wait = max(1, math.ceil(seconds))
    # Where somebody canceled it meanwhile there is nothing to wait for.
    Submission.objects.filter(pk=submission.pk, state=submission.state).update(
        waits=[reason_document(reason)], next_try_at=clock.now() + timedelta(seconds=wait)
    )
    _say(run, submission, reason.text)
    raise NotYet(wait) from None


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
    """How many seconds to wait before asking again: the longer the silence, the longer."""
    newest = submission.lines.aggregate(at=Max("answered_at"))["at"]
    last_news = max((at for at in (newest, submission.sent_at) if at is not None), default=clock.now())
    silence = (clock.now() - last_news).total_seconds()
    chosen = settings.STATE_GATEWAY
    pause = max(silence * PAUSE_SHARE, chosen["poll_seconds"])
    return min(pause, LONGEST_PAUSE_SECONDS, chosen["longest_pause_seconds"])


def _pause_after(submission: Submission, trouble: GatewayUnavailable) -> float:
    """Until a closed state opens by its own word, with a look now and then in case it opens earlier."""
    if trouble.opens_at is None or trouble.opens_at <= clock.now():
        return _pause(submission)
    closed = (trouble.opens_at - clock.now()).total_seconds()
    return float(min(closed, settings.STATE_GATEWAY["longest_pause_seconds"]))


def _say(run: JobRun, submission: Submission, text: str) -> None:
    total = submission.lines.count()
    run.progress(total - submission.lines.filter(outcome="waiting").count(), total, text)


def _deliver(run: JobRun, submission: Submission, other_side: StateGateway) -> None:
    if submission.state == "ready":
        _wait_for_turn(submission)
        _advance(submission, "sending", sent_at=clock.now())
        crash_point("before-request")
    else:
        # In doubt: an earlier attempt ended between sending and knowing. Look before sending again.
        looked_at = clock.now()
        remote_job = other_side.find_delivery(file_name=submission.file_name)
        if remote_job is not None:
            _advance(submission, "answering", remote_job=remote_job, doubted_at=None)
            return
        _wait_for_turn(submission)
        _let_doubt_settle(submission, looked_at)
        if (
            settle_what_arrived(run, submission, other_side)
            and not submission.lines.filter(outcome="waiting").exists()
        ):
            _advance(submission, "done", answered_at=clock.now(), doubted_at=None)
            return
    _say(run, submission, "Handing over")
    remote_job = _hand_over(run, submission, other_side)
    if other_side.form == "files":
        _advance(submission, "written", doubted_at=None)
    else:
        _advance(submission, "answering", remote_job=remote_job, doubted_at=None)


def _wait_for_turn(submission: Submission) -> None:
    """Raises ``_Waits`` while an earlier submission of the LEA has not been handed over.

    The state applies files in the order in which it got them, and a later one may build on an earlier one.
    """
    if submission.form == "files":
        return
    earlier = not_handed_over(submission).filter(pk__lt=submission.pk).first()
    if earlier is None:
        return
    seconds = TURN_PAUSE_SECONDS
    if earlier.next_try_at is not None:
        seconds = max(seconds, (earlier.next_try_at - clock.now()).total_seconds())
    raise _Waits(turn_reason(earlier, has_stopped=is_job_over(earlier.job_id)), seconds)


def _let_doubt_settle(submission: Submission, looked_at: datetime) -> None:
    """Raises ``_Waits`` where a request that broke off could take effect after we looked for it."""
    # Files written again are the same files.
    if submission.doubted_at is None or submission.form == "files":
        return
    settles_at = submission.doubted_at + timedelta(seconds=settings.STATE_GATEWAY["settle_seconds"])
    if looked_at < settles_at:
        raise _Waits(doubt_reason(settles_at), (settles_at - clock.now()).total_seconds())


def _hand_over(run: JobRun, submission: Submission, other_side: StateGateway) -> str:
    """Deliver every line that has no answer yet; the doubt about it is stored before it begins."""
    lines = submission.lines.order_by("position")
    texts = [line_text(line) if line.outcome == "waiting" else "" for line in lines]
    _advance(submission, "sending", doubted_at=clock.now())
    # A lease that ran out meanwhile would mean that somebody else is delivering it.
    run.renew(is_forced=True)
    try:
        remote_job = other_side.deliver(file_name=submission.file_name, lines=texts)
    except GatewayRefused as refused:
        raise _RefusedWhole(refused.code) from None
    except GatewayUnavailable as trouble:
        if not trouble.may_have_arrived:
            _advance(submission, "sending", doubted_at=None)
        raise
    crash_point("delivered-not-stored")
    return remote_job


def _advance(submission: Submission, state: str, **values: Any) -> None:
    """Store how far the submission is, only ever forward from what this attempt read."""
    if state != submission.state:
        values = {**values, "waits": [], "next_try_at": None}
    updated = Submission.objects.filter(pk=submission.pk, state=submission.state).update(
        state=state, **values
    )
    if not updated:
        raise RuntimeError("another attempt has moved this submission on")
    is_handed_over = submission.state in NOT_HANDED_OVER and state not in NOT_HANDED_OVER
    submission.state = state
    for name, value in values.items():
        setattr(submission, name, value)
    if is_handed_over:
        wake_next(submission)


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
        # That it works on the file stays said until there is news: a page that looks meanwhile shall find it.
        if submission.waits and (stored or submission.waits[0]["code"] != "state-working"):
            _advance(submission, "answering", waits=[], next_try_at=None)
        _say(run, submission, "Reading the state's answers")
        if stored:
            news_at = time.monotonic()
        elif reply.progress is Progress.COMPLETE:
            raise _Waits(without_answer_reason(), _pause(submission))
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


@daily(EXPIRE_JOB)
@job_kind(EXPIRE_JOB)
def end_report_statuses(run: JobRun) -> dict[str, Any]:
    """Report whole again what was left out until a day that has come."""
    with whole_installation("every night the report statuses of every district run out"):
        return {"ended": expire_report_statuses(around=run.step)}


@daily(WINDOW_JOB)
@job_kind(WINDOW_JOB)
def hold_what_is_too_late(run: JobRun) -> dict[str, Any]:
    """Hold what former LEAs may send no more."""
    with whole_installation("on one day the window of a year closes for every district"):
        return {"held": hold_after_window(around=run.step)}


@job_kind(COMPLIANCE_JOB)
def count_compliance(run: JobRun) -> dict[str, Any]:
    """Count the groups of the monitoring reports in one scope."""
    return make_count(run)
