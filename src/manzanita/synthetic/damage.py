"""One way to damage a student's lines for each rule that must find it.

A damage changes as little as it can, one value of one line where the rule allows, and is built so that no other
rule has anything to say. It answers ``None`` for a student on whom it would not work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random

from manzanita.domain.layouts import RECORDS, layout
from manzanita.domain.layouts.files import DELIMITER
from manzanita.synthetic.agencies import CHAPARRAL, HERON_CREEK, NONPUBLIC_AGENCIES
from manzanita.synthetic.disabilities import NEEDS_DEGREE
from manzanita.synthetic.schoolyear import academic_year_id, census_day, school_year, state_date

_PARTICIPATING = "1"
_PRIMARY = "10"


@dataclass(frozen=True, slots=True)
class Planted:
    """Where a rule must find what, and what was changed.

    ``line`` counts the student's lines of ``record`` from zero. ``field`` stands on that line, except where a plan is
    wrong beside another record: for PLAN0673F1 it is on the student's status line, for PLAN0637E4 on the enrollment.
    ``also`` are codes of rules that cannot but say the same.
    """

    record: str
    line: int
    field: str
    was: str
    now: str
    also: tuple[str, ...] = ()


class Lines:
    """A student's lines, read and changed by field number, and some days of the school year of ``as_of``."""

    def __init__(self, lines: dict[str, list[str]], as_of: date) -> None:
        self._lines = lines
        self.as_of = as_of
        year = school_year(as_of)
        self.this_year = academic_year_id(as_of)
        self.year_before = state_date(date(year - 1, 7, 1))
        self.year_start = state_date(date(year, 7, 1))
        self.census_day = state_date(census_day(year))

    def count(self, record: str) -> int:
        return len(self._lines[record])

    def get(self, record: str, line: int, number: str) -> str:
        return self._lines[record][line].split(DELIMITER)[_POSITIONS[record][number]]

    def values(self, record: str, number: str) -> list[str]:
        """One field of all the student's lines of a record."""
        return [self.get(record, line, number) for line in range(self.count(record))]

    def has_plan_by(self, day: str) -> bool:
        return any(start <= day for start in self.values("PLAN", "23.12"))

    def plan_in_effect(self, day: str) -> int | None:
        """The line of the newest plan that starts by ``day``."""
        starts = [(start, line) for line, start in enumerate(self.values("PLAN", "23.12")) if start <= day]
        return max(starts)[1] if starts else None

    def change(self, record: str, line: int, number: str, now: str) -> Planted:
        values = self._lines[record][line].split(DELIMITER)
        position = _POSITIONS[record][number]
        was, values[position] = values[position], now
        self._lines[record][line] = DELIMITER.join(values)
        return Planted(record, line, number, was, now)

    def cut(self, record: str, line: int, kept: int) -> Planted:
        """Leave the first ``kept`` fields of a line."""
        values = self._lines[record][line].split(DELIMITER)
        self._lines[record][line] = DELIMITER.join(values[:kept])
        return Planted(record, line, "", f"{len(values)} fields", f"{kept} fields")


_POSITIONS: Mapping[str, Mapping[str, int]] = {
    record: {number: position for position, number in enumerate(layout(record).numbers)} for record in RECORDS
}

Damage = Callable[[Lines, Random], Planted | None]


def _too_long(lines: Lines, rng: Random) -> Planted | None:
    record, number = rng.choice((("PLAN", "23.07"), ("SWDS", "22.07"), ("MEET", "24.07"), ("SERV", "25.08")))
    if not lines.count(record):
        return None
    line = rng.randrange(lines.count(record))
    return lines.change(record, line, number, f"STUDENT-{lines.get(record, line, number)}-X")


def _no_date(lines: Lines, rng: Random) -> Planted | None:
    record, number, now = rng.choice(
        (("SWDS", "22.10", "20230229"), ("SWDS", "22.10", "09/15/26"), ("SINF", "2.36", "08/19/19"))
    )
    if not lines.count(record) or not lines.get(record, 0, number):
        return None
    return lines.change(record, 0, number, now)


def _no_number(lines: Lines, rng: Random) -> Planted | None:
    filled = [line for line, percent in enumerate(lines.values("PLAN", "23.23")) if percent]
    if filled and rng.random() < 0.5:
        line = rng.choice(filled)
        return lines.change("PLAN", line, "23.23", lines.get("PLAN", line, "23.23")[:-1] + "O")
    if not lines.count("SERV"):
        return None
    line = rng.randrange(lines.count("SERV"))
    return lines.change("SERV", line, "25.15", lines.get("SERV", line, "25.15")[:-1] + "O")


def _required_empty(lines: Lines, rng: Random) -> Planted | None:
    record, number = rng.choice((("PLAN", "23.33"), ("PLAN", "23.14"), ("SERV", "25.16"), ("MEET", "24.08")))
    if not lines.count(record):
        return None
    return lines.change(record, rng.randrange(lines.count(record)), number, "")


def _unknown_code(lines: Lines, rng: Random) -> Planted | None:
    record, number, now = rng.choice(
        (("PLAN", "23.33", "J"), ("PLAN", "23.15", "295"), ("SENR", "1.24", "ZZ"))
    )
    if not lines.count(record):
        return None
    return lines.change(record, rng.randrange(lines.count(record)), number, now)


def _unknown_transaction(lines: Lines, rng: Random) -> Planted | None:
    record, number = rng.choice((("PLAN", "23.02"), ("SWDS", "22.02"), ("MEET", "24.02"), ("SERV", "25.02")))
    if not lines.count(record):
        return None
    return lines.change(record, rng.randrange(lines.count(record)), number, rng.choice("XUC"))


def _status_without_enrollment(lines: Lines, _rng: Random) -> Planted | None:
    if not lines.count("SWDS") or lines.get("SWDS", 0, "22.12") != _PARTICIPATING:
        return None
    # An earlier status must not reach a Census Day without a plan.
    if not lines.has_plan_by(lines.census_day):
        return None
    # April of the school year before the first enrollment: no summer month, and still the oldest status.
    first = lines.get("SENR", 0, "1.22")
    before = date(int(first[:4]), int(first[4:6]), int(first[6:]))
    return lines.change("SWDS", 0, "22.11", state_date(date(school_year(before), 4, 15)))


def _reason_on_participating(lines: Lines, _rng: Random) -> Planted | None:
    participating = [n for n, code in enumerate(lines.values("SWDS", "22.12")) if code == _PARTICIPATING]
    return lines.change("SWDS", participating[0], "22.13", "11") if participating else None


def _status_repeated(lines: Lines, _rng: Random) -> Planted | None:
    # At two LEAs, a student who participates again would need a plan at the second.
    if lines.count("SWDS") != 2 or len(set(lines.values("SENR", "1.04"))) > 1:
        return None
    # Nor may whoever has left participate again.
    if "" not in lines.values("SENR", "1.25"):
        return None
    before, reason = lines.get("SWDS", 0, "22.12"), lines.get("SWDS", 0, "22.13")
    lines.change("SWDS", 1, "22.13", reason)
    return lines.change("SWDS", 1, "22.12", before)


def _agency_missing(lines: Lines, rng: Random) -> Planted | None:
    if not lines.count("SERV"):
        return None
    line = rng.randrange(lines.count("SERV"))
    if lines.get("SERV", line, "25.12") == "400":
        return lines.change("SERV", line, "25.05", "")
    return lines.change("SERV", line, "25.12", "400")


def _agency_stray(lines: Lines, rng: Random) -> Planted | None:
    others = [line for line, provider in enumerate(lines.values("SERV", "25.12")) if provider != "400"]
    if not others:
        return None
    return lines.change("SERV", rng.choice(others), "25.05", rng.choice(NONPUBLIC_AGENCIES)[0])


def _degree_missing(lines: Lines, rng: Random) -> Planted | None:
    # Of the plan of Census Day another rule says the same.
    other = lines.plan_in_effect(lines.census_day)
    codes = enumerate(lines.values("PLAN", "23.15"))
    needing = [line for line, code in codes if code in NEEDS_DEGREE and line != other]
    return lines.change("PLAN", rng.choice(needing), "23.16", "") if needing else None


def _two_plans_a_day(lines: Lines, _rng: Random) -> Planted | None:
    starts, leas = lines.values("PLAN", "23.12"), lines.values("PLAN", "23.04")
    if len(starts) < 2 or leas[0] != leas[1] or starts[1] > lines.census_day:
        return None
    return lines.change("PLAN", 0, "23.12", starts[1])


def _plan_without_status(lines: Lines, _rng: Random) -> Planted | None:
    starts = enumerate(lines.values("PLAN", "23.12"))
    found = [line for line, start in starts if lines.year_start <= start <= lines.census_day]
    if len(found) != 1 or lines.count("SWDS") != 1:
        return None
    changed = lines.change("SWDS", 0, "22.02", "D")
    return Planted("PLAN", found[0], changed.field, changed.was, changed.now)


def _no_plan_on_census_day(lines: Lines, _rng: Random) -> Planted | None:
    """The enrollment of this year is said to be at another LEA, where nobody has a plan for the student."""
    line = lines.count("SENR") - 1
    if not is_open_all_year(lines, line):
        return None
    lea = lines.get("SENR", line, "1.04")
    return lines.change("SENR", line, "1.04", HERON_CREEK if lea == CHAPARRAL else CHAPARRAL)


def is_open_all_year(lines: Lines, line: int) -> bool:
    """A primary enrollment of this year that has no end, of a participating student of three or more.

    No status begins in it, so that it may be said to be elsewhere.
    """
    census = lines.census_day
    newest_birth = str(int(census) - 30000)
    start = lines.get("SENR", line, "1.22")
    is_there = (
        lines.get("SENR", line, "1.23") == _PRIMARY
        and not lines.get("SENR", line, "1.25")
        and lines.year_start <= start <= census
        and lines.get("SENR", line, "1.17") <= newest_birth
    )
    # The status may not rest on the enrollment that goes, and must be in force.
    return (
        is_there
        and lines.values("SWDS", "22.12") == [_PARTICIPATING]
        and lines.get("SWDS", 0, "22.11") < start
    )


def _plan_without_service(lines: Lines, _rng: Random) -> Planted | None:
    found = [line for line, start in enumerate(lines.values("PLAN", "23.12")) if start >= lines.year_start]
    # The services stand under a SELPA, the plan under none that there is.
    return lines.change("PLAN", found[-1], "23.09", "9900") if found else None


def _late_without_reason(lines: Lines, _rng: Random) -> Planted | None:
    reviews = zip(
        lines.values("MEET", "24.15"),
        lines.values("MEET", "24.17"),
        lines.values("MEET", "24.18"),
        strict=True,
    )
    previous = ""
    for line, (on, is_review, delay) in enumerate(reviews):
        if is_review == "Y":
            # Leap days aside, a year later is 10000 more.
            if previous and int(on) > int(previous) + 10000 and delay and previous[4:] != "0229":
                return lines.change("MEET", line, "24.18", "")
            previous = on
    return None


def _meeting_without_date(lines: Lines, _rng: Random) -> Planted | None:
    # The newest one: no later meeting is counted from it.
    newest = lines.count("MEET") - 1
    return lines.change("MEET", newest, "24.15", "") if newest >= 0 else None


def _line_cut_off(lines: Lines, rng: Random) -> Planted | None:
    return lines.cut("SINF", lines.count("SINF") - 1, rng.randint(20, 30))


def _enrollment_twice(lines: Lines, _rng: Random) -> Planted | None:
    leas, starts = lines.values("SENR", "1.04"), lines.values("SENR", "1.22")
    if len(starts) < 3 or len({leas[0], leas[1], leas[2]}) > 1:
        return None
    status_on = lines.values("SWDS", "22.11")
    # No status may rest on the second enrollment, which now stands over the first.
    if any(starts[1] <= on < starts[2] for on in status_on):
        return None
    return lines.change("SENR", 1, "1.22", starts[0])


def _service_twice(lines: Lines, _rng: Random) -> Planted | None:
    # Two services of a plan that differ in nothing of the key but what they are.
    firsts: dict[tuple[str, ...], str] = {}
    for line in range(lines.count("SERV")):
        rest = tuple(
            lines.get("SERV", line, number) for number in ("25.04", "25.09", "25.17", "25.12", "25.13")
        )
        if rest in firsts:
            return lines.change("SERV", line, "25.11", firsts[rest])
        firsts[rest] = lines.get("SERV", line, "25.11")
    return None


def _digit_lost(lines: Lines, _rng: Random) -> Planted | None:
    if not lines.count("PLAN"):
        return None
    return lines.change("PLAN", 0, "23.10", lines.get("PLAN", 0, "23.10")[1:])


def _half_a_year(lines: Lines, rng: Random) -> Planted | None:
    record, number = rng.choice((("PLAN", "23.05"), ("MEET", "24.05"), ("SWDS", "22.05"), ("SENR", "1.07")))
    if not lines.count(record):
        return None
    return lines.change(record, 0, number, lines.get(record, 0, number)[:4])


def _tab_in_name(lines: Lines, rng: Random) -> Planted | None:
    record, number = rng.choice((("SENR", "1.10"), ("SINF", "2.13")))
    return (
        lines.change(record, 0, number, lines.get(record, 0, number) + "\t") if lines.count(record) else None
    )


DAMAGES: Mapping[str, Damage] = {
    "FRMT0001": _too_long,
    "FRMT0002": _no_date,
    "FRMT0004": _no_number,
    "GERR0001": _required_empty,
    "GERR0002": _unknown_code,
    "GERR0005": _status_without_enrollment,
    "GERR0008": _unknown_transaction,
    "SWDS0594": _reason_on_participating,
    "SWDS0618": _status_repeated,
    "SERV0327": _agency_missing,
    "SERV0328": _agency_stray,
    "PLAN0726": _degree_missing,
    "PLAN0663F1": _two_plans_a_day,
    "PLAN0673F1": _plan_without_status,
    "SENR0606F1": _no_plan_on_census_day,
    "PLAN0679E1": _plan_without_service,
    "MZ-MEET-LATE": _late_without_reason,
    "MZ-MEET-EMPTY": _meeting_without_date,
    "MZ-LINE": _line_cut_off,
    "MZ-SIS-DUPLICATE": _enrollment_twice,
    "MZ-STATE-DUPLICATE": _service_twice,
    "MZ-DIGITS": _digit_lost,
    "MZ-YEAR": _half_a_year,
    "MZ-TEXT": _tab_in_name,
}
