"""The search box of every page: where a search leads, and who is suggested while it is typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from secrets import token_urlsafe

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.orgs.queries import school_names
from manzanita.students.exact_search import student_with_ssid
from manzanita.students.listing import places_of
from manzanita.students.models import Enrollment, ScopedQuerySet, Student
from manzanita.students.scope import visible_to
from manzanita.students.searching import marks_of_name, means_number
from manzanita.students.suggesting import first_found
from manzanita.web.access import requires
from manzanita.web.student_rows import districts_of
from manzanita.web.students_words import grade_words

SEARCHES_KEPT = 20
MAX_SEARCH_LENGTH = 100
# Of fewer letters a list would only show who comes first in the alphabet. ``suggest.js`` asks from as many on.
LEAST_TYPED = 3
MOST_SUGGESTED = 8
SSID_DIGITS_SHOWN = 4


@require_POST
@requires(Capability.READ_STUDENT)
def search_students(request: HttpRequest) -> HttpResponse:
    """Keep the search text in the session, so that no name and no SSID stands in an address or a log."""
    text = _asked(request)
    if not text:
        return redirect("students")
    if _is_ssid(text) and (student := _with_ssid(request.actor, text).first()) is not None:
        return redirect("student", student.public_id)
    token = token_urlsafe(6)
    kept = [*request.session.get("searches", {}).items(), (token, text)]
    request.session["searches"] = dict(kept[-SEARCHES_KEPT:])
    return redirect(f"{reverse('students')}?search={token}")


@require_POST
@requires(Capability.READ_STUDENT)
def search_suggestions(request: HttpRequest) -> HttpResponse:
    """The first of those whom the search would list, as part of a page; 204 while there is too little to search for.

    Nothing of it is kept. Who is shown is logged as of any list, one row for each answer.
    """
    text = _asked(request)
    if len(text) < LEAST_TYPED:
        return HttpResponse(status=204)
    found, is_outside = _meant(request.actor, text)
    shown = found[:MOST_SUGGESTED]
    log_reads(
        actor=request.actor,
        student_ids=[student.pk for student in shown],
        what="student.suggestions",
        filter_codes="list=all search",
    )
    context = {
        "suggestions": _suggestions(request.actor, shown, text),
        "has_more": len(found) > len(shown),
        "is_outside": is_outside,
    }
    return render(request, "web/students/suggestions.html", context)


def _asked(request: HttpRequest) -> str:
    text = request.POST.get("q", "").replace("\0", "")
    return " ".join(text.split())[:MAX_SEARCH_LENGTH]


def _is_ssid(text: str) -> bool:
    return re.fullmatch("[0-9]{10}", text) is not None


def _with_ssid(actor: Actor, text: str) -> ScopedQuerySet:
    """The one student within reach who is meant by an SSID and nothing else: there is nobody to choose from."""
    return visible_to(actor).filter(pk=student_with_ssid(text))


def _meant(actor: Actor, text: str) -> tuple[list[Student], bool]:
    """The first whom a search for ``text`` leads to, in its order, one more than are shown where there are more; and
    whether they are outside the chosen view, as the page of the search shows those where the view has nobody."""
    if _is_ssid(text) and (meant := list(_with_ssid(actor, text))):
        return meant, False
    return first_found(actor, text, MOST_SUGGESTED + 1)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One student of the list below the box: what the lists of students show of them, cut short. ``name`` is in pieces,
    each with whether it is what was searched for."""

    url: str
    name: list[tuple[str, bool]]
    birth_on: date | None
    is_born_met: bool
    grade: str
    school: str
    district: str
    left_on: date | None
    ssid_end: str
    is_ssid_met: bool


def _suggestions(actor: Actor, students: list[Student], text: str) -> list[Suggestion]:
    """Three queries for any number of students; one more for who sees several districts."""
    places = places_of([student.pk for student in students], actor)
    enrollments = [place.enrollment for place in places.values() if place.enrollment]
    schools = school_names({one.school_code for one in enrollments})
    districts = districts_of(actor, [one.lea_code for one in enrollments])
    made = []
    for student in students:
        place = places[student.pk]
        enrollment = place.enrollment
        made.append(
            Suggestion(
                url=reverse("student", args=[student.public_id]),
                name=_name(text, student),
                birth_on=student.birth_on,
                is_born_met=means_number(text, born=student.birth_on),
                grade=_grade(enrollment),
                school=schools.get(enrollment.school_code, enrollment.school_code) if enrollment else "",
                district=districts.get(enrollment.lea_code, "") if enrollment else "",
                left_on=enrollment.effective_to if enrollment and not place.is_current else None,
                ssid_end=place.ssid[-SSID_DIGITS_SHOWN:],
                is_ssid_met=means_number(text, ssid=place.ssid),
            )
        )
    return made


def _name(text: str, student: Student) -> list[tuple[str, bool]]:
    """As lists write it; with the middle name where that is what was met, as nobody else would see why it is here."""
    shown = f"{student.last_name}, {student.first_name}"
    is_middle_met = any(is_met for _, is_met in marks_of_name(text, student.middle_name))
    return marks_of_name(text, f"{shown} {student.middle_name}" if is_middle_met else shown)


def _grade(enrollment: Enrollment | None) -> str:
    words = grade_words(enrollment.grade_code) if enrollment and enrollment.grade_code else ""
    return words[:1].upper() + words[1:]


urlpatterns = [
    path("students/search", search_students, name="search"),
    path("students/search/suggestions", search_suggestions, name="search_suggestions"),
]
