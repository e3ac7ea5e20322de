"""What a send ends: adoptions, leavings and changes that can be taken back until the state is told."""

from __future__ import annotations

from django.db.models import Q

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.arrivals.models import AdoptionItem
from manzanita.domain.access import Actor
from manzanita.exchange.queries import operations_of
from manzanita.leaving.models import Leaving
from manzanita.procedures.take_back import TITLES
from manzanita.ui.formats import plural


def ends_with_sending(actor: Actor) -> list[str]:
    """How many of each kind go with what may be sent now, in words; nothing where none does. Three queries."""
    ready = operations_of(actor).filter(hold_code="").order_by()
    archives = ready.filter(archive_id__isnull=False).values("archive_id")
    deleted = ArchivedRecord.objects.filter(record_key__in=ready.filter(kind="delete").values("record_key"))
    adopted = AdoptionItem.objects.filter(state="adopted")
    left = Leaving.objects.filter(state="done")
    is_told = Q(archive_id__in=archives) | Q(adopted_archive_id__in=deleted.values("archive_id"))
    changed = (
        Archive.objects.filter(pk__in=archives, cause__in=TITLES)
        .exclude(pk__in=adopted.filter(archive_id__isnull=False).values("archive_id"))
        .exclude(pk__in=left.filter(archive_id__isnull=False).values("archive_id"))
    )
    for title in TITLES.values():
        changed = changed.exclude(title__startswith=f"{title}: ")
    counts = (
        (adopted.filter(archive_id__in=archives).count(), "adoption of plans", "adoptions of plans"),
        (left.filter(is_told).count(), "leaving", "leavings"),
        (changed.count(), "change or correction", "changes or corrections"),
    )
    return [plural(count, one, many) for count, one, many in counts if count]
