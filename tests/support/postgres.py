"""A PostgreSQL server for one test run, from the binaries that are installed.

``python -m tests.support.postgres COMMAND …`` runs a command with ``TEST_DATABASE_URL`` set: as it is, or to
a private server that is gone afterwards. Without binaries the command runs without the variable. With ``--migrated``
before the command there is a database with the tables of the product on it, and one of SQLite, to be copied by
everything that the command starts.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import MIGRATED, every_sort
from tests.support.ports import free_port

ROLE = "manzanita"


@contextmanager
def test_database_url() -> Iterator[str | None]:
    """URL of a server on which databases and extensions may be made; ``None`` where there is none."""
    given = os.environ.get("TEST_DATABASE_URL")
    binaries = _binaries()
    if given or binaries is None:
        yield given or None
        return
    with private_server(binaries) as url:
        yield url


@contextmanager
def private_server(binaries: Path) -> Iterator[str]:
    """A server of our own on a free port of this machine; gone afterwards with all it held."""
    folder = Path(tempfile.mkdtemp(prefix="manzanita-postgres-"))
    owner = unprivileged_owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    password, port = secrets.token_urlsafe(24), free_port()
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        # To a file, not a pipe: the server inherits it, and a pipe would never end.
        with (folder / "output.txt").open("w+") as output:
            done = subprocess.run(
                [binaries / program, *arguments],
                cwd=folder,
                stdout=output,
                stderr=output,
                check=False,
                **identity,
            )
            if done.returncode:
                output.seek(0)
                raise RuntimeError(f"{program} failed: {output.read()}")

    try:
        password_file = folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        if owner is not None:
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        run(
            "initdb",
            *("--pgdata", str(data), "--username", ROLE, "--pwfile", str(password_file)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"),
        )
        # What a power cut would leave does not matter to a server that lives for minutes.
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
            " -c full_page_writes=off -c max_connections=200"
        )
        run("pg_ctl", "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``; Debian keeps them off the path, one folder for each version."""
    on_path = shutil.which("pg_ctl")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(versions, key=lambda path: float(path.parent.name), reverse=True)
    return next((path for path in candidates if (path / "initdb").exists()), None)


def unprivileged_owner() -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves (``None``), unless we are root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def stop_on_sigterm() -> None:
    """Let a request to stop end the process as Ctrl-C does, so that the server is not left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def main() -> int:
    stop_on_sigterm()
    is_migrated, command = sys.argv[1] == "--migrated", sys.argv[1:]
    with test_database_url() as url, tempfile.TemporaryDirectory(prefix="manzanita-migrated-") as folder:
        environment = {**os.environ, **({"TEST_DATABASE_URL": url} if url else {})}
        sorts = every_sort(Path(folder), url) if is_migrated else []
        if sorts:
            environment[MIGRATED] = " ".join(one.template() for one in sorts)
            command = command[1:]
        try:
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            for one in sorts:
                one.close()


if __name__ == "__main__":
    sys.exit(main())
