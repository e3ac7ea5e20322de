"""``python -m tests.prove.fuzz``: damages sound files of the seven records at random and looks whether a line is lost.

Of each file that comes out: the reader raises nothing but ``UnreadableFile``; every line that is not blank is either
read, value by value as it stands, or set aside by its number, as a plain count of the bytes says; a file is refused as
a whole only where no line is sound; a value that is emptied and a line that is left out have a finding; in every fourth
run all rules look at it beside sound files of the other records; and none of it takes longer than a second.
``--seed S --runs 1`` repeats run S.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from random import Random
from typing import TYPE_CHECKING

import django
import polars as pl

from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import RecordFile, UnreadableFile, parse_record_file, write_lines
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.rules.examples import meet, plan, psts, senr, serv, sinf, swds
from manzanita.domain.validation import evaluate_frames, load_frame
from tests.prove.mutations import MUTATIONS

if TYPE_CHECKING:
    from manzanita.procedures.sis_lines import SisFile

SETTING = Setting(date(2026, 11, 23), "2026-2027")
LONGEST_SECONDS = 1.0
# What waits without working is a hang too, but a machine that does other things beside makes everything wait.
_MOST_WAITING = 20
# All rules cost ten times what reading costs.
ALL_RULES_EVERY = 4
# Counted by hand from the layouts; an extract has two fields more.
FIELDS = {"SENR": 35, "SINF": 42, "SWDS": 13, "MEET": 19, "PLAN": 35, "SERV": 17, "PSTS": 14}
EXAMPLES = {"SENR": senr, "SINF": sinf, "SWDS": swds, "MEET": meet, "PLAN": plan, "SERV": serv, "PSTS": psts}
SSID = {"SENR": "1.08", "SINF": "2.09", "SWDS": "22.06", "MEET": "24.06", "PLAN": "23.06", "SERV": "25.07"}
NAMES = ("Wren", "Núñez", "Đặng", "O'Lark", "毛", "Ann-Marie")
OTHER_SORTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b", b"%PDF", b"\xff\xfe", b"\xfe\xff")


class _Watch:
    """Seconds of work since it was made."""

    def __init__(self) -> None:
        self._clock, self._processor = time.monotonic(), time.process_time()

    def seconds(self) -> float:
        waited = time.monotonic() - self._clock
        return max(time.process_time() - self._processor, waited / _MOST_WAITING)


class Lost(Exception):
    """A line, a value or the reason for one is gone."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--runs", type=int, default=0, help="a fixed number instead of a time")
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next has the next number")
    args = parser.parse_args()
    seconds = args.minutes * 60 + args.seconds
    if not seconds and not args.runs:
        parser.error("say how long: --minutes, --seconds or --runs")
    fuzz = Fuzz()
    started = time.monotonic()
    seed = args.seed
    while seed < args.seed + args.runs if args.runs else time.monotonic() - started < seconds:
        fuzz.run(seed)
        seed += 1
    fuzz.report(time.monotonic() - started)
    return 1 if fuzz.failures else 0


class Fuzz:
    """Runs and what came of them."""

    def __init__(self) -> None:
        self.sound = {record: sound_file(record) for record in FIELDS}
        self.frames = {
            record: _frame(parse_record_file(data, f"{record}.txt")) for record, data in self.sound.items()
        }
        self.read_sis_file = _sis_reader()
        self.counts: Counter[str] = Counter()
        self.slowest = (0.0, 0)
        self.failures = 0

    def run(self, seed: int) -> None:
        data, told = self.damaged(seed)
        try:
            seconds = self._timed(data, seed)
            if seconds > LONGEST_SECONDS:
                # Once may be chance: only what is slow twice is slow.
                seconds = min(seconds, self._timed(data, seed))
                if seconds > LONGEST_SECONDS:
                    raise Lost(f"{seconds:.1f} s for {len(data)} bytes")
            self.slowest = max(self.slowest, (seconds, seed))
        except Exception as error:  # the point of the exercise
            self.failures += 1
            place = traceback.extract_tb(error.__traceback__)[-1]
            print(
                f"FAILED --seed {seed} --runs 1 ({' + '.join(told)}): {type(error).__name__} at "
                f"{place.filename.rsplit('/', 1)[-1]}:{place.lineno}: {str(error)[:300]}",
                flush=True,
            )
        self.counts["runs"] += 1

    def damaged(self, seed: int) -> tuple[bytes, list[str]]:
        chance = Random(seed)
        record = chance.choice(list(FIELDS))
        lines = self.sound[record].splitlines(keepends=True)
        data = b"".join(lines[: chance.randint(1, len(lines))])
        other = self.sound[chance.choice(list(FIELDS))]
        chosen = chance.choices(MUTATIONS, k=chance.choice((1, 1, 2, 3, 5, 8)))
        for mutate in chosen:
            data = mutate(data, other, chance)
        return data, [record, *(mutate.__name__ for mutate in chosen)]

    def _timed(self, data: bytes, seed: int) -> float:
        watch = _Watch()
        try:
            file = parse_record_file(data, "fuzz.txt")
        except UnreadableFile as unreadable:
            file, refused = None, unreadable
        seconds = watch.seconds()
        lines = plain_lines(data)
        if file is None:
            self.counts["files refused as a whole"] += 1
            check_refused(refused, data, lines)
        else:
            self.counts["lines read"] += file.frame.height
            self.counts["lines set aside"] += len(file.set_aside)
            check_lines(file, lines)
            seconds += self._judge(file, seed)
        watch = _Watch()
        sis = self.read_sis_file(data, "fuzz.txt", lea_code="9912345")
        seconds += watch.seconds()
        settled = len(sis.lines) + sis.counts["refused"] + sis.counts["elsewhere"]
        if settled != sis.line_count:
            raise Lost(f"import: {settled} of {sis.line_count} lines accounted for")
        return seconds

    def _judge(self, file: RecordFile, seed: int) -> float:
        watch = _Watch()
        loaded = load_frame(file)
        if seed % ALL_RULES_EVERY == 0:
            evaluate_frames({**self.frames, file.record: _frame(file)}, SETTING)
            self.counts["files judged by all rules"] += 1
        seconds = watch.seconds()
        self.counts["findings on values"] += len(loaded.findings)
        told = {(one.line, number) for one in loaded.findings for number in one.fields}
        after = {row["line"]: row for row in loaded.frame.iter_rows(named=True)}
        for row in file.frame.iter_rows(named=True):
            line = row["line"]
            if line not in after:
                if not any(number in file.layout.key for where, number in told if where == line):
                    raise Lost(f"line {line} is left out without a finding on its key")
            elif after[line] != row:
                changed = {number for number in file.layout.numbers if after[line][number] != row[number]}
                if any((line, number) not in told for number in changed):
                    raise Lost(f"line {line}: {sorted(changed)} emptied without a finding")
        return seconds

    def report(self, seconds: float) -> None:
        told = ", ".join(f"{self.counts[name]} {name}" for name in sorted(self.counts) if name != "runs")
        print(
            f"{self.counts['runs']} runs in {seconds:.0f} s: {told}; slowest {self.slowest[0]:.2f} s (--seed "
            f"{self.slowest[1]}); {self.failures} failed"
        )


def sound_file(record: str) -> bytes:
    """Forty lines of forty students. The PLAN file is an extract, the others are as they are sent."""
    rows = []
    for number in range(40):
        changes = {SSID.get(record, "17.08"): f"99000000{number + 1:02}"}
        for text in ("1.10", "2.11"):
            if text.startswith(f"{layout(record).fields[0].number.split('.')[0]}."):
                changes[text] = NAMES[number % len(NAMES)]
        rows.append(EXAMPLES[record](changes))
    is_extract = record == "PLAN"
    if is_extract:
        rows = [{**row, "upload_date": "20261101", "last_updated": "20261102"} for row in rows]
    return "".join(f"{line}\n" for line in write_lines(layout(record), rows, is_extract=is_extract)).encode()


def plain_lines(data: bytes) -> Mapping[int, bytes]:
    """Lines by number that are not blank, told from bytes alone."""
    while b"\r\r\n" in data:
        data = data.replace(b"\r\r\n", b"\r\n")
    data = data.replace(b"\r\n", b"\n")
    if data.count(b"\r") > data.count(b"\n"):
        data = data.replace(b"\r", b"\n")
    lines = [line.removeprefix(b"\xef\xbb\xbf") for line in data.split(b"\n")]
    return {number: line for number, line in enumerate(lines, start=1) if line.strip()}


def check_lines(file: RecordFile, lines: Mapping[int, bytes]) -> None:
    read = file.frame["line"].to_list()
    aside = [one.line for one in file.set_aside]
    both = Counter(read + aside)
    if max(both.values(), default=0) > 1:
        raise Lost("a line is settled twice")
    if lost := sorted(lines.keys() - both.keys()):
        raise Lost(f"{len(lost)} lines lost, the first is line {lost[0]}")
    if any(not one.message or one.file != "fuzz.txt" or one.line is None for one in file.set_aside):
        raise Lost("a line is set aside without a word or a place")
    columns = [name for name in file.frame.columns if name != "line"]
    for line, *values in file.frame.select("line", *columns).iter_rows():
        start = values[0] + ("-R" if file.is_extract else "")
        written = "^".join([start, *values[1:]])
        if written.encode() != lines[line].rstrip(b"\r"):
            raise Lost(f"line {line} is not read as it stands")


def check_refused(refused: UnreadableFile, data: bytes, lines: Mapping[int, bytes]) -> None:
    if "fuzz.txt" not in str(refused):
        raise Lost("a file is refused without its name")
    if data.startswith(OTHER_SORTS) or b"<html" in data[:200].lower() or b"<!doctype" in data[:200].lower():
        return
    sound = [number for number, line in lines.items() if is_sound(line)]
    if sound:
        raise Lost(f"the file is refused, and line {sound[0]} is sound")


def is_sound(line: bytes) -> bool:
    start = line.split(b"^")[0].decode("latin-1")
    if start.removesuffix("-R") not in FIELDS:
        return False
    fields = FIELDS[start.removesuffix("-R")] + (2 if start.endswith("-R") else 0)
    if line.count(b"^") + 1 != fields or re.search(rb"[\x00-\x08\x0a-\x1f\x7f]|\xc2[\x80-\x9f]", line):
        return False
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _sis_reader() -> Callable[..., SisFile]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from manzanita.procedures.sis_lines import read_sis_file

    return read_sis_file


def _frame(file: RecordFile) -> pl.DataFrame:
    return file.frame.select("line", *file.layout.numbers).with_columns(file=pl.lit(file.file))


if __name__ == "__main__":
    sys.exit(main())
