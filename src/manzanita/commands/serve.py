"""``manzanita serve``: the web server."""

from __future__ import annotations

import argparse
import os
import sys

HELP = "Serve the site (gunicorn). TLS and compression belong to a proxy in front."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8800)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--threads", type=int, default=4, help="threads in each process")


def run(args: argparse.Namespace) -> int:
    """Becomes gunicorn, so that signals reach it; does not return."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    # A page evaluates rules on one student; frames over a whole agency belong to workers.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    os.execv(
        sys.executable,
        [
            *(sys.executable, "-m", "gunicorn", "manzanita.config.wsgi"),
            *("--bind", f"{args.host}:{args.port}"),
            *("--workers", str(args.workers), "--threads", str(args.threads)),
            *("--timeout", "60", "--log-level", "warning", "--no-control-socket"),
        ],
    )
