"""The state's workbook as the district has it: read, refused, compared, and two years side by side.

``tests/data/workbooks/moved.csv`` is made up. Of MEET it moves 24.18 before 24.16 and 24.17; of MeetingDelay it retires
50 and adds 60.
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from manzanita.domain.codes import code_set
from manzanita.domain.layouts import field, layout, packaged_layout
from manzanita.domain.layouts.files import parse_record_file, rows_of, write_lines
from manzanita.domain.layouts.recognizing import layout_of_line
from manzanita.domain.records import complete, layout_of
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.rules.examples import meet
from manzanita.domain.specification import error_text, judging, put_in_force, specification
from manzanita.domain.validation import evaluate_records
from manzanita.domain.validation.folder import validate_folder
from manzanita.domain.workbook import Workbook, WorkbookRefused
from manzanita.domain.workbook.applying import packaged_specification, specification_of
from manzanita.domain.workbook.checking import COLUMNS, workbook_of
from manzanita.domain.workbook.differences import differences, told
from manzanita.domain.workbook.reading import sheets_of

MOVED = Path(__file__).parents[1] / "data" / "workbooks" / "moved.csv"
ORIGIN = "the district's copy of the state's workbook of 2026-11-23"
NEW, OLD = "2026-2027", "2025-2026"
AS_OF = date(2026, 11, 23)

# A meeting held late because the student moved (50, retired in the new year), in the order of each year.
OLD_LINE = "MEET^^^9912345^2025-2026^9900000001^^SE-1^9901^^^^^^20250915^^Y^50^"
NEW_LINE = "MEET^^^9912345^2026-2027^9900000001^^SE-1^9901^^^^^^20260915^60^^Y^"


def read(data: bytes = b"", name="moved.csv") -> Workbook:
    return workbook_of(sheets_of(data or MOVED.read_bytes(), name))


@pytest.fixture
def moved():
    made = specification_of(read(), year=NEW, origin=ORIGIN)
    put_in_force({NEW: made})
    yield made
    put_in_force({})


def problems(text: str) -> list[str]:
    with pytest.raises(WorkbookRefused) as refused:
        read(text.encode())
    return list(refused.value.problems)


# What it says


def test_the_page_about_the_file_names_every_sheet_and_column():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "workbook.md").read_text(encoding="utf-8")
    for sheet, columns in COLUMNS.items():
        part = page.split(f"### {sheet}\n")[1].split("\n#")[0]
        assert [line for column in columns if (line := f"| {column} |") not in part] == []


def test_a_workbook_keeps_what_it_says_through_the_database():
    workbook = read()
    assert list(workbook.layouts) == ["MEET"]
    assert [row.number for row in workbook.layouts["MEET"]][14:] == [
        "24.15",
        "24.18",
        "24.16",
        "24.17",
        "24.19",
    ]
    assert [(row.code, row.status) for row in workbook.code_sets["MeetingDelay"]] == [
        *(("10", "current"), ("20", "current"), ("30", "current"), ("40", "current"), ("50", "retired")),
        *(("60", "current"), ("70", "current"), ("90", "current")),
    ]
    assert Workbook.of_document(workbook.as_document()) == workbook


def test_the_differences_are_told_in_words():
    lines = told(differences(packaged_specification(), specification_of(read(), year=NEW, origin=ORIGIN)))
    end = lines.index("Rules that look at what changes")
    assert lines[:end] == [
        "Layout MEET",
        "  moved    24.18 Meeting Delay Code: position 18 to 16",
        "  moved    24.16 Eligibility (Evaluation) Outcome Code: position 16 to 17",
        "  moved    24.17 Plan Review Indicator: position 17 to 18",
        "Code set MeetingDelay",
        "  retired  50 Student transferred during the timeline",
        "  added    60 Testcase delay",
        "  complete an unknown code was only doubted and is refused from now on",
        "Error texts",
        "  added    GERR0002: Sample text of the state about an unknown code.",
        "  added    MEET9999: Sample text about a meeting.",
    ]
    rules = {line.split()[0] for line in lines[end + 1 :]}
    assert {"GERR0002", "MZ-MEET-LATE"} <= rules
    # Neither a length nor a requirement changes, nor any other record.
    assert not {"FRMT0001", "GERR0001", "PLAN0726", "SERV0327"} & rules


def test_every_sort_of_change_to_a_field_is_told_and_no_change_is_none():
    text = MOVED.read_text()
    text = text.replace("24.18,Meeting Delay Code,character,2", "24.18,Delay Reason,character,3")
    text = text.replace("MEET,10,24.10,Pending As Of Date,date,8,conditional: meeting not held,\n", "")
    # 24.10 is part of the key and has to stay; 24.11 goes, 24.20 comes.
    text = text.replace("MEET,11,24.11,Special Education Referral Date", "MEET,10,24.10,Pending As Of Date")
    text = text.replace("MEET,12,24.12", "MEET,11,24.12").replace("MEET,13,24.13", "MEET,12,24.13")
    text = text.replace("MEET,14,24.14", "MEET,13,24.14").replace("MEET,15,24.15", "MEET,14,24.15")
    text = text.replace("MEET,16,24.18", "MEET,15,24.18").replace("MEET,17,24.16", "MEET,16,24.16")
    text = text.replace("MEET,18,24.17", "MEET,17,24.17").replace("MEET,19,24.19", "MEET,18,24.19")
    text = text.replace(
        "\n\nCode Sets", "\nMEET,19,24.20,Sample Indicator,character,1,Y,Indicator\n\nCode Sets"
    )
    before = specification_of(read(), year=NEW, origin=ORIGIN)
    after = specification_of(read(text.encode()), year=NEW, origin=ORIGIN)
    lines = told(differences(before, after))
    assert lines[: lines.index("Rules that look at what changes")] == [
        "Layout MEET",
        "  removed  24.11 Special Education Referral Date, which stood at position 11",
        "  changed  24.10 Pending As Of Date: required conditional: meeting not held to "
        "conditional: initial evaluation",
        "  moved    24.12 Referring Party Code: position 12 to 11",
        "  moved    24.13 Initial Evaluation Parental Consent Date: position 13 to 12",
        "  moved    24.14 Evaluation Type Code: position 14 to 13",
        "  moved    24.15 Special Education Meeting Date: position 15 to 14",
        "  moved    24.18 Delay Reason: position 16 to 15",
        '  renamed  24.18: "Meeting Delay Code" to "Delay Reason"',
        "  longer   24.18 Delay Reason: 2 to 3 characters",
        "  moved    24.16 Eligibility (Evaluation) Outcome Code: position 17 to 16",
        "  moved    24.17 Plan Review Indicator: position 18 to 17",
        "  moved    24.19 Parental Involvement Facilitation Code: position 19 to 18",
        "  added    24.20 Sample Indicator at position 19",
    ]
    assert "  FRMT0001     Value too long" in lines
    assert told(differences(before, specification_of(read(), year=NEW, origin="elsewhere"))) == [
        "Nothing changes."
    ]


def test_what_a_workbook_says_is_confirmed_with_its_origin_and_what_it_does_not_say_stays(moved):
    delay = layout("MEET", NEW).by_number["24.18"]
    assert (delay.confidence, delay.length_confidence, delay.source) == ("confirmed", "confirmed", ORIGIN)
    assert delay.is_confirmed
    assert code_set("MeetingDelay", NEW).codes["60"].code_confidence == "confirmed"
    assert code_set("MeetingDelay", NEW).codes["50"].status == "retired"
    # Keys and descriptions are ours; another record and another set are as before.
    assert layout("MEET", NEW).key == ("24.04", "24.06", "24.10", "24.15")
    assert layout("PLAN", NEW) is packaged_layout("PLAN")
    assert code_set("ReferringParty", NEW).codes["10"].code_confidence == "seen"
    assert error_text("GERR0002", NEW) == "Sample text of the state about an unknown code."
    assert (error_text("GERR0002", OLD), specification(OLD)) == ("", None)


def test_a_code_that_is_not_listed_any_more_is_retired_and_keeps_its_name():
    text = MOVED.read_text().replace("MeetingDelay,50,Student transferred during the timeline,retired\n", "")
    made = specification_of(read(text.encode()), year=NEW, origin=ORIGIN)
    gone = made.code_sets["MeetingDelay"].codes["50"]
    assert (gone.name, gone.status) == ("Student transferred during the timeline", "retired")


# Excel


def excel(sheets: dict[str, list[list[str | float]]]) -> bytes:
    """A workbook whose cells are text, but those that are numbers here."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    (sheet.write_number if isinstance(cell, float | int) else sheet.write_string)(
                        at, column, cell
                    )
    return made.getvalue()


def test_excel_says_what_the_csv_says():
    rows = list(csv.reader(MOVED.open(encoding="utf-8")))
    codes, errors = rows.index(["Code Sets"]), rows.index(["Errors"])
    layouts = [[int(cell) if cell.isdigit() else cell for cell in row] for row in rows[1 : codes - 1]]
    data = excel(
        {
            "About": [["Made up"]],
            "layouts": layouts,
            "Code Sets": rows[codes + 1 : errors],
            "Errors": rows[errors + 1 :],
        }
    )
    assert read(data, "moved.XLSX") == read()


def test_an_empty_row_keeps_its_place_and_a_number_its_lost_zero():
    data = excel(
        {"Errors": [["Text", "Other", "Code"], [], ["Sample text", "x", "MEET9999"], ["", "", "MEET1"]]}
    )
    with pytest.raises(WorkbookRefused) as refused:
        read(data, "a.xlsx")
    assert refused.value.problems == (
        "Errors, row 4, column Text: is empty. Write the state's words for the error.",
    )
    heading = ["Record", "Position", "Field", "Name", "Type", "Length", "Required", "Code Set"]
    row = ["MEET", 1, 24.10, "Pending As Of Date", "date", 8, "Y", ""]
    with pytest.raises(WorkbookRefused, match=r'row 2, column Field: "24\.1" has lost its last zero'):
        read(excel({"Layouts": [heading, row]}), "a.xlsx")


def test_what_is_no_workbook_or_declares_entities_is_refused():
    good = excel({"Errors": [["Code", "Text"], ["MEET9999", "Sample"]]})
    with zipfile.ZipFile(io.BytesIO(good)) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w") as book:
        for name, content in parts.items():
            is_sheet = name == "xl/worksheets/sheet1.xml"
            book.writestr(name, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' if is_sheet else content)
    for data in (b"", b"PK\x03\x04", good[:200], bomb.getvalue()):
        with pytest.raises(WorkbookRefused, match="cannot be read as an Excel workbook"):
            workbook_of(sheets_of(data, "a.xlsx"))
    assert read(good, "a.xlsx").error_texts == {"MEET9999": "Sample"}


# What it refuses


@pytest.mark.parametrize(
    ("old", "new", "told_problem"),
    [
        (
            "MEET,6,24.06,SSID,character,10,",
            "MEET,6,24.06,SSID,character,ten,",
            'Layouts, row 7, column Length: "ten" is not a whole number above 0. Write the most characters it takes.',
        ),
        (
            "MEET,10,24.10,",
            "MEET,10,24.1,",
            'Layouts, row 11, column Field: "24.1" has lost its last zero. Format the column as text and write 24.10.',
        ),
        (
            "MEET,7,24.07,",
            "MEET,7,23.07,",
            "Layouts, row 8, column Field: 23.07 is no field of MEET. Correct the number or the record.",
        ),
        (
            "MEET,7,24.07,",
            "MEET,6,24.07,",
            "Layouts, row 8, column Position: position 6 of MEET stands twice. Give each field its own.",
        ),
        (
            "MEET,19,24.19,",
            "MEET,21,24.19,",
            "Layouts, row 2, column Position: MEET has no field at position 19, 20. Number its fields without a gap.",
        ),
        (
            "24.15,Special Education Meeting Date,date,8",
            "24.15,Special Education Meeting Date,date,10",
            "Layouts, row 16, column Length: a date has 8 characters (CCYYMMDD), not 10. Write 8, or correct the type.",
        ),
        (
            "conditional: late,MeetingDelay",
            "conditional: late,Delay",
            "Layouts, row 17, column Code Set: no set is called Delay. Add its codes to the sheet Code Sets.",
        ),
        (
            "MEET,19,24.19,",
            "MET,19,24.19,",
            'Layouts, row 20, column Record: "MET" is no record we know. Write one of SWDS, MEET, PLAN, SERV, PSTS, '
            "SENR, SINF.",
        ),
        (
            "Testcase delay,current",
            "Testcase delay,new",
            'Code Sets, row 7, column Status: "new" is not current or retired. Write one of them.',
        ),
        (
            "MeetingDelay,60,",
            "MeetingDelay,70,",
            "Code Sets, row 8, column Code: 70 stands already in row 7. Remove one of the two.",
        ),
        (
            "MEET9999,Sample text about a meeting.",
            "MEET9999,",
            "Errors, row 3, column Text: is empty. Write the state's words for the error.",
        ),
        (
            "Code Set,Code,Name,Status",
            "Code Set,Code,Name,State",
            "Code Sets, row 1: there is no column Status. Add it; the columns are Code Set, Code, Name, Status.",
        ),
    ],
)
def test_a_bad_cell_is_named_by_sheet_row_column_and_fix(old, new, told_problem):
    text = MOVED.read_text()
    assert text.count(old) == 1
    assert problems(text.replace(old, new)) == [told_problem]


def test_every_problem_is_told_at_once():
    text = (
        MOVED.read_text()
        .replace("Testcase delay,current", "Testcase delay,new")
        .replace("24.01,Record", "2401,Record")
    )
    assert problems(text) == [
        'Code Sets, row 7, column Status: "new" is not current or retired. Write one of them.',
        'Layouts, row 2, column Field: "2401" is no field number. Write file and field with two digits, such as 24.05.',
    ]


def test_a_layout_without_what_names_a_record_is_refused():
    text = MOVED.read_text().replace("MEET,6,24.06,SSID,", "MEET,6,24.20,SSID,")
    assert problems(text) == [
        "Layouts, row 2, column Field: MEET lacks 24.06 SSID, without which no record can be named. Add its row."
    ]
    text = MOVED.read_text().replace("MEET,2,24.02", "MEET,3,24.02").replace("MEET,3,24.03", "MEET,2,24.03")
    assert problems(text) == [
        "Layouts, row 2, column Position: MEET begins with its record type and transaction type; at position 2 stands "
        "24.03, not 24.02 Transaction Type Code. Correct the positions."
    ]


def test_zeros_that_a_spreadsheet_took_from_a_code_are_missed():
    text = "Code Sets\nCode Set,Code,Name,Status\nGradeLevel,5,Fifth grade,current\n"
    assert problems(text) == [
        'Code Sets, row 2, column Code: "5" has lost the zero at its front. Format the column as text and write 05.'
    ]


def test_a_file_of_another_sort_is_refused():
    assert problems("a,b\n1,2\n") == [
        "No sheet is called Layouts, Code Sets or Errors. The file has: none. Rename its sheets."
    ]
    with pytest.raises(WorkbookRefused, match=r"its name ends neither in \.xlsx nor in \.csv"):
        read(b"x", "moved.pdf")
    assert problems("Errors\nCode,Text\n") == [
        "The sheets have no rows below their headings. Fill at least one of them."
    ]


# Two years side by side


def test_a_meeting_is_written_in_the_order_of_its_own_year(moved):
    old = complete("MEET", meet({"24.05": OLD, "24.15": "20250915", "24.18": "50"}))
    new = complete("MEET", meet({"24.18": "60"}))
    assert write_lines(layout_of("MEET", old), [old]) == [OLD_LINE]
    assert write_lines(layout_of("MEET", new), [new]) == [NEW_LINE]


@pytest.mark.parametrize(("line", "year", "code"), [(OLD_LINE, OLD, "50"), (NEW_LINE, NEW, "60")])
def test_a_file_is_read_in_the_order_of_the_year_on_its_lines(moved, line, year, code):
    file = parse_record_file(f"{line}\n".encode(), "MEET.txt")
    (row,) = rows_of(file)
    assert (row["24.05"], row["24.16"], row["24.17"], row["24.18"]) == (year, "", "Y", code)
    assert layout_of_line([*line.split("^"), "GERR0002", "24.18", "words"]) is file.layout


def test_what_was_read_is_written_again_as_it_was(moved):
    for line in (OLD_LINE, NEW_LINE):
        file = parse_record_file(f"{line}\n".encode(), "MEET.txt")
        assert write_lines(file.layout, rows_of(file)) == [line]


def found_codes(folder, year=NEW):
    found = validate_folder(folder, Setting(AS_OF, year)).findings
    return [(one.code, one.file, one.message) for one in found if one.line]


def test_a_retired_code_is_found_in_the_new_year_and_accepted_in_the_old(moved, tmp_path):
    (tmp_path / "old.txt").write_text(f"{OLD_LINE}\n")
    (tmp_path / "new.txt").write_text(NEW_LINE.replace("^60^", "^50^") + "\n")
    for judged in (NEW, OLD):
        retired = [one for one in found_codes(tmp_path, judged) if one[0] == "GERR0002"]
        assert retired == [
            (
                "GERR0002",
                "new.txt",
                '24.18 Meeting Delay Code: code "50" is retired in the code set MeetingDelay.',
            )
        ]


def test_a_new_code_is_accepted_in_its_year_and_doubted_before(moved, tmp_path):
    (tmp_path / "old.txt").write_text(OLD_LINE.replace("^50^", "^60^") + "\n")
    (tmp_path / "new.txt").write_text(f"{NEW_LINE}\n")
    doubted = [one for one in found_codes(tmp_path) if one[0] == "GERR0002"]
    assert [file for _, file, _ in doubted] == ["old.txt"]


def test_records_of_two_years_in_one_judgment_keep_their_own_codes(moved):
    rows = [
        complete("MEET", meet({"24.05": OLD, "24.15": "20250915", "24.18": "50"})),
        complete("MEET", meet({"24.18": "50"})),
    ]
    found = evaluate_records({"MEET": rows}, as_of=AS_OF, year=NEW)
    assert [one.record_key for one in found if one.code == "GERR0002"] == ["MEET|9912345|9900000001|20260915"]


def test_without_a_workbook_both_years_have_our_layout(tmp_path):
    (tmp_path / "old.txt").write_text(f"{OLD_LINE}\n")
    new = complete("MEET", meet({"24.18": "50"}))
    assert write_lines(layout_of("MEET", new), [new]) == [
        "MEET^^^9912345^2026-2027^9900000001^^SE-1^9901^^^^^^20260915^^Y^50^"
    ]
    assert [one for one in found_codes(tmp_path, OLD) if one[0] == "GERR0002"] == []


def test_a_field_that_a_year_does_not_have_is_empty_for_every_rule_and_keeps_its_name(moved, tmp_path):
    text = MOVED.read_text().replace(
        "MEET,19,24.19,Parental Involvement Facilitation Code", "MEET,19,24.20,Sample"
    )
    put_in_force({NEW: specification_of(read(text.encode()), year=NEW, origin=ORIGIN)})
    (tmp_path / "old.txt").write_text(f"{OLD_LINE}99\n")
    (tmp_path / "new.txt").write_text(f"{NEW_LINE}99\n")
    found = {(code, file): message for code, file, message in found_codes(tmp_path) if code == "GERR0002"}
    assert {file for _, file in found} == {"old.txt", "new.txt"}
    assert found["GERR0002", "new.txt"].startswith("24.20 Sample: ")
    assert found["GERR0002", "old.txt"].startswith("24.19 Parental Involvement Facilitation Code: ")
    (row,) = rows_of(parse_record_file(f"{NEW_LINE}99\n".encode(), "MEET.txt"))
    assert (row["24.19"], row["24.20"]) == ("", "99")
    assert field("24.19", NEW).name == "Parental Involvement Facilitation Code"


def test_lines_of_another_length_than_their_year_has_are_set_aside_and_told(moved):
    text = MOVED.read_text().replace("\n\nCode Sets", "\nMEET,20,24.20,Sample,character,1,N,\n\nCode Sets")
    put_in_force({NEW: specification_of(read(text.encode()), year=NEW, origin=ORIGIN)})
    file = parse_record_file(f"{NEW_LINE}\n".encode(), "MEET.txt")
    assert file.frame.height == 0
    assert [one.message.split(". ")[0] for one in file.set_aside] == [
        "Line 1 has 19 fields, and a MEET line has 20"
    ]


def test_the_year_being_judged_is_only_that_of_the_moment(moved):
    assert layout("MEET").numbers[15] == "24.18"
    with judging(OLD):
        assert layout("MEET").numbers[15] == "24.16"
        with judging(NEW):
            assert code_set("MeetingDelay").codes["50"].status == "retired"
        assert code_set("MeetingDelay").codes["50"].status == "current"
    assert layout("MEET").numbers[15] == "24.18"
