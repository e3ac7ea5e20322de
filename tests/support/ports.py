"""Ports of this machine for processes that a test starts, some of them only half a minute after they were told."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below what the system gives to connections that go out (32768 and up on Linux, 49152 elsewhere): a port from there
# is soon somebody's else.
RANGE = range(20_000, 32_000)
CLAIMS = Path(tempfile.gettempdir()) / f"manzanita-ports-{os.getuid()}"

_claimed: list[int] = []


def free_port() -> int:
    """A port nobody listens at, and which no other test process is given for as long as this one lives."""
    CLAIMS.mkdir(mode=0o700, exist_ok=True)
    for port in random.sample(RANGE, len(RANGE)):
        if _claim(port) and _is_free(port):
            return port
    raise RuntimeError(f"no port from {RANGE.start} to {RANGE.stop - 1} is free")


def _claim(port: int) -> bool:
    # A lock goes with its process, however that ends; a file that is there would have to be removed.
    claim = os.open(CLAIMS / str(port), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(claim)
        return False
    _claimed.append(claim)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        # As servers do: a connection that has just ended does not keep the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
