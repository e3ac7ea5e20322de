"""What became of the students who completed school, as they answer in the year after."""

from __future__ import annotations

from random import Random

from manzanita.synthetic.disabilities import weighted
from manzanita.synthetic.schoolyear import school_year
from manzanita.synthetic.students import Outcome, Student

SPECIAL_EDUCATION, CAREER_TECHNICAL = "30", "20"
_EMPLOYED = "200"
_AT_SCHOOL = ("100", "110", "120")
# Postsecondary statuses; the last two stand alone.
_STATUSES = {"100": 14, "110": 26, "120": 8, "200": 26, "210": 8, "300": 8, "950": 8, "960": 2}
_INSTITUTIONS = {"10": 80, "20": 12, "30": 8}
_WORKS_TOO = 0.5
_CAREER_SHARE = 0.5


def draw_outcomes(rng: Random, student: Student) -> list[Outcome]:
    """PSTS lines of a student whose last enrollment completed school: special education, and half of them CTE."""
    last = student.enrollments[-1]
    if not last.completion or last.end is None:
        return []
    year = school_year(last.end) + 1
    status = weighted(rng, _STATUSES)
    statuses = [status, _EMPLOYED] if status in _AT_SCHOOL and rng.random() < _WORKS_TOO else [status]
    institution = weighted(rng, _INSTITUTIONS) if status in _AT_SCHOOL else ""

    def line(program: str, of_status: str, at: str = "") -> Outcome:
        return Outcome(last.lea, last.school, last.nps, year, program, of_status, at)

    made = [line(SPECIAL_EDUCATION, one) for one in statuses]
    if rng.random() < _CAREER_SHARE:
        made.append(line(CAREER_TECHNICAL, status, institution))
    return made
