"""What home says of the DINC lists: of those that can be emptied, each that has somebody on it."""

from __future__ import annotations

from django.urls import reverse

from manzanita.deadlines.dinc import standings
from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.ui.formats import plural
from manzanita.web.home_needs import Group, Need


def dinc_groups(actor: Actor, owner: str) -> list[Group]:
    """Two queries; no group where nobody is on a list. Who was held late stays there until the next time: nothing is
    to be done about that today."""
    today = clock.today()
    needs = [
        Need(
            kind="fatal",
            label=f"DINC {one.listed.number}: {one.listed.title}",
            count=one.count,
            url=reverse("dinc_list", args=[one.listed.key]),
            oldest=f"{plural((today - one.earliest).days, 'day')} over" if one.earliest else "",
            detail=f"State report {one.listed.report}" if one.listed.report else "",
            owner=owner,
            step="Show why, and mend",
        )
        for one in standings(actor)
        if one.count and not one.listed.is_held
    ]
    return [Group("What the state counts as late (DINC)", needs, "")] if needs else []
