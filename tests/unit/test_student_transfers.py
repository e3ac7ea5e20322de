"""Which step of a transfer may be taken when, by whom: the whole table, written by hand."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.student_transfers import (
    STEPS,
    Ground,
    Side,
    State,
    ground_of,
    obstacles,
    why_not,
)

R, S, E = Side.RECEIVER, Side.SENDER, Side.SELPA
# Step, then the states in which each side may take it; everything else is refused.
ALLOWED: dict[str, dict[Side, str]] = {
    "attest": {R: "requested escalated accepted"},
    "release": {S: "requested escalated", E: "escalated"},
    "accept": {S: "requested escalated", E: "escalated"},
    "decline": {S: "requested escalated", E: "escalated"},
    "escalate": {R: "requested"},
    "withdraw": {R: "requested escalated accepted"},
    "complete": {R: "accepted"},
    "take_back": {S: "accepted"},
}
ASKED, LATER = date(2026, 11, 9), date(2026, 11, 23)


def refusals(key, state, side, today=LATER):
    return why_not(key, state, side, asked_on=ASKED, today=today, days_to_escalate=7)


@pytest.mark.parametrize("key", sorted(ALLOWED))
@pytest.mark.parametrize("side", [R, S, E, None])
@pytest.mark.parametrize("state", list(State))
def test_every_step_in_every_state_by_every_side(key, side, state):
    reasons = refusals(key, state, side)

    is_allowed = state.value in ALLOWED[key].get(side, "").split()
    assert (reasons == []) is is_allowed
    # No silent no: what, whose job, and what ends it.
    assert all(one.text and one.owner and one.way_out for one in reasons)


def test_the_table_names_every_step():
    assert set(ALLOWED) == set(STEPS)


@pytest.mark.parametrize(
    ("today", "codes"),
    [(date(2026, 11, 15), ["too-early"]), (date(2026, 11, 16), []), (date(2026, 11, 17), [])],
)
def test_it_is_escalated_on_the_seventh_day_and_not_before(today, codes):
    found = refusals("escalate", State.REQUESTED, R, today)

    assert [one.code for one in found] == codes
    assert not found or "until 11/16/2026" in found[0].text


@pytest.mark.parametrize(
    ("key", "state", "code"),
    [
        ("complete", State.REQUESTED, "not-accepted"),
        ("accept", State.DECLINED, "over"),
        ("decline", State.ACCEPTED, "accepted"),
        ("escalate", State.ESCALATED, "escalated"),
        ("complete", State.COMPLETED, "over"),
        ("take_back", State.REQUESTED, "not-accepted"),
        ("take_back", State.COMPLETED, "over"),
    ],
)
def test_a_wrong_order_is_told_as_what_it_is(key, state, code):
    side = next(iter(STEPS[key].sides))

    assert [one.code for one in refusals(key, state, side)] == [code]


@pytest.mark.parametrize(
    ("state", "sis", "attested", "released", "ground"),
    [
        (State.REQUESTED, False, False, False, Ground.NONE),
        (State.REQUESTED, True, True, True, Ground.SIS),
        (State.REQUESTED, False, True, True, Ground.ATTESTED),
        (State.ESCALATED, False, False, True, Ground.RELEASED),
        (State.ACCEPTED, False, False, False, Ground.ACCEPTED),
        (State.COMPLETED, True, True, True, Ground.NONE),
        (State.DECLINED, True, True, True, Ground.NONE),
        (State.WITHDRAWN, True, True, True, Ground.NONE),
    ],
)
def test_the_ground_ends_with_the_transfer(state, sis, attested, released, ground):
    assert ground_of(state, sis_shows=sis, is_attested=attested, is_released=released) is ground


@pytest.mark.parametrize(
    ("meeting", "pending", "held", "status", "codes"),
    [
        ("", False, 0, True, []),
        ("open", False, 0, True, ["meeting-open"]),
        ("open", True, 0, True, ["reported-pending!"]),
        ("held", False, 2, False, ["meeting-held!", "held-lines", "status-pending"]),
    ],
)
def test_what_stands_in_the_way(meeting, pending, held, status, codes):
    found = obstacles(meeting_state=meeting, is_pending_at_state=pending, held_count=held, has_status=status)

    assert [one.code + "!" * one.stops for one in found] == codes
