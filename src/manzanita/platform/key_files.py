"""Secret keys in files outside the database, so that who owns the database has none of them."""

from __future__ import annotations

import os
import stat
import uuid
from pathlib import Path

KEY_BYTES = 32


class KeyUnusable(Exception):
    """There is no key, or others may read it: the message says which file and what to do."""


def read_key(path: Path, *, called: str) -> bytes:
    """The key that the file holds as hexadecimal text. ``called`` is what messages call it. Raises ``KeyUnusable``."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyUnusable(f"Others can read the {called} {path}. Make it yours alone: chmod 600 {path}")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except (ValueError, PermissionError) as error:
        raise KeyUnusable(f"The {called} {path} cannot be read as hexadecimal text.") from error
    if len(key) < KEY_BYTES:
        raise KeyUnusable(f"The {called} {path} is shorter than {KEY_BYTES} bytes.")
    return key


def make_key(path: Path) -> None:
    """Write a new key, readable by its owner alone. Where another process is first, its key is the key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(KEY_BYTES).hex())
            file.flush()
            os.fsync(file.fileno())
        # Linking fails where another process was first.
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink(missing_ok=True)
