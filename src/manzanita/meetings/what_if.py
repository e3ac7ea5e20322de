"""A student's meetings as :mod:`manzanita.domain.what_if` asks of them, and those that could be opened next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from manzanita.archive.models import Archive
from manzanita.domain.clocks.early_start import third_birthday_of
from manzanita.domain.delay_codes import INITIAL
from manzanita.domain.dinc import History
from manzanita.domain.scenarios import EVENTS, PARTICIPATING
from manzanita.domain.scenarios import Event as Scenario
from manzanita.domain.situation import Situation
from manzanita.domain.what_if import Case, Event
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES, event_label
from manzanita.orgs.calendars import Calendars
from manzanita.students.queries import StudentFacts

_IFSP = "150"
# Those that could be opened next, by whether the student has a plan here.
_NEXT_WITH_PLAN, _NEXT_WITHOUT = ("annual", "triennial"), ("b_initial",)
_PLANNED = "next-"


def case_of(
    facts: StudentFacts,
    meetings: Sequence[Meeting],
    *,
    pending: Archive | None,
    calendars: Calendars,
    place: tuple[str, str],
    today: date,
    situation: Situation | None = None,
    history: History | None = None,
) -> Case:
    """``pending`` is the archive by which the open meeting stands reported as pending; ``place`` are the LEA and the
    school by whose calendar the student's clocks count; ``situation`` and ``history`` are of a student who is here."""
    lea, school = place
    known = sorted(
        (one for one in meetings if _counts(one)), key=lambda one: (one.held_on or date.max, one.pk)
    )
    status = facts.status_on(today)
    runs = status is not None and status.status_code == PARTICIPATING and facts.student.seen_through is None
    events = [_event(one, facts, pending) for one in known]
    if facts.student.seen_through is None and not any(one.state in OPEN_STATES for one in known):
        events += [planned(key) for key in (_NEXT_WITH_PLAN if runs else _NEXT_WITHOUT)]
    return Case(
        today,
        facts.student.birth_on,
        tuple(events),
        calendars.calendar(lea, school),
        lambda day: calendars.reading(lea, day),
        runs,
        situation,
        history,
    )


def planned(event_key: str) -> Event:
    """A meeting that nobody has opened yet."""
    scenario = EVENTS[event_key]
    return Event(
        key=f"{_PLANNED}{event_key}",
        name=scenario.label,
        evaluation_type=scenario.evaluation_type_code,
        is_plan_review=scenario.is_plan_review,
        is_planned=True,
    )


def scenario_planned(key: str) -> Scenario | None:
    """The kind of meeting whose opening the key stands for; ``None`` for a meeting that there is."""
    return EVENTS.get(key.removeprefix(_PLANNED)) if key.startswith(_PLANNED) else None


def _counts(meeting: Meeting) -> bool:
    """Canceled ones and those that ended without a meeting start and meet no clock."""
    return meeting.state in OPEN_STATES or (meeting.state == "finalized" and meeting.held_on is not None)


def _event(meeting: Meeting, facts: StudentFacts, pending: Archive | None) -> Event:
    is_open = meeting.state in OPEN_STATES
    return Event(
        key=str(meeting.public_id),
        name=event_label(meeting),
        evaluation_type=meeting.evaluation_type_code,
        is_plan_review=meeting.is_plan_review,
        is_by_birthday=_is_by_birthday(meeting, facts),
        referred_on=meeting.referred_on,
        consent_on=meeting.consent_on,
        held_on=meeting.held_on,
        pending_on=pending.event_on if pending is not None and is_open else None,
        delay_code=meeting.delay_code or (_pending_delay(pending) if is_open else ""),
        is_final=not is_open,
        number=meeting.pk,
    )


def _is_by_birthday(meeting: Meeting, facts: StudentFacts) -> bool:
    """Whether the child comes from Part C: by the kind of meeting, or by an IFSP before the third birthday."""
    scenario = EVENTS.get(meeting.event_key)
    if scenario is not None:
        return scenario.clock == "third_birthday"
    born = facts.student.birth_on
    if meeting.evaluation_type_code != INITIAL or born is None:
        return False
    third = third_birthday_of(born)
    return any(plan.plan_type_code == _IFSP and plan.effective_from < third for plan in facts.plans)


def _pending_delay(pending: Archive | None) -> str:
    rows = list(pending.records.all()) if pending is not None else []
    return rows[0].values["24.18"] if rows else ""
