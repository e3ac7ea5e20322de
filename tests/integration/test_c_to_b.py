"""A child with an IFSP goes over to an IEP: opened, held, agreed or not, final, and what the state is told. Today is
November 23, 2026, and the child turns three on February 2, 2027; the IFSP is this district's, or another LEA's."""

from __future__ import annotations

import re
from datetime import date

import pytest

from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.scenarios import EVENTS
from manzanita.exchange.models import Operation
from manzanita.meetings.actions import cancel_meeting
from manzanita.meetings.queries import proposal_of, reasons_not_to_open
from manzanita.platform.facts import Statement
from manzanita.students.actions import Identity, register_students, state_student_facts
from manzanita.students.models import Student
from manzanita.students.queries import facts_of
from tests.integration.test_outcomes import DECIDED, PRESCHOOL, Case, at_three, play, short
from tests.support import pages
from tests.support import world as w
from tests.support.special import state

pytestmark = pytest.mark.django_db

BORN, THREE, LAST = date(2024, 2, 2), date(2027, 2, 2), date(2027, 2, 1)
IFSP_ON = date(2026, 4, 3)


def child(lea: str) -> Student:
    """Status 1 and an IFSP with two services, both of ``lea``, in which the child is enrolled."""
    (made,) = register_students([Identity("Plover", "", "Testcase", "", BORN, "F")])
    slot = {"student_id": made.pk}
    school = w.SCHOOL if lea == w.LEA else w.OTHER_SCHOOL
    enrolled = {**pages.enrollment(), "school_code": school, "grade_code": "IN"}
    state("ssid", slot, {"ssid": "9900900001"}, IFSP_ON)
    state("enrollment", {**slot, "lea_code": lea, "started_on": IFSP_ON}, enrolled, IFSP_ON)
    state("status", slot, {**pages.status("1"), "lea_code": lea}, IFSP_ON)
    ifsp = {"plan_type_code": "150", "program_setting_code": "103", "has_c_to_b_plan_code": "N"}
    state("plan", slot, {**pages.plan(), **ifsp, "lea_code": lea, "dsea_code": w.LEA}, IFSP_ON)
    service = {"lea_code": lea, "provider_code": "110", "location_code": "210", "npa_id": ""}
    for number, code in ((1, "240"), (2, "415")):
        more = {"service_code": code, "frequency_code": "20", "duration_minutes": "30"}
        state("service", {**slot, "service_no": number}, service | more, IFSP_ON)
    recompute_stale()
    return made


def from_c(world, lea: str) -> Student:
    made = child(lea)
    if lea != w.LEA:
        # The SIS has said that the child comes to this district after the winter break.
        comes = {**pages.enrollment(), "grade_code": "PS"}
        slot = {"student_id": made.pk, "lea_code": w.LEA, "started_on": date(2027, 1, 11)}
        said = Statement(slot, comes, date(2027, 1, 11))
        state_student_facts("enrollment", [said], by_id=None, cause="test")
    world.students["plover"] = made
    return made


BOTH = pytest.mark.parametrize("lea", [w.LEA, w.OTHER_LEA])
# Services 1 and 2 are the IFSP's: what is added gets a number of its own.
ACCEPTED = at_three(
    "accepts all",
    ["MEET 20261120 10 N 20 -", "PLAN 20270202 1 100", "SERV 20270202 415"],
    agrees="all",
)


@BOTH
def test_the_offer_is_a_first_plan_and_keeps_nothing_of_the_ifsp(small_world, lea):
    student = from_c(small_world, lea)
    meeting = pages.opened_initial(small_world, student, "c_to_b")
    facts = facts_of(student)
    proposal = proposal_of(meeting, facts.plan_on(w.TODAY), facts.services_on(w.TODAY))
    assert [item.key for item in proposal.items] == ["plan"] and not proposal.services
    assert not any(field.current or field.proposed for field in proposal.plan_fields)


@BOTH
def test_the_ifsp_ends_on_the_day_before_the_birthday_and_the_iep_starts_on_it(small_world, lea):
    student = from_c(small_world, lea)
    archive = play(small_world.coordinator_actor, student, ACCEPTED)
    rows = list(archive.records.order_by("id"))
    # Status 1 stands already: it is not told again (SWDS0618).
    assert [short(row.record, row.values) for row in rows] == ACCEPTED.lines
    plan = next(row.values for row in rows if row.record == "PLAN")
    assert (plan["23.04"], plan["23.10"], plan["23.35"], plan["23.20"]) == (w.LEA, w.LEA, "", "201")
    told = Operation.objects.filter(student_id=student.pk)
    assert {row.record_key for row in rows} == {one.record_key for one in told if one.kind == "add"}
    facts = facts_of(student)
    assert [(one.plan_type_code, one.effective_from, one.effective_to) for one in facts.plans] == [
        ("150", IFSP_ON, LAST),
        ("100", THREE, None),
    ]
    assert {one.service_code for one in facts.services_on(LAST)} == {"240", "415"}
    assert [(one.service_code, one.lea_code) for one in facts.services_on(THREE)] == [("415", w.LEA)]
    assert facts.status_on(THREE).status_code == "1"


@BOTH
@pytest.mark.parametrize(
    ("case", "status"),
    [
        (
            at_three("declines services", ["SWDS 20270202 2 11", "MEET 20261120 10 N 20 -"], agrees="none"),
            "2",
        ),
        (
            at_three(
                "not eligible",
                ["SWDS 20270202 4 20", "MEET 20261120 10 N 10 -"],
                conclusion="not_eligible",
            ),
            "4",
        ),
        (
            Case(
                ("C to B", "parent refuses the evaluation"),
                "c_to_b",
                "plover",
                ["SWDS 20270202 4 20"],
                conclusion="refused",
                day=DECIDED,
                offer=PRESCHOOL,
            ),
            "4",
        ),
    ],
    ids=["declines", "not eligible", "refused"],
)
def test_without_an_iep_the_ifsp_still_lasts_until_the_birthday(small_world, lea, case, status):
    student = from_c(small_world, lea)
    archive = play(small_world.coordinator_actor, student, case)
    assert [short(row.record, row.values) for row in archive.records.order_by("id")] == case.lines
    facts = facts_of(student)
    assert facts.status_on(LAST).status_code == "1" and facts.plan_on(LAST).plan_type_code == "150"
    assert facts.status_on(THREE).status_code == status and facts.plan_on(THREE) is None
    assert facts.services_on(LAST) and not facts.services_on(THREE)


def test_it_is_final_also_before_the_sis_has_enrolled_the_child_here(small_world):
    student = child(w.OTHER_LEA)
    small_world.students["plover"] = student
    archive = play(small_world.coordinator_actor, student, ACCEPTED)
    assert [short(row.record, row.values) for row in archive.records.order_by("id")] == ACCEPTED.lines
    assert facts_of(student).plan_on(THREE).lea_code == w.LEA


def clocks(student: Student) -> set[tuple[str, str, date | None]]:
    rows = DueDate.objects.filter(student=student)
    return {(one.clock, one.lea_code, one.due_on) for one in rows if one.clock == "c-to-b-iep"}


def test_the_birthday_runs_for_the_serving_lea_and_for_the_one_that_owes_the_iep(small_world):
    student = child(w.OTHER_LEA)
    # By the DSEA of the IFSP.
    assert clocks(student) == {("c-to-b-iep", w.OTHER_LEA, THREE), ("c-to-b-iep", w.LEA, THREE)}
    for relationship, agency in (("residence", "9919999"), ("next_year", w.OTHER_LEA)):
        said = {"agency_code": agency, "school_code": ""}
        state("agency", {"student_id": student.pk, "relationship": relationship}, said, w.TODAY)
        recompute_stale()
        owes = {("c-to-b-iep", agency, THREE)}
        assert clocks(student) == {("c-to-b-iep", w.OTHER_LEA, THREE)} | owes


def test_the_clock_is_the_evaluation_s_while_it_is_open_and_over_once_it_is_final(small_world):
    student = from_c(small_world, w.OTHER_LEA)
    meeting = pages.opened_initial(small_world, student, "c_to_b")
    recompute_stale()
    # 60 days from September 28, tolled or not, end before the birthday.
    ((_, lea, due_on),) = clocks(student)
    assert lea == w.LEA and due_on < THREE
    assert DueDate.objects.get(student=student, clock="c-to-b-iep").meeting_id == meeting.pk
    cancel_meeting(actor=small_world.coordinator_actor, meeting=meeting, reason="Opened twice.")
    play(small_world.coordinator_actor, student, ACCEPTED)
    recompute_stale()
    assert clocks(student) == set()


def test_whoever_reaches_the_child_may_open_it_and_nobody_another_initial(small_world):
    student = child(w.OTHER_LEA)
    for actor in (small_world.coordinator_actor, small_world.case_manager_actor):
        found = {
            key: [
                one.code
                for one in reasons_not_to_open(
                    actor, EVENTS[key], facts_of(student), None, lea=w.LEA, today=w.TODAY
                )
            ]
            for key in ("c_to_b", "b_initial", "part_c_initial")
        }
        assert found == {"c_to_b": [], "b_initial": ["from-part-c"], "part_c_initial": ["has-ifsp"]}


def test_the_list_leads_into_the_meeting_and_no_link_leads_to_its_own_page(small_world, sign_in):
    student = child(w.OTHER_LEA)
    client = sign_in(small_world.coordinator)
    page = pages.text_of(client.get("/students/groups?group=c-to-b"))
    assert "Turns three on 02/02/2027. Then in Chaparral Unified." in page
    assert "Served by Heron Creek Unified until then." in page
    assert "IEP of a child from Part C: 02/02/2027" in page and "No date runs here" not in page
    here = f"/students/{student.public_id}/meetings/new"
    record = client.get(f"/students/{student.public_id}").content.decode()
    assert re.findall(r'<a class="btn primary" href="([^"]*)"', record) == [here]
    assert "Open c to b" not in record and "Open C to B transition evaluation" in record
    answer = client.get(here)
    assert 'value="c_to_b"' in answer.content.decode() and here not in pages.addresses_in(answer)
    assert "#event-c_to_b" in pages.addresses_in(answer)
    sent = {"event": "c_to_b", "consent_on": "2026-11-02", "referred_on": "2026-10-20", "referred_by": "40"}
    answer = client.post(f"/students/{student.public_id}/meetings", sent, follow=True)
    assert "C to B transition evaluation" in pages.text_of(answer)


def test_once_it_is_final_the_list_says_so_and_opens_no_second_one(small_world, sign_in):
    student = from_c(small_world, w.OTHER_LEA)
    play(small_world.coordinator_actor, student, ACCEPTED)
    answer = sign_in(small_world.coordinator).get("/students/groups?group=c-to-b")
    assert "Evaluated on 11/20/2026; the IEP starts on 02/02/2027." in pages.text_of(answer)
    assert f"/students/{student.public_id}/meetings/new" not in pages.addresses_in(answer)
