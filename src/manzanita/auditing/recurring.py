"""The sealer each minute, and a verification each day."""

from __future__ import annotations

from datetime import timedelta

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


@recurring("auditing.verify-daily", every_seconds=900)
def verify_daily() -> None:
    """Enqueue a verification where the last one is a day old."""
    check = last_check()
    is_due = check is None or clock.now() - check.at >= VERIFY_EVERY
    if is_due and not is_under_way(VERIFY_JOB):
        enqueue_job(kind=VERIFY_JOB, args={})
