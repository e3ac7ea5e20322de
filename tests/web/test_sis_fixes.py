"""What is to be corrected in the SIS: who sees it, what of a student stands there, and saying whom a line means."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.auditing.models import ReadEvent
from manzanita.exchange.models import StateFinding
from manzanita.findings.models import RuleFinding
from manzanita.orgs.models import Agency
from manzanita.platform.reach import whole_installation
from manzanita.procedures import sis_work
from manzanita.procedures.import_sis import take_in_sis_files
from manzanita.students.models import IdentityConflict
from tests.support import world as w
from tests.support.sis_files import text

# session, user, grants, no block; newest import; set aside, refused; findings of two kinds; ids of students; the log.
MOST_QUERIES = 16


@pytest.fixture
def sis(small_world, sign_in) -> Client:
    person = add_person(email="fern.sample@example.org", name="Fern Sample", password=w.PASSWORD)
    grant_perspective(
        user=person,
        perspective_key="sis_staff",
        agency=Agency.objects.get(code=w.LEA),
        starts_on=small_world.coordinator_grant.starts_on,
        by=None,
        reason="test",
    )
    return sign_in(person)


@pytest.fixture
def take(tmp_path):
    def taken(*rows):
        path = tmp_path / "SENR.txt"
        path.write_text(text(*rows))
        return take_in_sis_files([path], lea_code=w.LEA, by_id=None)

    return taken


def page_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def finding(student, **changes) -> None:
    values = {
        "identity": f"x{StateFinding.objects.count()}",
        "rule_code": "GERR0005",
        "severity": "fatal",
        "source": "state",
        "lea_code": w.LEA,
        "student_id": student.pk,
        "record": "PLAN",
        "record_key": "k",
        "fields": ["23.15", "1.22"],
        "values": {"23.15": "280", "1.22": "20260901"},
        "message": "Disability 280 of Alder",
        "owner": "SIS staff",
        "opened_at": w.NOON,
    }
    StateFinding.objects.create(**{**values, **changes})


def test_sis_staff_see_what_is_theirs_by_local_id_and_no_special_education(small_world, sis):
    alder = small_world.students["alder"]
    finding(alder)
    finding(alder, owner="IEP team", rule_code="GERR0003")
    finding(small_world.students["sage"], lea_code=w.OTHER_LEA, rule_code="GERR0004")
    page = page_of(sis.get("/imports/fixes"))
    assert 'scope="row">L0005<' in page or w.senr("alder")["1.09"] in page
    assert w.SSIDS["alder"] in page and "09/01/2026" in page and "GERR0005" in page
    assert "280" not in page and "Alder" not in page and "Testcase" not in page
    assert "GERR0003" not in page and "GERR0004" not in page
    assert "The whole list as a message, ready to copy" in page
    with whole_installation("test"):
        read = ReadEvent.objects.get(what="sis.fixes")
    assert read.student_ids == [alder.pk]


@pytest.mark.parametrize(
    "changes",
    [
        {"rule_code": "GERR9999"},
        {"fields": [], "values": {}},
        {"fields": ["99.99"], "values": {"99.99": "280"}},
    ],
    ids=["unknown rule", "no field named", "unknown field"],
)
def test_what_nobody_here_can_judge_is_not_told(small_world, sis, changes):
    """The state may answer with a rule or a field that is not in our book; its message may say anything."""
    finding(small_world.students["alder"], **changes)
    answer = sis.get("/imports/fixes")
    page = page_of(answer)
    assert answer.status_code == 200 and w.SSIDS["alder"] in page
    assert "280" not in page and "Alder" not in page and "Disability" not in page


def test_home_of_sis_staff_leads_there_with_its_count(small_world, sis):
    page = page_of(sis.get("/"))
    assert "Nothing is to be corrected in the SIS." in page
    finding(small_world.students["alder"])
    page = page_of(sis.get("/"))
    assert "To correct in the SIS" in page and 'href="/imports/fixes"' in page
    assert "reads no student records" not in page


def test_of_our_rules_too(small_world, sis):
    RuleFinding.objects.create(
        identity="r1",
        rule_code="MZ-X",
        severity="warning",
        phase="record",
        kind="value",
        owner="SIS staff",
        student_id=small_world.students["alder"].pk,
        lea_code=w.LEA,
        record="SENR",
        record_key="k",
        fields=["1.26"],
        values={"1.26": ""},
        inputs="x",
        message="The exit reason is missing.",
        first_seen_at=w.NOON,
        opened_at=w.NOON,
        last_seen_at=w.NOON,
    )
    page = page_of(sis.get("/imports/fixes"))
    assert "The exit reason is missing." in page and "blank" in page


def test_sis_staff_are_not_offered_students(sis, take):
    run = take(w.senr("alder", **{"1.24": "05"}))
    page = page_of(sis.get(f"/imports/{run.public_id}"))
    assert 'href="/students"' not in page.split("<main", 1)[1]
    assert "1 line that changed something." in page


def test_a_line_set_aside_is_listed_and_the_coordinator_says_whom_it_means(small_world, sis, sign_in, take):
    line = w.senr("alder", **{"1.10": "Juniper"})
    take(line)
    page = page_of(sis.get("/imports/fixes"))
    assert "the first name is another" in page and "MZ-OTHER-PERSON" in page
    assert "Juniper" not in page and "Look at both" not in page
    one = IdentityConflict.objects.get()
    here = f"/imports/fixes/{one.public_id}"
    assert sis.get(here).status_code == 403
    coordinator = sign_in(small_world.coordinator)
    assert "Lines of the SIS that are set aside" in page_of(coordinator.get("/"))
    assert here in page_of(coordinator.get("/imports/fixes"))
    page = page_of(coordinator.get(here))
    assert "Alder" in page and "Juniper" in page and "Differs" in page
    refused = coordinator.post(here, {"do": "same", "reason": " "})
    assert refused.status_code == 422 and "how you know is empty" in page_of(refused)
    coordinator.post(here, {"do": "same", "reason": "court order seen"})
    one.refresh_from_db()
    assert (one.decision, one.reason, one.decided_by) == ("same", "court order seen", small_world.coordinator)
    assert "“court order seen”" in page_of(coordinator.get(here))
    coordinator.post(here, {"do": "again"})
    one.refresh_from_db()
    assert (one.decision, one.reason, one.decided_by) == ("", "", None)


def test_who_comes_second_is_told_what_was_said(small_world, sign_in, take):
    take(w.senr("alder", **{"1.10": "Juniper"}))
    one = IdentityConflict.objects.get()
    here = f"/imports/fixes/{one.public_id}"
    coordinator = sign_in(small_world.coordinator)
    coordinator.post(here, {"do": "same", "reason": "court order seen"})
    page = page_of(coordinator.post(here, {"do": "other", "reason": "twins"}, follow=True))
    assert "Nothing was changed: Juniper Mockup has said “the same student” already." in page
    take(w.senr("alder", **{"1.10": "Juniper"}))
    for answer in (coordinator.get(here, follow=True), coordinator.post(here, {"do": "again"}, follow=True)):
        assert "The SIS does not say this any more" in page_of(answer)


def test_of_a_student_out_of_reach_nothing_is_shown(small_world, sign_in, take):
    run = take(w.senr("sage", **{"1.10": "Noel", "1.22": "20261102"}))
    coordinator = sign_in(small_world.coordinator)
    notes = page_of(coordinator.get(f"/imports/{run.public_id}"))
    assert 'href="/imports/fixes">Show whose job it is<' in notes and "Say whom it means" not in notes
    page = page_of(coordinator.get("/imports/fixes"))
    assert "a student of another district" in page and "Look at both" not in page
    one = IdentityConflict.objects.get()
    assert coordinator.get(f"/imports/fixes/{one.public_id}").status_code == 404
    assert (
        coordinator.post(f"/imports/fixes/{one.public_id}", {"do": "same", "reason": "x"}).status_code == 404
    )


def test_home_counts_all_though_the_list_is_cut(small_world, sis, monkeypatch):
    monkeypatch.setattr(sis_work, "MOST_SHOWN", 3)
    for number in range(3):
        finding(small_world.students["alder"], identity=f"n{number}", rule_code=f"MZ-N{number}")
    assert "There is more than stands here" not in page_of(sis.get("/imports/fixes"))
    finding(small_world.students["alder"], identity="n3", rule_code="MZ-N3")
    page = page_of(sis.get("/imports/fixes"))
    assert "There is more than stands here" in page and "MZ-N2" in page and "MZ-N3" not in page
    (row,) = [row for row in page_of(sis.get("/")).split("<tr data-row>")[1:] if "/imports/fixes" in row]
    assert "To correct in the SIS 4 today" in " ".join(re.sub(r"<[^>]*>", " ", row).split())


@pytest.mark.parametrize("count", [1, 12])
def test_it_costs_the_same_for_few_and_many(small_world, sis, django_assert_max_num_queries, count):
    for number in range(count):
        finding(small_world.students["alder"], identity=f"n{number}")
    sis.get("/imports/fixes")
    with django_assert_max_num_queries(MOST_QUERIES):
        sis.get("/imports/fixes")
