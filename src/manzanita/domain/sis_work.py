"""What SIS staff are told of a finding that is theirs to mend: enough to mend it in the SIS, and no special education.

They read no student record (perspective F17). A line of their work names the student by local ID and SSID, and tells
what stands in the fields that the SIS itself sends, and days, since an enrollment has to cover them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from manzanita.domain.layouts import SIS_RECORDS, field, layout
from manzanita.domain.records import SSID_FIELD

# The student's number stands on every record, and is theirs wherever it stands.
IDS = frozenset({*SSID_FIELD.values(), "1.08", "1.09", "2.09", "2.10"})


def is_of_sis(number: str) -> bool:
    """Whether the SIS sends the field with this number."""
    return any(number in layout(record).by_number for record in SIS_RECORDS) or number in IDS


def told_values(fields: Sequence[str], values: Mapping[str, str]) -> dict[str, str | None]:
    """What is told of each field: its value, or ``None`` where it is not theirs to know, or in no layout."""
    return {
        number: values.get(number, "") if is_of_sis(number) or _is_day(number) else None for number in fields
    }


def _is_day(number: str) -> bool:
    """The state may name a field that no layout has."""
    try:
        return field(number).type == "date"
    except KeyError:
        return False
