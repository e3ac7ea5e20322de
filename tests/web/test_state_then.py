"""What the state held on another day, on the Record tab: equal, other or nothing, with what put it there and when.

The extracts are read on Monday, November 23, 2026 at noon. Alder's review is sent on Tuesday at 1:00 pm, and answered
on Wednesday at 2:00 pm; its plan says 60 instead of 85 % general education. On Friday its speech is taken out, and the
state has deleted it on Saturday. Today is Monday, November 30.
"""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from manzanita.exchange.models import StateRecord, Submission
from tests.integration.test_state_as_of import answer, send
from tests.support import pages
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.guests import monitor_of
from tests.support.pages import addresses_in, reads, text_of, without_marks
from tests.web.test_former_lea import moved  # noqa: F401
from tests.web.test_record_as_of import as_of, percent
from tests.web.test_record_page import groups_in, record, row_in

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SENT, ANSWERED = w.NOON + DAY + HOUR, w.NOON + 2 * DAY + 2 * HOUR
DELETED = w.NOON + 5 * DAY
ROWS = [(record, values | ({"23.23": "60"} if record == "PLAN" else {})) for record, values in review_rows()]


@pytest.fixture
def week(small_world, noon) -> w.World:
    alder = small_world.students["alder"]
    first = archive(alder, ROWS)
    answer(send(small_world, noon, SENT), noon, ANSWERED)
    noon.move_to(w.NOON + 4 * DAY)
    archive(alder, ROWS[:3], cause="correction", supersedes=first)
    answer(send(small_world, noon, w.NOON + 4 * DAY), noon, DELETED)
    noon.move_to(w.NOON + 7 * DAY)
    return small_world


@pytest.fixture
def coordinator(week, sign_in) -> Client:
    return sign_in(week.coordinator)


def held(page: str) -> list[list[str]]:
    """The table of what the state held: line, since, by what, today."""
    tables = re.findall(r'<table class="lists heldthen">.*?</table>', page)
    rows = [row for table in tables for row in re.findall(r"<tr>(.*?)</tr>", table)[1:]]
    cells = [[without_marks(one) for one in re.split("</t[hd]>", row)[:5]] for row in rows]
    return [[line, since, by, now] for line, _, since, by, now in cells]


def sends() -> list[str]:
    return [f"/state/submissions/{one.public_id}" for one in Submission.objects.order_by("pk")]


def test_each_line_with_the_moment_and_the_send_that_put_it_there(week, coordinator):
    first, _ = sends()
    answer_of = coordinator.get(as_of(week, "2026-11-25"))
    page = text_of(answer_of)
    rows = held(page)
    since, by = "11/25/2026 2:00 pm", "of the send of 11/24/2026 1:00 pm, to the sandbox"
    assert rows[:4] == [
        ["SERV of 11/23/2026", since, f"line 4 {by}", "no longer held"],
        ["SERV of 11/23/2026", since, f"line 3 {by}", "the same"],
        ["PLAN of 11/23/2026", since, f"line 2 {by}", "the same"],
        ["MEET of 11/20/2026", since, f"line 1 {by}", "the same"],
    ]
    # The newest of each record, then the earlier lines.
    assert rows[4][0] == "SWDS of 11/15/2024"
    assert rows[5] == [
        "SERV of 11/14/2025",
        "11/23/2026 12:00 pm",
        "the state's extract, read then",
        "the same",
    ]
    assert len(rows) == 12
    assert first in addresses_in(answer_of)
    plan = groups_in(page)["Plan"]
    assert f"At the state on that day: PLAN of 11/23/2026, there since {since} by" in plan
    assert first in plan


@pytest.mark.parametrize(
    ("on", "known", "row"),
    [
        # The record says 85 as no meeting was finalized: only an archive was sent.
        ("2026-11-24", "", "85 60 same 60 Meeting"),
        ("2026-11-25", "", "85 60 60 60 Meeting"),
        ("2026-11-22", "", "85 same not known same Meeting"),
        ("2026-11-25", "2026-11-24", "85 60 same Meeting"),
        ("2026-11-25", "2026-11-25", "85 60 60 Meeting"),
        # Of November 22 the state's newest plan is the one of 2025, whatever was known.
        ("2026-11-22", "2026-11-25", "85 same same Meeting"),
    ],
)
def test_a_field_is_equal_other_or_not_known(week, coordinator, on, known, row):
    assert percent(text_of(coordinator.get(as_of(week, on, known)))) == row


def test_a_line_without_an_answer_is_said_to_be_on_its_way(week, coordinator):
    page = text_of(coordinator.get(as_of(week, "2026-11-24")))
    assert "Sent, and not answered by the end of 11/24/2026" in page
    told = re.search(r'<div class="heldnote small">.*?</div>', page).group(0)
    assert told.count("<li>") == 4
    assert "add PLAN of 11/23/2026" in told and "posted 11/25/2026 2:00 pm" in told
    assert "heldnote" not in text_of(coordinator.get(as_of(week, "2026-11-25")))
    page = text_of(coordinator.get(as_of(week, "2026-11-27")))
    assert "delete SERV of 11/23/2026" in page and "posted 11/28/2026 12:00 pm" in page


def test_what_was_deleted_is_there_until_the_day_of_its_answer(week, coordinator):
    for on, number in (("2026-11-27", 12), ("2026-11-28", 11)):
        page = text_of(coordinator.get(as_of(week, on)))
        assert len(held(page)) == number, on
        assert ("SERV of 11/23/2026, there since" in page) and ("no longer held" in page) == (number == 12)


def test_a_service_that_only_the_state_held_has_its_group(week, coordinator):
    """Ended in every record, the speech of November 23 stood at the state until Saturday."""
    page = text_of(coordinator.get(as_of(week, "2026-11-27", "2026-11-27")))
    speech = [part for title, part in groups_in(page).items() if "415" in title]
    assert "SERV of 11/23/2026, there since 11/25/2026 2:00 pm" in "".join(speech)
    page = text_of(coordinator.get(as_of(week, "2026-11-28", "2026-11-28")))
    assert "the state had nothing then" in page


def test_an_lea_that_read_no_extract_knows_nothing_of_what_is_absent(week, coordinator):
    StateRecord.every.filter(learned_from="extract").delete()
    page = text_of(coordinator.get(as_of(week, "2026-11-25")))
    assert "no extract of the state has been read here for this LEA" in page
    assert "What else the state held on 11/25/2026 is not known, and not guessed" in page
    assert "Owner: SEDS coordinator" in page
    assert len(held(page)) == 4


# Only what differs from today


def test_only_what_differs_from_today(week, coordinator):
    answer_of = coordinator.get(as_of(week, "2026-11-24", more="&layers=all&only=today"))
    page = text_of(answer_of)
    assert '<th scope="col" class="w-layer">Record today</th>' in page
    # The record is the same today; the state held the plan of 2025 then, and holds the one of 2026 now.
    assert row_in(page, "23.23").partition("not confirmed ")[2] == "85 same 60 same 60 Meeting"
    assert '<td class="fld">23.15' not in page and '<td class="fld">22.12' not in page
    assert re.search(r"Differs from today \(\d+\)</a>", page)
    page = text_of(coordinator.get(as_of(week, "2026-11-29", more="&only=today")))
    assert "The record and what the state held are as they are today, as far as both are known." in page
    assert "Differs from today (0)" in page
    # Of today it is not asked.
    page = text_of(coordinator.get(record(week, asked="&only=today")))
    assert "Differs from today" not in page and len(groups_in(page)) > 10


def test_what_only_the_record_of_today_has_is_told_too(week, coordinator):
    """Speech came with the plan of November 14, 2025."""
    page = text_of(coordinator.get(as_of(week, "2025-11-13", more="&layers=all&only=today")))
    groups = groups_in(page)
    (speech,) = [part for title, part in groups.items() if "415" in title]
    assert "not in the record of that day" in speech
    assert row_in(speech, "25.15").endswith(" 25.15 blank 30 nothing nothing nothing Meeting")


# Steps and paper


def test_steps_lead_by_census_days_and_first_days_of_school_years(week, coordinator):
    here = f"/students/{week.students['alder'].public_id}?tab=record"

    def steps(on: str, known: str = "") -> list[tuple[str, str]]:
        page = text_of(coordinator.get(as_of(week, on, known, more="") if on else record(week)))
        part = page.partition('days walk"')[2].partition("</form>")[0]
        found = re.findall(r'<a class="target" href="([^"]*)">(.*?)</a>', part)
        return [
            (unescape(address).removeprefix(here), " ".join(re.sub(r"<[^>]*>", "", words).split()))
            for address, words in found
        ]

    # The first Wednesdays of October are the 1st in 2025 and the 7th in 2026.
    # Beside the day of today stands Census Day already, as a day to choose.
    assert steps("") == []
    assert steps("2026-10-07") == [
        ("&as_of=2026-07-01", "←Earlier: School year began 07/01/2026"),
        ("", "Later: Today→"),
    ]
    assert steps("2026-07-01", "2026-07-01") == [
        ("&as_of=2025-10-01&known=2025-10-01", "←Earlier: Census Day 10/01/2025"),
        ("&as_of=2026-10-07&known=2026-10-07", "Later: Census Day 10/07/2026→"),
    ]
    assert steps("2026-07-01", "2026-11-25")[1][0] == "&as_of=2026-10-07&known=2026-11-25"
    assert steps("2025-12-31") == [
        ("&as_of=2025-10-01", "←Earlier: Census Day 10/01/2025"),
        ("&as_of=2026-07-01", "Later: School year began 07/01/2026→"),
    ]


def test_what_is_printed_says_of_whom_of_which_day_and_by_whom(week, coordinator):
    answer_of = coordinator.get(as_of(week, "2026-11-25", "2026-11-26"))
    page = text_of(answer_of)
    assert "data-print" in page
    paper = re.search(r'<p class="onpaper">(.*?)</p>', page).group(1)
    assert re.sub(r"<[^>]*>", "", paper) == (
        "The record as it was on 11/25/2026 (as known on 11/26/2026). SSID 9900000005. "
        "Printed 11/30/2026 by Juniper Mockup."
    )
    assert "data-print" not in text_of(coordinator.get(record(week)))


def test_known_that_day_too_is_one_click(week, coordinator):
    here = f"/students/{week.students['alder'].public_id}?tab=record&layers=all"
    link = f"{here}&as_of=2026-11-24&known=2026-11-24"
    assert link in map(unescape, addresses_in(coordinator.get(as_of(week, "2026-11-24"))))
    assert "As known that day, too" not in text_of(coordinator.get(as_of(week, "2026-11-24", "2026-11-25")))


# Who sees what


def test_who_may_not_send_is_told_the_send_without_its_address(week, sign_in):
    for user in (week.case_manager, monitor_of(week, "alder").user):
        answer_of = sign_in(user).get(as_of(week, "2026-11-25"))
        page = text_of(answer_of)
        assert ["PLAN of 11/23/2026", "11/25/2026 2:00 pm"] in [row[:2] for row in held(page)]
        assert "line 2 of the send of 11/24/2026 1:00 pm" in page
        assert not set(sends()) & set(addresses_in(answer_of))
    assert reads()[-1] == (week.students["alder"].pk, "student.record-as-of")


def test_a_stranger_learns_nothing(week, sign_in):
    stranger = sign_in(pages.other_coordinator(week))
    assert stranger.get(as_of(week, "2026-11-25", more="&only=today")).status_code == 404
    assert reads() == []


def test_a_former_lea_sees_of_the_state_what_it_reported_itself(moved, sign_in, noon):  # noqa: F811
    """Alder left on October 30. What the next LEA has at the state is not shown, nor what is dated later."""
    pk = moved.students["alder"].pk
    (own,) = StateRecord.objects.filter(student_id=pk, record="PLAN", key_on="2025-11-14")
    for lea, day, percents in ((w.OTHER_LEA, "20261015", "11"), (w.LEA, "20261101", "22")):
        values = own.values | {"23.04": lea, "23.12": day, "23.23": percents}
        StateRecord.objects.create(
            lea_code=lea,
            student_id=pk,
            record="PLAN",
            record_key=f"PLAN|{lea}|x|{day}",
            key_on=f"{day[:4]}-{day[4:6]}-{day[6:]}",
            values=values,
            learned_at=w.NOON,
            learned_from="extract",
        )
    noon.shift(DAY)
    client = sign_in(moved.coordinator)
    page = text_of(client.get(as_of(moved, "2026-10-30", "2026-11-23")))
    assert percent(page) == "85 same same Meeting"
    assert "PLAN of 11/14/2025" in page
    assert "10/15/2026" not in page
    # The strip above is of today, and has what the LEA itself reported of a later day; the view has not.
    assert "11/01/2026" not in page.partition('class="sec recordbar"')[2]
    # It steps to no day after its last one.
    assert "Later: </span>Today" in page and "as_of=2026-11" not in page


# What it costs


@pytest.mark.parametrize("more", ["", "&layers=all", "&layers=all&only=today"])
@pytest.mark.parametrize("known", ["", "2026-11-26"])
def test_it_costs_no_statement_more(week, coordinator, django_assert_max_num_queries, more, known):
    coordinator.get(record(week))
    with django_assert_max_num_queries(14):
        coordinator.get(as_of(week, "2026-11-25", known, more=more))
