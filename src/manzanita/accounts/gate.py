"""The one gate: what a signed-in session may reach before its second factor, while it is locked, and after its end.

It stands before every view, so a new page is behind it without doing anything. Only views that are open to
everybody pass it, and the few that are the way out of each state.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse

from manzanita.accounts.held_forms import offer_again
from manzanita.accounts.second_factor import needs_second_factor
from manzanita.accounts.sessions import (
    SessionState,
    end_this_session,
    mark_of,
    note_use,
    seconds_left,
    time_state,
)
from manzanita.ui.context import SessionLimits

# The way out of a state: views that need a session, yet are reachable in it.
WAYS_OUT = {
    SessionState.LOCKED: {"session_locked", "session_unlock"},
    SessionState.SECOND_FACTOR: {
        "second_factor",
        "second_factor_setup",
        "authenticator_app",
        "passkey_add",
    },
    SessionState.OPEN: set(),
}
BACKGROUND = "X-Background"


class SessionGateMiddleware:
    """After the actor is known: judges the session, and takes the actor from a request that must not act."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.session_state = _judge(request)
        if request.session_state is SessionState.ENDED:
            end_this_session(request)
        if request.session_state is SessionState.OPEN:
            # A page that asks by itself is no person at work.
            if BACKGROUND not in request.headers and not request.path.startswith("/session"):
                note_use(request)
            mark = mark_of(request)
            request.session_limits = SessionLimits(
                *seconds_left(mark),
                person_id=request.user.pk,
                username=request.user.email,
                by_password=request.user.has_usable_password() and mark["first"] != "provider",
                by_passkey=mark["passkey"],
            )
        else:
            request.actor = request.grant = None
            request.available_grants = []
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict
    ) -> HttpResponse | None:
        state = request.session_state
        if not getattr(view, "login_required", True) or state not in WAYS_OUT or state is SessionState.OPEN:
            return None
        if request.resolver_match.url_name in WAYS_OUT[state]:
            return None
        return refuse(request)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Nobody is signed in: a page leads to the sign-in, a part of a page is told, a form is kept."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> HttpResponse:
        if _is_part(request):
            return _told(request, SessionState.ENDED, 401)
        if request.resolver_match.url_name in WAYS_OUT[SessionState.LOCKED]:
            # There is nothing to unlock any more, and nothing to come back to.
            return redirect("sign_in")
        held = offer_again(request, way_back=back_address("sign_in"), is_locked=False)
        return held or super().handle_no_permission(request, view_func)


def refuse(request: HttpRequest) -> HttpResponse:
    """The answer of a session that is locked or lacks its second factor."""
    state = request.session_state
    name = "session_locked" if state is SessionState.LOCKED else "second_factor"
    if _is_part(request):
        return _told(request, state, 423)
    held = offer_again(request, way_back=back_address(name), is_locked=state is SessionState.LOCKED)
    if held is not None:
        return held
    back = request.get_full_path() if request.method == "GET" else "/"
    return redirect(f"{reverse(name)}?{urlencode({'next': back})}")


def _is_part(request: HttpRequest) -> bool:
    """Asked for by a script, which has a page to tell it on."""
    return bool(request.htmx) or "application/json" in request.headers.get("Accept", "")


def back_address(name: str) -> str:
    """A page to open in another tab, which ends by saying that one can go back to the first."""
    return f"{reverse(name)}?{urlencode({'next': reverse('session_resumed')})}"


def state_of(request: HttpRequest) -> SessionState:
    """As the gate has judged it; before the gate (a wrong token) it is judged now."""
    return getattr(request, "session_state", None) or _judge(request)


def _told(request: HttpRequest, state: SessionState, status: int) -> JsonResponse:
    name = {SessionState.LOCKED: "session_locked", SessionState.SECOND_FACTOR: "second_factor"}
    return JsonResponse({"state": state, "way_back": back_address(name.get(state, "sign_in"))}, status=status)


def _judge(request: HttpRequest) -> SessionState:
    if not request.user.is_authenticated:
        return SessionState.NOBODY
    mark = mark_of(request)
    if mark is None:
        return SessionState.ENDED
    by_time = time_state(mark)
    if by_time is SessionState.ENDED:
        return by_time
    if not mark["second"] and (mark["asks_second"] or needs_second_factor(request.available_grants)):
        # Half a sign-in is not kept waiting: unlocking would ask for less than a sign-in does.
        return SessionState.ENDED if by_time is SessionState.LOCKED else SessionState.SECOND_FACTOR
    return by_time
