"""More people for the small world: a SELPA office, a second teacher, a coordinator of the other district, an NPA.

The case manager gets 38 more students, 40 in all; alder's annual review is open. Today is November 23, 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.domain.access import Actor
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import open_meeting
from manzanita.orgs.models import Agency, School
from tests.support import world as w
from tests.support.pages import many_students

SELPA_PERSON, TEACHER, NEIGHBOR = (
    "manzanita.specimen@example.org",
    "larkspur.sample@example.org",
    "fern.sample@example.org",
)
THERAPIST = "plover.pretend@example.org"
SECOND_SCHOOL = "9911002"
SINCE = date(2026, 7, 1)


@dataclass(frozen=True, slots=True)
class Staff:
    """The people, by what they are here."""

    selpa: User
    teacher: User
    neighbor: User
    therapist: User


def actor(user: User, perspective: str = "") -> Actor:
    """The person as they work today, through the preferred or the named perspective."""
    grants = [one for one in grants_in_force(user, w.TODAY) if perspective in ("", one.perspective_key)]
    return actor_of(user, grants[0])


def add_people() -> Staff:
    """The people only."""
    lea = Agency.objects.get(code=w.LEA)
    School.objects.create(code=SECOND_SCHOOL, name="Cottonwood Elementary", agency=lea)
    selpa = Agency.objects.create(
        code=w.SELPA, kind="selpa", name="Manzanita County SELPA", selpa_code=w.SELPA
    )
    return Staff(
        _person(SELPA_PERSON, "Manzanita Specimen", "selpa", selpa),
        _person(TEACHER, "Larkspur Sample", "case_manager", lea),
        _person(NEIGHBOR, "Fern Sample", "coordinator", Agency.objects.get(code=w.OTHER_LEA)),
        _person(THERAPIST, "Plover Pretend", "npa_provider", Agency.objects.get(code=w.NPA), w.OTHER_LEA),
    )


def _person(email: str, name: str, perspective: str, agency: Agency, managed_by: str = "") -> User:
    user = add_person(email=email, name=name, password=w.PASSWORD)
    grant_perspective(
        user=user,
        perspective_key=perspective,
        agency=agency,
        starts_on=SINCE,
        by=None,
        reason="test",
        managed_by_code=managed_by,
    )
    return user


def add_staff(world: w.World) -> Staff:
    staff = add_people()
    many_students(38, manager=world.case_manager)
    open_meeting(actor=world.case_manager_actor, student=world.students["alder"], event=EVENTS["annual"])
    return staff
