"""Days as forms and addresses send them: read in one way everywhere, and refused in the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from manzanita.domain.dates import iso_day

NO_DAY = "This is no day. Write it as the field shows it, or choose it."
_AS_WRITTEN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)


def day_of(text: str) -> date | None:
    """The day of ``2026-11-23``, as browsers send it, or of ``11/23/2026``, as it is written here; nothing where none
    was given or it is no day: whoever needs one says so."""
    text = text.strip()
    if match := _AS_WRITTEN.fullmatch(text):
        text = f"{match[3]}-{match[1]:0>2}-{match[2]:0>2}"
    try:
        return iso_day(text)
    except ValueError:
        return None


def day_or_error(given: Mapping[str, str], name: str, errors: dict[str, str]) -> date | None:
    """The day of a field that may stay blank; what is no day is said in ``errors``, and not taken for blank."""
    text = given.get(name, "")
    day = day_of(text)
    if day is None and text.strip():
        errors[name] = NO_DAY
    return day
