"""What stands on a student's page of the logs: the purpose, the history of a field, the record of disclosures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.test import Client

from manzanita.auditing.models import ChangeEvent, Disclosure, ReadEvent
from manzanita.domain.access import Scope
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.students.actions import state_one
from tests.support import pages
from tests.support import world as w
from tests.support.pages import NO_ID, addresses_in, reads, text_of


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def asks(monkeypatch):
    """The case manager's perspective reaches the whole district, and asks why off the caseload."""
    plain = replace(PERSPECTIVES["case_manager"], scope=Scope.AGENCY)
    if hasattr(plain, "asks_purpose"):
        asking = replace(plain, asks_purpose=True)
    else:
        asking = type("Asking", (type(plain),), {"asks_purpose": True})(
            **{name: getattr(plain, name) for name in plain.__slots__}
        )
    monkeypatch.setattr("manzanita.accounts.queries.PERSPECTIVES", {**PERSPECTIVES, "case_manager": asking})


def address(world, name: str, tail: str = "") -> str:
    return f"/students/{world.students[name].public_id}{tail}"


# The purpose


def test_off_the_caseload_a_purpose_is_asked_before_anything_is_shown(small_world, asks, manager):
    page = text_of(manager.get(address(small_world, "yarrow", "?tab=state")))

    assert "Why do you open this record?" in page and "Yarrow Testcase is not on your caseload" in page
    assert "9900000007" not in page and "At the state" not in page
    assert reads() == [(small_world.students["yarrow"].pk, "student.purpose-asked")]


def test_the_purpose_opens_the_page_and_stands_in_its_rows_for_the_day(small_world, asks, sign_in, noon):
    manager = sign_in(small_world.case_manager)
    answer = manager.post(address(small_world, "yarrow", "/purpose"), {"purpose": "covering", "tab": "state"})
    assert answer.headers["Location"] == address(small_world, "yarrow", "?tab=state")
    assert "At the state" in text_of(manager.get(answer.headers["Location"]))
    # The purpose is the day's, not the session's, which is locked by then.
    noon.shift(timedelta(hours=11, minutes=59))
    manager = sign_in(small_world.case_manager)
    assert "At the state" in text_of(manager.get(address(small_world, "yarrow")))

    rows = ReadEvent.objects.order_by("pk").values_list("what", "purpose_code")
    assert list(rows) == [
        ("student.purpose", "covering"),
        ("student.state", "covering"),
        ("student.record", "covering"),
    ]
    # Midnight in California has passed.
    noon.shift(timedelta(minutes=2))
    assert "Why do you open this record?" in text_of(manager.get(address(small_world, "yarrow")))


def test_each_student_and_each_person_is_asked_anew(small_world, asks, manager, sign_in):
    (fern,) = pages.many_students(1)
    manager.post(address(small_world, "yarrow", "/purpose"), {"purpose": "covering"})

    assert "Why do you open" in text_of(manager.get(f"/students/{fern.public_id}"))


def test_on_the_caseload_and_in_the_office_nobody_is_asked(small_world, asks, manager, coordinator):
    assert "Program setting" in text_of(manager.get(address(small_world, "alder")))
    assert "Identification and enrollment" in text_of(coordinator.get(address(small_world, "yarrow")))
    assert set(ReadEvent.objects.values_list("purpose_code", flat=True)) == {""}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Choose one of the purposes."),
        ({"purpose": "curiosity"}, "Choose one of the purposes."),
        ({"purpose": "other", "note": "  "}, "Say in a few words what it is for."),
    ],
)
def test_without_a_purpose_the_page_asks_again(small_world, asks, manager, given, words):
    answer = manager.post(address(small_world, "yarrow", "/purpose"), given)

    assert (answer.status_code, words in text_of(answer)) == (422, True)
    assert "Why do you open" in text_of(manager.get(address(small_world, "yarrow")))


def test_something_else_is_said_in_words_and_stands_under_history(small_world, asks, manager, coordinator):
    manager.post(address(small_world, "yarrow", "/purpose"), {"purpose": "other", "note": "504 screening"})
    manager.get(address(small_world, "yarrow"))

    page = text_of(coordinator.get(address(small_world, "yarrow", "?tab=history")))
    assert "504 screening" in page and "Something else" in page


def test_out_of_scope_nobody_is_asked(small_world, asks, manager):
    assert manager.get(address(small_world, "sage")).status_code == 404
    assert manager.post(address(small_world, "sage", "/purpose"), {"purpose": "covering"}).status_code == 404
    assert reads() == []


def test_a_part_of_a_page_sends_to_the_page_that_asks(small_world, asks, manager):
    answer = manager.get(address(small_world, "yarrow", "/fields/ssid.ssid"), headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == address(small_world, "yarrow")


# Who has seen this record


def test_who_has_seen_is_for_those_who_answer_for_records(small_world, manager, coordinator):
    manager.get(address(small_world, "alder"))
    page = text_of(coordinator.get(address(small_world, "alder", "?tab=history")))
    seen = page[page.index("Who has seen this record") :]
    assert "Wren Placeholder" in seen and address(small_world, "alder", "/disclosures") in seen

    page = text_of(manager.get(address(small_world, "alder", "?tab=history")))
    seen = page[page.index("Who has seen this record") :]
    assert "Wren Placeholder</th>" not in seen
    assert "you do not see who has read, changed and disclosed records" in seen


# The history of a field


def restate_disability(world, name: str, code: str, cause: str, on: date = date(2026, 3, 2)) -> None:
    student = world.students[name]
    values = {**pages.plan(), "disability_1_code": code}
    state_one(
        "plan",
        slot={"student_id": student.pk},
        values=values,
        effective_from=on,
        by_id=world.coordinator.pk,
        cause=cause,
    )


def test_every_field_of_the_record_has_its_history(small_world, coordinator):
    page = coordinator.get(address(small_world, "alder"))
    here = address(small_world, "alder", "/fields/")
    found = {one.removeprefix(here) for one in addresses_in(page) if one.startswith(here)}

    # The time line as a table, and the fields that are not shown, have rows of the same shape.
    record = (
        page.content.decode().split('class="fold lgroup"', 1)[1].split("Fields that are not on this page")[0]
    )
    assert len(found) == record.count('<tr><th scope="row">') > 80
    said = ("No value was ever", "Recorded", "Counted", "newest", "stands since", "The SELPA to which")
    for field in found:
        answer = coordinator.get(here + field)
        assert answer.status_code == 200, field
        assert any(words in text_of(answer) for words in said), field


def test_a_changed_field_tells_who_when_and_why(small_world, sign_in, noon):
    noon.shift(timedelta(days=1))
    archive = pages.finalized(small_world)[1]
    noon.shift(timedelta(days=1))
    restate_disability(small_world, "alder", "240", f"correction:{archive.pk}", date(2026, 11, 21))
    coordinator = sign_in(small_world.coordinator)
    page = text_of(coordinator.get(address(small_world, "alder", "/fields/plan.disability_1_code")))

    newest, rest = page.split('class="versions"')[1].split("</li>", 1)
    assert "240" in newest and "Stands" in newest and "before: 290 Specific learning disability" in newest
    assert "Recorded 11/25/2026, 12:00 pm by Juniper Mockup" in newest
    assert "Correction: " in newest and f"/archives/{archive.public_id}" in newest
    assert "Replaced 11/25/2026" in rest and "by Wren Placeholder" in rest
    assert "Taken over from the state" in rest


def test_what_a_meeting_stated_links_to_its_archive(small_world, coordinator):
    archive = pages.finalized(small_world)[1]
    page = text_of(coordinator.get(address(small_world, "alder", "/fields/service-2.duration_minutes")))

    newest = page.split('class="versions"')[1].split("</li>", 1)[0]
    assert f'<a href="/archives/{archive.public_id}">The annual plan review of 11/20/2026</a>' in newest
    assert ">45<" in newest and "before: 30" in newest


def test_the_part_for_the_page_is_only_the_part(small_world, manager):
    answer = manager.get(
        address(small_world, "alder", "/fields/enrollment.school_code"), headers={"HX-Request": "true"}
    )
    page = text_of(answer)
    assert "<html" not in page and "Buckeye Elementary" in page
    assert reads() == [(small_world.students["alder"].pk, "student.field-history")]


@pytest.mark.parametrize(
    "field",
    [
        "plan.pk",
        "plan.student_id",
        "service.service_code",
        "service-x.service_code",
        "plan-2.dsea_code",
        "x",
        ".",
    ],
)
def test_what_is_no_field_is_not_found(small_world, coordinator, field):
    assert coordinator.get(address(small_world, "alder", f"/fields/{field}")).status_code == 404
    assert reads() == []


def test_a_field_out_of_scope_is_not_found(small_world, manager):
    for student in (small_world.students["yarrow"].public_id, small_world.students["sage"].public_id, NO_ID):
        assert manager.get(f"/students/{student}/fields/ssid.ssid").status_code == 404
    assert reads() == []


# session, user, grants, no block; the student as the student's page has it, by which it is said how the field is
# changed (6); versions; archives, meetings, imports or people; read log 2 and count
HISTORY_QUERIES = 16


@pytest.mark.parametrize("count", [1, 12])
def test_a_history_costs_the_same_for_few_and_many_versions(
    small_world, sign_in, django_assert_num_queries, noon, count
):
    archive = pages.finalized(small_world)[1]
    for number in range(count):
        noon.shift(timedelta(days=1))
        restate_disability(
            small_world, "alder", ("240", "290")[number % 2], f"correction:{archive.pk}", date(2026, 11, 21)
        )
        slot = {
            "student_id": small_world.students["alder"].pk,
            "lea_code": w.LEA,
            "started_on": date(2024, 8, 14),
        }
        state_one(
            "enrollment",
            slot=slot,
            values=pages.enrollment(f"F{number}"),
            effective_from=date(2024, 8, 14),
            by_id=None,
            cause=f"sis-import:{number}",
        )
    coordinator = sign_in(small_world.coordinator)
    for field in ("plan.disability_1_code", "enrollment.local_student_id"):
        coordinator.get(address(small_world, "alder", f"/fields/{field}"))
        with django_assert_num_queries(HISTORY_QUERIES):
            coordinator.get(address(small_world, "alder", f"/fields/{field}"))


# The record of disclosures

GIVEN = {
    "kind": "disclosed",
    "on": "2026-11-20",
    "party": "Superior court, clerk of department 4",
    "authority": "court",
    "interest": "Subpoena served on 11/18/2026",
    "purpose": "Proceedings in court",
    "what": "The plan in force and its amendments",
}


def test_a_disclosure_is_recorded_and_listed_for_the_family(small_world, coordinator):
    here = address(small_world, "alder", "/disclosures")
    assert "Nothing was disclosed" in text_of(coordinator.get(here))
    page = text_of(coordinator.post(here, GIVEN, follow=True))

    for words in (
        "11/20/2026",
        "Superior court",
        "Subpoena served",
        "Given out",
        "34 CFR 99.31(a)(9)",
        "data-print",
    ):
        assert words in page, words
    assert "by Juniper" in page or "Juniper Mockup, 11/23/2026" in page
    row = Disclosure.objects.get()
    assert (row.student_id, row.lea_code, row.by_id) == (
        small_world.students["alder"].pk,
        w.LEA,
        small_world.coordinator.pk,
    )
    assert ChangeEvent.objects.get(action="record_disclosure").subject_id == row.pk
    assert "student.disclosures" in {what for _, what in reads()}


@pytest.mark.parametrize("who", ["parent", "staff", "consent", "directory"])
def test_who_is_not_recorded_here_is_told_why_and_nothing_is_lost(small_world, coordinator, who):
    answer = coordinator.post(address(small_world, "alder", "/disclosures"), {**GIVEN, "authority": who})
    page = text_of(answer)

    assert answer.status_code == 422
    assert "34 CFR 99.32(d)" in page and "Superior court, clerk of department 4" in page
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"on": "2026-11-24"}, "still to come"),
        ({"on": "x"}, "no date"),
        ({"kind": ""}, "not chosen"),
        ({"authority": ""}, "By what right is not chosen"),
        ({"party": " "}, "Who: nothing is said."),
        ({"what": "x" * 301}, "301 characters, 300 fit"),
    ],
)
def test_a_line_that_lacks_something_says_what(small_world, coordinator, changed, words):
    answer = coordinator.post(address(small_world, "alder", "/disclosures"), {**GIVEN, **changed})

    assert (answer.status_code, words in text_of(answer)) == (422, True)
    assert not Disclosure.objects.exists()


def test_a_line_is_corrected_by_another_that_takes_its_place(small_world, coordinator):
    here = address(small_world, "alder", "/disclosures")
    coordinator.post(here, GIVEN)
    first = Disclosure.objects.get()
    page = text_of(
        coordinator.post(here, {**GIVEN, "party": "Juvenile court", "corrects": str(first.pk)}, follow=True)
    )

    table = page.split("<tbody>")[1].split("</tbody>")[0]
    assert "Juvenile court" in table and "corrects an earlier line" in table and "Superior" not in table
    assert Disclosure.objects.count() == 2


def test_a_line_of_another_student_is_not_corrected_here(small_world, coordinator):
    coordinator.post(address(small_world, "towhee", "/disclosures"), GIVEN)
    other = Disclosure.objects.get()
    coordinator.post(address(small_world, "alder", "/disclosures"), {**GIVEN, "corrects": str(other.pk)})

    assert Disclosure.objects.latest("pk").corrects_id is None
    assert "Superior" in text_of(coordinator.get(address(small_world, "towhee", "/disclosures")))


def test_disclosures_are_for_those_who_answer_for_records_in_scope(small_world, manager, coordinator):
    assert manager.get(address(small_world, "alder", "/disclosures")).status_code == 403
    assert coordinator.get(address(small_world, "sage", "/disclosures")).status_code == 404
    assert coordinator.post(address(small_world, "sage", "/disclosures"), GIVEN).status_code == 404
    assert not Disclosure.objects.exists()


# session, user, grants, no block; student, read log 2 and count, lines, names
DISCLOSURE_QUERIES = 11


@pytest.mark.parametrize("count", [1, 12])
def test_disclosures_cost_the_same_for_few_and_many(
    small_world, coordinator, django_assert_num_queries, count
):
    here = address(small_world, "alder", "/disclosures")
    for _ in range(count):
        coordinator.post(here, GIVEN)
    coordinator.get(here)
    with django_assert_num_queries(DISCLOSURE_QUERIES):
        coordinator.get(here)
