"""Recording a change without a meeting: which there are, a form for each, and what it will do before it is saved."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.changes import CHANGES, Change
from manzanita.domain.codes import code_set, unconfirmed_codes, unconfirmed_in
from manzanita.domain.fields import FieldDeclaration
from manzanita.domain.findings import Reason
from manzanita.domain.setting_choices import PROGRAM_SETTING, Choice, grouped
from manzanita.domain.setting_grounds import OFFERED, first_ground
from manzanita.domain.statuses.steps import STEPS, lack, why_not
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.queries import open_meeting_of
from manzanita.platform import clock
from manzanita.procedures.change_reasons import SETTING_FIELDS, TEAM_SETTINGS, Asked, changing, plan_holds
from manzanita.procedures.changes import ChangePreview, preview_change, record_change
from manzanita.procedures.later_start import KEY, start_now
from manzanita.procedures.standing import untold_leaving
from manzanita.students.former import facts_for
from manzanita.students.models import Plan, Student
from manzanita.students.queries import StudentFacts, get_student
from manzanita.web.access import requires
from manzanita.web.form_days import Mistyped, day_of, mistyped
from manzanita.web.laid_over import laid_over, shown
from manzanita.web.meanwhile import alone_with, is_conflict, meanwhile_fix, stamp_of, status_of
from manzanita.web.reasons_told import Told, told, why_way
from manzanita.web.state_lines import summary
from manzanita.web.step_links import address_of_step, start_ways, step_fixes

_TEAM = [one.label.lower() for one in TEAM_SETTINGS]
GROUND_HINT = f"Needed for {', '.join(_TEAM[:-1])} and {_TEAM[-1]}: the team decides these."
# The field of the form that a refusal is about, by its code.
ERROR_FIELDS = {
    "no-date": "on",
    "future-date": "on",
    "no-status": "status",
    "no-status-reason": "status_reason",
    "no-reason": "reason",
    "too-early": "on",
    "consent-day": "consented_on",
    "team-decides": "ground",
    "ground-lacking": "ground",
}


# What the banner says in full stands at its field in short.
IN_SHORT = {"team-decides": "None is chosen.", "ground-lacking": "It does not hold here: see above."}


@require_safe
@requires(Capability.CORRECT_RECORD)
def changes(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Every kind of change with its purpose and what the state is told of it."""
    student = get_student(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[student.pk], what="procedure")
    facts = facts_for(request.actor, student)
    lea_code = request.actor.agency_code
    is_here = untold_leaving(facts, lea_code, student) is None
    holds = plan_holds(facts, lea_code, clock.today(), is_here=is_here)
    against = [*([] if is_here else [lack("here")]), *start_now(lea_code, facts)[1]]
    context = {
        "student": student,
        "kinds": CHANGES.values(),
        "reasons": {
            key: _not_now(student, reason)
            for key in CHANGES
            # A status may say that the student takes no part, which needs no plan.
            if key not in (KEY, "status") and (reason := why_not(key, holds))
        }
        | ({KEY: _not_started(student, against)} if against else {}),
    }
    return render(request, "web/students/changes.html", context)


def _not_now(student: Student, reason: Reason) -> list[Told]:
    """The refusal of one kind, with the way to the step that comes first."""
    way = address_of_step(reason.link, student), STEPS[reason.link].label
    return told([replace(reason, text=f"Not now: {reason.text}")], {}, way)


def _not_started(student: Student, against: Sequence[Reason]) -> list[Told]:
    first = replace(against[0], text=f"Not now: {against[0].text}")
    return told([first, *against[1:]], start_ways(student), why_way(student))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.CORRECT_RECORD)
def change(request: HttpRequest, public_id: uuid.UUID, key: str) -> HttpResponse:
    """The form of one change; a POST with ``check`` says what it would do, one without records it."""
    kind = CHANGES.get(key)
    if kind is None:
        raise Http404("no such change")
    student = get_student(request.actor, public_id)
    log_reads(actor=request.actor, student_ids=[student.pk], what="procedure")
    facts = facts_for(request.actor, student)
    if request.method != "POST":
        if key == KEY:
            return _start_form(request, student, kind, facts)
        return _form(request, student, kind, _first(request, key, facts), None, ())
    asked = _asked(request, key, facts)
    wrong = mistyped(request.POST, {"on": kind.day_label, "consented_on": "First consent to services"})
    preview: ChangePreview | None = None
    try:
        with alone_with(request, student):
            if wrong:
                raise NotPossible(wrong.reasons)
            if "check" in request.POST:
                preview = preview_change(request.actor, student, asked)
                return _form(request, student, kind, asked, preview, preview.blockers)
            archive = record_change(actor=request.actor, student=student, asked=asked)
    except NotPossible as refused:
        reasons = list(refused.reasons)
        if is_conflict(reasons):
            asked = _asked(request, key, facts_for(request.actor, student))
            reasons += preview_change(request.actor, student, asked).blockers
        return _form(request, student, kind, asked, None, reasons, wrong)
    except ValueError as error:
        raise Http404("no such code") from error
    messages.success(
        request, f"Recorded: {kind.label.lower()}. What was done, and what the state is told, stands here."
    )
    return redirect("archive", archive.public_id)


def _settings(facts: StudentFacts) -> dict[str, str]:
    """What the plan in force says of the settings, by field number."""
    plan = facts.plan_on(clock.today())
    return {one.number: getattr(plan, one.attribute, "") or "" for one in SETTING_FIELDS}


def _asked(request: HttpRequest, key: str, facts: StudentFacts) -> Asked:
    """What was entered; of the settings only what differs from what the form showed."""
    given = {name: text.strip() for name, text in request.POST.items()}
    return Asked(
        key=key,
        on=day_of(given.get("on", "")),
        reason=given.get("reason", ""),
        status_code=given.get("status", ""),
        reason_code=given.get("status_reason", ""),
        settings=laid_over(given, _settings(facts)).typed,
        ground=given.get("ground", "") if given.get("ground") in {one.key for one in OFFERED} else "",
        evaluation_type_code=given.get("evaluation_type", ""),
        is_plan_review=given.get("plan_review") == "Y",
        eligibility_code=given.get("eligibility", ""),
        delay_code=given.get("delay", ""),
        consented_on=day_of(given.get("consented_on", "")),
    )


def _first(request: HttpRequest, key: str, facts: StudentFacts) -> Asked:
    """What the form begins with: a plan is adopted from the first day of the enrollment, and a setting may be due to
    change by a birthday or a rule of the state."""
    today = clock.today()
    enrollment = facts.enrollment_on(today, request.actor.agency_code)
    is_arrival = key in ("adopt", "never_came")
    asked = Asked(key=key, on=(enrollment.started_on if enrollment else None) if is_arrival else None)
    if key != "setting":
        return asked
    ground = first_ground(changing(request.actor.agency_code, asked, facts, today))
    return replace(asked, ground=ground)


def _start_form(request: HttpRequest, student: Student, kind: Change, facts: StudentFacts) -> HttpResponse:
    """What was agreed, from the first day on which it may start; or at once why it may not start now."""
    found, against = start_now(request.actor.agency_code, facts)
    asked = Asked(KEY, found.first_day if found else None, consented_on=found.consented_on if found else None)
    return _form(request, student, kind, asked, None, against)


def _form(
    request: HttpRequest,
    student: Student,
    kind: Change,
    asked: Asked,
    preview: ChangePreview | None,
    refusals: Sequence[Reason],
    wrong: Mistyped | None = None,
) -> HttpResponse:
    is_sent = request.method == "POST"
    steps = step_fixes(refusals, student, _meeting_path(student, refusals))
    fixes = {**_fixes(request.actor, student, kind), **steps, **meanwhile_fix(student)}
    context = {
        "student": student,
        "kind": kind,
        "asked": asked,
        "refusals": refusals,
        "told": told(refusals, fixes),
        "errors": {
            ERROR_FIELDS[one.code]: IN_SHORT.get(one.code, one.text)
            for one in refusals
            if one.code in ERROR_FIELDS
        }
        | (wrong.errors if wrong else {}),
        "typed": wrong.typed if wrong else {},
        "is_sent": is_sent,
        "agreed": None,
        "record_seen": stamp_of(request.actor, student),
        "preview": preview,
        "drafts": [
            (draft.record, summary(draft.record, draft.values))
            for draft in (preview.drafts if preview else ())
        ],
        "today": clock.today(),
        **(_setting_fields(request, student, is_sent=is_sent) if kind.key == "setting" else _options(kind)),
        **(_agreed(request, student) if kind.key == KEY else {}),
    }
    # What cannot be done now is said before it is tried: that page is none of a refusal.
    status = status_of(refusals) if is_sent else 200
    return render(request, "web/students/change.html", context, status=status)


def _meeting_path(student: Student, refusals: Sequence[Reason]) -> str:
    """The meeting that was held, where a refusal is about it."""
    if all(one.code != "no-meeting-held" for one in refusals):
        return ""
    meeting = open_meeting_of(student)
    return reverse("meeting", args=[meeting.public_id]) if meeting else ""


def _agreed(request: HttpRequest, student: Student) -> dict[str, Any]:
    """What the form of a start that was agreed for later says of the agreement, and the first consent where it is
    known and no longer asked for."""
    facts = facts_for(request.actor, student)
    found, _ = start_now(request.actor.agency_code, facts)
    known = [row.initial_entry_on for row in facts.statuses if row.initial_entry_on]
    return {"agreed": found, "entered_on": min(known, default=None)}


def _fixes(actor: Actor, student: Student, kind: Change) -> dict[str, tuple[str, str]]:
    """Where a refusal is mended that this form does not mend: address and label by its code."""
    here = reverse("student", args=[student.public_id])
    known = (f"{here}?tab=history", "Show what is known")
    if kind.key == KEY:
        return start_ways(student)
    meetings = f"{reverse('meeting_new', args=[student.public_id])}#event-amendment"
    amend = (meetings, "Open an amendment") if actor.may(Capability.HOLD_MEETING) else why_way(student)
    return {
        "no-plan": (reverse("state_extracts"), "Read the state's extracts"),
        **dict.fromkeys(("team-decides", "ground-lacking"), amend),
        **dict.fromkeys(("same-status", "later-status", "plan-starts-that-day", "meeting-known"), known),
    }


def _options(kind: Change) -> dict[str, Any]:
    """The choices of the fields that this kind of change has."""
    if kind.key == "status":
        return {
            "statuses": codes_of("SpecialEducationStatus"),
            "status_reasons": codes_of("NonParticipationReason"),
            **_doubts({"22.13": "NonParticipationReason"}),
        }
    if kind.key == "meeting":
        return {
            "evaluation_types": codes_of("EvaluationType"),
            "eligibilities": codes_of("EligibilityOutcome"),
            "delays": codes_of("MeetingDelay"),
            **_doubts({"24.14": "EvaluationType", "24.16": "EligibilityOutcome", "24.18": "MeetingDelay"}),
        }
    return {}


def _setting_fields(request: HttpRequest, student: Student, *, is_sent: bool) -> dict[str, Any]:
    """The fields as the record has them now, with what was typed laid over them; and what the form shows, to be sent
    along."""
    facts = facts_for(request.actor, student)
    plan = facts.plan_on(clock.today())
    stands = _settings(facts)
    laid = laid_over(request.POST if is_sent else {}, stands)
    return {
        "settings": [
            {
                "number": one.number,
                "label": one.label,
                "value": laid.values[one.number],
                "hint": " ".join(filter(None, [laid.followed(one.number, one.label_of), one.help])),
                "error": laid.conflict(one.number, one.label_of),
                "blank": f"Blank: {one.blank_when}" if one.blank_when else "Blank",
                "options": _setting_options(one, student, plan),
            }
            for one in SETTING_FIELDS
        ],
        **_doubts(
            {one.number: one.layout_field.code_set for one in SETTING_FIELDS if one.layout_field.code_set}
        ),
        "form_shown": shown(stands),
        "grounds": [(one.key, one.label) for one in OFFERED],
        "ground_hint": GROUND_HINT,
    }


def _setting_options(
    declared: FieldDeclaration, student: Student, plan: Plan | None
) -> Sequence[Choice] | Mapping[str, Sequence[Choice]]:
    """The codes of a field; of the program setting in two groups, by the student's age and the type of plan."""
    options = codes_of(declared.layout_field.code_set) if declared.layout_field.code_set else []
    if declared.number != PROGRAM_SETTING:
        return options
    plan_type = plan.plan_type_code if plan else ""
    return grouped(options, plan_type=plan_type, born=student.birth_on, on=clock.today())


def _doubts(code_set_of: Mapping[str, str]) -> dict[str, Any]:
    """By field number what is said of its codes that no public state source prints; and once for the page what the mark
    at a field means, with the codes of each."""
    doubtful = {number: code_set(name) for number, name in code_set_of.items()}
    doubtful = {number: codes for number, codes in doubtful.items() if unconfirmed_in(codes)}
    which = [f"{number} {unconfirmed_codes(codes, all_of_them='all')}" for number, codes in doubtful.items()]
    return {
        "doubts": {number: unconfirmed_in(codes) for number, codes in doubtful.items()},
        "doubts_said": f"At a field: no public state source prints some of its codes. Which: {'; '.join(which)}.",
    }


def codes_of(name: str) -> list[tuple[str, str]]:
    """Codes in force. That no state source prints some of them stands beside the field (``unconfirmed_in``)."""
    return [(code.code, code.label) for code in code_set(name).current()]


urlpatterns = [
    path("students/<uuid:public_id>/changes", changes, name="changes"),
    path("students/<uuid:public_id>/changes/<slug:key>", change, name="change"),
]
