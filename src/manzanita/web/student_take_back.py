"""Taking changes back: the newest ones made without a meeting, each with its way back or why there is none."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from manzanita.archive.models import Archive
from manzanita.archive.queries import get_archive
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Reason
from manzanita.meetings.actions import NotPossible
from manzanita.platform.facts import Fact
from manzanita.platform.together import read_together
from manzanita.procedures.batch_next_setting import setting_words
from manzanita.procedures.take_back import (
    Known,
    can_be_asked,
    known_of,
    reasons_in_its_own_way,
    reasons_not_to_take_back,
    take_back,
)
from manzanita.students.amending import closed_in, reasons_not_to_amend
from manzanita.students.models import (
    BatchLine,
    Merge,
    NextSetting,
    Plan,
    Service,
    SpecialEducationStatus,
    Student,
)
from manzanita.students.queries import get_student
from manzanita.students.scope import visible_to
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.meanwhile import alone_with, meanwhile_fix, stamp_of, status_of
from manzanita.web.reasons_told import told
from manzanita.web.state_lines import summary
from manzanita.web.student_file import StudentFile

ACTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Act:
    """One change made without a meeting. ``url`` leads to where it is taken back; ``reasons`` say why it cannot be."""

    label: str
    at: datetime
    by_id: int | None
    reason: str
    url: str
    reasons: Sequence[Reason] = ()


def acts_of(file: StudentFile) -> list[Act]:
    """The newest acts of the LEA whose page it is, which stand; three statements for any number of them."""
    student = file.student
    known = known_of(student.pk)
    edits = (
        BatchLine.objects.filter(student=student, state="done", batch__agency_code=file.lea_code)
        .order_by("-batch__applied_at")
        .values_list("batch__public_id", "batch__title", "batch__applied_at", "batch__by_id", "batch__reason")
    )
    merges = Merge.objects.filter(student=student, undone_at=None, agency_code=file.lea_code).values_list(
        "public_id", "made_at", "by_id", "reason"
    )
    read_together(edits, merges)
    superseded = {one.supersedes_id for one in known.archives}
    closed = closed_in(file.facts, file.lea_code)
    acts = [
        _of_archive(file, archive, known, closed)
        for archive in known.archives
        if archive.lea_code == file.lea_code and can_be_asked(archive) and archive.pk not in superseded
    ]
    leaving_page = reverse("leaving", args=[student.public_id])
    acts += [
        Act(
            f"Leaving: {one.reason.label[0].lower()}{one.reason.label[1:]}",
            one.done_at,
            one.asked_by_id,
            one.note,
            leaving_page,
        )
        for one in file.leavings
        if one.state == "done" and one.done_at is not None and one.archive_id is None
    ]
    acts += [
        Act(f"Batch edit: {title}", at, by_id, reason, reverse("batch", args=[public_id]))
        for public_id, title, at, by_id, reason in edits
        if at is not None
    ]
    acts += [
        Act("Two records put together", at, by_id, reason, reverse("merge", args=[public_id]))
        for public_id, at, by_id, reason in merges
    ]
    return sorted(acts, key=lambda act: act.at, reverse=True)[:ACTS_SHOWN]


def _of_archive(file: StudentFile, archive: Archive, known: Known, closed: Sequence[Reason]) -> Act:
    label = f"Correction: {archive.title}" if archive.cause == "correction" else archive.title
    own_way = _own_way(file.student, archive, known)
    reasons = (
        reasons_in_its_own_way(archive, known)
        if own_way
        else [*closed, *reasons_not_to_take_back(file.actor, archive, known)]
    )
    url = own_way or reverse("archive_take_back", args=[archive.public_id])
    return Act(label, archive.recorded_at, archive.by_id, archive.reason, url, reasons)


def _own_way(student: Student, archive: Archive, known: Known) -> str:
    """Where a leaving or an adoption is taken back as a whole."""
    if archive.pk in known.leavings:
        return reverse("leaving", args=[student.public_id])
    if archive.pk in known.adoptions:
        return reverse("adoption", args=[known.adoptions[archive.pk]])
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def take_back_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What comes back when the change of this archive is taken back; a POST does it."""
    archive = get_archive(public_id, [request.actor.agency_code])
    found = visible_to(request.actor).filter(pk=archive.student_id).first() if archive else None
    if archive is None or found is None:
        raise Http404("no such archive in this scope")
    student = get_student(request.actor, found.public_id)
    log_reads(actor=request.actor, student_ids=[student.pk], what="procedure")
    refusals: Sequence[Reason] = ()
    if request.method == "POST":
        try:
            with alone_with(request, student):
                is_new = take_back(actor=request.actor, archive=archive)
            if is_new:
                messages.success(request, "Taken back: the record stands as it was before.")
            else:
                messages.info(request, "It was taken back already. Nothing is left to do. (You)")
            return redirect(f"{reverse('student', args=[student.public_id])}?tab=history")
        except NotPossible as refused:
            refusals = refused.reasons
    known = known_of(student.pk)
    # What somebody else did meanwhile is told, and leaves it possible; what stands against it does not.
    against = [
        *reasons_not_to_amend(student.pk, archive.lea_code),
        *reasons_not_to_take_back(request.actor, archive, known),
    ]
    refusals = [*(one for one in refusals if one not in against), *against]
    own_way = _own_way(student, archive, known)
    context = {
        "student": student,
        "archive": archive,
        "is_correction": archive.cause == "correction",
        "refusals": told(refusals, {**meanwhile_fix(student), "own-way": (own_way, "")}),
        "is_possible": not against,
        "record_seen": stamp_of(request.actor, student),
        "back": [_words(row) for row in known.closed(archive)],
        "gone": [summary_of(row.record, row.values) for row in known.rows_of(archive.pk)],
        "again": [summary_of(row.record, row.values) for row in known.rows_of(archive.supersedes_id)],
    }
    status = status_of(refusals) if request.method == "POST" else 200
    return render(request, "web/students/take_back.html", context, status=status)


def summary_of(record: str, values: dict[str, str]) -> str:
    return f"{record}: {summary(record, values)}"


def _words(row: Fact) -> str:
    """A version that comes back, in words."""
    days = f"{us_date(row.effective_from)} to {us_date(row.effective_to) if row.effective_to else 'open'}"
    if isinstance(row, SpecialEducationStatus):
        return f"Status {code_set('SpecialEducationStatus').label(row.status_code)}, {days}"
    if isinstance(row, Service):
        return f"Service {code_set('Service').label(row.service_code)}, {days}"
    if isinstance(row, Plan):
        return f"Plan, {code_set('Disability').label(row.disability_1_code)}, {days}"
    if isinstance(row, NextSetting):
        setting = setting_words(row.program_setting_code, row.general_education_percent)
        return f"Planned for {us_date(row.starts_on)}: {setting}"
    return days


urlpatterns = [path("archives/<uuid:public_id>/take-back", take_back_page, name="archive_take_back")]
