"""The directory: whom to ask at which agency. Public facts of offices, so every signed-in person may read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from manzanita.domain.access import Actor, Capability
from manzanita.domain.dates import years_after
from manzanita.domain.names import name_words
from manzanita.orgs.models import Agency, AgencyContact
from manzanita.platform import clock

PAGE_SIZE = 50
COUNT_CAP = 1000
# Whom other agencies ask: every LEA and SELPA.
LISTED_KINDS = ("selpa", "lea", "coe")
CONFIRMED_YEARS = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One agency with its contacts of today, in the order of their roles."""

    agency: Agency
    contacts: list[AgencyContact]


@dataclass(frozen=True, slots=True)
class DirectoryPage:
    """``after`` is the code of the last agency shown where there are more; ``count`` stops at ``COUNT_CAP`` + 1."""

    entries: list[Entry]
    after: str
    count: int

    @property
    def count_text(self) -> str:
        return f"more than {COUNT_CAP:,}" if self.count > COUNT_CAP else str(self.count)


def code_named(text: str, known: Iterable[tuple[str, str]]) -> str:
    """The code of the one agency of ``known`` (code, name) that has this name, or else of the one whose name begins so;
    a code, and what names none or several, comes back as it is."""
    words = name_words(text)
    if not words or text.isdecimal():
        return text
    names = [(code, name_words(name)) for code, name in known]
    exact = [code for code, name in names if name == words]
    begun = exact or [code for code, name in names if name[: len(words)] == words]
    return begun[0] if len(begun) == 1 else text


def may_maintain(actor: Actor, agency_code: str) -> bool:
    """Who manages people keeps the contacts of the own agency; a SELPA those of its members, too."""
    is_own = agency_code in (actor.agency_code, *actor.agency_codes)
    return is_own and actor.may(Capability.MANAGE_PEOPLE) and not actor.is_read_only


def is_unconfirmed(contact: AgencyContact, today: date) -> bool:
    """Longer than a year ago confirmed."""
    return years_after(contact.confirmed_on, CONFIRMED_YEARS) < today


def current_contacts(today: date) -> QuerySet:
    return AgencyContact.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=today), valid_from__lte=today
    )


def list_directory(*, text: str = "", county: str = "", role: str = "", after: str = "") -> DirectoryPage:
    """Agencies by name whose name or code, or one of whose contacts, has ``text``; of one county; with a contact of
    one role. Three queries for any number of agencies."""
    today = clock.today()
    contacts = current_contacts(today)
    if role:
        contacts = contacts.filter(role_code=role)
    agencies = Agency.objects.filter(kind__in=LISTED_KINDS)
    here = contacts.filter(agency=OuterRef("pk"))
    if text:
        agencies = agencies.filter(
            Q(name__icontains=text) | Q(code__startswith=text) | Q(Exists(here.filter(name__icontains=text)))
        )
    if county:
        agencies = agencies.filter(code__startswith=county)
    if role:
        agencies = agencies.filter(Exists(here))
    count = len(agencies.order_by().values_list("pk", flat=True)[: COUNT_CAP + 1])
    wanted = agencies.order_by("name", "code")
    if after:
        last = Agency.objects.filter(code=after).values("name")[:1]
        wanted = wanted.filter(Q(name__gt=last) | Q(name=last, code__gt=after))
    chosen = list(wanted[: PAGE_SIZE + 1])
    token = chosen[PAGE_SIZE - 1].code if len(chosen) > PAGE_SIZE else ""
    return DirectoryPage(_entries(chosen[:PAGE_SIZE], contacts), token, count)


def _entries(agencies: list[Agency], contacts: QuerySet) -> list[Entry]:
    by_agency: dict[int, list[AgencyContact]] = defaultdict(list)
    for contact in contacts.filter(agency__in=[agency.pk for agency in agencies]).order_by(
        "role_code", "name"
    ):
        by_agency[contact.agency_id].append(contact)
    return [Entry(agency, by_agency[agency.pk]) for agency in agencies]


def listed_agency(code: str) -> Agency | None:
    return Agency.objects.filter(code=code, kind__in=LISTED_KINDS).first()


def contacts_of(agency: Agency) -> list[AgencyContact]:
    """Everybody ever recorded, who is there now first."""
    rows = agency.contacts.order_by("role_code", "name", "valid_from")
    return sorted(rows, key=lambda row: row.valid_to is not None and row.valid_to < clock.today())


def county_codes() -> list[str]:
    """The first two digits of the codes of listed agencies, in order."""
    codes: Iterable[str] = Agency.objects.filter(kind__in=LISTED_KINDS).values_list("code", flat=True)
    return sorted({code[:2] for code in codes})


def own_unconfirmed(actor: Actor) -> int:
    """How many contacts that the actor keeps wait for the yearly confirmation."""
    if not actor.may(Capability.MANAGE_PEOPLE) or actor.is_read_only:
        return 0
    today = clock.today()
    rows = current_contacts(today).filter(agency__code__in={actor.agency_code, *actor.agency_codes})
    return sum(is_unconfirmed(row, today) for row in rows.only("confirmed_on"))
