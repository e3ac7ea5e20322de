"""Which clocks of the law run for a student now, from what is recorded (``domain.situation``).

A clock *runs* from the day its inputs are known until what it asks for is done. :func:`running_clocks` answers that for
one student; :func:`count` gives its dates. What starts and ends each stands in ``domain.watched_clocks``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from manzanita.domain.clocks import Answer, ClockError, Setting, Value, clock
from manzanita.domain.clocks.ages import LAST_YEARS, MAJORITY_YEARS, TRANSITION_YEARS
from manzanita.domain.clocks.early_start import IFSP_DAYS, WINDOW_OPENS_MONTHS, third_birthday_of
from manzanita.domain.dates import months_after, years_after
from manzanita.domain.referrals import Waits
from manzanita.domain.situation import OpenMeeting, Situation
from manzanita.domain.watched_clocks import WATCHED, Watched

# A plan lasts a year: what a birthday asks for is looked for from one year before.
_AHEAD_MONTHS = 12
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Running:
    """One clock that runs. ``about`` tells two of the same clock apart; ``meeting_key`` is the open meeting that it is
    about, or that would end it. ``problem`` says why it cannot be counted, and how to mend that."""

    clock: str
    lea_code: str
    school_code: str
    given: Mapping[str, Value] = field(default_factory=dict)
    started_on: date | None = None
    about: str = ""
    meeting_key: int | None = None
    problem: str = ""

    @property
    def watched(self) -> Watched:
        return WATCHED[self.clock]


@dataclass(frozen=True, slots=True)
class Counted:
    """The dates of a running clock. ``due_on`` is the earlier of the law's and the state's; it meets both."""

    running: Running
    answer: Answer | None
    problem: str = ""

    @property
    def statutory_due_on(self) -> date | None:
        return self.answer.statutory_due_on if self.answer else None

    @property
    def state_due_on(self) -> date | None:
        return self.answer.state_due_on if self.answer else None

    @property
    def due_on(self) -> date | None:
        return min((day for day in (self.statutory_due_on, self.state_due_on) if day), default=None)


def count(running: Running, setting: Setting) -> Counted:
    """The dates of a running clock under the school's calendar; a problem in words where there are none."""
    if running.problem:
        return Counted(running, None, running.problem)
    try:
        answer = clock(running.clock).answer(running.given, setting)
    except ClockError as error:
        return Counted(running, None, str(error))
    counted = Counted(running, answer)
    if counted.due_on is not None:
        return counted
    return Counted(running, answer, answer.trace[-1].why if answer.trace else "The law sets no date.")


def running_clocks(now: Situation) -> Iterator[Running]:
    """Every clock that runs for the student, those that cannot be counted included."""
    yield from _of_meetings(now)
    yield from _of_referrals(now)
    for request in now.requests:
        yield Running(
            "records-to-new-lea",
            request.lea_code,
            "",
            {"request_on": request.asked_on},
            request.asked_on,
            f"request:{request.key}",
        )
    if now.participates:
        yield from _of_reviews(now)
        yield from _of_transfer(now)
        yield from _of_early_start(now)
        yield from _of_ages(now)


def _of_meetings(now: Situation) -> Iterator[Running]:
    for meeting in now.meetings:
        begun = meeting.held_on or meeting.opened_on
        yield _about(meeting, "leftover-meeting", {"meeting_on": begun}, begun)
        if meeting.held_on is not None:
            continue
        if meeting.clock == "third_birthday":
            yield from _c_to_b(now, meeting)
        elif meeting.consent_on is not None:
            yield _about(meeting, "initial-iep", consent_inputs(meeting), meeting.consent_on)
        if meeting.event_key == "part_c_initial" and meeting.referred_on is not None:
            yield _about(meeting, "part-c-45", {"referral_on": meeting.referred_on}, meeting.referred_on)


def _of_referrals(now: Situation) -> Iterator[Running]:
    """Of a child under three the 45 days to the first IFSP meeting, which nothing but that meeting ends; but not where
    the referral comes too late for them before the third birthday (34 CFR 303.209(b)(1)(iii))."""
    for one in now.referrals:
        if now.birth_on and (third_birthday_of(now.birth_on) - one.on).days >= IFSP_DAYS:
            name = "part-c-45"
        elif one.waits_for in CLOCK_OF:
            name = CLOCK_OF[one.waits_for]
        else:
            continue
        yield Running(
            name, one.lea_code, one.school_code, {"referral_on": one.on}, one.on, f"referral:{one.lea_code}"
        )


# The parent's answer to the plan has no day by which it must come.
CLOCK_OF: Mapping[Waits, str] = MappingProxyType(
    {Waits.PLAN: "assessment-plan", Waits.NOTICE: "assessment-refused"}
)


def consent_inputs(meeting: OpenMeeting) -> dict[str, Value]:
    """The inputs of the 60 days that a meeting holds."""
    days = {"consent_on": meeting.consent_on, "referral_on": meeting.referred_on}
    return {name: day for name, day in days.items() if day is not None}


def _about(meeting: OpenMeeting, name: str, given: Mapping[str, Value], started_on: date) -> Running:
    about = f"meeting:{meeting.key}"
    return Running(name, meeting.lea_code, meeting.school_code, given, started_on, about, meeting.key)


def _c_to_b(now: Situation, meeting: OpenMeeting) -> Iterator[Running]:
    if now.birth_on is None:
        found = _about(
            meeting, "initial-iep", consent_inputs(meeting), meeting.consent_on or meeting.opened_on
        )
        yield found if meeting.consent_on else _unknown(now, "c-to-b-iep", _NO_BIRTH)
        return
    given: dict[str, Value] = {"birth_on": now.birth_on}
    if meeting.consent_on is not None:
        given["consent_on"] = meeting.consent_on
    yield _about(meeting, "c-to-b-iep", given, meeting.consent_on or now.birth_on)


_NO_BIRTH = "The date of birth is not known; the SIS delivers it."


def _unknown(now: Situation, name: str, problem: str) -> Running:
    return Running(name, now.lea_code, now.school_code, problem=problem)


def _of_reviews(now: Situation) -> Iterator[Running]:
    review = _meeting_for(now, is_plan_review=True)
    held = review.held_on if review else None
    last = max((day for day in (now.last_plan_review_on, held) if day), default=None)
    # A meeting that is held has ended the clock that it met; it is no longer the one that would meet the next.
    open_key = review.key if review and held is None else None
    names = ("ifsp-annual", "ifsp-review") if now.has_ifsp else ("annual-review",)
    for name in names:
        if last is None:
            if name != "ifsp-review":
                yield _unknown(
                    now,
                    name,
                    "No plan review is known of this student: take over what the state holds, or hold the review.",
                )
            continue
        key = "last_ifsp_on" if now.has_ifsp else "last_iep_on"
        found = Running(name, now.lea_code, now.school_code, {key: last}, last, "", open_key)
        if found.watched.is_end_known or now.today <= months_after(last, 6):
            yield found
    if now.has_ifsp:
        return
    triennial = _meeting_for(now, is_plan_review=False)
    held = triennial.held_on if triennial else None
    last = max((day for day in (now.last_evaluation_on, held) if day), default=None)
    open_key = triennial.key if triennial and held is None else None
    if last is None:
        yield _unknown(
            now,
            "triennial",
            "No evaluation is known of this student: take over what the state holds, or reevaluate.",
        )
    else:
        yield Running(
            "triennial", now.lea_code, now.school_code, {"last_evaluation_on": last}, last, "", open_key
        )


def _meeting_for(now: Situation, *, is_plan_review: bool) -> OpenMeeting | None:
    """The open meeting that would be the plan review, or the reevaluation."""
    for meeting in now.meetings:
        if meeting.is_plan_review if is_plan_review else meeting.evaluation_type_code == "40":
            return meeting
    return None


def _of_transfer(now: Situation) -> Iterator[Running]:
    enrolled = now.enrolled_on
    if enrolled is None or not now.came_from_elsewhere:
        return
    if now.reviewed_here_on is not None and now.reviewed_here_on >= enrolled:
        return
    meeting = next((one for one in now.meetings if one.event_key == "thirty_day"), None)
    if meeting is not None and meeting.held_on is not None:
        return
    yield Running(
        "transfer-30",
        now.lea_code,
        now.school_code,
        {"enrolled_on": enrolled},
        enrolled,
        f"enrollment:{enrolled.isoformat()}",
        meeting.key if meeting else None,
    )


def _of_early_start(now: Situation) -> Iterator[Running]:
    if not now.has_ifsp:
        return
    if now.birth_on is None:
        yield _unknown(now, "c-to-b-iep", _NO_BIRTH)
        return
    third = third_birthday_of(now.birth_on)
    ends = {"part-c-notice": months_after(third, -6), "transition-conference": third - timedelta(days=90)}
    for name, end in ends.items():
        if months_after(end, -_AHEAD_MONTHS) <= now.today <= end:
            yield _by_birth(now, name, now.birth_on)
    is_begun = any(one.clock == "third_birthday" for one in now.meetings)
    if is_begun or now.is_part_b_evaluated or now.today < months_after(now.birth_on, WINDOW_OPENS_MONTHS):
        return
    yield _by_birth(now, "c-to-b-iep", now.birth_on)
    if now.part_b_lea not in ("", now.lea_code):
        given = {"birth_on": now.birth_on}
        yield Running("c-to-b-iep", now.part_b_lea, "", given, now.birth_on, f"lea:{now.part_b_lea}")


_AGES = {
    "transition-plan": TRANSITION_YEARS,
    "majority-notice": MAJORITY_YEARS - 1,
    "age-of-majority": MAJORITY_YEARS,
    "maximum-age": LAST_YEARS,
}


def _of_ages(now: Situation) -> Iterator[Running]:
    if now.birth_on is None or now.has_ifsp:
        return
    for name, years in _AGES.items():
        birthday = years_after(now.birth_on, years)
        # The last day of eligibility may lie half a year before the birthday.
        ahead = _AHEAD_MONTHS + 6 if name == "maximum-age" else _AHEAD_MONTHS
        if months_after(birthday, -ahead) > now.today:
            continue
        if not WATCHED[name].is_end_known and now.today > birthday:
            continue
        if name == "transition-plan" and now.has_transition:
            continue
        yield _by_birth(now, name, now.birth_on)


def _by_birth(now: Situation, name: str, birth_on: date) -> Running:
    return Running(name, now.lea_code, now.school_code, {"birth_on": birth_on}, birth_on)
