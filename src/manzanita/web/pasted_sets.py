"""A pasted list as a found set: pasted once, it goes on to wherever a list of students is narrowed; and dropped."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.narrowing import AS_PASTED, ORDER
from manzanita.domain.pasting import MOST_LISTED, Pasted, read_pasted
from manzanita.meetings.actions import NotPossible
from manzanita.procedures.batch_fields import fields_for
from manzanita.students.models import PastedSet
from manzanita.students.pasted_sets import (
    KEPT_FOR,
    drop_pasted,
    keep_pasted,
    pasted_set,
)
from manzanita.web.access import requires
from manzanita.web.found import found_in
from manzanita.web.pasted_lines import problems_file
from manzanita.web.pasted_text import pasted_text
from manzanita.web.reasons_told import told


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a pasted list may go on to at once: the name of a page, what its button says, and what it takes."""

    name: str
    label: str
    needs: Capability = Capability.READ_STUDENT


GOALS = (
    Goal("students", "Show these students"),
    Goal("batch_new", "Change these students"),
    Goal("next_year", "Show their next year"),
    Goal("assign", "Assign these students", Capability.ASSIGN_STUDENTS),
    Goal("arrivals_adopt", "Adopt their plans", Capability.CORRECT_RECORD),
    Goal("leaving_many", "Record that they left", Capability.CORRECT_RECORD),
    Goal("state_limited", "Send for these students", Capability.SEND_TO_STATE),
)


def goals_of(actor: Actor) -> list[Goal]:
    """Those that the actor's perspective may open."""
    return [one for one in GOALS if actor.may(one.needs) and (one.name != "batch_new" or fields_for(actor))]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.READ_STUDENT)
def paste(request: HttpRequest) -> HttpResponse:
    """The form; a POST keeps the list and goes on with it, to ``then``, to the list of students by itself."""
    if request.actor.is_read_only:
        # A form that could not be sent: whatever keeps something is closed to who only reads.
        messages.info(
            request,
            f"As {request.actor.perspective.label} nothing can be kept here, so no list can be pasted. "
            "Search for one student after the other. Owner: SEDS coordinator.",
        )
        return redirect("students")
    if request.method != "POST":
        return _form(request, request.GET)
    try:
        pasted = _read(request)
    except NotPossible as refused:
        return _form(request, request.POST, refused.reasons)
    made = keep_pasted(request.actor, pasted.lines)
    asked = {"list": "all", ORDER: AS_PASTED, "set": str(made.public_id)}
    return redirect(f"{reverse(_goal(request.actor, request.POST).name)}?{urlencode(asked)}")


def _read(request: HttpRequest) -> Pasted:
    """Raises ``NotPossible``."""
    pasted = read_pasted(pasted_text(request, MOST_LISTED), most=MOST_LISTED)
    if pasted.problem:
        raise NotPossible(
            [
                Reason(
                    "unreadable",
                    pasted.problem,
                    Owner.YOU,
                    "Look at what you pasted: one student a line.",
                    source="One line is one student",
                )
            ]
        )
    if pasted.ignored:
        heads = ", ".join(f"“{head[:40]}”" for head in pasted.ignored[:8])
        messages.info(request, f"Not read, because it does not say who a student is: {heads}.")
    return pasted


def _goal(actor: Actor, sent: Mapping[str, Any]) -> Goal:
    return next((one for one in goals_of(actor) if one.name == sent.get("then")), GOALS[0])


def _form(request: HttpRequest, sent: Mapping[str, Any], refusals: Sequence[Reason] = ()) -> HttpResponse:
    context = {
        "goals": goals_of(request.actor),
        "goal": _goal(request.actor, sent),
        "pasted": sent.get("pasted", "") if request.method == "POST" else "",
        "most": MOST_LISTED,
        "kept_days": KEPT_FOR.days,
        "refusals": told(refusals),
    }
    return render(request, "web/students/paste.html", context, status=422 if refusals else 200)


@require_POST
@requires(Capability.READ_STUDENT)
def drop(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Drop the list, and show what there is without it."""
    pasted: PastedSet = pasted_set(request.actor, public_id)
    found = found_in(request, request.POST, list_key="all")
    drop_pasted(pasted)
    messages.success(request, "The pasted list is dropped: nothing of it is kept.")
    return redirect(found.without_pasted)


@require_safe
@requires(Capability.READ_STUDENT)
def problems(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """All lines that are nobody's, as text to mend and paste again."""
    return problems_file(pasted_set(request.actor, public_id, with_problems=True).problems)


urlpatterns = [
    path("students/paste", paste, name="paste"),
    path("students/pasted/<uuid:public_id>/drop", drop, name="pasted_drop"),
    path("students/pasted/<uuid:public_id>/lines", problems, name="pasted_problems"),
]
