"""Signing portable files with the key of this installation (Ed25519), and telling whose signature one bears."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from manzanita.platform.key_files import make_key, read_key
from manzanita.transfers.models import TrustedKey


class Signature(StrEnum):
    """What the signature of a file is worth."""

    OWN = "own"
    TRUSTED = "trusted"
    UNKNOWN = "unknown"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Signed:
    """``signature`` and ``public_key`` in hexadecimal digits."""

    signature: str
    public_key: str


def sign(content: bytes) -> Signed:
    """Raises ``KeyUnusable``. The key is made with the first file; another one later signs as somebody else, whom
    others have to learn to know."""
    key = _key()
    return Signed(key.sign(content).hex(), key.public_key().public_bytes_raw().hex())


def verify(content: bytes, signed: Signed) -> tuple[Signature, TrustedKey | None]:
    """Whether ``content`` is what the key signed, and whether one knows whose key that is."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.public_key))
        public.verify(bytes.fromhex(signed.signature), content)
    except (ValueError, InvalidSignature):
        return Signature.BROKEN, None
    if signed.public_key == _key().public_key().public_bytes_raw().hex():
        return Signature.OWN, None
    known = TrustedKey.objects.filter(public_key=signed.public_key, ended_at__isnull=True).first()
    return (Signature.TRUSTED, known) if known else (Signature.UNKNOWN, None)


def fingerprint(public_key: str) -> str:
    """The key in groups of four digits, to be read aloud on the telephone."""
    return " ".join(public_key[start : start + 4] for start in range(0, len(public_key), 4))


def own_fingerprint() -> str:
    return fingerprint(_key().public_key().public_bytes_raw().hex())


def _key() -> Ed25519PrivateKey:
    path = Path(settings.STUDENT_FILE_KEY_FILE)
    if not path.exists():
        make_key(path)
    return Ed25519PrivateKey.from_private_bytes(read_key(path, called="key of student files")[:32])
