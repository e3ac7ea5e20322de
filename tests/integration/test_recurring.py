"""What recurs by the clock: when it is due, beside whatever else goes wrong, and telling nothing of a student."""

from __future__ import annotations

import logging
import threading

import pytest

from manzanita.platform import recurring
from manzanita.platform.recurring import known_recurring, recur_until, run_once
from manzanita.platform.request_ids import current_request_id


@pytest.fixture
def alone(monkeypatch):
    """Nothing recurs but what the test registers."""
    monkeypatch.setattr(recurring, "_known", {})
    monkeypatch.setattr(recurring, "autodiscover_modules", lambda name: None)


def test_the_sealer_comes_each_minute_and_the_verifier_is_looked_after():
    known = {one.name: one.every_seconds for one in known_recurring()}
    assert known["auditing.seal"] == 60
    assert "auditing.verify-daily" in known


def test_it_comes_again_and_again_until_it_is_stopped(alone):
    stop, seen = threading.Event(), []

    @recurring.recurring("test.tick", every_seconds=0.01)
    def tick() -> None:
        seen.append(current_request_id())
        if len(seen) == 3:
            stop.set()

    thread = threading.Thread(target=recur_until, args=(stop,))
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert seen == ["test.tick"] * 3


def test_what_is_not_due_at_the_start_comes_a_round_later(alone):
    stop, seen = threading.Event(), []

    @recurring.recurring("test.a-late", every_seconds=0.2, is_due_at_start=False)
    def late() -> None:
        seen.append("late")
        stop.set()

    @recurring.recurring("test.early", every_seconds=0.15)
    def early() -> None:
        seen.append("early")

    recur_until(stop)
    assert seen[:2] == ["early", "early"] and seen[-1] == "late"


def test_one_that_fails_does_not_stop_the_others_and_its_words_are_not_logged(alone, caplog):
    stop, seen = threading.Event(), []

    @recurring.recurring("test.bad", every_seconds=0.01)
    def bad() -> None:
        raise ValueError("Sorrel Testcase was born on 2015-03-04")

    @recurring.recurring("test.good", every_seconds=0.01)
    def good() -> None:
        seen.append(1)
        if len(seen) == 2:
            stop.set()

    with caplog.at_level(logging.ERROR, logger="manzanita.recurring"):
        recur_until(stop)
    assert len(seen) == 2
    assert "recurring test.bad failed: ValueError" in caplog.text and "Sorrel" not in caplog.text


def test_nothing_is_left_of_an_id_afterwards(alone):
    @recurring.recurring("test.once", every_seconds=1)
    def once() -> None: ...

    assert run_once(known_recurring()[0])
    assert current_request_id() == ""
