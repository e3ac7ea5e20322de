"""Home of a SELPA: a row for each district, and the lists narrowed to one."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from manzanita.arrivals.actions import look_at
from manzanita.deadlines.recompute import recompute_stale
from manzanita.exchange.models import Submission
from manzanita.findings.models import RuleFinding
from manzanita.orgs.models import Agency
from manzanita.students import listing
from tests.support import arrivals as hand
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.guests import person_of
from tests.support.pages import many_students, text_of

HOME, CHIP = "/", "/perspective"


@pytest.fixture
def selpa(small_world, sign_in) -> Client:
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Chaparral SELPA", selpa_code=w.SELPA)
    return sign_in(*person_of(w.SELPA, "selpa", "Ibis Sample"))


def names_in(answer) -> list[str]:
    """First names in the order of the list."""
    return [part.split("<")[0].split(", ")[1] for part in text_of(answer).split(" data-open>")[1:]]


def rows(client: Client) -> dict[str, list[str]]:
    """By district what stands in its row: fatal, warnings, held, different, overdue, arrivals, duties, days."""
    recompute_stale()
    table = text_of(client.get(HOME)).split("<tbody>")[1].split("</tbody>")[0]
    found = {}
    for row in table.split("<tr>")[1:]:
        name = re.search(r'name="at" value="\d{7}:">([^<]*)<', row).group(1)
        cells = row.split("<td")[1:]
        found[name] = [re.sub(r"<[^>]*>", "", cell.split(">", 1)[1]).strip() for cell in cells]
    return found


def test_each_district_has_a_row_with_what_is_open_there(small_world, selpa):
    archive(small_world.students["alder"], review_rows())
    assert rows(selpa) == {
        # Alder's four lines may go, and the review is 9 days over.
        "Chaparral Unified": ["0", "0", "0", "1", "1", "0", "4", "Never"],
        "Heron Creek Unified": ["0", "0", "0", "0", "0", "0", "4", "Never"],
    }


def test_a_long_list_of_one_district_offers_the_schools_of_that_district(selpa, monkeypatch):
    monkeypatch.setattr(listing, "COUNT_CAP", 1)
    assert "Willow Bend Elementary" in text_of(selpa.get("/students"))
    selpa.post(CHIP, {"school": w.LEA, "next": "/students"})
    page = text_of(selpa.get("/students"))
    assert "Buckeye Elementary" in page and "Willow Bend Elementary" not in page


def test_the_last_send_is_told_in_days(small_world, selpa):
    for number, days in ((1, 12), (2, 3)):
        Submission.objects.create(
            lea_code=w.OTHER_LEA,
            form="api",
            destination="sandbox",
            file_name=f"SWDS_{number}.txt",
            created_at=w.NOON,
            sent_at=w.NOON - timedelta(days=days),
        )
    assert rows(selpa)["Heron Creek Unified"][-1] == "3"


def test_a_number_leads_to_the_list_of_its_district(small_world, selpa):
    many_students(3, due_on=w.TODAY - timedelta(days=2))
    assert rows(selpa)["Chaparral Unified"][4] == "4"
    answer = selpa.post("/districts/list", {"at": f"{w.LEA}:overdue"})
    assert (answer.status_code, answer.url) == (302, "/due?span=late")
    page = text_of(selpa.get(answer.url))
    assert page.count("<tr data-row") == 4 and "Chaparral SELPA, Chaparral Unified" in page
    selpa.post("/districts/list", {"at": f"{w.OTHER_LEA}:overdue"})
    assert text_of(selpa.get("/due?span=late")).count("<tr data-row") == 0


def test_arrivals_lead_to_whoever_came_and_the_last_send_to_what_waits(small_world, selpa):
    archive(small_world.students["alder"], review_rows())
    students = hand.add([hand.row(name) for name in ("Avocet", "Oriole", "Jacana")])
    look_at(w.LEA, [one.pk for one in students.values()], found_by="test")
    assert rows(selpa)["Chaparral Unified"][5] == "2"
    answer = selpa.post("/districts/list", {"at": f"{w.LEA}:arrivals"})
    assert answer.url == "/students/settle?kind=arrivals"
    listed = selpa.get(answer.url)
    assert sorted(names_in(listed)) == ["Avocet", "Oriole"]
    # Who settles them is the district; the SELPA is not led to where it may not go.
    assert "/arrivals/" not in text_of(listed) and "Show the record" in text_of(listed)

    answer = selpa.post("/districts/list", {"at": f"{w.LEA}:sent"})
    assert answer.url == "/students?list=different"
    assert names_in(selpa.get(answer.url)) == ["Alder"]


def finding(student: int, lea_code: str, severity: str, number: int) -> None:
    RuleFinding.objects.create(
        identity=f"{number:032d}",
        rule_code="PLAN0447",
        severity=severity,
        student_id=student,
        lea_code=lea_code,
        record="PLAN",
        record_key=f"PLAN|{lea_code}||{number}",
        phase="input",
        kind="calpads",
        owner="IEP team",
        message="Said for the test.",
        first_seen_at=w.NOON,
        opened_at=w.NOON,
        last_seen_at=w.NOON,
    )


def test_findings_are_counted_as_their_lists_count_them(small_world, selpa):
    alder, sage = (small_world.students[name].pk for name in ("alder", "sage"))
    for number, severity in enumerate(("fatal", "fatal", "warning", "info")):
        finding(alder, w.LEA, severity, number)
    finding(sage, w.OTHER_LEA, "warning", 9)
    found = rows(selpa)
    assert found["Chaparral Unified"][:2] == ["2", "1"]
    assert found["Heron Creek Unified"][:2] == ["0", "1"]
    for at, count in (("fatal", 2), ("warnings", 1)):
        page = text_of(selpa.get(selpa.post("/districts/list", {"at": f"{w.LEA}:{at}"}).url))
        assert page.count("<tr data-row") == count, at


def test_no_list_of_a_district_that_is_not_a_member(small_world, selpa, sign_in):
    for wrong in ("5599999:fatal", "", f"{w.LEA}:nothing"):
        assert selpa.post("/districts/list", {"at": wrong}).status_code == 404
    assert selpa.get("/districts/list").status_code == 405
    coordinator = sign_in(small_world.coordinator)
    assert coordinator.post("/districts/list", {"at": f"{w.LEA}:fatal"}).status_code == 404
    assert "Districts</h2>" not in text_of(coordinator.get(HOME))


def test_the_chip_narrows_the_lists_to_one_district(small_world, selpa):
    asked = text_of(selpa.get("/perspective/schools"))
    assert "All districts" in asked and "Heron Creek Unified" in asked and "Willow Bend Elementary" in asked
    selpa.post(CHIP, {"school": w.OTHER_LEA})
    assert "Chaparral SELPA, Heron Creek Unified" in text_of(selpa.get("/students"))
    assert names_in(selpa.get("/students")) == ["Sage"]
    # Of the schools only those of the district are offered.
    asked = text_of(selpa.get("/perspective/schools"))
    assert "Willow Bend Elementary" in asked and "Buckeye Elementary" not in asked
    # A student elsewhere is still found and opened: the lists are narrowed, not the reach.
    assert selpa.get(f"/students/{small_world.students['alder'].public_id}").status_code == 200
    selpa.post(CHIP, {"school": ""})
    assert len(names_in(selpa.get("/students"))) == 4


def test_a_district_of_another_selpa_narrows_nothing(small_world, selpa):
    Agency.objects.create(code="5599999", kind="lea", name="Elsewhere Unified", selpa_code="5500")
    selpa.post(CHIP, {"school": "5599999"})
    assert "Elsewhere" not in text_of(selpa.get("/students"))
    assert len(names_in(selpa.get("/students"))) == 4


def test_the_duties_of_the_chosen_district_are_read_and_not_named(small_world, selpa):
    assert selpa.get("/admin/duties").status_code == 404
    selpa.post(CHIP, {"school": w.LEA})
    page = text_of(selpa.get("/admin/duties"))
    assert page.count("Nobody has this duty.") == 4 and 'name="holder"' not in page
    assert selpa.post("/admin/duties", {"kind": "send"}).status_code == 404


def test_nothing_is_claimed_that_was_not_counted(small_world, selpa):
    """Four duties of each district have no name, and Sage no case manager."""
    page = text_of(selpa.get(HOME))
    assert "Every duty has a name" not in page and "every student a case manager" not in page


def test_as_many_queries_for_many_districts_as_for_two(small_world, selpa):
    text_of(selpa.get(HOME))
    with CaptureQueriesContext(connection) as two:
        selpa.get(HOME)
    for number in range(20):
        Agency.objects.create(
            code=f"56000{number:02d}", kind="lea", name=f"District {number}", selpa_code=w.SELPA
        )
    with CaptureQueriesContext(connection) as many:
        selpa.get(HOME)
    assert len(many) == len(two)
