"""What is reported of an archive, by a person's word: nothing, one kind of record, again, already; and the lock."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from manzanita.archive.models import Archive
from manzanita.archive.queries import superseded_by
from manzanita.domain.reporting_periods import period_of, period_open_on
from manzanita.exchange.actions import prepare_submission, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.exchange.limited import limited_to
from manzanita.exchange.models import Operation, PeriodLock, ReportStatus, StateRecord
from manzanita.exchange.report_actions import (
    NotSet,
    end_report_status,
    expire_report_statuses,
    lock_period,
    say_complete,
    send_again,
    set_report_status,
    unlock_period,
)
from manzanita.exchange.reporting import record_states, status_of
from manzanita.procedures.correct import correct_record
from manzanita.students.pasted_ssids import read_pasted
from manzanita.students.scope import visible_to
from tests.support import world as w
from tests.support.exchange import archive, review_rows

MEET = "MEET|9910017|9900000005|20261120"
PLAN = "PLAN|9910017|9900000005|20261123"
SERV_330 = "SERV|9910017|9900000005|20261123|330|100|510"
SERV_415 = "SERV|9910017|9900000005|20261123|415|100|510"


@pytest.fixture
def actor(small_world):
    return small_world.coordinator_actor


@pytest.fixture
def review(small_world) -> Archive:
    return archive(small_world.students["alder"], review_rows())


def plan() -> list[tuple[str, str, str]]:
    rows = Operation.objects.order_by("student_id", "position")
    return list(rows.values_list("kind", "record_key", "hold_code"))


def post_all(actor) -> None:
    submission = prepare_submission(actor=actor, form="api", destination="sandbox")
    answers = [Answer(line.position, is_posted=True) for line in submission.lines.all()]
    store_answers(submission=submission, answers=answers)


def kinds(archived: Archive) -> dict[str, str]:
    states = record_states(
        archived,
        list(archived.records.all()),
        status=status_of(archived),
        is_superseded=superseded_by(archived) is not None,
    )
    return {key: state.kind for key, state in states.items()}


def test_of_an_archive_that_is_not_reported_nothing_goes(actor, review):
    set_report_status(actor=actor, archive=review, choice="none", reason="Finalized for the wrong student.")

    assert plan() == []
    assert set(kinds(review).values()) == {"do-not-report"}


def test_what_the_state_holds_of_it_is_deleted_services_before_their_plan(actor, review):
    post_all(actor)
    set_report_status(actor=actor, archive=review, choice="none", reason="Finalized for the wrong student.")

    assert plan() == [
        ("delete", SERV_330, ""),
        ("delete", SERV_415, ""),
        ("delete", PLAN, ""),
        ("delete", MEET, ""),
    ]


def test_one_kind_only_leaves_the_rest_out(actor, review):
    set_report_status(actor=actor, archive=review, choice="PLAN", reason="The meeting went by hand.")

    assert plan() == [("add", PLAN, ""), ("add", SERV_330, ""), ("add", SERV_415, "")]
    assert kinds(review) == {
        MEET: "left-out",
        PLAN: "will-send",
        SERV_330: "will-send",
        SERV_415: "will-send",
    }


def test_ending_it_reports_the_whole_archive_again_and_keeps_the_row(actor, review):
    status = set_report_status(actor=actor, archive=review, choice="none", reason="Not ours.")

    assert end_report_status(actor=actor, status=status)
    assert not end_report_status(actor=actor, status=status)
    assert [key for _, key, _ in plan()] == [MEET, PLAN, SERV_330, SERV_415]
    assert ReportStatus.objects.get().ended_by_id == actor.user_id


def test_it_counts_again_on_its_last_day_and_not_before(actor, review):
    with time_machine.travel(w.NOON, tick=False) as traveller:
        set_report_status(
            actor=actor,
            archive=review,
            choice="none",
            reason="Until the transfer.",
            expires_on=date(2026, 12, 1),
        )
        traveller.move_to(w.NOON + timedelta(days=7))  # November 30
        assert expire_report_statuses(w.LEA) == 0
        assert plan() == []
        traveller.move_to(w.NOON + timedelta(days=8))  # December 1
        assert expire_report_statuses(w.LEA) == 1
        assert len(plan()) == 4


@pytest.mark.parametrize(
    ("choice", "reason", "expires_on", "codes"),
    [
        ("none", "  ", None, ["no-reason"]),
        ("none", "Because.", date(2026, 11, 23), ["past-end"]),
        ("SWDS", "Because.", None, ["no-such-record"]),
    ],
)
def test_it_is_refused_with_its_reasons_and_nothing_is_half_set(
    actor, review, choice, reason, expires_on, codes
):
    with pytest.raises(NotSet) as refused:
        set_report_status(actor=actor, archive=review, choice=choice, reason=reason, expires_on=expires_on)

    assert [why.code for why in refused.value.reasons] == codes
    assert not ReportStatus.objects.exists()
    assert len(plan()) == 4


def test_the_same_status_twice_is_set_once_and_another_takes_its_place(actor, review):
    first = set_report_status(actor=actor, archive=review, choice="none", reason="Not ours.")
    again = set_report_status(actor=actor, archive=review, choice="none", reason="Not ours.")
    other = set_report_status(actor=actor, archive=review, choice="MEET", reason="Only held.")

    assert first.pk == again.pk != other.pk
    assert [key for _, key, _ in plan()] == [MEET]
    assert ReportStatus.objects.filter(ended_at=None).get() == other


def test_a_correction_is_reported_as_the_archive_it_replaces(actor, review):
    set_report_status(actor=actor, archive=review, choice="MEET", reason="The plan went by hand.")
    row = review.records.get(record="SERV", record_key=SERV_330)
    newer = correct_record(actor=actor, row=row, changes={"25.15": "50"}, reason="A typing error.")

    assert [key for _, key, _ in plan()] == [MEET]
    assert set(kinds(review).values()) == {"superseded"}
    assert kinds(newer)[PLAN] == "left-out"


def test_by_a_persons_word_the_state_holds_it_until_an_answer_says_otherwise(actor, review):
    assert say_complete(actor=actor, archive=review, reason="Typed in at the state's site.") == 4

    assert plan() == []
    assert StateRecord.objects.get(record_key=PLAN).learned_from == "person"
    assert set(kinds(review).values()) == {"posted"}


def test_an_archive_in_doubt_goes_once_more(actor, review):
    post_all(actor)
    assert plan() == []

    assert send_again(actor=actor, archive=review, reason="The state lost a file.") == 4
    assert [(kind, key) for kind, key, _ in plan()] == [
        ("add", MEET),
        ("add", PLAN),
        ("add", SERV_330),
        ("add", SERV_415),
    ]


def test_what_is_left_out_is_still_deleted_when_the_rest_goes_once_more(actor, review):
    post_all(actor)
    set_report_status(actor=actor, archive=review, choice="MEET", reason="Only the meeting is right.")

    assert send_again(actor=actor, archive=review, reason="The state lost a file.") == 1
    assert plan() == [
        ("delete", SERV_330, ""),
        ("delete", SERV_415, ""),
        ("delete", PLAN, ""),
        ("add", MEET, ""),
    ]


def test_a_superseded_archive_does_not_go_once_more(actor, review):
    post_all(actor)
    row = review.records.get(record_key=SERV_330)
    correct_record(actor=actor, row=row, changes={"25.15": "50"}, reason="A typing error.")
    with pytest.raises(NotSet) as refused:
        send_again(actor=actor, archive=review, reason="The state lost a file.")

    assert [why.code for why in refused.value.reasons] == ["already-corrected"]


# The reporting period


def test_the_periods_are_data_with_their_confidence():
    fall = period_of("2026-2027", "fall1")

    assert fall.counts_until == date(2026, 10, 7)  # the first Wednesday of October 2026
    assert fall.confidence == "provisional"
    assert period_open_on(date(2026, 9, 30)) is None
    assert period_open_on(date(2026, 10, 1)) == fall
    assert period_open_on(date(2027, 1, 22)) == fall
    assert period_open_on(date(2027, 1, 23)) is None
    # The End-of-Year submission: May 4 to July 30, 2027.
    assert period_open_on(date(2027, 5, 3)) is None
    assert period_open_on(date(2027, 5, 4)) == period_of("2026-2027", "eoy")
    assert period_open_on(date(2027, 7, 30)) == period_of("2026-2027", "eoy")
    assert period_open_on(date(2027, 7, 31)) is None


def test_a_locked_period_holds_what_is_dated_after_it(actor, review, small_world):
    early = [("MEET", w.meet("towhee", "20261007", **{"24.05": "2026-2027"}))]
    archive(small_world.students["towhee"], early)
    lock_period(actor=actor, period=period_of("2026-2027", "fall1"))
    lock_period(actor=actor, period=period_of("2026-2027", "fall1"))

    assert PeriodLock.objects.count() == 1
    assert sorted(plan()) == sorted(
        [
            ("add", "MEET|9910017|9900000002|20261007", ""),
            ("add", MEET, "period-locked"),
            ("add", PLAN, "period-locked"),
            ("add", SERV_330, "period-locked"),
            ("add", SERV_415, "period-locked"),
        ]
    )

    assert unlock_period(actor=actor)
    assert not unlock_period(actor=actor)
    assert {hold for _, _, hold in plan()} == {""}


def test_a_lock_ends_with_its_period(actor, review):
    lock_period(actor=actor, period=period_of("2026-2027", "fall1"))
    from manzanita.exchange.outbox import reconcile_students

    with time_machine.travel(w.NOON + timedelta(days=61), tick=False):  # January 23, 2027
        reconcile_students([review.student_id])

    assert {hold for _, _, hold in plan()} == {""}


# Sending for some students


def test_pasted_words_are_students_or_say_why_not(actor):
    pasted = read_pasted(actor, 'SSID\n9900000005, 9900000005;"9900000002"\n9900000009 990000\t9.9E+09')

    assert len(pasted.student_ids) == 2
    assert pasted.not_found == [
        ("SSID", "no SSID: an SSID has ten digits"),
        ("9900000009", "no student in your scope has this SSID"),
        ("990000", "no SSID: an SSID has ten digits"),
        ("9.9E+09", "no SSID: an SSID has ten digits"),
    ]


def test_more_entries_than_a_page_can_show_are_refused(actor):
    with pytest.raises(ValueError, match="5,001 entries: give at most 5,000"):
        read_pasted(actor, " ".join(f"{number:010}" for number in range(5001)))


def test_only_the_chosen_students_are_sent(actor, review, small_world):
    towhee = small_world.students["towhee"]
    archive(towhee, [("MEET", w.meet("towhee", "20261007", **{"24.05": "2026-2027"}))])
    chosen = limited_to(actor, visible_to(actor).filter(pk=towhee.pk))

    submission = prepare_submission(
        actor=actor, form="api", destination="sandbox", operation_ids=chosen.operation_ids
    )

    assert (chosen.student_count, chosen.sending_count, chosen.nothing_count) == (1, 1, 0)
    assert [line.record_key for line in submission.lines.all()] == ["MEET|9910017|9900000002|20261007"]
    assert [hold for _, key, hold in plan() if key == PLAN] == [""]
