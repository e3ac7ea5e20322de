"""The key of the seals: in a file outside the database, so that who owns the database cannot make seals."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

from manzanita.auditing.models import SealHead
from manzanita.platform.key_files import KEY_BYTES, KeyUnusable, make_key, read_key

__all__ = ["KEY_BYTES", "KeyUnusable", "audit_key", "fingerprint"]


def audit_key() -> bytes:
    """The key, made at the first seal of an installation. Raises ``KeyUnusable``.

    Once there are seals a missing key is never made anew: a second key would make every seal look forged.
    """
    path = Path(settings.AUDIT_KEY_FILE)
    if not path.exists():
        if SealHead.objects.exists():
            raise KeyUnusable(
                f"The audit key {path} is gone, and the logs are sealed with it. Bring it back from your backup of "
                "keys, or name its file in MANZANITA_AUDIT_KEY_FILE."
            )
        make_key(path)
    return read_key(path, called="audit key")


def fingerprint(key: bytes) -> str:
    """Tells keys apart without telling anything of them."""
    return hashlib.sha256(b"manzanita audit key" + key).hexdigest()[:12]
