"""``python -m tests.prove.bench_narrowing``: what a page of the students of a large LEA costs, narrowed and in order.

On PostgreSQL, in the database of :mod:`tests.prove.record_crowd`, the 25,000 students of one LEA are spread over 40
schools, every grade, the plan types and disabilities, 300 case managers, and a year and a half of plan reviews; some
have no enrollment, no case manager or no date. A signed-in coordinator opens each page ``--pages`` times. Told are
statements, milliseconds on the clock and of the processor, and the size of the page; the goal, for 95 in 100, is judged
by the processor (as in :mod:`tests.prove.bench_record`).
"""

from __future__ import annotations

import argparse
import sys
from datetime import date

from tests.prove.bench_record import TODAY, Told, _reaching, _signed_in, _statements, _timed, as_served
from tests.prove.california import add_keep, bench_database, parser_of
from tests.prove.record_crowd import MANY, fill

MOST = 300.0
# Milliseconds to find whom 25,000 lines mean, and for a page of them.
MOST_PASTE, MOST_OF_PASTED = 3_000.0, 1_000.0
SCHOOLS, MANAGERS = 40, 300
AT = f"6{MANY[1:]}"
PAGES = {
    "all": "",
    "one school": f"school={AT}07",
    "grade 4": "grade=04",
    "school and grade": f"school={AT}07&grade=04",
    "nobody yet": "manager=nobody",
    "plan type IEP": "plan=100",
    "disability": "disability=240",
    "review overdue": "review=late",
    "review in 30 days": "review=30",
    "all six, none left": f"school={AT}07&grade=04&manager=nobody&plan=200&disability=240&review=late",
    "by name, descending": "sort=-name",
    "by grade": "sort=grade",
    "by grade, descending": "sort=-grade",
    "by school": "sort=school",
    "by review": "sort=review",
    "IEP by review": "plan=100&sort=review",
    "grade 4 by school": "grade=04&sort=-school",
}


def main() -> int:
    parser = parser_of(__doc__, 100_000)
    parser.add_argument("--pages", type=int, default=20, help="how often each page is opened")
    parser.add_argument(
        "--explain", default="", metavar="TEXT", help="print the plans of pages whose name has it"
    )
    add_keep(parser)
    args = parser.parse_args()
    with bench_database(parser, args, TODAY) as is_new:
        if is_new:
            fill(args.students)
        _spread()
        return _bench(args)


def _spread() -> None:
    """As a district is, by the number of each student."""
    from django.db import connection

    from manzanita.accounts.actions import grant_perspective
    from manzanita.accounts.models import User
    from manzanita.orgs.models import Agency, School
    from manzanita.platform.reach import whole_installation

    agency = Agency.objects.get(code=MANY)
    if School.objects.filter(agency=agency).count() > 1:
        return
    School.objects.bulk_create(
        [
            School(code=f"{AT}{number:02}"[-7:], name=f"School {number:02} of many", agency=agency)
            for number in range(SCHOOLS)
        ]
    )
    with whole_installation("a bench fills the installation"), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET session_replication_role = replica")
        people = User.objects.bulk_create(
            [User(email=f"m{n}.{MANY}@example.org", name=f"Manager {n:03} Mockup") for n in range(MANAGERS)]
        )
        own = "(SELECT student_id FROM students_enrollment WHERE lea_code = %s)"
        grades = ["PS", "TK", "KN", *(f"{number:02}" for number in range(1, 13))]
        cursor.execute(
            "UPDATE students_enrollment"
            " SET school_code = right(%s || lpad((student_id %% 40)::text, 2, '0'), 7),"
            " grade_code = (%s::text[])[1 + student_id / 7 %% 15] WHERE lea_code = %s",
            [AT, grades, MANY],
        )
        cursor.execute(
            "UPDATE students_plan SET plan_type_code = CASE WHEN student_id %% 25 = 0 THEN '200' ELSE '100' END,"
            " disability_1_code = (ARRAY['290', '240', '320', '280', '210', '250'])[1 + student_id / 11 %% 6]"
            " WHERE lea_code = %s",
            [MANY],
        )
        cursor.execute(
            f"UPDATE students_student SET plan_review_due_on = CASE WHEN id %% 20 = 0 THEN NULL"
            f" ELSE '2026-10-01'::date + (id * 31 %% 500)::int END WHERE id IN {own}",
            [MANY],
        )
        cursor.execute(
            "INSERT INTO students_caseassignment (student_id, user_id, effective_from, recorded_at, cause)"
            " SELECT student_id, (%s::bigint[])[1 + student_id %% 300], '2026-08-15', '2026-08-15', 'bench'"
            " FROM students_enrollment WHERE lea_code = %s AND superseded_at IS NULL AND student_id %% 9 > 0",
            [[one.pk for one in people], MANY],
        )
        cursor.execute("SET session_replication_role = origin")
        for one in people:
            grant_perspective(
                user=one,
                perspective_key="case_manager",
                agency=agency,
                starts_on=date(2025, 7, 1),
                by=None,
                reason="bench",
            )
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        connection.connection.execute("VACUUM ANALYZE")
    connection.close()


def _bench(args: argparse.Namespace) -> int:
    from django.test import override_settings

    as_served()
    told = Told()
    limits = {"person": 10**9, "address": 10**9, "writes": 10**9}
    with override_settings(DEBUG=False, REQUESTS_A_MINUTE=limits):
        client = _signed_in(MANY)
        for name, asked in PAGES.items():
            address = f"/students?list=all&{asked.replace(f'{AT}07', (AT + '07')[-7:])}"
            count = _statements(lambda address=address: client.get(address))
            took = [_timed(lambda address=address: client.get(address)) for _ in range(args.pages)]
            told(name, took, MOST, statements=count)
            if args.explain and args.explain in name:
                _explain(client, address)
        _paste(told, client, args.pages)
    for label in told.missed:
        print(f"MISSED: {label}")
    return 1 if told.missed else 0


def _paste(told: Told, client, pages: int) -> None:
    """Everybody of the LEA as a pasted list: by SSID, by name and birth date, and the pages of it."""
    from manzanita.platform.reach import whole_installation
    from manzanita.students.models import Enrollment, Ssid

    with whole_installation("a bench writes down whom it pastes"):
        here = Enrollment.objects.believed().filter(lea_code=MANY).values("student_id")
        rows = Ssid.objects.believed().filter(student__in=here).order_by("-student_id")
        known = list(
            rows.values_list("ssid", "student__last_name", "student__first_name", "student__birth_on")
        )
    lists = {
        "by SSID": [ssid for ssid, *_ in known],
        "by name": [f"{last}, {first}\t{born:%m/%d/%Y}" for _, last, first, born in known],
    }
    for label, lines in lists.items():
        sent = {"pasted": "\n".join(lines)}
        made = []

        def paste(sent=sent, made=made):
            made.append(client.post("/students/paste", sent).url)

        count = _statements(paste)
        took = [_timed(paste) for _ in range(min(pages, 3))]
        told(f"paste {len(lines):,} {label}", took, MOST_PASTE, statements=count)
        for order in ("pasted", "name", "grade"):
            address = made[-1].replace("sort=pasted", f"sort={order}")
            count = _statements(lambda address=address: client.get(address))
            took = [_timed(lambda address=address: client.get(address)) for _ in range(pages)]
            told(f"pasted {label}, order {order}", took, MOST_OF_PASTED, statements=count)


def _explain(client, address: str) -> None:
    """The slowest statements of a page, with their plans."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        client.get(address)
    slowest = sorted(asked.captured_queries, key=lambda one: -float(one["time"]))[:3]
    with _reaching(MANY), connection.cursor() as cursor:
        for one in slowest:
            print(f"  {float(one['time']) * 1000:.0f} ms: {one['sql'][:300]}")
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS OFF) {one['sql'].replace('%', '%%')}")
            print("\n".join(f"    {row[0][:190]}" for row in cursor.fetchall()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
