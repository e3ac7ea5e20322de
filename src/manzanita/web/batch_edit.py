"""Changing one field of many students: a found list, a pasted list or a table from a spreadsheet; looked at, applied,
taken back."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.pasting import MOST_LINES, read_pasted
from manzanita.meetings.actions import NotPossible
from manzanita.orgs.queries import school_names
from manzanita.platform.models import Job, JobState
from manzanita.procedures.batch_drafts import MOST_AT_ONCE, Asked, draft_of_lines, draft_of_students, ids_of
from manzanita.procedures.batch_edit import UNDO_DAYS, apply_batch, drop_batch, undo_batch, why_not_undo
from manzanita.procedures.batch_fields import FIELDS, fields_for
from manzanita.procedures.batch_queries import batches_of, counts_of, get_batch, lines_in_reach, seconds_of
from manzanita.procedures.next_grades import ONE_UP
from manzanita.procedures.next_year_window import closed_until
from manzanita.students.listing import ListRow
from manzanita.students.models import BatchEdit, BatchLine
from manzanita.ui.formats import plural, us_date
from manzanita.web.access import requires
from manzanita.web.found import FIELDS as FIELDS_OF_FOUND
from manzanita.web.found import Found, found_in
from manzanita.web.pasted_lines import counted, problems_file, told_problem, why_nobody
from manzanita.web.pasted_text import pasted_text
from manzanita.web.pasted_words import pasted_words
from manzanita.web.reasons_told import told
from manzanita.web.row_reasons import told_of_edit
from manzanita.web.state_lines import student_names
from manzanita.web.students_words import grade_text

SHOWN = 100
# What the page sends where somebody has chosen that the value is taken away; an empty choice is none.
TAKES_AWAY = "-"
STATE_WORDS = {
    "ready": ("diff", "Changes"),
    "same": ("equal", "The same already"),
    "refused": ("fatal", "Not changed"),
    "done": ("ok", "Changed"),
    "undone": ("ok", "Taken back"),
    "kept": ("warn", "Not taken back"),
}
# What is looked at first: what somebody has to mend.
STATE_ORDER = ("refused", "kept", "ready", "done", "undone", "same")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.READ_STUDENT)
def batch_new(request: HttpRequest) -> HttpResponse:
    """Whom, which field and what; a POST makes the draft and shows it."""
    if not fields_for(request.actor):
        return _form(request, {}, [_no_field(request.actor)], status=403)
    if request.method != "POST":
        asked = {name: request.GET.get(name, "") for name in (*FIELDS_OF_FOUND, "field")}
        if "up" in request.GET:
            asked |= {"field": "next_grade", "value_next_grade": ONE_UP}
        return _form(request, asked)
    if request.POST.get("do") in ("choose", "up"):
        # Ticked on another page: who they are travels in the form, never in an address.
        sent = request.POST.copy()
        if sent["do"] == "up":
            sent.update({"field": "next_grade", "value_next_grade": ONE_UP})
        return _form(request, sent)
    try:
        batch = _draft(request)
    except NotPossible as refused:
        return _form(request, request.POST, refused.reasons, status=422)
    return redirect("batch", batch.public_id)


def _draft(request: HttpRequest) -> BatchEdit:
    sent = request.POST
    key = _meant_field(sent)
    one = FIELDS.get(key)
    value = "" if one is None else sent.get(f"value_{one.key}", "").replace("\0", "").strip()[:200]
    is_taken_away = one is not None and bool(one.blank) and value == TAKES_AWAY
    if one is not None and one.more and value and not is_taken_away:
        value = "/".join([value, *(_more(sent, one.key, key) for key, *_ in one.more)])
    asked = Asked(
        field_key=key,
        value="" if is_taken_away else value or None,
        reason=" ".join(sent.get("reason", "").replace("\0", "").split()),
        title=one.label if one else "",
        is_early=bool(sent.get("early")),
    )
    if ticked := sent.getlist("selected"):
        return draft_of_students(request.actor, asked, ids_of(request.actor, ticked))
    found = _found(request, sent)
    text = pasted_text(request, MOST_LINES)
    if found is not None and not text:
        return draft_of_students(request.actor, asked, _some(found))
    pasted = read_pasted(text, value_heads=one.heads if one else ())
    made = draft_of_lines(request.actor, asked, pasted)
    if pasted.above:
        messages.info(
            request, f"Not read: {plural(pasted.above, 'line')} above the heads, which say what the table is."
        )
    if pasted.ignored:
        heads = ", ".join(f"“{head[:40]}”" for head in pasted.ignored[:8])
        value = "each row’s own" if pasted.has_values else "the same for everybody"
        messages.warning(request, f"Not read: {heads}. The value is {value}.")
    return made


def _more(sent: Mapping[str, Any], field: str, key: str) -> str:
    return str(sent.get(f"{key}_{field}", "")).replace("\0", "").replace("%", "").strip()[:20]


def _meant_field(sent: QueryDict) -> str:
    """The marked field; or the only one of which a value is chosen, where the marked one has none and nothing is pasted
    that could bring it."""
    marked = sent.get("field", "")
    chosen = [key for key in FIELDS if sent.get(f"value_{key}", "").strip()]
    is_listed = bool(sent.get("list") or sent.getlist("selected"))
    return chosen[0] if is_listed and len(chosen) == 1 and marked not in chosen else marked


def _no_field(actor: Actor) -> Reason:
    return Reason(
        "no-field",
        f"As {actor.perspective.label} nobody changes many students at once.",
        Owner.COORDINATOR,
        "Ask the SEDS coordinator of the district.",
    )


def _found(request: HttpRequest, sent: Mapping[str, Any]) -> Found | None:
    """The found set that the page came from; ``None`` where it came from none. Raises ``NotPossible`` for one that
    cannot be read whole."""
    found = found_in(request, sent) if sent.get("list") else None
    if found is not None and found.refusals:
        raise NotPossible(found.refusals)
    return found


def _some(found: Found) -> list[int]:
    """Keys of its students in no order, one more than can be changed at once where there are as many."""
    return list(found.students.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])


def _form(
    request: HttpRequest, sent: Mapping[str, Any], refusals: Sequence[Reason] = (), status: int = 200
) -> HttpResponse:
    fields = fields_for(request.actor)
    found, count = None, 0
    try:
        found = _found(request, sent)
        count = len(_some(found)) if found else 0
    except NotPossible as refused:
        refusals = refusals or refused.reasons
    ticked = sent.getlist("selected") if isinstance(sent, QueryDict) else []
    closed = closed_until(request.actor) if any(one.is_next_year for one in fields) else []
    chosen = sent.get("field") or (fields[0].key if fields else "")
    context = {
        "fields": [
            {
                "key": one.key,
                "label": one.label,
                "help": one.help,
                "blank": one.blank,
                "heads": one.heads,
                "choices": one.choices(request.actor) if one.choices else None,
                "value": sent.get(f"value_{one.key}", ""),
                "more": [(key, label, hint, _more(sent, one.key, key)) for key, label, hint in one.more],
            }
            for one in fields
        ],
        "chosen": chosen,
        "sent": sent,
        "found": found,
        "pasted_list": pasted_words(found),
        "ticked": ticked,
        "count": count,
        "most": MOST_AT_ONCE,
        "refusals": told(refusals, {"next-year-closed": (reverse("policies"), "When it opens")}),
        "batches": [
            {"batch": one, "label": FIELDS[one.field_key].label} for one in batches_of(request.actor)
        ],
        "undo_days": UNDO_DAYS,
        "takes_away": TAKES_AWAY,
        "closed": closed[0] if closed else None,
    }
    return render(request, "web/students/batch_new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.READ_STUDENT)
def batch(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """One change of many students: the draft, how far it is, what became of it. A POST applies it, takes it back, or
    drops the draft."""
    found = get_batch(request.actor, public_id)
    if request.method != "POST":
        return _page(request, found)
    do = request.POST.get("do", "")
    try:
        if do == "apply":
            if not apply_batch(actor=request.actor, batch=found):
                messages.info(request, "It is applied, or being applied, already.")
        elif do == "undo":
            if not undo_batch(actor=request.actor, batch=found):
                messages.info(request, "It is taken back, or being taken back, already.")
        elif do == "drop":
            drop_batch(found)
            found.refresh_from_db()
            if found.state == "dropped":
                messages.success(request, "Canceled: nothing was changed.")
                return redirect("batch_new")
            messages.info(request, "Not canceled: somebody has applied it. What became of it stands here.")
    except NotPossible as refused:
        return _page(request, found, refused.reasons)
    return redirect("batch", public_id)


def _page(request: HttpRequest, found: BatchEdit, refusals: Sequence[Reason] = ()) -> HttpResponse:
    context = _progress(found) | _lines(request, found)
    anew = reverse("batch_new"), "Change many students"
    context |= {
        "refusals": told(refusals),
        "seconds": seconds_of(found) if found.state == "draft" else None,
        "why_not": told(
            why_not_undo(request.actor, found), {"may-not": (reverse("why"), "What you may do")}, anew
        )
        if found.state == "done"
        else [],
        "undo_days": UNDO_DAYS,
    }
    return render(request, "web/students/batch.html", context, status=422 if refusals else 200)


def _lines(request: HttpRequest, found: BatchEdit) -> dict[str, Any]:
    """One page of lines: of one state (``show``), else what has to be mended first."""
    counts = counts_of(found)
    states = [one for one in STATE_ORDER if counts[one]]
    show = request.GET.get("show", "")
    show = show if show in states else (states[0] if states else "")
    after = request.GET.get("after", "")
    start = int(after) if after.isascii() and after.isdecimal() and len(after) < 9 else 0
    rows = list(lines_in_reach(request.actor, found).filter(state=show)[start : start + SHOWN + 1])
    more = len(rows) > SHOWN
    rows = rows[:SHOWN]
    log_reads(
        actor=request.actor,
        student_ids=[one.student_id for one in rows],
        what="student.batch",
        filter_codes=f"field={found.field_key} state={show}",
    )
    field = FIELDS[found.field_key]
    ends = field.follows([row.student_id for row in rows]) if show == "ready" else {}
    kept = field.kept([row.student_id for row in rows]) if show in ("ready", "done") else {}
    values = {value for row in rows for value in (row.old, row.new)}
    words = field.words(values | {value for _, value in ends.values()})
    people = student_names(request.actor, [one.student_id for one in rows])
    schools = school_names({one.enrollment.school_code for one in people.values() if one.enrollment})
    here = reverse("batch", args=[found.public_id])
    return {
        "rows": [
            _row(request.actor, row, words, people.get(row.student_id), schools)
            | _stays(row, kept.get(row.student_id), words)
            | {"ends": _ends(ends.get(row.student_id), words)}
            for row in rows
        ],
        "show": show,
        "groups": [
            (f"{STATE_WORDS[one][1]} {counts[one]:,}", f"{here}?show={one}", one == show) for one in states
        ],
        "counts": counts,
        "shown_from": start + 1 if rows else 0,
        "next_url": f"{here}?show={show}&after={start + SHOWN}" if more else None,
        "first_url": f"{here}?show={show}" if start else None,
        "problems": [told_problem(request.actor, one) for one in found.problems[:SHOWN]],
        "problem_counts": counted(Counter(why_nobody(one).code for one in found.problems)),
        "problem_count": len(found.problems),
        "problems_url": reverse("batch_problems", args=[found.public_id]),
        "page_size": SHOWN,
    }


def _row(
    actor: Actor,
    row: BatchLine,
    words: Mapping[str, str],
    person: ListRow | None,
    schools: Mapping[str, str],
) -> dict[str, Any]:
    here = person.enrollment if person else None
    return {
        "ssid": person.ssid if person else "",
        "grade": grade_text(here.grade_code) if here else "",
        "school": schools.get(here.school_code, here.school_code) if here else "",
        "name": f"{row.student.last_name}, {row.student.first_name}",
        "url": reverse("student", args=[row.student.public_id]),
        "position": row.position,
        "old": words.get(row.old, ""),
        "new": words.get(row.new, ""),
        "mark": STATE_WORDS[row.state],
        "reasons": told_of_edit(actor, row.student, row.reason),
        "is_doubt": row.state in ("ready", "done") and bool(row.reason),
    }


def _ends(follows: tuple[date, str] | None, words: Mapping[str, str]) -> str:
    """When the new value ends by itself, and what follows."""
    if follows is None:
        return ""
    last, value = follows
    first = us_date(last + timedelta(days=1))
    return f"Ends on {us_date(last)}; from {first} {words.get(value, 'somebody')}, as planned"


def _stays(row: BatchLine, kept: tuple[date, str] | None, words: Mapping[str, str]) -> dict[str, Any]:
    """What a student has now and keeps until the new value begins takes no place away, so it is not struck."""
    if kept is None or kept[1] != row.old:
        return {"stays": ""}
    last, value = kept
    return {"old": "Nobody planned", "stays": f"{words.get(value, 'Somebody')} through {us_date(last)}"}


def _progress(found: BatchEdit) -> dict[str, Any]:
    is_moving = found.state in ("waiting", "running", "undoing")
    job = Job.objects.filter(pk=found.job_id).first() if found.job_id and is_moving else None
    return {
        "batch": found,
        "field": FIELDS[found.field_key],
        "job": job,
        "is_moving": is_moving and job is not None and job.state != JobState.FAILED,
        "has_stopped": is_moving and (job is None or job.state == JobState.FAILED),
    }


@require_safe
@requires(Capability.READ_STUDENT)
def batch_progress(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """How far the job is; when it has ended, the page is loaded anew."""
    context = _progress(get_batch(request.actor, public_id))
    if context["is_moving"]:
        return render(request, "web/students/batch_progress.html", context)
    if not request.htmx:
        return redirect("batch", public_id)
    answer = HttpResponse(status=204)
    answer.headers["HX-Redirect"] = reverse("batch", args=[public_id])
    return answer


@require_safe
@requires(Capability.READ_STUDENT)
def batch_problems(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """All lines that match no student, as text to mend and paste again."""
    found = get_batch(request.actor, public_id)
    if found.by_id != request.actor.user_id:
        raise Http404("what somebody pasted is that person's")
    return problems_file(found.problems)


urlpatterns = [
    path("students/edit", batch_new, name="batch_new"),
    path("students/edits/<uuid:public_id>", batch, name="batch"),
    path("students/edits/<uuid:public_id>/progress", batch_progress, name="batch_progress"),
    path("students/edits/<uuid:public_id>/problems", batch_problems, name="batch_problems"),
]
