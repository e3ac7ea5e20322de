"""What all files of an import say together: SSIDs, names, what is deleted, for loading their lines one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from manzanita.domain.same_person import Verdict, judge_identity
from manzanita.procedures.sis_identity import known_of
from manzanita.procedures.sis_lines import SisFile, SisLine
from manzanita.procedures.sis_settling import Settled, contradict
from manzanita.students.actions import Identity


@dataclass(frozen=True, slots=True)
class Whole:
    """What all files of an import say together, for loading their lines one after the other.

    ``ssids`` gives the SSID by ``SisLine.person`` where SENR names a student by local id only and SINF has the
    SSID; ``deleted`` are the keys of enrollments that the import deletes; ``local_ids`` those, by LEA, under which it
    states one.
    """

    settled: Settled
    ssids: Mapping[str, str]
    deleted: Collection[tuple[str, str, date]]
    local_ids: Collection[tuple[str, str]] = frozenset()

    def ssid_of(self, line: SisLine) -> str:
        """The SSID of the line's student as far as any line of the import knows it, or empty text."""
        return line.ssid or self.ssids.get(line.person, "" if "/" in line.person else line.person)

    def enrolled_as(self, line: SisLine) -> Identity | None:
        """Who the newest SENR line says the student of a SINF line is."""
        known = self.settled.enrolled_as
        local = local_person(line)
        return known.get(line.person) or (known.get(local) if self.ssids.get(local) == line.person else None)

    def informed_by(self, line: SisLine) -> SisLine | None:
        """The SINF line of the same LEA that will say after a SENR line who the student is."""
        informed = self.settled.informed_by.get(self.ssid_of(line))
        return informed if informed is not None and informed.lea_code == line.lea_code else None


def whole_of(files: Iterable[SisFile], settled: Settled) -> Whole:
    ssids: dict[str, str] = {}
    deleted = set()
    local_ids = set()
    for file in files:
        for line in file.lines:
            if line.is_delete:
                deleted.add(line.key)
            elif file.record == "SENR":
                local_ids.add((line.lea_code, line.local_id))
            elif file.record == "SINF" and line.local_id:
                enrolled = settled.enrolled_as.get(local_person(line))
                if enrolled is not None and not are_two(enrolled, line.identity):
                    ssids.setdefault(local_person(line), line.ssid)
    return Whole(settled, ssids, deleted, local_ids)


def local_person(line: SisLine) -> str:
    return f"{line.lea_code}/{line.local_id}"


def are_two(one: Identity, other: Identity) -> bool:
    """Whether two files under one local ID speak of two students."""
    verdict = judge_identity(known_of(one), known_of(other)).verdict
    return bool(contradict(one, other)) or verdict is Verdict.OTHER


def without(stated: Identity, other: Identity) -> Identity:
    """``stated`` without what ``other`` says otherwise."""
    is_said = {
        name: getattr(other, name) not in ("", None, getattr(stated, name)) for name in Identity.__slots__
    }
    blank: dict[str, Any] = {
        name: None if name == "birth_on" else "" for name, said in is_said.items() if said
    }
    return replace(stated, **blank) if blank else stated


def over(known: Identity, stated: Identity) -> Identity:
    """``known`` brought up to ``stated``; what is blank there stays as it is known."""
    changes = {
        name: value
        for name in Identity.__slots__
        if (value := getattr(stated, name)) not in ("", None) and value != getattr(known, name)
    }
    return replace(known, **changes) if changes else known
