"""Who is suggested while a search is typed: the first of the list that the search leads to, and nobody else."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from django.db import connection
from django.test import Client

from manzanita.accounts.request_limits import Meter
from manzanita.auditing.models import ReadEvent, ViewingBlock
from manzanita.domain.access import Capability
from manzanita.platform import clock
from manzanita.students.actions import Identity, update_identities
from tests.support import pages
from tests.support import world as w
from tests.support.guests import monitor_of
from tests.support.pages import many_students, other_coordinator, reads, text_of

# Session and person, the grants, whether the pages are stopped, whom to suggest; the log's row, its seal to come and
# the count of looks; SSIDs, enrollments and names of schools. PostgreSQL reads the keys of a short list first.
SUGGESTION_QUERIES = 12 if connection.vendor == "postgresql" else 11


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


def ask(client: Client, text: str):
    return client.post("/students/search/suggestions", {"q": text}, headers={"HX-Request": "true"})


def names_in(answer) -> list[str]:
    """The names that are suggested, as they are read."""
    found = re.findall(r'<span class="whom">(.*?)(?: <small>|</span>)', text_of(answer))
    return [unescape(re.sub("<[^>]+>", "", one)) for one in found]


def marked_in(answer) -> list[str]:
    return [unescape(one) for one in re.findall("<mark>(.*?)</mark>", text_of(answer))]


def addresses(answer) -> list[str]:
    return re.findall(r'href="([^"]+)"', text_of(answer))


def all_line(answer) -> tuple[str, str]:
    """The words of the last line, and what is said when the list comes."""
    told, words = re.findall(r'<button [^>]*data-told="([^"]*)">(.*?)</button>', text_of(answer))[0]
    return pages.without_marks(words), told


def test_a_suggestion_shows_what_the_list_shows_and_leads_to_the_record(small_world, coordinator):
    answer = ask(coordinator, "alder")
    assert names_in(answer) == ["Testcase, Alder"]
    assert addresses(answer) == [f"/students/{small_world.students['alder'].public_id}"]
    words = pages.words(answer)
    assert "born 04/09/2016" in words and "Grade 4 · Buckeye Elementary · SSID …0005" in words
    # No more than the list says, and of the SSID less.
    assert "9900000005" not in words and "L0001" not in words
    assert marked_in(answer) == ["Alder"]
    assert all_line(answer) == ("All matches", "1 student: arrow keys choose")


@pytest.mark.parametrize(
    ("text", "found", "marked"),
    [
        ("Testcase", ["Testcase, Alder", "Testcase, Towhee", "Testcase, Yarrow"], ["Testcase"] * 3),
        ("test", ["Testcase, Alder", "Testcase, Towhee", "Testcase, Yarrow"], ["Test"] * 3),
        ("tow tes", ["Testcase, Towhee"], ["Tes", "Tow"]),
        ("09/30/2014", ["Testcase, Towhee"], ["09/30/2014"]),
        ("Testcase 04/09/2016", ["Testcase, Alder"], ["Testcase", "04/09/2016"]),
        ("L0002", ["Testcase, Towhee"], []),
        (" 9900000005 ", ["Testcase, Alder"], ["…0005"]),
        ("estcase", [], []),
        ("Sage", [], []),  # of the other district
        ("9900000009", [], []),
        ("9900000000", [], []),
        ("<script>", [], []),
    ],
)
def test_whom_a_search_finds_is_suggested_with_what_it_met(small_world, coordinator, text, found, marked):
    answer = ask(coordinator, text)
    assert (answer.status_code, names_in(answer), marked_in(answer)) == (200, found, marked)
    if not found:
        assert all_line(answer) == ("No student found: what else to try", "No student found")


def test_names_are_marked_as_they_are_written(small_world, coordinator):
    (student,) = many_students(1, first_names=["Fern"])
    update_identities({student.pk: Identity("Ángel", "José", "O’Tule Núñez-Đăng")})
    for text, marked in (
        ("otul", ["O’Tul"]),
        ("nune dang", ["Núñe", "Đăng"]),
        ("angel nunez", ["Núñez", "Ángel"]),
    ):
        answer = ask(coordinator, text)
        assert (names_in(answer), marked_in(answer)) == (["O’Tule Núñez-Đăng, Ángel"], marked), text
    # A middle name is shown where it is what was met.
    assert (names_in(ask(coordinator, "jos")), marked_in(ask(coordinator, "jos"))) == (
        ["O’Tule Núñez-Đăng, Ángel José"],
        ["Jos"],
    )


@pytest.mark.parametrize(("text", "status"), [("", 204), ("  Te ", 204), ("a\0 b", 200), ("Tes", 200)])
def test_from_three_characters_on(small_world, coordinator, text, status):
    answer = ask(coordinator, text)
    assert answer.status_code == status
    if status == 204:
        assert answer.content == b"" and reads() == []


def test_of_many_the_first_eight_of_the_list_are_suggested(small_world, coordinator):
    many_students(60)
    listed = coordinator.get(coordinator.post("/students/search", {"q": "Quill"}).url)
    listed = re.findall(r" data-open>([^<]+)</a>", listed.content.decode())
    assert len(listed) == 50
    answer = ask(coordinator, "Quill")
    assert names_in(answer) == [unescape(one) for one in listed[:8]]
    assert all_line(answer) == ("All matches", "8 students of more: arrow keys choose")


def test_of_exactly_eight_there_are_no_more(small_world, coordinator):
    many_students(8)
    answer = ask(coordinator, "Quill")
    assert len(names_in(answer)) == 8
    assert all_line(answer)[1] == "8 students: arrow keys choose"


# Whom it shows


def test_a_stranger_s_student_is_never_suggested(small_world, sign_in, coordinator, manager):
    other = sign_in(other_coordinator(small_world))
    assert names_in(ask(other, "testcase")) == ["Testcase, Sage"]
    assert names_in(ask(manager, "testcase")) == ["Testcase, Alder", "Testcase, Towhee"]
    # Whoever is not theirs: by name, local ID, birth date and SSID.
    for text in ("Yarrow", "L0003", "9900000003"):
        assert names_in(ask(manager, text)) == [], text
    assert ReadEvent.objects.count() == 2


def test_the_chosen_view_holds_and_whoever_is_outside_of_it_is_said_to_be(small_world, coordinator):
    pages.leaves(small_world.students["towhee"], date(2026, 9, 18))
    assert names_in(ask(coordinator, "testcase")) == ["Testcase, Alder", "Testcase, Yarrow"]
    answer = ask(coordinator, "towhee")
    assert names_in(answer) == ["Testcase, Towhee"]
    words, told = all_line(answer)
    assert words == "All matches Nobody in “Current students” is meant: these are outside of it"
    assert told == "1 student outside the chosen view: arrow keys choose"
    assert "left 09/18/2026" in pages.words(answer)
    coordinator.post("/perspective", {"view": "leaving"})
    answer = ask(coordinator, "testcase")
    assert (names_in(answer), all_line(answer)[0]) == (["Testcase, Towhee"], "All matches")


def test_in_a_view_as_a_colleague_whom_the_colleague_finds_is_suggested(small_world, coordinator):
    given = {"grant": small_world.case_manager_grant.pk, "reason": "Cannot find the service page"}
    coordinator.post("/view-as", given)
    assert names_in(ask(coordinator, "testcase")) == ["Testcase, Alder", "Testcase, Towhee"]
    event = ReadEvent.objects.latest("pk")
    assert (event.actor_user_id, event.viewed_as_user_id) == (
        small_world.coordinator.pk,
        small_world.case_manager.pk,
    )


def test_to_a_monitor_the_named_students_are_suggested(small_world, sign_in):
    grant = monitor_of(small_world, "alder")
    assert names_in(ask(sign_in(grant.user, grant), "testcase")) == ["Testcase, Alder"]


# Who is refused


def test_who_may_not_search_is_suggested_nobody_and_the_box_does_not_ask(small_world, manager, monkeypatch):
    pages.take_away(monkeypatch, "case_manager", Capability.READ_STUDENT)
    answer = ask(manager, "alder")
    assert answer.status_code == 403 and names_in(answer) == [] and reads() == []
    page = manager.get("/").content.decode()
    assert "data-suggest" not in page and "suggest.js" not in page


def test_whose_pages_are_stopped_is_suggested_nobody(small_world, coordinator):
    ViewingBlock.objects.create(
        user_id=small_world.coordinator.pk,
        agency_code=w.LEA,
        perspective_key="coordinator",
        reason="viewing-hour",
        student_count=1001,
        since=clock.now(),
    )
    answer = ask(coordinator, "alder")
    assert answer.status_code == 403 and names_in(answer) == [] and reads() == []


def test_an_anonymous_person_and_one_who_asks_too_often_are_suggested_nobody(
    small_world, coordinator, monkeypatch
):
    assert ask(Client(), "alder").status_code == 401
    monkeypatch.setattr(Meter, "count", lambda meter, key: 10**6)
    answer = ask(coordinator, "alder")
    assert answer.status_code == 429 and names_in(answer) == [] and reads() == []


def test_no_text_stands_in_an_address_or_the_session(small_world, coordinator):
    assert coordinator.get("/students/search/suggestions?q=Alder").status_code == 405
    ask(coordinator, "Alder")
    assert "searches" not in coordinator.session


# The log, and what it costs


def test_each_answer_is_one_row_of_the_log_with_each_student_shown(small_world, coordinator):
    ask(coordinator, "testcase")
    ask(coordinator, "towhee")
    ask(coordinator, "nobody")
    ids = {name: one.pk for name, one in small_world.students.items()}
    rows = ReadEvent.objects.order_by("pk").values_list("kind", "what", "student_ids", "filter_codes")
    assert list(rows) == [
        (
            "list",
            "student.suggestions",
            [ids["alder"], ids["towhee"], ids["yarrow"]],
            "list=all search",
        ),
        ("list", "student.suggestions", [ids["towhee"]], "list=all search"),
    ]


def test_of_many_only_who_is_shown_is_logged(small_world, coordinator):
    many_students(12)
    ask(coordinator, "Quill")
    assert len(reads()) == 8


@pytest.mark.parametrize("count", [1, 60])
def test_an_answer_costs_the_same_for_few_and_many(
    small_world, coordinator, django_assert_num_queries, count
):
    many_students(count)
    ask(coordinator, "Quill")
    with django_assert_num_queries(SUGGESTION_QUERIES) as asked:
        ask(coordinator, "Quill")
    found = [
        one["sql"] for one in asked.captured_queries if "name_key" in one["sql"] and "LIKE" in one["sql"]
    ]
    assert len(found) == 1 and "LIMIT 9" in found[0]


# The box


def test_the_box_works_as_a_plain_one_and_says_where_to_ask(small_world, coordinator):
    page = text_of(coordinator.get("/"))
    box = page[page.index('id="frame-search"') :].split(">")[0]
    assert 'data-suggest="/students/search/suggestions"' in box
    # What makes a combobox of it is the script's.
    assert "role=" not in box and "aria-expanded" not in box
    assert (
        '<div class="suggest" id="frame-suggestions" role="listbox" aria-label="Students" hidden></div>'
        in page
    )
