"""Who the lines of a file are: students by SSID and by local id, for procedures that read files of an agency.

Scope plays no part: a student who arrives from another LEA is known by the SSID wherever that LEA is. Nothing
found here is shown to anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from manzanita.students.actions import Identity
from manzanita.students.models import Enrollment, Ssid, Student
from manzanita.students.put_aside import PutAside, put_aside_of, stays_of_local_ids

# Any number that nobody else takes an advisory lock on.
_REGISTER_LOCK = 7_301_001


# First day, last day, and what ``Enrollment.content`` names.
Held = tuple[date, date | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class KnownStudent:
    """A student as believed now. ``enrollments`` are the versions held by LEA code and start of enrollment; ``aside``
    is what putting records together has put aside, ``entered_as`` who those that were put in were."""

    pk: int
    ssid: str
    identity: Identity
    enrollments: Mapping[tuple[str, date], Sequence[Held]]
    aside: PutAside | None = None
    entered_as: tuple[Identity, ...] = ()

    @property
    def starts(self) -> dict[str, frozenset[date]]:
        """First days of the enrollments by LEA code."""
        days: dict[str, set[date]] = defaultdict(set)
        for lea_code, started_on in self.enrollments:
            days[lea_code].add(started_on)
        return {lea_code: frozenset(of_lea) for lea_code, of_lea in days.items()}


@dataclass(frozen=True, slots=True)
class Matches:
    """Known students by SSID, and by LEA code and local id (of several the one enrolled last). The local id of a
    record that was put into another one names the one that stays."""

    by_ssid: Mapping[str, KnownStudent]
    by_local_id: Mapping[tuple[str, str], KnownStudent]


def hold_register() -> None:
    """Until the transaction ends nobody else makes students: who is not found now is not made twice.

    SQLite's IMMEDIATE transactions already see to it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_REGISTER_LOCK])


def find_students(*, ssids: Collection[str], local_ids: Collection[tuple[str, str]]) -> Matches:
    """Find students by SSIDs and by (LEA code, local id); a bounded number of queries for any number."""
    of_ssid = dict(Ssid.objects.believed().filter(ssid__in=ssids).values_list("ssid", "student_id"))
    wanted = set(local_ids)
    rows = (
        Enrollment.objects.believed()
        .filter(lea_code__in={lea for lea, _ in wanted}, local_student_id__in={local for _, local in wanted})
        .order_by("started_on", "student_id")
        .values_list("lea_code", "local_student_id", "student_id")
    )
    of_local_id = {(lea, local): pk for lea, local, pk in rows if (lea, local) in wanted}
    of_local_id = stays_of_local_ids(wanted - of_local_id.keys()) | of_local_id
    known = _known_students({*of_ssid.values(), *of_local_id.values()})
    return Matches(
        {ssid: known[pk] for ssid, pk in of_ssid.items()},
        {local_id: known[pk] for local_id, pk in of_local_id.items()},
    )


def _known_students(ids: Collection[int]) -> dict[int, KnownStudent]:
    ssids = dict(
        Ssid.objects.believed()
        .filter(student_id__in=ids)
        .order_by("effective_from")
        .values_list("student_id", "ssid")
    )
    enrollments: dict[int, dict[tuple[str, date], list[Held]]] = defaultdict(lambda: defaultdict(list))
    rows = Enrollment.objects.believed().filter(student_id__in=ids).order_by()
    columns = (*Enrollment.slot, "effective_from", "effective_to", *Enrollment.content)
    for pk, lea_code, started_on, start, end, *content in rows.values_list(*columns):
        enrollments[pk][lea_code, started_on].append((start, end, tuple(content)))
    aside = put_aside_of(ids)
    others = {pk for one in aside.values() for pk in one.others}
    students = Student.unscoped.filter(pk__in={*ids, *others}).order_by()
    people = {pk: Identity(*who) for pk, *who in students.values_list("pk", *Identity.__slots__)}
    return {
        pk: KnownStudent(
            pk,
            ssids.get(pk, ""),
            people[pk],
            enrollments[pk],
            aside.get(pk),
            tuple(people[other] for other in aside[pk].others if other in people) if pk in aside else (),
        )
        for pk in ids
        if pk in people
    }
