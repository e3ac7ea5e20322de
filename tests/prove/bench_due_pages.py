"""``python -m tests.prove.bench_due_pages``: what a page of due dates costs beside a page that only says hello.

The database of :mod:`tests.prove.bench_due`, at ``--students``. A signed-in coordinator of the LEA of 60,000 asks in
turn, in this process, with the application's role and row-level security: a page that shows the frame and a word, the
first page of what is overdue, and a page deep in it. Medians of ``--pages`` each; the rate of the list is to be 35 % of
the hello page's, and a deep page is to cost 1.3 times the first. What this process and its server took of the processor
is printed beside, as others may be at work on the machine.

Then the compliance page: of an LEA of 5,000, which it counts while it is waited for, and of the one of 60,000, which a
job counts.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.prove.bench_due import TODAY, fill
from tests.prove.california import LARGE, SMALL, bench_database, parser_of, processor_seconds

LEAST_RATE, MOST_DEEP = 0.35, 1.3
DEEP_PAGES = 60


def main() -> int:
    parser = parser_of(__doc__, 100_000)
    parser.add_argument("--pages", type=int, default=100)
    args = parser.parse_args()
    with bench_database(parser, args, TODAY):
        return _bench(args.students, args.pages)


def _bench(students: int, pages: int) -> int:
    from django.db import connection
    from django.test import override_settings
    from django.test.utils import CaptureQueriesContext

    from manzanita.deadlines.recompute import recompute_everybody
    from manzanita.platform.reach import whole_installation

    fill(students)
    with whole_installation("a bench counts everybody"):
        recompute_everybody()
        user = _coordinator(LARGE, "juniper.mockup@example.org")
        small = _coordinator(SMALL, "towhee.mockup@example.org")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        connection.connection.execute("VACUUM ANALYZE")
    connection.close()
    client = _signed_in(user)
    # A person who looks at thousands in a minute would be stopped, which is not what is measured.
    with override_settings(ROOT_URLCONF="tests.prove.hello_urls", DEBUG=False):
        from unittest import mock

        with mock.patch("manzanita.auditing.actions._watch"):
            deep = _deep(client)
            addresses = {"hello": "/bench-hello", "first": "/due", "deep": deep}
            seconds: dict[str, list[float]] = {name: [] for name in addresses}
            worked: dict[str, list[float]] = {name: [] for name in addresses}
            for number in range(pages + 10):
                for name, address in addresses.items():
                    took, work = _timed(lambda address=address: client.get(address))
                    if number >= 10:
                        seconds[name].append(took)
                        worked[name].append(work)
            queries = {}
            for name, address in addresses.items():
                with CaptureQueriesContext(connection) as asked:
                    client.get(address)
                queries[name] = len(asked)
        _compliance(client, _signed_in(small))
    took = {name: statistics.median(values) * 1000 for name, values in seconds.items()}
    rate, more = took["hello"] / took["first"], took["deep"] / took["first"]
    work = {name: statistics.median(values) * 1000 for name, values in worked.items()}
    for name, value in took.items():
        print(
            f"{name:<8}{value:>9.1f} ms, {work[name]:.1f} ms of the processor, {queries[name]:>3} statements with "
            "sign-in, reach and read log"
        )
    print(f"of the processor: {work['hello'] / work['first']:.0%} of the rate of the hello page")
    print(f"first page: {rate:.0%} of the rate of the hello page (at least {LEAST_RATE:.0%})")
    print(f"page {DEEP_PAGES} costs {more:.2f} times the first (at most {MOST_DEEP})")
    return 0 if rate >= LEAST_RATE and more <= MOST_DEEP else 1


def _timed(get: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the clock and of the processor. The page answers 200, or sends on after a form."""
    from django.db import connection

    connection.ensure_connection()
    started, used = time.perf_counter(), processor_seconds(connection)
    answer = get()
    took, work = time.perf_counter() - started, processor_seconds(connection) - used
    if answer.status_code not in (200, 302):
        raise RuntimeError(f"{answer.request['PATH_INFO']} answers {answer.status_code}")
    return took, work


def _compliance(large, small) -> None:
    from django.db import connection

    from manzanita.platform.jobs import run_jobs_now

    def told(name: str, get: Callable[[], Any]) -> None:
        took, work = _timed(get)
        print(f"compliance, {name:<44}{took:>7.2f} s, {work:.2f} s of the processor", flush=True)

    told("5,000 students, counted while it waits", lambda: small.get("/compliance"))
    told("60,000 students, before anybody asked", lambda: large.get("/compliance"))
    told("60,000 students, asked to be counted", lambda: large.post("/compliance/count"))
    started, used = time.perf_counter(), processor_seconds(connection)
    done = run_jobs_now(raises_errors=True)
    took, work = time.perf_counter() - started, processor_seconds(connection) - used
    print(
        f"compliance, {'the job that counts them':<44}{took:>7.2f} s, {work:.2f} s of the processor, {done} job"
    )
    told("60,000 students, counted", lambda: large.get("/compliance"))


def _coordinator(lea: str, email: str):
    from datetime import date

    from manzanita.accounts.actions import add_person, grant_perspective
    from manzanita.orgs.models import Agency

    user = add_person(email=email, name="Juniper Mockup", password="a long word of the bench 19")
    grant_perspective(
        user=user,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=lea),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="bench",
    )
    return user


def _signed_in(user):
    from tests.support.sign_in import signed_in

    return signed_in(user)


def _deep(client) -> str:
    """The address of a page far down, found as a reader finds it."""
    import re

    address = "/due?span=any"
    for _ in range(DEEP_PAGES):
        found = re.findall(r'href="(\?[^"]*after=[^"]*)"', client.get(address).content.decode())
        address = "/due" + found[-1].replace("&amp;", "&")
    return address


if __name__ == "__main__":
    sys.exit(main())
