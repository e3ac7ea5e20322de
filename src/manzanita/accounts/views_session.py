"""The life of a session: is it open, keep it so, unlock it, and go back to the page that waits for it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from manzanita.accounts import passkeys
from manzanita.accounts.attempts import count_failure, forget_failures, may_try
from manzanita.accounts.gate import back_address
from manzanita.accounts.sessions import SessionState, mark_of, note_proof, note_use, seconds_left
from manzanita.accounts.sign_in_log import log_failure, log_own
from manzanita.accounts.single_sign_on import password_refused_by
from manzanita.accounts.views import locked_out, next_address
from manzanita.platform import clock


def _told(request: HttpRequest, state: SessionState) -> dict[str, object]:
    told: dict[str, object] = {"state": state, "token": get_token(request)}
    names = {SessionState.ENDED: "sign_in", SessionState.NOBODY: "sign_in"}
    names |= {SessionState.LOCKED: "session_locked", SessionState.SECOND_FACTOR: "second_factor"}
    if state in names:
        told["way_back"] = back_address(names[state])
    if request.user.is_authenticated:
        told |= {"person": request.user.pk, "name": request.user.name}
    if state is SessionState.OPEN:
        told["idle_left"], told["absolute_left"] = seconds_left(mark_of(request))
    return told


@login_not_required
@never_cache
@require_GET
def state(request: HttpRequest) -> HttpResponse:
    """How it stands with the session, for the script of a page. Asking is no use of it."""
    return JsonResponse(_told(request, request.session_state))


@require_POST
def keep_alive(request: HttpRequest) -> HttpResponse:
    """Somebody is at work on a page that does not save by itself."""
    note_use(request, at_once=True)
    return JsonResponse(_told(request, SessionState.OPEN))


@never_cache
@require_GET
def locked(request: HttpRequest) -> HttpResponse:
    if request.session_state is not SessionState.LOCKED:
        return redirect(next_address(request))
    return _page(request)


@never_cache
@sensitive_post_parameters("password", "credential")
@require_POST
def unlock(request: HttpRequest) -> HttpResponse:
    """Password or passkey of the same person; the session goes on where it was. Within the absolute limit one
    factor is enough, because the session itself stands for the other."""
    is_script = "application/json" in request.headers.get("Accept", "")
    user = request.user
    if request.session_state is not SessionState.LOCKED:
        return (
            JsonResponse(_told(request, request.session_state))
            if is_script
            else redirect(next_address(request))
        )
    if not may_try(request, user, second=False):
        return locked_out(request)
    if "credential" in request.POST:
        how = "passkey" if passkeys.is_shown_by(user, request.POST["credential"]) else ""
    else:
        is_allowed = password_refused_by(user, clock.today()) is None
        how = "password" if is_allowed and user.check_password(request.POST.get("password", "")) else ""
    if not how:
        log_failure(user, "unlock")
        count_failure(request, user, second=False)
        if not may_try(request, user, second=False):
            return locked_out(request)
        error = "That is not right. In the password, capitals count."
        return JsonResponse({"error": error}, status=403) if is_script else _page(request, error)
    forget_failures(user, second=False)
    note_proof(request, is_full=how == "passkey" or not mark_of(request)["asks_second"])
    log_own(user, "unlock", kind=how)
    return JsonResponse(_told(request, SessionState.OPEN)) if is_script else redirect(next_address(request))


@never_cache
@require_GET
def resumed(request: HttpRequest) -> HttpResponse:
    """Shown in the other tab: the page that waits goes on by itself."""
    return render(request, "accounts/resumed.html", {"person_name": request.user.name})


def _page(request: HttpRequest, error: str = "") -> HttpResponse:
    mark = mark_of(request)
    context = {
        "person_name": request.user.name,
        "error": error,
        "next": next_address(request),
        "has_password": request.user.has_usable_password() and mark["first"] != "provider",
        "has_passkey": mark["passkey"] and not passkeys.why_not_here(request),
    }
    return render(request, "accounts/session_locked.html", context, status=423 if error else 200)
