"""Reading batches of one field of many students: as far as the actor may change the field, and reaches the students."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from manzanita.domain.access import Actor
from manzanita.procedures.batch_fields import FIELDS
from manzanita.students.models import BatchEdit, BatchLine
from manzanita.students.scope import visible_to


def get_batch(actor: Actor, public_id: uuid.UUID) -> BatchEdit:
    """A batch of the actor's agency in a field that the actor may change, or 404."""
    batch = (
        BatchEdit.objects.filter(agency_code=actor.agency_code, public_id=public_id)
        .select_related("by")
        .first()
    )
    if batch is None or not actor.may(FIELDS[batch.field_key].capability):
        raise Http404("no such batch in this scope")
    return batch


def batches_of(actor: Actor, most: int = 20) -> list[BatchEdit]:
    """The newest that were applied."""
    keys = [one.key for one in FIELDS.values() if actor.may(one.capability)]
    rows = BatchEdit.objects.filter(agency_code=actor.agency_code, field_key__in=keys)
    return list(
        rows.exclude(state__in=["draft", "dropped"]).select_related("by").order_by("-made_at", "-pk")[:most]
    )


def lines_in_reach(actor: Actor, batch: BatchEdit) -> QuerySet[BatchLine]:
    """Lines of students whom the actor reaches, in their order."""
    within = visible_to(actor).order_by().values("pk")
    return batch.lines.filter(student_id__in=within).select_related("student").order_by("position", "pk")


def counts_of(batch: BatchEdit) -> Counter[str]:
    """How many lines there are in each state."""
    return Counter(batch.lines.values_list("state", flat=True))


@dataclass(frozen=True, slots=True)
class Seconds:
    """Of the lines of a draft that would change: how many leave their student without a value, and how many ask for a
    second look."""

    emptied: int = 0
    doubted: int = 0


def seconds_of(batch: BatchEdit) -> Seconds:
    ready = batch.lines.filter(state="ready")
    told = ready.aggregate(
        emptied=Count("pk", filter=Q(new="")), doubted=Count("pk", filter=Q(reason__has_key="code"))
    )
    return Seconds(**told)
