"""The sealer each minute, and a verification each day."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from manzanita.auditing.models import SealHead
from manzanita.auditing.queries import last_check
from manzanita.auditing.sealing import seal_waiting
from manzanita.platform import clock
from manzanita.platform.jobs import enqueue_job, is_under_way
from manzanita.platform.recurring import recurring

VERIFY_JOB = "auditing.verify"
VERIFY_EVERY = timedelta(hours=24)


@recurring("auditing.seal", every_seconds=60)
def seal() -> None:
    """Seal what waits."""
    seal_waiting()


# Not at the start: a worker that was only restarted has other work to do first.
@recurring("auditing.verify-daily", every_seconds=900, is_due_at_start=False)
def verify_daily() -> None:
    """Enqueue a verification where there are seals and the last one is a day old."""
    check = last_check()
    if check is not None and clock.now() - check.at < VERIFY_EVERY:
        return
    with transaction.atomic():
        # The lock keeps two workers that start together from enqueuing two.
        if SealHead.objects.select_for_update().order_by("pk").first() and not is_under_way(VERIFY_JOB):
            enqueue_job(kind=VERIFY_JOB, args={})
