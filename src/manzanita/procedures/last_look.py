"""What a send ends: adoptions, leavings and changes that can be taken back until the state is told; and what our rules
object to in what goes."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.arrivals.models import AdoptionItem
from manzanita.domain.access import Actor
from manzanita.exchange.queries import operations_of
from manzanita.findings.queries import findings_of
from manzanita.leaving.models import Leaving
from manzanita.procedures.take_back import TITLES
from manzanita.ui.formats import plural


@dataclass(frozen=True, slots=True)
class Objections:
    """How many open findings of our rules speak of the records that would go now."""

    fatal: int
    warnings: int


def objections(actor: Actor) -> Objections:
    """What the rules say of what goes, which the state may say too. One query."""
    going = operations_of(actor).filter(hold_code="").exclude(kind="delete").order_by()
    found = findings_of(actor).filter(
        state="open", lea_code=actor.agency_code, record_key__in=going.values("record_key")
    )
    return Objections(
        **found.aggregate(
            fatal=Count("pk", filter=Q(severity="fatal")), warnings=Count("pk", filter=Q(severity="warning"))
        )
    )


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
