"""What the state holds of two records that may be one student's, and bringing our book of it back after an undo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from manzanita.archive.models import Archive
from manzanita.domain import records
from manzanita.exchange.models import Operation, StateFinding, StateRecord, SubmissionLine
from manzanita.exchange.ssids import retired_ssids
from manzanita.meetings.models import Meeting
from manzanita.students.models import Ssid


@dataclass(slots=True)
class StateHeld:
    """Of one record: its SSIDs in the order of days, those that the state has retired, what the state holds, and how
    much is archived and met about here."""

    ssids: list[str] = field(default_factory=list)
    retired: Collection[str] = ()
    records: list[StateRecord] = field(default_factory=list)
    archives: int = 0
    meetings: int = 0

    def under(self, ssid: str) -> list[StateRecord]:
        return [one for one in self.records if one.values.get(records.SSID_FIELD[one.record]) == ssid]

    def learned_after(self, at: datetime) -> bool:
        return any(one.learned_at > at for one in self.records)


def state_held(student_ids: Iterable[int]) -> dict[int, StateHeld]:
    """Of each of these, five queries for any number."""
    ids = list(student_ids)
    found = {pk: StateHeld() for pk in ids}
    for pk, ssid in (
        Ssid.objects.believed()
        .filter(student_id__in=ids)
        .order_by("effective_from")
        .values_list("student_id", "ssid")
    ):
        found[pk].ssids.append(ssid)
    for pk, retired in retired_ssids(ids).items():
        found[pk].retired = frozenset(retired)
    for record in StateRecord.objects.filter(student_id__in=ids).order_by("key_on", "record", "pk"):
        found[record.student_id or 0].records.append(record)
    for pk in Archive.objects.filter(student_id__in=ids).values_list("student_id", flat=True):
        found[pk].archives += 1
    for pk in Meeting.objects.filter(student_id__in=ids).values_list("student_id", flat=True):
        found[pk].meetings += 1
    return found


def two_at_state(first: StateHeld, second: StateHeld) -> tuple[str, str] | None:
    """The two SSIDs under each of which the state holds something, neither of them retired."""
    if not first.ssids or not second.ssids or first.ssids[-1] == second.ssids[-1]:
        return None
    a, b = first.ssids[-1], second.ssids[-1]
    if {a, b} & {*first.retired, *second.retired}:
        return None
    return (a, b) if first.under(a) and second.under(b) else None


def has_waiting_lines(student_ids: Sequence[int]) -> bool:
    return SubmissionLine.objects.filter(student_id__in=student_ids, outcome="waiting").exists()


_HELD = ("id", "lea_code", "student_id", "record", "record_key", "values", "learned_from")


def keep_state(student_ids: Sequence[int]) -> dict[str, Any]:
    """Our book of the state about these, and since when each difference is known, as JSON values."""
    rows = StateRecord.objects.filter(student_id__in=student_ids).order_by("pk")
    seen: dict[str, dict[str, str]] = defaultdict(dict)
    for one in Operation.objects.filter(student_id__in=student_ids):
        seen[str(one.student_id)][one.record_key] = one.first_seen_at.isoformat()
    open_ones = StateFinding.objects.filter(student_id__in=student_ids, closed_at=None)
    return {
        "students": list(student_ids),
        "records": [
            {name: getattr(row, name) for name in _HELD}
            | {"key_on": row.key_on.isoformat()}
            | {name: getattr(row, name).isoformat() for name in ("learned_at", "recorded_at")}
            for row in rows
        ],
        "findings": sorted(open_ones.values_list("pk", flat=True)),
        "first_seen": seen,
    }


def bring_back_state(kept: Mapping[str, Any], *, is_outbox: bool = False) -> None:
    """Make our book what it was; with ``is_outbox``, after the outbox was computed anew, since when its rows are
    known."""
    if is_outbox:
        for student_id, keys in kept["first_seen"].items():
            for one in Operation.objects.filter(student_id=int(student_id), record_key__in=list(keys)):
                Operation.objects.filter(pk=one.pk).update(first_seen_at=keys[one.record_key])
        return
    # The state itself never held otherwise: what was believed meanwhile is not kept.
    now = Q(student_id__in=kept["students"], superseded_at=None)
    StateRecord.every.filter(now | Q(pk__in=[row["id"] for row in kept["records"]])).delete()
    StateRecord.objects.bulk_create(
        [StateRecord(**{"recorded_at": row["learned_at"]} | row) for row in kept["records"]], batch_size=500
    )
    StateFinding.objects.filter(pk__in=kept["findings"]).update(closed_at=None)
