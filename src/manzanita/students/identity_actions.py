"""Every write of changes of identity and of lines that were set aside for whom they name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.students.models import IdentityChange, IdentityConflict

# What of a student is told when it moves.
TOLD = ("first_name", "middle_name", "last_name", "suffix", "birth_on", "gender_code")


def note_changes(
    changes: Mapping[int, tuple[Mapping[str, Any], Mapping[str, Any]]],
    *,
    by_id: int | None,
    cause: str,
    at: datetime | None = None,
) -> None:
    """Note what each student's identity was and became, by key of the student; what did not move is left out."""
    moment = at or clock.now()
    rows = []
    for student_id, (was, became) in changes.items():
        moved = [name for name in TOLD if was[name] != became[name]]
        if moved:
            before, after = ({name: _text(side[name]) for name in moved} for side in (was, became))
            rows.append(
                IdentityChange(
                    student_id=student_id,
                    recorded_at=moment,
                    by_id=by_id,
                    cause=cause,
                    was=before,
                    became=after,
                )
            )
    IdentityChange.objects.bulk_create(rows, batch_size=500)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


@dataclass(frozen=True, slots=True)
class SetAside:
    """A line that names ``student_id`` and fits somebody else; see ``IdentityConflict``."""

    student_id: int
    lea_code: str
    ssid: str
    local_id: str
    is_by_ssid: bool
    first_name: str
    last_name: str
    birth_on: date | None
    parts: tuple[str, ...]
    words: str
    record: str
    line: int

    @property
    def key(self) -> tuple[int, str, str]:
        return self.student_id, self.lea_code, digest_of(self)


def digest_of(one: SetAside | IdentityConflict) -> str:
    stated = [one.first_name.casefold(), one.last_name.casefold(), str(one.birth_on), one.local_id]
    return hashlib.sha256(json.dumps(stated).encode()).hexdigest()[:32]


def conflicts_of(student_ids: Collection[int]) -> dict[tuple[int, str, str], IdentityConflict]:
    """Conflicts of some students by student, LEA and digest; one query."""
    rows = IdentityConflict.objects.filter(student_id__in=student_ids) if student_ids else []
    return {(one.student_id, one.lea_code, one.digest): one for one in rows}


@transaction.atomic(savepoint=False)
def store_conflicts(
    seen: Iterable[SetAside],
    known: Mapping[tuple[int, str, str], IdentityConflict],
    fitting: Collection[tuple[int, str]],
    *,
    cause: str,
) -> None:
    """Keep the lines that were set aside; conflicts of ``fitting`` (student, LEA) have ended: the SIS is right now, but
    for what the other file of the same import (``cause``) said."""
    now = clock.now()
    new: dict[tuple[int, str, str], IdentityConflict] = {}
    changed = []
    for one in seen:
        row = known.get(one.key) or new.get(one.key)
        if row is None:
            row = new[one.key] = IdentityConflict(
                student_id=one.student_id,
                lea_code=one.lea_code,
                digest=one.key[2],
                ssid=one.ssid,
                local_id=one.local_id[:40],
                is_by_ssid=one.is_by_ssid,
                first_name=one.first_name,
                last_name=one.last_name,
                birth_on=one.birth_on,
                parts=list(one.parts),
                words=one.words[:300],
                found_at=now,
                record=one.record,
                line=one.line,
            )
        elif row.pk:
            changed.append(row)
        row.record, row.line, row.cause, row.seen_at, row.ended_at = one.record, one.line, cause, now, None
    ended = [
        row
        for (student_id, lea_code, _), row in known.items()
        if (student_id, lea_code) in fitting
        and row.ended_at is None
        and row not in changed
        and row.cause != cause
    ]
    for row in ended:
        row.ended_at = now
    if new:
        IdentityConflict.objects.bulk_create(new.values(), batch_size=500)
    if changed or ended:
        columns = ["record", "line", "cause", "seen_at", "ended_at"]
        IdentityConflict.objects.bulk_update(
            {one.pk: one for one in [*changed, *ended]}.values(), columns, 500
        )


@transaction.atomic
def decide_conflict(*, actor: Actor, conflict: IdentityConflict, decision: str, reason: str) -> bool:
    """Say that the line means the same student, or another; ``""`` asks again. False where it is said already."""
    row = IdentityConflict.objects.select_for_update().get(pk=conflict.pk)
    if row.decision == decision:
        return False
    row.decision, row.reason = decision, reason if decision else ""
    row.decided_at, row.decided_by_id = (clock.now(), actor.user_id) if decision else (None, None)
    row.save(update_fields=["decision", "reason", "decided_at", "decided_by"])
    log_change(
        actor=actor,
        action="settle_identity",
        subject=row,
        student_id=row.student_id,
        reason=reason,
        detail={"decision": decision or "open"},
    )
    return True
