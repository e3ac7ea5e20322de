"""Reading back by hand: the state's own extracts say which lines of uploaded files have arrived.

A waiting line counts as posted when the extract names its transaction in Local Record ID, or holds exactly its
values under its key; a waiting delete when the extract of its record type no longer holds its key. Nothing is
concluded from what an extract lacks otherwise: it may be older than the upload.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain import records
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.domain.layouts.files import RecordFile
from manzanita.exchange.actions import finish_written, post_by_extract
from manzanita.exchange.models import StateRecord, Submission, SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.state_book import Learned, learn_state_lines
from manzanita.platform import clock
from manzanita.platform.reach import whole_installation
from manzanita.students.queries import students_by_ssid


class NotAnExtract(ValueError):
    """A file that is not a whole state extract of one of the four records for this LEA; ``str`` says what it is,
    in which line, and what to do."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One line of a file of the state that was not matched to anything of ours: where it stands, why, whose job."""

    file: str
    line: int
    record: str
    text: str
    owner: str
    way_out: str


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Counts of one reading: lines by record type, those of other LEAs, and what became of waiting lines, by what
    they were matched; and each line of our own LEA that was left out."""

    by_record: Mapping[str, int]
    other_lea: int
    posted_by_id: int
    posted_by_key: int
    waiting: int
    left_out: Sequence[LeftOut]

    @property
    def posted(self) -> int:
        return self.posted_by_id + self.posted_by_key


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of an extract, of our LEA."""

    file: str
    line: int
    record: str
    values: Mapping[str, str]

    @property
    def ssid(self) -> str:
        return self.values[records.SSID_FIELD[self.record]]

    @property
    def transaction_id(self) -> str:
        return self.values[records.LOCAL_RECORD_FIELD[self.record]]


@whole_installation("the state's extract names students by SSID, wherever they are enrolled")
@transaction.atomic
def read_back(*, actor: Actor, files: Sequence[RecordFile]) -> ReadBack:
    """Learn what the state holds from its extracts, and settle the waiting lines that it shows.

    Reading the same files again changes nothing. Raises :class:`NotAnExtract`; then nothing was read.
    """
    lea_code = str(actor.agency_code)
    own, other_lea = _own_rows(files, lea_code)
    by_id, by_key = _shown(own, {file.record for file in files}, lea_code)
    post_by_extract([*by_id, *by_key], lea_code=lea_code)
    for submission in Submission.objects.filter(pk__in={line.submission_id for line in [*by_id, *by_key]}):
        finish_written(submission)
    students = students_by_ssid({row.ssid for row in own.values()})
    learned = {
        key: Learned(row.record, row.values, students[row.ssid])
        for key, row in own.items()
        if row.ssid in students
    }
    # After the settling: the state's own values stand, also where it changed what it was sent.
    changed = _changed(learned, lea_code)
    learn_state_lines([learned[key] for key in changed], at=clock.now())
    reconcile_students(learned[key].student_id for key in changed)
    result = ReadBack(
        by_record=dict(Counter(line.record for line in learned.values())),
        other_lea=other_lea,
        posted_by_id=len(by_id),
        posted_by_key=len(by_key),
        waiting=waiting_of_files(lea_code),
        left_out=[*_unknown_students(own.values(), students), *_unknown_transactions(own.values())],
    )
    log_change(actor=actor, action="read_back", detail={"lines": len(learned), "posted": result.posted})
    return result


def waiting_of_files(lea_code: str) -> int:
    """How many lines of an LEA's written files wait for an answer."""
    return SubmissionLine.objects.filter(
        outcome="waiting", submission__lea_code=lea_code, submission__state="written"
    ).count()


def _own_rows(files: Iterable[RecordFile], lea_code: str) -> tuple[dict[str, _Row], int]:
    """Lines of this LEA by record key, and how many belong to another. Raises :class:`NotAnExtract`."""
    own: dict[str, _Row] = {}
    other_lea = 0
    for file in files:
        _require_whole_extract(file)
        others: list[tuple[int, str]] = []
        type_field = records.KEY_FIELDS[file.record][0].split(".")[0] + ".01"
        for given in file.frame.sort("line").to_dicts():
            number = given.pop("line")
            values = {**records.complete(file.record, given), type_field: file.record}
            code = values[records.LEA_FIELD[file.record]]
            if code == lea_code:
                own[records.record_key(file.record, values)] = _Row(file.file, number, file.record, values)
            else:
                others.append((number, code))
        if others and len(others) == file.frame.height:
            raise NotAnExtract(
                f"{file.file} holds nothing of {lea_code}: line {others[0][0]} is of {others[0][1][:7]}. Take the "
                "extract of your own district from the state's site, or read this one under a grant at that district."
            )
        other_lea += len(others)
    return own, other_lea


def _require_whole_extract(file: RecordFile) -> None:
    if not file.is_extract or file.record not in records.ORDER:
        raise NotAnExtract(
            f"{file.file} is a {file.record} file, and not an extract of what the state holds "
            f"({', '.join(f'{record}-R' for record in records.ORDER)})."
        )
    if file.set_aside:
        # A line that cannot be read may be the one whose absence would settle a delete.
        more = f" {len(file.set_aside) - 1} more lines are damaged." if len(file.set_aside) > 1 else ""
        raise NotAnExtract(
            f"{file.file} is damaged, and nothing of it was read. {file.set_aside[0].message}{more} Take the extract "
            "from the state's site anew."
        )


def _shown(
    own: Mapping[str, _Row], read_records: set[str], lea_code: str
) -> tuple[list[SubmissionLine], list[SubmissionLine]]:
    """Waiting lines of written files that the extracts show as posted: by transaction id, and by key."""
    waiting = list(
        SubmissionLine.objects.select_for_update(of=("self",))
        .filter(outcome="waiting", submission__lea_code=lea_code, submission__state="written")
        .order_by("pk")
    )
    by_id, by_key = [], []
    for line in waiting:
        row = own.get(line.record_key)
        if line.kind == "delete":
            if row is None and line.record in read_records:
                by_key.append(line)
        elif row is not None and row.transaction_id == line.transaction_id:
            by_id.append(line)
        elif row is not None and _says_the_same(line, row.values):
            by_key.append(line)
    return by_id, by_key


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


def _unknown_students(rows: Iterable[_Row], students: Mapping[str, int]) -> list[LeftOut]:
    return [
        LeftOut(
            row.file,
            row.line,
            row.record,
            "Its SSID belongs to nobody known here.",
            str(Owner.SIS),
            "Take in the SIS files that enroll the student, then read this extract again.",
        )
        for row in rows
        if row.ssid not in students
    ]


def _unknown_transactions(rows: Iterable[_Row]) -> list[LeftOut]:
    """Lines that name a transaction in our form which we never sent, by another installation perhaps."""
    named = {row.transaction_id: row for row in rows if row.transaction_id.startswith("MZ")}
    ours = SubmissionLine.objects.filter(transaction_id__in=list(named)).values_list(
        "transaction_id", flat=True
    )
    return [
        LeftOut(
            row.file,
            row.line,
            row.record,
            f"Its Local Record ID {transaction[:40]} looks like one of ours, and no line sent from here has it. What "
            "the line says was taken as what the state holds.",
            str(Owner.COORDINATOR),
            "Find out who else sends for this district.",
        )
        for transaction, row in named.items()
        if transaction not in set(ours)
    ]


def is_equal(held: StateRecord, line: SubmissionLine) -> bool:
    """Whether the state holds what the line says."""
    return _says_the_same(line, held.values)


def _says_the_same(line: SubmissionLine, values: Mapping[str, str]) -> bool:
    return records.content(line.record, values) == records.content(line.record, line.values)
