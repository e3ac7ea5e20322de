"""``python -m tests.prove.bench_due``: the due dates of everybody in a batch, and what one changed calendar moves.

Fills PostgreSQL with ``--students`` students by SQL (:mod:`tests.prove.california`): one LEA of 60,000, one of 5,000,
the rest in LEAs of 800, of whom one of twenty-five has an evaluation under way. Printed are the seconds on the clock of
the first batch, of a second one that finds nothing to write, of one changed calendar of the large LEA, of a changed
student; and the memory of the process before and after the batch.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from datetime import date

from tests.prove import california
from tests.prove.california import LARGE, bench_database, parser_of

# A day on which the data of the fill stand as they should.
TODAY = "2026-11-23"


def main() -> int:
    parser = parser_of(__doc__, 100_000)
    args = parser.parse_args()
    with bench_database(parser, args, TODAY):
        fill(args.students)
        return _bench()


def fill(students: int) -> None:
    """Students with what their clocks count from, agencies, one calendar for each LEA."""
    from django.db import connection

    california.fill(students)
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "UPDATE students_student SET last_plan_review_on = plan_review_due_on - interval '1 year',"
            " last_evaluation_on = evaluation_due_on - interval '3 years'"
        )
        cursor.execute("UPDATE students_plan SET plan_type_code = '100'")
        cursor.execute(
            """
            INSERT INTO orgs_agency (code, kind, name, selpa_code, npa_id)
            SELECT DISTINCT lea_code, 'lea', 'LEA ' || lea_code, '1900', '' FROM students_enrollment
            """
        )
        cursor.execute(
            """
            INSERT INTO meetings_meeting (public_id, student_id, event_key, state, lea_code, consent_on, referred_on,
                                          referred_by_code, conclusion_key, delay_code, evaluation_type_code,
                                          is_plan_review, outcome_code, outcome_key, source, opened_at)
            SELECT gen_random_uuid(), n.student_id, 'b_initial', 'open', n.lea_code,
                   '2026-09-10'::date + (n.student_id % 75)::int, NULL, '', '', '', '10', false, '', '', 'meeting',
                   '2026-11-01'::timestamptz
              FROM students_enrollment AS n
             WHERE n.student_id % 25 = 7 AND n.effective_to IS NULL AND n.started_on = '2024-08-15'
            """
        )
        cursor.execute("SET session_replication_role = origin")
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        connection.connection.execute("VACUUM ANALYZE")
    _calendar(LARGE, winter_ends=date(2027, 1, 1))


def _calendar(lea_code: str, *, winter_ends: date) -> None:
    from manzanita.domain.calendars import Period, PeriodKind
    from manzanita.orgs.calendar_actions import save_calendar
    from manzanita.orgs.calendars import standing_version

    standing = standing_version(lea_code, "2026-2027")
    save_calendar(
        actor=None,
        lea_code=lea_code,
        year="2026-2027",
        periods=[
            Period(date(2026, 8, 12), date(2027, 6, 4), PeriodKind.TERM, lea_code),
            Period(date(2026, 11, 23), date(2026, 11, 27), PeriodKind.BREAK, lea_code),
            Period(date(2026, 12, 21), winter_ends, PeriodKind.BREAK, lea_code),
        ],
        reason="bench",
        seen=standing.pk if standing else None,
    )


def _bench() -> int:
    from manzanita.deadlines.models import DueDate, StaleCalendar, StaleStudent
    from manzanita.deadlines.recompute import Recomputed, recompute_everybody, recompute_stale
    from manzanita.platform.reach import whole_installation

    def told(name: str, work: Callable[[], Recomputed]) -> Recomputed:
        started, used = time.monotonic(), time.process_time()
        done = work()
        took, used = time.monotonic() - started, time.process_time() - used
        counts = ", ".join(f"{value:,} {what}" for what, value in done.document().items() if value)
        print(f"{name:<42}{took:>8.1f} s  ({used:.1f} s of the processor): {counts}", flush=True)
        return done

    with whole_installation("a bench counts everybody"):
        StaleCalendar.objects.all().delete()
        before = _peak()
        first = told("everybody, the first time", recompute_everybody)
        grown = _peak() - before
        again = told("everybody again, nothing to write", recompute_everybody)
        _calendar(LARGE, winter_ends=date(2027, 1, 8))
        moved = told("one calendar of the largest LEA changed", recompute_stale)
        student = DueDate.objects.filter(lea_code=LARGE).values_list("student_id", flat=True)[:1][0]
        StaleStudent.objects.create(student_id=student, at="2026-11-23T20:00:00Z")
        told("one student changed", recompute_stale)
    print(f"{first.new:,} due dates; memory grew by {grown / 1e6:.0f} MB")
    return 0 if first.new and not again.new + again.changed + again.gone and moved.changed else 1


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
