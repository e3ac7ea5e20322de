"""Students of ``tests/data/arrivals``: each line says who is where, with which status and plan, and what they are."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

from manzanita.exchange.state_book import Learned, learn_state_lines
from manzanita.meetings.models import Meeting
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.students.actions import Identity, register_students, set_clocks, state_student_facts
from manzanita.students.models import Enrollment, Plan, Student
from tests.support import state_files as w

FILE = Path(__file__).parents[1] / "data" / "arrivals" / "arrivals.csv"
LEAS = {"US": w.LEA, "THEM": w.OTHER_LEA, "FAR": "1234567"}
SCHOOLS = {"US": w.SCHOOL, "THEM": w.OTHER_SCHOOL, "FAR": ""}


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def row(name: str) -> dict[str, str]:
    return next(one for one in rows() if one["name"] == name)


def days(text: str) -> tuple[date, date | None]:
    first, _, last = text.partition("..")
    return date.fromisoformat(first), date.fromisoformat(last) if last else None


def add(given: list[dict[str, str]]) -> dict[str, Student]:
    """Make the students of these lines in the current database; by name."""
    made = register_students(
        [
            Identity(one["name"], "", "Testcase", "", date.fromisoformat(one["born"]), "F", f"SE-{number:04}")
            for number, one in enumerate(given, 500)
        ]
    )
    stated: dict[str, list[Statement]] = {
        kind: [] for kind in ("ssid", "enrollment", "status", "plan", "service")
    }
    clocks = {}
    for number, (one, student) in enumerate(zip(given, made, strict=True)):
        slot = {"student_id": student.pk}
        if one["ssid"] == "y":
            stated["ssid"].append(Statement(slot, {"ssid": f"99003{number:05}"}, date(2020, 8, 14)))
        _enrollments(stated, one, slot, f"A{number:04}")
        _facts(stated, one, slot)
        if one["review_on"]:
            clocks[student.pk] = (date.fromisoformat(one["review_on"]), None)
        if one["meeting"]:
            Meeting.objects.create(
                student=student,
                event_key="annual",
                state="open",
                lea_code=LEAS[one["meeting"]],
                opened_at=clock.now(),
            )
        if one["state"]:
            _, code, since = one["state"].split(":")
            line = w.swds("alder", since.replace("-", ""), w.OTHER_LEA)
            line |= {"22.01": "SWDS", "22.06": f"99003{number:05}", "22.12": code, "22.13": "13"}
            learn_state_lines([Learned("SWDS", line, student.pk)], at=clock.now())
    for kind, statements in stated.items():
        state_student_facts(kind, statements, by_id=None, cause="test")
    set_clocks(clocks)
    for student in made:
        student.refresh_from_db()
    return {one["name"]: student for one, student in zip(given, made, strict=True)}


def add_many(count: int) -> None:
    """``count`` students like Avocet, who can be adopted together, and three who cannot."""
    plain = row("Avocet")
    many = [
        {**plain, "name": f"Avocet{number:02}", "born": f"{date(2015, 7, 1) + timedelta(days=number)}"}
        for number in range(count)
    ]
    add([*many, *(row(name) for name in ("Whimbrel", "Hoopoe", "Linnet"))])


def _enrollments(stated: dict[str, list[Statement]], one: dict[str, str], slot: dict, local_id: str) -> None:
    for text in one["enrollments"].split():
        lea, _, rest = text.partition(":")
        rest, _, status = rest.partition(";")
        span, _, exit_code = rest.partition("/")
        first, last = days(span)
        values = dict.fromkeys(Enrollment.content, "") | {
            "school_code": SCHOOLS[lea],
            "status_code": status or "10",
            "grade_code": "05",
            "exit_reason_code": exit_code,
            "local_student_id": local_id,
        }
        stated["enrollment"].append(
            Statement(slot | {"lea_code": LEAS[lea], "started_on": first}, values, first, last)
        )


def _facts(stated: dict[str, list[Statement]], one: dict[str, str], slot: dict) -> None:
    for text in one["statuses"].split():
        lea, code, span = text.split(":")
        code, _, reason = code.partition("/")
        first, last = days(span)
        values = {
            "lea_code": LEAS[lea],
            "status_code": code,
            "reason_code": reason,
            "initial_entry_on": date(2024, 1, 10),
        }
        stated["status"].append(Statement(slot, values, first, last))
    for text in one["plans"].split():
        lea, kind, span = text.split(":")
        first, last = days(span)
        values = dict.fromkeys(Plan.content, "") | {
            "lea_code": LEAS[lea],
            "dsea_code": LEAS[lea],
            "reason_code": "1",
            "plan_type_code": kind,
            "primary_residence_code": "210",
            "disability_1_code": "240",
            "program_setting_code": "400",
            "general_education_percent": "85",
            "has_transportation_code": "N",
        }
        stated["plan"].append(Statement(slot, values, first, last))
        for service_no in range(1, int(one["services"]) + 1):
            stated["service"].append(
                Statement(
                    slot | {"service_no": service_no},
                    {
                        "lea_code": LEAS[lea],
                        "service_code": ("415", "330", "450")[service_no - 1],
                        "provider_code": "100",
                        "npa_id": "",
                        "location_code": "510",
                        "frequency_code": "20",
                        "duration_minutes": "30",
                    },
                    first,
                    last,
                )
            )
