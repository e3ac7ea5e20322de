"""Values, judged field by field, each by the layout and the codes of the year on its line.

A bad value empties its field, so that no later rule builds on it; a line whose key is bad is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import or_

import polars as pl

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.layouts import YEAR_FIELD, Field, known_numbers, layout
from manzanita.domain.rules import field_rules
from manzanita.domain.rules.declaration import FieldRule, Row
from manzanita.domain.specification import (
    Specification,
    judged_year,
    judging,
    specification,
    specified_years,
)
from manzanita.domain.validation.quarantine import CRASHES, STRICT, Quarantine
from manzanita.domain.validation.saying import finding_of

# Numbers of the fields of a row that were emptied, each followed by a blank.
EMPTIED = "_emptied"
_PLACE, _YEAR = "_place", "_year"
# Findings are made for so many rows at a time.
ROWS_AT_ONCE = 200
# Of so many rows it pays to ask about values instead, where there are no more than these. Of a column with few values
# rows from all over the file agree in some.
_MANY_ROWS, _FEW_VALUES, _SAMPLE, _FEW_OF_SAMPLE = 2_000, 2_000, 1_000, 800


@dataclass(frozen=True, slots=True)
class ValueCase:
    """One field rule asked of one field; ``wrong`` reads the fields ``reads`` of its own row, and may be null."""

    rule: FieldRule
    field: Field
    wrong: pl.Expr
    reads: frozenset[str]

    @property
    def severity(self) -> Severity:
        return self.rule.field_severity(self.field) or self.rule.severity

    def finding(self, record: str, row: Row) -> Finding:
        number = self.field.number
        message = self.rule.message(self.field, row[number])
        return finding_of(self.rule, record, row, (number,), self.severity, message)


@dataclass(frozen=True, slots=True)
class WrongValues:
    """Lines that hold a wrong value. ``flags`` says for each of ``cases`` on which; judged by ``year``."""

    record: str
    year: str
    lines: pl.DataFrame
    cases: Sequence[ValueCase]
    flags: Sequence[pl.Series]
    quarantine: Quarantine

    def findings(self) -> Iterator[Finding]:
        """Made as they are asked for: line by line, and those of one line in the order in which values are judged."""
        for start in range(0, self.lines.height, ROWS_AT_ONCE):
            with judging(self.year):
                found = list(self._of_some(start))
            yield from found

    def _of_some(self, start: int) -> Iterator[Finding]:
        here = slice(start, start + ROWS_AT_ONCE)
        flags = zip(*(flag[here].to_list() for flag in self.flags), strict=True)
        for row, wrong in zip(self.lines[here].iter_rows(named=True), flags, strict=True):
            for case, is_wrong in zip(self.cases, wrong, strict=True):
                if is_wrong and not self.quarantine.holds(case.rule):
                    try:
                        found = case.finding(self.record, row)
                    except CRASHES as error:
                        self.quarantine.put(case.rule, self.record, error)
                    else:
                        yield found


@dataclass(frozen=True, slots=True)
class Loaded:
    """The lines of one file that can be used: bad values emptied, lines with a bad key left out.

    ``frame`` has ``line`` and one text column a field; ``wrong`` says what was emptied, left out or doubted, for each
    year by which lines were judged.
    """

    frame: pl.DataFrame
    wrong: Sequence[WrongValues]

    @property
    def findings(self) -> list[Finding]:
        return [finding for of_year in self.wrong for finding in of_year.findings()]


@lru_cache(maxsize=64)
def value_cases(record: str, _specification: Specification | None) -> tuple[ValueCase, ...]:
    """Each field rule on each field of a record that it asks something of, by the specification of the year judged.

    Each case is asked in a column named by its place in the order.
    """
    cases: list[ValueCase] = []
    for rule in field_rules():
        if record not in rule.records:
            continue
        for field in layout(record).fields:
            wrong = rule.wrong(record, field)
            if wrong is not None:
                column = wrong.alias(str(len(cases)))
                cases.append(ValueCase(rule, field, column, frozenset(wrong.meta.root_names())))
    return tuple(cases)


def judge_values(
    record: str,
    frame: pl.DataFrame,
    codes: Collection[str] | None = None,
    quarantine: Quarantine = STRICT,
) -> Loaded:
    """Judge every line by its own year. A line that names no year is judged as one of the year being judged.

    ``codes`` are the rules to ask (``None``: all).
    """
    if not specified_years():
        return _judge_values_of_year(record, frame, codes, quarantine)
    missing = [number for number in known_numbers(record) if number not in frame.columns]
    own = pl.col(YEAR_FIELD[record])
    year = pl.when(own.str.contains(r"^[0-9]{4}-[0-9]{4}$")).then(own).otherwise(pl.lit(judged_year()))
    frame = (
        frame.with_columns(pl.lit("").alias(number) for number in missing)
        .with_row_index(_PLACE)
        .with_columns(pl.when(year.is_in(specified_years())).then(year).otherwise(pl.lit("")).alias(_YEAR))
    )
    parts: list[pl.DataFrame] = []
    wrong: list[WrongValues] = []
    for one in frame[_YEAR].unique(maintain_order=True):
        with judging(one):
            loaded = _judge_values_of_year(record, frame.filter(pl.col(_YEAR) == one), codes, quarantine)
        parts.append(loaded.frame)
        wrong += loaded.wrong
    whole = pl.concat(parts).sort(_PLACE) if parts else frame
    return Loaded(whole.drop(_PLACE, _YEAR), wrong)


def _judge_values_of_year(
    record: str, frame: pl.DataFrame, codes: Collection[str] | None, quarantine: Quarantine
) -> Loaded:
    cases = [
        case
        for case in value_cases(record, specification())
        if (codes is None or case.rule.code in codes) and not quarantine.holds(case.rule)
    ]
    cases = _suspects(record, frame, cases)
    try:
        flags = frame.select(case.wrong for case in cases).get_columns()
    except CRASHES:
        flags = [_flag(case, record, frame, quarantine) for case in cases]
    hits = [(case, _decided(flag)) for case, flag in zip(cases, flags, strict=True) if flag.any()]
    return loaded_of(record, frame, hits, quarantine)


def _suspects(record: str, frame: pl.DataFrame, cases: list[ValueCase]) -> list[ValueCase]:
    """Those of ``cases`` that may be wrong on a row: of many rows with few values each value is asked about once."""
    transaction = layout(record).fields[1].number
    numbers = list({case.field.number: None for case in cases})
    if frame.height < _MANY_ROWS or not numbers or frame[transaction].n_unique() > 1:
        return cases
    sample = frame.gather_every(frame.height // _SAMPLE).select(pl.col(numbers).n_unique()).row(0, named=True)
    few = [number for number in numbers if sample[number] < _FEW_OF_SAMPLE]
    lists = frame.select(pl.col(few).unique().implode())
    distinct = {column.name: column.explode() for column in lists.get_columns()}
    distinct = {number: column for number, column in distinct.items() if column.len() <= _FEW_VALUES}
    if not distinct:
        return cases
    height = max(column.len() for column in distinct.values())
    table = pl.DataFrame(
        [column.extend_constant(column[0], height - column.len()) for column in distinct.values()]
    ).with_columns(pl.lit(frame[transaction][0]).alias(transaction))
    asked = [
        case
        for case in cases
        if case.field.number in distinct and case.reads <= {case.field.number, transaction}
    ]
    try:
        is_wrong = table.select(case.wrong.any() for case in asked).row(0)
    except CRASHES:
        return cases
    sound = {id(case) for case, wrong in zip(asked, is_wrong, strict=True) if not wrong}
    return [case for case in cases if id(case) not in sound]


def _decided(flag: pl.Series) -> pl.Series:
    return flag.fill_null(False) if flag.null_count() else flag


def _flag(case: ValueCase, record: str, frame: pl.DataFrame, quarantine: Quarantine) -> pl.Series:
    try:
        return frame.select(case.wrong).to_series()
    except CRASHES as error:
        quarantine.put(case.rule, record, error)
        return pl.repeat(False, frame.height, eager=True, dtype=pl.Boolean)


def loaded_of(
    record: str,
    frame: pl.DataFrame,
    hits: Sequence[tuple[ValueCase, pl.Series]],
    quarantine: Quarantine = STRICT,
) -> Loaded:
    """What becomes of lines, given the cases that are wrong on some of them, in their order, and on which."""
    if not hits:
        return Loaded(frame.with_columns(pl.lit("").alias(EMPTIED)), ())
    is_wrong = reduce(or_, (flag for _, flag in hits))
    wrong = WrongValues(
        record,
        judged_year(),
        frame.filter(is_wrong),
        [case for case, _ in hits],
        [flag.filter(is_wrong) for _, flag in hits],
        quarantine,
    )
    emptied: dict[str, pl.Series] = {}
    left_out = pl.repeat(False, frame.height, eager=True, dtype=pl.Boolean)
    for case, flag in hits:
        if case.rule.empties and case.severity is Severity.FATAL:
            number = case.field.number
            if case.field.is_key:
                left_out |= flag
            else:
                emptied[number] = (emptied[number] | flag) if number in emptied else flag
    marks = [
        pl.when(flag).then(pl.lit(f"{number} ")).otherwise(pl.lit("")) for number, flag in emptied.items()
    ]
    frame = frame.with_columns((pl.concat_str(marks) if marks else pl.lit("")).alias(EMPTIED))
    if emptied:
        frame = frame.with_columns(
            pl.when(flag).then(pl.lit("")).otherwise(pl.col(number)).alias(number)
            for number, flag in emptied.items()
        )
    return Loaded(frame.filter(~left_out) if left_out.any() else frame, (wrong,))
