"""What has to be counted anew: marked in the transaction that changed it, counted right after, or by the worker.

Few students are counted as soon as the transaction has committed, so that whoever opened a meeting finds the lists
up to date. Many (an import), and calendars, wait for the job. A mark outlives a crash.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from manzanita.deadlines.models import StaleCalendar, StaleStudent
from manzanita.platform import clock
from manzanita.platform.reach import whole_installation

logger = logging.getLogger("manzanita.deadlines")

FEW = 20
_AT_ONCE = 500


def students_have_changed(student_ids: Sequence[int]) -> None:
    """Mark them in the caller's transaction; a few are counted right after it."""
    now = clock.now()
    with whole_installation(
        "another LEA's request changes a clock of a student whom the asker does not reach"
    ):
        StaleStudent.objects.bulk_create(
            [StaleStudent(student_id=pk, at=now) for pk in student_ids],
            batch_size=_AT_ONCE,
            update_conflicts=True,
            unique_fields=["student_id"],
            update_fields=["at"],
        )
    if len(student_ids) <= FEW:
        transaction.on_commit(_count_the_few, robust=True)


def calendars_have_changed(lea_codes: Sequence[str]) -> None:
    now = clock.now()
    StaleCalendar.objects.bulk_create(
        [StaleCalendar(lea_code=code, at=now) for code in lea_codes],
        update_conflicts=True,
        unique_fields=["lea_code"],
        update_fields=["at"],
    )


def _count_the_few() -> None:
    from manzanita.deadlines.recompute import recompute_stale

    try:
        # Said several times in one transaction: the second call finds nothing left.
        with whole_installation("a mark is of whatever district's student it is"):
            recompute_stale(most=FEW)
    except (
        Exception
    ) as error:  # the mark is kept, so the worker counts; a message might hold a student's dates
        logger.error("counting after a change failed: %s", type(error).__qualname__)
