"""The offer of a meeting: what is typed is saved or kept, two people at once are told, and a closed meeting refuses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client

from manzanita.archive.models import Archive
from manzanita.auditing.models import ChangeEvent
from manzanita.exchange.models import Operation
from manzanita.meetings.models import Answer, Decision, Meeting
from tests.support import pages
from tests.support.pages import NO_ID, addresses_in, reads, text_of

HTMX = {"HX-Request": "true"}
PERCENT, SETTING, MINUTES = "plan.23.23", "plan.23.20", "service.2.25.15"  # 85, 400 and 30 are in force


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def address(meeting: Meeting, tail: str = "") -> str:
    return f"/meetings/{meeting.public_id}{tail}"


def save(client: Client, meeting: Meeting, key: str, value: str, rev: str | None = "0", **more: str):
    """One field, as the page sends it while one types."""
    sent = {key: value, **({} if rev is None else {f"rev.{key}": rev}), **more}
    return client.post(address(meeting, "/answer"), sent, headers=HTMX)


def stored(key: str) -> list[tuple[int, str, str]]:
    return list(
        Answer.objects.filter(field_key=key).order_by("revision").values_list("revision", "value", "by_name")
    )


# One field


def test_a_field_is_saved_with_its_new_revision(small_world, manager):
    meeting = pages.opened(small_world)
    answer = save(manager, meeting, PERCENT, " 70 ")
    assert (answer.status_code, answer["HX-Trigger"]) == (200, "answerSaved")
    assert 'id="f-plan-23-23-rev" name="rev.plan.23.23" value="1"' in text_of(answer)
    assert stored(PERCENT) == [(1, "70", "Wren Placeholder")]
    save(manager, meeting, PERCENT, "70", rev="1")
    assert len(stored(PERCENT)) == 1
    page = text_of(manager.get(address(meeting, "?step=placement")))
    assert 'name="plan.23.23" value="70"' in page and "In force: 85" in page


def test_what_is_in_force_already_is_no_answer(small_world, manager):
    meeting = pages.opened(small_world)
    assert save(manager, meeting, PERCENT, "85").status_code == 200
    assert stored(PERCENT) == []


def test_two_people_at_once_the_second_is_told_and_chooses(small_world, manager, coordinator):
    meeting = pages.opened(small_world)
    save(coordinator, meeting, PERCENT, "60")
    answer = save(manager, meeting, PERCENT, "70")
    assert answer.status_code == 409
    page = text_of(answer)
    assert "<dt>Yours</dt><dd>70</dd>" in page and "Juniper Mockup" in page and "<dd>60</dd>" in page
    assert "Keep yours" in page and "Take theirs" in page
    assert stored(PERCENT) == [(1, "60", "Juniper Mockup")]

    theirs = manager.get(address(meeting, f"/field?key={PERCENT}"), headers=HTMX)
    assert 'value="60"' in text_of(theirs)
    assert save(manager, meeting, PERCENT, "70", rev=None, keep="1").status_code == 200
    assert stored(PERCENT)[1:] == [(2, "70", "Wren Placeholder")]


def test_a_value_that_a_rule_refuses_is_kept_with_its_finding(small_world, manager):
    meeting = pages.opened(small_world)
    assert save(manager, meeting, "service.2.25.12", "400").status_code == 200
    answer = manager.get(address(meeting, "/live?step=services&service=2"))
    page = text_of(answer)
    assert "SERV0327" in page and "1 to fix" in page
    assert address(meeting, "?step=services&amp;service=2#f-service-2-25-05") in addresses_in(answer)
    page = text_of(manager.get(address(meeting, "?step=services")))  # opens the service with the finding
    assert '<option value="400" selected>' in page and "SERV0327" in page

    assert save(manager, meeting, "service.2.25.12", "100", rev="1").status_code == 200
    assert "SERV0327" not in text_of(manager.get(address(meeting, "/live?step=services&service=2")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 4001, "too long for a field of the state. Shorten it."),
        ("7\0", "a character that no field can hold"),
    ],
)
def test_a_text_that_cannot_be_stored_is_refused_in_words(small_world, manager, text, words):
    meeting = pages.opened(small_world)
    answer = save(manager, meeting, PERCENT, text)
    assert answer.status_code == 422
    page = text_of(answer)
    assert page.startswith('<p class="err">') and words in page and "What you typed is still here." in page
    assert stored(PERCENT) == []


@pytest.mark.parametrize("rev", [None, "", "x", "-1", "²"])
def test_a_field_without_the_revision_that_was_seen_is_not_saved(small_world, manager, rev):
    meeting = pages.opened(small_world)
    answer = save(manager, meeting, PERCENT, "70", rev=rev)
    assert answer.status_code == 422
    assert "which version of the field you saw" in text_of(answer)
    assert stored(PERCENT) == []


def test_an_answer_that_names_no_field_is_a_bad_request(small_world, manager):
    meeting = pages.opened(small_world)
    for key in ("plan.23.99", "service.7.25.15", "service.2.offer", "ssid", ""):
        assert save(manager, meeting, key, "70").status_code == 400, key
    assert not Answer.objects.exists()


# A whole form, as a browser without scripts sends it


def form(meeting: Meeting, client: Client, **values: str):
    sent = {}
    for key, value in values.items():
        name = key.replace("_", ".")
        sent |= {name: value, f"rev.{name}": "0"}
    return client.post(address(meeting, "/answer"), sent)


def test_a_form_saves_what_changed_and_comes_back_to_its_step(small_world, manager):
    meeting = pages.opened(small_world)
    answer = form(meeting, manager, plan_23_20="400", plan_23_23="70")
    assert (answer.status_code, answer.url) == (302, address(meeting, "?step=placement"))
    assert (stored(SETTING), stored(PERCENT)) == ([], [(1, "70", "Wren Placeholder")])
    answer = form(meeting, manager, service_2_25_15="45")
    assert answer.url == address(meeting, "?step=services&service=2")


def test_a_form_keeps_what_it_could_not_save(small_world, manager):
    meeting = pages.opened(small_world)
    long = "7" * 4001
    answer = form(meeting, manager, plan_23_20="203", plan_23_23=long)
    assert answer.status_code == 422
    page = text_of(answer)
    assert f'name="plan.23.23" value="{long}"' in page
    assert "General education participation was not saved. This text is too long" in page
    assert stored(SETTING) == [(1, "203", "Wren Placeholder")]
    assert reads() == [(meeting.student_id, "meeting")]


def test_a_form_tells_of_a_conflict_and_keeps_both_values(small_world, manager, coordinator):
    meeting = pages.opened(small_world)
    save(coordinator, meeting, PERCENT, "60")
    answer = form(meeting, manager, plan_23_23="70")
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Juniper Mockup saved “60” in between" in page
    assert 'name="plan.23.23" value="70"' in page and 'name="rev.plan.23.23" value="1"' in page
    assert stored(PERCENT) == [(1, "60", "Juniper Mockup")]


def test_with_scripts_the_form_answers_yes_or_no(small_world, manager, coordinator):
    meeting = pages.opened(small_world)
    sent = {PERCENT: "70", f"rev.{PERCENT}": "0", SETTING: "203", f"rev.{SETTING}": "0"}
    assert manager.post(address(meeting, "/answer"), sent, headers=HTMX).status_code == 204
    assert (
        coordinator.post(address(meeting, "/answer"), {**sent, PERCENT: "50"}, headers=HTMX).status_code
        == 422
    )
    assert stored(PERCENT) == [(1, "70", "Wren Placeholder")]


# Services


def test_a_service_is_added_taken_back_and_offered_again(small_world, manager):
    meeting = pages.opened(small_world)
    services = address(meeting, "/services")
    assert manager.post(services, {"add": "450"}).url == address(meeting, "?step=services&service=3")
    page = text_of(manager.get(address(meeting, "?step=services&service=3")))
    assert "450 Occupational therapy" in page and "Take the offer back" in page
    manager.post(services, {"service": "3", "offer": "remove", "rev": "1"})
    assert "the offer was taken back" in text_of(manager.get(address(meeting, "?step=services&service=3")))
    manager.post(services, {"service": "3", "offer": "keep", "rev": "2"})
    assert stored("service.3.offer")[-1][:2] == (3, "add")


def test_a_double_click_adds_one_service_and_the_next_page_may_add_the_same_again(small_world, manager):
    meeting = pages.opened(small_world)
    services = address(meeting, "/services")
    page = text_of(manager.get(address(meeting, "?step=services")))
    assert '<input type="hidden" name="as" value="3">' in page
    for _ in range(2):
        assert manager.post(services, {"add": "450", "as": "3"}).url == address(
            meeting, "?step=services&service=3"
        )
    assert not stored("service.4.25.11")
    page = text_of(manager.get(address(meeting, "?step=services&service=3")))
    assert '<input type="hidden" name="as" value="4">' in page
    manager.post(services, {"add": "450", "as": "4"})
    assert stored("service.4.25.11") == [(1, "450", "Wren Placeholder")]


def test_somebody_elses_new_service_is_not_taken_for_a_double_click(small_world, manager, coordinator):
    meeting = pages.opened(small_world)
    services = address(meeting, "/services")
    manager.post(services, {"add": "450", "as": "3"})
    assert coordinator.post(services, {"add": "450", "as": "3"}).url == address(
        meeting, "?step=services&service=4"
    )
    assert manager.post(services, {"add": "460", "as": "3"}).url == address(
        meeting, "?step=services&service=5"
    )


def test_the_end_of_a_service_is_offered_once_and_a_second_person_is_told(small_world, manager, coordinator):
    meeting = pages.opened(small_world)
    sent = {"service": "2", "offer": "remove", "rev": "0"}
    for _ in range(2):
        manager.post(address(meeting, "/services"), sent)
    assert stored("service.2.offer") == [(1, "remove", "Wren Placeholder")]
    page = text_of(coordinator.post(address(meeting, "/services"), {**sent, "offer": "keep"}, follow=True))
    assert "Wren Placeholder changed this service in between." in page
    assert "Keep this service" in page


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"add": "999"},
        {"add": "\0"},
        {"service": "9", "offer": "remove", "rev": "0"},
        {"service": "2", "offer": "add", "rev": "0"},
        {"service": "2", "offer": "remove", "rev": "x"},
        {"service": "9" * 5000, "offer": "remove", "rev": "0"},
    ],
)
def test_an_unknown_service_or_offer_is_a_bad_request(small_world, manager, sent):
    meeting = pages.opened(small_world)
    assert manager.post(address(meeting, "/services"), sent).status_code == 400
    assert not Answer.objects.exists()


# Finalizing


def test_everything_that_is_missing_is_named_with_its_link(small_world, manager):
    meeting = pages.opened(small_world)
    page = text_of(manager.get(address(meeting, "/finalize")))
    assert "Not yet" in page and "2 things to do first." in page
    for words, step in (
        ("The meeting has no date on which it was held.", "hold"),
        ("No answer of the family is recorded for: Placement and plan", "answer"),
    ):
        item = page[page.rindex(f"<span>{words}") :].split("</li>")[0]
        assert f'href="{address(meeting, f"?step={step}")}"' in item, words


def test_a_decision_before_the_meeting_and_an_offer_changed_since_are_named(small_world, manager, noon):
    meeting = pages.decided(small_world)
    Decision.objects.filter(item_key="plan").update(decided_on=date(2026, 11, 19))
    noon.shift(timedelta(minutes=5))
    save(manager, meeting, MINUTES, "60", rev="1")
    page = text_of(manager.get(address(meeting, "/finalize")))
    for words in (
        "Decided before the meeting was held: Placement and plan.",
        "The offer was changed after the family had answered: 415 Language and speech.",
    ):
        item = page[page.index(f"<span>{words}") :].split("</li>")[0]
        assert f'href="{address(meeting, "?step=answer")}"' in item, words
    assert "Offer changed since: ask again" in text_of(manager.get(address(meeting, "?step=answer")))


def test_the_same_answer_to_a_changed_offer_is_recorded_anew(small_world, manager, noon):
    meeting = pages.decided(small_world)
    noon.shift(timedelta(minutes=5))
    save(manager, meeting, MINUTES, "60", rev="1")
    noon.shift(timedelta(minutes=5))
    sent = {"choice.service.2": "agrees", "by.service.2": "Maple Testcase", "on.service.2": "2026-11-23"}
    page = text_of(manager.post(address(meeting, "/consent"), sent, follow=True))
    assert "1 answer recorded." in page and "Offer changed since" not in page
    assert "Ready to finalize" in text_of(manager.get(address(meeting, "/finalize")))


def test_a_line_that_the_state_refuses_leads_to_its_field(small_world, manager):
    meeting = pages.decided(small_world)
    Answer.objects.create(
        meeting=meeting,
        field_key="service.2.25.12",
        revision=1,
        value="400",
        by_id=1,
        by_name="Wren",
        at=pages.w.NOON,
    )
    page = text_of(manager.get(address(meeting, "/finalize")))
    item = page[page.index("<span>The state would reject it:") :].split("</li>")[0]
    assert "SERV0327" in item and address(meeting, "?step=services&amp;service=2#f-service-2-25-05") in item


def test_finalizing_twice_lands_on_one_archive(small_world, manager):
    meeting = pages.decided(small_world)
    page = text_of(manager.get(address(meeting, "/finalize")))
    assert "Ready to finalize" in page and "The new plan starts on November 23, 2026." in page
    first = manager.post(address(meeting, "/finalize"))
    made = Archive.objects.get(cause="meeting")
    assert (first.status_code, first.url) == (302, f"/archives/{made.public_id}")
    for again in (manager.post(address(meeting, "/finalize")), manager.get(address(meeting, "/finalize"))):
        assert again.url == first.url
    assert ChangeEvent.objects.filter(action="finalize_meeting").count() == 1
    assert Operation.objects.count() == 4
    assert manager.get(address(meeting)).url == first.url


# Closed meetings

WRITES = [
    ("/hold", {"held_on": "2026-11-19", "delay_code": "30"}),
    ("/consent", {"choice.plan": "declines", "by.plan": "Maple", "on.plan": "2026-11-23"}),
    ("/consent", {}),
    ("/services", {"add": "450"}),
    ("/services", {"service": "2", "offer": "remove", "rev": "0"}),
    ("/answer", {PERCENT: "70", f"rev.{PERCENT}": "0"}),
    ("/cancel", {"reason": "The family moved."}),
]


@pytest.mark.parametrize(("tail", "sent"), WRITES)
def test_a_final_meeting_refuses_and_says_why(small_world, manager, tail, sent):
    meeting, made = pages.finalized(small_world)
    before = (Answer.objects.count(), ChangeEvent.objects.count(), list(Decision.objects.values()))
    answer = manager.post(address(meeting, tail), sent, follow=True)
    assert answer.redirect_chain[-1] == (f"/archives/{made.public_id}", 302)
    page = text_of(answer)
    assert "Nothing was changed: this meeting is final, and its answers stand." in page
    assert "Correct its archive, or open an amendment." in page
    assert (Answer.objects.count(), ChangeEvent.objects.count(), list(Decision.objects.values())) == before


@pytest.mark.parametrize(("tail", "sent"), WRITES)
def test_a_meeting_that_the_state_brought_refuses_too(small_world, manager, tail, sent):
    meeting = Meeting.objects.get(student=small_world.students["alder"], held_on=date(2024, 11, 15))
    page = text_of(manager.post(address(meeting, tail), sent, follow=True))
    assert "Nothing was changed: this meeting is final, and its answers stand." in page
    assert not Answer.objects.exists()


def test_a_page_left_open_notices_that_the_meeting_was_closed(small_world, manager):
    meeting, _ = pages.finalized(small_world)
    imported = Meeting.objects.get(student=small_world.students["alder"], held_on=date(2024, 11, 15))
    for closed in (meeting, imported):
        answer = save(manager, closed, PERCENT, "70")
        assert answer.status_code == 422
        assert "This meeting is finalized; its answers stand." in text_of(answer)
        for answer in (
            manager.get(address(closed, "/live?step=hold")),
            manager.get(address(closed, f"/field?key={PERCENT}")),
            manager.post(address(closed, "/hold"), {"held_on": "2026-11-20", "preview": "1"}),
        ):
            assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_a_meeting_that_the_state_brought_says_where_it_comes_from(small_world, manager):
    meeting = Meeting.objects.get(student=small_world.students["alder"], held_on=date(2024, 11, 15))
    page = text_of(manager.get(address(meeting)))
    assert "Initial evaluation of November 15, 2024" in page and "it was taken over from its extract" in page
    assert manager.get(address(meeting, "/finalize")).url == address(meeting)


def test_canceling_needs_a_reason_and_happens_once(small_world, manager):
    meeting = pages.opened(small_world)
    save(manager, meeting, PERCENT, "70")
    for reason in ("", "  ", "\0"):
        page = text_of(manager.post(address(meeting, "/cancel"), {"reason": reason}, follow=True))
        assert "it needs the reason why" in page
    sent = {"reason": "The family\0 moved."}
    page = text_of(manager.post(address(meeting, "/cancel"), sent, follow=True))
    assert "The meeting is canceled. Nothing of it goes to the state." in page
    assert "The family moved." in page and "General education participation" in page and ">70<" in page
    page = text_of(manager.post(address(meeting, "/cancel"), sent, follow=True))
    assert "Nothing was changed: this meeting was canceled." in page
    page = text_of(manager.post(address(meeting, "/hold"), {"held_on": "2026-11-20"}, follow=True))
    assert "Nothing was changed: this meeting was canceled." in page
    assert manager.post(address(meeting, "/finalize")).url == address(meeting)
    assert ChangeEvent.objects.filter(action="cancel_meeting").count() == 1


# Odd questions


def test_unsafe_pages_are_not_read_and_safe_ones_not_written(small_world, manager):
    meeting = pages.opened(small_world)
    student = small_world.students["alder"].public_id
    for tail in ("/answer", "/services", "/cancel"):
        assert manager.get(address(meeting, tail)).status_code == 405, tail
    # A refused form stands at the address it was sent to: a reload leads back to its step.
    assert manager.get(address(meeting, "/hold")).url == f"{address(meeting)}?step=hold"
    assert manager.get(address(meeting, "/consent")).url == f"{address(meeting)}?step=answer"
    assert manager.get(f"/students/{student}/meetings").status_code == 405
    for path in ("/meetings", address(meeting), address(meeting, "/live"), address(meeting, "/field")):
        assert manager.post(path).status_code == 405, path


@pytest.mark.parametrize("bad", ["x", "0", NO_ID, "9900000005", "%00", f"{NO_ID}0"])
def test_what_is_no_meeting_is_not_found(small_world, manager, bad):
    for tail in ("", "/live", "/field?key=plan.23.20", "/finalize"):
        assert manager.get(f"/meetings/{bad}{tail}").status_code == 404, tail
    for tail in ("/answer", "/hold", "/consent", "/services", "/cancel", "/finalize"):
        assert manager.post(f"/meetings/{bad}{tail}", {"reason": "x"}).status_code == 404, tail


ODD = ["", "x", "0", "-1", "9" * 5000, "%00", "%F0%9F%A6%89", "'", "a%0Ab", "%ED%A0%80", "²", "None", "[]"]


# Each at the addresses that read it.
ASKED = {
    "step": ("?", "/live?"),
    "service": ("?step=services&", "/live?step=services&"),
    "key": ("/field?",),
}


@pytest.mark.parametrize("key", ASKED)
def test_odd_questions_are_answered(small_world, manager, key):
    meeting = pages.held(small_world)
    for value in ODD:
        for tail in ASKED[key]:
            status = manager.get(address(meeting, f"{tail}{key}={value}")).status_code
            assert status == (404 if tail == "/field?" else 200), (tail, value)


def test_no_name_and_no_number_stands_in_an_address(small_world, manager):
    meeting = pages.decided(small_world)
    steps = ["", "?step=services", "?step=hold", "?step=answer", "/finalize", "/live?step=services"]
    for path in ("/meetings", *(address(meeting, tail) for tail in steps)):
        found = addresses_in(manager.get(path))
        assert found
        assert not [url for url in found if "99000" in url or "Testcase" in url or "Alder" in url], path


# session, user, grants, no block; meeting, scope, read log 2 and its count; facts; answers and decisions; what the
# state holds, beside which the rules look; the SELPA's policies; agencies to choose from
PAGE_QUERIES = 15
# no agencies; answers, decisions, rules and policies once more for what would happen
FINALIZE_QUERIES = 21


@pytest.mark.parametrize("count", [1, 20])
def test_a_meeting_costs_the_same_for_few_and_many_services(
    small_world, manager, django_assert_num_queries, count
):
    meeting = pages.held(small_world)
    for _ in range(count):
        manager.post(address(meeting, "/services"), {"add": "450"})
    for tail, queries in (
        ("?step=services", PAGE_QUERIES),
        ("/live?step=services", PAGE_QUERIES),
        ("/finalize", FINALIZE_QUERIES),
    ):
        manager.get(address(meeting, tail))
        with django_assert_num_queries(queries):
            manager.get(address(meeting, tail))
