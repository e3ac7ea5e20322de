"""Birth dates of SIS files that cannot be a student's: one to come is left empty, one too old for a grade is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from manzanita.domain.findings import Severity
from manzanita.domain.layouts import layout
from manzanita.domain.same_person import why_no_birth_date
from manzanita.procedures.sis_lines import IDENTITY_FIELDS, Note, SisFile, SisLine

_GRADES = frozenset({"KN", *(f"{number:02}" for number in range(1, 13))})


def judge_birth_dates(files: Iterable[SisFile], today: date) -> None:
    """Take birth dates to come out of the lines, with a note; note those of lines in kindergarten to grade 12 that are
    of somebody older than a student can be."""
    for file in files:
        file.lines = [_judged(file, line, today) for line in file.lines]


def _judged(file: SisFile, line: SisLine, today: date) -> SisLine:
    born = line.identity.birth_on
    why = why_no_birth_date(born, today) if born is not None and not line.is_delete else ""
    if born is None or not why:
        return line
    is_to_come = born > today
    if not is_to_come and line.values.get("grade_code") not in _GRADES:
        return line
    number = IDENTITY_FIELDS[file.record]["birth_on"]
    name = f"{number} {layout(file.record).by_number[number].name}"
    outcome = (
        "The field is left empty; the rest of the line is loaded." if is_to_come else "The line is loaded."
    )
    file.notes.append(
        Note(
            line.line,
            "MZ-BIRTH-DATE",
            "emptied" if is_to_come else "kept",
            Severity.WARNING,
            (number,),
            f"Line {line.line}: {name} {born:%m/%d/%Y} {why}. {outcome}",
        )
    )
    if not is_to_come:
        return line
    file.counts["emptied"] += 1
    return replace(line, identity=replace(line.identity, birth_on=None))
