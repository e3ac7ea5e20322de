"""The pages of students who left, together: the groups, the preview, the batch and its way back."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from manzanita.leaving.models import Leaving, LeavingBatch
from manzanita.platform.facts import Statement
from manzanita.procedures.leaving_many import LEAVINGS, departures
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from tests.integration.test_leaving_many import carried_out
from tests.support import pages
from tests.support import world as w
from tests.support.cast import add_cast
from tests.support.pages import reads, text_of

HERE = "/students/leaving/together"


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def gone(small_world):
    """Two ended as T160, one as E140."""
    students = add_cast(["bunting", "dunlin", "gadwall"])
    for name, code in (("bunting", "T160"), ("dunlin", "T160"), ("gadwall", "E140")):
        ended_as(students[name], code)
    return students


def ended_as(student, code: str) -> None:
    values = pages.enrollment(f"G-{student.first_name}") | {"school_code": w.SCHOOL, "exit_reason_code": code}
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": pages.START}
    stated = [Statement(slot, values, pages.START, date(2026, 11, 18), is_whole_slot=True)]
    state_student_facts("enrollment", stated, by_id=None, cause="test")


def ids(gone, *names: str) -> list[str]:
    return [str(gone[name].public_id) for name in names]


def test_they_stand_by_how_the_sis_ended_them_with_the_reason_that_suggests(coordinator, gone):
    page = text_of(coordinator.get(HERE))
    heads = re.findall(r'<h2 id="group-\d">(.*?)<span', page)
    assert [head.strip() for head in heads] == ["Ended as T160", "Ended as E140"]
    chosen = re.findall(r'<option value="(\w+)" selected>', page)
    assert chosen == ["moved_continuing", "unknown_continuing"]
    assert page.count("data-select checked") + page.count("data-select  checked") == 3
    assert {what for _, what in reads()} == {"leaving.list"} and len(reads()) == 3


def test_those_of_one_last_day_stand_by_name(small_world, gone):
    for name, first in (("bunting", "Wren"), ("dunlin", "Ivy"), ("gadwall", "Ivy")):
        Student.unscoped.filter(pk=gone[name].pk).update(last_name="Sedge", first_name=first)
    found = [one.student.pk for one in departures(small_world.coordinator_actor)]
    assert found == [gone[name].pk for name in ("dunlin", "gadwall", "bunting")]


@pytest.mark.parametrize("code", ["E130", "E300", "E400"])
def test_no_exit_says_by_itself_that_a_student_died_or_dropped_out(coordinator, gone, code):
    ended_as(gone["bunting"], code)
    page = text_of(coordinator.get(HERE))
    (form,) = [part for part in page.split("<form") if "Testcase, Bunting" in part]
    assert "data-select checked" not in form.replace("  ", " "), "nor of whom it is true"
    assert " selected>" not in form and '<option value="">Choose the reason</option>' in form
    assert "This exit does not say why" in form


def test_the_list_of_those_who_left_leads_here_and_nothing_else_does(coordinator, gone):
    assert f'href="{HERE}"' in text_of(coordinator.get("/students/settle?kind=leaving"))
    assert f'href="{HERE}"' not in text_of(coordinator.get("/students/settle"))


def test_without_anybody_the_page_says_what_would_stand_there(coordinator, small_world):
    assert "Nobody has left without a word" in text_of(coordinator.get(HERE))


def test_a_preview_says_what_each_is_told_and_does_nothing(coordinator, gone):
    sent = {"reason": "unknown_continuing", "selected": ids(gone, "bunting", "gadwall")}
    page = text_of(coordinator.post(HERE, sent))
    for words in ("SWDS 3, reason 32", "Ready", "Record the ticked leavings", "Testcase, Gadwall"):
        assert words in page
    assert "Testcase, Dunlin" not in page
    assert not LeavingBatch.objects.exists()


def test_it_is_recorded_shown_and_taken_back(coordinator, gone):
    sent = {"reason": "moved_continuing", "selected": ids(gone, "bunting", "dunlin")}
    preview = text_of(coordinator.post(HERE, sent))
    token = re.search(r'name="token" value="([^"]+)"', preview)[1]
    answer = coordinator.post(HERE, {**sent, "token": token, "apply": "1", "note": "They moved."})
    batch = LeavingBatch.objects.get()
    there = f"{HERE}/{batch.public_id}"
    assert answer.headers["Location"] == there
    assert "Recording leavings" in text_of(coordinator.get(there))
    carried_out(batch)
    page = text_of(coordinator.get(there))
    for words in ("2 recorded", "They moved.", "Take back what was not sent", "The others who left"):
        assert words in page
    assert Leaving.objects.filter(state="done").count() == 2
    again = coordinator.post(HERE, {**sent, "token": token, "apply": "1", "note": "They moved."})
    assert again.headers["Location"] == there, "the same form twice is one batch"
    assert LeavingBatch.objects.count() == 1
    coordinator.post(f"{there}/undo")
    carried_out(batch, LEAVINGS.undo)
    assert "2 taken back" in text_of(coordinator.get(there))
    assert Leaving.objects.filter(state="undone").count() == 2


def test_without_a_note_it_is_refused_and_what_was_typed_stays(coordinator, gone):
    sent = {"reason": "private_no_isp", "selected": ids(gone, "bunting"), "apply": "1"}
    sent |= {"token": pages.NO_ID, "notice_note": "Given to nobody"}
    answer = coordinator.post(HERE, sent)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "It needs a sentence that says how it is known." in page and 'value="Given to nobody"' in page
    assert not LeavingBatch.objects.exists()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"reason": ""}, "choose the reason first"),
        ({"reason": "dropped_out", "selected": []}, "nobody is ticked"),
    ],
)
def test_what_is_not_said_is_asked_for(coordinator, gone, sent, told):
    """And what was said is kept: who is ticked (Bunting, not Dunlin), or the reason."""
    answer = coordinator.post(HERE, {"selected": ids(gone, "bunting"), "group": "T160", **sent})
    page = text_of(answer)
    assert answer.status_code == 422 and f"Nothing was recorded: {told}" in page
    own = next(part for part in page.split("<form") if "Testcase, Dunlin" in part)
    ticked = re.findall(r'value="([^"]+)"[^>]*checked', own)
    assert ticked == sent.get("selected", ids(gone, "bunting"))
    assert re.findall(r'<option value="(\w*)" selected>', own) == [key for key in [sent["reason"]] if key]


def test_of_another_reach_nobody_can_be_recorded(coordinator, gone, small_world):
    sent = {"reason": "moved_continuing", "selected": [str(small_world.students["sage"].public_id)]}
    assert "of those who were ticked nobody is on this list any more" in text_of(
        coordinator.post(HERE, sent, follow=True)
    )
    refused = coordinator.post(HERE, {**sent, "token": pages.NO_ID, "apply": "1", "note": "They moved."})
    assert refused.status_code == 422 and "Nobody is ticked." in text_of(refused)
    assert coordinator.get(f"{HERE}/{pages.NO_ID}").status_code == 404
