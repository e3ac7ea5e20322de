"""A planned program setting: nothing before its day, recorded in the night to it, and what keeps it from that."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.archive.models import Archive
from manzanita.auditing.models import ChangeEvent
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.planned_settings import carry_out_settings, due_settings, why_left
from manzanita.students.models import BatchEdit, NextSetting
from manzanita.students.queries import facts_of
from tests.support import five
from tests.support import world as w
from tests.support.five import at

FIFTH = date(2026, 12, 10)


@pytest.fixture
def clover(small_world):
    return five.child("Clover", date(2021, 12, 10))


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def planned(client, clover):
    batch = five.plan_setting(client, [clover])
    assert batch.lines.get().state == "done"
    return NextSetting.objects.believed().get()


def lines(archive: Archive) -> list[dict[str, str]]:
    return [
        {number: text for number, text in row.values.items() if text}
        for row in archive.records.order_by("id")
    ]


def test_the_own_day_is_the_fifth_birthday_and_nothing_changes_before_it(planned, clover, noon):
    assert (planned.program_setting_code, planned.general_education_percent) == ("400", "80")
    assert (planned.starts_on, planned.effective_from, planned.effective_to) == (FIFTH, w.TODAY, None)
    noon.move_to(at("2026-12-09T23:59:00"))
    assert carry_out_settings() == {"done": 0, "stayed": 0}
    assert facts_of(clover).plan_on(FIFTH).program_setting_code == "201"
    assert not Archive.objects.filter(student_id=clover.pk).exists()


def test_on_the_day_the_change_is_recorded_with_its_archive_and_its_reason(
    small_world, planned, clover, noon
):
    noon.move_to(at("2026-12-10T00:01:00"))
    assert carry_out_settings() == {"done": 1, "stayed": 0}
    archive = Archive.objects.get(student_id=clover.pk)
    assert (archive.cause, archive.event_on, archive.reason) == (
        "procedure",
        FIFTH,
        "Turns five in kindergarten",
    )
    plan, service = lines(archive)
    assert plan == {
        "23.01": "PLAN",
        "23.04": "9910017",
        "23.05": "2026-2027",
        "23.06": "9900700000",
        "23.07": "S000",
        "23.08": "SE-9000",
        "23.09": "9901",
        "23.10": "9910017",
        "23.11": "100",
        "23.12": "20261210",
        "23.13": "2",
        "23.14": "210",
        "23.15": "240",
        "23.20": "400",
        "23.23": "80",
        "23.33": "N",
    }
    assert (service["25.11"], service["25.17"]) == ("415", "20261210")
    facts = facts_of(clover)
    assert facts.plan_on(date(2026, 12, 9)).program_setting_code == "201"
    assert facts.plan_on(FIFTH).program_setting_code == "400"
    # It is planned no more; that it was is kept.
    assert (
        not NextSetting.objects.believed().exists()
        or NextSetting.objects.believed().get().effective_to == date(2026, 12, 9)
    )
    assert not due_settings().exists()
    event = ChangeEvent.objects.get(action="carry_out_setting")
    assert (event.actor_user_id, event.reason) == (small_world.coordinator.pk, "Turns five in kindergarten")
    # A second run finds nothing.
    assert carry_out_settings() == {"done": 0, "stayed": 0}
    assert Archive.objects.filter(student_id=clover.pk).count() == 1


def test_a_night_that_was_missed_is_made_up_with_the_day_that_was_planned(planned, clover, noon):
    noon.move_to(at("2026-12-14T00:01:00"))
    assert carry_out_settings() == {"done": 1, "stayed": 0}
    assert facts_of(clover).plan_on(FIFTH).program_setting_code == "400"


def test_who_ended_the_grant_ended_what_was_planned_under_it(small_world, planned, clover, noon):
    grant = small_world.coordinator_grant
    grant.ends_on = date(2026, 12, 1)
    grant.save()
    noon.move_to(at("2026-12-10T00:01:00"))
    assert carry_out_settings() == {"done": 0, "stayed": 1}
    (reason,) = why_left(planned)
    assert (reason.code, str(reason.owner)) == ("grant-ended", "SEDS coordinator")
    assert due_settings().get().pk == planned.pk


def test_a_plan_that_came_in_between_keeps_its_own_setting(planned, clover, noon):
    plan = facts_of(clover).plan_on(w.TODAY)
    other = {name: getattr(plan, name) for name in type(plan).content} | {"program_setting_code": "300"}
    five.stated("plan", {"student_id": clover.pk}, other, FIFTH)
    noon.move_to(at("2026-12-10T00:01:00"))
    assert carry_out_settings() == {"done": 0, "stayed": 1}
    assert [one.code for one in why_left(planned)] == ["team-said"]
    assert facts_of(clover).plan_on(FIFTH).program_setting_code == "300"


def test_the_batch_is_taken_back_before_its_day_and_not_after_it(client, planned, clover, noon):
    batch = BatchEdit.objects.get()
    client.post(f"/students/edits/{batch.public_id}", {"do": "undo"})
    run_jobs_now(raises_errors=True)
    assert batch.lines.get().state == "undone"
    assert not NextSetting.objects.believed().exists()


def test_after_its_day_the_batch_leaves_it_as_it_is(client, planned, clover, noon, small_world, sign_in):
    batch = BatchEdit.objects.get()
    noon.move_to(at("2026-12-10T09:00:00"))
    carry_out_settings()
    client = sign_in(small_world.coordinator)
    client.post(f"/students/edits/{batch.public_id}", {"do": "undo"})
    run_jobs_now(raises_errors=True)
    assert batch.lines.get().state == "kept"
    assert facts_of(clover).plan_on(FIFTH).program_setting_code == "400"


def test_born_on_february_29_it_is_recorded_on_the_28th(small_world, client, noon, sign_in):
    noon.move_to(at("2029-02-01T12:00:00"))
    leap = five.child("Sorrel", date(2024, 2, 29), number=1)
    grant = small_world.coordinator_grant
    assert grant.ends_on is None
    five.plan_setting(sign_in(small_world.coordinator), [leap])
    assert NextSetting.objects.believed().get().starts_on == date(2029, 2, 28)
    noon.move_to(at("2029-02-27T23:59:00"))
    assert carry_out_settings()["done"] == 0
    noon.move_to(at("2029-02-28T00:01:00"))
    assert carry_out_settings()["done"] == 1
    assert facts_of(leap).plan_on(date(2029, 2, 28)).program_setting_code == "400"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (
            {"value_next_setting": "400", "share_next_setting": ""},
            "is counted with the share of general education",
        ),
        ({"value_next_setting": "201", "share_next_setting": "80"}, "is not counted by a share"),
        ({"value_next_setting": "300", "share_next_setting": ""}, "Else the team decides."),
        ({"day_next_setting": "11/23/2026"}, "11/23/2026 has come"),
        ({"day_next_setting": "13/45/2027"}, "is no day"),
    ],
)
def test_what_cannot_be_planned_says_why(client, clover, sent, why):
    batch = five.plan_setting(client, [clover], **sent)
    line = batch.lines.get()
    assert line.state == "refused" and why in line.reason["text"]
    assert line.reason["owner"] and line.reason["source"]


@pytest.mark.parametrize(
    ("born", "grade", "code"),
    [
        (date(2021, 12, 10), "PS", "no-school-grade"),
        (None, "TK", "no-birth-date"),
        (date(2021, 11, 23), "TK", "day-come"),
        (date(2021, 11, 24), "TK", ""),
    ],
)
def test_whose_day_is_not_known_or_has_come_is_left_out_with_the_reason(
    client, small_world, born, grade, code
):
    batch = five.plan_setting(client, [five.child("Thistle", born, grade, number=2)])
    line = batch.lines.get()
    assert (line.state, line.reason.get("code", "")) == (("refused", code) if code else ("done", ""))


def test_a_child_of_preschool_gets_the_first_day_of_kindergarten(client, small_world):
    from manzanita.orgs.models import CalendarPeriod, CalendarVersion

    version = CalendarVersion.objects.create(
        lea_code=w.LEA,
        year="2027-2028",
        recorded_at=w.NOON,
        by_id=small_world.coordinator.pk,
        reason="test",
    )
    CalendarPeriod.objects.create(
        version=version, start_on=date(2027, 8, 11), end_on=date(2028, 6, 9), kind="term"
    )
    thistle = five.child("Thistle", date(2021, 12, 10), "PS", number=3)
    five.stated("next_year", {"student_id": thistle.pk}, {"grade_code": "KN"}, w.TODAY, date(2027, 6, 30))
    five.plan_setting(client, [thistle])
    assert NextSetting.objects.believed().get().starts_on == date(2027, 8, 11)
    # What the SIS sends goes before the calendar.
    yarrow = five.child("Vetch", date(2021, 12, 10), "PS", number=4, enrolled_until=date(2027, 6, 11))
    starts = date(2027, 8, 16)
    row = facts_of(yarrow).enrollments[0]
    values = {name: getattr(row, name) for name in type(row).content} | {"grade_code": "KN"}
    five.stated(
        "enrollment", {"student_id": yarrow.pk, "lea_code": w.LEA, "started_on": starts}, values, starts
    )
    five.plan_setting(client, [yarrow])
    assert NextSetting.objects.believed().get(student=yarrow).starts_on == starts
