"""Files that somebody gave us, under names of our own: what a person calls a file is never a path."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file on disk: its name in the files folder, and the digest of its content in hex."""

    stored_name: str
    sha256: str


def new_stored_name() -> str:
    """A name for a file that is written later: whoever keeps it first never has a file without a row."""
    return uuid.uuid4().hex


def store_file(chunks: Iterable[bytes], *, name: str = "") -> StoredFile:
    """Write the content whole or not at all, readable by us alone.

    Under ``name`` (of :func:`new_stored_name`) it takes the place of what an earlier attempt left.
    """
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (name or new_stored_name())
    partial = path.with_suffix(".part")
    if name:
        partial.unlink(missing_ok=True)
    digest = hashlib.sha256()
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return StoredFile(path.name, digest.hexdigest())


def read_stored_file(stored_name: str) -> bytes:
    """The content. Raises ``FileNotFoundError`` where somebody cleared the folder."""
    return (Path(settings.MEDIA_ROOT) / stored_name).read_bytes()


def remove_stored_file(stored_name: str) -> None:
    """Remove a file, and what an attempt to write it left. One that is gone already is no error."""
    path = Path(settings.MEDIA_ROOT) / stored_name
    for one in (path, path.with_suffix(".part")):
        one.unlink(missing_ok=True)
