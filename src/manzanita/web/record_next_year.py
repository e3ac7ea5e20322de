"""The next school year on the Record tab: each field once, as it is planned here and as the SIS has sent it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from manzanita.domain.codes import code_set
from manzanita.domain.fields import FieldDeclaration
from manzanita.domain.record_fields import NEXT_YEAR_FIELDS
from manzanita.procedures.batch_fields import fields_for
from manzanita.procedures.next_year import Planned
from manzanita.students.models import CaseAssignment, Enrollment
from manzanita.ui.formats import us_date
from manzanita.web.next_year_words import planned_by
from manzanita.web.record_layers import words_of
from manzanita.web.student_file import StudentFile
from manzanita.web.students_words import grade_text

# What of next year is planned by ``procedures.batch_fields``, as the pages offer it.
PLANNED = ("next_school", "next_grade", "next_setting", "next_case_manager")
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
    """All of it. ``sources`` say who planned and when the SIS sent what counts first, ``others`` what else it sent,
    ``people`` who has the case or is on the team from a later day on; ``plans`` are fields that the reader may plan
    here, as (key of ``procedures.batch_fields``, label)."""

    rows: Sequence[NextRow]
    sources: Sequence[str]
    others: Sequence[str]
    people: Sequence[str]
    plans: Sequence[tuple[str, str]]

    @property
    def is_open(self) -> bool:
        return bool(self.people) or any(row.planned or row.sent for row in self.rows)

    @property
    def differing(self) -> list[NextRow]:
        return [row for row in self.rows if row.differs]


def next_year_group(file: StudentFile) -> NextYearGroup | None:
    """``None`` where a former LEA looks: what comes after its last day is not told it."""
    known = file.next_year
    if known is None:
        return None
    facts = {"next": known.place, "next_grade": known.grade, "next_setting": known.setting}
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
                differs=first is not None
                and bool(planned)
                and planned != sent
                and declared.holder != "next_setting",
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
        list(_people(file, known)),
        _plans(file),
    )


def _people(file: StudentFile, known: Planned) -> Iterator[str]:
    for one in (*known.managers, *known.team):
        what = "case manager" if isinstance(one, CaseAssignment) else f"team, {one.role}".rstrip(", ")
        by = planned_by(one, file.people)
        yield (
            f"From {us_date(one.effective_from)} on {what}: {file.people.get(one.user_id, 'somebody')}. {by}."
        )


def _plans(file: StudentFile) -> list[tuple[str, str]]:
    """Only of a student who is here: whose next year another district plans is that one's."""
    if file.lea_code != file.actor.agency_code or file.facts.enrollment_on(file.today, file.lea_code) is None:
        return []
    return [(one.key, one.label) for one in fields_for(file.actor) if one.key in PLANNED]


def _words(file: StudentFile, declared: FieldDeclaration, value: str | date) -> str:
    if isinstance(value, date):
        return us_date(value)
    if declared.attribute == "program_setting_code":
        return code_set("ProgramSetting").label(value) if value else ""
    if declared.attribute == "general_education_percent":
        return f"{value} %" if value else ""
    if declared.attribute == "grade_code":
        return f"Grade {grade_text(value)}" if value else ""
    return words_of(file, declared, value)


def _planned_by(file: StudentFile) -> list[str]:
    """Who planned, and when: one sentence where school and grade were planned together."""
    known = file.next_year
    stated = (known.place, known.grade, known.setting) if known else ()
    return list(dict.fromkeys(planned_by(one, file.people) for one in stated if one is not None))


def _sent(enrollment: Enrollment) -> str:
    return f"sent by the SIS from {us_date(enrollment.started_on)} on, known on {us_date(enrollment.recorded_at)}"
