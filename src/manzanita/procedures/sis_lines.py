"""What the lines of SIS files say, before anybody is looked up: readable lines, notes on the others.

A file is read once by :func:`read_sis_file`; :func:`settle` then looks at all files of one import together:
which lines repeat or contradict one another, and which line speaks for a student's name and birth date. Both
depend on the files alone (and on who an SSID in dispute is known to be), so that a job that starts again comes
to the same lines in the same order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

from manzanita.domain.findings import Finding, Owner, Severity
from manzanita.domain.layouts import SIS_RECORDS, Layout, layout
from manzanita.domain.layouts.files import LINE_CODE, RecordFile, UnreadableFile, parse_record_file
from manzanita.domain.records import parse_state_date
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
_ENROLLMENT_FIELDS = {
    "school_code": "1.05",
    "nps_code": "1.06",
    "status_code": "1.23",
    "grade_code": "1.24",
    "exit_reason_code": "1.26",
    "completion_code": "1.27",
    "local_student_id": "1.09",
}
_DELETE = "D"
_MESSAGE_LIMIT = 400

IN_THE_SIS = "Correct it in the SIS, export again, and import the new file."
AGAIN = "Mend the export and import the file again. What is loaded already is not doubled."


@dataclass(frozen=True, slots=True)
class Note:
    """What an import says of one line or one field; ``effect`` and ``line`` as on ``exchange.ImportNote``."""

    line: int
    code: str
    effect: str
    severity: Severity
    fields: tuple[str, ...]
    message: str
    owner: Owner = Owner.SIS
    fix: str = IN_THE_SIS


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


@dataclass(frozen=True, slots=True)
class Settled:
    """What the files of one import say together, by ``SisLine.person``.

    ``enrolled_as`` is the identity on the newest SENR line, ``informed_as`` that on the newest SINF line (those
    lines have ``speaks``); ``first_starts`` is the first day of enrollment.
    """

    enrolled_as: Mapping[str, Identity]
    informed_as: Mapping[str, Identity]
    first_starts: Mapping[str, date]


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
        values={attribute: row[n] for attribute, n in _ENROLLMENT_FIELDS.items()} if is_senr else {},
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


def settle(files: Sequence[SisFile], known_as: Callable[[set[str]], Mapping[str, Identity]]) -> Settled:
    """Look at all files of one import together; lines that may not be loaded are taken out of them, with notes.

    ``known_as`` gives the identity by SSID of students known here; it is asked once, for SSIDs in dispute.
    """
    by_record = {record: [f for f in files if f.record == record] for record in SIS_RECORDS}
    _name_persons(by_record["SENR"])
    _name_persons(by_record["SINF"])
    disputed = {line.ssid for group in by_record.values() for line in _in_dispute(group)}
    known = known_as(disputed) if disputed else {}
    for group in by_record.values():
        _take_out_contradictions(group, known)
    enrolled_as, informed_as = (_let_newest_speak(group) for group in by_record.values())
    first_starts: dict[str, date] = {}
    for file in by_record["SENR"]:
        for line in file.lines:
            first_starts[line.person] = min(line.starts_on, first_starts.get(line.person, line.starts_on))
    return Settled(enrolled_as, informed_as, first_starts)


def _name_persons(files: Iterable[SisFile]) -> None:
    ssids: dict[tuple[str, str], str] = {}
    for file in files:
        for line in file.lines:
            if line.ssid and line.local_id:
                ssids.setdefault((line.lea_code, line.local_id), line.ssid)
    for file in files:
        file.lines = [
            line
            if line.person
            else replace(
                line, person=ssids.get((line.lea_code, line.local_id)) or f"{line.lea_code}/{line.local_id}"
            )
            for line in file.lines
        ]


def contradict(one: Identity, other: Identity) -> tuple[str, ...]:
    """The parts of two identities that show two persons: another birth date, or other first and last names."""
    birth = bool(one.birth_on and other.birth_on and one.birth_on != other.birth_on)
    names = _differ(one.first_name, other.first_name) and _differ(one.last_name, other.last_name)
    return (*(("birth_on",) if birth else ()), *(("first_name", "last_name") if names else ()))


def is_other_person(known: Identity, stated: Identity) -> bool:
    """Whether nothing of who a student is known to be is left: first name, last name and birth date all differ."""
    return len(contradict(known, stated)) == 3


def _differ(one: str, other: str) -> bool:
    return one != other and bool(one and other) and one.casefold() != other.casefold()


def _in_dispute(files: Iterable[SisFile]) -> list[SisLine]:
    """Lines whose SSID stands on another line with another person."""
    first: dict[str, SisLine] = {}
    disputed = []
    for file in files:
        for line in file.lines:
            before = first.setdefault(line.ssid, line)
            if line.ssid and contradict(before.identity, line.identity):
                disputed.append(line)
    return disputed


def _take_out_contradictions(files: Sequence[SisFile], known: Mapping[str, Identity]) -> None:
    """Leave one line for each key, and one person for each SSID.

    Of two persons the one stands whom the SSID is known to name here; where it is new, the first.
    """
    stands: dict[str, tuple[SisFile, SisLine]] = {}
    for file in files:
        for line in file.lines:
            is_known = line.ssid in known and not contradict(known[line.ssid], line.identity)
            if line.person not in stands or (
                is_known and contradict(known[line.ssid], stands[line.person][1].identity)
            ):
                stands[line.person] = (file, line)
    taken: dict[tuple[str, str, date], tuple[SisFile, SisLine]] = {}
    for file in files:
        kept = []
        for line in file.lines:
            home, standing = stands[line.person]
            parts = contradict(standing.identity, line.identity) if not line.is_delete else ()
            before = taken.get(line.key)
            if parts:
                _refuse_second_person(file, line, home, standing, parts)
            elif before is None:
                taken[line.key] = (file, line)
                kept.append(line)
                if not line.is_delete:
                    _note_other_name(file, line, home, standing)
            else:
                _refuse_second_line(file, line, *before)
        file.lines = kept


def _refuse_second_person(
    file: SisFile, line: SisLine, home: SisFile, standing: SisLine, parts: tuple[str, ...]
) -> None:
    numbers = IDENTITY_FIELDS[file.record]
    what = " and ".join(
        {"birth_on": "birth date", "first_name": "first", "last_name": "last name"}[p] for p in parts
    )
    id_number = {"SENR": "1.08" if line.ssid else "1.09", "SINF": "2.09"}[file.record]
    name = f"{id_number} {'SSID' if line.ssid else 'Local Student ID'}"
    value = line.ssid or line.local_id
    where = _where(file, home, standing.line)
    file.refuse(
        Note(
            line.line,
            "MZ-DUPLICATE",
            "refused",
            Severity.FATAL,
            (id_number, *(numbers[part] for part in parts)),
            f"Line {line.line}: {name} {value} stands on {where} too, with another {what}: two students under one "
            f"number. {_capital(where)} is taken; this line is not loaded.",
            fix="Find out in the SIS which of the two the number belongs to, correct the other, and export again.",
        )
    )


def _where(file: SisFile, home: SisFile, number: int) -> str:
    return f"line {number}" if home is file else f"line {number} of {home.name}"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _note_other_name(file: SisFile, line: SisLine, home: SisFile, standing: SisLine) -> None:
    parts = [
        p
        for p in ("first_name", "last_name")
        if _differ(getattr(standing.identity, p), getattr(line.identity, p))
    ]
    if not parts:
        return
    what = {"first_name": "first name", "last_name": "last name"}[parts[0]]
    id_name = "1.08 SSID" if file.record == "SENR" else "2.09 SSID"
    if not line.ssid:
        id_name = "1.09 Local Student ID"
    file.notes.append(
        Note(
            line.line,
            "MZ-NAMES",
            "kept",
            Severity.WARNING,
            (id_name.split(" ")[0], IDENTITY_FIELDS[file.record][parts[0]]),
            f"Line {line.line}: {id_name} {line.ssid or line.local_id} has another {what} than "
            f"{_where(file, home, standing.line)}. Both lines are loaded as one student; the name on the newest "
            "enrollment counts.",
            fix="If these are two students, correct the number of one in the SIS and export again.",
        )
    )


def _refuse_second_line(file: SisFile, line: SisLine, home: SisFile, before: SisLine) -> None:
    where = _where(file, home, before.line)
    key = ("1.04", "1.08" if line.ssid else "1.09", "1.22") if file.record == "SENR" else ("2.09", "2.04")
    if replace(line, line=0) == replace(before, line=0):
        file.counts["unchanged"] += 1
        file.notes.append(
            Note(
                line.line,
                "MZ-REPEATED",
                "kept",
                Severity.INFO,
                key,
                f"Line {line.line} says the same as {where}. It is taken once.",
                fix="Nothing is left to do here; the export writes the line twice.",
            )
        )
        return
    kind = (
        "enrollment (same LEA, student and start date)"
        if file.record == "SENR"
        else "record (same SSID and date)"
    )
    file.refuse(
        Note(
            line.line,
            "MZ-DUPLICATE",
            "refused",
            Severity.FATAL,
            key,
            f"Line {line.line} is the same {kind} as {where} and says something else. {_capital(where)} is taken; "
            "this line is not loaded.",
            fix="Find out in the SIS which of the two is right, remove the other, and export again.",
        )
    )


def _let_newest_speak(files: Sequence[SisFile]) -> dict[str, Identity]:
    """Mark for each person the line with the newest start, the later one of two; return what it says."""
    newest: dict[str, SisLine] = {}
    for file in files:
        for line in file.lines:
            before = newest.get(line.person)
            if not line.is_delete and (before is None or before.starts_on <= line.starts_on):
                newest[line.person] = line
    for file in files:
        file.lines = [
            replace(line, speaks=True) if newest.get(line.person) is line else line for line in file.lines
        ]
    return {person: line.identity for person, line in newest.items()}
