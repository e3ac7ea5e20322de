"""Invitation and new password: links that are good once. Neither signs anybody in, neither touches a factor."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from manzanita.accounts import mail
from manzanita.accounts.lifecycle import set_password
from manzanita.accounts.one_time_links import INVITATION, NEW_PASSWORD, Purpose, token_for, user_of
from manzanita.accounts.queries import person_with_email
from manzanita.accounts.sign_in_log import count_own, log_own
from manzanita.accounts.single_sign_on import password_refused_by
from manzanita.platform import clock

# Nobody's mailbox is filled by somebody else.
MAILS_PER_HOUR = 3


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_password(request: HttpRequest) -> HttpResponse:
    """Mail a link to a known address; the page says the same of every address."""
    email = request.POST.get("email", "").strip().lower()
    if request.method == "POST" and email:
        _mail_link(request, email)
        return render(request, "accounts/password_asked.html", {"email": email})
    return render(request, "accounts/password_ask.html", {"email": request.GET.get("email", "")})


def _mail_link(request: HttpRequest, email: str) -> None:
    user = person_with_email(email)
    if user is None or not user.is_active:
        return
    if count_own(user, "ask_new_password", within=timedelta(hours=1)) >= MAILS_PER_HOUR:
        return
    log_own(user, "ask_new_password")
    domain = password_refused_by(user, clock.today())
    if domain is not None:
        mail.send_no_password(user, email, domain.agency.name)
        return
    path = reverse("new_password", args=[token_for(user, NEW_PASSWORD)])
    mail.send_password_link(user, email, request.build_absolute_uri(path))


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest, token: str) -> HttpResponse:
    return _choose(request, token, NEW_PASSWORD, "mail")


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    return _choose(request, token, INVITATION, "invitation")


def _choose(request: HttpRequest, token: str, purpose: Purpose, how: str) -> HttpResponse:
    user = user_of(token, purpose)
    if user is None:
        return render(
            request, "accounts/link_spent.html", {"is_invitation": purpose is INVITATION}, status=410
        )
    if password_refused_by(user, clock.today()) is not None:
        return redirect("sign_in")
    form = SetPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        set_password(user=user, password=form.cleaned_data["new_password1"], how=how)
        if purpose is NEW_PASSWORD:
            mail.send_notice(
                user, "Your password was changed", "Your password was changed through a mailed link."
            )
        return render(request, "accounts/password_chosen.html", {"email": user.email})
    context = {
        "form": form,
        "is_invitation": purpose is INVITATION,
        "email": user.email,
        "person_name": user.name,
    }
    return render(request, "accounts/password_choose.html", context)
