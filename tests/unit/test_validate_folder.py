"""A folder judged in one piece or in many, with rules that crash, and what is left behind: nothing."""

from __future__ import annotations

import json
import stat
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import islice

import polars as pl
import pytest

from manzanita.cli import main
from manzanita.domain import validation
from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import write_lines
from manzanita.domain.rules import contexts, row_rules
from manzanita.domain.rules.declaration import Setting
from manzanita.domain.rules.examples import OTHER_LEA, plan, psts, senr, serv, swds
from manzanita.domain.validation import folder as folders
from manzanita.domain.validation import values
from manzanita.domain.validation.folder import findings_in, validate_folder

SETTING = Setting(date(2026, 11, 23), "2026-2027")
LEFT = {"1.24": "12", "1.25": "20260605", "1.26": "E230", "1.27": "100", "1.35": "N"}


def write(folder, **files):
    for name, (record, rows) in files.items():
        text = "\n".join(write_lines(layout(record), rows)) + "\n"
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def everything(finding):
    told = {name: getattr(finding, name) for name in finding.__slots__}
    return json.dumps(told, default=dict, sort_keys=True)


def found_by(folder, partition_bytes, memory_bytes=0):
    with findings_in(folder, SETTING, partition_bytes=partition_bytes, memory_bytes=memory_bytes) as told:
        return told.partitions, list(told.findings)


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    arguments = ["synth", "--students", "1500", "--seed", "3", "--errors", "0.05", "--out", str(folder)]
    assert main(arguments) == 0
    some = (folder / "SIS_SENR.txt").read_bytes().splitlines(keepends=True)[:40]
    (folder / "SIS_SENR_2.txt").write_bytes(b"".join([*some, b"SENR^\n"]))
    (folder / "notes.txt").write_text("SENR,2,3,4,5,6,7,8\n")
    return folder


def test_partitions_say_the_same_as_the_whole(damaged):
    size = sum(path.stat().st_size for path in damaged.glob("*S_*.txt"))
    one, whole = found_by(damaged, size)
    assert len({finding.code for finding in whole}) > 90
    # In files, half of it in memory, and all in memory.
    for memory_bytes in (0, 2 * size, 1 << 30):
        seven, parts = found_by(damaged, -(-size // 7), memory_bytes)
        assert (one, seven) == (1, 7)
        assert Counter(map(everything, parts)) == Counter(map(everything, whole))


def test_one_partition_is_sorted_by_file_line_and_code(damaged):
    places = [(one.file or "", one.line or 0, one.code, one.fields) for one in found_by(damaged, 1 << 30)[1]]
    assert places == sorted(places)
    assert {file for file, *_ in places} >= {
        "notes.txt",
        "ODS_PLAN.txt",
        "SIS_SENR.txt",
        "SIS_SENR_2.txt",
    }


def leavers(count):
    """So many students who completed school at one school, each with a status."""
    ssids = [f"{9900000000 + number}" for number in range(1, count + 1)]
    return {
        "senr": ("SENR", [senr({**LEFT, "1.08": ssid}) for ssid in ssids]),
        "swds": ("SWDS", [swds({"22.06": ssid}) for ssid in ssids]),
    }


@pytest.mark.parametrize("partition_bytes", [1 << 20, 200])
def test_a_rule_that_looks_across_students_sees_all_of_them(tmp_path, partition_bytes):
    elsewhere = psts({"17.08": "9900000001", "17.04": OTHER_LEA})
    write(tmp_path, **leavers(6), psts=("PSTS", [elsewhere]))
    partitions, findings = found_by(tmp_path, partition_bytes)
    assert (partitions > 3) == (partition_bytes == 200)
    (silent,) = (one for one in findings if one.code == "CERT170")
    assert (silent.ssid, silent.line) == ("9900000001", 1)
    assert silent.message.startswith("6 students in special education completed school at ")


@pytest.mark.parametrize("partition_bytes", [1 << 20, 200])
def test_one_student_who_was_asked_speaks_for_the_school(tmp_path, partition_bytes):
    write(tmp_path, **leavers(6), psts=("PSTS", [psts({"17.08": "9900000004"})]))
    assert "CERT170" not in {one.code for one in found_by(tmp_path, partition_bytes)[1]}


def test_a_rule_that_looks_across_students_names_no_other_context():
    across = {name for name, context in contexts().items() if context.narrow}
    assert across == {"school"}
    assert [rule.contexts for rule in row_rules() if across & set(rule.contexts)] == [("school",)]


@pytest.mark.parametrize("partition_bytes", [1 << 20, 300])
def test_enrollments_without_an_ssid_are_still_compared_with_each_other(tmp_path, partition_bytes):
    twice = senr({"1.08": "", "1.09": "77"})
    others = [senr({"1.08": f"{9900000000 + number}"}) for number in range(1, 8)]
    write(tmp_path, senr=("SENR", [twice, *others, twice, senr({"1.08": "", "1.09": "78"})]))
    findings = found_by(tmp_path, partition_bytes)[1]
    assert [one.line for one in findings if one.code == "MZ-SIS-DUPLICATE"] == [1, 9]


def test_a_missing_record_type_is_told_once_and_not_once_a_partition(tmp_path):
    plans = [plan({"23.06": f"{9900000000 + number}"}) for number in range(1, 8)]
    write(tmp_path, plan=("PLAN", plans))
    partitions, findings = found_by(tmp_path, 200)
    assert partitions > 3
    assert [one.message for one in findings if one.code == "PLAN0679E1"] == [
        "Not evaluated: PLAN0679E1 reads SERV, and there is no such file."
    ]


def test_only_the_rules_that_are_named_are_asked(tmp_path):
    write(tmp_path, serv=("SERV", [serv({"25.12": "400", "25.17": "x"})]))
    with findings_in(tmp_path, SETTING, codes=("SERV0327",)) as told:
        assert [one.code for one in told.findings] == ["SERV0327"]
    with findings_in(tmp_path, SETTING, codes=("FRMT0002",)) as told:
        assert [(one.code, one.fields) for one in told.findings] == [("FRMT0002", ("25.17",))]


# Rules that crash

SECRET = "Wren"


def crash(*_):
    raise KeyError(SECRET)


@pytest.fixture
def one_rule_like(monkeypatch):
    """Replace parts of the declaration of one rule."""

    def change(code, **parts):
        rules = tuple(replace(rule, **parts) if rule.code == code else rule for rule in row_rules())
        monkeypatch.setattr(validation, "row_rules", lambda: rules)

    return change


CRASHES = [
    pytest.param({"wrong": crash}, id="expression"),
    pytest.param({"wrong": lambda _setting: pl.col("no such column") > 0}, id="column"),
    pytest.param({"wrong": lambda _setting: pl.col("25.05").str.to_integer() > 0}, id="values"),
    pytest.param({"message": crash}, id="message"),
]


@pytest.mark.parametrize("partition_bytes", [1 << 20, 300])
@pytest.mark.parametrize("parts", CRASHES)
def test_a_rule_that_crashes_is_told_once_and_the_others_run(tmp_path, one_rule_like, partition_bytes, parts):
    one_rule_like("SERV0327", **parts)
    rows = [serv({"25.12": "400", "25.07": f"{9900000000 + number}"}) for number in range(1, 7)]
    rows += [serv({"25.05": "9900077", "25.07": "9900000007"})]
    write(tmp_path, serv=("SERV", rows))
    findings = found_by(tmp_path, partition_bytes)[1]
    (told,) = (one for one in findings if one.code == "SERV0327")
    assert (told.severity, told.file, told.line, told.ssid) == ("not_evaluated", None, None, None)
    assert told.message.startswith("Not evaluated: SERV0327 failed on SERV (")
    assert "This is a fault of this system and not of the records" in told.message
    assert SECRET not in told.message
    assert [one.line for one in findings if one.code == "SERV0328"] == [7]


def test_a_context_that_crashes_takes_only_its_own_rules(tmp_path, monkeypatch):
    broken = {**contexts(), "birth": replace(contexts()["birth"], join=crash)}
    monkeypatch.setattr("manzanita.domain.validation.rows.contexts", lambda: broken)
    write(tmp_path, senr=("SENR", [senr()]), serv=("SERV", [serv({"25.12": "400"})]))
    findings = validate_folder(tmp_path, SETTING).findings
    failed = {one.code for one in findings if "failed on SERV" in one.message}
    assert failed == {
        "MZ-SERV-PROVIDER-AGE",
        "MZ-SERV-TRANSITION-AGE",
        "SERV0411E4",
        "SERV0417E4",
        "SERV0448E4",
    }
    assert [one.line for one in findings if one.code == "SERV0327"] == [1]


@pytest.mark.parametrize("part", ["wrong", "message"])
def test_a_rule_about_values_that_crashes_is_told_once(tmp_path, monkeypatch, part):
    parts = (
        {"wrong": lambda _record, _field: pl.col("no such column") > 0} if part == "wrong" else {part: crash}
    )
    rules = tuple(
        replace(rule, **parts) if rule.code == "FRMT0002" else rule for rule in values.field_rules()
    )
    monkeypatch.setattr(values, "field_rules", lambda: rules)
    monkeypatch.setattr(values, "value_cases", values.value_cases.__wrapped__)
    write(tmp_path, serv=("SERV", [serv({"25.17": "x", "25.02": "X"}), serv({"25.17": "x"})]))
    findings = validate_folder(tmp_path, SETTING).findings
    (told,) = (one for one in findings if one.code == "FRMT0002")
    assert told.message.startswith("Not evaluated: FRMT0002 failed on SERV (")
    assert [one.line for one in findings if one.code == "GERR0008"] == [1]


# Temporary files, and findings that are made as they are asked for


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(folders.tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def many(tmp_path):
    place = tmp_path / "many"
    place.mkdir()
    rows = [serv({"25.12": "400", "25.07": f"{9900000000 + number}"}) for number in range(1, 1001)]
    return write(place, serv=("SERV", rows))


def test_temporary_files_are_private_and_removed(many, temporary):
    with findings_in(many, SETTING, partition_bytes=9000, memory_bytes=0) as told:
        next(one for one in told.findings if one.code == "SERV0327")
        (inside,) = temporary.iterdir()
        assert stat.S_IMODE(inside.stat().st_mode) == 0o700
        assert len(list(inside.iterdir())) == told.partitions > 5
    assert list(temporary.iterdir()) == []


def test_temporary_files_are_removed_after_an_error(many, temporary):
    with (
        pytest.raises(RuntimeError, match="halfway"),
        findings_in(many, SETTING, partition_bytes=9000, memory_bytes=0) as told,
    ):
        next(one for one in told.findings if one.code == "SERV0327")
        raise RuntimeError("halfway")
    assert list(temporary.iterdir()) == []


def test_a_small_folder_needs_no_temporary_files(many, temporary):
    with findings_in(many, SETTING) as told:
        assert told.partitions == 1
        next(told.findings)
        assert list(temporary.iterdir()) == []


def test_findings_are_made_as_they_are_asked_for(many, one_rule_like):
    made = []
    one_rule_like("SERV0327", message=lambda row: made.append(row["line"]) or "no agency")
    with findings_in(many, SETTING, codes=("SERV0327",)) as told:
        assert [one.line for one in islice(told.findings, 3)] == [1, 2, 3]
        assert len(made) < 500
        assert sum(1 for _ in told.findings) == 997


def test_the_command_writes_a_folder_of_several_partitions(many, monkeypatch, capsys):
    sizes = {"partition_bytes": 9000, "memory_bytes": 0}
    monkeypatch.setattr(folders.findings_in, "__kwdefaults__", {"codes": None, **sizes})
    assert main(["validate", str(many), "--as-of", "2026-11-23", "--format", "json"]) == 1
    told = capsys.readouterr()
    codes = Counter(json.loads(line)["code"] for line in told.out.splitlines())
    assert codes["SERV0327"] == 1000
    assert "1 record file, 1000 good lines; 1000 fatal" in told.err
