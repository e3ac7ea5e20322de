"""What is understood of pasted students; written by hand."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest
import xlsxwriter

from manzanita.domain.pasted_workbook import text_of_workbook
from manzanita.domain.pasting import MOST_LINES, PastedLine, read_pasted, short, to_mend
from manzanita.domain.workbook import WorkbookRefused

HEADS = ("Next year's grade",)


def told(text: str) -> list[tuple[object, ...]]:
    """What each line tells: SSID, local ID, last and first name, birth date, value."""
    lines = read_pasted(text, value_heads=HEADS).lines
    return [(one.ssid, one.local_id, one.last, one.first, one.birth_on, one.value) for one in lines]


BORN = date(2016, 4, 9)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("9900000005", ("9900000005", "", "", "", None, None)),
        ("9900-000 005", ("9900000005", "", "", "", None, None)),
        ("9900000005.0", ("9900000005", "", "", "", None, None)),
        ("9900000005\t05", ("9900000005", "", "", "", None, "05")),
        ("L0005", ("", "L0005", "", "", None, None)),
        ("123456789", ("", "123456789", "", "", None, None)),
        ("Testcase, Alder", ("", "", "Testcase", "Alder", None, None)),
        ("Alder Testcase", ("", "", "Testcase", "Alder", None, None)),
        ("Testcase, Alder, 04/09/2016", ("", "", "Testcase", "Alder", BORN, None)),
        ("Testcase\tAlder\t2016-04-09", ("", "", "Testcase", "Alder", BORN, None)),
        ("Testcase, Alder 04/09/2016", ("", "", "Testcase", "Alder", BORN, None)),
        ("Testcase, Alder\t2016-04-09", ("", "", "Testcase", "Alder", BORN, None)),
        ("Alder Testcase 4/9/2016", ("", "", "Testcase", "Alder", BORN, None)),
        ("De la Cruz, María José, 4/9/2016", ("", "", "De la Cruz", "María José", BORN, None)),
    ],
)
def test_a_line_is_an_ssid_a_local_id_or_a_name(line, expected):
    assert told(line) == [expected]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            "9.9E+09",
            "The spreadsheet has shortened the number to 9.9E+09: make the column text, and paste it again.",
        ),
        ("a, b, c", "Which part is the name? Write “Last, First”, with the birth date beside it."),
        ("9900000005, 05, x", "Which cell is what? Give the table a first line with heads, such as SSID."),
        ("Testcase, Alder 13/45/2016", "“13/45/2016” is no birth date such as 04/09/2016."),
        ("04/09/2016", "No SSID, no local ID and no name stands in the line."),
        ("???", "No SSID, no local ID and no name stands in the line."),
    ],
)
def test_a_line_that_means_nobody_says_why(line, problem):
    (one,) = read_pasted(line).lines
    assert one.problem == problem


def test_a_table_is_read_by_its_heads_and_no_line_is_dropped():
    text = (
        '\ufeff"Student",SSID,Born,Next year’s grade,School\n'
        '"Testcase, Alder",9900000005,04/09/2016,05,Buckeye\n\n,,,,\n'
        'nobody,,,06,\n"Testcase, Fern",None yet,4/9/16,,'
    )
    pasted = read_pasted(text, value_heads=HEADS)
    assert pasted.has_values and list(pasted.ignored) == ["School"]
    first, second, third = pasted.lines
    assert (first.number, first.ssid, first.value) == (2, "9900000005", "05")
    assert (second.number, second.last, second.value) == (5, "nobody", "06")
    assert third.problem == "“4/9/16” is no birth date such as 04/09/2016."


def test_what_an_export_says_above_its_heads_is_no_student_and_two_heads_tell_a_table():
    text = (
        "Contains confidential student data. Made for Juniper Mockup on November 30, 2026.\r\n"
        'List,Students\r\nMade on,"November 30, 2026, 9:00 AM"\r\n\r\n'
        'Student,SSID,Next grade,Clock\r\n"Testcase, Alder",9900000005,05,12 days left\r\n'
    )
    pasted = read_pasted(text, value_heads=("Next grade",))
    assert (pasted.above, list(pasted.ignored)) == (3, ["Clock"])
    assert [(one.number, one.ssid, one.value) for one in pasted.lines] == [(6, "9900000005", "05")]
    # One head alone in the midst of a list is a name.
    assert [one.last for one in read_pasted("Testcase, Alder\nFirst").lines] == ["Testcase", "First"]


def test_lines_of_one_paste_may_be_parted_otherwise():
    text = "Testcase, Fern\nTestcase, Alder\t2016-04-09"
    assert [(one[2], one[3], one[4]) for one in told(text)] == [
        ("Testcase", "Fern", None),
        ("Testcase", "Alder", BORN),
    ]


def test_without_a_column_of_values_lines_bring_none():
    pasted = read_pasted("SSID\n9900000005", value_heads=HEADS)
    assert not pasted.has_values and pasted.lines[0].value is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Nothing stands there."),
        (" \n\t,;\n", "Nothing stands there."),
        ("SSID,Local ID\n", "There is a line of heads, and no student below it."),
        ("SSID,State ID\n1,2", "Two columns have the same head. Keep one of them."),
        ("x" * 2001, "A line is longer than any student. Is it a table, with one student a line?"),
        ("9900000005\n" * (MOST_LINES + 2), "More than 5,000 lines are not taken at once."),
    ],
)
def test_what_is_no_list_says_why(text, problem):
    assert read_pasted(text).problem == problem


def test_a_list_that_is_only_looked_at_may_be_longer():
    text = "9900000005\n" * 25_001
    assert len(read_pasted(text, most=25_000).lines) == 25_001, "one more may be a line of heads"
    too_long = read_pasted(text + "9900000005\n", most=25_000)
    assert too_long.problem == "More than 25,000 lines are not taken at once."


@pytest.mark.parametrize(
    "text", ['"', '"a\n"b', "\0\0", "a\tb\tc\td\te", ",,,9900000005", 'SSID\n"', "\r\r\n1"]
)
def test_whatever_is_pasted_comes_back_as_lines_or_a_reason(text):
    pasted = read_pasted(text, value_heads=HEADS)
    assert pasted.problem or all(isinstance(one, PastedLine) for one in pasted.lines)


def _workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        day = book.add_format({"num_format": "mm/dd/yyyy"})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(number, column, cell, day)
                    else:
                        sheet.write(number, column, cell)
    return file.getvalue()


def test_the_sheet_with_heads_of_students_is_read_with_the_numbers_of_its_rows():
    data = _workbook(
        ("About", [["Confidential"], ["List", "Students"]]),
        (
            "Back",
            [
                ["Student", "Date of birth", "SSID", "SPED ID"],
                ["Testcase,\tAlder\n", date(2016, 4, 9), 9900000005, "SE-1"],
                [],
                ["Testcase, Towhee", "04/10/2016", "", 12],
            ],
        ),
    )
    found = read_pasted(text_of_workbook(data, "The file"), value_heads=["SPED ID"])
    assert [(one.number, one.ssid, one.last, one.first, one.birth_on, one.value) for one in found.lines] == [
        (2, "9900000005", "Testcase", "Alder", date(2016, 4, 9), "SE-1"),
        (4, "", "Testcase", "Towhee", date(2016, 4, 10), "12"),
    ]


def test_a_sheet_without_heads_is_read_like_pasted_lines():
    data = _workbook(("Sheet1", [[9900000005, "SE-1"], [9900000006, "SE-2"]]))
    found = read_pasted(text_of_workbook(data, "The file"))
    assert [(one.ssid, one.value) for one in found.lines] == [("9900000005", "SE-1"), ("9900000006", "SE-2")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04", "The file cannot be read as an Excel workbook."),
        (_workbook(("Sheet1", [[9900000005]]))[:-40], "The file cannot be read as an Excel workbook."),
        (_workbook(("Sheet1", [])), "In The file no cell is filled."),
        (_workbook(("Sheet1", [[number] for number in range(5_002)])), "The file has more than 5,000 rows"),
        # Eight million bytes of one part and more: a small file that grows.
        (_workbook(("Sheet1", [["x" * 30_000] for _ in range(280)])), None),
        (_workbook(("Sheet1", [[f"{number:05}" + "x" * 30_000] for number in range(280)])), "cannot be read"),
    ],
)
def test_what_is_no_workbook_of_students_is_said(data, why):
    if why is None:
        assert "longer than any student" in read_pasted(text_of_workbook(data, "The file")).problem
        return
    with pytest.raises(WorkbookRefused, match=re.escape(why)):
        text_of_workbook(data, "The file")


def test_the_words_above_the_table_of_a_list_that_went_out_are_no_students():
    text = "Confidential\nList,Students\n\nSSID,SPED ID\n9900000005,SE-1\n"
    found = read_pasted(text, value_heads=["SPED ID"])
    assert [(one.number, one.ssid, one.value) for one in found.lines] == [(5, "9900000005", "SE-1")]
    # A pasted list with a gap in it is read from its first line.
    assert len(read_pasted("9900000005\n\n9900000006\n").lines) == 2


def test_lines_to_mend_are_the_lines_themselves_and_their_reasons_are_not_read():
    line = "Testcase,\tAlder 13/45/2016 " + "x" * 200
    lines = [(3, line, "No date."), (7, "L9", "Nobody."), (8, "L8", "Nobody.")]
    text = to_mend(lines)
    assert text == (
        f"{line}\nL9\nL8\nWhy not: below this line nothing is read\nNo date. Line 1 (3).\nNobody. Line 2 (7), 3 (8).\n"
    )
    read = read_pasted(text.replace("\n", "\r\n")).lines
    assert [one.text for one in read] == [line, "L9", "L8"]
    headed = read_pasted(to_mend([(4, "L9;4/9/2016", "Nobody.")], "Local ID;Born")).lines
    assert [(one.number, one.local_id, one.birth_on, one.heads) for one in headed] == [
        (2, "L9", BORN, "Local ID;Born")
    ]


def test_a_page_shows_the_beginning_of_a_line():
    assert short("a \t b") == "a b"
    assert short("x" * 121) == "x" * 120 + "…"
