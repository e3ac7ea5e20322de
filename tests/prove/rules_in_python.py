"""Twenty of the rules, written once more as plain loops over dictionaries, one function a rule.

``python -m tests.prove.rules_in_python DIR OUT`` writes ``code,line`` of every finding into OUT. Values have to be of
the right form: what our engine does with others is not done here.
"""

from __future__ import annotations

import json
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from manzanita.domain.layouts import layout
from tests.prove.bent_folder import CENSUS_DAY, FILES, FIRST_DAY, LAST_DAY

Row = dict[str, str]
Body = dict[str, list[Row]]
Lines = Iterator[int]
_SUPPORT = {"210", "260", "270", "280", "290", "300", "310", "320", "330"}
_DEGREES = {"MMSN", "ESN"}


def read(folder: Path) -> Body:
    body: Body = {}
    for record, file in FILES.items():
        numbers = layout(record).numbers
        with (folder / file).open(encoding="utf-8", newline="\n") as lines:
            body[record] = [dict(zip(numbers, line.rstrip("\n").split("^"), strict=False)) for line in lines]
    return body


def reason_on_participating(body: Body) -> Lines:
    for line, row in enumerate(body["SWDS"], 1):
        if row["22.12"] == "1" and row["22.13"]:
            yield line


def no_enrollment(body: Body) -> Lines:
    spans = defaultdict(list)
    for row in body["SENR"]:
        if row["1.23"] != "20" and row["1.22"]:
            spans[row["1.04"], row["1.08"]].append((row["1.22"], row["1.25"]))
    for line, row in enumerate(body["SWDS"], 1):
        day, key = row["22.11"], (row["22.04"], row["22.06"])
        is_asked = day and all(key) and day[4:6] not in ("06", "07", "08")
        if is_asked and not any(start <= day and (not end or end >= day) for start, end in spans[key]):
            yield line


def status_repeated(body: Body) -> Lines:
    newest: dict[tuple[str, str], tuple[str, int, str]] = {}
    for line, row in enumerate(body["SWDS"], 1):
        key, here = (row["22.06"], row["22.11"]), (row["22.04"], line, row["22.12"])
        if all(key) and row["22.12"] and here > newest.get(key, ("", 0, "")):
            newest[key] = here
    before: dict[tuple[str, str], str] = {}
    last = ("", "")
    for key in sorted(newest):
        before[key] = newest[last][2] if last[0] == key[0] and last in newest else ""
        last = key
    for line, row in enumerate(body["SWDS"], 1):
        if row["22.12"] and row["22.12"] == before.get((row["22.06"], row["22.11"])):
            yield line


def no_reason(body: Body) -> Lines:
    for line, row in enumerate(body["SWDS"], 1):
        if row["22.12"] in ("2", "3", "4") and not row["22.13"]:
            yield line


def entry_changed(body: Body) -> Lines:
    first: dict[str, tuple[str, str, int, str]] = {}
    for line, row in enumerate(body["SWDS"], 1):
        if row["22.10"] and row["22.06"]:
            here = (row["22.11"], row["22.04"], line, row["22.10"])
            first[row["22.06"]] = min(first.get(row["22.06"], here), here)
    for line, row in enumerate(body["SWDS"], 1):
        if row["22.10"] and row["22.06"] in first and row["22.10"] != first[row["22.06"]][3]:
            yield line


def late(body: Body) -> Lines:
    reviews, evaluations = defaultdict(list), defaultdict(list)
    for row in body["MEET"]:
        if row["24.15"] and row["24.06"]:
            if row["24.17"] == "Y":
                reviews[row["24.06"]].append(row["24.15"])
            if row["24.14"] in ("10", "40"):
                evaluations[row["24.06"]].append(row["24.15"])
    for days in (*reviews.values(), *evaluations.values()):
        days.sort()
    for line, row in enumerate(body["MEET"], 1):
        day = row["24.15"]
        if day and not row["24.18"]:
            review = row["24.17"] == "Y" and _is_late(day, reviews[row["24.06"]], 1)
            if review or (row["24.14"] == "40" and _is_late(day, evaluations[row["24.06"]], 3)):
                yield line


def _is_late(day: str, days: list[str], years: int) -> bool:
    earlier = bisect_left(days, day)
    return earlier > 0 and day > _years_after(days[earlier - 1], years)


def _years_after(day: str, years: int) -> str:
    year = int(day[:4]) + years
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return f"{year:04d}{'0228' if day[4:] == '0229' and not is_leap else day[4:]}"


def consent_order(body: Body) -> Lines:
    for line, row in enumerate(body["MEET"], 1):
        referred, consent, on = row["24.11"], row["24.13"], row["24.15"]
        if consent and ((referred and consent < referred) or (on and on < consent)):
            yield line


def _births(body: Body) -> dict[str, str]:
    newest: dict[str, tuple[bool, str, int, str]] = {}
    for of_sinf, record, ssid, start, birth in (
        (False, "SENR", "1.08", "1.22", "1.17"),
        (True, "SINF", "2.09", "2.04", "2.18"),
    ):
        for line, row in enumerate(body[record], 1):
            if row[ssid] and row[birth]:
                here = (of_sinf, row[start], line, row[birth])
                newest[row[ssid]] = max(newest.get(row[ssid], here), here)
    return {ssid: told[3] for ssid, told in newest.items()}


def before_birth(body: Body) -> Lines:
    births = _births(body)
    for line, row in enumerate(body["MEET"], 1):
        birth = births.get(row["24.06"], "")
        if birth and row["24.15"] and row["24.15"] < birth:
            yield line


def no_degree(body: Body) -> Lines:
    for line, row in enumerate(body["PLAN"], 1):
        pairs = ((row["23.15"], row["23.16"]), (row["23.17"], row["23.18"]))
        if any(disability in _SUPPORT and degree not in _DEGREES for disability, degree in pairs):
            yield line


def two_plans(body: Body) -> Lines:
    plans = Counter((row["23.06"], row["23.12"]) for row in body["PLAN"])
    for line, row in enumerate(body["PLAN"], 1):
        key = (row["23.06"], row["23.12"])
        if all(key) and plans[key] > 1:
            yield line


def plan_without_status(body: Body) -> Lines:
    known = {row["22.06"] for row in body["SWDS"]}
    for line, row in enumerate(body["PLAN"], 1):
        if FIRST_DAY <= row["23.12"] <= CENSUS_DAY and row["23.06"] and row["23.06"] not in known:
            yield line


def plan_without_service(body: Body) -> Lines:
    known = {(row["25.07"], row["25.17"], row["25.04"], row["25.09"]) for row in body["SERV"]}
    for line, row in enumerate(body["PLAN"], 1):
        key = (row["23.06"], row["23.12"], row["23.04"], row["23.09"])
        if FIRST_DAY <= row["23.12"] <= LAST_DAY and row["23.06"] and key not in known:
            yield line


def wrong_age(body: Body) -> Lines:
    births = _births(body)
    for line, row in enumerate(body["PLAN"], 1):
        day = row["23.12"]
        if FIRST_DAY <= day <= LAST_DAY and row["23.11"] in ("100", "200"):
            birth = births.get(row["23.06"], "")
            # Where nobody told a date of birth the rule says that it cannot tell.
            if not birth or not 36 <= _months(birth, day) < 276:
                yield line


def _months(birth: str, day: str) -> int:
    months = (int(day[:4]) - int(birth[:4])) * 12 + int(day[4:6]) - int(birth[4:6])
    return months - (day[6:] < birth[6:])


def no_agency(body: Body) -> Lines:
    for line, row in enumerate(body["SERV"], 1):
        if row["25.12"] == "400" and not row["25.05"]:
            yield line


def stray_agency(body: Body) -> Lines:
    for line, row in enumerate(body["SERV"], 1):
        if row["25.05"] and row["25.12"] != "400":
            yield line


def service_without_plan(body: Body) -> Lines:
    known = {(row["23.04"], row["23.06"], row["23.12"]) for row in body["PLAN"]}
    for line, row in enumerate(body["SERV"], 1):
        if row["25.07"] and row["25.17"] and (row["25.04"], row["25.07"], row["25.17"]) not in known:
            yield line


def short(body: Body) -> Lines:
    for line, row in enumerate(body["SERV"], 1):
        if row["25.15"] and int(row["25.15"]) < 10:
            yield line


def no_duration(body: Body) -> Lines:
    for line, row in enumerate(body["SERV"], 1):
        if row["25.14"] and not row["25.15"]:
            yield line


def no_exemption(body: Body) -> Lines:
    for line, row in enumerate(body["SENR"], 1):
        if row["1.27"] == "100" and row["1.25"] > "20230630" and row["1.35"] not in ("Y", "N"):
            yield line


def exit_before_entry(body: Body) -> Lines:
    for line, row in enumerate(body["SENR"], 1):
        if row["1.22"] and row["1.25"] and row["1.25"] < row["1.22"]:
            yield line


RULES: dict[str, Callable[[Body], Lines]] = {
    "SWDS0594": reason_on_participating,
    "GERR0005": no_enrollment,
    "SWDS0618": status_repeated,
    "MZ-STATUS-NO-REASON": no_reason,
    "MZ-STATUS-ENTRY-CHANGED": entry_changed,
    "MZ-MEET-LATE": late,
    "MZ-MEET-CONSENT-ORDER": consent_order,
    "MZ-MEET-BEFORE-BIRTH": before_birth,
    "PLAN0726": no_degree,
    "PLAN0663F1": two_plans,
    "PLAN0673F1": plan_without_status,
    "PLAN0679E1": plan_without_service,
    "PLAN0366E4": wrong_age,
    "SERV0327": no_agency,
    "SERV0328": stray_agency,
    "MZ-SERV-NO-PLAN": service_without_plan,
    "MZ-SERV-SHORT": short,
    "MZ-SERV-NO-DURATION": no_duration,
    "SENR0632": no_exemption,
    "MZ-SENR-EXIT": exit_before_entry,
}


def main(folder: Path, out: Path) -> None:
    body = read(folder)
    found = 0
    with out.open("w") as file:
        for code, rule in RULES.items():
            for line in rule(body):
                file.write(f"{code},{line}\n")
                found += 1
    print(json.dumps({"rows": sum(map(len, body.values())), "findings": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
