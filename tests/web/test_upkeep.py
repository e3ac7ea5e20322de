"""The upkeep: every job that recurs stands there, says what it did and left alone, and is run by hand once."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.queries import actor_of
from manzanita.accounts.second_factor import enroll_totp
from manzanita.auditing.models import ChangeEvent
from manzanita.deadlines.models import DueDate
from manzanita.deadlines.recompute import recompute_everybody
from manzanita.domain.revocation import Letter
from manzanita.exchange.models import ReportStatus
from manzanita.exchange.report_actions import EXPIRE_JOB, set_report_status
from manzanita.leaving.models import Leaving
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.platform.daily import daily_kinds, enqueue_daily_jobs, enqueue_now
from manzanita.platform.jobs import claim_job, run_jobs_now
from manzanita.platform.models import Job, JobState
from manzanita.platform.recurring import known_recurring
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.procedures.leaving_job import LEAVING_JOB
from manzanita.procedures.student_transfer_asking import Wanted, request_student
from manzanita.procedures.upkeep import BY_KEY, UPKEEP
from tests.support import five
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.pages import other_coordinator, words

ADDRESS = "/admin/upkeep"
# What each round of the workers stands under; sealing changes no record.
ROUNDS = {
    "auditing.seal": "",
    "auditing.verify-daily": "seals",
    "deadlines.count-stale": "due-dates",
    "findings.check-changed": "findings",
    # The request for a name says itself that it has begun.
    "orgs.begin-names": "",
    # A pasted list is no record.
    "students.forget-pasted": "",
    "transfers.settle": "transfers",
}
LETTER = Letter(date(2026, 11, 20), "Maple Testcase")


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


def test_no_job_that_recurs_is_forgotten():
    assert set(daily_kinds()) <= {one.kind for one in UPKEEP}
    assert {one.name for one in known_recurring()} == set(ROUNDS)
    assert {key for key in ROUNDS.values() if key} <= set(BY_KEY)


def test_the_list_says_what_each_does_and_when_it_ran(client):
    Job.objects.create(
        kind=LEAVING_JOB,
        state=JobState.DONE,
        result={"done": 12, "stayed": 3},
        created_at=w.NOON,
        started_at=w.NOON,
        finished_at=w.NOON + timedelta(seconds=7),
    )
    Job.objects.create(
        kind=EXPIRE_JOB,
        state=JobState.FAILED,
        error_type="OperationalError",
        error_place="exchange/report_actions.py:150:expire",
        attempts=5,
        created_at=w.NOON,
        started_at=w.NOON,
        finished_at=w.NOON,
    )
    page = words(client.get(ADDRESS))
    for one in UPKEEP:
        assert one.title in page
    assert "Done 11/23/2026, 12:00 pm 7 seconds 12 carried out, 3 left alone" in page
    assert "Failed 11/23/2026, 12:00 pm" in page
    assert "OperationalError Owner: whoever runs this installation" in page
    failed = words(client.get(f"{ADDRESS}/report-statuses"))
    assert "The last run ended with OperationalError after 5 attempts" in failed
    assert "Owner: whoever runs this installation" in failed


def test_a_leaving_that_stays_says_why_and_one_that_goes_stands_among_the_changes(small_world, client):
    actor = small_world.coordinator_actor
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    tomorrow = w.TODAY + timedelta(days=1)
    for student, reason in ((alder, "revoked_consent"), (towhee, "dropped_out")):
        record_leaving(
            actor=actor,
            student=student,
            asked=LeavingAsked(reason, tomorrow, "The letter came.", letter=LETTER),
        )
    Leaving.objects.update(leaves_on=w.TODAY)
    assert client.post(f"{ADDRESS}/leavings/run").status_code == 302
    run_jobs_now(raises_errors=True)
    page = words(client.get(f"{ADDRESS}/leavings"))
    assert "Done 11/23/2026, 12:00 pm, under a second: 1 carried out, 1 left alone." in page
    assert re.search(r"Left alone, and why 1 .* Alder Testcase .* Prior written notice is due", page)
    assert "IEP team" in page or "SEDS coordinator" in page
    changed = page.partition("What it changed in the last 30 days")[2]
    assert "Towhee Testcase Recorded that the student leaves" in changed
    assert "Alder Testcase" not in changed.partition("Runs")[0]


def test_a_report_status_ends_in_the_night_and_not_by_looking(small_world, sign_in, noon):
    alder = small_world.students["alder"]
    stored = archive(alder, review_rows("alder"))
    set_report_status(
        actor=small_world.coordinator_actor,
        archive=stored,
        choice="none",
        reason="Audit",
        expires_on=w.TODAY + timedelta(days=2),
    )
    noon.shift(timedelta(days=2))
    client = sign_in(small_world.coordinator)
    assert client.get("/state").status_code == 200
    assert ReportStatus.objects.get().ended_at is None
    enqueue_daily_jobs()
    run_jobs_now(raises_errors=True)
    assert ReportStatus.objects.get().ended_at is not None
    event = ChangeEvent.objects.get(action="end_report_status")
    assert (event.actor_user_id, event.lea_code) == (None, w.LEA)
    assert event.reason == "Its time ran out: it was set until 11/25/2026."
    page = words(client.get(f"{ADDRESS}/report-statuses"))
    assert "Alder Testcase An archive is reported whole again 11/25/2026, 12:00 pm Its time ran out" in page
    assert "1 ended" in page


def test_a_job_is_queued_once_however_often_it_is_asked_for(small_world, client):
    for _ in range(2):
        client.post(f"{ADDRESS}/duplicates/run")
    assert Job.objects.filter(kind=BY_KEY["duplicates"].kind).count() == 1
    page = words(client.get(f"{ADDRESS}/duplicates"))
    assert "Waits for its turn" in page and "Run now" not in page
    _, is_new = enqueue_now(BY_KEY["duplicates"].kind, by_id=small_world.coordinator.pk)
    assert not is_new
    run_jobs_now(raises_errors=True)
    assert "Run now" in words(client.get(f"{ADDRESS}/duplicates"))


def test_progress_moves_until_it_is_over(small_world, client):
    client.post(f"{ADDRESS}/due-dates/run")
    job = Job.objects.get(kind=BY_KEY["due-dates"].kind)
    run = claim_job(job.pk)
    run.progress(3, 10, "Counting clocks")
    run.renew(is_forced=True)
    part = client.get(f"{ADDRESS}/due-dates/progress").content.decode()
    assert "hx-trigger" in part and "Counting clocks" in part
    run._close(state=JobState.DONE, result={"changed": 4, "students": 10})
    part = client.get(f"{ADDRESS}/due-dates/progress").content.decode()
    assert "hx-trigger" not in part and "4 changed" in part


def test_due_dates_that_became_another_stand_there_with_their_page(small_world, sign_in, noon):
    """Those of the small world were counted when it was made."""
    answer = sign_in(small_world.coordinator).get(f"{ADDRESS}/due-dates")
    assert re.search(
        r"Alder Testcase [^:]*: first counted, due 11/1[34]/2026 11/23/2026, 12:00 pm", words(answer)
    )
    assert re.search(r'href="/due/\d+"', answer.content.decode())
    assert "Alder" not in words(sign_in(other_coordinator(small_world)).get(f"{ADDRESS}/due-dates"))
    # Counting again writes nothing that is the same: after 30 days nothing is left to list.
    noon.shift(timedelta(days=31))
    recompute_everybody()
    later = words(sign_in(small_world.coordinator).get(f"{ADDRESS}/due-dates"))
    assert "11/23/2026, 12:00 pm" not in later


def test_a_due_date_that_moved_says_what_it_was_and_which_fact_moved_it(small_world, client):
    alder = small_world.students["alder"]
    then = {"given": {"last_iep_on": "2025-11-12"}, "due_on": date(2026, 11, 12), "inputs": "of another day"}
    DueDate.objects.filter(student=alder, clock="annual-review").update(**then)
    recompute_everybody()
    page = words(client.get(f"{ADDRESS}/due-dates"))
    assert "was due 11/12/2026, now 11/14/2026 (2 days later)" in page
    assert "11/12/2025 became 11/14/2025" in page
    row = DueDate.objects.get(student=alder, clock="annual-review")
    shown = words(client.get(f"/due/{row.pk}"))
    assert "Counted anew on 11/23/2026: was due 11/12/2026, now 11/14/2026 (2 days later)." in shown


def test_who_does_not_do_the_work_by_hand_does_not_run_it(small_world, sign_in):
    selpa = Agency.objects.create(code=w.SELPA, kind="selpa", name="Foothill SELPA", selpa_code=w.SELPA)
    user = add_person(email="egret.sample@example.org", name="Egret Sample", password=w.PASSWORD)
    enroll_totp(user=user, secret=w.TOTP_KEY)
    grant_perspective(
        user=user,
        perspective_key="selpa",
        agency=selpa,
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    client = sign_in(user)
    page = words(client.get(f"{ADDRESS}/leavings"))
    assert "you do not do this work by hand either" in page and "SEDS coordinator" in page
    client.post(f"{ADDRESS}/leavings/run")
    assert not Job.objects.filter(kind=LEAVING_JOB).exists()
    manager = sign_in(small_world.case_manager)
    assert manager.get(ADDRESS).status_code == 403
    assert manager.post(f"{ADDRESS}/leavings/run").status_code == 403


def test_a_district_sees_names_of_its_own_students_only(small_world, sign_in):
    alder = small_world.students["alder"]
    asked = LeavingAsked("revoked_consent", w.TODAY + timedelta(days=1), "The letter came.", letter=LETTER)
    record_leaving(actor=small_world.coordinator_actor, student=alder, asked=asked)
    Leaving.objects.update(leaves_on=w.TODAY)
    client = sign_in(other_coordinator(small_world))
    client.post(f"{ADDRESS}/leavings/run")
    run_jobs_now(raises_errors=True)
    page = words(client.get(f"{ADDRESS}/leavings"))
    assert "0 carried out, 1 left alone" in page and "Alder" not in page


def test_a_transfer_that_waits_says_what_keeps_the_policy_from_answering(small_world, client):
    other = other_coordinator(small_world)
    alder = small_world.students["alder"]
    asker = actor_of(other, other.grants.get())
    request_student(actor=asker, student_id=alder.pk, wanted=Wanted("Alder", date(2026, 11, 30)))
    page = words(client.get(f"{ADDRESS}/transfers"))
    assert (
        "Alder Testcase Asked for by another district 11/23/2026 "
        "The SELPA's policy leaves every answer to the district. Answer the request. SEDS coordinator" in page
    )
    assert "The workers do it by themselves, without a run of its own" in page


def test_a_job_that_is_none_is_not_found(client):
    assert client.get(f"{ADDRESS}/nothing").status_code == 404
    assert client.post(f"{ADDRESS}/nothing/run").status_code == 404


# session, user, grants, block; newest runs; tabs
LIST_QUERIES = 8
# beside these: runs, changes, left, students and what is known of them 5, people; log 3
JOB_QUERIES = 18


def test_the_pages_cost_the_same_for_few_and_many(client, small_world, django_assert_max_num_queries):
    for _ in range(3):
        client.get(ADDRESS), client.get(f"{ADDRESS}/leavings")
        with django_assert_max_num_queries(LIST_QUERIES):
            client.get(ADDRESS)
        with django_assert_max_num_queries(JOB_QUERIES):
            client.get(f"{ADDRESS}/leavings")
        for _ in range(10):
            Job.objects.create(kind=LEAVING_JOB, state=JobState.DONE, result={"done": 1}, created_at=w.NOON)


def test_of_many_planned_settings_it_says_how_many_are_not_asked_of(small_world, client, sign_in, noon):
    """Ten are asked of: the earliest."""
    children = [five.child(f"Fern{n}", date(2021, 12, 10), number=n) for n in range(12)]
    five.plan_setting(client, children)
    grant = small_world.coordinator_grant
    noon.move_to(datetime(2026, 12, 10, 9, tzinfo=clock.CALIFORNIA))
    grant.ends_on = date(2026, 12, 1)
    grant.save()
    other = grant_perspective(
        user=small_world.coordinator,
        perspective_key="coordinator",
        agency=grant.agency,
        starts_on=date(2026, 12, 2),
        by=None,
        reason="test",
    )
    page = words(sign_in(small_world.coordinator, other).get(f"{ADDRESS}/settings"))
    assert "Left alone, and why 10" in page
    assert "2 more students wait, of whom it is not asked here why" in page
