"""The lines and columns of a list of students: one place for the page and for the file made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor
from manzanita.domain.codes import code_set
from manzanita.exchange.queries import status_by_student
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.platform.tables import Cell
from manzanita.students.listing import ListRow
from manzanita.ui.formats import plural, us_date
from manzanita.web.students_words import grade_text

STATE_KINDS = {"equal": "equal", "different": "diff", "held": "held", "none": "na"}
STATE_WORDS = {"equal": "Equal", "diff": "Different", "held": "Held", "na": "None due"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list, ready to be shown. ``days_left`` is negative for an overdue date."""

    url: str
    name: str
    birth_on: date | None
    ssid: str
    grade: str
    school: str
    left_on: date | None
    disability: str
    due_on: date | None
    days_left: int | None
    case_manager: str
    state_kind: str
    # Only for who sees several.
    district: str = ""

    def cells(self) -> list[Cell]:
        """The same line as cells of a file, in the order of ``COLUMNS``."""
        return [
            self.name,
            self.ssid,
            self.birth_on,
            self.grade,
            f"{self.school}, left {us_date(self.left_on)}" if self.left_on else self.school,
            self.disability,
            self.due_on,
            _days_words(self.days_left),
            self.case_manager,
            STATE_WORDS[self.state_kind],
        ]


COLUMNS = (
    "Student",
    "SSID",
    "Born",
    "Grade",
    "School",
    "Disability",
    "Plan review due",
    "Clock",
    "Case manager",
    "State",
)


def rows_of(actor: Actor, found: Sequence[ListRow]) -> list[Row]:
    """The lines of these students, three queries for any number of them; one more for who sees several districts."""
    today = clock.today()
    districts = districts_of(actor, [row.enrollment.lea_code for row in found if row.enrollment])
    managers = user_names({row.case_manager_id for row in found if row.case_manager_id})
    schools = school_names({row.enrollment.school_code for row in found if row.enrollment})
    status = status_by_student(actor, [row.student.pk for row in found])
    disabilities = code_set("Disability")
    rows = []
    for row in found:
        student, enrollment = row.student, row.enrollment
        # The clock of a student who has left runs elsewhere; of who does not take part none runs.
        due_on = student.plan_review_due_on if row.is_current and row.takes_part else None
        rows.append(
            Row(
                url=reverse("student", args=[student.public_id]),
                name=f"{student.last_name}, {student.first_name}",
                birth_on=student.birth_on,
                ssid=row.ssid,
                grade=grade_text(enrollment.grade_code) if enrollment else "",
                school=schools.get(enrollment.school_code, enrollment.school_code) if enrollment else "",
                left_on=enrollment.effective_to if enrollment and not row.is_current else None,
                disability=disabilities.label(row.plan.disability_1_code) if row.plan else "",
                due_on=due_on,
                days_left=(due_on - today).days if due_on else None,
                case_manager=managers.get(row.case_manager_id, ""),
                state_kind=STATE_KINDS[status[student.pk]],
                district=districts.get(enrollment.lea_code, "") if enrollment else "",
            )
        )
    return rows


def districts_of(actor: Actor, lea_codes: Iterable[str]) -> dict[str, str]:
    """What a column of districts says, by code; nothing for who sees one district only."""
    return agency_names(lea_codes) if actor.sees_several_districts else {}


def _days_words(days: int | None) -> str:
    if days is None:
        return ""
    return f"{plural(-days, 'day')} over" if days < 0 else f"{plural(days, 'day')} left"
