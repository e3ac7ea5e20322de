"""Counting the clocks that run and storing their dates: of some students, of everybody, of one changed calendar."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from django.db import transaction

from manzanita.deadlines.dinc import Trend, histories_of, new_trend, store_held_late
from manzanita.deadlines.models import DueDate, StaleCalendar, StaleStudent
from manzanita.deadlines.situations import situations_of
from manzanita.domain.calendars import Calendar, Tolling
from manzanita.domain.clocks import Setting, Value
from manzanita.domain.due_moves import Before, Cause
from manzanita.domain.running_clocks import Counted, Running, count, running_clocks
from manzanita.domain.watched_clocks import WATCHED
from manzanita.orgs.calendars import Calendars, load_calendars
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.students.models import Student

STUDENTS_AT_ONCE = 500
ROWS_AT_ONCE = 2000
_PROBLEM_LENGTH = 300
# Counts differently from before: every stored date is counted anew after it has been raised.
VERSION = "1"
# The one before it, by which the dates that stand were counted.
_VERSION_BEFORE = str(int(VERSION) - 1)
_BY_CALENDAR = frozenset(name for name, one in WATCHED.items() if one.by_calendar)
_SAID = (
    "lea_code",
    "school_code",
    "meeting_id",
    "given",
    "started_on",
    "statutory_due_on",
    "state_due_on",
    "due_on",
    "confidence",
    "problem",
    "inputs",
    "before",
    "computed_at",
)


@dataclass(slots=True)
class Recomputed:
    """How many students were looked at, and how many due dates are new, changed, gone, and as they were."""

    students: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    same: int = 0

    def __iadd__(self, other: Recomputed) -> Recomputed:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    def document(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Counting:
    """The calendars of one run, read once, and what has been counted under them: equal questions share an answer."""

    today: date = field(default_factory=clock.today)
    calendars: Calendars | None = None
    _known: dict[str, Counted] = field(default_factory=dict)
    _digests: WeakKeyDictionary[Calendar, str] = field(default_factory=WeakKeyDictionary)

    def setting(self, lea_code: str, school_code: str) -> Setting:
        if self.calendars is None:
            agencies = Agency.objects.filter(kind__in=["lea", "coe"])
            self.calendars = load_calendars(agencies.values_list("code", flat=True))
        return self.calendars.setting(lea_code, school_code, on=self.today)

    def inputs(self, running: Running, setting: Setting, version: str = VERSION) -> str:
        """Equal for equal dates: the clock, its inputs, and where they matter the calendar and the reading."""
        parts = [version, running.clock, running.problem, json.dumps(_written(running.given), sort_keys=True)]
        if running.clock in _BY_CALENDAR:
            parts += [str(setting.tolling), self._digest(setting.calendar)]
        return _hashed("|".join(parts))

    def _digest(self, calendar: Calendar) -> str:
        if calendar not in self._digests:
            rows = sorted(f"{one.kind} {one.start} {one.end}" for one in calendar.periods)
            self._digests[calendar] = _hashed(";".join(rows))
        return self._digests[calendar]

    def count(self, running: Running, setting: Setting, inputs: str) -> Counted:
        found = self._known.get(inputs)
        if found is None:
            if len(self._known) > 20_000:
                self._known.clear()
            found = self._known[inputs] = count(running, setting)
        return found


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _written(given: Mapping[str, Value]) -> dict[str, str]:
    return {name: str(value) for name, value in given.items()}


def recompute(
    student_ids: Collection[int], counting: Counting | None = None, trend: Trend | None = None
) -> Recomputed:
    """Count every running clock of these students and store what differs, in one transaction; and what was held late.

    The same number of queries for any number of students; call it for ``STUDENTS_AT_ONCE`` at most. The caller reaches
    them, whatever agency they are of.
    """
    counting = counting or Counting()
    ids = sorted(set(student_ids))
    with transaction.atomic():
        # Two who count the same student would both store the same new row. Who states a fact of the student does not
        # wait for it: that one holds the mark which is taken away below.
        list(
            Student.unscoped.select_for_update(no_key=True)
            .filter(pk__in=ids)
            .order_by("pk")
            .values_list("pk")
        )
        stored: dict[tuple[int, str, str], DueDate] = {
            (row.student_id, row.clock, row.about): row for row in DueDate.objects.filter(student__in=ids)
        }
        new: list[DueDate] = []
        changed: list[DueDate] = []
        done = Recomputed(students=len(ids))
        for student_id, situation in situations_of(ids, today=counting.today).items():
            for running in running_clocks(situation):
                old = stored.pop((student_id, running.clock, running.about), None)
                row = old or DueDate(student_id=student_id, clock=running.clock, about=running.about)
                if not _take(row, running, counting):
                    done.same += 1
                elif old is None:
                    new.append(row)
                else:
                    changed.append(row)
        done.new, done.changed, done.gone = len(new), len(changed), len(stored)
        if stored:
            DueDate.objects.filter(pk__in=[row.pk for row in stored.values()]).delete()
        _store(new, changed)
        histories = histories_of(ids)
        store_held_late(histories, counting.today)
    if trend is not None:
        for history in histories.values():
            trend.add(history)
    return done


def _store(new: list[DueDate], changed: list[DueDate]) -> None:
    DueDate.objects.bulk_create(new, batch_size=ROWS_AT_ONCE)
    # Ten times as fast as an UPDATE with a CASE for each column.
    DueDate.objects.bulk_create(
        changed, batch_size=ROWS_AT_ONCE, update_conflicts=True, unique_fields=["id"], update_fields=_SAID
    )


def _take(row: DueDate, running: Running, counting: Counting) -> bool:
    """Bring ``row`` up to what runs; whether anything of it is another."""
    setting = counting.setting(running.lea_code, running.school_code)
    inputs = counting.inputs(running, setting)
    where = (running.lea_code, running.school_code, running.meeting_key, running.started_on)
    if row.inputs == inputs and where == (row.lea_code, row.school_code, row.meeting_id, row.started_on):
        return False
    counted = counting.count(running, setting, inputs)
    if row.pk is not None:
        before = Before(
            row.due_on, row.statutory_due_on, row.problem, row.given, _causes(row, running, counting)
        )
        row.before = before.document()
    row.lea_code, row.school_code, row.meeting_id, row.started_on = where
    row.given = _written(running.given)
    row.statutory_due_on, row.state_due_on = counted.statutory_due_on, counted.state_due_on
    row.due_on = counted.due_on
    row.confidence = counted.answer.confidence if counted.answer else ""
    row.problem = counted.problem[:_PROBLEM_LENGTH]
    row.inputs = inputs
    row.computed_at = clock.now()
    return True


def _causes(row: DueDate, running: Running, counting: Counting) -> list[Cause]:
    """What became another since ``row`` was counted. A digest says that something did; what it was is found by asking
    which one change would make it."""
    found = []
    if _written(running.given) != row.given:
        found.append(Cause.FACTS)
    if (running.lea_code, running.school_code) != (row.lea_code, row.school_code):
        found.append(Cause.PLACE)
    then, setting = running_of(row), counting.setting(row.lea_code, row.school_code)
    if row.inputs != counting.inputs(then, setting):
        if row.inputs == counting.inputs(then, setting, _VERSION_BEFORE):
            found.append(Cause.COUNTING)
        elif row.clock in _BY_CALENDAR:
            others = (replace(setting, tolling=one) for one in Tolling)
            is_reading = any(row.inputs == counting.inputs(then, one) for one in others)
            found.append(Cause.READING if is_reading else Cause.CALENDAR)
    if not found and running.meeting_key != row.meeting_id:
        found.append(Cause.MEETING)
    return found


def recompute_calendar(lea_code: str, on_progress: Callable[[int], None] = lambda done: None) -> Recomputed:
    """Count anew, under the calendar that stands now, the running clocks of an LEA that a calendar moves.

    Which clocks run does not depend on a calendar, so no student's facts are read.
    """
    counting, total, last = Counting(), Recomputed(), 0
    counting.calendars = load_calendars([lea_code])
    while True:
        with transaction.atomic():
            rows = DueDate.objects.filter(lea_code=lea_code, clock__in=_BY_CALENDAR, pk__gt=last)
            some = list(rows.select_for_update().order_by("pk")[:ROWS_AT_ONCE])
            if not some:
                return total
            changed = [row for row in some if _take(row, running_of(row), counting)]
            _store([], changed)
        last = some[-1].pk
        students = len({row.student_id for row in some})
        total += Recomputed(students, changed=len(changed), same=len(some) - len(changed))
        on_progress(total.changed + total.same)


def running_of(row: DueDate) -> Running:
    """The running clock that a stored row is of."""
    return Running(
        row.clock,
        row.lea_code,
        row.school_code,
        {name: date.fromisoformat(day) for name, day in row.given.items()},
        row.started_on,
        row.about,
        row.meeting_id,
        row.problem if not row.given else "",
    )


def recompute_everybody(on_progress: Callable[[int], None] = lambda done: None) -> Recomputed:
    """Count the clocks of everybody, ``STUDENTS_AT_ONCE`` in a transaction; memory does not grow with them. The trend
    of the DINC lists is counted on the way."""
    counting, total = Counting(), Recomputed()
    trend = new_trend(counting.today)
    for ids in _everybody():
        total += recompute(ids, counting, trend)
        on_progress(total.students)
    trend.store()
    return total


def _everybody() -> Iterator[list[int]]:
    last = 0
    while ids := list(
        Student.unscoped.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:STUDENTS_AT_ONCE]
    ):
        yield ids
        last = ids[-1]


def recompute_stale(*, most: int | None = None, around: Callable[[], Any] | None = None) -> Recomputed:
    """Count whatever is marked: students, the longest waiting first, then calendars. A mark set again meanwhile stays.

    ``most``: no more students than that, and no calendar. ``around`` gives the transaction of each step.
    """
    counting, total = Counting(), Recomputed()
    around = around or transaction.atomic
    while marks := list(StaleStudent.objects.order_by("at", "student_id")[: most or STUDENTS_AT_ONCE]):
        with around():
            total += recompute([mark.student_id for mark in marks], counting)
            _unmark(StaleStudent, marks)
        if most is not None:
            return total
    for mark in [] if most is not None else list(StaleCalendar.objects.order_by("at")):
        total += recompute_calendar(mark.lea_code)
        with around():
            _unmark(StaleCalendar, [mark])
    return total


def _unmark(model: type[StaleStudent] | type[StaleCalendar], marks: Iterable[Any]) -> None:
    newest = {mark.pk: mark.at for mark in marks}
    model.objects.filter(pk__in=newest, at__lte=max(newest.values())).delete()
