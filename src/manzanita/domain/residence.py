"""Where a student lives, by what SIS files say of it (SENR 1.31), and what is left of what somebody said by hand.

Each enrollment names the district of residence on its own days. Of several on one day the student's own counts
(``domain.stays.rank``), of two alike the newer; a blank says nothing, and neither does a secondary enrollment, or that
of one who never came. Where an enrollment names its own LEA, the student lives there: that is said, and needs no
relation, because the enrollment ties the student to the LEA already.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from manzanita.domain.effective import Span
from manzanita.domain.stays import NO_SHOW, SECONDARY, rank

_DAY = timedelta(days=1)
_CODE = re.compile(r"\d{7}", re.ASCII)
# What is said of one who lives in the district that enrolls the student.
HERE = ""


def is_district_code(text: str) -> bool:
    """County and district, seven digits: as the state writes 1.04, 1.31 and 23.10."""
    return _CODE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Lives:
    """What one enrollment says, from ``first`` to ``last`` inclusive; ``residence_code`` blank: nothing."""

    lea_code: str
    first: date
    last: date | None
    status_code: str
    exit_code: str
    residence_code: str

    @property
    def is_heard(self) -> bool:
        """It says where the student lives. A secondary enrollment does not: it is beside the one that counts."""
        return bool(self.residence_code) and self.status_code != SECONDARY and self.exit_code != NO_SHOW

    @property
    def says(self) -> str:
        return HERE if self.residence_code == self.lea_code else self.residence_code

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


def said_by_sis(enrollments: Iterable[Lives]) -> list[Span[str]]:
    """The days on which any SIS says where the student lives, oldest first, without a gap where it goes on alike: the
    district, or ``HERE``."""
    speaking = [one for one in enrollments if one.is_heard]
    days = sorted(
        {one.first for one in speaking} | {one.last + _DAY for one in speaking if one.last is not None}
    )
    spans: list[Span[str]] = []
    for start, following in zip(days, [*days[1:], None], strict=False):
        counts = _counting(speaking, start)
        if counts is None:
            continue
        end = None if following is None else following - _DAY
        before = spans[-1] if spans else None
        if before is not None and before.value == counts.says and before.end == start - _DAY:
            spans[-1] = replace(before, end=end)
        else:
            spans.append(Span(start, end, counts.says))
    return spans


def _counting(speaking: Iterable[Lives], day: date) -> Lives | None:
    """Of those that are heard the one that counts on the day."""
    return min(
        (one for one in speaking if one.covers(day)),
        key=lambda one: (rank(one.status_code), -one.first.toordinal(), one.lea_code),
        default=None,
    )


def home_on(enrollments: Iterable[Lives], day: date) -> str:
    """The LEA that enrolls the student, where a SIS says that the student lives there (``HERE``); blank where it names
    another, or says nothing."""
    counts = _counting((one for one in enrollments if one.is_heard), day)
    return counts.lea_code if counts is not None and counts.says == HERE else ""


def elsewhere(said: Iterable[Span[str]]) -> list[Span[str]]:
    """Of what is said the days in another district than the one that enrolls: these are relations."""
    return [span for span in said if span.value != HERE]


def first_said(said: Iterable[Span[str]], start: date, end: date | None) -> date | None:
    """The first day from ``start`` to ``end`` on which the SIS says where the student lives."""
    days = [max(span.start, start) for span in said if span.overlaps(start, end)]
    return min(days, default=None)


def left_by_sis(by_hand: Iterable[Span[str]], said: Sequence[Span[str]]) -> list[Span[str]]:
    """What stays of what somebody said by hand: it lasts until a SIS says anything, and does not come back after."""
    left = []
    for span in by_hand:
        until = first_said(said, span.start, span.end)
        if until is None:
            left.append(span)
        elif until > span.start:
            left.append(replace(span, end=until - _DAY))
    return left
