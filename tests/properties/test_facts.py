"""Facts asked "as of" two dates, against a replay that knows no spans: the last statement about a day wins."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manzanita.platform.facts import Fact, Statement, state_facts
from manzanita.students.actions import FACT_MODELS, Identity, register_students
from manzanita.students.models import Enrollment, Plan, Service, SpecialEducationStatus

pytestmark = pytest.mark.django_db

FIRST_DAY = date(2024, 7, 1)
FIRST_INSTANT = datetime(2024, 7, 1, 15, tzinfo=UTC)
LEA = "9910017"


@dataclass(frozen=True)
class Told:
    """One statement as it was made, in the order it was made."""

    at: datetime
    slot: tuple[Any, ...]
    start: date
    end: date | None
    is_whole_slot: bool
    value: tuple[Any, ...] | None


def replay(log: list[Told], *, effective: date, known: datetime) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """What held on the day ``effective`` as of the instant ``known``: value by slot, by reading the log."""
    held: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for told in log:
        if told.at > known:
            continue
        is_within = told.start <= effective and (told.end is None or effective <= told.end)
        if is_within and told.value is not None:
            held[told.slot] = told.value
        elif is_within or told.is_whole_slot:
            held.pop(told.slot, None)
    return held


class History:
    """Random statements about one fact of several students, made one after the other and kept in a log."""

    def __init__(self, model: type[Fact], chance: random.Random) -> None:
        self.model, self.chance = model, chance
        self.log: list[Told] = []
        self.at = FIRST_INSTANT

    def state(self, *student_ids: int) -> None:
        """One call with one to three statements of each. Every third call comes at the instant of the last."""
        if self.chance.random() > 0.33:
            self.at += timedelta(seconds=self.chance.randint(1, 30 * 86_400))
        statements = [self._statement(pk) for pk in student_ids for _ in range(self.chance.randint(1, 3))]
        state_facts(self.model, statements, by_id=None, cause="test", at=self.at)
        for made in statements:
            self.log.append(
                Told(
                    self.at,
                    tuple(made.slot[name] for name in self.model.slot),
                    made.effective_from,
                    made.effective_to,
                    made.is_whole_slot,
                    None if made.values is None else tuple(made.values[name] for name in self.model.content),
                )
            )

    def _statement(self, student_id: int) -> Statement:
        start = FIRST_DAY + timedelta(days=self.chance.randint(0, 900))
        length = self.chance.choice([0, 1, 30, 180, 365, None])
        return Statement(
            self._slot(student_id),
            None if self.chance.random() < 0.2 else self._values(),
            start,
            None if length is None else start + timedelta(days=length),
            is_whole_slot=self.chance.random() < 0.15,
        )

    def _slot(self, student_id: int) -> dict[str, Any]:
        slot: dict[str, Any] = {"student_id": student_id}
        if self.model is Service:
            slot["service_no"] = self.chance.randint(1, 2)
        if self.model is Enrollment:
            slot |= {"lea_code": LEA, "started_on": self.chance.choice([FIRST_DAY, date(2025, 8, 14)])}
        return slot

    def _values(self) -> dict[str, Any]:
        blank: dict[str, Any] = dict.fromkeys(self.model.content, "")
        varied: Mapping[type[Fact], dict[str, Any]] = {
            Enrollment: {"grade_code": self.chance.choice(["03", "04", "05"])},
            SpecialEducationStatus: {
                "lea_code": LEA,
                "status_code": self.chance.choice(["1", "2", "3"]),
                "initial_entry_on": self.chance.choice([None, FIRST_DAY]),
            },
            Plan: {"lea_code": LEA, "disability_1_code": self.chance.choice(["210", "240", "290"])},
            Service: {"lea_code": LEA, "duration_minutes": self.chance.choice(["30", "45", "60"])},
        }
        return blank | varied[self.model]

    def interesting_day(self, log: list[Told]) -> date:
        """Often the first or the last day of something, or the day beside it."""
        told = self.chance.choice(log)
        edge = self.chance.choice([told.start, told.end or told.start])
        return self.chance.choice([edge, edge + timedelta(days=self.chance.randint(-400, 400))]) + timedelta(
            days=self.chance.randint(-1, 1)
        )

    def interesting_instant(self, log: list[Told]) -> datetime:
        """Often the very instant at which something was stated, or the microsecond before it."""
        told = self.chance.choice(log)
        return told.at + self.chance.choice(
            [timedelta(0), timedelta(microseconds=-1), timedelta(days=self.chance.randint(-60, 60))]
        )


def students(count: int) -> list[int]:
    made = register_students([Identity(f"Fern {number}", "", "Testcase") for number in range(count)])
    return [student.pk for student in made]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_200_random_questions_are_answered_as_a_replay_of_the_log_answers_them(seed):
    chance = random.Random(seed)
    ids = students(8)
    histories = [History(model, chance) for model in (Enrollment, SpecialEducationStatus, Plan, Service)]
    for history in histories:
        for _ in range(80):
            history.state(chance.choice(ids))

    empty = 0
    for _ in range(200):
        student_id, asked = chance.choice(ids), chance.choice(histories)
        empty += answered_alike(
            histories, student_id, asked.interesting_day(asked.log), asked.interesting_instant(asked.log)
        )
    # 800 answers: a test in which nearly nothing, or nearly everything, holds would say little.
    assert 100 < empty < 700


def test_500_students_each_on_a_day_and_as_known_at_an_instant_of_their_own():
    chance = random.Random(500)
    ids = students(500)
    histories = [History(model, chance) for model in (Enrollment, SpecialEducationStatus, Plan, Service)]
    for history in histories:
        for start in range(0, 500, 100):
            history.state(*ids[start : start + 100])
        for _ in range(18):
            history.state(*chance.sample(ids, 80))

    empty = 0
    for student_id in ids:
        asked = chance.choice(histories)
        own = [told for told in asked.log if told.slot[0] == student_id]
        day, instant = asked.interesting_day(own), asked.interesting_instant(own)
        empty += answered_alike(histories, student_id, day, instant)
    # Of 2,000 answers.
    assert 250 < empty < 1750


def answered_alike(histories: list[History], student_id: int, effective: date, known: datetime) -> int:
    """Each fact of the student is what the replay of its log says; of how many nothing held."""
    empty = 0
    for history in histories:
        model = history.model
        versions = model.objects.as_of(effective=effective, known=known).filter(student_id=student_id)
        answers = [
            (
                tuple(getattr(version, name) for name in model.slot),
                tuple(getattr(version, name) for name in model.content),
            )
            for version in versions
        ]
        log = [told for told in history.log if told.slot[0] == student_id]
        expected = replay(log, effective=effective, known=known)
        assert sorted(answers, key=str) == sorted(expected.items(), key=str), (
            f"{model.__name__} of student {student_id} on {effective} as known at {known}"
        )
        empty += not expected
    return empty


days = st.dates(min_value=date(2025, 1, 1), max_value=date(2025, 1, 20))
statements = st.lists(
    st.tuples(days, st.none() | st.integers(0, 9), st.sampled_from([None, "210", "240"]), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(history=statements)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_believed_versions_never_overlap_and_older_rows_are_only_ever_closed(db, history):
    [student_id] = students(1)
    plans = FACT_MODELS["plan"]
    at = FIRST_INSTANT
    for start, length, disability, is_whole_slot in history:
        before = _rows(student_id)
        at += timedelta(hours=1)
        values = dict.fromkeys(plans.content, "") | {"disability_1_code": disability} if disability else None
        end = None if length is None else start + timedelta(days=length)
        made = Statement({"student_id": student_id}, values, start, end, is_whole_slot)
        state_facts(plans, [made], by_id=None, cause="test", at=at)

        after = _rows(student_id)
        for pk, row in before.items():
            closed_now = {**row, "superseded_at": at}
            assert after[pk] == row or (row["superseded_at"] is None and after[pk] == closed_now)
        believed = sorted(
            (row["effective_from"], row["effective_to"]) for row in after.values() if not row["superseded_at"]
        )
        for (_, end_of_first), (start_of_second, _) in itertools.pairwise(believed):
            assert end_of_first is not None
            assert end_of_first < start_of_second

        unchanged = state_facts(plans, [made], by_id=None, cause="again", at=at + timedelta(minutes=1))
        assert unchanged == []
        assert _rows(student_id) == after


def _rows(student_id: int) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in Plan.objects.filter(student_id=student_id).values()}
