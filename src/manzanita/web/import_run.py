"""One import: how far it is, what became of the lines of each file, and every note of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor, Capability
from manzanita.domain.directory_requests import Kind, Place
from manzanita.domain.fields import short_name
from manzanita.domain.same_person import RULE
from manzanita.exchange.models import ImportFile, ImportNote, ImportRun
from manzanita.exchange.queries import (
    NOTHING_TO_DO,
    get_import_run,
    import_files,
    import_note_counts,
    import_notes,
    note_need,
    refused_lines,
)
from manzanita.orgs.listing import listed_entries
from manzanita.orgs.requests import may_ask_directory
from manzanita.procedures.import_sis import resume_sis_import
from manzanita.procedures.sis_work import open_conflicts, settled_by
from manzanita.students.transfer_facts import SIS_CAUSE
from manzanita.web.access import requires
from manzanita.web.student_lists import import_list
from manzanita.web.unlisted_schools import new_url
from manzanita.web.work_state import row_and_job

PAGE_SIZE = 100
UNDER_WAY = ("waiting", "running")
# Effect of a note: its shape and its words, heaviest first.
EFFECTS: Mapping[str, tuple[str, str]] = {
    "refused": ("fatal", "Not loaded"),
    "emptied": ("warn", "Field left empty"),
    "kept": ("warn", "Loaded, look at it"),
    "elsewhere": ("na", "Another LEA's"),
}
ASKS_NOTHING = ("na", "Nothing to do")
# What a note said of the field when it did not know yet that the line would be refused.
_REST_IS_LOADED = " The field is left empty; the rest of the line is loaded."
COUNTS = ("matched", "new", "changed", "unchanged", "refused", "elsewhere", "emptied")


def outcome_of(run: ImportRun, *, has_stopped: bool = False) -> tuple[str, str]:
    """What became of an import: a status kind and its words, the same on every page."""
    if has_stopped:
        return "fatal", "Stopped"
    if run.state != "done":
        return {
            "waiting": ("empty", "Waiting"),
            "running": ("progress", "Running"),
            "failed": ("fatal", "Ended without loading"),
        }[run.state]
    if not run.counts.get("matched") and not run.counts.get("new"):
        return "fatal", "Nothing was loaded"
    if not run.counts.get("new") and not run.counts.get("changed"):
        return "equal", "Nothing changed"
    return "ok", "Loaded"


@require_safe
@requires(Capability.IMPORT_FILES)
def run_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page of one import, with its notes a page at a time, or those of one effect."""
    progress = _progress(request.actor, public_id)
    run, files = progress["run"], progress["files"]
    effect = request.GET.get("effect", "")
    if effect and effect not in EFFECTS:
        raise Http404("no such effect")
    after = _note(files, request.GET.get("after", ""))
    found = import_notes(files, effect=effect, after=after, limit=PAGE_SIZE + 1)
    counts = import_note_counts(files)
    here = reverse("import_run", args=[public_id])
    return render(
        request,
        "web/imports/run.html",
        {
            **progress,
            "by": user_names({run.by_id}).get(run.by_id, "") if run.by_id else "",
            **_split(_rows(request.actor, run, files, found[:PAGE_SIZE])),
            "note_count": sum(counts.values()),
            "tabs": [
                ("All notes", here, not effect, sum(counts.values())),
                *(
                    (words, f"{here}?effect={key}", key == effect, counts.get(key, 0))
                    for key, (_, words) in EFFECTS.items()
                ),
            ],
            "effect": effect,
            "is_first_page": after is None,
            "next_after": found[PAGE_SIZE - 1].pk if len(found) > PAGE_SIZE else None,
        },
    )


def _note(files: Sequence[ImportFile], text: str) -> ImportNote | None:
    """The last note of the page before."""
    if not text:
        return None
    note = ImportNote.objects.filter(pk=text, file__in=files).first() if text.isdecimal() else None
    if note is None:
        raise Http404("no such page")
    return note


def _split(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What is to be done, and apart what asks nothing of anybody."""
    return {
        "rows": [row for row in rows if not row["asks_nothing"]],
        "quiet": [row for row in rows if row["asks_nothing"]],
    }


def _set_aside(
    actor: Actor, run: ImportRun, files: Sequence[ImportFile], notes: Sequence[ImportNote]
) -> dict[tuple[int, int], tuple[str, str, str]]:
    """Where somebody says whom a line means, by file and line, as link, its words, and whose job it is; a query or two,
    and none without such a line."""
    if not any(note.code == RULE for note in notes):
        return {}
    keys = {(file.record, file.pk) for file in files}
    found = list(open_conflicts(actor).filter(cause=f"{SIS_CAUSE}{run.pk}"))
    settles = settled_by(actor, found)
    theirs = (reverse("sis_fixes"), "Show it in the list", "The SEDS coordinator says whom it means.")
    return {
        (pk, one.line): (reverse("identity_conflict", args=[one.public_id]), "Say whom it means", "")
        if one.student_id in settles
        else theirs
        for one in found
        for record, pk in keys
        if record == one.record
    }


def _rows(
    actor: Actor, run: ImportRun, files: Sequence[ImportFile], notes: Sequence[ImportNote]
) -> list[dict[str, Any]]:
    names = {file.pk: file.name for file in files}
    # What was not in the directory then may be in it since.
    directory = listed_entries({note.about for note in notes} - {""})
    refused = refused_lines(notes)
    aside = _set_aside(actor, run, files, notes)
    rows = []
    for note in notes:
        asks_nothing = note_need(note) == NOTHING_TO_DO
        kind, word = ASKS_NOTHING if asks_nothing and note.effect == "kept" else EFFECTS[note.effect]
        is_out = (note.file_id, note.line) in refused and note.effect != "refused"
        if is_out:
            kind, word = "na", "Line not loaded"
        is_settled = note.about in directory
        if is_settled:
            kind, word = "ok", "Settled since"
        rows.append(
            {
                "note": note,
                "asks_nothing": asks_nothing,
                "message": note.message.replace(_REST_IS_LOADED, "") if is_out else note.message,
                "aside": aside.get((note.file_id, note.line)) if note.code == RULE else None,
                "file": names[note.file_id],
                "fields": [f"{number} {short_name(number)}" for number in note.fields],
                "kind": kind,
                "word": word,
                "settled": f"{directory[note.about].name} is in the directory now." if is_settled else "",
                "ask_url": "" if is_settled else _ask_url(actor, note),
            }
        )
    return rows


def _ask_url(actor: Actor, note: ImportNote) -> str:
    """The request for a school that the directory does not know."""
    if not note.about or not may_ask_directory(actor):
        return ""
    place = Place.NPS if note.fields == ["1.06"] else Place.SCHOOL
    return new_url(Kind.NEW, place, note.about, None)


def _progress(actor: Actor, public_id: uuid.UUID) -> dict[str, Any]:
    run, job, has_stopped = row_and_job(lambda: get_import_run(actor, public_id), UNDER_WAY)
    files = import_files(run)
    return {
        "run": run,
        "may_read": actor.may(Capability.READ_STUDENT),
        "changed_list": import_list(run.pk),
        "outcome": outcome_of(run, has_stopped=has_stopped),
        "files": files,
        "job": job,
        "sums": {name: sum(file.counts.get(name, 0) for file in files) for name in COUNTS},
        "line_count": sum(file.line_count for file in files),
        "is_under_way": run.state in UNDER_WAY,
        "has_stopped": has_stopped,
    }


@require_safe
@requires(Capability.IMPORT_FILES)
def run_progress(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """The moving part of the page; once nothing moves any more it asks the browser for the whole page."""
    progress = _progress(request.actor, public_id)
    answer = render(request, "web/imports/progress.html", progress)
    if not progress["is_under_way"] or progress["has_stopped"]:
        answer["HX-Refresh"] = "true"
    return answer


@require_POST
@requires(Capability.IMPORT_FILES)
def run_resume(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Set an import going again whose job gave up."""
    run = get_import_run(request.actor, public_id)
    if resume_sis_import(actor=request.actor, run=run):
        messages.success(request, "Going on where it stopped.")
    else:
        messages.info(request, "It is under way already, or done.")
    return redirect("import_run", public_id)


urlpatterns = [
    path("imports/<uuid:public_id>", run_page, name="import_run"),
    path("imports/<uuid:public_id>/progress", run_progress, name="import_progress"),
    path("imports/<uuid:public_id>/resume", run_resume, name="import_resume"),
]
