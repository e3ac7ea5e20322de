"""Offboarding: what each reason does to facts, archive and the state, written by hand in ``data/offboarding``; papers,
meetings, a day in the future, and the way back."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine

from manzanita.archive.models import Archive
from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute
from manzanita.domain.leaving import PaperSaid
from manzanita.domain.revocation import Letter
from manzanita.exchange.actions import prepare_submission, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import Operation
from manzanita.exchange.reporting import record_states, status_of
from manzanita.leaving.actions import report_participation
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.leaving.queries import still_here
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Meeting
from manzanita.platform.facts import Statement
from manzanita.procedures.assigning import Term, Wanted, apply_assignments, students_to_assign
from manzanita.procedures.assigning_undo import undo_assignments
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.procedures.leaving import LeavingAsked, cancel_leaving, preview_leaving, record_leaving
from manzanita.procedures.leaving_job import carry_out_planned
from manzanita.procedures.leaving_undo import undo_leaving
from manzanita.procedures.settling import records_to_settle
from manzanita.students.actions import FACT_MODELS, state_student_facts
from manzanita.students.caseload import Choice
from manzanita.students.models import CaseAssignment, Student
from manzanita.students.queries import facts_of
from manzanita.students.scope import listed_for
from tests.support import pages
from tests.support import world as w
from tests.support.cast import add_cast

DATA = Path(__file__).parents[1] / "data" / "offboarding" / "reasons.csv"
NOTE = "The office knows it from the family."
FRIDAY = date(2026, 11, 20)
LETTER = Letter(date(2026, 11, 13), "Maple Testcase")
ALL_PAPERS = {"notice": PaperSaid(date(2026, 11, 16)), "summary": PaperSaid(date(2026, 11, 20))}


def cases() -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def actor(small_world):
    return small_world.coordinator_actor


@pytest.fixture
def alder(small_world):
    return small_world.students["alder"]


def asked(reason: str, on: date | None = FRIDAY, **changes) -> LeavingAsked:
    return LeavingAsked(reason, on, **{"note": NOTE, "papers": ALL_PAPERS, "letter": LETTER, **changes})


def operations(student) -> list[tuple[str, str]]:
    rows = Operation.objects.filter(student_id=student.pk).order_by("position")
    return list(rows.values_list("kind", "record_key"))


def codes(refused: pytest.ExceptionInfo[NotPossible]) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def told(student) -> tuple:
    """What one sees of a student's facts, archives and plan at the state."""
    facts = facts_of(student)
    return (
        [(s.effective_from, s.effective_to, s.status_code, s.reason_code) for s in facts.statuses],
        [(p.effective_from, p.effective_to, p.general_education_percent) for p in facts.plans],
        [(s.service_no, s.effective_from, s.effective_to) for s in facts.services],
        [
            (one.effective_from, one.effective_to, one.user_id)
            for one in CaseAssignment.objects.believed().filter(student=student)
        ],
        operations(student),
    )


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["case"])
def test_each_reason_does_what_is_written_and_can_be_taken_back(small_world, actor, case):
    if case["student"] == "grebe":
        student = add_cast(["grebe"])["grebe"]
        record_change(actor=actor, student=student, asked=Asked("adopt", date(2026, 11, 2), NOTE))
    else:
        student = small_world.students[case["student"]]
    if case["born"]:
        Student.unscoped.filter(pk=student.pk).update(birth_on=date.fromisoformat(case["born"]))
        student.refresh_from_db()
    on = date.fromisoformat(case["on"])
    papers = {key: ALL_PAPERS[key] for key in case["papers"].split()}
    wanted = LeavingAsked(case["reason"], on, NOTE, papers, letter=LETTER)

    preview = preview_leaving(actor, student, wanted)
    assert preview.blockers == []
    assert case["says"] in " ".join(f"{one.text} {one.detail}" for one in preview.effects)
    before, count = told(student), Archive.objects.count()
    leaving = record_leaving(actor=actor, student=student, asked=wanted)

    assert leaving.state == "done"
    made = Archive.objects.count() - count
    assert made == (0 if case["archive"] == "none" else 1)
    lines = []
    if made:
        archive = Archive.objects.get(pk=leaving.archive_id)
        rows = list(archive.records.all())
        lines = [(row.record, *(row.values[n] for n in ("22.11", "22.12", "22.13"))) for row in rows]
        states = record_states(archive, rows, status=status_of(archive), is_superseded=False)
        if rows:
            assert {one.kind for one in states.values()} == {case["report"]}
    expected = ("SWDS", case["swds_starts"], case["swds_status"], case["swds_reason"])
    assert lines == ([expected] if case["archive"] == "yes" else [])
    if case["report"] == "do-not-report":
        assert status_of(Archive.objects.get(pk=leaving.adopted_archive_id)).choice == "none"
    if case["report"] != "will-send":
        assert operations(student) == []
    facts = facts_of(student)
    status = facts.status_on(w.TODAY)
    assert (status.status_code if status else "") == case["status_after"]
    assert ("yes" if facts.plan_on(w.TODAY) else "no") == case["plan_after"]
    assert not CaseAssignment.objects.as_of(effective=w.TODAY).filter(student=student).exists()
    if case["student"] == "alder":
        assert CaseAssignment.objects.as_of(effective=FRIDAY).filter(student=student).exists() == (
            case["reason"] != "no_show"
        )
    undo_leaving(actor=actor, leaving=leaving)
    assert told(student) == before


@pytest.mark.parametrize(
    ("reason", "is_explained"),
    [
        ("moved_out_of_state", True),
        ("revoked_consent", False),
        ("moved_continuing", False),
        ("diploma", True),
    ],
)
def test_the_day_between_the_last_day_here_and_the_plans_is_explained(actor, alder, reason, is_explained):
    """ "No services from" a day needs no word: the plan ends the day before."""
    effects = preview_leaving(actor, alder, asked(reason)).effects
    assert any("served through the last day" in one.detail for one in effects) == is_explained


def test_of_who_died_nobody_is_served_through_the_last_day(actor, alder):
    details = [one.detail for one in preview_leaving(actor, alder, asked("deceased")).effects]
    assert any("the plan closes before it." in one for one in details)


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        ("moved_out_of_state", "", "The SIS ends the enrollment as a transfer out of California."),
        (
            "moved_out_of_state",
            "E400",
            "The SIS has ended the enrollment on 11/20/2026, E400 Other or unknown. Ask the SIS staff to correct the "
            "exit. The SIS ends the enrollment as a transfer out of California.",
        ),
        (
            "dropped_out",
            "E400",
            "Nothing for the SIS staff. The SIS has ended the enrollment on 11/20/2026, E400 Other or unknown.",
        ),
        ("revoked_consent", "E400", "Nothing for the SIS: the enrollment goes on."),
    ],
)
def test_what_the_sis_has_done_already_is_not_asked_of_it_again(actor, alder, reason, code, words):
    if code:
        slot = {"student_id": alder.pk, "lea_code": w.LEA, "started_on": pages.START}
        ended = pages.enrollment("L0005") | {"exit_reason_code": code}
        state_student_facts(
            "enrollment",
            [Statement(slot, ended, pages.START, FRIDAY, is_whole_slot=True)],
            by_id=None,
            cause="test",
        )
    (sis,) = [one for one in preview_leaving(actor, alder, asked(reason)).effects if one.kind == "sis"]
    assert sis.text == words


def test_who_moved_and_goes_on_takes_the_plan_along_and_owes_no_date_here(actor, alder):
    texts = [one.text for one in preview_leaving(actor, alder, asked("moved_continuing")).effects]
    assert (
        "The plan and its services stay in the record as they are, for the new district to adopt; here no date of "
        "them is owed after November 20, 2026." in texts
    )


def due(student) -> set[str]:
    recompute([student.pk])
    return set(DueDate.objects.filter(student=student).values_list("clock", flat=True))


def test_of_who_has_left_by_our_own_record_nothing_is_owed_here_any_more(small_world, actor, alder):
    assert "annual-review" in due(alder)
    leaving = record_leaving(actor=actor, student=alder, asked=asked("moved_continuing"))
    assert due(alder) == set()
    assert "Alder" not in [one.first_name for one in students_to_assign(actor, Choice(school_code=w.SCHOOL))]
    assert alder not in still_here(listed_for(actor), actor)
    # An enrollment that begins later is of who came again.
    slot = {"student_id": alder.pk, "lea_code": w.LEA, "started_on": w.TODAY}
    again = Statement(slot, pages.enrollment("L1"), w.TODAY)
    state_student_facts("enrollment", [again], by_id=None, cause="test")
    assert "annual-review" in due(alder) and alder in still_here(listed_for(actor), actor)
    state_student_facts("enrollment", [Statement(slot, None, w.TODAY)], by_id=None, cause="test")
    undo_leaving(actor=actor, leaving=leaving)
    assert "annual-review" in due(alder)


def test_the_letter_is_kept_and_the_earliest_day_is_said(actor, alder):
    effects = preview_leaving(actor, alder, asked("revoked_consent")).effects
    texts = [one.text for one in effects]
    assert (
        "Maple Testcase revoked consent by the letter of November 13, 2026: kept with the leaving." in texts
    )
    # The notice is of Monday, November 16.
    assert any("may end on November 17, 2026 at the earliest" in text for text in texts)
    kept = record_leaving(actor=actor, student=alder, asked=asked("revoked_consent"))
    assert (kept.letter_on, kept.letter_by) == (date(2026, 11, 13), "Maple Testcase")


def test_what_was_taken_back_may_be_recorded_again(actor, alder):
    leaving = record_leaving(actor=actor, student=alder, asked=asked("dropped_out"))
    assert undo_leaving(actor=actor, leaving=leaving)
    assert not undo_leaving(actor=actor, leaving=leaving), "a second click"
    again = record_leaving(actor=actor, student=alder, asked=asked("dropped_out"))
    assert again.pk != leaving.pk


def test_taken_back_is_what_whoever_said_it_before_had_said(actor, alder):
    def believed() -> list[tuple]:
        names = ("effective_from", "effective_to", "by_id", "cause")
        return [
            (kind, *said)
            for kind in ("status", "plan", "service", "assignment", "team")
            for said in FACT_MODELS[kind]
            .objects.believed()
            .filter(student=alder)
            .order_by("effective_from", "effective_to", "cause")
            .values_list(*names)
        ]

    before = believed()
    leaving = record_leaving(actor=actor, student=alder, asked=asked("dropped_out"))
    assert believed() != before
    undo_leaving(actor=actor, leaving=leaving)
    assert believed() == before
    assert {kind for kind, *_ in before} >= {"status", "plan", "service", "assignment"}


@pytest.mark.parametrize(
    ("reason", "stays", "last"), [("dropped_out", 0, w.TODAY), ("no_show", 1, date(2026, 11, 22))]
)
def test_who_is_taken_off_a_case_and_back_on_it_has_it_no_longer_than_the_student_is_here(
    actor, alder, small_world, reason, stays, last
):
    had = small_world.case_manager.pk
    batch = apply_assignments(
        actor=actor,
        wanted=[Wanted(str(alder.public_id), "assignment", None, had)],
        term=Term(w.TODAY),
        title="Test",
        reason="Test",
    ).batch
    record_leaving(actor=actor, student=alder, asked=asked(reason, w.TODAY))
    assert undo_assignments(actor=actor, batch=batch) == stays
    newest = CaseAssignment.objects.believed().filter(student=alder).order_by("effective_from").last()
    assert newest is not None
    assert (newest.user_id, newest.effective_to) == (had, last)


def test_what_was_sent_is_not_taken_back(actor, alder):
    leaving = record_leaving(actor=actor, student=alder, asked=asked("dropped_out"))
    submission = prepare_submission(actor=actor, form="api", destination="sandbox")
    with pytest.raises(NotPossible) as refused:
        undo_leaving(actor=actor, leaving=leaving)
    assert codes(refused) == ["sent"]
    store_answers(submission=submission, answers=[Answer(1, is_posted=True)])
    with pytest.raises(NotPossible) as refused:
        undo_leaving(actor=actor, leaving=leaving)
    assert codes(refused) == ["sent"]
    assert all(reason.way_out for reason in refused.value.reasons)


def test_what_was_recorded_since_is_not_undone_along_with_it(small_world, actor, alder):
    leaving = record_leaving(actor=actor, student=alder, asked=asked("revoked_consent"))
    record_change(
        actor=actor,
        student=alder,
        asked=Asked("status", date(2026, 11, 23), NOTE, status_code="4", reason_code="21"),
    )
    with pytest.raises(NotPossible) as refused:
        undo_leaving(actor=actor, leaving=leaving)
    assert codes(refused) == ["later-facts"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (asked("dropped_out", None), ["no-date"]),
        (asked("dropped_out", note=" "), ["no-note"]),
        (asked("revoked_consent", papers={}), ["no-notice"]),
        (asked("revoked_consent", papers={"notice": PaperSaid(date(2026, 11, 21))}), ["late-notice"]),
        (asked("revoked_consent", papers={"notice": PaperSaid(date(2026, 11, 24))}), ["late-notice"]),
        (asked("revoked_consent", letter=Letter()), ["no-letter"]),
        (asked("revoked_consent", letter=Letter(date(2026, 11, 24), "Maple Testcase")), ["late-letter"]),
        (asked("revoked_consent", letter=Letter(date(2026, 11, 21), "Maple Testcase")), ["late-letter"]),
        (asked("revoked_consent", letter=Letter(date(2026, 11, 13))), ["no-letter-by"]),
        (asked("revoked_consent", letter=Letter(date(2026, 11, 13), "Oak Testcase")), ["not-holder"]),
        # The mother's rights are recorded from August 1, 2025 on.
        (asked("revoked_consent", letter=Letter(date(2025, 7, 31), "Maple Testcase")), ["no-holder"]),
        (asked("diploma", papers={}), ["no-notice", "no-summary"]),
        (asked("maximum_age"), ["too-young"]),
        (asked("no_show", date(2026, 11, 24)), ["future-date"]),
        (asked("deceased", date(2026, 11, 24)), ["future-date"]),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_what_stands_against_it_is_said_with_its_way_out(actor, alder, wanted, expected):
    before = told(alder)
    with pytest.raises(NotPossible) as refused:
        record_leaving(actor=actor, student=alder, asked=wanted)
    assert [code for code in codes(refused) if code in expected] == expected
    assert all(one.way_out and one.owner for one in refused.value.reasons)
    assert (told(alder), Leaving.objects.count()) == (before, 0)


def test_a_day_after_the_enrollment_ended_is_refused_as_the_state_would(actor, alder):
    pages.leaves(alder, date(2026, 11, 13))
    with pytest.raises(NotPossible) as refused:
        record_leaving(actor=actor, student=alder, asked=asked("moved_out_of_state"))
    assert codes(refused) == ["GERR0005"]
    on_the_last_day = asked("moved_out_of_state", date(2026, 11, 13))
    assert record_leaving(actor=actor, student=alder, asked=on_the_last_day).state == "done"


@pytest.mark.parametrize(
    "papers",
    [
        {"notice": PaperSaid(FRIDAY)},
        {"notice": PaperSaid(None, "Given at the door; the copy is at school.")},
        {"notice": PaperSaid(date(2026, 11, 21), "Mailed a day late.")},
    ],
)
def test_a_notice_on_the_day_or_a_note_is_enough(actor, alder, papers):
    assert record_leaving(actor=actor, student=alder, asked=asked("revoked_consent", papers=papers)).papers


def test_the_day_of_the_twenty_first_birthday_is_old_enough(actor, alder):
    Student.unscoped.filter(pk=alder.pk).update(birth_on=date(2005, 11, 21))
    alder.refresh_from_db()
    with pytest.raises(NotPossible) as refused:
        record_leaving(actor=actor, student=alder, asked=asked("maximum_age"))
    assert codes(refused) == ["too-young"]
    Student.unscoped.filter(pk=alder.pk).update(birth_on=date(2005, 11, 20))
    alder.refresh_from_db()
    assert record_leaving(actor=actor, student=alder, asked=asked("maximum_age")).state == "done"


def test_a_second_click_and_a_second_person_change_nothing(actor, alder):
    first = record_leaving(actor=actor, student=alder, asked=asked("dropped_out"))
    before = told(alder), Archive.objects.count()
    assert record_leaving(actor=actor, student=alder, asked=asked("dropped_out")).pk == first.pk
    with pytest.raises(NotPossible) as refused:
        record_leaving(actor=actor, student=alder, asked=asked("moved_out_of_state"))
    assert "left-already" in codes(refused)
    assert (told(alder), Archive.objects.count()) == before


def test_an_open_meeting_is_canceled_and_comes_back_with_the_undo(small_world, actor, alder):
    meeting = pages.opened(small_world, "alder")
    preview = preview_leaving(actor, alder, asked("moved_continuing"))
    assert [fate.reason for fate in preview.meetings] == [None]
    assert "is canceled, with this reason" in preview.meetings[0].text
    leaving = record_leaving(actor=actor, student=alder, asked=asked("moved_continuing"))
    assert Meeting.objects.get(pk=meeting.pk).state == "canceled"
    undo_leaving(actor=actor, leaving=leaving)
    assert Meeting.objects.get(pk=meeting.pk).state == "open"


def test_a_meeting_that_was_held_is_finalized_first(small_world, actor, alder):
    meeting = pages.opened(small_world, "alder")
    hold_meeting(actor=actor, meeting=meeting, held_on=date(2026, 11, 19), delay_code="90")
    with pytest.raises(NotPossible) as refused:
        record_leaving(actor=actor, student=alder, asked=asked("moved_continuing"))
    assert codes(refused) == ["meeting-held"]


def test_a_day_in_the_future_waits_and_is_carried_out_then(small_world, actor, alder):
    day = date(2026, 12, 18)
    planned = record_leaving(actor=actor, student=alder, asked=asked("moved_out_of_state", day))
    assert planned.state == "planned"
    assert facts_of(alder).status_on(day).status_code == "1"
    # The same again is the same; another day takes its place.
    assert record_leaving(actor=actor, student=alder, asked=asked("moved_out_of_state", day)).pk == planned.pk
    later = record_leaving(actor=actor, student=alder, asked=asked("moved_out_of_state", date(2026, 12, 21)))
    planned.refresh_from_db()
    assert (planned.state, later.state) == ("canceled", "planned")
    with time_machine.travel("2026-12-20T20:00Z", tick=False):
        assert carry_out_planned() == {"done": 0, "stayed": 0}
    with time_machine.travel("2026-12-21T20:00Z", tick=False):
        assert carry_out_planned() == {"done": 1, "stayed": 0}
        assert carry_out_planned() == {"done": 0, "stayed": 0}
        facts = facts_of(alder)
        assert facts.status_on(date(2026, 12, 20)).status_code == "1"
        assert facts.status_on(date(2026, 12, 21)).status_code == "3"


def test_a_planned_one_is_canceled(actor, alder):
    leaving = record_leaving(actor=actor, student=alder, asked=asked("dropped_out", date(2026, 12, 18)))
    assert cancel_leaving(actor=actor, leaving=leaving)
    assert not cancel_leaving(actor=actor, leaving=leaving)
    with time_machine.travel("2026-12-19T20:00Z", tick=False):
        assert carry_out_planned() == {"done": 0, "stayed": 0}


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        (Letter(), ["no-letter"]),
        (Letter(date(2026, 11, 13)), ["no-letter-by"]),
        (Letter(date(2026, 11, 24), "Maple Testcase"), ["late-letter"]),
    ],
)
def test_a_planned_end_of_services_needs_the_letter_today(actor, alder, letter, expected):
    with pytest.raises(NotPossible) as refused:
        record_leaving(
            actor=actor, student=alder, asked=asked("revoked_consent", date(2026, 11, 24), letter=letter)
        )
    assert codes(refused) == expected and not Leaving.objects.exists()


def test_a_planned_one_says_what_ends_and_which_paper_is_still_to_be_given(actor, alder):
    preview = preview_leaving(actor, alder, asked("revoked_consent", date(2026, 12, 18), papers={}))
    assert preview.is_ahead and preview.blockers == []
    assert [one.code for one in preview.doubts] == ["no-notice"]
    assert "Without it nothing is carried out on 12/18/2026" in preview.doubts[0].way_out
    texts = [one.text for one in preview.effects]
    assert any(text.startswith("From December 18, 2026 the status is 2 Eligible") for text in texts)
    assert any(text.startswith("The plan and its ") and "end the day before." in text for text in texts)


def test_what_keeps_the_job_from_it_is_kept_with_its_reason(small_world, actor, alder):
    leaving = record_leaving(
        actor=actor, student=alder, asked=asked("revoked_consent", date(2026, 12, 18), papers={})
    )
    with time_machine.travel("2026-12-18T20:00Z", tick=False):
        assert carry_out_planned() == {"done": 0, "stayed": 1}
        leaving.refresh_from_db()
        assert (leaving.state, [one["code"] for one in leaving.problem]) == ("planned", ["no-notice"])
        grant = small_world.coordinator_grant
        grant.ends_on = date(2026, 12, 1)
        grant.save(update_fields=["ends_on"])
        assert carry_out_planned() == {"done": 0, "stayed": 1}
        leaving.refresh_from_db()
        assert [one["code"] for one in leaving.problem] == ["grant-ended"]


def test_the_word_of_a_teacher_is_answered_by_the_leaving(small_world, actor, alder):
    report = report_participation(
        actor=small_world.case_manager_actor,
        student=alder,
        reason_key="dropped_out",
        last_on=FRIDAY,
        note="Has not come since.",
    )
    again = report_participation(
        actor=small_world.case_manager_actor,
        student=alder,
        reason_key="dropped_out",
        last_on=FRIDAY,
        note="Once more.",
    )
    assert again.pk == report.pk
    record_leaving(actor=actor, student=alder, asked=asked("moved_out_of_state", report=report))
    report.refresh_from_db()
    assert report.state == "done"


def settle_days(actor, student) -> list[int]:
    """How many days the student has waited to be settled."""
    return [one.days(w.TODAY) for one in records_to_settle(actor) if one.student_id == student.pk]


def reported(small_world, student) -> ParticipationReport:
    """Reported four days ago, on Thursday."""
    with time_machine.travel(datetime(2026, 11, 19, 20, 0, tzinfo=UTC), tick=False):
        return report_participation(
            actor=small_world.case_manager_actor,
            student=student,
            reason_key="dropped_out",
            last_on=None,
            note="Has not come since.",
        )


def test_a_report_waits_again_with_its_age_when_its_leaving_is_taken_back(small_world, actor, alder):
    report = reported(small_world, alder)
    assert settle_days(actor, alder) == [4]
    leaving = record_leaving(actor=actor, student=alder, asked=asked("moved_out_of_state", report=report))
    assert settle_days(actor, alder) == []
    undo_leaving(actor=actor, leaving=leaving)
    assert settle_days(actor, alder) == [4]
    report.refresh_from_db()
    assert (report.state, report.answered_at, report.answered_by_id) == ("open", None, None)
    record_leaving(actor=actor, student=alder, asked=asked("dropped_out", report=report))
    report.refresh_from_db()
    assert report.state == "done", "it is answered anew"


def test_a_report_waits_again_when_the_plan_that_answered_it_is_canceled(small_world, actor, alder):
    report = reported(small_world, alder)
    ahead = date(2026, 12, 18)
    record_leaving(actor=actor, student=alder, asked=asked("dropped_out", ahead, report=report))
    # The form finds no open report any more when the plan is changed.
    changed = record_leaving(actor=actor, student=alder, asked=asked("dropped_out", date(2026, 12, 17)))
    report.refresh_from_db()
    assert (report.state, changed.report_id) == ("done", report.pk)
    cancel_leaving(actor=actor, leaving=changed)
    report.refresh_from_db()
    assert report.state == "open"


def test_of_two_reports_the_newer_waits_alone(small_world, actor, alder):
    report = reported(small_world, alder)
    leaving = record_leaving(actor=actor, student=alder, asked=asked("dropped_out", report=report))
    newer = reported(small_world, alder)
    undo_leaving(actor=actor, leaving=leaving)
    states = dict(ParticipationReport.objects.values_list("pk", "state"))
    assert states == {report.pk: "done", newer.pk: "open"}


def test_a_case_manager_reports_and_does_not_record(small_world, alder):
    with pytest.raises(NotPossible) as refused:
        record_leaving(actor=small_world.case_manager_actor, student=alder, asked=asked("dropped_out"))
    assert "no-capability" in codes(refused)
