"""When evaluations that began with a consent are due: by the law, under the school's calendar and the SELPA's reading,
and by the state, which counts 60 calendar days whatever the calendar says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from manzanita.domain.calendars import Tolling
from manzanita.domain.clocks import Answer, ClockError, Setting, Value, clock
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES
from manzanita.orgs.calendars import Calendars
from manzanita.platform import clock as now
from manzanita.students.models import Enrollment

_INITIAL, _PART_C = "initial-iep", "c-to-b-iep"


@dataclass(frozen=True, slots=True)
class Counted:
    """One evaluation and its clock. ``problem`` says why it cannot be counted, and then there is no ``answer``.

    ``school_code`` is whose calendar it was counted by, empty for that of the LEA. ``has_tracks``: the school has
    tracks, and which one the student is on is not known here.
    """

    meeting: Meeting
    school_code: str
    setting: Setting
    answer: Answer | None
    problem: str = ""
    has_tracks: bool = False

    @property
    def is_part_c(self) -> bool:
        """Whether the third birthday bounds it."""
        return _question(self.meeting)[0] == _PART_C

    @property
    def due_on(self) -> date | None:
        return self.answer.statutory_due_on if self.answer else None

    def is_missed(self) -> bool:
        """Whether the law's date is past, by the day of the meeting or, while there is none, by today."""
        due = self.due_on
        return due is not None and (self.meeting.held_on or now.today()) > due

    def due_by(self, tolling: Tolling) -> date | None:
        """The law's date by another reading, everything else the same."""
        if self.answer is None:
            return None
        name, given = _question(self.meeting)
        return clock(name).answer(given, Setting(self.setting.calendar, tolling)).statutory_due_on


@dataclass(frozen=True, slots=True)
class Moved:
    """One evaluation that another calendar, or another reading, gives another date by the law."""

    before: Counted
    after: Counted

    @property
    def days(self) -> int | None:
        """By how many days it moves; later is positive."""
        if self.before.due_on is None or self.after.due_on is None:
            return None
        return (self.after.due_on - self.before.due_on).days


def open_evaluations(lea_codes: Iterable[str]) -> QuerySet[Meeting]:
    """Evaluations with a consent whose meeting is not final, of these LEAs, the oldest consent first. No scope: names
    are shown only of students within reach (``students.scope.visible_to``)."""
    rows = Meeting.objects.filter(
        state__in=OPEN_STATES, consent_on__isnull=False, lea_code__in=set(lea_codes)
    )
    return rows.select_related("student").order_by("consent_on", "pk")


Schools = Mapping[tuple[int, str], str]


def count_evaluations(
    meetings: Iterable[Meeting], calendars: Calendars, schools: Schools | None = None
) -> list[Counted]:
    """The clock of each meeting that has a consent, in their order. ``schools`` says at which one each student is, by
    student and LEA; where it is not given, one query asks for all of them."""
    rows = [meeting for meeting in meetings if meeting.consent_on is not None]
    return _count(rows, calendars, schools_of(rows) if schools is None else schools)


def moved(before: Sequence[Counted], after: Sequence[Counted]) -> list[Moved]:
    """Those of the same evaluations, counted twice, that have another date the second time."""
    return [
        Moved(one, other)
        for one, other in zip(before, after, strict=True)
        if (one.due_on, one.problem) != (other.due_on, other.problem)
    ]


def schools_of(meetings: Sequence[Meeting]) -> Schools:
    """The school at which each student is enrolled today; a primary enrollment counts."""
    rows = Enrollment.objects.as_of(effective=now.today()).filter(
        student__in={meeting.student_id for meeting in meetings},
        lea_code__in={meeting.lea_code for meeting in meetings},
    )
    # The last one wins: a primary enrollment is 10, the least of the codes.
    found = rows.order_by("-status_code").values_list("student_id", "lea_code", "school_code")
    return {(student, lea): school for student, lea, school in found}


def _count(meetings: Iterable[Meeting], calendars: Calendars, schools: Schools) -> list[Counted]:
    today = now.today()
    # Equal questions share one answer: a district has few different dates.
    known: dict[tuple[object, ...], tuple[Answer | None, str]] = {}
    counted = []
    for meeting in meetings:
        school = schools.get((meeting.student_id, meeting.lea_code), "")
        # An open one is judged by the reading of today, one that was held by that of its day.
        setting = calendars.setting(meeting.lea_code, school, on=meeting.held_on or today)
        name, given = _question(meeting)
        key = (name, *given.items(), id(setting.calendar), setting.tolling)
        if key not in known:
            known[key] = _answer(name, given, setting)
        answer, problem = known[key]
        has_tracks = calendars.has_tracks(meeting.lea_code, school)
        counted.append(Counted(meeting, school, setting, answer, problem, has_tracks))
    return counted


def _question(meeting: Meeting) -> tuple[str, dict[str, Value]]:
    event = EVENTS.get(meeting.event_key)
    assert meeting.consent_on is not None
    given: dict[str, Value] = {"consent_on": meeting.consent_on}
    if event is not None and event.clock == "third_birthday" and meeting.student.birth_on is not None:
        return _PART_C, given | {"birth_on": meeting.student.birth_on}
    if meeting.referred_on is not None:
        given["referral_on"] = meeting.referred_on
    return _INITIAL, given


def _answer(name: str, given: Mapping[str, Value], setting: Setting) -> tuple[Answer | None, str]:
    try:
        return clock(name).answer(given, setting), ""
    except ClockError as error:
        return None, str(error)
