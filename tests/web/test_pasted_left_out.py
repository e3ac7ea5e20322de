"""Whom an action cannot take of a pasted list: each by name with why not; and nobody blocks the others."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.auditing.models import ReadEvent
from manzanita.procedures import settling
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.web import arrivals_adopt, left_out, people_assign
from tests.support import arrivals as hand
from tests.support import pages, staff
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.pages import many_students, text_of
from tests.web.test_leaving_many import ended_as
from tests.web.test_pasted_sets import ALDER, TOWHEE, YARROW, fields, paste, words

FOLD = "Not on this page, and why"
NOT_HERE = "The student does not attend in your district today. Nothing to do where that is so;"


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def has_left(world: w.World, name: str) -> None:
    """By our own record; the SIS has still to end the enrollment."""
    asked = LeavingAsked("dropped_out", date(2026, 11, 20), "Told by the school.")
    record_leaving(actor=world.coordinator_actor, student=world.students[name], asked=asked)


def fold_in(answer) -> str:
    """What stands in the fold, as words; blank where there is none."""
    page = answer.content.decode()
    if FOLD not in page:
        return ""
    return words(type("Part", (), {"content": page.split(FOLD)[1].split("</details>")[0].encode()}))


def logged() -> list[tuple[str, list[int], str]]:
    rows = ReadEvent.objects.order_by("pk").values_list("what", "student_ids", "filter_codes")
    return [(what, sorted(ids), codes) for what, ids, codes in rows]


# Assigning


@pytest.fixture
def assigned(small_world, coordinator) -> dict[str, str]:
    """The fields of a form that gives a pasted list to the second teacher."""
    teacher = staff.add_people().teacher
    return {"kind": "assignment", "to": str(teacher.pk), "starts_on": "2026-11-23"}


def test_assigning_names_who_has_left_and_who_does_not_attend_and_takes_neither(
    small_world, coordinator, assigned
):
    has_left(small_world, "alder")
    pages.leaves(small_world.students["towhee"], date(2026, 6, 12))
    there = paste(coordinator, TOWHEE, ALDER, YARROW, then="assign")
    answer = coordinator.get(there)
    assert "Students of a pasted list : 1 student who can be assigned" in words(answer)
    told = fold_in(answer)
    assert told.startswith("2 students ")
    assert "Testcase, Alder The student has left by your own record. Nothing to do where" in told
    assert f"Testcase, Towhee {NOT_HERE}" in told
    assert "Owner: SEDS coordinator" in told and "Owner: SIS" in told and "Yarrow" not in told
    key, of = fields(there)["set"], small_world.students
    codes = f"list=all sort=pasted set={key}"
    both = sorted([of["alder"].pk, of["towhee"].pk])
    assert logged() == [("assignment.preview", both, f"left-out {codes}")]
    answer = coordinator.post("/assign", fields(there) | assigned)
    assert re.findall(r'aria-label="Assign ([^"]+)"', answer.content.decode()) == ["Yarrow Testcase"]
    assert fold_in(answer) == told


def test_of_whom_all_are_taken_there_is_no_fold_and_of_no_pasted_list_neither(small_world, coordinator):
    assert FOLD not in words(coordinator.get(paste(coordinator, ALDER, then="assign")))
    assert FOLD not in words(coordinator.get("/arrivals/adopt?list=all"))
    assert FOLD not in words(coordinator.get("/assign"))


def test_who_has_the_students_already_does_not_stand_before_those_who_do_not(
    small_world, coordinator, assigned, monkeypatch
):
    monkeypatch.setattr(people_assign, "MOST_AT_ONCE", 2)
    many_students(3)
    there = paste(coordinator, *(f"99001{n:05}" for n in range(3)), then="assign")
    form = fields(there) | assigned

    def ticked(answer) -> list[str]:
        return re.findall(r'aria-label="Assign (\w+)', answer.content.decode())

    first = coordinator.post("/assign", form)
    assert ticked(first) == ["Fern0", "Fern1"] and "these are the first" in words(first)
    chosen = re.findall(r'name="student" value="([^"]+)"', first.content.decode())
    assert coordinator.post("/assign", form | {"student": chosen, "apply": "1"}).status_code == 302
    assert ticked(coordinator.post("/assign", form)) == ["Fern2"]


# Adopting


@pytest.fixture
def arrivals(small_world) -> dict[str, Arrival]:
    students = hand.add([hand.row(name) for name in ("Avocet", "Whimbrel")])
    look_at(w.LEA, [one.pk for one in students.values()], found_by="test")
    return {one.student.first_name: one for one in Arrival.objects.select_related("student")}


def test_adopting_names_who_has_no_open_arrival(small_world, coordinator, arrivals):
    pages.leaves(small_world.students["towhee"], date(2026, 6, 12))
    names = ("Testcase, Avocet", "Testcase, Whimbrel")
    there = paste(coordinator, *names, ALDER, TOWHEE, then="arrivals_adopt")
    answer = coordinator.get(there)
    assert "4 of 4 found." in words(answer) and "1 plan ready, 1 to look at" in words(answer)
    told = fold_in(answer)
    assert told.startswith("2 students ")
    assert "Testcase, Alder The student has no open arrival." in told
    assert f"Testcase, Towhee {NOT_HERE}" in told
    codes = f"list=all sort=pasted set={fields(there)['set']}"
    shown = sorted(one.student_id for one in arrivals.values())
    others = sorted(small_world.students[name].pk for name in ("alder", "towhee"))
    assert logged() == [
        ("arrivals.preview", shown, codes),
        ("arrivals.preview", others, f"left-out {codes}"),
    ]


def test_an_arrival_that_is_settled_says_so(coordinator, arrivals):
    Arrival.objects.filter(pk=arrivals["Avocet"].pk).update(settled_at=w.NOON, settled_how="adopted")
    told = fold_in(coordinator.get(paste(coordinator, "Testcase, Avocet", then="arrivals_adopt")))
    assert "Testcase, Avocet The arrival of the student is settled already." in told


def test_an_arrival_that_is_not_safe_does_not_stand_before_one_that_is(coordinator, arrivals, monkeypatch):
    monkeypatch.setattr(arrivals_adopt, "MOST_AT_ONCE", 1)
    Arrival.objects.filter(pk=arrivals["Whimbrel"].pk).update(enrolled_on=date(2026, 8, 1))
    there = paste(coordinator, "Testcase, Whimbrel", "Testcase, Avocet", then="arrivals_adopt")
    page = text_of(coordinator.get(there))
    assert "Adopt the plan of Testcase, Avocet" in page and "Testcase, Whimbrel" not in page
    assert "More than 1 arrive; these are the first." in page


# Leavings


def test_leavings_name_whom_the_sis_has_not_ended_and_the_others(small_world, coordinator):
    cast = add_cast(["bunting", "dunlin"])
    for student in cast.values():
        ended_as(student, "T160")
    small_world.students["dunlin"] = cast["dunlin"]
    asked = LeavingAsked("dropped_out", date(2026, 11, 18), "Told by the school.")
    record_leaving(actor=small_world.coordinator_actor, student=cast["dunlin"], asked=asked)
    # Takes no part in special education.
    pages.leaves(small_world.students["yarrow"], date(2026, 11, 13))
    lines = ("Testcase, Bunting", "Testcase, Dunlin", ALDER, YARROW)
    there = paste(coordinator, *lines, then="leaving_many")
    answer = coordinator.get(there)
    assert re.findall(r'<th scope="row">Testcase, (\w+)</th>', answer.content.decode()) == ["Bunting"]
    told = fold_in(answer)
    assert told.startswith("3 students ")
    assert "Testcase, Alder The SIS has not ended the enrollment." in told
    assert "Testcase, Dunlin The student has left by your own record." in told
    assert "Testcase, Yarrow The student takes no part in special education here" in told
    alder = small_world.students["alder"]
    assert f'href="/students/{alder.public_id}/leaving"' in text_of(answer)


def test_a_leaving_of_the_list_is_shown_though_many_went_before(small_world, coordinator, monkeypatch):
    monkeypatch.setattr(settling, "MOST", 1)
    cast = add_cast(["bunting", "dunlin", "gadwall"])
    for student in cast.values():
        ended_as(student, "T160")
    there = paste(coordinator, "Testcase, Gadwall", then="leaving_many")
    answer = coordinator.get(there)
    assert "Testcase, Gadwall" in text_of(answer) and FOLD not in words(answer)
    sent = {"group": "T160", "reason": "moved_continuing", "selected": [str(cast["gadwall"].public_id)]}
    assert "Testcase, Gadwall" in text_of(coordinator.post(there, sent))


# What it costs


def test_the_fold_is_bounded_and_counted(small_world, coordinator, monkeypatch):
    monkeypatch.setattr(left_out, "SHOWN", 2)
    many_students(3)
    there = paste(coordinator, *(f"99001{n:05}" for n in range(3)), then="leaving_many")
    told = fold_in(coordinator.get(there))
    assert told.startswith("3 students ") and told.endswith("The first 2 are shown.")
    assert "Quill, Fern0" in told and "Quill, Fern1" in told and "Fern2" not in told
    assert len(logged()[0][1]) == 2


# session, user, grants, view; the list, its students within reach; who is shown, who is not, and why; the log twice
@pytest.mark.parametrize("count", [3, 60])
@pytest.mark.parametrize(("then", "queries"), [("assign", 17), ("arrivals_adopt", 16), ("leaving_many", 16)])
def test_a_fold_costs_the_same_for_few_and_many(
    small_world, coordinator, django_assert_max_num_queries, then, queries, count
):
    for student in many_students(count):
        if then == "assign":
            pages.leaves(student, date(2026, 11, 18))
    there = paste(coordinator, *(f"99001{n:05}" for n in range(count)), then=then)
    coordinator.get(there)
    with django_assert_max_num_queries(queries):
        assert f"{count} students" in fold_in(coordinator.get(there))
