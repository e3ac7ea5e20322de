"""A student leaves special education here: one guided way through everything that it takes.

What the state is told is a status change, or the taking back of an adoption, of ``procedures.changes``; nothing here
writes lines of its own. Around it: papers that the law asks for, open meetings, the case assignment, a day in the
future, and the way back until the state was told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from django.db import transaction

from manzanita.archive.queries import pending_archive
from manzanita.auditing.actions import log_change
from manzanita.domain.access import PERMISSIONS, Actor, Capability
from manzanita.domain.findings import HAPPENED, Owner, Reason
from manzanita.domain.leaving import (
    DIED,
    NO_SHOW,
    PRIOR_NOTICE,
    REASONS,
    LeavingReason,
    PaperSaid,
    age_reason,
    grade_doubt,
    paper_reasons,
    transfer_doubt,
)
from manzanita.domain.revocation import Letter, letter_reasons
from manzanita.domain.statuses.steps import lack
from manzanita.leaving.actions import (
    add_leaving,
    end_leaving,
    paper_document,
    reopen_report,
    settle_report,
)
from manzanita.leaving.models import Leaving, ParticipationReport
from manzanita.leaving.queries import leavings_of, planned_leaving, standing_leaving
from manzanita.meetings.actions import NotPossible, cancel_meeting, refresh_clocks
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import OPEN_STATES, label_of
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import ChangePreview, adoption_in_force, preview_change, record_change
from manzanita.procedures.effects import Effect
from manzanita.procedures.handed_over import HandedOver, handed_over
from manzanita.procedures.leaving_effects import DAY, leaving_effects, letter_effects
from manzanita.procedures.planned_settings import end_settings
from manzanita.procedures.standing import standing_of, stays_gone
from manzanita.students.actions import FACT_MODELS, state_student_facts
from manzanita.students.models import CaseAssignment, Enrollment, Student, TeamMember
from manzanita.students.queries import StudentFacts, facts_of

# Kinds of facts that a leaving may change, and that taking it back restores.
KINDS = ("status", "plan", "service", "assignment", "team", "next_setting")
_UNTIL = "Without it nothing is carried out on {:%m/%d/%Y}: change what is planned as soon as it is given."
# Nobody knows them before they have happened.
NEVER_AHEAD = (NO_SHOW, DIED)


@dataclass(frozen=True, slots=True)
class LeavingAsked:
    """What the office enters. ``report`` is the word of a teacher that it answers, if any; ``letter`` that by which
    consent was revoked; ``is_alone``: somebody looks at this one student, and may record what is doubtful."""

    reason_key: str
    on: date | None
    note: str = ""
    papers: Mapping[str, PaperSaid] = field(default_factory=dict)
    report: ParticipationReport | None = None
    is_alone: bool = True
    letter: Letter = field(default_factory=Letter)


@dataclass(frozen=True, slots=True)
class MeetingFate:
    """What becomes of one open meeting: canceled with the leaving, or (``reason``) to be finished before it."""

    meeting: Meeting
    text: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class LeavingPreview:
    """What recording it would do now. ``change`` is what the state is told, ``None`` where that is nothing;
    ``is_ahead``: its day is still to come, so that a job carries it out then; ``doubts`` are no reasons against it for
    somebody who looks at this student alone."""

    reason: LeavingReason
    blockers: Sequence[Reason]
    effects: Sequence[Effect]
    meetings: Sequence[MeetingFate]
    change: ChangePreview | None
    asked_change: Asked | None
    is_ahead: bool
    doubts: Sequence[Reason] = ()


def preview_leaving(actor: Actor, student: Student, asked: LeavingAsked) -> LeavingPreview:
    """What ``asked`` would do. Raises ``ValueError`` for a reason that there is not."""
    if asked.reason_key not in REASONS:
        raise ValueError(f"no such reason: {asked.reason_key}")
    reason, today = REASONS[asked.reason_key], clock.today()
    facts = facts_of(student)
    fates = [_fate(meeting) for meeting in _open_meetings(student, actor.agency_code)]
    blockers = list(_blockers(actor, student, asked, reason, today, facts))
    if asked.on is None:
        if reason.asks_letter:
            # The earliest lawful day follows from these, so that they are what is missing.
            blockers = _before_a_day(asked, reason, facts, today) or blockers
        return LeavingPreview(reason, blockers, [], fates, None, None, False)
    is_ahead = asked.on > today
    handed_over = handed_over_on(student, actor.agency_code, facts)
    doubts = [
        doubt
        for doubt in (
            grade_doubt(reason, _grade(facts, actor.agency_code, asked.on)),
            transfer_doubt(reason, handed_over.to if handed_over else ""),
        )
        if doubt
    ]
    if not asked.is_alone:
        blockers += doubts
    change_asked = _asked_change(actor, student, asked, reason, asked.on, facts)
    change = None
    papers = paper_reasons(reason, asked.papers, on=asked.on, today=today)
    if reason.asks_letter:
        # Revoked is what has been revoked in writing: that is known now, whenever the services end.
        rights = facts.rights_on(asked.letter.on) if asked.letter.on else None
        blockers += letter_reasons(asked.letter, rights, ends_on=asked.on, today=today)
    if is_ahead:
        # A paper may still be given until the day; the night that carries it out asks for it.
        doubts += [replace(one, way_out=f"{one.way_out} {_UNTIL.format(asked.on)}") for one in papers]
    else:
        blockers += [fate.reason for fate in fates if fate.reason]
        blockers += papers
        if change_asked is not None and actor.may(Capability.CORRECT_RECORD):
            change = preview_change(actor, student, change_asked)
            blockers += change.blockers
    newest = _newest(facts, actor.agency_code)
    effects = list(
        leaving_effects(reason, asked.on, facts, change, change_asked, is_ahead=is_ahead, newest=newest)
    )
    if reason.asks_letter:
        effects += letter_effects(asked.letter, asked.papers.get(PRIOR_NOTICE, PaperSaid()))
    return LeavingPreview(reason, blockers, effects, fates, change, change_asked, is_ahead, doubts)


def _before_a_day(
    asked: LeavingAsked, reason: LeavingReason, facts: StudentFacts, today: date
) -> list[Reason]:
    """What is missing of the letter and the papers, whatever the day."""
    rights = facts.rights_on(asked.letter.on) if asked.letter.on else None
    return [
        *letter_reasons(asked.letter, rights, ends_on=date.max, today=today),
        *paper_reasons(reason, asked.papers, on=date.max, today=today),
    ]


def handed_over_on(student: Student, lea_code: str, facts: StudentFacts) -> HandedOver | None:
    """The transfer by which the LEA handed the record over, of the newest enrollment there; ``None`` without one."""
    newest = _newest(facts, lea_code)
    return handed_over(lea_code, {student.pk: newest.started_on if newest else None}).get(student.pk)


def _newest(facts: StudentFacts, lea_code: str) -> Enrollment | None:
    here = [one for one in facts.enrollments if one.lea_code == lea_code]
    return max(here, key=lambda one: (one.started_on, one.effective_from), default=None)


def _grade(facts: StudentFacts, lea_code: str, on: date) -> str:
    enrollment = facts.enrollment_on(on, lea_code)
    return enrollment.grade_code if enrollment else ""


def _blockers(
    actor: Actor,
    student: Student,
    asked: LeavingAsked,
    reason: LeavingReason,
    today: date,
    facts: StudentFacts,
) -> Iterator[Reason]:
    if not actor.may(Capability.CORRECT_RECORD):
        yield Reason(
            "no-capability",
            "Your perspective does not record that a student leaves.",
            Owner.COORDINATOR,
            "Report it to the SEDS coordinator.",
            source=PERMISSIONS,
        )
    on = asked.on
    if on is None:
        yield Reason("no-date", "It has no day.", Owner.YOU, f"Enter the day: {reason.day_label.lower()}.")
        return
    if on > today and reason.key in NEVER_AHEAD:
        yield Reason(
            "future-date",
            f"{on:%m/%d/%Y} is in the future, and nobody knows this before it has happened.",
            Owner.COORDINATOR,
            "Correct the day, or come back then.",
            source=HAPPENED,
        )
    too_young = age_reason(reason, student.birth_on, on)
    if too_young is not None:
        yield too_young
    leavings = leavings_of(student, actor.agency_code)
    standing = next((one for one in leavings if one.state == "done"), None)
    if standing is None:
        return
    left = standing_of(facts, actor.agency_code, day=today, leavings=leavings).left
    gone = stays_gone(left, facts.enrollment_on(today, actor.agency_code))
    if gone or on <= standing.leaves_on:
        yield replace(
            lack("here"),
            code="left-already",
            text=f"It is recorded already that the student left on {standing.leaves_on:%m/%d/%Y}: "
            f"{standing.reason.words}.",
            way_out="Take that back first where it is wrong. Who comes back is enrolled anew by the SIS."
            if gone
            else "Take that back first where it is wrong, or enter a later day.",
        )


def _open_meetings(student: Student, lea_code: str) -> list[Meeting]:
    rows = Meeting.objects.filter(student=student, lea_code=lea_code, state__in=OPEN_STATES)
    return list(rows.order_by("opened_at", "pk"))


def _fate(meeting: Meeting) -> MeetingFate:
    name = label_of(meeting)
    if meeting.state == "held":
        text = (
            f"{name[0].upper()}{name[1:]} was held and is not finalized: the state has to hear of it first."
        )
        way_out, code = "Finalize it; then record the leaving.", "meeting-held"
    elif pending_archive(meeting.pk) is not None:
        text = f"The state was told that {name} is pending, so it cannot just disappear."
        way_out, code = (
            "Conclude it under Hold (consent to evaluate was withdrawn), and finalize it.",
            "meeting-pending",
        )
    else:
        return MeetingFate(meeting, f"{name[0].upper()}{name[1:]} is canceled, with this reason.")
    return MeetingFate(meeting, text, Reason(code, text, Owner.TEAM, way_out, source="SPED Data Guide, MEET"))


def _asked_change(
    actor: Actor, student: Student, asked: LeavingAsked, reason: LeavingReason, on: date, facts: StudentFacts
) -> Asked | None:
    """The change that tells the state, or ``None`` where it is told nothing."""
    if reason.key == NO_SHOW:
        return Asked("never_came", on, asked.note) if adoption_in_force(actor, student, facts) else None
    if not reason.is_told or facts.status_on(on) is None:
        return None
    return Asked("status", on, asked.note, status_code=reason.status_code, reason_code=reason.reason_code)


@transaction.atomic
def record_leaving(*, actor: Actor, student: Student, asked: LeavingAsked) -> Leaving:
    """Carry it out, or plan it where its day is still to come. Raises ``NotPossible`` with everything that stands
    against it; then nothing was done. The same once more changes nothing and returns what stands."""
    locked = Student.unscoped.select_for_update().get(pk=student.pk)
    standing = standing_leaving(locked, actor.agency_code)
    if standing is not None and (standing.reason_key, standing.leaves_on) == (asked.reason_key, asked.on):
        return standing
    preview = preview_leaving(actor, locked, asked)
    blockers = [*preview.blockers, *_note_missing(asked)]
    if blockers or asked.on is None:
        raise NotPossible(blockers)
    planned = planned_leaving(locked, actor.agency_code)
    if planned is not None:
        if preview.is_ahead and _is_same(planned, asked):
            return planned
        _cancel(actor, planned)
    leaving = add_leaving(
        actor=actor,
        student=locked,
        reason_key=asked.reason_key,
        leaves_on=asked.on,
        note=asked.note,
        papers=_kept_papers(asked, preview.reason),
        letter=_kept_letter(asked, preview.reason),
        # A plan that is changed goes on answering what it answered.
        report=asked.report or (planned.report if planned else None),
        state="planned" if preview.is_ahead else "done",
    )
    if asked.report is not None:
        settle_report(actor=actor, report=asked.report, state="done", answer="")
    if preview.is_ahead:
        _log(actor, leaving, "plan_leaving")
    else:
        _carry_out(actor, locked, leaving, asked, preview)
    return leaving


def _note_missing(asked: LeavingAsked) -> list[Reason]:
    if asked.note.strip():
        return []
    return [
        Reason("no-note", "It needs a sentence that says how it is known.", Owner.YOU, "Say what happened.")
    ]


def _kept_papers(asked: LeavingAsked, reason: LeavingReason) -> dict[str, PaperSaid]:
    return {key: asked.papers[key] for key in reason.papers if key in asked.papers}


def _kept_letter(asked: LeavingAsked, reason: LeavingReason) -> Letter:
    return asked.letter if reason.asks_letter else Letter()


def _is_same(planned: Leaving, asked: LeavingAsked) -> bool:
    papers = paper_document(_kept_papers(asked, planned.reason))
    letter = _kept_letter(asked, planned.reason)
    return (
        (planned.reason_key, planned.leaves_on, planned.note, planned.papers)
        == (asked.reason_key, asked.on, asked.note.strip(), papers)
    ) and (planned.letter_on, planned.letter_by) == (letter.on, letter.by)


def carry_out(*, actor: Actor, leaving: Leaving, asked: LeavingAsked) -> bool:
    """Carry out a planned one whose day has come. False where somebody was faster. Raises ``NotPossible``."""
    with transaction.atomic():
        locked = Student.unscoped.select_for_update().get(pk=leaving.student_id)
        fresh = Leaving.objects.select_for_update().filter(pk=leaving.pk, state="planned").first()
        if fresh is None:
            return False
        preview = preview_leaving(actor, locked, asked)
        blockers = [*preview.blockers, *_note_missing(asked)]
        if blockers or preview.is_ahead:
            raise NotPossible(blockers)
        fresh.state, fresh.done_at, fresh.problem = "done", clock.now(), []
        _carry_out(actor, locked, fresh, asked, preview)
        return True


def _carry_out(
    actor: Actor, student: Student, leaving: Leaving, asked: LeavingAsked, preview: LeavingPreview
) -> None:
    before = believed_keys(student)
    because = f"{leaving.reason.label}, {leaving.leaves_on:%m/%d/%Y}"
    for fate in preview.meetings:
        cancel_meeting(actor=actor, meeting=fate.meeting, reason=because)
    leaving.canceled_meetings = [fate.meeting.pk for fate in preview.meetings]
    if preview.asked_change is not None:
        archive = record_change(
            actor=actor, student=student, asked=replace(preview.asked_change, reason=asked.note)
        )
        leaving.archive_id = archive.pk
        adopted = preview.change.adopted if preview.change else None
        leaving.adopted_archive_id = adopted.archive_id if adopted else None
    _end_assignments(actor, student, leaving)
    after = believed_keys(student)
    leaving.closed = {kind: sorted(before[kind] - after[kind]) for kind in KINDS}
    leaving.kept = {kind: sorted(after[kind]) for kind in KINDS}
    leaving.save()
    # Of who is gone no date is owed, whatever else has changed.
    refresh_clocks([student.pk])
    _log(actor, leaving, "record_leaving")


def _end_assignments(actor: Actor, student: Student, leaving: Leaving) -> None:
    """Nobody works with the student any more from the day after, and no setting is planned; of one who never came from
    the day itself."""
    first = leaving.last_day_here + DAY
    slot, cause = {"student_id": student.pk}, f"leaving:{leaving.pk}"
    if CaseAssignment.objects.believed().filter(student=student).exists():
        state_student_facts("assignment", [Statement(slot, None, first)], by_id=actor.user_id, cause=cause)
    team = TeamMember.objects.believed().filter(student=student).values_list("user_id", flat=True).distinct()
    statements = [Statement({**slot, "user_id": user_id}, None, first) for user_id in sorted(team)]
    state_student_facts("team", statements, by_id=actor.user_id, cause=cause)
    end_settings(student.pk, leaving.lea_code, first, by_id=actor.user_id, cause=cause)


def believed_keys(student: Student) -> dict[str, set[int]]:
    """By kind, the keys of the versions believed now."""
    return {
        kind: set(FACT_MODELS[kind].objects.believed().filter(student=student).values_list("pk", flat=True))
        for kind in KINDS
    }


def cancel_leaving(*, actor: Actor, leaving: Leaving) -> bool:
    """Cancel a planned one; the report that it answered waits again. False where it is planned no more."""
    with transaction.atomic():
        fresh = Leaving.objects.select_for_update().get(pk=leaving.pk)
        if fresh.state != "planned":
            return False
        _cancel(actor, fresh)
        if fresh.report is not None:
            reopen_report(report=fresh.report)
        return True


def _cancel(actor: Actor, leaving: Leaving) -> None:
    end_leaving(actor=actor, leaving=leaving, state="canceled")
    _log(actor, leaving, "cancel_leaving")


def _log(actor: Actor, leaving: Leaving, action: str) -> None:
    log_change(
        actor=actor,
        action=action,
        student_id=leaving.student_id,
        subject=leaving,
        reason=leaving.note,
        detail={"reason": leaving.reason_key, "on": leaving.leaves_on.isoformat()},
    )
