"""``manzanita demo`` as a real process: what a newcomer meets first has to start, stop and start again.

It has a database of its own, so that one run on SQLite says all there is to say; it passes on both all the same.
A start takes a while, so the tests are steps of one story and run in their order.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.ports import free_port

STUDENTS = "60"


class Demo:
    """One start of the command, read up to its last line before it waits."""

    def __init__(self, var: Path, port: int, sandbox_port: int) -> None:
        self.port, self.sandbox_port = port, sandbox_port
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "manzanita.cli", "demo", "--students", STUDENTS),
                *("--port", str(port), "--sandbox-port", str(sandbox_port)),
            ],
            # A database that a demo must not touch: it would fail to open it.
            env={
                **os.environ,
                "MANZANITA_VAR": str(var),
                "DATABASE_URL": "sqlite:////nonexistent/real.sqlite3",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def read(self, until: str = "Ctrl-C") -> str:
        """Its lines, to the one in which ``until`` stands (by itself: until it waits for Ctrl-C), or until it has
        ended."""
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if until in line:
                break
        return "".join(lines)

    def end(self, number: int = signal.SIGINT) -> int:
        """What Ctrl-C does: the signal goes to the group at the terminal. Returns the exit code."""
        os.killpg(self.process.pid, number)
        self.process.stdout.read()
        return self.process.wait(timeout=60)

    def is_anything_left(self) -> bool:
        return any(_is_taken(port) for port in (self.port, self.sandbox_port))


def _is_taken(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _sandbox_at(port: int) -> int:
    """Process id of the sandbox with this port."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().split(b"\0")
        except OSError:
            continue  # It ended while we looked.
        if b"sandbox" in words and str(port).encode() in words:
            return int(command.parent.name)
    raise AssertionError(f"no sandbox at {port}")


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="module")
def var(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def start(var, ports):
    """Starts demos in ``var``; whatever of them still runs is ended with the story."""
    started: list[Demo] = []

    def begin(*, at: tuple[int, int] = ports) -> Demo:
        started.append(Demo(var, *at))
        return started[-1]

    yield begin
    for demo in started:
        if demo.process.poll() is None:
            demo.end()


@pytest.fixture(scope="module")
def first(start) -> tuple[Demo, str]:
    """The demo that is built in place of one that was cut off, and what it told; it runs until a test ends it."""
    cut_off = start()
    cut_off.read(until="Making the database")
    cut_off.end(signal.SIGKILL)
    demo = start()
    return demo, demo.read()


def demo_code(var: Path, email: str, **environment: str) -> subprocess.CompletedProcess:
    """What the second terminal of a newcomer prints."""
    return subprocess.run(
        [sys.executable, "-m", "manzanita.cli", "demo-code", email],
        env={**os.environ, "MANZANITA_VAR": str(var), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_1_a_demo_that_was_cut_off_while_it_was_built_is_built_anew(first, ports):
    _, told = first

    assert "building it anew" in told
    assert f"Ready: http://localhost:{ports[0]}" in told, told


def test_2_each_perspective_can_sign_in_with_what_is_printed(first, var):
    demo, told = first
    sign_ins = json.loads((var / "demo" / "demo.json").read_text())["sign_ins"]

    assert [sign_in["perspective"] for sign_in in sign_ins] == [
        *("SEDS coordinator", "Case manager", "SELPA", "School", "District provider"),
        *("NPS administrator", "NPA provider", "SIS staff", "Office clerk", "District of residence"),
        # Of the district next door: both sides of a transfer.
        "SEDS coordinator",
    ]
    assert (sign_ins[0]["agency"], sign_ins[-1]["agency"]) == ("Chaparral Unified", "Heron Creek Unified")
    for sign_in in sign_ins:
        assert sign_in["email"] in told
        assert sign_in["password"] in told
        with httpx.Client(base_url=f"http://127.0.0.1:{demo.port}", trust_env=False, timeout=30) as client:
            form = client.get("/sign-in")
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)[1]
            answer = client.post(
                "/sign-in",
                data={
                    "csrfmiddlewaretoken": token,
                    "username": sign_in["email"],
                    "password": sign_in["password"],
                },
            )
            assert answer.status_code == 302
            # Whoever reaches no further than their own caseload needs no code.
            is_wide = sign_in["perspective"] not in ("Case manager", "NPA provider")
            assert bool(sign_in["totp_key"]) is is_wide
            if is_wide:
                assert f"demo-code {sign_in['email']}" in told and sign_in["totp_key"] in told
                assert answer.headers["location"].startswith("/sign-in/second-factor?")
                token = re.search(
                    r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(answer.headers["location"]).text
                )[1]
                given = demo_code(var, sign_in["email"])
                assert given.returncode == 0
                code = given.stdout.split()[0]
                answer = client.post(
                    "/sign-in/second-factor", data={"csrfmiddlewaretoken": token, "code": code}
                )
                assert answer.status_code == 302
            # Who delivers the files of the SIS reads no student.
            assert client.get("/students").status_code == (
                403 if sign_in["perspective"] == "SIS staff" else 200
            )


def test_3_a_code_is_told_of_the_demo_alone_and_of_who_needs_one(first, var, tmp_path):
    emails = {
        one["perspective"]: one["email"]
        for one in json.loads((var / "demo" / "demo.json").read_text())["sign_ins"]
    }
    coordinator, case_manager = emails["SEDS coordinator"], emails["Case manager"]

    needless = demo_code(var, case_manager)
    assert needless.returncode == 1 and "needs no code in this demo" in needless.stderr
    elsewhere = demo_code(tmp_path, coordinator)
    assert elsewhere.returncode == 1 and "There is no demo in" in elsewhere.stderr
    production = demo_code(var, coordinator, MANZANITA_PRODUCTION="true")
    assert production.returncode == 1 and "production" in production.stderr
    assert [one.stdout for one in (needless, elsewhere, production)] == ["", "", ""]


def test_4_what_was_built_is_kept_from_others_of_the_machine(first, var):
    assert (var / "demo" / "demo.json").stat().st_mode & 0o077 == 0


def test_5_only_one_demo_at_a_time_works_in_a_folder(first, start):
    second = start(at=(free_port(), free_port()))

    assert "already being built or running" in second.read()
    assert second.process.wait(timeout=30) == 1


def test_6_ctrl_c_ends_all_of_it(first):
    demo, _ = first

    assert demo.is_anything_left()
    assert demo.end(signal.SIGINT) == 0
    assert not demo.is_anything_left()


def test_7_a_port_that_is_taken_is_named_and_nothing_is_started(start, ports):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        demo = start(at=(ports[0], taken))
        told = demo.read()

    assert f"Port {taken} is taken" in told
    assert demo.process.wait(timeout=30) == 1
    assert not _is_taken(ports[0])


def test_8_the_next_start_reuses_what_is_there_and_a_signal_ends_all_of_it(start, var):
    built = (var / "demo" / "demo.json").stat().st_mtime_ns

    demo = start()
    told = demo.read()

    assert "Reusing" in told
    assert "fictitious students" not in told
    assert demo.end(signal.SIGTERM) == 0
    assert not demo.is_anything_left()
    assert (var / "demo" / "demo.json").stat().st_mtime_ns == built


def test_9_a_process_that_dies_ends_the_demo_with_a_reason(start):
    demo = start()
    demo.read()
    os.kill(_sandbox_at(demo.sandbox_port), signal.SIGKILL)

    assert "The sandbox process ended by itself" in demo.process.stdout.read()
    assert demo.process.wait(timeout=60) == 1
    assert not demo.is_anything_left()
