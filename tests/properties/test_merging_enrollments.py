"""After any merge no day has two primary enrollments at one LEA, unless one of the two records had them before."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manzanita.domain.merging import Side
from manzanita.students.merging_differences import differences
from manzanita.students.merging_enrollments import enrolled_twice
from manzanita.students.merging_held import Held, choice_key
from manzanita.students.merging_statements import enrollments_after

FIRST = date(2026, 8, 1)
LEAS = ("9910017", "9910025")
CONTENT = (
    *("school_code", "nps_code", "status_code", "grade_code", "exit_reason_code"),
    *("completion_code", "local_student_id"),
)


def row(lea: str, start: int, end: int | None, status: str, side: str) -> SimpleNamespace:
    values = dict.fromkeys(CONTENT, "") | {"status_code": status, "local_student_id": f"{side}{start}"}
    day = FIRST + timedelta(days=start)
    last = None if end is None else FIRST + timedelta(days=end)
    return SimpleNamespace(
        lea_code=lea,
        started_on=day,
        effective_from=day,
        effective_to=last,
        content=CONTENT,
        recorded_at=FIRST,
        **values,
    )


@st.composite
def record(draw, side: str) -> list[SimpleNamespace]:
    """Enrollments of one record, at each LEA one after the other; the last one may be open."""
    rows = []
    for lea in LEAS:
        days = draw(st.lists(st.integers(0, 14), max_size=6, unique=True).map(sorted))
        pairs = list(zip(days[::2], days[1::2], strict=False))
        is_open = draw(st.booleans())
        for number, (start, end) in enumerate(pairs):
            last = None if is_open and number == len(pairs) - 1 else end
            rows.append(row(lea, start, last, draw(st.sampled_from(["10", "10", "10", "20"])), side))
    return rows


def held_of(stays: list[SimpleNamespace], other: list[SimpleNamespace]) -> list[Held]:
    keys = sorted({(one.lea_code, one.started_on) for one in (*stays, *other)})
    return [
        Held(
            "enrollment",
            key,
            tuple(one for one in stays if (one.lea_code, one.started_on) == key),
            tuple(one for one in other if (one.lea_code, one.started_on) == key),
        )
        for key in keys
    ]


def primary_on(after, lea: str, day: date) -> list[str]:
    return [
        span.value[CONTENT.index("local_student_id")]
        for key, spans in after.items()
        if key[0] == lea
        for span in spans
        if span.covers(day) and span.value[CONTENT.index("status_code")] == "10"
    ]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_day_has_two_primary_enrollments_at_one_lea(data):
    held = held_of(data.draw(record("A")), data.draw(record("B")))
    twice = enrolled_twice(held)
    keys = {two.key for two in twice} | {two.void_key for two in twice} | {choice_key(one) for one in held}
    choices = {key: data.draw(st.sampled_from(list(Side))) for key in sorted(keys)}
    after = enrollments_after(held, choices)
    for lea in LEAS:
        for number in range(20):
            day = FIRST + timedelta(days=number)
            assert len(primary_on(after, lea, day)) <= 1, (lea, day, choices)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_goes_on_keeps_all_of_its_days(data):
    held = held_of(data.draw(record("A")), data.draw(record("B")))
    side = data.draw(st.sampled_from(list(Side)))
    twice = enrolled_twice(held)
    after = enrollments_after(held, {two.key: side for two in twice})
    for two in twice:
        for one in two.rows[side]:
            assert [
                (span.start, span.end)
                for span in after[one.lea_code, one.started_on]
                if span.value[CONTENT.index("local_student_id")] == one.local_student_id
            ] == [(one.effective_from, one.effective_to)]


@pytest.mark.django_db
def test_each_choice_that_is_needed_is_asked():
    """A open from 08/02, B from 08/06 to 08/09: A goes on, and B has no day of its own; where B goes on, A has."""
    person = SimpleNamespace(
        pk=0,
        first_name="",
        middle_name="",
        last_name="",
        suffix="",
        birth_on=None,
        gender_code="",
        local_sped_id="",
    )
    enrolled = held_of([row(LEAS[0], 1, None, "10", "A")], [row(LEAS[0], 5, 8, "10", "B")])
    kinds = ("ssid", "status", "plan", "assignment", "agency", "contact", "rights", "service", "team")
    held = {kind: [] for kind in kinds} | {"enrollment": enrolled}
    assert [one.key for one in differences(person, person, held)] == ["primary.9910017", "never.9910017"]
    a, b = (LEAS[0], FIRST + timedelta(days=1)), (LEAS[0], FIRST + timedelta(days=5))
    assert list(enrollments_after(enrolled, {})) == [a]
    after = enrollments_after(enrolled, {"primary.9910017": Side.OTHER})
    # The one that does not go on has days before and after.
    assert [(one.start.day, one.end and one.end.day) for one in after[a]] == [(2, 5), (10, None)]
    assert [(one.start.day, one.end.day) for one in after[b]] == [(6, 9)]
    both = {"primary.9910017": Side.OTHER, "never.9910017": Side.OTHER}
    assert list(enrollments_after(enrolled, both)) == [b]
