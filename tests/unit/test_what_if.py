"""What a moved day changes. Dates are counted by hand.

The calendar: term 08/17/2026 to 06/04/2027, a week off in November (five weekdays, not more), two weeks in winter
(12/21 to 01/01). Consent of 11/16/2026: 60 calendar days end on 01/15/2027; by law the twelve days of the winter break
are left out, so 01/27.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.calendars import Calendar, Period, PeriodKind
from manzanita.domain.delay_codes import fits, fitting
from manzanita.domain.dinc import History, Span
from manzanita.domain.what_if import Case, Event, Part, changes, standings
from manzanita.domain.what_if.nothing import why_no_break_matters, why_nothing

TODAY = date(2026, 11, 23)
TERM = Period(date(2026, 8, 17), date(2027, 6, 4), PeriodKind.TERM)
AUTUMN = Period(date(2026, 11, 23), date(2026, 11, 27), PeriodKind.BREAK)
WINTER = Period(date(2026, 12, 21), date(2027, 1, 1), PeriodKind.BREAK)
CALENDAR = Calendar((TERM, AUTUMN, WINTER))
LONGER = Calendar((TERM, AUTUMN, replace(WINTER, end=date(2027, 1, 8))))

INITIAL = Event("new", "Initial evaluation", "10", consent_on=date(2026, 11, 16))
FIRST = Event(
    "first",
    "Initial evaluation",
    "10",
    consent_on=date(2024, 10, 1),
    held_on=date(2024, 11, 15),
    is_final=True,
)
LAST = Event("last", "Annual plan review", is_plan_review=True, held_on=date(2025, 11, 14), is_final=True)
REVIEW = Event("open", "Annual plan review", is_plan_review=True)


def case(*events: Event, calendar: Calendar = CALENDAR, born: date | None = None) -> Case:
    return Case(TODAY, born, events, calendar, history=history(born))


def history(born: date | None = None, plan: str = "100") -> History:
    """At one school, participating, with a plan that lacks nothing, all along."""
    start = date(2020, 8, 17)
    return History(
        born,
        stays=(Span(start, None, ("9910017", "6000001")),),
        statuses=(Span(start, None, ("1",)),),
        plans=(Span(start, None, (plan, "1")),),
    )


def told(before: Case, after: Case) -> dict[str, tuple[str, str]]:
    """Each change by its title: was and would be, as ``law state words``."""

    def words(one) -> str:
        if one is None:
            return ""
        days = " ".join(f"{day:%m/%d/%Y}" for day in (one.law_on, one.state_on) if day)
        return f"{days} {one.words}".strip()

    return {one.shown.title: (words(one.before), words(one.after)) for one in changes(before, after)}


# One evaluation


def test_a_consent_moves_both_dates_and_by_when_no_reason_is_needed():
    before = case(INITIAL)
    assert told(before, before.moved("new", Part.CONSENT, date(2026, 10, 21))) == {
        "IEP meeting after the consent": ("01/27/2027 01/15/2027 open", "12/20/2026 12/20/2026 open"),
        "Reason of delay (24.18), initial evaluation": (
            "none, if held by 2027-01-15",
            "none, if held by 2026-12-20",
        ),
    }


def test_how_far_a_date_moves_is_that_of_the_law():
    before = case(INITIAL)
    (due, _) = changes(before, before.moved("new", Part.CONSENT, date(2026, 10, 21)))
    assert due.days == -38  # 01/27 to 12/20
    assert due.after is not None and sum(one.days for one in due.after.steps if one.is_counted) == 60


@pytest.mark.parametrize(
    ("held", "standing", "reason"),
    [
        (date(2027, 1, 15), "in time", "none: in time, it stays blank"),
        (date(2027, 1, 16), "in time by law, 1 day late by the state", "needed: 20, 40, 50, 70 or 90"),
        (date(2027, 1, 27), "in time by law, 12 days late by the state", "needed: 20, 40, 50, 70 or 90"),
        (date(2027, 1, 28), "1 day late by law, 13 days late by the state", "needed: 20, 40, 50, 70 or 90"),
    ],
)
def test_a_meeting_in_time_by_law_may_be_late_by_the_state(held, standing, reason):
    found = told(case(INITIAL), case(INITIAL).moved("new", Part.HELD, held))
    assert found["IEP meeting after the consent"][1] == f"01/27/2027 01/15/2027 {standing}"
    assert found["Reason of delay (24.18), initial evaluation"][1] == reason
    if held > date(2027, 1, 15):
        # It would wait until then otherwise, which is the other list of DINC 2.
        assert found["DINC 2: initial evaluation past 60 days"] == (f"on it by {held}", "not on it")
        assert found["DINC 2: initial evaluation held after 60 days"] == ("not on it", f"on it by {held}")
    else:
        assert not [title for title in found if title.startswith("DINC")]
    # It starts the clocks of the first review and the first reevaluation.
    begun = f"Plan review after the meeting of {held}"
    assert found[begun] == ("", f"{held.replace(year=2028):%m/%d/%Y} {held.replace(year=2028):%m/%d/%Y} open")
    assert found[begun.replace("Plan review", "Reevaluation")][1].startswith(
        f"{held.replace(year=2030):%m/%d/%Y}"
    )


def test_a_school_break_is_no_reason_where_none_lies_between():
    early = replace(INITIAL, consent_on=date(2026, 9, 1))  # 60 days end on 10/31
    found = told(case(early), case(early).moved("new", Part.HELD, date(2026, 11, 2)))
    assert found["Reason of delay (24.18), initial evaluation"] == (
        "needed, whatever the day: 20, 50, 70 or 90",
        "needed: 20, 50, 70 or 90",
    )
    assert found["DINC 2: initial evaluation past 60 days"] == ("on it", "not on it")
    assert found["DINC 2: initial evaluation held after 60 days"] == ("not on it", "on it")


def test_a_code_that_is_recorded_stands_goes_or_does_not_fit():
    held = replace(INITIAL, held_on=date(2027, 1, 20), delay_code="40")
    key = "Reason of delay (24.18), initial evaluation"
    before = case(held)
    assert told(before, before.moved("new", Part.HELD, date(2027, 1, 15)))[key] == (
        "40 stands",
        "40 has to go: it is in time",
    )
    review = replace(REVIEW, held_on=date(2026, 11, 20), delay_code="40")
    before = case(LAST, replace(review, held_on=date(2026, 11, 14)))
    assert told(before, case(LAST, review))["Reason of delay (24.18), annual plan review"][1] == (
        "40 does not fit: 20, 30, 50, 70 or 90"
    )


def test_a_referral_counts_at_the_end_of_the_school_year_only():
    """06/04/2027 is the last day: a referral of 05/05 is 30 days before it, one of 05/04 is 31."""
    years = Calendar((TERM, Period(date(2027, 8, 16), date(2028, 6, 2), PeriodKind.TERM)))
    event = Event(
        "new", "Initial evaluation", "10", referred_on=date(2027, 5, 4), consent_on=date(2027, 5, 20)
    )
    before = Case(date(2027, 5, 24), None, (event,), years)
    found = told(before, before.moved("new", Part.REFERRAL, date(2027, 5, 5)))
    # 30 days after 08/16/2027; the state still counts 60 days from 05/20.
    assert found["IEP meeting after the consent"][1].startswith("09/15/2027 07/19/2027")
    assert found["Assessment plan to the parent after the referral"] == (
        "05/19/2027 when the plan was sent is not recorded",
        "05/20/2027 in time: the consent came by then",
    )


def test_a_referral_after_the_consent_cannot_be_counted():
    before = case(replace(INITIAL, referred_on=date(2026, 11, 1)))
    found = changes(before, before.moved("new", Part.REFERRAL, date(2026, 11, 20)))
    (due,) = [one.after for one in found if one.shown.title == "IEP meeting after the consent"]
    assert due is not None and due.words == "cannot be counted" and "comes after the consent" in due.because


def test_a_child_from_part_c_is_bounded_by_the_third_birthday():
    event = Event("new", "C to B evaluation", "10", is_by_birthday=True, consent_on=date(2026, 10, 1))
    before = replace(case(event, born=date(2023, 12, 15)), history=history(date(2023, 12, 15), "150"))
    found = told(before, before.moved("new", Part.HELD, date(2026, 12, 16)))
    assert found["Reason of delay (24.18), C to B evaluation"][1].startswith("needed: 10, 20, ")
    assert found["DINC 3: part C to B held after the third birthday"] == ("not on it", "on it by 2026-12-16")


# Reviews


def test_an_overdue_review_leaves_the_list_when_it_is_held_and_stands_on_the_next():
    before = case(FIRST, LAST, REVIEW)
    assert told(before, before.moved("open", Part.HELD, date(2026, 11, 20))) == {
        "Plan review after the meeting of 2025-11-14": (
            "11/14/2026 11/14/2026 9 days over",
            "11/14/2026 11/14/2026 6 days late",
        ),
        "Plan review after the meeting of 2026-11-20": ("", "11/20/2027 11/20/2027 open"),
        "Reason of delay (24.18), annual plan review": (
            "needed, whatever the day: 20, 30, 50, 70 or 90",
            "needed: 20, 30, 50, 70 or 90",
        ),
        "DINC 1: annual review overdue": ("on it", "not on it"),
        "DINC 1: annual review held late": ("not on it", "on it"),
    }


def test_an_earlier_meeting_moves_the_clock_of_the_next():
    before = case(FIRST, LAST, REVIEW)
    found = told(before, before.moved("last", Part.HELD, date(2025, 12, 1)))
    assert found["Plan review after the meeting of 2025-12-01"] == (
        "11/14/2026 11/14/2026 9 days over",
        "12/01/2026 12/01/2026 open",
    )
    # The first review was due on 11/15/2025: on 12/01 it is 16 days late.
    assert found["Plan review after the meeting of 2024-11-15"][1].endswith("16 days late")
    assert found["DINC 1: annual review overdue"] == ("on it", "not on it")


def test_who_does_not_take_part_has_no_next_clock():
    gone = replace(case(FIRST, LAST), runs=False)
    found = told(gone, gone.moved("last", Part.HELD, date(2025, 11, 20)))
    assert list(found) == [
        "Plan review after the meeting of 2024-11-15",
        "Reason of delay (24.18), annual plan review",
        "DINC 1: annual review held late",
    ]


# Breaks


def test_a_longer_break_moves_the_law_and_not_the_state():
    before = case(INITIAL)
    assert told(before, before.under(LONGER)) == {
        "IEP meeting after the consent": ("01/27/2027 01/15/2027 open", "02/03/2027 01/15/2027 open")
    }


def test_why_nothing_changes_is_said():
    before = case(INITIAL, LAST)
    assert why_nothing(before, "new", Part.CONSENT, date(2026, 11, 16)) == "That is the day which stands."
    assert "last 30 days of a school year" in why_nothing(before, "new", Part.REFERRAL, date(2026, 11, 2))
    assert "starts and stops no clock" in why_nothing(before, "new", Part.PENDING, date(2026, 11, 20))
    assert "counts the same days" in why_no_break_matters(before)
    assert "none of them runs" in why_no_break_matters(case(LAST))
    amendment = Event("change", "Amendment", held_on=date(2026, 9, 1))
    assert "meets no clock and starts none" in why_nothing(
        case(amendment), "change", Part.HELD, date(2026, 9, 2)
    )


# Codes


def test_which_codes_fit_which_meeting():
    assert fitting(["10"]) == ["20", "40", "50", "70"]
    assert fitting(["10"], after_part_c=True) == ["10", "20", "40", "50", "70"]
    assert fitting(["15"]) == ["20", "70"]
    assert fitting(["40"]) == ["10", "20", "30", "50", "70"]
    assert fitting(["Y"]) == ["20", "30", "50", "70"]
    assert fitting(["40", "Y"]) == ["10", "20", "30", "50", "70"]
    assert fits("90", ["Y"]) and fits("20", ["15"]) and not fits("50", ["15"])


# Properties

days = st.dates(date(2025, 9, 1), date(2027, 5, 30))


@st.composite
def students(draw) -> Case:
    consent = draw(days)
    referral = draw(st.none() | st.integers(0, 90).map(lambda n: consent - timedelta(days=n)))
    held = draw(st.none() | days)
    event = replace(
        INITIAL,
        consent_on=consent,
        referred_on=referral,
        held_on=held,
        delay_code=draw(st.sampled_from(["", "10", "20", "40", "90"])) if held else "",
        is_by_birthday=draw(st.booleans()),
    )
    review = replace(REVIEW, held_on=draw(st.none() | days))
    events = draw(st.permutations([FIRST, replace(LAST, held_on=draw(days)), review, event]))
    calendar = draw(st.sampled_from([CALENDAR, LONGER, Calendar(())]))
    born = date(2023, 12, 15)
    plan = draw(st.sampled_from(["100", "150"]))
    return Case(draw(days), born, tuple(events), calendar, history=history(born, plan))


@given(students(), st.sampled_from(list(Part)), st.sampled_from(["new", "open", "last", "first"]))
def test_moving_by_nothing_changes_nothing(one, part, key):
    assert changes(one, one.moved(key, part, one.event(key).day(part))) == []


@given(students(), st.sampled_from(list(Part)), st.sampled_from(["new", "open", "last"]), days)
def test_moving_back_gives_what_was(one, part, key, day):
    back = one.moved(key, part, day).moved(key, part, one.event(key).day(part))
    assert standings(back) == standings(one)


@given(students(), st.sampled_from(list(Part)), st.sampled_from(["new", "open", "last"]), days)
def test_what_changes_is_told_alike_in_both_directions(one, part, key, day):
    other = one.moved(key, part, day)
    there = {one.shown.key: (one.before, one.after) for one in changes(one, other)}
    back = {one.shown.key: (one.after, one.before) for one in changes(other, one)}
    assert there == back


@given(students())
def test_a_longer_break_never_makes_a_date_of_the_law_earlier_and_no_state_date_another(one):
    for change in changes(one.under(CALENDAR), one.under(LONGER)):
        before, after = change.before, change.after
        assert before is not None and after is not None
        assert before.state_on == after.state_on
        if before.law_on is not None and after.law_on is not None:
            assert after.law_on >= before.law_on
