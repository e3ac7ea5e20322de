"""The pages of students: who may see them, what they say in every state, lists, search, and what is logged."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from manzanita.domain.access import Capability
from manzanita.exchange.models import ImportRun
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.students import listing
from manzanita.students.actions import Identity, state_student_facts, update_identities
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.pages import NO_ID, addresses_in, many_students, reads, text_of
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


def names_in(answer) -> list[str]:
    """First names in the order of the list."""
    return [part.split("<")[0].split(", ")[1] for part in text_of(answer).split(" data-open>")[1:]]


# Access


@pytest.mark.parametrize("address", ["/students", f"/students/{NO_ID}"])
def test_an_anonymous_person_signs_in_first(small_world, address):
    answer = Client().get(address)
    assert (answer.status_code, answer.url) == (302, f"/sign-in?next={address}")


def test_a_case_manager_sees_assigned_students_only(small_world, manager):
    assert names_in(manager.get("/students")) == ["Alder", "Towhee"]
    assert manager.get(page_of(small_world, "alder")).status_code == 200
    assert manager.get(page_of(small_world, "yarrow")).status_code == 404


def test_a_coordinator_sees_the_district_and_nothing_of_the_other(small_world, coordinator):
    assert names_in(coordinator.get("/students")) == ["Alder", "Towhee", "Yarrow"]
    assert coordinator.get(page_of(small_world, "sage")).status_code == 404


def test_the_other_district_s_coordinator_sees_only_its_own(small_world, sign_in):
    other = sign_in(pages.other_coordinator(small_world))
    assert names_in(other.get("/students")) == ["Sage"]
    for tab in TABS:
        assert other.get(page_of(small_world, "alder", tab)).status_code == 404
    assert [what for _, what in reads()] == ["student.list"]


@pytest.mark.parametrize("address", ["/students", f"/students/{NO_ID}"])
def test_without_the_capability_the_page_says_why(small_world, manager, monkeypatch, address):
    pages.take_away(monkeypatch, "case_manager", Capability.READ_STUDENT)
    answer = manager.get(address)
    assert answer.status_code == 403
    assert "As Case manager at Chaparral Unified you cannot read student records." in text_of(answer)
    assert manager.post("/students/search", {"q": "Alder"}).status_code == 403


# The list


def test_the_list_shows_what_one_works_with_and_logs_each_student_once(small_world, coordinator):
    page = text_of(coordinator.get("/students"))
    row = page[page.index("Testcase, Alder") :].split("</tr>")[0]
    for words in ("9900000005", "04/09/2016", "Buckeye Elementary", "290 Specific learning", "11/14/2026"):
        assert words in row, words
    assert "9 days over" in row and "Wren Placeholder" in row and "Equal" in row
    row = page[page.index("Testcase, Yarrow") :].split("</tr>")[0]
    assert "None due" in row and row.count(">None<") == 3  # no date, no clock, no case manager
    ids = [small_world.students[name].pk for name in ("alder", "towhee", "yarrow")]
    assert reads() == [(pk, "student.list") for pk in ids]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("all", ["Alder", "Towhee", "Yarrow"]),
        ("findings", []),
        ("held", []),
        ("different", []),
    ],
)
def test_each_list_on_the_first_day(small_world, coordinator, wanted, found):
    assert names_in(coordinator.get(f"/students?list={wanted}")) == found


def test_the_lists_lead_to_each_other(small_world, coordinator):
    found = addresses_in(coordinator.get("/students?list=findings"))
    for wanted in ("/students", "/students?list=held", "/students?list=different", "/due"):
        assert wanted in found, wanted


def test_lists_of_the_state(small_world, coordinator):
    archive(small_world.students["alder"], review_rows())
    assert names_in(coordinator.get("/students?list=different")) == ["Alder"]
    assert names_in(coordinator.get("/students?list=held")) == []


def test_lists_of_findings_and_of_what_is_held(small_world, coordinator):
    rejected(small_world)
    assert names_in(coordinator.get("/students?list=findings")) == ["Alder"]
    assert names_in(coordinator.get("/students?list=held")) == ["Alder"]


def test_a_student_who_left_stays_for_a_while_marked_as_such(small_world, coordinator):
    pages.leaves(small_world.students["towhee"], date(2026, 9, 18))
    assert names_in(coordinator.get("/students")) == ["Alder", "Yarrow"]
    coordinator.post("/perspective", {"view": "leaving"})
    page = text_of(coordinator.get("/students"))
    assert "left 09/18/2026" in page and "Leaving, or left lately" in page
    assert names_in(coordinator.get("/students")) == ["Towhee"]


def test_who_came_back_after_a_year_s_end_is_not_leaving_until_a_last_day_is_known(small_world, coordinator):
    """The SIS ends each school year (E155), and begins the next one with an enrollment of its own."""
    alder = small_world.students["alder"]
    pages.leaves(alder, date(2026, 6, 12))
    slot = {"student_id": alder.pk, "lea_code": w.LEA, "started_on": date(2026, 8, 17)}

    def state(last: date | None) -> None:
        one = Statement(slot, pages.enrollment("L1"), date(2026, 8, 17), last)
        state_student_facts("enrollment", [one], by_id=None, cause="test")

    state(None)
    coordinator.post("/perspective", {"view": "leaving"})
    assert names_in(coordinator.get("/students")) == []
    state(date(2026, 12, 18))
    page = coordinator.get("/students")
    assert names_in(page) == ["Alder"]
    words = (
        "Students here whose last day is known, and those who left since 07/01/2026 and are here no longer"
    )
    assert f'<caption class="vh">{words}</caption>' in page.content.decode()


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("current", "Students whom your agency has today"),
        (
            "all",
            "Students within your reach: here today, to come, or left since 07/01/2026, or reported by your agency",
        ),
    ],
)
def test_the_caption_says_whom_the_view_shows(coordinator, view, words):
    coordinator.post("/perspective", {"view": view})
    assert f'<caption class="vh">{words}</caption>' in coordinator.get("/students").content.decode()


def test_the_list_of_an_import_has_whom_it_changed_and_only_the_agency_s_own(small_world, coordinator):
    alder = small_world.students["alder"]
    own, other = (
        ImportRun.objects.create(kind="sis", lea_code=lea, created_at=clock.now(), state="done")
        for lea in (w.LEA, w.OTHER_LEA)
    )
    for run in (own, other):
        update_identities(
            {alder.pk: Identity(middle_name=f"M{run.pk}")},
            by_id=None,
            cause=f"sis-import:{run.pk}",
        )
    assert names_in(coordinator.get(f"/students?list=import-{own.pk}")) == ["Alder"]
    assert names_in(coordinator.get(f"/students?list=import-{own.pk}&grade=05")) == []
    assert names_in(coordinator.get(f"/students?list=import-{other.pk}")) == []
    assert coordinator.get("/students?list=import-0").status_code == 404


def test_of_whom_we_report_nothing_any_more_nothing_is_seen_after_a_while(small_world, coordinator):
    pages.leaves(small_world.students["yarrow"], date(2026, 7, 1))
    address = f"/students/{small_world.students['yarrow'].public_id}"
    assert coordinator.get(address).status_code == 200
    pages.leaves(
        small_world.students["yarrow"], date(2026, 6, 30)
    )  # the window of 2025-2026 closed on July 31
    assert coordinator.get(address).status_code == 404


def test_a_view_shows_its_students_and_names_those_it_leaves_out(small_world, coordinator):
    pages.leaves(small_world.students["towhee"], date(2026, 6, 12))
    answer = coordinator.post("/students/search", {"q": "testcase"}, follow=True)
    assert names_in(answer) == ["Alder", "Yarrow"]
    assert "1 more student outside “Current students”" in text_of(answer)
    # Whoever is meant and not in the view is shown all the same, and it is said.
    answer = coordinator.post("/students/search", {"q": "towhee"}, follow=True)
    assert names_in(answer) == ["Towhee"]
    assert "Nobody in “Current students” is meant. Shown: 1 student outside of it." in text_of(answer)
    coordinator.post("/perspective", {"view": "all"})
    assert names_in(coordinator.get("/students")) == ["Alder", "Towhee", "Yarrow"]
    coordinator.post("/perspective", {"view": "of all districts"})
    assert names_in(coordinator.get("/students")) == ["Alder", "Towhee", "Yarrow"]


def test_lists_can_be_narrowed_to_one_school_of_the_district(small_world, coordinator):
    assert "Buckeye Elementary" in text_of(coordinator.get("/perspective/schools"))
    assert "Willow Bend" not in text_of(coordinator.get("/perspective/schools"))
    coordinator.post("/perspective", {"school": w.SCHOOL})
    page = text_of(coordinator.get("/students"))
    assert "Chaparral Unified, Buckeye Elementary" in page
    pages.moves_to(small_world.students["alder"], "5500009")
    assert names_in(coordinator.get("/students")) == ["Towhee", "Yarrow"]
    coordinator.post("/perspective", {"school": w.OTHER_SCHOOL})  # not a school of the district: no narrowing
    assert names_in(coordinator.get("/students")) == ["Alder", "Towhee", "Yarrow"]


# Search


def search(client: Client, text: str):
    """The page to which a search leads. Neither name nor number stands in its address."""
    answer = client.post("/students/search", {"q": text})
    assert answer.status_code == 302
    assert answer.url.startswith("/students?search=") and len(answer.url) == len("/students?search=") + 8
    return client.get(answer.url)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Alder Testcase", ["Alder"]),
        ("Testcase, Alder", ["Alder"]),
        ("  tESTcase   aLd ", ["Alder"]),
        ("L0002", ["Towhee"]),
        ("09/30/2014", ["Towhee"]),
        ("9/30/2014", ["Towhee"]),
        ("2014-09-30", ["Towhee"]),
        ("20140930", ["Towhee"]),
        ("Testcase 04/09/2016", ["Alder"]),
        ("Testcase", ["Alder", "Towhee", "Yarrow"]),
        ("lder", []),
        ("99000000", []),
        ("%", []),
        ("02/30/2016", []),
        ("1/2", []),
        ("'; --", []),
        ("Sage", []),  # of the other district
        ("9900000009", []),
    ],
)
def test_a_search_finds_by_name_number_and_birth_date(small_world, coordinator, text, found):
    assert names_in(search(coordinator, text)) == found


@pytest.mark.parametrize(
    "text",
    [
        "Ángel",
        "angel",
        "ÁNGEL",
        "José",
        "JOSÉ",
        "jose",
        "Núñez",
        "NUNEZ",
        "Đăng",
        "dang",
        "Núñez-Đăng",
        "nunez dang",
        "O’Tule",
        "otule",
        "jose nunez",
    ],
)
def test_a_search_reads_middle_names_double_names_and_accents(small_world, coordinator, text):
    (student,) = many_students(1, first_names=["Fern"])
    update_identities({student.pk: Identity("Ángel", "José", "O’Tule Núñez-Đăng")})
    assert names_in(search(coordinator, text)) == ["Ángel"]
    # What is typed is a beginning, not a middle.
    assert names_in(search(coordinator, "unez")) == []


def test_an_ssid_leads_to_its_record_where_it_is_within_reach(small_world, coordinator, manager):
    alder = small_world.students["alder"].public_id
    assert coordinator.post("/students/search", {"q": " 9900000005 "}).url == f"/students/{alder}"
    # Of another district, and of nobody: one answer for both.
    assert names_in(search(coordinator, "9900000009")) == names_in(search(coordinator, "9900000000")) == []
    # Her students are not his.
    assert names_in(search(manager, "9900000003")) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Aldar Testcase", ["Testcase, Alder"]),
        ("Testkase, Alder", ["Testcase, Alder"]),
        ("Tauhee Testcase", ["Testcase, Towhee"]),
        ("Aldar", []),
        ("Aldar 9900000005", []),
        ("Sayge Testcase", []),  # of the other district
    ],
)
def test_where_nobody_is_found_names_that_sound_alike_are_offered(small_world, coordinator, text, found):
    page = search(coordinator, text).content.decode()
    assert "No student found" in page
    offered = page.partition('aria-label="Who sounds like it"')[2].partition("</ul>")[0]
    assert re.findall(r">([^<]+)</a>", offered) == found


def test_who_is_offered_by_sound_is_logged_as_read(small_world, coordinator):
    search(coordinator, "Aldar Testcase")
    assert reads()[-1:] == [(small_world.students["alder"].pk, "student.list")]


def test_nobody_is_offered_or_logged_by_sound_where_the_sentence_leaves_nobody(small_world, coordinator):
    address = coordinator.post("/students/search", {"q": "Aldar Testcase"}).url
    page = coordinator.get(f"{address}&grade=04").content.decode()
    assert "Nobody is left" in page and "Who sounds like it" not in page
    assert not reads()


def test_a_search_without_result_says_what_else_to_try(small_world, coordinator, manager):
    page = text_of(search(coordinator, "Sage"))
    assert "No student found" in page and "A student of another agency is not found here" in page
    assert (
        "You see the students assigned to you: the SEDS coordinator of Chaparral Unified assigns students."
        in (text_of(search(manager, "Yarrow")))
    )


@pytest.mark.parametrize("text", ["", "   ", "\0"])
def test_a_search_for_nothing_shows_all(small_world, coordinator, text):
    assert coordinator.post("/students/search", {"q": text}).url == "/students"


@pytest.mark.parametrize("text", ["Al\0der", "٣/٤/٢٠١٦", "9" * 5000, "a " * 60])
def test_a_search_for_odd_text_is_answered(small_world, coordinator, text):
    assert search(coordinator, text).status_code == 200


def test_a_search_that_is_no_longer_kept_says_so(small_world, coordinator, manager):
    first = coordinator.post("/students/search", {"q": "Alder"}).url
    assert "That search is no longer kept." in text_of(manager.get(first))  # another session
    for _ in range(20):
        coordinator.post("/students/search", {"q": "Towhee"})
    assert "That search is no longer kept." in text_of(coordinator.get(first))


def test_a_search_is_a_post(small_world, coordinator):
    assert coordinator.get("/students/search?q=Alder").status_code == 405
    assert coordinator.post("/students").status_code == 405
    assert coordinator.post(page_of(small_world, "alder")).status_code == 405


# Pages of a long list


def all_pages(client: Client, address: str) -> list[list[str]]:
    """First names page by page, following the link to the next one."""
    found, following = [], address
    while following:
        answer = client.get(following)
        found.append(names_in(answer))
        links = [link.replace("&amp;", "&") for link in addresses_in(answer) if "after=" in link]
        following = links[0] if links else None
    return found


# A list is put in order whole, or its pages are found by walking; also one whose ties are more than its students.
WAYS = {
    "whole": (1000, 6000),
    "walked": (100, 6000),
    "walked for its length": (100, 100),
    "many ties": (1000, 10),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_row_is_lost_or_doubled_where_names_are_equal(small_world, coordinator, monkeypatch, way):
    """120 students of one name: only their number tells them apart."""
    count_cap, ordered_whole = WAYS[way]
    monkeypatch.setattr(listing, "COUNT_CAP", count_cap)
    monkeypatch.setattr(listing, "ORDERED_WHOLE", ordered_whole)
    made = many_students(120, first_names=["Fern"] * 120)
    Student.unscoped.exclude(pk__in=[s.pk for s in made]).update(last_name="Zinnia")
    found = all_pages(coordinator, "/students?list=all")
    sizes = [len(page) for page in found]
    assert sizes == [50, 50, 23]
    seen = [pk for pk, what in reads() if what == "student.list"]
    assert len(seen) == len(set(seen)) and set(seen) >= {s.pk for s in made}
    told = "more than 100 students" if count_cap == 100 else f"{sum(sizes)} students"
    assert told in text_of(coordinator.get("/students?list=all"))


def test_a_search_goes_on_over_its_pages(small_world, coordinator):
    many_students(60)
    answer = search(coordinator, "Quill")
    assert len(names_in(answer)) == 50 and "60 students" in text_of(answer)
    (following,) = [link.replace("&amp;", "&") for link in addresses_in(answer) if "after=" in link]
    answer = coordinator.get(following)
    assert len(names_in(answer)) == 10
    assert "First page" in text_of(answer)


def test_a_page_that_does_not_exist_is_not_found(small_world, coordinator):
    for query in ("list=nonsense", "after=x", "list=", "list=held&after=%00"):
        assert coordinator.get(f"/students?{query}").status_code == 404, query


def test_a_page_after_the_end_leads_to_the_first(small_world, coordinator):
    last = small_world.students["yarrow"].public_id
    assert coordinator.get(f"/students?after={last}").url == "/students?list=all"
    assert coordinator.get(f"/students?list=held&after={NO_ID}").url == "/students?list=held"
    assert not reads()


# session, user, grants, no block; page, count, read log 2 and its count; ssids, enrollments, plans, managers;
# names, schools; states 2; what the list can be narrowed to: keys, what occurs, schools, names
LIST_QUERIES = 21


@pytest.mark.parametrize("count", [3, 60])
def test_a_list_costs_the_same_for_few_and_many(small_world, manager, django_assert_num_queries, count):
    many_students(count, manager=small_world.case_manager)
    manager.get("/students")
    with django_assert_num_queries(LIST_QUERIES):
        answer = manager.get("/students")
    assert f"{count + 2} students" in text_of(answer)
