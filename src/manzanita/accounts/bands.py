"""The band over every page of an access that is watched or runs out: what it is, and how long it lasts."""

from __future__ import annotations

from django.http import HttpRequest

from manzanita.accounts.guest_queries import HOST_SESSION
from manzanita.platform import clock
from manzanita.ui.context import AccessBand
from manzanita.ui.formats import long_date, us_time
from manzanita.ui.jinja_env import url_or_none


def band_of(request: HttpRequest) -> AccessBand | None:
    """``None`` for somebody who acts as oneself, at home."""
    actor, grant = request.actor, request.grant
    if request.view_as is not None:
        view = request.view_as
        return AccessBand(
            f"You see what {actor.person_name} sees",
            f"as {actor.perspective.label} at {actor.agency_name}, of students whom you reach, too. Nothing can be "
            f"changed; each look is logged under both names. Until {us_time(view.ends_at)}:",
            int((view.ends_at - clock.now()).total_seconds()),
            url_or_none("view_as_end"),
            "End the view",
        )
    if actor is None or grant is None:
        return None
    if actor.perspective_key == HOST_SESSION and grant.ends_at is not None:
        return AccessBand(
            "Host staff, approved session",
            f"at {actor.agency_name}. You only read; each look is listed to the district. "
            f"Until {us_time(grant.ends_at)}:",
            int((grant.ends_at - clock.now()).total_seconds()),
        )
    if actor.perspective.watermark:
        until = f" until {long_date(grant.ends_on)}" if grant.ends_on else ""
        return AccessBand(
            actor.perspective.watermark,
            f"You read what {actor.agency_name} opened to you{until}. Nothing can be changed or exported; each look "
            "is listed to the district.",
        )
    return None
