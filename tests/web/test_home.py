"""Home: what needs this person. Every count is the length of the list it links to."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from manzanita.accounts.actions import add_person
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.access import Capability
from manzanita.domain.scenarios import EVENTS
from manzanita.exchange.models import Operation
from manzanita.meetings import actions
from manzanita.meetings.models import Meeting
from manzanita.students.actions import set_clocks
from manzanita.students.models import Student
from manzanita.web.home_needs import Group, Need, in_order
from tests.support import pages
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.pages import addresses_in, many_students, reads, text_of, without_marks
from tests.support.state_answers import rejected


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


ROW = re.compile(
    r'<a href="([^"]*)" data-open>([^<]*)</a></span>(?:<span class="[^"]*tucked">[^<]*</span>)?</td>'
    r'<td class="c"><a [^>]*>([^<]*)</a>(.*)'
)


def needs(client: Client) -> dict[str, tuple[int, str, str]]:
    """Per line of the table its count, the address behind it, and the words after the count."""
    # What the worker does within seconds.
    recompute_stale()
    found = {}
    for row in text_of(client.get("/")).split("<tr data-row>")[1:]:
        url, label, count, rest = ROW.search(row.split("</tr>")[0]).groups()
        words = without_marks(rest)
        found[label] = (int(count), url.replace("&amp;", "&"), words)
    return found


def rows_of(client: Client, url: str) -> int:
    """How many rows the list behind a count has."""
    return client.get(url).content.decode().count("<tr data-row")


# Access


def test_an_anonymous_person_signs_in_first(small_world):
    answer = Client().get("/")
    assert (answer.status_code, answer.url) == (302, "/sign-in?next=/")


def test_a_stranger_without_a_grant_is_told_so(small_world, sign_in):
    stranger = add_person(email="lupine.sample@example.org", name="Lupine Sample", password=w.PASSWORD)
    answer = sign_in(stranger).get("/")
    assert answer.status_code == 403
    assert "no perspective is given to you today" in text_of(answer)


def test_who_reads_no_students_is_told_what_the_perspective_is_for(small_world, manager, monkeypatch):
    pages.take_away(monkeypatch, "case_manager", Capability.READ_STUDENT)
    page = text_of(manager.get("/"))
    assert "You work as Case manager" in page and "This perspective reads no student records" in page
    answer = manager.get("/students")
    assert answer.status_code == 403
    assert "As Case manager at Chaparral Unified you cannot read student records." in text_of(answer)
    assert "Ask the SEDS coordinator of Chaparral Unified" in text_of(answer)


def test_home_is_only_read(small_world, coordinator):
    assert coordinator.post("/").status_code == 405
    assert coordinator.head("/").status_code == 200


# What it says


def test_the_first_day_of_a_coordinator(small_world, coordinator):
    found = needs(coordinator)
    assert found["Overdue, no meeting open"] == (
        1,
        "/due?span=late&meeting=none",
        "9 days over Annual review of the IEP 1 Case managers Show due dates",
    )
    # Overdue ones first, then what is empty.
    assert next(iter(found)) == "Overdue, no meeting open"
    assert found["State monitors with access now"] == (0, "/admin/monitors", "SEDS coordinator")
    # Who is late by the state's dates stands on a DINC list too: not once more here.
    assert not [label for label in found if "DINC" in label]
    # Then what is a warning: no school calendar, and four duties without a name. Last what is in order.
    assert found["No school calendar of 2026-2027"][:2] == (1, "/calendars")
    assert [count for count, _, _ in found.values()] == [1, 1, 4, 0, 0, 0, 0]
    page = text_of(coordinator.get("/"))
    assert "Monday" in page and "November 23, 2026" in page and "12:00" in page
    for words in ("Nothing waits", "Nothing is held", "None yet", "Take the SIS files in"):
        assert words in page, words
    assert "No finding is open, nothing is held, and nothing waits to be sent." in page
    assert "No meeting is open." in page


def test_a_case_manager_sees_own_students_and_no_sending(small_world, manager):
    many_students(4, due_on=w.TODAY)  # of nobody
    assert (
        needs(manager)["Overdue, no meeting open"][2]
        == "9 days over Annual review of the IEP 1 You Show due dates"
    )
    assert needs(manager)["Due within 15 days, no meeting open"][0] == 0
    answer = manager.get("/")
    page = text_of(answer)
    assert "Ready to send" not in page and "Newest import" not in page
    assert "The state has not answered the district yet." in page
    assert "/imports" not in addresses_in(answer)


def test_the_other_district_counts_its_own(small_world, sign_in):
    """Sage's review of January 10, 2026 is due in 48 days, and has no day yet. Sage has no case manager."""
    other = sign_in(pages.other_coordinator(small_world))
    pages.held(small_world)
    rejected(small_world)
    found = needs(other)
    assert [count for count, _, _ in found.values()] == [1, 4, 1, 1, 1, 0, 0, 0, 0]
    assert found["Students without a case manager"][1] == "/assign?unassigned=1"
    assert rows_of(other, "/assign?unassigned=1") == 1
    assert "Testcase" not in text_of(other.get("/"))


@pytest.mark.parametrize("days", [-400, -1, 0, 15, 16, 30, 31, 60, 61])
def test_every_count_is_the_length_of_its_list(small_world, coordinator, days):
    """Reviews of three on that day, and Alder's, which is overdue. Their evaluations are due two years later."""
    many_students(3, due_on=w.TODAY + timedelta(days=days))
    found = needs(coordinator)
    clocks = {label: need for label, need in found.items() if "no meeting open" in label}
    assert len(clocks) == 4
    for count, url, _ in clocks.values():
        assert rows_of(coordinator, url) == count, url
    assert sum(count for count, _, _ in clocks.values()) == (1 if days == 61 else 4)


def test_what_is_due_soon_is_said_with_a_meeting_open_too(small_world, coordinator, manager):
    """So that the lines of home add up to the list of due dates."""
    many_students(2, due_on=w.TODAY + timedelta(days=4))
    _, with_meeting = Student.objects.scoped().filter(last_name="Quill").order_by("pk")
    actions.open_meeting(actor=small_world.coordinator_actor, student=with_meeting, event=EVENTS["annual"])
    recompute_stale()
    found = needs(coordinator)
    for label, meeting in (("no meeting open", "none"), ("meeting open", "open")):
        count, url, _ = found[f"Due within 15 days, {label}"]
        assert (count, url) == (1, f"/due?span=15&meeting={meeting}")
        assert rows_of(coordinator, url) == 1
    assert rows_of(coordinator, "/due?span=15") == 2
    # Neither has a case manager; Alder, who is overdue, has one.
    count, url, said = found["Overdue or due within 15 days, no case manager"]
    assert (count, url) == (2, "/due?span=any&manager=nobody&until=2026-12-08")
    assert rows_of(coordinator, url) == 2
    assert "4 days left" in said and "SEDS coordinator" in said
    assert not [label for label in needs(manager) if "no case manager" in label]


def test_the_oldest_is_the_earliest_date(small_world, coordinator):
    many_students(2, due_on=w.TODAY - timedelta(days=1))
    assert needs(coordinator)["Overdue, no meeting open"][::2] == (
        3,
        "9 days over Annual review of the IEP 3 Case managers Show due dates",
    )
    set_clocks({small_world.students["alder"].pk: (w.TODAY.replace(year=2025) - timedelta(days=1), None)})
    assert needs(coordinator)["Overdue, no meeting open"][2].startswith("1 day over ")


def test_findings_and_what_is_held_lead_to_their_lists(small_world, coordinator, manager):
    rejected(small_world)
    found = needs(coordinator)
    assert found["Fatal findings of the state"] == (
        1,
        "/findings?severity=fatal",
        "today 1 line rejected · IEP team 1 IEP team Show findings",
    )
    # The rejected line is said once: by its finding.
    assert not [label for label in found if label.startswith("Held") or "ejected" in label]
    assert "SERV0447" in text_of(coordinator.get("/findings?severity=fatal"))
    assert "Alder Testcase" in text_of(coordinator.get("/state?held=rejected"))
    page = text_of(coordinator.get("/"))
    assert "Each says why and who ends it" in page
    tile = page[page.index("Last answer of the state") : page.index("Newest import")]
    assert '<span class="v">11/23/2026' in tile
    # In red and in the tile, not only below.
    assert 'class="st st-fatal"' in tile and "1 rejected, nothing on its way" in tile
    found = needs(manager)
    count, _, words = found["Fatal findings of the state"]
    assert count == 1 and "rejected" not in words  # who does not send sees no lines
    assert "The state last answered the district on November 23, 2026" in text_of(manager.get("/"))


def test_what_is_ready_is_counted_by_kind(small_world, coordinator):
    archive(small_world.students["alder"], review_rows())
    count, url, words = needs(coordinator)["Ready to send"]
    assert (count, url) == (4, "/state")
    assert words == "4 adds · 1 student SEDS coordinator Open the plan"
    assert Operation.objects.count() == 4


def test_open_meetings_are_counted_by_how_far_they_are(small_world, sign_in, noon):
    pages.held(small_world)
    noon.shift(timedelta(days=2))
    pages.opened(small_world, "towhee")
    noon.shift(timedelta(days=1))
    coordinator = sign_in(small_world.coordinator)
    count, url, words = needs(coordinator)["Open meetings, not finalized"]
    assert (count, url, rows_of(coordinator, url)) == (2, "/meetings", 2)
    assert words == "3 days 1 held · 1 being prepared Case managers Show meetings"
    assert needs(coordinator)["Overdue, no meeting open"][0] == 0


def test_a_review_that_is_open_stays_overdue_until_it_is_final(small_world, coordinator, manager):
    assert "Overdue, meeting open" not in needs(coordinator)
    meeting = pages.opened(small_world)
    for client, owner in ((coordinator, "Case managers"), (manager, "You")):
        found = needs(client)
        assert found["Overdue, meeting open"] == (
            1,
            "/due?span=late&meeting=open",
            f"9 days over Annual review of the IEP 1 {owner} Show due dates",
        )
        assert found["Overdue, no meeting open"][0] == 0
        assert rows_of(client, "/due?span=late&meeting=open") == 1
    page = text_of(coordinator.get("/due?span=late&meeting=open"))
    assert "Overdue, meeting open" in page and "Alder" in page
    # An amendment meets no clock.
    actions.cancel_meeting(actor=small_world.case_manager_actor, meeting=meeting, reason="another day")
    pages.opened(small_world, event="amendment")
    assert "Overdue, meeting open" not in needs(coordinator)


def test_a_meeting_of_the_other_district_is_not_counted(small_world, coordinator):
    Meeting.objects.create(
        student=small_world.students["towhee"], event_key="annual", lea_code=w.OTHER_LEA, opened_at=w.NOON
    )
    assert "Open meetings, not finalized" not in needs(coordinator)


def test_counts_name_nobody_and_are_not_logged_as_reads(small_world, coordinator):
    rejected(small_world)
    answer = coordinator.get("/")
    assert "Testcase" not in text_of(answer)
    assert not [url for url in addresses_in(answer) if "99000" in url]
    assert not reads()


def test_odd_questions_change_nothing(small_world, coordinator):
    for query in ("list=x", "after=%00", "severity=" + "9" * 5000, "next=//example.org", "%ED%A0%80=1"):
        assert coordinator.get(f"/?{query}").status_code == 200, query


def test_lines_stand_by_weight_then_by_how_long_they_are_over():
    """Written by hand, out of order: what is fatal comes before every warning, the longest over first."""
    groups = [
        Group(
            "Transfers", [Need("warn", "asked of us", 1, "/a", days=3), Need("held", "waits", 1, "/b")], ""
        ),
        Group("Clocks", [Need("fatal", "nine days over", 1, "/c", days=9)], ""),
        Group("Plans", [Need("warn", "four days left", 1, "/d", days=-4)], ""),
        Group("Codes", [Need("empty", "to do", 1, "/e")], ""),
        Group("State", [Need("fatal", "twenty days old", 1, "/f", days=20)], ""),
        Group("Meetings", [], "No meeting is open."),
        Group("Guests", [Need("ok", "nobody looks", 0, "/g")], ""),
    ]
    told = [(band.title, [need.label for need in band.needs], list(band.quiet)) for band in in_order(groups)]
    assert told == [
        ("Overdue or fatal", ["twenty days old", "nine days over"], []),
        ("Soon, or a warning", ["asked of us", "four days left"], []),
        ("Waiting, and to do", ["waits", "to do"], []),
        ("In order", ["nobody looks"], ["No meeting is open."]),
    ]


# session, user, grants; clocks, students to settle 2, transfers, arrivals, pairs that may be one, the state's
# findings, those of our rules, lines of the SIS that are set aside, open meetings, last reply, own exports; two of
# planned reviews; who records nothing: what came of own reports; for those who send also the plan, sends that do
# not go on, and imports; for those who manage people host sessions, requested records, monitors, blocks of others
# and exports to approve; open meetings outside the view; calendars; planned changes, and who turns five
CASE_MANAGER_QUERIES = 15
COORDINATOR_QUERIES = 37


@pytest.mark.parametrize("count", [3, 60])
def test_home_costs_the_same_for_few_and_many(
    small_world, coordinator, manager, django_assert_num_queries, count
):
    many_students(count, manager=small_world.case_manager, due_on=w.TODAY)
    for client, queries in ((coordinator, COORDINATOR_QUERIES), (manager, CASE_MANAGER_QUERIES)):
        client.get("/")
        with django_assert_num_queries(queries):
            client.get("/")
        assert needs(client)["Due within 15 days, no meeting open"][0] == count
