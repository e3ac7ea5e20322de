"""The directory of whom to ask at which agency: search, one agency's contacts, their yearly confirmation, a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Capability
from manzanita.domain.agency_roles import AGENCY_ROLES, county_name
from manzanita.orgs.directory import (
    PAGE_SIZE,
    contacts_of,
    county_codes,
    is_unconfirmed,
    list_directory,
    listed_agency,
    may_maintain,
    own_unconfirmed,
)
from manzanita.orgs.directory_actions import (
    COLUMNS,
    ContactGiven,
    FieldError,
    NotSaved,
    confirm_agency_contacts,
    end_agency_contact,
    load_agency_contacts,
    save_agency_contact,
)
from manzanita.orgs.models import Agency, AgencyContact
from manzanita.orgs.queries import agency_names, schools_with_history
from manzanita.orgs.requests import may_ask_directory
from manzanita.platform import clock
from manzanita.web.access import requires, requires_grant
from manzanita.web.directory_requests import EITHER
from manzanita.web.form_days import day_of

MAX_SEARCH_LENGTH = 100
LARGEST_FILE_BYTES = 2 * 1024 * 1024


@require_safe
@requires_grant
def directory(request: HttpRequest) -> HttpResponse:
    """One page of agencies by name with their contacts of today."""
    text = " ".join(request.GET.get("q", "").replace("\0", "").split())[:MAX_SEARCH_LENGTH]
    county = request.GET.get("county", "")
    county = county if county.isascii() and county.isdigit() else ""
    role = request.GET.get("role", "")
    role = role if role in AGENCY_ROLES else ""
    page = list_directory(
        text=text, county=county, role=role, after=request.GET.get("after", "").replace("\0", "")
    )
    asked = {name: value for name, value in (("q", text), ("county", county), ("role", role)) if value}
    here = reverse("directory")
    context = {
        "page": page,
        "page_size": PAGE_SIZE,
        "text": text,
        "county": county,
        "role": role,
        "roles": AGENCY_ROLES,
        "role_choices": [(one.key, one.label) for one in AGENCY_ROLES.values()],
        "counties": [(code, county_name(code)) for code in county_codes()],
        "county_name": county_name,
        "is_unconfirmed": is_unconfirmed,
        "today": clock.today(),
        "selpas": agency_names({entry.agency.selpa_code for entry in page.entries} - {""}),
        "first_url": f"{here}?{urlencode(asked)}" if request.GET.get("after") else None,
        "next_url": f"{here}?{urlencode({**asked, 'after': page.after})}" if page.after else None,
        "own": listed_agency(request.actor.agency_code),
        "own_unconfirmed": own_unconfirmed(request.actor),
        "may_request": any(request.actor.may(one) for one in EITHER),
        "may_load": request.actor.may(Capability.MANAGE_PEOPLE) and not request.actor.is_read_only,
    }
    return render(request, "web/directory/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires_grant
def agency(request: HttpRequest, code: str) -> HttpResponse:
    """Whom to ask at one agency; who keeps its contacts adds or changes one here."""
    found = _agency(code)
    if request.method != "POST":
        return _agency_page(request, found)
    given = ContactGiven(
        *(
            " ".join(request.POST.get(name, "").split())
            for name in ("role", "name", "phone", "email", "hours")
        )
    )
    contact = _contact(found, request.POST.get("contact", ""))
    try:
        save_agency_contact(actor=request.actor, agency=found, given=given, contact=contact)
    except NotSaved as refused:
        return _agency_page(request, found, given=given, editing=contact, errors=refused.errors)
    messages.success(request, f"Recorded: {given.name}, {AGENCY_ROLES[given.role_code].label}.")
    return redirect("directory_agency", code)


@require_POST
@requires_grant
def end(request: HttpRequest, code: str) -> HttpResponse:
    """A contact's last day."""
    found = _agency(code)
    contact = _contact(found, request.POST.get("contact", ""))
    if contact is None:
        raise Http404("no such contact")
    last_on = day_of(request.POST.get("last_on", ""))
    if last_on is None:
        error = FieldError(0, "last_on", "The last day is missing or is no date.", "Enter it.")
        return _agency_page(request, found, errors=[error])
    try:
        end_agency_contact(actor=request.actor, contact=contact, last_on=last_on)
    except NotSaved as refused:
        return _agency_page(request, found, errors=refused.errors)
    messages.success(request, f"{contact.name} is asked until {last_on:%m/%d/%Y}.")
    return redirect("directory_agency", code)


@require_POST
@requires_grant
def confirm(request: HttpRequest, code: str) -> HttpResponse:
    """All contacts of the agency are still right."""
    found = _agency(code)
    try:
        confirm_agency_contacts(actor=request.actor, agency=found)
    except NotSaved as refused:
        return _agency_page(request, found, errors=refused.errors)
    messages.success(request, "Confirmed today. You are asked again in a year.")
    return redirect("directory_agency", code)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def load(request: HttpRequest) -> HttpResponse:
    """Take in a CSV file of contacts: all of its rows, or none, with each error by row and field."""
    errors: Sequence[FieldError] = ()
    if request.method == "POST":
        try:
            loaded = load_agency_contacts(actor=request.actor, text=_text_of(request))
        except NotSaved as refused:
            errors = refused.errors
        else:
            messages.success(
                request,
                f"Added {loaded.added}, changed {loaded.changed}, confirmed {loaded.confirmed}.",
            )
            return redirect("directory")
    context = {"errors": errors, "columns": COLUMNS, "roles": AGENCY_ROLES.values()}
    return render(request, "web/directory/load.html", context, status=422 if errors else 200)


def _text_of(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise NotSaved(
            [FieldError(0, "file", "No file came with the form.", "Choose the file, then load it.")]
        )
    if (file.size or 0) > LARGEST_FILE_BYTES:
        raise NotSaved([FieldError(0, "file", "The file is larger than 2 MB.", "Load it in parts.")])
    try:
        return file.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotSaved(
            [FieldError(0, "file", "The file is not UTF-8 text.", "Save it as “CSV UTF-8”, then load it.")]
        ) from error


def _agency(code: str) -> Agency:
    found = listed_agency(code)
    if found is None:
        raise Http404("no such agency")
    return found


def _contact(found: Agency, number: str) -> AgencyContact | None:
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return next((row for row in contacts_of(found) if row.pk == int(number)), None)


def _agency_page(
    request: HttpRequest,
    found: Agency,
    *,
    given: ContactGiven | None = None,
    editing: AgencyContact | None = None,
    errors: Sequence[FieldError] = (),
) -> HttpResponse:
    today = clock.today()
    rows = contacts_of(found)
    schools, past_names = schools_with_history(found)
    if editing is None and not errors:
        editing = _contact(found, request.GET.get("change", ""))
    if given is None:
        given = (
            ContactGiven(editing.role_code, editing.name, editing.phone, editing.email, editing.hours)
            if editing
            else ContactGiven("", "")
        )
    context: dict[str, Any] = {
        "agency": found,
        "selpa": agency_names({found.selpa_code}).get(found.selpa_code, ""),
        "county": county_name(found.code),
        "current": [row for row in rows if row.valid_to is None or row.valid_to >= today],
        "past": [row for row in rows if row.valid_to is not None and row.valid_to < today],
        "schools": schools,
        "past_names": past_names,
        "may_ask": may_ask_directory(request.actor) and found.code == request.actor.agency_code,
        "people": user_names({row.updated_by_id for row in rows if row.updated_by_id}),
        "roles": AGENCY_ROLES,
        "role_choices": [(one.key, one.label) for one in AGENCY_ROLES.values()],
        "is_unconfirmed": is_unconfirmed,
        "may_maintain": may_maintain(request.actor, found.code),
        "given": given,
        "editing": editing,
        "errors": errors,
        "today": today,
    }
    return render(request, "web/directory/agency.html", context, status=422 if errors else 200)


urlpatterns = [
    path("directory", directory, name="directory"),
    path("directory/load", load, name="directory_load"),
    path("directory/<slug:code>", agency, name="directory_agency"),
    path("directory/<slug:code>/end", end, name="directory_end"),
    path("directory/<slug:code>/confirm", confirm, name="directory_confirm"),
]
