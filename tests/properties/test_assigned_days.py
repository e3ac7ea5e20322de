"""Who has the case on each day, after students were assigned from today, for a leave and for July 1, and after that was
taken back in any order. Held against a replay of single days that knows neither spans nor versions."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from manzanita.accounts.granting import Refused
from manzanita.procedures.assigning import Term, Wanted, apply_assignments
from manzanita.procedures.assigning_undo import undo_assignments
from manzanita.students.caseload import managers_of
from tests.support import staff as s
from tests.support import world as w
from tests.support.pages import many_students

pytestmark = pytest.mark.django_db

# Days are counted from today, November 23, 2026: the leave ends on January 8, July 1 is day 220.
LEAVE_ENDS, JULY, DAYS = 46, 220, 260
SEQUENCES, STEPS = 60, 7


@dataclass
class Given:
    """One assignment: its first and last day, to whom and from whom, and who had the day before when it was made."""

    first: int
    last: int
    to: int
    taken_from: int
    day_before: int
    is_over: bool = False


@dataclass
class Days:
    """Who has the case on each day from today on; ``yesterday`` is nobody's to change."""

    yesterday: int
    days: list[int] = field(default_factory=list)

    def before(self, day: int) -> int:
        return self.days[day - 1] if day else self.yesterday

    def next_change(self, day: int) -> int:
        """The first later day on which somebody else begins."""
        return next((d for d in range(day + 1, DAYS) if self.days[d] != self.days[d - 1]), DAYS)

    def give(self, first: int, last: int, to: int) -> Given:
        made = Given(first, min(last, self.next_change(first) - 1), to, self.days[first], self.before(first))
        self._set(made.first, made.last, to)
        return made

    def take_back(self, one: Given) -> bool:
        """Whether it was taken back: not where somebody else has the first day now, gets the case after a while of
        somebody else's, or where the day before was given to another one than who would get it back."""
        end = self.next_change(one.first)
        comes_back = end <= one.last and self.days[end] == one.to
        before = self.before(one.first)
        is_given_since = before not in (one.day_before, one.taken_from)
        if self.days[one.first] != one.to or comes_back or is_given_since:
            return False
        self._set(one.first, min(one.last, end - 1), one.taken_from)
        return True

    def _set(self, first: int, last: int, to: int) -> None:
        self.days[first : last + 1] = [to] * (last - first + 1)


def test_every_day_after_any_sequence_of_assigning_planning_and_taking_back(small_world, noon):
    staff, chance = s.add_people(), random.Random(33)
    actor, wren = small_world.coordinator_actor, small_world.case_manager
    people = [wren.pk, staff.teacher.pk, small_world.coordinator.pk]
    # What is open ends on the last day that is looked at.
    terms = {
        "today": (0, DAYS - 1, Term(w.TODAY)),
        "leave": (0, LEAVE_ENDS, Term(w.TODAY, date(2027, 1, 8))),
        "july": (JULY, DAYS - 1, Term(date(2027, 7, 1))),
    }
    cut = kept = undone = 0
    for student in many_students(SEQUENCES, manager=wren):
        replay = Days(wren.pk, [wren.pk] * DAYS)
        given: list[tuple[Given, object]] = []
        told = []
        for _ in range(STEPS):
            noon.shift(timedelta(seconds=5))
            standing = [one for one in given if not one[0].is_over]
            if standing and chance.random() < 0.4:
                one, batch = chance.choice(standing)
                one.is_over = True
                is_taken_back = replay.take_back(one)
                assert undo_assignments(actor=actor, batch=batch) == int(not is_taken_back), told
                undone, kept = undone + is_taken_back, kept + (not is_taken_back)
                told.append(("back", one))
            else:
                name = chance.choice(list(terms))
                first, last, term = terms[name]
                to = chance.choice(people)
                wanted = Wanted(str(student.public_id), "assignment", to, is_seen=False)
                if replay.days[first] == to:
                    with pytest.raises(Refused):
                        apply_assignments(actor=actor, wanted=[wanted], term=term, title="Test")
                    continue
                batch = apply_assignments(actor=actor, wanted=[wanted], term=term, title="Test").batch
                given.append((replay.give(first, last, to), batch))
                cut += given[-1][0].last < last
                told.append((name, to))
            for day in (0, LEAVE_ENDS, LEAVE_ENDS + 1, JULY - 1, JULY, DAYS - 1):
                has = managers_of([student.pk], w.TODAY + timedelta(days=day)).get(student.pk)
                assert has == replay.days[day], (told, day)
            assert managers_of([student.pk], w.TODAY - timedelta(days=1)) == {student.pk: wren.pk}
    # Enough of each happened.
    assert cut > SEQUENCES // 4 and undone > SEQUENCES // 2 and kept > 5, (cut, undone, kept)
