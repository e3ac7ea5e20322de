"""What a correction and a change say of findings before anything is recorded."""

from __future__ import annotations

from datetime import date

from manzanita.archive.models import Archive
from manzanita.domain.records import spoken_key
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import preview_change
from manzanita.procedures.correct import preview_correction
from tests.integration.test_correct import correct, row_of
from tests.support.exchange import archive, review_rows

NEW_PLAN = "PLAN|9910017|9900000005|20261123"
# The student is ten years old: established medical disability is for children below six.
MEDICAL = {"23.15": "281"}


def test_a_correction_says_which_finding_it_would_open(small_world):
    archive(small_world.students["alder"], review_rows())
    said = preview_correction(row_of(NEW_PLAN), MEDICAL).said
    assert [one.code for one in said.opens if one.code == "PLAN0367E4"] == ["PLAN0367E4"]
    assert {one.record_key for one in said.opens if one.code == "PLAN0367E4"} == {NEW_PLAN}
    assert "PLAN0367E4" not in [one.code for one in said.closes]


def test_the_way_back_says_which_finding_it_would_close(small_world):
    archive(small_world.students["alder"], review_rows())
    was = row_of(NEW_PLAN).values["23.15"]
    correct(small_world, NEW_PLAN, f23_15="281")
    said = preview_correction(row_of(NEW_PLAN), {"23.15": was}).said
    assert "PLAN0367E4" in [one.code for one in said.closes]
    assert "PLAN0367E4" not in [one.code for one in said.opens]


def test_what_was_said_before_is_neither_opened_nor_closed(small_world):
    archive(small_world.students["alder"], review_rows())
    correct(small_world, NEW_PLAN, f23_15="281")
    # Another field, and the same field of another record's day.
    for changes in ({"23.23": "50"}, {"23.12": "20261122"}):
        said = preview_correction(row_of(NEW_PLAN), changes).said
        assert "PLAN0367E4" not in [one.code for one in (*said.opens, *said.closes)], changes


def test_nothing_changed_opens_and_closes_nothing(small_world):
    archive(small_world.students["alder"], review_rows())
    preview = preview_correction(row_of(NEW_PLAN), {})
    assert (preview.said.opens, preview.said.closes) == ((), ())


def test_a_change_without_a_meeting_says_what_it_would_open(small_world):
    """Setting 201 is an early childhood program; Alder is in school age."""
    before = Archive.objects.count()
    asked = Asked("setting", date(2026, 11, 20), "Moved", settings={"23.20": "201"}, ground="said")
    preview = preview_change(small_world.coordinator_actor, small_world.students["alder"], asked)
    plans = [one for one in preview.said.opens if one.record == "PLAN"]
    assert plans and {spoken_key(one.record_key) for one in plans} == {"PLAN of 11/20/2026"}
    assert Archive.objects.count() == before


def test_a_record_is_named_with_its_day():
    assert spoken_key(NEW_PLAN) == "PLAN of 11/23/2026"
    assert (
        spoken_key("SERV|9910017|9900000005|20251114|330|100|510") == "Service 330 of the plan of 11/14/2025"
    )
    assert spoken_key("MEET|9910017||pending-20261101") == "MEET pending since 11/01/2026"
    assert spoken_key("SWDS|9910017|9900000005|") == "SWDS"
    assert spoken_key("SENR|9910017|9900000005") == "SENR"
