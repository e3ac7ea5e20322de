"""Correcting the day of an archived record: what goes along with it, what stands against it, and the facts moved.

The day is part of the record's key, so the state sees another record: the old one is deleted, the new one added.
The services of a plan start with it and go along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from manzanita.archive.models import ArchivedRecord
from manzanita.archive.queries import document_of, standing_records
from manzanita.domain import records
from manzanita.domain.changes import ADOPTED
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.plan_start import PlanMade, before_consent, before_meeting
from manzanita.domain.records import parse_state_date, state_date
from manzanita.domain.years import academic_year_of
from manzanita.meetings.actions import correct_held_on
from manzanita.platform import clock
from manzanita.platform.facts import Fact, Statement
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Plan, Service, SpecialEducationStatus

DATE_FIELDS: Mapping[str, str] = {"SWDS": "22.11", "MEET": "24.15", "PLAN": "23.12"}
_YEAR_FIELDS: Mapping[str, str] = {"SWDS": "22.05", "MEET": "24.05", "PLAN": "23.05", "SERV": "25.06"}
_SERVICE_START = "25.17"
_DAY = timedelta(days=1)
_WORDS = {"SWDS": "status", "MEET": "meeting", "PLAN": "plan"}


@dataclass(frozen=True, slots=True)
class Move:
    """A record whose day changes from ``was`` to ``becomes``."""

    row: ArchivedRecord
    was: date
    becomes: date

    @property
    def first(self) -> date:
        return min(self.was, self.becomes)

    @property
    def last(self) -> date:
        return max(self.was, self.becomes)


@dataclass(frozen=True, slots=True)
class Said:
    """By whom, for what cause and at which instant facts are stated."""

    by_id: int
    cause: str
    at: datetime

    def state(self, kind: str, statements: Sequence[Statement]) -> None:
        state_student_facts(kind, statements, by_id=self.by_id, cause=self.cause, at=self.at)


def move_of(row: ArchivedRecord, values: Mapping[str, str]) -> Move | None:
    """The move that corrected ``values`` mean. Raises ``ValueError`` where the new day is no date."""
    number = DATE_FIELDS.get(row.record, "")
    if not number or values[number] == row.values[number]:
        return None
    return Move(row, parse_state_date(row.values[number]), parse_state_date(values[number]))


def with_year(record: str, values: Mapping[str, str], day: date) -> dict[str, str]:
    """The academic year follows the day."""
    return {**values, _YEAR_FIELDS[record]: academic_year_of(day)}


def values_along(move: Move) -> dict[int, dict[str, str]]:
    """By id, the new values of records of the same archive that go along: the services of a plan."""
    if move.row.record != "PLAN":
        return {}
    day = state_date(move.becomes)
    return {
        sibling.pk: with_year("SERV", {**sibling.values, _SERVICE_START: day}, move.becomes)
        for sibling in move.row.archive.records.filter(record="SERV", key_on=move.was)
    }


def reasons_against(move: Move) -> Iterator[Reason]:
    """Why a day may not become another one."""
    number = DATE_FIELDS[move.row.record]
    values = {number: state_date(move.becomes)}
    what = _WORDS[move.row.record]
    if move.becomes > clock.today():
        yield Reason(
            "future-date",
            f"{move.becomes:%m/%d/%Y} is in the future.",
            Owner.COORDINATOR,
            "Enter the day on which it happened.",
            values=values,
        )
    early, _ = _plan_start(move)
    if early is not None:
        yield replace(early, values=values)
    between = sorted(
        {
            row.key_on
            for row in standing_records([move.row.student_id]).get(move.row.student_id, [])
            if row.record == move.row.record
            and row.pk != move.row.pk
            and move.first <= row.key_on <= move.last
        }
    )
    if between:
        yield Reason(
            "another-between",
            f"A {what} of {between[0]:%m/%d/%Y} stands between the two days.",
            Owner.COORDINATOR,
            f"Choose a day on this side of it, or correct that {what} first.",
            values=values,
        )


def doubts_of(move: Move) -> list[Reason]:
    """What the sentence of the correction has to answer; it is not refused."""
    return [one for one in (_plan_start(move)[1],) if one is not None]


def _plan_start(move: Move) -> tuple[Reason | None, Reason | None]:
    """What stands against the day by which a plan would start, and what is doubtful of it."""
    siblings = list(move.row.archive.records.filter(record__in=["MEET", "PLAN"]))
    meeting = next(
        (one for one in siblings if one.record == "MEET" and one.values[DATE_FIELDS["MEET"]]), None
    )
    plan = next((one for one in siblings if one.record == "PLAN"), None)
    # An adopted plan counts from the enrollment, whenever the team meets.
    if plan is None or move.row.record not in ("MEET", "PLAN") or plan.values["23.13"] == ADOPTED:
        return None, None
    context = document_of(move.row.archive)["context"]
    agreed = [one["decided_on"] for one in context.get("decisions", ()) if one["is_agreed"]]
    was = PlanMade(
        plan.key_on,
        meeting.key_on if meeting else None,
        date.fromisoformat(max(agreed)) if agreed else None,
        is_certain="event" in context,
    )
    moved = {"starts_on" if move.row.record == "PLAN" else "held_on": move.becomes}
    becomes = replace(was, **moved)
    early, unsaid = before_meeting(was, becomes), before_consent(was, becomes)
    return (early, None) if was.is_certain and early else (None, early or unsaid)


def move_facts(said: Said, move: Move) -> int:
    """Bring meetings or facts up to the new day; how many slots changed. A record older than our facts has none.

    Between the two days what came after counts now (an earlier start), or still what was before (a later one).
    """
    row = move.row
    if row.record == "MEET":
        return correct_held_on(
            student_id=row.student_id, lea_code=row.lea_code, held_on=move.was, becomes=move.becomes
        )
    kinds = {"SWDS": [("status", SpecialEducationStatus)], "PLAN": [("plan", Plan), ("service", Service)]}
    return sum(_move(said, kind, model, move) for kind, model in kinds[row.record])


def _move(said: Said, kind: str, model: type[Fact], move: Move) -> int:
    known_on = move.was if move.becomes < move.was else move.was - _DAY
    counts = {_slot(fact): fact for fact in _on(model, move, known_on)}
    slots = {**{_slot(fact): fact for fact in _on(model, move, move.was)}, **counts}
    is_earlier = move.becomes < move.was
    statements = []
    for slot in slots:
        fact = counts.get(slot)
        # One version from its first to its last day, not two of the same content side by side.
        first = fact.effective_from if fact and not is_earlier else move.first
        last = fact.effective_to if fact and is_earlier else move.last - _DAY
        content = {name: getattr(fact, name) for name in model.content} if fact else None
        statements.append(Statement(dict(slot), content, first, last))
    said.state(kind, statements)
    return len(statements)


def _on(model: type[Fact], move: Move, day: date) -> list[Fact]:
    return list(model.objects.as_of(effective=day).filter(student_id=move.row.student_id))


def _slot(fact: Fact) -> tuple[tuple[str, object], ...]:
    return tuple((name, getattr(fact, name)) for name in fact.slot)


def record_keys(move: Move, values: Mapping[str, str]) -> set[str]:
    """Every key that the move takes from the state or gives it."""
    along = values_along(move)
    before = {row.record_key for row in move.row.archive.records.filter(pk__in=along)}
    after = {records.record_key("SERV", changed) for changed in along.values()}
    return {move.row.record_key, records.record_key(move.row.record, values), *before, *after}
