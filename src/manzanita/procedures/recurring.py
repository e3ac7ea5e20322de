"""What procedures do by the clock."""

from __future__ import annotations

from manzanita.platform.recurring import recurring
from manzanita.procedures.check_findings import enqueue_check
from manzanita.procedures.student_transfers import settle_by_policy


@recurring("findings.check-changed", every_seconds=3)
def check_changed() -> None:
    """Have the rules judge whoever has changed."""
    enqueue_check()


@recurring("transfers.settle", every_seconds=60)
def settle_transfers() -> None:
    """Accept what policies of SELPAs accept since the last SIS file."""
    settle_by_policy()
