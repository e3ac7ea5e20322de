"""Sessions of host staff: the host asks, the district answers, and reads what was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from manzanita.accounts.access_refusals import NotGiven
from manzanita.accounts.guest_models import LONGEST_SESSION_HOURS
from manzanita.accounts.guest_queries import (
    HOST_SESSION,
    HOST_STAFF,
    host_sessions,
    is_running,
    may_give,
    own_host_sessions,
)
from manzanita.accounts.host_session_actions import (
    approve_host_session,
    ask_host_session,
    end_host_session,
    refuse_host_session,
)
from manzanita.accounts.models import HostSession
from manzanita.auditing.queries import look_counts
from manzanita.domain.access import Capability
from manzanita.orgs.queries import agencies_with_students, agency_by_code
from manzanita.web.access import no_grant, requires
from manzanita.web.guest_looks import looks_page
from manzanita.web.guest_words import tell_refusals
from manzanita.web.people_forms import tabs

STATES = {
    "asked": ("held", "Waits for the district"),
    "refused": ("declined", "Refused"),
    "ended": ("na", "Ended"),
}


def state_of(session: HostSession) -> tuple[str, str]:
    """Shape and word; an approved session whose time is over has ended by itself."""
    if session.state == "approved":
        return ("warn", "Open now") if is_running(session) else ("na", "Ended by itself")
    return STATES[session.state]


def _rows(sessions: Sequence[HostSession]) -> list[dict[str, Any]]:
    grants = [one.grant_id for one in sessions if one.grant_id is not None]
    looks = look_counts({one.asked_by_id for one in sessions}, grants)
    return [
        {
            "session": one,
            "state": state_of(one),
            "is_running": is_running(one),
            "looks": looks.get(one.grant_id or 0, 0),
        }
        for one in sessions
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def host_desk(request: HttpRequest) -> HttpResponse:
    """For host staff: ask a district for a session, and what became of each question. No student stands here."""
    actor = request.actor
    if actor is None:
        return no_grant(request)
    if actor.perspective_key not in (HOST_STAFF, HOST_SESSION):
        raise Http404("a page of the host's staff")
    values = {
        key: request.POST.get(key, "").replace("\0", "").strip() for key in ("agency", "comment", "ticket")
    }
    values["hours"] = request.POST.get("hours", "1")
    reasons: list = []
    if request.method == "POST":
        if request.POST.get("do") == "end":
            return _take_back(request)
        agencies = {one.code: one for one in agencies_with_students()}
        agency = agencies.get(values["agency"])
        if agency is None:
            return _desk(request, values, error="Choose the district.")
        try:
            ask_host_session(
                actor=actor,
                agency=agency_by_code(agency.code),
                comment=values["comment"],
                ticket=values["ticket"],
                hours=int(values["hours"]) if values["hours"] in ["1", "2", "3", "4"] else 0,
            )
        except NotGiven as refused:
            return _desk(request, values, reasons=list(refused.reasons))
        messages.success(request, f"Asked. {agency.name} decides; until then you see nothing.")
        return redirect("host_desk")
    return _desk(request, values, reasons=reasons)


def _desk(
    request: HttpRequest, values: dict[str, str], *, reasons: list | None = None, error: str = ""
) -> HttpResponse:
    actor = request.actor
    sessions = list(own_host_sessions(actor.user_id)[:100])
    context = {
        "rows": _rows(sessions),
        "values": values,
        "reasons": reasons or [],
        "error": error,
        "agencies": [(one.code, one.name) for one in agencies_with_students()],
        "hours": [(f"{n}", f"{n} hour{'s' if n > 1 else ''}") for n in range(1, LONGEST_SESSION_HOURS + 1)],
        "may_ask": actor.perspective_key == HOST_STAFF,
        "grants": {grant.agency_id: grant.pk for grant in request.available_grants if _is_session(grant)},
    }
    return render(request, "web/guests/host_desk.html", context, status=422 if reasons or error else 200)


def _is_session(grant: Any) -> bool:
    return grant.perspective_key == HOST_SESSION


def _take_back(request: HttpRequest) -> HttpResponse:
    pk = request.POST.get("session", "")
    found = own_host_sessions(request.actor.user_id).filter(pk=pk if pk.isdecimal() and len(pk) < 19 else 0)
    session = found.first()
    if session is None:
        raise Http404("no such session of yours")
    done = end_host_session(actor=request.actor, session=session)
    messages.info(request, "Ended." if done else "It had ended already.")
    return redirect("host_desk")


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def sessions_list(request: HttpRequest) -> HttpResponse:
    """For the district: what the host asks for, what is open, and what there was."""
    rows = _rows(list(host_sessions(request.actor)[:200]))
    rows.sort(key=lambda row: (row["session"].state != "asked", not row["is_running"]))
    context = {
        "tabs": tabs(request.actor, "monitors"),
        "rows": rows,
        "may_decide": may_give(request.actor, HOST_SESSION),
    }
    return render(request, "web/guests/host_sessions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def session_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One session: answer the question, end it, read each look."""
    session = host_sessions(request.actor).filter(pk=pk).first()
    if session is None:
        raise Http404("no such session in this scope")
    if request.method == "POST":
        return _answer(request, session)
    context = {
        "tabs": tabs(request.actor, "monitors"),
        "row": _rows([session])[0],
        "session": session,
        "may_decide": may_give(request.actor, HOST_SESSION),
        "looks": looks_page(request, session.asked_by_id, [session.grant_id]) if session.grant_id else None,
    }
    return render(request, "web/guests/host_session.html", context)


def _answer(request: HttpRequest, session: HostSession) -> HttpResponse:
    actor, do = request.actor, request.POST.get("do", "")
    answer = request.POST.get("answer", "").replace("\0", "")
    try:
        if do == "approve":
            opened = approve_host_session(actor=actor, session=session, answer=answer)
            messages.success(
                request, f"Open for {opened.hours} h. Each look is listed here; end it when you like."
            )
        elif do == "refuse":
            refuse_host_session(actor=actor, session=session, answer=answer)
            messages.success(request, "Refused. Host staff see nothing.")
        elif do == "end" and may_give(actor, HOST_SESSION):
            done = end_host_session(actor=actor, session=session)
            messages.success(
                request, "Ended. Host staff see nothing any more." if done else "It had ended already."
            )
        else:
            messages.error(request, "Nothing was changed: choose what to answer.")
    except NotGiven as refused:
        tell_refusals(request, refused.reasons)
    return redirect("host_session", session.pk)


urlpatterns = [
    path("host/sessions", host_desk, name="host_desk"),
    path("admin/host-sessions", sessions_list, name="host_sessions"),
    path("admin/host-sessions/<int:pk>", session_page, name="host_session"),
]
