"""``manzanita spec``: a workbook is loaded, holds, is shown, is taken back; and the state's gateway opens for it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from manzanita.auditing.models import ChangeEvent
from manzanita.cli import main
from manzanita.domain.layouts import layout
from manzanita.domain.records import complete
from manzanita.domain.specification import put_in_force, specified_years
from manzanita.exchange.actions import line_text
from manzanita.exchange.gateway.files import FileGateway
from manzanita.exchange.gateway.guard import Line, refusals
from manzanita.exchange.models import SubmissionLine
from manzanita.platform import specifications
from manzanita.platform.models import SpecificationChoice, SpecificationVersion
from tests.support import world as w

MOVED = Path(__file__).parents[1] / "data" / "workbooks" / "moved.csv"
DIGEST = hashlib.sha256(MOVED.read_bytes()).hexdigest()
ORIGIN = "the district's copy of the state's workbook of 2026-11-23"
OURS = "the layouts and codes that came with Manzanita"

pytestmark = pytest.mark.usefixtures("db", "noon", "afterwards_ours")


@pytest.fixture
def afterwards_ours():
    yield
    put_in_force({})
    specifications._newest_choice = specifications._looked_at = None


@pytest.fixture(autouse=True)
def somebody(monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "wren")


@pytest.fixture
def spec(capsys):
    def run(*arguments):
        code = main(["spec", *map(str, arguments)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_loaded_shown_and_reverted(spec):
    assert spec("show") == (0, f"Every year: {OURS}\n", "")
    code, out, err = spec("load", MOVED, "--yes")
    assert (code, err) == (0, "")
    version = SpecificationVersion.objects.get()
    first, *_, last = out.splitlines()
    assert first == "What moved.csv changes in 2026-2027:"
    assert "  moved    24.17 Plan Review Indicator: position 17 to 18" in out
    assert last == f"Version {version.pk} holds in 2026-2027: {ORIGIN}."
    assert (version.by, version.file_name, version.file_digest) == ("wren", "moved.csv", DIGEST)
    assert layout("MEET").numbers[15:18] == ("24.18", "24.16", "24.17")

    assert spec("show", "--year", "2025-2026") == (0, f"2025-2026  no workbook: {OURS}\n", "")
    assert spec("show") == (
        0,
        f"2026-2027  version {version.pk}: {ORIGIN}\n"
        "  loaded   2026-11-23 20:00 UTC by wren\n"
        f"  file     moved.csv, SHA-256 {DIGEST}\n"
        "  layouts  MEET\n"
        "  codes    MeetingDelay\n"
        "  errors   2\n"
        f"  before   {OURS}\n"
        f"Every other year: {OURS}\n",
        "",
    )

    code, out, _ = spec("revert", "--yes")
    assert code == 0
    assert out.splitlines()[:3] == [
        f"What changes in 2026-2027 without version {version.pk}:",
        "Layout MEET",
        "  moved    24.16 Eligibility (Evaluation) Outcome Code: position 17 to 16",
    ]
    assert out.splitlines()[-1] == f"No workbook holds in 2026-2027: {OURS}."
    assert layout("MEET").numbers[15:18] == ("24.16", "24.17", "24.18")
    assert spec("revert", "--yes") == (
        2,
        "",
        "No workbook holds in 2026-2027: there is nothing to revert. Nothing was changed.\n",
    )
    # Both acts stay, in the tables and in the sealed log.
    assert SpecificationVersion.objects.count() == 1
    assert list(SpecificationChoice.objects.order_by("pk").values_list("version", flat=True)) == [
        version.pk,
        None,
    ]
    assert list(ChangeEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "load_specification",
        "revert_specification",
    ]


def test_reverting_goes_back_the_way_that_was_come(spec, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(MOVED.read_text().replace("Testcase delay", "Example delay"))
    spec("load", MOVED, "--yes")
    _, out, _ = spec("load", other, "--yes")
    assert '  renamed  60: "Testcase delay" to "Example delay"' in out
    first, second = SpecificationVersion.objects.order_by("pk")
    assert second.replaced_id == first.pk
    assert spec("revert", "--yes")[1].splitlines()[-1] == f"Version {first.pk} holds in 2026-2027: {ORIGIN}."
    assert spec("revert", "--yes")[1].splitlines()[-1] == f"No workbook holds in 2026-2027: {OURS}."


def test_years_hold_their_own_versions(spec, tmp_path):
    old = tmp_path / "old.csv"
    old.write_text("Code Sets\nCode Set,Code,Name,Status\nMeetingDelay,10,Sample delay,current\n")
    spec("load", MOVED, "--year", "2026-2027", "--yes")
    spec("load", old, "--year", "2025-2026", "--yes")
    assert specified_years() == ("2025-2026", "2026-2027")
    assert layout("MEET", "2025-2026").numbers[15] == "24.16"
    assert layout("MEET", "2026-2027").numbers[15] == "24.18"
    spec("revert", "--year", "2025-2026", "--yes")
    assert specified_years() == ("2026-2027",)


def test_nothing_is_half_loaded(spec, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text(MOVED.read_text().replace("Testcase delay,current", "Testcase delay,new"))
    assert spec("load", bad, "--yes") == (
        2,
        "",
        'Code Sets, row 7, column Status: "new" is not current or retired. Write one of them.\nNothing was loaded.\n',
    )
    assert spec("load", tmp_path / "none.csv", "--yes")[0] == 2
    assert spec("load", MOVED, "--year", "2026", "--yes")[0] == 2
    assert not SpecificationVersion.objects.exists()
    assert specified_years() == ()


def test_without_a_yes_nothing_is_loaded(spec, monkeypatch):
    code, out, err = spec("load", MOVED)
    assert (code, err) == (1, "There is no terminal to ask at; --yes says yes.\n")
    assert out.endswith("Nothing was loaded.\n")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert spec("load", MOVED)[0] == 1
    assert not SpecificationVersion.objects.exists()
    monkeypatch.setattr("builtins.input", lambda question: "y")
    assert spec("load", MOVED)[0] == 0
    assert SpecificationVersion.objects.exists()


def test_what_was_loaded_is_never_changed_or_deleted(spec):
    spec("load", MOVED, "--yes")
    version, choice = SpecificationVersion.objects.get(), SpecificationChoice.objects.get()
    for row in (version, choice):
        with pytest.raises(TypeError, match="never updated"):
            row.save()
        with pytest.raises(TypeError, match="never deleted"):
            row.delete()
        with pytest.raises(TypeError, match="never updated"):
            type(row).objects.update(year="2025-2026")
        with pytest.raises(TypeError, match="never deleted"):
            type(row).objects.all().delete()


def test_another_process_sees_it_when_it_looks_again(spec, settings, django_assert_num_queries):
    settings.SPECIFICATION_SECONDS = 3600
    specifications.look_again()
    spec("load", MOVED, "--yes")
    # As in a process that was not the one that loaded.
    put_in_force({})
    specifications._newest_choice = None
    with django_assert_num_queries(0):
        specifications.look_again()
    assert specified_years() == ()
    specifications._looked_at = None
    specifications.look_again()
    assert specified_years() == ("2026-2027",)
    specifications._looked_at = None
    with django_assert_num_queries(1):
        specifications.look_again()


def test_the_state_opens_for_what_the_workbook_says_and_for_nothing_else(spec):
    meeting = Line(
        "MEET", complete("MEET", w.meet("alder", "20261123", **{"24.05": "2026-2027", "24.18": "60"}))
    )
    plan = Line("PLAN", complete("PLAN", w.plan("alder", "20261123")))

    def codes(*lines):
        return [one.code for one in refusals(lines, form="files", destination="state", peer="state")]

    assert codes(meeting) == ["not-confirmed-positions-MEET", "not-confirmed-codes-MeetingDelay"]
    spec("load", MOVED, "--yes")
    assert codes(meeting) == []
    assert codes(meeting, plan)[0] == "not-confirmed-positions-PLAN"
    # Another year has no workbook, so its meetings stay.
    before = Line("MEET", {**meeting.values, "24.05": "2025-2026", "24.18": "20"})
    assert codes(before) == ["not-confirmed-positions-MEET", "not-confirmed-codes-MeetingDelay"]
    # A code that no row of the workbook lists, and the API, whose contract stays unknown.
    assert codes(Line("MEET", {**meeting.values, "24.18": "99"})) == ["not-confirmed-codes-MeetingDelay"]
    assert [one.code for one in refusals([meeting], form="api", destination="state", peer="state")] == [
        "not-confirmed-state-api"
    ]
    spec("revert", "--yes")
    assert codes(meeting) == ["not-confirmed-positions-MEET", "not-confirmed-codes-MeetingDelay"]


def test_a_line_for_the_state_is_written_in_the_order_of_its_year(spec):
    values = {"24.01": "MEET", "24.04": "9912345", "24.05": "2026-2027", "24.17": "Y", "24.18": "60"}
    line = SubmissionLine(record="MEET", kind="add", values=values, transaction_id="MZ1")
    spec("load", MOVED, "--yes")
    assert line_text(line) == "MEET^A^MZ1^9912345^2026-2027^^^^^^^^^^^60^^Y^"
    line.values = {**values, "24.05": "2025-2026"}
    assert line_text(line) == "MEET^A^MZ1^9912345^2025-2026^^^^^^^^^^^^Y^60^"


def test_files_for_hand_upload_hold_one_order_each(spec, tmp_path):
    lines = [
        "MEET^A^MZ1^9912345^2026-2027^^^^^^^^^^20261110^^^Y^60^",
        "MEET^A^MZ2^9912345^2025-2026^^^^^^^^^^20250915^^Y^50^",
        "MEET^A^MZ3^9912345^2026-2027^^^^^^^^^^20261111^60^^Y^",
    ]
    gateway = FileGateway(folder=tmp_path, destination="state")
    assert [(one.path.name, one.line_count) for one in gateway.write(file_name="a.txt", lines=lines)] == [
        ("a_1_MEET.txt", 3)
    ]
    spec("load", MOVED, "--yes")
    assert [(one.path.name, one.line_count) for one in gateway.write(file_name="b.txt", lines=lines)] == [
        ("b_1_MEET.txt", 1),
        ("b_2_MEET.txt", 2),
    ]
    assert (tmp_path / "b_1_MEET.txt").read_text() == lines[1] + "\n"


def test_the_state_s_own_words_stand_beside_the_rule(spec, capsys):
    spec("load", MOVED, "--yes")
    assert main(["rules", "GERR0002", "--year", "2026-2027"]) == 0
    assert capsys.readouterr().out.endswith(
        "The state says: Sample text of the state about an unknown code.\n"
    )
    assert main(["rules", "MEET9999", "--year", "2026-2027"]) == 0
    assert capsys.readouterr().out == (
        "MEET9999  known from the state's workbook only\n\nThe state says: Sample text about a meeting.\n"
    )
    assert main(["rules", "MEET9999", "--year", "2025-2026"]) == 2
