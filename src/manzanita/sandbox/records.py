"""The four special education records as the sandbox knows them: positions, keys, parts of a line."""

from __future__ import annotations

from collections.abc import Sequence

from manzanita.domain.layouts import SPED_RECORDS, Field, layout

# Parts of the key in order; the MEET date is added in key_of, because it is one of two fields.
KEYS = {
    "SWDS": ("22.06", "22.11", "22.04"),
    "MEET": ("24.06", "24.04"),
    "PLAN": ("23.06", "23.12", "23.04"),
    "SERV": ("25.07", "25.17", "25.04", "25.09", "25.11", "25.12", "25.13"),
}
MEETING_DATE = "24.15"
PENDING_DATE = "24.10"

_STARTS_ON = {"SWDS": "22.11", "MEET": MEETING_DATE, "PLAN": "23.12", "SERV": "25.17"}
_SSID = {"SWDS": "22.06", "MEET": "24.06", "PLAN": "23.06", "SERV": "25.07"}
_LEA = {"SWDS": "22.04", "MEET": "24.04", "PLAN": "23.04", "SERV": "25.04"}

FIELDS: dict[str, tuple[Field, ...]] = {record: layout(record).fields for record in SPED_RECORDS}


class Line:
    """One caret line of a known record with the right number of fields; values by state number."""

    def __init__(self, values: Sequence[str]) -> None:
        self.values = tuple(values)
        self.record = self.values[0].removesuffix("-R")
        self._by_number = {
            field.number: value for field, value in zip(FIELDS[self.record], self.values, strict=True)
        }

    def __getitem__(self, number: str) -> str:
        return self._by_number[number]

    @property
    def ssid(self) -> str:
        return self[_SSID[self.record]]

    @property
    def lea(self) -> str:
        return self[_LEA[self.record]]

    @property
    def starts_on(self) -> str:
        """CCYYMMDD of the status, meeting or plan; blank for a meeting not held yet."""
        return self[_STARTS_ON[self.record]]

    @property
    def transaction_type(self) -> str:
        return self.values[1]

    @property
    def local_record_id(self) -> str:
        return self.values[2]

    @property
    def key(self) -> tuple[str, ...]:
        """What identifies the record at the state."""
        parts = tuple(self[number] for number in KEYS[self.record])
        if self.record == "MEET":
            parts += (self[MEETING_DATE] or self[PENDING_DATE],)
        return parts

    @property
    def stored_text(self) -> str:
        """The caret line as kept: plain record type, transaction type blank."""
        return "^".join((self.record, "", *self.values[2:]))
