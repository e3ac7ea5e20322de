"""An initial evaluation whose meeting is still to come, reported to the state as pending.

The record stands from consent (MEET 24.10) and, once the evaluation is overdue, from the day on which it is
reported, with a delay code. It is an archive of its own: reporting it again, and finalizing the meeting, put
another in its place, so that the state is told to delete it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from manzanita.archive.actions import ArchiveDraft, write_archives
from manzanita.archive.models import Archive
from manzanita.archive.queries import pending_archive
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.codes import code_set
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.records import state_date
from manzanita.domain.scenarios import EVENTS, outcome_of
from manzanita.domain.years import academic_year_of, census_day
from manzanita.exchange.outbox import reconcile_students
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import Meeting
from manzanita.orgs.queries import policies_of
from manzanita.platform import clock
from manzanita.procedures.effects import long_day
from manzanita.procedures.lines import LineWriter
from manzanita.students.queries import facts_of


@dataclass(frozen=True, slots=True)
class Pending:
    """What reporting the evaluation as pending would say today, and whether the state expects it."""

    as_of: date
    is_overdue: bool
    is_expected: bool
    why: str
    reported: Archive | None
    # The state was told of another consent than stands now.
    is_outdated: bool = False


def pending_of(meeting: Meeting) -> Pending | None:
    """The pending record that ``meeting`` could have today; ``None`` where there is nothing to be pending."""
    event = EVENTS.get(meeting.event_key)
    if event is None or not event.is_initial or meeting.state != "open" or meeting.consent_on is None:
        return None
    today, due = clock.today(), meeting.evaluation_due_on
    is_overdue = due is not None and today > due
    census = census_day(academic_year_of(today))
    is_expected = meeting.consent_on <= census <= today
    if is_expected:
        why = f"Expected: consent was given by Census Day, {census:%m/%d/%Y}, and the meeting comes after it."
    elif today < census:
        why = f"Needed only if the meeting is held after Census Day, {census:%m/%d/%Y}."
    else:
        why = f"Not needed for Fall 1: consent came after Census Day, {census:%m/%d/%Y}."
    reported = pending_archive(meeting.pk)
    told = [row.values["24.13"] for row in reported.records.all()] if reported else []
    return Pending(
        as_of=today if is_overdue else meeting.consent_on,
        is_overdue=is_overdue,
        is_expected=is_expected,
        why=why,
        reported=reported,
        is_outdated=any(day != state_date(meeting.consent_on) for day in told),
    )


@transaction.atomic
def report_pending(*, actor: Actor, meeting: Meeting, delay_code: str = "") -> Archive:
    """Archive the evaluation as pending; the outbox sends it. A second click finds it reported.

    Raises ``NotPossible`` when the meeting is held or closed, and for an overdue evaluation without a reason;
    ``ValueError`` for an unknown delay code.
    """
    if delay_code and delay_code not in code_set("MeetingDelay").codes:
        raise ValueError(f"no such delay code: {delay_code}")
    locked = Meeting.objects.select_for_update().select_related("student").get(pk=meeting.pk)
    pending = pending_of(locked)
    if pending is None:
        raise NotPossible(
            [
                Reason(
                    "not-pending",
                    "Only an initial evaluation that is open and not held is pending.",
                    Owner.TEAM,
                    "Finalize the meeting: its own record tells the state.",
                )
            ]
        )
    if pending.is_overdue and not delay_code:
        raise NotPossible(
            [
                Reason(
                    "MZ-MEET-LATE",
                    f"The evaluation was due on {locked.evaluation_due_on:%m/%d/%Y}; an overdue one says why.",
                    Owner.TEAM,
                    "Choose the reason of delay; 90 where there is no cause that excuses it.",
                    source="cde.ca.gov, special education file scenarios, 1b",
                )
            ]
        )
    event = EVENTS[locked.event_key]
    outcome = outcome_of(event, [], policies=policies_of(actor.selpa_code))
    writer = LineWriter(actor, locked, event, outcome, facts_of(locked.student))
    line = writer.pending_line(pending.as_of, delay_code if pending.is_overdue else "")
    if pending.reported is not None and [line.key] == [
        row.record_key
        for row in pending.reported.records.all()
        if all(row.values[number] == line.values[number] for number in ("24.13", "24.18"))
    ]:
        return pending.reported
    draft = ArchiveDraft(
        student_id=locked.student_id,
        lea_code=locked.lea_code,
        event_on=pending.as_of,
        cause="pending",
        cause_id=locked.pk,
        title=f"{event.label} pending as of {long_day(pending.as_of)}",
        records=[line],
        context={"event": event.key},
    )
    (archive,) = write_archives([draft], by_id=actor.user_id, supersedes=pending.reported)
    reconcile_students([locked.student_id])
    log_change(actor=actor, action="report_pending", student_id=locked.student_id, subject=archive)
    return archive
