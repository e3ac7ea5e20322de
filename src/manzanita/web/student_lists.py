"""The lists of students that the product knows: what each asks, in words and as a query. Lists of due dates have pages
of their own (``web.due``); here are their students, for an export or a send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.urls import reverse

from manzanita.deadlines.lists import Wanted, wanted_rows
from manzanita.domain.access import Actor, Relationship, Scope, View
from manzanita.domain.former_lea import first_last_day, opened_again
from manzanita.domain.rollover import expecting_on
from manzanita.domain.years import academic_year_of
from manzanita.exchange.compliance import find
from manzanita.exchange.queries import changed_by_import, has_open_finding, has_operation
from manzanita.leaving.queries import still_here
from manzanita.platform import clock
from manzanita.procedures.next_year import unplanned
from manzanita.procedures.turning_five import FIVE_LISTS, OPEN, five_list, safe
from manzanita.students.models import ScopedQuerySet
from manzanita.students.scope import listed_for, visible_to
from manzanita.ui.formats import us_date
from manzanita.web.compliance_asked import ComplianceList, list_of_key
from manzanita.web.due_wanted import key_of, list_url, of_key, title_of

_IMPORT = re.compile(r"import-([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class StudentList:
    """One list. ``kind`` is due, held, different, findings, unplanned, compliance, import, all, or as the key;
    ``nothing`` says what an empty one means. ``due`` is the list of due dates, ``compliance`` the group of a monitoring
    report, ``import_key`` the import, whose students it has."""

    key: str
    title: str
    meaning: str
    nothing: str
    kind: str = "all"
    due: Wanted | None = None
    compliance: ComplianceList | None = None
    import_key: int = 0

    @property
    def is_of_students(self) -> bool:
        """Does the page of students show it, with its sentence? Lists of due dates and of reports have own pages."""
        return self.due is None and self.compliance is None

    def meaning_for(self, actor: Actor) -> str:
        """Whom it lists, in the view that the actor has chosen."""
        return _shown(actor) if self.kind == "all" else self.meaning

    @property
    def url(self) -> str:
        """The page that shows it."""
        if self.compliance is not None:
            return self.compliance.address
        return list_url(self.due) if self.due else f"{reverse('students')}?list={self.key}"


LISTS: Mapping[str, StudentList] = MappingProxyType(
    {
        known.key: known
        for known in (
            StudentList(
                "all",
                "Students",
                "Students in the chosen view",
                "No student is in this scope yet.",
            ),
            StudentList(
                "findings",
                "Students with open findings of the state",
                "Students within your reach, in every view, to whose records the state said no, and still does",
                "The state has no finding open.",
                "findings",
            ),
            StudentList(
                "held",
                "Students with records held back from the state",
                "Students within your reach, in every view, of whom at least one record is held, for a reason "
                "that stands on the student's page",
                "Nothing is held.",
                "held",
            ),
            StudentList(
                "different",
                "Students whose records differ at the state",
                "Students within your reach, in every view, of whom at least one record is ready to send or on its way",
                "The state holds what it should.",
                "different",
            ),
            StudentList(
                "unplanned",
                "Students without anything for the next school year",
                "Students in the chosen view of whom no school and no grade is planned for the next year, and for whom "
                "the SIS has sent no enrollment to come",
                "Of everybody something is known of the next year.",
                "unplanned",
            ),
            StudentList(
                "turns-five",
                "Children with a setting of preschool who turn five",
                FIVE_LISTS[OPEN].sentence,
                FIVE_LISTS[OPEN].nothing,
                "turns-five",
            ),
            StudentList(
                "turns-five-safe",
                "Children who turn five and can be planned at once",
                "Those of the children to plan whose day is to come, without an open meeting, another plan or a "
                "leaving that waits",
                "Nobody can be planned at once: look at each of the list.",
                "turns-five-safe",
            ),
        )
    }
)


def import_list(key: int) -> str:
    """The key of the list of those whom an import changed."""
    return f"import-{key}"


def _shown(actor: Actor) -> str:
    if actor.perspective.scope is Scope.ASSIGNED:
        return "Students assigned to you"
    if actor.perspective.scope is Scope.NAMED:
        return "Students named in what was granted to you"
    left = _left()
    reported = (
        ", or reported by your agency" if Relationship.REPORTING in actor.perspective.relationships else ""
    )
    return {
        View.CURRENT: "Students whom your agency has today",
        View.INCOMING: "Students who come: by an enrollment to begin, a plan for next year, or a place kept for them",
        View.LEAVING: f"Students here whose last day is known, and those who {left} and are here no longer",
        View.DSEA_OR_ATTENDING: "Students whom your agency has today, or for whom it is accountable (DSEA)",
        View.ALL: f"Students within your reach: here today, to come, or {left}{reported}",
    }[actor.view]


def _left() -> str:
    """Of whom a former LEA's lists show: as it goes by ``students.former_reach``."""
    today = clock.today()
    first = first_last_day(today)
    found = [f"left since {us_date(first)}"]
    found += [f"in {academic_year_of(july)}, which is open again" for july, _ in opened_again(today)]
    expecting = expecting_on(today)
    if expecting is not None and expecting.first <= first:
        found.append("before the summer and are expected back")
    return ", or ".join(found)


def list_of(key: str) -> StudentList | None:
    """The list of this key: one of ``LISTS``, the students of a due list, or a group of a monitoring report."""
    if key in LISTS:
        return LISTS[key]
    if (due := of_key(key)) is not None:
        return due_students(due)
    if (changed := _IMPORT.fullmatch(key)) is not None:
        return StudentList(
            key,
            "Students whom an import changed",
            "Students within your reach, in every view, of whom one import of SIS files brought something new",
            "Of whom it brought something new, nobody is within your reach.",
            "import",
            import_key=int(changed[1]),
        )
    if (asked := list_of_key(key)) is not None:
        meaning = "Students within your reach, in every view, of one group of a monitoring report"
        return StudentList(key, asked.title, meaning, "Nobody is in this group.", "compliance", None, asked)
    return None


def due_students(due: Wanted) -> StudentList:
    """The students of a list of due dates."""
    meaning = "Students with such a due date, as the list of due dates shows them"
    return StudentList(key_of(due), title_of(due), meaning, "No student has such a due date.", "due", due)


def students_of(actor: Actor, wanted: StudentList) -> ScopedQuerySet:
    """The students of one list, in no order."""
    if wanted.due is not None:
        return listed_for(actor).filter(pk__in=wanted_rows(actor, wanted.due).values("student_id"))
    if wanted.kind == "all":
        return listed_for(actor)
    if wanted.kind == "unplanned":
        return still_here(unplanned(listed_for(actor)), actor)
    if wanted.kind == "turns-five":
        return five_list(actor, OPEN)
    if wanted.kind == "turns-five-safe":
        return safe(actor)
    # What the state holds does not end with attendance, so these ask all within reach.
    students = visible_to(actor)
    if wanted.compliance is not None:
        asked = wanted.compliance
        return students.filter(pk__in=find(actor, asked.asked, asked.wanted))
    if wanted.import_key:
        return students.filter(changed_by_import(actor, wanted.import_key))
    if wanted.kind == "findings":
        return students.filter(has_open_finding(actor))
    if wanted.kind in ("held", "different"):
        return students.filter(has_operation(actor, held=wanted.kind == "held"))
    return students
