"""Ways to damage plans and services, for the rules about ages, settings and Census Day; see :mod:`.damage`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from manzanita.synthetic.damage import Damage, Lines, Planted
from manzanita.synthetic.disabilities import NEEDS_DEGREE
from manzanita.synthetic.offers import IEP, IFSP, ISP
from manzanita.synthetic.schoolyear import state_date
from manzanita.synthetic.stays import LEFT

_PARTICIPATING = "1"
_BEFORE_TK = ("IN", "PS")
_MEDICAL = "281"
_INFANT_SERVICE, _COMMUNITY_PROVIDER = "250", "230"


def _months(lines: Lines, day: str) -> int:
    """The student's age on a day, in whole months."""
    birth = lines.get("SENR", 0, "1.17")
    months = (int(day[:4]) - int(birth[:4])) * 12 + int(day[4:6]) - int(birth[4:6])
    return months - (day[6:] < birth[6:])


def _plan_months(lines: Lines, line: int) -> int:
    return _months(lines, lines.get("PLAN", line, "23.12"))


def _plans_of_year(lines: Lines, kind: str) -> list[int]:
    """Lines of plans of one type that start in the school year."""
    starts = enumerate(lines.values("PLAN", "23.12"))
    return [n for n, on in starts if on >= lines.year_start and lines.get("PLAN", n, "23.11") == kind]


def _services_of_year(lines: Lines) -> list[int]:
    return [line for line, on in enumerate(lines.values("SERV", "25.17")) if on >= lines.year_start]


def _enrollment_of_census_day(lines: Lines, lea: str) -> int | None:
    census = lines.census_day
    for line, start in enumerate(lines.values("SENR", "1.22")):
        end = lines.get("SENR", line, "1.25")
        if start <= census and (not end or end >= census) and lines.get("SENR", line, "1.04") == lea:
            return line
    return None


def _plan_of_census_day(lines: Lines) -> int | None:
    """The line of the plan in effect on Census Day, of a participating student who is enrolled at its LEA."""
    line = lines.plan_in_effect(lines.census_day)
    statuses = sorted(zip(lines.values("SWDS", "22.11"), lines.values("SWDS", "22.12"), strict=True))
    told = [code for on, code in statuses if on <= lines.census_day]
    if line is None or not told or told[-1] != _PARTICIPATING:
        return None
    enrolled = _enrollment_of_census_day(lines, lines.get("PLAN", line, "23.04"))
    return None if enrolled is None else line


def _infant_setting(lines: Lines, _rng: Random) -> Planted | None:
    found = _plans_of_year(lines, IEP)
    return lines.change("PLAN", found[-1], "23.20", "103") if found else None


def _preschool_setting(lines: Lines, _rng: Random) -> Planted | None:
    found = [line for line in _plans_of_year(lines, IEP) if _plan_months(lines, line) >= 7 * 12]
    return lines.change("PLAN", found[-1], "23.20", "203") if found else None


def _separate_setting(lines: Lines, _rng: Random) -> Planted | None:
    found = _plans_of_year(lines, IFSP)
    return lines.change("PLAN", found[-1], "23.20", "300") if found else None


def _plan_too_early(lines: Lines, _rng: Random) -> Planted | None:
    found = _plans_of_year(lines, IFSP)
    return lines.change("PLAN", found[-1], "23.11", IEP) if found else None


def _medical_too_late(lines: Lines, _rng: Random) -> Planted | None:
    found = [line for line in _plans_of_year(lines, IEP) if _plan_months(lines, line) >= 6 * 12]
    return lines.change("PLAN", found[-1], "23.15", _MEDICAL) if found else None


def _second_medical_too_late(lines: Lines, _rng: Random) -> Planted | None:
    line = _plan_of_census_day(lines)
    if line is None or _plan_months(lines, line) < 6 * 12:
        return None
    return lines.change("PLAN", line, "23.17", _MEDICAL)


def _family_plan_too_late(lines: Lines, _rng: Random) -> Planted | None:
    line = _plan_of_census_day(lines)
    if line is None or lines.get("PLAN", line, "23.11") != IEP or _plan_months(lines, line) < 4 * 12:
        return None
    # Else the answer about the move to Part B would be missing too.
    lines.change("PLAN", line, "23.35", "N")
    return lines.change("PLAN", line, "23.11", IFSP)


def _no_location_on_census_day(lines: Lines, _rng: Random) -> Planted | None:
    line = _plan_of_census_day(lines)
    # One that starts in the school year is named at its end as well.
    if line is None or lines.get("PLAN", line, "23.12") >= lines.year_start:
        return None
    return _without_location(lines, line)


def _no_location_in_year(lines: Lines, _rng: Random) -> Planted | None:
    for line in _plans_of_year(lines, IEP):
        if lines.get("PLAN", line, "23.12") > lines.census_day:
            return _without_location(lines, line)
    return None


def _without_location(lines: Lines, line: int) -> Planted | None:
    if not lines.get("PLAN", line, "23.21") or not 3 * 12 <= _plan_months(lines, line) < 6 * 12:
        return None
    return lines.change("PLAN", line, "23.21", "")


def _transition_unanswered(lines: Lines, _rng: Random) -> Planted | None:
    found = [line for line in _plans_of_year(lines, IEP) if lines.get("PLAN", line, "23.28")]
    return lines.change("PLAN", found[-1], "23.28", "") if found else None


def _enrollment_ended(lines: Lines, _rng: Random) -> Planted | None:
    """The student leaves school for good the day after Census Day, and the status does not say so."""
    day = str(int(lines.census_day) + 1)
    senr, plan = lines.count("SENR") - 1, lines.plan_in_effect(state_date(lines.as_of))
    newest = max(zip(lines.values("SWDS", "22.11"), lines.values("SWDS", "22.12"), strict=True), default=None)
    if plan is None or newest is None or newest[1] != _PARTICIPATING or newest[0] > day:
        return None
    if lines.get("SENR", senr, "1.25") or lines.get("SENR", senr, "1.22") > day:
        return None
    lines.change("SENR", senr, "1.26", LEFT)
    return replace(lines.change("SENR", senr, "1.25", day), record="PLAN", line=plan)


def _plan_before_birth(lines: Lines, _rng: Random) -> Planted | None:
    line = _plan_of_census_day(lines)
    earlier = [on for on in lines.values("PLAN", "23.12") if on <= lines.census_day]
    birth = lines.get("SENR", 0, "1.17")
    if line is None or len(earlier) != 1 or lines.get("PLAN", line, "23.11") != IFSP or birth[6:] == "01":
        return None
    return lines.change("PLAN", line, "23.12", str(int(birth) - 1))


def _move_unanswered(lines: Lines, _rng: Random) -> Planted | None:
    line = _plan_of_census_day(lines)
    if line is None or not 2 * 12 + 9 <= _months(lines, lines.census_day) < 4 * 12:
        return None
    if lines.get("PLAN", line, "23.11") == IFSP:
        return lines.change("PLAN", line, "23.35", "")
    return lines.change("PLAN", line, "23.11", IFSP)


def _degree_missing_on_census_day(lines: Lines, _rng: Random) -> Planted | None:
    line = _plan_of_census_day(lines)
    if line is None or lines.get("PLAN", line, "23.11") != IEP:
        return None
    enrolled = _enrollment_of_census_day(lines, lines.get("PLAN", line, "23.04"))
    if enrolled is None or lines.get("SENR", enrolled, "1.24") in _BEFORE_TK:
        return None
    if lines.get("PLAN", line, "23.15") not in NEEDS_DEGREE:
        return None
    # The same is asked of every plan when it arrives.
    return replace(lines.change("PLAN", line, "23.16", ""), also=("PLAN0726",))


def _service_plan_elsewhere(lines: Lines, _rng: Random) -> Planted | None:
    found = [line for line in _plans_of_year(lines, IEP) if _plan_months(lines, line) >= 6 * 12]
    if not found or lines.get("PLAN", found[-1], "23.20") != "400":
        return None
    return lines.change("PLAN", found[-1], "23.11", ISP)


def _provider_too_early(lines: Lines, rng: Random) -> Planted | None:
    found = [n for n in _services_of_year(lines) if _months(lines, lines.get("SERV", n, "25.17")) < 2 * 12]
    return lines.change("SERV", rng.choice(found), "25.12", _COMMUNITY_PROVIDER) if found else None


def _infant_service(lines: Lines, rng: Random) -> Planted | None:
    found = [n for n in _services_of_year(lines) if _months(lines, lines.get("SERV", n, "25.17")) >= 4 * 12]
    return lines.change("SERV", rng.choice(found), "25.11", _INFANT_SERVICE) if found else None


def _frequency_missing(lines: Lines, rng: Random) -> Planted | None:
    found = [n for n in _services_of_year(lines) if _months(lines, lines.get("SERV", n, "25.17")) < 3 * 12]
    return lines.change("SERV", rng.choice(found), "25.14", "") if found else None


PLAN_DAMAGES: Mapping[str, Damage] = {
    "PLAN0362E1": _infant_setting,
    "PLAN0364E4": _preschool_setting,
    "PLAN0365E4": _separate_setting,
    "PLAN0366E4": _plan_too_early,
    "PLAN0367E4": _medical_too_late,
    "PLAN0368F1": _second_medical_too_late,
    "PLAN0386F1": _family_plan_too_late,
    "PLAN0387F1": _no_location_on_census_day,
    "PLAN0387E4": _no_location_in_year,
    "PLAN0393E4": _transition_unanswered,
    "PLAN0637E4": _enrollment_ended,
    "PLAN0714F1": _plan_before_birth,
    "PLAN0724F1": _move_unanswered,
    "PLAN0726F1": _degree_missing_on_census_day,
    "PLAN0748E1": _service_plan_elsewhere,
    "SERV0411E4": _provider_too_early,
    "SERV0417E4": _infant_service,
    "SERV0448E4": _frequency_missing,
}
