"""What the pages of a caseload's plan share: through which day, whose, and where one comes back to."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from django.urls import reverse

from manzanita.domain.access import Actor, Scope
from manzanita.domain.findings import Owner, Reason
from manzanita.meetings.planning import DEFAULT_AHEAD, MOST_AHEAD
from manzanita.platform import clock
from manzanita.web.form_days import day_of
from manzanita.web.people_forms import number_of

CHANGED = Reason(
    "plan-changed",
    "Something changed since this was looked at, so nothing was saved. This is the suggestion of now.",
    Owner.TEAM,
    "Look at it again, then save.",
)


def until_of(text: str) -> date:
    """Through which day reviews are planned: 180 days ahead, or what was asked, within a year."""
    today = clock.today()
    asked = day_of(text)
    return min(max(asked, today), today + MOST_AHEAD) if asked else today + DEFAULT_AHEAD


def manager_of(actor: Actor, text: str) -> int:
    """Whose caseload: the own one, or for who reaches several the one that was asked for; 0 for none."""
    if actor.perspective.scope is Scope.ASSIGNED:
        return actor.user_id
    return number_of(text) or 0


def plan_address(manager_id: int, until: date, **more: str) -> str:
    return f"{reverse('caseload_plan')}?{urlencode({'manager': manager_id, 'until': until} | more)}"
