"""Sending as a job, against a real sandbox process: what can go wrong on the way, and that nothing is done twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from manzanita.accounts.models import Grant
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.layouts.files import parse_record_file
from manzanita.exchange import jobs as exchange_jobs
from manzanita.exchange.actions import prepare_submission, reject_by_hand, take_back
from manzanita.exchange.gateway import GatewayUnavailable
from manzanita.exchange.gateway.api import ApiGateway
from manzanita.exchange.gateway.choice import gateway
from manzanita.exchange.models import Operation, StateFinding, StateRecord, Submission
from manzanita.exchange.readback import NotAnExtract, read_back
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from tests.support import world as w
from tests.support.exchange import archive, review_rows
from tests.support.system import System

# A job looks after its connection as a worker does, so it needs one that no test transaction holds open.
pytestmark = pytest.mark.django_db(transaction=True)

WRONG_AGENCY = {"25.12": "400", "25.05": "9970099"}
RIGHT_AGENCY = {"25.12": "400", "25.05": "9970011"}


def prepare(world, form: str = "api") -> Submission:
    return prepare_submission(actor=world.coordinator_actor, form=form, destination="sandbox")


def outcomes(submission: Submission) -> list[tuple[str, str]]:
    return list(submission.lines.order_by("position").values_list("record", "outcome"))


def applied_once(sandbox: System, lines: int) -> None:
    assert [row["count"] for row in sandbox.applied()] == [1] * lines


def refreshed(submission: Submission) -> Submission:
    submission.refresh_from_db()
    return submission


def test_posted_rejected_corrected_and_sent_again(world, sandbox):
    alder = world.students["alder"]
    old = archive(alder, review_rows(**WRONG_AGENCY))
    submission = prepare(world)
    run_jobs_now(raises_errors=True)

    assert refreshed(submission).state == "done"
    assert outcomes(submission) == [
        ("MEET", "posted"),
        ("PLAN", "posted"),
        ("SERV", "posted"),
        ("SERV", "rejected"),
    ]
    (finding,) = StateFinding.objects.filter(closed_at=None)
    assert (finding.rule_code, finding.fields, finding.values) == (
        "SERV0447",
        ["25.05"],
        {"25.05": "9970099"},
    )
    assert (finding.student_id, finding.record) == (alder.pk, "SERV")

    archive(alder, review_rows(**RIGHT_AGENCY), cause="correction", supersedes=old)
    again = prepare(world)
    run_jobs_now(raises_errors=True)
    assert outcomes(again) == [("SERV", "posted")]
    assert not StateFinding.objects.filter(closed_at=None).exists()
    assert not Operation.objects.exists()
    applied_once(sandbox, 4)

    (transaction,) = again.lines.values_list("transaction_id", flat=True)
    text = gateway(form="api", destination="sandbox").extract(
        record="SERV", lea_code="9910017", ssids=["9900000005"]
    )
    assert text.splitlines()[-1] == (
        f"SERV-R^^{transaction}^9910017^9970011^2026-2027^9900000005^L0005^9901^^415^400^510^20^30^SE-0005"
        "^20261123^20261123^20261123"
    )


def test_a_delete_and_a_replace_reach_the_state(world, sandbox):
    alder = world.students["alder"]
    old = archive(alder, review_rows())
    prepare(world)
    run_jobs_now(raises_errors=True)
    rows = review_rows(**{"25.12": "110"})
    rows[1] = ("PLAN", {**rows[1][1], "23.23": "80"})
    archive(alder, rows, cause="correction", supersedes=old)
    submission = prepare(world)
    run_jobs_now(raises_errors=True)
    assert list(submission.lines.order_by("position").values_list("kind", "record", "outcome")) == [
        ("delete", "SERV", "posted"),
        ("replace", "PLAN", "posted"),
        ("add", "SERV", "posted"),
    ]
    assert [line.split("^")[22] for line in sandbox.extract("PLAN") if "^20261123^" in line] == ["80"]
    services = [line.split("^")[10:12] for line in sandbox.extract("SERV") if "^20261123^" in line]
    assert services == [["330", "100"], ["415", "110"]]
    keys = StateRecord.objects.filter(key_on=date(2026, 11, 23), record="SERV").values_list(
        "record_key", flat=True
    )
    assert sorted(keys) == [
        "SERV|9910017|9900000005|20261123|330|100|510",
        "SERV|9910017|9900000005|20261123|415|110|510",
    ]


def test_a_stalled_state_is_asked_again_later_and_the_job_makes_room(world, sandbox, monkeypatch):
    monkeypatch.setattr(exchange_jobs, "PATIENCE_SECONDS", 0.1)
    archive(world.students["alder"], review_rows())
    sandbox.control("weather", stalled=True)
    submission = prepare(world)
    assert run_jobs_now(raises_errors=True) == 1
    assert refreshed(submission).state == "answering"
    job = Job.objects.get()
    assert (job.state, job.attempts, job.done_count, job.total_count) == ("waiting", 0, 0, 4)

    sandbox.control("weather", stalled=False)
    run_jobs_now(raises_errors=True)
    assert refreshed(submission).state == "done"
    assert Job.objects.get().state == "done"
    applied_once(sandbox, 4)


def test_pauses_grow_with_the_silence_and_end_growing(world, settings):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    Submission.objects.filter(pk=submission.pk).update(sent_at=w.NOON)
    submission.refresh_from_db()
    pauses = []
    for silent in (0, 20, 200, 20_000):
        with time_machine.travel(w.NOON + timedelta(seconds=silent), tick=False):
            pauses.append(exchange_jobs._pause(submission))
    assert pauses == [0.02, 5, 50, 60]


def test_a_state_that_is_away_costs_no_attempt_and_nothing_is_lost(world, settings):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    for _ in range(7):  # more often than a job may fail
        run_jobs_now(raises_errors=True)
    assert refreshed(submission).state == "sending"
    job = Job.objects.get()
    assert (job.state, job.attempts, job.error_type) == ("waiting", 0, "")
    assert job.progress_text == "The state cannot be reached: it takes no connection."


def test_a_file_that_arrived_without_us_knowing_is_not_sent_again(world, sandbox, monkeypatch):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    really = ApiGateway.deliver

    def arrives_unknown(self, **arguments):
        really(self, **arguments)
        raise GatewayUnavailable("the answer was cut off")

    monkeypatch.setattr(ApiGateway, "deliver", arrives_unknown)
    run_jobs_now(raises_errors=True)
    assert refreshed(submission).state == "sending"
    run_jobs_now(raises_errors=True)  # would raise again if it delivered again
    assert refreshed(submission).state == "done"
    applied_once(sandbox, 4)


def test_a_job_that_ran_to_its_end_twice_did_it_once(world, sandbox):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    run_jobs_now(raises_errors=True)
    Job.objects.update(state="waiting", finished_at=None)  # as after a crash before the job was closed
    run_jobs_now(raises_errors=True)
    assert outcomes(refreshed(submission)) == [
        ("MEET", "posted"),
        ("PLAN", "posted"),
        ("SERV", "posted"),
        ("SERV", "posted"),
    ]
    applied_once(sandbox, 4)


def test_a_file_refused_whole_frees_its_lines_and_says_why(world, sandbox):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    Submission.objects.filter(pk=submission.pk).update(file_name="a/b.txt")
    run_jobs_now(raises_errors=True)
    assert refreshed(submission).state == "refused"
    assert "bad_file_name" in submission.refusals[0]["text"]
    assert submission.lines.count() == 0
    assert set(Operation.objects.values_list("hold_code", flat=True)) == {""}
    assert Job.objects.get().state == "done"


def test_a_state_that_lost_the_file_is_given_it_again(world, sandbox, monkeypatch):
    monkeypatch.setattr(exchange_jobs, "PATIENCE_SECONDS", 0.1)
    archive(world.students["alder"], review_rows())
    sandbox.control("weather", stalled=True)
    submission = prepare(world)
    run_jobs_now(raises_errors=True)
    sandbox.kill("sandbox")
    for path in sandbox.folder.glob("state.sqlite3*"):
        path.unlink()
    sandbox.start_sandbox(sandbox.folder / "state")
    for _ in range(3):
        run_jobs_now(raises_errors=True)
    assert refreshed(submission).state == "done"
    applied_once(sandbox, 4)


def test_a_grant_that_ended_before_the_job_began_sends_nothing(world, sandbox):
    archive(world.students["alder"], review_rows())
    submission = prepare(world)
    Grant.objects.filter(pk=world.coordinator_grant.pk).update(ends_on=date(2026, 11, 22))
    run_jobs_now(raises_errors=True)
    assert refreshed(submission).state == "refused"
    assert submission.refusals[0]["code"] == "grant-ended"
    assert sandbox.applied() == []
    assert set(Operation.objects.values_list("hold_code", flat=True)) == {""}


# Files


def written(world) -> Submission:
    archive(world.students["alder"], review_rows())
    submission = prepare(world, "files")
    run_jobs_now(raises_errors=True)
    return refreshed(submission)


def extract_of(submission: Submission, *, but: dict[str, dict[str, str]] | None = None, without: str = ""):
    """The state's extracts after it took the lines of a submission, as files."""
    rows = w.state_rows()
    for line in submission.lines.order_by("position"):
        if line.record != without and line.kind != "delete":
            rows[line.record].append({**line.values, **(but or {}).get(line.record, {})})
    for record in rows:
        number = {"SWDS": "22.01", "MEET": "24.01", "PLAN": "23.01", "SERV": "25.01"}[record]
        rows[record] = [{n: v for n, v in row.items() if n != number} for row in rows[record]]
    return [
        parse_record_file(w.extract_text(record, lines).encode(), f"ODS_{record}.txt")
        for record, lines in rows.items()
    ]


def test_files_are_written_with_no_sandbox_running_and_wait(world):
    submission = written(world)
    assert submission.state == "written"
    files = gateway(form="files", destination="sandbox").files_of(submission.file_name)
    assert [path.name.removeprefix(submission.file_name[:-4]) for path in files] == [
        "_1_MEET.txt",
        "_2_PLAN.txt",
        "_3_SERV.txt",
    ]
    (transaction,) = submission.lines.filter(record="MEET").values_list("transaction_id", flat=True)
    assert files[0].read_text() == (
        f"MEET^A^{transaction}^9910017^2026-2027^9900000005^L0005^SE-0005^9901^^^^^^20261120^^Y^30^\n"
    )
    assert [outcome for _, outcome in outcomes(submission)] == ["waiting"] * 4
    assert {operation.hold_code for operation in Operation.objects.all()} == {"on-its-way"}


def test_the_state_s_extract_settles_uploaded_lines(world):
    submission = written(world)
    result = read_back(actor=world.coordinator_actor, files=extract_of(submission))
    assert (result.posted, result.waiting) == (4, 0)
    assert dict(result.by_record) == {"SWDS": 2, "MEET": 6, "PLAN": 4, "SERV": 6}
    assert result.other_lea == 4
    assert refreshed(submission).state == "done"
    assert not Operation.objects.exists()
    assert StateRecord.objects.filter(learned_from="extract").count() == 22
    again = read_back(actor=world.coordinator_actor, files=extract_of(submission))
    assert (again.posted, again.waiting) == (0, 0)


def test_what_the_extract_lacks_or_has_otherwise_stays_waiting(world):
    submission = written(world)
    files = extract_of(submission, but={"PLAN": {"23.23": "70"}}, without="MEET")
    result = read_back(actor=world.coordinator_actor, files=files)
    assert (result.posted, result.waiting) == (2, 2)
    assert outcomes(submission) == [
        ("MEET", "waiting"),
        ("PLAN", "waiting"),
        ("SERV", "posted"),
        ("SERV", "posted"),
    ]
    assert refreshed(submission).state == "written"


def test_an_uploaded_delete_is_settled_by_an_extract_of_its_record_type_only(world):
    alder = world.students["alder"]
    old = archive(alder, review_rows())
    first = prepare(world, "files")
    run_jobs_now(raises_errors=True)
    read_back(actor=world.coordinator_actor, files=extract_of(first))
    archive(alder, review_rows()[:3], cause="correction", supersedes=old)
    submission = prepare(world, "files")
    run_jobs_now(raises_errors=True)
    (line,) = submission.lines.all()
    assert (line.kind, line.record_key) == ("delete", "SERV|9910017|9900000005|20261123|415|100|510")

    plans_only = [file for file in extract_of(first) if file.record == "PLAN"]
    assert read_back(actor=world.coordinator_actor, files=plans_only).posted == 0
    still_there = extract_of(first)
    assert read_back(actor=world.coordinator_actor, files=still_there).posted == 0
    gone = [parse_record_file(w.extract_text("SERV", w.state_rows()["SERV"]).encode(), "SERV.txt")]
    assert read_back(actor=world.coordinator_actor, files=gone).posted == 1
    assert not StateRecord.objects.filter(record_key=line.record_key).exists()
    assert refreshed(submission).state == "done"


def test_a_file_that_is_no_extract_is_refused_and_nothing_is_read(world):
    submission = written(world)
    outgoing = gateway(form="files", destination="sandbox").files_of(submission.file_name)[0]
    wrong = parse_record_file(outgoing.read_bytes(), outgoing.name)
    with pytest.raises(NotAnExtract, match="not an extract"):
        read_back(actor=world.coordinator_actor, files=[*extract_of(submission), wrong])
    assert [outcome for _, outcome in outcomes(submission)] == ["waiting"] * 4


def test_a_line_that_the_state_rejected_is_noted_by_hand(world):
    submission = written(world)
    line = submission.lines.get(record="PLAN")
    actor = world.coordinator_actor
    assert reject_by_hand(actor=actor, line=line, code="PLAN0726", field="23.16", text="Needs MMSN or ESN.")
    assert not reject_by_hand(actor=actor, line=line, code="PLAN0726", field="23.16", text="again")
    (finding,) = StateFinding.objects.all()
    assert (finding.rule_code, finding.fields, finding.message) == (
        "PLAN0726",
        ["23.16"],
        "Needs MMSN or ESN.",
    )
    assert Operation.objects.get(record="PLAN").hold_code == "rejected"


def test_files_that_nobody_uploaded_are_taken_back(world):
    submission = written(world)
    reason = Reason("taken-back", "Not uploaded.", Owner.COORDINATOR, "Send again.")
    assert take_back(submission=submission, reason=reason, actor=world.coordinator_actor) == 4
    assert refreshed(submission).state == "refused"
    assert set(Operation.objects.values_list("hold_code", flat=True)) == {""}
    assert take_back(submission=submission, reason=reason, actor=world.coordinator_actor) == 0
