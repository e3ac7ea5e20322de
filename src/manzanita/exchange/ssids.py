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
from manzanita.exchange.state_book import forget_state_lines, move_state_line
from manzanita.platform import clock
from manzanita.students.models import Ssid, SsidRetirement


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
    today = clock.today()
    for student_id, ssid, last in rows.values_list("student_id", "ssid", "effective_to"):
        # After one that has ended the student has none, until the next.
        found[student_id] += [ssid] if last is None or last >= today else [ssid, ""]
    return {
        student_id: Ssids(ssids[-1], frozenset(ssids) - {ssids[-1], ""})
        for student_id, ssids in found.items()
    }


def retired_ssids(student_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """By student the SSIDs that the state has retired, and how (``SsidRetirement.KINDS``): it has said so when it
    rejected a line, or somebody has recorded it."""
    ids = list(student_ids)
    retired: dict[int, dict[str, str]] = defaultdict(dict)
    for line in SubmissionLine.objects.filter(student_id__in=ids, outcome="rejected"):
        if any(error["code"] in RETIRED_SSID_CODES for error in line.errors):
            retired[line.student_id][line.values[records.SSID_FIELD[line.record]]] = "merged"
    told = SsidRetirement.objects.filter(student_id__in=ids, undone_at__isnull=True)
    for student_id, ssid, kind in told.values_list("student_id", "ssid", "kind"):
        retired[student_id][ssid] = kind
    return retired


def follow_merges(ssids: Mapping[int, Ssids]) -> None:
    """Take what the state holds under an SSID that it has retired as held under the student's own; or, where it has
    withdrawn the SSID, as held no longer."""
    merged = {student_id: one for student_id, one in ssids.items() if one.former}
    if not merged:
        return
    retired = retired_ssids(merged)
    for held in StateRecord.objects.filter(student_id__in=list(retired)):
        number = records.SSID_FIELD[held.record]
        one = merged[held.student_id or 0]
        kind = retired[held.student_id or 0].get(held.values[number])
        if kind is None or held.values[number] not in one.former:
            continue
        values = {**held.values, number: one.current}
        key = records.record_key(held.record, values)
        if kind == "withdrawn" or StateRecord.objects.filter(record_key=key).exists():
            forget_state_lines([held.record_key])
        elif one.current:
            move_state_line(held, values)
