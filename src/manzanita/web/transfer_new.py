"""Asking another district for a student: one found by exact search, or one whom the own SIS file has brought."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.models import Agency
from manzanita.orgs.queries import open_schools
from manzanita.platform import clock
from manzanita.procedures.assigning import candidates
from manzanita.procedures.student_transfer_asking import Attested, Wanted, request_student
from manzanita.procedures.student_transfer_base import NotMoved
from manzanita.students.queries import get_student
from manzanita.students.transfer_facts import enrolled_by_sis, record_holder, school_by_sis
from manzanita.transfers.queries import open_transfer_to
from manzanita.web.access import requires
from manzanita.web.form_days import day_of
from manzanita.web.guest_requests import SESSION_KEY
from manzanita.web.people_forms import number_of

FIELDS = (
    *("called", "enroll_on", "school", "case_manager", "reason", "ground"),
    *("attested_name", "attested_role", "attested_on", "attested_words"),
)
UNUSED_STATEMENT = Reason(
    "attestation",
    "Statement: it is written, and it counts only where “Somebody of your district attests” is chosen.",
    Owner.COORDINATOR,
    "Choose that, or clear the statement.",
)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.TRANSFER_STUDENT)
def student_transfer_new(request: HttpRequest) -> HttpResponse:
    """The form for the student that ``token`` (of the session) or ``student`` (within reach) names."""
    sent = request.POST if request.method == "POST" else request.GET
    student_id, called = _whom(request, sent.get("token", ""), sent.get("student", ""))
    if student_id is None:
        messages.error(
            request,
            "Not asked: who was found is no longer kept. Look the student up again, and ask once more.",
        )
        return redirect("search_elsewhere")
    if request.method != "POST":
        is_open = open_transfer_to(request.actor, student_id)
        if is_open is not None:
            messages.info(request, "This student is asked for already. Here you see how far it is.")
            return redirect("student_transfer", is_open.public_id)
        return _page(request, sent, student_id, {"called": called})
    typed = {name: " ".join(request.POST.get(name, "").replace("\0", "").split())[:300] for name in FIELDS}
    attests = typed["ground"] == "attested"
    wanted = Wanted(
        called=typed["called"],
        enroll_on=day_of(typed["enroll_on"]),
        school_code=typed["school"],
        case_manager_id=number_of(typed["case_manager"]),
        reason=typed["reason"],
        attested=Attested(
            *(typed[name] for name in FIELDS[6:8]), day_of(typed["attested_on"]), typed["attested_words"]
        )
        if attests
        else Attested("", "", None, ""),
    )
    try:
        if typed["attested_words"] and not attests:
            raise NotMoved([UNUSED_STATEMENT])
        if attests and wanted.attested.is_empty:
            # Chosen, and nothing written: that is told, not passed over.
            wanted = replace(wanted, attested=Attested(" ", "", None, ""))
        transfer, is_new = request_student(actor=request.actor, student_id=student_id, wanted=wanted)
    except NotMoved as refused:
        return _page(request, sent, student_id, typed, refused)
    if is_new:
        messages.success(
            request, "Asked. Here you see how far it is, and what stands in the other district's way."
        )
    else:
        messages.info(request, "Nothing was asked anew: this request of your district is open already.")
    return redirect("student_transfer", transfer.public_id)


def _whom(request: HttpRequest, token: str, public_id: str) -> tuple[int | None, str]:
    """Key of the student and how the asker may call the student; of one out of reach nothing is told."""
    if public_id:
        try:
            student = get_student(request.actor, uuid.UUID(public_id))
        except ValueError:
            raise Http404("no such student") from None
        log_reads(actor=request.actor, student_ids=[student.pk], what="transfer")
        return student.pk, student.full_name
    found = request.session.get(SESSION_KEY, {}).get(token)
    return (found[0], "") if found else (None, "")


def _page(
    request: HttpRequest, sent: Any, student_id: int, values: dict[str, str], refused: NotMoved | None = None
) -> HttpResponse:
    actor = request.actor
    shown_from = enrolled_by_sis(student_id, actor.agency_code)
    holder = Agency.objects.filter(code=record_holder(student_id, actor.agency_code)).first()
    start = shown_from or clock.today()
    defaults = {
        "enroll_on": start.isoformat(),
        "school": school_by_sis(student_id, actor.agency_code),
        "ground": "sis" if shown_from else "none",
        "attested_name": user_names({actor.user_id}).get(actor.user_id, ""),
        "attested_role": actor.perspective.label,
        "attested_on": clock.today().isoformat(),
    }
    context = {
        "token": sent.get("token", ""),
        "student": sent.get("student", ""),
        "holder": holder,
        "shown_from": shown_from,
        "values": dict.fromkeys(FIELDS, "") | defaults | values,
        "schools": open_schools(actor.agency_code).values_list("code", "name"),
        "managers": [(one.pk, one.name) for one in candidates(actor)["assignment"]],
        "refusals": refused.reasons if refused else [],
        "today": clock.today(),
    }
    return render(request, "web/transfers/new.html", context, status=422 if refused else 200)


urlpatterns = [path("transfers/new", student_transfer_new, name="student_transfer_new")]
