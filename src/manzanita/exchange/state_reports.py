"""The state's lists 16.21, 16.25 and 16.26 as files: stored whole or not at all, and compared with our own groups."""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.http import Http404

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Relationship, Scope
from manzanita.domain.compliance import (
    Counts,
    Difference,
    Group,
    Measure,
    NotAReport,
    Pair,
    Problem,
    StateRow,
    StudentFacts,
    counts_of,
    pair_up,
    parse_report,
)
from manzanita.exchange.compliance import MOST_AT_ONCE, Asked, judged_of
from manzanita.exchange.compliance_facts import at_place, candidates
from manzanita.exchange.holds import ON_ITS_WAY
from manzanita.exchange.models import Operation, ReportStatus, StateReport, StateReportRow
from manzanita.platform import clock
from manzanita.students.models import ScopedQuerySet
from manzanita.students.queries import students_by_ssid
from manzanita.students.scope import visible_to

KEPT_LISTED = 50
_NAME_LIMIT = 120
_TOLD = ("SWDS", "MEET", "PLAN")


def sees_whole_lists(actor: Actor) -> bool:
    """Whether the actor sees everybody whom a list of the agency may name: a district or a SELPA does."""
    perspective = actor.perspective
    return (
        perspective.scope in (Scope.AGENCY, Scope.SELPA)
        and Relationship.ATTENDING in perspective.relationships
    )


def state_reports(actor: Actor, report: str = "") -> list[StateReport]:
    """Uploaded lists of the actor's agencies, the newest day first."""
    if not sees_whole_lists(actor):
        return []
    rows = StateReport.objects.filter(lea_code__in={actor.agency_code, *actor.agency_codes})
    if report:
        rows = rows.filter(report=report)
    return list(rows.order_by("-as_of_on", "-id")[:KEPT_LISTED])


def get_state_report(actor: Actor, public_id: uuid.UUID) -> StateReport:
    """The uploaded list with this public id, of one of the actor's agencies; else 404."""
    found = StateReport.objects.filter(
        public_id=public_id, lea_code__in={actor.agency_code, *actor.agency_codes}
    ).first()
    if found is None:
        raise Http404("no such list in this scope")
    return found


def upload_report(
    *, actor: Actor, report: str, as_of_on: date, name: str, data: bytes
) -> tuple[StateReport, bool]:
    """Store a list of the state; the same file for the same day again is the one that is stored.

    Returns it and whether it is new. Raises :class:`~manzanita.domain.compliance.NotAReport`; then nothing is stored.
    """
    if as_of_on > clock.today():
        raise NotAReport(
            [Problem(0, "As of", "The day lies ahead.", "Give the day that the state printed on its report.")]
        )
    rows = parse_report(data, report)
    key = {
        "lea_code": actor.agency_code,
        "report": report,
        "as_of_on": as_of_on,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    known = StateReport.objects.filter(**key).first()
    if known is not None:
        return known, False
    try:
        with transaction.atomic():
            return _store(actor, name, rows, key), True
    except IntegrityError:
        # The same form sent twice at once: the other one has stored it.
        return StateReport.objects.get(**key), False


def _store(actor: Actor, name: str, rows: Sequence[StateRow], key: dict[str, object]) -> StateReport:
    shown = "".join(one if one.isprintable() else "_" for one in name)[:_NAME_LIMIT] or "without a name"
    stored = StateReport.objects.create(
        **key,
        name=shown,
        row_count=len({row.row for row in rows}),
        uploaded_at=clock.now(),
        by_id=actor.reader_id,
    )
    StateReportRow.objects.bulk_create(
        [
            StateReportRow(
                report=stored,
                row=row.row,
                ssid=row.ssid,
                measure=row.measure,
                group=row.group,
                category=row.category[:120],
                delay_code=row.delay_code,
                last_on=row.last_on,
                school_code=row.school_code,
            )
            for row in rows
        ],
        batch_size=1000,
    )
    detail = {"report": stored.report, "rows": stored.row_count}
    log_change(actor=actor, action="upload_state_report", subject=stored, detail=detail)
    return stored


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of an uploaded list beside ours of the same day. ``facts`` by student, for the words."""

    counts: list[Counts]
    pairs: list[Pair]
    facts: dict[int, StudentFacts]

    def of(self, difference: Difference) -> list[Pair]:
        return [pair for pair in self.pairs if pair.difference is difference]


def _students_of(actor: Actor, report: StateReport) -> ScopedQuerySet:
    """Of those within reach, whom a list of this agency can be about."""
    own = report.lea_code if report.lea_code in actor.agency_codes and len(actor.agency_codes) > 1 else ""
    return at_place(candidates(actor), own, "")


def is_too_many_for(actor: Actor, report: StateReport) -> bool:
    """Whether the list is of more students than a page compares."""
    keys = _students_of(actor, report).order_by().values_list("pk", flat=True)
    return len(keys[: MOST_AT_ONCE + 1]) > MOST_AT_ONCE


def compare(actor: Actor, report: StateReport, measure: Measure, known_on: date | None) -> Compared:
    """The state's list beside our groups on its day, as known on ``known_on`` (``None``: now)."""
    rows = [
        StateRow(
            one.row,
            one.ssid,
            Measure(one.measure),
            Group(one.group),
            one.category,
            one.delay_code,
            one.last_on,
            one.school_code,
        )
        for one in StateReportRow.objects.filter(report=report, measure=measure).order_by("row")
    ]
    students = students_by_ssid({row.ssid for row in rows})
    asked = Asked(report.as_of_on, known_on)
    found = judged_of(actor, asked, measure, _students_of(actor, report))
    others = set(students.values()) - set(found)
    if others:
        # Listed by the state, within reach, and without any special education record here.
        found |= judged_of(actor, asked, measure, visible_to(actor).filter(pk__in=others))
    leas = {report.lea_code} if report.lea_code in actor.agency_codes else set(actor.agency_codes)
    ours = {
        pk: judged
        for pk, (judged, _) in found.items()
        if judged.group is Group.NOT_COUNTED or judged.lea_code in leas
    }
    return Compared(
        counts_of(measure, ours.values(), rows),
        pair_up(measure, ours, rows, {ssid: pk for ssid, pk in students.items() if pk in ours}),
        {pk: facts for pk, (_, facts) in found.items()},
    )


def why_not_at_state(student_ids: Iterable[int]) -> dict[int, list[str]]:
    """Per student, what keeps the state from knowing what we know: records not sent, held, or not to be reported. Of
    students whom the caller may read."""
    said: dict[int, list[str]] = defaultdict(list)
    ids = list(student_ids)
    rows = Operation.objects.filter(student_id__in=ids, record__in=_TOLD).order_by("student_id", "position")
    for one in rows.only("student_id", "record", "key_on", "kind", "hold_code", "holds"):
        what = f"{one.record} of {one.key_on:%m/%d/%Y}"
        if one.hold_code == ON_ITS_WAY:
            said[one.student_id].append(f"{what} is on its way to the state.")
        elif one.hold_code:
            said[one.student_id].append(f"{what} is held back: {one.holds[0]['text']}")
        else:
            said[one.student_id].append(f"{what} is not at the state as we have it; it can be sent.")
    for status in ReportStatus.objects.filter(student_id__in=ids, ended_at=None).select_related("archive"):
        if status.expires_on is None or status.expires_on > clock.today():
            said[status.student_id].append(
                f"The archive of {status.archive.event_on:%m/%d/%Y} is set to “{status.get_choice_display()}”: "
                f"{status.reason}"
            )
    return said
