"""The rows of the directory by code, as ``domain.listed_places`` asks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet

from manzanita.domain.directory_requests import Entry, Place
from manzanita.orgs.models import Agency, School

# Beyond so many codes the whole directory is read: a statement names only so many values.
_MOST_NAMED = 500
_DATED = ("first_on", "last_on", "successor_code")


def school_rows(codes: Collection[str] | None) -> QuerySet[School, tuple[Any, ...]]:
    rows = School.objects.all() if codes is None else School.objects.filter(code__in=codes)
    return rows.values_list("code", "name", "agency__code", *_DATED)


def agency_rows(codes: Collection[str] | None) -> QuerySet[Agency, tuple[Any, ...]]:
    rows = Agency.objects.all() if codes is None else Agency.objects.filter(code__in=codes)
    return rows.values_list("code", "name", "kind", *_DATED)


def entries_in(schools: Iterable[tuple[Any, ...]], agencies: Iterable[tuple[Any, ...]]) -> dict[str, Entry]:
    """By code; of a code that both have, the school."""
    found = {code: Entry(code, name, kind, "", *dated) for code, name, kind, *dated in agencies}
    for code, name, lea_code, *dated in schools:
        found[code] = Entry(code, name, Place.SCHOOL, lea_code, *dated)
    return found


def listed_entries(codes: Collection[str]) -> dict[str, Entry]:
    """Two queries for any number of codes, none for none."""
    if not codes:
        return {}
    named = set(codes) if len(codes) <= _MOST_NAMED else None
    return entries_in(school_rows(named), agency_rows(named))
