"""Who has which students, and who is on their teams, after any of it was assigned in each way there is and taken back:
all versions of all students are those that stood before, with who stated them, and at every instant between it is
still known what was believed then."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from manzanita.accounts.granting import Refused
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.assigning import Term, Wanted, apply_assignments
from manzanita.procedures.assigning_undo import undo_assignments
from manzanita.procedures.batch_drafts import Asked, draft_of_students
from manzanita.procedures.batch_edit import apply_batch, undo_batch
from manzanita.procedures.roster import Defaults, take_roster
from manzanita.students.actions import state_student_facts
from manzanita.students.models import AssignmentBatch, BatchEdit, CaseAssignment, Ssid, Student, TeamMember
from tests.support import staff as s
from tests.support import world as w
from tests.support.pages import many_students

pytestmark = pytest.mark.django_db

JULY = date(2027, 7, 1)
STEPS = 6
# When it is assigned, and through which day; None: until further notice.
TERMS = (
    (w.TODAY, None),
    (w.TODAY, date(2027, 1, 8)),
    (date(2026, 12, 14), None),
    (date(2026, 12, 14), date(2027, 2, 26)),
    (JULY, None),
)
# What each student has before: first and last day of the one, then of the next.
CASES = (
    ((date(2025, 8, 1), None),),
    ((date(2025, 8, 1), date(2027, 1, 29)),),
    ((date(2025, 8, 1), date(2026, 12, 4)), (date(2027, 1, 11), None)),
    ((date(2026, 11, 23), date(2027, 6, 30)),),
    ((date(2025, 8, 1), date(2026, 12, 4)), (date(2026, 12, 5), date(2027, 6, 30))),
    (),
)


def copied() -> list[tuple[Any, ...]]:
    """All that is believed, without keys and without when it was recorded."""
    found = []
    for model in (CaseAssignment, TeamMember):
        names = (*model.slot, *model.content, "effective_from", "effective_to", "by_id", "cause")
        rows = model._base_manager.filter(superseded_at=None).values_list(*names)
        found += [(model.__name__, *row) for row in rows]
    return sorted(found, key=str)


def copied_as_of(at: datetime) -> list[tuple[Any, ...]]:
    found = []
    for model in (CaseAssignment, TeamMember):
        names = (*model.slot, *model.content, "effective_from", "effective_to", "by_id", "cause")
        for row in model._base_manager.all():
            if row.recorded_at <= at and (row.superseded_at is None or row.superseded_at > at):
                found.append((model.__name__, *(getattr(row, name) for name in names)))
    return sorted(found, key=str)


def has_before(students: list[Student], people: list[int]) -> None:
    for number, student in enumerate(students):
        slot = {"student_id": student.pk}
        for place, (first, last) in enumerate(CASES[number % len(CASES)]):
            values = {"user_id": people[(number + place) % len(people)]}
            told = [Statement(slot, values, first, last)]
            state_student_facts("assignment", told, by_id=None, cause="people-file")
        team = [Statement({**slot, "user_id": people[0]}, {"role": "Reads along"}, date(2025, 8, 1), None)]
        if number % 2:
            team[0] = Statement({**slot, "user_id": people[0]}, {"role": ""}, w.TODAY, date(2027, 3, 5))
        state_student_facts("team", team, by_id=None, cause="people-file")


class Ways:
    """The ways in which students are assigned; each gives what takes it back, or nothing where it was refused."""

    def __init__(self, world, staff, chance: random.Random) -> None:
        self.actor, self.chance = world.coordinator_actor, chance
        self.new = 0
        self.people = [world.case_manager, staff.teacher, world.coordinator]

    def some(self, students: list[Student]) -> list[Student]:
        return self.chance.sample(students, self.chance.randint(1, len(students)))

    def page(self, students: list[Student]) -> Callable[[], None] | None:
        """Case managers and teams, on the page of assignments; one student or several."""
        to, leaving = self.chance.sample(self.people, 2)
        wanted = []
        for one in self.some(students):
            kind = self.chance.choice(["assignment", "assignment", "team"])
            gets = None if self.chance.random() < 0.15 else to.pk
            off = leaving.pk if kind == "team" else None
            role = self.chance.choice(["", "Speech"])
            wanted.append(Wanted(str(one.public_id), kind, gets, is_seen=False, role=role, leaving_id=off))
        term = Term(*self.chance.choice(TERMS))
        try:
            done = apply_assignments(actor=self.actor, wanted=wanted, term=term, title="Page")
        except Refused:
            return None
        return self._undo(done.batch)

    def roster(self, students: list[Student]) -> Callable[[], None] | None:
        """Somebody new, with students, from today or from July 1 on."""
        self.new += 1
        known = set(AssignmentBatch.objects.values_list("pk", flat=True))
        ssids = Ssid.objects.believed().filter(student__in=self.some(students)).values_list("ssid", flat=True)
        line = f"Sorrel Mockup {self.new}\tsorrel.{self.new}@example.org\tcase_manager\t{' '.join(ssids)}"
        take_roster(
            actor=self.actor,
            text=f"name\temail\tperspective\tstudents\n{line}",
            defaults=Defaults(starts_on=self.chance.choice([w.TODAY, JULY])),
        )
        made = AssignmentBatch.objects.exclude(pk__in=known).first()
        return None if made is None else self._undo(made)

    def many(self, students: list[Student]) -> Callable[[], None] | None:
        """Case managers of now or of July 1, changed of many at once."""
        field = self.chance.choice(["case_manager", "next_case_manager"])
        asked = Asked(field, str(self.chance.choice(self.people).pk), "Test", is_early=True)
        draft = draft_of_students(self.actor, asked, [one.pk for one in self.some(students)])
        if not draft.lines.filter(state="ready").exists():
            return None
        apply_batch(actor=self.actor, batch=draft)
        run_jobs_now(raises_errors=True)

        def undo() -> None:
            undo_batch(actor=self.actor, batch=BatchEdit.objects.get(pk=draft.pk))
            run_jobs_now(raises_errors=True)
            assert not draft.lines.filter(state="kept").exists()

        return undo

    def _undo(self, batch: AssignmentBatch) -> Callable[[], None]:
        def undo() -> None:
            assert undo_assignments(actor=self.actor, batch=batch) == 0

        return undo


def test_what_is_assigned_in_any_way_and_taken_back_leaves_what_stood_before(small_world, noon):
    happened: Counter[str] = Counter()

    @settings(max_examples=25, deadline=None)
    @given(seed=st.integers(0, 10**9))
    def any_sequence(seed: int) -> None:
        noon.move_to(w.NOON)
        with transaction.atomic():
            sequence(small_world, noon, random.Random(seed), happened)
            transaction.set_rollback(True)

    any_sequence()
    # Each way, often enough to mean something.
    assert min(happened[name] for name in ("page", "roster", "many")) >= 5, happened


def sequence(world, noon, chance: random.Random, happened: Counter[str]) -> None:
    ways = Ways(world, s.add_people(), chance)
    students = many_students(len(CASES))
    has_before(students, [one.pk for one in ways.people])
    done: list[tuple[list[tuple[Any, ...]], Callable[[], None]]] = []
    between: list[tuple[datetime, list[tuple[Any, ...]]]] = []
    for _ in range(STEPS):
        noon.shift(timedelta(minutes=1))
        stood = copied()
        between.append((clock.now(), stood))
        noon.shift(timedelta(minutes=1))
        name = chance.choice(["page", "page", "roster", "many"])
        undo = getattr(ways, name)(students)
        if undo is not None:
            happened[name] += 1
            done.append((stood, undo))
    for stood, undo in reversed(done):
        noon.shift(timedelta(minutes=1))
        undo()
        assert copied() == stood
    for at, stood in between:
        assert copied_as_of(at) == stood
