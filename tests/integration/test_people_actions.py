"""Recording contacts and rights: two axes, no overwriting, nothing twice, and refusals that leave nothing behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from manzanita.auditing.models import ChangeEvent, ReadEvent
from manzanita.platform import clock
from manzanita.students.models import Contact, RightsHolder
from manzanita.students.people import contact_cards
from manzanita.students.people_actions import (
    ContactValues,
    NotRecorded,
    RightsValues,
    end_contact,
    end_rights,
    newest_version,
    record_contact,
    record_rights,
    reveal_contact,
)
from manzanita.students.queries import facts_of
from tests.support import world as w

ORDER = RightsValues("court_limited", "court_order", "JV-535 of May", date(2026, 5, 4))
FATHER = ContactValues("Alder Senior Testcase", "Father", "English", phone="555-0101")


@pytest.fixture
def office(small_world: w.World):
    """``office(act, **given)``: the coordinator does it for Alder, having seen what stands."""
    actor, student = small_world.coordinator_actor, small_world.students["alder"]

    def done(act, number: int = 1, seen: int | None = None, **given) -> None:
        model = Contact if act in (record_contact, end_contact) else RightsHolder
        seen = newest_version(model, student, number) if seen is None else seen
        act(actor=actor, student=student, contact_no=number, seen=seen, **given)

    return done


def codes(refused: pytest.ExceptionInfo[NotRecorded]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def deciders(world: w.World, day: date, known=None) -> list[str]:
    facts = facts_of(world.students["alder"], known=known)
    return [holder.name for holder in facts.rights_on(day).decides]


def test_a_limit_takes_the_place_of_a_right_and_the_past_is_kept(small_world, office, noon):
    before = clock.now()
    noon.shift(timedelta(hours=1))
    office(record_contact, 2, values=FATHER, on=date(2026, 1, 10))
    office(record_rights, 2, values=RightsValues("parent"), starts_on=date(2026, 1, 10), ends_on=None)
    office(record_rights, 1, values=ORDER, starts_on=date(2026, 5, 4), ends_on=None)

    assert deciders(small_world, date(2025, 8, 1)) == ["Maple Testcase"]
    assert deciders(small_world, date(2026, 5, 3)) == ["Maple Testcase", "Alder Senior Testcase"]
    assert deciders(small_world, date(2026, 5, 4)) == ["Alder Senior Testcase"]
    # What was known before the order was recorded.
    assert deciders(small_world, date(2026, 5, 4), known=before) == ["Maple Testcase"]
    logged = ChangeEvent.objects.filter(student_id=small_world.students["alder"].pk).order_by("pk")
    assert list(logged.values_list("action", flat=True)) == [
        "add_contact",
        "record_rights",
        "record_rights",
    ]


def test_the_same_form_sent_twice_records_once(small_world, office):
    for _ in range(2):
        office(record_contact, 2, seen=0, values=FATHER, on=date(2026, 1, 10))
        office(
            record_rights, 2, seen=0, values=RightsValues("parent"), starts_on=date(2026, 1, 10), ends_on=None
        )
    assert Contact.objects.filter(contact_no=2).count() == 1
    assert RightsHolder.objects.filter(contact_no=2).count() == 1

    standing = newest_version(RightsHolder, small_world.students["alder"], 2)
    for _ in range(2):
        office(end_rights, 2, seen=standing, last_on=date(2026, 6, 30))
    assert RightsHolder.objects.filter(contact_no=2).count() == 2
    assert deciders(small_world, date(2026, 7, 1)) == ["Maple Testcase"]


def test_what_somebody_else_recorded_meanwhile_is_not_overwritten(small_world, office):
    office(record_contact, 2, seen=0, values=FATHER, on=date(2026, 1, 10))
    with pytest.raises(NotRecorded) as refused:
        office(record_contact, 2, seen=0, values=replace(FATHER, name="Aunt Testcase"), on=date(2026, 1, 10))
    assert codes(refused) == ["changed-since"]
    with pytest.raises(NotRecorded) as refused:
        office(record_rights, 1, seen=0, values=ORDER, starts_on=date(2026, 5, 4), ends_on=None)
    assert codes(refused) == ["changed-since"]
    assert Contact.objects.believed().get(contact_no=2).name == "Alder Senior Testcase"
    assert RightsHolder.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "starts_on", "code"),
    [
        (RightsValues("surrogate"), date(2026, 5, 4), "evidence-needed"),
        (RightsValues("foster_parent", "court_order"), date(2026, 5, 4), "foster-and-parent"),
        (RightsValues("surrogate", "surrogate_appointment"), date(2026, 5, 4), "surrogate-and-parent"),
        (RightsValues("parent", is_sole=True), date(2026, 5, 4), "sole-needs-order"),
        (RightsValues("conservator", "conservatorship_letters"), date(2034, 4, 8), "too-young"),
        (RightsValues("unstated"), date(2026, 5, 4), "no-kind"),
        (RightsValues("parent"), date(2026, 1, 9), "no-contact"),
        (RightsValues("parent", evidence_reference="x" * 121), date(2026, 5, 4), "too-long"),
    ],
)
def test_a_refused_right_says_why_and_leaves_nothing(small_world, office, values, starts_on, code):
    office(record_contact, 2, values=FATHER, on=date(2026, 1, 10))
    before = list(RightsHolder.objects.values())
    with pytest.raises(NotRecorded) as refused:
        office(record_rights, 2, values=values, starts_on=starts_on, ends_on=None)
    assert codes(refused) == [code]
    assert all(reason.way_out for reason in refused.value.reasons)
    assert list(RightsHolder.objects.values()) == before
    assert not ChangeEvent.objects.filter(action="record_rights").exists()


def test_a_conservator_may_be_recorded_from_the_18th_birthday_on(small_world, office):
    office(record_contact, 2, values=replace(FATHER, relation="Conservator"), on=date(2026, 1, 10))
    letters = RightsValues("conservator", "conservatorship_letters")
    office(record_rights, 2, values=letters, starts_on=date(2034, 4, 9), ends_on=None)
    assert deciders(small_world, date(2034, 4, 8)) == ["Maple Testcase"]
    assert deciders(small_world, date(2034, 4, 9)) == ["Alder Senior Testcase"]


def test_ending_a_contact_ends_the_right_with_it(small_world, office):
    office(end_contact, 1, last_on=date(2026, 9, 30))
    assert deciders(small_world, date(2026, 9, 30)) == ["Maple Testcase"]
    rights = facts_of(small_world.students["alder"]).rights_on(date(2026, 10, 1))
    assert [reason.code for reason in rights.problems] == ["nobody-holds"]
    with pytest.raises(NotRecorded) as refused:
        office(end_contact, 1, last_on=date(2025, 7, 31))
    assert codes(refused) == ["ends-before-start"]


def test_a_right_recorded_by_mistake_never_counted_and_stays_in_the_history(small_world, office):
    office(end_rights, 1, last_on=None)
    assert deciders(small_world, w.TODAY) == []
    assert RightsHolder.objects.count() == 1 and not RightsHolder.objects.believed().exists()


def test_a_change_keeps_the_last_day_that_was_known(small_world, office):
    office(end_contact, 1, last_on=date(2027, 6, 30))
    office(record_contact, 1, values=ContactValues("Maple Oak Testcase", "Mother"), on=date(2026, 9, 1))
    rows = Contact.objects.believed().order_by("effective_from")
    assert [(row.name, row.effective_from, row.effective_to) for row in rows] == [
        ("Maple Testcase", date(2025, 8, 1), date(2026, 8, 31)),
        ("Maple Oak Testcase", date(2026, 9, 1), date(2027, 6, 30)),
    ]


def test_who_may_not_keep_contacts_changes_nothing_and_sees_no_confidential_address(small_world, office):
    secret = ContactValues(
        "Maple Testcase", "Mother", phone="555-0177", street="1 Hidden Lane", confidential_code="safe_at_home"
    )
    office(record_contact, 1, values=secret, on=date(2026, 9, 1))
    student, manager = small_world.students["alder"], small_world.case_manager_actor
    viewing = replace(small_world.coordinator_actor, acting_for_id=99)
    for actor in (manager, viewing):
        with pytest.raises(NotRecorded):
            reveal_contact(actor=actor, student=student, contact_no=1)
        # Whatever number it claims was revealed.
        (card,) = contact_cards(actor, student, w.TODAY, revealed_no=1)
        assert (card.phone, card.email, card.lines, card.may_reveal) == ("", "", (), False)
        assert card.hidden is not None and card.hidden.source == "Government Code 6205 to 6210"
        with pytest.raises(NotRecorded) as refused:
            record_contact(actor=actor, student=student, contact_no=1, values=FATHER, on=w.TODAY, seen=0)
        assert codes(refused) == ["no-capability"]
    assert not ReadEvent.objects.exists()

    (card,) = contact_cards(small_world.coordinator_actor, student, w.TODAY)
    assert (card.phone, card.lines, card.may_reveal) == ("", (), True)
    row = reveal_contact(actor=small_world.coordinator_actor, student=student, contact_no=1)
    assert row.street == "1 Hidden Lane"
    assert [(event.what, event.student_ids) for event in ReadEvent.objects.all()] == [
        ("contact.confidential", [student.pk])
    ]


BEFORE = [("students", "0007_rights_holders")]


@pytest.mark.django_db(transaction=True)
def test_the_mark_of_a_contact_becomes_a_dated_right():
    executor = MigrationExecutor(connection)
    # Of every app: whatever rests on students is gone with them.
    latest = executor.loader.graph.leaf_nodes()
    executor.migrate(BEFORE)
    try:
        apps = executor.loader.project_state(BEFORE).apps
        student = apps.get_model("students", "Student")(first_name="Reed", last_name="Testcase", name_key="")
        student.save()
        contact = apps.get_model("students", "Contact")
        shared = {"student_id": student.pk, "cause": "people-file", "recorded_at": w.NOON}
        for number, relation, marked, more in (
            (1, "Mother", True, {"effective_to": date(2026, 6, 30)}),
            (2, "Grandmother", True, {"superseded_at": w.NOON}),
            (3, "Neighbor", True, {}),
            (4, "Self", True, {}),
            (5, "Father", False, {}),
        ):
            contact._base_manager.create(
                contact_no=number, name="N", relation=relation, is_rights_holder=marked,
                effective_from=date(2025, 7, 1), **shared, **more,
            )  # fmt: skip
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(latest)
    rows = RightsHolder.objects.order_by("contact_no")
    told = [
        (
            r.contact_no,
            r.kind_code,
            r.effective_from,
            r.effective_to,
            r.superseded_at is None,
            r.evidence_code,
            r.cause,
        )
        for r in rows
    ]
    start, cause = date(2025, 7, 1), "taken-over:people-file"
    assert told == [
        (1, "parent", start, date(2026, 6, 30), True, "", cause),
        (2, "caregiver", start, None, False, "", cause),
        (3, "unstated", start, None, True, "", cause),
    ]
