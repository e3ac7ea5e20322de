"""Accounts: known elsewhere, closed, opened again, asked for by another district; and duties with names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.duty_actions import assign_duty
from manzanita.accounts.duty_queries import duties_at
from manzanita.accounts.granting import Refused, Wish
from manzanita.accounts.models import AccountClosure, Grant, OtherEmail, TransferRequest, User
from manzanita.accounts.people_queries import (
    Wanted,
    account_with,
    known_accounts,
    list_people,
    namesakes_of,
    people_within,
)
from manzanita.accounts.person_actions import (
    add_with_grant,
    close_account,
    close_dormant_accounts,
    grant_to_known,
    reopen_account,
)
from manzanita.accounts.queries import grants_in_force
from manzanita.accounts.transfer_actions import request_transfer
from manzanita.auditing.models import ChangeEvent
from manzanita.orgs.models import Agency
from manzanita.platform.daily import enqueue_daily_jobs
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from manzanita.procedures.assigning import Term, apply_assignments
from manzanita.procedures.assigning import Wanted as WantedStudent
from manzanita.procedures.transferring import accept_transfer, decline_transfer, withdraw_transfer
from tests.support import five
from tests.support import staff as s
from tests.support import world as w


@pytest.fixture
def staff(small_world) -> s.Staff:
    return s.add_people()


def wish(user: User | None, agency: str = w.LEA, **changes) -> Wish:
    given = {
        "user_id": user.pk if user else None,
        "perspective_key": "case_manager",
        "agency": Agency.objects.get(code=agency),
        "starts_on": w.TODAY,
        "reason": "Hired",
    }
    return Wish(**{**given, **changes})


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


# Adding


def test_adding_twice_is_adding_once(small_world, staff):
    actor = small_world.coordinator_actor
    for _ in range(2):
        add_with_grant(
            actor=actor,
            email="Moss@Example.org ",
            name="Moss  Sample",
            wish=wish(None),
            is_another_person=False,
        )
    moss = User.objects.get(email="moss@example.org")
    assert moss.name == "Moss Sample" and not moss.has_usable_password()
    assert Grant.objects.filter(user=moss).count() == 1


@pytest.mark.parametrize("name", ["Wren Placeholder", "placeholder, WREN", "Wrén B. Placeholder"])
def test_a_namesake_is_found_whatever_order_accents_and_initials(small_world, name):
    assert namesakes_of(name) == [small_world.case_manager]
    with pytest.raises(Refused) as refused:
        add_with_grant(
            actor=small_world.coordinator_actor,
            email="another@example.org",
            name=name,
            wish=wish(None),
            is_another_person=False,
        )
    assert codes(refused) == ["namesake"]
    assert not User.objects.filter(email="another@example.org").exists()


def test_an_account_elsewhere_is_told_with_its_work_and_no_students(small_world, staff):
    (account,) = known_accounts(s.actor(staff.neighbor), [small_world.case_manager])
    assert (account.name, account.works_at) == (
        "Wren Placeholder",
        [("Chaparral Unified", "Case manager")],
    )
    assert not account.is_managed
    with pytest.raises(Refused) as refused:
        add_with_grant(
            actor=s.actor(staff.neighbor),
            email="wren.placeholder@example.org",
            name="Wren Placeholder",
            wish=wish(None, w.OTHER_LEA),
            is_another_person=True,
        )
    assert codes(refused) == ["account-exists"]


def test_a_shared_membership_keeps_both_addresses_and_both_districts(small_world, staff):
    wren = small_world.case_manager
    grant_to_known(
        actor=s.actor(staff.neighbor),
        user=wren,
        wish=wish(wren, w.OTHER_LEA),
        known_as="wren@heron.example.org",
    )

    assert [one.agency.code for one in grants_in_force(wren, w.TODAY)] == [w.LEA, w.OTHER_LEA]
    assert account_with("WREN@heron.example.org") == wren
    assert OtherEmail.objects.get().user == wren
    wren.refresh_from_db()
    assert wren.email == "wren.placeholder@example.org"
    # Each district sees what it gave.
    (row,) = list_people(s.actor(staff.neighbor), Wanted(text="wren")).rows
    assert [one.agency.code for one in row.grants] == [w.OTHER_LEA]


# Scope


def test_a_coordinator_sees_the_people_of_the_district_and_a_selpa_those_of_its_members(small_world, staff):
    names = {one.name for one in people_within(small_world.coordinator_actor)}
    assert names == {"Juniper Mockup", "Wren Placeholder", "Larkspur Sample"}
    names |= {"Fern Sample", "Manzanita Specimen", "Plover Pretend"}
    assert {one.name for one in people_within(s.actor(staff.selpa))} == names


# Closing


def test_a_closed_account_has_no_grant_and_opening_gives_none_back(small_world, staff):
    actor, wren = small_world.coordinator_actor, small_world.case_manager
    for _ in range(2):
        close_account(actor=actor, user=wren, reason="Left")
    wren.refresh_from_db()
    assert not wren.is_active and grants_in_force(wren, w.TODAY) == []
    assert AccountClosure.objects.count() == 1

    for _ in range(2):
        reopen_account(actor=actor, user=wren, reason="Is back")
    wren.refresh_from_db()
    assert wren.is_active and grants_in_force(wren, w.TODAY) == []
    assert ChangeEvent.objects.filter(action="reopen_account").count() == 1


def test_neither_oneself_nor_the_last_coordinator_is_closed(small_world, staff):
    with pytest.raises(Refused) as refused:
        close_account(actor=small_world.coordinator_actor, user=small_world.coordinator, reason="Enough")
    assert codes(refused) == ["not-ones-own", "the-last-one"]
    with pytest.raises(Refused) as refused:
        close_account(actor=s.actor(staff.selpa), user=small_world.coordinator, reason="Left")
    assert codes(refused) == ["the-last-one"]


def test_a_year_without_a_sign_in_closes_what_thirty_days_before_was_warned_of(small_world, staff, noon):
    """Wren's account is of today; the teacher signed in 336 days ago, the coordinators are the last of theirs."""
    User.objects.update(added_on=date(2024, 7, 1))
    Grant.objects.update(starts_on=date(2024, 7, 1))
    User.objects.filter(pk=small_world.case_manager.pk).update(last_login=datetime(2026, 11, 20, tzinfo=UTC))
    User.objects.filter(pk=staff.teacher.pk).update(last_login=datetime(2025, 12, 22, 20, tzinfo=UTC))
    actor = small_world.coordinator_actor

    rows = {one.person.name: one.closes_on for one in list_people(actor, Wanted()).rows}
    assert rows["Larkspur Sample"] == date(2026, 12, 22)
    assert rows["Wren Placeholder"] is None
    dormant = [one.person.name for one in list_people(actor, Wanted(state="dormant")).rows]
    assert dormant == ["Juniper Mockup", "Larkspur Sample"]
    # Long without a sign-in and no last coordinator: the therapist of the NPA. The others are needed.
    assert close_dormant_accounts() == 1
    assert User.objects.get(is_active=False) == staff.therapist

    noon.shift(timedelta(days=29))
    assert close_dormant_accounts() == 1
    assert close_dormant_accounts() == 0
    staff.teacher.refresh_from_db()
    assert not staff.teacher.is_active
    reopen_account(actor=actor, user=staff.teacher, reason="Was ill")
    assert len(grants_in_force(staff.teacher, date(2026, 12, 22))) == 1
    assert close_dormant_accounts() == 0


def test_the_daily_job_is_enqueued_once_a_day(small_world, staff, noon):
    assert enqueue_daily_jobs() >= 1
    assert enqueue_daily_jobs() == 0
    run_jobs_now(raises_errors=True)
    job = Job.objects.get(kind="accounts.close-dormant")
    assert (job.args, job.result) == ({"day": "2026-11-23"}, {"left": 0, "dormant": 0})
    noon.shift(timedelta(days=1))
    assert enqueue_daily_jobs() >= 1


# Transfers


def asked_for(small_world, staff, **changes) -> TransferRequest:
    wren, neighbor = small_world.case_manager, s.actor(staff.neighbor)
    return request_transfer(
        actor=neighbor,
        user=wren,
        from_agency=Agency.objects.get(code=w.LEA),
        wish=wish(wren, w.OTHER_LEA, **changes),
    )


def test_a_student_who_is_planned_for_july_is_left_too(small_world, staff):
    five.stated(
        "assignment",
        {"student_id": small_world.students["yarrow"].pk},
        {"user_id": staff.teacher.pk},
        date(2027, 7, 1),
    )
    request = request_transfer(
        actor=s.actor(staff.neighbor),
        user=staff.teacher,
        from_agency=Agency.objects.get(code=w.LEA),
        wish=wish(staff.teacher, w.OTHER_LEA, starts_on=date(2027, 1, 4)),
    )
    with pytest.raises(Refused) as refused:
        accept_transfer(actor=small_world.coordinator_actor, request=request)
    assert codes(refused) == ["students-left"]


def test_a_person_is_let_go_when_no_student_is_left(small_world, staff):
    request = asked_for(small_world, staff, starts_on=date(2027, 1, 4))
    assert asked_for(small_world, staff, starts_on=date(2027, 1, 4)) == request
    actor, wren = small_world.coordinator_actor, small_world.case_manager
    with pytest.raises(Refused) as refused:
        accept_transfer(actor=actor, request=request)
    assert codes(refused) == ["students-left"]
    assert "2 of your students" in refused.value.reasons[0].text
    apply_assignments(
        actor=actor,
        wanted=[
            WantedStudent(str(small_world.students[name].public_id), "assignment", staff.teacher.pk, wren.pk)
            for name in ("alder", "towhee")
        ],
        term=Term(date(2027, 1, 4)),
        title="Test",
    )

    for _ in range(2):
        accept_transfer(actor=actor, request=request, answer="Good luck")

    days = [date(2027, 1, 3), date(2027, 1, 4)]
    assert [[one.agency.code for one in grants_in_force(wren, day)] for day in days] == [
        [w.LEA],
        [w.OTHER_LEA],
    ]
    request.refresh_from_db()
    assert (request.state, request.answer) == ("accepted", "Good luck")


def test_only_who_is_asked_answers_and_only_who_asked_withdraws(small_world, staff):
    request = asked_for(small_world, staff)
    neighbor, actor = s.actor(staff.neighbor), small_world.coordinator_actor
    with pytest.raises(Refused) as refused:
        accept_transfer(actor=neighbor, request=request)
    assert codes(refused) == ["not-yours-to-answer"]
    with pytest.raises(Refused) as refused:
        withdraw_transfer(actor=actor, request=request)
    assert codes(refused) == ["not-yours"]
    with pytest.raises(Refused) as refused:
        decline_transfer(actor=actor, request=request, answer=" ")
    assert codes(refused) == ["no-reason"]

    decline_transfer(actor=actor, request=request, answer="Needed here")
    with pytest.raises(Refused) as refused:
        withdraw_transfer(actor=neighbor, request=request)
    assert codes(refused) == ["answered-already"]
    assert len(grants_in_force(small_world.case_manager, w.TODAY)) == 1


def test_who_does_not_work_there_is_not_asked_for(small_world, staff):
    with pytest.raises(Refused) as refused:
        request_transfer(
            actor=small_world.coordinator_actor,
            user=staff.selpa,
            from_agency=Agency.objects.get(code=w.OTHER_LEA),
            wish=wish(staff.selpa),
        )
    assert codes(refused) == ["not-there"]


# Duties


def test_a_duty_needs_somebody_who_can_do_it(small_world, staff):
    actor = small_world.coordinator_actor
    assert [row.gap for row in duties_at(w.LEA)] == ["Nobody has this duty."] * 4
    with pytest.raises(Refused) as refused:
        assign_duty(actor=actor, kind="send", holder=staff.teacher, backup=None)
    assert codes(refused) == ["duty-without-right"]
    with pytest.raises(Refused) as refused:
        assign_duty(actor=actor, kind="send", holder=small_world.coordinator, backup=small_world.coordinator)
    assert codes(refused) == ["backup-without-right"]

    first = assign_duty(actor=actor, kind="send", holder=small_world.coordinator, backup=None)
    assert assign_duty(actor=actor, kind="send", holder=small_world.coordinator, backup=None) == first
    assert next(row.gap for row in duties_at(w.LEA)) == ""


def test_a_duty_whose_holder_has_gone_is_a_gap_unless_somebody_stands_in(small_world, staff):
    sorrel = add_person(email="sorrel.sample@example.org", name="Sorrel Sample", password=None)
    grant = grant_perspective(
        user=sorrel,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=s.SINCE,
        by=None,
        reason="test",
    )
    actor = small_world.coordinator_actor
    assign_duty(actor=actor, kind="send", holder=sorrel, backup=small_world.coordinator)
    assign_duty(actor=actor, kind="fix", holder=sorrel, backup=None)
    grant.ends_on = w.TODAY - timedelta(days=1)
    grant.save()

    gaps = {row.kind: row.gap for row in duties_at(w.LEA)}
    assert gaps["send"] == "Sorrel Sample can no longer do it here; Juniper Mockup stands in."
    assert gaps["fix"] == "Sorrel Sample can no longer do it here, and nobody stands in."
