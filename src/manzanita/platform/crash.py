"""Named places at which a crash test ends the process, as a power cut would."""

import os
import signal

from django.conf import settings


def crash_point(name: str) -> None:
    """End this process with ``kill -9`` when ``settings.CRASH_AT`` names this place; otherwise do nothing.

    It happens once for each name: a marker file in ``settings.VAR_DIR`` remembers it, so that a restart
    with the same environment goes on. Not handlers, not ``finally`` blocks: nothing runs afterwards.
    """
    if name != settings.CRASH_AT:
        return
    marker = settings.VAR_DIR / f"crashed_at_{name}"
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
