"""Reading the people around a student. Addresses of a confidential contact are read here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db.models import Q, QuerySet

from manzanita.domain.access import Actor
from manzanita.domain.contacts import confidential_reason, may_see_confidential
from manzanita.domain.findings import Reason
from manzanita.domain.rights import Standing
from manzanita.platform import clock
from manzanita.students.models import Contact, RightsHolder, Student

# How a person is reached: what a confidential contact keeps to itself.
ADDRESS = ("street", "street_2", "city", "state_code", "zip_code")
REACH = ("phone", "email", *ADDRESS)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A contact without the ways to reach it, which most pages have no need of; one row for each span of days."""

    contact_no: int
    name: str
    relation: str
    language: str
    written_language: str
    confidential_code: str
    effective_from: date
    effective_to: date | None

    @property
    def is_confidential(self) -> bool:
        return bool(self.confidential_code)

    def is_known_on(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


_KNOWN = tuple(KnownPerson.__slots__)


def contact_rows(student: Student, *, known: datetime | None = None) -> QuerySet[Contact]:
    """Everybody recorded, for all days, by number and first day; no address is read."""
    rows = Contact.objects.as_of(known=known).filter(student=student).defer(*REACH)
    return rows.order_by("contact_no", "effective_from")


def people_in(rows: Iterable[Contact]) -> list[KnownPerson]:
    return [KnownPerson(*(getattr(row, name) for name in _KNOWN)) for row in rows]


def rights_rows(student: Student, *, known: datetime | None = None) -> QuerySet[RightsHolder]:
    """What is recorded of rights and limits, for all days, by number and first day."""
    rows = RightsHolder.objects.as_of(known=known).filter(student=student)
    return rows.order_by("contact_no", "effective_from")


def standings_of(rows: Iterable[RightsHolder], people: Sequence[KnownPerson]) -> list[Standing]:
    """The rows as ``domain.rights`` reads them; each person by the newest name."""
    names = {person.contact_no: person.name for person in people}
    return [
        Standing(
            contact_no=row.contact_no,
            name=names.get(row.contact_no, f"Person {row.contact_no}"),
            kind=row.kind_code,
            starts_on=row.effective_from,
            ends_on=row.effective_to,
            evidence=row.evidence_code,
            is_sole=row.is_sole,
            limitation=row.limitation,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class ContactCard:
    """One contact as an actor may see it. Where ``hidden`` is a reason the ways to reach it are empty text;
    ``may_reveal``: this actor may ask for them, which is logged."""

    person: KnownPerson
    phone: str
    email: str
    lines: tuple[str, ...]
    hidden: Reason | None
    may_reveal: bool
    # The address by its parts, for files; empty where it is hidden.
    address: Mapping[str, str] = field(default_factory=dict)


def contact_cards(actor: Actor, student: Student, day: date, *, revealed_no: int = 0) -> list[ContactCard]:
    """The contacts of ``day``. ``revealed_no`` is one whose reveal ``people_actions.reveal_contact`` has logged.

    A former LEA sees those of its last day at the latest, as they were known then; none is revealed to it.
    """
    through, known = student.seen_through, None
    if through is not None:
        day, known, revealed_no = min(day, through), clock.end_of(through), 0
    rows = Contact.objects.as_of(effective=day, known=known).filter(student=student).order_by("contact_no")
    cards = [_card(actor, row, is_revealed=row.contact_no == revealed_no) for row in rows]
    return cards if through is None else [replace(card, may_reveal=False) for card in cards]


def _card(actor: Actor, row: Contact, *, is_revealed: bool) -> ContactCard:
    (person,) = people_in([row])
    may_reveal = person.is_confidential and may_see_confidential(actor)
    if person.is_confidential and not (may_reveal and is_revealed):
        return ContactCard(person, "", "", (), confidential_reason(person.confidential_code), may_reveal)
    place = " ".join(part for part in (row.state_code, row.zip_code) if part)
    town = ", ".join(part for part in (row.city, place) if part)
    lines = tuple(line for line in (row.street, row.street_2, town) if line)
    address = {name: getattr(row, name) for name in ADDRESS}
    return ContactCard(person, row.phone, row.email, lines, None, False, address)


def newest_contact(student: Student, contact_no: int) -> Contact | None:
    """The newest believed row of one contact, address and all: for ``people_actions`` and the form behind it."""
    rows = Contact.objects.believed().filter(student=student, contact_no=contact_no)
    return rows.order_by("effective_from").last()


@dataclass(frozen=True, slots=True)
class Versions:
    """Everything ever recorded of the people around a student, newest recording first."""

    contacts: list[Contact]
    rights: list[RightsHolder]


def versions_of(student: Student, *, limit: int) -> Versions:
    """Two queries; the addresses of the contacts are not read. A former LEA sees what was known on its last day."""
    contacts = Contact.objects.filter(student=student).defer(*REACH).order_by("-recorded_at", "-pk")
    rights = RightsHolder.objects.filter(student=student).order_by("-recorded_at", "-pk")
    if student.seen_through is not None:
        known_then = Q(
            recorded_at__lt=clock.end_of(student.seen_through), effective_from__lte=student.seen_through
        )
        contacts, rights = contacts.filter(known_then), rights.filter(known_then)
    return Versions(list(contacts[:limit]), list(rights[:limit]))
