"""What may go is not what was shown: why nothing was sent, what came and how much went, and how to send what is now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.models import Operation
from manzanita.exchange.queries import plan_operations_of
from manzanita.exchange.shown import Moved
from manzanita.ui.formats import plural, us_date
from manzanita.web.reasons_told import Told, told
from manzanita.web.state_lines import name_of, student_names

NOT_AS_SHOWN = "not-as-shown"
CAME_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Refusal:
    """``reasons`` as a page says them; ``came`` the address and words of the first that came, ``more`` how many
    others; ``student_ids`` whose these are, for the read log."""

    reasons: list[Told]
    came: list[tuple[str, str]]
    more: int
    student_ids: list[int]


def refusal(actor: Actor, moved: Moved) -> Refusal:
    reason = Reason(
        NOT_AS_SHOWN,
        _words(moved),
        Owner.YOU,
        "Nothing has gone to the state. Look at what would go now, and send it with the button below.",
    )
    came = moved.came or []
    operations = plan_operations_of(actor, came[:CAME_SHOWN])
    people = student_names(actor, [one.student_id for one in operations])
    lines = [
        (reverse("state_operation", args=[one.pk]), f"{name_of(people.get(one.student_id))}: {_line(one)}")
        for one in operations
    ]
    return Refusal(told([reason]), lines, len(came) - len(lines), [one.student_id for one in operations])


def _line(one: Operation) -> str:
    return f"{one.kind} the {one.record} of {us_date(one.key_on)}"


def _words(moved: Moved) -> str:
    now = _counted(moved.now.count, moved.now.student_count)
    if not moved.shown:
        return f"The page that you sent did not say what it had shown; {now} may go now."
    were = _counted(moved.shown, moved.shown_students)
    return f"You were shown {were}, and {now} may go now: {', '.join(_steps(moved))}."


def _steps(moved: Moved) -> Iterable[str]:
    if moved.came is None or moved.gone is None:
        more = moved.now.count - moved.shown
        yield f"{abs(more):,} {'more' if more > 0 else 'fewer'}" if more else "as many, but not the same"
        return
    if moved.came:
        yield f"{len(moved.came):,} came or changed since"
    if moved.gone:
        yield f"{moved.gone:,} of those shown went or changed"
    if not moved.came and not moved.gone:
        yield "the same, in another order"


def _counted(operations: int, students: int) -> str:
    return f"{plural(operations, 'operation')} for {plural(students, 'student')}"
