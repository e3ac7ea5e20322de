"""``manzanita spec``: the district's own copy of the state's workbook, loaded, shown, taken back."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from manzanita.platform.models import SpecificationVersion

HELP = "Load the state's workbook of layouts, codes and error texts; show or revert what holds."
PROBLEMS_SHOWN = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    load = parts.add_parser("load", help="say what a workbook changes, ask, and let it hold in its year")
    load.add_argument("file", type=Path, metavar="FILE", help=".xlsx or .csv; see docs/reference/workbook.md")
    show = parts.add_parser("show", help="which version holds in which year, and where it comes from")
    revert = parts.add_parser("revert", help="let what held before hold again")
    for part in (load, show, revert):
        which = "all with a workbook" if part is show else "the school year of today"
        part.add_argument("--year", metavar="2026-2027", help=f"academic year (default: {which})")
    for part in (load, revert):
        part.add_argument("--yes", action="store_true", help="do not ask")
    parser.epilog = "Exit: 0 done, 1 not done because you said no, 2 refused: nothing was changed."


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    import django

    django.setup()
    from manzanita.domain.years import first_calendar_year
    from manzanita.platform import clock
    from manzanita.platform.request_ids import request_id

    year = args.year or clock.academic_year()
    try:
        first_calendar_year(year)
    except ValueError as error:
        return _refuse(f"--year: {error}.")
    with request_id(f"command-{uuid4().hex}"):
        if args.part == "load":
            return _load(args.file, year, is_sure=args.yes)
        if args.part == "revert":
            return _revert(year, is_sure=args.yes)
        return _show(args.year)


def _load(path: Path, year: str, *, is_sure: bool) -> int:
    from manzanita.domain.workbook import WorkbookRefused
    from manzanita.domain.workbook.differences import told
    from manzanita.procedures.specifying import load, propose

    try:
        proposal = propose(data=path.read_bytes(), file_name=path.name, year=year)
    except OSError as error:
        return _refuse(f"{path} cannot be read: {error.strerror}.")
    except WorkbookRefused as refused:
        for problem in refused.problems[:PROBLEMS_SHOWN]:
            _refuse(problem)
        more = len(refused.problems) - PROBLEMS_SHOWN
        return _refuse(f"{f'... and {more} more. ' if more > 0 else ''}Nothing was loaded.")
    _say(f"What {path.name} changes in {year}:", *told(proposal.differences))
    if not _confirmed("Load it?", is_sure):
        return _say_no("Nothing was loaded.")
    version = load(proposal, by=getpass.getuser())
    _say(f"Version {version.pk} holds in {year}: {_origin(version)}.")
    return 0


def _revert(year: str, *, is_sure: bool) -> int:
    from manzanita.domain.workbook.differences import told
    from manzanita.procedures.specifying import NothingToRevert, revert, would_revert

    try:
        version, before, changes = would_revert(year)
    except NothingToRevert:
        return _refuse(f"No workbook holds in {year}: there is nothing to revert. Nothing was changed.")
    _say(f"What changes in {year} without version {version.pk}:", *told(changes))
    if not _confirmed("Revert?", is_sure):
        return _say_no("Nothing was changed.")
    revert(year, by=getpass.getuser())
    _say(f"{f'Version {before.pk} holds' if before else 'No workbook holds'} in {year}: {_origin(before)}.")
    return 0


def _show(year: str | None) -> int:
    from manzanita.domain.workbook import Workbook
    from manzanita.platform.specifications import versions_in_force

    versions = versions_in_force()
    for one in sorted(versions) if year is None else [year]:
        version = versions.get(one)
        if version is None:
            _say(f"{one}  no workbook: {_origin(None)}")
            continue
        workbook = Workbook.of_document(version.content)
        _say(
            f"{one}  version {version.pk}: {_origin(version)}",
            f"  loaded   {version.loaded_at:%Y-%m-%d %H:%M} UTC by {version.by}",
            f"  file     {version.file_name}, SHA-256 {version.file_digest}",
            f"  layouts  {', '.join(workbook.layouts) or 'none'}",
            f"  codes    {', '.join(workbook.code_sets) or 'none'}",
            f"  errors   {len(workbook.error_texts)}",
            f"  before   {f'version {version.replaced_id}' if version.replaced_id else _origin(None)}",
        )
    if year is None:
        _say(f"{'Every other' if versions else 'Every'} year: {_origin(None)}")
    return 0


def _origin(version: SpecificationVersion | None) -> str:
    from manzanita.domain.workbook.applying import PACKAGED_ORIGIN
    from manzanita.platform.specifications import origin_of

    return origin_of(version) if version else PACKAGED_ORIGIN


def _confirmed(question: str, is_sure: bool) -> bool:
    """Whether the person says yes; without a terminal to ask at, no."""
    if is_sure:
        return True
    if not sys.stdin.isatty():
        sys.stderr.write("There is no terminal to ask at; --yes says yes.\n")
        return False
    return input(f"{question} [y/N] ").strip().casefold() in ("y", "yes")


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _say_no(text: str) -> int:
    _say(text)
    return 1


def _refuse(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2
