"""``manzanita validate`` from the outside: exit codes, JSON Lines, table, and files of every sort of damage."""

from __future__ import annotations

import csv
import io
import json

import pytest

from manzanita.cli import main
from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import write_lines
from manzanita.domain.rules.examples import meet, plan, psts, senr, serv, sinf, swds

KEYS = [
    *("code", "severity", "kind", "phase", "record", "file", "line", "ssid", "fields", "values", "group"),
    "message",
]


def text(record, *rows, extract=False):
    return "\n".join(write_lines(layout(record), rows, is_extract=extract)) + "\n"


@pytest.fixture
def folder(tmp_path):
    """A folder without a fault: one student with status, plan, service, meeting, enrollment."""
    (tmp_path / "a.txt").write_text(text("SWDS", swds({"upload_date": "20261101"}), extract=True))
    (tmp_path / "b.txt").write_text(text("PLAN", plan()))
    (tmp_path / "c.txt").write_text(text("SERV", serv()))
    (tmp_path / "d.txt").write_text(text("MEET", meet()))
    (tmp_path / "e.txt").write_text(text("SENR", senr()))
    (tmp_path / "f.txt").write_text(text("SINF", sinf()))
    (tmp_path / "orgs.csv").write_text("kind,code\n")
    below = tmp_path / "below"
    below.mkdir()
    (below / "g.txt").write_text(text("PLAN", plan({"23.15": "999"})))
    return tmp_path


@pytest.fixture
def validate(capsys):
    def run(*arguments):
        code = main(["validate", *map(str, arguments), "--as-of", "2026-11-23"])
        told = capsys.readouterr()
        return code, [json.loads(found) for found in told.out.splitlines()], told.err

    return run


def test_a_sound_folder_gives_nothing_and_the_summary_stands_on_stderr(folder, validate):
    code, found, told = validate(folder)
    assert (code, found) == (0, [])
    assert told == (
        "As of 2026-11-23, academic year 2026-2027: 6 record files, 6 good lines; 0 fatal, 0 warning, 0 info, "
        "0 not evaluated. Not record files, not read: orgs.csv.\n"
        "Not evaluable, with the input that is missing: CERT009, CERT010 (the previous reporting year's certified "
        "counts, and the thresholds, which no public page prints); CERT013 (the enrollments of every student of the "
        "school, also of those without a disability, and the school size from which the state counts); PLAN0729F1 "
        "(a list of the juvenile court schools and county community schools); SERV0447 (the state's register of "
        "nonpublic agencies (NPA)); SWDS0443 (the state's table of SELPAs and their LEAs).\n"
    )


def test_rules_that_want_for_an_input_are_named_only_where_their_records_and_phase_are(folder, validate):
    for name in ("a.txt", "b.txt", "c.txt", "e.txt"):
        (folder / name).unlink()
    assert "Not evaluable" not in validate(folder)[2]
    (folder / "a.txt").write_text(text("SWDS", swds()))
    assert (
        "Not evaluable, with the input that is missing: SWDS0443 (" in validate(folder, "--phase", "input")[2]
    )
    assert "CERT009" not in validate(folder, "--phase", "input")[2]
    (folder / "a.txt").write_text(text("PSTS", psts()))
    told = validate(folder)[2].splitlines()
    assert len(told) == 2
    assert all(
        code in told[1]
        for code in (
            "PSTS0002",
            "PSTS0007",
            "PSTS0181",
            "PSTS0479",
            "PSTS0483",
            "PSTS0486 (the state's table",
        )
    )


def test_one_finding_has_exactly_these_keys(folder, validate):
    (folder / "b.txt").write_text(text("PLAN", plan({"23.15": "290"})))
    code, (found,), _ = validate(folder, "--phase", "input")
    assert code == 1
    assert list(found) == KEYS
    assert found == {
        "code": "PLAN0726",
        "severity": "fatal",
        "kind": "input",
        "phase": "input",
        "record": "PLAN",
        "file": "b.txt",
        "line": 1,
        "ssid": "9900000001",
        "fields": ["23.15", "23.16"],
        "values": {"23.15": "290", "23.16": ""},
        "group": None,
        "message": "23.16 Degree of Support must be MMSN or ESN for disability 290.",
    }


def test_findings_are_sorted_by_file_line_and_code(folder, validate):
    (folder / "z.txt").write_text(text("SERV", serv({"25.12": "400"}), serv({"25.05": "9900077"})))
    (folder / "b.txt").write_text(text("PLAN", plan({"23.15": "290", "23.11": "999"})))
    _, found, _ = validate(folder)
    assert [(one["file"], one["line"], one["code"]) for one in found] == [
        ("b.txt", 1, "GERR0002"),
        ("b.txt", 1, "PLAN0726"),
        ("z.txt", 1, "SERV0327"),
        ("z.txt", 2, "SERV0328"),
    ]


def test_phases_narrow_and_local_rules_always_run(folder, validate):
    (folder / "b.txt").write_text(text("PLAN", plan({"23.15": "290"})))
    (folder / "d.txt").write_text(text("MEET", meet({"24.15": ""})))
    (folder / "c.txt").write_text(text("SERV", serv({"25.09": "9902"})))
    assert [one["code"] for one in validate(folder, "--phase", "eoy1,fall1")[1]] == [
        "PLAN0679E1",
        "PLAN0726F1",
        "MZ-MEET-EMPTY",
    ]
    assert validate(folder, "--phase", "eoy1")[0] == 0


def test_a_year_may_be_named(folder, validate):
    (folder / "b.txt").write_text(text("PLAN", plan({"23.15": "290"})))
    assert validate(folder, "--phase", "input")[0] == 1
    assert validate(folder, "--phase", "input", "--year", "2024-2025")[0] == 0


def test_one_student_may_be_asked_for(folder, validate):
    (folder / "b.txt").write_text(
        text("PLAN", plan({"23.15": "290"}), plan({"23.15": "290", "23.06": "9900000002"}))
    )
    (folder / "e.txt").write_text(text("SENR", senr(), senr({"1.08": "9900000002"})))
    with (folder / "b.txt").open("a") as file:
        file.write("PLAN^damaged\n")
    _, found, told = validate(folder, "--student", "9900000002", "--phase", "input")
    assert [(one["code"], one["line"]) for one in found] == [("PLAN0726", 2)]
    assert "1 lines set aside could be anybody's" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--phase", "fall3"], "'fall3' is not one of input, fall1, fall2, eoy1"),
        (["--year", "2026-2028"], "'2026-2028' is not an academic year such as 2026-2027"),
        (["--as-of", "11/23/2026"], "'11/23/2026' is not a date such as 2026-11-23"),
        (["--format", "xml"], "invalid choice: 'xml'"),
    ],
)
def test_bad_arguments_end_with_2(folder, capsys, arguments, told):
    with pytest.raises(SystemExit) as ended:
        main(["validate", str(folder), *arguments])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_folder_without_record_files_ends_with_2(tmp_path, validate):
    assert validate(tmp_path)[0] == 2
    assert validate(tmp_path / "none")[0] == 2
    (tmp_path / "notes.csv").write_text("a,b\n")
    assert validate(tmp_path)[0] == 2


def test_csv_and_table_say_the_same(folder, capsys):
    (folder / "b.txt").write_text(text("PLAN", plan({"23.15": "290"})))
    main(["validate", str(folder), "--phase", "input", "--format", "csv"])
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert list(row) == KEYS
    assert (row["code"], row["fields"], row["values"]) == ("PLAN0726", "23.15 23.16", "23.15=290 23.16=")
    main(["validate", str(folder), "--phase", "input", "--format", "table"])
    table = capsys.readouterr().out
    assert "b.txt" in table
    assert "PLAN0726" in table
    assert "23.16 Degree of Support must be MMSN or ESN for disability 290." in " ".join(table.split())


# Twelve kinds of damage. Two lines, of which the first is good and always read; the second is damaged.
GOOD = senr({"1.08": "9900000042", "1.22": "20250812"})
LINE = text("SENR", senr())
OTHER = text("SENR", GOOD)


def _damaged(changes):
    return OTHER.encode() + text("SENR", senr(changes)).encode()


DAMAGE = {
    "wrong field count": (
        OTHER.encode() + LINE.replace("^Testcase^", "^Test^case^").encode(),
        [("MZ-LINE", 2, [], "Line 2 has 36 fields, and a SENR line has 35.")],
    ),
    "bad date": (
        _damaged({"1.17": "04/01/16"}),
        [("FRMT0002", 2, ["1.17"], '1.17 Student Birth Date: "04/01/16" is not a date written as year')],
    ),
    "impossible date": (
        _damaged({"1.25": "20260230"}),
        [("FRMT0002", 2, ["1.25"], '1.25 Enrollment Exit Date: "20260230" is not a day of the calendar.')],
    ),
    "unknown code": (
        _damaged({"1.24": "ZZ"}),
        [("GERR0002", 2, ["1.24"], '1.24 Grade Level Code: "ZZ" is not among the codes of GradeLevel')],
    ),
    "wrong encoding": (
        OTHER.encode() + LINE.replace("Wren", "Ni\u00f1o").encode("latin-1"),
        [
            (
                "MZ-LINE",
                2,
                ["1.10"],
                "Line 2 has a character that is not UTF-8 in field 1.10 Student Legal First",
            )
        ],
    ),
    "BOM": (b"\xef\xbb\xbf" + OTHER.encode() + LINE.encode(), []),
    "CRLF": ((OTHER + LINE).replace("\n", "\r\n").encode(), []),
    "duplicate SSID": (
        (OTHER + OTHER).encode(),
        [
            (
                "MZ-SIS-DUPLICATE",
                1,
                ["1.04", "1.08", "1.22"],
                "The same record stands again in this file (line 2)",
            ),
            ("MZ-SIS-DUPLICATE", 2, ["1.04", "1.08", "1.22"], "The same record stands already on line 1"),
        ],
    ),
    "empty file": (b"", [("MZ-LINE", None, [], "The file damaged.txt is empty.")]),
    "field ten times too long": (
        OTHER.encode() + LINE.replace("^05^", "^" + "0" * 20 + "^").encode(),
        [("FRMT0001", 2, ["1.24"], "1.24 Grade Level Code has 20 characters and takes at most 2.")],
    ),
    "wrong record type": (
        OTHER.encode() + LINE.replace("SENR", "PLAN", 1).encode(),
        [("MZ-LINE", 2, ["1.01"], 'Line 2 has the record type "PLAN" in field 1.01, and this file is SENR.')],
    ),
    "truncated last line": (
        OTHER.encode() + LINE.encode()[:40],
        [
            (
                "MZ-LINE",
                2,
                [],
                "Line 2 has 8 fields, and a SENR line has 35. It ends in the place of field 1.08 SSID: the",
            )
        ],
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_named_by_file_line_and_field_and_good_lines_are_read(tmp_path, validate, kind):
    data, expected = DAMAGE[kind]
    (tmp_path / "damaged.txt").write_bytes(data)
    (tmp_path / "sound.txt").write_text(text("SINF", sinf()))
    _, found, told = validate(tmp_path)
    said = [one for one in found if one["file"]]
    assert [(one["code"], one["line"], one["fields"]) for one in said] == [e[:3] for e in expected]
    for one, (_, _, _, start) in zip(said, expected, strict=True):
        assert one["file"] == "damaged.txt"
        assert one["message"].startswith(start), one["message"]
    good = 1 + (0 if kind == "empty file" else 1 if expected and expected[0][0] == "MZ-LINE" else 2)
    assert f"{good} good lines" in told
