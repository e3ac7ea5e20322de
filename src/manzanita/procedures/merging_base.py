"""What putting two records together and taking them apart share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.domain.findings import RefusedForReasons
from manzanita.exchange.outbox import reconcile_students
from manzanita.meetings.actions import refresh_clocks
from manzanita.platform.changed import students_changed
from manzanita.students.merging_held import Choices
from manzanita.students.models import Merge

WHY_WHOLE = "two records of one student may have rows of several agencies, and all of them move"


class NotMerged(RefusedForReasons):
    """Why nothing was put together, or taken back."""


@dataclass(frozen=True, slots=True)
class Retired:
    """The state has merged the two SSIDs: ``ssid`` counts no longer from ``on``, as ``source`` says."""

    ssid: str
    on: date
    source: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants: ``stays_id`` is the record that stays (``None``: as proposed), ``choices`` by key of a
    difference; what is not chosen is as proposed."""

    stays_id: int | None = None
    choices: Choices = field(default_factory=dict)
    retired: Retired | None = None


def count_anew(*ids: int) -> None:
    refresh_clocks(list(ids))
    students_changed(ids)
    reconcile_students(ids)


def look_at_arrivals(*ids: int) -> None:
    """Whether there is an arrival, and what it is, may hang on who is whom. One query where there is none."""
    found: dict[str, set[int]] = {}
    for lea_code, pk in Arrival.objects.filter(student__in=ids).values_list("lea_code", "student_id"):
        found.setdefault(lea_code, set()).add(pk)
    for lea_code, pks in sorted(found.items()):
        look_at(lea_code, pks, found_by="two records put together, or apart")


def standing_merge(*ids: int) -> Merge | None:
    """The merge by which one of these is empty now."""
    found = Merge.objects.filter(other_id__in=ids, undone_at__isnull=True).select_related("by")
    return found.order_by("-pk").first()
