"""Rows of several tables in one statement are the rows that each table gives alone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from manzanita.archive.models import Archive
from manzanita.auditing.models import ReadEvent
from manzanita.exchange.models import StateRecord
from manzanita.orgs.models import Agency
from manzanita.platform.together import read_together
from manzanita.students.models import Enrollment, Ssid
from tests.support import pages

pytestmark = pytest.mark.django_db


def plain_models() -> list[type[models.Model]]:
    return [
        model
        for config in apps.get_app_configs()
        if config.name.startswith("manzanita.")
        for model in config.get_models()
        if not any(isinstance(field, models.BinaryField) for field in model._meta.concrete_fields)
    ]


def contents(rows) -> list[dict]:
    return [{name: value for name, value in row.__dict__.items() if name != "_state"} for row in rows]


def test_every_table_s_rows_come_as_they_come_alone(small_world):
    pages.finalized(small_world)
    chosen = [model._base_manager.order_by("pk") for model in plain_models()]
    alone = [contents(queryset.all()) for queryset in chosen]
    assert sum(bool(rows) for rows in alone) > 20
    for start in range(0, len(chosen), 10):
        together = [queryset.all() for queryset in chosen[start : start + 10]]
        with CaptureQueriesContext(
            connection,
        ) as asked:
            read_together(*together)
        assert len(asked) == 1
        assert [contents(queryset) for queryset in together] == alone[start : start + 10]
        # What was read is not asked for again.
        assert len(asked) == 1


def test_each_keeps_its_order_and_its_limit(small_world):
    newest = Enrollment.objects.order_by("-started_on", "pk")
    by_school = Enrollment.objects.order_by("school_code", "-pk")
    three = Enrollment.objects.order_by("-pk")[:3]
    names = Agency.objects.order_by("-code").values_list("name", "code")
    alone = [list(one.all()) for one in (newest, by_school, three)], list(names.all())
    assert len(alone[0][2]) == 3 and len(alone[1]) > 1
    read_together(newest, by_school, three, names)
    assert ([list(newest), list(by_school), list(three)], list(names)) == alone


def test_values_of_each_kind_are_of_their_own_kind(small_world):
    student = small_world.students["alder"]
    StateRecord.objects.create(
        lea_code="9910017",
        student_id=student.pk,
        record="SWDS",
        record_key="key",
        key_on=date(2026, 2, 28),
        values={"22.01": "SWDS", "odd": 'a "quoted" é\n', "list": [1, None, True, 0.5]},
        learned_at=datetime(2026, 11, 1, 7, 59, 59, 123456, tzinfo=UTC),
        learned_from="extract",
    )
    found = StateRecord.objects.filter(record_key="key")
    read_together(found, Ssid.objects.filter(student_id=-1))
    (row,) = found
    assert row.key_on == date(2026, 2, 28)
    assert row.learned_at == datetime(2026, 11, 1, 7, 59, 59, 123456, tzinfo=UTC)
    assert row.values == {"22.01": "SWDS", "odd": 'a "quoted" é\n', "list": [1, None, True, 0.5]}


def test_what_can_have_no_rows_is_not_asked_for(small_world, django_assert_num_queries):
    nobody, agencies = Ssid.objects.filter(student_id__in=[]), Agency.objects.filter(code="9910017")
    with django_assert_num_queries(1):
        read_together(nobody, agencies)
        assert (list(nobody), [one.code for one in agencies]) == ([], ["9910017"])
    with django_assert_num_queries(0):
        read_together(Ssid.objects.none())
        read_together()


def test_a_deferred_column_stays_deferred(small_world, django_assert_num_queries):
    pages.finalized(small_world)
    archives = Archive.objects.defer("document")
    with django_assert_num_queries(1):
        read_together(archives)
        assert archives[0].digest
    with django_assert_num_queries(1):
        assert archives[0].document


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Archive.objects.all(), "one of bytes"),
        (lambda: ReadEvent.objects.values("kind"), "neither of the model nor values"),
        (lambda: Archive.objects.defer("document").annotate(n=models.F("id") + 1), "that is reckoned"),
    ],
)
def test_rows_that_it_cannot_give_back_are_refused(wrong, words):
    with pytest.raises(TypeError, match=words):
        read_together(wrong())
