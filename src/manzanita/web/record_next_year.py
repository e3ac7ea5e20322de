"""The next school year on the Record tab: each field once, as it is planned here and as the SIS has sent it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from manzanita.domain.fields import FieldDeclaration
from manzanita.domain.record_fields import NEXT_YEAR_FIELDS
from manzanita.students.models import Enrollment
from manzanita.ui.formats import us_date
from manzanita.web.record_layers import words_of
from manzanita.web.student_file import StudentFile
from manzanita.web.students_words import grade_text

# What an enrollment calls the fields that are planned under other names.
_OF_ENROLLMENT = {"agency_code": "lea_code"}


@dataclass(frozen=True, slots=True)
class NextRow:
    """One field. ``sent`` is empty where the SIS has sent no enrollment to come."""

    declared: FieldDeclaration
    planned: str
    sent: str
    differs: bool


@dataclass(frozen=True, slots=True)
class NextYearGroup:
    """All of it. ``sources`` say who planned and when the SIS sent what counts first, ``others`` what else it sent."""

    rows: Sequence[NextRow]
    sources: Sequence[str]
    others: Sequence[str]

    @property
    def is_open(self) -> bool:
        return any(row.planned or row.sent for row in self.rows)

    @property
    def differing(self) -> list[NextRow]:
        return [row for row in self.rows if row.differs]


def next_year_group(file: StudentFile) -> NextYearGroup | None:
    """``None`` where a former LEA looks: what comes after its last day is not told it."""
    known = file.next_year
    if known is None:
        return None
    facts = {"next": known.place, "next_grade": known.grade}
    first, *others = (*known.enrollments, None)
    rows = []
    for declared in NEXT_YEAR_FIELDS:
        planned = getattr(facts[declared.holder], declared.attribute, "")
        sent = getattr(first, _OF_ENROLLMENT.get(declared.attribute, declared.attribute), "")
        rows.append(
            NextRow(
                declared,
                _words(file, declared, planned),
                _words(file, declared, sent),
                differs=first is not None and bool(planned) and planned != sent,
            )
        )
    return NextYearGroup(
        rows,
        [*_planned_by(file), *([_sent(first)] if first else [])],
        [
            f"The SIS also sends {file.agency_name(one.lea_code)}, "
            f"{file.schools.get(one.school_code, one.school_code)}, grade {grade_text(one.grade_code)}, "
            f"from {us_date(one.started_on)} on."
            for one in others
            if one is not None
        ],
    )


def _words(file: StudentFile, declared: FieldDeclaration, value: str) -> str:
    if declared.attribute == "grade_code":
        return f"Grade {grade_text(value)}" if value else ""
    return words_of(file, declared, value)


def _planned_by(file: StudentFile) -> list[str]:
    """Who planned, and when: one sentence where school and grade were planned together."""
    known = file.next_year
    stated = (known.place, known.grade) if known else ()
    return list(
        dict.fromkeys(
            f"Planned on {us_date(one.recorded_at)}"
            + (f" by {by}" if (by := file.people.get(one.by_id or 0)) else "")
            for one in stated
            if one is not None
        )
    )


def _sent(enrollment: Enrollment) -> str:
    return f"sent by the SIS from {us_date(enrollment.started_on)} on, known on {us_date(enrollment.recorded_at)}"
