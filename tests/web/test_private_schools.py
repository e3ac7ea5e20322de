"""Students of private schools: who stands in the list, that the record page says the same, and where each is mended."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.private_conflicts import CONFLICTS
from manzanita.procedures import private_schools
from manzanita.procedures.private_schools import private_students
from tests.support import pages
from tests.support import world as w
from tests.support.pages import addresses_in, other_coordinator, text_of
from tests.support.special import enroll_privately, private_crowd, state

ADDRESS = "/students/private-schools"
LIST_QUERIES = 18


@pytest.fixture
def crowd(small_world):
    return small_world.students | private_crowd(small_world)


def test_who_is_in_the_list_and_with_which_conflict(small_world, crowd):
    names = {student.pk: name for name, student in crowd.items()}
    found = {
        names[one.student_id]: (one.how.value, [c.conflict.key for c in one.found])
        for one in private_students(small_world.coordinator_actor)
    }
    assert found == {
        "bunting": ("isp", []),
        "dunlin": ("no_isp", ["iep-in-private"]),
        "gadwall": ("isp", ["isp-in-public", "isp-setting"]),
        "pipit": ("no_isp", ["left-and-enrolled"]),
    }


def test_the_list_and_the_record_pages_say_the_same(small_world, crowd, sign_in):
    client = sign_in(small_world.coordinator)
    page = text_of(client.get(ADDRESS))
    assert "4 students with a services plan or in a private school, 4 conflicts" in page
    for words in ("All 4", "With a conflict 3", "ISP in force 2", "No ISP in force 2"):
        assert words in page
    for name, label in (
        ("dunlin", "IEP in a private school"),
        ("gadwall", "Services plan in a public school"),
        ("gadwall", "Setting of the services plan"),
        ("pipit", "Left, and still enrolled"),
    ):
        assert label in text_of(client.get(f"{ADDRESS}?who=conflict")), name
        assert label in text_of(client.get(f"/students/{crowd[name].public_id}")), name
    right = text_of(client.get(f"/students/{crowd['bunting'].public_id}"))
    assert not [one.label for one in CONFLICTS.values() if one.label in right]


def test_it_is_cut_to_a_kind_a_conflict_and_an_owner(small_world, crowd, sign_in):
    client = sign_in(small_world.coordinator)
    one = text_of(client.get(f"{ADDRESS}?conflict=isp-setting"))
    assert "Testcase, Gadwall" in one and "Testcase, Dunlin" not in one
    assert "PLAN0748E1" in one and "Change the setting to 403." in one
    sis = text_of(client.get(f"{ADDRESS}?owner=SIS+staff"))
    assert "Testcase, Pipit" in sis and "Testcase, Gadwall" not in sis
    isp = text_of(client.get(f"{ADDRESS}?who=isp"))
    assert "Testcase, Bunting" in isp and "Testcase, Pipit" not in isp
    assert "Nobody in this list" in text_of(client.get(f"{ADDRESS}?conflict=group-enrollment"))
    for odd in ("who=other", "conflict=other", "page=0", "page=x"):
        assert client.get(f"{ADDRESS}?{odd}").status_code == 404
    assert client.get(f"{ADDRESS}?page=9").status_code == 302


def test_each_line_leads_to_where_it_is_mended(small_world, crowd, sign_in):
    client = sign_in(small_world.coordinator)
    dunlin, gadwall, pipit = (crowd[name].public_id for name in ("dunlin", "gadwall", "pipit"))
    wanted = {
        f"/students/{dunlin}/meetings/new",
        f"/students/{dunlin}/leaving?reason=private_no_isp",
        f"/students/{gadwall}/changes/setting",
        f"/students/{pipit}/enrollments",
        f"/students/{pipit}/leaving",
    }
    assert wanted <= set(addresses_in(client.get(ADDRESS)))
    for address in wanted:
        assert client.get(address).status_code == 200, address
    # A case manager may open a meeting, and may not record a leaving.
    slot = {"student_id": crowd["dunlin"].pk}
    state("assignment", slot, {"user_id": small_world.case_manager.pk})
    seen = addresses_in(sign_in(small_world.case_manager).get(ADDRESS))
    assert f"/students/{dunlin}/meetings/new" in seen
    assert not any(address.endswith("/leaving?reason=private_no_isp") for address in seen)


def test_the_plan_in_force_and_whom_to_ask_there_are_named(small_world, crowd, sign_in):
    """Bunting, in a private school with a services plan of this district, has a newer IEP of the other one."""
    values = {**pages.plan(), "lea_code": w.OTHER_LEA, "plan_type_code": "100"}
    state("plan", {"student_id": crowd["bunting"].pk}, values, date(2026, 10, 13))
    page = text_of(sign_in(small_world.coordinator).get(f"{ADDRESS}?conflict=two-plans"))
    assert "Testcase, Bunting" in page and "IEP of Heron Creek Unified" in page
    assert f'href="/directory/{w.OTHER_LEA}"' in page and "Ask Heron Creek Unified" in page
    assert "Whom to ask there" not in page


def test_the_way_out_is_a_step_and_never_the_list_of_steps(small_world, crowd, sign_in):
    """Bunting has a newer IEP of the other district; Gadwall's services plan begins while the status is 2."""
    values = {**pages.plan(), "lea_code": w.OTHER_LEA, "plan_type_code": "100"}
    state("plan", {"student_id": crowd["bunting"].pk}, values, date(2026, 10, 13))
    state("status", {"student_id": crowd["gadwall"].pk}, pages.status("2"), date(2026, 8, 3))
    client = sign_in(small_world.coordinator)
    seen = addresses_in(client.get(ADDRESS))
    bunting, gadwall = (crowd[name].public_id for name in ("bunting", "gadwall"))
    wanted = {
        f"/students/{bunting}/meetings/new",
        f"/students/{gadwall}/changes/status",
        f"/students/{gadwall}?tab=history",
    }
    assert wanted <= set(seen)
    for address in wanted:
        assert client.get(address).status_code == 200, address
    assert not [one for one in seen if one.endswith("/changes")]


def test_only_those_within_reach(small_world, crowd, sign_in):
    assert "Nobody in a private school" in text_of(sign_in(other_coordinator(small_world)).get(ADDRESS))
    assert "Nobody in a private school" in text_of(sign_in(small_world.case_manager).get(ADDRESS))


def test_the_former_district_is_not_told_what_came_after(small_world, crowd, sign_in):
    """Pipit left for a private school, moved on, and has a services plan of the other district now."""
    pipit = crowd["pipit"]
    pages.leaves(pipit, date(2026, 10, 2))
    pages.enrolled_elsewhere(pipit, date(2026, 10, 5))
    values = {**pages.plan(), "lea_code": w.OTHER_LEA, "plan_type_code": "200", "program_setting_code": "400"}
    state("plan", {"student_id": pipit.pk}, values, date(2026, 10, 5))
    state(
        "status", {"student_id": pipit.pk}, {**pages.status("1"), "lea_code": w.OTHER_LEA}, date(2026, 10, 5)
    )
    page = text_of(sign_in(small_world.coordinator).get(f"{ADDRESS}?who=no_isp"))
    assert "Testcase, Pipit" in page and "Heron Creek" not in page
    page = text_of(sign_in(other_coordinator(small_world)).get(ADDRESS))
    assert "Testcase, Pipit" in page and "Services plan in a public school" in page


def test_every_look_is_logged(small_world, crowd, sign_in):
    sign_in(small_world.coordinator).get(f"{ADDRESS}?conflict=isp-setting")
    assert pages.reads()[-1] == (crowd["gadwall"].pk, "private_schools")


@pytest.mark.parametrize("count", [1, 120])
def test_it_costs_the_same_for_few_and_many(small_world, sign_in, django_assert_num_queries, count):
    enroll_privately(*pages.many_students(count))
    client = sign_in(small_world.coordinator)
    client.get(ADDRESS)
    with django_assert_num_queries(LIST_QUERIES):
        page = client.get(ADDRESS)
    assert page.content.decode().count("data-row") == min(count, 50)
    if count > 50:
        assert f"{ADDRESS}?page=2" in addresses_in(page)
        assert client.get(f"{ADDRESS}?page=3").content.decode().count("data-row") == 20


def test_so_many_that_they_are_read_in_parts_cost_a_bounded_number_of_statements(
    small_world, sign_in, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(private_schools, "MOST", 10)
    monkeypatch.setattr(private_schools, "_AT_ONCE", 4)
    monkeypatch.setattr("manzanita.web.private_schools.MOST", 10)
    enroll_privately(*pages.many_students(30))
    client = sign_in(small_world.coordinator)
    client.get(ADDRESS)
    # Eleven are read, in three parts: two more than one part takes.
    with django_assert_max_num_queries(LIST_QUERIES + 2):
        page = client.get(ADDRESS)
    assert "more than 10 students" in text_of(page)
    assert page.content.decode().count("data-row") == 11
