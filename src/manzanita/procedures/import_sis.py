"""Taking SIS files in: SENR says who is enrolled where, SINF who each student is.

A run reads all its files, settles what they say together, and loads the lines in chunks. Each chunk is one
transaction that also notes how far its file is, so that a run whose worker was killed goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.exchange.actions import is_job_over
from manzanita.exchange.imports import FileRead, add_loaded, end_import, open_import_run, store_readings
from manzanita.exchange.models import ImportFile, ImportRun
from manzanita.exchange.queries import imports_under_way
from manzanita.platform import clock
from manzanita.platform.crash import crash_point
from manzanita.platform.files import StoredFile, read_stored_file, remove_stored_file, store_file
from manzanita.platform.jobs import enqueue_job
from manzanita.platform.reach import whole_installation
from manzanita.platform.statistics import renew_statistics
from manzanita.procedures.arriving import Steps, look_at_marked
from manzanita.procedures.sis_birth_dates import judge_birth_dates
from manzanita.procedures.sis_lines import SisFile, read_sis_file
from manzanita.procedures.sis_loading import load_lines
from manzanita.procedures.sis_residence import note_unknown_residences
from manzanita.procedures.sis_schools import note_unlisted_schools
from manzanita.procedures.sis_settling import settle
from manzanita.procedures.sis_whole import whole_of
from manzanita.students.actions import Identity
from manzanita.students.matching import find_students, hold_register

JOB_KIND = "procedures.import-sis"
LINES_AT_ONCE = 1000
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as somebody gives it: what they call it, and its content in chunks."""

    name: str
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Started:
    """``is_new`` is false where ``run`` has one of the files at work already; then nothing was started."""

    run: ImportRun
    is_new: bool


def start_sis_import(*, actor: Actor, files: Iterable[GivenFile]) -> Started:
    """Store the files and enqueue a run for the actor's LEA; a file that is being imported starts nothing."""
    stored = [(file.name, store_file(file.chunks)) for file in files]
    with transaction.atomic():
        # Two clicks at the same moment: the second finds what the first has made.
        hold_register()
        digests = {one.sha256 for _, one in stored}
        under_way = [
            run for run in imports_under_way(actor.agency_code, digests) if not is_job_over(run.job_id)
        ]
        if not under_way:
            run = open_import_run(
                kind="sis",
                lea_code=actor.agency_code,
                files=stored,
                by_id=actor.user_id,
                grant_id=actor.grant_id,
            )
            _enqueue(run, actor)
            log_change(actor=actor, action="start_import", subject=run, detail={"files": len(stored)})
            return Started(run, is_new=True)
    for _, one in stored:
        remove_stored_file(one.stored_name)
    return Started(under_way[0], is_new=False)


def _enqueue(run: ImportRun, actor: Actor) -> None:
    run.job_id = enqueue_job(kind=JOB_KIND, args={"import_run": run.pk}, by_id=actor.user_id).pk
    run.save(update_fields=["job_id"])


@transaction.atomic
def resume_sis_import(*, actor: Actor, run: ImportRun) -> bool:
    """Set a run going again whose job gave up. False where one is still at it, or nothing is left to do."""
    locked = ImportRun.objects.select_for_update().get(pk=run.pk)
    if locked.state not in ("waiting", "running") or not is_job_over(locked.job_id):
        return False
    # From here on it acts for the person who set it going.
    locked.by_id, locked.grant_id = actor.user_id, actor.grant_id
    locked.save(update_fields=["by_id", "grant_id"])
    _enqueue(locked, actor)
    log_change(actor=actor, action="resume_import", subject=locked)
    return True


def take_in_sis_files(
    files: Sequence[Path],
    *,
    lea_code: str = "",
    by_id: int | None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> ImportRun:
    """Import files in this thread and return the finished run; an empty ``lea_code`` takes lines of every LEA."""
    stored = [(path.name, _store_path(path)) for path in files]
    run = open_import_run(kind="sis", lea_code=lea_code, files=stored, by_id=by_id)
    do_sis_import(run, _InThisThread(on_progress), actor=None)
    return run


def _store_path(path: Path) -> StoredFile:
    with path.open("rb") as file:
        return store_file(iter(lambda: file.read(_CHUNK_BYTES), b""))


class _InThisThread:
    """Steps of a run that no job does: nobody takes it over."""

    def __init__(self, on_progress: Callable[[int, int], None]) -> None:
        self._on_progress = on_progress

    def step(self) -> AbstractContextManager[None]:
        return transaction.atomic()

    def progress(self, done: int, total: int | None = None, text: str = "") -> None:
        if total is not None:
            self._on_progress(done, total)


def do_sis_job(run: ImportRun, steps: Steps) -> dict[str, int] | None:
    """Do a run as a job for whoever started it, whose grant may have ended since."""
    if run.state in ("done", "failed"):
        return None
    actor = actor_of_grant_id(run.grant_id or 0, clock.today())
    if actor is None or not actor.may(Capability.IMPORT_FILES) or actor.agency_code != run.lea_code:
        with steps.step():
            end_import(run=run, refusals=[_grant_ended(run)])
            log_change(
                actor=None,
                action="refuse_import",
                subject=run,
                detail={"reason": "grant-ended"},
                lea_code=run.lea_code,
            )
        return run.counts
    return do_sis_import(run, steps, actor=actor)


def do_sis_import(run: ImportRun, steps: Steps, *, actor: Actor | None) -> dict[str, int]:
    """Read, settle and load the files of a run from where an earlier attempt left it; return the counts."""
    with whole_installation("who arrives from another LEA is known by the SSID, wherever that LEA is"):
        return _import(run, steps, actor)


def _import(run: ImportRun, steps: Steps, actor: Actor | None) -> dict[str, int]:
    files = list(run.files.order_by("pk"))
    try:
        read = list(_read(files, run.lea_code, steps))
    except FileNotFoundError:
        with steps.step():
            end_import(run=run, refusals=[_file_gone()])
            log_change(
                actor=actor,
                action="refuse_import",
                subject=run,
                detail={"reason": "file-gone"},
                lea_code=run.lea_code,
            )
        return run.counts
    judge_birth_dates(read, clock.today())
    settled = settle(read, _known_as)
    whole = whole_of(read, settled)
    if not all(file.is_read for file in files):
        note_unlisted_schools(read, clock.today())
        note_unknown_residences(read)
        with steps.step():
            store_readings(
                run=run,
                readings=[
                    FileRead(file, sis.record, sis.line_count, sis.counts, sis.notes)
                    for file, sis in zip(files, read, strict=True)
                ],
            )
        crash_point("sis-files-read")
    total = sum(len(sis.lines) for sis in read)
    done = sum(file.loaded_count for file in files)
    # Who is enrolled comes first: SINF only speaks of students who are known.
    for file, sis in sorted(zip(files, read, strict=True), key=lambda pair: pair[1].record):
        words = f"Loading {sis.record}, file {files.index(file) + 1} of {len(files)}"
        steps.progress(done, total, words)
        while chunk := sis.lines[file.loaded_count : file.loaded_count + LINES_AT_ONCE]:
            with steps.step():
                loaded = load_lines(sis.record, chunk, whole, by_id=run.by_id, cause=f"sis-import:{run.pk}")
                add_loaded(file=file, line_count=len(chunk), counts=loaded.counts, notes=loaded.notes)
            crash_point("sis-lines-loaded")
            done += len(chunk)
            steps.progress(done, total, words)
    # The first file of a district fills empty tables, and its pages are opened at once.
    renew_statistics()
    steps.progress(done, total, "Looking for arrivals")
    look_at_marked(steps, run.lea_code)
    with steps.step():
        end_import(run=run)
        log_change(actor=actor, action="import_sis", subject=run, detail=run.counts, lea_code=run.lea_code)
    return run.counts


def _read(files: Sequence[ImportFile], lea_code: str, steps: Steps) -> Iterator[SisFile]:
    for number, file in enumerate(files, start=1):
        steps.progress(0, None, f"Reading file {number} of {len(files)}")
        yield read_sis_file(read_stored_file(file.stored_name), file.name, lea_code=lea_code)


def _known_as(ssids: set[str]) -> Mapping[str, Identity]:
    found = find_students(ssids=ssids, local_ids=())
    return {ssid: known.identity for ssid, known in found.by_ssid.items()}


def _grant_ended(run: ImportRun) -> Reason:
    loaded = sum(run.files.values_list("loaded_count", flat=True))
    rest = "Nothing was loaded" if not loaded else "The rest was not loaded"
    return Reason(
        "grant-ended",
        f"{rest}: the grant of the person who started this import has ended.",
        Owner.COORDINATOR,
        "Import the files again under a grant that is in force. What is loaded already is not doubled.",
    )


def _file_gone() -> Reason:
    return Reason(
        "file-gone",
        "A file of this import is no longer in the files folder of this installation.",
        Owner.COORDINATOR,
        "Import the files again. What is loaded already is not doubled.",
    )
