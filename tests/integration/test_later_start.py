"""Services that start later, as an initial evaluation of this district agreed: facts, archives and state lines of the
start, every line and day written here by hand; what is refused, and what of it can be taken back.

The initial evaluation of Yarrow was held on May 14, 2026. Today is November 23, 2026, unless a test says otherwise; no
calendar is loaded, so that school begins on September 1.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from manzanita.archive.models import Archive, ArchivedRecord
from manzanita.archive.queries import document_of
from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.auditing.models import ChangeEvent
from manzanita.domain.findings import Owner
from manzanita.domain.scenarios import EVENTS
from manzanita.domain.statuses import Kind
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.models import Operation
from manzanita.meetings import actions
from manzanita.meetings.actions import NotPossible
from manzanita.meetings.evaluations import Evaluation
from manzanita.meetings.hold_actions import hold_meeting
from manzanita.meetings.models import Decision, Meeting
from manzanita.orgs.actions import set_policy
from manzanita.platform.facts import Statement
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import preview_change, record_change
from manzanita.procedures.correct import correct_record
from manzanita.procedures.finalize import finalize_meeting, preview_of
from manzanita.procedures.later_start import start_now
from manzanita.procedures.settling import records_to_settle
from manzanita.procedures.take_back import known_of, reasons_not_to_take_back, take_back
from manzanita.students.actions import state_student_facts
from manzanita.students.models import Plan, Service, SpecialEducationStatus
from manzanita.students.queries import facts_of
from tests.support import later
from tests.support import world as w

REASON = "The SIS enrolled her, and services began that day."
CAME = date(2026, 8, 13)
MAY = datetime(2026, 5, 14, 20, 0, tzinfo=UTC)
SSID = "9900000003"


@pytest.fixture
def actor(small_world):
    return small_world.coordinator_actor


@pytest.fixture
def yarrow(small_world, actor, noon):
    """Found eligible on May 14, 2026; enrolled until June 5, and not since."""
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    later.agree_on_a_later_start(actor, student)
    noon.move_to(w.NOON)
    later.ends(student, date(2026, 6, 5))
    return student


@pytest.fixture
def back(yarrow, noon):
    """Enrolled anew from August 13, 2026."""
    later.comes(yarrow, CAME)
    noon.shift(timedelta(minutes=1))
    return yarrow


def asked(on: date | None = CAME, **more) -> Asked:
    return Asked("services_start", on, REASON, **more)


def start(actor, student, on=CAME, **more) -> Archive:
    return record_change(actor=actor, student=student, asked=asked(on, **more))


def refused(actor, student, on=CAME, **more) -> list[str]:
    before = Archive.objects.count()
    with pytest.raises(NotPossible) as raised:
        start(actor, student, on, **more)
    assert Archive.objects.count() == before
    assert all(reason.owner and reason.way_out for reason in raised.value.reasons)
    return [reason.code for reason in raised.value.reasons]


def lines(archive: Archive) -> list[dict[str, str]]:
    rows = archive.records.order_by("id")
    return [{number: text for number, text in row.values.items() if text} for row in rows]


def told(student) -> list[tuple[str, str, str]]:
    """What waits to be sent, in its order: what is done with which record of which day."""
    rows = Operation.objects.filter(student_id=student.pk).order_by("position")
    keys = [(kind, *key.split("|")) for kind, key in rows.values_list("kind", "record_key")]
    return [(kind, record, day) for kind, record, _, _, day, *_ in keys]


def to_settle(actor, student) -> list[tuple[Kind, date]]:
    found = records_to_settle(actor)
    return [(one.item.kind, one.item.since) for one in found if one.student_id == student.pk]


def first_day(student) -> date | None:
    found, _ = start_now("9910017", facts_of(student))
    assert found is not None
    return found.first_day


def test_what_was_accepted_is_kept_whole_in_the_archive_of_the_meeting(yarrow):
    archive = Archive.objects.get(student_id=yarrow.pk, cause="meeting")
    assert [row.record for row in archive.records.order_by("id")] == ["SWDS", "MEET"]
    kept = document_of(archive)["context"]["starts_later"]
    assert {number: text for number, text in kept["plan"].items() if text} == {
        "23.11": "100",
        "23.14": "210",
        "23.15": "240",
        "23.20": "400",
        "23.23": "90",
        "23.33": "N",
    }
    (service,) = kept["services"]
    assert {key: text for key, text in service.items() if text} == {
        "number": 1,
        "25.11": "415",
        "25.12": "100",
        "25.13": "510",
        "25.14": "20",
        "25.15": "30",
    }


def test_status_plan_and_services_start_with_the_enrollment(actor, back):
    archive = start(actor, back)

    status, plan, service = lines(archive)
    assert status == {
        "22.01": "SWDS",
        "22.04": "9910017",
        "22.05": "2026-2027",
        "22.06": SSID,
        "22.07": "L0003",
        "22.08": status["22.08"],
        "22.09": "9901",
        # The family accepted the plan in the meeting: its first consent to services.
        "22.10": "20260514",
        "22.11": "20260813",
        "22.12": "1",
    }
    assert plan == {
        "23.01": "PLAN",
        "23.04": "9910017",
        "23.05": "2026-2027",
        "23.06": SSID,
        "23.07": "L0003",
        "23.08": status["22.08"],
        "23.09": "9901",
        "23.10": "9910017",
        "23.11": "100",
        "23.12": "20260813",
        "23.13": "1",
        "23.14": "210",
        "23.15": "240",
        "23.20": "400",
        "23.23": "90",
        "23.33": "N",
    }
    assert service == {
        "25.01": "SERV",
        "25.04": "9910017",
        "25.06": "2026-2027",
        "25.07": SSID,
        "25.08": "L0003",
        "25.09": "9901",
        "25.11": "415",
        "25.12": "100",
        "25.13": "510",
        "25.14": "20",
        "25.15": "30",
        "25.16": status["22.08"],
        "25.17": "20260813",
    }
    assert status["22.08"].startswith("SE")


def test_the_archives_and_what_the_state_is_told_stand_in_their_order(actor, back):
    assert told(back) == [("add", "SWDS", "20260514"), ("add", "MEET", "20260514")]
    start(actor, back)

    archives = Archive.objects.filter(student_id=back.pk).order_by("event_on", "pk")
    assert [(one.event_on, one.cause, one.title) for one in archives] == [
        (date(2026, 5, 14), "meeting", "Initial evaluation of May 14, 2026"),
        (date(2026, 8, 13), "procedure", "Services start of August 13, 2026"),
    ]
    assert told(back) == [
        ("add", "SWDS", "20260514"),
        ("add", "MEET", "20260514"),
        ("add", "SWDS", "20260813"),
        ("add", "PLAN", "20260813"),
        ("add", "SERV", "20260813"),
    ]


def test_the_facts_change_on_that_day_and_not_before(actor, back):
    start(actor, back)

    facts = facts_of(back)
    before, after = facts.status_on(date(2026, 8, 12)), facts.status_on(CAME)
    assert (before.status_code, before.reason_code) == ("2", "12")
    assert (after.status_code, after.reason_code, after.initial_entry_on) == ("1", "", date(2026, 5, 14))
    assert facts.plan_on(date(2026, 8, 12)) is None and facts.services_on(date(2026, 8, 12)) == []
    plan = facts.plan_on(CAME)
    assert (plan.lea_code, plan.reason_code, plan.disability_1_code) == ("9910017", "1", "240")
    assert [(one.service_code, one.duration_minutes) for one in facts.services_on(CAME)] == [("415", "30")]
    back.refresh_from_db()
    # The clocks go on from the meeting, not from the enrollment.
    assert back.plan_review_due_on == date(2027, 5, 14)
    assert back.evaluation_due_on == date(2029, 5, 14)


def test_the_preview_says_what_will_and_what_will_not_be_told(actor, back):
    preview = preview_change(actor, back, asked())

    assert not preview.blockers
    assert [effect.text for effect in preview.effects] == [
        "Status 1 Eligible and Participating starts on August 13, 2026.",
        "The plan that was accepted in the initial evaluation of May 14, 2026 starts on August 13, 2026.",
        "415 Language and speech starts on August 13, 2026.",
        "The plan review is due on May 14, 2027.",
        "Not told again: the initial evaluation of May 14, 2026 (MEET) and the status before.",
        "The state is told 3 lines: SWDS and PLAN and SERV.",
    ]
    # The evaluation is known, though it was not sent yet.
    assert preview.findings == []
    assert preview.effects[4].detail == "Status 2, reason 12, stands from May 14, 2026 to August 12, 2026."
    assert Archive.objects.filter(student_id=back.pk).count() == 1


def test_services_may_begin_later_than_the_enrollment_and_consent_later_than_the_meeting(actor, back):
    archive = start(actor, back, date(2026, 9, 8), consented_on=date(2026, 5, 20))
    status, plan, service = lines(archive)
    assert (status["22.10"], status["22.11"]) == ("20260520", "20260908")
    assert (plan["23.12"], service["25.17"]) == ("20260908", "20260908")


def test_a_first_consent_that_is_known_never_changes(actor, back):
    known = {"lea_code": "9910017", "status_code": "2", "reason_code": "12"}
    known["initial_entry_on"] = date(2019, 9, 3)
    statement = Statement({"student_id": back.pk}, known, date(2026, 5, 14))
    state_student_facts("status", [statement], by_id=None, cause="test")
    archive = start(actor, back, consented_on=date(2026, 5, 20))
    assert lines(archive)[0]["22.10"] == "20190903"


@pytest.mark.parametrize(
    ("came", "may_start"),
    [
        # An enrollment of before July 1 is none of the new year: it counts when school begins.
        (date(2026, 6, 30), date(2026, 9, 1)),
        (date(2026, 7, 1), date(2026, 7, 1)),
        (date(2026, 8, 13), date(2026, 8, 13)),
        # In the middle of the year, with its own first day.
        (date(2026, 10, 19), date(2026, 10, 19)),
    ],
)
def test_the_first_day_follows_from_the_enrollment(actor, yarrow, came, may_start):
    later.comes(yarrow, came)
    assert first_day(yarrow) == may_start
    day_before = may_start - timedelta(days=1)
    code = "not-enrolled" if day_before < came and came > may_start else "too-early"
    assert refused(actor, yarrow, day_before) == [code]
    status, *_ = lines(start(actor, yarrow, may_start))
    assert status["22.11"] == f"{may_start:%Y%m%d}"


def test_an_enrollment_that_goes_on_through_the_summer_counts_when_school_begins(small_world, actor, noon):
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    later.agree_on_a_later_start(actor, student)
    # Still enrolled since 2023: in May and in July nothing may start yet, and she is not lost sight of.
    for day in (MAY, datetime(2026, 7, 2, 20, 0, tzinfo=UTC)):
        noon.move_to(day)
        assert refused(actor, student, date(2026, 5, 14)) == ["not-yet"]
        assert to_settle(actor, student) == [(Kind.STARTING, date(2026, 5, 14))]
    noon.move_to(datetime(2026, 9, 1, 20, 0, tzinfo=UTC))
    assert to_settle(actor, student) == [(Kind.STARTING, date(2026, 9, 1))]
    assert lines(start(actor, student, date(2026, 9, 1)))[0]["22.11"] == "20260901"


def test_a_meeting_in_the_new_year_means_the_enrollment_of_the_year_after(small_world, actor):
    student = small_world.students["yarrow"]
    later.agree_on_a_later_start(actor, student, held_on=w.TODAY)
    assert first_day(student) == date(2027, 9, 1)
    assert refused(actor, student, w.TODAY) == ["not-yet"]
    (found,) = [one for one in records_to_settle(actor) if one.student_id == student.pk]
    assert (found.item.kind, found.item.since, found.item.owner) == (
        Kind.STARTING,
        w.TODAY,
        Owner.COORDINATOR,
    )
    assert found.item.text == (
        "Initial evaluation of 11/23/2026: plan and services start with the enrollment of 2027-2028, "
        "from 09/01/2027 on."
    )


def test_of_an_enrolled_student_a_later_start_is_said_with_why(small_world, actor):
    student = small_world.students["yarrow"]
    meeting = later.held_with_a_later_start(actor, student, w.TODAY, why="")
    assert not_final(actor, meeting) == ["later-unsaid"]
    (warning,) = [one for one in preview_of(actor, meeting).effects if one.kind == "warn"]
    assert "Enrolled here since August 14, 2023" in warning.text and warning.detail == "Why is not said yet."
    hold_meeting(
        actor=actor,
        meeting=meeting,
        held_on=w.TODAY,
        conclusion_key="starts_later",
        conclusion_note="The family is away until August.",
    )
    archive = finalize_meeting(actor=actor, meeting=Meeting.objects.get(pk=meeting.pk))
    assert document_of(archive)["context"]["why_later"] == "The family is away until August."


def test_of_a_child_who_is_not_enrolled_nobody_asks_why(small_world, actor):
    student = small_world.students["yarrow"]
    later.ends(student, date(2026, 6, 5))
    meeting = later.held_with_a_later_start(actor, student, w.TODAY, why="")
    preview = preview_of(actor, meeting)
    assert preview.may_finalize and not [one for one in preview.effects if one.kind == "warn"]


def test_it_is_told_and_listed_on_the_day_and_not_the_evening_before(actor, yarrow, noon):
    """At 11:59 pm of August 12 in California it is August 13 elsewhere."""
    later.comes(yarrow, CAME)
    noon.move_to(datetime(2026, 8, 13, 6, 59, tzinfo=UTC))
    assert to_settle(actor, yarrow) == []
    assert refused(actor, yarrow) == ["not-yet"]
    noon.move_to(datetime(2026, 8, 13, 7, 1, tzinfo=UTC))
    assert to_settle(actor, yarrow) == [(Kind.STARTING, CAME)]
    start(actor, yarrow)
    assert to_settle(actor, yarrow) == []


def test_without_an_enrollment_of_the_new_year_nothing_starts(actor, yarrow):
    assert refused(actor, yarrow, date(2026, 9, 1)) == ["not-enrolled"]
    assert to_settle(actor, yarrow) == []
    # Neither does one who never came, nor one at another district.
    slot = {"student_id": yarrow.pk, "lea_code": "9910025", "started_on": CAME}
    blank = ("school_code", "nps_code", "exit_reason_code", "completion_code", "residence_code")
    values = dict.fromkeys(blank, "")
    values |= {"status_code": "10", "grade_code": "04", "local_student_id": "X1"}
    state_student_facts("enrollment", [Statement(slot, values, CAME)], by_id=None, cause="test")
    later.ends(yarrow, CAME, "N470", started_on=CAME)
    assert refused(actor, yarrow, date(2026, 9, 1)) == ["not-enrolled"]


def test_a_day_after_the_enrollment_ended_is_refused(actor, yarrow):
    later.comes(yarrow, CAME, date(2026, 10, 2))
    assert refused(actor, yarrow, date(2026, 10, 5)) == ["not-enrolled"]


def test_a_day_to_come_is_refused(actor, back):
    assert refused(actor, back, w.TODAY + timedelta(days=1)) == ["future-date"]


def test_a_newer_plan_is_not_overwritten(actor, back):
    slot = {"student_id": back.pk}
    values = dict.fromkeys(Plan.content, "") | {"lea_code": "9910017", "reason_code": "1"}
    state_student_facts("plan", [Statement(slot, values, date(2026, 9, 20))], by_id=None, cause="test")
    assert refused(actor, back) == ["newer-plan"]


def test_a_newer_status_is_not_overwritten(actor, back):
    change = Asked("status", date(2026, 10, 1), "Moved away.", status_code="3", reason_code="32")
    record_change(actor=actor, student=back, asked=change)
    assert refused(actor, back) == ["not-waiting"]


def test_a_meeting_that_was_held_comes_first(actor, back):
    consent = Evaluation(consent_on=w.TODAY, referred_on=w.TODAY, referred_by_code="10")
    meeting = actions.open_meeting(actor=actor, student=back, event=EVENTS["b_initial"], evaluation=consent)
    assert preview_change(actor, back, asked()).blockers == []
    hold_meeting(actor=actor, meeting=meeting, held_on=w.TODAY)
    assert refused(actor, back) == ["no-meeting-held"]


def test_an_evaluation_of_more_than_three_years_ago_does_not_start_anything(actor, back):
    Meeting.objects.filter(student=back).update(held_on=date(2023, 5, 12))
    assert refused(actor, back) == ["evaluation-old"]


def test_consent_is_given_between_the_meeting_and_the_start(actor, back):
    assert refused(actor, back, consented_on=date(2026, 5, 13)) == ["consent-day"]
    assert refused(actor, back, consented_on=date(2026, 8, 14)) == ["consent-day"]


NOTHING_OFFERED = [
    ({"plan": {}, "services": ()}, ["no-plan-offered", "no-service-offered"]),
    ({"services": ()}, ["no-service-offered"]),
    ({"plan": {"plan.23.14": "210"}}, ["no-plan-offered"]),
]


@pytest.mark.parametrize(("given", "codes"), NOTHING_OFFERED)
@pytest.mark.parametrize("conclusion", ["starts_later", "no_response", "offer"])
def test_without_an_offer_nobody_is_found_eligible(small_world, actor, noon, given, codes, conclusion):
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    with pytest.raises(NotPossible) as raised:
        later.agree_on_a_later_start(actor, student, conclusion=conclusion, **given)
    found = [one for one in raised.value.reasons if one.code.startswith("no-")]
    assert [one.code for one in found] == codes
    assert all(one.owner and one.way_out and one.source for one in found)
    assert facts_of(student).status_on(w.TODAY) is None
    assert not Archive.objects.filter(student_id=student.pk).exists()


def test_a_later_start_is_accepted_by_somebody_on_a_day_and_as_a_whole(small_world, actor, noon):
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    meeting = later.held_with_a_later_start(actor, student)
    Decision.objects.filter(meeting=meeting, item_key="service.1").update(is_agreed=False)
    assert not_final(actor, meeting) == ["declined-in-part"]
    Decision.objects.filter(meeting=meeting, item_key="service.1").delete()
    assert not_final(actor, meeting) == ["undecided"]
    Decision.objects.filter(meeting=meeting).delete()
    assert not_final(actor, meeting) == ["undecided"]
    preview = preview_of(actor, meeting)
    assert not preview.is_decided and [one.record for one in preview.drafts] == ["MEET"]


def test_the_day_on_which_the_family_accepted_is_the_first_consent(small_world, actor, noon):
    student = small_world.students["yarrow"]
    noon.move_to(MAY + timedelta(days=6))
    meeting = later.held_with_a_later_start(actor, student)
    Decision.objects.filter(meeting=meeting, item_key="service.1").update(decided_on=date(2026, 5, 20))
    finalize_meeting(actor=actor, meeting=meeting)
    noon.move_to(w.NOON)
    later.ends(student, date(2026, 6, 5))
    later.comes(student, CAME)
    assert lines(start(actor, student))[0]["22.10"] == "20260520"


def test_a_later_start_is_not_final_with_a_plan_that_the_state_would_reject(small_world, actor, noon):
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    meeting = later.held_with_a_later_start(actor, student, plan=later.PLAN | {"plan.23.15": ""})
    found = preview_of(actor, meeting)
    assert found.blockers and not found.may_finalize
    assert all(one.text.startswith("The state would reject it") for one in found.blockers)


def not_final(actor, meeting) -> list[str]:
    with pytest.raises(NotPossible) as raised:
        finalize_meeting(actor=actor, meeting=meeting)
    return [one.code for one in raised.value.reasons]


@pytest.mark.parametrize("given", [one for one, _ in NOTHING_OFFERED[:2]])
def test_what_was_made_final_without_an_offer_does_not_start(small_world, actor, noon, monkeypatch, given):
    """As it could be made before an offer was asked for."""
    for name in ("offer_blockers", "_kept_blockers"):
        monkeypatch.setattr(f"manzanita.procedures.finalize.{name}", lambda *given: [])
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    later.agree_on_a_later_start(actor, student, **given)
    noon.move_to(w.NOON)
    assert refused(actor, student, date(2026, 9, 1)) == ["nothing-agreed"]


def test_reason_12_of_a_family_that_gave_no_answer_is_no_agreement(small_world, actor, noon):
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    set_policy(
        actor=actor, selpa_code="9901", key="initial-no-response", value="12", reason="The council decided."
    )
    later.agree_on_a_later_start(actor, student, conclusion="no_response")
    noon.move_to(w.NOON)
    assert facts_of(student).status_on(w.TODAY).reason_code == "12"
    assert refused(actor, student, date(2026, 9, 1)) == ["nothing-agreed"]
    assert to_settle(actor, student) == []


def waiting_by(student, lea_code: str, cause: str) -> None:
    values = {"lea_code": lea_code, "status_code": "2", "reason_code": "12", "initial_entry_on": None}
    stated = Statement({"student_id": student.pk}, values, date(2026, 5, 14))
    state_student_facts("status", [stated], by_id=None, cause=cause)


def test_what_was_taken_over_from_the_state_says_why_it_does_not_start(small_world, actor):
    yarrow = small_world.students["yarrow"]
    waiting_by(yarrow, "9910017", "state-extract")
    found, (why,) = start_now("9910017", facts_of(yarrow))
    assert found is None
    assert (why.code, why.owner.value, why.source) == ("nothing-agreed", "IEP team", "34 CFR 300.323(c)(2)")
    assert why.text == (
        "The status of 05/14/2026 (2, reason 12) was taken over from the state, which holds plan and services only "
        "from the day they start: what was agreed is not known here."
    )
    assert why.way_out.startswith("Open the meeting in which plan and services are agreed")
    assert refused(actor, yarrow, date(2026, 9, 1)) == ["nothing-agreed"]


@pytest.mark.parametrize(
    ("lea_code", "name"), [("9910025", "Heron Creek Unified"), ("3410010", "a district that is not")]
)
def test_what_another_district_agreed_says_whose_word_it_is(small_world, actor, lea_code, name):
    yarrow = small_world.students["yarrow"]
    waiting_by(yarrow, lea_code, "state-extract")
    _, (why,) = start_now("9910017", facts_of(yarrow))
    assert (why.code, why.owner.value) == ("agreed-elsewhere", "SEDS coordinator")
    assert f"is the word of {name}" in why.text and "did not come along" in why.text
    assert why.way_out.startswith("Ask that district for what was agreed")
    assert refused(actor, yarrow, date(2026, 9, 1)) == ["agreed-elsewhere"]


def test_a_second_click_finds_it_done(actor, back):
    start(actor, back)
    assert refused(actor, back) == ["not-waiting"]
    assert Archive.objects.filter(student_id=back.pk, cause="procedure").count() == 1
    assert ChangeEvent.objects.filter(student_id=back.pk, action="record_change").count() == 1


def believed(student) -> list[tuple[object, ...]]:
    found = []
    for model in (SpecialEducationStatus, Plan, Service):
        names = (*model.slot, *model.content, "effective_from", "effective_to", "by_id", "cause")
        rows = model.objects.believed().filter(student_id=student.pk)
        found += [(model.__name__, *(getattr(row, name) for name in names)) for row in rows]
    return sorted(found, key=str)


def test_it_is_taken_back_and_can_start_again(actor, back, noon):
    before, waiting = believed(back), told(back)
    archive = start(actor, back)
    noon.shift(timedelta(minutes=5))

    assert take_back(actor=actor, archive=archive)

    assert believed(back) == before
    assert told(back) == waiting
    assert to_settle(actor, back) == [(Kind.STARTING, CAME)]
    assert not take_back(actor=actor, archive=archive)
    noon.shift(timedelta(minutes=5))
    assert lines(start(actor, back, date(2026, 8, 17)))[0]["22.11"] == "20260817"


def test_a_correction_of_the_meeting_keeps_what_was_agreed(actor, back, noon):
    row = ArchivedRecord.objects.get(student_id=back.pk, record="MEET")
    correct_record(actor=actor, row=row, changes={"24.15": "20260512"}, reason="The minutes say so.")
    archive = start(actor, back)
    assert [one.record for one in archive.records.order_by("id")] == ["SWDS", "PLAN", "SERV"]
    # The family's answer keeps its day.
    assert lines(archive)[0]["22.10"] == "20260514"


def test_once_the_state_was_told_it_is_not_taken_back(actor, back, noon):
    archive = start(actor, back)
    noon.shift(timedelta(minutes=5))
    assert reasons_not_to_take_back(actor, archive, known_of(back.pk)) == []
    prepare_submission(actor=actor, form="api", destination="sandbox")
    against = reasons_not_to_take_back(actor, archive, known_of(back.pk))
    assert [one.code for one in against] == ["sent"]


def test_who_was_enrolled_nowhere_before_has_arrived_with_it(small_world, actor, noon):
    """A child that was not enrolled before is an arrival, too; it is one thing to settle."""
    student = small_world.students["yarrow"]
    noon.move_to(MAY)
    later.agree_on_a_later_start(actor, student)
    noon.move_to(w.NOON)
    later.was_never_here(student)
    later.comes(student, CAME)
    look_at("9910017", [student.pk], found_by="test")
    arrival = Arrival.objects.get(student=student)
    assert (arrival.kind, arrival.settled_at) == ("unserved", None)
    assert to_settle(actor, student) == [(Kind.STARTING, CAME)]

    archive = start(actor, student)

    arrival.refresh_from_db()
    assert arrival.settled_how == "taken-up"
    noon.shift(timedelta(minutes=5))
    take_back(actor=actor, archive=archive)
    arrival.refresh_from_db()
    assert arrival.settled_at is None
