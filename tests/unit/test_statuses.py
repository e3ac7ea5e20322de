"""How a record stands on a day, each case written by hand; and the steps that may not be taken out of order."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.findings import Owner
from manzanita.domain.statuses import (
    KINDS,
    SETTLED_IN_ORDER,
    Enrolled,
    Group,
    InForce,
    Kind,
    Known,
    Left,
    OpenMeeting,
    StatusFact,
    Unsettled,
    how_long,
    standing_on,
)
from manzanita.domain.statuses.conditions import CONDITIONS
from manzanita.domain.statuses.steps import STEPS, why_not

US, THEM = "9910017", "9910025"
TODAY = date(2026, 11, 23)
IN = date(2023, 8, 14)
PLAN = date(2025, 11, 14)
CAME = date(2026, 11, 2)
LEFT_THEM = Enrolled(THEM, IN, date(2026, 10, 30), "T160")
ONE = StatusFact("1", "", US, date(2024, 11, 15))
GONE = Enrolled(US, IN, date(2026, 10, 23), "T160")


def two(reason: str = "13", first: date = CAME) -> list[StatusFact]:
    return [
        StatusFact("1", "", US, date(2024, 11, 15), date(2026, 11, 1)),
        StatusFact("2", reason, US, first),
    ]


CASES = {
    "nothing known": (Known(TODAY, US, [Enrolled(US, IN)]), Kind.NONE, None),
    "takes part": (Known(TODAY, US, [Enrolled(US, IN)], [ONE], [InForce(US, PLAN)]), Kind.ACTIVE, ONE.first),
    "takes part over the summer, expected back": (
        Known(date(2026, 7, 1), US, [Enrolled(US, IN, date(2026, 6, 5), "E155")], [ONE], [InForce(US, PLAN)]),
        Kind.ACTIVE,
        ONE.first,
    ),
    "the SIS ended the enrollment and nobody said why": (
        Known(TODAY, US, [GONE], [ONE], [InForce(US, PLAN)]),
        Kind.LEAVING,
        date(2026, 10, 24),
    ),
    "on the last day of the enrollment it is still active": (
        Known(date(2026, 10, 23), US, [GONE], [ONE], [InForce(US, PLAN)]),
        Kind.ACTIVE,
        ONE.first,
    ),
    "it went on elsewhere": (
        Known(TODAY, US, [GONE, Enrolled(THEM, CAME)], [ONE], [InForce(THEM, CAME)]),
        Kind.INACTIVE,
        CAME,
    ),
    "an infant served elsewhere was never here, and is coming": (
        Known(TODAY, US, [Enrolled(THEM, CAME)], [ONE], [InForce(THEM, CAME, is_ifsp=True)]),
        Kind.INFANT,
        CAME,
    ),
    "moved and continuing is recorded": (
        Known(
            TODAY,
            US,
            [GONE],
            [ONE],
            [InForce(US, PLAN)],
            leavings=[Left("moved_continuing", date(2026, 10, 23))],
        ),
        Kind.INACTIVE,
        date(2026, 10, 23),
    ),
    "planned for a day to come": (
        Known(
            TODAY,
            US,
            [Enrolled(US, IN)],
            [ONE],
            [InForce(US, PLAN)],
            leavings=[Left("diploma", date(2027, 6, 4), True)],
        ),
        Kind.ACTIVE,
        ONE.first,
    ),
    "consent was revoked and school goes on": (
        Known(TODAY, US, [Enrolled(US, IN)], two(), leavings=[Left("revoked_consent", CAME)]),
        Kind.INACTIVE,
        CAME,
    ),
    "dropped out, the SIS has not ended the enrollment": (
        Known(TODAY, US, [Enrolled(US, IN)], [ONE, StatusFact("3", "31", US, CAME)]),
        Kind.INACTIVE,
        CAME,
    ),
    "back after dropping out": (
        Known(
            TODAY,
            US,
            [Enrolled(US, IN, date(2025, 10, 1)), Enrolled(US, CAME)],
            [StatusFact("3", "31", US, date(2025, 10, 1))],
            leavings=[Left("dropped_out", date(2025, 10, 1))],
        ),
        Kind.RETURNING,
        CAME,
    ),
    "back after moving, the old plan still in force": (
        Known(
            TODAY,
            US,
            [Enrolled(US, IN, date(2026, 5, 1)), Enrolled(US, CAME)],
            [ONE],
            [InForce(US, PLAN)],
            leavings=[Left("moved_continuing", date(2026, 5, 1))],
        ),
        Kind.RETURNING,
        CAME,
    ),
    "back after moving, and adopted": (
        Known(
            TODAY,
            US,
            [Enrolled(US, IN, date(2026, 5, 1)), Enrolled(US, CAME)],
            [ONE],
            [InForce(US, PLAN, date(2026, 11, 1)), InForce(US, CAME)],
            leavings=[Left("moved_continuing", date(2026, 5, 1))],
        ),
        Kind.ACTIVE,
        ONE.first,
    ),
    "arrived with a plan": (
        Known(
            TODAY,
            US,
            [LEFT_THEM, Enrolled(US, CAME)],
            [StatusFact("1", "", THEM, date(2024, 1, 10))],
            [InForce(THEM, date(2026, 1, 10))],
        ),
        Kind.ARRIVING,
        CAME,
    ),
    "attends in two districts": (
        Known(
            TODAY,
            US,
            [Enrolled(THEM, IN), Enrolled(US, CAME)],
            [StatusFact("1", "", THEM, date(2024, 1, 10))],
            [InForce(THEM, date(2026, 1, 10))],
        ),
        Kind.ACTIVE,
        date(2024, 1, 10),
    ),
    "left during a referral, and enrolled again": (
        Known(
            TODAY,
            US,
            [Enrolled(US, IN, date(2026, 5, 1)), Enrolled(US, CAME)],
            leavings=[Left("moved_continuing", date(2026, 5, 1))],
        ),
        Kind.NONE,
        None,
    ),
    "left during a referral": (
        Known(TODAY, US, [GONE], leavings=[Left("moved_continuing", date(2026, 10, 23))]),
        Kind.INACTIVE,
        date(2026, 10, 23),
    ),
    "an initial is open": (
        Known(TODAY, US, [Enrolled(US, IN)], meetings=[OpenMeeting(True, date(2026, 11, 9))]),
        Kind.REFERRAL,
        date(2026, 11, 9),
    ),
    "a new initial after no longer eligible": (
        Known(
            TODAY,
            US,
            [Enrolled(US, IN)],
            [StatusFact("4", "21", US, date(2025, 3, 3))],
            meetings=[OpenMeeting(True, date(2026, 11, 9))],
        ),
        Kind.REFERRAL,
        date(2026, 11, 9),
    ),
    "a meeting while not participating": (
        Known(TODAY, US, [Enrolled(US, IN)], two(), meetings=[OpenMeeting(True, date(2026, 11, 9))]),
        Kind.FOLLOW_UP,
        date(2026, 11, 9),
    ),
    "a review of one who takes part is nothing to settle": (
        Known(
            TODAY, US, [Enrolled(US, IN)], [ONE], [InForce(US, PLAN)], [OpenMeeting(False, date(2026, 11, 9))]
        ),
        Kind.ACTIVE,
        ONE.first,
    ),
    "a teacher reported": (
        Known(
            TODAY,
            US,
            [Enrolled(US, IN)],
            [ONE],
            [InForce(US, PLAN)],
            unsettled=[Unsettled(Kind.LEAVING, date(2026, 11, 20), Owner.COORDINATOR, "Reported.")],
        ),
        Kind.LEAVING,
        date(2026, 11, 20),
    ),
    "held from rollover": (
        Known(
            TODAY,
            US,
            [Enrolled(US, IN)],
            [ONE],
            [InForce(US, PLAN)],
            unsettled=[Unsettled(Kind.HELD, date(2026, 5, 20), Owner.COORDINATOR)],
        ),
        Kind.HELD,
        date(2026, 5, 20),
    ),
    "of two things the leaving names it": (
        Known(
            TODAY,
            US,
            [GONE],
            [ONE],
            [InForce(US, PLAN)],
            unsettled=[Unsettled(Kind.HELD, date(2026, 5, 20), Owner.COORDINATOR)],
        ),
        Kind.LEAVING,
        date(2026, 10, 24),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_case_stands_as_written(name):
    known, kind, since = CASES[name]
    found = standing_on(known)
    assert (found.kind, found.since) == (kind, since)


def test_what_an_arrivals_app_gives_takes_the_place_of_what_the_facts_say():
    known, _, _ = CASES["arrived with a plan"]
    given = Unsettled(Kind.ARRIVING, CAME, Owner.COORDINATOR, "Four questions", "/arrivals/1")
    found = standing_on(
        Known(known.day, US, known.enrollments, known.statuses, known.plans, unsettled=[given])
    )
    assert list(found.to_settle) == [given]


def test_every_status_says_what_it_means_whose_it_is_and_what_ends_it():
    assert set(KINDS) == set(Kind)
    assert set(SETTLED_IN_ORDER) == {one.kind for one in KINDS.values() if one.group is Group.TO_SETTLE}
    for one in KINDS.values():
        assert one.sentence and one.owner and one.ends and one.stands and one.holds
        assert one.source or one.kind in (Kind.NONE, Kind.HELD)


@pytest.mark.parametrize(
    ("status", "reason", "words", "rule"),
    [
        ("2", "12", "Until the plan begins", "34 CFR 300.303(b)(2)"),
        ("2", "13", "Until the family asks again", "34 CFR 300.300(b)(4)"),
        ("2", "11", "Until the family accepts an offer", "34 CFR 300.300(b)"),
        ("3", "32", "Until the student is enrolled again", "SENR0647F1"),
        ("4", "22", "Without an end", "SPED Data Guide"),
        ("2", "99", "Until a plan is agreed", "SWDS0618"),
    ],
)
def test_how_long_an_inactive_status_may_stand(status, reason, words, rule):
    text, source = how_long(status, reason)
    assert text.startswith(words)
    assert rule in source


NEEDS = [(step.key, need) for step in STEPS.values() for need in step.needs]


@pytest.mark.parametrize(("step", "need"), NEEDS)
def test_a_step_without_what_it_needs_is_refused_with_the_one_that_comes_first(step, need):
    holds = frozenset(STEPS[step].needs) - {need}
    reason = why_not(step, holds)
    assert reason is not None
    assert reason.code == need
    assert reason.text and reason.way_out and reason.owner and reason.source
    assert reason.link in (CONDITIONS[need].brought_by, CONDITIONS[need].instead)
    assert STEPS[reason.link].page


def test_with_what_it_needs_every_step_is_allowed():
    for step in STEPS.values():
        assert why_not(step.key, frozenset(step.needs)) is None


def test_every_condition_is_brought_by_the_step_that_it_names_or_another_is_meant():
    for key, one in CONDITIONS.items():
        assert one.brought_by or one.instead, key
        assert not one.brought_by or key in STEPS[one.brought_by].brings, key
        assert not one.instead or one.instead in STEPS, key


def test_what_is_brought_or_ended_is_a_condition_and_every_condition_is_needed():
    named = {key for step in STEPS.values() for key in (*step.needs, *step.brings, *step.ends)}
    assert named == set(CONDITIONS) == {need for _, need in NEEDS}


def test_a_step_says_why_it_may_be_taken_twice_or_of_one_who_left_where_no_need_forbids_it():
    for step in STEPS.values():
        assert bool(step.again) != bool(set(step.needs) & set(step.ends)), step.key
        assert bool(step.gone) != bool(set(step.needs) & set(STEPS["leave"].ends)), step.key


def test_who_has_nothing_to_adopt_is_not_told_to_adopt_first():
    """Of one who simply left, or never arrived, no plan was adopted and none waits."""
    for holds in ({"here", "plan-own"}, {"here"}):
        reason = why_not("never_came", frozenset(holds))
        assert reason is not None
        assert (reason.link, reason.way_out) == ("leave", "Instead: record the leaving.")
    arrived = why_not("never_came", frozenset({"here", "plan-arrived"}))
    assert arrived is not None and arrived.way_out == "First: adopt the plan."
