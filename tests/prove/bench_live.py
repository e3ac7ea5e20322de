"""``python -m tests.prove.bench_live``: what the rules cost while somebody types, in the engine and in a request.

Builds the demo's data for ``--students`` on PostgreSQL (or on SQLite, without a server). In the engine: all rules of
one student, the reading of her records included; then one field after another gets another value, in the record that is
typed on and, beside it, of any record. In the site: meetings are opened, and each of their fields is saved as it is
typed and the findings beside it are fetched, as the page does. Prints medians and 95th percentiles by the clock and,
for machines on which others work too, of this process's processor time; exits with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.support.databases import Databases, PostgresDatabases, SqliteDatabases

TODAY = "2026-11-23"
# Milliseconds, 95th percentile.
TOUCHED, REQUEST, ALL = 10, 50, 100


class Took(NamedTuple):
    """Seconds by the clock, and of this process's processor time."""

    clock: float
    processor: float


def _now() -> Took:
    return Took(time.perf_counter(), time.process_time())


def _since(start: Took) -> Took:
    now = _now()
    return Took(now.clock - start.clock, now.processor - start.processor)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--students", type=int, default=5_000, help="of the demo")
    parser.add_argument(
        "--asked", type=int, default=60, help="students whose fields are changed in the engine"
    )
    parser.add_argument("--meetings", type=int, default=12, help="that are opened and typed on")
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    parser.add_argument("--on", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.on:
        return _bench(Path(args.on), args.asked, args.meetings)
    with tempfile.TemporaryDirectory(prefix="manzanita-bench-") as folder:
        kind: Databases = (
            PostgresDatabases(args.postgres) if args.postgres else SqliteDatabases(Path(folder) / "databases")
        )
        database = kind.new()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MANZANITA_")},
            "DATABASE_URL": database,
            "MANZANITA_VAR": str(Path(folder) / "var"),
            "MANZANITA_TODAY": TODAY,
            "DJANGO_SETTINGS_MODULE": "manzanita.config.settings",
            # As in the processes that serve pages.
            "POLARS_MAX_THREADS": "1",
        }
        files = Path(folder) / "files"
        made = ["--students", str(args.students), "--seed", "1", "--as-of", TODAY, "--out", str(files)]
        numbers = ["--asked", str(args.asked), "--meetings", str(args.meetings)]
        try:
            for command in (
                ["-m", "manzanita.cli", "synth", *made],
                ["-m", "tests.prove.bench_live", "--on", str(files), *numbers],
            ):
                done = subprocess.run([sys.executable, *command], env=environment, check=False)
                if done.returncode:
                    return done.returncode
            return 0
        finally:
            kind.drop(database)


def _bench(files: Path, asked: int, meetings: int) -> int:
    import django

    django.setup()
    from datetime import date

    from django.core.management import call_command
    from django.db import connection

    from manzanita.platform.reach import whole_installation
    from manzanita.procedures.demo import build_demo

    warnings.filterwarnings("ignore", "No directory at")
    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    with whole_installation("a measurement"):
        signs = build_demo(files, date.fromisoformat(TODAY))
        _say(f"{connection.vendor}: demo built in {time.perf_counter() - started:.0f} s")
        is_met = _bench_engine(asked)
        opened, email = _open_meetings(
            meetings, [sign.email for sign in signs if sign.perspective == "Case manager"]
        )
    return 0 if _bench_requests(opened, email) and is_met else 1


def _bench_engine(asked: int) -> bool:
    from datetime import date

    from manzanita.domain.layouts import RECORDS
    from manzanita.domain.validation.live import LiveRecords
    from manzanita.exchange.believed import believed_rows
    from manzanita.exchange.models import StateRecord
    from manzanita.procedures.correct import CORRECTABLE

    chance = Random(1)
    known = sorted(StateRecord.objects.values_list("student_id", flat=True).distinct())
    students = chance.sample(known, min(asked, len(known)))
    as_of, year = date.fromisoformat(TODAY), "2026-2027"
    people = {pk: believed_rows([pk])[pk] for pk in students}
    values: dict[str, list[str]] = defaultdict(list)
    for rows in people.values():
        for row in (row for of_record in rows.values() for row in of_record):
            for number, value in row.items():
                values[number].append(value)

    whole = []
    LiveRecords(people[students[0]], as_of=as_of, year=year)
    for pk in students:
        started = _now()
        LiveRecords(believed_rows([pk])[pk], as_of=as_of, year=year)
        whole.append(_since(started))
    is_met = _tell("all rules of one student, with loading", whole, ALL)

    def change(about: Sequence[str], numbers: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Took]]:
        for pk in students:
            rows = {record: [dict(row) for row in of_record] for record, of_record in people[pk].items()}
            for record in (record for record in RECORDS if record in numbers and rows.get(record)):
                live = LiveRecords(rows, as_of=as_of, year=year, about=about or [record])
                for number in numbers[record]:
                    row = chance.choice(rows[record])
                    before, row[number] = row[number], chance.choice(values[number])
                    if row[number] == before:
                        row[number] = "" if before else "1"
                    started = _now()
                    live.update(rows)
                    yield number, _since(started)
                    row[number] = before
                    live.update(rows)

    is_met &= _tell_fields("a field that people type, its record", list(change([], CORRECTABLE)), TOUCHED)
    _tell_fields("the same, all records of the student", list(change(RECORDS, CORRECTABLE)))
    every = {
        record: list(people[students[0]][record][0]) for record in CORRECTABLE if people[students[0]][record]
    }
    _tell_fields("any field of the four records, all records of the student", list(change(RECORDS, every)))
    return is_met


def _open_meetings(count: int, emails: Sequence[str]) -> tuple[list[str], str]:
    """Annual reviews of one person's students that are under way, by public id, and who types."""
    from manzanita.accounts.models import User
    from manzanita.accounts.queries import actor_of, grants_in_force
    from manzanita.domain.access import Capability
    from manzanita.domain.scenarios import EVENTS
    from manzanita.meetings.actions import NotPossible, open_meeting
    from manzanita.meetings.hold_actions import hold_meeting
    from manzanita.platform import clock
    from manzanita.students.queries import facts_of
    from manzanita.students.scope import visible_to

    for email in emails:
        user = User.objects.get(email=email)
        actor = actor_of(user, next(iter(grants_in_force(user, clock.today()))))
        if not actor.may(Capability.HOLD_MEETING):
            continue
        opened = []
        planned = (one for one in visible_to(actor).order_by("pk") if facts_of(one).plan_on(clock.today()))
        for student in islice(planned, count):
            try:
                meeting = open_meeting(actor=actor, student=student, event=EVENTS["annual"])
            except NotPossible:
                continue
            hold_meeting(actor=actor, meeting=meeting, held_on=clock.today(), delay_code="30")
            opened.append(str(meeting.public_id))
        return opened, email
    raise RuntimeError("nobody of the demo holds meetings")


def _bench_requests(opened: Sequence[str], email: str) -> bool:
    from django.conf import settings

    from manzanita.accounts.models import User
    from tests.support.sign_in import signed_in

    # Nobody types as fast as this.
    settings.REQUESTS_A_MINUTE = dict.fromkeys(settings.REQUESTS_A_MINUTE, 100_000)
    client = signed_in(User.objects.get(email=email))
    chance, saved, shown = Random(1), [], []
    by_field: dict[str, list[Took]] = defaultdict(list)
    for meeting in opened:
        for step in ("eligibility", "placement", "transition", "other"):
            fields = _fields_of(client, meeting, step)
            for key, revision, options in fields:
                value = chance.choice(options)
                save = {key: value, f"rev.{key}": revision}
                started = _now()
                answer = client.post(f"/meetings/{meeting}/answer", save, headers={"HX-Request": "true"})
                saved.append(_since(started))
                started = _now()
                live = client.get(f"/meetings/{meeting}/live?step={step}", headers={"HX-Request": "true"})
                shown.append(_since(started))
                by_field[key].append(shown[-1])
                if (answer.status_code, live.status_code) != (200, 200):
                    raise RuntimeError(f"{key}: {answer.status_code}, {live.status_code}")
    is_met = _tell(f"request: save a field as it is typed ({len(opened)} meetings)", saved, REQUEST)
    is_met &= _tell("request: the findings beside it", shown, REQUEST)
    _say("  dearest: " + _dearest(by_field))
    return is_met


def _fields_of(client, meeting: str, step: str) -> list[tuple[str, str, list[str]]]:
    """Key, revision and possible values of each control of one step of a meeting."""
    import re

    text = client.get(f"/meetings/{meeting}?step={step}").content.decode()
    found = []
    for key, revision in re.findall(r'name="rev\.([^"]+)"[^>]*value="(\d*)"', text):
        control = text[text.index(f'name="{key}"') :]
        is_choice = control.index(">") < control.find("<option") < control.find("</select>")
        options = (
            re.findall(r'<option value="([^"]*)"', control[: control.find("</select>")])
            if is_choice
            else ["80", "90"]
        )
        found.append((key, revision, options or [""]))
    return found


def _tell_fields(what: str, measured: Sequence[tuple[str, Took]], goal: int = 0) -> bool:
    by_field: dict[str, list[Took]] = defaultdict(list)
    for number, took in measured:
        by_field[number].append(took)
    is_met = _tell(what, [took for _, took in measured], goal)
    _say(f"  {len(by_field)} fields; dearest: {_dearest(by_field)}")
    return is_met


def _dearest(by_field: Mapping[str, Sequence[Took]]) -> str:
    medians = sorted(
        ((statistics.median(took.clock for took in one), name) for name, one in by_field.items()),
        reverse=True,
    )
    return ", ".join(f"{name} {seconds * 1000:.1f} ms" for seconds, name in medians[:6])


def _tell(what: str, took: Sequence[Took], goal: int = 0) -> bool:
    """Print one row; whether the goal for the 95th percentile (ms; 0: none) is met."""
    clock, processor = (sorted(one[place] * 1000 for one in took) for place in (0, 1))
    high = int(len(took) * 0.95)
    verdict = f", goal {goal}: {'met' if clock[high] <= goal else 'MISSED'}" if goal else ""
    _say(
        f"{what}: median {statistics.median(clock):.1f} ms, p95 {clock[high]:.1f} ms{verdict}; processor "
        f"{statistics.median(processor):.1f}, {processor[high]:.1f} ms ({len(took)} measured)"
    )
    return not goal or clock[high] <= goal


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
