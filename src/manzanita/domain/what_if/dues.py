"""Which clocks run for one student, what each counts from, and which meeting met it or is to meet it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from manzanita.domain.clocks import CLOCKS, Answer, ClockError, Setting, Value, clock
from manzanita.domain.delay_codes import INITIAL, PART_C
from manzanita.domain.running_clocks import count, running_clocks
from manzanita.domain.what_if.case import Case, Event

REVIEW, EVALUATION, BIRTHDAY, SIXTY, PLAN = "review", "evaluation", "birthday", "sixty", "assessment-plan"


@dataclass(frozen=True, slots=True)
class Due:
    """One clock. ``what`` it is and ``of`` which meeting it starts or runs for name it; ``event`` is the meeting that
    met it, ``None`` for a clock that waits for its next meeting. ``problem`` says why there is no ``answer``."""

    what: str
    of: str
    title: str
    event: Event | None
    answer: Answer | None
    problem: str = ""

    @property
    def key(self) -> str:
        return f"{self.what}:{self.of}"

    @property
    def state_on(self) -> date | None:
        """The day after which the state asks for a reason of delay."""
        return self.answer.state_due_on if self.answer else None

    @property
    def law_on(self) -> date | None:
        return self.answer.statutory_due_on if self.answer else None


def dues_of(case: Case) -> list[Due]:
    """In the order of the meetings; then the chain of plan reviews, and that of reevaluations."""
    return [
        *(due for event in case.events for due in _of_evaluation(case, event)),
        *_chain(case, [one for one in case.held() if one.starts_review_clock], REVIEW),
        *_chain(case, [one for one in case.held() if one.starts_evaluation_clock], EVALUATION),
        *_others(case),
    ]


def _of_evaluation(case: Case, event: Event) -> Iterator[Due]:
    """What a referral and a consent start."""
    if event.referred_on is not None and event.evaluation_type == PART_C:
        title = "First IFSP meeting after the referral"
        yield _ask(case, event, "ifsp", title, "part-c-45", {"referral_on": event.referred_on})
    elif event.referred_on is not None and event.evaluation_type == INITIAL and not event.is_final:
        title = "Assessment plan to the parent after the referral"
        yield _ask(case, event, PLAN, title, "assessment-plan", {"referral_on": event.referred_on})
    if event.consent_on is None or event.evaluation_type == PART_C:
        return
    given: dict[str, Value] = {"consent_on": event.consent_on}
    if event.is_by_birthday and case.born_on is not None:
        title = "IEP in effect by the third birthday"
        yield _ask(case, event, BIRTHDAY, title, "c-to-b-iep", given | {"birth_on": case.born_on})
        return
    if event.referred_on is not None:
        given["referral_on"] = event.referred_on
    name = "initial-iep" if event.evaluation_type == INITIAL else "reassessment-iep"
    yield _ask(case, event, SIXTY, "IEP meeting after the consent", name, given)


_CHAINS = {
    REVIEW: ("Plan review", "annual-review", "last_iep_on"),
    EVALUATION: ("Reevaluation", "triennial", "last_evaluation_on"),
}


def _chain(case: Case, started: list[Event], what: str) -> Iterator[Due]:
    """Each meeting starts a clock that the next one of its sort meets; that of the last one runs."""
    for earlier, later in pairwise(started):
        # A first evaluation meets no clock of this sort: the student comes from Part C, or comes back.
        if not later.is_first:
            yield _after(case, earlier, later, what)
    if started and case.runs:
        yield _after(case, started[-1], None, what)


def _after(case: Case, earlier: Event, later: Event | None, what: str) -> Due:
    kind, name, given = _CHAINS[what]
    start = earlier.held_on
    assert start is not None
    title = f"{kind} after the meeting of {start}"
    found = _ask(case, earlier, what, title, name, {given: start})
    answer = found.answer
    if later is None and what == REVIEW and case.situation is not None and case.situation.has_ifsp:
        title = f"IFSP review after the meeting of {start}"
        answer = clock("ifsp-annual").answer({"last_ifsp_on": start}, case.setting(earlier))
        # The rules judge every plan review by a year.
        answer = replace(answer, state_due_on=answer.statutory_due_on)
    return Due(what, earlier.key, title, later, answer, found.problem)


# The clocks that run above with the meetings that meet them.
_OF_MEETINGS = frozenset(
    {"initial-iep", "part-c-45", "c-to-b-iep", "annual-review", "ifsp-annual", "triennial"}
)


def _others(case: Case) -> Iterator[Due]:
    """Whatever else runs for the student: a meeting left open, a transfer, birthdays to come."""
    situation = case.situation_now()
    if situation is None:
        return
    setting = Setting(case.calendar, case.reading(case.today))
    for running in running_clocks(situation):
        # One day for both LEAs: that of the serving one is told.
        is_told = running.clock == "c-to-b-iep" and (
            running.meeting_key is not None or running.lea_code != situation.lea_code
        )
        if is_told or (running.clock in _OF_MEETINGS and running.clock != "c-to-b-iep"):
            continue
        counted = count(running, setting)
        yield Due(
            running.clock, running.about, CLOCKS[running.clock].title, None, counted.answer, counted.problem
        )


def _ask(case: Case, event: Event, what: str, title: str, name: str, given: dict[str, Value]) -> Due:
    try:
        return Due(what, event.key, title, event, clock(name).answer(given, case.setting(event)))
    except ClockError as error:
        return Due(what, event.key, title, event, None, str(error))
