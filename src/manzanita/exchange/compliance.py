"""Counting the groups of the monitoring reports in an actor's scope, and finding the students of one group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from manzanita.domain.access import Actor
from manzanita.domain.compliance import Group, Judged, Measure, StudentFacts, judge, judge_all
from manzanita.domain.years import year_start
from manzanita.exchange.compliance_facts import (
    at_place,
    candidates,
    load,
    report_leas,
    schools_shown,
)
from manzanita.platform import clock
from manzanita.students.models import ScopedQuerySet

# More students than this are counted by a job; a page would take longer than people wait.
MOST_AT_ONCE = 8000
TREND_NOW, TREND_THEN = "now", "then"
# The place of those who are counted although they are enrolled nowhere.
NO_SCHOOL = "0000000"
Cell = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """The two days that are asked: which ``day`` is judged, and what was known at the end of ``known_on`` (``None``:
    what is known now). ``trend`` is whether each month of the trend is told as known now or as known then."""

    day: date
    known_on: date | None = None
    trend: str = TREND_NOW

    @property
    def known(self) -> datetime | None:
        return clock.end_of(self.known_on) if self.known_on else None

    @property
    def months(self) -> list[date]:
        """The ends of the months of the academic year before ``day``, and ``day`` itself."""
        ends: list[date] = []
        start = year_start(self.day)
        while True:
            start = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
            end = start - timedelta(days=1)
            if end >= self.day:
                return [*ends, self.day]
            ends.append(end)


@dataclass(slots=True)
class Counted:
    """Students by measure, LEA, school and group; of these the non-compliant; the not counted by measure and reason.
    ``trend`` holds for each month the groups of each measure, with ``nc`` for the non-compliant."""

    cells: Counter[Cell] = field(default_factory=Counter)
    noncompliant: Counter[Cell] = field(default_factory=Counter)
    excluded: Counter[tuple[str, str]] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    trend: dict[str, Counter[tuple[str, str]]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, judged: Judged) -> None:
        measure = str(judged.measure)
        if judged.group is Group.NOT_COUNTED:
            self.excluded[measure, judged.excluded] += 1
            return
        cell = (measure, judged.lea_code, judged.school_code, str(judged.group))
        self.cells[cell] += 1
        if judged.is_noncompliant:
            self.noncompliant[cell] += 1
        if judged.doubts:
            self.doubtful[measure] += 1

    def add_month(self, day: date, judged: Judged) -> None:
        if judged.group is Group.NOT_COUNTED:
            return
        month = self.trend[day.isoformat()]
        month[str(judged.measure), str(judged.group)] += 1
        if judged.is_noncompliant:
            month[str(judged.measure), "nc"] += 1

    def document(self) -> dict[str, Any]:
        return {
            "cells": [[*key, count] for key, count in self.cells.items()],
            "noncompliant": [[*key, count] for key, count in self.noncompliant.items()],
            "excluded": [[*key, count] for key, count in self.excluded.items()],
            "doubtful": dict(self.doubtful),
            "trend": {
                day: [[*key, count] for key, count in month.items()] for day, month in self.trend.items()
            },
        }

    @staticmethod
    def of(document: Mapping[str, Any]) -> Counted:
        def read(rows: Sequence[Sequence[Any]]) -> Counter[Any]:
            return Counter({tuple(row[:-1]): row[-1] for row in rows})

        trend: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        trend.update({day: read(rows) for day, rows in document["trend"].items()})
        return Counted(
            read(document["cells"]),
            read(document["noncompliant"]),
            read(document["excluded"]),
            Counter(document["doubtful"]),
            trend,
        )


def is_too_many(actor: Actor) -> bool:
    """Whether this scope is counted by a job."""
    return len(candidates(actor).order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1]) > MOST_AT_ONCE


def count(
    actor: Actor, asked: Asked, of_trend: Sequence[Measure] = tuple(Measure), progress: Any = None
) -> Counted:
    """Every measure on the day that is asked, and those ``of_trend`` on the months before it, of everybody within
    reach."""
    counted = Counted()
    schools = schools_shown(actor)
    then = asked.trend == TREND_THEN
    # The day itself is always told as it was asked for.
    months = asked.months[:-1]
    for day in asked.months:
        counted.trend[day.isoformat()] = Counter()
    done = 0
    for some in load(candidates(actor), known=asked.known, any_time=then):
        leas = report_leas(actor, some.values())
        for one in some.values():
            facts = one.as_known(asked.known, leas)
            for judged in _judged(tuple(Measure), facts, asked.day, leas, schools):
                counted.add(judged)
                counted.add_month(asked.day, judged)
            for day in months:
                if then:
                    facts = one.as_known(_earlier(clock.end_of(day), asked.known), leas)
                for judged in _judged(of_trend, facts, day, leas, schools):
                    counted.add_month(day, judged)
        done += len(some)
        if progress is not None:
            progress(done)
    return counted


def _judged(
    measures: Sequence[Measure],
    facts: StudentFacts,
    day: date,
    leas: Collection[str],
    schools: Collection[str],
) -> list[Judged]:
    found = judge_all(measures, facts, day, leas)
    return [one for one in found if _is_at(one, schools)] if schools else found


def _is_at(judged: Judged, schools: Collection[str]) -> bool:
    """Whether the student is one of these schools; who is not counted is by the enrollment that comes nearest."""
    school = judged.school_code or (judged.enrollment.school_code if judged.enrollment else "")
    return school in schools


def _earlier(one: datetime, other: datetime | None) -> datetime:
    return one if other is None else min(one, other)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which students of one measure: of a group (``nc`` for the non-compliant, ``doubt`` for those with a doubt), at an
    LEA or a school (``NO_SCHOOL``: enrolled nowhere), or not counted for one reason. Blank asks for all."""

    measure: Measure
    group: str = ""
    lea_code: str = ""
    school_code: str = ""
    reason: str = ""

    def holds(self, judged: Judged) -> bool:
        if self.group == "nc":
            if not judged.is_noncompliant:
                return False
        elif self.group == "doubt":
            if not judged.doubts:
                return False
        elif self.group:
            if judged.group != self.group:
                return False
        elif judged.group is Group.NOT_COUNTED:
            return False
        if self.reason and judged.excluded != self.reason:
            return False
        if judged.group is Group.NOT_COUNTED:
            return True
        school = judged.school_code or NO_SCHOOL
        return self.lea_code in ("", judged.lea_code) and self.school_code in ("", school)


Found = dict[int, tuple[Judged, StudentFacts]]


class TooMany(Exception):
    """So many students are within reach that an LEA or a school must be named first."""


def find(actor: Actor, asked: Asked, wanted: Wanted) -> Found:
    """The students of one group, by key, each with where the student stands and what that rests on.

    Raises :class:`TooMany`.
    """
    school = "" if wanted.school_code == NO_SCHOOL else wanted.school_code
    students = at_place(candidates(actor), wanted.lea_code, school)
    if len(students.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1]) > MOST_AT_ONCE:
        raise TooMany
    return {
        pk: (judged, facts)
        for pk, (judged, facts) in judged_of(actor, asked, wanted.measure, students).items()
        if wanted.holds(judged)
    }


def judged_of(actor: Actor, asked: Asked, measure: Measure, students: ScopedQuerySet) -> Found:
    """Where each of ``students`` stands in one measure, also those not counted."""
    schools = schools_shown(actor)
    found: Found = {}
    for some in load(students, known=asked.known):
        leas = report_leas(actor, some.values())
        for pk, one in some.items():
            facts = one.as_known(asked.known, leas)
            judged = judge(measure, facts, asked.day, leas)
            if not schools or _is_at(judged, schools):
                found[pk] = (judged, facts)
    return found
