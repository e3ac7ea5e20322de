"""Reading back by hand: files of rejected records, each line as it was sent with the state's error behind it.

The state's own form of such a file is not public. This reads that of the practice state: the line as it came, and
three more columns, code, field and text; a line with two errors stands twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain import records
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.domain.layouts.recognizing import layout_of_line
from manzanita.exchange.actions import TRANSACTION_CODES, finish_written, reject_lines
from manzanita.exchange.models import Submission, SubmissionLine
from manzanita.exchange.readback import LeftOut
from manzanita.ui.formats import us_date

_LONGEST_CODE, _LONGEST_TEXT = 20, 400


class NotRejectedRecords(ValueError):
    """A file of rejected records that cannot be taken; ``str`` names the line and what to do."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One line of a file of rejected records: where it stands, the record as sent, one error."""

    file: str
    line: int
    record: str
    values: Mapping[str, str]
    error: Mapping[str, str | None]

    @property
    def transaction_id(self) -> str:
        return self.values[records.LOCAL_RECORD_FIELD[self.record]]

    @property
    def key(self) -> str:
        return records.record_key(self.record, self.values)


@dataclass(frozen=True, slots=True)
class RejectedRead:
    """Counts of one reading by lines of ours: newly noted, noted before; and every row that matched none."""

    noted: int
    noted_before: int
    left_out: Sequence[LeftOut]


def is_rejected_file(data: bytes) -> bool:
    """Whether the first line is a record as sent, with more columns than it has."""
    first = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].split(b"^")
    record = first[0].decode("ascii", "replace")
    if record not in records.ORDER:
        return False
    columns = [column.decode("utf-8", "replace") for column in first]
    return len(columns) > len(layout_of_line(columns).fields)


def parse_rejected(data: bytes, file: str) -> list[RejectedRow]:
    """The rows of a file. Raises :class:`NotRejectedRecords` for one that is damaged: nothing of it is then read."""
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise NotRejectedRecords(
            f"{file}, line {number}: a character is not UTF-8. Take the file from the state's site anew."
        ) from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            rows.append(_row(line.removesuffix("\r"), file, number))
    return rows


def _row(line: str, file: str, number: int) -> RejectedRow:
    columns = line.split("^")
    record = columns[0]
    if record not in records.ORDER:
        raise NotRejectedRecords(
            f'{file}, line {number} starts with "{record[:20]}", and not with {", ".join(records.ORDER)}. Take the '
            "file of rejected records from the state's site anew, without opening it in between."
        )
    numbers = layout_of_line(columns).numbers
    count = len(numbers)
    if len(columns) < count + 3:
        raise NotRejectedRecords(
            f"{file}, line {number} has {len(columns)} columns; a rejected {record} has {count}, then code, field and "
            "text of its error. The line is cut off: take the file from the state's site anew."
        )
    code, field, text = columns[count], columns[count + 1], "^".join(columns[count + 2 :])
    if not code or len(code) > _LONGEST_CODE or field not in ("", *numbers):
        raise NotRejectedRecords(
            f'{file}, line {number}: "{code[:20]}" and "{field[:20]}" are not the code and the field of an error in a '
            f"{record}. A value of the line probably holds a caret (^); take the file anew, or note this rejection at "
            "the line itself."
        )
    error = {"code": code, "field": field or None, "text": text[:_LONGEST_TEXT]}
    return RejectedRow(file, number, record, dict(zip(numbers, columns, strict=False)), error)


@transaction.atomic
def read_rejected(*, actor: Actor, rows: Sequence[RejectedRow]) -> RejectedRead:
    """Note the state's errors at the lines of uploaded files they belong to: by Local Record ID, else by key.

    Reading the same rows again changes nothing. Raises :class:`NotRejectedRecords` for another LEA's; then nothing
    was noted.
    """
    lea_code = str(actor.agency_code)
    for row in rows:
        code = row.values[records.LEA_FIELD[row.record]]
        if code != lea_code:
            raise NotRejectedRecords(
                f"{row.file}, line {row.line} is of {code[:7]}, and you work for {lea_code}. Read it under a grant at "
                "that district, or take your own district's file."
            )
    lines = _sent_lines(rows, lea_code)
    left_out: list[LeftOut] = []
    errors: dict[int, list[Mapping[str, Any]]] = {}
    matched: dict[int, SubmissionLine] = {}
    before: set[int] = set()
    for row in rows:
        name = row.transaction_id or _place(row.key, row.values[records.TRANSACTION_FIELD[row.record]])
        line = lines.get(name)
        why = _why_not(row, line)
        if line is None or why:
            left_out.append(why or _unknown(row))
        elif line.outcome == "rejected":
            before.add(line.pk)
        else:
            matched[line.pk] = line
            errors.setdefault(line.pk, []).append(row.error)
    reject_lines([(line, errors[pk]) for pk, line in matched.items()], lea_code=lea_code)
    for submission in Submission.objects.filter(pk__in={line.submission_id for line in matched.values()}):
        finish_written(submission)
    if matched:
        log_change(actor=actor, action="read_rejected", detail={"lines": len(matched)})
    return RejectedRead(len(matched), len(before), left_out)


def _sent_lines(rows: Sequence[RejectedRow], lea_code: str) -> dict[str, SubmissionLine]:
    """Lines of this LEA by their transaction id; and of files, the newest by key and transaction type."""
    sent = (
        SubmissionLine.objects.select_for_update(of=("self",))
        .select_related("submission")
        .filter(submission__lea_code=lea_code)
        .order_by("pk")
    )
    without_id = {row.key for row in rows if not row.transaction_id}
    by_key = sent.filter(record_key__in=without_id, submission__form="files")
    by_id = sent.filter(transaction_id__in={row.transaction_id for row in rows} - {""})
    return {
        **{_place(line.record_key, TRANSACTION_CODES[line.kind]): line for line in by_key},
        **{line.transaction_id: line for line in by_id},
    }


def _place(key: str, transaction_type: str) -> str:
    """What stands for a line that names no transaction: its key, and whether it deletes."""
    return f"{key} {'D' if transaction_type == 'D' else 'A'}"


def _why_not(row: RejectedRow, line: SubmissionLine | None) -> LeftOut | None:
    """Why an error is not noted at the line that it names."""
    if line is None:
        return None
    place = f"line {line.position} of the file written on {us_date(line.submission.created_at)}"
    if line.outcome == "posted":
        return _left_out(
            row,
            f"It names {place}, which the state's extract has shown as posted.",
            "Read the newest extract; where it lacks the line, correct and send it again.",
        )
    if line.outcome == "rejected" and not any(_is_same(row.error, known) for known in line.errors):
        return _left_out(
            row,
            f"It names {place}, whose rejection was noted before with other words.",
            "Compare both at the line; the first stays.",
        )
    if line.outcome == "waiting" and line.submission.state != "written":
        return _left_out(
            row,
            f"It names {place}, which went over the API.",
            "Nothing to do: its answer comes by itself.",
        )
    return None


def _is_same(error: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    return all(error[name] == known.get(name) for name in ("code", "field", "text"))


def _unknown(row: RejectedRow) -> LeftOut:
    what = f"the Local Record ID {row.transaction_id[:40]}" if row.transaction_id else "this key"
    return _left_out(
        row,
        f"No line of an upload from here has {what}.",
        "Somebody uploaded it otherwise: ask who, and correct it where it was made.",
    )


def _left_out(row: RejectedRow, text: str, way_out: str) -> LeftOut:
    return LeftOut(row.file, row.line, row.record, text, str(Owner.COORDINATOR), way_out)
