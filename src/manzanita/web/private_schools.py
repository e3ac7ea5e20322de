"""Students of private schools: who has a services plan, who has none, and every conflict, with its way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from manzanita.auditing.actions import log_reads
from manzanita.domain.access import Actor, Capability
from manzanita.domain.private_conflicts import CONFLICTS, Conflict, Fix, Found
from manzanita.domain.private_schools import ISP, LEFT_KEY, How
from manzanita.orgs.models import AgencyContact
from manzanita.orgs.queries import school_names
from manzanita.platform import clock
from manzanita.procedures.private_schools import MOST, Placed, private_students
from manzanita.students.listing import ListRow
from manzanita.students.models import Student
from manzanita.ui.formats import plural
from manzanita.web.access import requires
from manzanita.web.arrival_words import CALL_ROLES, contacts_by_code
from manzanita.web.state_lines import student_names
from manzanita.web.step_links import address_of_step
from manzanita.web.students_words import grade_text

PAGE_SIZE = 50
# Which of them: all, those with a conflict, or those who belong here in one way.
WHO = {
    "": "All",
    "conflict": "With a conflict",
    How.ISP.value: "ISP in force",
    How.NO_ISP.value: "No ISP in force",
}
# Page, what its link says, and what it takes.
_FIXES: dict[Fix, tuple[str, str, Capability]] = {
    Fix.MEETING: ("meeting_new", "Open a meeting", Capability.HOLD_MEETING),
    Fix.SETTING: ("change", "Change the setting", Capability.CORRECT_RECORD),
    Fix.LEAVE: ("leaving", "Record the leaving", Capability.CORRECT_RECORD),
    Fix.UNDO_LEAVE: ("leaving", "Take the leaving back", Capability.CORRECT_RECORD),
    Fix.STATUS: ("change", "Change the status", Capability.CORRECT_RECORD),
    Fix.TAKE_BACK: ("student", "Take the plan back", Capability.CORRECT_RECORD),
    Fix.ASK: ("directory", "Whom to ask there", Capability.READ_STUDENT),
    Fix.SIS: ("student_enrollments", "Tell the SIS", Capability.READ_STUDENT),
}


@require_safe
@requires(Capability.READ_STUDENT)
def private_schools(request: HttpRequest) -> HttpResponse:
    """One page of the list, cut to ``who``, one ``conflict`` or one ``owner``; a line for each conflict."""
    actor = request.actor
    keep = {name: request.GET.get(name, "") for name in ("who", "conflict", "owner")}
    if keep["who"] not in WHO or keep["conflict"] not in ("", *CONFLICTS):
        raise Http404("no such list")
    number = _page_number(request)
    everybody = private_students(actor)
    wanted = _Wanted(**keep)
    chosen = [line for one in everybody for line in wanted.lines_of(one)]
    shown = chosen[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    if number > 1 and not shown:
        # The list has become shorter since its page was linked.
        return redirect(_url(**keep))
    log_reads(
        actor=actor,
        student_ids=[one.student_id for one, _ in shown],
        what="private_schools",
        filter_codes=" ".join(f"{name}={value}" for name, value in keep.items() if value),
    )
    kinds = Counter(found.conflict.key for one in everybody for found in one.found)
    conflict = CONFLICTS.get(keep["conflict"])
    context = {
        "rows": _rows(actor, shown),
        "who": [
            (f"{label} {_number(everybody, key)}", _url(**{**keep, "who": key}), keep["who"] == key)
            for key, label in WHO.items()
        ],
        "kinds": [(one, kinds[one.key]) for one in CONFLICTS.values() if kinds[one.key]],
        "owners": sorted({found.conflict.owner.value for one in everybody for found in one.found}),
        "keep": keep,
        "conflict": conflict,
        "count": f"more than {MOST:,} students"
        if len(everybody) > MOST
        else plural(len(everybody), "student"),
        "conflicts": plural(sum(kinds.values()), "conflict"),
        "is_narrowed": any(keep.values()),
        "first_url": _url(**keep) if number > 1 else None,
        "next_url": _url(**keep, page=str(number + 1)) if len(chosen) > number * PAGE_SIZE else None,
    }
    return render(request, "web/students/private_schools.html", context)


@dataclass(frozen=True, slots=True)
class _Wanted:
    who: str
    conflict: str
    owner: str

    def lines_of(self, one: Placed) -> Iterator[tuple[Placed, Found | None]]:
        """The lines of one student: each conflict that is asked for, or one without any."""
        if (self.who == "conflict" and not one.found) or (self.who in tuple(How) and self.who != one.how):
            return
        for found in one.found:
            if self.conflict in ("", found.conflict.key) and self.owner in ("", found.conflict.owner):
                yield one, found
        if not one.found and not self.conflict and not self.owner:
            yield one, None


def _number(everybody: Sequence[Placed], who: str) -> int:
    wanted = _Wanted(who, "", "")
    return sum(any(True for _ in wanted.lines_of(one)) for one in everybody)


def _url(**given: str) -> str:
    asked = urlencode({name: value for name, value in given.items() if value})
    return reverse("private_schools") + (f"?{asked}" if asked else "")


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 1 <= len(text) <= 4 and int(text) >= 1):
        raise Http404("no such page")
    return int(text)


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    student_url: str
    plan: str
    found: Found | None
    age: str
    grade: str
    school: str
    fixes: Sequence[tuple[str, str]]


def _rows(actor: Actor, shown: Sequence[tuple[Placed, Found | None]]) -> list[_Row]:
    today = clock.today()
    people = student_names(actor, [one.student_id for one, _ in shown])
    schools = school_names({row.enrollment.school_code for row in people.values() if row.enrollment})
    others = {one.plan.lea_code for one, found in shown if found and one.plan and not one.plan.is_ours}
    calls = contacts_by_code(others, CALL_ROLES) if others else {}
    return [
        _row(actor, one, found, people[one.student_id], schools, calls, today)
        for one, found in shown
        if one.student_id in people
    ]


def _row(
    actor: Actor,
    one: Placed,
    found: Found | None,
    row: ListRow,
    schools: dict[str, str],
    calls: Mapping[str, Sequence[AgencyContact]],
    today: date,
) -> _Row:
    student, enrollment = row.student, row.enrollment
    return _Row(
        name=f"{student.last_name}, {student.first_name}",
        student_url=reverse("student", args=[student.public_id]),
        plan=_plan_words(one),
        found=found,
        age=plural((today - found.since).days, "day") if found else "",
        grade=grade_text(enrollment.grade_code) if enrollment else "",
        school=schools.get(enrollment.school_code, enrollment.school_code) if enrollment else "",
        fixes=fixes_of(actor, found.conflict, student, one, calls) if found else (),
    )


def _plan_words(one: Placed) -> str:
    """The plan in force, and whose it is where it is not the district's own."""
    if one.plan is None:
        return "None"
    is_over = one.how is How.NO_ISP and one.plan.type_code == ISP
    return f"{one.plan.short}, ended by the status" if is_over else one.plan.short


def fixes_of(
    actor: Actor,
    conflict: Conflict,
    student: Student,
    one: Placed | None = None,
    calls: Mapping[str, Sequence[AgencyContact]] = MappingProxyType({}),
) -> list[tuple[str, str]]:
    """Where the conflict is settled, as (address, label), of what the actor may do; the meeting that is open instead
    of another. Whom to ask is the person of ``calls`` at the district whose plan is in force. Else the record."""
    found = []
    for fix in conflict.fixes:
        name, label, needed = _FIXES[fix]
        if fix is Fix.ASK:
            found.append(_whom_to_ask(one, calls) or (reverse(name), label))
            continue
        if not actor.may(needed):
            continue
        if fix is Fix.MEETING and one is not None and one.meeting is not None:
            found.append((reverse("meeting", args=[one.meeting.public_id]), "Go to the meeting"))
            continue
        # Which of the changes without a meeting is meant, not the list of them.
        key = [fix.value] if name == "change" else []
        address = (
            address_of_step("take_back", student)
            if fix is Fix.TAKE_BACK
            else reverse(name, args=[student.public_id, *key])
        )
        found.append((address + (f"?reason={LEFT_KEY}" if fix is Fix.LEAVE else ""), label))
    return found or [(reverse("student", args=[student.public_id]), "Show the record")]


def _whom_to_ask(one: Placed | None, calls: Mapping[str, Sequence[AgencyContact]]) -> tuple[str, str] | None:
    """The page of the other district, named by the person to call there, or by the district."""
    if one is None or one.plan is None or one.plan.is_ours:
        return None
    person = next(iter(calls.get(one.plan.lea_code, ())), None)
    who = person.name if person else one.plan.lea_name
    return reverse("directory_agency", args=[one.plan.lea_code]), f"Ask {who}"


urlpatterns = [path("students/private-schools", private_schools, name="private_schools")]
