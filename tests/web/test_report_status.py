"""The pages that say and change what is reported: the archive's section, the list, the lock, a limited send."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from manzanita.exchange.models import Operation, PeriodLock, ReportStatus, Submission
from manzanita.procedures.correct import correct_record
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.guests import person_of
from tests.support.pages import NO_ID, as_shown, other_coordinator, reads, text_of, without_marks


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def review(small_world):
    return archive(small_world.students["alder"], review_rows())


def stamp_on(answer) -> str:
    """What the form carries of what its reader has seen of the record."""
    return re.search(r'name="record_seen" value="([^"]+)"', answer.content.decode())[1]


def set_status(client: Client, review, **values: str):
    return client.post(f"/archives/{review.public_id}/report-status", values, follow=True)


def test_the_archive_says_of_each_record_what_becomes_of_it(coordinator, review):
    page = text_of(coordinator.get(f"/archives/{review.public_id}"))

    assert "Report to the state" in page
    assert "Pending" in page
    assert page.count("Ready to send") == 4


def test_do_not_report_is_set_listed_and_ended(coordinator, review):
    page = text_of(set_status(coordinator, review, choice="none", reason="Finalized for the wrong student."))
    assert "Set: do not report." in page
    assert "Finalized for the wrong student." in page

    listed = text_of(coordinator.get("/state/not-reported"))
    assert "Alder Testcase" in listed
    assert "Finalized for the wrong student." in listed
    assert "Juniper Mockup, 11/23/2026" in listed

    page = text_of(set_status(coordinator, review, choice="all"))
    assert "The whole archive is reported again." in page
    assert "ended 11/23/2026, Juniper Mockup" in text_of(coordinator.get("/state/not-reported"))
    assert Operation.objects.count() == 4


ONE_CHOICE = "Of an archive all is reported, nothing, or one kind of record that it has (decision 9)"
SAID_WHY = "Who says what is reported says why: it stands with the name (decision 9)"
UNTIL_LATER = "What is set counts until a later day, or until somebody ends it (decision 9)"


def refusals_in(answer) -> list[tuple[str, list[str]]]:
    """Each reason for which nothing was set, as one reads it, with the addresses that it leads to."""
    (band,) = re.findall(r'<div class="band fatal" role="alert">.*?</ul>', text_of(answer))
    return [
        (without_marks(one), re.findall(r'href="([^"]+)"', one))
        for one in re.findall(r"<li>(.*?)</li>", band)
    ]


@pytest.mark.parametrize(
    ("values", "said", "rule", "field"),
    [
        (
            {"choice": "everything"},
            "Nothing is chosen. Choose what is reported of this archive.",
            ONE_CHOICE,
            "report-choice",
        ),
        (
            {"choice": "SWDS", "reason": "x"},
            "This archive has no SWDS record. Choose a kind that it has, or Do not report.",
            ONE_CHOICE,
            "report-choice",
        ),
        (
            {"choice": "none", "reason": ""},
            "It needs its reason. Say why in a sentence.",
            SAID_WHY,
            "f-reason",
        ),
        (
            {"choice": "complete", "reason": ""},
            "It needs its reason. Say how you know it.",
            SAID_WHY,
            "f-reason",
        ),
        (
            {"choice": "again", "reason": ""},
            "It needs its reason. Say why you doubt it.",
            SAID_WHY,
            "f-reason",
        ),
        (
            {"choice": "none", "reason": "x", "until": "2026-11-23"},
            "Its end, 11/23/2026, is not in the future. Enter a later day, or leave it blank.",
            UNTIL_LATER,
            "f-until",
        ),
        (
            {"choice": "none", "reason": "x", "until": "soon"},
            "Counts again on: “soon” is no day, and is not taken for blank. Write it as 11/23/2026, or choose it.",
            "What cannot be read is not guessed",
            "f-until",
        ),
    ],
)
def test_what_cannot_be_set_says_why_by_which_rule_whose_job_it_is_and_where(
    coordinator, review, values, said, rule, field
):
    answer = set_status(coordinator, review, **values)
    assert refusals_in(answer) == [(f"{said} Owner: You · {rule}", [f"#{field}"])]
    assert f'id="{field}"' in text_of(answer)
    assert not ReportStatus.objects.exists()


@pytest.mark.parametrize(
    ("values", "said", "rule"),
    [
        (
            {"choice": "none", "reason": "x"},
            "A correction stands in the place of this archive. Set it on the archive that stands. "
            "Owner: SEDS coordinator",
            "Of an archive and its correction the correction is reported",
        ),
        (
            {"choice": "again", "reason": "x"},
            "A correction stands in the place of this archive. Set it on the archive that stands. "
            "Owner: SEDS coordinator",
            "Of an archive and its correction the correction is reported",
        ),
        # The form is on the other page, too.
        (
            {"choice": "complete", "reason": ""},
            "It needs its reason. Say how you know it. Open the archive that stands Owner: You",
            SAID_WHY,
        ),
    ],
)
def test_of_an_archive_that_was_corrected_nothing_is_set_and_its_page_says_so(
    small_world, coordinator, review, values, said, rule
):
    row = review.records.get(record_key="SERV|9910017|9900000005|20261123|330|100|510")
    newer = correct_record(
        actor=small_world.coordinator_actor, row=row, changes={"25.15": "50"}, reason="A typing error."
    )

    answer = set_status(coordinator, review, **values)
    assert answer.status_code == 422
    assert refusals_in(answer) == [(f"{said} · {rule}", [f"/archives/{newer.public_id}"])]
    assert not ReportStatus.objects.exists()


def test_what_was_typed_is_kept_where_it_cannot_be_set(coordinator, review):
    answer = coordinator.post(
        f"/archives/{review.public_id}/report-status", {"choice": "SWDS", "reason": "Nothing of it is ours."}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Nothing of it is ours."' in page
    assert re.search(r'value="MEET"[^>]*>', page) and not re.search(r'value="MEET" checked', page)
    assert re.search(r'<details class="fold" open><summary[^>]*>.*?Change what is reported', page, re.DOTALL)


def test_of_two_who_say_what_is_reported_the_second_is_told_and_nothing_is_lost(
    small_world, sign_in, coordinator, review
):
    address = f"/archives/{review.public_id}"
    first, second = coordinator, sign_in(person_of(w.LEA, "coordinator", "Larkspur Sample")[0])
    seen = [stamp_on(one.get(address)) for one in (first, second)]
    set_status(first, review, choice="none", reason="For the wrong student.", record_seen=seen[0])

    slower = second.post(
        f"{address}/report-status", {"choice": "MEET", "reason": "Only the meeting.", "record_seen": seen[1]}
    )

    assert slower.status_code == 409
    assert refusals_in(slower) == [
        (
            "Juniper Mockup, 12:00 pm on 11/23/2026: set what of an archive is reported. "
            "Look at it; what you typed is kept, and is saved when you send it again. Show what was done "
            "Owner: SEDS coordinator · What somebody else has changed is looked at first",
            [f"/students/{small_world.students['alder'].public_id}?tab=history"],
        )
    ]
    assert 'value="Only the meeting."' in slower.content.decode()
    assert 'value="MEET" checked' in slower.content.decode()
    assert [(one.choice, one.reason) for one in ReportStatus.objects.filter(ended_at=None)] == [
        ("none", "For the wrong student.")
    ]
    # Sent again by whoever has read it, it counts.
    again = second.post(
        f"{address}/report-status",
        {"choice": "MEET", "reason": "Only the meeting.", "record_seen": stamp_on(slower)},
    )
    assert again.status_code == 302
    assert ReportStatus.objects.get(ended_at=None).choice == "MEET"


@pytest.mark.parametrize("address", ["/state/not-reported", "/state/limited"])
def test_who_does_not_send_gets_neither_list_nor_control(small_world, sign_in, review, address):
    client = sign_in(small_world.case_manager)

    assert client.get(address).status_code == 403
    assert set_status(client, review, choice="none", reason="x").status_code == 403
    assert "Change what is reported" not in text_of(client.get(f"/archives/{review.public_id}"))


def test_another_district_neither_sees_nor_sets_it(small_world, sign_in, review):
    stranger = sign_in(other_coordinator(small_world))

    assert set_status(stranger, review, choice="none", reason="x").status_code == 404
    assert stranger.post(f"/archives/{NO_ID}/report-status").status_code == 404
    ReportStatus.objects.create(
        archive=review,
        student_id=review.student_id,
        lea_code=w.LEA,
        choice="none",
        reason="Theirs",
        set_at=w.NOON,
        set_by_id=1,
    )
    assert "Theirs" not in text_of(stranger.get("/state/not-reported"))


def test_the_period_is_locked_and_lifted_on_the_plan(coordinator, review):
    page = text_of(coordinator.get("/state"))
    assert "counts what happened until 10/07/2026" in page
    # What the lock does, for whom, until when, and how it is undone, before the click that locks.
    assert "Lock sending to Fall 1…" in page
    question = page[page.index('id="lock-question"') :]
    assert (
        "<b>For the whole district, whoever sends:</b> until 01/22/2027 only what counts in Fall 1 2026-2027"
        in question
    )
    assert "of days up to 10/07/2026. Of the 4 operations that may go now, 4 would wait." in question
    assert "Whoever may send lifts the lock here with one click; then everything may go again." in question
    assert question.index("lifts the lock here") < question.index(
        'value="lock">Lock the district to Fall 1 2026-2027<'
    )
    assert not PeriodLock.objects.exists()

    page = text_of(coordinator.post("/state/period", {"do": "lock"}, follow=True))
    assert "4 operations held back" in page
    assert "Not of the reporting period" in page

    held = text_of(coordinator.get("/state?held=period-locked"))
    assert "MEET" in held
    page = text_of(coordinator.post("/state/period", {"do": "unlock"}, follow=True))
    assert "The lock is lifted" in page
    assert PeriodLock.objects.get().ended_at is not None


def test_pasted_ssids_are_looked_at_and_only_theirs_sent(coordinator, review, small_world):
    archive(
        small_world.students["towhee"],
        [("MEET", w.meet("towhee", "20261007", **{"24.05": "2026-2027"}))],
    )
    before = len(reads())
    assert 'href="/students/paste?then=state_limited"' in text_of(coordinator.get("/state/limited"))
    pasted = {"pasted": "9900000002\n9900000009", "then": "state_limited"}
    there = coordinator.post("/students/paste", pasted).url
    page = text_of(coordinator.get(there))
    assert "Send 1 operation" in page
    assert "1 of 2 found.</b> 1 line matches no student." in page
    assert "9900000009</th>" in page and "No student within your reach has this SSID." in page
    assert [what for _, what in reads()[before:]] == ["state.limited"]

    sent = dict(parse_qsl(urlsplit(there).query))
    answer = coordinator.post("/state/limited", sent | as_shown(coordinator, there) | {"do": "send"})
    assert answer.status_code == 302
    submission = Submission.objects.get()
    assert [line.record_key for line in submission.lines.all()] == ["MEET|9910017|9900000002|20261007"]


def test_a_list_of_students_is_sent_without_the_rest(coordinator, review):
    assert (
        'href="/state/limited?list=different"' in coordinator.get("/students?list=different").content.decode()
    )

    page = text_of(coordinator.get("/state/limited?list=different"))
    assert "Send 4 operations" in page
    assert coordinator.get("/state/limited?list=nobody").status_code == 404
