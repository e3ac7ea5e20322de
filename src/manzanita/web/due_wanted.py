"""Which list of due dates is meant: read from an address or a key, written as both, and named in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse

from manzanita.accounts.queries import user_names
from manzanita.deadlines.lists import MARKS, MEETING, PROGRAMS, SPANS, Wanted
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.watched_clocks import WATCHED
from manzanita.orgs.queries import GROUP_SCHOOLS, school_names
from manzanita.ui.formats import us_date

FIELDS = tuple(Wanted.__dataclass_fields__)
_CODE = re.compile("[A-Za-z0-9-]{0,30}")
_KEY = "due"


def wanted_of(given: Mapping[str, str]) -> Wanted | None:
    """The list that an address asks for; ``None`` where none could be meant. What is asked stands in the read log, so
    nothing but codes gets through."""
    asks = {name: given.get(name, "") for name in FIELDS}
    asks["span"] = {"": "late", "any": ""}.get(asks["span"], asks["span"])
    if asks["until"] and not asks["mark"]:
        # A last day is a span of its own: all that is due by then, overdue or not.
        asks["span"] = ""
    known = {"span": SPANS, "meeting": MEETING, "clock": WATCHED, "program": PROGRAMS, "mark": MARKS}
    is_known = (
        all(not asks[name] or asks[name] in values for name, values in known.items())
        and (asks["manager"] in ("", "nobody") or is_key(asks["manager"]))
        and _CODE.fullmatch(asks["school"])
        and (not asks["until"] or _is_day(asks["until"]))
    )
    return Wanted(**asks) if is_known else None


def _is_day(text: str) -> bool:
    try:
        return re.fullmatch("[0-9-]{10}", text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def asked(wanted: Wanted) -> dict[str, str]:
    """What an address says of the list."""
    given = {name: getattr(wanted, name) for name in FIELDS}
    given["span"] = wanted.span or "any"
    return {name: value for name, value in given.items() if value}


def list_url(wanted: Wanted, **changes: str) -> str:
    return f"{reverse('due_list')}?{urlencode({k: v for k, v in {**asked(wanted), **changes}.items() if v})}"


def key_of(wanted: Wanted) -> str:
    """The list as one word, which an export keeps: ``due.late.none.annual-review``."""
    values = [wanted.span or "any", *(getattr(wanted, name) for name in FIELDS[1:])]
    return ".".join([_KEY, *values]).rstrip(".")


def of_key(key: str) -> Wanted | None:
    kind, *values = key.split(".")
    if kind != _KEY or not values or len(values) > len(FIELDS):
        return None
    return wanted_of(dict(zip(FIELDS, values, strict=False)))


def title_of(wanted: Wanted) -> str:
    """``Overdue, Annual review of the IEP, no meeting open``."""
    parts = [MARKS[wanted.mark] if wanted.mark else SPANS[wanted.span].label if wanted.span else "Due dates"]
    if wanted.clock:
        parts.append(CLOCKS[wanted.clock].title)
    if wanted.meeting:
        parts.append(MEETING[wanted.meeting].lower())
    if wanted.until:
        parts.append(f"until {us_date(date.fromisoformat(wanted.until))}")
    return ", ".join(parts)


def filters_of(wanted: Wanted) -> str:
    """What a list is cut by beyond its title, in words: for the head of a file, which has no choices beside it."""
    parts = []
    if wanted.manager == "nobody":
        parts.append("no case manager")
    elif wanted.manager:
        names = user_names({int(wanted.manager)})
        parts.append(f"case manager {names.get(int(wanted.manager), 'no longer known')}")
    if wanted.school:
        schools = GROUP_SCHOOLS | school_names({wanted.school})
        parts.append(f"school {schools.get(wanted.school, wanted.school)}")
    if wanted.program:
        parts.append(f"program {PROGRAMS[wanted.program]}")
    return "; ".join(parts)
