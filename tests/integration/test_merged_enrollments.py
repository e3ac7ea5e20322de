"""Whose word an enrollment is, once two records are one: it stays that of the SIS that said it, for everything that
asks this, until and after the records become two again; what somebody typed stays typed."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from importlib import import_module

import pytest
from django.apps import apps

from manzanita.domain.merging import Side
from manzanita.exchange.models import ImportRun
from manzanita.exchange.queries import changed_by_import
from manzanita.platform import clock
from manzanita.procedures.merging import merge_students, preview_merge
from manzanita.procedures.merging_base import Asked
from manzanita.procedures.merging_undo import undo_merge
from manzanita.procedures.news import Window, changed_students
from manzanita.students.actions import state_one
from manzanita.students.models import Enrollment, Student
from manzanita.students.residence import newest_import_cause
from manzanita.students.scope import visible_to
from manzanita.students.transfer_facts import enrolled_by_sis, left_by_sis, school_by_sis
from tests.support import world as w
from tests.support.merging import ENTERED, entered_again, everything, pair_of
from tests.support.pages import START, enrollment

pytestmark = pytest.mark.django_db

# At the other district until October 30, 2026, and there again from January 11, 2027.
FIRST, LAST, AGAIN = date(2026, 8, 12), date(2026, 10, 30), date(2027, 1, 11)


@pytest.fixture
def run(small_world) -> ImportRun:
    return ImportRun.objects.create(kind="sis", lea_code=w.LEA, created_at=clock.now(), state="done")


@pytest.fixture
def alder(small_world) -> Student:
    return small_world.students["alder"]


@pytest.fixture
def second(alder, run, noon) -> Student:
    """Another record of Alder, whose enrollments the SIS of both districts stated; Alder's own one nobody's SIS did."""
    made = entered_again()
    by_sis = {"by_id": None, "cause": f"sis-import:{run.pk}"}
    for lea, school, first, last in (
        (w.LEA, w.SCHOOL, ENTERED, None),
        (w.OTHER_LEA, w.OTHER_SCHOOL, FIRST, LAST),
        (w.OTHER_LEA, w.OTHER_SCHOOL, AGAIN, None),
    ):
        state_one(
            "enrollment",
            slot={"student_id": made.pk, "lea_code": lea, "started_on": first},
            values=enrollment("L778") | {"school_code": school},
            effective_from=first,
            effective_to=last,
            **by_sis,
        )
    noon.shift(timedelta(minutes=5))
    return made


def merged(world, alder, second):
    actor, pair = world.coordinator_actor, pair_of(alder, second)
    asked = Asked(alder.pk, {f"primary.{w.LEA}": Side.OTHER})
    seen = preview_merge(actor, pair, asked).seen
    return merge_students(actor=actor, pair=pair, asked=asked, reason="The same child", seen=seen)[0]


def causes(student: Student) -> list[tuple]:
    rows = Enrollment.objects.believed().filter(student=student).order_by("effective_from")
    return list(rows.values_list("lea_code", "effective_from", "effective_to", "cause"))


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def test_each_enrollment_keeps_who_said_it_and_so_does_the_one_that_is_cut_short(
    small_world, alder, second, run
):
    was = causes(alder)
    before = everything(alder, second)
    merge = merged(small_world, alder, second)
    sis = f"sis-import:{run.pk}"
    assert causes(alder) == [
        # Nobody's SIS said it, and it ends where the one of the second record goes on.
        (w.LEA, START, date(2026, 11, 1), was[0][3]),
        (w.OTHER_LEA, FIRST, LAST, sis),
        (w.LEA, ENTERED, None, sis),
        (w.OTHER_LEA, AGAIN, None, sis),
    ]
    undo_merge(actor=small_world.coordinator_actor, merge=merge)
    assert everything(alder, second) == before
    assert causes(alder) == was


def test_what_somebody_typed_is_no_word_of_the_sis_after_it_either(small_world, alder):
    second = entered_again()
    merged(small_world, alder, second)
    assert causes(alder)[-1] == (w.LEA, ENTERED, None, "by-hand")
    assert enrolled_by_sis(alder.pk, w.LEA) is None


def test_a_transfer_is_told_what_the_sis_of_both_sides_shows(small_world, alder, second):
    merge = merged(small_world, alder, second)
    assert enrolled_by_sis(alder.pk, w.LEA) == ENTERED
    assert school_by_sis(alder.pk, w.LEA) == w.SCHOOL
    assert enrolled_by_sis(alder.pk, w.OTHER_LEA) == AGAIN
    undo_merge(actor=small_world.coordinator_actor, merge=merge)
    assert enrolled_by_sis(alder.pk, w.LEA) is None
    assert enrolled_by_sis(second.pk, w.LEA) == ENTERED


def test_who_has_left_by_the_sis_has_left_after_it(small_world, alder, second):
    slot = {"student_id": second.pk, "lea_code": w.OTHER_LEA, "started_on": AGAIN}
    # The SIS has taken back that the student comes again.
    state_one("enrollment", slot=slot, values=None, effective_from=AGAIN, by_id=None, cause="sis-import:0")
    merged(small_world, alder, second)
    assert left_by_sis(alder.pk, w.OTHER_LEA) == LAST


def test_the_import_that_enrolled_is_known_for_where_the_student_lives(small_world, alder, second, run):
    assert newest_import_cause([alder.pk]) == ""
    merged(small_world, alder, second)
    assert newest_import_cause([alder.pk]) == f"sis-import:{run.pk}"


def test_the_list_of_whom_an_import_brought_anew_has_the_student(small_world, alder, second, run):
    merged(small_world, alder, second)
    actor = small_world.coordinator_actor
    assert list(visible_to(actor).filter(changed_by_import(actor, run.pk))) == [alder]


def test_no_file_is_told_of_at_the_moment_of_it(small_world, alder, second, noon):
    since = clock.now()
    noon.shift(timedelta(minutes=5))
    merge = merged(small_world, alder, second)
    noon.shift(timedelta(minutes=5))
    actor = small_world.coordinator_actor
    assert changed_students(actor, Window(since, clock.now(), origin="sis")).students == []
    undo_merge(actor=actor, merge=merge)
    noon.shift(timedelta(minutes=5))
    assert changed_students(actor, Window(since, clock.now(), origin="sis")).students == []


def test_the_page_of_news_tells_it_as_an_act_alone(small_world, alder, second, noon, sign_in):
    merged(small_world, alder, second)
    noon.shift(timedelta(minutes=5))
    page = text_of(sign_in(small_world.coordinator).get("/news?own=yes"))
    assert "Testcase, Alder" in page
    assert "Enrollment changed" not in page and "New enrollment" not in page


def test_what_is_planned_says_that_a_file_enrolls(small_world, alder, second, sign_in):
    merged(small_world, alder, second)
    page = text_of(sign_in(small_world.coordinator).get("/students/planned?only=enrollment"))
    assert "By a SIS file" in page and "Two records put together" not in page


def test_the_history_of_a_field_leads_to_the_import(small_world, alder, second, run, sign_in):
    merged(small_world, alder, second)
    page = sign_in(small_world.coordinator).get(f"/students/{alder.public_id}/fields/enrollment.grade_code")
    assert f'href="/imports/{run.public_id}"' in page.content.decode()


def test_what_was_moved_before_it_was_kept_is_the_word_of_the_sis_again(small_world, alder, second, run):
    """As older releases wrote it: by whoever put the two together, with the merge as its cause."""
    merge = merged(small_world, alder, second)
    kept = causes(alder)
    moved = Enrollment._base_manager.filter(pk__in=merge.written["inserted"]["enrollment"])
    moved.update(cause=f"merge:{merge.pk}", by_id=small_world.coordinator.pk)
    upgrade = import_module("manzanita.students.migrations.0035_whose_word_moved_enrollments_are")
    upgrade.give_back_words(apps, None)
    assert causes(alder) == kept
    assert not moved.filter(by_id__isnull=False).exists()
