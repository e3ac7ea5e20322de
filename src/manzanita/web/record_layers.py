"""One field of the record with its layers: current, proposed, last archived, at the state; and what differs. Of another
day there is one more: what the state held then.

Every layer is compared as the state writes it (``20261123``, ``Y``), and only then put into words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from manzanita.archive.models import ArchivedRecord
from manzanita.domain.fields import FieldDeclaration
from manzanita.domain.records import parse_state_date, state_date
from manzanita.exchange.models import StateRecord
from manzanita.ui.formats import us_date
from manzanita.web.record_state_then import PutThere
from manzanita.web.student_file import StudentFile, meeting_day

PROPOSED, ARCHIVED, AT_STATE = "Proposed", "Archived", "At the state"
STATE_NOW = "State today"
NOT_ARCHIVED, NOT_HELD = "not archived here", "the state holds nothing"
HELD_NOTHING, NOT_KNOWN = "the state had nothing then", "what the state held then is not known"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of one field. ``values`` are its texts by state field number, ``None`` where the layer has no such
    record at all; unless ``is_known``, nobody knows whether it had one."""

    label: str
    values: Mapping[str, str] | None
    is_known: bool = True

    def text(self, declared: FieldDeclaration) -> str | None:
        """What it says; ``None`` where it has no such record."""
        if self.values is None:
            return None
        return next((self.values[number] for number in declared.numbers if number in self.values), None)

    def can_say(self, declared: FieldDeclaration) -> bool:
        """Whether a record of this layer could have the field: nothing of the SIS alone is archived."""
        return any(number.partition(".")[0] not in ("1", "2") for number in declared.numbers)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one layer says of a field. ``kind``: ``same``, ``value``, ``blank``, ``nothing`` (it has no such record),
    ``unknown`` (nobody knows whether it had one) or ``never`` (no record of it has the field)."""

    label: str
    kind: str
    text: str = ""

    @property
    def is_told(self) -> bool:
        """Whether it says another value than the current one."""
        return self.kind in ("value", "blank")


@dataclass(frozen=True, slots=True)
class Row:
    """One field as the page shows it. ``key`` is empty where there is no current fact whose history could be shown."""

    declared: FieldDeclaration
    key: str
    current: str
    cells: Sequence[Cell]
    is_missing: bool
    has_value: bool

    @property
    def differs(self) -> bool:
        return any(cell.is_told or (cell.kind == "nothing" and self.has_value) for cell in self.cells)

    @property
    def told(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.is_told]

    @property
    def is_empty(self) -> bool:
        return not self.has_value and not self.told and not self.is_missing

    @property
    def is_confirmed(self) -> bool:
        """Whether the state prints the field's place; what only the product has needs no source."""
        return not self.declared.number or self.declared.layout_field.is_confirmed


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that stand together. ``note`` says of a whole record that a layer has none of it, ``then`` what put there
    what the state held on another day."""

    title: str
    rows: Sequence[Row]
    note: str = ""
    id: str = ""
    then: PutThere | None = None

    @property
    def is_open(self) -> bool:
        """A group that says nothing anywhere is folded."""
        return not all(row.is_empty for row in self.rows)


def layers_of(
    file: StudentFile,
    proposed: Mapping[str, str] | None = None,
    archived: ArchivedRecord | None = None,
    held: StateRecord | None = None,
    then: StateRecord | None = None,
) -> list[Layer]:
    """The layers beside the current one. Where no meeting is open there is none of what is proposed."""
    layers = [Layer(ARCHIVED, archived.values if archived else None)]
    shown = file.state_then
    if shown is not None:
        layers.append(Layer(shown.label, then.values if then else None, shown.then.is_complete))
    if shown is None or shown.has_now:
        layers.append(Layer(STATE_NOW if shown else AT_STATE, held.values if held else None))
    if file.open_meeting is not None:
        layers.insert(0, Layer(f"{PROPOSED} {us_date(meeting_day(file.open_meeting))}", proposed or None))
    return layers


def without(
    file: StudentFile, archived: ArchivedRecord | None, held: StateRecord | None, then: StateRecord | None
) -> str:
    """Which of these has no such record at all, in words."""
    shown = file.state_then
    told: list[tuple[str, object]] = [(NOT_ARCHIVED, archived)]
    if shown is not None:
        told.append((HELD_NOTHING if shown.then.is_complete else NOT_KNOWN, then))
    if shown is None or shown.has_now:
        told.append((NOT_HELD, held))
    return ", ".join(words for words, row in told if row is None)


def newest(rows: Sequence[Any], record: str) -> Any:
    """Of archived or state records the newest of one kind, by the date of its key."""
    return max((row for row in rows if row.record == record), key=lambda row: row.key_on, default=None)


def state_text(value: Any) -> str:
    """A column's value as the state writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return state_date(value) if isinstance(value, date) else str(value)


def words_of(file: StudentFile, declared: FieldDeclaration, text: str) -> str:
    """A value for people: a code with its name, a day as it is written here."""
    if not text:
        return ""
    if declared.names == "agency":
        return file.agency(text)
    if declared.names == "school":
        return f"{text} {file.schools.get(text, '')}".strip()
    if is_day(declared):
        try:
            return us_date(parse_state_date(text))
        except ValueError:
            return text
    return declared.label_of(text) if declared.number else text


def is_day(declared: FieldDeclaration) -> bool:
    return declared.layout_field.type == "date" if declared.number else declared.attribute.endswith("_on")


def row_of(
    file: StudentFile,
    declared: FieldDeclaration,
    current: Any,
    layers: Sequence[Layer],
    *,
    slot: str = "",
    missing: frozenset[str] | set[str] = frozenset(),
) -> Row:
    """The row of one field. ``slot`` takes the place of the fact in its key: ``service-2``; ``-`` for none."""
    now = state_text(current)
    return Row(
        declared=declared,
        key="" if slot == "-" else f"{slot or declared.holder}.{declared.attribute}",
        current=words_of(file, declared, now),
        cells=[_cell(file, declared, now, layer) for layer in layers],
        is_missing=not now and any(number in missing for number in declared.numbers),
        has_value=bool(now),
    )


def _cell(file: StudentFile, declared: FieldDeclaration, now: str, layer: Layer) -> Cell:
    if not layer.can_say(declared):
        return Cell(layer.label, "never")
    text = layer.text(declared)
    if text is None:
        # Nothing is proposed where no meeting speaks of it: then it stays as it is.
        is_proposed = layer.label.startswith(PROPOSED)
        return Cell(layer.label, "same" if is_proposed else "nothing" if layer.is_known else "unknown")
    if text == now:
        return Cell(layer.label, "same")
    return Cell(layer.label, "value", words_of(file, declared, text)) if text else Cell(layer.label, "blank")
