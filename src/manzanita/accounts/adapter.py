"""Where allauth asks this site how it wants things: named in the settings."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, NoReturn

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest

from manzanita.accounts.second_factor import ISSUER
from manzanita.accounts.single_sign_on import app_of, domain_of_provider
from manzanita.platform import clock


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: accounts are given."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of factors are encrypted with a key made from the secret key of the installation."""

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()

    def _get_site_name(self) -> str:
        return ISSUER


class ProviderAdapter(DefaultSocialAccountAdapter):
    """Providers are the rows of ``SignInDomain``; what they say is judged by us, and allauth stores nothing."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        domain = domain_of_provider(provider or "", clock.today())
        return [] if domain is None else [app_of(domain)]

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        from manzanita.accounts.views_provider import signed_in_by_provider

        raise ImmediateHttpResponse(signed_in_by_provider(request, sociallogin))

    def get_requests_session(self) -> requests.Session:
        """Providers are asked where they were set up to be, and nowhere that an answer leads to."""
        session = super().get_requests_session()
        session.max_redirects = 0
        return session

    def on_authentication_error(self, request: HttpRequest, provider: Any, **told: Any) -> NoReturn:
        from manzanita.accounts.views_provider import provider_failed

        raise ImmediateHttpResponse(provider_failed(request, told.get("error"), told.get("exception")))


def _box() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hashlib.sha256(b"second factors:" + key.encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
