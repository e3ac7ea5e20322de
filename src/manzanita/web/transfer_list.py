"""Transfers of students: what others ask of this district, what it asks, and for a SELPA all of its members'."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.orgs.queries import agency_names
from manzanita.platform import clock
from manzanita.students.models import Student
from manzanita.students.scope import asked_for
from manzanita.transfers.models import StudentTransfer
from manzanita.transfers.queries import open_transfers_of, side_of, transfers_of, whose_turn
from manzanita.web.access import requires
from manzanita.web.home_needs import Group, Need
from manzanita.web.transfer_words import age_of, age_words, state_mark, turn_of

ENDED_SHOWN = timedelta(days=30)
MOST_SHOWN = 200


@require_safe
@requires(Capability.TRANSFER_STUDENT)
def student_transfers(request: HttpRequest) -> HttpResponse:
    """Open ones by age, those that wait for the reader first; and what ended within 30 days."""
    actor = request.actor
    rows = list(open_transfers_of(actor)[:MOST_SHOWN])
    ended = list(
        transfers_of(actor).filter(ended_at__gt=clock.now() - ENDED_SHOWN).order_by("-ended_at")[:MOST_SHOWN]
    )
    is_selpa = actor.perspective.scope is Scope.SELPA
    shown = _rows(request, [*rows, *ended])
    by_key = {row["one"].pk: row for row in shown}
    # In the order of the table: who waits for the reader comes first.
    still_open = [row for row in shown if row["one"].is_open]
    context = {
        "is_selpa": is_selpa,
        "asked": [row for row in still_open if is_selpa or row["one"].sending_code == actor.agency_code],
        "own": [row for row in still_open if not is_selpa and row["one"].receiving_code == actor.agency_code],
        "ended": [by_key[one.pk] for one in ended],
        "may_ask": actor.perspective.scope is Scope.AGENCY,
        "most": MOST_SHOWN if len(rows) == MOST_SHOWN else 0,
    }
    return render(request, "web/transfers/list.html", context)


def _rows(request: HttpRequest, found: Sequence[StudentTransfer]) -> list[dict[str, Any]]:
    names = agency_names({code for one in found for code in (one.sending_code, one.receiving_code)})
    students = named(request, [one for one in found if one.is_open], "transfer.list")
    rows = [
        {
            "one": one,
            "student": _listed(students.get(one.student_id)) or one.called,
            "state": state_mark(one),
            "age": age_words(one),
            "turn": turn_of(one, names),
            "is_mine": one.is_open and whose_turn(one.state) is side_of(request.actor, one),
            "to": names.get(one.receiving_code, one.receiving_code),
            "from": names.get(one.sending_code, one.sending_code),
        }
        for one in found
    ]
    return sorted(rows, key=lambda row: (not row["is_mine"], row["one"].asked_at))


def _listed(student: Student | None) -> str:
    """As in every list: the last name first."""
    return f"{student.last_name}, {student.first_name}" if student else ""


def named(request: HttpRequest, found: Sequence[StudentTransfer], what: str) -> dict[int, Student]:
    """The students whom others ask of the reader's districts; seeing them is logged."""
    students = {one.pk: one for one in asked_for(request.actor, {one.student_id for one in found})}
    log_reads(actor=request.actor, student_ids=students, what=what)
    return students


def transfer_needs(actor: Actor) -> list[Group]:
    """The lines of home: whose turn it is decides whose line it is. One query; no group where nothing is open."""
    if not actor.may(Capability.TRANSFER_STUDENT):
        return []
    rows = list(open_transfers_of(actor)[:MOST_SHOWN])
    mine = [one for one in rows if whose_turn(one.state) is side_of(actor, one)]
    others = [one for one in rows if whose_turn(one.state) is not side_of(actor, one)]
    needs = [
        Need(
            kind=kind,
            label=label,
            count=len(found),
            url=reverse("student_transfers"),
            oldest=age_words(max(found, key=age_of)),
            owner=owner,
            step=step,
            days=max(age_of(one) for one in found),
        )
        for kind, label, found, owner, step in (
            ("warn", "Transfers of students that wait for your district", mine, "Your district", "Answer"),
            (
                "held",
                "Transfers of students that wait for others",
                others,
                "The other district",
                "See what blocks",
            ),
        )
        if found
    ]
    return [Group("Transfers of students", needs, "")] if needs else []


urlpatterns = [path("transfers", student_transfers, name="student_transfers")]
