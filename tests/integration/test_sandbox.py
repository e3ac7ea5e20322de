"""The stand-in CALPADS as a real process, driven over HTTP. Every line and answer here is written by hand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

MOVED = Path(__file__).parents[1] / "data" / "workbooks" / "moved.csv"
SWDS = "SWDS^A^SW-1^9910017^2026-2027^9900000001^1001^MZ1001^9901^20240115^20261001^1^"
MEET = "MEET^^ME-1^9910017^2026-2027^9900000001^1001^MZ1001^9901^^^^^^20261105^^Y^^"
PLAN = (
    "PLAN^A^PL-1^9910017^2026-2027^9900000001^1001^MZ1001^9901^9910017^100^20261105^1^210"
    "^290^MMSN^^^^401^^^80^^^^^^^^^^N^^"
)
SERV = "SERV^R^SE-1^9910017^^2026-2027^9900000001^1001^9901^9910017^415^110^510^20^60^MZ1001^20261105"


class Sandbox:
    """One sandbox process and a client that is signed in to it."""

    def __init__(self, database: Path, *arguments: str, **environment: str) -> None:
        self.database = database
        self.log = database.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "manzanita.cli", "sandbox", "--db", str(database), *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **environment},
                text=True,
            )
        self.announcement = self.process.stdout.readline()
        self.address = self.announcement.split()[-1]
        self.port = int(self.address.rsplit(":", 1)[1])
        self.client = httpx.Client(base_url=self.address, timeout=20)
        self.token = self.sign_in()
        self.client.headers["Authorization"] = f"Bearer {self.token}"

    def sign_in(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": "manzanita",
            "client_secret": "sandbox",
        }
        return self.client.post("/oauth/token", data=form).json()["access_token"]

    def submit(self, *lines: str, file_name: str = "SANDBOX_test.txt") -> str:
        answer = self.client.post(
            "/v1/submissions",
            content="".join(f"{line}\n" for line in lines),
            headers={"X-File-Name": file_name},
        )
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]

    def result(self, job: str) -> dict:
        """The answer about a job once it is complete."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            told = self.client.get(f"/v1/submissions/{job}").json()
            if told["status"] == "complete":
                return told
            time.sleep(0.02)
        raise AssertionError("the job did not end")

    def send(self, *lines: str) -> dict:
        return self.result(self.submit(*lines))

    def extract(self, record: str, lea: str | None = None, ssids: list[str] | None = None) -> list[str]:
        asked = {"record": record, "lea": lea, "ssids": ssids}
        return self.client.post("/v1/extracts", json=asked).text.splitlines()

    def control(self, action: str, **values: object) -> None:
        assert self.client.post(f"/control/{action}", json=values).status_code == 200

    def applied(self) -> dict:
        return self.client.get("/control/applied").json()

    def end(self, number: signal.Signals) -> int:
        self.client.close()
        self.process.send_signal(number)
        code = self.process.wait(timeout=15)
        self.process.stdout.close()
        return code


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes on one database file; whatever still runs is ended after the test."""
    started: list[Sandbox] = []

    def begin(*arguments: str, **environment: str) -> Sandbox:
        started.append(Sandbox(tmp_path / "state.sqlite3", *arguments, **environment))
        return started[-1]

    yield begin
    for sandbox in started:
        if sandbox.process.poll() is None:
            sandbox.end(signal.SIGKILL)
        sandbox.process.stdout.close()
        sandbox.client.close()


def errors_of(told: dict) -> list[list[tuple[str, str | None]]]:
    return [[(error["code"], error["field"]) for error in result["errors"]] for result in told["results"]]


def test_only_a_signed_in_client_is_heard(start):
    sandbox = start()
    anonymous = httpx.Client(base_url=sandbox.address)
    for answer in (
        anonymous.get("/v1/submissions"),
        anonymous.post("/v1/extracts", json={"record": "PLAN"}),
        anonymous.post("/v1/submissions", content=SWDS, headers={"X-File-Name": "a.txt"}),
        anonymous.get("/v1/submissions", headers={"Authorization": "Bearer guess"}),
    ):
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_token"
    form = {"grant_type": "client_credentials", "client_id": "manzanita", "client_secret": "guess"}
    assert anonymous.post("/oauth/token", data=form).status_code == 401
    anonymous.close()
    assert sandbox.client.get("/v1/submissions").json() == {"jobs": []}

    with sqlite3.connect(sandbox.database) as database:
        database.execute("UPDATE token SET expires_at = expires_at - 3601")
    database.close()
    assert sandbox.client.get("/v1/submissions").status_code == 401


def test_a_token_survives_a_restart_and_is_not_stored(start):
    first = start()
    token = first.token
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = start()
    answer = second.client.get("/v1/submissions", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    with sqlite3.connect(second.database) as database:
        assert token not in [row[0] for row in database.execute("SELECT digest FROM token")]
    database.close()


def test_a_mixed_file_is_answered_line_by_line(start):
    sandbox = start()
    job = sandbox.submit(
        SWDS,
        "",
        SWDS.replace("^20261001^1^", "^20261002^1^23").replace("SW-1", "SW-2"),
        "PLAN^short",
        MEET,
        file_name="SANDBOX_mixed.txt",
    )
    told = sandbox.result(job)
    assert told == {
        "job": job,
        "file_name": "SANDBOX_mixed.txt",
        "status": "complete",
        "lines": 4,
        "posted": 2,
        "rejected": 2,
        "results": [
            {"line": 1, "outcome": "posted", "record": "SWDS", "local_record_id": "SW-1", "errors": []},
            {
                "line": 3,
                "outcome": "rejected",
                "record": "SWDS",
                "local_record_id": "SW-2",
                "errors": [
                    {
                        "code": "SWDS0594",
                        "field": "22.13",
                        "text": "A student with status 1 has no reason for not participating.",
                    }
                ],
            },
            {
                "line": 4,
                "outcome": "rejected",
                "record": None,
                "local_record_id": None,
                "errors": [
                    {
                        "code": "SBX-FORMAT",
                        "field": None,
                        "text": "The line has 2 fields; a PLAN line has 35.",
                    }
                ],
            },
            {"line": 5, "outcome": "posted", "record": "MEET", "local_record_id": "ME-1", "errors": []},
        ],
    }
    page = sandbox.client.get(f"/v1/submissions/{job}?after=1&limit=2").json()
    assert [result["line"] for result in page["results"]] == [3, 4]


def test_an_extract_shows_the_stored_lines_in_key_order(start):
    sandbox = start()
    sandbox.control("clock", today="2026-11-23")
    other = PLAN.replace("9900000001", "9900000000").replace("9910017", "9910025").replace("PL-1", "PL-2")
    assert sandbox.send(PLAN, SERV, other)["posted"] == 3
    sandbox.control("clock", today="2026-11-30")
    assert sandbox.send(PLAN.replace("PL-1", "PL-3").replace("^MMSN^", "^ESN^"))["posted"] == 1

    first = (
        "PLAN-R^^PL-2^9910025^2026-2027^9900000000^1001^MZ1001^9901^9910025^100^20261105^1^210"
        "^290^MMSN^^^^401^^^80^^^^^^^^^^N^^^20261123^20261123"
    )
    second = (
        "PLAN-R^^PL-3^9910017^2026-2027^9900000001^1001^MZ1001^9901^9910017^100^20261105^1^210"
        "^290^ESN^^^^401^^^80^^^^^^^^^^N^^^20261123^20261130"
    )
    assert sandbox.extract("PLAN") == [first, second]
    assert sandbox.extract("PLAN", lea="9910017") == [second]
    assert sandbox.extract("PLAN", ssids=["9900000000"]) == [first]
    assert sandbox.extract("PLAN", lea="9910017", ssids=["9900000000"]) == []
    assert sandbox.extract("PLAN", ssids=[]) == []
    assert sandbox.extract("SERV") == [
        "SERV-R^^SE-1^9910017^^2026-2027^9900000001^1001^9901^9910017^415^110^510^20^60^MZ1001^20261105"
        "^20261123^20261123"
    ]


def test_a_line_ends_with_lf_or_crlf(start):
    sandbox = start()
    answer = sandbox.client.post(
        "/v1/submissions", content=f"{PLAN}\r\n{SERV}\r\n", headers={"X-File-Name": "crlf.txt"}
    )
    assert sandbox.result(answer.json()["job"])["posted"] == 2
    assert sandbox.extract("SERV")[0].split("^")[16] == "20261105"


def test_delete_removes_by_key_and_a_missing_record_is_refused(start):
    sandbox = start()
    delete = SWDS.replace("SWDS^A^SW-1", "SWDS^D^SW-9")
    told = sandbox.send(SWDS, delete, delete)
    assert [result["outcome"] for result in told["results"]] == ["posted", "posted", "rejected"]
    assert told["results"][2]["errors"] == [
        {"code": "SWDS0181", "field": None, "text": "The record to delete does not exist."}
    ]
    assert sandbox.extract("SWDS") == []
    assert sandbox.applied() == {
        "applied": [
            {"local_record_id": "SW-1", "record": "SWDS", "operation": "upsert", "count": 1},
            {"local_record_id": "SW-9", "record": "SWDS", "operation": "delete", "count": 1},
        ],
        "lines_applied": 2,
    }


def test_a_held_meeting_and_a_pending_one_are_two_records(start):
    sandbox = start()
    pending = MEET.replace("9901^^^^^^20261105^^Y", "9901^20261105^^^^10^^^N").replace("ME-1", "ME-2")
    held_again = MEET.replace("ME-1", "ME-3")
    assert sandbox.send(pending, held_again)["posted"] == 2
    assert len(sandbox.extract("MEET")) == 1  # same day, so the same key
    assert sandbox.send(pending.replace("^20261105^", "^20261106^"))["posted"] == 1
    assert len(sandbox.extract("MEET")) == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("SENR^^1", [("SBX-FORMAT", None)], id="another record"),
        pytest.param(SWDS.replace("SWDS^", "SWDS-R^"), [("SBX-FORMAT", None)], id="an extract line"),
        pytest.param(SWDS + "^", [("SBX-FORMAT", None)], id="one field too many"),
        pytest.param(SWDS.replace("^9901^", "^99011^"), [("FRMT0001", "22.09")], id="too long"),
        pytest.param(SWDS.replace("20261001", "20260931"), [("FRMT0002", "22.11")], id="impossible date"),
        pytest.param(SWDS.replace("20261001", "2026-10-1"), [("FRMT0002", "22.11")], id="date form"),
        pytest.param(PLAN.replace("^80^", "^8O^"), [("FRMT0004", "23.23")], id="letter in a number"),
        pytest.param(PLAN.replace("^MZ1001^", "^^"), [("GERR0001", "23.08")], id="required"),
        pytest.param(MEET.replace("20261105", ""), [("GERR0001", "24.15")], id="meeting without date"),
        pytest.param(PLAN.replace("^100^", "^110^"), [("GERR0002", "23.11")], id="unknown code"),
        pytest.param(PLAN.replace("^100^", "^900^"), [("GERR0002", "23.11")], id="retired code"),
        pytest.param(PLAN.replace("^210^", "^999^"), [], id="unknown code of an incomplete set"),
        pytest.param(SWDS.replace("SWDS^A", "SWDS^X"), [("GERR0008", "22.02")], id="transaction type"),
        pytest.param(PLAN.replace("^MMSN^", "^^"), [("PLAN0726", "23.16")], id="degree of support 1"),
        pytest.param(
            PLAN.replace("^MMSN^^^", "^MMSN^210^^"), [("PLAN0726", "23.18")], id="degree of support 2"
        ),
        pytest.param(PLAN.replace("^290^MMSN^", "^240^^"), [], id="no degree needed"),
        pytest.param(SWDS.replace("^1^", "^2^23"), [], id="reason with status 2"),
        pytest.param(SERV, [("SBX0001", "25.17")], id="service without plan"),
        pytest.param(
            SERV.replace("^110^", "^400^"), [("SERV0327", "25.05"), ("SBX0001", "25.17")], id="agency missing"
        ),
        pytest.param(
            SERV.replace("9910017^^", "9910017^9990001^"),
            [("SERV0328", "25.12"), ("SBX0001", "25.17")],
            id="agency not wanted",
        ),
        pytest.param(
            SWDS.replace("SWDS^A", "SWDS^D").replace("9900000001", ""),
            [("GERR0001", "22.06")],
            id="delete without key",
        ),
    ],
)
def test_each_check_names_code_and_field(start, line, expected):
    told = start().send(line)
    assert errors_of(told) == [expected]
    assert told["posted"] == (0 if expected else 1)


def test_one_student_has_one_plan_on_one_date(start):
    sandbox = start()
    elsewhere = PLAN.replace("9910017", "9910025").replace("PL-1", "PL-2")
    told = sandbox.send(PLAN, elsewhere, elsewhere.replace("20261105", "20261106"))
    assert errors_of(told) == [[], [("PLAN0663F1", "23.12")], []]


def test_a_half_sent_body_leaves_nothing(start):
    sandbox = start()
    head = (
        "POST /v1/submissions HTTP/1.1\r\nHost: sandbox\r\nX-File-Name: half.txt\r\n"
        f"Authorization: Bearer {sandbox.token}\r\nContent-Length: {len(SWDS) * 2 + 2}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(f"{head}{SWDS}\n".encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
    assert sandbox.client.get("/v1/submissions", params={"file_name": "half.txt"}).json() == {"jobs": []}
    assert sandbox.extract("SWDS") == []
    assert sandbox.applied()["lines_applied"] == 0


def test_what_cannot_be_a_submission_is_refused_with_its_reason(start):
    sandbox = start()

    def answer(content: bytes, name: str) -> tuple[int, str]:
        told = sandbox.client.post("/v1/submissions", content=content, headers={"X-File-Name": name})
        return told.status_code, told.json()["error"]

    assert answer(b"SWDS\xff", "a.txt") == (400, "not_utf8")
    assert answer(b"\n\n", "a.txt") == (400, "no_lines")
    assert answer(SWDS.encode(), "a" * 121) == (400, "bad_file_name")
    assert answer(SWDS.encode(), "../a.txt") == (400, "bad_file_name")

    def raw_status(header: str) -> str:
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
            connection.sendall(f"POST /v1/submissions HTTP/1.1\r\nHost: sandbox\r\n{header}\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(100).decode().split()[1]

    assert raw_status("") == "411"
    assert raw_status("Content-Length: 52428801\r\n") == "413"
    assert sandbox.client.get("/v1/submissions").json() == {"jobs": []}
    assert sandbox.client.get("/v1/nothing").status_code == 404
    assert sandbox.client.get("/v1/extracts").status_code == 405
    assert sandbox.client.get("/v1/submissions/0000000000000000").status_code == 404


def test_the_same_file_name_twice_is_two_jobs_newest_first(start):
    sandbox = start()
    first = sandbox.submit(SWDS, file_name="SANDBOX_one.txt")
    second = sandbox.submit(SWDS, MEET, file_name="SANDBOX_one.txt")
    third = sandbox.submit(MEET, file_name="SANDBOX_two.txt")
    jobs = sandbox.client.get("/v1/submissions", params={"file_name": "SANDBOX_one.txt"}).json()["jobs"]
    assert [(job["job"], job["lines"]) for job in jobs] == [(second, 2), (first, 1)]
    assert [job["job"] for job in sandbox.client.get("/v1/submissions").json()["jobs"]] == [
        third,
        second,
        first,
    ]


def test_stalled_jobs_wait_and_run_in_order_afterwards(start):
    sandbox = start()
    sandbox.control("weather", stalled=True)
    first = sandbox.submit(PLAN)
    second = sandbox.submit(SERV)
    time.sleep(0.6)  # longer than the worker ever sleeps
    for job in (first, second):
        told = sandbox.client.get(f"/v1/submissions/{job}").json()
        assert (told["status"], told["results"]) == ("queued", [])
    sandbox.control("weather", stalled=False)
    assert sandbox.result(first)["posted"] == 1
    assert sandbox.result(second)["posted"] == 1


def test_a_rejection_on_command_hits_matching_lines_so_many_times(start):
    sandbox = start()
    sandbox.control(
        "reject", record="PLAN", ssid="9900000001", code="GERR0007", field="23.14", text="Ordered.", times=2
    )
    other = PLAN.replace("9900000001", "9900000002").replace("PL-1", "PL-2")
    told = sandbox.send(MEET, PLAN, other, PLAN, PLAN)
    assert [result["outcome"] for result in told["results"]] == [
        "posted",
        "rejected",
        "posted",
        "rejected",
        "posted",
    ]
    assert told["results"][1]["errors"] == [{"code": "GERR0007", "field": "23.14", "text": "Ordered."}]
    sandbox.control("reject", record="MEET", ssid=None, code="SBX9", field=None, text="Any.")
    assert errors_of(sandbox.send(MEET, MEET)) == [[("SBX9", None)], []]


def test_the_control_secret_is_asked_for(start):
    sandbox = start("--control-secret", "acorn")
    stall = {"stalled": True}
    assert sandbox.client.post("/control/weather", json=stall).status_code == 401
    assert sandbox.client.get("/control/applied").status_code == 401
    assert sandbox.client.get("/control/health").json()["stalled"] is False
    right = {"X-Control-Secret": "acorn"}
    assert sandbox.client.post("/control/weather", json=stall, headers=right).status_code == 200
    assert sandbox.client.get("/control/health").json()["stalled"] is True


def test_a_queue_outlives_kill_9(start):
    sandbox = start()
    sandbox.control("weather", stalled=True)
    jobs = [sandbox.submit(PLAN), sandbox.submit(SERV, MEET)]
    assert sandbox.end(signal.SIGKILL) == -signal.SIGKILL
    sandbox = start()
    assert sandbox.applied()["lines_applied"] == 0  # still stalled: that too is stored
    sandbox.control("weather", stalled=False)
    assert [sandbox.result(job)["posted"] for job in jobs] == [1, 2]
    assert sandbox.applied()["applied"] == [
        {"local_record_id": "PL-1", "record": "PLAN", "operation": "upsert", "count": 1},
        {"local_record_id": "SE-1", "record": "SERV", "operation": "upsert", "count": 1},
        {"local_record_id": "ME-1", "record": "MEET", "operation": "upsert", "count": 1},
    ]


def test_kill_9_inside_a_large_job_applies_no_line_twice(start):
    sandbox = start()
    lines = [
        SWDS.replace("SW-1", f"SW-{n}").replace("9900000001", str(9900000000 + n)) for n in range(1, 20001)
    ]
    job = sandbox.submit(*lines)
    while sandbox.client.get(f"/v1/submissions/{job}?limit=1").json()["posted"] == 0:
        time.sleep(0.005)
    sandbox.end(signal.SIGKILL)
    with sqlite3.connect(sandbox.database) as database:
        before = database.execute("SELECT COUNT(*) FROM effect").fetchone()[0]
    database.close()
    assert 0 < before < 20000
    sandbox = start()
    assert sandbox.result(job)["posted"] == 20000
    applied = sandbox.applied()
    assert applied["lines_applied"] == 20000
    assert {effect["count"] for effect in applied["applied"]} == {1}
    assert len(sandbox.extract("SWDS")) == 20000


@pytest.mark.parametrize(
    ("point", "applied_before"), [("unreceived", 0), ("received", 0), ("applying", 0), ("applied", 1)]
)
def test_a_crash_point_ends_the_process_once(start, point, applied_before):
    sandbox = start(SANDBOX_CRASH_AT=point)
    sandbox.control("weather", stalled=True)
    headers = {"X-File-Name": "SANDBOX_crash.txt"}
    if point in ("unreceived", "received"):
        with pytest.raises(httpx.RemoteProtocolError):
            sandbox.client.post("/v1/submissions", content=f"{PLAN}\n{SERV}", headers=headers)
    else:
        sandbox.submit(PLAN, SERV, file_name="SANDBOX_crash.txt")
        # The worker may end the process before this request is answered.
        with contextlib.suppress(httpx.TransportError):
            sandbox.control("weather", stalled=False)
    assert sandbox.process.wait(timeout=10) == 137
    with sqlite3.connect(sandbox.database) as database:
        assert database.execute("SELECT COUNT(*) FROM effect").fetchone()[0] == applied_before
    database.close()

    sandbox = start(SANDBOX_CRASH_AT=point)
    sandbox.control("weather", stalled=False)
    jobs = sandbox.client.get("/v1/submissions", params={"file_name": "SANDBOX_crash.txt"}).json()["jobs"]
    if point == "unreceived":
        assert jobs == []
        return
    assert len(jobs) == 1
    assert sandbox.result(jobs[0]["job"])["posted"] == 2
    assert [effect["count"] for effect in sandbox.applied()["applied"]] == [1, 1]


def senr(ssid: str, lea: str, start: str, status: str, end: str) -> str:
    """A SENR line with only what the sandbox reads: fields 1.04, 1.08, 1.22, 1.23 and 1.25 of 35."""
    values = ["SENR", "", "", lea, "", "", "", ssid, *[""] * 13, start, status, "", end, *[""] * 10]
    return "^".join(values)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small state: two enrolled students, an infant known by SINF only, one plan, one agency."""
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "SIS_SENR.txt").write_bytes(
        b"\xef\xbb\xbf"
        + "\r\n".join(
            [
                senr("9900000001", "9910017", "20260810", "10", ""),
                senr("9900000002", "9910017", "20250811", "10", "20260930"),
                senr("9900000002", "9910025", "20261001", "20", ""),
                "SENR^too^short",
            ]
        ).encode()
    )
    infant = ["SINF", "", "", "20260801", "", "9910017", "", "", "9900000003", *[""] * 33]
    (folder / "SIS_SINF.txt").write_text("^".join(infant) + "\n", encoding="utf-8")
    stored = PLAN.replace("PLAN^A^PL-1", "PLAN-R^^PL-0").replace("20261105", "20251106")
    (folder / "ODS_PLAN.txt").write_text(f"{stored}^20251110^20251201\n", encoding="utf-8")
    (folder / "orgs.csv").write_text(
        "kind,code,name,parent,county_code,npa_id\n"
        "lea,9910017,Willow Testcase Unified,,99,\n"
        "npa,NPA1,Heron Testcase Agency,,99,9990001\n",
        encoding="utf-8",
    )
    return folder


def test_a_loaded_state_is_shown_and_not_loaded_twice(start, folder):
    sandbox = start("--load", str(folder))
    expected = (
        "PLAN-R^^PL-0^9910017^2026-2027^9900000001^1001^MZ1001^9901^9910017^100^20251106^1^210"
        "^290^MMSN^^^^401^^^80^^^^^^^^^^N^^^20251110^20251201"
    )
    assert sandbox.extract("PLAN") == [expected]
    assert sandbox.applied()["lines_applied"] == 0
    assert "1 records, 3 enrollments, 1 agencies, 1 left out" in sandbox.log.read_text(encoding="utf-8")
    delete = PLAN.replace("PLAN^A", "PLAN^D").replace("20261105", "20251106")
    assert sandbox.send(delete)["posted"] == 1
    sandbox.end(signal.SIGTERM)
    assert start("--load", str(folder)).extract("PLAN") == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(SWDS, [], id="enrolled"),
        pytest.param(SWDS.replace("20261001", "20260809"), [], id="summer"),
        pytest.param(SWDS.replace("20261001", "20260511"), [("GERR0005", "22.11")], id="before enrollment"),
        pytest.param(SWDS.replace("20261001^1^", "20260511^2^"), [], id="status 2"),
        pytest.param(SWDS.replace("20261001^1^", "20260511^3^"), [("GERR0005", "22.11")], id="status 3"),
        pytest.param(
            SWDS.replace("9900000001", "9900000002").replace("20261001", "20260930"), [], id="last day"
        ),
        pytest.param(
            SWDS.replace("9900000001", "9900000002"), [("GERR0005", "22.11")], id="day after the last"
        ),
        pytest.param(
            SWDS.replace("9900000001", "9900000002").replace("9910017", "9910025"),
            [("GERR0005", "22.11")],
            id="enrollment status 20",
        ),
        pytest.param(PLAN.replace("9900000001", "9900000003"), [], id="infant"),
        pytest.param(PLAN.replace("9900000001", "9900000004"), [("SBX0002", "23.06")], id="unknown SSID"),
        pytest.param(
            SERV.replace("20261105", "20251106")
            .replace("^110^", "^400^")
            .replace("9910017^^", "9910017^9990001^"),
            [],
            id="listed agency",
        ),
        pytest.param(
            SERV.replace("20261105", "20251106")
            .replace("^110^", "^400^")
            .replace("9910017^^", "9910017^9990002^"),
            [("SERV0447", "25.05")],
            id="unlisted agency",
        ),
    ],
)
def test_checks_against_the_loaded_state(start, folder, line, expected):
    assert errors_of(start("--load", str(folder)).send(line)) == [expected]


def test_the_log_names_no_student_and_the_stop_is_clean(start, tmp_path):
    port_file = tmp_path / "port"
    sandbox = start("--port-file", str(port_file))
    assert sandbox.announcement == f"Sandbox (stand-in CALPADS) at http://127.0.0.1:{sandbox.port}\n"
    assert port_file.read_text(encoding="ascii") == f"{sandbox.port}\n"
    job = sandbox.submit(SWDS, file_name="Heron_Testcase.txt")
    sandbox.result(job)
    sandbox.client.get("/v1/submissions", params={"file_name": "Heron_Testcase.txt"})
    sandbox.client.get("/v1/students/9900000001")
    sandbox.client.get("/v1/submissions/9900000001")
    sandbox.client.put("/v1/9900000001")
    sandbox.extract("SWDS", ssids=["9900000001"])
    assert sandbox.end(signal.SIGTERM) == 0
    log = sandbox.log.read_text(encoding="utf-8")
    assert "POST /v1/submissions 202\n" in log
    assert "GET (unknown) 404\n" in log
    for secret in ("9900000001", "Heron", "?", sandbox.token):
        assert secret not in log
    assert not port_file.exists()


def test_a_folder_or_a_port_that_is_not_there_ends_with_1(start, tmp_path):
    def run(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "manzanita.cli", "sandbox", "--db", str(tmp_path / "x.sqlite3")]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=20, check=False)

    taken = start().port
    for arguments in (("--port", str(taken)), ("--load", str(tmp_path / "nowhere"))):
        ended = run(*arguments)
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert ended.stderr.startswith("The sandbox cannot start: ")


# MEET of ``moved.csv``: the delay code stands before the outcome and the plan review, and 60 is a code while 50 is not.
LATE = "MEET^^ME-9^9910017^2026-2027^9900000001^1001^MZ1001^9901^^^^^30^20261105^{delay}^10^Y^"


def test_it_follows_the_same_workbook_as_the_product(start):
    by_workbook = ("--workbook", str(MOVED), "--year", "2026-2027")
    sandbox = start(*by_workbook)
    told = sandbox.send(LATE.format(delay="60"), LATE.format(delay="50"), MEET, SWDS)
    # As the product brings it along, the line has its plan review in the place that is now the outcome's.
    assert errors_of(told) == [
        [],
        [("GERR0002", "24.18")],
        [("GERR0001", "24.17")],
        [],
    ]
    assert sandbox.extract("MEET")[0].startswith(LATE.format(delay="60").replace("MEET^", "MEET-R^"))
    assert sandbox.end(signal.SIGTERM) == 0
    # Its lines would be read wrongly by other layouts, so it does not start with them; with the workbook it does.
    command = [sys.executable, "-m", "manzanita.cli", "sandbox", "--db", str(sandbox.database)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        "The sandbox cannot start: the lines in its database have other layouts. Start it with the workbook"
    )
    assert len(start(*by_workbook).extract("MEET")) == 1


def test_a_workbook_that_cannot_hold_is_refused_before_anything_starts(tmp_path):
    workbook = tmp_path / "copy.csv"
    workbook.write_text("Code Sets\nCode Set,Code,Name,Status\nMeetingDelay,60,,current\n", encoding="utf-8")
    database = tmp_path / "x.sqlite3"
    command = [sys.executable, "-m", "manzanita.cli", "sandbox", "--db", str(database)]
    ended = subprocess.run(
        [*command, "--workbook", str(workbook)], capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == 1 and not database.exists()
    first, second = ended.stderr.splitlines()
    assert first == "The sandbox cannot start: copy.csv is refused."
    assert second.startswith("  Code Sets, row 2, column Name")


def test_the_interface_is_json_throughout(start):
    sandbox = start()
    for path in ("/v1/extracts", "/control/reject", "/control/weather"):
        answer = sandbox.client.post(path, content=b"[1")
        assert (answer.status_code, json.loads(answer.content)["error"]) == (400, "bad_json")
    answer = sandbox.client.post("/control/clock", json={"today": "soon"})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_date")


# Weather


def answer_to(sandbox: Sandbox, *lines: str, file_name: str = "SANDBOX_storm.txt") -> object:
    """The status of a submission's answer, or the kind of error where none came."""
    try:
        with httpx.Client(base_url=sandbox.address, timeout=20, headers=sandbox.client.headers) as once:
            return once.post(
                "/v1/submissions", content="\n".join(lines), headers={"X-File-Name": file_name}
            ).status_code
    except httpx.HTTPError as error:
        return type(error).__name__


@pytest.mark.parametrize(
    ("word", "answer", "is_done"),
    [
        ("clear", 202, True),
        ("fail", 500, False),
        ("refuse", "RemoteProtocolError", False),
        ("lose", "RemoteProtocolError", True),
        ("truncate", "RemoteProtocolError", True),
        ("slow", 202, True),
        ("late", 202, True),
    ],
)
def test_each_weather_is_for_one_request_and_outlives_a_restart(start, word, answer, is_done):
    sandbox = start()
    sandbox.control("weather", next=["clear", word], seconds=0.3)
    sandbox.end(signal.SIGKILL)
    sandbox = start()  # signing in is the first request
    begun = time.monotonic()
    assert answer_to(sandbox, SWDS) == answer
    # The other way round says nothing: a busy machine answers late in any weather.
    if word in ("slow", "late"):
        assert time.monotonic() - begun > 0.3
    jobs = sandbox.client.get("/v1/submissions").json()["jobs"]
    assert [job["file_name"] for job in jobs] == ["SANDBOX_storm.txt"] * is_done


def test_twice_is_two_replies_on_the_wire_and_every_list_doubled(start):
    sandbox = start()
    job = sandbox.submit(SWDS)
    sandbox.result(job)
    sandbox.control("weather", next=["twice"])
    head = f"GET /v1/submissions/{job} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {sandbox.token}\r\n"
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(f"{head}\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert received.count("HTTP/1.1 200 OK") == 2
    told = json.loads(received.partition("\r\n\r\n")[2].partition("HTTP/1.1")[0])
    assert [result["line"] for result in told["results"]] == [1, 1]
    assert sandbox.applied()["lines_applied"] == 1


def test_a_seed_means_the_same_storm_every_time(start):
    sandbox = start()

    def storm(seed: int) -> list[object]:
        sandbox.control("weather", seed=seed, share=0.5, seconds=0)
        answers = [answer_to(sandbox, SWDS) for _ in range(40)]
        sandbox.control("weather", seed=None)
        return answers

    first = storm(7)
    assert storm(7) == first
    assert storm(8) != first
    assert set(first) == {202, 500, "RemoteProtocolError"}
    assert answer_to(sandbox, SWDS) == 202


def test_what_is_no_weather_is_refused(start):
    sandbox = start()
    for told in ({"next": ["rain"]}, {"next": [[]]}, {"next": "fail"}, {"seed": "7"}, {"rain": True}):
        answer = sandbox.client.post("/control/weather", json=told)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_weather")
    for told in ({"hours": ["06:00"]}, {"hours": "9"}, {"time": "noon"}, {"zone": "06:00 07:00"}):
        answer = sandbox.client.post("/control/clock", json=told)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_date")


@pytest.mark.parametrize(
    ("hours", "at", "opens_at"),
    [
        (["06:00", "21:00"], "05:59", "2026-11-23T06:00:00-08:00"),
        (["06:00", "21:00"], "06:00", None),
        (["06:00", "21:00"], "20:59", None),
        (["06:00", "21:00"], "21:00", "2026-11-24T06:00:00-08:00"),
        (["06:00", "02:00"], "01:30", None),
        (["06:00", "02:00"], "02:00", "2026-11-23T06:00:00-08:00"),
        (["06:00", "02:00"], "23:00", None),
        (None, "03:00", None),
    ],
)
def test_outside_its_hours_the_state_says_when_it_opens(start, hours, at, opens_at):
    sandbox = start()
    sandbox.control("clock", today="2026-11-23", time=at, hours=hours)
    answer = sandbox.client.get("/v1/submissions")
    assert (answer.status_code, answer.json().get("opens_at")) == ((503 if opens_at else 200), opens_at)
    assert answer.json().get("error") == ("closed" if opens_at else None)
    assert sandbox.client.get("/control/health").json()["is_open"] is (opens_at is None)


def test_what_was_received_before_closing_waits_until_it_opens(start):
    sandbox = start()
    sandbox.control("weather", stalled=True)
    jobs = [sandbox.submit(PLAN), sandbox.submit(SERV)]
    sandbox.control("clock", today="2026-11-23", time="22:00", hours=["06:00", "21:00"])
    sandbox.control("weather", stalled=False)
    time.sleep(0.6)  # longer than the worker ever sleeps
    assert sandbox.applied()["lines_applied"] == 0
    sandbox.control("clock", today="2026-11-24", time="06:00")
    assert [sandbox.result(job)["posted"] for job in jobs] == [1, 1]
    assert sandbox.extract("PLAN")[0].endswith("^20261124^20261124")


# Rejected lines, retired SSIDs, sets


def test_the_rejected_record_extract_shows_the_line_and_each_of_its_errors(start):
    sandbox = start()
    wrong = SERV.replace("^110^", "^400^")
    job = sandbox.submit(PLAN, wrong, "SWDS^short", wrong.replace("SE-1", "SE-2").replace("20261105", ""))
    sandbox.result(job)
    rejected = sandbox.client.get(f"/v1/submissions/{job}/rejected")
    assert rejected.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert rejected.text.splitlines() == [
        f"{wrong}^SERV0327^25.05^Provider 400 needs the id of the nonpublic agency.",
        "SWDS^short^SBX-FORMAT^^The line has 2 fields; a SWDS line has 13.",
        f"{wrong.replace('SE-1', 'SE-2').replace('20261105', '')}"
        "^GERR0001^25.17^Plan Effective Start Date is required and is empty.",
        f"{wrong.replace('SE-1', 'SE-2').replace('20261105', '')}"
        "^SERV0327^25.05^Provider 400 needs the id of the nonpublic agency.",
        f"{wrong.replace('SE-1', 'SE-2').replace('20261105', '')}"
        "^SBX0001^25.17^The plan that this service belongs to is not posted.",
    ]
    assert sandbox.client.get("/v1/submissions/0000/rejected").status_code == 404


def test_a_retired_ssid_is_rejected_and_the_other_one_named(start):
    sandbox = start()
    kept = "9900000007"
    already = PLAN.replace("9900000001", kept).replace("PL-1", "PL-7")
    assert sandbox.send(PLAN, SERV, SWDS, already)["posted"] == 4
    sandbox.control("ssid", retired="9900000001", replaced_by=kept)
    assert [line.split("^")[2] for line in sandbox.extract("PLAN")] == ["PL-7"]
    assert [line.split("^")[6] for line in sandbox.extract("SERV")] == [kept]
    assert [line.split("^")[5] for line in sandbox.extract("SWDS", ssids=[kept])] == [kept]
    told = sandbox.send(SWDS, SERV.replace("SERV^R", "SERV^D"), SWDS.replace("9900000001", kept))
    assert errors_of(told) == [[("SBX0003", "22.06")], [("SBX0003", "25.07")], []]
    assert told["results"][0]["errors"][0]["text"] == (
        "This SSID is retired. The student now has the SSID 9900000007."
    )
    sandbox.control("ssid", retired=kept, replaced_by="9900000008")
    (error,) = sandbox.send(SWDS)["results"][0]["errors"]
    assert error["text"] == "This SSID is retired. The student now has the SSID 9900000008."


def codes_of(lines: list[str]) -> list[str]:
    return [line.split("^")[10] for line in lines]


def test_services_of_type_r_replace_those_of_their_plan_as_a_set(start):
    sandbox = start()
    other_plan = PLAN.replace("20261105", "20251106")
    elsewhere = SERV.replace("SERV^R", "SERV^A").replace("20261105", "20251106").replace("^415^", "^350^")

    def service(kind: str, code: str) -> str:
        return SERV.replace("SERV^R", f"SERV^{kind}").replace("^415^", f"^{code}^")

    sandbox.send(PLAN, other_plan, elsewhere, service("R", "415"), service("R", "330"))
    assert codes_of(sandbox.extract("SERV")) == ["350", "330", "415"]  # by plan start, then code
    sandbox.send(service("A", "340"))
    assert codes_of(sandbox.extract("SERV")) == ["350", "330", "340", "415"]
    # The first line is rejected, so it takes nothing away; the second does.
    told = sandbox.send(
        service("R", "350").replace("^110^", "^400^"), service("R", "360"), service("R", "415")
    )
    assert [result["outcome"] for result in told["results"]] == ["rejected", "posted", "posted"]
    assert codes_of(sandbox.extract("SERV")) == ["350", "360", "415"]
    sandbox.send(service("D", "360"))
    assert codes_of(sandbox.extract("SERV")) == ["350", "415"]


def psts(status: str, transaction: str = "A", kind: str = "30") -> str:
    """An outcome a year after leaving; the local id and the SELPA belong to special education only."""
    own = "SE-1^9901" if kind == "30" else "^"
    return f"PSTS^{transaction}^PS-{status}^9910017^9911001^^2026-2027^9900000001^{own}^{kind}^{status}^^"


def test_postsecondary_outcomes_are_replaced_as_a_set(start):
    sandbox = start()

    def held() -> list[tuple[str, str]]:
        return [(line.split("^")[10], line.split("^")[11]) for line in sandbox.extract("PSTS")]

    assert sandbox.send(psts("100"), psts("200"), psts("100", kind="20"))["posted"] == 3
    assert held() == [("20", "100"), ("30", "100"), ("30", "200")]
    assert sandbox.send(psts("110"))["posted"] == 1
    assert held() == [("20", "100"), ("30", "110")]
    told = sandbox.send(psts("950"), psts("110"))
    assert errors_of(told) == [[], [("PSTS0482", "17.12")]]
    assert held() == [("20", "100"), ("30", "950")]
    told = sandbox.send(psts("950", "D"), psts("960", "D"))
    assert errors_of(told) == [[], [("PSTS0181", None)]]
    assert held() == [("20", "100")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (psts("100").replace("^9901^", "^^"), [("PSTS0476", "17.10")]),
        (psts("100").replace("^SE-1^", "^^"), [("PSTS0478", "17.09")]),
        (
            psts("100", kind="20").replace("^^^20^", "^SE-1^9901^20^"),
            [("PSTS0477", "17.09"), ("PSTS0475", "17.10")],
        ),
        (psts("100").replace("^9911001^^", "^9911001^1234567^"), [("PSTS0003", "17.05")]),
        (psts("100").replace("^9911001^", "^0000001^"), [("PSTS0004", "17.06")]),
        (psts("100", kind="40"), [("GERR0002", "17.11")]),
        (psts("100").replace("2026-2027", ""), [("GERR0001", "17.07")]),
    ],
)
def test_each_check_of_an_outcome_names_code_and_field(start, line, expected):
    assert errors_of(start().send(line)) == [expected]


def test_a_wrong_key_is_mended_by_delete_and_add_in_one_file(start):
    sandbox = start()
    assert sandbox.send(PLAN, SERV)["posted"] == 2
    right = [line.replace("20261105", "20261106") for line in (PLAN, SERV)]
    told = sandbox.send(SERV.replace("SERV^R", "SERV^D"), PLAN.replace("PLAN^A", "PLAN^D"), *right)
    assert told["posted"] == 4
    assert [line.split("^")[11] for line in sandbox.extract("PLAN")] == ["20261106"]
    assert [line.split("^")[16] for line in sandbox.extract("SERV")] == ["20261106"]
