"""``manzanita validate``: what the rules say of a folder of files, before the state says it."""

from __future__ import annotations

import argparse
import csv
import json
import signal
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HELP = "Check the record files of a folder with the rules of the state and our own."
PHASES = ("input", "fall1", "fall2", "eoy1")
COLUMNS = (
    "code",
    "severity",
    "kind",
    "phase",
    "record",
    "file",
    "line",
    "ssid",
    "fields",
    "values",
    "group",
    "message",
)
_TABLE_WIDTH = 110
# So many files of another sort are named.
_OTHERS = 20


def _phases(text: str) -> tuple[str, ...]:
    asked = [phase.strip() for phase in text.split(",")]
    unknown = [phase for phase in asked if phase not in PHASES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is not one of {', '.join(PHASES)}")
    return tuple(asked)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def _year(text: str) -> str:
    from manzanita.domain.years import first_calendar_year

    try:
        first_calendar_year(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=Path, nargs="?", metavar="DIR", help="every regular file in it is read, none below"
    )
    parser.add_argument("--explain", metavar="CODE", help="explain this rule instead of validating")
    parser.add_argument(
        "--phase",
        type=_phases,
        default=PHASES,
        metavar="LIST",
        help=f"some of {','.join(PHASES)} (default: all); local rules always run",
    )
    parser.add_argument("--as-of", type=_day, metavar="DATE", help="default: today in California")
    parser.add_argument(
        "--year", type=_year, metavar="2026-2027", help="academic year to judge (default: the one of --as-of)"
    )
    parser.add_argument("--student", metavar="SSID", help="only findings of this student")
    parser.add_argument(
        "--format", choices=("table", "json", "csv"), help="default: table on a terminal, else JSON Lines"
    )
    parser.epilog = (
        "Findings are sorted by file, line and code. Of a folder above 48 MiB they come in parts, each sorted so: "
        "first those of values, then those of whole rows, some students after others; what exceeds 2 GiB of memory "
        "waits in temporary files where TMPDIR says. Exit: 0 no fatal finding, 1 at least one, 2 no readable record "
        "file or bad arguments."
    )


def run(args: argparse.Namespace) -> int:
    """0 no fatal finding, 1 at least one, 2 nothing to read."""
    from manzanita.platform.memory import keep_freed_memory

    keep_freed_memory()
    from manzanita.commands.rules import explain
    from manzanita.domain.findings import Severity
    from manzanita.domain.rules.declaration import Setting
    from manzanita.domain.specification import specification, specified_years
    from manzanita.domain.validation.folder import findings_in
    from manzanita.domain.years import academic_year_of
    from manzanita.platform.offline import use_stored_specifications

    as_of = args.as_of or datetime.now(ZoneInfo("America/Los_Angeles")).date()
    year = args.year or academic_year_of(as_of)
    if args.explain is not None:
        return explain(args.explain, year)
    if args.folder is None:
        return _refuse("Name the folder to validate, or a rule with --explain CODE.")
    if not args.folder.is_dir():
        return _refuse(f"{args.folder} is not a folder.")
    if unread := use_stored_specifications():
        sys.stderr.write(unread + "\n")
    told = _Told(args.student)
    form = args.format or ("table" if sys.stdout.isatty() else "json")
    try:
        with _tidy_end(), findings_in(args.folder, Setting(as_of, year), args.phase) as validated:
            _write(told.of(validated.findings), form)
    except OSError as error:
        return _refuse(f"{args.folder} cannot be validated: {error}")

    lines = sum(file.lines for file in validated.files)
    files = f"{len(validated.files)} record file{'' if len(validated.files) == 1 else 's'}"
    counts = ", ".join(f"{told.counts[severity]} {severity.replace('_', ' ')}" for severity in Severity)
    summary = f"As of {as_of}, academic year {year}: {files}, {lines} good lines; {counts}."
    for one in map(specification, specified_years()):
        summary += f" Layouts and codes of {one.year}: {one.origin}." if one else ""
    if validated.others:
        named, more = ", ".join(validated.others[:_OTHERS]), len(validated.others) - _OTHERS
        summary += f" Not record files, not read: {named}{f' and {more} more' if more > 0 else ''}."
    if told.unattributed:
        summary += f" {told.unattributed} lines set aside could be anybody's and are not shown."
    sys.stderr.write(summary + "\n")
    if validated.not_evaluable:
        sys.stderr.write(_not_evaluable(validated.not_evaluable))
    if not validated.files:
        return _refuse(f"There is no readable record file in {args.folder}.")
    return 1 if told.counts[Severity.FATAL] else 0


def _not_evaluable(rules: Sequence[Any]) -> str:
    """One line: the rules by the input that they want for."""
    codes: dict[str, list[str]] = {}
    for rule in rules:
        codes.setdefault(rule.missing_input, []).append(rule.code)
    told = "; ".join(f"{', '.join(of_input)} ({missing})" for missing, of_input in codes.items())
    return f"Not evaluable, with the input that is missing: {told}.\n"


@contextmanager
def _tidy_end() -> Iterator[None]:
    """Temporary files hold student data: they are removed also when the command is ended from outside."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Told:
    """Findings on their way out, counted: all, or those of one student (an SSID)."""

    def __init__(self, student: str | None) -> None:
        self._student = student
        self.counts: Counter[str] = Counter()
        self.unattributed = 0

    def of(self, findings: Iterable[Any]) -> Iterator[Any]:
        for finding in findings:
            if self._is_asked(finding):
                self.counts[finding.severity] += 1
                yield finding

    def _is_asked(self, finding: Any) -> bool:
        if not self._student:
            return True
        self.unattributed += finding.code == "MZ-LINE"
        # A rule that could not be evaluated was not evaluated for the one student either.
        is_of_all = finding.severity == "not_evaluated" and finding.line is None
        return bool(finding.ssid == self._student or is_of_all)


def _refuse(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 2


def _document(finding: Any) -> dict[str, Any]:
    return {
        **{column: getattr(finding, column) for column in COLUMNS},
        "severity": str(finding.severity),
        "fields": list(finding.fields),
        "values": dict(finding.values),
    }


def _write(findings: Iterable[Any], form: str) -> None:
    if form == "json":
        for finding in findings:
            sys.stdout.write(json.dumps(_document(finding), ensure_ascii=False) + "\n")
    elif form == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(COLUMNS)
        for finding in findings:
            document = _document(finding)
            document["fields"] = " ".join(finding.fields)
            document["values"] = " ".join(f"{number}={value}" for number, value in finding.values.items())
            writer.writerow("" if document[c] is None else document[c] for c in COLUMNS)
    else:
        _write_table(findings)


def _write_table(findings: Iterable[Any]) -> None:
    """Those of one file that stand together under its name; a message goes on under itself, nothing is cut."""
    indent = " " * 50
    file: str | None = ""
    for finding in findings:
        if finding.file != file:
            file = finding.file
            sys.stdout.write(f"\n{file or 'No file'}\n")
        head = (
            f"  {finding.line or '-':>6}  {finding.severity.replace('_', ' '):<13}  {finding.code:<13}"
            f" {finding.ssid or '':<10}  "
        )
        text = textwrap.wrap(finding.message, _TABLE_WIDTH - len(indent)) or [""]
        sys.stdout.write(head.ljust(len(indent)) + text[0] + "\n")
        for more in text[1:]:
            sys.stdout.write(indent + more + "\n")
