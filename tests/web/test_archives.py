"""The pages of archives: who may see one, and what a meeting, a correction and a take-over say of themselves."""

from __future__ import annotations

import pytest
from django.test import Client

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.domain.access import Capability
from manzanita.procedures.correct import correct_record
from tests.support import pages
from tests.support import world as w
from tests.support.exchange import archive
from tests.support.pages import NO_ID, addresses_in, reads, text_of

MINUTES_LINE = "SERV|9910017|9900000005|20261123|415|100|510"


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def address(stored: Archive) -> str:
    return f"/archives/{stored.public_id}"


def corrected(world) -> tuple[Archive, Archive]:
    """A finalized review, and its correction: 40 minutes of service 415 instead of 45."""
    _, stored = pages.finalized(world)
    row = ArchivedRecord.objects.get(record_key=MINUTES_LINE, archive=stored)
    newer = correct_record(
        actor=world.coordinator_actor, row=row, changes={"25.15": "40"}, reason="Minutes were mistyped"
    )
    return stored, newer


# Access


def test_an_anonymous_person_signs_in_first(small_world):
    answer = Client().get(f"/archives/{NO_ID}")
    assert (answer.status_code, answer.url) == (302, f"/sign-in?next=/archives/{NO_ID}")


def test_an_archive_of_others_is_not_found(small_world, sign_in, manager, coordinator):
    _, stored = pages.finalized(small_world)
    other = sign_in(pages.other_coordinator(small_world))
    assert other.get(address(stored)).status_code == 404
    sage = Archive.objects.get(student_id=small_world.students["sage"].pk, event_on="2026-01-10")
    assert coordinator.get(address(sage)).status_code == 404
    assert other.get(address(sage)).status_code == 200
    yarrow = archive(small_world.students["yarrow"], [])
    assert manager.get(address(yarrow)).status_code == 404  # of the district, not of the case manager
    assert coordinator.get(address(yarrow)).status_code == 200
    assert [pk for pk, _ in reads()] == [small_world.students["sage"].pk, small_world.students["yarrow"].pk]


def test_without_the_capability_the_page_says_why(small_world, manager, monkeypatch):
    _, stored = pages.finalized(small_world)
    pages.take_away(monkeypatch, "case_manager", Capability.READ_STUDENT)
    answer = manager.get(address(stored))
    assert answer.status_code == 403
    assert "As Case manager at Chaparral Unified you cannot read student records." in text_of(answer)


@pytest.mark.parametrize("bad", [NO_ID, "x", "1", "%00", f"{NO_ID}0", "9" * 5000])
def test_what_is_no_archive_is_not_found(small_world, coordinator, bad):
    assert coordinator.get(f"/archives/{bad}").status_code == 404
    assert not reads()


def test_an_archive_is_only_read(small_world, coordinator):
    _, stored = pages.finalized(small_world)
    assert coordinator.post(address(stored)).status_code == 405
    for query in ("tab=x", "open=-1", "after=%00", "open=" + "9" * 5000):
        assert coordinator.get(f"{address(stored)}?{query}").status_code == 200


# What it says


def test_the_archive_of_a_meeting_says_what_was_decided_done_and_reported(small_world, coordinator):
    _, stored = pages.finalized(small_world)
    page = text_of(coordinator.get(address(stored)))
    for words in (
        "Annual plan review of November 20, 2026",
        "archive recorded 11/23/2026",
        "by Wren Placeholder",
        "Meeting finalized",
        stored.digest,
        "Placement and plan",
        "Maple Testcase",
        "415 Language and speech: Minutes ",
        '<del class="was"><span class="vh">was </span>30</del>',
        "The next plan review is due on November 20, 2027.",
        "To the state, with the next send: the meeting of November 20, 2026 (MEET); the plan of "
        "November 23, 2026 (PLAN); services 330 Specialized academic instruction, 415 Language and speech (SERV).",
        "4 lines, in the order in which the state needs them",
        "MEET of 11/20/2026",
        "PLAN of 11/23/2026",
        "SERV of 11/23/2026",
        "290",
        "Specific learning disability",
        "the service in force, unchanged",
    ):
        assert words in page, words
    places = [page.index(f"{record} of 11/2") for record in ("MEET", "PLAN", "SERV")]
    assert places == sorted(places)
    assert reads() == [(small_world.students["alder"].pk, "archive")]


def test_only_who_corrects_is_led_to_a_correction(small_world, coordinator, manager):
    _, stored = pages.finalized(small_world)
    links = [url for url in addresses_in(coordinator.get(address(stored))) if url.startswith("/corrections/")]
    assert links == [f"/corrections/{row.pk}" for row in stored.records.order_by("pk")]
    answer = manager.get(address(stored))
    assert "/corrections/" not in text_of(answer)
    assert "A wrong value is corrected by the SEDS coordinator." in text_of(answer)


def test_a_correction_and_what_it_replaced_name_each_other(small_world, coordinator):
    stored, newer = corrected(small_world)
    page = text_of(coordinator.get(address(newer)))
    assert "Minutes were mistyped" in page and f'href="{address(stored)}"' in page
    assert '<del class="was"><span class="vh">was </span>45</del>' in page and "/corrections/" in page
    old = coordinator.get(address(stored))
    page = text_of(old)
    assert "A correction of 11/23/2026 replaced this archive: Minutes were mistyped." in page
    assert address(newer) in addresses_in(old) and "/corrections/" not in page
    assert "415 Language and speech: Minutes" in page


def test_a_corrected_meeting_leads_to_the_archive_that_stands(small_world, coordinator):
    meeting, _ = pages.finalized(small_world)
    row = ArchivedRecord.objects.get(record_key=MINUTES_LINE, archive__cause="meeting")
    newer = correct_record(
        actor=small_world.coordinator_actor, row=row, changes={"25.15": "40"}, reason="Mistyped"
    )
    assert coordinator.get(f"/meetings/{meeting.public_id}").url == address(newer)


def test_what_was_taken_over_says_so(small_world, coordinator):
    for stored in Archive.objects.filter(student_id=small_world.students["alder"].pk, cause="take_over"):
        page = text_of(coordinator.get(address(stored)))
        assert "Taken over from the state&#39;s extract" in page and "by the system" in page
        assert "What the family decided" not in page
        for row in stored.records.all():
            assert f"{row.record} of {row.key_on:%m/%d/%Y}" in page


def test_an_archive_without_a_line_says_why_nothing_went(small_world, coordinator):
    effect = {"kind": "nothing", "text": "Nothing goes.", "detail": "The family did not agree."}
    stored = archive(small_world.students["towhee"], [], context={"effects": [effect]})
    page = text_of(coordinator.get(address(stored)))
    assert "Nothing went to the state" in page and "Nothing goes. The family did not agree." in page
    bare = archive(small_world.students["yarrow"], [], cause="correction")
    assert "This archive holds no state line." in text_of(coordinator.get(address(bare)))


def test_services_added_ended_and_withdrawn_stand_in_the_offer(small_world, manager):
    meeting = pages.decided(small_world)
    here = f"/meetings/{meeting.public_id}"
    for code in ("450", "460"):
        manager.post(f"{here}/services", {"add": code})
    manager.post(here + "/answer", {"service.3.25.13": "510", "rev.service.3.25.13": "0"})
    manager.post(f"{here}/services", {"service": "4", "offer": "remove", "rev": "1"})
    manager.post(f"{here}/services", {"service": "1", "offer": "remove", "rev": "0"})
    everything = {"all": "agrees"}
    for item in ("plan", "service.1", "service.2", "service.3"):
        everything |= {f"by.{item}": "Maple Testcase", f"on.{item}": "2026-11-23"}
    manager.post(f"{here}/consent", everything)
    answer = manager.post(f"{here}/finalize", follow=True)
    page = text_of(answer)
    offered = page[page.index("What was offered") : page.index("What happened")]
    assert "450 Occupational therapy <b>is offered as a new service</b>" in offered
    assert "330 Specialized academic instruction <b>ends</b>" in offered
    assert "450 Occupational therapy: Location" in offered
    assert "Service 4" not in offered and "460" not in offered
    lines = ArchivedRecord.objects.filter(archive__cause="meeting", record="SERV").values_list("record_key")
    assert sorted(key.split("|")[4] for (key,) in lines) == ["415", "450"]


def test_no_name_and_no_number_stands_in_an_address(small_world, coordinator):
    for stored in corrected(small_world):
        found = addresses_in(coordinator.get(address(stored)))
        assert not [url for url in found if "99000" in url or "Testcase" in url or "Alder" in url]


# session, user, grants, no block; archive with what it replaced, student, read log 2 and its count; what replaced
# it, lines, what was done of the student, for the form that says what is reported
ARCHIVE_QUERIES = 17


@pytest.mark.parametrize("count", [1, 40])
def test_an_archive_costs_the_same_for_few_and_many_lines(
    small_world, coordinator, django_assert_num_queries, count
):
    rows = [("SERV", w.serv("alder", "20261123", f"{300 + number}")) for number in range(count)]
    stored = archive(small_world.students["alder"], rows)
    coordinator.get(address(stored))
    with django_assert_num_queries(ARCHIVE_QUERIES):
        page = text_of(coordinator.get(address(stored)))
    assert f"{count} line" in page


def test_a_plan_before_its_meeting_is_refused_with_the_way_to_the_meetings_day(small_world, coordinator):
    _, stored = pages.finalized(small_world)
    rows = {row.record: row for row in stored.records.filter(record__in=["MEET", "PLAN"])}
    sent = {"23.12": "2026-11-19", "reason": "A typing error", "check": "1"}
    answer = coordinator.post(f"/corrections/{rows['PLAN'].pk}", sent)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "The plan would start on 11/19/2026, before the meeting of 11/20/2026 that made it." in page
    assert f'href="/corrections/{rows["MEET"].pk}">Correct the meeting</a>' in page


def test_an_old_record_leads_at_once_to_the_one_that_stands(small_world, coordinator):
    stored, newer = corrected(small_world)
    old, stands = (one.records.get(record_key=MINUTES_LINE) for one in (stored, newer))
    answer = coordinator.get(f"/corrections/{old.pk}")
    page = text_of(answer)
    assert answer.status_code == 200
    assert "Not possible now: 1 reason." in page and "A newer archive holds this record." in page
    assert f'href="/corrections/{stands.pk}">Correct it there</a>' in page
    assert "A newer archive" not in text_of(coordinator.get(f"/corrections/{stands.pk}"))
