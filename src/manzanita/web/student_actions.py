"""What one may do on a student's page, and what somebody might look for there that is not possible now, with why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse

from manzanita.domain.access import PERMISSIONS, Capability, Scope, decide
from manzanita.domain.clocks.early_start import WINDOW_OPENS_MONTHS
from manzanita.domain.dates import months_after
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.referrals import reasons_not_to_refer
from manzanita.domain.scenarios import EVENTS, PARTICIPATING, Event
from manzanita.domain.statuses.steps import lack, why_not
from manzanita.domain.stays import IFSP
from manzanita.meetings.queries import event_label, reasons_not_to_open
from manzanita.procedures.change_reasons import plan_holds
from manzanita.procedures.later_start import KEY, start_now, waits
from manzanita.procedures.standing import stays_gone
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.reasons_told import Refused, grouped, ways_on_record, why_way
from manzanita.web.referral_asked import referral_asked
from manzanita.web.step_links import said_left, start_ways
from manzanita.web.student_file import StudentFile
from manzanita.web.student_status import standing_in

# MEET 24.14 of an initial evaluation for Part B.
PART_B_INITIAL = EVENTS["c_to_b"].evaluation_type_code
# An assessment takes its 60 days and the plan for it its 15: a triennial is offered from then on.
TRIENNIAL_AHEAD = timedelta(days=75)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. ``event`` is the key of the meeting that its button opens; ``reasons`` stand against it now."""

    label: str
    url: str | None
    method: str = "get"
    event: str = ""
    kind: str = "quiet"
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Actions:
    """``refused_count`` is how many actions ``refused`` names."""

    possible: list[Action]
    refused: list[Refused]
    refused_count: int


def actions_of(file: StudentFile) -> Actions:
    """Everything that is looked for beside a student's name, as the reader may do it or not."""
    starting = list(_starting(file))
    gone = list(_gone(file))
    # Where nothing that was agreed is known, the meeting that agrees comes next.
    leads = any(not _is_nothing(one.reasons) for one in starting)
    found = [*gone, *starting, *_meetings(file, is_first=not leads and not _left(file)), *_office(file)]
    refused = _grouped(file, [one for one in found if one.reasons])
    possible = [one for one in found if not one.reasons]
    return Actions(possible, refused, sum(len(group.labels) for group in refused))


def _grouped(file: StudentFile, refused: list[Action]) -> list[Refused]:
    """A reason that is worded for each event is told in its first wording; the page of all kinds of meetings has the
    others."""
    ways = ways_on_record(file.actor, file.student, _meeting_path(file), ask=file.ask)
    if file.actor.may(Capability.CORRECT_RECORD):
        ways = start_ways(file.student, _meeting_path(file)) | ways
    return grouped(((one.label, one.reasons) for one in refused), ways, why_way(file.student))


def _meeting_path(file: StudentFile) -> str:
    meeting = file.open_meeting
    return (url_or_none("meeting", meeting.public_id) or "") if meeting else ""


def _starting(file: StudentFile) -> Iterator[Action]:
    """Services whose start was agreed for later; nobody looks for that where nothing waits. Where something does, it
    is what comes next for the student, also while it is not possible: then it leads to why not yet."""
    status = file.facts.status_on(file.today)
    if file.actor.perspective.is_read_only or status is None or not waits(status):
        return
    against = _against_office(file)
    if not against:
        said = (lack("here"),) if standing_in(file).left_unsaid else ()
        against = (*said, *start_now(file.lea_code, file.facts)[1])
    url = url_or_none("change", file.student.public_id, KEY)
    if against and not _is_nothing(against) and file.actor.may(Capability.CORRECT_RECORD):
        yield Action("Why services do not start yet", url, kind="primary")
    yield Action("Services start", url, kind="primary", reasons=against)


def _is_nothing(against: tuple[Reason, ...]) -> bool:
    """Nothing was agreed that could start."""
    return any(one.code in ("nothing-agreed", "agreed-elsewhere") for one in against)


def _gone(file: StudentFile) -> Iterator[Action]:
    """What comes next for somebody who left is the leaving: what others still have to do about it, and the way back."""
    if _left(file) and file.actor.may(Capability.CORRECT_RECORD):
        url = url_or_none("leaving", file.student.public_id)
        yield Action("Look at the leaving", url, kind="primary")


def _meetings(file: StudentFile, *, is_first: bool) -> Iterator[Action]:
    meeting, url = file.open_meeting, _meeting_path(file)
    if file.referral is not None and file.actor.may(Capability.HOLD_MEETING):
        here = url_or_none("referral", file.student.public_id)
        yield Action("Referral: plan given, withdrawn, declined", here)
    if meeting is not None and url:
        yield Action(f"Continue {_within(event_label(meeting))}", url, kind="primary")
        is_first = False
    for event in _usual_events(file):
        reasons = tuple(_reasons_not_to_open(file, event))
        yield Action(
            f"Open {_within(event.label)}",
            # An initial evaluation begins with dates, so it has a page of its own.
            url_or_none("meeting_new" if event.is_initial else "meeting_open", file.student.public_id),
            method="get" if event.is_initial else "post",
            event="" if event.is_initial else event.key,
            kind="primary" if is_first and not reasons else "",
            reasons=reasons,
        )
        is_first = is_first and bool(reasons)
    if not file.actor.perspective.is_read_only and not _takes_part(file):
        yield _at(file, "Record a referral", "referral", _against_referral(file))
    if Capability.HOLD_MEETING in file.actor.perspective.capabilities:
        held = decide(file.actor, Capability.HOLD_MEETING)
        url = url_or_none("meeting_new", file.student.public_id)
        yield Action("All kinds of meetings", url, reasons=() if held else held.because)


def _takes_part(file: StudentFile) -> bool:
    """Nobody looks for a referral of somebody who does: what is asked for then is a reassessment."""
    status = file.facts.status_on(file.today)
    return status is not None and status.status_code == PARTICIPATING


def _against_referral(file: StudentFile) -> tuple[Reason, ...]:
    against = tuple(reasons_not_to_refer(referral_asked(file)))
    held = decide(file.actor, Capability.HOLD_MEETING)
    return against or (() if held else held.because)


def _within(label: str) -> str:
    """A label inside a sentence; what begins with a single letter is a name, as “C to B”."""
    return label if label[1:2] == " " else f"{label[:1].lower()}{label[1:]}"


def _reasons_not_to_open(file: StudentFile, event: Event) -> list[Reason]:
    return reasons_not_to_open(
        file.actor,
        event,
        file.facts,
        file.open_anywhere,
        lea=file.lea_code,
        today=file.today,
        meeting_path=_meeting_path(file),
        said_left=said_left(standing_in(file).left_unsaid, file.student),
    )


def _usual_events(file: StudentFile) -> list[Event]:
    """The meetings that are likely next: the rest stands on the page of all kinds."""
    status = file.facts.status_on(file.today)
    if status is None or status.status_code != PARTICIPATING:
        return [EVENTS["b_initial"]]
    if _is_from_part_c(file):
        return [EVENTS[key] for key in ("c_to_b", "annual", "amendment")]
    evaluation_due = file.student.evaluation_due_on
    is_triennial_near = evaluation_due is not None and evaluation_due <= file.today + TRIENNIAL_AHEAD
    return [EVENTS[key] for key in (*(["triennial"] if is_triennial_near else []), "annual", "amendment")]


def _is_from_part_c(file: StudentFile) -> bool:
    """A child with an IFSP who is on the way to Part B, and whose evaluation for it is not final."""
    born, plan = file.student.birth_on, file.plan
    if plan is None or plan.plan_type_code != IFSP or born is None:
        return False
    is_evaluated = any(
        one.state == "finalized" and one.held_on and one.evaluation_type_code == PART_B_INITIAL
        for one in file.known_meetings
    )
    return file.today >= months_after(born, WINDOW_OPENS_MONTHS) and not is_evaluated


def _office(file: StudentFile) -> Iterator[Action]:
    """What the office does without a meeting. Guests do not look for it."""
    actor = file.actor
    if actor.perspective.is_read_only:
        return
    against = _against_office(file)
    yield _at(file, "Change without a meeting", "changes", against)
    yield _at(file, "Leaving special education", "leaving", against or _left(file))
    if Capability.CORRECT_RECORD in actor.perspective.capabilities:
        yield _at(file, "SSID retired by the state", "student_ssids", against or _no_ssid(file))
    yield _at(file, "Student arrived", "student_arrived", against or _not_arriving(file), method="post")
    yield from _transfer(file)
    if against and actor.may(Capability.REPORT_PARTICIPATION):
        label = "Student has left or stops taking part"
        yield _at(file, label, "participation", _left(file) or _reported(file))


def _transfer(file: StudentFile) -> Iterator[Action]:
    """Another district has the student too: the record is handed over by a transfer. Who never asks for one does not
    look for it; one that is asked for already opens."""
    actor = file.actor
    asks = Capability.TRANSFER_STUDENT in actor.perspective.capabilities
    if not asks or actor.perspective.scope is not Scope.AGENCY or file.lea_code != actor.agency_code:
        return
    if file.is_enrolled_here and file.still_elsewhere:
        allowed = decide(actor, Capability.TRANSFER_STUDENT)
        url = f"{reverse('student_transfer_new')}?student={file.student.public_id}"
        yield Action("Ask for a transfer", url, reasons=() if allowed else allowed.because)


def _at(
    file: StudentFile, label: str, page: str, reasons: tuple[Reason, ...], *, method: str = "get"
) -> Action:
    return Action(label, url_or_none(page, file.student.public_id), method, reasons=reasons)


def _against_office(file: StudentFile) -> tuple[Reason, ...]:
    actor = file.actor
    if actor.may(Capability.CORRECT_RECORD):
        return ()
    if Capability.CORRECT_RECORD in actor.perspective.capabilities:
        return decide(actor, Capability.CORRECT_RECORD).because
    way_out = (
        "Report what you know: the coordinator records it, or answers you."
        if actor.may(Capability.REPORT_PARTICIPATION)
        else "Tell the coordinator what you know."
    )
    return (
        Reason(
            "office-records",
            "Who arrives, leaves or changes without a meeting is recorded by the SEDS coordinator.",
            Owner.COORDINATOR,
            way_out,
            source=PERMISSIONS,
        ),
    )


def _left(file: StudentFile) -> tuple[Reason, ...]:
    here = file.facts.enrollment_on(file.today, file.lea_code)
    return (lack("here"),) if stays_gone(standing_in(file).left, here) else ()


def _no_ssid(file: StudentFile) -> tuple[Reason, ...]:
    if file.facts.ssids:
        return ()
    return (
        Reason(
            "no-ssid",
            "The student has no SSID yet.",
            Owner.SIS,
            "The SIS requests it; it arrives with its files.",
            source="CALPADS, SSID enrollment",
        ),
    )


def _not_arriving(file: StudentFile) -> tuple[Reason, ...]:
    """Who is here on another district's plan, or on none, may have arrived."""
    enrolled = {"enrolled"} if file.is_enrolled_here else set()
    reason = why_not("say_arrived", plan_holds(file.facts, file.lea_code, file.today) | enrolled)
    return (reason,) if reason else ()


def _reported(file: StudentFile) -> tuple[Reason, ...]:
    report = next(iter(file.reports), None)
    if report is None:
        return ()
    return (
        Reason(
            "reported-already",
            f"It is reported already: {report.reason.label[0].lower()}{report.reason.label[1:]}.",
            Owner.COORDINATOR,
            "The coordinator has it and will answer; another report would add nothing.",
            source="One report a student waits at a time",
        ),
    )
