"""The second step of a sign-in, and setting a second factor up: the only pages a session has before it."""

from __future__ import annotations

import base64
import io

import qrcode
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.utils import decrypt, encrypt
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from qrcode.image.svg import SvgPathImage

from manzanita.accounts import mail, passkeys, second_factor
from manzanita.accounts.attempts import count_failure, forget_failures, may_try
from manzanita.accounts.sessions import SessionState, is_fresh, note_proof
from manzanita.accounts.sign_in_log import log_failure, log_own
from manzanita.accounts.views import locked_out, next_address

NEW_SECRET = "new_totp_secret"
SHOW_CODES = "show_recovery_codes"
WRONG_CODE = "That is not the code of now. Wait for the next one: each is good once, for half a minute."


def prove_factor(request: HttpRequest) -> str:
    """Judge a posted ``code`` or ``credential`` of the signed-in person: what was shown (``totp``, ``recovery``,
    ``passkey``), or empty. Failures are counted and logged; ``locked`` after too many."""
    user = request.user
    if not may_try(request, user, second=True):
        return "locked"
    if "credential" in request.POST:
        shown = "passkey" if passkeys.is_shown_by(user, request.POST["credential"]) else ""
    else:
        shown = second_factor.check_code(user, request.POST.get("code", ""))
    if shown:
        forget_failures(user, second=True)
        return shown
    log_failure(user, "second factor")
    count_failure(request, user, second=True)
    return "" if may_try(request, user, second=True) else "locked"


@never_cache
@sensitive_post_parameters("code", "credential")
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """The second step. Who has no second factor yet sets one up first."""
    if request.session_state is not SessionState.SECOND_FACTOR:
        return redirect(next_address(request))
    factors = second_factor.factors_of(request.user)
    if not factors.is_enrolled:
        return _setup_page(request)
    error = ""
    if request.method == "POST":
        shown = prove_factor(request)
        if shown == "locked":
            return locked_out(request)
        if shown:
            return _passed(request, shown, has_passkey=bool(factors.passkeys))
        error = (
            WRONG_CODE
            if "code" in request.POST
            else "That passkey is not one of yours. Try another, or a code."
        )
    context = {
        "factors": factors,
        "error": error,
        "next": next_address(request),
        "no_passkey": passkeys.why_not_here(request),
    }
    return render(request, "accounts/second_factor.html", context)


def _passed(request: HttpRequest, shown: str, *, has_passkey: bool) -> HttpResponse:
    note_proof(request, is_full=True, second=shown, asks_second=True, passkey=has_passkey)
    log_own(request.user, "give_second_factor", kind=shown)
    if shown == "recovery":
        mail.send_notice(
            request.user,
            "A recovery code was used",
            "One of your recovery codes was used to sign in. It is worth nothing any more.",
        )
    return redirect(next_address(request))


def may_enroll(request: HttpRequest) -> bool:
    """A first second factor comes with the first sign-in. A further one only from a session that has just proven
    who it is: a password alone must never be enough to add a factor beside one that is there."""
    if request.session_state is SessionState.SECOND_FACTOR:
        return not second_factor.has_second_factor(request.user)
    return request.session_state is SessionState.OPEN and is_fresh(request)


def _back_to_proof(request: HttpRequest) -> HttpResponse:
    return redirect(
        "second_factor" if request.session_state is SessionState.SECOND_FACTOR else "confirm_identity"
    )


def _new_secret(request: HttpRequest) -> str:
    """The secret offered last, so that a page that is opened again shows the same QR code."""
    kept = request.session.get(NEW_SECRET)
    return decrypt(kept) if kept else ""


def _setup_page(request: HttpRequest, error: str = "") -> HttpResponse:
    secret = _new_secret(request) or generate_totp_secret()
    request.session[NEW_SECRET] = encrypt(secret)
    context = {
        "qr": _qr(second_factor.totp_address(request.user, secret)),
        "key": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "error": error,
        "next": next_address(request),
        "is_needed": request.session_state is SessionState.SECOND_FACTOR,
        "has_app": second_factor.factors_of(request.user).totp_since is not None,
        "no_passkey": passkeys.why_not_here(request),
    }
    return render(request, "accounts/second_factor_setup.html", context)


@never_cache
@require_GET
def setup(request: HttpRequest) -> HttpResponse:
    return _setup_page(request) if may_enroll(request) else _back_to_proof(request)


@never_cache
@sensitive_post_parameters("code")
@require_POST
def authenticator_app(request: HttpRequest) -> HttpResponse:
    """Keep the authenticator app that shows the right code."""
    secret = _new_secret(request)
    if not may_enroll(request):
        return _back_to_proof(request)
    if not may_try(request, request.user, second=True):
        return locked_out(request)
    code = "".join(request.POST.get("code", "").split())
    if not secret or not second_factor.is_code_of(secret, code):
        count_failure(request, request.user, second=True)
        return _setup_page(
            request, error=f"{WRONG_CODE} If it goes on, check that the phone's clock is right."
        )
    second_factor.enroll_totp(user=request.user, secret=secret, code=code)
    return _enrolled(request, "totp", "An authenticator app was added to your account.")


@never_cache
@sensitive_post_parameters("credential")
@require_POST
def passkey_add(request: HttpRequest) -> HttpResponse:
    if not may_enroll(request):
        return _back_to_proof(request)
    is_kept = passkeys.finish_new(
        user=request.user, name=request.POST.get("name", ""), credential=request.POST.get("credential", "")
    )
    if not is_kept:
        return _setup_page(request, error="The passkey was not made. Try again, or use an authenticator app.")
    return _enrolled(request, "passkey", "A passkey was added to your account.")


def _enrolled(request: HttpRequest, shown: str, told: str) -> HttpResponse:
    """The new factor counts for this session; with the first one come recovery codes, shown once."""
    request.session.pop(NEW_SECRET, None)
    forget_failures(request.user, second=True)
    mail.send_notice(request.user, "A second factor was added", told)
    is_first = second_factor.factors_of(request.user).recovery_left == 0
    to = next_address(request)
    changes = {"passkey": True} if shown == "passkey" else {}
    note_proof(request, is_full=True, second=shown, asks_second=True, **changes)
    if not is_first:
        return redirect("account")
    return show_new_codes(request, after=to)


def show_new_codes(request: HttpRequest, *, after: str) -> HttpResponse:
    """Make recovery codes and lead to the page that shows them: until then the session keeps them, encrypted."""
    request.session[SHOW_CODES] = encrypt(" ".join(second_factor.new_recovery_codes(request.user)))
    request.session["after_codes"] = after
    return redirect("recovery_codes")


@never_cache
@require_GET
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New codes, the one time they are shown."""
    kept = request.session.pop(SHOW_CODES, "")
    if not kept:
        return redirect("account")
    context = {
        "codes": decrypt(kept).split(),
        "next": request.session.pop("after_codes", "/"),
    }
    return render(request, "accounts/recovery_codes.html", context)


@login_not_required
@never_cache
@require_GET
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What the browser needs for a passkey: ``?for=sign-in``, ``factor`` (a passkey of this person) or ``new``."""
    what, state = request.GET.get("for"), request.session_state
    if what == "sign-in":
        return JsonResponse(passkeys.begin_use(None))
    if what == "factor" and request.user.is_authenticated:
        return JsonResponse(passkeys.begin_use(request.user))
    if what == "new" and state in (SessionState.SECOND_FACTOR, SessionState.OPEN) and may_enroll(request):
        return JsonResponse(passkeys.begin_new(request.user))
    return JsonResponse({"error": "Sign in again, then try once more."}, status=403)


def _qr(text: str) -> str:
    """An SVG as an address that an image can have: the content policy allows no inline one."""
    made = io.BytesIO()
    qrcode.make(text, image_factory=SvgPathImage, border=2).save(made)
    return "data:image/svg+xml;base64," + base64.b64encode(made.getvalue()).decode()
