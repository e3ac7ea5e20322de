"""Students who come and go in Chaparral in November 2026, by hand: what a coordinator finds on a Monday morning.

They stand behind everybody else in the files, and only where they are asked for (``manzanita synth --movers``): nobody
else is another one by them. What each is becomes of what the files say of the student; nothing says it outright.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.synthetic.agencies import ANY_NONPUBLIC_SCHOOL, CHAPARRAL, HERON_CREEK
from manzanita.synthetic.demo_histories import BUCKEYE, CEANOTHUS, GREAT_EGRET, WILLOW_BEND, initial
from manzanita.synthetic.stays import ENDS_WITH_YEAR, LEFT
from manzanita.synthetic.students import Enrollment, Meeting, Plan, RightsHolder, Service, Status, Student

# Their SSIDs begin behind those of the largest fictitious SELPA: 9909000001 is the first.
FIRST_INDEX = 9_000_001
TOYON_VALLEY = "9910041"
# A district of another SELPA, which no file of this one names; the state's extract knows it all the same.
FAR_DISTRICT = "9800017"
# Sandhill Crane School, a nonpublic school that orgs.csv does not name.
UNLISTED_SCHOOL = "9950037"
NO_KNOWN_ENROLLMENT = "E140"

_REDBUD, _SYCAMORE, _MADIA = "9911003", "9911004", "9915001"
_OPENS = {CHAPARRAL: date(2026, 8, 13), HERON_CREEK: date(2026, 8, 17), TOYON_VALLEY: date(2026, 8, 12)}
_OPENED = {CHAPARRAL: date(2025, 8, 14), HERON_CREEK: date(2025, 8, 18), TOYON_VALLEY: date(2025, 8, 13)}
_CLOSED = date(2026, 6, 5)
_FRIDAY = date(2026, 11, 13)
_VALUES = {
    "23.11": "100",
    "23.14": "200",
    "23.15": "290",
    "23.16": "MMSN",
    "23.20": "400",
    "23.23": "85",
    "23.24": "200",
    "23.33": "N",
    "23.34": "10",
}
_SERVICES = (Service("330", 200), Service("415", 40))


@dataclass(frozen=True, slots=True)
class Mover:
    """One of them. ``has_case``: somebody of the district where the student is has the case already."""

    student: Student
    has_case: bool = False


def movers() -> list[Mover]:
    """In the order of their SSIDs."""
    made = [
        _from_inside("Anhinga", date(2017, 5, 19), HERON_CREEK, GREAT_EGRET, on=date(2026, 11, 16)),
        _from_inside("Bulrush", date(2016, 9, 2), TOYON_VALLEY, _MADIA, on=date(2026, 11, 17)),
        _from_outside("Murre", date(2016, 12, 11), on=date(2026, 11, 18)),
        _from_inside(
            "Shoveler", date(2017, 1, 30), HERON_CREEK, WILLOW_BEND, on=date(2026, 11, 18), left_on=None
        ),
        _review_overdue(),
        _from_outside("Auklet", date(2015, 10, 6), on=date(2026, 11, 12), plan_on=None),
        _returning(),
        _without_plan(),
        _gone("Jaeger", date(2016, 2, 8), left_on=_FRIDAY),
        _gone("Kittiwake", date(2015, 4, 27), left_on=_FRIDAY),
        _gone("Skimmer", date(2014, 7, 15), left_on=date(2026, 10, 30), how=NO_KNOWN_ENROLLMENT),
        _gone("Woodcock", date(2017, 8, 21), left_on=_FRIDAY, to=HERON_CREEK, school=GREAT_EGRET),
        _here("Redpoll", date(2017, 2, 3), CHAPARRAL, _SYCAMORE),
        _here("Tule", date(2016, 5, 2), CHAPARRAL, _SYCAMORE),
        _here("Thistle", date(2016, 11, 24), CHAPARRAL, BUCKEYE),
        _here("Gentian", date(2017, 6, 14), TOYON_VALLEY, _MADIA),
        _placed("Dowitcher", date(2015, 3, 19), on=date(2026, 10, 15)),
    ]
    in_the_case = {"Redpoll", "Tule", "Thistle", "Gentian", "Dowitcher"}
    return [
        Mover(_numbered(number, one), one.first_name in in_the_case)
        for number, one in enumerate(made, FIRST_INDEX)
    ]


def _numbered(index: int, student: Student) -> Student:
    student.index = index
    return student


def _student(first_name: str, birth: date, home: str) -> Student:
    """A student with a parent, and nothing else yet."""
    student = Student(
        index=0,
        first_name=first_name,
        middle_name="",
        birth=birth,
        gender="F" if birth.day % 2 else "M",
        is_hispanic=birth.month % 3 == 0,
        race="700",
        address=f"{birth.day} {first_name} Lane",
        rights_holders=[RightsHolder("Fern", "Mother", phone="707-555-0190")],
    )
    grade = _grade(birth, 2025)
    if home in _OPENED:
        school = {CHAPARRAL: _SYCAMORE, HERON_CREEK: GREAT_EGRET, TOYON_VALLEY: _MADIA}[home]
        student.enrollments = [
            Enrollment(home, school, _OPENED[home], grade, _CLOSED, ENDS_WITH_YEAR),
        ]
    return student


def _grade(birth: date, year: int) -> str:
    """Of a school year, by age on September 1."""
    age = year - birth.year - ((birth.month, birth.day) > (9, 1))
    return f"{age - 5:02d}"


def _served(student: Student, lea: str, plan_on: date) -> Student:
    """Found eligible two years before the plan; reviewed each year, the last time with the plan."""
    first = plan_on.replace(year=plan_on.year - 2)
    student.statuses = [Status(lea, first, "1", initial_entry=first)]
    student.meetings = [
        initial(lea, first, referred_on=date(first.year - 1, 12, 4), consent_on=date(first.year - 1, 12, 18)),
        Meeting(lea, plan_on.replace(year=plan_on.year - 1)),
        Meeting(lea, plan_on),
    ]
    student.plans = [Plan(lea, lea, plan_on, "1", _VALUES, _SERVICES)]
    return student


def _from_inside(
    first_name: str, birth: date, home: str, school: str, *, on: date, left_on: date | None = _FRIDAY
) -> Student:
    """Comes from a district of this SELPA with its plan; without ``left_on`` its SIS has not ended the enrollment."""
    student = _served(_student(first_name, birth, home), home, date(2026, 2, 10))
    grade = _grade(birth, 2026)
    student.enrollments += [
        Enrollment(home, school, _OPENS[home], grade, left_on, LEFT if left_on else ""),
        Enrollment(CHAPARRAL, _REDBUD, on, grade),
    ]
    return student


def _from_outside(
    first_name: str, birth: date, *, on: date, plan_on: date | None = date(2026, 1, 28)
) -> Student:
    """Comes from a district of which only the state's extract speaks; without ``plan_on`` it has a status alone."""
    student = _student(first_name, birth, FAR_DISTRICT)
    student.selpa_code = "9800"
    student.enrollments = [Enrollment(CHAPARRAL, _REDBUD, on, _grade(birth, 2026))]
    if plan_on is None:
        student.statuses = [
            Status(FAR_DISTRICT, date(2024, 2, 7), "1", initial_entry=date(2024, 2, 7)),
        ]
        return student
    return _served(student, FAR_DISTRICT, plan_on)


def _review_overdue() -> Student:
    """Comes from Heron Creek, where the review of the plan was due on November 3 and was not held."""
    student = _from_inside("Yellowlegs", date(2016, 3, 9), HERON_CREEK, GREAT_EGRET, on=date(2026, 11, 16))
    return _served(student, HERON_CREEK, date(2025, 11, 3))


def _returning() -> Student:
    """Was served in Chaparral until June 2025, then in Heron Creek, and is back."""
    birth = date(2015, 6, 25)
    student = _student("Fulmar", birth, HERON_CREEK)
    student.enrollments = [
        Enrollment(
            CHAPARRAL, _SYCAMORE, date(2024, 8, 15), _grade(birth, 2024), date(2025, 6, 6), ENDS_WITH_YEAR
        ),
        *student.enrollments,
        Enrollment(HERON_CREEK, GREAT_EGRET, _OPENS[HERON_CREEK], _grade(birth, 2026), _FRIDAY, LEFT),
        Enrollment(CHAPARRAL, CEANOTHUS, date(2026, 11, 17), _grade(birth, 2026)),
    ]
    student = _served(student, HERON_CREEK, date(2026, 3, 4))
    first = date(2024, 3, 4)
    student.statuses = [Status(CHAPARRAL, first, "1", initial_entry=first)]
    student.plans.insert(0, Plan(CHAPARRAL, CHAPARRAL, date(2025, 3, 4), "1", _VALUES, _SERVICES))
    return student


def _without_plan() -> Student:
    """Comes from Heron Creek, where the family declined services: eligible, and not participating."""
    student = _from_inside("Currant", date(2016, 1, 20), HERON_CREEK, GREAT_EGRET, on=date(2026, 11, 12))
    student.enrollments[-2] = Enrollment(
        HERON_CREEK,
        GREAT_EGRET,
        _OPENS[HERON_CREEK],
        _grade(student.birth, 2026),
        date(2026, 11, 10),
        LEFT,
    )
    student.statuses = [Status(HERON_CREEK, date(2026, 5, 12), "2", "11")]
    student.meetings = [
        initial(
            HERON_CREEK,
            date(2026, 5, 12),
            referred_on=date(2026, 3, 9),
            consent_on=date(2026, 3, 23),
            referred_by="20",
        )
    ]
    student.plans = []
    return student


def _gone(
    first_name: str, birth: date, *, left_on: date, how: str = LEFT, to: str = "", school: str = ""
) -> Student:
    """Was here, and the SIS has ended the enrollment; nobody has said anything of the plan. ``to``: where the student
    is now."""
    student = _here(first_name, birth, CHAPARRAL, _SYCAMORE)
    here = student.enrollments.pop()
    student.enrollments.append(Enrollment(here.lea, here.school, here.start, here.grade, left_on, how))
    if to:
        student.enrollments.append(Enrollment(to, school, date(2026, 11, 17), here.grade))
    return student


def _here(first_name: str, birth: date, lea: str, school: str) -> Student:
    """Is enrolled and takes part."""
    student = _served(_student(first_name, birth, lea), lea, date(2026, 2, 26))
    student.enrollments.append(Enrollment(lea, school, _OPENS[lea], _grade(birth, 2026)))
    return student


def _placed(first_name: str, birth: date, *, on: date) -> Student:
    """Chaparral's meeting has placed the student in a nonpublic school, which the directory does not know yet."""
    student = _student(first_name, birth, CHAPARRAL)
    _served(student, CHAPARRAL, date(2026, 2, 26))
    student.meetings.append(Meeting(CHAPARRAL, on - timedelta(days=2)))
    there = _VALUES | {"23.15": "260", "23.20": "300", "23.23": "0", "23.24": "300", "23.33": "Y"}
    services = (Service("330", 1500, provider="410", location="810"),)
    student.plans.append(Plan(CHAPARRAL, CHAPARRAL, on, "1", there, services))
    grade, before = _grade(birth, 2026), on - timedelta(days=1)
    student.enrollments += [
        Enrollment(CHAPARRAL, CEANOTHUS, _OPENS[CHAPARRAL], grade, before, LEFT),
        Enrollment(CHAPARRAL, ANY_NONPUBLIC_SCHOOL, on, grade, nps=UNLISTED_SCHOOL),
    ]
    return student
