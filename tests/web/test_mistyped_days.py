"""A day that is mistyped is not taken for blank: every form names the field, keeps what was typed, and does nothing."""

from __future__ import annotations

import re
from datetime import date

import pytest

from manzanita.accounts.models import Grant
from manzanita.arrivals.actions import say_arrived
from manzanita.auditing.models import ChangeEvent
from manzanita.students.models import SsidRetirement
from manzanita.web.form_days import mistyped
from tests.support import later
from tests.support import world as w
from tests.support.merging import entered_again, pair_of
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db
SOON = "soon"
WAY_OUT = "Write it as 11/23/2026, or choose it."


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


def test_what_is_mistyped_and_what_is_blank():
    labels = {"first": "First day", "last": "Last day", "other": "Other day"}
    found = mistyped({"first": " 2026-11-31 ", "last": "\0 "}, labels)
    assert found.typed == {"first": "2026-11-31"} and bool(found)
    (reason,) = found.reasons
    assert reason.text == "First day: “2026-11-31” is no day, and is not taken for blank."
    assert (reason.owner.value, reason.way_out) == ("You", WAY_OUT)
    assert not mistyped({"first": "11/23/2026"}, labels)


def refused(client, address: str, sent: dict, label: str, field: str, kept: str = "") -> str:
    """The page of a refusal: the field, the fix, what was typed, and nothing done."""
    before = ChangeEvent.objects.count()
    answer = client.post(address, sent | {field: SOON})
    page = text_of(answer)
    assert answer.status_code == 422, page[:2000]
    assert f"{label}: “{SOON}” is no day" in page and WAY_OUT in page
    # In a plain field: a control for days would show it as blank.
    assert re.search(rf'name="{field}" type="text" value="{SOON}"', answer.content.decode()), field
    assert kept in answer.content.decode()
    assert ChangeEvent.objects.count() == before
    return page


@pytest.mark.parametrize("what", ["end", "extend"])
def test_the_last_day_of_a_grant(small_world, client, what):
    grant = Grant.objects.get(user=small_world.case_manager)
    sent = {"reason": "Goes on leave in the spring."}
    refused(client, f"/admin/grants/{grant.pk}/{what}", sent, "Last day", "ends_on", sent["reason"])
    assert Grant.objects.get(pk=grant.pk).ends_on is None


@pytest.mark.parametrize(("field", "label"), [("starts_on", "First day"), ("ends_on", "Last day")])
def test_the_days_of_a_grant_that_is_given(small_world, client, field, label):
    sent = {
        "perspective": "case_manager",
        "agency": w.LEA,
        "reason": "Summer school of 2027.",
        "starts_on": "2026-11-23",
        "email": "quail.mockup@example.org",
        "name": "Quail Mockup",
    }
    refused(client, f"/admin/people/{small_world.case_manager.pk}/give", sent, label, field, sent["reason"])
    refused(client, "/admin/add", sent, label, field, "quail.mockup@example.org")


LEAVING = {"reason": "diploma", "note": "Said by the counselor.", "on": "2026-11-20"}


@pytest.mark.parametrize(
    ("reason", "field", "label"),
    [
        ("diploma", "notice_on", "Prior written notice given on"),
        ("diploma", "summary_on", "Summary of performance given on"),
        ("revoked_consent", "letter_on", "Day of the letter"),
    ],
)
@pytest.mark.parametrize("deed", [{"check": "1"}, {}])
def test_papers_and_letter_of_a_leaving(small_world, client, reason, field, label, deed):
    alder = small_world.students["alder"]
    sent = LEAVING | {"reason": reason} | deed
    refused(client, f"/students/{alder.public_id}/leaving", sent, label, field, LEAVING["note"])


@pytest.mark.parametrize("deed", ["look", "retire"])
def test_since_when_an_ssid_is_retired(small_world, client, deed):
    alder = small_world.students["alder"]
    sent = {"ssid": "9900000005", "kind": "merged", "new_ssid": "9900000555", "source": "CALPADS history"}
    refused(
        client, f"/students/{alder.public_id}/ssids", sent | {"do": deed}, "Since", "on", "CALPADS history"
    )
    assert not SsidRetirement.objects.exists()


@pytest.mark.parametrize("deed", ["look", "merge"])
def test_a_retired_ssid_when_two_records_are_put_together(small_world, client, deed):
    alder = small_world.students["alder"]
    pair = pair_of(alder, entered_again(ssid="9900000777"))
    address = f"/students/duplicates/{pair.pk}"
    sent = {"do": deed, "reason": "Birth certificate seen", "retired_ssid": "9900000005"}
    refused(client, address, sent, "SSID retired since", "retired_on", "Birth certificate seen")
    page = text_of(client.post(address, sent))
    assert "The day since which the state has retired the SSID is missing." in page
    page = text_of(client.post(address, sent | {"retired_ssid": "", "retired_on": "2026-11-20"}))
    assert "A day is given, and no SSID that the state has retired." in page
    assert not SsidRetirement.objects.exists()


@pytest.mark.parametrize(("field", "label"), [("starts_on", "From"), ("ends_on", "Through")])
def test_the_term_of_an_assignment(small_world, client, field, label):
    sent = {"kind": "assignment", "to": str(small_world.case_manager.pk), "starts_on": "2026-11-23"}
    refused(client, "/assign", sent | {"reason": "On leave"}, label, field, "On leave")


@pytest.mark.parametrize(
    ("field", "label"),
    [("starts_on", "From"), ("until", "Comes back: through"), ("last_day", "Leaves: last day")],
)
def test_the_days_of_a_handing_over(small_world, client, field, label):
    address = f"/admin/people/{small_world.case_manager.pk}/hand-over"
    refused(client, address, {"starts_on": "2026-11-23", "reason": "On leave"}, label, field, "On leave")


def test_the_first_day_of_a_roster(client):
    sent = {"rows": "Quail Mockup, quail.mockup@example.org"}
    refused(client, "/admin/roster", sent, "First day where a row names none", "starts_on", sent["rows"])


@pytest.mark.parametrize(("field", "label"), [("first_on", "From"), ("last_on", "Through")])
def test_the_days_of_a_room(client, field, label):
    sent = {"kind": "room", "name": "Room 12", "weekday": "2"}
    refused(client, "/caseload/supplies", sent, label, field, "Room 12")


def test_the_last_day_of_what_is_lent(small_world, client):
    sent = {
        "grant": str(Grant.objects.get(user=small_world.coordinator).pk),
        "to": str(small_world.case_manager.pk),
        "reason": "Two weeks in December.",
    }
    refused(client, "/lend", sent, "Through", "ends_on", sent["reason"])


@pytest.mark.parametrize(
    ("field", "label"),
    [("starts_on", "From"), ("ends_on", "Last day"), ("evidence_on", "Date of the paper")],
)
def test_the_days_of_a_right(small_world, client, field, label):
    alder = small_world.students["alder"]
    sent = {"kind_code": "parent", "starts_on": "2026-11-23", "limitation": "not on placement", "seen": "0"}
    refused(client, f"/students/{alder.public_id}/people/1/rights", sent, label, field, "not on placement")


@pytest.mark.parametrize("deed", [{"check": "1"}, {}])
def test_the_first_consent_of_a_later_start(small_world, client, deed):
    yarrow = small_world.students["yarrow"]
    later.agreed_in_spring(small_world.coordinator_actor, yarrow)
    sent = {"reason": "Services began.", "on": "2026-08-13"} | deed
    address = f"/students/{yarrow.public_id}/changes/services_start"
    refused(client, address, sent, "First consent to services", "consented_on", "Services began.")


@pytest.mark.parametrize("field", ["entered_on", "stopped_on"])
def test_the_days_of_a_plan_on_paper(small_world, client, field):
    arrival = say_arrived(actor=small_world.coordinator_actor, student=small_world.students["yarrow"])
    label = {"entered_on": "First consent to services ever", "stopped_on": "Takes no part since"}[field]
    sent = {"starts_on": "2023-02-01", "reason": "From the family."}
    refused(client, f"/arrivals/{arrival.public_id}/plan", sent, label, field, "From the family.")


@pytest.mark.parametrize("field", ["agreement_first", "agreement_last"])
def test_the_days_of_an_agreement_that_is_asked_for(client, field):
    label = {"agreement_first": "Agreement, from", "agreement_last": "Agreement, through"}[field]
    sent = {"kind": "new", "place": "nps", "name": "Blue Oak School", "code": "9990001", "day": "2026-11-23"}
    refused(client, "/directory/requests/new", sent, label, field, "Blue Oak School")


@pytest.mark.parametrize(
    ("address", "label", "shown"),
    [
        ("/students/{alder}/people?on=soon", "As of", "Shown is today."),
        (
            "/calendars/9910017/2026-2027?known=soon",
            "As it was believed on",
            "Shown is the calendar as it is now.",
        ),
        ("/due?until=soon", "Until", "Shown is the list without a last day"),
        ("/caseload/plan?until=soon", "Reviews due through", "Shown are the reviews due through 05/22/2027"),
    ],
)
def test_a_day_in_an_address_is_not_passed_over(small_world, client, address, label, shown):
    address = address.format(alder=small_world.students["alder"].public_id)
    page = text_of(client.get(address))
    assert f"{label}: “soon” is no day" in page and shown in page


def test_a_last_day_as_it_is_written_here_cuts_the_due_list(small_world, client):
    assert 'value="2026-12-18"' in client.get("/due?until=12/18/2026").content.decode()
    assert date(2026, 12, 18).isoformat() in client.get("/due?until=2026-12-18").content.decode()
