"""What a student's page asks of the student's key alone: one query, put together once for each person and day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import archives_of, uncorrected_records
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Actor
from manzanita.exchange.models import Operation, ReportStatus, StateFinding, StateRecord
from manzanita.exchange.queries import open_findings_of, operations_of_student, state_records_of
from manzanita.exchange.reporting import statuses_in_force
from manzanita.findings.models import RuleFinding
from manzanita.findings.queries import open_rule_findings_of
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.leaving.queries import leavings_that_count, open_reports_of
from manzanita.meetings.models import Answer, Decision, Meeting
from manzanita.meetings.queries import answers_in_open, decisions_in_open, meetings_of
from manzanita.meetings.referrals import referrals_of
from manzanita.platform import clock
from manzanita.platform.kept_rows import STAND_IN, KeptRows, read_once
from manzanita.procedures.news import Unseen, unseen_of
from manzanita.procedures.next_year import NextYearRows, next_year_rows
from manzanita.procedures.standing import Asked, asked_elsewhere
from manzanita.students.former import rows_for
from manzanita.students.models import Referral, Student

# Clocks that the time line draws from what is stored; the others it counts from the student's own days.
DRAWN = ("transfer-30", "assessment-plan", "assessment-refused", "part-c-45")


@dataclass(frozen=True, slots=True)
class StudentRows:
    """Of every LEA. ``unseen`` and ``coming`` are not asked for a former LEA."""

    own: Any
    meetings: Sequence[Meeting]
    archives: Sequence[Archive]
    answers: Sequence[Answer]
    decisions: Sequence[Decision]
    operations: Iterable[Operation]
    at_state: Iterable[StateRecord]
    findings: Iterable[StateFinding]
    rule_findings: Iterable[RuleFinding]
    statuses: Iterable[ReportStatus]
    records: Iterable[ArchivedRecord]
    dues: Iterable[DueDate]
    referrals: Iterable[Referral]
    leavings: Iterable[Leaving]
    reports: Iterable[ParticipationReport]
    unsettled: Sequence[Asked]
    unseen: Unseen | None
    coming: NextYearRows | None


def rows_of_student(actor: Actor, student: Student) -> StudentRows:
    """The rows of a student that ``get_student`` found, read."""
    if student.seen_through is None:
        found = _kept(actor, clock.today()).read(student.pk)
    else:
        # What a former LEA sees depends on its last day.
        found = read_once(_asked(actor, student))
    return replace(found, own=replace(found.own, student=student))


@lru_cache(maxsize=128)
def _kept(actor: Actor, today: date) -> KeptRows[StudentRows]:
    """Today stands in its conditions."""
    return KeptRows(_asked(actor, Student(pk=STAND_IN)))


def _asked(actor: Actor, student: Student) -> StudentRows:
    pk, is_former = student.pk, student.seen_through is not None
    return StudentRows(
        own=rows_for(actor, student),
        meetings=meetings_of(student),
        archives=archives_of(pk),
        answers=answers_in_open(student),
        decisions=decisions_in_open(student),
        operations=operations_of_student(pk),
        at_state=state_records_of(pk),
        findings=open_findings_of(pk),
        rule_findings=open_rule_findings_of(pk),
        statuses=statuses_in_force([pk]),
        records=uncorrected_records([pk]),
        dues=DueDate.objects.filter(student=pk, clock__in=DRAWN),
        referrals=referrals_of(pk),
        leavings=leavings_that_count(pk),
        reports=open_reports_of(pk),
        unsettled=asked_elsewhere(actor, [pk]),
        unseen=None if is_former else unseen_of(actor, pk),
        coming=None if is_former else next_year_rows([pk]),
    )
