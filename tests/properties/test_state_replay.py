"""What the state held at an instant, of 500 students each on a day and at an instant of its own, against a replay that
knows no versions: it walks everything that happened in the order of time and keeps what stands at the end."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.actions import store_answers, take_back
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import Submission, SubmissionLine
from manzanita.exchange.state_as_of import StateThen, rows_then
from manzanita.exchange.state_book import Learned, forget_state_lines, learn_state_lines
from manzanita.platform.together import read_together
from manzanita.students.actions import Identity, register_students
from tests.support import world as w

pytestmark = pytest.mark.django_db

FIRST_INSTANT = datetime(2026, 7, 1, 15, tzinfo=UTC)
LEAS = (w.LEA, w.OTHER_LEA)
DAYS = ("20251001", "20251114", "20260701", "20261007")
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Happened:
    """One thing that happened to one record, in the order in which it happened.

    ``what``: ``posted``, ``deleted``, ``read`` in an extract, ``said`` by a person, ``forgotten``; ``sent`` and
    ``over`` (answered somehow) are of a line on its way, ``none`` of a line that was taken back.
    """

    at: datetime
    what: str
    lea: str
    key: str
    day: date
    values: tuple[tuple[str, str], ...] = ()
    line: int | None = None


@dataclass
class Replayed:
    """What stands at the end: by key its values, since when, by which line; and the lines on their way."""

    held: dict[str, tuple[tuple[tuple[str, str], ...], datetime, int | None]] = field(default_factory=dict)
    on_their_way: set[int] = field(default_factory=set)


def replay(log: list[Happened], *, at: datetime, day: date, lea: str) -> Replayed:
    found = Replayed()
    for one in log:
        if one.at > at or one.lea != lea or one.day > day:
            continue
        stood = found.held.get(one.key)
        if one.what == "sent":
            found.on_their_way.add(one.line)
        elif one.what == "over":
            found.on_their_way.discard(one.line)
        elif one.what in ("deleted", "forgotten"):
            found.held.pop(one.key, None)
        elif stood is None or stood[0] != one.values or (one.line and stood[1] == one.at):
            # Whoever says again what stands puts nothing there; of two at one instant it was the line.
            found.held[one.key] = (one.values, one.at, one.line)
    return found


def day_of(line: SubmissionLine) -> date:
    start = line.values["23.12" if line.record == "PLAN" else "25.17"]
    return date(int(start[:4]), int(start[4:6]), int(start[6:]))


class Weeks:
    """Random sends, answers, extracts and words of people about records of some students, through the product's own
    actions, each kept in a log of this test."""

    def __init__(self, chance: random.Random, ids: list[int]) -> None:
        self.chance, self.ids = chance, ids
        self.at = FIRST_INSTANT
        self.log: dict[int, list[Happened]] = {pk: [] for pk in ids}
        self.read_first: dict[str, datetime] = {}
        self.busy: set[str] = set()
        self.names = 0
        self.counts: Counter[str] = Counter()

    def line(self, pk: int) -> tuple[str, str, str, date, dict[str, str]]:
        """A line of one student: LEA, record, key, day and values. Little varies, so that things meet."""
        lea, start = self.chance.choice(LEAS), self.chance.choice(DAYS)
        ssid, percent = f"99{pk:08d}", self.chance.choice(["40", "85"])
        record = self.chance.choice(["PLAN", "SERV"])
        if record == "PLAN":
            values = w.plan("alder", start, lea, **{"23.01": "PLAN", "23.06": ssid, "23.23": percent})
            key = f"PLAN|{lea}|{ssid}|{start}"
        else:
            values = w.serv("alder", start, "330", lea, **{"25.01": "SERV", "25.07": ssid, "25.15": percent})
            key = f"SERV|{lea}|{ssid}|{start}|330|100|510"
        return lea, record, key, date(int(start[:4]), int(start[4:6]), int(start[6:])), values

    def note(
        self, pk: int, what: str, lea: str, key: str, day: date, values: Any = (), line: Any = None
    ) -> None:
        told = tuple(sorted((n, v) for n, v in dict(values).items() if v and n not in ("23.03", "25.03")))
        self.log[pk].append(Happened(self.at, what, lea, key, day, told, line))
        self.counts[what] += 1

    def later(self) -> None:
        """Every third thing happens at the instant of the last."""
        if self.chance.random() > 0.33:
            self.at += timedelta(seconds=self.chance.randint(1, 4 * 86_400))

    def read(self, learned_from: str, among: list[int]) -> None:
        self.later()
        lines, seen = [], set()
        for pk in among:
            lea, record, key, day, values = self.line(pk)
            if key in seen:
                continue
            seen.add(key)
            lines.append(Learned(record, values, pk))
            self.note(pk, "read" if learned_from == "extract" else "said", lea, key, day, values)
            if learned_from == "extract":
                self.read_first.setdefault(lea, self.at)
        learn_state_lines(lines, at=self.at, learned_from=learned_from)

    def forget(self, among: list[int]) -> None:
        # What is held again at the instant at which it was forgotten was never not held.
        self.at += timedelta(seconds=1)
        keys = []
        for pk in among:
            lea, _, key, day, _ = self.line(pk)
            keys.append(key)
            self.note(pk, "forgotten", lea, key, day)
        forget_state_lines(keys, at=self.at)
        self.at += timedelta(seconds=1)

    def send(self, among: list[int]) -> Submission:
        """Lines of one LEA leave; some are adds, some deletes."""
        self.later()
        self.names += 1
        lea = self.chance.choice(LEAS)
        submission = Submission.objects.create(
            lea_code=lea,
            form="api",
            destination="sandbox",
            state="answering",
            file_name=f"file-{self.names}",
            created_at=self.at,
            sent_at=self.at,
        )
        lines = []
        for position, pk in enumerate(among, start=1):
            of, record, key, _, values = self.line(pk)
            if of != lea or key in self.busy:
                continue
            self.busy.add(key)
            line = SubmissionLine(
                submission=submission,
                position=position,
                transaction_id=f"T{self.names}-{position}",
                kind=self.chance.choice(["add", "add", "replace", "delete"]),
                record=record,
                record_key=key,
                student_id=pk,
                values=values,
            )
            lines.append(line)
        for line in SubmissionLine.objects.bulk_create(lines):
            self.note(line.student_id, "sent", lea, line.record_key, day_of(line), line.values, line.pk)
        return submission

    def answer(self, submission: Submission) -> None:
        """Some lines are posted, some rejected, some taken back with the rest of their submission."""
        self.later()
        lines, answers, back = list(submission.lines.order_by("pk")), [], []
        is_taken_back = self.chance.random() < 0.2
        for line in lines:
            self.busy.discard(line.record_key)
            day = day_of(line)
            if is_taken_back:
                # As if it had never left.
                self.log[line.student_id] = [one for one in self.log[line.student_id] if one.line != line.pk]
                back.append(line)
                continue
            is_posted = self.chance.random() < 0.75
            errors = [] if is_posted else [{"code": "X1", "field": None, "text": "No."}]
            answers.append(Answer(line.position, is_posted, errors))
            about = (line.student_id,)
            self.note(*about, "over", submission.lea_code, line.record_key, day, (), line.pk)
            if is_posted and line.kind == "delete":
                self.note(*about, "deleted", submission.lea_code, line.record_key, day)
            elif is_posted:
                self.note(*about, "posted", submission.lea_code, line.record_key, day, line.values, line.pk)
        with time_machine.travel(self.at, tick=False):
            if back:
                take_back(submission=submission, reason=Reason("canceled", "Canceled.", Owner.YOU, ""))
                self.counts["taken back"] += len(back)
            else:
                store_answers(submission=submission, answers=answers)

    def interesting_instant(self, pk: int) -> datetime:
        told = self.chance.choice(self.log[pk])
        return told.at + self.chance.choice(
            [timedelta(0), -MOMENT, timedelta(days=self.chance.randint(-9, 9))]
        )


@pytest.fixture(scope="module")
def chance() -> random.Random:
    return random.Random(3_1415)


def test_500_students_each_on_a_day_and_at_an_instant_of_their_own(chance):
    ids = [one.pk for one in register_students([Identity(f"Fern {n}", "", "Testcase") for n in range(500)])]
    weeks = Weeks(chance, ids)
    # What was sent before anybody read an extract.
    weeks.answer(weeks.send(ids))
    open_ones: list[Submission] = []
    weeks.read("extract", ids)
    for _ in range(14):
        open_ones.append(weeks.send(chance.sample(ids, 250)))
        weeks.read("extract", chance.sample(ids, 150))
        weeks.read("person", chance.sample(ids, 20))
        weeks.forget(chance.sample(ids, 20))
        if len(open_ones) > 2 or chance.random() < 0.3:
            weeks.answer(open_ones.pop(chance.randrange(len(open_ones))))
    assert set(weeks.counts) == {
        "sent",
        "over",
        "posted",
        "deleted",
        "read",
        "said",
        "forgotten",
        "taken back",
    }
    assert min(weeks.counts.values()) > 50, weeks.counts

    seen: Counter[str] = Counter()
    for pk in ids:
        at, lea = weeks.interesting_instant(pk), chance.choice(LEAS)
        day = chance.choice([date(2025, 11, 13), date(2025, 11, 14), date(2026, 7, 1), date(2026, 12, 31)])
        rows = rows_then(pk, at, LEAS)
        read_together(*rows.querysets)
        then = rows.of(lea, day)
        expected = replay(weeks.log[pk], at=at, day=day, lea=lea)
        where = f"student {pk}, LEA {lea}, on {day} at {at}"
        assert told(then) == expected.held, where
        assert {one.pk for one in then.on_their_way} == expected.on_their_way, where
        assert then.read_first == weeks.read_first[lea], where
        assert then.is_complete == (at >= weeks.read_first[lea]), where
        seen["nothing"] += not expected.held
        seen["by a line"] += any(line for _, _, line in expected.held.values())
        seen["by another"] += any(line is None for _, _, line in expected.held.values())
        seen["on its way"] += bool(expected.on_their_way)
        seen["unknown"] += not then.is_complete
    # Of 500: a test in which nearly nothing or nearly everything holds would say little.
    assert all(25 < seen[what] < 475 for what in ("nothing", "by a line", "by another", "on its way")), seen
    assert seen["unknown"] > 5, seen


def told(then: StateThen) -> dict[str, tuple[tuple[tuple[str, str], ...], datetime, int | None]]:
    return {
        one.record.record_key: (
            tuple(sorted((number, text) for number, text in one.record.values.items() if text)),
            one.since,
            one.line.pk if one.line else None,
        )
        for one in then.held
    }
