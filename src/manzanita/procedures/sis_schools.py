"""What an import says of schools that the directory does not know: one note for each school and reason, with its lines.

The lines load as they are: the student is there, whatever the directory has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from manzanita.domain.directory_requests import Place
from manzanita.domain.findings import Severity
from manzanita.domain.listed_places import CODE, Attended, Unlisted, named_by, unlisted
from manzanita.orgs.listing import listed_entries
from manzanita.procedures.sis_lines import Note, SisFile, SisLine
from manzanita.ui.formats import plural

_FIELDS = {
    Place.SCHOOL: ("1.05", "1.05 School of Attendance"),
    Place.NPS: ("1.06", "1.06 School of Attendance NPS"),
}
_LINES_NAMED = 5


def note_unlisted_schools(files: Iterable[SisFile], today: date) -> None:
    """Add the notes to the files. The directory is read once, for all of them."""
    senr = [file for file in files if file.record == "SENR"]
    directory = listed_entries({code for file in senr for line in file.lines for _, code in _named(line)})
    for file in senr:
        # A code that is none was told when the line was read.
        told = {(note.line, number) for note in file.notes for number in note.fields}
        first: dict[tuple[str, str], Unlisted] = {}
        lines: dict[tuple[str, str], list[int]] = defaultdict(list)
        for line in file.lines:
            for one in unlisted(_attended(line), directory, today) if not line.is_delete else ():
                if (line.line, _FIELDS[one.place][0]) not in told:
                    first.setdefault((one.code, one.reason.code), one)
                    lines[one.code, one.reason.code].append(line.line)
        file.notes += [_note(one, lines[key]) for key, one in first.items()]


def _named(line: SisLine) -> list[tuple[Place, str]]:
    return [] if line.is_delete else list(named_by(_attended(line)))


def _attended(line: SisLine) -> Attended:
    values = line.values
    return Attended(line.lea_code, values["school_code"], values["nps_code"], line.starts_on, line.ends_on)


def _note(one: Unlisted, lines: Sequence[int]) -> Note:
    number, name = _FIELDS[one.place]
    where, kept = where_named(lines)
    return Note(
        lines[0],
        CODE,
        "kept",
        Severity.WARNING,
        (number,),
        f"{where}: {name}: {one.reason.text} {kept}",
        one.reason.owner,
        one.reason.way_out,
        one.code if one.asks else "",
    )


def where_named(lines: Sequence[int]) -> tuple[str, str]:
    """Where the lines of one note stand, in words, and that they are loaded."""
    named = ", ".join(str(line) for line in lines[:_LINES_NAMED])
    if len(lines) == 1:
        return f"Line {named}", "The line is loaded as it is."
    where = f"Lines {named}"
    if len(lines) > _LINES_NAMED:
        where += f" and {plural(len(lines) - _LINES_NAMED, 'more line', 'more lines')}"
    return where, "The lines are loaded as they are."
