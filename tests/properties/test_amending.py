"""Which LEAs may mend nothing more: the query, what pages ask, and enrollments counted by hand agree.

One student with random enrollments at two districts and a status of one of them; today is November 23, 2026, so that
who left before July 1, 2026 is out of the window (EOY 1 of 2025-2026 closed on July 31).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

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


ENDS = [date(2025, 6, 30), date(2025, 7, 1), date(2026, 6, 11), date(2026, 6, 30), FIRST]
summer_stays = st.lists(
    st.tuples(
        st.sampled_from([LEA, OTHER_LEA]),
        st.sampled_from([date(2023, 8, 14), date(2025, 6, 2)]),
        st.sampled_from([*ENDS, None]),
        st.sampled_from(["E155", "E450", "E160", "N470"]),
    ),
    max_size=3,
    unique_by=lambda stay: stay[:2],
)
last_reported = st.tuples(st.sampled_from([LEA, OTHER_LEA]), st.sampled_from([*ENDS, None]))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(summer_stays, st.one_of(st.none(), last_reported))
def test_in_summer_it_is_open_too_for_who_expects_the_student_back(db, found, reported):
    """On September 1, 2026. Census Day is October 7."""
    with time_machine.travel(datetime(2026, 9, 1, 12, 0, tzinfo=UTC), tick=False), transaction.atomic():
        (student,) = register_students([Identity("Property", "", "Testcase", "", date(2016, 1, 1), "F")])
        slot = {"student_id": student.pk}
        for lea, start, end, code in found:
            state_one(
                "enrollment",
                slot={**slot, "lea_code": lea, "started_on": start},
                values=pages.enrollment("P1") | {"exit_reason_code": code},
                effective_from=start,
                effective_to=end,
                by_id=None,
                cause="test",
            )
        if reported:
            state_one(
                "status",
                slot=slot,
                values=pages.status("1") | {"lea_code": reported[0]},
                effective_from=date(2023, 8, 14),
                effective_to=reported[1],
                by_id=None,
                cause="test",
            )
        told = closed_windows([student.pk])
        facts = facts_of(student)
        for lea in (LEA, OTHER_LEA):
            own = [end or date.max for at, _, end, _ in found if at == lea]
            is_open = not own or max(own) >= FIRST or reported == (lea, None)
            for at, _, end, code in found:
                if at != lea or code not in ("E155", "E450") or end is None:
                    continue
                if not date(2025, 7, 1) <= end <= date(2026, 6, 30):
                    continue
                outlasted = any((e or date.max) > end and c != "N470" for _, _, e, c in found)
                elsewhere = reported and reported[0] != lea and (reported[1] or date.max) > end
                is_open = is_open or not (outlasted or elsewhere)
            assert told.get((student.pk, lea)) == (None if is_open else max(own))
            codes = [] if is_open else ["amendment-closed"]
            assert [one.code for one in closed_in(facts, lea)] == codes
        transaction.set_rollback(True)
