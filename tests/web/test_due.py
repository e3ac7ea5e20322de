"""Due lists and the page of one due date: what stands there, in which scope, and what may be written."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from manzanita.auditing.models import ChangeEvent
from manzanita.deadlines import lists
from manzanita.deadlines.marks import calendars_have_changed, students_have_changed
from manzanita.deadlines.models import ContactAttempt, DelayReason, DueDate
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.access import Capability
from manzanita.students.actions import set_clocks
from manzanita.students.models import Student
from manzanita.web.due_words import undated_words
from tests.support import pages
from tests.support import world as w
from tests.support.pages import addresses_in, many_students, reads, text_of


@pytest.fixture
def counted(small_world):
    recompute_stale()
    return small_world


@pytest.fixture
def coordinator(counted, sign_in) -> Client:
    return sign_in(counted.coordinator)


@pytest.fixture
def manager(counted, sign_in) -> Client:
    return sign_in(counted.case_manager)


def rows_in(answer) -> list[tuple[str, str]]:
    """First name and clock of each line, in order."""
    found = []
    for part in text_of(answer).split("<tr data-row>")[1:]:
        name = part.split(" data-open>")[1].split("<")[0].split(", ")[1]
        found.append((name, re.search(r'title="How it is counted">([^<]*)<', part).group(1)))
    return found


def reviewed(students, last_review: date) -> None:
    set_clocks({student.pk: (last_review, None) for student in students})
    recompute_stale()


ANNUAL, TRIENNIAL = "Annual review of the IEP", "Reevaluation"


# The list


def test_what_is_overdue_stands_there_with_both_dates_and_how_it_is_counted_one_click_away(
    counted, coordinator
):
    answer = coordinator.get("/due")
    assert rows_in(answer) == [("Alder", ANNUAL)]
    page = text_of(answer)
    row = page[page.index("Testcase, Alder") :].split("</tr>")[0]
    # In order, and once for the law and the state, where it is the same day.
    assert row.count("11/14/2026") == 2 and "both" in row
    for words in ("9 days over", "None open", "say why", "Buckeye Elementary", "Wren Placeholder"):
        assert words in row, words
    due = DueDate.objects.get(student=counted.students["alder"], clock="annual-review")
    assert f"/due/{due.pk}" in addresses_in(answer)
    assert reads() == [(counted.students["alder"].pk, "due.list")]


@pytest.mark.parametrize(
    ("days", "span"),
    [(-1, "late"), (0, "15"), (15, "15"), (16, "30"), (30, "30"), (31, "60"), (60, "60"), (61, None)],
)
def test_a_due_date_is_in_one_span(counted, coordinator, days, span):
    due_on = w.TODAY + timedelta(days=days)
    towhee = counted.students["towhee"]
    reviewed([towhee], due_on.replace(year=due_on.year - 1))
    found = [key for key in lists.SPANS if ("Towhee", ANNUAL) in rows_in(coordinator.get(f"/due?span={key}"))]
    assert found == ([span] if span else [])
    assert ("Towhee", ANNUAL) in rows_in(coordinator.get("/due?span=any"))


def test_filters_leave_what_they_say(counted, coordinator):
    pages.opened(counted)
    recompute_stale()
    assert rows_in(coordinator.get("/due?meeting=none")) == []
    assert rows_in(coordinator.get("/due?meeting=open")) == [("Alder", ANNUAL)]
    assert "Annual plan review, open" in text_of(coordinator.get("/due?meeting=open"))
    me = counted.case_manager.pk
    for asked, is_there in (
        ("clock=annual-review", True),
        ("clock=triennial", False),
        (f"manager={me}", True),
        ("manager=nobody", False),
        (f"school={w.SCHOOL}", True),
        ("school=1", False),
        ("program=100", True),
        ("program=150", False),
        (f"program=100&manager={me}&clock=annual-review&meeting=open", True),
    ):
        assert bool(rows_in(coordinator.get(f"/due?{asked}"))) is is_there, asked


def test_all_that_is_due_until_a_day_is_one_list_overdue_or_not(counted, coordinator):
    """Alder's review was due on November 14; of two others one is due on December 18 and one the day after."""
    made = many_students(2, first_names=["Fern", "Sorrel"])
    reviewed(made[:1], date(2025, 12, 18))
    reviewed(made[1:], date(2025, 12, 19))
    answer = coordinator.get("/due?span=late&clock=annual-review&until=2026-12-18")
    assert rows_in(answer) == [("Alder", ANNUAL), ("Fern", ANNUAL)]
    page = text_of(answer)
    assert "Due dates, Annual review of the IEP, until 12/18/2026" in page
    assert 'type="date" id="by-until" name="until" value="2026-12-18"' in page
    assert "list=due.any..annual-review.....2026-12-18" in page


def test_what_cannot_be_counted_is_listed_with_the_reason(counted, coordinator):
    set_clocks({counted.students["alder"].pk: (None, None)})
    recompute_stale()
    answer = coordinator.get("/due?mark=problem")
    assert rows_in(answer) == [("Alder", ANNUAL), ("Alder", TRIENNIAL)]
    due = DueDate.objects.get(student=counted.students["alder"], clock="annual-review")
    assert "No plan review is known of this student" in text_of(coordinator.get(f"/due/{due.pk}"))


def test_a_case_manager_sees_the_own_students_and_the_other_district_its_own(counted, manager, sign_in):
    many_students(2)
    recompute_stale()
    assert rows_in(manager.get("/due")) == [("Alder", ANNUAL)]
    assert rows_in(manager.get("/due?mark=problem")) == []
    other = sign_in(pages.other_coordinator(counted))
    assert {name for name, _ in rows_in(other.get("/due?span=any"))} == {"Sage"}
    due = DueDate.objects.get(student=counted.students["alder"], clock="annual-review")
    assert other.get(f"/due/{due.pk}").status_code == 404
    assert other.post(f"/due/{due.pk}/delay", {"code": "20"}).status_code == 404
    assert other.post(f"/due/{due.pk}/attempt", {}).status_code == 404


def test_an_anonymous_person_signs_in_first_and_who_reads_nobody_is_told(counted, manager, monkeypatch):
    assert Client().get("/due").url == "/sign-in?next=/due"
    pages.take_away(monkeypatch, "case_manager", Capability.READ_STUDENT)
    assert manager.get("/due").status_code == 403


@pytest.mark.parametrize(
    "query",
    ["span=x", "clock=nonsense", "manager=-1", "manager=x", "school=%00", "after=x", "after=2026-11-14", "after=~x",
     "after=2026-13-01~1", "mark=x", "program=1", "meeting=x"],
)  # fmt: skip
def test_an_odd_question_is_no_list(counted, coordinator, query):
    assert coordinator.get(f"/due?{query}").status_code == 404


def test_no_row_is_lost_or_doubled_over_the_pages_of_one_day(counted, coordinator):
    made = many_students(120, first_names=["Fern"] * 120)
    reviewed(made, date(2025, 11, 20))
    seen, address, sizes = [], "/due?clock=annual-review", []
    while address:
        answer = coordinator.get(address)
        sizes.append(len(rows_in(answer)))
        later = [link.replace("&amp;", "&") for link in addresses_in(answer) if "after=" in link]
        address = f"/due{later[-1]}" if later else None
        seen += re.findall(r'href="(/due/\d+)" title="How', text_of(answer))
    assert sizes == [50, 50, 21]
    assert len(seen) == len(set(seen)) == 121
    # Of a page after the end the first one is shown.
    assert coordinator.get("/due?after=2030-01-01~1").url == "/due?span=late"


def test_what_cannot_be_counted_goes_on_over_its_pages(counted, coordinator):
    many_students(60)
    seen, address, sizes = [], "/due?mark=problem", []
    while address:
        answer = coordinator.get(address)
        sizes.append(len(rows_in(answer)))
        later = [link.replace("&amp;", "&") for link in addresses_in(answer) if "after=" in link]
        address = f"/due{later[-1]}" if later else None
        seen += re.findall(r'href="(/due/\d+)" title="How', text_of(answer))
    # An annual review and a reevaluation of each: no last one is known of either.
    assert sizes == [50, 50, 20] and len(set(seen)) == 120


# session, user, grants, no block; the page with all its columns, schools with case managers, who waits to be counted;
# and the read log with its count: three
LIST_QUERIES = 4 + 3 + 3


@pytest.mark.parametrize("count", [3, 60])
def test_a_list_costs_the_same_for_few_and_many(counted, coordinator, django_assert_num_queries, count):
    reviewed(many_students(count, manager=counted.case_manager), date(2025, 11, 20))
    coordinator.get("/due")
    with django_assert_num_queries(LIST_QUERIES):
        coordinator.get("/due")


def test_who_waits_to_be_counted_is_said_in_the_own_scope(counted, coordinator, sign_in):
    assert "Being counted" not in text_of(coordinator.get("/due"))
    many_students(2)
    students_have_changed([student.pk for student in Student.unscoped.filter(last_name="Quill")])
    for address in ("/due", "/dinc", "/dinc/1-annual"):
        assert "Something has changed of 2 students" in text_of(coordinator.get(address)), address
    other = sign_in(pages.other_coordinator(counted))
    assert "Being counted" not in text_of(other.get("/due"))
    calendars_have_changed([w.OTHER_LEA])
    assert "A school calendar or its reading has changed" in text_of(other.get("/due"))
    assert "school calendar or" not in text_of(coordinator.get("/due"))
    recompute_stale()
    for client in (coordinator, other):
        assert "Being counted" not in text_of(client.get("/due"))


def test_every_clock_is_named_with_what_watches_it_or_why_not(coordinator):
    page = text_of(coordinator.get("/due/clocks"))
    for words in (
        "The next plan review is held",
        "Manifestation determination",
        "Discipline stands in the SIS",
    ):
        assert words in page, words


# One due date


def due_of(world, name: str = "alder", clock: str = "annual-review") -> DueDate:
    return DueDate.objects.get(student=world.students[name], clock=clock)


def test_the_page_says_how_it_is_counted_from_what_and_by_which_law(counted, coordinator):
    due = due_of(counted)
    page = text_of(coordinator.get(f"/due/{due.pk}"))
    for words in (
        "By law and by the state on",
        "November 14, 2026",
        "Education Code 56343(d)",
        "11/14/2025",
        "finalized meetings, those at the state",
        "one year after 11/14/2025",
        "No open meeting would end this clock.",
    ):
        assert words in page, words
    assert reads() == [(counted.students["alder"].pk, "due.date")]


def test_a_reason_is_recorded_before_there_is_a_meeting(counted, coordinator):
    due = due_of(counted)
    sent = {"code": "20", "planned_on": "2026-12-04", "note": "Moved twice"}
    for _ in range(2):
        assert coordinator.post(f"/due/{due.pk}/delay", sent).url == f"/due/{due.pk}"
    said = DelayReason.objects.get()
    assert (said.code, said.planned_on, said.note, said.due_on) == (
        "20", date(2026, 12, 4), "Moved twice", date(2026, 11, 14),
    )  # fmt: skip
    assert ChangeEvent.objects.filter(action="record_delay").count() == 1
    page = text_of(coordinator.get(f"/due/{due.pk}"))
    assert "Parent did not make self or child available; not counted as non-compliant while overdue" in page
    assert "Meeting planned for 12/04/2026" in page
    # It is no longer missing.
    assert rows_in(coordinator.get("/due?mark=no-reason")) == []
    coordinator.post(f"/due/{due.pk}/delay", {"code": "90"})
    assert [one.code for one in DelayReason.objects.filter(withdrawn_at=None)] == ["90"]
    assert DelayReason.objects.count() == 2


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"code": ""}, "does not take that reason"),
        ({"code": "40"}, "does not take that reason"),  # a school break delays no annual review
        ({"code": "20", "planned_on": "2026-11-22"}, "that day is past"),
        ({"code": "20", "planned_on": "2026-12-32"}, "The day for which the meeting is planned is no date."),
    ],
)
def test_a_reason_that_cannot_be_is_refused_in_words(counted, coordinator, sent, words):
    answer = coordinator.post(f"/due/{due_of(counted).pk}/delay", sent)
    assert answer.status_code == 422 and words in text_of(answer)
    assert not DelayReason.objects.exists()


def test_attempts_are_noted_once_each_and_shown_on_the_list(counted, coordinator):
    due = due_of(counted)
    sent = {
        "tried_on": "2026-11-20",
        "how": "phone",
        "result": "message",
        "note": "Evening",
        "ask": "abcdefgh",
    }
    for _ in range(2):
        assert coordinator.post(f"/due/{due.pk}/attempt", sent).status_code == 302
    coordinator.post(f"/due/{due.pk}/attempt", {**sent, "ask": "ijklmnop", "how": "letter", "result": "none"})
    assert [one.how for one in ContactAttempt.objects.order_by("pk")] == ["phone", "letter"]
    page = text_of(coordinator.get(f"/due/{due.pk}"))
    assert "Left a message" in page and "Letter" in page and "Juniper Mockup" in page
    assert "2 attempts" in text_of(coordinator.get("/due"))
    # A meeting shows them where it is held, with the way to note another.
    meeting = pages.opened(counted)
    recompute_stale()
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}?step=hold"))
    assert "Left a message" in page and f'href="/due/{due.pk}#attempts">Note an attempt' in page


@pytest.mark.parametrize(
    "wrong", [{"tried_on": ""}, {"tried_on": "2026-11-24"}, {"how": "drum"}, {"result": ""}, {"ask": ""}]
)
def test_an_attempt_that_cannot_be_is_refused(counted, coordinator, wrong):
    sent = {
        "tried_on": "2026-11-20",
        "how": "phone",
        "result": "message",
        "note": "",
        "ask": "abcdefgh",
        **wrong,
    }
    assert coordinator.post(f"/due/{due_of(counted).pk}/attempt", sent).status_code == 422
    assert not ContactAttempt.objects.exists()


def test_transition_is_counted_by_the_state_without_a_date_and_the_age_of_majority_not_at_all():
    """One verdict with the DINC lists: list 4 counts plans without transition indicators, and no day is set for it."""
    assert undated_words("transition-plan") == "counted by the state without a date (DINC 4)"
    assert undated_words("age-of-majority") == "not judged by the state"
