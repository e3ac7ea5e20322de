"""A due date that is counted anew remembers what it was, and which fact, calendar or reading made it another."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.deadlines import recompute as counting
from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute, recompute_stale
from manzanita.domain.due_moves import Before, Cause, before_of, move_words, why_moved
from manzanita.orgs.actions import set_policy
from tests.integration.test_due_dates import (
    THANKSGIVING,
    WINTER,
    calendar,
    clocks_of,
    counted,  # noqa: F401  (a fixture)
    evaluation,
)
from tests.support import world as w


def told(row: DueDate) -> tuple[str, str]:
    before = before_of(row.before)
    assert before is not None
    return move_words(before, row.due_on, row.statutory_due_on), why_moved(row.clock, before, row.given)


def test_what_is_counted_once_has_nothing_before_it(counted):  # noqa: F811
    row = clocks_of(counted, "alder")["annual-review"]
    assert row.before == {}
    assert move_words(None, row.due_on, row.statutory_due_on) == "first counted, due 11/14/2026"


def test_a_fact_is_named_with_its_days(counted):  # noqa: F811
    """As it stood while the review was known of 11/12/2025."""
    row = clocks_of(counted, "alder")["annual-review"]
    then = {"given": {"last_iep_on": "2025-11-12"}, "due_on": date(2026, 11, 12), "inputs": "of another day"}
    DueDate.objects.filter(pk=row.pk).update(**then)
    recompute([counted.students["alder"].pk])
    row.refresh_from_db()
    moved, why = told(row)
    assert moved == "was due 11/12/2026, now 11/14/2026 (2 days later)"
    assert ": 11/12/2025 became 11/14/2025 (last plan review that was held" in why
    assert "calendar" not in why


def test_a_calendar_and_then_a_reading_are_told_apart(counted):  # noqa: F811
    evaluation(counted)
    calendar(counted, THANKSGIVING, WINTER)
    recompute_stale()
    row = clocks_of(counted, "yarrow")["initial-iep"]
    assert told(row) == (
        "due 01/15/2027 as before; by law 01/15/2027 before, now 01/27/2027",
        "The school calendar that it counts by was changed.",
    )
    set_policy(actor=counted.coordinator_actor, selpa_code=w.SELPA, key="tolling", value="C", reason="test")
    recompute_stale()
    row.refresh_from_db()
    assert told(row) == (
        "due 01/15/2027 as before; by law 01/27/2027 before, now 01/20/2027",
        "The SELPA's reading of how long breaks stop the clock was changed.",
    )


def test_another_way_of_counting_is_no_change_of_the_record(counted, monkeypatch):  # noqa: F811
    monkeypatch.setattr(counting, "_VERSION_BEFORE", "1")
    monkeypatch.setattr(counting.Counting.inputs, "__defaults__", ("2",))
    recompute([counted.students["alder"].pk])
    row = clocks_of(counted, "alder")["annual-review"]
    assert told(row) == (
        "due 11/14/2026 as before",
        "This program counts the clock otherwise than before.",
    )


def test_a_student_of_another_school_counts_by_its_calendar(counted):  # noqa: F811
    row = clocks_of(counted, "alder")["annual-review"]
    DueDate.objects.filter(pk=row.pk).update(school_code="9910099")
    recompute([counted.students["alder"].pk])
    row.refresh_from_db()
    assert told(row)[1] == "The student's district or school is another, and with it the calendar."


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        (date(2026, 11, 14), date(2026, 11, 13), "was due 11/14/2026, now 11/13/2026 (1 day earlier)"),
        (None, date(2026, 11, 13), "had no date, now due 11/13/2026"),
        (date(2026, 11, 14), None, "was due 11/14/2026, now no date"),
        (None, None, "no date, as before"),
    ],
)
def test_the_old_date_and_the_new_one(was, now, words):
    assert move_words(Before(was, None, "", {}, [Cause.FACTS]), now, None) == words
