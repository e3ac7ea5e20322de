"""``manzanita demo``: the whole system with a fictitious SELPA on this machine, until Ctrl-C.

Everything it keeps is in the folder ``demo`` of ``MANZANITA_VAR``; of the environment it takes only that, so
that a demo never works on the database of an installation. The first start builds; later ones reuse.
"""

from __future__ import annotations

import argparse
import fcntl
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NoReturn
from zoneinfo import ZoneInfo

HELP = "Run the whole system with a fictitious SELPA until Ctrl-C."
HOST = "127.0.0.1"
# The day on which the fictitious SELPA is handed over; its clock goes on from there, a day a day.
FIRST_DAY = date(2026, 11, 23)
# The stand-in CALPADS rejects the first service it is sent, so that there is a finding to understand and mend.
REJECTION = {
    "record": "SERV",
    "code": "GERR0007",
    "text": "Code is not valid in the submitted academic year.",
    "field": "25.14",
}
# What the state has taken of some students and the rules object to, so that there are findings to settle.
ERRORS = (
    "0.002",
    (
        "MZ-MEET-LATE",
        "MZ-MEET-NO-CONSENT",
        "MZ-MEET-DELAY-ON-TIME",
        "MZ-PLAN-TRANSITION-MISSING",
        "MZ-PLAN-PERCENT-MISSING",
        "MZ-SERV-NO-FREQUENCY",
        "MZ-SERV-SHORT",
        "PLAN0387F1",
        "PLAN0393E4",
        "PLAN0679E1",
    ),
)
READY_SECONDS = 120
STOP_SECONDS = 20


class CannotRun(Exception):
    """Why there is no demo, for the person at the terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8800, help="of the site")
    parser.add_argument("--sandbox-port", type=int, default=8801, help="of the stand-in CALPADS")
    parser.add_argument("--students", type=int, default=5000, help="how many to make, when it is built")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other students, when it is built")


def run(args: argparse.Namespace) -> int:
    """0 after Ctrl-C (or SIGTERM, or a closed terminal), 1 with the reason when it cannot run."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    folder = Path(os.environ.get("MANZANITA_VAR", "var")).resolve() / "demo"
    try:
        with _locked(folder):
            _Demo(folder, args).run()
    except CannotRun as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One demo at a time in ``folder``; the lock is gone with its process, however that ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(f"A demo is already being built or running in {folder}.") from None
        yield


class _Demo:
    def __init__(self, folder: Path, args: argparse.Namespace) -> None:
        self.folder, self.args = folder, args
        self.started = time.monotonic()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def run(self) -> None:
        self._require_free_ports()
        try:
            kept = self._kept() or self._build()
            self._start(kept)
            self._announce(kept)
            self._watch()
        except KeyboardInterrupt:
            self._say("Stopping ...")
            raise
        finally:
            self._stop()

    def _say(self, text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - self.started:6.1f} s  {text}\n")
        sys.stdout.flush()

    def _require_free_ports(self) -> None:
        for port in (self.args.port, self.args.sandbox_port):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError:
                    raise CannotRun(
                        f"Port {port} is taken on this machine, perhaps by a demo that runs elsewhere. Stop what"
                        " uses it, or choose others: make demo PORT=8900 SANDBOX_PORT=8901"
                    ) from None

    # What is kept between starts

    def _kept(self) -> dict | None:
        """What the last start built; ``None`` where nothing is, or where building was cut off."""
        path = self.folder / "demo.json"
        if path.exists():
            self._say(f"Reusing {self.folder} (remove it to build anew)")
            return json.loads(path.read_text(encoding="utf-8"))
        if self.folder.exists():
            self._say("The last demo was not finished: building it anew")
            shutil.rmtree(self.folder)
        return None

    def _build(self) -> dict:
        """Make students, databases and accounts. Written down as kept only when all of it is there."""
        self.folder.mkdir()
        kept = {"built_on": _today().isoformat(), "secret": secrets.token_urlsafe(24)}
        files = self.folder / "files"
        self._enter(kept)
        self._say(f"Making {self.args.students:,} fictitious students and their files")
        self._make_files(files)
        self._say("Making the database")
        self._migrate()
        self._say("Taking over organizations, people, the state's extracts and the SIS files")
        from django.conf import settings
        from django.db import connections

        # Nobody reads what was written while it was built.
        settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
        from manzanita.procedures.demo import MERGED_SSID, RETIRED_SSID, build_demo

        kept["sign_ins"] = [asdict(sign_in) for sign_in in build_demo(files, FIRST_DAY)]
        connections.close_all()
        self._start_sandbox(kept)
        if self._answer(self.args.sandbox_port, "/control/reject", REJECTION) != 200:
            raise CannotRun(f"The sandbox takes no order to reject a line.{self._end_of_log('sandbox')}")
        merged = {"retired": RETIRED_SSID, "replaced_by": MERGED_SSID}
        if self._answer(self.args.sandbox_port, "/control/ssid", merged) != 200:
            raise CannotRun(f"The sandbox merges no SSIDs.{self._end_of_log('sandbox')}")
        path = self.folder / "demo.json"
        partial = path.with_suffix(".part")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(kept, indent=1), encoding="utf-8")
        partial.replace(path)
        return kept

    def _make_files(self, files: Path) -> None:
        from manzanita.cli import main

        numbers = ("--students", str(self.args.students), "--seed", str(self.args.seed))
        rate, codes = ERRORS
        errors = ("--errors", rate, "--codes", ",".join(codes))
        as_of = ("--as-of", FIRST_DAY.isoformat(), "--movers")
        if main(["synth", *numbers, *errors, *as_of, "--out", str(files)]):
            raise CannotRun("The fictitious students could not be made.")

    def _migrate(self) -> None:
        import django
        from django.core.management import call_command
        from django.db import connections

        django.setup()
        call_command("migrate", verbosity=0)
        connections.close_all()

    def _enter(self, kept: Mapping[str, str]) -> None:
        """Give this process the environment of the demo. Before Django reads its settings."""
        environment = self._environment(kept)
        os.environ.clear()
        os.environ.update(environment)

    def _environment(self, kept: Mapping[str, str]) -> dict[str, str]:
        ours = ("MANZANITA_", "SANDBOX_", "DJANGO_")
        return {
            **{
                name: value
                for name, value in os.environ.items()
                if name != "DATABASE_URL" and not name.startswith(ours)
            },
            "DJANGO_SETTINGS_MODULE": "manzanita.config.settings",
            "MANZANITA_VAR": str(self.folder),
            "MANZANITA_TODAY": _demo_day(kept).isoformat(),
            "MANZANITA_STATE_URL": f"http://{HOST}:{self.args.sandbox_port}",
            "MANZANITA_STATE_CLIENT_SECRET": kept["secret"],
            "SANDBOX_CLIENT_SECRET": kept["secret"],
        }

    # Processes

    def _start(self, kept: Mapping[str, str]) -> None:
        self._enter(kept)
        if "sandbox" not in self.processes:
            # The code may be newer than what is kept.
            self._migrate()
            self._start_sandbox(kept)
        self._say("Starting worker and web server")
        self._start_process("worker", "worker")
        self._start_process("web", "serve", "--host", HOST, "--port", str(self.args.port))
        self._wait_until_ready("web", self.args.port, "/sign-in")

    def _start_sandbox(self, kept: Mapping[str, str]) -> None:
        self._say("Starting the stand-in CALPADS")
        port = self.args.sandbox_port
        database, files = self.folder / "sandbox.sqlite3", self.folder / "files"
        self._start_process(
            "sandbox", "sandbox", "--db", str(database), "--port", str(port), "--load", str(files)
        )
        self._wait_until_ready("sandbox", port, "/control/health")
        if self._answer(port, "/control/clock", {"today": _demo_day(kept).isoformat()}) != 200:
            raise CannotRun(f"The clock of the sandbox cannot be set.{self._end_of_log('sandbox')}")

    def _start_process(self, name: str, *arguments: str) -> None:
        """In a session of its own: Ctrl-C reaches this process only, which then stops the others in order."""
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        with (logs / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "manzanita.cli", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_ready(self, name: str, port: int, path: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while (status := self._answer(port, path)) != 200:
            self._require_running()
            if status is not None or time.monotonic() > deadline:
                raise CannotRun(f"The {name} process does not answer as it should.{self._end_of_log(name)}")
            time.sleep(0.1)

    def _answer(self, port: int, path: str, body: Mapping[str, str] | None = None) -> int | None:
        """Status of the answer to a GET, or to a POST of ``body`` as JSON; ``None`` without an answer."""
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        try:
            if body is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _watch(self) -> None:
        while True:
            time.sleep(0.5)
            self._require_running()

    def _require_running(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise CannotRun(f"The {name} process ended by itself.{self._end_of_log(name)}")

    def _end_of_log(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        lines = path.read_text(errors="replace").splitlines()[-15:]
        return "\n".join([f" The end of {path}:", *lines])

    def _stop(self) -> None:
        """End the web server first, so that nothing new comes in; the sandbox last, for a job at hand."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for name in ("web", "worker", "sandbox"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _announce(self, kept: Mapping) -> None:
        # By its name: a passkey can be made for localhost, not for a number.
        self._say(
            f"Ready: http://localhost:{self.args.port}  (today is {_demo_day(kept):%A, %B %-d, %Y} there)"
        )
        lines = [["Perspective", "Email", "Password", "At"]]
        lines += [[s["perspective"], s["email"], s["password"], s["agency"]] for s in kept["sign_ins"]]
        widths = [max(len(line[column]) for line in lines) for column in range(4)]
        for line in lines:
            sys.stdout.write(
                "  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            )
            sys.stdout.write("\n")
        with_code = [one for one in kept["sign_ins"] if one.get("totp_key")]
        if with_code:
            sys.stdout.write(
                "Whoever reaches a whole district gives a code after the password. In another terminal this prints\n"
                "it; or give the key behind it to an authenticator app:\n"
            )
        width = max((len(one["email"]) for one in with_code), default=0)
        for one in with_code:
            sys.stdout.write(
                f"  {_this_command()} demo-code {one['email'].ljust(width)}  {one['totp_key']}\n"
            )
        sys.stdout.write("Ctrl-C stops all of it.\n")
        sys.stdout.flush()


def _this_command() -> str:
    """As it is typed where this was started."""
    return os.path.relpath(Path(sys.executable).with_name("manzanita"))


def _today() -> date:
    return datetime.now(ZoneInfo("America/Los_Angeles")).date()


def _demo_day(kept: Mapping[str, str]) -> date:
    """The demo's clock never goes back: what was recorded yesterday lies before what is recorded today."""
    return FIRST_DAY + max(_today() - date.fromisoformat(kept["built_on"]), timedelta(0))
