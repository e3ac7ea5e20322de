"""From a held meeting to facts, archive, clocks and outbox. Every expected value is written by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import document_of
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.scenarios import EVENTS
from manzanita.exchange.models import Operation
from manzanita.meetings import actions, answer_actions, hold_actions
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.models import Meeting
from manzanita.meetings.queries import proposal_of
from manzanita.procedures import finalize
from manzanita.procedures.finalize import finalize_meeting, preview_of
from manzanita.students.models import Plan, Service, Student
from manzanita.students.queries import facts_of
from tests.support.world import NOON, TODAY

pytestmark = pytest.mark.django_db

HELD_ON = date(2026, 11, 20)


@pytest.fixture
def world(small_world):
    return small_world


@pytest.fixture
def alder(world):
    return world.students["alder"]


@pytest.fixture
def actor(world):
    return world.case_manager_actor


def open_event(actor, student, event="annual") -> Meeting:
    return actions.open_meeting(actor=actor, student=student, event=EVENTS[event])


def answer(actor, meeting, key, value, seen=0):
    return answer_actions.save_answer(
        actor=actor, meeting=meeting, field_key=key, value=value, seen_revision=seen
    )


def hold(actor, meeting, on=HELD_ON, delay="30"):
    return hold_actions.hold_meeting(actor=actor, meeting=meeting, held_on=on, delay_code=delay)


def items_of(meeting):
    facts = facts_of(meeting.student)
    return proposal_of(meeting, facts.plan_on(TODAY), facts.services_on(TODAY)).items


def decide(actor, meeting, *, on=TODAY, declined=(), only=None):
    answers = [
        answer_actions.FamilyAnswer(item.key, item.key not in declined, "Maple Testcase", on)
        for item in items_of(meeting)
        if only is None or item.key in only
    ]
    answer_actions.record_decisions(actor=actor, meeting=meeting, answers=answers)


def finish(actor, meeting) -> Archive:
    return finalize_meeting(actor=actor, meeting=Meeting.objects.get(pk=meeting.pk))


def codes_of(refused) -> list[str]:
    return [reason.code for reason in refused.value.reasons]


def lines_of(archive) -> dict[str, dict[str, str]]:
    """Per record key the values that are not blank."""
    return {
        row.record_key: {number: text for number, text in row.values.items() if text}
        for row in archive.records.order_by("id")
    }


def plan_spans(student) -> list[tuple]:
    return list(
        Plan.objects.believed()
        .filter(student=student)
        .order_by("effective_from")
        .values_list("effective_from", "effective_to", "reason_code", "program_setting_code")
    )


def service_spans(student) -> list[tuple]:
    return list(
        Service.objects.believed()
        .filter(student=student)
        .order_by("service_no", "effective_from")
        .values_list("service_no", "service_code", "duration_minutes", "effective_from", "effective_to")
    )


def counts() -> tuple[int, ...]:
    return (
        Archive.objects.count(),
        ArchivedRecord.objects.count(),
        Plan.objects.count(),
        Service.objects.count(),
        Operation.objects.count(),
        ChangeEvent.objects.filter(action="finalize_meeting").count(),
    )


ALDER_MEET = {
    "24.01": "MEET",
    "24.04": "9910017",
    "24.05": "2026-2027",
    "24.06": "9900000005",
    "24.07": "L0005",
    "24.08": "SE-0005",
    "24.09": "9901",
    "24.15": "20261120",
    "24.17": "Y",
    "24.18": "30",
}
ALDER_PLAN = {
    "23.01": "PLAN",
    "23.04": "9910017",
    "23.05": "2026-2027",
    "23.06": "9900000005",
    "23.07": "L0005",
    "23.08": "SE-0005",
    "23.09": "9901",
    "23.10": "9910017",
    "23.11": "100",
    "23.12": "20261123",
    "23.13": "1",
    "23.14": "210",
    "23.15": "290",
    "23.16": "MMSN",
    "23.20": "400",
    "23.23": "85",
    "23.33": "N",
}
ALDER_330 = {
    "25.01": "SERV",
    "25.04": "9910017",
    "25.06": "2026-2027",
    "25.07": "9900000005",
    "25.08": "L0005",
    "25.09": "9901",
    "25.11": "330",
    "25.12": "100",
    "25.13": "510",
    "25.14": "20",
    "25.15": "60",
    "25.16": "SE-0005",
    "25.17": "20261123",
}
ALDER_415 = {**ALDER_330, "25.11": "415", "25.15": "30"}
MEET_KEY = "MEET|9910017|9900000005|20261120"
PLAN_KEY = "PLAN|9910017|9900000005|20261123"
KEY_330 = "SERV|9910017|9900000005|20261123|330|100|510"
KEY_415 = "SERV|9910017|9900000005|20261123|415|100|510"


class TestAnnualAgreedInFull:
    @pytest.fixture
    def archive(self, actor, alder):
        meeting = open_event(actor, alder)
        answer(actor, meeting, "service.2.25.15", "45")
        hold(actor, meeting)
        decide(actor, meeting)
        return finish(actor, meeting)

    def test_lines(self, archive):
        assert lines_of(archive) == {
            MEET_KEY: ALDER_MEET,
            PLAN_KEY: ALDER_PLAN,
            KEY_330: ALDER_330,
            KEY_415: {**ALDER_415, "25.15": "45"},
        }

    def test_facts(self, archive, alder):
        assert plan_spans(alder) == [
            (date(2024, 11, 15), date(2025, 11, 13), "1", "400"),
            (date(2025, 11, 14), date(2026, 11, 22), "1", "400"),
            (date(2026, 11, 23), None, "1", "400"),
        ]
        assert service_spans(alder) == [
            (1, "330", "60", date(2024, 11, 15), date(2025, 11, 13)),
            (1, "330", "60", date(2025, 11, 14), date(2026, 11, 22)),
            (1, "330", "60", date(2026, 11, 23), None),
            (2, "415", "30", date(2025, 11, 14), date(2026, 11, 22)),
            (2, "415", "45", date(2026, 11, 23), None),
        ]

    def test_clocks_move(self, archive, alder):
        student = Student.unscoped.get(pk=alder.pk)
        assert student.last_plan_review_on == date(2026, 11, 20)
        assert student.plan_review_due_on == date(2027, 11, 20)
        assert student.evaluation_due_on == date(2027, 11, 15)

    def test_outbox(self, archive, alder):
        operations = Operation.objects.filter(student_id=alder.pk).order_by("position")
        assert [(o.kind, o.record, o.key_on) for o in operations] == [
            ("add", "MEET", date(2026, 11, 20)),
            ("add", "PLAN", date(2026, 11, 23)),
            ("add", "SERV", date(2026, 11, 23)),
            ("add", "SERV", date(2026, 11, 23)),
        ]
        assert [o.values["25.15"] for o in operations if o.record == "SERV"] == ["60", "45"]

    def test_meeting_and_archive(self, archive, alder, world):
        meeting = Meeting.objects.get(student=alder, source="meeting")
        assert (meeting.state, meeting.outcome_key, meeting.plan_starts_on) == (
            "finalized",
            "accepts_all",
            date(2026, 11, 23),
        )
        assert archive.title == "Annual plan review of November 20, 2026"
        assert (archive.cause, archive.cause_id, archive.by_id) == (
            "meeting",
            meeting.pk,
            world.case_manager.pk,
        )

    def test_document_says_what_was_offered_decided_and_done(self, archive):
        context = document_of(archive)["context"]
        assert context["offer"] == [
            {
                "item": "service.2",
                "name": "415 Language and speech",
                "field": "25.15",
                "was": "30",
                "offered": "45",
            },
        ]
        assert [(d["item"], d["is_agreed"], d["decided_on"]) for d in context["decisions"]] == [
            ("Placement and plan", True, "2026-11-23"),
            ("330 Specialized academic instruction", True, "2026-11-23"),
            ("415 Language and speech", True, "2026-11-23"),
        ]
        assert [effect["text"] for effect in context["effects"]] == [
            "The meeting of November 20, 2026 counts as the plan review.",
            "The next plan review is due on November 20, 2027.",
            "The new plan starts on November 23, 2026.",
            "330 Specialized academic instruction continues unchanged.",
            "415 Language and speech changes.",
            "To the state, with the next send: the meeting of November 20, 2026 (MEET); the plan of "
            "November 23, 2026 (PLAN); services 330 Specialized academic instruction, 415 Language and speech (SERV).",
        ]
        assert context["effects"][2]["detail"] == "The plan of November 14, 2025 ends on November 22, 2026."
        assert context["effects"][4]["detail"] == "Minutes 30 → 45."

    def test_origins(self, archive):
        records = {entry["key"]: entry["origins"] for entry in document_of(archive)["records"]}
        assert records[KEY_415]["25.15"] == "this meeting"
        assert records[KEY_415]["25.11"] == "the service in force, unchanged"
        assert records[PLAN_KEY]["23.20"] == "the plan in force, unchanged"
        assert records[MEET_KEY]["24.18"] == "the reason of delay, given when the meeting was held"


def test_annual_agreed_in_part_keeps_what_was_declined(actor, alder):
    meeting = open_event(actor, alder)
    answer(actor, meeting, "plan.23.23", "70")
    answer(actor, meeting, "service.2.25.15", "45")
    added = answer_actions.add_service(
        actor=actor, meeting=meeting, service_nos_in_force={1, 2}, service_code="450"
    )
    answer(actor, meeting, f"service.{added}.25.13", "510")
    hold(actor, meeting)
    decide(actor, meeting, declined={"service.2"})

    preview = preview_of(actor, Meeting.objects.get(pk=meeting.pk))
    assert (preview.outcome.key, preview.outcome.is_settled) == ("accepts_part", False)
    archive = finish(actor, meeting)

    assert added == 3
    assert lines_of(archive) == {
        MEET_KEY: ALDER_MEET,
        PLAN_KEY: {**ALDER_PLAN, "23.23": "70"},
        KEY_330: ALDER_330,
        KEY_415: ALDER_415,
        "SERV|9910017|9900000005|20261123|450|100|510": {
            "25.01": "SERV",
            "25.04": "9910017",
            "25.06": "2026-2027",
            "25.07": "9900000005",
            "25.08": "L0005",
            "25.09": "9901",
            "25.11": "450",
            "25.12": "100",
            "25.13": "510",
            "25.16": "SE-0005",
            "25.17": "20261123",
        },
    }
    texts = [effect["text"] for effect in document_of(archive)["context"]["effects"]]
    assert "415 Language and speech stays as it was." in texts
    assert "450 Occupational therapy starts on November 23, 2026." in texts
    assert "General education participation becomes 70." in texts


def test_annual_declined_plan_with_an_agreed_service_keeps_the_old_plan_fields(actor, alder):
    meeting = open_event(actor, alder)
    answer(actor, meeting, "plan.23.20", "203")
    hold(actor, meeting)
    decide(actor, meeting, declined={"plan"})
    archive = finish(actor, meeting)
    assert lines_of(archive)[PLAN_KEY] == ALDER_PLAN


def test_annual_removed_service_ends_the_day_before(actor, alder):
    meeting = open_event(actor, alder)
    answer(actor, meeting, "service.2.offer", "remove")
    hold(actor, meeting)
    decide(actor, meeting)
    archive = finish(actor, meeting)
    assert list(lines_of(archive)) == [MEET_KEY, PLAN_KEY, KEY_330]
    assert service_spans(alder) == [
        (1, "330", "60", date(2024, 11, 15), date(2025, 11, 13)),
        (1, "330", "60", date(2025, 11, 14), date(2026, 11, 22)),
        (1, "330", "60", date(2026, 11, 23), None),
        (2, "415", "30", date(2025, 11, 14), date(2026, 11, 22)),
    ]


def test_annual_not_agreed_counts_and_leaves_the_plan(actor, alder):
    meeting = open_event(actor, alder)
    answer(actor, meeting, "service.2.25.15", "45")
    hold(actor, meeting)
    plans, services = plan_spans(alder), service_spans(alder)
    decide(actor, meeting, declined={"plan", "service.1", "service.2"})
    archive = finish(actor, meeting)

    assert lines_of(archive) == {MEET_KEY: ALDER_MEET}
    assert plan_spans(alder) == plans
    assert service_spans(alder) == services
    assert Student.unscoped.get(pk=alder.pk).plan_review_due_on == date(2027, 11, 20)
    assert [(o.kind, o.record) for o in Operation.objects.all()] == [("add", "MEET")]
    texts = [effect["text"] for effect in document_of(archive)["context"]["effects"]]
    assert "The plan of November 14, 2025 stands as it is." in texts
    assert "415 Language and speech stays as it was." in texts


def test_plan_starts_on_the_day_the_last_agreed_part_was_agreed(actor, alder):
    meeting = open_event(actor, alder)
    hold(actor, meeting, on=date(2026, 11, 16))
    decide(actor, meeting, on=date(2026, 11, 16), only={"plan"})
    decide(actor, meeting, on=date(2026, 11, 18), only={"service.1"})
    decide(actor, meeting, on=date(2026, 11, 23), only={"service.2"}, declined={"service.2"})
    archive = finish(actor, meeting)
    assert [row.key_on for row in archive.records.order_by("id")] == [
        date(2026, 11, 16),
        date(2026, 11, 18),
        date(2026, 11, 18),
        date(2026, 11, 18),
    ]
    assert plan_spans(alder)[-2:] == [
        (date(2025, 11, 14), date(2026, 11, 17), "1", "400"),
        (date(2026, 11, 18), None, "1", "400"),
    ]


class TestAmendment:
    def amend(self, actor, student, *, declined=()):
        meeting = open_event(actor, student, "amendment")
        answer(actor, meeting, "service.1.25.15", "45")
        hold(actor, meeting, on=TODAY, delay="")
        decide(actor, meeting, declined=declined)
        return meeting

    def test_agreed_sends_the_plan_with_reason_2_and_all_services(self, actor, world):
        towhee = world.students["towhee"]
        meeting = open_event(actor, towhee, "amendment")
        added = answer_actions.add_service(
            actor=actor, meeting=meeting, service_nos_in_force={1}, service_code="330"
        )
        answer(actor, meeting, f"service.{added}.25.13", "510")
        hold(actor, meeting, on=TODAY, delay="")
        assert [item.key for item in items_of(meeting)] == ["service.2"]
        decide(actor, meeting)
        archive = finish(actor, meeting)

        lines = lines_of(archive)
        assert list(lines) == [
            "PLAN|9910017|9900000002|20261123",
            "SERV|9910017|9900000002|20261123|415|100|510",
            "SERV|9910017|9900000002|20261123|330|100|510",
        ]
        assert lines["PLAN|9910017|9900000002|20261123"] == {
            **{number: text for number, text in ALDER_PLAN.items() if number != "23.16"},
            "23.06": "9900000002",
            "23.07": "L0002",
            "23.08": "SE-0002",
            "23.13": "2",
            "23.15": "240",
        }
        assert lines["SERV|9910017|9900000002|20261123|415|100|510"] == {
            **ALDER_415,
            "25.07": "9900000002",
            "25.08": "L0002",
            "25.16": "SE-0002",
        }
        student = Student.unscoped.get(pk=towhee.pk)
        assert student.plan_review_due_on == date(2027, 3, 2)

    def test_not_agreed_archives_and_sends_nothing(self, actor, world):
        towhee = world.students["towhee"]
        meeting = self.amend(actor, towhee, declined={"service.1"})
        plans, services = plan_spans(towhee), service_spans(towhee)
        archive = finish(actor, meeting)

        assert archive.records.count() == 0
        assert Operation.objects.count() == 0
        assert plan_spans(towhee) == plans
        assert service_spans(towhee) == services
        last = document_of(archive)["context"]["effects"][-1]
        assert last == {
            "kind": "nothing",
            "text": "Nothing goes to the state.",
            "detail": "The family did not agree to this amendment, so the plan in force stands and there is nothing "
            "to tell the state. An amendment is reported only when it is agreed.",
        }

    def test_without_a_change_is_refused(self, actor, world):
        meeting = open_event(actor, world.students["towhee"], "amendment")
        hold(actor, meeting, on=TODAY, delay="")
        with pytest.raises(NotPossible) as refused:
            finish(actor, meeting)
        assert codes_of(refused) == ["nothing-changed"]


class TestBlockers:
    def refused(self, actor, meeting) -> list[str]:
        before = counts()
        with pytest.raises(NotPossible) as refused:
            finish(actor, meeting)
        assert counts() == before
        assert Meeting.objects.get(pk=meeting.pk).state != "finalized"
        assert all(reason.text and reason.owner and reason.way_out for reason in refused.value.reasons)
        return codes_of(refused)

    def test_not_held_and_undecided(self, actor, alder):
        meeting = open_event(actor, alder)
        assert self.refused(actor, meeting) == ["not-held", "undecided"]

    def test_one_item_undecided_is_named(self, actor, alder):
        meeting = open_event(actor, alder)
        hold(actor, meeting)
        decide(actor, meeting, only={"plan", "service.1"})
        preview = preview_of(actor, Meeting.objects.get(pk=meeting.pk))
        assert [reason.text for reason in preview.blockers] == [
            "No answer of the family is recorded for: 415 Language and speech."
        ]
        assert preview.outcome.key == "accepts_part"

    def test_decided_before_the_meeting(self, actor, alder):
        meeting = open_event(actor, alder)
        decide(actor, meeting, on=date(2026, 11, 19))
        hold(actor, meeting)
        assert self.refused(actor, meeting) == ["decided-before-meeting"]

    def test_offer_changed_after_the_answer(self, actor, alder, noon):
        meeting = open_event(actor, alder)
        hold(actor, meeting)
        decide(actor, meeting)
        noon.shift(timedelta(minutes=5))
        answer(actor, meeting, "service.2.25.15", "45")
        assert self.refused(actor, meeting) == ["offer-changed"]
        noon.shift(timedelta(minutes=5))
        decide(actor, meeting, only={"service.2"})
        assert lines_of(finish(actor, meeting))[KEY_415]["25.15"] == "45"

    def test_a_plan_that_starts_on_or_after_that_day(self, actor, world):
        towhee = world.students["towhee"]
        first = open_event(actor, towhee, "amendment")
        answer(actor, first, "service.1.25.15", "45")
        hold(actor, first, on=TODAY, delay="")
        decide(actor, first)
        finish(actor, first)
        second = open_event(actor, towhee, "amendment")
        answer(actor, second, "service.1.25.15", "60")
        hold(actor, second, on=TODAY, delay="")
        decide(actor, second)
        assert self.refused(actor, second) == ["plan-starts-that-day"]

    def test_two_services_with_one_key(self, actor, alder):
        meeting = open_event(actor, alder)
        added = answer_actions.add_service(
            actor=actor, meeting=meeting, service_nos_in_force={1, 2}, service_code="415"
        )
        answer(actor, meeting, f"service.{added}.25.13", "510")
        hold(actor, meeting)
        decide(actor, meeting)
        assert "same-service" in self.refused(actor, meeting)

    def test_a_line_that_the_state_refuses(self, actor, alder):
        meeting = open_event(actor, alder)
        answer(actor, meeting, "service.2.25.12", "400")
        hold(actor, meeting)
        decide(actor, meeting)
        assert self.refused(actor, meeting) == ["SERV0327"]

    @pytest.mark.parametrize(
        ("key", "value"), [("plan.23.15", "99999"), ("plan.23.23", "85.5%"), ("service.2.25.15", "soon")]
    )
    def test_text_that_no_column_of_the_state_holds(self, actor, alder, key, value):
        meeting = open_event(actor, alder)
        answer(actor, meeting, key, value)
        hold(actor, meeting)
        decide(actor, meeting)
        assert self.refused(actor, meeting)

    def test_canceled(self, actor, alder):
        meeting = open_event(actor, alder)
        hold(actor, meeting)
        decide(actor, meeting)
        actions.cancel_meeting(actor=actor, meeting=meeting, reason="The family moved.")
        assert self.refused(actor, meeting) == ["canceled"]

    def test_student_who_left_special_education(self, actor, alder):
        meeting = open_event(actor, alder)
        hold(actor, meeting)
        decide(actor, meeting)
        from manzanita.students.actions import state_one

        state_one(
            "plan",
            slot={"student_id": alder.pk},
            values=None,
            effective_from=date(2026, 11, 1),
            by_id=None,
            cause="test",
        )
        assert "no-plan" in self.refused(actor, meeting)


def test_second_click_changes_nothing(actor, alder):
    meeting = open_event(actor, alder)
    hold(actor, meeting)
    decide(actor, meeting)
    stale = Meeting.objects.get(pk=meeting.pk)
    finish(actor, meeting)
    before = counts()
    with pytest.raises(NotPossible) as refused:
        finalize_meeting(actor=actor, meeting=stale)
    assert codes_of(refused) == ["already-final"]
    assert counts() == before


def test_only_one_of_two_marks_wins(actor, alder):
    meeting = open_event(actor, alder)
    meeting = hold(actor, meeting)
    mark = {
        "actor": actor,
        "meeting": meeting,
        "outcome_key": "accepts_all",
        "plan_starts_on": None,
        "at": NOON,
    }
    assert actions.mark_finalized(**mark) is True
    assert actions.mark_finalized(**mark) is False


@pytest.mark.parametrize("broken", ["write_archives", "refresh_clocks", "reconcile_students", "log_change"])
def test_a_failure_half_way_leaves_nothing(actor, alder, monkeypatch, broken):
    meeting = open_event(actor, alder)
    answer(actor, meeting, "service.2.25.15", "45")
    hold(actor, meeting)
    decide(actor, meeting)
    before = (counts(), plan_spans(alder), service_spans(alder))

    def fail(*args, **kwargs):
        raise RuntimeError("power cut")

    monkeypatch.setattr(finalize, broken, fail)
    with pytest.raises(RuntimeError):
        finish(actor, meeting)
    assert (counts(), plan_spans(alder), service_spans(alder)) == before
    assert Meeting.objects.get(pk=meeting.pk).state == "held"
    assert Student.unscoped.get(pk=alder.pk).plan_review_due_on == date(2026, 11, 14)

    monkeypatch.undo()
    assert finish(actor, meeting).records.count() == 4
