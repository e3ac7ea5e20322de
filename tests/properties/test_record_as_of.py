"""What the record shows as of two dates, on the way of its page: 500 students (100 where a merge is decided), each on a
day and as known at an instant of its own, every fifth as its former LEA sees it, after things were stated and taken
back. Held against a replay that knows no spans: what was said last about a day holds, and what was taken back was
never said."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from manzanita.platform import clock
from manzanita.platform.facts import Fact, Statement, bring_back, state_facts
from manzanita.students.actions import Identity, register_students
from manzanita.students.as_of import facts_as_of
from manzanita.students.former import rows_for
from manzanita.students.models import Enrollment, Plan, Service, SpecialEducationStatus
from tests.support import world as w

pytestmark = pytest.mark.django_db

FIRST_DAY = date(2025, 7, 1)
FIRST_INSTANT = datetime(2025, 7, 1, 15, tzinfo=UTC)
DAYS = 400
# So that much is said long after the day that it is about.
STEP_DAYS = 150
# Each states a dozen facts one by one: half a minute of work for all.
STUDENTS = 100 if os.environ.get("CI") == "true" else 500
MODELS = (Enrollment, SpecialEducationStatus, Plan, Service)
CODES = {
    Enrollment: ("grade_code", ("03", "04", "05")),
    SpecialEducationStatus: ("status_code", ("1", "2", "3")),
    Plan: ("disability_1_code", ("210", "240", "290")),
    Service: ("duration_minutes", ("30", "45", "60")),
}


@dataclass
class Said:
    """One statement: the days, whose it is, and the code; no code where it says that nothing holds."""

    at: datetime
    slot: tuple[Any, ...]
    start: date
    end: date | None
    lea_code: str
    code: str | None
    taken_back_at: datetime | None = None

    def counts(self, known: datetime) -> bool:
        return self.at <= known and (self.taken_back_at is None or self.taken_back_at > known)


@dataclass
class Life:
    """What was said of one fact of one student; the last of it may be taken back."""

    model: type[Fact]
    student_id: int
    chance: random.Random
    at: datetime = FIRST_INSTANT
    said: list[Said] = field(default_factory=list)

    def go_on(self) -> None:
        self.at += timedelta(seconds=self.chance.randint(1, STEP_DAYS * 86_400))
        start = FIRST_DAY + timedelta(days=self.chance.randint(0, DAYS))
        length = self.chance.choice([0, 1, 30, 180, None])
        lea_code, (name, codes) = self.chance.choice([w.LEA, w.OTHER_LEA]), CODES[self.model]
        code = None if self.chance.random() < 0.15 else self.chance.choice(codes)
        slot: dict[str, Any] = {"student_id": self.student_id}
        if self.model is Enrollment:
            slot |= {"lea_code": lea_code, "started_on": self.chance.choice([FIRST_DAY, date(2026, 1, 7)])}
        if self.model is Service:
            slot["service_no"] = self.chance.randint(1, 2)
        end = None if length is None else start + timedelta(days=length)
        values = None
        if code is not None:
            values = dict.fromkeys(self.model.content, "") | {name: code}
            values |= {"lea_code": lea_code} if self.model is not Enrollment else {}
            values |= {"initial_entry_on": None} if self.model is SpecialEducationStatus else {}
        made = state_facts(
            self.model, [Statement(slot, values, start, end)], by_id=None, cause="test", at=self.at
        )
        key = tuple(slot[one] for one in self.model.slot)
        self.said.append(Said(self.at, key, start, end, lea_code, code))
        if self.chance.random() < 0.3:
            self._take_back(slot, [row.pk for row in made])

    def _take_back(self, slot: dict[str, Any], made: Sequence[int]) -> None:
        last = self.said[-1]
        ended = self.model._base_manager.filter(superseded_at=self.at, **slot).values_list("pk", flat=True)
        again = list(ended)
        self.at += timedelta(seconds=self.chance.randint(1, STEP_DAYS * 86_400))
        bring_back(self.model, slots=[slot], close=made, again=again, at=self.at)
        last.taken_back_at = self.at

    def held(self, day: date, known: datetime) -> list[tuple[str, str]]:
        """(LEA, code) of what held on the day, as it was known at the instant."""
        found: dict[tuple[Any, ...], tuple[str, str]] = {}
        for one in self.said:
            if one.counts(known) and one.start <= day and (one.end is None or day <= one.end):
                found.pop(one.slot, None)
                if one.code is not None:
                    found[one.slot] = (one.lea_code, one.code)
        return list(found.values())

    def edge(self) -> date:
        one = self.chance.choice(self.said)
        return self.chance.choice([one.start, one.end or one.start]) + timedelta(
            days=self.chance.randint(-1, 1)
        )

    def instant(self) -> datetime:
        one = self.chance.choice(self.said)
        return self.chance.choice([one.at, one.taken_back_at or one.at]) + self.chance.choice(
            [
                timedelta(0),
                timedelta(microseconds=-1),
                timedelta(days=self.chance.randint(-STEP_DAYS, STEP_DAYS)),
            ]
        )


def shown(model: type[Fact], rows: Sequence[Any], day: date) -> Counter[tuple[str, str]]:
    name = CODES[model][0]
    in_force = [one for one in rows if one.effective_to is None or one.effective_to >= day]
    return Counter((one.lea_code, getattr(one, name)) for one in in_force)


def test_each_student_as_of_a_day_and_an_instant_also_after_taking_back(small_world):
    chance = random.Random(31)
    actor = small_world.coordinator_actor
    made = register_students([Identity(f"Sorrel {number}", "", "Testcase") for number in range(STUDENTS)])
    taken_back = nothing = former = hidden = 0
    for number, student in enumerate(made):
        lives = [Life(model, student.pk, chance) for model in MODELS]
        for life in lives:
            for _ in range(chance.randint(2, 6)):
                life.go_on()
        asked = chance.choice(lives)
        day, known = asked.edge(), asked.instant()
        is_former = number % 5 == 0
        late = [one for one in asked.said if one.lea_code != w.LEA and one.at > clock.end_of(one.start)]
        if is_former and late:
            # What the next LEA says afterwards of a day that the former one may see.
            one = chance.choice(late)
            day, known = one.start, one.at
        # Within its time: the page refuses a day after it.
        student.seen_through = day + timedelta(days=chance.choice([0, 1, 60])) if is_former else None
        facts = facts_as_of(rows_for(actor, student, known=known, day=day).facts(), day)
        for life, rows in zip(
            lives, (facts.enrollments, facts.statuses, facts.plans, facts.services), strict=True
        ):
            expected = Counter(life.held(day, known))
            if is_former:
                # What others said after its last day is not its own to see; its own it may still correct.
                then = min(known, clock.end_of(student.seen_through))
                expected = Counter(one for one in life.held(day, known) if one[0] == w.LEA)
                others = Counter(one for one in life.held(day, then) if one[0] != w.LEA)
                hidden += others != Counter(one for one in life.held(day, known) if one[0] != w.LEA)
                expected += others
            assert shown(life.model, rows, day) == expected, (life.model.__name__, student.pk, day, known)
            taken_back += any(one.taken_back_at for one in life.said)
            nothing += not expected
        former += is_former
    # Of four answers a student: enough with something taken back, and neither nearly all empty nor nearly none.
    assert former == STUDENTS // 5
    assert hidden > STUDENTS // 25
    assert taken_back > 1.2 * STUDENTS
    assert 0.8 * STUDENTS < nothing < 3.4 * STUDENTS
