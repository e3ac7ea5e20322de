"""Students to settle: who stands in the list, by kind and owner, and that home, list and status card say the same."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.domain.revocation import Letter
from manzanita.domain.statuses import KINDS, Kind, Unsettled
from manzanita.leaving.actions import report_participation
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.meetings.models import Meeting
from manzanita.platform.facts import Statement
from manzanita.procedures import standing
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.procedures.leaving_job import carry_out_planned
from manzanita.procedures.settling import records_to_settle
from manzanita.students.actions import state_student_facts
from manzanita.transfers.actions import ask
from manzanita.web import student_reads
from tests.support import arrivals as hand
from tests.support import pages, staff
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.pages import other_coordinator, text_of

ADDRESS = "/students/settle"
LETTER = Letter(date(2026, 11, 20), "Maple Testcase")


@pytest.fixture
def crowd(small_world):
    """One of each kind that the facts can say; by name, kind and first day, written by hand."""
    cast = add_cast(["grebe", "bunting", "dunlin", "gadwall", "pipit"])
    world, students = small_world, small_world.students | cast
    pages.leaves(students["bunting"], date(2026, 11, 13))
    actor = world.coordinator_actor
    record_leaving(
        actor=actor,
        student=students["dunlin"],
        asked=LeavingAsked("dropped_out", date(2026, 10, 5), "Told by the school."),
    )
    _back(students["dunlin"], date(2026, 10, 5), date(2026, 11, 16))
    _open_initial(students["yarrow"], world)
    _stop(students["gadwall"])
    _open_initial(students["gadwall"], world)
    report_participation(
        actor=world.case_manager_actor,
        student=students["towhee"],
        reason_key="unknown_continuing",
        last_on=None,
        note="Gone since Monday.",
    )
    return students


EXPECTED = {
    ("grebe", Kind.ARRIVING, date(2026, 11, 2)),
    ("bunting", Kind.LEAVING, date(2026, 11, 14)),
    ("dunlin", Kind.RETURNING, date(2026, 11, 16)),
    ("yarrow", Kind.REFERRAL, w.TODAY),
    ("gadwall", Kind.FOLLOW_UP, w.TODAY),
    ("towhee", Kind.LEAVING, w.TODAY),
}


def _back(student, last: date, again: date) -> None:
    pages.leaves(student, last)
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": again}
    state_student_facts(
        "enrollment", [Statement(slot, pages.enrollment("L9"), again)], by_id=None, cause="test"
    )


def _stop(student) -> None:
    slot = {"student_id": student.pk}
    state_student_facts(
        "status", [Statement(slot, pages.status("2"), date(2026, 11, 2))], by_id=None, cause="test"
    )


def _open_initial(student, world) -> None:
    Meeting.objects.create(
        student=student,
        lea_code=w.LEA,
        event_key="b_initial",
        evaluation_type_code="10",
        consent_on=date(2026, 11, 9),
        opened_at=w.NOON,
        opened_by_id=world.coordinator.pk,
    )


def found_by(actor: Actor, students) -> set[tuple[str, Kind, date]]:
    names = {student.pk: name for name, student in students.items()}
    return {(names[one.student_id], one.item.kind, one.item.since) for one in records_to_settle(actor)}


def test_each_kind_is_found_and_nobody_else(small_world, crowd):
    assert found_by(small_world.coordinator_actor, crowd) == EXPECTED


def test_the_list_home_and_the_cards_say_the_same(small_world, crowd, sign_in):
    client = sign_in(small_world.coordinator)
    page = text_of(client.get(ADDRESS))
    assert "6 students, the oldest first" in page
    home = text_of(client.get("/"))
    for name, kind, _ in EXPECTED:
        assert f"Testcase, {name.capitalize()}" in page
        card = text_of(client.get(f"/students/{crowd[name].public_id}"))
        label = KINDS[kind].label
        assert f"To settle: {label[0].lower()}{label[1:]}" in card, name
    for words in (
        "To settle: leaving",
        "To settle: arriving",
        "To settle: returning",
        "To settle: referral",
        "To settle: follow-up while not participating",
    ):
        assert words in home
    one = text_of(client.get(f"{ADDRESS}?kind=arriving"))
    assert "Testcase, Grebe" in one and "Testcase, Bunting" not in one
    assert "EC 56325" in one
    team = text_of(client.get(f"{ADDRESS}?owner=IEP+team"))
    assert "Testcase, Yarrow" in team and "Testcase, Grebe" not in team
    assert "Nobody in this list" in text_of(client.get(f"{ADDRESS}?kind=held"))
    for odd in ("kind=other", "page=0", "page=x", "page=99999"):
        assert client.get(f"{ADDRESS}?{odd}").status_code == 404
    assert client.get(f"{ADDRESS}?page=9").status_code == 302


def test_only_those_within_reach(small_world, crowd, sign_in):
    page = text_of(sign_in(small_world.case_manager).get(ADDRESS))
    assert "Testcase, Towhee" in page and "Testcase, Grebe" not in page
    page = text_of(sign_in(other_coordinator(small_world)).get(ADDRESS))
    # Grebe left them without a word; of ours they see nobody.
    assert "Testcase, Grebe" in page and "1 student," in page


def test_a_selpa_sees_each_once_at_its_district_and_is_led_to_no_page_that_is_not_its_own(
    small_world, sign_in
):
    people = staff.add_people()
    avocet, eider = hand.add([hand.row("Avocet"), hand.row("Eider")]).values()
    look_at(w.LEA, [avocet.pk, eider.pk], found_by="test")
    ask(
        student_id=eider.pk,
        receiving_code=w.OTHER_LEA,
        sending_code=w.LEA,
        enroll_on=w.TODAY,
        asked_by_id=people.neighbor.pk,
    )

    found = [
        (one.student_id, one.lea_code, one.item.kind) for one in records_to_settle(staff.actor(people.selpa))
    ]

    assert sorted(found) == [
        (avocet.pk, w.LEA, Kind.ARRIVING),
        # Both left the other district without a word of it; for Eider it asks again.
        (avocet.pk, w.OTHER_LEA, Kind.LEAVING),
        (eider.pk, w.LEA, Kind.LEAVING),
        (eider.pk, w.OTHER_LEA, Kind.LEAVING),
    ]
    client = sign_in(people.selpa)
    main = client.get(ADDRESS).content.decode().split("<main")[1]
    links = re.findall(r'<a class="go[^"]*" href="([^"]+)"', main)
    assert len(links) == 4 and [one for one in links if client.get(one).status_code != 200] == []


def test_other_apps_feed_the_list_and_take_the_place_of_the_facts(small_world, crowd, sign_in, monkeypatch):
    grebe, alder = crowd["grebe"], crowd["alder"]
    told = [
        (
            grebe.pk,
            w.LEA,
            Unsettled(Kind.ARRIVING, date(2026, 11, 1), Owner.COORDINATOR, "Four questions", "/due"),
        ),
        (alder.pk, w.LEA, Unsettled(Kind.HELD, date(2026, 5, 20), Owner.COORDINATOR)),
    ]
    nobody = Arrival.objects.none()
    monkeypatch.setattr(standing, "SOURCES", [lambda actor, ids: standing.Asked(nobody, lambda rows: told)])
    # The student's page keeps what it asks of them.
    monkeypatch.setattr(student_reads, "_kept", student_reads._kept.__wrapped__)
    found = found_by(small_world.coordinator_actor, crowd)
    assert ("grebe", Kind.ARRIVING, date(2026, 11, 1)) in found
    assert ("alder", Kind.HELD, date(2026, 5, 20)) in found
    client = sign_in(small_world.coordinator)
    assert 'href="/due"' in client.get(f"{ADDRESS}?kind=arriving").content.decode()
    assert "To settle: held from rollover" in text_of(client.get(f"/students/{alder.public_id}"))


def test_what_the_nightly_job_could_not_do_stands_in_the_list(small_world, sign_in):
    alder = small_world.students["alder"]
    asked = LeavingAsked("revoked_consent", w.TODAY + timedelta(days=1), "The letter came.", letter=LETTER)
    record_leaving(actor=small_world.coordinator_actor, student=alder, asked=asked)
    Leaving.objects.update(leaves_on=w.TODAY)
    assert carry_out_planned() == {"done": 0, "stayed": 1}
    page = text_of(sign_in(small_world.coordinator).get(ADDRESS))
    assert "Planned for 11/23/2026 and not carried out: Prior written notice is due" in page


def test_it_costs_the_same_for_few_and_many(small_world, sign_in, django_assert_max_num_queries):
    add_cast(["grebe"])
    client = sign_in(small_world.coordinator)
    client.get(ADDRESS)
    with django_assert_max_num_queries(SETTLE_QUERIES):
        client.get(ADDRESS)
    add_cast(["knot"])
    with django_assert_max_num_queries(SETTLE_QUERIES):
        client.get(ADDRESS)


# session, user, grants, no block; who may be meant, within reach; what is known of them; names 5, schools; log 3
SETTLE_QUERIES = 18


def test_whoever_has_settled_a_leaving_goes_on_with_the_next_or_back_to_the_list(small_world, crowd, sign_in):
    """Bunting's stands since November 14, Towhee's since today."""
    client = sign_in(small_world.coordinator)
    towhee, bunting = crowd["towhee"], crowd["bunting"]
    there = f"/students/{towhee.public_id}/leaving"
    page = text_of(client.get(there))
    assert f'href="{ADDRESS}?kind=leaving"' in page and "Next: " not in page
    report = ParticipationReport.objects.get(student=towhee)
    asked = LeavingAsked("dropped_out", date(2026, 11, 20), "Told by the school.", report=report)
    record_leaving(actor=small_world.coordinator_actor, student=towhee, asked=asked)
    page = text_of(client.get(there))
    assert f'href="/students/{bunting.public_id}/leaving">Next: Testcase, Bunting<' in page
    # Of the other there is none after it.
    asked = LeavingAsked("dropped_out", date(2026, 11, 13), "Told by the school.")
    record_leaving(actor=small_world.coordinator_actor, student=bunting, asked=asked)
    assert "Next: " not in text_of(client.get(f"/students/{bunting.public_id}/leaving"))


def test_an_answer_leads_to_the_next_too(small_world, crowd, sign_in):
    client = sign_in(small_world.coordinator)
    report = ParticipationReport.objects.get(student=crowd["towhee"])
    answered = client.post(f"/participation/{report.public_id}/answer", {"answer": "Is back since Tuesday."})
    assert "Next: Testcase, Bunting" in text_of(client.get(answered.url))
