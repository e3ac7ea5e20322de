"""What home says of exports and of stopped pages; nothing where there is nothing to say."""

from __future__ import annotations

from django.urls import reverse

from manzanita.auditing.models import ExportState, ListExport
from manzanita.auditing.viewing_blocks import open_block
from manzanita.domain.access import Actor, Capability
from manzanita.domain.export_limits import APPROVAL_LASTS
from manzanita.platform import clock
from manzanita.web.export_approvals import waiting_for
from manzanita.web.home_needs import Group, Need
from manzanita.web.viewing_blocks import blocks_within


def notices(actor: Actor) -> list[Group]:
    """One group, or none."""
    needs = []
    if open_block(actor.user_id) is not None:
        needs.append(
            Need(
                kind="fatal",
                label="Your student pages are stopped",
                count=1,
                url=reverse("students"),
                owner="SEDS coordinator",
                step="See why",
            )
        )
    if actor.may(Capability.MANAGE_PEOPLE):
        stopped = [one for one in blocks_within(actor) if one.user_id != actor.user_id]
        if stopped:
            needs.append(
                Need(
                    kind="fatal",
                    label="Stopped pages: somebody looked at far too many students",
                    count=len(stopped),
                    url=reverse("viewing_blocks"),
                    owner="You",
                    step="Find out why",
                )
            )
    if actor.may(Capability.APPROVE_EXPORT) and (count := waiting_for(actor)):
        needs.append(
            Need(
                kind="held",
                label="Exports that wait for your approval",
                count=count,
                url=reverse("export_approvals"),
                owner="You",
                step="Decide",
            )
        )
    if actor.may(Capability.EXPORT_LIST):
        needs += _own(actor)
    return [Group("Exports and stopped pages", needs, "")] if needs else []


def _own(actor: Actor) -> list[Need]:
    """What became of one's own exports that another person decides on, until the file expires."""
    newest = ListExport.objects.filter(
        by_id=actor.user_id, is_alone=False, asked_at__gt=clock.now() - 3 * APPROVAL_LASTS
    )
    states = list(newest.values_list("state", "expires_at"))
    waiting = sum(state == ExportState.WAITING for state, _ in states)
    ready = sum(state == ExportState.READY and expires > clock.now() for state, expires in states)
    refused = sum(state in (ExportState.REFUSED, ExportState.LAPSED) for state, _ in states)
    told = (
        ("ok", "Your approved exports, ready to fetch", ready, "Fetch"),
        ("empty", "Your exports that wait for a second person", waiting, "Show them"),
        ("declined", "Your exports that were refused or not decided", refused, "See why"),
    )
    return [
        Need(kind=kind, label=label, count=count, url=reverse("exports"), owner="You", step=step)
        for kind, label, count, step in told
        if count
    ]
