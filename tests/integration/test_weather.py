"""A hostile state: whatever it does to a request, nothing is lost, nothing applied twice, and the page says why
a submission waits. What is expected of each kind of weather is written here by hand."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from manzanita.accounts.models import Grant
from manzanita.exchange import jobs as exchange_jobs
from manzanita.exchange.actions import prepare_submission, store_answers
from manzanita.exchange.canceling import cancel_submission
from manzanita.exchange.gateway import Answer, GatewayUnavailable
from manzanita.exchange.models import Operation, StateRecord, Submission
from manzanita.platform import clock
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from tests.support import world as w
from tests.support.exchange import archive, review_rows

pytestmark = pytest.mark.django_db(transaction=True)

CALIFORNIA = ZoneInfo("America/Los_Angeles")
SETTLE_SECONDS = 30


@pytest.fixture
def state(sandbox, settings, monkeypatch):
    """The sandbox, with a client that waits for less than a late answer takes."""
    settings.STATE_GATEWAY = {
        **settings.STATE_GATEWAY,
        "timeout_seconds": 0.5,
        "settle_seconds": SETTLE_SECONDS,
    }
    monkeypatch.setattr(exchange_jobs, "PATIENCE_SECONDS", 0.3)
    return sandbox


def prepare(world) -> Submission:
    return prepare_submission(actor=world.coordinator_actor, form="api", destination="sandbox")


def work(submission: Submission, *, times: int = 1) -> str:
    """Let the job try so often; the code of the reason why it still waits, or blank."""
    for _ in range(times):
        run_jobs_now(raises_errors=True)
    submission.refresh_from_db()
    return submission.waits[0]["code"] if submission.waits else ""


def work_until_done(submission: Submission) -> None:
    for _ in range(20):
        work(submission)
        if submission.state == "done":
            return
        time.sleep(0.1)
    raise AssertionError(f"still {submission.state}: {submission.waits}")


def outcomes(submission: Submission) -> list[str]:
    return list(submission.lines.order_by("position").values_list("outcome", flat=True))


def assert_applied_once(state, lines: int) -> None:
    assert [row["count"] for row in state.applied()] == [1] * lines


def received(state) -> list[str]:
    """The files that the state has, in the order received."""
    with closing(sqlite3.connect(state.folder / "state.sqlite3")) as connection:
        return [row[0] for row in connection.execute("SELECT file_name FROM job ORDER BY id")]


# Weather over the request that hands over. The first request of all signs in.

# word, why it waits after the first try, whether the state has the file by then
HANDING_OVER = [
    ("refuse", "state-broken", False),
    ("fail", "state-failed", False),
    ("slow", "state-silent", False),
    ("late", "state-silent", True),
    ("lose", "state-broken", True),
    ("truncate", "state-broken", True),
    ("twice", "", True),
]


@pytest.mark.parametrize(("word", "code", "has_it"), HANDING_OVER)
def test_whatever_happens_while_handing_over_is_looked_at_before_sending_again(
    world, state, noon, word, code, has_it
):
    archive(world.students["alder"], review_rows())
    state.control("weather", next=["clear", word], seconds=1.5)
    submission = prepare(world)
    assert work(submission) == code
    assert submission.state == ("done" if word == "twice" else "sending")
    if word == "slow":
        # It arrives after we have looked: to send at once would have been to send twice.
        assert work(submission) == "in-doubt"
        time.sleep(1.5)
    elif not has_it:
        assert work(submission) == "in-doubt"
        assert received(state) == []
        noon.shift(timedelta(seconds=SETTLE_SECONDS - 1))
        assert work(submission) == "in-doubt"
        noon.shift(timedelta(seconds=1))
    work_until_done(submission)
    assert (submission.waits, submission.next_try_at, submission.doubted_at) == ([], None, None)
    assert outcomes(submission) == ["posted"] * 4
    assert received(state) == [submission.file_name]
    assert_applied_once(state, 4)
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("refuse", "state-broken"),
        ("fail", "state-failed"),
        ("slow", "state-silent"),
        ("late", "state-silent"),
        ("lose", "state-broken"),
        ("truncate", "state-broken"),
        ("twice", ""),
    ],
)
def test_whatever_happens_to_an_answer_it_is_asked_again_and_nothing_is_sent_again(world, state, word, code):
    archive(world.students["alder"], review_rows())
    state.control("weather", next=["clear", "clear", word], seconds=1.5)
    submission = prepare(world)
    assert work(submission) == code
    assert submission.state == ("done" if word == "twice" else "answering")
    work_until_done(submission)
    assert outcomes(submission) == ["posted"] * 4
    assert received(state) == [submission.file_name]
    assert_applied_once(state, 4)


@pytest.mark.parametrize("word", ["refuse", "fail", "late", "lose", "truncate"])
def test_a_sign_in_that_fails_leaves_no_doubt(world, state, word):
    archive(world.students["alder"], review_rows())
    state.control("weather", next=[word], seconds=1.5)
    submission = prepare(world)
    assert work(submission) in ("state-broken", "state-failed", "state-silent")
    assert submission.doubted_at is None
    work_until_done(submission)  # without waiting for anything to settle
    assert_applied_once(state, 4)


def test_a_state_that_is_away_is_known_not_to_have_the_file(world, settings):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    assert work(submission) == "state-unreachable"
    assert (submission.state, submission.doubted_at) == ("sending", None)
    assert submission.waits[0]["text"] == "The state cannot be reached: it takes no connection."
    assert submission.waits[0]["owner"] == "State"
    assert submission.next_try_at == clock.now() + timedelta(seconds=1)


def test_a_sign_in_that_is_not_accepted_is_the_coordinators_to_mend(world, state, settings):
    archive(world.students["alder"], review_rows())
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "client_secret": "guess"}
    submission = prepare(world)
    assert work(submission) == "state-sign-in"
    assert submission.waits[0]["owner"] == "SEDS coordinator"
    assert "client secret" in submission.waits[0]["way_out"]


def test_a_state_that_is_slow_to_apply_is_named(world, state):
    archive(world.students["alder"], review_rows())
    state.control("weather", stalled=True)
    submission = prepare(world)
    assert work(submission) == "state-working"
    state.control("weather", stalled=False)
    work_until_done(submission)
    assert_applied_once(state, 4)


def test_two_answers_to_one_question_are_not_taken_for_the_answer_to_the_next(world, state):
    archive(world.students["alder"], review_rows())
    first = prepare(world)
    state.control("weather", next=["clear", "twice", "twice", "twice", "twice"])
    work_until_done(first)
    archive(world.students["towhee"], review_rows("towhee"))
    second = prepare(world)
    state.control("weather", next=["twice"] * 6)
    work_until_done(second)
    assert first.remote_job != second.remote_job
    assert outcomes(first) == outcomes(second) == ["posted"] * 4
    assert_applied_once(state, 8)


def test_an_answer_that_names_another_transaction_changes_nothing(world):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    own = submission.lines.get(position=1).transaction_id
    with pytest.raises(GatewayUnavailable):
        store_answers(
            submission=submission,
            answers=[Answer(1, is_posted=True, transaction_id=own), Answer(2, True, transaction_id="MZ0")],
        )
    assert outcomes(submission) == ["waiting"] * 4


# Reading the state before sending again


def forget(state, *statements: str) -> None:
    """What a state does that keeps no list of old files for ever."""
    with closing(sqlite3.connect(state.folder / "state.sqlite3")) as connection, connection:
        for statement in ("DELETE FROM job_line", "DELETE FROM job", *statements):
            connection.execute(statement)


def applied_and_forgotten(world, state, *statements: str) -> Submission:
    """A submission that the state applied, and whose file it does not list any more before we read an answer."""
    state.control("weather", stalled=True)
    submission = prepare(world)
    assert work(submission) == "state-working"
    state.control("weather", stalled=False)
    deadline = time.monotonic() + 10
    while httpx.get(f"{state.sandbox_address}/control/health").json()["waiting_jobs"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    forget(state, *statements)
    return submission


def test_lines_that_the_state_holds_under_our_transaction_id_are_not_sent_again(world, state):
    archive(world.students["alder"], review_rows())
    submission = applied_and_forgotten(world, state)
    assert work(submission) == "state-forgot"
    work_until_done(submission)
    assert outcomes(submission) == ["posted"] * 4
    assert received(state) == []
    assert_applied_once(state, 4)
    assert not Operation.objects.exists()


def test_only_the_lines_that_the_state_does_not_hold_go_again(world, state):
    archive(world.students["alder"], review_rows())
    submission = applied_and_forgotten(
        world,
        state,
        "DELETE FROM record WHERE record = 'SERV' AND starts_on = '20261123' AND text LIKE '%^415^%'",
        "DELETE FROM effect WHERE line = 4",
    )
    work_until_done(submission)
    assert outcomes(submission) == ["posted"] * 4
    assert received(state) == [submission.file_name]
    assert_applied_once(state, 4)


def test_a_delete_has_arrived_where_the_record_is_gone(world, state):
    old = archive(world.students["alder"], review_rows())
    work_until_done(prepare(world))
    archive(world.students["alder"], review_rows()[:3], cause="correction", supersedes=old)
    submission = applied_and_forgotten(world, state)
    assert [line.kind for line in submission.lines.all()] == ["delete"]
    work_until_done(submission)
    assert outcomes(submission) == ["posted"]
    assert received(state) == []
    assert not StateRecord.objects.filter(record_key="SERV|9910017|9900000005|20261123|415|100|510").exists()


# Canceling


def cancel(world, submission: Submission) -> int:
    return cancel_submission(actor=world.coordinator_actor, submission=submission)


def test_a_send_that_is_canceled_while_it_is_tried_does_not_leave(world, state, monkeypatch):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    canceled = []
    monkeypatch.setattr(
        exchange_jobs,
        "crash_point",
        lambda name: canceled.append(cancel(world, submission)) if name == "before-request" else None,
    )
    run_jobs_now()
    run_jobs_now(raises_errors=True)
    submission.refresh_from_db()
    assert canceled == [4]
    assert (submission.state, submission.refusals[0]["code"], submission.waits) == ("refused", "canceled", [])
    assert received(state) == []
    assert Operation.objects.filter(hold_code="").count() == 4
    assert Job.objects.get().state == "done"


def test_a_send_that_is_being_handed_over_is_not_canceled(world, state, monkeypatch):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    canceled = []
    monkeypatch.setattr(
        exchange_jobs,
        "crash_point",
        lambda name: canceled.append(cancel(world, submission)) if name == "delivered-not-stored" else None,
    )
    work_until_done(submission)
    assert canceled == [0]
    assert outcomes(submission) == ["posted"] * 4
    assert_applied_once(state, 4)


def test_what_the_state_took_and_forgot_is_not_canceled(world, state):
    archive(world.students["alder"], review_rows())
    submission = applied_and_forgotten(world, state)
    assert work(submission) == "state-forgot"
    assert submission.state == "sending"
    assert cancel(world, submission) == 0
    work_until_done(submission)
    assert_applied_once(state, 4)


def test_the_next_file_goes_when_the_one_before_it_is_canceled(world, state):
    archive(world.students["alder"], review_rows())
    first = prepare(world)
    archive(world.students["towhee"], review_rows("towhee"))
    second = prepare(world)
    state.control("weather", next=["refuse"])  # the sign-in, so that nothing is in doubt
    assert work(first) == "state-broken"
    assert cancel(world, first) == 4
    run_jobs_now(raises_errors=True, only_due=True)
    assert received(state) == [second.file_name]
    assert outcomes(second) == ["posted"] * 4


# Order


def test_a_later_file_goes_after_an_earlier_one_and_says_so(world, state):
    archive(world.students["alder"], review_rows())
    first = prepare(world)
    archive(world.students["towhee"], review_rows("towhee"))
    second = prepare(world)
    state.control("weather", next=["clear", "fail"])
    assert work(first) == "state-failed"
    second.refresh_from_db()
    assert (second.state, second.waits[0]["code"]) == ("ready", "its-turn")
    assert second.waits[0]["text"] == (
        "It goes after the file of 12:00 pm on 11/23/2026, so that the state gets changes in their order. "
        "The state answered that it failed."
    )
    assert second.waits[0]["values"] == {"submission": str(first.public_id)}
    state.control("weather", next=["lose"] * 2)
    Submission.objects.filter(pk=first.pk).update(doubted_at=clock.now() - timedelta(minutes=1))
    work_until_done(second)
    first.refresh_from_db()
    assert first.state == "done"
    assert received(state) == [first.file_name, second.file_name]
    assert_applied_once(state, 8)


def test_whoever_hands_over_wakes_the_next(world, state, noon):
    archive(world.students["alder"], review_rows())
    first = prepare(world)
    archive(world.students["towhee"], review_rows("towhee"))
    second = prepare(world)
    state.control("weather", next=["refuse"])  # the sign-in, so that nothing is in doubt
    assert work(first) == "state-broken"
    second.refresh_from_db()
    assert second.next_try_at == clock.now() + timedelta(seconds=30)
    noon.shift(timedelta(seconds=1))
    run_jobs_now(raises_errors=True, only_due=True)
    assert received(state) == [first.file_name, second.file_name]
    assert [one.state for one in Submission.objects.order_by("pk")] == ["done", "done"]


def test_an_earlier_file_whose_work_stopped_is_named_with_the_way_on(world, state):
    archive(world.students["alder"], review_rows())
    first = prepare(world)
    Job.objects.update(state="failed")
    archive(world.students["towhee"], review_rows("towhee"))
    second = prepare(world)
    assert work(second) == "its-turn"
    assert second.waits[0]["text"].endswith("The work on that one has stopped.")
    assert (second.waits[0]["owner"], second.waits[0]["way_out"]) == (
        "SEDS coordinator",
        "Open that file and press Go on.",
    )
    assert received(state) == []
    assert first.lines.count() == 4


def test_a_file_that_is_taken_back_waits_for_nothing_any_more(world):
    archive(world.students["alder"], review_rows())
    first = prepare(world)
    archive(world.students["towhee"], review_rows("towhee"))
    second = prepare(world)
    assert work(first) == "state-unreachable"
    assert work(second) == "its-turn"
    Grant.objects.filter(pk=world.coordinator_grant.pk).update(ends_on=date(2026, 11, 22))
    assert work(second) == ""
    assert (second.state, second.next_try_at, second.refusals[0]["code"]) == ("refused", None, "grant-ended")


def test_another_district_does_not_wait(world, state):
    archive(world.students["alder"], review_rows())
    first = prepare(world)
    Submission.objects.filter(pk=first.pk).update(lea_code=w.OTHER_LEA)
    Job.objects.update(state="failed")
    archive(world.students["towhee"], review_rows("towhee"))
    second = prepare(world)
    work_until_done(second)
    assert received(state) == [second.file_name]


# Closed overnight


def local(hour: int, minute: int = 0, *, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CALIFORNIA)


def test_nine_hours_closed_then_drained_in_order(world, state, noon, settings):
    """From 9 in the evening to 6 in the morning: three files made meanwhile, and a correction of the first."""
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "timeout_seconds": 5}
    alder, towhee = world.students["alder"], world.students["towhee"]

    def at(moment: datetime) -> None:
        """It is that time for us and for the state; what is due runs."""
        noon.move_to(moment)
        state.control(
            "clock", today=f"{moment:%Y-%m-%d}", time=f"{moment:%H:%M:%S}", hours=["06:00", "21:00"]
        )
        run_jobs_now(raises_errors=True, only_due=True)

    def text_of(submission: Submission) -> str:
        submission.refresh_from_db()
        return f"{submission.waits[0]['text']} Next {submission.next_try_at.astimezone(CALIFORNIA):%H:%M}"

    old = archive(alder, review_rows())
    first = prepare(world)
    at(local(21, 0, day=23))
    assert text_of(first) == "The state is closed until 6:00 am on 11/24/2026. Next 22:00"

    archive(towhee, review_rows("towhee"))
    second = prepare(world)
    at(local(21, 20, day=23))
    assert text_of(second) == (
        "It goes after the file of 12:00 pm on 11/23/2026, so that the state gets changes in their order. "
        "The state is closed until 6:00 am on 11/24/2026. Next 22:00"
    )

    # Alder's plan and provider were wrong. What is on its way is not overtaken; only the new key may go.
    rows = review_rows(**{"25.12": "110"})
    rows[1] = ("PLAN", {**rows[1][1], "23.23": "80"})
    archive(alder, rows, cause="correction", supersedes=old)
    third = prepare(world)
    assert [(line.kind, line.record_key) for line in third.lines.all()] == [
        ("add", "SERV|9910017|9900000005|20261123|415|110|510")
    ]

    moment = local(21, 30, day=23)
    while moment < local(6):
        at(moment)
        moment += timedelta(minutes=10)
    asked = (state.folder / "sandbox.log").read_text().splitlines()
    # One request an hour, by the first file only: 21, 22, 23, 0, 1, 2, 3, 4, 5.
    asked = (state.folder / "sandbox.log").read_text().splitlines()
    assert [line for line in asked if line.endswith(" 503")] == ["POST /oauth/token 503"] * 9
    assert not [line for line in asked if "/v1/" in line]
    assert text_of(third).endswith("The state is closed until 6:00 am on 11/24/2026. Next 06:00")
    assert received(state) == []

    for minute in range(10):
        at(local(6, minute))
    assert [one.state for one in Submission.objects.order_by("pk")] == ["done"] * 3
    assert received(state) == [first.file_name, second.file_name, third.file_name]
    fourth = prepare(world)
    at(local(6, 10))
    assert [(line.kind, line.record) for line in fourth.lines.order_by("position")] == [
        ("delete", "SERV"),
        ("replace", "PLAN"),
    ]
    assert refreshed_state(fourth) == "done"
    # 1 MEET, 1 PLAN, 2 SERV each; Alder's third service; the delete and the replace.
    assert_applied_once(state, 4 + 4 + 1 + 2)

    def held(record: str, ssid: str, *columns: int) -> list[list[str]]:
        lines = [line.split("^") for line in state.extract(record)]
        return [
            [line[column] for column in columns] for line in lines if ssid in line and line[-2] == "20261124"
        ]

    assert held("MEET", w.SSIDS["alder"], 14) == [["20261120"]]
    assert held("PLAN", w.SSIDS["alder"], 11, 22) == [["20261123", "80"]]
    assert held("SERV", w.SSIDS["alder"], 10, 11, 16) == [
        ["330", "100", "20261123"],
        ["415", "110", "20261123"],
    ]
    assert held("PLAN", w.SSIDS["towhee"], 11, 22) == [["20261123", "85"]]
    assert held("SERV", w.SSIDS["towhee"], 10, 11, 16) == [
        ["330", "100", "20261123"],
        ["415", "100", "20261123"],
    ]
    assert not Operation.objects.exists()


def refreshed_state(submission: Submission) -> str:
    submission.refresh_from_db()
    return submission.state
