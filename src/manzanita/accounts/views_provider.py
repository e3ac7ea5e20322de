"""The way through a district's provider: there, back, and every reason why it leads nowhere."""

from __future__ import annotations

import logging
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from requests import RequestException

from manzanita.accounts.models import SignInDomain
from manzanita.accounts.sign_in_log import log_failure
from manzanita.accounts.single_sign_on import (
    ProviderRefused,
    SignedTokenAdapter,
    domain_of_provider,
    person_told,
    provider_id,
)
from manzanita.platform import clock

logger = logging.getLogger(__name__)

NO_ANSWER = "The sign-in of your district did not answer as it should. Try again in some minutes."


def to_provider(request: HttpRequest, domain: SignInDomain, to: str) -> HttpResponse:
    """A page that goes on to the provider by itself: a redirect after a form would need every provider's address
    in the policy of the sign-in page."""
    try:
        provider = get_adapter(request).get_provider(request, provider=provider_id(domain))
        provider.oauth2_adapter_class = SignedTokenAdapter
        answer = provider.redirect(request, process="login", next_url=to)
    except (OAuth2Error, RequestException, KeyError, ValueError) as error:
        return provider_failed(request, AuthError.UNKNOWN, error)
    if answer.status_code != 302:
        return answer
    return render(request, "accounts/to_provider.html", {"domain": domain.domain, "address": answer.url})


@login_not_required
@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Where the provider sends the person back."""
    if domain_of_provider(provider_id, clock.today()) is None:
        raise Http404
    view = OAuth2CallbackView.adapter_view(SignedTokenAdapter(request, provider_id))
    try:
        return view(request)
    except (KeyError, ValueError, TypeError) as error:
        return provider_failed(request, AuthError.UNKNOWN, error)


def signed_in_by_provider(request: HttpRequest, sociallogin: SocialLogin) -> HttpResponse:
    """The token is genuine. Whether it signs anybody in is decided here."""
    from manzanita.accounts.views import enter

    domain = domain_of_provider(sociallogin.provider.app.provider_id, clock.today())
    claims = sociallogin.account.extra_data.get("id_token") or {}
    try:
        if domain is None:
            raise ProviderRefused("The sign-in of your district is not in force any more.")
        user, has_second = person_told(domain, claims)
    except ProviderRefused as refused:
        log_failure(refused.user, "provider")
        return render(request, "accounts/provider_refused.html", {"why": refused.why}, status=403)
    to = sociallogin.state.get("next") or "/"
    return enter(request, user, first="provider", second="provider" if has_second else "", to=to)


def provider_failed(request: HttpRequest, error: Any, exception: BaseException | None) -> HttpResponse:
    """Something between here and the provider went wrong; which kind stands in the log, what it held does not."""
    if error == AuthError.CANCELLED:
        why = "You left the sign-in of your district before its end."
    else:
        why = NO_ANSWER
        logger.warning("sign-in through a provider failed: %s", type(exception).__name__)
    return render(request, "accounts/provider_refused.html", {"why": why}, status=403)
