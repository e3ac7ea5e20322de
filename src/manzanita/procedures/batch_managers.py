"""The case manager, of now and of the next school year, as fields that are changed of many students at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import date, timedelta
from typing import Any

from manzanita.accounts.queries import user_names
from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.findings import Reason
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.assigning import Term, Wanted, candidates, preview_assignments
from manzanita.procedures.batch_field_shape import BatchField, Values, plain, read_words
from manzanita.procedures.manager_doubts import next_manager_doubts
from manzanita.procedures.next_year import next_first_day
from manzanita.students.caseload import last_day, managers_of, next_starts
from manzanita.students.models import Student

Day = Callable[[], date]


def _next_first_day() -> date:
    return next_first_day(clock.today())


def _choices(day: Day) -> Callable[[Actor], list[tuple[str, str]]]:
    return lambda actor: [(str(one.pk), one.name) for one in candidates(actor, day())["assignment"]]


def _read(day: Day) -> Callable[[Actor, Collection[str]], dict[str, tuple[str, str]]]:
    return lambda actor, texts: _read_on(actor, texts, day())


def _read_on(actor: Actor, texts: Collection[str], on: date) -> dict[str, tuple[str, str]]:
    by_word: dict[str, set[str]] = defaultdict(set)
    for person in candidates(actor, on)["assignment"]:
        for word in (
            str(person.pk),
            person.name,
            person.email,
            " ".join(reversed(person.name.split(" ", 1))),
        ):
            by_word[plain(word)].add(str(person.pk))
    return read_words(
        texts,
        by_word,
        empty="The cell is empty, and nobody is taken off a case by an empty cell.",
        several=lambda text, count: f"{count} people are called “{text}”: give the e-mail address.",
        nobody=lambda text: f"“{text}” is nobody whom you can give students.",
    )


def _words(values: Collection[str]) -> dict[str, str]:
    names = user_names({int(value) for value in values if value})
    return {value: names.get(int(value), "somebody") for value in values if value}


def _now(day: Day) -> Callable[[Collection[int]], dict[int, str]]:
    return lambda ids: {pk: str(user) for pk, user in managers_of(ids, day()).items()}


def _against(day: Day) -> Callable[[Actor, Values], dict[int, Reason]]:
    """What the page of assignments would say."""

    def found(actor: Actor, wanted: Values) -> dict[int, Reason]:
        students = dict(Student.unscoped.filter(pk__in=wanted).values_list("pk", "public_id"))
        asked = [
            Wanted(str(students[pk]), "assignment", int(value), is_seen=False) for pk, value in wanted.items()
        ]
        moves = preview_assignments(actor, asked, Term(day()))
        return {move.row.student.pk: move.refused for move in moves if move.refused is not None}

    return found


def _stated(day: Day) -> Callable[[Values], list[Statement]]:
    """As the page of assignments states it: who is planned for a later day stays planned."""

    def found(values: Values) -> list[Statement]:
        starts_on = day()
        planned = next_starts(values, starts_on)
        return [
            Statement(
                {"student_id": pk},
                {"user_id": int(value)} if value else None,
                starts_on,
                last_day(None, planned.get(pk)),
            )
            for pk, value in values.items()
        ]

    return found


def _follows(day: Day) -> Callable[[Collection[int]], dict[int, tuple[date, str]]]:
    """Who is planned for a later day, and the last day before it."""
    return lambda ids: {
        pk: (one.effective_from - timedelta(days=1), str(one.user_id))
        for pk, one in next_starts(ids, day()).items()
    }


def _kept_until_july(ids: Collection[int]) -> dict[int, tuple[date, str]]:
    """Who has each case through June 30, whoever is planned from July 1."""
    last = _next_first_day() - timedelta(days=1)
    return {pk: (last, str(user)) for pk, user in managers_of(ids, last).items()}


_OF_NEXT_YEAR: Any = {"doubts": next_manager_doubts, "kept": _kept_until_july, "is_next_year": True}


def _field(
    key: str, label: str, text: str, heads: tuple[str, ...], day: Day, *, is_next_year: bool = False
) -> BatchField:
    return BatchField(
        key,
        label,
        text,
        Capability.ASSIGN_STUDENTS,
        heads,
        _choices(day),
        _read(day),
        _now(day),
        _words,
        PERMISSIONS,
        _against(day),
        kind="assignment",
        stated_all=_stated(day),
        follows=_follows(day),
        **(_OF_NEXT_YEAR if is_next_year else {}),
    )


CASE_MANAGER = _field(
    "case_manager",
    "Case manager",
    "From today until further notice, as on the page of assignments; where a next one is planned, through the day "
    "before.",
    ("Case manager",),
    clock.today,
)
NEXT_MANAGER = _field(
    "next_case_manager",
    "Next year's case manager",
    "From July 1 until further notice: until June 30 the case stays with whoever has it. Who is at another school "
    "next year, as planned here, is held against that school.",
    ("Next year's case manager", "Next case manager"),
    _next_first_day,
    is_next_year=True,
)
