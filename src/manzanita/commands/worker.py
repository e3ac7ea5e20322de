"""``manzanita worker``: does the background jobs, and gives back those of workers that are gone."""

import argparse
import logging
import os
import sys
import threading
import time
import uuid

from manzanita.commands.serve import refuse_unsafe_database

HELP = "Do background jobs until stopped (Ctrl-C once: finish the job at hand first)."
POLL_SECONDS = 0.5

logger = logging.getLogger("manzanita.worker")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch", action="store_true", help="do what is ready now and end; a retry that is not due yet stays"
    )


def run(args: argparse.Namespace) -> int:
    """Work in this thread; unless in a batch, sweep and do what recurs beside it, in threads with connections of
    their own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    import django

    django.setup()
    if (refusal := refuse_unsafe_database()) is not None:
        sys.stderr.write(f"{refusal}\n")
        return 1
    if args.batch:
        from manzanita.platform.daily import enqueue_daily_jobs
        from manzanita.platform.jobs import prune_task_results, sweep_jobs

        prune_task_results()
        enqueue_daily_jobs()
        sweep_jobs()
        _work(is_batch=True)
        return 0
    from manzanita.platform.recurring import recur_until

    stop = threading.Event()
    beside = [
        threading.Thread(target=_sweep_until, args=(stop,), name="job-sweeper", daemon=True),
        threading.Thread(target=recur_until, args=(stop,), name="recurring", daemon=True),
    ]
    for thread in beside:
        thread.start()
    try:
        _work(is_batch=False)
    finally:
        stop.set()
        for thread in beside:
            thread.join(timeout=5)
    return 0


def _work(*, is_batch: bool) -> None:
    from django.db import OperationalError, connections
    from django_tasks_db.management.commands.db_worker import Worker

    from manzanita.platform.memory import with_room

    worker = Worker(
        queue_names=["default"],
        interval=POLL_SECONDS,
        batch=is_batch,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=uuid.uuid4().hex,
        excluded_queue_names=[],
    )
    worker.configure_signals()
    while True:
        try:
            with_room(worker.run)()
            return
        except OperationalError as error:
            # A database that restarts, or is locked beyond its timeout, must not end the worker.
            if is_batch or not worker.running:
                raise
            logger.warning("database not available to the worker: %s", type(error).__qualname__)
            connections.close_all()
            time.sleep(POLL_SECONDS)


def _sweep_until(stop: threading.Event) -> None:
    from django.conf import settings
    from django.db import DatabaseError, connections

    from manzanita.platform.daily import enqueue_daily_jobs
    from manzanita.platform.jobs import prune_task_results, seconds_to_next_sweep, sweep_jobs
    from manzanita.platform.statistics import renew_statistics

    pruned_at = None
    while not stop.is_set():
        pause = settings.JOB_LEASE_SECONDS / 3
        try:
            sweep_jobs()
            if pruned_at is None or time.monotonic() - pruned_at > 3600:
                prune_task_results()
                enqueue_daily_jobs()
                renew_statistics()
                pruned_at = time.monotonic()
            pause = seconds_to_next_sweep()
        except DatabaseError as error:
            # The next round sees the same rows; a sweeper that ended would leave them lost.
            logger.warning("sweep put off: %s", type(error).__qualname__)
        finally:
            connections.close_all()
        stop.wait(pause)
