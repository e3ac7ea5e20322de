"""The page of the people around a student and its forms: who decides when, what is confidential, what is refused."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client

from manzanita.platform.facts import Statement
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Contact, RightsHolder, Student
from manzanita.students.people_actions import ContactValues, RightsValues, newest_version
from tests.support import pages
from tests.support.pages import NO_ID, addresses_in, reads, text_of, without_marks

SECRET = ContactValues(
    "Maple Testcase",
    "Mother",
    "English",
    phone="555-0177",
    email="maple@example.org",
    street="1 Hidden Lane",
    city="Nowhere",
    confidential_code="safe_at_home",
)
SECRETS = ("555-0177", "maple@example.org", "1 Hidden Lane", "Nowhere")


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def alder(small_world) -> Student:
    return small_world.students["alder"]


@pytest.fixture
def here(alder) -> str:
    return f"/students/{alder.public_id}/people"


def state(
    student: Student, number: int, start: date, contact=None, rights=None, end: date | None = None
) -> None:
    slot = {"student_id": student.pk, "contact_no": number}
    for kind, values in (("contact", contact), ("rights", rights)):
        if values is not None:
            statement = Statement(slot, values.content(), start, end)
            state_student_facts(kind, [statement], by_id=None, cause="test")


def row_of(page: str, name: str) -> str:
    """The words of one row of the first table."""
    table = page[page.index("Who decides, who gets the notices") :].split("</table>")[0]
    (found,) = [row for row in table.split("<tr>") if name in row.split("</th>")[0]]
    return without_marks(found)


def test_the_page_says_who_decides_and_what_comes_and_is_logged(here, alder, manager):
    page = text_of(manager.get(here))
    assert row_of(page, "Maple").startswith(
        "Maple Testcase Mother · from 08/01/2025 Yes Yes Parent: a biological or adoptive parent"
    )
    assert "Education Code 56028(a)(1)" in page
    assert "04/09/2034" in page and "Student and parents are told of it by 04/09/2033." in page
    assert "555-0100" in page
    assert reads() == [(alder.pk, "student.people")]
    assert "Add a person" not in page and "your perspective reads them" in page


def test_the_tab_stands_on_every_tab_with_its_count(here, alder, manager):
    for address in (f"/students/{alder.public_id}", here):
        answer = manager.get(address)
        assert here in addresses_in(answer)
        assert re.search(r'>People<span class="n">1</span>', text_of(answer))


def test_another_day_is_asked(here, alder, manager):
    state(
        alder,
        2,
        date(2026, 5, 4),
        ContactValues("Oak Testcase", "Aunt"),
        RightsValues("court_appointed", "court_order"),
    )
    page = text_of(manager.get(f"{here}?on=2026-05-03"))
    assert "Who decides on 05/03/2026" in page and row_of(page, "Maple").startswith(
        "Maple Testcase Mother · from 08/01/2025 Yes Yes"
    )
    assert (
        "05/04/2026</b> Oak Testcase begins (named by a court to decide on education). From that day decides: Oak"
        in page
    )
    page = text_of(manager.get(here))
    assert row_of(page, "Oak").startswith("Oak Testcase Aunt · from 05/04/2026 Yes Yes")
    assert row_of(page, "Maple").startswith(
        "Maple Testcase Mother · from 08/01/2025 No No A court named Oak Testcase."
    )
    page = text_of(manager.get(f"{here}?on=2034-04-09"))
    assert row_of(page, "Alder").startswith("Alder Testcase the student · from 04/09/2034 Yes Yes")


def test_before_anybody_and_with_no_date_the_page_says_so(here, manager):
    page = text_of(manager.get(f"{here}?on=2025-07-31"))
    assert "No rights holder is recorded for this day." in page and "No contact on this day" in page
    for odd in ("", "x", "2026-02-30", "9" * 4000, "0000-00-00"):
        assert "Who decides today" in text_of(manager.get(f"{here}?on={odd}"))


def test_a_contradiction_stands_on_the_page_and_beside_the_name(here, alder, manager):
    state(
        alder,
        2,
        date(2026, 5, 4),
        ContactValues("Oak Testcase", "Foster parent"),
        RightsValues("foster_parent"),
    )
    told = "A foster parent (Oak Testcase) decides only where a court limited the parents"
    page = text_of(manager.get(here))
    assert "It is not settled who decides." in page and page.count(told) == 2
    page = text_of(manager.get(f"/students/{alder.public_id}"))
    assert told in page and "Not settled: see People" in page


def test_a_near_18th_birthday_is_flagged_beside_the_name(alder, manager, here):
    for born, is_flagged in (
        (date(2008, 11, 24), True),
        (date(2009, 11, 24), True),
        (date(2009, 11, 25), False),
    ):
        Student.unscoped.filter(pk=alder.pk).update(birth_on=born)
        page = text_of(manager.get(f"/students/{alder.public_id}"))
        assert ("Turns 18 on 11/24/20" in page) is is_flagged, born
    Student.unscoped.filter(pk=alder.pk).update(birth_on=date(2008, 11, 23))
    page = text_of(manager.get(f"/students/{alder.public_id}"))
    assert "Turns 18" not in page and "Alder Testcase, the student" in page


def test_the_family_s_answer_is_asked_of_who_decides(small_world, alder, manager):
    meeting = pages.opened(small_world)
    manager.post(f"/meetings/{meeting.public_id}/services", {"add": "450"})
    address = f"/meetings/{meeting.public_id}?step=answer"
    page = text_of(manager.get(address))
    assert "May sign: Maple Testcase, mother" in page and 'value="Maple Testcase" maxlength="120"' in page
    state(alder, 2, date(2026, 5, 4), ContactValues("Oak Testcase", "Father"), RightsValues("parent"))
    page = text_of(manager.get(address))
    # Of two nobody is chosen in advance.
    assert "May sign: Maple Testcase, mother; or Oak Testcase, father. One of them is enough." in page
    assert 'value="Maple Testcase" maxlength="120"' not in page
    state(alder, 1, date(2026, 5, 4), rights=RightsValues("court_limited", "court_order"))
    page = text_of(manager.get(address))
    assert "May sign: Oak Testcase, father" in page and 'value="Oak Testcase" maxlength="120"' in page


def test_an_answer_by_somebody_who_does_not_decide_is_recorded_and_told(small_world, alder, manager):
    meeting = pages.held(small_world)
    address = f"/meetings/{meeting.public_id}?step=answer"
    keys = re.findall(r'name="by\.([^"]*)"', text_of(manager.get(address)))
    assert keys
    for name, is_told in (("Elm Testcase", True), ("maple testcase", False)):
        given = {f"by.{key}": name for key in keys} | {f"on.{key}": "2026-11-23" for key in keys}
        answer = manager.post(
            f"/meetings/{meeting.public_id}/consent", given | {"all": "agrees"}, follow=True
        )
        page = text_of(answer)
        assert "recorded." in page
        told = "Elm Testcase is not recorded as deciding on 11/23/2026; Maple Testcase is."
        assert (told in page) is is_told


def test_a_confidential_address_is_nowhere_until_it_is_asked_for(
    small_world, here, alder, coordinator, manager
):
    state(alder, 1, date(2026, 9, 1), SECRET)
    for client in (coordinator, manager):
        for address in (
            here,
            f"{here}?on=2026-10-01",
            f"/students/{alder.public_id}",
            f"/students/{alder.public_id}?tab=history",
        ):
            page = text_of(client.get(address))
            assert not [one for one in SECRETS if one in page], address
    page = text_of(manager.get(here))
    assert (
        "Ask the special education office to pass your message on." in page
        and "Government Code 6205 to 6210" in page
    )
    assert "/reveal" not in page
    form = text_of(coordinator.get(f"{here}/1"))
    assert not [one for one in SECRETS if one in form] and "Show them here; it is logged" in form
    assert (alder.pk, "contact.confidential") not in reads()

    answer = coordinator.post(f"{here}/1/reveal")
    page = text_of(answer)
    assert not [one for one in SECRETS if one not in page]
    assert answer["Cache-Control"] == "no-store"
    assert reads().count((alder.pk, "contact.confidential")) == 1
    assert "Confidential address, shown on request" in text_of(
        coordinator.get(f"/students/{alder.public_id}?tab=history")
    )

    refused = manager.post(f"{here}/1/reveal")
    assert refused.status_code == 403 and not [one for one in SECRETS if one in text_of(refused)]
    assert reads().count((alder.pk, "contact.confidential")) == 1


def test_saving_without_having_seen_keeps_the_confidential_part(here, alder, coordinator):
    state(alder, 1, date(2026, 9, 1), SECRET)
    seen = newest_version(Contact, alder, 1)
    given = {
        "on": "2026-10-01",
        "name": "Maple Oak Testcase",
        "confidential_code": "safe_at_home",
        "seen": seen,
    }
    assert coordinator.post(f"{here}/1", given).status_code == 302
    row = Contact.objects.believed().get(contact_no=1, effective_from=date(2026, 10, 1))
    assert (row.name, row.phone, row.street) == ("Maple Oak Testcase", "555-0177", "1 Hidden Lane")

    shown = text_of(coordinator.post(f"{here}/1", {"show": "1"}))
    assert not [one for one in SECRETS if one not in shown]
    assert reads().count((alder.pk, "contact.confidential")) == 1
    given |= {"seen": row.pk, "shown": "1", "phone": "555-0188", "on": "2026-11-01"}
    assert coordinator.post(f"{here}/1", given).status_code == 302
    row = Contact.objects.believed().get(contact_no=1, effective_from=date(2026, 11, 1))
    assert (row.phone, row.street) == ("555-0188", "")


def test_lifting_the_protection_without_a_look_is_refused(here, alder, coordinator):
    state(alder, 1, date(2026, 9, 1), SECRET)
    seen = newest_version(Contact, alder, 1)
    answer = coordinator.post(f"{here}/1", {"on": "2026-10-01", "name": "Maple Testcase", "seen": seen})
    page = text_of(answer)
    assert (
        answer.status_code == 422
        and "Look at the confidential address before it is shown to everybody." in page
    )
    assert not [one for one in SECRETS if one in page]
    assert Contact.objects.believed().latest("effective_from").confidential_code == "safe_at_home"


def test_a_person_is_added_once_with_a_right(here, alder, coordinator):
    form = text_of(coordinator.get(f"{here}/new"))
    assert 'name="contact_no" value="2"' in form
    given = {
        "contact_no": "2",
        "seen": "0",
        "on": "2026-11-02",
        "name": "Oak  Testcase",
        "relation": "Father",
        "phone": "555-0101",
    }
    for _ in range(2):
        assert coordinator.post(f"{here}/new", given).status_code == 302
    assert Contact.objects.filter(student=alder).count() == 2
    assert Contact.objects.get(contact_no=2).name == "Oak Testcase"
    right = {"seen": "0", "kind_code": "parent", "starts_on": "2026-11-02"}
    for _ in range(2):
        assert coordinator.post(f"{here}/2/rights", right).status_code == 302
    assert RightsHolder.objects.filter(contact_no=2).count() == 1
    page = text_of(coordinator.get(here))
    assert (
        "Each of them may sign alone" in page and "Recorded: Oak Testcase, parent, from 11/02/2026." in page
    )


def test_two_who_add_a_person_at_once_both_keep_what_they_wrote(here, alder, coordinator):
    given = {"contact_no": "2", "seen": "0", "on": "2026-11-02"}
    coordinator.post(f"{here}/new", given | {"name": "Oak Testcase"})
    answer = coordinator.post(f"{here}/new", given | {"name": "Elm Testcase"})
    page = text_of(answer)
    assert answer.status_code == 422 and "Somebody else recorded something here" in page
    assert 'value="Elm Testcase"' in page and 'name="contact_no" value="3"' in page
    coordinator.post(f"{here}/new", given | {"contact_no": "3", "name": "Elm Testcase"})
    names = Contact.objects.filter(student=alder).order_by("contact_no").values_list("name", flat=True)
    assert list(names) == ["Maple Testcase", "Oak Testcase", "Elm Testcase"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"kind_code": "surrogate", "starts_on": "2026-11-02"},
            "is recorded only with the paper that shows it",
        ),
        ({"kind_code": "parent"}, "The day is missing or is no date."),
        ({"kind_code": "nobody", "starts_on": "2026-11-02"}, "No kind is chosen."),
        (
            {"kind_code": "parent", "starts_on": "2026-11-02", "ends_on": "2026-11-01"},
            "The last day is before the first.",
        ),
        (
            {"kind_code": "parent", "starts_on": "2020-01-01"},
            "The person is no contact of the student on 01/01/2020.",
        ),
    ],
)
def test_a_refusal_keeps_what_was_typed_and_changes_nothing(here, alder, coordinator, given, told):
    seen = newest_version(RightsHolder, alder, 1)
    answer = coordinator.post(f"{here}/1/rights", given | {"seen": seen, "limitation": "Typed words"})
    page = text_of(answer)
    assert answer.status_code == 422 and told in page and 'value="Typed words"' in page
    assert RightsHolder.objects.count() == 1


def test_a_right_and_a_contact_are_ended_and_the_history_tells_of_it(here, alder, coordinator):
    seen = newest_version(RightsHolder, alder, 1)
    assert coordinator.post(f"{here}/1/rights/end", {"seen": seen}).status_code == 422
    assert (
        coordinator.post(f"{here}/1/rights/end", {"seen": seen, "last_on": "2026-10-31"}).status_code == 302
    )
    seen = newest_version(Contact, alder, 1)
    assert coordinator.post(f"{here}/1/end", {"seen": seen, "last_on": "2026-11-22"}).status_code == 302
    page = text_of(coordinator.get(here))
    assert "No rights holder is recorded for this day." in page
    assert "from 08/01/2025 to 10/31/2026" in page and "Juniper Mockup" in page
    assert "Ended a contact" in text_of(coordinator.get(f"/students/{alder.public_id}?tab=history"))


def test_who_may_not_keep_contacts_is_told_so_and_who_is_out_of_scope_finds_nothing(
    small_world, here, sign_in, manager
):
    for address in (f"{here}/new", f"{here}/1", f"{here}/1/rights"):
        answer = manager.get(address)
        assert answer.status_code == 403 and "you cannot keep contacts and rights holders" in text_of(answer)
    for address in (f"{here}/1/end", f"{here}/1/rights/end"):
        assert manager.post(address, {"last_on": "2026-11-01"}).status_code == 403
    other = sign_in(pages.other_coordinator(small_world))
    for address in (here, f"{here}/new", f"{here}/1", f"{here}/1/rights", f"/students/{NO_ID}/people"):
        assert other.get(address).status_code == 404, address
    for address in (f"{here}/1/reveal", f"{here}/1/end", f"{here}/1/rights/end"):
        assert other.post(address).status_code == 404, address
    assert not reads()


@pytest.mark.parametrize("number", ["2", "99", "99999999999999999999"])
def test_a_contact_that_is_none_is_not_found(here, coordinator, number):
    for address in (f"{here}/{number}", f"{here}/{number}/rights"):
        assert coordinator.get(address).status_code == 404
    assert coordinator.post(f"{here}/{number}/end", {"last_on": "2026-11-01"}).status_code == 404
    assert coordinator.post(f"{here}/{number}/reveal").status_code == 403


# those of the student page; contacts of the day, every version of contacts and of rights
PEOPLE_QUERIES = 15


@pytest.mark.parametrize("count", [1, 12])
def test_the_page_costs_the_same_for_few_and_many_people(
    here, alder, coordinator, django_assert_num_queries, count
):
    for number in range(2, 2 + count):
        state(alder, number, date(2026, 5, 4), ContactValues(f"Elm{number} Testcase"), RightsValues("parent"))
    coordinator.get(here)
    with django_assert_num_queries(PEOPLE_QUERIES):
        coordinator.get(here)
