"""The page of all kinds of meetings, opening an initial evaluation, and how a meeting may end."""

from __future__ import annotations

import re
from datetime import date

import pytest

from manzanita.archive.models import Archive
from manzanita.meetings.models import Meeting
from manzanita.students.models import Student
from tests.support import world as w
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db

CONSENT = {"event": "b_initial", "consent_on": "2026-09-28", "referred_on": "2026-09-14", "referred_by": "10"}


@pytest.fixture
def manager(small_world, sign_in):
    return sign_in(small_world.case_manager)


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


def path_of(world, name, tail=""):
    return f"/students/{world.students[name].public_id}/meetings{tail}"


def open_buttons(page) -> list[str]:
    return re.findall(r'name="event" value="([a-z_]+)"', page)


def test_every_kind_stands_there_with_its_purpose_its_clock_and_why_not(small_world, coordinator):
    page = text_of(coordinator.get(path_of(small_world, "alder", "/new")))
    assert open_buttons(page) == ["annual", "triennial", "other", "amendment"]
    assert "Due 11/14/2026" in page and "Due 11/15/2027" in page
    assert (
        'status 1. Open a <a class="go" href="#event-triennial">triennial reevaluation</a>, or an annual review.'
        in page
    )
    assert "The plan in force is this district&#39;s own" in page
    page = text_of(coordinator.get(path_of(small_world, "yarrow", "/new")))
    # Yarrow is nine: no Part C, and no transition from it.
    assert open_buttons(page) == ["b_initial"]
    assert "Part C ends on the third birthday, 01/05/2020." in page
    assert "The third birthday was on 01/05/2020: this is no transition from Part C." in page


def test_an_initial_evaluation_begins_with_consent_and_its_clock(small_world, coordinator):
    answer = coordinator.post(path_of(small_world, "yarrow"), CONSENT)
    meeting = Meeting.objects.get(student=small_world.students["yarrow"])
    assert answer.headers["Location"] == f"/meetings/{meeting.public_id}"
    assert (meeting.event_key, meeting.evaluation_type_code, meeting.due_on) == ("b_initial", "10", None)
    assert (meeting.consent_on, meeting.evaluation_due_on) == (date(2026, 9, 28), date(2026, 11, 27))
    assert (meeting.referred_on, meeting.referred_by_code) == (date(2026, 9, 14), "10")
    student = Student.unscoped.get(pk=meeting.student_id)
    assert student.local_sped_id == f"SE{student.pk:08d}"
    # A second click lands in the same meeting.
    assert (
        coordinator.post(path_of(small_world, "yarrow"), CONSENT)
        .headers["Location"]
        .endswith(f"/meetings/{meeting.public_id}")
    )


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"consent_on": ""}, "An initial evaluation begins with the consent to evaluate."),
        ({"consent_on": "2026-11-24"}, "Consent cannot have been given on a day that is still to come."),
        ({"referred_on": "2026-09-29"}, "The referral of 09/29/2026 comes after the consent of 09/28/2026."),
        ({"consent_on": "yesterday"}, "The day of the consent is no date."),
    ],
)
def test_what_cannot_be_is_refused_and_kept(small_world, coordinator, sent, words):
    answer = coordinator.post(path_of(small_world, "yarrow"), CONSENT | sent)
    assert answer.status_code == 422
    page = text_of(answer)
    assert words in page
    assert 'value="2026-09-14"' in page or 'value="2026-09-29"' in page
    assert not Meeting.objects.filter(student=small_world.students["yarrow"]).exists()


def test_a_referring_party_that_does_not_exist(small_world, coordinator):
    answer = coordinator.post(path_of(small_world, "yarrow"), CONSENT | {"referred_by": "zz"})
    assert answer.status_code == 400


def test_a_stranger_opens_nothing(small_world, manager):
    assert manager.get(path_of(small_world, "sage", "/new")).status_code == 404
    assert manager.post(path_of(small_world, "sage"), CONSENT).status_code == 404


def test_not_eligible_is_concluded_without_asking_the_family(small_world, coordinator):
    coordinator.post(path_of(small_world, "yarrow"), CONSENT)
    meeting = Meeting.objects.get(student=small_world.students["yarrow"])
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}?step=hold"))
    for words in ("The team made an offer", "Not eligible", "Consent to evaluate was withdrawn"):
        assert words in page
    answer = coordinator.post(
        f"/meetings/{meeting.public_id}/hold", {"held_on": "2026-11-20", "conclusion": "not_eligible"}
    )
    assert answer.headers["Location"] == f"/meetings/{meeting.public_id}/finalize"
    page = text_of(coordinator.get(answer.headers["Location"]))
    assert "Status 4 Not Eligible starts on November 20, 2026." in page
    assert "Ready to finalize" in page
    coordinator.post(f"/meetings/{meeting.public_id}/finalize")
    archive = Archive.objects.get(cause="meeting")
    assert [row.record for row in archive.records.order_by("id")] == ["SWDS", "MEET"]


def test_a_withdrawal_needs_its_day_and_no_meeting(small_world, coordinator):
    coordinator.post(path_of(small_world, "yarrow"), CONSENT)
    meeting = Meeting.objects.get(student=small_world.students["yarrow"])
    address = f"/meetings/{meeting.public_id}/hold"
    part = text_of(coordinator.post(address, {"conclusion": "withdrawn", "preview": "1"}))
    assert "Withdrawn on" in part and "There was no meeting" in part
    for sent, words in (
        ({}, "has its own day"),
        ({"concluded_on": "2026-11-24"}, "cannot be dated in the future"),
        ({"concluded_on": "2026-09-27"}, "this day lies before it"),
    ):
        answer = coordinator.post(address, {"conclusion": "withdrawn"} | sent)
        assert (answer.status_code, words in text_of(answer)) == (422, True)
    coordinator.post(address, {"conclusion": "withdrawn", "concluded_on": "2026-11-16"})
    answer = coordinator.post(f"/meetings/{meeting.public_id}/finalize", follow=True)
    assert "Initial evaluation of November 16, 2026" in text_of(answer)
    assert not Archive.objects.get(cause="meeting").records.exists()


def test_an_ending_that_the_event_does_not_have(small_world, coordinator):
    coordinator.post(path_of(small_world, "alder"), {"event": "annual"})
    meeting = Meeting.objects.get(student=small_world.students["alder"], state="open")
    answer = coordinator.post(
        f"/meetings/{meeting.public_id}/hold", {"held_on": "2026-11-20", "conclusion": "withdrawn"}
    )
    assert answer.status_code == 400


def test_a_reevaluation_alone_is_not_judged_by_the_date_of_the_review(small_world, coordinator):
    """The review was due on November 14, the reevaluation is due in 2027."""
    coordinator.post(path_of(small_world, "alder"), {"event": "triennial"})
    meeting = Meeting.objects.get(student=small_world.students["alder"], state="open")
    address = f"/meetings/{meeting.public_id}/hold"
    asked = {"held_on": "2026-11-20", "preview": "1"}
    assert "6 days after it was due" in text_of(coordinator.post(address, asked | {"conclusion": "offer"}))
    part = text_of(coordinator.post(address, asked | {"conclusion": "reevaluation_only"}))
    assert "No reason of delay is needed" in part
    coordinator.post(address, {"held_on": "2026-11-20", "conclusion": "reevaluation_only"})
    meeting.refresh_from_db()
    assert (meeting.state, meeting.delay_code, meeting.is_plan_review) == ("held", "", False)
    assert meeting.lea_code == w.LEA


def test_an_answer_dated_before_the_meeting_is_refused_at_once_and_kept(small_world, coordinator):
    coordinator.post(path_of(small_world, "alder"), {"event": "annual"})
    meeting = Meeting.objects.get(student=small_world.students["alder"], state="open")
    address = f"/meetings/{meeting.public_id}"
    coordinator.post(f"{address}/hold", {"held_on": "2026-11-20", "delay_code": "30"})
    sent = {"choice.plan": "agrees", "by.plan": "Maple Testcase", "on.plan": "2026-11-19"}
    answer = coordinator.post(f"{address}/consent", sent)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "The meeting was held on 11/20/2026, and the answer is dated 11/19/2026, before it." in page
    assert 'value="2026-11-19"' in page
    assert not meeting.decisions.exists()


def test_the_tally_counts_what_is_listed_and_the_steps_say_not_yet(small_world, coordinator):
    """Setting 400 without a share of the day in regular class would be one finding; no degree of support is another."""
    coordinator.post(path_of(small_world, "alder"), {"event": "annual"})
    meeting = Meeting.objects.get(student=small_world.students["alder"], state="open")
    address = f"/meetings/{meeting.public_id}"
    coordinator.post(f"{address}/answer", {"plan.23.16": "", "rev.plan.23.16": "0"})
    page = text_of(coordinator.get(f"{address}?step=eligibility"))
    tally = page.split('class="tally"')[1].split("</div>")[0]
    listed = page.split('class="tally"')[1].count('class="rule"')
    assert listed > 0
    assert ("0 fatal" in tally and "0 warnings" in tally) is False
    assert "ready" not in page.split('id="meeting-steps"')[1].split("</nav>")[0].split("Finalize")[1][:200]


def test_a_reason_that_is_too_long_is_refused_in_words(small_world, coordinator):
    coordinator.post(path_of(small_world, "alder"), {"event": "annual"})
    meeting = Meeting.objects.get(student=small_world.students["alder"], state="open")
    answer = coordinator.post(f"/meetings/{meeting.public_id}/cancel", {"reason": "x" * 301}, follow=True)
    assert "The reason has 301 characters, and 300 are kept." in text_of(answer)
    meeting.refresh_from_db()
    assert meeting.state == "open"


def test_an_open_evaluation_can_be_reported_as_pending_on_its_page(small_world, coordinator):
    coordinator.post(path_of(small_world, "yarrow"), CONSENT)
    meeting = Meeting.objects.get(student=small_world.students["yarrow"])
    address = f"/meetings/{meeting.public_id}"
    page = text_of(coordinator.get(f"{address}?step=hold"))
    assert "Expected: consent was given by Census Day, 10/07/2026" in page
    assert "Report as pending as of 09/28/2026" in page
    page = text_of(coordinator.post(f"{address}/pending", follow=True))
    assert (
        "Initial evaluation pending as of September 28, 2026: it goes to the state with the next send."
        in page
    )
    assert "Report as pending" not in page
    refused = text_of(coordinator.post(f"{address}/cancel", {"reason": "Moved away."}, follow=True))
    assert "it cannot just disappear" in refused
    assert coordinator.post(f"{address}/pending", {"pending_delay": "zz"}).status_code == 400


def test_nobody_consents_to_an_offer_that_was_changed_under_the_page(small_world, coordinator):
    coordinator.post(path_of(small_world, "alder"), {"event": "annual"})
    meeting = Meeting.objects.get(student=small_world.students["alder"], state="open")
    address = f"/meetings/{meeting.public_id}"
    coordinator.post(f"{address}/hold", {"held_on": "2026-11-20", "delay_code": "30"})
    page = text_of(coordinator.get(f"{address}?step=answer"))
    shown = re.search(r'name="offer" value="([0-9]+)"', page)[1]
    sent = {"choice.plan": "agrees", "by.plan": "Maple Testcase", "on.plan": "2026-11-23", "offer": shown}
    coordinator.post(f"{address}/answer", {"plan.23.23": "60", "rev.plan.23.23": "0"})
    answer = coordinator.post(f"{address}/consent", sent)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "The offer was changed while this page was open" in page
    assert not meeting.decisions.exists()
    again = re.search(r'name="offer" value="([0-9]+)"', page)[1]
    assert coordinator.post(f"{address}/consent", sent | {"offer": again}).status_code == 302
    assert meeting.decisions.get().is_agreed


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("annual-review", ["annual", "triennial"]),
        ("triennial", ["triennial"]),
        ("transition-plan", ["annual", "triennial", "amendment"]),
        ("nonsense", []),
    ],
)
def test_who_comes_from_a_due_date_sees_which_kinds_end_it(small_world, coordinator, name, ending):
    page = text_of(coordinator.get(path_of(small_world, "alder", f"/new?clock={name}")))
    rows = page.split('id="event-')[1:]
    assert [row.split('"')[0] for row in rows if "Ends it" in row] == ending
    assert ("You come from" in page) is bool(ending)


# A first plan


def first_plan(world, coordinator) -> Meeting:
    coordinator.post(path_of(world, "yarrow"), CONSENT)
    return Meeting.objects.get(student=world.students["yarrow"])


def test_over_nothing_nothing_is_the_same_as_in_force(small_world, coordinator):
    meeting = first_plan(small_world, coordinator)
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}?step=eligibility"))
    assert "Same as in force" not in page and "Not offered yet" in page
    assert "Blank: only some disabilities need it" in page and "this disability needs none" not in page
    coordinator.post(f"/meetings/{meeting.public_id}/answer", {"plan.23.15": "240", "rev.plan.23.15": "0"})
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}?step=eligibility"))
    assert "New: nothing is in force" in page
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}?step=answer"))
    assert "This amendment" not in page and "stay put" not in page and "as in force" not in page


def test_of_an_ending_without_an_offer_the_family_is_not_asked(small_world, coordinator):
    meeting = first_plan(small_world, coordinator)
    sent = {"held_on": "2026-11-20", "conclusion": "not_eligible"}
    coordinator.post(f"/meetings/{meeting.public_id}/hold", sent)
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}?step=answer"))
    assert "The family is not asked" in page and "This amendment" not in page
    assert f'href="/meetings/{meeting.public_id}?step=hold"' in page


def test_before_any_answer_nothing_is_decided(small_world, coordinator):
    meeting = first_plan(small_world, coordinator)
    coordinator.post(f"/meetings/{meeting.public_id}/hold", {"held_on": "2026-11-20", "conclusion": "offer"})
    page = text_of(coordinator.get(f"/meetings/{meeting.public_id}/finalize"))
    assert page.count("Not decided yet") >= 3
    for words in ("offer declined", "Status 2", "No plan starts", "reason 11", "SWDS of"):
        assert words not in page, words
    assert "No answer of the family is recorded for: Placement and plan." in page


def test_an_option_is_a_code_and_a_name_and_doubt_stands_beside_it(small_world, coordinator):
    meeting = first_plan(small_world, coordinator)
    for step in ("eligibility", "placement", "other", "hold"):
        page = text_of(coordinator.get(f"/meetings/{meeting.public_id}?step={step}"))
        assert "(not confirmed)" not in page, step
