"""What the state said no to, as work: what hurts first, each with rule, field, owner and the way to mend it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.fields import short_name
from manzanita.domain.layouts import field as layout_field
from manzanita.domain.rules import RETIRED_SSID_CODES, rule_info
from manzanita.domain.rules.code_years import OUTSIDE_ITS_YEARS, has_known_years
from manzanita.domain.specification import error_text
from manzanita.exchange.models import StateFinding
from manzanita.exchange.plan import newest_line, standing_record
from manzanita.exchange.queries import finding_of_actor, open_findings, operations_of
from manzanita.platform import clock
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import requires
from manzanita.web.correct_ways import OF_STATE, correct_address
from manzanita.web.state_correct import accepted_hint
from manzanita.web.state_lines import meaning, name_of, opened_sent, student_names

PAGE_SIZE = 100
SEVERITY_KINDS = {"fatal": "fatal", "warning": "warn", "info": "empty", "not_evaluated": "unevaluated"}
SEVERITY_WORDS = {"fatal": "Fatal", "warning": "Warning", "info": "Remark", "not_evaluated": "Not evaluated"}


@require_safe
@requires(Capability.READ_STUDENT)
def findings(request: HttpRequest) -> HttpResponse:
    """Open findings of the students in scope, fatal ones first and the newest first within each weight;
    ``severity`` narrows them."""
    actor = request.actor
    severity = request.GET.get("severity", "")
    if severity and severity not in SEVERITY_KINDS:
        raise Http404("no such severity")
    token = request.GET.get("after", "")
    after = finding_of_actor(actor, int(token)) if token.isdecimal() else None
    found = open_findings(actor, severity=severity, after=after, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    log_reads(
        actor=actor,
        student_ids=[one.student_id for one in shown],
        what="finding.list",
        filter_codes=f"severity={severity}" if severity else "",
    )
    people = student_names(actor, [one.student_id for one in shown])
    return render(
        request,
        "web/state/findings.html",
        {
            "severity": severity,
            "severity_word": SEVERITY_WORDS.get(severity, ""),
            "rows": [
                {
                    **_words(one),
                    "finding": one,
                    "name": name_of(people.get(one.student_id)),
                    "url": reverse("finding", args=[one.pk]),
                }
                for one in shown
            ],
            "next_after": shown[-1].pk if len(found) > PAGE_SIZE else None,
        },
    )


def _words(one: StateFinding) -> dict[str, Any]:
    return {
        "kind": SEVERITY_KINDS[one.severity],
        "word": SEVERITY_WORDS[one.severity],
        "days": (clock.today() - timezone.localtime(one.opened_at).date()).days,
        "fields": [
            {
                "number": number,
                "label": short_name(number),
                "value": meaning(number, one.values.get(number, "")) or "blank",
            }
            for number in one.fields
        ],
    }


def _unforeseen(one: StateFinding) -> list[str]:
    """Of a code outside its years, why our rules found nothing before the send: by field."""
    if one.rule_code != OUTSIDE_ITS_YEARS:
        return []
    return [
        f"No public page prints the years of code {one.values.get(number, '')} of {number} {short_name(number)}, so "
        f"our rules could not find it before the send. {accepted_hint(layout_field(number).code_set or '')}"
        for number in one.fields
        if layout_field(number).code_set and not has_known_years(number, one.values.get(number, ""))
    ]


@require_safe
@requires(Capability.READ_STUDENT)
def finding(request: HttpRequest, pk: int) -> HttpResponse:
    """One finding: what, which value, what the rule means, whose job it is, the line as sent, and the way out."""
    actor = request.actor
    one = finding_of_actor(actor, pk)
    log_reads(actor=actor, student_ids=[one.student_id], what="finding")
    person = student_names(actor, [one.student_id]).get(one.student_id)
    line = newest_line(one.student_id, one.record_key)
    standing = standing_record(one.student_id, one.record_key)
    current = operations_of(actor).filter(student_id=one.student_id, record_key=one.record_key).first()
    may_send = actor.may(Capability.SEND_TO_STATE)
    return render(
        request,
        "web/state/finding.html",
        {
            **_words(one),
            "finding": one,
            "rule": rule_info(one.rule_code),
            "unforeseen": _unforeseen(one),
            "state_text": error_text(one.rule_code),
            "name": name_of(person),
            "student_url": url_or_none("student", person.student.public_id) if person else None,
            "ssids_url": url_or_none("student_ssids", person.student.public_id) if person else None,
            "ssid": person.ssid if person else "",
            "line": line,
            "opened": opened_sent(line) if line else None,
            "submission_url": reverse("submission", args=[line.submission.public_id])
            if line and may_send
            else None,
            "operation": current,
            "operation_url": reverse("state_operation", args=[current.pk]) if current and may_send else None,
            "correct_url": correct_address(standing.pk, OF_STATE, one.pk) if standing else None,
            "is_retired_ssid": one.rule_code in RETIRED_SSID_CODES,
            "may_correct": actor.may(Capability.CORRECT_RECORD),
        },
    )


urlpatterns = [
    path("findings", findings, name="findings"),
    path("findings/<int:pk>", finding, name="finding"),
]
