"""How many students one person may look at before their student pages stop, as data."""

from __future__ import annotations

from datetime import timedelta

# Distinct students within any 60 minutes.
PER_HOUR = 1_000
HOUR = timedelta(hours=1)
# In a day: so many times the most of one's own days of the last 30, and never less than the floor.
TIMES_OWN_MOST = 3
LEAST_PER_DAY = 100
OWN_DAYS = 30
# Whoever has worked on fewer days has no habit yet that could be compared with; the hour holds for them too.
DAYS_OF_HABIT = 5

HOUR_REASON = "viewing-hour"
DAY_REASON = "viewing-day"


def per_day(own_days: list[int]) -> int | None:
    """The limit of today, from the distinct students of one's own last days; ``None`` without a habit."""
    if len(own_days) < DAYS_OF_HABIT:
        return None
    return max(LEAST_PER_DAY, TIMES_OWN_MOST * max(own_days))


def words_of(reason: str) -> str:
    """Why the pages stopped, as a clause after "because"."""
    if reason == HOUR_REASON:
        return f"more than {PER_HOUR:,} different students were looked at within an hour"
    return "many more different students were looked at today than on any day of the last 30"
