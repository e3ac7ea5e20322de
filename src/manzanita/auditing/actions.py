"""Writing the two logs. Call these in the transaction of what they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from django.db import models, transaction

from manzanita.auditing.models import ChangeEvent, ReadEvent
from manzanita.auditing.viewing import NOT_VIEWED, count_viewing
from manzanita.platform import clock

SYSTEM_LABEL = "system"


class Reader(Protocol):
    """What the logs need to know of who is acting; ``domain.access.Actor`` has it."""

    @property
    def user_id(self) -> int: ...

    @property
    def grant_id(self) -> int | None: ...

    @property
    def perspective_key(self) -> str: ...

    @property
    def agency_code(self) -> str: ...


def log_reads(*, actor: Reader, student_ids: Iterable[int], what: str, request_id: str = "") -> int:
    """Note that ``actor`` saw these students; returns how many rows. A student named twice counts once.

    ``what`` is a short code of what was seen (``student.record``). One query for each 500 students, and one that
    counts how many students the person looks at (``auditing.viewing``).
    """
    at = clock.now()
    rows = [
        ReadEvent(
            at=at,
            actor_user_id=actor.user_id,
            grant_id=actor.grant_id,
            perspective=actor.perspective_key,
            student_id=student_id,
            what=what,
            request_id=request_id,
        )
        for student_id in dict.fromkeys(student_ids)
    ]
    with transaction.atomic(savepoint=False):
        ReadEvent.objects.bulk_create(rows, batch_size=500)
        if rows and what not in NOT_VIEWED:
            _watch(actor, len(rows))
    return len(rows)


def _watch(actor: Reader, shown: int) -> None:
    block = count_viewing(
        user_id=actor.user_id,
        agency_code=actor.agency_code,
        perspective_key=actor.perspective_key,
        shown=shown,
    )
    if block is not None:
        detail = {"user": block.user_id, "reason": block.reason, "students": block.student_count}
        log_change(actor=None, action="block_viewing", subject=block, detail=detail)


def log_change(
    *,
    actor: Reader | None,
    action: str,
    student_id: int | None = None,
    subject: models.Model | None = None,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> ChangeEvent:
    """Note one act. ``actor`` ``None`` is the system; ``subject`` is the saved row that it is about.

    ``action`` is a verb (``finalize``), ``reason`` words the person gave for it, ``detail`` ids and field
    numbers (``{"fields": ["23.15"]}``): never a value of a student.
    """
    return ChangeEvent.objects.create(
        at=clock.now(),
        actor_user_id=None if actor is None else actor.user_id,
        actor_label=SYSTEM_LABEL if actor is None else actor.perspective_key,
        action=action,
        student_id=student_id,
        subject_type="" if subject is None else subject._meta.label_lower,
        subject_id=None if subject is None else subject.pk,
        reason=reason[:300],
        detail=dict(detail or {}),
    )
