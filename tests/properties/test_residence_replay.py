"""Residence as of two dates, against a replay that knows no spans: what every import and every word by hand made of
each day, kept day by day."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from manzanita.domain.residence import Lives
from manzanita.students.actions import Identity, register_students, state_one
from manzanita.students.models import AgencyRelation
from manzanita.students.residence import RESIDENCE, carry_residences, content_of, slot_of

pytestmark = pytest.mark.django_db

FIRST = date(2026, 8, 1)
DAYS = 40
# One machine decides about a merge with the first of them.
LIVES = 12 if os.environ.get("CI") == "true" else 60
LEAS = ("9910010", "9910017", "9910025")
RANK = {"10": 0, "50": 1}


def on(number: int) -> date:
    return FIRST + timedelta(days=number)


def says(enrollments: list[Lives], number: int) -> tuple[bool, str]:
    """Whether any enrollment says it of that day, and the other district, blank for none."""
    there = [
        one
        for one in enrollments
        if one.residence_code
        # SENR 1.23: a secondary one does not say it, whatever stands beside it.
        and one.status_code != "20"
        and one.exit_code != "N470"
        and one.first <= on(number)
        and (one.last is None or on(number) <= one.last)
    ]
    if not there:
        return False, ""
    best = min(there, key=lambda one: (RANK[one.status_code], -(one.first - FIRST).days, one.lea_code))
    return True, "" if best.residence_code == best.lea_code else best.residence_code


@dataclass
class Replay:
    """``hand``: day to (which word, district); ``log``: the days after each event, with its instant."""

    enrollments: list[Lives] = field(default_factory=list)
    hand: dict[int, tuple[int, str]] = field(default_factory=dict)
    words: int = 0
    log: list[tuple[datetime, dict[int, str]]] = field(default_factory=list)

    def imported(self, at: datetime, enrollments: list[Lives]) -> None:
        self.enrollments = enrollments
        kept: dict[int, tuple[int, str]] = {}
        is_cut = False
        for number in range(DAYS):
            mine = self.hand.get(number)
            if mine is None or mine != self.hand.get(number - 1):
                is_cut = False
            if mine is not None:
                is_cut = is_cut or says(enrollments, number)[0]
                if not is_cut:
                    kept[number] = mine
        self.hand = kept
        self._note(at)

    def said(self, at: datetime, start: int, code: str) -> int | None:
        """The last day it counts for; ``None`` to the end."""
        self.words += 1
        last = next((n - 1 for n in range(start, DAYS) if says(self.enrollments, n)[0]), None)
        for number in range(start, DAYS if last is None else last + 1):
            self.hand.pop(number, None)
            if code:
                self.hand[number] = (self.words, code)
        self._note(at)
        return last

    def _note(self, at: datetime) -> None:
        days = {}
        for number in range(DAYS):
            code = says(self.enrollments, number)[1] or self.hand.get(number, (0, ""))[1]
            if code:
                days[number] = code
        self.log.append((at, days))

    def known(self, at: datetime) -> dict[int, str]:
        return next((days for when, days in reversed(self.log) if when <= at), {})


def enrollments_of(chance: random.Random) -> list[Lives]:
    """One to three; the last days may be open, days may overlap."""
    made = {}
    for _ in range(chance.randint(0, 3)):
        start = chance.randint(0, DAYS - 5)
        length = chance.choice([0, 1, 5, 15, None])
        lea = chance.choice(LEAS)
        made[lea, start] = Lives(
            lea,
            on(start),
            None if length is None else on(min(start + length, DAYS - 1)),
            chance.choice(["10", "10", "50", "20"]),
            "N470" if length == 0 and chance.random() < 0.3 else "",
            chance.choice(["", *LEAS]),
        )
    return list(made.values())


@pytest.mark.parametrize("seed", range(LIVES))
def test_every_day_at_every_instant_is_what_the_replay_says(seed):
    chance = random.Random(seed)
    (student,) = register_students([Identity("Replay", "", "Testcase", "", date(2024, 1, 1), "F")])
    replay, at = Replay(), datetime(2026, 8, 1, 15, tzinfo=UTC)
    for step in range(8):
        at += timedelta(hours=chance.randint(1, 40))
        with time_machine.travel(at, tick=False):
            if chance.random() < 0.6:
                said = enrollments_of(chance)
                replay.imported(at, said)
                carry_residences({student.pk: said}, by_id=None, cause=f"sis-import:{step}")
                before = AgencyRelation.objects.count()
                carry_residences({student.pk: list(reversed(said))}, by_id=None, cause=f"sis-import:{step}")
                assert AgencyRelation.objects.count() == before
            else:
                start = chance.randint(0, DAYS - 1)
                if says(replay.enrollments, start)[0]:
                    continue
                code = chance.choice(["", *LEAS])
                last = replay.said(at, start, code)
                state_one(
                    "agency",
                    slot=slot_of(student.pk),
                    values=content_of(code) if code else None,
                    effective_from=on(start),
                    effective_to=None if last is None else on(last),
                    by_id=None,
                    cause="residence",
                )
    rows = AgencyRelation.objects.filter(student=student, relationship=RESIDENCE)
    for instant, _ in replay.log:
        expected = replay.known(instant)
        for number in range(DAYS):
            held = [one.agency_code for one in rows.as_of(effective=on(number), known=instant)]
            assert held == ([expected[number]] if number in expected else []), (number, instant)
