"""Work in the background that changes what would go to the state: while it lasts, the plan still moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from manzanita.domain.access import Actor
from manzanita.platform.models import Job, JobState
from manzanita.platform.reach import WHOLE
from manzanita.procedures.adopting import ADOPTIONS
from manzanita.procedures.import_sis import JOB_KIND
from manzanita.procedures.leaving_job import LEAVING_JOB
from manzanita.procedures.leaving_many import LEAVINGS

# By kind of job what is being done, and what its count is of.
_WORK: Mapping[str, tuple[str, str]] = {
    ADOPTIONS.job: ("Plans are being adopted", "student"),
    ADOPTIONS.undo_job: ("Adoptions are being taken back", "student"),
    LEAVINGS.job: ("Leavings are being recorded", "student"),
    LEAVINGS.undo_job: ("Leavings are being taken back", "student"),
    LEAVING_JOB: ("Planned leavings are being carried out", "student"),
    JOB_KIND: ("Files of the SIS are being read", "line"),
    "reconcile_lea": ("The plan is being brought up to the lock", "student"),
}


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What is being done; ``left`` of it is to come, ``None`` where that is not known yet; ``unit`` in the singular."""

    words: str
    left: int | None
    unit: str


def under_way(actor: Actor) -> list[UnderWay]:
    """What still changes the plan of the actor's LEA, the oldest first; one query."""
    jobs = Job.objects.filter(state__in=[JobState.WAITING, JobState.RUNNING], kind__in=list(_WORK)).order_by(
        "pk"
    )
    found = []
    for kind, reach, done, total in jobs.values_list("kind", "reach", "done_count", "total_count"):
        if actor.agency_code in reach or tuple(reach) == WHOLE:
            words, unit = _WORK[kind]
            found.append(UnderWay(words, None if total is None else max(total - done, 0), unit))
    return found
