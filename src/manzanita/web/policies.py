"""The open questions that a SELPA answers: what stands and since when, and the page on which one is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor, Capability
from manzanita.domain.calendars import Calendar, Period, PeriodKind, Tolling
from manzanita.domain.clocks import Answer, Setting, due
from manzanita.domain.policies import POLICIES, TOLLING, Policy
from manzanita.meetings.evaluation_clocks import count_evaluations, moved, open_evaluations, schools_of
from manzanita.orgs.actions import set_policy
from manzanita.orgs.calendars import load_calendars
from manzanita.orgs.models import PolicyAnswer
from manzanita.orgs.queries import answers_of, member_codes
from manzanita.platform import clock
from manzanita.ui.formats import us_date
from manzanita.web.access import requires, requires_grant
from manzanita.web.calendars import admin_tabs
from manzanita.web.clock_moves import moves_of
from manzanita.web.form_days import day_of

# The example of the reference: a week in November, two weeks in winter.
EXAMPLE_CONSENT = date(2026, 11, 16)
EXAMPLE = Calendar(
    (
        Period(date(2026, 8, 17), date(2027, 6, 4), PeriodKind.TERM),
        Period(date(2026, 11, 23), date(2026, 11, 27), PeriodKind.BREAK),
        Period(date(2026, 12, 21), date(2027, 1, 1), PeriodKind.BREAK),
    )
)


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One reading of the law: its example, and what it would do to the open evaluations of the SELPA."""

    reading: Tolling
    example: Answer
    moved_count: int


@require_safe
@requires_grant
def policies(request: HttpRequest) -> HttpResponse:
    """Every open question with the answer that stands; who answers for the SELPA changes one from here."""
    actor = request.actor
    answers = answers_of(actor.selpa_code)
    today = clock.today()
    context = {
        "tabs": admin_tabs(actor, "policies"),
        "nav_current": "admin" if actor.may(Capability.MANAGE_PEOPLE) else None,
        "rows": [
            _row(policy, [one for one in answers if one.key == policy.key], today)
            for policy in POLICIES.values()
        ],
        "people": user_names({one.by_id for one in answers}),
        "may_set": actor.may(Capability.SET_POLICIES),
    }
    return render(request, "web/policies/list.html", context)


def _row(policy: Policy, answers: list[PolicyAnswer], today: date) -> dict[str, Any]:
    """``answers`` newest first; ``answer`` is the one that stands, ``None`` where the default does."""
    standing = next((one for one in answers if one.effective_on <= today), None)
    value = standing.value if standing else policy.default
    return {
        "policy": policy,
        "value": value,
        "words": policy.choices[value],
        "answer": standing,
        "to_come": [one for one in answers if one.effective_on > today],
        "history": answers,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.SET_POLICIES)
def policy(request: HttpRequest, key: str) -> HttpResponse:
    """One question: its answers, for the breaks with the difference each makes, and the form that answers it."""
    found = POLICIES.get(key)
    if found is None:
        raise Http404("no such question")
    problems: list[str] = []
    if request.method == "POST":
        problems = _problems(request, found)
        if not problems:
            return _set(request, found)
    return _page(request, found, problems)


def _problems(request: HttpRequest, found: Policy) -> list[str]:
    given = request.POST
    problems = []
    if given.get("value") not in found.choices:
        problems.append("Answer: none is chosen. Choose one.")
    if not given.get("reason", "").replace("\0", "").strip():
        problems.append("Reason: it is empty. Write who decided, and when.")
    day = day_of(given.get("effective_on", ""))
    if day is None:
        problems.append("From: the day is missing or no date. Enter it.")
    elif day < clock.today():
        problems.append(
            "From: the day is past. What was judged by the earlier answer stays so: enter today or a later day."
        )
    return problems


def _set(request: HttpRequest, found: Policy) -> HttpResponse:
    day = day_of(request.POST["effective_on"])
    answer = set_policy(
        actor=request.actor,
        selpa_code=request.actor.selpa_code,
        key=found.key,
        value=request.POST["value"],
        reason=request.POST["reason"].replace("\0", "").strip()[:300],
        effective_on=day,
    )
    messages.success(
        request, f"Answered from {us_date(answer.effective_on)} on: {found.choices[answer.value]}."
    )
    return redirect("policies")


def _page(request: HttpRequest, found: Policy, problems: list[str]) -> HttpResponse:
    actor = request.actor
    answers = [one for one in answers_of(actor.selpa_code) if one.key == found.key]
    context = {
        "tabs": admin_tabs(actor, "policies"),
        "nav_current": "admin" if actor.may(Capability.MANAGE_PEOPLE) else None,
        "row": _row(found, answers, clock.today()),
        "people": user_names({one.by_id for one in answers}),
        "given": {name: request.POST.get(name, "") for name in ("value", "effective_on", "reason")},
        "problems": problems,
        "today": clock.today(),
    }
    if found.key == TOLLING:
        context |= _difference(actor, request.GET.get("reading", ""))
    return render(request, "web/policies/policy.html", context, status=422 if problems else 200)


def _difference(actor: Actor, shown: str) -> dict[str, Any]:
    """What each reading does to the example and to the SELPA's open evaluations; who moves by the one ``shown``."""
    leas = member_codes(actor.selpa_code)
    stored = load_calendars(leas)
    evaluations = list(open_evaluations(leas))
    schools = schools_of(evaluations)
    counted = count_evaluations(evaluations, stored, schools)

    def moved_by(reading: Tolling) -> int:
        return len(moved(counted, count_evaluations(evaluations, stored.with_reading(reading), schools)))

    moves = None
    if shown in list(Tolling):
        moves = moves_of(actor, leas, stored, stored.with_reading(Tolling(shown)), what="policy.preview")
    return {
        "readings": [
            ReadingRow(
                one, due("initial-iep", Setting(EXAMPLE, one), consent_on=EXAMPLE_CONSENT), moved_by(one)
            )
            for one in Tolling
        ],
        "open_count": len(evaluations),
        "shown": shown,
        "moves": moves,
        "example_consent": EXAMPLE_CONSENT,
    }


urlpatterns = [
    path("policies", policies, name="policies"),
    path("policies/<slug:key>", policy, name="policy"),
]
