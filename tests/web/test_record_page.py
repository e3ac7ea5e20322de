"""The Record tab: every field once, its layers on demand, what differs, who owns it and how it is changed."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client

from manzanita.archive.models import Archive
from manzanita.domain.layouts import packaged_layout
from manzanita.exchange.models import StateRecord
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.students.actions import Identity, update_identities
from tests.support import pages
from tests.support import world as w
from tests.support.guests import monitor_of, person_of
from tests.support.pages import addresses_in, reads, text_of, without_marks

RECORDS = ("SWDS", "MEET", "PLAN", "SERV", "PSTS")
SETTING = Asked(
    "setting", date(2026, 11, 9), "A new school.", settings={"23.20": "400", "23.23": "60"}, ground="said"
)


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


def record(world, name: str = "alder", asked: str = "") -> str:
    return f"/students/{world.students[name].public_id}?tab=record{asked}"


def field(world, key: str, name: str = "alder") -> str:
    return f"/students/{world.students[name].public_id}/fields/{key}"


def groups_in(page: str) -> dict[str, str]:
    """The groups of the record by title."""
    found = {}
    for part in page.split('<details class="fold lgroup"')[1:]:
        part = part.split("</details>")[0]
        found[re.search(r"</svg><span>(.*?)</span>", part).group(1)] = part
    return found


def numbers_in(part: str) -> list[str]:
    cells = re.findall(r'<td class="fld">(.*?)</td>', part)
    return [number for cell in cells for number in re.findall(r"\d+\.\d\d", cell)]


def row_in(page: str, number: str) -> str:
    """The row of a state field as words."""
    (row,) = [r for r in page.split("<tr>") if f'<td class="fld">{number}' in r]
    return without_marks(row.split("</tr>")[0])


# Every field once


@pytest.mark.parametrize("born", [date(2009, 11, 23), date(2009, 11, 24)])
def test_every_field_of_the_state_is_on_the_page_once_or_says_why_not(small_world, coordinator, born):
    """On the 17th birthday at 16 and over; a student with one service."""
    update_identities({small_world.students["towhee"].pk: Identity(birth_on=born)})
    page = text_of(coordinator.get(record(small_world, "towhee")))
    shown, _, told = page.partition("Fields that are not on this page, and why")
    groups = groups_in(shown)
    listed = numbers_in(told)
    for title, part in groups.items():
        found = numbers_in(part)
        assert len(found) == len(set(found)), title
    on_page = {number for part in groups.values() for number in numbers_in(part)}
    of_meetings = {title for title, part in groups.items() if "24.15" in numbers_in(part)}
    for title, part in groups.items():
        if title not in of_meetings:
            others = [n for other, p in groups.items() if other != title for n in numbers_in(p)]
            assert not set(numbers_in(part)) & set(others), title
    for one in RECORDS:
        for number in packaged_layout(one).numbers:
            assert (number in on_page) != (number in listed), number


def test_before_sixteen_nothing_after_school_is_asked(small_world, coordinator):
    page = text_of(coordinator.get(record(small_world)))
    assert "After school (PSTS)" not in groups_in(page)
    told = page.partition("Fields that are not on this page, and why")[2]
    assert "From age 16: it tells what became of a student after school." in told


def test_without_a_plan_its_fields_say_why_they_are_missing(small_world, coordinator):
    page = text_of(coordinator.get(record(small_world, "yarrow")))
    shown, _, told = page.partition("Fields that are not on this page, and why")
    assert "23.15" not in numbers_in(shown) and "23.15" in numbers_in(told)
    assert "No plan is in force, and none is proposed." in told


# Layers


def test_equal_layers_say_the_same_and_nothing_differs(small_world, coordinator):
    page = text_of(coordinator.get(record(small_world, asked="&layers=all")))
    assert row_in(page, "23.15") == (
        "History of Primary disability 23.15 290 Specific learning disability (SLD) same same Meeting"
    )
    assert "No meeting is open, so nothing is proposed." in page
    assert '<th scope="col" class="w-layer">At the state</th>' in page


def test_what_the_state_holds_otherwise_stands_beside_it(small_world, coordinator):
    held = StateRecord.objects.get(
        student_id=small_world.students["alder"].pk, record="PLAN", key_on=date(2025, 11, 14)
    )
    held.values = {**held.values, "23.23": "40", "23.14": ""}
    held.save()
    page = text_of(coordinator.get(record(small_world, asked="&layers=all")))
    assert row_in(page, "23.23").endswith("85 same 40 Meeting")
    assert row_in(page, "23.14").endswith("same blank Office")
    page = text_of(coordinator.get(record(small_world)))
    assert (
        row_in(page, "23.23")
        == "History of General education participation 23.23 ? not confirmed 85 At the state 40 Meeting"
    )
    only = text_of(coordinator.get(record(small_world, asked="&only=differences")))
    assert "Only differences (2)" in only
    assert list(groups_in(only)) == ["Placement and setting", "Other"]
    assert [numbers_in(part) for part in groups_in(only).values()] == [["23.23"], ["23.14"]]


def test_where_the_state_holds_nothing_it_says_so(small_world, coordinator):
    StateRecord.objects.filter(student_id=small_world.students["alder"].pk, record="PLAN").delete()
    page = text_of(coordinator.get(record(small_world, asked="&layers=all")))
    groups = groups_in(page)
    assert "the state holds nothing" in groups["Eligibility"]
    assert "the state holds nothing" not in groups["Status"]
    assert row_in(page, "23.15").endswith("same nothing Meeting")


def test_a_service_that_only_the_state_holds_has_its_own_group(small_world, coordinator):
    held = StateRecord.objects.get(
        student_id=small_world.students["alder"].pk, record="SERV", record_key__contains="|415|"
    )
    held.pk, held.record_key = None, held.record_key.replace("|415|", "|450|")
    held.values = {**held.values, "25.11": "450"}
    held.save(force_insert=True)
    groups = groups_in(text_of(coordinator.get(record(small_world))))
    assert "Service 450 Occupational therapy" in groups
    assert "not in the plan in force" in groups["Service 450 Occupational therapy"]


def test_the_choice_of_layers_stays_in_the_address(small_world, coordinator):
    answer = coordinator.get(record(small_world, asked="&layers=all&only=differences&years=this"))
    here = f"/students/{small_world.students['alder'].public_id}?tab=record"
    for address in (
        f"{here}&only=differences&years=this",
        f"{here}&layers=all&years=this",
        f"{here}&layers=all&only=differences",
    ):
        assert address in map(unescape, addresses_in(answer)), address
    assert "Nothing differs" in text_of(answer)


@pytest.mark.parametrize("asked", ["&layers=all", "&only=differences", "&layers=x&only=x"])
def test_layers_cost_no_more_statements(small_world, coordinator, django_assert_max_num_queries, asked):
    coordinator.get(record(small_world))
    with django_assert_max_num_queries(14):
        coordinator.get(record(small_world, asked=asked))


# Who owns it


@pytest.mark.parametrize(
    ("key", "word", "told"),
    [
        ("ssid.ssid", "SIS", "Enrollments, and the message to the SIS staff"),
        ("plan.disability_1_code", "Meeting", "Open amendment"),
        ("plan.program_setting_code", "Meeting", "Setting and residence"),
        ("plan.primary_residence_code", "Office", "Setting and residence"),
        ("plan.has_transportation_code", "Office", "Setting and residence"),
        ("status.status_code", "Office", "Status change"),
        ("student.local_sped_id", "Office", "Batch edit, of one student or many"),
        ("next.school_code", "Office", "Batch edit, of one student or many"),
        ("status.initial_entry_on", "Computed", "The day of the first consent to services."),
        ("meeting-review.delay_code", "Meeting", "Correct what was archived"),
        ("postsecondary.psts_12", "SIS", "No value is recorded here"),
    ],
)
def test_the_page_of_a_field_says_who_owns_it_and_how_it_changes(small_world, coordinator, key, word, told):
    page = text_of(coordinator.get(field(small_world, key)))
    owned = page.split('<section class="owned"')[1]
    assert f"<p>Owner: <b>{word}</b>. " in owned
    assert told in owned
    assert "not now" not in owned
    assert reads()[-1] == (small_world.students["alder"].pk, "student.field-history")


def test_a_correction_opens_with_the_field_first(small_world, coordinator):
    owned = text_of(coordinator.get(field(small_world, "plan.general_education_percent")))
    (address,) = re.findall(r'href="(/corrections/\d+\?field=23\.23)"', owned)
    form = text_of(coordinator.get(address))
    first = re.search(r'<(?:input|select)[^>]* name="(23\.\d+)"[^>]*autofocus', form)
    assert first.group(1) == "23.23"
    assert form.index('name="23.23"') < form.index('name="23.12"')


def test_an_open_meeting_is_continued_where_it_may_change_the_field(small_world, manager):
    meeting = pages.opened(small_world)
    owned = text_of(manager.get(field(small_world, "plan.disability_1_code")))
    assert f'<a class="go" href="/meetings/{meeting.public_id}">Continue annual plan review</a>' in owned


def test_a_case_manager_is_told_why_not_to_correct(small_world, manager):
    owned = text_of(manager.get(field(small_world, "plan.primary_residence_code")))
    assert "As Case manager at Chaparral Unified nobody can correct archived records." in owned
    assert "/corrections/" not in owned
    # And a meeting is theirs to open.
    owned = text_of(manager.get(field(small_world, "plan.disability_1_code")))
    assert f"/students/{small_world.students['alder'].public_id}/meetings/new" in owned


def test_a_reader_of_the_state_is_told_whose_it_is_and_changes_nothing(small_world, sign_in):
    reader = sign_in(monitor_of(small_world, "alder").user)
    assert "/take-back" not in text_of(reader.get(record(small_world, asked="&layers=all")))
    owned = text_of(reader.get(field(small_world, "plan.primary_residence_code")))
    assert "Owner: <b>Office</b>." in owned
    assert "nobody can correct archived records." in owned
    assert "/corrections/" not in owned and "/take-back" not in owned


def test_how_sure_the_state_s_field_is_is_told(small_world, coordinator):
    page = text_of(coordinator.get(field(small_world, "plan.parental_involvement_code")))
    assert "Not confirmed" in page and "Sources disagree about this field" in page
    page = text_of(coordinator.get(field(small_world, "plan.disability_1_code")))
    assert "A public page of the state prints this field." in page and "Not confirmed" not in page


# Taking back


def test_history_offers_to_take_back_what_was_recorded(small_world, coordinator, noon):
    noon.shift(timedelta(minutes=1))
    alder = small_world.students["alder"]
    archive = record_change(actor=small_world.coordinator_actor, student=alder, asked=SETTING)
    noon.shift(timedelta(minutes=5))
    history = f"/students/{alder.public_id}?tab=history"
    page = text_of(coordinator.get(history))
    here = f"/archives/{archive.public_id}/take-back"
    assert f'href="{here}"' in page

    page = text_of(coordinator.get(here))
    assert "Stands again: Plan, 290 Specific learning disability (SLD), 11/14/2025 to open." in page
    assert "Not told to the state: PLAN: " in page

    page = text_of(coordinator.post(here, follow=True))
    assert "Taken back: the record stands as it was before." in page
    assert "Took a change or a correction back" in page
    assert f'href="{here}"' not in page
    assert Archive.objects.filter(supersedes=archive).exists()
    page = text_of(coordinator.post(here, follow=True))
    assert "It was taken back already." in page


def test_what_somebody_else_did_meanwhile_is_told_before_it_is_taken_back(
    small_world, sign_in, coordinator, noon
):
    noon.shift(timedelta(minutes=1))
    alder = small_world.students["alder"]
    archive = record_change(actor=small_world.coordinator_actor, student=alder, asked=SETTING)
    here = f"/archives/{archive.public_id}/take-back"
    drawn = coordinator.get(here).content.decode()
    seen = re.search(r'name="record_seen" value="([^"]+)"', drawn)[1]
    colleague = sign_in(person_of(w.LEA, "coordinator", "Larkspur Sample")[0])
    sent = {"choice": "PLAN", "reason": "Only the plan."}
    assert colleague.post(f"/archives/{archive.public_id}/report-status", sent).status_code == 302

    answer = coordinator.post(here, {"record_seen": seen})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Larkspur Sample, 12:01 pm on 11/23/2026: set what of an archive is reported." in page
    assert "Take it back" in page and not Archive.objects.filter(supersedes=archive).exists()

    seen = re.search(r'name="record_seen" value="([^"]+)"', answer.content.decode())[1]
    assert coordinator.post(here, {"record_seen": seen}).status_code == 302
    assert Archive.objects.filter(supersedes=archive).exists()


def test_history_says_why_what_was_built_on_stays(small_world, coordinator, noon):
    noon.shift(timedelta(minutes=1))
    alder = small_world.students["alder"]
    archive = record_change(actor=small_world.coordinator_actor, student=alder, asked=SETTING)
    noon.shift(timedelta(minutes=5))
    pages.opened(small_world)
    page = text_of(coordinator.get(f"/students/{alder.public_id}?tab=history"))
    assert (
        "Not now: A meeting was opened since, over the record as it is now. Finalize or cancel the meeting"
        in page
    )
    answer = coordinator.post(f"/archives/{archive.public_id}/take-back")
    assert answer.status_code == 422
    assert not Archive.objects.filter(supersedes=archive).exists()


def test_a_case_manager_reads_history_and_takes_nothing_back(small_world, manager, noon):
    noon.shift(timedelta(minutes=1))
    alder = small_world.students["alder"]
    archive = record_change(actor=small_world.coordinator_actor, student=alder, asked=SETTING)
    page = text_of(manager.get(f"/students/{alder.public_id}?tab=history"))
    assert "/take-back" not in page
    assert "As Case manager at Chaparral Unified nobody can correct archived records." in page
    assert manager.post(f"/archives/{archive.public_id}/take-back").status_code == 403


# the frame; what was done and seen; acts: known rows, SSID, edits and merges
HISTORY_QUERIES = 22


@pytest.mark.parametrize("count", [1, 6])
def test_history_costs_the_same_for_few_and_many_changes(
    small_world, coordinator, noon, django_assert_max_num_queries, count
):
    alder = small_world.students["alder"]
    for number in range(count):
        noon.shift(timedelta(minutes=1))
        asked = Asked(
            "setting",
            w.TODAY - timedelta(days=9 - number),
            "A new school.",
            settings={"23.23": f"{40 + number}"},
            ground="said",
        )
        record_change(actor=small_world.coordinator_actor, student=alder, asked=asked)
    address = f"/students/{alder.public_id}?tab=history"
    coordinator.get(address)
    with django_assert_max_num_queries(HISTORY_QUERIES):
        coordinator.get(address)
