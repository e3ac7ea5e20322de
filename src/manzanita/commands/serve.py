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


def refuse_unsafe_database() -> str | None:
    """Why a production system must not start on this database, in words, or nothing."""
    import django
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError, connection

    django.setup()
    if not settings.PRODUCTION:
        return None
    try:
        # Each connection asks again; this is to say it at once, and at the terminal.
        connection.ensure_connection()
    except ImproperlyConfigured as refused:
        return str(refused)
    except OperationalError:
        # It may come up later than we do.
        return None
    finally:
        connection.close()
    return None


def run(args: argparse.Namespace) -> int:
    """Becomes gunicorn, so that signals reach it, and does not return; 1 where it must not start."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    # A page evaluates rules on one student; frames over a whole agency belong to workers.
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    if (refusal := refuse_unsafe_database()) is not None:
        sys.stderr.write(f"{refusal}\n")
        return 1
    os.execv(
        sys.executable,
        [
            *(sys.executable, "-m", "gunicorn", "manzanita.config.wsgi"),
            *("--bind", f"{args.host}:{args.port}"),
            *("--workers", str(args.workers), "--threads", str(args.threads)),
            *("--timeout", "60", "--log-level", "warning", "--no-control-socket"),
        ],
    )
