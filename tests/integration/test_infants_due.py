"""Infants with an IFSP whom no SIS has enrolled: their clocks run at the LEA that serves them, and everybody who would
see them enrolled sees them. Today is November 23, 2026; each day is worked out by hand."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from manzanita.accounts.queries import actor_of
from manzanita.deadlines.dinc import histories_of, trend_of
from manzanita.deadlines.lists import Wanted, page_of, within_scope
from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute, recompute_everybody, recompute_stale
from manzanita.deadlines.situations import situations_of
from manzanita.meetings.planning import reviews_of
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.students.actions import Identity, register_students, set_clocks, state_student_facts
from manzanita.students.caseload import assignable
from manzanita.students.models import Student
from manzanita.students.queries import is_visible
from manzanita.students.scope import listed_for
from tests.support import pages
from tests.support import world as w
from tests.support.special import state

pytestmark = pytest.mark.django_db

# Three on March 10, 2027; two years and three months on June 10, 2026.
BORN = date(2024, 3, 10)
IFSP_ON = date(2026, 6, 1)


def infant(name: str = "Plover", *, lea: str = w.LEA, plan_type: str = "150") -> Student:
    (made,) = register_students([Identity(name, "", "Testcase", "", BORN, "F")])
    slot = {"student_id": made.pk}
    state("status", slot, {**pages.status("1"), "lea_code": lea}, IFSP_ON)
    state("plan", slot, {**pages.plan(), "lea_code": lea, "plan_type_code": plan_type}, IFSP_ON)
    set_clocks({made.pk: (IFSP_ON, IFSP_ON)})
    recompute_stale()
    return made


def dues(student: Student) -> dict[str, tuple[str, date | None]]:
    rows = DueDate.objects.filter(student=student)
    assert all(row.school_code == "" for row in rows)
    return {row.clock: (row.lea_code, row.due_on) for row in rows}


EXPECTED = {
    "ifsp-annual": (w.LEA, date(2027, 6, 1)),
    "ifsp-review": (w.LEA, date(2026, 12, 1)),
    # 90 days before March 10: 10 of March, 28, 31, and 21 of December.
    "transition-conference": (w.LEA, date(2026, 12, 10)),
    "c-to-b-iep": (w.LEA, date(2027, 3, 10)),
}


def test_the_clocks_run_for_one_and_for_everybody_alike(small_world):
    child = infant()
    assert dues(child) == EXPECTED
    DueDate.objects.all().delete()
    recompute_everybody()
    assert dues(child) == EXPECTED
    DueDate.objects.all().delete()
    recompute([child.pk])
    assert dues(child) == EXPECTED


def test_nothing_runs_without_status_or_with_another_plan(small_world):
    assert dues(infant(plan_type="100")) == {}
    child = infant("Killdeer")
    state("status", {"student_id": child.pk}, pages.status("2"), date(2026, 11, 23))
    recompute_stale()
    assert dues(child) == {}


@pytest.mark.parametrize("lea", [w.LEA, w.OTHER_LEA])
def test_from_the_first_day_of_an_enrollment_the_clocks_are_of_its_lea(small_world, lea):
    child = infant()
    slot = {"student_id": child.pk, "lea_code": lea, "started_on": date(2026, 11, 30)}
    school = w.SCHOOL if lea == w.LEA else w.OTHER_SCHOOL
    values = {**pages.enrollment(), "school_code": school, "grade_code": "IN", "status_code": "50"}
    state("enrollment", slot, values, date(2026, 11, 30))
    recompute_stale()
    assert dues(child) == EXPECTED
    with time_machine.travel(w.NOON.replace(day=29), tick=False):
        recompute_everybody()
        assert dues(child) == EXPECTED
    with time_machine.travel(w.NOON.replace(day=30), tick=False):
        recompute_everybody()
        rows = DueDate.objects.filter(student=child)
        assert {row.lea_code for row in rows} == {lea} and {row.school_code for row in rows} == {school}
        assert {row.clock for row in rows} == set(EXPECTED)
        assert situations_of([child.pk])[child.pk].enrolled_on == date(2026, 11, 30)


def test_no_thirty_days_begin_with_a_status_or_a_plan(small_world):
    child = infant(lea=w.OTHER_LEA)
    assert "transfer-30" not in dues(child)
    slot = {"student_id": child.pk}
    state("status", slot, pages.status("1"), date(2026, 11, 2))
    state("plan", slot, {**pages.plan(), "plan_type_code": "150"}, date(2026, 11, 2))
    recompute_stale()
    assert "transfer-30" not in dues(child)
    assert {lea for lea, _ in dues(child).values()} == {w.LEA}


def test_who_left_by_the_sis_has_no_clock_though_status_and_plan_go_on(small_world):
    child = infant()
    slot = {"student_id": child.pk, "lea_code": w.LEA, "started_on": date(2026, 6, 1)}
    values = {**pages.enrollment(), "exit_reason_code": "T180"}
    said = Statement(slot, values, date(2026, 6, 1), date(2026, 10, 2))
    state_student_facts("enrollment", [said], by_id=None, cause="test")
    recompute_stale()
    assert dues(child) == {}
    assert not listed_for(small_world.coordinator_actor).filter(pk=child.pk).exists()


def test_the_third_birthday_passes_and_the_lists_of_monitoring_have_the_child(small_world):
    child = infant()
    for day, is_late in ((date(2027, 3, 10), False), (date(2027, 3, 11), True)):
        with time_machine.travel(
            datetime(day.year, day.month, day.day, 12, tzinfo=clock.CALIFORNIA), tick=False
        ):
            recompute_everybody()
            actor = small_world.coordinator_actor
            late = [row for row in page_of(actor, Wanted()) if row.student_id == child.pk]
            assert [row.clock for row in late] == (["c-to-b-iep"] if is_late else [])
            assert trend_of(actor)["3-overdue"][-1] == (day, 1 if is_late else 0)
    assert histories_of([child.pk])[child.pk].at(date(2026, 5, 31)) is None


def test_the_district_its_case_manager_and_nobody_else_sees_the_child(small_world):
    child, ours = infant(), small_world.coordinator_actor
    assert is_visible(ours, child.pk) and listed_for(ours).filter(pk=child.pk).exists()
    assert assignable(ours).filter(pk=child.pk).exists()
    assert within_scope(ours).filter(student=child).count() == 4
    assert not is_visible(small_world.case_manager_actor, child.pk)
    state("assignment", {"student_id": child.pk}, {"user_id": small_world.case_manager.pk})
    assert is_visible(small_world.case_manager_actor, child.pk)
    assert within_scope(small_world.case_manager_actor).filter(student=child).count() == 4
    other = pages.other_coordinator(small_world)
    theirs = actor_of(other, other.grants.get())
    assert not is_visible(theirs, child.pk) and not listed_for(theirs).filter(pk=child.pk).exists()


def test_the_planner_gives_the_yearly_review_a_day_too(small_world):
    child = infant()
    state("assignment", {"student_id": child.pk}, {"user_id": small_world.case_manager.pk})
    found = reviews_of(small_world.coordinator_actor, small_world.case_manager.pk, date(2027, 6, 1))
    (review,) = [one for one in found if one.student.pk == child.pk]
    assert (review.due_on, review.lea_code, review.school_code) == (date(2027, 6, 1), w.LEA, "")


def test_pages_show_the_dates_and_cost_what_they_did(small_world, sign_in):
    client = sign_in(small_world.coordinator)
    addresses = ["/", "/due?span=15", "/students", "/students/groups?group=c-to-b"]
    for address in addresses:
        client.get(address)
    numbers = []
    for name in ("Plover", "Killdeer", "Dotterel"):
        infant(name)
        of_page = []
        for address in addresses:
            with CaptureQueriesContext(connection) as asked:
                assert client.get(address).status_code == 200, address
            of_page.append(len(asked))
        numbers.append(of_page)
    # The first one on a page may need a lookup of its own; each further one needs none.
    assert numbers[1] == numbers[2]
    assert "Testcase, Plover" in pages.text_of(client.get("/due?span=15"))
    page = pages.text_of(client.get("/students/groups?group=c-to-b"))
    assert "IEP of a child from Part C: 03/10/2027" in page and "No date runs" not in page
    assert "No SIS file has enrolled the child yet." in page
    assert "Testcase, Plover" in pages.text_of(client.get("/students"))
