"""Recording a change without a meeting: the facts, an archive with its reason, and what the state is told.

What each kind makes due stands in ``domain.changes``. The preview is what the page shows and what
:func:`record_change` carries out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.db import transaction

from manzanita.archive.actions import ArchiveDraft, RecordDraft, write_archives
from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import standing_records
from manzanita.arrivals.actions import look_where_open
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.changes import ADOPTED, CHANGES, NEVER_CAME_REASON, NEVER_CAME_STATUS, Change
from manzanita.domain.codes import code_set
from manzanita.domain.fields import PLAN_FIELDS, SERVICE_FIELDS
from manzanita.domain.findings import Finding, Owner, Reason
from manzanita.domain.records import state_date
from manzanita.domain.rules import owner_of
from manzanita.domain.scenarios import PARTICIPATING, Starts, StatusDue
from manzanita.domain.statuses.steps import STEPS, lack
from manzanita.exchange.checks import must_be_mended
from manzanita.exchange.live import check_typed
from manzanita.exchange.outbox import reconcile_students
from manzanita.exchange.report_actions import set_report_status
from manzanita.meetings.actions import NotPossible, refresh_clocks, take_over_meetings
from manzanita.meetings.models import Meeting
from manzanita.platform import clock
from manzanita.platform.facts import hold_facts
from manzanita.procedures import later_start
from manzanita.procedures.change_effects import change_effects
from manzanita.procedures.change_reasons import (
    SETTING_FIELDS,
    Asked,
    blockers_of,
    changed_settings,
    plan_holds,
)
from manzanita.procedures.effects import Effect, long_day
from manzanita.procedures.finding_changes import NO_CHANGES, FindingChanges, finding_changes
from manzanita.procedures.later_start import LaterStart
from manzanita.procedures.lines import FutureService, LineWriter
from manzanita.procedures.standing import untold_leaving
from manzanita.procedures.stating import Stating
from manzanita.procedures.take_over import event_key_of
from manzanita.students.actions import issue_local_sped_id, local_sped_id_for, state_one
from manzanita.students.amending import closed_in
from manzanita.students.models import Plan, Service, SpecialEducationStatus, Student
from manzanita.students.queries import StudentFacts, facts_of

# The facts that a change without a meeting, or a correction, may state.
CHANGED = (SpecialEducationStatus, Plan, Service)


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What recording a change would do now. ``adopted`` is the PLAN that never came into use; ``said`` the findings
    that would open and close."""

    change: Change
    blockers: Sequence[Reason]
    drafts: Sequence[RecordDraft]
    findings: Sequence[Finding]
    effects: Sequence[Effect]
    plan_values: Mapping[str, str] | None = None
    services: Sequence[FutureService] = ()
    adopted: ArchivedRecord | None = None
    said: FindingChanges = NO_CHANGES


def preview_change(actor: Actor, student: Student, asked: Asked) -> ChangePreview:
    """What ``asked`` would do. Raises ``ValueError`` for a kind or a code that there is not."""
    change = CHANGES.get(asked.key)
    if change is None:
        raise ValueError(f"no such change: {asked.key}")
    _require_codes(asked)
    # Recording it gives the student an id where there is none; the preview judges the lines with it.
    student.local_sped_id = student.local_sped_id or local_sped_id_for(student)
    facts = facts_of(student)
    is_here = not (
        "here" in STEPS[asked.key].needs and untold_leaving(facts, actor.agency_code, student) is not None
    )
    blockers = [
        *closed_in(facts, actor.agency_code),
        *blockers_of(actor, asked, facts, is_here=is_here),
    ]
    later = None
    if asked.key == later_start.KEY:
        later, against = later_start.start_now(actor.agency_code, facts)
        if later is not None and not against and asked.on is not None:
            days = (asked.on, asked.consented_on)
            against = list(later_start.reasons_against_days(facts, actor.agency_code, later, *days))
        blockers = [*([] if is_here else [lack("here")]), *against] or blockers
    adopted = adoption_in_force(actor, student, facts) if asked.key == "never_came" else None
    if asked.key == "never_came" and adopted is None:
        blockers.append(lack("adopted", plan_holds(facts, actor.agency_code, asked.on or clock.today())))
    if asked.on is None or blockers:
        return ChangePreview(change, blockers, [], [], [], adopted=adopted)
    drafts, plan_values, services = _Drafting(actor, student, asked, change, facts, later).all()
    findings = _findings(student.pk, asked.key, drafts, later.records if later else ())
    blockers += [
        Reason(
            finding.code,
            f"The state would reject it: {finding.message}",
            owner_of(finding.code, finding.fields),
            "Correct the field.",
            source=finding.code,
            values=dict(finding.values),
        )
        for finding in findings
        if must_be_mended(finding)
    ]
    effects = list(change_effects(asked, facts, drafts, adopted, later))
    standing = [(row.record_key, row.values) for row in standing_records([student.pk]).get(student.pk, [])]
    new = {draft.key: draft.values for draft in drafts}
    said = finding_changes(
        f"{asked.key} of {student.pk}",
        student.pk,
        standing,
        [*((key, values) for key, values in standing if key not in new), *new.items()],
    )
    return ChangePreview(change, blockers, drafts, findings, effects, plan_values, services, adopted, said)


def _require_codes(asked: Asked) -> None:
    for name, code in (
        ("SpecialEducationStatus", asked.status_code),
        ("NonParticipationReason", asked.reason_code),
        ("EvaluationType", asked.evaluation_type_code),
        ("EligibilityOutcome", asked.eligibility_code),
        ("MeetingDelay", asked.delay_code),
    ):
        if code and code not in code_set(name).codes:
            raise ValueError(f"no such code of {name}: {code}")
    unknown = set(asked.settings) - {declared.number for declared in SETTING_FIELDS}
    if unknown:
        raise ValueError(f"not a program setting: {', '.join(sorted(unknown))}")


def adoption_in_force(actor: Actor, student: Student, facts: StudentFacts) -> ArchivedRecord | None:
    """The adoption by which the newest plan is in force at this LEA; an older one was followed by plans of its own."""
    plan = facts.plans[-1] if facts.plans else None
    if plan is None or plan.effective_to is not None or plan.lea_code != actor.agency_code:
        return None
    rows = standing_records([student.pk], actor.agency_code).get(student.pk, [])
    return next(
        (
            row
            for row in rows
            if row.record == "PLAN"
            and row.values["23.13"] == plan.reason_code == ADOPTED
            and row.key_on == plan.effective_from
        ),
        None,
    )


@dataclass(frozen=True, slots=True)
class _Drafting:
    """Writes the lines of one change."""

    actor: Actor
    student: Student
    asked: Asked
    change: Change
    facts: StudentFacts
    later: LaterStart | None = None

    def all(self) -> tuple[list[RecordDraft], Mapping[str, str] | None, list[FutureService]]:
        """Lines, the plan to come by attribute, and its services."""
        on = self.asked.on
        if on is None or self.asked.key == "never_came":
            return [], None, []
        if self.asked.key == "status":
            due = StatusDue(self.asked.status_code, self.asked.reason_code, Starts.GIVEN)
            return [self._writer.status_line(due, on, consented_on=self._first_consent(on))], None, []
        if self.asked.key == "meeting":
            return [self._writer.meeting_line(on)], None, []
        if self.later is not None:
            return self._start(self.later, on)
        return self._plan(on)

    def _start(
        self, later: LaterStart, on: date
    ) -> tuple[list[RecordDraft], Mapping[str, str], list[FutureService]]:
        """What was agreed for later, now: the status goes first."""
        due, services = StatusDue(PARTICIPATING, "", Starts.GIVEN), list(later.services)
        return (
            [
                self._writer.status_line(due, on, consented_on=self._first_consent(on)),
                self._writer.plan_line(None, later.plan_values, on),
                *self._writer.service_lines(services, on),
            ],
            later.plan_values,
            services,
        )

    def _plan(self, on: date) -> tuple[list[RecordDraft], Mapping[str, str], list[FutureService]]:
        plan, drafts = self.facts.plan_on(self.asked.plan_known_on or on), []
        status = self.facts.status_on(on)
        # What another state said, this one was never told.
        is_told = status is not None and status.status_code == PARTICIPATING and bool(status.lea_code)
        if self.asked.key == "adopt" and not is_told:
            due = StatusDue(PARTICIPATING, "", Starts.GIVEN)
            drafts.append(self._writer.status_line(due, on, consented_on=self._first_consent(on)))
        values = {declared.attribute: getattr(plan, declared.attribute, "") or "" for declared in PLAN_FIELDS}
        if self.asked.key == "setting":
            values |= changed_settings(self.asked, self.facts, on)
        services = [
            FutureService(
                service.service_no,
                {
                    declared.attribute: getattr(service, declared.attribute) or ""
                    for declared in SERVICE_FIELDS
                },
            )
            for service in self.facts.services_on(self.asked.plan_known_on or on)
        ]
        drafts.append(self._writer.plan_line(plan, values, on))
        drafts.extend(self._writer.service_lines(services, on))
        return drafts, values, services

    @property
    def _writer(self) -> LineWriter:
        return LineWriter(
            self.actor,
            meeting_of(self.actor, self.student, self.asked),
            self.change.event,
            replace(self.change.outcome, eligibility_code=self.asked.eligibility_code),
            self.facts,
            source=self.later.name if self.later else f"this change ({self.change.label.lower()})",
        )

    def _first_consent(self, on: date) -> date | None:
        """22.10 never changes once it is known."""
        known = [row.initial_entry_on for row in self.facts.statuses if row.initial_entry_on]
        if known:
            return min(known)
        if self.later is not None:
            return self.asked.consented_on or self.later.consented_on
        if self.asked.key == "adopt" and self.facts.statuses:
            # The first consent was given where the plan was made, and nobody has said when.
            return None
        return on if self.asked.key == "adopt" or self.asked.status_code == PARTICIPATING else None


def drafts_of(actor: Actor, student: Student, asked: Asked, facts: StudentFacts) -> list[RecordDraft]:
    """The lines of one change over ``facts`` that were read before; nothing is asked of it. For many students at
    once."""
    drafts, _, _ = _Drafting(actor, student, asked, CHANGES[asked.key], facts).all()
    return drafts


def meeting_of(actor: Actor, student: Student, asked: Asked) -> Meeting:
    """The meeting that a MEET line tells of, not stored: for other changes it only carries who and where."""
    told = {
        "24.14": asked.evaluation_type_code,
        "24.15": state_date(asked.on),
        "24.17": "Y" if asked.is_plan_review else "N",
    }
    return Meeting(
        student=student,
        event_key=event_key_of(told),
        state="finalized",
        lea_code=actor.agency_code,
        held_on=asked.on,
        delay_code=asked.delay_code,
        evaluation_type_code=asked.evaluation_type_code,
        is_plan_review=asked.is_plan_review,
        outcome_code=asked.eligibility_code,
        source="procedure",
        opened_at=clock.now(),
        opened_by_id=actor.user_id,
        finalized_at=clock.now(),
        finalized_by_id=actor.user_id,
    )


def _findings(
    student_id: int, change: str, drafts: Sequence[RecordDraft], beside: Sequence[ArchivedRecord]
) -> list[Finding]:
    """What the rules say of the lines, ``beside`` records that belong to them and may not have been sent yet."""
    found = check_typed(
        f"{change} of {student_id}",
        student_id,
        [(one.record_key, one.values) for one in beside] + [(draft.key, draft.values) for draft in drafts],
        about={draft.record for draft in drafts},
    )
    return [finding for key in dict.fromkeys(draft.key for draft in drafts) for finding in found.get(key, [])]


@transaction.atomic
def record_change(*, actor: Actor, student: Student, asked: Asked) -> Archive:
    """Carry out a change. Raises ``NotPossible`` with everything that stands against it; then nothing was done.

    A second click finds the status or the plan standing already and is refused.
    """
    locked = Student.unscoped.select_for_update().get(pk=student.pk)
    issue_local_sped_id(locked)
    preview = preview_change(actor, locked, asked)
    blockers = list(preview.blockers)
    if not asked.reason.strip():
        blockers.append(
            Reason("no-reason", "The change needs its reason.", Owner.YOU, "Say in a sentence what happened.")
        )
    if blockers or asked.on is None:
        raise NotPossible(blockers)
    meeting = _store_meeting(actor, locked, asked)
    hold_facts(CHANGED, locked.pk)
    (archive,) = write_archives(
        [_draft(locked, actor, asked, asked.on, preview, meeting)], by_id=actor.user_id
    )
    _state(actor, locked, asked, asked.on, preview, archive)
    if preview.adopted is not None:
        set_report_status(
            actor=actor,
            archive=preview.adopted.archive,
            choice="none",
            reason=f"Never came: {asked.reason.strip()}",
        )
    refresh_clocks([locked.pk])
    reconcile_students([locked.pk])
    look_where_open(locked.pk, actor.agency_code)
    log_change(
        actor=actor,
        action="record_change",
        student_id=locked.pk,
        subject=archive,
        reason=asked.reason.strip(),
        detail={"change": asked.key, "records": len(preview.drafts)},
    )
    return archive


def _store_meeting(actor: Actor, student: Student, asked: Asked) -> Meeting | None:
    if asked.key != "meeting":
        return None
    standing = Meeting.objects.filter(
        student=student, lea_code=actor.agency_code, held_on=asked.on, state="finalized"
    )
    if standing.exists():
        raise NotPossible(
            [
                Reason(
                    "meeting-known",
                    f"A meeting of {asked.on:%m/%d/%Y} is known already.",
                    Owner.COORDINATOR,
                    "Correct its record instead.",
                )
            ]
        )
    meeting = meeting_of(actor, student, asked)
    take_over_meetings([meeting])
    return meeting


def _state(
    actor: Actor, student: Student, asked: Asked, on: date, preview: ChangePreview, archive: Archive
) -> None:
    # At the archive's own instant: by it one finds what the change has closed (procedures.take_back).
    stating = Stating(
        actor,
        student.pk,
        actor.agency_code,
        facts_of(student),
        cause=f"archive:{archive.pk}",
        at=archive.recorded_at,
    )
    if preview.adopted is not None:
        stating.end_plan(preview.adopted.key_on)
        never = {"22.10": "", "22.12": NEVER_CAME_STATUS, "22.13": NEVER_CAME_REASON}
        stating.status(never, on)
        return
    for draft in preview.drafts:
        if draft.record == "SWDS":
            stating.status(draft.values, on)
    if asked.key == "adopt":
        # What the former district planned was a change of the plan that stood there.
        slot, by_id, at = {"student_id": student.pk}, actor.user_id, archive.recorded_at
        cause = f"archive:{archive.pk}"
        state_one("next_setting", slot=slot, values=None, effective_from=on, by_id=by_id, cause=cause, at=at)
    if preview.plan_values is not None:
        stating.plan(preview.change.event.plan_reason_code, preview.plan_values, preview.services, on)


def _draft(
    student: Student, actor: Actor, asked: Asked, on: date, preview: ChangePreview, meeting: Meeting | None
) -> ArchiveDraft:
    return ArchiveDraft(
        student_id=student.pk,
        lea_code=actor.agency_code,
        event_on=on,
        cause="procedure",
        cause_id=meeting.pk if meeting else None,
        title=f"{preview.change.label} of {long_day(on)}",
        records=preview.drafts,
        context={
            "change": asked.key,
            "outcome_label": preview.change.label,
            "is_settled": preview.change.outcome.is_settled,
            "effects": [
                {"kind": effect.kind, "text": effect.text, "detail": effect.detail}
                for effect in preview.effects
            ],
            "services": [{"number": one.number, **one.values} for one in preview.services],
            "findings": [
                {"code": found.code, "severity": str(found.severity), "message": found.message}
                for found in preview.findings
            ],
        },
        reason=asked.reason.strip()[:300],
    )
