"""The form for the plan of an arriving student that came on paper."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.arrivals.models import Arrival
from manzanita.arrivals.queries import get_arrival
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.arrivals import Evidence
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS, FieldDeclaration
from manzanita.domain.findings import Reason
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.directory import code_named
from manzanita.orgs.models import Agency
from manzanita.orgs.queries import nonpublic_agencies
from manzanita.platform import clock
from manzanita.procedures.paper_findings import PaperFinding, paper_findings, too_old
from manzanita.procedures.paper_plan import (
    MOST_SERVICES,
    NEEDED,
    PaperPlan,
    enter_paper_plan,
    paper_plan_of,
    paper_reasons,
    reasons_not_to_enter,
)
from manzanita.ui.formats import us_dates
from manzanita.web import reasons_told
from manzanita.web.access import requires
from manzanita.web.arrival_words import line_of, text_given
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.laid_over import LaidOver, laid_over, shown
from manzanita.web.meanwhile import CODE, alone_with, is_conflict, meanwhile_fix, stamp_of, status_of
from manzanita.web.state_lines import meaning
from manzanita.web.step_links import step_fixes
from manzanita.web.student_changes import codes_of

DAYS = {
    "starts_on": "Plan took effect on",
    "reviewed_on": "Last plan review",
    "evaluated_on": "Last evaluation",
    "entered_on": "First consent to services ever",
    "stopped_on": "Takes no part since",
}
# In the order of the paper; what only some plans have is folded.
ALWAYS = ("23.11", "23.15", "23.16", "23.20", "23.23", "23.14", "23.33")
SHOWN_SERVICES = 3
NUMBERS = {"reason_code": "22.13"} | {one.attribute: one.number for one in (*PLAN_FIELDS, *SERVICE_FIELDS)}
# A plan has one service at least; of the others every field may stay empty.
SERVICES = tuple(f"service_{number}_" for number in range(1, MOST_SERVICES + 1))
LATER_SERVICES = SERVICES[1:]
PROVIDER = "100"
# Every field of the form as it is without a plan; the type of provider stands there beforehand.
_BLANK = {
    **dict.fromkeys(("lea_code", "reason_code", *DAYS), ""),
    **{one.attribute: "" for one in PLAN_FIELDS},
    **{
        f"{row}{one.attribute}": PROVIDER if one.number == "25.12" else ""
        for row in SERVICES
        for one in SERVICE_FIELDS
    },
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def arrival_plan(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The form; a POST states what the paper says, or says of each field what is wrong."""
    found = get_arrival(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[found.student_id], what="arrivals.arrival")
    if request.method != "POST":
        reasons = reasons_not_to_enter(request.actor, found)
        return _form(request, found, _stands(found), reasons, may_enter=not reasons)
    typed: Mapping[str, str] = request.POST
    may_enter, told = not reasons_not_to_enter(request.actor, found), _told(typed)
    said = paper_findings(request.actor, found, told)
    try:
        with alone_with(request, found.student):
            if wrong := mistyped(request.POST, DAYS):
                raise NotPossible(wrong.reasons)
            if may_enter and not _looked_at(request, found, told, said):
                return _form(request, found, request.POST, (), may_enter=True, told=told, said=said)
            enter_paper_plan(
                actor=request.actor, arrival=found, told=told, reason=text_given(request, "reason")
            )
    except NotPossible as refused:
        reasons, laid = list(refused.reasons), None
        if is_conflict(reasons):
            laid = _laid_over(typed, _stands(found))
            typed, told = laid.values, _told(laid.values)
            said = paper_findings(request.actor, found, told)
            # The form stays as it was filled in, also where nothing can be entered any more.
            may_enter, now = True, get_arrival(request.actor, public_id)
            reasons = [one for one in reasons if one.code == CODE] + reasons_not_to_enter(request.actor, now)
        return _form(request, found, typed, reasons, may_enter=may_enter, told=told, said=said, laid=laid)
    messages.success(
        request,
        "Entered. Nothing goes to the state by it; the questions are answered by it, and what follows stands below.",
    )
    return redirect("arrival", public_id)


def _told(given: Mapping[str, str]) -> PaperPlan:
    """What the form says, by name of the field."""
    services = []
    for number in range(1, MOST_SERVICES + 1):
        one = {
            declared.attribute: line_of(given, f"service_{number}_{declared.attribute}")
            for declared in SERVICE_FIELDS
        }
        one["npa_id"] = code_named(one["npa_id"], _agencies())
        # The type of provider stands there beforehand.
        if any(value for name, value in one.items() if name != "provider_code"):
            services.append(one)
    stopped_on = day_of(given.get("stopped_on", ""))
    return PaperPlan(
        lea_code=code_named(line_of(given, "lea_code"), _districts()),
        **{name: day_of(given.get(name, "")) for name in DAYS},
        reason_code=line_of(given, "reason_code") if stopped_on else "",
        plan={one.attribute: line_of(given, one.attribute) for one in PLAN_FIELDS},
        services=services,
    )


def _looked_at(request: HttpRequest, arrival: Arrival, told: PaperPlan, said: Sequence[PaperFinding]) -> bool:
    """Is there nothing to say of what was typed, is there something wrong in the form, or has the person seen it?"""
    if any(paper_reasons(told, arrival, clock.today())) or not text_given(request, "reason"):
        return True
    digest = _digest(told, arrival, said)
    return not digest or request.POST.get("seen") == digest


def _digest(told: PaperPlan | None, arrival: Arrival, said: Sequence[PaperFinding]) -> str:
    """Names what is said of a plan: with other findings it is another look. Empty where there is nothing to say."""
    codes = [f"{one.finding.code}:{one.finding.record_key.split('|')[-1]}" for one in said]
    codes += [one.name for one in (too_old(told, arrival.enrolled_on) if told else ())]
    return ",".join(sorted(codes))


def _typed(before: PaperPlan) -> dict[str, str]:
    """What was entered before, as the form has it."""
    days = {name: day.isoformat() if (day := getattr(before, name)) else "" for name in DAYS}
    services = {
        f"service_{number}_{name}": value
        for number, one in enumerate(before.services, 1)
        for name, value in one.items()
    }
    return {
        "lea_code": before.lea_code,
        "reason_code": before.reason_code,
        **days,
        **before.plan,
        **services,
    }


def _stands(arrival: Arrival) -> dict[str, str]:
    """What the form begins with, every field of it: what was entered before, or what is known without the paper."""
    before = paper_plan_of(arrival.student_id)
    if before is not None:
        return _BLANK | _typed(before)
    former = Evidence.from_document(arrival.evidence).former_lea
    return _BLANK | {"lea_code": former, "plan_type_code": "100"}


def _laid_over(posted: Mapping[str, str], stands: Mapping[str, str]) -> LaidOver:
    """What was typed, over what stands now. A row that is another service now is one service or the other, never some
    fields of each."""
    laid = laid_over(posted, stands)
    values = dict(laid.values)
    for row in SERVICES:
        if f"{row}service_code" in laid.moved and any(name.startswith(row) for name in laid.typed):
            values |= {name: posted[name] for name in values if name.startswith(row) and name in posted}
    return replace(laid, values=values | {"reason": posted.get("reason", "")})


def _shown(name: str, value: str) -> str:
    """A value of the form in words."""
    if name in DAYS:
        return us_dates(value)
    declared = NUMBERS.get(re.sub(r"^service_[0-9]_", "", name))
    return meaning(declared, value) if declared and value else value


def _districts() -> list[tuple[str, str]]:
    return list(Agency.objects.filter(kind="lea").order_by("name").values_list("code", "name"))


def _agencies() -> list[tuple[str, str]]:
    return [(one.npa_id, one.name) for one in nonpublic_agencies() if one.npa_id]


def _form(
    request: HttpRequest,
    arrival: Arrival,
    typed: Mapping[str, str],
    refusals: Sequence[Reason],
    *,
    may_enter: bool,
    told: PaperPlan | None = None,
    said: Sequence[PaperFinding] = (),
    laid: LaidOver | None = None,
) -> HttpResponse:
    """``told`` is what was typed, and ``said`` what the rules say of it, in the same round as ``refusals``."""
    always = [next(one for one in PLAN_FIELDS if one.number == number) for number in ALWAYS]
    more = [one for one in PLAN_FIELDS if one not in always]
    errors = {one.code: one.text for one in refusals} | mistyped(typed, DAYS).errors
    if laid:
        errors = {name: laid.told(partial(_shown, name))[name] for name in laid.moved} | errors
    # Where the form itself objects to a field, the rules need not say it again.
    seen = _digest(told, arrival, said)
    said = [one for one in said if not (one.names and set(one.names) <= errors.keys())]
    old = [one for one in (too_old(told, arrival.enrolled_on) if told else ()) if one.name not in errors]
    for found in said:
        # A warning stands above, and does not look as if the field were refused.
        for name in found.names if found.is_fatal else ():
            errors.setdefault(name, us_dates(found.finding.message))
    agencies = _agencies()
    filled = [
        number
        for number in range(1, MOST_SERVICES + 1)
        if typed.get(f"service_{number}_service_code")
        or number <= SHOWN_SERVICES
        or any(name.startswith(f"service_{number}_") for name in errors)
    ]
    context = {
        "arrival": arrival,
        "student": arrival.student,
        "districts": _districts(),
        "reason_codes": codes_of("NonParticipationReason"),
        "always": [_control(one, one.attribute, typed) for one in always],
        "more": [_control(one, one.attribute, typed) for one in more],
        "is_more_open": any(typed.get(one.attribute) or one.attribute in errors for one in more),
        "services": [
            (
                number,
                [
                    _control(
                        one,
                        f"service_{number}_{one.attribute}",
                        typed,
                        PROVIDER if one.number == "25.12" else "",
                        agencies if one.attribute == "npa_id" else None,
                    )
                    for one in SERVICE_FIELDS
                ],
                number in filled,
            )
            for number in range(1, MOST_SERVICES + 1)
        ],
        "typed": typed,
        "refusals": reasons_told.told(
            refusals, step_fixes(refusals, arrival.student) | meanwhile_fix(arrival.student)
        ),
        "errors": errors,
        "said": said,
        "old": old,
        "seen": seen,
        "may_enter": may_enter,
        "record_seen": stamp_of(request.actor, arrival.student),
        "form_shown": shown(laid.stands if laid else _stands(arrival)),
    }
    status = status_of(refusals) if request.method == "POST" else 200
    return render(request, "web/arrivals/plan.html", context, status=status)


def _control(
    declared: FieldDeclaration,
    name: str,
    typed: Mapping[str, str],
    first: str = "",
    named: Sequence[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """One field; ``named`` are the agencies that it names, found by code or name."""
    return {
        "name": name,
        "label": declared.label,
        "number": declared.number,
        "hint": declared.help,
        "blank": f"Blank: {declared.blank_when}" if declared.blank_when else "Choose",
        "value": typed.get(name, first),
        "required": declared.number in NEEDED and not name.startswith(LATER_SERVICES),
        "named": named,
        "options": codes_of(declared.layout_field.code_set) if declared.layout_field.code_set else None,
    }


urlpatterns = [path("arrivals/<uuid:public_id>/plan", arrival_plan, name="arrival_plan")]
