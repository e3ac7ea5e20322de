"""The logs of who saw and who changed: rows are added, never changed, never removed."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction

from manzanita.auditing.actions import log_change, log_reads
from manzanita.auditing.models import AppendOnlyError, ChangeEvent, ReadEvent
from manzanita.auditing.queries import changes_of_student, reads_of_student

pytestmark = pytest.mark.django_db


@dataclass
class Teacher:
    user_id: int = 7
    grant_id: int | None = 70
    perspective_key: str = "case_manager"
    agency_code: str = "1975309"


def test_a_read_is_noted_once_for_each_student_seen():
    count = log_reads(actor=Teacher(), student_ids=[31, 32, 31], what="student.list", request_id="r-1")

    assert count == 2
    rows = ReadEvent.objects.order_by("student_id").values_list(
        "actor_user_id", "grant_id", "perspective", "student_id", "what", "request_id"
    )
    assert list(rows) == [
        (7, 70, "case_manager", 31, "student.list", "r-1"),
        (7, 70, "case_manager", 32, "student.list", "r-1"),
    ]


def test_fifty_reads_cost_one_insert_and_a_count(django_assert_num_queries):
    log_reads(actor=Teacher(), student_ids=[31], what="student.list")
    with django_assert_num_queries(2):
        log_reads(actor=Teacher(), student_ids=range(50), what="student.list")


def test_no_students_no_rows():
    assert log_reads(actor=Teacher(), student_ids=[], what="student.list") == 0
    assert ReadEvent.objects.count() == 0


def test_reads_of_a_student_come_newest_first_and_without_other_students():
    for hour, student_id, what in [
        (9, 31, "student.record"),
        (10, 32, "student.record"),
        (11, 31, "meeting"),
    ]:
        with time_machine.travel(datetime(2026, 11, 2, hour, tzinfo=UTC), tick=False):
            log_reads(actor=Teacher(), student_ids=[student_id], what=what)

    assert [(event.what, event.at.hour) for event in reads_of_student(31)] == [
        ("meeting", 11),
        ("student.record", 9),
    ]


def test_a_change_names_actor_subject_and_reason():
    subject = log_change(actor=None, action="import")
    log_change(
        actor=Teacher(),
        action="finalize",
        student_id=31,
        subject=subject,
        reason="Annual review held",
        detail={"fields": ["23.15"]},
    )

    event = changes_of_student(31).get()
    assert (event.actor_user_id, event.actor_label, event.action) == (7, "case_manager", "finalize")
    assert (event.subject_type, event.subject_id) == ("auditing.changeevent", subject.pk)
    assert (event.reason, event.detail) == ("Annual review held", {"fields": ["23.15"]})


def test_the_system_acts_without_a_user():
    event = log_change(actor=None, action="sweep")

    assert (event.actor_user_id, event.actor_label, event.student_id) == (None, "system", None)


def test_changes_of_a_student_come_newest_first():
    for hour, action in [(9, "open"), (11, "hold"), (10, "edit")]:
        with time_machine.travel(datetime(2026, 11, 2, hour, tzinfo=UTC), tick=False):
            log_change(actor=Teacher(), action=action, student_id=31)
    log_change(actor=Teacher(), action="open", student_id=32)

    assert [event.action for event in changes_of_student(31)] == ["hold", "edit", "open"]


@pytest.mark.parametrize("model", [ReadEvent, ChangeEvent])
def test_a_stored_row_can_neither_be_changed_nor_removed(model):
    log_reads(actor=Teacher(), student_ids=[31], what="student.record")
    log_change(actor=Teacher(), action="open", student_id=31)
    row = model.objects.get()
    row.student_id = 99

    attempts = [
        row.save,
        row.delete,
        lambda: model.objects.update(student_id=99),
        lambda: model.objects.filter(student_id=31).update(student_id=99),
        lambda: model.objects.all().delete(),
        lambda: model.objects.bulk_update([row], ["student_id"]),
        lambda: model.objects.bulk_create(
            [row], update_conflicts=True, update_fields=["student_id"], unique_fields=["id"]
        ),
        lambda: model.objects.update_or_create(student_id=31, defaults={"student_id": 99}),
    ]
    for attempt in attempts:
        with pytest.raises(AppendOnlyError):
            attempt()
    assert list(model.objects.values_list("student_id", flat=True)) == [31]


def test_a_new_row_with_a_taken_key_does_not_overwrite():
    log_reads(actor=Teacher(), student_ids=[31], what="student.record")
    copy = ReadEvent(
        pk=ReadEvent.objects.get().pk,
        actor_user_id=8,
        perspective="coordinator",
        student_id=99,
        what="meeting",
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()
    assert ReadEvent.objects.get().student_id == 31


def test_a_rolled_back_act_leaves_no_row():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log_change(actor=Teacher(), action="finalize", student_id=31)
        1 / 0  # noqa: B018

    assert changes_of_student(31).count() == 0
