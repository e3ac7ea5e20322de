"""Turns five: children with a setting of preschool, from which day another is due, and planning it for one or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.turning_five import SOURCE, fifth_birthday_of
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.procedures.batch_fields import fields_for
from manzanita.procedures.batch_next_setting import NEXT_SETTING, setting_words
from manzanita.procedures.planned import is_late
from manzanita.procedures.turning_five import FIVE_LISTS, OPEN, Turning, five_counts, five_list, turning_of
from manzanita.students.listing import PAGE_SIZE, ListRow, capped_count, list_students
from manzanita.students.models import Student
from manzanita.ui.formats import us_date
from manzanita.web.access import requires
from manzanita.web.home_needs import Group, Need
from manzanita.web.students_words import grade_text

SAFE_LIST = "turns-five-safe"
# To whoever looks, where the setting is one of preschool still and the child is in kindergarten.
BECOMES = "a setting of school age (such as 400 with its share of general education, 300 or 301)"


@require_safe
@requires(Capability.READ_STUDENT)
def turns_five(request: HttpRequest) -> HttpResponse:
    """One page of one list, by name."""
    actor, key, after = request.actor, request.GET.get("list", OPEN), request.GET.get("after", "")
    if key not in FIVE_LISTS:
        raise Http404("no such list")
    page = list_students(five_list(actor, key), actor, after=after)
    if after and not page.rows:
        return redirect(_url(key))
    log_reads(
        actor=actor,
        student_ids=[row.student.pk for row in page.rows],
        what="student.turns-five",
        filter_codes=f"list={key}",
    )
    may_plan = any(one.key == NEXT_SETTING.key for one in fields_for(actor))
    counts, safe_count = five_counts(actor, with_safe=may_plan and key == OPEN and bool(page.rows))
    counts[key] = page.count
    rows = _rows(actor, page.rows, may_plan=may_plan)
    context = {
        "one": FIVE_LISTS[key],
        "nothing": _nothing(key, counts),
        "lists": [
            (f"{one.label} {_count(counts[one.key])}", _url(one.key), one.key == key)
            for one in FIVE_LISTS.values()
        ],
        "rows": rows,
        "may_tick": any(row.may_tick for row in rows),
        "count": page.count_text,
        "may_plan": may_plan,
        "field": NEXT_SETTING.key,
        "safe_count": _count(safe_count) if safe_count else "",
        "safe_url": f"{reverse('batch_new')}?list={SAFE_LIST}&field={NEXT_SETTING.key}",
        "source": SOURCE,
        "first_url": _url(key) if after else None,
        "next_url": f"{_url(key)}&after={page.after}" if page.after else None,
        "page_size": PAGE_SIZE,
    }
    return render(request, "web/students/turns_five.html", context)


def _nothing(key: str, counts: Mapping[str, int]) -> tuple[str, str, str, str]:
    """Of an empty list: what it means, with which shape, and where to go. Where children turn five of whom nothing is
    to be planned yet, the list to plan does not say that all is well."""
    turning = counts["90"]
    if key != OPEN or not turning:
        return FIVE_LISTS[key].nothing, "ok", reverse("students"), "Show all students"
    who = "1 child turns" if turning == 1 else f"{_count(turning)} children turn"
    words = (
        f"{who} five in the next 90 days. Of {'the child' if turning == 1 else 'each'} no grade of transitional "
        "kindergarten or more is known yet, or another setting is planned already."
    )
    return words, "empty", _url("90"), "Show who turns five"


def _url(key: str) -> str:
    return f"{reverse('turns_five')}?list={key}"


def _count(number: int) -> str:
    return "1,000+" if number > 1000 else str(number)


@dataclass(frozen=True, slots=True)
class Row:
    """A line. ``becomes`` is a shape, a word and what the setting must become and when; ``step`` an address and a
    label, empty where the reader has none; ``may_tick``: planning is possible."""

    student: Student
    name: str
    url: str
    birthday: date | None
    grade: str
    school: str
    setting: str
    becomes: tuple[str, str, str]
    step: tuple[str, str]
    may_tick: bool


def _rows(actor: Actor, found: Sequence[ListRow], *, may_plan: bool) -> list[Row]:
    turning = turning_of([row.student for row in found])
    schools = school_names({row.enrollment.school_code for row in found if row.enrollment})
    return [_row(row, turning[row.student.pk], schools, may_plan=may_plan) for row in found]


def _row(row: ListRow, own: Turning, schools: dict[str, str], *, may_plan: bool) -> Row:
    student, here = row.student, row.enrollment
    return Row(
        student,
        f"{student.last_name}, {student.first_name}",
        reverse("student", args=[student.public_id]),
        fifth_birthday_of(student.birth_on) if student.birth_on else None,
        grade_text(here.grade_code) if here else "",
        schools.get(here.school_code, here.school_code) if here else "",
        setting_words(own.plan.program_setting_code, "") if own.plan else "",
        _becomes(own),
        _step(student, own, may_plan=may_plan),
        may_plan and own.planned is None and own.due_on is not None and own.due_on > clock.today(),
    )


def _becomes(own: Turning) -> tuple[str, str, str]:
    today = clock.today()
    if own.planned is not None:
        words = setting_words(own.planned.program_setting_code, own.planned.general_education_percent)
        if is_late("setting", own.planned.starts_on):
            return "warn", "Not recorded", f"{words}, from {us_date(own.planned.starts_on)}: see why."
        return "progress", "Planned", f"{words}, from {us_date(own.planned.starts_on)}."
    if own.due_on is None:
        return (
            "na",
            "Stays",
            "It stays while the child is in preschool; no grade of kindergarten is known yet.",
        )
    if own.due_on <= today:
        return "fatal", "Overdue", f"{BECOMES[0].upper()}{BECOMES[1:]}, since {us_date(own.due_on)}."
    how = "the first day of kindergarten" if own.is_next_year else "five and in kindergarten"
    return "warn", "To plan", f"{BECOMES[0].upper()}{BECOMES[1:]}, from {us_date(own.due_on)}: {how}."


def _step(student: Student, own: Turning, *, may_plan: bool) -> tuple[str, str]:
    if own.meeting is not None:
        return reverse("meeting", args=[own.meeting.public_id]), "Go to the meeting"
    if own.planned is None and own.due_on is not None and own.due_on <= clock.today() and may_plan:
        return reverse("change", args=[student.public_id, "setting"]), "Record the change"
    if own.planned is not None:
        return f"{reverse('planned')}?what=setting", "Show what is planned"
    if own.due_on is None:
        return reverse("next_year"), "Plan next year's grade"
    return "", ""


def turns_five_needs(actor: Actor) -> list[Group]:
    """The line of home: children of whom another setting has to be planned. One query."""
    if not actor.may(Capability.CORRECT_RECORD):
        return []
    count = capped_count(five_list(actor, OPEN))
    if not count:
        return []
    need = Need(
        kind="warn",
        label="Turn five: another setting to plan",
        count=count,
        url=_url(OPEN),
        detail="In kindergarten, or to be, with a setting of preschool",
        owner="You",
        step="Plan it",
    )
    return [Group("Turning five", [need], "")]


urlpatterns = [path("students/turns-five", turns_five, name="turns_five")]
