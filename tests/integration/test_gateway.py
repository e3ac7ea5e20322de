"""The two forms of the gateway: HTTP against a real sandbox process or a misbehaving server, and files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from manzanita.exchange.gateway import GatewayRefused, GatewayUnavailable, Progress
from manzanita.exchange.gateway.api import ApiGateway
from manzanita.exchange.gateway.choice import gateway
from manzanita.exchange.gateway.files import FileGateway
from tests.support import world as w
from tests.support.ports import free_port
from tests.support.system import SECRET, System

MEET = "MEET^A^MZ1^9910017^2026-2027^9900000005^L0005^SE-0005^9901^^^^^^20261120^^Y^30^"
BAD = "MEET^A^MZ2^9910017^2026-2027^9900000005^L0005^^9901^^^^^^20261121^^Y^30^"


@pytest.fixture(scope="module")
def system(tmp_path_factory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("gateway")
    w.write_files(folder / "state")
    running = System(folder, "sqlite:///unused")
    running.start_sandbox(folder / "state")
    yield running
    running.stop()


def api(address: str, secret: str = SECRET) -> ApiGateway:
    return ApiGateway(
        url=address, client_id="manzanita", client_secret=secret, destination="sandbox", timeout_seconds=5
    )


def all_answers(client: ApiGateway, job: str):
    while True:
        reply = client.answers(remote_job=job, after=0)
        if reply.progress is Progress.COMPLETE:
            return reply.answers


def test_lines_are_delivered_found_by_name_and_answered(system):
    client = api(system.sandbox_address)
    assert client.find_delivery(file_name="SANDBOX_first.txt") is None
    job = client.deliver(file_name="SANDBOX_first.txt", lines=[MEET, BAD])
    assert client.find_delivery(file_name="SANDBOX_first.txt") == job
    posted, rejected = all_answers(client, job)
    assert (posted.line, posted.is_posted, posted.errors) == (1, True, [])
    assert (rejected.line, rejected.is_posted) == (2, False)
    assert [(error["code"], error["field"]) for error in rejected.errors] == [("GERR0001", "24.08")]
    assert [answer.line for answer in client.answers(remote_job=job, after=1).answers] == [2]


def test_an_extract_is_the_state_s_own_text(system):
    client = api(system.sandbox_address)
    text = client.extract(record="PLAN", lea_code="9910017", ssids=["9900000002"])
    assert text.startswith("PLAN-R^^^9910017^2025-2026^9900000002^L0002^SE-0002^9901^9910017^100^20260302^")
    assert text.count("\n") == 1
    assert client.extract(record="PLAN", lea_code=None, ssids=None).count("\n") == 4


def test_a_token_that_the_other_side_forgot_is_fetched_anew(system):
    client = api(system.sandbox_address)
    assert client.find_delivery(file_name="none.txt") is None
    client._token = ("forgotten", client._token[1])
    assert client.find_delivery(file_name="none.txt") is None


def test_wrong_credentials_and_unknown_jobs_are_told_apart(system):
    with pytest.raises(GatewayUnavailable, match="HTTPStatusError"):
        api(system.sandbox_address, "guess").find_delivery(file_name="none.txt")
    with pytest.raises(GatewayRefused) as refused:
        api(system.sandbox_address).answers(remote_job="0000", after=0)
    assert refused.value.code == "no_such_job"
    with pytest.raises(GatewayRefused) as refused:
        api(system.sandbox_address).deliver(file_name="a/b.txt", lines=[MEET])
    assert refused.value.code == "bad_file_name"


def test_nobody_there_is_unavailable_and_names_no_address():
    with pytest.raises(GatewayUnavailable) as error:
        api(f"http://127.0.0.1:{free_port()}").find_delivery(file_name="9900000005.txt")
    assert str(error.value) == "ConnectError"


class Misbehaving(BaseHTTPRequestHandler):
    """Signs anybody in, then answers with what the test put into ``reply``."""

    reply = b""
    announced: int | None = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/oauth/token":
            self._send(b'{"access_token": "t", "expires_in": 3600}', None)
        else:
            self._send(self.reply, self.announced)

    def do_GET(self) -> None:
        self._send(self.reply, self.announced)

    def _send(self, body: bytes, announced: int | None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(announced or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def misbehaving() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Misbehaving)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("body", "announced"),
    [
        pytest.param(b'{"status": "complete", "results": [{"line": 1, "outc', 400, id="cut off"),
        pytest.param(b'{"status": "complete", "results": [{"line": 1, "outc', None, id="not JSON"),
        pytest.param(b"<html>Sorrel Testcase</html>", None, id="a page"),
        pytest.param(b'{"status": "complete"}', None, id="without results"),
        pytest.param(b'["complete"]', None, id="another shape"),
        pytest.param(
            b'{"status": "complete", "results": [{"line": 1, "outcome": "rejected", "errors": [{}]}]}',
            None,
            id="an error without code",
        ),
    ],
)
def test_an_answer_other_than_agreed_is_no_answer(misbehaving, monkeypatch, body, announced):
    monkeypatch.setattr(Misbehaving, "reply", body)
    monkeypatch.setattr(Misbehaving, "announced", announced)
    with pytest.raises(GatewayUnavailable) as error:
        api(misbehaving).answers(remote_job="1", after=0)
    assert "Testcase" not in str(error.value)
    assert error.value.__cause__ is None


# Files


def line(record: str, transaction: str, number: int) -> str:
    return f"{record}^{transaction}^MZ{number}^rest"


def test_files_are_numbered_in_the_order_of_upload(tmp_path):
    files = FileGateway(folder=tmp_path / "out", destination="sandbox")
    lines = [
        line("SERV", "D", 1),
        line("PLAN", "D", 2),
        line("MEET", "A", 3),
        line("PLAN", "A", 4),
        line("SERV", "A", 5),
        line("SERV", "D", 6),
        line("PLAN", "A", 7),
        line("SWDS", "A", 8),
    ]
    assert files.deliver(file_name="SANDBOX_x.txt", lines=lines) == ""
    assert {path.name: path.read_bytes() for path in files.files_of("SANDBOX_x.txt")} == {
        "SANDBOX_x_1_SERV_delete.txt": b"SERV^D^MZ1^rest\r\nSERV^D^MZ6^rest\r\n",
        "SANDBOX_x_2_PLAN_delete.txt": b"PLAN^D^MZ2^rest\r\n",
        "SANDBOX_x_3_SWDS.txt": b"SWDS^A^MZ8^rest\r\n",
        "SANDBOX_x_4_MEET.txt": b"MEET^A^MZ3^rest\r\n",
        "SANDBOX_x_5_PLAN.txt": b"PLAN^A^MZ4^rest\r\nPLAN^A^MZ7^rest\r\n",
        "SANDBOX_x_6_SERV.txt": b"SERV^A^MZ5^rest\r\n",
    }
    assert [path.name[10:11] for path in files.files_of("SANDBOX_x.txt")] == list("123456")
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".txt"] * 6


def test_writing_again_writes_the_same(tmp_path):
    files = FileGateway(folder=tmp_path, destination="state")
    files.deliver(file_name="x.txt", lines=[line("PLAN", "A", 1)])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    files.deliver(file_name="x.txt", lines=[line("PLAN", "A", 1)])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert before == {"x_1_PLAN.txt": b"PLAN^A^MZ1^rest\r\n"}


# The choice


def test_the_gateway_is_the_one_that_settings_name(settings, tmp_path):
    settings.STATE_GATEWAY = {
        "url": "http://127.0.0.1:1",
        "client_id": "c",
        "client_secret": "s",
        "timeout_seconds": 1,
        "files_dir": str(tmp_path),
    }
    chosen = gateway(form="api", destination="sandbox")
    assert (chosen.form, chosen.destination) == ("api", "sandbox")
    assert gateway(form="api", destination="sandbox") is chosen
    files = gateway(form="files", destination="state")
    assert (files.form, files.destination) == ("files", "state")
    with pytest.raises(ValueError, match="not public"):
        gateway(form="api", destination="state")


def test_no_secret_is_in_a_message(tmp_path: Path):
    assert "guess" not in repr(api("http://127.0.0.1:1", "guess"))
