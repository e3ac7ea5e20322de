"""The whole system as real processes on one database: web server, worker, sandbox. For browsers and crashes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.support import state_files
from tests.support.databases import APP_ROLE
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SECRET = "sandbox-for-tests"
START_SECONDS = 40


class System:
    """Processes that share ``folder`` (files, logs) and ``database_url``; ``stop`` ends whatever still runs."""

    def __init__(self, folder: Path, database_url: str, **environment: str) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.web_port, self.sandbox_port = free_port(), free_port()
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "DJANGO_SETTINGS_MODULE": "tests.served",
            "MANZANITA_VAR": str(folder),
            # The same for every folder: a database that is copied from one to another keeps its second factors.
            "MANZANITA_SECRET_KEY": "only-for-tests",
            "DATABASE_URL": database_url,
            "MANZANITA_DATABASE_ROLE": APP_ROLE if database_url.startswith("postgresql") else "",
            "MANZANITA_TODAY": state_files.TODAY.isoformat(),
            # Long enough for a worker that others crowd out, short enough to wait for what a killed one left.
            "MANZANITA_JOB_LEASE_SECONDS": "8",
            "MANZANITA_STATE_URL": f"http://127.0.0.1:{self.sandbox_port}",
            "MANZANITA_STATE_CLIENT_SECRET": SECRET,
            "MANZANITA_STATE_POLL_SECONDS": "0.1",
            "MANZANITA_STATE_SETTLE_SECONDS": "2",
            # A story may sign in twice within a half minute; one code is good once.
            "MANZANITA_CODE_TOLERANCE": "1",
            "SANDBOX_CLIENT_SECRET": SECRET,
            **environment,
        }
        self.processes: dict[str, subprocess.Popen] = {}
        self.built = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sandbox_address(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def output(self, *arguments: str) -> str:
        """What a Python command prints; its errors are in the exception when it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def start(self, name: str, arguments: list[str], environment: Mapping[str, str] | None = None) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env={**self.environment, **(environment or {})},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_web(self, **environment: str) -> None:
        """One server process with threads; gunicorn replaces a process that was killed."""
        self.start(
            "web",
            [
                "-m",
                "gunicorn",
                "manzanita.config.wsgi",
                "--bind",
                f"127.0.0.1:{self.web_port}",
                "--workers",
                "1",
                "--threads",
                "4",
                "--timeout",
                "60",
            ],
            environment,
        )
        self.wait_for(f"{self.address}/sign-in")

    def start_worker(self, name: str = "worker", **environment: str) -> None:
        self.start(name, ["-m", "manzanita.cli", "worker"], environment)

    def start_sandbox(self, load: Path | None = None) -> None:
        arguments = ["-m", "manzanita.cli", "sandbox", "--db", str(self.folder / "state.sqlite3")]
        arguments += ["--port", str(self.sandbox_port)]
        if load is not None:
            arguments += ["--load", str(load)]
        self.start("sandbox", arguments)
        self.wait_for(f"{self.sandbox_address}/control/health")

    def wait_for(self, address: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if httpx.get(address, timeout=5, trust_env=False).status_code < 500:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        logs = "".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))
        raise RuntimeError(f"nothing answers at {address}: {logs}")

    def kill(self, name: str) -> None:
        """``kill -9`` of a process and its children."""
        process = self.processes.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)

    def is_running(self, name: str) -> bool:
        return name in self.processes and self.processes[name].poll() is None

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def control(self, action: str, **values: object) -> None:
        """Tell the sandbox to behave badly (reject, stall ...)."""
        reply = httpx.post(f"{self.sandbox_address}/control/{action}", json=values, trust_env=False)
        reply.raise_for_status()

    def applied(self) -> list[dict]:
        """Every effect that a submitted line ever had at the sandbox."""
        reply = httpx.get(f"{self.sandbox_address}/control/applied", trust_env=False)
        reply.raise_for_status()
        return reply.json()["applied"]

    def extract(self, record: str, lea: str = state_files.LEA) -> list[str]:
        """The state's lines of one record type, as its extract states them."""
        form = {"grant_type": "client_credentials", "client_id": "manzanita", "client_secret": SECRET}
        with httpx.Client(base_url=self.sandbox_address, timeout=20, trust_env=False) as client:
            token = client.post("/oauth/token", data=form).json()["access_token"]
            reply = client.post(
                "/v1/extracts",
                json={"record": record, "lea": lea, "ssids": None},
                headers={"Authorization": f"Bearer {token}"},
            )
            reply.raise_for_status()
            return reply.text.splitlines()
