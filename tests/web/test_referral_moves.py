"""What each side reads of a referral whose student moves: the sender its days, who asks nothing before the record is
open, then days and clocks; and both what has become of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
import time_machine

from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.auditing.models import Disclosure
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.referrals import Asked
from manzanita.meetings.referral_actions import Received, record_referral
from manzanita.platform.facts import Statement
from manzanita.procedures.student_transfer_asking import Wanted, request_student
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Referral
from manzanita.transfers.models import StudentTransfer
from tests.support import pages
from tests.support import world as w
from tests.support.pages import text_of

CAME, ENROLLS = date(2026, 11, 16), date(2026, 11, 30)
COMPLETED = datetime(2026, 12, 2, 20, 0, tzinfo=UTC)
CONCERN = "Reads far below."


@pytest.fixture
def yarrow(small_world):
    return small_world.students["yarrow"]


@pytest.fixture
def other(small_world):
    return pages.other_coordinator(small_world)


@pytest.fixture
def fern(other, sign_in):
    return sign_in(other)


@pytest.fixture
def juniper(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def asked(small_world, other, yarrow) -> StudentTransfer:
    record_referral(
        actor=small_world.coordinator_actor,
        student=yarrow,
        asked=Asked(True),
        received=Received(CAME, "20", CONCERN),
    )
    recompute_stale()
    actor = actor_of(other, next(iter(grants_in_force(other, w.TODAY))))
    return request_student(actor=actor, student_id=yarrow.pk, wanted=Wanted("Y. from Chaparral", ENROLLS))[0]


@pytest.fixture
def later(small_world, other, sign_in):
    """On December 2, for as long as it lasts: new clients of both, as the sessions of November have ended."""

    @contextmanager
    def on_december_2():
        with time_machine.travel(COMPLETED, tick=False):
            yield sign_in(other), sign_in(small_world.coordinator)

    return on_december_2


def page(client, transfer, more: str = "") -> str:
    return text_of(client.get(f"/transfers/{transfer.public_id}{more}"))


def step(client, transfer, do, **values):
    return client.post(f"/transfers/{transfer.public_id}/step", {"do": do, **values}, follow=True)


def arrives(yarrow) -> None:
    slot = {"student_id": yarrow.pk, "lea_code": w.OTHER_LEA, "started_on": ENROLLS}
    values = pages.enrollment("H1") | {"school_code": w.OTHER_SCHOOL}
    state_student_facts("enrollment", [Statement(slot, values, ENROLLS)], by_id=None, cause="sis-import:1")
    pages.leaves(yarrow, date(2026, 11, 29))


def test_the_sender_is_told_that_it_waits_and_whose_days_run(juniper, asked):
    text = page(juniper, asked)
    assert "A referral of 11/16/2026 waits, and its days run at your district" in text
    check = text_of(step(juniper, asked, "accept", check="1"))
    assert "The referral of 11/16/2026 stays your district" in check


def test_who_asks_is_told_nothing_of_it_before_the_record_is_open(fern, asked):
    text = page(fern, asked)
    assert "referral" not in text.lower() and "11/16/2026" not in text
    assert fern.get(f"/transfers/{asked.public_id}/record").status_code == 403


def test_the_preview_tells_days_and_clocks_each_look_disclosed_and_not_the_concern(juniper, fern, asked):
    step(juniper, asked, "release")
    # Still not on the page that is looked at without a line for the parent.
    assert "11/16/2026" not in page(fern, asked)
    looks = Disclosure.objects.count()
    text = page(fern, asked, "/record")
    assert "Chaparral Unified received it on <b>11/16/2026</b>, from: teacher." in text
    assert "Assessment plan to the parent: due there on <b>12/01/2026</b>." in text
    assert CONCERN not in text
    assert Disclosure.objects.count() == looks + 1


def test_handed_over_it_is_told_with_the_day_on_which_the_own_days_begin(juniper, fern, later, asked, yarrow):
    step(juniper, asked, "accept")
    assert "received it on <b>11/16/2026</b>" in page(fern, asked)
    arrives(yarrow)
    with later() as (fern, _):
        text = page(fern, asked)
    assert "its 15 days to the assessment plan run from <b>11/30/2026</b>" in text
    assert "EC 56321(a), 56043(a)" in text and CONCERN not in text
    assert "Go on with it: an assessment plan is due from us" in text


def test_it_is_not_completed_without_a_word_on_it_and_nothing_typed_is_lost(
    juniper, fern, later, asked, yarrow
):
    step(juniper, asked, "accept")
    arrives(yarrow)
    with later() as (fern, _):
        text = text_of(step(fern, asked, "complete", referral="declined", words=""))
        assert "Why the referral does not go on here: nothing is written." in text
        assert 'value="declined" checked' in text
        text = text_of(step(fern, asked, "complete"))
    assert "nothing is said of what becomes of it" in text and "Choose: go on with it, or why not." in text
    asked.refresh_from_db()
    assert asked.state == "accepted"


def test_gone_on_with_both_records_and_both_news_say_so(juniper, fern, later, asked, yarrow):
    step(juniper, asked, "accept")
    arrives(yarrow)
    with later() as (fern, juniper):
        assert "Completed: the student is your district" in text_of(
            step(fern, asked, "complete", referral="continue")
        )
        recompute_stale()
        here = text_of(fern.get(f"/students/{yarrow.public_id}/referral"))
        there = text_of(juniper.get(f"/students/{yarrow.public_id}/referral"))
        history_here = text_of(fern.get(f"/students/{yarrow.public_id}?tab=history"))
        juniper.post("/perspective", {"view": "all"})
        news_there = text_of(juniper.get("/news"))
    assert "Referred on 11/30/2026 by teacher" in here
    assert "Handed over by Chaparral Unified: referred there on 11/16/2026." in here
    assert "due on <b>December 15, 2026</b>" in here
    assert "The student moved on 11/30/2026: handed over to Heron Creek Unified." in there
    # What the next district does with it is not told, and the step is not the former one's to take back.
    assert "Take back" not in there and "11/30/2026 by teacher" not in there
    # Whoever did it is not told it as news; a colleague is.
    assert "Went on with a referral of the former district" in history_here
    assert "Closed a referral: the student moved, and it was handed over" in news_there


def test_declined_here_the_notice_is_due_here(juniper, fern, later, asked, yarrow):
    step(juniper, asked, "accept")
    arrives(yarrow)
    with later() as (fern, _):
        step(fern, asked, "complete", referral="declined", words="The records show progress.")
        text = text_of(fern.get(f"/students/{yarrow.public_id}/referral"))
    assert "The district declines to assess: prior written notice to the parent is due." in text
    assert "Declined: The records show progress." in text
    assert Referral.objects.believed().filter(student=yarrow, effective_to=None).count() == 1


def test_a_student_without_a_referral_is_completed_as_before(juniper, later, other, small_world):
    towhee = small_world.students["towhee"]
    actor = actor_of(other, next(iter(grants_in_force(other, w.TODAY))))
    transfer = request_student(actor=actor, student_id=towhee.pk, wanted=Wanted("T.", ENROLLS))[0]
    step(juniper, transfer, "accept")
    arrives(towhee)
    with later() as (fern, juniper):
        assert "A referral for assessment waits" not in page(fern, transfer)
        assert "Completed: the student is your district" in text_of(step(fern, transfer, "complete"))
