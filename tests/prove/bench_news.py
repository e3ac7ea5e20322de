"""``python -m tests.prove.bench_news``: what changed, in a district of 100,000 students with 25,000 changes.

In the database of ``tests.prove.california``, all of whose students are made those of the large LEA, its coordinator
asks for the changes of the last day: 12,000 of a SIS file, 9,000 acts of colleagues and of the night, 4,000 of rules.
As the application's role, under row-level security. Told are the first page, a deep page, the lines of a page, the
count of one student, and who is held from rollover where everybody's enrollment ended in June, in seconds on the clock
and of the processor, with the plan of the one query; a page may take ``--most`` seconds of the processor. A sequential
scan of the change log fails.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.prove.california import LARGE, actors, add_keep, bench_database, fill, parser_of, processor_seconds

SIS, ACTS, FOUND = 12_000, 9_000, 4_000
ALL_LARGE = (
    f"UPDATE students_student SET agencies = ARRAY['{LARGE}']",
    f"UPDATE students_enrollment SET lea_code = '{LARGE}' WHERE started_on = '2024-08-15'",
    f"UPDATE students_specialeducationstatus SET lea_code = '{LARGE}'",
    f"UPDATE students_plan SET lea_code = '{LARGE}', dsea_code = '{LARGE}'",
)
# What was changed long ago, as a log of a year has it.
OLD = f"""
    INSERT INTO auditing_changeevent (at, lea_code, request_id, actor_user_id, actor_label, action, student_id,
                                      subject_type, subject_id, reason, detail)
    SELECT now() - interval '2 days' - n * interval '1 minute', '{LARGE}', '', 2, 'case_manager', 'record_decision',
           1 + n % 90000, '', NULL, '', '{{}}' FROM generate_series(1, 300000) AS n
"""
# Every enrollment of the year before ended in June, and its student is here again.
JUNE = """
    INSERT INTO students_enrollment (student_id, lea_code, started_on, school_code, nps_code, status_code, grade_code,
                                     exit_reason_code, completion_code, local_student_id, effective_from, effective_to,
                                     recorded_at, by_id, cause)
    SELECT student_id, lea_code, '2023-08-15', school_code, nps_code, status_code, '03', 'E150', '', local_student_id,
           '2023-08-15', '2026-06-11', '2026-08-20', NULL, 'bench'
      FROM students_enrollment WHERE started_on = '2024-08-15'
"""
CHANGES = (
    f"""
    INSERT INTO students_enrollment (student_id, lea_code, started_on, school_code, nps_code, status_code, grade_code,
                                     exit_reason_code, completion_code, local_student_id, effective_from, recorded_at,
                                     by_id, cause)
    SELECT n, lea_code, '2026-08-12', school_code, nps_code, status_code, '05', '', '', local_student_id, '2026-08-12',
           now() - n * interval '1 second', NULL, 'sis-import:1'
      FROM generate_series(1::bigint, {SIS}) AS n
      JOIN students_enrollment ON student_id = n AND started_on = '2024-08-15'
    """,
    f"""
    INSERT INTO auditing_changeevent (at, lea_code, request_id, actor_user_id, actor_label, action, student_id,
                                      subject_type, subject_id, reason, detail)
    SELECT now() - n * interval '2 seconds', '{LARGE}', '', CASE WHEN n % 3 > 0 THEN 2 END, 'case_manager',
           'record_decision', 5000 + n, '', NULL, '', '{{}}' FROM generate_series(1, {ACTS}) AS n
    """,
    f"""
    INSERT INTO findings_rulefinding (identity, rule_code, severity, phase, kind, owner, student_id, lea_code,
                                      school_code, record, record_key, fields, "group", "values", inputs, message,
                                      state, first_seen_at, opened_at, last_seen_at, question, answer, dismissed_reason,
                                      dismissed_inputs)
    SELECT 'b' || n, 'MZ-BENCH', 'warning', 'plan', 'rule', 'IEP team', 20000 + n, '{LARGE}', '', 'PLAN', 'k' || n,
           '[]', '', '{{}}', 'i', 'Said by a bench.', 'open', now(), now(), now(), '', '', '', ''
      FROM generate_series(1, {FOUND}) AS n
    """,
    """
    INSERT INTO findings_findingevent (finding_id, kind, at, text)
    SELECT id, 'opened', opened_at - id * interval '1 second', '' FROM findings_rulefinding
    """,
)


def main() -> int:
    parser = parser_of(__doc__, 100_000)
    parser.add_argument(
        "--most", type=float, default=0.5, help="seconds of the processor that a page may take"
    )
    add_keep(parser)
    args = parser.parse_args()
    with bench_database(parser, args) as is_new:
        if is_new:
            fill(args.students)
            _change()
        return _bench(args.most)


def _change() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET session_replication_role = replica")
        for statement in (*ALL_LARGE, OLD, JUNE, *CHANGES):
            cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")
        connection.connection.execute("VACUUM ANALYZE")
    connection.close()


def _bench(most: float) -> int:
    from datetime import timedelta

    from django.db import connection

    from manzanita.platform import clock
    from manzanita.platform.reach import reach
    from manzanita.platform.together import read_together
    from manzanita.procedures.news import Window, _statement, changed_students, mark_seen, rows_of, unseen_of
    from manzanita.procedures.rollover import ended_in_june
    from manzanita.procedures.standing import MOST

    actor = actors()["coordinator of 60,000"]
    problems = []
    with reach(actor.agency_codes):
        window = Window(clock.now() - timedelta(days=1), clock.now())
        first = changed_students(actor, window)
        ids = [pk for pk, _ in first.students]
        print(f"{first.change_count:,} changes of {first.student_count:,} students", flush=True)
        # Who left in the spring, one of twelve, is in no list of those here now.
        if not 0.9 * (SIS + ACTS + FOUND) < first.change_count <= SIS + ACTS + FOUND:
            problems.append("the count is not that of what was put in")
        mark_seen(actor=actor, through=window.since)

        def one_student() -> Any:
            return read_together(*unseen_of(actor, ids[0]).querysets)

        asked: dict[str, Callable[[], Any]] = {
            "first page": lambda: changed_students(actor, window),
            "page 400": lambda: changed_students(actor, window, page=400),
            "one origin": lambda: changed_students(actor, Window(window.since, window.until, "districts")),
            "lines of a page": lambda: rows_of(actor, window, ids),
            "count of one student": one_student,
            "who is held": lambda: list(ended_in_june(actor, None)[: MOST + 1]),
        }
        for name, get in asked.items():
            took, work = _median(get)
            print(f"{name:<24}{took * 1000:>8.1f} ms, {work * 1000:.1f} ms of the processor", flush=True)
            if work > most:
                problems.append(f"{name} takes {work:.2f} s")
        sql, params = _statement(actor, window)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql} LIMIT 25", params)
            plan = "\n".join(row[0] for row in cursor.fetchall())
    print(plan)
    if "Seq Scan on auditing_changeevent" in plan:
        problems.append("the change log is read from its beginning")
    for problem in problems:
        print(f"NOT SO: {problem}")
    return 1 if problems else 0


def _median(get: Callable[[], Any]) -> tuple[float, float]:
    from django.db import connection

    took, worked = [], []
    for _ in range(7):
        started, used = time.perf_counter(), processor_seconds(connection)
        get()
        took.append(time.perf_counter() - started)
        worked.append(processor_seconds(connection) - used)
    return statistics.median(took), statistics.median(worked)


if __name__ == "__main__":
    sys.exit(main())
