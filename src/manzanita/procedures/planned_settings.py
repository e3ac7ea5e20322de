"""Carrying out planned program settings on their day: a nightly job, by the person who planned each and under that
grant, as the office would record the change by hand.

Effective dating alone does not do it: the state takes what has happened, and reads the setting from an archive. So the
plan of now stands until its day, and the change is an archive of that day, which can be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import QuerySet

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.turning_five import PRESCHOOL_SETTINGS
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.jobs import JobRun
from manzanita.platform.reach import whole_installation
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import preview_change, record_change
from manzanita.students.actions import state_one
from manzanita.students.models import BatchEdit, NextSetting
from manzanita.students.queries import is_visible

SETTING_JOB = "students.carry-out-settings"
_SETTING, _SHARE, _LOCATION, _TEN_HOURS = "23.20", "23.23", "23.21", "23.22"


def due_settings() -> QuerySet[NextSetting, NextSetting]:
    """Those whose day has come, the earliest first."""
    today = clock.today()
    rows = NextSetting.objects.as_of(effective=today).filter(starts_on__lte=today)
    return rows.select_related("student").order_by("starts_on", "pk")


def carry_out_settings(run: JobRun | None = None) -> dict[str, int]:
    """Record every planned setting whose day has come: how many, and how many had to stay. Running it again does what
    is left; why one stays is asked anew whenever somebody looks (:func:`why_left`)."""
    done = stayed = 0
    with whole_installation("planned settings are of every district"):
        due = list(due_settings())
        batches = batches_of_causes(one.cause for one in due)
        for number, planned in enumerate(due):
            if run is not None:
                run.progress(number, len(due), "Recording planned settings")
            if _carry_out(planned, batches.get(planned.cause)):
                done += 1
            else:
                stayed += 1
    return {"done": done, "stayed": stayed}


@transaction.atomic
def _carry_out(planned: NextSetting, batch: BatchEdit | None) -> bool:
    actor = _actor_of(planned, batch)
    if actor is None:
        return False
    try:
        with transaction.atomic():
            archive = record_change(actor=actor, student=planned.student, asked=_asked(planned, batch))
    except NotPossible:
        return False
    state_one(
        "next_setting",
        slot={"student_id": planned.student_id},
        values=None,
        effective_from=clock.today(),
        by_id=actor.user_id,
        cause=f"archive:{archive.pk}",
    )
    log_change(
        actor=actor,
        action="carry_out_setting",
        student_id=planned.student_id,
        subject=archive,
        reason=batch.reason if batch else "",
    )
    return True


def why_left(planned: NextSetting, batch: BatchEdit | None) -> list[Reason]:
    """What keeps a planned setting whose day has come from being recorded now; empty: the next run records it."""
    actor = _actor_of(planned, batch)
    if actor is None:
        return [
            Reason(
                "grant-ended",
                "Whoever planned it does not record changes of this student any more.",
                Owner.COORDINATOR,
                "Record it yourself, or take it back.",
            )
        ]
    return list(preview_change(actor, planned.student, _asked(planned, batch)).blockers)


def _actor_of(planned: NextSetting, batch: BatchEdit | None) -> Actor | None:
    """Whoever planned it, if the grant still lets that person do so."""
    actor = actor_of_grant_id(batch.grant_id or 0, clock.today()) if batch is not None else None
    if actor is None or not actor.may(Capability.CORRECT_RECORD):
        return None
    return actor if is_visible(actor, planned.student_id) else None


def _asked(planned: NextSetting, batch: BatchEdit | None) -> Asked:
    code = planned.program_setting_code
    settings = {_SETTING: code, _SHARE: planned.general_education_percent}
    if code not in PRESCHOOL_SETTINGS:
        # Only preschool has them.
        settings |= {_LOCATION: "", _TEN_HOURS: ""}
    return Asked("setting", planned.starts_on, batch.reason if batch else "", settings=settings)


def batches_of_causes(causes: Iterable[str]) -> Mapping[str, BatchEdit]:
    """The changes of many students that stated these facts, by cause, as far as the reader's agency made them."""
    keys = {cause: cause.removeprefix("batch:") for cause in set(causes) if cause.startswith("batch:")}
    if not keys:
        return {}
    rows = {one.pk: one for one in BatchEdit.objects.filter(pk__in=[int(key) for key in keys.values()])}
    return {cause: rows[int(key)] for cause, key in keys.items() if int(key) in rows}
