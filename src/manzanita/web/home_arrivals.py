"""What home says of students who have come: plans that can be adopted, those to call or look at, and who may be here
twice."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from manzanita.arrivals.queries import count_arrivals
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.platform import clock
from manzanita.students.duplicates import open_pairs
from manzanita.ui.formats import plural
from manzanita.web.home_needs import Group, Need, age


def arrivals_needs(actor: Actor) -> Group:
    """Each count is that of the list behind it."""
    found = count_arrivals(actor)
    here = reverse("arrivals")
    needs = []
    if found.all and found.oldest_on is not None:
        days = (clock.today() - found.oldest_on).days
        words = {
            "arriving": "with a plan",
            "returning": "returning",
            "unserved": "without a plan",
            "look": "to check",
        }
        needs.append(
            Need(
                kind="warn",
                label="Students who have come",
                count=found.all,
                url=here,
                oldest=age(days),
                detail=" · ".join(f"{count} {words[kind]}" for kind, count in found.by_kind.items()),
                owner=Owner.COORDINATOR,
                step="Settle them",
                days=days,
            )
        )
    if found.safe:
        needs.append(
            Need(
                kind="diff",
                label="Arrivals whose plans can be adopted at once",
                count=found.safe,
                url=reverse("arrivals_adopt"),
                owner=Owner.COORDINATOR,
                step="Show the preview",
            )
        )
    twice, found_at = open_pairs(actor)
    if found_at is not None:
        days = (clock.today() - timezone.localtime(found_at).date()).days
        needs.append(
            Need(
                kind="warn",
                label="Students who may be entered twice",
                count=twice,
                url=reverse("duplicates"),
                oldest=age(days),
                detail=plural(twice, "pair"),
                owner=Owner.COORDINATOR,
                step="Compare them",
                days=days,
            )
        )
    return Group("Arrivals and duplicates", needs, "Nobody has come whom special education knows.")
