"""The district's own copy of the state's workbook: what it says of layouts, code sets and error texts of one year.

:mod:`.reading` takes the sheets out of a file, :mod:`.checking` turns them into a :class:`Workbook` or says what is
wrong with them, :mod:`.applying` makes a specification of it, :mod:`.differences` says what that changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# Sheet name -> its rows from the first, each as the texts of its cells.
Sheets = Mapping[str, Sequence[Sequence[str]]]

LAYOUTS, CODE_SETS, ERRORS = "Layouts", "Code Sets", "Errors"


class WorkbookRefused(ValueError):
    """A workbook that is not loaded. ``problems`` are sentences: sheet, row, column, and how to mend it."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems[0])
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of a record as the workbook has it; the rows of a record stand in order of position."""

    number: str
    name: str
    type: str
    max_length: int
    required: str
    code_set: str
    format: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class CodeRow:
    code: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Workbook:
    """What a workbook says. A record or a code set that it does not name is left as the product brings it along."""

    layouts: Mapping[str, Sequence[FieldRow]]
    code_sets: Mapping[str, Sequence[CodeRow]]
    error_texts: Mapping[str, str]

    def as_document(self) -> dict[str, Any]:
        """The content as JSON can hold it; :meth:`of_document` reads it back."""
        return {
            "layouts": {record: [asdict(row) for row in rows] for record, rows in self.layouts.items()},
            "code_sets": {name: [asdict(row) for row in rows] for name, rows in self.code_sets.items()},
            "error_texts": dict(self.error_texts),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Workbook:
        return cls(
            layouts={
                record: tuple(FieldRow(**row) for row in rows) for record, rows in document["layouts"].items()
            },
            code_sets={
                name: tuple(CodeRow(**row) for row in rows) for name, rows in document["code_sets"].items()
            },
            error_texts=dict(document["error_texts"]),
        )
