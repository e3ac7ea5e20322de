"""The rules judge what we believe of students, and their findings are opened, kept or closed.

Whatever changes a student's records marks the student (``exchange.outbox``); a job judges the marked ones soon after,
and everybody once a night, as rules change and days pass without anybody touching a record.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from django.db import transaction

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.enrollment_gap import RULE as GAP
from manzanita.domain.enrollment_gap import as_file_gap, with_names
from manzanita.domain.judging import Judged, Rows, judge
from manzanita.domain.records import ORDER
from manzanita.domain.rules import owner_of
from manzanita.exchange.believed import believed_rows
from manzanita.exchange.checks import ENROLLMENT_FIELDS
from manzanita.exchange.models import StateRecord
from manzanita.findings.actions import Said, Stored, mark_changed, store_findings, unmark
from manzanita.findings.models import ChangedStudent, RuleFinding
from manzanita.findings.queries import changed_marks, lock_students
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.platform.jobs import JobRun, enqueue_job, is_under_way
from manzanita.platform.reach import whole_installation

CHECK_JOB = "findings.check-changed"
NIGHTLY_JOB = "findings.check-everybody"
# Few enough that nobody waits long for a lock on a student, or on SQLite for any.
AT_ONCE = 50
_MARKED_AT_ONCE = 2000
_LONGEST_SECONDS = 10.0


@transaction.atomic
def check_students(student_ids: Collection[int]) -> Stored:
    """Judge these students and store what the rules say of each; the same number of queries for any number."""
    ids = sorted(set(student_ids))
    lock_students(ids)
    believed = believed_rows(ids)
    judged = judge(believed, as_of=clock.today(), year=clock.academic_year())
    ours = {pk: [one for one in judged.get(pk, []) if _is_ours(one)] for pk in ids}
    at_state = _at_state([pk for pk, found in ours.items() if any(one.finding.code == GAP for one in found)])
    names = agency_names({one.finding.record_key.split("|")[1] for found in ours.values() for one in found})
    return store_findings(
        {pk: [_said(one, believed[pk], at_state, names) for one in found] for pk, found in ours.items()}
    )


def _at_state(student_ids: Collection[int]) -> set[str]:
    """Keys of the statuses that the state holds of these students; no query for nobody."""
    if not student_ids:
        return set()
    held = StateRecord.objects.filter(student_id__in=student_ids, record="SWDS")
    return set(held.values_list("record_key", flat=True))


def _is_ours(one: Judged) -> bool:
    """Of an enrollment only what rules say across records, from the fields that we hold: its file is judged when the
    SIS delivers it."""
    finding = one.finding
    return finding.record in ORDER or (
        finding.phase != "input" and set(finding.fields) <= set(ENROLLMENT_FIELDS)
    )


def _said(one: Judged, rows: Rows, at_state: Collection[str], names: Mapping[str, str]) -> Said:
    lea_code = one.finding.record_key.split("|")[1]
    first_day = min(
        (row["1.22"] for row in rows["SENR"] if row["1.04"] == lea_code and row["1.22"]), default=""
    )
    finding = as_file_gap(one.finding, first_day, is_at_state=one.finding.record_key in at_state)
    finding = replace(finding, message=with_names(finding.message, names))
    return Said(
        identity=one.identity,
        inputs=one.inputs,
        finding=finding,
        owner=str(owner_of(finding.code, finding.fields)),
        lea_code=lea_code,
        school_code=_school_at(lea_code, rows),
    )


def _school_at(lea_code: str, rows: Rows) -> str:
    """The school of the newest enrollment at the LEA, blank where there is none."""
    own = [row for row in rows["SENR"] if row["1.04"] == lea_code]
    return max(own, key=lambda row: row["1.22"])["1.05"] if own else ""


def check_changed(run: JobRun) -> dict[str, int]:
    """Judge whoever is marked, some at a time. A killed worker leaves the marks of those whom it did not finish.

    After a while it ends, whoever is left: a send that somebody waits for comes first, then the next such job.
    """
    counts, students = Stored(), 0
    until = time.monotonic() + _LONGEST_SECONDS
    while marks := changed_marks(AT_ONCE):
        with run.step():
            counts += check_students([mark.student_id for mark in marks])
            unmark(marks)
        students += len(marks)
        run.progress(students, None, "Judging what changed")
        if time.monotonic() > until:
            break
    return {
        "students": students,
        "opened": counts.opened,
        "returned": counts.returned,
        "kept": counts.kept,
        "closed": counts.closed,
    }


def check_everybody(run: JobRun) -> dict[str, int]:
    """Mark everybody of whom there is a record or a finding; who is marked is judged soon after."""
    students = 0
    with whole_installation("every night the rules judge the students of every district"):
        for ids in _everybody():
            with run.step():
                mark_changed(ids)
            students += len(ids)
            run.progress(students, None, "Marking everybody")
    return {"students": students}


def _everybody() -> Iterator[list[int]]:
    last = 0
    while True:
        found: set[int] = set()
        for rows in (
            StateRecord.objects.all(),
            ArchivedRecord.objects.all(),
            RuleFinding.objects.exclude(state="closed"),
        ):
            later = (
                rows.filter(student_id__gt=last).order_by("student_id").values_list("student_id", flat=True)
            )
            found |= set(later.distinct()[:_MARKED_AT_ONCE])
        ids = sorted(found)[:_MARKED_AT_ONCE]
        if not ids:
            return
        yield ids
        last = ids[-1]


def enqueue_check() -> bool:
    """Enqueue the job where somebody is marked and none is under way; whether it did. Two at once would do no harm."""
    with whole_installation("a mark is of whatever district's student it is"), transaction.atomic():
        if not ChangedStudent.objects.exists() or is_under_way(CHECK_JOB):
            return False
        enqueue_job(kind=CHECK_JOB, args={})
    return True
