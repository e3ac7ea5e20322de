"""The pages by which services start that were agreed for later: where they are offered, what they say before anything
is saved, who gets them, and two people at once."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from manzanita.archive.models import Archive
from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from tests.support import later
from tests.support import world as w
from tests.support.guests import person_of
from tests.support.pages import other_coordinator, text_of

MAY = datetime(2026, 5, 14, 20, 0, tzinfo=UTC)
CAME = date(2026, 8, 13)
SENT = {"on": "2026-08-13", "consented_on": "2026-05-14", "reason": "The SIS enrolled her."}


@pytest.fixture
def yarrow(small_world, noon):
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    later.agree_on_a_later_start(small_world.coordinator_actor, student)
    noon.move_to(w.NOON)
    later.ends(student, date(2026, 6, 5))
    return student


@pytest.fixture
def back(yarrow, noon):
    later.comes(yarrow, CAME)
    noon.shift(timedelta(minutes=1))
    return yarrow


@pytest.fixture
def here(yarrow) -> str:
    return f"/students/{yarrow.public_id}/changes/services_start"


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def main(answer) -> str:
    return answer.content.decode().split("<main", 1)[1]


def test_the_product_leads_there(coordinator, back, here):
    listed = coordinator.get("/students/settle")
    assert "1 student, the oldest first" in text_of(listed)
    assert "Initial evaluation of 05/14/2026: plan and services start with the enrollment." in text_of(listed)
    assert f'href="{here}"' in main(listed) and "Start the services" in main(listed)
    assert "To settle: services to start" in text_of(coordinator.get("/"))
    record = coordinator.get(f"/students/{back.public_id}")
    assert "To settle: services to start" in text_of(record)
    # Among what one may do it comes first; the meeting is offered beside it.
    actions = re.findall(r'<a class="btn primary" href="([^"]*)"', main(record))
    assert actions == [here]


def test_the_form_says_what_was_agreed_and_from_which_day(coordinator, back, here):
    page = text_of(coordinator.get(here))
    archive = Archive.objects.get(student_id=back.pk)
    assert "the initial evaluation of May 14, 2026" in page and f"/archives/{archive.public_id}" in page
    assert "plan and 1 service, with the enrollment of 2026-2027" in page
    assert 'value="2026-08-13"' in page and 'value="2026-05-14"' in page


def test_a_check_says_what_will_and_what_will_not_be_told_and_saves_nothing(coordinator, back, here):
    page = text_of(coordinator.post(here, SENT | {"check": "1"}))
    assert "Status 1 Eligible and Participating starts on August 13, 2026." in page
    assert "The state is told 3 lines: SWDS and PLAN and SERV." in page
    assert "Not told again: the initial evaluation of May 14, 2026 (MEET) and the status before." in page
    assert Archive.objects.filter(student_id=back.pk).count() == 1


def test_recording_it_leads_to_its_archive_which_is_taken_back_there(coordinator, back, here):
    answer = coordinator.post(here, SENT, follow=True)
    assert "Services start of August 13, 2026" in text_of(answer)
    archive = Archive.objects.get(student_id=back.pk, cause="procedure")
    assert f'href="/archives/{archive.public_id}/take-back"' in main(answer)
    # The same form once more, and a look at the page: nothing is left to start.
    again = coordinator.post(here, SENT)
    assert again.status_code == 422
    assert "The status is 1 since 08/13/2026" in text_of(again)
    assert Archive.objects.filter(student_id=back.pk, cause="procedure").count() == 1
    record = main(coordinator.get(f"/students/{back.public_id}"))
    assert f'href="{here}"' not in record
    coordinator.post(f"/archives/{archive.public_id}/take-back")
    assert f'href="{here}"' in main(coordinator.get(f"/students/{back.public_id}"))


def test_a_refusal_names_reason_rule_owner_and_way_before_anything_is_tried(coordinator, yarrow, here):
    answer = coordinator.get(here)
    page = text_of(answer)
    assert answer.status_code == 200
    assert "Not possible now: 1 reason." in page
    assert "no enrollment here of that school year is known" in page
    assert 'Owner: SIS staff · <a href="/rules/GERR0005">GERR0005</a>' in page
    assert f'href="/students/{yarrow.public_id}/enrollments"' in main(answer)
    assert "What happened" not in page
    # The student's page says the same, and so does the list of changes.
    record = text_of(coordinator.get(f"/students/{yarrow.public_id}"))
    assert "Services start" in record and "no enrollment here of that school year is known" in record
    kinds = text_of(coordinator.get(here.removesuffix("/services_start")))
    assert "Not now: The start was agreed with the enrollment of 2026-2027" in kinds
    assert coordinator.post(here, SENT).status_code == 422


def test_whoever_is_enrolled_and_waits_is_listed_and_led_to_why_not_yet(small_world, coordinator):
    student = small_world.students["yarrow"]
    later.agree_on_a_later_start(small_world.coordinator_actor, student, held_on=w.TODAY)
    page = f"/students/{student.public_id}/changes/services_start"
    listed = text_of(coordinator.get("/students/settle?kind=starting"))
    assert "Testcase, Yarrow" in listed and "from 09/01/2027 on." in listed and "SEDS coordinator" in listed
    record = coordinator.get(f"/students/{student.public_id}")
    assert re.findall(r'<a class="btn primary" href="([^"]*)"', main(record)) == [page]
    assert "Why services do not start yet" in text_of(record) and "Open initial evaluation" in text_of(record)
    assert "The first day on which it may start is 09/01/2027" in text_of(coordinator.get(page))


def test_who_never_waited_is_not_offered_it_and_told_why_at_its_address(small_world, coordinator):
    alder = small_world.students["alder"]
    assert "Services start" not in text_of(coordinator.get(f"/students/{alder.public_id}"))
    page = text_of(coordinator.get(f"/students/{alder.public_id}/changes/services_start"))
    assert "only status 2 with reason 12 of this district waits for a later start" in page


def test_of_two_people_the_second_is_told_what_the_first_did(small_world, coordinator, sign_in, back, here):
    seen = re.search(r'name="record_seen" value="([^"]*)"', main(coordinator.get(here)))
    larkspur, _ = person_of(w.LEA, "coordinator", "Larkspur Sample")
    colleague = sign_in(larkspur)
    assert colleague.post(here, SENT).status_code == 302
    answer = coordinator.post(here, SENT | {"record_seen": seen[1], "reason": "Typed."})
    assert answer.status_code == 409
    page = text_of(answer)
    assert "Larkspur Sample" in page and 'value="Typed."' in page
    assert Archive.objects.filter(student_id=back.pk, cause="procedure").count() == 1


def test_strangers_get_nothing(small_world, sign_in, back, here):
    assert Client().get(here).status_code == 302
    assert sign_in(small_world.case_manager).get(here).status_code == 403
    assert sign_in(small_world.case_manager).post(here, SENT).status_code == 403
    stranger = sign_in(other_coordinator(small_world))
    assert stranger.get(here).status_code == 404
    assert stranger.post(here, SENT).status_code == 404
    assert "Yarrow" not in text_of(stranger.get("/students/settle"))
    assert Archive.objects.filter(student_id=back.pk).count() == 1


def test_an_arrival_of_ones_own_leads_to_the_same_page(small_world, coordinator, noon):
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    later.agree_on_a_later_start(small_world.coordinator_actor, student)
    noon.move_to(w.NOON)
    later.was_never_here(student)
    later.comes(student, CAME)
    look_at(w.LEA, [student.pk], found_by="test")
    answer = coordinator.get(f"/arrivals/{Arrival.objects.get(student=student).public_id}")
    page = text_of(answer)
    assert "What follows: Services start as agreed" in page
    assert "The family accepted on 05/14/2026" in page
    assert f'href="/students/{student.public_id}/changes/services_start"' in main(answer)
    assert "Enter the plan that came on paper" not in page


def test_finalizing_the_meeting_says_that_the_offer_is_kept(small_world, coordinator):
    student = small_world.students["yarrow"]
    meeting = later.held_with_a_later_start(small_world.coordinator_actor, student, held_on=w.TODAY)
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}/finalize"))
    assert "The plan and its services are kept as they were accepted" in page
    assert "The family has not answered yet" not in page


def test_finalizing_without_an_offer_is_refused_with_where_to_make_it(small_world, coordinator):
    student = small_world.students["yarrow"]
    meeting = later.held_with_a_later_start(
        small_world.coordinator_actor, student, held_on=w.TODAY, plan={}, services=()
    )
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}/finalize"))
    step = f"/meetings/{meeting.public_id}?step="
    for words, owner_and_link in (
        (
            "The child is found eligible, and no plan is offered: the plan type is blank.",
            f"{step}eligibility",
        ),
        ("The child is found eligible, and no service is offered.", f"{step}services"),
    ):
        item = page[page.index(words) :].split("</li>")[0]
        assert f'href="{owner_and_link}"' in item and "IEP team" in item, words
    assert "Ready to finalize" not in page


@pytest.mark.parametrize(
    ("lea_code", "words"),
    [
        (
            "9910017",
            "was taken over from the state, which holds plan and services only from the day they start",
        ),
        ("9910025", "is the word of Heron Creek Unified: a later start was agreed there"),
    ],
)
def test_a_status_that_was_taken_over_says_on_the_record_why_nothing_starts(
    small_world, coordinator, lea_code, words
):
    student = small_world.students["yarrow"]
    values = {"lea_code": lea_code, "status_code": "2", "reason_code": "12", "initial_entry_on": None}
    stated = Statement({"student_id": student.pk}, values, date(2026, 5, 14))
    state_student_facts("status", [stated], by_id=None, cause="state-extract")
    record = coordinator.get(f"/students/{student.public_id}")
    assert words in text_of(record) and "34 CFR 300.323(c)(2)" in text_of(record)
    assert f'href="/students/{student.public_id}/meetings/new"' in main(record)
    assert f'href="/students/{student.public_id}/changes/services_start"' not in main(record)
