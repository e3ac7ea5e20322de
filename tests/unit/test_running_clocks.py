"""Which clocks run for a student, and when each ends. Dates by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from manzanita.domain.calendars import Calendar
from manzanita.domain.calendars.csv_file import read_calendar_csv
from manzanita.domain.clocks import Setting, Tolling
from manzanita.domain.running_clocks import Running, count, running_clocks
from manzanita.domain.situation import OpenMeeting, Request, Situation
from manzanita.domain.watched_clocks import WATCHED

TODAY = date(2026, 11, 23)
LEA, SCHOOL = "9910017", "9910018"
# Ten years old, with an IEP, here since 2023: only the two reviews run.
PLAIN = Situation(
    today=TODAY,
    birth_on=date(2016, 5, 20),
    status_code="1",
    lea_code=LEA,
    school_code=SCHOOL,
    enrolled_on=date(2023, 8, 14),
    plan_type_code="100",
    last_plan_review_on=date(2025, 11, 14),
    last_evaluation_on=date(2024, 2, 29),
)
PLAIN_SETTING = Setting()
MEETING = OpenMeeting(7, "b_initial", LEA, SCHOOL, date(2026, 11, 16), consent_on=date(2026, 11, 16))


def named(now: Situation) -> dict[str, Running]:
    found = list(running_clocks(now))
    assert len({(one.clock, one.about) for one in found}) == len(found)
    return {one.clock: one for one in found}


def due(
    now: Situation, name: str, setting: Setting = PLAIN_SETTING
) -> tuple[date | None, date | None, date | None]:
    counted = count(named(now)[name], setting)
    return counted.statutory_due_on, counted.state_due_on, counted.due_on


def test_two_reviews_run_of_a_student_with_an_iep():
    assert named(PLAIN).keys() == {"annual-review", "triennial"}
    assert due(PLAIN, "annual-review") == (date(2026, 11, 14),) * 3
    # February 29, 2024 and three years: 2027 has no such day.
    assert due(PLAIN, "triennial") == (date(2027, 2, 28),) * 3


@pytest.mark.parametrize(
    "change", [{"status_code": "2"}, {"status_code": ""}, {"enrolled_on": None}, {"status_code": "4"}]
)
def test_nothing_runs_of_somebody_who_does_not_participate_or_is_not_here(change):
    assert named(replace(PLAIN, **change)) == {}


def test_what_is_not_known_is_told_in_place_of_a_date():
    found = named(replace(PLAIN, last_plan_review_on=None, last_evaluation_on=None))
    assert found.keys() == {"annual-review", "triennial"}
    for one in found.values():
        counted = count(one, Setting())
        assert counted.due_on is None and counted.problem.startswith("No ")


def test_an_open_review_would_meet_its_clock_and_a_held_one_has():
    review = OpenMeeting(3, "annual", LEA, SCHOOL, date(2026, 11, 2), is_plan_review=True)
    found = named(replace(PLAIN, meetings=(review,)))
    assert found["annual-review"].meeting_key == 3
    assert found["triennial"].meeting_key is None
    assert found["leftover-meeting"].given == {"meeting_on": date(2026, 11, 2)}
    held = replace(review, held_on=date(2026, 11, 20))
    now = replace(PLAIN, meetings=(held,))
    assert due(now, "annual-review") == (date(2027, 11, 20),) * 3
    assert named(now)["annual-review"].meeting_key is None
    # 90 days after November 20: 10 of November, 31, 31, 18 of February.
    assert due(now, "leftover-meeting")[0] == date(2027, 2, 18)


def test_a_reevaluation_alone_leaves_the_annual_review_as_it_is():
    meeting = OpenMeeting(
        3, "triennial", LEA, SCHOOL, date(2026, 11, 2), evaluation_type_code="40", held_on=date(2026, 11, 9)
    )
    now = replace(PLAIN, meetings=(meeting,))
    assert due(now, "annual-review")[2] == date(2026, 11, 14)
    assert due(now, "triennial")[2] == date(2029, 11, 9)


def winter() -> Calendar:
    text = (
        "lea,school,track,kind,start,end\n,,,term,2026-08-12,2027-06-04\n"
        ",,,break,2026-11-23,2026-11-27\n,,,break,2026-12-21,2027-01-01\n"
    )
    return Calendar(read_calendar_csv(text))


def test_sixty_days_stop_in_the_winter_break_and_the_state_s_do_not():
    """The worked example of the law: consent on November 16, 2026; ten days of winter break."""
    now = replace(PLAIN, status_code="", meetings=(MEETING,))
    setting = Setting(winter(), Tolling.A)
    assert due(now, "initial-iep", setting) == (date(2027, 1, 27), date(2027, 1, 15), date(2027, 1, 15))
    assert named(now).keys() == {"initial-iep", "leftover-meeting"}
    assert named(now)["initial-iep"].started_on == date(2026, 11, 16)


def test_the_clock_of_an_evaluation_ends_when_the_team_has_met():
    held = replace(MEETING, held_on=date(2026, 11, 20))
    assert named(replace(PLAIN, status_code="", meetings=(held,))).keys() == {"leftover-meeting"}


def test_a_referral_after_the_consent_is_a_problem_and_no_date():
    wrong = replace(MEETING, referred_on=date(2026, 11, 17))
    counted = count(named(replace(PLAIN, status_code="", meetings=(wrong,)))["initial-iep"], Setting())
    assert counted.due_on is None and "correct one of the two" in counted.problem


def test_a_first_ifsp_has_forty_five_days_from_the_referral():
    meeting = replace(MEETING, event_key="part_c_initial", referred_on=date(2026, 11, 2))
    now = replace(PLAIN, status_code="", birth_on=date(2025, 1, 2), meetings=(meeting,))
    # 28 of November and 17 of December.
    assert due(now, "part-c-45") == (date(2026, 12, 17),) * 3


# Early Start

CHILD = replace(PLAIN, plan_type_code="150", birth_on=date(2024, 5, 20), last_plan_review_on=date(2026, 8, 1))


def test_a_child_with_an_ifsp_is_watched_toward_the_third_birthday():
    found = named(CHILD)
    assert found.keys() == {
        "ifsp-annual",
        "ifsp-review",
        "c-to-b-iep",
        "part-c-notice",
        "transition-conference",
    } - ({"part-c-notice"})
    assert due(CHILD, "transition-conference")[2] == date(2027, 2, 19)
    assert due(CHILD, "c-to-b-iep") == (date(2027, 5, 20),) * 3
    assert due(CHILD, "ifsp-review")[2] == date(2027, 2, 1)


@pytest.mark.parametrize(
    ("today", "is_there"),
    [(date(2026, 8, 19), False), (date(2026, 8, 20), True), (date(2027, 6, 1), True)],
)
def test_the_way_to_part_b_begins_at_two_years_and_three_months(today, is_there):
    assert ("c-to-b-iep" in named(replace(CHILD, today=today))) is is_there


@pytest.mark.parametrize(("today", "is_there"), [(date(2026, 11, 20), True), (date(2026, 11, 21), False)])
def test_what_nobody_records_as_done_ends_with_its_date(today, is_there):
    """Six months before the third birthday of May 20, 2027."""
    assert ("part-c-notice" in named(replace(CHILD, today=today))) is is_there


def test_an_open_evaluation_takes_the_place_of_the_birthday_alone():
    meeting = replace(MEETING, event_key="c_to_b", consent_on=date(2027, 1, 4), opened_on=date(2027, 1, 4))
    now = replace(CHILD, today=date(2027, 1, 5), meetings=(meeting,))
    assert named(now)["c-to-b-iep"].about == "meeting:7"
    # 60 days from January 4: 27, 28, 5 of March. The state goes by the birthday.
    assert due(now, "c-to-b-iep") == (date(2027, 3, 5), date(2027, 5, 20), date(2027, 3, 5))


def test_the_district_that_owes_the_iep_has_the_birthday_too():
    now = replace(CHILD, part_b_lea="9999999")
    found = [one for one in running_clocks(now) if one.clock == "c-to-b-iep"]
    assert [(one.lea_code, one.about) for one in found] == [(PLAIN.lea_code, ""), ("9999999", "lea:9999999")]
    same = replace(now, part_b_lea=PLAIN.lea_code)
    assert len(list(running_clocks(same))) == len(list(running_clocks(CHILD)))
    # Its own evaluation, once opened, is the one that counts.
    meeting = replace(MEETING, event_key="c_to_b", consent_on=date(2026, 11, 16), lea_code="9999999")
    found = [one for one in running_clocks(replace(now, meetings=(meeting,))) if one.clock == "c-to-b-iep"]
    assert [one.lea_code for one in found] == ["9999999"]


def test_a_final_evaluation_ends_the_way_to_part_b_though_the_ifsp_goes_on():
    assert "c-to-b-iep" not in named(replace(CHILD, is_part_b_evaluated=True, part_b_lea="9999999"))


# Transfers


def test_a_plan_of_another_selpa_has_thirty_days_until_a_review_here():
    now = replace(PLAIN, enrolled_on=date(2026, 11, 2), came_from_elsewhere=True)
    assert due(now, "transfer-30") == (date(2026, 12, 2), None, date(2026, 12, 2))
    assert "transfer-30" in named(replace(now, reviewed_here_on=date(2026, 11, 1)))
    assert "transfer-30" not in named(replace(now, reviewed_here_on=date(2026, 11, 2)))
    assert "transfer-30" not in named(replace(now, came_from_elsewhere=False))


# Ages


@pytest.mark.parametrize(
    ("born", "names"),
    [
        # The 16th birthday is a year and a day away; a year; past.
        (date(2011, 11, 24), set()),
        (date(2011, 11, 23), {"transition-plan"}),
        (date(2010, 6, 1), {"transition-plan", "majority-notice"}),
        # The 17th birthday is today; it was yesterday, and the 18th is within the year.
        (date(2009, 11, 23), {"transition-plan", "majority-notice", "age-of-majority"}),
        (date(2009, 11, 22), {"transition-plan", "age-of-majority"}),
        (date(2008, 11, 23), {"transition-plan", "age-of-majority"}),
        (date(2008, 11, 22), {"transition-plan"}),
        (date(2004, 11, 3), {"transition-plan", "maximum-age"}),
    ],
)
def test_birthdays_are_looked_for_a_year_ahead(born, names):
    found = named(replace(PLAIN, birth_on=born)).keys() - {"annual-review", "triennial"}
    assert found == names


def test_a_plan_with_every_indicator_ends_the_clock_of_transition():
    born = replace(PLAIN, birth_on=date(2010, 1, 1))
    assert due(born, "transition-plan")[2] == date(2026, 1, 1)
    assert "transition-plan" not in named(replace(born, has_transition=True))


def test_a_request_for_the_record_runs_whether_or_not_the_student_is_here():
    asked = Request(4, "9910099", date(2026, 11, 16))
    now = replace(PLAIN, enrolled_on=None, requests=(asked,))
    assert named(now).keys() == {"records-to-new-lea"}
    assert named(now)["records-to-new-lea"].lea_code == "9910099"
    # Monday and five working days.
    assert due(now, "records-to-new-lea")[2] == date(2026, 11, 23)


def test_only_clocks_that_say_so_are_moved_by_a_calendar():
    everything = replace(
        PLAIN, meetings=(MEETING,), requests=(Request(4, LEA, date(2026, 12, 18)),), birth_on=date(2010, 1, 1)
    )
    children = replace(CHILD, meetings=(replace(MEETING, event_key="c_to_b"),))
    moved = set()
    for now in (everything, children, replace(PLAIN, came_from_elsewhere=True, birth_on=date(2005, 3, 1))):
        for one in running_clocks(now):
            plain, by_calendar = count(one, Setting()), count(one, Setting(winter(), Tolling.A))
            if (plain.due_on, plain.statutory_due_on) != (by_calendar.due_on, by_calendar.statutory_due_on):
                moved.add(one.clock)
    assert moved <= {name for name, one in WATCHED.items() if one.by_calendar}
    assert "initial-iep" in moved


# Born March 1, 2024: three on March 1, 2027. In no school's book; the IFSP is of June 1, 2026.
INFANT = Situation(
    today=TODAY,
    birth_on=date(2024, 3, 1),
    status_code="1",
    lea_code=LEA,
    is_infant_stay=True,
    plan_type_code="150",
    last_plan_review_on=date(2026, 6, 1),
)


@pytest.mark.parametrize(
    ("today", "clocks"),
    [
        # Six months after June 1 and six months before the birthday: December 1 and September 1.
        (date(2026, 5, 31), {"ifsp-annual", "ifsp-review", "part-c-notice", "transition-conference"}),
        # Two years and three months on June 1.
        (
            date(2026, 6, 1),
            {"ifsp-annual", "ifsp-review", "part-c-notice", "transition-conference", "c-to-b-iep"},
        ),
        (
            date(2026, 9, 1),
            {"ifsp-annual", "ifsp-review", "part-c-notice", "transition-conference", "c-to-b-iep"},
        ),
        (date(2026, 9, 2), {"ifsp-annual", "ifsp-review", "transition-conference", "c-to-b-iep"}),
        # 90 days before March 1: December 1, as is the last day of the periodic review.
        (date(2026, 12, 1), {"ifsp-annual", "ifsp-review", "transition-conference", "c-to-b-iep"}),
        (date(2026, 12, 2), {"ifsp-annual", "c-to-b-iep"}),
        # Three, and the IFSP still in force: it goes on being late.
        (date(2027, 3, 2), {"ifsp-annual", "c-to-b-iep"}),
    ],
)
def test_the_clocks_of_an_infant_run_without_an_enrollment(today, clocks):
    now = replace(INFANT, today=today)
    assert named(now).keys() == clocks
    assert {one.lea_code for one in running_clocks(now)} == {LEA}
    assert {one.school_code for one in running_clocks(now)} == {""}


def test_what_an_infant_without_an_enrollment_is_due_and_what_does_not_run():
    assert due(INFANT, "ifsp-annual")[2] == date(2027, 6, 1)
    assert due(INFANT, "ifsp-review")[2] == date(2026, 12, 1)
    assert due(INFANT, "transition-conference")[2] == date(2026, 12, 1)
    assert due(INFANT, "c-to-b-iep") == (date(2027, 3, 1),) * 3
    # Nobody has enrolled anywhere, so that no 30 days begin, whatever else is known.
    assert "transfer-30" not in named(replace(INFANT, came_from_elsewhere=True))
    assert named(replace(INFANT, status_code="2")) == {}
    assert named(replace(INFANT, is_infant_stay=False)) == {}
