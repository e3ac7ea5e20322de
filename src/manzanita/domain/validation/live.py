"""One student's records while somebody types: a change costs the rules that read what was changed, and no more.

What was judged is kept: where each value and each rule was wrong, and the columns that each context has joined. New
records are compared with those at hand, so that what is kept can never be out of date: a rule runs again where a field
or a column of a context that it reads has another content than before, a context where a field has that it reads, on
any record of the student.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import polars as pl

from manzanita.domain.findings import Finding
from manzanita.domain.layouts import RECORDS
from manzanita.domain.rules import contexts
from manzanita.domain.rules.context import Context
from manzanita.domain.rules.declaration import PHASES, Rule, Setting
from manzanita.domain.rules.joining import ROW
from manzanita.domain.specification import in_force, judging, specification, specified_years
from manzanita.domain.validation import frame_of, rules_at, rules_of, usable_rows
from manzanita.domain.validation.rows import JudgedRows, columns_of, expressions, not_evaluated
from manzanita.domain.validation.saying import record_key_of
from manzanita.domain.validation.values import Loaded, judge_values, loaded_of
from manzanita.domain.validation.verdicts import verdicts_of

# Record type -> rows with every field of the layout. A record type with an empty list is known to have none.
Rows = Mapping[str, Sequence[Mapping[str, str]]]
_NOTHING: frozenset[str] = frozenset()


class LiveRecords:
    """The records of one student and what the rules say of them, as :func:`evaluate_records` would.

    ``about`` are the record types of which something is to be said; the others are read only. ``version`` counts the
    changes that were seen, ``rules_run`` is how many rules about rows the newest of them cost.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        as_of: date,
        year: str,
        phases: Collection[str] = PHASES,
        about: Collection[str] = RECORDS,
    ) -> None:
        self.setting = Setting(as_of, year)
        self.about = frozenset(about)
        self.version = 0
        self.rules_run = 0
        self._in_force = in_force()
        self._is_input = "input" in phases
        self._rows: Rows = {}
        # What contexts have made of the other records, for as long as these stay as they are.
        self._prepared: dict[str, Any] = {}
        known = [record for record in RECORDS if record in rows]
        with judging(year):
            rules = rules_at(self.setting, phases)
            self._of_none = [
                finding
                for rule in rules
                for finding in not_evaluated(rule, known)
                if finding.record in self.about
            ]
            self._values = {record: _Values(record) for record in known}
            self._subjects = {
                record: _Subject(record, rules_of(record, rules, known), self.setting)
                for record in known
                if record in self.about
            }
        self.update(rows)

    def serves(self, rows: Rows, setting: Setting, about: Collection[str]) -> bool:
        """Whether these records can be brought up to ``rows``: of the same day, year, specification and types."""
        return (
            setting == self.setting
            and frozenset(about) == self.about
            and rows.keys() == self._rows.keys()
            and in_force() is self._in_force
        )

    def findings(self) -> list[Finding]:
        """In no order, without file and line."""
        found = list(self._of_none)
        for record, subject in self._subjects.items():
            found += self._values[record].findings if self._is_input else []
            found += subject.findings
        return [replace(finding, file=None, line=None) for finding in found]

    def change(self, record_key: str, number: str, value: str) -> list[Finding]:
        """Set one field of the record of that key. Raises ``KeyError`` where none or several have it."""
        record = record_key.split("|", 1)[0]
        rows = [dict(row) for row in self._rows.get(record, ())]
        named = [row for row in rows if record_key_of(record, row) == record_key]
        if len(named) != 1 or number not in named[0]:
            raise KeyError(f"{record} {number}: {len(named)} such records")
        named[0][number] = value
        return self.update({**self._rows, record: rows})

    def update(self, rows: Rows) -> list[Finding]:
        """Bring the records up to ``rows``, which are of the same record types, and say what is found now."""
        changed = {record for record in self._values if rows[record] != self._rows.get(record)}
        self.rules_run = 0
        if changed:
            self.version += 1
            with judging(self.setting.year):
                self._judge(rows, changed)
        self._rows = {record: [dict(row) for row in of_record] for record, of_record in rows.items()}
        return self.findings()

    def _judge(self, rows: Rows, changed: Collection[str]) -> None:
        touched = {record: self._values[record].judge(rows[record]) for record in changed}
        frames = {record: values.usable for record, values in self._values.items()}
        for name in [name for name in self._prepared if _reads_touched(contexts()[name], touched)]:
            del self._prepared[name]
        for subject in self._subjects.values():
            self.rules_run += subject.judge(frames, touched, self._prepared)


class _Values:
    """The lines of one record type: where each value is wrong, and what remains for the rules about rows."""

    def __init__(self, record: str) -> None:
        self._record = record
        self.findings: list[Finding] = []
        self.usable = pl.DataFrame()

    def judge(self, rows: Sequence[Mapping[str, str]]) -> frozenset[str]:
        """Judge the values; the columns of ``usable`` whose content is another one now."""
        before = self.usable
        loaded = self._loaded(rows)
        self.findings = loaded.findings
        self.usable = usable_rows(self._record, loaded.frame).with_row_index(ROW)
        return _changed(before, self.usable)

    def _loaded(self, rows: Sequence[Mapping[str, str]]) -> Loaded:
        if not rows:
            return _no_lines(self._record)
        lines = frame_of(self._record, rows)
        if specified_years():
            # Each line by the specification of its own year.
            return judge_values(self._record, lines)
        return loaded_of(self._record, lines, verdicts_of(self._record).wrong(rows, lines))


class _Subject:
    """The rules about the rows of one record type: where each is wrong, and what their contexts have joined."""

    def __init__(self, record: str, rules: Sequence[Rule], setting: Setting) -> None:
        self._record, self._rules, self._setting = record, rules, setting
        self.findings: list[Finding] = []
        self._contexts = [
            contexts()[name] for name in dict.fromkeys(name for rule in rules for name in rule.contexts)
        ]
        self._joined: dict[str, pl.DataFrame] = {}
        self._flags: dict[str, pl.Series] = {}
        self._asked = {rule: expressions(rule, setting, specification()) for rule in rules}
        self._reads = {
            rule: frozenset(name for expression in asked for name in expression.meta.root_names())
            for rule, asked in self._asked.items()
        }

    def judge(
        self,
        frames: Mapping[str, pl.DataFrame],
        touched: Mapping[str, frozenset[str]],
        prepared: MutableMapping[str, Any],
    ) -> int:
        """Run what reads something ``touched``, by record type; how many rules that were."""
        frame = frames[self._record]
        changed = set(touched.get(self._record, _NOTHING))
        # Rows that came or went, or stand elsewhere.
        is_new = "line" in changed or _length(self._flags) != frame.height
        if not frame.height or not self._rules:
            self.findings, self._flags = [], {}
            return 0
        for context in self._contexts:
            own = context.own[self._record]
            is_touched = not changed.isdisjoint(own) or any(
                numbers & touched.get(record, _NOTHING)
                for record, numbers in context.beside(self._record).items()
            )
            if is_new or is_touched:
                before = self._joined.get(context.name)
                after = context.columns(self._record, frame, frames, self._setting, prepared)
                self._joined[context.name] = after
                changed.update(after.columns if before is None else _changed(before, after))
        if not changed and not is_new:
            return 0
        frame = pl.concat([frame, *self._joined.values()], how="horizontal")
        again = [rule for rule in self._rules if is_new or not self._reads[rule].isdisjoint(changed)]
        if again:
            asked = [expression for rule in again for expression in self._asked[rule]]
            self._flags = {**self._flags, **_asked(frame, asked)}
        judged = JudgedRows(self._record, frame, self._rules, self._flags, self._setting)
        self.findings = list(judged.findings())
        return len(again)


def _reads_touched(context: Context, touched: Mapping[str, frozenset[str]]) -> bool:
    """Whether what the context makes of other records may be another one now."""
    reads = {**context.reads, **context.reads_if_known}
    return any(not touched.get(record, _NOTHING).isdisjoint(numbers) for record, numbers in reads.items())


@cache
def _no_lines(record: str) -> Loaded:
    return loaded_of(record, frame_of(record, ()), ())


def _changed(before: pl.DataFrame, after: pl.DataFrame) -> frozenset[str]:
    """Columns of ``after`` whose content is another one in ``before``."""
    if before.height != after.height:
        return frozenset(after.columns)
    known = columns_of(before)
    return frozenset(
        column.name
        for column in after.get_columns()
        if column.name not in known or not column.equals(known[column.name])
    )


def _asked(frame: pl.DataFrame, expressions: Sequence[pl.Expr]) -> dict[str, pl.Series]:
    return columns_of(frame.select(expressions)) if expressions else {}


def _length(flags: Mapping[str, pl.Series]) -> int:
    return next((flag.len() for flag in flags.values()), 0)
