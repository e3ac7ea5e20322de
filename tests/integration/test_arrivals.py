"""The arrival radar: what each student of ``tests/data/arrivals`` is, by hand; looking twice; settled; near names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from manzanita.arrivals.actions import look_at, settle_arrival
from manzanita.arrivals.evidence import evidence_of
from manzanita.arrivals.models import Arrival, LookMark
from manzanita.domain.arrival_plan import answers_of, plan_of
from manzanita.domain.arrivals import Evidence, kind_of, why_not_safe
from manzanita.domain.layouts import layout
from manzanita.domain.layouts.files import write_lines
from manzanita.procedures.adopting import preview_adoptions
from manzanita.procedures.arriving import look_everywhere
from manzanita.procedures.import_sis import take_in_sis_files
from manzanita.procedures.standing import unsettled_elsewhere
from manzanita.students.actions import Identity, register_students, state_one
from manzanita.students.duplicates import settle_new
from manzanita.students.models import Enrollment
from tests.support import arrivals as hand
from tests.support import world as w
from tests.support.pages import enrollment, leaves, many_students

ROWS = hand.rows()
US = w.LEA


@pytest.fixture
def students(small_world):
    return hand.add(ROWS)


def looked(student_ids) -> dict[str, int]:
    return dict(look_at(US, student_ids, found_by="test"))


def arrival_of(student) -> Arrival | None:
    return Arrival.objects.filter(student=student, lea_code=US).first()


def test_each_is_what_it_is_by_hand(small_world, students):
    pks = {name: student.pk for name, student in students.items()}
    found = evidence_of(US, pks.values(), w.TODAY)
    told, expected = [], []
    for row in ROWS:
        expected.append((row["name"], row["kind"], row["safe"], row["why_not"], row["way"], row["on"]))
        one = found.get(pks[row["name"]])
        kind = kind_of(one.evidence) if one else None
        if one is None or kind is None:
            told.append((row["name"], "", "", "", "", ""))
            continue
        reasons = [reason.code.removeprefix("arrival-") for reason in why_not_safe(one.evidence, w.TODAY)]
        plan = plan_of(one.evidence, answers_of(one.evidence, w.TODAY), w.TODAY)
        is_safe = "n" if reasons or kind != "arriving" else "y"
        told.append((row["name"], kind, is_safe, " ".join(reasons), plan.way, f"{plan.on or ''}"))
        if plan.way == "adopt":
            assert (row["name"], " ".join(plan.records)) == (row["name"], row["records"])
    assert told == expected


def test_evidence_survives_being_stored(small_world, students):
    for one in evidence_of(US, [student.pk for student in students.values()], w.TODAY).values():
        assert Evidence.from_document(one.evidence.document()) == one.evidence


def test_the_radar_stores_each_once(small_world, students):
    pks = [student.pk for student in students.values()]
    arriving = [row for row in ROWS if row["kind"]]
    assert looked(pks) == {"new": len(arriving)} == {"new": 27}
    rows = {one.student.first_name: one for one in Arrival.objects.select_related("student")}
    assert {name: (one.kind, "y" if one.is_safe else "n") for name, one in rows.items()} == {
        row["name"]: (row["kind"], row["safe"]) for row in arriving
    }
    assert looked(pks) == {}
    assert Arrival.objects.count() == len(arriving)


def test_looking_costs_the_same_for_one_and_for_all(small_world, students, django_assert_max_num_queries):
    pks = [student.pk for student in students.values()]
    with django_assert_max_num_queries(22):
        looked(pks[:1])
    with django_assert_max_num_queries(22):
        looked(pks)


def test_what_a_person_settled_stays_settled(small_world, students):
    student = students["Hoopoe"]
    looked([student.pk])
    arrival = arrival_of(student)
    actor = small_world.coordinator_actor
    ((told,),) = unsettled_elsewhere(actor, [student.pk]).values()
    assert (told.since, told.url) == (arrival.enrolled_on, f"/arrivals/{arrival.public_id}")
    assert settle_arrival(actor=actor, arrival=arrival, how="nothing", reason="The family declined.")
    assert not settle_arrival(actor=actor, arrival=arrival, how="inactive", reason="Again.")
    assert looked([student.pk]) == {}
    arrival.refresh_from_db()
    assert (arrival.settled_how, arrival.settled_by_id) == ("nothing", small_world.coordinator.pk)
    assert unsettled_elsewhere(actor, [student.pk]) == {}


def test_a_first_day_that_the_sis_corrects_is_the_same_arrival(small_world, students):
    student = students["Avocet"]
    looked([student.pk])
    old = arrival_of(student)
    for start, values in ((date(2026, 11, 2), None), (date(2026, 11, 4), enrollment("A0000"))):
        state_one(
            "enrollment",
            slot={"student_id": student.pk, "lea_code": US, "started_on": start},
            values=values,
            effective_from=start,
            by_id=None,
            cause="test",
        )
    assert looked([student.pk]) == {"changed": 1}
    assert [(one.pk, one.enrolled_on) for one in Arrival.objects.filter(student=student)] == [
        (old.pk, date(2026, 11, 4))
    ]


def test_an_enrollment_taken_back_settles_it_and_one_that_returns_opens_it(small_world, students):
    student = students["Avocet"]
    looked([student.pk])
    slot = {"student_id": student.pk, "lea_code": US, "started_on": date(2026, 11, 2)}
    stated = {"effective_from": date(2026, 11, 2), "by_id": None, "cause": "test"}
    state_one("enrollment", slot=slot, values=None, **stated)
    assert looked([student.pk]) == {"settled": 1}
    assert (arrival_of(student).settled_how, arrival_of(student).settled_by_id) == ("gone", None)
    state_one("enrollment", slot=slot, values=enrollment("A0000"), **stated)
    assert looked([student.pk]) == {"reopened": 1}
    assert arrival_of(student).settled_at is None and arrival_of(student).is_safe


def test_who_leaves_and_comes_back_arrives_twice(small_world, students):
    student = students["Avocet"]
    looked([student.pk])
    settle_arrival(
        actor=small_world.coordinator_actor,
        arrival=arrival_of(student),
        how="nothing",
        reason="Left at once.",
    )
    slot = {"student_id": student.pk, "lea_code": US, "started_on": date(2026, 11, 2)}
    gone = enrollment("A0000") | {"exit_reason_code": "T160"}
    state_one(
        "enrollment", slot=slot, values=None, effective_from=date(2026, 11, 2), by_id=None, cause="test"
    )
    state_one(
        "enrollment",
        slot=slot,
        values=gone,
        effective_from=date(2026, 11, 2),
        effective_to=date(2026, 11, 6),
        by_id=None,
        cause="test",
    )
    state_one(
        "enrollment",
        slot=slot | {"started_on": date(2026, 11, 16)},
        values=enrollment("A0000"),
        effective_from=date(2026, 11, 16),
        by_id=None,
        cause="test",
    )
    assert looked([student.pk]) == {"new": 1}
    assert [(f"{one.enrolled_on}", one.settled_how) for one in Arrival.objects.order_by("enrolled_on")] == [
        ("2026-11-02", "nothing"),
        ("2026-11-16", ""),
    ]


def test_one_of_tomorrow_becomes_ready_by_itself(small_world, students, noon):
    student = students["Dipper"]
    looked([student.pk])
    assert not arrival_of(student).is_safe
    noon.move_to(w.NOON + timedelta(days=1))
    assert look_everywhere(US, found_by="the night")["changed"] >= 1
    assert arrival_of(student).is_safe


# Near names


def unknown(first: str, born: date, last: str = "Testcase"):
    (student,) = register_students([Identity(first, "", last, "", born)])
    slot = {"student_id": student.pk, "lea_code": US, "started_on": date(2026, 11, 2)}
    state_one(
        "enrollment",
        slot=slot,
        values=enrollment("U1"),
        effective_from=date(2026, 11, 2),
        by_id=None,
        cause="test",
    )
    return student


@pytest.mark.parametrize(
    ("first", "born", "kind"),
    [
        ("Sage", date(2015, 6, 20), "look"),  # exactly a student of the other district
        ("Saige", date(2015, 6, 20), None),  # like one: nothing is told of another district
        ("Alder", date(2016, 4, 9), "look"),
        ("Aldar", date(2016, 4, 9), "look"),  # like one of our own
        ("Fern", date(2016, 4, 9), None),  # a twin
        ("Yarrow", date(2017, 1, 5), None),  # of whom nothing special is known either
    ],
)
def test_an_unknown_student_with_a_known_name_needs_a_look(small_world, first, born, kind):
    student = unknown(first, born)
    looked([student.pk])
    found = arrival_of(student)
    assert (found.kind if found else None) == kind


def test_two_people_are_asked_about_no_more(small_world):
    student = unknown("Aldar", date(2016, 4, 9))
    looked([student.pk])
    like = type("Like", (), {"strength": 2, "words": "same birth date"})
    alder = small_world.students["alder"]
    settle_new(
        actor=small_world.coordinator_actor,
        student_id=student.pk,
        others=[(alder.pk, like)],
        reason="cousins",
    )
    assert looked([student.pk]) == {"settled": 1}
    assert arrival_of(student).settled_how == "known-otherwise"


# Whom the night looks at


def test_the_night_looks_at_whoever_came_this_year_and_at_nobody_else(small_world, students):
    many_students(3)
    leaves(small_world.students["alder"], date(2026, 11, 20))
    # Zorzal came and left before anybody looked; an import would have told of it.
    assert look_everywhere(US, found_by="the night") == {"new": 26}
    assert look_everywhere(US, found_by="the night") == {}
    assert look_everywhere(w.OTHER_LEA, found_by="the night") == {}


# The preview of many


def test_the_preview_has_the_lines_of_the_safe_ones_and_the_reasons_of_the_rest(small_world, students):
    looked([student.pk for student in students.values()])
    arrivals = list(Arrival.objects.select_related("student").order_by("pk"))
    offers = preview_adoptions(small_world.coordinator_actor, arrivals)
    safe = {
        one.arrival.student.first_name: " ".join(draft.record for draft in one.drafts)
        for one in offers
        if one.is_safe
    }
    assert safe == {row["name"]: row["records"] for row in ROWS if row["safe"] == "y"}
    days = {one.arrival.student.first_name: one.drafts[0].values["23.12"] for one in offers if one.is_safe}
    assert days == {row["name"]: row["on"].replace("-", "") for row in ROWS if row["safe"] == "y"}
    years = {one.arrival.student.first_name: one.drafts[0].values["23.05"] for one in offers if one.is_safe}
    assert set(years.values()) == {"2026-2027"}
    why = {
        one.arrival.student.first_name: [reason.code.removeprefix("arrival-") for reason in one.reasons]
        for one in offers
        if not one.is_safe
    }
    expected = {row["name"]: row["why_not"].split() for row in ROWS if row["safe"] == "n"}
    assert why == expected
    assert Enrollment.objects.believed().filter(student=students["Eider"], lea_code=US).count() == 1


def test_the_preview_costs_the_same_for_one_and_for_all(small_world, students, django_assert_max_num_queries):
    looked([student.pk for student in students.values()])
    arrivals = list(Arrival.objects.select_related("student").order_by("pk"))
    with django_assert_max_num_queries(32):
        preview_adoptions(small_world.coordinator_actor, arrivals[:1])
    with django_assert_max_num_queries(32):
        preview_adoptions(small_world.coordinator_actor, arrivals)


# With the SIS files


def imported(tmp_path, *rows: dict[str, str]):
    """Take a SENR file in for the district, as a district would."""
    path = tmp_path / "SIS_SENR.txt"
    lines = write_lines(layout("SENR"), rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return take_in_sis_files([path], lea_code=US, by_id=None)


def test_an_import_finds_who_came_and_the_same_file_again_nobody(small_world, tmp_path):
    # Sage is of the other district, with a plan of January 10, 2026.
    came = w.senr("sage", US, **{"1.22": "20261102", "1.09": "L0009"})
    fern = {**came, "1.08": "9900000088", "1.09": "L0088", "1.10": "Fern", "1.17": "20150101"}
    run = imported(tmp_path, came, fern)
    (arrival,) = Arrival.objects.all()
    assert (arrival.student_id, arrival.kind, f"{arrival.enrolled_on}", arrival.found_by) == (
        small_world.students["sage"].pk,
        "arriving",
        "2026-11-02",
        f"sis-import:{run.pk}",
    )
    # Nobody has told us that Sage left the other district.
    assert not arrival.is_safe
    assert not LookMark.objects.exists()
    imported(tmp_path, came, fern)
    assert Arrival.objects.get().found_by == f"sis-import:{run.pk}"


def test_only_who_was_touched_is_looked_at(small_world, students, tmp_path):
    imported(tmp_path, w.senr("sage", US, **{"1.22": "20261102", "1.09": "L0009"}))
    assert Arrival.objects.count() == 1  # the others of the file of arrivals wait for the night


def test_a_first_day_of_tomorrow_and_of_july(small_world, tmp_path):
    for start in ("20261124", "20260701"):
        Arrival.objects.all().delete()
        imported(tmp_path, w.senr("sage", US, **{"1.22": start, "1.09": "L0009"}))
        assert [f"{one.enrolled_on:%Y%m%d}" for one in Arrival.objects.all()] == [start]
        imported(tmp_path, w.senr("sage", US, **{"1.22": start, "1.09": "L0009", "1.02": "D"}))
        assert Arrival.objects.get().settled_how == "gone"
