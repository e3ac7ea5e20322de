"""What this installation believes of students, as state records: what the state should hold by our archives, what it
holds beyond that, and the enrollments. The rules judge this between one send and the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from manzanita.archive.queries import archived_keys
from manzanita.domain import records
from manzanita.domain.judging import Rows
from manzanita.domain.records import complete
from manzanita.exchange.checks import birth_rows_of, enrollment_rows_of
from manzanita.exchange.models import StateRecord
from manzanita.exchange.reporting import reported_records
from manzanita.exchange.ssids import Ssids, ssids_of


def believed_rows(student_ids: Iterable[int]) -> dict[int, Rows]:
    """Per student, rows by record type; students of whom there is no state record are left out.

    What the state holds and we are about to delete is not believed. Seven queries for any number of students, two
    more where some of them have no enrollment.
    """
    ids = list(student_ids)
    reported, archived, ssids = reported_records(ids), archived_keys(ids), ssids_of(ids)
    found: dict[int, dict[str, dict[str, dict[str, str]]]] = defaultdict(lambda: defaultdict(dict))
    known: dict[int, set[str]] = {}
    for student_id in ids:
        own = ssids.get(student_id, Ssids())
        keys = archived.get(student_id, set())
        known[student_id] = {*keys, *map(own.key, keys)}
        for row in reported.get(student_id, []):
            found[student_id][row.record][own.key(row.record_key)] = complete(row.record, own.values(row))
    for held in StateRecord.objects.filter(student_id__in=ids).order_by("pk"):
        if held.record_key not in known[held.student_id]:
            found[held.student_id][held.record][held.record_key] = complete(held.record, held.values)
    enrollments = enrollment_rows_of(list(found))
    births = birth_rows_of([student_id for student_id in found if not enrollments[student_id]])
    return {
        student_id: {
            **{record: list(of_student[record].values()) for record in records.ORDER},
            "SENR": enrollments[student_id],
            "SINF": births.get(student_id, []),
        }
        for student_id, of_student in found.items()
    }
