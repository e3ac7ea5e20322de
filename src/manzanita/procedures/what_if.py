"""What the rules would say of a student's records if one day of one meeting were another. Nothing is stored.

The records are those that this installation believes in, with the lines of the meeting among them: as they are, or
would be today, and as they would be. So only what the day decides is different.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.domain import records
from manzanita.domain.access import Actor
from manzanita.domain.records import complete, state_date
from manzanita.domain.scenarios import EVENTS, outcome_of
from manzanita.domain.validation.live import LiveRecords, Rows
from manzanita.domain.what_if import Part
from manzanita.domain.what_if.ruled import FindingChanges, finding_changes
from manzanita.domain.years import academic_year_of
from manzanita.exchange.believed import believed_rows
from manzanita.exchange.checks import enrollment_rows
from manzanita.exchange.ssids import Ssids, ssids_of
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import proposal_of
from manzanita.orgs.queries import policies_of
from manzanita.platform import clock
from manzanita.procedures.finalize import offer_drafts
from manzanita.procedures.lines import LineWriter
from manzanita.students.queries import StudentFacts

_FIELDS: Mapping[Part, str] = {
    Part.REFERRAL: "24.11",
    Part.CONSENT: "24.13",
    Part.HELD: "24.15",
    Part.PENDING: "24.10",
}
_ATTRIBUTES: Mapping[Part, str] = {
    Part.REFERRAL: "referred_on",
    Part.CONSENT: "consent_on",
    Part.HELD: "held_on",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose day moves: an open meeting or one nobody has opened (not stored), or the record of one that is final.

    ``pending`` is the archive by which an open one stands reported.
    """

    meeting: Meeting
    part: Part
    day: date
    pending: Archive | None = None
    record: ArchivedRecord | None = None


@dataclass(slots=True)
class _Lines:
    """Records that take the place of those whose keys are ``gone``, in the order of the record types."""

    lines: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)

    def add(self, values: Mapping[str, str]) -> None:
        record = records.record_of(values)
        self.lines.append((records.record_key(record, values), values))


def finding_moves(actor: Actor, facts: StudentFacts, asked: Asked, *, lea_code: str) -> FindingChanges:
    """What appears and vanishes at the LEA; as of today, or of the day of the meeting where that is still to come."""
    student_id = facts.student.pk
    believed = believed_rows([student_id]).get(student_id) or _nothing(student_id)
    before, after = _lines(actor, facts, asked)
    as_of = max(clock.today(), asked.day) if asked.part is Part.HELD else clock.today()
    live = LiveRecords(
        _with(believed, before), as_of=as_of, year=academic_year_of(as_of), about=frozenset(records.ORDER)
    )
    found = live.findings()
    renamed = _renamed(before, after)
    now = live.update(_with(believed, after))
    of_lea = [[one for one in said if one.record_key.split("|")[1:2] == [lea_code]] for said in (found, now)]
    return finding_changes(of_lea[0], of_lea[1], renamed)


def _nothing(student_id: int) -> Rows:
    return {**{record: [] for record in records.ORDER}, "SENR": enrollment_rows(student_id), "SINF": []}


def _with(rows: Rows, lines: _Lines) -> dict[str, list[Mapping[str, str]]]:
    replaced = lines.gone | {key for key, _ in lines.lines}
    found: dict[str, list[Mapping[str, str]]] = {}
    for record, known in rows.items():
        is_ours = record in records.ORDER
        found[record] = [
            row for row in known if not (is_ours and records.record_key(record, row) in replaced)
        ]
    for _, values in lines.lines:
        record = records.record_of(values)
        found[record].append(complete(record, values))
    return found


def _renamed(before: _Lines, after: _Lines) -> dict[str, str]:
    """Which record of before is which of after: they are written in the same order."""
    found: dict[str, str] = {}
    for record in records.ORDER:
        pairs = [
            [key for key, values in side.lines if records.record_of(values) == record]
            for side in (before, after)
        ]
        if len(pairs[0]) == len(pairs[1]):
            found |= dict(zip(*pairs, strict=True))
    return found


def _lines(actor: Actor, facts: StudentFacts, asked: Asked) -> tuple[_Lines, _Lines]:
    if asked.record is not None:
        return _of_record(asked.record, asked, ssids_of([facts.student.pk]).get(facts.student.pk, Ssids()))
    moved = copy.copy(asked.meeting)
    if asked.part in _ATTRIBUTES:
        setattr(moved, _ATTRIBUTES[asked.part], asked.day)
    is_moved = (False, True)
    pair = tuple(
        _of_meeting(actor, facts, meeting, asked, is_after=is_after)
        for meeting, is_after in zip((asked.meeting, moved), is_moved, strict=True)
    )
    return pair[0], pair[1]


def _of_record(row: ArchivedRecord, asked: Asked, ssids: Ssids) -> tuple[_Lines, _Lines]:
    """An archived MEET with another day; its key may be another one then."""
    before, after = _Lines(), _Lines()
    was = ssids.values(row)
    becomes = {**was, _FIELDS[asked.part]: state_date(asked.day)}
    if asked.part is Part.HELD:
        becomes["24.05"] = academic_year_of(asked.day)
    before.add(was)
    after.add(becomes)
    after.gone = {before.lines[0][0]}
    before.gone = {after.lines[0][0]}
    return before, after


def _of_meeting(
    actor: Actor, facts: StudentFacts, meeting: Meeting, asked: Asked, *, is_after: bool
) -> _Lines:
    """The lines of a meeting that is not final: as pending where the state was told so, as held with its offer."""
    lines = _Lines()
    if meeting.pk is not None:
        day = (meeting.held_on or clock.today()) if asked.part is Part.HELD else clock.today()
        today = clock.today()
        proposal = proposal_of(meeting, facts.plan_on(today), facts.services_on(today))
        for draft in offer_drafts(actor, meeting, facts, proposal, agreed_on=day):
            lines.add(draft.values)
    elif meeting.held_on is not None:
        lines.add(_planned_line(actor, facts, meeting, meeting.held_on))
    for row in _pending_rows(asked.pending):
        key = records.record_key("MEET", row.values)
        lines.gone.add(key)
        if meeting.held_on is None:
            lines.add(_pending_values(row, asked) if is_after else row.values)
    return lines


def _planned_line(actor: Actor, facts: StudentFacts, meeting: Meeting, day: date) -> Mapping[str, str]:
    event = EVENTS[meeting.event_key]
    outcome = outcome_of(event, [True], conclusion_key="", policies=policies_of(actor.selpa_code))
    return LineWriter(actor, meeting, event, outcome, facts).meeting_line(day).values


def _pending_rows(pending: Archive | None) -> Sequence[ArchivedRecord]:
    return list(pending.records.all()) if pending is not None else []


def _pending_values(row: ArchivedRecord, asked: Asked) -> Mapping[str, str]:
    values = {**row.values, _FIELDS[asked.part]: state_date(asked.day)}
    if asked.part is Part.PENDING:
        values["24.05"] = academic_year_of(asked.day)
    return values
