"""``python -m tests.prove.bench_batch``: one field of 5,000 students changed together, in a large database.

In a database of ``--students`` students (``tests.prove.california``) the coordinator of an LEA of 5,000 pastes all of
them by SSID, and again by name and birth date, and gives each a grade for the next year. A preview is reading what was
pasted, the draft with every student's old value and what stands against it, and the first page of lines; as the
application's role, under row-level security. Told are seconds on the clock and of the processor (this thread and the
server's process for it); a preview may take ``--most`` seconds of the processor. Applying is told, too: that is the
job's, with a bar that moves.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.prove.california import (
    LARGE_SIZE,
    SMALL_SIZE,
    actors,
    add_keep,
    bench_database,
    fill,
    parser_of,
    processor_seconds,
)
from tests.support.databases import APP_ROLE


def main() -> int:
    parser = parser_of(__doc__, 100_000)
    parser.add_argument("--most", type=float, default=10.0, help="seconds that a preview may take")
    add_keep(parser)
    args = parser.parse_args()
    with bench_database(parser, args) as is_new:
        if is_new:
            fill(args.students)
        return _bench(args)


def _bench(args: argparse.Namespace) -> int:
    from django.db import connection

    from manzanita.domain.pasting import read_pasted
    from manzanita.procedures.batch_drafts import Asked, draft_of_lines
    from manzanita.procedures.batch_job import _apply_lines
    from manzanita.procedures.batch_queries import counts_of, lines_in_reach
    from manzanita.students.models import BatchEdit

    actor = actors()["coordinator of 5,000"]
    lists = _lists()
    problems = []
    for name, text in lists.items():
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {APP_ROLE}")
        made: dict[str, BatchEdit] = {}

        def preview(text: str = text, made: dict[str, BatchEdit] = made) -> str:
            asked = Asked("next_grade", "05", "Bench")
            batch = made["batch"] = draft_of_lines(actor, asked, read_pasted(text))
            shown = len(lines_in_reach(actor, batch)[:100])
            return f"{counts_of(batch)['ready']:,} ready, {len(batch.problems):,} of nobody, {shown} shown"

        def apply(made: dict[str, BatchEdit] = made) -> str:
            batch = made["batch"]
            lines = list(lines_in_reach(actor, batch).filter(state="ready"))
            for start in range(0, len(lines), 100):
                _apply_lines(actor, batch, lines[start : start + 100])
            return f"{counts_of(batch)['done']:,} done"

        for used in _timed(actor, {f"preview {name}": preview, f"apply {name}": apply}):
            if used > args.most and not problems:
                problems.append(f"preview {name}: {used:.1f} s")
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def _lists() -> dict[str, str]:
    from django.db import connection

    low, high = LARGE_SIZE + 1, LARGE_SIZE + SMALL_SIZE
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "SELECT id, first_name, last_name, birth_on FROM students_student WHERE id BETWEEN %s AND %s",
            [low, high],
        )
        people = cursor.fetchall()
    return {
        "by SSID": "\n".join(f"{8_000_000_000 + pk}" for pk, *_ in people),
        "by name": "\n".join(f"{last}\t{first}\t{born:%m/%d/%Y}" for _, first, last, born in people),
    }


def _timed(actor: Any, steps: dict[str, Callable[[], str]]) -> list[float]:
    """Does the steps in one transaction and takes it back; the processor's seconds of the previews."""
    from django.db import connection, transaction

    from manzanita.accounts.middleware import agencies_of
    from manzanita.platform.reach import reach

    found = []
    with reach(agencies_of(actor)), transaction.atomic():
        for label, step in steps.items():
            started, before = time.perf_counter(), processor_seconds(connection)
            words = step()
            took, used = time.perf_counter() - started, processor_seconds(connection) - before
            print(
                f"{label:<20}{took:>8.1f} s on the clock{used:>8.1f} s of the processor   {words}", flush=True
            )
            if label.startswith("preview"):
                found.append(used)
        transaction.set_rollback(True)
    return found


if __name__ == "__main__":
    sys.exit(main())
