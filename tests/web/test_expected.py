"""Who was planned to come from another district: seen until the enrollment comes, no longer than Census Day, and told
to whoever settles records. Planned on November 23, 2026 for 2027-2028; its Census Day is Wednesday, October 6, 2027."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from manzanita.accounts.queries import actor_of
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.access import Actor, Capability, Relationship, View, decide
from manzanita.domain.findings import Owner
from manzanita.domain.rollover import expecting_on
from manzanita.domain.statuses import Kind
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.settling import records_to_settle
from manzanita.students.actions import state_one, state_student_facts
from manzanita.students.models import AgencyRelation, Student
from manzanita.students.onlookers import other_agencies
from manzanita.students.queries import is_visible
from manzanita.students.scope import listed_for, ties_of
from tests.support import pages
from tests.support import world as w

pytestmark = pytest.mark.django_db

JUNE_11, JUNE_30, JULY_1 = date(2027, 6, 11), date(2027, 6, 30), date(2027, 7, 1)
AUGUST_12, CENSUS, DAY_AFTER = date(2027, 8, 12), date(2027, 10, 6), date(2027, 10, 7)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=clock.CALIFORNIA)


def enrolled(student: Student, lea: str, first: date, last: date | None = None, **values: str) -> None:
    """A SIS says it."""
    school = w.SCHOOL if lea == w.LEA else w.OTHER_SCHOOL
    slot = {"student_id": student.pk, "lea_code": lea, "started_on": first}
    row = pages.enrollment("L1") | {"school_code": school} | values
    state_student_facts(
        "enrollment", [Statement(slot, row, first, last, True)], by_id=None, cause="sis-import:1"
    )


def plan_place(
    student: Student, agency: str = w.OTHER_LEA, *, until: date = JUNE_30, by_id=None, school=""
) -> None:
    state_one(
        "agency",
        slot={"student_id": student.pk, "relationship": "next_year"},
        values={"agency_code": agency, "school_code": school},
        effective_from=clock.today(),
        effective_to=until,
        by_id=by_id,
        cause="test",
    )


@pytest.fixture
def other(small_world):
    return pages.other_coordinator(small_world)


@pytest.fixture
def theirs(other) -> Actor:
    return actor_of(other, other.grants.get())


@pytest.fixture
def fern(small_world) -> Student:
    """Of our district until June 11, 2027; planned for the other one."""
    (student,) = pages.many_students(1)
    enrolled(student, w.LEA, pages.START, JUNE_11, exit_reason_code="E155")
    plan_place(student, by_id=small_world.coordinator.pk)
    return student


def expected_by(actor: Actor, student: Student) -> bool:
    """Seen, listed among those who come and to settle, or none of them; never among those who are here."""
    is_told = {one.student_id for one in records_to_settle(actor) if one.item.kind is Kind.EXPECTED}
    seen = is_visible(actor, student.pk)
    incoming = listed_for(replace(actor, view=View.INCOMING)).filter(pk=student.pk).exists()
    assert seen is incoming is (student.pk in is_told)
    assert not listed_for(replace(actor, view=View.CURRENT)).filter(pk=student.pk).exists()
    ties = ties_of(actor, student.pk).relationships
    assert (Relationship.EXPECTED in ties) is seen
    return seen


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2027-06-30", "", ""),
        ("2027-07-01", "2027-07-01", "2027-10-06"),
        ("2027-10-06", "2027-07-01", "2027-10-06"),
        ("2027-10-07", "", ""),
        # October 1, 2025 is a Wednesday itself.
        ("2025-10-01", "2025-07-01", "2025-10-01"),
        ("2025-10-02", "", ""),
        ("2026-01-15", "", ""),
    ],
)
def test_the_time_of_expecting(day, first, last):
    found = expecting_on(date.fromisoformat(day))
    assert (str(found.first), str(found.last)) == (first, last) if first else found is None


def test_june_30_july_1_census_day_and_the_day_after(theirs, fern, noon):
    noon.move_to(at(JUNE_30))
    assert is_visible(theirs, fern.pk)
    assert Relationship.NEXT_YEAR in ties_of(theirs, fern.pk).relationships
    assert not records_to_settle(theirs)
    for day, is_seen in ((JULY_1, True), (AUGUST_12, True), (CENSUS, True), (DAY_AFTER, False)):
        noon.move_to(at(day))
        assert expected_by(theirs, fern) is is_seen, day
        assert Relationship.NEXT_YEAR not in ties_of(theirs, fern.pk).relationships


def test_the_decision_says_why(theirs, fern, noon):
    noon.move_to(at(JULY_1))
    answer = decide(theirs, Capability.READ_STUDENT, ties_of(theirs, fern.pk))
    assert (
        answer and "was planned to come this school year, and is not enrolled yet" in answer.because[0].text
    )
    noon.move_to(at(DAY_AFTER))
    assert not decide(theirs, Capability.READ_STUDENT, ties_of(theirs, fern.pk))


NEVER_CAME = {"first": AUGUST_12, "last": AUGUST_12, "exit_reason_code": "N470"}
ENDS = {
    "enrolled in a third district": {"lea": "9910033", "first": AUGUST_12},
    "enrolled again in the old one": {"lea": w.LEA, "first": AUGUST_12},
    "enrolled on July 1": {"lea": "9910033", "first": JULY_1},
    "enrolled, and gone again": {"lea": "9910033", "first": JULY_1, "last": date(2027, 7, 16)},
    "never came to the district that expects": {"lea": w.OTHER_LEA, **NEVER_CAME},
}
GOES_ON = {
    "never came to another one": {"lea": w.LEA, **NEVER_CAME},
    "beside another enrollment": {"lea": "9910033", "first": AUGUST_12, "status_code": "20"},
    "since June 30": {"lea": "9910033", "first": JUNE_30},
}


@pytest.mark.parametrize("case", [*ENDS, *GOES_ON])
def test_an_enrollment_of_the_new_year_ends_it(theirs, fern, noon, case):
    noon.move_to(at(date(2027, 8, 20)))
    assert expected_by(theirs, fern)
    enrolled(fern, **(ENDS | GOES_ON)[case])
    told = {one.student_id for one in records_to_settle(theirs) if one.item.kind is Kind.EXPECTED}
    assert (fern.pk in told) is (case in GOES_ON)
    assert (Relationship.EXPECTED in ties_of(theirs, fern.pk).relationships) is (case in GOES_ON)
    # The enrollment that never was begins and ends at theirs: that is a tie of its own.
    assert is_visible(theirs, fern.pk) is (case in GOES_ON or case.startswith("never came to the district"))


def test_the_enrollment_here_takes_its_place(theirs, fern, noon):
    noon.move_to(at(date(2027, 8, 2)))
    enrolled(fern, w.OTHER_LEA, AUGUST_12)
    ties = ties_of(theirs, fern.pk).relationships
    assert Relationship.NEXT_YEAR in ties and Relationship.EXPECTED not in ties
    noon.move_to(at(AUGUST_12))
    ties = ties_of(theirs, fern.pk).relationships
    assert Relationship.ATTENDING in ties and Relationship.EXPECTED not in ties
    assert not [one for one in records_to_settle(theirs) if one.item.kind is Kind.EXPECTED]


@pytest.mark.parametrize("code", ["E130", "E230", "T280"])
def test_who_died_or_completed_school_is_not_expected(theirs, fern, noon, code):
    enrolled(fern, w.LEA, pages.START, JUNE_11, exit_reason_code=code)
    noon.move_to(at(JULY_1))
    assert not expected_by(theirs, fern)


def test_what_was_taken_back_or_planned_anew_expects_nobody(theirs, fern, noon):
    noon.move_to(at(JUNE_30))
    state_one(
        "agency",
        slot={"student_id": fern.pk, "relationship": "next_year"},
        values=None,
        effective_from=JUNE_30,
        effective_to=JUNE_30,
        by_id=None,
        cause="test",
    )
    noon.move_to(at(JULY_1))
    assert not expected_by(theirs, fern)


def test_a_place_planned_since_takes_its_place(theirs, fern, noon):
    noon.move_to(at(date(2027, 7, 5)))
    assert expected_by(theirs, fern)
    plan_place(fern, "9910033", until=date(2028, 6, 30))
    assert not expected_by(theirs, fern)


def test_a_plan_of_the_year_before_last_expects_nobody(theirs, fern, noon):
    noon.move_to(at(date(2028, 7, 1)))
    assert not expected_by(theirs, fern)


def test_who_changes_school_within_the_district_is_no_news_to_settle(small_world, noon):
    (student,) = pages.many_students(1)
    enrolled(student, w.LEA, pages.START, JUNE_11, exit_reason_code="E155")
    plan_place(student, w.LEA, school=w.SCHOOL)
    noon.move_to(at(JULY_1))
    actor = small_world.coordinator_actor
    assert Relationship.EXPECTED in ties_of(actor, student.pk).relationships
    assert not [one for one in records_to_settle(actor) if one.item.kind is Kind.EXPECTED]


def test_the_family_of_agencies_that_see_the_student_names_it(small_world, theirs, fern, noon):
    for day, is_named in ((JULY_1, True), (DAY_AFTER, False)):
        noon.move_to(at(day))
        named = {one.code for one in other_agencies(small_world.coordinator_actor, fern)}
        assert (w.OTHER_LEA in named) is is_named


def test_pages_say_who_planned_it_whose_job_it_is_and_what_ends_it(theirs, other, fern, sign_in, noon):
    noon.move_to(at(date(2027, 8, 2)))
    client = sign_in(other)
    item = next(one for one in records_to_settle(theirs) if one.student_id == fern.pk).item
    assert (item.owner, item.since) == (Owner.SIS, JULY_1)
    listed = pages.text_of(client.get("/students/settle?kind=expected"))
    assert "Quill, Fern0" in listed and "SIS staff" in listed
    assert "Planned on 11/23/2026 for this school year." in listed
    assert "10/06/2027, Census Day, at the latest" in listed
    assert "To settle: expected" in pages.text_of(client.get("/"))
    card = client.get(f"/students/{fern.public_id}")
    assert "To settle: expected" in pages.text_of(card)
    address = f"/students/{fern.public_id}/expected"
    assert address in pages.addresses_in(card)
    page = pages.text_of(client.get(address))
    assert "11/23/2026, by Juniper Mockup" in page and "Chaparral Unified" in page
    assert "Heron Creek Unified, school not known yet" in page
    assert pages.reads()[-1] == (fern.pk, "student.expected")


def test_who_does_not_come_is_seen_no_more_and_that_is_logged(theirs, other, fern, sign_in, noon):
    noon.move_to(at(date(2027, 8, 2)))
    client, address = sign_in(other), f"/students/{fern.public_id}/expected"
    assert client.post(address, {"reason": "  "}).status_code == 422
    assert expected_by(theirs, fern)
    answer = client.post(address, {"reason": "The family stays where it is."})
    assert (answer.status_code, answer.url) == (302, "/students/settle")
    assert not expected_by(theirs, fern)
    event = ChangeEvent.objects.latest("pk")
    assert (event.action, event.student_id, event.reason) == (
        "withdraw_place",
        fern.pk,
        "The family stays where it is.",
    )
    assert client.get(address).status_code == 404
    # The plan as it was known until now is kept.
    places = AgencyRelation.objects.filter(student=fern)
    assert places.get(superseded_at__isnull=False).effective_to == JUNE_30
    assert places.believed().get().effective_to == date(2027, 6, 29)


def test_the_page_of_somebody_who_is_not_expected_leads_to_the_record(small_world, sign_in):
    alder = small_world.students["alder"]
    client = sign_in(small_world.coordinator)
    for answer in (
        client.get(f"/students/{alder.public_id}/expected"),
        client.post(f"/students/{alder.public_id}/expected", {"reason": "Mistaken"}),
    ):
        assert (answer.status_code, answer.url) == (302, f"/students/{alder.public_id}")


@pytest.mark.parametrize("count", [1, 40])
def test_the_list_costs_the_same_for_few_and_many(
    small_world, other, sign_in, noon, django_assert_max_num_queries, count
):
    for student in pages.many_students(count):
        enrolled(student, w.LEA, pages.START, JUNE_11, exit_reason_code="E155")
        plan_place(student)
    noon.move_to(at(JULY_1))
    client = sign_in(other)
    client.get("/students/settle")
    with django_assert_max_num_queries(SETTLE_QUERIES):
        page = client.get("/students/settle?kind=expected")
    assert page.content.decode().count("data-row") == count


SETTLE_QUERIES = 18
