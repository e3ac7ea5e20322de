"""The roles of a SELPA: perspectives under names of its own, with less to do."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.accounts.grant_actions import define_role, retire_role
from manzanita.accounts.granting import Refused
from manzanita.accounts.people_queries import role_perspectives, roles_of
from manzanita.domain.access import CAPABILITY_WORDS, Capability
from manzanita.domain.findings import Reason
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.web.access import requires
from manzanita.web.people_forms import tabs, text_in


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def roles(request: HttpRequest) -> HttpResponse:
    """The roles that are given here; a SELPA defines them."""
    if request.method != "POST":
        return _page(request)
    known = {one.value for one in Capability}
    try:
        role = define_role(
            actor=request.actor,
            label=text_in(request, "label")[:60],
            for_whom=text_in(request, "for_whom")[:200],
            perspective_key=request.POST.get("perspective", ""),
            capabilities=[one for one in request.POST.getlist("may") if one in known],
        )
    except Refused as refused:
        return _page(request, refused.reasons)
    messages.success(request, f"The role {role.label} is there; districts give it like a perspective.")
    return redirect("roles")


@require_POST
@requires(Capability.MANAGE_PEOPLE)
def retire(request: HttpRequest, role_id: int) -> HttpResponse:
    role = next(
        (one for one in roles_of(request.actor.selpa_code, with_retired=True) if one.pk == role_id), None
    )
    if role is None:
        raise Http404("no such role")
    try:
        retire_role(actor=request.actor, role=role)
    except Refused as refused:
        return _page(request, refused.reasons)
    messages.success(request, f"{role.label} is not given any more. Who has it keeps it.")
    return redirect("roles")


def _page(request: HttpRequest, refusals: Sequence[Reason] = ()) -> HttpResponse:
    actor = request.actor
    full = role_perspectives()
    context = {
        "tabs": tabs(actor, "roles"),
        "roles": roles_of(actor.selpa_code, with_retired=True),
        "refusals": refusals,
        "is_selpa": actor.perspective_key == "selpa",
        "sent": request.POST,
        "chosen": request.POST.getlist("may"),
        "perspectives": [(one.key, one.label) for one in full],
        "full": full,
        "labels": {one.key: one.label for one in PERSPECTIVES.values()},
        "capabilities": [(one.value, words) for one, words in CAPABILITY_WORDS.items()],
        "words": {one.value: words for one, words in CAPABILITY_WORDS.items()},
    }
    return render(request, "web/people/roles.html", context, status=422 if refusals else 200)


urlpatterns = [
    path("admin/roles", roles, name="roles"),
    path("admin/roles/<int:role_id>/retire", retire, name="role_retire"),
]
