"""Recovery codes: ten of ten digits that stand in for a second factor once each, kept as slow hashes.

They are known only at the moment they are made. One salt for the ten, so that a try costs one hash and not ten.
"""

from __future__ import annotations

import secrets

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import transaction
from django.utils.crypto import constant_time_compare, get_random_string

from manzanita.accounts.models import User

COUNT, DIGITS = 10, 10
_KIND = Authenticator.Type.RECOVERY_CODES


@transaction.atomic
def make_codes(user: User) -> list[str]:
    """Ten new codes; the ones before are worth nothing from now on."""
    codes = [f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" for _ in range(COUNT)]
    salt = get_random_string(22)
    Authenticator.objects.filter(user=user, type=_KIND).delete()
    Authenticator.objects.create(
        user=user, type=_KIND, data={"hashes": [make_password(code, salt) for code in codes]}
    )
    return codes


def codes_left(row: Authenticator | None) -> int:
    """How many of the codes in ``row`` were not used yet."""
    return 0 if row is None else len(row.data.get("hashes", []))


@transaction.atomic
def spend_code(user: User, code: str) -> bool:
    """Is ``code`` one of those left? Then it is used up."""
    if len(code) != DIGITS or not code.isdecimal():
        return False
    row = Authenticator.objects.select_for_update().filter(user=user, type=_KIND).first()
    if row is None or codes_left(row) == 0:
        return False
    left = row.data["hashes"]
    tried = _hashed_like(left[0], code)
    others = [one for one in left if not constant_time_compare(one, tried)]
    if len(others) == len(left):
        return False
    row.data["hashes"] = others
    row.save()
    return True


def _hashed_like(known: str, code: str) -> str:
    """With the salt and the rounds of ``known``, whatever the settings say by now."""
    hasher = identify_hasher(known)
    told = hasher.decode(known)
    rounds = {"iterations": told["iterations"]} if "iterations" in told else {}
    return hasher.encode(code, told["salt"], **rounds)
