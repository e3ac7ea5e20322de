"""The portable file of one student: what stands in it, for whom, and the file as an export, logged as one."""

from __future__ import annotations

import uuid
from secrets import token_urlsafe

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.auditing.actions import log_reads
from manzanita.auditing.models import ListExport
from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.queries import agency_names, school_names
from manzanita.platform.key_files import KeyUnusable
from manzanita.procedures.portable_out import ask_portable, document_for
from manzanita.students.models import Student
from manzanita.students.queries import get_student
from manzanita.transfers.signing import own_fingerprint
from manzanita.web.access import requires
from manzanita.web.list_exports import weigh
from manzanita.web.read_purpose import ask_purpose, purpose_for
from manzanita.web.transfer_words import agency_codes_of, sections_of

MOST = 200


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.EXPORT_LIST)
@requires(Capability.TRANSFER_STUDENT)
def portable_out(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What the file would say; a POST makes it, and leads to where it is fetched."""
    student = get_student(request.actor, public_id)
    purpose = purpose_for(request.actor, student)
    if purpose is None:
        return ask_purpose(request, student)
    if request.method != "POST":
        log_reads(
            actor=request.actor, student_ids=[student.pk], what="student.portable", purpose_code=purpose
        )
        return _page(request, student, [])
    typed = {
        name: " ".join(request.POST.get(name, "").replace("\0", "").split())[:MOST]
        for name in ("meant_for", "why", "ask")
    }
    reasons = [
        Reason("portable", f"{label}: nothing is written.", Owner.YOU, "The parent reads it, too.")
        for name, label in (("meant_for", "For whom"), ("why", "Why"))
        if not typed[name]
    ]
    if not 8 <= len(typed["ask"]) <= 40:
        reasons.append(Reason("portable", "The form is an old one.", Owner.COORDINATOR, "Send it once more."))
    if not reasons:
        try:
            made = ask_portable(
                actor=request.actor,
                student=student,
                meant_for=typed["meant_for"],
                why=typed["why"],
                ask_key=typed["ask"],
                weigh=weigh,
            )
        except KeyUnusable as unusable:
            made = None
            reasons = [
                Reason("key", str(unusable), Owner.COORDINATOR, "Whoever runs the installation mends it.")
            ]
        if isinstance(made, ListExport):
            return redirect("export", made.public_id)
        if made is not None:
            reasons = list(made.approval)
    return _page(request, student, reasons)


def _page(request: HttpRequest, student: Student, reasons: list[Reason]) -> HttpResponse:
    document = document_for(request.actor, student, meant_for="")
    codes = agency_codes_of(document)
    context = {
        "student": student,
        "sections": sections_of(document, school_names(codes) | agency_names(codes)),
        "ask_key": token_urlsafe(12),
        "refusals": reasons,
        "typed": request.POST,
        "fingerprint": own_fingerprint(),
    }
    return render(request, "web/transfers/file_out.html", context, status=422 if reasons else 200)


urlpatterns = [path("students/<uuid:public_id>/portable", portable_out, name="portable_out")]
