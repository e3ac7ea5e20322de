"""Lines that are being typed: what is kept of a page is never older than what the database says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from manzanita.domain import records
from manzanita.domain.validation.live import LiveRecords
from manzanita.exchange import live
from manzanita.exchange.checks import check_lines, rows_with
from manzanita.exchange.live import PAGES_KEPT, check_typed
from manzanita.exchange.models import StateRecord
from manzanita.students.queries import facts_of
from tests.support import world as w


@pytest.fixture
def pages(monkeypatch):
    kept = live._Pages()
    monkeypatch.setattr(live, "_pages", kept)
    return kept


@pytest.fixture
def said(small_world, noon, pages):
    """Codes that are said of Alder's plan of November 23, 2026, typed with some values."""
    student_id = small_world.students["alder"].pk

    def check(page="meeting 1", **changes):
        line = records.complete("PLAN", w.plan("alder", "20261123", **{"23.01": "PLAN", **changes}))
        lines = [(records.record_key("PLAN", line), line)]
        found = check_typed(page, student_id, lines, about={"PLAN"})
        whole = check_lines(student_id, lines)
        assert {key: sorted(map(repr, of_key)) for key, of_key in found.items()} == {
            key: sorted(map(repr, of_key)) for key, of_key in whole.items()
        }
        return {one.code for one in found.get(lines[0][0], [])}

    return check


def test_a_field_that_is_typed_runs_the_rules_that_read_it_on_what_is_kept(said, pages):
    assert "PLAN0364E4" not in said()
    kept = pages.take("meeting 1")
    pages.put("meeting 1", kept)
    assert "PLAN0364E4" in said(**{"23.20": "203"})
    assert len(pages) == 1
    assert pages.take("meeting 1") is kept
    assert kept.version == 2
    assert 0 < kept.rules_run < 40


def test_what_the_caller_has_read_of_the_student_is_what_would_be_read(small_world, noon, pages):
    """With an enrollment, and without one, where the SSID and the birth stand alone."""
    for name in ("alder", "sage"):
        student = small_world.students[name]
        line = records.complete("PLAN", w.plan(name, "20261123", **{"23.01": "PLAN"}))
        lines = [(records.record_key("PLAN", line), line)]
        assert rows_with(student.pk, lines, known=facts_of(student)) == rows_with(student.pk, lines)
        bare = replace(facts_of(student), enrollments=[])
        (birth,) = rows_with(student.pk, lines, known=bare)["SINF"]
        assert (birth["2.09"], birth["2.18"]) == (bare.ssid, f"{student.birth_on:%Y%m%d}")
        assert rows_with(student.pk, lines, known=replace(bare, ssids=[]))["SINF"] == []


def test_what_another_process_has_changed_is_seen_with_the_next_key(said, small_world):
    """The state comes to hold a plan of the same day from another district, and no longer does."""
    before = said()
    assert "PLAN0663F1" not in before
    other = records.complete("PLAN", w.plan("alder", "20261123", w.OTHER_LEA, **{"23.01": "PLAN"}))
    held = StateRecord.objects.create(
        student_id=small_world.students["alder"].pk,
        lea_code=w.OTHER_LEA,
        record="PLAN",
        record_key=records.record_key("PLAN", other),
        key_on=records.key_on("PLAN", other),
        values=other,
        learned_at=w.NOON,
        learned_from="extract",
    )
    assert said() == before | {"PLAN0663F1"}
    held.delete()
    assert said() == before


def test_another_day_is_another_judgment(said, pages, noon):
    said()
    first = pages.take("meeting 1")
    pages.put("meeting 1", first)
    noon.shift(86_400)
    said()
    assert pages.take("meeting 1") is not first


def test_a_process_keeps_the_pages_that_were_typed_on_last(pages, monkeypatch):
    for number in range(PAGES_KEPT + 3):
        pages.put(f"meeting {number}", object())
    assert len(pages) == PAGES_KEPT
    assert pages.take("meeting 2") is None
    assert pages.take("meeting 3") is not None


def test_what_an_error_has_left_half_judged_is_not_kept(said, pages, monkeypatch):
    said()

    def fail(*_):
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(LiveRecords, "update", fail)
        with pytest.raises(RuntimeError):
            said(**{"23.20": "203"})
    assert len(pages) == 0
    assert "PLAN0364E4" in said(**{"23.20": "203"})
