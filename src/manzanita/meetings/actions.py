"""Every write of meetings, answers and decisions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from manzanita.archive.queries import pending_archive
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.codes import code_set
from manzanita.domain.fields import FIELDS
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import EVENTS, Conclusion, Event
from manzanita.meetings.evaluations import Evaluation, consent_reasons, evaluation_due
from manzanita.meetings.models import Answer, Decision, Meeting
from manzanita.meetings.queries import OPEN_STATES, last_dates, missed_on, offer_version
from manzanita.platform import clock
from manzanita.platform.changed import students_changed
from manzanita.students import actions as student_actions
from manzanita.students.assignment_actions import lock_students
from manzanita.students.models import Merge, Student

MAX_ANSWER_LENGTH = 4000
MAX_SERVICES = 100
MAX_REASON_LENGTH = 300
OFFERS = ("keep", "add", "remove")


class NotPossible(Exception):
    """The action is refused; ``reasons`` says why, by which rule, whose job it is and what ends it."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else saved the field in between. Nothing was written; ``theirs`` is what stands now."""

    theirs: Answer
    mine: str


@transaction.atomic
def open_meeting(
    *, actor: Actor, student: Student, event: Event, evaluation: Evaluation | None = None
) -> Meeting:
    """Open ``event`` for the student, against the clocks that it meets. The caller has asked
    ``reasons_not_to_open`` first.

    Raises ``NotPossible`` when another meeting was opened in the same moment, and for an initial evaluation
    without consent or with dates that cannot be.
    """
    lock_unmerged(student)
    if event.is_initial:
        if reasons := list(consent_reasons(evaluation)):
            raise NotPossible(reasons)
    elif evaluation is not None:
        raise ValueError(f"{event.key} is no initial evaluation")
    try:
        with transaction.atomic():
            meeting = Meeting.objects.create(
                student=student,
                event_key=event.key,
                lea_code=actor.agency_code,
                due_on=student.plan_review_due_on if event.is_plan_review else None,
                evaluation_due_on=evaluation_due(student, event, evaluation),
                referred_on=evaluation.referred_on if evaluation else None,
                referred_by_code=evaluation.referred_by_code if evaluation else "",
                consent_on=evaluation.consent_on if evaluation else None,
                evaluation_type_code=event.evaluation_type_code,
                is_plan_review=event.is_plan_review,
                opened_at=clock.now(),
                opened_by_id=actor.user_id,
            )
    except IntegrityError as error:
        raise NotPossible(
            [
                Reason(
                    "open-meeting",
                    "Another meeting was opened a moment ago.",
                    Owner.TEAM,
                    "Work in that one.",
                )
            ]
        ) from error
    if event.is_initial:
        student_actions.issue_local_sped_id(student)
    students_changed([student.pk])
    log_change(actor=actor, action="open_meeting", student_id=student.pk, subject=meeting)
    return meeting


def lock_unmerged(student: Student) -> None:
    """Nobody else changes the student until the transaction ends. Raises ``NotPossible`` for a record that was put
    together with another."""
    lock_students([student.pk])
    if Merge.objects.filter(other=student.pk, undone_at__isnull=True).exists():
        raise NotPossible(
            [
                Reason(
                    "merged-away",
                    "The record was put together with another a moment ago.",
                    Owner.COORDINATOR,
                    "Open the meeting on the record that stays.",
                )
            ]
        )


def require_open(meeting_id: int) -> Meeting:
    meeting = Meeting.objects.select_for_update().get(pk=meeting_id)
    if meeting.state not in OPEN_STATES:
        raise NotPossible(
            [
                Reason(
                    "meeting-closed",
                    f"This meeting is {meeting.get_state_display().lower()}; its answers stand.",
                    Owner.COORDINATOR,
                    "Correct the archive, or open an amendment.",
                )
            ]
        )
    return meeting


@transaction.atomic
def save_answer(
    *, actor: Actor, meeting: Meeting, field_key: str, value: str, seen_revision: int
) -> Answer | Conflict:
    """Store ``value`` as the next revision of a field if nobody else saved it since ``seen_revision``.

    Text that a rule will refuse is stored all the same: what was typed is never lost, the finding stands
    beside it. Saving the value that stands writes nothing. One's own later revision is no conflict: its
    reply may have been lost on the way. Raises ``ValueError`` for an unknown field or a text that no field
    can hold (over ``MAX_ANSWER_LENGTH``, or with NUL), ``NotPossible`` when the meeting is closed.
    """
    _check_field(field_key, value)
    locked = require_open(meeting.pk)
    revisions = Answer.objects.filter(meeting=locked, field_key=field_key).order_by("-revision")
    newest = revisions.first()
    if newest is not None and newest.value == value:
        return newest
    unseen = revisions.filter(revision__gt=seen_revision).exclude(by_id=actor.user_id)
    if newest is not None and unseen.exists():
        return Conflict(newest, value)
    return Answer.objects.create(
        meeting=locked,
        field_key=field_key,
        revision=(newest.revision if newest else 0) + 1,
        value=value,
        by_id=actor.user_id,
        by_name=actor.person_name,
        at=clock.now(),
    )


def _check_field(field_key: str, value: str) -> None:
    if len(value) > MAX_ANSWER_LENGTH:
        raise ValueError(f"{field_key}: longer than {MAX_ANSWER_LENGTH} characters")
    if "\0" in value:
        raise ValueError(f"{field_key}: holds a NUL character")
    subject, _, rest = field_key.partition(".")
    if subject == "service":
        number, _, rest = rest.partition(".")
        if not (number.isascii() and number.isdigit() and int(number) < MAX_SERVICES):
            raise ValueError(f"no such field of a meeting: {field_key}")
        if rest == "offer" and value in OFFERS:
            return
    file_number = {"plan": "23.", "service": "25."}.get(subject)
    if file_number is None or rest not in FIELDS or not rest.startswith(file_number):
        raise ValueError(f"no such field of a meeting: {field_key}")


@transaction.atomic
def add_service(
    *,
    actor: Actor,
    meeting: Meeting,
    service_nos_in_force: set[int],
    service_code: str,
    expected_no: int | None = None,
) -> int:
    """Offer a new service; return its number, which no service of the student has used in this meeting.

    ``expected_no`` is the number that the asker's page would give it. Where that number
    holds an offer of the same service by the same person already, the same click came twice: nothing is added.
    """
    if service_code not in code_set("Service").codes:
        raise ValueError(f"no such service code: {service_code}")
    locked = require_open(meeting.pk)
    offered_already = Answer.objects.filter(
        meeting=locked,
        field_key=f"service.{expected_no}.25.11",
        value=service_code,
        revision=1,
        by_id=actor.user_id,
    )
    if expected_no is not None and offered_already.exists():
        return expected_no
    keys = Answer.objects.filter(meeting=locked, field_key__startswith="service.").values_list(
        "field_key", flat=True
    )
    used = {int(key.split(".")[1]) for key in keys} | service_nos_in_force
    number = max(used, default=0) + 1
    if number >= MAX_SERVICES:
        raise ValueError("a plan holds fewer than a hundred services")
    for key, value in (("offer", "add"), ("25.11", service_code), ("25.12", "100")):
        save_answer(
            actor=actor, meeting=locked, field_key=f"service.{number}.{key}", value=value, seen_revision=0
        )
    return number


@transaction.atomic
def hold_meeting(
    *,
    actor: Actor,
    meeting: Meeting,
    held_on: date | None,
    delay_code: str = "",
    conclusion_key: str = "",
    concluded_on: date | None = None,
) -> Meeting:
    """Record how the event was concluded: held on ``held_on``, with its delay reason where it was late.

    ``held_on`` is ``None`` for a conclusion without a meeting; ``concluded_on`` is the day of the family's
    decision where the conclusion has one. A reason of delay for a meeting that was not late is dropped: there
    is nothing to explain. Raises ``ValueError`` for an unknown delay code or conclusion, ``NotPossible`` for a
    day in the future or before the consent, for a day that the state already knows a meeting of, and for a
    late meeting without a reason.
    """
    if delay_code and delay_code not in code_set("MeetingDelay").codes:
        raise ValueError(f"no such delay code: {delay_code}")
    locked = require_open(meeting.pk)
    event = EVENTS[locked.event_key]
    if conclusion_key and conclusion_key not in event.conclusions:
        raise ValueError(f"{event.key} has no such conclusion: {conclusion_key}")
    conclusion = event.conclusion(conclusion_key)
    standing = _concluded(locked)
    locked.conclusion_key = conclusion.key
    # What the conclusion says of the plan review decides by which clocks the day is judged.
    locked.is_plan_review = _is_plan_review(event, conclusion)
    locked.concluded_on = concluded_on if conclusion.day_label else None
    locked.held_on = held_on if conclusion.is_held else None
    reasons = [*_conclusion_reasons(locked, conclusion)]
    if locked.held_on is not None:
        reasons.extend(_day_reasons(locked, locked.held_on))
        missed = missed_on(locked, locked.held_on)
        if missed is not None and not delay_code:
            reasons.append(_late_reason(locked, missed))
        locked.delay_code = delay_code if missed is not None else ""
        locked.state = "held"
    else:
        locked.delay_code, locked.state = "", "open"
    if reasons:
        raise NotPossible(reasons)
    locked.save(
        update_fields=["held_on", "delay_code", "state", "conclusion_key", "concluded_on", "is_plan_review"]
    )
    if standing == _concluded(locked):
        return locked
    students_changed([locked.student_id])
    log_change(
        actor=actor,
        action="hold_meeting",
        student_id=locked.student_id,
        subject=locked,
        detail={"conclusion": conclusion.key},
    )
    return locked


def _concluded(meeting: Meeting) -> tuple[object, ...]:
    """What a second click says again."""
    return (
        meeting.state,
        meeting.held_on,
        meeting.delay_code,
        meeting.conclusion_key,
        meeting.concluded_on,
    )


def would_miss(meeting: Meeting, conclusion: Conclusion, day: date) -> date | None:
    """The due date that ``meeting`` would miss on ``day`` with this conclusion, before anything is recorded."""
    if not conclusion.is_held:
        return None
    meeting.is_plan_review = _is_plan_review(EVENTS[meeting.event_key], conclusion)
    return missed_on(meeting, day)


def _is_plan_review(event: Event, conclusion: Conclusion) -> bool:
    """Does the meeting count as the plan review? By its outcome, or, while the family answers, by its event."""
    if not conclusion.outcome_key:
        return event.is_plan_review and conclusion.offers == "all"
    stated = event.outcomes[conclusion.outcome_key].is_plan_review
    return event.is_plan_review if stated is None else stated


def _conclusion_reasons(meeting: Meeting, conclusion: Conclusion) -> Iterator[Reason]:
    if conclusion.is_held and meeting.held_on is None:
        yield Reason(
            "no-date",
            "The date is missing or is no date.",
            Owner.TEAM,
            "Enter the day on which the team met.",
        )
    if not conclusion.day_label:
        return
    day = meeting.concluded_on
    if day is None:
        yield Reason(
            "no-decision-date",
            f"“{conclusion.label}” has its own day.",
            Owner.TEAM,
            f"Enter it under “{conclusion.day_label}”.",
        )
    elif day > clock.today():
        yield Reason("future-date", "A decision cannot be dated in the future.", Owner.TEAM, "Enter its day.")
    elif meeting.consent_on is not None and day < meeting.consent_on:
        yield _before_consent(meeting.consent_on)


def _before_consent(consent_on: date) -> Reason:
    return Reason(
        "before-consent",
        f"The family consented to the evaluation on {consent_on:%m/%d/%Y}; this day lies before it.",
        Owner.TEAM,
        "Correct the day.",
    )


def _late_reason(meeting: Meeting, missed: date) -> Reason:
    what = "review" if meeting.is_plan_review and missed == meeting.due_on else "evaluation"
    source = "Education Code 56343(d)" if what == "review" else "Education Code 56344(a), 56381"
    return Reason(
        "MZ-MEET-LATE",
        f"The {what} was due on {missed:%m/%d/%Y}; a later one says why.",
        Owner.TEAM,
        "Choose the reason of delay; 90 where there is no cause that excuses it.",
        source=source,
    )


def _day_reasons(meeting: Meeting, held_on: date) -> Iterator[Reason]:
    if held_on > clock.today():
        yield Reason(
            "future-date",
            "A meeting cannot have been held on a day that is still to come.",
            Owner.TEAM,
            "Enter the first day on which the team met.",
        )
    if meeting.consent_on is not None and held_on < meeting.consent_on:
        yield _before_consent(meeting.consent_on)
    # An amendment and a review that is not reported are no record at the state: no key to clash with.
    if not (meeting.is_plan_review or meeting.evaluation_type_code):
        return
    earlier = Meeting.objects.filter(student=meeting.student_id, state="finalized", held_on__gte=held_on)
    last = earlier.exclude(event_key="amendment").order_by("-held_on").first()
    if last is not None:
        yield Reason(
            "not-after-last",
            f"The last meeting that the state knows was held on {last.held_on:%m/%d/%Y}; a review comes after it.",
            Owner.TEAM,
            "Enter the day of this review. If the earlier date is wrong, correct that record.",
            source="CALPADS key of MEET: LEA, SSID, meeting date",
        )


@transaction.atomic
def record_decision(
    *, actor: Actor, meeting: Meeting, item_key: str, is_agreed: bool, decided_by: str, decided_on: date
) -> Decision:
    """Record what the rights holder decided on one item. Raises ``NotPossible`` for a future day."""
    locked = require_open(meeting.pk)
    if decided_on > clock.today():
        raise NotPossible(
            [Reason("future-date", "A decision cannot be dated in the future.", Owner.TEAM, "Enter its day.")]
        )
    if locked.held_on is not None and decided_on < locked.held_on:
        raise NotPossible(
            [
                Reason(
                    "decided-before-meeting",
                    f"The meeting was held on {locked.held_on:%m/%d/%Y}, and the answer is dated "
                    f"{decided_on:%m/%d/%Y}, before it.",
                    Owner.TEAM,
                    "Correct the day of the answer, or of the meeting.",
                )
            ]
        )
    decision, _ = Decision.objects.update_or_create(
        meeting=locked,
        item_key=item_key,
        defaults={
            "is_agreed": is_agreed,
            "decided_by": decided_by,
            "decided_on": decided_on,
            "recorded_by_id": actor.user_id,
            "recorded_at": clock.now(),
        },
    )
    log_change(
        actor=actor,
        action="record_decision",
        student_id=locked.student_id,
        subject=decision,
        detail={"item": item_key, "agreed": is_agreed},
    )
    return decision


@dataclass(frozen=True, slots=True)
class FamilyAnswer:
    """What one person decided on one item of the offer, on which day."""

    item_key: str
    is_agreed: bool
    decided_by: str
    decided_on: date


@transaction.atomic
def record_decisions(
    *, actor: Actor, meeting: Meeting, answers: Sequence[FamilyAnswer], seen_offer: int | None = None
) -> list[Decision]:
    """Record several answers, all or none of them. Raises as :func:`record_decision` does.

    ``seen_offer`` is the version of the offer (``queries.offer_version``) that the answers were given to:
    where the team changed the offer since, ``NotPossible``. Nobody consents to what they have not seen.
    """
    locked = require_open(meeting.pk)
    if seen_offer is not None and seen_offer != offer_version(locked):
        raise NotPossible(
            [
                Reason(
                    "offer-moved",
                    "The offer was changed while this page was open; what it says now stands below.",
                    Owner.TEAM,
                    "Read the offer again with the family, and record the answers once more.",
                )
            ]
        )
    return [
        record_decision(
            actor=actor,
            meeting=meeting,
            item_key=answer.item_key,
            is_agreed=answer.is_agreed,
            decided_by=answer.decided_by,
            decided_on=answer.decided_on,
        )
        for answer in answers
    ]


@transaction.atomic
def cancel_meeting(*, actor: Actor, meeting: Meeting, reason: str) -> bool:
    """Close a meeting that will not be held. Its answers stay readable. False when it was closed already.

    Raises ``NotPossible`` without a reason.
    """
    if not reason.strip():
        raise NotPossible(
            [
                Reason(
                    "no-reason",
                    "A canceled meeting stays in the record, so it needs the reason why.",
                    Owner.TEAM,
                    "Write the reason in a sentence.",
                )
            ]
        )
    if pending_archive(meeting.pk) is not None:
        raise NotPossible(
            [
                Reason(
                    "reported-pending",
                    "The state was told that this evaluation is pending, so it cannot just disappear.",
                    Owner.TEAM,
                    "Conclude it under Hold: consent to evaluate was withdrawn. The pending record is then deleted.",
                )
            ]
        )
    if len(reason) > MAX_REASON_LENGTH:
        raise NotPossible(
            [
                Reason(
                    "long-reason",
                    f"The reason has {len(reason)} characters, and {MAX_REASON_LENGTH} are kept.",
                    Owner.TEAM,
                    "Say it in a sentence or two.",
                )
            ]
        )
    changed = Meeting.objects.filter(pk=meeting.pk, state__in=OPEN_STATES).update(state="canceled")
    if changed:
        students_changed([meeting.student_id])
        log_change(
            actor=actor,
            action="cancel_meeting",
            student_id=meeting.student_id,
            subject=meeting,
            reason=reason,
        )
    return bool(changed)


def hand_over_meeting(*, actor: Actor, meeting: Meeting, to_lea: str, reason: str) -> bool:
    """Let another LEA go on with a meeting that is being prepared; False when it is not any more. One that was held,
    or that the state knows as pending, is its own LEA's to finish (``domain.student_transfers.obstacles``)."""
    changed = Meeting.objects.filter(pk=meeting.pk, state="open", lea_code=meeting.lea_code).update(
        lea_code=to_lea
    )
    if changed:
        students_changed([meeting.student_id])
        log_change(
            actor=actor,
            action="hand_over_meeting",
            student_id=meeting.student_id,
            subject=meeting,
            reason=reason,
            detail={"from": meeting.lea_code, "to": to_lea},
        )
    return bool(changed)


def reopen_canceled(*, actor: Actor, meeting_ids: Sequence[int]) -> int:
    """Take the canceling of meetings back, each as far as it was; how many. One that would stand beside another open
    meeting of the student stays canceled."""
    count = 0
    for meeting in Meeting.objects.filter(pk__in=meeting_ids, state="canceled"):
        if Meeting.objects.filter(student=meeting.student_id, state__in=OPEN_STATES).exists():
            continue
        meeting.state = "held" if meeting.held_on else "open"
        meeting.save(update_fields=["state"])
        students_changed([meeting.student_id])
        log_change(actor=actor, action="reopen_meeting", student_id=meeting.student_id, subject=meeting)
        count += 1
    return count


def mark_finalized(
    *, actor: Actor, meeting: Meeting, outcome_key: str, plan_starts_on: date | None, at: datetime
) -> bool:
    """Turn a meeting into a finalized one; False when it is no longer in the state that ``meeting`` shows.

    One conditional UPDATE, so that of two clicks only one goes on.
    """
    changed = Meeting.objects.filter(pk=meeting.pk, state=meeting.state).update(
        state="finalized",
        outcome_key=outcome_key,
        plan_starts_on=plan_starts_on,
        finalized_at=at,
        finalized_by_id=actor.user_id,
    )
    if changed:
        students_changed([meeting.student_id])
    return bool(changed)


def correct_delay(*, student_id: int, lea_code: str, held_on: date, delay_code: str) -> int:
    """Bring the delay reason of a finalized meeting up to its corrected archive; how many meetings changed."""
    return Meeting.objects.filter(
        student_id=student_id, lea_code=lea_code, held_on=held_on, state="finalized"
    ).update(delay_code=delay_code)


def correct_held_on(*, student_id: int, lea_code: str, held_on: date, becomes: date) -> int:
    """Bring the day of a finalized meeting up to its corrected archive; how many meetings changed."""
    return Meeting.objects.filter(
        student_id=student_id, lea_code=lea_code, held_on=held_on, state="finalized"
    ).update(held_on=becomes)


def refresh_clocks(student_ids: list[int]) -> None:
    """Bring the due dates of students up to their newest meetings."""
    student_actions.set_clocks(last_dates(student_ids))


@transaction.atomic
def take_over_meetings(meetings: list[Meeting]) -> None:
    """Store meetings that the state already holds, as finalized and without answers."""
    Meeting.objects.bulk_create(meetings, batch_size=500)
