"""Importing SIS files: good lines load, each damage is named by file, line and field, and nothing is done twice.

Every expectation is written by hand from the small world: alder, towhee and yarrow are enrolled in our LEA since
August 14, 2023, sage in the other one.
"""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.accounts.models import Grant
from manzanita.auditing.models import ChangeEvent
from manzanita.exchange.models import ImportFile, Operation
from manzanita.platform.jobs import run_jobs_now
from manzanita.platform.models import Job
from manzanita.procedures import import_sis
from manzanita.procedures.import_sis import GivenFile, resume_sis_import, start_sis_import
from manzanita.students.actions import state_one
from manzanita.students.models import Enrollment, Ssid, Student
from tests.support import world as w
from tests.support.exchange import archive
from tests.support.sis_files import (
    FERN_SSID,
    enrollments,
    fern,
    fern_info,
    lines,
    notes,
    outcome,
    student_of,
    text,
    words,
)


def everything() -> list[list[tuple]]:
    """All that an import may write of students, versions and all."""
    return [
        list(Student.unscoped.order_by("pk").values_list()),
        list(Ssid.objects.order_by("pk").values_list()),
        list(Enrollment.objects.order_by("pk").values_list()),
    ]


# What good lines do


def test_a_new_student_is_made_with_ssid_enrollment_and_identity(take_in):
    run = take_in(SENR=text(fern(**{"1.25": "20261030", "1.26": "E140"})))
    assert outcome(run) == {"lines": 1, "new": 1}
    assert notes(run) == []
    student = student_of(FERN_SSID)
    assert (student.first_name, student.last_name, student.birth_on) == ("Fern", "Sample", date(2017, 2, 11))
    assert enrollments(student) == [(w.LEA, date(2026, 8, 15), date(2026, 10, 30), "03")]
    fact = Enrollment.objects.get(student=student)
    assert fact.cause == f"sis-import:{run.pk}"
    assert (fact.school_code, fact.status_code, fact.exit_reason_code) == (w.SCHOOL, "10", "E140")
    assert Ssid.objects.get(student=student).effective_from == date(2026, 8, 15)


def test_what_is_the_same_is_matched_and_what_differs_is_changed(small_world, take_in):
    run = take_in(SENR=text(w.senr("alder"), w.senr("towhee", **{"1.24": "07"}), fern()))
    assert outcome(run) == {"lines": 3, "new": 1, "changed": 1, "unchanged": 1, "matched": 2}
    towhee = small_world.students["towhee"]
    assert enrollments(towhee) == [(w.LEA, date(2023, 8, 14), None, "07")]
    assert Enrollment.objects.filter(student=towhee).count() == 2  # the old version is kept
    assert Student.unscoped.count() == 5


def test_the_database_looks_at_the_filled_tables_when_all_lines_are_loaded(take_in, monkeypatch):
    there = []
    monkeypatch.setattr(import_sis, "renew_statistics", lambda: there.append(Enrollment.objects.count()))
    take_in(SENR=text(fern()))
    # Beside the four enrollments of the small world.
    assert there == [5]


def test_an_exit_moves_the_end_of_the_enrollment(small_world, take_in):
    take_in(SENR=text(w.senr("yarrow", **{"1.25": "20261002", "1.26": "E140"})))
    assert enrollments(small_world.students["yarrow"]) == [
        (w.LEA, date(2023, 8, 14), date(2026, 10, 2), "03")
    ]


def test_an_exit_before_the_start_is_left_out_and_named(small_world, take_in):
    run = take_in(SENR=text(w.senr("yarrow", **{"1.25": "20230801"})))
    assert outcome(run) == {"lines": 1, "unchanged": 1, "matched": 1, "emptied": 1}
    assert notes(run) == [("SENR.txt", 1, "emptied", ["1.22", "1.25"])]
    assert "08/01/2023 is before the enrollment starts, 08/14/2023" in words(run)[0]


def test_importing_the_same_files_again_changes_nothing(take_in):
    files = {
        "SENR": text(
            w.senr("alder", **{"1.24": "05"}), fern(), fern(**{"1.22": "20260105", "1.25": "20260601"})
        ),
        "SINF": text(fern_info(**{"2.12": "Marigold"}), record="SINF"),
    }
    first = take_in(**files)
    assert outcome(first) == {"lines": 4, "new": 1, "changed": 2, "unchanged": 1, "matched": 3}
    before = everything()
    again = take_in(**files)
    assert outcome(again) == {"lines": 4, "unchanged": 4, "matched": 4}
    assert everything() == before


def test_sinf_brings_names_up_to_date_and_the_order_of_files_plays_no_part(small_world, take_in):
    run = take_in(
        A_SINF=text(fern_info(**{"2.12": "Marigold", "2.14": "Jr"}), record="SINF"), B_SENR=text(fern())
    )
    assert outcome(run) == {"lines": 2, "new": 1, "unchanged": 1, "matched": 1}
    student = student_of(FERN_SSID)
    assert (student.middle_name, student.suffix) == ("Marigold", "Jr")
    run = take_in(SINF=text(fern_info(**{"2.11": "Ferne"}), record="SINF"))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    student.refresh_from_db()
    # Blank text leaves what is known.
    assert (student.first_name, student.middle_name) == ("Ferne", "Marigold")


def test_the_newest_line_says_who_a_student_is(take_in):
    run = take_in(
        SENR=text(
            fern(**{"1.22": "20260815", "1.12": "Newname"}),
            fern(**{"1.22": "20240815", "1.25": "20260601", "1.12": "Oldname"}),
        )
    )
    assert outcome(run) == {"lines": 2, "new": 1, "changed": 1, "matched": 1}
    assert student_of(FERN_SSID).last_name == "Newname"
    assert notes(run) == [("SENR.txt", 2, "kept", ["1.08", "1.12"])]
    run = take_in(SENR=text(fern(**{"1.22": "20240815", "1.25": "20260601", "1.12": "Oldname"})))
    assert student_of(FERN_SSID).last_name == "Newname"
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.08"])]


def test_sinf_of_a_student_without_an_enrollment_here_is_refused_in_words(take_in):
    # Sage is known, of the other LEA; the words are those for somebody unknown.
    sage = fern_info(**{"2.09": w.SSIDS["sage"], "2.11": "Other", "2.13": "Name", "2.18": ""})
    run = take_in(SINF=text(fern_info(), sage, record="SINF"))
    assert outcome(run) == {"lines": 2, "refused": 2}
    assert notes(run) == [("SINF.txt", 1, "refused", ["2.09"]), ("SINF.txt", 2, "refused", ["2.09"])]
    for line, (number, message) in enumerate(zip([FERN_SSID, w.SSIDS["sage"]], words(run), strict=True), 1):
        assert message == (
            f"Line {line}: 2.09 SSID {number} has no enrollment in LEA {w.LEA} here, and a student is known by an "
            "enrollment (SENR). The line is not loaded."
        )
    assert student_of(w.SSIDS["sage"]).first_name == "Sage"


def test_sinf_that_means_another_person_than_its_enrollment_is_refused(take_in):
    run = take_in(SENR=text(fern()), SINF=text(fern_info(**{"2.18": "20160211"}), record="SINF"))
    assert outcome(run) == {"lines": 2, "new": 1, "refused": 1}
    assert notes(run) == [("SINF.txt", 1, "refused", ["2.09", "2.18"])]
    assert student_of(FERN_SSID).birth_on == date(2017, 2, 11)


# Who a line is about


def test_a_local_id_alone_makes_a_student_without_ssid_and_the_ssid_may_come_late(small_world, take_in):
    run = take_in(SENR=text(fern(**{"1.08": ""})))
    assert outcome(run) == {"lines": 1, "new": 1}
    student = Student.unscoped.get(first_name="Fern")
    assert not Ssid.objects.filter(student=student).exists()
    assert outcome(take_in(SENR=text(fern(**{"1.08": ""})))) == {"lines": 1, "unchanged": 1, "matched": 1}

    archive(student, [("MEET", {**w.meet("alder", "20261120"), "24.06": ""})])
    assert Operation.objects.get(student_id=student.pk).hold_code == "no-ssid"

    run = take_in(SENR=text(fern()))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    late = Ssid.objects.get(student=student)
    assert (late.ssid, late.effective_from) == (FERN_SSID, date(2026, 8, 15))
    # Nothing but the SSID held the record back, and now nothing does.
    operation = Operation.objects.get(student_id=student.pk)
    assert operation.values["24.06"] == FERN_SSID
    assert "no-ssid" not in [hold["code"] for hold in operation.holds]
    assert outcome(take_in(SENR=text(fern()))) == {"lines": 1, "unchanged": 1, "matched": 1}
    assert Student.unscoped.filter(first_name="Fern").count() == 1


def test_sinf_gives_the_ssid_that_senr_lacks(take_in):
    files = {"SENR": text(fern(**{"1.08": ""})), "SINF": text(fern_info(), record="SINF")}
    assert outcome(take_in(**files)) == {"lines": 2, "new": 1, "unchanged": 1, "matched": 1}
    assert student_of(FERN_SSID).first_name == "Fern"
    before = everything()
    assert outcome(take_in(**files)) == {"lines": 2, "unchanged": 2, "matched": 2}
    assert everything() == before


def test_an_ssid_known_for_a_wholly_other_person_refuses_the_line(small_world, take_in):
    run = take_in(SENR=text(fern(**{"1.08": w.SSIDS["alder"]}), w.senr("towhee")))
    assert outcome(run) == {"lines": 2, "refused": 1, "unchanged": 1, "matched": 1}
    assert notes(run) == [("SENR.txt", 1, "refused", ["1.08", "1.10", "1.12", "1.17"])]
    assert words(run) == [
        "Line 1: 1.08 SSID 9900000005 is known here as another student: the first name is another, the last name is "
        "another, the birth date is another. The line is not loaded."
    ]
    assert len(enrollments(small_world.students["alder"])) == 1


def test_a_corrected_birth_date_is_no_other_person(small_world, take_in):
    run = take_in(SENR=text(w.senr("alder", **{"1.17": "20160410"})))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert student_of(w.SSIDS["alder"]).birth_on == date(2016, 4, 10)


def test_a_student_who_arrives_from_another_lea_is_known_by_the_ssid(small_world, take_in):
    run = take_in(SENR=text(w.senr("sage", **{"1.22": "20261102"})))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert enrollments(small_world.students["sage"]) == [
        (w.OTHER_LEA, date(2023, 8, 14), None, "05"),
        (w.LEA, date(2026, 11, 2), None, "05"),
    ]


def test_an_old_enrollment_of_another_lea_does_not_rename_the_student(small_world, take_in):
    run = take_in(SENR=text(w.senr("sage", **{"1.22": "20210816", "1.25": "20220603", "1.12": "Former"})))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert student_of(w.SSIDS["sage"]).last_name == "Testcase"
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.08"])]


def test_another_ssid_for_the_same_local_id_and_person_holds_from_today(small_world, take_in):
    run = take_in(SENR=text(w.senr("alder", **{"1.08": "9900000077"})))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    alder = small_world.students["alder"]
    held = Ssid.objects.believed().filter(student=alder).order_by("effective_from")
    assert [(s.ssid, s.effective_from, s.effective_to) for s in held] == [
        ("9900000005", date(2023, 8, 14), date(2026, 11, 22)),
        ("9900000077", date(2026, 11, 23), None),
    ]
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.08", "1.09"])]


def test_two_records_of_one_student_are_named(small_world, take_in):
    take_in(SENR=text(w.senr("sage", **{"1.08": "", "1.22": "20261102"})))
    run = take_in(SENR=text(w.senr("sage", **{"1.22": "20261102"})))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert "two records of one student" in words(run)[0]


def test_lines_of_another_lea_are_left_and_named_once(small_world, take_in):
    before = everything()
    run = take_in(
        SENR=text(
            w.senr("sage", w.OTHER_LEA, **{"1.24": "06"}),
            w.senr("alder"),
            fern(**{"1.04": w.OTHER_LEA, "1.05": w.OTHER_SCHOOL}),
        )
    )
    assert outcome(run) == {"lines": 3, "unchanged": 1, "matched": 1, "elsewhere": 2}
    assert notes(run) == [("SENR.txt", 1, "elsewhere", ["1.04"])]
    assert words(run) == [
        "2 lines of LEA 9910025, the first is line 1: not loaded, because you act for LEA 9910017."
    ]
    assert everything() == before


def test_without_an_lea_the_lines_of_all_are_taken(take_in):
    run = take_in(lea_code="", SENR=text(w.senr("sage", w.OTHER_LEA, **{"1.24": "06"}), w.senr("alder")))
    assert outcome(run) == {"lines": 2, "changed": 1, "unchanged": 1, "matched": 2}


# Deleting


def test_a_line_that_deletes_removes_the_enrollment(small_world, take_in):
    take_in(SENR=text(fern()))
    student = student_of(FERN_SSID)
    # Of a line that deletes only the key counts.
    run = take_in(SENR=text(fern(**{"1.02": "D", "1.24": "nonsense"})))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert enrollments(student) == []
    assert Enrollment.objects.filter(student=student).count() == 1  # closed, not gone
    run = take_in(SENR=text(fern(**{"1.02": "D"})))
    assert outcome(run) == {"lines": 1, "unchanged": 1, "matched": 1}
    assert words(run) == ["Line 1: deletes the enrollment of 08/15/2026, which is not here. Nothing changes."]


def test_deleting_for_somebody_unknown_makes_nobody(take_in):
    run = take_in(SENR=text(fern(**{"1.02": "D"})))
    assert outcome(run) == {"lines": 1, "unchanged": 1, "matched": 1}
    assert Student.unscoped.count() == 4


# The twelve kinds of damage: each is named by file, line and field, and the good lines load


def test_a_wrong_field_count_is_named(take_in):
    damaged = lines(w.senr("alder"), fern())
    damaged[0] = damaged[0].removesuffix("^")
    run = take_in(SENR="\n".join(damaged) + "\n")
    assert outcome(run) == {"lines": 2, "new": 1, "refused": 1}
    assert notes(run) == [("SENR.txt", 1, "refused", [])]
    assert words(run)[0].startswith("Line 1 has 34 fields, and a SENR line has 35.")


@pytest.mark.parametrize("bad", ["09/15/2016", "2016-9-15"])
def test_a_bad_date_is_named_and_left_empty(take_in, bad):
    run = take_in(SENR=text(w.senr("alder"), fern(**{"1.17": bad})))
    assert outcome(run) == {"lines": 2, "new": 1, "unchanged": 1, "matched": 1, "emptied": 1}
    assert notes(run) == [("SENR.txt", 2, "emptied", ["1.17"])]
    assert words(run) == [
        f'1.17 Student Birth Date: "{bad}" is not a date written as year, month, day (20260915). The field is left '
        "empty; the rest of the line is loaded."
    ]
    assert student_of(FERN_SSID).birth_on is None


def test_an_impossible_date_in_the_key_refuses_the_line(take_in):
    run = take_in(SENR=text(w.senr("alder"), fern(**{"1.22": "20260231"})))
    assert outcome(run) == {"lines": 2, "unchanged": 1, "matched": 1, "refused": 1}
    assert notes(run) == [("SENR.txt", 2, "refused", ["1.22"])]
    assert words(run) == [
        '1.22 Enrollment Start Date: "20260231" is not a day of the calendar. It is part of the key, so the line is '
        "not loaded."
    ]


def test_an_unknown_code_is_named_and_the_line_loads(take_in):
    run = take_in(SENR=text(fern(**{"1.18": "Q"})))
    assert outcome(run)["new"] == 1
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.18"])]
    # The list of genders may be short, so what is not on it is kept.
    assert student_of(FERN_SSID).gender_code == "Q"
    assert words(run) == [
        '1.18 Student Gender Code: "Q" is not among the codes of Gender that we know. Our list may be short, so the '
        "value is kept."
    ]


def test_a_line_that_is_not_utf_8_is_set_aside_alone(take_in):
    data = text(w.senr("alder"), fern(), fern(**{"1.08": "9900000022", "1.09": "L22", "1.12": "Nuñez"}))
    run = take_in(SENR=data.encode("latin-1"))
    assert outcome(run) == {"lines": 3, "new": 1, "unchanged": 1, "matched": 1, "refused": 1}
    assert notes(run) == [("SENR.txt", 3, "refused", ["1.12"])]
    assert "not UTF-8 in field 1.12 Student Legal Last Name" in words(run)[0]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="byte order mark"),
        pytest.param(lambda data: data.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda data: data.removesuffix(b"\n"), id="no last line end"),
    ],
)
def test_harmless_ways_to_write_load_without_a_note(take_in, damage):
    run = take_in(SENR=damage(text(w.senr("alder"), fern()).encode()))
    assert outcome(run) == {"lines": 2, "new": 1, "unchanged": 1, "matched": 1}
    assert notes(run) == []
    assert student_of(FERN_SSID).last_name == "Sample"


def test_two_students_under_one_ssid_are_named_and_the_known_one_is_taken(small_world, take_in):
    second = fern(**{"1.08": w.SSIDS["alder"]})
    run = take_in(SENR=text(second, w.senr("alder", **{"1.24": "05"}), w.senr("towhee")))
    assert outcome(run) == {"lines": 3, "changed": 1, "unchanged": 1, "matched": 2, "refused": 1}
    assert notes(run) == [("SENR.txt", 1, "refused", ["1.08", "1.17", "1.10", "1.12"])]
    assert "two students under one number. Line 2 is taken" in words(run)[0]
    assert enrollments(small_world.students["alder"]) == [(w.LEA, date(2023, 8, 14), None, "05")]


def test_the_same_enrollment_twice_is_taken_once_or_refused(take_in):
    run = take_in(SENR=text(fern(), fern(), fern(**{"1.24": "04"})))
    assert outcome(run) == {"lines": 3, "new": 1, "unchanged": 1, "matched": 1, "refused": 1}
    assert notes(run) == [
        ("SENR.txt", 2, "kept", ["1.04", "1.08", "1.22"]),
        ("SENR.txt", 3, "refused", ["1.04", "1.08", "1.22"]),
    ]
    assert student_of(FERN_SSID) and Enrollment.objects.believed().get(
        school_code=w.SCHOOL, grade_code="03", started_on=date(2026, 8, 15)
    )


def test_an_empty_file_is_named_and_the_other_file_loads(take_in):
    run = take_in(EMPTY=b"", SENR=text(fern()))
    assert outcome(run) == {"lines": 1, "new": 1}
    assert notes(run) == [("EMPTY.txt", 0, "refused", [])]
    assert words(run) == ["The file EMPTY.txt is empty. Export it again, and check that the export finished."]


def test_a_field_ten_times_too_long_is_named_and_left_empty(take_in):
    run = take_in(SENR=text(w.senr("alder"), fern()).replace("^Fern^", f"^{'F' * 2550}^"))
    assert outcome(run) == {"lines": 2, "new": 1, "unchanged": 1, "matched": 1, "emptied": 1}
    assert notes(run) == [("SENR.txt", 2, "emptied", ["1.10"])]
    assert words(run)[0].startswith(
        "1.10 Student Legal First Name has 2550 characters and takes at most 255. The field is left empty"
    )


def test_a_wrong_record_type_in_a_line_and_in_a_file(take_in):
    mixed = lines(fern()) + lines(fern_info(), record="SINF")
    run = take_in(MIXED="\n".join(mixed) + "\n", PLAN=text(w.plan("alder", "20261123"), record="PLAN"))
    assert outcome(run) == {"lines": 3, "new": 1, "refused": 2}
    assert notes(run) == [("MIXED.txt", 2, "refused", ["1.01"]), ("PLAN.txt", 0, "refused", [])]
    assert 'Line 2 has the record type "SINF" in field 1.01, and this file is SENR.' in words(run)[0]
    assert "PLAN.txt holds PLAN records, and SIS files are SENR or SINF." in words(run)[1]


def test_a_truncated_last_line_is_named(take_in):
    data = text(fern(), w.senr("alder"))
    cut = data[: data.index("Testcase") + 4]
    run = take_in(SENR=cut)
    assert outcome(run) == {"lines": 2, "new": 1, "refused": 1}
    assert notes(run) == [("SENR.txt", 2, "refused", [])]
    assert "It ends in the place of field 1.12 Student Legal Last Name: the line is cut off" in words(run)[0]


def test_a_file_of_another_sort_is_named(take_in):
    run = take_in(NOTES="Ask about the export on Monday.\n")
    assert outcome(run) == {}
    assert words(run)[0].startswith("NOTES.txt is not a record file: no line")


def test_a_line_without_any_id_is_refused(take_in):
    run = take_in(SENR=text(fern(**{"1.08": "", "1.09": ""}), fern(**{"1.08": "99000"}), w.senr("alder")))
    assert outcome(run) == {"lines": 3, "unchanged": 1, "matched": 1, "refused": 2}
    assert notes(run) == [
        ("SENR.txt", 1, "refused", ["1.08", "1.09"]),
        ("SENR.txt", 2, "refused", ["1.08"]),
    ]


# As a job


def given(**contents: str) -> list[GivenFile]:
    return [GivenFile(f"{name}.txt", [content.encode()]) for name, content in contents.items()]


def test_a_job_loads_and_says_so_in_the_log(small_world):
    actor = small_world.coordinator_actor
    started = start_sis_import(actor=actor, files=given(SENR=text(fern(), w.senr("alder"))))
    assert started.is_new
    assert run_jobs_now(raises_errors=True) == 1
    assert outcome(started.run) == {"lines": 2, "new": 1, "unchanged": 1, "matched": 1}
    assert Job.objects.get().result["new"] == 1
    logged = ChangeEvent.objects.filter(subject_id=started.run.pk, subject_type="exchange.importrun")
    assert list(logged.order_by("pk").values_list("action", "actor_user_id")) == [
        ("start_import", actor.user_id),
        ("import_sis", actor.user_id),
    ]
    fact = Enrollment.objects.believed().get(started_on=date(2026, 8, 15))
    assert fact.by_id == actor.user_id


def test_files_are_stored_under_names_of_ours(small_world, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    files = [GivenFile("../../etc/evil\n.txt", [text(fern()).encode()])]
    start_sis_import(actor=small_world.coordinator_actor, files=files)
    stored = ImportFile.objects.get()
    assert [path.name for path in (tmp_path / "files").iterdir()] == [stored.stored_name]
    assert stored.stored_name.isalnum()
    assert stored.name == "../../etc/evil_.txt"


def test_the_same_file_is_not_at_work_twice(small_world, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    actor = small_world.coordinator_actor
    first = start_sis_import(actor=actor, files=given(SENR=text(fern())))
    again = start_sis_import(actor=actor, files=given(OTHER=text(fern())))
    assert (again.run, again.is_new) == (first.run, False)
    assert Job.objects.count() == 1 and len(list((tmp_path / "files").iterdir())) == 1
    run_jobs_now(raises_errors=True)
    # Once it has ended the file may come again, and changes nothing.
    third = start_sis_import(actor=actor, files=given(SENR=text(fern())))
    assert third.is_new
    run_jobs_now(raises_errors=True)
    assert outcome(third.run) == {"lines": 1, "unchanged": 1, "matched": 1}


def test_a_grant_that_ended_meanwhile_loads_nothing(small_world):
    started = start_sis_import(actor=small_world.coordinator_actor, files=given(SENR=text(fern())))
    Grant.objects.filter(pk=small_world.coordinator_grant.pk).update(ends_on=date(2026, 11, 22))
    run_jobs_now(raises_errors=True)
    started.run.refresh_from_db()
    assert started.run.state == "failed"
    assert started.run.refusals[0]["text"] == (
        "Nothing was loaded: the grant of the person who started this import has ended."
    )
    assert not Student.unscoped.filter(first_name="Fern").exists()


def test_a_file_that_is_gone_ends_the_import_in_words(small_world, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    started = start_sis_import(actor=small_world.coordinator_actor, files=given(SENR=text(fern())))
    (stored,) = (tmp_path / "files").iterdir()
    stored.unlink()
    run_jobs_now(raises_errors=True)
    started.run.refresh_from_db()
    assert (started.run.state, started.run.refusals[0]["code"]) == ("failed", "file-gone")


class Killed(BaseException):
    """As a kill -9: nothing handles it."""


@pytest.mark.parametrize("crash", [("sis-files-read", 1), ("sis-lines-loaded", 1), ("sis-lines-loaded", 3)])
@pytest.mark.parametrize("is_inside", [False, True])
def test_a_worker_killed_on_the_way_leaves_the_same_outcome(small_world, monkeypatch, crash, is_inside):
    monkeypatch.setattr(import_sis, "LINES_AT_ONCE", 2)
    rows = [fern(**{"1.08": f"99000001{n:02}", "1.09": f"K{n}", "1.10": f"Fern{n}"}) for n in range(5)]
    rows.insert(3, fern(**{"1.08": "99000", "1.09": "K99"}))
    info = [fern_info(**{"2.09": f"99000001{n:02}", "2.10": f"K{n}", "2.11": f"Ferne{n}"}) for n in range(3)]
    info.append(fern_info(**{"2.09": "9900000999"}))
    files = given(SENR=text(*rows), SINF=text(*info, record="SINF"))
    point, left = crash

    def crashing(name: str) -> None:
        nonlocal left
        if name == point:
            left -= 1
            if left == 0:
                raise Killed

    if is_inside and point == "sis-lines-loaded":
        # Inside the transaction of a chunk: nothing of it stays.
        whole = import_sis.add_loaded

        def dying(**arguments) -> None:
            whole(**arguments)
            crashing(point)

        monkeypatch.setattr(import_sis, "add_loaded", dying)
    else:
        monkeypatch.setattr(import_sis, "crash_point", crashing)
    run = start_sis_import(actor=small_world.coordinator_actor, files=files).run
    with pytest.raises(Killed):
        run_jobs_now(raises_errors=True)
    run.refresh_from_db()
    assert run.state == "running"
    run_jobs_now(raises_errors=True)

    assert outcome(run) == {"lines": 10, "new": 5, "unchanged": 3, "matched": 3, "refused": 2}
    assert [file.counts["new"] for file in run.files.order_by("pk")] == [5, 0]
    assert notes(run) == [("SENR.txt", 4, "refused", ["1.08"]), ("SINF.txt", 4, "refused", ["2.09"])]
    names = Student.unscoped.filter(last_name="Sample").order_by("first_name")
    assert list(names.values_list("first_name", flat=True)) == [
        "Fern3",
        "Fern4",
        "Ferne0",
        "Ferne1",
        "Ferne2",
    ]
    assert Enrollment.objects.filter(cause=f"sis-import:{run.pk}").count() == 5
    assert Ssid.objects.filter(cause=f"sis-import:{run.pk}").count() == 5


def test_a_run_whose_job_gave_up_goes_on(small_world, monkeypatch):
    actor = small_world.coordinator_actor
    run = start_sis_import(actor=actor, files=given(SENR=text(fern()))).run
    assert not resume_sis_import(actor=actor, run=run)
    with monkeypatch.context() as broken:
        broken.setattr(import_sis, "settle", lambda *_: 1 / 0)
        run_jobs_now()
    run.refresh_from_db()
    assert (run.state, Job.objects.get().state) == ("waiting", "failed")
    # The same file may be given again as well: nobody is at work on it.
    assert start_sis_import(actor=actor, files=given(SENR=text(fern()))).is_new
    run_jobs_now(raises_errors=True)
    assert resume_sis_import(actor=actor, run=run)
    run_jobs_now(raises_errors=True)
    assert outcome(run) == {"lines": 1, "unchanged": 1, "matched": 1}


# What the exchange makes of it


def test_an_enrollment_ends_a_hold_that_hung_on_it(small_world, take_in):
    """Operations are worked out anew for students whose enrollment changed."""
    alder = small_world.students["alder"]
    state_one(
        "enrollment",
        slot={"student_id": alder.pk, "lea_code": w.LEA, "started_on": date(2023, 8, 14)},
        values=None,
        effective_from=date(2023, 8, 14),
        by_id=None,
        cause="test",
    )
    archive(alder, [("SWDS", w.swds("alder", "20261120", **{"22.05": "2026-2027"}))])
    held = Operation.objects.get(student_id=alder.pk)
    assert held.hold_code == "input-error" and "GERR0005" in held.holds[0]["text"]
    run = take_in(SENR=text(w.senr("alder")))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert Operation.objects.get(student_id=alder.pk).hold_code == ""


# What it costs


@pytest.mark.parametrize("count", [2, 40])
def test_a_chunk_costs_the_same_for_few_and_many(take_in, django_assert_max_num_queries, count):
    rows = [fern(**{"1.08": f"990000{n:04}", "1.09": f"K{n}", "1.10": f"Fern{n}"}) for n in range(count)]
    with django_assert_max_num_queries(80):
        take_in(SENR=text(*rows))


def test_more_lines_than_one_chunk_are_loaded_whole(take_in):
    """2,400 lines are three chunks; how long they take is told by ``make bench-import``."""
    rows = [fern(**{"1.08": f"99001{n:05}", "1.09": f"K{n}", "1.10": f"Fern{n}"}) for n in range(2400)]
    assert outcome(take_in(SENR=text(*rows))) == {"lines": 2400, "new": 2400}
