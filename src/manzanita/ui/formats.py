"""How values are written on a page: dates, counts, signs. Tables write 11/12/2026, sentences
November 12, 2026, state lines 20261112; a negative number has a true minus sign."""

from __future__ import annotations

import datetime as dt
import re

from django.utils import timezone

from manzanita.domain.grade_spans import shown as shown_grade
from manzanita.domain.records import spoken_key
from manzanita.platform import clock

MINUS = "−"
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _local(value: dt.date | dt.datetime) -> dt.date | dt.datetime:
    """Moves an aware moment to the clock of the site; a plain date stays as it is."""
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        return timezone.localtime(value)
    return value


def us_date(value: dt.date | dt.datetime | None, blank: str = "") -> str:
    """11/12/2026, for tables and fields; `blank` when there is no date."""
    return blank if value is None else _local(value).strftime("%m/%d/%Y")


def is_iso_day(text: str) -> bool:
    """Whether a browser's control for days shows the text: 2026-11-12, a day of the calendar."""
    try:
        return _ISO_DAY.fullmatch(text) is not None and bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def us_dates(text: str) -> str:
    """The days in a text of the domain, 2026-11-12, as people write them."""
    return _ISO_DAY.sub(lambda found: us_date(dt.date.fromisoformat(found[0])), text)


def long_date(value: dt.date | dt.datetime | None, blank: str = "") -> str:
    """November 12, 2026, for sentences; `blank` when there is no date."""
    if value is None:
        return blank
    local = _local(value)
    return f"{local:%B} {local.day}, {local.year}"


def state_date(value: dt.date | dt.datetime | None, blank: str = "") -> str:
    """20261112, as a state line writes it; `blank` when there is no date."""
    return blank if value is None else _local(value).strftime("%Y%m%d")


def us_time(value: dt.datetime | dt.time | None, blank: str = "") -> str:
    """9:14 am, on the clock of the site; `blank` when there is no time."""
    if value is None:
        return blank
    local = _local(value) if isinstance(value, dt.datetime) else value
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'am' if local.hour < 12 else 'pm'}"


def ago(value: dt.date | dt.datetime | None, today: dt.date | None = None, blank: str = "") -> str:
    """Distance in whole days: today, yesterday, 14 days ago, tomorrow, in 3 days."""
    if value is None:
        return blank
    local = _local(value)
    day = local.date() if isinstance(local, dt.datetime) else local
    days = ((today or clock.today()) - day).days
    near = {0: "today", 1: "yesterday", -1: "tomorrow"}
    if days in near:
        return near[days]
    return f"{days} days ago" if days > 0 else f"in {-days} days"


def number(value: int | float | None, blank: str = "") -> str:
    """1,526, with a true minus sign; `blank` when there is no number."""
    return blank if value is None else f"{value:,}".replace("-", MINUS)


def signed(value: int | float | None, blank: str = "") -> str:
    """+3, −3 or 0: a change always shows its sign."""
    if value is None:
        return blank
    return f"+{value:,}" if value > 0 else number(value)


def plural(count: int, one: str, many: str | None = None) -> str:
    """`3|plural("student")` is "3 students"; `many` is for words that do not take an s."""
    word = one if count == 1 else (many or f"{one}s")
    return f"{number(count)} {word}"


def time_left(seconds: int) -> str:
    """``3 h 5 min left``, ``28 min left``, ``less than a minute left``; whole minutes, rounded down."""
    hours, minutes = divmod(max(seconds, 0) // 60, 60)
    if hours:
        return f"{hours} h {minutes} min left"
    return f"{minutes} min left" if minutes else "less than a minute left"


FILTERS = {
    "us_date": us_date,
    "us_dates": us_dates,
    "spoken_key": spoken_key,
    "is_iso_day": is_iso_day,
    "long_date": long_date,
    "state_date": state_date,
    "us_time": us_time,
    "ago": ago,
    "number": number,
    "signed": signed,
    "plural": plural,
    "grade": shown_grade,
    "time_left": time_left,
}
