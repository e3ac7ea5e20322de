"""State records as values: a mapping of field number to text, and the key that names a record at the state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from manzanita.domain.layouts import RECORD_OF_FILE_NUMBER, YEAR_FIELD, Layout, layout

Values = Mapping[str, str]

# Fields that together name one record at the state, in a stable order. MEET has a meeting date or, while the
# meeting is still to come, a pending-as-of date.
KEY_FIELDS: Mapping[str, tuple[str, ...]] = {
    "SWDS": ("22.04", "22.06", "22.11"),
    "MEET": ("24.04", "24.06", "24.15", "24.10"),
    "PLAN": ("23.04", "23.06", "23.12"),
    "SERV": ("25.04", "25.07", "25.17", "25.11", "25.12", "25.13"),
}
SSID_FIELD: Mapping[str, str] = {"SWDS": "22.06", "MEET": "24.06", "PLAN": "23.06", "SERV": "25.07"}
LEA_FIELD: Mapping[str, str] = {"SWDS": "22.04", "MEET": "24.04", "PLAN": "23.04", "SERV": "25.04"}
TRANSACTION_FIELD: Mapping[str, str] = {"SWDS": "22.02", "MEET": "24.02", "PLAN": "23.02", "SERV": "25.02"}
LOCAL_RECORD_FIELD: Mapping[str, str] = {"SWDS": "22.03", "MEET": "24.03", "PLAN": "23.03", "SERV": "25.03"}
ORDER = ("SWDS", "MEET", "PLAN", "SERV")


def record_of(values: Values) -> str:
    """The record type of a mapping, from the file number of its fields."""
    return RECORD_OF_FILE_NUMBER[next(iter(values)).split(".")[0]]


def key_on(record: str, values: Values) -> date:
    """The date of the record's key. Raises ``ValueError`` when it is blank or no date."""
    number = {"SWDS": "22.11", "PLAN": "23.12", "SERV": "25.17"}.get(record)
    text = values[number] if number else (values["24.15"] or values["24.10"])
    return parse_state_date(text)


def record_key(record: str, values: Values) -> str:
    """``PLAN|9910017|9900000001|20261123``: the name of the record at the state."""
    parts = [values[number] for number in KEY_FIELDS[record]]
    if record == "MEET":
        lea, ssid, held, pending = parts
        parts = [lea, ssid, held or f"pending-{pending}"]
    return "|".join([record, *parts])


def plan_key_of_service(values: Values) -> str:
    """The key of the PLAN that a SERV belongs to."""
    return "|".join(["PLAN", values["25.04"], values["25.07"], values["25.17"]])


def spoken_key(key: str) -> str:
    """Which record a key names, for people: ``PLAN of 10/09/2026``, ``Service 330 of the plan of 11/14/2025``; of what
    has no day only the record type."""
    record, *parts = key.split("|")
    days = [part.removeprefix("pending-") for part in parts[2:]]
    day = next((one for one in days if len(one) == 8 and one.isascii() and one.isdigit()), "")
    if not day:
        return record
    on = f"{day[4:6]}/{day[6:]}/{day[:4]}"
    if record == "SERV":
        return f"Service {parts[3]} of the plan of {on}"
    return f"{record} {'pending since' if 'pending-' in key else 'of'} {on}"


def layout_of(record: str, values: Values) -> Layout:
    """The layout of the academic year that the values name; where they name none, of the year being judged."""
    return layout(record, values.get(YEAR_FIELD[record]) or None)


def complete(record: str, values: Values) -> dict[str, str]:
    """``values`` with every field of their year's layout present, in file order, blanks as empty text."""
    return {number: values.get(number, "") for number in layout_of(record, values).numbers}


def content(record: str, values: Values) -> dict[str, str]:
    """What must be equal for two lines to say the same: all but transaction type and local record id."""
    left_out = {TRANSACTION_FIELD[record], LOCAL_RECORD_FIELD[record]}
    return {
        number: values.get(number, "")
        for number in layout_of(record, values).numbers
        if number not in left_out
    }


def parse_state_date(text: str) -> date:
    """``20261123`` as a date. Raises ``ValueError``."""
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        raise ValueError(f"not a date CCYYMMDD: {text!r}")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def state_date(day: date | None) -> str:
    """A date as the state writes it, or empty text."""
    return day.strftime("%Y%m%d") if day else ""
