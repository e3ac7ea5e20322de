"""Many students with Alder's history, for proofs that need much to change: their rows, files and database.

``python -m tests.support.crowd COUNT`` builds the small world and the crowd in the database of the settings; each
of the crowd has an annual review that is held and agreed, and wants one click. Prints SSID to meeting as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.support import state_files

Row = dict[str, str]

_SSID = {"SWDS": "22.06", "MEET": "24.06", "PLAN": "23.06", "SERV": "25.07", "SENR": "1.08"}
_LOCAL_ID = {"SWDS": "22.07", "MEET": "24.07", "PLAN": "23.07", "SERV": "25.08", "SENR": "1.09"}
_SPED_ID = {"SWDS": "22.08", "MEET": "24.08", "PLAN": "23.08", "SERV": "25.16"}


def ssids(count: int) -> list[str]:
    return [f"99001{number:05}" for number in range(1, count + 1)]


def as_of_crowd(record: str, row: Row, ssid: str) -> Row:
    """A row of Alder's as it stands for one of the crowd."""
    own = {_SSID[record]: ssid, _LOCAL_ID[record]: f"L{ssid[-4:]}"}
    if record in _SPED_ID:
        own[_SPED_ID[record]] = f"SE-{ssid[-4:]}"
    return {**row, **own}


def state_rows(ssid: str) -> dict[str, list[Row]]:
    """What the state holds of one of the crowd on the first day."""
    return {
        record: [as_of_crowd(record, row, ssid) for row in rows if state_files.SSIDS["alder"] in row.values()]
        for record, rows in state_files.state_rows().items()
    }


def write_files(folder: Path, count: int) -> None:
    """The files of the small world, with the crowd in them."""
    state_files.write_files(folder)
    for ssid in ssids(count):
        for record, rows in state_rows(ssid).items():
            with (folder / f"ODS_{record}.txt").open("a", encoding="utf-8") as file:
                file.write(state_files.extract_text(record, rows))
    enrollments = [as_of_crowd("SENR", state_files.senr("alder"), ssid) for ssid in ssids(count)]
    lines = state_files.write_lines(state_files.layout("SENR"), enrollments)
    with (folder / "SIS_SENR.txt").open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))


def main() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from tests.support.world import small_world

    call_command("migrate", verbosity=0)
    print(json.dumps(_build(small_world(), ssids(int(sys.argv[1])))))


def _build(world, numbers: list[str]) -> dict[str, str]:
    from datetime import date

    from manzanita.domain.layouts.files import parse_record_file
    from manzanita.platform.facts import Statement
    from manzanita.procedures.take_over import take_over_extracts
    from manzanita.students.actions import Identity, register_students, state_student_facts
    from tests.support.build import held_meeting

    made = register_students(
        [Identity(f"Alder {ssid[-4:]}", "", "Testcase", "", date(2016, 4, 9), "M") for ssid in numbers]
    )
    since = date(2023, 8, 14)
    enrolled = {
        "school_code": state_files.SCHOOL,
        "nps_code": "",
        "status_code": "10",
        "grade_code": "04",
        "exit_reason_code": "",
        "completion_code": "",
        "residence_code": "",
    }
    of_each = list(zip(numbers, made, strict=True))
    for kind, statements in {
        "ssid": [Statement({"student_id": one.pk}, {"ssid": ssid}, since) for ssid, one in of_each],
        "enrollment": [
            Statement(
                {"student_id": one.pk, "lea_code": state_files.LEA, "started_on": since},
                {**enrolled, "local_student_id": f"L{ssid[-4:]}"},
                since,
            )
            for ssid, one in of_each
        ],
        "assignment": [
            Statement({"student_id": one.pk}, {"user_id": world.case_manager.pk}, since) for one in made
        ],
    }.items():
        state_student_facts(kind, statements, by_id=None, cause="test")
    rows = [state_rows(ssid) for ssid in numbers]
    take_over_extracts(
        [
            parse_record_file(
                "".join(state_files.extract_text(record, own[record]) for own in rows).encode(),
                f"ODS_{record}.txt",
            )
            for record in ("SWDS", "MEET", "PLAN", "SERV")
        ],
        by_id=None,
    )
    actor = world.case_manager_actor
    meetings = {}
    for ssid, student in of_each:
        student.refresh_from_db()
        meetings[ssid] = held_meeting(actor, student)
    return meetings


if __name__ == "__main__":
    main()
