"""From a held meeting to its archive: one preview says what will happen, and finalizing does exactly that.

The preview is what the page shows and what :func:`finalize_meeting` carries out, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction

from manzanita.archive.actions import ArchiveDraft, RecordDraft, write_archives
from manzanita.archive.models import Archive
from manzanita.archive.queries import pending_archive
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.clocks.early_start import third_birthday_of
from manzanita.domain.findings import Finding, Reason
from manzanita.domain.later_start import OUTCOME
from manzanita.domain.scenarios import (
    EVENTS,
    PARTICIPATING,
    Event,
    Outcome,
    PlanDue,
    Starts,
    StatusDue,
    adopted_before,
    outcome_of,
)
from manzanita.exchange.checks import check_lines
from manzanita.exchange.live import check_typed
from manzanita.exchange.outbox import reconcile_students
from manzanita.meetings.actions import NotPossible, mark_finalized, refresh_clocks
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import Proposal, ProposedService, proposal_of
from manzanita.orgs.queries import policies_of
from manzanita.platform import clock
from manzanita.platform.crash import crash_point
from manzanita.procedures.effects import DAY, Effect, Starting, effects_of, long_day
from manzanita.procedures.finalize_reasons import (
    already_final,
    later_blockers,
    line_blockers,
    meeting_blockers,
    offer_blockers,
    plan_blockers,
    put_off_since,
)
from manzanita.procedures.later_start import document_of_offer
from manzanita.procedures.lines import FutureService, LineWriter, plan_reason
from manzanita.procedures.stating import Stating
from manzanita.students.queries import StudentFacts, facts_of

__all__ = ["Effect", "FutureService", "Preview", "finalize_meeting", "offer_findings", "preview_of"]


@dataclass(frozen=True, slots=True)
class Preview:
    """What finalizing a meeting will do, and what still stands against it.

    ``drafts`` are the state's lines in the order SWDS, MEET, PLAN, SERV; ``findings`` what the rules say of
    them; ``plan_values`` and ``services`` the plan to come, both ``None`` where the plan in force stands.
    ``status`` starts on ``status_starts_on``, both ``None`` where the status stands. What has no decision yet
    counts as not agreed: silence is not consent.
    While the family has answered nothing, nothing is decided (``is_decided``): no status, no plan, no lines of them.
    """

    meeting: Meeting
    event: Event
    proposal: Proposal
    outcome: Outcome
    blockers: Sequence[Reason]
    status: StatusDue | None
    status_starts_on: date | None
    plan_starts_on: date | None
    plan_values: Mapping[str, str] | None
    services: Sequence[FutureService] | None
    drafts: Sequence[RecordDraft]
    findings: Sequence[Finding]
    effects: Sequence[Effect]
    is_decided: bool = True

    @property
    def may_finalize(self) -> bool:
        return not self.blockers

    def count(self, record: str) -> int:
        return sum(draft.record == record for draft in self.drafts)


def preview_of(actor: Actor, meeting: Meeting, facts: StudentFacts | None = None) -> Preview:
    """What finalizing ``meeting`` would do now, by the decisions recorded so far."""
    known = facts or facts_of(meeting.student)
    today = clock.today()
    plan, services = known.plan_on(today), known.services_on(today)
    proposal = proposal_of(meeting, plan, services)
    event = EVENTS[meeting.event_key]
    conclusion = event.conclusion(meeting.conclusion_key)
    outcome = outcome_of(
        event,
        [bool(item.decision and item.decision.is_agreed) for item in proposal.items],
        conclusion_key=meeting.conclusion_key,
        policies=policies_of(actor.selpa_code),
    )
    if plan is not None and plan.lea_code == meeting.lea_code:
        outcome = adopted_before(outcome)
    days = _Days(meeting, proposal, known)
    is_decided = not proposal.items or any(item.decision is not None for item in proposal.items)
    starts_on = None if outcome.plan_due is PlanDue.NONE else days.of(outcome.plan_starts)
    status, status_on = _status_to_come(outcome, days, known) if is_decided else (None, None)
    drafts: list[RecordDraft] = []
    plan_values, future = None, None
    # Where a value comes from is told without what the family has not said.
    told = outcome if is_decided else replace(outcome, label="what the team found")
    writer = LineWriter(actor, meeting, event, told, known)
    if status is not None and status_on is not None:
        drafts.append(writer.status_line(status, status_on, consented_on=_first_consent(status, known, days)))
    if outcome.is_meet_due and meeting.held_on is not None:
        drafts.append(writer.meeting_line(meeting.held_on))
    if starts_on is not None:
        plan_values, future = _plan_to_come(proposal, takes_all=not conclusion.asks_family)
        drafts.append(writer.plan_line(plan, plan_values, starts_on))
        drafts.extend(writer.service_lines(future, starts_on))
    findings = _findings(meeting.student_id, drafts)
    lacking = list(offer_blockers(event, conclusion, proposal))
    return Preview(
        meeting=meeting,
        event=event,
        proposal=proposal,
        outcome=outcome,
        blockers=[
            *meeting_blockers(actor, meeting, conclusion, proposal),
            *lacking,
            *later_blockers(meeting, known),
            *plan_blockers(event, known, starts_on),
            *line_blockers(drafts, findings),
            *([] if lacking else _kept_blockers(actor, meeting, outcome, known, proposal)),
        ],
        status=status,
        status_starts_on=status_on,
        plan_starts_on=starts_on,
        plan_values=plan_values,
        services=future,
        drafts=drafts,
        findings=findings,
        effects=effects_of(
            meeting,
            event,
            proposal,
            outcome,
            plan,
            Starting(starts_on, status, status_on, is_decided, put_off_since(meeting, known)),
            drafts,
        ),
        is_decided=is_decided,
    )


def _kept_blockers(
    actor: Actor, meeting: Meeting, outcome: Outcome, known: StudentFacts, proposal: Proposal
) -> list[Reason]:
    """Of a plan that starts later the state is told nothing yet. What it would reject then is mended now, while the
    team is at it."""
    if outcome.key != OUTCOME:
        return []
    told = [one for one in offer_findings(actor, meeting, known, proposal) if one.record in ("PLAN", "SERV")]
    return list(line_blockers([], told))


_OR_THREE = frozenset({Starts.HELD_OR_THREE, Starts.AGREED_OR_THREE, Starts.CONCLUDED_OR_THREE})


@dataclass(frozen=True, slots=True)
class _Days:
    """From which day a part of an outcome counts, by its kind."""

    meeting: Meeting
    proposal: Proposal
    facts: StudentFacts

    def of(self, starts: Starts) -> date | None:
        """The day, or ``None`` while what it depends on is not recorded."""
        found, born_on = self._of(starts), self.meeting.student.birth_on
        if starts in _OR_THREE and found is not None and born_on is not None:
            return max(found, third_birthday_of(born_on))
        return found

    def _of(self, starts: Starts) -> date | None:
        if starts in (Starts.AGREED, Starts.AGREED_OR_THREE):
            agreed = [item.decision for item in self.proposal.items if item.decision]
            return max((one.decided_on for one in agreed if one.is_agreed), default=None)
        if starts in (Starts.CONCLUDED, Starts.CONCLUDED_OR_THREE):
            return self.meeting.concluded_on
        if starts is Starts.ENROLLED:
            enrollment = self.facts.enrollment_on(clock.today(), self.meeting.lea_code)
            return enrollment.started_on if enrollment else None
        return self.meeting.held_on


def _status_to_come(
    outcome: Outcome, days: _Days, facts: StudentFacts
) -> tuple[StatusDue | None, date | None]:
    """The status that the outcome brings and its first day; nothing where the same status stands already,
    since a status that does not change is not sent again (SWDS0618)."""
    due = outcome.status_due
    starts_on = days.of(due.starts) if due else None
    if due is None or starts_on is None:
        return None, None
    standing = facts.status_on(starts_on)
    if standing is not None and (standing.status_code, standing.reason_code) == (due.code, due.reason_code):
        return None, None
    return due, starts_on


def _first_consent(status: StatusDue, facts: StudentFacts, days: _Days) -> date | None:
    """22.10, the first consent to services: once given it never changes, also not from Part C to B."""
    known = [row.initial_entry_on for row in facts.statuses if row.initial_entry_on]
    if known:
        return min(known)
    return days.of(Starts.AGREED) if status.code == PARTICIPATING else None


def offer_findings(actor: Actor, meeting: Meeting, known: StudentFacts, proposal: Proposal) -> list[Finding]:
    """What the rules say of the offer as it stands, as if all of it were agreed today: the live findings.

    ``proposal`` is that of ``meeting`` over the plan and the services of today, ``known`` what was read of its student.
    """
    drafts = offer_drafts(actor, meeting, known, proposal, agreed_on=clock.today())
    found = check_typed(
        f"meeting {meeting.pk}",
        meeting.student_id,
        _lines(drafts),
        about={draft.record for draft in drafts},
        known=known,
    )
    return _in_order(found, drafts)


def offer_drafts(
    actor: Actor, meeting: Meeting, facts: StudentFacts, proposal: Proposal, *, agreed_on: date
) -> list[RecordDraft]:
    """The lines of the offer as it stands, as if all of it were agreed on that day: MEET where the meeting was held,
    and where the family is asked PLAN and SERV, from the day after a plan that starts then or later; of a child from
    Part C from the third birthday at the earliest."""
    plan = facts.plan_on(clock.today())
    future = [
        FutureService(service.number, service.values)
        for service in proposal.services
        if service.offer != "remove"
    ]
    starts_on = agreed_on
    if plan is not None and plan.effective_from >= starts_on:
        starts_on = plan.effective_from + DAY
    event = EVENTS[meeting.event_key]
    conclusion = event.conclusion(meeting.conclusion_key)
    outcome = outcome_of(
        event,
        [True],
        conclusion_key=meeting.conclusion_key,
        policies=policies_of(actor.selpa_code),
    )
    writer = LineWriter(actor, meeting, event, outcome, facts)
    born_on = meeting.student.birth_on
    if outcome.plan_starts in _OR_THREE and born_on is not None:
        starts_on = max(starts_on, third_birthday_of(born_on))
    drafts: list[RecordDraft] = []
    if outcome.is_meet_due and meeting.held_on is not None:
        drafts.append(writer.meeting_line(meeting.held_on))
    if conclusion.asks_family:
        drafts.append(writer.plan_line(plan, proposal.plan_values(), starts_on))
        drafts.extend(writer.service_lines(future, starts_on))
    return drafts


def finalize_meeting(*, actor: Actor, meeting: Meeting) -> Archive:
    """Make the meeting final: facts, archive, clocks and outbox in one transaction.

    Raises ``NotPossible`` with everything that stands against it; a second click finds the meeting final.
    """
    with transaction.atomic():
        locked = Meeting.objects.select_for_update().select_related("student").get(pk=meeting.pk)
        if locked.state == "finalized":
            raise NotPossible([already_final()])
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
            raise NotPossible([already_final()])
        _state_facts(actor, locked, preview, facts)
        # What was reported as pending is over with the meeting: this archive stands in its place.
        (archive,) = write_archives(
            [_archive_draft(locked, preview)],
            by_id=actor.user_id,
            at=at,
            supersedes=pending_archive(locked.pk),
        )
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


def _plan_to_come(proposal: Proposal, *, takes_all: bool) -> tuple[dict[str, str], list[FutureService]]:
    """The agreed parts of the offer over what is in force; a part without an item stays as it is.

    ``takes_all``: nobody is asked, what is in force goes on as it is (an adopted plan).
    """
    if takes_all:
        return (
            {field.declaration.attribute: field.current for field in proposal.plan_fields},
            [
                FutureService(service.number, service.current_values)
                for service in proposal.services
                if service.current is not None
            ],
        )
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
    return _in_order(check_lines(student_id, _lines(drafts)), drafts)


def _lines(drafts: Sequence[RecordDraft]) -> list[tuple[str, Mapping[str, str]]]:
    return [(draft.key, draft.values) for draft in drafts]


def _in_order(found: Mapping[str, list[Finding]], drafts: Sequence[RecordDraft]) -> list[Finding]:
    return [finding for key in dict.fromkeys(draft.key for draft in drafts) for finding in found.get(key, [])]


def _state_facts(actor: Actor, meeting: Meeting, preview: Preview, facts: StudentFacts) -> None:
    """The status and the plan to come."""
    stating = Stating(actor, meeting.student_id, meeting.lea_code, facts, cause=f"meeting:{meeting.pk}")
    if preview.status is not None and preview.status_starts_on is not None:
        swds = next(draft for draft in preview.drafts if draft.record == "SWDS")
        stating.status(swds.values, preview.status_starts_on)
    if preview.plan_starts_on is not None and preview.plan_values is not None:
        reason = plan_reason(preview.event, preview.outcome)
        stating.plan(reason, preview.plan_values, preview.services or (), preview.plan_starts_on)


def _archive_draft(meeting: Meeting, preview: Preview) -> ArchiveDraft:
    event_on = meeting.held_on or meeting.concluded_on
    if event_on is None:
        raise ValueError("a meeting without a date has no archive")
    return ArchiveDraft(
        student_id=meeting.student_id,
        lea_code=meeting.lea_code,
        event_on=event_on,
        cause="meeting",
        cause_id=meeting.pk,
        title=f"{preview.event.label} of {long_day(event_on)}",
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
            **_kept_for_later(preview),
            "findings": [
                {"code": finding.code, "severity": str(finding.severity), "message": finding.message}
                for finding in preview.findings
            ],
        },
    )


def _kept_for_later(preview: Preview) -> dict[str, Any]:
    """The whole plan that starts later, as the family accepted it: no record holds it until then."""
    if preview.outcome.key != OUTCOME:
        return {}
    return {
        "starts_later": document_of_offer(preview.proposal),
        "why_later": preview.meeting.conclusion_note,
    }


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
        yield {
            "item": service.item_key,
            "name": service.name,
            "field": "offer",
            "was": "",
            "offered": service.offer,
        }
    for field in service.fields:
        if field.is_changed:
            yield {
                "item": service.item_key,
                "name": service.name,
                "field": field.declaration.number,
                "was": field.current,
                "offered": field.proposed,
            }
