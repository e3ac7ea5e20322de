"""The random students: what became of each of them, and the history that follows.

Each student draws from a generator of their own, seeded with (seed, index), so that any one of them can be made
alone, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from random import Random

from manzanita.synthetic.agencies import STUDENTS_IN_A_SELPA, Selpa, selpas_for
from manzanita.synthetic.disabilities import Disability, draw_disability, weighted
from manzanita.synthetic.history import (
    ADOPTION,
    NEW_PLAN,
    NOT_ELIGIBLE,
    Chronicle,
    Held,
    Kind,
    backward,
    forward,
    newest_review,
    random_day,
)
from manzanita.synthetic.offers import Placement, draw_needs
from manzanita.synthetic.outcomes import draw_outcomes
from manzanita.synthetic.people import draw_birth, draw_student, place_in_foster_care
from manzanita.synthetic.schoolyear import (
    SchoolDays,
    add_years,
    age_on,
    census_day,
    first_day,
    last_day,
    school_year,
)
from manzanita.synthetic.stays import (
    CERTIFICATE,
    DIPLOMA,
    Schooling,
    Stay,
    enrollments,
    stays_by_year,
    with_move,
)
from manzanita.synthetic.students import Student

HISTORY_YEARS = 3
_DAY = timedelta(days=1)

# Age on September 1 -> how many of a thousand or so students with disabilities.
_AGES = {
    "0": 4,
    "1": 11,
    "2": 22,
    "3": 40,
    "4": 48,
    "5": 56,
    "6": 64,
    "7": 70,
    "8": 75,
    "9": 78,
    "10": 78,
    "11": 77,
    "12": 75,
    "13": 73,
    "14": 71,
    "15": 69,
    "16": 66,
    "17": 62,
    "18": 36,
    "19": 30,
    "20": 26,
    "21": 5,
}
_GENERAL_AGES = {str(age): 1 for age in range(5, 18)}
_YOUNGEST = timedelta(days=130)
_INFANT_NEWEST = timedelta(days=5)


class Course(StrEnum):
    """What became of a student in the years of the files."""

    PARTICIPATES = "participates"
    MOVED_AWAY = "moved out of the SELPA"
    GRADUATED = "completed school"
    NO_LONGER = "no longer eligible"
    REVOKED = "services revoked by the parent"
    DECLINED = "offer declined"
    NEVER = "found not eligible"
    STARTS_LATER = "found eligible in spring, starts in autumn"


_COURSES = {
    Course.PARTICIPATES: 91.0,
    Course.MOVED_AWAY: 3.0,
    Course.NO_LONGER: 1.5,
    Course.REVOKED: 1.2,
    Course.DECLINED: 0.8,
    Course.NEVER: 1.0,
    Course.STARTS_LATER: 1.5,
}
_SERVED_TO_THE_END = (Course.PARTICIPATES, Course.MOVED_AWAY, Course.GRADUATED)
_ENDING = (Course.MOVED_AWAY, Course.GRADUATED, Course.NO_LONGER, Course.REVOKED)


@dataclass(frozen=True)
class World:
    """What all students have in common: seed, the day the files are of, the SELPAs, and the school days.

    ``student_count`` counts students with special education records.
    """

    seed: int
    as_of: date
    student_count: int
    reserved_names: frozenset[str] = frozenset()

    @cached_property
    def year(self) -> int:
        """School year of ``as_of``."""
        return school_year(self.as_of)

    @cached_property
    def first_year(self) -> int:
        """The school year in which the files begin."""
        return self.year - HISTORY_YEARS

    @cached_property
    def days(self) -> SchoolDays:
        return SchoolDays.between(self.first_year - 2, self.year + 1)

    @cached_property
    def begin(self) -> date:
        """The first school day of the files on which every LEA teaches."""
        return self.days.on_or_after(first_day(self.first_year, 2))

    @cached_property
    def selpas(self) -> tuple[Selpa, ...]:
        return selpas_for(self.student_count)

    def selpa_of(self, index: int) -> Selpa:
        """One SELPA after the other is filled; who has no special education is spread over all of them."""
        full = (index - 1) // STUDENTS_IN_A_SELPA
        return self.selpas[full if index <= self.student_count else index % len(self.selpas)]

    def random(self, index: int) -> Random:
        return Random(f"{self.seed}/{index}")


def general_education_student(world: World, index: int) -> Student:
    """A student without any special education record, enrolled for up to three years."""
    rng = world.random(index)
    age = int(weighted(rng, _GENERAL_AGES))
    birth = draw_birth(rng, age, world.year, world.as_of)
    student = draw_student(rng, index, birth, world.as_of, world.reserved_names)
    selpa = world.selpa_of(index)
    student.selpa_code = selpa.code
    schooling = Schooling(
        birth, selpa, _draw_home(rng, selpa), Placement.DISTRICT, rng.randrange(12), goes_to_tk=True
    )
    oldest = max(world.first_year, world.year - age + 5)
    start = first_day(rng.randint(oldest, world.year), -7)
    stays = stays_by_year(schooling, start, None, world.year)
    student.enrollments = enrollments(schooling, stays, world.as_of)
    return student


def random_student(world: World, index: int) -> Student:
    """A student with a special education history."""
    rng = world.random(index)
    age = int(weighted(rng, _AGES))
    birth = draw_birth(rng, age, world.year, world.as_of - _YOUNGEST)
    student = draw_student(rng, index, birth, world.as_of, world.reserved_names)
    course = _draw_course(rng, age, world)
    # Who has completed school was found out long before: the age that counts is the one then.
    years = min((world.as_of - birth).days / 365.25, 17.9 if course is Course.GRADUATED else 99)
    disability = draw_disability(rng, max(years, 19.0) if age >= 18 and years > 18 else years)
    third = add_years(birth, 3)
    found_on = birth + timedelta(days=int(disability.found_at * 365.25))
    is_infant = third > world.as_of
    turns_three = not is_infant and third >= world.begin + timedelta(days=60)
    is_early = turns_three and (found_on < third or third > world.as_of - timedelta(days=120))
    selpa = world.selpa_of(index)
    student.selpa_code = selpa.code
    maker = _Maker(world, selpa, rng, student, course, age, disability)
    if is_infant or is_early:
        maker.make_early_start(third, is_infant=is_infant)
    else:
        maker.make(max(found_on, third))
    return student


def _draw_course(rng: Random, age: int, world: World) -> Course:
    graduated_in = world.year - (age - 17)
    if age >= 18 and graduated_in >= world.first_year and rng.random() < 0.75:
        return Course.GRADUATED
    if age < 7 or age >= 18:
        return Course.PARTICIPATES
    return Course(weighted(rng, _COURSES))


def _draw_home(rng: Random, selpa: Selpa) -> str:
    return weighted(rng, selpa.homes)


def _draw_placement(rng: Random, disability: Disability, age: int) -> Placement:
    draw = rng.random()
    if age >= 11 and disability.code in ("260", "320") and disability.is_severe and draw < 0.12:
        return Placement.NONPUBLIC
    if age >= 8 and disability.is_severe and draw < 0.2:
        return Placement.COUNTY_PROGRAM
    if 9 <= age < 17 and disability.code in ("240", "290") and draw < 0.025:
        return Placement.PRIVATE
    return Placement.DISTRICT


@dataclass(slots=True)
class _Maker:
    world: World
    selpa: Selpa
    rng: Random
    student: Student
    course: Course
    age: int
    disability: Disability

    def make(self, found_on: date) -> None:
        """A student who was found at three years or later."""
        world, rng = self.world, self.rng
        placement = _draw_placement(rng, self.disability, self.age)
        schooling = self._schooling(placement)
        ended_on = self._draw_end()
        held = self._meetings(found_on, ended_on)
        if placement is Placement.NONPUBLIC and (
            self.course not in _SERVED_TO_THE_END or held[0].kind is Kind.INITIAL
        ):
            # A district places whom it serves, and nobody before it does.
            placement = Placement.DISTRICT
            schooling = replace(schooling, placement=placement)
        arrived_on = self._draw_arrival(held)
        if arrived_on:
            held = [meeting for meeting in held if meeting.on > arrived_on]
        start = arrived_on or self._school_start(schooling, held[0].on)
        is_gone = self.course in (Course.MOVED_AWAY, Course.GRADUATED)
        stays = stays_by_year(schooling, start, ended_on if is_gone else None, world.year)
        if not arrived_on and placement is Placement.DISTRICT and self.course is Course.PARTICIPATES:
            stays = self._with_random_move(schooling, stays, held)
        completion = ""
        if self.course is Course.GRADUATED:
            completion = CERTIFICATE if self.disability.is_severe else DIPLOMA
        self.student.enrollments = enrollments(schooling, stays, world.as_of, completion)
        chronicle = self._chronicle(schooling, stays)
        self._tell(chronicle, held, found_on, arrived_on, ended_on)
        self.student.outcomes = draw_outcomes(rng, self.student)

    def make_early_start(self, third: date, *, is_infant: bool) -> None:
        """A child in the county's infant program, who has gone on to the district at three unless ``is_infant``."""
        world, rng = self.world, self.rng
        county_office = self.selpa.county_office.code
        schooling = self._schooling(Placement.DISTRICT)
        latest = (world.as_of if is_infant else third) - timedelta(days=100)
        earliest = max(world.begin, self.student.birth + timedelta(days=75))
        entry = random_day(rng, world.days, earliest, max(earliest, latest))
        if entry > world.as_of - _INFANT_NEWEST:
            entry = world.days.on_or_before(world.as_of - _INFANT_NEWEST)
        first = Held(entry, Kind.EARLY_START)
        if is_infant:
            stays = [Stay(county_office, entry)]
            self.student.enrollments = enrollments(schooling, stays, world.as_of)
            chronicle = self._chronicle(schooling, stays)
            held = forward(rng, world.days, first, world.as_of)
            chronicle.hold(held)
            self._plan(chronicle, held, [])
            chronicle.say_status(entry, "1", "", self.student.plans[0].on)
            return
        initial = world.days.on_or_before(third - timedelta(days=rng.randint(8, 40)))
        start = world.days.on_or_after(third)
        if start > world.as_of:
            start = third
        stays = [Stay(county_office, entry, third - _DAY), Stay(schooling.home, start)]
        self.student.enrollments = enrollments(schooling, stays, world.as_of)
        chronicle = self._chronicle(schooling, stays)
        early = forward(rng, world.days, first, initial - _DAY)
        later = forward(rng, world.days, Held(initial, Kind.INITIAL), world.as_of)
        chronicle.hold(early + later)
        self._plan(chronicle, early, [])
        chronicle.say_status(entry, "1", "", self.student.plans[0].on)
        # The plan of the district begins on the third birthday, school or not.
        chronicle.write_plan(third, NEW_PLAN, lea=schooling.home)
        for meeting in later[1:]:
            chronicle.write_plan(chronicle.plan_after(meeting.on), NEW_PLAN)

    def _schooling(self, placement: Placement) -> Schooling:
        home = _draw_home(self.rng, self.selpa)
        if placement is Placement.COUNTY_PROGRAM and self.age >= 14:
            home = self.selpa.lea_by_code[home].goes_on_in or home
        return Schooling(
            birth=self.student.birth,
            selpa=self.selpa,
            home=home,
            placement=placement,
            pick=self.rng.randrange(12),
            goes_to_tk=self.rng.random() < 0.6,
        )

    def _chronicle(self, schooling: Schooling, stays: list[Stay]) -> Chronicle:
        needs = draw_needs(self.rng, self.disability, schooling.placement)
        if needs.residence == "210":
            place_in_foster_care(self.student)
        # Established medical disability is no category of an infant: the early plans would say it too soon.
        if self.disability.code == "281" and age_on(self.student.birth, stays[0].start) < 3:
            needs = replace(needs, disability=replace(self.disability, code="240"))
        return Chronicle(self.rng, self.world.days, self.world.as_of, self.student, schooling, needs, stays)

    def _draw_end(self) -> date | None:
        """When special education or school ended, for those courses that end."""
        world = self.world
        if self.course is Course.GRADUATED:
            return last_day(world.year - (self.age - 17))
        if self.course in _ENDING:
            last = random_day(
                self.rng, world.days, add_years(world.begin, 1), world.as_of - timedelta(days=10)
            )
            # A last day at school that is Census Day would have to say both enrolled and gone.
            return last if last != census_day(school_year(last)) else world.days.on_or_before(last - _DAY)
        return None

    def _meetings(self, found_on: date, ended_on: date | None) -> list[Held]:
        """All meetings of the files, ascending; at least one."""
        world, rng = self.world, self.rng
        if self.course is Course.STARTS_LATER:
            spring = random_day(rng, world.days, date(world.year, 4, 8), date(world.year, 5, 20))
            return [Held(spring, Kind.INITIAL)]
        if self.course in (Course.DECLINED, Course.NEVER):
            first = add_years(world.begin, 1)
            return [Held(random_day(rng, world.days, first, world.as_of - timedelta(days=20)), Kind.INITIAL)]
        if ended_on is None:
            newest = newest_review(rng, world.days, world.as_of)
        elif self.course is Course.NO_LONGER:
            newest = ended_on
        else:
            newest = random_day(
                rng, world.days, ended_on - timedelta(days=300), ended_on - timedelta(days=20)
            )
        if ended_on is not None:
            # Who has left since was found before that.
            found_on = min(found_on, newest)
        held = backward(rng, world.days, newest, found_on, world.begin)
        if self.course is Course.NO_LONGER and held[-1].kind is not Kind.INITIAL:
            held[-1] = Held(ended_on or newest, Kind.TRIENNIAL)
        return held

    def _draw_arrival(self, held: list[Held]) -> date | None:
        """When a student came from another SELPA, five in a hundred; between two of the meetings or before."""
        if self.course is not Course.PARTICIPATES or self.rng.random() >= 0.05 or self.age < 6:
            return None
        first = self.world.begin + timedelta(days=30)
        if held[0].kind is Kind.INITIAL:
            first = held[0].on + timedelta(days=30)
        last = held[-1].on - timedelta(days=15)
        return random_day(self.rng, self.world.days, first, last) if first < last else None

    def _school_start(self, schooling: Schooling, first_meeting: date) -> date:
        """The first day of school, or of special education where that is earlier."""
        starts_at = 4 if schooling.goes_to_tk else 5
        entry_year = self.student.birth.year + starts_at
        if age_on(self.student.birth, date(entry_year, 9, 1)) < starts_at:
            entry_year += 1
        lowest = first_day(max(self.world.first_year, entry_year), -7)
        return max(first_day(self.world.first_year, -7), min(lowest, first_meeting))

    def _with_random_move(self, schooling: Schooling, stays: list[Stay], held: list[Held]) -> list[Stay]:
        """Five in a hundred came from another LEA of the SELPA after their first meeting."""
        if len(stays) != 1 or self.rng.random() >= 0.06:
            return stays
        first, last = held[0].on + timedelta(days=20), self.world.as_of - timedelta(days=12)
        if first >= last:
            return stays
        on = random_day(self.rng, self.world.days, first, last)
        old = self.rng.choice([code for code in self.selpa.homes if code != stays[0].lea])
        years = range(school_year(stays[0].start), school_year(on) + 1)
        is_taught = all(
            self.selpa.schools_for(old, schooling.grade(year).replace("IN", "PS")) for year in years
        )
        if on > last or not is_taught or any(meeting.on == on for meeting in held):
            return stays
        return with_move(stays, old, on, self.world.days.on_or_before(on - _DAY))

    def _tell(
        self,
        chronicle: Chronicle,
        held: list[Held],
        found_on: date,
        arrived_on: date | None,
        ended_on: date | None,
    ) -> None:
        """Meetings, plans and statuses of a course."""
        first = held[0]
        is_not_eligible = self.course is Course.NEVER or (
            self.course is Course.NO_LONGER and first.kind is Kind.INITIAL and len(held) == 1
        )
        if is_not_eligible:
            chronicle.hold(held, outcome=NOT_ELIGIBLE)
            chronicle.say_status(first.on, "4", "20")
            return
        if self.course is Course.DECLINED:
            chronicle.hold(held)
            chronicle.say_status(first.on, "2", "11")
            return
        if self.course is Course.STARTS_LATER:
            self._tell_late_start(chronicle, held)
            return
        is_no_longer = self.course is Course.NO_LONGER
        planned = held[:-1] if is_no_longer else held
        if is_no_longer:
            chronicle.hold(held, outcome=NOT_ELIGIBLE)
        if not is_no_longer:
            chronicle.hold(held)
        moves = [stay.start for stay in chronicle.stays[1:]]
        self._plan(chronicle, planned, moves, arrived_on)
        entry = found_on
        if self.student.plans:
            begin = self.student.plans[0].on
            if first.kind is Kind.INITIAL and not arrived_on:
                entry = begin
            chronicle.amend_some(ended_on or self.world.as_of)
            chronicle.say_status(begin, "1", "", _weekday(min(entry, begin)))
        if ended_on:
            code, reason = {
                Course.MOVED_AWAY: ("3", "32"),
                Course.GRADUATED: ("3", "33") if self.disability.is_severe else ("4", "22"),
                Course.NO_LONGER: ("4", "21"),
                Course.REVOKED: ("2", "13"),
            }[self.course]
            chronicle.say_status(ended_on, code, reason, _weekday(min(entry, ended_on)))

    def _tell_late_start(self, chronicle: Chronicle, held: list[Held]) -> None:
        chronicle.hold(held)
        chronicle.say_status(held[0].on, "2", "12")
        autumn = self.world.days.on_or_after(first_day(self.world.year, 2))
        start = random_day(self.rng, self.world.days, autumn, autumn + timedelta(days=25))
        chronicle.write_plan(start, NEW_PLAN)
        chronicle.say_status(start, "1", "", start)

    def _plan(
        self, chronicle: Chronicle, held: list[Held], moves: list[date], arrived_on: date | None = None
    ) -> None:
        """In order of time, the plans that follow from meetings, from moves after the first, and from arrival."""
        events = [(chronicle.plan_after(meeting.on), NEW_PLAN) for meeting in held]
        if arrived_on:
            events.append((arrived_on, ADOPTION))
        if events:
            first = min(events)[0]
            events += [(day, ADOPTION) for day in moves if day > first]
        for on, reason in sorted(events):
            chronicle.write_plan(on, reason)


def _weekday(day: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))
