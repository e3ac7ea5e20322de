"""Signing in through a district's own OpenID Connect provider, found by the domain of the e-mail address.

A provider speaks for the addresses of its own domain and for no other, so that no district's provider can sign
in somebody of another district. Nobody gets an account by it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.db.models import Q

from manzanita.accounts.mail import addresses_of
from manzanita.accounts.models import SignInDomain, User
from manzanita.accounts.queries import person_with_email

ENV_PREFIX = "MANZANITA_OIDC_"
# Signatures of a key pair: a shared secret would let whoever can check a token also make one.
ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}

WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class ProviderRefused(Exception):
    """Why what a provider said signs nobody in, in words for the person. ``user`` where it is known who tried."""

    why: str
    user: User | None = None


def domain_of(email: str) -> str:
    return email.rpartition("@")[2].strip().lower()


def sign_in_domain(email: str, on: date) -> SignInDomain | None:
    """How people of this address's domain sign in on the day ``on``, where anything is set for it."""
    return _in_force(on).filter(domain=domain_of(email)).first()


def domain_of_provider(provider_id: str, on: date) -> SignInDomain | None:
    """The row behind an id such as ``domain-3``, as it stands in addresses and in the state of a sign-in."""
    word, _, number = provider_id.partition("-")
    if word != "domain" or not number.isdecimal():
        return None
    found = _in_force(on).filter(pk=int(number)).first()
    return found if found is not None and found.has_provider else None


def password_refused_by(user: User, on: date) -> SignInDomain | None:
    """The domain, of any of the person's addresses, whose district allows no password."""
    domains = {domain_of(address) for address in addresses_of(user)}
    return _in_force(on).filter(domain__in=domains, password_allowed=False).select_related("agency").first()


def provider_id(domain: SignInDomain) -> str:
    return f"domain-{domain.pk}"


def app_of(domain: SignInDomain) -> SocialApp:
    """The row as allauth wants it. It is never saved, so the secret is never stored."""
    if settings.PRODUCTION and urlsplit(domain.server_url).scheme != "https":
        raise OAuth2Error("a provider without TLS")
    return SocialApp(
        provider="openid_connect",
        provider_id=provider_id(domain),
        name=domain.domain,
        client_id=domain.client_id,
        secret=_secret(domain.secret_reference),
        settings={
            "server_url": domain.server_url,
            "oauth_pkce_enabled": True,
            # Who it is, is taken from the signed token alone.
            "fetch_userinfo": False,
        },
    )


def person_told(domain: SignInDomain, claims: dict[str, Any]) -> tuple[User, bool]:
    """Who the provider of ``domain`` says is there, and whether its second factor counts here.

    Raises ``ProviderRefused`` with the reason in words.
    """
    email = str(claims.get("email") or "").strip().lower()
    if not email:
        raise ProviderRefused("Your district's sign-in did not say your e-mail address.")
    if domain_of(email) != domain.domain:
        raise ProviderRefused(
            f"Your district's sign-in named an address outside {domain.domain}. It can only speak for its own."
        )
    if claims.get("email_verified") not in (True, "true") and not domain.is_email_vouched:
        raise ProviderRefused("Your district's sign-in has not confirmed your e-mail address.")
    user = person_with_email(email)
    if user is None:
        raise ProviderRefused(
            f"Your district knows you, but there is no account for {email} here. Nothing was made."
        )
    if not user.is_active:
        raise ProviderRefused("This account is closed.", user)
    trusted = set(domain.mfa_values.split())
    return user, bool(trusted & _said_of_factors(claims))


class SignedTokenAdapter(OpenIDConnectOAuth2Adapter):
    """allauth takes a token that came over TLS unchecked; here its signature counts, wherever it came from."""

    def complete_login(self, request, app, token, **kwargs):
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("no id_token")
        return super().complete_login(request, app, token, **kwargs)

    def _decode_id_token(self, app, id_token):
        said, ours = self.openid_config.get("issuer"), app.settings["server_url"]
        if not isinstance(said, str) or said.rstrip("/") != ours.removesuffix(WELL_KNOWN).rstrip("/"):
            raise OAuth2Error("another issuer than the one that was set up")
        try:
            header = jwt.get_unverified_header(id_token)
            if header.get("alg") not in ALGORITHMS or "kid" not in header:
                raise OAuth2Error("id_token without a signature of a key pair")
            return jwtkit.verify_and_decode(
                credential=id_token,
                keys_url=self.openid_config["jwks_uri"],
                issuer=self.openid_config["issuer"],
                audience=app.client_id,
                lookup_kid=jwtkit.lookup_kid_jwk,
                verify_signature=True,
            )
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise OAuth2Error("invalid id_token") from error


def _said_of_factors(claims: dict[str, Any]) -> set[str]:
    amr = claims.get("amr") or []
    said = {str(word) for word in (amr if isinstance(amr, list) else [amr])}
    return said | ({str(claims["acr"])} if claims.get("acr") else set())


def _in_force(on: date):
    return SignInDomain.objects.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on), starts_on__lte=on)


def _secret(reference: str) -> str:
    """Raises ``OAuth2Error`` where the reference leads nowhere: the sign-in then says that it is not set up."""
    kind, _, name = reference.partition(":")
    if not reference:
        return ""
    if kind == "env" and name.startswith(ENV_PREFIX) and name in os.environ:
        return os.environ[name]
    path = settings.VAR_DIR / "secrets" / name
    # A plain name: a row must not be able to point at any file of the machine.
    if kind == "file" and name == Path(name).name and path.is_file():
        return path.read_text(encoding="utf-8").strip()
    raise OAuth2Error("the provider's secret is not there")
