"""Students who left, recorded together: who is meant, the preview, each whole or not, and the way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from manzanita.domain.leaving import PaperSaid
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.models import Operation
from manzanita.leaving.actions import report_participation
from manzanita.leaving.models import Leaving, LeavingBatch, LeavingItem, ParticipationReport
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import Meeting
from manzanita.platform.facts import Statement
from manzanita.platform.ids import new_public_id
from manzanita.platform.models import Job
from manzanita.procedures import settling
from manzanita.procedures.leaving_many import (
    LEAVINGS,
    Together,
    departures,
    preview_leavings,
    start_leavings,
)
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from manzanita.students.queries import facts_of
from manzanita.students.scope import visible_to
from tests.support import pages
from tests.support import world as w
from tests.support.cast import add_cast

OUT = Together("moved_out_of_state", "The families told the office.")
LAST = date(2026, 11, 18)


@pytest.fixture
def actor(small_world):
    return small_world.coordinator_actor


@pytest.fixture
def three(small_world) -> dict[str, Student]:
    """Three whose last day was November 18, and one who is still here."""
    students = add_cast(["bunting", "dunlin", "gadwall", "pipit"])
    for name in ("bunting", "dunlin", "gadwall"):
        pages.leaves(students[name], LAST)
    return students


class Run:
    """A job's run in this thread."""

    def __init__(self, job: Job) -> None:
        self.args = job.args

    def step(self):
        from django.db import transaction

        return transaction.atomic()

    def progress(self, *_: object) -> None:
        pass


def carried_out(batch: LeavingBatch, do=LEAVINGS.do) -> LeavingBatch:
    batch.refresh_from_db()
    do(Run(Job.objects.get(pk=batch.job_id)))
    batch.refresh_from_db()
    return batch


def recorded(actor, said: Together = OUT) -> LeavingBatch:
    batch, is_new = start_leavings(
        actor=actor, chosen=departures(actor), said=said, public_id=new_public_id()
    )
    assert is_new
    return carried_out(batch)


def hold_one(student: Student) -> None:
    """A meeting of the student was held, and is not finalized."""
    Meeting.objects.create(
        student=student,
        event_key="annual",
        state="held",
        lea_code=w.LEA,
        opened_at=w.NOON,
        held_on=date(2026, 11, 17),
    )


def states(batch: LeavingBatch) -> dict[str, str]:
    return {item.student.first_name: item.state for item in batch.items.select_related("student")}


def status_codes(student: Student) -> list[str]:
    return [one.status_code for one in facts_of(student).statuses]


def test_meant_is_whom_the_sis_has_ended_and_nobody_else(actor, three):
    found = departures(actor)
    assert [(one.student.first_name, one.last_day) for one in found] == [
        ("Bunting", LAST),
        ("Dunlin", LAST),
        ("Gadwall", LAST),
    ]
    assert departures(actor, [three["dunlin"].public_id, three["pipit"].public_id]) == [found[1]]


def test_who_is_asked_for_is_meant_however_many_went_before(actor, three, monkeypatch):
    monkeypatch.setattr(settling, "MOST", 1)
    assert [one.student.first_name for one in departures(actor)] == ["Bunting", "Dunlin"]
    gadwall = three["gadwall"]
    of = {"keys": visible_to(actor).filter(pk=gadwall.pk).values("pk"), "among": [gadwall.public_id]}
    for name, asked in of.items():
        assert [one.student.first_name for one in departures(actor, **{name: asked})] == ["Gadwall"], name
    everybody = visible_to(actor).order_by().values("pk")
    assert len(departures(actor, keys=everybody)) == 3


def test_a_preview_changes_nothing_and_says_what_stands_against_one(actor, three):
    hold_one(three["dunlin"])
    offers = {
        one.departure.student.first_name: one for one in preview_leavings(actor, departures(actor), OUT)
    }
    assert {name: one.records for name, one in offers.items() if one.is_ready} == {
        "Bunting": "SWDS",
        "Gadwall": "SWDS",
    }
    assert [reason.code for reason in offers["Dunlin"].reasons] == ["meeting-held"]
    assert not Leaving.objects.exists() and not LeavingBatch.objects.exists()


def test_each_is_recorded_on_its_own_day_and_told_and_the_others_stay(actor, three):
    pages.leaves(three["gadwall"], date(2026, 11, 12))
    batch = recorded(actor)
    assert states(batch) == dict.fromkeys(("Bunting", "Dunlin", "Gadwall"), "recorded")
    assert (batch.state, departures(actor)) == ("done", [])
    days = Leaving.objects.order_by("leaves_on", "student__first_name").values_list(
        "student__first_name", "leaves_on", "reason_key"
    )
    assert list(days) == [
        ("Gadwall", date(2026, 11, 12), "moved_out_of_state"),
        ("Bunting", LAST, "moved_out_of_state"),
        ("Dunlin", LAST, "moved_out_of_state"),
    ]
    told = Operation.objects.filter(student_id__in=[one.pk for one in three.values()])
    assert sorted(told.values_list("kind", "record")) == [("add", "SWDS")] * 3
    assert status_codes(three["bunting"]) == ["1", "3"]
    assert status_codes(three["pipit"]) == ["1"]


def test_one_that_cannot_be_is_kept_with_its_reason_and_the_others_are_done(actor, three):
    batch, _ = start_leavings(actor=actor, chosen=departures(actor), said=OUT, public_id=new_public_id())
    hold_one(three["dunlin"])
    batch = carried_out(batch)
    assert states(batch) == {"Bunting": "recorded", "Dunlin": "refused", "Gadwall": "recorded"}
    refused = LeavingItem.objects.get(state="refused")
    assert [reason["code"] for reason in refused.reasons] == ["meeting-held"]
    assert status_codes(three["dunlin"]) == ["1"]


def test_the_same_form_twice_is_one_batch_and_two_people_share_nobody(actor, three):
    token, chosen = new_public_id(), departures(actor)
    first, _ = start_leavings(actor=actor, chosen=chosen, said=OUT, public_id=token)
    again, is_new = start_leavings(actor=actor, chosen=chosen, said=OUT, public_id=token)
    assert (again.pk, is_new) == (first.pk, False)
    other, _ = start_leavings(actor=actor, chosen=chosen, said=OUT, public_id=new_public_id())
    assert (first.items.count(), other.items.count()) == (3, 0)


def test_a_second_run_of_the_job_does_nothing_more(actor, three):
    batch = recorded(actor)
    carried_out(batch)
    assert Leaving.objects.count() == 3


def test_what_is_missing_of_all_is_refused_before_anything_is_done(actor, three):
    chosen = departures(actor)
    for said, codes in (
        (replace(OUT, note=" "), ["no-note"]),
        (Together("private_no_isp", "The parents said so."), ["no-notice"]),
    ):
        with pytest.raises(NotPossible) as refused:
            start_leavings(actor=actor, chosen=chosen, said=said, public_id=new_public_id())
        assert [reason.code for reason in refused.value.reasons] == codes
    with pytest.raises(NotPossible) as refused:
        start_leavings(actor=actor, chosen=[], said=OUT, public_id=new_public_id())
    assert [reason.code for reason in refused.value.reasons] == ["nobody-chosen"]
    assert not LeavingBatch.objects.exists()


def test_a_paper_given_after_one_students_last_day_stands_against_that_one_alone(actor, three):
    pages.leaves(three["gadwall"], date(2026, 11, 12))
    said = Together("private_no_isp", "The parents said so.", {"notice": PaperSaid(date(2026, 11, 16))})
    offers = {
        one.departure.student.first_name: [reason.code for reason in one.reasons]
        for one in preview_leavings(actor, departures(actor), said)
    }
    assert offers == {"Bunting": [], "Dunlin": [], "Gadwall": ["late-notice"]}
    batch = recorded(actor, said)
    assert states(batch) == {"Bunting": "recorded", "Dunlin": "recorded", "Gadwall": "refused"}
    kept = Leaving.objects.get(student=three["bunting"]).papers
    assert kept == {"notice": {"on": "2026-11-16", "note": ""}}


def test_all_are_taken_back_together_but_for_whom_the_state_was_told_of(actor, three):
    batch = recorded(actor)
    told = Operation.objects.filter(student_id=three["dunlin"].pk)
    ids = list(told.values_list("pk", flat=True))
    prepare_submission(actor=actor, operation_ids=ids, form="api", destination="sandbox")
    assert LEAVINGS.unsent_of(batch) == 2
    assert LEAVINGS.start_undo(actor=actor, batch=batch) and not LEAVINGS.start_undo(actor=actor, batch=batch)
    batch = carried_out(batch, LEAVINGS.undo)
    assert states(batch) == {"Bunting": "undone", "Dunlin": "recorded", "Gadwall": "undone"}
    assert [reason["code"] for reason in LeavingItem.objects.get(state="recorded").reasons] == ["sent"]
    assert status_codes(three["bunting"]) == ["1"] and status_codes(three["dunlin"]) == ["1", "3"]
    assert batch.undone_at is None, "one still stands"
    assert LEAVINGS.unsent_of(batch) == 0, "and it was told"


def test_whom_the_state_counts_as_no_dropout_is_not_recorded_with_others(actor, three):
    """All three are in grade 4, but one whom the SIS has meanwhile in grade 7."""
    values = pages.enrollment("G-gadwall") | {"school_code": w.SCHOOL, "grade_code": "07"}
    slot = {"student_id": three["gadwall"].pk, "lea_code": w.LEA, "started_on": pages.START}
    stated = [Statement(slot, values, pages.START, LAST, is_whole_slot=True)]
    state_student_facts("enrollment", stated, by_id=None, cause="test")
    dropped = Together("dropped_out", "Nobody has seen them.")
    offers = preview_leavings(actor, departures(actor), dropped)
    assert {one.departure.student.first_name: [r.code for r in one.reasons] for one in offers} == {
        "Bunting": ["grade-below-7"],
        "Dunlin": ["grade-below-7"],
        "Gadwall": [],
    }
    batch = recorded(actor, dropped)
    assert states(batch) == {"Bunting": "refused", "Dunlin": "refused", "Gadwall": "recorded"}


def test_a_teachers_report_is_answered_by_it_and_waits_again_when_all_is_taken_back(
    small_world, actor, three
):
    report = report_participation(
        actor=small_world.case_manager_actor,
        student=three["bunting"],
        reason_key="dropped_out",
        last_on=None,
        note="Does not come any more.",
    )
    batch = recorded(actor)
    assert ParticipationReport.objects.get(pk=report.pk).state == "done"
    assert Leaving.objects.get(student=three["bunting"]).report_id == report.pk
    LEAVINGS.start_undo(actor=actor, batch=batch)
    carried_out(batch, LEAVINGS.undo)
    assert ParticipationReport.objects.get(pk=report.pk).state == "open"
