"""The DINC lists as work: how many stand on each and since when, who is on it, and why each one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.deadlines.dinc import lacking, members, standings, trend_of
from manzanita.deadlines.lists import PAGE_SIZE
from manzanita.deadlines.models import DueDate, HeldLate
from manzanita.deadlines.queries import standing_delays
from manzanita.deadlines.waiting import waiting_in
from manzanita.domain.access import Capability
from manzanita.domain.codes import code_set
from manzanita.domain.delays import is_excuse
from manzanita.domain.dinc import DINC, DincList
from manzanita.domain.transition import Lacking
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.ui.formats import plural, us_date
from manzanita.web.access import requires
from manzanita.web.due_wanted import is_key
from manzanita.web.due_words import meeting_words
from manzanita.web.trend_bars import trend_bars


@require_safe
@requires(Capability.READ_STUDENT)
def dinc(request: HttpRequest) -> HttpResponse:
    """Every list with its count, the earliest missed day, and its trend."""
    trend = trend_of(request.actor)
    rows = []
    for one in standings(request.actor):
        months = trend.get(one.listed.key, [])
        rows.append(
            {
                "listed": one.listed,
                "count": one.count,
                "earliest": one.earliest,
                "url": reverse("dinc_list", args=[one.listed.key]),
                "points": [count for _, count in months],
                "months": months,
                "change": months[-1][1] - months[0][1] if months else None,
            }
        )
    context = {
        "rows": rows,
        "waiting": waiting_in(request.actor),
        "days": [day for day, _ in next(iter(trend.values()), [])],
    }
    return render(request, "web/due/dinc.html", context)


@require_safe
@requires(Capability.READ_STUDENT)
def dinc_list(request: HttpRequest, key: str) -> HttpResponse:
    """Who is on one list, the earliest missed day first, and why."""
    listed = DINC.get(key)
    after = request.GET.get("after", "")
    if listed is None or (after and not is_key(after)):
        raise Http404("no such list")
    try:
        found = members(request.actor, listed, int(after) if after else None)
    except ObjectDoesNotExist:
        # Whoever was last on the page before is on the list no longer.
        return redirect("dinc_list", key=key)
    shown = found[:PAGE_SIZE]
    log_reads(
        actor=request.actor,
        student_ids=[row.student_id for row in shown],
        what="dinc.list",
        filter_codes=f"list={key}",
    )
    reasons = _reasons_of(shown, listed)
    lacks = lacking([row.student_id for row in shown]) if listed.number == 4 else {}
    trend = trend_of(request.actor).get(key, [])
    schools = school_names({row.school_code for row in shown})
    here = reverse("dinc_list", args=[key])
    may_hold = request.actor.may(Capability.HOLD_MEETING) and not request.actor.is_read_only
    context = {
        "listed": listed,
        "lists": [
            (f"{one.number}: {one.title}", reverse("dinc_list", args=[one.key]), one == listed)
            for one in DINC.values()
        ],
        "rows": [
            {
                **_row(row, listed, reasons.get(row.pk, ""), lacks),
                "school": schools.get(row.school_code, ""),
                "fixes": fixes_of(row, listed) if may_hold else [],
                "no_fix": "The next one, in time" if listed.is_held else "The case manager's meeting",
            }
            for row in shown
        ],
        "waiting": waiting_in(request.actor),
        "chart": chart_of(trend),
        "first_url": here if after else None,
        "next_url": f"{here}?after={shown[-1].pk}" if len(found) > PAGE_SIZE else None,
    }
    return render(request, "web/due/dinc_list.html", context)


def _reasons_of(rows: Sequence[DueDate | HeldLate], listed: DincList) -> Mapping[int, str]:
    """The reason of delay of each row: what stands on the meeting, or was said before there was one."""
    if listed.is_held:
        return {row.pk: row.delay_code for row in rows}
    return standing_delays(rows)


def _row(
    row: DueDate | HeldLate, listed: DincList, code: str, lacks: Mapping[int, list[Lacking]]
) -> dict[str, Any]:
    return {
        "row": row,
        "name": f"{row.student.last_name}, {row.student.first_name}",
        "student_url": reverse("student", args=[row.student.public_id]),
        "url": reverse("due_date", args=[row.pk]) if isinstance(row, DueDate) else None,
        "why": why_of(row, listed, code, lacks.get(row.student_id, [])),
        "code": code,
        "is_excuse": is_excuse(listed.clock, code),
    }


def fixes_of(row: DueDate | HeldLate, listed: DincList) -> list[tuple[str, str]]:
    """What takes the student off the list, as (words, address), the likeliest first."""
    student = row.student.public_id
    if isinstance(row, HeldLate):
        # Nothing undoes a late meeting; what was entered wrongly is corrected in its record.
        return [("See the meeting", f"{reverse('student', args=[student])}?tab=meetings")]
    if row.meeting is None:
        return [("Open the meeting…", f"{reverse('meeting_new', args=[student])}?clock={listed.clock}")]
    here = reverse("meeting", args=[row.meeting.public_id])
    if listed.number == 4:
        return [("Complete the transition", f"{here}?step=transition")]
    fixes = [("Hold the meeting", f"{here}?step=hold")]
    if row.meeting.consent_on is not None:
        fixes.append(("Correct the consent", f"{here}?step=hold&correct=consent#evaluation"))
    return fixes


_BEGINS = {
    "annual-review": "The last plan review before it was on",
    "triennial": "The last evaluation before it was on",
    "initial-iep": "The family consented on",
    "c-to-b-iep": "The child was born on",
    "transition-plan": "Born on",
}


def why_of(row: DueDate | HeldLate, listed: DincList, code: str, lacks: Sequence[Lacking]) -> list[str]:
    """Why the student is on the list, step by step, and what the state makes of it."""
    began = f"{_BEGINS[listed.clock]} {us_date(row.started_on)}."
    if isinstance(row, HeldLate):
        days = (row.held_on - row.due_on).days
        return [
            began,
            f"By the state it was due on {us_date(row.due_on)}.",
            f"It was held on {us_date(row.held_on)}, {plural(days, 'day')} late.",
            f"Reason of delay: {code_set('MeetingDelay').label(code)}."
            if code
            else "No reason of delay is recorded.",
        ]
    if listed.number == 4:
        words = [began, f"Sixteen on {us_date(row.due_on)}, and the plan in force does not say yes to:"]
        return words + [f"{one.words}." for one in lacks]
    due = row.state_due_on or row.due_on
    assert due is not None
    ago = plural((clock.today() - due).days, "day")
    found = [began, f"By the state it was due on {us_date(due)}, {ago} ago, and it has not been held."]
    if row.statutory_due_on and row.statutory_due_on != due:
        found.append(f"By the law it is due on {us_date(row.statutory_due_on)}.")
    found.append(f"{meeting_words(row.meeting)}." if row.meeting else "No meeting is open.")
    reason = f"Reason {code_set('MeetingDelay').label(code)}" if code else "No reason of delay is recorded"
    if is_excuse(listed.clock, code):
        found.append(f"{reason}: the state does not count it ({listed.report}).")
    else:
        found.append(f"{reason}: the state counts it as noncompliant ({listed.report}).")
    return found


def chart_of(months: Sequence[tuple[date, int]]) -> dict[str, Any] | None:
    """Bars of the month ends, for the macro of trends."""
    if not months:
        return None
    first, last = months[0], months[-1]
    words = (
        f"On the list: {first[1]} on {us_date(first[0])}, {last[1]} on {us_date(last[0])}; the most at one month's end "
        f"was {max(count for _, count in months)}. Counted by what is believed now."
    )
    return trend_bars(months, label="%m/%y", words=words)


urlpatterns = [
    path("dinc", dinc, name="dinc"),
    path("dinc/<slug:key>", dinc_list, name="dinc_list"),
]
