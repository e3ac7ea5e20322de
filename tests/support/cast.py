"""More students for the small world, so that each outcome of a meeting has a student of its own.

Most are copies of what the state holds of Alder (an IEP whose review is late), of Sage (an IEP that arrives
from the other district) or of Yarrow (no status); two are infants. Today is still November 23, 2026.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import parse_record_file, write_lines
from tests.support import state_files as w

if TYPE_CHECKING:
    from manzanita.students.models import Student

RECORDS = ("SWDS", "MEET", "PLAN", "SERV")
ENTERED, ARRIVED = date(2023, 8, 14), date(2026, 11, 2)


@dataclass(frozen=True, slots=True)
class Member:
    """One student. ``like`` names whose lines at the state are copied; empty for a child without any. ``stopped`` is
    the day and the reason of a status 2 that the former district reported."""

    first: str
    ssid: str
    born: date
    like: str = ""
    grade: str = "04"
    entered: date = ENTERED
    is_arriving: bool = False
    stopped: tuple[str, str] = ("", "")

    @property
    def status_code(self) -> str:
        """SENR 1.23: primary enrollment, or none but for special education."""
        return "50" if self.grade == "IN" else "10"


def _late(first: str, ssid: str) -> Member:
    return Member(first, ssid, date(2016, 5, 2), "alder")


def _unserved(first: str, ssid: str) -> Member:
    return Member(first, ssid, date(2017, 2, 3), grade="03")


def _arriving(first: str, ssid: str) -> Member:
    return Member(first, ssid, date(2015, 7, 1), "sage", "05", ARRIVED, is_arriving=True)


def _infant(first: str, ssid: str, born: date) -> Member:
    return Member(first, ssid, born, grade="IN", entered=date(2026, 8, 17))


CAST = {
    member.first.lower(): member
    for member in (
        _late("Bunting", "9900000041"),
        _late("Dunlin", "9900000042"),
        _late("Gadwall", "9900000043"),
        _late("Pipit", "9900000044"),
        _late("Siskin", "9900000045"),
        _late("Veery", "9900000046"),
        _unserved("Aster", "9900000051"),
        _unserved("Bluet", "9900000052"),
        _unserved("Comfrey", "9900000053"),
        _unserved("Dogwood", "9900000054"),
        _unserved("Fennel", "9900000055"),
        _arriving("Grebe", "9900000061"),
        _arriving("Knot", "9900000062"),
        _infant("Plover", "9900000021", date(2023, 12, 10)),
        _infant("Killdeer", "9900000022", date(2025, 3, 1)),
    )
}


def state_lines(record: str, members: Iterable[Member]) -> list[str]:
    """What the state holds of them, as lines of its extract."""
    lines = []
    for member in members:
        if not member.like:
            continue
        old, new = w.SSIDS[member.like], member.ssid
        rows = [row for row in w.state_rows()[record] if old in row.values()]
        if record == "SWDS" and member.stopped[0]:
            day, reason = member.stopped
            rows.append({**rows[0], "22.05": "2025-2026", "22.11": day, "22.12": "2", "22.13": reason})
        text = w.extract_text(record, rows)
        for was, becomes in (
            (old, new),
            (f"L{old[-4:]}", f"L{new[-4:]}"),
            (f"SE-{old[-4:]}", f"SE-{new[-4:]}"),
        ):
            text = text.replace(f"^{was}^", f"^{becomes}^")
        lines += text.splitlines()
    return lines


def write_files(folder: Path, members: Collection[Member] = tuple(CAST.values())) -> None:
    """The files of the small world's state, with ``members`` behind them."""
    w.write_files(folder)
    for record in RECORDS:
        append_lines(folder / f"ODS_{record}.txt", state_lines(record, members))
    senr = [row for member in members for row in _senr(member)]
    append_lines(folder / "SIS_SENR.txt", write_lines(layout("SENR"), senr))


def append_lines(path: Path, lines: list[str]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def _senr(member: Member) -> list[dict[str, str]]:
    here = w.senr(
        member.like or "yarrow",
        **{
            "1.08": member.ssid,
            "1.09": f"L{member.ssid[-4:]}",
            "1.10": member.first,
            "1.17": f"{member.born:%Y%m%d}",
            "1.22": f"{member.entered:%Y%m%d}",
            "1.23": member.status_code,
            "1.24": member.grade,
        },
    )
    if not member.is_arriving:
        return [here]
    left = {
        "1.04": w.OTHER_LEA,
        "1.05": w.OTHER_SCHOOL,
        "1.22": f"{ENTERED:%Y%m%d}",
        "1.25": "20261030",
        "1.26": "T160",
    }
    return [{**here, **left}, here]


def add_cast(names: Iterable[str] = CAST) -> dict[str, Student]:
    """Those of the cast as :func:`add_members` adds them; by name."""
    return add_members([CAST[name] for name in names])


def add_members(members: Sequence[Member]) -> dict[str, Student]:
    """Register them in the current database, enrolled, with what the state holds taken over; by name."""
    from manzanita.procedures.take_over import take_over_extracts
    from manzanita.students.actions import Identity, register_students

    students = register_students([Identity(m.first, "", "Testcase", "", m.born, "F") for m in members])
    for member, student in zip(members, students, strict=True):
        enroll(student, member)
    files = {
        record: "".join(f"{line}\n" for line in state_lines(record, members)).encode() for record in RECORDS
    }
    take_over_extracts(
        [parse_record_file(content, f"ODS_{record}.txt") for record, content in files.items()], by_id=None
    )
    for student in students:
        student.refresh_from_db()
    return {member.first.lower(): student for member, student in zip(members, students, strict=True)}


def enroll(student: Student, member: Member) -> None:
    """Its SSID, and its enrollment here; an arriving student was in the other district until October 30."""
    from manzanita.platform.facts import Statement
    from manzanita.students.actions import state_student_facts

    first_day = ENTERED if member.is_arriving else member.entered
    state_student_facts(
        "ssid",
        [Statement({"student_id": student.pk}, {"ssid": member.ssid}, first_day)],
        by_id=None,
        cause="test",
    )
    values = {
        "nps_code": "",
        "status_code": member.status_code,
        "grade_code": member.grade,
        "completion_code": "",
        "residence_code": "",
        "local_student_id": f"L{member.ssid[-4:]}",
    }
    here = Statement(
        {"student_id": student.pk, "lea_code": w.LEA, "started_on": member.entered},
        {**values, "school_code": w.SCHOOL, "exit_reason_code": ""},
        member.entered,
    )
    before = Statement(
        {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": ENTERED},
        {**values, "school_code": w.OTHER_SCHOOL, "exit_reason_code": "T160"},
        ENTERED,
        date(2026, 10, 30),
    )
    statements = [before, here] if member.is_arriving else [here]
    state_student_facts("enrollment", statements, by_id=None, cause="test")
