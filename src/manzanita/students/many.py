"""Writing and reading batches of students who are done together, of whatever kind (``students.many_models``)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Count, Q
from django.http import Http404

from manzanita.domain.access import Actor
from manzanita.domain.findings import Reason, reason_document
from manzanita.platform import clock
from manzanita.students.by_name import by_name
from manzanita.students.many_models import StudentBatch, StudentItem
from manzanita.students.scope import in_reach

Batch = TypeVar("Batch", bound=StudentBatch)


def made_batch(batches: type[Batch], *, actor: Actor, public_id: uuid.UUID, **columns: Any) -> Batch:
    """A batch without students, which waits for its job."""
    return batches.objects.create(
        public_id=public_id,
        lea_code=actor.agency_code,
        by_id=actor.user_id,
        grant_id=actor.grant_id,
        made_at=clock.now(),
        **columns,
    )


def close_item(item: StudentItem, state: str, *, reasons: Sequence[Reason] = (), **columns: Any) -> None:
    """Note what became of one student of a batch."""
    columns |= {
        "state": state,
        "done_at": clock.now(),
        "reasons": [reason_document(one) for one in reasons],
    }
    for name, value in columns.items():
        setattr(item, name, value)
    item.save(update_fields=list(columns))


def get_batch(batches: type[Batch], actor: Actor, public_id: uuid.UUID) -> Batch:
    """A batch of the actor's LEA, or 404."""
    found = batches.objects.filter(public_id=public_id, lea_code=actor.agency_code).first()
    if found is None:
        raise Http404("no such batch at this LEA")
    return found


def items_of(actor: Actor, batch: StudentBatch, *related: str) -> list[Any]:
    """Its students as far as the actor reaches them, by name; each with its ``related`` rows."""
    rows = batch.items.filter(in_reach(actor)).select_related("student", *related)
    return list(by_name(rows, "student"))


def batches_of(batches: type[Batch], actor: Actor, done: str, limit: int = 10) -> list[Batch]:
    """The newest first, each with ``size``, and how many are ``done`` as ``done_count``."""
    rows = batches.objects.filter(lea_code=actor.agency_code).annotate(
        size=Count("items"), done_count=Count("items", filter=Q(items__state=done))
    )
    return list(rows.order_by("-id")[:limit])
