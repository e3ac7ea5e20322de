"""Students: lists, search, and the way to each student's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from secrets import token_urlsafe

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import include, path, reverse
from django.views.decorators.http import require_POST, require_safe

from manzanita.accounts.queries import user_names
from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.codes import code_set
from manzanita.exchange.queries import status_by_student
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.students.queries import PAGE_SIZE, Page, capped_count, list_students, search
from manzanita.students.scope import outside_view
from manzanita.web.access import requires
from manzanita.web.guest_requests import may_ask
from manzanita.web.student_lists import CLOCKS, LISTS, StudentList, lists_of, students_of
from manzanita.web.students_words import grade_text

SEARCHES_KEPT = 20
MAX_SEARCH_LENGTH = 100
STATE_KINDS = {"equal": "equal", "different": "diff", "held": "held", "none": "na"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list page, ready to be shown. ``days_left`` is negative for an overdue date."""

    url: str
    name: str
    birth_on: date | None
    ssid: str
    grade: str
    school: str
    left_on: date | None
    disability: str
    due_on: date | None
    days_left: int | None
    case_manager: str
    state_kind: str


@require_safe
@requires(Capability.READ_STUDENT)
def students(request: HttpRequest) -> HttpResponse:
    """One page of one list (``list``), or of what a search found (``search``, a token of the session)."""
    token = request.GET.get("search", "")
    text = request.session.get("searches", {}).get(token, "") if token else ""
    request.search_text = text
    wanted = LISTS.get(request.GET.get("list", "all"))
    if wanted is None:
        raise Http404("no such list")
    found = students_of(request.actor, wanted)
    if text:
        found = search(found, text)
    column = wanted.clock.column if wanted.clock else None
    outside = 0
    if text and wanted.key == "all":
        outside = capped_count(search(outside_view(request.actor), text))
    page = list_students(found, request.actor, order=column, after=request.GET.get("after", ""))
    keep = f"list={wanted.key}" + (f"&search={token}" if text else "")
    here = reverse("students")
    if request.GET.get("after") and not page.rows:
        # The list has become shorter since its last page was linked: its first page says what is in it.
        return redirect(f"{here}?{keep}")
    log_reads(
        actor=request.actor,
        student_ids=[row.student.pk for row in page.rows],
        what="student.list",
        # Whether somebody searched is noted, what for is not: a name may stand in it.
        filter_codes=f"list={wanted.key}" + (" search" if text else ""),
    )
    context = {
        "wanted": wanted,
        "text": text,
        "search_token": token,
        "is_search_gone": bool(token) and not text,
        "page": page,
        "outside_view": outside,
        "may_ask_elsewhere": may_ask(request.actor),
        "rows": _rows(request.actor, page, column),
        "is_triennial": column == "evaluation_due_on",
        "first_url": f"{here}?{keep}" if request.GET.get("after") else None,
        "next_url": f"{here}?{keep}&after={page.after}" if page.after else None,
        "page_size": PAGE_SIZE,
        "groups": _groups(wanted),
        "spans": _spans(wanted),
    }
    return render(request, "web/students/list.html", context)


@require_POST
@requires(Capability.READ_STUDENT)
def search_students(request: HttpRequest) -> HttpResponse:
    """Keep the search text in the session, so that no name and no SSID stands in an address or a log."""
    text = request.POST.get("q", "").replace("\0", "")
    text = " ".join(text.split())[:MAX_SEARCH_LENGTH]
    if not text:
        return redirect("students")
    token = token_urlsafe(6)
    kept = [*request.session.get("searches", {}).items(), (token, text)]
    request.session["searches"] = dict(kept[-SEARCHES_KEPT:])
    return redirect(f"{reverse('students')}?search={token}")


def _rows(actor: Actor, page: Page, column: str | None) -> list[Row]:
    today = clock.today()
    managers = user_names({row.case_manager_id for row in page.rows if row.case_manager_id})
    schools = school_names({row.enrollment.school_code for row in page.rows if row.enrollment})
    status = status_by_student(actor, [row.student.pk for row in page.rows])
    disabilities = code_set("Disability")
    rows = []
    for row in page.rows:
        student, enrollment = row.student, row.enrollment
        # The clock of a student who has left runs elsewhere.
        due_on = getattr(student, column or "plan_review_due_on") if row.is_current else None
        rows.append(
            Row(
                url=reverse("student", args=[student.public_id]),
                name=f"{student.last_name}, {student.first_name}",
                birth_on=student.birth_on,
                ssid=row.ssid,
                grade=grade_text(enrollment.grade_code) if enrollment else "",
                school=schools.get(enrollment.school_code, enrollment.school_code) if enrollment else "",
                left_on=enrollment.effective_to if enrollment and not row.is_current else None,
                disability=disabilities.label(row.plan.disability_1_code) if row.plan else "",
                due_on=due_on,
                days_left=(due_on - today).days if due_on else None,
                case_manager=managers.get(row.case_manager_id, ""),
                state_kind=STATE_KINDS[status[student.pk]],
            )
        )
    return rows


def _groups(wanted: StudentList) -> list[tuple[str, str, bool]]:
    """The lists one may change to, as (label, address, is this one)."""
    here = reverse("students")
    rest = wanted.key.removeprefix(f"{wanted.clock.key}-") if wanted.clock else "late"
    clocks = [(c.label, f"{here}?list={c.key}-{rest}", wanted.clock == c) for c in CLOCKS]
    others = [("Findings", "findings"), ("Held", "held"), ("Different at the state", "different")]
    return [
        ("All", here, wanted.key == "all"),
        *clocks,
        *((label, f"{here}?list={key}", wanted.key == key) for label, key in others),
    ]


def _spans(wanted: StudentList) -> list[tuple[str, str, bool]]:
    if wanted.clock is None:
        return []
    return [
        (one.span_label, f"{reverse('students')}?list={one.key}", one == wanted)
        for one in lists_of(wanted.clock)
    ]


urlpatterns = [
    path("students", students, name="students"),
    path("students/search", search_students, name="search"),
    path("", include("manzanita.web.student_page")),
    path("", include("manzanita.web.student_changes")),
    path("", include("manzanita.web.read_purpose")),
    path("", include("manzanita.web.field_history")),
    path("", include("manzanita.web.disclosures")),
    path("", include("manzanita.web.people")),
    path("", include("manzanita.web.people_forms")),
]
