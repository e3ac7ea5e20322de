"""What two records said right before they were put together, by the keys that the merge keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manzanita.platform.facts import Fact
from manzanita.platform.together import read_together
from manzanita.students.actions import FACT_MODELS
from manzanita.students.merging_held import Held, slots_of
from manzanita.students.models import Merge


def held_then(merge: Merge) -> dict[str, list[Held]]:
    """Per kind of fact the slots of both records right before the merge; one statement."""
    then = {
        kind: model.objects.filter(pk__in=_keys_then(merge.written, kind)).order_by("effective_from", "pk")
        for kind, model in FACT_MODELS.items()
    }
    read_together(*then.values())
    rows: dict[str, list[Fact]] = {kind: list(found) for kind, found in then.items()}
    return slots_of(rows, merge.student_id)


def _keys_then(written: Mapping[str, Any], kind: str) -> list[int]:
    after, inserted, closed, emptied = (
        written.get(part, {}).get(kind, []) for part in ("after", "inserted", "closed", "emptied")
    )
    return [*(set(after) - set(inserted)), *closed, *emptied]
