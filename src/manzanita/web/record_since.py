"""What differs from today in a record as of another day: of the record itself, and of what the state held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from manzanita.web.record_layers import AT_STATE, Cell, Group, Row

RECORD_NOW = "Record today"
# Which field of which group; of two services with one code, the first and the second.
_Place = tuple[str, int, str]


def since_then(groups: Sequence[Group], today: Sequence[Group]) -> list[Group]:
    """The rows of ``groups`` that say otherwise ``today``, each with what the record says today before its other
    layers. What is only in the record of today comes last, blank on that day."""
    now = dict(_placed(today))
    found: list[Group] = []
    seen: set[_Place] = set()
    layers = [cell.label for group in groups for row in group.rows[:1] for cell in row.cells]
    labels = list(dict.fromkeys(layers))
    for group, places in _with_places(groups):
        seen.update(places)
        rows = [
            replace(row, cells=[_today_cell(row, now.get(place)), *row.cells])
            for place, row in zip(places, group.rows, strict=True)
            if _differs(row, now.get(place))
        ]
        if rows:
            found.append(replace(group, rows=rows))
    for group, places in _with_places(today):
        rows = [
            replace(
                row, key="", current="", has_value=False, is_missing=False, cells=_only_today(row, labels)
            )
            for place, row in zip(places, group.rows, strict=True)
            if place not in seen and row.current
        ]
        if rows:
            found.append(Group(group.title, rows, "not in the record of that day"))
    return found


def _with_places(groups: Sequence[Group]) -> Iterator[tuple[Group, list[_Place]]]:
    met: dict[str, int] = defaultdict(int)
    for group in groups:
        number = met[group.title]
        met[group.title] += 1
        yield group, [(group.title, number, row.declared.label) for row in group.rows]


def _placed(groups: Sequence[Group]) -> Iterator[tuple[_Place, Row]]:
    for group, places in _with_places(groups):
        yield from zip(places, group.rows, strict=True)


def _differs(row: Row, now: Row | None) -> bool:
    if row.current != (now.current if now else ""):
        return True
    then = next((_said(row, cell) for cell in row.cells if cell.label.startswith("State on ")), None)
    held = next((_said(now, cell) for cell in now.cells if cell.label == AT_STATE), None) if now else None
    # Where one of the two is not known, or never told, nothing is said of a difference.
    return then is not None and held is not None and then != held


def _said(row: Row, cell: Cell) -> str | None:
    """What a cell says; a dash where it has no such record, ``None`` where that is not known."""
    return {"same": row.current, "value": cell.text, "blank": "", "nothing": "-"}.get(cell.kind)


def _today_cell(row: Row, now: Row | None) -> Cell:
    current = now.current if now else ""
    if current == row.current:
        return Cell(RECORD_NOW, "same")
    return Cell(RECORD_NOW, "value", current) if current else Cell(RECORD_NOW, "blank")


def _only_today(row: Row, labels: Sequence[str]) -> list[Cell]:
    return [Cell(RECORD_NOW, "value", row.current), *(Cell(label, "nothing") for label in labels)]
