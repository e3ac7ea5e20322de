"""Writing how the people of an e-mail domain sign in. Which values make sense together is judged here, in words."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from manzanita.accounts.models import SignInDomain
from manzanita.auditing.actions import Reader, log_change
from manzanita.orgs.models import Agency

_DOMAIN = re.compile(r"(?=.{4,190}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}")
_SECRET = re.compile(r"env:MANZANITA_OIDC_[A-Z0-9_]+|file:[A-Za-z0-9][A-Za-z0-9._-]*")


@transaction.atomic
def set_sign_in_domain(
    *,
    domain: str,
    agency: Agency,
    starts_on: date,
    by: Reader | None,
    reason: str,
    server_url: str = "",
    client_id: str = "",
    secret_reference: str = "",
    is_email_vouched: bool = False,
    mfa_values: str = "",
    password_allowed: bool = True,
    ends_on: date | None = None,
) -> SignInDomain:
    """Add the domain, or change what stands for it. Fields as on the model.

    Raises ``ValueError`` naming the field and the fix; nothing is written then.
    """
    domain = domain.strip().lower().removeprefix("@")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError("domain: write what stands after the @ of the addresses, such as district.org.")
    taken = SignInDomain.objects.filter(domain=domain).select_related("agency").first()
    if taken is not None and taken.agency_id != agency.pk:
        raise ValueError(f"domain: {domain} belongs to {taken.agency.name}, which has to let it go first.")
    if bool(server_url) != bool(client_id):
        raise ValueError(
            "server_url and client_id: a provider needs both, a domain without a provider neither."
        )
    if not server_url and not password_allowed:
        raise ValueError(
            "password_allowed: without a provider the people of this domain could not sign in at all."
        )
    if server_url and urlsplit(server_url).scheme != "https" and settings.PRODUCTION:
        raise ValueError("server_url: has to begin with https://.")
    if secret_reference and not _SECRET.fullmatch(secret_reference):
        raise ValueError(
            "secret_reference: not the secret itself, but where it lies: env:MANZANITA_OIDC_NAME, or file:NAME for a "
            "file in the folder secrets."
        )
    values = {
        "agency": agency,
        "server_url": server_url,
        "client_id": client_id,
        "secret_reference": secret_reference,
        "is_email_vouched": is_email_vouched,
        "mfa_values": mfa_values,
        "password_allowed": password_allowed,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }
    row, is_new = SignInDomain.objects.update_or_create(domain=domain, defaults=values)
    log_change(
        actor=by,
        action="add_sign_in_domain" if is_new else "change_sign_in_domain",
        subject=row,
        reason=reason,
        detail={"password_allowed": password_allowed, "has_provider": row.has_provider},
    )
    return row
