"""What holds of every calendar and every start, against a count that looks at one day after the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from manzanita.domain.calendars import Calendar, Period, PeriodKind, Tolling
from manzanita.domain.clocks import Setting, due
from manzanita.platform import clock as house_clock

DAY = timedelta(days=1)
READINGS = (Tolling.A, Tolling.B, Tolling.C)
# Two school years; their ends are never moved by what is drawn.
TERMS = (
    Period(date(2026, 8, 17), date(2027, 6, 4), PeriodKind.TERM),
    Period(date(2027, 6, 5), date(2027, 8, 15), PeriodKind.SUMMER),
    Period(date(2027, 8, 16), date(2028, 6, 2), PeriodKind.TERM),
)
LAST_DAY = date(2027, 6, 4)
OFF = [kind for kind in PeriodKind if kind not in (PeriodKind.TERM, PeriodKind.SUMMER)]

starts = st.dates(date(2026, 8, 17), date(2027, 12, 31))


@st.composite
def breaks(draw, first=date(2026, 8, 24), last=date(2028, 5, 1)):
    start = draw(st.dates(first, last))
    return Period(start, start + draw(st.integers(0, 20)) * DAY, draw(st.sampled_from(OFF)))


@st.composite
def calendars(draw):
    """Breaks anywhere but at the end of the school year, where they would move that end."""
    drawn = draw(st.lists(breaks(), max_size=6))
    return [*TERMS, *(one for one in drawn if one.end < date(2027, 5, 28) or one.start > date(2027, 8, 24))]


def left_out_day_by_day(periods, reading):
    """The days that reading leaves out, by the words of law and forms 1.1; no code of ours but the periods."""
    off = {}
    for one in periods:
        if one.kind is not PeriodKind.TERM:
            for number in range((one.end - one.start).days + 1):
                off.setdefault(one.start + number * DAY, set()).add(one.kind)
    day, runs, run, kinds = date(2026, 8, 17), [], [], set()
    while day <= date(2028, 6, 3):
        if day.weekday() < 5:
            if day in off:
                run.append(day)
                kinds |= off[day]
            elif run:
                runs.append((run, kinds))
                run, kinds = [], set()
        day += DAY
    out = set()
    for run, kinds in runs:
        if len(run) <= 5 and not kinds & {PeriodKind.SUMMER, PeriodKind.INTERSESSION}:
            continue
        if reading is Tolling.C:
            if len(run) < 6:
                continue
            run = run[5:]
        first, last = run[0], run[-1]
        if reading is Tolling.B:
            first -= {0: 2}.get(first.weekday(), 0) * DAY
            last += {4: 2}.get(last.weekday(), 0) * DAY
        out |= {first + number * DAY for number in range((last - first).days + 1)}
    return out


@given(calendars(), starts, st.sampled_from(READINGS))
def test_a_tolled_count_is_the_same_as_day_by_day(periods, start, reading):
    out, day, left = left_out_day_by_day(periods, reading), start, 30
    while left:
        day += DAY
        left -= day not in out
    answer = due("parent-requested-meeting", Setting(Calendar(periods), reading), request_on=start)
    assert answer.statutory_due_on == day


@given(calendars(), starts, starts, st.sampled_from(Tolling))
def test_a_later_start_is_never_due_earlier_within_one_branch(periods, one, other, reading):
    setting = Setting(Calendar(periods), reading)
    early, late = sorted((one, other))
    for name, key in (("parent-requested-meeting", "request_on"), ("initial-iep", "consent_on")):
        assert (
            due(name, setting, **{key: early}).statutory_due_on
            <= due(name, setting, **{key: late}).statutory_due_on
        )
    if (0 <= (LAST_DAY - early).days <= 10) == (0 <= (LAST_DAY - late).days <= 10):
        first, second = (
            due("assessment-plan", setting, referral_on=day).statutory_due_on for day in (early, late)
        )
        assert first <= second


@given(calendars(), breaks(), st.integers(1, 15), st.booleans(), starts, st.sampled_from(Tolling))
def test_a_longer_break_is_never_due_earlier(periods, one, more, is_at_its_end, start, reading):
    longer = (
        Period(one.start, one.end + more * DAY, one.kind)
        if is_at_its_end
        else Period(one.start - more * DAY, one.end, one.kind)
    )
    short, long = (
        due("initial-iep", Setting(Calendar([*periods, period]), reading), consent_on=start)
        for period in (one, longer)
    )
    assert short.statutory_due_on <= long.statutory_due_on
    assert short.state_due_on == long.state_due_on


@given(calendars(), starts)
def test_nothing_left_out_before_c_before_a_before_b(periods, start):
    calendar = Calendar(periods)
    for name, key in (("initial-iep", "consent_on"), ("assessment-plan", "referral_on")):
        none, c, a, b = (
            due(name, Setting(calendar, reading), **{key: start}).statutory_due_on
            for reading in (Tolling.NONE, Tolling.C, Tolling.A, Tolling.B)
        )
        assert none <= c <= a <= b


COUNTED = [
    ("initial-iep", "consent_on", 60),
    ("parent-requested-meeting", "request_on", 30),
    ("manifestation", "decision_on", 10),
    ("records-5-business", "request_on", 5),
    ("interim-setting", "placed_on", 45),
    ("transfer-30", "enrolled_on", 30),
    ("part-c-45", "referral_on", 45),
]


@given(calendars(), starts, st.sampled_from(Tolling), st.sampled_from(COUNTED))
def test_the_days_of_a_trace_add_up(periods, start, reading, counted):
    name, key, days = counted
    answer = due(name, Setting(Calendar(periods), reading), **{key: start})
    steps = [step for step in answer.trace if step.days]
    assert sum(step.days for step in steps if step.is_counted) == days
    at = start
    for step in steps:
        assert step.first == at + DAY  # no day is told twice, none is passed over
        assert step.days == (step.last - step.first).days + 1
        at = step.last
    assert at == answer.statutory_due_on
    assert steps[-1].is_counted
    assert all(step.first == step.last for step in answer.trace if not step.days)


@given(st.dates(date(2027, 5, 1), date(2027, 8, 15)), st.sampled_from(Tolling))
@settings(max_examples=60)
def test_around_the_end_of_the_year_the_days_of_a_trace_reach_from_start_to_due(start, reading):
    answer = due("assessment-plan", Setting(Calendar(TERMS), reading), referral_on=start)
    steps = [step for step in answer.trace if step.days]
    counted = sum(step.days for step in steps if step.is_counted)
    assert counted == (10 if 0 <= (LAST_DAY - start).days <= 10 else 15)
    assert sum(step.days for step in steps) == (answer.statutory_due_on - start).days


# 23:30 in California is the next day in Greenwich; on a day of 23 or 25 hours every hour is of that day.
@pytest.mark.parametrize(
    ("instant", "today", "ifsp_by", "iep_by"),
    [
        (
            datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
            "2026-10-31",
            "2026-12-15",
            "2027-01-11",
        ),  # 23:30 the day before
        (
            datetime(2026, 11, 1, 8, 30, tzinfo=UTC),
            "2026-11-01",
            "2026-12-16",
            "2027-01-12",
        ),  # 01:30, first time
        (
            datetime(2026, 11, 1, 9, 30, tzinfo=UTC),
            "2026-11-01",
            "2026-12-16",
            "2027-01-12",
        ),  # 01:30, second time
        (
            datetime(2026, 11, 2, 7, 30, tzinfo=UTC),
            "2026-11-01",
            "2026-12-16",
            "2027-01-12",
        ),  # 23:30 that day
        (
            datetime(2027, 3, 14, 7, 30, tzinfo=UTC),
            "2027-03-13",
            "2027-04-27",
            "2027-05-12",
        ),  # 23:30 the day before
        (
            datetime(2027, 3, 14, 10, 30, tzinfo=UTC),
            "2027-03-14",
            "2027-04-28",
            "2027-05-13",
        ),  # 03:30, an hour is gone
        (
            datetime(2027, 3, 15, 6, 30, tzinfo=UTC),
            "2027-03-14",
            "2027-04-28",
            "2027-05-13",
        ),  # 23:30 that day
    ],
)
def test_received_today_is_the_day_in_california_at_any_hour(instant, today, ifsp_by, iep_by):
    """Clocks know days only. The hour matters once, where somebody says "today": the house clock answers that."""
    with time_machine.travel(instant, tick=False):
        received = house_clock.today()
        assert received == date.fromisoformat(today)
        assert due("part-c-45", referral_on=received).statutory_due_on == date.fromisoformat(ifsp_by)
        winter = Period(date(2026, 12, 21), date(2027, 1, 1), PeriodKind.BREAK)
        setting = Setting(Calendar([*TERMS, winter]), Tolling.A)
        assert due("initial-iep", setting, consent_on=received).statutory_due_on == date.fromisoformat(iep_by)


@pytest.mark.parametrize(
    ("day", "over_at"),
    [
        (date(2026, 10, 31), datetime(2026, 11, 1, 7, tzinfo=UTC)),
        (date(2026, 11, 1), datetime(2026, 11, 2, 8, tzinfo=UTC)),  # 25 hours
        (date(2027, 3, 13), datetime(2027, 3, 14, 8, tzinfo=UTC)),
        (date(2027, 3, 14), datetime(2027, 3, 15, 7, tzinfo=UTC)),  # 23 hours
    ],
)
def test_a_due_day_ends_at_local_midnight(day, over_at):
    assert house_clock.end_of(day) == over_at
