"""Days as forms and addresses send them: read in one way everywhere, and refused in the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

NO_DAY = "This is no day. Write it as the field shows it, or choose it."
_AS_SENT = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII)
_AS_WRITTEN = re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})", re.ASCII)


def day_of(text: str) -> date | None:
    """The day of ``2026-11-23``, as browsers send it, or of ``11/23/2026``, as it is written here; nothing where none
    was given or it is no day: whoever needs one says so."""
    found = _AS_SENT.fullmatch(text.strip()) or _AS_WRITTEN.fullmatch(text.strip())
    try:
        return date(*(int(found[part]) for part in ("year", "month", "day"))) if found else None
    except ValueError:
        return None


def day_or_error(given: Mapping[str, str], name: str, errors: dict[str, str]) -> date | None:
    """The day of a field that may stay blank; what is no day is said in ``errors``, and not taken for blank."""
    text = given.get(name, "")
    day = day_of(text)
    if day is None and text.strip():
        errors[name] = NO_DAY
    return day
