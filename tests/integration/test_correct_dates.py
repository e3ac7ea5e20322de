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
from tests.support import pages

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


class TestTheStartOfAPlanMadeHere:
    """The review of November 20, 2026; the family agreed to everything on November 23."""

    PLAN = "PLAN|9910017|9900000005|20261123"
    MEET = "MEET|9910017|9900000005|20261120"

    @pytest.fixture(autouse=True)
    def reviewed(self, small_world, alder):
        pages.finalized(small_world)

    def refused(self, world, key: str, **changes: str) -> list[str]:
        with pytest.raises(NotPossible) as refused:
            correct(world, key, **changes)
        return [reason.code for reason in refused.value.reasons]

    def test_it_is_not_before_the_meeting(self, small_world):
        assert self.refused(small_world, self.PLAN, f23_12="20261119") == ["plan-before-meeting"]

    def test_before_the_familys_yes_it_needs_a_word(self, small_world):
        row = ArchivedRecord.objects.get(record_key=self.PLAN)
        preview = preview_correction(row, {"23.12": "20261120"})
        assert ([one.code for one in preview.blockers], [one.code for one in preview.doubts]) == (
            [],
            ["plan-before-consent"],
        )
        assert correct(small_world, self.PLAN, f23_12="20261120").records.filter(
            record_key="PLAN|9910017|9900000005|20261120"
        )

    def test_where_both_days_are_wrong_the_meetings_goes_first_and_not_behind_the_plan(self, small_world):
        correct(small_world, self.MEET, f24_15="20261117")
        assert correct(small_world, self.PLAN, f23_12="20261118").records.filter(
            record_key="PLAN|9910017|9900000005|20261118"
        )
        moved = "MEET|9910017|9900000005|20261117"
        assert self.refused(small_world, moved, f24_15="20261119") == ["plan-before-meeting"]


def test_of_a_plan_taken_over_the_meeting_of_its_day_is_only_likely_to_be_its_own(small_world, alder):
    row = ArchivedRecord.objects.get(record_key=PLAN)
    preview = preview_correction(row, {"23.12": "20251020"})
    assert [one.code for one in preview.doubts] == ["plan-before-meeting"]
    assert preview.doubts[0].way_out.endswith("Where another meeting made it, say in the reason which.")
    assert preview_correction(row, {"23.12": "20251201"}).doubts == []
