"""Writing calendars: one LEA's calendar of an academic year at a time, whole, with who and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from django.db import IntegrityError, transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.calendars import CalendarError, Period
from manzanita.domain.calendars.csv_file import COLUMNS, read_calendar_csv
from manzanita.domain.calendars.ics_file import read_calendar_ics
from manzanita.domain.years import academic_year_of, first_calendar_year
from manzanita.orgs.calendars import standing_version
from manzanita.orgs.models import CalendarPeriod, CalendarVersion, School
from manzanita.platform import clock
from manzanita.platform.changed import calendars_changed

MOST_PERIODS = 2000
_TRACK_LENGTH = CalendarPeriod._meta.get_field("track").max_length
_REASON_LENGTH = CalendarVersion._meta.get_field("reason").max_length


def may_edit_calendar(actor: Actor, lea_code: str) -> bool:
    """Who has the capability keeps the calendars of the own LEA."""
    return lea_code in actor.agency_codes and actor.may(Capability.EDIT_CALENDARS) and not actor.is_read_only


def read_calendar_file(
    text: str, *, is_ics: bool, lea_code: str, year: str
) -> tuple[list[Period], list[str]]:
    """The periods of a file for one LEA and year, and a sentence for each event of an ICS file that is left out.

    Raises ``CalendarError`` naming row, field and fix. A CSV file is a statement about this very year, so a row of
    another one is an error in it; an ICS file is an export of everything a school announces, so it is only left out.
    """
    if not is_ics:
        periods = [_of_lea(one, lea_code) for one in read_calendar_csv(text)]
        check_periods(periods, lea_code, year, rows=_row_numbers(text))
        return periods, []
    found = read_calendar_ics(text, lea=lea_code)
    periods = [one for one in found.periods if academic_year_of(one.start) == year]
    elsewhere = [
        f"{one.kind} of {one.start} to {one.end}: it starts in {academic_year_of(one.start)}, not in {year}."
        for one in found.periods
        if academic_year_of(one.start) != year
    ]
    if not periods:
        raise CalendarError(
            [*elsewhere, f"No event of the file starts in {year}. Choose the file of that year."]
        )
    check_periods(periods, lea_code, year)
    return periods, [*found.left_out, *elsewhere]


def check_periods(
    periods: Sequence[Period], lea_code: str, year: str, *, rows: Sequence[int] | None = None
) -> None:
    """Raises ``CalendarError`` with every period that cannot stand in the calendar; ``rows`` are their numbers."""
    schools = set(School.objects.filter(agency__code=lea_code).values_list("code", flat=True))
    problems = [
        f"{f'Row {rows[number]}' if rows else f'{one.kind.value.capitalize()} of {one.start}'}, {problem}"
        for number, one in enumerate(periods)
        for problem in _problems(one, lea_code, year, schools)
    ]
    if len(periods) > MOST_PERIODS:
        problems.append(
            f"The calendar has {len(periods):,} rows. Join days that follow each other: at most {MOST_PERIODS:,}."
        )
    if problems:
        raise CalendarError(problems)


def _problems(one: Period, lea_code: str, year: str, schools: set[str]) -> Iterator[str]:
    if one.lea != lea_code:
        yield f"lea: {one.lea} is another LEA; this is the calendar of {lea_code}. Take the row out."
    if one.school and one.school not in schools:
        yield f"school: {one.school} is no school of {lea_code}. Write its state code, or leave it empty."
    if len(one.track) > _TRACK_LENGTH or "\0" in one.track:
        yield f"track: it is longer than {_TRACK_LENGTH} characters. Shorten its name."
    if academic_year_of(one.start) != year:
        yield (
            f"start: {one.start} lies in {academic_year_of(one.start)}; this is the calendar of {year}, July 1 to "
            "June 30. Correct the day, or put the row into the calendar of that year."
        )


def calendar_csv(periods: Iterable[Period]) -> str:
    """The periods as the file that can be taken in again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in periods:
        writer.writerow([one.lea, one.school, one.track, one.kind.value, one.start, one.end])
    return out.getvalue()


class CalendarChanged(Exception):
    """Somebody else saved the calendar since it was looked at; nothing was written."""


@transaction.atomic
def save_calendar(
    *,
    actor: Actor | None,
    lea_code: str,
    year: str,
    periods: Sequence[Period],
    reason: str,
    seen: int | None,
) -> CalendarVersion:
    """Let ``periods`` be the calendar of the LEA and year from now on; none: it has no calendar.

    ``seen`` is the key of the version that the author looked at, ``None`` where there was none. ``actor`` ``None`` is
    the installation. Raises ``CalendarError`` for periods that cannot stand, ``CalendarChanged`` where another version
    stands by now, ``ValueError`` without a reason or for somebody who may not.
    """
    if actor is not None and not may_edit_calendar(actor, lea_code):
        raise ValueError("this actor keeps no calendar of that LEA")
    words = " ".join(reason.replace("\0", "").split())[:_REASON_LENGTH]
    if not words:
        raise ValueError("a calendar is saved with the reason for it")
    first_calendar_year(year)
    check_periods(periods, lea_code, year)
    standing = standing_version(lea_code, year)
    if (standing.pk if standing else None) != seen:
        raise CalendarChanged
    now = clock.now()
    if standing is not None:
        ended = CalendarVersion.objects.filter(pk=standing.pk, superseded_at__isnull=True)
        if ended.update(superseded_at=now) != 1:
            raise CalendarChanged
    try:
        with transaction.atomic():
            version = CalendarVersion.objects.create(
                lea_code=lea_code,
                year=year,
                recorded_at=now,
                by_id=None if actor is None else actor.user_id,
                reason=words,
            )
    except IntegrityError as error:
        raise CalendarChanged from error
    CalendarPeriod.objects.bulk_create(
        CalendarPeriod(
            version=version,
            school_code=one.school,
            track=one.track,
            kind=one.kind.value,
            start_on=one.start,
            end_on=one.end,
        )
        for one in periods
    )
    log_change(
        actor=actor,
        action="save_calendar",
        subject=version,
        reason=words,
        detail={"lea": lea_code, "year": year, "periods": len(periods)},
        lea_code=lea_code,
    )
    calendars_changed([lea_code])
    return version


def load_calendar(path: Path, *, lea_code: str, reason: str) -> int:
    """Take in a CSV file of several years for the installation, each year as a version; how many years.

    Raises ``CalendarError``.
    """
    periods = [_of_lea(one, lea_code) for one in read_calendar_csv(path.read_text(encoding="utf-8-sig"))]
    years = sorted({academic_year_of(one.start) for one in periods})
    for year in years:
        standing = standing_version(lea_code, year)
        save_calendar(
            actor=None,
            lea_code=lea_code,
            year=year,
            periods=[one for one in periods if academic_year_of(one.start) == year],
            reason=reason,
            seen=standing.pk if standing else None,
        )
    return len(years)


def _of_lea(one: Period, lea_code: str) -> Period:
    return replace(one, lea=one.lea or lea_code)


def _row_numbers(text: str) -> list[int]:
    """The row of each period, as ``read_calendar_csv`` counts them: the header is row 1, empty rows hold nothing."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    next(lines, None)
    return [lines.line_num for values in lines if any(value.strip() for value in values)]
