"""``manzanita rules``: the catalog of rules, or one rule explained."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

HELP = "List every rule with its severity and confidence, or explain one."
_COLUMNS = ("code", "severity", "phase", "records", "years", "confidence", "evaluated", "title")
_WIDTH = 110


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="explain this rule only")
    parser.add_argument("--year", metavar="2026-2027", help="academic year (default: today's in California)")
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="json: one object a line"
    )
    parser.epilog = "Exit: 0, or 2 for a code or a year that there is not."


def run(args: argparse.Namespace) -> int:
    from manzanita.domain.years import academic_year_of, first_calendar_year

    year = args.year or academic_year_of(datetime.now(ZoneInfo("America/Los_Angeles")).date())
    try:
        first_calendar_year(year)
    except ValueError as error:
        return _refuse(f"--year: {error}.")
    try:
        return _list(year, args.format) if args.code is None else explain(args.code, year, args.format)
    except BrokenPipeError:
        # Whoever reads has enough, such as ``head``; the interpreter's last flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def explain(code: str, year: str, form: str = "table") -> int:
    """Write what one rule is about; 2 with the nearest codes where there is no such rule."""
    from manzanita.domain.rules import rule_info
    from manzanita.domain.specification import error_text
    from manzanita.platform.offline import use_stored_specifications
    from manzanita.reference.rules import explanation, nearest_codes

    if unread := use_stored_specifications():
        sys.stderr.write(unread + "\n")
    code = code if rule_info(code) else code.strip().upper()
    info, state_text = rule_info(code), error_text(code, year)
    if info is None and state_text:
        said = {"code": code, "state_text": state_text}
        told = f"{code}  known from the state's workbook only\n\nThe state says: {state_text}"
        sys.stdout.write(f"{json.dumps(said, ensure_ascii=False) if form == 'json' else told}\n")
        return 0
    if info is None:
        nearest = nearest_codes(code)
        meant = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
        return _refuse(f"No rule has the code {code}.{meant} `manzanita rules` lists them all.")
    if form == "json":
        row = {
            **_row_of(info.code, year),
            "kind": info.kind,
            "fields": info.fields,
            "meaning": info.meaning,
            "fix": info.fix,
            "owner": str(info.owner),
            "source": info.source,
            "state_text": state_text,
        }
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        return 0
    for line in explanation(info, year) + ([f"The state says: {state_text}"] if state_text else []):
        sys.stdout.write("\n".join(textwrap.wrap(line, _WIDTH, subsequent_indent="  ")) + "\n")
    return 0


def _row_of(code: str, year: str) -> dict[str, object]:
    from manzanita.reference.rules import rule_rows

    return next(asdict(row) for row in rule_rows(year) if row.code == code)


def _list(year: str, form: str) -> int:
    from manzanita.reference.rules import rule_rows

    rows = rule_rows(year)
    if form == "json":
        for row in rows:
            sys.stdout.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
        return 0
    cells = [
        (
            row.code,
            row.severity.replace("_", " "),
            row.phase,
            " ".join(row.records),
            row.years,
            row.confidence,
            "yes" if row.is_evaluated else "no",
            row.title,
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *cells, strict=True)]
    for line in (_COLUMNS, *cells):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        sys.stdout.write(text.rstrip() + "\n")
    evaluated = sum(row.is_evaluated for row in rows)
    sys.stderr.write(f"Academic year {year}: {len(rows)} rules, {evaluated} of them evaluated here.\n")
    return 0


def _refuse(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 2
