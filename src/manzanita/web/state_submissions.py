"""One submission: how far it is, what the state answered to each line, its files, and reading back by hand."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.auditing.actions import log_change, log_export, log_reads
from manzanita.auditing.kinds import ContentClass
from manzanita.domain import records
from manzanita.domain.access import Actor, Capability
from manzanita.domain.fields import short_name
from manzanita.domain.records import layout_of
from manzanita.exchange.actions import reject_by_hand, resume_submission, take_back
from manzanita.exchange.canceling import may_cancel, taken_back_reason
from manzanita.exchange.gateway.choice import gateway
from manzanita.exchange.gateway.files import FileGateway
from manzanita.exchange.models import Submission, SubmissionLine
from manzanita.exchange.plan import findings_of_lines, lines_outside_reach, lines_page, why_still_waiting
from manzanita.exchange.sends import UNDER_WAY, get_submission
from manzanita.students.queries import is_visible
from manzanita.ui.formats import plural
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import requires
from manzanita.web.state_lines import name_of, opened_sent, student_names, summary
from manzanita.web.state_sends import refuse_a_part
from manzanita.web.work_state import row_and_job

PAGE_SIZE = 100
OUTCOMES = {"": "All lines", "rejected": "Rejected", "waiting": "Waiting", "posted": "Posted"}
# The state's extracts of one district are far smaller.
LARGEST_UPLOAD_BYTES = 200 * 1024 * 1024


@require_safe
@requires(Capability.SEND_TO_STATE)
def submission(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page of one submission with its lines, a page at a time."""
    actor = request.actor
    progress = _progress(actor, public_id)
    found = progress["submission"]
    outcome = request.GET.get("outcome", "")
    after = request.GET.get("after", "0")
    if outcome not in OUTCOMES or not after.isdecimal():
        raise Http404("no such lines")
    lines = lines_page(actor, found, after=int(after), outcome=outcome, limit=PAGE_SIZE + 1)
    shown = lines[:PAGE_SIZE]
    log_reads(
        actor=actor,
        student_ids=[line.student_id for line in shown],
        what="state.submission",
        filter_codes=f"submission={found.pk}" + (f" outcome={outcome}" if outcome else ""),
    )
    opened = next((line for line in shown if str(line.pk) == request.GET.get("open")), None)
    here = reverse("submission", args=[public_id])
    return render(
        request,
        "web/state/submission.html",
        {
            **progress,
            "rows": _rows(actor, found, shown),
            "tabs": [
                (words, f"{here}?outcome={key}" if key else here, key == outcome, _count(found, key))
                for key, words in OUTCOMES.items()
            ],
            "outcome": outcome,
            "outside_count": lines_outside_reach(actor, found),
            "opened_id": opened.pk if opened else None,
            "opened": opened_sent(opened) if opened else None,
            "next_after": shown[-1].position if len(lines) > PAGE_SIZE else None,
            "files": _files(found) if _has_files(found) and not lines_outside_reach(actor, found) else [],
        },
    )


def _count(found: Submission, outcome: str) -> int:
    counts = {"": found.line_count, "posted": found.posted_count, "rejected": found.rejected_count}
    return counts.get(outcome, found.line_count - found.posted_count - found.rejected_count)


def _progress(actor: Actor, public_id: uuid.UUID) -> dict[str, Any]:
    found, job, has_stopped = row_and_job(lambda: get_submission(actor, public_id), UNDER_WAY)
    return {
        "submission": found,
        "job": job,
        "is_under_way": found.state in UNDER_WAY,
        "has_stopped": has_stopped,
        "answered_count": found.posted_count + found.rejected_count,
        "waiting_count": _count(found, "waiting"),
        "waits": [{**reason, "link": _link_of(reason)} for reason in found.waits],
        "may_cancel": may_cancel(found),
        # A file that goes after another one has nothing to try before that one has gone.
        "may_try_now": bool(found.next_try_at) and all(one["code"] != "its-turn" for one in found.waits),
    }


def _link_of(reason: dict[str, Any]) -> str:
    """Where the cause of a wait stands: another submission goes first."""
    first = reason["values"].get("submission")
    return reverse("submission", args=[first]) if first else ""


def _rows(actor: Actor, found: Submission, lines: list[SubmissionLine]) -> list[dict[str, Any]]:
    people = student_names(actor, [line.student_id for line in lines])
    findings = findings_of_lines([line for line in lines if line.outcome == "rejected"])
    waiting = [line for line in lines if line.outcome == "waiting"] if found.state == "written" else []
    why = why_still_waiting(waiting)
    rows = []
    for line in lines:
        person = people.get(line.student_id)
        own = [findings.get((line.student_id, line.record_key, error["code"])) for error in line.errors]
        rows.append(
            {
                "line": line,
                "name": name_of(person),
                "url": url_or_none("student", person.student.public_id) if person else None,
                "what": summary(line.record, line.values),
                "key_on": records.key_on(line.record, line.values),
                "errors": [
                    {
                        "code": error["code"],
                        "text": error["text"],
                        "field": f"{error['field']} {short_name(error['field'])}"
                        if error.get("field")
                        else "",
                        "owner": finding.owner if finding else "",
                        "url": reverse("finding", args=[finding.pk]) if finding else None,
                        "is_closed": bool(finding and finding.closed_at),
                    }
                    for error, finding in zip(line.errors, own, strict=True)
                ],
                "why_waiting": why.get(line.pk, ""),
                "fields": [
                    (field.number, short_name(field.number))
                    for field in layout_of(line.record, line.values).fields
                ]
                if line.pk in why
                else [],
            }
        )
    return rows


def _has_files(found: Submission) -> bool:
    return found.form == "files" and found.state in ("written", "done")


def _files(found: Submission) -> list[dict[str, Any]]:
    written = _file_gateway(found).files_of(found.file_name)
    return [
        {
            "name": file.name,
            "url": reverse("submission_file", args=[found.public_id, number]),
            "lines": file.read_bytes().count(b"\n"),
            "is_delete": file.stem.endswith("_delete"),
        }
        for number, file in enumerate(written, start=1)
    ]


def _file_gateway(found: Submission) -> FileGateway:
    chosen = gateway(form="files", destination=found.destination)
    if not isinstance(chosen, FileGateway):
        raise TypeError("the form 'files' writes files")
    return chosen


@require_safe
@requires(Capability.SEND_TO_STATE)
def submission_progress(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The moving part of the page; once nothing moves any more it asks the browser for the whole page."""
    progress = _progress(request.actor, public_id)
    answer = render(request, "web/state/progress.html", progress)
    if not progress["is_under_way"]:
        answer["HX-Refresh"] = "true"
    return answer


@require_safe
@requires(Capability.SEND_TO_STATE)
def submission_file(request: HttpRequest, public_id: uuid.UUID, number: int) -> HttpResponse:
    """One written file, to be uploaded by hand. Taking it out of the house is logged."""
    found = get_submission(request.actor, public_id)
    files = _file_gateway(found).files_of(found.file_name) if found.form == "files" else []
    if lines_outside_reach(request.actor, found):
        raise Http404("the file holds lines of students outside this scope")
    if not 1 <= number <= len(files):
        raise Http404("no such file")
    log_change(actor=request.actor, action="export_lines", subject=found, detail={"file": number})
    log_export(
        actor=request.actor,
        what="state.file",
        student_ids=found.lines.order_by("position").values_list("student_id", flat=True),
        content_class=ContentClass.RECORD,
        size_bytes=files[number - 1].stat().st_size,
    )
    return FileResponse(
        files[number - 1].open("rb"),
        as_attachment=True,
        filename=files[number - 1].name,
        content_type="text/plain",
    )


@require_POST
@requires(Capability.SEND_TO_STATE)
def submission_reject(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Note what the state's site said of one uploaded line."""
    found = get_submission(request.actor, public_id)
    line = found.lines.filter(pk=_number(request.POST.get("line", ""))).first()
    if line is None or not is_visible(request.actor, line.student_id):
        raise Http404("no such line")
    code, text = request.POST.get("code", "").strip(), request.POST.get("text", "").strip()
    field = request.POST.get("field", "")
    if field not in ("", *layout_of(line.record, line.values).numbers):
        raise Http404("no such field")
    if not code or not text or len(code) > 20:
        messages.error(request, "Not noted: give the state's code (at most 20 characters) and its words.")
    elif reject_by_hand(actor=request.actor, line=line, code=code, field=field, text=text[:400]):
        messages.success(request, f"Noted: line {line.position} was rejected with {code}.")
    else:
        messages.info(request, "This line does not wait for an answer any more.")
    return redirect("submission", public_id)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


@require_POST
@requires(Capability.SEND_TO_STATE)
def submission_take_back(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Files that nobody uploaded: their lines are free again."""
    found = get_submission(request.actor, public_id)
    if refused := refuse_a_part(request, found):
        return refused
    if found.state != "written":
        messages.info(request, "Only files that were written for hand upload can be taken back.")
        return redirect("submission", public_id)
    reason = taken_back_reason(request.actor.person_name)
    count = take_back(submission=found, reason=reason, actor=request.actor)
    messages.success(request, f"{plural(count, 'line')} taken back: free to go again.")
    return redirect("submission", public_id)


@require_POST
@requires(Capability.SEND_TO_STATE)
def submission_resume(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Set a submission going again whose job gave up."""
    found = get_submission(request.actor, public_id)
    if resume_submission(actor=request.actor, submission=found):
        messages.success(request, "Going on where it stopped.")
    else:
        messages.info(request, "It is under way already, or done.")
    return redirect("submission", public_id)


urlpatterns = [
    path("state/submissions/<uuid:public_id>", submission, name="submission"),
    path("state/submissions/<uuid:public_id>/progress", submission_progress, name="submission_progress"),
    path("state/submissions/<uuid:public_id>/files/<int:number>", submission_file, name="submission_file"),
    path("state/submissions/<uuid:public_id>/reject", submission_reject, name="submission_reject"),
    path("state/submissions/<uuid:public_id>/take-back", submission_take_back, name="submission_take_back"),
    path("state/submissions/<uuid:public_id>/resume", submission_resume, name="submission_resume"),
]
