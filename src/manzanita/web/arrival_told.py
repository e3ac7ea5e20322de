"""How the page of an arrival says no: each reason with its rule, whose job it is, and where it is mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse

from manzanita.domain.access import Actor, Capability
from manzanita.domain.arrival_plan import Way as WayOn
from manzanita.domain.findings import Reason
from manzanita.domain.rules import rule_info
from manzanita.web.arrival_looked import Looked
from manzanita.web.meanwhile import meanwhile_fix
from manzanita.web.reasons_told import Told, Way, told, ways_on_record
from manzanita.web.step_links import address_of_step, step_fixes

# What the former district knows.
_ASK_THERE = (
    *("arrival-no-plan-known", "arrival-plan-without-status", "arrival-state-differs"),
    *("arrival-review-overdue", "arrival-open-meeting"),
)
# What a plan on paper, or a newer one, would end.
_PLAN = ("arrival-no-plan", "arrival-no-services", "no-plan")
_RECORD = (
    *("arrival-changes-later", "arrival-kind", "arrival-later-plan", "arrival-settled"),
    *"later-status",
)


def told_on_arrival(
    actor: Actor,
    looked: Looked,
    reasons: Iterable[Reason],
    *,
    has_paper: bool,
    transfer: Mapping[str, Any],
    near: Sequence[Mapping[str, Any]],
) -> list[Told]:
    """``has_paper``: the plan may be entered from paper; ``transfer`` and ``near`` as the page has them."""
    reasons = list(reasons)
    student = looked.student
    page = reverse("arrival", args=[looked.arrival.public_id])

    def of_student(name: str, *more: str) -> str:
        return reverse(name, args=[student.public_id, *more])

    record = of_student("student"), "Show the record"
    answers = f"{page}#ask-head", "Answer the question"
    there = (
        (f"{page}#records-head", "Ask the former district")
        if looked.plan.way is not WayOn.START
        else (reverse("directory"), "Whom to ask there")
    )
    plan = (
        (reverse("arrival_plan", args=[looked.arrival.public_id]), "Enter the plan") if has_paper else there
    )
    meeting = (
        (of_student("meeting_new"), "All kinds of meetings") if actor.may(Capability.HOLD_MEETING) else record
    )
    enrollments = of_student("student_enrollments"), "Show the enrollments"
    ways: dict[str, Way] = {
        **ways_on_record(actor, student),
        **step_fixes(reasons, student),
        **dict.fromkeys(_ASK_THERE, there),
        **dict.fromkeys(_PLAN, plan),
        **dict.fromkeys(_RECORD, record),
        **dict.fromkeys(("arrival-left", "arrival-not-yet", "future-date", "not-enrolled"), enrollments),
        **dict.fromkeys(
            ("ask-eligible", "ask-here", "arrival-not-participating", "answered-inactive"), answers
        ),
        "plan-starts-that-day": (address_of_step("take_back", student), "Show what is known"),
        **dict.fromkeys(
            ("way-changed", "no-reason", "no-status", "no-status-reason"),
            (f"{page}#plan-head", "Show what follows"),
        ),
        **meanwhile_fix(student),
        "arrival-state-only": (reverse("state_extracts"), "Read the state's extract"),
        "arrival-near": (near[0]["pair_url"], near[0]["pair_label"])
        if near and near[0]["name"]
        else (reverse("duplicates"), "Possible duplicates"),
        "arrival-no-ssid": (f"{enrollments[0]}#f-message", "Message to the SIS staff"),
        "arrival-still-enrolled": (transfer["transfer_url"], transfer["transfer_label"])
        if transfer["transfer_url"]
        else enrollments,
        "arrival-infant-plan": meeting,
        "no-capability": (reverse("why"), "What you may do"),
    }
    # A line of the plan that the state would reject.
    rejected = {one.code: plan if has_paper else meeting for one in reasons if rule_info(one.code)}
    return told(reasons, rejected | ways, record)
