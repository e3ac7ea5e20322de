"""What the lines of SIS files say, before anybody is looked up: readable lines, notes on the others.

A file is read once by :func:`read_sis_file`. What the files of one import say together is found by
``procedures.sis_settling``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from manzanita.domain.findings import Finding, Owner, Severity
from manzanita.domain.layouts import SIS_RECORDS, Layout, layout
from manzanita.domain.layouts.files import LINE_CODE, RecordFile, UnreadableFile, parse_record_file
from manzanita.domain.records import parse_state_date
from manzanita.domain.residence import is_district_code
from manzanita.domain.validation import load_frame
from manzanita.students.actions import Identity
from manzanita.ui.formats import plural

# Where each part of an identity stands in the two files.
IDENTITY_FIELDS: Mapping[str, Mapping[str, str]] = {
    "SENR": {
        "first_name": "1.10",
        "middle_name": "1.11",
        "last_name": "1.12",
        "suffix": "1.13",
        "birth_on": "1.17",
        "gender_code": "1.18",
    },
    "SINF": {
        "first_name": "2.11",
        "middle_name": "2.12",
        "last_name": "2.13",
        "suffix": "2.14",
        "birth_on": "2.18",
        "gender_code": "2.19",
    },
}
RESIDENCE = "1.31"
_ENROLLMENT_FIELDS = {
    "school_code": "1.05",
    "nps_code": "1.06",
    "status_code": "1.23",
    "grade_code": "1.24",
    "exit_reason_code": "1.26",
    "completion_code": "1.27",
    "local_student_id": "1.09",
    "residence_code": RESIDENCE,
}
_DELETE = "D"
_MESSAGE_LIMIT = 400

IN_THE_SIS = "Correct it in the SIS, export again, and import the new file."
AGAIN = "Mend the export and import the file again. What is loaded already is not doubled."


@dataclass(frozen=True, slots=True)
class Note:
    """What an import says of one line or one field; ``effect``, ``line`` and ``about`` as on
    ``exchange.ImportNote``."""

    line: int
    code: str
    effect: str
    severity: Severity
    fields: tuple[str, ...]
    message: str
    owner: Owner = Owner.SIS
    fix: str = IN_THE_SIS
    about: str = ""


@dataclass(frozen=True, slots=True)
class SisLine:
    """One line that can be loaded.

    ``starts_on`` is 1.22 or 2.04. ``person`` names the student within this import: the SSID, or LEA and local id
    while no line of that local id has an SSID. ``speaks``: of the lines of that student this one says who it is.
    ``values`` are the contents of the enrollment, empty for SINF.
    """

    line: int
    lea_code: str
    ssid: str
    local_id: str
    starts_on: date
    ends_on: date | None
    is_delete: bool
    identity: Identity
    values: Mapping[str, str]
    person: str = ""
    speaks: bool = False

    @property
    def key(self) -> tuple[str, str, date]:
        """LEA, student and start date; the LEA is not part of a SINF line's key."""
        return (self.lea_code if self.values else "", self.person, self.starts_on)


@dataclass(slots=True)
class SisFile:
    """One file, read. ``record`` is empty where no record type could be read.

    ``counts`` are the lines that are settled without looking anybody up: refused, elsewhere, unchanged (repeated).
    """

    name: str
    record: str = ""
    line_count: int = 0
    lines: list[SisLine] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def refuse(self, note: Note) -> None:
        self.notes.append(note)
        self.counts["refused"] += 1


def read_sis_file(data: bytes, name: str, *, lea_code: str) -> SisFile:
    """Read one file for the LEA ``lea_code`` (empty: lines of every LEA are taken)."""
    file = SisFile(name)
    try:
        record_file = parse_record_file(data, name)
    except UnreadableFile as unreadable:
        _note_unreadable(file, unreadable)
        return file
    file.record = record_file.record + ("-R" if record_file.is_extract else "")
    file.line_count = record_file.frame.height + len(record_file.set_aside)
    if file.record not in SIS_RECORDS:
        _note_wrong_kind(file)
        return file
    for finding in record_file.set_aside:
        file.refuse(_note_of(finding, "refused", AGAIN))
    frame = _checked(file, record_file)
    elsewhere: dict[str, list[int]] = defaultdict(list)
    for row in _needed_columns(frame, file.record).iter_rows(named=True):
        line = _line_of(file, row, record_file.layout)
        if line is None:
            continue
        if lea_code and line.lea_code != lea_code:
            elsewhere[line.lea_code].append(line.line)
        else:
            file.lines.append(line)
    for other_code, numbers in elsewhere.items():
        _note_elsewhere(file, other_code, numbers, lea_code)
    return file


def _note_unreadable(file: SisFile, unreadable: UnreadableFile) -> None:
    line = unreadable.findings[0].line if unreadable.findings else None
    file.notes.append(
        Note(
            line or 0,
            "MZ-FILE",
            "refused",
            Severity.FATAL,
            (),
            _cut(str(unreadable)),
            fix="Export SENR (enrollment) or SINF (student information) from the SIS and import that file.",
        )
    )


def _note_wrong_kind(file: SisFile) -> None:
    if file.record.endswith("-R"):
        text = (
            f"{file.name} is an extract from the state ({file.record}), not a file of the SIS. Nothing of it is "
            "loaded here."
        )
    else:
        text = (
            f"{file.name} holds {file.record} records, and SIS files are SENR or SINF. Nothing of it is loaded: "
            "special education records are made here, from meetings."
        )
    file.counts["refused"] = file.line_count
    file.notes.append(
        Note(
            0,
            "MZ-FILE",
            "refused",
            Severity.FATAL,
            (),
            _cut(text),
            owner=Owner.COORDINATOR,
            fix="Choose the SENR or SINF file of the SIS.",
        )
    )


def _note_elsewhere(file: SisFile, other_code: str, numbers: Sequence[int], lea_code: str) -> None:
    number = IDENTITY_LEA[file.record]
    file.counts["elsewhere"] += len(numbers)
    file.notes.append(
        Note(
            numbers[0],
            "MZ-OTHER-LEA",
            "elsewhere",
            Severity.INFO,
            (number,),
            f"{plural(len(numbers), 'line')} of LEA {other_code}, the first is line {numbers[0]}: not loaded, because "
            f"you act for LEA {lea_code}.",
            owner=Owner.COORDINATOR,
            fix=f"The coordinator of LEA {other_code} imports them. Nothing is left to do here.",
        )
    )


IDENTITY_LEA = {"SENR": "1.04", "SINF": "2.06"}


def _checked(file: SisFile, record_file: RecordFile) -> pl.DataFrame:
    """The lines whose key can be read, with bad values emptied; what was wrong becomes notes."""
    loaded = load_frame(record_file)
    frame = loaded.frame
    # Of two things said of one field the later one says more: a date of ten characters is no date.
    findings = list({(finding.line, finding.fields): finding for finding in loaded.findings}.values())
    found_lines = {finding.line for finding in findings if finding.line is not None}
    before, after = (
        {row["line"]: row for row in f.filter(pl.col("line").is_in(list(found_lines))).to_dicts()}
        for f in (record_file.frame, frame)
    )
    refused: set[int] = set()
    for finding in findings:
        line = finding.line or 0
        if line not in after or finding.fields == (IDENTITY_LEA[file.record],):
            refused.add(line)
            file.notes.append(_note_of(finding, "refused", IN_THE_SIS))
        elif any(before[line][number] != after[line][number] for number in finding.fields):
            file.notes.append(_note_of(finding, "emptied", IN_THE_SIS))
            file.counts["emptied"] += 1
        else:
            file.notes.append(_note_of(finding, "kept", _LOOK if finding.code == "GERR0002" else IN_THE_SIS))
    file.counts["refused"] += len(refused)
    return frame.filter(~pl.col("line").is_in(list(refused)))


_LOOK = "If the SIS means another code, correct it there; if the state does use this code, have the code set updated."
_SUFFIXES = {
    "key": " It is part of the key, so the line is not loaded.",
    "lea": " Nothing says whose line it is, so the line is not loaded.",
    "refused": " The line is not loaded: its key is wrong too.",
    "emptied": " The field is left empty; the rest of the line is loaded.",
    "kept": "",
}


def _note_of(finding: Finding, effect: str, fix: str) -> Note:
    suffix = ""
    if finding.fields and finding.code != LINE_CODE:
        record = finding.record or ""
        sort = effect
        if effect == "refused" and set(finding.fields) <= set(layout(record).key):
            sort = "key"
        elif effect == "refused" and finding.fields == (IDENTITY_LEA[record],):
            sort = "lea"
        suffix = _SUFFIXES[sort]
    return Note(
        finding.line or 0,
        finding.code,
        effect,
        Severity.WARNING if effect == "kept" else finding.severity,
        finding.fields,
        _cut(finding.message + suffix),
        fix=fix,
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MESSAGE_LIMIT else text[: _MESSAGE_LIMIT - 1] + "…"


def _needed_columns(frame: pl.DataFrame, record: str) -> pl.DataFrame:
    """The columns an import reads; names and ids without the blanks that exports pad them with."""
    wanted = set(IDENTITY_FIELDS[record].values()) | {IDENTITY_LEA[record]}
    if record == "SENR":
        wanted |= {"1.02", "1.08", "1.22", "1.25", *_ENROLLMENT_FIELDS.values()}
    else:
        wanted |= {"2.02", "2.04", "2.09", "2.10"}
    return frame.sort("line").select("line", *(pl.col(number).str.strip_chars() for number in sorted(wanted)))


def _line_of(file: SisFile, row: Mapping[str, str], layout: Layout) -> SisLine | None:
    """The line as it can be loaded, or ``None`` after saying why not."""
    number = int(row["line"])
    is_senr = file.record == "SENR"
    lea, ssid, local, start, kind = (
        (row["1.04"], row["1.08"], row["1.09"], "1.22", row["1.02"])
        if is_senr
        else (row["2.06"], row["2.09"], row["2.10"], "2.04", row["2.02"])
    )
    ssid_number = "1.08" if is_senr else "2.09"

    def name(field: str) -> str:
        return f"{field} {layout.by_number[field].name}"

    def refused(fields: tuple[str, ...], text: str, fix: str = IN_THE_SIS) -> None:
        message = f"Line {number}: {text} The line is not loaded."
        file.refuse(Note(number, "MZ-KEY", "refused", Severity.FATAL, fields, _cut(message), fix=fix))

    if not row[start]:
        refused((start,), f"{name(start)} is empty, and it is part of the key.")
        return None
    if not lea:
        refused((IDENTITY_LEA[file.record],), f"{name(IDENTITY_LEA[file.record])} is empty.")
        return None
    if not ssid and not (is_senr and local):
        text = "is empty, and so is 1.09 Local Student ID: nothing says whose line it is."
        if not is_senr:
            text = "is empty, and it is part of the key."
        refused((ssid_number, "1.09") if is_senr else (ssid_number,), f"{name(ssid_number)} {text}")
        return None
    if not is_senr and kind == _DELETE:
        refused(
            ("2.02",),
            "2.02 Transaction Type Code is D, and a student's identity is not deleted from a file.",
            "Nothing is left to do where the enrollment stands; else delete the enrollment with a SENR line.",
        )
        return None
    starts_on = parse_state_date(row[start])
    return SisLine(
        line=number,
        lea_code=lea,
        ssid=ssid,
        local_id=local,
        starts_on=starts_on,
        ends_on=_exit(file, row, starts_on) if is_senr and kind != _DELETE else None,
        is_delete=kind == _DELETE,
        identity=_identity(row, IDENTITY_FIELDS[file.record]),
        values=_enrollment(file, row, is_delete=kind == _DELETE) if is_senr else {},
        person=ssid,
    )


def _identity(row: Mapping[str, str], numbers: Mapping[str, str]) -> Identity:
    texts = {name: row[number] for name, number in numbers.items() if name != "birth_on"}
    birth = row[numbers["birth_on"]]
    try:
        birth_on = parse_state_date(birth) if birth else None
    except ValueError:
        # Only a line that deletes still has a bad date here: it is checked in its key alone.
        birth_on = None
    return Identity(**texts, birth_on=birth_on)


def _enrollment(file: SisFile, row: Mapping[str, str], *, is_delete: bool) -> dict[str, str]:
    values = {attribute: row[number] for attribute, number in _ENROLLMENT_FIELDS.items()}
    code = values["residence_code"]
    if code and not is_district_code(code):
        values["residence_code"] = ""
        if not is_delete:
            _note_no_district(file, int(row["line"]), code)
    return values


def _note_no_district(file: SisFile, line: int, code: str) -> None:
    file.counts["emptied"] += 1
    file.notes.append(
        Note(
            line,
            "MZ-RESIDENCE",
            "emptied",
            Severity.WARNING,
            (RESIDENCE,),
            f'Line {line}: 1.31 District of Geographic Residence: "{code[:40]}" is no district: county and district '
            "are 7 digits. The field is left empty, so nobody is told where the student lives; the rest of the line "
            "is loaded.",
            fix="Enter the seven digits of county and district in the SIS. If zeros at the front are lost, a "
            "spreadsheet took them: export again as text.",
        )
    )


def _exit(file: SisFile, row: Mapping[str, str], starts_on: date) -> date | None:
    text = row["1.25"]
    if not text:
        return None
    ends_on = parse_state_date(text)
    if ends_on >= starts_on:
        return ends_on
    line = int(row["line"])
    file.counts["emptied"] += 1
    file.notes.append(
        Note(
            line,
            "MZ-EXIT",
            "emptied",
            Severity.FATAL,
            ("1.22", "1.25"),
            f"1.25 Enrollment Exit Date: {_day(ends_on)} is before the enrollment starts, {_day(starts_on)}. The exit "
            "date is left empty; the rest of the line is loaded, so the student counts as enrolled.",
        )
    )
    return None


def _day(day: date) -> str:
    return f"{day:%m/%d/%Y}"
