"""What a command that reads whole files asks of the memory allocator of Polars, before Polars is imported."""

from __future__ import annotations

import os


def keep_freed_memory() -> None:
    """Take what Polars frees for the next partition instead of giving it back to the system and asking again.

    Each page that is asked for anew costs the system microseconds, a fifth of all the processor time of a large folder.
    Not for processes that serve pages. An operator's own setting stands; where Polars is at hand already, nothing
    changes.
    """
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1")
