"""Every write of submissions and answers. Reading back is in ``readback``, what the state holds in ``state_book``."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain import records
from manzanita.domain.access import Actor
from manzanita.domain.findings import Reason, Severity, finding_identity, reason_document
from manzanita.domain.layouts.files import write_lines
from manzanita.domain.rules import owner_of
from manzanita.exchange.gateway import Answer, GatewayUnavailable
from manzanita.exchange.gateway.guard import Line, refusals
from manzanita.exchange.models import Operation, StateFinding, Submission, SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.queries import operations_of, state_peer
from manzanita.exchange.shown import require_as_shown
from manzanita.exchange.state_book import Learned, forget_state_lines, learn_state_lines
from manzanita.platform import clock
from manzanita.platform.jobs import enqueue_job
from manzanita.platform.models import Job
from manzanita.students.models import Student

TRANSACTION_CODES = {"add": "A", "replace": "A", "delete": "D"}


@transaction.atomic
def prepare_submission(
    *,
    actor: Actor,
    form: str,
    destination: str,
    operation_ids: Sequence[int] | None = None,
    shown: str | None = None,
) -> Submission | None:
    """Fix the lines of a submission and enqueue its sending; ``None`` when nothing may be sent now.

    Takes every operation in the actor's scope that nothing holds, or those of ``operation_ids``. The guard of
    the real state may refuse the whole: the submission is then stored as refused, with its reasons, and no
    line leaves. A second click finds the operations on their way and prepares nothing. ``shown`` is the stamp of what
    the person saw: raises ``NotAsShown`` where these operations are others.
    """
    ready = operations_of(actor).filter(hold_code="")
    if operation_ids is not None:
        ready = ready.filter(pk__in=operation_ids)
    # First the students, as everything else that changes an outbox: so that nobody takes something back meanwhile, and
    # no two wait for each other in a ring. Who they are is asked without a lock.
    list(
        Student.unscoped.select_for_update()
        .filter(pk__in=ready.order_by().values("student_id"))
        .order_by("pk")
        .values_list("pk")
    )
    operations = list(ready.select_for_update(of=("self",)).order_by("student_id", "position"))
    if not operations:
        return None
    if shown is not None:
        require_as_shown(operations, shown)
    now = clock.now()
    submission = Submission(
        lea_code=actor.agency_code,
        form=form,
        destination=destination,
        by_id=actor.user_id,
        grant_id=actor.grant_id,
        created_at=now,
    )
    submission.file_name = _file_name(submission)
    reasons = refusals(
        [Line(operation.record, operation.values) for operation in operations],
        form=form,
        destination=destination,
        peer=state_peer(),
    )
    if reasons:
        submission.state = "refused"
        submission.refusals = [reason_document(reason) for reason in reasons]
        submission.save()
        log_change(
            actor=actor, action="refuse_submission", subject=submission, detail={"reasons": len(reasons)}
        )
        return submission
    submission.save()
    SubmissionLine.objects.bulk_create(
        SubmissionLine(
            submission=submission,
            position=position,
            transaction_id=f"MZ{uuid.uuid4().hex[:24]}",
            kind=operation.kind,
            record=operation.record,
            record_key=operation.record_key,
            student_id=operation.student_id,
            archive_id=operation.archive_id,
            values=operation.values,
        )
        for position, operation in enumerate(operations, start=1)
    )
    reconcile_students(operation.student_id for operation in operations)
    job = enqueue_job(kind="send_submission", args={"submission": submission.pk}, by_id=actor.user_id)
    Submission.objects.filter(pk=submission.pk).update(job_id=job.pk)
    log_change(actor=actor, action="send_submission", subject=submission, detail={"lines": len(operations)})
    return submission


def _file_name(submission: Submission) -> str:
    """Unique, so that the other side can be asked for it. What is for the sandbox says so in its name."""
    prefix = "SANDBOX_" if submission.destination == "sandbox" else ""
    stamp = f"{submission.created_at.astimezone(clock.CALIFORNIA):%Y%m%d%H%M%S}"
    return f"{prefix}{submission.lea_code}_{stamp}_{submission.public_id.hex[-12:]}.txt"


@transaction.atomic
def resume_submission(*, actor: Actor, submission: Submission) -> bool:
    """Set a submission going again whose job gave up. False where one is still at it, or nothing is left to do."""
    locked = Submission.objects.select_for_update().get(pk=submission.pk)
    if locked.state not in ("ready", "sending", "answering") or not is_job_over(locked.job_id):
        return False
    job = enqueue_job(kind="send_submission", args={"submission": locked.pk}, by_id=actor.user_id)
    Submission.objects.filter(pk=locked.pk).update(job_id=job.pk)
    log_change(actor=actor, action="resume_submission", subject=locked)
    return True


def is_job_over(job_id: int | None) -> bool:
    """Whether the job that works on a submission has ended, well or not."""
    job = Job.objects.filter(pk=job_id).first()
    return job is None or job.is_over


def line_values(line: SubmissionLine) -> dict[str, str]:
    """The values of a line as they travel: with its transaction type and our transaction id."""
    return {
        **line.values,
        records.TRANSACTION_FIELD[line.record]: TRANSACTION_CODES[line.kind],
        records.LOCAL_RECORD_FIELD[line.record]: line.transaction_id,
    }


def line_text(line: SubmissionLine) -> str:
    """The exact caret line, without its line end."""
    values = line_values(line)
    return write_lines(records.layout_of(line.record, values), [records.complete(line.record, values)])[0]


@transaction.atomic
def store_answers(*, submission: Submission, answers: Iterable[Answer]) -> int:
    """Land answers on their lines and students; an answer stored before changes nothing. Returns how many.

    Raises ``GatewayUnavailable`` where an answer names another transaction than the line in its place.
    """
    by_position = {answer.line: answer for answer in answers}
    lines = list(
        SubmissionLine.objects.select_for_update().filter(
            submission=submission, position__in=by_position, outcome="waiting"
        )
    )
    for line in lines:
        named = by_position[line.position].transaction_id
        if named and named != line.transaction_id:
            raise GatewayUnavailable("another transaction")
    _answer_lines(
        [(line, by_position[line.position]) for line in lines], submission.lea_code, learned_from="reply"
    )
    return len(lines)


def _answer_lines(
    answered: Sequence[tuple[SubmissionLine, Answer]], lea_code: str, *, learned_from: str
) -> None:
    """Store answers to waiting lines: outcome, what the state now holds, findings, and the outbox anew."""
    now = clock.now()
    for line, answer in answered:
        line.outcome = "posted" if answer.is_posted else "rejected"
        line.errors = list(answer.errors)
        line.answered_at = now
    posted = [line for line, answer in answered if answer.is_posted]
    _learn_posted(posted, now, learned_from)
    _open_findings([line for line, answer in answered if not answer.is_posted], lea_code, now)
    SubmissionLine.objects.bulk_update(
        [line for line, _ in answered], ["outcome", "errors", "answered_at"], batch_size=500
    )
    reconcile_students(line.student_id for line, _ in answered)


def _learn_posted(lines: Sequence[SubmissionLine], now: datetime, learned_from: str) -> None:
    forget_state_lines([line.record_key for line in lines if line.kind == "delete"], at=now)
    kept = [Learned(line.record, line.values, line.student_id) for line in lines if line.kind != "delete"]
    learn_state_lines(kept, at=now, learned_from=learned_from)


def _open_findings(lines: Sequence[SubmissionLine], lea_code: str, now: datetime) -> None:
    """One finding for each error, opened once for the same values; older ones of the same record are over."""
    for line in lines:
        current = []
        for error in line.errors:
            code = error["code"]
            fields = [error["field"]] if error.get("field") else []
            values = {number: line.values.get(number, "") for number in fields}
            identity = finding_identity(code, str(line.student_id), line.record_key, values)
            current.append(identity)
            news = {"archive_id": line.archive_id, "message": error["text"][:400], "closed_at": None}
            StateFinding.objects.update_or_create(
                identity=identity,
                defaults=news,
                create_defaults={
                    **news,
                    "identity": identity,
                    "rule_code": code,
                    "severity": str(Severity.FATAL),
                    "source": "state",
                    "lea_code": lea_code,
                    "student_id": line.student_id,
                    "record": line.record,
                    "record_key": line.record_key,
                    "fields": fields,
                    "values": values,
                    "owner": str(owner_of(code, fields)),
                    "opened_at": now,
                },
            )
        StateFinding.objects.filter(
            student_id=line.student_id, record_key=line.record_key, source="state", closed_at=None
        ).exclude(identity__in=current).update(closed_at=now)


@transaction.atomic
def take_back(*, submission: Submission, reason: Reason, actor: Actor | None = None) -> int:
    """Take the lines that wait for an answer out of a submission, so that they are free to go again.

    For a submission that never left, that the other side refused whole, or whose files nobody uploaded. The
    reason stays with it. Returns how many lines; 0 where nothing waits any more.
    """
    waiting = list(
        SubmissionLine.objects.select_for_update().filter(submission=submission, outcome="waiting")
    )
    if not waiting:
        return 0
    SubmissionLine.objects.filter(pk__in=[line.pk for line in waiting]).delete()
    is_empty = not submission.lines.exists()
    submission.state = "refused" if is_empty else "done"
    submission.refusals = [reason_document(reason)]
    submission.answered_at = None if is_empty else clock.now()
    submission.waits, submission.next_try_at = [], None
    submission.save(update_fields=["state", "refusals", "answered_at", "waits", "next_try_at"])
    reconcile_students(line.student_id for line in waiting)
    log_change(
        actor=actor,
        action="take_back",
        subject=submission,
        reason=reason.text,
        detail={"lines": len(waiting)},
    )
    return len(waiting)


@transaction.atomic
def reject_by_hand(*, actor: Actor, line: SubmissionLine, code: str, field: str, text: str) -> bool:
    """Note that the state rejected a line of files that somebody uploaded. False where nothing waits any more."""
    locked = (
        SubmissionLine.objects.select_for_update(of=("self",))
        .select_related("submission")
        .filter(pk=line.pk, outcome="waiting", submission__state="written")
        .first()
    )
    if locked is None:
        return False
    error = {"code": code, "field": field or None, "text": text}
    reject_lines([(locked, [error])], lea_code=locked.submission.lea_code)
    finish_written(locked.submission)
    log_change(
        actor=actor,
        action="reject_by_hand",
        student_id=locked.student_id,
        subject=locked,
        detail={"code": code, "fields": [field] if field else []},
    )
    return True


def reject_lines(
    rejected: Sequence[tuple[SubmissionLine, Sequence[Mapping[str, Any]]]], *, lea_code: str
) -> None:
    """Note that waiting lines of uploaded files were rejected, each with the state's errors."""
    answered = [
        (line, Answer(line=line.position, is_posted=False, errors=[dict(error) for error in errors]))
        for line, errors in rejected
    ]
    _answer_lines(answered, lea_code, learned_from="reply")


def post_by_extract(lines: Sequence[SubmissionLine], *, lea_code: str) -> None:
    """Note that lines of uploaded files were posted, because the state's extract shows them."""
    answered = [(line, Answer(line=line.position, is_posted=True)) for line in lines]
    _answer_lines(answered, lea_code, learned_from="extract")


def finish_written(submission: Submission) -> bool:
    """Close a submission of files once every line has its answer."""
    if SubmissionLine.objects.filter(submission=submission, outcome="waiting").exists():
        return False
    return bool(
        Submission.objects.filter(pk=submission.pk, state="written").update(
            state="done", answered_at=clock.now()
        )
    )


@transaction.atomic
def release_rejected(*, actor: Actor, operation: Operation, reason: str) -> bool:
    """Let a rejected line go again as it is: what the state missed (an enrollment, a plan) is there now."""
    line = (
        SubmissionLine.objects.filter(student_id=operation.student_id, record_key=operation.record_key)
        .order_by("-id")
        .first()
    )
    if line is None or line.outcome != "rejected" or line.is_released:
        return False
    SubmissionLine.objects.filter(pk=line.pk).update(is_released=True)
    reconcile_students([operation.student_id])
    log_change(
        actor=actor,
        action="release_rejected",
        student_id=operation.student_id,
        subject=line,
        reason=reason,
    )
    return True
