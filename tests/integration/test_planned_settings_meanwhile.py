"""What happened to a student between the day a program setting was planned and its own day, and how far it stands."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest

from manzanita.accounts.actions import grant_perspective
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.archive.models import Archive
from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.leaving.models import Leaving
from manzanita.platform import clock
from manzanita.platform.facts import ConcurrentStatement
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures import planned_settings
from manzanita.procedures.adopting import ADOPTIONS, adopt_alone
from manzanita.procedures.change_reasons import Asked as Change
from manzanita.procedures.changes import record_change
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.procedures.leaving_undo import undo_leaving
from manzanita.procedures.merging import merge_students, preview_merge
from manzanita.procedures.merging_base import Asked
from manzanita.procedures.merging_undo import undo_merge
from manzanita.procedures.planned_settings import carry_out_settings, due_settings, end_settings, why_left
from manzanita.procedures.take_back import known_of, reasons_not_to_take_back, take_back
from manzanita.students.models import BatchEdit, NextSetting
from manzanita.students.queries import facts_of
from tests.support import five, pages
from tests.support import world as w
from tests.support.five import at
from tests.support.merging import entered_again, pair_of

FIFTH = date(2026, 12, 10)
NIGHT = "2026-12-10T00:01:00"
ONE = uuid.UUID("018f0000-0000-7000-8000-0000000000b1")


@pytest.fixture
def clover(small_world):
    return five.child("Clover", date(2021, 12, 10))


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def planned(client, clover):
    assert five.plan_setting(client, [clover]).lines.get().state == "done"
    return NextSetting.objects.believed().get()


def setting_of(student, day: date = FIFTH) -> tuple[str, str]:
    plan = facts_of(student).plan_on(day)
    return plan.program_setting_code, plan.general_education_percent


def says(student, on: date, **changed: str) -> None:
    """The plan in force is another one from ``on``."""
    plan = facts_of(student).plan_on(on)
    values = {name: getattr(plan, name) for name in type(plan).content}
    five.stated("plan", {"student_id": student.pk}, values | changed, on)


def stands() -> list[tuple[int, str, str, date]]:
    rows = NextSetting.objects.as_of(effective=clock.today()).order_by("student_id")
    return list(
        rows.values_list("student_id", "program_setting_code", "general_education_percent", "starts_on")
    )


@pytest.mark.parametrize(
    ("code", "share", "expected"),
    [("300", "", {"done": 0, "stayed": 1}), ("201", "60", {"done": 0, "stayed": 1})],
)
def test_what_the_team_has_said_meanwhile_stands(planned, clover, noon, code, share, expected):
    noon.move_to(at("2026-12-02T09:00:00"))
    says(clover, date(2026, 12, 1), program_setting_code=code, general_education_percent=share)
    noon.move_to(at(NIGHT))
    assert carry_out_settings() == expected
    (reason,) = why_left(due_settings().get())
    assert (reason.code, str(reason.owner)) == ("team-said", "IEP team")
    assert setting_of(clover) == (code, share)
    assert not Archive.objects.filter(student_id=clover.pk).exists()


def test_a_plan_meanwhile_with_the_same_setting_keeps_nothing(planned, clover, noon):
    noon.move_to(at("2026-12-02T09:00:00"))
    says(clover, date(2026, 12, 1), reason_code="2", has_transportation_code="Y")
    noon.move_to(at(NIGHT))
    assert why_left(due_settings().get()) == []
    assert carry_out_settings() == {"done": 1, "stayed": 0}
    assert setting_of(clover) == ("400", "80")


@pytest.mark.parametrize("share", ["", "40"])
def test_what_is_taken_back_or_planned_anew_while_the_job_runs_is_not_recorded(
    planned, clover, noon, monkeypatch, share
):
    noon.move_to(at(NIGHT))
    read = list(due_settings())
    anew = {"program_setting_code": "400", "general_education_percent": share, "starts_on": date(2027, 1, 8)}
    five.stated("next_setting", {"student_id": clover.pk}, anew if share else None, w.TODAY)
    monkeypatch.setattr(planned_settings, "due_settings", lambda: read)
    assert carry_out_settings() == {"done": 0, "stayed": 0}
    assert setting_of(clover) == ("201", "")
    assert not Archive.objects.filter(student_id=clover.pk).exists()


def test_who_is_changed_by_somebody_else_at_the_moment_keeps_nobody_from_it(
    client, clover, noon, monkeypatch
):
    sorrel = five.child("Sorrel", date(2021, 12, 10), number=1)
    five.plan_setting(client, [clover, sorrel])
    noon.move_to(at(NIGHT))
    record_change = planned_settings.record_change

    def second(*, student, **asked):
        if student.pk == clover.pk:
            raise ConcurrentStatement("Plan")
        return record_change(student=student, **asked)

    monkeypatch.setattr(planned_settings, "record_change", second)
    assert carry_out_settings() == {"done": 1, "stayed": 1}
    assert (setting_of(clover), setting_of(sorrel)) == (("201", ""), ("400", "80"))
    monkeypatch.undo()
    assert carry_out_settings() == {"done": 1, "stayed": 0}
    assert setting_of(clover) == ("400", "80")


def moves(student) -> None:
    """The SIS ended the enrollment here with December 1, and the other district's began one on the next day."""
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": five.AUGUST}
    five.stated("enrollment", slot, None, date(2026, 12, 2))
    pages.enrolled_elsewhere(student, date(2026, 12, 2))


def test_of_who_has_moved_nothing_is_recorded(planned, clover, noon):
    moves(clover)
    noon.move_to(at(NIGHT))
    assert carry_out_settings() == {"done": 0, "stayed": 1}
    (reason,) = why_left(due_settings().get())
    assert (reason.code, str(reason.owner)) == ("not-here", "SEDS coordinator")
    assert not Archive.objects.filter(student_id=clover.pk).exists()


@pytest.fixture
def left(small_world, planned, clover, noon):
    """Moved on, by our own record; the SIS has not ended the enrollment."""
    noon.move_to(at("2026-12-04T12:00:00"))
    asked = LeavingAsked("moved_continuing", date(2026, 12, 3), "The family moved.")
    return record_leaving(actor=small_world.coordinator_actor, student=clover, asked=asked)


def test_a_leaving_ends_what_is_planned_and_its_undo_brings_it_back(small_world, left, clover, noon):
    assert stands() == []
    assert undo_leaving(actor=small_world.coordinator_actor, leaving=left)
    assert stands() == [(clover.pk, "400", "80", FIFTH)]
    noon.move_to(at(NIGHT))
    assert carry_out_settings() == {"done": 1, "stayed": 0}
    assert setting_of(clover) == ("400", "80")
    assert Archive.objects.get(student_id=clover.pk, cause="procedure", event_on=FIFTH).reason == (
        "Turns five in kindergarten"
    )


def test_what_stood_beside_an_older_leaving_is_not_recorded_and_the_leaving_is_undone(
    small_world, left, clover, noon
):
    """Leavings did not end what is planned before."""
    planned = {"program_setting_code": "400", "general_education_percent": "80", "starts_on": FIFTH}
    five.stated("next_setting", {"student_id": clover.pk}, planned, w.TODAY)
    del left.kept["next_setting"], left.closed["next_setting"]
    left.save()
    noon.move_to(at(NIGHT))
    assert carry_out_settings() == {"done": 0, "stayed": 1}
    assert [one.code for one in why_left(due_settings().get())] == ["said-left"]
    assert undo_leaving(actor=small_world.coordinator_actor, leaving=Leaving.objects.get())
    assert why_left(due_settings().get()) == []


def test_the_leaving_of_another_district_ends_nothing_that_is_planned_here(planned, clover):
    end_settings(clover.pk, w.OTHER_LEA, w.TODAY, by_id=1, cause="leaving:1")
    assert stands() == [(clover.pk, "400", "80", FIFTH)]
    end_settings(clover.pk, w.LEA, w.TODAY, by_id=1, cause="leaving:1")
    assert stands() == []


def test_an_adoption_ends_what_the_former_district_has_planned(small_world, planned, clover, noon):
    moves(clover)
    fern = pages.other_coordinator(small_world)
    actor = actor_of(fern, grants_in_force(fern, w.TODAY)[0])
    noon.move_to(at("2026-12-04T12:00:00"))
    look_at(w.OTHER_LEA, [clover.pk], found_by="test")
    item = adopt_alone(
        actor=actor,
        arrival=Arrival.objects.get(lea_code=w.OTHER_LEA, student=clover),
        on=date(2026, 12, 2),
        plan_known_on=None,
        public_id=ONE,
        reason="The former district confirmed it.",
    )
    assert stands() == []
    assert ADOPTIONS.start_undo(actor=actor, batch=item.batch)
    assert stands() == [(clover.pk, "400", "80", FIFTH)]


def test_an_adoption_without_an_arrival_that_is_taken_back_brings_back_what_it_ended(
    small_world, planned, clover, noon, sign_in
):
    """Recorded as a change, and taken back on its page; then the night to its day finds it and who planned it."""
    moves(clover)
    fern = pages.other_coordinator(small_world)
    actor = actor_of(fern, grants_in_force(fern, w.TODAY)[0])
    noon.move_to(at("2026-12-04T12:00:00"))
    asked = Change("adopt", date(2026, 12, 2), "The former district confirmed it.")
    archive = record_change(actor=actor, student=clover, asked=asked)
    assert stands() == []
    noon.shift(timedelta(minutes=5))
    client = sign_in(fern)
    page = f"/archives/{archive.public_id}/take-back"
    assert "Planned for 12/10/2026: 400" in client.get(page).content.decode()

    client.post(page)

    assert stands() == [(clover.pk, "400", "80", FIFTH)]
    back = NextSetting.objects.believed().get()
    assert (back.cause, back.effective_from) == (planned.cause, planned.effective_from)


def test_what_the_new_district_has_planned_since_stands_against_taking_the_adoption_back(
    small_world, planned, clover, noon
):
    moves(clover)
    fern = pages.other_coordinator(small_world)
    actor = actor_of(fern, grants_in_force(fern, w.TODAY)[0])
    noon.move_to(at("2026-12-04T12:00:00"))
    asked = Change("adopt", date(2026, 12, 2), "The former district confirmed it.")
    archive = record_change(actor=actor, student=clover, asked=asked)
    noon.shift(timedelta(minutes=5))
    setting = {
        "program_setting_code": "300",
        "general_education_percent": "",
        "starts_on": date(2026, 12, 21),
    }
    five.stated("next_setting", {"student_id": clover.pk}, setting, date(2026, 12, 4))
    against = reasons_not_to_take_back(actor, archive, known_of(clover.pk))
    assert [one.code for one in against] == ["later-facts"]


def test_a_planned_setting_that_was_recorded_and_taken_back_is_not_planned_again(
    small_world, planned, clover, noon
):
    """Else the next night would record it once more."""
    noon.move_to(at(NIGHT))
    assert carry_out_settings() == {"done": 1, "stayed": 0}
    noon.shift(timedelta(minutes=5))
    archive = Archive.objects.get(student_id=clover.pk, cause="procedure")
    assert take_back(actor=small_world.coordinator_actor, archive=archive)
    assert setting_of(clover)[0] == "201"
    assert stands() == []


def test_two_records_put_together_keep_who_planned_it_and_why(small_world, planned, clover, noon):
    actor = small_world.coordinator_actor
    noon.move_to(at("2026-11-24T12:00:00"))
    second = entered_again("Clover", "Sprout", date(2021, 12, 10))
    pair, asked = pair_of(clover, second), Asked(stays_id=second.pk)
    seen = preview_merge(actor, pair, asked).seen
    merge, _ = merge_students(actor=actor, pair=pair, asked=asked, reason="One child.", seen=seen)
    assert stands() == [(second.pk, "400", "80", FIFTH)]
    noon.move_to(at(NIGHT))
    assert why_left(due_settings().get()) == []
    undo_merge(actor=actor, merge=merge)
    assert stands() == [(clover.pk, "400", "80", FIFTH)]
    assert why_left(due_settings().get()) == []
    pair = pair_of(clover, second)
    seen = preview_merge(actor, pair, asked).seen
    merge_students(actor=actor, pair=pair, asked=asked, reason="One child.", seen=seen)
    assert carry_out_settings() == {"done": 1, "stayed": 0}
    archive = Archive.objects.get(student_id=second.pk, event_on=FIFTH)
    assert archive.reason == "Turns five in kindergarten"
    assert setting_of(second) == ("400", "80")


def test_the_plan_it_was_planned_over_is_that_of_the_record_it_came_from(small_world, planned, clover, noon):
    """Of the record that stays the team has said another setting before the two were put together."""
    actor = small_world.coordinator_actor
    noon.move_to(at("2026-11-24T12:00:00"))
    second = five.child("Clover", date(2021, 12, 10), number=1, setting="300")
    pair, asked = pair_of(clover, second), Asked(stays_id=second.pk)
    look = preview_merge(actor, pair, asked)
    assert look.blockers == []
    merge_students(actor=actor, pair=pair, asked=asked, reason="One child.", seen=look.seen)
    noon.move_to(at(NIGHT))
    assert setting_of(second) == ("300", "")
    assert carry_out_settings() == {"done": 0, "stayed": 1}
    assert [one.code for one in why_left(due_settings().get())] == ["team-said"]


def test_who_takes_it_back_does_so_under_the_own_grant_and_leaves_that_of_the_change(
    small_world, planned, clover, noon, sign_in
):
    grant = small_world.coordinator_grant
    grant.ends_on = w.TODAY + timedelta(days=1)
    grant.save()
    noon.move_to(at("2026-11-30T09:00:00"))
    own = grant_perspective(
        user=small_world.coordinator,
        perspective_key="coordinator",
        agency=grant.agency,
        starts_on=date(2026, 11, 25),
        by=None,
        reason="test",
    )
    batch = BatchEdit.objects.get()
    client = sign_in(small_world.coordinator, own)
    client.post(f"/students/edits/{batch.public_id}", {"do": "undo"})
    run_jobs_now(raises_errors=True)
    batch.refresh_from_db()
    assert (batch.state, batch.lines.get().state) == ("undone", "undone")
    assert batch.grant_id == grant.pk
