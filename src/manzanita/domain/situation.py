"""What is recorded of one student on a day, as far as clocks count from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from manzanita.domain.referrals import Waits
from manzanita.domain.scenarios import EVENTS, PARTICIPATING
from manzanita.domain.stays import IFSP


@dataclass(frozen=True, slots=True)
class OpenMeeting:
    """A meeting that is not final. ``key`` names it; ``is_held`` says that the team has met, on ``held_on``."""

    key: int
    event_key: str
    lea_code: str
    school_code: str
    opened_on: date
    is_plan_review: bool = False
    evaluation_type_code: str = ""
    referred_on: date | None = None
    consent_on: date | None = None
    held_on: date | None = None

    @property
    def clock(self) -> str:
        event = EVENTS.get(self.event_key)
        return event.clock if event else ""


@dataclass(frozen=True, slots=True)
class Request:
    """An open request of another LEA for the record."""

    key: int
    lea_code: str
    asked_on: date


@dataclass(frozen=True, slots=True)
class Referred:
    """A referral for assessment that waits: see ``domain.referrals``."""

    lea_code: str
    school_code: str
    on: date
    waits_for: Waits


@dataclass(frozen=True, slots=True)
class Situation:
    """What is recorded of one student on ``today``: the day's primary enrollment, the plan in force, open meetings.

    ``lea_code`` is that of the enrollment. ``is_infant_stay``: there is none, and it is the LEA that serves the infant
    by status and IFSP (``domain.stays.infant_stays``); ``enrolled_on`` is ``None``, so that nothing counts from it.
    ``came_from_elsewhere``: before this enrollment another SELPA's LEA had the student, and its plan is still the one
    that counts, as it is or as it was adopted here. ``reviewed_here_on``: the newest meeting held at the LEA of the
    enrollment. ``has_transition``: the plan in force answers every transition indicator with yes. ``part_b_lea``: of a
    child with an IFSP, the LEA that owes the IEP where it is another (``students.infants.part_b_leas``).
    ``is_part_b_evaluated``: the evaluation that leads from Part C to Part B is final.
    """

    today: date
    birth_on: date | None = None
    status_code: str = ""
    lea_code: str = ""
    school_code: str = ""
    enrolled_on: date | None = None
    is_infant_stay: bool = False
    plan_type_code: str = ""
    has_transition: bool = False
    came_from_elsewhere: bool = False
    reviewed_here_on: date | None = None
    last_plan_review_on: date | None = None
    last_evaluation_on: date | None = None
    part_b_lea: str = ""
    is_part_b_evaluated: bool = False
    meetings: tuple[OpenMeeting, ...] = ()
    requests: tuple[Request, ...] = ()
    referrals: tuple[Referred, ...] = ()

    @property
    def participates(self) -> bool:
        is_here = self.enrolled_on is not None or self.is_infant_stay
        return is_here and self.status_code == PARTICIPATING

    @property
    def has_ifsp(self) -> bool:
        return self.plan_type_code == IFSP
