"""The engine: one set of rules over one student's records, a district's files, or the whole state.

Values are judged first, field by field. A bad value empties its field, so that no later rule builds on it; a
line whose key is bad is left out. Then the rules about whole rows run, each over the frame of its subject with
the columns of its contexts joined once; local ones say nothing of an emptied field. Lines that delete a record
are judged in their keys only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

import polars as pl

from manzanita.domain import records
from manzanita.domain.findings import Finding, Severity
from manzanita.domain.layouts import RECORDS, YEAR_FIELD, Field, known_numbers, layout
from manzanita.domain.layouts.files import RecordFile, UnreadableFile, read_record_file
from manzanita.domain.layouts.recognizing import EXTRACT_COLUMNS
from manzanita.domain.rules import catalog, contexts, field_rules, row_rules
from manzanita.domain.rules.context import ROW, SIS_KEYS, SSID_FIELDS
from manzanita.domain.rules.declaration import PHASES, FieldRule, Row, Rule, RuleInfo, Setting
from manzanita.domain.specification import (
    Specification,
    judged_year,
    judging,
    specification,
    specified_years,
)

_TRANSACTION = {record: layout(record).fields[1].number for record in RECORDS}
_DELETE = "D"
# Numbers of the fields of a row that were emptied, each followed by a blank.
_EMPTIED = "_emptied"
_PLACE, _YEAR = "_place", "_year"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The lines of one file that can be used: bad values emptied, lines with a bad key left out.

    ``frame`` has ``line`` and one text column a field; ``findings`` say what was emptied, left out or doubted.
    """

    frame: pl.DataFrame
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Validated:
    """What a folder of files says.

    ``others`` are files of another sort, which were not read; ``not_evaluable`` are rules of the state about the
    records at hand for which an input is missing everywhere, by code.
    """

    findings: list[Finding]
    files: list[RecordFile]
    others: list[str]
    not_evaluable: list[RuleInfo]


def load_frame(record_file: RecordFile) -> Loaded:
    """Judge every value of one file."""
    loaded = _judge_values(record_file.record, record_file.frame.with_columns(file=pl.lit(record_file.file)))
    return replace(loaded, frame=loaded.frame.drop(_EMPTIED))


def evaluate_records(
    rows: Mapping[str, Sequence[Mapping[str, str]]],
    *,
    as_of: date,
    year: str,
    phases: Collection[str] = PHASES,
) -> list[Finding]:
    """Findings of records that stand in no file: record type -> rows with every field of the layout.

    A record type with an empty list is known to have no records; one that is missing is not known, and rules
    that read it are *not evaluated*. Findings have no file and no line.
    """
    frames = {record: _frame_of(record, of_record) for record, of_record in rows.items()}
    found = evaluate_frames(frames, Setting(as_of, year), phases)
    return [_without_place(finding) for finding in found]


def evaluate_frames(
    frames: Mapping[str, pl.DataFrame], setting: Setting, phases: Collection[str] = PHASES
) -> list[Finding]:
    """Findings of frames by record type, each with ``file``, ``line`` and one text column a field.

    Local rules run in every phase. A value is judged by the layout and the codes of the year on its line, whole rows by
    those of the setting's year. The findings come in no order.
    """
    with judging(setting.year):
        return _evaluate_frames(frames, setting, phases)


def _evaluate_frames(
    frames: Mapping[str, pl.DataFrame], setting: Setting, phases: Collection[str]
) -> list[Finding]:
    found: list[Finding] = []
    usable: dict[str, pl.DataFrame] = {}
    for record, frame in frames.items():
        loaded = _judge_values(record, frame)
        if "input" in phases:
            found += loaded.findings
        usable[record] = loaded.frame.filter(pl.col(_TRANSACTION[record]) != _DELETE).with_row_index(ROW)
    rules = [
        rule
        for rule in row_rules()
        if rule.is_in_force(setting.year)
        and not rule.is_switched_off(setting.as_of)
        and (rule.is_local or rule.phase in phases)
    ]
    for rule in rules:
        found += _not_evaluated(rule, usable.keys())
    for record, frame in usable.items():
        at_hand = [rule for rule in rules if record in rule.subjects and not _lacking(rule, usable.keys())]
        found += _judge_rows(record, frame, at_hand, usable, setting)
    return found


def validate_folder(folder: Path, setting: Setting, phases: Collection[str] = PHASES) -> Validated:
    """Validate every regular file directly in ``folder`` as one body of records, whatever their names.

    Findings are sorted by file, line and code. Raises ``OSError`` where the folder cannot be read.
    """
    files: list[RecordFile] = []
    findings: list[Finding] = []
    others: list[str] = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        try:
            record_file = read_record_file(path)
        except UnreadableFile as unreadable:
            findings += unreadable.findings
            if not unreadable.is_damaged:
                others.append(path.name)
            continue
        files.append(record_file)
        findings += record_file.set_aside
    frames = {
        record: pl.concat(
            [
                file.frame.drop(EXTRACT_COLUMNS, strict=False).with_columns(file=pl.lit(file.file))
                for file in files
                if file.record == record
            ],
            how="diagonal",
        ).with_columns(pl.col(pl.String).fill_null(""))
        for record in RECORDS
        if any(file.record == record for file in files)
    }
    findings += evaluate_frames(frames, setting, phases)
    wanting = not_evaluable(frames.keys(), setting, phases)
    return Validated(sorted(findings, key=_place), files, others, wanting)


def not_evaluable(
    known: Collection[str], setting: Setting, phases: Collection[str] = PHASES
) -> list[RuleInfo]:
    """Rules in force about one of the ``known`` record types that want for an input, by code."""
    return sorted(
        (
            rule
            for rule in catalog().values()
            if rule.missing_input
            and rule.phase in phases
            and rule.is_in_force(setting.year)
            and any(record in known for record in rule.records)
        ),
        key=lambda rule: rule.code,
    )


def _place(finding: Finding) -> tuple[str, int, str, tuple[str, ...]]:
    return (finding.file or "", finding.line or 0, finding.code, finding.fields)


# Values


@lru_cache(maxsize=64)
def _value_cases(
    record: str, _specification: Specification | None
) -> tuple[tuple[FieldRule, Field, pl.Expr], ...]:
    """Each field rule on each field of a record that it asks something of, by the specification of the year judged."""
    cases = []
    for rule in field_rules():
        if record not in rule.records:
            continue
        for field in layout(record).fields:
            wrong = rule.wrong(record, field)
            if wrong is not None:
                cases.append((rule, field, wrong))
    return tuple(cases)


def _judge_values(record: str, frame: pl.DataFrame) -> Loaded:
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
    cases = _value_cases(record, specification())
    flags = frame.select(wrong.fill_null(False).alias(str(i)) for i, (_, _, wrong) in enumerate(cases))
    hits = flags.select(pl.all().any()).row(0) if frame.height else ()
    findings: list[Finding] = []
    emptied: dict[str, pl.Series] = {}
    left_out = pl.repeat(False, frame.height, eager=True, dtype=pl.Boolean)
    for index, is_hit in enumerate(hits):
        if not is_hit:
            continue
        rule, field, _ = cases[index]
        flag = flags[str(index)]
        severity = rule.field_severity(field) or rule.severity
        number = field.number
        for row in frame.filter(flag).iter_rows(named=True):
            message = rule.message(field, row[number])
            findings.append(_finding(rule, record, row, (number,), severity, message))
        if rule.empties and severity is Severity.FATAL:
            if field.is_key:
                left_out |= flag
            else:
                emptied[number] = (emptied[number] | flag) if number in emptied else flag
    marks = [
        pl.when(flag).then(pl.lit(f"{number} ")).otherwise(pl.lit("")) for number, flag in emptied.items()
    ]
    frame = frame.with_columns((pl.concat_str(marks) if marks else pl.lit("")).alias(_EMPTIED))
    if emptied:
        frame = frame.with_columns(
            pl.when(flag).then(pl.lit("")).otherwise(pl.col(number)).alias(number)
            for number, flag in emptied.items()
        )
    return Loaded(frame.filter(~left_out) if left_out.any() else frame, findings)


# Rows


def _lacking(rule: Rule, known: Collection[str]) -> list[str]:
    """Record types that ``rule`` reads beside its subject and that are not known."""
    needs = {need for name in rule.contexts for need in contexts()[name].needs}
    return [record for record in RECORDS if record in needs and record not in known]


def _not_evaluated(rule: Rule, known: Collection[str]) -> Iterator[Finding]:
    """One finding for a rule of which some records are known and others, without which it cannot speak, are not."""
    lacking = _lacking(rule, known)
    if not any(record in known for record in rule.subjects):
        lacking = [record for record in RECORDS if record in rule.subjects or record in lacking]
    if not lacking or not any(record in known for record in rule.records):
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
        message=f"Not evaluated: {rule.code} reads {' and '.join(lacking)}, and there is no such file.",
    )


def _judge_rows(
    record: str,
    frame: pl.DataFrame,
    rules: Sequence[Rule],
    frames: Mapping[str, pl.DataFrame],
    setting: Setting,
) -> list[Finding]:
    if not rules or not frame.height:
        return []
    for name in dict.fromkeys(name for rule in rules for name in rule.contexts):
        frame = contexts()[name].join(frame, frames, setting)
    flags = _flags(
        frame,
        [
            expression.fill_null(False).alias(name)
            for rule in rules
            for name, expression in _expressions(rule, setting)
        ],
    )
    hits = dict(zip(flags.columns, flags.select(pl.all().any()).row(0), strict=True))
    findings: list[Finding] = []
    for rule in rules:
        if hits[rule.code]:
            severity = rule.severity_in(setting.year)
            soft = f"{rule.code} soft"
            softened = flags.filter(pl.col(rule.code))[soft] if soft in hits else None
            caveat = rule.caveat(setting)
            for i, row in enumerate(frame.filter(flags[rule.code]).iter_rows(named=True)):
                is_soft = softened is not None and softened[i] and severity is Severity.FATAL
                weight = Severity.WARNING if is_soft else severity
                fields = rule.marks(row) if rule.marks else _fields_of(rule, record)
                if rule.is_local and any(f"{number} " in row[_EMPTIED] for number in fields):
                    # A value that was refused has its finding; that it is missing now is no second one.
                    continue
                text = rule.message(row) + caveat
                findings.append(_finding(rule, record, row, fields, weight, text, _group(rule, row)))
        if hits.get(undecided := f"{rule.code} undecided"):
            for row in frame.filter(flags[undecided]).iter_rows(named=True):
                text = f"Not evaluated: {rule.undecided_reason}."
                fields = _fields_of(rule, record)
                findings.append(_finding(rule, record, row, fields, Severity.NOT_EVALUATED, text))
    return findings


def _flags(frame: pl.DataFrame, expressions: Sequence[pl.Expr]) -> pl.DataFrame:
    """The expressions over ``frame``; lazily, so that what several rules ask, such as an age, is computed once."""
    return frame.lazy().select(expressions).collect()


def _expressions(rule: Rule, setting: Setting) -> Iterator[tuple[str, pl.Expr]]:
    yield rule.code, rule.wrong(setting)
    if rule.softened:
        yield f"{rule.code} soft", rule.softened()
    if rule.undecided:
        yield f"{rule.code} undecided", rule.undecided(setting)


def _fields_of(rule: Rule, record: str) -> tuple[str, ...]:
    """The fields a rule points at that stand on a line of ``record``."""
    here = layout(record).by_number
    return tuple(number for number in rule.fields if number in here)


def _group(rule: Rule, row: Row) -> str | None:
    if rule.group is None:
        return None
    return hashlib.sha256(f"{rule.code}/{rule.group(row)}".encode()).hexdigest()[:16]


# Findings


def _finding(
    rule: RuleInfo,
    record: str,
    row: Row,
    fields: Iterable[str],
    severity: Severity,
    message: str,
    group: str | None = None,
) -> Finding:
    fields = tuple(fields)
    return Finding(
        code=rule.code,
        severity=severity,
        kind=rule.kind,
        phase=rule.phase,
        record=record,
        file=row["file"],
        line=row["line"],
        ssid=row[SSID_FIELDS[record]] or None,
        fields=fields,
        values={number: row[number] for number in fields},
        message=message,
        group=group,
        record_key=record_key_of(record, row),
    )


def record_key_of(record: str, row: Row) -> str:
    """The name of a record without its line number: what :class:`Finding` calls ``record_key``."""
    if record in records.KEY_FIELDS:
        return records.record_key(record, row)
    numbers = SIS_KEYS.get(record, layout(record).key)
    return "|".join([record, *(row[number] for number in numbers)])


def _frame_of(record: str, rows: Sequence[Mapping[str, str]]) -> pl.DataFrame:
    schema = dict.fromkeys(known_numbers(record), pl.String())
    frame = pl.DataFrame(list(rows), schema=schema).with_columns(pl.all().fill_null(""))
    return frame.with_row_index("line", offset=1).with_columns(pl.col("line").cast(pl.Int64), file=pl.lit(""))


def _without_place(finding: Finding) -> Finding:
    return replace(finding, file=None, line=None)
