"""The two readings of the clock: an instant to store, and the California day that deadlines count in."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CALIFORNIA = ZoneInfo("America/Los_Angeles")


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day it is in California, whatever the time zone of the machine."""
    return datetime.now(CALIFORNIA).date()
