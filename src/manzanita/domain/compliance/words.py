"""Why a student is in a group, or is not counted, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from manzanita.domain.clocks.early_start import third_birthday_of
from manzanita.domain.codes import code_set
from manzanita.domain.compliance.facts import Meet, StudentFacts
from manzanita.domain.compliance.groups import DOUBTS, MEASURES, Group, Judged, Measure
from manzanita.domain.compliance.judging import CONSENT_DAYS, consent_window
from manzanita.domain.compliance.population import INFANT_EXITS, RETURNING
from manzanita.domain.findings import Owner, Reason

_PERIODS = {Measure.PLAN_REVIEW: "a year", Measure.REEVALUATION: "three years"}
_NAMES = {Measure.PLAN_REVIEW: "plan review", Measure.REEVALUATION: "reevaluation"}

# Code: text, whose job it is, what would let the student count.
EXCLUSIONS: Mapping[str, tuple[str, Owner, str]] = MappingProxyType(
    {
        "never-enrolled": (
            "No enrollment had begun by the day.",
            Owner.SIS,
            "If the student was here, send the enrollment (SENR) from the SIS.",
        ),
        "status-of-enrollment": (
            "The only enrollment on the day is a secondary one, or one for services only; 10, 30 and 50 count.",
            Owner.SIS,
            "Correct the enrollment status in the SIS, if it is wrong.",
        ),
        "elsewhere": (
            "On the day the student was enrolled at another LEA only, whose report it is.",
            Owner.SIS,
            "If the student was here, send the enrollment (SENR) from the SIS.",
        ),
        "left": (
            "The student had left by the day, with an exit that does not count as coming back.",
            Owner.SIS,
            "If the student comes back after summer, the SIS gives the exit reason that says so.",
        ),
        "left-elsewhere": (
            "The student was enrolled nowhere on the day, and last at another LEA.",
            Owner.SIS,
            "If the student was here, send the enrollment (SENR) from the SIS.",
        ),
        "grade": (
            "The grade of the enrollment on the day is not one that the report takes.",
            Owner.SIS,
            "Correct the grade in the SIS, if it is wrong.",
        ),
        "no-status": (
            "No special education status (SWDS) held on the day.",
            Owner.COORDINATOR,
            "Record the status, if the student was eligible and participating then.",
        ),
        "not-participating": (
            "The status (SWDS) on the day was not 1, eligible and participating.",
            Owner.COORDINATOR,
            "Correct the status, if it is wrong.",
        ),
        "no-initial": (
            "No initial Part B evaluation (type 10) is on record, held or pending.",
            Owner.TEAM,
            "Open the initial evaluation when the parent has consented.",
        ),
        "no-consent": (
            "An initial Part B evaluation is on record without the day of the parent's consent, from which days count.",
            Owner.COORDINATOR,
            "Correct the record: field 24.13 takes the day of consent.",
        ),
        "consent-later": ("The parent consented after the day.", Owner.TEAM, "Ask for a later day."),
        "consent-outside": (
            "The parent's consent is outside of the days that the report looks at.",
            Owner.COORDINATOR,
            "Correct the day of consent (24.13), if it is wrong.",
        ),
        "no-birth-date": (
            "The day of birth is not on record.",
            Owner.SIS,
            "The SIS sends it in the student file (SINF).",
        ),
        "not-three-this-year": (
            "The third birthday is not in the academic year of the day.",
            Owner.SIS,
            "Correct the day of birth in the SIS, if it is wrong.",
        ),
        "no-ifsp": (
            "No IFSP (plan type 150) began before the third birthday and by the day.",
            Owner.COORDINATOR,
            "If the child had one here, correct the plan's type or start.",
        ),
    }
)


def exclusion(judged: Judged, facts: StudentFacts, day: date) -> Reason:
    """Why a student is not counted, by which source, whose job a mend is."""
    text, owner, way_out = EXCLUSIONS[judged.excluded]
    detail = _detail(judged, facts, day)
    info = MEASURES[judged.measure]
    return Reason(
        judged.excluded,
        f"{text} {detail}".strip(),
        owner,
        way_out,
        source=info.source,
        confidence=info.confidence,
    )


def explain(judged: Judged, facts: StudentFacts, day: date) -> list[str]:
    """Why the student is in the group, each step a sentence; what is unsure comes last."""
    if judged.group is Group.NOT_COUNTED:
        reason = exclusion(judged, facts, day)
        return [reason.text, f"{reason.way_out} Owner: {reason.owner}."]
    said = list(_counted_by(judged, day))
    if judged.measure in _PERIODS:
        said += _of_recurring(judged, day)
    elif judged.measure is Measure.INITIAL:
        said += _of_initial(judged, day)
    else:
        said += _of_c_to_b(judged, day)
    if judged.group is Group.OVERDUE:
        said += _of_overdue(judged)
    return [*said, *(DOUBTS[code] for code in judged.doubts)]


def _counted_by(judged: Judged, day: date) -> list[str]:
    one = judged.enrollment
    if one is None:
        return ["Counted although enrolled nowhere on the day: this LEA reported the evaluation."]
    if one.covers(day):
        return []
    exits = INFANT_EXITS if judged.measure is Measure.C_TO_B else RETURNING
    return [
        f"Counted by the enrollment that ended {_us(one.end)}: exits {', '.join(sorted(exits))} stay in the report."
    ]


def _of_recurring(judged: Judged, day: date) -> list[str]:
    name, period = _NAMES[judged.measure], _PERIODS[judged.measure]
    if judged.last is None:
        return [
            f"No {name} and no initial evaluation held by {_us(day)} is on record, so nothing can be due."
        ]
    last = judged.last
    what = (
        name
        if (judged.measure is Measure.PLAN_REVIEW and last.is_plan_review)
        or last.evaluation_type_code == "40"
        else "initial evaluation"
    )
    said = [f"Last {what}: {_us(last.held_on)}; due again after {period}, on {_us(judged.due_on)}."]
    if judged.group is Group.OVERDUE:
        said.append(f"Not held by {_us(day)}{_past(judged, day)}.")
    if judged.group is Group.HELD_LATE and judged.before is not None:
        said.append(
            f"It came more than {period} after the one before, {_us(judged.before.held_on)}. It stays in this group "
            f"until the next one is held. {_delay(last)}"
        )
    if judged.group is Group.ON_TIME and judged.before is not None:
        said.append(f"It came within {period} of the one before, {_us(judged.before.held_on)}.")
    return said


def _of_initial(judged: Judged, day: date) -> list[str]:
    assert judged.last is not None and judged.last.consent_on is not None and judged.due_on is not None
    consent, last = judged.last.consent_on, judged.last
    said = [f"Consent {_us(consent)}; day {CONSENT_DAYS} is {_us(judged.due_on)}."]
    if judged.group in (Group.HELD_LATE, Group.ON_TIME):
        assert last.held_on is not None
        said.append(f"Held {_us(last.held_on)}, on day {(last.held_on - consent).days}.")
        if judged.group is Group.HELD_LATE:
            said.append(_delay(last))
    else:
        said.append(f"Not held by {_us(day)}, day {(day - consent).days}.")
    return said


def _of_c_to_b(judged: Judged, day: date) -> list[str]:
    said = [f"Third birthday {_us(judged.due_on)}."]
    if judged.last is not None:
        said.append(f"Initial Part B evaluation held {_us(judged.last.held_on)}.")
        if judged.group is Group.HELD_LATE:
            said.append(
                f"{_delay(judged.last)} Held late does not count for the Annual Determination Letter."
            )
    else:
        said.append(f"No initial Part B evaluation held by {_us(day)}{_past(judged, day)}.")
    return said


def _of_overdue(judged: Judged) -> list[str]:
    pending, failing = judged.pending, MEASURES[judged.measure].failing_delays
    codes = " or ".join(failing)
    if pending is None:
        said = "No pending record says why: non-compliant. Report the meeting as pending, with its reason."
    elif not pending.is_reported:
        planned = f"A meeting was held {_us(pending.held_on)}" if pending.held_on else "A meeting is open"
        reason = f", with delay code {pending.delay_code}," if pending.delay_code else ""
        said = (
            f"{planned} here{reason} and is not archived, so the state does not know of it: non-compliant until "
            "it is finalized, or reported as pending with its reason."
        )
    elif not pending.delay_code:
        said = (
            f"Pending as of {_us(pending.pending_on)} without a delay code: non-compliant. Give the reason."
        )
    elif judged.is_noncompliant:
        said = f"Delay code {_code(pending.delay_code)}: this report takes {codes} for no excuse, so non-compliant."
    else:
        said = f"Delay code {_code(pending.delay_code)} on the pending record: overdue, not non-compliant."
    return [said]


def _delay(one: Meet) -> str:
    return f"Delay code {_code(one.delay_code)}." if one.delay_code else "No delay code on the record."


def _detail(judged: Judged, facts: StudentFacts, day: date) -> str:
    one = judged.enrollment
    match judged.excluded:
        case "grade" if one is not None:
            return f"Grade {one.grade_code or 'blank'}."
        case "left" if one is not None:
            return f"Last day {_us(one.end)}, exit {one.exit_reason_code or 'blank'}."
        case "not-participating":
            status = max((s for s in facts.statuses if s.covers(day)), key=lambda s: s.start)
            return f"Status {status.status_code} since {_us(status.start)}."
        case "consent-outside" if judged.last is not None:
            first, last = consent_window(day)
            return f"Consent {_us(judged.last.consent_on)}; the report takes {_us(first)} to {_us(last)}."
        case "not-three-this-year" if facts.birth_on is not None:
            return f"Third birthday {_us(third_birthday_of(facts.birth_on))}."
    return ""


def _code(code: str) -> str:
    return code_set("MeetingDelay").label(code)


def _us(day: date | None) -> str:
    return f"{day:%m/%d/%Y}" if day else "no day"


def _past(judged: Judged, day: date) -> str:
    """How long it is overdue; nothing where it is not."""
    if judged.due_on is None or day <= judged.due_on:
        return ""
    count = (day - judged.due_on).days
    return f", {count} day past" if count == 1 else f", {count} days past"
