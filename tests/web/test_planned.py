"""Planned changes: every source stands in the list with its day, who planned it and why, and the way to change it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest

from manzanita.accounts.actions import grant_perspective
from manzanita.leaving.models import Leaving
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.leaving import LeavingAsked, record_leaving
from manzanita.procedures.planned import SOURCES, planned_counts, planned_page
from manzanita.students.models import BatchEdit
from manzanita.students.scope import present_for
from tests.support import five, pages
from tests.support import world as w
from tests.support.five import at
from tests.support.pages import words

ADDRESS = "/students/planned"
JULY = date(2027, 7, 1)
QUERIES = 34


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def everything(small_world):
    """One change of each source; today is November 23, 2026."""
    alder, towhee = small_world.students["alder"], small_world.students["towhee"]
    wren = small_world.case_manager
    slot, june = {"student_id": alder.pk}, date(2027, 6, 30)
    record_leaving(
        actor=small_world.coordinator_actor,
        student=towhee,
        asked=LeavingAsked("dropped_out", date(2026, 12, 18), "Says so."),
    )
    facts = pages.facts_of(alder)
    status = {"lea_code": w.LEA, "status_code": "2", "reason_code": "13", "initial_entry_on": None}
    five.stated("status", slot, status, date(2027, 3, 1))
    plan = {name: getattr(facts.plans[-1], name) for name in pages.Plan.content}
    five.stated("plan", slot, plan | {"reason_code": "2"}, date(2027, 2, 1))
    service = facts.services[-1]
    values = {name: getattr(service, name) for name in type(service).content}
    five.stated("service", {**slot, "service_no": 9}, values, date(2027, 2, 2))
    setting = {"program_setting_code": "300", "general_education_percent": "", "starts_on": date(2027, 2, 3)}
    five.stated("next_setting", slot, setting, w.TODAY)
    place = {"agency_code": w.OTHER_LEA, "school_code": w.OTHER_SCHOOL}
    five.stated("agency", {**slot, "relationship": "next_year"}, place, w.TODAY, june)
    five.stated("next_year", slot, {"grade_code": "05"}, w.TODAY, june)
    enrolled = date(2027, 8, 12)
    five.stated(
        "enrollment",
        {**slot, "lea_code": w.OTHER_LEA, "started_on": enrolled},
        pages.enrollment("H1") | {"school_code": w.OTHER_SCHOOL},
        enrolled,
    )
    yarrow = {"student_id": small_world.students["yarrow"].pk}
    five.stated("assignment", yarrow, {"user_id": wren.pk}, JULY)
    five.stated("assignment", {"student_id": towhee.pk}, {"user_id": wren.pk}, w.TODAY, date(2027, 1, 15))
    five.stated("assignment", {"student_id": towhee.pk}, None, date(2027, 1, 16))
    five.stated("team", {**slot, "user_id": wren.pk}, {"role": "Speech"}, date(2027, 1, 4))
    team = {**slot, "user_id": small_world.coordinator.pk}
    five.stated("team", team, {"role": "Psychologist"}, w.TODAY, date(2027, 1, 8))
    return small_world


EXPECTED = [
    ("leaving", "Towhee", date(2026, 12, 18)),
    ("team", "Alder", date(2027, 1, 4)),
    ("team-ends", "Alder", date(2027, 1, 8)),
    ("manager-ends", "Towhee", date(2027, 1, 15)),
    ("plan", "Alder", date(2027, 2, 1)),
    ("service", "Alder", date(2027, 2, 2)),
    ("setting", "Alder", date(2027, 2, 3)),
    ("status", "Alder", date(2027, 3, 1)),
    ("grade", "Alder", JULY),
    ("place", "Alder", JULY),
    ("manager", "Yarrow", JULY),
    ("enrollment", "Alder", date(2027, 8, 12)),
]


def test_every_source_has_its_day_and_the_earliest_comes_first(everything):
    actor = everything.coordinator_actor
    page = planned_page(present_for(actor), actor)
    names = {one.pk: name.title() for name, one in everything.students.items()}
    assert [(one.source.key, names[one.student_id], one.day) for one in page.changes] == EXPECTED
    assert {key for key, *_ in EXPECTED} == set(SOURCES)
    assert page.counts == dict.fromkeys(SOURCES, 1)


def test_the_page_says_what_from_when_by_whom_and_why(client, everything):
    page = words(client.get(ADDRESS))
    assert "All 12" in page and "12 changes" in page
    row = r"12/18/2026 Testcase, Towhee Leaving: .* 11/23/2026, Juniper Mockup Says so\. Change or cancel the leaving"
    assert re.search(row, page)
    assert "Program setting: 300 Separate school" in page
    assert (
        "Next school: Willow Bend Elementary, Heron Creek Unified" in page and "Next grade: Grade 5" in page
    )
    assert "through 01/15/2027 Testcase, Towhee Case manager ends: Wren Placeholder" in page
    assert "through 01/08/2027 Testcase, Alder Team ends: Juniper Mockup, Psychologist" in page
    assert "from 07/01/2027 Testcase, Yarrow Case manager: Wren Placeholder" in page


def test_it_is_cut_by_kind_by_days_and_by_the_sentence(client, everything):
    only = words(client.get(f"{ADDRESS}?what=grade"))
    assert "1 change" in only and "Next grade: Grade 5" in only and "Leaving:" not in only
    soon = words(client.get(f"{ADDRESS}?when=30"))
    assert "Testcase, Towhee" in soon and "All 1" in soon and "Testcase, Alder" not in soon
    narrowed = client.get(f"{ADDRESS}?grade=06&what=leaving")
    assert "of students in grade 6" in words(narrowed) and "1 change" in words(narrowed)
    assert 'href="/students/planned?list=all&amp;what=leaving"' in narrowed.content.decode()
    assert client.get(f"{ADDRESS}?what=nothing").status_code == 404
    assert client.get(f"{ADDRESS}?when=nothing").status_code == 404


def test_of_a_pasted_list_the_page_says_what_it_is_and_of_an_ended_one_shows_nobody(client, everything):
    lines = "\n".join([w.SSIDS["alder"], "Nobody, Known"])
    key = client.post("/students/paste", {"pasted": lines}).url.partition("set=")[2]
    client.post("/perspective", {"view": "leaving"})
    answer = client.get(f"{ADDRESS}?set={key}")
    page = words(answer)
    assert "Only of: Students of a pasted list" in page and "1 of 2 found. 1 line matches no student." in page
    assert "Next grade: Grade 5" in page and "Testcase, Towhee" not in page
    # Who has left is told nothing of what is planned now.
    pages.leaves(everything.students["alder"], date(2026, 6, 12))
    assert "Nothing is planned" in words(client.get(f"{ADDRESS}?set={key}"))
    client.post(f"/students/pasted/{key}/drop", {"list": "all"})
    page = words(client.get(f"{ADDRESS}?set={key}"))
    assert "That pasted list is no longer kept" in page and "Nobody is shown" in page
    assert "The list is shown without it" not in page and "Nothing is planned" in page


def test_what_was_planned_here_is_changed_or_taken_back_from_its_row(client, small_world):
    alder = small_world.students["alder"]
    sent = {
        "selected": [str(alder.public_id)],
        "field": "next_grade",
        "value_next_grade": "05",
        "reason": "Moves up",
    }
    url = client.post("/students/edit", sent).url
    client.post(url, {"do": "apply"})
    run_jobs_now(raises_errors=True)
    answer = client.get(ADDRESS)
    page = answer.content.decode()
    assert "Moves up Change or take back All planned with it" in words(answer)
    assert f'href="{url}"' in page and f'name="selected" value="{alder.public_id}"' in page
    back = sent | {"value_next_grade": "-", "reason": "Repeats"}
    url = client.post("/students/edit", back).url
    client.post(url, {"do": "apply"})
    run_jobs_now(raises_errors=True)
    assert "Nothing is planned" in words(client.get(ADDRESS))
    assert BatchEdit.objects.count() == 2


@pytest.mark.parametrize(
    ("moment", "planned"),
    [
        ("2027-06-30T23:59:00", {"grade": JULY, "place": JULY, "manager": JULY}),
        ("2027-07-01T00:01:00", {}),
        ("2027-07-02T09:00:00", {}),
    ],
)
def test_with_july_1_what_was_planned_for_it_is_planned_no_more(small_world, noon, moment, planned):
    alder = {"student_id": small_world.students["alder"].pk}
    june = date(2027, 6, 30)
    place = {"agency_code": w.LEA, "school_code": w.SCHOOL}
    five.stated("agency", {**alder, "relationship": "next_year"}, place, w.TODAY, june)
    five.stated("next_year", alder, {"grade_code": "05"}, w.TODAY, june)
    five.stated("assignment", alder, {"user_id": small_world.coordinator.pk}, JULY)
    noon.move_to(at(moment))
    actor = small_world.coordinator_actor
    page = planned_page(present_for(actor), actor)
    assert {one.source.key: one.day for one in page.changes} == planned


def test_a_setting_that_was_not_recorded_is_late_on_home_too(client, small_world, sign_in, noon):
    clover = five.child("Clover", date(2021, 12, 10))
    five.plan_setting(client, [clover])
    grant = small_world.coordinator_grant
    noon.move_to(at("2026-12-09T09:00:00"))
    client = sign_in(small_world.coordinator)
    assert "Not done yet" not in words(client.get(ADDRESS))
    home = client.get("/").content.decode()
    assert "Planned within 30 days: program setting" in home and "not recorded on their day" not in home
    # The night to the day is over on the day itself.
    noon.move_to(at("2026-12-10T09:00:00"))
    client = sign_in(small_world.coordinator)
    page = words(client.get(f"{ADDRESS}?when=late&what=setting"))
    assert "12/10/2026 Not done yet Sprout, Clover" in page
    # Nothing keeps it: the night was missed, and the next one records it.
    assert "Nothing keeps it: the next run of the nightly job does it." in page
    grant.ends_on = date(2026, 12, 1)
    grant.save()
    other = grant_perspective(
        user=small_world.coordinator,
        perspective_key="coordinator",
        agency=grant.agency,
        starts_on=date(2026, 12, 2),
        by=None,
        reason="test",
    )
    client = sign_in(small_world.coordinator, other)
    page = words(client.get(f"{ADDRESS}?when=late&what=setting"))
    assert "Whoever planned it does not record changes of this student any more." in page
    assert "Owner: SEDS coordinator" in page
    home = client.get("/").content.decode()
    assert "Program settings not recorded on their day" in home
    assert "Planned within 30 days: program setting" not in home
    assert "/students/planned?what=setting&amp;when=late" in home


def test_home_counts_leavings_and_settings_of_30_days(client, everything):
    page = client.get("/").content.decode()
    assert "Planned within 30 days: leaving" in page and "/students/planned?what=leaving&amp;when=30" in page
    # The setting of February is later.
    assert "Planned within 30 days: program setting" not in page


def test_another_district_and_a_case_manager_see_only_their_students(everything, sign_in):
    fern = pages.other_coordinator(everything)
    page = words(sign_in(fern).get(ADDRESS))
    assert "Testcase, Towhee" not in page and "Testcase, Yarrow" not in page
    page = words(sign_in(everything.case_manager).get(ADDRESS))
    assert "Testcase, Yarrow" not in page and "Testcase, Alder" in page
    assert "Change or take back" not in page


def test_every_student_shown_is_logged(client, everything):
    client.get(ADDRESS)
    names = {one.pk: name for name, one in everything.students.items()}
    seen = {names[pk] for pk, what in pages.reads() if what == "student.planned"}
    assert seen == {"alder", "towhee", "yarrow"}


def test_pages_follow_one_another(client, small_world):
    for student in pages.many_students(60):
        five.stated("next_year", {"student_id": student.pk}, {"grade_code": "05"}, w.TODAY, date(2027, 6, 30))
    first = client.get(ADDRESS)
    assert "60 changes" in words(first) and len(re.findall("Quill, Fern", words(first))) == 50
    older = unescape(re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1])
    second = words(client.get(older))
    assert len(re.findall("Quill, Fern", second)) == 10
    assert client.get(f"{ADDRESS}?after=500").status_code == 302


@pytest.mark.parametrize("count", [2, 60])
def test_the_list_costs_the_same_for_few_and_many(client, django_assert_max_num_queries, count):
    for student in pages.many_students(count):
        slot = {"student_id": student.pk}
        five.stated("next_year", slot, {"grade_code": "05"}, w.TODAY, date(2027, 6, 30))
    client.get(ADDRESS)
    with django_assert_max_num_queries(QUERIES):
        client.get(ADDRESS)


def test_counts_are_of_the_days_that_are_asked_for(everything):
    actor = everything.coordinator_actor
    assert planned_counts(present_for(actor), actor, "30") == {"leaving": 1}
    assert planned_counts(present_for(actor), actor, "late") == {}
    Leaving.objects.update(leaves_on=w.TODAY - timedelta(days=1))
    assert planned_counts(present_for(actor), actor, "late") == {"leaving": 1}


def test_a_leaving_that_the_night_left_alone_says_why(client, everything):
    why = {"code": "papers", "text": "A paper is due.", "owner": "IEP team", "way_out": "Give it."}
    Leaving.objects.update(leaves_on=w.TODAY - timedelta(days=1), problem=[why])
    page = words(client.get(f"{ADDRESS}?when=late"))
    assert "11/22/2026 Not done yet Testcase, Towhee" in page
    assert re.search(r"A paper is due\. Give it\..* Owner: IEP team", page)


def test_what_no_job_does_is_never_late(small_world):
    actor, towhee = small_world.coordinator_actor, small_world.students["towhee"]
    slot, wren = {"student_id": towhee.pk}, {"user_id": small_world.case_manager.pk}
    five.stated("assignment", slot, wren, w.TODAY - timedelta(days=9), w.TODAY)
    five.stated("assignment", slot, None, w.TODAY + timedelta(days=1))
    assert planned_counts(present_for(actor), actor, "late") == {}
    assert planned_counts(present_for(actor), actor, "30") == {"manager-ends": 1}


def test_the_words_of_a_leaving_are_those_that_every_reader_has_in_the_history(everything, sign_in):
    """They are in the change log of the record, which whoever may open it reads."""
    client = sign_in(everything.case_manager)
    towhee = everything.students["towhee"]
    assert "Says so." in words(client.get(f"/students/{towhee.public_id}?tab=history"))
    assert "Says so." in words(client.get(ADDRESS))
