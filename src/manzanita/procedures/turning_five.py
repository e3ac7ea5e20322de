"""Who turns five with a setting of preschool, from which day another is due, and of whom that can be planned at once.

Lists are conditions, so that they stand in counts and found sets; the day of each is ``domain.turning_five``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from types import MappingProxyType

from django.db.models import Exists, OuterRef, Q

from manzanita.domain.access import Actor, Relationship
from manzanita.domain.dates import born_by
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.rollover import school_begins
from manzanita.domain.stays import SECONDARY, rank
from manzanita.domain.turning_five import (
    FIVE,
    PRESCHOOL_SETTINGS,
    SCHOOL_GRADES,
    SOURCE,
    InGrade,
    school_age_from,
)
from manzanita.domain.years import academic_year_of, year_end
from manzanita.leaving.models import Leaving
from manzanita.leaving.queries import still_here
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.orgs.calendars import load_calendars
from manzanita.platform import clock
from manzanita.platform.facts import FactQuerySet
from manzanita.platform.together import read_together
from manzanita.students.listing import Cut, capped_counts
from manzanita.students.models import (
    AgencyRelation,
    Enrollment,
    NextSetting,
    NextYear,
    Plan,
    ScopedQuerySet,
    Student,
)
from manzanita.students.scope import current_for

SOON = timedelta(days=90)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FiveList:
    """One list: ``sentence`` says who is in it, ``nothing`` what an empty one means."""

    key: str
    label: str
    sentence: str
    nothing: str


OPEN = "plan"
FIVE_LISTS: Mapping[str, FiveList] = MappingProxyType(
    {
        one.key: one
        for one in (
            FiveList(
                OPEN,
                "To plan",
                "Children with a setting of preschool who are five or turn five in the next 90 days, of whom a grade "
                "of transitional kindergarten or more is known, now or next year, and no other setting is planned.",
                "No child with a setting of preschool turns five in the next 90 days.",
            ),
            FiveList(
                "90",
                "Next 90 days",
                "Children with a setting of preschool who turn five in the next 90 days.",
                "No child with a setting of preschool turns five in the next 90 days.",
            ),
            FiveList(
                "year",
                "This school year",
                "Children with a setting of preschool who turn five from tomorrow until June 30.",
                "No child with a setting of preschool turns five until June 30.",
            ),
            FiveList(
                "five",
                "Five already",
                "Children with a setting of preschool who are five today: right as long as they are in preschool.",
                "Nobody who is five has a setting of preschool.",
            ),
        )
    }
)


def preschoolers(actor: Actor) -> ScopedQuerySet:
    """Students who are at the actor's agencies today with a plan in force whose setting is one of preschool."""
    plans = Plan.objects.as_of(effective=clock.today()).filter(program_setting_code__in=PRESCHOOL_SETTINGS)
    return still_here(current_for(actor).filter(Exists(plans.filter(student=OuterRef("pk")))), actor)


def five_list(actor: Actor, key: str) -> ScopedQuerySet:
    """The students of one of ``FIVE_LISTS``. Raises ``KeyError`` for a list that there is not."""
    return _of_list(preschoolers(actor), key=key)


def five_counts(actor: Actor, *, with_safe: bool) -> tuple[dict[str, int], int]:
    """How many are in each of ``FIVE_LISTS``, and with ``with_safe`` how many are ``safe``, else 0; capped. One query,
    which finds the preschoolers once."""
    cuts: list[Cut] = [partial(_of_list, key=key) for key in FIVE_LISTS]
    counts = capped_counts(preschoolers(actor), [*cuts, *([_safe] if with_safe else [])])
    return dict(zip(FIVE_LISTS, counts, strict=False)), counts[-1] if with_safe else 0


def safe(actor: Actor) -> ScopedQuerySet:
    """Of those to plan, those against whom nothing speaks: the day is to come, no meeting is open, and neither another
    plan nor a leaving waits."""
    return _safe(preschoolers(actor))


def _of_list(students: ScopedQuerySet, *, key: str) -> ScopedQuerySet:
    today = clock.today()
    until = {OPEN: today + SOON, "90": today + SOON, "year": year_end(today), "five": today}[key]
    found = students.filter(birth_on__lte=born_by(until, FIVE))
    if key == OPEN:
        return found.filter(_in_school(today, is_next=True), ~_planned(today))
    return found if key == "five" else found.filter(birth_on__gt=born_by(today, FIVE))


def _safe(students: ScopedQuerySet) -> ScopedQuerySet:
    today = clock.today()
    own = {"student": OuterRef("pk")}
    to_come = Q(birth_on__gt=born_by(today, FIVE)) | ~_in_school(today)
    return _of_list(students, key=OPEN).filter(
        to_come,
        ~Exists(Meeting.objects.filter(state__in=OPEN_STATES, **own)),
        ~Exists(Plan.objects.believed().filter(effective_from__gt=today, **own)),
        ~Exists(Leaving.objects.filter(state="planned", **own)),
    )


def _in_school(today: date, *, is_next: bool = False) -> Q:
    """In transitional kindergarten or a grade today; with ``is_next`` also who is known to be in one next."""
    own = {"student": OuterRef("pk")}
    in_school = {**own, "grade_code__in": SCHOOL_GRADES}
    enrollments = _counting()
    if not is_next:
        return Q(Exists(enrollments.as_of(effective=today).filter(**in_school)))
    lasts = _lasting(today)
    sent = Exists(enrollments.believed().filter(lasts, started_on__gte=_july(today), **own))
    planned = Exists(NextYear.objects.as_of(effective=today).filter(**in_school))
    return Q(Exists(enrollments.believed().filter(lasts, **in_school))) | (Q(planned) & ~Q(sent))


def _counting() -> FactQuerySet:
    """Enrollments whose grade is the student's: not those beside another one."""
    return Enrollment.objects.exclude(status_code=SECONDARY)


def _lasting(today: date) -> Q:
    return Q(effective_to__isnull=True) | Q(effective_to__gte=today)


def _july(today: date) -> date:
    """What the SIS sends from then on is of the next year, and goes before what is planned here."""
    return year_end(today) + _DAY


def _planned(today: date) -> Q:
    return Q(Exists(NextSetting.objects.as_of(effective=today).filter(student=OuterRef("pk"))))


@dataclass(frozen=True, slots=True)
class Turning:
    """One child: the setting of now, the first day on which another is due (``None``: no grade of school is known),
    by which grade, the one that is planned, and whether a meeting is open."""

    plan: Plan | None = None
    due_on: date | None = None
    is_next_year: bool = False
    planned: NextSetting | None = None
    meeting: Meeting | None = None


def turning_of(students: Collection[Student]) -> dict[int, Turning]:
    """Of these students; four queries, and two for the calendars where a grade is planned."""
    today, ids = clock.today(), [one.pk for one in students]
    plans = Plan.objects.as_of(effective=today).filter(student_id__in=ids)
    planned = NextSetting.objects.as_of(effective=today).filter(student_id__in=ids)
    meetings = Meeting.objects.filter(student_id__in=ids, state__in=OPEN_STATES)
    read_together(plans, planned, meetings)
    found = {
        pk: Turning(due_on=day, is_next_year=day is not None and day > year_end(today))
        for pk, day in due_days(students).items()
    }
    for plan in plans:
        found[plan.student_id] = replace(found[plan.student_id], plan=plan)
    for setting in planned:
        found[setting.student_id] = replace(found[setting.student_id], planned=setting)
    for meeting in meetings:
        found[meeting.student_id] = replace(found[meeting.student_id], meeting=meeting)
    return found


def due_days(students: Collection[Student]) -> dict[int, date | None]:
    """By key the first day on which each is five and in a grade of school; ``None`` where none is known."""
    grades = _grades_of([one.pk for one in students])
    return {
        one.pk: school_age_from(one.birth_on, grades[one.pk]) if one.birth_on is not None else None
        for one in students
    }


def _grades_of(ids: Collection[int]) -> dict[int, list[InGrade]]:
    """The grades of each, by the enrollments that last or come; where the SIS has sent none of the next year, by what
    is planned here, from the first day of school."""
    today = clock.today()
    july = _july(today)
    enrollments = _counting().believed().filter(_lasting(today), student_id__in=ids)
    grades = NextYear.objects.as_of(effective=today).filter(student_id__in=ids)
    places = AgencyRelation.objects.as_of(effective=today).filter(
        student_id__in=ids, relationship=str(Relationship.NEXT_YEAR)
    )
    read_together(enrollments, grades, places)
    found: dict[int, list[InGrade]] = defaultdict(list)
    at: dict[int, tuple[str, str]] = {}
    sent = set()
    # The last one stands: of several the one that counts, and of those the newest.
    for one in sorted(
        enrollments, key=lambda one: (-rank(one.status_code), one.started_on, one.effective_from)
    ):
        found[one.student_id].append(InGrade(one.grade_code, one.started_on, one.effective_to))
        at[one.student_id] = (one.lea_code, one.school_code)
        if one.started_on >= july:
            sent.add(one.student_id)
    at |= {one.student_id: (one.agency_code, one.school_code) for one in places}
    told = [one for one in grades if one.student_id not in sent and one.grade_code in SCHOOL_GRADES]
    calendars = load_calendars({at[one.student_id][0] for one in told if one.student_id in at})
    for one in told:
        lea, school = at.get(one.student_id, ("", ""))
        begins = school_begins(calendars.calendar(lea, school), academic_year_of(july))
        found[one.student_id].append(InGrade(one.grade_code, begins))
    return found


def own_days(ids: Collection[int]) -> tuple[dict[int, date], dict[int, Reason]]:
    """By key the day on which a setting of school age is due, and of whom none is known, why."""
    students = {one.pk: one for one in Student.unscoped.filter(pk__in=list(ids))}
    days, stopped = {}, {}
    for pk, day in due_days(list(students.values())).items():
        if day is not None:
            days[pk] = day
        else:
            stopped[pk] = _no_day(students[pk])
    return days, stopped


def _no_day(student: Student) -> Reason:
    if student.birth_on is None:
        return Reason(
            "no-birth-date",
            "No birth date is known, so that no day follows.",
            Owner.SIS,
            "The SIS staff enter it; or give the day yourself.",
            source=SOURCE,
        )
    return Reason(
        "no-school-grade",
        "No grade of transitional kindergarten or more is known, now or next year: who is five and in preschool keeps "
        "the setting.",
        Owner.COORDINATOR,
        "Plan next year's grade first, or give the day yourself.",
        source=SOURCE,
    )
