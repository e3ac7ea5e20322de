"""The Record tab as of another day: what was true on it, as it is known today or was known on a third day.

What is asked stands in the address (``as_of=2025-10-01&known=2025-10-05``): days, nothing of the student.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from manzanita.archive.queries import uncorrected_records
from manzanita.domain.clocks.reviews import annual_due_on, triennial_due_on
from manzanita.domain.years import academic_year_of, census_day, first_calendar_year, first_day
from manzanita.exchange.queries import state_records_of
from manzanita.exchange.reporting import reported_of, statuses_in_force
from manzanita.exchange.state_as_of import rows_then
from manzanita.orgs.queries import agency_name_rows, school_name_rows
from manzanita.platform import clock
from manzanita.platform.together import read_together
from manzanita.students.as_of import facts_as_of
from manzanita.students.former import rows_for
from manzanita.students.models import Student
from manzanita.students.queries import StudentFacts
from manzanita.ui.formats import us_date
from manzanita.web.form_days import day_of
from manzanita.web.reasons_told import Refused, Told
from manzanita.web.record_state_then import held_parts
from manzanita.web.student_actions import Actions
from manzanita.web.student_file import StateShown, StudentFile, codes_of_residence, lea_of, newest_held

ON, KNOWN = "as_of", "known"
SOURCE = "Facts have two axes of time (decision 2)"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks. ``on`` ``None``: the record of today; ``known_on`` ``None``: as known today. ``errors`` by
    the name of the control: where there is one, the record of today is shown."""

    on: date | None = None
    known_on: date | None = None
    errors: Mapping[str, str] | None = None

    @property
    def query(self) -> str:
        """What an address goes on with, to stay in this view."""
        known = f"&{KNOWN}={self.known_on.isoformat()}" if self.known_on else ""
        return f"&{ON}={self.on.isoformat()}{known}" if self.on else ""

    @property
    def codes(self) -> str:
        """For the log of reads."""
        known = f" known={self.known_on.isoformat()}" if self.known_on else ""
        return f"on={self.on.isoformat()}{known}" if self.on else ""

    @property
    def words(self) -> str:
        known = f"on {us_date(self.known_on)}" if self.known_on else "today"
        return f"as it was on {us_date(self.on)} (as known {known})"


TODAY = Asked()


def asked_of(given: QueryDict, student: Student) -> Asked:
    """Read the days of an address. Nobody looks ahead, and a former LEA not beyond its last day."""
    texts = {name: given.get(name, "").strip() for name in (ON, KNOWN)}
    today, errors, days = clock.today(), {}, {}
    for name, text in texts.items():
        day = day_of(text)
        if text and day is None:
            errors[name] = f"“{text[:20]}” is not a date. Write it as 10/01/2025."
        elif day is not None and (said := _against(name, day, today, student)):
            errors[name] = said
        days[name] = day
    if errors:
        return Asked(errors=errors)
    on, known_on = days[ON], days[KNOWN]
    if known_on == today:
        known_on = None
    if on == today and known_on is None:
        on = None
    elif on is None and known_on is not None:
        on = student.seen_through or today
    return Asked(on, known_on)


def _against(name: str, day: date, today: date, student: Student) -> str:
    """Why a day cannot be asked, in words; empty where it can."""
    if day > today:
        ahead = "What is planned stands in the record of today, what would be under “What if…”."
        return f"{us_date(day)} is still to come. {ahead if name == ON else 'Choose today or a day before.'}"
    through = student.seen_through
    if name == ON and through is not None and day > through:
        return (
            f"Your LEA was responsible through {us_date(through)}, and sees nothing that came later. "
            f"Choose that day or one before; of later days ask the student's LEA."
        )
    if student.birth_on is not None and day < student.birth_on:
        return f"{us_date(day)} is before the student was born. Choose a later day."
    return ""


def file_as_of(file: StudentFile, asked: Asked) -> StudentFile:
    """The file as it was; ``file`` is that of today. At most two statements.

    No meeting is open in it, and nothing planned: what was proposed and planned is not kept by day.
    """
    day, known_on = asked.on, asked.known_on
    if day is None:
        return file
    pk, known = file.student.pk, clock.end_of(known_on) if known_on else None
    own = rows_for(file.actor, file.student, known=known, day=day)
    records, statuses = uncorrected_records([pk], known=known), statuses_in_force([pk], known_on=known_on)
    held = state_records_of(pk)
    state_on = known_on or day
    then = rows_then(pk, clock.end_of(state_on), _leas_of(file))
    read_together(*own.querysets, records, statuses, held, *then.querysets)
    facts = facts_as_of(own.facts(), day)
    lea = lea_of(file.actor, facts, day)
    finalized = [
        one
        for one in (*file.meetings, *file.meetings_elsewhere)
        if one.state == "finalized"
        and one.held_on is not None
        and one.held_on <= day
        and (known is None or (one.finalized_at is not None and one.finalized_at <= known))
    ]
    agencies, schools = _names(file, facts, lea)
    now = [one for one in held if one.lea_code == lea and one.key_on <= day]
    return replace(
        file,
        today=day,
        lea_code=lea,
        student=_with_clocks(file.student, *newest_held(finalized)),
        facts=facts,
        meetings=[one for one in finalized if one.lea_code == lea],
        meetings_elsewhere=[one for one in finalized if one.lea_code != lea],
        answers=[],
        decisions=[],
        open_anywhere=None,
        should=[
            row
            for row in reported_of(statuses, (one for one in records if one.lea_code == lea)).get(pk, [])
            if row.key_on <= day
        ],
        at_state=now if known is None else [],
        state_then=StateShown(then.of(lea, day), state_on, now, has_now=known is None),
        findings=[],
        next_year=None,
        agencies=agencies,
        schools=schools,
    )


def _leas_of(file: StudentFile) -> set[str]:
    """Those that may have reported the student."""
    facts = (*file.facts.enrollments, *file.facts.plans, *file.facts.statuses)
    return {file.lea_code, *(one.lea_code for one in facts)} - {""}


def _with_clocks(student: Student, review: date | None, evaluation: date | None) -> Student:
    """The student with the due dates that these two days make. Not saved."""
    student = copy.copy(student)
    student.last_plan_review_on, student.last_evaluation_on = review, evaluation
    student.plan_review_due_on = annual_due_on(review) if review else None
    student.evaluation_due_on = triennial_due_on(evaluation) if evaluation else None
    return student


def _names(file: StudentFile, facts: StudentFacts, lea: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Names of agencies and schools; what is known no longer may name others than the record of today."""
    codes = {e.lea_code for e in facts.enrollments} | {e.nps_code for e in facts.enrollments}
    codes |= {p.dsea_code for p in facts.plans} | {p.lea_code for p in facts.plans} | {lea}
    codes |= codes_of_residence(facts)
    new = codes - {"", *file.agencies}
    new_schools = {one.school_code for one in facts.enrollments} - {"", *file.schools}
    if not new and not new_schools:
        return file.agencies, file.schools
    agencies, schools = agency_name_rows(new), school_name_rows(new_schools)
    read_together(agencies, schools)
    return {**file.agencies, **dict(agencies)}, {**file.schools, **dict(schools)}


def tab_parts(file: StudentFile, asked: Asked) -> dict[str, Any]:
    """How ``student_record.record_tab`` shows it; ``file`` is that of today."""
    if asked.on is None:
        return {}
    return {"view": asked.query, "word": f"On {us_date(asked.on)}", "today": file}


def view_parts(file: StudentFile, then: StudentFile, asked: Asked, kept: str) -> dict[str, Any]:
    """Control and banner of the view; ``then`` is the file as of it, ``kept`` how the tab is shown otherwise."""
    here = f"{reverse('student', args=[file.student.public_id])}?tab=record{kept}"
    errors = asked.errors or {}
    days = [(words, f"{here}{Asked(day).query}", day == asked.on) for words, day in _days(file)]
    return {
        "as_of": asked,
        "as_of_url": here.partition("?")[0],
        "as_of_kept": [pair.split("=") for pair in kept.split("&") if pair],
        "as_of_on": asked.on.isoformat() if asked.on else "",
        "as_of_known": asked.known_on.isoformat() if asked.known_on else "",
        "as_of_errors": {name: errors.get(name, "") for name in (ON, KNOWN)},
        "shown": then,
        "elsewhere_then": _elsewhere(then) if asked.on else "",
        "today_url": here,
        "known_then_url": f"{here}{Asked(asked.on, asked.on).query}"
        if asked.on and not asked.known_on
        else "",
        "day_links": days,
        # Beside the record of today, what stands among the days is not said twice; who walks is led on by all.
        "steps": [
            one for one in _steps(file, asked, here) if asked.on or one[1] not in {day[1] for day in days}
        ],
        "left_unsaid": list(_left_unsaid(file, asked)),
        **held_parts(then),
    }


def actions_then(actions: Actions, asked: Asked, today_url: str) -> Actions:
    """Nothing is changed from a view of another day: all that could be done is named, with the one reason."""
    if asked.on is None:
        return actions
    return Actions([], [refused_then(asked, [one.label for one in actions.possible], today_url)], 0)


def refused_then(asked: Asked, labels: list[str], today_url: str) -> Refused:
    text = f"You look at the record {asked.words}. What is changed is changed in the record of today."
    return Refused(labels, [Told(text, "You", SOURCE, "", today_url, "Back to today")])


def _elsewhere(then: StudentFile) -> str:
    """At which other LEA the student was, where there was no enrollment here."""
    found = then.facts.enrollment_on(then.today)
    if found is None or then.is_enrolled_here:
        return ""
    return f"Enrolled on that day at {then.agency_name(found.lea_code)}: that record is theirs."


def _days(file: StudentFile) -> Iterator[tuple[str, date]]:
    """The days that are asked most, each once, newest kind first; of a former LEA those within its time."""
    today = clock.today()
    year = academic_year_of(today)
    before = first_calendar_year(year) - 1
    held = [one.held_on for one in file.meetings if one.state == "finalized" and one.held_on]
    last = file.student.seen_through or today - timedelta(days=1)
    found: Sequence[tuple[str, date | None]] = (
        ("Census Day", census_day(year)),
        ("School year began", first_day(year)),
        ("Census Day", census_day(f"{before}-{before + 1}")),
        ("Newest meeting", max((day for day in held if day <= last), default=None)),
    )
    born = file.student.birth_on
    for words, day in found:
        if day is not None and day <= last and (born is None or born <= day):
            yield f"{words} {us_date(day)}", day


def _steps(file: StudentFile, asked: Asked, here: str) -> list[tuple[str, str, bool]]:
    """The Census Day or first of July before the day shown, and the one after it, or today: words, address, and whether
    it leads forward. What was known that very day is known on the next one, too."""
    today = clock.today()
    shown = asked.on or file.student.seen_through or today
    first, last = file.student.birth_on or date.min, file.student.seen_through or today - timedelta(days=1)
    year = first_calendar_year(academic_year_of(shown))
    marks = [
        (day, words)
        for one in range(year - 1, year + 2)
        for words, day in (
            ("School year began", first_day(f"{one}-{one + 1}")),
            ("Census Day", census_day(f"{one}-{one + 1}")),
        )
        if first <= day <= last
    ]
    before = max((mark for mark in marks if mark[0] < shown), default=None)
    after = min((mark for mark in marks if mark[0] > shown), default=None)
    steps = []
    for mark, is_forward in ((before, False), (after, True)):
        if mark is not None:
            known = mark[0] if asked.known_on and asked.known_on == asked.on else asked.known_on
            steps.append(
                (f"{mark[1]} {us_date(mark[0])}", f"{here}{Asked(mark[0], known).query}", is_forward)
            )
    if after is None and asked.on is not None:
        steps.append(("Today", here, True))
    return steps


def _left_unsaid(file: StudentFile, asked: Asked) -> Iterator[str]:
    """What the view cannot tell of that day, and where it is told."""
    if asked.on is None:
        return
    yield (
        "Name, birth date, gender and local number stand as they are today; what they were stands at each field. "
        "So do the panel at the side, the time line and what is to be sent."
    )
    yield (
        "What a meeting proposed on that day is not kept by day: each meeting stands with its newest values, once it "
        "was finalized. All meetings stand under Meetings."
    )
    state_on = us_date(asked.known_on or asked.on)
    yield (
        f"State on {state_on}: what was known here by the end of that day, from the state's answers and extracts. What "
        "was changed at the state by others shows only in the next extract, and what an extract said of a student who "
        "was not known here yet was left out."
    )
    if not asked.known_on:
        yield f"State today: what it holds now of records dated {us_date(asked.on)} or earlier."
    if file.student.seen_through is None:
        yield (
            "What was planned for the next school year stands in the record of today; each of its fields has its "
            "history."
        )
