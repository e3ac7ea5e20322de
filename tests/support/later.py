"""An initial evaluation of this district that agreed on a later start, and the enrollments around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from manzanita.domain.scenarios import EVENTS
from manzanita.platform.facts import Statement
from tests.support import world as w

if TYPE_CHECKING:
    from manzanita.archive.models import Archive
    from manzanita.domain.access import Actor
    from manzanita.meetings.models import Meeting
    from manzanita.students.models import Student

HELD = date(2026, 5, 14)
# Where everybody of the small world is enrolled since.
ENTERED = date(2023, 8, 14)
PLAN = {
    "plan.23.11": "100",
    "plan.23.14": "210",
    "plan.23.15": "240",
    "plan.23.20": "400",
    "plan.23.23": "90",
    "plan.23.33": "N",
}
SPEECH = {"offer": "add", "25.11": "415", "25.12": "100", "25.13": "510", "25.14": "20", "25.15": "30"}


def agree_on_a_later_start(
    actor: Actor,
    student: Student,
    *,
    held_on: date = HELD,
    plan: Mapping[str, str] = PLAN,
    services: Sequence[Mapping[str, str]] = (SPEECH,),
    conclusion: str = "starts_later",
) -> Archive:
    """An initial evaluation from consent to archive; the clock stands at ``held_on``."""
    from manzanita.procedures.finalize import finalize_meeting

    meeting = held_with_a_later_start(actor, student, held_on, plan, services, conclusion)
    return finalize_meeting(actor=actor, meeting=meeting)


def held_with_a_later_start(
    actor: Actor,
    student: Student,
    held_on: date = HELD,
    plan: Mapping[str, str] = PLAN,
    services: Sequence[Mapping[str, str]] = (SPEECH,),
    conclusion: str = "starts_later",
    why: str = "The family asked for the new school year.",
) -> Meeting:
    """The same, held and, where the family is asked, accepted by it; not finalized."""
    from manzanita.meetings import actions, answer_actions, hold_actions
    from manzanita.meetings.evaluations import Evaluation
    from manzanita.meetings.models import Meeting
    from manzanita.meetings.queries import proposal_of

    consent = Evaluation(consent_on=held_on, referred_on=held_on, referred_by_code="10")
    meeting = actions.open_meeting(
        actor=actor, student=student, event=EVENTS["b_initial"], evaluation=consent
    )
    answers = dict(plan) | {
        f"service.{number}.{key}": value
        for number, service in enumerate(services, start=1)
        for key, value in service.items()
    }
    for key, value in answers.items():
        answer_actions.save_answer(actor=actor, meeting=meeting, field_key=key, value=value, seen_revision=0)
    hold_actions.hold_meeting(
        actor=actor, meeting=meeting, conclusion_key=conclusion, held_on=held_on, conclusion_note=why
    )
    meeting = Meeting.objects.get(pk=meeting.pk)
    items = proposal_of(meeting, None, ()).items
    given = [answer_actions.FamilyAnswer(item.key, True, "Maple Testcase", held_on) for item in items]
    answer_actions.record_decisions(actor=actor, meeting=meeting, answers=given)
    return meeting


def agreed_in_spring(actor: Actor, student: Student) -> None:
    """Found eligible on May 14, 2026, and enrolled from August 13 on."""
    from django.test import override_settings

    with override_settings(TODAY=HELD):
        agree_on_a_later_start(actor, student)
    ends(student, date(2026, 6, 5))
    comes(student, date(2026, 8, 13))


def was_never_here(student: Student) -> None:
    """There was no enrollment until now."""
    from manzanita.students.actions import state_student_facts

    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": ENTERED}
    state_student_facts("enrollment", [Statement(slot, None, ENTERED)], by_id=None, cause="test")


def ends(student: Student, last: date, exit_code: str = "E155", started_on: date = ENTERED) -> None:
    """The SIS ends the enrollment on ``last``, its day included; E155: expected back."""
    _enrolled(student, started_on, last, exit_code)


def comes(student: Student, first: date, last: date | None = None) -> None:
    """The SIS enrolls the student from ``first``."""
    _enrolled(student, first, last, "")


def _enrolled(student: Student, first: date, last: date | None, exit_code: str) -> None:
    from manzanita.students.actions import state_student_facts

    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": first}
    values = {
        "school_code": w.SCHOOL,
        "nps_code": "",
        "status_code": "10",
        "grade_code": "04",
        "exit_reason_code": exit_code,
        "completion_code": "",
        "residence_code": "",
        "local_student_id": "L0003",
    }
    statements = [Statement(slot, values, first, last)]
    if last is not None:
        statements.append(Statement(slot, None, date.fromordinal(last.toordinal() + 1)))
    state_student_facts("enrollment", statements, by_id=None, cause="test")
