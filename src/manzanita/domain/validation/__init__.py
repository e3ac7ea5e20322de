"""The engine: one set of rules over one student's records, a district's files, or the whole state.

Values are judged first, field by field; then the rules about whole rows run. Lines that delete a record are judged
in their keys only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from manzanita.domain.findings import Finding
from manzanita.domain.layouts import RECORDS, known_numbers, layout
from manzanita.domain.layouts.files import RecordFile
from manzanita.domain.rules import row_rules
from manzanita.domain.rules.declaration import PHASES, Rule, Setting
from manzanita.domain.rules.joining import ROW
from manzanita.domain.specification import judging
from manzanita.domain.validation.quarantine import Quarantine
from manzanita.domain.validation.rows import judge_rows, lacking, not_evaluated
from manzanita.domain.validation.values import EMPTIED, Loaded, judge_values

_TRANSACTION = {record: layout(record).fields[1].number for record in RECORDS}
_DELETE = "D"


def load_frame(record_file: RecordFile) -> Loaded:
    """Judge every value of one file."""
    loaded = judge_values(record_file.record, record_file.frame.with_columns(file=pl.lit(record_file.file)))
    return replace(loaded, frame=loaded.frame.drop(EMPTIED))


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
    frames = {record: frame_of(record, of_record) for record, of_record in rows.items()}
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
    quarantine = Quarantine()
    found: list[Finding] = []
    usable: dict[str, pl.DataFrame] = {}
    for record, frame in frames.items():
        loaded = judge_values(record, frame, quarantine=quarantine)
        if "input" in phases:
            found += loaded.findings
        usable[record] = usable_rows(record, loaded.frame).with_row_index(ROW)
    rules = rules_at(setting, phases)
    for rule in rules:
        found += not_evaluated(rule, usable.keys())
    prepared: dict[str, Any] = {}
    for record, frame in usable.items():
        at_hand = rules_of(record, rules, usable.keys())
        found += judge_rows(record, frame, at_hand, usable, setting, quarantine, prepared).findings()
    return found + quarantine.findings()


def usable_rows(record: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that rules are about: those of lines that delete nothing."""
    is_deleted = frame[_TRANSACTION[record]] == _DELETE
    return frame.filter(~is_deleted) if is_deleted.any() else frame


def rules_at(setting: Setting, phases: Collection[str]) -> list[Rule]:
    """Rules about rows that are in force."""
    return [
        rule
        for rule in row_rules()
        if rule.is_in_force(setting.year)
        and not rule.is_switched_off(setting.as_of)
        and (rule.is_local or rule.phase in phases)
    ]


def rules_of(record: str, rules: Sequence[Rule], known: Collection[str]) -> list[Rule]:
    """Those of ``rules`` about ``record`` that lack nothing where the record types ``known`` are."""
    return [rule for rule in rules if record in rule.subjects and not lacking(rule, known)]


def frame_of(record: str, rows: Sequence[Mapping[str, str]]) -> pl.DataFrame:
    """Records that stand in no file as a frame; ``line`` counts them."""
    numbers = known_numbers(record)
    lines = [
        (line, *(row.get(number) or "" for number in numbers), "") for line, row in enumerate(rows, start=1)
    ]
    schema = {"line": pl.Int64(), **dict.fromkeys((*numbers, "file"), pl.String())}
    return pl.DataFrame(lines, schema=schema, orient="row")


def _without_place(finding: Finding) -> Finding:
    return replace(finding, file=None, line=None)
