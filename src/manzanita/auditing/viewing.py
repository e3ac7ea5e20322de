"""Counting whom a person looks at, cheaply on each page, and stopping the pages past a limit.

The counts of :class:`ViewingCount` add up all students shown, so they are never less than the number of different
ones. Only where such a count passes its limit the read log is asked for the exact number, which then takes its
place: far from a limit a page costs one short query, past that limit four.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db.models import F, Q

from manzanita.auditing.kinds import ReadKind
from manzanita.auditing.models import ReadEvent, ViewingBlock, ViewingCount, ViewingDay
from manzanita.domain import viewing_limits as limits
from manzanita.platform import clock
from manzanita.platform.jobs import enqueue_job

ALERT_JOB = "procedures.viewing-alert"
# A file that was made has limits of its own.
LOOKS = (ReadKind.PAGE, ReadKind.LIST)


def watched(user_id: int) -> ViewingCount:
    """The person's row, locked until the end of the transaction: who else counts for them waits."""
    # A day that is over, so that the first count begins today's with its limit.
    begins = {"hour_at": _hour_of(clock.now()), "day": clock.today() - timedelta(days=1)}
    row, _ = ViewingCount.objects.get_or_create(user_id=user_id, defaults=begins)
    return ViewingCount.objects.select_for_update().get(pk=row.pk)


def count_viewing(*, user_id: int, agency_code: str, perspective_key: str, shown: int) -> ViewingBlock | None:
    """Add students that the person was just shown; for the transaction of their read log, after its rows.

    Past a limit it stops the person's student pages from the next one on, enqueues the alert, and returns the block.
    """
    now, today = clock.now(), clock.today()
    if _added_far_from_limits(user_id, _hour_of(now), today, shown):
        return None
    row = ViewingCount.objects.select_for_update().filter(user_id=user_id).first() or watched(user_id)
    _move_on(row, now, today)
    row.hour_count += shown
    row.day_count += shown
    passed = ""
    if row.hour_count + row.hour_before_count > limits.PER_HOUR:
        row.hour_before_count = 0
        row.hour_count = _different(user_id, _since(row, now - limits.HOUR))
        if row.hour_count > limits.PER_HOUR:
            passed = limits.HOUR_REASON
    if row.per_day is not None and row.day_count > row.per_day:
        row.day_count = _different(user_id, _since(row, _start_of(today)))
        if row.day_count > row.per_day:
            passed = passed or limits.DAY_REASON
    row.save()
    if not passed:
        return None
    block, is_new = ViewingBlock.objects.get_or_create(
        user_id=user_id,
        lifted_at=None,
        defaults={
            "agency_code": agency_code,
            "perspective_key": perspective_key,
            "reason": passed,
            "student_count": row.hour_count if passed == limits.HOUR_REASON else row.day_count,
            "since": now,
        },
    )
    if not is_new:
        return None
    enqueue_job(kind=ALERT_JOB, args={"block": block.pk})
    return block


def _added_far_from_limits(user_id: int, hour: datetime, today: date, shown: int) -> bool:
    """The usual page in one query: the hour and the day go on, and neither comes to its limit."""
    is_far = Q(per_day__isnull=True) | Q(per_day__gte=F("day_count") + shown)
    rows = ViewingCount.objects.filter(
        is_far,
        user_id=user_id,
        hour_at=hour,
        day=today,
        hour_count__lte=limits.PER_HOUR - shown - F("hour_before_count"),
    )
    return bool(rows.update(hour_count=F("hour_count") + shown, day_count=F("day_count") + shown))


def _move_on(row: ViewingCount, now: datetime, today: date) -> None:
    """Begin a new hour or day of the row where the clock has."""
    hour = _hour_of(now)
    if hour != row.hour_at:
        follows = hour - row.hour_at == timedelta(hours=1)
        row.hour_before_count = row.hour_count if follows else 0
        row.hour_count, row.hour_at = 0, hour
    if today != row.day:
        _close_day(row)
        own = ViewingDay.objects.filter(
            user_id=row.user_id, day__gte=today - timedelta(days=limits.OWN_DAYS), day__lt=today
        )
        row.per_day = limits.per_day(list(own.values_list("student_count", flat=True)))
        row.day_count, row.day = 0, today


def _close_day(row: ViewingCount) -> None:
    """Note how many different students the row's day had. A day with a block is nobody's habit."""
    start, end = _start_of(row.day), _start_of(row.day + timedelta(days=1))
    if (
        not row.day_count
        or ViewingBlock.objects.filter(user_id=row.user_id, since__gte=start, since__lt=end).exists()
    ):
        return
    ViewingDay.objects.get_or_create(
        user_id=row.user_id, day=row.day, defaults={"student_count": _different(row.user_id, start, end)}
    )


def _different(user_id: int, since: datetime, until: datetime | None = None) -> int:
    """Exactly how many different students the person was shown from ``since`` on, by the read log."""
    events = ReadEvent.objects.filter(actor_user_id=user_id, at__gte=since, kind__in=LOOKS)
    if until is not None:
        events = events.filter(at__lt=until)
    seen: set[int] = set()
    return len(seen.union(*events.order_by().values_list("student_ids", flat=True)))


def _since(row: ViewingCount, start: datetime) -> datetime:
    return max(start, row.counted_from) if row.counted_from else start


def _hour_of(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _start_of(day: date) -> datetime:
    """Midnight in California."""
    return datetime.combine(day, time.min, tzinfo=clock.CALIFORNIA)
