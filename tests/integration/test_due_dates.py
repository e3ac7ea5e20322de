"""Stored due dates: counted when facts change, for whom they change, and no more than that."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from manzanita.accounts.models import RecordRequest
from manzanita.accounts.record_request_actions import refuse_record, request_record
from manzanita.deadlines.jobs import NIGHTLY_JOB, STALE_JOB, enqueue_stale
from manzanita.deadlines.marks import students_have_changed
from manzanita.deadlines.models import DueDate, StaleCalendar, StaleStudent
from manzanita.deadlines.queries import traced
from manzanita.deadlines.recompute import (
    Recomputed,
    recompute,
    recompute_calendar,
    recompute_everybody,
    recompute_stale,
)
from manzanita.domain.calendars import Period, PeriodKind
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import cancel_meeting, open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import reasons_not_to_open
from manzanita.orgs.actions import set_policy
from manzanita.orgs.calendar_actions import save_calendar
from manzanita.orgs.models import Agency
from manzanita.platform.daily import enqueue_daily_jobs
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.procedures.finalize import finalize_meeting
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Plan, SpecialEducationStatus, Student
from manzanita.students.queries import facts_of
from manzanita.web.student_file import load_student
from manzanita.web.student_timeline import lanes_of
from tests.support import world as w
from tests.support.pages import enrollment

pytestmark = pytest.mark.django_db

TERM = Period(date(2026, 8, 12), date(2027, 6, 4), PeriodKind.TERM, w.LEA)
THANKSGIVING = Period(date(2026, 11, 23), date(2026, 11, 27), PeriodKind.BREAK, w.LEA)
WINTER = Period(date(2026, 12, 21), date(2027, 1, 1), PeriodKind.BREAK, w.LEA)


@pytest.fixture
def counted(small_world):
    recompute_stale()
    return small_world


def clocks_of(world, name: str) -> dict[str, DueDate]:
    rows = DueDate.objects.filter(student=world.students[name])
    found = {row.clock: row for row in rows}
    assert len(found) == rows.count()
    return found


def evaluation(world, name: str = "yarrow", consent_on: date = date(2026, 11, 16)):
    meeting = open_meeting(
        actor=world.coordinator_actor,
        student=world.students[name],
        event=EVENTS["b_initial"],
        evaluation=Evaluation(consent_on),
    )
    recompute_stale()
    return meeting


def calendar(world, *periods: Period, seen: int | None = None):
    return save_calendar(
        actor=world.coordinator_actor,
        lea_code=w.LEA,
        year="2026-2027",
        periods=[TERM, *periods],
        reason="test",
        seen=seen,
    )


def test_counting_takes_the_marks_away_and_stores_the_dates_with_what_they_are_of(small_world):
    DueDate.objects.all().delete()
    students_have_changed([student.pk for student in small_world.students.values()])
    done = recompute_stale()
    assert not StaleStudent.objects.exists()
    assert done.students == 4 and done.new == DueDate.objects.count()
    rows = clocks_of(small_world, "alder")
    assert rows.keys() == {"annual-review", "triennial"}
    annual = rows["annual-review"]
    assert (annual.due_on, annual.statutory_due_on, annual.state_due_on) == (date(2026, 11, 14),) * 3
    assert (annual.started_on, annual.given) == (date(2025, 11, 14), {"last_iep_on": "2025-11-14"})
    assert (annual.lea_code, annual.school_code, annual.meeting_id) == (w.LEA, w.SCHOOL, None)
    assert annual.confidence == "seen" and annual.problem == "" and annual.computed_at == w.NOON
    assert clocks_of(small_world, "yarrow") == {}
    assert (
        DueDate.objects.get(student=small_world.students["sage"], clock="annual-review").lea_code
        == w.OTHER_LEA
    )


def test_counting_again_writes_nothing(counted):
    ids = [student.pk for student in counted.students.values()]
    before = DueDate.objects.count()
    assert recompute(ids) == Recomputed(students=4, same=before)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        recompute(ids)
    assert not [one for one in asked if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_any_number_of_students_needs_the_same_number_of_queries(counted):
    ids = [student.pk for student in counted.students.values()]
    numbers = []
    for some in (ids[:1], ids):
        with CaptureQueriesContext(connection) as asked:
            recompute(some)
        numbers.append(len(asked))
    assert numbers[0] == numbers[1] <= 22


def test_opening_holding_and_canceling_a_meeting_moves_the_clocks(counted):
    student = counted.students["alder"]
    meeting = open_meeting(actor=counted.coordinator_actor, student=student, event=EVENTS["annual"])
    recompute_stale()
    rows = clocks_of(counted, "alder")
    assert rows["annual-review"].meeting_id == meeting.pk
    # Opened on November 23: 7 of November, 31, 31, 21 of February.
    assert rows["leftover-meeting"].due_on == date(2027, 2, 21)
    hold_meeting(
        actor=counted.coordinator_actor, meeting=meeting, held_on=date(2026, 11, 20), delay_code="90"
    )
    recompute_stale()
    assert clocks_of(counted, "alder")["annual-review"].due_on == date(2027, 11, 20)
    cancel_meeting(actor=counted.coordinator_actor, meeting=meeting, reason="Entered by mistake")
    recompute_stale()
    rows = clocks_of(counted, "alder")
    assert rows.keys() == {"annual-review", "triennial"}
    assert rows["annual-review"].due_on == date(2026, 11, 14)


def test_a_fact_that_changes_marks_its_student_and_one_said_again_does_not(counted):
    student = counted.students["alder"]
    row = SpecialEducationStatus.objects.as_of(effective=w.TODAY).get(student=student)
    values = {name: getattr(row, name) for name in SpecialEducationStatus.content}
    slot = {"student_id": student.pk}
    said = Statement(slot, values, row.effective_from, row.effective_to)
    state_student_facts("status", [said], by_id=None, cause="test")
    assert not StaleStudent.objects.exists()
    ends = Statement(slot, {**values, "status_code": "2"}, w.TODAY)
    state_student_facts("status", [ends], by_id=None, cause="test")
    assert [mark.student_id for mark in StaleStudent.objects.all()] == [student.pk]
    recompute_stale()
    assert clocks_of(counted, "alder") == {}


def test_leaving_ends_the_clocks_here(counted):
    student = counted.students["alder"]
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": date(2023, 8, 14)}
    statement = Statement(slot, None, w.TODAY)
    state_student_facts("enrollment", [statement], by_id=None, cause="test")
    recompute_stale()
    assert clocks_of(counted, "alder") == {}


def test_a_student_of_another_selpa_s_plan_is_to_be_reviewed_within_thirty_days(counted):
    """Sage moves here from Heron Creek, which is of the same SELPA, and then is of another."""
    student = counted.students["sage"]
    gone = {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": date(2023, 8, 14)}
    here = {"student_id": student.pk, "lea_code": w.LEA, "started_on": date(2026, 11, 2)}
    values = {
        "school_code": w.SCHOOL,
        "nps_code": "",
        "status_code": "10",
        "grade_code": "05",
        "exit_reason_code": "",
        "completion_code": "",
        "residence_code": "",
        "local_student_id": "L1",
    }
    moves = [Statement(gone, None, date(2026, 11, 2)), Statement(here, values, date(2026, 11, 2))]
    state_student_facts("enrollment", moves, by_id=None, cause="test")
    recompute_stale()
    assert "transfer-30" not in clocks_of(counted, "sage")
    Agency.objects.filter(code=w.OTHER_LEA).update(selpa_code="9999")
    recompute([student.pk])
    row = clocks_of(counted, "sage")["transfer-30"]
    assert (row.due_on, row.about, row.lea_code) == (date(2026, 12, 2), "enrollment:2026-11-02", w.LEA)


def test_an_adoption_by_the_office_does_not_end_the_thirty_days(counted):
    """Sage's plan of another SELPA is adopted, amended, and reviewed; inside the SELPA there is no date at all."""
    student = counted.students["sage"]
    gone = {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": date(2023, 8, 14)}
    here = {"student_id": student.pk, "lea_code": w.LEA, "started_on": date(2026, 11, 2)}
    moves = [
        Statement(gone, None, date(2026, 11, 2)),
        Statement(here, enrollment("L1"), date(2026, 11, 2)),
    ]
    state_student_facts("enrollment", moves, by_id=None, cause="test")
    Agency.objects.filter(code=w.OTHER_LEA).update(selpa_code="9999")
    asked = Asked("adopt", date(2026, 11, 2), "Read on the phone.")
    record_change(actor=counted.coordinator_actor, student=student, asked=asked)
    recompute_stale()
    row = clocks_of(counted, "sage")["transfer-30"]
    assert (row.due_on, row.lea_code) == (date(2026, 12, 2), w.LEA)
    # The time line says the same day.
    file = load_student(counted.coordinator_actor, student.public_id)
    (lane,) = [one for one in lanes_of(file) if one.name == "Due dates"]
    marks = [one for one in lane.items if one.on == date(2026, 12, 2)]
    assert [(one.label, one.is_open) for one in marks] == [("IEP after the transfer 12/02/2026", True)]
    facts = facts_of(student)
    assert facts.plan_on(w.TODAY).lea_code == w.LEA
    # The review that the date asks for may be opened, and the one that the team keeps it by tells nothing.
    assert not reasons_not_to_open(
        counted.coordinator_actor, EVENTS["thirty_day"], facts, None, lea=w.LEA, today=w.TODAY
    )
    values = {name: getattr(facts.plan_on(w.TODAY), name) for name in Plan.content}
    slot, amended = {"student_id": student.pk}, values | {"reason_code": "2"}
    state_student_facts("plan", [Statement(slot, amended, date(2026, 11, 9))], by_id=None, cause="test")
    recompute_stale()
    assert "transfer-30" in clocks_of(counted, "sage")
    Agency.objects.filter(code=w.OTHER_LEA).update(selpa_code=w.SELPA)
    recompute([student.pk])
    assert "transfer-30" not in clocks_of(counted, "sage")
    Agency.objects.filter(code=w.OTHER_LEA).update(selpa_code="9999")
    new = values | {"reason_code": "1"}
    state_student_facts("plan", [Statement(slot, new, date(2026, 11, 16))], by_id=None, cause="test")
    recompute_stale()
    assert "transfer-30" not in clocks_of(counted, "sage")


def test_the_review_after_an_adoption_tells_nothing_and_ends_the_thirty_days(counted):
    student = counted.students["sage"]
    gone = {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": date(2023, 8, 14)}
    here = {"student_id": student.pk, "lea_code": w.LEA, "started_on": date(2026, 11, 2)}
    moves = [
        Statement(gone, None, date(2026, 11, 2)),
        Statement(here, enrollment("L1"), date(2026, 11, 2)),
    ]
    state_student_facts("enrollment", moves, by_id=None, cause="test")
    Agency.objects.filter(code=w.OTHER_LEA).update(selpa_code="9999")
    actor = counted.coordinator_actor
    asked = Asked("adopt", date(2026, 11, 2), "Read on the phone.")
    record_change(actor=actor, student=student, asked=asked)
    meeting = open_meeting(actor=actor, student=student, event=EVENTS["thirty_day"])
    recompute_stale()
    assert clocks_of(counted, "sage")["transfer-30"].meeting_id == meeting.pk
    hold_meeting(actor=actor, meeting=meeting, held_on=date(2026, 11, 20), conclusion_key="adopted")
    archive = finalize_meeting(actor=actor, meeting=Meeting.objects.get(pk=meeting.pk))
    assert not archive.records.exists()
    recompute_stale()
    assert "transfer-30" not in clocks_of(counted, "sage")
    assert [one.reason_code for one in facts_of(student).plans if one.lea_code == w.LEA] == ["3"]


def test_thirty_days_do_not_begin_again_after_a_summer(counted):
    """Whoever was here in spring and is here again in August came in spring: the arrival's page says the same day."""
    student = counted.students["sage"]
    gone = {"student_id": student.pk, "lea_code": w.OTHER_LEA, "started_on": date(2023, 8, 14)}
    spring, autumn = (
        {"student_id": student.pk, "lea_code": w.LEA, "started_on": day}
        for day in (date(2026, 3, 2), date(2026, 8, 13))
    )
    moves = [
        Statement(gone, None, date(2026, 3, 2)),
        Statement(spring, enrollment("L1"), date(2026, 3, 2)),
        Statement(spring, None, date(2026, 6, 5)),
        Statement(autumn, enrollment("L1"), date(2026, 8, 13)),
    ]
    state_student_facts("enrollment", moves, by_id=None, cause="test")
    Agency.objects.filter(code=w.OTHER_LEA).update(selpa_code="9999")
    recompute([student.pk])
    row = clocks_of(counted, "sage")["transfer-30"]
    assert row.about == "enrollment:2026-03-02"


# Calendars


def test_a_calendar_moves_only_the_clocks_that_count_by_it(counted):
    evaluation(counted)
    row = clocks_of(counted, "yarrow")["initial-iep"]
    assert (row.statutory_due_on, row.state_due_on) == (date(2027, 1, 15), date(2027, 1, 15))
    assert row.confidence == "provisional"
    version = calendar(counted, THANKSGIVING, WINTER)
    assert [mark.lea_code for mark in StaleCalendar.objects.all()] == [w.LEA]
    assert recompute_stale() == Recomputed(students=1, changed=1)
    assert not StaleCalendar.objects.exists()
    row.refresh_from_db()
    # The worked example of the law, reading A.
    assert (row.statutory_due_on, row.due_on) == (date(2027, 1, 27), date(2027, 1, 15))
    # The same calendar saved again: looked at, and nothing to write.
    calendar(counted, THANKSGIVING, WINTER, seen=version.pk)
    assert recompute_stale() == Recomputed(students=1, same=1)


def test_another_reading_of_the_selpa_counts_anew(counted):
    evaluation(counted)
    calendar(counted, THANKSGIVING, WINTER)
    recompute_stale()
    set_policy(actor=counted.coordinator_actor, selpa_code=w.SELPA, key="tolling", value="C", reason="test")
    assert {mark.lea_code for mark in StaleCalendar.objects.all()} == {w.LEA, w.OTHER_LEA}
    recompute_stale()
    assert clocks_of(counted, "yarrow")["initial-iep"].statutory_due_on == date(2027, 1, 20)


def test_what_is_stored_counts_again_to_what_stands(counted):
    evaluation(counted)
    calendar(counted, THANKSGIVING, WINTER)
    recompute_stale()
    rows = list(DueDate.objects.all())
    for one in traced(rows):
        assert one.counted.due_on == one.row.due_on
        assert one.row.due_on is None or one.answer.trace
    assert recompute_calendar(w.LEA).changed == 0


# Requests for records


def test_a_request_for_the_record_runs_until_it_is_answered(counted):
    agency = Agency.objects.get(code=w.OTHER_LEA)
    request_record(
        actor=counted.coordinator_actor,
        agency=agency,
        student_id=counted.students["sage"].pk,
        reason="Enrolls here",
    )
    recompute_stale()
    row = clocks_of(counted, "sage")["records-to-new-lea"]
    # Monday, November 23, and five weekdays: no calendar of that LEA is known.
    assert (row.lea_code, row.due_on) == (w.OTHER_LEA, date(2026, 11, 30))
    other = replace(
        counted.coordinator_actor,
        agency_code=w.OTHER_LEA,
        agency_codes=(w.OTHER_LEA,),
        user_id=counted.case_manager.pk,
    )
    refuse_record(actor=other, request=RecordRequest.objects.get(), answer="Sage is not enrolling there")
    recompute_stale()
    assert "records-to-new-lea" not in clocks_of(counted, "sage")


# Jobs


def test_the_job_counts_whatever_is_marked_and_is_not_enqueued_twice(small_world):
    students_have_changed([student.pk for student in small_world.students.values()])
    assert enqueue_stale() is True
    assert enqueue_stale() is False
    run_jobs_now()
    assert Job.objects.get(kind=STALE_JOB).result["students"] == 4
    assert not StaleStudent.objects.exists()
    assert enqueue_stale() is False


def test_each_night_days_that_pass_begin_and_end_clocks(counted, noon):
    """Of somebody of sixteen and ten months nobody has told the student yet, and after the birthday it is too late."""
    alder = counted.students["alder"]
    born = date(2009, 11, 30)
    Student.unscoped.filter(pk=alder.pk).update(birth_on=born)
    recompute([alder.pk])
    assert clocks_of(counted, "alder").keys() >= {"majority-notice", "transition-plan"}
    noon.move_to(w.NOON + timedelta(days=8))
    Job.objects.all().delete()
    enqueue_daily_jobs()
    run_jobs_now()
    assert Job.objects.get(kind=NIGHTLY_JOB).result["students"] == 4
    found = clocks_of(counted, "alder").keys()
    assert "majority-notice" not in found and {"age-of-majority", "transition-plan"} <= found
    assert recompute_everybody() == Recomputed(students=4, same=DueDate.objects.count())


def test_a_mark_set_again_while_one_counts_stays(counted, noon, monkeypatch):
    from manzanita.deadlines import recompute as module

    alder = counted.students["alder"].pk
    students_have_changed([alder])
    counts = module.recompute

    def changed_meanwhile(ids, counting=None):
        done = counts(ids, counting)
        monkeypatch.setattr(module, "recompute", counts)
        noon.shift(timedelta(seconds=5))
        students_have_changed([alder])
        return done

    monkeypatch.setattr(module, "recompute", changed_meanwhile)
    recompute_stale(most=20)
    assert StaleStudent.objects.filter(student_id=alder).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("noon")
def test_a_few_are_counted_as_soon_as_the_transaction_commits():
    world = w.small_world()
    recompute_stale()
    open_meeting(actor=world.coordinator_actor, student=world.students["alder"], event=EVENTS["annual"])
    assert "leftover-meeting" in clocks_of(world, "alder")
    assert not StaleStudent.objects.filter(student_id=world.students["alder"].pk).exists()
