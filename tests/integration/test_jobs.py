"""Jobs: claimed once, swept after a crash, done once, and never telling what a student's data were.

The tests of the second half run real worker processes on a database of their own, because only processes can
be killed and only real connections wait for each other.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, transaction
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from manzanita.platform import clock, jobs
from manzanita.platform.ids import new_public_id
from manzanita.platform.jobs import (
    JobRun,
    LeaseLost,
    NotYet,
    UnknownJobKind,
    claim_job,
    enqueue_job,
    job_kind,
    prune_task_results,
    run_job,
    run_jobs_now,
    sweep_jobs,
    wake_job,
)
from manzanita.platform.models import Job, JobState

LEASE_SECONDS = 2
NOON = datetime(2026, 11, 2, 20, tzinfo=UTC)

seen_runs: list[tuple[int, dict, int | None, int]] = []


@job_kind("test.count")
def count_something(run: JobRun) -> dict[str, int]:
    seen_runs.append((run.job_id, run.args, run.by_id, run.attempt))
    run.progress(3, 3, "Counting")
    return {"new": 3}


@job_kind("test.fail")
def fail_with_a_name(run: JobRun) -> None:
    raise ValueError("Sorrel Testcase was born on 2015-03-04")


@job_kind("test.not-yet")
def wait_for_somebody_else(run: JobRun) -> None:
    seen_runs.append((run.job_id, run.args, run.by_id, run.attempt))
    raise NotYet(30)


@pytest.fixture(autouse=True)
def _no_runs_seen():
    seen_runs.clear()


@pytest.fixture
def noon():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


# Ids and clock


def test_a_public_id_is_a_uuid_of_version_7_with_its_millisecond(noon):
    public_id = new_public_id()

    assert (public_id.version, public_id.variant) == (7, uuid.RFC_4122)
    # 2026-11-02 20:00:00 UTC is 1,793,649,600 seconds after the epoch.
    assert public_id.int >> 80 == 1_793_649_600_000


def test_ten_thousand_public_ids_of_one_millisecond_differ(noon):
    assert len({new_public_id() for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 3, 7, 30, tzinfo=UTC), date(2026, 11, 2)),  # 23:30 in winter
        (datetime(2026, 11, 3, 8, 0, tzinfo=UTC), date(2026, 11, 3)),  # midnight in winter
        (datetime(2026, 7, 2, 6, 59, tzinfo=UTC), date(2026, 7, 1)),  # 23:59 in summer
        (datetime(2026, 7, 2, 7, 0, tzinfo=UTC), date(2026, 7, 2)),  # midnight in summer
        (datetime(2026, 11, 1, 6, 59, tzinfo=UTC), date(2026, 10, 31)),  # night in which summer time ends
        (datetime(2027, 3, 15, 6, 59, tzinfo=UTC), date(2027, 3, 14)),  # evening after summer time began
    ],
)
def test_today_is_the_day_in_california(instant, day):
    with time_machine.travel(instant, tick=False):
        assert clock.today() == day
        assert clock.now() == instant


# One job, in this process


@pytest.mark.django_db
@pytest.mark.parametrize("today", [None, date(2027, 5, 1), date(2026, 1, 5)])
def test_a_job_that_puts_itself_off_waits_its_seconds_whatever_day_the_house_says(noon, settings, today):
    settings.TODAY = today
    job = enqueue_job(kind="test.not-yet", args={})
    assert run_jobs_now(only_due=True) == 1
    noon.shift(timedelta(seconds=29))
    assert run_jobs_now(only_due=True) == 0
    noon.shift(timedelta(seconds=1))
    assert run_jobs_now(only_due=True) == 1
    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.WAITING, 0)


@pytest.mark.django_db
def test_a_job_that_put_itself_off_is_woken_once(noon):
    job = enqueue_job(kind="test.not-yet", args={})
    run_jobs_now(only_due=True)
    wake_job(job.pk)
    wake_job(job.pk)
    assert DBTaskResult.objects.filter(status=TaskResultStatus.READY).count() == 1
    assert run_jobs_now(only_due=True) == 1
    claimed = claim_job(job.pk)
    wake_job(job.pk)  # at work: nothing to wake
    wake_job(None)
    assert claimed is not None
    assert Job.objects.get(pk=job.pk).state == JobState.RUNNING


@pytest.mark.django_db
def test_a_job_runs_once_and_keeps_its_counts(noon):
    job = enqueue_job(kind="test.count", args={"import_id": 12}, by_id=7)

    assert run_jobs_now() == 1
    run_job.call(job.pk)

    assert seen_runs == [(job.pk, {"import_id": 12}, 7, 1)]
    job.refresh_from_db()
    assert (job.state, job.attempts, job.result) == (JobState.DONE, 1, {"new": 3})
    assert (job.done_count, job.total_count, job.progress_text) == (3, 3, "Counting")
    assert (job.lease_until, job.worker_id, job.started_at, job.finished_at) == (None, "", NOON, NOON)
    assert job.is_over


@pytest.mark.django_db
def test_what_somebody_waits_for_goes_before_what_the_night_left(noon):
    of_the_night = [enqueue_job(kind="test.count", args={}) for _ in range(2)]
    of_somebody = enqueue_job(kind="test.count", args={}, by_id=7)
    queue = [one.pk for one in DBTaskResult.objects.ready().order_by(*DBTaskResult._meta.ordering)]
    assert queue == [of_somebody.task_id, *(job.task_id for job in of_the_night)]


@pytest.mark.django_db
def test_an_unknown_kind_is_refused_where_it_is_enqueued():
    with pytest.raises(UnknownJobKind, match=r"test\.unknown"):
        enqueue_job(kind="test.unknown", args={})
    assert Job.objects.count() == 0


def test_a_kind_has_one_owner():
    def impostor(run: JobRun) -> None: ...

    impostor.__module__ = "somewhere.else"
    with pytest.raises(ValueError, match=r"test\.count is registered"):
        job_kind("test.count")(impostor)


@pytest.mark.django_db(transaction=True)
def test_a_rollback_leaves_neither_job_nor_task():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        enqueue_job(kind="test.count", args={})
        assert (Job.objects.count(), DBTaskResult.objects.count()) == (1, 1)
        1 / 0  # noqa: B018

    assert (Job.objects.count(), DBTaskResult.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_failure_is_stored_and_logged_as_type_and_place_and_tried_again(noon, caplog):
    caplog.set_level("DEBUG")
    job = enqueue_job(kind="test.fail", args={})

    run_job.call(job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempts, job.error_type) == (JobState.WAITING, 1, "ValueError")
    file, line, function = job.error_place.split(":")
    assert (file, function) == ("test_jobs.py", "fail_with_a_name")
    assert Path(__file__).read_text().splitlines()[int(line) - 1].strip().startswith("raise ValueError(")
    retry = DBTaskResult.objects.get(pk=job.task_id)
    assert (retry.status, retry.run_after) == (TaskResultStatus.READY, NOON + timedelta(seconds=2))
    assert "Sorrel" not in caplog.text
    assert "Sorrel" not in json.dumps(list(Job.objects.values()), default=str)


@pytest.mark.django_db
def test_the_fifth_failure_is_the_last(noon):
    job = enqueue_job(kind="test.fail", args={})

    assert run_jobs_now() == 5

    job.refresh_from_db()
    assert (job.state, job.attempts, job.finished_at) == (JobState.FAILED, 5, NOON)
    assert (job.error_type, job.lease_until) == ("ValueError", None)
    assert sweep_jobs() == 0
    assert claim_job(job.pk) is None


@pytest.mark.django_db
def test_run_jobs_now_can_raise_what_a_job_raised():
    enqueue_job(kind="test.fail", args={})

    with pytest.raises(ValueError, match="Sorrel"):
        run_jobs_now(raises_errors=True)


@pytest.mark.django_db
def test_an_interrupted_job_goes_back_at_once(monkeypatch):
    def stopped(run: JobRun) -> None:
        try:
            raise ValueError("Sorrel Testcase")
        except ValueError:
            sys.exit(1)

    monkeypatch.setitem(jobs._kinds, "test.count", stopped)
    job = enqueue_job(kind="test.count", args={})
    first_task = job.task_id

    with pytest.raises(SystemExit) as stop:
        run_job.call(job.pk)

    # The queue stores what it prints of this exception: the job's own error must not be in it.
    assert stop.value.__suppress_context__
    job.refresh_from_db()
    assert (job.state, job.error_type) == (JobState.WAITING, "SystemExit")
    assert job.task_id != first_task


@pytest.mark.django_db
def test_a_claim_holds_until_the_lease_runs_out(noon):
    job = enqueue_job(kind="test.count", args={})

    assert claim_job(job.pk).attempt == 1
    noon.shift(settings.JOB_LEASE_SECONDS)
    assert claim_job(job.pk) is None
    noon.shift(1)
    assert claim_job(job.pk).attempt == 2


@pytest.mark.django_db
def test_whoever_was_overtaken_learns_it_and_changes_nothing(noon):
    job = enqueue_job(kind="test.count", args={})
    slow = claim_job(job.pk)
    noon.shift(settings.JOB_LEASE_SECONDS + 1)
    fast = claim_job(job.pk)
    fast.progress(2, 9, "Reading")
    fast.renew(is_forced=True)

    with pytest.raises(LeaseLost):
        slow.renew(is_forced=True)
    with pytest.raises(LeaseLost), slow.step():
        pytest.fail("a step began without the lease")
    slow.progress(5, 9, "Reading")  # throttled: it says nothing, so it changes nothing
    jobs._hand_back(slow, type_name="ValueError", place="", delay=0)

    job.refresh_from_db()
    assert (job.state, job.attempts, job.done_count, job.error_type) == (JobState.RUNNING, 2, 2, "")


@pytest.mark.django_db
def test_a_step_that_lost_its_lease_on_the_way_is_rolled_back(noon):
    job = enqueue_job(kind="test.count", args={})
    slow = claim_job(job.pk)

    with pytest.raises(LeaseLost), slow.step():
        enqueue_job(kind="test.count", args={"made": "inside"})
        Job.objects.filter(pk=job.pk).update(worker_id="somebody else")

    assert list(Job.objects.values_list("pk", flat=True)) == [job.pk]


@pytest.mark.django_db
def test_progress_is_written_at_most_twice_a_second(django_assert_max_num_queries):
    job = enqueue_job(kind="test.count", args={})
    run = claim_job(job.pk)

    with django_assert_max_num_queries(2):
        for row in range(1000):
            run.progress(row, 1000, "Reading")
        run.renew(is_forced=True)

    job.refresh_from_db()
    assert (job.done_count, job.total_count) == (999, 1000)


@pytest.mark.django_db
def test_renewing_extends_the_lease(noon):
    job = enqueue_job(kind="test.count", args={})
    run = claim_job(job.pk)
    noon.shift(30)

    run.renew(is_forced=True)

    job.refresh_from_db()
    assert job.heartbeat_at == NOON + timedelta(seconds=30)
    assert job.lease_until == NOON + timedelta(seconds=30 + settings.JOB_LEASE_SECONDS)


# Sweeping


@pytest.mark.django_db
def test_a_lease_that_ran_out_goes_back_to_the_queue(noon):
    job = enqueue_job(kind="test.count", args={})
    DBTaskResult.objects.update(status=TaskResultStatus.RUNNING, started_at=NOON)
    claim_job(job.pk)

    assert sweep_jobs() == 0
    noon.shift(settings.JOB_LEASE_SECONDS + 1)
    assert sweep_jobs() == 1
    assert sweep_jobs() == 0

    job.refresh_from_db()
    assert (job.state, job.lease_until) == (JobState.WAITING, None)
    statuses = DBTaskResult.objects.order_by("status").values_list("status", flat=True)
    assert list(statuses) == [TaskResultStatus.FAILED, TaskResultStatus.READY]
    assert run_jobs_now() == 1
    assert seen_runs == [(job.pk, {}, None, 2)]


@pytest.mark.django_db
def test_a_job_that_kills_each_of_its_workers_fails_in_the_end(noon):
    job = enqueue_job(kind="test.count", args={})
    for _ in range(5):
        assert claim_job(job.pk) is not None
        noon.shift(settings.JOB_LEASE_SECONDS + 1)
        assert sweep_jobs() == 1

    job.refresh_from_db()
    assert (job.state, job.error_type) == (JobState.FAILED, "manzanita.platform.jobs.LeaseLost")
    assert sweep_jobs() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "age_seconds", "swept"),
    [
        (TaskResultStatus.READY, 3600, 0),
        (TaskResultStatus.RUNNING, 1, 0),
        (TaskResultStatus.RUNNING, 61, 1),
        (TaskResultStatus.FAILED, 1, 1),
        (TaskResultStatus.SUCCESSFUL, 1, 1),
        (None, 0, 1),
    ],
)
def test_a_waiting_job_that_nothing_wakes_gets_a_new_task(noon, settings, status, age_seconds, swept):
    settings.JOB_LEASE_SECONDS = 60
    job = enqueue_job(kind="test.count", args={})
    if status is None:
        DBTaskResult.objects.all().delete()
    else:
        DBTaskResult.objects.update(status=status, started_at=NOON - timedelta(seconds=age_seconds))

    assert sweep_jobs() == swept

    old_task = job.task_id
    job.refresh_from_db()
    assert (job.task_id != old_task) == bool(swept)
    assert job.state == JobState.WAITING


@pytest.mark.django_db
def test_a_retry_that_is_not_due_yet_is_left_alone(noon):
    job = enqueue_job(kind="test.fail", args={})
    run_job.call(job.pk)

    assert sweep_jobs() == 0


@pytest.mark.django_db
def test_tasks_that_ended_more_than_a_day_ago_are_deleted_and_their_jobs_stay(noon):
    for _ in range(4):
        enqueue_job(kind="test.count", args={})
    day_old, just_ended, running, _ready = DBTaskResult.objects.order_by("enqueued_at", "pk")
    for task, status, hours in [
        (day_old, TaskResultStatus.SUCCESSFUL, 25),
        (just_ended, TaskResultStatus.FAILED, 23),
        (running, TaskResultStatus.RUNNING, 0),
    ]:
        ended_at = NOON - timedelta(hours=hours) if hours else None
        DBTaskResult.objects.filter(pk=task.pk).update(status=status, finished_at=ended_at)

    assert prune_task_results() == 1

    assert not DBTaskResult.objects.filter(pk=day_old.pk).exists()
    assert (DBTaskResult.objects.count(), Job.objects.count()) == (3, 4)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values", [{"state": "asleep"}, {"state": "running", "lease_until": None}], ids=["state", "lease"]
)
def test_the_database_refuses_an_impossible_job(values):
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.create(kind="test.count", **values)


# Real workers


GREENHOUSE_JOBS = """
import time
from django.conf import settings
from manzanita.auditing.actions import log_change
from manzanita.auditing.models import ChangeEvent
from manzanita.platform.jobs import job_kind
from manzanita.platform.models import Job


def water(run, pause):
    for bed in range(10):
        with run.step():
            if not ChangeEvent.objects.filter(subject_id=None, student_id=run.args["row"], action=f"bed-{bed}"):
                log_change(actor=None, action=f"bed-{bed}", student_id=run.args["row"])
        run.progress(bed + 1, 10, "Watering")
        time.sleep(pause)
    return {"beds": 10}


@job_kind("greenhouse.water")
def water_quickly(run):
    return water(run, 0)


@job_kind("greenhouse.water-slowly")
def water_slowly(run):
    return water(run, 0.5)


@job_kind("greenhouse.meet")
def wait_for_another_worker(run):
    while Job.objects.filter(kind="greenhouse.meet").exclude(state="waiting").count() < 2:
        run.renew(is_forced=True)
        time.sleep(0.1)


@job_kind("greenhouse.hold")
def hold_a_step_longer_than_the_lease(run):
    with run.step():
        log_change(actor=None, action="hold", student_id=run.args["row"])
        time.sleep(settings.JOB_LEASE_SECONDS + 1)
"""


class Greenhouse:
    """An installation of its own: settings, one app with jobs, a database, and processes on it."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self.database_url = database_url
        self.processes: list[subprocess.Popen] = []
        app = directory / "greenhouse"
        app.mkdir()
        (app / "__init__.py").touch()
        (app / "jobs.py").write_text(GREENHOUSE_JOBS)
        (directory / "greenhouse_settings.py").write_text(
            "from manzanita.config.settings import *\n"
            "INSTALLED_APPS = ['django_tasks', 'django_tasks_db', 'manzanita.platform',"
            " 'manzanita.auditing', 'greenhouse']\n"
            "ROOT_URLCONF = None\n"
        )
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "greenhouse_settings",
            # The code under test, also where another copy of it is installed.
            "PYTHONPATH": os.pathsep.join([str(directory), *sys.path]),
            "MANZANITA_VAR": str(directory / "var"),
            "DATABASE_URL": database_url,
            "MANZANITA_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=self.environment | environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def start_worker(self, *options: str, **environment: str) -> subprocess.Popen:
        return self.start("-m", "manzanita.cli", "worker", *options, **environment)

    def run(self, code: str) -> str:
        setup = "import django; django.setup()\n"
        done = subprocess.run(
            [sys.executable, "-c", setup + textwrap.dedent(code)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def enqueue(self, kind: str, rows: int = 1) -> None:
        self.run(f"""
            from manzanita.platform.jobs import enqueue_job
            for row in range(1, {rows} + 1):
                enqueue_job(kind={kind!r}, args={{"row": row}})
        """)

    def rows(self, sql: str) -> list[tuple]:
        if self.database_url.startswith("sqlite"):
            database = sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=20)
        else:
            database = psycopg.connect(self.database_url, autocommit=True)
        try:
            return [tuple(row) for row in database.execute(sql).fetchall()]
        finally:
            database.close()

    def wait_for(self, sql: str, expected: list[tuple], *, seconds: float) -> float:
        started = time.monotonic()
        while (found := self.rows(sql)) != expected:
            assert time.monotonic() - started < seconds, f"{sql}: {found} after {seconds} s"
            time.sleep(0.05)
        return time.monotonic() - started

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=10)


@pytest.fixture
def greenhouse(tmp_path, databases) -> Iterator[Greenhouse]:
    database = databases.migrated()
    place = Greenhouse(tmp_path, database)
    yield place
    place.stop()
    databases.drop(database)


STATES = "SELECT state, attempts FROM platform_job ORDER BY id"
BEDS = "SELECT count(*), count(DISTINCT action) FROM auditing_changeevent"


def test_four_threads_claim_the_same_jobs_and_each_job_has_one_winner(greenhouse):
    greenhouse.enqueue("greenhouse.water", rows=15)

    winners = greenhouse.run("""
        import json, threading
        from django.db import connection
        from manzanita.platform.jobs import claim_job
        from manzanita.platform.models import Job

        keys = list(Job.objects.order_by("pk").values_list("pk", flat=True))
        gate = threading.Barrier(4)
        claims = []

        def claim_all():
            for key in keys:
                gate.wait(timeout=30)
                if claim_job(key) is not None:
                    claims.append(key)
            connection.close()

        threads = [threading.Thread(target=claim_all) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps(sorted(claims)))
    """)

    assert json.loads(winners) == list(range(1, 16))
    assert greenhouse.rows(STATES) == [("running", 1)] * 15


def test_a_job_whose_worker_is_killed_is_done_once_by_another_within_a_lease(greenhouse):
    workers = {worker.pid: worker for worker in (greenhouse.start_worker(), greenhouse.start_worker())}
    # Both are at work before anything is timed, for a start may take longer than a lease.
    greenhouse.enqueue("greenhouse.meet", rows=2)
    greenhouse.wait_for("SELECT count(*) FROM platform_job WHERE state = 'done'", [(2,)], seconds=60)
    greenhouse.enqueue("greenhouse.water-slowly")
    greenhouse.wait_for(
        "SELECT count(*) FROM auditing_changeevent WHERE action = 'bed-3'", [(1,)], seconds=20
    )
    ((worker_id,),) = greenhouse.rows("SELECT worker_id FROM platform_job WHERE state = 'running'")
    _, pid, _ = worker_id.split(":")
    victim = workers.pop(int(pid))
    (other,) = workers.values()

    victim.send_signal(signal.SIGKILL)
    assert victim.wait(timeout=10) == -signal.SIGKILL
    beds_at_death = greenhouse.rows(BEDS)[0][0]
    assert 4 <= beds_at_death < 10
    # One lease, the worker's half-second poll, and a little for a busy machine.
    slow = "SELECT state, attempts FROM platform_job WHERE kind = 'greenhouse.water-slowly'"
    greenhouse.wait_for(slow, [("running", 2)], seconds=LEASE_SECONDS + 0.5 + 2)
    greenhouse.wait_for(slow, [("done", 2)], seconds=15)

    assert greenhouse.rows(BEDS) == [(10, 10)]
    other.terminate()
    assert other.wait(timeout=10) == 0


@pytest.mark.parametrize(("place", "beds_at_death"), [("job_claimed", 0), ("job_not_closed", 10)])
def test_a_worker_that_dies_at_a_crash_point_starts_again_and_finishes(greenhouse, place, beds_at_death):
    greenhouse.enqueue("greenhouse.water")
    victim = greenhouse.start_worker(MANZANITA_CRASH_AT=place)
    assert victim.wait(timeout=20) == -signal.SIGKILL
    assert greenhouse.rows(STATES) == [("running", 1)]
    assert greenhouse.rows(BEDS) == [(beds_at_death, beds_at_death)]

    greenhouse.start_worker(MANZANITA_CRASH_AT=place)

    greenhouse.wait_for(STATES, [("done", 2)], seconds=20)
    assert greenhouse.rows(BEDS) == [(10, 10)]


def test_a_batch_does_what_is_ready_and_ends(greenhouse):
    greenhouse.enqueue("greenhouse.water", rows=3)

    assert greenhouse.start_worker("--batch").wait(timeout=20) == 0

    assert greenhouse.rows(STATES) == [("done", 1)] * 3


def test_three_workers_and_two_writers_never_meet_a_locked_database(greenhouse):
    # SQLite gives its lock to whoever happens to ask: a worker may wait for seconds to renew a lease.
    greenhouse.environment["MANZANITA_JOB_LEASE_SECONDS"] = "6"
    workers = [greenhouse.start_worker() for _ in range(3)]
    greenhouse.enqueue("greenhouse.hold")
    # Only then the others: a job claimed before it could not renew its lease on SQLite while the step holds the lock.
    greenhouse.wait_for(STATES, [("running", 1)], seconds=30)
    writers = [
        greenhouse.start(
            "-c",
            "import django; django.setup()\n"
            "from manzanita.platform.jobs import enqueue_job\n"
            f"for row in range({first}, {first} + 20): "
            "enqueue_job(kind='greenhouse.water', args={'row': row})",
        )
        for first in (100, 200)
    ]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, "")

    # The step held for longer than the lease is not taken over: it is one attempt like the others.
    greenhouse.wait_for(STATES, [("done", 1)] * 41, seconds=60)
    assert greenhouse.rows("SELECT count(*) FROM auditing_changeevent") == [(401,)]
    for worker in workers:
        worker.terminate()
        _, errors = worker.communicate(timeout=20)
        assert worker.returncode == 0
        assert "lock" not in errors and "not available" not in errors and "put off" not in errors
    statuses = greenhouse.rows("SELECT DISTINCT status FROM django_tasks_database_dbtaskresult")
    assert statuses == [("SUCCESSFUL",)]
