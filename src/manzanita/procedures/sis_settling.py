"""What the SIS files of one import say together.

:func:`settle` finds which lines repeat or contradict one another, and which line speaks for a student's name and birth
date. That depends on the files alone (and on who an SSID in dispute is known to be), so that a job that starts again
comes to the same lines in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from manzanita.domain.findings import Severity
from manzanita.domain.layouts import SIS_RECORDS
from manzanita.procedures.sis_lines import IDENTITY_FIELDS, Note, SisFile, SisLine
from manzanita.students.actions import Identity


@dataclass(frozen=True, slots=True)
class Settled:
    """What the files of one import say together, by ``SisLine.person``.

    ``enrolled_as`` is the identity on the newest SENR line, ``informed_by`` the newest SINF line (those lines have
    ``speaks``); ``first_starts`` is the first day of enrollment.
    """

    enrolled_as: Mapping[str, Identity]
    informed_by: Mapping[str, SisLine]
    first_starts: Mapping[str, date]


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
    enrolled_by, informed_by = (_let_newest_speak(group) for group in by_record.values())
    first_starts: dict[str, date] = {}
    for file in by_record["SENR"]:
        for line in file.lines:
            first_starts[line.person] = min(line.starts_on, first_starts.get(line.person, line.starts_on))
    enrolled_as = {person: line.identity for person, line in enrolled_by.items()}
    return Settled(enrolled_as, informed_by, first_starts)


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


def _let_newest_speak(files: Sequence[SisFile]) -> dict[str, SisLine]:
    """Mark for each person the line with the newest start, the later one of two; return it."""
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
    return newest
