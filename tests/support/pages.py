"""What tests of pages share: reading an answer, more students, meetings as far along as a test needs them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import User
from manzanita.archive.models import Archive
from manzanita.auditing.models import ReadEvent
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.access import Capability
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings import actions, answer_actions, hold_actions
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import proposal_of
from manzanita.orgs.models import Agency
from manzanita.platform.facts import Statement
from manzanita.procedures.finalize import finalize_meeting
from manzanita.students.actions import Identity, register_students, set_clocks, state_student_facts
from manzanita.students.models import Plan, Student
from manzanita.students.queries import facts_of
from tests.support import world as w

NO_ID = "018f0000-0000-7000-8000-000000000000"
HELD_ON = date(2026, 11, 20)
START = date(2023, 8, 14)


def text_of(answer) -> str:
    """The page as one line of text."""
    return " ".join(answer.content.decode().split())


def words(answer) -> str:
    """The page as one reads it: without its marks."""
    return without_marks(answer.content.decode())


def without_marks(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def addresses_in(answer) -> list[str]:
    """Every address that the page links to, sends to, or asks again."""
    return re.findall(r'(?:href|action|hx-get|hx-post)="([^"]*)"', answer.content.decode())


def as_shown(client: Client, page: str = "/state") -> dict[str, str]:
    """The stamp of what would go, as the form on the page carries it; nothing where nothing may go."""
    return dict(re.findall(r'name="(shown)" value="([^"]*)"', client.get(page).content.decode()))


def reads() -> list[tuple[int, str]]:
    """The read log, oldest first: student and what was seen, one for each student of a list in its order."""
    events = ReadEvent.objects.order_by("pk").values_list("student_ids", "what")
    return [(student_id, what) for student_ids, what in events for student_id in student_ids]


def other_coordinator(world: w.World) -> User:
    """The coordinator of the other district."""
    person = add_person(email="fern.sample@example.org", name="Fern Sample", password=w.PASSWORD)
    grant_perspective(
        user=person,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=w.OTHER_LEA),
        starts_on=world.coordinator_grant.starts_on,
        by=None,
        reason="test",
    )
    return person


def take_away(monkeypatch: pytest.MonkeyPatch, perspective: str, *taken: Capability) -> None:
    """For one test, the perspective does without these capabilities: no perspective of ours lacks them."""
    changed = replace(
        PERSPECTIVES[perspective], capabilities=PERSPECTIVES[perspective].capabilities - set(taken)
    )
    monkeypatch.setattr("manzanita.accounts.queries.PERSPECTIVES", {**PERSPECTIVES, perspective: changed})


def many_students(
    count: int,
    *,
    manager: User | None = None,
    due_on: date | None = None,
    first_names: list[str] | None = None,
) -> list[Student]:
    """``count`` more students of the district with status 1 and a plan, born January 1, 2016, named Fern0 … Quill
    unless ``first_names`` says otherwise; SSIDs 9900100000 …, local ids F0 …"""
    names = first_names or [f"Fern{number}" for number in range(count)]
    made = register_students([Identity(name, "", "Quill", "", date(2016, 1, 1), "F") for name in names])
    slots = [{"student_id": student.pk} for student in made]
    facts: dict[str, list[Statement]] = {
        "ssid": [Statement(slot, {"ssid": f"99001{n:05}"}, START) for n, slot in enumerate(slots)],
        "enrollment": [
            Statement({**slot, "lea_code": w.LEA, "started_on": START}, enrollment(f"F{n}"), START)
            for n, slot in enumerate(slots)
        ],
        "status": [Statement(slot, status("1"), START) for slot in slots],
        "plan": [Statement(slot, plan(), date(2025, 12, 1)) for slot in slots],
    }
    if manager is not None:
        facts["assignment"] = [Statement(slot, {"user_id": manager.pk}, START) for slot in slots]
    for kind, statements in facts.items():
        state_student_facts(kind, statements, by_id=None, cause="test")
    if due_on is not None:
        reviewed = due_on.replace(year=due_on.year - 1)
        set_clocks({student.pk: (reviewed, reviewed) for student in made})
    recompute_stale()
    return made


def enrollment(local_id: str = "") -> dict[str, str]:
    return {
        "school_code": w.SCHOOL,
        "nps_code": "",
        "status_code": "10",
        "grade_code": "04",
        "exit_reason_code": "",
        "completion_code": "",
        "residence_code": "",
        "local_student_id": local_id,
    }


def status(code: str) -> dict[str, object]:
    return {"lea_code": w.LEA, "status_code": code, "reason_code": "", "initial_entry_on": START}


def plan() -> dict[str, str]:
    return {
        **dict.fromkeys(Plan.content, ""),
        "lea_code": w.LEA,
        "dsea_code": w.LEA,
        "reason_code": "1",
        "plan_type_code": "100",
        "disability_1_code": "240",
    }


def leaves(student: Student, on: date) -> None:
    """The student's enrollment in the district ends on ``on``, the last day included."""
    state_student_facts(
        "enrollment",
        [
            Statement(
                {"student_id": student.pk, "lea_code": w.LEA, "started_on": START},
                None,
                on + timedelta(days=1),
            )
        ],
        by_id=None,
        cause="test",
    )


def moves_to(student: Student, school_code: str) -> None:
    """The student has been at another school of the district all along."""
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": START}
    values = enrollment("L0000") | {"school_code": school_code}
    state_student_facts("enrollment", [Statement(slot, values, START)], by_id=None, cause="test")


def enrolled_elsewhere(student: Student, since: date) -> None:
    """The student is enrolled in the other district from ``since``."""
    slot = {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": since}
    values = {
        "school_code": w.OTHER_SCHOOL,
        "nps_code": "",
        "status_code": "10",
        "grade_code": "04",
        "exit_reason_code": "",
        "completion_code": "",
        "residence_code": "",
        "local_student_id": "H0005",
    }
    state_student_facts("enrollment", [Statement(slot, values, since)], by_id=None, cause="test")


def opened(world: w.World, name: str = "alder", event: str = "annual") -> Meeting:
    student = world.students[name]
    return actions.open_meeting(actor=world.case_manager_actor, student=student, event=EVENTS[event])


def opened_initial(world: w.World, student: Student, event: str) -> Meeting:
    """An initial evaluation with consent of September 28, 2026, after a referral of September 14."""
    began = Evaluation(date(2026, 9, 28), date(2026, 9, 14), "10")
    return actions.open_meeting(
        actor=world.coordinator_actor, student=student, event=EVENTS[event], evaluation=began
    )


def typed(world: w.World, meeting: Meeting, key: str, value: str) -> None:
    answer_actions.save_answer(
        actor=world.case_manager_actor, meeting=meeting, field_key=key, value=value, seen_revision=0
    )


def held(world: w.World, name: str = "alder", event: str = "annual") -> Meeting:
    """Held on November 20, 2026, late by six days where it is alder's review: reason 30."""
    meeting = opened(world, name, event)
    hold_actions.hold_meeting(
        actor=world.case_manager_actor, meeting=meeting, held_on=HELD_ON, delay_code="30"
    )
    meeting.refresh_from_db()
    return meeting


def decided(world: w.World, name: str = "alder") -> Meeting:
    """Held, with 45 minutes of service 2 offered instead of 30, and the family agreed to everything today."""
    meeting = opened(world, name)
    typed(world, meeting, "service.2.25.15", "45")
    hold_actions.hold_meeting(
        actor=world.case_manager_actor, meeting=meeting, held_on=HELD_ON, delay_code="30"
    )
    facts = facts_of(meeting.student)
    items = proposal_of(meeting, facts.plan_on(w.TODAY), facts.services_on(w.TODAY)).items
    answer_actions.record_decisions(
        actor=world.case_manager_actor,
        meeting=meeting,
        answers=[answer_actions.FamilyAnswer(item.key, True, "Maple Testcase", w.TODAY) for item in items],
    )
    meeting.refresh_from_db()
    return meeting


def finalized(world: w.World, name: str = "alder") -> tuple[Meeting, Archive]:
    meeting = decided(world, name)
    archive = finalize_meeting(actor=world.case_manager_actor, meeting=meeting)
    meeting.refresh_from_db()
    return meeting, archive
