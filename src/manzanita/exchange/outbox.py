"""What is on its way: the smallest ordered set of operations that makes the state equal to our archives.

``difference`` is the pure comparison; ``reconcile_students`` stores it as :class:`Operation` rows for some
students, with the reasons that hold each one. It runs in the transaction that changed an archive or learned
something of the state, so the outbox is never stale and never estimated.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b

from django.db import transaction

from manzanita.archive.models import ArchivedRecord
from manzanita.archive.queries import archived_keys
from manzanita.domain import records
from manzanita.domain.findings import Finding, Owner, Reason, reason_document
from manzanita.domain.former_lea import CLOSED, why_closed
from manzanita.domain.reporting_periods import ReportingPeriod
from manzanita.domain.rules import RETIRED_SSID_CODES, owner_of, rule_info
from manzanita.exchange.checks import check_lines, must_be_mended
from manzanita.exchange.holds import ON_ITS_WAY, hold
from manzanita.exchange.models import Operation, StateFinding, StateRecord, SubmissionLine
from manzanita.exchange.reporting import locked_periods, reported_records
from manzanita.exchange.ssids import Ssids, follow_merges, ssids_of
from manzanita.findings.actions import mark_changed
from manzanita.platform import clock
from manzanita.students.amending import closed_windows
from manzanita.students.models import Student


@dataclass(frozen=True, slots=True)
class Should:
    """One record that the state should hold, by our archives."""

    record: str
    key: str
    key_on: date
    lea_code: str
    values: Mapping[str, str]
    archive_id: int | None


@dataclass(slots=True)
class Step:
    """One operation of the difference. ``holds`` and ``findings`` are filled in afterward."""

    kind: str
    record: str
    key: str
    key_on: date
    lea_code: str
    values: Mapping[str, str]
    at_state: Mapping[str, str] | None
    archive_id: int | None
    holds: list[Reason] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def difference(
    should: Sequence[Should], does: Mapping[str, StateRecord], known_keys: frozenset[str] | set[str]
) -> list[Step]:
    """The steps that make ``does`` (what the state holds, by key) equal to ``should``, in sending order.

    Deletes come first, services before their plan; then adds and replaces by date, a plan before its
    services. Only a record that we once archived (``known_keys``) is ever deleted: what the state holds
    beyond that is somebody else's, or not yet taken over.
    """
    wanted = {item.key: item for item in should}
    steps = []
    for key, held in does.items():
        if key not in wanted and key in known_keys:
            steps.append(
                Step("delete", held.record, key, held.key_on, held.lea_code, held.values, held.values, None)
            )
    steps.sort(key=lambda step: (-records.ORDER.index(step.record), step.key_on, step.key))
    changes = []
    for key, item in wanted.items():
        held = does.get(key)
        if held is not None and records.content(item.record, held.values) == records.content(
            item.record, item.values
        ):
            continue
        changes.append(
            Step(
                "add" if held is None else "replace",
                item.record,
                key,
                item.key_on,
                item.lea_code,
                item.values,
                held.values if held else None,
                item.archive_id,
            )
        )
    changes.sort(key=lambda step: (step.key_on, records.ORDER.index(step.record), step.key))
    return [*steps, *changes]


@transaction.atomic
def reconcile_students(student_ids: Iterable[int]) -> None:
    """Recompute the outbox of these students, close the state's findings whose cause is gone, and have the rules judge
    the students anew."""
    ids = sorted(set(student_ids))
    if not ids:
        return
    # One at a time for each student: on PostgreSQL two who changed different things would both write here.
    list(Student.unscoped.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
    reported = reported_records(ids)
    locks = locked_periods()
    known = archived_keys(ids)
    ssids = ssids_of(ids)
    follow_merges(ssids)
    at_state: dict[int, dict[str, StateRecord]] = defaultdict(dict)
    for held in StateRecord.objects.filter(student_id__in=ids):
        at_state[held.student_id][held.record_key] = held
    before = {(op.student_id, op.record_key): op for op in Operation.objects.filter(student_id__in=ids)}
    newest_lines = _newest_lines(ids)
    superseding = _superseding_archives(ids)
    closed = closed_windows(ids)

    keep: list[Operation] = []
    for student_id in ids:
        own = ssids.get(student_id, Ssids())
        should = [_should(row, own) for row in reported.get(student_id, [])]
        archived = known.get(student_id, set())
        # Under the SSID of their day too: there the state may hold what it should now hold under another.
        known_keys = {*archived, *map(own.key, archived)}
        steps = difference(should, at_state[student_id], known_keys)
        lines = newest_lines.get(student_id, {})
        if steps:
            shut = {lea: left_on for (student, lea), left_on in closed.items() if student == student_id}
            _find_holds(student_id, steps, lines, locks, shut)
        for position, step in enumerate(steps):
            if step.kind == "delete":
                step.archive_id = superseding.get((student_id, step.key))
            old = before.get((student_id, step.key))
            keep.append(_operation(student_id, position, step, old, lines.get(step.key)))
    Operation.objects.filter(student_id__in=ids).delete()
    Operation.objects.bulk_create(keep, batch_size=500)
    _close_findings(ids, {(op.student_id, op.record_key) for op in keep})
    mark_changed(ids)


def _should(row: ArchivedRecord, ssids: Ssids) -> Should:
    """What the state should hold by an archived record, under the SSID that the student has now."""
    values = ssids.values(row)
    return Should(row.record, ssids.key(row.record_key), row.key_on, row.lea_code, values, row.archive_id)


def _newest_lines(student_ids: Sequence[int]) -> dict[int, dict[str, SubmissionLine]]:
    newest: dict[int, dict[str, SubmissionLine]] = defaultdict(dict)
    for line in SubmissionLine.objects.filter(student_id__in=student_ids).order_by("id"):
        newest[line.student_id][line.record_key] = line
    return newest


def _superseding_archives(student_ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """For each record of a superseded archive the correction that took its place: why a record is deleted."""
    rows = ArchivedRecord.objects.filter(
        student_id__in=student_ids, archive__superseded_by__isnull=False
    ).order_by("id")
    return {
        (student_id, key): archive_id
        for student_id, key, archive_id in rows.values_list(
            "student_id", "record_key", "archive__superseded_by__id"
        )
    }


def _operation(
    student_id: int, position: int, step: Step, old: Operation | None, line: SubmissionLine | None
) -> Operation:
    return Operation(
        # The same difference keeps its number, so that a link to it holds.
        pk=old.pk if old else None,
        lea_code=step.lea_code,
        student_id=student_id,
        record=step.record,
        record_key=step.key,
        key_on=step.key_on,
        kind=step.kind,
        values=dict(step.values),
        line_digest=_line_digest(step),
        at_state=dict(step.at_state) if step.at_state is not None else None,
        archive_id=step.archive_id,
        position=position,
        holds=[reason_document(reason) for reason in step.holds],
        hold_code=step.holds[0].code if step.holds else "",
        findings=[
            {
                "code": found.code,
                "severity": str(found.severity),
                "phase": found.phase,
                "fields": list(found.fields),
                "message": found.message,
            }
            for found in step.findings
        ],
        first_seen_at=old.first_seen_at if old else clock.now(),
        submission_line=line if line is not None and line.outcome == "waiting" else None,
    )


def _line_digest(step: Step) -> str:
    line = json.dumps([step.kind, sorted(step.values.items())])
    return blake2b(line.encode(), digest_size=16).hexdigest()


def _find_holds(
    student_id: int,
    steps: list[Step],
    newest_lines: Mapping[str, SubmissionLine],
    locks: Mapping[str, ReportingPeriod],
    closed: Mapping[str, date],
) -> None:
    """Fill in why each step may not be sent now: its own reasons first, then what waits for it. ``closed`` has the last
    day at each LEA that reports nothing of the student any more (``students.amending``)."""
    waiting = {key for key, line in newest_lines.items() if line.outcome == "waiting"}
    findings: Mapping[str, list[Finding]] = {}
    # Nothing is decided about lines that have left; the rules speak again when they are answered.
    if any(step.key not in waiting for step in steps):
        findings = check_lines(
            student_id,
            [(step.key, step.values) for step in steps if step.kind != "delete"],
            without={step.key for step in steps if step.kind == "delete"},
        )
    first_held: Step | None = None
    free: set[str] = set()
    for step in steps:
        line = newest_lines.get(step.key)
        step.findings = findings.get(step.key, []) if step.kind != "delete" else []
        if step.lea_code in closed and not _is_waiting(line):
            step.holds.append(_window_closed(closed[step.lea_code]))
        step.holds.extend(_own_holds(step, line, is_plan_mended=_is_plan_mended(step, newest_lines, free)))
        lock = locks.get(step.lea_code)
        if lock is not None and step.key_on > lock.counts_until and not _is_waiting(line):
            step.holds.append(_period_locked(step, lock))
        if first_held is not None and not step.holds:
            step.holds.append(
                hold(
                    "older-waiting",
                    f"An older one is waiting: the {first_held.record} of {first_held.key_on:%m/%d/%Y}.",
                    first_held.holds[0].owner,
                    "It goes by itself when that one is answered.",
                )
            )
        if not step.holds:
            free.add(step.key)
        # What one LEA may not send any more keeps nothing of another's back.
        is_blocking = step.lea_code not in closed and any(r.code != ON_ITS_WAY for r in step.holds)
        # A held service holds nothing else back: no other record is keyed on it.
        if is_blocking and first_held is None and step.record != "SERV":
            first_held = step


def _is_plan_mended(step: Step, newest_lines: Mapping[str, SubmissionLine], free: set[str]) -> bool:
    """Whether a service that was rejected together with its plan may go again: the plan is posted or goes first."""
    line = newest_lines.get(step.key)
    if step.record != "SERV" or line is None:
        return False
    plan_key = records.plan_key_of_service(step.values)
    plan_line = newest_lines.get(plan_key)
    if plan_line is None:
        return False
    if plan_line.outcome == "rejected":
        return plan_key in free
    return plan_line.outcome == "posted" and plan_line.pk > line.pk


def _is_waiting(line: SubmissionLine | None) -> bool:
    return line is not None and line.outcome == "waiting"


def _window_closed(left_on: date) -> Reason:
    why = why_closed(left_on)
    return hold(CLOSED, why.text, why.owner, why.way_out, source=why.source, confidence=why.confidence)


def _period_locked(step: Step, lock: ReportingPeriod) -> Reason:
    return hold(
        "period-locked",
        f"It is of {step.key_on:%m/%d/%Y}, and only what counts in {lock.label} {lock.year}, until "
        f"{lock.counts_until:%m/%d/%Y}, is sent now.",
        Owner.COORDINATOR,
        f"Lift the lock on the State page; {lock.label} may be changed until {lock.closes_on:%m/%d/%Y}.",
    )


def _own_holds(step: Step, line: SubmissionLine | None, *, is_plan_mended: bool) -> list[Reason]:
    if _is_waiting(line):
        return [hold(ON_ITS_WAY, "On its way: the state has not answered yet.", Owner.STATE)]
    holds = []
    if not step.values[records.SSID_FIELD[step.record]]:
        holds.append(
            hold(
                "no-ssid", "The student has no SSID yet.", Owner.SIS, "The SIS requests the SSID; it arrives."
            )
        )
    if (
        line is not None
        and line.outcome == "rejected"
        and not line.is_released
        and not is_plan_mended
        and line.kind == step.kind
        and records.content(step.record, line.values) == records.content(step.record, step.values)
    ):
        error = (
            line.errors[0]
            if line.errors
            else {"code": "?", "text": "The state gave no reason.", "field": None}
        )
        holds.append(
            hold(
                "rejected",
                f"The state rejected exactly this line: {error['code']}, {error['text']}",
                owner_of(error["code"], [error["field"]] if error.get("field") else []),
                _way_out(error["code"]),
                values={error["field"]: step.values.get(error["field"], "")} if error.get("field") else {},
            )
        )
    for finding in step.findings:
        # An SSID that is missing holds the line already, in its own words.
        if must_be_mended(finding):
            holds.append(
                hold(
                    "input-error",
                    f"The state would reject it: {finding.code}, {finding.message}",
                    owner_of(finding.code, finding.fields),
                    "Correct the value.",
                    values=dict(finding.values),
                )
            )
            break
    return holds


def _way_out(code: str) -> str:
    info = rule_info(code) if code in RETIRED_SSID_CODES else None
    if info is not None:
        return info.fix
    return "Correct the value, or, where the cause lay elsewhere and is gone, release the line to go again."


def _close_findings(student_ids: Sequence[int], different: set[tuple[int, str]]) -> None:
    """Close state findings whose record is now equal, or no longer one that we report."""
    open_findings = StateFinding.objects.filter(student_id__in=student_ids, closed_at=None, source="state")
    gone = [f.pk for f in open_findings if (f.student_id, f.record_key) not in different]
    if gone:
        StateFinding.objects.filter(pk__in=gone).update(closed_at=clock.now())
