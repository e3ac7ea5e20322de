"""The logs of who saw and who changed: rows are added, never changed, never removed."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from manzanita.auditing.actions import log_change, log_export, log_reads
from manzanita.auditing.kinds import ContentClass
from manzanita.auditing.models import AppendOnlyError, ChangeEvent, ReadEvent
from manzanita.auditing.queries import changes_of_student, reads_by_person, reads_of_student
from manzanita.platform.request_ids import request_id

pytestmark = pytest.mark.django_db


@dataclass
class Teacher:
    user_id: int = 7
    grant_id: int | None = 70
    perspective_key: str = "case_manager"
    agency_code: str = "9910017"


@dataclass
class Watched(Teacher):
    """Somebody who sees what user 8 sees."""

    viewed_as_user_id: int = 8


def test_a_list_is_one_row_with_everybody_on_it():
    with request_id("r-1"):
        count = log_reads(
            actor=Teacher(), student_ids=[31, 32, 31], what="student.list", filter_codes="list=annual-late"
        )

    assert count == 2
    row = ReadEvent.objects.get()
    assert (row.kind, row.what, row.filter_codes) == ("list", "student.list", "list=annual-late")
    assert (row.student_ids, row.student_count) == ([31, 32], 2)
    assert (row.actor_user_id, row.grant_id, row.perspective) == (7, 70, "case_manager")
    assert (row.lea_code, row.request_id, row.viewed_as_user_id) == ("9910017", "r-1", None)


def test_a_page_is_a_row_of_its_student_with_the_purpose_given():
    log_reads(
        actor=Watched(), student_ids=[31], what="student.record", purpose_code="other", purpose_note="x"
    )

    row = ReadEvent.objects.get()
    assert (row.kind, row.student_ids, row.student_count) == ("page", [31], 1)
    assert (row.purpose_code, row.purpose_note, row.viewed_as_user_id) == ("other", "x", 8)


def test_a_list_of_one_is_a_list():
    log_reads(actor=Teacher(), student_ids=[31], what="finding.list", filter_codes="")

    assert ReadEvent.objects.get().kind == "list"


def test_an_export_tells_what_left_and_how_much_even_of_nobody():
    log_export(
        actor=Teacher(),
        what="student.list",
        student_ids=[31, 32],
        content_class=ContentClass.ROSTER,
        size_bytes=812,
        purpose_code="review",
    )
    log_export(
        actor=Teacher(),
        what="student.iep",
        student_ids=[],
        content_class=ContentClass.NARRATIVE,
        is_print=True,
    )

    rows = ReadEvent.objects.order_by("pk").values_list(
        "kind", "what", "student_ids", "content_class", "size_bytes", "purpose_code"
    )
    assert list(rows) == [
        ("export", "student.list", [31, 32], "roster", 812, "review"),
        ("print", "student.iep", [], "narrative", None, ""),
    ]


def test_fifty_reads_cost_the_row_its_place_in_the_queue_of_the_sealer_and_a_count(django_assert_num_queries):
    log_reads(actor=Teacher(), student_ids=[31], what="student.list")
    with django_assert_num_queries(3):
        log_reads(actor=Teacher(), student_ids=range(50), what="student.list")


def test_no_students_no_rows():
    assert log_reads(actor=Teacher(), student_ids=[], what="student.list", filter_codes="") == 0
    assert ReadEvent.objects.count() == 0


def test_reads_of_a_student_come_newest_first_and_without_other_students():
    """Also those of lists: on SQLite this fails where a migration has dropped the triggers of the side table."""
    for hour, students, what in [
        (9, [31], "student.record"),
        (10, [32], "student.record"),
        (11, [33, 31, 32], "student.list"),
        (12, [3, 1, 310], "student.list"),
    ]:
        with time_machine.travel(datetime(2026, 11, 2, hour, tzinfo=UTC), tick=False):
            log_reads(actor=Teacher(), student_ids=students, what=what)

    assert [(event.what, event.at.hour) for event in reads_of_student(31)] == [
        ("student.list", 11),
        ("student.record", 9),
    ]


def test_who_saw_a_student_is_found_by_an_index():
    log_reads(actor=Teacher(), student_ids=[31, 32], what="student.list")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN SELECT id FROM auditing_readevent WHERE student_ids @> '[31]'")
        else:
            cursor.execute(
                "EXPLAIN QUERY PLAN SELECT event_id FROM auditing_read_student WHERE student_id = 31"
            )
        plan = str(cursor.fetchall())

    assert ("auditing_read_students" if connection.vendor == "postgresql" else "USING PRIMARY KEY") in plan


def test_reads_by_person_count_students_of_one_agency_since_a_moment():
    with time_machine.travel(datetime(2026, 11, 1, tzinfo=UTC), tick=False):
        log_reads(actor=Teacher(), student_ids=[1, 2, 3], what="student.list")
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=UTC), tick=False):
        log_reads(actor=Teacher(), student_ids=[31, 32], what="student.list")
        log_reads(actor=Teacher(user_id=8), student_ids=[31, 32, 33], what="student.list")
        log_reads(actor=Teacher(agency_code="9910025"), student_ids=[40], what="student.record")
    with time_machine.travel(datetime(2026, 11, 2, 10, tzinfo=UTC), tick=False):
        log_reads(actor=Teacher(), student_ids=[31], what="student.record")

    found = reads_by_person("9910017", datetime(2026, 11, 2, tzinfo=UTC))
    assert [(one.user_id, one.events, one.students, one.newest.hour) for one in found] == [
        (7, 2, 3, 10),
        (8, 1, 3, 9),
    ]


def test_an_act_of_the_system_may_name_the_agency_concerned():
    log_change(actor=None, action="refuse_import", lea_code="9910025")
    log_change(actor=Teacher(), action="finalize", lea_code="9910025")

    assert list(ChangeEvent.objects.order_by("pk").values_list("lea_code", flat=True)) == [
        "9910025",
        "9910017",
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
    row.lea_code = "x"

    attempts = [
        row.save,
        row.delete,
        lambda: model.objects.update(lea_code="x"),
        lambda: model.objects.filter(lea_code="9910017").update(lea_code="x"),
        lambda: model.objects.all().delete(),
        lambda: model.objects.bulk_update([row], ["lea_code"]),
        lambda: model.objects.bulk_create(
            [row], update_conflicts=True, update_fields=["lea_code"], unique_fields=["id"]
        ),
        lambda: model.objects.update_or_create(lea_code="9910017", defaults={"lea_code": "x"}),
    ]
    for attempt in attempts:
        with pytest.raises(AppendOnlyError):
            attempt()
    assert list(model.objects.values_list("lea_code", flat=True)) == ["9910017"]


def test_a_new_row_with_a_taken_key_does_not_overwrite():
    log_reads(actor=Teacher(), student_ids=[31], what="student.record")
    copy = ReadEvent(
        pk=ReadEvent.objects.get().pk,
        actor_user_id=8,
        perspective="coordinator",
        student_ids=[99],
        what="meeting",
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()
    assert ReadEvent.objects.get().student_ids == [31]


def test_a_rolled_back_act_leaves_no_row():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        log_change(actor=Teacher(), action="finalize", student_id=31)
        1 / 0  # noqa: B018

    assert changes_of_student(31).count() == 0
