"""Work that is due once a California day, whoever notices first that a new day has begun."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import connection, transaction
from django.utils.module_loading import autodiscover_modules

from manzanita.platform import clock
from manzanita.platform.jobs import enqueue_job
from manzanita.platform.models import Job, JobState

F = TypeVar("F")
_daily: list[str] = []


def daily(kind: str) -> Callable[[F], F]:
    """Mark a job kind as due once a day. It gets no arguments but the day, and may run twice on it."""

    def register(function: F) -> F:
        if kind not in _daily:
            _daily.append(kind)
        return function

    return register


def daily_kinds() -> list[str]:
    """Every job kind that is due once a day."""
    autodiscover_modules("jobs")
    return list(_daily)


def enqueue_now(kind: str, *, by_id: int) -> tuple[Job, bool]:
    """Have a job done now because somebody asks: the one that waits or runs already, or else a new one, which is
    ``True`` beside it. Two who ask at once get one job. The night does its own all the same."""
    with transaction.atomic():
        _one_at_a_time(kind)
        standing = Job.objects.filter(kind=kind, state__in=[JobState.WAITING, JobState.RUNNING]).first()
        if standing is not None:
            return standing, False
        return enqueue_job(kind=kind, args={"by_hand": True}, by_id=by_id), True


def _one_at_a_time(kind: str) -> None:
    """Let nobody else enqueue this kind until the transaction ends; SQLite has one writer anyhow."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"daily:{kind}"])


def enqueue_daily_jobs() -> int:
    """Enqueue what is due today and has not been yet; returns how many. Any number of workers may ask at once."""
    autodiscover_modules("jobs")
    day, made = clock.today().isoformat(), 0
    for kind in _daily:
        if Job.objects.filter(kind=kind, args__day=day).exists():
            continue
        with transaction.atomic():
            _one_at_a_time(kind)
            if not Job.objects.filter(kind=kind, args__day=day).exists():
                enqueue_job(kind=kind, args={"day": day})
                made += 1
    return made
