"""Reading back by hand: the state's own extracts say which lines of uploaded files have arrived.

Only lines of the actor's LEA are taken. A waiting line counts as posted when the state now holds exactly its
values, a waiting delete when the extract of its record type no longer holds its key. Nothing is concluded from
what an extract lacks otherwise: it may be older than the upload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain import records
from manzanita.domain.access import Actor
from manzanita.domain.layouts.files import RecordFile, rows_of
from manzanita.exchange.actions import Learned, finish_written, learn_state_lines, post_by_extract
from manzanita.exchange.models import StateRecord, Submission, SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.platform import clock
from manzanita.students.queries import students_by_ssid


class NotAnExtract(ValueError):
    """A file that is not a state extract of one of the four records; ``str`` says what it is."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Counts of one reading: lines by record type, those left out, and what became of waiting lines."""

    by_record: Mapping[str, int]
    other_lea: int
    unknown_student: int
    unreadable: int
    posted: int
    waiting: int


@transaction.atomic
def read_back(*, actor: Actor, files: Iterable[RecordFile]) -> ReadBack:
    """Learn what the state holds from its extracts, and settle the waiting lines that it shows.

    Reading the same files again changes nothing. Raises :class:`NotAnExtract`; then nothing was read.
    """
    rows: dict[str, list[dict[str, str]]] = {}
    unreadable = 0
    for file in files:
        if not file.is_extract or file.record not in records.ORDER:
            raise NotAnExtract(
                f"{file.file} is a {file.record} file, and not an extract of what the state holds "
                f"({', '.join(f'{record}-R' for record in records.ORDER)})."
            )
        rows.setdefault(file.record, []).extend(rows_of(file))
        unreadable += len(file.set_aside)
    at = clock.now()
    own, other_lea = _own_lines(rows, actor.agency_code)
    students = students_by_ssid({values[records.SSID_FIELD[record]] for record, values in own.values()})
    learned = {
        key: Learned(record, values, students[values[records.SSID_FIELD[record]]])
        for key, (record, values) in own.items()
        if values[records.SSID_FIELD[record]] in students
    }
    changed = _changed(learned, actor.agency_code)
    learn_state_lines([learned[key] for key in changed], at=at)
    posted = _settle(actor, own.keys(), rows.keys())
    reconcile_students(learned[key].student_id for key in changed)
    result = ReadBack(
        by_record=dict(Counter(line.record for line in learned.values())),
        other_lea=other_lea,
        unknown_student=len(own) - len(learned),
        unreadable=unreadable,
        posted=posted,
        waiting=SubmissionLine.objects.filter(
            outcome="waiting", submission__lea_code=actor.agency_code, submission__state="written"
        ).count(),
    )
    log_change(actor=actor, action="read_back", detail={"lines": len(learned), "posted": posted})
    return result


def _own_lines(
    rows: Mapping[str, list[dict[str, str]]], lea_code: str
) -> tuple[dict[str, tuple[str, dict[str, str]]], int]:
    """Lines of this LEA by record key, and how many belong to another."""
    own: dict[str, tuple[str, dict[str, str]]] = {}
    other = 0
    for record, lines in rows.items():
        type_field = records.KEY_FIELDS[record][0].split(".")[0] + ".01"
        for row in lines:
            values = {**records.complete(record, row), type_field: record}
            if values[records.LEA_FIELD[record]] == lea_code:
                own[records.record_key(record, values)] = (record, values)
            else:
                other += 1
    return own, other


def _changed(learned: Mapping[str, Learned], lea_code: str) -> list[str]:
    """Keys whose values the state did not hold so far, as far as we knew."""
    held = {
        key: (values, student_id)
        for key, values, student_id in StateRecord.objects.filter(lea_code=lea_code).values_list(
            "record_key", "values", "student_id"
        )
    }
    return [
        key
        for key, line in learned.items()
        if held.get(key) != (records.content(line.record, line.values), line.student_id)
    ]


def _settle(actor: Actor, keys_in_extract: Iterable[str], read_records: Iterable[str]) -> int:
    """Mark waiting lines of written files as posted where the extract shows it; how many."""
    shown, read = set(keys_in_extract), set(read_records)
    waiting = list(
        SubmissionLine.objects.select_for_update(of=("self",))
        .filter(outcome="waiting", submission__lea_code=actor.agency_code, submission__state="written")
        .order_by("pk")
    )
    held = {
        record.record_key: record
        for record in StateRecord.objects.filter(record_key__in=[line.record_key for line in waiting])
    }
    posted = []
    for line in waiting:
        if line.kind == "delete":
            is_posted = line.record in read and line.record_key not in shown
        else:
            record = held.get(line.record_key)
            is_posted = line.record_key in shown and record is not None and is_equal(record, line)
        if is_posted:
            posted.append(line)
    post_by_extract(posted, lea_code=actor.agency_code)
    for submission in Submission.objects.filter(pk__in={line.submission_id for line in posted}):
        finish_written(submission)
    return len(posted)


def is_equal(held: StateRecord, line: SubmissionLine) -> bool:
    """Whether the state holds what the line says."""
    return records.content(line.record, held.values) == records.content(line.record, line.values)
