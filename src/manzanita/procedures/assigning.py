"""Assigning students in bulk: looked at first, applied in one transaction, taken back until the end of the day
(``assigning_undo``).

A case manager is the fact ``assignment``, a member of the team the fact ``team``. Hand-overs use the same two steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from django.db import transaction
from django.db.models import Count

from manzanita.accounts.granting import Refused
from manzanita.accounts.models import Grant, User
from manzanita.accounts.people_queries import managed_grants
from manzanita.accounts.queries import capabilities_of, in_force, user_names
from manzanita.auditing.actions import log_change
from manzanita.domain.access import PERMISSIONS, Actor, Capability, Scope
from manzanita.domain.findings import LOOK_AGAIN, Owner, Reason
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.leaving.queries import still_here
from manzanita.platform import clock
from manzanita.platform.kept_queries import Reckoned
from manzanita.students.assignment_actions import lock_students, write_batch
from manzanita.students.caseload import (
    Assignable,
    Choice,
    assignable_rows,
    by_public_id,
    chosen_students,
    last_day,
    next_starts,
    teams_of,
    without_first,
)
from manzanita.students.models import (
    AssignmentBatch,
    AssignmentChange,
    ScopedQuerySet,
    Student,
)


def students_to_assign(actor: Actor, choice: Choice) -> ScopedQuerySet:
    """Students of ``choice`` as ``chosen_students`` has them; nobody who has left by our own record, whose enrollment
    the SIS has still to end."""
    return still_here(chosen_students(actor, choice), actor)


def without_manager_count(actor: Actor) -> int:
    """How many participating students in the actor's reach have no case manager."""
    (count,) = _without_manager(actor, clock.today()).one()
    return int(count)


@lru_cache(maxsize=256)
def _without_manager(actor: Actor, today: date) -> Reckoned:
    return Reckoned(students_to_assign(actor, Choice(is_without_manager=True)), count=Count("pk"))


KINDS = {"assignment": "Case manager", "team": "Team member"}
ONE_CASE = "One case manager a student"
# What a person must be allowed to do to be of use there.
NEEDED = {"assignment": Capability.HOLD_MEETING, "team": Capability.READ_STUDENT}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One student who is to get somebody. ``seen_id`` is who had the case when the reader looked (``None``: nobody);
    ``is_seen`` is false where nobody has looked yet. ``to_id`` ``None`` takes the person off."""

    public_id: str
    kind: str
    to_id: int | None
    seen_id: int | None = None
    is_seen: bool = True
    role: str = ""
    leaving_id: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What would become of one student on the days from ``starts_on`` through ``ends_on`` (``None``: until further
    notice); ``refused`` says why nothing does. Where a case ends because another case manager is planned, ``next_id``
    has it from the day after."""

    row: Assignable
    kind: str
    role: str
    from_id: int | None
    to_id: int | None
    starts_on: date
    ends_on: date | None = None
    next_id: int | None = None
    refused: Reason | None = None

    @property
    def next_on(self) -> date | None:
        """The day on which ``next_id`` begins."""
        return self.ends_on + timedelta(days=1) if self.next_id and self.ends_on else None


@dataclass(frozen=True, slots=True)
class Term:
    """The days of an assignment; without a last day until further notice. A leave has one: then it falls back."""

    starts_on: date
    ends_on: date | None = None


def candidates(actor: Actor, on: date | None = None) -> dict[str, list[User]]:
    """People whom the actor can give students from the day ``on`` (default: today), by kind: active, with a perspective
    that can do then what is needed; by name."""
    found: dict[str, dict[int, User]] = {kind: {} for kind in KINDS}
    for grant in _grants_in_force(actor, on or clock.today()):
        for kind, needed in NEEDED.items():
            if needed in capabilities_of(grant):
                found[kind][grant.user_id] = grant.user
    return {
        kind: sorted(people.values(), key=lambda user: (user.name, user.pk)) for kind, people in found.items()
    }


def _grants_in_force(actor: Actor, on: date) -> list[Grant]:
    rows = managed_grants(actor).filter(in_force(on), user__is_active=True)
    return list(
        rows.select_related("user", "role", "delegated_from__role").prefetch_related("schools__school")
    )


def why_not_assign(actor: Actor, term: Term | None) -> list[Reason]:
    found = []
    if not actor.may(Capability.ASSIGN_STUDENTS) or actor.is_read_only:
        found.append(
            Reason(
                "may-not-assign",
                f"As {actor.perspective.label} nobody assigns students.",
                Owner.COORDINATOR,
                "Ask the SEDS coordinator of the district.",
                source=PERMISSIONS,
            )
        )
    if term is None or term.starts_on < clock.today():
        found.append(
            Reason(
                "starts-before-today",
                "Students are assigned from today or a later day: what was before stays as it was.",
                Owner.COORDINATOR,
                "Give a first day from today on.",
            )
        )
    elif term.ends_on is not None and term.ends_on < term.starts_on:
        found.append(
            Reason(
                "ends-before-start",
                "The last day lies before the first.",
                Owner.YOU,
                "Correct one of the two days.",
            )
        )
    return found


def movable_first(
    actor: Actor, students: ScopedQuerySet, kind: str, to_id: int, term: Term
) -> ScopedQuerySet:
    """``students`` by name, last of them whom the person has already, or could not work with at their school."""
    schools = _reach_of_people(actor, {to_id}, term.starts_on).get((to_id, kind), frozenset())
    return without_first(actor, students, kind, to_id, schools, term.starts_on)


def preview_assignments(actor: Actor, wanted: Sequence[Wanted], term: Term) -> list[Move]:
    """What ``wanted`` would do, student by student. A student out of reach is not in it, as if there were none."""
    students = by_public_id(actor, [one.public_id for one in wanted])
    return _moves(actor, wanted, students, term)


def _moves(actor: Actor, wanted: Sequence[Wanted], students: Mapping[str, Student], term: Term) -> list[Move]:
    found = list({one.pk: one for one in students.values()}.values())
    rows = {row.student.pk: row for row in assignable_rows(actor, found, term.starts_on)}
    ids = [student.pk for student in found]
    people = {one.to_id for one in wanted if one.to_id} | {one.leaving_id for one in wanted if one.leaving_id}
    teams = teams_of(ids, people, term.starts_on)
    reach = _reach_of_people(actor, people, term.starts_on)
    names = user_names(people | {row.manager_id for row in rows.values() if row.manager_id})
    planned = next_starts(ids, term.starts_on) if any(one.kind == "assignment" for one in wanted) else {}
    moves = []
    for one in wanted:
        student = students.get(one.public_id)
        if student is None:
            continue
        row = rows[student.pk]
        before = row.manager_id if one.kind == "assignment" else one.leaving_id
        if one.kind == "team" and (student.pk, one.leaving_id) not in teams:
            before = None
        following = planned.get(student.pk) if one.kind == "assignment" else None
        ends_on = last_day(term.ends_on, following)
        is_cut = following is not None and ends_on != term.ends_on
        move = Move(
            row,
            one.kind,
            one.role,
            before,
            one.to_id,
            term.starts_on,
            ends_on,
            following.user_id if following is not None and is_cut else None,
        )
        moves.append(replace(move, refused=_why_not_move(one, move, teams, reach, names)))
    return moves


def _why_not_move(
    one: Wanted,
    move: Move,
    teams: Mapping[tuple[int, int], str],
    reach: Mapping[tuple[int, str], frozenset[str] | None],
    names: Mapping[int, str],
) -> Reason | None:
    name = names.get(one.to_id or 0, "This person")
    student_id = move.row.student.pk
    if one.kind == "assignment" and one.is_seen and move.from_id != one.seen_id:
        holder = names.get(move.from_id or 0, "Nobody")
        return Reason(
            "changed-meanwhile",
            f"Somebody else has assigned the student in the meantime: {holder} has the case now.",
            Owner.COORDINATOR,
            "Look again, and choose again.",
            source=LOOK_AGAIN,
        )
    has_it = one.to_id == move.from_id or (one.kind == "team" and (student_id, one.to_id or 0) in teams)
    if one.to_id is not None and has_it:
        return Reason(
            "has-it-already",
            f"{name} has the student already.",
            Owner.COORDINATOR,
            "Nothing to do.",
            source=ONE_CASE,
        )
    if one.to_id is None:
        return (
            None
            if move.from_id
            else Reason(
                "nobody-has-it",
                "Nobody has the student now.",
                Owner.COORDINATOR,
                "Nothing to do.",
                source=ONE_CASE,
            )
        )
    if (one.to_id, one.kind) not in reach:
        return Reason(
            "cannot-hold",
            f"{name} has no perspective here that could work with the student as {KINDS[one.kind].lower()}.",
            Owner.COORDINATOR,
            "Give the person a perspective first.",
            source=PERMISSIONS,
        )
    schools = reach[one.to_id, one.kind]
    if schools is not None and move.row.school_code not in schools:
        return Reason(
            "other-school",
            f"{name} works at other schools than the student's, and would not see the record.",
            Owner.COORDINATOR,
            "Choose somebody of the student's school, or give the person the school.",
            source=PERMISSIONS,
        )
    return None


def _reach_of_people(actor: Actor, ids: set[int], on: date) -> dict[tuple[int, str], frozenset[str] | None]:
    """Per person and kind the schools whose students the person could work with; ``None``: any."""
    found: dict[tuple[int, str], frozenset[str] | None] = {}
    for grant in _grants_in_force(actor, on):
        if grant.user_id not in ids:
            continue
        is_of_schools = PERSPECTIVES[grant.perspective_key].scope is Scope.SCHOOL
        schools = frozenset(one.school.code for one in grant.schools.all()) if is_of_schools else None
        for kind, needed in NEEDED.items():
            if needed not in capabilities_of(grant):
                continue
            key = (grant.user_id, kind)
            known = found.get(key, frozenset())
            found[key] = None if schools is None or known is None else known | schools
    return found


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: the batch, and the moves that were not possible after all."""

    batch: AssignmentBatch
    done: Sequence[Move]
    refused: Sequence[Move]


@transaction.atomic
def apply_assignments(
    *,
    actor: Actor,
    wanted: Sequence[Wanted],
    term: Term,
    title: str,
    reason: str = "",
    is_whole: bool = False,
) -> Applied:
    """Carry out what can be. Raises ``Refused`` where nothing can, or, with ``is_whole``, where anything cannot.

    Students are locked first, so that of two administrators at once the second is told what the first did.
    """
    reasons = why_not_assign(actor, term)
    if reasons:
        raise Refused(reasons)
    students = by_public_id(actor, [one.public_id for one in wanted])
    ids = sorted(student.pk for student in students.values())
    lock_students(ids)
    moves = _moves(actor, wanted, students, term)
    done = [move for move in moves if move.refused is None]
    refused = [move for move in moves if move.refused is not None]
    told = [move.refused for move in refused if move.refused is not None]
    if not done or (is_whole and told):
        raise Refused(
            list({one.code: one for one in told}.values())
            or [
                Reason(
                    "no-student",
                    "No student of those in your reach was chosen.",
                    Owner.YOU,
                    "Choose students.",
                )
            ]
        )
    batch = write_batch(
        actor=actor,
        title=title,
        reason=reason,
        changes=[
            AssignmentChange(
                student=move.row.student,
                kind=move.kind,
                role=move.role[:60],
                from_user_id=move.from_id,
                to_user_id=move.to_id,
                starts_on=move.starts_on,
                ends_on=move.ends_on,
            )
            for move in done
        ],
    )
    for move in done:
        log_change(
            actor=actor,
            action="assign_student",
            student_id=move.row.student.pk,
            subject=batch,
            reason=batch.reason,
            detail={"kind": move.kind, "from": move.from_id, "to": move.to_id},
        )
    return Applied(batch, done, refused)
