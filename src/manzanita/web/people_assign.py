"""Assigning students in bulk: choose, look at what changes, apply, and take it back on the same day."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_POST

from manzanita.accounts.granting import Refused
from manzanita.accounts.queries import schools_within, user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.grade_spans import grade_choices
from manzanita.leaving.queries import still_here
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.procedures.assigning import (
    KINDS,
    Move,
    Term,
    Wanted,
    apply_assignments,
    candidates,
    movable_first,
    preview_assignments,
    students_to_assign,
    why_not_assign,
)
from manzanita.procedures.assigning_undo import can_undo, undo_assignments
from manzanita.procedures.left_out import why_not_assignable
from manzanita.students.caseload import (
    MOST_AT_ONCE,
    Assignable,
    Choice,
    assignable_of,
    assignable_rows,
    batches_of,
    get_batch,
)
from manzanita.students.models import ScopedQuerySet
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.found import Found, found_in
from manzanita.web.left_out import left_out
from manzanita.web.pasted_words import pasted_words
from manzanita.web.people_forms import chosen, number_of, tabs, text_in

NOBODY_CHOSEN = Reason("no-person", "Choose who gets the students.", Owner.YOU, "Choose one of the list.")
NO_STUDENT = Reason("no-student", "No student is ticked.", Owner.YOU, "Tick at least one.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.ASSIGN_STUDENTS)
def assign(request: HttpRequest) -> HttpResponse:
    """The form; a POST shows what would change, and with ``apply`` assigns the ticked students."""
    actor = request.actor
    if request.method != "POST":
        if "unassigned" in request.GET:
            return _unassigned(request)
        found, gone = _found(request, request.GET)
        asked = {name: request.GET[name] for name in ("to", "starts_on") if name in request.GET}
        return _page(request, {"to": "", **asked}, refusals=gone, found=found)
    sent = request.POST
    kind = sent.get("kind", "assignment") if sent.get("kind") in KINDS else "assignment"
    starts_on = day_of(sent.get("starts_on", ""))
    to = chosen(candidates(actor, starts_on)[kind], sent.get("to", ""))
    term = Term(starts_on, day_of(sent.get("ends_on", ""))) if starts_on else None
    wrong = mistyped(sent, {"starts_on": "From", "ends_on": "Through"})
    gone = _found(request, sent)[1]
    refusals = [
        *wrong.reasons,
        *([] if "starts_on" in wrong.typed else why_not_assign(actor, term)),
        *([] if to else [NOBODY_CHOSEN]),
        *gone,
    ]
    if refusals or to is None or term is None:
        return _again(request, refusals, kind, to.pk if to else None)
    if "apply" not in sent:
        moves, notes = _preview(request, kind, to.pk, term)
        return _page(request, sent, moves=moves, notes=notes)
    ticked = [one.partition(":") for one in sent.getlist("student")][:MOST_AT_ONCE]
    role = text_in(request, "role")
    wanted = [
        Wanted(public_id, kind, to.pk, seen_id=number_of(seen) or None, role=role)
        for public_id, _, seen in ticked
    ]
    if not wanted:
        return _again(request, [NO_STUDENT], kind, to.pk, term)
    try:
        applied = apply_assignments(
            actor=actor,
            wanted=wanted,
            term=term,
            title=f"{KINDS[kind]}: {to.name}",
            reason=text_in(request, "reason"),
        )
    except Refused as refused:
        return _again(request, refused.reasons, kind, to.pk, term)
    words = f"{plural(len(applied.done), 'student')} assigned to {to.name}."
    if applied.refused:
        words += (
            f" {plural(len(applied.refused), 'student')} not: somebody has assigned them in the meantime."
        )
    messages.success(request, f"{words} You can take it back until the end of today.")
    return redirect("assign")


def _again(
    request: HttpRequest, refusals: Sequence[Reason], kind: str, to_id: int | None, term: Term | None = None
) -> HttpResponse:
    """What was not possible, with the list that was chosen: nothing of it is chosen anew."""
    found, _ = _found(request, request.POST)
    if found is None and _choice(request.POST).is_empty:
        return _page(request, request.POST, refusals=refusals)
    moves, notes = _preview(request, kind, to_id, term or Term(clock.today()))
    return _page(request, request.POST, refusals=refusals, moves=moves, notes=notes)


def _unassigned(request: HttpRequest) -> HttpResponse:
    """The form set to students without a case manager, with the list of them."""
    found = list(students_to_assign(request.actor, Choice(is_without_manager=True))[:MOST_AT_ONCE])
    log_reads(actor=request.actor, student_ids=[one.pk for one in found], what="assignment.preview")
    rows = assignable_rows(request.actor, found, clock.today())
    return _page(request, {"manager": "none"}, listed=rows, is_nobody_left=not rows)


def _preview(request: HttpRequest, kind: str, to_id: int | None, term: Term) -> tuple[list[Move], list[str]]:
    """``to_id`` ``None``: who gets them is still to be chosen, so nothing speaks against anybody."""
    actor, sent = request.actor, request.POST
    choice, meant = _choice(sent), _found(request, sent)[0]
    students = _assignable(meant) if meant else students_to_assign(actor, choice)
    found = list(students[: MOST_AT_ONCE + 1])
    notes = []
    if len(found) > MOST_AT_ONCE:
        notes.append(
            f"More than {MOST_AT_ONCE} students are meant; these are the first. Choose fewer at once."
        )
        # Else they would be the same ones at every visit.
        ordered = students if to_id is None else movable_first(actor, students, kind, to_id, term)
        found = list(ordered[:MOST_AT_ONCE])
    wanted = [
        Wanted(str(one.public_id), kind, to_id, is_seen=False, role=sent.get("role", "")) for one in found
    ]
    log_reads(actor=actor, student_ids=[one.pk for one in found], what="assignment.preview")
    moves = preview_assignments(actor, wanted, term)
    return [replace(one, refused=None) for one in moves] if to_id is None else moves, notes


def _found(request: HttpRequest, sent: Any) -> tuple[Found | None, tuple[Reason, ...]]:
    """The found set that somebody came with, in place of the choices of the form; else why it cannot be read whole."""
    if not sent.get("list"):
        return None, ()
    found = found_in(request, sent)
    return (None, found.refusals) if found.refusals else (found, ())


def _assignable(found: Found) -> ScopedQuerySet:
    """Who stands in a pasted list is meant though taking no part yet; nobody who has left by our own record."""
    actor = found.actor
    return still_here(assignable_of(actor, found.students, is_named=found.pasted is not None), actor)


def _choice(sent: Any) -> Choice:
    """What the form chooses; nobody where a found set stands in its place."""
    if sent.get("list"):
        return Choice()
    manager = sent.get("manager", "")
    return Choice(
        school_code=sent.get("school", ""),
        grade_code=sent.get("grade", ""),
        manager_id=number_of(manager),
        is_without_manager=manager == "none",
        text=" ".join(sent.get("find", "").replace("\0", "").split())[:100],
    )


def _page(
    request: HttpRequest,
    sent: Any,
    *,
    refusals: Sequence[Reason] = (),
    moves: Sequence[Move] | None = None,
    notes: Sequence[str] = (),
    listed: Sequence[Assignable] = (),
    is_nobody_left: bool = False,
    found: Found | None = None,
) -> HttpResponse:
    actor: Actor = request.actor
    found = found or _found(request, sent)[0]
    batches = batches_of(actor)
    first_day = day_of(sent.get("starts_on", "")) or clock.today()
    able = candidates(actor, first_day)
    has_cases = able if first_day == clock.today() else candidates(actor)
    people = {one.pk: one.name for kind in KINDS for one in able[kind]}
    ids = {batch.by_id for batch in batches} | {
        pk for move in moves or () for pk in (move.from_id, move.to_id, move.next_id) if pk
    }
    names = user_names(ids)
    context = {
        "tabs": tabs(actor, "assign"),
        "sent": sent,
        "found": found,
        "pasted_list": pasted_words(found),
        "found_count": _assignable(found).count() if found else 0,
        "not_shown": left_out(
            found,
            _assignable(found).order_by().values("pk") if found else (),
            why_not_assignable,
            "assignment.preview",
        ),
        "most": MOST_AT_ONCE,
        "refusals": refusals,
        "moves": moves,
        "good": [move for move in moves or () if move.refused is None],
        "notes": notes,
        "listed": listed,
        "is_nobody_left": is_nobody_left,
        "schools": [(one.code, one.name) for one in schools_within(actor)],
        "grades": grade_choices(),
        "managers": [("none", "Nobody"), *((str(one.pk), one.name) for one in has_cases["assignment"])],
        "people": sorted(((str(pk), name) for pk, name in people.items()), key=lambda one: one[1]),
        "kinds": list(KINDS.items()),
        "batches": [{"batch": one, "can_undo": can_undo(actor, one)} for one in batches],
        "names": {**names, None: "still to choose"},
        # Of a list that comes again, who stays ticked; one that comes first is ticked as a whole.
        "ticked": {one.partition(":")[0] for one in sent.getlist("student")} if "apply" in sent else None,
        "school_names": school_names(
            {one.school_code for one in (*listed, *(move.row for move in moves or ()))}
        ),
        "today": clock.today(),
    }
    return render(request, "web/people/assign.html", context, status=422 if refusals else 200)


@require_POST
@requires(Capability.ASSIGN_STUDENTS)
def undo(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    batch = get_batch(request.actor, public_id)
    try:
        kept = undo_assignments(actor=request.actor, batch=batch)
    except Refused as refused:
        return _page(request, {}, refusals=refused.reasons)
    words = "Taken back: everybody has the students they had before."
    if kept:
        words = (
            f"Taken back, but for {plural(kept, 'student')}: somebody has assigned them since, or they are not in "
            "your reach."
        )
    messages.success(request, words)
    return redirect("assign")


urlpatterns = [
    path("assign", assign, name="assign"),
    path("assign/<uuid:public_id>/undo", undo, name="assign_undo"),
]
