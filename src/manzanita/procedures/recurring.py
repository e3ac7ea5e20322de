"""What procedures do by the clock."""

from __future__ import annotations

from manzanita.platform.recurring import recurring
from manzanita.procedures.check_findings import enqueue_check


@recurring("findings.check-changed", every_seconds=3)
def check_changed() -> None:
    """Have the rules judge whoever has changed."""
    enqueue_check()
