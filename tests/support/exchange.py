"""Archives written by hand and a real sandbox process, for tests of the way to the state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from manzanita.archive.actions import ArchiveDraft, RecordDraft, write_archives
from manzanita.archive.models import Archive
from manzanita.domain.records import complete
from manzanita.exchange.outbox import reconcile_students
from manzanita.students.models import Student
from tests.support import world as w


def review_rows(name: str = "alder", **serv_415: str) -> list[tuple[str, dict[str, str]]]:
    """The lines of an annual review held on November 20 and agreed on November 23, 2026."""
    return [
        ("MEET", w.meet(name, "20261120", **{"24.05": "2026-2027", "24.18": "30"})),
        ("PLAN", w.plan(name, "20261123", **{"23.05": "2026-2027"})),
        ("SERV", w.serv(name, "20261123", "330", **{"25.06": "2026-2027", "25.15": "60"})),
        ("SERV", w.serv(name, "20261123", "415", **{"25.06": "2026-2027", **serv_415})),
    ]


def archive(
    student: Student,
    rows: list[tuple[str, dict[str, str]]],
    *,
    cause: str = "meeting",
    cause_id: int | None = None,
    supersedes: Archive | None = None,
    context: Mapping[str, object] | None = None,
    lea_code: str = w.LEA,
) -> Archive:
    """Store an archive with these lines and bring the outbox up to it."""
    drafts = [
        RecordDraft(
            record,
            complete(record, values) | {_type_field(record): record},
            dict.fromkeys((number for number, text in values.items() if text), "this meeting"),
        )
        for record, values in rows
    ]
    (stored,) = write_archives(
        [
            ArchiveDraft(
                student_id=student.pk,
                lea_code=lea_code,
                event_on=date(2026, 11, 20),
                cause=cause,
                cause_id=cause_id,
                title="Annual plan review of November 20, 2026",
                records=drafts,
                context=context or {},
            )
        ],
        by_id=None,
        supersedes=supersedes,
    )
    reconcile_students([student.pk])
    return stored


def _type_field(record: str) -> str:
    return {"SWDS": "22.01", "MEET": "24.01", "PLAN": "23.01", "SERV": "25.01"}[record]
