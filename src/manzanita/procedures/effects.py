"""What finalizing a meeting does, in words: one sentence for each thing that happens or does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.archive.actions import RecordDraft
from manzanita.domain import clocks, records
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner
from manzanita.domain.later_start import OUTCOME as LATER
from manzanita.domain.scenarios import PARTICIPATING, Event, Outcome, StatusDue
from manzanita.exchange.holds import HOLDS
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import Proposal, ProposedService, missed_on
from manzanita.students.models import Plan

DAY = timedelta(days=1)
UNSETTLED = "No public source prints this case: check it with the SELPA."


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that finalizing does, in words. ``kind``: meeting, clock, plan, warn, field, starts, changes,
    continues, ends, declined, undecided, state, nothing; of a leaving also letter, why (the state is told that) and
    sis."""

    kind: str
    text: str
    detail: str = ""


def long_day(day: date) -> str:
    """``November 12, 2026``."""
    return f"{day:%B} {day.day}, {day.year}"


@dataclass(frozen=True, slots=True)
class Starting:
    """What starts by an outcome, and when: the plan to come, the status to come, or neither. ``is_decided`` is false
    while the family has answered nothing; ``put_off_since`` the first day of the enrollment of one who is here and
    whose services start later all the same."""

    plan_on: date | None
    status: StatusDue | None = None
    status_on: date | None = None
    is_decided: bool = True
    put_off_since: date | None = None


def effects_of(
    meeting: Meeting,
    event: Event,
    proposal: Proposal,
    outcome: Outcome,
    plan: Plan | None,
    starting: Starting,
    drafts: Sequence[RecordDraft],
) -> list[Effect]:
    """Everything that finalizing does by the decisions so far; what has no decision yet says so."""
    starts_on = starting.plan_on
    if not starting.is_decided:
        return [
            *(one for one in _meeting_effects(meeting, event, outcome) if one.kind == "meeting"),
            Effect(
                "undecided",
                "Not decided yet.",
                "What becomes of status and plan follows from the family's answer.",
            ),
            *_field_effects(proposal, None),
            *(one for service in proposal.services for one in _service_effects(service, proposal, None)),
            Effect(
                "undecided", "What the state is told is not decided yet.", "It follows from the same answer."
            ),
        ]
    return [
        *_meeting_effects(meeting, event, outcome),
        *_status_effects(starting),
        *_put_off_effects(meeting, starting),
        _plan_effect(outcome, plan, starting),
        *_offer_effects(outcome, proposal, starts_on),
        _state_effect(outcome, drafts),
    ]


def _meeting_effects(meeting: Meeting, event: Event, outcome: Outcome) -> Iterator[Effect]:
    if not outcome.is_meet_due or meeting.held_on is None:
        return
    is_evaluation = bool(meeting.evaluation_type_code)
    counts = [
        words
        for words, is_so in (
            ("the evaluation", is_evaluation),
            ("the plan review", meeting.is_plan_review),
        )
        if is_so
    ]
    what = f"counts as {' and '.join(counts)}" if counts else "is recorded"
    yield Effect("meeting", f"The meeting of {long_day(meeting.held_on)} {what}.", _delay_text(meeting))
    if outcome.status_due is not None and outcome.status_due.code != PARTICIPATING:
        return
    if meeting.is_plan_review or event.is_initial:
        due = clocks.due("annual-review", last_iep_on=meeting.held_on)
        yield Effect(
            "clock", f"The next plan review is due on {long_day(due.statutory_due_on)}.", due.citation
        )
    if is_evaluation:
        due = clocks.due("triennial", last_evaluation_on=meeting.held_on)
        yield Effect(
            "clock", f"The next reevaluation is due on {long_day(due.statutory_due_on)}.", due.citation
        )


def _delay_text(meeting: Meeting) -> str:
    missed = missed_on(meeting, meeting.held_on) if meeting.held_on else None
    return (
        f"It was due on {long_day(missed)}; delay reason {meeting.delay_code or 'not given'}."
        if missed
        else ""
    )


def _status_effects(starting: Starting) -> Iterator[Effect]:
    if starting.status is None or starting.status_on is None:
        return
    words = code_set("SpecialEducationStatus").label(starting.status.code)
    reason = starting.status.reason_code
    yield Effect(
        "status",
        f"Status {words} starts on {long_day(starting.status_on)}.",
        f"Reason {code_set('NonParticipationReason').label(reason)}." if reason else "",
    )


def _put_off_effects(meeting: Meeting, starting: Starting) -> Iterator[Effect]:
    if starting.put_off_since is None:
        return
    yield Effect(
        "warn",
        f"Enrolled here since {long_day(starting.put_off_since)}, and without services until the enrollment of next "
        "year. The law has them start as soon as possible (34 CFR 300.323(c)(2)).",
        f"Why: {meeting.conclusion_note}" if meeting.conclusion_note else "Why is not said yet.",
    )


def _plan_effect(outcome: Outcome, plan: Plan | None, starting: Starting) -> Effect:
    starts_on = starting.plan_on
    if starts_on is not None:
        ends = (
            f"The plan of {long_day(plan.effective_from)} ends on {long_day(starts_on - DAY)}."
            if plan
            else ""
        )
        return Effect("plan", f"The new plan starts on {long_day(starts_on)}.", ends)
    if plan is None:
        return Effect("plan", "No plan starts.", outcome.explanation)
    since = long_day(plan.effective_from)
    if starting.status is not None and starting.status_on is not None:
        last = long_day(starting.status_on - DAY)
        return Effect(
            "plan", f"The plan of {since} ends on {last}, and its services with it.", outcome.explanation
        )
    return Effect("plan", f"The plan of {since} stands as it is.", outcome.explanation)


def _offer_effects(outcome: Outcome, proposal: Proposal, starts_on: date | None) -> Iterator[Effect]:
    if outcome.key == LATER:
        yield from _kept_effects(proposal)
        return
    yield from _field_effects(proposal, starts_on)
    for service in proposal.services:
        yield from _service_effects(service, proposal, starts_on)


def _kept_effects(proposal: Proposal) -> Iterator[Effect]:
    """Of an offer that is accepted and starts later; one without plan or services is not made final."""
    accepted = [one.decision for one in proposal.items if one.decision and one.decision.is_agreed]
    services = [service.name for service in proposal.services if service.offer != "remove"]
    if services and accepted and len(accepted) == len(proposal.items):
        last = max(accepted, key=lambda one: one.decided_on)
        yield Effect(
            "continues",
            "The plan and its services are kept as they were accepted, and start with that enrollment.",
            f"Accepted on {long_day(last.decided_on)} by {last.decided_by}: {'; '.join(services)}.",
        )
    for item in proposal.items:
        if item.decision is None:
            yield Effect("undecided", f"{item.label} is offered.", "The family has not answered yet.")
        elif not item.decision.is_agreed:
            yield Effect("declined", f"{item.label} is not kept.", "The family did not agree.")


def _field_effects(proposal: Proposal, starts_on: date | None) -> Iterator[Effect]:
    decision = proposal.decision_on("plan")
    for field in proposal.plan_fields:
        if not field.is_changed:
            continue
        label = field.declaration.label
        new = field.declaration.label_of(field.proposed) or "blank"
        old = field.declaration.label_of(field.current) or "blank"
        if decision is None:
            yield Effect("undecided", f"{label}: {new} is offered.", "The family has not answered yet.")
        elif starts_on is not None and decision.is_agreed:
            yield Effect("field", f"{label} becomes {new}.", f"It was {old}.")
        else:
            yield Effect("declined", f"{label} stays {old}.", f"{new} was not agreed.")


def _service_effects(
    service: ProposedService, proposal: Proposal, starts_on: date | None
) -> Iterator[Effect]:
    if service.is_withdrawn:
        return
    decision = proposal.decision_on(service.item_key)
    changes = ", ".join(
        f"{field.declaration.label.lower()} {field.declaration.label_of(field.current) or 'blank'} → "
        f"{field.declaration.label_of(field.proposed) or 'blank'}"
        for field in service.fields
        if field.is_changed
    )
    if decision is None:
        if service.is_changed:
            yield Effect("undecided", _offer_text(service, changes), "The family has not answered yet.")
        elif starts_on is not None:
            yield Effect("continues", f"{service.name} continues unchanged.")
    elif starts_on is not None and decision.is_agreed:
        yield _agreed_effect(service, changes, starts_on)
    else:
        yield from _declined_effect(service, changes, starts_on)


def _offer_text(service: ProposedService, changes: str) -> str:
    if service.current is None:
        return f"{service.name} is offered as a new service."
    if service.offer == "remove":
        return f"The end of {service.name} is offered."
    return f"{service.name}: {changes} is offered."


def _agreed_effect(service: ProposedService, changes: str, starts_on: date) -> Effect:
    if service.current is None:
        return Effect("starts", f"{service.name} starts on {long_day(starts_on)}.")
    if service.offer == "remove":
        return Effect("ends", f"{service.name} ends on {long_day(starts_on - DAY)}.")
    if service.is_changed:
        return Effect("changes", f"{service.name} changes.", f"{changes[0].upper()}{changes[1:]}.")
    return Effect("continues", f"{service.name} continues unchanged.")


def _declined_effect(service: ProposedService, changes: str, starts_on: date | None) -> Iterator[Effect]:
    if service.current is None:
        yield Effect("declined", f"{service.name} does not start.", "The family did not agree.")
    elif service.offer == "remove":
        yield Effect("declined", f"{service.name} goes on.", "Its end was not agreed.")
    elif service.is_changed:
        yield Effect("declined", f"{service.name} stays as it was.", f"Not agreed: {changes}.")
    elif starts_on is not None:
        yield Effect(
            "declined", f"{service.name} goes on as it was.", "Its renewal was not agreed: stay put."
        )


def _state_effect(outcome: Outcome, drafts: Sequence[RecordDraft]) -> Effect:
    if not drafts:
        return Effect("nothing", "Nothing goes to the state.", outcome.nothing_sent or outcome.explanation)
    told = [
        f"the {word} of {long_day(records.key_on(record, draft.values))} ({record})"
        for record, word in (("SWDS", "status"), ("MEET", "meeting"), ("PLAN", "plan"))
        for draft in drafts
        if draft.record == record
    ]
    services = [_service_name(draft.values["25.11"]) for draft in drafts if draft.record == "SERV"]
    if services:
        told.append(f"{'services' if len(services) > 1 else 'service'} {', '.join(services)} (SERV)")
    details = [held_without_ssid(drafts), "" if outcome.is_settled else UNSETTLED]
    return Effect(
        "state",
        f"To the state, with the next send: {'; '.join(told)}.",
        " ".join(detail for detail in details if detail),
    )


def held_without_ssid(drafts: Sequence[RecordDraft]) -> str:
    """What is said where the lines of a student without an SSID are held; empty where there is one."""
    if all(draft.values[records.SSID_FIELD[draft.record]] for draft in drafts):
        return ""
    hold = HOLDS["no-ssid"]
    return f"The lines are held here. {hold.title}: {hold.text[0].lower()}{hold.text[1:]} ({Owner.SIS})"


def _service_name(code: str) -> str:
    return code_set("Service").label(code)
