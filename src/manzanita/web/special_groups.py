"""Special groups: infants near three, preschool referrals, nonpublic schools, accountable elsewhere, adult transition;
each student with why, the dates, and the next step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.deadlines.models import DueDate
from manzanita.domain.access import Actor, Capability
from manzanita.domain.clocks import CLOCKS
from manzanita.domain.clocks.early_start import third_birthday_of
from manzanita.domain.leaving import REASONS
from manzanita.domain.special_groups import GROUPS, Group, age_in_years
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.procedures.special_groups import (
    Beside,
    beside_of,
    keys_by_group,
    names_beside,
    students_of_group,
)
from manzanita.students.listing import PAGE_SIZE, ListRow, list_students
from manzanita.students.models import Student
from manzanita.ui.formats import plural, us_date
from manzanita.web.access import requires
from manzanita.web.part_b import SAY, WHERE, owes_words, where_said
from manzanita.web.students_words import grade_text

_LEAVING_KEY = "maximum_age"
assert _LEAVING_KEY in REASONS
# So long before the last day of eligibility its leaving is planned.
_PLANNED_DAYS = 180
_SOON_DAYS = 30


@require_safe
@requires(Capability.READ_STUDENT)
def special_groups(request: HttpRequest) -> HttpResponse:
    """One page of one group, by name; the first that has somebody, where none is asked for."""
    actor = request.actor
    keys, asked = keys_by_group(actor), request.GET.get("group")
    group = _first(keys) if asked is None else GROUPS.get(asked)
    if group is None:
        raise Http404("no such group")
    after = request.GET.get("after", "")
    page = list_students(students_of_group(actor, group), actor, after=after, keys=keys[group.key])
    if after and not page.rows:
        # The list has become shorter since its page was linked.
        return redirect(_url(group))
    log_reads(
        actor=actor,
        student_ids=[row.student.pk for row in page.rows],
        what="special_groups",
        filter_codes=f"group={group.key}",
    )
    context = {
        "group": group,
        "groups": [
            (f"{one.label} {_count(len(keys[one.key]))}", _url(one), one.key == group.key)
            for one in GROUPS.values()
        ],
        "rows": _rows(actor, group, page.rows),
        "count": page.count_text,
        "first_url": _url(group) if after else None,
        "next_url": f"{_url(group)}&after={page.after}" if page.after else None,
        "page_size": PAGE_SIZE,
    }
    return render(request, "web/students/special_groups.html", context)


def _first(keys: Mapping[str, Sequence[int]]) -> Group:
    groups = list(GROUPS.values())
    return next((one for one in groups if keys[one.key]), groups[0])


def _url(group: Group) -> str:
    return f"{reverse('special_groups')}?group={group.key}"


def _count(number: int) -> str:
    return "1,000+" if number > 1000 else str(number)


@dataclass(frozen=True, slots=True)
class Row:
    """A line. ``dates`` are due dates as (shape, words, address); ``mark`` is a shape and a word, or nothing."""

    name: str
    student_url: str
    why: str
    mark: tuple[str, str] | None
    dates: Sequence[tuple[str, str, str]]
    grade: str
    school: str
    steps: Sequence[tuple[str, str]]


def _rows(actor: Actor, group: Group, found: Sequence[ListRow]) -> list[Row]:
    today = clock.today()
    beside = beside_of(actor, group, found)
    names = names_beside(beside)
    schools = school_names({row.enrollment.school_code for row in found if row.enrollment})
    rows = []
    for row in found:
        student, own = row.student, beside[row.student.pk]
        rows.append(
            Row(
                name=f"{student.last_name}, {student.first_name}",
                student_url=reverse("student", args=[student.public_id]),
                why=_why(actor, group, student, own, names, row, today),
                mark=(own.agreement.kind, own.agreement.words) if own.agreement else None,
                dates=[_due(one, today) for one in own.dues[:2]],
                grade=grade_text(row.enrollment.grade_code) if row.enrollment else "",
                school=schools.get(row.enrollment.school_code, row.enrollment.school_code)
                if row.enrollment
                else "",
                steps=[*_steps(actor, group, student, own, today), *_said_at(group, student, own)],
            )
        )
    return rows


def _due(one: DueDate, today: date) -> tuple[str, str, str]:
    title = CLOCKS[one.clock].title
    url = reverse("due_date", args=[one.pk])
    if one.due_on is None:
        return "warn", f"{title}: cannot be counted", url
    days = (one.due_on - today).days
    kind = "fatal" if days < 0 else "warn" if days <= _SOON_DAYS else "empty"
    return kind, f"{title}: {us_date(one.due_on)}", url


def _why(
    actor: Actor,
    group: Group,
    student: Student,
    own: Beside,
    names: Mapping[str, str],
    row: ListRow,
    today: date,
) -> str:
    """Why the student is in this list, in a sentence."""
    born = student.birth_on
    if group.key == "c-to-b" and born is not None:
        third = third_birthday_of(born)
        words = f"{'Turns' if third > today else 'Turned'} three on {us_date(third)}."
        served_at = own.plan.lea_code if own.plan else ""
        words += owes_words(own.owes, names, served_at, is_enrolled=row.enrollment is not None)
        if own.evaluated is not None and own.evaluated.held_on is not None:
            starts = own.evaluated.plan_starts_on
            words += f" Evaluated on {us_date(own.evaluated.held_on)}"
            words += f"; the IEP starts on {us_date(starts)}." if starts else "; no IEP follows from it."
        if row.enrollment is None and served_at != actor.agency_code:
            words += f" Served by {names.get(served_at, served_at)} until then."
        elif row.enrollment is None:
            words += " No SIS file has enrolled the child yet."
        return words
    if group.key == "preschool" and born is not None:
        meeting = own.meeting
        consent = (
            f"Consent {us_date(meeting.consent_on)}." if meeting and meeting.consent_on else "No consent yet."
        )
        return f"{plural(age_in_years(born, today), 'year')} old. {consent}"
    if group.key == "nps" and own.enrollment is not None:
        placed = own.enrollment
        school = names.get(placed.nps_code, f"Nonpublic school {placed.nps_code}, not in the directory,")
        return f"{school} since {us_date(placed.effective_from)}."
    if group.key == "dsea" and own.plan is not None:
        plan = own.plan
        return (
            f"Accountable: {names.get(plan.dsea_code, plan.dsea_code)}; reported by "
            f"{names.get(plan.lea_code, plan.lea_code)}."
        )
    if born is not None:
        return f"{plural(age_in_years(born, today), 'year')} old."
    return ""


def _steps(actor: Actor, group: Group, student: Student, own: Beside, today: date) -> list[tuple[str, str]]:
    """The next step, as (address, label): what the actor may do; else the record."""
    record = (reverse("student", args=[student.public_id]), "Show the record")
    open_one = next((one.meeting for one in own.dues if one.meeting is not None), None) or own.meeting
    if open_one is not None:
        return [(reverse("meeting", args=[open_one.public_id]), "Go to the meeting")]
    if group.key == "nps" and own.agreement is not None and not own.agreement.holds:
        if actor.may(Capability.ASK_DIRECTORY):
            return [(reverse("agreements"), "Record the agreement")]
        return [(reverse("agreements"), "See the agreements")]
    if group.key == "adult" and actor.may(Capability.CORRECT_RECORD):
        last = next((one.due_on for one in own.dues if one.clock == "maximum-age"), None)
        if last is not None and (last - today).days <= _PLANNED_DAYS:
            url = reverse("leaving", args=[student.public_id])
            return [(f"{url}?reason={_LEAVING_KEY}", "Plan the leaving")]
    if group.key == "c-to-b" and own.evaluated is None and actor.may(Capability.HOLD_MEETING):
        return [(reverse("meeting_new", args=[student.public_id]), "Open the meeting")]
    if group.key == "preschool" and actor.may(Capability.HOLD_MEETING):
        return [(reverse("referral", args=[student.public_id]), "Answer the referral")]
    due = next(
        (one for one in own.dues if one.due_on is not None and (one.due_on - today).days <= _SOON_DAYS), None
    )
    if due is not None and actor.may(Capability.HOLD_MEETING):
        return [(reverse("meeting_new", args=[student.public_id]), "Open a meeting")]
    return [record]


def _said_at(group: Group, student: Student, own: Beside) -> list[tuple[str, str]]:
    """Where it is said who owes a child from Part C the IEP."""
    if group.key != "c-to-b":
        return []
    return [(where_said(student.public_id, own.owes), WHERE if own.owes else SAY)]


urlpatterns = [path("students/groups", special_groups, name="special_groups")]
