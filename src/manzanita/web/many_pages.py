"""The pages of a batch of students who are done together (``procedures.many``): how far it is, what became of each,
and the way back. The work goes on where the tab is closed; where it stopped it is set going again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import LOOK_AGAIN, Owner, Reason
from manzanita.domain.statuses.conditions import TAKEN_BACK
from manzanita.meetings.actions import NotPossible
from manzanita.procedures.many import Many
from manzanita.students.many import get_batch, items_of
from manzanita.students.many_models import StudentBatch, StudentItem
from manzanita.web.access import requires
from manzanita.web.reasons_told import IN_FORM, Told, Way, tell_reasons
from manzanita.web.work_state import row_and_job

UNDER_WAY = ("waiting", "running", "undoing")
LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True)
class ManyPages:
    """What the pages of one kind of batch have of their own. ``name`` is that of the address; ``read_as`` how looking
    at it is logged; ``address_of`` the page of one student of it, and ``told`` the reasons of its row, for which the
    rows of ``related`` are read; ``more`` what the template takes besides."""

    many: Many
    name: str
    template: str
    read_as: tuple[str, str]
    address_of: Callable[[Any], str]
    told: Callable[[Actor, Any], list[Told]]
    related: tuple[str, ...] = ()
    more: Callable[[Actor, bool], Mapping[str, Any]] = lambda actor, is_under_way: {}
    # Where what was taken back is done anew.
    anew: Way = IN_FORM
    # Said after taking back at once; where a job does it, the page says so itself.
    undone_words: str = "Taken back."

    @property
    def marks(self) -> dict[str, tuple[str, str]]:
        done = self.many.done
        return {
            "waiting": ("progress", "Waiting"),
            done: ("ok", done.capitalize()),
            "refused": ("held", f"Not {done}"),
            "undone": ("declined", "Taken back"),
        }

    def urls(self, prefix: str) -> list[URLPattern]:
        """The page of a batch and its three parts."""
        parts = (("", _page), ("progress", _progress), ("undo", _undo), ("resume", _resume))
        return [
            path(
                f"{prefix}/<uuid:public_id>{part and '/' + part}",
                view,
                {"pages": self},
                name=f"{self.name}{part and '_' + part}",
            )
            for part, view in parts
        ]


def preview_token(request: HttpRequest) -> uuid.UUID:
    """The key that the preview gave the batch. Raises ``Http404`` without one."""
    try:
        return uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        raise Http404("no such preview") from None


def started(request: HttpRequest, pages: ManyPages, batch: Any, *, is_new: bool) -> HttpResponse:
    """On to the batch that a preview has started."""
    if not is_new:
        messages.info(
            request, "This is under way already: the same form was sent twice. Nothing is done twice."
        )
    return redirect(pages.name, batch.public_id)


def _state(pages: ManyPages, actor: Actor, public_id: uuid.UUID) -> dict[str, Any]:
    many = pages.many
    batch, job, has_stopped = row_and_job(lambda: get_batch(many.batches, actor, public_id), UNDER_WAY)
    states = list(batch.items.values_list("state", flat=True))
    counts = {state: states.count(state) for state in pages.marks}
    is_done = batch.state == "done" and counts[many.done] > 0
    may_undo = is_done and many.unsent_of(batch) > 0
    return {
        "batch": batch,
        "job": job,
        "has_stopped": has_stopped,
        "is_under_way": batch.state in UNDER_WAY,
        "counts": counts,
        "total": len(states),
        "may_undo": may_undo,
        "is_all_sent": is_done and not may_undo,
        "words": {"doing": many.doing, "done": many.done, "refused": f"not {many.done}"},
        "here": reverse(pages.name, args=[public_id]),
        "progress_url": reverse(f"{pages.name}_progress", args=[public_id]),
        "undo_url": reverse(f"{pages.name}_undo", args=[public_id]),
        "resume_url": reverse(f"{pages.name}_resume", args=[public_id]),
    }


@require_safe
@requires(Capability.CORRECT_RECORD)
def _page(request: HttpRequest, public_id: uuid.UUID, pages: ManyPages) -> HttpResponse:
    """One batch: how far it is, and what became of each student."""
    state = _state(pages, request.actor, public_id)
    batch = state["batch"]
    items = items_of(request.actor, batch, *pages.related)
    what, codes = pages.read_as
    log_reads(
        actor=request.actor,
        student_ids=[one.student_id for one in items],
        what=what,
        filter_codes=codes,
    )
    names = user_names({batch.by_id, batch.undone_by_id} - {None})
    context = {
        **state,
        "items": [_shown(pages, request.actor, one) for one in items],
        "by": names.get(batch.by_id, ""),
        "undone_by": names.get(batch.undone_by_id, ""),
        **pages.more(request.actor, state["is_under_way"]),
    }
    return render(request, pages.template, context)


def _shown(pages: ManyPages, actor: Actor, item: StudentItem) -> dict[str, Any]:
    student = item.student
    return {
        "item": item,
        "name": f"{student.last_name}, {student.first_name}",
        "url": pages.address_of(item),
        "mark": pages.marks[item.state],
        "reasons": pages.told(actor, item),
    }


@require_safe
@requires(Capability.CORRECT_RECORD)
def _progress(request: HttpRequest, public_id: uuid.UUID, pages: ManyPages) -> HttpResponse:
    """The moving part; when the work is over, the whole page is fetched once more."""
    state = _state(pages, request.actor, public_id)
    answer = render(request, "web/work/progress.html", state)
    if not state["is_under_way"] or state["has_stopped"]:
        answer["HX-Refresh"] = "true"
    return answer


def _nothing_left(batch: StudentBatch) -> Reason:
    if batch.state == "undoing":
        return Reason(
            "under-way",
            "Somebody is taking it back already.",
            Owner.COORDINATOR,
            "Wait for it.",
            source=LOOK_AGAIN,
        )
    return Reason(
        "nothing-left",
        "Nothing of it is left to take back.",
        Owner.COORDINATOR,
        "What was taken back may be done anew.",
        source=TAKEN_BACK,
    )


@require_POST
@requires(Capability.CORRECT_RECORD)
def _undo(request: HttpRequest, public_id: uuid.UUID, pages: ManyPages) -> HttpResponse:
    """Take back whom of it the state was not told of."""
    batch = get_batch(pages.many.batches, request.actor, public_id)
    try:
        if not pages.many.start_undo(actor=request.actor, batch=batch):
            tell_reasons(request, [_nothing_left(batch)], {"nothing-left": pages.anew})
            return redirect(pages.name, public_id)
    except NotPossible as refused:
        tell_reasons(request, refused.reasons)
        return redirect(pages.name, public_id)
    batch.refresh_from_db()
    if batch.undone_at is not None:
        messages.success(request, pages.undone_words)
    elif batch.state == "done":
        messages.warning(request, "Not taken back: the row says why.")
    return redirect(pages.name, public_id)


@require_POST
@requires(Capability.CORRECT_RECORD)
def _resume(request: HttpRequest, public_id: uuid.UUID, pages: ManyPages) -> HttpResponse:
    """Set a batch going again whose job gave up."""
    many = pages.many
    batch, _, has_stopped = row_and_job(lambda: get_batch(many.batches, request.actor, public_id), UNDER_WAY)
    if has_stopped:
        many.resume(actor=request.actor, batch=batch)
        messages.success(request, "Going on where it stopped.")
    else:
        messages.info(request, "It is under way already, or done.")
    return redirect(pages.name, public_id)
