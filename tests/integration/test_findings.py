"""Findings of our rules: opened once, kept, closed, dismissed until what the rule read changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from manzanita.auditing.models import ChangeEvent
from manzanita.domain.judging import judge
from manzanita.domain.records import complete
from manzanita.exchange.believed import believed_rows
from manzanita.exchange.models import StateRecord
from manzanita.findings.actions import Stored, mark_changed, unmark
from manzanita.findings.models import ChangedStudent, FindingEvent, RuleFinding
from manzanita.findings.queries import changed_marks, finding_of, rule_counts, to_settle
from manzanita.findings.reasons import NotDone
from manzanita.findings.settling import (
    answer_question,
    ask_about_finding,
    assign_finding,
    dismiss_finding,
    reopen_finding,
)
from manzanita.platform.daily import enqueue_daily_jobs
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from manzanita.procedures import check_findings
from manzanita.procedures.check_findings import check_students, enqueue_check
from tests.support import pages
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.findings import LATE, corrected, judged, late_meeting, late_rows

pytestmark = pytest.mark.django_db


def kinds(finding: RuleFinding) -> list[str]:
    return [event.kind for event in finding.events.order_by("pk")]


def refused(act, **arguments) -> list[str]:
    with pytest.raises(NotDone) as told:
        act(**arguments)
    for reason in told.value.reasons:
        assert reason.text.endswith(".") and reason.way_out.endswith("."), reason
    return [reason.code for reason in told.value.reasons]


def dismiss(world, finding, **changes):
    arguments = {
        "actor": world.coordinator_actor,
        "finding": finding,
        "reason": "The family asked for the day",
        "seen_inputs": finding.inputs,
    }
    return dismiss_finding(**{**arguments, **changes})


# What the rules say


def test_a_finding_says_whose_it_is_and_what_was_seen(small_world):
    _, found = late_meeting(small_world)
    assert (found.state, found.severity, found.phase, found.kind) == ("open", "warning", "input", "local")
    assert (found.lea_code, found.school_code, found.record) == (w.LEA, w.SCHOOL, "MEET")
    assert found.student_id == small_world.students["alder"].pk
    assert found.record_key == f"MEET|{w.LEA}|{w.SSIDS['alder']}|20261120"
    assert found.fields == ["24.15", "24.17", "24.18"]
    assert found.values == {"24.15": "20261120", "24.17": "Y", "24.18": ""}
    assert found.message.startswith(
        "The meeting was held on 2026-11-20; the plan review was due on 2026-11-14"
    )
    assert found.first_seen_at == found.opened_at == found.last_seen_at == w.NOON
    assert kinds(found) == ["opened"]


def test_judging_again_keeps_a_finding_and_its_age(small_world, noon):
    _, found = late_meeting(small_world)
    noon.move_to(w.NOON + timedelta(days=3))
    assert check_students([found.student_id]) == Stored(opened=0, returned=0, kept=1, closed=0)
    again = RuleFinding.objects.get()
    assert (again.pk, again.opened_at) == (found.pk, w.NOON)
    assert again.last_seen_at == w.NOON + timedelta(days=3)
    assert kinds(again) == ["opened"]


def test_a_finding_closes_with_its_cause_and_opens_as_the_same_one(small_world, noon):
    stored, found = late_meeting(small_world)
    stored = corrected(small_world, stored, **{"24.18": "30"})
    found.refresh_from_db()
    assert (found.state, found.closed_at) == ("closed", w.NOON)
    noon.move_to(w.NOON + timedelta(days=2))
    corrected(small_world, stored, **{"24.18": ""})
    again = RuleFinding.objects.get()
    assert (again.pk, again.state, again.closed_at) == (found.pk, "open", None)
    assert (again.first_seen_at, again.opened_at) == (w.NOON, w.NOON + timedelta(days=2))
    assert kinds(again) == ["opened", "closed", "opened"]


def test_a_rule_that_reads_several_records_speaks_of_the_enrollment_too(small_world):
    """On Census Day, October 7, Towhee attends here, and the plan in effect is the other district's."""
    archive(small_world.students["towhee"], [("PLAN", w.plan("towhee", "20260401", w.OTHER_LEA))])
    judged(small_world)
    found = RuleFinding.objects.get(rule_code="SENR0606F1")
    assert (found.severity, found.phase, found.record, found.lea_code) == ("fatal", "fall1", "SENR", w.LEA)


def test_what_a_sis_file_lacks_here_is_not_held_against_the_enrollment(small_world):
    """Of an enrollment we keep a few fields: that the others are empty is no finding."""
    rows = believed_rows([small_world.students["alder"].pk])
    said = judge(rows, as_of=w.TODAY, year="2026-2027")
    judged(small_world)
    assert [one.finding.code for of_student in said.values() for one in of_student] == []
    assert not RuleFinding.objects.exists()


def test_one_student_s_records_do_not_weigh_on_another_s(small_world):
    """Two students without an SSID share the keys of their records; each is judged alone."""
    blank = {"24.06": ""}
    rows = {
        number: {
            "MEET": [complete("MEET", w.meet("alder", day, **blank))],
            "SWDS": [],
            "PLAN": [],
            "SERV": [],
        }
        for number, day in ((1, "20241120"), (2, "20261120"))
    }
    together = judge({**rows}, as_of=w.TODAY, year="2026-2027")
    assert LATE not in {one.finding.code for of_student in together.values() for one in of_student}
    alone = {
        number: judge({number: rows[number]}, as_of=w.TODAY, year="2026-2027")[number] for number in rows
    }
    assert together == alone


def test_a_shared_ssid_is_judged_apart_too(small_world):
    rows = {
        number: {"MEET": [complete("MEET", w.meet("alder", day))], "SWDS": [], "PLAN": [], "SERV": []}
        for number, day in ((1, "20241120"), (2, "20261120"))
    }
    together = judge(rows, as_of=w.TODAY, year="2026-2027")
    assert not any(one.finding.code == LATE for of_student in together.values() for one in of_student)


@pytest.mark.parametrize("count", [1, 20])
def test_judging_costs_the_same_for_few_and_many(small_world, django_assert_num_queries, count):
    many = pages.many_students(count)
    for number, student in enumerate(many):
        values = {**w.plan("alder", "20261123"), "23.06": f"99001{number:05}", "23.16": ""}
        archive(student, [("PLAN", values)])
    ids = [student.pk for student in many]
    check_students(ids)
    # savepoint, lock; report statuses, archives 2, SSIDs, what the state holds, enrollments 3; names of agencies;
    # savepoint, findings, last seen; both savepoints released
    with django_assert_num_queries(16):
        assert check_students(ids).kept == 2 * count


# When


def test_whatever_changes_a_student_s_records_marks_the_student(small_world):
    ChangedStudent.objects.all().delete()
    archive(small_world.students["alder"], late_rows())
    assert [mark.student_id for mark in changed_marks(10)] == [small_world.students["alder"].pk]
    assert enqueue_check() and not enqueue_check()
    run_jobs_now(raises_errors=True)
    assert RuleFinding.objects.get().rule_code == LATE
    assert changed_marks(10) == [] and not enqueue_check()


def test_a_mark_set_again_meanwhile_stays(small_world, noon):
    ChangedStudent.objects.all().delete()
    mark_changed([1, 2])
    seen = changed_marks(10)
    noon.move_to(w.NOON + timedelta(seconds=1))
    mark_changed([2])
    unmark(seen)
    assert [mark.student_id for mark in changed_marks(10)] == [2]


def test_a_killed_worker_leaves_nothing_half(small_world, monkeypatch):
    """The second batch breaks off after its findings were stored: they are taken back, and its student stays marked."""
    for name in ("alder", "towhee"):
        archive(small_world.students[name], [("PLAN", w.plan(name, "20261123", **{"23.16": ""}))])
    ChangedStudent.objects.all().delete()
    monkeypatch.setattr(check_findings, "AT_ONCE", 1)
    mark_changed([small_world.students[name].pk for name in ("alder", "towhee")])
    calls = []

    def killed(marks):
        calls.append(marks)
        if len(calls) == 2:
            raise RuntimeError("killed")
        unmark(marks)

    monkeypatch.setattr(check_findings, "unmark", killed)
    job = Job.objects.create(kind=check_findings.CHECK_JOB, args={}, reach=["*"], max_attempts=1)
    run_jobs_now()
    job.refresh_from_db()
    assert job.state == "failed"
    told = set(RuleFinding.objects.values_list("student_id", flat=True))
    assert told == {small_world.students["alder"].pk}
    assert [mark.student_id for mark in changed_marks(10)] == [small_world.students["towhee"].pk]
    enqueue_check()
    run_jobs_now(raises_errors=True)
    assert set(RuleFinding.objects.values_list("student_id", flat=True)) == {
        small_world.students[name].pk for name in ("alder", "towhee")
    }


def test_judging_many_lets_others_have_the_worker_in_between(small_world, monkeypatch):
    monkeypatch.setattr(check_findings, "AT_ONCE", 1)
    monkeypatch.setattr(check_findings, "_LONGEST_SECONDS", 0)
    ChangedStudent.objects.all().delete()
    mark_changed([small_world.students[name].pk for name in ("alder", "towhee", "sage")])
    for left in (2, 1, 0):
        assert enqueue_check()
        run_jobs_now(raises_errors=True)
        assert len(changed_marks(10)) == left
    assert not enqueue_check()


def test_every_night_everybody_is_judged(small_world):
    archive(small_world.students["alder"], late_rows())
    ChangedStudent.objects.all().delete()
    enqueue_daily_jobs()
    run_jobs_now(raises_errors=True)
    # Yarrow is in general education: there is no record of hers to judge.
    assert {mark.student_id for mark in changed_marks(10)} == {
        small_world.students[name].pk for name in ("alder", "towhee", "sage")
    }


# Dismissing


def test_a_dismissal_lasts_until_a_value_changes_that_the_rule_reads(small_world, noon):
    stored, found = late_meeting(small_world)
    assert dismiss(small_world, found)
    judged(small_world)
    found.refresh_from_db()
    assert (found.state, found.dismissed_by_id) == ("dismissed", small_world.coordinator.pk)
    assert found.dismissed_reason == "The family asked for the day"

    noon.move_to(w.NOON + timedelta(days=5))
    corrected(small_world, stored, **{"24.14": "40"})
    found.refresh_from_db()
    assert (found.state, found.opened_at) == ("open", w.NOON + timedelta(days=5))
    assert found.dismissed_reason == "The family asked for the day"
    assert kinds(found) == ["opened", "dismissed", "returned"]


def test_what_a_rule_does_not_read_ends_no_dismissal(small_world):
    """A tab in the local id: the rule about texts reads that field and nothing else."""
    rows = late_rows(**{"24.18": "30", "24.07": "L\t5"})
    stored = archive(small_world.students["alder"], rows)
    judged(small_world)
    found = RuleFinding.objects.get()
    assert (found.rule_code, found.fields) == ("MZ-TEXT", ["24.07"])
    dismiss(small_world, found)
    stored = corrected(small_world, stored, **{"24.18": "10", "24.07": "L\t5"})
    found.refresh_from_db()
    assert found.state == "dismissed"
    corrected(small_world, stored, **{"24.18": "10", "24.07": "L\t6"})
    found.refresh_from_db()
    assert found.state == "open"


def test_a_record_beside_it_is_read_too(small_world):
    """The due date comes from the review before: with another one the dismissal speaks of something else."""
    _, found = late_meeting(small_world)
    dismiss(small_world, found)
    archive(small_world.students["alder"], [("MEET", w.meet("alder", "20251101"))])
    judged(small_world)
    found.refresh_from_db()
    assert found.state == "open"


def test_the_same_values_again_are_dismissed_again(small_world):
    stored, found = late_meeting(small_world)
    dismiss(small_world, found)
    stored = corrected(small_world, stored, **{"24.18": "30"})
    found.refresh_from_db()
    assert found.state == "closed"
    corrected(small_world, stored, **{"24.18": ""})
    found.refresh_from_db()
    assert found.state == "dismissed"
    assert kinds(found) == ["opened", "dismissed", "lapsed", "resumed"]


def test_only_a_warning_is_dismissed(small_world):
    _, found = late_meeting(small_world)
    for severity, code in (
        ("fatal", "fatal-is-mended"),
        ("not_evaluated", "undecided-is-completed"),
        ("info", "remark-needs-nothing"),
    ):
        RuleFinding.objects.update(severity=severity)
        found.refresh_from_db()
        assert refused(dismiss, world=small_world, finding=found) == [code]
    assert not FindingEvent.objects.filter(kind="dismissed").exists()


def test_a_dismissal_needs_a_reason_and_the_values_that_were_seen(small_world):
    _, found = late_meeting(small_world)
    assert refused(dismiss, world=small_world, finding=found, reason=" \0 ") == ["no-words"]
    assert refused(dismiss, world=small_world, finding=found, seen_inputs="other") == ["values-changed"]
    RuleFinding.objects.update(state="closed", closed_at=w.NOON)
    found.refresh_from_db()
    assert refused(dismiss, world=small_world, finding=found) == ["finding-closed"]


def test_two_people_dismiss_at_once_and_the_first_one_s_reason_stands(small_world):
    _, found = late_meeting(small_world)
    second = RuleFinding.objects.get(pk=found.pk)
    dismiss(small_world, found)
    with pytest.raises(NotDone) as told:
        dismiss(small_world, second, actor=small_world.case_manager_actor, reason="Mine")
    (reason,) = told.value.reasons
    assert reason.code == "dismissed-before"
    assert reason.text == "Juniper Mockup has dismissed it already: The family asked for the day"
    found.refresh_from_db()
    assert (found.dismissed_by_id, kinds(found)) == (small_world.coordinator.pk, ["opened", "dismissed"])


def test_a_second_click_changes_nothing(small_world):
    _, found = late_meeting(small_world)
    second = RuleFinding.objects.get(pk=found.pk)
    assert dismiss(small_world, found) is True
    assert dismiss(small_world, second) is False
    assert kinds(found) == ["opened", "dismissed"]
    assert ChangeEvent.objects.filter(action="dismiss_finding").count() == 1


def test_a_dismissal_is_taken_back(small_world):
    _, found = late_meeting(small_world)
    dismiss(small_world, found)
    assert reopen_finding(actor=small_world.coordinator_actor, finding=found) is True
    assert reopen_finding(actor=small_world.coordinator_actor, finding=found) is False
    judged(small_world)
    found.refresh_from_db()
    assert (found.state, kinds(found)) == ("open", ["opened", "dismissed", "returned"])


def test_what_is_noted_of_a_dismissal_holds_no_value(small_world):
    _, found = late_meeting(small_world)
    dismiss(small_world, found)
    event = ChangeEvent.objects.get(action="dismiss_finding")
    assert (event.student_id, event.reason) == (found.student_id, "The family asked for the day")
    assert event.detail == {"rule": LATE}


# Giving, asking, answering


def test_a_finding_is_given_to_who_can_settle_it(small_world):
    _, found = late_meeting(small_world)
    actor, manager = small_world.coordinator_actor, small_world.case_manager.pk
    give = {"actor": actor, "finding": found, "candidates": [manager]}
    assert refused(assign_finding, to_id=0, **give) == ["nobody-chosen"]
    assert assign_finding(to_id=manager, **give) is True
    assert assign_finding(to_id=manager, **give) is False
    assert RuleFinding.objects.get().assignee_id == manager
    assert assign_finding(to_id=None, **give) is True
    assert assign_finding(to_id=None, **give) is False
    assert kinds(found) == ["opened", "assigned", "assigned"]
    RuleFinding.objects.update(state="closed", closed_at=w.NOON)
    assert refused(assign_finding, to_id=manager, **give) == ["finding-closed"]


def test_who_is_asked_answers_and_nobody_else(small_world):
    _, found = late_meeting(small_world)
    actor, manager = small_world.coordinator_actor, small_world.case_manager_actor
    ask = {"actor": actor, "finding": found, "candidates": {manager.user_id: "Wren"}}
    assert refused(ask_about_finding, of_id=None, question=" ", **ask) == ["nobody-chosen", "no-words"]
    assert refused(answer_question, actor=manager, finding=found, answer="30") == ["not-asked"]
    assert ask_about_finding(of_id=manager.user_id, question="Why was it late?", **ask) is True
    assert ask_about_finding(of_id=manager.user_id, question="Why was it late?", **ask) is False
    assert refused(answer_question, actor=actor, finding=found, answer="30") == ["not-asked"]
    assert to_settle(manager).asked == 1 and to_settle(actor).asked == 0
    assert answer_question(actor=manager, finding=found, answer="The family was ill") is True
    assert answer_question(actor=manager, finding=found, answer="The family was ill") is False
    found.refresh_from_db()
    assert (found.answer, to_settle(manager).asked) == ("The family was ill", 0)
    assert kinds(found) == ["opened", "asked", "answered"]


# What the rules have said lately


def test_the_statistics_of_a_rule_are_its_events(small_world, noon):
    """Opened 40 days ago, closed 10 days ago, opened 2 days ago, dismissed today."""
    noon.move_to(w.NOON - timedelta(days=40))
    stored, found = late_meeting(small_world)
    noon.move_to(w.NOON - timedelta(days=10))
    stored = corrected(small_world, stored, **{"24.18": "30"})
    noon.move_to(w.NOON - timedelta(days=2))
    corrected(small_world, stored, **{"24.18": ""})
    # Seen from back then the meeting lies ahead, which another rule says.
    (count,) = [one for one in rule_counts(small_world.coordinator_actor) if one.code == LATE]
    assert (count.open, count.opened, count.closed, count.dismissed) == (1, 1, 1, 0)
    noon.move_to(w.NOON)
    found.refresh_from_db()
    dismiss(small_world, found)
    (count,) = [one for one in rule_counts(small_world.coordinator_actor) if one.code == LATE]
    assert (count.code, count.open, count.opened, count.closed, count.dismissed) == (LATE, 0, 1, 1, 1)
    # Ends of days: 9/28, 10/5, 10/12 none; 10/19 (opened on the 14th) to 11/9 one; closed on 11/13; today dismissed.
    assert count.weeks == [0, 0, 0, 1, 1, 1, 1, 0, 0]


def test_a_stranger_counts_nothing(small_world):
    from manzanita.accounts.queries import actor_of

    late_meeting(small_world)
    person = pages.other_coordinator(small_world)
    stranger = actor_of(person, person.grants.get())
    assert rule_counts(stranger) == [] and to_settle(stranger).count == 0


def test_a_chosen_school_narrows_the_lists_but_closes_no_page(small_world):
    _, found = late_meeting(small_world)
    actor = small_world.coordinator_actor
    here, there = replace(actor, at_school=w.SCHOOL), replace(actor, at_school=w.OTHER_SCHOOL)
    assert (to_settle(here).count, to_settle(there).count) == (1, 0)
    assert len(rule_counts(here)) == 1 and rule_counts(there) == []
    assert finding_of(there, found.pk) == found


def test_a_fatal_one_closes_when_the_value_is_right(small_world):
    student = small_world.students["towhee"]
    wrong = archive(student, [("PLAN", w.plan("towhee", "20261123", **{"23.15": ""}))])
    judged(small_world)
    found = RuleFinding.objects.get(rule_code="GERR0001")
    assert (found.severity, found.fields, found.values) == ("fatal", ["23.15"], {"23.15": ""})
    archive(
        student,
        [("PLAN", w.plan("towhee", "20261123", **{"23.15": "240", "23.16": ""}))],
        cause="correction",
        supersedes=wrong,
    )
    judged(small_world)
    found.refresh_from_db()
    assert found.state == "closed"


def test_a_finished_review_leaves_nothing(small_world):
    archive(small_world.students["alder"], review_rows())
    assert date(2026, 11, 20) == pages.HELD_ON
    judged(small_world)
    assert not RuleFinding.objects.exists()


def test_a_status_that_the_state_took_before_our_file_begins_is_no_defect(small_world):
    """Alder's status of November 2020 stands at the state; the SIS has sent enrollments since August 14, 2023 only."""
    alder = small_world.students["alder"]
    values = {
        "22.01": "SWDS",
        "22.04": w.LEA,
        "22.05": "2020-2021",
        "22.06": w.SSIDS["alder"],
        "22.10": "20201110",
        "22.11": "20201110",
        "22.12": "1",
    }
    archive(alder, [("SWDS", values)])
    check_students([alder.pk])
    found = RuleFinding.objects.get(student_id=alder.pk, rule_code="GERR0005")
    assert found.severity == "fatal" and "Chaparral Unified (9910017)" in found.message

    StateRecord.objects.create(
        lea_code=w.LEA,
        student_id=alder.pk,
        record="SWDS",
        record_key=found.record_key,
        key_on=date(2020, 11, 10),
        values=complete("SWDS", values),
        learned_at=w.NOON,
        learned_from="reply",
    )
    check_students([alder.pk])
    found.refresh_from_db()
    assert found.severity == "warning" and found.state == "open"
    assert "our file begins later" in found.message and "2023-08-14" in found.message
