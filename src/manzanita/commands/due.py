"""``manzanita due``: when something is due by the law and by the state, and how that was counted."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manzanita.domain.calendars import Calendar, Tolling
    from manzanita.domain.clocks import Answer, Clock, Input

HELP = "Say when something is due by the law, with every step of the count; or list the clocks."
_WIDTH = 110
_LEVELS = ("lea", "school", "track")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("clock", nargs="?", metavar="CLOCK", help="its name; --list prints them")
    parser.add_argument(
        "--given",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="inputs of the clock, such as consent_on=2026-11-16",
    )
    parser.add_argument(
        "--calendar",
        type=Path,
        metavar="FILE",
        help="CSV with lea,school,track,kind,start,end (days inclusive), or .ics with whole days",
    )
    for level in _LEVELS:
        parser.add_argument(
            f"--{level}", default="", metavar="CODE", help=f"whose rows of the calendar hold (column {level})"
        )
    parser.add_argument(
        "--tolling",
        default="A",
        metavar="none|A|B|C",
        help="what a long school break leaves out of the count, see docs/reference/clocks.md (default: A)",
    )
    parser.add_argument("--list", action="store_true", help="print all clocks with their inputs")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.epilog = "Exit: 0, or 2 for a clock, a key, a value or a calendar that cannot be read."


def run(args: argparse.Namespace) -> int:
    from manzanita.domain.calendars import CalendarError
    from manzanita.domain.clocks import CLOCKS, ClockError, Setting, clock

    if args.list:
        return _list(list(CLOCKS.values()), args.format)
    if args.clock is None:
        return _refuse("Name a clock; `manzanita due --list` lists them all.")
    try:
        wanted = clock(args.clock)
        given = wanted.read(_pairs(args.given))
        setting = Setting(_calendar(args), _tolling(args.tolling))
        answer = wanted.answer(given, setting)
    except (ClockError, CalendarError) as error:
        return _refuse(str(error))
    if args.format == "json":
        sys.stdout.write(json.dumps(answer.document(), ensure_ascii=False) + "\n")
    else:
        _write(wanted, answer, setting.tolling)
    return 0


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    from manzanita.domain.clocks import ClockError

    pairs: dict[str, str] = {}
    for text in " ".join(texts).split():
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise ClockError(f"--given: {text!r} is not KEY=VALUE. Write it as in consent_on=2026-11-16.")
        if key in pairs:
            raise ClockError(f"--given: {key} is given twice. Give it once.")
        pairs[key] = value
    return pairs


def _tolling(text: str) -> Tolling:
    from manzanita.domain.calendars import Tolling
    from manzanita.domain.clocks import ClockError

    try:
        return Tolling(text)
    except ValueError:
        raise ClockError(f"--tolling: {text!r} is none of {', '.join(Tolling)}. Write one of them.") from None


def _calendar(args: argparse.Namespace) -> Calendar:
    from manzanita.domain.calendars import NO_CALENDAR, CalendarError, calendar_for
    from manzanita.domain.calendars.csv_file import read_calendar_csv
    from manzanita.domain.calendars.ics_file import read_calendar_ics

    levels = {level: getattr(args, level) for level in _LEVELS}
    path: Path | None = args.calendar
    if path is None:
        for level, code in levels.items():
            if code:
                raise CalendarError([f"--{level} chooses rows of a calendar: name its file with --calendar."])
        return NO_CALENDAR
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() != ".ics":
            periods = read_calendar_csv(text)
            calendar = calendar_for(periods, **levels)
            if others := len(periods) - len(calendar.periods):
                sys.stderr.write(
                    f"{path}: {others} of {len(periods)} rows are of others and do not hold here.\n"
                )
            return calendar
        read = read_calendar_ics(text)
    except OSError as error:
        raise CalendarError([f"{path} cannot be read: {error.strerror}."]) from error
    except UnicodeDecodeError:
        raise CalendarError([f"{path} is not text in UTF-8. Save it again as CSV (UTF-8) or .ics."]) from None
    except CalendarError as error:
        raise CalendarError([f"{path}: {problem}" for problem in error.problems]) from None
    for left_out in read.left_out:
        sys.stderr.write(f"{path}: left out: {left_out}\n")
    return calendar_for(read.periods)


def _write(wanted: Clock, answer: Answer, tolling: Tolling) -> None:
    lines = [
        f"{wanted.name}  {wanted.title}",
        "",
        f"Due by law       {_day(answer.statutory_due_on)}",
    ]
    if answer.state_due_on:
        lines.append(f"Due by the state {_day(answer.state_due_on)}")
    lines += ["", "from        to          days  counted  why"]
    for step in answer.trace:
        counted = "" if not step.days else "yes" if step.is_counted else "no"
        days = str(step.days) if step.days else ""
        head = f"{step.first}  {str(step.last) if step.days else '':<10}  {days:>4}  {counted:<7}  "
        lines += _wrapped(head, step.why)
    counted_days = sum(step.days for step in answer.trace if step.is_counted)
    lines += [f"{'':<24}{counted_days:>4}  counted", ""]
    lines += _wrapped("How it counts    ", wanted.counts)
    if wanted.is_tolled:
        lines += _wrapped("Long breaks      ", f"by reading {tolling}: {tolling.meaning}")
    lines += _wrapped("How sure         ", answer.confidence)
    for number, law in enumerate(wanted.laws):
        lines += [
            f"{'' if number else 'Law':<17}{law.citation}",
            *([f"{'':<17}{law.link}"] if law.link else []),
        ]
    sys.stdout.write("\n".join(lines) + "\n")


def _day(day: date | None) -> str:
    return f"{day}, {day:%A}" if day else "no date; see below"


def _wrapped(head: str, text: str) -> list[str]:
    """``text`` behind ``head``, going on under itself."""
    return textwrap.wrap(text, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


def _list(clocks: Sequence[Clock], form: str) -> int:
    if form == "json":
        for one in clocks:
            sys.stdout.write(json.dumps(_document(one), ensure_ascii=False) + "\n")
        return 0
    for one in clocks:
        lines = [f"{one.name}  {one.title}", *_wrapped("  ", one.counts)]
        width = max(len(given.name) for given in one.inputs)
        for given in one.inputs:
            lines += _wrapped(f"    {given.name:<{width}}  ", _told(given))
        sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.write(f"{len(clocks)} clocks.\n")
    return 0


def _told(given: Input) -> str:
    return f"{given.meaning}; {given.type.written}{'; needed' if given.is_required else ''}"


def _document(one: Clock) -> dict[str, object]:
    return {
        "clock": one.name,
        "title": one.title,
        "counts": one.counts,
        "inputs": [
            {"name": i.name, "type": i.type.value, "required": i.is_required, "meaning": i.meaning}
            for i in one.inputs
        ],
        "tolled": one.is_tolled,
        "authority": "; ".join(map(str, one.laws)),
        "confidence": one.confidence,
    }


def _refuse(text: str) -> int:
    sys.stderr.write(text + "\n")
    return 2
