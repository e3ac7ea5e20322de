"""Operations and sent lines as people read them: what changes, the exact line, every value with its origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from manzanita.accounts.queries import user_names
from manzanita.archive.models import Archive
from manzanita.archive.queries import origins_of
from manzanita.domain import layouts, records
from manzanita.domain.access import Actor
from manzanita.domain.codes import code_set
from manzanita.domain.fields import FIELDS, short_name
from manzanita.domain.layouts import YEAR_FIELD, Field
from manzanita.domain.specification import CONFIRMED, confidence_words
from manzanita.exchange.actions import TRANSACTION_CODES, line_values
from manzanita.exchange.holds import ON_ITS_WAY, SENT
from manzanita.exchange.models import Operation, SubmissionLine
from manzanita.exchange.plan import newest_lines
from manzanita.students.listing import ListRow, list_rows
from manzanita.students.scope import visible_to
from manzanita.ui.formats import plural, us_date
from manzanita.ui.jinja_env import url_or_none

# At most so many changed fields are told in a row; the opened line marks all.
_TOLD_CHANGES = 2
_SUMMARY_NUMBERS: Mapping[str, tuple[str, ...]] = {
    "SWDS": ("22.12", "22.13"),
    "MEET": ("24.14", "24.18"),
    "PLAN": ("23.13", "23.15", "23.20"),
    "SERV": ("25.11",),
}


def meaning(number: str, value: str) -> str:
    """``290 Specific learning disability`` for a code, ``10/07/2026`` for a date, anything else as it is."""
    declared = records_field(number)
    if declared.type == "date":
        return date_meant(value) or value
    return code_set(declared.code_set).label(value) if declared.code_set and value else value


def date_meant(value: str) -> str:
    """The date of the state ``value`` as people here write it, blank where it is none."""
    try:
        return us_date(records.parse_state_date(value))
    except ValueError:
        return ""


def records_field(number: str) -> Field:
    """The layout field of a state number."""
    return layouts.field(number)


def summary(record: str, values: Mapping[str, str]) -> str:
    """A line in a few words."""
    words = [
        meaning(number, values[number]) for number in _SUMMARY_NUMBERS.get(record, ()) if values.get(number)
    ]
    if record == "MEET":
        words.insert(0, "Plan review" if values.get("24.17") == "Y" else "No plan review")
        if not values.get("24.15"):
            words.insert(0, "Pending")
    if record == "SERV" and values.get("25.15"):
        words.append(f"{values['25.15']} minutes")
    return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: label, old and new value in words."""

    number: str
    label: str
    was: str
    becomes: str


def changes(record: str, old: Mapping[str, str] | None, new: Mapping[str, str]) -> list[Change]:
    """The fields in which ``new`` says something else than ``old``, in file order."""
    if old is None:
        return []
    before, after = records.content(record, old), records.content(record, new)
    return [
        Change(
            number,
            short_name(number),
            meaning(number, before[number]),
            meaning(number, after[number]) or "blank",
        )
        for number in after
        if before[number] != after[number]
    ]


@dataclass(frozen=True, slots=True)
class OpRow:
    """One row of the plan. ``expected_kind`` and ``expected`` are what the rules or a hold say of it."""

    operation: Operation
    what: str
    changes: Sequence[Change]
    more_changes: int
    cause: str
    cause_url: str | None
    expected_kind: str
    expected: str


@dataclass(frozen=True, slots=True)
class StudentGroup:
    """The operations of one student, in the order the state needs."""

    name: str
    url: str | None
    detail: str
    note: str
    rows: list[OpRow] = field(default_factory=list)


def student_names(actor: Actor, student_ids: Iterable[int]) -> dict[int, ListRow]:
    """Students of a page in the actor's scope, by id, for five queries."""
    students = list(visible_to(actor).filter(pk__in=set(student_ids)))
    return {row.student.pk: row for row in list_rows(students, actor)}


def name_of(row: ListRow | None) -> str:
    return f"{row.student.first_name} {row.student.last_name}" if row else "A student out of your scope"


def grouped(actor: Actor, operations: Sequence[Operation]) -> list[StudentGroup]:
    """Rows of these operations by student, for a fixed number of queries."""
    people = student_names(actor, (operation.student_id for operation in operations))
    groups: dict[int, StudentGroup] = {}
    for operation, row in zip(operations, rows_of_operations(operations), strict=True):
        if operation.student_id not in groups:
            groups[operation.student_id] = _group(people.get(operation.student_id), operation, operations)
        groups[operation.student_id].rows.append(row)
    return list(groups.values())


def rows_of_operations(operations: Sequence[Operation]) -> list[OpRow]:
    """One row for each operation, in the same order, for two queries."""
    archives = {
        archive.pk: archive
        for archive in Archive.objects.filter(
            pk__in={operation.archive_id for operation in operations if operation.archive_id}
        ).defer("document")
    }
    authors = user_names({archive.by_id for archive in archives.values() if archive.by_id})
    return [_row(operation, archives.get(operation.archive_id or 0), authors) for operation in operations]


def _group(person: ListRow | None, first: Operation, operations: Sequence[Operation]) -> StudentGroup:
    count = sum(operation.student_id == first.student_id for operation in operations)
    ssid = (person.ssid if person else "") or "No SSID yet"
    grade = person.enrollment.grade_code if person and person.enrollment else ""
    return StudentGroup(
        name=name_of(person),
        url=url_or_none("student", person.student.public_id) if person else None,
        detail=f"{ssid} · grade {grade}" if grade else ssid,
        note=plural(count, "operation"),
    )


def _row(operation: Operation, archive: Archive | None, authors: Mapping[int, str]) -> OpRow:
    differing = (
        changes(operation.record, operation.at_state, operation.values) if operation.kind == "replace" else []
    )
    kind, words = expected(operation)
    return OpRow(
        operation=operation,
        what=summary(operation.record, operation.values),
        changes=differing[:_TOLD_CHANGES],
        more_changes=max(0, len(differing) - _TOLD_CHANGES),
        cause=_cause(archive, authors),
        cause_url=url_or_none("archive", archive.public_id) if archive else None,
        expected_kind=kind,
        expected=words,
    )


def _cause(archive: Archive | None, authors: Mapping[int, str]) -> str:
    if archive is None:
        return "No archive holds it any more"
    author = authors.get(archive.by_id or 0, "")
    what = "Correction" if archive.cause == "correction" else "Archive"
    return f"{what} {us_date(archive.recorded_at)}{f', {author}' if author else ''}"


def expected(operation: Operation) -> tuple[str, str]:
    """What is to be expected of the state's answer: a status kind and its words."""
    if operation.hold_code == ON_ITS_WAY:
        return "progress", SENT
    if operation.hold_code:
        return "held", "Held"
    severities = [found["severity"] for found in operation.findings]
    told = sum(severity in ("fatal", "warning") for severity in severities)
    if told:
        return "warn", plural(told, "finding")
    if "not_evaluated" in severities:
        return "unevaluated", "Not evaluated"
    return "ok", "No finding"


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value of an opened line, with the two confidences that the guard of the real state reads."""

    number: str
    name: str
    value: str
    is_changed: bool
    blank_why: str
    origin: str
    position_confidence: str
    code_confidence: str

    @property
    def code_words(self) -> str:
        return confidence_words(self.code_confidence)


@dataclass(frozen=True, slots=True)
class OpenedLine:
    """One line opened: its exact text in parts, its values, and what it is compared with."""

    parts: Sequence[tuple[str, bool]]
    values: Sequence[ValueRow]
    note: str

    @property
    def fields(self) -> list[dict[str, Any]]:
        """As the kit's line view wants them."""
        return [
            {
                "number": row.number,
                "name": row.name,
                "value": row.value,
                "blank_why": row.blank_why,
                "changed": row.is_changed,
            }
            for row in self.values
        ]

    @property
    def unconfirmed_count(self) -> int:
        return sum(
            row.position_confidence not in CONFIRMED or row.code_confidence not in ("", *CONFIRMED)
            for row in self.values
        )


def opened_operation(operation: Operation) -> OpenedLine:
    """The line of an operation as it would leave now; its transaction id is given when it is sent."""
    values = {
        **operation.values,
        records.TRANSACTION_FIELD[operation.record]: TRANSACTION_CODES[operation.kind],
    }
    line = newest_lines([operation]).get((operation.student_id, operation.record_key))
    marked: set[str] = set()
    note = "The Local Record ID is given when the line is sent."
    if line is not None and line.outcome == "rejected" and operation.kind != "delete":
        differing = changes(operation.record, line.values, operation.values)
        marked = {change.number for change in differing}
        codes = ", ".join(error["code"] for error in line.errors)
        total = len(records.layout_of(operation.record, values).fields)
        if differing:
            told = "; ".join(f"{one.number} was {one.was or 'blank'}" for one in differing[:_TOLD_CHANGES])
            note = f"{len(differing)} of {total} fields differ from the line rejected on {us_date(line.answered_at)}"
            note += f": {told}, {codes}"
        else:
            marked = {error["field"] for error in line.errors if error.get("field")}
            note = f"The same line was rejected on {us_date(line.answered_at)}: {codes}"
    elif operation.kind == "replace":
        differing = changes(operation.record, operation.at_state, operation.values)
        marked = {change.number for change in differing}
        total = len(records.layout_of(operation.record, values).fields)
        note = f"{plural(len(differing), 'field')} of {total} differ from the state's"
    archive = Archive.objects.filter(pk=operation.archive_id).first() if operation.archive_id else None
    origins = origins_of(archive, operation.record_key) if archive and operation.kind != "delete" else {}
    return _opened(operation.record, values, origins, marked, note)


def opened_sent(line: SubmissionLine) -> OpenedLine:
    """A line exactly as it left, with the fields marked that the state named."""
    archive = Archive.objects.filter(pk=line.archive_id).first() if line.archive_id else None
    origins = origins_of(archive, line.record_key) if archive and line.kind != "delete" else {}
    marked = {error["field"] for error in line.errors if error.get("field")}
    return _opened(line.record, line_values(line), origins, marked, "")


def _opened(
    record: str, values: Mapping[str, str], origins: Mapping[str, str], marked: set[str], note: str
) -> OpenedLine:
    fields = records.layout_of(record, values).fields
    given = {
        records.TRANSACTION_FIELD[record]: "the operation",
        records.LOCAL_RECORD_FIELD[record]: "our number of this line",
    }
    parts: list[tuple[str, bool]] = []
    rows = []
    for position, one in enumerate(fields):
        text = values.get(one.number, "")
        parts += [("^", False)] if position else []
        parts.append((text, one.number in marked and bool(text)))
        declared = FIELDS.get(one.number)
        year = values.get(YEAR_FIELD[record]) or None
        known = code_set(one.code_set, year).codes.get(text) if one.code_set and text else None
        rows.append(
            ValueRow(
                number=one.number,
                name=short_name(one.number),
                value=meaning(one.number, text),
                is_changed=one.number in marked,
                blank_why=declared.blank_when if declared and not text else "",
                origin=(origins.get(one.number) or given.get(one.number, "")) if text else "",
                position_confidence=one.confidence,
                code_confidence=(known.code_confidence if known else "unknown")
                if one.code_set and text
                else "",
            )
        )
    return OpenedLine(parts, rows, note)
