"""Reading calendars: what stands, what was believed at an instant, and under what each school's clocks count.

Calendars are public facts, so no scope applies; pages show those of the actor's LEAs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from django.db.models import Q

from manzanita.domain.calendars import Calendar, Period, PeriodKind, Tolling, periods_of
from manzanita.domain.clocks import Setting
from manzanita.domain.policies import POLICIES, TOLLING
from manzanita.domain.years import academic_year_of
from manzanita.orgs.models import Agency, CalendarPeriod, CalendarVersion, PolicyAnswer
from manzanita.platform.together import read_together

DEFAULT_READING = Tolling(POLICIES[TOLLING].default)


@dataclass(frozen=True, slots=True)
class Reading:
    """``tolling`` is the SELPA's from ``effective_on`` on; ``None``: from ever."""

    effective_on: date | None
    tolling: Tolling


@dataclass(frozen=True, slots=True)
class Calendars:
    """Calendars of some LEAs and the readings of their SELPAs, read once; that of a school is put together once.

    ``periods`` by LEA and academic year; ``readings`` by LEA, the latest day first.
    """

    periods: Mapping[str, Mapping[str, Sequence[Period]]]
    readings: Mapping[str, Sequence[Reading]]
    _built: dict[tuple[str, str, str], Calendar] = field(default_factory=dict, compare=False)

    def calendar(self, lea_code: str, school_code: str = "", track: str = "") -> Calendar:
        """The calendar of one school and track over all years; one without periods where none is stored."""
        key = (lea_code, school_code, track)
        if key not in self._built:
            rows = [one for year in self.periods.get(lea_code, {}).values() for one in year]
            self._built[key] = Calendar(periods_of(rows, lea=lea_code, school=school_code, track=track))
        return self._built[key]

    def reading(self, lea_code: str, on: date) -> Tolling:
        for one in self.readings.get(lea_code, ()):
            if one.effective_on is None or one.effective_on <= on:
                return one.tolling
        return DEFAULT_READING

    def setting(self, lea_code: str, school_code: str = "", *, on: date) -> Setting:
        """What a clock of that school counts under, asked on the day ``on``."""
        return Setting(self.calendar(lea_code, school_code), self.reading(lea_code, on))

    def with_year(self, lea_code: str, year: str, periods: Sequence[Period]) -> Calendars:
        """These calendars with another one for one LEA and year."""
        of_lea = {**self.periods.get(lea_code, {}), year: periods}
        return Calendars({**self.periods, lea_code: of_lea}, self.readings)

    def with_period(self, lea_code: str, old: Period | None, new: Period) -> Calendars:
        """These calendars with ``new`` in place of ``old``, or beside all others, for one LEA."""
        found = self
        if old is not None:
            year = academic_year_of(old.start)
            kept = [one for one in self.periods.get(lea_code, {}).get(year, ()) if one != old]
            found = found.with_year(lea_code, year, kept)
        year = academic_year_of(new.start)
        rows = [*found.periods.get(lea_code, {}).get(year, ()), new]
        return found.with_year(lea_code, year, rows)

    def with_reading(self, tolling: Tolling) -> Calendars:
        """The same calendars, every clock counted by one reading."""
        same = (Reading(None, tolling),)
        # The calendars are the same: what is put together already is not put together again.
        return replace(self, readings=dict.fromkeys(self.readings, same), _built=self._built)

    def tracks(self, lea_code: str, year: str) -> list[tuple[str, str]]:
        """The schools and tracks that rows of the year name, as (school, track), in order."""
        rows = self.periods.get(lea_code, {}).get(year, ())
        return sorted({(one.school, one.track) for one in rows} - {("", "")})

    def has_terms(self, lea_code: str, year: str) -> bool:
        rows = self.periods.get(lea_code, {}).get(year, ())
        return any(one.kind is PeriodKind.TERM for one in rows)

    def has_tracks(self, lea_code: str, school_code: str) -> bool:
        """Whether a student of the school has a track, of which nothing is known here."""
        rows = (one for year in self.periods.get(lea_code, {}).values() for one in year)
        return any(one.track and one.school in ("", school_code) for one in rows)


def load_calendars(lea_codes: Iterable[str], *, known: datetime | None = None) -> Calendars:
    """Everything the clocks of these LEAs count under, as believed at ``known`` (default now). Two queries."""
    codes = set(lea_codes)
    if not codes:
        return Calendars({}, {})
    periods: dict[str, dict[str, list[Period]]] = defaultdict(lambda: defaultdict(list))
    rows = CalendarPeriod.objects.filter(
        _believed("version__", known), version__lea_code__in=codes
    ).select_related("version")
    for row in rows.order_by("start_on", "id"):
        periods[row.version.lea_code][row.version.year].append(period_of(row))
    return Calendars({lea: dict(years) for lea, years in periods.items()}, _readings(codes))


def has_calendar(lea_code: str, day: date) -> bool:
    """Whether the LEA has a calendar of the school year of ``day``; one query."""
    rows = CalendarPeriod.objects.filter(_believed("version__", None), version__lea_code=lea_code)
    return rows.filter(version__year=academic_year_of(day)).exists()


def _readings(lea_codes: set[str]) -> dict[str, list[Reading]]:
    """The answers of the SELPAs of these LEAs, the latest day first."""
    agencies = Agency.objects.filter(code__in=lea_codes)
    selpas = agencies.values_list("code", "selpa_code")
    answers = PolicyAnswer.objects.filter(key=TOLLING, selpa_code__in=agencies.values("selpa_code"))
    answers = answers.order_by("-effective_on", "-id")
    read_together(selpas, answers)
    by_selpa: dict[str, list[Reading]] = defaultdict(list)
    for answer in answers:
        by_selpa[answer.selpa_code].append(Reading(answer.effective_on, Tolling(answer.value)))
    return {code: by_selpa[selpa] for code, selpa in selpas}


def period_of(row: CalendarPeriod) -> Period:
    """The row as the domain knows it; its version says the LEA."""
    return Period(
        row.start_on,
        row.end_on,
        PeriodKind(row.kind),
        row.version.lea_code,
        row.school_code,
        row.track,
    )


def _believed(prefix: str, known: datetime | None) -> Q:
    if known is None:
        return Q(**{f"{prefix}superseded_at__isnull": True})
    still = Q(**{f"{prefix}superseded_at__isnull": True}) | Q(**{f"{prefix}superseded_at__gt": known})
    return still & Q(**{f"{prefix}recorded_at__lte": known})


def versions_of(lea_code: str, year: str) -> list[CalendarVersion]:
    """Every version of the year, the newest first."""
    return list(CalendarVersion.objects.filter(lea_code=lea_code, year=year).order_by("-id"))


def standing_versions(lea_codes: Iterable[str]) -> dict[tuple[str, str], CalendarVersion]:
    """The versions that stand, by LEA and year."""
    rows = CalendarVersion.objects.filter(lea_code__in=set(lea_codes), superseded_at__isnull=True)
    return {(row.lea_code, row.year): row for row in rows}


def calendar_agency(lea_code: str) -> Agency | None:
    """A district or county office; others have no calendar."""
    return Agency.objects.filter(code=lea_code, kind__in=["lea", "coe"]).first()


def leas_without_calendar(lea_codes: Iterable[str], year: str) -> list[str]:
    """Those of the LEAs that have no period of the year; one query."""
    codes = set(lea_codes)
    rows = CalendarPeriod.objects.filter(
        version__superseded_at__isnull=True, version__year=year, version__lea_code__in=codes
    )
    return sorted(codes - set(rows.order_by().values_list("version__lea_code", flat=True).distinct()))


def standing_version(lea_code: str, year: str) -> CalendarVersion | None:
    return CalendarVersion.objects.filter(lea_code=lea_code, year=year, superseded_at__isnull=True).first()


def periods_of_version(version: CalendarVersion | None) -> list[CalendarPeriod]:
    """In order of their days; the version comes with each."""
    if version is None:
        return []
    rows = list(version.periods.order_by("start_on", "school_code", "track", "id"))
    for row in rows:
        row.version = version
    return rows
