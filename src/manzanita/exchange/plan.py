"""Reading for the pages of the state: groups of held operations, what is not reported and why, what to correct."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F
from django.http import Http404

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import document_of, standing_records
from manzanita.domain.access import Actor
from manzanita.exchange.holds import HOLDS
from manzanita.exchange.models import Operation, StateFinding, StateRecord, Submission, SubmissionLine
from manzanita.exchange.queries import operations_of
from manzanita.exchange.readback import is_equal
from manzanita.exchange.reporting import left_out
from manzanita.exchange.ssids import Ssids, ssids_of
from manzanita.students.scope import visible_to


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """All operations held first for one reason. ``owners`` are whose job it is, in words."""

    code: str
    title: str
    text: str
    count: int
    student_count: int
    owners: Sequence[str]
    link_label: str


def held_groups(actor: Actor) -> list[HeldGroup]:
    """What is held, by reason; one query."""
    rows = (
        operations_of(actor).exclude(hold_code="").values_list("hold_code", "student_id", "holds__0__owner")
    )
    students: dict[str, set[int]] = defaultdict(set)
    owners: dict[str, set[str]] = defaultdict(set)
    counts: dict[str, int] = defaultdict(int)
    for code, student_id, owner in rows:
        counts[code] += 1
        students[code].add(student_id)
        owners[code].add(owner)
    groups = []
    for hold in (hold for code, hold in HOLDS.items() if code in counts):
        groups.append(
            HeldGroup(
                hold.code,
                hold.title,
                hold.text,
                counts[hold.code],
                len(students[hold.code]),
                sorted(owners[hold.code]),
                hold.link_label,
            )
        )
    return groups


@dataclass(frozen=True, slots=True)
class Totals:
    """How many records the state should hold by what we report, and how many it holds, of this LEA."""

    should: int
    does: int


def record_totals(actor: Actor) -> Totals:
    scope = {"lea_code": actor.agency_code, "student_id__in": visible_to(actor).order_by().values("pk")}
    # Few archives are superseded: leaving those out costs a sixth of a join that finds all the others.
    superseded = Archive.objects.filter(supersedes__isnull=False).values("supersedes_id")
    standing = ArchivedRecord.objects.filter(**scope).exclude(archive_id__in=superseded).exclude(left_out())
    return Totals(
        should=standing.values("student_id", "record_key").distinct().count(),
        does=StateRecord.objects.filter(**scope).count(),
    )


@dataclass(frozen=True, slots=True)
class NotReported:
    """An archive that tells the state nothing, and the sentence that says why."""

    archive: Archive
    text: str


def not_reported(actor: Actor, since: datetime, limit: int = 20) -> list[NotReported]:
    """Archives stored since then without any state record, newest first."""
    archives = Archive.objects.filter(
        lea_code=actor.agency_code,
        recorded_at__gte=since,
        records__isnull=True,
        student_id__in=visible_to(actor).order_by().values("pk"),
    ).order_by("-recorded_at", "-id")[:limit]
    return [NotReported(archive, _why_nothing(document_of(archive)["context"])) for archive in archives]


def _why_nothing(context: dict[str, Any]) -> str:
    for effect in context.get("effects", ()):
        if effect["kind"] == "nothing":
            return str(effect["detail"] or effect["text"])
    return "Its outcome makes no record due."


def standing_record(student_id: int, record_key: str) -> ArchivedRecord | None:
    """The archived record that stands for a key now: the one that a correction would correct."""
    ssids = ssids_of([student_id]).get(student_id, Ssids())
    for row in standing_records([student_id]).get(student_id, ()):
        if record_key in (row.record_key, ssids.key(row.record_key)):
            return row
    return None


def record_to_correct(actor: Actor, record_id: int) -> ArchivedRecord:
    """An archived record of the actor's LEA and scope, or 404."""
    row = (
        ArchivedRecord.objects.select_related("archive")
        .filter(
            pk=record_id,
            lea_code=actor.agency_code,
            student_id__in=visible_to(actor).order_by().values("pk"),
        )
        .first()
    )
    if row is None:
        raise Http404("no such record in this scope")
    return row


def open_findings_of_record(student_id: int, record_key: str) -> list[StateFinding]:
    return list(
        StateFinding.objects.filter(student_id=student_id, record_key=record_key, closed_at=None).order_by(
            "opened_at", "id"
        )
    )


def newest_line(student_id: int, record_key: str) -> SubmissionLine | None:
    """The line of a record that was sent last."""
    return (
        SubmissionLine.objects.select_related("submission")
        .filter(student_id=student_id, record_key=record_key)
        .order_by("-id")
        .first()
    )


def newest_lines(operations: Sequence[Operation]) -> dict[tuple[int, str], SubmissionLine]:
    """The newest answered line of each operation's record."""
    lines = (
        SubmissionLine.objects.filter(
            student_id__in={operation.student_id for operation in operations},
            record_key__in={operation.record_key for operation in operations},
        )
        .exclude(outcome="waiting")
        .order_by("id")
    )
    return {(line.student_id, line.record_key): line for line in lines}


def lines_page(
    actor: Actor, submission: Submission, *, after: int = 0, outcome: str = "", limit: int = 200
) -> list[SubmissionLine]:
    """Lines of a submission behind a position, in the order sent, of students within the actor's reach."""
    within = visible_to(actor).order_by().values("pk")
    lines = SubmissionLine.objects.filter(submission=submission, position__gt=after, student_id__in=within)
    if outcome:
        lines = lines.filter(outcome=outcome)
    return list(lines.order_by("position")[:limit])


def lines_outside_reach(actor: Actor, submission: Submission) -> int:
    """How many lines are of students whom the actor does not reach: those of somebody who sends for the whole LEA."""
    within = visible_to(actor).order_by().values("pk")
    return SubmissionLine.objects.filter(submission=submission).exclude(student_id__in=within).count()


def findings_of_lines(lines: Sequence[SubmissionLine]) -> dict[tuple[int, str, str], StateFinding]:
    """Findings by (student, record key, rule) for lines of one page."""
    found = StateFinding.objects.filter(
        student_id__in={line.student_id for line in lines}, record_key__in={line.record_key for line in lines}
    ).order_by(F("closed_at").desc(nulls_last=True))
    return {(f.student_id, f.record_key, f.rule_code): f for f in found}


def why_still_waiting(lines: Sequence[SubmissionLine]) -> dict[int, str]:
    """For waiting lines of uploaded files: what the newest extract says of each, by line id."""
    held = {
        record.record_key: record
        for record in StateRecord.objects.filter(record_key__in=[line.record_key for line in lines])
    }
    texts = {}
    for line in lines:
        record = held.get(line.record_key)
        if line.kind == "delete":
            texts[line.pk] = (
                "The extracts read so far still hold it." if record else "No extract says it is gone."
            )
        elif record is None:
            texts[line.pk] = "No extract read so far holds it."
        elif not is_equal(record, line):
            texts[line.pk] = "The state holds other values for it."
        else:
            texts[line.pk] = "The state holds it; read the extract again to settle it."
    return texts
