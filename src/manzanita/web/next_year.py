"""Next year's data: of each student the grade and school of now, and those of the next school year, as planned here or
sent by the SIS."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Capability
from manzanita.leaving.queries import gone_from, still_here
from manzanita.platform import clock
from manzanita.procedures.batch_fields import FIELDS, fields_for
from manzanita.procedures.batch_queries import batches_of
from manzanita.procedures.left_out import why_no_next_year
from manzanita.procedures.next_year import next_first_day, next_years_of
from manzanita.procedures.next_year_window import closed_until
from manzanita.students.listing import list_students
from manzanita.web.access import requires
from manzanita.web.found import found_in
from manzanita.web.left_out import left_out, named
from manzanita.web.next_year_words import Names, rows_of
from manzanita.web.pasted_words import pasted_words
from manzanita.web.record_next_year import PLANNED
from manzanita.web.students_words import grade_text

DONE_SHOWN = 5
SHOWN = {"all": "All", "unplanned": "Nothing known yet"}


@require_safe
@requires(Capability.READ_STUDENT)
def next_year(request: HttpRequest) -> HttpResponse:
    """One page of a found set (``web.found``), as a rule of all in the chosen view; ``list=unplanned``: those of whom
    nothing is known yet."""
    actor, found = request.actor, found_in(request, request.GET, list_key="all")
    key = found.wanted.key
    if key not in SHOWN:
        raise Http404("no such list")
    # Who has left by our own record, or never came, has no next year here, though the SIS has not ended the enrollment.
    students = still_here(found.students.none() if found.refusals else found.students, actor)
    page = list_students(students, actor, after=request.GET.get("after", ""), order=found.order)
    log_reads(
        actor=actor,
        student_ids=[row.student.pk for row in page.rows],
        what="student.next-year",
        filter_codes=found.log_codes,
    )
    if found.pasted:
        not_shown = left_out(
            found.whole, students.order_by().values("pk"), why_no_next_year, "student.next-year"
        )
    else:
        # The list of students shows them, so that the two do not say the same number.
        gone = gone_from(actor.agency_codes, clock.today()).values("student_id")
        others = found.students.none() if found.refusals else found.students.filter(pk__in=gone)
        not_shown = named(found, others, why_no_next_year, "student.next-year")
    planned = next_years_of([row.student.pk for row in page.rows])
    names = Names.of(planned.values(), page.rows)
    context = {
        "found": found,
        "pasted_list": pasted_words(found),
        "not_shown": not_shown,
        "rows": [
            {
                "row": row,
                "url": reverse("student", args=[row.student.public_id]),
                "grade": grade_text(row.enrollment.grade_code) if row.enrollment else "",
                "school": names.school(row.enrollment.school_code) if row.enrollment else "",
                "next": list(rows_of(planned[row.student.pk], names)),
                "differing": planned[row.student.pk].differing,
            }
            for row in page.rows
        ],
        "page": page,
        "lists": [(words, found.address("next_year", list=one), one == key) for one, words in SHOWN.items()],
        "key": key,
        "starts_on": next_first_day(clock.today()),
        "may_edit": bool(fields_for(actor)),
        "may_assign": actor.may(Capability.ASSIGN_STUDENTS) and not actor.is_read_only,
        "closed": closed_until(actor),
        "done": [one for one in batches_of(actor) if one.field_key in PLANNED][:DONE_SHOWN]
        if fields_for(actor)
        else [],
        "labels": {key: one.label for key, one in FIELDS.items()},
        "first_url": found.address("next_year") if request.GET.get("after") else None,
        "next_url": found.address("next_year", after=page.after) if page.after else None,
    }
    return render(request, "web/students/next_year.html", context)


urlpatterns = [path("students/next-year", next_year, name="next_year")]
