"""Reading requests for the directory and agreements. They are about agencies, so that a district's are read by whoever
acts for it, or for its SELPA."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from django.db.models import QuerySet

from manzanita.domain.access import Actor, Capability
from manzanita.domain.directory_requests import (
    CONTRACTED,
    Agreement,
    Asked,
    Entry,
    Kind,
    Known,
    Place,
    State,
    same_request,
)
from manzanita.orgs.models import Agency, DirectoryRequest, School
from manzanita.orgs.models import Agreement as AgreementRow
from manzanita.platform import clock


def may_ask_directory(actor: Actor) -> bool:
    return actor.may(Capability.ASK_DIRECTORY) and not actor.is_read_only


def may_decide_directory(actor: Actor, request: DirectoryRequest) -> bool:
    is_theirs = request.lea_code in actor.agency_codes
    return is_theirs and actor.may(Capability.DECIDE_DIRECTORY) and not actor.is_read_only


def directory_requests(actor: Actor) -> QuerySet[DirectoryRequest]:
    """Those of the actor's agency, or of the members of its SELPA; of others none."""
    rows = DirectoryRequest.objects.filter(lea_code__in=actor.agency_codes)
    able = actor.may(Capability.ASK_DIRECTORY) or actor.may(Capability.DECIDE_DIRECTORY)
    return rows if able else rows.none()


def asked_in(request: DirectoryRequest) -> Asked:
    return Asked(
        Kind(request.kind),
        Place(request.place),
        request.lea_code,
        request.target_code,
        request.code,
        request.name,
        request.day,
        request.evidence,
    )


def entry_of(code: str) -> Entry | None:
    """The row of the directory with this code: a school, or an agency."""
    school = School.objects.select_related("agency").filter(code=code).first()
    if school is not None:
        return Entry(code, school.name, Place.SCHOOL, school.agency.code, school.first_on, school.last_on)
    agency = Agency.objects.filter(code=code).first()
    if agency is None:
        return None
    return Entry(code, agency.name, agency.kind, "", agency.first_on, agency.last_on)


def known_for(asked: Asked, *, but: int | None = None) -> Known:
    """What the directory has for it; the request with the key ``but`` is not counted as asked already."""
    waiting = DirectoryRequest.objects.filter(lea_code=asked.lea_code, state=State.WAITING).exclude(pk=but)
    return Known(
        today=clock.today(),
        target=entry_of(asked.target_code) if asked.target_code else None,
        taken=entry_of(asked.code) if asked.code else None,
        is_asked=same_request(asked, (asked_in(one) for one in waiting)),
    )


def agreement_rows(lea_codes: Collection[str]) -> QuerySet[AgreementRow]:
    """Those that stand, the newest first."""
    rows = AgreementRow.objects.filter(lea_code__in=lea_codes, withdrawn_at__isnull=True)
    return rows.order_by("-starts_on", "-id")


def agreements_by_place(
    lea_codes: Collection[str], agency_codes: Collection[str] | None = None
) -> Mapping[tuple[str, str], list[Agreement]]:
    """By district and nonpublic school or agency; an empty list for those without any. One query."""
    rows = agreement_rows(lea_codes)
    if agency_codes is not None:
        rows = rows.filter(agency_code__in=agency_codes)
    found: dict[tuple[str, str], list[Agreement]] = defaultdict(list)
    for one in rows:
        found[one.lea_code, one.agency_code].append(Agreement(one.starts_on, one.ends_on, one.number))
    return found


def agreements_of_request(request: DirectoryRequest) -> list[Agreement]:
    """Those of the district with the nonpublic school or agency of a request; no query for other places."""
    if request.place not in CONTRACTED:
        return []
    return agreements_by_place([request.lea_code], [request.about])[request.lea_code, request.about]


def targets_of(actor: Actor, place: Place) -> list[tuple[str, str]]:
    """What the actor may ask to be changed, as (code, name): the own schools, or agencies; not what has ended."""
    if place is Place.SCHOOL:
        rows = School.objects.filter(agency__code=actor.agency_code, last_on__isnull=True)
        return list(rows.order_by("name").values_list("code", "name"))
    agencies = Agency.objects.filter(kind=place.value, last_on__isnull=True)
    return list(agencies.order_by("name").values_list("code", "name"))


def waiting_for(actor: Actor, codes: Collection[str]) -> dict[str, DirectoryRequest]:
    """Requests of the actor's agencies that wait and ask for a new row with one of these codes; by code."""
    rows = DirectoryRequest.objects.filter(
        lea_code__in=actor.agency_codes, state=State.WAITING, kind=Kind.NEW, code__in=codes
    )
    return {one.code: one for one in rows} if codes else {}


def contracted_places(actor: Actor, on: date) -> list[tuple[str, str]]:
    """Nonpublic schools and agencies that have not ended on the day, as (code, name); those too for which the actor's
    agency asks, as their agreement is looked at before they are in the directory."""
    kinds = [Place.NPS.value, Place.NPA.value]
    rows = Agency.objects.filter(kind__in=kinds).exclude(last_on__lt=on).order_by("name")
    asked = DirectoryRequest.objects.filter(
        lea_code=actor.agency_code, state=State.WAITING, kind=Kind.NEW, place__in=kinds
    ).order_by("name")
    return [
        *rows.values_list("code", "name"),
        *((one.code, f"{one.name} (asked for)") for one in asked),
    ]
