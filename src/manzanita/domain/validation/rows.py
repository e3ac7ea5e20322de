"""Rules about whole rows, each over the frame of its subject with the columns of its contexts joined once.

None says anything of a field that was emptied, and those of certification nothing of its whole row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_
from typing import Any

import polars as pl

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.rules import contexts
from manzanita.domain.rules.declaration import Row, Rule, Setting
from manzanita.domain.specification import Specification, judging, specification
from manzanita.domain.validation.quarantine import CRASHES, STRICT, Quarantine
from manzanita.domain.validation.saying import finding_of
from manzanita.domain.validation.values import EMPTIED, ROWS_AT_ONCE


def lacking(rule: Rule, known: Collection[str]) -> list[str]:
    """Record types that ``rule`` reads beside its subject and that are not known."""
    needs = {need for name in rule.contexts for need in contexts()[name].needs}
    return [record for record in RECORDS if record in needs and record not in known]


def not_evaluated(rule: Rule, known: Collection[str]) -> Iterator[Finding]:
    """One finding for a rule of which some records are known and others, without which it cannot speak, are not."""
    wanting = lacking(rule, known)
    if not any(record in known for record in rule.subjects):
        wanting = [record for record in RECORDS if record in rule.subjects or record in wanting]
    if not wanting or not any(record in known for record in rule.records):
        return
    yield Finding(
        code=rule.code,
        severity=Severity.NOT_EVALUATED,
        kind=rule.kind,
        phase=rule.phase,
        record=rule.subjects[0],
        file=None,
        line=None,
        ssid=None,
        fields=(),
        values={},
        message=f"Not evaluated: {rule.code} reads {' and '.join(wanting)}, and there is no such file.",
    )


def judge_rows(
    record: str,
    frame: pl.DataFrame,
    rules: Sequence[Rule],
    frames: Mapping[str, pl.DataFrame],
    setting: Setting,
    quarantine: Quarantine = STRICT,
    prepared: MutableMapping[str, Any] | None = None,
) -> JudgedRows:
    """Where each of ``rules`` is wrong in ``frame``, beside the records in ``frames``.

    ``prepared`` keeps what contexts have made of ``frames`` for the next record type.
    """
    if not frame.height:
        return JudgedRows(record, frame, (), {}, setting, quarantine)
    beside = [frame]
    for name in dict.fromkeys(name for rule in rules for name in rule.contexts):
        try:
            beside.append(contexts()[name].columns(record, frame, frames, setting, prepared))
        except CRASHES as error:
            for rule in rules:
                if name in rule.contexts:
                    quarantine.put(rule, record, error)
    frame = pl.concat(beside, how="horizontal")
    flags = _flags(record, frame, rules, setting, quarantine)
    return JudgedRows(record, frame, rules, flags, setting, quarantine)


def _flags(
    record: str, frame: pl.DataFrame, rules: Sequence[Rule], setting: Setting, quarantine: Quarantine
) -> dict[str, pl.Series]:
    asked: dict[Rule, tuple[pl.Expr, ...]] = {}
    for rule in rules:
        if not quarantine.holds(rule):
            try:
                asked[rule] = expressions(rule, setting, specification())
            except CRASHES as error:
                quarantine.put(rule, record, error)
    # Lazily, so that what several rules ask, such as an age, is computed once.
    lazy = frame.lazy()
    try:
        return columns_of(lazy.select(one for of_rule in asked.values() for one in of_rule).collect())
    except CRASHES:
        pass
    flags: dict[str, pl.Series] = {}
    for rule, of_rule in asked.items():
        try:
            flags |= columns_of(lazy.select(of_rule).collect())
        except CRASHES as error:
            quarantine.put(rule, record, error)
    return flags


def columns_of(frame: pl.DataFrame) -> dict[str, pl.Series]:
    return {column.name: column for column in frame.get_columns()}


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Rows with the columns of all contexts of ``rules``, and where the expressions of those are true, by column."""

    record: str
    frame: pl.DataFrame
    rules: Sequence[Rule]
    flags: Mapping[str, pl.Series]
    setting: Setting
    quarantine: Quarantine = STRICT

    def findings(self, file: str | None = None) -> Iterator[Finding]:
        """Made as they are asked for: row by row, and those of one row in the order of the rules.

        Of the rows of ``file``, or of all.
        """
        with judging(self.setting.year):
            asked = [one for rule in self.rules for one in self._asked(rule)]
        if not asked:
            return
        is_hit = reduce(or_, (one.flag for one in asked))
        places = (is_hit if file is None else is_hit & (self.frame["file"] == file)).arg_true()
        for start in range(0, places.len(), ROWS_AT_ONCE):
            with judging(self.setting.year):
                found = list(self._of_some(asked, places[start : start + ROWS_AT_ONCE]))
            yield from found

    def _asked(self, rule: Rule) -> Iterator[_Asked]:
        if (flag := self.flags.get(rule.code)) is not None and flag.any():
            severity = rule.severity_in(self.setting.year)
            soft = self.flags.get(f"{rule.code} soft") if severity is Severity.FATAL else None
            yield _Asked(rule, flag, severity, soft, rule.caveat(self.setting))
        if (flag := self.flags.get(f"{rule.code} undecided")) is not None and flag.any():
            yield _Asked(rule, flag, Severity.NOT_EVALUATED)

    def _of_some(self, asked: Sequence[_Asked], places: pl.Series) -> Iterator[Finding]:
        flags = zip(*(one.flag.gather(places).to_list() for one in asked), strict=True)
        softs = {
            place: one.soft.gather(places).to_list()
            for place, one in enumerate(asked)
            if one.soft is not None
        }
        for number, (row, hits) in enumerate(
            zip(self.frame[places].iter_rows(named=True), flags, strict=True)
        ):
            for place, (one, is_hit) in enumerate(zip(asked, hits, strict=True)):
                if not is_hit or self.quarantine.holds(one.rule):
                    continue
                is_soft = place in softs and softs[place][number]
                try:
                    found = one.finding(self.record, row, Severity.WARNING if is_soft else one.severity)
                except CRASHES as error:
                    self.quarantine.put(one.rule, self.record, error)
                else:
                    if found:
                        yield found


@dataclass(frozen=True, slots=True)
class _Asked:
    """One thing that a rule says of the rows where ``flag`` is true: that they are wrong, or that it cannot tell."""

    rule: Rule
    flag: pl.Series
    severity: Severity
    soft: pl.Series | None = None
    caveat: str = ""

    def finding(self, record: str, row: Row, severity: Severity) -> Finding | None:
        rule = self.rule
        if severity is Severity.NOT_EVALUATED:
            text = f"Not evaluated: {rule.undecided_reason}."
            return finding_of(rule, record, row, _fields_of(rule, record), severity, text)
        fields = rule.marks(row) if rule.marks else _fields_of(rule, record)
        if _speaks_of_refused(rule, row, fields):
            return None
        text = rule.message(row) + self.caveat
        return finding_of(rule, record, row, fields, severity, text, _group(rule, row))


def _speaks_of_refused(rule: Rule, row: Row, fields: Sequence[str]) -> bool:
    """Whether what ``rule`` objects to is only the hole that a refused value has left, which has its finding already.

    Certification is of what the state has taken (no suffix: on posting; with one: a discrepancy), and it takes no
    record with a refused value: those rules say nothing of the whole row.
    """
    if not rule.is_local and rule.phase != "input":
        return bool(row[EMPTIED])
    return any(f"{number} " in row[EMPTIED] for number in fields)


@lru_cache(maxsize=4096)
def expressions(rule: Rule, setting: Setting, _specification: Specification | None) -> tuple[pl.Expr, ...]:
    """The columns that say of each row what ``rule`` does, null where it says nothing: ``CODE``, where it is wrong;
    where the rule has them, ``CODE soft`` and ``CODE undecided``. Kept, as making them takes as long as asking one
    student's records."""
    found = {rule.code: rule.wrong(setting)}
    if rule.softened:
        found[f"{rule.code} soft"] = rule.softened()
    if rule.undecided:
        found[f"{rule.code} undecided"] = rule.undecided(setting)
    return tuple(expression.alias(name) for name, expression in found.items())


def _fields_of(rule: Rule, record: str) -> tuple[str, ...]:
    """The fields a rule points at that stand on a line of ``record``."""
    here = layout(record).by_number
    return tuple(number for number in rule.fields if number in here)


def _group(rule: Rule, row: Row) -> str | None:
    if rule.group is None:
        return None
    return hashlib.sha256(f"{rule.code}/{rule.group(row)}".encode()).hexdigest()[:16]
