"""Who the lines of a file are: students by SSID and by local id, for procedures that read files of an agency.

Scope plays no part: a student who arrives from another LEA is known by the SSID wherever that LEA is. Nothing
found here is shown to anybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import connection

from manzanita.students.actions import Identity
from manzanita.students.models import Enrollment, Ssid, Student

# Any number that nobody else takes an advisory lock on.
_REGISTER_LOCK = 7_301_001


@dataclass(frozen=True, slots=True)
class KnownStudent:
    """A student as believed now. ``starts`` are the first days of the enrollments by LEA code."""

    pk: int
    ssid: str
    identity: Identity
    starts: Mapping[str, frozenset[date]]


@dataclass(frozen=True, slots=True)
class Matches:
    """Known students by SSID, and by LEA code and local id (of several the one enrolled last)."""

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
    """Find students by SSIDs and by (LEA code, local id); five queries for any number."""
    of_ssid = dict(Ssid.objects.believed().filter(ssid__in=ssids).values_list("ssid", "student_id"))
    wanted = set(local_ids)
    rows = (
        Enrollment.objects.believed()
        .filter(lea_code__in={lea for lea, _ in wanted}, local_student_id__in={local for _, local in wanted})
        .order_by("started_on", "student_id")
        .values_list("lea_code", "local_student_id", "student_id")
    )
    of_local_id = {(lea, local): pk for lea, local, pk in rows if (lea, local) in wanted}
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
    starts: dict[int, dict[str, set[date]]] = defaultdict(lambda: defaultdict(set))
    enrollments = Enrollment.objects.believed().filter(student_id__in=ids)
    for pk, lea, started_on in enrollments.values_list("student_id", "lea_code", "started_on"):
        starts[pk][lea].add(started_on)
    return {
        student.pk: KnownStudent(
            student.pk,
            ssids.get(student.pk, ""),
            Identity(**{name: getattr(student, name) for name in Identity.__slots__}),
            {lea: frozenset(days) for lea, days in starts[student.pk].items()},
        )
        for student in Student.unscoped.filter(pk__in=ids)
    }
