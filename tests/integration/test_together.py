"""Several reads in one query give what each gives alone, on both databases."""

from __future__ import annotations

import pytest
from django.db.models import F

from manzanita.accounts.models import User
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.exchange.models import Operation, StateFinding, StateRecord
from manzanita.meetings.models import Meeting
from manzanita.platform.together import fetch_of, fetch_together
from manzanita.students.models import Student
from manzanita.students.queries import fact_parts, facts_from, facts_of
from tests.support import pages
from tests.support import world as w
from tests.support.state_answers import rejected


def columns(row):
    return {key: value for key, value in vars(row).items() if key != "_state"}


@pytest.mark.parametrize("name", ["alder", "towhee", "yarrow"])
def test_rows_are_the_same_as_one_by_one(small_world, django_assert_num_queries, name):
    rejected(small_world)
    pages.opened(small_world, "towhee")
    student = small_world.students[name]
    own = {"student_id": student.pk}
    parts = {
        "archives": Archive.objects.filter(**own).defer("document").order_by("-event_on", "-id"),
        "records": ArchivedRecord.objects.filter(**own)
        .annotate(told_at=F("archive__recorded_at"))
        .order_by("archive__recorded_at", "-id"),
        "operations": Operation.objects.filter(**own).order_by("position"),
        "state": StateRecord.objects.filter(**own).order_by("key_on", "record"),
        "findings": StateFinding.objects.filter(**own).order_by("opened_at"),
        "meetings": Meeting.objects.filter(**own).order_by("-held_on", "-opened_at"),
        "names": User.objects.order_by("name").values("pk", "name"),
        "nobody": User.objects.filter(pk__in=[]),
    }
    with django_assert_num_queries(1):
        found = fetch_together(parts)
    for key, rows in parts.items():
        alone = list(rows)
        if key == "names":
            assert found[key] == alone
            continue
        assert [columns(row) for row in found[key]] == [columns(row) for row in alone], key
        assert [row.get_deferred_fields() for row in found[key]] == [
            row.get_deferred_fields() for row in alone
        ]
    assert found["nobody"] == []


def test_facts_read_together_are_the_facts(small_world, django_assert_num_queries):
    alder = small_world.students["alder"]
    with django_assert_num_queries(1):
        together = facts_from(alder, fetch_together(fact_parts(alder)))
    alone = facts_of(alder)
    for name in ("ssids", "enrollments", "statuses", "plans", "services", "rights"):
        assert [columns(one) for one in getattr(together, name)] == [
            columns(one) for one in getattr(alone, name)
        ], name
    assert (together.people, together.case_manager_id) == (alone.people, alone.case_manager_id)


def test_what_is_kept_of_one_student_serves_the_next(small_world, django_assert_num_queries):
    def parts(number: int):
        return fact_parts(Student(pk=number))

    for name in ("alder", "towhee", "alder", "yarrow"):
        student = small_world.students[name]
        with django_assert_num_queries(1):
            found = facts_from(student, fetch_of(("test", w.TODAY), parts, student.pk))
        alone = facts_of(student)
        for kind in ("ssids", "enrollments", "statuses", "plans", "services", "rights"):
            assert [columns(one) for one in getattr(found, kind)] == [
                columns(one) for one in getattr(alone, kind)
            ], (name, kind)


def test_what_cannot_travel_is_refused(small_world):
    with pytest.raises(TypeError, match="one table"):
        fetch_together({"one": Meeting.objects.select_related("student")})
    with pytest.raises(TypeError, match="BinaryField"):
        fetch_together({"one": Archive.objects.all()})
    assert fetch_together({}) == {}
    assert fetch_together({"none": Student.unscoped.none()}) == {"none": []}
