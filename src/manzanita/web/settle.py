"""Findings of our rules as work: the list with its filters, and what the rules have said lately."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.fields import short_name
from manzanita.domain.findings import OFFICES
from manzanita.domain.rules import rule_info
from manzanita.findings.models import RuleFinding
from manzanita.findings.queries import (
    COUNTED,
    PAGE_SIZE,
    RuleCount,
    Wanted,
    assignees_of,
    capped_count,
    finding_of,
    list_findings,
    rule_counts,
    schools_with_findings,
    waiting_count,
)
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.procedures.repairing import rule_with_repair
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.state_findings import SEVERITY_KINDS, SEVERITY_WORDS
from manzanita.web.state_lines import meaning, name_of, student_names
from manzanita.web.student_rows import districts_of
from manzanita.web.trend_bars import trend_bars

STATES = {"open": "Open", "dismissed": "Dismissed", "closed": "Closed"}
SEVERITIES = {"": "Fatal and warnings", **SEVERITY_WORDS, "any": "Every severity"}
# How a state of a finding looks; an open one looks as severe as it is.
STATE_KINDS = {"dismissed": "declined", "closed": "ok"}
RULES_SHOWN = 5


@require_safe
@requires(Capability.READ_STUDENT)
def to_settle(request: HttpRequest) -> HttpResponse:
    """One page of findings in the actor's scope, fatal ones first; above it, folded, the rules that speak most."""
    actor = request.actor
    wanted = wanted_in(request)
    after = _after(request, wanted)
    found = list_findings(actor, wanted, after=after)
    shown = found[:PAGE_SIZE]
    keep = {
        name: value for name, value in _asked(wanted).items() if value and (name, value) != ("state", "open")
    }
    if request.GET.get("after") and not shown:
        # The list has become shorter since its last page was linked: its first page says what is in it.
        return redirect(f"{reverse('to_settle')}?{urlencode(keep)}")
    log_reads(
        actor=actor,
        student_ids=[one.student_id for one in shown],
        what="settle.list",
        filter_codes=" ".join(f"{name}={value}" for name, value in _asked(wanted).items() if value),
    )
    people = student_names(actor, [one.student_id for one in shown])
    assignees = assignees_of(actor, wanted.state)
    names = user_names({*assignees, *(one.assignee_id for one in shown if one.assignee_id)})
    codes = schools_with_findings(actor, wanted.state)
    schools = school_names({*codes, *(one.school_code for one in shown)} - {""})
    districts = districts_of(actor, [one.lea_code for one in shown])
    rules = rule_counts(actor)
    count = capped_count(actor, wanted)
    more = urlencode({**keep, "after": shown[-1].pk}) if len(found) > PAGE_SIZE else ""
    context = {
        "wanted": wanted,
        "rows": [
            {
                **words_of(one),
                "name": name_of(people.get(one.student_id)),
                "school": schools.get(one.school_code, one.school_code),
                "district": districts.get(one.lea_code, ""),
                "assignee": names.get(one.assignee_id or 0, ""),
                "url": reverse("settle_finding", args=[one.pk]),
            }
            for one in shown
        ],
        "count": f"more than {COUNTED}" if count > COUNTED else count,
        "is_narrowed": bool(keep),
        "first_url": f"?{urlencode(keep)}" if after else None,
        "next_url": f"?{more}" if more else None,
        "rules": [rule_row(one) for one in rules],
        "rules_shown": RULES_SHOWN,
        "repair": _repair_offer(actor, wanted),
        "trend": trend_of(rules),
        "waiting": waiting_count(actor),
        "states": STATES,
        "severities": SEVERITIES,
        "owners": [one.value for one in OFFICES],
        "schools": sorted(((code, schools.get(code, code)) for code in codes), key=lambda one: one[1]),
        "assignees": [
            ("asked", "Asked of me"),
            (str(actor.user_id), "Given to me"),
            ("nobody", "Given to nobody"),
            *sorted(
                ((str(pk), names.get(pk, "")) for pk in assignees if pk != actor.user_id),
                key=lambda one: one[1],
            ),
        ],
    }
    return render(request, "web/findings/list.html", context)


def _repair_offer(actor: Actor, wanted: Wanted) -> dict[str, Any] | None:
    """Where the list is of one rule that can mend many records at once: where that is, and who may."""
    if wanted.state != "open" or rule_with_repair(wanted.rule) is None:
        return None
    return {
        "url": reverse("settle_repair", args=[wanted.rule]),
        "is_allowed": actor.may(Capability.CORRECT_RECORD),
    }


def wanted_in(request: HttpRequest) -> Wanted:
    """What the address asks for. Raises ``Http404`` where no list could be meant."""
    asked = {name: request.GET.get(name, "") for name in Wanted.__dataclass_fields__}
    asked["state"] = asked["state"] or "open"
    is_known = (
        asked["state"] in STATES
        and asked["severity"] in SEVERITIES
        and (asked["assignee"] in ("", "asked", "nobody") or is_key(asked["assignee"]))
        and asked["owner"] in ("", *(one.value for one in OFFICES))
        and all(re.fullmatch("[A-Za-z0-9-]{0,30}", asked[name]) for name in ("rule", "school"))
    )
    # What is asked stands in the read log, so nothing but codes gets through.
    if not is_known:
        raise Http404("no such list")
    return Wanted(**asked)


def is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _asked(wanted: Wanted) -> dict[str, str]:
    return {name: getattr(wanted, name) for name in Wanted.__dataclass_fields__}


def _after(request: HttpRequest, wanted: Wanted) -> RuleFinding | None:
    token = request.GET.get("after", "")
    if not token:
        return None
    if not is_key(token):
        raise Http404("no such page")
    after = finding_of(request.actor, int(token))
    # Where it has left this list meanwhile there is no place to go on from.
    return after if after.state == wanted.state else None


def words_of(one: RuleFinding) -> dict[str, Any]:
    """What a line and the page of a finding say of it."""
    info = rule_info(one.rule_code)
    return {
        "finding": one,
        "kind": STATE_KINDS.get(one.state) or SEVERITY_KINDS[one.severity],
        "word": SEVERITY_WORDS[one.severity] if one.state == "open" else STATES[one.state],
        "title": info.title if info else "",
        "days": (clock.today() - timezone.localtime(one.opened_at).date()).days,
        "is_back": one.state == "open" and one.dismissed_at is not None,
        "fields": [
            {
                "number": number,
                "label": short_name(number),
                "value": meaning(number, one.values.get(number, "")) or "blank",
            }
            for number in one.fields
        ],
    }


def rule_row(one: RuleCount) -> dict[str, Any]:
    info = rule_info(one.code)
    return {"count": one, "title": info.title if info else "", "change": one.weeks[-1] - one.weeks[0]}


def trend_of(rules: Sequence[RuleCount]) -> dict[str, Any] | None:
    """Open findings of these rules together at the end of each of the last weeks, to draw and to read as a table."""
    if not rules:
        return None
    totals = [sum(week) for week in zip(*(one.weeks for one in rules), strict=True)]
    days = _ends(len(totals))
    words = (
        f"Open: {totals[0]} on {us_date(days[0])}, {totals[-1]} today; "
        f"the most on one of these days was {max(totals)}."
    )
    return trend_bars(list(zip(days, totals, strict=True)), label="%m/%d", words=words)


def _ends(count: int) -> list[date]:
    return [clock.today() - timedelta(weeks=back) for back in range(count - 1, -1, -1)]


def open_url(code: str) -> str:
    """The list of open findings of one rule, of every severity."""
    return f"{reverse('to_settle')}?{urlencode({'rule': code, 'severity': 'any'})}"


def rule_trend(actor: Actor, code: str) -> tuple[RuleCount | None, dict[str, Any] | None]:
    """What one rule has said in the actor's scope, and its weeks to draw."""
    counts = rule_counts(actor, code)
    return (counts[0] if counts else None), trend_of(counts)


urlpatterns = [
    path("findings/settle", to_settle, name="to_settle"),
    path("", include("manzanita.web.settle_repair")),
    path("", include("manzanita.web.settle_finding")),
]
