"""Sound lines of a fictitious student, which the examples of the rules bend at one point."""

from __future__ import annotations

from collections.abc import Mapping

LEA = "9912345"
OTHER_LEA = "9954321"
SSID = "9900000001"

_SWDS = {
    "22.01": "SWDS",
    "22.04": LEA,
    "22.05": "2026-2027",
    "22.06": SSID,
    "22.08": "SE-1",
    "22.09": "9901",
    "22.10": "20240110",
    "22.11": "20240110",
    "22.12": "1",
}
_MEET = {
    "24.01": "MEET",
    "24.04": LEA,
    "24.05": "2026-2027",
    "24.06": SSID,
    "24.08": "SE-1",
    "24.09": "9901",
    "24.15": "20260915",
    "24.17": "Y",
}
_PLAN = {
    "23.01": "PLAN",
    "23.04": LEA,
    "23.05": "2026-2027",
    "23.06": SSID,
    "23.08": "SE-1",
    "23.09": "9901",
    "23.10": LEA,
    "23.11": "100",
    "23.12": "20260915",
    "23.13": "1",
    "23.14": "210",
    "23.15": "240",
    "23.20": "400",
    "23.23": "85",
    "23.33": "N",
}
_SERV = {
    "25.01": "SERV",
    "25.04": LEA,
    "25.06": "2026-2027",
    "25.07": SSID,
    "25.09": "9901",
    "25.11": "415",
    "25.12": "100",
    "25.13": "510",
    "25.14": "20",
    "25.15": "30",
    "25.16": "SE-1",
    "25.17": "20260915",
}
_PSTS = {
    "17.01": "PSTS",
    "17.04": LEA,
    "17.05": "9900001",
    "17.07": "2026-2027",
    "17.08": SSID,
    "17.09": "SE-1",
    "17.10": "9901",
    "17.11": "30",
    "17.12": "100",
}
_SENR = {
    "1.01": "SENR",
    "1.04": LEA,
    "1.05": "9900001",
    "1.07": "2026-2027",
    "1.08": SSID,
    "1.10": "Wren",
    "1.12": "Testcase",
    "1.17": "20160401",
    "1.18": "F",
    "1.22": "20230815",
    "1.23": "10",
    "1.24": "05",
}
_SINF = {
    "2.01": "SINF",
    "2.04": "20230815",
    "2.09": SSID,
    "2.11": "Wren",
    "2.13": "Testcase",
    "2.18": "20160401",
}

Changes = Mapping[str, str]


def swds(changes: Changes | None = None) -> dict[str, str]:
    """Eligible and participating since 10 January 2024."""
    return {**_SWDS, **(changes or {})}


def meet(changes: Changes | None = None) -> dict[str, str]:
    """A plan review held on 15 September 2026."""
    return {**_MEET, **(changes or {})}


def plan(changes: Changes | None = None) -> dict[str, str]:
    """An IEP in force from 15 September 2026."""
    return {**_PLAN, **(changes or {})}


def serv(changes: Changes | None = None) -> dict[str, str]:
    """Speech service of that IEP, by the district."""
    return {**_SERV, **(changes or {})}


def psts(changes: Changes | None = None) -> dict[str, str]:
    """At a four-year college after a special education program."""
    return {**_PSTS, **(changes or {})}


def senr(changes: Changes | None = None) -> dict[str, str]:
    """A fifth grader's primary enrollment, open since August 2023."""
    return {**_SENR, **(changes or {})}


def sinf(changes: Changes | None = None) -> dict[str, str]:
    """The same student's demographics."""
    return {**_SINF, **(changes or {})}


def with_plan(born: str, changes: Changes | None = None) -> dict[str, list[dict[str, str]]]:
    """A student born on that day who participates, enrolled at the LEA since August 2026, with one plan."""
    enrollment = senr({"1.17": born, "1.22": "20260817"})
    return {"SENR": [enrollment], "SWDS": [swds()], "PLAN": [plan(changes)]}


def with_service(born: str, changes: Changes | None = None) -> dict[str, list[dict[str, str]]]:
    """The same student with one service."""
    enrollment = senr({"1.17": born, "1.22": "20260817"})
    return {"SENR": [enrollment], "SWDS": [swds()], "SERV": [serv(changes)]}
