"""Why an event may not be opened now: each reason with whose job it is and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from manzanita.domain.access import PERMISSIONS
from manzanita.domain.clocks.early_start import PART_C_YEARS, third_birthday_of
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.scenarios import PARTICIPATING, Event
from manzanita.domain.stays import IFSP


@dataclass(frozen=True, slots=True)
class Situation:
    """What decides whether an event may be opened: the asker's right, and the student as of ``today``.

    ``lea`` is the LEA whose record of the student is read.
    ``said_left_on`` is the day of a leaving that is recorded and that the status does not tell.
    ``open_key`` and ``open_label`` name a meeting that is open already; ``plan_lea`` is whose plan is in force, and
    ``plan_type`` (PLAN 23.11) what it is; ``is_plan_adopted`` says that it came from another LEA and was adopted.
    """

    today: date
    may_hold_meetings: bool
    status_code: str
    plan_lea: str
    lea: str
    is_enrolled_here: bool
    is_enrolled_elsewhere: bool
    plan_type: str = ""
    is_plan_adopted: bool = False
    born_on: date | None = None
    left_on: date | None = None
    open_key: str = ""
    open_label: str = ""
    open_link: str = ""
    said_left_on: date | None = None
    said_left_link: str = ""

    @property
    def is_from_part_c(self) -> bool:
        """Takes part on an IFSP, of whatever LEA."""
        return self.status_code == PARTICIPATING and self.plan_type == IFSP


def why_not_open(event: Event, now: Situation) -> list[Reason]:
    """Why ``event`` may not be opened, empty when it may."""
    reasons = []
    if now.left_on is not None:
        reasons.append(
            Reason(
                "has-left",
                f"The student left this district on {now.left_on:%m/%d/%Y}.",
                Owner.COORDINATOR,
                "The district of today holds the meetings. Where the student is here after all, the SIS corrects the "
                "enrollment; it arrives with the next file.",
                source="34 CFR 300.323(e): the district of today provides the services",
            )
        )
    if now.said_left_on is not None and now.left_on is None:
        reasons.append(
            Reason(
                "said-left",
                f"It is recorded that the student left on {now.said_left_on:%m/%d/%Y}.",
                Owner.COORDINATOR,
                "Take the leaving back where it is wrong. A student who comes back is enrolled anew by the SIS.",
                now.said_left_link,
                source="SPED Data Guide, exits",
            )
        )
    if not now.may_hold_meetings:
        reasons.append(
            Reason(
                "no-capability",
                "Your perspective does not open meetings.",
                Owner.COORDINATOR,
                "Change the perspective at the top left, or ask the coordinator.",
                source=PERMISSIONS,
            )
        )
    if now.open_label:
        what = (
            "it would amend a plan still being decided"
            if event.key == "amendment"
            else f"{now.open_label} comes first"
        )
        reasons.append(
            Reason(
                "open-meeting",
                f"Not now: {what}.",
                Owner.TEAM,
                f"Finalize {now.open_label}, or record the change there.",
                now.open_link,
                source="One open meeting a student",
            )
        )
    reasons.extend(_initial_reasons(event, now) if event.is_initial else _plan_reasons(event, now))
    return reasons


def _plan_reasons(event: Event, now: Situation) -> Iterator[Reason]:
    if now.is_enrolled_elsewhere:
        yield Reason(
            "enrolled-elsewhere",
            "The student is enrolled in another district today.",
            Owner.SIS,
            "That district holds the meetings. Where this is wrong, the SIS corrects the enrollment; it arrives with "
            "the next file.",
            source="34 CFR 300.323(e): the district of today provides the services",
        )
    elif not now.is_enrolled_here:
        yield Reason(
            "not-enrolled",
            "The student has no enrollment here today.",
            Owner.SIS,
            "The SIS adds the enrollment; it arrives with the next file.",
            source="GERR0005",
        )
    if now.status_code != "1":
        text = (
            f"The student's status is {now.status_code}, not 1 (eligible and participating)."
            if now.status_code
            else "The student has no special education status here."
        )
        yield Reason(
            "not-participating",
            text,
            Owner.COORDINATOR,
            "A plan review or amendment needs a participating student; an initial evaluation comes first.",
            source="calpads.org SPED Data Guide",
        )
    elif not now.plan_lea:
        yield Reason(
            "no-plan",
            "There is no plan in force to review or amend.",
            Owner.COORDINATOR,
            "Adopt the arriving plan, or hold the initial meeting.",
            source="34 CFR 300.324",
        )
    elif event.key == "amendment" and now.plan_lea != now.lea:
        yield Reason(
            "not-adopted",
            "The plan in force is another district's: it is adopted before it is amended.",
            Owner.COORDINATOR,
            "Adopt the plan first, or hold a 30-day review.",
            source="SPED Data Guide, plan adoption",
        )
    elif event.key == "thirty_day" and now.plan_lea == now.lea and not now.is_plan_adopted:
        yield Reason(
            "own-plan",
            "The plan in force is this district's own: a 30-day review is for a plan that arrived from elsewhere.",
            Owner.TEAM,
            "Open an annual plan review, or an amendment for a change in between.",
            source="EC 56325(a)",
        )


def _initial_reasons(event: Event, now: Situation) -> Iterator[Reason]:
    third_birthday = third_birthday_of(now.born_on) if now.born_on else None
    # Late as it may be: in the year of the fourth birthday nobody comes from Part C any more after December.
    is_past_c = now.born_on is not None and now.today.year - now.born_on.year > PART_C_YEARS + 1
    if now.is_from_part_c:
        yield from _from_part_c(event, third_birthday, is_past_c=is_past_c)
    elif now.status_code == PARTICIPATING:
        yield Reason(
            "participating",
            "The student participates already: status 1.",
            Owner.TEAM,
            "Open a triennial reevaluation, or an annual review.",
            source="calpads.org SPED Data Guide",
        )
    if third_birthday is None:
        return
    if event.key == "part_c_initial" and now.today >= third_birthday:
        yield Reason(
            "age-three",
            f"Part C ends on the third birthday, {third_birthday:%m/%d/%Y}.",
            Owner.TEAM,
            "Open an initial evaluation (Part B).",
            source="34 CFR 303.21",
        )
    if event.key == "c_to_b" and is_past_c:
        yield Reason(
            "age-c-to-b",
            f"The third birthday was on {third_birthday:%m/%d/%Y}: this is no transition from Part C.",
            Owner.TEAM,
            "Open an initial evaluation (Part B).",
            source="34 CFR 300.124",
        )


def _from_part_c(event: Event, third_birthday: date | None, *, is_past_c: bool) -> Iterator[Reason]:
    """Of a child with an IFSP in force: Part C has begun already, and Part B begins with the C to B evaluation."""
    if event.key == "part_c_initial":
        yield Reason(
            "has-ifsp",
            "The child has an IFSP in force: the first one is made already.",
            Owner.TEAM,
            "Open an annual plan review for the IFSP, or a C to B transition evaluation.",
            source="34 CFR 303.342",
        )
    elif event.key != "c_to_b" and not is_past_c:
        day = f" by the third birthday, {third_birthday:%m/%d/%Y}," if third_birthday else ""
        yield Reason(
            "from-part-c",
            f"The child has an IFSP in force: the way to an IEP{day} is the transition from Part C.",
            Owner.TEAM,
            "Open a C to B transition evaluation.",
            source="34 CFR 300.124; EC 56426.9",
        )
