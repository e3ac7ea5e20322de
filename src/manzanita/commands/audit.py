"""``manzanita audit``: the sealed logs. Verify them, write anchors, and answer who saw which students."""

from __future__ import annotations

import argparse
import csv
import getpass
import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from manzanita.procedures.who_saw import Question, Seen

HELP = "The sealed logs: verify, anchor, seal, who-saw."
PROBLEMS_SHOWN = 20
COLUMNS = (
    *("at_utc", "person", "email", "seen_as", "perspective", "student", "kind", "what", "filter"),
    *("purpose", "purpose_note", "request"),
)


class _Refused(Exception):
    """The question cannot be asked so; the message says what to change."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    verify = parts.add_parser("verify", help="go through all chains; exit code 1 where something is wrong")
    verify.add_argument(
        "--anchors", type=Path, metavar="FILE", help="anchors kept elsewhere, instead of our own"
    )
    parts.add_parser("anchor", help="write where every chain stands into the anchor file, now")
    parts.add_parser("seal", help="seal what waits now, instead of within a minute")
    saw = parts.add_parser("who-saw", help="who saw which students, when and why, of one LEA")
    saw.add_argument("--lea", required=True, metavar="CODE", help="seven digits, the people of this LEA")
    saw.add_argument("--from", dest="first", required=True, type=_day, metavar="DATE", help="first day")
    saw.add_argument("--to", dest="last", required=True, type=_day, metavar="DATE", help="last day, included")
    saw.add_argument("--user", metavar="EMAIL", help="only what this person saw")
    saw.add_argument("--student", type=_public_id, metavar="PUBLIC_ID", help="only who saw this student")
    saw.add_argument("--format", choices=("csv", "json"), default="csv", help="json: one object a line")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def _public_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a public id: it is the last part of the address of the student's page"
        ) from None


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "manzanita.config.settings")
    import django

    django.setup()
    from manzanita.auditing.anchors import AnchorsUnreadable
    from manzanita.auditing.keys import KeyUnusable
    from manzanita.platform.request_ids import request_id

    parts = {"verify": _verify, "anchor": _anchor, "seal": _seal, "who-saw": _who_saw}
    try:
        with request_id(f"command-{uuid4().hex}"):
            return parts[args.part](args)
    except (_Refused, KeyUnusable, AnchorsUnreadable) as refused:
        _say(str(refused), sys.stderr)
        return 2


def _say(text: str, to: TextIO | None = None) -> None:
    (to or sys.stdout).write(f"{text}\n")


def _verify(args: argparse.Namespace) -> int:
    from manzanita.auditing.verifying import verify

    if args.anchors is not None and not args.anchors.exists():
        raise _Refused(f"There is no file {args.anchors}.")
    report = verify(anchor_file=args.anchors)
    rate = f", {report.row_count / report.seconds:.0f} a second" if report.seconds > 0.1 else ""
    _say(f"{report.row_count} sealed rows in {len(report.sealed_by_lea)} chains{rate}")
    for problem in report.problems[:PROBLEMS_SHOWN]:
        _say(f"WRONG  {problem}")
    if report.problem_count > PROBLEMS_SHOWN:
        _say(f"WRONG  ... and {report.problem_count - PROBLEMS_SHOWN} more")
    age = "" if report.waiting_for is None else f", the oldest for {_seconds(report.waiting_for)}"
    _say(f"Not sealed yet: {report.waiting_count} rows{age}")
    _say(
        "Sound: every sealed row is what it was."
        if report.is_sound
        else "NOT sound; the first line says where."
    )
    return 0 if report.is_sound else 1


def _seconds(age: timedelta) -> str:
    return f"{age.total_seconds():.0f} s"


def _anchor(args: argparse.Namespace) -> int:
    from django.conf import settings

    from manzanita.auditing.anchors import write_anchors
    from manzanita.auditing.keys import audit_key

    count = write_anchors(audit_key(), only_new=False)
    _say(f"{count} chains anchored in {settings.AUDIT_ANCHOR_FILE}")
    return 0


def _seal(args: argparse.Namespace) -> int:
    from manzanita.auditing.sealing import seal_waiting

    _say(f"{seal_waiting()} rows sealed")
    return 0


def _who_saw(args: argparse.Namespace) -> int:
    from manzanita.procedures.who_saw import log_question, who_saw

    question = _question(args)
    log_question(actor=None, question=question, asked_by=getpass.getuser()[:60])
    try:
        count = _write(who_saw(question), args.format, sys.stdout)
    except BrokenPipeError:
        # Whoever reads has enough, such as ``head``; the interpreter's last flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    _say(f"{count} rows", sys.stderr)
    return 0


def _question(args: argparse.Namespace) -> Question:
    from manzanita.accounts.queries import person_with_email
    from manzanita.orgs.queries import agency_names
    from manzanita.procedures.who_saw import Question
    from manzanita.students.queries import key_of_public_id

    if not agency_names([args.lea]):
        raise _Refused(
            f"--lea {args.lea}: no agency has this code. It is the seven-digit county-district code."
        )
    if args.last < args.first:
        raise _Refused(f"--to {args.last} is before --from {args.first}.")
    person = None if args.user is None else person_with_email(args.user)
    if args.user is not None and person is None:
        raise _Refused(f"--user {args.user}: nobody has an account with this address.")
    student_id = None if args.student is None else key_of_public_id(args.student)
    if args.student is not None and student_id is None:
        raise _Refused(f"--student {args.student}: no student has this public id.")
    return Question(args.lea, args.first, args.last, person.pk if person else None, student_id)


def _write(rows: Iterable[Seen], form: str, to: TextIO) -> int:
    """Write the rows as they come; returns how many."""
    count = 0
    table = csv.writer(to)
    if form == "csv":
        table.writerow(COLUMNS)
    for row in rows:
        values = _values(row)
        if form == "csv":
            table.writerow([_as_cell(value) for value in values])
        else:
            to.write(json.dumps(dict(zip(COLUMNS, values, strict=True))) + "\n")
        count += 1
    to.flush()
    return count


def _values(row: Seen) -> Sequence[str]:
    return (
        row.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        row.person,
        row.email,
        row.seen_as,
        row.perspective,
        str(row.student or ""),
        row.kind,
        row.what,
        row.filter_codes,
        row.purpose_code,
        row.purpose_note,
        row.request_id,
    )


def _as_cell(value: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
