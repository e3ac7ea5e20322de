"""A system whose processes are forked from one that has the product loaded already.

Loading it takes a process two to three seconds of processor time, and a story starts three. What starts, crashes and
survives as it does in production is for the proofs, which start every process anew.

``python -m tests.support.forked`` is that one process. It is asked in lines of JSON, answers in lines of JSON, and ends
with its standard input, and with it all that it forked.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support import state_files
from tests.support.databases import Databases
from tests.support.system import ROOT, System


class Forked:
    """One process, with what a system needs of :class:`subprocess.Popen`."""

    def __init__(self, stem: Stem, pid: int) -> None:
        self._stem, self.pid = stem, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._stem.ask("poll", self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """``timeout`` is that of Popen; whoever waits here has killed before."""
        if self.returncode is None:
            self.returncode = self._stem.ask("wait", self.pid)
        return self.returncode


class Stem:
    """The process that forks, seen from a test."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forked"],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def ask(self, question: str, *values: object) -> int | None:
        self._process.stdin.write(json.dumps([question, *values]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def fork(self, arguments: Sequence[str], output: Path, errors: Path) -> Forked:
        return Forked(self, self.ask("fork", list(arguments), str(output), str(errors)))

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


class ForkedSystem(System):
    """What has another environment than the system's is started anew, as settings are read once."""

    _stem: Stem | None = None

    def _fork(self, arguments: Sequence[str], output: Path, errors: Path) -> Forked:
        if self._stem is None:
            self._stem = Stem(self.environment, self.folder / "stem.log")
        return self._stem.fork(arguments, output, errors)

    def output(self, *arguments: str) -> str:
        told, errors = self.folder / "told.txt", self.folder / "errors.txt"
        for path in (told, errors):
            path.unlink(missing_ok=True)
        if self._fork(arguments, told, errors).wait():
            raise RuntimeError(f"{arguments}: {told.read_text()[-2000:]}{errors.read_text()[-4000:]}")
        return told.read_text()

    def start(self, name: str, arguments: list[str], environment: Mapping[str, str] | None = None) -> None:
        if environment:
            super().start(name, arguments, environment)
        else:
            log = self.folder / f"{name}.log"
            self.processes[name] = self._fork(arguments, log, log)

    def stop(self) -> None:
        super().stop()
        if self._stem is not None:
            self._stem.end()


@contextmanager
def served(
    folder: Path,
    databases: Databases,
    *build: str,
    write_state: Callable[[Path], None] | None = state_files.write_files,
    works: bool = True,
    **environment: str,
) -> Iterator[System]:
    """The small world on a database of its own, with web server and worker; ``built`` is what ``build`` printed.

    The sandbox holds the files that ``write_state`` writes; ``None`` is a system without one. Without ``works`` there
    is no worker: what is put on the list of jobs stays there.
    """
    database = databases.migrated()
    running = ForkedSystem(folder / "system", database, **environment)
    try:
        running.built = running.output("-m", "tests.support.build", *build).strip()
        if write_state is not None:
            write_state(folder / "state")
            running.start_sandbox(folder / "state")
            running.control("clock", today=state_files.TODAY.isoformat())
        running.start_web()
        if works:
            running.start_worker()
        yield running
    finally:
        running.stop()
        databases.drop(database)


def main() -> None:
    _load()
    pids: set[int] = set()
    for line in sys.stdin:
        match json.loads(line):
            case ["fork", arguments, output, errors]:
                pid = os.fork()
                if not pid:
                    _be(arguments, output, errors)
                # Here as well as there: it may be killed before it has begun.
                with suppress(PermissionError):
                    os.setpgid(pid, pid)
                pids.add(pid)
                answer: int | None = pid
            case [("poll" | "wait") as question, pid]:
                ended, status = os.waitpid(pid, os.WNOHANG if question == "poll" else 0)
                answer = os.waitstatus_to_exitcode(status) if ended else None
                pids -= {ended}
        print(json.dumps(answer), flush=True)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _load() -> None:
    """All that the forked processes would load: pages, commands, and what builds worlds. Nothing opens a database."""
    import django

    django.setup()
    import gunicorn.app.wsgiapp  # noqa: F401
    from django.urls import get_resolver

    import tests.support.world  # noqa: F401

    assert get_resolver().url_patterns
    gc.collect()
    gc.freeze()


def _be(arguments: list[str], output: str, errors: str) -> None:
    """Go on as ``python ARGUMENTS``, in a group of its own; does not return."""
    code = 1
    try:
        os.setpgid(0, 0)
        for number, path in ((1, output), (2, errors)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _run(arguments)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(arguments: list[str]) -> None:
    flag, what, *rest = arguments
    if flag == "-m":
        sys.argv = [what, *rest]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv = [flag, *rest]
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    main()
