"""That a meeting was held or concluded, on which day, and what stands against that day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.later_start import OUTCOME as LATER
from manzanita.domain.scenarios import EVENTS, Conclusion, Event
from manzanita.meetings.actions import MAX_REASON_LENGTH, NotPossible, require_open
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import missed_on
from manzanita.platform import clock
from manzanita.platform.changed import students_changed


@transaction.atomic
def hold_meeting(
    *,
    actor: Actor,
    meeting: Meeting,
    held_on: date | None,
    delay_code: str = "",
    conclusion_key: str = "",
    concluded_on: date | None = None,
    conclusion_note: str = "",
) -> Meeting:
    """Record how the event was concluded: held on ``held_on``, with its delay reason where it was late.

    ``held_on`` is ``None`` for a conclusion without a meeting; ``concluded_on`` is the day of the family's decision
    where the conclusion has one, ``conclusion_note`` why services start later where it says that they do. A reason of
    delay for a meeting that was not late is dropped: there is nothing to explain. Raises ``ValueError`` for an unknown
    delay code or conclusion, ``NotPossible`` for a day in the future or before the consent, for a day that the state
    already knows a meeting of, and for a late meeting without a reason.
    """
    if delay_code and delay_code not in code_set("MeetingDelay").codes:
        raise ValueError(f"no such delay code: {delay_code}")
    locked = require_open(meeting.pk)
    event = EVENTS[locked.event_key]
    if conclusion_key and conclusion_key not in event.conclusions:
        raise ValueError(f"{event.key} has no such conclusion: {conclusion_key}")
    conclusion = event.conclusion(conclusion_key)
    standing = concluded(locked)
    locked.conclusion_key = conclusion.key
    # What the conclusion says of the plan review decides by which clocks the day is judged.
    locked.is_plan_review = _is_plan_review(event, conclusion)
    locked.concluded_on = concluded_on if conclusion.day_label else None
    locked.conclusion_note = conclusion_note.strip() if conclusion.key == LATER else ""
    locked.held_on = held_on if conclusion.is_held else None
    reasons = [*_conclusion_reasons(locked, conclusion), *_note_reasons(locked.conclusion_note)]
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
        update_fields=[
            *("held_on", "delay_code", "state", "conclusion_key", "concluded_on", "conclusion_note"),
            "is_plan_review",
        ]
    )
    if standing == concluded(locked):
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


def concluded(meeting: Meeting) -> tuple[object, ...]:
    """What a second click says again."""
    return (
        meeting.state,
        meeting.held_on,
        meeting.delay_code,
        meeting.conclusion_key,
        meeting.concluded_on,
        meeting.conclusion_note,
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


def _note_reasons(note: str) -> Iterator[Reason]:
    if "\0" in note or len(note) > MAX_REASON_LENGTH:
        yield Reason(
            "long-reason",
            f"Why services start later has {len(note)} characters, and {MAX_REASON_LENGTH} are kept.",
            Owner.TEAM,
            "Say it in a sentence or two.",
        )


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
