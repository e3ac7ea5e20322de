"""Work that recurs by the clock, in every worker, beside its jobs.

Each app registers its own in a module ``recurring.py``. It runs in a thread of the worker, so that a job of an hour
does not put it off; any number of workers may do it at once, so it has to be safe against itself, short, and quiet
where there is nothing to do. Long work belongs into a job that it enqueues.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connections
from django.utils.module_loading import autodiscover_modules

from manzanita.platform.request_ids import request_id

logger = logging.getLogger("manzanita.recurring")


@dataclass(frozen=True, slots=True)
class Recurring:
    """``function`` is due again ``every_seconds`` after it began, the first time at the start of the worker or so
    long after it."""

    name: str
    every_seconds: float
    function: Callable[[], object]
    is_due_at_start: bool = True


_known: dict[str, Recurring] = {}


def recurring(
    name: str, *, every_seconds: float, is_due_at_start: bool = True
) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register a function without arguments that every worker calls again and again."""

    def register(function: Callable[[], object]) -> Callable[[], object]:
        _known[name] = Recurring(name, every_seconds, function, is_due_at_start)
        return function

    return register


def known_recurring() -> list[Recurring]:
    """All that installed apps have registered, by name."""
    autodiscover_modules("recurring")
    return sorted(_known.values(), key=lambda one: one.name)


def run_once(one: Recurring) -> bool:
    """Call it; whether it went well. An error is logged by type: its message may hold student data."""
    try:
        with request_id(one.name):
            one.function()
    except Exception as error:  # the next round tries again, and the others have to go on
        logger.error("recurring %s failed: %s", one.name, type(error).__qualname__)
        return False
    return True


def recur_until(stop: threading.Event) -> None:
    """Call everything when it is due until ``stop`` is set. For a thread of its own."""
    started = time.monotonic()
    due = {
        one.name: (started if one.is_due_at_start else started + one.every_seconds, one)
        for one in known_recurring()
    }
    while due and not stop.is_set():
        for name, (at, one) in list(due.items()):
            if at <= time.monotonic() and not stop.is_set():
                due[name] = (time.monotonic() + one.every_seconds, one)
                run_once(one)
        connections.close_all()
        stop.wait(max(0.05, min(at for at, _ in due.values()) - time.monotonic()))
