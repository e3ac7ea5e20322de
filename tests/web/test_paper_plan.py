"""The plan of an arriving student that came on paper: entered, refused field by field, corrected, adopted."""

from __future__ import annotations

import html
from datetime import date

import pytest

from manzanita.archive.models import Archive
from manzanita.arrivals.actions import look_at, say_arrived
from manzanita.arrivals.models import Arrival
from manzanita.exchange.models import Operation
from manzanita.platform.facts import Statement
from manzanita.procedures.paper_findings import too_old
from manzanita.procedures.paper_plan import PaperPlan
from manzanita.students.actions import state_student_facts
from manzanita.students.queries import facts_of
from tests.support import arrivals as hand
from tests.support import world as w
from tests.support.pages import NO_ID, other_coordinator, text_of

TOLD = {
    "lea_code": "3410010",
    "starts_on": "2026-01-10",
    "reviewed_on": "2026-01-10",
    "evaluated_on": "2024-01-10",
    "entered_on": "2021-03-01",
    "plan_type_code": "100",
    "disability_1_code": "240",
    "program_setting_code": "400",
    "general_education_percent": "85",
    "primary_residence_code": "210",
    "has_transportation_code": "N",
    "service_1_service_code": "415",
    "service_1_provider_code": "100",
    "service_1_location_code": "510",
    "service_1_frequency_code": "20",
    "service_1_duration_minutes": "30",
    # Stands there beforehand; without anything else it is no service.
    "service_2_provider_code": "100",
    "reason": "From the family.",
}


@pytest.fixture
def coordinator(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def yarrow(small_world):
    """Of general education as far as anybody here knows; somebody says that the student came with a plan. Enrolled
    since August 14, 2023."""
    return say_arrived(actor=small_world.coordinator_actor, student=small_world.students["yarrow"])


def enter(client, arrival: Arrival, **changes: str):
    # Yarrow's enrollment here began in 2023: so does the plan that is entered lie before it.
    days = {"starts_on": "2023-02-01", "reviewed_on": "2023-02-01", "evaluated_on": "2022-02-01"}
    told = TOLD | days | changes
    return client.post(f"/arrivals/{arrival.public_id}/plan", told, follow=True)


def test_it_is_stated_as_the_other_districts_and_offered_for_adoption(small_world, coordinator, yarrow):
    page = text_of(coordinator.get(f"/arrivals/{yarrow.public_id}"))
    assert "Enter the plan that came on paper" in page and "What follows: Ask first" in page
    archives = Archive.objects.count()
    page = text_of(enter(coordinator, yarrow))

    assert "Entered." in page and "What follows: Adopt the plan" in page
    assert "Plan of 02/01/2023 with 1 service." in page and "Correct the plan that came on paper" in page
    facts = facts_of(yarrow.student)
    (status,), (plan,), (service,) = facts.statuses, facts.plans, facts.services
    assert (status.lea_code, status.status_code, status.initial_entry_on, status.effective_from) == (
        "3410010",
        "1",
        date(2021, 3, 1),
        date(2023, 2, 1),
    )
    assert (plan.lea_code, plan.disability_1_code, plan.general_education_percent, plan.effective_to) == (
        "3410010",
        "240",
        "85",
        None,
    )
    assert (service.service_no, service.service_code, service.duration_minutes) == (1, "415", "30")
    yarrow.student.refresh_from_db()
    # A year and three years after what the paper says.
    assert yarrow.student.plan_review_due_on == date(2024, 2, 1)
    assert yarrow.student.evaluation_due_on == date(2025, 2, 1)
    # Nothing goes to the state by it.
    assert Archive.objects.count() == archives
    assert not Operation.objects.filter(student_id=yarrow.student_id).exists()


def test_without_an_ssid_the_plan_goes_on_here_and_only_the_lines_are_held(small_world, coordinator, yarrow):
    slot = {"student_id": yarrow.student_id}
    state_student_facts("ssid", [Statement(slot, None, date(2023, 8, 14))], by_id=None, cause="test")
    page = text_of(enter(coordinator, yarrow))
    assert "What follows: Adopt the plan" in page and "Correct the field." not in page
    assert "The lines are held here. No SSID yet: the SIS requests the SSID" in page and "(SIS staff)" in page
    assert f'href="/students/{yarrow.student.public_id}/enrollments">Message to the SIS staff' in page

    sent = {"adopt": "1", "token": NO_ID, "reason": "The family brought the paper."}
    assert coordinator.post(f"/arrivals/{yarrow.public_id}", sent).status_code == 302
    assert facts_of(yarrow.student).plan_on(w.TODAY).lea_code == w.LEA
    lines = Operation.objects.filter(student_id=yarrow.student_id).order_by("position")
    assert [(one.record, [hold["code"] for hold in one.holds]) for one in lines] == [
        ("PLAN", ["no-ssid"]),
        ("SERV", ["no-ssid"]),
    ]
    assert {one.holds[0]["owner"] for one in lines} == {"SIS staff"}


def test_a_plan_of_another_state_has_no_thirty_days(coordinator, yarrow):
    page = text_of(enter(coordinator, yarrow, lea_code=""))
    assert "The plan is of another state" in page and "if the student comes from another SELPA" not in page
    record = text_of(coordinator.get(f"/students/{yarrow.student.public_id}"))
    assert "For a plan of another state no day is set." in record


def test_what_another_state_never_told_this_one_is_told_with_the_plan(coordinator, yarrow):
    page = text_of(enter(coordinator, yarrow, lea_code=""))
    assert (
        "Another state told California nothing: status 1 is told from the same day, and goes first." in page
    )
    sent = {"adopt": "1", "token": NO_ID, "reason": "The family brought the paper."}
    assert coordinator.post(f"/arrivals/{yarrow.public_id}", sent).status_code == 302
    lines = Operation.objects.filter(student_id=yarrow.student_id).order_by("position")
    assert [(one.record, one.key_on, one.holds) for one in lines] == [
        (record, date(2023, 8, 14), []) for record in ("SWDS", "PLAN", "SERV")
    ]
    # 22.10 is the first consent ever, wherever it was given.
    values = lines[0].values
    assert [values[number] for number in ("22.11", "22.12", "22.13", "22.10")] == [
        "20230814",
        "1",
        "",
        "20210301",
    ]


def test_of_a_district_of_this_state_the_status_is_not_told_twice(coordinator, yarrow):
    enter(coordinator, yarrow)
    sent = {"adopt": "1", "token": NO_ID, "reason": "The family brought the paper."}
    coordinator.post(f"/arrivals/{yarrow.public_id}", sent)
    lines = Operation.objects.filter(student_id=yarrow.student_id).order_by("position")
    assert [one.record for one in lines] == ["PLAN", "SERV"]


@pytest.mark.parametrize(
    "typed", ["Heron Creek Unified", "heron creek", w.OTHER_LEA], ids=["name", "beginning", "code"]
)
def test_the_district_and_the_agency_are_found_by_name(coordinator, yarrow, typed):
    page = text_of(coordinator.get(f"/arrivals/{yarrow.public_id}/plan"))
    assert f'<option value="{w.OTHER_LEA}">{w.OTHER_LEA} Heron Creek Unified</option>' in page
    assert '<option value="9970011">9970011 Meadowlark Therapies</option>' in page
    enter(coordinator, yarrow, lea_code=typed, service_1_provider_code="400", service_1_npa_id="meadowlark")
    facts = facts_of(yarrow.student)
    assert [one.lea_code for one in (*facts.plans, *facts.statuses)] == [w.OTHER_LEA] * 2
    assert [(one.provider_code, one.npa_id) for one in facts.services] == [("400", "9970011")]


def test_a_first_consent_that_nobody_knows_stays_blank_and_is_not_guessed(coordinator, yarrow):
    enter(coordinator, yarrow, entered_on="", stopped_on="2023-06-01", reason_code="12")
    assert [one.initial_entry_on for one in facts_of(yarrow.student).statuses] == [None, None]
    here = f"/arrivals/{yarrow.public_id}"
    coordinator.post(here, {"answer": "1", "here": "yes"})
    page = text_of(coordinator.get(here))
    assert "What follows: Adopt the last plan" in page and "The state would reject it" not in page
    coordinator.post(here, {"adopt": "1", "token": NO_ID, "reason": "The family brought the paper."})
    (swds,) = Operation.objects.filter(student_id=yarrow.student_id, record="SWDS")
    assert (swds.values["22.12"], swds.values["22.10"]) == ("1", "")


def test_what_another_state_reported_reads_so(coordinator, yarrow):
    page = text_of(enter(coordinator, yarrow, lea_code=""))
    assert "since 02/01/2023, reported by a district of another state." in page
    page = text_of(enter(coordinator, yarrow))
    assert "since 02/01/2023, reported by district 3410010." in page


def test_entered_again_the_newer_word_stands_alone(coordinator, yarrow):
    enter(coordinator, yarrow, service_2_service_code="330", service_2_location_code="510")
    enter(coordinator, yarrow, starts_on="2023-03-01", reviewed_on="2023-03-01", disability_1_code="280",
          degree_of_support_1_code="MMSN")  # fmt: skip
    facts = facts_of(yarrow.student)
    assert [(one.effective_from, one.disability_1_code) for one in facts.plans] == [(date(2023, 3, 1), "280")]
    assert [(one.service_no, one.effective_from) for one in facts.services] == [(1, date(2023, 3, 1))]
    assert [one.effective_from for one in facts.statuses] == [date(2023, 3, 1)]
    yarrow.student.refresh_from_db()
    assert yarrow.student.plan_review_due_on == date(2024, 3, 1)


def test_who_took_no_part_any_more_is_asked_and_the_last_plan_goes_on(coordinator, yarrow):
    enter(coordinator, yarrow, stopped_on="2023-06-01", reason_code="12")
    facts = facts_of(yarrow.student)
    assert [(one.effective_from, one.status_code, one.reason_code) for one in facts.statuses] == [
        (date(2023, 2, 1), "1", ""),
        (date(2023, 6, 1), "2", "12"),
    ]
    assert facts.plans[0].effective_to == facts.services[0].effective_to == date(2023, 5, 31)
    page = text_of(
        coordinator.post(f"/arrivals/{yarrow.public_id}", {"answer": "1", "here": "yes"}, follow=True)
    )
    assert "What follows: Adopt the last plan" in page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"starts_on": ""}, "The plan has no first day."),
        ({"starts_on": "2023-08-14"}, "begins after the student came here on 08/14/2023"),
        ({"lea_code": "34-10010"}, "No district of the directory is called “34-10010”"),
        ({"lea_code": "Sacramento City Unified"}, "cde.ca.gov/schooldirectory"),
        ({"service_1_npa_id": "Larkspur"}, "No nonpublic agency of the directory is called “Larkspur”"),
        ({"reviewed_on": "2026-11-24"}, "The plan review of 11/24/2026 is still to come."),
        ({"evaluated_on": ""}, "The day of the evaluation is missing."),
        ({"entered_on": "2026-11-24"}, "The first consent to services of 11/24/2026 is still to come."),
        ({"disability_1_code": ""}, "Primary disability is missing."),
        ({"disability_1_code": "999"}, "Primary disability: 999 is no code."),
        ({"general_education_percent": "a lot"}, "General education participation is not a number."),
        ({"service_1_location_code": ""}, "Location of service 1 is missing."),
        (
            {name: "" for name in TOLD if name.startswith("service_")},
            "The plan has no service, and the state asks for one.",
        ),
        ({"stopped_on": "2023-06-01"}, "A student who does not take part has a reason."),
        ({"stopped_on": "2023-02-01", "reason_code": "12"}, "does not lie between"),
        ({"reason": " "}, "It has no source."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_stated(coordinator, yarrow, changes, told):
    answer = enter(coordinator, yarrow, **changes)
    assert answer.status_code == 422
    assert told in html.unescape(text_of(answer)) and "Nothing was entered" in text_of(answer)
    assert not facts_of(yarrow.student).plans


@pytest.mark.parametrize(
    ("name", "code", "follows", "records"),
    [
        # Status 1 came with the state's extract, and no plan: the plan alone was missing.
        ("Linnet", "1", "What follows: Adopt the plan", ["PLAN", "SERV"]),
        # Status 2, reason 12, as of an initial of spring that starts later: SWDS 1 goes first.
        ("Hoopoe", "2", "What follows: Ask first", []),
    ],
)
def test_a_status_that_is_known_stands_and_only_the_plan_is_stated(
    coordinator, small_world, name, code, follows, records
):
    student = hand.add([hand.row(name)])[name]
    look_at(w.LEA, [student.pk], found_by="test")
    arrival = Arrival.objects.get()
    page = text_of(coordinator.post(f"/arrivals/{arrival.public_id}/plan", TOLD, follow=True))
    assert follows in page, page[page.index("<main") :][:3000]
    assert [one for one in ("SWDS", "PLAN", "SERV") if f"<b>{one}</b> of 11/02/2026" in page] == records
    assert [one.status_code for one in facts_of(student).statuses] == [code]
    if name == "Hoopoe":
        answered = {"answer": "1", "here": "yes"}
        page = text_of(coordinator.post(f"/arrivals/{arrival.public_id}", answered, follow=True))
        assert "What follows: Adopt the plan" in page and "<b>SWDS</b> of 11/02/2026" in page


def test_paper_does_not_replace_what_a_file_or_the_state_says(small_world, coordinator):
    students = hand.add([hand.row("Avocet")])
    look_at(w.LEA, [students["Avocet"].pk], found_by="test")
    arrival = Arrival.objects.get()
    before = facts_of(students["Avocet"]).plans
    assert "on paper" not in text_of(coordinator.get(f"/arrivals/{arrival.public_id}"))
    page = text_of(coordinator.get(f"/arrivals/{arrival.public_id}/plan"))
    assert "paper does not replace it" in page and "Enter the plan</button>" not in page
    answer = coordinator.post(f"/arrivals/{arrival.public_id}/plan", TOLD)
    assert answer.status_code == 422 and "paper does not replace it" in text_of(answer)
    assert facts_of(students["Avocet"]).plans == before


def test_another_district_and_a_case_manager_have_no_such_page(small_world, sign_in, yarrow):
    here = f"/arrivals/{yarrow.public_id}/plan"
    assert sign_in(other_coordinator(small_world)).get(here).status_code == 404
    assert sign_in(small_world.case_manager).post(here, TOLD).status_code == 403
    assert not facts_of(yarrow.student).plans


def test_a_settled_arrival_takes_no_plan(coordinator, yarrow):
    coordinator.post(f"/arrivals/{yarrow.public_id}", {"settle": "1", "reason": "Not in special education."})
    answer = coordinator.post(f"/arrivals/{yarrow.public_id}/plan", TOLD)
    assert answer.status_code == 409 and "This arrival is settled." in text_of(answer)


def test_everything_wrong_is_said_in_one_round(small_world, coordinator, yarrow):
    """A first day after the arrival and a review to come are wrong in the form; 140 %, a setting for infants and an
    evaluation of 2014 are what the rules and the law say."""
    answer = enter(
        coordinator,
        yarrow,
        starts_on="2023-09-01",
        reviewed_on="2027-01-10",
        evaluated_on="2014-02-01",
        general_education_percent="140",
        program_setting_code="102",
    )
    assert answer.status_code == 422
    page = html.unescape(text_of(answer))
    assert "begins after the student came here" in page and "is still to come" in page
    said = page[page.index("What the rules would say of it here") :]
    assert "140" in said and "PLAN" in said
    assert "The evaluation of 02/01/2014 was more than three years old" in said
    # Of the day that the form refuses, it is not said that it is old as well.
    assert "more than a year old" not in said


def test_a_review_of_a_leap_day_is_a_year_old_on_february_28():
    told = PaperPlan(lea_code=w.LEA, reviewed_on=date(2024, 2, 29), evaluated_on=date(2024, 2, 29))
    assert [one.name for one in too_old(told, date(2025, 2, 28))] == []
    assert [one.name for one in too_old(told, date(2025, 3, 1))] == ["reviewed_on"]
    assert [one.name for one in too_old(told, date(2027, 3, 1))] == ["reviewed_on", "evaluated_on"]


def test_what_is_in_order_says_nothing_of_the_rules_beside_another_refusal(small_world, coordinator, yarrow):
    page = text_of(enter(coordinator, yarrow, reason=""))
    assert "It has no source." in page and "more than three years old" not in page


def test_the_correction_begins_with_what_was_entered(small_world, coordinator, yarrow):
    enter(coordinator, yarrow)
    page = text_of(coordinator.get(f"/arrivals/{yarrow.public_id}/plan"))
    for name, value in (
        ("lea_code", "3410010"),
        ("starts_on", "2023-02-01"),
        ("evaluated_on", "2022-02-01"),
        ("entered_on", "2021-03-01"),
        ("general_education_percent", "85"),
        ("service_1_duration_minutes", "30"),
    ):
        tag = next(part for part in page.split("<input")[1:] if f'name="{name}"' in part.split(">")[0])
        assert f'value="{value}"' in tag.split(">")[0], name
    assert '<option value="415" selected>' in page


def test_what_the_rules_say_is_seen_before_it_is_entered(small_world, coordinator, yarrow):
    answer = enter(coordinator, yarrow, general_education_percent="140")
    page = text_of(answer)
    assert "MZ-PLAN-PERCENT-RANGE" in page and "Nothing was entered yet." in page
    assert facts_of(yarrow.student).plans == []
    seen = page[page.index('name="seen" value="') :].split('"')[3]
    # Another value says other things, so that is looked at as well.
    assert "Nothing was entered yet." in text_of(
        enter(coordinator, yarrow, general_education_percent="140", program_setting_code="201", seen=seen)
    )
    assert "Entered." in text_of(enter(coordinator, yarrow, general_education_percent="140", seen=seen))
    assert [one.general_education_percent for one in facts_of(yarrow.student).plans] == ["140"]
