"""The meetings of the Record tab: the newest of each kind as MEET tells it, beside what was archived and what the
state holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from manzanita.domain.record_fields import MEETING_FIELDS
from manzanita.meetings.models import Meeting
from manzanita.web.record_layers import Row, layers_of, row_of, state_text, without
from manzanita.web.student_file import StudentFile, meeting_day

INITIAL_TYPES = ("10", "15")
KINDS = {
    "review": "plan review",
    "evaluation": "reevaluation",
    "initial": "initial evaluation",
    "pending": "evaluation reported as pending",
}


@dataclass(frozen=True, slots=True)
class _Newest:
    """The newest of one kind in each layer."""

    kind: str
    current: Meeting | None
    proposed: Meeting | None
    archived: Any
    held: Any
    then: Any

    @property
    def identity(self) -> tuple[int | None, ...]:
        rows = (self.current, self.proposed, self.archived, self.held, self.then)
        return tuple(row.pk if row is not None else None for row in rows)

    @property
    def is_known(self) -> bool:
        return any(one is not None for one in self.identity)


def kinds_of_meeting(meeting: Meeting) -> set[str]:
    """Of which kinds a meeting is. One that is reported as pending and was not held is only that."""
    return _kinds(meeting.held_on, meeting.pending_on, meeting.evaluation_type_code, meeting.is_plan_review)


def kinds_of_record(row: Any) -> set[str]:
    """The same of a MEET record, archived or at the state."""
    values = row.values
    return _kinds(values["24.15"], values["24.10"], values["24.14"], values["24.17"] == "Y")


def _kinds(held: date | str | None, pending: date | str | None, evaluation: str, is_review: bool) -> set[str]:
    if pending and not held:
        return {"pending"}
    found = {"review"} if is_review else set()
    if evaluation == "40":
        found.add("evaluation")
    elif evaluation in INITIAL_TYPES:
        found.add("initial")
    return found


def newest_record(rows: Sequence[Any], kind: str) -> Any:
    """The newest MEET of one kind among archived or state records."""
    meets = (row for row in rows if row.record == "MEET" and kind in kinds_of_record(row))
    return max(meets, key=lambda row: row.key_on, default=None)


def meeting_groups(file: StudentFile) -> Iterator[tuple[str, list[Row], str, Any]]:
    """Title, rows and note of each group, and what the state held then. Kinds of which all layers have the same meeting
    are one group; a student without any meeting has one group of blanks."""
    found = [one for one in (_newest(file, kind) for kind in KINDS) if one.is_known]
    together: dict[tuple[int | None, ...], list[_Newest]] = {}
    for one in found:
        together.setdefault(one.identity, []).append(one)
    if not together:
        together[()] = [_Newest("review", None, None, None, None, None)]
    for kinds in together.values():
        first = kinds[0]
        names = " and ".join(KINDS[one.kind] for one in kinds)
        title = f"Newest {names}" if first.is_known else "Meetings"
        yield title, _rows(file, first), _note(file, first), first.then


def _newest(file: StudentFile, kind: str) -> _Newest:
    open_meeting = file.open_meeting
    known = [m for m in file.meetings if m.state == "finalized" and kind in kinds_of_meeting(m)]
    proposed = open_meeting if open_meeting is not None and kind in kinds_of_meeting(open_meeting) else None
    if kind == "pending":
        # It is what the state was told, not what a meeting proposes.
        known, proposed = [proposed] if proposed else [], None
    return _Newest(
        kind,
        max(known, key=lambda meeting: (meeting_day(meeting), meeting.pk), default=None),
        proposed,
        newest_record(file.should, kind),
        newest_record(file.at_state, kind),
        newest_record(file.held_then, kind),
    )


def _note(file: StudentFile, newest: _Newest) -> str:
    if newest.current is None:
        return "" if newest.is_known else "none is known"
    return without(file, newest.archived, newest.held, newest.then)


def _rows(file: StudentFile, newest: _Newest) -> list[Row]:
    layers = layers_of(file, _proposed(newest.proposed), newest.archived, newest.held, newest.then)
    return [
        row_of(
            file,
            declared,
            getattr(newest.current, declared.attribute, None),
            layers,
            slot=f"meeting-{newest.kind}",
        )
        for declared in MEETING_FIELDS
    ]


def _proposed(meeting: Meeting | None) -> dict[str, str]:
    """What an open meeting would tell of itself, as far as it is known: a day and an outcome come with the meeting."""
    if meeting is None:
        return {}
    values = {one.number: state_text(getattr(meeting, one.attribute)) for one in MEETING_FIELDS}
    is_told = values if meeting.held_on else {}
    return {
        number: text for number, text in values.items() if text or (number in is_told and number != "24.16")
    }
