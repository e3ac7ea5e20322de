"""Kinds of damage to whole lines and whole files, each with what is to be said of it, written by hand."""

from __future__ import annotations

import gzip
import io
import zipfile

from tests.support.damaged_files import SHAPES, SSIDS, Kind, joined, say, second

# Everything loads, and nothing is said.
HARMLESS = {
    "byte order mark": lambda s, lines: b"\xef\xbb\xbf" + joined(*lines),
    "byte order mark of an appended file": lambda s, lines: joined(lines[0], "\ufeff" + lines[1], lines[2]),
    "line ends of Windows": lambda s, lines: joined(*lines, end="\r\n"),
    "line ends of old Macintoshes": lambda s, lines: joined(*lines, end="\r"),
    "line ends doubled by a transfer": lambda s, lines: joined(*lines, end="\r\r\n"),
    "no last line end": lambda s, lines: joined(*lines)[:-1],
    "blank lines at the end": lambda s, lines: joined(*lines, "", "  ", ""),
}

# A line set aside as a whole
ASIDE = " The whole line is set aside."
CUT_OFF = (
    "the line is cut off, a line break stands inside a value, or a caret (^) is missing. Export it again."
    + ASIDE
)
MORE = "Line 2 has {more} fields, and a {s.record} line has {s.fields}. "
INSIDE = (
    MORE
    + "A value probably holds a caret (^), which divides fields. Take it out where it was entered."
    + ASIDE
)
INSIDE_OR_LAST = (
    MORE
    + "A value probably holds a caret (^), which divides fields, or the export writes one too many at the end of "
    "the line." + ASIDE
)


def one_more(shape, message):
    return say(message.replace("{more}", str(shape.fields + 1)))(shape)


def caret_inside(shape):
    # Of the seven only a SERV line ends in a field that is filled here.
    return one_more(shape, INSIDE if shape.record == "SERV" else INSIDE_OR_LAST)


def ends_at(shape, line, label):
    """Said of a line that ends in the place of a field; the digits after the point of its number count the fields."""
    count = int(label.split(" ")[0].split(".")[1])
    return say(
        f"Line {line} has {count} fields, and a {{s.record}} line has {{s.fields}}. It ends in the place of field "
        f"{label}: {CUT_OFF}",
        line=line,
    )(shape)


def record_type(start, hint, line=2):
    return say(
        f'Line {line} has the record type "{start}" in field {{s.type_field}}, and this file is {{s.record}}.{ASIDE} '
        f"{hint}",
        at="type_field",
        line=line,
    )


def bad_character(what):
    return say(
        f"Line 2 has {what} in field {{field}}.{ASIDE[:-1]}; take it out where it was entered.", at="text"
    )


def other_record(shape):
    return "SWDS" if shape.record == "SENR" else "SENR"


ONE_TYPE = "One file holds one record type: split the export."
SEVERAL = "Several records stand on one line: the export has to end each with a line end." + ASIDE

LINES = {
    "a field too few": Kind(
        second(lambda s, line: line.replace("^^", "^", 1)), lambda s: ends_at(s, 2, s.last_but_one)
    ),
    "a caret inside a value": Kind(second(lambda s, line: line.replace("Wren", "Wr^en")), caret_inside),
    "a quoted caret": Kind(second(lambda s, line: line.replace("Wren", '"Wr^en"')), caret_inside),
    "a caret at the end": Kind(second(lambda s, line: line + "^"), lambda s: one_more(s, INSIDE_OR_LAST)),
    "carets doubled": Kind(
        second(lambda s, line: line.replace("^", "^^")),
        say(
            "Line 2 has {s.doubled} fields, and a {s.record} line has {s.fields}. Every caret (^) is doubled: choose a "
            "single caret as the delimiter of the export." + ASIDE
        ),
    ),
    "Latin-1": Kind(
        lambda s, lines: (
            joined(lines[0]) + lines[1].replace("Wren", "Wrén").encode("latin-1") + b"\n" + joined(lines[2])
        ),
        say(
            "Line 2 has a character that is not UTF-8 in field {field}. The whole line is set aside; save the export "
            "as UTF-8 and load it again.",
            at="text",
        ),
    ),
    **{
        name: Kind(second(lambda s, line, bad=bad: line.replace("Wren", f"Wr{bad}en")), bad_character(what))
        for name, bad, what in (
            ("a NUL byte", "\0", "a NUL character (U+0000)"),
            ("a control character", "\x1f", "a control character (U+001F)"),
            ("a form feed", "\f", "a control character (U+000C)"),
            ("an apostrophe of Windows read as Latin-1", "\x92", "a control character (U+0092)"),
            ("a carriage return inside a value", "\r", "a carriage return (U+000D)"),
        )
    },
    "a line break inside a value": Kind(
        second(lambda s, line: line.replace("Wren", "Wr\nen")),
        lambda s: [*ends_at(s, 2, s.text), *record_type("en", ONE_TYPE, line=3)(s)],
        loaded=(1, 4),
    ),
    "a sign without ink on a line of its own": Kind(
        lambda s, lines: joined(*lines, "\x1a"),
        say(
            "Line 4 has a control character (U+001A) in field {field}. The whole line is set aside; take it out "
            "where it was entered.",
            at="first",
            line=4,
        ),
        loaded=(1, 2, 3),
    ),
    "a blank line in between": Kind(
        lambda s, lines: joined(lines[0], " ", lines[2]),
        say("Line 2 is empty. Remove it, or look for the record that is missing here."),
    ),
    "another record type in between": Kind(
        second(lambda s, line: "DISC" + line[4:]), record_type("DISC", ONE_TYPE)
    ),
    "two records of the seven in one file": Kind(
        second(lambda s, line: SHAPES[other_record(s)].line.format(SSIDS[1])),
        lambda s: record_type(other_record(s), ONE_TYPE)(s),
    ),
    "a line of an extract among lines to be sent": Kind(
        second(lambda s, line: line[:4] + "-R" + line[4:] + "^20261101^20261101"),
        record_type("{s.record}-R", ONE_TYPE),
    ),
    "record type in small letters": Kind(
        second(lambda s, line: s.low + line[4:]),
        record_type("{s.low}", "Write it in capitals: {s.record}."),
    ),
    "blanks around the record type": Kind(
        second(lambda s, line: " " + line), record_type(" {s.record}", "Take out the blanks around it.")
    ),
    "quote marks around every field": Kind(
        second(lambda s, line: '"' + line.replace("^", '"^"') + '"'),
        record_type('"{s.record}"', "Export without quote marks."),
    ),
    "a heading": Kind(
        lambda s, lines: joined("Record Type Code^Transaction Type Code^Local Record ID", *lines),
        record_type(
            "Record Type Code", "That is a heading, and record files have none: remove the line.", line=1
        ),
        loaded=(2, 3, 4),
    ),
    "the last line cut off": Kind(
        lambda s, lines: joined(*lines[:2]) + lines[2][: lines[2].index("9900000003") + 4].encode(),
        lambda s: ends_at(s, 3, s.ssid),
        loaded=(1, 2),
    ),
    "a line end missing": Kind(
        lambda s, lines: joined(lines[0] + "^" + lines[1], lines[2]),
        lambda s: say(
            f"Line 1 has {2 * s.fields} fields, and a {{s.record}} line has {{s.fields}}. {SEVERAL}", line=1
        )(s),
        loaded=(2,),
    ),
    "one huge line": Kind(
        lambda s, lines: joined("^".join(lines * 2000), lines[2]),
        lambda s: say(
            f"Line 1 has {6000 * s.fields} fields, and a {{s.record}} line has {{s.fields}}. {SEVERAL}",
            line=1,
        )(s),
        loaded=(2,),
    ),
    "a line divided by commas": Kind(
        second(lambda s, line: line.replace("^", ",")),
        say(
            "Line 2 is divided by commas, and the fields of a record by carets (^). The whole line is set aside; "
            "choose the caret as the delimiter of the export."
        ),
    ),
}

# Files without a record
UNKNOWN = (
    "No line of damaged.txt starts with a record type we know (SWDS, MEET, PLAN, SERV, PSTS, SENR, SINF): line 1 "
    'starts with "{start}". The whole file is set aside. '
)


def zipped(data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", data)
    return buffer.getvalue()


def nothing(write, message, line=None):
    return Kind(write, say(message, line=line), loaded=())


FILES = {
    **{
        name: nothing(
            lambda s, lines, data=data: data,
            "The file damaged.txt is empty. Export it again, and check that the export finished.",
        )
        for name, data in (("an empty file", b""), ("only blank lines", b"\n  \r\n\n"))
    },
    **{
        f"encoded as {encoding}": nothing(
            lambda s, lines, encoding=encoding: joined(*lines).decode().encode(encoding),
            "The file damaged.txt is UTF-16, and record files are UTF-8. The whole file is set aside; save the export "
            "as UTF-8 and load it again.",
        )
        for encoding in ("utf-16", "utf-16-le", "utf-16-be")
    },
    **{
        f"all divided by {words}": nothing(
            lambda s, lines, sign=sign: joined(*lines).replace(b"^", sign),
            f"The fields of damaged.txt are divided by {words}, and those of a record file by carets (^): line 1. The "
            "whole file is set aside; choose the caret as the delimiter of the export.",
            line=1,
        )
        for words, sign in (("commas", b","), ("tabs", b"\t"), ("semicolons", b";"), ("vertical bars", b"|"))
    },
    "a web page": nothing(
        lambda s, lines: b"\n<!DOCTYPE html>\n<html><body>503 Service Unavailable</body></html>\n",
        "damaged.txt is a web page: perhaps the answer of a system that was down, or that asked for a sign-in. Export "
        "it again. Nothing of it is read.",
    ),
    "gzip": nothing(
        lambda s, lines: gzip.compress(joined(*lines)),
        "damaged.txt is compressed (gzip). Unpack it and load the file inside. Nothing of it is read.",
    ),
    "an Excel workbook": nothing(
        lambda s, lines: zipped(joined(*lines)),
        "damaged.txt is an Excel workbook or a zip archive. Unpack it, or save the export as text with carets (^). "
        "Nothing of it is read.",
    ),
    "a PDF document": nothing(
        lambda s, lines: b"%PDF-1.7\n" + joined(*lines),
        "damaged.txt is a PDF document. Save the export as text with carets (^). Nothing of it is read.",
    ),
    "an unknown record type everywhere": nothing(
        lambda s, lines: joined(*("DISC" + line[4:] for line in lines)),
        UNKNOWN.replace("{start}", "DISC") + "Check column 1 of the export.",
        line=1,
    ),
    "small letters everywhere": nothing(
        lambda s, lines: joined(*(line.lower() for line in lines)),
        UNKNOWN.replace("{start}", "{s.low}") + "Write it in capitals: {s.record}.",
        line=1,
    ),
}
