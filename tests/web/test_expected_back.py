"""A child who was only referred, over the summer: the LEA's SIS ends each enrollment in June and sends the next one in
August, and no status says that the LEA reports the child. It is former when another enrolls or reports, not before.

Yarrow has an open initial evaluation and no status. The enrollment ended on June 11, 2027 (E155). The window of
2026-2027 closes on July 30, 2027; Census Day is October 6, 2027, the first Wednesday.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine

from manzanita.accounts.queries import actor_of
from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute_everybody, recompute_stale
from manzanita.domain.access import View
from manzanita.exchange.closed_windows import hold_after_window
from manzanita.exchange.models import Operation
from manzanita.meetings.queries import open_meetings
from manzanita.procedures.pending import report_pending
from manzanita.students.actions import state_one
from manzanita.students.amending import closed_windows
from manzanita.students.queries import facts_of
from manzanita.students.scope import here_for, keys_in_reach, listed_for, visible_to
from tests.support import pages
from tests.support import world as w
from tests.support.pages import text_of

PACIFIC = ZoneInfo("America/Los_Angeles")
ENDED = date(2027, 6, 11)


def at(month: int, day: int, year: int = 2027):
    return time_machine.travel(datetime(year, month, day, 12, 0, tzinfo=PACIFIC), tick=False)


def enrolled(student, lea: str, since: date, until: date | None = None, exit_code: str = "", status="10"):
    values = pages.enrollment("L0003") | {"exit_reason_code": exit_code, "status_code": status}
    if lea == w.OTHER_LEA:
        values["school_code"] = w.OTHER_SCHOOL
    state_one(
        "enrollment",
        slot={"student_id": student.pk, "lea_code": lea, "started_on": since},
        values=values,
        effective_from=since,
        effective_to=until,
        by_id=None,
        cause="t",
    )


def ended(student, code: str = "E155", on: date = ENDED) -> None:
    """The SIS's only enrollment of the student ends, with this reason."""
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": pages.START}
    state_one("enrollment", slot=slot, values=None, effective_from=pages.START, by_id=None, cause="t")
    enrolled(student, w.LEA, pages.START, on, code)


def reports(student, lea: str, since: date) -> None:
    values = {"lea_code": lea, "status_code": "1", "reason_code": "", "initial_entry_on": None}
    state_one(
        "status", slot={"student_id": student.pk}, values=values, effective_from=since, by_id=None, cause="t"
    )


@pytest.fixture
def yarrow(small_world):
    student = small_world.students["yarrow"]
    meeting = pages.opened_initial(small_world, student, "b_initial")
    report_pending(actor=small_world.coordinator_actor, meeting=meeting)
    state_one(
        "assignment",
        slot={"student_id": student.pk},
        values={"user_id": small_world.case_manager.pk},
        effective_from=date(2026, 10, 1),
        by_id=None,
        cause="t",
    )
    ended(student)
    recompute_stale()
    return student


@pytest.fixture
def reaches(small_world, yarrow):
    """Does the coordinator reach the child today, by each of the ways to ask?"""

    def asked() -> bool:
        actor = actor_of(small_world.coordinator, small_world.coordinator_grant, view=View.ALL)
        found = {
            students.filter(pk=yarrow.pk).exists()
            for students in (visible_to(actor), keys_in_reach(actor), listed_for(actor))
        } | {listed_for(actor).walked().filter(pk=yarrow.pk).exists()}
        assert len(found) == 1
        assert not here_for(actor).filter(pk=yarrow.pk).exists()
        (reached,) = found
        # One condition: whoever reaches the child by nothing else mends, and the other way round.
        assert ((yarrow.pk, w.LEA) not in closed_windows([yarrow.pk])) is reached
        return reached

    return asked


@pytest.mark.parametrize(
    ("month", "day", "is_reached"),
    [(6, 12, True), (7, 30, True), (7, 31, True), (8, 2, True), (10, 6, True), (10, 7, False)],
)
def test_who_is_expected_back_is_reached_through_census_day(reaches, month, day, is_reached):
    with at(month, day):
        assert reaches() is is_reached


@pytest.mark.parametrize("code", ["E160", "E230", "", "T160"])
def test_who_left_for_good_is_former_from_the_day_after_the_window(yarrow, reaches, code):
    ended(yarrow, code)
    with at(7, 30):
        assert reaches()
    with at(7, 31):
        assert not reaches()


def test_who_was_expected_back_a_year_ago_is_not_any_more(yarrow, reaches):
    with at(8, 2, 2028):
        assert not reaches()
    ended(yarrow, on=date(2026, 6, 30))
    with at(8, 2):
        assert not reaches()


def test_another_lea_that_enrolls_or_reports_ends_it(yarrow, reaches):
    other = yarrow, w.OTHER_LEA, date(2027, 8, 2)
    # Secondary, and one to which the child never came, say nothing.
    enrolled(*other, status="20")
    with at(8, 2):
        assert reaches()
    enrolled(*other, date(2027, 8, 2), "N470")
    with at(8, 3):
        assert reaches()
    enrolled(*other)
    with at(8, 3):
        assert not reaches()


def test_another_lea_s_status_ends_it_and_one_that_ended_before_does_not(yarrow, reaches):
    reports(yarrow, w.OTHER_LEA, date(2024, 9, 2))
    state_one(
        "status",
        slot={"student_id": yarrow.pk},
        values=None,
        effective_from=date(2025, 6, 1),
        by_id=None,
        cause="t",
    )
    with at(8, 2):
        assert reaches()
    reports(yarrow, w.OTHER_LEA, date(2027, 7, 20))
    with at(8, 2):
        assert not reaches()


def test_a_later_enrollment_here_that_ended_for_good_ends_it(yarrow, reaches):
    enrolled(yarrow, w.LEA, date(2027, 6, 14), date(2027, 6, 18), "E160")
    with at(8, 2):
        assert not reaches()


def test_in_august_coordinator_and_case_manager_go_on_with_the_evaluation(small_world, yarrow, sign_in):
    page = f"/students/{yarrow.public_id}"
    with at(8, 2):
        for person in (small_world.coordinator, small_world.case_manager):
            client = sign_in(person)
            answer = client.get(page)
            assert answer.status_code == 200
            said = text_of(answer)
            assert "The amendment window of EOY 1 2026-2027 closed on 07/30/2027." in said
            assert (
                "because the student is expected back after the summer, and no other LEA has enrolled or reported the "
                "student since. It ends when one does, and after Census Day, 10/06/2027." in said
            )
        coordinator = sign_in(small_world.coordinator)
        coordinator.post("/perspective", {"view": "all"})
        assert "Yarrow" in text_of(coordinator.get("/meetings"))
        assert "before the summer and are expected back" in text_of(coordinator.get("/students"))
    with at(10, 7):
        assert "Your LEA reads this record no more" in text_of(sign_in(small_world.coordinator).get(page))


def test_lists_of_meetings_and_due_dates_have_them(small_world, yarrow, sign_in):
    with at(8, 2):
        recompute_everybody()
        assert DueDate.objects.filter(student=yarrow).exists()
        actor = actor_of(small_world.coordinator, small_world.coordinator_grant, view=View.ALL)
        manager = small_world.case_manager_actor
        assert [one.student_id for one in open_meetings(actor)] == [yarrow.pk]
        assert [one.student_id for one in open_meetings(manager)] == [yarrow.pk]
        assert "Yarrow" in text_of(sign_in(small_world.case_manager).get("/due?span=late"))


def test_a_pending_meeting_is_held_only_when_the_time_is_over(yarrow):
    with at(8, 2):
        assert hold_after_window() == 0
        assert "amendment-closed" not in Operation.objects.values_list("hold_code", flat=True)
    with at(10, 7):
        assert hold_after_window() == 1
        assert set(Operation.objects.filter(student_id=yarrow.pk).values_list("hold_code", flat=True)) == {
            "amendment-closed"
        }
    # The SIS's enrollment comes late: what was held so is free in the night, and whatever else holds it is said.
    enrolled(yarrow, w.LEA, date(2027, 10, 8))
    with at(10, 8):
        assert hold_after_window() == 0
        assert "amendment-closed" not in Operation.objects.values_list("hold_code", flat=True)


def test_the_page_says_in_june_what_comes_after_the_window(small_world, yarrow, sign_in):
    page = f"/students/{yarrow.public_id}"
    with at(6, 14):
        said = text_of(sign_in(small_world.coordinator).get(page))
    assert (
        "through 07/30/2027, when the amendment window of EOY 1 2026-2027 closes; after that day it reads and mends on "
        "only while the student is expected back and no other LEA enrolls or reports the student, through Census Day, "
        "10/06/2027, at the latest." in said
    )
    assert "sees the record no more" not in said
    assert facts_of(yarrow).enrollments[-1].effective_to == ENDED
