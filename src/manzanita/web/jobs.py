"""Jobs of pages: files made of lists."""

from __future__ import annotations

from manzanita.auditing.exports import MAKE_JOB, TIDY_JOB
from manzanita.platform.jobs import JobRun, NotYet, job_kind
from manzanita.web import list_exports


@job_kind(MAKE_JOB)
def make_export(run: JobRun) -> dict[str, int]:
    """Make the file of one export."""
    return list_exports.make_export(run)


@job_kind(TIDY_JOB)
def tidy_export(run: JobRun) -> None:
    """Let an export lapse, or remove its file, when its time has come."""
    wait = list_exports.tidy_export(run)
    if wait is not None:
        raise NotYet(wait)
