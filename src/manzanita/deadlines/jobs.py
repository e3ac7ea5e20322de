"""Jobs that count clocks: who is marked, and everybody once a night, as days pass without anybody changing a fact."""

from __future__ import annotations

from django.db import transaction

from manzanita.deadlines.models import StaleCalendar, StaleStudent
from manzanita.deadlines.recompute import recompute_everybody, recompute_stale
from manzanita.platform.daily import daily
from manzanita.platform.jobs import JobRun, enqueue_job, is_under_way, job_kind
from manzanita.platform.reach import whole_installation

STALE_JOB = "deadlines.count-stale"
NIGHTLY_JOB = "deadlines.count-everybody"


@job_kind(STALE_JOB)
def count_stale(run: JobRun) -> dict[str, int]:
    """Count the clocks of whatever has changed."""
    return recompute_stale(around=run.step).document()


@daily(NIGHTLY_JOB)
@job_kind(NIGHTLY_JOB)
def count_everybody(run: JobRun) -> dict[str, int]:
    """Count every clock anew: some begin and end with the day alone."""
    with whole_installation("every night the clocks of every district are counted"):
        return recompute_everybody(lambda done: run.progress(done, None, "Counting clocks")).document()


def enqueue_stale() -> bool:
    """Enqueue the job where something is marked and none is under way; whether it did. Two at once do no harm."""
    with whole_installation("a mark is of whatever district's student it is"), transaction.atomic():
        is_marked = StaleStudent.objects.exists() or StaleCalendar.objects.exists()
        if not is_marked or is_under_way(STALE_JOB):
            return False
        enqueue_job(kind=STALE_JOB, args={})
    return True
