"""What the state held of a student at an instant, as far as it was known here then, and the send that put it there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Q, QuerySet

from manzanita.domain import records
from manzanita.exchange.models import StateRecord, Submission, SubmissionLine


@dataclass(frozen=True, slots=True)
class HeldThen:
    """One record that the state held: since when it was known to say this, and the line of ours that put it there,
    ``None`` where none did. ``learned_from`` of the record says who told it first, where no line did."""

    record: StateRecord
    since: datetime
    line: SubmissionLine | None


@dataclass(frozen=True, slots=True)
class StateThen:
    """What was taken for held at the instant ``at``, of one LEA, by the days of the records.

    ``on_their_way`` are lines that had left and had no answer at ``at``: of those nobody knew whether the state held
    them already. ``read_first`` is when the first extract of the LEA was read, ``None`` for never: before it nobody
    knows what the state held beside this.
    """

    at: datetime
    read_first: datetime | None
    held: Sequence[HeldThen]
    on_their_way: Sequence[SubmissionLine]

    @property
    def is_complete(self) -> bool:
        """Whether what is not in ``held`` was not held, as far as was known."""
        return self.read_first is not None and self.read_first <= self.at

    @property
    def records(self) -> list[StateRecord]:
        return [one.record for one in self.held]


@dataclass(frozen=True, slots=True)
class RowsThen:
    """Rows that are not read yet: ``querysets`` may be read together, then :meth:`of` asks nothing. ``firsts`` by LEA
    are when its extracts were first read."""

    at: datetime
    versions: QuerySet[StateRecord]
    lines: QuerySet[SubmissionLine]
    submissions: QuerySet[Submission]
    firsts: Mapping[str, QuerySet[Any, Any]]

    @property
    def querysets(self) -> Sequence[QuerySet[Any, Any]]:
        return (self.versions, self.lines, self.submissions, *self.firsts.values())

    def of(self, lea_code: str, day: date) -> StateThen:
        """As the LEA sent it, of what is dated ``day`` or earlier."""
        own = {one.pk: one for one in self.submissions if one.lea_code == lea_code}
        posted: dict[str, SubmissionLine] = {}
        on_their_way = []
        for line in self.lines:
            submission = own.get(line.submission_id)
            if submission is None:
                continue
            line.submission = submission
            if line.answered_at is not None and line.answered_at <= self.at:
                # In the order of their answers: the last one stands.
                posted[line.record_key] = line
            elif records.key_on(line.record, line.values) <= day:
                on_their_way.append(line)
        versions: dict[str, list[StateRecord]] = defaultdict(list)
        for one in self.versions:
            if one.lea_code == lea_code and one.key_on <= day:
                versions[one.record_key].append(one)
        found = [_held(known, posted.get(key), self.at) for key, known in versions.items()]
        first = [at for (at,) in self.firsts.get(lea_code, ())]
        return StateThen(
            self.at,
            first[0] if first else None,
            sorted((one for one in found if one), key=lambda one: one.record.key_on),
            on_their_way,
        )


def _held(versions: Sequence[StateRecord], line: SubmissionLine | None, at: datetime) -> HeldThen | None:
    """What stands at ``at`` of the versions of one record, in the order in which they were recorded."""
    record = versions[-1]
    if record.superseded_at is not None and record.superseded_at <= at:
        return None
    first = record
    for before in reversed(versions[:-1]):
        if before.superseded_at != first.recorded_at or before.values != first.values:
            break
        first = before
    if line is not None and line.kind != "delete" and line.answered_at == first.recorded_at:
        return HeldThen(record, first.recorded_at, line)
    return HeldThen(first, first.recorded_at, None)


def rows_then(student_id: int, at: datetime, lea_codes: Collection[str]) -> RowsThen:
    """What the state held of a student at ``at``; ``lea_codes`` are the LEAs that it may have been reported by."""
    lines = SubmissionLine.objects.filter(student_id=student_id)
    versions = StateRecord.every.filter(student_id=student_id, recorded_at__lte=at)
    unanswered = Q(answered_at=None) | Q(answered_at__gt=at)
    return RowsThen(
        at,
        versions.order_by("recorded_at", "id"),
        lines.filter(
            Q(outcome="posted", answered_at__lte=at) | Q(unanswered, submission__sent_at__lte=at)
        ).order_by("answered_at", "id"),
        Submission.objects.filter(pk__in=lines.values("submission_id")).only(
            "public_id", "lea_code", "destination", "sent_at", "created_at"
        ),
        {
            code: StateRecord.every.filter(lea_code=code, learned_from="extract")
            .order_by("recorded_at")
            .values_list("recorded_at")[:1]
            for code in lea_codes
        },
    )
