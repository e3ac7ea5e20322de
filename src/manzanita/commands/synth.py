"""``manzanita synth``: make a fictitious SELPA and write it as the files that real systems hand over."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

HELP = "Make a fictitious SELPA, or a state of them: SIS files, state extracts, organizations, people, calendars."
DEFAULT_AS_OF = date(2026, 11, 23)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share such as 0.01") from None
    if not 0 < rate <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return rate


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in text.split(","))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--students",
        type=int,
        default=5000,
        metavar="N",
        help="with special education records (default: 5000)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="another seed, other students (default: 1)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="made if missing")
    parser.add_argument(
        "--errors",
        type=_rate,
        metavar="RATE",
        help="share of lines to damage, one a student; listed in planted.jsonl",
    )
    parser.add_argument(
        "--codes",
        type=_codes,
        metavar="LIST",
        help="rules to break, divided by commas (default: all that can be)",
    )
    parser.add_argument(
        "--as-of", type=_day, default=DEFAULT_AS_OF, metavar="DATE", help=f"default: {DEFAULT_AS_OF}"
    )
    parser.add_argument(
        "--movers",
        action="store_true",
        help="and students who come to a district and leave it, behind the others",
    )
    parser.epilog = "The same seed, version and date write the same bytes."


def run(args: argparse.Namespace) -> int:
    """0 when all is written, 2 with the reason when it cannot be."""
    from manzanita.synthetic.agencies import MOST_STUDENTS
    from manzanita.synthetic.demo_students import WRITTEN_FOR, demo_students
    from manzanita.synthetic.errors import DAMAGES
    from manzanita.synthetic.population import World
    from manzanita.synthetic.schoolyear import last_day, school_year
    from manzanita.synthetic.writing import write_folder

    demo = demo_students()
    latest = last_day(school_year(WRITTEN_FOR))
    if args.students < len(demo):
        return _refuse(f"--students is at least {len(demo)}: the demo students are always there.")
    if args.students > MOST_STUDENTS:
        return _refuse(f"--students is at most {MOST_STUDENTS}: there are no codes for more SELPAs.")
    if not WRITTEN_FOR <= args.as_of < latest:
        return _refuse(
            f"--as-of is from {WRITTEN_FOR} to the day before {latest}: the demo students live then."
        )
    codes = args.codes or tuple(DAMAGES)
    if unknown := [code for code in codes if code not in DAMAGES]:
        return _refuse(f"--codes: {unknown[0]} cannot be planted; these can: {', '.join(sorted(DAMAGES))}.")
    if args.codes and args.errors is None:
        return _refuse("--codes names what --errors RATE plants, and there is no rate.")
    world = World(args.seed, args.as_of, args.students, frozenset(student.first_name for student in demo))
    try:
        written = write_folder(args.out, world, args.errors, codes, with_movers=args.movers)
    except OSError as error:
        return _refuse(f"{args.out} cannot be written: {error}")
    lines = ", ".join(f"{count} in {name}" for name, count in written.lines.items())
    text = f"{written.students} students; lines: {lines}."
    if args.errors is not None:
        text += f" {written.planted} planted errors."
    sys.stderr.write(f"{text}\n")
    return 0


def _refuse(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2
