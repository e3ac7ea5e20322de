"""Values, judged field by field, each by the layout and the codes of the year on its line.

A bad value empties its field, so that no later rule builds on it; a line whose key is bad is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.layouts import YEAR_FIELD, Field, known_numbers, layout
from manzanita.domain.rules import field_rules
from manzanita.domain.rules.declaration import FieldRule
from manzanita.domain.specification import (
    Specification,
    judged_year,
    judging,
    specification,
    specified_years,
)
from manzanita.domain.validation.saying import finding_of

# Numbers of the fields of a row that were emptied, each followed by a blank.
EMPTIED = "_emptied"
_PLACE, _YEAR = "_place", "_year"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The lines of one file that can be used: bad values emptied, lines with a bad key left out.

    ``frame`` has ``line`` and one text column a field; ``findings`` say what was emptied, left out or doubted.
    """

    frame: pl.DataFrame
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class ValueCase:
    """One field rule asked of one field; ``wrong`` is never null and reads the fields ``reads`` of its own row."""

    rule: FieldRule
    field: Field
    wrong: pl.Expr
    reads: frozenset[str]


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
                column = wrong.fill_null(False).alias(str(len(cases)))
                cases.append(ValueCase(rule, field, column, frozenset(wrong.meta.root_names())))
    return tuple(cases)


def judge_values(record: str, frame: pl.DataFrame) -> Loaded:
    """Judge every line by its own year. A line that names no year is judged as one of the year being judged."""
    if not specified_years():
        return _judge_values_of_year(record, frame)
    missing = [number for number in known_numbers(record) if number not in frame.columns]
    own = pl.col(YEAR_FIELD[record])
    year = pl.when(own.str.contains(r"^[0-9]{4}-[0-9]{4}$")).then(own).otherwise(pl.lit(judged_year()))
    frame = (
        frame.with_columns(pl.lit("").alias(number) for number in missing)
        .with_row_index(_PLACE)
        .with_columns(pl.when(year.is_in(specified_years())).then(year).otherwise(pl.lit("")).alias(_YEAR))
    )
    parts: list[pl.DataFrame] = []
    findings: list[Finding] = []
    for one in frame[_YEAR].unique(maintain_order=True):
        with judging(one):
            loaded = _judge_values_of_year(record, frame.filter(pl.col(_YEAR) == one))
        parts.append(loaded.frame)
        findings += loaded.findings
    whole = pl.concat(parts).sort(_PLACE) if parts else frame
    return Loaded(whole.drop(_PLACE, _YEAR), findings)


def _judge_values_of_year(record: str, frame: pl.DataFrame) -> Loaded:
    cases = value_cases(record, specification())
    return loaded_of(record, frame, cases, frame.select(case.wrong for case in cases).get_columns())


def loaded_of(
    record: str, frame: pl.DataFrame, cases: Sequence[ValueCase], flags: Sequence[pl.Series]
) -> Loaded:
    """What becomes of lines, given where each of ``cases`` is wrong, in their order."""
    findings: list[Finding] = []
    emptied: dict[str, pl.Series] = {}
    left_out = pl.repeat(False, frame.height, eager=True, dtype=pl.Boolean)
    for case, flag in zip(cases, flags, strict=True):
        if not flag.any():
            continue
        rule, field = case.rule, case.field
        severity = rule.field_severity(field) or rule.severity
        number = field.number
        for row in frame.filter(flag).iter_rows(named=True):
            message = rule.message(field, row[number])
            findings.append(finding_of(rule, record, row, (number,), severity, message))
        if rule.empties and severity is Severity.FATAL:
            if field.is_key:
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
    return Loaded(frame.filter(~left_out) if left_out.any() else frame, findings)
