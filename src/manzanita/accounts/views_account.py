"""The account page: addresses, ways to sign in, sessions and grants of the person themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from manzanita.accounts import lifecycle, mail, passkeys, second_factor
from manzanita.accounts.attempts import count_failure, forget_failures, may_try
from manzanita.accounts.calendar_feeds import feed_of
from manzanita.accounts.models import Grant
from manzanita.accounts.queries import grants_in_force
from manzanita.accounts.reminders import choice_of
from manzanita.accounts.second_factor import Factors, factors_of, needs_second_factor
from manzanita.accounts.sessions import (
    begin_session,
    change_mark,
    end_place,
    end_sessions,
    is_fresh,
    mark_of,
    note_proof,
    places_of,
)
from manzanita.accounts.sign_in_log import log_failure, log_own
from manzanita.accounts.single_sign_on import password_refused_by
from manzanita.accounts.views import locked_out, next_address
from manzanita.accounts.views_second_factor import prove_factor, show_new_codes
from manzanita.platform import clock

ADDRESS_SALT = "confirm-address"
ADDRESS_SECONDS = 24 * 3600
TOO_MANY = "Too many tries."


def freshly_proven(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """How one signs in is changed only a moment after proving who one is."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        messages.info(request, "Nothing was changed yet. Prove who you are, then do it again.")
        return redirect(f"{reverse('confirm_identity')}?{urlencode({'next': reverse('account')})}")

    return guarded


def must_keep_factor(request: HttpRequest) -> bool:
    """Asked of the person's own grants: in a view as a colleague the request offers none of them."""
    return needs_second_factor(grants_in_force(request.user, clock.today()))


@never_cache
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    return show_account(request)


def show_account(request: HttpRequest, *, feed_address: str = "") -> HttpResponse:
    """The page; ``feed_address`` is a calendar address that was just made."""
    grants = Grant.objects.filter(user=request.user).select_related("agency", "granted_by")
    context = {
        "person": request.user,
        "addresses": EmailAddress.objects.filter(user=request.user).order_by("pk"),
        "factors": factors_of(request.user),
        "needs_factor": must_keep_factor(request),
        "places": places_of(request),
        "grants": grants.order_by("ends_on", "-starts_on", "pk"),
        "today": clock.today(),
        "is_fresh": is_fresh(request),
        "password_refused_by": password_refused_by(request.user, clock.today()),
        "no_passkey": passkeys.why_not_here(request),
        "reminders": choice_of(request.user),
        "feed": feed_of(request.user),
        "feed_address": feed_address,
    }
    return render(request, "accounts/account.html", context)


@never_cache
@sensitive_post_parameters("password", "code", "credential")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_identity(request: HttpRequest) -> HttpResponse:
    """Prove again who one is: a passkey, or the password with a code where there is a second factor."""
    user, factors = request.user, factors_of(request.user)
    has_password = user.has_usable_password() and password_refused_by(user, clock.today()) is None
    error = ""
    if request.method == "POST":
        if not may_try(request, user, second=False):
            return locked_out(request)
        error = _why_not_proven(request, factors, has_password)
        if error == TOO_MANY:
            return locked_out(request)
        if not error:
            forget_failures(user, second=False)
            note_proof(request, is_full=True)
            return redirect(next_address(request))
    context = {
        "factors": factors,
        "has_password": has_password,
        "error": error,
        "next": next_address(request),
        "no_passkey": passkeys.why_not_here(request),
    }
    return render(request, "accounts/confirm_identity.html", context)


def _why_not_proven(request: HttpRequest, factors: Factors, has_password: bool) -> str:
    """Empty where what was posted proves who this is: everything that the person has, or a passkey alone."""
    user = request.user
    is_passkey = "credential" in request.POST and bool(factors.passkeys)
    if not is_passkey and not has_password and not factors.is_enrolled:
        return "There is nothing here to prove it with. Sign out, and sign in again through your district."
    if not is_passkey and has_password and not user.check_password(request.POST.get("password", "")):
        log_failure(user, "confirm")
        count_failure(request, user, second=False)
        return "That password is not right." if may_try(request, user, second=False) else TOO_MANY
    if not factors.is_enrolled:
        return ""
    shown = prove_factor(request)
    if shown == "locked":
        return TOO_MANY
    return "" if shown else "That is not right. Each code is good once, for half a minute."


@never_cache
@require_POST
@freshly_proven
def factor_remove(request: HttpRequest, pk: int) -> HttpResponse:
    why_not = second_factor.remove_factor(user=request.user, pk=pk, must_keep_one=must_keep_factor(request))
    factors = factors_of(request.user)
    change_mark(request, asks_second=factors.is_enrolled, passkey=bool(factors.passkeys))
    if why_not:
        messages.error(request, why_not)
    else:
        messages.success(request, "The second factor was removed.")
    return redirect("account")


@never_cache
@require_POST
@freshly_proven
def app_remove(request: HttpRequest) -> HttpResponse:
    """Take the authenticator app away; there is one at most."""
    from allauth.mfa.models import Authenticator

    row = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.TOTP).first()
    return factor_remove(request, row.pk if row else 0)


@never_cache
@require_POST
@freshly_proven
def recovery_codes_new(request: HttpRequest) -> HttpResponse:
    if not factors_of(request.user).is_enrolled:
        messages.error(request, "Recovery codes stand in for a second factor. Add one first.")
        return redirect("account")
    return show_new_codes(request, after=reverse("account"))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@freshly_proven
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password: every other session ends, this one goes on."""
    refused_by = password_refused_by(request.user, clock.today())
    if refused_by is not None:
        messages.error(
            request, f"{refused_by.agency.name} allows no password here: it signs you in by its own sign-in."
        )
        return redirect("account")
    if not may_try(request, request.user, second=False):
        return locked_out(request)
    form_class = PasswordChangeForm if request.user.has_usable_password() else SetPasswordForm
    form = form_class(request.user, request.POST or None)
    if "old_password" in form.errors:
        log_failure(request.user, "change password")
        count_failure(request, request.user, second=False)
    if request.method == "POST" and form.is_valid():
        mark = mark_of(request)
        lifecycle.set_password(user=request.user, password=form.cleaned_data["new_password1"], how="account")
        begin_session(
            request, request.user, first=mark["first"], second=mark["second"], asks_second=mark["asks_second"]
        )
        change_mark(request, passkey=mark["passkey"])
        mail.send_notice(
            request.user, "Your password was changed", "Your password was changed on your account page."
        )
        messages.success(request, "The password is changed. You are signed out everywhere else.")
        return redirect("account")
    return render(request, "accounts/password_change.html", {"form": form, "email": request.user.email})


@require_POST
@freshly_proven
def place_end(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out in one other place."""
    if end_place(request.user, pk):
        log_own(request.user, "end_session")
        messages.success(request, "Signed out there.")
    return redirect("account")


@require_POST
@freshly_proven
def places_end(request: HttpRequest) -> HttpResponse:
    count = end_sessions(request.user, but=request.session.session_key)
    log_own(request.user, "end_other_sessions", sessions=count)
    messages.success(request, "Signed out everywhere else.")
    return redirect("account")


@require_POST
@freshly_proven
def address_add(request: HttpRequest) -> HttpResponse:
    email = request.POST.get("email", "")
    try:
        validate_email(email.strip())
    except ValidationError:
        messages.error(request, "That is not an e-mail address. It looks like name@district.org.")
        return redirect("account")
    address = lifecycle.add_address(user=request.user, email=email)
    if address is None:
        messages.error(
            request, "That address belongs to an account already. If it is yours, ask your coordinator."
        )
        return redirect("account")
    token = signing.dumps({"address": address.pk, "email": address.email}, salt=ADDRESS_SALT)
    mail.send_address_link(
        request.user, address.email, request.build_absolute_uri(reverse("address_confirm", args=[token]))
    )
    messages.success(request, f"A link went to {address.email}. The address counts when you have opened it.")
    return redirect("account")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail, opened while signed in as the person it was sent for."""
    try:
        told = signing.loads(token, salt=ADDRESS_SALT, max_age=ADDRESS_SECONDS)
    except signing.BadSignature:
        told = {"address": 0, "email": ""}
    address = EmailAddress.objects.filter(
        user=request.user, pk=told["address"], email=told["email"], verified=False
    ).first()
    if address is None:
        messages.error(
            request, "That link is too old, was used, or is for another account. Add the address again."
        )
    elif request.method != "POST":
        return render(request, "accounts/address_confirm.html", {"email": address.email})
    else:
        lifecycle.confirm_address(address=address)
        messages.success(request, f"{address.email} is yours: you can sign in with it.")
    return redirect("account")


@require_POST
@freshly_proven
def address_remove(request: HttpRequest, pk: int) -> HttpResponse:
    if lifecycle.remove_address(user=request.user, pk=pk):
        messages.success(request, "The address was removed.")
    return redirect("account")
