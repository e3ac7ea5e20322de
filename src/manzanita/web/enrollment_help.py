"""Enrollment help: what the SIS says, drawn against our dates and the state's; what does not fit, and whose job it
is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.codes import code_set
from manzanita.domain.enrollment_help import Dated, Known, sis_message, what_is_wrong
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.statuses import Kind
from manzanita.domain.stays import Enrolled, Held, enrollment_start, participation_start
from manzanita.ui.formats import us_date
from manzanita.ui.timeline import Bar, Lane, draw_timeline
from manzanita.web.access import requires
from manzanita.web.read_purpose import purpose_first
from manzanita.web.reasons_told import Way, explained_at, why_way
from manzanita.web.student_file import ONE_DAY, StudentFile, load_student
from manzanita.web.student_status import standing_in
from manzanita.web.student_timeline import enrollment_bars, plan_bars, rows_of, state_plan_bars
from manzanita.web.unlisted_schools import ASK, ask_url, unlisted_of

PARTICIPATING = "1"
MESSAGE: Way = ("#f-message", "Message to the SIS staff")


@require_safe
@requires(Capability.READ_STUDENT)
def student_enrollments(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Every enrollment with the dates of special education beside it, and the message to the SIS staff."""
    actor = request.actor
    purpose, question = purpose_first(request, public_id)
    if question is not None:
        return question
    file = load_student(actor, public_id)
    log_reads(actor=actor, student_ids=[file.student.pk], what="student.enrollments", purpose_code=purpose)
    known = _known(file)
    named = list(unlisted_of(file)) if file.student.seen_through is None else []
    wrong = [*(one.reason for one in named), *what_is_wrong(known)]
    asks = {one.reason.text: ask_url(actor, one, file.lea_code) for one in named}
    lanes = [
        Lane("SIS", tuple(enrollment_bars(file))),
        Lane("Status", tuple(_status_bars(file))),
        Lane("Plan", tuple(plan_bars(file))),
        Lane("State SWDS", tuple(_state_status_bars(file)), thin=True),
        Lane("State PLAN", tuple(state_plan_bars(file)), thin=True),
    ]
    lanes = [lane for lane in lanes if lane.items]
    enrolled_on = enrollment_start(known.enrollments, known.lea_code, file.today)
    takes_part_on = participation_start(
        known.enrollments, known.statuses, known.plans, known.lea_code, file.today
    )
    context = {
        "student": file.student,
        "lea": file.agency(file.lea_code),
        "enrolled_on": enrolled_on,
        "is_to_come": enrolled_on is not None and enrolled_on > file.today,
        "takes_part_on": takes_part_on,
        "drawing": _draw(file, lanes) if lanes else None,
        "line_rows": rows_of(lanes),
        "wrong": [_shown(file, one, asks) for one in wrong],
        "message": sis_message(file.agencies.get(file.lea_code, file.lea_code), known.local_id, wrong),
        "local_id": known.local_id,
    }
    return render(request, "web/arrivals/enrollments.html", context)


def _known(file: StudentFile) -> Known:
    facts, here = file.facts, file.enrollment
    dated = [
        *(
            Dated(row.record, row.key_on, row.values.get("22.12", ""), "in our archive")
            for row in file.should
            if row.record in ("SWDS", "PLAN")
        ),
        *(
            Dated(row.record, row.key_on, row.values.get("22.12", ""), "at the state")
            for row in file.at_state
            if row.record in ("SWDS", "PLAN")
        ),
    ]
    return Known(
        lea_code=file.lea_code,
        today=file.today,
        enrollments=[
            Enrolled(one.lea_code, one.started_on, one.effective_to, one.status_code, one.exit_reason_code)
            for one in facts.enrollments
        ],
        statuses=[Held(one.effective_from, one.effective_to, one.status_code) for one in facts.statuses],
        plans=[Held(one.effective_from, one.effective_to, one.lea_code) for one in facts.plans],
        dated=dated,
        has_ssid=bool(facts.ssid),
        local_id=here.local_student_id if here else "",
        names=dict(file.agencies),
        left=(left.reason_key, left.on) if (left := standing_in(file).left) else None,
    )


def _shown(file: StudentFile, reason: Reason, asks: Mapping[str, str]) -> dict[str, Any]:
    """A reason with its rule and the page where it is mended, as the reader may; ``asks`` are requests for the
    directory, by text."""
    url, label = _mended_at(file, reason)
    if asked := asks.get(reason.text):
        url, label = asked, ASK
    explained = explained_at(reason.source)
    return {
        "reason": replace(reason, link=url),
        "label": label,
        "source_url": explained if explained != url else "",
    }


def _mended_at(file: StudentFile, reason: Reason) -> Way:
    """What is the SIS's is told them; what is the office's is done there, and by others at least understood."""
    actor, pk = file.actor, file.student.public_id
    if reason.owner is Owner.SIS:
        return MESSAGE
    if actor.may(Capability.CORRECT_RECORD):
        return {
            "adopted-never-came": (reverse("change", args=[pk, "never_came"]), "Record it"),
            "not-taken-up": _arrival_of(file),
            "ended-takes-part": (reverse("leaving", args=[pk]), "Leaving special education"),
        }.get(reason.code, (reverse("directory"), "Directory"))
    if reason.code == "ended-takes-part" and actor.may(Capability.HOLD_MEETING):
        return reverse("participation", args=[pk]), "Student has left or stops taking part"
    return why_way(file.student)


def _arrival_of(file: StudentFile) -> Way:
    """The student's own arrival, or the transfer that waits; the record, which begins one, where there is neither."""
    arriving = [one.url for one in file.unsettled if one.kind in (Kind.ARRIVING, Kind.RETURNING) and one.url]
    if arriving:
        return arriving[0], "Settle the arrival"
    return reverse("student", args=[file.student.public_id]), "Student arrived: on the record"


def _status_bars(file: StudentFile) -> Iterator[Bar]:
    for one in file.facts.statuses:
        is_past = one.effective_to is not None and one.effective_to < file.today
        words = code_set("SpecialEducationStatus").label(one.status_code)
        lea = file.agencies.get(one.lea_code, one.lea_code)
        yield Bar(
            one.effective_from,
            one.effective_to,
            words,
            "plan-past" if is_past or one.status_code != PARTICIPATING else "plan-current",
            f"Reported by {lea}.",
            None,
            f"Status {words} from {us_date(one.effective_from)}.",
        )


def _state_status_bars(file: StudentFile) -> Iterator[Bar]:
    differing = {operation.record_key for operation in file.operations}
    held = sorted((row for row in file.at_state if row.record == "SWDS"), key=lambda row: row.key_on)
    for number, row in enumerate(held):
        end = held[number + 1].key_on - ONE_DAY if number + 1 < len(held) else None
        words = code_set("SpecialEducationStatus").label(row.values.get("22.12", ""))
        yield Bar(
            row.key_on,
            end,
            words,
            "state-different" if row.record_key in differing else "state-equal",
            f"Known by its {row.get_learned_from_display().lower()} of {us_date(row.learned_at)}.",
            None,
            f"The state holds status {words} from {us_date(row.key_on)}.",
        )


def _draw(file: StudentFile, lanes: list[Lane]) -> Any:
    return draw_timeline(
        lanes,
        today=file.today,
        title=f"Enrollments of {file.student.full_name}",
        description="Enrollments of the SIS, status and plan here, and what the state holds. The same facts stand in "
        "the table below the drawing.",
    )


urlpatterns = [
    path("students/<uuid:public_id>/enrollments", student_enrollments, name="student_enrollments"),
]
