"""A folder of files, validated as one body of records, whatever its size.

Values are judged while the files are read, block by block. The rows are then judged partition by partition, each with
all records of some of the students; what does not fit into a bounded part of the memory waits in files. Rules
that look across students are judged at the end, over the rows that they need of every partition.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from manzanita.domain.findings import Finding
from manzanita.domain.layouts.blocks import RecordBlocks, UnreadableFile, open_record_file
from manzanita.domain.rules import catalog
from manzanita.domain.rules.declaration import PHASES, RuleInfo, Setting
from manzanita.domain.validation.body import Body, ReadFile, place
from manzanita.domain.validation.partitions import Partitions

# Bytes of caret files whose records are judged together: about twenty thousand students.
PARTITION_BYTES = 48 << 20
# What a folder of several partitions may take in memory, beside the one that is judged. A state fits into 4 GB.
MEMORY_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class FolderFindings:
    """What a folder of files says.

    ``findings`` are made while they are asked for, once. In a folder of one partition they are sorted by file, line
    and code. Else those about lines and values come first, file by file, then those about whole rows, partition by
    partition, each sorted so. Rules that failed are told last. ``others`` are files of another sort, which were not
    read; ``not_evaluable`` are rules of the state about the records at hand for which an input is missing everywhere,
    by code.
    """

    findings: Iterator[Finding]
    files: list[ReadFile]
    others: list[str]
    not_evaluable: list[RuleInfo]
    partitions: int


@dataclass(frozen=True, slots=True)
class Validated:
    """As :class:`FolderFindings`, all findings at hand and sorted by file, line and code."""

    findings: list[Finding]
    files: list[ReadFile]
    others: list[str]
    not_evaluable: list[RuleInfo]


def validate_folder(folder: Path, setting: Setting, phases: Collection[str] = PHASES) -> Validated:
    """Validate every regular file directly in ``folder`` as one body of records, whatever their names.

    Raises ``OSError`` where the folder cannot be read.
    """
    with findings_in(folder, setting, phases) as told:
        findings = sorted(told.findings, key=place)
        return Validated(findings, told.files, told.others, told.not_evaluable)


@contextmanager
def findings_in(
    folder: Path,
    setting: Setting,
    phases: Collection[str] = PHASES,
    *,
    codes: Collection[str] | None = None,
    partition_bytes: int = PARTITION_BYTES,
    memory_bytes: int = MEMORY_BYTES,
) -> Iterator[FolderFindings]:
    """As :func:`validate_folder`, for a folder of any size. ``codes`` are the rules to ask (``None``: all).

    Within this, a folder that takes several partitions has a private folder for temporary files, which stands where
    ``TMPDIR`` says. It holds what does not fit into ``memory_bytes``: of a large state about as much as its files.
    """
    readable: list[RecordBlocks] = []
    others: list[str] = []
    unreadable: dict[str, list[Finding]] = {}
    size = 0
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        try:
            readable.append(open_record_file(path))
            size += path.stat().st_size
        except UnreadableFile as error:
            unreadable[path.name] = error.findings
            if not error.is_damaged:
                others.append(path.name)
    count = max(1, -(-size // partition_bytes))
    known = {records.record for records in readable}
    wanting = not_evaluable(known, setting, phases) if codes is None else []
    with ExitStack() as stack:
        temporary: Path | None = None
        if count > 1:
            temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manzanita-validate-")))
        body = Body(readable, setting, phases, codes, Partitions(count, temporary, memory_bytes))
        findings = body.findings(unreadable)
        # Before the temporary files are removed.
        stack.callback(findings.close)
        yield FolderFindings(findings, list(body.files.values()), others, wanting, count)


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
