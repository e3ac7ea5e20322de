"""The catalog of rules: a page of its own for each, at a permanent address, and the list of all."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.domain.access import Actor, Capability
from manzanita.domain.fields import short_name
from manzanita.domain.layouts import RECORDS
from manzanita.domain.rules import catalog, rule_info
from manzanita.domain.rules.declaration import PHASES, RuleInfo
from manzanita.findings.queries import rule_counts
from manzanita.platform import clock
from manzanita.web.access import requires_grant
from manzanita.web.settle import SEVERITY_WORDS, open_url, rule_trend
from manzanita.web.state_findings import SEVERITY_KINDS

PHASE_WORDS = {
    "input": "When a line is sent",
    "fall1": "Fall 1 certification",
    "fall2": "Fall 2 certification",
    "eoy1": "End of Year 1 certification",
}
KIND_WORDS = {
    "format": "Form of the file",
    "input": "The state refuses the line",
    "discrepancy": "The state names it when a report is certified",
    "certification": "The state names it when a report is certified",
    "local": "Our own rule: the state does not check this",
}
CONFIDENCE_WORDS = {
    "seen": "Printed on a public page of the state.",
    "seen_vendor": "Printed by a vendor of another system, not by the state.",
    "inferred": "Concluded from what the state prints; it does not say so itself.",
    "unverified": "Common knowledge that no page we could read confirms.",
    "provisional": "A placeholder until the state prints it.",
}
SEVERITY_MEANS = {
    "fatal": "the record, or the certification, is refused",
    "warning": "it is taken, and somebody should look",
    "info": "nothing has to be done",
    "not_evaluated": "it is not judged",
}


@require_safe
@requires_grant
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule that is evaluated or known by name, by code; ``record``, ``phase`` and ``evaluated`` narrow them."""
    asked = {name: request.GET.get(name, "") for name in ("record", "phase", "evaluated")}
    choices = {"record": RECORDS, "phase": PHASES, "evaluated": ("yes", "no")}
    if any(value and value not in choices[name] for name, value in asked.items()):
        raise Http404("no such list of rules")
    counts = _counts(request.actor)
    shown = [one for _, one in sorted(catalog().items()) if _is_wanted(one, asked)]
    context = {
        "rows": [
            {"rule": one, **_words(one), "open": counts.get(one.code, 0), "open_url": open_url(one.code)}
            for one in shown
        ],
        "asked": asked,
        "records": RECORDS,
        "phases": PHASE_WORDS,
        "evaluated_count": sum(one.is_implemented for one in shown),
        "may_read": request.actor.may(Capability.READ_STUDENT),
    }
    return render(request, "web/rules/list.html", context)


def _is_wanted(one: RuleInfo, asked: dict[str, str]) -> bool:
    return (
        asked["record"] in ("", *one.records)
        and asked["phase"] in ("", one.phase)
        and asked["evaluated"] in ("", "yes" if one.is_implemented else "no")
    )


def _counts(actor: Actor) -> dict[str, int]:
    return {one.code: one.open for one in rule_counts(actor)} if actor.may(Capability.READ_STUDENT) else {}


def _words(one: RuleInfo) -> dict[str, Any]:
    severity = str(one.severity_in(clock.academic_year()))
    return {
        "kind": SEVERITY_KINDS[severity],
        "word": SEVERITY_WORDS[severity],
        "phase": PHASE_WORDS.get(one.phase, one.phase),
    }


@require_safe
@requires_grant
def rule(request: HttpRequest, code: str) -> HttpResponse:
    """One rule: what it asks, why, whose job it is; and how it stands in the reader's scope, without any student."""
    one = rule_info(code)
    if one is None:
        raise Http404("no such rule")
    actor, year = request.actor, clock.academic_year()
    may_read = actor.may(Capability.READ_STUDENT)
    count, trend = rule_trend(actor, one.code) if may_read else (None, None)
    severity = str(one.severity_in(year))
    context = {
        "rule": one,
        **_words(one),
        "year": year,
        "means": SEVERITY_MEANS[severity],
        "kind_words": KIND_WORDS.get(one.kind, one.kind),
        "is_in_force": one.is_in_force(year),
        "years": _years(one),
        "by_year": [
            (of_year, SEVERITY_WORDS[str(weight)], SEVERITY_KINDS[str(weight)])
            for of_year, weight in sorted(one.severity_by_year.items())
        ],
        "fields": [(number, short_name(number)) for number in one.fields],
        "confidence_words": CONFIDENCE_WORDS.get(one.confidence, one.confidence),
        "count": count,
        "trend": trend,
        "may_read": may_read,
        "open_url": open_url(one.code),
        "dismissed_url": f"{reverse('to_settle')}?rule={one.code}&severity=any&state=dismissed",
    }
    return render(request, "web/rules/rule.html", context)


def _years(one: RuleInfo) -> str:
    if one.first_year and one.last_year:
        return f"{one.first_year} to {one.last_year}"
    if one.first_year:
        return f"From {one.first_year} on"
    return f"Until {one.last_year}" if one.last_year else "Every year that we know"


urlpatterns = [
    path("rules", rules, name="rules"),
    path("rules/<str:code>", rule, name="rule"),
]
