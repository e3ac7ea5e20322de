"""SIS files of a few lines, and what an import of them says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from manzanita.domain.layouts import layout
from manzanita.exchange.models import ImportNote, ImportRun
from manzanita.students.models import Enrollment, Ssid, Student
from tests.support import world as w

FERN_SSID = "9900000021"


def fern(**changes: str) -> dict[str, str]:
    """A SENR line of a student who is not known yet."""
    values = {
        "1.04": w.LEA,
        "1.05": w.SCHOOL,
        "1.08": FERN_SSID,
        "1.09": "L0021",
        "1.10": "Fern",
        "1.12": "Sample",
        "1.17": "20170211",
        "1.18": "F",
        "1.22": "20260815",
        "1.23": "10",
        "1.24": "03",
    }
    return {**values, **changes}


def fern_info(**changes: str) -> dict[str, str]:
    values = {
        "2.04": "20260901",
        "2.06": w.LEA,
        "2.09": FERN_SSID,
        "2.10": "L0021",
        "2.11": "Fern",
        "2.13": "Sample",
        "2.18": "20170211",
        "2.19": "F",
    }
    return {**values, **changes}


def lines(*rows: Mapping[str, str], record: str = "SENR") -> list[str]:
    """Caret lines as a careless export writes them: whatever stands in a field."""
    numbers = layout(record).numbers[1:]
    return ["^".join([record, *(row.get(number, "") for number in numbers)]) for row in rows]


def text(*rows: Mapping[str, str], record: str = "SENR") -> str:
    return "".join(f"{line}\n" for line in lines(*rows, record=record))


def outcome(run: ImportRun) -> dict[str, int]:
    """The counts that are not zero."""
    run.refresh_from_db()
    assert run.state == "done"
    return {name: count for name, count in run.counts.items() if count}


def notes(run: ImportRun) -> list[tuple[str, int, str, list[str]]]:
    found = ImportNote.objects.filter(file__run=run).order_by("file", "line", "id")
    return [(note.file.name, note.line, note.effect, note.fields) for note in found.select_related("file")]


def words(run: ImportRun) -> list[str]:
    found = ImportNote.objects.filter(file__run=run).order_by("file", "line", "id")
    return list(found.values_list("message", flat=True))


def enrollments(student: Student) -> list[tuple[str, date, date | None, str]]:
    believed = Enrollment.objects.believed().filter(student=student).order_by("started_on")
    return [(e.lea_code, e.started_on, e.effective_to, e.grade_code) for e in believed]


def student_of(ssid: str) -> Student:
    return Student.unscoped.get(pk=Ssid.objects.believed().get(ssid=ssid).student_id)
