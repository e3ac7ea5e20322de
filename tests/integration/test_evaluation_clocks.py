"""Open evaluations under stored calendars: whose calendar counts, which clock, and what a change does to many of them.

Dates are counted by hand; the calendar is that of the law's example: a week off in November, two weeks in winter.
"""

from __future__ import annotations

import time
from datetime import date, timedelta

import pytest

from manzanita.domain.calendars import Period, PeriodKind, Tolling
from manzanita.meetings.evaluation_clocks import count_evaluations, moved, open_evaluations, schools_of
from manzanita.meetings.models import Meeting
from manzanita.orgs.calendar_actions import CalendarChanged, load_calendar, save_calendar
from manzanita.orgs.calendars import Calendars, Reading, load_calendars
from manzanita.orgs.models import CalendarVersion
from manzanita.platform import clock
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w

YEAR = "2026-2027"
HEAD = "lea,school,track,kind,start,end\n"
EXAMPLE = (
    HEAD
    + ",,,term,2026-08-17,2027-06-04\n,,,break,2026-11-23,2026-11-27\n,,,break,2026-12-21,2027-01-01\n"
    + ",,,summer,2027-06-05,2027-08-15\n,,,term,2027-08-16,2028-06-02\n"
)


@pytest.fixture
def calendars(small_world, tmp_path):
    """Both years of the file, in the database and read back."""
    path = tmp_path / "calendar.csv"
    path.write_text(EXAMPLE, encoding="utf-8")
    assert load_calendar(path, lea_code=w.LEA, reason="test") == 2
    return load_calendars([w.LEA])


def evaluation(student: Student, consent_on: date, event_key: str = "b_initial", **more) -> Meeting:
    given = {"state": "open", "lea_code": w.LEA, "opened_at": clock.now()}
    return Meeting.objects.create(
        student=student, event_key=event_key, consent_on=consent_on, **(given | more)
    )


def both(meeting: Meeting, calendars) -> tuple[date | None, date | None]:
    (counted,) = count_evaluations([meeting], calendars)
    assert counted.answer is not None, counted.problem
    return counted.answer.statutory_due_on, counted.answer.state_due_on


@pytest.mark.parametrize(
    ("consent_on", "referred_on", "law", "state"),
    [
        # 10/21 + 60 = 12/20, the day before the break: nothing is left out. A day later the whole break is.
        (date(2026, 10, 21), None, date(2026, 12, 20), date(2026, 12, 20)),
        (date(2026, 10, 22), None, date(2027, 1, 2), date(2026, 12, 21)),
        (date(2026, 11, 16), None, date(2027, 1, 27), date(2027, 1, 15)),
        # Consent within the break: counting begins on 01/02, 30 days to 01/31, 28 in February, 2 in March.
        (date(2026, 12, 28), None, date(2027, 3, 2), date(2027, 2, 26)),
        # Referred on 05/05, 30 days before the year ends on 06/04: 30 days after 08/16. A day earlier: 60 days, 22 of
        # them from 05/16 to 06/06 (a weekend comes before the first missed weekday), and 38 from 08/14 on.
        (date(2027, 5, 15), date(2027, 5, 5), date(2027, 9, 15), date(2027, 7, 14)),
        (date(2027, 5, 15), date(2027, 5, 4), date(2027, 9, 20), date(2027, 7, 14)),
    ],
)
def test_the_law_and_the_state_on_both_sides_of_each_branch(
    small_world, calendars, consent_on, referred_on, law, state
):
    meeting = evaluation(small_world.students["yarrow"], consent_on, referred_on=referred_on)
    assert both(meeting, calendars) == (law, state)


@pytest.mark.parametrize(
    ("born", "law"),
    [
        # The 60 days end on 01/27/2027; the third birthday bounds them where it comes first.
        (date(2024, 1, 28), date(2027, 1, 27)),
        (date(2024, 1, 27), date(2027, 1, 27)),
        (date(2024, 1, 26), date(2027, 1, 26)),
    ],
)
def test_a_child_from_part_c_is_bounded_by_the_third_birthday(small_world, calendars, born, law):
    student = small_world.students["yarrow"]
    Student.unscoped.filter(pk=student.pk).update(birth_on=born)
    student.birth_on = born
    meeting = evaluation(student, date(2026, 11, 16), event_key="c_to_b")
    assert both(meeting, calendars) == (law, born.replace(year=2027))


def test_a_meeting_is_judged_by_the_reading_of_its_day_and_an_open_one_by_today_s(small_world, calendars):
    readings = [Reading(date(2026, 11, 20), Tolling.C), Reading(None, Tolling.B)]
    given = Calendars(calendars.periods, {w.LEA: readings})
    student = small_world.students["yarrow"]
    meeting = evaluation(student, date(2026, 11, 16))
    # Today is 11/23: by C 01/20. Had it been held on 11/19, by B 01/31.
    assert both(meeting, given)[0] == date(2027, 1, 20)
    meeting.held_on = date(2026, 11, 19)
    assert both(meeting, given)[0] == date(2027, 1, 31)


def test_what_cannot_be_counted_is_told_and_not_lost(small_world, calendars):
    meeting = evaluation(small_world.students["yarrow"], date(2026, 11, 16), referred_on=date(2026, 11, 17))
    (counted,) = count_evaluations([meeting], calendars)
    assert counted.answer is None and counted.due_on is None
    assert "the referral (2026-11-17) comes after the consent (2026-11-16)" in counted.problem


def test_of_many_evaluations_each_is_counted_and_those_that_move_are_found(small_world, calendars, capsys):
    """300 consents on 11/16 and 300 on 10/01: a third week off in winter moves the first, and none of the others."""
    students = pages.many_students(600)
    for number, student in enumerate(students):
        evaluation(student, date(2026, 11, 16) if number % 2 else date(2026, 10, 1))
    longer = [one for one in calendars.periods[w.LEA][YEAR] if one.start != date(2026, 12, 21)] + [
        Period(date(2026, 12, 21), date(2027, 1, 8), PeriodKind.BREAK, w.LEA)
    ]
    begun = time.perf_counter()
    meetings = list(open_evaluations([w.LEA]))
    schools = schools_of(meetings)
    before = count_evaluations(meetings, calendars, schools)
    after = count_evaluations(meetings, calendars.with_year(w.LEA, YEAR, longer), schools)
    movers = moved(before, after)
    with capsys.disabled():
        print(f" [600 evaluations twice: {time.perf_counter() - begun:.2f} s]", end="")
    assert len(before) == 600
    assert {(one.before.due_on, one.after.due_on, one.days) for one in movers} == {
        (date(2027, 1, 27), date(2027, 2, 3), 7)
    }
    assert len(movers) == 300


# Versions


def test_two_who_save_at_once_do_not_both_succeed(small_world):
    actor, periods = (
        small_world.coordinator_actor,
        [Period(date(2026, 8, 17), date(2027, 6, 4), PeriodKind.TERM, w.LEA)],
    )
    first = save_calendar(actor=actor, lea_code=w.LEA, year=YEAR, periods=periods, reason="One", seen=None)
    with pytest.raises(CalendarChanged):
        save_calendar(actor=actor, lea_code=w.LEA, year=YEAR, periods=periods, reason="Two", seen=None)
    second = save_calendar(actor=actor, lea_code=w.LEA, year=YEAR, periods=[], reason="Three", seen=first.pk)
    with pytest.raises(CalendarChanged):
        save_calendar(actor=actor, lea_code=w.LEA, year=YEAR, periods=periods, reason="Four", seen=first.pk)
    assert CalendarVersion.objects.get(superseded_at=None) == second


def test_the_district_next_door_is_not_written(small_world):
    periods = [Period(date(2026, 8, 17), date(2027, 6, 4), PeriodKind.TERM, w.OTHER_LEA)]
    for actor in (small_world.coordinator_actor, small_world.case_manager_actor):
        for lea_code in (w.OTHER_LEA, *([w.LEA] if actor is small_world.case_manager_actor else [])):
            with pytest.raises(ValueError, match="keeps no calendar of that LEA"):
                save_calendar(
                    actor=actor, lea_code=lea_code, year=YEAR, periods=periods, reason="x", seen=None
                )


def test_as_of_any_instant_one_version_stands(small_world, noon):
    actor = small_world.coordinator_actor
    ends = [date(2027, 6, 4), date(2027, 6, 11), date(2027, 6, 18)]
    seen, instants = None, []
    for end in ends:
        term = Period(date(2026, 8, 17), end, PeriodKind.TERM, w.LEA)
        version = save_calendar(
            actor=actor, lea_code=w.LEA, year=YEAR, periods=[term], reason="test", seen=seen
        )
        seen = version.pk
        instants.append(version.recorded_at)
        noon.shift(timedelta(hours=1))
    for at, end in zip(instants, ends, strict=True):
        for moment in (at, at + timedelta(minutes=59)):
            assert [one.end for one in load_calendars([w.LEA], known=moment).periods[w.LEA][YEAR]] == [end]
    assert not load_calendars([w.LEA], known=instants[0] - timedelta(seconds=1)).periods
