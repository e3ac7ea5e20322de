"""Two records of one student put together, and taken apart again. What is expected stands here, written by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from manzanita.archive.models import Archive
from manzanita.arrivals.models import Arrival
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.merging import Side
from manzanita.exchange.models import Operation, StateRecord
from manzanita.platform import clock
from manzanita.platform.holders import Fate, holders
from manzanita.procedures.merging import merge_students, preview_merge
from manzanita.procedures.merging_base import Asked, NotMerged, Retired, standing_merge
from manzanita.procedures.merging_undo import undo_merge, why_not_undo
from manzanita.procedures.news import Window, changed_students
from manzanita.students.actions import state_one
from manzanita.students.duplicates import find_duplicates
from manzanita.students.finding import candidates
from manzanita.students.matching import find_students
from manzanita.students.models import (
    CaseAssignment,
    Contact,
    DuplicatePair,
    Enrollment,
    IdentityChange,
    Merge,
    RightsHolder,
    Ssid,
    SsidRetirement,
)
from manzanita.students.people_actions import ContactValues
from manzanita.students.queries import facts_of
from manzanita.students.scope import visible_to
from manzanita.transfers.models import StudentTransfer
from tests.support import world as w
from tests.support.merging import ENTERED, entered_again, everything, pair_of, tables_with_a_student
from tests.support.pages import enrollment, other_coordinator


def test_no_table_that_holds_a_student_is_forgotten():
    told = {one.table for one in holders(*Fate)}
    assert tables_with_a_student() == told
    for one in holders(*Fate):
        assert one.words or one.fate is not Fate.MOVES, f"{one.table}: what is one row called?"


@pytest.fixture
def twice(small_world):
    """Alder, the second record, and the pair of both."""
    alder = small_world.students["alder"]
    second = entered_again()
    return small_world, alder, second, pair_of(alder, second)


def merged(world, pair, asked=None, reason="The registrar has seen the birth certificate"):
    asked = asked or Asked()
    seen = preview_merge(world.coordinator_actor, pair, asked).seen
    return merge_students(actor=world.coordinator_actor, pair=pair, asked=asked, reason=reason, seen=seen)


def codes(refused: NotMerged) -> list[str]:
    return [one.code for one in refused.reasons]


def test_the_preview_says_what_differs_and_changes_nothing(twice):
    world, alder, second, pair = twice
    before = everything(alder, second)
    look = preview_merge(world.coordinator_actor, pair, Asked())
    assert everything(alder, second) == before
    assert (look.stays, look.other, look.why_stays) == (alder, second, "the state holds more of it")
    assert [(one.key, str(one.chosen)) for one in look.differences] == [
        ("name", "student"),
        ("local_sped_id", "student"),
        ("person.1", "student"),
        ("primary.9910017", "student"),
        ("never.9910017", "student"),
    ]
    assert look.blockers == []
    assert [one.code for one in look.notes] == ["two-in-sis"]
    assert [(one.words, count) for one, count in look.moves] == [("name to be found by", 1)]
    # The state has everything of Alder already, and nothing of it changes.
    assert look.steps == list(Operation.objects.filter(student_id=alder.pk).order_by("position"))


def test_the_record_that_stays_has_all_of_both(twice):
    world, alder, second, pair = twice
    asked = Asked(choices={"person.1": Side.OTHER, "local_sped_id": Side.OTHER})
    merge, is_new = merged(world, pair, asked)
    assert is_new and (merge.student, merge.other) == (alder, second)
    starts = Enrollment.objects.believed().filter(student=alder).order_by("started_on")
    # The one entered again has no day of its own; a file is known by its local ID all the same.
    assert list(starts.values_list("started_on", "effective_to", "local_student_id")) == [
        (date(2023, 8, 14), None, "L0005"),
    ]
    assert facts_of(alder).enrollment_on(w.TODAY, w.LEA).local_student_id == "L0005"
    people = Contact.objects.believed().filter(student=alder).order_by("contact_no")
    # The mother as she was chosen, and the father under a number of his own.
    assert list(people.values_list("contact_no", "name", "phone")) == [
        (1, "Maple Testcase", "555-0199"),
        (3, "Oak Testcase", "555-0111"),
    ]
    rights = RightsHolder.objects.believed().filter(student=alder).order_by("contact_no")
    assert list(rights.values_list("contact_no", "kind_code")) == [(1, "parent"), (3, "parent")]
    assert CaseAssignment.objects.believed().get(student=alder).user == world.case_manager
    alder.refresh_from_db()
    assert (alder.first_name, alder.gender_code, alder.local_sped_id) == ("Alder", "M", "SE-77")
    assert not Enrollment.objects.believed().filter(student=second).exists()
    assert second not in visible_to(world.coordinator_actor)
    assert {one.student_id for one in ChangeEvent.objects.filter(action="merge_students")} == {
        alder.pk,
        second.pk,
    }


def test_the_enrollment_of_the_other_record_may_be_the_one_that_goes_on(twice):
    world, alder, second, pair = twice
    before = everything(alder, second)
    merge, _ = merged(world, pair, Asked(choices={f"primary.{w.LEA}": Side.OTHER}))
    starts = Enrollment.objects.believed().filter(student=alder).order_by("started_on")
    assert list(starts.values_list("started_on", "effective_to", "local_student_id")) == [
        (date(2023, 8, 14), date(2026, 11, 1), "L0005"),
        (ENTERED, None, "L777"),
    ]
    undo_merge(actor=world.coordinator_actor, merge=merge)
    assert everything(alder, second) == before


def test_a_name_that_came_and_went_says_by_whom(twice):
    world, alder, _, pair = twice
    merge, _ = merged(world, pair, Asked(choices={"name": Side.OTHER}))
    undo_merge(actor=world.coordinator_actor, merge=merge)
    rows = IdentityChange.objects.filter(student=alder).order_by("pk")
    by = world.coordinator.pk
    assert list(rows.values_list("was__first_name", "became__first_name", "by_id", "cause")) == [
        ("Alder", "Adler", by, f"merge:{merge.pk}"),
        ("Adler", "Alder", by, f"merge-undo:{merge.pk}"),
    ]


def test_a_student_is_still_found_by_the_name_of_the_second_record(twice):
    from manzanita.domain.likeness import Known

    world, alder, _, pair = twice
    merged(world, pair)
    found = candidates(world.coordinator_actor, Known("Adler", "Testcase", date(2016, 4, 9)))
    assert [one.student for one in found] == [alder]
    assert find_duplicates()["open"] == 0


@pytest.mark.parametrize("stays", ["alder", "second"])
def test_taken_back_both_are_exactly_as_they_were(twice, stays):
    world, alder, second, pair = twice
    before, because = everything(alder, second), pair.because
    asked = Asked(stays_id={"alder": alder, "second": second}[stays].pk, choices={"name": Side.OTHER})
    merge, _ = merged(world, pair, asked)
    assert everything(alder, second) != before
    assert why_not_undo(merge) == []
    assert undo_merge(actor=world.coordinator_actor, merge=merge) is True
    assert everything(alder, second) == before
    assert undo_merge(actor=world.coordinator_actor, merge=merge) is False
    assert everything(alder, second) == before
    assert DuplicatePair.objects.get().because == because
    assert standing_merge(alder.pk, second.pk) is None


def test_taken_back_nothing_is_written_now_and_no_file_is_told_of(twice):
    """The second record's enrollment came by a SIS file, and its mother was written last."""
    world, alder, second, pair = twice
    actor = world.coordinator_actor
    of = {"student_id": second.pk}
    with time_machine.travel("2026-11-23T21:00Z", tick=False):
        mother = ContactValues("Maple Testcase", "Mother", "English", phone="555-0112").content()
        known = {"by_id": None, "effective_from": ENTERED}
        state_one("contact", slot=of | {"contact_no": 2}, values=mother, cause="by-hand", **known)
        values = enrollment("L778")
        slot = of | {"lea_code": w.LEA, "started_on": ENTERED}
        state_one("enrollment", slot=slot, values=values, cause="sis-import:7", **known)

    def proposed() -> dict[str, tuple[Side, str]]:
        look = preview_merge(actor, pair_of(alder, second), Asked())
        return {one.key: (one.chosen, one.why) for one in look.differences}

    with time_machine.travel("2026-11-24T20:00Z", tick=False):
        before = proposed()
        assert (Side.OTHER, "written last: the later word is likelier so") in before.values()
        merge, _ = merged(world, pair)
    with time_machine.travel("2026-11-25T20:00Z", tick=False):
        undo_merge(actor=actor, merge=merge)
        assert proposed() == before
        since = datetime(2026, 11, 25, 19, tzinfo=UTC)
        window = Window(since, clock.now(), origin="sis")
        assert changed_students(actor, window).students == []


def test_archives_keep_every_byte_and_go_with_their_student(twice):
    world, alder, second, pair = twice
    archives = {
        one.pk: (bytes(one.document), one.digest) for one in Archive.objects.filter(student_id=alder.pk)
    }
    assert archives
    held = StateRecord.objects.filter(student_id=alder.pk).count()
    merged(world, pair, Asked(stays_id=second.pk))
    now = {one.pk: (bytes(one.document), one.digest) for one in Archive.objects.filter(student_id=second.pk)}
    assert now == archives
    assert not Archive.objects.filter(student_id=alder.pk).exists()
    # And what the state holds is equal to them: nothing is sent again.
    assert not Operation.objects.filter(student_id=second.pk).exists()
    assert StateRecord.objects.filter(student_id=second.pk).count() == held > 0


def test_two_submits_are_one_merge_and_a_second_person_is_told(twice):
    world, _alder, _second, pair = twice
    actor = world.coordinator_actor
    seen = preview_merge(actor, pair, Asked()).seen
    first, is_new = merge_students(actor=actor, pair=pair, asked=Asked(), reason="Same child", seen=seen)
    again, is_new_again = merge_students(
        actor=actor, pair=pair, asked=Asked(), reason="Same child", seen=seen
    )
    assert (is_new, is_new_again, first) == (True, False, again)
    assert Merge.objects.count() == 1

    from dataclasses import replace

    colleague = replace(actor, user_id=world.case_manager.pk)
    with pytest.raises(NotMerged) as refused:
        merge_students(actor=colleague, pair=pair, asked=Asked(), reason="Same child", seen=seen)
    (reason,) = refused.value.reasons
    assert reason.code == "merged-meanwhile"
    assert reason.text.startswith("Juniper Mockup has put the two records together at ")


def test_what_changed_since_the_look_or_was_chosen_otherwise_is_looked_at_again(twice):
    world, _alder, second, pair = twice
    actor = world.coordinator_actor
    seen = preview_merge(actor, pair, Asked()).seen
    with pytest.raises(NotMerged) as refused:
        merge_students(
            actor=actor, pair=pair, asked=Asked(choices={"name": Side.OTHER}), reason="Same", seen=seen
        )
    assert codes(refused.value) == ["chosen-otherwise"]
    state_one(
        "agency",
        slot={"student_id": second.pk, "relationship": "location"},
        values={"agency_code": w.OTHER_LEA, "school_code": ""},
        effective_from=w.TODAY,
        by_id=None,
        cause="test",
    )
    with pytest.raises(NotMerged) as refused:
        merge_students(actor=actor, pair=pair, asked=Asked(), reason=" ", seen=seen)
    assert codes(refused.value) == ["changed-since", "no-reason"]
    assert not Merge.objects.exists()


def test_whoever_was_said_to_be_two_is_not_put_together(twice):
    from manzanita.students.duplicates import settle_as_two

    world, _, _, pair = twice
    actor = world.coordinator_actor
    seen = preview_merge(actor, pair, Asked()).seen
    settle_as_two(actor=actor, pair=pair, reason="Twins")
    with pytest.raises(NotMerged) as refused:
        merge_students(actor=actor, pair=pair, asked=Asked(), reason="Same child", seen=seen)
    assert codes(refused.value) == ["not-two"]


def test_a_meeting_on_each_a_line_on_its_way_and_two_ssids_at_the_state_stand_against_it(twice):
    from manzanita.exchange.models import Submission, SubmissionLine
    from manzanita.meetings.models import Meeting
    from manzanita.platform import clock

    world, alder, second, pair = twice
    for one in (alder, second):
        Meeting.objects.create(student=one, event_key="annual", lea_code=w.LEA, opened_at=clock.now())
    submission = Submission.objects.create(
        lea_code=w.LEA, form="files", destination="sandbox", file_name="SANDBOX_x", created_at=clock.now()
    )
    SubmissionLine.objects.create(
        submission=submission,
        position=1,
        transaction_id="t1",
        kind="add",
        record="SWDS",
        record_key="SWDS|x",
        student_id=second.pk,
        values={},
    )
    state_one(
        "ssid",
        slot={"student_id": second.pk},
        values={"ssid": "9900000999"},
        effective_from=ENTERED,
        by_id=None,
        cause="t",
    )
    (held,) = StateRecord.objects.filter(student_id=alder.pk, record="SWDS")
    StateRecord.objects.create(
        lea_code=w.LEA,
        student_id=second.pk,
        record="SWDS",
        record_key="SWDS|9910017|9900000999|x",
        key_on=held.key_on,
        values={**held.values, "22.06": "9900000999"},
        learned_at=clock.now(),
        learned_from="extract",
    )
    look = preview_merge(world.coordinator_actor, pair, Asked())
    assert [one.code for one in look.blockers] == ["one-meeting", "lines-answered", "two-at-state"]
    assert look.steps is None
    assert look.blockers[2].text == (
        "The state holds records under both SSIDs, 9900000005 and 9900000999: for it these are two people."
    )
    with pytest.raises(NotMerged) as refused:
        merge_students(actor=world.coordinator_actor, pair=pair, asked=Asked(), reason="Same", seen=look.seen)
    assert codes(refused.value) == ["one-meeting", "lines-answered", "two-at-state"]


def test_a_record_that_another_district_asks_for_is_put_together_with_none(twice):
    world, alder, _, pair = twice
    asked = StudentTransfer.objects.create(
        student_id=alder.pk,
        receiving_code=w.OTHER_LEA,
        sending_code=w.LEA,
        called="A.",
        enroll_on=w.TODAY,
        state="requested",
        asked_by_id=1,
        asked_at=w.NOON,
    )
    with pytest.raises(NotMerged) as refused:
        merged(world, pair)
    assert codes(refused.value) == ["no-transfer"]
    StudentTransfer.objects.filter(pk=asked.pk).update(state="declined", ended_at=w.NOON)
    merged(world, pair)


def test_an_ssid_that_the_state_has_retired_becomes_a_former_one(small_world):
    world, alder = small_world, small_world.students["alder"]
    second = entered_again(ssid="9900000999")
    pair = pair_of(alder, second)
    before = everything(alder, second)
    wrong = Asked(retired=Retired("9900000111", date(2026, 11, 24), ""))
    look = preview_merge(world.coordinator_actor, pair, wrong)
    assert [one.code for one in look.blockers] == ["not-their-ssid", "retired-in-future", "no-source"]

    asked = Asked(retired=Retired("9900000999", date(2026, 11, 20), "CALPADS, SSID history"))
    merge, _ = merged(world, pair, asked)
    line = Ssid.objects.believed().filter(student=alder).order_by("effective_from")
    # Alder's own is kept wherever both were in use; the retired one has the day before it was retired.
    assert list(line.values_list("ssid", "effective_from", "effective_to")) == [
        ("9900000005", date(2023, 8, 14), date(2026, 11, 18)),
        ("9900000999", date(2026, 11, 19), date(2026, 11, 19)),
        ("9900000005", date(2026, 11, 20), None),
    ]
    retirement = SsidRetirement.objects.get()
    assert (retirement.student, retirement.ssid, retirement.replaced_by) == (
        alder,
        "9900000999",
        "9900000005",
    )
    undo_merge(actor=world.coordinator_actor, merge=merge)
    now = everything(alder, second)
    assert now.pop("students_ssidretirement")[0]["undone_at"] is not None
    before.pop("students_ssidretirement")
    assert now == before


def test_what_the_state_holds_under_the_retired_one_is_its_own_then_and_comes_back(small_world):
    from manzanita.platform import clock

    world, alder = small_world, small_world.students["alder"]
    second = entered_again(ssid="9900000999")
    (held,) = StateRecord.objects.filter(student_id=alder.pk, record="SWDS")
    old = StateRecord.objects.create(
        lea_code=w.LEA,
        student_id=second.pk,
        record="SWDS",
        record_key="SWDS|9910017|9900000999|20261102",
        key_on=ENTERED,
        values={**held.values, "22.06": "9900000999", "22.11": "20261102"},
        learned_at=clock.now(),
        learned_from="extract",
    )
    pair = pair_of(alder, second)
    before = everything(alder, second)
    asked = Asked(retired=Retired("9900000999", w.TODAY, "CALPADS"))
    merge, _ = merged(world, pair, asked)
    # What was taken for held under the retired one stays known, as of before.
    now = StateRecord.objects.get(student_id=alder.pk, key_on=ENTERED)
    assert (now.record_key, now.values["22.06"]) == ("SWDS|9910017|9900000005|20261102", "9900000005")
    old.refresh_from_db()
    assert (old.values["22.06"], old.superseded_at) == ("9900000999", now.recorded_at)
    undo_merge(actor=world.coordinator_actor, merge=merge)
    now = everything(alder, second)
    for one in (now, before):
        one.pop("students_ssidretirement")
    assert now == before


@pytest.mark.parametrize("what", ["fact", "meeting", "extract"])
def test_after_something_new_it_is_not_taken_back_any_more(twice, what):
    from manzanita.meetings.models import Meeting
    from manzanita.platform import clock

    world, alder, _, pair = twice
    merge, _ = merged(world, pair)
    with time_machine.travel(w.NOON + timedelta(hours=1), tick=False):
        if what == "fact":
            state_one(
                "assignment",
                slot={"student_id": alder.pk},
                values={"user_id": world.coordinator.pk},
                effective_from=w.TODAY,
                by_id=None,
                cause="test",
            )
        elif what == "meeting":
            Meeting.objects.create(student=alder, event_key="annual", lea_code=w.LEA, opened_at=clock.now())
        else:
            StateRecord.objects.filter(student_id=alder.pk).update(learned_at=clock.now())
        before = everything(alder)
        with pytest.raises(NotMerged) as refused:
            undo_merge(actor=world.coordinator_actor, merge=merge)
    assert codes(refused.value) == [
        {"fact": "new-since-facts", "meeting": "new-since-meetings_meeting", "extract": "new-since-state"}[
            what
        ]
    ]
    assert "It can be taken back no longer: " in refused.value.reasons[0].text
    assert everything(alder) == before


def test_a_stranger_has_no_pair_to_put_together(twice):
    world, _, _, pair = twice
    from manzanita.accounts.models import Grant
    from manzanita.accounts.queries import actor_of

    person = other_coordinator(world)
    stranger = actor_of(person, Grant.objects.get(user=person))
    with pytest.raises(NotMerged):
        preview_merge(stranger, pair, Asked())
    with pytest.raises(NotMerged):
        merge_students(actor=stranger, pair=pair, asked=Asked(), reason="x", seen="")
    assert not Merge.objects.exists()


def test_the_arrival_of_the_record_that_was_put_in_says_so(twice):
    world, alder, second, pair = twice
    arrival = Arrival.objects.create(
        student=second,
        lea_code=w.LEA,
        enrolled_on=ENTERED,
        kind="look",
        found_by="test",
        found_at=w.NOON,
        looked_at=w.NOON,
    )
    merge, _ = merged(world, pair)
    arrival.refresh_from_db()
    assert (arrival.student, arrival.settled_how) == (alder, "merged")
    assert arrival.settled_reason.startswith("The record was put together with another one")
    undo_merge(actor=world.coordinator_actor, merge=merge)
    arrival.refresh_from_db()
    assert arrival.student == second


def test_who_chooses_otherwise_than_was_shown_is_told_that_alone(twice):
    world, _, _, pair = twice
    seen = preview_merge(world.coordinator_actor, pair, Asked()).seen
    asked = Asked(choices={f"primary.{w.LEA}": Side.OTHER})
    with pytest.raises(NotMerged) as refused:
        merge_students(actor=world.coordinator_actor, pair=pair, asked=asked, reason="One student", seen=seen)
    assert [(one.code, str(one.owner)) for one in refused.value.reasons] == [("chosen-otherwise", "You")]


def test_an_enrollment_that_never_was_is_taken_away_whole(twice):
    world, alder, _second, pair = twice
    asked = Asked(choices={f"primary.{w.LEA}": Side.OTHER, f"never.{w.LEA}": Side.OTHER})
    merge, _ = merged(world, pair, asked)
    starts = Enrollment.objects.believed().filter(student=alder)
    assert list(starts.values_list("started_on", "effective_to", "local_student_id")) == [
        (ENTERED, None, "L777")
    ]
    # By its local ID a file knows the student still.
    assert find_students(ssids=(), local_ids={(w.LEA, "L0005")}).by_local_id[w.LEA, "L0005"].pk == alder.pk
    undo_merge(actor=world.coordinator_actor, merge=merge)
    assert Enrollment.objects.believed().get(student=alder).local_student_id == "L0005"


def test_two_districts_at_once_are_told(twice):
    world, _alder, second, pair = twice
    slot = {"student_id": second.pk, "lea_code": w.OTHER_LEA, "started_on": ENTERED}
    values = enrollment() | {"school_code": w.OTHER_SCHOOL}
    state_one("enrollment", slot=slot, values=values, effective_from=ENTERED, by_id=None, cause="test")
    look = preview_merge(world.coordinator_actor, pair, Asked())
    told = next(one for one in look.notes if one.code == "two-primary")
    assert told.text == (
        "Two districts have a primary enrollment on the same days from 11/02/2026: 9910017 and 9910025."
    )
