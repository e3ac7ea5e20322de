"""Writing the directory: one contact, the yearly confirmation, and a file of public contacts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.agency_roles import AGENCY_ROLES
from manzanita.orgs.directory import LISTED_KINDS, current_contacts, may_maintain
from manzanita.orgs.models import Agency, AgencyContact
from manzanita.platform import clock

COLUMNS = ("agency_code", "role", "name", "phone", "email", "hours")
_NEEDED = ("agency_code", "role", "name")
MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class ContactGiven:
    """What is said of one contact of an office."""

    role_code: str
    name: str
    phone: str = ""
    email: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong in one field, and how to mend it. ``row`` counts from 2, as a spreadsheet shows it; 0: no file."""

    row: int
    field: str
    message: str
    fix: str


class NotSaved(Exception):
    """Nothing was written; ``errors`` say where and why."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(f"{len(self.errors)} errors")


@dataclass(frozen=True, slots=True)
class ContactsLoaded:
    """Counts of one file: rows that added, changed, and only confirmed a contact."""

    added: int
    changed: int
    confirmed: int


@transaction.atomic
def save_agency_contact(
    *, actor: Actor, agency: Agency, given: ContactGiven, contact: AgencyContact | None = None
) -> AgencyContact:
    """Add a contact, or change ``contact``; either counts as confirmed today. Adding one that is there already changes
    that one. Raises ``NotSaved``."""
    errors = [*_not_yours(actor, agency.code), *_wrong(given)]
    if errors:
        raise NotSaved(errors)
    same = current_contacts(clock.today()).filter(agency=agency, role_code=given.role_code, name=given.name)
    standing = same.first()
    if contact is not None and standing is not None and standing.pk != contact.pk:
        raise NotSaved(
            [FieldError(0, "name", "This person has this role here already.", "Change or end that row.")]
        )
    row, _ = _save(agency, given, contact or standing, actor)
    log_change(actor=actor, action="save_agency_contact", subject=row)
    return row


@transaction.atomic
def end_agency_contact(*, actor: Actor, contact: AgencyContact, last_on: date) -> None:
    """The contact is asked until ``last_on``; the row stays. Raises ``NotSaved``."""
    errors = list(_not_yours(actor, contact.agency.code))
    if last_on < contact.valid_from:
        first = f"{contact.valid_from:%m/%d/%Y}"
        errors.append(
            FieldError(0, "last_on", f"The contact began on {first}.", "Enter that day or a later one.")
        )
    if errors:
        raise NotSaved(errors)
    if contact.valid_to == last_on:
        return
    contact.valid_to = last_on
    _stamp(contact, actor)
    contact.save()
    log_change(actor=actor, action="end_agency_contact", subject=contact)


@transaction.atomic
def confirm_agency_contacts(*, actor: Actor, agency: Agency) -> int:
    """Say that every contact of the agency is still right; how many that were. Raises ``NotSaved``."""
    errors = list(_not_yours(actor, agency.code))
    if errors:
        raise NotSaved(errors)
    today = clock.today()
    rows = list(current_contacts(today).filter(agency=agency).exclude(confirmed_on=today))
    for row in rows:
        row.confirmed_on = today
        _stamp(row, actor)
        log_change(actor=actor, action="confirm_agency_contact", subject=row)
    AgencyContact.objects.bulk_update(rows, ["confirmed_on", "updated_by_id", "updated_at"])
    return len(rows)


def load_agency_contacts(*, actor: Actor | None, text: str) -> ContactsLoaded:
    """Take in a CSV file with the columns ``COLUMNS``: all of it, or with one error none. Loading it again only
    confirms. ``actor`` ``None`` is the installation, which may write for every agency. Raises ``NotSaved``."""
    rows = list(_rows(text))
    agencies = {one.code: one for one in Agency.objects.filter(kind__in=LISTED_KINDS)}
    errors = [error for number, row in rows for error in _row_errors(actor, number, row, agencies)]
    errors += _twice(rows)
    if errors:
        raise NotSaved(sorted(errors, key=lambda error: error.row))
    added = changed = confirmed = 0
    with transaction.atomic():
        standing = {(row.agency_id, row.role_code, row.name): row for row in current_contacts(clock.today())}
        for _, row in rows:
            agency, given = agencies[row["agency_code"]], _given(row)
            known = standing.get((agency.pk, given.role_code, given.name))
            saved, is_changed = _save(agency, given, known, actor)
            added += known is None
            changed += known is not None and is_changed
            confirmed += known is not None and not is_changed
            if is_changed:
                log_change(actor=actor, action="save_agency_contact", subject=saved)
    return ContactsLoaded(added, changed, confirmed)


def _save(
    agency: Agency, given: ContactGiven, contact: AgencyContact | None, actor: Actor | None
) -> tuple[AgencyContact, bool]:
    today = clock.today()
    row = contact or AgencyContact(agency=agency, valid_from=today)
    is_changed = row.pk is None or any(getattr(row, name) != text for name, text in asdict(given).items())
    for name, text in asdict(given).items():
        setattr(row, name, text)
    row.confirmed_on = today
    _stamp(row, actor)
    row.save()
    return row, is_changed


def _stamp(row: AgencyContact, actor: Actor | None) -> None:
    row.updated_by_id = None if actor is None else actor.user_id
    row.updated_at = clock.now()


def _not_yours(actor: Actor, agency_code: str) -> Iterator[FieldError]:
    if not may_maintain(actor, agency_code):
        yield FieldError(
            0,
            "agency_code",
            f"As {actor.perspective.label} at {actor.agency_name} you do not keep the contacts of {agency_code}.",
            "The SEDS coordinator of that agency keeps them, or its SELPA.",
        )


def _wrong(given: ContactGiven, row: int = 0) -> Iterator[FieldError]:
    if given.role_code not in AGENCY_ROLES:
        known = ", ".join(AGENCY_ROLES)
        yield FieldError(row, "role", f"“{given.role_code}” is no role here.", f"Write one of: {known}.")
    if not given.name:
        yield FieldError(
            row, "name", "The name is missing.", "Enter the name of the person or of the office."
        )
    if not (given.phone or given.email):
        yield FieldError(
            row, "phone", "There is neither phone nor e-mail.", "Enter one of them: else nobody can ask."
        )
    for name, text in asdict(given).items():
        longest = AgencyContact._meta.get_field(name).max_length
        if len(text) > longest or "\0" in text:
            yield FieldError(
                row, name.removesuffix("_code"), f"It is longer than {longest} characters.", "Shorten it."
            )
    if given.email:
        try:
            validate_email(given.email)
        except ValidationError:
            yield FieldError(
                row, "email", f"“{given.email}” is no e-mail address.", "Write it as name@example.org."
            )


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Rows with their numbers; raises ``NotSaved`` for a file that has no rows of this shape."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), restkey="more", restval="")
    head = [" ".join((name or "").split()).lower() for name in reader.fieldnames or ()]
    missing = [name for name in _NEEDED if name not in head]
    unknown = [name for name in head if name not in COLUMNS]
    if missing or unknown:
        problems = [
            FieldError(1, name, "The column is missing.", f"Add it to the first line: {', '.join(COLUMNS)}.")
            for name in missing
        ]
        problems += [
            FieldError(1, name or "(no name)", "The column is not known.", "Take it out of the file.")
            for name in unknown
        ]
        raise NotSaved(problems)
    reader.fieldnames = head
    count = 0
    try:
        for number, row in enumerate(reader, start=2):
            count += 1
            if count > MOST_ROWS:
                raise NotSaved(
                    [
                        FieldError(
                            number, "", f"The file has more than {MOST_ROWS:,} rows.", "Load it in parts."
                        )
                    ]
                )
            if "more" in row:
                raise NotSaved(
                    [
                        FieldError(
                            number,
                            "",
                            "The row has more fields than the first line.",
                            "Put a field with a comma in quotes.",
                        )
                    ]
                )
            yield number, {name: " ".join((value or "").split()) for name, value in row.items()}
    except csv.Error as error:
        raise NotSaved(
            [FieldError(count + 2, "", "The row cannot be read as CSV.", "Save the file as CSV once more.")]
        ) from error
    if not count:
        raise NotSaved([FieldError(1, "", "The file has no rows.", "Write one contact a row.")])


def _row_errors(
    actor: Actor | None, number: int, row: Mapping[str, str], agencies: Mapping[str, Agency]
) -> Iterator[FieldError]:
    code = row["agency_code"]
    if code not in agencies:
        yield FieldError(
            number,
            "agency_code",
            f"“{code}” is no LEA or SELPA known here.",
            "Write the state code, with its zeros.",
        )
    elif actor is not None:
        for error in _not_yours(actor, code):
            yield FieldError(number, error.field, error.message, error.fix)
    yield from _wrong(_given(row), number)


def _given(row: Mapping[str, str]) -> ContactGiven:
    return ContactGiven(
        row["role"], row["name"], *(row.get(name, "") for name in ("phone", "email", "hours"))
    )


def _twice(rows: list[tuple[int, Mapping[str, str]]]) -> list[FieldError]:
    first: dict[tuple[str, str, str], int] = {}
    errors = []
    for number, row in rows:
        before = first.setdefault((row["agency_code"], row["role"], row["name"]), number)
        if before != number:
            errors.append(
                FieldError(number, "name", f"Row {before} names the same person with this role.", "Keep one.")
            )
    return errors
