"""Taking a leaving back, as long as the state was not told of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from manzanita.accounts.queries import user_names
from manzanita.archive.actions import withdraw_archive
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import superseded_by
from manzanita.auditing.actions import log_change
from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.findings import BUILT_ON, Owner, Reason
from manzanita.exchange.models import SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.report_actions import end_report_status
from manzanita.exchange.reporting import status_of
from manzanita.leaving.actions import end_leaving, reopen_report
from manzanita.leaving.models import Leaving
from manzanita.leaving.queries import standing_leaving
from manzanita.meetings.actions import NotPossible, refresh_clocks, reopen_canceled
from manzanita.platform import clock
from manzanita.platform.facts import Fact, bring_back, span_of
from manzanita.procedures.leaving import KINDS, believed_keys
from manzanita.students.actions import FACT_MODELS
from manzanita.students.models import Student


def reasons_not_to_undo(actor: Actor, leaving: Leaving) -> list[Reason]:
    """Why it cannot be taken back now, empty where it can."""
    return list(_against(actor, leaving))


def _against(actor: Actor, leaving: Leaving) -> Iterator[Reason]:
    if not actor.may(Capability.CORRECT_RECORD):
        yield Reason(
            "no-capability",
            "Your perspective does not take this back.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator.",
            source=PERMISSIONS,
        )
    newest = standing_leaving(leaving.student, leaving.lea_code)
    if newest is None or newest.pk != leaving.pk:
        yield Reason(
            "not-newest",
            "A later leaving stands.",
            Owner.COORDINATOR,
            "Take the newest one back first.",
            source=BUILT_ON,
        )
        return
    line = _line_told(leaving)
    if line is not None:
        who = user_names({line.submission.by_id}).get(line.submission.by_id or 0, "somebody")
        at = line.submission.created_at.astimezone(clock.CALIFORNIA)
        yield Reason(
            "sent",
            f"The state was told of it already: {who} sent it at {at:%I:%M %p on %m/%d/%Y}.",
            Owner.COORDINATOR,
            "Record what is so now as a change of its own: a status change, or the plan adopted again.",
            source="SWDS0618: a status stands until the next one starts",
        )
    archive = Archive.objects.filter(pk=leaving.archive_id).first() if leaving.archive_id else None
    if archive is not None and superseded_by(archive) is not None:
        yield Reason(
            "already-corrected",
            "Its archive was corrected since.",
            Owner.COORDINATOR,
            "Correct that archive once more instead.",
            source=BUILT_ON,
        )
    now = believed_keys(leaving.student)
    # A kind that leavings did not end yet when this one was recorded is none of it.
    if any(sorted(now[kind]) != leaving.kept[kind] for kind in KINDS if kind in leaving.kept):
        yield Reason(
            "later-facts",
            "Status, plan, services, case manager or a planned setting were recorded anew since.",
            Owner.COORDINATOR,
            "Take back first what is wrong of it: taking this back would undo that, too.",
            source=BUILT_ON,
        )


def _line_told(leaving: Leaving) -> SubmissionLine | None:
    """A line of it that went to the state and was not rejected, or may still be posted."""
    rows = SubmissionLine.objects.select_related("submission").order_by("pk")
    lines = rows.filter(student_id=leaving.student_id).exclude(outcome="rejected")
    if leaving.adopted_archive_id:
        keys = ArchivedRecord.objects.filter(archive=leaving.adopted_archive_id).values("record_key")
        return lines.filter(kind="delete", record_key__in=keys).first()
    return lines.filter(archive_id=leaving.archive_id).first() if leaving.archive_id else None


@transaction.atomic
def undo_leaving(*, actor: Actor, leaving: Leaving) -> bool:
    """Bring back what the leaving ended. False where it was taken back already; raises ``NotPossible``."""
    Student.unscoped.select_for_update().get(pk=leaving.student_id)
    fresh = Leaving.objects.select_for_update(of=("self",)).select_related("student").get(pk=leaving.pk)
    if fresh.state != "done":
        return False
    reasons = reasons_not_to_undo(actor, fresh)
    if reasons:
        raise NotPossible(reasons)
    if fresh.archive_id:
        withdraw_archive(
            Archive.objects.get(pk=fresh.archive_id), by_id=actor.user_id, reason=fresh.reason.words
        )
        _end_status_of_adopted(actor, fresh)
    at = clock.now()
    for kind in KINDS:
        _give_back(fresh, kind, at)
    reopened = reopen_canceled(actor=actor, meeting_ids=fresh.canceled_meetings)
    end_leaving(actor=actor, leaving=fresh, state="undone")
    waits_again = fresh.report is not None and reopen_report(report=fresh.report)
    refresh_clocks([fresh.student_id])
    reconcile_students([fresh.student_id])
    log_change(
        actor=actor,
        action="undo_leaving",
        student_id=fresh.student_id,
        subject=fresh,
        detail={"reason": fresh.reason_key, "meetings": reopened, "report_waits": waits_again},
    )
    return True


def _end_status_of_adopted(actor: Actor, leaving: Leaving) -> None:
    """The leaving had kept the adopted plan's lines from the state, so they may go again."""
    if leaving.adopted_archive_id is None:
        return
    status = status_of(Archive.objects.get(pk=leaving.adopted_archive_id))
    if status is not None:
        end_report_status(actor=actor, status=status)


def _give_back(leaving: Leaving, kind: str, at: datetime) -> None:
    """The very versions that the leaving closed, in the place of those that it made of them; nothing was recorded
    since (``later-facts``)."""
    model: type[Fact] = FACT_MODELS[kind]
    closed = model.objects.filter(pk__in=leaving.closed.get(kind, []))
    made = [
        row.pk
        for row in model.objects.believed().filter(student_id=leaving.student_id)
        if any(_is_of(row, one) for one in closed)
    ]
    slots = [{name: getattr(one, name) for name in model.slot} for one in closed]
    bring_back(model, slots=slots, close=made, again=[one.pk for one in closed], at=at)


def _is_of(row: Fact, closed: Fact) -> bool:
    """Whether ``row`` says something of days of which ``closed`` did. Of a slot one version is believed of a day."""
    is_same = all(getattr(row, name) == getattr(closed, name) for name in row.slot)
    return is_same and span_of(closed).overlaps(row.effective_from, row.effective_to)
