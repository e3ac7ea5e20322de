"""Jobs of procedures."""

from __future__ import annotations

from manzanita.auditing.viewing import ALERT_JOB
from manzanita.exchange.models import ImportRun
from manzanita.platform.jobs import JobRun, job_kind
from manzanita.procedures.import_sis import JOB_KIND, do_sis_job
from manzanita.procedures.viewing_alerts import alert_block


@job_kind(JOB_KIND)
def import_sis(run: JobRun) -> dict[str, int] | None:
    """Do one import of SIS files, from where an earlier attempt left it."""
    return do_sis_job(ImportRun.objects.get(pk=run.args["import_run"]), run)


@job_kind(ALERT_JOB)
def alert_viewing(run: JobRun) -> dict[str, int]:
    """Tell those who can lift a block that it stands."""
    return {"told": alert_block(run.args["block"])}
