"""Counts that a job makes: asking for one, making it, and the newest one of a scope."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from manzanita.accounts.queries import actor_of_grant_id
from manzanita.domain.access import Actor, Capability
from manzanita.exchange.compliance import Asked, Counted, count
from manzanita.exchange.models import ComplianceRun
from manzanita.platform import clock
from manzanita.platform.jobs import JobRun, enqueue_job
from manzanita.platform.models import Job

JOB_KIND = "exchange.compliance"


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest count that is made, and the one that is being made, each if there is one."""

    made: ComplianceRun | None
    under_way: ComplianceRun | None
    job: Job | None

    @property
    def has_stopped(self) -> bool:
        return self.under_way is not None and (self.job is None or self.job.is_over)


def newest_of(actor: Actor, asked: Asked) -> Newest:
    rows = ComplianceRun.objects.filter(key=_key(actor, asked)).order_by("-id")
    under_way = rows.filter(state="waiting").first()
    job = Job.objects.filter(pk=under_way.job_id).first() if under_way else None
    return Newest(rows.filter(state="done").first(), under_way, job)


@transaction.atomic
def ask_count(*, actor: Actor, asked: Asked) -> ComplianceRun:
    """Have it counted. Asked twice, it is one count; one whose job gave up is begun anew."""
    run, is_new = ComplianceRun.objects.get_or_create(
        key=_key(actor, asked),
        state="waiting",
        defaults={
            "lea_code": actor.agency_code,
            "grant_id": actor.grant_id,
            "view": actor.view,
            "school_code": actor.at_place,
            "school_name": actor.place_name,
            "day": asked.day,
            "known_on": asked.known_on,
            "trend": asked.trend,
            "by_id": actor.reader_id,
            "asked_at": clock.now(),
        },
    )
    job = Job.objects.filter(pk=run.job_id).first()
    if is_new or job is None or job.is_over:
        run.job_id = enqueue_job(kind=JOB_KIND, args={"run": run.pk}, by_id=actor.reader_id).pk
        run.save(update_fields=["job_id"])
    return run


def make_count(run: JobRun) -> dict[str, int]:
    """Count what was asked for, with what the asker reaches now. Safe to do again."""
    wanted = ComplianceRun.objects.filter(pk=run.args["run"], state="waiting").first()
    if wanted is None:
        return {}
    actor = actor_of_grant_id(
        wanted.grant_id,
        clock.today(),
        view=wanted.view,
        at_place=(wanted.school_code, wanted.school_name),
    )
    if actor is None or not actor.may(Capability.READ_STUDENT):
        # The perspective is no longer the asker's, so nobody will look at the count.
        wanted.delete()
        return {}
    asked = Asked(wanted.day, wanted.known_on, wanted.trend)
    counted = count(actor, asked, progress=lambda done: run.progress(done, None, "Judging students"))
    with run.step():
        ComplianceRun.objects.filter(key=wanted.key, state="done").delete()
        wanted.counts, wanted.state, wanted.made_at = counted.document(), "done", clock.now()
        wanted.save(update_fields=["counts", "state", "made_at"])
    return {"students": sum(counted.cells.values())}


def counted_of(run: ComplianceRun) -> Counted:
    return Counted.of(run.counts)


def _key(actor: Actor, asked: Asked) -> str:
    days = f"{asked.day}:{asked.known_on or ''}:{asked.trend}"
    viewer = f":{actor.reader_id}" if actor.acting_for_id is not None else ""
    return f"{actor.grant_id}:{actor.view}:{actor.at_place}:{days}{viewer}"
