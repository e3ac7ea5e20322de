"""What is known of an arrival in words, and whom to ask: for the list, the page of one, and the preview of many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest
from django.urls import reverse

from manzanita.arrivals.models import Arrival, RecordsAsked
from manzanita.domain.access import Actor
from manzanita.domain.agency_roles import AGENCY_ROLES
from manzanita.domain.arrivals import Evidence, Kind, status_words, why_not_safe
from manzanita.domain.findings import Reason
from manzanita.domain.private_schools import PLAN_SHORT
from manzanita.orgs.directory import current_contacts
from manzanita.orgs.models import AgencyContact
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform import clock
from manzanita.students.listing import list_rows
from manzanita.ui.formats import plural, us_date
from manzanita.web.students_words import grade_text

KIND_MARKS: Mapping[str, tuple[str, str]] = {
    Kind.ARRIVING: ("progress", "With a plan"),
    Kind.RETURNING: ("progress", "Returning"),
    Kind.UNSERVED: ("empty", "Eligible, no plan"),
    Kind.LOOK: ("warn", "To check"),
}
# Whom to call about a student, and whom to ask for records; the first office that the directory knows.
CALL_ROLES = ("seds_coordinator", "special_education_director", "records_office", "calpads_administrator")
MOST_TEXT = 300
RECORDS_ROLES = ("records_office", "seds_coordinator", "special_education_director")


@dataclass(frozen=True, slots=True)
class Row:
    """One arrival, ready to be shown. ``age`` is how long the student is here, negative while still to come."""

    arrival: Arrival
    url: str
    name: str
    grade: str
    school: str
    mark: tuple[str, str]
    age: str
    known: str
    former: str
    former_code: str
    reasons: Sequence[Reason]
    contact: AgencyContact | None
    asked: RecordsAsked | None
    is_overdue: bool


def rows_of(actor: Actor, arrivals: Sequence[Arrival]) -> list[Row]:
    """Eight queries for any number of arrivals. ``asked`` is the newest request of records that has no answer yet."""
    today = clock.today()
    listed = {row.student.pk: row for row in list_rows([one.student for one in arrivals], actor)}
    evidence = {one.pk: Evidence.from_document(one.evidence) for one in arrivals}
    formers = {one.former_lea for one in evidence.values()} - {""}
    names, contacts = agency_names(formers), contacts_by_code(formers, CALL_ROLES)
    schools = school_names({row.enrollment.school_code for row in listed.values() if row.enrollment})
    waiting = RecordsAsked.objects.filter(arrival__in=arrivals, received_on__isnull=True)
    asked = {one.arrival_id: one for one in waiting.order_by("pk")}
    rows = []
    for arrival in arrivals:
        one, student = evidence[arrival.pk], arrival.student
        enrollment = listed[student.pk].enrollment
        rows.append(
            Row(
                arrival=arrival,
                url=reverse("arrival", args=[arrival.public_id]),
                name=f"{student.last_name}, {student.first_name}",
                grade=grade_text(enrollment.grade_code) if enrollment else "",
                school=schools.get(enrollment.school_code, enrollment.school_code) if enrollment else "",
                mark=KIND_MARKS[arrival.kind],
                age=age_words(arrival.enrolled_on, today),
                # Of a record that was put into another one, what that one has stands there.
                known="" if arrival.settled_how == "merged" else known_words(one),
                former=former_words(one.former_lea, names),
                former_code=one.former_lea if one.former_lea in names else "",
                reasons=why_not_safe(one, today),
                contact=next(iter(contacts.get(one.former_lea, ())), None),
                asked=asked.get(arrival.pk),
                is_overdue=arrival.pk in asked and asked[arrival.pk].follow_up_on <= today,
            )
        )
    return rows


def former_words(code: str, names: Mapping[str, str]) -> str:
    """The former district by its name; one that this installation does not know by its code."""
    return names.get(code) or (f"District {code}, not known here" if code else "")


def age_words(day: date, today: date) -> str:
    days = (today - day).days
    if days < 0:
        return f"in {plural(-days, 'day')}"
    return f"{plural(days, 'day')} here" if days else "today"


def known_words(one: Evidence) -> str:
    """What is known of plan and status in a line."""
    parts = []
    if one.plan_since is not None:
        kind = PLAN_SHORT.get(one.plan_type_code, "Plan")
        parts.append(f"{kind} of {us_date(one.plan_since)}, {plural(one.service_count, 'service')}")
    elif one.lapsed_on is not None:
        parts.append(f"Last plan ended {us_date(one.lapsed_on)}")
    if one.status_code:
        since = f" since {us_date(one.status_since)}" if one.status_code != "1" else ""
        parts.append(f"status {status_words(one.status_code)}{since}")
    elif one.state_status_code:
        parts.append(f"status {status_words(one.state_status_code)} at the state")
    if one.review_due_on is not None and one.has_plan:
        parts.append(f"review due {us_date(one.review_due_on)}")
    if not parts:
        parts.append("Nothing under this record")
    words = " · ".join(parts)
    return words[0].upper() + words[1:]


def contacts_by_code(codes: Iterable[str], roles: Sequence[str]) -> dict[str, list[AgencyContact]]:
    """The contacts of these agencies that have one of ``roles``, in that order; one query."""
    found: dict[str, list[AgencyContact]] = defaultdict(list)
    rows = current_contacts(clock.today()).filter(agency__code__in=set(codes), role_code__in=roles)
    for contact in sorted(
        rows.select_related("agency"), key=lambda one: (roles.index(one.role_code), one.name)
    ):
        found[contact.agency.code].append(contact)
    return found


def role_words(contact: AgencyContact) -> str:
    role = AGENCY_ROLES.get(contact.role_code)
    return role.label if role else contact.role_code


def text_given(request: HttpRequest, name: str) -> str:
    """One line of a form, without odd blanks."""
    return line_of(request.POST, name)


def line_of(given: Mapping[str, str], name: str) -> str:
    """The same of what a form says, by name of the field."""
    return " ".join(given.get(name, "").replace("\0", "").split())[:MOST_TEXT]
