"""What an import says of districts of residence (SENR 1.31) that the directory does not have as a district: one note
for each code with its lines. The lines load as they are: what the SIS says stands, whatever the directory has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from manzanita.domain.findings import Severity
from manzanita.orgs.models import Agency
from manzanita.procedures.sis_lines import RESIDENCE, Note, SisFile
from manzanita.procedures.sis_schools import where_named

CODE = "MZ-RESIDENCE"
_DISTRICTS = ("lea", "coe")


def note_unknown_residences(files: Iterable[SisFile]) -> None:
    """Add the notes to the files. The directory is read once, for all of them."""
    named: list[tuple[SisFile, dict[str, list[int]]]] = []
    for file in files:
        lines: dict[str, list[int]] = defaultdict(list)
        for line in file.lines if file.record == "SENR" else ():
            code = "" if line.is_delete else line.values["residence_code"]
            if code and code != line.lea_code:
                lines[code].append(line.line)
        named.append((file, lines))
    codes = {code for _, lines in named for code in lines}
    if not codes:
        return
    known = {code: (kind, name) for code, kind, name in _agencies(codes)}
    for file, lines in named:
        for code, numbers in lines.items():
            kind, name = known.get(code, ("", ""))
            if kind not in _DISTRICTS:
                file.notes.append(_note(code, name, numbers))


def _agencies(codes: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    return Agency.objects.filter(code__in=set(codes)).values_list("code", "kind", "name")


def _note(code: str, name: str, lines: Sequence[int]) -> Note:
    where, kept = where_named(lines)
    what = f"{code} is {name}, and that is no district" if name else f"{code} is not in the directory"
    return Note(
        lines[0],
        CODE,
        "kept",
        Severity.WARNING,
        (RESIDENCE,),
        f"{where}: 1.31 District of Geographic Residence: {what}. {kept} Nobody is shown the student by it.",
        fix="Look the district up. A wrong code is corrected in the SIS; a district outside this installation keeps "
        "its code, and nothing is left to do.",
    )
