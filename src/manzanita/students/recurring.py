"""What students have done by the clock."""

from __future__ import annotations

from manzanita.platform.reach import whole_installation
from manzanita.platform.recurring import recurring
from manzanita.students.pasted_sets import forget_ended


@recurring("students.forget-pasted", every_seconds=900)
@whole_installation("lists that have ended are forgotten, whosever they are; nothing of them is shown")
def forget_pasted() -> None:
    """Forget pasted lists that have ended."""
    forget_ended()
