"""What stands against putting two records together, and what is to be done elsewhere after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from manzanita.domain.findings import LOOK_AGAIN, Owner, Reason
from manzanita.domain.merging import Side
from manzanita.domain.statuses.conditions import ONE_MEETING, ONE_RECORD, SSID_HISTORY
from manzanita.domain.statuses.steps import lack
from manzanita.domain.stays import PRIMARY
from manzanita.domain.student_transfers import OPEN
from manzanita.exchange.merging import StateHeld, has_waiting_lines, two_at_state
from manzanita.meetings.models import Meeting, PlannedMeeting
from manzanita.meetings.queries import open_meeting_of
from manzanita.platform import clock
from manzanita.procedures.merging_base import Asked, Retired, standing_merge
from manzanita.students.merging_held import Choices, Held
from manzanita.students.merging_statements import enrollments_after
from manzanita.students.models import DuplicatePair, Enrollment, Merge, Student
from manzanita.transfers.models import StudentTransfer


def blockers_of(
    stays: Student,
    other: Student,
    asked: Asked,
    choices: Choices,
    held: Mapping[str, Sequence[Held]],
    state: Mapping[Side, StateHeld],
) -> Iterator[Reason]:
    for one in (stays, other):
        if one.seen_through is not None:
            yield Reason(
                "left-the-district",
                f"{one.full_name} has left your district on {one.seen_through:%m/%d/%Y}; the record is another's now.",
                Owner.COORDINATOR,
                "Ask the district where the student is, or the SELPA, to put the records together.",
                source=ONE_RECORD,
            )
    meetings: dict[Side, Meeting] = {
        side: meeting
        for side, one in ((Side.STAYS, stays), (Side.OTHER, other))
        if (meeting := open_meeting_of(one)) is not None
    }
    if len(meetings) == 2:
        yield replace(
            lack("one-meeting"),
            way_out="Finalize or cancel one of them.",
            values={"meeting": str(meetings[Side.OTHER].public_id)},
        )
    for side, meeting in meetings.items():
        if len(meetings) == 1 and choices.get("plan", side) is not side:
            yield Reason(
                "meeting-builds-on-plan",
                "The meeting that is under way builds on the plan that would not stand.",
                Owner.TEAM,
                "Let the plan of the meeting's record stand, or finalize or cancel the meeting.",
                source=ONE_MEETING,
                values={"meeting": str(meeting.public_id)},
            )
    planned = PlannedMeeting.objects.filter(ended_by__isnull=True, student_id__in=[stays.pk, other.pk])
    if planned.count() > 1:
        yield Reason(
            "both-planned",
            "A meeting is planned on each of the two records.",
            Owner.TEAM,
            "Take one of the two off the planner.",
            source=ONE_MEETING,
        )
    if StudentTransfer.objects.filter(student_id__in=[stays.pk, other.pk], state__in=sorted(OPEN)).exists():
        yield replace(
            lack("no-transfer"), way_out="Let the transfer be completed, declined or withdrawn first."
        )
    if has_waiting_lines([stays.pk, other.pk]):
        yield replace(
            lack("lines-answered"),
            text="Lines of one of the two are on their way: nobody knows yet what the state will hold.",
            way_out="Come back when the state has answered.",
        )
    two = two_at_state(state[Side.STAYS], state[Side.OTHER])
    if two and asked.retired is None:
        yield Reason(
            "two-at-state",
            f"The state holds records under both SSIDs, {two[0]} and {two[1]}: for it these are two people.",
            Owner.COORDINATOR,
            "Either they are two, then say so (“not the same”). Or the state has put the SSIDs together: then say "
            "below which one it has retired, since when, and where you have that from.",
            source=SSID_HISTORY,
        )
    yield from _wrong_retirement(asked.retired, state)


def _wrong_retirement(retired: Retired | None, state: Mapping[Side, StateHeld]) -> Iterator[Reason]:
    if retired is None:
        return
    known = {one for side in Side for one in state[side].ssids[-1:]}
    if retired.ssid not in known or len(known) < 2:
        yield Reason(
            "not-their-ssid",
            "The SSID that the state is said to have retired is none of the two.",
            Owner.YOU,
            "Choose one of the two.",
        )
    if retired.on > clock.today():
        yield Reason(
            "retired-in-future",
            f"{retired.on:%m/%d/%Y} is still to come: what the state has not done yet is not recorded.",
            Owner.YOU,
            "Enter the day on which the state has retired it.",
        )
    if not retired.source:
        yield Reason(
            "no-source",
            "Where it is known from that the state has retired the SSID: not said.",
            Owner.YOU,
            "One line is enough, such as “CALPADS, SSID history of 11/20/2026”.",
        )


def notes_of(held: Mapping[str, Sequence[Held]]) -> Iterator[Reason]:
    """What is to be done elsewhere after a merge."""
    today = clock.today()
    local: dict[str, set[str]] = {}
    for one in held["enrollment"]:
        for row in (*one.stays, *one.other):
            if row.effective_to is None or row.effective_to >= today:
                local.setdefault(row.lea_code, set()).add(row.local_student_id)  # type: ignore[attr-defined]
    for ids in local.values():
        if len(ids - {""}) > 1:
            yield Reason(
                "two-in-sis",
                f"The SIS has the student twice, with the local IDs {' and '.join(sorted(ids - {''}))}.",
                Owner.SIS,
                "End one of the two in the SIS; until then each file brings both enrollments.",
            )


def two_leas(held: Sequence[Held], choices: Choices) -> Iterator[Reason]:
    """Two districts have the student on the same day, each by its own SIS: that was so before, and is told."""
    spans = [
        (key[0], span)
        for key, spans in enrollments_after(held, choices).items()
        for span in spans
        if dict(zip(Enrollment.content, span.value, strict=True))["status_code"] == PRIMARY
    ]
    found = {
        tuple(sorted((lea, other))): (span, beside)
        for number, (lea, span) in enumerate(spans)
        for other, beside in spans[number + 1 :]
        if lea != other and span.overlaps(beside.start, beside.end)
    }
    for leas, (span, beside) in sorted(found.items()):
        yield Reason(
            "two-primary",
            f"Two districts have a primary enrollment on the same days from {max(span.start, beside.start):%m/%d/%Y}: "
            f"{' and '.join(leas)}.",
            Owner.SIS,
            "Ask which of the two is right; the other one is ended the day before, or made secondary.",
        )


def gone(pair: DuplicatePair) -> Reason:
    merge = standing_merge(pair.student_id, pair.other_id)
    return merged_meanwhile(merge) if merge is not None else changed()


def merged_meanwhile(merge: Merge) -> Reason:
    at = merge.made_at.astimezone(clock.CALIFORNIA)
    return Reason(
        "merged-meanwhile",
        f"{merge.by.name} has put the two records together at {at:%I:%M %p on %m/%d/%Y}.",
        Owner.COORDINATOR,
        "Look at what was done; it can be taken back there.",
        source=LOOK_AGAIN,
        values={"merge": str(merge.public_id)},
    )


def changed() -> Reason:
    return Reason(
        "changed-since",
        "Something of the two records has changed since you looked.",
        Owner.YOU,
        "Look at what comes of it below, then put them together; what you had chosen is still chosen.",
    )


def chosen_otherwise() -> Reason:
    return Reason(
        "chosen-otherwise",
        "You have chosen otherwise than the page showed what comes of it.",
        Owner.YOU,
        "Look at what comes of your choices below, then put them together; they are still chosen.",
    )


def no_reason() -> Reason:
    return Reason(
        "no-reason",
        "Why the two are one student: not said.",
        Owner.YOU,
        "One line is enough, such as “both parents and birth certificate the same”.",
    )


def said_two() -> Reason:
    return replace(lack("not-two"), way_out="Ask again first, on the page of possible duplicates.")
