"""Reading submissions as work: which are under way, which need somebody, and whose turn it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.http import Http404

from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.exchange.models import Submission
from manzanita.platform.models import Job, JobState

# States of a submission in which the other side is not known to have it, and in which work on it goes on.
NOT_HANDED_OVER = ("ready", "sending")
UNDER_WAY = (*NOT_HANDED_OVER, "answering")


def _with_counts(found: QuerySet[Submission]) -> QuerySet[Submission]:
    return found.annotate(
        line_count=Count("lines"),
        posted_count=Count("lines", filter=Q(lines__outcome="posted")),
        rejected_count=Count("lines", filter=Q(lines__outcome="rejected")),
    )


def submissions(
    actor: Actor, limit: int = 20, *, which: str = "", before: int | None = None
) -> list[Submission]:
    """The newest submissions of the actor's LEA, from the one made before ``before`` on, with counts of lines by
    outcome; only those that need somebody (``needs``), have not all answers (``open``), or are ``written`` files."""
    found = Submission.objects.filter(lea_code=actor.agency_code)
    if which == "needs":
        found = _stuck(found)
    elif which == "open":
        found = found.filter(state__in=[*UNDER_WAY, "written"])
    elif which == "written":
        found = found.filter(state="written")
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(_with_counts(found).order_by("-id")[:limit])


def _stuck(found: QuerySet[Submission]) -> QuerySet[Submission]:
    """Those that do not go on by themselves: what they wait for is not the state's, or the work has stopped."""
    at_work = Job.objects.filter(pk=OuterRef("job_id"), state__in=[JobState.WAITING, JobState.RUNNING])
    return found.filter(state__in=UNDER_WAY).filter(
        ~Exists(at_work) | Q(waits__0__owner=str(Owner.COORDINATOR))
    )


@dataclass(frozen=True, slots=True)
class StuckSends:
    """Submissions that need somebody, and when the oldest was made."""

    count: int
    oldest_at: datetime | None


def stuck_sends(actor: Actor) -> StuckSends:
    row = _stuck(Submission.objects.filter(lea_code=actor.agency_code)).aggregate(
        count=Count("id"), oldest=Min("created_at")
    )
    return StuckSends(row["count"], row["oldest"])


def not_handed_over(submission: Submission) -> QuerySet[Submission]:
    """The submissions that go the same way for the same LEA and that the state is not known to have, in order."""
    return Submission.objects.filter(
        lea_code=submission.lea_code,
        form=submission.form,
        destination=submission.destination,
        state__in=NOT_HANDED_OVER,
    ).order_by("pk")


def get_submission(actor: Actor, public_id: uuid.UUID) -> Submission:
    found = Submission.objects.filter(lea_code=actor.agency_code, public_id=public_id)
    submission = _with_counts(found).first()
    if submission is None:
        raise Http404("no such submission at this LEA")
    return submission
