"""Damaged files of all seven records: each damage is named by line and field with its fix, and good lines load.

A file has three lines of three students; most kinds damage the second. Every word expected is written by hand, that
of whole lines and files in ``tests/support/damaged_lines.py``.
"""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.layouts.files import UnreadableFile, parse_record_file
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.validation import load_frame
from manzanita.domain.validation.folder import validate_folder
from manzanita.procedures.sis_lines import read_sis_file
from tests.support.damaged_files import NAME, SHAPES, SSIDS, Kind, both, joined, say, value
from tests.support.damaged_lines import FILES, HARMLESS, LINES

SETTING = Setting(date(2026, 11, 23), "2026-2027")
SIS = ("SENR", "SINF")
STATE = ("SWDS", "MEET", "PLAN", "SERV", "PSTS")
DATED = ("SENR", "SINF", "SWDS", "MEET", "PLAN", "SERV")
WITH_DAY = ("SENR", "SINF", "SWDS", "MEET")
ALL = (1, 2, 3)

# Single values
SPREADSHEET = (
    " A spreadsheet has shortened it and digits are lost: export again, and do not save the file from a "
    "spreadsheet."
)
ZEROS = " If zeros at the front are lost, a spreadsheet took them: export again as text."
PADDED = " There are blanks around it: export without padding."


def a_value(at, text, told, code, **more):
    """The value ``text`` in a field, of which is said: the label of the field, the value, and ``told``."""
    kind = {name: more.pop(name) for name in ("loaded", "records", "imported") if name in more}
    return Kind(value(at, text), say(f'{{field}}: "{text}" {told}', at=at, code=code, **more), **kind)


def no_date(text, at, told="is not a date written as year, month, day (20260915).", **more):
    return a_value(at, text, told, "FRMT0002", **more)


def no_id(at, text, told, **more):
    return a_value(at, text, told, "MZ-DIGITS", **more)


def no_year(text, **more):
    told = "is not an academic year, two years that follow one another (2026-2027)."
    return a_value("year", text, told, "MZ-YEAR", **more)


def stray(text, told):
    return a_value("text", text, told, "MZ-TEXT", severity="warning", loaded=ALL)


def no_number(label, text, record):
    told = "is not a number in digits only: no sign, point, or unit."
    return a_value(label, text, told, "FRMT0004", loaded=ALL, records=(record,))


def no_code(label, text, told, record, **more):
    return a_value(label, text, told, "GERR0002", **{"loaded": ALL, "records": (record,), **more})


SHORT = " Our list may be short, so the value is kept."

VALUES = {
    "a date with slashes": no_date("04/01/2026", "day", loaded=ALL, records=WITH_DAY),
    "an impossible date": no_date(
        "20260230", "day", "is not a day of the calendar.", loaded=ALL, records=WITH_DAY
    ),
    "a bad date in the key": no_date("2026-9-15", "key_day", records=DATED),
    "blanks around a date": no_date(
        "20260915 ",
        "key_day",
        f"is not a date written as year, month, day (20260915).{PADDED}",
        records=DATED,
    ),
    "a date in scientific notation": no_date(
        "2.03E+07",
        "key_day",
        f"is not a date written as year, month, day (20260915).{SPREADSHEET}",
        records=DATED,
    ),
    "a text ten times too long": Kind(
        lambda s, lines: value("text", "W" * s.text_limit * 10)(s, lines),
        say(
            "{field} has {s.text_limit}0 characters and takes at most {s.text_limit}.",
            at="text",
            code="FRMT0001",
        ),
        loaded=ALL,
    ),
    "an SSID in scientific notation": no_id("ssid", "9.9E+09", f"is not 10 digits.{SPREADSHEET}"),
    "an SSID with leading zeros lost": no_id("ssid", "23456789", f"is not 10 digits.{ZEROS}"),
    "an SSID with a letter": no_id("ssid", "99000O0002", "is not 10 digits."),
    "an SSID with a digit too many": no_id("ssid", "99000000022", "is not 10 digits."),
    "an LEA with its leading zero lost": no_id(
        "lea", "110017", f"is not 7 digits.{ZEROS}", records=(*STATE, "SENR")
    ),
    # Of a SINF line the LEA is no part of the key: a batch can judge the line, but no import can place it.
    "an LEA outside the key": no_id(
        "lea", "110017", f"is not 7 digits.{ZEROS}", records=("SINF",), loaded=ALL, imported=(1, 3)
    ),
    "half an academic year": no_year("2026", loaded=ALL, records=DATED),
    "an academic year of two years": no_year("2026-2028", loaded=ALL, records=DATED),
    "a wrong academic year in the key": no_year("26-27", records=("PSTS",)),
    "a tab in a text": stray("Wr\ten", "holds a tab."),
    "a blank that does not break": stray("Wren\u00a0A", "holds a blank that does not break (U+00A0)."),
    "a mark without width": stray("Wr\u200ben", "holds an invisible mark (U+200B)."),
    "a lost character": stray(
        "Wr\ufffdn", "holds the sign for a lost character (U+FFFD): the text was converted wrongly."
    ),
    "UTF-8 written twice": stray("WrÃ©n", 'holds "Ã©", a letter that was converted to UTF-8 twice.'),
    "quote marks around a field": stray('"Wren"', "stands in quote marks, which count as part of the value."),
    # What only some records have
    "an unknown grade": no_code(
        "1.24 Grade Level Code",
        "ZZ",
        f"is not among the codes of GradeLevel that we know.{SHORT}",
        "SENR",
        severity="warning",
    ),
    "an unknown status": no_code(
        "22.12 Special Education Status Code", "9", "is not a code of SpecialEducationStatus.", "SWDS"
    ),
    "an unknown indicator": no_code(
        "24.17 Plan Review Indicator", "J", "is not a code of Indicator.", "MEET"
    ),
    "an unknown disability": no_code(
        "23.15 Disability 1 Code", "999", "is not a code of Disability.", "PLAN"
    ),
    "an unknown service": no_code(
        "25.11 Special Education Service Code",
        "999",
        f"is not among the codes of Service that we know.{SHORT}",
        "SERV",
        severity="warning",
    ),
    "an unknown code in the key": no_code(
        "17.11 Education Program Participation Type Code",
        "99",
        "is not a code of PSTSProgramParticipationType.",
        "PSTS",
        loaded=(1, 3),
    ),
    "a code in small letters": no_code(
        "24.17 Plan Review Indicator", "y", 'is not a code of Indicator. Write it as "Y".', "MEET"
    ),
    "a code with its zero lost": no_code(
        "1.24 Grade Level Code",
        "5",
        'is not among the codes of GradeLevel that we know. Write it as "05".',
        "SENR",
        severity="warning",
    ),
    "blanks around a code": Kind(
        value("23.33", "N "),
        say(
            "{field} has 2 characters and takes at most 1." + PADDED,
            at="23.33 Special Transportation Indicator",
            code="FRMT0001",
        ),
        loaded=ALL,
        records=("PLAN",),
    ),
    "decimal minutes": no_number("25.15 Service Duration", "30.5", "SERV"),
    "negative minutes": no_number("25.15 Service Duration", "-30", "SERV"),
    "minutes with a unit": no_number("25.15 Service Duration", "30 min", "SERV"),
    "a percentage with its sign": no_number(
        "23.23 General Education Participation Percentage", "85%", "PLAN"
    ),
    "a required field empty": Kind(
        value("text", ""),
        say("{field} is required and is empty.", at="text", code="GERR0001"),
        loaded=ALL,
        records=("SWDS", "MEET", "PLAN", "SERV"),
    ),
    "an unknown transaction type": a_value(
        "transaction_field", "X", "is not blank, A, D or R.", "GERR0008", loaded=ALL, records=STATE
    ),
    "a record twice": Kind(
        lambda s, lines: joined(lines[0], lines[2], lines[2]),
        both(
            *(
                say(
                    f"The same record stands also on line {other} of this file. The state keeps only one of them.",
                    code="MZ-STATE-DUPLICATE",
                    line=line,
                    severity="warning",
                    others="key",
                )
                for line, other in ((2, 3), (3, 2))
            )
        ),
        loaded=ALL,
        records=("SWDS", "MEET", "SERV", "PSTS"),
    ),
    "a line of a SIS twice": Kind(
        lambda s, lines: joined(lines[0], lines[2], lines[2]),
        both(
            say(
                "The same record stands again in this file (line 3). This first line is loaded, the later "
                "ones are not.",
                code="MZ-SIS-DUPLICATE",
                line=2,
                others="key",
            ),
            say(
                "The same record stands already on line 2 of this file. This line is not loaded.",
                code="MZ-SIS-DUPLICATE",
                line=3,
                others="key",
            ),
        ),
        loaded=ALL,
        records=SIS,
    ),
}

KINDS = {**{name: Kind(write, loaded=ALL) for name, write in HARMLESS.items()}, **LINES, **VALUES, **FILES}
CASES = [
    pytest.param(kind, SHAPES[record], id=f"{name}-{record}")
    for name, kind in KINDS.items()
    for record in kind.records
]


def test_there_are_more_than_thirty_kinds_and_every_record_has_most_of_them():
    assert len(KINDS) > 60
    for record in SHAPES:
        assert sum(record in kind.records for kind in KINDS.values()) > 45


@pytest.mark.parametrize("record", SHAPES)
def test_the_sound_lines_are_sound(tmp_path, record):
    (tmp_path / NAME).write_bytes(joined(*(SHAPES[record].line.format(ssid) for ssid in SSIDS)))
    validated = validate_folder(tmp_path, SETTING)
    assert [finding for finding in validated.findings if finding.file] == []
    assert [(file.record, file.lines) for file in validated.files] == [(record, 3)]


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_damage_is_named_by_file_line_and_field_with_its_fix(tmp_path, kind, shape):
    (tmp_path / NAME).write_bytes(kind.file_of(shape))
    validated = validate_folder(tmp_path, SETTING)
    told = [
        (one.code, one.line, set(one.fields), one.message, str(one.severity), one.file)
        for one in validated.findings
        if one.severity != "not_evaluated"
    ]
    assert told == [
        (one.code, one.line, one.numbers, one.message, one.severity, NAME) for one in kind.said(shape)
    ]
    assert validated.others == []


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_good_lines_load_and_every_line_is_accounted_for(kind, shape):
    try:
        record_file = parse_record_file(kind.file_of(shape), NAME)
    except UnreadableFile as unreadable:
        assert unreadable.is_damaged
        assert kind.loaded == ()
        return
    assert record_file.record == shape.record
    assert load_frame(record_file).frame["line"].to_list() == list(kind.loaded)
    read = record_file.frame["line"].to_list()
    aside = [one.line for one in record_file.set_aside]
    assert sorted(read + aside) == list(range(1, len(read) + len(aside) + 1))


@pytest.mark.parametrize(("kind", "shape"), [case for case in CASES if case.values[1].record in SIS])
def test_an_import_says_the_same_and_loads_the_same_lines(kind, shape):
    file = read_sis_file(kind.file_of(shape), NAME, lea_code="9912345")
    assert [line.line for line in file.lines] == list(kind.imported or kind.loaded)
    assert file.line_count == len(file.lines) + file.counts["refused"]
    # Lines that stand twice are settled later, over all files of an import.
    expected = [one for one in kind.said(shape) if one.code != "MZ-SIS-DUPLICATE"]
    assert [(note.line, set(note.fields)) for note in file.notes] == [
        (one.line or 0, one.numbers) for one in expected
    ]
    for note, one in zip(file.notes, expected, strict=True):
        assert note.message.startswith(one.message)
        assert note.fix
