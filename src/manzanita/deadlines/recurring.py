"""What the clocks do by the clock."""

from __future__ import annotations

from manzanita.deadlines.jobs import enqueue_stale
from manzanita.platform.recurring import recurring


@recurring("deadlines.count-stale", every_seconds=3)
def count_stale() -> None:
    """Have the clocks of whatever has changed counted."""
    enqueue_stale()
