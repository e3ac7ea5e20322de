"""Which days of a student can be moved in thought, and where the real one is changed, by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from manzanita.domain.access import Actor, Capability
from manzanita.domain.calendars import Period, PeriodKind, periods_of
from manzanita.domain.findings import Owner
from manzanita.domain.what_if import Case, Event, Part
from manzanita.domain.years import academic_year_of
from manzanita.meetings.models import Meeting
from manzanita.meetings.what_if import scenario_planned
from manzanita.orgs.calendar_actions import may_edit_calendar
from manzanita.orgs.calendars import Calendars
from manzanita.ui.formats import us_date
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.student_file import StudentFile

MOST_FINAL = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where the real day is changed: nothing is applied from here."""

    words: str
    owner: str
    url: str = ""
    url_label: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One day, or one break with its first and last day, or a kind of days to add. ``value`` names it in the form;
    ``of`` is the meeting's name inside of a sentence."""

    value: str
    group: str
    label: str
    place: Place
    key: str = ""
    part: Part | None = None
    day: date | None = None
    period: Period | None = None
    adds: PeriodKind | None = None
    of: str = ""

    @property
    def kind(self) -> PeriodKind | None:
        """What the days are, where a span of days moves or is added."""
        return self.period.kind if self.period is not None else self.adds


def choices_of(file: StudentFile, case: Case, calendars: Calendars, school: str) -> list[Choice]:
    """What is being worked on first, then what is held, then the breaks of the student's school."""
    meetings = {str(one.public_id): one for one in file.known_meetings}
    open_ones = [event for event in case.events if not event.is_final]
    final = [event for event in reversed(case.events) if event.is_final and event.kinds][:MOST_FINAL]
    return [
        *(choice for event in open_ones for choice in _of_open(file, event, meetings)),
        *(choice for event in final for choice in _of_final(file, event, meetings)),
        *_breaks(file, case, calendars, school),
    ]


def _of_open(file: StudentFile, event: Event, meetings: Mapping[str, Meeting]) -> Iterator[Choice]:
    planned = scenario_planned(event.key)
    if planned is not None:
        group = f"{event.name}, not opened"
        opens = Place(
            f"The {event.lower_name} is opened on the page of meetings.",
            Owner.TEAM,
            url_or_none("meeting_new", file.student.public_id) or "",
            "Open a meeting",
        )
        if planned.is_initial:
            yield Choice(
                f"{event.key}.consent",
                group,
                "Consent to evaluate is given",
                opens,
                event.key,
                Part.CONSENT,
                of=event.lower_name,
            )
        else:
            yield Choice(
                f"{event.key}.held",
                group,
                "The meeting is held",
                opens,
                event.key,
                Part.HELD,
                of=event.lower_name,
            )
        return
    meeting = meetings[event.key]
    here = reverse("meeting", args=[meeting.public_id])
    group = f"{event.name}, {'held, not final' if event.held_on else 'being prepared'}"
    hold = Place(
        "The day is recorded on the step Hold of the meeting.", Owner.TEAM, f"{here}?step=hold", "Go to Hold"
    )
    yield _choice(event, Part.HELD, group, "The meeting is held", hold)
    if event.consent_on is not None:
        anew = Place(
            "Referral and consent are entered when the evaluation is opened. Where one is wrong, cancel the meeting "
            "with the reason and open it again.",
            Owner.TEAM,
            here,
            "Go to the meeting",
        )
        yield _choice(event, Part.CONSENT, group, "Consent to evaluate", anew)
        yield _choice(event, Part.REFERRAL, group, "Referral", anew)
    if event.pending_on is not None:
        told = Place(
            "It is reported again, as of the day of reporting, on the step Hold.",
            Owner.TEAM,
            f"{here}?step=hold",
        )
        yield _choice(event, Part.PENDING, group, "Pending as of", told)


def _of_final(file: StudentFile, event: Event, meetings: Mapping[str, Meeting]) -> Iterator[Choice]:
    meeting = meetings[event.key]
    if meeting.lea_code != file.lea_code:
        return
    row = next((r for r in file.should if r.record == "MEET" and r.key_on == event.held_on), None)
    url = url_or_none("correct", row.pk) if row and file.actor.may(Capability.CORRECT_RECORD) else None
    place = Place(
        "The day of an archived record is corrected with a reason; the state is told to delete the old one.",
        Owner.COORDINATOR,
        url or file.meeting_url(meeting) or "",
        "Correct the record" if url else "Show the archive",
    )
    yield _choice(event, Part.HELD, f"{event.name}, final", "The meeting was held", place)


def _choice(event: Event, part: Part, group: str, label: str, place: Place) -> Choice:
    return Choice(
        f"{event.key}.{part}", group, label, place, event.key, part, event.day(part), of=event.lower_name
    )


def _breaks(file: StudentFile, case: Case, calendars: Calendars, school: str) -> Iterator[Choice]:
    """Those that end after today, or after a clock began that still runs."""
    lea = file.lea_code
    rows = [one for year in calendars.periods.get(lea, {}).values() for one in year]
    begun = [one.consent_on for one in case.events if one.consent_on is not None and not one.is_final]
    since = min(file.today, *begun) if begun else file.today
    for period in days_off(periods_of(rows, lea=lea, school=school), since):
        yield Choice(
            period_value(period),
            "Breaks of the school",
            period_words(period),
            calendar_place(file.actor, lea, academic_year_of(period.start)),
            period=period,
        )


def days_off(periods: Iterable[Period], since: date | None = None) -> list[Period]:
    """Days without school that end on ``since`` or later, the earliest first."""
    found = {
        one for one in periods if one.kind is not PeriodKind.TERM and (since is None or one.end >= since)
    }
    return sorted(found, key=lambda one: (one.start, one.end, one.school, one.track))


def grouped(choices: Sequence[Choice]) -> dict[str, list[tuple[str, str]]]:
    """Value and words of each choice by its group, for a select."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in choices:
        day = f", now {us_date(one.day)}" if one.day else ", no day yet" if one.part is not None else ""
        of = f" ({one.of})" if one.of else ""
        groups.setdefault(one.group, []).append((one.value, f"{one.label}{day}{of}"))
    return groups


def period_value(period: Period) -> str:
    return f"{period.kind}.{period.start}.{period.end}.{period.school}.{period.track}"


def period_words(period: Period) -> str:
    days = (
        us_date(period.start)
        if period.start == period.end
        else f"{us_date(period.start)} to {us_date(period.end)}"
    )
    return f"{period.kind.capitalize()}, {days}"


def calendar_place(actor: Actor, lea_code: str, year: str) -> Place:
    may_edit = may_edit_calendar(actor, lea_code)
    name = "calendar_change" if may_edit else "calendar"
    return Place(
        "The calendar is changed with a reason, and its page shows once more whose due dates move.",
        f"{Owner.COORDINATOR} or {Owner.SIS}",
        url_or_none(name, lea_code, year) or "",
        "Change the calendar" if may_edit else "Show the calendar",
    )
