"""Jobs of procedures."""

from __future__ import annotations

from manzanita.auditing.viewing import ALERT_JOB
from manzanita.exchange.models import ImportRun
from manzanita.platform.daily import daily
from manzanita.platform.jobs import JobRun, job_kind
from manzanita.procedures.adopting import ADOPTIONS
from manzanita.procedures.arriving import LOOK_JOB, NIGHTLY_LOOK_JOB, do_look, do_nightly_look
from manzanita.procedures.batch_edit import EDIT_JOB
from manzanita.procedures.batch_job import do_batch_job
from manzanita.procedures.check_findings import CHECK_JOB, NIGHTLY_JOB, check_changed, check_everybody
from manzanita.procedures.import_sis import JOB_KIND, do_sis_job
from manzanita.procedures.leaving_job import LEAVING_JOB, carry_out_planned
from manzanita.procedures.leaving_many import LEAVINGS
from manzanita.procedures.planned_settings import SETTING_JOB, carry_out_settings
from manzanita.procedures.reminders import REMINDER_JOB, send_reminders
from manzanita.procedures.student_transfers import SETTLE_JOB, settle_by_policy
from manzanita.procedures.viewing_alerts import alert_block
from manzanita.students.duplicates import DUPLICATES_JOB, find_duplicates


@job_kind(JOB_KIND)
def import_sis(run: JobRun) -> dict[str, int] | None:
    """Do one import of SIS files, from where an earlier attempt left it."""
    return do_sis_job(ImportRun.objects.get(pk=run.args["import_run"]), run)


@job_kind(EDIT_JOB)
def edit_batch(run: JobRun) -> dict[str, int]:
    """Change one field of many students, or take that back."""
    return do_batch_job(run)


@job_kind(ALERT_JOB)
def alert_viewing(run: JobRun) -> dict[str, int]:
    """Tell those who can lift a block that it stands."""
    return {"told": alert_block(run.args["block"])}


@job_kind(CHECK_JOB)
def check_findings(run: JobRun) -> dict[str, int]:
    """Have the rules judge whoever has changed."""
    return check_changed(run)


@daily(NIGHTLY_JOB)
@job_kind(NIGHTLY_JOB)
def check_nightly(run: JobRun) -> dict[str, int]:
    """Have the rules judge everybody: what they say may change with a release and with the day."""
    return check_everybody(run)


@daily(REMINDER_JOB)
@job_kind(REMINDER_JOB)
def mail_reminders(run: JobRun) -> dict[str, int]:
    """Remind by mail whoever wants it today."""
    return send_reminders(run)


@daily(DUPLICATES_JOB)
@job_kind(DUPLICATES_JOB)
def look_for_duplicates(run: JobRun) -> dict[str, int]:
    """Find students who may have been entered twice."""
    return find_duplicates(lambda done, total: run.progress(done, total, "Comparing names"))


@job_kind(LOOK_JOB)
def look_for_arrivals(run: JobRun) -> dict[str, int]:
    """Look who has come to one LEA."""
    return do_look(run)


@daily(NIGHTLY_LOOK_JOB)
@job_kind(NIGHTLY_LOOK_JOB)
def look_for_arrivals_nightly(run: JobRun) -> dict[str, int]:
    """Look who has come, everywhere: days begin, and extracts and duplicates tell more."""
    return do_nightly_look(run)


@job_kind(ADOPTIONS.job)
def adopt_plans(run: JobRun) -> dict[str, int]:
    """Adopt the plans of one batch, from where an earlier attempt left it."""
    return ADOPTIONS.do(run)


@job_kind(ADOPTIONS.undo_job)
def undo_adoption(run: JobRun) -> dict[str, int]:
    """Take a batch back, from where an earlier attempt left it."""
    return ADOPTIONS.undo(run)


@job_kind(LEAVINGS.job)
def record_leavings(run: JobRun) -> dict[str, int]:
    """Record the leavings of one batch, from where an earlier attempt left it."""
    return LEAVINGS.do(run)


@job_kind(LEAVINGS.undo_job)
def undo_leavings(run: JobRun) -> dict[str, int]:
    """Take such a batch back, from where an earlier attempt left it."""
    return LEAVINGS.undo(run)


@daily(LEAVING_JOB)
@job_kind(LEAVING_JOB)
def carry_out_leavings(run: JobRun) -> dict[str, int]:
    """Carry out the leavings that were planned for today."""
    return carry_out_planned(run)


@daily(SETTING_JOB)
@job_kind(SETTING_JOB)
def record_planned_settings(run: JobRun) -> dict[str, int]:
    """Record the program settings that were planned for today."""
    return carry_out_settings(run)


@job_kind(SETTLE_JOB)
def settle_transfers(run: JobRun) -> dict[str, int]:
    """Accept what policies of SELPAs accept, because somebody asks; each minute it is done anyway."""
    return {"accepted": settle_by_policy()}
