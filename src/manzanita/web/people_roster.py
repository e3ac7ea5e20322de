"""A roster of people: pasted or as a file, judged row by row, taken in with one more click."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from manzanita.accounts.granting import perspectives_given_by
from manzanita.accounts.people_queries import schools_of
from manzanita.domain.access import Capability
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.procedures.roster import Defaults, judge_roster, take_roster
from manzanita.procedures.roster_rows import TEMPLATE, Roster
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.form_days import day_of, mistyped
from manzanita.web.invitations import invite
from manzanita.web.people_forms import number_of, tabs

LARGEST_FILE = 1_000_000


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Capability.MANAGE_PEOPLE)
def roster(request: HttpRequest) -> HttpResponse:
    """The form; a POST judges the rows, and with ``take`` takes the good ones in. What is bad stays in the box."""
    if request.method != "POST":
        return _page(request, "", Defaults(starts_on=clock.today()), None)
    text, trouble = _rows_of(request)
    defaults = _defaults(request)
    wrong = mistyped(request.POST, {"starts_on": "First day where a row names none"})
    if not trouble and wrong:
        trouble = " ".join(f"{one.text} {one.way_out}" for one in wrong.reasons)
    if trouble:
        return _page(request, text, defaults, None, trouble)
    if "take" not in request.POST or request.FILES:
        judged = judge_roster(request.actor, text, defaults)
        return _page(request, text, defaults, judged, judged.trouble)
    taken = take_roster(actor=request.actor, text=text, defaults=defaults)
    if taken.people:
        invite(request, taken.accounts)
        words = [
            f"{plural(taken.people, 'person', 'people')} taken in",
            plural(len(taken.accounts), "new account"),
        ]
        if taken.students:
            words.append(f"{plural(taken.students, 'student')} assigned")
        messages.success(request, f"{', '.join(words)}. Invitations go to the new addresses.")
    if not taken.bad:
        return redirect("admin")
    judged = judge_roster(request.actor, text, defaults)
    told = {row.line for row in judged.bad}
    # A row that was refused only when it was written is told with the words of that moment.
    judged = Roster(
        [*judged.rows, *(row for row in taken.bad if row.line not in told)][: len(judged.rows) + 20]
    )
    return _page(request, text, defaults, judged)


def _rows_of(request: HttpRequest) -> tuple[str, str]:
    """The text of the rows, and what is wrong with the file if it cannot be read."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("rows", ""), ""
    if file.size > LARGEST_FILE:
        return "", "The file is larger than 1 MB: a roster is a list of people, one in a row."
    content = file.read()
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        if b"\0" in content:
            return "", "This is no text file. Save the spreadsheet as CSV (comma separated) and choose that."
        return content.decode("cp1252", errors="replace"), ""


def _defaults(request: HttpRequest) -> Defaults:
    given = {one.key for one in perspectives_given_by(request.actor)}
    key = request.POST.get("perspective", "")
    lines = {number_of(text) for text in request.POST.getlist("another")}
    return Defaults(
        perspective_key=key if key in given else "case_manager",
        school_code=request.POST.get("school", ""),
        starts_on=day_of(request.POST.get("starts_on", "")) or clock.today(),
        another=frozenset(line for line in lines if line is not None),
    )


def _page(
    request: HttpRequest, text: str, defaults: Defaults, judged: Roster | None, trouble: str = ""
) -> HttpResponse:
    actor = request.actor
    agencies = Agency.objects.filter(code__in=actor.agency_codes)
    context = {
        "tabs": tabs(actor, "roster"),
        "text": text,
        "defaults": defaults,
        "starts_on": request.POST.get("starts_on", defaults.starts_on),
        "default_label": PERSPECTIVES[defaults.perspective_key].label,
        "roster": judged,
        "trouble": trouble,
        "perspectives": [(one.key, one.label) for one in perspectives_given_by(actor)],
        "schools": [(one.code, one.name) for one in schools_of(agencies)],
    }
    is_wrong = bool(trouble) or (judged is not None and bool(judged.bad))
    return render(request, "web/people/roster.html", context, status=422 if is_wrong else 200)


@require_safe
@requires(Capability.MANAGE_PEOPLE)
def template(request: HttpRequest) -> HttpResponse:
    """An empty roster with two rows that show how it is filled in."""
    answer = HttpResponse(TEMPLATE, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="roster.csv"'
    return answer


urlpatterns = [
    path("admin/roster", roster, name="roster"),
    path("admin/roster/template.csv", template, name="roster_template"),
]
