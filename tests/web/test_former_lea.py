"""A former LEA sees what was true while it was responsible, on both time axes, and nothing later.

Alder leaves Chaparral Unified on October 30, 2026 and is in Heron Creek Unified from November 2 on, which then records
a plan, a status, a meeting and a contact.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from manzanita.accounts.actions import grant_perspective
from manzanita.meetings.models import Meeting
from manzanita.students.actions import state_one
from manzanita.students.models import Plan
from manzanita.students.people_actions import ContactValues, RightsValues
from tests.support import pages
from tests.support import world as w
from tests.support.pages import text_of

LEFT, ARRIVED = date(2026, 10, 30), date(2026, 11, 2)


@pytest.fixture
def moved(small_world) -> w.World:
    student = small_world.students["alder"]
    pages.leaves(student, LEFT)
    pages.enrolled_elsewhere(student, ARRIVED)
    before = Plan.objects.as_of(effective=LEFT).get(student=student)
    values = {name: getattr(before, name) for name in Plan.content}
    values |= {"lea_code": w.OTHER_LEA, "dsea_code": w.OTHER_LEA, "disability_1_code": "320"}
    slot = {"student_id": student.pk}
    state_one("plan", slot=slot, values=values, effective_from=date(2026, 11, 9), by_id=None, cause="test")
    status = {"lea_code": w.OTHER_LEA, "status_code": "1", "reason_code": "", "initial_entry_on": None}
    state_one("status", slot=slot, values=status, effective_from=ARRIVED, by_id=None, cause="test")
    contact = ContactValues(
        name="Newcomb Testcase", relation="Foster parent", language="Spanish", phone="555-0177"
    )
    for kind, values in (("contact", contact), ("rights", RightsValues("foster_parent"))):
        state_one(
            kind,
            slot={**slot, "contact_no": 2},
            values=values.content(),
            effective_from=date(2026, 9, 1),
            by_id=None,
            cause="test",
        )
    Meeting.objects.create(
        student=student,
        lea_code=w.OTHER_LEA,
        event_key="thirty_day",
        state="finalized",
        finalized_at=w.NOON - timedelta(days=13),
        held_on=date(2026, 11, 9),
        opened_at=w.NOON - timedelta(days=14),
        opened_by_id=small_world.coordinator.pk,
        source="meeting",
    )
    return small_world


@pytest.fixture
def coordinator(moved, sign_in) -> Client:
    return sign_in(moved.coordinator)


def page_of(world: w.World, tab: str = "record") -> str:
    return f"/students/{world.students['alder'].public_id}?tab={tab}"


LATER = ("Heron Creek", "Newcomb", "Spanish", "Autism", "11/02/2026", "11/09/2026")


@pytest.mark.parametrize("tab", ["record", "meetings", "state"])
def test_nothing_later_is_seen(moved, coordinator, tab):
    page = text_of(coordinator.get(page_of(moved, tab)))
    assert "You see this record as former LEA: what was true through 10/30/2026" in page
    for words in LATER:
        assert words not in page, words
    # What was true: the plan of November 14, 2025 with its disability.
    assert "290 Specific learning disability" in page


def test_the_clock_that_runs_elsewhere_is_not_shown(moved, coordinator):
    page = text_of(coordinator.get(page_of(moved)))
    assert "days late" not in page
    coordinator.post("/perspective", {"view": "leaving"})
    page = text_of(coordinator.get("/students"))
    assert "left 10/30/2026" in page and "days over" not in page and "Wren Placeholder" not in page


def test_the_next_lea_sees_all_of_it(moved, sign_in):
    page = text_of(sign_in(pages.other_coordinator(moved)).get(page_of(moved)))
    assert "Heron Creek Unified" in page and "320 Autism" in page and "former LEA" not in page


def test_on_the_last_day_nothing_is_hidden_yet(moved, sign_in):
    with time_machine.travel(datetime(2026, 10, 30, 23, 30).astimezone(w.NOON.tzinfo), tick=False):
        page = text_of(sign_in(moved.coordinator).get(page_of(moved)))
    assert "former LEA" not in page


def test_a_plan_of_ours_that_is_still_in_force_does_not_keep_the_record_open(moved, sign_in):
    """On November 5 the next LEA has enrolled the student, and has adopted no plan yet."""
    with time_machine.travel(datetime(2026, 11, 5, 12, 0).astimezone(w.NOON.tzinfo), tick=False):
        page = text_of(sign_in(moved.coordinator).get(page_of(moved)))
    assert "as former LEA: what was true through 10/30/2026" in page and "Heron Creek" not in page


def test_once_the_amendment_window_has_closed_the_record_is_gone(moved, coordinator):
    """That of 2025-2026 closed on July 31, 2026, months ago."""
    pages.leaves(moved.students["alder"], date(2026, 7, 1))
    assert coordinator.get(page_of(moved)).status_code == 200
    pages.leaves(moved.students["alder"], date(2026, 6, 30))
    assert coordinator.get(page_of(moved)).status_code == 404


def test_accountability_by_a_plan_of_the_next_lea_brings_the_record_back_whole(moved, coordinator):
    """The next LEA names the former one as DSEA: that is a present tie."""
    student = moved.students["alder"]
    plan = Plan.objects.as_of(effective=w.TODAY).get(student=student)
    values = {name: getattr(plan, name) for name in Plan.content} | {"dsea_code": w.LEA}
    slot = {"student_id": student.pk}
    state_one("plan", slot=slot, values=values, effective_from=date(2026, 11, 9), by_id=None, cause="test")
    page = text_of(coordinator.get(page_of(moved)))
    assert "former LEA" not in page and "320 Autism" in page


def test_the_perspective_of_a_former_lea_lists_those_who_left_and_corrects(moved, sign_in):
    grant = grant_perspective(
        user=moved.case_manager,
        perspective_key="former_lea",
        agency=moved.coordinator_grant.agency,
        starts_on=date(2026, 7, 1),
        by=None,
        reason="test",
    )
    client = sign_in(moved.case_manager, grant)
    page = text_of(client.get("/students"))
    assert "Alder" in page and "Towhee" not in page
    assert client.get("/state").status_code == 200
    assert client.get(page_of(moved)).status_code == 200
    assert client.get(f"/students/{moved.students['towhee'].public_id}").status_code == 404


def test_meetings_are_held_where_the_student_is_now(moved, coordinator):
    page = text_of(coordinator.get(page_of(moved)))
    assert "The student left this district on 10/30/2026." in page
    answer = coordinator.post(
        f"/students/{moved.students['alder'].public_id}/meetings", {"event": "annual"}, follow=True
    )
    assert "The student left this district on 10/30/2026." in text_of(answer)
    assert not Meeting.objects.filter(student=moved.students["alder"], state="open").exists()


def test_the_history_ends_with_the_last_day_too(moved, coordinator, sign_in):
    """What the people of the next LEA did and looked at is not told; what the own did is."""
    other = sign_in(pages.other_coordinator(moved))
    assert other.get(page_of(moved)).status_code == 200
    coordinator.get(page_of(moved))
    page = text_of(coordinator.get(page_of(moved, "history")))
    assert "Juniper Mockup" in page and "Fern Sample" not in page
    assert "Fern Sample" in text_of(other.get(page_of(moved, "history")))
