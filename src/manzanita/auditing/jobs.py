"""Jobs of auditing."""

from __future__ import annotations

import logging

from manzanita.auditing.recurring import VERIFY_JOB
from manzanita.auditing.verifying import verify as verify_chains
from manzanita.platform.jobs import JobRun, job_kind

logger = logging.getLogger("manzanita.auditing")


@job_kind(VERIFY_JOB)
def verify(run: JobRun) -> dict[str, int]:
    """Verify all chains; what is wrong stands on the audit page and, as an error, in the server's log."""
    report = verify_chains(progress=lambda rows: run.progress(rows, text="Verifying the sealed logs"))
    if not report.is_sound:
        logger.error("the sealed logs are not sound: %s", report.problems[0])
    return {"rows": report.row_count, "problems": report.problem_count}
