"""Background work that survives a crash of its worker.

django-tasks only wakes a worker up. What counts is our own :class:`Job` row: a worker *claims* it with a
lease, extends the lease while it reports progress, and closes it. A lease that runs out is given to another
worker, so **a job may run more than once and must change nothing the second time**. Each app registers its
kinds in a module ``jobs.py``::

    @job_kind("students.sis-import")
    def import_sis(run: JobRun) -> dict[str, int]:
        for number, chunk in enumerate(chunks):
            with run.step():  # one transaction that commits only while the job is still ours
                ...
            run.progress(number + 1, total, "Reading students")
        return {"new": 3}

Errors are stored and logged as type and place, never as message: a message may hold student data.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import Exists, F, Min, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules
from django_tasks import TaskResultStatus, task

from manzanita.platform import clock
from manzanita.platform.crash import crash_point
from manzanita.platform.models import Job, JobState
from manzanita.platform.reach import current_reach, reach
from manzanita.platform.request_ids import request_id
from manzanita.platform.specifications import look_again

logger = logging.getLogger("manzanita.jobs")

# Times of the queue are of the machine (``timezone.now``), those of our rows of the house clock, which a
# demonstration moves by days: the two are never compared.

# A progress bar needs no more, and each write costs a commit.
SECONDS_BETWEEN_WRITES = 0.5
LONGEST_RETRY_DELAY_SECONDS = 60
# Before what the night or an import has left to do: somebody looks at the bar.
FOR_SOMEBODY = 10
KEEP_TASK_RESULTS = timedelta(days=1)
_PACKAGE_DIR = Path(__file__).resolve().parents[1]

JobFunction = Callable[["JobRun"], dict[str, Any] | None]
_kinds: dict[str, JobFunction] = {}


class LeaseLost(Exception):
    """Another worker has this job now, or it is closed: stop, and leave the rest to that worker."""


class NotYet(Exception):
    """Raised by a job that has to wait for somebody else: call again in ``seconds``. It is not a failed attempt."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class UnknownJobKind(Exception):
    """No ``jobs`` module of an installed app registers this kind."""


def job_kind(name: str) -> Callable[[JobFunction], JobFunction]:
    """Register the function that does jobs of this kind. It returns counts for ``Job.result``, or nothing."""

    def register(function: JobFunction) -> JobFunction:
        known = _kinds.get(name)
        if known is not None and known.__module__ != function.__module__:
            raise ValueError(f"job kind {name} is registered by {known.__module__} already")
        _kinds[name] = function
        return function

    return register


def enqueue_job(*, kind: str, args: Mapping[str, Any], by_id: int | None = None) -> Job:
    """Store a job and its wake-up in the caller's transaction: both commit together, or neither.

    ``args`` is JSON and holds ids, never names or values of a student. The job reaches the students whom its caller
    reaches, no others. Raises ``UnknownJobKind``.
    """
    _function_of(kind)
    with transaction.atomic():
        job = Job.objects.create(kind=kind, args=dict(args), by_id=by_id, reach=list(current_reach()))
        _wake_up(job)
    logger.info("job %s enqueued, kind %s", job.pk, kind)
    return job


def wake_job(job_id: int | None) -> None:
    """Let a job that has put itself off run now. Nothing happens where it is at work already, or over."""
    from django_tasks_db.models import DBTaskResult

    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id, state=JobState.WAITING).first()
        if job is None:
            return
        DBTaskResult.objects.filter(pk=job.task_id, status=TaskResultStatus.READY).delete()
        _wake_up(job)


class JobRun:
    """One attempt at one job, handed to the function of its kind."""

    def __init__(self, job: Job) -> None:
        self.job_id: int = job.pk
        self.args: dict[str, Any] = job.args
        self.by_id: int | None = job.by_id
        self.attempt: int = job.attempts
        self._worker_id = job.worker_id
        self._unwritten: dict[str, Any] = {}
        self._written_at = time.monotonic()

    def progress(self, done: int, total: int | None = None, text: str = "") -> None:
        """Say how far the work is and extend the lease; raises ``LeaseLost``.

        Others see it at once only when it is said outside a transaction. Written at most twice a second,
        so it may be called for each row.
        """
        self._unwritten.update(done_count=done, progress_text=text[:200])
        if total is not None:
            self._unwritten["total_count"] = total
        self.renew()

    def renew(self, *, is_forced: bool = False) -> None:
        """Extend the lease; raises ``LeaseLost``. Unless forced, it writes at most twice a second.

        A step that may last as long as ``JOB_LEASE_SECONDS`` calls this on the way.
        """
        if not is_forced and time.monotonic() - self._written_at < SECONDS_BETWEEN_WRITES:
            return
        now = clock.now()
        self._update(heartbeat_at=now, lease_until=_lease_end(now))

    @contextmanager
    def step(self) -> Iterator[None]:
        """A transaction that commits only while the job is ours; raises ``LeaseLost``.

        Extending the lease as its first write locks the job row, so nobody takes the job over before the
        commit; extending it again as its last write keeps a long step from ending with a lease run out.
        """
        with transaction.atomic():
            self.renew(is_forced=True)
            yield
            self.renew(is_forced=True)

    def _update(self, **values: Any) -> None:
        ours = Job.objects.filter(pk=self.job_id, state=JobState.RUNNING, worker_id=self._worker_id)
        if not ours.update(**self._unwritten, **values):
            raise LeaseLost(self.job_id)
        self._unwritten.clear()
        self._written_at = time.monotonic()

    def _close(self, *, state: JobState, **values: Any) -> None:
        self._update(state=state, lease_until=None, worker_id="", finished_at=clock.now(), **values)


def is_under_way(kind: str) -> bool:
    """Whether a job of this kind waits or runs."""
    return Job.objects.filter(kind=kind, state__in=[JobState.WAITING, JobState.RUNNING]).exists()


def claim_job(job_id: int) -> JobRun | None:
    """Take a job that waits, or whose lease has run out, by one conditional UPDATE.

    ``None``: it is finished, gone, out of attempts, or somebody else's.
    """
    now = clock.now()
    worker_id = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    is_free = Q(state=JobState.WAITING) | Q(state=JobState.RUNNING, lease_until__lt=now)
    claimed = Job.objects.filter(is_free, pk=job_id, attempts__lt=F("max_attempts")).update(
        state=JobState.RUNNING,
        attempts=F("attempts") + 1,
        worker_id=worker_id,
        lease_until=_lease_end(now),
        heartbeat_at=now,
        started_at=Coalesce(F("started_at"), now),
    )
    if not claimed:
        return None
    job = Job.objects.filter(pk=job_id, worker_id=worker_id).first()
    return None if job is None else JobRun(job)


@task()
def run_job(job_id: int) -> None:
    """The one task of the queue: claim the job and do it. Of a job that is finished or taken: nothing."""
    _run_claimed(claim_job(job_id))


def _run_claimed(run: JobRun | None) -> Exception | None:
    """Do a claimed job and close it; return what went wrong.

    The bookkeeping stands outside the ``except`` blocks: an error raised there would carry the job's own
    error, message included, into the queue's stored traceback.
    """
    if run is None:
        return None
    crash_point("job_claimed")
    job = Job.objects.only("kind", "reach").get(pk=run.job_id)
    logger.info("job %s claimed, kind %s, attempt %s", run.job_id, job.kind, run.attempt)
    result: dict[str, Any] | None = None
    error: Exception | None = None
    interruption: BaseException | None = None
    function: JobFunction | None = None
    try:
        function = _function_of(job.kind)
        look_again()
        with request_id(f"job-{run.job_id}"), reach(job.reach):
            result = function(run)
        crash_point("job_not_closed")
        run._close(state=JobState.DONE, result=result, error_type="", error_place="")
    except Exception as exception:
        error = exception
    except BaseException as exception:
        interruption = exception
    # A connection that the job broke cannot store how it ended. Inside a transaction of the caller, as in a
    # test, it is the caller's.
    if not transaction.get_connection().in_atomic_block:
        close_old_connections()
    if interruption is not None:
        _hand_back(run, type_name=_type_name(interruption), place="", delay=0)
        raise interruption from None
    if isinstance(error, LeaseLost):
        logger.warning("job %s attempt %s lost its lease", run.job_id, run.attempt)
    elif isinstance(error, NotYet):
        _put_off(run, delay=max(1, math.ceil(error.seconds)))
    elif error is not None:
        place = _place_of(error, function)
        logger.error("job %s attempt %s failed: %s at %s", run.job_id, run.attempt, _type_name(error), place)
        delay = min(2**run.attempt, LONGEST_RETRY_DELAY_SECONDS)
        _hand_back(run, type_name=_type_name(error), place=place, delay=delay)
    else:
        logger.info("job %s done", run.job_id)
    return error


def _put_off(run: JobRun, *, delay: int) -> None:
    """Wait for ``delay`` seconds with all attempts unused: this one did not fail."""
    try:
        with transaction.atomic():
            job = Job.objects.select_for_update().get(pk=run.job_id)
            run._update(
                state=JobState.WAITING,
                lease_until=None,
                worker_id="",
                attempts=0,
                error_type="",
                error_place="",
            )
            _wake_up(job, delay=delay)
    except LeaseLost:
        logger.warning("job %s attempt %s lost its lease", run.job_id, run.attempt)


def _hand_back(run: JobRun, *, type_name: str, place: str, delay: int) -> None:
    """Store why an attempt ended, and either wait for the next one or, at the last, fail."""
    error = {"error_type": type_name[:200], "error_place": place[:300]}
    try:
        with transaction.atomic():
            job = Job.objects.select_for_update().get(pk=run.job_id)
            if job.attempts >= job.max_attempts:
                run._close(state=JobState.FAILED, **error)
            else:
                run._update(state=JobState.WAITING, lease_until=None, worker_id="", **error)
                _wake_up(job, delay=delay)
    except LeaseLost:
        logger.warning("job %s attempt %s lost its lease", run.job_id, run.attempt)


def sweep_jobs() -> int:
    """Give jobs back to the queue whose worker is gone, and return how many.

    These are running jobs whose lease has run out, and waiting jobs that no task of the queue will wake (a
    crash between claiming the task and claiming the job). A job out of attempts fails instead. Any number
    of sweepers may run at once; a sweep that finds nothing writes nothing.
    """
    now = clock.now()
    lost = Q(state=JobState.RUNNING, lease_until__lt=now) | (Q(state=JobState.WAITING) & ~_has_live_task())
    swept = 0
    for job_id in list(Job.objects.filter(lost).values_list("pk", flat=True)):
        with transaction.atomic():
            # Skipping locked rows: a worker inside a step is alive, whatever its committed lease says.
            job = Job.objects.select_for_update(skip_locked=True).filter(lost, pk=job_id).first()
            if job is None:
                continue
            _forget_task(job)
            job.lease_until, job.worker_id = None, ""
            if job.attempts >= job.max_attempts:
                job.state, job.finished_at = JobState.FAILED, now
                job.error_type, job.error_place = _type_name(LeaseLost()), ""
                job.save()
            else:
                job.state = JobState.WAITING
                job.save()
                _wake_up(job)
        swept += 1
        logger.warning("job %s swept after attempt %s, now %s", job.pk, job.attempts, job.state)
    return swept


def seconds_to_next_sweep() -> float:
    """How long a sweeper may wait: a third of a lease, or less when a lease runs out sooner."""
    now = clock.now()
    longest = settings.JOB_LEASE_SECONDS / 3
    ends = Job.objects.filter(state=JobState.RUNNING).aggregate(first=Min("lease_until"))["first"]
    if ends is None:
        return longest
    return min(longest, max((ends - now).total_seconds() + 0.05, 0.2))


def prune_task_results() -> int:
    """Delete tasks of the queue that finished more than a day ago; the job rows stay. Returns how many."""
    from django_tasks_db.models import DBTaskResult

    old = DBTaskResult.objects.finished().filter(finished_at__lt=timezone.now() - KEEP_TASK_RESULTS)
    # Asking first: a DELETE takes SQLite's write lock even where there is nothing to delete.
    return old.delete()[0] if old.exists() else 0


def run_jobs_now(*, raises_errors: bool = False, only_due: bool = False) -> int:
    """For tests: do every waiting job in this thread, retries at once, and return how many attempts ran.

    Errors end up on the job as in a worker; with ``raises_errors`` the first one is raised instead. A job that
    puts itself off is left waiting for the next call; with ``only_due`` until its time has come.
    """
    from django_tasks_db.models import DBTaskResult

    attempts = 0
    put_off: list[int] = []
    while True:
        waiting = Job.objects.filter(state=JobState.WAITING).exclude(pk__in=put_off)
        if only_due:
            waiting = waiting.filter(task_id__in=DBTaskResult.objects.ready().values("pk"))
        job = waiting.order_by("pk").first()
        if job is None:
            return attempts
        DBTaskResult.objects.filter(pk=job.task_id, status=TaskResultStatus.READY).delete()
        error = _run_claimed(claim_job(job.pk))
        attempts += 1
        if isinstance(error, NotYet):
            put_off.append(job.pk)
        elif error is not None and raises_errors:
            raise error


def _function_of(kind: str) -> JobFunction:
    if kind not in _kinds:
        autodiscover_modules("jobs")
    try:
        return _kinds[kind]
    except KeyError:
        raise UnknownJobKind(kind) from None


def _lease_end(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def _wake_up(job: Job, *, delay: int = 0) -> None:
    """Enqueue the task that runs this job, after ``delay`` seconds, and note it on the job."""
    first = FOR_SOMEBODY if job.by_id is not None else 0
    later = timezone.now() + timedelta(seconds=delay) if delay else None
    waker = run_job.using(priority=first, run_after=later)
    job.task_id = uuid.UUID(str(waker.enqueue(job.pk).id))
    Job.objects.filter(pk=job.pk).update(task_id=job.task_id)


def _has_live_task() -> Exists:
    """The job's task is ready, or was taken so short a time ago that its worker may still claim the job."""
    from django_tasks_db.models import DBTaskResult

    just_taken = Q(
        status=TaskResultStatus.RUNNING,
        started_at__gt=timezone.now() - timedelta(seconds=settings.JOB_LEASE_SECONDS),
    )
    return Exists(
        DBTaskResult.objects.filter(Q(status=TaskResultStatus.READY) | just_taken, pk=OuterRef("task_id"))
    )


def _forget_task(job: Job) -> None:
    """Close the task of a worker that is gone; the queue would keep it as running for ever."""
    from django_tasks_db.models import DBTaskResult

    DBTaskResult.objects.filter(pk=job.task_id, status=TaskResultStatus.RUNNING).update(
        status=TaskResultStatus.FAILED,
        finished_at=timezone.now(),
        exception_class_path=f"{LeaseLost.__module__}.{LeaseLost.__qualname__}",
    )


def _type_name(error: BaseException) -> str:
    module = type(error).__module__
    return type(error).__qualname__ if module == "builtins" else f"{module}.{type(error).__qualname__}"


def _place_of(error: Exception, function: JobFunction | None) -> str:
    """``file:line:function`` of the innermost frame in our own code, outside this module."""
    own_file = function.__code__.co_filename if function is not None else ""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_PACKAGE_DIR) and frame.filename != __file__:
            place = f"{path.relative_to(_PACKAGE_DIR)}:{frame.lineno}:{frame.name}"
        elif frame.filename == own_file:
            place = f"{path.name}:{frame.lineno}:{frame.name}"
    return place
