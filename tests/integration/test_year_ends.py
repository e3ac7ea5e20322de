"""The last minute of June 30 and the second of July, on the clock of California, which is not that of the machine: who
is enrolled, who left and who has come, what is planned and carried out, and what was known when. Every day is by
hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine

from manzanita.archive.models import Archive
from manzanita.arrivals.actions import look_at
from manzanita.arrivals.models import Arrival
from manzanita.domain.judging import judge
from manzanita.domain.scenarios import EVENTS
from manzanita.domain.specification import Specification, error_text, judged_year, put_in_force
from manzanita.domain.statuses import Kind
from manzanita.domain.years import academic_year_of
from manzanita.exchange.checks import check_many
from manzanita.leaving.models import Leaving
from manzanita.leaving.queries import leavings_that_count
from manzanita.meetings.actions import NotPossible, open_meeting
from manzanita.meetings.evaluations import Evaluation
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.procedures.check_findings import check_students
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.procedures.leaving_job import carry_out_planned
from manzanita.procedures.pending import pending_of
from manzanita.procedures.settling import records_to_settle
from manzanita.procedures.standing import standing_of
from manzanita.students.actions import state_student_facts
from manzanita.students.models import AgencyRelation, SpecialEducationStatus, Student
from manzanita.students.queries import facts_of
from tests.support import pages
from tests.support import world as w
from tests.support.pages import text_of
from tests.support.sis_files import text

LAST, FIRST = date(2027, 6, 30), date(2027, 7, 1)
# In California it is 11:59 pm on June 30, and 12:01 am on July 2: seven hours behind.
BEFORE = datetime(2027, 7, 1, 6, 59, tzinfo=UTC)
AFTER = datetime(2027, 7, 2, 7, 1, tzinfo=UTC)


@pytest.fixture
def at():
    """``at(instant)``: the clock stands there until the next call."""
    travels: list[time_machine.travel] = []

    def go(instant: datetime) -> None:
        stop()
        travels.append(time_machine.travel(instant, tick=False))
        travels[-1].start()

    def stop() -> None:
        while travels:
            travels.pop().stop()

    yield go
    stop()


def ends_in(student: Student, lea_code: str, last: date, exit_code: str) -> None:
    """The SIS ends the enrollment on ``last``, its day included."""
    slot = {"student_id": student.pk, "lea_code": lea_code, "started_on": pages.START}
    values = pages.enrollment("L0") | {"exit_reason_code": exit_code}
    if lea_code == w.OTHER_LEA:
        values["school_code"] = w.OTHER_SCHOOL
    statements = [Statement(slot, None, pages.START), Statement(slot, values, pages.START, last)]
    state_student_facts("enrollment", statements, by_id=None, cause="sis")


def begins_here(student: Student, first: date) -> None:
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": first}
    statement = Statement(slot, pages.enrollment("L1"), first)
    state_student_facts("enrollment", [statement], by_id=None, cause="sis")


def standing(student: Student):
    leavings = leavings_that_count(student.pk)
    return standing_of(facts_of(student), w.LEA, day=clock.today(), leavings=leavings)


def test_the_day_and_the_school_year_are_those_of_california(at):
    at(BEFORE)
    assert (clock.today(), academic_year_of(clock.today())) == (LAST, "2026-2027")
    at(AFTER)
    assert (clock.today(), academic_year_of(clock.today())) == (date(2027, 7, 2), "2027-2028")


def test_an_exit_on_june_30_counts_from_july_1(small_world, sign_in, at):
    towhee = small_world.students["towhee"]
    ends_in(towhee, w.LEA, LAST, "T160")
    at(BEFORE)
    assert standing(towhee).kind is Kind.ACTIVE
    assert "To settle" not in text_of(sign_in(small_world.coordinator).get(f"/students/{towhee.public_id}"))
    at(AFTER)
    found = standing(towhee)
    assert (found.kind, found.since) == (Kind.LEAVING, FIRST)
    page = text_of(sign_in(small_world.coordinator).get(f"/students/{towhee.public_id}"))
    assert "To settle: leaving" in page and "since 07/01/2027" in page
    assert "Left 9910017 Chaparral Unified on 06/30/2027." in page


def test_who_begins_on_july_1_has_not_come_on_june_30(small_world, sign_in, at):
    sage = small_world.students["sage"]
    ends_in(sage, w.OTHER_LEA, LAST, "T160")
    begins_here(sage, FIRST)
    at(BEFORE)
    look_at(w.LEA, [sage.pk], found_by="test")
    assert not Arrival.objects.filter(lea_code=w.LEA, enrolled_on__lte=LAST).exists()
    assert facts_of(sage).enrollment_on(clock.today(), w.LEA) is None
    assert facts_of(sage).enrollment_on(clock.today(), w.OTHER_LEA) is not None
    at(AFTER)
    look_at(w.LEA, [sage.pk], found_by="test")
    arrival = Arrival.objects.get(lea_code=w.LEA)
    assert arrival.enrolled_on == FIRST
    assert facts_of(sage).enrollment_on(clock.today(), w.OTHER_LEA) is None
    found = standing(sage)
    assert (found.kind, found.since) == (Kind.ARRIVING, FIRST)
    page = text_of(sign_in(small_world.coordinator).get(f"/students/{sage.public_id}"))
    assert "To settle: arriving" in page and "since 07/01/2027" in page


def test_a_leaving_of_july_1_is_planned_on_june_30_and_carried_out_for_its_day(small_world, at):
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    actor = small_world.coordinator_actor
    at(BEFORE)
    record_leaving(actor=actor, student=alder, asked=LeavingAsked("moved_out_of_state", LAST, "Told."))
    record_leaving(actor=actor, student=towhee, asked=LeavingAsked("moved_out_of_state", FIRST, "Told."))
    assert set(Leaving.objects.values_list("student__first_name", "state")) == {
        ("Alder", "done"),
        ("Towhee", "planned"),
    }
    assert carry_out_planned() == {"done": 0, "stayed": 0}
    at(AFTER)
    assert carry_out_planned() == {"done": 1, "stayed": 0}
    statuses = {
        (one.student.first_name, one.status_code, one.effective_from)
        for one in SpecialEducationStatus.objects.as_of(effective=clock.today()).select_related("student")
    }
    assert {("Alder", "3", LAST), ("Towhee", "3", FIRST)} <= statuses
    assert Archive.objects.get(student_id=towhee.pk, cause="procedure").event_on == FIRST


def test_what_is_to_happen_on_july_1_is_not_recorded_on_june_30(small_world, at):
    alder, actor = small_world.students["alder"], small_world.coordinator_actor
    asked = Asked("status", FIRST, "Told.", status_code="2", reason_code="11")
    at(BEFORE)
    with pytest.raises(NotPossible) as refused:
        record_change(actor=actor, student=alder, asked=asked)
    assert [one.code for one in refused.value.reasons] == ["future-date"]
    assert refused.value.reasons[0].text.startswith("07/01/2027 is in the future")
    at(AFTER)
    assert record_change(actor=actor, student=alder, asked=asked).event_on == FIRST


def test_what_was_recorded_in_the_last_minute_was_known_on_june_30(small_world, at):
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    actor = small_world.coordinator_actor
    asked = Asked("status", date(2027, 6, 1), "Told.", status_code="2", reason_code="11")
    at(BEFORE)
    record_change(actor=actor, student=alder, asked=asked)
    at(AFTER)
    record_change(actor=actor, student=towhee, asked=asked)
    known = SpecialEducationStatus.objects.as_of(effective=LAST, known=clock.end_of(LAST))
    assert known.get(student=alder).status_code == "2"
    assert known.get(student=towhee).status_code == "1"
    now = SpecialEducationStatus.objects.as_of(effective=LAST)
    assert now.get(student=towhee).status_code == "2"


def test_next_year_s_school_holds_through_june_30(small_world, sign_in, at):
    """Given in the spring, it is no more next year's once next year has begun."""
    alder = small_world.students["alder"]
    at(datetime(2027, 4, 12, 19, 0, tzinfo=UTC))
    client = sign_in(small_world.coordinator)
    sent = {
        "field": "next_school",
        "value_next_school": f"{w.OTHER_LEA}/{w.OTHER_SCHOOL}",
        "reason": "Feeder schools",
        "pasted": "9900000005",
    }
    address = client.post("/students/edit", sent).url
    client.post(address, {"do": "apply"})
    run_jobs_now(raises_errors=True)
    rows = AgencyRelation.objects.filter(student=alder, relationship="next_year")
    at(BEFORE)
    assert rows.as_of(effective=clock.today()).exists()
    at(AFTER)
    assert not rows.as_of(effective=clock.today()).exists()


# The school year of today, where a page or a rule means that one. Census Day, the first Wednesday of October, was
# October 7 in 2026 and is October 6 in 2027.


def test_a_pending_evaluation_is_expected_for_the_census_day_of_the_year(small_world, at):
    at(datetime(2027, 6, 1, 19, 0, tzinfo=UTC))
    meeting = open_meeting(
        actor=small_world.coordinator_actor,
        student=small_world.students["yarrow"],
        event=EVENTS["b_initial"],
        evaluation=Evaluation(date(2027, 6, 1)),
    )
    at(BEFORE)
    assert (
        pending_of(meeting).why == "Not needed for Fall 1: consent came after Census Day, 10/07/2026."
    ) and not pending_of(meeting).is_expected
    at(AFTER)
    assert pending_of(meeting).why == "Needed only if the meeting is held after Census Day, 10/06/2027."


def test_the_alert_of_who_left_names_the_census_day_of_the_year(small_world, sign_in, at):
    alder = small_world.students["alder"]
    ends_in(alder, w.LEA, date(2027, 6, 15), "T160")
    at(BEFORE)
    page = text_of(sign_in(small_world.coordinator).get(f"/students/{alder.public_id}"))
    assert "Left 9910017 Chaparral Unified on 06/15/2027." in page
    assert (
        "Enrolled here on Census Day, 10/07/2026: this district certifies what it reported for Fall 1."
        in page
    )
    at(AFTER)
    page = text_of(sign_in(small_world.coordinator).get(f"/students/{alder.public_id}"))
    assert "Left 9910017 Chaparral Unified on 06/15/2027." in page
    assert "Enrolled here on Census Day" not in page


def test_the_days_that_are_asked_for_often_are_those_of_the_year(small_world, sign_in, at):
    at(BEFORE)
    page = text_of(sign_in(small_world.coordinator).get("/compliance"))
    assert "on=2026-10-07" in page and "2027-06-30" in page
    at(AFTER)
    page = text_of(sign_in(small_world.coordinator).get("/compliance"))
    assert "on=2027-10-06" in page and "on=2028-06-30" in page


def test_layouts_codes_and_error_texts_are_those_of_the_year(at):
    """A workbook of the state's for the new school year is loaded in the spring, beside what holds until June 30."""
    words = {"GERR0005": "As the workbook of the new year says it."}
    put_in_force({"2027-2028": Specification("2027-2028", "test", {}, {}, words)})
    try:
        at(BEFORE)
        assert (judged_year(), error_text("GERR0005")) == ("2026-2027", "")
        at(AFTER)
        assert (judged_year(), error_text("GERR0005")) == ("2027-2028", words["GERR0005"])
    finally:
        put_in_force({})


def test_findings_and_previews_are_judged_in_the_year(small_world, sign_in, at, monkeypatch):
    years: list[str] = []

    def judged(people, *, as_of, year):
        years.append(year)
        return judge(people, as_of=as_of, year=year)

    for place in ("procedures.check_findings", "procedures.repairing", "exchange.checks"):
        monkeypatch.setattr(f"manzanita.{place}.judge", judged)
    alder = small_world.students["alder"]
    for instant, year in ((BEFORE, "2026-2027"), (AFTER, "2027-2028")):
        at(instant)
        check_students([alder.pk])
        check_many({alder.pk: []})
        assert set(years) == {year}
        years.clear()
        client = sign_in(small_world.coordinator)
        assert year in text_of(client.get("/rules/PLAN0714F1"))


# What an archive says of its year (22.05, 23.05, 25.06): that of its day, and not of the day on which it was recorded.


@pytest.mark.parametrize(
    ("instant", "on", "year"),
    [
        (BEFORE, LAST, "2026-2027"),
        (AFTER, LAST, "2026-2027"),
        (AFTER, FIRST, "2027-2028"),
        (AFTER, date(2027, 7, 2), "2027-2028"),
    ],
)
def test_an_archive_bears_the_school_year_of_its_day(small_world, at, instant, on, year):
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    actor = small_world.coordinator_actor
    at(instant)
    left = record_change(
        actor=actor, student=towhee, asked=Asked("status", on, "Told.", status_code="2", reason_code="11")
    )
    (status,) = left.records.all()
    assert (status.record, status.values["22.11"], status.values["22.05"]) == (
        "SWDS",
        on.strftime("%Y%m%d"),
        year,
    )
    moved = record_change(
        actor=actor,
        student=alder,
        asked=Asked("setting", on, "Moved.", settings={"23.23": "60"}, ground="said"),
    )
    found = {(one.record, one.values.get("23.05") or one.values.get("25.06")) for one in moved.records.all()}
    assert {("PLAN", year), ("SERV", year)} == found


def test_a_sis_file_of_the_last_minute_and_one_of_the_second_of_july(small_world, at, take_in):
    """The file of June 30 ends the year and begins the next, each on its day; the one of July 2 says it once more, and
    a new SSID holds from the day of its file."""
    towhee = small_world.students["towhee"]
    ended = w.senr("towhee", **{"1.25": "20270630", "1.26": "T160"})
    begun = w.senr("towhee", **{"1.22": "20270701", "1.24": "07"})
    at(BEFORE)
    run = take_in(SENR=text(ended, begun))
    facts = facts_of(towhee)
    assert facts.enrollment_on(clock.today(), w.LEA).started_on == pages.START
    assert [(one.started_on, one.effective_to) for one in facts.enrollments] == [
        (pages.START, LAST),
        (FIRST, None),
    ]
    assert clock.day_of(run.created_at) == LAST
    at(AFTER)
    assert facts_of(towhee).enrollment_on(clock.today(), w.LEA).started_on == FIRST
    take_in(SENR=text(ended, begun, w.senr("alder", **{"1.08": "9900000077"})))
    assert len(facts_of(towhee).enrollments) == 2
    held = [
        (one.ssid, one.effective_from, one.effective_to)
        for one in facts_of(small_world.students["alder"]).ssids
    ]
    assert held == [
        ("9900000005", pages.START, FIRST),
        ("9900000077", date(2027, 7, 2), None),
    ]


def test_who_is_planned_is_expected_from_july_1_and_nobody_is_held_before_school_begins(small_world, at):
    """Sage comes from the other district; Alder's year ended in June, and no calendar says when school begins."""
    sage, alder = small_world.students["sage"], small_world.students["alder"]
    state_student_facts(
        "agency",
        [
            Statement(
                {"student_id": sage.pk, "relationship": "next_year"},
                {"agency_code": w.LEA, "school_code": w.SCHOOL},
                date(2027, 4, 12),
                LAST,
            )
        ],
        by_id=None,
        cause="test",
    )
    ends_in(alder, w.LEA, date(2027, 6, 11), "E150")

    def found() -> set[tuple[str, Kind, date]]:
        rows = records_to_settle(small_world.coordinator_actor)
        names = {sage.pk: "Sage", alder.pk: "Alder"}
        return {
            (names[one.student_id], one.item.kind, one.item.since)
            for one in rows
            if one.item.kind in (Kind.EXPECTED, Kind.HELD)
        }

    at(BEFORE)
    assert found() == set()
    at(AFTER)
    assert found() == {("Sage", Kind.EXPECTED, FIRST)}
    # September 1 is over; Census Day, October 6, as well.
    at(datetime(2027, 9, 2, 7, 1, tzinfo=UTC))
    assert found() == {("Sage", Kind.EXPECTED, FIRST), ("Alder", Kind.HELD, date(2027, 9, 1))}
    at(datetime(2027, 10, 7, 7, 1, tzinfo=UTC))
    assert found() == {("Alder", Kind.HELD, date(2027, 9, 1))}
