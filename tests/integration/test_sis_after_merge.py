"""A SIS that still has a student twice after the two records were put together here: nothing is reopened or made anew,
and each line that contradicts is told.

Alder (SSID 9900000005, local ID L0005, enrolled since August 14, 2023) was entered a second time as Adler on November
2, 2026, under L777. Today is November 23, 2026.
"""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.domain.merging import Side
from manzanita.exchange.models import ImportNote
from manzanita.procedures.merging import merge_students, preview_merge
from manzanita.procedures.merging_base import Asked
from manzanita.procedures.merging_undo import undo_merge
from manzanita.students.actions import state_one
from manzanita.students.models import Enrollment, Ssid, Student
from tests.support import world as w
from tests.support.merging import entered_again, pair_of
from tests.support.pages import enrollment
from tests.support.sis_files import fern_info, notes, outcome, text, words

SECOND = "9900000777"
FIRST_DAY, ENTERED = date(2023, 8, 14), date(2026, 11, 2)


def merge(world, second, **choices: Side):
    pair = pair_of(world.students["alder"], second)
    asked = Asked(choices={name.replace("_", "."): side for name, side in choices.items()})
    seen = preview_merge(world.coordinator_actor, pair, asked).seen
    found, _ = merge_students(
        actor=world.coordinator_actor, pair=pair, asked=asked, reason="One student.", seen=seen
    )
    return found


def twice(ssid: str = "", **changes: str) -> dict[str, str]:
    """The SIS's line of the second record."""
    values = {"1.08": ssid, "1.09": "L777", "1.10": "Adler", "1.22": "20261102", "1.24": "04"}
    return w.senr("alder", **values | changes)


def believed(student) -> list[tuple[str, date, date | None]]:
    rows = Enrollment.objects.believed().filter(student=student).order_by("started_on")
    return [(one.local_student_id, one.started_on, one.effective_to) for one in rows]


KEPT = [("L0005", FIRST_DAY, None)]


@pytest.mark.parametrize("ssid", ["", SECOND])
@pytest.mark.parametrize("is_first", [True, False])
def test_both_lines_reopen_nothing_and_the_second_is_told(small_world, take_in, ssid, is_first):
    alder = small_world.students["alder"]
    merge(small_world, entered_again(ssid=ssid))
    assert believed(alder) == KEPT
    students = Student.unscoped.count()
    rows = [w.senr("alder"), twice(ssid)]
    run = take_in(SENR=text(*(reversed(rows) if is_first else rows)))
    assert outcome(run) == {"lines": 2, "unchanged": 2, "matched": 2}
    assert believed(alder) == KEPT and Student.unscoped.count() == students
    alder.refresh_from_db()
    assert alder.full_name == "Alder Testcase"
    assert notes(run) == [("SENR.txt", 1 if is_first else 2, "kept", ["1.09", "1.22"])]
    (note,) = ImportNote.objects.filter(file__run=run)
    assert (note.code, note.owner, note.severity) == ("MZ-PUT-TOGETHER", "SIS staff", "warning")
    assert note.message == (
        f"Line {1 if is_first else 2}: 1.09 Local Student ID L777 is that of a second record, which was put together "
        "with the one under L0005 here. That one goes on; the enrollment of 11/02/2026 stays as putting them together "
        "left it."
    )
    assert note.fix == (
        "Put the two together in the SIS: end or delete the enrollment under L777, or, where that is the one to keep, "
        "the one under L0005. Then export again."
    )
    # The same file again says the same, and changes nothing.
    assert outcome(take_in(SENR=text(*rows))) == {"lines": 2, "unchanged": 2, "matched": 2}
    assert believed(alder) == KEPT


def test_an_ssid_that_nobody_knew_is_not_taken_for_a_new_one_nor_for_a_new_student(small_world, take_in):
    alder = small_world.students["alder"]
    merge(small_world, entered_again())
    students = Student.unscoped.count()
    run = take_in(SENR=text(w.senr("alder"), twice("9900000888")))
    assert outcome(run) == {"lines": 2, "unchanged": 2, "matched": 2}
    assert Student.unscoped.count() == students and believed(alder) == KEPT
    assert set(Ssid.objects.believed().filter(student=alder).values_list("ssid", flat=True)) == {"9900000005"}


def test_once_the_sis_ends_or_deletes_the_second_it_is_taken_and_nothing_is_told(small_world, take_in):
    alder = small_world.students["alder"]
    merge(small_world, entered_again())
    run = take_in(SENR=text(w.senr("alder"), twice(**{"1.02": "D"})))
    assert notes(run) == []
    assert believed(alder) == [("L0005", FIRST_DAY, None)]


def test_the_sis_may_keep_the_second_instead(small_world, take_in):
    """L0005 ends on November 1, L777 goes on: that is said by both lines, in whatever order."""
    alder = small_world.students["alder"]
    merge(small_world, entered_again())
    run = take_in(SENR=text(twice(), w.senr("alder", **{"1.25": "20261101", "1.26": "E155"})))
    assert not ImportNote.objects.filter(file__run=run, code="MZ-PUT-TOGETHER").exists()
    assert believed(alder) == [("L0005", FIRST_DAY, date(2026, 11, 1)), ("L777", ENTERED, None)]


def test_where_the_second_goes_on_the_first_is_told(small_world, take_in):
    alder = small_world.students["alder"]
    merge(small_world, entered_again(), primary_9910017=Side.OTHER)
    stands = believed(alder)
    assert stands == [("L0005", FIRST_DAY, date(2026, 11, 1)), ("L777", ENTERED, None)]
    run = take_in(SENR=text(w.senr("alder"), twice()))
    assert believed(alder) == stands
    # The student goes on as the line of the second says: so the name is told, too.
    assert notes(run) == [
        ("SENR.txt", 1, "kept", ["1.09", "1.22"]),
        ("SENR.txt", 2, "kept", ["1.09", "1.10"]),
    ]
    assert "Local Student ID L0005 is that of a second record" in words(run)[0]


def test_of_one_first_day_under_two_local_ids_the_one_that_goes_on_stays(small_world, take_in):
    """The second record began on the same day: nothing of L777 is believed any more, and it still names the student."""
    alder, second = small_world.students["alder"], entered_again()
    slot = {"student_id": second.pk, "lea_code": w.LEA, "started_on": ENTERED}
    known = {"by_id": None, "cause": "by-hand"}
    state_one("enrollment", slot=slot, values=None, effective_from=ENTERED, **known)
    values = enrollment() | {"school_code": w.SCHOOL, "grade_code": "04", "local_student_id": "L777"}
    slot |= {"started_on": FIRST_DAY}
    state_one("enrollment", slot=slot, values=values, effective_from=FIRST_DAY, **known)
    choice = {f"enrollment_{w.LEA}_{FIRST_DAY}": Side.STAYS}
    merge(small_world, second, **choice)
    assert believed(alder) == [("L0005", FIRST_DAY, None)]
    students = Student.unscoped.count()
    run = take_in(SENR=text(w.senr("alder"), twice(**{"1.22": "20230814"})))
    assert Student.unscoped.count() == students and believed(alder) == [("L0005", FIRST_DAY, None)]
    assert notes(run) == [("SENR.txt", 2, "kept", ["1.09", "1.22"])]
    # The SIS has put them together, under the other number: that is taken.
    run = take_in(SENR=text(w.senr("alder", **{"1.09": "L777"})))
    assert notes(run) == [] and believed(alder) == [("L777", FIRST_DAY, None)]


def test_the_second_line_of_next_year_is_told_too(small_world, take_in):
    alder = small_world.students["alder"]
    merge(small_world, entered_again())
    run = take_in(
        SENR=text(
            w.senr("alder", **{"1.25": "20261120", "1.26": "E155"}),
            w.senr("alder", **{"1.22": "20261123"}),
            twice(**{"1.22": "20261124"}),
        )
    )
    assert [one[:2] for one in notes(run)] == [("SENR.txt", 3)]
    assert ("L777", date(2026, 11, 24), None) not in believed(alder)


def test_student_information_of_the_second_renames_nobody(small_world, take_in):
    alder = small_world.students["alder"]
    merge(small_world, entered_again(ssid=SECOND))
    info = fern_info(
        **{
            "2.09": SECOND,
            "2.10": "L777",
            "2.11": "Adler",
            "2.13": "Testcase",
            "2.18": "20160409",
            "2.19": "F",
        }
    )
    run = take_in(SINF=text(info, record="SINF"))
    alder.refresh_from_db()
    assert alder.full_name == "Alder Testcase"
    assert notes(run) == [("SINF.txt", 1, "kept", ["2.10"])]
    assert "name, birth date or gender is not taken from it" in words(run)[0]


def test_taken_back_both_go_on_as_before(small_world, take_in):
    alder, second = small_world.students["alder"], entered_again()
    undo_merge(actor=small_world.coordinator_actor, merge=merge(small_world, second))
    run = take_in(SENR=text(w.senr("alder"), twice()))
    assert notes(run) == []
    assert believed(alder) == [("L0005", FIRST_DAY, None)]
    assert believed(second) == [("L777", ENTERED, None)]
