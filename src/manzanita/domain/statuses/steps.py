"""The steps of a student's record as data: what each needs, and which step brings it. A step out of order is refused by
:func:`why_not` with the rule, whose job it is, and the step that comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.findings import Owner, Reason


@dataclass(frozen=True, slots=True)
class Condition:
    """What a step may need. ``lacking`` is said where it does not hold; ``brought_by`` is the step that comes first,
    ``instead`` the one that is meant where that first step cannot be taken either."""

    key: str
    lacking: str
    owner: Owner
    brought_by: str
    source: str = ""
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. It ``needs`` conditions, ``brings`` some and ``ends`` others. ``page`` is the name of the page on which
    it is taken, ``key`` of it where one page has several."""

    key: str
    label: str
    needs: tuple[str, ...]
    brings: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    page: str = "change"
    page_key: str = ""


CONDITIONS: Mapping[str, Condition] = MappingProxyType(
    {
        one.key: one
        for one in (
            Condition(
                "meeting-open", "No meeting is open.", Owner.TEAM, "open_meeting", "SPED Data Guide, MEET"
            ),
            Condition(
                "meeting-held",
                "The meeting was not held yet.",
                Owner.TEAM,
                "hold",
                "SPED Data Guide, MEET: a meeting is reported when it was held",
            ),
            Condition(
                "no-meeting-open",
                "Another meeting is open, and a second one would be dated back over it.",
                Owner.TEAM,
                "finalize",
                "One open meeting a student",
            ),
            Condition(
                "no-meeting-held",
                "A meeting was held and is not finalized: the state has to hear of it first.",
                Owner.TEAM,
                "finalize",
                "SPED Data Guide, MEET",
            ),
            Condition(
                "plan-arrived",
                "No plan waits to be adopted: there is none, or it is this district's own since the enrollment began.",
                Owner.TEAM,
                "open_meeting",
                "SPED Data Guide, plan adoption: PLAN starts with the enrollment",
            ),
            Condition(
                "plan-own",
                "This district has no plan of its own: a plan that arrived is adopted before anything of it changes.",
                Owner.COORDINATOR,
                "adopt",
                "SPED Data Guide, plan adoption",
            ),
            Condition(
                "adopted",
                "No plan of this student was adopted here, so there is nothing to take back.",
                Owner.COORDINATOR,
                "adopt",
                "SPED Data Guide, plan adoption",
                "leave",
            ),
            Condition(
                "here",
                "It is recorded that the student left.",
                Owner.COORDINATOR,
                "undo_leave",
                "SPED Data Guide, exits",
            ),
            Condition(
                "left",
                "No leaving is recorded, so there is nothing to take back.",
                Owner.COORDINATOR,
                "leave",
                "Taking back needs what is taken back",
            ),
            Condition(
                "planned",
                "No leaving is planned, so there is nothing to cancel.",
                Owner.COORDINATOR,
                "plan_leave",
                "Canceling needs what is canceled",
            ),
        )
    }
)

STEPS: Mapping[str, Step] = MappingProxyType(
    {
        one.key: one
        for one in (
            Step(
                "open_meeting",
                "Open a meeting",
                ("no-meeting-open",),
                brings=("meeting-open",),
                ends=("no-meeting-open",),
                page="meeting_new",
            ),
            Step(
                "hold",
                "Record the meeting as held",
                ("meeting-open",),
                brings=("meeting-held",),
                ends=("no-meeting-held",),
                page="meeting_hold",
            ),
            Step(
                "finalize",
                "Finalize the meeting",
                ("meeting-open", "meeting-held"),
                brings=("no-meeting-open", "no-meeting-held", "plan-own"),
                ends=("meeting-open", "meeting-held", "plan-arrived"),
                page="meeting_finalize",
            ),
            Step(
                "adopt",
                "Adopt the plan",
                ("plan-arrived",),
                brings=("plan-own", "adopted"),
                ends=("plan-arrived",),
                page_key="adopt",
            ),
            Step("services_start", "Start what was agreed", ("no-meeting-held",), page_key="services_start"),
            Step("setting", "Change the program setting", ("plan-own",), page_key="setting"),
            Step(
                "never_came",
                "Take the adoption back: never came",
                ("adopted",),
                brings=("left",),
                ends=("adopted", "plan-own", "here"),
                page_key="never_came",
            ),
            Step(
                "leave",
                "Record the leaving",
                ("here", "no-meeting-held"),
                brings=("left",),
                ends=("here",),
                page="leaving",
            ),
            Step(
                "undo_leave",
                "Take the leaving back",
                ("left",),
                brings=("here",),
                ends=("left",),
                page="leaving",
            ),
            Step(
                "plan_leave",
                "Plan the leaving",
                ("here",),
                brings=("planned",),
                page="leaving",
            ),
            Step(
                "cancel_leave", "Cancel the planned leaving", ("planned",), ends=("planned",), page="leaving"
            ),
        )
    }
)
# Steps in the order in which they are taken, for a student with a plan of another district, or of no district.
PROCEDURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "A meeting": ("open_meeting", "hold", "finalize"),
        "A student arrives with a plan": ("adopt", "setting"),
        "Adopted, but never came": ("adopt", "never_came"),
        "A student leaves": ("leave", "undo_leave"),
        "A student leaves on a day to come": ("plan_leave", "cancel_leave"),
        "A meeting was held before the student left": ("open_meeting", "hold", "finalize", "leave"),
    }
)


def why_not(step_key: str, holds: frozenset[str]) -> Reason | None:
    """Why a step cannot be taken while the conditions ``holds`` hold; ``None`` where it can. ``link`` of the reason is
    the key of the step that comes first: whoever knows addresses puts one in its place."""
    step = STEPS[step_key]
    lacking = next((CONDITIONS[key] for key in step.needs if key not in holds), None)
    if lacking is None:
        return None
    first, order = STEPS[lacking.brought_by], "First"
    if lacking.instead and not holds.issuperset(first.needs):
        first, order = STEPS[lacking.instead], "Instead"
    return Reason(
        lacking.key,
        lacking.lacking,
        lacking.owner,
        f"{order}: {first.label[0].lower()}{first.label[1:]}.",
        link=first.key,
        source=lacking.source,
    )
