"""What the form of a leaving says, what it begins with, and the one laid over the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.http import HttpRequest

from manzanita.domain.leaving import CONTINUES, PAPERS, PRIOR_NOTICE, LeavingReason, PaperSaid
from manzanita.domain.revocation import Letter, earliest_end
from manzanita.leaving.actions import papers_of
from manzanita.leaving.models import ParticipationReport
from manzanita.leaving.queries import planned_leaving
from manzanita.procedures.leaving import LeavingAsked, handed_over_on
from manzanita.students.former import facts_for
from manzanita.students.models import Enrollment, Student
from manzanita.students.queries import StudentFacts
from manzanita.web.form_days import day_of
from manzanita.web.laid_over import LaidOver, laid_over


def paper_days(reason: LeavingReason) -> dict[str, str]:
    """The fields of the days on which papers were given, and their labels."""
    return {f"{key}_on": f"{PAPERS[key].label} given on" for key in reason.papers}


def day_labels(reason: LeavingReason) -> dict[str, str]:
    """All fields that are days, and their labels."""
    labels = {"letter_on": "Day of the letter"} if reason.asks_letter else {}
    return labels | {"on": reason.day_label} | paper_days(reason)


def asked_in(
    said: Mapping[str, str], reason: LeavingReason, report: ParticipationReport | None
) -> LeavingAsked:
    """What the form says, by name of the field."""
    given = {name: text.replace("\0", "").strip() for name, text in said.items()}
    return LeavingAsked(
        reason.key,
        day_of(given.get("on", "")),
        given.get("note", ""),
        {
            key: PaperSaid(day_of(given.get(f"{key}_on", "")), given.get(f"{key}_note", ""))
            for key in reason.papers
        },
        report,
        letter=Letter(day_of(given.get("letter_on", "")), given.get("letter_by", ""))
        if reason.asks_letter
        else Letter(),
    )


def values_of(asked: LeavingAsked, reason: LeavingReason) -> dict[str, str]:
    """The same by name of the field, as the form shows it."""
    values = {"on": _iso(asked.on or earliest(asked)), "note": asked.note}
    for key in reason.papers:
        paper = asked.papers.get(key, PaperSaid())
        values |= {f"{key}_on": _iso(paper.on), f"{key}_note": paper.note}
    if reason.asks_letter:
        values |= {"letter_on": _iso(asked.letter.on), "letter_by": asked.letter.by}
    return values


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def earliest(asked: LeavingAsked) -> date | None:
    """The earliest lawful day, where letter and notice are known."""
    return earliest_end(asked.letter.on, asked.papers.get(PRIOR_NOTICE, PaperSaid()).on)


def first_asked(
    request: HttpRequest, student: Student, reason: LeavingReason, report: ParticipationReport | None
) -> LeavingAsked:
    """What the form begins with: what is planned, what a teacher reported, or the last day that the SIS knows."""
    planned = planned_leaving(student, request.actor.agency_code)
    if planned is not None and planned.reason_key == reason.key:
        return LeavingAsked(
            reason.key,
            planned.leaves_on,
            planned.note,
            papers_of(planned.papers),
            planned.report,
            letter=Letter(planned.letter_on, planned.letter_by),
        )
    if report is not None:
        return LeavingAsked(reason.key, report.last_on, report.note, {}, report)
    facts = facts_for(request.actor, student)
    newest = newest_here(request, facts)
    last_day = newest.effective_to if newest else None
    if reason.key == CONTINUES and (given := handed_over_on(student, request.actor.agency_code, facts)):
        return LeavingAsked(reason.key, last_day or given.last_day, given.note)
    return LeavingAsked(reason.key, last_day)


def newest_here(request: HttpRequest, facts: StudentFacts) -> Enrollment | None:
    """The newest enrollment here; the SIS has ended it where it has a last day."""
    here = [one for one in facts.enrollments if one.lea_code == request.actor.agency_code]
    return max(here, key=lambda one: one.started_on, default=None)


def typed_over(
    request: HttpRequest, student: Student, reason: LeavingReason, report: ParticipationReport | None
) -> LaidOver:
    """What was typed, over what the form would begin with now."""
    return laid_over(request.POST, values_of(first_asked(request, student, reason, report), reason))
