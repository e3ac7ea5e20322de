"""A body of record files, judged: first the values while they are read, then the rows, partition by partition."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeVar

import polars as pl

from manzanita.domain.findings import Finding
from manzanita.domain.layouts.blocks import RecordBlocks
from manzanita.domain.rules import contexts
from manzanita.domain.rules.context import Frames
from manzanita.domain.rules.declaration import Rule, Setting
from manzanita.domain.rules.joining import ROW
from manzanita.domain.specification import judging
from manzanita.domain.validation import rules_at, rules_of, usable_rows
from manzanita.domain.validation.columns import columns_parsed, columns_read, narrowed
from manzanita.domain.validation.partitions import Partitions
from manzanita.domain.validation.quarantine import Quarantine
from manzanita.domain.validation.rows import JudgedRows, judge_rows, lacking, not_evaluated
from manzanita.domain.validation.values import WrongValues, judge_values

# So many partitions are judged at the same time: much of the work on one runs in a single thread.
_AT_ONCE = 2
Made = TypeVar("Made")


@dataclass(slots=True)
class ReadFile:
    """A record file of the folder. ``lines`` counts those that could be read, and is known once it was read."""

    file: str
    record: str
    lines: int = 0


class Body:
    """Record files, and what was read of them so far; ``codes`` are the rules to ask (``None``: all)."""

    def __init__(
        self,
        readable: Sequence[RecordBlocks],
        setting: Setting,
        phases: Collection[str],
        codes: Collection[str] | None,
        partitions: Partitions,
    ) -> None:
        self.files = {records.file: ReadFile(records.file, records.record) for records in readable}
        self._readable = readable
        self._setting = setting
        self._codes = codes
        self._is_input = "input" in phases
        self._partitions = partitions
        self._quarantine = Quarantine()
        self._known = {records.record for records in readable}
        self._rules = [rule for rule in rules_at(setting, phases) if codes is None or rule.code in codes]
        with judging(setting.year):
            self._columns = columns_read(self._rules, self._known, setting)
            self._parsed = {
                record: columns_parsed(record, self._columns[record], codes) for record in self._known
            }

    def findings(self, unreadable: Mapping[str, Sequence[Finding]]) -> Generator[Finding, None, None]:
        of_none = sorted((one for rule in self._rules for one in not_evaluated(rule, self._known)), key=place)
        if self._partitions.count == 1:
            yield from of_none
            yield from self._as_one(unreadable)
        else:
            yield from self._values_first(unreadable)
            yield from of_none
            yield from self._by_partition()
        yield from self._quarantine.findings()

    def _as_one(self, unreadable: Mapping[str, Sequence[Finding]]) -> Iterator[Finding]:
        """All findings of one file together."""
        told = {file: [iter(sorted(findings, key=place))] for file, findings in unreadable.items()}
        for records in self._readable:
            blocks = list(self._read(records))
            set_aside = [finding for lines, _ in blocks for finding in lines]
            told[records.file] = [
                iter(sorted(set_aside, key=place)),
                *(_in_order(wrong) for _, of_block in blocks for wrong in of_block),
            ]
        self._partitions.finish()
        rows = _Rows(self._partitions.frames(0), self._rules, self._setting, self._quarantine, self.files)
        for file in sorted(told):
            yield from heapq.merge(*told[file], rows.findings(file), key=place)

    def _values_first(self, unreadable: Mapping[str, Sequence[Finding]]) -> Iterator[Finding]:
        readable = {records.file: records for records in self._readable}
        for file in sorted({*readable, *unreadable}):
            yield from sorted(unreadable.get(file, ()), key=place)
            for set_aside, wrong in self._read(readable[file]) if file in readable else ():
                yield from heapq.merge(sorted(set_aside, key=place), *map(_in_order, wrong), key=place)
        self._partitions.finish()

    def _by_partition(self) -> Iterator[Finding]:
        across = [rule for rule in self._rules if _looks_across(rule) and not lacking(rule, self._known)]
        alone = [rule for rule in self._rules if not _looks_across(rule)]
        kept: dict[str, list[Frames]] = {rule.code: [] for rule in across}
        for frames, rows in _ahead(lambda number: self._judged(number, alone), range(self._partitions.count)):
            for rule in across:
                kept[rule.code].append(_narrow(rule)(frames, self._setting))
            for file in self.files:
                yield from rows.findings(file)
        for rule in across:
            frames = _together(kept.pop(rule.code))
            rows = _Rows(frames, [rule], self._setting, self._quarantine, self.files)
            for file in self.files:
                yield from rows.findings(file)

    def _judged(self, number: int, rules: Sequence[Rule]) -> tuple[Frames, _Rows]:
        frames = self._partitions.frames(number)
        rows = _Rows(frames, rules, self._setting, self._quarantine, self.files)
        for record in frames:
            rows.judge(record)
        return frames, rows

    def _read(self, records: RecordBlocks) -> Iterator[tuple[list[Finding], Sequence[WrongValues]]]:
        """Read a file into the partitions: for each block the lines set aside, and the wrong values."""
        record, file = records.record, pl.lit(records.file)
        for block in records.blocks(self._parsed[record]):
            with judging(self._setting.year):
                loaded = judge_values(
                    record, block.frame.with_columns(file=file), self._codes, self._quarantine
                )
                usable = usable_rows(record, loaded.frame)
                self._partitions.add(record, narrowed(usable, self._columns[record]))
            self.files[records.file].lines += block.frame.height
            yield block.set_aside, loaded.wrong if self._is_input else ()


class _Rows:
    """The rows of one partition, judged record type by record type as their files are asked for, in order."""

    def __init__(
        self,
        frames: Frames,
        rules: Sequence[Rule],
        setting: Setting,
        quarantine: Quarantine,
        files: Mapping[str, ReadFile],
    ) -> None:
        self._frames, self._rules, self._setting = frames, rules, setting
        self._quarantine, self._files = quarantine, files
        self._judged: dict[str, JudgedRows] = {}
        self._prepared: dict[str, Any] = {}
        self._left = Counter(read.record for read in files.values())

    def findings(self, file: str) -> Iterator[Finding]:
        read = self._files.get(file)
        if read is None or read.record not in self._frames:
            return
        record = read.record
        self.judge(record)
        yield from self._judged[record].findings(file)
        self._left[record] -= 1
        if not self._left[record]:
            del self._judged[record]

    def judge(self, record: str) -> None:
        """Judge the rows of a record type now, if that was not done before."""
        if record not in self._judged:
            with judging(self._setting.year):
                rules = rules_of(record, self._rules, self._frames)
                self._judged[record] = judge_rows(
                    record,
                    self._frames[record],
                    rules,
                    self._frames,
                    self._setting,
                    self._quarantine,
                    self._prepared,
                )


def _ahead(make: Callable[[int], Made], numbers: Iterable[int]) -> Iterator[Made]:
    """What is made of each number, in order; the next ones are made meanwhile, each in a thread of its own."""
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            for number in numbers:
                waiting.append(pool.submit(make, number))
                if len(waiting) == _AT_ONCE:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _looks_across(rule: Rule) -> bool:
    return any(contexts()[name].narrow for name in rule.contexts)


def _narrow(rule: Rule) -> Callable[[Frames, Setting], Frames]:
    """Of the one context of a rule that looks across students."""
    (name,) = rule.contexts
    narrow = contexts()[name].narrow
    assert narrow is not None
    return narrow


def _together(parts: Sequence[Frames]) -> Frames:
    """Narrowed frames of all partitions as one body, its rows numbered anew."""
    return {
        record: pl.concat([part[record] for part in parts], rechunk=True).drop(ROW).with_row_index(ROW)
        for record in parts[0]
    }


def _in_order(wrong: WrongValues) -> Iterator[Finding]:
    """By line, code and fields."""
    for _, of_line in groupby(wrong.findings(), key=lambda finding: finding.line):
        yield from sorted(of_line, key=place)


def place(finding: Finding) -> tuple[str, int, str, tuple[str, ...]]:
    return (finding.file or "", finding.line or 0, finding.code, finding.fields)
