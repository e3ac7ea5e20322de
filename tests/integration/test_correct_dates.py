"""Correcting the day of an archived record: the key at the state, the services that go along, the facts moved."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.archive.models import ArchivedRecord
from manzanita.exchange.models import Operation
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import Meeting
from manzanita.procedures.correct import correct_record, preview_correction
from manzanita.students.queries import facts_of

PLAN = "PLAN|9910017|9900000005|20251114"
SWDS = "SWDS|9910017|9900000005|20241115"
MEET = "MEET|9910017|9900000005|20251114"


@pytest.fixture
def alder(small_world):
    """Plans of November 15, 2024 and November 14, 2025, both at the state; today is November 23, 2026."""
    return small_world.students["alder"]


def correct(world, key: str, **changes: str):
    row = ArchivedRecord.objects.get(record_key=key, archive__superseded_by=None)
    given = {number.replace("_", "."): text for number, text in changes.items()}
    return correct_record(
        actor=world.coordinator_actor,
        row=row,
        changes={number[1:]: text for number, text in given.items()},
        reason="The day was that of the letter.",
    )


def operations() -> list[tuple[str, str]]:
    return list(Operation.objects.order_by("position").values_list("kind", "record_key"))


@pytest.mark.parametrize("day", ["20251020", "20251201"], ids=["earlier", "later"])
def test_a_plan_and_its_services_get_another_day_at_the_state_and_here(small_world, alder, day):
    archive = correct(small_world, PLAN, f23_12=day)

    assert operations() == [
        ("delete", "SERV|9910017|9900000005|20251114|330|100|510"),
        ("delete", "SERV|9910017|9900000005|20251114|415|100|510"),
        ("delete", PLAN),
        ("add", f"PLAN|9910017|9900000005|{day}"),
        ("add", f"SERV|9910017|9900000005|{day}|330|100|510"),
        ("add", f"SERV|9910017|9900000005|{day}|415|100|510"),
    ]
    start = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    facts = facts_of(alder)
    assert [(p.effective_from, p.effective_to) for p in facts.plans] == [
        (date(2024, 11, 15), date.fromordinal(start.toordinal() - 1)),
        (start, None),
    ]
    # Speech (415) came with the second plan; instruction (330) stands in both.
    assert [s.effective_from for s in facts.services if s.service_code == "415"] == [start]
    assert [s.effective_from for s in facts.services if s.service_code == "330"] == [
        date(2024, 11, 15),
        start,
    ]
    assert archive.records.get(record="PLAN").values["23.05"] == "2025-2026"


def test_over_the_first_of_july_the_academic_year_goes_along(small_world, alder):
    archive = correct(small_world, PLAN, f23_12="20250630")

    assert archive.records.get(record="PLAN").values["23.05"] == "2024-2025"
    assert {row.values["25.06"] for row in archive.records.filter(record="SERV")} == {"2024-2025"}


def test_a_status_gets_another_day_and_another_reason(small_world, alder):
    correct(small_world, SWDS, f22_11="20241201")

    assert operations() == [("delete", SWDS), ("add", "SWDS|9910017|9900000005|20241201")]
    assert [status.effective_from for status in facts_of(alder).statuses] == [date(2024, 12, 1)]


def test_a_meeting_gets_another_day_and_the_clocks_follow(small_world, alder):
    correct(small_world, MEET, f24_15="20251107")

    assert operations() == [("delete", MEET), ("add", "MEET|9910017|9900000005|20251107")]
    assert Meeting.objects.filter(student=alder, held_on=date(2025, 11, 7)).count() == 1
    alder.refresh_from_db()
    assert alder.plan_review_due_on == date(2026, 11, 7)


@pytest.mark.parametrize(
    ("key", "changes", "expected"),
    [
        (PLAN, {"f23_12": "20261124"}, ["future-date"]),
        (PLAN, {"f23_12": "20241115"}, ["another-between"]),
        (PLAN, {"f23_12": "20240901"}, ["another-between"]),
        (PLAN, {"f23_12": "20251131"}, ["no-date"]),
        (PLAN, {"f23_12": ""}, ["no-date"]),
        (MEET, {"f24_15": "20241115"}, ["another-between"]),
    ],
)
def test_a_day_that_cannot_be_is_refused_and_nothing_is_half_done(small_world, alder, key, changes, expected):
    with pytest.raises(NotPossible) as refused:
        correct(small_world, key, **changes)

    assert [reason.code for reason in refused.value.reasons] == expected
    assert operations() == []
    assert [p.effective_from for p in facts_of(alder).plans] == [date(2024, 11, 15), date(2025, 11, 14)]


def test_the_preview_tells_every_step_of_a_moved_plan(small_world, alder):
    row = ArchivedRecord.objects.get(record_key=PLAN)
    preview = preview_correction(row, {"23.12": "20251020"})

    assert [(step.kind, step.record, step.key_on.isoformat()) for step in preview.steps] == [
        ("delete", "SERV", "2025-11-14"),
        ("delete", "SERV", "2025-11-14"),
        ("delete", "PLAN", "2025-11-14"),
        ("add", "PLAN", "2025-10-20"),
        ("add", "SERV", "2025-10-20"),
        ("add", "SERV", "2025-10-20"),
    ]
    assert preview.changes_key
