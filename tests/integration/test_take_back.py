"""Taking back what was recorded without a meeting: the very versions stand again, and the state is told nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.auditing.models import ChangeEvent
from manzanita.exchange.actions import prepare_submission, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import Operation
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import Meeting
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.procedures.correct import correct_record
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.procedures.take_back import known_of, reasons_not_to_take_back, take_back
from manzanita.students.models import Plan, Service, SpecialEducationStatus
from manzanita.students.queries import facts_of
from tests.support import pages
from tests.support import world as w
from tests.support.cast import add_cast

REASON = "The office knows it from the school."
SETTING = Asked("setting", date(2026, 11, 9), REASON, settings={"23.20": "400", "23.23": "60"}, ground="said")


@pytest.fixture
def actor(small_world):
    return small_world.coordinator_actor


@pytest.fixture
def alder(small_world, noon):
    # What was taken over was taken over a minute ago.
    noon.shift(timedelta(minutes=1))
    return small_world.students["alder"]


@pytest.fixture
def grebe(small_world, noon):
    """Came from the other district on November 2, 2026, with the plan of January 10, 2026."""
    student = add_cast(["grebe"])["grebe"]
    noon.shift(timedelta(minutes=1))
    return student


def believed(student) -> list[tuple[object, ...]]:
    """Status, plan and services with their days, their words and who stated them."""
    found = []
    for model in (SpecialEducationStatus, Plan, Service):
        names = (*model.slot, *model.content, "effective_from", "effective_to", "by_id", "cause")
        rows = model.objects.believed().filter(student_id=student.pk)
        found += [(model.__name__, *(getattr(row, name) for name in names)) for row in rows]
    return sorted(found, key=str)


def operations(student) -> list[tuple[str, str]]:
    rows = Operation.objects.filter(student_id=student.pk).order_by("position")
    return list(rows.values_list("kind", "record_key"))


def against(actor, archive) -> list[str]:
    return [one.code for one in reasons_not_to_take_back(actor, archive, known_of(archive.student_id))]


def record_of(student, record: str, day: date) -> ArchivedRecord:
    rows = ArchivedRecord.objects.filter(student_id=student.pk, record=record, key_on=day)
    return rows.order_by("-pk").first()


@pytest.mark.parametrize(
    "asked",
    [
        SETTING,
        Asked("status", date(2026, 11, 16), REASON, status_code="2", reason_code="13"),
        # On the first day of the plan: nothing of it is left.
        Asked("status", date(2025, 11, 14), REASON, status_code="2", reason_code="13"),
    ],
)
def test_a_change_taken_back_leaves_every_version_as_it_was(actor, alder, noon, asked):
    before, told = believed(alder), operations(alder)
    archive = record_change(actor=actor, student=alder, asked=asked)
    assert believed(alder) != before and operations(alder) != told
    noon.shift(timedelta(minutes=5))

    assert take_back(actor=actor, archive=archive)

    assert believed(alder) == before
    assert operations(alder) == told == []
    newer = Archive.objects.get(supersedes=archive)
    assert newer.title.startswith("Taken back: ") and not newer.records.exists()
    assert ChangeEvent.objects.filter(action="take_back", student_id=alder.pk).count() == 1
    # A second click, and a second person.
    assert not take_back(actor=actor, archive=archive)
    assert ChangeEvent.objects.filter(action="take_back", student_id=alder.pk).count() == 1


def test_what_was_true_between_is_still_known(actor, alder, noon):
    archive = record_change(actor=actor, student=alder, asked=SETTING)
    recorded = archive.recorded_at
    noon.shift(timedelta(minutes=5))
    take_back(actor=actor, archive=archive)
    day = date(2026, 11, 20)
    assert facts_of(alder, known=recorded).plan_on(day).general_education_percent == "60"
    assert facts_of(alder).plan_on(day).general_education_percent == "85"


def test_a_meeting_that_was_none_moves_the_clocks_back(actor, alder, noon):
    alder.refresh_from_db()
    due = (alder.plan_review_due_on, alder.evaluation_due_on)
    asked = Asked("meeting", date(2026, 11, 17), REASON, is_plan_review=True, delay_code="30")
    archive = record_change(actor=actor, student=alder, asked=asked)
    noon.shift(timedelta(minutes=5))

    take_back(actor=actor, archive=archive)

    alder.refresh_from_db()
    assert (alder.plan_review_due_on, alder.evaluation_due_on) == due
    assert Meeting.objects.get(source="procedure").state == "canceled"
    assert operations(alder) == []
    # And it may be recorded again.
    assert record_change(actor=actor, student=alder, asked=asked)


def test_an_adoption_and_then_a_no_show_are_taken_back_one_after_the_other(actor, grebe, noon):
    arrived = believed(grebe)
    adoption = record_change(actor=actor, student=grebe, asked=Asked("adopt", date(2026, 11, 2), REASON))
    adopted = believed(grebe)
    told = operations(grebe)
    noon.shift(timedelta(minutes=5))
    never = record_change(actor=actor, student=grebe, asked=Asked("never_came", date(2026, 11, 2), REASON))
    noon.shift(timedelta(minutes=5))
    assert against(actor, adoption) == ["later-facts"]

    take_back(actor=actor, archive=never)

    assert believed(grebe) == adopted
    assert operations(grebe) == told
    assert adoption.report_statuses.get().ended_at is not None
    noon.shift(timedelta(minutes=5))
    take_back(actor=actor, archive=adoption)
    assert believed(grebe) == arrived
    assert operations(grebe) == []


def test_a_correction_taken_back_archives_what_it_had_corrected(actor, alder, noon):
    row = record_of(alder, "PLAN", date(2025, 11, 14))
    was, before = row.values, believed(alder)
    archive = correct_record(actor=actor, row=row, changes={"23.23": "60"}, reason="A typing error.")
    assert facts_of(alder).plan_on(w.TODAY).general_education_percent == "60"
    noon.shift(timedelta(minutes=5))

    take_back(actor=actor, archive=archive)

    assert believed(alder) == before
    newer = Archive.objects.get(supersedes=archive)
    assert newer.title.startswith("Correction taken back: ")
    assert newer.records.get(record="PLAN", key_on=row.key_on).values == was
    assert newer.records.count() == row.archive.records.count()
    assert operations(alder) == []


@pytest.mark.parametrize("becomes", ["20251107", "20251121"])
def test_a_corrected_day_goes_back_with_its_services(actor, alder, noon, becomes):
    before = believed(alder)
    row = record_of(alder, "PLAN", date(2025, 11, 14))
    archive = correct_record(actor=actor, row=row, changes={"23.12": becomes}, reason="The wrong day.")
    assert believed(alder) != before
    assert ("delete", row.record_key) in operations(alder)
    noon.shift(timedelta(minutes=5))

    take_back(actor=actor, archive=archive)

    assert believed(alder) == before
    assert operations(alder) == []


def test_a_corrected_meeting_has_its_old_day_and_reason_again(actor, alder, noon):
    row = record_of(alder, "MEET", date(2025, 11, 14))
    changes = {"24.15": "20251112", "24.18": "30"}
    archive = correct_record(actor=actor, row=row, changes=changes, reason="The wrong day.")
    alder.refresh_from_db()
    assert alder.last_plan_review_on == date(2025, 11, 12)
    noon.shift(timedelta(minutes=5))

    take_back(actor=actor, archive=archive)

    alder.refresh_from_db()
    assert alder.last_plan_review_on == date(2025, 11, 14)
    meeting = Meeting.objects.get(student=alder, held_on=date(2025, 11, 14))
    assert meeting.delay_code == ""
    assert operations(alder) == []


def test_what_the_state_was_told_stays_until_it_has_rejected_it(actor, alder, noon):
    archive = record_change(actor=actor, student=alder, asked=SETTING)
    noon.shift(timedelta(minutes=5))
    submission = prepare_submission(actor=actor, form="api", destination="sandbox")
    assert against(actor, archive) == ["sent"]
    with pytest.raises(NotPossible):
        take_back(actor=actor, archive=archive)
    store_answers(
        submission=submission,
        answers=[Answer(n, is_posted=False, errors=[]) for n in range(1, submission.lines.count() + 1)],
    )
    assert against(actor, archive) == []


def test_what_was_posted_is_not_taken_back(actor, alder, noon):
    archive = record_change(actor=actor, student=alder, asked=SETTING)
    noon.shift(timedelta(minutes=5))
    submission = prepare_submission(actor=actor, form="api", destination="sandbox")
    count = submission.lines.count()
    store_answers(submission=submission, answers=[Answer(n, is_posted=True) for n in range(1, count + 1)])
    assert against(actor, archive) == ["sent"]
    stood = believed(alder)
    with pytest.raises(NotPossible):
        take_back(actor=actor, archive=archive)
    assert believed(alder) == stood


def test_what_something_was_built_on_is_taken_back_after_it(actor, alder, noon):
    before = believed(alder)
    first = record_change(actor=actor, student=alder, asked=SETTING)
    noon.shift(timedelta(minutes=5))
    second = correct_record(
        actor=actor,
        row=record_of(alder, "PLAN", date(2025, 11, 14)),
        changes={"23.14": "220"},
        reason="A typing error.",
    )
    noon.shift(timedelta(minutes=5))
    assert against(actor, first) == ["later-facts"]
    take_back(actor=actor, archive=second)
    noon.shift(timedelta(minutes=5))
    assert against(actor, first) == []
    take_back(actor=actor, archive=first)
    assert believed(alder) == before


def test_a_meeting_opened_since_stands_against_it(small_world, actor, alder, noon):
    archive = record_change(actor=actor, student=alder, asked=SETTING)
    noon.shift(timedelta(minutes=5))
    pages.opened(small_world)
    assert against(actor, archive) == ["meeting-since"]


def test_a_corrected_change_leads_to_its_correction(actor, alder, noon):
    archive = record_change(actor=actor, student=alder, asked=SETTING)
    noon.shift(timedelta(minutes=5))
    row = archive.records.get(record="PLAN")
    correct_record(actor=actor, row=row, changes={"23.23": "70"}, reason="A typing error.")
    assert against(actor, archive) == ["already-corrected"]


def test_a_leaving_has_a_way_back_of_its_own(actor, alder, noon):
    asked = LeavingAsked("moved_out_of_state", date(2026, 11, 20), "The family moved to another state.")
    leaving = record_leaving(actor=actor, student=alder, asked=asked)
    archive = Archive.objects.get(pk=leaving.archive_id)
    assert against(actor, archive) == ["own-way"]


def test_who_may_not_correct_is_told_so(small_world, actor, alder):
    archive = record_change(actor=actor, student=alder, asked=SETTING)
    assert against(small_world.case_manager_actor, archive) == ["perspective-may-not"]


def test_what_a_meeting_decided_is_no_change(small_world, actor, alder):
    _, archive = pages.finalized(small_world)
    assert against(actor, archive) == ["no-change"]
