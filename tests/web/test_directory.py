"""Whom to ask at which agency: search, who keeps what, the yearly confirmation, and files with their errors."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.auditing.models import ChangeEvent
from manzanita.orgs.directory_actions import ContactGiven, NotSaved, load_agency_contacts, save_agency_contact
from manzanita.orgs.models import Agency, AgencyContact
from manzanita.platform import clock
from tests.support import pages
from tests.support import world as w
from tests.support.pages import addresses_in, text_of

HEAD = "agency_code,role,name,phone,email,hours\n"
OURS = f"/directory/{w.LEA}"


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def selpa(small_world, sign_in) -> Client:
    agency = Agency.objects.create(code=w.SELPA, kind="selpa", name="Chaparral SELPA", selpa_code=w.SELPA)
    user = add_person(email="ibis.sample@example.org", name="Ibis Sample", password=w.PASSWORD)
    grant = grant_perspective(
        user=user, perspective_key="selpa", agency=agency, starts_on=date(2026, 7, 1), by=None, reason="test"
    )
    return sign_in(user, grant)


def contact(
    code: str = w.LEA, role: str = "seds_coordinator", name: str = "Juniper Mockup", **more
) -> AgencyContact:
    given = {
        "phone": "555-0120",
        "valid_from": date(2025, 7, 1),
        "confirmed_on": date(2026, 8, 3),
        "updated_at": clock.now(),
    }
    return AgencyContact.objects.create(
        agency=Agency.objects.get(code=code), role_code=role, name=name, **(given | more)
    )


def test_everybody_signed_in_reads_who_is_asked_and_nobody_else(small_world, manager):
    contact()
    contact(w.OTHER_LEA, "records_office", "Records Office", phone="", email="records@example.org")
    page = text_of(manager.get("/directory"))
    assert "2 agencies: districts, county offices and SELPAs." in page
    for words in (
        "Chaparral Unified",
        "Juniper Mockup",
        "555-0120",
        "Heron Creek Unified",
        "records@example.org",
    ):
        assert words in page, words
    assert "Meadowlark" not in page  # a nonpublic agency
    assert "Load a file" not in page
    assert Client().get("/directory").status_code == 302


@pytest.mark.parametrize(
    ("asked", "found", "left_out"),
    [
        ("q=heron", "Heron Creek Unified", "Chaparral Unified"),
        (f"q={w.OTHER_LEA}", "Heron Creek Unified", "Chaparral Unified"),
        ("q=juniper", "Chaparral Unified", "Heron Creek Unified"),
        ("role=records_office", "Heron Creek Unified", "Chaparral Unified"),
        ("county=99&q=unified", "Chaparral Unified", "No agency is found"),
        ("county=19", "No agency is found", "Chaparral Unified"),
        ("q=xyz", "No agency is found", "Chaparral Unified"),
    ],
)
def test_agencies_are_found_by_name_code_person_county_and_office(
    small_world, manager, asked, found, left_out
):
    contact()
    contact(w.OTHER_LEA, "records_office", "Records Office")
    contact(w.OTHER_LEA, "seds_coordinator", "Juniper Past", valid_to=date(2026, 11, 22))
    page = text_of(manager.get(f"/directory?{asked}"))
    main = page[page.index('id="main"') :]
    table = main[main.index("</form>") :]
    assert found in table and left_out not in table


@pytest.mark.parametrize("value", ["", "x", "%00", "'", "%ED%A0%80", "9" * 3000, "%F0%9F%A6%89"])
def test_odd_questions_are_answered(small_world, coordinator, value):
    for key in ("q", "county", "role", "after"):
        assert coordinator.get(f"/directory?{key}={value}").status_code == 200
    assert coordinator.get(f"{OURS}?change={value}").status_code == 200


def test_an_agency_keeps_its_own_contacts_and_not_those_of_others(small_world, coordinator, manager):
    given = {
        "role": "records_office",
        "name": "Records  Office",
        "email": "records@example.org",
        "hours": "8 to 4",
    }
    for _ in range(2):
        assert coordinator.post(OURS, given).status_code == 302
    (row,) = AgencyContact.objects.all()
    assert (row.name, row.confirmed_on, row.updated_by_id) == (
        "Records Office",
        w.TODAY,
        small_world.coordinator.pk,
    )

    changed = given | {"contact": row.pk, "phone": "555-0121"}
    assert coordinator.post(OURS, changed).status_code == 302
    row.refresh_from_db()
    assert row.phone == "555-0121" and AgencyContact.objects.count() == 1

    for client, address in ((manager, OURS), (coordinator, f"/directory/{w.OTHER_LEA}")):
        answer = client.post(address, given | {"name": "Somebody"})
        page = text_of(answer)
        assert answer.status_code == 422 and "you do not keep the contacts of" in page
        assert "The SEDS coordinator of that agency keeps them, or its SELPA." in page
        assert client.post(f"{address}/confirm").status_code == 422
    assert AgencyContact.objects.count() == 1
    # Beside the second factors with which the two signed in.
    acts = ChangeEvent.objects.exclude(action="add_authenticator_app")
    assert set(acts.values_list("action", flat=True)) == {"save_agency_contact"}


def test_a_selpa_keeps_those_of_its_members(small_world, selpa):
    given = {"role": "calpads_administrator", "name": "Fern Sample", "phone": "555-0130"}
    for code in (w.LEA, w.OTHER_LEA, w.SELPA):
        assert selpa.post(f"/directory/{code}", given).status_code == 302
    assert AgencyContact.objects.count() == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"role": "janitor", "name": "A", "phone": "1"}, "“janitor” is no role here."),
        ({"role": "records_office", "name": " ", "phone": "1"}, "The name is missing."),
        ({"role": "records_office", "name": "A"}, "There is neither phone nor e-mail."),
        ({"role": "records_office", "name": "A", "email": "a at b"}, "“a at b” is no e-mail address."),
        ({"role": "records_office", "name": "A" * 121, "phone": "1"}, "It is longer than 120 characters."),
    ],
)
def test_what_is_wrong_is_said_with_its_fix_and_kept(small_world, coordinator, given, told):
    answer = coordinator.post(OURS, given | {"hours": "8 to 4"})
    page = text_of(answer)
    assert answer.status_code == 422 and told in page and 'value="8 to 4"' in page
    assert not AgencyContact.objects.exists()


def test_what_was_confirmed_more_than_a_year_ago_is_marked_until_it_is_confirmed(
    small_world, coordinator, manager
):
    contact(confirmed_on=date(2025, 11, 22))
    contact(role="records_office", name="Records Office", confirmed_on=date(2025, 11, 23))
    page = text_of(manager.get("/directory"))
    assert "Not confirmed since 11/22/2025" in page and "Not confirmed since 11/23/2025" not in page
    assert "that you keep" not in page
    assert "1 contact that you keep was last confirmed more than a year ago." in text_of(
        coordinator.get("/directory")
    )
    for _ in range(2):
        assert coordinator.post(f"{OURS}/confirm").status_code == 302
    assert "Not confirmed" not in text_of(manager.get("/directory"))
    assert ChangeEvent.objects.filter(action="confirm_agency_contact").count() == 2


def test_who_leaves_is_asked_until_the_last_day_and_told_of_after_it(small_world, coordinator):
    row = contact()
    assert coordinator.post(f"{OURS}/end", {"contact": row.pk}).status_code == 422
    assert coordinator.post(f"{OURS}/end", {"contact": row.pk, "last_on": "2025-06-30"}).status_code == 422
    for _ in range(2):
        assert (
            coordinator.post(f"{OURS}/end", {"contact": row.pk, "last_on": "2026-11-22"}).status_code == 302
        )
    page = text_of(coordinator.get(OURS))
    assert "Nobody is recorded yet" in page and "07/01/2025 to 11/22/2026" in page
    assert "Juniper Mockup</td>" not in text_of(coordinator.get("/directory"))
    assert coordinator.post(f"{OURS}/end", {"contact": "x", "last_on": "2026-11-22"}).status_code == 404


def load(client: Client, text: str | bytes):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post("/directory/load", {"file": SimpleUploadedFile("contacts.csv", content)})


def test_a_file_is_loaded_and_loading_it_again_only_confirms(small_world, coordinator):
    text = (
        f"{HEAD}{w.LEA},seds_coordinator,Juniper Mockup,555-0120,,\n"
        f'{w.LEA},records_office,"Records, Main",,r@example.org,8 to 4\n'
    )
    assert load(coordinator, "\ufeff" + text).status_code == 302
    assert AgencyContact.objects.count() == 2
    assert load(coordinator, text.replace("8 to 4", "8 to 3")).status_code == 302
    page = text_of(coordinator.get("/directory"))
    assert "Added 0, changed 1, confirmed 1." in page
    assert AgencyContact.objects.get(role_code="records_office").hours == "8 to 3"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            f"{HEAD}1234567,seds_coordinator,A,1,,\n",
            "Row 2, agency_code: “1234567” is no LEA or SELPA known here.",
        ),
        (f"{HEAD}{w.LEA},boss,A,1,,\n", "Row 2, role: “boss” is no role here."),
        (f"{HEAD}{w.LEA},records_office,A,1,x,\n", "Row 2, email: “x” is no e-mail address."),
        (f"{HEAD}{w.LEA},records_office,A,,,\n", "Row 2, phone: There is neither phone nor e-mail."),
        (
            f"{HEAD}{w.OTHER_LEA},records_office,A,1,,\n",
            "Row 2, agency_code: As SEDS coordinator at Chaparral Unified",
        ),
        (
            f"{HEAD}{w.LEA},records_office,A,1,,\n" * 1 + f"{w.LEA},records_office,A,2,,\n",
            "Row 3, name: Row 2 names the same",
        ),
        (f"{HEAD}{w.LEA},records_office,A,1,,,,\n", "Row 2: The row has more fields than the first line."),
        ("agency_code,role\n", "Row 1, name: The column is missing."),
        (HEAD.replace("hours", "shoe"), "Row 1, shoe: The column is not known."),
        (HEAD, "Row 1: The file has no rows."),
        ("", "Row 1, agency_code: The column is missing."),
        (b"agency_code,role,name\n\xff\xfe,a,b\n", "The file is not UTF-8 text."),
    ],
)
def test_a_file_with_an_error_loads_nothing_and_names_row_field_and_fix(small_world, coordinator, text, told):
    good = f"{w.LEA},seds_coordinator,Juniper Mockup,555-0120,,\n"
    if isinstance(text, str) and text.startswith(HEAD) and text != HEAD:
        text += good
    answer = load(coordinator, text)
    assert answer.status_code == 422 and told in text_of(answer)
    assert not AgencyContact.objects.exists()


def test_only_who_manages_people_loads_files(small_world, manager):
    assert load(manager, f"{HEAD}{w.LEA},records_office,A,1,,\n").status_code == 403
    assert not AgencyContact.objects.exists()


def test_the_installation_may_load_for_every_agency(small_world):
    text = f"{HEAD}{w.LEA},records_office,A,1,,\n{w.OTHER_LEA},records_office,B,1,,\n"
    assert load_agency_contacts(actor=None, text=text).added == 2
    with pytest.raises(NotSaved):
        save_agency_contact(
            actor=small_world.case_manager_actor,
            agency=Agency.objects.get(code=w.LEA),
            given=ContactGiven("records_office", "C", "1"),
        )


def test_pages_that_name_an_agency_lead_to_whom_to_ask(small_world, manager):
    pages.finalized(small_world)
    assert "/directory" in addresses_in(manager.get("/students"))
    assert f"/directory?q={w.LEA}" in addresses_in(manager.get("/state"))
    assert "/directory" in addresses_in(manager.get("/students/018f0000-0000-7000-8000-000000000000"))
    assert manager.get("/directory/0000000").status_code == 404
    assert manager.get(f"/directory/{w.NPA}").status_code == 404


# session, user, grants; count, agencies, contacts, counties, SELPAs, own agency, own contacts to confirm
DIRECTORY_QUERIES = 10


@pytest.mark.parametrize("count", [1, 2000])
def test_the_directory_costs_the_same_for_few_and_for_2000_agencies(
    small_world, coordinator, django_assert_num_queries, count
):
    agencies = Agency.objects.bulk_create(
        [
            Agency(code=f"19{n:05}", kind="lea", name=f"Quill {n:04} Unified", selpa_code="1901")
            for n in range(count)
        ]
    )
    at = clock.now()
    AgencyContact.objects.bulk_create(
        AgencyContact(
            agency=one,
            role_code="seds_coordinator",
            name="A",
            phone="1",
            valid_from=w.TODAY,
            confirmed_on=w.TODAY,
            updated_at=at,
        )
        for one in agencies
    )
    contact()
    coordinator.get("/directory")
    with django_assert_num_queries(DIRECTORY_QUERIES):
        answer = coordinator.get("/directory")
    if count > 1:
        seen, address = [], "/directory"
        for _ in range(45):
            page = coordinator.get(address)
            seen += [one for one in addresses_in(page) if one.startswith("/directory/19")]
            following = [one for one in addresses_in(page) if "after=" in one]
            if not following:
                break
            address = following[-1]
        assert len(seen) == len(set(seen)) == count
    else:
        assert "after=" not in text_of(answer)
