"""Jobs of procedures."""

from __future__ import annotations

from manzanita.exchange.models import ImportRun
from manzanita.platform.jobs import JobRun, job_kind
from manzanita.procedures.import_sis import JOB_KIND, do_sis_job


@job_kind(JOB_KIND)
def import_sis(run: JobRun) -> dict[str, int] | None:
    """Do one import of SIS files, from where an earlier attempt left it."""
    return do_sis_job(ImportRun.objects.get(pk=run.args["import_run"]), run)
