"""``python -m tests.prove.audit``: changes sealed logs directly in the database and looks whether the verifier sees it.

On a database of each sort stand the logs of three LEAs, sealed in several rounds. Every trial does one thing to them by
plain SQL, as somebody does who owns the database but not the key: alter, delete, insert, swap, truncate, or chain anew
with a key of one's own. It is found when the verifier says so and names the right place: the row that was altered,
deleted or put in, one of the two that were swapped, the LEA whose chain was cut, the first row that was chained anew.
Then the trial is rolled back. Before and after all trials nothing is wrong: the verifier must say that too.
``--seed S --trials 1`` repeats trial S.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from tests.prove.audit_tampering import DEEDS, Told
from tests.support.databases import Databases, PostgresDatabases, SqliteDatabases

LEAS = ("9910017", "9910025", "")
ROWS = 90
ROUNDS = 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first trial; the next has the next number"
    )
    parser.add_argument("--postgres", default=os.environ.get("TEST_DATABASE_URL", ""), metavar="URL")
    parser.add_argument("--on", default="", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.on:
        return _prove(args.on, args.trials, args.seed)
    with tempfile.TemporaryDirectory(prefix="manzanita-audit-") as folder:
        kinds: list[Databases] = [SqliteDatabases(Path(folder) / "databases")]
        if args.postgres:
            kinds.append(PostgresDatabases(args.postgres))
        codes = [_in_a_process(kind, Path(folder) / kind.name, args) for kind in kinds]
    if not args.postgres:
        print(
            "PostgreSQL: not tried (give --postgres, set TEST_DATABASE_URL, or go through tests.support.postgres)"
        )
    return max(codes)


def _in_a_process(kind: Databases, folder: Path, args: argparse.Namespace) -> int:
    """A process knows one database only."""
    database = kind.migrated()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MANZANITA_")},
        "DATABASE_URL": database,
        "MANZANITA_VAR": str(folder),
        "DJANGO_SETTINGS_MODULE": "manzanita.config.settings",
    }
    command = [sys.executable, "-m", "tests.prove.audit", "--on", kind.name]
    try:
        done = subprocess.run(
            [*command, "--trials", str(args.trials), "--seed", str(args.seed)], env=environment, check=False
        )
        return done.returncode
    finally:
        kind.drop(database)


def _prove(name: str, trials: int, seed: int) -> int:
    import django

    django.setup()
    _fill()
    started = time.monotonic()
    tried: Counter[str] = Counter()
    found: Counter[str] = Counter()
    is_clean_before = _is_clean()
    for number in range(seed, seed + trials):
        kind, is_found, words = _trial(number)
        tried[kind] += 1
        found[kind] += is_found
        if not is_found:
            print(f"NOT FOUND on {name}: --seed {number} --trials 1 ({kind}): {words}", flush=True)
    is_clean = is_clean_before and _is_clean()
    each = ", ".join(f"{kind} {found[kind]}/{count}" for kind, count in sorted(tried.items()))
    seconds = time.monotonic() - started
    print(f"{name}: {found.total()} of {trials} found ({each}) in {seconds:.1f} s", flush=True)
    print(f"{name}: without tampering {'sound' if is_clean else 'NOT SOUND'}", flush=True)
    return 0 if is_clean and found.total() == trials else 1


def _fill() -> None:
    """Logs of three LEAs, a fixed mixture of pages, lists, exports, acts and disclosures, sealed in rounds."""
    from manzanita.auditing.sealing import seal_waiting
    from tests.support.audit_rows import write_row

    chance = Random(0)
    for number in range(1, ROWS + 1):
        write_row(chance, LEAS[number % len(LEAS)])
        if number % (ROWS // ROUNDS) == 0:
            seal_waiting()
    seal_waiting()


def _trial(number: int) -> tuple[str, bool, str]:
    """One deed, rolled back: its kind, whether it was found where it was done, and what was done and said."""
    from django.db import transaction

    from manzanita.auditing.verifying import verify

    chance = Random(number)
    # In turn, so that a small count tries every kind too.
    kind = list(DEEDS)[number % len(DEEDS)]
    with transaction.atomic():
        told: Told = chance.choice(DEEDS[kind])(chance)
        report = verify()
        transaction.set_rollback(True)
    said = [(one.lea_code, one.log, one.row_id) for one in report.problems]
    return kind, told.is_named_by(said), f"{told.words}; said {[str(one) for one in report.problems[:3]]}"


def _is_clean() -> bool:
    from manzanita.auditing.verifying import verify

    report = verify()
    for problem in report.problems:
        print(f"WRONG without tampering: {problem}", flush=True)
    return report.is_sound and report.row_count == ROWS and report.waiting_count == 0


if __name__ == "__main__":
    sys.exit(main())
