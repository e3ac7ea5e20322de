"""``manzanita bench``: what it costs to validate a district, a SELPA and the whole state."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

HELP = "Measure validation: time, memory, growth, and how it compares with reading the same files."
SIZES = (10_000, 100_000, 850_000)
AS_OF, YEAR = date(2026, 11, 23), "2026-2027"
# One rule about values and twenty about rows: half of them look beside the row. They are written once more in SQL and
# in plain Python (make bench-rules).
SUBSET = (
    "MZ-DIGITS",
    *("SWDS0594", "GERR0005", "SWDS0618", "MZ-STATUS-NO-REASON", "MZ-STATUS-ENTRY-CHANGED"),
    *("MZ-MEET-LATE", "MZ-MEET-CONSENT-ORDER", "MZ-MEET-BEFORE-BIRTH"),
    *("PLAN0726", "PLAN0663F1", "PLAN0673F1", "PLAN0679E1", "PLAN0366E4"),
    *("SERV0327", "SERV0328", "MZ-SERV-NO-PLAN", "MZ-SERV-SHORT", "MZ-SERV-NO-DURATION"),
    *("SENR0632", "MZ-SENR-EXIT"),
)
GOALS = {"all": 4.0, "21": 2.0}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process needed: ``wall`` and ``cpu`` (user and system) in seconds, ``peak`` in bytes.

    ``told`` is what it wrote, read as JSON.
    """

    wall: float
    cpu: float
    peak: int
    told: dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--students",
        type=int,
        nargs="+",
        default=list(SIZES),
        metavar="N",
        help="sizes; each is made once with manzanita synth and kept (default: %(default)s)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        default=default_cache(),
        metavar="DIR",
        help="where they are kept, 240 MB for 100,000 students (default: %(default)s)",
    )
    parser.add_argument("--folder", type=Path, metavar="DIR", help="measure these files instead")
    parser.add_argument(
        "--rules",
        choices=("both", "all", "21"),
        default="both",
        help="all rules, 21 of them, or both in turn",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, metavar="N", help="the median of so many is told (default: 3)"
    )
    parser.add_argument("--measure", choices=("nothing", "parse", "all", "21"), help=argparse.SUPPRESS)
    parser.epilog = (
        "Each figure is that of a process of its own, and ratios are between processes that ran in turn: quote those, "
        "not seconds. A goal is met where wall time and CPU time both meet it. Parsing is what Polars needs to read "
        "the record files whole, all values as text."
    )


def run(args: argparse.Namespace) -> int:
    """0 always, but 2 where there is nothing to measure. Goals that are missed are said and are no error."""
    if args.measure:
        from manzanita.platform.memory import keep_freed_memory

        # As validate does; parsing is measured under the same conditions.
        keep_freed_memory()
        sys.stdout.write(json.dumps(_MEASURED[args.measure](args.folder)) + "\n")
        return 0
    if args.rounds < 1:
        return _refuse("--rounds is at least 1.")
    chosen = ["all", "21"] if args.rules == "both" else [args.rules]
    earlier: dict[str, tuple[int, Cost]] = {}
    for students, folder in _folders(args):
        if not folder.is_dir():
            return _refuse(f"{folder} is not a folder.")
        costs = in_turn({what: _command(what, folder) for what in ("nothing", "parse", *chosen)}, args.rounds)
        rows = costs[chosen[0]].told["rows"]
        load = os.getloadavg()[0]
        size = costs["parse"].told["bytes"] / 1e6
        _say(f"\n{students or 'These'} students: {size:.0f} MB, {rows} rows; load of the machine {load:.1f}")
        _say(f"  {'':22}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'wall ÷ parse':>14}{'CPU ÷ parse':>13}")
        for what, cost in costs.items():
            _say(f"  {_NAMES[what]:22}{_figures(cost)}{_ratios(cost, costs['parse'])}")
        for what in chosen:
            _say_of(what, costs[what], costs["parse"], students, earlier)
    return 0


def in_turn(commands: dict[str, Sequence[str]], rounds: int) -> dict[str, Cost]:
    """Run each of ``commands`` so many times, in turn; the one with the median wall time of each."""
    taken: dict[str, list[Cost]] = {what: [] for what in commands}
    for _ in range(rounds):
        for what, command in commands.items():
            taken[what].append(cost_of(command))
    return {what: sorted(costs, key=lambda cost: cost.wall)[len(costs) // 2] for what, costs in taken.items()}


def cost_of(command: Sequence[str]) -> Cost:
    """Run ``command``, which writes one line of JSON. Raises ``CalledProcessError`` where it fails."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        written = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit, json.loads(written))


def made_folder(students: int, cache: Path | None = None) -> Path:
    """The files of so many fictitious students, made where they are not there yet."""
    folder = (cache or default_cache()) / str(students)
    if not folder.exists():
        _say(f"Making {students} students in {folder} ...")
        unfinished = folder.with_suffix(".part")
        synth = ["synth", "--students", str(students), "--out", str(unfinished)]
        subprocess.run([sys.executable, "-m", "manzanita.cli", *synth], check=True)
        unfinished.rename(folder)
    return folder


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "manzanita" / "bench"


def _folders(args: argparse.Namespace) -> Iterator[tuple[int, Path]]:
    if args.folder:
        yield 0, args.folder
    else:
        for students in sorted(args.students):
            yield students, made_folder(students, args.cache)


def _command(what: str, folder: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "manzanita.cli", "bench"),
        *("--measure", what, "--folder", str(folder)),
    ]


def _nothing(_folder: Path) -> dict[str, Any]:
    import manzanita.domain.validation.folder  # noqa: F401

    return {}


def _parse(folder: Path) -> dict[str, Any]:
    import polars as pl

    paths = _record_files(folder)
    rows = 0
    for path in paths:
        frame = pl.read_csv(
            path,
            has_header=False,
            separator="^",
            quote_char=None,
            infer_schema=False,
            empty_string_is_null=False,
        )
        rows += frame.height
    return {"rows": rows, "bytes": sum(path.stat().st_size for path in paths)}


def _record_files(folder: Path) -> list[Path]:
    from manzanita.domain.layouts.blocks import UnreadableFile, open_record_file

    found = []
    for path in sorted(folder.iterdir()):
        try:
            open_record_file(path)
        except UnreadableFile:
            continue
        found.append(path)
    return found


def _validate(codes: Sequence[str] | None) -> Callable[[Path], dict[str, Any]]:
    def measured(folder: Path) -> dict[str, Any]:
        from manzanita.domain.rules import field_rules
        from manzanita.domain.rules.declaration import PHASES, Setting
        from manzanita.domain.validation import rules_at
        from manzanita.domain.validation.folder import findings_in

        setting = Setting(AS_OF, YEAR)
        with findings_in(folder, setting, codes=codes) as told:
            found = sum(1 for _ in told.findings)
        rules = [
            *((rule, rule.records) for rule in field_rules()),
            *((rule, rule.subjects) for rule in rules_at(setting, PHASES)),
        ]
        rules = [(rule, records) for rule, records in rules if codes is None or rule.code in codes]
        row_rules = sum(read.lines for read in told.files for _, records in rules if read.record in records)
        return {
            "rows": sum(read.lines for read in told.files),
            "rules": len(rules),
            "row_rules": row_rules,
            "findings": found,
            "partitions": told.partitions,
        }

    return measured


_MEASURED: dict[str, Callable[[Path], dict[str, Any]]] = {
    "nothing": _nothing,
    "parse": _parse,
    "all": _validate(None),
    "21": _validate(SUBSET),
}
_NAMES = {"nothing": "imports only", "parse": "parse only", "all": "all rules", "21": "21 rules"}


def _figures(cost: Cost) -> str:
    return f"{cost.wall:9.2f}{cost.cpu:9.2f}{cost.peak / 1e6:9.0f}"


def _ratios(cost: Cost, parse: Cost) -> str:
    return f"{cost.wall / parse.wall:14.2f}{cost.cpu / parse.cpu:13.2f}"


def _say_of(what: str, cost: Cost, parse: Cost, students: int, earlier: dict[str, tuple[int, Cost]]) -> None:
    told = cost.told
    # On a machine with other work one of them flatters.
    ratio, goal = max(cost.wall / parse.wall, cost.cpu / parse.cpu), GOALS[what]
    _say(
        f"  {_NAMES[what]}: {told['rules']} rules, {told['row_rules']} row-rules at "
        f"{cost.cpu / told['row_rules'] * 1e6:.3f} µs of CPU; {told['findings']} findings; "
        f"{told['partitions']} partitions; {ratio:.2f} times parsing, goal at most {goal:.0f}"
        f"{'' if ratio <= goal else ' (missed)'}"
    )
    if students and what in earlier:
        before, smaller = earlier[what]
        times, growth = students / before, cost.wall / smaller.wall
        exponent = math.log(growth) / math.log(times)
        _say(
            f"  {_NAMES[what]}: {times:.1f} times the students, {growth:.1f} times the wall time "
            f"(exponent {exponent:.2f}), {cost.peak / smaller.peak:.1f} times the memory"
        )
    earlier[what] = (students, cost)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _refuse(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 2
