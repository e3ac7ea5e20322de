"""Special groups: who is in each and who is not, why, by which date, and that each line leads to the next step."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.deadlines.recompute import recompute_stale
from manzanita.domain.access import Actor
from manzanita.domain.special_groups import GROUPS
from manzanita.meetings.models import Meeting
from manzanita.orgs.models import Agency, Agreement
from manzanita.platform.facts import Statement
from manzanita.procedures.special_groups import keys_by_group, students_of_group
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Student
from tests.support import pages
from tests.support import world as w
from tests.support.pages import addresses_in, other_coordinator, text_of
from tests.support.special import NPS, SINCE, group_crowd, state, student_of
from tests.support.staff import actor

ADDRESS = "/students/groups"
NPS_QUERIES = 18


@pytest.fixture
def crowd(small_world):
    return small_world.students | group_crowd(small_world)


EXPECTED = {
    "c-to-b": {"plover"},
    "preschool": {"dotterel"},
    "nps": {"junco"},
    "dsea": {"stilt"},
    "adult": {"avocet"},
}


@pytest.mark.parametrize("key", GROUPS)
def test_who_is_in_each_group(small_world, crowd, key):
    names = {student.pk: name for name, student in crowd.items()}
    found = students_of_group(small_world.coordinator_actor, GROUPS[key]).values_list("pk", flat=True)
    assert {names[pk] for pk in found} == EXPECTED[key]


def counts(actor: Actor) -> dict[str, int]:
    return {key: len(found) for key, found in keys_by_group(actor).items()}


def test_counts_are_those_of_the_lists(small_world, crowd):
    """Another infant, so that not every group is of one."""
    student_of("Owlet", date(2024, 2, 2), plan={"plan_type_code": "150"})
    expected = {"c-to-b": 2, "preschool": 1, "nps": 1, "dsea": 1, "adult": 1}
    assert counts(small_world.coordinator_actor) == expected
    # To the other district the child comes, and it is the DSEA; of the rest nobody is within its reach.
    theirs = {"c-to-b": 1, "preschool": 0, "nps": 0, "dsea": 1, "adult": 0}
    assert counts(actor(other_coordinator(small_world))) == theirs


def line(client, key: str) -> tuple[str, list[str]]:
    answer = client.get(f"{ADDRESS}?group={key}")
    return text_of(answer), addresses_in(answer)


def test_an_infant_accountable_elsewhere_has_the_same_date_in_both_lists(small_world, sign_in):
    student_of("Owlet", date(2024, 2, 2), plan={"plan_type_code": "150", "dsea_code": w.OTHER_LEA})
    recompute_stale()
    client = sign_in(small_world.coordinator)
    for key in ("c-to-b", "dsea"):
        page, _ = line(client, key)
        assert "Testcase, Owlet" in page
        assert "IEP of a child from Part C: 02/02/2027" in page, key
        assert "No date runs here" not in page, key


def test_each_line_says_why_by_when_and_what_is_next(small_world, crowd, sign_in):
    client = sign_in(small_world.coordinator)
    page, links = line(client, "c-to-b")
    assert "Infants near three 1" in page and "Adult transition 1" in page
    assert "Turns three on 12/10/2026. Then in Heron Creek Unified." in page
    assert "IEP of a child from Part C: 12/10/2026" in page
    assert f"/students/{crowd['plover'].public_id}/meetings/new" in links

    page, links = line(client, "preschool")
    meeting = Meeting.objects.get(student=crowd["dotterel"])
    assert "4 years old. Consent 11/02/2026." in page and "Go to the meeting" in page
    assert f"/meetings/{meeting.public_id}" in links

    page, links = line(client, "nps")
    assert "Blue Oak School since 08/17/2026." in page and "No agreement recorded" in page
    assert "Record the agreement" in page and "/directory/agreements" in links
    Agreement.objects.create(
        lea_code=w.LEA,
        agency_code=NPS,
        starts_on=date(2026, 7, 1),
        ends_on=date(2027, 6, 30),
        recorded_by_id=small_world.coordinator.pk,
        recorded_at=w.NOON,
    )
    page, _ = line(client, "nps")
    assert "Agreement to 06/30/2027" in page and "Record the agreement" not in page

    page, _ = line(client, "dsea")
    assert "Accountable: Heron Creek Unified; reported by Chaparral Unified." in page

    page, links = line(client, "adult")
    assert "21 years old." in page and "Testcase, Godwit" not in page
    for address in {one for one in links if str(crowd["avocet"].public_id) in one or "/due/" in one}:
        assert client.get(address).status_code == 200, address


def test_the_last_day_of_eligibility_leads_to_its_leaving(small_world, crowd, sign_in, time_machine):
    time_machine.move_to(w.NOON.replace(year=2027, month=2, day=1))
    recompute_stale()
    client = sign_in(small_world.coordinator)
    page, links = line(client, "adult")
    assert "Plan the leaving" in page
    wanted = f"/students/{crowd['avocet'].public_id}/leaving?reason=maximum_age"
    assert wanted in links and client.get(wanted).status_code == 200


def test_scope_and_log(small_world, crowd, sign_in):
    other = sign_in(other_coordinator(small_world))
    # The child comes to them, and of the other they are the DSEA.
    assert "Testcase, Plover" in line(other, "c-to-b")[0]
    assert "Testcase, Stilt" in line(other, "dsea")[0]
    assert "Nobody in this group" in line(other, "nps")[0]
    assert "Nobody in this group" in line(sign_in(small_world.case_manager), "adult")[0]
    sign_in(small_world.coordinator).get(f"{ADDRESS}?group=nps")
    assert pages.reads()[-1] == (crowd["junco"].pk, "special_groups")
    assert sign_in(small_world.coordinator).get(f"{ADDRESS}?group=other").status_code == 404


def placed_in_nonpublic_school(students: list[Student]) -> None:
    values = pages.enrollment() | {"nps_code": NPS}
    state_student_facts(
        "enrollment",
        [
            Statement(
                {"student_id": one.pk, "lea_code": w.LEA, "started_on": pages.START}, values, pages.START
            )
            for one in students
        ],
        by_id=None,
        cause="test",
    )


@pytest.mark.parametrize("count", [1, 120])
def test_it_costs_the_same_for_few_and_many(small_world, sign_in, django_assert_num_queries, count):
    Agency.objects.create(code=NPS, kind="nps", name="Blue Oak School")
    placed_in_nonpublic_school(pages.many_students(count))
    client = sign_in(small_world.coordinator)
    client.get(f"{ADDRESS}?group=nps")
    with django_assert_num_queries(NPS_QUERIES):
        page = client.get(f"{ADDRESS}?group=nps")
    assert page.content.decode().count("data-row") == min(count, 50)
    if count > 50:
        (more,) = {one for one in addresses_in(page) if "after=" in one}
        assert client.get(more.replace("&amp;", "&")).content.decode().count("data-row") == 50


def test_who_has_left_is_in_no_group_of_the_former_district(small_world, crowd, sign_in):
    for name in ("junco", "avocet"):
        slot = {"student_id": crowd[name].pk, "lea_code": w.LEA, "started_on": SINCE}
        state("enrollment", slot, None, date(2026, 11, 1))
        pages.enrolled_elsewhere(crowd[name], date(2026, 11, 2))
    client = sign_in(small_world.coordinator)
    for key in ("nps", "adult"):
        assert "Nobody in this group" in line(client, key)[0], key


def test_nobody_in_any_group(small_world, sign_in):
    client = sign_in(small_world.coordinator)
    for key in GROUPS:
        assert "Nobody in this group" in line(client, key)[0], key
