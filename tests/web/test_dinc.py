"""The DINC lists: who is on them and why, in which scope, and how they empty."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from manzanita.deadlines.models import DelayReason, DincCount, DueDate, HeldLate
from manzanita.deadlines.recompute import recompute_everybody, recompute_stale
from manzanita.domain.dinc import DINC
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import open_meeting, refresh_clocks, take_over_meetings
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.models import Meeting
from manzanita.students.actions import set_clocks
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w
from tests.support.pages import many_students, reads, text_of


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def names_in(answer) -> list[str]:
    return [part.split("<")[0].split(", ")[1] for part in text_of(answer).split(" data-open>")[1:]]


def held(world, name: str, *days: date, delay_code: str = "") -> None:
    student = world.students[name]
    take_over_meetings(
        [
            Meeting(
                student=student,
                event_key="annual",
                lea_code=w.LEA,
                state="finalized",
                held_on=day,
                is_plan_review=True,
                opened_at=w.NOON,
                finalized_at=w.NOON,
                delay_code=delay_code,
            )
            for day in days
        ]
    )
    refresh_clocks([student.pk])
    recompute_stale()


def test_an_overdue_review_is_explained_step_by_step_and_emptied(small_world, coordinator):
    answer = coordinator.get("/dinc/1-annual")
    assert names_in(answer) == ["Alder"]
    page = text_of(answer)
    for words in (
        "The last plan review before it was on 11/14/2025.",
        "By the state it was due on 11/14/2026, 9 days ago, and it has not been held.",
        "No meeting is open.",
        "No reason of delay is recorded: the state counts it as noncompliant (16.21).",
        "Say why",
    ):
        assert words in page, words
    assert reads() == [(small_world.students["alder"].pk, "dinc.list")]
    due = DueDate.objects.get(student=small_world.students["alder"], clock="annual-review")
    coordinator.post(f"/due/{due.pk}/delay", {"code": "20"})
    assert "the state does not count it (16.21)" in text_of(coordinator.get("/dinc/1-annual"))
    assert DelayReason.objects.count() == 1
    # What takes the student off stands beside: a meeting first, then holding it.
    alder = small_world.students["alder"].public_id
    assert f'href="/students/{alder}/meetings/new?clock=annual-review"' in text_of(
        coordinator.get("/dinc/1-annual")
    )
    meeting = pages.opened(small_world)
    recompute_stale()
    page = text_of(coordinator.get("/dinc/1-annual"))
    assert "Annual plan review, open." in page
    assert f'href="/meetings/{meeting.public_id}?step=hold">Hold the meeting' in page
    assert "Correct the consent" not in page
    held(small_world, "alder", date(2026, 11, 20))
    assert names_in(coordinator.get("/dinc/1-annual")) == []
    # Held six days late: it stays on the list of those held late until the next one.
    answer = coordinator.get("/dinc/1-annual-held")
    assert names_in(answer) == ["Alder"]
    assert "It was held on 11/20/2026, 6 days late." in text_of(answer)
    assert "No reason of delay is recorded." in text_of(answer)


def test_transition_indicators_that_lack_are_named(small_world, coordinator):
    Student.unscoped.filter(pk=small_world.students["alder"].pk).update(birth_on=date(2010, 11, 23))
    set_clocks({small_world.students["alder"].pk: (date(2026, 9, 1), date(2026, 9, 1))})
    recompute_stale()
    answer = coordinator.get("/dinc/4")
    assert names_in(answer) == ["Alder"]
    assert "Sixteen on 11/23/2026" in text_of(answer)
    assert "23.28 Transition services: missing." in text_of(answer)


def test_an_evaluation_past_60_days_is_held_or_its_consent_corrected(small_world, coordinator, sign_in):
    meeting = open_meeting(
        actor=small_world.coordinator_actor,
        student=small_world.students["yarrow"],
        event=EVENTS["b_initial"],
        evaluation=Evaluation(date(2026, 9, 23)),
    )
    recompute_stale()
    # Sixty days after September 23 are November 22.
    page = text_of(coordinator.get("/dinc/2-overdue"))
    assert "By the state it was due on 11/22/2026, 1 day ago" in page
    assert f'href="/meetings/{meeting.public_id}?step=hold&amp;correct=consent#evaluation"' in page
    assert " open>" in text_of(coordinator.get(f"/meetings/{meeting.public_id}?step=hold&correct=consent"))
    coordinator.post(
        f"/meetings/{meeting.public_id}/evaluation",
        {"consent_on": "2026-09-24", "reason": "Signed a day later"},
    )
    recompute_stale()
    assert names_in(coordinator.get("/dinc/2-overdue")) == []


def test_the_overview_counts_what_the_lists_show(small_world, coordinator):
    held(small_world, "towhee", date(2026, 11, 2), date(2026, 3, 2))
    page = text_of(coordinator.get("/dinc"))
    for key, listed in DINC.items():
        shown = len(names_in(coordinator.get(f"/dinc/{key}")))
        row = page[page.index(f"{listed.number}: {listed.title}</a>") :].split("</tr>")[0]
        assert f'aria-label="{shown} on the list {listed.title}"' in row, key


def test_trends_are_counted_of_the_end_of_each_month(small_world, coordinator, sign_in):
    recompute_everybody()
    counts = dict(DincCount.objects.filter(lea_code=w.LEA, list_key="1-annual").values_list("on", "count"))
    # Alder's review was due on November 14, 2026: on no month's end before, and today.
    assert counts == {w.TODAY: 1}
    page = text_of(coordinator.get("/dinc/1-annual"))
    assert "On the list: 0 on 11/30/2025, 1 on 11/23/2026" in page and "<svg" in page
    recompute_everybody()
    assert DincCount.objects.filter(lea_code=w.LEA, list_key="1-annual").count() == 1
    manager = sign_in(small_world.case_manager)
    assert "who has students of their own sees none" in text_of(manager.get("/dinc"))


def test_the_other_district_and_a_stranger_see_nothing_of_it(small_world, sign_in):
    held(small_world, "alder", date(2026, 11, 20))
    assert HeldLate.objects.filter(lea_code=w.LEA).exists()
    other = sign_in(pages.other_coordinator(small_world))
    for key in DINC:
        assert names_in(other.get(f"/dinc/{key}")) == []
    assert Client().get("/dinc").status_code == 302


@pytest.mark.parametrize("address", ["/dinc/9", "/dinc/1-annual?after=x", "/dinc/1-annual?after=-1"])
def test_an_odd_question_is_no_list(small_world, coordinator, address):
    assert coordinator.get(address).status_code == 404


def test_pages_go_on_and_a_place_that_is_gone_begins_again(small_world, coordinator):
    many_students(60, due_on=date(2026, 11, 1))
    first = coordinator.get("/dinc/1-annual")
    assert len(names_in(first)) == 50
    after = text_of(first).split("/dinc/1-annual?after=")[1].split('"')[0]
    assert len(names_in(coordinator.get(f"/dinc/1-annual?after={after}"))) == 11
    assert coordinator.get("/dinc/1-annual?after=999999").url == "/dinc/1-annual"


@pytest.mark.parametrize("count", [3, 60])
def test_a_list_costs_the_same_for_few_and_many(small_world, coordinator, django_assert_num_queries, count):
    many_students(count, due_on=date(2026, 11, 1))
    coordinator.get("/dinc/1-annual")
    # Sign-in 4; the page, reasons of delay, the trend, names of schools, who waits; the read log 3.
    with django_assert_num_queries(12):
        coordinator.get("/dinc/1-annual")
