"""One order of names: every list of students that stands by name has it, and so have equal rows of the others.

Seven students, entered in the order of ``ENTERED``. The tests' database compares letter by letter, capitals first.
"""

from __future__ import annotations

from datetime import date

import pytest
from django.http import QueryDict

from manzanita.domain.likeness import Known
from manzanita.domain.narrowing import Order
from manzanita.meetings.planning import reviews_of
from manzanita.students.by_name import NAME_ORDER, by_name
from manzanita.students.caseload import Choice, assignable_of, caseload_of, chosen_students
from manzanita.students.finding import candidates
from manzanita.students.listing import all_in_order, list_students
from manzanita.students.models import CaseAssignment, Student, TeamMember
from manzanita.students.pasted import in_order
from manzanita.students.scope import listed_for
from manzanita.web.student_picker import pick
from tests.support import world as w
from tests.support.pages import many_students

DUE_ON = date(2026, 12, 10)
ENTERED = (
    ("Sage", "Zinnia"),
    ("Ivy", "Aster"),
    ("Fern", "de Aster"),
    ("Ivy", "Aster"),
    ("Fern", "Aster Bay"),
    ("Fern", "Aster"),
    ("Ånna", "Aster"),
)
# Places in ENTERED: Aster Fern, Aster Ivy (the one entered first, the other), Aster Ånna, Aster Bay, Zinnia, de Aster.
BY_NAME = [5, 1, 3, 6, 4, 0, 2]


@pytest.fixture
def entered(small_world) -> list[int]:
    """Keys, in the order in which they were entered."""
    made = many_students(len(ENTERED), manager=small_world.case_manager, due_on=DUE_ON)
    for student, (first, last) in zip(made, ENTERED, strict=True):
        Student.unscoped.filter(pk=student.pk).update(
            first_name=first, last_name=last, name_key=f" {first} {last} quill".lower()
        )
    return [one.pk for one in made]


def places(entered: list[int], keys: list[int]) -> list[int]:
    """Which of ``ENTERED`` stand among ``keys``, in this order."""
    return [entered.index(pk) for pk in keys if pk in entered]


def test_lists_of_students_stand_by_name(small_world, entered):
    coordinator = small_world.coordinator_actor
    students = listed_for(coordinator)
    manager = small_world.case_manager.pk
    found = {
        "the list": [row.student.pk for row in list_students(students, coordinator).rows],
        "its file": all_in_order(students, coordinator, Order()),
        # Of one grade, school and day of review.
        "by grade": all_in_order(students, coordinator, Order("grade")),
        "by school, descending": all_in_order(students, coordinator, Order("school", True)),
        "by review, descending": all_in_order(students, coordinator, Order("review", True)),
        "to assign": [one.pk for one in chosen_students(coordinator, Choice(manager_id=manager))],
        "assignable": [one.pk for one in assignable_of(coordinator, students)],
        "a caseload": [one.pk for one in caseload_of(coordinator, manager, w.TODAY).managed],
        "pasted": in_order(coordinator, entered),
        "picked": [row.student.pk for row in pick(coordinator, _found("quill")).found],
        "reviews to plan": [one.student.pk for one in reviews_of(coordinator, manager, date(2026, 12, 31))],
    }
    assert {what: places(entered, keys) for what, keys in found.items()} == dict.fromkeys(found, BY_NAME)
    turned = all_in_order(students, coordinator, Order("name", True))
    assert places(entered, turned) == [*reversed(BY_NAME)]


def test_rows_about_students_stand_by_their_names(entered):
    rows = CaseAssignment.objects.filter(student__in=entered).order_by("-pk")
    assert places(entered, [row.student_id for row in by_name(rows, "student")]) == BY_NAME


def test_a_team_stands_by_name(small_world, entered):
    user = small_world.coordinator
    for pk in reversed(entered):
        TeamMember.objects.create(
            student_id=pk, user=user, role="", effective_from=w.TODAY, recorded_at=w.NOON, cause="test"
        )
    load = caseload_of(small_world.coordinator_actor, user.pk, w.TODAY)
    assert places(entered, [one.pk for one, _ in load.team]) == BY_NAME


def test_equally_likely_ones_stand_by_name(small_world):
    """Of the same birth date and last name; the first names are unlike the one asked for."""
    made = many_students(3, first_names=["Sage", "Ivy", "Fern"])
    found = candidates(small_world.coordinator_actor, Known("Juniper", "Quill", date(2016, 1, 1)))
    assert places([one.pk for one in made], [one.student.pk for one in found]) == [2, 1, 0]


def test_the_index_has_the_order():
    (index,) = (one for one in Student._meta.indexes if one.name == "students_by_name")
    assert tuple(index.fields) == NAME_ORDER


def _found(text: str) -> QueryDict:
    return QueryDict(f"find={text}")
