"""What the demo's coordinator finds of a morning: who has come, who has gone, who may be one, what is asked for.

The files bring the students (``manzanita synth --movers``); here is done what no file brings, by the same actions as
people do it. Files without them make a demo without them.
"""

from __future__ import annotations

from datetime import date

from manzanita.arrivals.actions import look_at
from manzanita.domain.access import Actor
from manzanita.domain.likeness import Known, likeness
from manzanita.leaving.actions import report_participation
from manzanita.platform.facts import Statement
from manzanita.procedures.student_transfer_asking import Attested, Wanted, request_student
from manzanita.students.actions import Identity, register_students, state_one, state_student_facts
from manzanita.students.duplicates import pair_with
from manzanita.students.models import Enrollment, Student
from manzanita.students.people_actions import ContactValues, RightsValues
from manzanita.students.queries import students_by_ssid

FIRST_SSID, COUNT = 9_909_000_001, 17
SSIDS = [str(FIRST_SSID + number) for number in range(COUNT)]
# By place in the list of ``synthetic.movers``.
WOODCOCK, REDPOLL, TULE, THISTLE, GENTIAN = (SSIDS[place] for place in (11, 12, 13, 14, 15))
ENTERED = date(2026, 11, 9)


def add_morning(*, coordinator: Actor, neighbor: Actor, teacher: Actor) -> None:
    """Let the radar look, enter two students twice, ask for two, report one; ``neighbor`` is the coordinator of the
    other district. Nothing where the files have none of them."""
    students = {ssid: Student.unscoped.get(pk=pk) for ssid, pk in students_by_ssid(SSIDS).items()}
    if not students:
        return
    again = _enter_twice(students, coordinator.agency_code)
    _ask(coordinator, neighbor, students)
    report_participation(
        actor=teacher,
        student=students[THISTLE],
        reason_key="moved_out_of_state",
        last_on=date(2026, 11, 20),
        note="The family told the class that it moves to Oregon over the weekend.",
    )
    # The night looks at everybody; the first morning need not wait for it.
    ids = [one.pk for one in (*students.values(), *again)]
    look_at(coordinator.agency_code, ids, found_by="the night")


def _enter_twice(students: dict[str, Student], lea_code: str) -> list[Student]:
    """The office of another school has entered two students who were here already, one with a name misheard, the other
    with day and month of the birth date changed about. Returns the second records."""
    made = []
    for student, first_name, born, local_id in (
        (students[REDPOLL], "Redpol", students[REDPOLL].birth_on, "170099001"),
        (students[TULE], "Tule", date(2016, 2, 5), "170099002"),
    ):
        newest = Enrollment.objects.believed().filter(student=student).latest("started_on")
        (again,) = register_students(
            [Identity(first_name, "", student.last_name, "", born, student.gender_code)]
        )
        values = {name: getattr(newest, name) for name in Enrollment.content} | {
            "school_code": "9911002",
            "local_student_id": local_id,
        }
        state_one(
            "enrollment",
            slot={"student_id": again.pk, "lea_code": lea_code, "started_on": ENTERED},
            values=values,
            effective_from=ENTERED,
            by_id=None,
            cause="by-hand",
        )
        slot = {"student_id": again.pk, "contact_no": 1}
        mother = ContactValues("Fern Testcase", "Mother", "English", phone="707-555-0191")
        for kind, content in (("contact", mother.content()), ("rights", RightsValues("parent").content())):
            state_student_facts(kind, [Statement(slot, content, ENTERED)], by_id=None, cause="by-hand")
        like = likeness(*(Known(one.first_name, one.last_name, one.birth_on) for one in (student, again)))
        if like is not None:
            pair_with(student.pk, again.pk, like.strength, like.words)
        made.append(again)
    return made


def _ask(coordinator: Actor, neighbor: Actor, students: dict[str, Student]) -> None:
    """The neighbor asks for a student who left for it, and this district asks another for one who is to come."""
    request_student(
        actor=neighbor,
        student_id=students[WOODCOCK].pk,
        wanted=Wanted("Woodcock T., grade 4", date(2026, 11, 17), reason="Enrolled here last Tuesday."),
    )
    request_student(
        actor=coordinator,
        student_id=students[GENTIAN].pk,
        wanted=Wanted(
            "Gentian T., grade 4",
            date(2026, 11, 30),
            reason="The family moves over the holiday.",
            attested=Attested(
                coordinator.person_name,
                "SEDS coordinator",
                date(2026, 11, 20),
                "The mother was at our office.",
            ),
        ),
    )
