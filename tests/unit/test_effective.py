"""Effective dating without a database: examples by hand, and every restatement against days painted one by one."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manzanita.domain.effective import Restatement, Span, Version, give_back, replace_all, restate

SEPTEMBER_1, SEPTEMBER_30 = date(2026, 9, 1), date(2026, 9, 30)
OCTOBER_1, OCTOBER_31 = date(2026, 10, 1), date(2026, 10, 31)
NOVEMBER_1 = date(2026, 11, 1)
OPEN = Span(SEPTEMBER_1, None, "speech")


# One statement, by hand


def test_the_first_statement_is_inserted_as_it_is():
    assert restate([], start=SEPTEMBER_1, end=None, value="speech") == Restatement((), (OPEN,))


def test_a_later_start_ends_the_open_span_the_day_before():
    assert restate([OPEN], start=OCTOBER_1, end=None, value="vision") == Restatement(
        close=(OPEN,),
        insert=(Span(SEPTEMBER_1, SEPTEMBER_30, "speech"), Span(OCTOBER_1, None, "vision")),
    )


def test_a_span_in_the_middle_leaves_head_and_tail():
    assert restate([OPEN], start=OCTOBER_1, end=OCTOBER_31, value="vision") == Restatement(
        close=(OPEN,),
        insert=(
            Span(SEPTEMBER_1, SEPTEMBER_30, "speech"),
            Span(OCTOBER_1, OCTOBER_31, "vision"),
            Span(NOVEMBER_1, None, "speech"),
        ),
    )


def test_stating_that_nothing_holds_cuts_a_hole():
    assert restate([OPEN], start=OCTOBER_1, end=OCTOBER_31, value=None) == Restatement(
        close=(OPEN,),
        insert=(Span(SEPTEMBER_1, SEPTEMBER_30, "speech"), Span(NOVEMBER_1, None, "speech")),
    )


def test_stating_what_is_believed_changes_nothing():
    assert restate([OPEN], start=SEPTEMBER_1, end=None, value="speech") == Restatement((), ())


def test_a_span_that_only_touches_stays_untouched():
    september = Span(SEPTEMBER_1, SEPTEMBER_30, "speech")

    assert restate([september], start=OCTOBER_1, end=None, value="vision") == Restatement(
        close=(), insert=(Span(OCTOBER_1, None, "vision"),)
    )


def test_a_single_day_is_a_span():
    september = Span(SEPTEMBER_1, SEPTEMBER_30, "speech")

    assert restate([september], start=SEPTEMBER_30, end=SEPTEMBER_30, value="vision") == Restatement(
        close=(september,),
        insert=(
            Span(SEPTEMBER_1, date(2026, 9, 29), "speech"),
            Span(SEPTEMBER_30, SEPTEMBER_30, "vision"),
        ),
    )


def test_an_end_before_the_start_is_refused():
    with pytest.raises(ValueError, match=r"cannot end \(2026-09-30\) before it starts \(2026-10-01\)"):
        restate([OPEN], start=OCTOBER_1, end=SEPTEMBER_30, value="vision")
    with pytest.raises(ValueError, match="cannot end"):
        replace_all([OPEN], start=OCTOBER_1, end=SEPTEMBER_30, value="vision")


# The whole slot


def test_a_new_exit_date_of_an_enrollment_moves_its_end():
    assert replace_all([OPEN], start=SEPTEMBER_1, end=OCTOBER_31, value="speech") == Restatement(
        close=(OPEN,), insert=(Span(SEPTEMBER_1, OCTOBER_31, "speech"),)
    )


def test_the_same_whole_slot_again_changes_nothing():
    assert replace_all([OPEN], start=SEPTEMBER_1, end=None, value="speech") == Restatement((), ())


def test_a_whole_slot_can_be_emptied():
    assert replace_all([OPEN], start=SEPTEMBER_1, end=None, value=None) == Restatement((OPEN,), ())
    assert replace_all([], start=SEPTEMBER_1, end=None, value=None) == Restatement((), ())


# Any sequence of statements, against days


first_day = date(2026, 1, 1)
day_numbers = st.integers(0, 30)
one_statement = st.tuples(
    day_numbers, st.none() | day_numbers, st.sampled_from([None, "speech", "vision"]), st.booleans()
)


@given(st.lists(one_statement, max_size=10))
def test_the_last_statement_about_a_day_is_what_holds_on_it(statements):
    spans: list[Span[str]] = []
    painted: dict[int, str | None] = {}
    horizon = 100
    for first, length, value, is_whole_slot in statements:
        start = first_day + timedelta(days=first)
        end = None if length is None else start + timedelta(days=length)
        change = (replace_all if is_whole_slot else restate)(spans, start=start, end=end, value=value)
        for span in change.close:
            spans.remove(span)
        spans = sorted([*spans, *change.insert], key=lambda span: span.start)

        last = horizon if length is None else first + length
        if is_whole_slot:
            painted.clear()
        for day in range(first, last + 1):
            painted[day] = value

    for day in range(horizon + 1):
        holding = [span.value for span in spans if span.covers(first_day + timedelta(days=day))]
        assert holding == ([painted[day]] if painted.get(day) else [])
    for earlier, later in itertools.pairwise(spans):
        assert earlier.end is not None
        assert earlier.end < later.start


# Taking a statement back


def test_what_was_cut_and_comes_back_is_one_again_with_its_own_end():
    september = Span(SEPTEMBER_1, OCTOBER_31, "speech")
    now = [Span(SEPTEMBER_1, SEPTEMBER_30, "speech"), Span(OCTOBER_1, None, "vision")]

    assert give_back(now, [september], start=OCTOBER_1, end=None) == Restatement(
        close=(now[1], now[0]), insert=(september,)
    )


def test_what_was_stated_since_stays_and_the_rest_comes_back_up_to_it():
    now = [
        Span(SEPTEMBER_1, SEPTEMBER_30, "speech"),
        Span(OCTOBER_1, OCTOBER_31, "vision"),
        Span(NOVEMBER_1, None, "hearing"),
    ]

    assert give_back(now, [OPEN], start=OCTOBER_1, end=OCTOBER_31) == Restatement(
        close=(now[1], now[0]), insert=(Span(SEPTEMBER_1, OCTOBER_31, "speech"),)
    )


def test_the_same_that_somebody_else_stated_beside_it_is_not_made_one_with_it():
    october = Span(OCTOBER_1, OCTOBER_31, "speech")
    now = [Span(SEPTEMBER_1, SEPTEMBER_30, "speech"), Span(OCTOBER_1, OCTOBER_31, "vision")]

    assert give_back(now, [october], start=OCTOBER_1, end=OCTOBER_31) == Restatement(
        close=(now[1],), insert=(october,)
    )


def test_where_nothing_was_nothing_comes_back():
    vision = Span(OCTOBER_1, None, "vision")

    assert give_back([vision], [], start=OCTOBER_1, end=None) == Restatement((vision,), ())


@given(st.lists(one_statement, max_size=6), one_statement)
def test_a_statement_that_is_taken_back_leaves_the_very_spans_that_stood(before, stated):
    spans: list[Span[str]] = []

    def change(done: Restatement[str]) -> None:
        for span in done.close:
            spans.remove(span)
        spans.extend(done.insert)

    def days_of(first: int, length: int | None) -> tuple[date, date | None]:
        start = first_day + timedelta(days=first)
        return start, None if length is None else start + timedelta(days=length)

    for first, length, value, _ in before:
        start, end = days_of(first, length)
        change(restate(spans, start=start, end=end, value=value))
    stood = sorted(spans, key=lambda span: span.start)
    start, end = days_of(*stated[:2])
    told = restate(stood, start=start, end=end, value="hearing")
    change(told)
    change(give_back(spans, told.close, start=start, end=end))

    assert sorted(spans, key=lambda span: span.start) == stood


# A version on both axes


@pytest.mark.parametrize(
    ("effective", "hour", "holds"),
    [
        (SEPTEMBER_1, 9, True),
        (SEPTEMBER_30, 9, True),
        (date(2026, 8, 31), 9, False),
        (OCTOBER_1, 9, False),
        (SEPTEMBER_1, 8, False),  # an hour before it was recorded
        (SEPTEMBER_1, 11, True),
        (SEPTEMBER_1, 12, False),  # the instant at which it was superseded
    ],
)
def test_a_version_holds_from_its_recording_until_it_is_superseded(effective, hour, holds):
    version = Version(
        Span(SEPTEMBER_1, SEPTEMBER_30, "speech"),
        recorded_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
        superseded_at=datetime(2026, 11, 2, 12, tzinfo=UTC),
    )

    assert version.holds(effective=effective, known=datetime(2026, 11, 2, hour, tzinfo=UTC)) is holds
