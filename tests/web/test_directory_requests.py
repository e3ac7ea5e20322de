"""Requests for the directory: a district asks, its SELPA decides, the directory changes from a day on, and nothing that
was recorded before changes."""

from __future__ import annotations

from datetime import date

import pytest
from django.core import mail

from manzanita.accounts.queries import actor_of
from manzanita.auditing.models import ChangeEvent
from manzanita.orgs.actions import load_orgs
from manzanita.orgs.models import Agency, Agreement, DirectoryRequest, PastName, School
from manzanita.orgs.queries import open_schools, school_names
from manzanita.orgs.request_actions import begin_due_names
from manzanita.students.models import Enrollment
from tests.support import pages
from tests.support import world as w
from tests.support.guests import person_of
from tests.support.pages import addresses_in, other_coordinator, text_of

NEW = "/directory/requests/new"
LIST = "/directory/requests"
LIST_QUERIES = 10
PAGE_QUERIES = 32


@pytest.fixture
def selpa(small_world):
    """Laurel of the SELPA of both districts."""
    Agency.objects.get_or_create(
        code=w.SELPA, defaults={"kind": "selpa", "name": "Chaparral SELPA", "selpa_code": w.SELPA}
    )
    return person_of(w.SELPA, "selpa", "Laurel Specimen")[0]


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


def ask(client, **values: str) -> DirectoryRequest:
    answer = client.post(NEW, {"day": "2026-11-30", "evidence": "The state's directory", **values})
    assert answer.status_code == 302, text_of(answer)
    return DirectoryRequest.objects.latest("pk")


def decide(client, request: DirectoryRequest, do: str = "approve", words: str = ""):
    return client.post(f"{LIST}/{request.public_id}/decide", {"do": do, "words": words})


CODE = {"kind": "code", "place": "school", "target": w.SCHOOL, "code": "9900909"}


def test_a_code_that_changed_begins_on_its_day_and_past_records_keep_the_old_one(
    small_world, selpa, coordinator, sign_in, django_capture_on_commit_callbacks
):
    before = list(Enrollment.objects.filter(school_code=w.SCHOOL).values_list("pk", flat=True))
    here = School.objects.filter(code=w.SCHOOL)
    principal, grant = person_of(w.LEA, "school", "Robin Mockname", schools=here)
    request = ask(coordinator, **CODE)
    page = text_of(coordinator.get(f"{LIST}/{request.public_id}"))
    assert "Waits for the SELPA" in page and "Students affected" in page and "Testcase, Alder" in page

    office = sign_in(selpa)
    assert "Schools and agencies that districts ask for" in text_of(office.get("/"))
    page = text_of(office.get(f"{LIST}/{request.public_id}"))
    assert "3 within your reach" in page and "Buckeye Elementary" in page and "1 grant" in page
    with django_capture_on_commit_callbacks(execute=True):
        assert decide(office, request).status_code == 302

    old, new = School.objects.get(code=w.SCHOOL), School.objects.get(code="9900909")
    assert (old.last_on, old.successor_code) == (date(2026, 11, 29), "9900909")
    assert (new.name, new.agency.code, new.first_on) == ("Buckeye Elementary", w.LEA, date(2026, 11, 30))
    assert list(Enrollment.objects.filter(school_code=w.SCHOOL).values_list("pk", flat=True)) == before
    assert school_names([w.SCHOOL])[w.SCHOOL] == "Buckeye Elementary"
    # Whoever works for the school goes on to.
    assert actor_of(principal, grant).school_codes == {w.SCHOOL, "9900909"}
    assert "Approved" in text_of(coordinator.get(f"{LIST}/{request.public_id}/state"))
    assert mail.outbox[-1].to == ["juniper.mockup@example.org"]
    deeds = set(ChangeEvent.objects.filter(subject_id=request.pk).values_list("action", flat=True))
    assert {"ask_directory", "approved_directory", "carry_grants"} <= deeds
    page = text_of(coordinator.get(f"/directory/{w.LEA}"))
    assert "Goes on as 9900909." in page


def test_a_school_that_closed_can_be_chosen_no_more_after_its_last_day(
    small_world, selpa, coordinator, sign_in, time_machine
):
    request = ask(coordinator, kind="closed", place="school", target=w.SCHOOL)
    assert decide(sign_in(selpa), request).status_code == 302
    assert [one.code for one in open_schools(w.LEA)] == [w.SCHOOL]
    time_machine.move_to(w.NOON.replace(month=12, day=1))
    assert list(open_schools(w.LEA)) == []
    assert school_names([w.SCHOOL])[w.SCHOOL] == "Buckeye Elementary"


def test_a_name_begins_on_its_day_and_the_one_before_is_kept(
    small_world, selpa, coordinator, sign_in, time_machine
):
    request = ask(coordinator, kind="name", place="school", target=w.SCHOOL, name="Buckeye Academy")
    decide(sign_in(selpa), request)
    assert begin_due_names() == 0
    assert School.objects.get(code=w.SCHOOL).name == "Buckeye Elementary"
    time_machine.move_to(w.NOON.replace(month=11, day=30))
    assert (begin_due_names(), begin_due_names()) == (1, 0)
    assert School.objects.get(code=w.SCHOOL).name == "Buckeye Academy"
    past = PastName.objects.get()
    assert (past.code, past.name, past.last_on) == (w.SCHOOL, "Buckeye Elementary", date(2026, 11, 29))


def test_a_name_of_the_installation_s_file_does_not_overwrite_the_one_before(
    small_world, coordinator, tmp_path
):
    file = tmp_path / "orgs.csv"
    file.write_text(
        "kind,code,name,parent,county_code,npa_id\n"
        f"lea,{w.LEA},Chaparral Unified,{w.SELPA},99,\n"
        f"school,{w.SCHOOL},Buckeye Academy,{w.LEA},99,\n",
        encoding="utf-8",
    )
    load_orgs(file)
    load_orgs(file)
    past = PastName.objects.get()
    assert (past.name, past.last_on) == ("Buckeye Elementary", date(2026, 11, 22))
    assert "Buckeye Elementary through 11/22/2026." in text_of(coordinator.get(f"/directory/{w.LEA}"))


NPS = {"kind": "new", "place": "nps", "code": "9980042", "name": "Blue Oak School"}


def test_a_nonpublic_school_needs_an_agreement_that_holds(small_world, selpa, coordinator, sign_in):
    request = ask(coordinator, **NPS)
    office = sign_in(selpa)
    page = office.get(f"{LIST}/{request.public_id}")
    assert "No agreement recorded" in text_of(page)
    assert "The district records its agreement; then this can be approved." in text_of(page)
    refused = decide(office, request)
    assert refused.status_code == 422 and "EC 56366" in text_of(refused)
    assert not Agency.objects.filter(code="9980042").exists()
    # The school is not in the directory yet, so that its agreement is recorded with its request.
    coordinator.post(f"{LIST}/{request.public_id}/withdraw")
    again = ask(coordinator, **NPS, agreement_first="2026-11-30", agreement_last="2027-06-30")
    assert decide(office, again, words="Certified by CDE.").status_code == 302
    found = Agency.objects.get(code="9980042")
    assert (found.kind, found.first_on) == ("nps", date(2026, 11, 30))
    assert "Agreement only from 11/30/2026" in text_of(coordinator.get("/directory/agreements"))


def test_a_request_is_declined_with_a_reason_and_answered_once(small_world, selpa, coordinator, sign_in):
    request = ask(coordinator, **CODE)
    office = sign_in(selpa)
    assert "The reason is missing." in text_of(decide(office, request, "decline"))
    assert decide(office, request, "decline", "The state still lists the old code.").status_code == 302
    page = text_of(coordinator.get(f"{LIST}/{request.public_id}"))
    assert "Declined" in page and "The state still lists the old code." in page
    assert "This request was declined on" in text_of(decide(office, request))
    assert not School.objects.filter(code="9900909").exists()
    assert "Buckeye Elementary" in text_of(coordinator.get(f"{LIST}?state=declined"))


def test_who_asks_who_decides_and_who_sees_nothing(small_world, selpa, coordinator, sign_in):
    request = ask(coordinator, **CODE)
    assert decide(coordinator, request).status_code == 403
    stranger = sign_in(other_coordinator(small_world))
    assert stranger.get(f"{LIST}/{request.public_id}").status_code == 404
    assert "No request waits" in text_of(stranger.get(LIST))
    assert sign_in(small_world.case_manager).get(LIST).status_code == 403
    assert sign_in(selpa).get(NEW).status_code == 403
    # SIS staff ask, and read no student.
    person, _ = person_of(w.LEA, "sis_staff", "Cedar Filler")
    sis = sign_in(person)
    page = text_of(sis.get(f"{LIST}/{request.public_id}"))
    assert "As SIS staff nobody reads students." in page and "Testcase" not in page
    assert ask(sis, kind="closed", place="school", target=w.SCHOOL).asked_by_id == person.pk


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(small_world, coordinator):
    answer = coordinator.post(
        NEW, {**CODE, "code": w.OTHER_SCHOOL, "day": "2026-11-30", "evidence": "A letter"}
    )
    assert answer.status_code == 422
    assert "Willow Bend Elementary has the code" in text_of(answer)
    assert 'value="A letter"' in answer.content.decode()
    answer = coordinator.post(NEW, {"kind": "code", "place": "school"})
    assert answer.status_code == 422 and DirectoryRequest.objects.count() == 0
    assert coordinator.get(f"{NEW}?kind=other").status_code == 404
    for kind in ("new", "closed", "code", "name"):
        for place in ("school", "nps", "npa", "private_school"):
            assert coordinator.get(f"{NEW}?kind={kind}&place={place}").status_code == 200


def test_agreements_are_the_districts_own(small_world, selpa, coordinator, sign_in):
    given = {"agency": w.NPA, "number": "26-11", "first": "2026-07-01", "last": "2027-06-30"}
    assert coordinator.post("/directory/agreements", given).status_code == 302
    assert "at most one year" in text_of(
        coordinator.post("/directory/agreements", {**given, "last": "2027-07-01"})
    )
    row = Agreement.objects.get()
    office = sign_in(selpa)
    assert "Agreement to 06/30/2027" in text_of(office.get("/directory/agreements"))
    assert office.post("/directory/agreements", {"withdraw": row.pk}).status_code == 404
    assert office.post("/directory/agreements", given).status_code == 422
    assert (
        sign_in(other_coordinator(small_world))
        .post("/directory/agreements", {"withdraw": row.pk})
        .status_code
        == 404
    )
    assert coordinator.post("/directory/agreements", {"withdraw": row.pk}).status_code == 302
    assert "No agreement is recorded" in text_of(coordinator.get("/directory/agreements"))


@pytest.mark.parametrize("count", [1, 120])
def test_the_pages_cost_the_same_for_few_and_many(
    small_world, selpa, sign_in, coordinator, django_assert_num_queries, count
):
    pages.many_students(count, manager=small_world.case_manager)
    request = ask(coordinator, **CODE)
    DirectoryRequest.objects.bulk_create(
        DirectoryRequest(
            kind="new",
            place="school",
            lea_code=w.LEA,
            code=f"99{n:05}",
            name=f"School {n}",
            day=w.TODAY,
            evidence="x",
            asked_by_id=small_world.coordinator.pk,
            asked_at=w.NOON,
        )
        for n in range(count)
    )
    office = sign_in(selpa)
    office.get(LIST)
    with django_assert_num_queries(LIST_QUERIES):
        page = office.get(LIST)
    assert page.content.decode().count("data-row") == min(count + 1, 50)
    office.get(f"{LIST}/{request.public_id}")
    with django_assert_num_queries(PAGE_QUERIES):
        page = office.get(f"{LIST}/{request.public_id}")
    assert page.content.decode().count("data-row") == min(count + 3, 50)
    if count > 50:
        assert any("after=" in address for address in addresses_in(page))
