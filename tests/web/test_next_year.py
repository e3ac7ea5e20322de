"""The next school year: what is planned or sent stands there before its day; who did not come is held."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from manzanita.domain.statuses import Kind
from manzanita.leaving.models import Leaving
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.settling import records_to_settle
from manzanita.students.actions import state_one, state_student_facts
from tests.support import pages
from tests.support import world as w
from tests.support.pages import many_students, words

ADDRESS = "/students/next-year"
JUNE_11, AUGUST_12 = date(2027, 6, 11), date(2027, 8, 12)


def california(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=clock.CALIFORNIA)


def enrolled(student, starts_on: date, *, ends_on: date | None = None, exit_code: str = "", **values) -> None:
    """The SIS says it."""
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": starts_on}
    row = pages.enrollment("L1") | values | {"exit_reason_code": exit_code}
    state_student_facts(
        "enrollment", [Statement(slot, row, starts_on, ends_on, True)], by_id=None, cause="sis-import:1"
    )


def plan_next(student, *, school: str = w.SCHOOL, grade: str = "05", by_id: int | None = None) -> None:
    stated = {"effective_from": w.TODAY, "effective_to": date(2027, 6, 30), "by_id": by_id, "cause": "test"}
    place = {"agency_code": w.LEA, "school_code": school}
    slot = {"student_id": student.pk, "relationship": "next_year"}
    state_one("agency", slot=slot, values=place, **stated)
    state_one("next_year", slot={"student_id": student.pk}, values={"grade_code": grade}, **stated)


@pytest.fixture
def fern(small_world):
    return many_students(1)[0]


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


# What is planned


def test_planned_and_sent_stand_as_rows_to_come_and_differences_are_told(small_world, client, fern):
    plan_next(fern, by_id=small_world.coordinator.pk)
    enrolled(fern, AUGUST_12, grade_code="06")
    page = words(client.get(ADDRESS))
    assert "what begins on 07/01/2027 or later" in page
    row = page.partition("Quill, Fern0")[2].partition("Testcase,")[0]
    assert "Planned School: Buckeye Elementary, Chaparral Unified Planned Grade: 5" in row
    assert "To come Enrollment: Buckeye Elementary, Chaparral Unified, grade 6" in row
    assert "The SIS sends another grade than was planned; the SIS counts." in row
    assert "07/01/2027 07/01/2027 08/12/2027" in row
    assert "Planned on 11/23/2026 by Juniper Mockup" in row and "SIS, known on 11/23/2026" in row
    student = words(client.get(f"/students/{fern.public_id}"))
    assert student.count("Next school year") == 2  # the group, and the caption of its table
    sources = (
        "Planned on 11/23/2026 by Juniper Mockup; sent by the SIS from 08/12/2027 on, known on 11/23/2026"
    )
    assert sources in student
    district = "9910017 Chaparral Unified"
    assert f"History of Next district {district} {district} Office" in student
    assert "Buckeye Elementary 9911001 Buckeye Elementary Office" in student
    assert "History of Next grade Grade 5 Grade 6 Office" in student
    assert (
        "History of Next program setting from blank nothing Office Differs The SIS sends something" in student
    )
    # It is not the enrollment of today.
    assert "Grade 4 ·" in student


def test_only_what_the_sis_sends_otherwise_stands_among_the_differences(small_world, client, fern):
    plan_next(fern)
    address = f"/students/{fern.public_id}?tab=record"
    before = words(client.get(f"{address}&only=differences"))
    assert "Next district" not in before
    count = int(re.search(r"Only differences \((\d+)\)", before).group(1))
    enrolled(fern, AUGUST_12, grade_code="06")
    enrolled(fern, date(2028, 1, 10), grade_code="06")
    page = words(client.get(f"{address}&only=differences"))
    assert f"Only differences ({count + 1})" in page and "Next district" not in page
    assert "History of Next grade Grade 5 Grade 6 Office" in page
    assert "The SIS also sends Chaparral Unified, Buckeye Elementary, grade 6, from 01/10/2028 on." in page


def test_those_of_whom_nothing_is_known_are_a_list_that_can_be_changed_together(client, small_world, fern):
    plan_next(small_world.students["alder"])
    page = client.get(f"{ADDRESS}?list=unplanned")
    assert "Testcase, Alder" not in words(page) and "Quill, Fern0" in words(page)
    assert 'href="/students/edit?list=unplanned"' in page.content.decode()
    sent = {"list": "unplanned", "field": "next_grade", "value_next_grade": "05", "reason": "Moves up"}
    answer = client.post("/students/edit", sent)
    assert answer.status_code == 302
    preview = words(client.get(answer.url))
    assert "Quill, Fern0" in preview and "Testcase, Alder" not in preview


def test_what_was_planned_ends_with_june_30_and_what_the_sis_sent_begins_on_its_day(
    small_world, sign_in, fern, noon
):
    plan_next(fern)
    enrolled(fern, pages.START, ends_on=JUNE_11, exit_code="E150")
    enrolled(fern, AUGUST_12, grade_code="05")
    for moment, planned, begins in (
        ("2027-06-30T23:59:00", True, "07/01/2027"),
        ("2027-07-02T09:00:00", False, "07/01/2028"),
        ("2027-08-11T23:59:00", False, "07/01/2028"),
    ):
        noon.move_to(california(moment))
        client = sign_in(small_world.coordinator)
        assert f"what begins on {begins} or later" in words(client.get(ADDRESS)), moment
        page = words(client.get(f"/students/{fern.public_id}"))
        row = (
            "History of Next grade Grade 5 Grade 5 Office"
            if planned
            else "History of Next grade blank Grade 5 Office"
        )
        assert row in page, moment
    noon.move_to(california("2027-08-12T07:00:00"))
    page = words(sign_in(small_world.coordinator).get(f"/students/{fern.public_id}"))
    assert "History of Next grade blank nothing Office" in page and "Grade 5 ·" in page


# session, user, grants, block; who 3; rows 4; next year; names 3; log 3
NEXT_QUERIES = 19


@pytest.mark.parametrize("count", [2, 60])
def test_the_list_costs_the_same_for_few_and_many(client, django_assert_max_num_queries, count):
    for student in many_students(count):
        plan_next(student)
    client.get(ADDRESS)
    with django_assert_max_num_queries(NEXT_QUERIES):
        client.get(ADDRESS)


# Held from rollover


@pytest.fixture
def ended(small_world, fern):
    """Fern's year ended on June 11, 2027, as that of others who are expected back."""
    enrolled(fern, pages.START, ends_on=JUNE_11, exit_code="E150")
    return fern


def held(world: w.World) -> list[tuple[str, date]]:
    found = records_to_settle(world.coordinator_actor)
    return [(one.item.text, one.item.since) for one in found if one.item.kind is Kind.HELD]


@pytest.mark.parametrize(
    ("moment", "is_held"),
    [
        ("2027-06-30T23:59:00", False),
        ("2027-07-01T00:01:00", False),
        ("2027-07-02T09:00:00", False),
        ("2027-09-01T12:00:00", False),
        ("2027-09-02T00:01:00", True),
        ("2028-06-30T23:59:00", True),
        ("2028-07-02T09:00:00", False),
    ],
)
def test_without_a_calendar_nobody_is_held_before_september_2(small_world, ended, noon, moment, is_held):
    noon.move_to(california(moment))
    found = held(small_world)
    assert bool(found) is is_held
    if is_held:
        assert found == [
            (
                "Enrolled until 06/11/2027, and in no SIS file since school began on 09/01/2027, as is counted where "
                "no calendar is loaded.",
                date(2027, 9, 1),
            )
        ]


def test_with_a_calendar_from_the_day_after_school_began(small_world, ended, noon, term):
    term(date(2026, 8, 12), JUNE_11)
    term(AUGUST_12, date(2028, 6, 9))
    noon.move_to(california("2027-08-12T23:59:00"))
    assert held(small_world) == []
    noon.move_to(california("2027-08-13T00:01:00"))
    assert held(small_world) == [
        ("Enrolled until 06/11/2027, and in no SIS file since school began on 08/12/2027.", AUGUST_12)
    ]


@pytest.fixture
def term(small_world):
    """``term(first, last)``: the calendar of the district for the year in which it begins."""
    from manzanita.domain.years import academic_year_of
    from manzanita.orgs.models import CalendarPeriod, CalendarVersion

    def stored(first: date, last: date) -> None:
        version = CalendarVersion.objects.create(
            lea_code=w.LEA,
            year=academic_year_of(first),
            recorded_at=w.NOON,
            by_id=small_world.coordinator.pk,
            reason="test",
        )
        CalendarPeriod.objects.create(version=version, start_on=first, end_on=last, kind="term")

    return stored


@pytest.mark.parametrize("what", ["came", "comes", "elsewhere", "left"])
def test_who_came_or_comes_or_is_elsewhere_or_has_left_is_not_held(small_world, ended, noon, what):
    noon.move_to(california("2027-09-10T12:00:00"))
    if what == "came":
        enrolled(ended, AUGUST_12)
    elif what == "comes":
        enrolled(ended, date(2027, 10, 4))
    elif what == "elsewhere":
        pages.enrolled_elsewhere(ended, AUGUST_12)
    else:
        state_student_facts(
            "status",
            [Statement({"student_id": ended.pk}, pages.status("4"), JUNE_11)],
            by_id=None,
            cause="test",
        )
    assert held(small_world) == []
    assert Leaving.objects.count() == 0


def test_list_card_and_home_say_it_with_owner_age_and_what_ends_it(small_world, sign_in, ended, noon):
    noon.move_to(california("2027-09-10T12:00:00"))
    client = sign_in(small_world.coordinator)
    page = words(client.get("/students/settle?kind=held"))
    assert "What ends it: A SIS file with the new enrollment, or recording the leaving." in page
    assert re.search(
        r"Quill, Fern0 Held from rollover Enrolled until 06/11/2027.* 09/01/2027 9 days SEDS coordinator .*"
        r"Say what became of it",
        page,
    )
    assert "To settle: held from rollover" in words(client.get("/"))
    assert "To settle: held from rollover" in words(client.get(f"/students/{ended.public_id}"))
