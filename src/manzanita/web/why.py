"""*Why can I (not) see or do this?* The one decision of ``domain.access``, in words or as JSON.

``/why`` answers for the perspective in use; ``/students/<id>/why`` for one student, and for those who manage people
also for a colleague, with everybody who may see the student, guests too. A student out of scope is a 404 here as
everywhere.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, colleagues_of, grants_in_force, standings_of
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import (
    CAPABILITY_WORDS,
    RELATIONSHIP_WORDS,
    Actor,
    Capability,
    Decision,
    Relationship,
    Scope,
    Ties,
    decide,
)
from manzanita.platform import clock
from manzanita.students.onlookers import Onlooker, onlookers_of, other_agencies
from manzanita.students.queries import get_student
from manzanita.students.scope import ties_of
from manzanita.web.access import no_grant, requires


@dataclass(frozen=True, slots=True)
class Standing:
    """What one perspective of a person may do, in general or with one student."""

    actor: Actor
    decisions: list[tuple[Capability, Decision]]

    @property
    def reach(self) -> str:
        """By which relationships students are reached, in words; empty where none counts."""
        relationships = [
            RELATIONSHIP_WORDS[one] for one in Relationship if one in self.actor.perspective.relationships
        ]
        is_of_schools = self.actor.perspective.scope is Scope.SCHOOL
        where = "one of the schools of this grant" if is_of_schools else self.actor.agency_name
        return f"{', or '.join(relationships)} {where}" if relationships else ""

    def as_json(self) -> dict[str, Any]:
        return {
            "perspective": self.actor.perspective_key,
            "agency": self.actor.agency_code,
            "decisions": [
                {
                    "capability": capability.value,
                    "is_allowed": decision.is_allowed,
                    "because": [
                        {"code": r.code, "text": r.text, "owner": str(r.owner), "way_out": r.way_out}
                        for r in decision.because
                    ],
                }
                for capability, decision in self.decisions
            ],
        }


def _standing(actor: Actor, ties: Ties | None = None, who: str = "you") -> Standing:
    return Standing(actor, [(one, decide(actor, one, ties, who=who)) for one in Capability])


@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """What the perspective in use may do, and by what right; what not, and what would change that."""
    if request.actor is None:
        return no_grant(request)
    return _answer(request, [_standing(request.actor)], {"of_person": request.actor.person_name})


@require_safe
@requires(Capability.READ_STUDENT)
def why_student(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The same for one student within reach; ``person`` asks for a colleague, through each of their perspectives."""
    actor: Actor = request.actor
    student = get_student(actor, public_id)
    log_reads(actor=actor, student_ids=[student.pk], what="student.why")
    colleagues = colleagues_of(actor) if actor.may(Capability.MANAGE_PEOPLE) else []
    person = _asked_for(request, colleagues)
    if person is None:
        standings = [_standing(actor, ties_of(actor, student.pk))]
    else:
        grants = standings_of(grants_in_force(person, clock.today()))
        theirs = [actor_of(person, *standing) for standing in grants]
        standings = [_standing(one, ties_of(one, student.pk), person.name) for one in theirs]
    context = {
        "student": student,
        "student_url": reverse("student", args=[public_id]),
        "colleagues": colleagues,
        "person": person,
        "of_person": person.name if person else actor.person_name,
    }
    if actor.may(Capability.MANAGE_PEOPLE):
        context["onlookers"] = onlookers_of(actor, student)
        context["others"] = other_agencies(actor, student)
        context["may_audit"] = actor.may(Capability.READ_AUDIT)
    return _answer(request, standings, context)


def _asked_for(request: HttpRequest, colleagues: list[User]) -> User | None:
    wanted = request.GET.get("person", "")
    if not wanted:
        return None
    found = next((one for one in colleagues if str(one.pk) == wanted), None)
    if found is None:
        raise Http404("no such colleague")
    return found


def _answer(request: HttpRequest, standings: list[Standing], context: dict[str, Any]) -> HttpResponse:
    if request.GET.get("format") == "json" or (
        request.accepts("application/json") and not request.accepts("text/html")
    ):
        told = {"person": context["of_person"], "standings": [one.as_json() for one in standings]}
        if "onlookers" in context:
            told["may_see"] = [_as_json(one) for one in context["onlookers"]]
            told["other_agencies"] = [one.code for one in context["others"]]
        return JsonResponse(told)
    words = {one: CAPABILITY_WORDS[one] for one in Capability}
    return render(request, "web/why.html", {"standings": standings, "words": words, **context})


def _as_json(one: Onlooker) -> dict[str, Any]:
    return {
        "person": one.user.name,
        "perspective": one.perspective,
        "agency": one.agency,
        "is_guest": one.is_guest,
        "looks_as": one.as_name,
        "until": one.ends_at or one.ends_on,
        "given_by": one.given_by,
        "reason": one.reason,
    }


urlpatterns = [
    path("why", why, name="why"),
    path("students/<uuid:public_id>/why", why_student, name="why_student"),
]
