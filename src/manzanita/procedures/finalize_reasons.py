"""Why a meeting cannot be made final yet: in the meeting, in the plans that are known, in the lines for the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from manzanita.archive.actions import RecordDraft
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Finding, Owner, Reason
from manzanita.domain.later_start import OUTCOME as LATER
from manzanita.domain.rules import owner_of
from manzanita.domain.scenarios import EVENTS, Conclusion, Event, Needs
from manzanita.domain.statuses.conditions import CONDITIONS
from manzanita.exchange.checks import must_be_mended
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import Proposal
from manzanita.platform import clock
from manzanita.students.queries import StudentFacts


def open_blockers(actor: Actor, meeting: Meeting, facts: StudentFacts, proposal: Proposal) -> list[Reason]:
    """What stands against finalizing, lines and rules apart: what the step list and the last page both say."""
    event = EVENTS[meeting.event_key]
    conclusion = event.conclusion(meeting.conclusion_key)
    agreed = [
        item.decision.decided_on for item in proposal.items if item.decision and item.decision.is_agreed
    ]
    return [
        *meeting_blockers(actor, meeting, conclusion, proposal),
        *offer_blockers(event, conclusion, proposal),
        *later_blockers(meeting, facts),
        *plan_blockers(event, facts, max(agreed, default=None)),
    ]


def already_final() -> Reason:
    """Of two who finalize, the second is told this."""
    return Reason(
        "already-final", "This meeting is final already.", Owner.COORDINATOR, "Its archive is on the student."
    )


def meeting_blockers(
    actor: Actor, meeting: Meeting, conclusion: Conclusion, proposal: Proposal
) -> Iterator[Reason]:
    """What stands against it in the meeting itself: its state, its date, the family's answers."""
    if not actor.may(Capability.FINALIZE_MEETING):
        yield Reason(
            "no-capability",
            "Your perspective does not finalize meetings.",
            Owner.COORDINATOR,
            "Change the perspective at the top left, or ask the coordinator.",
        )
    if meeting.state == "finalized":
        yield already_final()
    elif meeting.state == "canceled":
        yield Reason(
            "canceled", "This meeting was canceled.", Owner.TEAM, "Open another meeting on the student."
        )
    elif conclusion.is_held and meeting.held_on is None:
        yield Reason(
            "not-held",
            "The meeting has no date on which it was held.",
            Owner.TEAM,
            "Record the day on which the team met.",
            source=CONDITIONS["meeting-held"].source,
        )
    if conclusion.day_label and meeting.concluded_on is None and meeting.conclusion_key:
        yield Reason(
            "no-decision-date",
            f"“{conclusion.label}” has its own day, and none is recorded.",
            Owner.TEAM,
            f"Enter it under “{conclusion.day_label}”.",
        )
    if not proposal.items and meeting.event_key == "amendment":
        yield Reason(
            "nothing-changed",
            "This amendment changes nothing in the plan in force.",
            Owner.TEAM,
            "Change a field or a service, or cancel the amendment.",
        )
    undecided = [item.label for item in proposal.items if item.decision is None]
    if undecided:
        yield Reason(
            "undecided",
            f"No answer of the family is recorded for: {', '.join(undecided)}.",
            Owner.TEAM,
            "Record what the family decided, item by item.",
        )
    changed = [item.label for item in proposal.items if item.is_outdated]
    if changed:
        yield Reason(
            "offer-changed",
            f"The offer was changed after the family had answered: {', '.join(changed)}.",
            Owner.TEAM,
            "Ask the family again and record its answer, or change the offer back and confirm the answer.",
        )
    early = [
        item.label
        for item in proposal.items
        if item.decision and meeting.held_on and item.decision.decided_on < meeting.held_on
    ]
    if early:
        yield Reason(
            "decided-before-meeting",
            f"Decided before the meeting was held: {', '.join(early)}.",
            Owner.TEAM,
            "Correct the day of the decision or of the meeting.",
        )


def offer_blockers(event: Event, conclusion: Conclusion, proposal: Proposal) -> Iterator[Reason]:
    """What a child who is found eligible lacks of a first plan: an offer of services is made in the meeting, also where
    they start later or the family declines them."""
    if event.is_initial and conclusion.makes_offer:
        if not proposal.plan_value("23.11"):
            yield Reason(
                "no-plan-offered",
                "The child is found eligible, and no plan is offered: the plan type is blank.",
                Owner.TEAM,
                "Offer the plan, from its type on. A later start puts off its first day, not its content.",
                source="EC 56344(a); 34 CFR 300.323(c)",
            )
        if all(service.offer == "remove" for service in proposal.services):
            yield Reason(
                "no-service-offered",
                "The child is found eligible, and no service is offered.",
                Owner.TEAM,
                "Offer each service with its provider, place, frequency and minutes.",
                source="34 CFR 300.320(a)(4)",
            )
    if conclusion.asks_family and conclusion.outcome_key:
        declined = [item.label for item in proposal.items if item.decision and not item.decision.is_agreed]
        if declined:
            yield Reason(
                "declined-in-part",
                f"“{conclusion.label}” is for an offer that is accepted, and declined is: {', '.join(declined)}.",
                Owner.TEAM,
                "Correct the answer; or record under Hold that the team made an offer, which tells the state what was "
                "declined.",
                source="34 CFR 300.300(b)",
            )


def later_blockers(meeting: Meeting, facts: StudentFacts) -> Iterator[Reason]:
    """Whoever is enrolled has a right to services now: that they start later is said with why."""
    enrolled = put_off_since(meeting, facts)
    if enrolled is not None and not meeting.conclusion_note:
        yield Reason(
            "later-unsaid",
            f"The student is enrolled here since {enrolled:%m/%d/%Y}, and why services do not start now is not said.",
            Owner.TEAM,
            "Say it under Hold; or record there that the team made an offer, and services start when it is accepted.",
            source="34 CFR 300.323(c)(2)",
        )


def put_off_since(meeting: Meeting, facts: StudentFacts) -> date | None:
    """Since when the student is enrolled here whose services the meeting puts off to next year; ``None`` where it puts
    off nobody's."""
    if meeting.conclusion_key != LATER:
        return None
    here = facts.enrollment_on(meeting.held_on or clock.today(), meeting.lea_code)
    return here.started_on if here else None


def plan_blockers(event: Event, facts: StudentFacts, starts_on: date | None) -> Iterator[Reason]:
    """What stands against it in the plans that are known already."""
    if event.needs is Needs.PLAN and facts.plan_on(clock.today()) is None:
        yield Reason(
            "no-plan",
            "There is no plan in force today to review or amend.",
            Owner.COORDINATOR,
            "Find out why the plan ended; cancel the meeting if the student has left special education.",
        )
    later = [plan for plan in facts.plans if starts_on is not None and plan.effective_from >= starts_on]
    if later and starts_on is not None:
        newest = max(plan.effective_from for plan in later)
        yield Reason(
            "plan-starts-that-day",
            f"A plan that starts on {newest:%m/%d/%Y} is known already, and the new one would start on "
            f"{starts_on:%m/%d/%Y}: the state keeps one plan a day, and the later one stays in force.",
            Owner.TEAM,
            "Correct the record of that plan instead, or correct the day of the family's answer.",
            source="CALPADS key of PLAN: LEA, SSID, start date",
        )


def line_blockers(drafts: Sequence[RecordDraft], findings: Sequence[Finding]) -> Iterator[Reason]:
    """What the state would refuse. Findings of the certification phases do not stop a meeting: they are shown."""
    doubled = [key for key, count in Counter(draft.key for draft in drafts).items() if count > 1]
    for key in doubled:
        draft = next(draft for draft in drafts if draft.key == key)
        yield Reason(
            "same-service",
            f"Two services would be the same record at the state: service {draft.values['25.11']}, provider "
            f"{draft.values['25.12']}, location {draft.values['25.13'] or 'blank'}.",
            Owner.TEAM,
            "Change the provider or the location of one, or put their minutes together in one service.",
            source="CALPADS key of SERV: LEA, SSID, plan start, service, provider, location",
        )
    for finding in findings:
        if must_be_mended(finding):
            yield Reason(
                finding.code,
                f"The state would reject it: {finding.message}",
                owner_of(finding.code, finding.fields),
                "Correct the field.",
                source=finding.code,
                values=dict(finding.values),
            )
