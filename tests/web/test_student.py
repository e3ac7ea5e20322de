"""The page of one student: what it says in every state, how each look at it is logged, and what it costs."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.models import Operation
from manzanita.platform.facts import Statement
from manzanita.students.actions import Identity, register_students, state_student_facts
from tests.support import pages
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.pages import NO_ID, addresses_in, reads, text_of, without_marks
from tests.support.state_answers import rejected

TABS = ["record", "meetings", "state", "history"]


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


def page_of(world, name: str, tab: str = "record") -> str:
    return f"/students/{world.students[name].public_id}?tab={tab}"


ALDER_FACTS = (
    "Grade 4 · 10 y 7 m · born 04/09/2016",
    "9900000005",
    "L0005",
    "Buckeye Elementary",
    "9910017 Chaparral Unified",
    "IEP (100), 290 Specific learning disability",
    "Wren Placeholder",
    "Maple Testcase, mother",
    "English",
)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_names_the_student_and_is_logged(small_world, manager, tab):
    page = text_of(manager.get(page_of(small_world, "alder", tab)))
    for words in ("Alder Testcase", *ALDER_FACTS, "Active", "since 11/15/2024"):
        assert words in page, words
    assert reads() == [(small_world.students["alder"].pk, f"student.{tab}")]


def test_the_record_is_the_first_tab(small_world, manager):
    student = small_world.students["alder"]
    page = text_of(manager.get(f"/students/{student.public_id}"))
    assert "Program setting" in page and "Service 330" in page and "Service 415" in page
    assert reads() == [(student.pk, "student.record")]


def test_what_is_no_student_and_no_tab_is_not_found(small_world, coordinator):
    here = f"/students/{small_world.students['alder'].public_id}"
    for address in (
        f"{here}?tab=family",
        f"{here}?tab=",
        "/students/9900000005",
        "/students/x",
        f"/students/{NO_ID}",
    ):
        assert coordinator.get(address).status_code == 404, address
    assert not reads()


def test_without_status_plan_and_manager(small_world, coordinator):
    for tab in TABS:
        page = text_of(coordinator.get(page_of(small_world, "yarrow", tab)))
        assert "No status" in page and "general education" in page
        assert "None assigned" in page and "Not recorded" in page
        assert "Open initial evaluation" in page and "Open amendment" not in page
    assert "No plan in force" in text_of(coordinator.get(page_of(small_world, "yarrow")))
    assert "No meeting yet" in text_of(coordinator.get(page_of(small_world, "yarrow", "meetings")))
    page = text_of(coordinator.get(page_of(small_world, "yarrow", "state")))
    assert "The state holds nothing of this student" in page and "Nothing was sent yet" in page
    page = text_of(coordinator.get(page_of(small_world, "yarrow", "history")))
    assert "No archive yet" in page and "Nothing was done here yet" in page


def test_nothing_is_known_but_an_enrollment(small_world, coordinator):
    """No SSID, no birth date, no grade."""
    (student,) = register_students([Identity("Lupine", "", "Blank", "", None, "")])
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": w.TODAY}
    values = {**pages.enrollment(), "grade_code": "", "school_code": ""}
    state_student_facts("enrollment", [Statement(slot, values, w.TODAY)], by_id=None, cause="test")
    for tab in TABS:
        page = text_of(coordinator.get(f"/students/{student.public_id}?tab={tab}"))
        assert "None yet: the SIS requests it" in page
    row = text_of(coordinator.get("/students"))
    assert "None yet" in row[row.index("Blank, Lupine") :]


def test_with_a_status_and_no_plan(small_world, coordinator):
    student = small_world.students["yarrow"]
    slot = {"student_id": student.pk}
    state_student_facts("status", [Statement(slot, pages.status("1"), w.TODAY)], by_id=None, cause="test")
    for tab in TABS:
        page = text_of(coordinator.get(page_of(small_world, "yarrow", tab)))
        assert "There is no plan in force to review or amend." in page
        assert "Adopt the arriving plan, or hold the initial meeting." in page


@pytest.mark.parametrize(
    ("code", "label"),
    [("2", "Inactive, not participating"), ("3", "Inactive, not enrolled"), ("4", "Inactive, not eligible")],
)
def test_another_status_says_what_it_means_and_opens_nothing(small_world, coordinator, code, label):
    slot = {"student_id": small_world.students["alder"].pk}
    state_student_facts("status", [Statement(slot, pages.status(code), w.TODAY)], by_id=None, cause="test")
    page = text_of(coordinator.get(page_of(small_world, "alder")))
    assert label in page and "since 11/23/2026" in page
    assert "Open initial evaluation" in page
    everything = text_of(coordinator.get(page_of(small_world, "alder").split("?")[0] + "/meetings/new"))
    assert f"status is {code}, not 1 (eligible and participating)" in everything


def test_a_meeting_being_prepared_is_continued_and_no_second_one_opened(small_world, manager):
    meeting = pages.opened(small_world)
    for tab in TABS:
        answer = manager.get(page_of(small_world, "alder", tab))
        page = text_of(answer)
        assert "Continue annual plan review" in page
        assert "Not now: the open annual plan review comes first." in page
        # Both buttons are described by one paragraph, which says the way out and links to it once.
        assert page.count('aria-disabled="true" aria-describedby="why-refused-1"') == 2
        assert page.count("Finalize the open annual plan review, or record the change there.") == 1
        assert page.count("Go to the meeting") == 1
        assert f"/meetings/{meeting.public_id}" in addresses_in(answer)
        assert '/meetings"' not in page.split('class="acts-list"')[1].split("</aside>")[0]
    assert "Being prepared" in text_of(manager.get(page_of(small_world, "alder", "meetings")))


def test_a_held_meeting_shows_its_proposal_beside_what_is_in_force(small_world, manager):
    pages.decided(small_world)
    page = text_of(manager.get(page_of(small_world, "alder") + "&layers=all"))
    assert "Proposed 11/20/2026" in page
    service = page[page.index("Service 415") :]
    minutes = service[service.index("25.15") :].split("</tr>")[0]
    assert '<td class="chg">45</td>' in minutes and "<td>30</td>" in minutes
    page = text_of(manager.get(page_of(small_world, "alder", "meetings")))
    assert "Held, not finalized" in page and "30 " in page[page.index("Held, not finalized") :]


def test_a_new_service_and_one_that_ends_stand_on_the_record(small_world, manager):
    meeting = pages.opened(small_world)
    manager.post(f"/meetings/{meeting.public_id}/services", {"add": "450"})
    manager.post(f"/meetings/{meeting.public_id}/services", {"service": "2", "offer": "remove", "rev": "0"})
    page = text_of(manager.get(page_of(small_world, "alder")))
    assert (
        '<span>Service 450 Occupational therapy</span><span class="n">offered in the open meeting</span>'
        in page
    )
    assert '<span>Service 415 Language and speech</span><span class="n">ends by the offer</span>' in page


def test_a_finalized_meeting_leads_to_its_archive(small_world, coordinator):
    _, stored = pages.finalized(small_world)
    for tab in ("meetings", "history"):
        answer = coordinator.get(page_of(small_world, "alder", tab))
        assert f"/archives/{stored.public_id}" in addresses_in(answer)
    page = text_of(coordinator.get(page_of(small_world, "alder", "history")))
    for words in ("Finalized a meeting", "Recorded a meeting as held", "Wren Placeholder", "Juniper Mockup"):
        assert words in page, words
    page = text_of(coordinator.get(page_of(small_world, "alder", "state")))
    rows = page[page.index("What differs now</h2>") : page.index("What the state holds")].split("<tr class=")[
        1:
    ]
    told = [without_marks(row) for row in rows]
    assert told[0].startswith('"op" data-row> 1 Add MEET of 11/20/2026 MEET 11/20/2026 Plan review, 30 ')
    assert told[3].startswith('"op" data-row> 4 Add SERV of 11/23/2026 SERV 11/23/2026 415 ')
    assert all("Archive 11/23/2026, Wren Placeholder" in row for row in told)
    assert Operation.objects.count() == 4
    for operation in Operation.objects.all():
        assert f"/state/operations/{operation.pk}" in page


def test_a_rejected_line_stands_with_owner_reason_and_way_out(small_world, coordinator, manager):
    finding = rejected(small_world)
    for tab in TABS:
        page = text_of(coordinator.get(page_of(small_world, "alder", tab)))
        assert "SERV0447" in page and "The agency is not in the list of the department." in page
        assert "IEP team · 0 days" in page and f'href="/findings/{finding.pk}"' in page
    page = text_of(coordinator.get(page_of(small_world, "alder", "state")))
    assert "Rejected" in page and "Posted" in page and "3 " in page
    answer = manager.get(page_of(small_world, "alder", "state"))
    assert not [found for found in addresses_in(answer) if found.startswith("/state/")]  # may not send


def test_what_is_ready_is_not_called_on_its_way(small_world, coordinator):
    """The student's page and the State page count the same: ready until somebody sends, then on its way."""
    archive(small_world.students["alder"], review_rows())

    def told() -> tuple[str, str]:
        strip = text_of(coordinator.get(page_of(small_world, "alder", "state")))
        row = strip[strip.index('<th scope="row" class="l">To send</th>') :]
        tile = text_of(coordinator.get("/state"))
        tile = tile[tile.index('<span class="k">On its way</span>') :]
        return re.findall(r"<td[^>]*>([^<]*)</td>", row.split("</tr>")[0]), re.search(r'"v">(\d+)', tile)[1]

    assert told() == (["None needed", "1 ready to send", "1 ready to send", "2 ready to send"], "0")
    prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")
    assert told() == (["None needed", "1 on its way", "1 on its way", "2 on its way"], "4")


def test_records_on_their_way_say_so(small_world, coordinator, manager):
    archive(small_world.students["alder"], review_rows())
    prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")
    for tab in TABS:
        page = text_of(coordinator.get(page_of(small_world, "alder", tab)))
        assert page[page.index('class="why"') :].count("On its way") >= 4
        for operation in Operation.objects.all():
            assert f'href="/state/operations/{operation.pk}"' in page
        answer = manager.get(page_of(small_world, "alder", tab))
        assert not [found for found in addresses_in(answer) if found.startswith("/state/")]  # may not send
    page = text_of(coordinator.get(page_of(small_world, "alder", "state")))
    assert "Waiting" in page and "4 lines, newest first" in page


def test_a_student_who_left_says_when_and_opens_nothing(small_world, coordinator):
    pages.leaves(small_world.students["alder"], date(2026, 11, 20))
    for tab in TABS:
        page = text_of(coordinator.get(page_of(small_world, "alder", tab)))
        assert "Left 9910017 Chaparral Unified on 11/20/2026" in page
        assert "The student has no enrollment here today." in page
        assert "L0005" in page


def test_a_student_of_another_district_today_is_met_there(small_world, coordinator):
    student = small_world.students["alder"]
    pages.leaves(student, date(2026, 10, 23))
    pages.enrolled_elsewhere(student, date(2026, 10, 26))
    page = text_of(coordinator.get(page_of(small_world, "alder")))
    assert "The student left this district on 10/23/2026. The district of today holds the meetings." in page
    # Here on Census Day, October 7.
    assert (
        "Left 9910017 Chaparral Unified on 10/23/2026. Enrolled here on Census Day, 10/07/2026: this district "
        "certifies what it reported for Fall 1."
    ) in page


def test_who_has_read_is_said_in_words(small_world, coordinator, manager):
    pages.finalized(small_world)
    meeting = pages.opened(small_world, "towhee")
    for address in ("/students", "/meetings", f"/meetings/{meeting.public_id}"):
        manager.get(address)
    manager.get(page_of(small_world, "towhee", "meetings"))
    page = text_of(coordinator.get(page_of(small_world, "towhee", "history")))
    seen = page[page.index("Who has seen this record") :]
    for words in ("Seen in a list", "Seen in the list of meetings", "<td>Meeting</td>", "<td>Meetings</td>"):
        assert words in seen, words


# session, user, grants, no block; the student; everything asked of its key alone; what codes are called; the calendar
# under which the evaluation's 60 days were counted 2; what other apps leave to settle; read log 2 and its count
STUDENT_QUERIES = 12


@pytest.mark.parametrize("count", [1, 12])
def test_a_student_s_page_costs_the_same_for_few_and_many_records(
    small_world, coordinator, django_assert_num_queries, count
):
    for _ in range(count):
        archive(small_world.students["alder"], review_rows())
    address = page_of(small_world, "alder")
    coordinator.get(address)
    with django_assert_num_queries(STUDENT_QUERIES):
        coordinator.get(address)


def test_no_name_and_no_number_stands_in_an_address(small_world, coordinator):
    rejected(small_world)
    addresses = ["/students", "/students?list=held", *(page_of(small_world, "alder", tab) for tab in TABS)]
    for address in addresses:
        found = addresses_in(coordinator.get(address))
        assert found
        assert not [url for url in found if "99000" in url or "Testcase" in url or "Alder" in url]


ODD = ["", "x", "0", "-1", "9" * 5000, "%00", "%F0%9F%A6%89", "'", "a%0Ab", "%ED%A0%80", NO_ID, "None", "[]"]


@pytest.mark.parametrize("key", ["list", "after", "search", "tab", "open", "page"])
def test_odd_questions_are_answered(small_world, coordinator, key):
    for value in ODD:
        for path in ("/students", page_of(small_world, "alder").split("?")[0]):
            assert coordinator.get(f"{path}?{key}={value}").status_code in (200, 302, 404), (path, value)


def test_a_late_review_is_said_in_words(small_world, coordinator):
    page = text_of(coordinator.get(page_of(small_world, "alder")))
    assert "Plan review 9 days late: it was due on 11/14/2026." in page
    assert "Reevaluation" not in page.split('class="statusbox"')[1].split("<hr>")[0]
    assert "days late" not in text_of(coordinator.get(page_of(small_world, "towhee")))
