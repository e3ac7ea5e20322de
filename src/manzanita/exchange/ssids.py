"""Under which SSID a student's records stand at the state, when the state has retired or merged one.

Archives keep the SSID of their day. What is reported goes under the one that the student has now; what the state
holds under a former one moves there too, once the state itself has said that the former one is retired.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from manzanita.archive.models import ArchivedRecord
from manzanita.domain import records
from manzanita.domain.rules import RETIRED_SSID_CODES
from manzanita.exchange.models import StateRecord, SubmissionLine
from manzanita.students.models import Ssid


@dataclass(frozen=True, slots=True)
class Ssids:
    """The SSID that a student has now, blank while there is none, and those that the student had before."""

    current: str = ""
    former: frozenset[str] = frozenset()

    def key(self, key: str) -> str:
        """The key of an archived record under the SSID of now."""
        record, lea_code, held, *rest = key.split("|")
        return "|".join([record, lea_code, self.of(held), *rest])

    def values(self, row: ArchivedRecord) -> dict[str, str]:
        """The values of an archived record under the SSID of now."""
        number = records.SSID_FIELD[row.record]
        return {**row.values, number: self.of(row.values[number])}

    def of(self, ssid: str) -> str:
        return self.current if not ssid or ssid in self.former else ssid


def ssids_of(student_ids: Iterable[int]) -> dict[int, Ssids]:
    """By student, as far as there is one; one query."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = Ssid.objects.believed().filter(student_id__in=list(student_ids)).order_by("effective_from")
    for student_id, ssid in rows.values_list("student_id", "ssid"):
        found[student_id].append(ssid)
    return {
        student_id: Ssids(ssids[-1], frozenset(ssids) - {ssids[-1]}) for student_id, ssids in found.items()
    }


def follow_merges(ssids: Mapping[int, Ssids]) -> None:
    """Take what the state holds under an SSID that it has called retired as held under the student's own."""
    merged = {student_id: one for student_id, one in ssids.items() if one.former}
    if not merged:
        return
    retired = defaultdict(set)
    rejected = SubmissionLine.objects.filter(student_id__in=list(merged), outcome="rejected")
    for line in rejected:
        if any(error["code"] in RETIRED_SSID_CODES for error in line.errors):
            retired[line.student_id].add(line.values[records.SSID_FIELD[line.record]])
    for held in StateRecord.objects.filter(student_id__in=list(retired)):
        number = records.SSID_FIELD[held.record]
        one = merged[held.student_id or 0]
        if held.values[number] not in retired[held.student_id] & one.former:
            continue
        values = {**held.values, number: one.current}
        key = records.record_key(held.record, values)
        if StateRecord.objects.filter(record_key=key).exists():
            held.delete()
        else:
            held.values, held.record_key = values, key
            held.save(update_fields=["values", "record_key"])
