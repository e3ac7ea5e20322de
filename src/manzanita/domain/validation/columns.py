"""Which columns of the records rules about rows need: a state's file holds many fields that none of them reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from manzanita.domain import records
from manzanita.domain.layouts import known_numbers, layout
from manzanita.domain.rules import contexts
from manzanita.domain.rules.context import SIS_KEYS, SSID_FIELDS
from manzanita.domain.rules.declaration import Rule, Setting
from manzanita.domain.specification import specification, specified_years
from manzanita.domain.validation.quarantine import CRASHES
from manzanita.domain.validation.rows import expressions
from manzanita.domain.validation.values import EMPTIED, value_cases


def columns_read(
    rules: Sequence[Rule], known: Collection[str], setting: Setting
) -> Mapping[str, tuple[str, ...]]:
    """The columns that ``rules`` read or show, by record type, in the order of the layout; and what names a record."""
    numbers = {record: {*_names_of(record)} for record in known}
    for rule in rules:
        for record in set(rule.subjects) & numbers.keys():
            numbers[record] |= {*rule.fields, *_asked(rule, setting)}
            for context in map(contexts().get, rule.contexts):
                if context is not None:
                    numbers[record] |= set(context.own[record])
                    for other, read in {**context.reads, **context.reads_if_known}.items():
                        if other in numbers:
                            numbers[other] |= set(read)
    return {
        record: tuple(number for number in known_numbers(record) if number in read)
        for record, read in numbers.items()
    }


def columns_parsed(
    record: str, read: Collection[str], codes: Collection[str] | None
) -> Collection[str] | None:
    """Those that the rules ``codes`` read of a file, ``read`` and what its values are judged by; ``None``: all."""
    # By the specification of each line's own year, other fields may be judged.
    if codes is None or specified_years():
        return None
    cases = [case for case in value_cases(record, specification()) if case.rule.code in codes]
    transaction = layout(record).fields[1].number
    return {*read, transaction}.union(*(case.reads | {case.field.number} for case in cases))


def narrowed(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """``frame`` with these columns; those that its layout does not have are empty."""
    missing = [pl.lit("").alias(number) for number in columns if number not in frame.columns]
    return frame.with_columns(missing).select("file", "line", *columns, EMPTIED)


def _names_of(record: str) -> tuple[str, ...]:
    keys = (*records.KEY_FIELDS.get(record, ()), *SIS_KEYS.get(record, ()), *layout(record).key)
    return (*keys, SSID_FIELDS[record])


def _asked(rule: Rule, setting: Setting) -> set[str]:
    try:
        asked = expressions(rule, setting, specification())
    except CRASHES:
        # The rule is put in quarantine where it is evaluated.
        return set()
    return {name for expression in asked for name in expression.meta.root_names()}
