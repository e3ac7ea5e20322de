"""Many students done together: a job does each whole or not, in a step of its own, and takes each back so.

What is done to one student, and who may be meant, stands with each kind: ``adopting``, ``leaving_many``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.auditing.actions import log_change
from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.models import SubmissionLine
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.crash import crash_point
from manzanita.platform.jobs import JobRun, enqueue_job
from manzanita.students.many import close_item
from manzanita.students.many_models import StudentBatch, StudentItem


@dataclass(frozen=True, slots=True)
class Many:
    """One kind of work on many students.

    ``do_one`` does one student and gives what is kept on its item; ``undo_one`` takes one back. Both raise
    ``NotPossible`` with what stands against it. ``done`` is the state of who is done; ``doing`` and ``deed`` are words
    for it (``Adopting plans``, ``adopt plans``); ``undone_as`` is the action under which taking back is logged;
    ``archive_of`` the column of an item, or of what hangs on it, that names the archive by which the state is told.
    """

    batches: type[StudentBatch]
    job: str
    undo_job: str
    done: str
    doing: str
    deed: str
    undone_as: str
    archive_of: str
    do_one: Callable[[Actor, Any, Any], Mapping[str, Any]]
    undo_one: Callable[[Actor, Any], None]
    # Of one student alone: at once, for who looks at the page.
    undoes_one_at_once: bool = False

    def why_not(self, actor: Actor) -> list[Reason]:
        """Empty where the actor may do it, and take it back."""
        if actor.may(Capability.CORRECT_RECORD) and not actor.is_read_only:
            return []
        return [
            Reason(
                "no-capability",
                f"Your perspective does not {self.deed}.",
                Owner.COORDINATOR,
                "Ask the SEDS coordinator.",
                source=PERMISSIONS,
            )
        ]

    @transaction.atomic
    def start(
        self,
        *,
        actor: Actor,
        chosen: Collection[Any],
        missing: Sequence[Reason],
        public_id: uuid.UUID,
        opened: Callable[[], tuple[Any, bool]],
    ) -> tuple[Any, bool]:
        """Have the batch that ``opened`` makes of the chosen done by a job; and whether that was started now. The same
        form sent twice is one batch. Raises ``NotPossible``, with what is ``missing`` too; then nothing was done."""
        made = self.batches.objects.filter(public_id=public_id, lea_code=actor.agency_code).first()
        if made is not None:
            return made, False
        reasons = [*self.why_not(actor), *missing]
        if not chosen:
            reasons.append(
                Reason("nobody-chosen", "Nobody is ticked.", Owner.YOU, "Tick at least one student.")
            )
        if reasons:
            raise NotPossible(reasons)
        batch, is_new = opened()
        if is_new:
            self._enqueue(self.job, batch, actor)
        return batch, is_new

    def _enqueue(self, kind: str, batch: StudentBatch, actor: Actor) -> None:
        args = {"batch": batch.pk, "grant": actor.grant_id}
        batch.job_id = enqueue_job(kind=kind, args=args, by_id=actor.user_id).pk
        batch.save(update_fields=["job_id"])

    def do(self, run: JobRun) -> dict[str, int]:
        """Do who still waits in a batch; a worker that takes over goes on with the rest."""
        batch, actor = self._of(run)
        total = batch.items.count()
        self.batches.objects.filter(pk=batch.pk, state="waiting").update(state="running")
        for item in batch.items.filter(state="waiting").order_by("pk"):
            with run.step():
                locked = batch.items.select_for_update().get(pk=item.pk)
                if locked.state == "waiting":
                    self._settle(
                        actor, locked, lambda by, one: self.do_one(by, batch, one), self.done, "refused"
                    )
            crash_point("student-done")
            run.progress(total - batch.items.filter(state="waiting").count(), total, self.doing)
        with run.step():
            self.end(batch)
        return {state: batch.items.filter(state=state).count() for state in (self.done, "refused")}

    def _of(self, run: JobRun) -> tuple[Any, Actor | None]:
        batch = self.batches.objects.get(pk=run.args["batch"])
        return batch, actor_of_grant_id(run.args["grant"], clock.today())

    def _settle(
        self,
        actor: Actor | None,
        item: StudentItem,
        work: Callable[[Actor, Any], Mapping[str, Any] | None],
        good: str,
        bad: str,
    ) -> None:
        """One student, whole or not: what stands against it is kept on the item."""
        try:
            if actor is None or not actor.may(Capability.CORRECT_RECORD):
                raise NotPossible([self._grant_ended()])
            with transaction.atomic():
                columns = work(actor, item) or {}
        except NotPossible as refused:
            close_item(item, bad, reasons=refused.reasons)
            return
        close_item(item, good, **columns)

    def _grant_ended(self) -> Reason:
        return Reason(
            "grant-ended",
            "The grant of the person who started this has ended.",
            Owner.COORDINATOR,
            "Do the rest under a grant that is in force.",
            source=PERMISSIONS,
        )

    def end(self, batch: StudentBatch) -> None:
        batch.state, batch.finished_at = "done", clock.now()
        batch.save(update_fields=["state", "finished_at"])

    def start_undo(self, *, actor: Actor, batch: StudentBatch) -> bool:
        """Take back whom of a batch the state was not told of, by a job. ``False`` where nothing is left to take back,
        or somebody is at it. Raises ``NotPossible`` without the right to."""
        if reasons := self.why_not(actor):
            raise NotPossible(reasons)
        with transaction.atomic():
            locked = self.batches.objects.select_for_update().get(pk=batch.pk)
            standing = list(locked.items.filter(state=self.done))
            if locked.state != "done" or not standing:
                return False
            locked.state = "undoing"
            locked.save(update_fields=["state"])
            if self.undoes_one_at_once and len(standing) == 1:
                self._settle(actor, standing[0], self.undo_one, "undone", self.done)
                self._end_undo(actor, locked)
            else:
                self._enqueue(self.undo_job, locked, actor)
        return True

    def unsent_of(self, batch: StudentBatch) -> int:
        """How many of a batch are done and nothing of them is at the state or on its way, so that they may be taken
        back."""
        standing = batch.items.filter(state=self.done)
        archives = standing.filter(**{f"{self.archive_of}__isnull": False}).values(self.archive_of)
        sent = SubmissionLine.objects.filter(archive_id__in=archives).exclude(outcome="rejected")
        is_sent = Q(
            **{f"{self.archive_of}__in": sent.values("archive_id"), f"{self.archive_of}__isnull": False}
        )
        return standing.exclude(is_sent).count()

    def undo(self, run: JobRun) -> dict[str, int]:
        """Take back who of a batch still stands."""
        batch, actor = self._of(run)
        items = list(batch.items.filter(state=self.done).order_by("pk"))
        for count, item in enumerate(items, start=1):
            with run.step():
                locked = batch.items.select_for_update().get(pk=item.pk)
                if locked.state == self.done:
                    self._settle(actor, locked, self.undo_one, "undone", self.done)
            run.progress(count, len(items), "Taking back")
        with run.step():
            self._end_undo(actor, batch)
        return {"undone": batch.items.filter(state="undone").count()}

    def _end_undo(self, actor: Actor | None, batch: StudentBatch) -> None:
        kept = batch.items.filter(state=self.done).count()
        batch.state = "done"
        if not kept and actor is not None:
            batch.undone_at, batch.undone_by_id = clock.now(), actor.user_id
        batch.save(update_fields=["state", "undone_at", "undone_by_id"])
        log_change(actor=actor, action=self.undone_as, subject=batch, detail={"kept": kept})

    def resume(self, *, actor: Actor, batch: StudentBatch) -> None:
        """Set a batch going again whose job gave up; from here on it acts for the person who set it going."""
        if batch.state in ("waiting", "running"):
            self._enqueue(self.job, batch, actor)
        elif batch.state == "undoing":
            self._enqueue(self.undo_job, batch, actor)
