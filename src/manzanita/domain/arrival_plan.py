"""The four questions of an arrival, answered beforehand, and what follows from the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from manzanita.domain.arrivals import (
    CONTRADICTIONS,
    LONGEST_LAPSED,
    NOT_ELIGIBLE,
    PARTICIPATING,
    Evidence,
    state_differs,
    status_words,
    us_day,
)
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason

# SWDS 22.13 of a family that revoked consent to all services; the number is a placeholder.
REVOKED = "13"


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answered:
    """One question with its answer, and what it rests on. ``is_corrected``: a person said otherwise."""

    key: str
    question: str
    answer: Answer
    evidence: str
    source: str
    is_corrected: bool = False


# The policy behind each question that has no answer yet.
ANSWERED_FIRST = "Nothing is taken up before the questions of an arrival are answered"
QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "eligible": "Is the student eligible for special education?",
        "participating": "Did the student take part in the former district?",
        "here": "Is the student going to take part here?",
        "enrolled": "Is the student enrolled here?",
    }
)


# What somebody says who enters a student as one who comes with a plan.
COMES_WITH_A_PLAN: Mapping[str, str] = MappingProxyType(
    {"eligible": Answer.YES.value, "participating": Answer.YES.value}
)


def answers_of(
    evidence: Evidence, today: date, said: Mapping[str, str] = MappingProxyType({})
) -> list[Answered]:
    """The four questions, answered beforehand, and by ``said`` (question → answer) where a person knows better."""
    first = [
        _eligible(evidence),
        _participating(evidence),
        _here(evidence),
        _enrolled(evidence, today),
    ]
    return [
        replace(one, answer=Answer(said[one.key]), is_corrected=said[one.key] != one.answer)
        if said.get(one.key) in set(Answer)
        else one
        for one in first
    ]


def _status_words(e: Evidence) -> str:
    since, reporter = us_day(e.status_since), _reporter(e.status_lea)
    return f"Status {status_words(e.status_code)} since {since}, reported by {reporter}."


def _reporter(name: str) -> str:
    """A district that this installation does not know has its code for a name; one without a code is of another
    state."""
    return f"district {name}" if name.isdecimal() else name or "a district of another state"


def _eligible(e: Evidence) -> Answered:
    if e.status_code:
        answer = Answer.NO if e.status_code == NOT_ELIGIBLE else Answer.YES
        if any(check.fails(e) for check in CONTRADICTIONS[1:3]):
            answer = Answer.UNKNOWN
        return _answered("eligible", answer, _status_words(e), "SWDS, status in our records")
    if e.state_status_code:
        answer = Answer.NO if e.state_status_code == NOT_ELIGIBLE else Answer.YES
        words = f"The state holds status {status_words(e.state_status_code)} since {us_day(e.state_status_since)}."
        return _answered("eligible", answer, words, "The state's records")
    return _answered("eligible", Answer.UNKNOWN, "No status is known.", "Ask the former district")


def _participating(e: Evidence) -> Answered:
    if e.status_code == PARTICIPATING and e.has_plan:
        words = f"Plan of {us_day(e.plan_since)} with {e.service_count} service{'' if e.service_count == 1 else 's'}."
        return _answered("participating", Answer.YES, words, "PLAN and SERV in our records")
    if e.status_code == PARTICIPATING:
        return _answered(
            "participating", Answer.UNKNOWN, "Status 1, and no plan is known.", "SWDS without a PLAN"
        )
    if e.status_code:
        words = _status_words(e)
        if e.status_reason_code:
            words += f" Reason {code_set('NonParticipationReason').label(e.status_reason_code)}."
        return _answered("participating", Answer.NO, words, "SWDS, status in our records")
    return _answered("participating", Answer.UNKNOWN, "No status is known.", "Ask the former district")


def _here(e: Evidence) -> Answered:
    if e.last_day is not None:
        words = f"The enrollment ends on {us_day(e.last_day)}."
        return _answered("here", Answer.UNKNOWN, words, "SENR, enrollment")
    if e.status_code == PARTICIPATING and e.has_plan and not state_differs(e):
        words = "The plan goes on without delay, unless the family says otherwise."
        return _answered("here", Answer.YES, words, "Education Code 56325(a)")
    if e.agreed_on is not None:
        words = f"The family accepted on {us_day(e.agreed_on)} that services start with the enrollment of next year."
        return _answered("here", Answer.YES, words, "Our own initial evaluation")
    return _answered("here", Answer.UNKNOWN, "Nobody has said so yet.", "Ask the family")


def _enrolled(e: Evidence, today: date) -> Answered:
    if e.last_day is not None and e.last_day < today:
        words = f"From {us_day(e.enrolled_on)} to {us_day(e.last_day)}."
        return _answered("enrolled", Answer.NO, words, "SENR, enrollment")
    words = (
        f"Since {us_day(e.enrolled_on)}." if e.enrolled_on <= today else f"From {us_day(e.enrolled_on)} on."
    )
    return _answered("enrolled", Answer.YES, words, "SENR, enrollment")


def _answered(key: str, answer: Answer, evidence: str, source: str) -> Answered:
    return Answered(key, QUESTIONS[key], answer, evidence, source)


class Way(StrEnum):
    """What there is to do about an arrival."""

    ADOPT = "adopt"
    ADOPT_LAST = "adopt-last"
    START = "start"
    INACTIVE_TOLD = "inactive-told"
    INACTIVE = "inactive"
    NOTHING = "nothing"
    GOES_ON = "goes-on"
    WAIT = "wait"
    MEETING = "meeting"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Plan:
    """``way`` with the day it counts from, the records the state is told in their order, and why in words. ``ask``
    says who has to be asked before anything can be done."""

    way: Way
    title: str
    why: str
    on: date | None = None
    records: tuple[str, ...] = ()
    ask: tuple[Reason, ...] = ()


def plan_of(evidence: Evidence, answered: list[Answered], today: date) -> Plan:
    """What follows from four answers."""
    said = {one.key: one.answer for one in answered}
    day = evidence.enrolled_on
    if said["enrolled"] is Answer.NO:
        return Plan(
            Way.NOTHING,
            "Nothing to do",
            "Who is not enrolled here is not reported here. Where the file said otherwise, the SIS corrects the "
            "enrollment (exit N470, no show, for one who never came).",
        )
    if said["eligible"] is Answer.NO:
        return Plan(
            Way.NOTHING,
            "Nothing to do",
            "Who is not eligible is in general education here too. A new referral begins as any referral.",
        )
    ask = tuple(_open_question(key) for key in ("eligible", "here") if said[key] is Answer.UNKNOWN)
    if ask:
        return Plan(Way.ASK, "Ask first", "Not every question has its answer yet.", ask=ask)
    if said["here"] is Answer.NO:
        return _inactive(evidence, said["participating"])
    if day > today:
        return Plan(
            Way.WAIT,
            f"Wait until {us_day(day)}",
            "A plan is adopted from the first day of the enrollment, and the state takes what has happened. It is "
            "offered on that day.",
            on=day,
        )
    if evidence.status_code != PARTICIPATING and evidence.status_reason_code == REVOKED:
        return Plan(
            Way.MEETING,
            "An initial evaluation comes first",
            f"The family revoked consent to all services on {us_day(evidence.status_since)}. Whoever takes part again "
            "after that is asked for consent and evaluated as for the first time (34 CFR 300.300(b)(4); 73 Fed. Reg. "
            "73006, 73015): no plan is left that could be adopted.",
        )
    if evidence.agreed_on is not None:
        return Plan(
            Way.START,
            "Services start as agreed",
            f"What was agreed here on {us_day(evidence.agreed_on)} starts with the enrollment of the next school year: "
            "status 1, plan and services of one day. The page shows them, and from which day they may start.",
            on=day,
            records=("SWDS", "PLAN", "SERV"),
        )
    if evidence.is_plan_ours and evidence.status_code == PARTICIPATING:
        return Plan(
            Way.GOES_ON,
            "Our own plan goes on",
            f"The plan of {us_day(evidence.plan_since)} is this district's own and in force; nobody has reported "
            "another since. Nothing is sent; what changed while the student was away is for the team.",
            on=day,
        )
    is_told = evidence.status_code == PARTICIPATING and not evidence.is_of_another_state
    if evidence.has_plan:
        return Plan(
            Way.ADOPT,
            "Adopt the plan",
            f"The plan of {us_day(evidence.plan_since)} goes on here as it is, from {us_day(day)}, the first day of "
            "the enrollment." + (" The status stays as it is." if is_told else _told_first(evidence)),
            on=day,
            records=(*(() if is_told else ("SWDS",)), "PLAN", *["SERV"] * evidence.service_count),
        )
    if evidence.lapsed_on is not None and day - evidence.lapsed_on <= LONGEST_LAPSED:
        return Plan(
            Way.ADOPT_LAST,
            "Adopt the last plan",
            f"No plan is in force. The last one ended on {us_day(evidence.lapsed_on)}; where family and team agree, it "
            f"goes on here from {us_day(day)} as it was, and the status becomes 1 on the same day.",
            on=day,
            records=("SWDS", "PLAN", *["SERV"] * evidence.service_count),
        )
    return Plan(
        Way.MEETING,
        "A plan is needed first",
        "The student takes part, and no plan is known that could go on. Enter the one that came on paper, ask the "
        "former district for it, or hold the meeting that makes one; the arrival ends when a plan of this district is "
        "in force.",
    )


def _told_first(evidence: Evidence) -> str:
    if evidence.is_of_another_state:
        return " Another state told California nothing: status 1 is told from the same day, and goes first."
    return " The status becomes 1 on the same day, and goes first."


def _inactive(evidence: Evidence, participating: Answer) -> Plan:
    if participating is Answer.NO and evidence.status_code != PARTICIPATING:
        told = f"{_status_words(evidence)[:-1]}, stays" if evidence.status_code else "What was reported stays"
        return Plan(
            Way.INACTIVE,
            "Arrives inactive",
            f"{told} as it is: from here nothing is due to the state, which takes no status twice (SWDS0618). The "
            "arrival is kept as settled.",
            on=evidence.enrolled_on,
        )
    return Plan(
        Way.INACTIVE_TOLD,
        "Arrives inactive, and the state is told",
        f"The student took part until now and does not go on here: the status changes from "
        f"{us_day(evidence.enrolled_on)}. Say which status and why.",
        on=evidence.enrolled_on,
        records=("SWDS",),
    )


def _open_question(key: str) -> Reason:
    if key == "eligible":
        return Reason(
            "ask-eligible",
            "Whether the student is eligible is not known.",
            Owner.COORDINATOR,
            "Ask the former district, then answer the first question.",
            source=ANSWERED_FIRST,
        )
    return Reason(
        "ask-here",
        "Whether the student is going to take part here is not known.",
        Owner.TEAM,
        "Ask the family, then answer the third question.",
        source=ANSWERED_FIRST,
    )
