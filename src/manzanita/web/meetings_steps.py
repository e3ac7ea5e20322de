"""The steps of a meeting: how far each one is, and what the frame around every step shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Reason, Severity
from manzanita.domain.scenarios import EVENTS
from manzanita.exchange.checks import must_be_mended
from manzanita.meetings.evaluation_clocks import count_evaluations
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import ProposedService, missed_on
from manzanita.orgs.calendars import load_calendars
from manzanita.platform import clock
from manzanita.procedures.finalize_reasons import open_blockers
from manzanita.ui.formats import us_time
from manzanita.web.clock_words import Working, working_of
from manzanita.web.meetings_form import (
    SECTIONS,
    STEPS,
    Desk,
    fields_of,
    section_fields,
    service_fields,
    step_of,
)

TRANSITION_AGE = 16
LONGEST_SERVICE_NUMBER = 3  # of digits in an address


def page_context(actor: Actor, desk: Desk, step: str, service_text: str = "") -> dict:
    """Everything that the page of one step reads, and the panel beside it."""
    working = _working(desk)
    context = {
        "desk": desk,
        "meeting": desk.meeting,
        "student": desk.meeting.student,
        "step": step,
        "title": desk.title,
        "due_line": due_line(desk.meeting, working),
        "working": working,
        "groups": step_groups(actor, desk, step),
        "editors": editors(desk),
        "may_edit": actor.may(Capability.HOLD_MEETING),
        "fields": [],
        "chosen": None,
    }
    if step in SECTIONS:
        context |= {"fields": section_fields(desk, step), "heading": SECTIONS[step]}
    elif step == "services":
        chosen = _chosen_service(desk, service_text)
        context |= {
            "heading": STEPS[step],
            "chosen": chosen,
            "fields": service_fields(desk, chosen) if chosen else [],
            "next_service_no": desk.next_service_no,
            "service_codes": [(code.code, code.label) for code in code_set("Service").current()],
        }
    return context


def _chosen_service(desk: Desk, text: str) -> ProposedService | None:
    """The service whose fields are open: the one asked for, else the first that the rules object to."""
    if text.isascii() and text.isdigit() and len(text) <= LONGEST_SERVICE_NUMBER:
        asked = desk.service(int(text))
        if asked is not None and not asked.is_withdrawn:
            return asked
    wrong = next((offered.service for offered in desk.offered if offered.service), None)
    shown = desk.shown_services
    return desk.service(wrong) if wrong else (shown[0] if shown else None)


def step_groups(actor: Actor, desk: Desk, current: str) -> list[dict]:
    """The step list of the meeting, with how far each step is."""
    meeting = desk.meeting
    offer = [
        {**_section_state(desk, key), "label": title, "url": desk.step_url(key), "current": key == current}
        for key, title in SECTIONS.items()
    ]
    offer.append(
        {
            **_services_state(desk),
            "label": STEPS["services"],
            "url": desk.step_url("services"),
            "current": current == "services",
        }
    )
    items = desk.proposal.items
    answered = sum(item.decision is not None and not item.is_outdated for item in items)
    hold_kind = "ok" if meeting.held_on or meeting.concluded_on else "empty"
    if any(offered.step == "hold" for offered in desk.offered):
        hold_kind = "warn"
    answer_kind = "empty" if not answered else "ok" if answered == len(items) else "progress"
    answer_note = f"{answered} of {len(items)}"
    if not EVENTS[meeting.event_key].conclusion(meeting.conclusion_key).asks_family:
        answer_kind, answer_note = "na", "not asked"
        if meeting.conclusion_key:
            offer = [
                {**one, "kind": "na", "note": "not offered"} if one["kind"] == "ok" else one for one in offer
            ]
    decided_on = meeting.held_on or meeting.concluded_on
    return [
        {"title": "Offer", "steps": offer},
        {
            "title": "Decide",
            "steps": [
                {
                    "kind": hold_kind,
                    "label": STEPS["hold"],
                    "url": desk.step_url("hold"),
                    "note": f"{decided_on:%m/%d/%Y}" if decided_on else "no date",
                    "current": current == "hold",
                },
                {
                    "kind": answer_kind,
                    "label": STEPS["answer"],
                    "url": desk.step_url("answer"),
                    "note": answer_note,
                    "current": current == "answer",
                },
            ],
        },
        {"title": "Close", "steps": [_finalize_step(actor, desk, current)]},
    ]


# What a reason that stands against finalizing is called in the step list.
_SHORT = {
    "not-held": "no date",
    "no-decision-date": "no date",
    "undecided": "no answer",
    "no-plan-offered": "no plan",
    "no-service-offered": "no service",
    "declined-in-part": "declined",
    "later-unsaid": "why later",
    "nothing-changed": "no change",
    "offer-changed": "offer changed",
    "decided-before-meeting": "date of answer",
    "plan-starts-that-day": "date of answer",
    "no-plan": "no plan",
}


@dataclass(frozen=True, slots=True)
class Against:
    """What stands against finalizing: what is missing of the meeting, and how many findings the state would reject.
    Whether the reader ``may_finalize`` is no matter of the meeting."""

    missing: Sequence[Reason]
    fatal: int
    may_finalize: bool

    @property
    def count(self) -> int:
        return len(self.missing) + self.fatal


def against_finalizing(actor: Actor, desk: Desk) -> Against:
    """The one count of it, for the steps and for who helps the team."""
    blockers = open_blockers(actor, desk.meeting, desk.facts, desk.proposal)
    missing = [one for one in blockers if one.code != "no-capability"]
    fatal = sum(must_be_mended(offered.finding) for offered in desk.offered)
    return Against(missing, fatal, len(missing) == len(blockers))


def _finalize_step(actor: Actor, desk: Desk, current: str) -> dict:
    """Ready or not by the same reasons that the last page lists."""
    found = against_finalizing(actor, desk)
    fatal, count = found.fatal, found.count
    parts = [_SHORT.get(one.code, "not yet") for one in found.missing]
    missing = [f"{count} to do"] if count > 1 else [f"{fatal} fatal"] if fatal else parts
    if not found.may_finalize and not missing:
        missing = ["not yet"]
    return {
        # The one count of what stands against finalizing, and the two that make it up.
        "against": {
            "count": count,
            "fatal": fatal,
            "waits": desk.count(Severity.FATAL) - fatal,
            "parts": list(dict.fromkeys(parts)),
            "part_count": len(parts),
        },
        "kind": "held" if missing else "empty",
        "label": "Finalize",
        "url": reverse("meeting_finalize", args=[desk.meeting.public_id]),
        "note": missing[0] if missing else "ready",
        "current": current == "finalize",
    }


def _section_state(desk: Desk, step: str) -> dict:
    fields = [field for field in desk.proposal.plan_fields if step_of(field.declaration) == step]
    state = _state(desk, step, sum(field.is_changed for field in fields))
    if step == "transition" and state["kind"] == "ok" and not any(field.proposed for field in fields):
        age = _age_on(desk.meeting.student.birth_on, clock.today())
        if age is not None and age < TRANSITION_AGE:
            return {"kind": "na", "why": f"Not needed before age {TRANSITION_AGE}"}
    return state


def _services_state(desk: Desk) -> dict:
    return _state(desk, "services", sum(service.is_changed for service in desk.shown_services))


def _state(desk: Desk, step: str, changed: int) -> dict:
    own = [offered.finding.severity for offered in desk.offered if offered.step == step]
    fatal, warnings = own.count(Severity.FATAL), own.count(Severity.WARNING)
    if fatal or warnings:
        return {"kind": "fatal" if fatal else "warn", "note": f"{fatal or warnings} to fix"}
    return {"kind": "ok", "note": f"{changed} changed" if changed else ""}


def _age_on(born: date | None, day: date) -> int | None:
    if born is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _working(desk: Desk) -> Working | None:
    """How the evaluation's clock is counted; ``None`` where the meeting began without a consent."""
    meeting = desk.meeting
    if meeting.consent_on is None:
        return None
    here = desk.facts.enrollment_on(clock.today(), meeting.lea_code)
    schools = {(meeting.student_id, meeting.lea_code): here.school_code if here else ""}
    (counted,) = count_evaluations([meeting], load_calendars([meeting.lea_code]), schools)
    return working_of(counted)


def due_line(meeting: Meeting, working: Working | None = None) -> str:
    """The second line of the head: held or not, due when by the law where breaks stopped the clock, due when by the
    state (or by the one clock there is), met or late by how much."""
    if meeting.held_on is None and meeting.concluded_on is not None:
        return f"decided {meeting.concluded_on:%m/%d/%Y}, without a meeting"
    held = f"held {meeting.held_on:%m/%d/%Y}" if meeting.held_on else "not held yet"
    dues = [one for one in (meeting.due_on, meeting.evaluation_due_on) if one is not None]
    if not dues:
        return held
    day = meeting.held_on or clock.today()
    missed = missed_on(meeting, day)
    law = working.law_on if working else None
    if law is None or law == meeting.evaluation_due_on:
        return f"{held} · {_due(missed or min(dues), day)}"
    return f"{held} · by law {_due(law, day)} · by the state {_due(missed or min(dues), day)}"


def _due(due: date, day: date) -> str:
    late = (day - due).days
    over = f"{late} day{'' if late == 1 else 's'} over" if late > 0 else "in time"
    return f"due {due:%m/%d/%Y}, {over}"


def editors(desk: Desk) -> list[tuple[str, str]]:
    """Who edited the offer, last one first: initials, and name with field and time."""
    answered = [field for field in fields_of(desk.proposal) if field.answer]
    answered.sort(key=lambda field: field.answer.at, reverse=True)
    newest = {}
    for field in answered:
        newest.setdefault(field.answer.by_name, field)
    return [
        (
            "".join(part[0] for part in name.split()[:2]).upper(),
            f"{name} edited {field.declaration.label}, {us_time(field.answer.at)}",
        )
        for name, field in newest.items()
    ]
