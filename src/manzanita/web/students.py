"""Students: lists, what a search found, and the way to each student's page."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.export_limits import LARGE_EXPORT
from manzanita.domain.narrowing import ORDER
from manzanita.procedures.batch_fields import fields_for
from manzanita.procedures.left_out import why_not_of
from manzanita.students.finding import sounding_like
from manzanita.students.listing import PAGE_SIZE, capped_count, list_students
from manzanita.students.scope import outside_view
from manzanita.web.access import requires
from manzanita.web.export_back import back_words
from manzanita.web.found import Found, found_in
from manzanita.web.guest_requests import may_ask
from manzanita.web.left_out import left_out
from manzanita.web.narrowing_choices import choices_of, to_take_away
from manzanita.web.pasted_words import pasted_words
from manzanita.web.student_rows import COLUMNS, rows_of
from manzanita.web.whom_to_ask import coordinator_to_ask

# The columns by which the list can be put in order.
SORTS = {"Student": "name", "Grade": "grade", "School": "school", "Plan review due": "review"}


@require_safe
@requires(Capability.READ_STUDENT)
def students(request: HttpRequest) -> HttpResponse:
    """One page of a found set (``web.found``): a list, or what a search found, narrowed and in an order."""
    given = request.GET
    found, after = found_in(request, given, list_key="all"), given.get("after", "")
    if not found.wanted.is_of_students:
        raise Http404("a list with a page of its own")
    request.search_text = found.text
    # What was searched for; the sentence above the list is about those.
    listed = found.searched(found.listed)
    outside, elsewhere = 0, None
    if found.text and found.wanted.key == "all" and found.pasted is None:
        elsewhere = found.searched(outside_view(request.actor))
        outside = capped_count(found.narrowed(elsewhere))
    page = list_students(found.narrowed(listed), request.actor, after=after, order=found.order)
    is_outside = outside > 0 and page.count == 0
    if is_outside:
        # Nobody in the chosen view is meant: whoever is within reach outside of it is, and the page says so.
        listed = elsewhere
        page = list_students(found.narrowed(listed), request.actor, after=after, order=found.order)
    if after and not page.rows:
        # The list has become shorter since its last page was linked: its first page says what is in it.
        return redirect(found.address())
    # Only where the page offers them: a sentence that leaves nobody offers to take a part of it away.
    is_unknown = bool(found.text) and not found.narrowing and not page.count
    alike = sounding_like(request.actor, found.text) if is_unknown else []
    log_reads(
        actor=request.actor,
        student_ids=[row.student.pk for row in page.rows] + [one.student.pk for one in alike],
        what="student.list",
        filter_codes=found.log_codes,
    )
    not_shown = None
    if found.wanted.key != "all":
        shown = found.students.order_by().values("pk")
        not_shown = left_out(found.whole, shown, why_not_of(found.wanted.kind), "student.list")
    is_narrowed = bool(found.narrowing)
    context = {
        "found": found,
        "wanted": found.wanted,
        "meaning": found.wanted.meaning_for(request.actor),
        "text": found.text,
        "page": page,
        "outside_view": outside,
        "is_outside": is_outside,
        "alike": alike,
        "may_ask_elsewhere": may_ask(request.actor),
        "ask": coordinator_to_ask(request.actor),
        "rows": rows_of(request.actor, page.rows),
        "heads": _heads(request.actor, found),
        "choices": choices_of(found, listed) if page.rows or is_narrowed else [],
        "is_narrowed": is_narrowed,
        "take_away": to_take_away(found, listed) if is_narrowed and not page.rows else [],
        "is_large": page.count > LARGE_EXPORT,
        "ask_key": token_urlsafe(12),
        "back_words": back_words(request.actor),
        "first_url": found.address() if after else None,
        "next_url": found.address(after=page.after) if page.after else None,
        "page_size": PAGE_SIZE,
        "groups": _groups(found),
        "pasted_list": pasted_words(found),
        "not_shown": not_shown,
        "may_edit": bool(fields_for(request.actor)),
        "comings": _comings(request.actor),
    }
    return render(request, "web/students/list.html", context)


def _heads(actor: Actor, found: Found) -> list[dict[str, Any]]:
    """The heads of the columns, those that put the list in order as links."""
    heads: list[dict[str, Any]] = []
    for label in COLUMNS:
        head: dict[str, Any] = {"label": label, "num": label == "Grade"}
        head["cls"] = "later" if label in ("Born", "Disability") else ""
        if label == "School" and actor.sees_several_districts:
            head["label"] = "School, district"
        if (key := SORTS.get(label)) is not None:
            head["sort_url"] = found.address(**{ORDER: found.order.turned(key).code})
            head["sort"] = found.order.direction if found.order.key == key else None
        heads.append(head)
    return heads


def _groups(found: Found) -> list[tuple[str, str, bool]]:
    """The lists one may change to, as (label, address, is this one). What this one is narrowed to goes along."""
    shown = [
        ("All", "all"),
        ("State findings", "findings"),
        ("Held", "held"),
        ("Different at the state", "different"),
    ]

    def own(name: str, **more: str) -> str:
        said = urlencode(found.cut | more)
        return reverse(name) + (f"?{said}" if said else "")

    return [
        *((label, found.address(list=key), found.wanted.key == key) for label, key in shown),
        # Of certain students any day is meant; of everybody the list begins with what is overdue.
        ("Due dates", own("due_list", **({"span": "any"} if found.is_asked else {})), False),
        ("To settle", own("students_to_settle"), False),
        ("Next year", found.address("next_year", list="all"), False),
        ("Planned", own("planned"), False),
    ]


def _comings(actor: Actor) -> list[tuple[str, str]]:
    """Lists of those who come and go, and of those who are here twice, as (label, address)."""
    lists = (
        ("Arrivals", "arrivals", Capability.CORRECT_RECORD),
        ("Transfers", "student_transfers", Capability.TRANSFER_STUDENT),
        ("Leavings", "leavings", Capability.CORRECT_RECORD),
        ("Private schools", "private_schools", Capability.READ_STUDENT),
        ("Special groups", "special_groups", Capability.READ_STUDENT),
        ("Turns five", "turns_five", Capability.READ_STUDENT),
        ("Duplicates", "duplicates", Capability.ENTER_STUDENT),
    )
    found = [(label, reverse(name)) for label, name, needed in lists if actor.may(needed)]
    if may_ask(actor):
        found.append(("Find a student elsewhere", reverse("search_elsewhere")))
    if actor.may(Capability.TRANSFER_STUDENT) and actor.may(Capability.ENTER_STUDENT):
        found.append(("Take a student file in", reverse("portable_in")))
    return found


urlpatterns = [
    path("students", students, name="students"),
    path("", include("manzanita.web.search_box")),
    path("", include("manzanita.web.pasted_sets")),
    path("", include("manzanita.web.next_year")),
    path("", include("manzanita.web.planned")),
    path("", include("manzanita.web.turns_five")),
    path("", include("manzanita.web.student_new")),
    path("", include("manzanita.web.duplicates")),
    path("", include("manzanita.web.merges")),
    path("", include("manzanita.web.batch_edit")),
    path("", include("manzanita.web.student_page")),
    path("", include("manzanita.web.student_ssids")),
    path("", include("manzanita.web.student_changes")),
    path("", include("manzanita.web.leaving_list")),
    path("", include("manzanita.web.student_leaving")),
    path("", include("manzanita.web.leaving_many")),
    path("", include("manzanita.web.student_take_back")),
    path("", include("manzanita.web.participation")),
    path("", include("manzanita.web.settle_students")),
    path("", include("manzanita.web.expected")),
    path("", include("manzanita.web.residence")),
    path("", include("manzanita.web.private_schools")),
    path("", include("manzanita.web.special_groups")),
    path("", include("manzanita.web.read_purpose")),
    path("", include("manzanita.web.field_history")),
    path("", include("manzanita.web.disclosures")),
    path("", include("manzanita.web.student_people")),
    path("", include("manzanita.web.student_people_forms")),
]
