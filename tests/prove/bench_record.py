"""``python -m tests.prove.bench_record``: what the record and its lists cost, on both databases.

In a database of ``--students`` students (:mod:`tests.prove.record_crowd`) a signed-in coordinator opens ``--pages``
random students' pages, each tab of each; finds somebody before entering; types into the search box, where 25,000 can be
found too; has one field of 5,000 students looked at;
compares two records; and opens each list of students with nobody, one, and 25,000 in it, those of private schools and
special groups once more where all 25,000 are on them, and those of who turns five, of whom something is planned, and
who lives in a district and is taught elsewhere (:mod:`tests.prove.coming_crowd`). Told are statements, milliseconds on
the clock and of the processor (this thread and PostgreSQL's process for it: the work of others does not count), and the
size of the page. The goals are judged by the processor, for 95 in 100: a tab of a student's page takes at most 60 ms
(the first one 14 statements), what the box suggests 60 ms, finding 100 ms, a preview 10 s, a list a second.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from tests.prove.california import add_keep, bench_database, parser_of, processor_seconds
from tests.prove.record_crowd import (
    ALL,
    COMING,
    COMING_ONE,
    FIRST_KEY,
    FULL,
    HOME,
    HOME_ONE,
    MANY,
    NONE,
    ONE,
    fill,
    names,
    sizes,
)
from tests.support.databases import SqliteDatabases

TODAY = "2026-11-23"
TABS = ("record", "meetings", "state", "history", "people")
MOST_STATEMENTS, MOST_PAGE, MOST_FIND, MOST_PREVIEW, MOST_LIST = 14, 60.0, 100.0, 10_000.0, 1_000.0
MOST_SUGGESTED = 60.0
LISTS = {
    "home": "/",
    "students": "/students",
    "to settle": "/students/settle",
    "arrivals": "/arrivals",
    "leavings": "/students/leaving",
    "transfers": "/transfers",
    "duplicates": "/students/duplicates",
}
SPECIAL = {
    "private schools": "/students/private-schools",
    "private schools, last page": "/students/private-schools?page=8",
    "private schools, a conflict": "/students/private-schools?conflict=isp-setting",
    **{
        f"group {key}": f"/students/groups?group={key}"
        for key in ("c-to-b", "preschool", "nps", "dsea", "adult")
    },
}
# Of who turns five, and of whom something is planned.
COMINGS = {
    "planned": "/students/planned",
    "planned, of one kind": "/students/planned?what=grade",
    "planned, the day has come": "/students/planned?when=late",
    "planned, last page": "/students/planned?after=49950",
    "turns five, to plan": "/students/turns-five",
    "turns five, five already": "/students/turns-five?list=five",
    "next year": "/students/next-year",
    "next year, by grade": "/students/next-year?list=all&sort=grade",
    "next year, nothing known": "/students/next-year?list=unplanned",
}
# To the district of residence.
RESIDENTS = {
    "live here": "/students",
    "live here, by grade": "/students?list=all&sort=grade",
    "live here, one grade": "/students?list=all&grade=PS",
    "live here, planned": "/students/planned",
    "live here, next year": "/students/next-year",
}
# A list that takes longer is asked less often.
PATIENCE = 20.0


def main() -> int:
    parser = parser_of(__doc__, 100_000)
    parser.add_argument("--pages", type=int, default=300, help="students whose pages are opened")
    parser.add_argument("--on", choices=["postgresql", "sqlite"], help="one database only")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="the lists whose name has it, and nothing else"
    )
    add_keep(parser)
    args = parser.parse_args()
    if args.on is None:
        return _on_each(args)
    place = _sqlite if args.on == "sqlite" else _postgresql
    with place(parser, args) as is_new:
        print(f"\n{args.on}", flush=True)
        if is_new:
            fill(args.students)
        return _bench(args)


def _on_each(args: argparse.Namespace) -> int:
    """Django stands on one database in one process."""
    databases = ["sqlite", *(["postgresql"] if args.postgres else [])]
    failed = 0
    for name in databases:
        command = [sys.executable, "-m", "tests.prove.bench_record", "--on", name]
        for option in ("students", "pages", "only", "postgres", "keep"):
            command += [f"--{option}={getattr(args, option)}"]
        failed += subprocess.run(command, check=False).returncode != 0
    if not args.postgres:
        print("PostgreSQL: not measured, there is no server (TEST_DATABASE_URL).")
    return 1 if failed else 0


@contextmanager
def _postgresql(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Iterator[bool]:
    with bench_database(parser, args, TODAY) as is_new:
        yield is_new


@contextmanager
def _sqlite(parser: argparse.ArgumentParser, args: argparse.Namespace) -> Iterator[bool]:
    import django

    with tempfile.TemporaryDirectory(prefix="manzanita-bench-") as folder:
        url = SqliteDatabases(Path(folder)).new()
        if args.keep:
            url = f"sqlite:///{Path(tempfile.gettempdir()) / f'{args.keep}.sqlite3'}"
        is_new = not Path(url.removeprefix("sqlite:///")).exists()
        os.environ["DATABASE_URL"] = url
        os.environ["MANZANITA_VAR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "manzanita.config.settings"
        os.environ["MANZANITA_TODAY"] = TODAY
        django.setup()
        yield is_new


@dataclass(frozen=True, slots=True)
class Taken:
    """One answer: milliseconds on the clock and of the processor, and bytes."""

    clock: float
    work: float
    size: int


class Told:
    """Prints a line for each thing measured, and keeps which goals were missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []
        print(f"{'':<34}{'':>5}{'on the clock':^18}{'of the processor':^18}{'':>7}", flush=True)
        print(f"{'(ms)':<34}{'SQL':>5}{'p50':>9}{'p95':>9}{'p50':>9}{'p95':>9}{'KB':>7}", flush=True)

    def __call__(
        self, label: str, took: Sequence[Taken], most: float, *, statements: int, most_statements: int = 0
    ) -> None:
        clocks, works = [one.clock for one in took], [one.work for one in took]
        slow = p95(works) > most
        many = bool(most_statements) and statements > most_statements
        goal = f"p95 at most {most:,.0f} ms" + (f", {most_statements} statements" if most_statements else "")
        print(
            f"{label:<34}{statements:>5}{statistics.median(clocks):>9.1f}{p95(clocks):>9.1f}"
            f"{statistics.median(works):>9.1f}{p95(works):>9.1f}{max(one.size for one in took) / 1000:>7.0f}"
            f"   {'MISSED' if slow or many else 'met'}: {goal}",
            flush=True,
        )
        if slow or many:
            self.missed.append(label)


def p95(values: Sequence[float]) -> float:
    return sorted(values)[min(int(len(values) * 0.95), len(values) - 1)]


def as_served() -> None:
    """From here on as in a process that serves pages (``config/wsgi.py``)."""
    from manzanita.config import wsgi  # noqa: F401


def _bench(args: argparse.Namespace) -> int:
    from django.test import override_settings

    as_served()
    started, told = time.monotonic(), Told()
    # Pages come faster than anybody may ask for them.
    limits = {"person": 10**9, "address": 10**9, "writes": 10**9}
    with override_settings(DEBUG=False, REQUESTS_A_MINUTE=limits):
        size, most = sizes(args.students)
        if not args.only:
            _student_pages(told, _signed_in(FULL), size, args.pages)
            _finding(told, FULL, size)
            _batch(told, FULL, size)
        many = f"{most:,}"
        if args.only in "suggestions":
            _suggested(told, FULL, f"{size:,}", 0)
            _suggested(told, MANY, many, size)
        for code, label in ((NONE, "0"), (ONE, "1"), (MANY, many)):
            _lists(told, code, label, LISTS | SPECIAL, only=args.only)
        _lists(told, ALL, f"all {many}", SPECIAL, only=args.only)
        for code, label in ((NONE, "0"), (COMING_ONE, "1"), (COMING, many), (MANY, f"{many} leave")):
            _lists(told, code, label, COMINGS, only=args.only)
        for code, label in ((NONE, "0"), (HOME_ONE, "1"), (HOME, many)):
            _lists(told, code, label, RESIDENTS, "residence", only=args.only)
        if not args.only:
            _merge(told, _signed_in(MANY))
    print(f"measured in {time.monotonic() - started:.0f} s")
    for label in told.missed:
        print(f"MISSED: {label}")
    return 1 if told.missed else 0


def _signed_in(code: str, perspective: str = "coordinator") -> Any:
    """A client of somebody of the LEA, whom the database may know from a run before."""
    from datetime import date

    from manzanita.accounts.actions import add_person, grant_perspective
    from manzanita.accounts.models import User
    from manzanita.orgs.models import Agency
    from manzanita.platform.reach import whole_installation
    from tests.support.sign_in import signed_in

    email = f"{perspective}.{code}@example.org"
    with whole_installation("a bench makes its people"):
        user = User.objects.filter(email=email).first()
        if user is None:
            user = add_person(email=email, name="Juniper Mockup", password="a long word of the bench 19")
            grant_perspective(
                user=user,
                perspective_key=perspective,
                agency=Agency.objects.get(code=code),
                starts_on=date(2025, 7, 1),
                by=None,
                reason="bench",
            )
    return signed_in(user)


def _timed(do: Callable[[], Any]) -> Taken:
    from django.db import connection

    connection.ensure_connection()
    # A person who looks at thousands in a minute would be stopped, which is not what is measured.
    with mock.patch("manzanita.auditing.actions._watch"):
        started, used = time.perf_counter(), _worked()
        answer = do()
        took = time.perf_counter() - started, _worked() - used
    content = getattr(answer, "content", b"")
    if getattr(answer, "status_code", 200) != 200:
        raise RuntimeError(f"{answer.request['PATH_INFO']} answers {answer.status_code}")
    return Taken(took[0] * 1000, took[1] * 1000, len(content))


def _worked() -> float:
    from django.db import connection

    return processor_seconds(connection) if connection.vendor == "postgresql" else time.thread_time()


def _statements(do: Callable[[], Any]) -> int:
    """Without those that only begin and end a transaction."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        do()
    bounds = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    return sum(not one["sql"].startswith(bounds) for one in asked.captured_queries)


def _student_pages(told: Told, client: Any, size: int, pages: int) -> None:
    from manzanita.platform.reach import whole_installation
    from manzanita.students.models import Student

    keys = Random(7).sample(range(FIRST_KEY, FIRST_KEY + size), min(pages, size))
    with whole_installation("a bench looks addresses up"):
        found = list(Student.unscoped.filter(pk__in=keys).values_list("public_id", flat=True))
    for tab in TABS:
        addresses = [
            f"/students/{one}/people" if tab == "people" else f"/students/{one}?tab={tab}" for one in found
        ]
        for address in addresses[:5]:
            client.get(address)
        counts = [_statements(lambda address=address: client.get(address)) for address in addresses[:10]]
        took = [_timed(lambda address=address: client.get(address)) for address in addresses]
        # The tabs beyond the first may ask for what only they show.
        most = MOST_STATEMENTS if tab == "record" else 0
        told(f"student, {tab}", took, MOST_PAGE, statements=max(counts), most_statements=most)


@contextmanager
def _reaching(code: str) -> Iterator[Any]:
    """The coordinator as actor, within reach of the LEA."""
    from django.db import connection, transaction

    from manzanita.accounts.middleware import agencies_of
    from manzanita.accounts.models import Grant
    from manzanita.accounts.queries import actor_of
    from manzanita.platform.reach import reach, whole_installation

    with whole_installation("a bench looks its people up"):
        grant = Grant.objects.select_related("user", "agency").get(
            user__email=f"coordinator.{code}@example.org"
        )
        actor = actor_of(grant.user, grant)
    with reach(agencies_of(actor)), transaction.atomic():
        yield actor
        if connection.in_atomic_block:
            transaction.set_rollback(True)


def _finding(told: Told, code: str, size: int) -> None:
    from manzanita.domain.likeness import Known
    from manzanita.students.finding import candidates

    chosen = Random(11).sample(range(size), min(60, size))
    asked = []
    for place, number in enumerate(chosen):
        first, last, born = names(number)
        asked.append(
            (Known(first, last, born), Known(last, first, born), Known(first, last[:2] + last[3:], born))[
                place % 3
            ]
        )
    with _reaching(code) as actor:
        candidates(actor, asked[0])
        count = _statements(lambda: candidates(actor, asked[1]))
        took = [_timed(lambda known=known: candidates(actor, known)) for known in asked]
    told("find before create", took, MOST_FIND, statements=count)


def _suggested(told: Told, code: str, label: str, first: int) -> None:
    """Of an LEA whose students' numbers begin with ``first``: as one types, the beginning of a last name, all of it,
    and a first name after it; numbers; and somebody who is nowhere."""
    client = _signed_in(code)
    people = [names(first + number * 37 % 5_000) for number in range(60)]
    kinds = {
        "3 letters": [last[:3] for _, last, _ in people],
        "a last name": [last for _, last, _ in people],
        "both names": [f"{last}, {given[:3]}" for given, last, _ in people],
        "an SSID": [str(7_000_000_000 + first + number * 37 % 5_000) for number in range(60)],
        "a local ID": [f"L{number:04}" for number in range(60)],
        "nobody": [f"{last[:4]}xq" for _, last, _ in people],
    }

    def ask(text: str) -> Any:
        return client.post("/students/search/suggestions", {"q": text})

    for kind, texts in kinds.items():
        ask(texts[0])
        count = _statements(lambda texts=texts: ask(texts[1]))
        took = [_timed(lambda text=text: ask(text)) for text in texts]
        told(f"suggestions, {kind}, {label}", took, MOST_SUGGESTED, statements=count)


def _batch(told: Told, code: str, size: int) -> None:
    from manzanita.domain.pasting import read_pasted
    from manzanita.procedures.batch_drafts import Asked, draft_of_lines
    from manzanita.procedures.batch_queries import lines_in_reach

    by_ssid = "\n".join(str(7_000_000_000 + number) for number in range(size))
    by_name = "\n".join(
        f"{last}\t{first}\t{born:%m/%d/%Y}" for first, last, born in (names(number) for number in range(size))
    )

    def preview(text: str) -> None:
        with _reaching(code) as actor:
            batch = draft_of_lines(actor, Asked("next_grade", "05", "Bench"), read_pasted(text))
            if len(lines_in_reach(actor, batch)[:100]) < min(100, size):
                raise RuntimeError("pasted students were not found")

    for label, text in (("SSID", by_ssid), ("name", by_name)):
        count = _statements(lambda text=text: preview(text))
        took = [_timed(lambda text=text: preview(text))]
        told(f"preview of {size:,} by {label}", took, MOST_PREVIEW, statements=count)


def _lists(
    told: Told,
    code: str,
    label: str,
    lists: Mapping[str, str],
    perspective: str = "coordinator",
    *,
    only: str = "",
) -> None:
    from manzanita.platform.reach import whole_installation
    from manzanita.students.models import BatchEdit

    with whole_installation("a bench looks addresses up"):
        batch = BatchEdit.objects.filter(agency_code=code).first()
    if batch and "students" in lists:
        lists = {**lists, "batch preview": f"/students/edits/{batch.public_id}"}
    client = _signed_in(code, perspective)
    for name, address in lists.items():
        if only not in name:
            continue
        count = _statements(lambda address=address: client.get(address, follow=True))
        took, started = [], time.monotonic()
        while len(took) < 20 and time.monotonic() - started < PATIENCE:
            took.append(_timed(lambda address=address: client.get(address, follow=True)))
        told(f"{name}, {label}", took, MOST_LIST, statements=count)


def _merge(told: Told, client: Any) -> None:
    from manzanita.platform.reach import whole_installation
    from manzanita.students.models import DuplicatePair

    with whole_installation("a bench looks addresses up"):
        pairs = list(DuplicatePair.objects.order_by("pk").values_list("pk", flat=True)[5:25])
    addresses = [f"/students/duplicates/{pk}" for pk in pairs]
    count = _statements(lambda: client.get(addresses[0]))
    took = [_timed(lambda address=address: client.get(address)) for address in addresses]
    told("two records compared", took, MOST_LIST, statements=count)


if __name__ == "__main__":
    sys.exit(main())
