"""The special education records as the sandbox knows them: positions, keys, parts of a line."""

from __future__ import annotations

from collections.abc import Sequence

from manzanita.domain.layouts import SPED_RECORDS, Field, layout

RECORDS = (*SPED_RECORDS, "PSTS")

# Parts of the key in order; the MEET date is added in key_of, because it is one of two fields.
KEYS = {
    "SWDS": ("22.06", "22.11", "22.04"),
    "MEET": ("24.06", "24.04"),
    "PLAN": ("23.06", "23.12", "23.04"),
    "SERV": ("25.07", "25.17", "25.04", "25.09", "25.11", "25.12", "25.13"),
    "PSTS": ("17.08", "17.04", "17.10", "17.11", "17.07", "17.12"),
}
# Of a record that is replaced as a set, how many parts of the key name the set: the services of one plan, the
# outcomes of one student in one kind of program and year.
SET_PARTS = {"SERV": 4, "PSTS": 5}
MEETING_DATE = "24.15"
PENDING_DATE = "24.10"

_STARTS_ON = {"SWDS": "22.11", "MEET": MEETING_DATE, "PLAN": "23.12", "SERV": "25.17"}
_LEA = {"SWDS": "22.04", "MEET": "24.04", "PLAN": "23.04", "SERV": "25.04", "PSTS": "17.04"}


def fields_of(record: str) -> tuple[Field, ...]:
    """The fields of a line in their order: by the workbook that is followed, else as the product brings them along."""
    return layout(record).fields


class Line:
    """One caret line of a known record with the right number of fields; values by state number."""

    def __init__(self, values: Sequence[str]) -> None:
        self.values = tuple(values)
        self.record = self.values[0].removesuffix("-R")
        self._by_number = {
            field.number: value for field, value in zip(fields_of(self.record), self.values, strict=True)
        }

    def __getitem__(self, number: str) -> str:
        return self._by_number[number]

    @property
    def ssid(self) -> str:
        return self[KEYS[self.record][0]]

    def with_ssid(self, ssid: str) -> Line:
        """The same line of another SSID."""
        number = KEYS[self.record][0]
        return Line(
            [
                ssid if field.number == number else value
                for field, value in zip(fields_of(self.record), self.values, strict=True)
            ]
        )

    @property
    def lea(self) -> str:
        return self[_LEA[self.record]]

    @property
    def starts_on(self) -> str:
        """CCYYMMDD of the status, meeting or plan; blank for a meeting not held yet and for PSTS."""
        return self[_STARTS_ON[self.record]] if self.record in _STARTS_ON else ""

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
    def replaced_set(self) -> tuple[str, ...] | None:
        """The set that this line belongs to and replaces, or None for a line that stands alone.

        PSTS is of the replacement type; a service replaces the services of its plan where its type says R.
        """
        replaces = {"PSTS": ("", "A", "R"), "SERV": ("R",)}.get(self.record, ())
        return self.key[: SET_PARTS[self.record]] if self.transaction_type in replaces else None

    @property
    def stored_text(self) -> str:
        """The caret line as kept: plain record type, transaction type blank."""
        return "^".join((self.record, "", *self.values[2:]))
