"""``python -m tests.support.build``: the small world in the migrated database of the settings, for real processes.

With ``--held`` the annual review of Alder is held and agreed in full, with one service changed; what is left
is one click. Prints the public id of that meeting. With ``--cast`` the students of ``tests.support.cast``
are there too; with ``--ready`` each of them has a meeting that waits to be sent. With ``--access`` those of
``tests.access.world`` and one person for each perspective are there; the coordinator is of a school and of the former
LEA, too. With ``--holds`` archives wait that cannot be sent, one for each reason. With ``--guests`` people from outside
can sign in: a state monitor without access yet, staff of the host, the other district's coordinator. With ``--many``
there are 1,100 students more, and a second coordinator. With ``--findings`` our rules object to a review of Alder, a
plan of Towhee and one of Yarrow, which can be mended with others. With ``--people`` the case manager has 40 students,
one meeting is open, and there are a SELPA office, a second teacher and a neighbor. With ``--planning`` the case manager
has twelve reviews that crowd at the end of January. With ``--twice`` Alder was entered a second time. With
``--arrivals`` 28 students have come whom nobody has looked at yet: 25 with a plan that can be adopted at once, and
three that need a call or a look. With ``--journeys`` those of ``tests.support.journeys`` are there. With ``--special``
there are students of private schools and of each special group, and a SELPA office. With ``--colleague`` there is a
second coordinator. With ``--later`` Yarrow was found eligible in May, to start with the enrollment of August.
"""

from __future__ import annotations

import argparse
from datetime import date

import django


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--cast", action="store_true")
    parser.add_argument("--holds", action="store_true")
    parser.add_argument("--access", action="store_true")
    parser.add_argument("--ready", action="store_true")
    parser.add_argument("--guests", action="store_true")
    parser.add_argument("--many", action="store_true")
    parser.add_argument("--people", action="store_true")
    parser.add_argument("--findings", action="store_true")
    parser.add_argument("--planning", action="store_true")
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--arrivals", action="store_true")
    parser.add_argument("--special", action="store_true")
    parser.add_argument("--journeys", action="store_true")
    parser.add_argument("--colleague", action="store_true")
    parser.add_argument("--later", action="store_true")
    args = parser.parse_args()
    django.setup()
    from tests.support.world import SCHOOL, TODAY, small_world

    world = small_world()
    if args.access:
        from manzanita.accounts.actions import grant_perspective
        from manzanita.orgs.models import School
        from tests.access.world import access_world

        access_world(world)
        for key in ("school", "former_lea"):
            grant_perspective(
                user=world.coordinator,
                perspective_key=key,
                agency=world.coordinator_grant.agency,
                starts_on=TODAY,
                by=None,
                reason="test",
                schools=School.objects.filter(code=SCHOOL) if key == "school" else (),
            )
    if args.cast or args.ready:
        from tests.support.cast import add_cast

        students = add_cast()
        if args.ready:
            _meetings_to_send(students)
    if args.holds:
        _archives_that_wait(world)
    if args.guests:
        _people_from_outside(world)
    if args.many:
        _many(world)
    if args.findings:
        from tests.support.findings import infant_answer, late_meeting, no_disability

        late_meeting(world)
        no_disability(world)
        infant_answer(world, "yarrow")
    if args.people:
        from tests.support.staff import add_staff

        add_staff(world)
    if args.arrivals:
        from tests.support.arrivals import add_many

        add_many(25)
    if args.special:
        _special(world)
    if args.journeys:
        from tests.support import journeys

        journeys.add()
    if args.later:
        from tests.support.later import agreed_in_spring

        agreed_in_spring(world.coordinator_actor, world.students["yarrow"])
    if args.planning:
        from tests.support.planning import add_reviews

        add_reviews(world)
    if args.twice:
        from tests.support.merging import entered_again, pair_of

        pair_of(world.students["alder"], entered_again())
    if args.colleague:
        from tests.support.guests import person_of
        from tests.support.world import LEA

        person_of(LEA, "coordinator", "Larkspur Sample")
    _give_codes(world)
    if args.held:
        print(held_meeting(world.case_manager_actor, world.students["alder"]))


def _give_codes(world) -> None:
    """Everybody but the case manager has an authenticator app, so that whoever reaches far can sign in."""
    from manzanita.accounts.models import User
    from manzanita.accounts.second_factor import enroll_totp, has_second_factor
    from tests.support.state_files import TOTP_KEY

    for user in User.objects.exclude(pk=world.case_manager.pk):
        if not has_second_factor(user):
            enroll_totp(user=user, secret=TOTP_KEY)


def _meetings_to_send(students) -> None:
    """For each student one archive of one line, a meeting of November 20."""
    from tests.support import state_files as w
    from tests.support.cast import CAST
    from tests.support.exchange import archive

    for name, student in students.items():
        ssid = CAST[name].ssid
        own = {
            "24.05": "2026-2027",
            "24.06": ssid,
            "24.07": f"L{ssid[-4:]}",
            "24.08": f"SE-{ssid[-4:]}",
            "24.18": "30",
        }
        archive(student, [("MEET", w.meet("alder", "20261120", **own))])


def _people_from_outside(world) -> None:
    from manzanita.accounts.actions import add_person
    from tests.support.guests import MONITOR_EMAIL, host_person
    from tests.support.pages import other_coordinator
    from tests.support.state_files import PASSWORD

    add_person(email=MONITOR_EMAIL, name="Bittern Example", password=PASSWORD)
    host_person()
    other_coordinator(world)


def _special(world) -> None:
    from manzanita.orgs.models import Agency
    from tests.support.guests import person_of
    from tests.support.special import group_crowd, private_crowd
    from tests.support.state_files import SELPA

    private_crowd(world)
    group_crowd(world)
    Agency.objects.create(code=SELPA, kind="selpa", name="Manzanita County SELPA", selpa_code=SELPA)
    person_of(SELPA, "selpa", "Laurel Specimen")


def _many(world) -> None:
    from manzanita.accounts.actions import add_person, grant_perspective
    from tests.support.pages import many_students
    from tests.support.state_files import PASSWORD

    many_students(1_100)
    grant_perspective(
        user=add_person(email="laurel.mockup@example.org", name="Laurel Mockup", password=PASSWORD),
        perspective_key="coordinator",
        agency=world.coordinator_grant.agency,
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )


def _archives_that_wait(world) -> None:
    """Alder's review has a service by an agency that the state will not know, Towhee's a plan without the degree
    of support that its disability needs, and Quail has no SSID."""
    from manzanita.platform.facts import Statement
    from manzanita.students.actions import Identity, register_students, state_student_facts
    from tests.support import state_files as w
    from tests.support.exchange import archive, review_rows

    archive(world.students["alder"], review_rows("alder", **{"25.12": "400", "25.05": "9970099"}))
    rows = [
        (record, {**values, "23.16": ""} if record == "PLAN" else values)
        for record, values in review_rows("towhee")
    ]
    archive(world.students["towhee"], rows)
    (quail,) = register_students([Identity("Quail", "", "Testcase", "", date(2016, 1, 1), "F", "SE-0077")])
    enrollment = {
        "school_code": w.SCHOOL,
        "nps_code": "",
        "status_code": "10",
        "grade_code": "05",
        "exit_reason_code": "",
        "completion_code": "",
        "residence_code": "",
        "local_student_id": "L0077",
    }
    slot = {"student_id": quail.pk, "lea_code": w.LEA, "started_on": date(2026, 8, 17)}
    state_student_facts(
        "enrollment", [Statement(slot, enrollment, date(2026, 8, 17))], by_id=None, cause="test"
    )
    blank = {"24.06": "", "24.07": "L0077", "24.08": "SE-0077", "24.05": "2026-2027"}
    archive(quail, [("MEET", {**w.meet("alder", "20261005"), **blank})])


def held_meeting(actor, student) -> str:
    """The annual review of a student like Alder, held and agreed in full; the public id of the meeting."""
    from manzanita.domain.scenarios import EVENTS
    from manzanita.meetings import actions, answer_actions, hold_actions
    from manzanita.meetings.queries import proposal_of
    from manzanita.platform import clock
    from manzanita.students.queries import facts_of

    meeting = actions.open_meeting(actor=actor, student=student, event=EVENTS["annual"])
    answer_actions.save_answer(
        actor=actor, meeting=meeting, field_key="service.2.25.15", value="45", seen_revision=0
    )
    hold_actions.hold_meeting(actor=actor, meeting=meeting, held_on=date(2026, 11, 20), delay_code="30")
    facts = facts_of(student)
    proposal = proposal_of(meeting, facts.plan_on(clock.today()), facts.services_on(clock.today()))
    for item in proposal.items:
        answer_actions.record_decision(
            actor=actor,
            meeting=meeting,
            item_key=item.key,
            is_agreed=True,
            decided_by="Maple Testcase",
            decided_on=date(2026, 11, 23),
        )
    return str(meeting.public_id)


if __name__ == "__main__":
    main()
