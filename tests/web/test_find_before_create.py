"""Find before create: who is shown with which reason, what is told of others, and what entering by hand makes."""

from __future__ import annotations

import re
from datetime import date

import pytest

from manzanita.arrivals.models import Arrival
from manzanita.auditing.models import ChangeEvent
from manzanita.students.actions import Identity, register_students, state_one, update_identities
from manzanita.students.models import DuplicatePair, Enrollment, NameKey, Ssid, Student
from manzanita.web.guest_requests import look_outside
from tests.support import world as w
from tests.support.pages import NO_ID, many_students, other_coordinator, reads, text_of

ALDER = {"first": "Alder", "last": "Testcase", "born": "2016-04-09", "ssid": ""}
SAGE = {"first": "Sage", "last": "Testcase", "born": "2015-06-20", "ssid": ""}
NEW = {"first": "Juncus", "last": "Quillwort", "born": "2017-02-03", "ssid": ""}
SCHOOLING = {"school": w.SCHOOL, "grade": "03", "first_day": "2026-11-16", "local_id": "", "reason": ""}

# session, user, grants, no block; names, students, what a list shows of them (4); read log, its seal, its count; words
# of the rows (4); the district's schools
FIND_QUERIES = 18


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


def asks(client, **values):
    """The page that answers a question."""
    sent = client.post("/students/new", values)
    return client.get(sent.url) if sent.status_code == 302 else sent


def enters(client, asked: dict, **values):
    """Ask, mean none of them, and enter; the answer is not followed."""
    token = client.post("/students/new", asked).url.split("asked=")[1]
    client.get(f"/students/new?asked={token}")
    return client.post("/students/new/enter", {"asked": token, **SCHOOLING, **values})


def found_on(answer) -> list[tuple[str, str]]:
    """(first name, what speaks for it) of the candidates, in their order."""
    rows = re.findall(
        r"data-open>Testcase, (\w+)</a>.*?</span></td>"
        r"<td class=\"wrap\">([^<]*?)(?: <span class=\"dim\">([^<]*)</span>)?</td></tr>",
        text_of(answer),
    )
    return [(name, f"{words} | {more}" if more else words) for name, words, more in rows]


# Who is shown


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "same birth date; same name"),
        ({"first": "ÁLDER", "last": "Testcase Jr."}, "same birth date; same name"),
        ({"first": "Testcase", "last": "Alder"}, "same birth date; names swapped"),
        ({"first": "Aldair"}, "same birth date; same last name; first name sounds alike"),
        ({"last": "Tetscase"}, "same birth date; same first name; last name spelled nearly alike"),
        ({"born": "2016-09-04"}, "month and day of the birth date swapped; same name"),
        ({"born": "2015-04-09"}, "birth date differs in one digit; same name"),
        ({"first": "Fern"}, "same birth date; same last name; another first name"),
        ({"ssid": "9900-000 005", "born": "2011-01-01"}, "same SSID; another birth date; same name"),
    ],
)
def test_whoever_may_be_meant_is_shown_with_the_reason(coordinator, changes, words):
    assert found_on(asks(coordinator, **{**ALDER, **changes})) == [("Alder", words)]


@pytest.mark.parametrize("changes", [{"born": "2016-05-18"}, {"first": "Sorrel", "last": "Reed"}])
def test_too_little_shows_nobody(coordinator, changes):
    answer = asks(coordinator, **{**ALDER, **changes})
    assert "Nobody like this is here" in text_of(answer) and found_on(answer) == []


def test_a_name_that_was_given_up_still_finds(small_world, coordinator):
    yarrow = small_world.students["yarrow"]
    update_identities({yarrow.pk: Identity(last_name="Quillwort")})

    page = asks(coordinator, first="Yarrow", last="Testcase", born=f"{yarrow.birth_on}", ssid="")
    assert 'same birth date; same name <span class="dim">known before as Yarrow Testcase</span>' in text_of(
        page
    )
    assert (
        NameKey.objects.filter(student=yarrow, given_up_at__isnull=True)
        .values_list("last_name", flat=True)
        .distinct()
        .get()
        == "Quillwort"
    )


def test_an_earlier_ssid_finds(small_world, coordinator):
    alder = small_world.students["alder"]
    state_one(
        "ssid",
        slot={"student_id": alder.pk},
        values={"ssid": "9900000077"},
        effective_from=w.TODAY,
        by_id=None,
        cause="test",
    )
    page = asks(coordinator, **{**NEW, "ssid": "9900000005"})
    assert "same SSID; another birth date" in text_of(page)


def test_every_look_is_logged_and_the_address_holds_no_name(small_world, coordinator):
    sent = coordinator.post("/students/new", ALDER)
    assert re.fullmatch(r"/students/new\?asked=[\w-]{8}", sent.url)
    coordinator.get(sent.url)
    assert reads() == [(small_world.students["alder"].pk, "student.candidates")]


def test_the_page_costs_the_same_for_one_and_for_twenty(small_world, coordinator, django_assert_num_queries):
    many_students(30, manager=small_world.case_manager)
    for asked, shown in ((ALDER, 1), ({"first": "Fern1", "last": "Quill", "born": "2016-01-01"}, 20)):
        address = coordinator.post("/students/new", asked).url
        coordinator.get(address)
        with django_assert_num_queries(FIND_QUERIES):
            answer = coordinator.get(address)
        assert text_of(answer).count("<tr data-row>") == shown


# Outside one's reach


@pytest.mark.parametrize(
    "asked", [SAGE, {**NEW, "ssid": "9900000009"}, {**SAGE, "ssid": "9900000008"}, {**SAGE, "first": "SAGE"}]
)
def test_of_another_district_only_that_a_record_exists_and_whom_to_ask(coordinator, asked):
    page = text_of(asks(coordinator, **asked))
    main = page.split("Outside your reach")[1].split("Search again")[0]
    assert "A record exists; request it. The agency to ask is <b>Heron Creek Unified</b>." in main
    for told in ("Sage", "2015", "9900000009", "Willow Bend"):
        assert told not in main, told
    assert "<tr data-row>" not in page


@pytest.mark.parametrize(
    "changes", [{"first": "Sagee"}, {"born": "2015-06-21"}, {"first": "Testcase", "last": "Sage"}]
)
def test_nearly_right_outside_is_none(coordinator, changes):
    assert "No other district here has a record of exactly this" in text_of(
        asks(coordinator, **{**SAGE, **changes})
    )


def test_the_question_outside_counts_is_logged_and_ends_at_an_offices_hundred_and_fifty(
    small_world, coordinator
):
    for number in range(12):
        asks(coordinator, **{**NEW, "born": f"2017-02-{number + 1:02}"})
    events = ChangeEvent.objects.filter(action="exact-search")
    assert events.count() == 12
    assert events.first().detail == {"by": "name", "found": False}
    for _ in range(137):
        look_outside(small_world.coordinator_actor, ssid="9900000000", name=None)
    assert "1 such question left today" in text_of(coordinator.get("/students/new"))

    asks(coordinator, **{**NEW, "born": "2017-03-01"})
    page = text_of(asks(coordinator, **SAGE))
    assert "was not asked: your questions of today are used up" in page and "A record exists" not in page
    assert events.count() == 150


def test_nothing_is_asked_outside_where_somebody_here_is_surely_meant(coordinator):
    assert "Not asked: a student within your reach is surely meant." in text_of(asks(coordinator, **ALDER))
    assert not ChangeEvent.objects.filter(action="exact-search").exists()


def test_the_record_found_outside_can_be_requested_from_the_same_page(coordinator):
    page = asks(coordinator, **SAGE).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    coordinator.post("/students/elsewhere/ask", {"token": token, "reason": "Enrolls here on Monday"})
    assert ChangeEvent.objects.filter(action="request_record").count() == 1


# Bad input


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"first": " "}, "first", "Enter the legal first name."),
        ({"last": "."}, "last", "Enter the legal last name."),
        ({"born": ""}, "born", "Enter the birth date"),
        ({"born": "2017-02-30"}, "born", "Enter the birth date"),
        ({"born": "2026-11-24"}, "born", "11/24/2026 is still to come."),
        ({"born": "1917-02-03"}, "born", "the student would be over 30"),
        ({"ssid": "99000"}, "ssid", "An SSID has ten digits."),
        ({"ssid": "٩٩٠٠٠٠٠٠٠٩"}, "ssid", "An SSID has ten digits."),
    ],
)
def test_bad_input_names_the_field_and_asks_nobody(coordinator, changes, field, words):
    answer = coordinator.post("/students/new", {**NEW, **changes})
    assert answer.status_code == 422
    message = re.search(rf'<p class="err" id="f-{field}-err">(.*?)</p>', text_of(answer))[1]
    assert words in message
    assert not ChangeEvent.objects.filter(action="exact-search").exists()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"school": ""}, "school", "Choose a school of Chaparral Unified."),
        ({"school": w.OTHER_SCHOOL}, "school", "Choose a school of Chaparral Unified."),
        ({"grade": "99"}, "grade", "Choose the grade."),
        ({"first_day": ""}, "first_day", "Enter the first day"),
        ({"first_day": "2017-02-02"}, "first_day", "before the birth date"),
        ({"first_day": "2027-11-29"}, "first_day", "more than a year ahead"),
    ],
)
def test_bad_schooling_names_the_field_and_enters_nobody(coordinator, changes, field, words):
    before = Student.unscoped.count()
    answer = enters(coordinator, NEW, **changes)
    assert answer.status_code == 422
    message = re.search(rf'<p class="err" id="f-{field}-err">(.*?)</p>', text_of(answer))[1]
    assert words in message
    assert Student.unscoped.count() == before


def test_today_is_a_birth_date_and_the_last_day_of_a_year_ahead_a_first_day(coordinator):
    assert asks(coordinator, **{**NEW, "born": "2026-11-23"}).status_code == 200
    assert enters(coordinator, NEW, first_day="2027-11-28").status_code == 302


# Entering


def test_none_of_these_enters_a_student_with_ssid_and_enrollment(small_world, coordinator):
    answer = enters(coordinator, {**NEW, "ssid": "9900000123"}, local_id="L77")

    student = Student.unscoped.get(last_name="Quillwort")
    assert answer.url == f"/students/{student.public_id}"
    assert (student.first_name, student.birth_on) == ("Juncus", date(2017, 2, 3))
    assert list(Ssid.objects.filter(student=student).values_list("ssid", flat=True)) == ["9900000123"]
    row = Enrollment.objects.get(student=student)
    assert (row.lea_code, row.school_code, row.grade_code, row.started_on, row.local_student_id) == (
        w.LEA,
        w.SCHOOL,
        "03",
        date(2026, 11, 16),
        "L77",
    )
    assert (row.status_code, row.cause, row.by_id) == ("10", "by-hand", small_world.coordinator.pk)
    event = ChangeEvent.objects.get(action="enter_student")
    assert (event.student_id, event.actor_user_id) == (student.pk, small_world.coordinator.pk)
    assert event.detail == {"candidates_seen": 0, "ssid": True}
    page = text_of(coordinator.get(answer.url))
    assert "is entered, without a special education status and without anything for the state" in page


def test_two_submits_enter_one_student(coordinator):
    token = coordinator.post("/students/new", NEW).url.split("asked=")[1]
    coordinator.get(f"/students/new?asked={token}")
    answers = [coordinator.post("/students/new/enter", {"asked": token, **SCHOOLING}) for _ in range(2)]
    assert answers[0].url == answers[1].url
    assert Student.unscoped.filter(last_name="Quillwort").count() == 1
    assert ChangeEvent.objects.filter(action="enter_student").count() == 1


def test_one_who_comes_with_a_plan_is_entered_and_the_arrival_begins(coordinator):
    answer = enters(coordinator, NEW, arrived="1", first_day="2026-11-02")
    arrival = Arrival.objects.get()
    assert answer.url == f"/arrivals/{arrival.public_id}"
    assert (arrival.student.last_name, arrival.enrolled_on) == ("Quillwort", date(2026, 11, 2))
    page = text_of(coordinator.get(answer.url))
    assert "The four questions below say what follows." in page
    # What was said when entering is answered; the other two questions are not.
    assert arrival.answers == {"eligible": "yes", "participating": "yes"}
    assert page.count("Said by Juniper Mockup") == 2 and page.count(" on 11/23/2026</td>") == 2
    assert "Whether the student is going to take part here is not known." in page
    assert "Whether the student is eligible is not known." not in page


def test_who_means_none_of_the_candidates_says_why_and_is_never_asked_about_the_pair_again(
    small_world, coordinator
):
    twin = {**ALDER, "first": "Adler"}
    refused = enters(coordinator, twin)
    assert refused.status_code == 422
    assert "Why none of them is this student: not said." in text_of(refused)

    assert enters(coordinator, twin, reason="Twins, says the registrar").status_code == 302
    pair = DuplicatePair.objects.get()
    assert pair.student_id == small_world.students["alder"].pk
    assert (pair.reason, pair.settled_by) == ("Twins, says the registrar", small_world.coordinator)
    assert "No pair to look at" in text_of(coordinator.get("/students/duplicates"))


def test_two_people_entering_the_same_student_at_once_make_one(small_world, coordinator, sign_in):
    first = coordinator.post("/students/new", NEW).url.split("asked=")[1]
    coordinator.get(f"/students/new?asked={first}")
    assert enters(coordinator, NEW).status_code == 302

    late = coordinator.post("/students/new/enter", {"asked": first, **SCHOOLING})
    assert late.status_code == 422
    page = text_of(late)
    assert "Somebody who may be this student is here, and was not when you looked." in page
    assert "same birth date; same name" in page
    assert Student.unscoped.filter(last_name="Quillwort").count() == 1


@pytest.mark.parametrize("ssid", ["9900000005", "9900000009"])
def test_an_ssid_that_is_somebody_s_is_not_given_twice(coordinator, ssid):
    answer = enters(coordinator, {**NEW, "ssid": ssid}, reason="Another student")
    assert answer.status_code == 422
    assert "The SSID is that of a student who has a record here." in text_of(answer)
    assert not Student.unscoped.filter(last_name="Quillwort").exists()


def test_a_local_id_that_is_somebody_s_is_not_given_twice(coordinator):
    answer = enters(coordinator, NEW, local_id="L0005")
    assert answer.status_code == 422
    assert "Local student ID: another student of this district has it." in text_of(answer)


def test_without_an_answer_in_the_session_nothing_is_entered(coordinator):
    answer = coordinator.post("/students/new/enter", {"asked": "none", **SCHOOLING})
    assert answer.url == "/students/new"
    assert "no longer kept" in text_of(coordinator.get(answer.url))


def test_a_student_of_next_year_is_entered_and_waits_for_the_day(coordinator):
    answer = enters(coordinator, {**NEW, "ssid": "9900000123"}, first_day="2027-08-14")
    student = Student.unscoped.get(last_name="Quillwort")
    assert Ssid.objects.get(student=student).effective_from == w.TODAY
    assert answer.url == f"/students/{student.public_id}"  # next year's are within reach


@pytest.mark.parametrize("address", ["/students/new", "/students/duplicates"])
def test_who_may_not_is_told_why(small_world, sign_in, address):
    answer = sign_in(small_world.case_manager).get(address)
    assert answer.status_code == 403
    assert "you cannot enter students by hand, and settle possible duplicates" in text_of(answer)


def test_somebody_else_s_question_is_nobody_s(small_world, coordinator, sign_in):
    token = coordinator.post("/students/new", ALDER).url.split("asked=")[1]
    other = sign_in(other_coordinator(small_world))
    page = text_of(other.get(f"/students/new?asked={token}"))
    assert "no longer kept" in page and "Alder" not in page


def test_no_such_pair_and_one_of_others_look_the_same(small_world, coordinator):
    (fern,) = register_students([Identity("Saje", "", "Testcase", "", date(2015, 6, 20))])
    sage = small_world.students["sage"]
    pair = DuplicatePair.objects.create(
        student=sage, other=fern, strength=2, because="same birth date", found_at=w.NOON
    )
    for pk in (pair.pk, 999_999):
        answer = coordinator.post(f"/students/duplicates/{pk}", {"reason": "twins"})
        assert answer.status_code == 404
    assert "Testcase, Sage" not in text_of(coordinator.get("/students/duplicates"))
    assert coordinator.get(f"/students/{NO_ID}").status_code == 404
