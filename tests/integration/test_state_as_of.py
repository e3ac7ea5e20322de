"""What the state held of a student at an instant: the boundaries, by hand.

The extracts are read on Monday, November 23, 2026 at noon. Alder's review of November 20 (MEET, PLAN, two SERV) is sent
at 1:00 pm and answered at 2:00 pm.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from manzanita.archive.models import Archive
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.actions import prepare_submission, store_answers, take_back
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import StateRecord, Submission
from manzanita.exchange.report_actions import say_complete, send_again
from manzanita.exchange.state_as_of import StateThen, rows_then
from manzanita.exchange.state_book import Learned, forget_state_lines, learn_state_lines
from tests.support import world as w
from tests.support.exchange import archive, review_rows

READ, SENT, ANSWERED = w.NOON, w.NOON + timedelta(hours=1), w.NOON + timedelta(hours=2)
MOMENT = timedelta(microseconds=1)
DAY = date(2026, 11, 23)
OLD_PLAN, PLAN = "PLAN|9910017|9900000005|20251114", "PLAN|9910017|9900000005|20261123"
REVIEW = {
    "MEET|9910017|9900000005|20261120",
    PLAN,
    "SERV|9910017|9900000005|20261123|330|100|510",
    "SERV|9910017|9900000005|20261123|415|100|510",
}
NO_AGENCY = {"code": "SERV0447", "field": "25.05", "text": "The agency is not in the list."}


def held_at(
    world: w.World, at: datetime, day: date = DAY, lea: str = w.LEA, name: str = "alder"
) -> StateThen:
    return rows_then(world.students[name].pk, at, [lea]).of(lea, day)


def keys(then: StateThen) -> set[str]:
    return {one.record_key for one in then.records}


def put_by(then: StateThen, key: str) -> tuple[datetime, int | None]:
    (one,) = [one for one in then.held if one.record.record_key == key]
    return one.since, one.line.position if one.line else None


def send(world: w.World, noon, at: datetime) -> Submission:
    noon.move_to(at)
    submission = prepare_submission(actor=world.coordinator_actor, form="api", destination="sandbox")
    Submission.objects.filter(pk=submission.pk).update(state="answering", sent_at=at)
    return submission


def answer(submission: Submission, noon, at: datetime, *rejected: int) -> None:
    noon.move_to(at)
    answers = [
        Answer(line.position, line.position not in rejected, [NO_AGENCY] if line.position in rejected else [])
        for line in submission.lines.all()
    ]
    store_answers(submission=submission, answers=answers)


@pytest.fixture
def reviewed(small_world, noon) -> tuple[w.World, Archive]:
    return small_world, archive(small_world.students["alder"], review_rows())


def test_before_the_first_extract_nothing_is_known_and_at_its_instant_all_of_it(small_world):
    before, at = held_at(small_world, READ - MOMENT), held_at(small_world, READ)
    assert (keys(before), before.is_complete, before.read_first) == (set(), False, READ)
    assert at.is_complete
    # Of alder: one status, two meetings, two plans, three services.
    assert len(at.held) == 8 and OLD_PLAN in keys(at)
    assert put_by(at, OLD_PLAN) == (READ, None)
    assert held_at(small_world, READ, lea=w.OTHER_LEA).held == []
    # Of an LEA that has read no extract nothing can be said of what is absent.
    StateRecord.every.filter(lea_code=w.OTHER_LEA).delete()
    nobody = held_at(small_world, READ, lea=w.OTHER_LEA)
    assert (nobody.is_complete, nobody.read_first) == (False, None)


def test_an_answer_at_exactly_the_instant_is_known_and_until_then_the_line_is_on_its_way(reviewed, noon):
    world, _ = reviewed
    submission = send(world, noon, SENT)
    answer(submission, noon, ANSWERED)
    before_sending = held_at(world, SENT - MOMENT)
    assert before_sending.on_their_way == [] and not keys(before_sending) & REVIEW
    for at in (SENT, ANSWERED - MOMENT):
        then = held_at(world, at)
        assert [one.position for one in then.on_their_way] == [1, 2, 3, 4], at
        assert not keys(then) & REVIEW
    then = held_at(world, ANSWERED)
    assert then.on_their_way == [] and keys(then) >= REVIEW
    assert put_by(then, PLAN) == (ANSWERED, 2)
    assert put_by(then, OLD_PLAN) == (READ, None)
    (plan,) = [one for one in then.held if one.record.record_key == PLAN]
    assert plan.line.submission.public_id == submission.public_id


def test_only_what_is_dated_the_day_or_earlier_is_of_it(reviewed, noon):
    world, _ = reviewed
    submission = send(world, noon, SENT)
    assert [one.record for one in held_at(world, SENT, date(2026, 11, 22)).on_their_way] == ["MEET"]
    answer(submission, noon, ANSWERED)
    assert keys(held_at(world, ANSWERED, date(2026, 11, 22))) & REVIEW == {"MEET|9910017|9900000005|20261120"}
    assert keys(held_at(world, ANSWERED, date(2026, 11, 19))) & REVIEW == set()


def test_a_rejected_line_changes_nothing(reviewed, noon):
    world, _ = reviewed
    submission = send(world, noon, SENT)
    answer(submission, noon, ANSWERED, 2, 3, 4)
    then = held_at(world, ANSWERED)
    assert keys(then) & REVIEW == {"MEET|9910017|9900000005|20261120"}
    assert then.on_their_way == []


def test_a_replaced_line_holds_until_the_instant_of_the_answer(reviewed, noon):
    world, first = reviewed
    answer(send(world, noon, SENT), noon, ANSWERED)
    rows = [
        (record, values | ({"23.23": "60"} if record == "PLAN" else {})) for record, values in review_rows()
    ]
    archive(world.students["alder"], rows, cause="correction", supersedes=first)
    later = ANSWERED + timedelta(hours=2)
    second = send(world, noon, later - timedelta(hours=1))
    assert [(one.kind, one.record) for one in second.lines.all()] == [("replace", "PLAN")]
    answer(second, noon, later)
    for at, percent, line in ((later - MOMENT, "85", (ANSWERED, 2)), (later, "60", (later, 1))):
        then = held_at(world, at)
        (plan,) = [one for one in then.records if one.record_key == PLAN]
        assert plan.values["23.23"] == percent, at
        assert put_by(then, PLAN) == line
    assert len(held_at(world, later).held) == 12


def test_a_delete_that_was_posted_ends_it_at_the_instant_of_the_answer(reviewed, noon):
    world, first = reviewed
    answer(send(world, noon, SENT), noon, ANSWERED)
    archive(world.students["alder"], review_rows()[:3], cause="correction", supersedes=first)
    later = ANSWERED + timedelta(hours=2)
    second = send(world, noon, later - timedelta(hours=1))
    assert [(one.kind, one.record) for one in second.lines.all()] == [("delete", "SERV")]
    speech = "SERV|9910017|9900000005|20261123|415|100|510"
    on_its_way = held_at(world, later - MOMENT)
    assert speech in keys(on_its_way) and [one.kind for one in on_its_way.on_their_way] == ["delete"]
    answer(second, noon, later)
    assert speech in keys(held_at(world, later - MOMENT))
    assert speech not in keys(held_at(world, later))
    # An extract shows it all the same: then it was the extract that told, and no line of ours.
    noon.move_to(later + timedelta(hours=1))
    values = second.lines.get().values
    learn_state_lines([Learned("SERV", values, world.students["alder"].pk)], at=later + timedelta(hours=1))
    assert speech not in keys(held_at(world, later))
    assert put_by(held_at(world, later + timedelta(hours=1)), speech) == (later + timedelta(hours=1), None)


def test_a_submission_that_was_taken_back_was_never_there(reviewed, noon):
    world, _ = reviewed
    submission = send(world, noon, SENT)
    noon.move_to(SENT + timedelta(minutes=30))
    assert take_back(submission=submission, reason=Reason("canceled", "Canceled.", Owner.YOU, "")) == 4
    for at in (SENT, SENT + timedelta(minutes=30), ANSWERED):
        then = held_at(world, at)
        assert (len(then.held), then.on_their_way) == (8, []), at


def test_what_an_extract_shows_otherwise_supersedes_and_what_it_confirms_keeps_its_send(reviewed, noon):
    world, _ = reviewed
    pk = world.students["alder"].pk
    submission = send(world, noon, SENT)
    answer(submission, noon, ANSWERED)
    plan = submission.lines.get(record="PLAN").values
    confirmed, changed, back = (ANSWERED + timedelta(days=days) for days in (1, 2, 3))
    learn_state_lines([Learned("PLAN", plan, pk)], at=confirmed)
    assert put_by(held_at(world, confirmed), PLAN) == (ANSWERED, 2)
    learn_state_lines([Learned("PLAN", plan | {"23.23": "70"}, pk)], at=changed)
    assert put_by(held_at(world, changed - MOMENT), PLAN) == (ANSWERED, 2)
    assert put_by(held_at(world, changed), PLAN) == (changed, None)
    # And as it was sent once more, without a send of ours: nobody here put that there.
    learn_state_lines([Learned("PLAN", plan, pk)], at=back)
    assert put_by(held_at(world, back), PLAN) == (back, None)
    assert StateRecord.every.filter(record_key=PLAN).count() == 4
    # Read again it is no new version.
    learn_state_lines([Learned("PLAN", plan, pk)], at=back + timedelta(days=1))
    assert StateRecord.every.filter(record_key=PLAN).count() == 4
    assert StateRecord.objects.get(record_key=PLAN).learned_at == back + timedelta(days=1)


def test_a_persons_word_and_what_was_forgotten_count_from_their_instants(reviewed, noon):
    world, stored = reviewed
    noon.move_to(SENT)
    say_complete(actor=world.coordinator_actor, archive=stored, reason="Seen on the site.")
    noon.move_to(ANSWERED)
    send_again(actor=world.coordinator_actor, archive=stored, reason="I doubt it.")
    assert not keys(held_at(world, SENT - MOMENT)) & REVIEW
    then = held_at(world, SENT)
    assert keys(then) >= REVIEW
    assert {one.learned_from for one in then.records if one.record_key in REVIEW} == {"person"}
    assert put_by(then, PLAN) == (SENT, None)
    assert not keys(held_at(world, ANSWERED)) & REVIEW


def test_what_is_forgotten_is_not_held_twice_and_nothing_is_lost(small_world, noon):
    noon.shift(timedelta(hours=1))
    assert forget_state_lines([OLD_PLAN, "PLAN|9910017|9900000005|19990101"]) == 1
    assert forget_state_lines([OLD_PLAN]) == 0
    assert OLD_PLAN in keys(held_at(small_world, READ)) and OLD_PLAN not in keys(held_at(small_world, SENT))


def test_a_line_that_stands_twice_in_an_extract_is_held_once(small_world, noon):
    pk, at = small_world.students["alder"].pk, READ + timedelta(days=1)
    lines = [Learned("SWDS", w.swds("alder", "20261102", **{"22.08": text}), pk) for text in ("A", "B")]
    assert learn_state_lines(lines, at=at) == 2
    (held,) = [one for one in held_at(small_world, at).records if one.key_on == date(2026, 11, 2)]
    assert held.values["22.08"] == "B"


def test_it_is_read_in_one_statement(reviewed, noon, django_assert_num_queries):
    from manzanita.platform.together import read_together

    world, _ = reviewed
    answer(send(world, noon, SENT), noon, ANSWERED)
    rows = rows_then(world.students["alder"].pk, ANSWERED, [w.LEA, w.OTHER_LEA])
    with django_assert_num_queries(1):
        read_together(*rows.querysets)
        then = rows.of(w.LEA, DAY)
    assert then == held_at(world, ANSWERED)
    assert len(then.held) == 12
