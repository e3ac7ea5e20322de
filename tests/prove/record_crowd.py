"""Many students on either database, for the bench of the record: the small world's Alder, over and over.

One LEA of 5,000 (``FULL``) has everything that Alder has: facts, people, meetings, archives, and what the state holds.
Of the others each has facts and names only: one of none, two of one, three of 25,000 (a quarter of all where there are
fewer), and LEAs of 800. In ``ONE`` and ``MANY`` every student is on each list: as an arrival, a planned leaving, a
transfer that is asked for, half of a pair of possible duplicates, and a line of a batch. Of ``MANY`` 400 are in private
schools and 2,000 in the special groups, as in a district; of ``ALL`` everybody is (:mod:`tests.prove.special_crowd`).
In ``COMING`` and ``COMING_ONE`` everybody turns five, and lives in another district (:mod:`tests.prove.coming_crowd`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

FULL, NONE, ONE, MANY, ALL, OTHER = "9920001", "9920002", "9920003", "9920004", "9920005", 9_930_000
COMING, COMING_ONE, HOME, HOME_ONE = "9920006", "9920007", "9920008", "9920009"
FULL_SIZE, MANY_SIZE, OTHER_SIZE = 5_000, 25_000, 800
FIRST_KEY = 1_000_000
AT_ONCE = 2_000
TOTAL = "students filled"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one student is: key, number and LEA, and the number within it; ``is_full`` with everything, ``is_listed``
    on lists."""

    key: int
    number: int
    lea: str
    among: int
    is_full: bool
    is_listed: bool

    @property
    def ssid(self) -> str:
        return str(7_000_000_000 + self.number)


def sizes(students: int) -> tuple[int, int]:
    """How many are in ``FULL``, and how many in each of the LEAs of many."""
    return min(FULL_SIZE, students // 8), min(MANY_SIZE, students // 4)


def places(students: int) -> Iterator[Place]:
    full, many = sizes(students)
    large = [FULL] * full + [MANY] * many + [ALL] * many + [COMING] * many
    begins = {lea: large.index(lea) for lea in (FULL, MANY, ALL, COMING)}
    for number in range(students):
        after = number - len(large)
        if after < 0:
            lea, among = large[number], number - begins[large[number]]
        else:
            lea = {0: ONE, 1: COMING_ONE}.get(after, str(OTHER + after // OTHER_SIZE))
            among = after % OTHER_SIZE
        yield Place(FIRST_KEY + number, number, lea, among, lea == FULL, lea in (ONE, MANY))


def names(number: int) -> tuple[str, str, date]:
    """First and last name and birth date: of a first name about one in 300, of a last name about one in 1,700."""
    parts = (
        "ba",
        "co",
        "du",
        "fe",
        "gi",
        "ka",
        "lo",
        "mu",
        "ne",
        "pi",
        "ra",
        "so",
        "tu",
        "ve",
        "wi",
        "za",
        "sha",
    )
    first = "".join(parts[number * step % 17] for step in (1, 5)) + "n"
    last = "".join(parts[number // part % 17] for part in (17, 3, 289)) + "k"
    return first.capitalize(), last.capitalize(), date(2010, 1, 1) + timedelta(days=number * 7 % 5000)


def fill(students: int) -> None:
    """Migrate, build the small world, and write everybody beside it; prints the seconds."""
    from django.core.management import call_command
    from django.db import connection

    from tests.support import world as w

    call_command("migrate", verbosity=0)
    started = time.monotonic()
    with _as_owner():
        world = w.small_world()
        _agencies(students)
        for some in _chunked(places(students)):
            _write(world, some)
        _lists(world, students)
        _end_sequences()
    connection.close()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("RESET ROLE")
            connection.connection.execute("VACUUM ANALYZE")
        else:
            cursor.execute("ANALYZE")
    print(f"{students:,} {TOTAL} in {time.monotonic() - started:.0f} s", flush=True)


@contextmanager
def _as_owner() -> Iterator[None]:
    """Without policies and triggers, which watch what people do."""
    from django.db import connection

    from manzanita.platform.reach import whole_installation

    with whole_installation("a bench fills the installation"):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")
        yield


def _chunked(found: Iterator[Place]) -> Iterator[list[Place]]:
    some: list[Place] = []
    for place in found:
        some.append(place)
        if len(some) == AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _agencies(students: int) -> None:
    from manzanita.orgs.models import Agency, School
    from tests.support import world as w

    codes = {place.lea for place in places(students)} | {FULL, NONE, ONE, MANY, ALL, HOME, HOME_ONE}
    made = Agency.objects.bulk_create(
        [Agency(code=code, kind="lea", name=f"District {code}", selpa_code=w.SELPA) for code in sorted(codes)]
    )
    School.objects.bulk_create(
        [School(code=f"6{one.code[1:]}", name=f"School {one.code}", agency=one) for one in made]
    )


def _write(world: Any, some: list[Place]) -> None:
    from django.db import transaction

    from manzanita.students.models import Student
    from tests.prove import coming_crowd
    from tests.prove.special_crowd import add_special, bent, born_as, kind_of

    alder = world.students["alder"]
    with transaction.atomic(), _quiet():
        students = []
        for place in some:
            first, last, born = names(place.number)
            values = _values(alder, place) | {"first_name": first, "last_name": last, "birth_on": born}
            values |= {"name_key": f" {first} {last}".lower(), "local_sped_id": f"B{place.number}"}
            values |= born_as(kind_of(place)) | coming_crowd.born(place)
            students.append(Student(**values | {"id": place.key}))
        Student.unscoped.bulk_create(students, batch_size=500)
        _agencies_of(some)
        _name_keys(some)
        for model, is_for_all in _models():
            rows = list(_manager(model).filter(student_id=alder.pk))
            wanted = [place for place in some if is_for_all or place.is_full]
            made = [
                coming_crowd.bent(
                    bent(model(**_values(row, place) | {"student_id": place.key}), kind_of(place)), place
                )
                for place in wanted
                for row in rows
            ]
            _manager(model).bulk_create(made, batch_size=500)
        _archived(alder.pk, [place for place in some if place.is_full])
        add_special(some)
        coming_crowd.add_coming(world, some)


def _models() -> list[tuple[Any, bool]]:
    """What is copied, and whether of everybody or only of the LEA that has everything."""
    from manzanita.exchange.models import StateRecord
    from manzanita.meetings.models import Meeting
    from manzanita.students import models as s

    return [
        (s.Ssid, True),
        (s.Enrollment, True),
        (s.SpecialEducationStatus, True),
        (s.Plan, True),
        (s.Service, False),
        (s.Contact, False),
        (s.RightsHolder, False),
        (Meeting, False),
        (StateRecord, False),
    ]


def _manager(model: Any) -> Any:
    return getattr(model, "unscoped", model._default_manager)


def _values(row: Any, place: Place) -> dict[str, Any]:
    """The row of Alder's as it would be of the student at this place; without a key, so that it gets one."""
    from manzanita.platform.ids import new_public_id

    found = {}
    for field in row._meta.concrete_fields:
        if field.primary_key:
            continue
        value = getattr(row, field.attname)
        if field.attname == "public_id":
            value = new_public_id()
        found[field.attname] = _placed(value, place)
    return found


def _placed(value: Any, place: Place) -> Any:
    from tests.support import world as w

    if isinstance(value, str):
        return (
            value.replace(w.SSIDS["alder"], place.ssid)
            .replace(w.LEA, place.lea)
            .replace("L0005", f"L{place.number}")
        )
    if isinstance(value, dict | list):
        return json.loads(_placed(json.dumps(value), place))
    return value


def _archived(alder_id: int, some: list[Place]) -> None:
    from manzanita.archive.models import Archive, ArchivedRecord

    archives = list(Archive.objects.filter(student_id=alder_id).order_by("pk"))
    records = list(ArchivedRecord.objects.filter(student_id=alder_id))
    keys = {one.pk: number for number, one in enumerate(archives)}

    def key_of(place: Place, archive_id: int) -> int:
        return FIRST_KEY + place.number * len(archives) + keys[archive_id]

    made, lines = [], []
    for place in some:
        for one in archives:
            values = _values(one, place) | {"id": key_of(place, one.pk), "student_id": place.key}
            made.append(Archive(**values | {"supersedes_id": None}))
        for line in records:
            values = _values(line, place) | {"student_id": place.key}
            lines.append(ArchivedRecord(**values | {"archive_id": key_of(place, line.archive_id)}))
    Archive.objects.bulk_create(made, batch_size=500)
    ArchivedRecord.objects.bulk_create(lines, batch_size=500)


def _name_keys(some: list[Place]) -> None:
    from manzanita.domain.name_sounds import sound_keys
    from manzanita.students.models import NameKey

    made = []
    for place in some:
        first, last, born = names(place.number)
        made += [
            NameKey(student_id=place.key, sound=sound, first_name=first, last_name=last, birth_on=born)
            for sound in sound_keys(first, last)
        ]
    NameKey.objects.bulk_create(made, batch_size=1000)


@contextmanager
def _quiet() -> Iterator[None]:
    """PostgreSQL's triggers keep still: what they would do is done by :func:`_agencies_of`."""
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")


def _agencies_of(some: list[Place]) -> None:
    from django.db import connection

    from tests.prove.coming_crowd import LIVES_IN

    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE students_student SET agencies = %s::text[] WHERE id = %s",
            [([place.lea, *filter(None, [LIVES_IN.get(place.lea)])], place.key) for place in some],
        )


def _lists(world: Any, students: int) -> None:
    """On every list everybody of the two LEAs whose lists are asked for."""
    from manzanita.arrivals.models import Arrival
    from manzanita.domain.arrivals import Evidence
    from manzanita.leaving.models import Leaving
    from manzanita.students.models import BatchEdit, BatchLine, DuplicatePair
    from manzanita.transfers.models import StudentTransfer
    from tests.support import world as w

    by = world.coordinator.pk
    evidence = Evidence(enrolled_on=date(2026, 11, 2)).document()
    batches: dict[str, BatchEdit] = {}
    rows: dict[Any, list[Any]] = {
        Arrival: [],
        Leaving: [],
        StudentTransfer: [],
        DuplicatePair: [],
        BatchLine: [],
    }
    for place in (one for one in places(students) if one.is_listed):
        if place.lea not in batches:
            batches[place.lea] = BatchEdit.objects.create(
                agency_code=place.lea,
                field_key="next_grade",
                title="Bench",
                reason="Bench",
                made_on=w.TODAY,
                made_at=w.NOON,
                by=world.coordinator,
            )
        rows[Arrival].append(
            Arrival(
                student_id=place.key,
                lea_code=place.lea,
                enrolled_on=date(2026, 11, 2),
                kind="look",
                evidence=evidence,
                found_by="bench",
                found_at=w.NOON,
                looked_at=w.NOON,
            )
        )
        rows[Leaving].append(
            Leaving(
                student_id=place.key,
                lea_code=place.lea,
                reason_key="moved_continuing",
                leaves_on=date(2026, 12, 18),
                state="planned",
                note="Bench",
                asked_at=w.NOON,
                asked_by_id=by,
            )
        )
        rows[StudentTransfer].append(
            StudentTransfer(
                student_id=place.key,
                receiving_code=FULL,
                sending_code=place.lea,
                called="B.",
                enroll_on=date(2026, 12, 1),
                state="requested",
                asked_by_id=by,
                asked_at=w.NOON,
            )
        )
        if place.lea == MANY and place.number % 2:
            rows[DuplicatePair].append(
                DuplicatePair(
                    student_id=place.key - 1,
                    other_id=place.key,
                    strength=2,
                    because="same birth date",
                    found_at=w.NOON,
                )
            )
        batch = batches[place.lea]
        rows[BatchLine].append(
            BatchLine(batch=batch, student_id=place.key, position=place.number, old="04", new="05")
        )
    for model, made in rows.items():
        model._default_manager.bulk_create(made, batch_size=500)


def _end_sequences() -> None:
    """New rows get keys above those that were given."""
    from django.apps import apps
    from django.core.management.color import no_style
    from django.db import connection

    models = [apps.get_model("students", "Student"), apps.get_model("archive", "Archive")]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
