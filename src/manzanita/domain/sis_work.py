"""What SIS staff are told of a finding that is theirs to mend: enough to mend it in the SIS, and no special education.

They read no student record (perspective F17). A line of their work names the student by local ID and SSID, and tells
what stands in the fields that the SIS itself sends, and days, since an enrollment has to cover them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from manzanita.domain.codes import code_set
from manzanita.domain.layouts import SIS_RECORDS, field, layout
from manzanita.domain.records import LEA_FIELD, SSID_FIELD

# The student's number stands on every record, and is theirs wherever it stands.
IDS = frozenset({*SSID_FIELD.values(), "1.08", "1.09", "2.09", "2.10"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_of_sis(number: str) -> bool:
    """Whether the SIS sends the field with this number."""
    return any(number in layout(record).by_number for record in SIS_RECORDS) or number in IDS


def told_values(fields: Sequence[str], values: Mapping[str, str]) -> dict[str, str | None]:
    """What is told of each field: its value, or ``None`` where it is not theirs to know, or in no layout."""
    return {
        number: values.get(number, "") if is_of_sis(number) or _is_day(number) else None for number in fields
    }


def _is_known(number: str) -> bool:
    """The state may name a field that no layout has."""
    try:
        return bool(field(number))
    except KeyError:
        return False


def _is_day(number: str) -> bool:
    return _is_known(number) and field(number).type == "date"


def is_told(message: str, values: Mapping[str, str]) -> bool:
    """Whether a finding's message can be told: it names its fields, and nothing stands in it, by code or in words, that
    is not theirs to know. The LEA that reports is their own. What a field says that no layout has, nobody knows."""
    if not values or not all(_is_known(number) for number in values):
        return False
    text = _DAY.sub("", message).casefold()
    return not any(
        re.search(rf"\b{re.escape(words.casefold())}\b", text)
        for number, value in values.items()
        if value and not (is_of_sis(number) or field(number).type == "date" or number in LEA_FIELD.values())
        for words in _said(number, value)
    )


def _said(number: str, value: str) -> tuple[str, ...]:
    """A value and what it means, without its abbreviation."""
    name = field(number).code_set
    code = code_set(name).codes.get(value) if name else None
    return (value, code.label.split(" (")[0]) if code is not None else (value,)
