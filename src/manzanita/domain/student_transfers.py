"""Transfers of students between agencies of one installation: states, steps and who may take them, as data.

A transfer hands a *record* over. Where the student is enrolled is the SIS's to say, and no step here says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.findings import Owner, Reason


class State(StrEnum):
    """Where a transfer stands; the last three end it."""

    REQUESTED = "requested"
    ESCALATED = "escalated"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"


OPEN = frozenset({State.REQUESTED, State.ESCALATED, State.ACCEPTED})
# Waits for an answer of who has the record.
WAITING = frozenset({State.REQUESTED, State.ESCALATED})
STATE_WORDS: Mapping[State, str] = MappingProxyType(
    {
        State.REQUESTED: "Waits for an answer",
        State.ESCALATED: "With the SELPA",
        State.ACCEPTED: "Accepted, not completed",
        State.DECLINED: "Declined",
        State.WITHDRAWN: "Withdrawn",
        State.COMPLETED: "Completed",
    }
)


class Side(StrEnum):
    """On which side somebody stands: who asks, who has the record, and the SELPA of who has it."""

    RECEIVER = "receiver"
    SENDER = "sender"
    SELPA = "selpa"


SIDE_WORDS: Mapping[Side, str] = MappingProxyType(
    {
        Side.RECEIVER: "the district that asks",
        Side.SENDER: "the district that has the record",
        Side.SELPA: "the SELPA of the district that has the record",
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: from which states, to which (``None``: it stays), by which sides. ``selpa_from`` are the states in
    which the SELPA takes it in the place of the sender; ``needs_words``: it is taken with a reason."""

    key: str
    label: str
    done: str
    sides: frozenset[Side]
    begins: frozenset[State]
    becomes: State | None
    selpa_from: frozenset[State] = frozenset()
    needs_words: bool = False


def _step(
    key: str,
    label: str,
    done: str,
    side: Side,
    begins: frozenset[State],
    becomes: State | None,
    *,
    selpa: bool = False,
    words: bool = False,
) -> Step:
    by_selpa = frozenset({State.ESCALATED}) if selpa else frozenset()
    return Step(key, label, done, frozenset({side}), begins, becomes, by_selpa, words)


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        step.key: step
        for step in (
            _step(
                "attest",
                "Attest the intent to enroll",
                "The intent to enroll is attested; the record can be previewed.",
                Side.RECEIVER,
                OPEN,
                None,
                words=True,
            ),
            _step(
                "release",
                "Release the record to be read",
                "The district that asks can preview the record until the transfer ends.",
                Side.SENDER,
                WAITING,
                None,
                selpa=True,
            ),
            _step("accept", "Accept", "Accepted.", Side.SENDER, WAITING, State.ACCEPTED, selpa=True),
            _step(
                "take_back",
                "Take the acceptance back",
                "Taken back: the request waits for an answer again, and the record is your district's alone.",
                Side.SENDER,
                frozenset({State.ACCEPTED}),
                State.REQUESTED,
                words=True,
            ),
            _step(
                "decline",
                "Decline",
                "Declined; the district that asked reads why.",
                Side.SENDER,
                WAITING,
                State.DECLINED,
                selpa=True,
                words=True,
            ),
            _step(
                "escalate",
                "Escalate to the SELPA",
                "The SELPA of the district that has the record is told, and can answer in its place.",
                Side.RECEIVER,
                frozenset({State.REQUESTED}),
                State.ESCALATED,
            ),
            _step(
                "withdraw",
                "Withdraw",
                "Withdrawn; nothing of the record is open to your district any more.",
                Side.RECEIVER,
                OPEN,
                State.WITHDRAWN,
                words=True,
            ),
            _step(
                "complete",
                "Complete",
                "Completed: the student is your district's, with the record.",
                Side.RECEIVER,
                frozenset({State.ACCEPTED}),
                State.COMPLETED,
            ),
        )
    }
)


# The rule behind a step that is not possible now.
_ORDER = "A transfer is asked for, answered, completed, in this order"


def why_not(
    key: str, state: State, side: Side | None, *, asked_on: date, today: date, days_to_escalate: int
) -> list[Reason]:
    """Why the step may not be taken now by somebody on ``side``; empty where it may."""
    step = STEPS[key]
    if side not in step.sides and not (side is Side.SELPA and step.selpa_from):
        (own,) = step.sides
        return [
            Reason(
                "other-side",
                f"“{step.label}” is for {SIDE_WORDS[own]}.",
                Owner.COORDINATOR,
                "Call its SEDS coordinator; the directory says who that is.",
                link="directory",
                source=_ORDER,
            )
        ]
    if state not in step.begins:
        return [_wrong_order(step, state)]
    if side is Side.SELPA and state not in step.selpa_from:
        return [
            Reason(
                "not-escalated",
                "The SELPA answers only what was escalated to it.",
                Owner.COORDINATOR,
                "The district that has the record answers; the one that asks can escalate.",
                source=_ORDER,
            )
        ]
    if key == "escalate" and today < (due := asked_on + timedelta(days=days_to_escalate)):
        return [
            Reason(
                "too-early",
                f"By the SELPA's policy the district that has the record has {days_to_escalate} days to answer, until "
                f"{due:%m/%d/%Y}.",
                Owner.COORDINATOR,
                f"Call it; from {due:%m/%d/%Y} on the request can be escalated.",
                source="SELPA policy: days until a request may be escalated",
            )
        ]
    return []


def _wrong_order(step: Step, state: State) -> Reason:
    if state not in OPEN:
        text = f"The transfer is over ({STATE_WORDS[state].lower()}), and “{step.label}” comes too late."
        way_out = "Ask anew if the student comes all the same."
        return Reason("over", text, Owner.COORDINATOR, way_out, source=_ORDER)
    if state is State.ACCEPTED:
        text = "The transfer is accepted already; this is for one that waits for an answer."
        way_out = (
            "The district that asked completes or withdraws it; the one that accepted can take that back."
        )
        return Reason("accepted", text, Owner.COORDINATOR, way_out, source=_ORDER)
    if step.becomes is State.COMPLETED:
        text = "The district that has the record has not accepted yet; a transfer is completed after that."
        way_out = "Wait for its answer, or escalate to the SELPA."
        return Reason("not-accepted", text, Owner.COORDINATOR, way_out, source=_ORDER)
    if step.key == "take_back":
        text = "Nothing is accepted yet, so there is nothing to take back."
        return Reason(
            "not-accepted", text, Owner.COORDINATOR, "Accept or decline the request.", source=_ORDER
        )
    text = "It was escalated already."
    way_out = "The SELPA, or the district that has the record, answers."
    return Reason("escalated", text, Owner.SELPA, way_out, source=_ORDER)


def why_not_back(*, has_archives: bool, has_gone_on: bool) -> list[Reason]:
    """Why an acceptance cannot be taken back although the transfer is not completed: the district that asked has
    recorded something of the student since, or the meeting that was handed over was held there."""
    found = []
    if has_archives:
        found.append(
            Reason(
                "recorded-there",
                "The district that asked has recorded something of the student since, which the state is told.",
                Owner.COORDINATOR,
                "Call it: it takes that back first, or withdraws.",
                link="directory",
                source=_ORDER,
            )
        )
    if has_gone_on:
        found.append(
            Reason(
                "meeting-went-on",
                "The meeting that was handed over is not being prepared any more at the district that asked.",
                Owner.TEAM,
                "Call it: it finishes the meeting, or withdraws.",
                link="directory",
                source=_ORDER,
            )
        )
    return found


class Ground(StrEnum):
    """By what right the one that asks may read before it is accepted."""

    SIS = "sis"
    ATTESTED = "attested"
    RELEASED = "released"
    ACCEPTED = "accepted"
    NONE = "none"


def ground_of(state: State, *, sis_shows: bool, is_attested: bool, is_released: bool) -> Ground:
    """The first ground that holds; none once the transfer is over."""
    if state not in OPEN:
        return Ground.NONE
    grounds = (
        (sis_shows, Ground.SIS),
        (is_attested, Ground.ATTESTED),
        (is_released, Ground.RELEASED),
        (state is State.ACCEPTED, Ground.ACCEPTED),
    )
    return next((ground for holds, ground in grounds if holds), Ground.NONE)


NO_GROUND = Reason(
    "no-ground",
    "The record is not open to your district: its SIS file shows no enrollment, nobody has attested the intent to "
    "enroll, and the district that has the record has not released it.",
    Owner.COORDINATOR,
    "Have the enrollment in the next SIS file, attest the intent to enroll, or ask the district to release it.",
    source="34 CFR 99.31(a)(2), 99.34",
)


class Meeting(StrEnum):
    """What becomes of a meeting in preparation when the record is handed over."""

    HAND_OVER = "hand_over"
    CLOSE = "close"


MEETING_WORDS: Mapping[Meeting, str] = MappingProxyType(
    {
        Meeting.HAND_OVER: "Hand the meeting over: the receiving district goes on with what was prepared",
        Meeting.CLOSE: "Close it: it will not be held; what was prepared stays readable here",
    }
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the sender's way. ``text`` is for the sender, ``kindly`` for who asks: without content, and blank
    of what who asks is not told before the record may be read."""

    code: str
    text: str
    kindly: str
    owner: Owner
    way_out: str
    stops: bool


def obstacles(
    *,
    meeting_state: str,
    is_pending_at_state: bool,
    held_count: int,
    has_status: bool,
    referred_on: date | None = None,
) -> list[Obstacle]:
    """What the sender has to settle, heaviest first. ``meeting_state``: empty, ``open`` or ``held``; ``referred_on`` is
    the day of a referral that waits."""
    found = []
    if meeting_state == "held":
        found.append(
            Obstacle(
                "meeting-held",
                "A meeting was held and is not finalized: what it decided would be lost.",
                "A meeting was held there and is still being finished.",
                Owner.TEAM,
                "Finalize it, or cancel it with the reason.",
                stops=True,
            )
        )
    elif meeting_state == "open" and is_pending_at_state:
        found.append(
            Obstacle(
                "reported-pending",
                "The state was told that an evaluation is pending here; another district cannot conclude it for yours.",
                "An evaluation that was reported to the state is still being concluded there.",
                Owner.TEAM,
                "Conclude the evaluation under Hold.",
                stops=True,
            )
        )
    elif meeting_state == "open":
        found.append(
            Obstacle(
                "meeting-open",
                "A meeting is being prepared. Say below what becomes of it.",
                "A meeting was being prepared there; the district says what becomes of it when it accepts.",
                Owner.TEAM,
                "Choose below: hand it over, or close it.",
                stops=False,
            )
        )
    if referred_on is not None:
        found.append(
            Obstacle(
                "referral-waits",
                f"A referral of {referred_on:%m/%d/%Y} waits, and its days run at your district until the student is "
                "enrolled there and the transfer is completed. Then it is closed here as handed over, and the other "
                "district goes on with it, or says why not.",
                "",
                Owner.TEAM,
                "Until then give the assessment plan in its time; where the parent has withdrawn it, record that.",
                stops=False,
            )
        )
    if held_count:
        found.append(
            Obstacle(
                "held-lines",
                "Lines for the state are held. They stay your district's to send, also after the transfer.",
                "The district still has something to settle with the state. It does not stand in the way.",
                Owner.COORDINATOR,
                "See the reasons on the state tab of the student.",
                stops=False,
            )
        )
    if not has_status:
        found.append(
            Obstacle(
                "status-pending",
                "No special education status is stated: the receiving district gets a record without one.",
                "A status is not settled there yet. It does not stand in the way.",
                Owner.COORDINATOR,
                "State the status before you accept, if one is known.",
                stops=False,
            )
        )
    return found
