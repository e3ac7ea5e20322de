"""A folder of files, validated as one body of records."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from manzanita.domain.findings import Finding
from manzanita.domain.layouts import RECORDS
from manzanita.domain.layouts.files import RecordFile, UnreadableFile, read_record_file
from manzanita.domain.layouts.recognizing import EXTRACT_COLUMNS
from manzanita.domain.rules import catalog
from manzanita.domain.rules.declaration import PHASES, RuleInfo, Setting
from manzanita.domain.validation import evaluate_frames


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
