"""A line of the SIS whose number names one student and whose words name another is set aside, whole."""

from __future__ import annotations

from datetime import date

import pytest

from manzanita.auditing.models import ChangeEvent
from manzanita.exchange.models import ImportNote
from manzanita.students.identity_actions import decide_conflict
from manzanita.students.models import Enrollment, IdentityChange, IdentityConflict, Ssid, Student
from tests.support import world as w
from tests.support.sis_files import fern, fern_info, notes, outcome, student_of, text, words

ALDER = w.SSIDS["alder"]


@pytest.fixture
def towhees_line_under_alders_ssid():
    """What a clerk makes of one wrong digit: Towhee's line, whole, with Alder's SSID."""
    return w.senr("towhee", **{"1.08": ALDER})


def identity(student: Student) -> tuple[str, str, date | None]:
    fresh = Student.unscoped.get(pk=student.pk)
    return fresh.first_name, fresh.last_name, fresh.birth_on


def test_another_students_line_under_the_ssid_changes_nothing(
    small_world, take_in, towhees_line_under_alders_ssid
):
    alder = small_world.students["alder"]
    before, enrolled = identity(alder), list(Enrollment.objects.order_by("pk").values())
    run = take_in(SENR=text(towhees_line_under_alders_ssid))
    assert outcome(run) == {"lines": 1, "refused": 1}
    assert identity(alder) == before
    assert list(Enrollment.objects.order_by("pk").values()) == enrolled
    assert not IdentityChange.objects.exists()
    note = ImportNote.objects.get(file__run=run)
    assert (note.code, note.effect, note.severity, note.owner) == (
        "MZ-OTHER-PERSON",
        "refused",
        "fatal",
        "SIS staff",
    )
    assert "Alder" not in note.message and "Towhee" not in note.message
    kept = IdentityConflict.objects.get()
    assert (kept.student_id, kept.lea_code, kept.ssid, kept.first_name, kept.decision) == (
        alder.pk,
        w.LEA,
        ALDER,
        "Towhee",
        "",
    )
    assert "local_id" in kept.parts


def test_a_twin_under_the_ssid_is_set_aside(small_world, take_in):
    run = take_in(SENR=text(w.senr("alder", **{"1.10": "Juniper"})))
    assert outcome(run) == {"lines": 1, "refused": 1}
    assert notes(run) == [("SENR.txt", 1, "refused", ["1.08", "1.10"])]
    assert IdentityConflict.objects.get().words == "the first name is another"


def test_another_last_name_alone_is_loaded_without_a_note(small_world, take_in):
    run = take_in(SENR=text(w.senr("alder", **{"1.12": "Quillwort"})))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert notes(run) == []


def test_a_birth_date_that_moves_is_loaded_and_told(small_world, take_in):
    run = take_in(SENR=text(w.senr("alder", **{"1.17": "20160408"})))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.08", "1.17"])]
    assert "the birth date differs in one digit" in words(run)[0]


def test_sinf_of_another_is_set_aside_too(small_world, take_in):
    row = fern_info(**{"2.09": ALDER, "2.11": "Juniper", "2.13": "Testcase", "2.18": "20190101"})
    run = take_in(SINF=text(row, record="SINF"))
    assert outcome(run) == {"lines": 1, "refused": 1}
    assert identity(small_world.students["alder"])[0] == "Alder"
    assert IdentityConflict.objects.get().record == "SINF"


def alders_info(**changes: str) -> dict[str, str]:
    """SINF of Alder as he is known."""
    values = {"2.09": ALDER, "2.10": "L0005", "2.11": "Alder", "2.13": "Testcase", "2.18": "20160409"}
    return fern_info(**{**values, "2.19": "M", **changes})


@pytest.mark.parametrize(
    ("enrolled", "informed"),
    [
        ({}, {"2.11": "Juniper"}),
        # What SENR does not say makes nobody of another first name and birth date the student.
        ({"1.17": ""}, {"2.11": "Juniper", "2.18": "20140101"}),
        ({"1.17": "notaday"}, {"2.13": "Quillwort", "2.18": "20140101"}),
    ],
)
def test_sinf_of_another_is_set_aside_with_its_senr_as_without(small_world, take_in, enrolled, informed):
    alder = small_world.students["alder"]
    before = identity(alder)
    row = alders_info(**informed)
    assert outcome(take_in(SINF=text(row, record="SINF"))) == {"lines": 1, "refused": 1}
    run = take_in(SENR=text(w.senr("alder", **enrolled)), SINF=text(row, record="SINF"))
    counts = outcome(run)
    assert (counts["lines"], counts["unchanged"], counts["refused"]) == (2, 1, 1)
    assert "changed" not in counts
    assert identity(alder) == before and not IdentityChange.objects.exists()
    said = ImportNote.objects.filter(file__run=run).exclude(effect="emptied").get()
    assert (said.code, said.effect, said.file.name, said.line) == (
        "MZ-OTHER-PERSON",
        "refused",
        "SINF.txt",
        1,
    )
    assert IdentityConflict.objects.get().ended_at is None


def test_of_a_new_student_sinf_makes_no_other_person(take_in):
    info = text(fern_info(**{"2.11": "Juniper"}), record="SINF")
    run = take_in(SENR=text(fern()), SINF=info)
    assert outcome(run) == {"lines": 2, "new": 1, "refused": 1}
    assert identity(student_of(fern()["1.08"]))[0] == "Fern"


def test_the_ssid_of_a_twin_in_sinf_is_not_given_to_who_has_none(take_in):
    take_in(SENR=text(fern(**{"1.08": ""})))
    info = text(fern_info(**{"2.11": "Juniper"}), record="SINF")
    run = take_in(SENR=text(fern(**{"1.08": ""})), SINF=info)
    assert outcome(run) == {"lines": 2, "unchanged": 1, "matched": 1, "refused": 1}
    assert not Ssid.objects.filter(ssid=fern()["1.08"]).exists()


def test_what_sinf_says_otherwise_is_counted_and_told_on_its_own_line(small_world, take_in):
    files = {
        "SENR": text(w.senr("alder")),
        "SINF": text(alders_info(**{"2.11": "Aldar"}), record="SINF"),
    }
    run = take_in(**files)
    assert outcome(run) == {"lines": 2, "changed": 1, "unchanged": 1, "matched": 2}
    assert [file.counts["changed"] for file in run.files.order_by("pk")] == [0, 1]
    assert notes(run) == [("SINF.txt", 1, "kept", ["2.09", "2.11"])]
    assert identity(small_world.students["alder"])[0] == "Aldar"
    # And it is the last word: SENR does not take it back.
    assert outcome(take_in(**files)) == {"lines": 2, "unchanged": 2, "matched": 2}
    assert IdentityChange.objects.count() == 1


def test_what_both_say_is_told_on_the_line_of_senr(small_world, take_in):
    run = take_in(
        SENR=text(w.senr("alder", **{"1.10": "Aldar"})),
        SINF=text(alders_info(**{"2.11": "Aldar"}), record="SINF"),
    )
    assert outcome(run) == {"lines": 2, "changed": 1, "unchanged": 1, "matched": 2}
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.08", "1.10"])]


def test_a_question_about_senr_stays_open_beside_a_sinf_that_fits(small_world, take_in):
    run = take_in(SENR=text(w.senr("alder", **{"1.10": "Juniper"})), SINF=text(alders_info(), record="SINF"))
    assert outcome(run) == {"lines": 2, "refused": 1, "unchanged": 1, "matched": 1}
    assert IdentityConflict.objects.get().ended_at is None


def test_said_to_be_the_same_sinf_speaks_and_the_question_ends(small_world, take_in):
    files = {
        "SENR": text(w.senr("alder")),
        "SINF": text(alders_info(**{"2.11": "Juniper"}), record="SINF"),
    }
    take_in(**files)
    actor = small_world.coordinator_actor
    decide_conflict(
        actor=actor, conflict=IdentityConflict.objects.get(), decision="same", reason="court order"
    )
    assert outcome(take_in(**files)) == {"lines": 2, "changed": 1, "unchanged": 1, "matched": 2}
    assert identity(small_world.students["alder"])[0] == "Juniper"
    assert IdentityConflict.objects.get().ended_at == w.NOON
    # SENR has the old name still, and asks of its own.
    assert outcome(take_in(**files)) == {"lines": 2, "refused": 1, "unchanged": 1, "matched": 1}
    decide_conflict(
        actor=actor,
        conflict=IdentityConflict.objects.get(ended_at=None),
        decision="same",
        reason="not yet there",
    )
    assert outcome(take_in(**files)) == {"lines": 2, "unchanged": 2, "matched": 2}
    assert identity(small_world.students["alder"])[0] == "Juniper"


def test_the_same_line_again_asks_once_and_the_right_one_ends_it(
    small_world, take_in, towhees_line_under_alders_ssid
):
    take_in(SENR=text(towhees_line_under_alders_ssid))
    take_in(SENR=text(towhees_line_under_alders_ssid))
    assert IdentityConflict.objects.get().ended_at is None
    take_in(SENR=text(w.senr("alder"), w.senr("towhee")))
    assert IdentityConflict.objects.get().ended_at == w.NOON


def test_a_number_that_is_corrected_ends_it_though_nobody_names_the_stranger_any_more(small_world, take_in):
    """Sage is another district's: no line of ours will ever fit her."""
    assert outcome(take_in(SENR=text(fern(**{"1.08": w.SSIDS["sage"]})))) == {"lines": 1, "refused": 1}
    assert outcome(take_in(SENR=text(fern()))) == {"lines": 1, "new": 1}
    assert IdentityConflict.objects.get().ended_at == w.NOON


def test_an_older_line_of_the_same_import_that_is_right_does_not_end_it(small_world, take_in):
    newer = fern(**{"1.08": w.SSIDS["sage"], "1.22": "20261102"})
    assert outcome(take_in(SENR=text(fern(), newer))) == {"lines": 2, "new": 1, "refused": 1}
    assert IdentityConflict.objects.get().ended_at is None


def test_the_other_file_that_is_right_does_not_end_it(small_world, take_in):
    alder = w.senr("alder")
    info = fern_info(
        **{"2.09": ALDER, "2.10": alder["1.09"], "2.11": "Alder", "2.13": "Testcase", "2.18": alder["1.17"]}
    )
    take_in(SENR=text(alder | {"1.10": "Juniper"}), SINF=text(info, record="SINF"))
    assert IdentityConflict.objects.get().ended_at is None
    take_in(SINF=text(info, record="SINF"))
    assert IdentityConflict.objects.get().ended_at is None


def test_who_says_it_is_the_same_student_lets_the_line_in(small_world, take_in):
    line = w.senr("alder", **{"1.10": "Juniper"})
    take_in(SENR=text(line))
    conflict = IdentityConflict.objects.get()
    assert decide_conflict(
        actor=small_world.coordinator_actor, conflict=conflict, decision="same", reason="court order seen"
    )
    assert not decide_conflict(
        actor=small_world.coordinator_actor, conflict=conflict, decision="same", reason="twice"
    )
    run = take_in(SENR=text(line))
    assert outcome(run) == {"lines": 1, "changed": 1, "matched": 1}
    assert IdentityConflict.objects.get().ended_at == w.NOON
    alder = small_world.students["alder"]
    assert identity(alder)[0] == "Juniper"
    change = IdentityChange.objects.get()
    assert (change.student_id, change.was, change.became) == (
        alder.pk,
        {"first_name": "Alder"},
        {"first_name": "Juniper"},
    )
    assert change.cause == f"sis-import:{run.pk}"
    logged = ChangeEvent.objects.get(action="settle_identity")
    assert (logged.student_id, logged.reason, logged.detail) == (
        alder.pk,
        "court order seen",
        {"decision": "same"},
    )


def test_what_somebody_has_said_is_not_overwritten_by_another(small_world, take_in):
    take_in(SENR=text(w.senr("alder", **{"1.10": "Juniper"})))
    conflict = IdentityConflict.objects.get()
    said = {"actor": small_world.coordinator_actor, "conflict": conflict}
    assert decide_conflict(**said, decision="same", reason="court order seen")
    assert not decide_conflict(**said, decision="other", reason="twins")
    conflict.refresh_from_db()
    assert (conflict.decision, conflict.reason) == ("same", "court order seen")
    assert decide_conflict(**said, decision="", reason="")
    assert decide_conflict(**said, decision="other", reason="twins")


def test_an_ssid_said_to_be_anothers_stays_out_and_says_so(small_world, take_in):
    line = w.senr("alder", **{"1.10": "Juniper"})
    take_in(SENR=text(line))
    conflict = IdentityConflict.objects.get()
    decide_conflict(actor=small_world.coordinator_actor, conflict=conflict, decision="other", reason="twins")
    run = take_in(SENR=text(line))
    assert outcome(run) == {"lines": 1, "refused": 1}
    assert "Somebody has said that it is another student." in words(run)[0]
    assert identity(small_world.students["alder"])[0] == "Alder"


def test_a_local_id_said_to_be_anothers_makes_a_student(small_world, take_in):
    take_in(SENR=text(fern(**{"1.08": ""})))
    line = fern(**{"1.08": "", "1.10": "Juniper", "1.22": "20261102"})
    assert outcome(take_in(SENR=text(line))) == {"lines": 1, "refused": 1}
    conflict = IdentityConflict.objects.get()
    assert not conflict.is_by_ssid
    decide_conflict(
        actor=small_world.coordinator_actor, conflict=conflict, decision="other", reason="given anew"
    )
    assert outcome(take_in(SENR=text(line))) == {"lines": 1, "new": 1}
    assert IdentityConflict.objects.get().ended_at == w.NOON
    # The old one has the number still; the new one goes on as its own.
    assert outcome(take_in(SENR=text(line))) == {"lines": 1, "unchanged": 1, "matched": 1}


def test_a_new_ssid_for_a_twin_under_the_local_id_is_set_aside(small_world, take_in):
    run = take_in(SENR=text(w.senr("alder", **{"1.08": "9900000077", "1.10": "Juniper"})))
    assert outcome(run) == {"lines": 1, "refused": 1}
    assert student_of(ALDER) == small_world.students["alder"]


@pytest.mark.parametrize("count", [1, 30])
def test_lines_set_aside_cost_the_same_for_few_and_many(take_in, django_assert_max_num_queries, count):
    rows = [fern(**{"1.08": f"99007{n:05}", "1.09": f"K{n}", "1.10": "Fern"}) for n in range(count)]
    take_in(SENR=text(*rows))
    with django_assert_max_num_queries(75):
        run = take_in(SENR=text(*(row | {"1.10": "Juniper"} for row in rows)))
    assert outcome(run) == {"lines": count, "refused": count}
    assert IdentityConflict.objects.count() == count


def test_a_birth_date_to_come_is_left_empty_and_told(take_in):
    run = take_in(SENR=text(fern(**{"1.17": "20271124"})))
    assert outcome(run) == {"lines": 1, "new": 1, "emptied": 1}
    assert notes(run) == [("SENR.txt", 1, "emptied", ["1.17"])]
    assert "1.17 Student Birth Date 11/24/2027 is still to come." in words(run)[0]
    assert student_of(fern()["1.08"]).birth_on is None


def test_a_birth_date_too_long_ago_for_a_grade_is_loaded_and_told(take_in):
    run = take_in(SENR=text(fern(**{"1.17": "19990101"})))
    assert outcome(run) == {"lines": 1, "new": 1}
    assert notes(run) == [("SENR.txt", 1, "kept", ["1.17"])]
    assert "makes the student older than 22. The line is loaded." in words(run)[0]


def test_an_adult_may_be_older(take_in):
    assert notes(take_in(SENR=text(fern(**{"1.17": "19990101", "1.24": "AD"})))) == []
