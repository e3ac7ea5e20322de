"""The eleven demo students as the coordinator of Chaparral sees them: the facts that make each one's story.

Written by hand from the list of the demo students; the demo is built from its files as ``manzanita demo`` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
import time_machine

from manzanita.accounts.models import User
from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.cli import main
from manzanita.exchange.models import StateFinding
from manzanita.meetings.evaluation_clocks import count_evaluations, open_evaluations
from manzanita.orgs.calendars import load_calendars
from manzanita.orgs.models import AgencyContact
from manzanita.procedures.demo import build_demo
from manzanita.students.models import AgencyRelation, Student
from manzanita.students.queries import students_by_ssid
from manzanita.students.scope import listed_for
from manzanita.web.student_alerts import alerts_of
from manzanita.web.student_file import load_student
from tests.support.world import NOON, TODAY

CHAPARRAL, HERON_CREEK = "9910017", "9910025"


@dataclass(frozen=True)
class Story:
    """``enrolled``: school here, or the LEA where not here. ``plan``: type, first day, reporting LEA and DSEA.
    ``services``: code and minutes. ``meetings``: the newest that were held, by whom. ``due``: plan review and
    reevaluation. ``state``: operations that wait, by record. ``open_meeting``: its event."""

    enrolled: str
    status: str
    plan: str
    services: str
    meetings: str
    due: str
    alerts: tuple[str, ...] = ()
    state: str = ""
    open_meeting: str = ""
    ssids: str = ""


STORIES = {
    "Lupine": Story(
        enrolled="Buckeye Elementary since 2026-08-13",
        status="1 from 2024-12-16",
        plan="100 from 2025-12-15 by 9910017 for 9910017",
        services="330 180, 415 60",
        meetings="initial 2024-12-16, annual 2025-12-15",
        due="2026-12-15 2027-12-16",
        ssids="9900000001",
    ),
    "Osprey": Story(
        enrolled="Ceanothus Middle since 2026-08-13",
        status="1 from 2023-11-06",
        plan="100 from 2025-11-04 by 9910017 for 9910017",
        services="330 150, 510 30",
        meetings="triennial 2023-11-06, annual 2024-11-05, annual 2025-11-04",
        due="2026-11-04 2026-11-06",
        alerts=(
            "Plan review 19 days late: it was due on 11/04/2026.",
            "Reevaluation 17 days late: it was due on 11/06/2026.",
        ),
        open_meeting="triennial",
        ssids="9900000002",
    ),
    "Egret": Story(
        enrolled="Buckeye Elementary since 2026-10-19",
        status="1 from 2024-02-08",
        plan="100 from 2026-10-19 by 9910017 for 9910017",
        services="330 240, 415 40, 450 30",
        meetings="annual 2024-02-08 by 9910025, triennial 2025-01-30 by 9910025, annual 2026-01-27 by 9910025",
        due="2027-01-27 2028-01-30",
        ssids="9900000003",
    ),
    # Seen by the district that Swift has left, through October 23: nothing of where Swift is now.
    "Swift": Story(
        enrolled="nowhere that is told here",
        status="1 from 2024-03-14",
        plan="100 from 2026-03-10 by 9910017 for 9910017",
        services="415 60",
        meetings="annual 2024-03-14, triennial 2025-03-12, annual 2026-03-10",
        due="None None",
        alerts=(
            "You see this record as former LEA: what was true through 10/23/2026, and what your LEA reports of that "
            "time. What came later is the next LEA's. Your LEA may correct and send again what it reported through "
            "07/30/2027, when the amendment window of EOY 1 2026-2027 closes; after that day it reads and mends "
            "on for as long as no other LEA reports the student. The date is not confirmed (provisional): dates of "
            "2025-2026 moved by a year; the state has not been seen to print them.",
            "Left 9910017 Chaparral Unified on 10/23/2026. Enrolled here on Census Day, 10/07/2026: this district "
            "certifies what it reported for Fall 1.",
        ),
        ssids="9900000004",
    ),
    "Cedar": Story(
        enrolled="Madrone High since 2026-08-13",
        status="1 from 2024-04-18",
        plan="100 from 2026-03-26 by 9910017 for 9910025",
        services="330 1350, 415 60, 425 45",
        meetings="triennial 2024-04-18, annual 2025-04-15, annual 2026-03-26",
        due="2027-03-26 2027-04-18",
        ssids="9900000005",
    ),
    "Junco": Story(
        enrolled="Blue Oak School since 2026-08-13",
        status="1 from 2024-02-08",
        plan="100 from 2026-02-05 by 9910017 for 9910017",
        services="330 1500, 510 60",
        meetings="triennial 2024-02-08, annual 2025-02-06, annual 2025-05-29, annual 2026-02-05",
        due="2027-02-05 2027-02-08",
        ssids="9900000006",
    ),
    "Larkspur": Story(
        enrolled="Private school since 2026-08-13",
        status="1 from 2024-02-27",
        plan="100 from 2026-10-13 by 9910025 for 9910025",
        services="415 40",
        meetings="annual 2024-02-27 by 9910025, annual 2025-02-25 by 9910025, triennial 2026-02-19 by 9910025, "
        "annual 2026-08-24",
        due="2027-08-24 2029-02-19",
        alerts=(
            "Two plans of different kinds. In force: an IEP of Heron Creek Unified, since 10/13/2026. Of the past: the "
            "ISP of this district, which began on 08/24/2026 and is in force here no more since 10/13/2026; this "
            "district still reports it to the state. The two districts settle which is right.",
        ),
        ssids="9900000007",
    ),
    "Wren": Story(
        enrolled="Chaparral Preschool Center since 2026-08-13",
        status="1 from 2025-09-16",
        plan="100 from 2026-07-21 by 9910017 for 9910017",
        services="415 60",
        meetings="initial 2025-09-16 by 9910010, initial 2026-05-28",
        due="2027-05-28 2029-05-28",
        ssids="9900000008",
    ),
    "Clarkia": Story(
        enrolled="Buckeye Elementary since 2026-08-13",
        status="2 from 2026-05-14, 1 from 2026-09-08",
        plan="100 from 2026-09-08 by 9910017 for 9910017",
        services="330 60, 415 60",
        meetings="initial 2026-05-14",
        due="2027-05-14 2029-05-14",
        ssids="9900000009",
    ),
    "Magpie": Story(
        enrolled="Cottonwood Elementary since 2026-08-13",
        status="1 from 2023-10-17",
        plan="100 from 2026-10-13 by 9910017 for 9910017",
        services="330 200, 415 40",
        meetings="annual 2023-10-17, annual 2024-10-15, triennial 2025-10-09, annual 2026-10-06",
        due="2027-10-06 2028-10-09",
        alerts=(
            "Declined in the meeting of 10/06/2026: 450 Occupational therapy, 535 Behavior intervention services.",
        ),
        state="MEET, PLAN, SERV, SERV",
        ssids="9900000010",
    ),
    "Tanager": Story(
        enrolled="Ceanothus Middle since 2026-08-13",
        status="1 from 2024-03-12",
        plan="100 from 2026-03-05 by 9910017 for 9910017",
        services="330 240",
        meetings="annual 2024-03-12, annual 2025-03-11, triennial 2026-03-05",
        due="2027-03-05 2029-03-05",
        ssids="9800000011 until 2026-10-11, 9900000011",
    ),
}

# Who decides today, and what nobody of the demo may find contradictory.
DECIDES = {
    "Lupine": ["Mallow", "Merlin"],
    "Osprey": ["Rosemary", "Martin"],
    "Egret": ["Azalea", "Sycamore"],
    "Swift": [],  # Heather was recorded after Swift had left
    "Cedar": ["Grebe"],  # the surrogate
    "Junco": ["Zinnia"],  # the foster parent; a court limited the mother
    "Larkspur": ["Primrose"],
    "Wren": ["Iris", "Falcon"],
    "Clarkia": ["Fern", "Larkspur"],
    "Magpie": ["Verbena"],  # a court limited the father
    "Tanager": ["Dove"],
}


def file_of(actor, pk: int):
    return load_student(actor, Student.unscoped.get(pk=pk).public_id)


def told(file) -> Story:
    """What the system knows of a student, in the words of a story."""
    here = file.enrollment if file.is_enrolled_here else file.facts.enrollment_on(TODAY)
    where = file.school_of(here) if file.is_enrolled_here and here else here and here.lea_code
    held = [m for m in reversed(file.known_meetings) if m.state == "finalized"]
    plan = file.plan
    return Story(
        enrolled=f"{where} since {here.effective_from}" if here else "nowhere that is told here",
        status=", ".join(f"{s.status_code} from {s.effective_from}" for s in file.facts.statuses),
        plan=f"{plan.plan_type_code} from {plan.effective_from} by {plan.lea_code} for {plan.dsea_code}",
        services=", ".join(
            sorted(f"{s.service_code} {s.duration_minutes}" for s in file.facts.services_on(TODAY))
        ),
        meetings=", ".join(
            f"{m.event_key} {m.held_on}" + ("" if m.lea_code == CHAPARRAL else f" by {m.lea_code}")
            for m in held
        ),
        due=f"{file.student.plan_review_due_on} {file.student.evaluation_due_on}",
        alerts=tuple(alert.text for alert in alerts_of(file)),
        state=", ".join(operation.record for operation in file.operations),
        open_meeting=file.open_meeting.event_key if file.open_meeting else "",
        ssids=", ".join(
            s.ssid + (f" until {s.effective_to}" if s.effective_to else "") for s in file.facts.ssids
        ),
    )


@pytest.mark.django_db
def test_each_demo_student_is_who_the_list_says(tmp_path):
    assert (
        main(["synth", "--students", "20", "--as-of", TODAY.isoformat(), "--out", str(tmp_path / "files")])
        == 0
    )
    with time_machine.travel(NOON, tick=False):
        (coordinator, *others) = build_demo(tmp_path / "files", TODAY)
        user = User.objects.get(email=coordinator.email)
        actor = actor_of(user, grants_in_force(user, date(2026, 11, 23))[0])
        found = students_by_ssid([f"99000000{number:02}" for number in range(1, 12)])
        for ssid, (name, story) in zip(sorted(found), STORIES.items(), strict=True):
            file = file_of(actor, found[ssid])
            assert file.student.first_name == name
            assert told(file) == story, name
            rights = file.facts.rights_on(TODAY)
            assert [one.name for one in rights.decides] == [f"{who} Testcase" for who in DECIDES[name]]
            assert not rights.problems or name == "Swift", name
        verbena = file_of(actor, found["9900000010"]).facts.people_on(TODAY)[0]
        assert (verbena.name, verbena.confidential_code) == ("Verbena Testcase", "safe_at_home")
        assert AgencyContact.objects.filter(role_code="seds_coordinator", agency__code=CHAPARRAL).count() == 1
        assert not StateFinding.objects.filter(student_id__in=found.values()).exists()
        # Who follows the students living in Heron Creek finds Cedar, by the SIS of Chaparral.
        (follows,) = (one for one in others if one.perspective == "District of residence")
        assert follows.agency == "Heron Creek Unified"
        reader = User.objects.get(email=follows.email)
        there = listed_for(actor_of(reader, grants_in_force(reader, TODAY)[0]))
        assert "Cedar" in there.values_list("first_name", flat=True)
        lives = AgencyRelation.objects.believed().get(student=found["9900000005"], effective_to=None)
        assert (lives.relationship, lives.agency_code) == ("residence", HERON_CREEK)
        assert lives.cause.startswith("sis-import:")
        begun = open_evaluations([CHAPARRAL])
        counted = count_evaluations(begun, load_calendars([CHAPARRAL]))
        # Two weeks in winter, 12/21 to 01/01, stop the clock; the week in November does not.
        assert [(one.meeting.consent_on, one.due_on) for one in counted] == [
            (date(2026, 11, 2), date(2027, 1, 13)),
            (date(2026, 11, 16), date(2027, 1, 27)),
        ]
