"""Sends as work: the list of what does not go on, canceling one that the state has nothing of, trying one at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from manzanita.auditing.models import ChangeEvent
from manzanita.domain.findings import reason_document
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.gateway import GatewayUnavailable, Trouble
from manzanita.exchange.models import Operation, Submission
from manzanita.exchange.waiting import trouble_reason, turn_reason, working_reason
from manzanita.platform import clock
from manzanita.platform.models import Job
from tests.support.exchange import archive, review_rows
from tests.support.pages import NO_ID, other_coordinator, text_of
from tests.support.world import NOON

SIGN_IN = reason_document(trouble_reason(GatewayUnavailable("401", Trouble.SIGN_IN)))
# Session, user, grants, no block; the page and its jobs.
LIST_QUERIES = 6
AWAY = reason_document(trouble_reason(GatewayUnavailable("refused", Trouble.UNREACHABLE)))


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def sent(small_world) -> Submission:
    archive(small_world.students["alder"], review_rows())
    return prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")


def change(submission: Submission, **values) -> None:
    Submission.objects.filter(pk=submission.pk).update(**values)


def stuck(client: Client) -> int:
    return client.get("/state/submissions?list=needs").content.decode().count("<tr data-row")


# The list, and home


def test_a_refused_sign_in_stands_on_home_and_in_the_list(coordinator, sent):
    change(sent, state="sending", waits=[SIGN_IN], next_try_at=clock.now() + timedelta(hours=1))
    home = text_of(coordinator.get("/"))
    assert "Sends that do not go on" in home
    assert 'href="/state/submissions?list=needs"' in home
    page = text_of(coordinator.get("/state/submissions?list=needs"))
    assert "The state did not accept our sign-in." in page
    assert "Owner: SEDS coordinator" in page
    assert f'href="/state/submissions/{sent.public_id}"' in page


def test_what_waits_for_the_state_needs_nobody(coordinator, sent):
    change(sent, state="sending", waits=[AWAY])
    assert stuck(coordinator) == 0
    assert "Sends that do not go on" not in text_of(coordinator.get("/"))
    page = text_of(coordinator.get("/state/submissions?list=open"))
    assert "The state cannot be reached" in page


@pytest.mark.parametrize(("job_state", "count"), [("failed", 1), ("done", 1), ("waiting", 0)])
def test_a_send_whose_work_stopped_needs_somebody(coordinator, sent, job_state, count):
    Job.objects.update(state=job_state)
    assert stuck(coordinator) == count


def test_what_is_answered_or_refused_needs_nobody_and_stands_among_all(coordinator, sent):
    Job.objects.update(state="done")
    for state in ("done", "refused", "written"):
        change(sent, state=state, waits=[])
        assert stuck(coordinator) == 0
        assert coordinator.get("/state/submissions").content.decode().count("<tr data-row") == 1


def test_a_file_behind_one_that_needs_somebody_says_so_and_counts(small_world, coordinator, sent):
    change(sent, state="sending", waits=[SIGN_IN])
    archive(small_world.students["towhee"], review_rows("towhee"))
    later = prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")
    reason = turn_reason(Submission.objects.get(pk=sent.pk), has_stopped=False)
    assert (str(reason.owner), reason.way_out) == (
        "SEDS coordinator",
        "Open that file: it says what is to be done.",
    )
    change(later, waits=[reason_document(reason)])
    assert stuck(coordinator) == 2


def test_the_list_is_read_a_page_at_a_time(small_world, coordinator, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr("manzanita.web.state_sends.PAGE_SIZE", 2)
    for number in range(3):
        Submission.objects.create(
            lea_code=small_world.coordinator_actor.agency_code,
            form="api",
            destination="sandbox",
            state="done",
            file_name=f"file {number}",
            job_id=number + 1,
            created_at=NOON,
        )
    with django_assert_num_queries(LIST_QUERIES):
        first = coordinator.get("/state/submissions").content.decode()
    second = Submission.objects.order_by("-pk")[1]
    assert first.count("<tr data-row") == 2
    assert f"before={second.public_id}" in first
    rest = coordinator.get(f"/state/submissions?before={second.public_id}").content.decode()
    assert rest.count("<tr data-row") == 1
    assert coordinator.get("/state/submissions?before=x").status_code == 404
    assert coordinator.get("/state/submissions?list=x").status_code == 404


# Canceling


def cancel(client: Client, submission: Submission) -> str:
    return text_of(client.post(f"/state/submissions/{submission.public_id}/cancel", follow=True))


@pytest.mark.parametrize("state", ["ready", "sending"])
def test_a_send_that_the_state_has_nothing_of_is_canceled(coordinator, sent, state):
    change(sent, state=state, waits=[AWAY])
    page = text_of(coordinator.get(f"/state/submissions/{sent.public_id}"))
    assert "Cancel this send" in page
    page = cancel(coordinator, sent)
    assert "Canceled: 4 lines free to go again." in page
    assert "Canceled by Juniper Mockup before it reached the state." in page
    sent.refresh_from_db()
    assert (sent.state, sent.waits, sent.next_try_at) == ("refused", [], None)
    assert sorted(Operation.objects.values_list("hold_code", flat=True)) == [""] * 4
    assert ChangeEvent.objects.filter(action="take_back").count() == 1


@pytest.mark.parametrize(
    "reached",
    [
        {"state": "sending", "doubted_at": NOON},
        # The state took it once and forgot: what it applied of it nobody knows yet.
        {"state": "sending", "remote_job": "17"},
        {"state": "answering", "remote_job": "17"},
        {"state": "done"},
        {"state": "written"},
    ],
)
def test_a_send_that_may_have_reached_the_state_is_not_canceled(coordinator, sent, reached):
    change(sent, waits=[AWAY], **reached)
    page = text_of(coordinator.get(f"/state/submissions/{sent.public_id}"))
    assert "Cancel this send" not in page
    assert "Not canceled: the state may have it by now." in cancel(coordinator, sent)
    assert sent.lines.filter(outcome="waiting").count() == 4
    sent.refresh_from_db()
    assert sent.state == reached["state"]


def test_a_canceled_send_is_not_canceled_twice(coordinator, sent):
    cancel(coordinator, sent)
    assert "Not canceled" in cancel(coordinator, sent)
    assert ChangeEvent.objects.filter(action="take_back").count() == 1


# Trying at once


def test_a_send_is_tried_now(coordinator, sent):
    # Its job put itself off: its task is due in an hour.
    from django_tasks_db.models import DBTaskResult

    task = DBTaskResult.objects.filter(pk=Job.objects.get().task_id)
    task.update(run_after=clock.now() + timedelta(days=400))
    change(sent, state="sending", waits=[AWAY], next_try_at=clock.now() + timedelta(hours=1))
    page = f"/state/submissions/{sent.public_id}"
    assert "Try it now" in text_of(coordinator.get(page))
    assert "It is tried now." in text_of(coordinator.post(f"{page}/try-now", follow=True))
    assert DBTaskResult.objects.ready().filter(pk=Job.objects.get().task_id).exists()


def test_a_file_after_another_has_nothing_to_try(small_world, coordinator, sent):
    change(
        sent,
        waits=[reason_document(turn_reason(sent, has_stopped=False))],
        next_try_at=clock.now() + timedelta(hours=1),
    )
    assert "Try it now" not in text_of(coordinator.get(f"/state/submissions/{sent.public_id}"))


def test_the_state_at_work_can_be_asked_again_but_not_canceled(coordinator, sent):
    change(
        sent,
        state="answering",
        remote_job="17",
        waits=[reason_document(working_reason())],
        next_try_at=clock.now() + timedelta(minutes=1),
    )
    page = text_of(coordinator.get(f"/state/submissions/{sent.public_id}"))
    assert "Try it now" in page
    assert "It cannot be canceled any more" in page


# Access


def test_strangers_get_nothing(small_world, sign_in, coordinator, sent):
    page = f"/state/submissions/{sent.public_id}"
    stranger = sign_in(other_coordinator(small_world))
    case_manager = sign_in(small_world.case_manager)
    assert Client().get("/state/submissions").status_code == 302
    assert case_manager.get("/state/submissions").status_code == 403
    assert str(sent.public_id) not in stranger.get("/state/submissions").content.decode()
    assert stranger.get(f"/state/submissions?before={sent.public_id}").status_code == 404
    for do in ("cancel", "try-now"):
        assert Client().post(f"{page}/{do}").status_code == 302
        assert case_manager.post(f"{page}/{do}").status_code == 403
        assert stranger.post(f"{page}/{do}").status_code == 404
        assert coordinator.get(f"{page}/{do}").status_code == 405
        assert coordinator.post(f"/state/submissions/{NO_ID}/{do}").status_code == 404
    assert sent.lines.count() == 4
