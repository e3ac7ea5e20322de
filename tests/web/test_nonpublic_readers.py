"""Whoever works at a nonpublic school or agency, or at a SELPA, reads the records of districts: what is said of today
is said of the student's district, and whom to ask is there."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from manzanita.accounts.models import User
from manzanita.leaving.models import ParticipationReport
from manzanita.orgs.models import Agency, School
from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from tests.support import pages
from tests.support import world as w
from tests.support.guests import person_of
from tests.support.pages import addresses_in, text_of

NPS, SINCE = "9980001", date(2023, 8, 14)
ASKED = "/directory?role=seds_coordinator"


@pytest.fixture
def administrator(small_world) -> User:
    """Of the nonpublic school at which Chaparral placed Alder."""
    Agency.objects.create(code=NPS, kind="nps", name="Blue Oak School")
    slot = {"student_id": small_world.students["alder"].pk, "lea_code": w.LEA, "started_on": SINCE}
    values = pages.enrollment("L0001") | {"nps_code": NPS}
    state_student_facts("enrollment", [Statement(slot, values, date(2025, 8, 1))], by_id=None, cause="test")
    return person_of(NPS, "nps_administrator", "Willet Placeholder")[0]


def test_the_student_is_enrolled_at_the_district_that_placed_it(small_world, administrator, sign_in):
    alder = small_world.students["alder"]
    answer = sign_in(administrator).get(reverse("student", args=[alder.public_id]))
    page = text_of(answer)
    assert "Your perspective does not open meetings." in page
    assert "is enrolled in another district" not in page
    assert "The plan in force is another district" not in page
    assert "Ask the SEDS coordinator of Chaparral Unified" in page
    assert f"/directory?q={w.LEA}" in addresses_in(answer)


def test_whom_to_ask_is_at_the_district_and_found_there(small_world, administrator, sign_in):
    client, alder = sign_in(administrator), small_world.students["alder"]
    refused = client.get(reverse("changes", args=[alder.public_id]))
    assert refused.status_code == 403 and ASKED in addresses_in(refused)
    assert "Ask the SEDS coordinator of the student&#39;s district" in text_of(refused)
    assert "Blue Oak School: coordinators" not in text_of(refused)
    history = client.get(f"/students/{alder.public_id}?tab=history")
    assert "The SEDS coordinator of Chaparral Unified can show it to you or to the family." in text_of(
        history
    )
    assert f"/directory?q={w.LEA}" in addresses_in(history)
    assert "No agency is found" not in text_of(client.get(f"/directory?q={w.LEA}"))


def test_a_selpa_has_no_coordinator_of_its_own(small_world, sign_in):
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Manzanita County SELPA", selpa_code=w.SELPA)
    client = sign_in(person_of(w.SELPA, "selpa", "Dunlin Mockup")[0])
    refused = client.get(reverse("student_new"))
    assert "Ask the SEDS coordinator of the student&#39;s district" in text_of(refused)
    assert ASKED in addresses_in(refused)


def test_a_provider_with_nobody_assigned_is_told_who_assigns(small_world, sign_in):
    client = sign_in(person_of(w.NPA, "npa_provider", "Phoebe Placeholder")[0])
    empty = client.get("/students")
    assert "No student is assigned to you: the SEDS coordinator of the student&#39;s district" in text_of(
        empty
    )
    assert ASKED in addresses_in(empty)
    unknown = client.get("/no-such-page")
    assert "As NPA provider you see those assigned to you." in text_of(unknown)
    assert ASKED in addresses_in(unknown)


def test_who_reads_no_student_is_offered_no_search(small_world, sign_in):
    client = sign_in(person_of(w.LEA, "sis_staff", "Siskin Mockup")[0])
    for address, status in (("/", 200), ("/students", 403), ("/no-such-page", 404)):
        answer = client.get(address)
        assert answer.status_code == status
        assert "/students/search" not in answer.content.decode(), address
        assert "Find a student" not in text_of(answer), address
    assert "/students/search" in sign_in(small_world.case_manager).get("/").content.decode()


def test_a_nonpublic_school_tells_the_district_that_a_student_left(small_world, administrator, sign_in):
    client, alder = sign_in(administrator), small_world.students["alder"]
    address = reverse("participation", args=[alder.public_id])
    assert address in addresses_in(client.get(reverse("student", args=[alder.public_id])))
    page = client.post(address, {"reason": "not_known", "note": "Not seen since Monday."}, follow=True)
    assert "Not seen since Monday." in text_of(page)
    report = ParticipationReport.objects.get()
    assert (report.student_id, report.lea_code) == (alder.pk, w.LEA)
    told = text_of(sign_in(small_world.coordinator).get(reverse("leaving", args=[alder.public_id])))
    assert "Willet Placeholder reported on 11/23/2026: No longer attends, I do not know why" in told


@pytest.mark.parametrize("perspective", ["office_clerk", "school"])
def test_the_office_and_the_school_report_it_too(small_world, sign_in, perspective):
    schools = [School.objects.get(code=w.SCHOOL)] if perspective == "school" else []
    client = sign_in(person_of(w.LEA, perspective, "Rail Placeholder", schools=schools)[0])
    address = reverse("participation", args=[small_world.students["alder"].public_id])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": "dropped_out", "note": "Gone."}).status_code == 302
    assert "Your reports of participation that wait for an answer" in text_of(client.get("/"))


def test_a_field_says_once_why_it_is_not_changed_and_whom_to_ask(small_world, administrator, sign_in):
    alder = small_world.students["alder"]
    answer = sign_in(administrator).get(f"/students/{alder.public_id}/fields/status.status_code")
    page = text_of(answer)
    assert page.count("nobody can correct archived records") == 1
    assert "Ask the SEDS coordinator of Chaparral Unified" in page
    assert f"/directory?q={w.LEA}" in addresses_in(answer)


def test_a_selpa_sees_each_district_and_gets_back_to_all(small_world, sign_in):
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Manzanita County SELPA", selpa_code=w.SELPA)
    client = sign_in(person_of(w.SELPA, "selpa", "Dunlin Mockup")[0])
    rows = text_of(client.get("/students"))
    assert "School, district" in rows and "Heron Creek Unified" in rows.split("<tbody>")[1]
    client.get("/findings/settle")
    client.get("/students/settle")
    assert "All districts" not in text_of(client.get("/"))
    client.post("/districts/list", {"at": f"{w.LEA}:"})
    home = text_of(client.get("/"))
    assert "Narrowed to Chaparral Unified" in home and "All districts" in home
    assert "Heron Creek Unified" not in text_of(client.get("/students")).split("<tbody>")[1]
    client.post(reverse("switch_grant"), {"school": "", "next": "/"})
    assert "Narrowed to" not in text_of(client.get("/"))
