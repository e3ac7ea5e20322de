"""Where a student of two records lives, once they are one: what the SIS says follows from the enrollments that are
left, and stays the SIS's word; what the office said stays its own."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.merging import Side
from manzanita.procedures.merging import merge_students, preview_merge
from manzanita.procedures.merging_base import Asked
from manzanita.procedures.merging_undo import undo_merge
from manzanita.students.actions import state_one
from manzanita.students.models import AgencyRelation, Enrollment, Student
from manzanita.students.residence import carry_residences, content_of, lives_of, slot_of
from tests.support import world as w
from tests.support.merging import ENTERED, entered_again, everything, pair_of
from tests.support.pages import START

pytestmark = pytest.mark.django_db
COUNTY = "9910010"
# The enrollment of the second record goes on, and Alder's ends the day before.
SECOND_GOES_ON = {f"primary.{w.LEA}": Side.OTHER}


@pytest.fixture
def alder(small_world) -> Student:
    return small_world.students["alder"]


@pytest.fixture
def second(alder) -> Student:
    return entered_again()


def sis_says(student: Student, code: str, run: int) -> None:
    """The line of the student's enrollment names the district, by the import of this number."""
    row = Enrollment.objects.believed().get(student=student, effective_to=None)
    state_one(
        "enrollment",
        slot={name: getattr(row, name) for name in Enrollment.slot},
        values={name: getattr(row, name) for name in Enrollment.content} | {"residence_code": code},
        effective_from=row.effective_from,
        by_id=None,
        cause=f"sis-import:{run}",
    )
    enrolled = lives_of(Enrollment.objects.believed().filter(student=student))
    carry_residences({student.pk: enrolled}, by_id=None, cause=f"sis-import:{run}")


def office_says(student: Student, code: str, since: date) -> None:
    state_one(
        "agency",
        slot=slot_of(student.pk),
        values=content_of(code),
        effective_from=since,
        by_id=None,
        cause="residence",
    )


def merged(world, alder, second, **choices):
    actor, pair, asked = world.coordinator_actor, pair_of(alder, second), Asked(alder.pk, choices)
    seen = preview_merge(actor, pair, asked).seen
    return merge_students(actor=actor, pair=pair, asked=asked, reason="The same child", seen=seen)[0]


def lives(student: Student) -> list[tuple]:
    rows = AgencyRelation.objects.believed().filter(student=student).order_by("effective_from")
    return list(rows.values_list("agency_code", "effective_from", "effective_to", "cause"))


def test_what_the_sis_says_of_the_second_record_stays_the_word_of_the_sis(small_world, alder, second):
    sis_says(second, w.OTHER_LEA, 7)
    before = everything(alder, second)
    merge = merged(small_world, alder, second, **SECOND_GOES_ON)
    assert lives(alder) == [(w.OTHER_LEA, ENTERED, None, "sis-import:7")] and lives(second) == []

    undo_merge(actor=small_world.coordinator_actor, merge=merge)
    assert everything(alder, second) == before
    assert lives(alder) == [] and lives(second) == [(w.OTHER_LEA, ENTERED, None, "sis-import:7")]


def test_a_line_that_turns_blank_after_the_merge_ends_it(small_world, alder, second):
    sis_says(second, w.OTHER_LEA, 7)
    merged(small_world, alder, second, **SECOND_GOES_ON)
    sis_says(alder, "", 8)
    assert lives(alder) == []


def test_what_the_sis_said_of_an_enrollment_that_goes_on_no_more_goes_with_it(small_world, alder, second):
    sis_says(second, w.OTHER_LEA, 7)
    merged(small_world, alder, second)
    assert lives(alder) == []


def test_where_the_sis_says_it_of_the_one_record_the_office_says_it_of_the_other_no_more(
    small_world, alder, second
):
    sis_says(alder, w.OTHER_LEA, 5)
    office_says(second, COUNTY, ENTERED)
    before = everything(alder, second)
    merge = merged(small_world, alder, second)
    assert lives(alder) == [(w.OTHER_LEA, START, None, "sis-import:5")]
    undo_merge(actor=small_world.coordinator_actor, merge=merge)
    assert everything(alder, second) == before


def test_that_the_student_lives_at_home_ends_what_the_office_said_of_the_other(small_world, alder, second):
    sis_says(alder, w.LEA, 5)
    office_says(second, COUNTY, ENTERED)
    merged(small_world, alder, second)
    assert lives(alder) == []


def test_what_the_office_said_of_the_second_record_stays_where_no_sis_says_it(small_world, alder, second):
    office_says(second, COUNTY, ENTERED)
    merge = merged(small_world, alder, second)
    assert lives(alder) == [(COUNTY, ENTERED, None, f"merge:{merge.pk}")]
    # A line that says nothing leaves it.
    sis_says(alder, "", 8)
    assert lives(alder) == [(COUNTY, ENTERED, None, f"merge:{merge.pk}")]
