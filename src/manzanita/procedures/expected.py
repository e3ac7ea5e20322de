"""Who is expected at the actor's agencies this school year: told to whoever settles records, and taken back by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner
from manzanita.domain.rollover import expecting_on
from manzanita.domain.statuses import Kind, Unsettled
from manzanita.domain.years import since_last_year
from manzanita.platform import clock
from manzanita.students.actions import state_one
from manzanita.students.expected import NEXT_YEAR
from manzanita.students.models import AgencyRelation, Enrollment, Student
from manzanita.students.ties import expected_at


def expected_elsewhere(actor: Actor) -> QuerySet[AgencyRelation, AgencyRelation]:
    """Places that wait for students who come from another LEA. Who only changes school within one has been enrolled
    there until June, and is held from the rollover if no file brings the new enrollment (``procedures.rollover``)."""
    lately = Q(effective_to__isnull=True) | Q(effective_to__gte=since_last_year(clock.today()))
    was_here = Enrollment.objects.believed().filter(
        lately, student=OuterRef("student_id"), lea_code=OuterRef("agency_code")
    )
    return expected_at(actor).filter(~Exists(was_here))


def told_of(places: Iterable[AgencyRelation]) -> Iterator[tuple[int, str, Unsettled]]:
    expecting = expecting_on(clock.today())
    for place in places:
        assert expecting is not None
        planned_on = clock.day_of(place.recorded_at)
        told = (
            f"Planned on {planned_on:%m/%d/%Y} for this school year. Seen here until a SIS file enrolls the student, "
            f"here or elsewhere; until {expecting.last:%m/%d/%Y}, Census Day, at the latest."
        )
        item = Unsettled(Kind.EXPECTED, expecting.first, Owner.SIS, told)
        yield place.student_id, place.agency_code, item


def place_of(actor: Actor, student: Student) -> AgencyRelation | None:
    """The place at the actor's agencies that waits for the student."""
    return expected_at(actor).filter(student=student).first()


def withdraw_place(*, actor: Actor, place: AgencyRelation, reason: str) -> None:
    """The student does not come: the plan did not hold on its last day, so that nobody is expected by it."""
    assert place.effective_to is not None
    state_one(
        "agency",
        slot={"student_id": place.student_id, "relationship": NEXT_YEAR},
        values=None,
        effective_from=place.effective_to,
        effective_to=place.effective_to,
        by_id=actor.user_id,
        cause="does-not-come",
    )
    log_change(
        actor=actor,
        action="withdraw_place",
        student_id=place.student_id,
        reason=reason,
        detail={"agency": place.agency_code},
    )
