"""What is to be corrected in the SIS: who sees it, what of a student stands there, and saying whom a line means."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.auditing.models import ChangeEvent, ReadEvent
from manzanita.exchange.models import ImportRun, StateFinding
from manzanita.findings.models import RuleFinding
from manzanita.leaving.models import Leaving
from manzanita.orgs.models import Agency
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.reach import whole_installation
from manzanita.procedures import sis_work
from manzanita.procedures.import_sis import take_in_sis_files
from manzanita.students.models import IdentityConflict
from tests.support import pages
from tests.support import world as w
from tests.support.pages import without_marks
from tests.support.sis_files import text

# session, user, grants, no block; newest import; set aside, refused; findings of two kinds; leavings; ids of students;
# the log.
MOST_QUERIES = 17


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


def rule_finding(student, **changes) -> None:
    values = {
        "identity": f"r{RuleFinding.objects.count()}",
        "severity": "warning",
        "phase": "record",
        "kind": "value",
        "owner": "SIS staff",
        "student_id": student.pk,
        "lea_code": w.LEA,
        "record_key": "k",
        "inputs": "x",
        "first_seen_at": w.NOON,
        "opened_at": w.NOON,
        "last_seen_at": w.NOON,
    }
    RuleFinding.objects.create(**{**values, **changes})


def test_of_a_status_before_the_file_begins_they_read_what_the_record_says(small_world, sis):
    said = (
        "The state has taken this status of 2024-02-26, and the enrollments that the SIS has sent us of the student at "
        "Chaparral Unified (9910017) begin on 2026-08-14: our file begins later, so it cannot say whether the student "
        "was enrolled that day. Have the SIS send the earlier enrollment, or dismiss this with that reason."
    )
    rule_finding(
        small_world.students["alder"],
        rule_code="GERR0005",
        record="SWDS",
        fields=["22.04", "22.06", "22.11", "22.12"],
        values={"22.04": w.LEA, "22.06": w.SSIDS["alder"], "22.11": "20240226", "22.12": "1"},
        message=said,
    )
    page = page_of(sis.get("/imports/fixes"))
    assert page.count("our file begins later") == 2, "in the list and in the message"
    assert "No enrollment on the status date" not in page and "or the status date." not in page
    assert "tell the SEDS coordinator" in page


def test_what_is_said_of_the_rule_itself_is_folded_and_home_weighs_what_is_there(small_world, sis):
    alder = small_world.students["alder"]
    rule_finding(
        alder,
        rule_code="PLAN0637E4",
        record="PLAN",
        fields=["23.06", "23.12"],
        values={"23.06": w.SSIDS["alder"], "23.12": "20260110"},
        message="The student participates on the plan of 2026-01-10 and is enrolled at no LEA on 2026-11-23. Presumed "
        "from 2025-2026 on: the state has printed this rule for earlier years only, so it warns until a page shows "
        "that it goes on. Known defect: the state said on 2024-06-13 that this rule speaks too often, and no page "
        "says that it was mended; where the student is enrolled, nothing is to be done.",
    )
    page = page_of(sis.get("/imports/fixes"))
    row, fold = page.split("About this rule", 1)
    assert "enrolled at no LEA on 11/23/2026." in row and "Presumed from" not in row
    assert "Presumed from 2025-2026 on" in fold and "said on 06/13/2024" in fold
    assert "where the student has left for good, tell the SEDS coordinator." in page
    assert "send the status" not in page
    assert "Presumed" not in message_of(page) and "Known defect" not in message_of(page)
    assert "Overdue or fatal" not in page_of(sis.get("/"))
    assert "Soon, or a warning" in page_of(sis.get("/"))
    finding(alder)
    assert "Overdue or fatal" in page_of(sis.get("/"))


def message_of(page: str) -> str:
    return page.split('name="message"', 1)[1].split(">", 1)[1].split("</textarea", 1)[0]


def test_the_message_is_of_sentences_with_the_values_and_days_as_people_write_them(small_world, sis, take):
    finding(
        small_world.students["alder"],
        message="Disability 280 since 2026-02-26",
        values={"23.15": "280", "1.22": "20260226"},
    )
    finding(
        small_world.students["alder"],
        fields=["1.25"],
        values={"1.25": "20260226"},
        message="Ended on 2026-02-26",
        rule_code="SENR0001",
    )
    take(w.senr("towhee", **{"1.10": "Juniper"}))
    message = message_of(page_of(sis.get("/imports/fixes")))
    assert "2026-0" not in message and "280" not in message
    assert (
        "Local ID L0005: No enrollment on the status date. 1.22 Enrollment Start Date: 02/26/2026. Send the "
        "enrollment that covers the day." in message
    )
    assert "Local ID L0005: Ended on 02/26/2026. SENR0001" in message
    assert (
        "Local ID L0002: SENR line 1 names one student by number and another by name or birth date (the first name is "
        "another). Is the SSID right?" in message
    )


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
    assert page.count("<td>L0005</td>") == 2, "the student's beside the line's"
    assert f'href="/students/{small_world.students["alder"].public_id}"' in page
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


def test_the_note_of_the_import_says_whose_job_it_is_to_say_whom_it_means(small_world, sis, sign_in, take):
    run = take(w.senr("alder", **{"1.10": "Juniper"}))
    page = page_of(sis.get(f"/imports/{run.public_id}"))
    assert "The SEDS coordinator says whom it means." in page and 'href="/imports/fixes"' in page
    assert "Say whom it means" not in page
    page = page_of(sign_in(small_world.coordinator).get(f"/imports/{run.public_id}"))
    assert f'href="/imports/fixes/{IdentityConflict.objects.get().public_id}">Say whom it means' in page
    assert "The SEDS coordinator says whom it means." not in page


def test_a_line_said_to_be_of_the_same_student_is_loaded_from_the_list(small_world, sis, sign_in, take):
    take(w.senr("alder", **{"1.10": "Juniper"}), w.senr("towhee"))
    coordinator = sign_in(small_world.coordinator)
    assert "Import again" not in page_of(coordinator.get("/imports/fixes"))
    here = f"/imports/fixes/{IdentityConflict.objects.get().public_id}"
    page = page_of(coordinator.post(here, {"do": "same", "reason": "court order seen"}, follow=True))
    assert "1 line said to be of the same student can be loaded now." in page
    assert "SENR.txt, 11/23/2026" in page and "1 line of 2 did not load then and is judged anew" in page
    assert "It is loaded with “Import again” above." in page
    # Whose job it is: who takes files in, reading student records or not.
    assert "Import again" in page_of(sis.get("/imports/fixes"))
    answer = sis.post("/imports/fixes/again")
    run = ImportRun.objects.latest("pk")
    assert answer.url == f"/imports/{run.public_id}"
    run_jobs_now(raises_errors=True)
    run.refresh_from_db()
    assert (run.counts["lines"], run.counts["changed"], run.counts["unchanged"]) == (2, 1, 1)
    alder = small_world.students["alder"]
    alder.refresh_from_db()
    assert alder.first_name == "Juniper"
    logged = ChangeEvent.objects.filter(action="start_import").latest("pk")
    assert logged.subject_id == run.pk
    # It is loaded: nothing waits, and nothing is loaded twice.
    assert not IdentityConflict.objects.filter(ended_at=None).exists()
    assert sis.post("/imports/fixes/again").url == "/imports/fixes"
    assert ImportRun.objects.latest("pk") == run


def test_an_older_file_is_not_taken_in_again(small_world, sis, sign_in, take):
    take(w.senr("alder", **{"1.10": "Juniper"}))
    one = IdentityConflict.objects.get()
    sign_in(small_world.coordinator).post(
        f"/imports/fixes/{one.public_id}", {"do": "same", "reason": "court order seen"}
    )
    take(w.senr("towhee"))
    page = page_of(sis.get("/imports/fixes"))
    assert "It is loaded with the next import of a file that has it." in page and "Import again" not in page
    assert sis.post("/imports/fixes/again").url == "/imports/fixes"


def test_of_a_student_out_of_reach_nothing_is_shown(small_world, sign_in, take):
    run = take(w.senr("sage", **{"1.10": "Noel", "1.22": "20261102"}))
    coordinator = sign_in(small_world.coordinator)
    assert "Say whom it means" not in page_of(coordinator.get(f"/imports/{run.public_id}"))
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
    assert "To correct in the SIS 4 today" in without_marks(row)


def leaves(student, sign_in, small_world, reason="dropped_out") -> None:
    form = {"reason": reason, "on": "2026-11-20", "note": "The school says so."}
    answer = sign_in(small_world.coordinator).post(f"/students/{student.public_id}/leaving", form)
    assert answer.status_code == 302


def test_who_left_and_is_still_enrolled_is_the_sis_staffs_until_the_sis_ends_it(small_world, sis, sign_in):
    alder = small_world.students["alder"]
    leaves(alder, sign_in, small_world)
    home = page_of(sis.get("/"))
    assert "To correct in the SIS" in home and "3 days" in home
    page = page_of(sis.get("/imports/fixes"))
    said = "By our records the student left on 11/20/2026, and in the SIS the enrollment goes on."
    assert said in page and "L0005" in page and "08/14/2023" in page and "3 days" in page
    assert "E140 (no known enrollment, truant)" in page
    assert "Dropped out" not in page and "Alder" not in page
    message = page.split('name="message"', 1)[1]
    assert said in message and "Local ID L0005" in message
    with whole_installation("test"):
        assert ReadEvent.objects.filter(what="sis.fixes").latest("pk").student_ids == [alder.pk]
    pages.leaves(alder, date(2026, 11, 20))
    assert "Nothing is to be corrected in the SIS." in page_of(sis.get("/"))


def test_leavings_of_another_district_are_not_shown(small_world, sis, sign_in):
    leaves(small_world.students["alder"], sign_in, small_world)
    Leaving.objects.update(lea_code=w.OTHER_LEA)
    assert "left on" not in page_of(sis.get("/imports/fixes"))


@pytest.mark.parametrize("count", [1, 3])
def test_leavings_cost_the_same_for_few_and_many(
    small_world, sis, sign_in, django_assert_max_num_queries, count
):
    for name in ("alder", "towhee", "yarrow")[:count]:
        leaves(small_world.students[name], sign_in, small_world)
    sis.get("/imports/fixes")
    with django_assert_max_num_queries(MOST_QUERIES):
        page = page_of(sis.get("/imports/fixes"))
    assert page.split("<textarea", 1)[0].count("By our records the student left on") == count


@pytest.mark.parametrize("count", [1, 12])
def test_it_costs_the_same_for_few_and_many(small_world, sis, django_assert_max_num_queries, count):
    for number in range(count):
        finding(small_world.students["alder"], identity=f"n{number}")
    sis.get("/imports/fixes")
    with django_assert_max_num_queries(MOST_QUERIES):
        sis.get("/imports/fixes")
