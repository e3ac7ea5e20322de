"""Rows that are asked for by a kept statement are those of the student, whoever it is and whatever came since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db.models import F

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.orgs.models import Agency
from manzanita.platform.kept_rows import STAND_IN, KeptRows, read_once
from manzanita.students.actions import state_one
from manzanita.students.models import Enrollment, Plan, Ssid, Student
from manzanita.web.student_file import load_student
from manzanita.web.student_reads import rows_of_student
from tests.support import pages
from tests.support import world as w


@dataclass(frozen=True, slots=True)
class Inner:
    plans: Any


@dataclass(frozen=True, slots=True)
class Rows:
    """One of each shape in which querysets stand."""

    ssids: Any
    inner: Inner
    some: Sequence[Any]
    by_name: Any
    word: str = "kept"


def rows_of(key: int) -> Rows:
    ssids = Ssid.objects.filter(student_id=key).values_list("student_id")
    return Rows(
        ssids=ssids,
        inner=Inner(Plan.objects.filter(student_id__in=[key])),
        some=[Enrollment.objects.filter(student=Student(pk=key)), Enrollment.objects.none()],
        by_name={"twice": Ssid.objects.filter(student_id=key, pk__gt=0).order_by("-pk")},
    )


def test_each_student_s_own_rows_come_in_one_query(small_world, django_assert_num_queries):
    kept = KeptRows(rows_of(STAND_IN))
    for name in ("alder", "towhee", "alder"):
        pk = small_world.students[name].pk
        with django_assert_num_queries(1):
            found = kept.read(pk)
        assert found.word == "kept" and found.ssids == [(pk,)]
        assert {plan.student_id for plan in found.inner.plans} == {pk}
        assert {one.student_id for one in found.some[0]} == {pk} and found.some[1] == []
        assert {one.student_id for one in found.by_name["twice"]} == {pk}
        with django_assert_num_queries(1):
            once = read_once(rows_of(pk))
        assert once == found
    assert kept.read(-1).ssids == []


def test_rows_that_are_not_of_the_student_are_refused(small_world):
    everybody = Rows(Ssid.objects.filter(pk=F("pk")), Inner([]), [], {})
    with pytest.raises(ValueError, match="rows of Ssid that are not of the student"):
        KeptRows(everybody)
    # What is of nobody in particular may stand beside.
    assert len(KeptRows(Rows(Agency.objects.order_by("pk"), Inner([]), [], {})).read(1).ssids) > 1


def test_a_kept_page_sees_what_came_since_and_another_day(small_world):
    """Two people, two students, two days: whatever is kept, each sees the own."""
    alder, towhee = (small_world.students[name] for name in ("alder", "towhee"))
    coordinator = actor_of_grant_id(small_world.coordinator.grants.get().pk, w.TODAY)
    other = actor_of_grant_id(pages.other_coordinator(small_world).grants.get().pk, w.TODAY)
    sage = small_world.students["sage"]
    for _ in range(2):
        assert rows_of_student(coordinator, alder).own.facts().student == alder
        assert rows_of_student(other, sage).own.facts().student == sage
    manager = small_world.case_manager.pk
    assert load_student(coordinator, towhee.public_id).facts.case_manager_id == manager
    state_one(
        "assignment",
        slot={"student_id": towhee.pk},
        values={"user_id": small_world.coordinator.pk},
        effective_from=date(2026, 11, 24),
        by_id=None,
        cause="test",
    )
    assert load_student(coordinator, towhee.public_id).facts.case_manager_id == manager
    with time_machine.travel(w.NOON + timedelta(days=1), tick=False):
        assert load_student(coordinator, towhee.public_id).facts.case_manager_id == small_world.coordinator.pk
