"""The key of the seals: in a file outside the database, so that who owns the database cannot make seals."""

from __future__ import annotations

import hashlib
import os
import stat
import uuid
from pathlib import Path

from django.conf import settings

from manzanita.auditing.models import SealHead

KEY_BYTES = 32


class KeyUnusable(Exception):
    """There is no key, or others may read it: the message says which file and what to do."""


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
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyUnusable(f"Others can read the audit key {path}. Make it yours alone: chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (ValueError, PermissionError) as error:
        raise KeyUnusable(f"The audit key {path} cannot be read as hexadecimal text.") from error
    if len(key) < KEY_BYTES:
        raise KeyUnusable(f"The audit key {path} is shorter than {KEY_BYTES} bytes.")
    return key


def fingerprint(key: bytes) -> str:
    """Tells keys apart without telling anything of them."""
    return hashlib.sha256(b"manzanita audit key" + key).hexdigest()[:12]


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(KEY_BYTES).hex())
            file.flush()
            os.fsync(file.fileno())
        # Linking fails where another process was first: then its key is the key.
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink(missing_ok=True)
