"""Telling those above that something below has changed, without knowing them.

Whoever writes a fact, a meeting or a calendar says so in the same transaction; apps that keep something computed from
it have registered (``AppConfig.ready``) and mark what they have to compute anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

_of_students: list[Callable[[list[int]], object]] = []
_of_calendars: list[Callable[[list[str]], object]] = []


def when_students_change(function: Callable[[list[int]], object]) -> None:
    """Have ``function`` called with keys of students, within the transaction that changed them."""
    if function not in _of_students:
        _of_students.append(function)


def when_calendars_change(function: Callable[[list[str]], object]) -> None:
    """Have ``function`` called with codes of LEAs whose calendar, or reading of the law, is another now."""
    if function not in _of_calendars:
        _of_calendars.append(function)


def students_changed(student_ids: Iterable[int]) -> None:
    """Something that clocks count from was written of these students: a fact, a meeting, a request."""
    if ids := sorted(set(student_ids)):
        for function in _of_students:
            function(ids)


def calendars_changed(lea_codes: Iterable[str]) -> None:
    if codes := sorted(set(lea_codes)):
        for function in _of_calendars:
            function(codes)
