"""From a workbook to the specification of one year: what it says, over what the product brings along."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import MappingProxyType

from manzanita.domain.codes import Code, CodeSet, packaged_code_sets
from manzanita.domain.layouts import RECORDS, Field, Layout, packaged_layout
from manzanita.domain.specification import Specification
from manzanita.domain.workbook import CodeRow, FieldRow, Workbook

CONFIRMED = "confirmed"
PACKAGED_ORIGIN = "the layouts and codes that came with Manzanita"


@cache
def packaged_specification() -> Specification:
    """What holds in a year without a workbook, as a specification."""
    layouts = MappingProxyType({record: packaged_layout(record) for record in RECORDS})
    return Specification("", PACKAGED_ORIGIN, layouts, packaged_code_sets(), MappingProxyType({}))


def specification_of(workbook: Workbook, *, year: str, origin: str) -> Specification:
    """The specification of ``year`` where ``workbook`` is in force.

    A record or a set that it names is replaced whole; all else stays ours, with our confidence. A code of ours that a
    replaced set does not list counts as retired, so that old records keep its name. ``origin`` becomes the source of
    each row (``"the district's copy of the state's workbook of 2026-11-23"``).
    """
    packaged = packaged_specification()
    layouts = {
        record: Layout(record, year, tuple(_field(record, row, origin) for row in rows))
        for record, rows in workbook.layouts.items()
    }
    code_sets = {name: _code_set(name, rows, origin) for name, rows in workbook.code_sets.items()}
    return Specification(
        year=year,
        origin=origin,
        layouts=MappingProxyType({**packaged.layouts, **layouts}),
        code_sets=MappingProxyType({**packaged.code_sets, **code_sets}),
        error_texts=MappingProxyType(dict(workbook.error_texts)),
    )


def _field(record: str, row: FieldRow, origin: str) -> Field:
    ours = packaged_layout(record).by_number.get(row.number)
    return Field(
        number=row.number,
        name=row.name,
        type=row.type,
        max_length=row.max_length,
        required=row.required,
        code_set=row.code_set or None,
        format=row.format or (ours.format if ours else ""),
        is_key=ours is not None and ours.is_key,
        confidence=CONFIRMED,
        length_confidence=CONFIRMED,
        description=row.description or (ours.description if ours else ""),
        source=origin,
    )


def _code_set(name: str, rows: Sequence[CodeRow], origin: str) -> CodeSet:
    known = packaged_code_sets().get(name)
    ours = known.codes if known else {}
    gone = {
        code.code: Code(
            code.code,
            code.name,
            "retired",
            code.code_confidence,
            code.name_confidence,
            code.source,
            words=code.words,
        )
        for code in ours.values()
    }
    # Our words are for the name that we know; another name of the code speaks for itself.
    words = {(code.code, code.name): code.words for code in ours.values()}
    listed = {
        row.code: Code(
            row.code,
            row.name,
            row.status,
            CONFIRMED,
            CONFIRMED,
            origin,
            words=words.get((row.code, row.name), ""),
        )
        for row in rows
    }
    return CodeSet(name, True, origin, MappingProxyType({**gone, **listed}))
