"""Correcting an archived record: a new archive supersedes the old one, the fact is restated, the outbox follows.

An archive is never changed. Its correction repeats all of its records with the changed values, so that what
the state should hold is again one whole snapshot; whatever differs from the state becomes an operation, and a
changed key becomes a delete of the old record and an add of the new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction

from manzanita.archive.actions import ArchiveDraft, RecordDraft, write_archives
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import document_of, standing_records
from manzanita.auditing.actions import log_change
from manzanita.domain import records
from manzanita.domain.access import Actor
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.findings import Finding, Owner, Reason
from manzanita.domain.layouts.files import FieldRefused, write_lines
from manzanita.exchange.checks import would_reject
from manzanita.exchange.live import check_typed
from manzanita.exchange.models import StateRecord
from manzanita.exchange.outbox import Should, Step, difference, reconcile_students
from manzanita.exchange.report_actions import carry_report_status
from manzanita.meetings.actions import NotPossible, correct_delay, refresh_clocks
from manzanita.platform.changed import students_changed
from manzanita.platform.facts import Statement, hold_facts
from manzanita.procedures.correct_dates import (
    DATE_FIELDS,
    Move,
    Said,
    doubts_of,
    move_facts,
    move_of,
    reasons_against,
    record_keys,
    values_along,
    with_year,
)
from manzanita.procedures.correct_evaluation import EVALUATION_FIELDS
from manzanita.procedures.correct_evaluation import reasons_against as reasons_against_evaluation
from manzanita.procedures.correct_evaluation import restate as restate_evaluation
from manzanita.procedures.finding_changes import NO_CHANGES, FindingChanges, finding_changes
from manzanita.students.amending import reasons_not_to_amend
from manzanita.students.models import Plan, Referral, Service, SpecialEducationStatus

DELAY_FIELD = "24.18"
CORRECTABLE: Mapping[str, tuple[str, ...]] = {
    "SWDS": ("22.11", "22.12", "22.13"),
    "MEET": ("24.15", DELAY_FIELD, *EVALUATION_FIELDS),
    "PLAN": ("23.12", *(declared.number for declared in PLAN_FIELDS)),
    "SERV": tuple(declared.number for declared in SERVICE_FIELDS),
}


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction would do. ``changes`` maps field number to (was, becomes); ``steps`` are what the state
    would then be sent, empty where it would be equal; ``blockers`` say why it may not be saved as it stands;
    ``doubts`` what the sentence that goes with it has to answer; ``said`` which findings would open and close."""

    row: ArchivedRecord
    values: Mapping[str, str]
    changes: Mapping[str, tuple[str, str]]
    findings: Sequence[Finding]
    blockers: Sequence[Reason]
    steps: Sequence[Step]
    move: Move | None = None
    doubts: Sequence[Reason] = ()
    said: FindingChanges = NO_CHANGES

    @property
    def changes_key(self) -> bool:
        """True where the state sees another record: the old one is deleted, the new one added."""
        return records.record_key(self.row.record, self.values) != self.row.record_key


def preview_correction(row: ArchivedRecord, changes: Mapping[str, str]) -> Correction:
    """What ``changes`` (field number → text) to an archived record mean. Fields not named stay.

    Raises ``ValueError`` for a field that a correction does not change.
    """
    for number in changes:
        if number not in CORRECTABLE[row.record]:
            raise ValueError(f"{row.record} {number} is not changed by a correction")
    changed = {
        number: (row.values[number], text.strip())
        for number, text in changes.items()
        if text.strip() != row.values[number]
    }
    values = {**row.values, **{number: new for number, (_, new) in changed.items()}}
    try:
        move = move_of(row, values)
    except ValueError:
        return Correction(row, values, changed, [], [_no_day(row, values)], [], None)
    if move is not None:
        values = with_year(row.record, values, move.becomes)
    key = records.record_key(row.record, values)
    standing = standing_records([row.student_id]).get(row.student_id, [])
    along = values_along(move) if move else {}
    others = [
        (other.record_key, other.values)
        for other in standing
        if other.record_key not in (row.record_key, key) and other.pk not in along
    ]
    others += [(records.record_key("SERV", changed_along), changed_along) for changed_along in along.values()]
    gone = {row.record_key, *(other.record_key for other in standing if other.pk in along)}
    lines = [*others, (key, values)]
    found = check_typed(
        f"record {row.pk}",
        row.student_id,
        lines,
        about=[row.record],
        without=gone - {line for line, _ in lines},
    )
    findings = found.get(key, [])
    before = [(other.record_key, other.values) for other in standing]
    said = finding_changes(
        f"record {row.pk}",
        row.student_id,
        before,
        lines,
        without=gone - {line for line, _ in lines},
        moved={row.record_key: key}
        | {
            other.record_key: records.record_key("SERV", along[other.pk])
            for other in standing
            if other.pk in along
        },
    )
    is_standing = any(other.pk == row.pk for other in standing)
    return Correction(
        row=row,
        values=values,
        changes=changed,
        findings=findings,
        blockers=[
            *_blockers(row, key, values, changed, findings, is_standing=is_standing),
            *(reasons_against(move) if move else ()),
            *(reasons_against_evaluation(row, values) if row.record == "MEET" else ()),
        ],
        steps=_steps(row, values, move) if changed else [],
        move=move,
        doubts=doubts_of(move) if move else (),
        said=said if changed and is_standing else NO_CHANGES,
    )


def _steps(row: ArchivedRecord, values: Mapping[str, str], move: Move | None) -> list[Step]:
    """What the state is sent once the correction stands."""
    changed = [(row.record, values)]
    keys = {row.record_key, records.record_key(row.record, values)}
    if move is not None:
        changed += [("SERV", along) for along in values_along(move).values()]
        keys = record_keys(move, values)
    should = [
        Should(
            record,
            records.record_key(record, one),
            records.key_on(record, one),
            row.lea_code,
            one,
            None,
        )
        for record, one in changed
    ]
    held = StateRecord.objects.filter(student_id=row.student_id, record_key__in=keys)
    return difference(should, {record.record_key: record for record in held}, keys)


def _no_day(row: ArchivedRecord, values: Mapping[str, str]) -> Reason:
    number = DATE_FIELDS[row.record]
    return Reason(
        "no-date",
        "The day is no date.",
        Owner.YOU,
        "Enter the day of this record; one without a day is not a record.",
        values={number: values[number]},
    )


def _blockers(
    row: ArchivedRecord,
    key: str,
    values: Mapping[str, str],
    changed: Mapping[str, tuple[str, str]],
    findings: Sequence[Finding],
    *,
    is_standing: bool,
) -> list[Reason]:
    reasons = reasons_not_to_amend(row.student_id, row.lea_code)
    if not is_standing:
        reasons.append(_already_corrected())
    if not changed:
        reasons.append(
            Reason(
                "nothing-changed",
                "No value was changed.",
                Owner.COORDINATOR,
                "Change the value that is wrong.",
            )
        )
    try:
        write_lines(records.layout_of(row.record, values), [records.complete(row.record, values)])
    except FieldRefused as refused:
        reasons.append(
            Reason(
                "not-writable",
                f"The value cannot stand in a state line: {refused}.",
                Owner.COORDINATOR,
                "Write it without that.",
                values={refused.number: values.get(refused.number, "")},
            )
        )
    if key != row.record_key and row.archive.records.filter(record_key=key).exists():
        reasons.append(
            Reason(
                "same-key",
                "The same archive holds a record with this key: the state could not tell the two apart.",
                Owner.COORDINATOR,
                "Choose another code, or remove one of the two by an amendment.",
            )
        )
    reasons += [
        Reason(
            finding.code,
            f"The state would reject it: {finding.message}",
            Owner.COORDINATOR,
            "Choose a value that the rule allows.",
            values=dict(finding.values),
        )
        for finding in findings
        if changed and would_reject(finding)
    ]
    return reasons


def _already_corrected() -> Reason:
    return Reason(
        "already-corrected",
        "A newer archive holds this record.",
        Owner.COORDINATOR,
        "Correct the record there.",
    )


def newest_of(row: ArchivedRecord) -> ArchivedRecord | None:
    """The record that stands in the place of ``row`` today, itself where no archive took the place of its own;
    ``None`` where the newest one has no such record."""
    found: ArchivedRecord | None = row
    while found is not None and (newer := Archive.objects.filter(supersedes=found.archive_id).first()):
        found = _in_newer(found, newer)
    return found


def _in_newer(row: ArchivedRecord, newer: Archive) -> ArchivedRecord | None:
    records_of = ArchivedRecord.objects.select_related("archive").filter(archive=newer)
    if newer.cause != "correction":
        return records_of.filter(record_key=row.record_key).first()
    # A correction may change the key; it has the records of the old archive, one for one (``_write``).
    place = row.archive.records.filter(pk__lt=row.pk).count()
    return records_of.order_by("pk")[place]


def _no_reason() -> Reason:
    return Reason(
        "no-reason",
        "A correction of what was archived needs its reason.",
        Owner.YOU,
        "Say in a sentence why the value was wrong.",
    )


def correct_record(*, actor: Actor, row: ArchivedRecord, changes: Mapping[str, str], reason: str) -> Archive:
    """Write the correction. Raises ``NotPossible`` with what stands against it; nothing is half-written.

    ``reason`` is the person's own sentence and stands in the archive.
    """
    try:
        with transaction.atomic():
            correction = preview_correction(row, changes)
            blockers = list(correction.blockers)
            if not reason.strip():
                blockers.append(_no_reason())
            if blockers:
                raise NotPossible(blockers)
            return _write(actor, correction, reason.strip())
    except IntegrityError as error:
        # The one-to-one link to the superseded archive: somebody else corrected it in the same moment.
        raise NotPossible([_already_corrected()]) from error


def _write(actor: Actor, correction: Correction, reason: str) -> Archive:
    row = correction.row
    old = row.archive
    document = document_of(old)
    origins = {entry["key"]: entry["origins"] for entry in document["records"]}
    along = values_along(correction.move) if correction.move else {}
    drafts = []
    for sibling in old.records.order_by("id"):
        values, origin = dict(sibling.values), dict(origins.get(sibling.record_key, {}))
        if sibling.pk == row.pk:
            values = dict(correction.values)
            origin.update(dict.fromkeys(correction.changes, f"a correction by {actor.person_name}"))
        elif sibling.pk in along:
            values = along[sibling.pk]
            origin["25.17"] = f"the start of the plan, corrected by {actor.person_name}"
        drafts.append(RecordDraft(sibling.record, values, origin))
    hold_facts((SpecialEducationStatus, Plan, Service, Referral), old.student_id)
    (archive,) = write_archives(
        [
            ArchiveDraft(
                student_id=old.student_id,
                lea_code=old.lea_code,
                event_on=old.event_on,
                cause="correction",
                cause_id=old.pk,
                title=old.title if old.cause == "correction" else f"Correction: {old.title}"[:120],
                records=drafts,
                context={
                    **document["context"],
                    "corrected": {
                        "record": row.record,
                        "key": row.record_key,
                        "changes": [
                            {"field": number, "was": was, "becomes": becomes}
                            for number, (was, becomes) in sorted(correction.changes.items())
                        ],
                    },
                },
                reason=reason,
            )
        ],
        by_id=actor.user_id,
        supersedes=old,
    )
    carry_report_status(actor=actor, old=old, new=archive)
    # At the archive's own instant: by it one finds what the correction has closed (procedures.take_back).
    said = Said(actor.user_id, f"correction:{archive.pk}", archive.recorded_at)
    # The old day first: what else was wrong is then restated from the new one.
    fact_count = move_facts(said, correction.move) if correction.move else 0
    fact_count += _restate(said, correction)
    if row.record == "MEET":
        refresh_clocks([row.student_id])
        students_changed([row.student_id])
    reconcile_students([old.student_id])
    log_change(
        actor=actor,
        action="correct_record",
        student_id=old.student_id,
        subject=archive,
        reason=reason,
        detail={"record": row.record, "fields": sorted(correction.changes), "facts": fact_count},
    )
    return archive


def _restate(said: Said, correction: Correction) -> int:
    """Bring the fact that the record was made from up to the correction, from the record's day to the fact's end.

    Returns how many facts that were; a record older than our facts has none.
    """
    row, values = correction.row, correction.values
    day = correction.move.becomes if correction.move else row.key_on
    if row.record == "MEET":
        return restate_evaluation(said, row, values, day) + correct_delay(
            student_id=row.student_id, lea_code=row.lea_code, held_on=day, delay_code=values[DELAY_FIELD]
        )
    if row.record == "SWDS":
        return _restate_status(said, correction, day)
    if row.record == "PLAN":
        # The fact in force that day: one that went on unchanged began earlier than the record says.
        plan = Plan.objects.as_of(effective=day).filter(student_id=row.student_id).first()
        if plan is None:
            return 0
        content = {name: getattr(plan, name) for name in Plan.content}
        changed = [declared for declared in PLAN_FIELDS if declared.number in correction.changes]
        content.update({declared.attribute: values[declared.number] for declared in changed})
        return _state(said, "plan", {"student_id": plan.student_id}, content, day, plan)
    service = (
        Service.objects.as_of(effective=row.key_on)
        .filter(
            student_id=row.student_id,
            **{declared.attribute: row.values[declared.number] for declared in SERVICE_FIELDS},
        )
        .order_by("service_no")
        .first()
    )
    if service is None:
        return 0
    content = {
        "lea_code": service.lea_code,
        **{declared.attribute: values[declared.number] for declared in SERVICE_FIELDS},
    }
    slot = {"student_id": service.student_id, "service_no": service.service_no}
    return _state(said, "service", slot, content, row.key_on, service)


def _restate_status(said: Said, correction: Correction, day: date) -> int:
    """Status and reason, as far as they were corrected."""
    names = {"22.12": "status_code", "22.13": "reason_code"}
    changed = {names[number]: correction.values[number] for number in names if number in correction.changes}
    status = SpecialEducationStatus.objects.as_of(effective=day).filter(student_id=correction.row.student_id)
    fact = status.first()
    if fact is None or not changed:
        return 0
    content = {**{name: getattr(fact, name) for name in SpecialEducationStatus.content}, **changed}
    return _state(said, "status", {"student_id": fact.student_id}, content, day, fact)


def _state(
    said: Said,
    kind: str,
    slot: Mapping[str, int],
    content: Mapping[str, object],
    start: date,
    fact: Plan | Service | SpecialEducationStatus,
) -> int:
    said.state(kind, [Statement(slot, content, start, fact.effective_to)])
    return 1
