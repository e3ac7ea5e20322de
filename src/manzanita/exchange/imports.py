"""Every write of import runs: their files, how far they are, and what is noted of their lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction

from manzanita.domain.findings import Reason, reason_document
from manzanita.exchange.models import ImportFile, ImportNote, ImportRun
from manzanita.platform import clock
from manzanita.platform.files import StoredFile

# Every line of a file ends as one of these; beside them ``emptied`` counts fields.
OUTCOMES = ("new", "changed", "unchanged", "refused", "elsewhere")
NAME_LIMIT = 120


class Noted(Protocol):
    """What a note says; see ``ImportNote``."""

    @property
    def line(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def effect(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def fields(self) -> tuple[str, ...]: ...
    @property
    def message(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def fix(self) -> str: ...
    @property
    def about(self) -> str: ...


@dataclass(frozen=True, slots=True)
class FileRead:
    """What reading one file said before anybody was looked up."""

    file: ImportFile
    record: str
    line_count: int
    counts: Mapping[str, int]
    notes: Sequence[Noted]


@transaction.atomic
def open_import_run(
    *,
    kind: str,
    lea_code: str,
    files: Sequence[tuple[str, StoredFile]],
    by_id: int | None,
    grant_id: int | None = None,
) -> ImportRun:
    """Make a run of stored files, each with what its giver calls it, waiting for somebody to do it."""
    run = ImportRun.objects.create(
        kind=kind, lea_code=lea_code, by_id=by_id, grant_id=grant_id, created_at=clock.now()
    )
    ImportFile.objects.bulk_create(
        ImportFile(
            run=run,
            name=_printable(name)[:NAME_LIMIT],
            stored_name=stored.stored_name,
            sha256=stored.sha256,
        )
        for name, stored in files
    )
    return run


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "_" for character in name) or "without a name"


@transaction.atomic
def store_readings(*, run: ImportRun, readings: Iterable[FileRead]) -> None:
    """Store what reading all files of a run said; from here on their lines are loaded."""
    ImportRun.objects.filter(pk=run.pk).update(state="running")
    for reading in readings:
        file = reading.file
        file.record, file.line_count, file.is_read = reading.record, reading.line_count, True
        file.counts = _counts(reading.counts)
        file.save(update_fields=["record", "line_count", "counts", "is_read"])
        _write_notes(file, reading.notes)


@transaction.atomic(savepoint=False)
def add_loaded(
    *, file: ImportFile, line_count: int, counts: Mapping[str, int], notes: Iterable[Noted]
) -> None:
    """Note that the next ``line_count`` lines of a file have been judged, and how."""
    loaded_count, total = file.loaded_count + line_count, _counts(Counter(file.counts) + Counter(counts))
    ImportFile.objects.filter(pk=file.pk).update(loaded_count=loaded_count, counts=total)
    _write_notes(file, notes)
    file.loaded_count, file.counts = loaded_count, total


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts as they are stored. A line is *matched* where its student was known before it."""
    known = {name: counts.get(name, 0) for name in (*OUTCOMES, "emptied")}
    return {**known, "matched": known["changed"] + known["unchanged"]}


def _write_notes(file: ImportFile, notes: Iterable[Noted]) -> None:
    ImportNote.objects.bulk_create(
        [
            ImportNote(
                file=file,
                line=note.line,
                code=note.code,
                severity=str(note.severity),
                fields=list(note.fields),
                message=note.message,
                owner=str(note.owner),
                fix=note.fix,
                effect=note.effect,
                about=note.about,
            )
            for note in notes
        ],
        batch_size=500,
    )


@transaction.atomic
def end_import(*, run: ImportRun, refusals: Sequence[Reason] = ()) -> None:
    """Close a run with the sums of its files; with ``refusals`` it has failed, and these say why."""
    sums: Counter[str] = Counter()
    for line_count, counts in run.files.values_list("line_count", "counts"):
        sums.update({**counts, "lines": line_count})
    run.state = "failed" if refusals else "done"
    run.counts = {"lines": sums["lines"], **_counts(sums)}
    run.refusals = [reason_document(reason) for reason in refusals]
    run.finished_at = clock.now()
    run.save(update_fields=["state", "counts", "refusals", "finished_at"])
