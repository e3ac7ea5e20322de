"""What former LEAs have not sent when their amendment window closes: held from then on, with the reason (F22), until
the state opens it again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from django.db.models import Exists, OuterRef, Q

from manzanita.domain.access import Actor
from manzanita.domain.former_lea import CLOSED
from manzanita.exchange.holds import ON_ITS_WAY
from manzanita.exchange.models import Operation
from manzanita.exchange.outbox import reconcile_students
from manzanita.platform import clock
from manzanita.students.amending import closed_windows
from manzanita.students.former_reach import left_in_open_year
from manzanita.students.models import Enrollment
from manzanita.students.scope import visible_to

WINDOW_JOB = "exchange.hold-after-window"
AT_ONCE = 500
Around = Callable[[], AbstractContextManager[object]]


def hold_after_window(lea_code: str = "", *, around: Around = nullcontext) -> int:
    """Hold what one LEA, or any, may send no more, and free what was held so and may be sent again; how many students
    are held anew. Each batch is done within ``around``."""
    here = Enrollment.objects.believed().filter(
        Q(effective_to__isnull=True) | left_in_open_year(clock.today()),
        student=OuterRef("student_id"),
        lea_code=OuterRef("lea_code"),
    )
    rows = Operation.objects.exclude(hold_code=ON_ITS_WAY)
    # Nearly everybody is here, or has left since: the few others are looked at one by one, and whoever is held.
    rows = rows.filter(Q(hold_code=CLOSED) | ~Exists(here))
    rows = rows.filter(lea_code=lea_code) if lea_code else rows
    found = sorted(set(rows.values_list("student_id", "lea_code", "hold_code")))
    held = 0
    for start in range(0, len(found), AT_ONCE):
        some = found[start : start + AT_ONCE]
        closed = closed_windows(student for student, _, _ in some)
        late = {student for student, lea, code in some if (student, lea) in closed and code != CLOSED}
        again = {student for student, lea, code in some if (student, lea) not in closed and code == CLOSED}
        if late or again:
            with around():
                reconcile_students(late | again)
        held += len(late)
    return held


def unsent_of_gone(actor: Actor) -> int:
    """Of how many students out of the actor's scope something is left that its LEA may send no more. The number alone:
    of whom is no longer the LEA's to see."""
    rows = Operation.objects.filter(lea_code=actor.agency_code, hold_code=CLOSED)
    return (
        rows.exclude(student_id__in=visible_to(actor).order_by().values("pk"))
        .values("student_id")
        .distinct()
        .count()
    )
