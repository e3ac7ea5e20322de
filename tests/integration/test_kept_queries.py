"""A query that is kept answers as if it were put together anew: for whom, for which day, and with what it is told."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
import time_machine
from django.db.models import Count, Min

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.deadlines.lists import Wanted, page_of
from manzanita.deadlines.recompute import recompute_stale
from manzanita.platform.facts import Statement
from manzanita.platform.kept_queries import KeptQuery, Reckoned, Told
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w


def actor_of(user):
    return actor_of_grant_id(user.grants.get().pk, w.TODAY)


def names(actor, **wanted) -> list[str]:
    return [row.first_name for row in page_of(actor, Wanted(span="", **wanted))]


def test_values_come_in_their_order_and_as_python_knows_them(small_world):
    alder = small_world.students["alder"]
    kept = KeptQuery(Student.unscoped.filter(pk=Told("pk")).values_list("birth_on", "pk", "public_id"))
    ((born, pk, public_id),) = kept.ask(pk=alder.pk)
    assert (born, pk, public_id) == (alder.birth_on, alder.pk, alder.public_id)
    assert isinstance(born, date) and isinstance(public_id, UUID)
    (other,) = kept.ask(pk=small_world.students["towhee"].pk)
    assert other[1] == small_world.students["towhee"].pk
    with pytest.raises(KeyError):
        kept.ask()


def test_of_nobody_nothing_is_asked(small_world, django_assert_num_queries):
    kept = KeptQuery(Student.unscoped.none().values_list("pk"))
    with django_assert_num_queries(0):
        assert kept.ask() == []


def test_what_is_reckoned_over_all_is_one_row(small_world, django_assert_num_queries):
    births = list(Student.unscoped.values_list("birth_on", flat=True))
    kept = Reckoned(Student.unscoped.order_by("pk"), count=Count("pk"), first=Min("birth_on"))
    with django_assert_num_queries(1):
        assert kept.one() == (len(births), min(births))
    many = Reckoned(Student.unscoped.filter(last_name=Told("name")), count=Count("pk"), first=Min("birth_on"))
    assert many.one(name="Nobody is called this") == (0, None)


def test_over_nobody_nothing_is_asked_and_all_is_nought(small_world, django_assert_num_queries):
    kept = Reckoned(Student.unscoped.none(), count=Count("pk"), first=Min("birth_on"))
    with django_assert_num_queries(0):
        assert kept.one() == (0, None)


def test_each_person_keeps_the_own_scope_and_what_changes_is_seen(small_world):
    recompute_stale()
    coordinator, manager = actor_of(small_world.coordinator), actor_of(small_world.case_manager)
    other = actor_of(pages.other_coordinator(small_world))
    for _ in range(2):
        assert set(names(other)) == {"Sage"}
        assert "Towhee" in names(coordinator)
        assert set(names(manager)) <= set(names(coordinator))
        assert not set(names(coordinator)) & {"Sage"}
    before = set(names(manager))
    (new,) = pages.many_students(1, first_names=["Fern"], due_on=date(2027, 1, 4))
    assert "Fern" in names(coordinator) and "Fern" not in names(manager)
    slot = {"student_id": new.pk}
    told = Statement(slot, {"user_id": small_world.case_manager.pk}, w.TODAY)
    state_student_facts("assignment", [told], by_id=None, cause="test")
    assert set(names(manager)) == before | {"Fern"}


def test_another_day_is_another_query(small_world):
    recompute_stale()
    coordinator = actor_of(small_world.coordinator)
    due_on = next(row.due_on for row in page_of(coordinator, Wanted(span="")) if row.due_on >= w.TODAY)
    for days, is_late in ((0, False), (1, True)):
        with time_machine.travel(w.NOON + (due_on - w.TODAY) + timedelta(days=days), tick=False):
            late = [row.due_on for row in page_of(coordinator, Wanted())]
        assert (due_on in late) is is_late
