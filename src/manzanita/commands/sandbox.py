"""``manzanita sandbox``: run the stand-in CALPADS."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from pathlib import Path

from manzanita.domain.specification import CURRENT_YEAR
from manzanita.domain.years import first_calendar_year

HELP = "Run a stand-in CALPADS to practice sending against."


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


def _year(text: str) -> str:
    first_calendar_year(text)
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Secrets may come from the environment instead, where other users of the machine cannot list them."""
    environment = os.environ
    parser.add_argument(
        "--db", type=Path, required=True, metavar="PATH", help="database file, made if missing"
    )
    parser.add_argument("--port", type=_port, default=0, help="0 (default) takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--load", type=Path, metavar="DIR", help="extracts and SIS files for a database that is still empty"
    )
    parser.add_argument("--client-id", default=environment.get("SANDBOX_CLIENT_ID", "manzanita"))
    parser.add_argument(
        "--client-secret",
        default=environment.get("SANDBOX_CLIENT_SECRET", "sandbox"),
        help="default: SANDBOX_CLIENT_SECRET, or 'sandbox'",
    )
    parser.add_argument(
        "--control-secret",
        default=environment.get("SANDBOX_CONTROL_SECRET"),
        help="asked for by the control interface; default: SANDBOX_CONTROL_SECRET, or none",
    )
    parser.add_argument(
        "--workbook",
        type=Path,
        metavar="FILE",
        help="take and check lines by this copy of the state's workbook, as manzanita spec load reads it",
    )
    parser.add_argument(
        "--year", type=_year, default=CURRENT_YEAR, metavar=CURRENT_YEAR, help="of the workbook"
    )
    parser.add_argument("--port-file", type=Path, metavar="PATH", help="write the port here when ready")


def run(args: argparse.Namespace) -> int:
    """0 after a clean stop, 1 when the sandbox cannot start."""
    from manzanita.domain.workbook import WorkbookRefused
    from manzanita.sandbox.following import OtherLayouts
    from manzanita.sandbox.requests import Options
    from manzanita.sandbox.server import serve

    options = Options(
        database=args.db,
        host=args.host,
        port=args.port,
        load=args.load,
        client_id=args.client_id,
        client_secret=args.client_secret,
        control_secret=args.control_secret,
        port_file=args.port_file,
        workbook=args.workbook,
        year=args.year,
    )
    try:
        return serve(options)
    except WorkbookRefused as refused:
        told = "\n  ".join(refused.problems)
        sys.stderr.write(f"The sandbox cannot start: {args.workbook.name} is refused.\n  {told}\n")
        return 1
    except (OSError, sqlite3.Error, OtherLayouts) as error:
        sys.stderr.write(f"The sandbox cannot start: {error}\n")
        return 1
