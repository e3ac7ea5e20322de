"""Whether a student can be referred for assessment now, from the file of the student."""

from __future__ import annotations

from manzanita.domain.access import Capability
from manzanita.domain.referrals import Asked
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.models import Meeting
from manzanita.web.student_file import StudentFile


def referral_asked(file: StudentFile) -> Asked:
    status = file.facts.status_on(file.today)
    return Asked(
        may_record=Capability.HOLD_MEETING in file.actor.perspective.capabilities,
        status_code=status.status_code if status else "",
        is_enrolled_here=file.is_enrolled_here,
        is_enrolled_elsewhere=bool(file.facts.enrollment_on(file.today)) and not file.is_enrolled_here,
        left_on=file.student.seen_through,
        waits_since=file.referral.effective_from if file.referral else None,
        has_open_evaluation=_is_initial(file.open_anywhere),
    )


def _is_initial(meeting: Meeting | None) -> bool:
    event = EVENTS.get(meeting.event_key) if meeting else None
    return event is not None and event.is_initial
