"""The blocks that stand against people who looked at far too many students, and lifting one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from django.db import transaction
from django.db.models import QuerySet

from manzanita.auditing.actions import Reader, log_change
from manzanita.auditing.models import ViewingBlock
from manzanita.auditing.viewing import watched
from manzanita.platform import clock
from manzanita.platform.kept_queries import KeptQuery, Told

LONGEST_WORD = 300


def open_block(user_id: int) -> ViewingBlock | None:
    """The block that stands against the person, if any. Every page with a student asks."""
    found = _standing().ask(user=user_id)
    return ViewingBlock.objects.get(pk=found[0][0]) if found else None


@cache
def _standing() -> KeptQuery:
    rows = ViewingBlock.objects.filter(user_id=Told("user"), lifted_at__isnull=True)
    return KeptQuery(rows.order_by("pk").values_list("pk")[:1])


def open_blocks(agency_codes: Iterable[str]) -> QuerySet[ViewingBlock]:
    """Blocks that stand against people of these agencies, oldest first."""
    return ViewingBlock.objects.filter(agency_code__in=list(agency_codes), lifted_at__isnull=True).order_by(
        "since"
    )


@transaction.atomic
def lift_block(*, block: ViewingBlock, by: Reader | None, word: str) -> bool:
    """Open the person's student pages again; ``False`` where somebody has done so already.

    Whether ``by`` may is decided by the caller; ``None`` is the installation. Raises ``ValueError`` where it would be
    one's own, or without a word.
    """
    if by is not None and by.user_id == block.user_id:
        raise ValueError("Nobody lifts their own block")
    word = word.strip()[:LONGEST_WORD]
    if not word:
        raise ValueError("Say why the pages are opened again")
    count = watched(block.user_id)
    lifted = ViewingBlock.objects.filter(pk=block.pk, lifted_at__isnull=True).update(
        lifted_by_id=None if by is None else by.user_id, lifted_at=clock.now(), word=word
    )
    if lifted:
        # What led to the block counts no more: the next page would block again.
        count.hour_count = count.hour_before_count = count.day_count = 0
        count.counted_from = clock.now()
        count.save()
        log_change(actor=by, action="lift_viewing_block", subject=block, reason=word)
    return bool(lifted)
