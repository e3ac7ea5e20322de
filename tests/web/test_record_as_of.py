"""The Record tab as of another day, on both axes of time: what was true then, as it is known today or was known then.

Alder's plan of November 14, 2025 says 85 % general education. On Wednesday, November 25, 2026 the office records that
it is 60 since November 9; on Friday, November 27 it corrects that to 70.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client

from manzanita.archive.models import ArchivedRecord
from manzanita.auditing.models import ReadEvent
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.procedures.correct import correct_record
from manzanita.web.record_as_of import Asked as AsOf
from manzanita.web.record_as_of import file_as_of
from manzanita.web.student_file import load_student
from manzanita.web.student_record import groups_of
from tests.support import pages
from tests.support import world as w
from tests.support.guests import monitor_of
from tests.support.pages import addresses_in, reads, text_of
from tests.web.test_former_lea import LATER, moved  # noqa: F401
from tests.web.test_record_page import field, groups_in, record, row_in

SETTING = Asked("setting", date(2026, 11, 9), "A new school.", settings={"23.23": "60"}, ground="said")
EMPTY = "As far as was known, this student had no plan here on that day."


def as_of(world, on: str, known: str = "", more: str = "&layers=all", name: str = "alder") -> str:
    return record(world, name, f"&as_of={on}{f'&known={known}' if known else ''}{more}")


def percent(page: str) -> str:
    """The row of general education participation after its name: the day's value, archived, what the state held at the
    end of the day known, where today is known what it holds today, owner."""
    return row_in(page, "23.23").partition("not confirmed ")[2]


@pytest.fixture
def changed(small_world, noon) -> w.World:
    noon.shift(timedelta(days=2))
    alder = small_world.students["alder"]
    archive = record_change(actor=small_world.coordinator_actor, student=alder, asked=SETTING)
    noon.shift(timedelta(days=2))
    row = ArchivedRecord.objects.get(archive=archive, record="PLAN")
    correct_record(
        actor=small_world.coordinator_actor, row=row, changes={"23.23": "70"}, reason="A typing error."
    )
    noon.shift(timedelta(days=3))
    return small_world


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


# Both axes


@pytest.mark.parametrize(
    ("on", "known", "row"),
    [
        # The extracts were first read on November 23; its newest plan is the one of November 14, 2025.
        ("2026-11-08", "", "85 same not known same Meeting"),
        ("2026-11-09", "", "70 same not known 85 Meeting"),
        ("2026-11-23", "", "70 same 85 85 Meeting"),
        ("2026-11-09", "2026-11-22", ""),
        ("2026-11-09", "2026-11-24", "85 same same Meeting"),
        ("2026-11-09", "2026-11-25", "60 same 85 Meeting"),
        ("2026-11-09", "2026-11-26", "60 same 85 Meeting"),
        ("2026-11-09", "2026-11-27", "70 same 85 Meeting"),
        ("2026-11-08", "2026-11-27", "85 same same Meeting"),
    ],
)
def test_a_value_stands_as_it_was_and_as_it_was_known(changed, sign_in, on, known, row):
    client = sign_in(changed.coordinator)
    page = text_of(client.get(as_of(changed, on, known)))
    if row:
        assert percent(page) == row
    else:
        assert EMPTY in page
    # The record of today is as it is.
    assert percent(text_of(client.get(record(changed, asked="&layers=all")))) == "70 same 85 Meeting"


def test_before_anything_was_known_nothing_is_said(changed, sign_in):
    page = text_of(sign_in(changed.coordinator).get(as_of(changed, "2026-11-20", "2026-11-22")))
    assert EMPTY in page
    groups = groups_in(page)
    assert "Eligibility" not in groups
    assert row_in(page, "1.08").endswith("25.07 blank nothing not known SIS")


def test_the_banner_says_the_days_and_leads_back(changed, sign_in):
    client = sign_in(changed.coordinator)
    answer = client.get(as_of(changed, "2026-11-09"))
    assert "You look at the record as it was on 11/09/2026 (as known today)." in text_of(answer)
    assert '<th scope="col" class="">On 11/09/2026</th>' in text_of(answer)
    here = f"/students/{changed.students['alder'].public_id}?tab=record"
    assert f"{here}&layers=all" in map(unescape, addresses_in(answer))
    # Layers, differences and years are chosen within the view.
    for kept in ("", "&layers=all", "&layers=all&only=differences"):
        assert f"{here}{kept}&as_of=2026-11-09" in map(unescape, addresses_in(answer)), kept
    page = text_of(client.get(as_of(changed, "2026-11-09", "2026-11-25")))
    assert "as it was on 11/09/2026 (as known on 11/25/2026)." in page
    page = text_of(client.get(record(changed)))
    assert "You look at the record" not in page and "What this view cannot tell" not in page


def test_what_the_state_held_then_is_not_made_up(changed, sign_in):
    client = sign_in(changed.coordinator)
    page = text_of(client.get(as_of(changed, "2026-11-09", "2026-11-25")))
    for label, is_there in (("State on 11/25/2026", True), ("At the state", False), ("State today", False)):
        assert (f'<th scope="col" class="w-layer">{label}</th>' in page) == is_there, label
    assert "the state holds nothing" not in page
    page = text_of(client.get(as_of(changed, "2024-11-14")))
    # Everything that the state holds of alder begins on November 15, 2024.
    assert EMPTY in page
    assert row_in(page, "22.12").endswith("blank nothing not known nothing Office")
    assert "State today: what it holds now of records dated 11/14/2024 or earlier." in page
    assert (
        "What the state held on 11/14/2024 is not known, and not guessed: the first extract of the state was read "
        "here for this LEA on 11/23/2026 12:00 pm." in page
    )
    # Once it was read, what it did not hold is said.
    page = text_of(client.get(as_of(changed, "2024-11-14", "2026-11-23")))
    assert row_in(page, "22.12").endswith("blank nothing nothing Office")
    assert "is not known, and not guessed" not in page
    assert "On 11/23/2026 the state held nothing of this student that was dated 11/14/2024 or earlier" in page


def test_a_service_that_began_later_is_not_there_yet(changed, sign_in):
    """Speech came with the plan of November 14, 2025; before it there was specialized instruction alone."""
    client = sign_in(changed.coordinator)
    for on, number in (("2025-11-13", 1), ("2025-11-14", 2)):
        groups = groups_in(text_of(client.get(as_of(changed, on))))
        assert len([title for title in groups if title.startswith("Service ")]) == number, on


def test_meetings_and_the_dates_they_make_are_those_of_the_day(small_world, noon, sign_in):
    noon.move_to(w.NOON)
    pages.finalized(small_world)
    noon.shift(timedelta(days=7))
    client = sign_in(small_world.coordinator)

    def due(page: str) -> list[str]:
        rows = groups_in(page)["Due dates"].split("<tr>")
        labels = ("Last plan review", "Next plan review due")
        found = [row for label in labels for row in rows if label in row]
        return [re.search(r"\d\d/\d\d/\d{4}", row)[0] for row in found]

    now = text_of(client.get(record(small_world)))
    assert due(now) == ["11/20/2026", "11/20/2027"]
    then = text_of(client.get(as_of(small_world, "2026-11-19", more="")))
    assert due(then) == ["11/14/2025", "11/14/2026"]
    assert "11/20/2026" not in groups_in(then)["Newest plan review"]


def test_an_open_meeting_is_not_part_of_another_day(changed, sign_in):
    pages.opened(changed)
    client = sign_in(changed.coordinator)
    assert "Proposed" in text_of(client.get(record(changed, asked="&layers=all")))
    page = text_of(client.get(as_of(changed, "2026-11-20")))
    assert ">Proposed" not in page
    assert "What a meeting proposed on that day is not kept by day" in page
    assert "No meeting is open" not in page


def test_an_enrollment_that_ended_later_goes_on_and_has_no_exit(changed, sign_in):
    alder = changed.students["alder"]
    pages.leaves(alder, date(2026, 11, 20))
    client = sign_in(changed.coordinator)
    page = text_of(client.get(as_of(changed, "2026-11-20", more="")))
    assert "11/20/2026" in row_in(page, "1.25")
    page = text_of(client.get(as_of(changed, "2026-11-19", more="")))
    assert row_in(page, "1.25").startswith("History of Enrollment ended 1.25 blank")
    assert row_in(page, "1.26").startswith("History of Exit reason 1.26 blank")


def test_the_record_of_today_asked_as_of_today_is_the_same(changed):
    """The view is drawn anew: nothing of it may differ from the page that everybody knows."""
    file = load_student(changed.coordinator_actor, changed.students["alder"].public_id)
    then = file_as_of(file, AsOf(on=date(2026, 11, 30)))
    assert len(groups_of(then)) > 10

    def told(groups, left_out):
        """Without the layer of then, and by whatever name of the layer of now."""
        return [
            (
                group.title,
                group.note,
                [
                    (
                        row.key,
                        row.current,
                        row.is_missing,
                        [(cell.kind, cell.text) for cell in row.cells if cell.label != left_out],
                    )
                    for row in group.rows
                ],
            )
            for group in groups
        ]

    now = told(groups_of(file), "")
    assert told(groups_of(then), "State on 11/30/2026") == now
    # And what the state held at the end of today is what it holds now.
    assert told(groups_of(then), "State today") == now


# Nothing is changed from it


def test_nothing_is_offered_that_changes_something(changed, sign_in):
    client = sign_in(changed.coordinator)
    answer = client.get(as_of(changed, "2026-11-09"))
    page = text_of(answer)
    assert "What is changed is changed in the record of today." in page
    assert "Owner: You" in page
    side = page.partition('<aside class="ident"')[2].partition("</aside>")[0]
    assert 'name="event"' not in side and 'method="post"' not in side
    # The panel and the strip stay of today, and say so.
    assert "<b>Of today.</b> Beside stands the record of 11/09/2026." in side
    assert "What the state holds now, not on 11/09/2026." in page
    assert 'aria-disabled="true"' in side and "Change without a meeting" in side
    alder = changed.students["alder"].public_id
    assert not {f"/students/{alder}/{what}" for what in ("changes", "leaving", "meetings/new")} & set(
        addresses_in(answer)
    )
    # The page of a field, as the view opens it.
    address = f"/students/{alder}/fields/plan.general_education_percent?as_of=2026-11-09"
    assert address in map(unescape, addresses_in(answer))
    owned = text_of(client.get(address)).partition('<section class="owned"')[2]
    assert "What is changed is changed in the record of today." in owned
    assert "/corrections/" not in owned and "meetings/new" not in owned
    owned = text_of(client.get(field(changed, "plan.general_education_percent")))
    assert "/corrections/" in owned


def test_the_read_log_says_the_view(changed, sign_in):
    client = sign_in(changed.coordinator)
    pk = changed.students["alder"].pk
    client.get(as_of(changed, "2026-11-09", "2026-11-25"))
    assert reads()[-1] == (pk, "student.record-as-of")
    event = ReadEvent.objects.order_by("pk").last()
    assert (event.kind, event.filter_codes) == ("page", "on=2026-11-09 known=2026-11-25")
    client.get(record(changed))
    assert reads()[-1] == (pk, "student.record")
    assert ReadEvent.objects.order_by("pk").last().filter_codes == ""


# Who may ask what


def test_a_stranger_learns_nothing_of_any_day(changed, sign_in):
    stranger = sign_in(pages.other_coordinator(changed))
    for address in (as_of(changed, "2026-11-09"), as_of(changed, "x"), as_of(changed, "2030-01-01")):
        assert stranger.get(address).status_code == 404
    assert reads() == []


def test_a_former_lea_does_not_look_beyond_its_last_day(moved, sign_in):  # noqa: F811
    client = sign_in(moved.coordinator)
    for on in ("2026-10-31", "2026-11-02", "2026-11-20"):
        answer = client.get(as_of(moved, on))
        assert answer.status_code == 422
        page = text_of(answer)
        assert "Your LEA was responsible through 10/30/2026, and sees nothing that came later." in page
        assert reads()[-1][1] == "student.record"
        assert [one for one in LATER if one in page.replace("11/02/2026 is", "")] == []


@pytest.mark.parametrize(
    ("on", "known"),
    [("2026-10-30", ""), ("2026-10-15", ""), ("2026-10-30", "2026-11-23"), ("", "2026-11-23")],
)
def test_a_former_lea_sees_its_own_days(moved, sign_in, on, known):  # noqa: F811
    answer = sign_in(moved.coordinator).get(as_of(moved, on, known))
    assert answer.status_code == 200
    page = text_of(answer)
    assert "290 Specific learning disability" in page
    assert row_in(page, "1.08").partition("25.07 ")[2].startswith(w.SSIDS["alder"])
    assert [one for one in LATER if one in page] == []


def test_a_former_lea_is_offered_only_its_own_days(moved, sign_in):  # noqa: F811
    page = text_of(sign_in(moved.coordinator).get(record(moved)))
    for words in ("Census Day 10/07/2026", "School year began 07/01/2026", "Newest meeting 11/14/2025"):
        assert f">{words}</a>" in page
    assert "Newest meeting 11/09/2026" not in page


def test_a_monitor_of_the_state_looks_at_another_day_too(small_world, sign_in):
    reader = sign_in(monitor_of(small_world, "alder").user)
    page = text_of(reader.get(as_of(small_world, "2026-10-01")))
    assert "as it was on 10/01/2026" in page and "290 Specific learning disability" in page


# The control


@pytest.mark.parametrize(
    ("on", "known", "said"),
    [
        ("abc", "", "“abc” is not a date. Write it as 10/01/2025."),
        ("2026-02-30", "", "“2026-02-30” is not a date."),
        ("02/30/2026", "", "“02/30/2026” is not a date."),
        ("2026-10-01", "yesterday", "“yesterday” is not a date."),
        ("2026-11-24", "", "11/24/2026 is still to come. What is planned stands in the record of today"),
        ("2026-10-01", "2026-11-24", "11/24/2026 is still to come. Choose today or a day before."),
        ("0001-01-01", "", "is before the student was born. Choose a later day."),
        ("9999-12-31", "", "12/31/9999 is still to come."),
        ("<b>", "", "“&lt;b&gt;” is not a date."),
    ],
)
def test_a_day_that_is_none_is_refused_in_words(small_world, coordinator, on, known, said):
    answer = coordinator.get(as_of(small_world, on, known))
    assert answer.status_code == 422
    page = text_of(answer)
    assert said in page and "Below stands the record of today." in page
    assert 'aria-invalid="true"' in page
    assert "You look at the record" not in page
    assert reads()[-1] == (small_world.students["alder"].pk, "student.record")


@pytest.mark.parametrize(
    ("on", "known"), [("", ""), ("2026-11-23", ""), (" ", "2026-11-23"), ("11/23/2026", "")]
)
def test_today_is_the_usual_page(small_world, coordinator, on, known):
    answer = coordinator.get(as_of(small_world, on, known))
    assert answer.status_code == 200
    assert "You look at the record" not in text_of(answer)


def test_a_day_may_be_written_as_people_write_it(small_world, coordinator):
    page = text_of(coordinator.get(as_of(small_world, "10/1/2026")))
    assert "as it was on 10/01/2026 (as known today)" in page


def test_the_days_that_are_asked_most_are_one_click_away(small_world, coordinator):
    answer = coordinator.get(record(small_world, asked="&layers=all"))
    page = text_of(answer)
    here = f"/students/{small_world.students['alder'].public_id}?tab=record&layers=all"
    for words, day in (
        ("Census Day 10/07/2026", "2026-10-07"),
        ("School year began 07/01/2026", "2026-07-01"),
        ("Census Day 10/01/2025", "2025-10-01"),
        ("Newest meeting 11/14/2025", "2025-11-14"),
    ):
        assert f">{words}</a>" in page
        # Once: what steps to the day before stands among these already.
        assert [unescape(one) for one in addresses_in(answer)].count(f"{here}&as_of={day}") == 1


# What it costs


@pytest.mark.parametrize(
    ("asked", "most"),
    [("", 12), ("&as_of=2026-11-09", 14), ("&as_of=2026-11-09&known=2026-11-25", 14), ("&as_of=abc", 12)],
)
def test_another_day_costs_two_statements_at_the_most(
    changed, sign_in, django_assert_max_num_queries, asked, most
):
    client = sign_in(changed.coordinator)
    client.get(record(changed))
    with django_assert_max_num_queries(most):
        client.get(record(changed, asked=asked))


def test_names_that_only_the_past_knows_cost_no_more(changed, sign_in, noon, django_assert_max_num_queries):
    """The SIS said on November 30 that alder was at the other district's school."""
    alder = changed.students["alder"]
    pages.moves_to(alder, w.OTHER_SCHOOL)
    noon.shift(timedelta(days=1))
    pages.moves_to(alder, w.SCHOOL)
    client = sign_in(changed.coordinator)
    client.get(record(changed))
    with django_assert_max_num_queries(14):
        page = text_of(client.get(as_of(changed, "2026-11-30", "2026-11-30")))
    assert "Willow Bend Elementary" in page


# Of a student who has moved


def test_the_next_lea_is_told_where_the_student_was(moved, sign_in):  # noqa: F811
    client = sign_in(pages.other_coordinator(moved))
    page = text_of(client.get(as_of(moved, "2026-10-15")))
    assert "Enrolled on that day at Chaparral Unified: that record is theirs." in page
    page = text_of(client.get(as_of(moved, "2026-11-02")))
    assert "Enrolled on that day" not in page


def test_who_reads_every_lea_reads_the_one_of_the_day(moved, sign_in):  # noqa: F811
    client = sign_in(monitor_of(moved, "alder").user)
    page = text_of(client.get(as_of(moved, "2026-10-15")))
    assert "9910017 Chaparral Unified" in row_in(page, "1.04")
    assert "85 same not known same Meeting" in percent(page)
    page = text_of(client.get(as_of(moved, "2026-11-10")))
    assert "9910025 Heron Creek Unified" in row_in(page, "1.04")
