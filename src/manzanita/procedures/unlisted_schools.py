"""Schools that today's enrollments name and the directory does not know, by district and code, over everybody within
reach."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from manzanita.domain.access import Actor
from manzanita.domain.directory_requests import GROUP_CODES, Place
from manzanita.domain.listed_places import Attended, Unlisted, unlisted
from manzanita.orgs.listing import listed_entries
from manzanita.orgs.models import Agency, School
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery
from manzanita.students.models import Enrollment
from manzanita.students.scope import in_reach


@dataclass(frozen=True, slots=True)
class NamedSchool:
    """A school that enrollments of ``lea_code`` name, why the directory does not know it, how many students it
    concerns, and since when."""

    lea_code: str
    unlisted: Unlisted
    students: int
    since: date


def unlisted_in_reach(actor: Actor) -> list[NamedSchool]:
    """The most students first. Three queries; one where the directory knows every school."""
    today = clock.today()
    rows = [(Attended(*named), count) for *named, count in _grouped(actor, today).ask()]
    directory = listed_entries({code for one, _ in rows for code in (one.school_code, one.nps_code)} - {""})
    found: dict[tuple[str, str, str], list[tuple[Unlisted, int]]] = defaultdict(list)
    for one, count in rows:
        for said in unlisted(one, directory, today):
            found[one.lea_code, said.code, said.reason.code].append((said, count))
    made = [
        NamedSchool(
            key[0],
            min((said for said, _ in of), key=lambda said: said.first),
            sum(count for _, count in of),
            min(said.first for said, _ in of),
        )
        for key, of in found.items()
    ]
    return sorted(made, key=lambda one: (-one.students, one.lea_code, one.unlisted.code))


@lru_cache(maxsize=256)
def _grouped(actor: Actor, today: date) -> KeptQuery:
    names = ("lea_code", "school_code", "nps_code", "effective_from", "effective_to")
    places = _suspects(actor, today).order_by().values_list(*names)
    return KeptQuery(places.annotate(Count("student", distinct=True)))


def _suspects(actor: Actor, today: date) -> QuerySet[Enrollment]:
    """Enrollments that last or are to come, at a school without a row in the directory, or with one of which the first
    or last day is known: the pure function decides."""
    lasts = Q(effective_to__isnull=True) | Q(effective_to__gte=today)
    dateless = {"first_on__isnull": True, "last_on__isnull": True}
    schools = School.objects.filter(code=OuterRef("school_code"), **dateless)
    nonpublic = Agency.objects.filter(code=OuterRef("nps_code"), kind=Place.NPS.value, **dateless)
    at_school = ~Q(school_code__in=["", *GROUP_CODES]) & ~Q(school_code=F("lea_code")) & ~Exists(schools)
    return (
        Enrollment.objects.believed()
        .filter(lasts, at_school | (~Q(nps_code="") & ~Exists(nonpublic)), lea_code__in=actor.agency_codes)
        .filter(in_reach(actor))
    )
