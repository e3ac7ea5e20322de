"""Carrying out planned program settings on their day: a nightly job, by the person who planned each and under that
grant, as the office would record the change by hand.

Effective dating alone does not do it: the state takes what has happened, and reads the setting from an archive. So the
plan of now stands until its day, and the change is an archive of that day, which can be taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.setting_grounds import PLANNED
from manzanita.domain.turning_five import PRESCHOOL_SETTINGS
from manzanita.meetings.actions import NotPossible
from manzanita.platform import clock
from manzanita.platform.facts import ConcurrentStatement
from manzanita.platform.jobs import JobRun
from manzanita.platform.reach import whole_installation
from manzanita.procedures.batch_next_year import against_gone
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import preview_change, record_change
from manzanita.students.actions import state_one
from manzanita.students.models import BatchEdit, Merge, NextSetting, Plan, Student
from manzanita.students.scope import current_for

SETTING_JOB = "students.carry-out-settings"
_BATCH = "batch:"
_SETTING, _SHARE, _LOCATION, _TEN_HOURS = "23.20", "23.23", "23.21", "23.22"


def due_settings() -> QuerySet[NextSetting, NextSetting]:
    """Those whose day has come, the earliest first."""
    today = clock.today()
    rows = NextSetting.objects.as_of(effective=today).filter(starts_on__lte=today)
    return rows.select_related("student").order_by("starts_on", "pk")


def carry_out_settings(run: JobRun | None = None) -> dict[str, int]:
    """Record every planned setting whose day has come: how many, and how many had to stay. Running it again does what
    is left; why one stays is asked anew whenever somebody looks (:func:`why_left`)."""
    counts = {"done": 0, "stayed": 0}
    with whole_installation("planned settings are of every district"):
        due = list(due_settings())
        for number, planned in enumerate(due):
            if run is not None:
                run.progress(number, len(due), "Recording planned settings")
            try:
                outcome = _carry_out(planned)
            except ConcurrentStatement:
                # Somebody changes this very record now; the next run looks at what that left.
                outcome = "stayed"
            if outcome:
                counts[outcome] += 1
    return counts


@transaction.atomic
def _carry_out(planned: NextSetting) -> str:
    """``done`` or ``stayed``; empty where it was taken back, or planned anew, since it was read."""
    student = Student.unscoped.select_for_update().get(pk=planned.student_id)
    if not NextSetting.objects.believed().filter(pk=planned.pk).exists():
        return ""
    own = planning_of(planned)
    actor = _actor_of(own)
    if actor is None or _against(actor, planned, own):
        return "stayed"
    try:
        with transaction.atomic():
            archive = record_change(actor=actor, student=student, asked=_asked(planned, own.batch))
    except NotPossible:
        return "stayed"
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
        reason=own.batch.reason if own.batch else "",
    )
    return "done"


def why_left(planned: NextSetting) -> list[Reason]:
    """What keeps a planned setting whose day has come from being recorded now; empty: the next run records it."""
    own = planning_of(planned)
    actor = _actor_of(own)
    if actor is None:
        return [
            Reason(
                "grant-ended",
                "Whoever planned it does not record changes of this student any more.",
                Owner.COORDINATOR,
                "Record it yourself, or take it back.",
            )
        ]
    against = _against(actor, planned, own)
    return against or list(preview_change(actor, planned.student, _asked(planned, own.batch)).blockers)


@dataclass(frozen=True, slots=True)
class Planning:
    """How a setting came to be planned: the version that was stated then, of this record or of a second one that was
    put into it, and the change of many students that stated it; both ``None`` where nobody has planned it so."""

    version: NextSetting | None = None
    batch: BatchEdit | None = None


@whole_installation("a setting may have been planned of a second record of the student, which is empty now")
def planning_of(planned: NextSetting) -> Planning:
    """By whom and over which plan it was planned, whatever has moved its version since: a merge, or a leaving that was
    taken back, states the same anew with a cause of its own."""
    content = {name: getattr(planned, name) for name in NextSetting.content}
    same = NextSetting.objects.filter(student_id__in=_records_of(planned.student_id), **content)
    stated = same.filter(cause__startswith=_BATCH).order_by("-recorded_at", "-pk")
    newest = planned if planned.cause.startswith(_BATCH) else stated.first()
    if newest is None:
        return Planning()
    # What was taken back and stands again was planned when it was first stated.
    own = same.filter(cause=newest.cause, student_id=newest.student_id)
    first = own.order_by("recorded_at", "pk").first()
    return Planning(first, BatchEdit.objects.filter(pk=int(newest.cause.removeprefix(_BATCH))).first())


def _records_of(student_id: int) -> set[int]:
    """The record, and those that were put into it."""
    found, new = {student_id}, {student_id}
    while new:
        rows = Merge.objects.filter(student_id__in=new, undone_at__isnull=True)
        new = set(rows.values_list("other_id", flat=True)) - found
        found |= new
    return found


def _actor_of(own: Planning) -> Actor | None:
    """Whoever planned it, if the grant still lets that person change records."""
    batch, version = own.batch, own.version
    if batch is None or version is None:
        return None
    actor = actor_of_grant_id(batch.grant_id or 0, clock.today())
    return actor if actor is not None and actor.may(Capability.CORRECT_RECORD) else None


def _against(actor: Actor, planned: NextSetting, own: Planning) -> list[Reason]:
    """What stands against it beside what stands against the change itself: asked by the job, and of whoever looks."""
    pk = planned.student_id
    if not current_for(actor).filter(pk=pk).exists():
        return [
            Reason(
                "not-here",
                "The student is no longer at the district that planned it, or out of reach of whoever did.",
                Owner.COORDINATOR,
                "Record that the student left, or take it back. The district where the student is plans its own.",
                source="A setting is planned by the district where the student is",
            )
        ]
    if gone := against_gone(actor, {pk: ""}):
        return list(gone.values())
    if _team_said(planned, own):
        return [
            Reason(
                "team-said",
                "The setting or its share is another than when this was planned: a plan or a change since has said it.",
                Owner.TEAM,
                "Plan it again where it is still meant, or take it back.",
                source="The team's plan goes before what was planned",
            )
        ]
    return []


@whole_installation(
    "the plan it was planned over may be one of a second record of the student, which is empty now"
)
def _team_said(planned: NextSetting, own: Planning) -> bool:
    """Is the setting that would be changed another one than the one it was planned over?"""
    if own.version is None:
        return True
    then = own.version
    was = _settings(then.student_id, then.effective_from, known=then.recorded_at)
    now = _settings(planned.student_id, planned.starts_on)
    # Without a plan nothing was said; that there is none the change says itself.
    return now is not None and now != was


def _settings(student_id: int, day: date, *, known: datetime | None = None) -> tuple[str, str] | None:
    """Setting and share of the plan in force on a day, as believed at ``known``."""
    rows = Plan.objects.as_of(effective=day, known=known).filter(student_id=student_id)
    return rows.values_list("program_setting_code", "general_education_percent").first()


def end_settings(student_id: int, lea_code: str, first: date, *, by_id: int, cause: str) -> None:
    """From ``first`` on nothing is planned of the student by this LEA; what another one planned stands."""
    rows = NextSetting.objects.believed().filter(student_id=student_id)
    batches = [planning_of(row).batch for row in rows]
    if batches and all(one is None or one.agency_code == lea_code for one in batches):
        slot = {"student_id": student_id}
        state_one("next_setting", slot=slot, values=None, effective_from=first, by_id=by_id, cause=cause)


def _asked(planned: NextSetting, batch: BatchEdit | None) -> Asked:
    code = planned.program_setting_code
    settings = {_SETTING: code, _SHARE: planned.general_education_percent}
    if code not in PRESCHOOL_SETTINGS:
        # Only preschool has them.
        settings |= {_LOCATION: "", _TEN_HOURS: ""}
    reason = batch.reason if batch else ""
    return Asked("setting", planned.starts_on, reason, settings=settings, ground=PLANNED)


def batches_of_causes(causes: Iterable[str]) -> Mapping[str, BatchEdit]:
    """The changes of many students that stated these facts, by cause, as far as the reader's agency made them."""
    keys = {cause: cause.removeprefix(_BATCH) for cause in set(causes) if cause.startswith(_BATCH)}
    if not keys:
        return {}
    rows = {one.pk: one for one in BatchEdit.objects.filter(pk__in=[int(key) for key in keys.values()])}
    return {cause: rows[int(key)] for cause, key in keys.items() if int(key) in rows}
