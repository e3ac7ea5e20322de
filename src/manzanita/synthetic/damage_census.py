"""Damages for the rules on Census Day, on statuses at the end of the year, and on what came after school."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from random import Random

from manzanita.synthetic.agencies import ANY_NONPUBLIC_SCHOOL, CHAPARRAL, HERON_CREEK
from manzanita.synthetic.damage import Damage, Lines, Planted, is_open_all_year
from manzanita.synthetic.outcomes import CAREER_TECHNICAL, SPECIAL_EDUCATION
from manzanita.synthetic.schoolyear import academic_year_id
from manzanita.synthetic.stays import ENDS_WITH_YEAR, NON_ADA

_PARTICIPATING, _NOT_ENROLLED, _NOT_ELIGIBLE = "1", "3", "4"
_IEP = "100"
_MAXIMUM_AGE_REASON = "23"
_COULD_NOT_BE_ASKED = "950"
_NONPUBLIC_SCHOOL = "9950011"
# So long ago that the files hold no exit; so far ahead that the state takes none.
_LONG_AGO, _FAR_AHEAD = -4, 5


def _moved_years(year_id: str, years: int) -> str:
    return academic_year_id(date(int(year_id[:4]) + years, 7, 1))


def _newest_by(lines: Lines, record: str, start: str, day: str) -> int | None:
    """The line that is in effect on ``day``."""
    begun = [(on, line) for line, on in enumerate(lines.values(record, start)) if on <= day]
    return max(begun)[1] if begun else None


def _status_on(lines: Lines, day: str) -> str:
    line = _newest_by(lines, "SWDS", "22.11", day)
    return "" if line is None else lines.get("SWDS", line, "22.12")


def _enrolled_on_census_day(lines: Lines) -> int | None:
    census = lines.census_day
    spans = zip(lines.values("SENR", "1.22"), lines.values("SENR", "1.25"), strict=True)
    return next((n for n, (start, end) in enumerate(spans) if start <= census <= (end or census)), None)


def _grade_before_its_years(lines: Lines, _rng: Random) -> Planted | None:
    in_tk = [line for line, grade in enumerate(lines.values("SENR", "1.24")) if grade == "TK"]
    return lines.change("SENR", in_tk[0], "1.07", "2022-2023") if in_tk else None


def _too_young_for_the_reason(lines: Lines, _rng: Random) -> Planted | None:
    birth = lines.get("SENR", 0, "1.17")
    for line, (on, reason) in enumerate(
        zip(lines.values("SWDS", "22.11"), lines.values("SWDS", "22.13"), strict=True)
    ):
        # In this form of a date 21 years are 210000 more.
        if reason and int(on) < int(birth) + 210000:
            return lines.change("SWDS", line, "22.13", _MAXIMUM_AGE_REASON)
    return None


def _status_without_meeting(lines: Lines, _rng: Random) -> Planted | None:
    """The one meeting of a student whose first status is of this school year is deleted."""
    if lines.count("SWDS") != 1 or lines.count("MEET") != 1:
        return None
    is_of_year = lines.get("SWDS", 0, "22.11") >= lines.year_start
    if not is_of_year or lines.get("SWDS", 0, "22.04") != lines.get("MEET", 0, "24.04"):
        return None
    changed = lines.change("MEET", 0, "24.02", "D")
    return Planted("SWDS", 0, changed.field, changed.was, changed.now)


def _no_plan_for_lone_non_ada(lines: Lines, _rng: Random) -> Planted | None:
    """The enrollment of this year is said to be non-ADA, at another LEA, where nobody has a plan."""
    line = lines.count("SENR") - 1
    if not is_open_all_year(lines, line):
        return None
    lines.change("SENR", line, "1.23", NON_ADA)
    lea = lines.get("SENR", line, "1.04")
    return lines.change("SENR", line, "1.04", HERON_CREEK if lea == CHAPARRAL else CHAPARRAL)


def _nonpublic_without_status(lines: Lines, _rng: Random) -> Planted | None:
    line = _enrolled_on_census_day(lines)
    if line is None or _status_on(lines, lines.census_day) in (_PARTICIPATING, _NOT_ENROLLED):
        return None
    return lines.change("SENR", line, "1.05", ANY_NONPUBLIC_SCHOOL)


def _gone_but_expected_back(lines: Lines, _rng: Random) -> Planted | None:
    line = lines.count("SENR") - 1
    end = lines.get("SENR", line, "1.25")
    if not lines.year_before <= end < lines.census_day:
        return None
    if _status_on(lines, lines.census_day) != _NOT_ENROLLED:
        return None
    return lines.change("SENR", line, "1.26", ENDS_WITH_YEAR)


def _no_transition_status(lines: Lines, _rng: Random) -> Planted | None:
    line = _enrolled_on_census_day(lines)
    if line is None or not lines.get("SENR", line, "1.34"):
        return None
    plan = _newest_by(lines, "PLAN", "23.12", lines.census_day)
    is_adult = int(lines.get("SENR", line, "1.17")) + 170000 <= int(lines.census_day)
    is_served = _status_on(lines, lines.census_day) == _PARTICIPATING
    if plan is None or not is_adult or not is_served or lines.get("PLAN", plan, "23.11") != _IEP:
        return None
    return lines.change("SENR", line, "1.34", "")


def _no_exemption(lines: Lines, _rng: Random) -> Planted | None:
    line = lines.count("SENR") - 1
    return lines.change("SENR", line, "1.35", "") if lines.get("SENR", line, "1.35") else None


# After school. A school of which nothing else is heard in this year must not fall silent by a damage.


def _of(lines: Lines, program: str) -> list[int]:
    return [line for line, code in enumerate(lines.values("PSTS", "17.11")) if code == program]


def _spare(lines: Lines) -> int | None:
    """A special education line that no school needs: of an earlier year, or one of two."""
    found = _of(lines, SPECIAL_EDUCATION)
    if not found:
        return None
    is_earlier = lines.get("PSTS", found[-1], "17.07") < lines.this_year
    return found[-1] if is_earlier or len(found) > 1 else None


def _career_line(number: str, of_student: str) -> Damage:
    """The special education value of the student stands on the career line too."""

    def damage(lines: Lines, _rng: Random) -> Planted | None:
        career = _of(lines, CAREER_TECHNICAL)
        if not career:
            return None
        return lines.change("PSTS", career[0], number, lines.get("SWDS", 0, of_student))

    return damage


def _special_line(number: str, now: Callable[[str], str]) -> Damage:
    def damage(lines: Lines, _rng: Random) -> Planted | None:
        special = _of(lines, SPECIAL_EDUCATION)
        if not special:
            return None
        return lines.change("PSTS", special[0], number, now(lines.get("PSTS", special[0], number)))

    return damage


def _spare_line(number: str, now: Callable[[str], str]) -> Damage:
    def damage(lines: Lines, _rng: Random) -> Planted | None:
        line = _spare(lines)
        if line is None or lines.get("PSTS", line, "17.06"):
            return None
        return lines.change("PSTS", line, number, now(lines.get("PSTS", line, number)))

    return damage


def _career_before_exit(lines: Lines, _rng: Random) -> Planted | None:
    career = _of(lines, CAREER_TECHNICAL)
    if not career:
        return None
    year_id = lines.get("PSTS", career[0], "17.07")
    return lines.change("PSTS", career[0], "17.07", _moved_years(year_id, -1))


def _not_alone(lines: Lines, _rng: Random) -> Planted | None:
    special = _of(lines, SPECIAL_EDUCATION)
    if len(special) < 2:
        return None
    return lines.change("PSTS", special[1], "17.12", _COULD_NOT_BE_ASKED)


def _silent_school(lines: Lines, _rng: Random) -> Planted | None:
    """The student is said to have left a school of which no record speaks."""
    line = lines.count("SENR") - 1
    end = lines.get("SENR", line, "1.25")
    is_of_last_year = lines.year_before <= end < lines.year_start
    if not lines.get("SENR", line, "1.27") or not is_of_last_year:
        return None
    before = [on for on in lines.values("SWDS", "22.11") if on < end]
    if not before or _status_on(lines, max(before)) != _PARTICIPATING or lines.get("SENR", line, "1.06"):
        return None
    # A school for each student, so that each is told.
    return lines.change("SENR", line, "1.05", f"8{lines.get('SENR', line, '1.08')[-6:]}")


DAMAGES: Mapping[str, Damage] = {
    "GERR0007": _grade_before_its_years,
    "SWDS0370E4": _too_young_for_the_reason,
    "SWDS0605E4": _status_without_meeting,
    "SENR0672F1": _no_plan_for_lone_non_ada,
    "SENR0646F1": _nonpublic_without_status,
    "SENR0647F1": _gone_but_expected_back,
    "SENR0439F1": _no_transition_status,
    "SENR0632": _no_exemption,
    "PSTS0475": _career_line("17.10", "22.09"),
    "PSTS0476": _special_line("17.10", lambda _selpa: ""),
    "PSTS0477": _career_line("17.09", "22.08"),
    "PSTS0478": _special_line("17.09", lambda _id: ""),
    "PSTS0480F2": _career_before_exit,
    "PSTS0481": _spare_line("17.07", lambda year_id: _moved_years(year_id, _LONG_AGO)),
    "PSTS0482": _not_alone,
    "PSTS0485": _special_line("17.10", lambda selpa: selpa[:-1]),
    "PSTS0003": _spare_line("17.06", lambda _nps: _NONPUBLIC_SCHOOL),
    "PSTS0004": _spare_line("17.05", lambda _school: ANY_NONPUBLIC_SCHOOL),
    "PSTS0006": _spare_line("17.07", lambda year_id: _moved_years(year_id, _FAR_AHEAD)),
    "CERT170": _silent_school,
}
RARE = (
    *("SWDS0605E4", "SENR0647F1", "CERT170", "PSTS0482", "PSTS0480F2", "PSTS0475", "PSTS0477"),
    *("PSTS0481", "PSTS0003", "PSTS0004", "PSTS0006", "PSTS0476", "PSTS0478", "PSTS0485", "SENR0632"),
    *("SENR0439F1", "SWDS0370E4"),
)
