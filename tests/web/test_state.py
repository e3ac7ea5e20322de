"""The pages of the state: who may see them, what they say, and that a click twice is a click once."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from manzanita.accounts.actions import add_person
from manzanita.accounts.models import Duty
from manzanita.archive.models import ArchivedRecord
from manzanita.auditing.models import ChangeEvent, ReadEvent
from manzanita.auditing.queries import reads_of_student
from manzanita.domain.leaving import PaperSaid
from manzanita.exchange.actions import line_text, prepare_submission, store_answers
from manzanita.exchange.gateway import Answer
from manzanita.exchange.models import Operation, StateFinding, Submission, SubmissionLine
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.students.actions import Identity, register_students, state_student_facts
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.pages import as_shown, reads

NO_ID = "018f0000-0000-7000-8000-000000000000"
UNKNOWN_AGENCY = {
    "code": "SERV0447",
    "field": "25.05",
    "text": "The agency is not in the list of the department.",
}


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def text_of(answer) -> str:
    """The page as one line of text."""
    return " ".join(answer.content.decode().split())


def reviewed(world, name: str = "alder", **serv_415: str):
    return archive(world.students[name], review_rows(name, **serv_415))


def rejected(world) -> StateFinding:
    """Alder's review is sent, and the service by an unknown agency comes back."""
    reviewed(world, **{"25.12": "400", "25.05": "9970099"})
    submission = prepare_submission(actor=world.coordinator_actor, form="api", destination="sandbox")
    store_answers(
        submission=submission,
        answers=[
            *[Answer(position, is_posted=True) for position in (1, 2, 3)],
            Answer(4, is_posted=False, errors=[UNKNOWN_AGENCY]),
        ],
    )
    Submission.objects.filter(pk=submission.pk).update(state="done")
    return StateFinding.objects.get()


# Access

PAGES = ["/state", "/state/operations/1", "/state/extracts", f"/state/submissions/{NO_ID}"]


@pytest.mark.parametrize("address", [*PAGES, "/findings", "/findings/1", "/corrections/1"])
def test_an_anonymous_person_signs_in_first(small_world, address):
    answer = Client().get(address)
    assert (answer.status_code, answer.url) == (302, f"/sign-in?next={address}")


@pytest.mark.parametrize("address", [*PAGES, "/corrections/1"])
def test_a_case_manager_does_not_send_or_correct_and_is_told_why(small_world, sign_in, address):
    answer = sign_in(small_world.case_manager).get(address)
    assert answer.status_code == 403
    assert "Ask the SEDS coordinator of Chaparral Unified" in text_of(answer)


@pytest.mark.parametrize(
    "address",
    ["/state/send", "/state/operations/1/release", f"/state/submissions/{NO_ID}/reject"],
)
def test_a_case_manager_changes_nothing(small_world, sign_in, address):
    reviewed(small_world)
    answer = sign_in(small_world.case_manager).post(address, {"form": "api", "destination": "sandbox"})
    assert answer.status_code == 403
    assert not Submission.objects.exists()


@pytest.mark.parametrize("address", ["/state", "/findings"])
def test_a_stranger_without_a_grant_is_told_so(small_world, sign_in, address):
    stranger = add_person(email="fern.sample@example.org", name="Fern Sample", password=w.PASSWORD)
    assert sign_in(stranger).get(address).status_code == 403


def test_what_belongs_to_others_is_not_found(small_world, coordinator):
    reviewed(small_world, "sage")  # enrolled in the other district
    operation = Operation.objects.first()
    other = ArchivedRecord.objects.filter(lea_code=w.OTHER_LEA).first()
    for address in (
        f"/state/operations/{operation.pk}",
        f"/corrections/{other.pk}",
        f"/state/submissions/{NO_ID}",
        "/findings/99",
        "/state?held=nonsense",
        "/state?after=x",
    ):
        assert coordinator.get(address).status_code == 404, address
    assert "Sage" not in text_of(coordinator.get("/state"))


def test_a_case_manager_sees_findings_of_own_students_only(small_world, sign_in):
    finding = rejected(small_world)
    client = sign_in(small_world.case_manager)
    page = text_of(client.get("/findings"))
    assert "SERV0447" in page and "Alder Testcase" in page
    page = text_of(client.get(f"/findings/{finding.pk}"))
    assert "Your perspective does not correct archived records." in page
    assert "/corrections/" not in page

    state_student_facts(
        "assignment",
        [Statement({"student_id": finding.student_id}, None, date(2026, 11, 23))],
        by_id=None,
        cause="test",
    )
    assert "SERV0447" not in text_of(client.get("/findings"))
    assert client.get(f"/findings/{finding.pk}").status_code == 404


# The plan


def test_an_empty_plan_says_that_all_is_equal(coordinator):
    page = text_of(coordinator.get("/state"))
    assert "The state holds what it should" in page
    assert "Nothing differs." in page
    assert 'name="csrfmiddlewaretoken"' in page


def test_the_plan_shows_operations_in_order_with_destination_and_form(small_world, coordinator):
    reviewed(small_world)
    page = text_of(coordinator.get("/state"))
    assert "4 operations for 1 student, in the order the state needs" in page
    assert "Send 4 operations" in page
    assert 'value="sandbox" checked' in page and 'value="api" checked' in page
    places = [
        page.index(words)
        for words in (
            "Alder Testcase",
            "MEET</a></td>",
            "PLAN</a></td>",
            "330 Specialized academic instruction",
            "415 ",
        )
    ]
    assert places == sorted(places)
    assert "No finding" in page and "Archive 11/23/2026" in page
    alder = small_world.students["alder"].pk
    assert reads() == [(alder, "state.plan")]


def test_an_opened_operation_shows_line_values_origins_and_confidence(small_world, coordinator):
    reviewed(small_world)
    plan = Operation.objects.get(record="PLAN")
    for address in (f"/state?open={plan.pk}", f"/state/operations/{plan.pk}"):
        page = text_of(coordinator.get(address))
        assert (
            "PLAN^A^^9910017^2026-2027^9900000005^L0005^SE-0005^9901^9910017^100^20261123^1^210^290^" in page
        )
        assert "290 Specific learning disability" in page
        assert "this meeting" in page
        assert "Inferred" in page and "Confirmed" in page
        assert "The Local Record ID is given when the line is sent." in page


def test_a_replace_says_what_was_and_what_becomes(small_world, coordinator):
    old = reviewed(small_world)
    submission = prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")
    store_answers(submission=submission, answers=[Answer(n, is_posted=True) for n in (1, 2, 3, 4)])
    rows = review_rows()
    rows[1] = ("PLAN", {**rows[1][1], "23.23": "80"})
    archive(small_world.students["alder"], rows, cause="correction", supersedes=old)
    page = text_of(coordinator.get(f"/state?open={Operation.objects.get().pk}"))
    assert (
        '23.23 General education participation <del class="was"><span class="vh">was </span>85</del><b>80</b>'
        in page
    )
    assert "^^^<b>80</b>^" in page
    assert "1 field of 35 differ from the state&#39;s" in page


def test_held_operations_have_reason_owner_and_way_out(small_world, coordinator):
    finding = rejected(small_world)
    page = text_of(coordinator.get("/state"))
    assert "Nothing may go now" in page
    assert "Rejected by the state" in page and "Owner: IEP team." in page
    page = text_of(coordinator.get("/state?held=rejected"))
    assert "Only those held:" in page and "Alder Testcase" in page
    operation = Operation.objects.get()
    page = text_of(coordinator.get(f"/state?held=rejected&open={operation.pk}"))
    assert "The state rejected exactly this line: SERV0447, The agency is not in the list" in page
    assert f"/findings/{finding.pk}" in page
    assert "^<b>9970099</b>^" in page


def test_an_amendment_that_was_not_agreed_is_named_with_its_sentence(small_world, coordinator):
    archive(
        small_world.students["towhee"],
        [],
        context={
            "effects": [{"kind": "nothing", "text": "Nothing goes.", "detail": "The family did not agree."}]
        },
    )
    page = text_of(coordinator.get("/state"))
    assert "Towhee Testcase" in page and "The family did not agree." in page
    assert reads_of_student(small_world.students["towhee"].pk).exists()


def many_students(world, count: int) -> None:
    made = register_students(
        [Identity(f"Fern{number}", "", "Testcase", "", date(2016, 1, 1), "F") for number in range(count)]
    )
    for number, student in enumerate(made):
        state_student_facts(
            "ssid",
            [Statement({"student_id": student.pk}, {"ssid": f"99001{number:05}"}, date(2023, 8, 14))],
            by_id=None,
            cause="test",
        )
        state_student_facts(
            "enrollment",
            [
                Statement(
                    {"student_id": student.pk, "lea_code": w.LEA, "started_on": date(2023, 8, 14)},
                    {
                        "school_code": w.SCHOOL,
                        "nps_code": "",
                        "status_code": "10",
                        "grade_code": "04",
                        "exit_reason_code": "",
                        "completion_code": "",
                        "residence_code": "",
                        "local_student_id": f"F{number}",
                    },
                    date(2023, 8, 14),
                )
            ],
            by_id=None,
            cause="test",
        )
        archive(student, [("MEET", {**w.meet("alder", "20261120"), "24.06": f"99001{number:05}"})])


@pytest.mark.parametrize("count", [2, 30])
def test_the_plan_costs_the_same_for_few_and_many(small_world, coordinator, django_assert_num_queries, count):
    many_students(small_world, count)
    coordinator.get("/state")
    with django_assert_num_queries(PLAN_QUERIES):
        page = text_of(coordinator.get("/state"))
    assert f"Send {count} operations" in page


# session, user, grants, no block; the operations, archives without records, read log 2 and its count; counts 2,
# totals 2; the stamp of what may go, work under way; students 5, archives; held groups, submissions; the last look:
# what ends 3, what the rules object to,
# duties 2; what a lock would keep; what is left of students whose amendment window has closed
PLAN_QUERIES = 31


def test_a_last_look_counts_what_goes_and_says_what_ends_and_whose_duty_it_is(small_world, coordinator):
    reviewed(small_world)
    page = text_of(coordinator.get("/state"))
    look = page[page.index('id="last-look"') :]
    assert "Look at 4 operations and send…" in look and "What goes, for 1 student" in look
    row = (
        '<tr><th scope="row">{}</th><td class="num">{}</td><td class="num">0</td><td class="num">0</td></tr>'
    )
    assert row.format("MEET", 1) in look and row.format("PLAN", 1) in look and row.format("SERV", 2) in look
    assert row.format("SWDS", 0) not in look
    assert "No adoption, leaving or change that can still be taken back is among it." in look
    assert "No finding of our rules is open on what goes." in look
    assert "Duty “Send to the state”: Nobody has this duty." in look
    assert '<a href="/admin/duties">Name somebody</a>' in look
    assert look.index("Name somebody") < look.index("Send 4 operations")


def test_a_last_look_names_a_leaving_that_the_send_ends_and_who_has_the_duty(small_world, coordinator):
    actor = small_world.coordinator_actor
    friday = date(2026, 11, 20)
    papers = {"notice": PaperSaid(date(2026, 11, 16)), "summary": PaperSaid(friday)}
    asked = LeavingAsked("dropped_out", friday, note="The office knows it from the family.", papers=papers)
    record_leaving(actor=actor, student=small_world.students["alder"], asked=asked)
    holder = small_world.coordinator
    agency = small_world.coordinator_grant.agency
    Duty.objects.create(kind="send", agency=agency, holder=holder, since_on=w.TODAY)
    page = text_of(coordinator.get("/state"))
    assert "<b>Once it is sent, no longer taken back:</b> 1 leaving." in page
    assert "Duty “Send to the state”: Juniper Mockup." in page


def test_more_than_a_page_goes_on_where_it_ended(small_world, coordinator, monkeypatch):
    monkeypatch.setattr("manzanita.web.state.PAGE_SIZE", 3)
    many_students(small_world, 4)
    first = text_of(coordinator.get("/state"))
    assert "Fern2" in first and "Fern3" not in first
    last = Operation.objects.order_by("student_id")[2]
    assert f"/state?after={last.student_id}-0" in first
    second = text_of(coordinator.get(f"/state?after={last.student_id}-0"))
    assert "Fern3" in second and "Fern2" not in second


# Sending


def test_a_double_click_sends_once_and_ends_on_the_same_page(small_world, coordinator):
    reviewed(small_world)
    chosen = as_shown(coordinator) | {"form": "api", "destination": "sandbox"}
    first = coordinator.post("/state/send", chosen)
    submission = Submission.objects.get()
    assert (first.status_code, first.url) == (302, f"/state/submissions/{submission.public_id}")
    again = coordinator.post("/state/send", chosen)
    assert again.url == first.url
    assert (Submission.objects.count(), Job.objects.count()) == (1, 1)
    assert coordinator.get("/state/send").status_code == 405


@pytest.mark.parametrize(
    "chosen", [{}, {"form": "fax", "destination": "state"}, {"form": "api", "destination": "x"}]
)
def test_an_unknown_way_sends_nothing(small_world, coordinator, chosen):
    reviewed(small_world)
    assert coordinator.post("/state/send", chosen).status_code == 404
    assert not Submission.objects.exists()


def test_the_state_refuses_with_all_its_reasons(small_world, coordinator):
    reviewed(small_world)
    answer = coordinator.post(
        "/state/send", as_shown(coordinator) | {"form": "api", "destination": "state"}, follow=True
    )
    page = text_of(answer)
    assert "No line left the house." in page
    assert "API contract is not public" in page
    assert "23.34 (provisional)" in page
    assert "Load the state&#39;s workbook." in page
    assert "Owner: SEDS coordinator" in page
    assert "Send 4 operations" in text_of(coordinator.get("/state"))


def test_progress_polls_while_it_moves_and_then_asks_for_the_page(small_world, coordinator):
    reviewed(small_world)
    coordinator.post("/state/send", as_shown(coordinator) | {"form": "api", "destination": "sandbox"})
    submission = Submission.objects.get()
    address = f"/state/submissions/{submission.public_id}"
    page = text_of(coordinator.get(address))
    assert f'hx-get="{address}/progress" hx-trigger="every 2s"' in page
    assert "0 of 4" in page
    assert "You may close this page" in page
    part = coordinator.get(f"{address}/progress")
    assert "HX-Refresh" not in part

    store_answers(submission=submission, answers=[Answer(n, is_posted=True) for n in (1, 2, 3, 4)])
    Submission.objects.filter(pk=submission.pk).update(state="done")
    part = coordinator.get(f"{address}/progress")
    assert part["HX-Refresh"] == "true"
    assert "hx-get" not in text_of(part)
    assert "4 posted" in text_of(part)


def test_a_job_that_gave_up_is_said_and_set_going_again(small_world, coordinator):
    reviewed(small_world)
    coordinator.post("/state/send", as_shown(coordinator) | {"form": "api", "destination": "sandbox"})
    Job.objects.update(state="failed", attempts=5, error_type="ValueError")
    address = f"/state/submissions/{Submission.objects.get().public_id}"
    page = text_of(coordinator.get(address))
    assert "ValueError after 5 attempts" in page and "every 2s" not in page
    coordinator.post(f"{address}/resume")
    coordinator.post(f"{address}/resume")
    assert Job.objects.filter(state="waiting").count() == 1


def test_a_file_that_waits_says_why_and_when_it_is_tried_again(
    transactional_db, small_world, coordinator, settings
):
    settings.STATE_GATEWAY = {**settings.STATE_GATEWAY, "url": "http://127.0.0.1:1"}
    reviewed(small_world)
    coordinator.post("/state/send", as_shown(coordinator) | {"form": "api", "destination": "sandbox"})
    first = Submission.objects.get()
    reviewed(small_world, "towhee")
    coordinator.post("/state/send", as_shown(coordinator) | {"form": "api", "destination": "sandbox"})
    second = Submission.objects.exclude(pk=first.pk).get()
    run_jobs_now(raises_errors=True)
    page = text_of(coordinator.get(f"/state/submissions/{first.public_id}"))
    assert (
        "The state cannot be reached: it takes no connection. Next try at 12:00 pm on 11/23/2026. "
        "<b>Nothing to do: it goes on by itself.</b>" in page
    )
    assert "Owner: State" in page
    page = text_of(coordinator.get(f"/state/submissions/{second.public_id}"))
    assert "It goes after the file of 12:00 pm on 11/23/2026" in page
    assert f'href="/state/submissions/{first.public_id}" id="goes-first">The file that goes first</a>' in page
    assert "The state cannot be reached: it takes no connection. Next try at" in text_of(
        coordinator.get("/state")
    )


def test_each_line_has_its_answer_with_owner_and_fix(small_world, coordinator):
    finding = rejected(small_world)
    submission = Submission.objects.get()
    line = submission.lines.get(position=4)
    address = f"/state/submissions/{submission.public_id}"
    page = text_of(coordinator.get(f"{address}?open={line.pk}"))
    assert "SERV0447" in page and "25.05 Nonpublic agency" in page and "IEP team" in page
    assert f"/findings/{finding.pk}" in page
    assert f"SERV^A^{line.transaction_id}^9910017^<b>9970099</b>^2026-2027^9900000005" in page
    page = text_of(coordinator.get(f"{address}?outcome=posted"))
    assert "SERV0447" not in page
    assert coordinator.get(f"{address}?outcome=lost").status_code == 404


# Files


@pytest.fixture
def written(transactional_db, small_world, coordinator, settings, tmp_path) -> Submission:
    settings.STATE_GATEWAY = {
        **settings.STATE_GATEWAY,
        "files_dir": str(tmp_path),
        "url": "http://127.0.0.1:1",
    }
    reviewed(small_world)
    coordinator.post("/state/send", as_shown(coordinator) | {"form": "files", "destination": "sandbox"})
    run_jobs_now(raises_errors=True)
    return Submission.objects.get()


def test_files_are_written_without_a_sandbox_and_taken_home(written, coordinator):
    address = f"/state/submissions/{written.public_id}"
    page = text_of(coordinator.get(address))
    assert "Files, in the order of upload" in page
    assert f"{written.file_name[:-4]}_2_PLAN.txt" in page
    assert "they do not go to the state" in page
    assert "No extract read so far holds it." in page
    answer = coordinator.get(f"{address}/files/2")
    assert answer["Content-Disposition"] == f'attachment; filename="{written.file_name[:-4]}_2_PLAN.txt"'
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"PLAN^A^MZ") and content.endswith(b"\r\n")
    assert (
        ReadEvent.objects.get(kind="export").what,
        ReadEvent.objects.get(kind="export").content_class,
    ) == (
        "state.file",
        "record",
    )
    event = ChangeEvent.objects.get(action="export_lines")
    assert event.detail == {"file": 2}
    assert coordinator.get(f"{address}/files/9").status_code == 404


def upload(*records: str, extra: dict[str, dict[str, str]] | None = None) -> list[SimpleUploadedFile]:
    rows = w.state_rows()
    for record, values in review_rows():
        rows[record].append({**values, **(extra or {}).get(record, {})})
    return [
        SimpleUploadedFile(f"{record}.txt", w.extract_text(record, rows[record]).encode())
        for record in records
    ]


def test_extracts_settle_lines_and_say_what_stays(written, coordinator):
    files = upload("MEET", "PLAN", "SERV", extra={"PLAN": {"23.23": "70"}})
    page = text_of(coordinator.post("/state/extracts", {"files": files}, follow=True))
    assert "3 waiting lines settled as posted; 1 still waiting." in page
    assert "Left out: 3 lines of another LEA." in page
    page = text_of(coordinator.get(f"/state/submissions/{written.public_id}?outcome=waiting"))
    assert "The state holds other values for it." in page
    coordinator.post("/state/extracts", {"files": upload("PLAN")})
    written.refresh_from_db()
    assert written.state == "done"
    assert not Operation.objects.exists()


def test_rejected_records_land_at_their_lines_and_what_matches_nothing_is_listed(written, coordinator):
    line = written.lines.get(record="PLAN")
    text = f"{line_text(line)}^PLAN0726^23.16^Needs MMSN or ESN.\n"
    text += text.replace(line.transaction_id, "MZ0")
    given = [SimpleUploadedFile("rejected.txt", text.encode()), *upload("MEET", "SERV")]
    page = text_of(coordinator.post("/state/extracts", {"files": given}))
    assert "1 waiting line noted as rejected; 0 noted before." in page
    assert "3 waiting lines settled as posted; 0 still waiting." in page
    assert "Matched by Local Record ID: 0; by key: 3." in page
    assert "Matched to nothing of ours: 1 line" in page
    assert "No line of an upload from here has the Local Record ID MZ0." in page
    assert StateFinding.objects.get().rule_code == "PLAN0726"
    given = [SimpleUploadedFile("rejected.txt", text.encode())]
    page = text_of(coordinator.post("/state/extracts", {"files": given}))
    assert "0 waiting lines noted as rejected; 1 noted before." in page

    given = [SimpleUploadedFile("rejected.txt", text.replace("^9910017^", "^9910025^").encode())]
    answer = coordinator.post("/state/extracts", {"files": given})
    assert answer.status_code == 422
    assert "rejected.txt, line 1 is of 9910025, and you work for 9910017." in text_of(answer)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "Choose the extract files of the state first"),
        ([("notes.txt", b"hello")], "notes.txt is not a record file: no line of it is divided by carets"),
        ([("empty.txt", b"")], None),
        (
            [("out.txt", b"MEET^A^MZ2^9910017^2026-2027^9900000005^L^S^9901^^^^^^20261121^^Y^30^")],
            "not an extract",
        ),
    ],
)
def test_what_is_no_extract_is_refused_in_words(small_world, coordinator, files, words):
    given = [SimpleUploadedFile(name, data) for name, data in files]
    answer = coordinator.post("/state/extracts", {"files": given} if given else {})
    assert answer.status_code == 422
    if words:
        assert words in text_of(answer)


def test_a_rejection_read_on_the_state_s_site_is_noted_at_its_line(written, coordinator):
    line = written.lines.get(record="PLAN")
    address = f"/state/submissions/{written.public_id}"
    assert "The state's site rejected this line" in text_of(coordinator.get(f"{address}?open={line.pk}"))
    told = {"line": line.pk, "code": "PLAN0726", "field": "23.16", "text": "Needs MMSN or ESN."}
    assert coordinator.post(f"{address}/reject", {**told, "field": "25.05"}).status_code == 404
    assert "Not noted" in text_of(coordinator.post(f"{address}/reject", {**told, "code": ""}, follow=True))
    assert "was rejected with PLAN0726" in text_of(coordinator.post(f"{address}/reject", told, follow=True))
    finding = StateFinding.objects.get()
    assert (finding.rule_code, finding.fields) == ("PLAN0726", ["23.16"])


def test_files_nobody_uploaded_are_taken_back(written, coordinator):
    address = f"/state/submissions/{written.public_id}"
    page = text_of(coordinator.post(f"{address}/take-back", follow=True))
    assert "4 lines taken back: free to go again." in page
    assert "Taken back by Juniper Mockup" in page
    assert not SubmissionLine.objects.exists()
    assert "Send 4 operations" in text_of(coordinator.get("/state"))


# Findings and corrections


def test_what_hurts_first_comes_first_and_the_newest_first_within_it(small_world, coordinator, monkeypatch):
    finding = rejected(small_world)
    values = {
        field.name: getattr(finding, field.name) for field in StateFinding._meta.fields if field.name != "id"
    }
    for code, severity, days in (
        ("PLAN0726", "fatal", 9),
        ("PLAN0001", "not_evaluated", 0),
        ("PLAN0002", "info", 1),
        ("PLAN0003", "warning", 2),
        ("PLAN0004", "warning", 0),
    ):
        more = {"identity": code, "rule_code": code, "severity": severity}
        opened = {"opened_at": finding.opened_at - timedelta(days=days), "fields": ["23.16"]}
        StateFinding.objects.create(**values | more | opened | {"values": {"23.16": ""}})
    in_order = ["SERV0447", "PLAN0726", "PLAN0004", "PLAN0003", "PLAN0002", "PLAN0001"]

    def codes(page: str) -> list[str]:
        return re.findall(r'data-open class="rule">(\w+)<', page)

    page = coordinator.get("/findings").content.decode()
    assert codes(page) == in_order
    assert "what hurts first: fatal before warnings, the newest first within each" in page
    assert "9 days" in page and "IEP team" in page
    # The pages go on from one weight to the next.
    monkeypatch.setattr("manzanita.web.state_findings.PAGE_SIZE", 1)
    seen, address = [], "/findings"
    while address:
        page = coordinator.get(address).content.decode()
        seen += codes(page)
        more_url = re.search(r'href="(/findings\?after=\d+)"', page)
        address = more_url[1] if more_url else ""
    assert seen == in_order
    page = coordinator.get("/findings?severity=warning")
    assert codes(page.content.decode()) == ["PLAN0004"] and "the newest first" in text_of(page)
    monkeypatch.undo()
    assert coordinator.get("/findings?severity=loud").status_code == 404
    StateFinding.objects.exclude(pk=finding.pk).delete()
    assert "The state has no finding open" in text_of(coordinator.get("/findings?severity=warning"))


def test_a_finding_names_rule_field_owner_line_and_way_out(small_world, coordinator):
    finding = rejected(small_world)
    page = text_of(coordinator.get(f"/findings/{finding.pk}"))
    for words in (
        "SERV0447",
        "Alder Testcase",
        "25.05",
        "9970099",
        "The agency is not in the list of the department.",
        "IEP team",
        "Correct and resend",
        "^<b>9970099</b>^",
        "register of nonpublic agencies (NPA)",
    ):
        assert words in page, words


def test_a_finding_tells_what_is_doubtful_about_its_rule(small_world, coordinator):
    finding = rejected(small_world)
    StateFinding.objects.filter(pk=finding.pk).update(rule_code="PLAN0637E4")
    page = text_of(coordinator.get(f"/findings/{finding.pk}"))
    assert "Presumed from 2025-2026 on: the state has printed this rule for earlier years only" in page
    assert "the state said on 2024-06-13 that this rule speaks too often" in page
    assert "https://www.cde.ca.gov/ds/sp/cl/calpadsupdflash276.asp" in page


def test_correct_and_resend(small_world, coordinator):
    finding = rejected(small_world)
    page = text_of(coordinator.get(f"/findings/{finding.pk}"))
    record = ArchivedRecord.objects.get(record_key=finding.record_key)
    assert f"/corrections/{record.pk}" in page

    form = text_of(coordinator.get(f"/corrections/{record.pk}"))
    first_control = form.index('name="25.05"')
    assert first_control < form.index('name="25.11"')
    assert "autofocus" in form[first_control - 200 : first_control + 200]
    assert "Meadowlark Therapies" in form

    values = {
        "25.11": "415",
        "25.12": "400",
        "25.05": "9970011",
        "25.13": "510",
        "25.14": "20",
        "25.15": "30",
    }
    checked = coordinator.post(f"/corrections/{record.pk}", {**values, "check": "1"})
    assert "The state is told to <b>add</b> the SERV of 11/23/2026" in text_of(checked)
    assert Operation.objects.get().hold_code == "rejected"

    refused = coordinator.post(f"/corrections/{record.pk}", values)
    assert refused.status_code == 422
    assert "needs its reason" in text_of(refused)

    saved = coordinator.post(f"/corrections/{record.pk}", {**values, "reason": "Wrong agency"})
    operation = Operation.objects.get()
    assert (saved.status_code, saved.url) == (302, f"/state/operations/{operation.pk}")
    page = text_of(coordinator.get(saved.url))
    assert "1 of 17 fields differ from the line rejected on 11/23/2026: 25.05 was 9970099, SERV0447" in page
    assert "^<b>9970011</b>^" in page
    assert "Corrected" in text_of(coordinator.get(f"/findings/{finding.pk}"))

    stale = coordinator.post(f"/corrections/{record.pk}", {**values, "25.15": "45", "reason": "second tab"})
    assert stale.status_code == 409
    page = text_of(stale)
    assert "this is the record that stands now, with what you typed laid over it." in page
    assert 'value="second tab"' in page


def test_a_changed_key_is_told_as_delete_and_add(small_world, coordinator):
    record = ArchivedRecord.objects.get(record_key="SERV|9910017|9900000005|20251114|415|100|510")
    values = {"25.11": "415", "25.12": "110", "25.05": "", "25.13": "510", "25.14": "20", "25.15": "30"}
    page = text_of(coordinator.post(f"/corrections/{record.pk}", {**values, "check": "1"}))
    assert "told to <b>delete</b> the SERV of 11/14/2025, because the change names another record" in page
    assert "told to <b>add</b> the SERV of 11/14/2025" in page


def test_a_code_that_the_state_rejected_is_marked_where_another_is_chosen(small_world, coordinator):
    reviewed(small_world)
    submission = prepare_submission(actor=small_world.coordinator_actor, form="api", destination="sandbox")
    error = {
        "code": "GERR0007",
        "field": "25.14",
        "text": "Code is not valid in the submitted academic year.",
    }
    posted = [Answer(position, is_posted=True) for position in (1, 2, 3)]
    store_answers(submission=submission, answers=[*posted, Answer(4, is_posted=False, errors=[error])])
    Submission.objects.filter(pk=submission.pk).update(state="done")
    record = ArchivedRecord.objects.get(record_key=StateFinding.objects.get().record_key)
    code = record.values["25.14"]

    form = text_of(coordinator.get(f"/corrections/{record.pk}"))
    select = form[form.index('name="25.14"') :].split("</select>")[0]
    options = re.findall(r'<option value="(\d+)"[^>]*>([^<]*)</option>', select)
    marked = [value for value, label in options if "(rejected by the state on 11/23/2026)" in label]
    assert marked == [code] and len(options) > 1
    assert (
        "Which codes of ServiceFrequency the state accepts this year is not public, and our list may hold others "
        "that it rejects: ask the SELPA, or load the state&#39;s workbook." in form
    )
    # Nothing of it at a field that the state did not object to.
    assert form.count("(rejected by the state on") == 1 and form.count("is not public, and our list") == 1


def test_a_finding_of_the_state_that_is_closed_is_not_called_open(small_world, coordinator):
    finding = rejected(small_world)
    address = f"/findings/{finding.pk}"
    page = text_of(coordinator.get(address))
    assert "open since 11/23/2026" in page and ">Fatal</span>" in page
    StateFinding.objects.filter(pk=finding.pk).update(closed_at=w.NOON)
    page = text_of(coordinator.get(address))
    assert "closed 11/23/2026" in page and "open since" not in page
    assert ">Said before</span>" in page and ">Fatal</span>" not in page


def test_a_code_of_unknown_years_says_why_no_rule_of_ours_objected(small_world, coordinator):
    finding = rejected(small_world)
    about = {"rule_code": "GERR0007", "fields": ["25.14"], "values": {"25.14": "20"}}
    StateFinding.objects.filter(pk=finding.pk).update(**about)
    page = text_of(coordinator.get(f"/findings/{finding.pk}"))
    assert (
        "No public page prints the years of code 20 of 25.14 Frequency, so our rules could not find it before the "
        "send. Which codes of ServiceFrequency the state accepts this year is not public" in page
    )
    # Of another rule it is not said.
    about = {"fields": ["25.14"], "values": {"25.14": "20"}, "rule_code": "SERV0447"}
    StateFinding.objects.filter(pk=finding.pk).update(**about)
    assert "No public page prints" not in text_of(coordinator.get(f"/findings/{finding.pk}"))


def test_where_every_archive_tells_the_state_something_it_says_so(small_world, coordinator):
    reviewed(small_world)
    page = text_of(coordinator.get("/state"))
    assert "<h2>Archives that tell the state nothing</h2>" in page
    assert "None: each archive of the last 30 days tells the state something." in page
    assert ">By our rules</th>" in page


def test_a_code_that_only_a_retired_rule_prints_is_not_called_retired(small_world, coordinator):
    archive(small_world.students["alder"], review_rows("alder"))
    answer = coordinator.post(
        "/state/send", as_shown(coordinator) | {"form": "api", "destination": "state"}, follow=True
    )
    page = text_of(answer)
    assert "400 (in use, printed only in a retired rule)" in page
    assert "(retired)" not in page


def test_the_day_of_a_status_is_corrected_with_the_browsers_date(small_world, coordinator):
    record = ArchivedRecord.objects.get(record_key="SWDS|9910017|9900000005|20241115")
    address = f"/corrections/{record.pk}"
    assert 'type="date" value="2024-11-15"' in text_of(coordinator.get(address))

    values = {"22.11": "2024-12-01", "22.12": "1", "22.13": "", "reason": "The day was that of the letter."}
    page = text_of(coordinator.post(address, {**values, "check": "1"}))
    assert "told to <b>add</b> the SWDS of 12/01/2024" in page
    page = text_of(coordinator.post(address, values, follow=True))
    assert "Corrected." in page


def test_a_day_that_is_none_keeps_the_form_and_says_so(small_world, coordinator):
    record = ArchivedRecord.objects.get(record_key="SWDS|9910017|9900000005|20241115")
    answer = coordinator.post(f"/corrections/{record.pk}", {"22.11": "", "22.12": "1", "reason": "Typed."})
    assert answer.status_code == 422
    assert "The day is no date." in text_of(answer)
    assert 'value="Typed."' in text_of(answer)


def test_a_line_rejected_for_another_cause_is_released_with_a_reason(small_world, coordinator):
    rejected(small_world)
    operation = Operation.objects.get()
    address = f"/state/operations/{operation.pk}"
    coordinator.post(f"{address}/release", {"reason": " "})
    assert Operation.objects.get().hold_code == "rejected"
    page = text_of(coordinator.post(f"{address}/release", {"reason": "The list has it now"}, follow=True))
    assert "Released: the line goes again with the next send." in page
    assert Operation.objects.get().hold_code == ""
    assert ChangeEvent.objects.get(action="release_rejected").reason == "The list has it now"
