"""The four lists of data noncompliance (DINC) of one student, as of any day: which lists, and why.

A list is current (not done, and the day is past) or held late (done after its day, until the next one is held).
The dates are the state's: one year and three years from meeting to meeting, 60 calendar days from consent
(16.25), the third birthday (16.26). Whether the state counts a member as noncompliant is another question: overdue, and
without a reason of delay that it takes (``domain.delays.is_excuse``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from manzanita.domain.clocks.ages import TRANSITION_YEARS
from manzanita.domain.clocks.early_start import third_birthday_of
from manzanita.domain.clocks.evaluation import CONSENT_DAYS
from manzanita.domain.clocks.reviews import annual_due_on, triennial_due_on
from manzanita.domain.dates import years_after
from manzanita.domain.years import year_start


@dataclass(frozen=True, slots=True)
class DincList:
    """One list. ``clock`` is the running clock of its current members; ``report`` the state's report beside it."""

    key: str
    number: int
    title: str
    meaning: str
    clock: str
    is_held: bool
    report: str


DINC: Mapping[str, DincList] = MappingProxyType(
    {
        one.key: one
        for one in (
            DincList(
                "1-annual", 1, "Annual review overdue",
                "The last plan review is more than a year ago, and the next has not been held.",
                "annual-review", False, "16.21",
            ),
            DincList(
                "1-triennial", 1, "Reevaluation overdue",
                "The last evaluation is more than three years ago, and the next has not been held.",
                "triennial", False, "16.21",
            ),
            DincList(
                "1-annual-held", 1, "Annual review held late",
                "The newest plan review was held more than a year after the one before. The student stays until the "
                "next one is held.",
                "annual-review", True, "16.21",
            ),
            DincList(
                "1-triennial-held", 1, "Reevaluation held late",
                "The newest evaluation was held more than three years after the one before.",
                "triennial", True, "16.21",
            ),
            DincList(
                "2-overdue", 2, "Initial evaluation past 60 days",
                "More than 60 calendar days since the consent, and the meeting has not been held.",
                "initial-iep", False, "16.25",
            ),
            DincList(
                "2-held", 2, "Initial evaluation held after 60 days",
                "The meeting was held more than 60 calendar days after the consent, with a consent since May 1 of the "
                "school year before.",
                "initial-iep", True, "16.25",
            ),
            DincList(
                "3-overdue", 3, "Part C to B past the third birthday",
                "The child with an IFSP is three, and the evaluation has not been held.",
                "c-to-b-iep", False, "16.26",
            ),
            DincList(
                "3-held", 3, "Part C to B held after the third birthday",
                "The first evaluation for an IEP was held after the third birthday of a child with an IFSP.",
                "c-to-b-iep", True, "16.26",
            ),
            DincList(
                "4", 4, "Transition indicators missing or no",
                "The student is 16 or older, and the plan in force lacks a transition indicator or says no.",
                "transition-plan", False, "",
            ),
        )
    }
)  # fmt: skip


# The state counts whether the plan in force is complete, and sets no day of its own.
UNDATED: Mapping[str, DincList] = MappingProxyType({DINC["4"].clock: DINC["4"]})


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting that was held and is final, or known to the state. ``delay_code`` is its reason of delay."""

    held_on: date
    is_plan_review: bool = False
    evaluation_type_code: str = ""
    consent_on: date | None = None
    delay_code: str = ""

    @property
    def is_initial(self) -> bool:
        return self.evaluation_type_code in ("10", "15")

    @property
    def is_evaluation(self) -> bool:
        return self.is_initial or self.evaluation_type_code == "40"


@dataclass(frozen=True, slots=True)
class Span:
    """``value`` from ``first`` to ``last`` inclusive; ``None`` is open. A stay's value is (LEA, school)."""

    first: date
    last: date | None
    value: tuple[str, ...]

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class History:
    """What is believed of one student over all days: what was held, which consents wait, where the student was, and
    under which status and plan. ``plans`` hold (plan type, "1" where no transition indicator lacks).
    ``stays`` are enrollments, and where there is none yet those of an infant (``domain.stays.infant_stays``), at no
    school."""

    birth_on: date | None
    held: Sequence[Held] = ()
    waiting: Sequence[date] = ()
    stays: Sequence[Span] = ()
    statuses: Sequence[Span] = ()
    plans: Sequence[Span] = ()

    def at(self, day: date) -> tuple[str, ...] | None:
        """LEA and school on ``day``."""
        return next((one.value for one in self.stays if one.covers(day)), None)

    def plan_on(self, day: date) -> tuple[str, ...]:
        return next((one.value for one in self.plans if one.covers(day)), ("", ""))

    def had_ifsp_before(self, day: date) -> bool:
        return any(one.value[0] == "150" and one.first < day for one in self.plans)


@dataclass(frozen=True, slots=True)
class Late:
    """A meeting that was held after its day."""

    list_key: str
    started_on: date
    due_on: date
    held_on: date
    delay_code: str

    @property
    def clock(self) -> str:
        return DINC[self.list_key].clock


def held_late(history: History, as_of: date) -> Iterator[Late]:
    """The newest meeting of each clock, where it was held after its day."""
    done = sorted((one for one in history.held if one.held_on <= as_of), key=lambda one: one.held_on)
    reviews = [one for one in done if one.is_plan_review or one.is_initial]
    evaluations = [one for one in done if one.is_evaluation]
    for key, rows, due_after in (
        ("1-annual-held", reviews, annual_due_on),
        ("1-triennial-held", evaluations, triennial_due_on),
    ):
        if len(rows) > 1 and not rows[-1].is_initial:
            due = due_after(rows[-2].held_on)
            if rows[-1].held_on > due:
                yield Late(key, rows[-2].held_on, due, rows[-1].held_on, rows[-1].delay_code)
    initial = next((one for one in reversed(done) if one.is_initial), None)
    if initial is None:
        return
    if history.birth_on is not None and history.had_ifsp_before(initial.held_on):
        third = third_birthday_of(history.birth_on)
        if initial.evaluation_type_code == "10" and initial.held_on > third:
            yield Late("3-held", history.birth_on, third, initial.held_on, initial.delay_code)
    elif initial.consent_on is not None and initial.consent_on >= window_opens(as_of):
        due = initial.consent_on + timedelta(days=CONSENT_DAYS)
        if initial.held_on > due:
            yield Late("2-held", initial.consent_on, due, initial.held_on, initial.delay_code)


def window_opens(as_of: date) -> date:
    """Consents from May 1 of the school year before count for 16.25."""
    return date(year_start(as_of).year, 5, 1)


def lists_at(history: History, day: date) -> set[str]:
    """The lists on which the student stood at the end of ``day``, by what is believed now."""
    if history.at(day) is None:
        return set()
    found = {one.list_key for one in held_late(history, day)}
    found |= {"2-overdue" for consent in history.waiting if consent + timedelta(days=CONSENT_DAYS) < day}
    if not any(one.covers(day) and one.value == ("1",) for one in history.statuses):
        return found - {"1-annual-held", "1-triennial-held"}
    plan_type, is_complete = history.plan_on(day)
    done = [one for one in history.held if one.held_on <= day]
    if plan_type == "150":
        if history.birth_on is not None and third_birthday_of(history.birth_on) < day:
            found.add("3-overdue")
        return found
    last_review = max((one.held_on for one in done if one.is_plan_review or one.is_initial), default=None)
    last_evaluation = max((one.held_on for one in done if one.is_evaluation), default=None)
    if last_review is not None and annual_due_on(last_review) < day:
        found.add("1-annual")
    if last_evaluation is not None and triennial_due_on(last_evaluation) < day:
        found.add("1-triennial")
    if (
        history.birth_on is not None
        and years_after(history.birth_on, TRANSITION_YEARS) <= day
        and not is_complete
    ):
        found.add("4")
    return found


def month_ends(today: date, months: int = 12) -> list[date]:
    """The last days of the ``months`` months before that of ``today``, and ``today``, in order."""
    found, day = [today], today
    for _ in range(months):
        day = day.replace(day=1) - timedelta(days=1)
        found.append(day)
    return found[::-1]
