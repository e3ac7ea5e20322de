"""One's own exports: asking for a list as a file, watching it being made, fetching it."""

from __future__ import annotations

import uuid
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from manzanita.accounts.queries import actor_of_grant_id, user_names
from manzanita.accounts.second_person import approvers_for, approvers_of, names_of
from manzanita.accounts.sessions import is_fresh
from manzanita.auditing.exports import LONGEST_WORD, PORTABLE, MoreNeeded, note_download, restart_export
from manzanita.auditing.models import ExportState, ListExport
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Reason
from manzanita.exchange.compliance import TooMany
from manzanita.platform import clock
from manzanita.platform.files import read_stored_file
from manzanita.web.access import requires
from manzanita.web.export_back import back_words
from manzanita.web.found import SEARCH_GONE, found_in, found_of_key
from manzanita.web.list_exports import Choice, ask, file_name, weigh
from manzanita.web.work_state import row_and_job

SHOWN = 50
FORMS = dict(ListExport.FORMS)
CONTENT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    PORTABLE: "application/json",
}
# State of an export: its shape and its words.
LOOKS = {
    ExportState.WAITING: ("held", "Waits for approval"),
    ExportState.MAKING: ("progress", "Being made"),
    ExportState.READY: ("ok", "Ready"),
    ExportState.REFUSED: ("declined", "Refused"),
    ExportState.LAPSED: ("na", "Not approved in time"),
    ExportState.WITHDRAWN: ("fatal", "Not made"),
    ExportState.PURGED: ("na", "Expired, file removed"),
}
# What a person typed on the page of a new export, kept while the password is asked for.
WHY_KEY = "export_why"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.EXPORT_LIST)
def exports(request: HttpRequest) -> HttpResponse:
    """One's own exports, newest first; a POST asks for another one."""
    if request.method == "POST":
        return _ask(request)
    found = list(ListExport.objects.filter(by_id=request.actor.user_id).order_by("-asked_at")[:SHOWN])
    context = {"rows": [(one, _look(one)) for one in found], "shown": SHOWN}
    return render(request, "web/exports/list.html", context)


@require_safe
@requires(Capability.EXPORT_LIST)
def export_new(request: HttpRequest) -> HttpResponse:
    """What an export of this list needs, and the form that asks for it."""
    return _new_page(request, _choice(request, request.GET))


def _choice(request: HttpRequest, given: QueryDict) -> Choice:
    found = found_in(request, given)
    if SEARCH_GONE in found.refusals:
        # A search that is no longer kept must not become an export of everybody.
        raise Http404("no such search")
    try:
        return Choice(found, found.students)
    except TooMany:
        # Its page asks for an LEA or a school first and offers no export.
        raise Http404("no such list") from None


def _ask(request: HttpRequest) -> HttpResponse:
    post = request.POST
    form, key, why = (post.get(name, "") for name in ("form", "ask", "why"))
    choice = _choice(request, post)
    if form not in FORMS or not 8 <= len(key) <= 40:
        raise Http404("no such form")
    try:
        made = ask(request.actor, choice, form=form, ask_key=key, why=why, is_fresh=is_fresh(request))
    except MoreNeeded as needed:
        request.session[WHY_KEY] = why[:LONGEST_WORD]
        here = choice.found.address("export_new")
        if needed.verdict.needs_fresh_sign_in and not is_fresh(request) and why.strip():
            return redirect(f"{reverse('confirm_identity')}?{urlencode({'next': here})}")
        if "why" not in post:
            return redirect(here)
        return _new_page(request, choice, error="Say why, in a few words: the second person reads it.")
    if isinstance(made, Reason):
        return _new_page(request, choice, refusal=made)
    request.session.pop(WHY_KEY, None)
    return redirect("export", made.public_id)


def _new_page(
    request: HttpRequest, choice: Choice, *, error: str = "", refusal: Reason | None = None
) -> HttpResponse:
    # A part that says nothing must not become an export of more than was meant.
    refusal = next(iter(choice.found.refusals), refusal)
    ids = choice.ids()
    verdict = weigh(request.actor, ids)
    actor = request.actor
    able = approvers_for(actor.user_id, actor.agency_code) if verdict.needs_approval else []
    context = {
        "choice": choice,
        "found": choice.found,
        "count": len(ids),
        "verdict": verdict,
        "is_fresh": is_fresh(request),
        "approvers": names_of(able),
        "has_approver": bool(able),
        "forms": ListExport.FORMS,
        "ask_key": token_urlsafe(12),
        "back_words": back_words(actor),
        "why": request.session.get(WHY_KEY, ""),
        "error": error or None,
        "refusal": refusal,
    }
    return render(request, "web/exports/new.html", context, status=422 if error or refusal else 200)


def _own(request: HttpRequest, public_id: uuid.UUID) -> ListExport:
    """The person's own export; nobody else's is found, whatever they may do."""
    export = ListExport.objects.filter(public_id=public_id, by_id=request.actor.user_id).first()
    if export is None:
        raise Http404("no such export")
    return export


def _look(export: ListExport) -> tuple[str, str]:
    state = ExportState(export.state)
    if state == ExportState.READY and export.expires_at <= clock.now():
        state = ExportState.PURGED
    if state == ExportState.WAITING and export.lapses_at <= clock.now():
        state = ExportState.LAPSED
    return LOOKS[state]


def _context(request: HttpRequest, public_id: uuid.UUID) -> dict[str, Any]:
    making = (ExportState.MAKING,)
    export, job, has_stopped = row_and_job(lambda: _own(request, public_id), making)
    look = _look(export)
    asked = found_of_key(request.actor, export.list_key)
    return {
        "export": export,
        "look": look,
        "job": job,
        "is_moving": export.state in making and not has_stopped,
        "has_stopped": has_stopped,
        "is_ready": look == LOOKS[ExportState.READY],
        "form": FORMS.get(export.form, "Portable student file"),
        "approvers": names_of(approvers_of(export)) if export.state == ExportState.WAITING else "",
        "decided_by": user_names({export.decided_by_id}).get(export.decided_by_id, "")
        if export.decided_by_id
        else "",
        "again_url": asked.page if asked else reverse("students"),
    }


@require_safe
@requires(Capability.EXPORT_LIST)
def export_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One export: how far it is, why it waits or was not made, and the file."""
    return render(request, "web/exports/export.html", _context(request, public_id))


@require_safe
@requires(Capability.EXPORT_LIST)
def export_progress(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The moving part of the page; once nothing moves any more it asks the browser for the whole page."""
    context = _context(request, public_id)
    answer = render(request, "web/exports/progress.html", context)
    if not context["is_moving"]:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
@requires(Capability.EXPORT_LIST)
def export_restart(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Set an export going again whose job gave up."""
    context = _context(request, public_id)
    if context["has_stopped"]:
        restart_export(export=context["export"], by=request.actor)
    return redirect("export", public_id)


@require_safe
@requires(Capability.EXPORT_LIST)
def export_download(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The file, for its maker, as long as the perspective it was asked in is theirs and it has not expired."""
    context = _context(request, public_id)
    export = context["export"]
    if not _may_still(export):
        messages.warning(
            request,
            "The file is not given out: the perspective in which it was asked for is no longer yours. "
            "The SEDS coordinator can give it back.",
        )
        return redirect("export", public_id)
    if not context["is_ready"]:
        return render(request, "web/exports/export.html", context, status=410)
    try:
        content = read_stored_file(export.stored_name)
    except FileNotFoundError:
        messages.warning(request, "The file is gone from the disk. Export the list again.")
        return redirect("export", public_id)
    note_download(export=export, by=request.actor)
    answer = HttpResponse(content, content_type=CONTENT_TYPES[export.form])
    answer["Content-Disposition"] = f'attachment; filename="{file_name(export)}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _may_still(export: ListExport) -> bool:
    actor: Actor | None = actor_of_grant_id(export.grant_id, clock.today())
    return actor is not None and actor.may(Capability.EXPORT_LIST)


urlpatterns = [
    path("exports", exports, name="exports"),
    path("exports/new", export_new, name="export_new"),
    path("exports/<uuid:public_id>", export_page, name="export"),
    path("exports/<uuid:public_id>/progress", export_progress, name="export_progress"),
    path("exports/<uuid:public_id>/restart", export_restart, name="export_restart"),
    path("exports/<uuid:public_id>/download", export_download, name="export_download"),
]
