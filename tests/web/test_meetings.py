"""The pages of meetings: who may see them, opening and holding, the family's answer, finalizing, canceling."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from manzanita.auditing.models import ChangeEvent
from manzanita.deadlines.models import DelayReason
from manzanita.domain.access import Capability
from manzanita.meetings.models import Decision, Meeting
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from tests.support import pages
from tests.support import world as w
from tests.support.pages import NO_ID, many_students, reads, text_of

ITEMS = ("plan", "service.1", "service.2")


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def address(meeting: Meeting, tail: str = "") -> str:
    return f"/meetings/{meeting.public_id}{tail}"


def acts() -> list[str]:
    """What was done, but for what people did to their own accounts."""
    events = ChangeEvent.objects.exclude(subject_type="accounts.user")
    return list(events.order_by("pk").values_list("action", flat=True))


def open_event(client: Client, world, name: str = "alder", event: str = "annual", **more):
    return client.post(f"/students/{world.students[name].public_id}/meetings", {"event": event}, **more)


def answers(choice: str = "agrees", by: str = "Maple Testcase", on: str = "2026-11-23") -> dict[str, str]:
    return {
        f"{part}.{item}": value
        for item in ITEMS
        for part, value in (("choice", choice), ("by", by), ("on", on))
    }


# Access

READ_ONLY = [
    "",
    "?step=hold",
    "?step=answer",
    "?step=services",
    "/live",
    "/field?key=plan.23.20",
    "/finalize",
]
WRITES = ["/answer", "/services", "/hold", "/consent", "/finalize", "/cancel"]


@pytest.mark.parametrize("path", ["/meetings", f"/meetings/{NO_ID}", f"/meetings/{NO_ID}/finalize"])
def test_an_anonymous_person_signs_in_first(small_world, path):
    answer = Client().get(path)
    assert (answer.status_code, answer.url) == (302, f"/sign-in?next={path}")


def test_case_manager_and_coordinator_open_every_page(small_world, manager, coordinator):
    meeting = pages.held(small_world)
    for client in (manager, coordinator):
        assert "Alder Testcase" in text_of(client.get("/meetings"))
        for tail in READ_ONLY:
            assert client.get(address(meeting, tail)).status_code == 200, tail


def test_a_meeting_of_others_is_not_found(small_world, sign_in, coordinator):
    meeting = pages.held(small_world)
    other = sign_in(pages.other_coordinator(small_world))
    assert "No open meeting" in text_of(other.get("/meetings"))
    for tail in READ_ONLY:
        assert other.get(address(meeting, tail)).status_code == 404, tail
    for tail in WRITES:
        assert other.post(address(meeting, tail), {"reason": "x"}).status_code == 404, tail
    assert open_event(coordinator, small_world, "sage").status_code == 404
    assert not reads()


def test_a_case_manager_does_not_see_the_meeting_of_a_student_of_others(small_world, manager):
    meeting = pages.opened(small_world)
    slot = {"student_id": meeting.student_id}
    state_student_facts("assignment", [Statement(slot, None, w.TODAY)], by_id=None, cause="test")
    assert manager.get(address(meeting)).status_code == 404
    assert "No open meeting" in text_of(manager.get("/meetings"))


def test_without_the_capability_nothing_is_written_and_the_page_says_why(small_world, manager, monkeypatch):
    meeting = pages.held(small_world)
    done = acts()
    pages.take_away(monkeypatch, "case_manager", Capability.HOLD_MEETING, Capability.FINALIZE_MEETING)
    for tail in WRITES:
        answer = manager.post(address(meeting, tail), {"reason": "x"})
        assert answer.status_code == 403, tail
        deed = "finalize meetings" if tail == "/finalize" else "open and hold meetings"
        assert f"As Case manager at Chaparral Unified you cannot {deed}." in text_of(answer)
    assert open_event(manager, small_world, "towhee").status_code == 403
    assert manager.get(address(meeting, "/finalize")).status_code == 403
    for tail in ("", "?step=hold", "?step=answer", "?step=services"):
        page = text_of(manager.get(address(meeting, tail)))
        assert "Cancel the meeting" not in page and "data-autosave" not in page
    assert "data-autosave" not in text_of(manager.get(address(meeting, "/field?key=plan.23.20")))
    page = text_of(manager.get(f"/students/{small_world.students['towhee'].public_id}"))
    assert "Your perspective does not open meetings." in page
    assert acts() == done


def test_without_reading_there_is_no_page(small_world, manager, monkeypatch):
    meeting = pages.held(small_world)
    pages.take_away(monkeypatch, "case_manager", Capability.READ_STUDENT)
    for path in ("/meetings", address(meeting), address(meeting, "/live"), address(meeting, "/field")):
        answer = manager.get(path)
        assert answer.status_code == 403, path
        assert "you cannot read student records" in text_of(answer)


@pytest.mark.parametrize(
    ("tail", "what"),
    [
        ("", "meeting"),
        ("?step=hold", "meeting"),
        ("?step=answer", "meeting"),
        ("/live?step=hold", "meeting.findings"),
        ("/field?key=plan.23.20", "meeting.field"),
        ("/finalize", "meeting.finalize"),
    ],
)
def test_each_look_is_logged(small_world, manager, tail, what):
    meeting = pages.held(small_world)
    manager.get(address(meeting, tail))
    assert reads() == [(meeting.student_id, what)]


def test_a_page_that_comes_back_with_a_refusal_is_logged(small_world, manager):
    meeting = pages.held(small_world)
    for tail, sent in (("/hold", {"held_on": ""}), ("/consent", answers(by="")), ("/finalize", {})):
        assert manager.post(address(meeting, tail), sent).status_code in (409, 422)
    assert [what for _, what in reads()] == ["meeting", "meeting", "meeting.finalize"]


# The list


def test_the_list_shows_what_to_work_on_and_what_is_closed(small_world, coordinator):
    pages.finalized(small_world)
    meeting = pages.opened(small_world, "towhee")
    page = text_of(coordinator.get("/meetings"))
    row = page[page.index("Towhee Testcase") :].split("</tr>")[0]
    assert "Annual plan review" in row and "Being prepared" in row and "03/02/2027" in row
    assert "Overdue" not in row and f"{address(meeting)}?step=hold" in row
    row = page[page.index("Closed lately") :]
    for words in ("Alder Testcase", "Finalized", "11/20/2026", "11/23/2026"):
        assert words in row, words
    ids = [small_world.students[name].pk for name in ("towhee", "alder")]
    assert reads() == [(pk, "meeting.list") for pk in ids]


def test_what_the_state_brought_is_not_in_the_list(small_world, coordinator):
    assert "No open meeting" in text_of(coordinator.get("/meetings"))
    assert "Closed lately" not in text_of(coordinator.get("/meetings"))


# session, user, grants, no block; open ones, those outside the view, closed ones, read log 2 and its count
LIST_QUERIES = 10


@pytest.mark.parametrize("count", [3, 60])
def test_the_list_costs_the_same_for_few_and_many(small_world, coordinator, django_assert_num_queries, count):
    rows = [
        Meeting(student=s, event_key="annual", lea_code=w.LEA, opened_at=w.NOON, due_on=w.TODAY)
        for s in many_students(count)
    ]
    Meeting.objects.bulk_create(rows)
    coordinator.get("/meetings")
    with django_assert_num_queries(LIST_QUERIES):
        page = text_of(coordinator.get("/meetings"))
    assert page.count("Being prepared") == count


# Opening


@pytest.mark.parametrize(("event", "due_on"), [("annual", date(2026, 11, 14)), ("amendment", None)])
def test_opening_leads_to_the_meeting_and_a_second_click_to_the_same(small_world, manager, event, due_on):
    first = open_event(manager, small_world, event=event)
    meeting = Meeting.objects.get(source="meeting")
    assert (first.status_code, first.url) == (302, address(meeting))
    assert (meeting.event_key, meeting.due_on, meeting.state) == (event, due_on, "open")
    assert open_event(manager, small_world, event=event).url == first.url
    assert acts() == ["open_meeting"]


def refused_to_open(client: Client, world, name: str = "alder", event: str = "annual") -> str:
    before = Meeting.objects.count()
    page = text_of(open_event(client, world, name, event, follow=True))
    assert Meeting.objects.count() == before
    return page


def test_a_second_event_is_refused_while_one_is_open(small_world, manager):
    pages.opened(small_world)
    page = refused_to_open(manager, small_world, event="amendment")
    assert "Finalize the open annual plan review, or record the change there." in page
    assert "Owner: IEP team · One open meeting a student" in page


def test_a_student_who_is_not_enrolled_is_refused(small_world, coordinator):
    pages.leaves(small_world.students["alder"], date(2026, 11, 20))
    page = refused_to_open(coordinator, small_world)
    assert "The student has no enrollment here today. The SIS adds the enrollment" in page


def test_a_student_without_status_or_with_another_is_refused(small_world, coordinator):
    page = refused_to_open(coordinator, small_world, "yarrow")
    assert "The student has no special education status here." in page
    slot = {"student_id": small_world.students["alder"].pk}
    state_student_facts("status", [Statement(slot, pages.status("2"), w.TODAY)], by_id=None, cause="test")
    page = refused_to_open(coordinator, small_world, "alder", "amendment")
    assert "status is 2, not 1 (eligible and participating)." in page


def test_a_student_without_a_plan_is_refused(small_world, manager):
    slot = {"student_id": small_world.students["alder"].pk}
    state_student_facts("plan", [Statement(slot, None, date(2026, 11, 1))], by_id=None, cause="test")
    assert "There is no plan in force to review or amend." in refused_to_open(manager, small_world)


def test_a_meeting_left_open_elsewhere_is_named_and_not_linked(small_world, coordinator):
    """The other district opened a review before the student came here: its page is not for this reader."""
    Meeting.objects.create(
        student=small_world.students["alder"], event_key="annual", lea_code=w.OTHER_LEA, opened_at=w.NOON
    )
    answer = open_event(coordinator, small_world, follow=True)
    assert answer.redirect_chain == [(f"/students/{small_world.students['alder'].public_id}", 302)]
    assert "Not now: the open annual plan review comes first." in text_of(answer)
    assert Meeting.objects.filter(state="open").count() == 1


@pytest.mark.parametrize("event", ["", "initial", "Annual", "\0"])
def test_an_unknown_event_is_a_bad_request(small_world, manager, event):
    assert open_event(manager, small_world, event=event).status_code == 400


# Holding


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "The date is missing or is no date."),
        ({"held_on": "2026-02-30"}, "The date is missing or is no date."),
        ({"held_on": "20.11.2026"}, "The date is missing or is no date."),
        ({"held_on": "2026-11-24", "delay_code": "30"}, "still to come"),
        ({"held_on": "2025-11-14"}, "was held on 11/14/2025; a review comes after it"),
        ({"held_on": "2026-11-15"}, "The review was due on 11/14/2026; a later one says why."),
    ],
)
def test_a_day_that_cannot_be_is_refused_and_kept(small_world, manager, sent, words):
    meeting = pages.opened(small_world)
    answer = manager.post(address(meeting, "/hold"), sent)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "The meeting is not recorded as held." in page and words in page
    assert f'value="{sent.get("held_on", "")}"' in page
    meeting.refresh_from_db()
    assert (meeting.state, meeting.held_on) == ("open", None)


def test_a_day_in_time_needs_no_reason_and_keeps_none(small_world, manager):
    meeting = pages.opened(small_world)
    sent = {"held_on": "2026-11-14", "delay_code": "30"}
    assert manager.post(address(meeting, "/hold"), sent).url == address(meeting, "?step=answer")
    meeting.refresh_from_db()
    assert (meeting.state, meeting.held_on, meeting.delay_code) == ("held", date(2026, 11, 14), "")


def test_a_conclusion_without_an_offer_says_so_of_its_steps(small_world, manager):
    meeting = pages.opened(small_world, "alder", "triennial")
    assert "not offered" not in text_of(manager.get(address(meeting)))
    manager.post(
        address(meeting, "/hold"), {"held_on": "2026-11-20", "conclusion": "disputed", "delay_code": ""}
    )
    steps = text_of(manager.get(address(meeting))).split('aria-label="Steps and forms"')[1].split("</nav>")[0]
    # Eligibility, placement, other and services; a transition is not needed at ten.
    assert steps.count("not offered") == 4


def test_holding_twice_writes_once_and_the_day_may_be_corrected(small_world, manager):
    meeting = pages.opened(small_world)
    sent = {"held_on": "2026-11-20", "delay_code": "30"}
    assert "Held on 11/20/2026." in text_of(manager.post(address(meeting, "/hold"), sent, follow=True))
    again = manager.post(address(meeting, "/hold"), sent, follow=True)
    assert "Held on 11/20/2026, as it was recorded before." in text_of(again)
    assert acts() == ["open_meeting", "hold_meeting"]
    manager.post(address(meeting, "/hold"), {**sent, "held_on": "2026-11-19"})
    meeting.refresh_from_db()
    assert (meeting.held_on, acts()[-2:]) == (date(2026, 11, 19), ["hold_meeting", "hold_meeting"])


def test_the_form_says_while_the_day_is_chosen_whether_it_is_late(small_world, manager):
    meeting = pages.opened(small_world)
    for day, words in (
        ("2026-11-15", "1 day after it was due"),
        ("2026-11-20", "6 days after it was due"),
        ("2026-11-14", "No reason of delay is needed."),
    ):
        assert words in text_of(manager.post(address(meeting, "/hold"), {"held_on": day, "preview": "1"}))
    page = text_of(manager.post(address(meeting, "/hold"), {"held_on": "2026-02-30", "preview": "1"}))
    assert "In time" not in page and "after it was due" not in page
    # No day yet, and a line of the same height: the button under it stays where it is.
    assert "A day after it is due asks for the reason of delay." in page
    meeting.refresh_from_db()
    assert meeting.state == "open"


def test_a_reason_said_before_the_meeting_is_offered_when_it_is_held(small_world, manager):
    meeting = pages.opened(small_world)
    said = {
        "student_id": meeting.student_id,
        "lea_code": meeting.lea_code,
        "clock": "annual-review",
        "by_id": small_world.case_manager.pk,
        "by_name": "Wren Placeholder",
        "at": w.NOON,
    }
    DelayReason.objects.create(due_on=date(2026, 11, 14), code="20", withdrawn_at=w.NOON, **said)
    DelayReason.objects.create(due_on=date(2026, 11, 14), code="30", **said)
    DelayReason.objects.create(due_on=date(2025, 11, 14), code="40", **said)
    late = manager.post(address(meeting, "/hold"), {"held_on": "2026-11-20", "preview": "1"})
    assert '<option value="30" selected>' in late.content.decode()
    assert "Said on 11/23/2026 by Wren Placeholder, before the meeting." in text_of(late)
    chosen = {"held_on": "2026-11-20", "delay_code": "40", "preview": "1"}
    other = manager.post(address(meeting, "/hold"), chosen).content.decode()
    assert '<option value="40" selected>' in other and "before the meeting" not in other
    meeting.refresh_from_db()
    assert meeting.delay_code == ""


def test_an_unknown_reason_of_delay_is_a_bad_request(small_world, manager):
    meeting = pages.opened(small_world)
    sent = {"held_on": "2026-11-20", "delay_code": "99x"}
    assert manager.post(address(meeting, "/hold"), sent).status_code == 400


# The family's answer


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (answers(by="  "), "An answer needs the name of the person who gave it."),
        (answers(by="M" * 121), "in at most 120 characters"),
        (answers(by="Ma\0ple"), "An answer needs the name of the person who gave it."),
        (answers(on=""), "Enter the day on which the family answered."),
        (answers(on="2026-11-31"), "Enter the day on which the family answered."),
        (answers(on="2026-11-24"), "A decision cannot be dated in the future."),
    ],
)
def test_an_answer_without_name_or_day_is_refused_and_kept(small_world, manager, sent, words):
    meeting = pages.held(small_world)
    sent["choice.service.2"] = "declines"
    answer = manager.post(address(meeting, "/consent"), sent)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "No answer is recorded." in page and words in page
    row = page[page.index('name="choice.service.2"') :]
    assert 'value="declines" checked' in row
    assert not Decision.objects.exists()


def test_answering_twice_records_once(small_world, manager):
    meeting = pages.held(small_world)
    first = manager.post(address(meeting, "/consent"), answers(), follow=True)
    assert "3 answers recorded." in text_of(first)
    assert "No answer was changed." in text_of(
        manager.post(address(meeting, "/consent"), answers(), follow=True)
    )
    assert acts().count("record_decision") == 3
    sent = {**answers(), "choice.service.1": "declines"}
    assert "1 answer recorded." in text_of(manager.post(address(meeting, "/consent"), sent, follow=True))
    found = Decision.objects.order_by("item_key").values_list("item_key", "is_agreed", "decided_by")
    assert list(found) == [(item, item != "service.1", "Maple Testcase") for item in ITEMS]


def test_one_button_agrees_to_everything(small_world, manager):
    meeting = pages.held(small_world)
    manager.post(address(meeting, "/consent"), {**answers(choice=""), "all": "agrees"})
    assert Decision.objects.filter(is_agreed=True).count() == 3


def test_no_choice_is_no_answer(small_world, manager):
    meeting = pages.held(small_world)
    sent = {**answers(choice=""), "choice.plan": "perhaps", "choice.service.9": "agrees"}
    assert "No answer was changed." in text_of(manager.post(address(meeting, "/consent"), sent, follow=True))
    assert not Decision.objects.exists()


def test_an_amendment_that_changes_nothing_has_nothing_to_decide(small_world, manager):
    meeting = pages.held(small_world, event="amendment")
    answer = manager.get(address(meeting, "?step=answer"))
    assert "Nothing to decide yet" in text_of(answer)
    page = text_of(manager.get(address(meeting, "/finalize")))
    assert "This amendment changes nothing in the plan in force." in page
    way_out = "Change a field or a service, or cancel the amendment."
    assert f'href="{address(meeting, "?step=services")}">{way_out}</a>' in page
    assert manager.post(address(meeting, "/finalize")).status_code == 409
