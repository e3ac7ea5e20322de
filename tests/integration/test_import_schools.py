"""SIS lines that name a school which the directory does not know: they load, are told, and settle themselves."""

from __future__ import annotations

from datetime import date
from html import unescape

import pytest

from manzanita.accounts.queries import actor_of
from manzanita.exchange.models import ImportNote
from manzanita.orgs.models import Agency, School
from manzanita.procedures.unlisted_schools import unlisted_in_reach
from manzanita.students.models import Enrollment
from tests.support import world as w
from tests.support.guests import person_of
from tests.support.pages import addresses_in, text_of
from tests.support.sis_files import FERN_SSID, enrollments, fern, notes, outcome, student_of, text, words

UNKNOWN = "9999999"
REQUESTS = "/directory/requests"
ASK = f"/directory/requests/new?kind=new&place=school&code={UNKNOWN}"


def links(page) -> set[str]:
    return {unescape(one) for one in addresses_in(page)}


def test_an_unknown_school_loads_is_told_and_settles_itself(small_world, take_in, sign_in):
    run = take_in(SENR=text(fern(**{"1.05": UNKNOWN})))
    assert outcome(run) == {"lines": 1, "new": 1}
    assert enrollments(student_of(FERN_SSID)) == [(w.LEA, date(2026, 8, 15), None, "03")]
    assert Enrollment.objects.believed().get(student=student_of(FERN_SSID)).school_code == UNKNOWN
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.05"])]
    assert words(run) == [
        "Line 1: 1.05 School of Attendance: School 9999999 is not in the directory. The line is loaded as it is."
    ]
    note = ImportNote.objects.get()
    assert (note.severity, note.owner, note.about) == ("warning", "SEDS coordinator", UNKNOWN)
    assert note.fix.startswith("Ask for it; where the code is wrong, correct it in the SIS")

    client = sign_in(small_world.coordinator)
    fern_url = f"/students/{student_of(FERN_SSID).public_id}"
    told = "School 9999999 is not in the directory."
    for address, link in (
        (fern_url, f"{ASK}&day=2026-08-15"),
        (f"{fern_url}/enrollments", f"{ASK}&day=2026-08-15"),
        (REQUESTS, f"{ASK}&day=2026-08-15"),
        (f"/imports/{run.public_id}", ASK),
    ):
        page = client.get(address)
        assert told in text_of(page), address
        assert link in links(page), address
    assert "Schools that the SIS names and the directory does not know" in text_of(client.get("/"))
    form = client.get(f"{ASK}&day=2026-08-15").content.decode()
    assert f'value="{UNKNOWN}"' in form and 'value="2026-08-15"' in form

    School.objects.create(code=UNKNOWN, name="Sorrel School", agency=Agency.objects.get(code=w.LEA))
    for address in (fern_url, f"{fern_url}/enrollments", REQUESTS):
        assert told not in text_of(client.get(address)), address
    assert "Sorrel School is in the directory now." in text_of(client.get(f"/imports/{run.public_id}"))
    assert "Schools that the SIS names" not in text_of(client.get("/"))


def test_what_is_asked_for_waits_and_is_not_asked_for_twice(small_world, take_in, sign_in):
    take_in(SENR=text(fern(**{"1.05": UNKNOWN})))
    client = sign_in(small_world.coordinator)
    asked = {"kind": "new", "place": "school", "code": UNKNOWN, "name": "Sorrel School"}
    answer = client.post(f"{REQUESTS}/new", {**asked, "day": "2026-08-15", "evidence": "The board"})
    page = client.get(REQUESTS)
    assert "It is asked for, and waits." in text_of(page) and answer["Location"] in addresses_in(page)
    assert "Schools that the SIS names" not in text_of(client.get("/"))
    assert client.get(ASK)["Location"] == answer["Location"]


def test_each_school_and_reason_is_one_note_with_its_lines(take_in):
    School.objects.filter(code=w.SCHOOL).update(last_on=date(2026, 10, 30))
    rows = [fern(**{"1.08": f"99000001{n:02}", "1.09": f"K{n}", "1.05": UNKNOWN}) for n in range(7)]
    run = take_in(
        SENR=text(
            *rows,
            # Left on the last day; a day after; came later; a code that is none.
            fern(**{"1.08": "9900000201", "1.09": "K21", "1.25": "20261030", "1.26": "E400"}),
            fern(**{"1.08": "9900000202", "1.09": "K22", "1.25": "20261031", "1.26": "E400"}),
            fern(**{"1.08": "9900000203", "1.09": "K23", "1.22": "20261102"}),
            fern(**{"1.08": "9900000204", "1.09": "K24", "1.05": "12345"}),
        )
    )
    assert outcome(run) == {"lines": 11, "new": 11}
    assert words(run) == [
        "Lines 1, 2, 3, 4, 5 and 2 more lines: 1.05 School of Attendance: School 9999999 is not in the directory. The "
        "lines are loaded as they are.",
        "Lines 9, 10: 1.05 School of Attendance: Buckeye Elementary (9911001) ended in the directory on 10/30/2026, "
        "and the enrollment is later. The lines are loaded as they are.",
        '1.05 School of Attendance: "12345" is not 7 digits. If zeros at the front are lost, a spreadsheet took them: '
        "export again as text.",
    ]
    assert set(ImportNote.objects.values_list("owner", "about")) == {
        ("SEDS coordinator", UNKNOWN),
        ("SIS staff", ""),
    }


def test_a_nonpublic_school_that_is_not_known(small_world, take_in, sign_in):
    run = take_in(SENR=text(fern(**{"1.05": "0000001", "1.06": "9950037"})))
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.06"])]
    page = sign_in(small_world.coordinator).get(f"/imports/{run.public_id}")
    assert f"{REQUESTS}/new?kind=new&place=nps&code=9950037" in links(page)


def test_a_line_that_deletes_or_is_refused_says_nothing_of_its_school(take_in):
    run = take_in(
        SENR=text(fern(**{"1.02": "D", "1.05": UNKNOWN}), fern(**{"1.22": "20260231", "1.05": UNKNOWN}))
    )
    assert not ImportNote.objects.filter(file__run=run, code="MZ-SCHOOL").exists()


@pytest.mark.parametrize("count", [2, 40])
def test_the_directory_is_read_once_however_many_lines_and_schools_there_are(
    take_in, django_assert_max_num_queries, count
):
    rows = [
        fern(**{"1.08": f"990000{n:04}", "1.09": f"K{n}", "1.10": f"Fern{n}", "1.05": f"99999{n:02}"})
        for n in range(count)
    ]
    with django_assert_max_num_queries(82):
        take_in(SENR=text(*rows))
    assert ImportNote.objects.filter(code="MZ-SCHOOL").count() == count


def test_the_list_is_cut_to_whom_one_reaches(small_world, take_in):
    elsewhere = {"1.05": "9999998", "1.04": w.OTHER_LEA, "1.08": "9900000099", "1.09": "Z1"}
    take_in(lea_code="", SENR=text(fern(**{"1.05": UNKNOWN}), fern(**elsewhere)))
    Agency.objects.get_or_create(
        code=w.SELPA, defaults={"kind": "selpa", "name": "Chaparral SELPA", "selpa_code": w.SELPA}
    )
    user, grant = person_of(w.SELPA, "selpa", "Laurel Specimen")
    told = {
        actor.agency_code: [
            (one.lea_code, one.unlisted.code, one.students) for one in unlisted_in_reach(actor)
        ]
        for actor in (small_world.coordinator_actor, small_world.case_manager_actor, actor_of(user, grant))
    }
    assert told[w.SELPA] == [(w.LEA, UNKNOWN, 1), (w.OTHER_LEA, "9999998", 1)]
    assert [
        (one.lea_code, one.unlisted.code) for one in unlisted_in_reach(small_world.coordinator_actor)
    ] == [(w.LEA, UNKNOWN)]
