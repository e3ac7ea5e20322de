"""The sealer: takes the rows that wait and adds them to the chain of their LEA, with their MAC."""

from __future__ import annotations

from django.db import transaction

from manzanita.auditing.anchors import write_anchors
from manzanita.auditing.canonical import mac_of, newest_form, rows_as_stored
from manzanita.auditing.keys import audit_key
from manzanita.auditing.models import LogSeal, SealHead, Unsealed
from manzanita.platform import clock

# Long enough to be quick, short enough that SQLite's one writer is not kept waiting.
ROWS_AT_ONCE = 1000


def seal_waiting() -> int:
    """Seal every row that waits, write the anchors, and return how many rows. Raises ``KeyUnusable``.

    Any number of sealers may run at once: the head of each chain is locked while it grows.
    """
    key = audit_key()
    sealed = 0
    for lea_code in list(Unsealed.objects.order_by().values_list("lea_code", flat=True).distinct()):
        while (taken := _seal_some(lea_code, key)) is not None:
            sealed += taken
    write_anchors(key)
    return sealed


@transaction.atomic
def _seal_some(lea_code: str, key: bytes) -> int | None:
    """Seal the next rows of one LEA; how many, or ``None`` where none waits."""
    SealHead.objects.get_or_create(lea_code=lea_code)
    head = SealHead.objects.select_for_update().get(lea_code=lea_code)
    waiting = list(Unsealed.objects.filter(lea_code=lea_code).order_by("pk")[:ROWS_AT_ONCE])
    if not waiting:
        return None
    named = {(one.log, one.row_id): newest_form(one.log) for one in waiting}
    rows = rows_as_stored((log, form, row_id) for (log, row_id), form in named.items())
    sealed_already = {
        (log, row_id)
        for name in {one.log for one in waiting}
        for log, row_id in LogSeal.objects.filter(
            log=name, row_id__in=[one.row_id for one in waiting if one.log == name]
        ).values_list("log", "row_id")
    }
    sequence, mac, now = head.sequence, bytes(head.mac), clock.now()
    seals = []
    for (log, row_id), form in named.items():
        # A row that is sealed already keeps its first seal: whoever lets it wait again cannot have it sealed anew.
        if (log, row_id) in sealed_already:
            continue
        sequence += 1
        mac = mac_of(
            key,
            before=mac,
            lea_code=lea_code,
            sequence=sequence,
            log=log,
            row_id=row_id,
            form=form,
            sealed_at=now,
            row=rows.get((log, row_id)),
        )
        seals.append(
            LogSeal(
                lea_code=lea_code,
                sequence=sequence,
                log=log,
                row_id=row_id,
                form=form,
                sealed_at=now,
                mac=mac,
            )
        )
    LogSeal.objects.bulk_create(seals, batch_size=ROWS_AT_ONCE)
    Unsealed.objects.filter(pk__in=[one.pk for one in waiting]).delete()
    SealHead.objects.filter(pk=head.pk).update(sequence=sequence, mac=mac, sealed_at=now)
    return len(seals)
