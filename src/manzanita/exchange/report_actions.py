"""Saying what is reported: the status of one archive, and the lock on a reporting period."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import date

from django.db import IntegrityError, transaction

from manzanita.archive.models import Archive
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.domain.reporting_periods import ReportingPeriod
from manzanita.exchange.models import Operation, PeriodLock, ReportStatus
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.reporting import lock_of, reported_records
from manzanita.exchange.ssids import Ssids, ssids_of
from manzanita.exchange.state_book import Learned, forget_state_lines, learn_state_lines
from manzanita.platform import clock
from manzanita.platform.jobs import enqueue_job
from manzanita.students.amending import reasons_not_to_amend

# The rules behind the refusals.
ONE_CHOICE = "Of an archive all is reported, nothing, or one kind of record that it has (decision 9)"
SAID_WHY = "Who says what is reported says why: it stands with the name (decision 9)"
UNTIL_LATER = "What is set counts until a later day, or until somebody ends it (decision 9)"
ONE_STANDS = "Of an archive and its correction the correction is reported"

CHOICES = dict(ReportStatus.CHOICES)
Around = Callable[[], AbstractContextManager[object]]


class NotSet(RefusedForReasons):
    """A report status that cannot be set as asked; ``reasons`` say why."""


@transaction.atomic
def set_report_status(
    *, actor: Actor, archive: Archive, choice: str, reason: str, expires_on: date | None = None
) -> ReportStatus:
    """Report nothing of an archive, or only its records of one kind, from now until ``expires_on``.

    What the state already holds of the rest is deleted there with the next send. The same status again
    changes nothing; another one takes its place. Raises ``NotSet`` without a reason, for an archive that was
    superseded, for an end that is not in the future, and where the archive has no record of that kind.
    """
    if choice not in CHOICES:
        raise ValueError(f"no such report status: {choice}")
    locked = Archive.objects.select_for_update().defer("document").get(pk=archive.pk)
    reasons = _reasons_against(locked, choice, reason, expires_on)
    if reasons:
        raise NotSet(reasons)
    standing = ReportStatus.objects.filter(archive=locked, ended_at=None).first()
    said = (choice, reason.strip()[:300], expires_on)
    if standing is not None:
        if (standing.choice, standing.reason, standing.expires_on) == said:
            return standing
        _end(standing, actor)
    status = ReportStatus.objects.create(
        archive=locked,
        student_id=locked.student_id,
        lea_code=locked.lea_code,
        choice=said[0],
        reason=said[1],
        expires_on=said[2],
        set_at=clock.now(),
        set_by_id=actor.user_id,
    )
    reconcile_students([locked.student_id])
    log_change(
        actor=actor,
        action="set_report_status",
        student_id=locked.student_id,
        subject=locked,
        reason=status.reason,
        detail={"choice": choice},
    )
    return status


def _superseded() -> Reason:
    return Reason(
        "already-corrected",
        "A correction stands in the place of this archive.",
        Owner.COORDINATOR,
        "Set it on the archive that stands.",
        source=ONE_STANDS,
    )


def _no_reason(text: str) -> Reason:
    return Reason("no-reason", "It needs its reason.", Owner.YOU, text, source=SAID_WHY)


def _reasons_against(archive: Archive, choice: str, reason: str, expires_on: date | None) -> list[Reason]:
    reasons = reasons_not_to_amend(archive.student_id, archive.lea_code)
    if not reason.strip():
        reasons.append(_no_reason("Say why in a sentence."))
    if Archive.objects.filter(supersedes_id=archive.pk).exists():
        reasons.append(_superseded())
    if expires_on is not None and expires_on <= clock.today():
        reasons.append(
            Reason(
                "past-end",
                f"Its end, {expires_on:%m/%d/%Y}, is not in the future.",
                Owner.YOU,
                "Enter a later day, or leave it blank.",
                source=UNTIL_LATER,
            )
        )
    if choice != "none" and not archive.records.filter(record=choice).exists():
        reasons.append(
            Reason(
                "no-such-record",
                f"This archive has no {choice} record.",
                Owner.YOU,
                "Choose a kind that it has, or Do not report.",
                source=ONE_CHOICE,
            )
        )
    return reasons


@transaction.atomic
def end_report_status(*, actor: Actor | None, status: ReportStatus) -> bool:
    """Report the whole archive again. False where the status had ended. ``actor`` ``None``: its time ran out."""
    locked = ReportStatus.objects.select_for_update().get(pk=status.pk)
    if locked.ended_at is not None:
        return False
    _end(locked, actor)
    reconcile_students([locked.student_id])
    log_change(
        actor=actor,
        action="end_report_status",
        student_id=locked.student_id,
        subject=locked,
        reason="" if actor else f"Its time ran out: it was set until {locked.expires_on:%m/%d/%Y}.",
        detail={"choice": locked.choice},
        lea_code=locked.lea_code,
    )
    return True


def _end(status: ReportStatus, actor: Actor | None) -> None:
    status.ended_at, status.ended_by_id = clock.now(), actor.user_id if actor else None
    status.save(update_fields=["ended_at", "ended_by_id"])


EXPIRE_JOB = "exchange.expire-report-statuses"


def expire_report_statuses(lea_code: str = "", *, around: Around = nullcontext) -> int:
    """End every status whose time ran out, of one LEA or of all, so that nothing stays back unsaid; how many. Each is
    done within ``around``."""
    over = ReportStatus.objects.filter(ended_at=None, expires_on__lte=clock.today()).order_by("pk")
    ended = 0
    for status in over.filter(lea_code=lea_code) if lea_code else over:
        with around():
            ended += end_report_status(actor=None, status=status)
    return ended


def carry_report_status(*, actor: Actor, old: Archive, new: Archive) -> None:
    """A correction is reported as the archive in whose place it stands."""
    status = ReportStatus.objects.filter(archive=old, ended_at=None).first()
    if status is None:
        return
    _end(status, actor)
    status.pk, status.archive = None, new
    status.ended_at = status.ended_by_id = None
    status.save(force_insert=True)


@transaction.atomic
def say_complete(*, actor: Actor, archive: Archive, reason: str) -> int:
    """Note, by a person's word, that the state holds exactly the records of an archive; how many differed.

    The next extract or answer of the state says otherwise where that is not so. Raises ``NotSet`` without a
    reason.
    """
    if not reason.strip():
        raise NotSet([_no_reason("Say how you know it.")])
    waiting = Operation.objects.filter(student_id=archive.student_id, archive_id=archive.pk).exclude(
        kind="delete"
    )
    lines = [Learned(one.record, one.values, one.student_id) for one in waiting]
    learn_state_lines(lines, at=clock.now(), learned_from="person")
    return _said(actor, archive, "say_complete", reason, len(lines))


@transaction.atomic
def send_again(*, actor: Actor, archive: Archive, reason: str) -> int:
    """Take nothing for held of an archive's records, so that they go to the state once more; how many.

    Only of those that it reports: of a record that is left out the state is told to delete what it holds, and must
    not be taken for empty. Raises ``NotSet`` without a reason, and for an archive that was superseded.
    """
    if not reason.strip():
        raise NotSet([_no_reason("Say why you doubt it.")])
    if Archive.objects.filter(supersedes_id=archive.pk).exists():
        raise NotSet([_superseded()])
    if closed := reasons_not_to_amend(archive.student_id, archive.lea_code):
        raise NotSet(closed)
    ssids = ssids_of([archive.student_id]).get(archive.student_id, Ssids())
    reported = reported_records([archive.student_id]).get(archive.student_id, [])
    keys = [ssids.key(row.record_key) for row in reported if row.archive_id == archive.pk]
    return _said(actor, archive, "send_again", reason, forget_state_lines(keys))


def _said(actor: Actor, archive: Archive, action: str, reason: str, count: int) -> int:
    reconcile_students([archive.student_id])
    log_change(
        actor=actor,
        action=action,
        student_id=archive.student_id,
        subject=archive,
        reason=reason.strip(),
        detail={"records": count},
    )
    return count


@transaction.atomic
def lock_period(*, actor: Actor, period: ReportingPeriod) -> PeriodLock:
    """From now on send only what counts in ``period``. Locking the same one again changes nothing."""
    standing = lock_of(actor.agency_code)
    if standing is not None and (standing.year, standing.period_key) == (period.year, period.key):
        return standing
    if standing is not None:
        unlock_period(actor=actor)
    try:
        with transaction.atomic():
            lock = PeriodLock.objects.create(
                lea_code=actor.agency_code,
                year=period.year,
                period_key=period.key,
                set_at=clock.now(),
                set_by_id=actor.user_id,
            )
    except IntegrityError:
        # Somebody else of the district locked it in the same moment.
        return PeriodLock.objects.get(lea_code=actor.agency_code, ended_at=None)
    _reconcile_lea(actor)
    log_change(actor=actor, action="lock_period", subject=lock, detail={"period": period.key})
    return lock


@transaction.atomic
def unlock_period(*, actor: Actor) -> bool:
    """Send everything again. False where nothing was locked."""
    lock = PeriodLock.objects.select_for_update().filter(lea_code=actor.agency_code, ended_at=None).first()
    if lock is None:
        return False
    lock.ended_at, lock.ended_by_id = clock.now(), actor.user_id
    lock.save(update_fields=["ended_at", "ended_by_id"])
    _reconcile_lea(actor)
    log_change(actor=actor, action="unlock_period", subject=lock, detail={"period": lock.period_key})
    return True


AT_ONCE = 200


def _reconcile_lea(actor: Actor) -> None:
    """Bring the plan of a district up to its lock: a few students at once, many as a job."""
    ids = sorted(
        set(Operation.objects.filter(lea_code=actor.agency_code).values_list("student_id", flat=True))
    )
    if len(ids) <= AT_ONCE:
        reconcile_students(ids)
    else:
        enqueue_job(kind="reconcile_lea", args={"lea_code": actor.agency_code}, by_id=actor.user_id)
