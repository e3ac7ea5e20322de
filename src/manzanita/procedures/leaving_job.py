"""Carrying out planned leavings on their day: a nightly job, by the person who planned each and under that grant."""

from __future__ import annotations

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason, reason_document
from manzanita.domain.revocation import Letter
from manzanita.leaving.actions import note_problem, papers_of
from manzanita.leaving.models import Leaving
from manzanita.leaving.queries import due_leavings
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.jobs import JobRun
from manzanita.platform.reach import whole_installation
from manzanita.procedures.leaving import LeavingAsked, carry_out
from manzanita.students.queries import is_visible

LEAVING_JOB = "leaving.carry-out"


def carry_out_planned(run: JobRun | None = None) -> dict[str, int]:
    """Carry out every leaving whose day has come: how many, and how many had to stay, each with its reasons. Running it
    again does what is left."""
    done = stayed = 0
    with whole_installation("planned leavings are of every district"):
        due = due_leavings(clock.today())
        for number, leaving in enumerate(due):
            if run is not None:
                run.progress(number, len(due), "Carrying out planned leavings")
            reasons = _try(leaving)
            if reasons:
                note_problem(leaving, [reason_document(reason) for reason in reasons])
                stayed += 1
            else:
                done += 1
    return {"done": done, "stayed": stayed}


def _try(leaving: Leaving) -> list[Reason]:
    """Carry one out; what stood against it."""
    actor = actor_of_grant_id(leaving.grant_id or 0, clock.today())
    if actor is None or not _may(actor, leaving):
        return [
            Reason(
                "grant-ended",
                "Whoever planned it does not record changes of this student any more.",
                Owner.COORDINATOR,
                "Record it yourself, or cancel it.",
            )
        ]
    asked = LeavingAsked(
        leaving.reason_key,
        leaving.leaves_on,
        leaving.note,
        papers_of(leaving.papers),
        leaving.report,
        letter=Letter(leaving.letter_on, leaving.letter_by),
    )
    try:
        carry_out(actor=actor, leaving=leaving, asked=asked)
    except NotPossible as refused:
        return refused.reasons
    return []


def _may(actor: Actor, leaving: Leaving) -> bool:
    return (
        actor.may(Capability.CORRECT_RECORD)
        and actor.agency_code == leaving.lea_code
        and is_visible(actor, leaving.student_id)
    )
