"""What waits of the directory, for the home page: requests to decide, and schools that no request names yet."""

from __future__ import annotations

from django.urls import reverse

from manzanita.domain.access import Actor, Capability
from manzanita.domain.directory_requests import State
from manzanita.orgs.requests import directory_requests, may_ask_directory, waiting_for
from manzanita.platform import clock
from manzanita.procedures.unlisted_schools import unlisted_in_reach
from manzanita.ui.formats import plural
from manzanita.web.home_needs import Group, Need


def directory_needs(actor: Actor) -> list[Group]:
    """For home: what waits for whoever decides, and what a district may ask for. One query each, one more where a
    school is not known; none for everybody else."""
    if not actor.may(Capability.DECIDE_DIRECTORY):
        return _unlisted_needs(actor)
    asked = list(
        directory_requests(actor)
        .filter(state=State.WAITING)
        .order_by("asked_at")
        .values_list("asked_at", flat=True)[:1000]
    )
    if not asked:
        return []
    days = (clock.today() - asked[0].astimezone(clock.CALIFORNIA).date()).days
    need = Need(
        kind="held",
        label="Schools and agencies that districts ask for",
        count=len(asked),
        url=reverse("directory_requests"),
        oldest=plural(days, "day"),
        owner="You",
        step="Decide",
        days=days,
    )
    return [Group("Directory", [need], "")]


def _unlisted_needs(actor: Actor) -> list[Group]:
    """Schools that the SIS names and nobody has asked for yet."""
    if not may_ask_directory(actor):
        return []
    found = [one for one in unlisted_in_reach(actor) if one.unlisted.asks]
    waiting = waiting_for(actor, {one.unlisted.code for one in found})
    open_ones = [one for one in found if one.unlisted.code not in waiting]
    if not open_ones:
        return []
    need = Need(
        kind="warn",
        label="Schools that the SIS names and the directory does not know",
        count=len(open_ones),
        url=reverse("directory_requests"),
        oldest=plural((clock.today() - min(one.since for one in open_ones)).days, "day"),
        owner="You",
        step="Ask for them",
    )
    return [Group("Directory", [need], "")]
