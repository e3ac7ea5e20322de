"""Enrollment and participation: the two days for which other systems keep one "district enrollment date" by hand.

Both follow from what is recorded. *Enrollment start* is the first day of the stay in a district; *participation
start* is the first day in that stay on which the student took part on a plan of the district. Nobody types either.

An infant is served before any SIS enrolls the child: :func:`infant_stays` says where, and from when until when.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.domain.years import year_start

_DAY = timedelta(days=1)
# SENR 1.23: an enrollment beside the one that counts.
PRIMARY, SECONDARY = "10", "20"
# Of several enrollments of a day: primary before short-term before non-ADA before the rest.
_RANKS = {PRIMARY: 0, "30": 1, "50": 2}
# SENR 1.26: enrolled, and never came.
NO_SHOW = "N470"
# A transfer out (T160 and the like) ends a stay, also where it falls into the summer.
_TRANSFER = "T"
# From the end of one school year to the beginning of the next, however early and late.
LONGEST_SUMMER = timedelta(days=120)
_PARTICIPATING = "1"
# PLAN 23.11: an Individualized Family Service Plan, of a child from birth to three.
IFSP = "150"


def rank(status_code: str) -> int:
    """Which enrollment of a day is the student's (SENR 1.23): the one of the lowest rank."""
    return _RANKS.get(status_code, len(_RANKS))


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One enrollment as the SIS states it; ``last`` is its last day, ``None`` while it is open."""

    lea_code: str
    first: date
    last: date | None = None
    status_code: str = "10"
    exit_code: str = ""

    @property
    def counts(self) -> bool:
        """Secondary enrollments do not, and whoever never came was never enrolled."""
        return self.status_code != SECONDARY and self.exit_code != NO_SHOW


@dataclass(frozen=True, slots=True)
class Held:
    """What held from ``first`` to ``last`` inclusive: a status by its code, or a plan by the LEA that reports it."""

    first: date
    last: date | None
    value: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What an LEA reports from ``first`` to ``last`` inclusive: a status by its code, or a plan by its type."""

    lea_code: str
    first: date
    last: date | None
    code: str


@dataclass(frozen=True, slots=True)
class Stay:
    """An unbroken time in one district: enrollments that follow each other, over a summer too."""

    lea_code: str
    first: date
    last: date | None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


def stays_at(enrollments: Iterable[Enrolled], lea_code: str) -> list[Stay]:
    """The stays in one district, oldest first. A change of school inside it goes on, and so does a summer in which the
    student was enrolled nowhere else; a transfer out does not, whenever the student comes back."""
    counting = [one for one in enrollments if one.counts]
    elsewhere = [one for one in counting if one.lea_code != lea_code]
    here = sorted((one for one in counting if one.lea_code == lea_code), key=lambda one: one.first)
    stays: list[Stay] = []
    exit_code = ""
    for one in here:
        before = stays[-1] if stays else None
        if before is not None and _goes_on(before, one, exit_code, elsewhere):
            is_longer = before.last is not None and (one.last is None or one.last > before.last)
            stays[-1] = Stay(lea_code, before.first, one.last if is_longer else before.last)
            exit_code = one.exit_code if is_longer else exit_code
        else:
            stays.append(Stay(lea_code, one.first, one.last))
            exit_code = one.exit_code
    return stays


def _goes_on(before: Stay, one: Enrolled, exit_code: str, elsewhere: Sequence[Enrolled]) -> bool:
    if before.last is None or one.first <= before.last + _DAY:
        return True
    if exit_code.startswith(_TRANSFER):
        return False
    july = year_start(one.first)
    is_summer = before.last < july <= one.first and one.first - before.last <= LONGEST_SUMMER
    first, last = before.last + _DAY, one.first - _DAY
    return is_summer and not any(
        other.first <= last and (other.last is None or other.last >= first) for other in elsewhere
    )


def infant_stays(
    enrollments: Iterable[Enrolled], statuses: Iterable[Reported], plans: Iterable[Reported]
) -> list[Stay]:
    """The times in which an LEA serves a child whom no SIS has enrolled yet, oldest first: it reports status 1, and the
    IFSP in force is its own. They end on the day before the first enrollment, wherever that is: from then on the SIS
    says where the child is. Of any other plan an enrollment is what makes an LEA responsible.

    Such a stay is no arrival: nothing that counts from an enrollment counts from it.
    """
    enrolled = min((one.first for one in enrollments if one.counts), default=None)
    stays: list[Stay] = []
    taking_part = [one for one in statuses if one.code == _PARTICIPATING]
    for plan in (one for one in plans if one.code == IFSP):
        for status in (one for one in taking_part if one.lea_code == plan.lea_code):
            first = max(plan.first, status.first)
            until = None if enrolled is None else enrolled - _DAY
            ends = [end for end in (plan.last, status.last, until) if end is not None]
            last = min(ends) if ends else None
            if last is None or first <= last:
                stays.append(Stay(plan.lea_code, first, last))
    return sorted(stays, key=lambda one: one.first)


def stay_on(enrollments: Iterable[Enrolled], lea_code: str, day: date) -> Stay | None:
    """The stay that covers ``day``, else the next one to begin."""
    stays = stays_at(enrollments, lea_code)
    found = [one for one in stays if one.covers(day)] or [one for one in stays if one.first > day]
    return found[0] if found else None


def enrollment_start(enrollments: Iterable[Enrolled], lea_code: str, day: date) -> date | None:
    """First day of the stay in the district on ``day``, or of the next one; ``None`` where there is none."""
    stay = stay_on(enrollments, lea_code, day)
    return stay.first if stay else None


def participation_start(
    enrollments: Iterable[Enrolled],
    statuses: Iterable[Held],
    plans: Iterable[Held],
    lea_code: str,
    day: date,
) -> date | None:
    """The day since which the student, on ``day``, takes part in the district: enrolled, with status 1, on a plan
    that the district reports, without a break. ``None`` where that is not so on ``day``: of a plan that arrived and
    is not adopted yet, the district has none."""
    stay = stay_on(enrollments, lea_code, day)
    if stay is None or not stay.covers(day):
        return None
    status_spans = [one for one in statuses if one.value == _PARTICIPATING]
    plan_spans = [one for one in plans if one.value == lea_code]
    for first, last in _both(stay, _joined(status_spans), _joined(plan_spans)):
        if first <= day and (last is None or day <= last):
            return first
    return None


def _joined(spans: Iterable[Held]) -> list[tuple[date, date | None]]:
    """Spans that touch, as one."""
    found: list[tuple[date, date | None]] = []
    for one in sorted(spans, key=lambda span: span.first):
        if found and (found[-1][1] is None or one.first <= found[-1][1] + _DAY):
            first, last = found[-1]
            ends = [last, one.last]
            found[-1] = (first, None if None in ends else max(end for end in ends if end is not None))
        else:
            found.append((one.first, one.last))
    return found


def _both(
    stay: Stay, statuses: Sequence[tuple[date, date | None]], plans: Sequence[tuple[date, date | None]]
) -> Iterator[tuple[date, date | None]]:
    """Where stay, status and plan hold together."""
    for status in statuses:
        for plan in plans:
            first = max(stay.first, status[0], plan[0])
            ends = [end for end in (stay.last, status[1], plan[1]) if end is not None]
            last = min(ends) if ends else None
            if last is None or first <= last:
                yield first, last
