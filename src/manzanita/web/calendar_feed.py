"""A person's planned meetings for other calendar programs: a secret address, no sign-in, and no student in it.

The address stands in no log of ours: requests are logged nowhere by path. What it tells is times, rooms and counts, so
it is no look at a student and not in the read log; when it was read last stands on the account page.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from manzanita.accounts.calendar_feeds import person_of_feed
from manzanita.accounts.middleware import agencies_of
from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force, standings_of
from manzanita.accounts.request_limits import WINDOW_SECONDS, Meter
from manzanita.domain.access import Actor, Capability
from manzanita.domain.calendars.ics_writer import IcsEvent, write_calendar
from manzanita.meetings.models import PlannedMeeting
from manzanita.meetings.plan_counts import planned_of
from manzanita.meetings.planning import MOST_AHEAD, managed_by
from manzanita.platform import clock
from manzanita.platform.reach import reach
from manzanita.ui.formats import plural

CLOCKS = (("plan_review_due_on", "Annual review"), ("evaluation_due_on", "Triennial"))
SINCE = timedelta(days=31)
_meter = Meter()


@login_not_required
@never_cache
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar as iCalendar; 404 for an address that is none, was revoked, or is of a closed account."""
    user = person_of_feed(token)
    if user is None:
        raise Http404("no such calendar")
    if _meter.count(f"feed {user.pk}") > settings.FEED_REQUESTS_A_MINUTE:
        answer = HttpResponse("Too many requests in a minute.\n", status=429, content_type="text/plain")
        answer["Retry-After"] = str(WINDOW_SECONDS)
        return answer
    link = request.build_absolute_uri(reverse("caseload_plan"))
    text = write_calendar("Manzanita: planned IEP meetings", events_of(user, link), made_at=clock.now())
    answer = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="planned-meetings.ics"'
    return answer


def events_of(user: User, link: str) -> list[IcsEvent]:
    """Meetings planned in the person's caseload, and per day how many reviews are due, through every perspective."""
    planned: dict[int, PlannedMeeting] = {}
    due: dict[int, tuple[date | None, date | None]] = {}
    for standing in standings_of(grants_in_force(user, clock.today())):
        actor = actor_of(user, *standing)
        if actor.may(Capability.READ_STUDENT):
            with reach(agencies_of(actor)), transaction.atomic():
                _gather(actor, planned, due)
    found = [_planned_event(one, link) for one in planned.values()]
    for number, (_, label) in enumerate(CLOCKS):
        counts = Counter(day for days in due.values() if (day := days[number]) is not None)
        found += [_due_event(label, day, count, link) for day, count in sorted(counts.items())]
    return found


def _gather(
    actor: Actor, planned: dict[int, PlannedMeeting], due: dict[int, tuple[date | None, date | None]]
) -> None:
    students = managed_by(actor, actor.user_id)
    planned.update({one.pk: one for one in planned_of(actor.user_id, students)})
    first, last = clock.today() - SINCE, clock.today() + MOST_AHEAD
    columns = [column for column, _ in CLOCKS]
    near = Q(plan_review_due_on__range=(first, last)) | Q(evaluation_due_on__range=(first, last))
    for key, annual, triennial in students.filter(near).order_by("pk").values_list("pk", *columns):
        due[key] = (
            annual if annual and first <= annual <= last else None,
            triennial if triennial and first <= triennial <= last else None,
        )


def _planned_event(one: PlannedMeeting, link: str) -> IcsEvent:
    return IcsEvent(
        uid=f"planned-{one.public_id}@manzanita",
        summary="IEP meeting planned",
        starts=datetime.combine(one.planned_on, one.starts_at, clock.CALIFORNIA),
        minutes=one.minutes,
        location=one.room.name if one.room else "",
        url=link,
    )


def _due_event(label: str, day: date, count: int, link: str) -> IcsEvent:
    return IcsEvent(
        uid=f"due-{label.split()[0].lower()}-{day:%Y%m%d}@manzanita",
        summary=f"{label} due: {plural(count, 'student')}",
        starts=day,
        url=link,
    )


urlpatterns = [path("calendar-feed/<str:token>.ics", calendar_feed, name="calendar_feed")]
