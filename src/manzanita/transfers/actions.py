"""Every write on transfers of students: one conditional update for each move, so that twice changes nothing."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from manzanita.domain.student_transfers import STEPS
from manzanita.platform import clock
from manzanita.transfers.models import StudentTransfer, TrustedKey


def ask(
    *, student_id: int, receiving_code: str, sending_code: str, **values: Any
) -> tuple[StudentTransfer, bool]:
    """The open transfer of the student to ``receiving_code``, and whether it was made now. ``values`` are columns of a
    new one. Safe against two who ask at once: the constraint keeps one."""
    return StudentTransfer.objects.get_or_create(
        student_id=student_id,
        receiving_code=receiving_code,
        state__in=["requested", "escalated", "accepted"],
        defaults={
            "sending_code": sending_code,
            "state": "requested",
            "asked_at": clock.now(),
            **values,
        },
    )


def move(transfer: StudentTransfer, key: str, **values: Any) -> bool:
    """Take one step of ``domain.student_transfers.STEPS`` where the row is still in a state from which it begins;
    ``False`` where it is not any more. ``values`` are written with it, among them another ``state`` than the step's
    where it depends. Who may is asked above."""
    step = STEPS[key]
    if step.becomes is not None:
        values.setdefault("state", step.becomes.value)
    moved = StudentTransfer.objects.filter(
        pk=transfer.pk, state__in=[one.value for one in step.begins]
    ).update(**values)
    if moved:
        transfer.refresh_from_db()
    return bool(moved)


@transaction.atomic
def trust_key(*, public_key: str, name: str, compared_with: str, by_id: int) -> tuple[TrustedKey, bool]:
    """Remember whose key it is; the one that stands and whether it was made now."""
    return TrustedKey.objects.get_or_create(
        public_key=public_key,
        ended_at=None,
        defaults={
            "name": name,
            "compared_with": compared_with,
            "added_by_id": by_id,
            "added_at": clock.now(),
        },
    )
