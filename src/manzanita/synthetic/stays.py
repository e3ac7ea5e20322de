"""At which LEA and school a student was on each day: stays, and the enrollments they are written as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.synthetic.agencies import ANY_NONPUBLIC_SCHOOL, ANY_PRIVATE_SCHOOL, GRADES, Selpa
from manzanita.synthetic.offers import Placement
from manzanita.synthetic.schoolyear import age_on, first_day, last_day, school_year
from manzanita.synthetic.students import Enrollment

ENDS_WITH_YEAR, LEFT, COMPLETED = "E155", "E400", "E230"
DIPLOMA, CERTIFICATE = "100", "120"
NON_ADA = "50"

_DAY = timedelta(days=1)
_HIGH_SCHOOL = GRADES.index("09")
_ADULT_AGE_GRADE = "12"


@dataclass(frozen=True, slots=True)
class Stay:
    """Days at one LEA, both included; ``end`` is ``None`` while it lasts."""

    lea: str
    start: date
    end: date | None = None

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Schooling:
    """What decides grades and schools. ``pick`` chooses among the schools of an LEA, the same every year."""

    birth: date
    selpa: Selpa
    home: str
    placement: Placement
    pick: int
    goes_to_tk: bool

    def grade(self, year: int) -> str:
        """Grade of a school year, by age on September 1."""
        age = age_on(self.birth, date(year, 9, 1))
        if age < 3:
            return "IN"
        if age == 3 or (age == 4 and not self.goes_to_tk):
            return "PS"
        if age == 4:
            return "TK"
        return GRADES[min(age - 5 + GRADES.index("KN"), len(GRADES) - 1)] if age < 18 else _ADULT_AGE_GRADE

    def lea(self, year: int) -> str:
        """The LEA that teaches the student in a school year."""
        if self.placement is Placement.COUNTY_PROGRAM:
            return self.selpa.county_office.code
        is_beyond = GRADES.index(self.grade(year)) >= _HIGH_SCHOOL
        return (is_beyond and self.selpa.lea_by_code[self.home].goes_on_in) or self.home

    def opens(self, lea: str, year: int) -> date:
        """The first day of a school year at an LEA."""
        return first_day(year, self.selpa.lea_by_code[lea].offset)


def stays_by_year(schooling: Schooling, start: date, until: date | None, this_year: int) -> list[Stay]:
    """Stays from ``start`` on, where nobody moves except from one school year to the next."""
    stays: list[Stay] = []
    for year in range(school_year(start), this_year + 1):
        lea = schooling.lea(year)
        if stays and stays[-1].lea == lea:
            continue
        if stays:
            stays[-1] = Stay(stays[-1].lea, stays[-1].start, last_day(year - 1))
        stays.append(Stay(lea, max(start, schooling.opens(lea, year))))
    if until is not None:
        stays = [stay for stay in stays if stay.start <= until]
        stays[-1] = Stay(stays[-1].lea, stays[-1].start, until)
    return stays


def with_move(stays: Sequence[Stay], old_lea: str, on: date, left_on: date) -> list[Stay]:
    """The same stays where the student came from ``old_lea`` on ``on``, after a last day there."""
    first = stays[0]
    return [
        Stay(old_lea, first.start, left_on),
        *(_from(stay, on) for stay in stays if _ends_after(stay, on)),
    ]


def _from(stay: Stay, on: date) -> Stay:
    return Stay(stay.lea, max(stay.start, on), stay.end)


def _ends_after(stay: Stay, on: date) -> bool:
    return stay.end is None or stay.end >= on


def lea_on(stays: Sequence[Stay], day: date) -> str:
    """The LEA of the last stay that began by ``day``, or of the first one."""
    return next((stay.lea for stay in reversed(stays) if stay.start <= day), stays[0].lea)


def enrollments(
    schooling: Schooling, stays: Sequence[Stay], as_of: date, completion: str = ""
) -> list[Enrollment]:
    """One enrollment for each school year of each stay, the open one without an end.

    ``completion`` is how the student finished school on the last day of the last stay.
    """
    made: list[Enrollment] = []
    for stay in stays:
        for year in range(school_year(stay.start), school_year(stay.end or as_of) + 1):
            start = max(stay.start, schooling.opens(stay.lea, year))
            end = min(stay.end or date.max, last_day(year))
            if start > as_of or start > end:
                continue
            is_open = end > as_of or (stay.end is None and year == school_year(as_of))
            # Whoever leaves for good on the last day of school is not expected back.
            is_over = stay is stays[-1] and end == stay.end
            reason = ENDS_WITH_YEAR if end == last_day(year) and not is_over else LEFT
            made.append(
                _enrollment(
                    schooling, stay.lea, year, start, None if is_open else end, "" if is_open else reason
                )
            )
    if completion:
        last = made[-1]
        made[-1] = Enrollment(
            last.lea, last.school, last.start, last.grade, last.end, COMPLETED, completion, last.status, last.nps,
            last.residence,
        )  # fmt: skip
    return made


def _enrollment(
    schooling: Schooling, lea: str, year: int, start: date, end: date | None, reason: str
) -> Enrollment:
    # An infant goes on in the infant program until the third birthday, whatever the school year says.
    is_county = lea == schooling.selpa.county_office.code
    grade = schooling.grade(year)
    if grade in ("IN", "PS"):
        grade = "IN" if is_county else "PS"
    residence = schooling.home if is_county else lea
    if schooling.placement is Placement.NONPUBLIC:
        choice = schooling.selpa.nonpublic_schools
        nps = choice[schooling.pick % len(choice)].code
        return Enrollment(lea, ANY_NONPUBLIC_SCHOOL, start, grade, end, reason, nps=nps, residence=residence)
    if schooling.placement is Placement.PRIVATE:
        return Enrollment(
            lea, ANY_PRIVATE_SCHOOL, start, grade, end, reason, status=NON_ADA, residence=residence
        )
    schools = schooling.selpa.schools_for(lea, grade)
    school = schools[schooling.pick % len(schools)].code
    return Enrollment(lea, school, start, grade, end, reason, residence=residence)
