"""One state line for people: the exact text, then every value with number, label, meaning and origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from manzanita.domain import records
from manzanita.domain.codes import code_set
from manzanita.domain.fields import short_name
from manzanita.domain.layouts import Field
from manzanita.domain.records import layout_of
from manzanita.web.state_lines import date_meant, summary

_DATE_FIELDS = {"SWDS": "22.11", "PLAN": "23.12", "SERV": "25.17", "MEET": "24.15"}


@dataclass(frozen=True, slots=True)
class LineField:
    """One value. ``meaning`` is the name of its code, or the date in full; empty where the value says it all."""

    number: str
    label: str
    value: str
    meaning: str
    origin: str


@dataclass(frozen=True, slots=True)
class LineView:
    """One line. ``blank`` are the fields without a value, in words; ``correct_id`` is set by the archive."""

    record: str
    text: str
    day: str
    summary: str
    fields: tuple[LineField, ...]
    blank: tuple[tuple[str, str], ...]
    correct_id: int | None = None


def line_view(
    record: str, values: Mapping[str, str], origins: Mapping[str, str], correct_id: int | None = None
) -> LineView:
    """A line of ``values`` (by state field number) as it goes to the state."""
    fields = layout_of(record, values).fields
    return LineView(
        record=record,
        text="^".join(values.get(field.number, "") for field in fields),
        day=date_meant(values[_DATE_FIELDS[record]]),
        summary=summary(record, values),
        fields=tuple(
            LineField(
                field.number,
                short_name(field.number),
                values.get(field.number, ""),
                _meaning(field, values.get(field.number, "")),
                origins.get(field.number, ""),
            )
            for field in fields
            if values.get(field.number)
        ),
        blank=tuple(
            (field.number, short_name(field.number)) for field in fields if not values.get(field.number)
        ),
        correct_id=correct_id,
    )


def _meaning(field: Field, value: str) -> str:
    if field.code_set:
        known = code_set(field.code_set).codes.get(value)
        if known is None:
            return "not in the code set"
        return known.label if known.is_confirmed else f"{known.label} (not confirmed)"
    return date_meant(value) if field.type == "date" else ""


def order_key(record: str) -> int:
    """Records of an archive stand in the order in which the state needs them."""
    return records.ORDER.index(record)
