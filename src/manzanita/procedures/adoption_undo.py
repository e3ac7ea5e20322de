"""Taking adopted plans back, as long as nothing of them was sent: each student whole or not.

What was believed before is believed again, and an archive without records takes the place of the adoption's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from manzanita.archive.actions import ArchiveDraft, write_archives
from manzanita.archive.models import Archive
from manzanita.archive.queries import newest_of
from manzanita.arrivals.actions import look_where_open, reopen_arrival
from manzanita.arrivals.models import AdoptionItem
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Reason
from manzanita.domain.statuses.steps import lack
from manzanita.exchange.models import SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.meetings.actions import NotPossible, refresh_clocks
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.platform import clock
from manzanita.platform.facts import Fact, bring_back, way_back
from manzanita.procedures.effects import long_day
from manzanita.students.actions import FACT_MODELS
from manzanita.students.models import Student

FACT_KINDS = ("status", "plan", "service", "next_setting")


def believed_from(kind: str, student_id: int, day: date) -> list[Any]:
    """Believed versions that hold on ``day`` or later."""
    rows = FACT_MODELS[kind].objects.believed().filter(student_id=student_id).order_by("effective_from", "pk")
    return [row for row in rows if row.effective_to is None or row.effective_to >= day]


def undo_adoption(actor: Actor, item: AdoptionItem) -> None:
    """Give one student back what was believed before, and put an archive without records in the place of the
    adoption's. Raises ``NotPossible`` with what stands against it."""
    Student.unscoped.select_for_update().get(pk=item.student_id)
    archive = Archive.objects.get(pk=item.archive_id)
    # A kind that adoptions did not end yet when this one was done is none of it.
    kinds = [kind for kind in FACT_KINDS if kind in item.before]
    now = {kind: believed_from(kind, item.student_id, item.adopt_on) for kind in kinds}
    reason = _why_not_undo(item, archive, now)
    if reason is not None:
        raise NotPossible([reason])
    at = clock.now()
    for kind in kinds:
        if [row.pk for row in now[kind]] != item.before[kind]:
            _give_back(item, kind, at)
    write_archives(
        [
            ArchiveDraft(
                student_id=item.student_id,
                lea_code=archive.lea_code,
                event_on=archive.event_on,
                cause="correction",
                cause_id=None,
                title=f"Taken back: plan adoption of {long_day(item.adopt_on)}",
                records=[],
                context={"change": "undo", "adoption": str(item.batch.public_id)},
                reason="Taken back before anything of it was sent.",
            )
        ],
        by_id=actor.user_id,
        supersedes=archive,
    )
    refresh_clocks([item.student_id])
    reconcile_students([item.student_id])
    reopen_arrival(item.arrival_id)
    look_where_open(item.student_id, archive.lea_code)
    log_change(actor=actor, action="undo_adoption", student_id=item.student_id, subject=archive)


def _why_not_undo(item: AdoptionItem, archive: Archive, now: Mapping[str, list[Any]]) -> Reason | None:
    on_its_way = SubmissionLine.objects.filter(archive_id=archive.pk, outcome__in=["waiting", "posted"])
    if on_its_way.exists():
        return replace(
            lack("adoption-untold"),
            code="adoption-sent",
            text="Not taken back: something of it was sent to the state.",
            way_out="For a student who never came use “Adopted, but never came”; else correct the record.",
        )
    cause = f"archive:{archive.pk}"
    has_changed = any(
        [row.pk for row in rows] != item.before[kind] and any(row.cause != cause for row in rows)
        for kind, rows in now.items()
    )
    meetings = Meeting.objects.filter(
        student_id=item.student_id,
        lea_code=archive.lea_code,
        state__in=OPEN_STATES,
        opened_at__gte=item.done_at,
    )
    if newest_of(archive) != archive or has_changed or meetings.exists():
        return replace(
            lack("adoption-newest"),
            code="adoption-built-on",
            text="Not taken back: the record was corrected, changed, or a meeting was opened since.",
            way_out="Look at what was done since, and take that back first.",
        )
    return None


def _give_back(item: AdoptionItem, kind: str, at: datetime) -> None:
    """From the day of the adoption on the very versions hold again that it closed, and nothing where there was
    nothing."""
    model = FACT_MODELS[kind]
    of_slot: dict[tuple[Any, ...], tuple[list[Fact], list[Fact]]] = defaultdict(lambda: ([], []))
    for row in model.objects.believed().filter(student_id=item.student_id):
        of_slot[_slot(row)][0].append(row)
    for row in model.objects.filter(pk__in=item.before[kind]):
        of_slot[_slot(row)][1].append(row)
    ways = [way_back(now, before, start=item.adopt_on, end=None) for now, before in of_slot.values()]
    bring_back(
        model,
        slots=[dict(zip(model.slot, slot, strict=True)) for slot in of_slot],
        close=[pk for way in ways for pk in way.close],
        parts=[part for way in ways for part in way.parts],
        at=at,
    )


def _slot(row: Fact) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.slot)
