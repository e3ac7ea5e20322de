"""What the directory does by the clock."""

from __future__ import annotations

from manzanita.orgs.request_actions import begin_due_names
from manzanita.platform.recurring import recurring


@recurring("orgs.begin-names", every_seconds=300)
def begin_names() -> None:
    """Let names begin whose day has come."""
    begin_due_names()
