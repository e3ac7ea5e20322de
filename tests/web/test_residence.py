"""District of residence on pages: the office says it and takes it back, the record shows it with its owner, and of a
child near three it is told who owes the IEP, by which fact, and whose job it is where no fact says it."""

from __future__ import annotations

from datetime import date
from html import unescape

import pytest

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.deadlines.recompute import recompute_stale
from manzanita.orgs.models import Agency
from manzanita.students.models import AgencyRelation, Student
from tests.support import pages
from tests.support import world as w
from tests.support.pages import addresses_in, text_of
from tests.support.special import state, student_of

BORN, SINCE = date(2024, 2, 2), date(2026, 4, 3)
UNKNOWN = (
    "Which LEA owes the IEP is not known: no district is planned for next year, no district of residence is known, and "
    "the IFSP holds no other LEA accountable."
)
NOBODY = "No SIS has enrolled the student today."


@pytest.fixture
def plover(small_world) -> Student:
    """Turns three on February 2, 2027; the district serves the child, whom no SIS has enrolled."""
    made = student_of("Plover", BORN, plan={"plan_type_code": "150"})
    slot = {"student_id": made.pk, "lea_code": w.LEA, "started_on": date(2026, 8, 17)}
    state("enrollment", slot, None, date(2026, 8, 17))
    recompute_stale()
    return made


def said(**more: str) -> dict[str, str]:
    return {
        "do": "say",
        "district": w.OTHER_LEA,
        "from_on": "2026-09-01",
        "reason": "The mother told us on the phone.",
        **more,
    }


def fields(student: Student, key: str) -> str:
    return f"/students/{student.public_id}/fields/{key}"


def shown(answer, key: str) -> str:
    """The row of a field on the record tab."""
    page = answer.content.decode()
    (row,) = [one for one in page.split("<tr") if f"/fields/{key}" in one and "<td" in one]
    return row.split("</tr>")[0]


def test_the_office_says_it_and_takes_it_back(small_world, plover, sign_in):
    client, address = sign_in(small_world.coordinator), f"/students/{plover.public_id}/residence"
    assert f"Not known. {NOBODY}" in text_of(client.get(address))
    assert pages.reads()[-1] == (plover.pk, "student.residence")
    answer = client.post(address, said(), follow=True)
    page = text_of(answer)
    assert "Recorded. It counts until a SIS file says where the student lives." in page
    assert f"{w.OTHER_LEA} Heron Creek Unified" in page and "09/01/2026, until further notice" in page
    assert "Juniper Mockup" in page and "“The mother told us on the phone.”" in page
    assert "It stands so already" in text_of(client.post(address, said(), follow=True))

    row = AgencyRelation.objects.believed().get(student=plover)
    record = shown(client.get(f"/students/{plover.public_id}"), "residence.agency_code")
    assert f"{w.OTHER_LEA} Heron Creek Unified" in record
    history = client.get(fields(plover, "residence.agency_code"))
    told = text_of(history)
    assert "Effective 09/01/2026 to open" in told and "Recorded by the office" in told
    assert "“The mother told us on the phone.”" in told and address in addresses_in(history)

    seen = client.get(address).content.decode().split('name="seen" value="')[1].split('"')[0]
    page = text_of(client.post(address, {"do": "back", "seen": seen}, follow=True))
    assert "Taken back" in page and f"Not known. {NOBODY}" in page and "Take it back" not in page
    row.refresh_from_db()
    assert row.superseded_at is not None


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"district": ""}, "District of residence: none is chosen."),
        ({"district": "9999999"}, "the directory has no such district"),
        ({"from_on": ""}, "From which day: not said."),
        ({"from_on": "yesterday"}, "“yesterday” is no day"),
        ({"reason": " "}, "How you know: not said."),
    ],
)
def test_what_is_lacking_is_said_and_what_was_typed_is_kept(small_world, plover, sign_in, sent, told):
    client = sign_in(small_world.coordinator)
    answer = client.post(f"/students/{plover.public_id}/residence", said(**sent))
    assert answer.status_code == 422 and told in text_of(answer)
    assert not AgencyRelation.objects.exists()
    kept = unescape(answer.content.decode())
    if "reason" not in sent:
        assert 'value="The mother told us on the phone."' in kept
    if "district" not in sent:
        assert f'value="{w.OTHER_LEA}" selected' in kept


def test_where_the_sis_says_it_the_page_says_whose_job_it_is_and_leads_there(small_world, plover, sign_in):
    values = pages.enrollment() | {"residence_code": w.LEA}
    slot = {"student_id": plover.pk, "lea_code": w.LEA, "started_on": date(2026, 11, 2)}
    state("enrollment", slot, values, date(2026, 11, 2))
    client = sign_in(small_world.coordinator)
    answer = client.get(f"/students/{plover.public_id}/residence")
    page = text_of(answer)
    assert f"{w.LEA} Chaparral Unified, where the student is enrolled" in page
    assert (
        "The SIS says where the student lives, since 11/02/2026 (SENR 1.31)" in page and "SIS staff" in page
    )
    assert f"/students/{plover.public_id}/enrollments" in addresses_in(answer)
    assert 'name="district"' not in answer.content.decode()
    refused = client.post(f"/students/{plover.public_id}/residence", said())
    assert refused.status_code == 422 and "SENR 1.31" in text_of(refused)
    record = shown(client.get(f"/students/{plover.public_id}"), "enrollment.residence_code")
    assert f"{w.LEA} Chaparral Unified" in record


def enrolled(student: Student, since: date, last: date | None = None, **more: str) -> None:
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": since}
    state("enrollment", slot, pages.enrollment() | {"grade_code": "IN"} | more, since, last)


def test_what_counts_only_to_a_day_says_through_which(small_world, plover, sign_in):
    # The SIS said from October 5 to 30 that the child lives at home, and leaves it blank since.
    enrolled(plover, date(2026, 10, 5), date(2026, 10, 30), residence_code=w.LEA)
    enrolled(plover, date(2026, 10, 31))
    client, address = sign_in(small_world.coordinator), f"/students/{plover.public_id}/residence"
    page = text_of(client.post(address, said(), follow=True))
    assert (
        "Recorded. It counts through 10/04/2026: of the next day a SIS says where the student lives (SENR 1.31)."
        in page
    )
    assert "Recorded. It counts until" not in page
    row = AgencyRelation.objects.believed().get(student=plover)
    assert (row.effective_from, row.effective_to) == (date(2026, 9, 1), date(2026, 10, 4))


def test_a_secondary_enrollment_says_on_no_page_where_the_child_lives(small_world, plover, sign_in):
    enrolled(plover, date(2026, 11, 2), status_code="20", residence_code=w.LEA)
    client = sign_in(small_world.coordinator)
    record, _, group, _ = facts_told(client, plover)
    assert UNKNOWN in record and UNKNOWN in group
    address = f"/students/{plover.public_id}/residence"
    page = text_of(client.get(address))
    secondary = "The enrollment is a secondary one (SENR 1.23), and such a one does not say it."
    assert f"Not known. {secondary}" in page
    assert "Recorded. It counts until" in text_of(client.post(address, said(), follow=True))


def test_two_at_one_record_nothing_is_lost(small_world, plover, sign_in):
    client, address = sign_in(small_world.coordinator), f"/students/{plover.public_id}/residence"
    stamp = client.get(address).content.decode().split('name="record_seen" value="')[1].split('"')[0]
    other = add_person(email="second.mockup@example.org", name="Second Mockup", password=w.PASSWORD)
    lea = Agency.objects.get(code=w.LEA)
    grant_perspective(
        user=other,
        perspective_key="coordinator",
        agency=lea,
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    sign_in(other).post(address, said(reason="A letter."))
    answer = client.post(address, said(district="none", record_seen=stamp))
    assert answer.status_code == 409
    assert "Second Mockup" in text_of(answer)
    assert "recorded in which district the student lives" in text_of(answer)
    assert AgencyRelation.objects.believed().get(student=plover).effective_to is None


def facts_told(client, student: Student) -> tuple[str, list[str], str, list[str]]:
    record, group = (
        client.get(one) for one in (f"/students/{student.public_id}", "/students/groups?group=c-to-b")
    )
    return text_of(record), addresses_in(record), text_of(group), addresses_in(group)


@pytest.mark.parametrize("who", ["coordinator", "case_manager"])
def test_who_owes_the_iep_by_which_fact_and_where_it_is_said(small_world, plover, sign_in, who):
    state("assignment", {"student_id": plover.pk}, {"user_id": small_world.case_manager.pk})
    client = sign_in(getattr(small_world, who))

    job = "Whose job: the SEDS coordinator of the LEA that serves the child."
    record, links, group, steps = facts_told(client, plover)
    assert f"Turns three on 02/02/2027. {UNKNOWN} {job}" in record
    assert f"Turns three on 02/02/2027. {UNKNOWN} {job}" in group
    said_at = fields(plover, "residence.agency_code")
    assert said_at in links and said_at in steps
    field = client.get(said_at)
    if who == "coordinator":
        assert f"/students/{plover.public_id}/residence" in addresses_in(field)
    else:
        # No silent no: why not, and whom to ask.
        assert "Case manager" in text_of(field) or "coordinator" in text_of(field).lower()
        assert f"/students/{plover.public_id}/residence" not in addresses_in(field)

    slot = {"student_id": plover.pk}
    for kind, more, key, words in (
        ("plan", None, "plan.dsea_code", "the district that the IFSP holds accountable (PLAN 23.10)"),
        (
            "agency",
            "residence",
            "residence.agency_code",
            "the district of residence (recorded by the office)",
        ),
        ("agency", "next_year", "next.agency_code", "the district planned for next year"),
    ):
        if more is None:
            plan = {**pages.plan(), "plan_type_code": "150", "dsea_code": w.OTHER_LEA}
            state(kind, slot, plan, date(2026, 8, 17))
        else:
            named = {"agency_code": w.OTHER_LEA, "school_code": ""}
            state(kind, {**slot, "relationship": more}, named, w.TODAY)
        record, links, group, steps = facts_told(client, plover)
        owes = f"Owes the IEP from 02/02/2027 on: Heron Creek Unified. Known by: {words}."
        assert owes in record, key
        assert f"Turns three on 02/02/2027. Then in Heron Creek Unified. Known by: {words}." in group, key
        assert fields(plover, key) in links and fields(plover, key) in steps
        assert client.get(fields(plover, key)).status_code == 200
        assert UNKNOWN not in record + group


def test_the_sis_says_it_of_a_child_who_is_enrolled(small_world, plover, sign_in):
    slot = {"student_id": plover.pk, "lea_code": w.LEA, "started_on": date(2026, 11, 2)}
    client = sign_in(small_world.coordinator)
    values = pages.enrollment() | {"grade_code": "IN"}
    state("enrollment", slot, values, date(2026, 11, 2))
    record, _, group, _ = facts_told(client, plover)
    job = "Whose job: the SIS staff enters it (1.31); until then the SEDS coordinator may say it here."
    assert job in record and job in group
    state("enrollment", slot, values | {"residence_code": w.LEA}, date(2026, 11, 2))
    record, links, group, _ = facts_told(client, plover)
    by = "Known by: the district of residence (by the SIS, SENR 1.31)."
    assert f"Owes the IEP from 02/02/2027 on: Chaparral Unified. {by}" in record
    assert f"Chaparral Unified goes on. {by}" in group
    assert fields(plover, "enrollment.residence_code") in links


def test_the_perspective_reads_the_record_and_nothing_else(small_world, plover, sign_in):
    named = {"agency_code": w.OTHER_LEA, "school_code": ""}
    state("agency", {"student_id": plover.pk, "relationship": "residence"}, named, SINCE, w.TODAY)
    person = add_person(email="sorrel.mockup@example.org", name="Sorrel Mockup", password=w.PASSWORD)
    grant_perspective(
        user=person,
        perspective_key="residence",
        agency=Agency.objects.get(code=w.OTHER_LEA),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    client, here = sign_in(person), f"/students/{plover.public_id}"
    assert "Testcase, Plover" in text_of(client.get("/students"))
    assert "Plover Testcase" in text_of(client.get(here))
    # By hand, from perspectives.csv: it reads, and does nothing.
    for address in (f"{here}/residence", f"{here}/changes", f"{here}/leaving", f"{here}/meetings/new"):
        assert client.get(address).status_code == 403, address
    alder = small_world.students["alder"]
    assert client.get(f"/students/{alder.public_id}").status_code == 404


def test_a_residence_that_ended_yesterday_opens_nothing(small_world, plover, sign_in):
    named = {"agency_code": w.OTHER_LEA, "school_code": ""}
    state("agency", {"student_id": plover.pk, "relationship": "residence"}, named, SINCE, date(2026, 11, 22))
    client = sign_in(pages.other_coordinator(small_world))
    assert client.get(f"/students/{plover.public_id}").status_code == 404
    assert "Testcase, Plover" not in text_of(client.get("/students?list=all"))
    assert "Testcase, Plover" not in text_of(client.get("/students/groups?group=c-to-b"))


# As many as before residence was told: it comes with what was read anyway.
GROUP_QUERIES = 25


@pytest.mark.parametrize("count", [1, 20])
def test_the_list_costs_the_same_for_few_and_many(small_world, sign_in, django_assert_max_num_queries, count):
    for number in range(count):
        child = student_of(f"Plover{number}", BORN, plan={"plan_type_code": "150"})
        named = {"agency_code": w.OTHER_LEA, "school_code": ""}
        state("agency", {"student_id": child.pk, "relationship": "residence"}, named)
    recompute_stale()
    client = sign_in(small_world.coordinator)
    client.get("/students/groups?group=c-to-b")
    with django_assert_max_num_queries(GROUP_QUERIES):
        client.get("/students/groups?group=c-to-b")
