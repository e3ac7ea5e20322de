"""One student: identity, time line, state strip, record, meetings, state, history."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.domain.layouts.files import write_lines
from manzanita.domain.private_schools import PLAN_SHORT
from manzanita.domain.records import complete, layout_of
from manzanita.domain.scenarios import EVENTS
from manzanita.exchange.holds import ON_ITS_WAY, READY, SENT
from manzanita.exchange.models import StateRecord
from manzanita.exchange.queries import StripCell, lines_of_student, state_strip
from manzanita.findings.queries import TO_SETTLE
from manzanita.meetings.queries import event_label
from manzanita.ui.formats import plural, us_date, us_dates
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import requires
from manzanita.web.news_line import after_own_words, unseen_words
from manzanita.web.read_purpose import purpose_first
from manzanita.web.readiness import readiness_of
from manzanita.web.record_as_of import TODAY, Asked, actions_then, asked_of, file_as_of, tab_parts, view_parts
from manzanita.web.rights_words import decider_words, languages_of_deciders, undecided_words
from manzanita.web.settle import words_of
from manzanita.web.state_lines import rows_of_operations
from manzanita.web.student_actions import actions_of
from manzanita.web.student_alerts import alerts_of
from manzanita.web.student_file import StudentFile, load_student
from manzanita.web.student_history import history_tab
from manzanita.web.student_record import record_tab
from manzanita.web.student_status import card_of
from manzanita.web.student_timeline import draw, lanes_of, rows_of
from manzanita.web.students_words import grade_text

TABS = {"record": "Record", "meetings": "Meetings", "state": "State", "history": "History"}
# The people have a page of their own (web.people) in the same frame.
TAB_ORDER = {
    "record": "Record",
    "meetings": "Meetings",
    "state": "State",
    "people": "People",
    "history": "History",
}
# How the record tab was asked for: another span of the time line leaves that as it is.
KEPT = (("layers", "all"), ("only", "differences"), ("only", "today"))
RULES_IN_STRIP = 4
STRIP_KINDS = {"equal": "equal", "different": "diff", "held": "held", "none": "na"}
SEVERITY_KINDS = {"fatal": "fatal", "warning": "warn", "info": "empty", "not_evaluated": "unevaluated"}


@require_safe
@requires(Capability.READ_STUDENT)
def student_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page with one of its tabs (``tab``). Reading it is logged."""
    tab = request.GET.get("tab", "record")
    if tab not in TABS or (tab == "history" and not has_history(request.actor)):
        raise Http404("no such tab")
    purpose, question = purpose_first(request, public_id)
    if question is not None:
        return question
    file = load_student(request.actor, public_id)
    asked = asked_of(request.GET, file.student) if tab == "record" else TODAY
    log_reads(
        actor=request.actor,
        student_ids=[file.student.pk],
        what="student.record-as-of" if asked.on else f"student.{tab}",
        view_codes=asked.codes,
        purpose_code=purpose,
    )
    context = {**frame_of(request, file, tab, asked), **TAB_CONTEXT[tab](request, file)}
    return render(request, f"web/students/tab_{tab}.html", context, status=422 if asked.errors else 200)


def has_history(actor: Actor) -> bool:
    """Whoever only reads as a guest is told nothing of who did what: a tab of it would be empty."""
    return not actor.perspective.is_read_only or actor.may(Capability.READ_AUDIT)


def frame_of(request: HttpRequest, file: StudentFile, tab: str, asked: Asked = TODAY) -> dict[str, Any]:
    """What every tab shows around its own part; ``asked`` is another day, of which the record is shown."""
    lanes, cells = lanes_of(file), _cells(file)
    only_this_year = request.GET.get("years") == "this"
    kept = _kept(request, KEPT) + asked.query
    page, people = (reverse(name, args=[file.student.public_id]) for name in ("student", "people"))
    addresses = {key: f"{page}?tab={key}" for key in TABS} | {"people": f"{people}?"}
    here = addresses[tab]
    counts = {
        "meetings": len(file.known_meetings),
        "state": len(file.operations) or None,
        "people": len(file.facts.people_on(file.today)),
    }
    return {
        "file": file,
        "alerts": alerts_of(file),
        "student": file.student,
        "identity": _identity(file),
        "status": card_of(file, cells),
        "readiness": readiness_of(file),
        "lead": _lead(file),
        "has_news": has_history(file.actor),
        "news": unseen_words(file) if has_history(file.actor) else "",
        "after_own": after_own_words(file) if has_history(file.actor) else "",
        "actions": actions_then(actions_of(file), asked, f"{page}?tab={tab}"),
        "drawing": draw(file, lanes, only_this_year=only_this_year),
        "spans": [
            ("This year", f"{here}&years=this{kept}", only_this_year),
            ("All", f"{here}{kept}".removesuffix("?"), not only_this_year),
        ],
        "line_rows": rows_of(lanes),
        "strip": [_strip_column(cell) for cell in cells],
        "reasons": _strip_reasons(file),
        "tab": tab,
        "tabs": [
            (label, addresses[key].removesuffix("?"), key == tab, counts.get(key))
            for key, label in TAB_ORDER.items()
            if key != "history" or has_history(file.actor)
        ],
    }


def _kept(request: HttpRequest, choices: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f"&{name}={request.GET[name]}" for name, value in choices if request.GET.get(name) == value
    )


def _lead(file: StudentFile) -> str:
    parts = [f"Grade {grade_text(file.enrollment.grade_code)}" if file.enrollment else "", file.age]
    if file.student.birth_on:
        parts.append(f"born {us_date(file.student.birth_on)}")
    return " · ".join(part for part in parts if part)


def _identity(file: StudentFile) -> list[tuple[str, str]]:
    enrollment, plan = file.enrollment, file.plan
    deciders = decider_words(file.facts, file.today)
    kind = PLAN_SHORT.get(plan.plan_type_code, "Plan") if plan else ""
    disability = code_set("Disability").label(plan.disability_1_code) if plan else ""
    return [
        ("SSID", file.facts.ssid or "None yet: the SIS requests it"),
        *[
            ("Earlier SSID", f"{earlier.ssid}, until {us_date(earlier.effective_to)}")
            for earlier in file.facts.ssids
            if earlier.ssid != file.facts.ssid
        ],
        ("Local ID", enrollment.local_student_id if enrollment else ""),
        ("School", file.school_of(enrollment) if enrollment else ""),
        ("Reporting LEA", file.agency(enrollment.lea_code) if enrollment else ""),
        ("Accountable district (DSEA)", file.agency(plan.dsea_code) if plan and plan.dsea_code else ""),
        ("Plan", f"{kind} ({plan.plan_type_code}), {disability}" if plan else ""),
        ("Case manager", file.people.get(file.facts.case_manager_id or 0, "None assigned")),
        ("Rights holder", "; ".join(deciders) or undecided_words(file.facts, file.today)),
        ("Language", ", ".join(languages_of_deciders(file.facts, file.today))),
    ]


def _cells(file: StudentFile) -> list[StripCell]:
    return state_strip(file.operations, file.at_state, [(row.record, row.key_on) for row in file.should])


def _strip_column(cell: StripCell) -> dict[str, Any]:
    def counted(count: int, on: Any) -> str:
        return f"{count}, newest {us_date(on)}" if count else ""

    parts = ((cell.ready, READY), (cell.on_its_way, SENT), (cell.held, "Held"))
    way = [f"{len(found)} {words.lower()}" for found, words in parts if found]
    return {
        "code": cell.record,
        "kind": STRIP_KINDS[cell.status],
        "word": "Not due" if cell.status == "none" else None,
        "should": counted(cell.should_count, cell.should_on),
        "does": counted(cell.does_count, cell.does_on),
        "way": ", ".join(way) or "None needed",
    }


def _strip_reasons(file: StudentFile) -> list[dict[str, Any]]:
    """Below the strip: each open finding, then each hold that no finding explains, with owner and way out."""
    reasons = []
    for finding in file.findings:
        days = (file.today - timezone.localtime(finding.opened_at).date()).days
        fields = f" ({', '.join(finding.fields)})" if finding.fields else ""
        reasons.append(
            {
                "kind": SEVERITY_KINDS[finding.severity],
                "code": finding.rule_code,
                "text": f"{finding.record}{fields}: {us_dates(finding.message)}",
                "owner": f"{finding.owner} · {plural(days, 'day')}",
                "url": url_or_none("finding", finding.pk),
                "url_label": "Understand and fix",
            }
        )
    reasons += _rule_reasons(file)
    explained = {finding.record_key for finding in file.findings}
    # What the state would reject is told by the finding that says why.
    told = {one.record_key for one in file.rule_findings if one.severity == "fatal"}
    may_send = file.actor.may(Capability.SEND_TO_STATE)
    for operation in file.operations:
        if not operation.holds or operation.record_key in explained:
            continue
        if operation.hold_code == "input-error" and operation.record_key in told:
            continue
        hold = operation.holds[0]
        reasons.append(
            {
                "kind": "progress" if operation.hold_code == ON_ITS_WAY else "held",
                "word": SENT if operation.hold_code == ON_ITS_WAY else None,
                "code": operation.record,
                "text": f"{operation.get_kind_display()} of {us_date(operation.key_on)}: {hold['text']} "
                f"{hold['way_out']}",
                "owner": hold["owner"],
                "url": url_or_none("state_operation", operation.pk) if may_send else None,
                "url_label": "Show the line",
            }
        )
    return reasons


def _rule_reasons(file: StudentFile) -> list[dict[str, Any]]:
    """What our rules say and somebody has to settle: the first ones here, all of them on the tab."""
    found = [one for one in file.rule_findings if one.severity in TO_SETTLE]
    reasons = [
        {
            "kind": SEVERITY_KINDS[one.severity],
            "code": one.rule_code,
            "text": f"{one.record}{f' ({words})' if (words := ', '.join(one.fields)) else ''}: {us_dates(one.message)}",
            "owner": one.owner,
            "url": url_or_none("settle_finding", one.pk),
            "url_label": "Settle" if file.actor.may(Capability.CORRECT_RECORD) else "Look",
        }
        for one in found[:RULES_IN_STRIP]
    ]
    if len(found) > RULES_IN_STRIP:
        more = plural(len(found) - RULES_IN_STRIP, "more finding")
        page = reverse("student", args=[file.student.public_id])
        reasons.append(
            {
                "kind": "warn",
                "word": "More",
                "text": f"{more} of our rules.",
                "url": f"{page}?tab=state#rules-head",
                "url_label": "Show all",
            }
        )
    return reasons


def _record_tab(request: HttpRequest, file: StudentFile) -> dict[str, Any]:
    asked = asked_of(request.GET, file.student)
    then = file_as_of(file, asked)
    return {
        **record_tab(then, request.GET, **tab_parts(file, asked)),
        **view_parts(file, then, asked, _kept(request, (*KEPT, ("years", "this")))),
    }


def _meetings_tab(_request: HttpRequest, file: StudentFile) -> dict[str, Any]:
    delays = code_set("MeetingDelay")
    return {
        "meeting_rows": [
            {
                "meeting": meeting,
                "label": event_label(meeting),
                "url": file.meeting_url(meeting),
                "delay": delays.label(meeting.delay_code) if meeting.delay_code else "",
                "outcome": _outcome(meeting.event_key, meeting.outcome_key),
                "by": file.people.get(meeting.opened_by_id or 0, ""),
                "elsewhere": file.agencies.get(meeting.lea_code, meeting.lea_code)
                if meeting.lea_code != file.lea_code
                else "",
                "ask_url": f"{reverse('directory')}?q={meeting.lea_code}",
            }
            for meeting in file.known_meetings
        ]
    }


def _outcome(event_key: str, outcome_key: str) -> str:
    event = EVENTS.get(event_key)
    outcome = event.outcomes.get(outcome_key) if event else None
    return outcome.label if outcome else ""


def _state_tab(_request: HttpRequest, file: StudentFile) -> dict[str, Any]:
    may_send = file.actor.may(Capability.SEND_TO_STATE)
    return {
        "state_lines": [_state_line(record) for record in file.at_state],
        "sent_lines": [
            line for line in lines_of_student(file.student.pk) if line.submission.lea_code == file.lea_code
        ],
        "operation_rows": rows_of_operations(file.operations),
        "may_send": may_send,
        "rule_findings": [words_of(one) for one in file.rule_findings],
    }


def _state_line(record: StateRecord) -> dict[str, Any]:
    shape = layout_of(record.record, record.values)
    text = write_lines(shape, [complete(record.record, record.values)])[0]
    return {
        "record": record,
        "parts": [(text, False)],
        "fields": [
            {"number": field.number, "name": field.name, "value": record.values.get(field.number, "")}
            for field in shape.fields
        ],
        "title": f"{record.record} of {us_date(record.key_on)}"
        + (f", {code_set('Service').label(record.values['25.11'])}" if record.record == "SERV" else ""),
    }


TAB_CONTEXT = {
    "record": _record_tab,
    "meetings": _meetings_tab,
    "state": _state_tab,
    "history": history_tab,
}

urlpatterns = [path("students/<uuid:public_id>", student_page, name="student")]
