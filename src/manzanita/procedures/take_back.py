"""Taking back a change without a meeting, or a correction: the very versions that it closed are believed again, and an
archive takes the place of its archive. Only while the state knows nothing of it and nothing was built on it.

What it closed is found by the instant: the facts of a change are stated at the instant of its archive.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import transaction

from manzanita.archive.actions import RecordDraft, withdraw_archive
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import document_of
from manzanita.arrivals.actions import look_where_known
from manzanita.arrivals.models import AdoptionItem
from manzanita.auditing.actions import log_change
from manzanita.domain import records
from manzanita.domain.access import Actor, Capability, decide
from manzanita.domain.changes import ADOPTED
from manzanita.domain.findings import BUILT_ON, Owner, Reason
from manzanita.exchange.models import ReportStatus, StateRecord, SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.report_actions import carry_report_status, end_report_status
from manzanita.exchange.reporting import statuses_in_force
from manzanita.exchange.ssids import Ssids, ssids_of
from manzanita.leaving.models import Leaving
from manzanita.meetings.actions import (
    NotPossible,
    correct_delay,
    correct_held_on,
    refresh_clocks,
    withdraw_known,
)
from manzanita.meetings.evaluation_actions import correct_begun
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.platform import clock
from manzanita.platform.facts import Fact, bring_back
from manzanita.platform.kept_rows import STAND_IN, KeptRows
from manzanita.procedures.changes import CHANGED
from manzanita.procedures.correct import DELAY_FIELD
from manzanita.procedures.correct_dates import DATE_FIELDS
from manzanita.procedures.correct_evaluation import EVALUATION_FIELDS, Begun
from manzanita.students.amending import reasons_not_to_amend
from manzanita.students.models import NextSetting, Plan, Referral, Student

# What a change may have closed, and comes back with it.
RESTORED = (*CHANGED, Referral, NextSetting)
TITLES = {"procedure": "Taken back", "correction": "Correction taken back"}
_ARCHIVE_CAUSE = {"procedure": "archive", "correction": "correction"}


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that may stand against taking something of one student back: read once, in two statements.

    ``lines`` are those sent and not rejected: key, archive, and when the file was made. ``leavings`` and ``adoptions``
    are what has a way back of its own, by archive: the public id of the leaving, or of the batch that adopted.
    """

    student_id: int
    archives: Sequence[Archive]
    rows: Sequence[ArchivedRecord]
    versions: Mapping[type[Fact], Sequence[Fact]]
    lines: Sequence[tuple[str, int | None, datetime]]
    at_state: Sequence[StateRecord]
    meetings: Sequence[Meeting]
    statuses: Sequence[ReportStatus]
    leavings: Mapping[int | None, uuid.UUID]
    adoptions: Mapping[int | None, uuid.UUID]
    ssids: Ssids

    def rows_of(self, archive_id: int | None) -> list[ArchivedRecord]:
        return [row for row in self.rows if row.archive_id == archive_id]

    def written(self, archive: Archive) -> list[Fact]:
        """The versions that it stated. That a planned setting is over is said by an adoption; a planned one that was
        recorded on its day is over by the job, and is not planned again."""
        # What a meeting or another way stated has a way back of its own, and none here.
        cause = f"{_ARCHIVE_CAUSE.get(archive.cause, archive.cause)}:{archive.pk}"
        rows = [row for row in self._all if row.cause == cause]
        return rows if _adopts(rows) else _without_planned(rows)

    def closed(self, archive: Archive) -> list[Fact]:
        """The versions that it took the place of."""
        at = archive.recorded_at
        rows = [row for row in self._all if row.superseded_at == at and row.recorded_at < at]
        return rows if _adopts(self.written(archive)) else _without_planned(rows)

    def touched(self, archive: Archive) -> set[type[Fact]]:
        """The kinds of facts whose later versions were built on it: a referral only where it has moved one, a planned
        setting only where it has ended one."""
        return {*CHANGED, *(type(row) for row in (*self.written(archive), *self.closed(archive)))}

    def left_by(self, archive: Archive) -> set[tuple[Any, ...]]:
        """What was believed right after it, of the kinds that it touched."""
        at, kinds = archive.recorded_at, self.touched(archive)
        return {
            _said(row)
            for row in self._all
            if type(row) in kinds
            and row.recorded_at <= at
            and (row.superseded_at is None or row.superseded_at > at)
        }

    def believed(self) -> list[Fact]:
        return [row for row in self._all if row.superseded_at is None]

    @property
    def _all(self) -> list[Fact]:
        return [row for rows in self.versions.values() for row in rows]


def _adopts(rows: Sequence[Fact]) -> bool:
    return any(isinstance(row, Plan) and row.reason_code == ADOPTED for row in rows)


def _without_planned(rows: Sequence[Fact]) -> list[Fact]:
    return [row for row in rows if not isinstance(row, NextSetting)]


def _said(row: Fact) -> tuple[Any, ...]:
    """What a version says, whenever it was recorded: one that was brought back says the same as it said before."""
    names = (*row.slot, *row.content, "effective_from", "effective_to", "cause")
    return (type(row).__name__, *(getattr(row, name) for name in names))


def known_of(student_id: int) -> Known:
    known = _kept(clock.today()).read(student_id)
    return replace(
        known,
        student_id=student_id,
        leavings=dict(known.leavings),
        adoptions=dict(known.adoptions),
        ssids=ssids_of([student_id]).get(student_id, Ssids()),
    )


@lru_cache(maxsize=4)
def _kept(today: date) -> KeptRows[Any]:
    """Today stands in its conditions."""
    of_student = {"student_id": STAND_IN}
    lines = SubmissionLine.objects.filter(**of_student).exclude(outcome="rejected")
    return KeptRows(
        Known(
            student_id=STAND_IN,
            archives=Archive.objects.filter(**of_student).defer("document").order_by("recorded_at", "pk"),
            rows=ArchivedRecord.objects.filter(**of_student).order_by("pk"),
            versions={model: model.objects.filter(**of_student).order_by("pk") for model in RESTORED},
            lines=lines.values_list("record_key", "archive_id", "submission__created_at"),
            at_state=StateRecord.objects.filter(**of_student),
            meetings=Meeting.objects.filter(**of_student),
            statuses=statuses_in_force([STAND_IN]),
            leavings=Leaving.objects.filter(**of_student, state="done").values_list(
                "archive_id", "public_id"
            ),
            adoptions=AdoptionItem.objects.filter(**of_student, state="adopted").values_list(
                "archive_id", "batch__public_id"
            ),
            ssids=Ssids(),
        )
    )


def can_be_asked(archive: Archive) -> bool:
    """Whether it is of a kind that is taken back here: a change or a correction, and no taking back itself."""
    return archive.cause in TITLES and not archive.title.startswith(
        tuple(f"{one}: " for one in TITLES.values())
    )


def reasons_not_to_take_back(actor: Actor, archive: Archive, known: Known) -> list[Reason]:
    """Why it cannot be taken back now, empty where it can."""
    return list(_against(actor, archive, known))


def reasons_in_its_own_way(archive: Archive, known: Known) -> list[Reason]:
    """Why a leaving, or an adoption, is not taken back any more: a line of it may be at the state. What else stands
    against it says the page on which it is taken back."""
    if not any(archive_id == archive.pk for _, archive_id, _ in known.lines):
        return []
    return [
        Reason(
            "sent",
            "The state was told of it already, or waits to answer.",
            Owner.COORDINATOR,
            "For a student who never came use “Adopted, but never came”; else correct the record."
            if archive.pk in known.adoptions
            else "Record what is so now as a change of its own: a status change, or the plan adopted again.",
            source=BUILT_ON,
        )
    ]


def _against(actor: Actor, archive: Archive, known: Known) -> Iterator[Reason]:
    decision = decide(actor, Capability.CORRECT_RECORD)
    if not decision:
        yield from decision.because
    if not can_be_asked(archive):
        yield Reason(
            "no-change",
            "It is no change without a meeting, and no correction.",
            Owner.TEAM,
            "What a meeting decided is changed by a meeting; what was entered wrongly is corrected.",
        )
        return
    if archive.lea_code != actor.agency_code:
        yield Reason(
            "other-agency", "It is another district's.", Owner.COORDINATOR, "Ask the SEDS coordinator there."
        )
    newer = next((one for one in known.archives if one.supersedes_id == archive.pk), None)
    if newer is not None:
        is_back = newer.title.startswith(tuple(f"{one}: " for one in TITLES.values()))
        yield Reason(
            "taken-back" if is_back else "already-corrected",
            "It was taken back already." if is_back else "It was corrected since.",
            Owner.COORDINATOR,
            "Nothing is left to do."
            if is_back
            else "Take the correction back instead: what it corrected then stands again.",
        )
        return
    if archive.pk in known.leavings or archive.pk in known.adoptions:
        what = "a leaving" if archive.pk in known.leavings else "an adoption of plans"
        yield Reason(
            "own-way",
            f"It belongs to {what}, which is taken back as a whole.",
            Owner.COORDINATOR,
            "Take it back there.",
        )
    if _is_told(archive, known):
        yield Reason(
            "sent",
            "The state was told of it already, or waits to answer.",
            Owner.COORDINATOR,
            "Record what is so now as a change or a correction of its own.",
        )
    written = known.written(archive)
    if written and not any(row.recorded_at == archive.recorded_at for row in written):
        yield Reason(
            "recorded-before",
            "It was recorded before the product kept what taking it back needs.",
            Owner.COORDINATOR,
            "Record what is so now as a change or a correction of its own.",
        )
    elif _is_built_on(archive, known):
        yield Reason(
            "later-facts",
            "Status, plan, services, a planned setting or the meeting were recorded anew since.",
            Owner.COORDINATOR,
            "Take the newer change back first, or change what is wrong by itself.",
        )
    if any(m.state in OPEN_STATES and m.opened_at > archive.recorded_at for m in known.meetings):
        yield Reason(
            "meeting-since",
            "A meeting was opened since, over the record as it is now.",
            Owner.TEAM,
            "Finalize or cancel the meeting first.",
        )


def _keys(archive: Archive, known: Known) -> set[str]:
    """Keys of every record that it gives the state or takes from it, under the SSID of now."""
    adopted = _adopted_status(archive, known)
    ids = {archive.pk, archive.supersedes_id, adopted.archive_id if adopted else None}
    keys = {row.record_key for one in ids if one for row in known.rows_of(one)}
    return keys | {known.ssids.key(key) for key in keys}


def _is_told(archive: Archive, known: Known) -> bool:
    """A line of it went out and may have been posted, or the state is known since to hold what it says."""
    keys = _keys(archive, known)
    if any(
        archive_id == archive.pk or (key in keys and made_at >= archive.recorded_at)
        for key, archive_id, made_at in known.lines
    ):
        return True
    own = {
        known.ssids.key(row.record_key): records.content(row.record, known.ssids.values(row))
        for row in known.rows_of(archive.pk)
    }
    return any(
        held.learned_at >= archive.recorded_at
        and own.get(held.record_key) == records.content(held.record, held.values)
        for held in known.at_state
    )


def _is_built_on(archive: Archive, known: Known) -> bool:
    """Something else is believed now than right after it, or a later archive that stands has one of its records."""
    kinds = known.touched(archive)
    if {_said(row) for row in known.believed() if type(row) in kinds} != known.left_by(archive):
        return True
    superseded = {one.supersedes_id for one in known.archives}
    later = {
        one.pk for one in known.archives if one.recorded_at > archive.recorded_at and one.pk not in superseded
    }
    keys = {row.record_key for row in known.rows_of(archive.pk)}
    if any(row.record_key in keys and row.archive_id in later for row in known.rows):
        return True
    meeting = next((m for m in known.meetings if m.pk == archive.cause_id), None)
    return archive.cause == "procedure" and meeting is not None and meeting.state != "finalized"


def _adopted_status(archive: Archive, known: Known) -> ReportStatus | None:
    """The report status by which a student who never came is not reported: the change has set it on the adoption."""
    if archive.cause != "procedure" or known.rows_of(archive.pk):
        return None
    starts = {
        row.effective_from
        for row in known.closed(archive)
        if isinstance(row, Plan) and row.reason_code == ADOPTED
    }
    return next(
        (
            status
            for status in known.statuses
            if status.choice == "none"
            and status.set_at >= archive.recorded_at
            and any(r.record == "PLAN" and r.key_on in starts for r in known.rows_of(status.archive_id))
        ),
        None,
    )


@transaction.atomic
def take_back(*, actor: Actor, archive: Archive) -> bool:
    """Undo a change without a meeting or a correction. ``False`` where that was done already; raises ``NotPossible``
    with everything that stands against it, and then nothing was done."""
    student = Student.unscoped.select_for_update().get(pk=archive.student_id)
    known = known_of(student.pk)
    reasons = [
        *reasons_not_to_amend(student.pk, archive.lea_code),
        *reasons_not_to_take_back(actor, archive, known),
    ]
    if any(reason.code == "taken-back" for reason in reasons):
        return False
    if reasons:
        raise NotPossible(reasons)
    withdrawn = _withdraw(actor, archive)
    carry_report_status(actor=actor, old=archive, new=withdrawn)
    _restore_facts(archive, known)
    _restore_meeting(archive, known)
    status = _adopted_status(archive, known)
    if status is not None:
        end_report_status(actor=actor, status=status)
    refresh_clocks([student.pk])
    reconcile_students([student.pk])
    look_where_known(student.pk, archive.lea_code)
    log_change(
        actor=actor,
        action="take_back",
        student_id=student.pk,
        subject=withdrawn,
        reason=withdrawn.reason,
        detail={"cause": archive.cause},
    )
    return True


def _withdraw(actor: Actor, archive: Archive) -> Archive:
    """The archive in its place: of a change one without records, of a correction one with those that it corrected."""
    old = Archive.objects.get(pk=archive.supersedes_id) if archive.supersedes_id else None
    context, drafts = {}, []
    if archive.cause == "correction" and old is not None:
        document = document_of(old)
        context = document["context"]
        drafts = [
            RecordDraft(entry["record"], entry["values"], entry["origins"]) for entry in document["records"]
        ]
    return withdraw_archive(
        archive,
        by_id=actor.user_id,
        reason=archive.reason,
        title=TITLES[archive.cause],
        drafts=drafts,
        context=context,
    )


def _restore_facts(archive: Archive, known: Known) -> None:
    """Close what says now what the change has said, and believe again what it closed."""
    stated = {_said(row) for row in known.written(archive) if row.recorded_at == archive.recorded_at}
    gone, closed, at = (
        [row for row in known.believed() if _said(row) in stated],
        known.closed(archive),
        clock.now(),
    )
    for model in RESTORED:
        close = [row for row in gone if isinstance(row, model)]
        again = [row for row in closed if isinstance(row, model)]
        slots = {tuple(getattr(row, name) for name in model.slot) for row in (*again, *close)}
        if slots:
            bring_back(
                model,
                slots=[dict(zip(model.slot, slot, strict=True)) for slot in sorted(slots)],
                close=[row.pk for row in close],
                again=[row.pk for row in again],
                at=at,
            )


def _restore_meeting(archive: Archive, known: Known) -> None:
    """Meetings have no versions: one that the change made is no longer one, a corrected one has its old day, reason
    of delay, referral and consent again."""
    if archive.cause == "procedure":
        if archive.cause_id is not None:
            withdraw_known(archive.cause_id)
        return
    old = [row for row in known.rows_of(archive.supersedes_id) if row.record == "MEET"]
    new = [row for row in known.rows_of(archive.pk) if row.record == "MEET"]
    # A correction repeats the records of its archive in their order.
    for before, after in zip(old, new, strict=True):
        day, was = after.values[DATE_FIELDS["MEET"]], before.values[DATE_FIELDS["MEET"]]
        if not day or after.values == before.values:
            continue
        held_on = records.parse_state_date(was)
        scope = {"student_id": archive.student_id, "lea_code": archive.lea_code}
        if day != was:
            correct_held_on(**scope, held_on=records.parse_state_date(day), becomes=held_on)
        correct_delay(**scope, held_on=held_on, delay_code=before.values[DELAY_FIELD])
        if any(after.values[number] != before.values[number] for number in EVALUATION_FIELDS):
            begun = Begun.of(before.values)
            correct_begun(
                **scope,
                held_on=held_on,
                consent_on=begun.consent_on,
                referred_on=begun.referred_on,
                party_code=begun.party_code,
            )
