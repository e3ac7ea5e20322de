"""One way to damage a student's lines for each local rule that is planted, as :mod:`damage` does for the others.

Local rules that need more than one changed value, or a rare student, have examples and cases and are not planted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random

from manzanita.synthetic.agencies import CHAPARRAL, HERON_CREEK
from manzanita.synthetic.damage import Damage, Lines, Planted
from manzanita.synthetic.schoolyear import state_date

_IEP, _IFSP = "100", "150"
_PRESCHOOL_SETTINGS = ("201", "203", "204")
_NONPUBLIC_SCHOOL, _PRIVATE_SCHOOL = "0000001", "0000002"
_NEEDS_NO_DEGREE = ("220", "230", "240", "250")
# Born from here on a student is too young for the time after school, up to there old enough for school.
_YOUNG, _SCHOOL_AGE = "20160101", "20181231"
_A_YEAR = 10_000


def _shifted(text: str, days: int) -> str:
    return state_date(date(int(text[:4]), int(text[4:6]), int(text[6:])) + timedelta(days=days))


def _first(lines: Lines, record: str, fits: Callable[[Mapping[str, str]], bool], *numbers: str) -> int | None:
    """The first line of ``record`` whose ``numbers`` fit; ``None`` without one."""
    return next(
        (
            line
            for line in range(lines.count(record))
            if fits({number: lines.get(record, line, number) for number in numbers})
        ),
        None,
    )


def _set(
    record: str, number: str, now: str, fits: Callable[[Mapping[str, str]], bool], *numbers: str
) -> Damage:
    """Puts ``now`` into the first line of ``record`` that fits."""

    def damage(lines: Lines, _rng: Random) -> Planted | None:
        line = _first(lines, record, fits, *numbers)
        return None if line is None else lines.change(record, line, number, now)

    return damage


def _born(lines: Lines) -> str:
    return lines.get("SENR", 0, "1.17")


def _if_born(damage: Damage, *, until: str = "99999999", since: str = "") -> Damage:
    def damage_if(lines: Lines, rng: Random) -> Planted | None:
        return damage(lines, rng) if since <= _born(lines) <= until else None

    return damage_if


def _is_review(row: Mapping[str, str]) -> bool:
    return row["24.14"] == "" and row["24.17"] == "Y"


def _delay_on_time(lines: Lines, _rng: Random) -> Planted | None:
    previous = ""
    for line in range(lines.count("MEET")):
        on, review, delay = (lines.get("MEET", line, number) for number in ("24.15", "24.17", "24.18"))
        is_kept = previous and not delay and int(on) <= int(previous) + _A_YEAR and on[4:] != "0229"
        if review == "Y" and is_kept and not lines.get("MEET", line, "24.14"):
            return lines.change("MEET", line, "24.18", "20")
        previous = on if review == "Y" else previous
    return None


def _late_ifsp(lines: Lines, _rng: Random) -> Planted | None:
    line = _first(lines, "MEET", lambda row: row["24.14"] == "15" and not row["24.18"], "24.14", "24.18")
    if line is None:
        return None
    return lines.change("MEET", line, "24.11", _shifted(lines.get("MEET", line, "24.15"), -60))


def _consent_after(lines: Lines, _rng: Random) -> Planted | None:
    line = _first(lines, "MEET", lambda row: bool(row["24.13"]) and not row["24.18"], "24.13", "24.18")
    if line is None:
        return None
    return lines.change("MEET", line, "24.13", _shifted(lines.get("MEET", line, "24.15"), 3))


def _same_disability(lines: Lines, _rng: Random) -> Planted | None:
    line = _first(lines, "PLAN", lambda row: row["23.15"] in _NEEDS_NO_DEGREE, "23.15")
    return None if line is None else lines.change("PLAN", line, "23.17", lines.get("PLAN", line, "23.15"))


def _other_district(lines: Lines, _rng: Random) -> Planted | None:
    if not lines.count("PLAN"):
        return None
    near = {*lines.values("SENR", "1.31"), *lines.values("SENR", "1.04")}
    far = next((lea for lea in (CHAPARRAL, HERON_CREEK) if lea not in near), None)
    start = lines.get("PLAN", 0, "23.12")
    is_enrolled = any(
        first <= start and (not last or start <= last)
        for first, last in zip(lines.values("SENR", "1.22"), lines.values("SENR", "1.25"), strict=True)
    )
    return lines.change("PLAN", 0, "23.10", far) if far and is_enrolled else None


def _covering_school(lines: Lines, line: int) -> str:
    """The school that covers the start of a plan, at its LEA; empty without one."""
    start, lea = lines.get("PLAN", line, "23.12"), lines.get("PLAN", line, "23.04")
    for enrollment in range(lines.count("SENR")):
        first, last = lines.get("SENR", enrollment, "1.22"), lines.get("SENR", enrollment, "1.25")
        is_there = lines.get("SENR", enrollment, "1.04") == lea
        if is_there and first <= start and (not last or start <= last):
            return lines.get("SENR", enrollment, "1.05")
    return ""


def _services_plan_at_public_school(lines: Lines, _rng: Random) -> Planted | None:
    for line in range(lines.count("PLAN")):
        is_preschool = lines.get("PLAN", line, "23.20") in _PRESCHOOL_SETTINGS
        school = _covering_school(lines, line)
        if is_preschool and school not in ("", _NONPUBLIC_SCHOOL, _PRIVATE_SCHOOL):
            return lines.change("PLAN", line, "23.11", "200")
    return None


def _entry_later(lines: Lines, _rng: Random) -> Planted | None:
    if lines.count("SWDS") != 1 or lines.get("SWDS", 0, "22.12") != "1":
        return None
    return lines.change("SWDS", 0, "22.10", _shifted(lines.get("SWDS", 0, "22.11"), 1))


def _entry_changed(lines: Lines, _rng: Random) -> Planted | None:
    if lines.count("SWDS") != 2 or not all(lines.values("SWDS", "22.10")):
        return None
    start = lines.get("SWDS", 1, "22.11")
    is_ended = lines.get("SWDS", 1, "22.12") != "1" and start != lines.get("SWDS", 0, "22.10")
    return lines.change("SWDS", 1, "22.10", start) if is_ended else None


def _service_of_no_plan(lines: Lines, _rng: Random) -> Planted | None:
    starts = lines.values("SERV", "25.17")
    for line, start in enumerate(starts):
        moved = _shifted(start, -1) if start else ""
        if starts.count(start) > 1 and moved and moved not in lines.values("PLAN", "23.12"):
            return lines.change("SERV", line, "25.17", moved)
    return None


def _exit_before_start(lines: Lines, _rng: Random) -> Planted | None:
    events = [*lines.values("SWDS", "22.11"), *lines.values("PLAN", "23.12")]
    for line in range(lines.count("SENR")):
        start, end = lines.get("SENR", line, "1.22"), lines.get("SENR", line, "1.25")
        if end and not lines.get("SENR", line, "1.27") and not any(start <= on <= end for on in events):
            return lines.change("SENR", line, "1.25", _shifted(start, -1))
    return None


def _other_birth(lines: Lines, _rng: Random) -> Planted | None:
    return lines.change("SENR", 0, "1.17", _shifted(_born(lines), 1))


def _is_school_plan(row: Mapping[str, str]) -> bool:
    return row["23.11"] == _IEP and row["23.20"] == "400"


def _is_plan(*codes: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda row: row["23.11"] in codes


def _has_status(*codes: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda row: row["22.12"] in codes


LOCAL_DAMAGES: Mapping[str, Damage] = {
    "MZ-MEET-DELAY-KIND": _set(
        "MEET", "24.18", "40", lambda row: _is_review(row) and bool(row["24.18"]), "24.14", "24.17", "24.18"
    ),
    "MZ-MEET-DELAY-ON-TIME": _delay_on_time,
    "MZ-MEET-LATE-IFSP": _late_ifsp,
    "MZ-MEET-CONSENT-ORDER": _consent_after,
    "MZ-MEET-NO-CONSENT": _set("MEET", "24.13", "", lambda row: row["24.14"] == "10", "24.14"),
    "MZ-MEET-NO-OUTCOME": _set("MEET", "24.16", "", lambda row: row["24.14"] == "40", "24.14"),
    "MZ-MEET-STRAY-OUTCOME": _set("MEET", "24.16", "20", _is_review, "24.14", "24.17"),
    "MZ-PLAN-DISABILITY-TWICE": _same_disability,
    "MZ-PLAN-NO-DISABILITY": _set("PLAN", "23.15", "200", _is_plan(_IEP), "23.11"),
    "MZ-PLAN-DEAF-BLIND": _set("PLAN", "23.17", "250", lambda row: row["23.15"] in ("220", "230"), "23.15"),
    "MZ-PLAN-SETTING-TYPE": _set("PLAN", "23.20", "200", _is_plan(_IFSP), "23.11"),
    "MZ-PLAN-INFANT-FIELDS": _set("PLAN", "23.19", "N", _is_plan(_IEP), "23.11"),
    "MZ-PLAN-PRESCHOOL-FIELDS": _set("PLAN", "23.22", "Y", _is_school_plan, "23.11", "23.20"),
    "MZ-PLAN-TEN-HOURS": _set("PLAN", "23.22", "", lambda row: row["23.20"] == "201", "23.20"),
    "MZ-PLAN-PERCENT-MISSING": _if_born(
        _set("PLAN", "23.23", "", _is_school_plan, "23.11", "23.20"), until=_SCHOOL_AGE
    ),
    "MZ-PLAN-PERCENT-STRAY": _set(
        "PLAN", "23.23", "80", lambda row: row["23.20"] in _PRESCHOOL_SETTINGS, "23.20"
    ),
    "MZ-PLAN-PERCENT-SEPARATE": _set("PLAN", "23.23", "85", lambda row: row["23.20"] == "300", "23.20"),
    "MZ-PLAN-PERCENT-RANGE": _set("PLAN", "23.23", "360", _is_school_plan, "23.11", "23.20"),
    "MZ-PLAN-TRANSITION-MISSING": _set("PLAN", "23.29", "", lambda row: bool(row["23.29"]), "23.29"),
    "MZ-PLAN-TRANSITION-EARLY": _if_born(_set("PLAN", "23.32", "30", _is_plan(_IEP), "23.11"), since=_YOUNG),
    "MZ-PLAN-DSEA": _other_district,
    "MZ-PLAN-ISP-PUBLIC": _services_plan_at_public_school,
    "MZ-STATUS-NO-REASON": _set("SWDS", "22.13", "", _has_status("2", "3", "4"), "22.12"),
    "MZ-STATUS-REASON-FIT": _set("SWDS", "22.13", "12", _has_status("4"), "22.12"),
    "MZ-STATUS-ENTRY-LATER": _entry_later,
    "MZ-STATUS-ENTRY-CHANGED": _entry_changed,
    "MZ-STATUS-DIPLOMA": _set("SWDS", "22.12", "2", lambda row: row["22.13"] == "22", "22.13"),
    "MZ-SERV-NO-PLAN": _service_of_no_plan,
    "MZ-SERV-NO-DURATION": _set("SERV", "25.15", "", lambda _row: True),
    "MZ-SERV-NO-FREQUENCY": _if_born(_set("SERV", "25.14", "", lambda _row: True), until=_SCHOOL_AGE),
    "MZ-SERV-LONG": _set("SERV", "25.15", "50000", lambda row: row["25.14"] in ("10", "20", "30"), "25.14"),
    "MZ-SERV-SHORT": _set("SERV", "25.15", "5", lambda _row: True),
    "MZ-SERV-PROVIDER-AGE": _if_born(
        _set("SERV", "25.12", "250", lambda row: row["25.12"] == "100", "25.12"), until=_SCHOOL_AGE
    ),
    "MZ-SERV-TRANSITION-AGE": _if_born(_set("SERV", "25.11", "850", lambda _row: True), since=_YOUNG),
    "MZ-SENR-NPS": _set(
        "SENR", "1.06", "9950011", lambda row: row["1.05"] not in (_NONPUBLIC_SCHOOL, _PRIVATE_SCHOOL), "1.05"
    ),
    "MZ-SENR-EXIT": _exit_before_start,
    "MZ-SENR-BIRTH": _other_birth,
}
