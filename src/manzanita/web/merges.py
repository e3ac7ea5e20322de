"""Putting two records of one student together: both side by side, what comes of it, and taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from manzanita.accounts.held_forms import fields_to_hold
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.merging import Side
from manzanita.domain.statuses.steps import STEPS, lack
from manzanita.procedures.merging import Preview, merge_students, preview_merge
from manzanita.procedures.merging_base import Asked, NotMerged, Retired
from manzanita.procedures.merging_undo import undo_merge, why_not_undo
from manzanita.students.duplicates import (
    get_merge,
    merge_of,
    newest_merge_into,
    pair_in_reach,
    pairs_in_reach,
)
from manzanita.students.models import DuplicatePair, Student
from manzanita.students.queries import MergedAway
from manzanita.students.scope import visible_to, with_last_day
from manzanita.ui.jinja_env import url_or_none
from manzanita.web.access import requires
from manzanita.web.duplicates import STRENGTHS, settle
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.meanwhile import FIELD, changes_since, stamp_of, status_of
from manzanita.web.merge_done import done_words
from manzanita.web.merge_words import held_words, lines_of, moved_words, moves_of, steps_of, was_words
from manzanita.web.reasons_told import Way, tell_reasons, told

LONGEST_REASON = 300
# What a look at the pair needs to be shown again.
CHOICE = "choice."


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.ENTER_STUDENT)
def duplicate_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Both records side by side; a POST shows what comes of other choices (``look``), puts them together (``merge``),
    or says that they are two people, or asks again."""
    pair = pair_in_reach(request.actor, pk)
    if pair is None:
        return _gone(request)
    do = request.POST.get("do", "")
    if do in ("look", "merge") and (wrong := _against_retired(request)):
        return _page(request, pair, wrong)
    if request.method != "POST" or do == "look":
        return _page(request, pair)
    if do == "merge":
        return _merge(request, pair)
    return settle(request, pair)


def _gone(request: HttpRequest) -> HttpResponse:
    """Of a pair that was put together since it was looked at, what became of it."""
    shown = [number for name in ("shown_stays", "shown_other") if (number := _number(request, name))]
    found = merge_of(request.actor, shown)
    if found is None:
        raise Http404("no such pair in this scope")
    if found.by_id != request.actor.user_id:
        messages.info(request, f"{found.by.name} has put these two records together in the meantime.")
    return redirect("merge", found.public_id)


RETIRED_ON = {"retired_on": "SSID retired since"}


def _against_retired(request: HttpRequest) -> list[Reason]:
    """What keeps the retired SSID from being read: it is not taken for none."""
    sent = request.POST
    wrong = mistyped(sent, RETIRED_ON)
    if wrong:
        return list(wrong.reasons)
    has_ssid, has_day = (bool(sent.get(f"retired_{name}", "").strip()) for name in ("ssid", "on"))
    if has_ssid == has_day:
        return []
    words = (
        ("The day since which the state has retired the SSID is missing.", "Enter it under “Since”.")
        if has_ssid
        else ("A day is given, and no SSID that the state has retired.", "Choose the SSID, or clear “Since”.")
    )
    return [Reason("retired-incomplete", words[0], Owner.YOU, words[1])]


def _asked(request: HttpRequest) -> Asked:
    sent = request.POST
    choices = {
        key.removeprefix(CHOICE): Side(value)
        for key, value in sent.items()
        if key.startswith(CHOICE) and value in set(Side)
    }
    ssid, on, source = (
        " ".join(sent.get(f"retired_{name}", "").split()) for name in ("ssid", "on", "source")
    )
    day = day_of(on)
    retired = Retired(ssid, day, source[:200]) if ssid and day else None
    # Chosen for the other way round: what was "this one" is "the other one" now.
    stays = _number(request, "stays")
    shown = _number(request, "shown_stays")
    if stays and shown and stays != shown:
        choices = {key: Side.OTHER if side is Side.STAYS else Side.STAYS for key, side in choices.items()}
    return Asked(stays_id=stays, choices=choices, retired=retired)


def _merge(request: HttpRequest, pair: DuplicatePair) -> HttpResponse:
    asked = _asked(request)
    reason = " ".join(request.POST.get("reason", "").replace("\0", "").split())[:LONGEST_REASON]
    try:
        merge, is_new = merge_students(
            actor=request.actor, pair=pair, asked=asked, reason=reason, seen=request.POST.get("seen", "")
        )
    except NotMerged as refused:
        others = changes_since(request, *_both(request, pair))
        return _page(request, pair, [*others, *refused.reasons], reason)
    if is_new:
        messages.success(
            request,
            "Put together: this is the one record now. It can be taken back until something new is recorded or sent.",
        )
    return redirect("merge", merge.public_id)


def _both(request: HttpRequest, pair: DuplicatePair) -> list[Student]:
    """The two records in the order in which the form counts what was done about them."""
    found = with_last_day(visible_to(request.actor), request.actor)
    return list(found.filter(pk__in=[pair.student_id, pair.other_id]).order_by("pk"))


def _page(
    request: HttpRequest, pair: DuplicatePair, refusals: Sequence[Reason] = (), reason: str = ""
) -> HttpResponse:
    asked = _asked(request)
    try:
        look = preview_merge(request.actor, pair, asked)
    except NotMerged as refused:
        merge = next((one.values["merge"] for one in refused.reasons if "merge" in one.values), None)
        if merge is None:
            raise Http404("no such pair in this scope") from None
        messages.info(request, refused.reasons[0].text)
        return redirect("merge", merge)
    log_reads(
        actor=request.actor,
        student_ids=[look.stays.pk, look.other.pk],
        what="student.merge",
        filter_codes="two records of one student",
    )
    new = [one for one in refusals if one.code not in {b.code for b in look.blockers}]
    context = {
        "pair": pair,
        "mark": STRENGTHS[pair.strength],
        "look": look,
        "sides": _sides(look),
        "lines": lines_of(look),
        "moves": moves_of(look),
        "steps": steps_of(look.steps) if look.steps is not None else None,
        "blockers": told(look.blockers, _ways(look.blockers)),
        "notes": look.notes,
        "ssids": _ssids(look),
        "ssid_choices": [(one, one) for one in _ssids(look)],
        "sent": request.POST,
        "errors": mistyped(request.POST, RETIRED_ON).errors,
        "reason": reason or request.POST.get("reason", ""),
        "refusals": told(new, _ways(new)),
        "record_seen": stamp_of(request.actor, *sorted((look.stays, look.other), key=lambda one: one.pk)),
        "is_look": request.method == "POST",
        "longest": LONGEST_REASON,
    }
    return render(request, "web/students/merge.html", context, status=status_of(refusals))


def _sides(look: Preview) -> list[dict[str, Any]]:
    """Both records as they are told at the head of the page, the one that stays first."""
    return [
        {
            "student": one,
            "url": reverse("student", args=[one.public_id]),
            "is_stays": side is Side.STAYS,
            "state": held_words(look.state[side]),
            "archives": look.state[side].archives,
            "meetings": look.state[side].meetings,
        }
        for side, one in ((Side.STAYS, look.stays), (Side.OTHER, look.other))
    ]


def _ssids(look: Preview) -> list[str]:
    """The two SSIDs of which the state may have retired one; empty where there are not two."""
    found = list(dict.fromkeys(ssid for side in Side for ssid in look.state[side].ssids[-1:]))
    return found if len(found) == 2 else []


def _ways(reasons: Sequence[Reason]) -> dict[str, Way]:
    """Where each reason is mended, by its code."""
    ways: dict[str, Callable[[Reason], str | None]] = {
        "one-meeting": lambda one: url_or_none("meeting", one.values["meeting"]),
        "meeting-builds-on-plan": lambda one: url_or_none("meeting", one.values["meeting"]),
        "merged-meanwhile": lambda one: url_or_none("merge", one.values["merge"]),
        "both-planned": lambda one: url_or_none("plan_list"),
        "no-transfer": lambda one: url_or_none("student_transfers"),
        "lines-answered": lambda one: url_or_none("state"),
        "not-two": lambda one: url_or_none("duplicates"),
        "left-the-district": lambda one: url_or_none("directory"),
    }
    return {one.code: (url, "") for one in reasons if one.code in ways and (url := ways[one.code](one))}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.ENTER_STUDENT)
def merge(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """What was put together; a POST takes it back."""
    found = get_merge(request.actor, public_id)
    if found is None:
        raise Http404("no such merge in this scope")
    refusals: list[Reason] = []
    if request.method == "POST":
        try:
            if undo_merge(actor=request.actor, merge=found):
                messages.success(request, "Taken back: there are two records again, each as it was.")
            else:
                again = [lack("merged")]
                tell_reasons(request, again, {"merged": _pair_way(found.student_id, found.other_id)})
            return redirect("duplicates")
        except NotMerged as refused:
            refusals = refused.reasons
    # Two again, both stand on the page.
    shown = [found.student_id, *([found.other_id] if found.undone_at else [])]
    log_reads(actor=request.actor, student_ids=shown, what="student.merge")
    enter = reverse("student_new"), STEPS["enter"].label
    chosen, notes = ([], []) if found.undone_at else done_words(found)
    context = {
        "chosen": chosen,
        "notes": notes,
        "merge": found,
        "stays": was_words(found, is_other=False),
        "other": was_words(found, is_other=True),
        "moved": moved_words(found.written["moved"]),
        "why_not": [] if found.undone_at else told(why_not_undo(found), {}, enter),
        "refusals": told(refusals, {}, enter),
        "next": _next_pair(request),
    }
    return render(request, "web/students/merged.html", context, status=422 if refusals else 200)


def _pair_way(student_id: int, other_id: int) -> Way:
    """Two that were taken apart are a pair to be looked at again."""
    low, high = sorted((student_id, other_id))
    pair = DuplicatePair.objects.filter(student_id=low, other_id=high).first()
    url = reverse("duplicate_settle", args=[pair.pk]) if pair else reverse("duplicates")
    return url, STEPS["merge"].label


def _next_pair(request: HttpRequest) -> str | None:
    """Whoever has settled one pair goes on with the likeliest that is left: its address."""
    pairs, _ = pairs_in_reach(request.actor, most=1)
    return reverse("duplicate_settle", args=[pairs[0].pair.pk]) if pairs else None


def _merged_meanwhile(request: HttpRequest, error: MergedAway, here: str) -> HttpResponse:
    """What was sent for a record that somebody has put into another one since: by whom and when, and what was sent."""
    log_reads(actor=request.actor, student_ids=[error.stays.pk], what="student.merge")
    hidden = {"csrfmiddlewaretoken", FIELD}
    context = {
        "student": error.stays,
        "merge": newest_merge_into(error.stays),
        "typed": [value for name, value in request.POST.items() if name not in hidden and value.strip()],
        "again": [(name, value) for name, value in fields_to_hold(request) if name not in hidden],
        "here": here,
    }
    return render(request, "web/students/merged_meanwhile.html", context, status=409)


class MergedAwayMiddleware:
    """Whoever follows an old address of a record that was put together with another gets to the one that stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, MergedAway):
            return None
        here = request.get_full_path().replace(str(error.asked), str(error.stays.public_id))
        if request.method not in ("GET", "HEAD"):
            return _merged_meanwhile(request, error, here)
        messages.info(
            request,
            "The record that you asked for was put together with this one: both were the same student.",
        )
        if request.htmx:
            answer = HttpResponse(status=204)
            answer.headers["HX-Redirect"] = reverse("student", args=[error.stays.public_id])
            return answer
        return redirect(here)


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "") or request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


urlpatterns = [
    path("students/duplicates/<int:pk>", duplicate_settle, name="duplicate_settle"),
    path("students/merges/<uuid:public_id>", merge, name="merge"),
]
