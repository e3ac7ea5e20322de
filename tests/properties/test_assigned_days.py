"""Who has the case on each day, after students were assigned from today, for a leave and for July 1, and after that was
taken back in any order. Held against a replay of single days that knows neither spans nor versions."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from manzanita.accounts.granting import Refused
from manzanita.platform.facts import Statement
from manzanita.procedures.assigning import Term, Wanted, apply_assignments
from manzanita.procedures.assigning_undo import undo_assignments
from manzanita.students.actions import state_student_facts
from manzanita.students.caseload import managers_of
from tests.support import staff as s
from tests.support import world as w
from tests.support.pages import many_students

pytestmark = pytest.mark.django_db

# Days are counted from today, November 23, 2026: a stand-in from December 1 and the leave end on January 8, the case of
# every second student ends on March 3 and is nobody's then, July 1 is day 220.
STAND_IN, LEAVE_ENDS, CASE_ENDS, JULY, DAYS = 8, 46, 100, 220, 260
DAYS_ASKED = (0, STAND_IN, LEAVE_ENDS, LEAVE_ENDS + 1, CASE_ENDS, CASE_ENDS + 1, JULY - 1, JULY, DAYS - 1)
SEQUENCES, STEPS = 80, 7


@dataclass
class Given:
    """One assignment: its first and last day, to whom and from whom, who had the day before when it was made, and who
    had its days then."""

    first: int
    last: int
    to: int
    taken_from: int | None
    day_before: int | None
    stood: list[int | None]
    is_over: bool = False


@dataclass
class Days:
    """Who has the case on each day from today on, ``None`` nobody; ``yesterday`` is nobody's to change."""

    yesterday: int
    days: list[int | None] = field(default_factory=list)

    def before(self, day: int) -> int | None:
        return self.days[day - 1] if day else self.yesterday

    def next_begins(self, day: int) -> int:
        """The first later day on which somebody else begins."""
        later = range(day + 1, DAYS)
        return next((d for d in later if self.days[d] not in (None, self.days[d - 1])), DAYS)

    def give(self, first: int, last: int, to: int) -> Given:
        last = min(last, self.next_begins(first) - 1)
        made = Given(first, last, to, self.days[first], self.before(first), self.days[first : last + 1])
        self.days[first : last + 1] = [to] * (last - first + 1)
        return made

    def take_back(self, one: Given) -> bool:
        """Whether it was taken back: not where somebody else has the first day now, gets the case again after a while
        of somebody else's, or where the day before was given to another one than who would get it back."""
        now = self.days[one.first : one.last + 1]
        end = next((place for place, has in enumerate(now) if has != one.to), len(now))
        before = self.before(one.first)
        is_given_since = before not in (one.day_before, one.taken_from)
        if end == 0 or one.to in now[end:] or is_given_since:
            return False
        self.days[one.first : one.first + end] = one.stood[:end]
        return True


def test_every_day_after_any_sequence_of_assigning_planning_and_taking_back(small_world, noon):
    staff, chance = s.add_people(), random.Random(33)
    actor, wren = small_world.coordinator_actor, small_world.case_manager
    people = [wren.pk, staff.teacher.pk, small_world.coordinator.pk]
    # What is open ends on the last day that is looked at.
    terms = {
        "today": (0, DAYS - 1, Term(w.TODAY)),
        "leave": (0, LEAVE_ENDS, Term(w.TODAY, date(2027, 1, 8))),
        "stand-in": (STAND_IN, LEAVE_ENDS, Term(date(2026, 12, 1), date(2027, 1, 8))),
        "july": (JULY, DAYS - 1, Term(date(2027, 7, 1))),
    }
    cut = kept = undone = 0
    for number, student in enumerate(many_students(SEQUENCES, manager=wren)):
        replay = Days(wren.pk, [wren.pk] * DAYS)
        if number % 2:
            ended = Statement({"student_id": student.pk}, None, w.TODAY + timedelta(days=CASE_ENDS + 1))
            state_student_facts("assignment", [ended], by_id=None, cause="test")
            replay.days[CASE_ENDS + 1 :] = [None] * (DAYS - CASE_ENDS - 1)
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
            for day in DAYS_ASKED:
                has = managers_of([student.pk], w.TODAY + timedelta(days=day)).get(student.pk)
                assert has == replay.days[day], (told, day)
            assert managers_of([student.pk], w.TODAY - timedelta(days=1)) == {student.pk: wren.pk}
    # Enough of each happened.
    assert cut > SEQUENCES // 4 and undone > SEQUENCES // 2 and kept > 5, (cut, undone, kept)
