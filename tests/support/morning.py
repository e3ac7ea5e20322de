"""A district on a Monday of August, the night's SIS file just taken in: who came, who left, who is here twice, whom
districts ask each other for.

``python -m tests.support.morning full|small`` builds it in the migrated database of the settings, whose today is
:data:`TODAY`; prints what a walk through it needs as JSON. Everybody is called after a plant and a bird, *Testcase*.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path

from tests.support import state_files as w
from tests.support.crowd import as_of_crowd

TODAY = date(2026, 8, 24)
Row = dict[str, str]
# The first birth of them all; each next student is born a day later, so that nobody is taken for another.
FIRST_BIRTH = date(2012, 1, 1)
SCHOOL_BEGAN = "20260813"


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each. Arrivals: ``safe`` to ``no_plan``; departures: ``moved`` to ``no_show``; duplicates: ``same``
    and ``two`` people; transfers: asked of us, accepted or ``declined``, and asked ``by_us``."""

    students: int
    safe: int
    returning: int
    unserved: int
    still_there: int
    overdue: int
    no_plan: int
    moved: int
    out_of_state: int
    unknown: int
    no_show: int
    same: int
    two: int
    accepted: int
    declined: int
    by_us: int

    @property
    def calls(self) -> int:
        return self.still_there + self.overdue + self.no_plan

    @property
    def arrivals(self) -> int:
        return self.safe + self.returning + self.unserved + self.calls

    @property
    def departures(self) -> int:
        return self.moved + self.out_of_state + self.unknown + self.no_show


SIZES = {
    # 140 arrivals, 30 departures, 12 duplicates, 6 transfers among 2,000 students.
    "full": Size(2000, 118, 6, 5, 4, 4, 3, 14, 7, 5, 4, 8, 4, 2, 1, 3),
    # 14, 4, 3 and 3 among 60.
    "small": Size(60, 9, 1, 1, 1, 1, 1, 2, 1, 1, 0, 2, 1, 1, 1, 1),
}
# How the SIS ends an enrollment, by what it means here.
EXITS = {"moved": "T160", "out_of_state": "T200", "unknown": "E140", "no_show": "N470"}


@dataclass(slots=True)
class Somebody:
    """One student: what the files of yesterday and of tonight say, and what the state holds."""

    number: int
    before: list[Row] = field(default_factory=list)
    tonight: list[Row] = field(default_factory=list)
    held: dict[str, list[Row]] = field(
        default_factory=lambda: {record: [] for record in ("SWDS", "MEET", "PLAN", "SERV")}
    )

    @property
    def ssid(self) -> str:
        return f"99004{5000 + self.number:05}"

    @property
    def born(self) -> date:
        return FIRST_BIRTH + timedelta(days=self.number)

    @property
    def first_name(self) -> str:
        from manzanita.synthetic.names import BIRDS, PLANTS

        return f"{PLANTS[self.number % len(PLANTS)]} {BIRDS[self.number // len(PLANTS)]}"

    def enrolled(self, lea: str, start: str, end: str = "", exit_code: str = "") -> Row:
        row = w.senr("sage", lea, **{"1.22": start, "1.25": end, "1.26": exit_code})
        own = {"1.10": self.first_name, "1.17": f"{self.born:%Y%m%d}", "1.24": "05", "1.11": ""}
        return {**as_of_crowd("SENR", row, self.ssid), **own}

    def hold(self, record: str, row: Row) -> None:
        self.held[record].append(as_of_crowd(record, row, self.ssid))

    def served(self, lea: str, reviewed: str = "20260112", *, since: str = "20240110") -> None:
        """The state holds a status since then, and a plan of the review with two services."""
        self.hold("SWDS", w.swds("sage", since, lea))
        self.hold("MEET", w.meet("sage", since, lea, **{"24.05": _year(since)}))
        self.hold("MEET", w.meet("sage", reviewed, lea, **{"24.05": _year(reviewed)}))
        self.planned(lea, reviewed)

    def planned(self, lea: str, start: str) -> None:
        year = _year(start)
        self.hold("PLAN", w.plan("sage", start, lea, **{"23.05": year, "23.15": "240", "23.16": ""}))
        for code in ("415", "330"):
            self.hold("SERV", w.serv("sage", start, code, lea, **{"25.06": year}))


def _year(day: str) -> str:
    first = int(day[:4]) - (day[4:] < "0701")
    return f"{first}-{first + 1}"


@dataclass(slots=True)
class Morning:
    """Everybody, by what the morning makes of them."""

    stay: list[Somebody] = field(default_factory=list)
    come: list[Somebody] = field(default_factory=list)
    go: list[Somebody] = field(default_factory=list)
    theirs: list[Somebody] = field(default_factory=list)

    def everybody(self) -> list[Somebody]:
        return [*self.stay, *self.come, *self.go, *self.theirs]


def people_of(size: Size) -> Morning:
    """Who they are, in the order of their numbers."""
    numbers = count(1)
    made = Morning()
    made.go = [_leaves(next(numbers), how) for how in EXITS for _ in range(getattr(size, how))]
    made.come = list(_who_come(size, numbers))
    made.theirs = [_at(next(numbers), w.OTHER_LEA) for _ in range(size.by_us)]
    staying = size.students - len(made.go) - len(made.come) - len(made.theirs)
    made.stay = [_at(next(numbers), w.LEA) for _ in range(staying)]
    return made


def _at(number: int, lea: str) -> Somebody:
    one = Somebody(number)
    one.served(lea)
    one.before = [one.enrolled(lea, "20230814")]
    one.tonight = one.before
    return one


def _leaves(number: int, how: str) -> Somebody:
    one = _at(number, w.LEA)
    last = SCHOOL_BEGAN if how == "no_show" else "20260820"
    if how == "no_show":
        one.before = [one.enrolled(w.LEA, "20230814", "20260605", "E155")]
        one.tonight = [*one.before, one.enrolled(w.LEA, SCHOOL_BEGAN, last, EXITS[how])]
    else:
        one.tonight = [one.enrolled(w.LEA, "20230814", last, EXITS[how])]
    return one


def _who_come(size: Size, numbers: Iterator[int]) -> Iterator[Somebody]:
    for kind in ("safe", "returning", "unserved", "still_there", "overdue", "no_plan"):
        for _ in range(getattr(size, kind)):
            yield _comes(next(numbers), kind)


def _comes(number: int, kind: str) -> Somebody:
    one = Somebody(number)
    end, code = ("", "") if kind == "still_there" else ("20260605", "T160")
    one.before = [one.enrolled(w.OTHER_LEA, "20240812", end, code)]
    if kind == "returning":
        one.before.insert(0, one.enrolled(w.LEA, "20220815", "20240607", "T160"))
        one.hold("SWDS", w.swds("sage", "20230110"))
        one.planned(w.LEA, "20240110")
        one.planned(w.OTHER_LEA, "20260112")
        one.hold("MEET", w.meet("sage", "20230110", **{"24.05": _year("20230110")}))
        one.hold("MEET", w.meet("sage", "20260112", w.OTHER_LEA))
    elif kind == "unserved":
        one.hold(
            "SWDS", w.swds("sage", "20260310", w.OTHER_LEA, **{"22.10": "", "22.12": "2", "22.13": "11"})
        )
    elif kind == "no_plan":
        one.hold("SWDS", w.swds("sage", "20240110", w.OTHER_LEA))
    else:
        one.served(w.OTHER_LEA, "20250801" if kind == "overdue" else "20260112")
    one.tonight = [one.enrolled(w.LEA, SCHOOL_BEGAN)]
    return one


def main() -> None:
    import django

    django.setup()
    print(json.dumps(_build(SIZES[sys.argv[1]])))


def _build(size: Size) -> dict[str, list[str]]:
    from manzanita.deadlines.recompute import recompute_stale
    from manzanita.domain.layouts.files import parse_record_file
    from manzanita.procedures.import_sis import take_in_sis_files
    from manzanita.procedures.take_over import take_over_extracts
    from manzanita.students.duplicates import find_duplicates
    from tests.support.build import _give_codes
    from tests.support.pages import other_coordinator
    from tests.support.world import small_world

    world, morning = small_world(), people_of(size)
    neighbor = other_coordinator(world)
    folder = Path(tempfile.mkdtemp())
    take_in_sis_files([_written(folder / "before.txt", morning, "before")], by_id=None)
    take_over_extracts(
        [
            parse_record_file(
                "".join(w.extract_text(record, one.held[record]) for one in morning.everybody()).encode(),
                f"ODS_{record}.txt",
            )
            for record in ("SWDS", "MEET", "PLAN", "SERV")
        ],
        by_id=None,
    )
    _give_cases(world, morning)
    _enter_twice(size, morning)
    _transfers(world, neighbor, size, morning)
    find_duplicates()
    take_in_sis_files(
        [_written(folder / "tonight.txt", morning, "tonight")], lea_code=w.LEA, by_id=world.coordinator.pk
    )
    recompute_stale()
    _give_codes(world)
    return {"theirs": [one.ssid for one in morning.theirs]}


def _written(path: Path, morning: Morning, which: str) -> Path:
    rows = [row for one in morning.everybody() for row in getattr(one, which)]
    lines = w.write_lines(w.layout("SENR"), rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _give_cases(world, morning: Morning) -> None:
    """Whoever was here before tonight has a case manager."""
    from manzanita.platform.facts import Statement
    from manzanita.students.actions import state_student_facts
    from manzanita.students.queries import students_by_ssid

    keys = students_by_ssid([one.ssid for one in (*morning.stay, *morning.go)])
    state_student_facts(
        "assignment",
        [
            Statement({"student_id": pk}, {"user_id": world.case_manager.pk}, date(2025, 8, 1))
            for pk in keys.values()
        ],
        by_id=None,
        cause="test",
    )


def _enter_twice(size: Size, morning: Morning) -> None:
    """Second records: of ``same`` students one with the name misspelled; and beside ``two`` others somebody of the same
    name, born with month and day the other way round, who is a person of their own."""
    from manzanita.students.actions import Identity, register_students, state_one
    from manzanita.students.models import Student
    from manzanita.students.queries import students_by_ssid
    from tests.support.pages import enrollment

    can_turn = [one for one in morning.stay if one.born.day <= 12 and one.born.day != one.born.month]
    chosen = [one for one in morning.stay if one not in can_turn][: size.same] + can_turn[: size.two]
    keys = students_by_ssid([one.ssid for one in chosen])
    for number, one in enumerate(chosen):
        known = Student.unscoped.get(pk=keys[one.ssid])
        is_same = number < size.same
        born = one.born if is_same else date(one.born.year, one.born.day, one.born.month)
        name = f"{one.first_name}e" if is_same else one.first_name
        (again,) = register_students([Identity(name, "", known.last_name, "", born, "", f"SE-D{number}")])
        state_one(
            "enrollment",
            slot={"student_id": again.pk, "lea_code": w.LEA, "started_on": date(2026, 5, 4)},
            values=enrollment(f"D{number}") | {"school_code": w.SCHOOL},
            effective_from=date(2026, 5, 4),
            by_id=None,
            cause="by-hand",
        )


def _transfers(world, neighbor, size: Size, morning: Morning) -> None:
    """The other district asks for the last who stay here."""
    from manzanita.accounts.queries import actor_of
    from manzanita.procedures.student_transfer_asking import Wanted, request_student
    from manzanita.students.queries import students_by_ssid

    asked = morning.stay[-(size.accepted + size.declined) :]
    keys = students_by_ssid([one.ssid for one in asked])
    actor = actor_of(neighbor, neighbor.grants.get())
    for one in asked:
        wanted = Wanted(f"{one.first_name} T., grade 5", date(2026, 8, 31), reason="Moves to us next week.")
        request_student(actor=actor, student_id=keys[one.ssid], wanted=wanted)


if __name__ == "__main__":
    main()
