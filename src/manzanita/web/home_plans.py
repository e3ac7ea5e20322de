"""What home says of planned reviews: this week's, days that passed, and reviews without a day."""

from __future__ import annotations

from django.urls import reverse

from manzanita.domain.access import Actor
from manzanita.meetings.plan_counts import plan_counts_of
from manzanita.platform import clock
from manzanita.ui.formats import plural
from manzanita.web.home_needs import Group, Need


def planned_reviews(actor: Actor, owner: str) -> Group:
    """Two queries. What is overdue stands with the clocks."""
    found, today = plan_counts_of(actor), clock.today()
    page = f"{reverse('plan_list')}?show="
    needs = []
    if found.passed and found.passed_since is not None:
        needs.append(
            Need(
                kind="warn",
                label="Planned day has passed, meeting not recorded",
                count=found.passed,
                url=f"{page}passed",
                oldest=f"{plural((today - found.passed_since).days, 'day')} over",
                owner=owner,
                step="Move or hold them",
                days=(today - found.passed_since).days,
            )
        )
    if found.without_day and found.first_without_day is not None:
        needs.append(
            Need(
                kind="warn",
                label="Students due within 60 days, neither a day nor a meeting",
                count=found.without_day,
                url=f"{page}without",
                oldest=f"{plural((found.first_without_day - today).days, 'day')} left",
                owner=owner,
                step="Plan them",
                days=(today - found.first_without_day).days,
            )
        )
    if found.this_week:
        needs.append(
            Need(
                kind="empty",
                label="Meetings planned this week",
                count=found.this_week,
                url=f"{page}week",
                owner=owner,
                step="Show the plan",
            )
        )
    return Group("Planned reviews", needs, "Every review due within 60 days has a day or a meeting.")
