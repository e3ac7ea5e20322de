"""Requests for the directory: what a district asked for and how it stands, the form, and the answer of the SELPA."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.directory_requests import (
    CONTRACTED,
    DAY_WORDS,
    KIND_WORDS,
    PLACE_WORDS,
    Asked,
    Kind,
    Place,
    State,
    agreement_on,
)
from manzanita.domain.findings import Reason
from manzanita.orgs.models import DirectoryRequest
from manzanita.orgs.queries import agency_names, school_names
from manzanita.orgs.request_actions import NotDone, ask_directory, reasons_against_approval, withdraw_request
from manzanita.orgs.requests import (
    agreements_of_request,
    directory_requests,
    may_ask_directory,
    may_decide_directory,
    targets_of,
    waiting_for,
)
from manzanita.platform import clock
from manzanita.procedures.directory import (
    affected_by_school,
    affected_students,
    approve,
    decline,
    people_of_place,
)
from manzanita.procedures.unlisted_schools import unlisted_in_reach
from manzanita.students.listing import list_students
from manzanita.ui.formats import plural, us_date
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.student_rows import rows_of
from manzanita.web.unlisted_schools import ask_url

PAGE_SIZE = 50
# Shape and word of each state.
MARKS = {
    State.WAITING: ("held", "Waits for the SELPA"),
    State.APPROVED: ("ok", "Approved"),
    State.DECLINED: ("fatal", "Declined"),
    State.WITHDRAWN: ("empty", "Withdrawn"),
}
# Those who ask, and those who decide, see the requests.
EITHER = (Capability.ASK_DIRECTORY, Capability.DECIDE_DIRECTORY)
FIELDS = (
    "target",
    "code",
    "name",
    "day",
    "evidence",
    "agreement_first",
    "agreement_last",
    "agreement_number",
)
_LENGTHS = {"name": 120, "evidence": 300, "agreement_number": 40}
AGREEMENT_DAYS = {"agreement_first": "Agreement, from", "agreement_last": "Agreement, through"}


@require_safe
@requires(*EITHER)
def requests_list(request: HttpRequest) -> HttpResponse:
    """Requests of the actor's agency, or of the districts of its SELPA, of one ``state``: what waits, the oldest first;
    else the newest first."""
    actor = request.actor
    wanted = request.GET.get("state", State.WAITING.value)
    if wanted not in list(State):
        raise Http404("no such state")
    number = _page_number(request)
    order = ("asked_at", "pk") if wanted == State.WAITING else ("-decided_at", "-pk")
    rows = directory_requests(actor).filter(state=wanted).order_by(*order)
    shown = list(rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE + 1])
    here = reverse("directory_requests")
    context = {
        "states": [(MARKS[one][1], f"{here}?state={one.value}", one == wanted) for one in State],
        "rows": _rows(shown[:PAGE_SIZE]),
        "is_waiting": wanted == State.WAITING,
        "may_ask": may_ask_directory(actor),
        "may_decide": actor.may(Capability.DECIDE_DIRECTORY),
        "first_url": f"{here}?state={wanted}" if number > 1 else None,
        "next_url": f"{here}?state={wanted}&page={number + 1}" if len(shown) > PAGE_SIZE else None,
        "unlisted": _unlisted(actor) if wanted == State.WAITING and number == 1 else [],
    }
    return render(request, "web/directory/requests.html", context)


def _unlisted(actor: Actor) -> list[dict[str, Any]]:
    """Schools that the SIS names and the directory does not know, each with its way out."""
    found = unlisted_in_reach(actor)
    waiting = waiting_for(actor, {one.unlisted.code for one in found})
    leas = agency_names({one.lea_code for one in found}) if found else {}
    return [
        {
            "one": one,
            "reason": one.unlisted.reason,
            "lea": leas.get(one.lea_code, one.lea_code),
            "waiting": waiting.get(one.unlisted.code) if one.unlisted.asks else None,
            "ask_url": ask_url(actor, one.unlisted, one.lea_code),
        }
        for one in found
    ]


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 4 and int(text) >= 1):
        raise Http404("no such page")
    return int(text)


def _rows(found: Sequence[DirectoryRequest]) -> list[dict[str, Any]]:
    codes = {code for one in found for code in (one.lea_code, one.target_code)} - {""}
    names = school_names(codes) | agency_names(codes) if codes else {}
    people = user_names({one.asked_by_id for one in found}) if found else {}
    return [
        {
            "one": one,
            "what": f"{PLACE_WORDS[Place(one.place)]}: {KIND_WORDS[Kind(one.kind)].lower()}",
            "title": names.get(one.target_code) or one.name or one.code,
            "becomes": _becomes(one),
            "mark": MARKS[State(one.state)],
            "lea": names.get(one.lea_code, one.lea_code),
            "by": people.get(one.asked_by_id, ""),
            "age": _age(one),
        }
        for one in found
    ]


def _age(one: DirectoryRequest) -> str:
    days = (clock.today() - one.asked_at.astimezone(clock.CALIFORNIA).date()).days
    return plural(days, "day") if days else "Today"


def _becomes(one: DirectoryRequest) -> str:
    return {
        Kind.NEW: f"{one.name}, {one.code}",
        Kind.CLOSED: "closes",
        Kind.CODE: f"code {one.code}" + (f", {one.name}" if one.name else ""),
        Kind.NAME: one.name,
    }[Kind(one.kind)]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.ASK_DIRECTORY)
def request_new(request: HttpRequest) -> HttpResponse:
    """What is asked for, of what; then the form of that."""
    actor = request.actor
    sent = request.POST or request.GET
    kind, place = sent.get("kind", Kind.NEW.value), sent.get("place", Place.SCHOOL.value)
    if kind not in list(Kind) or place not in list(Place):
        raise Http404("no such request")
    values = {
        name: " ".join(sent.get(name, "").replace("\0", "").split())[: _LENGTHS.get(name, 20)]
        for name in FIELDS
    }
    if request.method != "POST":
        waiting = waiting_for(actor, [values["code"]]) if kind == Kind.NEW and values["code"] else {}
        if values["code"] in waiting:
            messages.info(request, "It is asked for already, and waits for the SELPA.")
            return redirect("directory_request", waiting[values["code"]].public_id)
        return _form(request, Kind(kind), Place(place), values, [])
    asked = Asked(
        Kind(kind),
        Place(place),
        actor.agency_code,
        "" if kind == Kind.NEW else values["target"][:7],
        values["code"][:7].upper() if kind in (Kind.NEW, Kind.CODE) else "",
        values["name"] if kind != Kind.CLOSED else "",
        day_of(values["day"]),
        values["evidence"],
    )
    if wrong := mistyped(values, AGREEMENT_DAYS | {"day": DAY_WORDS[Kind(kind)]}):
        return _form(request, Kind(kind), Place(place), values, wrong.reasons)
    try:
        made = ask_directory(
            actor=actor,
            asked=asked,
            agreement_first=day_of(values["agreement_first"]),
            agreement_last=day_of(values["agreement_last"]),
            agreement_number=values["agreement_number"],
        )
    except NotDone as refused:
        return _form(request, asked.kind, asked.place, values, refused.reasons)
    messages.success(request, "Asked. The SELPA sees it on its home page; this page shows its answer.")
    return redirect("directory_request", made.public_id)


def _form(
    request: HttpRequest, kind: Kind, place: Place, values: dict[str, str], reasons: Sequence[Reason]
) -> HttpResponse:
    here = reverse("directory_request_new")

    def address(one: Kind, other: Place) -> str:
        return f"{here}?{urlencode({'kind': one.value, 'place': other.value})}"

    context = {
        "kinds": [(label, address(one, place), one == kind) for one, label in KIND_WORDS.items()],
        "places": [(label, address(kind, one), one == place) for one, label in PLACE_WORDS.items()],
        "kind": kind,
        "place": place,
        "day_words": DAY_WORDS[kind],
        "targets": [] if kind is Kind.NEW else targets_of(request.actor, place),
        "asks_agreement": kind is Kind.NEW and place in CONTRACTED,
        "values": values,
        "refusals": reasons,
    }
    return render(request, "web/directory/request_new.html", context, status=422 if reasons else 200)


def _get(request: HttpRequest, public_id: uuid.UUID) -> DirectoryRequest:
    found = directory_requests(request.actor).filter(public_id=public_id).first()
    if found is None:
        raise Http404("no such request in this scope")
    return found


@require_safe
@requires(*EITHER)
def directory_request(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One request: its state, the checks, what approval does, the students affected, and the answer."""
    return _page(request, _get(request, public_id))


@require_safe
@requires(*EITHER)
def request_state(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The state alone, asked again while it waits."""
    found = _get(request, public_id)
    return render(request, "web/directory/request_state.html", _state(found))


@require_POST
@requires(Capability.DECIDE_DIRECTORY)
def request_decide(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Approve or decline; what is refused is told on the page."""
    found = _get(request, public_id)
    words = " ".join(request.POST.get("words", "").replace("\0", "").split())[:300]
    do = request.POST.get("do", "")
    if do not in ("approve", "decline"):
        raise Http404("no such answer")
    try:
        if do == "decline":
            decline(actor=request.actor, request=found, words=words)
            messages.success(request, "Declined. The district is told, with your reason.")
        else:
            carried = approve(actor=request.actor, request=found, words=words)
            also = f" {plural(carried, 'grant')} of the old code reach the new one." if carried else ""
            messages.success(request, f"Approved: the directory says so from {us_date(found.day)}.{also}")
    except NotDone as refused:
        return _page(request, found, refused.reasons)
    return redirect("directory_request", public_id)


@require_POST
@requires(Capability.ASK_DIRECTORY)
def request_withdraw(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The district does not ask for it any more."""
    found = _get(request, public_id)
    try:
        withdraw_request(actor=request.actor, request=found)
    except NotDone as refused:
        return _page(request, found, refused.reasons)
    messages.success(request, "Withdrawn. Nothing was changed in the directory.")
    return redirect("directory_request", public_id)


def _state(found: DirectoryRequest) -> dict[str, Any]:
    people = {found.asked_by_id, *([found.decided_by_id] if found.decided_by_id else [])}
    return {
        "one": found,
        "mark": MARKS[State(found.state)],
        "people": user_names(people),
        "is_to_come": found.state == State.APPROVED and found.day > clock.today(),
    }


def _page(request: HttpRequest, found: DirectoryRequest, refusals: Sequence[Reason] = ()) -> HttpResponse:
    actor = request.actor
    kind, place = Kind(found.kind), Place(found.place)
    may_decide = may_decide_directory(actor, found) and found.is_waiting
    (row,) = _rows([found])
    context = _state(found) | {
        "row": row,
        "kind": kind,
        "day_words": DAY_WORDS[kind],
        "agreement": _agreement(found) if place in CONTRACTED else None,
        "people_count": 0 if kind is Kind.NEW else people_of_place(found),
        "effects": _effects(found),
        "may_decide": may_decide,
        "blockers": reasons_against_approval(actor, found) if may_decide else [],
        "may_withdraw": may_ask_directory(actor) and found.lea_code == actor.agency_code and found.is_waiting,
        "refusals": refusals,
        **_affected(request, actor, found),
    }
    return render(request, "web/directory/request.html", context, status=422 if refusals else 200)


def _agreement(found: DirectoryRequest) -> Any:
    return agreement_on(agreements_of_request(found), found.day)


def _effects(found: DirectoryRequest) -> list[str]:
    """What approval does, in sentences."""
    day = us_date(found.day)
    if found.kind == Kind.NEW:
        return [
            f"{found.name} stands in the directory under {found.code} from {day} on.",
            "It can be chosen from that day for enrollments, services and people.",
        ]
    if found.kind == Kind.CLOSED:
        return [
            f"The directory ends it on {day}; it can be chosen no more.",
            "What was recorded there keeps its code and name. Where the students go is the SIS's to say.",
        ]
    if found.kind == Kind.CODE:
        return [
            f"The old code ends the day before {day}; {found.code} begins on {day}.",
            "Records until then keep the old code. Whose access names the school reaches the new code too."
            if found.place == Place.SCHOOL
            else "Records until then keep the old code. Whose access is at the old code is given it anew.",
            "Periods of the school calendar that name the old code are not changed: name the new one there."
            if found.place == Place.SCHOOL
            else "Agreements name a code: record the one that goes on under the new code.",
        ]
    return [f"It is called {found.name} from {day} on.", "The name before it is kept, with its last day."]


def _affected(request: HttpRequest, actor: Actor, found: DirectoryRequest) -> dict[str, Any]:
    """The students affected within reach: numbers by school, and one page of them."""
    if not actor.may(Capability.READ_STUDENT):
        return {"reads_students": False}
    by_school = affected_by_school(actor, found)
    page = list_students(affected_students(actor, found), actor, after=request.GET.get("after", ""))
    log_reads(
        actor=actor,
        student_ids=[row.student.pk for row in page.rows],
        what="directory.affected",
        filter_codes=f"request={found.pk}",
    )
    schools = school_names({one.school_code for one in by_school} - {""})
    leas = agency_names({one.lea_code for one in by_school})
    here = reverse("directory_request", args=[found.public_id])
    return {
        "reads_students": True,
        "by_school": [
            (leas.get(one.lea_code, one.lea_code), schools.get(one.school_code, one.school_code), one.count)
            for one in by_school
        ],
        "students": rows_of(actor, page.rows),
        "count": page.count_text,
        "first_url": here if request.GET.get("after") else None,
        "next_url": f"{here}?after={page.after}" if page.after else None,
    }


urlpatterns = [
    path("directory/requests", requests_list, name="directory_requests"),
    path("directory/requests/new", request_new, name="directory_request_new"),
    path("directory/requests/<uuid:public_id>", directory_request, name="directory_request"),
    path("directory/requests/<uuid:public_id>/state", request_state, name="directory_request_state"),
    path("directory/requests/<uuid:public_id>/decide", request_decide, name="directory_request_decide"),
    path("directory/requests/<uuid:public_id>/withdraw", request_withdraw, name="directory_request_withdraw"),
]
