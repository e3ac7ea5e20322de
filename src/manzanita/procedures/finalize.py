"""From a held meeting to its archive: one preview says what will happen, and finalizing does exactly that.

The preview is what the page shows and what :func:`finalize_meeting` carries out, so the two cannot differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import transaction

from manzanita.archive.actions import ArchiveDraft, RecordDraft, write_archives
from manzanita.archive.models import Archive
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Finding, Owner, Reason, Severity
from manzanita.domain.scenarios import EVENTS, Event, Outcome, PlanDue, outcome_of
from manzanita.exchange.checks import check_lines
from manzanita.exchange.outbox import reconcile_students
from manzanita.meetings.actions import NotPossible, mark_finalized, refresh_clocks
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import Proposal, ProposedService, proposal_of
from manzanita.platform import clock
from manzanita.platform.crash import crash_point
from manzanita.platform.facts import Statement
from manzanita.procedures.effects import DAY, Effect, effects_of, long_day
from manzanita.procedures.lines import FutureService, LineWriter
from manzanita.students.actions import state_student_facts
from manzanita.students.queries import StudentFacts, facts_of

__all__ = ["Effect", "FutureService", "Preview", "finalize_meeting", "offer_findings", "preview_of"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What finalizing a meeting will do, and what still stands against it.

    ``drafts`` are the state's lines in the order MEET, PLAN, SERV; ``findings`` what the rules say of them;
    ``plan_values`` and ``services`` the plan to come, both ``None`` where the plan in force stands. What has
    no decision yet counts as not agreed: silence is not consent.
    """

    meeting: Meeting
    event: Event
    proposal: Proposal
    outcome: Outcome
    blockers: Sequence[Reason]
    plan_starts_on: date | None
    plan_values: Mapping[str, str] | None
    services: Sequence[FutureService] | None
    drafts: Sequence[RecordDraft]
    findings: Sequence[Finding]
    effects: Sequence[Effect]

    @property
    def may_finalize(self) -> bool:
        return not self.blockers

    def count(self, record: str) -> int:
        return sum(draft.record == record for draft in self.drafts)


def preview_of(actor: Actor, meeting: Meeting, facts: StudentFacts | None = None) -> Preview:
    """What finalizing ``meeting`` would do now, by the decisions recorded so far."""
    known = facts or facts_of(meeting.student)
    plan, services = known.plan_on(clock.today()), known.services_on(clock.today())
    proposal = proposal_of(meeting, plan, services)
    event = EVENTS[meeting.event_key]
    agreed = [item.decision for item in proposal.items if item.decision and item.decision.is_agreed]
    outcome = outcome_of(event, [bool(item.decision and item.decision.is_agreed) for item in proposal.items])
    starts_on = None
    if outcome.plan_due is not PlanDue.NONE:
        starts_on = max(decision.decided_on for decision in agreed)
    drafts: list[RecordDraft] = []
    plan_values, future = None, None
    writer = LineWriter(actor, meeting, event, known)
    if outcome.is_meet_due and meeting.held_on is not None:
        drafts.append(writer.meeting_line(meeting.held_on))
    if starts_on is not None:
        plan_values, future = _plan_to_come(proposal)
        drafts.append(writer.plan_line(plan, plan_values, starts_on))
        drafts.extend(writer.service_lines(future, starts_on))
    findings = _findings(meeting.student_id, drafts)
    return Preview(
        meeting=meeting,
        event=event,
        proposal=proposal,
        outcome=outcome,
        blockers=[
            *_meeting_blockers(actor, meeting, proposal),
            *_plan_blockers(known, starts_on),
            *_line_blockers(drafts, findings),
        ],
        plan_starts_on=starts_on,
        plan_values=plan_values,
        services=future,
        drafts=drafts,
        findings=findings,
        effects=effects_of(meeting, event, proposal, outcome, plan, starts_on, drafts),
    )


def offer_findings(actor: Actor, meeting: Meeting, facts: StudentFacts | None = None) -> list[Finding]:
    """What the rules say of the offer as it stands, as if all of it were agreed today: the live findings."""
    known = facts or facts_of(meeting.student)
    today = clock.today()
    plan = known.plan_on(today)
    proposal = proposal_of(meeting, plan, known.services_on(today))
    future = [
        FutureService(service.number, service.values)
        for service in proposal.services
        if service.offer != "remove"
    ]
    starts_on = today
    if plan is not None and plan.effective_from >= starts_on:
        starts_on = plan.effective_from + DAY
    event = EVENTS[meeting.event_key]
    writer = LineWriter(actor, meeting, event, known)
    drafts: list[RecordDraft] = []
    if outcome_of(event, [True]).is_meet_due and meeting.held_on is not None:
        drafts.append(writer.meeting_line(meeting.held_on))
    drafts.append(writer.plan_line(plan, proposal.plan_values(), starts_on))
    drafts.extend(writer.service_lines(future, starts_on))
    return _findings(meeting.student_id, drafts)


def finalize_meeting(*, actor: Actor, meeting: Meeting) -> Archive:
    """Make the meeting final: facts, archive, clocks and outbox in one transaction.

    Raises ``NotPossible`` with everything that stands against it; a second click finds the meeting final.
    """
    with transaction.atomic():
        locked = Meeting.objects.select_for_update().select_related("student").get(pk=meeting.pk)
        if locked.state == "finalized":
            raise NotPossible([_already_final()])
        facts = facts_of(locked.student)
        preview = preview_of(actor, locked, facts)
        if preview.blockers:
            raise NotPossible(list(preview.blockers))
        at = clock.now()
        if not mark_finalized(
            actor=actor,
            meeting=locked,
            outcome_key=preview.outcome.key,
            plan_starts_on=preview.plan_starts_on,
            at=at,
        ):
            raise NotPossible([_already_final()])
        _state_plan(actor, locked, preview, facts, cause=f"meeting:{locked.pk}")
        (archive,) = write_archives([_archive_draft(locked, preview)], by_id=actor.user_id, at=at)
        refresh_clocks([locked.student_id])
        reconcile_students([locked.student_id])
        log_change(
            actor=actor,
            action="finalize_meeting",
            student_id=locked.student_id,
            subject=locked,
            detail={"outcome": preview.outcome.key, "records": len(preview.drafts)},
        )
        crash_point("before-commit")
    crash_point("committed-not-answered")
    return archive


def _plan_to_come(proposal: Proposal) -> tuple[dict[str, str], list[FutureService]]:
    """The agreed parts of the offer over what is in force; a part without an item stays as it is."""
    agreed = {item.key: item.decision is not None and item.decision.is_agreed for item in proposal.items}
    takes_plan = agreed.get("plan", False)
    plan_values = {
        field.declaration.attribute: field.proposed if takes_plan else field.current
        for field in proposal.plan_fields
    }
    future = []
    for service in proposal.services:
        if agreed.get(service.item_key, False):
            if service.offer != "remove":
                future.append(FutureService(service.number, service.values))
        elif service.current is not None:
            future.append(FutureService(service.number, service.current_values))
    return plan_values, future


def _findings(student_id: int, drafts: Sequence[RecordDraft]) -> list[Finding]:
    found = check_lines(student_id, [(draft.key, draft.values) for draft in drafts], year=settings.STATE_YEAR)
    return [finding for key in dict.fromkeys(draft.key for draft in drafts) for finding in found.get(key, [])]


def _already_final() -> Reason:
    return Reason(
        "already-final", "This meeting is final already.", Owner.COORDINATOR, "Its archive is on the student."
    )


def _meeting_blockers(actor: Actor, meeting: Meeting, proposal: Proposal) -> Iterator[Reason]:
    """What stands against it in the meeting itself: its state, its date, the family's answers."""
    if not actor.may(Capability.FINALIZE_MEETING):
        yield Reason(
            "no-capability",
            "Your perspective does not finalize meetings.",
            Owner.COORDINATOR,
            "Change the perspective at the top left, or ask the coordinator.",
        )
    if meeting.state == "finalized":
        yield _already_final()
    elif meeting.state == "canceled":
        yield Reason(
            "canceled", "This meeting was canceled.", Owner.TEAM, "Open another meeting on the student."
        )
    elif meeting.held_on is None:
        yield Reason(
            "not-held",
            "The meeting has no date on which it was held.",
            Owner.TEAM,
            "Record the day on which the team met.",
        )
    if not proposal.items:
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


def _plan_blockers(facts: StudentFacts, starts_on: date | None) -> Iterator[Reason]:
    """What stands against it in the plans that are known already."""
    if facts.plan_on(clock.today()) is None:
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


def _line_blockers(drafts: Sequence[RecordDraft], findings: Sequence[Finding]) -> Iterator[Reason]:
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
        if finding.severity is Severity.FATAL and finding.phase == "input":
            yield Reason(
                finding.code,
                f"The state would reject it: {finding.message}",
                Owner.TEAM,
                "Correct the field.",
                values=dict(finding.values),
            )


def _state_plan(actor: Actor, meeting: Meeting, preview: Preview, facts: StudentFacts, *, cause: str) -> None:
    """The plan and services to come, from the day they start."""
    if preview.plan_starts_on is None or preview.plan_values is None or preview.services is None:
        return
    pk, start = meeting.student_id, preview.plan_starts_on
    plan = facts.plan_on(clock.today())
    values = {
        "lea_code": meeting.lea_code,
        "dsea_code": (plan.dsea_code if plan else "") or meeting.lea_code,
        "reason_code": preview.event.plan_reason_code,
        **preview.plan_values,
    }
    state_student_facts(
        "plan", [Statement({"student_id": pk}, values, start)], by_id=actor.user_id, cause=cause
    )
    coming = {service.number: service for service in preview.services}
    in_force = {service.service_no for service in facts.services_on(start)}
    statements = []
    for number in sorted(coming.keys() | in_force):
        content = None
        if number in coming:
            content = {"lea_code": meeting.lea_code, **coming[number].values}
        statements.append(Statement({"student_id": pk, "service_no": number}, content, start))
    state_student_facts("service", statements, by_id=actor.user_id, cause=cause)


def _archive_draft(meeting: Meeting, preview: Preview) -> ArchiveDraft:
    held_on = meeting.held_on
    if held_on is None:
        raise ValueError("a meeting without a date has no archive")
    return ArchiveDraft(
        student_id=meeting.student_id,
        lea_code=meeting.lea_code,
        event_on=held_on,
        cause="meeting",
        cause_id=meeting.pk,
        title=f"{preview.event.label} of {long_day(held_on)}",
        records=preview.drafts,
        context={
            "event": preview.event.key,
            "outcome": preview.outcome.key,
            "outcome_label": preview.outcome.label,
            "is_settled": preview.outcome.is_settled,
            "effects": [
                {"kind": effect.kind, "text": effect.text, "detail": effect.detail}
                for effect in preview.effects
            ],
            "offer": list(_changed_offer(preview.proposal)),
            "decisions": [
                {
                    "item": item.label,
                    "is_agreed": item.decision.is_agreed,
                    "decided_by": item.decision.decided_by,
                    "decided_on": item.decision.decided_on.isoformat(),
                }
                for item in preview.proposal.items
                if item.decision is not None
            ],
            "services": [{"number": service.number, **service.values} for service in preview.services or ()],
            "findings": [
                {"code": finding.code, "severity": str(finding.severity), "message": finding.message}
                for finding in preview.findings
            ],
        },
    )


def _changed_offer(proposal: Proposal) -> Iterator[dict[str, str]]:
    """The offer where it differed from what was in force, agreed or not: a declined offer is in no record."""
    for field in proposal.plan_fields:
        if field.is_changed:
            yield {
                "item": "plan",
                "field": field.declaration.number,
                "was": field.current,
                "offered": field.proposed,
            }
    for service in proposal.services:
        yield from _changed_service(service)


def _changed_service(service: ProposedService) -> Iterator[dict[str, str]]:
    if service.is_withdrawn:
        return
    if service.offer != "keep":
        yield {"item": service.item_key, "field": "offer", "was": "", "offered": service.offer}
    for field in service.fields:
        if field.is_changed:
            yield {
                "item": service.item_key,
                "field": field.declaration.number,
                "was": field.current,
                "offered": field.proposed,
            }
