"""Imports: the SIS files of the district taken in, and the form that takes in more."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor, Capability
from manzanita.exchange.queries import files_of_runs, get_import_run, import_runs
from manzanita.procedures.import_sis import GivenFile, start_sis_import
from manzanita.web import import_run, sis_fixes
from manzanita.web.access import requires
from manzanita.web.work_state import stopped_among

PAGE_SIZE = 50
LARGEST_FILE_BYTES = 200 * 1024 * 1024
MOST_FILES = 20


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.IMPORT_FILES)
def imports(request: HttpRequest) -> HttpResponse:
    """The imports of the district, newest first; a POST brings files and goes to the page of their import."""
    error = ""
    if request.method == "POST":
        given = request.FILES.getlist("files")
        error = _refusal(given)
        if not error:
            return _start(request, given)
    context = {"error": error, **_page(request.actor, request.GET.get("before", ""))}
    return render(request, "web/imports/list.html", context, status=422 if error else 200)


def _refusal(given: Sequence[UploadedFile]) -> str:
    """Why these files are not taken in, with what to do instead; empty where they are."""
    if not given:
        return "No file came with the form. Choose the SENR and SINF files of the SIS, then import them."
    if len(given) > MOST_FILES:
        return (
            f"{len(given)} files came, and one import takes at most {MOST_FILES}. Import them in two turns."
        )
    too_large = next((file for file in given if (file.size or 0) > LARGEST_FILE_BYTES), None)
    if too_large is not None:
        return (
            f"{too_large.name} is larger than 200 MB, more than a SIS file of a whole district. Check that it is the "
            "SENR or SINF file; if it is, export it in two parts and import both."
        )
    return ""


def _start(request: HttpRequest, given: Sequence[UploadedFile]) -> HttpResponse:
    files = [GivenFile(file.name or "", file.chunks()) for file in given]
    started = start_sis_import(actor=request.actor, files=files)
    if not started.is_new:
        messages.info(
            request,
            "Nothing new was started: this import has the same file and has not ended. Import other files when it has.",
        )
    return redirect("import_run", started.run.public_id)


def _page(actor: Actor, before: str) -> dict[str, Any]:
    newer = None
    if before:
        try:
            newer = get_import_run(actor, uuid.UUID(before)).pk
        except ValueError:
            raise Http404("no such page") from None
    found = import_runs(actor, before=newer, limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    people = user_names({run.by_id for run in shown if run.by_id})
    stopped = stopped_among(shown, import_run.UNDER_WAY)
    files = files_of_runs(shown)
    return {
        "rows": [
            {
                "run": run,
                "by": people.get(run.by_id or 0, ""),
                "files": files[run.pk],
                "outcome": import_run.outcome_of(run, has_stopped=run.pk in stopped),
            }
            for run in shown
        ],
        "is_first_page": not before,
        "next_before": shown[-1].public_id if len(found) > PAGE_SIZE else None,
    }


urlpatterns = [path("imports", imports, name="imports"), *sis_fixes.urlpatterns, *import_run.urlpatterns]
