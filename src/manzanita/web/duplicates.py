"""Students who may have been entered twice: the pairs, and the word that they are two people."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.platform.jobs import enqueue_job, is_under_way
from manzanita.platform.models import Job, JobState
from manzanita.procedures.two_people import ask_whether_two, say_two
from manzanita.students.duplicates import (
    DUPLICATES_JOB,
    ShownPair,
    merges_in_reach,
    open_pairs,
    pairs_in_reach,
)
from manzanita.students.models import DuplicatePair
from manzanita.web.access import requires
from manzanita.web.student_new import STRENGTHS
from manzanita.web.student_rows import rows_of


@require_safe
@requires(Capability.ENTER_STUDENT)
def duplicates(request: HttpRequest) -> HttpResponse:
    """Pairs to look at, the likeliest first; below them those that were put together, or said to be two people."""
    pairs, is_more = pairs_in_reach(request.actor)
    settled, is_more_settled = pairs_in_reach(request.actor, settled=True)
    log_reads(
        actor=request.actor,
        student_ids=[row.student.pk for one in (*pairs, *settled) for row in one.students],
        what="student.duplicates",
        filter_codes="possible duplicates",
    )
    last = Job.objects.filter(kind=DUPLICATES_JOB, state=JobState.DONE).order_by("-finished_at").first()
    context = {
        "pairs": _shown(request.actor, pairs),
        "count": open_pairs(request.actor)[0],
        "is_more": is_more,
        "settled": _shown(request.actor, settled),
        "is_more_settled": is_more_settled,
        "merges": merges_in_reach(request.actor),
        "compared_at": last.finished_at if last else None,
        "is_under_way": is_under_way(DUPLICATES_JOB),
    }
    return render(request, "web/students/duplicates.html", context)


def _shown(actor: Actor, pairs: list[ShownPair]) -> list[dict]:
    rows = rows_of(actor, [row for one in pairs for row in one.students])
    return [
        {
            "pair": one.pair,
            "rows": rows[2 * place : 2 * place + 2],
            "mark": STRENGTHS[one.pair.strength],
        }
        for place, one in enumerate(pairs)
    ]


def settle(request: HttpRequest, pair: DuplicatePair) -> HttpResponse:
    """These are two people, for a reason; or that is taken back."""
    if request.POST.get("do") == "again":
        if ask_whether_two(actor=request.actor, pair=pair):
            messages.success(request, "Taken back: the pair is to be looked at again.")
        return redirect("duplicates")
    reason = " ".join(request.POST.get("reason", "").replace("\0", "").split())
    if not reason:
        messages.error(
            request,
            "Not recorded: the reason is empty. One line is enough, such as “twins”; it stays with the pair. (You)",
        )
    elif say_two(actor=request.actor, pair=pair, reason=reason):
        messages.success(request, "Remembered: two people. Nobody is asked about this pair again.")
    else:
        messages.info(request, "Somebody else has said so meanwhile; their reason stands.")
    return redirect("duplicates")


@require_POST
@requires(Capability.ENTER_STUDENT)
def duplicates_look(request: HttpRequest) -> HttpResponse:
    """Compare everybody now instead of in the night."""
    if is_under_way(DUPLICATES_JOB):
        messages.info(request, "The names are being compared already.")
    else:
        enqueue_job(kind=DUPLICATES_JOB, args={"asked": True}, by_id=request.actor.user_id)
        messages.success(request, "The names are being compared. Load the page again in a moment.")
    return redirect("duplicates")


urlpatterns = [
    path("students/duplicates", duplicates, name="duplicates"),
    path("students/duplicates/look", duplicates_look, name="duplicates_look"),
]
