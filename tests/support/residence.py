"""Students who live in another district than the one that enrolls them, and who looks at them from there."""

from __future__ import annotations

from datetime import date

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.queries import actor_of
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.access import Actor
from manzanita.orgs.models import Agency
from manzanita.students.actions import Identity, register_students
from manzanita.students.models import AgencyRelation, Student
from tests.support import pages
from tests.support import world as w
from tests.support.special import state


def relations(student: Student) -> list[tuple[str, date, date | None]]:
    rows = AgencyRelation.objects.believed().filter(student=student).order_by("effective_from")
    assert {row.relationship for row in rows} <= {"residence"}
    return [(row.agency_code, row.effective_from, row.effective_to) for row in rows]


def actor_at(agency: str, perspective: str = "residence") -> Actor:
    person = add_person(
        email=f"{perspective}.{agency}@example.org", name="Sorrel Mockup", password=w.PASSWORD
    )
    grant = grant_perspective(
        user=person,
        perspective_key=perspective,
        agency=Agency.objects.get(code=agency),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    return actor_of(person, grant)


def infant(lea: str = w.LEA, dsea: str = "") -> Student:
    """Turns three on February 2, 2027; an IFSP of ``lea``, and no SIS has enrolled the child."""
    (made,) = register_students([Identity("Plover", "", "Testcase", "", date(2024, 2, 2), "F")])
    slot = {"student_id": made.pk}
    since = date(2026, 4, 3)
    state("ssid", slot, {"ssid": "9900900001"}, since)
    state("status", slot, {**pages.status("1"), "lea_code": lea}, since)
    plan = {**pages.plan(), "plan_type_code": "150", "lea_code": lea, "dsea_code": dsea or lea}
    state("plan", slot, plan, since)
    recompute_stale()
    return made
