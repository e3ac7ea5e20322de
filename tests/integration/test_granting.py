"""Who may give, end, extend, lend and bundle what: every refusal with its rule, and what stands after each act."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.grant_actions import (
    define_role,
    end_grant,
    extend_grant,
    give_grant,
    lend_grant,
    retire_role,
    take_back_grant,
)
from manzanita.accounts.granting import Refused, Wish
from manzanita.accounts.models import Grant, Role, User
from manzanita.accounts.people_queries import people_within
from manzanita.accounts.queries import actor_of, capabilities_of, grants_in_force, standings_of
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.access import Capability
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency, School
from tests.support import staff as s
from tests.support import world as w


@pytest.fixture
def staff(small_world) -> s.Staff:
    return s.add_people()


@pytest.fixture
def coordinator(small_world):
    return small_world.coordinator_actor


@pytest.fixture
def newcomer(small_world) -> User:
    return add_person(email="sorrel.sample@example.org", name="Sorrel Sample", password=None)


def wish(user: User | None, perspective: str = "case_manager", **changes) -> Wish:
    given = {
        "user_id": user.pk if user else None,
        "perspective_key": perspective,
        "agency": Agency.objects.get(code=w.LEA),
        "starts_on": w.TODAY,
        "reason": "Hired",
    }
    return Wish(**{**given, **changes})


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    for reason in refused.value.reasons:
        assert reason.text and reason.owner and reason.way_out
    return [reason.code for reason in refused.value.reasons]


def give(actor, user: User, perspective: str = "case_manager", **changes) -> Grant:
    return give_grant(actor=actor, user=user, wish=wish(user, perspective, **changes))


# Giving


def test_a_grant_is_given_once_and_logged(staff, coordinator, newcomer):
    first = give(coordinator, newcomer)
    again = give(coordinator, newcomer)

    assert first == again
    assert (first.granted_by_id, first.reason, first.ends_on) == (coordinator.user_id, "Hired", None)
    event = ChangeEvent.objects.get(action="give_grant")
    assert (event.actor_user_id, event.subject_id, event.reason) == (coordinator.user_id, first.pk, "Hired")


@pytest.mark.parametrize(
    ("perspective", "changes", "expected"),
    [
        ("coordinator", {}, ["not-yours-to-give"]),
        ("selpa", {}, ["not-yours-to-give", "other-kind-of-agency"]),
        ("nps_administrator", {}, ["not-yours-to-give", "other-kind-of-agency"]),
        ("npa_provider", {}, ["other-kind-of-agency"]),
        ("host_session", {}, ["given-elsewhere", "too-long"]),
        ("cde_monitor", {}, ["given-elsewhere", "too-long"]),
        ("no-such", {}, ["no-perspective"]),
        ("school", {}, ["no-school"]),
        ("case_manager", {"starts_on": None}, ["no-start"]),
        ("case_manager", {"ends_on": date(2026, 11, 22)}, ["ends-before-start"]),
        ("case_manager", {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 6, 1)}, ["over-already"]),
        ("case_manager", {"reason": " "}, ["no-reason"]),
    ],
)
def test_what_a_coordinator_cannot_give_says_why(
    staff, coordinator, newcomer, perspective, changes, expected
):
    with pytest.raises(Refused) as refused:
        give(coordinator, newcomer, perspective, **changes)

    assert codes(refused) == expected
    assert not Grant.objects.filter(user=newcomer).exists()


def test_nobody_gives_to_themselves(staff, small_world, coordinator):
    with pytest.raises(Refused) as refused:
        give(coordinator, small_world.coordinator)
    assert codes(refused) == ["not-to-oneself"]


def test_another_districts_people_are_not_given_anything(staff, coordinator, newcomer):
    other = Agency.objects.get(code=w.OTHER_LEA)
    with pytest.raises(Refused) as refused:
        give(coordinator, newcomer, agency=other)
    assert codes(refused) == ["not-your-agency"]
    with pytest.raises(Refused) as refused:
        give(coordinator, newcomer, "school", schools=(School.objects.get(code=w.OTHER_SCHOOL),))
    assert codes(refused) == ["school-of-another"]


def test_who_looks_as_a_colleague_writes_nothing(staff, coordinator, newcomer):
    with pytest.raises(Refused) as refused:
        give(replace(coordinator, acting_for_id=coordinator.user_id), newcomer)
    assert codes(refused) == ["may-not-manage"]


def test_who_does_not_manage_people_gives_nothing(staff, small_world, newcomer):
    with pytest.raises(Refused) as refused:
        give(small_world.case_manager_actor, newcomer)
    assert codes(refused) == ["may-not-manage", "not-yours-to-give"]


def test_a_selpa_names_coordinators_of_its_members(staff, newcomer):
    grant = give(s.actor(staff.selpa), newcomer, "coordinator")
    assert grant.agency.code == w.LEA
    Agency.objects.filter(code=w.OTHER_LEA).update(selpa_code="9902")
    with pytest.raises(Refused) as refused:
        give(s.actor(staff.selpa), newcomer, "coordinator", agency=Agency.objects.get(code=w.OTHER_LEA))
    assert codes(refused) == ["not-your-agency"]


def test_another_day_of_what_is_held_is_an_extension_not_a_second_grant(staff, coordinator, newcomer):
    give(coordinator, newcomer)
    with pytest.raises(Refused) as refused:
        give(coordinator, newcomer, starts_on=date(2026, 12, 1))
    assert codes(refused) == ["held-already"]


def test_a_second_school_joins_the_first(staff, coordinator, newcomer):
    first, second = School.objects.get(code=w.SCHOOL), School.objects.get(code=s.SECOND_SCHOOL)
    give(coordinator, newcomer, "school", schools=(first,))
    give(coordinator, newcomer, "school", schools=(second,))

    assert s.actor(newcomer).school_codes == {w.SCHOOL, s.SECOND_SCHOOL}


def test_a_summer_assignment_ends_by_itself(staff, coordinator, newcomer):
    give(coordinator, newcomer, starts_on=date(2027, 6, 14), ends_on=date(2027, 7, 16))

    days = [date(2027, 6, 13), date(2027, 6, 14), date(2027, 7, 16), date(2027, 7, 17)]
    assert [len(grants_in_force(newcomer, day)) for day in days] == [0, 1, 1, 0]


def test_an_npa_provider_is_let_in_by_each_district_and_managed_by_it(staff, coordinator):
    """The therapist was let in by the other district; to this one the person is a stranger until it does the same."""
    npa = Agency.objects.get(code=w.NPA)
    assert staff.therapist not in people_within(coordinator)
    assert staff.therapist in people_within(s.actor(staff.neighbor))

    grant = give(coordinator, staff.therapist, "npa_provider", agency=npa, starts_on=s.SINCE)

    assert grant.managed_by_code == w.LEA
    assert staff.therapist in people_within(coordinator)
    assert Grant.objects.filter(user=staff.therapist).count() == 2
    end_grant(actor=coordinator, grant=grant, ends_on=w.TODAY, reason="Contract over")
    assert len(grants_in_force(staff.therapist, w.TODAY)) == 1


def test_two_perspectives_unite_and_each_alone_is_what_it_is(staff, coordinator, newcomer):
    give(coordinator, newcomer)
    give(coordinator, newcomer, "office_clerk")
    assert len(standings_of(grants_in_force(newcomer, w.TODAY))) == 2


# Ending


def test_a_grant_ended_now_is_over_at_once_and_twice_is_once(staff, coordinator, small_world):
    grant = small_world.case_manager_grant
    end_grant(actor=coordinator, grant=grant, ends_on=w.TODAY, reason="Left")
    end_grant(actor=coordinator, grant=grant, ends_on=w.TODAY, reason="Left")

    assert grants_in_force(small_world.case_manager, w.TODAY) == []
    assert ChangeEvent.objects.filter(action="end_grant").count() == 1


def test_a_grant_that_has_not_begun_is_never_in_force(staff, coordinator, newcomer):
    grant = give(coordinator, newcomer, starts_on=date(2027, 1, 4))
    end_grant(actor=coordinator, grant=grant, ends_on=w.TODAY, reason="Does not come")
    assert grants_in_force(newcomer, date(2027, 1, 4)) == []


def test_the_last_coordinator_cannot_be_ended_and_with_a_successor_can(staff, small_world, newcomer):
    selpa, grant = s.actor(staff.selpa), small_world.coordinator_grant
    with pytest.raises(Refused) as refused:
        end_grant(actor=selpa, grant=grant, ends_on=w.TODAY, reason="Leaves")
    assert codes(refused) == ["the-last-one"]

    # A successor who goes before is none.
    brief = give(selpa, newcomer, "coordinator", ends_on=w.TODAY + timedelta(days=5))
    with pytest.raises(Refused):
        end_grant(actor=selpa, grant=grant, ends_on=w.TODAY + timedelta(days=5), reason="Leaves")
    extend_grant(actor=selpa, grant=brief, ends_on=None, reason="Stays")

    end_grant(actor=selpa, grant=grant, ends_on=w.TODAY, reason="Leaves")
    assert grants_in_force(small_world.coordinator, w.TODAY) == []


def test_a_coordinator_without_the_right_to_manage_is_no_successor(staff, small_world, newcomer):
    selpa = s.actor(staff.selpa)
    role = define_role(
        actor=selpa,
        label="Sender",
        for_whom="Sends",
        perspective_key="coordinator",
        capabilities=["send_to_state"],
    )
    give(selpa, newcomer, "coordinator", role=role)
    with pytest.raises(Refused) as refused:
        end_grant(actor=selpa, grant=small_world.coordinator_grant, ends_on=w.TODAY, reason="Leaves")
    assert codes(refused) == ["the-last-one"]


def test_nobody_ends_the_grant_through_which_they_act(staff, small_world, coordinator, newcomer):
    give(s.actor(staff.selpa), newcomer, "coordinator")
    with pytest.raises(Refused) as refused:
        end_grant(actor=coordinator, grant=small_world.coordinator_grant, ends_on=w.TODAY, reason="Enough")
    assert codes(refused) == ["not-ones-own"]


def test_shortening_an_open_grant_of_the_last_coordinator_is_refused(staff, small_world):
    with pytest.raises(Refused) as refused:
        extend_grant(
            actor=s.actor(staff.selpa),
            grant=small_world.coordinator_grant,
            ends_on=w.TODAY + timedelta(days=30),
            reason="Leaves",
        )
    assert codes(refused) == ["the-last-one"]


def test_what_is_over_is_not_extended(staff, coordinator, small_world):
    grant = end_grant(actor=coordinator, grant=small_world.case_manager_grant, ends_on=w.TODAY, reason="Left")
    with pytest.raises(Refused) as refused:
        extend_grant(actor=coordinator, grant=grant, ends_on=None, reason="Is back")
    assert codes(refused) == ["over"]


# Lending


def lend(actor, grant: Grant, to: User | None, **changes) -> Grant:
    given = {"capabilities": [Capability.READ_STUDENT], "ends_on": date(2026, 12, 23), "reason": "Away"}
    return lend_grant(actor=actor, grant=grant, to=to, **{**given, **changes})


def test_what_is_lent_is_less_and_ends_with_what_it_came_from(staff, small_world, coordinator, newcomer):
    lent = lend(coordinator, small_world.coordinator_grant, staff.teacher)
    borrower = s.actor(staff.teacher, "coordinator")

    assert borrower.capabilities == {Capability.READ_STUDENT}
    assert lend(coordinator, small_world.coordinator_grant, staff.teacher) == lent
    assert grants_in_force(staff.teacher, date(2026, 12, 24)) == grants_in_force(staff.teacher, w.TODAY)[1:]

    give(s.actor(staff.selpa), newcomer, "coordinator")
    end_grant(
        actor=s.actor(staff.selpa), grant=small_world.coordinator_grant, ends_on=w.TODAY, reason="Leaves"
    )
    assert [one.perspective_key for one in grants_in_force(staff.teacher, w.TODAY)] == ["case_manager"]


def test_what_is_lent_shrinks_with_the_role_of_its_lender(staff, newcomer):
    selpa = s.actor(staff.selpa)
    role = define_role(
        actor=selpa,
        label="Half",
        for_whom="Half of it",
        perspective_key="coordinator",
        capabilities=["read_student", "send_to_state"],
    )
    give(selpa, newcomer, "coordinator", role=role)
    lender = s.actor(newcomer)
    lent = lend(
        lender,
        Grant.objects.get(user=newcomer),
        staff.teacher,
        capabilities=[Capability.READ_STUDENT, Capability.SEND_TO_STATE],
    )
    define_role(
        actor=selpa,
        label="Half",
        for_whom="Less",
        perspective_key="coordinator",
        capabilities=["read_student"],
    )
    assert capabilities_of(Grant.objects.get(pk=lent.pk)) == {Capability.READ_STUDENT}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ends_on": date(2026, 12, 24)}, ["lent-too-long"]),
        ({"ends_on": None}, ["lent-too-long"]),
        ({"capabilities": []}, ["more-than-held"]),
        ({"reason": ""}, ["no-reason"]),
    ],
)
def test_lending_has_bounds(staff, small_world, coordinator, changes, expected):
    with pytest.raises(Refused) as refused:
        lend(coordinator, small_world.coordinator_grant, staff.teacher, **changes)
    assert codes(refused) == expected


def test_lending_to_strangers_of_what_is_anothers_or_hangs_on_students_is_refused(
    staff, small_world, coordinator
):
    with pytest.raises(Refused) as refused:
        lend(coordinator, small_world.coordinator_grant, staff.neighbor)
    assert codes(refused) == ["no-colleague"]
    with pytest.raises(Refused) as refused:
        lend(
            coordinator, small_world.case_manager_grant, staff.teacher, capabilities=[Capability.READ_STUDENT]
        )
    assert codes(refused) == ["not-your-grant", "not-lent"]
    with pytest.raises(Refused) as refused:
        lend(
            small_world.case_manager_actor,
            small_world.case_manager_grant,
            staff.teacher,
            capabilities=[Capability.SEND_TO_STATE],
        )
    assert codes(refused) == ["not-lent", "more-than-held"]


def test_what_was_lent_is_no_successor_is_not_lent_on_and_is_taken_back(staff, small_world, coordinator):
    everything = list(PERSPECTIVES["coordinator"].capabilities)
    lent = lend(coordinator, small_world.coordinator_grant, staff.teacher, capabilities=everything)
    with pytest.raises(Refused) as refused:
        end_grant(
            actor=s.actor(staff.selpa), grant=small_world.coordinator_grant, ends_on=w.TODAY, reason="Leaves"
        )
    assert codes(refused) == ["the-last-one"]
    with pytest.raises(Refused) as refused:
        lend(s.actor(staff.teacher, "coordinator"), lent, small_world.case_manager)
    assert codes(refused) == ["not-lent"]
    with pytest.raises(Refused) as refused:
        take_back_grant(actor=s.actor(staff.teacher), grant=lent)
    assert codes(refused) == ["not-your-grant"]

    take_back_grant(actor=coordinator, grant=lent)
    assert [one.perspective_key for one in grants_in_force(staff.teacher, w.TODAY)] == ["case_manager"]


# Roles


def test_a_role_takes_away_and_never_adds(staff, coordinator):
    selpa = s.actor(staff.selpa)
    with pytest.raises(Refused) as refused:
        define_role(
            actor=selpa,
            label="Super clerk",
            for_whom="Nobody",
            perspective_key="office_clerk",
            capabilities=["read_student", "manage_people"],
        )
    assert codes(refused) == ["more-than-perspective"]
    with pytest.raises(Refused) as refused:
        define_role(
            actor=coordinator,
            label="Clerk",
            for_whom="Clerks",
            perspective_key="office_clerk",
            capabilities=["read_student"],
        )
    assert codes(refused) == ["selpa-defines"]
    assert not Role.objects.exists()


def test_a_role_is_given_changed_and_retired(staff, coordinator, newcomer):
    selpa = s.actor(staff.selpa)
    role = define_role(
        actor=selpa,
        label="Looks",
        for_whom="Looks only",
        perspective_key="office_clerk",
        capabilities=["read_student"],
    )
    grant = give(coordinator, newcomer, "office_clerk", role=role)
    assert actor_of(newcomer, grant).capabilities == {Capability.READ_STUDENT}

    retire_role(actor=selpa, role=role)
    with pytest.raises(Refused) as refused:
        give(
            coordinator,
            newcomer,
            "office_clerk",
            role=Role.objects.get(pk=role.pk),
            starts_on=date(2027, 1, 4),
        )
    assert codes(refused) == ["not-that-role"]
    assert len(grants_in_force(newcomer, w.TODAY)) == 1


# Two at once


@pytest.mark.django_db(transaction=True)
def test_two_coordinators_who_end_each_other_at_once_leave_one(noon):
    world = w.small_world()
    s.add_people()
    second = add_person(email="sorrel.sample@example.org", name="Sorrel Sample", password=None)
    other_grant = grant_perspective(
        user=second,
        perspective_key="coordinator",
        agency=world.coordinator_grant.agency,
        starts_on=s.SINCE,
        by=None,
        reason="test",
    )
    pairs = [(world.coordinator_actor, other_grant), (s.actor(second), world.coordinator_grant)]
    told: list[str] = []
    start_line = threading.Barrier(2)

    def end(actor, grant) -> None:
        try:
            connection.ensure_connection()
            start_line.wait(timeout=20)
            end_grant(actor=actor, grant=grant, ends_on=w.TODAY, reason="Quarrel")
        except Refused as refused:
            told.extend(one.code for one in refused.reasons)
        finally:
            connection.close()

    threads = [threading.Thread(target=end, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told == ["the-last-one"]
    left = Grant.objects.filter(perspective_key="coordinator", agency__code=w.LEA, ends_at__isnull=True)
    assert left.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_give_the_same_at_once_give_it_once(noon):
    world = w.small_world()
    user = add_person(email="sorrel.sample@example.org", name="Sorrel Sample", password=None)
    asked = wish(user, ends_on=date(2027, 6, 30))

    start_line = threading.Barrier(2)

    def give_it() -> None:
        try:
            connection.ensure_connection()
            start_line.wait(timeout=20)
            give_grant(actor=world.coordinator_actor, user=user, wish=asked)
        finally:
            connection.close()

    threads = [threading.Thread(target=give_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Grant.objects.filter(user=user).count() == 1
