"""Correct one archived record: its fields as controls, the wrong one first, and what will then be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.codes import code_set
from manzanita.domain.fields import FIELDS, short_name
from manzanita.domain.findings import Finding, Owner, Reason
from manzanita.domain.former_lea import CLOSED
from manzanita.domain.layouts import field as layout_field
from manzanita.domain.specification import specification
from manzanita.exchange.models import StateFinding
from manzanita.exchange.plan import open_findings_of_record, record_to_correct
from manzanita.exchange.queries import operations_of
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.queries import nonpublic_agencies
from manzanita.procedures.correct import (
    CORRECTABLE,
    Correction,
    correct_record,
    newest_of,
    preview_correction,
)
from manzanita.procedures.correct_dates import DATE_FIELDS
from manzanita.procedures.correct_evaluation import CONSENT, EVALUATION_FIELDS, REFERRED, why_not_offered
from manzanita.students.models import Student
from manzanita.students.queries import get_student, public_ids
from manzanita.ui.formats import us_date
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import requires
from manzanita.web.correct_ways import cause_in
from manzanita.web.meanwhile import CODE, alone_with, meanwhile_fix, stamp_of, status_of
from manzanita.web.reasons_told import told
from manzanita.web.state_lines import meaning, name_of, student_names, summary

AGENCY_FIELD = "25.05"
_DAYS = frozenset({*DATE_FIELDS.values(), REFERRED, CONSENT})
# The code of the refusal that a newer archive holds the record.
STALE = "already-corrected"
LAID_OVER = Reason(
    CODE,
    "It was corrected since you opened it: this is the record that stands now, with what you typed laid over it.",
    Owner.COORDINATOR,
    "Look at both, and save it.",
)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """The form; a POST with ``check`` says what it would do, one without saves it."""
    row = record_to_correct(request.actor, pk)
    log_reads(actor=request.actor, student_ids=[row.student_id], what="correction")
    student = get_student(request.actor, public_ids([row.student_id])[row.student_id])
    given = _given(request, row)
    reason = request.POST.get("reason", "")
    if request.method != "POST":
        preview = preview_correction(row, given)
        # What no typing mends is said at once, with the way out, not only to who has typed.
        refusals = [one for one in preview.blockers if one.code in (STALE, CLOSED)]
        return _form(request, student, row, given, preview, refusals, reason)
    try:
        with alone_with(request, student):
            if "check" not in request.POST:
                archive = correct_record(actor=request.actor, row=row, changes=given, reason=reason)
                return _saved(request, row, archive.pk)
            preview = preview_correction(row, given)
            if any(one.code == STALE for one in preview.blockers):
                raise NotPossible(preview.blockers)
            return _form(request, student, row, given, preview, preview.blockers, reason)
    except NotPossible as refused:
        return _not_saved(request, student, row, given, refused.reasons, reason)


def _not_saved(
    request: HttpRequest,
    student: Student,
    row: ArchivedRecord,
    given: Mapping[str, str],
    refusals: Sequence[Reason],
    reason: str,
) -> HttpResponse:
    """The form as it was filled in; of a record that was corrected meanwhile that of the one that stands now, with what
    was typed laid over what the other correction says."""
    told = [one for one in refusals if one.code == CODE]
    newest = newest_of(row)
    if newest is not None and newest.pk != row.pk:
        typed = {number: value for number, value in given.items() if value != row.values[number]}
        row, given = newest, {number: newest.values[number] for number in _numbers(newest)} | typed
        told.append(LAID_OVER)
    preview = preview_correction(row, given)
    return _form(
        request, student, row, given, preview, [*told, *preview.blockers] if told else refusals, reason
    )


def _given(request: HttpRequest, row: ArchivedRecord) -> dict[str, str]:
    """What the form says, as the state writes it: the browser gives days as ``2026-11-23``."""
    given = {number: request.POST.get(number, row.values[number]).strip() for number in _numbers(row)}
    return {number: text.replace("-", "") if number in _DAYS else text for number, text in given.items()}


def _numbers(row: ArchivedRecord) -> list[str]:
    """The fields that may be corrected here. A pending meeting has no day of its own, and only an initial evaluation
    that was held has a referral and a consent here."""
    left_out: set[str] = set()
    if row.record == "MEET":
        left_out |= set() if row.values[DATE_FIELDS["MEET"]] else {DATE_FIELDS["MEET"]}
        left_out |= set(EVALUATION_FIELDS) if why_not_offered(row.values) else set()
    return [number for number in CORRECTABLE[row.record] if number not in left_out]


def _saved(request: HttpRequest, row: ArchivedRecord, archive_id: int) -> HttpResponse:
    cause = cause_in(request, row)
    back = format_html(' <a class="go" href="{}">Back to the finding</a>', cause.url) if cause else ""
    own = list(
        operations_of(request.actor)
        .filter(student_id=row.student_id, archive_id=archive_id)
        .order_by("-position")
    )
    if not own:
        said = "Corrected. The state holds exactly this already, so nothing is sent."
        messages.success(request, format_html("{}{}", said, back))
        return redirect("state")
    said = "Corrected. What the state will be told stands in the plan; send it when you are ready."
    messages.success(request, format_html("{}{}", said, back))
    return redirect("state_operation", own[0].pk)


def _form(
    request: HttpRequest,
    student: Student,
    row: ArchivedRecord,
    given: Mapping[str, str],
    preview: Correction,
    refusals: Sequence[Reason],
    reason: str,
) -> HttpResponse:
    findings = open_findings_of_record(row.student_id, row.record_key)
    wrong = [number for finding in findings for number in finding.fields if number in given]
    cause = cause_in(request, row)
    asked = request.GET.get("field", "")
    first = [number for number in (asked, *(cause.fields if cause else ())) if number in given] + wrong
    order = [*dict.fromkeys(first), *(number for number in given if number not in first)]
    errors = _errors(preview.findings, refusals)
    is_posted = request.method == "POST"
    if cause and cause.message and first and not is_posted:
        errors.setdefault(first[0], cause.message)
    rejected = _rejected(findings)
    person = student_names(request.actor, [row.student_id]).get(row.student_id)
    elsewhere = sorted({number for one in findings for number in one.fields} - set(given))
    return render(
        request,
        "web/state/correct.html",
        {
            "row": row,
            "name": name_of(person),
            "ssid": person.ssid if person else "",
            "student_url": url_or_none("student", person.student.public_id) if person else None,
            "archive_url": url_or_none("archive", row.archive.public_id),
            "summary": summary(row.record, row.values),
            "cause": cause,
            "findings": findings,
            "controls": [
                _control(
                    number,
                    given[number],
                    row.values[number],
                    errors.get(number, ""),
                    rejected.get(number, {}),
                    # After a look the focus is on what was found.
                    is_first=position == 0 and not (is_posted and not refusals),
                )
                for position, number in enumerate(order)
            ],
            "elsewhere": [f"{number} {short_name(number)}" for number in elsewhere],
            "preview": preview,
            "changes": [
                (number, short_name(number), meaning(number, was) or "blank", meaning(number, new) or "blank")
                for number, (was, new) in preview.changes.items()
            ],
            "refusals": told(refusals, _fixes(row, refusals) | meanwhile_fix(student)),
            "address": f"{reverse('correct', args=[row.pk])}?{request.GET.urlencode()}".rstrip("?"),
            "record_seen": stamp_of(request.actor, student),
            "is_looked": is_posted and not refusals,
            "reason": reason,
            "is_checked": is_posted,
        },
        status=status_of(refusals) if is_posted else 200,
    )


def _fixes(row: ArchivedRecord, refusals: Sequence[Reason]) -> dict[str, tuple[str, str]]:
    """Where a refusal is mended that this form does not mend: address and label by its code."""
    newer = {STALE: _newer(row)} if any(one.code == STALE for one in refusals) else {}
    newer |= {CLOSED: (reverse("directory"), "Whom to ask there")}
    other, label = ("MEET", "Correct the meeting") if row.record == "PLAN" else ("PLAN", "Correct the plan")
    if all(one.code != "plan-before-meeting" for one in refusals):
        return newer
    found = row.archive.records.filter(record=other).first()
    return newer | ({"plan-before-meeting": (reverse("correct", args=[found.pk]), label)} if found else {})


def _newer(row: ArchivedRecord) -> tuple[str, str]:
    """Where the record is corrected that stands now: in the newest archive that took the place of this one."""
    newest = newest_of(row)
    if newest is not None:
        return reverse("correct", args=[newest.pk]), "Correct it there"
    archive = row.archive
    while (newer := Archive.objects.filter(supersedes=archive).first()) is not None:
        archive = newer
    return reverse("archive", args=[archive.public_id]), "Open the newer archive"


def _errors(findings: Sequence[Finding], refusals: Sequence[Reason]) -> dict[str, str]:
    """What stands at a field: the refusal that names it."""
    fields = {one.code: one.fields for one in findings}
    errors: dict[str, str] = {}
    for reason in refusals:
        for number in (*reason.values, *fields.get(reason.code, ())):
            errors.setdefault(number, reason.text)
    return errors


def _rejected(findings: Sequence[StateFinding]) -> dict[str, dict[str, str]]:
    """By field, each value that the state has rejected in this record, with the day."""
    found: dict[str, dict[str, str]] = {}
    for one in findings:
        if one.source == "state" and one.severity == "fatal":
            for number in one.fields:
                if value := one.values.get(number):
                    found.setdefault(number, {})[value] = us_date(one.opened_at)
    return found


def accepted_hint(code_set_name: str) -> str:
    """What is said at a code that the state rejected, where nobody outside knows which codes it accepts."""
    if specification() is not None:
        return "The list is that of the state's workbook."
    return (
        f"Which codes of {code_set_name} the state accepts this year is not public, and our list may hold others that "
        "it rejects: ask the SELPA, or load the state's workbook."
    )


def _control(
    number: str, value: str, was: str, error: str, rejected: Mapping[str, str], *, is_first: bool
) -> dict[str, Any]:
    declared = FIELDS.get(number)
    name = layout_field(number).code_set
    options = [(code.code, code.label) for code in code_set(name).current()] if name else []
    if number == AGENCY_FIELD:
        options = [(agency.npa_id, agency.name) for agency in nonpublic_agencies() if agency.npa_id]
    # A value that the list does not know must still be shown as what it is.
    for known in (was, value):
        if options and known and known not in dict(options):
            options.append((known, "not in the list"))
    options = [
        (code, f"{label} (rejected by the state on {rejected[code]})" if code in rejected else label)
        for code, label in options
    ]
    hints = [declared.help if declared else "", accepted_hint(name) if name and rejected else ""]
    is_day = number in _DAYS
    return {
        "number": number,
        "label": short_name(number),
        "is_day": is_day,
        "value": f"{value[:4]}-{value[4:6]}-{value[6:]}" if is_day and value else value,
        "was": meaning(number, was) or "blank",
        "is_changed": value != was,
        "options": options,
        "hint": " ".join(hint for hint in hints if hint) or None,
        "error": error or None,
        "is_first": is_first,
    }


urlpatterns = [path("corrections/<int:pk>", correct, name="correct")]
