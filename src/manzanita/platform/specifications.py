"""Which specification is in force: kept in the database, put in force in each process that looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse

from manzanita.domain.specification import Specification, put_in_force
from manzanita.domain.workbook import Workbook
from manzanita.domain.workbook.applying import specification_of
from manzanita.platform.clock import CALIFORNIA
from manzanita.platform.models import SpecificationChoice, SpecificationVersion

# When this process looked last (monotonic), and the newest choice it saw.
_looked_at: float | None = None
_newest_choice: int | None = None


class SpecificationMiddleware:
    """Looks before a request whether another workbook was loaded, at most every ``SPECIFICATION_SECONDS``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        look_again()
        return self.get_response(request)


def look_again() -> None:
    """Put in force what the database says, where that is long enough ago and something has changed. One query."""
    global _looked_at
    seconds = settings.SPECIFICATION_SECONDS
    if not seconds or (_looked_at is not None and time.monotonic() - _looked_at < seconds):
        return
    newest = SpecificationChoice.objects.aggregate(newest=Max("pk"))["newest"]
    if newest != _newest_choice:
        put_stored_in_force()
    _looked_at = time.monotonic()


def put_stored_in_force() -> None:
    """Put in force in this process what the database says, now."""
    global _newest_choice
    newest = SpecificationChoice.objects.aggregate(newest=Max("pk"))["newest"]
    put_in_force({year: of_version(version) for year, version in versions_in_force().items()})
    _newest_choice = newest


def versions_in_force() -> Mapping[str, SpecificationVersion]:
    """Versions by the year they hold in; a year without one is not there."""
    newest = SpecificationChoice.objects.values("year").annotate(newest=Max("pk")).values("newest")
    choices = SpecificationChoice.objects.filter(pk__in=newest).select_related("version").order_by("year")
    return {one.year: one.version for one in choices if one.version is not None}


def of_version(version: SpecificationVersion) -> Specification:
    return specification_of(
        Workbook.of_document(version.content), year=version.year, origin=origin_of(version)
    )


def origin_of(version: SpecificationVersion) -> str:
    """What stands as the source of every row that the version confirms."""
    day = version.loaded_at.astimezone(CALIFORNIA).date()
    return f"the district's copy of the state's workbook of {day}"
