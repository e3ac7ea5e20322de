"""Rules about whole rows, each over the frame of its subject with the columns of its contexts joined once.

Local ones say nothing of an emptied field.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache

import polars as pl

from manzanita.domain.findings import Finding, Severity
from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.rules import contexts
from manzanita.domain.rules.declaration import Row, Rule, Setting
from manzanita.domain.specification import Specification, specification
from manzanita.domain.validation.saying import finding_of
from manzanita.domain.validation.values import EMPTIED


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
) -> list[Finding]:
    if not rules or not frame.height:
        return []
    names = dict.fromkeys(name for rule in rules for name in rule.contexts)
    frame = pl.concat(
        [frame, *(contexts()[name].columns(record, frame, frames, setting) for name in names)],
        how="horizontal",
    )
    asked = [expression for rule in rules for expression in expressions(rule, setting, specification())]
    # Lazily, so that what several rules ask, such as an age, is computed once.
    flags = frame.lazy().select(asked).collect()
    return findings_of_rows(record, frame, rules, columns_of(flags), setting)


def columns_of(frame: pl.DataFrame) -> dict[str, pl.Series]:
    return {column.name: column for column in frame.get_columns()}


def findings_of_rows(
    record: str,
    frame: pl.DataFrame,
    rules: Sequence[Rule],
    flags: Mapping[str, pl.Series],
    setting: Setting,
) -> list[Finding]:
    """What ``rules`` say, given where their expressions are true. ``frame`` has the columns of all their contexts."""
    hits = {name: flag.any() for name, flag in flags.items()}
    findings: list[Finding] = []
    for rule in rules:
        if hits[rule.code]:
            severity = rule.severity_in(setting.year)
            soft = f"{rule.code} soft"
            softened = flags[soft].filter(flags[rule.code]) if soft in hits else None
            caveat = rule.caveat(setting)
            for i, row in enumerate(frame.filter(flags[rule.code]).iter_rows(named=True)):
                is_soft = softened is not None and softened[i] and severity is Severity.FATAL
                weight = Severity.WARNING if is_soft else severity
                fields = rule.marks(row) if rule.marks else _fields_of(rule, record)
                if rule.is_local and any(f"{number} " in row[EMPTIED] for number in fields):
                    # A value that was refused has its finding; that it is missing now is no second one.
                    continue
                text = rule.message(row) + caveat
                findings.append(finding_of(rule, record, row, fields, weight, text, _group(rule, row)))
        if hits.get(undecided := f"{rule.code} undecided"):
            for row in frame.filter(flags[undecided]).iter_rows(named=True):
                text = f"Not evaluated: {rule.undecided_reason}."
                fields = _fields_of(rule, record)
                findings.append(finding_of(rule, record, row, fields, Severity.NOT_EVALUATED, text))
    return findings


@lru_cache(maxsize=4096)
def expressions(rule: Rule, setting: Setting, _specification: Specification | None) -> tuple[pl.Expr, ...]:
    """The columns that say of each row what ``rule`` does, never null: ``CODE``, where it is wrong; where the rule has
    them, ``CODE soft`` and ``CODE undecided``. Kept, as making them takes as long as asking one student's records."""
    found = {rule.code: rule.wrong(setting)}
    if rule.softened:
        found[f"{rule.code} soft"] = rule.softened()
    if rule.undecided:
        found[f"{rule.code} undecided"] = rule.undecided(setting)
    return tuple(expression.fill_null(False).alias(name) for name, expression in found.items())


def _fields_of(rule: Rule, record: str) -> tuple[str, ...]:
    """The fields a rule points at that stand on a line of ``record``."""
    here = layout(record).by_number
    return tuple(number for number in rule.fields if number in here)


def _group(rule: Rule, row: Row) -> str | None:
    if rule.group is None:
        return None
    return hashlib.sha256(f"{rule.code}/{rule.group(row)}".encode()).hexdigest()[:16]
