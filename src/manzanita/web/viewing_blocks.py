"""People whose student pages are stopped, and opening them again."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.accounts.second_person import reaches, why_not_lift
from manzanita.auditing.models import ViewingBlock
from manzanita.auditing.viewing_blocks import lift_block, open_blocks
from manzanita.domain.access import Actor, Capability
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.domain.viewing_limits import words_of
from manzanita.orgs.queries import agency_names
from manzanita.web.access import requires
from manzanita.web.people_forms import tabs


def blocks_within(actor: Actor) -> list[ViewingBlock]:
    """Blocks of people about whom the actor may decide."""
    found = open_blocks([actor.agency_code, *actor.agency_codes])
    return [block for block in found if reaches(actor, block.agency_code)]


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def blocks(request: HttpRequest) -> HttpResponse:
    """Who is blocked, since when, why, and the form that opens the pages again."""
    found = blocks_within(request.actor)
    names = user_names({one.user_id for one in found})
    agencies = agency_names({one.agency_code for one in found})
    rows = [
        {
            "block": one,
            "name": names.get(one.user_id, ""),
            "perspective": PERSPECTIVES[one.perspective_key].label,
            "agency": agencies.get(one.agency_code, one.agency_code),
            "because": words_of(one.reason),
            "why_not": why_not_lift(request.actor, one),
        }
        for one in found
    ]
    return render(
        request, "web/viewing/blocks.html", {"tabs": tabs(request.actor, "viewing_blocks"), "rows": rows}
    )


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Open one person's student pages again, with a word."""
    block = ViewingBlock.objects.filter(pk=pk).first()
    if block is None or not reaches(request.actor, block.agency_code):
        raise Http404("no such block")
    reason = why_not_lift(request.actor, block)
    if reason is not None:
        messages.error(request, f"{reason.text} {reason.way_out}")
        return redirect("viewing_blocks")
    try:
        lifted = lift_block(block=block, by=request.actor, word=request.POST.get("word", ""))
    except ValueError as error:
        messages.error(request, f"{error}. Nothing was changed.")
        return redirect("viewing_blocks")
    if lifted:
        messages.success(request, "The student pages of this person are open again.")
    else:
        messages.info(request, "Somebody has opened them already.")
    return redirect("viewing_blocks")


urlpatterns = [
    path("admin/viewing", blocks, name="viewing_blocks"),
    path("admin/viewing/<int:pk>/lift", lift, name="viewing_lift"),
]
