"""Home: what needs this person, ordered by consequence. Every count is the length of the list it links to, and nothing
stands there twice, but a due date that is nobody's: as such, and as due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from manzanita.accounts.guest_queries import HOST_SESSION, HOST_STAFF
from manzanita.deadlines.lists import MEETING, SPANS, SpanCount, Wanted, span_counts
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.findings import Owner
from manzanita.domain.years import academic_year_of
from manzanita.exchange.holds import HOLDS, ON_ITS_WAY, READY
from manzanita.exchange.queries import PlanCounts, finding_counts, import_runs, last_reply_at, plan_counts
from manzanita.exchange.sends import stuck_sends
from manzanita.findings.queries import to_settle
from manzanita.meetings.queries import open_meeting_count, open_meetings_outside_view
from manzanita.orgs.calendars import leas_without_calendar
from manzanita.platform import clock
from manzanita.ui.formats import plural
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import no_grant
from manzanita.web.due_wanted import list_url
from manzanita.web.guest_needs import guest_needs
from manzanita.web.home_arrivals import arrivals_needs
from manzanita.web.home_directory import directory_needs
from manzanita.web.home_districts import COLUMNS, district_rows
from manzanita.web.home_needs import Group, Need, age, in_order
from manzanita.web.home_notices import notices
from manzanita.web.home_people import own_duties, people_in_order, people_needs
from manzanita.web.home_plans import planned_reviews
from manzanita.web.import_run import outcome_of
from manzanita.web.leaving_list import leavings_needs
from manzanita.web.participation import report_needs
from manzanita.web.planned import planned_needs
from manzanita.web.settle_students import needs_of
from manzanita.web.sis_fixes import sis_needs
from manzanita.web.transfer_list import transfer_needs
from manzanita.web.turns_five import turns_five_needs

SPAN_KINDS = {"late": "fatal", "15": "warn", "30": "empty", "60": "empty"}
# Spans of which something has to be done now, whatever else stands.
NEAR = ("late", "15")
# Holds that are more, or less, than a wait.
HELD_KINDS = {"rejected": "fatal", ON_ITS_WAY: "progress"}
# Severity of a finding: its shape and its words, heaviest first.
SEVERITIES: Mapping[str, tuple[str, str]] = {
    "fatal": ("fatal", "Fatal findings of the state"),
    "warning": ("warn", "Warnings of the state"),
    "info": ("empty", "Remarks of the state"),
    "not_evaluated": ("unevaluated", "Rules not evaluated"),
}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The table, and for those who send: what is ready, what is held, the newest files and answers.

    Whoever reads no student sees what the perspective is for, and where its work is.
    """
    actor = request.actor
    if actor is None:
        return no_grant(request)
    counts = plan_counts(actor) if actor.may(Capability.SEND_TO_STATE) else None
    runs = import_runs(actor, limit=1) if actor.may(Capability.IMPORT_FILES) else []
    context = {
        "bands": in_order(_groups(actor, counts)),
        "rejected_count": counts.held.get("rejected", 0) if counts else 0,
        "duties": own_duties(actor, counts),
        "districts": district_rows(actor),
        "district_columns": COLUMNS.values(),
        "actor": actor,
        "can": actor.capabilities,
        "counts": counts,
        "newest_import": runs[0] if runs else None,
        "newest_import_words": outcome_of(runs[0])[1] if runs else "",
        "last_reply_at": last_reply_at(actor),
        "state_url": url_or_none("state"),
        "host_url": reverse("host_desk") if actor.perspective_key in (HOST_STAFF, HOST_SESSION) else None,
        "imports_url": url_or_none("imports"),
        "now_local": timezone.localtime(clock.now()),
    }
    return render(request, "web/home/home.html", context)


def _groups(actor: Actor, counts: PlanCounts | None) -> list[Group]:
    groups = sis_needs(actor)
    if actor.may(Capability.READ_STUDENT):
        groups += [*notices(actor), *transfer_needs(actor), *directory_needs(actor)]
        groups += [*report_needs(actor), _clocks(actor)]
        groups += [*leavings_needs(actor), *planned_needs(actor), *turns_five_needs(actor)]
        if settle := needs_of(actor):
            groups.append(Group("Students to settle", settle, ""))
        if actor.may(Capability.ENTER_STUDENT):
            groups.append(arrivals_needs(actor))
        if actor.may(Capability.HOLD_MEETING):
            groups.append(planned_reviews(actor, _owner(actor)))
        groups += [_at_the_state(actor, counts), _meetings(actor)]
    if actor.may(Capability.MANAGE_PEOPLE):
        groups.append(Group("People", people_needs(actor), people_in_order(actor)))
        groups.append(Group("Guests", guest_needs(actor), ""))
    return groups


def _owner(actor: Actor) -> str:
    return "You" if actor.perspective.scope is Scope.ASSIGNED else "Case managers"


def _clocks(actor: Actor) -> Group:
    today = clock.today()
    counted = span_counts(actor)
    needs = _of_nobody(counted, today)
    for found in counted:
        # With a meeting open only what is near: somebody has to hold it in time.
        if found.meeting == "open" and not (found.count and found.span.key in NEAR):
            continue
        needs.append(
            Need(
                kind=SPAN_KINDS[found.span.key] if found.count else "ok",
                label=f"{found.span.label}, {MEETING[found.meeting].lower()}",
                count=found.count,
                url=list_url(Wanted(found.span.key, found.meeting)),
                oldest=_distance(found.earliest, today),
                detail=" · ".join(f"{CLOCKS[name].title} {count}" for name, count in found.most),
                owner=_owner(actor),
                step="Show due dates" if found.count else None,
                days=(today - found.earliest).days if found.earliest else 0,
            )
        )
    return Group("Clocks set by law", [*needs, *_without_calendar(actor, today)], "")


def _of_nobody(counted: Sequence[SpanCount], today: date) -> list[Need]:
    """What is over or near and is nobody's: with a meeting open or without, as no case manager sees it."""
    near = [one for one in counted if one.span.key in NEAR and one.unmanaged_from is not None]
    if not near:
        return []
    earliest = min(one.unmanaged_from for one in near if one.unmanaged_from is not None)
    last = today + timedelta(days=max(SPANS[key].last for key in NEAR))
    return [
        Need(
            kind="fatal" if earliest < today else "warn",
            label="Overdue or due within 15 days, no case manager",
            count=sum(one.unmanaged for one in near),
            url=list_url(Wanted("", manager="nobody", until=last.isoformat())),
            oldest=_distance(earliest, today),
            detail="Counted among the due dates, too",
            owner=Owner.COORDINATOR,
            step="Show due dates",
            days=(today - earliest).days,
        )
    ]


def _without_calendar(actor: Actor, today: date) -> list[Need]:
    """For who keeps calendars: that one is missing, and what that does."""
    if not actor.may(Capability.EDIT_CALENDARS):
        return []
    year = academic_year_of(today)
    missing = leas_without_calendar(actor.agency_codes, year)
    if not missing:
        return []
    return [
        Need(
            kind="warn",
            label=f"No school calendar of {year}",
            count=len(missing),
            url=reverse("calendars"),
            detail="Clocks count as if there were no break",
            owner="You",
            step="Load it",
        )
    ]


def _distance(day: date | None, today: date) -> str:
    if day is None:
        return ""
    days = (day - today).days
    return f"{plural(-days, 'day')} over" if days < 0 else f"{plural(days, 'day')} left"


def _at_the_state(actor: Actor, counts: PlanCounts | None) -> Group:
    today = clock.today()
    findings = url_or_none("findings") or f"{reverse('students')}?list=findings"
    found = finding_counts(actor)
    needs = []
    rejected = counts.held.get("rejected", 0) if counts else 0
    for severity, (kind, label) in SEVERITIES.items():
        if severity in found:
            one = found[severity]
            opened = timezone.localtime(one.oldest_at).date()
            needs.append(
                Need(
                    kind=kind,
                    label=label,
                    count=one.count,
                    url=f"{findings}?severity={severity}",
                    oldest=age((today - opened).days),
                    detail=" · ".join(
                        [
                            *(
                                [f"{plural(rejected, 'line')} rejected"]
                                if rejected and kind == "fatal"
                                else []
                            ),
                            *(f"{owner} {count}" for owner, count in one.owners.items()),
                        ]
                    ),
                    owner=next(iter(one.owners)) if len(one.owners) == 1 else "By finding",
                    step="Show findings",
                    days=(today - opened).days,
                )
            )
    needs += _to_settle(actor)
    if counts is not None:
        needs += _stuck_sends(actor)
        state = url_or_none("state") or f"{reverse('students')}?list=held"
        for code, count in sorted(counts.held.items()):
            if code == "rejected" and "fatal" in found:
                # The findings say which lines, and whose job each is.
                continue
            title = HOLDS[code].title
            needs.append(
                Need(
                    kind=HELD_KINDS.get(code, "held"),
                    label=title if code in HELD_KINDS else f"Held: {title[0].lower()}{title[1:]}",
                    count=count,
                    url=f"{state}?held={code}",
                    owner=", ".join(counts.held_owners[code]),
                    step="See reasons",
                )
            )
        if counts.ready_count:
            kinds = [plural(count, kind) for kind, count in counts.by_kind.items() if count]
            needs.append(
                Need(
                    kind="diff",
                    label=READY,
                    count=counts.ready_count,
                    url=state,
                    detail=" · ".join(kinds) + f" · {plural(counts.student_count, 'student')}",
                    owner=actor.perspective.label,
                    step="Open the plan",
                )
            )
    return Group("At the state", needs, "No finding is open, nothing is held, and nothing waits to be sent.")


def _to_settle(actor: Actor) -> list[Need]:
    """What our rules say before the state does."""
    found = to_settle(actor)
    if found.oldest_at is None:
        return []
    days = (clock.today() - timezone.localtime(found.oldest_at).date()).days
    parts = [
        (found.fatal, "fatal"),
        (found.warnings, "warning" if found.warnings == 1 else "warnings"),
        (found.mine, "given to you"),
        (found.asked, "asked of you"),
    ]
    return [
        Need(
            kind="fatal" if found.fatal else "warn",
            label="Findings of our rules to settle",
            count=found.count,
            url=reverse("to_settle"),
            oldest=age(days),
            # One value that is missing is a finding of each record that needs it.
            detail=" · ".join(
                [
                    *(f"{count} {words}" for count, words in parts if count),
                    plural(found.students, "student"),
                ]
            ),
            owner="By finding",
            step="Settle them" if actor.may(Capability.CORRECT_RECORD) else "Look at them",
            days=days,
        )
    ]


def _stuck_sends(actor: Actor) -> list[Need]:
    found = stuck_sends(actor)
    if found.oldest_at is None:
        return []
    days = (clock.today() - timezone.localtime(found.oldest_at).date()).days
    return [
        Need(
            kind="fatal",
            label="Sends that do not go on",
            count=found.count,
            url=f"{reverse('sends')}?list=needs",
            oldest=age(days),
            owner=Owner.COORDINATOR,
            step="See why",
            days=days,
        )
    ]


def _meetings(actor: Actor) -> Group:
    found = open_meeting_count(actor)
    outside = open_meetings_outside_view(actor)
    meetings = url_or_none("meetings") or reverse("students")
    oldest, days = "", 0
    if found.oldest_at is not None:
        days = (clock.today() - timezone.localtime(found.oldest_at).date()).days
        oldest = age(days)
    needs = []
    if found.held or found.preparing or outside:
        needs.append(
            Need(
                kind="warn" if found.held else "empty",
                label="Open meetings, not finalized",
                count=found.held + found.preparing,
                url=meetings,
                oldest=oldest,
                detail=f"{found.held} held · {found.preparing} being prepared"
                + (f" · {outside} more outside this view" if outside else ""),
                owner=_owner(actor),
                step="Show meetings",
                days=days,
            )
        )
    return Group("Meetings", needs, "No meeting is open.")


urlpatterns = [path("", home, name="home")]
