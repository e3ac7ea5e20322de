"""Whether the work on a row goes on: read so that work that has just ended does not look as if it had stopped.

A job says its last word on its row, and is over after that. Who reads the row before that word and the job after it
would see a row under way and nobody at work: such a row is read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from django.db.models import Model

from manzanita.exchange.queries import jobs_over
from manzanita.platform.models import Job

# A model with ``state`` and ``job_id``.
Row = TypeVar("Row", bound=Model)


def row_and_job(read: Callable[[], Row], under_way: Collection[str]) -> tuple[Row, Job | None, bool]:
    """What ``read`` gives, the job that works on it, and whether that stopped before the end."""
    row = read()
    job = Job.objects.filter(pk=row.job_id).first() if row.job_id else None
    is_nobody_at_work = job is None or job.is_over
    if row.state in under_way and is_nobody_at_work:
        row = read()
    return row, job, row.state in under_way and is_nobody_at_work


def stopped_among(rows: Sequence[Row], under_way: Collection[str]) -> set[int]:
    """Primary keys of the rows whose work stopped before the end."""
    over = jobs_over([row.job_id for row in rows])
    suspects = [row for row in rows if row.state in under_way and row.job_id in over]
    if not suspects:
        return set()
    again = type(suspects[0])._default_manager.filter(pk__in=[row.pk for row in suspects])
    return set(again.filter(state__in=list(under_way)).values_list("pk", flat=True))
