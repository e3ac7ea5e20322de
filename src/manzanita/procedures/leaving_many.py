"""Students who left for one reason, recorded together: looked at first, done one by one, taken back until told.

Who may be meant is whom the SIS has ended and whose plan goes on. What a leaving is stands in ``procedures.leaving``;
here each student is one leaving, whole or not, on the last day that the SIS gives.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import QuerySet

from manzanita.domain.access import PERMISSIONS, Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.leaving import REASONS, LeavingReason, PaperSaid, paper_reasons
from manzanita.domain.statuses import Kind
from manzanita.leaving.actions import open_batch, papers_of
from manzanita.leaving.models import LeavingBatch, LeavingItem, ParticipationReport
from manzanita.leaving.queries import open_reports_of
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.procedures.handed_over import handed_over
from manzanita.procedures.leaving import LeavingAsked, LeavingPreview, preview_leaving, record_leaving
from manzanita.procedures.leaving_undo import undo_leaving
from manzanita.procedures.many import Many
from manzanita.procedures.settling import records_to_settle
from manzanita.students.by_name import by_name
from manzanita.students.models import Enrollment, Student
from manzanita.students.scope import visible_to

# Each is judged as one alone is; more are the next preview's.
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Departure:
    """A student whose last enrollment here the SIS has ended for good: its last day, the code of its exit, and the name
    of the district that has the record by a transfer, if one was accepted."""

    student: Student
    last_day: date
    exit_code: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Together:
    """What the office says of all of them."""

    reason_key: str
    note: str = ""
    papers: Mapping[str, PaperSaid] = field(default_factory=dict)

    @property
    def reason(self) -> LeavingReason:
        return REASONS[self.reason_key]


@dataclass(frozen=True, slots=True)
class Offer:
    """One student of a preview: what would be recorded, or why that is not done together with the others."""

    departure: Departure
    preview: LeavingPreview
    reasons: Sequence[Reason]

    @property
    def is_ready(self) -> bool:
        return not self.reasons

    @property
    def records(self) -> str:
        """``SWDS``, or nothing where the state is told nothing."""
        change = self.preview.change
        return ", ".join(dict.fromkeys(draft.record for draft in change.drafts)) if change else ""


def departures(
    actor: Actor, among: Collection[uuid.UUID] | None = None, *, keys: QuerySet | None = None
) -> list[Departure]:
    """Whom the SIS has ended at the actor's LEA while the plan goes on, the longest gone first; of those of ``among``,
    and of the students with these ``keys``. A student about whom something else is to settle first, such as a transfer,
    is not meant."""
    students = visible_to(actor)
    if among is not None:
        students = students.filter(public_id__in=among)
    if keys is not None:
        students = students.filter(pk__in=keys)
    # Of everybody only so many are looked at: who is asked for by name may stand beyond them.
    asked = None if among is None and keys is None else students.order_by().values("pk")
    waiting = [
        one.student_id
        for one in records_to_settle(actor, asked)
        if one.item.kind is Kind.LEAVING and not one.item.url and one.lea_code == actor.agency_code
    ]
    found = {one.pk: one for one in by_name(students.filter(pk__in=waiting))}
    newest: dict[int, Enrollment] = {}
    rows = Enrollment.objects.believed().filter(student__in=found, lea_code=actor.agency_code)
    for row in rows.order_by("started_on", "pk"):
        newest[row.student_id] = row
    given = handed_over(actor.agency_code, {pk: row.started_on for pk, row in newest.items()})
    ended = [
        Departure(student, row.effective_to, row.exit_reason_code, given[pk].to if pk in given else "")
        for pk, student in found.items()
        if (row := newest.get(pk)) is not None
        and row.effective_to is not None
        and row.effective_to < clock.today()
    ]
    return sorted(ended, key=lambda one: one.last_day)


def preview_leavings(actor: Actor, chosen: Sequence[Departure], said: Together) -> list[Offer]:
    """What recording these together would do, each looked at as one alone. Papers are asked for once, by
    :func:`why_not_together`, and a student's own day may stand against them."""
    reports = _reports(actor, [one.student.pk for one in chosen])
    missing = {reason.code for reason in why_not_together(said)}
    offers = []
    for one in chosen:
        preview = preview_leaving(actor, one.student, _asked(said, one.last_day, reports.get(one.student.pk)))
        reasons = [reason for reason in preview.blockers if reason.code not in missing]
        offers.append(Offer(one, preview, reasons))
    return offers


def why_not_together(said: Together) -> list[Reason]:
    """What is still to be said of all of them: the sentence, and papers that nothing is said of."""
    found = []
    if not said.note.strip():
        found.append(
            Reason(
                "no-note", "It needs a sentence that says how it is known.", Owner.YOU, "Say what happened."
            )
        )
    # A day that is too late for one student's own last day is that student's.
    return [*found, *paper_reasons(said.reason, said.papers, on=date.max, today=clock.today())]


def _asked(said: Together, on: date, report: ParticipationReport | None) -> LeavingAsked:
    return LeavingAsked(said.reason_key, on, said.note, said.papers, report, is_alone=False)


def _reports(actor: Actor, student_ids: Sequence[int]) -> dict[int, ParticipationReport]:
    """What a teacher has reported of them and nobody has answered: recording the leaving answers it."""
    rows = open_reports_of(*student_ids).filter(lea_code=actor.agency_code)
    return {one.student_id: one for one in rows}


def start_leavings(
    *, actor: Actor, chosen: Sequence[Departure], said: Together, public_id: uuid.UUID
) -> tuple[LeavingBatch, bool]:
    """Have the leavings of these recorded by a job; and whether that was started now. The same form sent twice is one
    batch. Raises ``NotPossible``; then nothing was done."""
    return LEAVINGS.start(
        actor=actor,
        chosen=chosen,
        missing=why_not_together(said),
        public_id=public_id,
        opened=lambda: open_batch(
            actor=actor,
            public_id=public_id,
            reason_key=said.reason_key,
            note=said.note,
            papers=said.papers,
            days={one.student.pk: one.last_day for one in chosen},
        ),
    )


def _record(actor: Actor, batch: LeavingBatch, item: LeavingItem) -> dict[str, Any]:
    student = visible_to(actor).filter(pk=item.student_id).first()
    if student is None:
        raise NotPossible([_out_of_reach()])
    said = Together(batch.reason_key, batch.note, papers_of(batch.papers))
    asked = _asked(said, item.leaves_on, _reports(actor, [student.pk]).get(student.pk))
    return {"leaving": record_leaving(actor=actor, student=student, asked=asked)}


def _undo(actor: Actor, item: LeavingItem) -> None:
    assert item.leaving is not None
    undo_leaving(actor=actor, leaving=item.leaving)


def _out_of_reach() -> Reason:
    return Reason(
        "out-of-reach",
        "The student is not within your reach any more.",
        Owner.COORDINATOR,
        "Nothing to do, unless the student is yours all the same.",
        source=PERMISSIONS,
    )


LEAVINGS = Many(
    batches=LeavingBatch,
    job="leaving.many",
    undo_job="leaving.undo-many",
    done="recorded",
    doing="Recording leavings",
    deed="record that students leave",
    undone_as="undo_leavings",
    archive_of="leaving__archive_id",
    do_one=_record,
    undo_one=_undo,
)
