"""Which LEAs may mend nothing more: the query, its twin without one, and enrollments counted by hand agree.

One student with random enrollments at two districts and a status of one of them; today is November 23, 2026, so that
who left before July 1, 2026 is out of the window (EOY 1 of 2025-2026 closed on July 31).
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from manzanita.students.actions import Identity, register_students, state_one
from manzanita.students.amending import closed_in, closed_windows, reasons_not_to_amend
from manzanita.students.queries import facts_of
from tests.support import pages
from tests.support.state_files import LEA, NOON, OTHER_LEA, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
FIRST = date(2026, 7, 1)
DAY = timedelta(days=1)


@pytest.fixture
def at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


ends = st.one_of(
    st.none(),
    st.sampled_from(
        [FIRST - DAY, FIRST, TODAY - DAY, TODAY, TODAY + DAY, date(2025, 6, 30), date(2024, 3, 1)]
    ),
)
starts = st.sampled_from([date(2023, 8, 14), date(2025, 8, 11), TODAY + 2 * DAY])
stays = st.lists(
    st.tuples(st.sampled_from([LEA, OTHER_LEA]), starts, ends).filter(lambda s: s[2] is None or s[2] >= s[1]),
    max_size=4,
    unique_by=lambda stay: stay[:2],
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stays, st.sampled_from(["", LEA, OTHER_LEA]), st.sampled_from([None, TODAY - DAY, TODAY]))
def test_the_window_closes_for_who_left_before_it_and_reports_nothing_now(db, found, reports, until):
    with transaction.atomic():
        (student,) = register_students([Identity("Property", "", "Testcase", "", date(2016, 1, 1), "F")])
        slot = {"student_id": student.pk}
        for lea, start, end in found:
            state_one(
                "enrollment",
                slot={**slot, "lea_code": lea, "started_on": start},
                values=pages.enrollment("P1"),
                effective_from=start,
                effective_to=end,
                by_id=None,
                cause="test",
            )
        if reports:
            state_one(
                "status",
                slot=slot,
                values=pages.status("1") | {"lea_code": reports},
                effective_from=date(2023, 8, 14),
                effective_to=until,
                by_id=None,
                cause="test",
            )
        told = closed_windows([student.pk])
        facts = facts_of(student)
        for lea in (LEA, OTHER_LEA):
            own = [end for at, _, end in found if at == lea]
            still_reports = reports == lea and until in (None, TODAY)
            is_closed = bool(own) and None not in own and max(own) < FIRST and not still_reports
            assert told.get((student.pk, lea)) == (max(own) if is_closed else None)
            codes = ["amendment-closed"] if is_closed else []
            assert [one.code for one in closed_in(facts, lea)] == codes
            assert [one.code for one in reasons_not_to_amend(student.pk, lea)] == codes
        transaction.set_rollback(True)
