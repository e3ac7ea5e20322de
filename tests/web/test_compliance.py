"""The compliance pages: numbers and their students, the two days, the state's lists, and what none of them tells."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from manzanita.auditing.models import ChangeEvent, ListExport, ReadEvent
from manzanita.exchange import compliance as counting
from manzanita.exchange.models import ComplianceRun, StateReport, StateReportRow
from manzanita.orgs.models import Agency
from manzanita.platform.facts import Statement
from manzanita.platform.files import read_stored_file
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from manzanita.students.actions import state_student_facts
from tests.support import pages
from tests.support import world as w
from tests.support.guests import person_of
from tests.support.pages import NO_ID, addresses_in, many_students, other_coordinator, reads

pytestmark = pytest.mark.django_db

PAGE, STUDENTS, STATE = "/compliance", "/compliance/students", "/compliance/state"
OVERDUE = f"{STUDENTS}?measure=plan-review&group=overdue&on=2026-11-23"


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


def totals(client, query: str = "") -> list[str]:
    """The numbers of the last line of the table: groups, non-compliant second, then counted and the share in time."""
    page = client.get(PAGE + query).content.decode()
    foot = page[page.index("<tfoot>") : page.index("</tfoot>")]
    return re.findall(r'<td class="num[^"]*">(?:<a [^>]*>)?([0-9,.%]*)', foot)


def text_of(answer) -> str:
    return unescape(pages.text_of(answer))


def names(client, address: str) -> list[str]:
    return re.findall(r"data-open>([^<]*)</a>", client.get(address).content.decode())


# Numbers and students


def test_the_numbers_of_the_small_world(coordinator):
    # Alder's review of 11/14/2025 is nine days over and nothing is pending; Towhee's is of March.
    assert totals(coordinator) == ["1", "1", "0", "1", "0", "2", "50.0%"]
    # Both had their initial evaluation in 2024: nothing is due before 2027.
    assert totals(coordinator, "?measure=reevaluation") == ["0", "0", "0", "2", "0", "2", "100.0%"]
    for measure in ("initial", "c-to-b"):
        assert "Nobody is counted here on this day" in text_of(coordinator.get(f"{PAGE}?measure={measure}"))


def test_a_number_opens_its_students_with_why(small_world, coordinator):
    assert names(coordinator, OVERDUE) == ["Testcase, Alder"]
    page = text_of(coordinator.get(OVERDUE))
    assert "Last plan review: 11/14/2025; due again after a year, on 11/14/2026." in page
    assert "Not held by 11/23/2026, 9 days past." in page
    assert "No pending record says why: non-compliant." in page
    assert "documentation.calpads.org" in page
    last = ReadEvent.objects.order_by("pk").last()
    assert (last.what, last.student_ids) == ("compliance.list", [small_world.students["alder"].pk])
    assert last.filter_codes == "measure=plan-review group=overdue on=2026-11-23"


def test_every_number_has_as_many_students_as_it_says(coordinator):
    page = coordinator.get(PAGE).content.decode()
    cells = re.findall(r'href="(/compliance/students[^"]*)" aria-label="(\d+)', page.replace("&amp;", "&"))
    assert len(cells) >= 6
    for address, count in cells:
        assert len(names(coordinator, address)) == int(count), address


def test_who_is_not_counted_is_told_why_and_whose_job_it_is(small_world, coordinator):
    pages.leaves(small_world.students["towhee"], date(2026, 11, 20))
    page = text_of(coordinator.get(PAGE))
    assert "The student had left by the day, with an exit that does not count as coming back." in page
    left = f"{STUDENTS}?measure=plan-review&group=not-counted&reason=left&on=2026-11-23"
    assert names(coordinator, left) == ["Testcase, Towhee"]
    assert "Last day 11/20/2026, exit blank." in text_of(coordinator.get(left))
    assert "Owner: SIS staff." in text_of(coordinator.get(left))


# The two days


def test_another_day_is_judged_by_what_held_on_it(coordinator):
    # On the day that the review was due it was not overdue.
    assert totals(coordinator, "?on=2026-11-14") == ["0", "0", "0", "2", "0", "2", "100.0%"]
    assert totals(coordinator, "?on=2026-11-15") == ["1", "1", "0", "1", "0", "2", "50.0%"]
    # A day ahead: Towhee's review of 03/02/2026 is over a year old as well.
    assert totals(coordinator, "?on=2027-03-03") == ["2", "2", "0", "0", "0", "2", "0.0%"]
    assert "This day lies ahead" in text_of(coordinator.get(f"{PAGE}?on=2027-03-03"))


def test_what_was_recorded_later_is_not_in_what_was_known(small_world, sign_in, noon):
    pages.opened(small_world)
    noon.move_to(w.NOON + timedelta(days=2))
    _, archive = _finalized(small_world)
    assert archive.recorded_at > w.NOON + timedelta(days=1)
    coordinator = sign_in(small_world.coordinator)
    now = f"{STUDENTS}?measure=plan-review&group=held-late&on=2026-11-23"
    assert names(coordinator, now) == ["Testcase, Alder"]
    assert "11/20/2026" in text_of(coordinator.get(now)) and "Delay code 30" in text_of(coordinator.get(now))
    then = f"{OVERDUE}&known=2026-11-23"
    assert names(coordinator, then) == ["Testcase, Alder"]
    assert "A meeting was held 11/20/2026 here, with delay code 30, and is not archived" in text_of(
        coordinator.get(then)
    )
    assert names(coordinator, OVERDUE) == []
    # Before the state's extract was taken over nothing was known at all.
    assert "Nobody is counted here" in text_of(coordinator.get(f"{PAGE}?on=2026-11-20&known=2026-11-22"))


def _finalized(world):
    """Alder's open review: held 11/20/2026 with delay 30, agreed to, finalized at the present moment."""
    from manzanita.meetings import answer_actions, hold_actions
    from manzanita.meetings.models import Meeting
    from manzanita.meetings.queries import proposal_of
    from manzanita.procedures.finalize import finalize_meeting
    from manzanita.students.queries import facts_of

    actor = world.case_manager_actor
    meeting = Meeting.objects.get(student=world.students["alder"], state="open")
    hold_actions.hold_meeting(actor=actor, meeting=meeting, held_on=pages.HELD_ON, delay_code="30")
    meeting.refresh_from_db()
    facts = facts_of(meeting.student)
    items = proposal_of(meeting, facts.plan_on(w.TODAY), facts.services_on(w.TODAY)).items
    answer_actions.record_decisions(
        actor=actor,
        meeting=meeting,
        answers=[answer_actions.FamilyAnswer(item.key, True, "Maple Testcase", w.TODAY) for item in items],
    )
    meeting.refresh_from_db()
    return meeting, finalize_meeting(actor=actor, meeting=meeting)


def test_the_trend_tells_the_months_as_known_now_or_as_known_then(coordinator):
    page = text_of(coordinator.get(PAGE))
    months = ["07/31/2026", "08/31/2026", "09/30/2026", "10/31/2026", "11/23/2026"]
    table = page[page.index("month by month") : page.index("</table>", page.index("month by month"))]
    assert re.findall(r'<th scope="row">([^<]*)</th>', table) == months
    rows = re.findall(r"<tr><th scope=.row.>[^<]*</th>(.*?)</tr>", table)
    numbers = [re.findall(r"<td class=.num.>(\d+)", row) for row in rows]
    # Overdue, held late, on time, no meeting, non-compliant: the review is due on 11/14.
    assert numbers == [["0", "0", "2", "0", "0"]] * 4 + [["1", "0", "1", "0", "1"]]
    assert (
        "From 07/31/2026 to 11/23/2026: overdue 0, then 1; non-compliant 0, then 1; held late 0, then 0."
        in page
    )
    then = text_of(coordinator.get(f"{PAGE}?trend=then"))
    table = then[then.index("month by month") :]
    rows = re.findall(r"<tr><th scope=.row.>[^<]*</th>(.*?)</tr>", table[: table.index("</table>")])
    # Nothing was known here before the state's extract was taken over today.
    assert [re.findall(r"<td class=.num.>(\d+)", row) for row in rows] == [["0"] * 5] * 4 + [
        ["1", "0", "1", "0", "1"]
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?on=2026-02-30", "This is no day."),
        ("?on=soon", "This is no day."),
        ("?on=2010-01-01", "Give a day from 07/01/2015"),
        ("?on=2031-01-01", "further off nothing is known"),
        ("?known=2026-11-24", "Nobody can say yet what will be known then."),
    ],
)
def test_a_day_that_is_none_is_named_and_nothing_is_lost(coordinator, query, said):
    answer = coordinator.get(PAGE + query)
    assert answer.status_code == 422
    assert said in text_of(answer) and "Annual plan review" in text_of(answer)


@pytest.mark.parametrize(
    "query",
    [
        "?measure=age",
        "/students?measure=plan-review&group=x",
        "/students?group=overdue&lea=99'1001",
        "/students?reason=because",
    ],
)
def test_codes_that_are_none_are_no_page(coordinator, query):
    assert coordinator.get(PAGE + query).status_code == 404


# Scope


def test_a_stranger_sees_nothing_of_it(small_world, sign_in):
    stranger = sign_in(other_coordinator(small_world))
    assert "Alder" not in text_of(stranger.get(OVERDUE)) and names(stranger, OVERDUE) == []
    assert names(stranger, f"{STUDENTS}?measure=plan-review&group=overdue&lea={w.LEA}&on=2026-11-23") == []
    # Sage of the other district: review of 01/10/2026.
    assert totals(stranger) == ["0", "0", "0", "1", "0", "1", "100.0%"]


def test_a_case_manager_sees_the_own_caseload(small_world, sign_in):
    manager = sign_in(small_world.case_manager)
    assert totals(manager) == ["1", "1", "0", "1", "0", "2", "50.0%"]
    assert manager.get(STATE).status_code == 403


@pytest.fixture
def selpa(small_world, sign_in):
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Chaparral SELPA", selpa_code=w.SELPA)
    return sign_in(person_of(w.SELPA, "selpa", "Heron Mockup")[0])


def test_a_selpa_sees_its_leas_and_opens_their_schools(selpa):
    assert totals(selpa) == ["1", "1", "0", "2", "0", "3", "66.7%"]
    page = selpa.get(PAGE).content.decode()
    places = re.findall(r'<th scope="row"><a href="([^"]*)" aria-expanded="false">.*?</svg>([^<]*)</a>', page)
    assert [name for _, name in places] == ["Chaparral Unified", "Heron Creek Unified"]
    assert "Buckeye Elementary" not in page
    opened = selpa.get(places[0][0].replace("&amp;", "&")).content.decode()
    assert "Buckeye Elementary" in opened and "Willow Bend Elementary" not in opened
    assert names(selpa, f"{OVERDUE}&lea={w.LEA}") == ["Testcase, Alder"]
    assert names(selpa, f"{OVERDUE}&lea={w.OTHER_LEA}") == []
    assert names(selpa, f"{OVERDUE}&school={w.SCHOOL}") == ["Testcase, Alder"]


def test_a_selpa_compares_what_its_districts_took_in_and_takes_nothing_in(coordinator, selpa):
    given(coordinator, ("9900000005", "Overdue Plan Review, No Pending Record"))
    page = text_of(selpa.get(f"{STATE}/{StateReport.objects.get().public_id}"))
    # Sage of the other district is no difference of this list.
    assert "The same 1" in page and "Only ours 0" in page
    assert selpa.get(STATE).status_code == 403


def test_a_year_end_exit_still_counts(small_world, coordinator, noon):
    alder = small_world.students["alder"]
    slot = {"student_id": alder.pk, "lea_code": w.LEA, "started_on": pages.START}
    values = pages.enrollment("L0005") | {"exit_reason_code": "E155"}
    noon.move_to(w.NOON + timedelta(minutes=10))
    statement = Statement(slot, values, pages.START, date(2026, 11, 20), is_whole_slot=True)
    state_student_facts("enrollment", [statement], by_id=None, cause="test")
    assert "Counted by the enrollment that ended 11/20/2026: exits E155, E156 stay in the report." in text_of(
        coordinator.get(OVERDUE)
    )


def test_a_list_of_the_state_is_nobody_elses(small_world, coordinator, sign_in):
    given(coordinator, ("9900000005", "Overdue Plan Review, No Pending Record"))
    address = f"{STATE}/{StateReport.objects.get().public_id}"
    assert coordinator.get(address).status_code == 200
    assert sign_in(other_coordinator(small_world)).get(address).status_code == 404
    assert coordinator.get(f"{STATE}/{NO_ID}").status_code == 404
    refused = sign_in(small_world.case_manager).get(address)
    assert refused.status_code == 403 and "The SEDS coordinator compares it" in text_of(refused)
    assert "Testcase" not in text_of(refused).replace("Wren", "")


def test_no_name_and_no_ssid_stands_in_an_address(coordinator):
    given(coordinator, ("9900000005", "Plan Review Held Late"))
    compare = f"{STATE}/{StateReport.objects.get().public_id}"
    for address in (PAGE, OVERDUE, STATE, compare):
        assert not [url for url in addresses_in(coordinator.get(address)) if "99000" in url or "Alder" in url]


# Exports


def test_a_group_leaves_as_a_file_with_why_by_the_limited_way(small_world, coordinator, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    page = coordinator.get(OVERDUE).content.decode()
    key = re.search(r'name="list" value="([^"]*)"', page)[1]
    assert len(key) <= 40 and "99" not in key.split(".")[-1]
    answer = coordinator.post(
        "/exports", {"list": key, "search": "", "form": "csv", "ask": "once-upon-a-time"}
    )
    assert answer.status_code == 302
    # The same form once more is the same export.
    coordinator.post("/exports", {"list": key, "search": "", "form": "csv", "ask": "once-upon-a-time"})
    run_jobs_now(raises_errors=True)
    export = ListExport.objects.get()
    assert (export.made_count, export.title) == (1, "Annual plan review: overdue, 11/23/2026")
    text = read_stored_file(export.stored_name).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    heads = next(row for row in rows if row and row[0] == "Student")
    line = rows[rows.index(heads) + 1]
    told = dict(zip(heads, line, strict=True))
    assert (told["Student"], told["Group"]) == ("Testcase, Alder", "Overdue")
    assert "Last plan review: 11/14/2025" in told["Why"]
    assert reads()[-1][0] == small_world.students["alder"].pk
    assert OVERDUE.split("?")[1].split("&")[1] in text_of(coordinator.get(f"/exports/{export.public_id}"))


@pytest.mark.parametrize(
    "key", ["c.xx.ov.261123.n.aa", "c.pr.ov.269923.n.aa", "c.pr.ov.261123.n.aaa", "c.pr"]
)
def test_a_key_of_no_list_is_no_export(coordinator, key):
    form = {"list": key, "search": "", "form": "csv", "ask": "once-upon-a-time"}
    assert coordinator.post("/exports", form).status_code == 404


# The state's lists


def csv_of(*rows: tuple[str, ...], heads: str = "SSID,Monitoring Category") -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows(rows)
    return f"{heads}\r\n{out.getvalue()}".encode()


def post(client, data: bytes, report: str = "16.21", as_of: str = "2026-11-23", name: str = "1621.csv"):
    file = SimpleUploadedFile(name, data)
    return client.post(STATE, {"report": report, "as_of": as_of, "file": file})


def given(client, *rows: tuple[str, ...], **more):
    answer = post(client, csv_of(*rows), **more)
    assert answer.status_code == 302, text_of(answer)
    return client.get(answer["Location"])


def test_a_list_is_taken_in_and_laid_beside_ours(small_world, coordinator):
    page = given(
        coordinator,
        ("9900000005", "Overdue Plan Review, No Pending Record"),
        ("9900000002", "Plan Review Held Late"),
        ("9900000003", "Overdue Plan Review, Pending Record"),
        ("9900007777", "Overdue Plan Review, Pending Record"),
    )
    text = text_of(page)
    assert "Only the state's 2" in text and "Other group 1" in text and "Only ours 0" in text
    assert "The same 1" in text
    address = f"{STATE}/{StateReport.objects.get().public_id}?difference=only-theirs"
    theirs = text_of(coordinator.get(address))
    # Yarrow is a student here and never was in special education; of 7777 nobody has heard.
    assert "Testcase" in theirs and "No special education status (SWDS) held on the day." in theirs
    assert "Nobody within your reach has this SSID" in theirs
    other = text_of(coordinator.get(address.replace("only-theirs", "other-group")))
    assert "It came within a year of the one before, 03/03/2025." in other
    assert "Nothing of this student waits to be sent now." in other
    last = ReadEvent.objects.order_by("pk").last()
    assert (last.what, last.student_ids) == ("compliance.compare", [small_world.students["towhee"].pk])
    change = ChangeEvent.objects.get(action="upload_state_report")
    assert change.detail == {"report": "16.21", "rows": 4}


def test_what_the_state_does_not_list_is_only_ours_and_says_what_is_not_sent(small_world, coordinator):
    pages.finalized(small_world)
    page = text_of(given(coordinator, ("9900000002", "Reevaluation Held Late")))
    assert "Only ours 1" in page
    assert "MEET of 11/20/2026 is not at the state as we have it; it can be sent." in page
    assert "Plan Review" not in page[page.index("Student by student") : page.index("How 16.21")]


def test_the_last_meetings_of_both_sides_are_told(small_world, coordinator):
    columns = "SSID,School Code,Monitoring Category,Meeting Delay Code,Meeting Date"
    heads = f"Report 16.21\r\nAs of,11/23/2026\r\n\r\n{columns}"
    data = csv_of(("9900000005", w.SCHOOL, "Plan review held late", "20", "11/01/2026"), heads=heads)
    page = text_of(coordinator.get(post(coordinator, data)["Location"]))
    assert "The last meeting is 11/14/2025 here and 11/01/2026 in the state's list." in page
    row = StateReportRow.objects.get()
    assert (row.row, row.delay_code, row.last_on) == (5, "20", date(2026, 11, 1))


def test_the_same_file_twice_is_stored_once(coordinator):
    first = post(coordinator, csv_of(("9900000005", "On Time")))
    again = post(coordinator, csv_of(("9900000005", "On Time")))
    assert first["Location"] == again["Location"]
    assert (
        StateReport.objects.count() == 1
        and ChangeEvent.objects.filter(action="upload_state_report").count() == 1
    )
    # “On time” alone speaks of the plan review and of the reevaluation.
    assert StateReportRow.objects.count() == 2


BAD = [
    (b"", "The file is empty."),
    (b"PK\x03\x04rest", "This is no CSV file."),
    (b"SSID,Monitoring Category\r\n", "The file has heads and no student."),
    (b"Name,Category\r\nx,y\r\n", "None of the first 50 rows has a column of that name."),
    (b"SSID,School\r\n9900000005,x\r\n", "No column of that name. The file has: SSID, School."),
    (csv_of(("990000005", "On Time")), "Row 2, SSID:</b> “990000005” is no SSID. An SSID has ten digits."),
    (csv_of(("9.9E+09", "On Time")), "Row 2, SSID:</b> “9.9E+09” is no SSID."),
    (
        csv_of(("9900000005", "On Time"), ("9900000002", "Somewhat late-ish")),
        "Row 3, Monitoring Category:</b> “Somewhat late-ish” is no category of report 16.21.",
    ),
    (
        csv_of(("9900000005", "Overdue, Exceeded 60-days")),
        "It is one of report 16.25: choose that report in the form.",
    ),
    (
        csv_of(("9900000005", "On Time"), ("9900000005", "On Time")),
        "Row 3, SSID:</b> Row 2 lists the same student for the same meeting.",
    ),
    (
        csv_of(("9900000005", "On Time", "31/31/2026"), heads="SSID,Monitoring Category,Meeting Date"),
        "Row 2, Meeting Date:</b> “31/31/2026” is no date.",
    ),
    (b'SSID,Monitoring Category\r\n9900000005,"On Time\r\n', "A quotation mark is opened and not closed."),
]


@pytest.mark.parametrize(("data", "said"), BAD, ids=[str(index) for index in range(len(BAD))])
def test_a_bad_file_is_refused_whole_with_row_column_and_fix(coordinator, data, said):
    answer = post(coordinator, data)
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert StateReport.objects.count() == StateReportRow.objects.count() == 0


def test_the_form_says_what_is_missing(coordinator):
    good = csv_of(("9900000005", "On Time"))
    assert "Choose which of the three it is." in text_of(post(coordinator, good, report="16.99"))
    assert "Give the day that the state printed" in text_of(post(coordinator, good, as_of=""))
    assert "The day lies ahead." in text_of(post(coordinator, good, as_of="2026-11-24"))
    assert "No file came with the form." in text_of(
        coordinator.post(STATE, {"report": "16.21", "as_of": "2026-11-23"})
    )
    assert StateReport.objects.count() == 0


# A scope too large to count at once


@pytest.fixture
def large(monkeypatch):
    for module in (counting, "manzanita.exchange.state_reports"):
        name = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{name}.MOST_AT_ONCE", 1)


def test_a_large_scope_is_counted_by_a_job_once(coordinator, large):
    assert "More students are within your reach than are counted while a page waits." in text_of(
        coordinator.get(PAGE)
    )
    form = {"measure": "plan-review", "on": "2026-11-23", "known": "", "trend": "now"}
    assert coordinator.post(f"{PAGE}/count", form).status_code == 302
    coordinator.post(f"{PAGE}/count", form)
    assert ComplianceRun.objects.count() == Job.objects.filter(kind="exchange.compliance").count() == 1
    assert 'hx-trigger="every 2s"' in text_of(coordinator.get(PAGE))
    run_jobs_now(raises_errors=True)
    assert totals(coordinator) == ["1", "1", "0", "1", "0", "2", "50.0%"]
    assert "Counted 11/23/2026" in text_of(coordinator.get(PAGE))
    # Numbers only: nobody is named in what is kept.
    assert "9900000005" not in str(ComplianceRun.objects.get().counts)
    # A list of so many asks for an LEA or school first.
    assert "Choose an LEA first" in text_of(coordinator.get(OVERDUE))
    # Counting again replaces the count.
    coordinator.post(f"{PAGE}/count", form)
    run_jobs_now(raises_errors=True)
    assert ComplianceRun.objects.count() == 1


def test_a_count_for_somebody_who_lost_the_perspective_is_dropped(small_world, coordinator, large):
    coordinator.post(f"{PAGE}/count", {"measure": "plan-review"})
    grant = small_world.coordinator_grant
    type(grant).objects.filter(pk=grant.pk).update(ends_on=date(2026, 11, 22))
    run_jobs_now(raises_errors=True)
    assert not ComplianceRun.objects.exists()


# session, user, grants, no block; how many, students, enrollments, statuses, plans, archives, meetings; names of
# agencies and schools; the lists of the state
PAGE_QUERIES = 14
LIST_QUERIES = 28


@pytest.mark.parametrize("count", [1, 60])
def test_the_pages_cost_the_same_for_few_and_many(small_world, coordinator, django_assert_num_queries, count):
    many_students(count)
    coordinator.get(PAGE)
    with django_assert_num_queries(PAGE_QUERIES):
        page = text_of(coordinator.get(PAGE))
    assert f"{count}, Buckeye" not in page and "No meeting on record" in page
    address = f"{STUDENTS}?measure=plan-review&group=no-meeting&on=2026-11-23"
    with django_assert_num_queries(LIST_QUERIES):
        assert len(names(coordinator, address)) == min(count, 50)
    if count > 50:
        assert len(names(coordinator, f"{address}&page=2")) == 10
        assert coordinator.get(f"{address}&page=9").status_code == 302
