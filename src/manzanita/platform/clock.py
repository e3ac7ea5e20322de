"""The two readings of the clock: an instant to store, and the California day that deadlines count in.

For demonstrations and tests ``settings.TODAY`` moves both by whole days, so that deadlines stand where the
data put them, whatever the date of the machine. Production refuses that setting.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from django.conf import settings

from manzanita.domain.years import academic_year_of

CALIFORNIA = ZoneInfo("America/Los_Angeles")


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC) + _shift(settings.TODAY)


def today() -> date:
    """The day it is in California, whatever the time zone of the machine."""
    return now().astimezone(CALIFORNIA).date()


def academic_year() -> str:
    """The school year of today, as the state writes it: another one from July 1 in California."""
    return academic_year_of(today())


def day_of(instant: datetime) -> date:
    """The California day of an instant."""
    return instant.astimezone(CALIFORNIA).date()


def end_of(day: date) -> datetime:
    """The instant at which ``day`` is over in California."""
    return datetime.combine(day + timedelta(days=1), time(), CALIFORNIA)


@cache
def _shift(wanted: date | None) -> timedelta:
    """Measured once for each process, so that a midnight that passes is one here too."""
    if wanted is None:
        return timedelta(0)
    return wanted - datetime.now(UTC).astimezone(CALIFORNIA).date()
