"""What of the access of guests needs the district: one line each on home."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Count, Q
from django.urls import reverse

from manzanita.accounts.guest_queries import host_sessions, monitor_grants, record_requests, running_condition
from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.web.home_needs import Need

ENDED_LATELY = timedelta(days=7)
OWNER = "SEDS coordinator"


def guest_needs(actor: Actor) -> list[Need]:
    """Questions that wait first, then who looks now, then who looked lately; three queries."""
    now, today = clock.now(), clock.today()
    since = now - ENDED_LATELY
    over = Q(state="approved", ends_at__lte=now, ends_at__gt=since) | Q(
        state="ended", grant__isnull=False, ended_at__gt=since
    )
    sessions = (
        host_sessions(actor)
        .order_by()
        .aggregate(
            asked=Count("pk", filter=Q(state="asked")),
            running=Count("pk", filter=running_condition(now)),
            over=Count("pk", filter=over),
        )
    )
    requests = record_requests(actor).filter(state="asked").order_by().count()
    standing = Q(ends_at__isnull=True) | Q(ends_at__gt=now)
    monitors = (
        monitor_grants(actor).filter(standing, starts_on__lte=today, ends_on__gte=today).order_by().count()
    )
    hosts = reverse("host_sessions")
    rows = [
        ("held", "Host staff ask for a session", sessions["asked"], hosts, "Answer"),
        ("held", "Records that another agency asks for", requests, reverse("record_requests"), "Answer"),
        ("warn", "Host sessions open now", sessions["running"], hosts, "See looks"),
        ("empty", "Host sessions ended within 7 days", sessions["over"], hosts, "See looks"),
    ]
    needs = [
        Need(kind, label, count, url, owner=OWNER, step=step)
        for kind, label, count, url, step in rows
        if count
    ]
    # Always there: it is the way to the pages of guests.
    label = "State monitors with access now"
    kind, step = ("empty", "See looks") if monitors else ("ok", None)
    return [*needs, Need(kind, label, monitors, reverse("monitors"), owner=OWNER, step=step)]
