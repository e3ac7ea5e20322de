"""Students of private schools and of the special groups, for tests and for the story in the browser."""

from __future__ import annotations

from datetime import date

from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.leaving import PRIOR_NOTICE, PaperSaid
from manzanita.meetings.models import Meeting
from manzanita.orgs.models import Agency
from manzanita.platform.facts import Statement
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.students.actions import Identity, register_students, state_student_facts
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w
from tests.support.cast import add_cast

NPS = "9980001"
SINCE = date(2026, 8, 17)


def state(kind: str, slot: dict, values: dict | None, first: date = SINCE, last: date | None = None) -> None:
    state_student_facts(kind, [Statement(slot, values, first, last)], by_id=None, cause="test")


def enroll_privately(*students: Student) -> None:
    """The students are in a private school of the district from ``SINCE``, and at the old school no longer."""
    over = date(2026, 8, 15)
    values = pages.enrollment() | {"school_code": "0000002", "status_code": "50"}
    state_student_facts(
        "enrollment",
        [
            one
            for student in students
            for one in (
                Statement(
                    {"student_id": student.pk, "lea_code": w.LEA, "started_on": pages.START}, None, over
                ),
                Statement({"student_id": student.pk, "lea_code": w.LEA, "started_on": SINCE}, values, SINCE),
            )
        ],
        by_id=None,
        cause="test",
    )


def give_isp(student: Student, setting: str = "403") -> None:
    values = {**pages.plan(), "plan_type_code": "200", "program_setting_code": setting}
    state("plan", {"student_id": student.pk}, values)
    service = {"lea_code": w.LEA, "service_code": "415", "provider_code": "110", "location_code": "890"}
    state("service", {"student_id": student.pk, "service_no": 1}, {**_SERVICE, **service})


_SERVICE = {"npa_id": "", "frequency_code": "20", "duration_minutes": "30"}


def leave_for_private_school(world: w.World, student: Student) -> None:
    record_leaving(
        actor=world.coordinator_actor,
        student=student,
        asked=LeavingAsked(
            "private_no_isp",
            date(2026, 10, 2),
            "Told by the family.",
            {PRIOR_NOTICE: PaperSaid(date(2026, 10, 1), "")},
        ),
    )


def private_crowd(world: w.World) -> dict[str, Student]:
    """Bunting: a services plan, all right. Dunlin: an IEP in a private school. Gadwall: a services plan in a public
    school, with another setting. Pipit: left for a private school and is still enrolled."""
    cast = add_cast(["bunting", "dunlin", "gadwall", "pipit"])
    enroll_privately(cast["bunting"])
    give_isp(cast["bunting"])
    enroll_privately(cast["dunlin"])
    give_isp(cast["gadwall"], "400")
    leave_for_private_school(world, cast["pipit"])
    return cast


def student_of(name: str, born: date, *, plan: dict | None = None, enrolled: dict | None = None) -> Student:
    """A student of the district since ``SINCE``; with status 1 and a plan of that day where one is given."""
    (made,) = register_students([Identity(name, "", "Testcase", "", born, "F")])
    slot = {"student_id": made.pk}
    values = pages.enrollment() | (enrolled or {})
    state("enrollment", {**slot, "lea_code": w.LEA, "started_on": SINCE}, values)
    if plan is not None:
        state("status", slot, pages.status("1"))
        state("plan", slot, {**pages.plan(), **plan})
    return made


def initial_of(world: w.World, student: Student) -> Meeting:
    return Meeting.objects.create(
        student=student,
        lea_code=w.LEA,
        event_key="b_initial",
        evaluation_type_code="10",
        consent_on=date(2026, 11, 2),
        opened_at=w.NOON,
        opened_by_id=world.coordinator.pk,
    )


def group_crowd(world: w.World) -> dict[str, Student]:
    """One of each group, and beside some of them one who just is not in it."""
    ifsp = {"plan_type_code": "150"}
    Agency.objects.create(code=NPS, kind="nps", name="Blue Oak School")
    made = {
        # Three on December 10, 2026; and on May 24, 2027, a day too late for six months.
        "plover": student_of("Plover", date(2023, 12, 10), plan=ifsp),
        "killdeer": student_of("Killdeer", date(2024, 5, 24), plan=ifsp),
        "dotterel": student_of("Dotterel", date(2022, 3, 1)),
        "curlew": student_of("Curlew", date(2019, 3, 1)),
        "junco": student_of(
            "Junco", date(2012, 3, 1), plan={}, enrolled={"school_code": "0000001", "nps_code": NPS}
        ),
        "stilt": student_of("Stilt", date(2012, 3, 1), plan={"dsea_code": w.OTHER_LEA}),
        # 22 on January 15, 2027, so that June 30 is the last day; and 18 tomorrow.
        "avocet": student_of("Avocet", date(2005, 1, 15), plan={}),
        "godwit": student_of("Godwit", date(2008, 11, 24), plan={}),
    }
    initial_of(world, made["dotterel"])
    initial_of(world, made["curlew"])
    state(
        "agency",
        {"student_id": made["plover"].pk, "relationship": "next_year"},
        {"agency_code": w.OTHER_LEA, "school_code": ""},
    )
    recompute_stale()
    return made
