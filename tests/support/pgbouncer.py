"""A PgBouncer in transaction mode with one connection to the server, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.postgres import unprivileged_owner

START_SECONDS = 20


@contextmanager
def pgbouncer(*, host: str, port: int, database: str, user: str, password: str) -> Iterator[int]:
    """Its port on this machine; whoever connects acts as ``user``."""
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    if not Path(program).exists():
        raise RuntimeError("these tests need PgBouncer: apt-get install pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="manzanita-pgbouncer-"))
    listening = free_port()
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n{database} = host={host} port={port} dbname={database} user={user} password={password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {listening}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 1\n"
    )
    config.chmod(0o600)
    owner = unprivileged_owner()
    identity = {}
    if owner is not None:
        # It refuses to run as root.
        identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        for path in (folder, config):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, str(config)], cwd=folder, stdout=log, stderr=log, **identity)
    try:
        _wait_until_it_listens(listening, process, folder / "log")
        yield listening
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_it_listens(port: int, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"PgBouncer does not listen: {log.read_text()[-2000:]}")
