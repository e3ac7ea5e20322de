"""The time line of a student: which clock, from which day, what was counted, by which law; and what a click opens."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest

from manzanita.ui.timeline import LEFT, RIGHT, Bar, Lane, Mark, draw_timeline
from tests.support import cast, pages

TODAY = date(2026, 11, 23)
ITEM = re.compile(
    r'<(?:a href="(?P<href>[^"]*)"|g tabindex="0" role="img") data-lead="(?P<lead>[^"]*)" '
    r'data-trace="(?P<trace>[^"]*)" aria-label="(?P<name>[^"]*)"(?P<chosen> class="on")?>'
)


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


def items_of(answer) -> dict[str, re.Match]:
    """The items of the drawing by their first sentence."""
    return {unescape(found["lead"]): found for found in ITEM.finditer(answer.content.decode())}


def page_of(client, student, query: str = ""):
    return client.get(f"/students/{student.public_id}{query}")


def test_each_due_date_says_which_clock_from_which_day_and_by_which_law(small_world, coordinator):
    items = items_of(page_of(coordinator, small_world.students["alder"]))
    assert {lead: unescape(found["trace"]) for lead, found in items.items() if " due " in lead} == {
        "60 days due 11/30/2024, met 15 days early.": "Held 11/15/2024. Counted: 10/02/2024 to 11/30/2024, 60 days: "
        "calendar days; no calendar was given: breaks, holidays and the end of the school year are not known; "
        "a Saturday, which does not move the date; the school day before is Friday, 11/29/2024. "
        "Education Code 56344(a); Education Code 56043(c); Education Code 56302.1.",
        "Plan review due 11/15/2025, met 1 day early.": "Held 11/14/2025. Counted: 11/16/2024 to 11/15/2025, 365 days: "
        "one year after 11/15/2024; a Saturday, which does not move the date; the school day before is Friday, "
        "11/14/2025. Education Code 56343(d); Education Code 56380.",
        "Plan review due 11/14/2026, 9 days over.": "Counted: 11/15/2025 to 11/14/2026, 365 days: one year after "
        "11/14/2025; a Saturday, which does not move the date; the school day before is Friday, 11/13/2026. "
        "Education Code 56343(d); Education Code 56380.",
        "Triennial due 11/15/2027, in 357 days.": "Counted: 11/16/2024 to 11/15/2027, 1,095 days: three years after "
        "11/15/2024. Education Code 56381; 34 CFR 300.303.",
    }
    assert [lead for lead, found in items.items() if found["chosen"]] == [
        "Plan review due 11/14/2026, 9 days over."
    ]


def test_a_click_opens_the_archive_the_state_or_the_meeting_to_come(small_world, coordinator):
    student = small_world.students["alder"]
    items = items_of(page_of(coordinator, student))
    for lead, words in {
        "Annual plan review of 11/14/2025.": "Taken over from the state",
        "IEP of 11/14/2025.": "PLAN of 11/14/2025",
        "IEP of 11/15/2024.": "PLAN of 11/15/2024",
        "Plan review due 11/15/2025, met 1 day early.": "Taken over from the state",
        "Plan review due 11/14/2026, 9 days over.": "Open a meeting",
        "Enrolled at Chaparral Unified, Buckeye Elementary.": "Identification and enrollment",
    }.items():
        opened = coordinator.get(unescape(items[lead]["href"]))
        assert opened.status_code == 200
        assert words in pages.text_of(opened), lead


def test_while_a_meeting_is_open_its_clock_leads_to_it(small_world, coordinator):
    meeting = pages.opened(small_world, "alder")
    items = items_of(page_of(coordinator, small_world.students["alder"]))
    assert items["Plan review due 11/14/2026, 9 days over."]["href"] == f"/meetings/{meeting.public_id}"


def test_a_student_who_arrived_keeps_the_meetings_of_the_other_district(small_world, coordinator):
    grebe = cast.add_cast(["grebe"])["grebe"]
    answer = page_of(coordinator, grebe)
    found = items_of(answer)["Annual plan review of 01/10/2026."]
    assert found["trace"] == "Finalized, by Heron Creek Unified."
    assert found["href"] is None
    meetings = pages.text_of(page_of(coordinator, grebe, "?tab=meetings"))
    assert '<td class="mid">Heron Creek Unified<br><a class="small" href="/directory?q=9910025">' in meetings


def test_this_year_leaves_out_what_ended_before(small_world, coordinator):
    student = small_world.students["alder"]
    every, this_year = (
        set(items_of(page_of(coordinator, student, query))) for query in ("", "?tab=state&years=this")
    )
    assert every - this_year == {
        "60 days due 11/30/2024, met 15 days early.",
        "Consent to evaluate of 10/01/2024.",
        "IEP of 11/15/2024.",
        "Initial evaluation of 11/15/2024.",
        "Annual plan review of 11/14/2025.",
        "Plan review due 11/15/2025, met 1 day early.",
        "The state holds a PLAN from 11/15/2024.",
    }
    assert this_year < every


# The drawing


def mark(day: date, label: str = "", kind="due") -> Mark:
    return Mark(day, label, kind, "trace")


def draw(*items, **more) -> str:
    return str(draw_timeline([Lane("Lane", items)], today=TODAY, title="T", description="D", **more))


def hits(svg: str) -> list[float]:
    """Left edges of the places to point at."""
    return [float(x) for x in re.findall(r'class="hit" x="([0-9.]+)"', svg)]


def test_marks_of_near_days_stand_apart_and_on_their_side_of_today():
    past = hits(draw(mark(date(2026, 11, 20)), mark(date(2026, 11, 22))))
    coming = hits(draw(mark(date(2026, 11, 23)), mark(date(2026, 11, 24))))
    assert past[1] - past[0] >= 16
    assert coming[1] - coming[0] >= 16
    assert past[1] < coming[0]


def test_a_day_beyond_the_drawing_stands_at_its_edge_with_an_arrow():
    svg = draw(mark(date(2029, 5, 28), "Triennial 05/28/2029"), mark(date(2029, 5, 29), "Other"))
    assert "Triennial 05/28/2029 →" in svg
    assert all(LEFT < x < RIGHT - 10 for x in hits(svg))
    assert "2028–29" not in svg


def test_a_bar_shows_as_many_words_of_its_label_as_fit():
    bar = Bar(
        date(2025, 8, 14),
        date(2026, 6, 5),
        "Heron Creek Unified, Willow Bend Elementary",
        "enrollment-past",
        "t",
    )
    first = mark(date(2022, 9, 1))
    assert ">Heron Creek Unified<" not in draw(bar, first)
    assert re.search(r">Heron( Creek)?<", draw(bar, first))


def test_what_it_says_is_escaped_and_nothing_is_style_or_script():
    svg = draw(Mark(TODAY, '<b>"x"', "meeting", "<script>", '/a"b', "<i>"))
    assert "<script" not in svg
    assert "<i>" not in svg
    assert " style=" not in svg
    # October 7, 2026 and October 6, 2027.
    assert svg.count('class="census"') == 2


def test_the_first_trace_is_that_of_the_chosen_item():
    one = Mark(date(2026, 12, 1), "Due", "due", "Counted so.", lead="Due 12/01/2026.")
    assert "<b>Due 12/01/2026.</b> Counted so." in draw(one, chosen=one)
    assert draw(one, chosen=one).count('class="on"') == 1
    assert "Point at an item" in draw(one)
