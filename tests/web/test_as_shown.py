"""A send takes exactly what the page showed: what came, went or changed meanwhile is told, and nothing goes unseen."""

from __future__ import annotations

import pytest
from django.test import Client

from manzanita.auditing.models import ReadEvent
from manzanita.exchange import shown
from manzanita.exchange.models import Operation, Submission, SubmissionLine
from manzanita.exchange.outbox import reconcile_students
from manzanita.platform.models import Job
from manzanita.web import state
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.pages import as_shown, text_of

WAY = {"form": "api", "destination": "sandbox"}


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def reviewed(world, name: str = "alder", **serv_415: str):
    return archive(world.students[name], review_rows(name, **serv_415))


def sent_students() -> set[int]:
    return set(SubmissionLine.objects.values_list("student_id", flat=True))


def test_what_came_since_does_not_go_and_is_named(small_world, coordinator):
    reviewed(small_world)
    looked = as_shown(coordinator)
    reviewed(small_world, "towhee")
    answer = coordinator.post("/state/send", looked | WAY)
    assert answer.status_code == 409
    assert not Submission.objects.exists()
    page = text_of(answer)
    assert "<b>Not sent: it is not what you were shown.</b>" in page
    assert (
        "You were shown 4 operations for 1 student, and 8 operations for 2 students may go now: "
        "4 came or changed since. Nothing has gone to the state." in page
    )
    came = Operation.objects.get(student_id=small_world.students["towhee"].pk, record="MEET")
    assert (
        f'Not shown to you: <a href="/state/operations/{came.pk}">Towhee Testcase: add the MEET of 11/20/2026</a>'
    ) in page
    assert came.student_id in ReadEvent.objects.filter(what="state.plan").latest("pk").student_ids


def test_what_is_now_goes_with_one_press_more(small_world, coordinator):
    reviewed(small_world)
    looked = as_shown(coordinator)
    reviewed(small_world, "towhee")
    answer = coordinator.post("/state/send", looked | {"form": "files", "destination": "sandbox"})
    page = text_of(answer)
    # The question stands open, with the way that was chosen.
    assert '<details class="ask" id="last-look" open>' in page and "Send 8 operations" in page
    assert 'name="form" value="files" checked' in page
    again = {"shown": page.partition('name="shown" value="')[2].partition('"')[0]}
    assert coordinator.post("/state/send", again | WAY).status_code == 302
    assert Submission.objects.get().lines.count() == 8


def test_what_went_since_is_counted(small_world, coordinator):
    reviewed(small_world)
    reviewed(small_world, "towhee")
    looked = as_shown(coordinator)
    Operation.objects.filter(student_id=small_world.students["towhee"].pk).delete()
    answer = coordinator.post("/state/send", looked | WAY)
    assert answer.status_code == 409
    assert "4 operations for 1 student may go now: 4 of those shown went or changed." in text_of(answer)
    assert not Submission.objects.exists()


def test_a_line_that_changed_is_not_what_was_shown(small_world, coordinator):
    alder = small_world.students["alder"]
    reviewed(small_world)
    looked = as_shown(coordinator)
    before = {one.pk: one.line_digest for one in Operation.objects.all()}
    archive(alder, review_rows("alder", **{"25.15": "45"}))
    assert {one.pk for one in Operation.objects.all()} == set(before)
    answer = coordinator.post("/state/send", looked | WAY)
    assert answer.status_code == 409
    assert (
        "and 4 operations for 1 student may go now: 1 came or changed since, 1 of those shown went or changed."
    ) in text_of(answer)
    assert not Submission.objects.exists()


def test_counting_the_same_again_changes_no_stamp(small_world, coordinator):
    reviewed(small_world)
    looked = as_shown(coordinator)
    reconcile_students([small_world.students["alder"].pk])
    assert as_shown(coordinator) == looked
    assert coordinator.post("/state/send", looked | WAY).status_code == 302


@pytest.mark.parametrize("stamp", [{}, {"shown": ""}, {"shown": "4.1.x"}, {"shown": "9" * 5_000}])
def test_without_what_was_shown_nothing_goes(small_world, coordinator, stamp):
    reviewed(small_world)
    answer = coordinator.post("/state/send", stamp | WAY)
    assert answer.status_code == 409
    assert "did not say what it had shown; 4 operations for 1 student may go now." in text_of(answer)
    assert not Submission.objects.exists()


def test_a_second_press_sends_nothing_that_came_between_the_two(small_world, coordinator):
    reviewed(small_world)
    looked = as_shown(coordinator)
    assert coordinator.post("/state/send", looked | WAY).status_code == 302
    reviewed(small_world, "towhee")
    answer = coordinator.post("/state/send", looked | WAY)
    assert answer.status_code == 409
    assert "4 came or changed since, 4 of those shown went or changed." in text_of(answer)
    assert sent_students() == {small_world.students["alder"].pk}


def test_of_very_many_only_the_number_is_told(small_world, coordinator, monkeypatch):
    monkeypatch.setattr(shown, "NAMED", 3)
    reviewed(small_world)
    looked = as_shown(coordinator)
    assert looked["shown"].startswith("4.1.") and looked["shown"].endswith(".")
    reviewed(small_world, "towhee")
    page = text_of(coordinator.post("/state/send", looked | WAY))
    assert "may go now: 4 more." in page and "Not shown to you" not in page


def test_of_some_students_only_what_was_shown_goes(small_world, coordinator):
    alder, towhee = (small_world.students[name] for name in ("alder", "towhee"))
    reviewed(small_world)
    here = "/state/limited?list=different"
    looked = as_shown(coordinator, here)
    reviewed(small_world, "towhee")
    asked = {"list": "different", "do": "send"}
    for stamp in ({}, looked):
        answer = coordinator.post("/state/limited", stamp | asked)
        assert answer.status_code == 409
        assert not Submission.objects.exists()
    page = text_of(answer)
    assert "You were shown 4 operations for 1 student, and 8 operations for 2 students may go now" in page
    assert "Send 8 operations" in page
    assert coordinator.post("/state/limited", as_shown(coordinator, here) | asked).status_code == 302
    assert sent_students() == {alder.pk, towhee.pk}


@pytest.mark.parametrize("address", ["/state", "/state/limited?list=different"])
def test_what_is_still_being_counted_is_said(small_world, coordinator, address):
    reviewed(small_world)
    assert "Still being counted" not in text_of(coordinator.get(address))
    Job.objects.create(kind="arrivals.adopt", reach=[w.LEA], done_count=1, total_count=3)
    Job.objects.create(kind="leaving.many", reach=[w.LEA])
    Job.objects.create(kind="procedures.import-sis", reach=[w.OTHER_LEA])
    Job.objects.create(kind="arrivals.undo", reach=[w.LEA], state="done")
    page = text_of(coordinator.get(address))
    assert (
        "<b>Still being counted.</b> Plans are being adopted: 2 students to go. Leavings are being recorded. What"
        in page
    )
    assert ">Look again</a>" in page


def test_numbers_that_disagree_are_read_again(small_world, coordinator, monkeypatch):
    reviewed(small_world)
    counts = state.plan_counts

    def while_the_worker_is_at_it(actor):
        if Operation.objects.count() == 4:
            reviewed(small_world, "towhee")
        return counts(actor)

    monkeypatch.setattr(state, "plan_counts", while_the_worker_is_at_it)
    answer = coordinator.get("/state")
    assert "Send 8 operations" in text_of(answer)
    assert 'name="shown" value="8.2.' in text_of(answer)
