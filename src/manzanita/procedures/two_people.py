"""Two records that seemed to be of one student are of two: said, or taken back, and what hangs on it looked at anew."""

from __future__ import annotations

from django.db import transaction

from manzanita.domain.access import Actor
from manzanita.procedures.merging_base import look_at_arrivals
from manzanita.students.duplicates import ask_again, settle_as_two
from manzanita.students.models import DuplicatePair


@transaction.atomic
def say_two(*, actor: Actor, pair: DuplicatePair, reason: str) -> bool:
    """``False`` where somebody had said so already."""
    is_new = settle_as_two(actor=actor, pair=pair, reason=reason)
    if is_new:
        look_at_arrivals(pair.student_id, pair.other_id)
    return is_new


@transaction.atomic
def ask_whether_two(*, actor: Actor, pair: DuplicatePair) -> bool:
    """Take it back; ``False`` where it stands no more."""
    is_new = ask_again(actor=actor, pair=pair)
    if is_new:
        look_at_arrivals(pair.student_id, pair.other_id)
    return is_new
