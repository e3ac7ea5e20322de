"""Tables as files: nothing in them runs, nothing is lost."""

import csv
import io
from datetime import date

import pytest

from manzanita.platform.tables import Table, as_csv, as_xlsx, harmless
from tests.support.workbooks import sheets_of

ROWS = [["=1+1", date(2016, 4, 9), "0012"], ['Ålder, "A"\nTestcase', None, "+5"], ["", None, "-"]]
TABLE = Table(
    "Birds",
    [("List", "Birds"), ("Scope", "@home")],
    "Contains confidential student data & more",
    ["Name", "Born", "Id"],
    ROWS,
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("Alder", "Alder"),
        ("O'Hara", "O'Hara"),
        ("9900000005", "9900000005"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_run_is_text(text, written):
    assert harmless(text) == written


def test_csv_has_a_mark_what_the_file_is_and_every_row():
    content = b"".join(as_csv(TABLE))
    assert content.startswith(b"\xef\xbb\xbfContains confidential")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [
        ["Contains confidential student data & more"],
        ["List", "Birds"],
        ["Scope", "'@home"],
        [],
        ["Name", "Born", "Id"],
        ["'=1+1", "04/09/2016", "0012"],
        ['Ålder, "A"\nTestcase', "", "'+5"],
        ["", "", "'-"],
    ]


def test_a_long_csv_comes_in_chunks_and_whole():
    many = Table("Many", [], "Mark", ["Name"], ([f"Fern{number:05}"] for number in range(20_000)))
    chunks = list(as_csv(many))
    lines = b"".join(chunks).decode("utf-8-sig").splitlines()
    assert len(chunks) > 2
    assert (len(lines), lines[3], lines[-1]) == (20_003, "Fern00000", "Fern19999")


def test_a_workbook_holds_text_as_it_is_and_dates_as_dates():
    sheets = sheets_of(b"".join(as_xlsx(TABLE)))
    assert sheets == {
        "About this file": [
            ["Contains confidential student data & more"],
            ["List", "Birds"],
            ["Scope", "@home"],
        ],
        "List": [
            ["Name", "Born", "Id"],
            ["=1+1", "04/09/2016", "0012"],
            ['Ålder, "A"\nTestcase', "", "+5"],
            ["", "", "-"],
        ],
    }
