"""School calendars: which days are school, how long a break is, what stops a clock. Pure; see decision 17."""

from manzanita.domain.calendars.periods import KINDS, CalendarError, Period, PeriodKind, periods_of
from manzanita.domain.calendars.school_calendar import (
    NO_CALENDAR,
    Break,
    Calendar,
    SchoolYear,
    Skip,
    Tolling,
    calendar_for,
)

__all__ = [
    "KINDS",
    "NO_CALENDAR",
    "Break",
    "Calendar",
    "CalendarError",
    "Period",
    "PeriodKind",
    "SchoolYear",
    "Skip",
    "Tolling",
    "calendar_for",
    "periods_of",
]
