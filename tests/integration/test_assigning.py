"""Students assigned in bulk and handed over: what is refused and why, what stands afterwards, and taking it back."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.duty_actions import assign_duty
from manzanita.accounts.duty_queries import duties_at
from manzanita.accounts.granting import Refused
from manzanita.accounts.models import Duty, Grant
from manzanita.accounts.queries import grants_in_force
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import open_meeting
from manzanita.orgs.models import Agency, School
from manzanita.platform.facts import Statement
from manzanita.procedures.assigning import (
    Term,
    Wanted,
    apply_assignments,
    candidates,
    movable_first,
    preview_assignments,
    without_manager_count,
)
from manzanita.procedures.assigning_undo import undo_assignments
from manzanita.procedures.handing_over import HandOver, hand_over, holdings_of, preview_hand_over
from manzanita.students.actions import state_student_facts
from manzanita.students.caseload import Choice, assignable_of, chosen_students, managers_of
from manzanita.students.models import AssignmentBatch, CaseAssignment, TeamMember
from manzanita.students.scope import visible_to
from tests.support import staff as s
from tests.support import world as w
from tests.support.pages import leaves, many_students, moves_to

NOW = Term(w.TODAY)


@pytest.fixture
def staff(small_world) -> s.Staff:
    return s.add_people()


def wanted(student, to, *, kind: str = "assignment", seen=None, role: str = "", leaving=None) -> Wanted:
    return Wanted(
        str(student.public_id),
        kind,
        to.pk if to else None,
        seen.pk if seen else None,
        role=role,
        leaving_id=leaving.pk if leaving else None,
    )


def assign(actor, *asked: Wanted, term: Term = NOW):
    return apply_assignments(actor=actor, wanted=asked, term=term, title="Test", reason="Test")


def manager_of(student, on: date = w.TODAY) -> int | None:
    return managers_of([student.pk], on).get(student.pk)


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


# Which students


def test_filters_choose_within_reach_only(small_world, staff):
    actor = small_world.coordinator_actor
    of_nobody = many_students(2)

    def names(**choice) -> list[str]:
        return [one.first_name for one in chosen_students(actor, Choice(**choice))]

    assert names() == []
    assert names(is_without_manager=True) == ["Fern0", "Fern1"]
    assert names(school_code=w.SCHOOL, grade_code="06") == ["Towhee"]
    assert names(manager_id=small_world.case_manager.pk) == ["Alder", "Towhee"]
    assert without_manager_count(actor) == len(of_nobody)


def test_who_takes_no_part_is_assignable_only_where_somebody_has_named_them(small_world):
    actor = small_world.coordinator_actor
    found = visible_to(actor).filter(first_name__in=["Yarrow", "Alder"])
    assert [one.first_name for one in assignable_of(actor, found)] == ["Alder"]
    assert [one.first_name for one in assignable_of(actor, found, is_named=True)] == ["Alder", "Yarrow"]


def test_who_has_left_is_not_chosen(small_world):
    leaves(small_world.students["towhee"], w.TODAY - timedelta(days=1))
    found = chosen_students(small_world.coordinator_actor, Choice(school_code=w.SCHOOL))
    assert [one.first_name for one in found] == ["Alder"]


def test_first_are_those_for_whom_the_move_does_something(small_world, staff):
    """Alder and Towhee are the case manager's already, at the first school; Yarrow is nobody's."""
    actor, today = small_world.coordinator_actor, Term(w.TODAY)
    students = assignable_of(actor, visible_to(actor), is_named=True)

    def names(kind: str, person, term: Term = today) -> list[str]:
        return [one.first_name for one in movable_first(actor, students, kind, person.pk, term)]

    assert names("assignment", staff.teacher) == ["Alder", "Towhee", "Yarrow"]
    assert names("assignment", small_world.case_manager) == ["Yarrow", "Alder", "Towhee"]
    assert names("team", small_world.case_manager) == ["Alder", "Towhee", "Yarrow"]


def test_of_somebody_at_a_school_first_are_its_students_of_that_day(small_world, staff):
    clerk = add_person(email="moss@example.org", name="Moss Sample", password=w.PASSWORD)
    grant_perspective(
        user=clerk,
        perspective_key="school",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=s.SINCE,
        by=None,
        reason="test",
        schools=[School.objects.get(code=s.SECOND_SCHOOL)],
    )
    actor, of = small_world.coordinator_actor, small_world.students
    moves_to(of["yarrow"], s.SECOND_SCHOOL)
    for name, school in (("yarrow", w.SCHOOL), ("towhee", s.SECOND_SCHOOL)):
        slot = {"student_id": of[name].pk, "relationship": "next_year"}
        place = Statement(slot, {"agency_code": w.LEA, "school_code": school}, w.TODAY, date(2027, 6, 30))
        state_student_facts("agency", [place], by_id=None, cause="test")
    students = assignable_of(actor, visible_to(actor), is_named=True)
    for day, expected in (
        (w.TODAY, ["Yarrow", "Alder", "Towhee"]),
        (date(2027, 7, 1), ["Towhee", "Alder", "Yarrow"]),
    ):
        found = movable_first(actor, students, "team", clerk.pk, Term(day))
        assert [one.first_name for one in found] == expected


# Bulk assignment


def test_students_go_from_one_to_another_and_the_new_one_sees_them(small_world, staff):
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    before = small_world.case_manager
    applied = assign(
        small_world.coordinator_actor,
        wanted(alder, staff.teacher, seen=before),
        wanted(towhee, staff.teacher, seen=before),
    )

    assert len(applied.done) == 2 and not applied.refused
    assert set(visible_to(s.actor(staff.teacher))) == {alder, towhee}
    assert not visible_to(small_world.case_manager_actor).exists()
    # The past stays: until yesterday it was the other one.
    assert manager_of(alder, w.TODAY - timedelta(days=1)) == before.pk
    events = ChangeEvent.objects.filter(action="assign_student").order_by("pk")
    assert [(one.student_id, one.detail["from"], one.detail["to"]) for one in events] == [
        (alder.pk, before.pk, staff.teacher.pk),
        (towhee.pk, before.pk, staff.teacher.pk),
    ]


def test_a_second_click_changes_nothing(small_world, staff):
    asked = wanted(small_world.students["yarrow"], staff.teacher)
    assign(small_world.coordinator_actor, asked)
    with pytest.raises(Refused) as refused:
        assign(small_world.coordinator_actor, asked)
    assert codes(refused) == ["changed-meanwhile"]
    assert AssignmentBatch.objects.count() == 1


def test_the_second_of_two_administrators_is_told_what_the_first_did(small_world, staff):
    alder, yarrow = small_world.students["alder"], small_world.students["yarrow"]
    assign(small_world.coordinator_actor, wanted(yarrow, small_world.case_manager))

    applied = assign(
        small_world.coordinator_actor,
        wanted(yarrow, staff.teacher),
        wanted(alder, staff.teacher, seen=small_world.case_manager),
    )

    assert [move.row.student for move in applied.done] == [alder]
    (refused,) = applied.refused
    assert refused.refused.code == "changed-meanwhile" and "Wren Placeholder" in refused.refused.text
    assert manager_of(yarrow) == small_world.case_manager.pk


def test_out_of_reach_is_as_if_there_were_none(small_world, staff):
    sage = small_world.students["sage"]
    assert preview_assignments(small_world.coordinator_actor, [wanted(sage, staff.teacher)], NOW) == []
    with pytest.raises(Refused) as refused:
        assign(small_world.coordinator_actor, wanted(sage, staff.teacher))
    assert codes(refused) == ["no-student"]


def test_who_cannot_hold_a_meeting_or_works_elsewhere_gets_nobody(small_world, staff):
    yarrow, actor = small_world.students["yarrow"], small_world.coordinator_actor
    assert [one.name for one in candidates(actor)["assignment"]] == [
        "Juniper Mockup",
        "Larkspur Sample",
        "Wren Placeholder",
    ]
    for person in (staff.neighbor, staff.therapist, staff.selpa):
        with pytest.raises(Refused) as refused:
            assign(actor, wanted(yarrow, person))
        assert codes(refused) == ["cannot-hold"]


def test_a_provider_of_another_school_would_not_see_the_student(small_world, staff):
    grant_perspective(
        user=staff.neighbor,
        perspective_key="site_provider",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=s.SINCE,
        by=None,
        reason="test",
        schools=[School.objects.get(code=s.SECOND_SCHOOL)],
    )
    with pytest.raises(Refused) as refused:
        assign(small_world.coordinator_actor, wanted(small_world.students["yarrow"], staff.neighbor))
    assert codes(refused) == ["other-school"]


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (Term(w.TODAY - timedelta(days=1)), "starts-before-today"),
        (Term(w.TODAY, w.TODAY - timedelta(days=1)), "ends-before-start"),
    ],
)
def test_the_past_is_not_rewritten(small_world, staff, term, expected):
    with pytest.raises(Refused) as refused:
        assign(
            small_world.coordinator_actor, wanted(small_world.students["yarrow"], staff.teacher), term=term
        )
    assert codes(refused) == [expected]


def test_a_case_manager_assigns_nobody(small_world, staff):
    with pytest.raises(Refused) as refused:
        assign(small_world.case_manager_actor, wanted(small_world.students["alder"], staff.teacher))
    assert codes(refused) == ["may-not-assign"]


def test_a_school_assigns_its_own_students_only(small_world, staff):
    grant = grant_perspective(
        user=staff.teacher,
        perspective_key="school",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=s.SINCE,
        by=None,
        reason="test",
        schools=[School.objects.get(code=s.SECOND_SCHOOL)],
    )
    principal = s.actor(staff.teacher, "school")
    with pytest.raises(Refused) as refused:
        assign(principal, wanted(small_world.students["yarrow"], staff.teacher))
    assert codes(refused) == ["no-student"]
    grant.schools.create(school=School.objects.get(code=w.SCHOOL))
    applied = assign(s.actor(staff.teacher, "school"), wanted(small_world.students["yarrow"], staff.teacher))
    assert len(applied.done) == 1


def test_a_team_member_is_added_beside_the_case_manager(small_world, staff):
    alder = small_world.students["alder"]
    assign(small_world.coordinator_actor, wanted(alder, staff.teacher, kind="team", role="Speech"))

    assert manager_of(alder) == small_world.case_manager.pk
    assert list(visible_to(s.actor(staff.teacher))) == [alder]
    assert TeamMember.objects.as_of(effective=w.TODAY).get().role == "Speech"
    with pytest.raises(Refused) as refused:
        assign(small_world.coordinator_actor, wanted(alder, staff.teacher, kind="team"))
    assert codes(refused) == ["has-it-already"]


# Taking back


def test_a_batch_is_taken_back_once_and_only_where_it_still_stands(small_world, staff):
    alder, towhee, yarrow = (small_world.students[name] for name in ("alder", "towhee", "yarrow"))
    actor, before = small_world.coordinator_actor, small_world.case_manager
    batch = assign(
        actor,
        wanted(alder, staff.teacher, seen=before),
        wanted(towhee, staff.teacher, seen=before),
        wanted(yarrow, staff.teacher),
        wanted(alder, small_world.coordinator, kind="team"),
    ).batch
    assign(actor, wanted(towhee, small_world.coordinator, seen=staff.teacher))

    assert undo_assignments(actor=actor, batch=batch) == 1
    assert undo_assignments(actor=actor, batch=batch) == 0

    assert [manager_of(one) for one in (alder, towhee, yarrow)] == [
        before.pk,
        small_world.coordinator.pk,
        None,
    ]
    assert not TeamMember.objects.as_of(effective=w.TODAY).exists()


def test_tomorrow_is_too_late_to_take_back(small_world, staff, noon):
    batch = assign(small_world.coordinator_actor, wanted(small_world.students["yarrow"], staff.teacher)).batch
    noon.shift(timedelta(days=1))
    with pytest.raises(Refused) as refused:
        undo_assignments(actor=small_world.coordinator_actor, batch=batch)
    assert codes(refused) == ["too-late-to-undo"]


@pytest.mark.django_db(transaction=True)
def test_two_who_assign_the_same_student_at_once_do_not_undo_each_other(noon):
    world = w.small_world()
    staff = s.add_people()
    yarrow, actor = world.students["yarrow"], world.coordinator_actor
    ended: list[str] = []
    start_line = threading.Barrier(2)

    def act(person) -> None:
        try:
            connection.ensure_connection()
            start_line.wait(timeout=20)
            assign(actor, wanted(yarrow, person))
            ended.append("assigned")
        except Refused as refused:
            ended.extend(one.code for one in refused.reasons)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(person,)) for person in (staff.teacher, world.case_manager)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(ended) == ["assigned", "changed-meanwhile"]
    assert CaseAssignment.objects.believed().filter(student=yarrow).count() == 1


# What is planned for a later day

JULY, JUNE_30 = date(2027, 7, 1), date(2027, 6, 30)
AUGUST = date(2025, 8, 1)


def case_of(student) -> list[tuple[int, date, date | None]]:
    rows = CaseAssignment.objects.believed().filter(student=student).order_by("effective_from")
    return list(rows.values_list("user_id", "effective_from", "effective_to"))


def test_who_is_assigned_from_today_has_the_case_until_the_one_who_is_planned(small_world, staff):
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    actor, wren, juniper = small_world.coordinator_actor, small_world.case_manager, small_world.coordinator
    teacher = staff.teacher
    assign(actor, wanted(alder, teacher, seen=wren), term=Term(JULY))
    asked_now = [wanted(alder, juniper, seen=wren), wanted(towhee, juniper, seen=wren)]

    cut, whole = preview_assignments(actor, asked_now, NOW)
    assert (cut.ends_on, cut.next_id, cut.next_on) == (JUNE_30, teacher.pk, JULY)
    assert (whole.ends_on, whole.next_id, whole.next_on) == (None, None, None)
    batch = assign(actor, *asked_now).batch

    assert case_of(alder) == [
        (wren.pk, AUGUST, date(2026, 11, 22)),
        (juniper.pk, w.TODAY, JUNE_30),
        (teacher.pk, JULY, None),
    ]
    assert case_of(towhee) == [(wren.pk, AUGUST, date(2026, 11, 22)), (juniper.pk, w.TODAY, None)]
    assert undo_assignments(actor=actor, batch=batch) == 0
    days = [w.TODAY, JUNE_30, JULY]
    assert [manager_of(alder, day) for day in days] == [wren.pk, wren.pk, teacher.pk]
    assert [manager_of(towhee, day) for day in days] == [wren.pk, wren.pk, wren.pk]


def test_what_is_planned_since_stays_where_an_assignment_of_today_is_taken_back(small_world, staff):
    alder, actor, wren = (
        small_world.students["alder"],
        small_world.coordinator_actor,
        small_world.case_manager,
    )
    today = assign(actor, wanted(alder, staff.teacher, seen=wren)).batch
    assign(actor, wanted(alder, small_world.coordinator, seen=staff.teacher), term=Term(JULY))

    assert undo_assignments(actor=actor, batch=today) == 0
    assert [manager_of(alder, day) for day in (w.TODAY, JUNE_30, JULY)] == [
        wren.pk,
        wren.pk,
        small_world.coordinator.pk,
    ]


def test_a_plan_that_is_taken_back_gives_nothing_to_whoever_lost_the_case_since(small_world, staff, noon):
    """Wren's case was planned for Larkspur, then went to Juniper today: without the plan Wren would have it in July."""
    alder, actor, wren = (
        small_world.students["alder"],
        small_world.coordinator_actor,
        small_world.case_manager,
    )
    plan = assign(actor, wanted(alder, staff.teacher, seen=wren), term=Term(JULY)).batch
    noon.shift(timedelta(minutes=5))
    assign(actor, wanted(alder, small_world.coordinator, seen=wren))

    assert undo_assignments(actor=actor, batch=plan) == 1
    assert [manager_of(alder, day) for day in (JUNE_30, JULY)] == [
        small_world.coordinator.pk,
        staff.teacher.pk,
    ]


def test_a_last_day_goes_no_further_than_what_is_planned_and_a_leave_still_falls_back(small_world, staff):
    """Wren is away until January 8; from December 1 Juniper stands in, with and without a last day."""
    actor, wren, juniper = small_world.coordinator_actor, small_world.case_manager, small_world.coordinator
    pair = [small_world.students["alder"], small_world.students["towhee"]]
    away = Term(w.TODAY, date(2027, 1, 8))
    assign(actor, *(wanted(one, staff.teacher, seen=wren) for one in pair), term=away)
    for student, term in zip(
        pair, (Term(date(2026, 12, 1)), Term(date(2026, 12, 1), date(2027, 3, 1))), strict=True
    ):
        assign(actor, wanted(student, juniper, seen=staff.teacher), term=term)
        assert case_of(student) == [
            (wren.pk, AUGUST, date(2026, 11, 22)),
            (staff.teacher.pk, w.TODAY, date(2026, 11, 30)),
            (juniper.pk, date(2026, 12, 1), date(2027, 1, 8)),
            (wren.pk, date(2027, 1, 9), None),
        ]


def test_a_plan_that_was_taken_back_is_no_plan(small_world, staff):
    alder, actor, wren = (
        small_world.students["alder"],
        small_world.coordinator_actor,
        small_world.case_manager,
    )
    plan = assign(actor, wanted(alder, staff.teacher, seen=wren), term=Term(JULY)).batch
    undo_assignments(actor=actor, batch=plan)
    assert case_of(alder) == [(wren.pk, AUGUST, None)]

    assign(actor, wanted(alder, staff.teacher, seen=wren))
    assert case_of(alder)[-1] == (staff.teacher.pk, w.TODAY, None)


def test_a_last_day_of_the_former_comes_back_where_nobody_followed(small_world, staff):
    """Wren's case ends on January 8, and nobody has it then: today it goes to Larkspur, and back."""
    alder, actor, wren = (
        small_world.students["alder"],
        small_world.coordinator_actor,
        small_world.case_manager,
    )
    slot = {"student_id": alder.pk}
    ended = Statement(slot, None, date(2027, 1, 9))
    state_student_facts("assignment", [ended], by_id=None, cause="people-file")
    batch = assign(actor, wanted(alder, staff.teacher, seen=wren)).batch
    assert case_of(alder) == [
        (wren.pk, AUGUST, date(2026, 11, 22)),
        (staff.teacher.pk, w.TODAY, None),
    ]

    assert undo_assignments(actor=actor, batch=batch) == 0

    assert case_of(alder) == [(wren.pk, AUGUST, date(2027, 1, 8))]
    row = CaseAssignment.objects.believed().get(student=alder)
    assert (row.by_id, row.cause) == (None, "people-file")


def test_what_is_planned_since_keeps_its_day_and_the_last_day_before_it_comes_back(small_world, staff):
    alder, actor, wren = (
        small_world.students["alder"],
        small_world.coordinator_actor,
        small_world.case_manager,
    )
    slot = {"student_id": alder.pk}
    ended = Statement(slot, None, date(2027, 1, 9))
    state_student_facts("assignment", [ended], by_id=None, cause="people-file")
    today = assign(actor, wanted(alder, staff.teacher, seen=wren)).batch
    assign(actor, wanted(alder, small_world.coordinator, seen=staff.teacher), term=Term(JULY))

    assert undo_assignments(actor=actor, batch=today) == 0

    assert case_of(alder) == [(wren.pk, AUGUST, date(2027, 1, 8)), (small_world.coordinator.pk, JULY, None)]


def test_whoever_gets_the_case_again_after_a_stand_in_keeps_it(small_world, staff):
    """Larkspur has the case from today, Juniper stands in in December: what falls back to Larkspur is built on it."""
    alder, actor, wren = (
        small_world.students["alder"],
        small_world.coordinator_actor,
        small_world.case_manager,
    )
    today = assign(actor, wanted(alder, staff.teacher, seen=wren)).batch
    away = Term(date(2026, 12, 1), date(2027, 1, 8))
    assign(actor, wanted(alder, small_world.coordinator, seen=staff.teacher), term=away)
    stood = case_of(alder)

    assert undo_assignments(actor=actor, batch=today) == 1
    assert case_of(alder) == stood


def test_who_was_on_the_team_is_on_it_again_in_the_same_role_and_through_the_same_day(small_world, staff):
    alder, actor = small_world.students["alder"], small_world.coordinator_actor
    slot = {"student_id": alder.pk, "user_id": small_world.coordinator.pk}
    member = Statement(slot, {"role": "Reads along"}, AUGUST, date(2027, 3, 5))
    state_student_facts("team", [member], by_id=None, cause="people-file")
    moved = wanted(alder, staff.teacher, kind="team", role="Speech", leaving=small_world.coordinator)
    batch = assign(actor, moved).batch
    assert TeamMember.objects.as_of(effective=w.TODAY).get().role == "Speech"

    assert undo_assignments(actor=actor, batch=batch) == 0

    rows = TeamMember.objects.believed().values_list("user_id", "role", "effective_from", "effective_to")
    assert list(rows) == [(small_world.coordinator.pk, "Reads along", AUGUST, date(2027, 3, 5))]


def test_who_was_taken_off_the_team_and_is_on_it_again_since_stays_as_is(small_world, staff):
    alder, actor, teacher = small_world.students["alder"], small_world.coordinator_actor, staff.teacher
    assign(actor, wanted(alder, teacher, kind="team", role="Speech"))
    off = assign(actor, wanted(alder, None, kind="team", leaving=teacher)).batch
    assign(actor, wanted(alder, teacher, kind="team", role="Reads along"))

    assert undo_assignments(actor=actor, batch=off) == 1
    assert TeamMember.objects.as_of(effective=w.TODAY).get().role == "Reads along"


def test_what_was_assigned_before_it_was_kept_stays_as_it_is(small_world, staff):
    """A change of an older release, on the day on which it was replaced."""
    batch = assign(small_world.coordinator_actor, wanted(small_world.students["yarrow"], staff.teacher)).batch
    batch.changes.update(closed=None)
    assert undo_assignments(actor=small_world.coordinator_actor, batch=batch) == 1
    assert manager_of(small_world.students["yarrow"]) == staff.teacher.pk


def from_july(staff) -> None:
    """Fern Sample teaches here from July 1 on, and Larkspur Sample no longer."""
    grant_perspective(
        user=staff.neighbor,
        perspective_key="case_manager",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=JULY,
        by=None,
        reason="test",
    )
    Grant.objects.filter(user=staff.teacher).update(ends_on=JUNE_30)


def test_who_begins_on_july_1_can_be_planned_and_who_has_ended_cannot(small_world, staff):
    from_july(staff)
    actor, alder = small_world.coordinator_actor, small_world.students["alder"]

    def offered(on: date | None = None) -> list[str]:
        return [one.name for one in candidates(actor, on)["assignment"]]

    assert offered() == offered(JUNE_30) == ["Juniper Mockup", "Larkspur Sample", "Wren Placeholder"]
    assert offered(JULY) == ["Fern Sample", "Juniper Mockup", "Wren Placeholder"]
    assign(actor, wanted(alder, staff.neighbor, seen=small_world.case_manager), term=Term(JULY))
    assert manager_of(alder, JULY) == staff.neighbor.pk


# Hand-over


def asked(successors, **changes) -> HandOver:
    return HandOver(**{"term": NOW, "successors": successors, "reason": "Leaves", **changes})


def everything_to(actor, user, to) -> dict[str, int | None]:
    return {held.key: to.pk for held in holdings_of(actor, user, w.TODAY).held}


def test_a_caseload_goes_to_two_successors_and_the_account_closes(small_world, staff):
    actor, leaver = small_world.coordinator_actor, small_world.case_manager
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    open_meeting(actor=small_world.case_manager_actor, student=alder, event=EVENTS["annual"])
    assign_duty(actor=actor, kind="send", holder=small_world.coordinator, backup=None)
    held = holdings_of(actor, leaver, w.TODAY)
    assert [one.row.student for one in held.held] == [alder, towhee]
    assert [one.student for one in held.meetings] == [alder]
    successors = {
        f"assignment-{alder.public_id}": staff.teacher.pk,
        f"assignment-{towhee.public_id}": small_world.coordinator.pk,
    }

    done = hand_over(actor=actor, user=leaver, asked=asked(successors, last_day=w.TODAY, is_closing=True))

    assert (len(done.done), done.hanging, done.ended_grants) == (2, [], 1)
    assert [manager_of(one) for one in (alder, towhee)] == [staff.teacher.pk, small_world.coordinator.pk]
    leaver.refresh_from_db()
    assert not leaver.is_active and grants_in_force(leaver, w.TODAY) == []
    assert holdings_of(actor, leaver, w.TODAY).held == []


def test_a_leave_falls_back_by_itself(small_world, staff):
    actor, away = small_world.coordinator_actor, small_world.case_manager
    alder = small_world.students["alder"]
    until = date(2027, 1, 8)
    hand_over(
        actor=actor,
        user=away,
        asked=asked(everything_to(actor, away, staff.teacher), term=Term(w.TODAY, until)),
    )

    days = [w.TODAY, until, until + timedelta(days=1)]
    assert [manager_of(alder, day) for day in days] == [staff.teacher.pk, staff.teacher.pk, away.pk]
    assert len(grants_in_force(away, w.TODAY)) == 1


def test_what_has_no_successor_is_listed_not_lost(small_world, staff):
    actor, leaver = small_world.coordinator_actor, small_world.case_manager
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    preview = preview_hand_over(
        actor, leaver, asked({f"assignment-{alder.public_id}": staff.teacher.pk}, last_day=w.TODAY)
    )
    assert [one.row.student for one in preview.hanging] == [towhee]
    assert preview.reasons == []


def test_nothing_is_done_where_one_row_is_refused(small_world, staff):
    actor, leaver = small_world.coordinator_actor, small_world.case_manager
    with pytest.raises(Refused) as refused:
        hand_over(
            actor=actor,
            user=leaver,
            asked=asked(everything_to(actor, leaver, staff.neighbor), last_day=w.TODAY),
        )
    assert codes(refused) == ["cannot-hold"]
    assert manager_of(small_world.students["alder"]) == leaver.pk
    assert len(grants_in_force(leaver, w.TODAY)) == 1


def test_cases_that_are_planned_are_handed_over_on_their_day(small_world, staff):
    """Wren leaves in June and would have Yarrow from July 1 on, and Alder again after Larkspur's turn."""
    actor, wren, juniper = small_world.coordinator_actor, small_world.case_manager, small_world.coordinator
    alder, towhee, yarrow = (small_world.students[name] for name in ("alder", "towhee", "yarrow"))
    assign(actor, wanted(yarrow, wren), term=Term(JULY))
    assign(actor, wanted(yarrow, wren, kind="team", role="Speech"), term=Term(JULY))
    away = Term(date(2027, 1, 11), date(2027, 2, 26))
    assign(actor, wanted(alder, staff.teacher, seen=wren), term=away)

    holdings = holdings_of(actor, wren, w.TODAY)
    assert [(one.row.student, one.kind, one.begins_on) for one in holdings.held] == [
        (alder, "assignment", None),
        (towhee, "assignment", None),
        (alder, "assignment", date(2027, 2, 27)),
        (yarrow, "assignment", JULY),
        (yarrow, "team", JULY),
    ]
    some = {held.key: juniper.pk for held in holdings.held if held.begins_on is None}
    preview = preview_hand_over(actor, wren, asked(some, last_day=w.TODAY))
    assert [(one.row.student, one.begins_on) for one in preview.hanging] == [
        (alder, date(2027, 2, 27)),
        (yarrow, JULY),
        (yarrow, JULY),
    ]

    done = hand_over(
        actor=actor,
        user=wren,
        asked=asked(everything_to(actor, wren, juniper), last_day=w.TODAY, is_closing=True),
    )

    assert (len(done.done), done.hanging) == (5, [])
    assert case_of(alder) == [
        (wren.pk, AUGUST, date(2026, 11, 22)),
        (juniper.pk, w.TODAY, date(2027, 1, 10)),
        (staff.teacher.pk, date(2027, 1, 11), date(2027, 2, 26)),
        (juniper.pk, date(2027, 2, 27), None),
    ]
    assert case_of(yarrow) == [(juniper.pk, JULY, None)]
    assert [(one.user_id, one.role) for one in TeamMember.objects.as_of(effective=JULY)] == [
        (juniper.pk, "Speech")
    ]
    assert holdings_of(actor, wren, w.TODAY).held == []
    assert [one.title for one in AssignmentBatch.objects.order_by("pk")[3:]] == [
        "Hand-over of Wren Placeholder",
        "Hand-over of Wren Placeholder, planned from 02/27/2027",
        "Hand-over of Wren Placeholder, planned from 07/01/2027",
    ]


def test_a_leave_reaches_what_begins_in_it_and_no_further(small_world, staff):
    actor, wren = small_world.coordinator_actor, small_world.case_manager
    yarrow, (fern,) = small_world.students["yarrow"], many_students(1)
    assign(actor, wanted(yarrow, wren), term=Term(date(2027, 1, 11)))
    assign(actor, wanted(fern, wren), term=Term(JULY))
    until = date(2027, 3, 5)
    keys = {held.key: staff.teacher.pk for held in holdings_of(actor, wren, w.TODAY, until).held}
    hand_over(actor=actor, user=wren, asked=asked(keys, term=Term(w.TODAY, until)))

    assert case_of(yarrow) == [
        (staff.teacher.pk, date(2027, 1, 11), until),
        (wren.pk, date(2027, 3, 6), None),
    ]
    assert case_of(fern) == [(wren.pk, JULY, None)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"reason": " "}, ["no-reason"]),
        ({"last_day": w.TODAY - timedelta(days=1)}, ["no-last-day"]),
        ({"is_closing": True}, ["close-when"]),
        ({"term": Term(w.TODAY, w.TODAY), "last_day": w.TODAY}, ["leave-and-end"]),
    ],
)
def test_a_hand_over_that_contradicts_itself_says_so(small_world, staff, changes, expected):
    with pytest.raises(Refused) as refused:
        hand_over(
            actor=small_world.coordinator_actor, user=small_world.case_manager, asked=asked({}, **changes)
        )
    assert codes(refused) == expected


def test_duties_pass_on_with_the_caseload(small_world, staff):
    """The second coordinator leaves: the duty held goes to its backup, the one stood in for stays without."""
    grant_perspective(
        user=staff.teacher,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=s.SINCE,
        by=None,
        reason="test",
    )
    actor, first = small_world.coordinator_actor, small_world.coordinator
    assign_duty(actor=actor, kind="send", holder=staff.teacher, backup=first)
    assign_duty(actor=actor, kind="fix", holder=first, backup=staff.teacher)
    assign_duty(actor=actor, kind="certify", holder=staff.teacher, backup=None)
    with pytest.raises(Refused) as refused:
        hand_over(actor=actor, user=staff.teacher, asked=asked({}, last_day=w.TODAY))
    assert codes(refused) == ["duty-left"]

    done = hand_over(actor=actor, user=staff.teacher, asked=asked({}, last_day=w.TODAY, duties_to=first))

    standing = {
        one.kind: (one.holder_id, one.backup_id) for one in Duty.objects.filter(ended_at__isnull=True)
    }
    assert standing == {"send": (first.pk, None), "fix": (first.pk, None), "certify": (first.pk, None)}
    assert (done.duties, done.ended_grants) == (3, 2)
    assert [row.kind for row in duties_at(w.LEA) if row.gap] == ["arrivals"]


def test_an_account_that_works_elsewhere_too_is_not_closed(small_world, staff):
    grant_perspective(
        user=small_world.case_manager,
        perspective_key="case_manager",
        agency=Agency.objects.get(code=w.OTHER_LEA),
        starts_on=s.SINCE,
        by=None,
        reason="test",
    )
    actor, leaver = small_world.coordinator_actor, small_world.case_manager
    with pytest.raises(Refused) as refused:
        hand_over(
            actor=actor,
            user=leaver,
            asked=asked(everything_to(actor, leaver, staff.teacher), last_day=w.TODAY, is_closing=True),
        )
    assert codes(refused) == ["works-elsewhere"]
    assert manager_of(small_world.students["alder"]) == leaver.pk


def test_a_last_day_to_come_keeps_the_account_until_then(small_world, staff, noon):
    from manzanita.accounts.person_actions import close_planned_accounts

    actor, leaver = small_world.coordinator_actor, small_world.case_manager
    last = w.TODAY + timedelta(days=4)
    hand_over(
        actor=actor,
        user=leaver,
        asked=asked(
            everything_to(actor, leaver, staff.teacher),
            term=Term(last + timedelta(days=1)),
            last_day=last,
            is_closing=True,
        ),
    )

    assert manager_of(small_world.students["alder"]) == leaver.pk
    assert Grant.objects.get(user=leaver).ends_on == last
    assert close_planned_accounts() == 0
    noon.shift(timedelta(days=5))
    assert close_planned_accounts() == 1
    leaver.refresh_from_db()
    assert not leaver.is_active
    assert manager_of(small_world.students["alder"], timezone.localdate()) == staff.teacher.pk
