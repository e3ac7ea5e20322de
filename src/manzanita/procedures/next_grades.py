"""Next year's grade against that of now: one grade up for each, what is no step of one year, and whose school ends.

Grades of now are the SIS's; which grades a school has is what whoever attends it today is in (``domain.grade_spans``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from manzanita.domain.access import Actor, Relationship
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.grade_spans import grade_up, is_above, jump, shown, span_of
from manzanita.domain.stays import SECONDARY, rank
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.students.models import AgencyRelation, Enrollment

# What is sent and pasted for it; no code of the state's.
ONE_UP = "+1"
ONE_UP_WORDS = "One grade up, each from the grade of now"
_AT_ONCE = 1000


def raised(told: Mapping[int, str]) -> tuple[dict[int, str], dict[int, Reason]]:
    """Of those who are told ``ONE_UP`` the grade after that of today; and of whom no grade follows by itself, why."""
    values, stopped = {}, {}
    ids = [pk for pk, value in told.items() if value == ONE_UP]
    now = places_now(ids)
    for pk in ids:
        grade = now[pk][1] if pk in now else ""
        after = grade_up(grade)
        if after:
            values[pk] = after
        else:
            stopped[pk] = _no_next(grade)
    return values, stopped


def grade_doubts(actor: Actor, wanted: Mapping[int, str]) -> dict[int, Reason]:
    """Whose grade would be no step of one year, or is above those of the school of now without another one planned."""
    now = places_now(wanted)
    seen = grades_seen({school for school, _ in now.values()})
    names = school_names(set(seen))
    moving = moving_to(wanted)
    found = {}
    for pk, value in wanted.items():
        if pk not in now or not value:
            continue
        school, grade = now[pk]
        by = jump(grade, value)
        span = span_of(seen[school])
        if by:
            found[pk] = _far(grade, value, by)
        elif span is not None and is_above(value, seen[school]) and moving.get(pk, school) == school:
            found[pk] = _school_ends(value, names.get(school, school), span)
    return found


def _no_next(grade: str) -> Reason:
    if not grade:
        text, way_out = (
            "No enrollment of today says a grade.",
            "Choose the grade, once the SIS has enrolled the student.",
        )
    elif grade == "12":
        text = "Grade 12 is the last: whether the student comes back is not known by the grade."
        way_out = "Choose a grade for those who come back."
    else:
        text = f"After grade {shown(grade)} no grade follows by itself: it goes by age."
        way_out = "Choose the grade."
    return Reason("no-grade-up", text, Owner.CLERK, way_out, source="CALPADS code set Grade Level")


def _far(grade: str, value: str, by: int) -> Reason:
    steps = "1 grade" if abs(by) == 1 else f"{abs(by)} grades"
    how = f"{steps} back" if by < 0 else f"{steps} up at once"
    return Reason(
        "grade-jump",
        f"Grade {shown(grade)} now and grade {shown(value)} next year: {how}.",
        Owner.CLERK,
        "Look once more: it is changed all the same. Where the grade of now is wrong, the SIS staff correct it.",
        source="One grade in one school year",
    )


def _school_ends(value: str, school: str, span: tuple[str, str]) -> Reason:
    return Reason(
        "school-ends",
        f"Grade {shown(value)} next year; whoever attends {school} today is in grades {shown(span[0])} to "
        f"{shown(span[1])}, and no other school is planned.",
        Owner.CLERK,
        "Plan next year's school, too: nothing says here which one it is.",
        source="Grades of whoever attends the school today",
    )


def places_now(ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """By student, school and grade of today: those of the primary enrollment, where a secondary one lasts beside it."""
    found: dict[int, tuple[str, str]] = {}
    for some in _chunks(ids):
        rows = Enrollment.objects.as_of(effective=clock.today()).filter(student_id__in=some)
        columns = rows.order_by("started_on").values_list(
            "student_id", "school_code", "grade_code", "status_code"
        )
        # The last one stands: the newest of the lowest rank.
        for pk, school, grade, _ in sorted(columns, key=lambda row: -rank(row[3])):
            found[pk] = (school, grade)
    return found


def grades_seen(schools: Collection[str]) -> dict[str, set[str]]:
    """By school, the grades of whoever attends it today; who only takes a course there is counted elsewhere."""
    seen: dict[str, set[str]] = defaultdict(set)
    rows = (
        Enrollment.objects.as_of(effective=clock.today())
        .filter(school_code__in=set(schools) - {""})
        .order_by()
    )
    for school, grade in (
        rows.exclude(status_code=SECONDARY).values_list("school_code", "grade_code").distinct()
    ):
        seen[school].add(grade)
    return seen


def moving_to(ids: Collection[int]) -> dict[int, str]:
    """By student, the school planned for next year; blank where only the district is known."""
    found: dict[int, str] = {}
    for some in _chunks(ids):
        rows = AgencyRelation.objects.as_of(effective=clock.today()).filter(
            student_id__in=some, relationship=str(Relationship.NEXT_YEAR)
        )
        found |= dict(rows.values_list("student_id", "school_code"))
    return found


def _chunks(ids: Collection[int]) -> Iterator[list[int]]:
    keys = list(ids)
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))
