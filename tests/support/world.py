"""A tiny SELPA, written by hand: two districts, two people, four students with what the state holds of them.

Today is Monday, November 23, 2026 (tests freeze it: ``@pytest.mark.usefixtures`` or ``time_machine.travel``
to :data:`NOON`).

- ``alder``: grade 4, IEP of November 14, 2025 with speech (415) and specialized instruction (330); the review
  due November 14, 2026 is late.
- ``towhee``: grade 6, IEP of March 2, 2026, next review in March 2027; assigned to the case manager.
- ``yarrow``: general education, no status.
- ``sage``: of the other district; out of everybody's scope here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import Grant, User
from manzanita.accounts.queries import actor_of
from manzanita.accounts.second_factor import enroll_totp
from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.access import Actor
from manzanita.orgs.models import Agency, School
from manzanita.platform.facts import Statement
from manzanita.procedures.take_over import take_over_extracts
from manzanita.students.actions import Identity, register_students, state_student_facts
from manzanita.students.models import Student
from manzanita.students.people_actions import ContactValues, RightsValues
from tests.support.state_files import (
    GRADES,
    LEA,
    NOON,
    NPA,
    OTHER_LEA,
    OTHER_SCHOOL,
    PASSWORD,
    PEOPLE,
    SCHOOL,
    SELPA,
    SSIDS,
    TODAY,
    TOTP_KEY,
    extract_text,
    extracts,
    meet,
    plan,
    senr,
    serv,
    state_rows,
    swds,
    write_files,
)

# Tests say ``w.meet(...)`` whether a name stands here or in the files.
__all__ = [
    "GRADES",
    "LEA",
    "NOON",
    "NPA",
    "OTHER_LEA",
    "OTHER_SCHOOL",
    "PASSWORD",
    "PEOPLE",
    "SCHOOL",
    "SELPA",
    "SSIDS",
    "TODAY",
    "TOTP_KEY",
    "World",
    "extract_text",
    "extracts",
    "meet",
    "plan",
    "senr",
    "serv",
    "small_world",
    "state_rows",
    "swds",
    "write_files",
]


@dataclass(frozen=True, slots=True)
class World:
    """Everything a test needs to begin; ``students`` by first name in lower case."""

    coordinator: User
    coordinator_grant: Grant
    case_manager: User
    case_manager_grant: Grant
    students: dict[str, Student]

    @property
    def coordinator_actor(self) -> Actor:
        return actor_of(self.coordinator, self.coordinator_grant)

    @property
    def case_manager_actor(self) -> Actor:
        return actor_of(self.case_manager, self.case_manager_grant)


def small_world() -> World:
    """Build it in the current (test) database. The clock must stand at :data:`NOON`."""
    lea = Agency.objects.create(code=LEA, kind="lea", name="Chaparral Unified", selpa_code=SELPA)
    other = Agency.objects.create(code=OTHER_LEA, kind="lea", name="Heron Creek Unified", selpa_code=SELPA)
    Agency.objects.create(code=NPA, kind="npa", name="Meadowlark Therapies", npa_id=NPA)
    School.objects.create(code=SCHOOL, name="Buckeye Elementary", agency=lea)
    School.objects.create(code=OTHER_SCHOOL, name="Willow Bend Elementary", agency=other)
    coordinator = add_person(email="juniper.mockup@example.org", name="Juniper Mockup", password=PASSWORD)
    enroll_totp(user=coordinator, secret=TOTP_KEY)
    case_manager = add_person(
        email="wren.placeholder@example.org", name="Wren Placeholder", password=PASSWORD
    )
    grants = [
        grant_perspective(
            user=user,
            perspective_key=perspective,
            agency=lea,
            starts_on=date(2025, 7, 1),
            by=None,
            reason="test",
        )
        for user, perspective in ((coordinator, "coordinator"), (case_manager, "case_manager"))
    ]
    students = _students()
    _enroll(students)
    state_student_facts(
        "assignment",
        [
            Statement({"student_id": students[name].pk}, {"user_id": case_manager.pk}, date(2025, 8, 1))
            for name in ("alder", "towhee")
        ],
        by_id=None,
        cause="test",
    )
    mother = ContactValues("Maple Testcase", "Mother", "English", phone="555-0100")
    for kind, values in (("contact", mother), ("rights", RightsValues("parent"))):
        slot = {"student_id": students["alder"].pk, "contact_no": 1}
        statement = Statement(slot, values.content(), date(2025, 8, 1))
        state_student_facts(kind, [statement], by_id=None, cause="test")
    take_over_extracts(extracts(), by_id=None)
    recompute_stale()
    for student in students.values():
        student.refresh_from_db()
    return World(coordinator, grants[0], case_manager, grants[1], students)


def _students() -> dict[str, Student]:
    made = register_students(
        [Identity(first, "", "Testcase", "", born, gender) for first, born, gender in PEOPLE.values()]
    )
    students = dict(zip(PEOPLE, made, strict=True))
    state_student_facts(
        "ssid",
        [
            Statement({"student_id": students[name].pk}, {"ssid": ssid}, date(2023, 8, 14))
            for name, ssid in SSIDS.items()
        ],
        by_id=None,
        cause="test",
    )
    return students


def _enroll(students: Mapping[str, Student]) -> None:
    statements = []
    for name, student in students.items():
        is_other = name == "sage"
        start = date(2023, 8, 14)
        statements.append(
            Statement(
                {
                    "student_id": student.pk,
                    "lea_code": OTHER_LEA if is_other else LEA,
                    "started_on": start,
                },
                {
                    "school_code": OTHER_SCHOOL if is_other else SCHOOL,
                    "nps_code": "",
                    "status_code": "10",
                    "grade_code": GRADES[name],
                    "exit_reason_code": "",
                    "completion_code": "",
                    "residence_code": "",
                    "local_student_id": f"L{SSIDS[name][-4:]}",
                },
                start,
            )
        )
    state_student_facts("enrollment", statements, by_id=None, cause="test")
