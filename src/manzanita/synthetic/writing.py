"""Writes the fictitious SELPA into a folder, student after student."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from manzanita.synthetic.agencies import ORG_COLUMNS, org_rows
from manzanita.synthetic.agreements import AGREEMENT_COLUMNS, agreement_rows
from manzanita.synthetic.calendars import CALENDAR_COLUMNS, calendar_rows
from manzanita.synthetic.demo_students import demo_students
from manzanita.synthetic.errors import DAMAGES, Planter
from manzanita.synthetic.lines import FILES, student_lines
from manzanita.synthetic.movers import movers
from manzanita.synthetic.population import World, general_education_student, random_student
from manzanita.synthetic.staff import PEOPLE_COLUMNS, Staff
from manzanita.synthetic.students import Student

PLANTED = "planted.jsonl"
# For each hundred students with disabilities, students who have none.
GENERAL_EDUCATION_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Written:
    """Counts of one run: students of both sorts, lines by file, planted errors."""

    students: int
    lines: Mapping[str, int]
    planted: int


def write_folder(
    folder: Path,
    world: World,
    error_rate: float | None,
    codes: Collection[str] = tuple(DAMAGES),
    *,
    with_movers: bool = False,
) -> Written:
    """Write all files into ``folder``, which is made if missing; files of the same names are replaced.

    ``error_rate`` is the share of lines to damage, ``None`` for files without a planted error; ``codes`` are the rules
    to break. ``with_movers``: students who come and go stand behind the others.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write_csv(folder / "orgs.csv", ORG_COLUMNS, org_rows(world.selpas))
    agreements = agreement_rows(world.selpas, world.as_of, world.year)
    _write_csv(folder / "agreements.csv", AGREEMENT_COLUMNS, agreements)
    leas = [lea for selpa in world.selpas for lea in selpa.leas]
    for lea in leas:
        rows = calendar_rows(lea, world.first_year, world.year)
        _write_csv(folder / f"calendar_{lea.code}.csv", CALENDAR_COLUMNS, rows)
    (folder / PLANTED).unlink(missing_ok=True)
    planter = None if error_rate is None else Planter(world, error_rate, codes)
    counts = dict.fromkeys(FILES, 0)
    total = planted = 0
    with ExitStack() as stack:
        files = {record: stack.enter_context(_open(folder / name)) for record, name in FILES.items()}
        people = csv.DictWriter(
            stack.enter_context(_open(folder / "people.csv")), PEOPLE_COLUMNS, lineterminator="\n"
        )
        planted_file = stack.enter_context(_open(folder / PLANTED)) if planter else None
        staff = Staff()
        people.writeheader()
        people.writerows(staff.coordinator_rows(leas))
        people.writerows(staff.other_rows())

        def write(student: Student, lines: Mapping[str, Sequence[str]]) -> None:
            for record, of_record in lines.items():
                files[record].writelines(f"{line}\n" for line in of_record)
                counts[record] += len(of_record)

        for student, is_demo in all_students(world):
            lines = student_lines(student, world.as_of)
            if planter and planted_file and not is_demo:
                entry = planter.plant(student, lines, counts)
                if entry:
                    planted_file.write(json.dumps(entry) + "\n")
                    planted += 1
            write(student, lines)
            people.writerows(staff.student_rows(student, is_demo=is_demo))
            total += 1
        for mover in movers() if with_movers else ():
            write(mover.student, student_lines(mover.student, world.as_of))
            people.writerows(staff.student_rows(mover.student, is_demo=True, has_case=mover.has_case))
            total += 1
    return Written(total, {FILES[record]: count for record, count in counts.items()}, planted)


def all_students(world: World) -> Iterator[tuple[Student, bool]]:
    """Every student in the order of the files, and whether it is a demo student."""
    demo = demo_students()
    count = world.student_count
    for student in demo:
        yield student, True
    for index in range(len(demo) + 1, count + 1):
        yield random_student(world, index), False
    for index in range(count + 1, count + round(count * GENERAL_EDUCATION_SHARE) + 1):
        yield general_education_student(world, index), False


def _open(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n")


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with _open(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
