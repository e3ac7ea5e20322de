"""Whatever narrows the list of students goes along to every list beside it, and who is left out there is named."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from django.test import Client

from manzanita.deadlines.recompute import recompute_stale
from manzanita.leaving.actions import report_participation
from manzanita.meetings.models import Meeting
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from tests.support import world as w
from tests.support.pages import many_students, text_of
from tests.web.test_pasted_left_out import fold_in
from tests.web.test_pasted_sets import ALDER, TOWHEE, YARROW, paste, words

TABS = (
    "All",
    "State findings",
    "Held",
    "Different at the state",
    "Due dates",
    "To settle",
    "Next year",
    "Planned",
)


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def tabs_of(answer) -> dict[str, str]:
    bar = answer.content.decode().split('aria-label="Lists">')[1].split("</div>")[0]
    return {label: unescape(url) for url, label in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', bar)}


def row_names(answer) -> list[str]:
    """Whoever stands in the list itself, not in a fold above it."""
    parts = answer.content.decode().split(" data-open>")[1:]
    return [part.split("<")[0].split(", ")[1] for part in parts]


def report(world: w.World, name: str) -> None:
    report_participation(
        actor=world.case_manager_actor,
        student=world.students[name],
        reason_key="unknown_continuing",
        last_on=None,
        note="Gone since Monday.",
    )


def plan_leaving(world: w.World, name: str) -> None:
    asked = LeavingAsked("dropped_out", date(2026, 12, 11), "Told by the school.")
    record_leaving(actor=world.coordinator_actor, student=world.students[name], asked=asked)


def initial(world: w.World, name: str) -> None:
    Meeting.objects.create(
        student=world.students[name],
        lea_code=w.LEA,
        event_key="b_initial",
        evaluation_type_code="10",
        consent_on=date(2026, 11, 9),
        opened_at=w.NOON,
        opened_by_id=world.coordinator.pk,
    )


def test_a_pasted_list_goes_along_to_every_tab(small_world, coordinator):
    many_students(3)
    report(small_world, "towhee")
    initial(small_world, "yarrow")
    plan_leaving(small_world, "alder")
    recompute_stale()
    answer = coordinator.get(paste(coordinator, ALDER, YARROW))
    tabs = tabs_of(answer)
    assert tuple(tabs) == TABS
    seen = {}
    for label, address in tabs.items():
        page = coordinator.get(address)
        assert page.status_code == 200, label
        assert "2 of 2 found." in words(page), label
        names = row_names(page)
        assert set(names) <= {"Alder", "Yarrow"}, label
        seen[label] = set(names) | {name for name in ("Alder", "Yarrow") if name in fold_in(page)}
    # Whoever does not stand in a list stands above it, with why.
    assert seen == {label: {"Alder", "Yarrow"} for label in TABS}


def test_without_a_list_the_same_tabs_show_the_others_too(small_world, coordinator):
    """So that the test before proves something."""
    report(small_world, "towhee")
    initial(small_world, "yarrow")
    recompute_stale()
    tabs = tabs_of(coordinator.get("/students"))
    assert set(row_names(coordinator.get(tabs["To settle"]))) == {"Towhee", "Yarrow"}
    assert set(row_names(coordinator.get("/due?span=any"))) == {"Alder", "Towhee"}
    assert row_names(coordinator.get(tabs["Next year"])) == ["Alder", "Towhee", "Yarrow"]


@pytest.mark.parametrize("part", ["grade=04", "plan=100", "school=9911001", "manager=nobody"])
def test_every_part_of_the_sentence_goes_along(small_world, coordinator, part):
    for name in ("towhee", "yarrow"):
        report(small_world, name)
    recompute_stale()
    listed = coordinator.get(f"/students?{part}")
    meant = set(row_names(listed))
    for label, address in tabs_of(listed).items():
        page = coordinator.get(address)
        assert part in address, label
        assert set(row_names(page)) <= meant, label


def test_a_search_goes_along_and_is_cleared_by_a_click(small_world, coordinator):
    report(small_world, "towhee")
    report(small_world, "yarrow")
    recompute_stale()
    listed = coordinator.get(coordinator.post("/students/search", {"q": "Towhee"}).url)
    for label, address in tabs_of(listed).items():
        assert set(row_names(coordinator.get(address))) <= {"Towhee"}, label
    cleared = re.search(r'href="([^"]+)">Clear the search<', listed.content.decode())[1]
    assert set(row_names(coordinator.get(unescape(cleared)))) == {"Alder", "Towhee", "Yarrow"}


def test_a_part_that_nobody_knows_shows_nobody_where_everybody_would_stand(small_world, coordinator):
    report(small_world, "towhee")
    for address in ("/due?span=any&grade=99", "/students/settle?grade=99"):
        page = coordinator.get(address)
        assert row_names(page) == []
        assert "Grade: there is no such choice within your reach. Nobody is shown." in words(page)


def test_the_choices_of_a_list_keep_the_students(small_world, coordinator):
    report(small_world, "towhee")
    recompute_stale()
    for label in ("Due dates", "To settle"):
        there = tabs_of(coordinator.get(paste(coordinator, ALDER)))[label]
        page = coordinator.get(there).content.decode()
        key = re.search("set=([^&]+)", there)[1]
        bars = re.findall(r'<div class="query".*?</div>', page, re.DOTALL)
        links = [href for bar in bars for href in re.findall(r'<a href="([^"]+)"', bar)]
        assert links and all(key in one for one in links), label
        assert f'name="set" value="{key}"' in page.split("<form", 2)[2]


def test_the_file_of_due_dates_is_of_these_students(small_world, coordinator):
    recompute_stale()
    there = tabs_of(coordinator.get("/students?grade=06"))["Due dates"]
    export = re.search(r'href="(/exports/new[^"]+)"', coordinator.get(there).content.decode())[1]
    assert "grade=06" in export and "1 student" in text_of(coordinator.get(unescape(export)))


# Who is not there


def left(world: w.World, name: str) -> None:
    asked = LeavingAsked("dropped_out", date(2026, 11, 20), "Told by the school.")
    record_leaving(actor=world.coordinator_actor, student=world.students[name], asked=asked)


def test_next_year_names_who_has_left(small_world, coordinator):
    left(small_world, "alder")
    there = paste(coordinator, ALDER, YARROW, then="next_year")
    answer = coordinator.get(there)
    assert row_names(answer) == ["Yarrow"] and "2 of 2 found." in words(answer)
    told = fold_in(answer)
    assert (
        told.startswith("1 student ") and "Testcase, Alder The student has left by your own record." in told
    )
    assert "Who has left has no next year here" in told


def test_next_year_of_everybody_names_who_stands_among_the_students_and_not_here(small_world, coordinator):
    assert fold_in(coordinator.get("/students/next-year")) == ""
    left(small_world, "alder")
    assert row_names(coordinator.get("/students")) == ["Alder", "Towhee", "Yarrow"]
    answer = coordinator.get("/students/next-year")
    assert row_names(answer) == ["Towhee", "Yarrow"]
    assert fold_in(answer).startswith("1 student ") and "Testcase, Alder" in fold_in(answer)


def test_a_list_of_work_says_of_each_of_a_pasted_list_why_not(small_world, coordinator):
    report(small_world, "towhee")
    tabs = tabs_of(coordinator.get(paste(coordinator, TOWHEE, YARROW)))
    told = fold_in(coordinator.get(tabs["To settle"]))
    assert told.startswith("1 student ") and "Testcase, Yarrow Nothing of the student is to settle" in told
    told = fold_in(coordinator.get(tabs["Held"]))
    assert "Testcase, Towhee No record of the student is held back. Nothing to do." in told
