"""Twelve reviews that crowd at the end of January, for a caseload to be planned; two families speak Spanish."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from manzanita.orgs.calendar_actions import load_calendar
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from manzanita.students.people_actions import ContactValues
from tests.support import state_files as w
from tests.support.pages import many_students

CALENDAR = (
    "lea,school,track,kind,start,end\n,,,term,2026-08-17,2027-06-04\n,,,break,2026-11-23,2026-11-27\n"
    ",,,break,2026-12-21,2027-01-01\n,,,holiday,2027-01-18,2027-01-18\n"
)
FIRST_DUE, REVIEWS = date(2027, 1, 25), 12


def add_reviews(world) -> None:
    """Due from Monday, January 25, 2027 on, on twelve weekdays in a row, all of them of the case manager."""
    names = [f"Sorrel{number}" for number in range(1, REVIEWS + 1)]
    students = many_students(REVIEWS, manager=world.case_manager, first_names=names)
    for number, student in enumerate(students):
        due = FIRST_DUE + timedelta(days=number + 2 * (number // 5))
        Student.unscoped.filter(pk=student.pk).update(plan_review_due_on=due)
    mother = ContactValues("Sage Sample", "Mother", "Spanish", phone="555-0100")
    state_student_facts(
        "contact",
        [
            Statement({"student_id": one.pk, "contact_no": 1}, mother.content(), date(2025, 8, 1))
            for one in students[:2]
        ],
        by_id=None,
        cause="test",
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "calendar.csv"
        file.write_text(CALENDAR, encoding="utf-8")
        load_calendar(file, lea_code=w.LEA, reason="test")
