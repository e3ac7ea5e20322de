"""Everybody who may see a student, on the page *Why can this be seen*: staff and guests, scoped and logged."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from manzanita.accounts.actions import grant_perspective
from manzanita.accounts.host_session_actions import approve_host_session, ask_host_session
from manzanita.accounts.queries import actor_of
from manzanita.accounts.view_as_actions import start_view_as
from manzanita.orgs.models import Agency
from manzanita.students.onlookers import onlookers_of, other_agencies
from tests.support import staff as s
from tests.support import world as w
from tests.support.guests import host_person, monitor_of
from tests.support.pages import reads, text_of


@pytest.fixture
def staff(small_world) -> s.Staff:
    return s.add_people()


def names(actor, student) -> list[tuple[str, str]]:
    return [(one.user.name, one.perspective) for one in onlookers_of(actor, student)]


def test_staff_who_reach_the_student_and_nobody_else(small_world, staff):
    actor = small_world.coordinator_actor

    # Wren has Alder, Larkspur nobody; yarrow has no case manager.
    assert names(actor, small_world.students["alder"]) == [
        ("Juniper Mockup", "SEDS coordinator"),
        ("Wren Placeholder", "Case manager"),
    ]
    assert names(actor, small_world.students["yarrow"]) == [("Juniper Mockup", "SEDS coordinator")]


def test_guests_come_first_and_are_gone_with_their_time(small_world, staff, noon):
    actor, alder = small_world.coordinator_actor, small_world.students["alder"]
    monitor_of(small_world, "alder")
    egret, grant = host_person()
    session = ask_host_session(
        actor=actor_of(egret, grant),
        agency=Agency.objects.get(code=w.LEA),
        comment="A list is empty that should not be",
        ticket="T-4711",
        hours=1,
    )
    approve_host_session(actor=actor, session=session, answer="Yes")
    second = grant_perspective(
        user=staff.selpa,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=date(2026, 7, 1),
        by=None,
        reason="test",
    )
    start_view_as(
        actor=actor_of(staff.selpa, second),
        grant_id=small_world.case_manager_grant.pk,
        reason="Cannot find it",
    )
    found = onlookers_of(actor, alder)

    assert [(one.user.name, one.perspective, one.is_guest, one.as_name) for one in found] == [
        ("Bittern Example", "CDE monitor", True, ""),
        ("Egret Placeholder", "Host staff, approved session", True, ""),
        ("Manzanita Specimen", "SEDS coordinator", True, "Wren Placeholder"),
        ("Juniper Mockup", "SEDS coordinator", False, ""),
        ("Manzanita Specimen", "SEDS coordinator", False, ""),
        ("Wren Placeholder", "Case manager", False, ""),
    ]
    assert (found[0].ends_on, found[0].given_by, found[0].reason) == (
        date(2026, 12, 31),
        "Juniper Mockup",
        "Letter 26-117",
    )
    # A monitor sees the students who were named, and no others.
    assert "Bittern Example" not in [name for name, _ in names(actor, small_world.students["towhee"])]
    noon.shift(timedelta(hours=1))
    assert [one.user.name for one in onlookers_of(actor, alder) if one.is_guest] == ["Bittern Example"]


def test_other_agencies_are_named_not_their_people(small_world, staff):
    found = other_agencies(small_world.coordinator_actor, small_world.students["alder"])
    assert [one.name for one in found] == ["Manzanita County SELPA"]


def test_the_page_shows_it_to_who_manages_people_and_logs_the_look(small_world, staff, sign_in):
    alder = small_world.students["alder"]
    monitor_of(small_world, "alder")
    address = f"/students/{alder.public_id}/why"
    page = text_of(sign_in(small_world.coordinator).get(address))

    assert "Everybody who may see Alder Testcase" in page
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th><td class="wrap">', page)
    assert rows == ["Bittern Example", "Juniper Mockup", "Wren Placeholder"]
    assert "Manzanita County SELPA" in page and "Fern Sample" not in page
    assert reads()[-1] == (alder.pk, "student.why")
    told = sign_in(small_world.coordinator).get(f"{address}?format=json").json()
    assert [one["person"] for one in told["may_see"]] == rows
    assert told["other_agencies"] == [w.SELPA]
    # A case manager is told of no colleague; another district is told of no student.
    assert "Everybody who may see" not in text_of(sign_in(small_world.case_manager).get(address))
    assert "may_see" not in sign_in(small_world.case_manager).get(f"{address}?format=json").json()
    assert sign_in(staff.neighbor).get(address).status_code == 404


@pytest.mark.parametrize("count", [2, 30])
def test_it_costs_the_same_for_few_and_many_colleagues(small_world, django_assert_num_queries, count):
    agency = Agency.objects.get(code=w.LEA)
    for number in range(count):
        s._person(f"reed{number}@example.org", f"Reed{number} Sample", "case_manager", agency)
    # Grants with their schools, assignments, team, names; members of the agency; the question; views as a colleague.
    with django_assert_num_queries(7):
        onlookers_of(small_world.coordinator_actor, small_world.students["alder"])


def test_a_guest_has_no_tab_of_what_others_did(small_world, sign_in):
    grant = monitor_of(small_world, "alder")
    address = f"/students/{small_world.students['alder'].public_id}"
    client = sign_in(grant.user, grant)

    assert "tab=history" not in client.get(address).content.decode()
    assert client.get(f"{address}?tab=history").status_code == 404
    assert "tab=history" in sign_in(small_world.case_manager).get(address).content.decode()
