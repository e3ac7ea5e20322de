"""The record of disclosures of one student, which a parent may read and take home on paper."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.auditing.disclosing import NOT_RECORDED, NotADisclosure, record_disclosure
from manzanita.auditing.disclosure_models import AUTHORITIES, Disclosure, DisclosureKind
from manzanita.auditing.queries import disclosures_of_student
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Reason
from manzanita.platform import clock
from manzanita.students.models import Student
from manzanita.students.queries import get_student, keys_of_person
from manzanita.web.access import requires
from manzanita.web.form_days import day_of
from manzanita.web.read_purpose import ask_purpose, purpose_for

FIELDS = ("kind", "on", "party", "authority", "interest", "purpose", "what", "corrects")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.READ_AUDIT)
def disclosures(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The list, ready for paper, and below it the form that adds a line."""
    student = get_student(request.actor, public_id)
    purpose = purpose_for(request.actor, student)
    if purpose is None:
        return ask_purpose(request, student)
    given = {name: request.POST.get(name, "") for name in FIELDS}
    if request.method == "POST":
        try:
            _record(request, student, given)
        except NotADisclosure as refused:
            return _page(request, student, purpose, given, refused.reasons)
        messages.success(request, "Recorded.")
        return redirect("disclosures", public_id)
    return _page(request, student, purpose, given, ())


def _record(request: HttpRequest, student: Student, given: dict[str, str]) -> None:
    standing = {str(one.pk): one for one in _told(request.actor, student)}
    corrects = standing.get(given["corrects"])
    record_disclosure(
        actor=request.actor,
        # A line from before two records were put together stands with the key that it was written of.
        student_id=corrects.student_id if corrects else student.pk,
        kind=given["kind"],
        on=day_of(given["on"]),
        party=given["party"],
        authority_code=given["authority"],
        interest=given["interest"],
        purpose=given["purpose"],
        what=given["what"],
        corrects=corrects,
    )


def _told(actor: Actor, student: Student) -> list[Disclosure]:
    """Disclosures of the student; to a former LEA its own, and those from before its last day was over."""
    through = student.seen_through
    return [
        one
        for one in disclosures_of_student(*keys_of_person(student.pk))
        if through is None or one.lea_code in actor.agency_codes or one.at < clock.end_of(through)
    ]


def _page(
    request: HttpRequest, student: Student, purpose: str, given: dict[str, str], reasons: Sequence[Reason]
) -> HttpResponse:
    log_reads(actor=request.actor, student_ids=[student.pk], what="student.disclosures", purpose_code=purpose)
    rows = _told(request.actor, student)
    context = {
        "student": student,
        "rows": rows,
        "names": user_names({row.by_id for row in rows}),
        "reasons": reasons,
        "given": given,
        "kinds": DisclosureKind.choices,
        "authorities": {
            "Recorded here": [(one.key, f"{one.label} ({one.source})") for one in AUTHORITIES.values()],
            "Not recorded here": [(key, label) for key, (label, _) in NOT_RECORDED.items()],
        },
        "earlier": [(row.pk, f"{row.disclosed_on:%m/%d/%Y}, {row.party}") for row in rows],
        "today": clock.today(),
        "agency_name": request.actor.agency_name,
    }
    return render(request, "web/students/disclosures.html", context, status=422 if reasons else 200)


urlpatterns = [path("students/<uuid:public_id>/disclosures", disclosures, name="disclosures")]
