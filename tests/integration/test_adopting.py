"""Plans adopted together and alone, every line by hand; sent twice, two people at once; taken back, and too late."""

from __future__ import annotations

import uuid
from datetime import date

import pytest

from manzanita.archive.models import Archive
from manzanita.arrivals.actions import look_at, look_where_open
from manzanita.arrivals.models import AdoptionBatch, AdoptionItem, Arrival
from manzanita.auditing.models import ChangeEvent
from manzanita.exchange.actions import prepare_submission
from manzanita.exchange.models import Operation
from manzanita.meetings.actions import NotPossible
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.adopting import ADOPTIONS, adopt_alone, start_adoption
from manzanita.procedures.change_reasons import Asked
from manzanita.procedures.changes import record_change
from manzanita.students.models import Plan, Service, SpecialEducationStatus
from manzanita.students.queries import facts_of
from tests.support import arrivals as hand
from tests.support import world as w

REASON = "The former districts confirmed the plans by phone."
SAFE = [row["name"] for row in hand.rows() if row["safe"] == "y"]
ONE = uuid.UUID("018f0000-0000-7000-8000-0000000000a1")
TWO = uuid.UUID("018f0000-0000-7000-8000-0000000000a2")


@pytest.fixture
def actor(small_world):
    return small_world.coordinator_actor


def arrived(*names: str):
    """The students of these names, looked at; arrivals by name."""
    students = hand.add([hand.row(name) for name in names])
    look_at(w.LEA, [one.pk for one in students.values()], found_by="test")
    rows = Arrival.objects.filter(lea_code=w.LEA).select_related("student")
    return {one.student.first_name: one for one in rows}


def adopt(actor, arrivals, public_id=ONE) -> AdoptionBatch:
    batch, _ = start_adoption(actor=actor, arrivals=arrivals, public_id=public_id, reason=REASON)
    run_jobs_now(raises_errors=True)
    batch.refresh_from_db()
    return batch


def operations(student) -> list[tuple[str, str]]:
    rows = Operation.objects.filter(student_id=student.pk).order_by("position")
    return list(rows.values_list("kind", "record_key"))


def believed(student) -> list[tuple]:
    """Status, plan and services as believed, each with who said it, without the versions' numbers."""
    return [
        (
            model.__name__,
            *(getattr(row, name) for name in model.content),
            row.effective_from,
            row.effective_to,
            row.by_id,
            row.cause,
        )
        for model in (SpecialEducationStatus, Plan, Service)
        for row in model.objects.believed().filter(student=student).order_by("effective_from", "pk")
    ]


def codes(item: AdoptionItem) -> list[str]:
    return [one["code"] for one in item.reasons]


def test_all_that_are_safe_are_adopted_by_one_job(actor):
    arrivals = arrived(*SAFE)
    batch = adopt(actor, list(arrivals.values()))

    assert (batch.state, batch.items.count()) == ("done", len(SAFE))
    assert set(batch.items.values_list("state", flat=True)) == {"adopted"}
    bittern = arrivals["Bittern"].student
    ssid = facts_of(bittern).ssid
    assert operations(bittern) == [
        ("add", f"PLAN|9910017|{ssid}|20261102"),
        ("add", f"SERV|9910017|{ssid}|20261102|330|100|510"),
        ("add", f"SERV|9910017|{ssid}|20261102|415|100|510"),
        ("add", f"SERV|9910017|{ssid}|20261102|450|100|510"),
    ]
    assert facts_of(bittern).plan_on(w.TODAY).reason_code == "3"
    eider = Archive.objects.get(student_id=arrivals["Eider"].student_id)
    assert [
        (row.record, row.values.get("23.05") or row.values.get("25.06"))
        for row in eider.records.order_by("id")
    ] == [
        ("PLAN", "2026-2027"),
        ("SERV", "2026-2027"),
    ]
    assert {(one.settled_how, one.settled_by_id) for one in Arrival.objects.all()} == {
        ("adopted", actor.user_id)
    }
    assert look_at(w.LEA, [one.student_id for one in arrivals.values()], found_by="test") == {}


def test_the_same_form_twice_adopts_once(actor):
    arrivals = list(arrived("Avocet", "Bittern").values())
    first = start_adoption(actor=actor, arrivals=arrivals, public_id=ONE, reason=REASON)
    second = start_adoption(actor=actor, arrivals=arrivals, public_id=ONE, reason=REASON)
    assert (first[1], second[1], first[0].pk == second[0].pk) == (True, False, True)
    run_jobs_now(raises_errors=True)
    assert start_adoption(actor=actor, arrivals=[], public_id=ONE, reason=REASON)[1] is False
    run_jobs_now(raises_errors=True)
    assert Archive.objects.filter(student_id__in=[one.student_id for one in arrivals]).count() == 2


def test_of_two_people_at_once_the_second_finds_nothing_left(actor):
    arrivals = list(arrived("Avocet", "Bittern").values())
    first, _ = start_adoption(actor=actor, arrivals=arrivals, public_id=ONE, reason=REASON)
    second, _ = start_adoption(actor=actor, arrivals=arrivals, public_id=TWO, reason=REASON)
    assert (first.items.count(), second.items.count()) == (2, 0)
    run_jobs_now(raises_errors=True)
    assert Archive.objects.filter(student_id__in=[one.student_id for one in arrivals]).count() == 2


def test_what_was_adopted_elsewhere_meanwhile_is_refused_with_the_reason(actor):
    arrivals = arrived("Avocet", "Bittern")
    batch, _ = start_adoption(actor=actor, arrivals=list(arrivals.values()), public_id=ONE, reason=REASON)
    record_change(
        actor=actor, student=arrivals["Avocet"].student, asked=Asked("adopt", date(2026, 11, 2), "By hand.")
    )
    arrivals["Avocet"].refresh_from_db()
    assert arrivals["Avocet"].settled_how == "taken-up"
    run_jobs_now(raises_errors=True)
    states = {one.student.first_name: (one.state, codes(one)) for one in batch.items.all()}
    assert states == {"Avocet": ("refused", ["arrival-settled"]), "Bittern": ("adopted", [])}


def test_who_is_not_safe_is_not_adopted_with_others(actor):
    batch = adopt(actor, list(arrived("Avocet", "Whimbrel").values()))
    states = {one.student.first_name: (one.state, codes(one)) for one in batch.items.all()}
    assert states == {"Avocet": ("adopted", []), "Whimbrel": ("refused", ["arrival-review-overdue"])}


def test_status_two_becomes_one_on_the_first_day_and_goes_first(actor):
    arrival = arrived("Falcon")["Falcon"]
    item = adopt_alone(
        actor=actor, arrival=arrival, on=date(2026, 11, 2), plan_known_on=None, public_id=ONE, reason=REASON
    )
    archive = Archive.objects.get(pk=item.archive_id)
    student = arrival.student
    ssid = facts_of(student).ssid
    assert [
        {number: text for number, text in row.values.items() if text}
        for row in archive.records.order_by("id")
    ] == [
        {
            "22.01": "SWDS",
            "22.04": "9910017",
            "22.05": "2026-2027",
            "22.06": ssid,
            "22.07": "A0000",
            "22.08": "SE-0500",
            "22.09": "9901",
            "22.10": "20240110",
            "22.11": "20261102",
            "22.12": "1",
        },
        {
            "23.01": "PLAN",
            "23.04": "9910017",
            "23.05": "2026-2027",
            "23.06": ssid,
            "23.07": "A0000",
            "23.08": "SE-0500",
            "23.09": "9901",
            "23.10": "9910017",
            "23.11": "100",
            "23.12": "20261102",
            "23.13": "3",
            "23.14": "210",
            "23.15": "240",
            "23.20": "400",
            "23.23": "85",
            "23.33": "N",
        },
        {
            "25.01": "SERV",
            "25.04": "9910017",
            "25.06": "2026-2027",
            "25.07": ssid,
            "25.08": "A0000",
            "25.09": "9901",
            "25.11": "415",
            "25.12": "100",
            "25.13": "510",
            "25.14": "20",
            "25.15": "30",
            "25.16": "SE-0500",
            "25.17": "20261102",
        },
    ]
    facts = facts_of(student)
    assert [facts.status_on(day).status_code for day in (date(2026, 11, 1), date(2026, 11, 2))] == ["2", "1"]


def test_the_last_plan_that_ended_goes_on(actor):
    arrival = arrived("Godwit")["Godwit"]
    adopt_alone(
        actor=actor,
        arrival=arrival,
        on=date(2026, 11, 2),
        plan_known_on=date(2026, 6, 29),
        public_id=ONE,
        reason=REASON,
    )
    facts = facts_of(arrival.student)
    assert (facts.plan_on(w.TODAY).lea_code, len(facts.services_on(w.TODAY))) == (w.LEA, 1)
    assert facts.status_on(w.TODAY).status_code == "1" and facts.plan_on(date(2026, 9, 1)) is None
    assert [kind for kind, _ in operations(arrival.student)] == ["add", "add", "add"]


@pytest.mark.parametrize("name", ["Avocet", "Falcon", "Godwit", "Bittern"])
def test_taken_back_everything_is_as_before(actor, name):
    arrival = arrived(name)[name]
    before = believed(arrival.student)
    known_on = date(2026, 6, 29) if name == "Godwit" else None
    item = adopt_alone(
        actor=actor,
        arrival=arrival,
        on=date(2026, 11, 2),
        plan_known_on=known_on,
        public_id=ONE,
        reason=REASON,
    )
    assert ADOPTIONS.start_undo(actor=actor, batch=item.batch)

    assert believed(arrival.student) == before
    assert operations(arrival.student) == []
    arrival.refresh_from_db()
    assert (arrival.settled_at, arrival.is_safe) == (None, hand.row(name)["safe"] == "y")
    old = Archive.objects.get(pk=item.archive_id)
    assert old.superseded_by.records.count() == 0 and old.superseded_by.title.startswith("Taken back")
    assert not ADOPTIONS.start_undo(actor=actor, batch=item.batch)
    again = adopt_alone(
        actor=actor,
        arrival=arrival,
        on=date(2026, 11, 2),
        plan_known_on=known_on,
        public_id=TWO,
        reason=REASON,
    )
    assert again.state == "adopted" and len(operations(arrival.student)) >= 2


def test_many_are_taken_back_by_a_job_but_for_who_was_sent_or_changed(actor):
    arrivals = arrived("Avocet", "Bittern", "Curlew")
    batch = adopt(actor, list(arrivals.values()))
    sent = list(Operation.objects.filter(student_id=arrivals["Avocet"].student_id))
    prepare_submission(
        actor=actor, form="files", destination="sandbox", operation_ids=[one.pk for one in sent]
    )
    setting = Asked("setting", date(2026, 11, 23), "Moved.", settings={"23.23": "60"}, ground="said")
    bittern = arrivals["Bittern"].student
    record_change(actor=actor, student=bittern, asked=setting)

    assert ADOPTIONS.start_undo(actor=actor, batch=batch)
    assert not ADOPTIONS.start_undo(actor=actor, batch=batch)  # somebody is at it
    run_jobs_now(raises_errors=True)
    batch.refresh_from_db()
    told = {one.student.first_name: (one.state, codes(one)) for one in batch.items.all()}
    assert told == {
        "Avocet": ("adopted", ["adoption-sent"]),
        "Bittern": ("adopted", ["adoption-built-on"]),
        "Curlew": ("undone", []),
    }
    assert (batch.state, batch.undone_at) == ("done", None)


def test_nothing_is_adopted_without_a_reason_or_the_right_to(small_world, actor):
    arrivals = list(arrived("Avocet").values())
    for given in ({"reason": " "}, {"actor": small_world.case_manager_actor}, {"arrivals": []}):
        with pytest.raises(NotPossible):
            start_adoption(
                **{"actor": actor, "arrivals": arrivals, "public_id": ONE, "reason": REASON} | given
            )
    assert AdoptionBatch.objects.count() == 0


def test_one_alone_is_whole_or_not(actor):
    arrival = arrived("Dipper")["Dipper"]
    with pytest.raises(NotPossible) as refused:
        adopt_alone(
            actor=actor,
            arrival=arrival,
            on=date(2026, 11, 24),
            plan_known_on=None,
            public_id=ONE,
            reason=REASON,
        )
    assert [one.code for one in refused.value.reasons] == ["future-date"]
    assert (
        AdoptionBatch.objects.count() == 0 and not ChangeEvent.objects.filter(action="record_change").exists()
    )


def test_a_plan_of_our_own_ends_the_arrival(actor):
    arrival = arrived("Avocet")["Avocet"]
    look_where_open(arrival.student_id, w.OTHER_LEA)
    arrival.refresh_from_db()
    assert arrival.settled_at is None
