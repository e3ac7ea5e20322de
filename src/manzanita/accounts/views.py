"""Sign-in by e-mail, then by what the e-mail's domain says; sign-out; the change of perspective."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts import passkeys
from manzanita.accounts.attempts import count_failure, may_try
from manzanita.accounts.middleware import SCHOOL_KEY, SESSION_KEY, VIEW_KEY
from manzanita.accounts.models import User
from manzanita.accounts.queries import districts_within, grants_in_force, person_with_email, schools_within
from manzanita.accounts.second_factor import has_second_factor, needs_second_factor
from manzanita.accounts.session_actions import signed_out_by
from manzanita.accounts.sessions import SessionState, begin_session, end_this_session
from manzanita.accounts.sign_in_log import log_failure, log_own
from manzanita.accounts.single_sign_on import password_refused_by, sign_in_domain
from manzanita.accounts.views_provider import to_provider
from manzanita.platform import clock

NO_MATCH = "E-mail and password do not match an account. In the password, capitals count."


def next_address(request: HttpRequest) -> str:
    """The page asked for, if it is one of this site; else home."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_ours else reverse("home")


def enter(request: HttpRequest, user: User, *, first: str, second: str, to: str) -> HttpResponse:
    """The end of every way in: a new session, a line in the log, and the second factor where it is still due."""
    has_factor = has_second_factor(user)
    told = signed_out_by(user)
    begin_session(request, user, first=first, second=second, asks_second=has_factor)
    log_own(user, "sign_in", first=first, second=second)
    if told:
        messages.warning(request, told)
    if not second and (has_factor or needs_second_factor(grants_in_force(user, clock.today()))):
        return redirect(f"{reverse('second_factor')}?{urlencode({'next': to})}")
    return redirect(to)


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """First the e-mail; its domain decides whether a password is asked for, or the district's own sign-in."""
    if request.method != "POST":
        if request.session_state is SessionState.OPEN:
            return redirect(next_address(request))
        return _page(request)
    email = request.POST.get("username", "").strip().lower()
    if "password" in request.POST:
        return _by_password(request, email, request.POST["password"])
    domain = sign_in_domain(email, clock.today())
    if domain is not None and domain.has_provider and "own_password" not in request.POST:
        return to_provider(request, domain, next_address(request))
    return _page(request, email=email, asks_password=bool(email))


def _by_password(request: HttpRequest, email: str, password: str) -> HttpResponse:
    user = person_with_email(email)
    known = user.email if user is not None else email
    domain = (
        password_refused_by(user, clock.today()) if user is not None else sign_in_domain(email, clock.today())
    )
    if domain is not None and not domain.password_allowed:
        # Not even tried: a right password must not be told from a wrong one.
        log_failure(user, "password", {"refused_for": domain.domain})
        return _page(request, email=email, refused_by=domain)
    found = authenticate(request, username=known, password=password)
    if found is None:
        log_failure(user, "password")
        return _page(request, email=email, asks_password=True, error=NO_MATCH)
    return enter(request, found, first="password", second="", to=next_address(request))


@login_not_required
@never_cache
@require_POST
def sign_in_passkey(request: HttpRequest) -> HttpResponse:
    """A passkey alone: it is both factors."""
    credential = request.POST.get("credential", "")
    user = passkeys.owner_named_in(credential)
    if user is not None and not may_try(request, user, second=False):
        return locked_out(request)
    if user is None or not user.is_active or not passkeys.is_shown_by(user, credential):
        log_failure(user, "passkey")
        if user is not None:
            count_failure(request, user, second=False)
        return _page(
            request, error="That passkey does not open an account here. Sign in with your e-mail instead."
        )
    return enter(request, user, first="passkey", second="passkey", to=next_address(request))


def _page(
    request: HttpRequest, *, email: str = "", asks_password: bool = False, error: str = "", refused_by=None
) -> HttpResponse:
    context = {
        "email": email,
        "asks_password": asks_password,
        "error": error,
        "refused_by": refused_by,
        "next": request.POST.get("next") or request.GET.get("next") or "",
        "no_passkey": passkeys.why_not_here(request),
    }
    return render(request, "accounts/sign_in.html", context)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out of every state of a session, and harmless where there is none."""
    if request.user.is_authenticated:
        log_own(request.user, "sign_out")
        end_this_session(request)
    answer = redirect("sign_in")
    # Not the storage: it holds what colors were chosen and whether keys are on, and nothing of a student.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@require_POST
def switch_grant(request: HttpRequest) -> HttpResponse:
    """Act through another of one's own grants, look at other students of it, or at one school or district, from here
    on.

    What is not one's own to choose changes nothing. A new perspective begins with its own view, at home.
    """
    session, actor = request.session, request.actor
    wanted = request.POST.get("grant", "")
    if any(str(grant.pk) == wanted for grant in request.available_grants):
        session[SESSION_KEY] = int(wanted)
        session.pop(VIEW_KEY, None)
        session.pop(SCHOOL_KEY, None)
    if actor is None or "grant" in request.POST:
        return redirect("home")
    if (view := request.POST.get("view", "")) in [one.value for one in actor.perspective.views]:
        session[VIEW_KEY] = view
    if (code := request.POST.get("school")) is not None:
        places = [*districts_within(actor), *schools_within(actor)]
        chosen = next((one for one in places if one.code == code), None)
        session[SCHOOL_KEY] = [chosen.code, chosen.name] if chosen else None
    back = request.POST.get("next", "")
    allowed = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if allowed else "students")


@require_safe
def schools(request: HttpRequest) -> HttpResponse:
    """The choices of the scope chip's second part, asked when it is opened."""
    if request.actor is None:
        return redirect("home")
    actor = request.actor
    context = {
        "districts": districts_within(actor),
        "schools": schools_within(actor),
        "at_place": actor.at_place,
    }
    return render(request, "accounts/schools.html", context)


def locked_out(request: HttpRequest, credentials: dict | None = None, *args, **kwargs) -> HttpResponse:
    """Too many failures for one account; django-axes asks for this answer as well."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(
            {"error": "Too many tries. Wait 15 minutes without trying, then try again."}, status=429
        )
    return render(request, "accounts/locked_out.html", status=429)
