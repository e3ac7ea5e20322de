"""Next year's fields: closed until their window opens, the case manager from July 1 on, and June 30 against July 1."""

from __future__ import annotations

import re
from datetime import date

import pytest

from manzanita.accounts.actions import grant_perspective
from manzanita.accounts.models import Grant, GrantSchool
from manzanita.orgs.actions import set_policy
from manzanita.orgs.models import Agency, School
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.batch_fields import FIELDS
from manzanita.students.caseload import assignable_rows
from manzanita.students.models import BatchEdit, CaseAssignment, NextYear
from tests.support import five, pages
from tests.support import world as w
from tests.support.five import at
from tests.support.guests import person_of
from tests.support.pages import words
from tests.support.staff import add_people

JULY = date(2027, 7, 1)
# Of the page of a draft.
PREVIEW_QUERIES = 19


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def fern(small_world):
    return pages.many_students(1)[0]


def grade(student, **more: str) -> dict[str, object]:
    return {
        "selected": [str(student.public_id)],
        "field": "next_grade",
        "value_next_grade": "05",
        "reason": "The feeder district asked for it",
    } | more


def applied(client, sent) -> BatchEdit:
    answer = client.post("/students/edit", sent)
    assert answer.status_code == 302, words(answer)
    client.post(answer.url, {"do": "apply"})
    run_jobs_now(raises_errors=True)
    return BatchEdit.objects.get(public_id=answer.url.rsplit("/", 1)[1])


# The window


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2027-06-30T23:59:00", True),
        ("2027-07-01T00:01:00", False),
        ("2027-07-02T09:00:00", False),
        ("2027-10-06T23:59:00", False),
        ("2027-10-07T00:01:00", True),
    ],
)
def test_it_is_closed_from_july_1_until_the_day_after_census_day(
    small_world, sign_in, fern, noon, moment, is_open
):
    noon.move_to(at(moment))
    client = sign_in(small_world.coordinator)
    answer = client.post("/students/edit", grade(fern))
    assert answer.status_code == (302 if is_open else 422)
    assert BatchEdit.objects.count() == int(is_open)
    page = words(client.get("/students/next-year"))
    assert ("It can be planned before that with a reason." in page) is not is_open


def test_the_refusal_says_until_when_by_which_rule_and_whose_job_and_a_reason_opens_it(
    small_world, sign_in, fern, noon
):
    noon.move_to(at("2027-09-15T09:00:00"))
    client = sign_in(small_world.coordinator)
    answer = client.post("/students/edit", grade(fern))
    page = words(answer)
    assert (
        "Next year's data is closed until 10/07/2027: until then this year's data has to be made right"
        in page
    )
    assert "Owner: SELPA office · Next year's data, when it opens: answered by the SELPA" in page
    assert 'href="/policies"' in answer.content.decode() and 'name="early"' in answer.content.decode()
    # A reason is needed for it, as for every change of many.
    assert client.post("/students/edit", grade(fern, early="1", reason=" ")).status_code == 422
    batch = applied(client, grade(fern, early="1"))
    assert (batch.title, batch.reason) == (
        "Next year's grade, before its window opened",
        "The feeder district asked for it",
    )
    assert NextYear.objects.believed().get().effective_to == date(2028, 6, 30)


def test_the_selpa_opens_it_all_year(small_world, sign_in, fern, noon):
    noon.move_to(at("2027-09-15T09:00:00"))
    set_policy(
        actor=small_world.coordinator_actor,
        selpa_code=w.SELPA,
        key="next-year-opens",
        value="july",
        reason="The council said so",
        effective_on=date(2027, 9, 15),
    )
    client = sign_in(small_world.coordinator)
    assert 'name="early"' not in client.get("/students/edit").content.decode()
    assert applied(client, grade(fern)).title == "Next year's grade"


def test_a_setting_has_a_day_of_its_own_and_no_window(small_world, sign_in, noon):
    noon.move_to(at("2026-09-10T09:00:00"))
    clover = five.child("Clover", date(2021, 9, 20))
    batch = five.plan_setting(sign_in(small_world.coordinator), [clover])
    assert batch.lines.get().state == "done"


def test_what_was_looked_at_in_june_is_not_applied_in_july(small_world, sign_in, fern, noon):
    noon.move_to(at("2027-06-30T23:59:00"))
    url = sign_in(small_world.coordinator).post("/students/edit", grade(fern)).url
    noon.move_to(at("2027-07-01T00:01:00"))
    client = sign_in(small_world.coordinator)
    client.post(url, {"do": "apply"})
    run_jobs_now(raises_errors=True)
    line = BatchEdit.objects.get().lines.get()
    assert (line.state, line.reason["code"]) == ("refused", "year-begun")
    assert not NextYear.objects.exists()
    assert "Nothing is planned for a year that has begun" in words(client.get(url))


# The case manager of next year


def managers(student) -> list[tuple[int, date, date | None]]:
    rows = CaseAssignment.objects.believed().filter(student=student).order_by("effective_from")
    return list(rows.values_list("user_id", "effective_from", "effective_to"))


def test_the_case_manager_of_next_year_begins_on_july_1_and_is_taken_back(client, small_world, fern):
    wren, juniper = small_world.case_manager, small_world.coordinator
    five.stated("assignment", {"student_id": fern.pk}, {"user_id": wren.pk}, date(2026, 8, 12))
    sent = {
        "selected": [str(fern.public_id)],
        "field": "next_case_manager",
        "value_next_case_manager": str(juniper.pk),
        "reason": "Wren moves to another school",
    }
    batch = applied(client, sent)
    assert managers(fern) == [
        (wren.pk, date(2026, 8, 12), date(2027, 6, 30)),
        (juniper.pk, JULY, None),
    ]
    page = words(client.get("/students/next-year"))
    assert "Planned Case manager: Juniper Mockup" in page
    record = words(client.get(f"/students/{fern.public_id}?tab=record"))
    assert (
        "From 07/01/2027 on case manager: Juniper Mockup. Planned on 11/23/2026 by Juniper Mockup." in record
    )
    assert "Wren moves to another school" in words(client.get("/students/planned"))
    client.post(f"/students/edits/{batch.public_id}", {"do": "undo"})
    run_jobs_now(raises_errors=True)
    assert managers(fern) == [(wren.pk, date(2026, 8, 12), None)]


def test_the_case_manager_of_today_leaves_next_year_s_as_planned_and_is_taken_back(client, small_world, fern):
    wren, juniper = small_world.case_manager, small_world.coordinator
    teacher = add_people().teacher
    slot = {"student_id": fern.pk}
    five.stated("assignment", slot, {"user_id": wren.pk}, date(2026, 8, 12))
    five.stated("assignment", slot, {"user_id": juniper.pk}, JULY)
    sent = {
        "selected": [str(fern.public_id)],
        "field": "case_manager",
        "value_case_manager": str(teacher.pk),
        "reason": "Wren goes at Thanksgiving",
    }
    batch = applied(client, sent)
    assert managers(fern) == [
        (wren.pk, date(2026, 8, 12), date(2026, 11, 22)),
        (teacher.pk, w.TODAY, date(2027, 6, 30)),
        (juniper.pk, JULY, None),
    ]
    client.post(f"/students/edits/{batch.public_id}", {"do": "undo"})
    run_jobs_now(raises_errors=True)
    assert managers(fern) == [
        (wren.pk, date(2026, 8, 12), date(2027, 6, 30)),
        (juniper.pk, JULY, None),
    ]


def test_the_preview_says_of_each_student_when_the_case_ends_because_another_one_is_planned(
    client, small_world, fern, django_assert_num_queries
):
    wren, juniper = small_world.case_manager, small_world.coordinator
    teacher = add_people().teacher
    alder = small_world.students["alder"]
    five.stated("assignment", {"student_id": fern.pk}, {"user_id": wren.pk}, date(2026, 8, 12))
    five.stated("assignment", {"student_id": fern.pk}, {"user_id": juniper.pk}, JULY)
    sent = {"field": "case_manager", "value_case_manager": str(teacher.pk), "reason": "Wren goes"}

    def preview(*students, **more: str) -> tuple[str, str]:
        answer = client.post(
            "/students/edit", sent | more | {"selected": [str(one.public_id) for one in students]}
        )
        page = words(client.get(answer.url))
        assert f"{len(students)} student" in page
        return answer.url, page

    address, page = preview(fern, alder)
    assert page.count("Ends on ") == 1
    assert "Ends on 06/30/2027; from 07/01/2027 Juniper Mockup, as planned" in page
    # Of July 1 nobody is planned for later.
    _, page = preview(fern, field="next_case_manager", value_next_case_manager=str(teacher.pk))
    assert "Ends on " not in page

    alone, _ = preview(fern)
    for one in (alone, address):
        with django_assert_num_queries(PREVIEW_QUERIES):
            client.get(one)


def test_next_year_s_case_manager_takes_nothing_away_and_doubts_are_said(client, small_world, fern):
    """Alder, in an elementary school, leaves tomorrow; Yarrow is only referred; Fern is where nobody of Rail's is."""
    wren, (rail, grant) = small_world.case_manager, person_of(w.LEA, "case_manager", "Rail Placeholder")
    high = School.objects.create(code="9911099", name="Manzanita High", agency=Agency.objects.get(code=w.LEA))
    GrantSchool.objects.create(grant=grant, school=high)
    alder, yarrow = small_world.students["alder"], small_world.students["yarrow"]
    five.stated("assignment", {"student_id": fern.pk}, {"user_id": wren.pk}, date(2026, 8, 12))
    pages.opened_initial(small_world, yarrow, "b_initial")
    planned = {"reason": "dropped_out", "on": "2026-11-24", "note": "The school says so."}
    assert client.post(f"/students/{alder.public_id}/leaving", planned).status_code == 302
    sent = {
        "selected": [str(one.public_id) for one in (alder, yarrow, fern)],
        "field": "next_case_manager",
        "value_next_case_manager": str(rail.pk),
        "reason": "New teams",
    }
    answer = client.post("/students/edit", sent)
    page = words(client.get(answer.url))
    assert "3 of them to look at once more" in page
    assert "It is planned that the student leaves on 11/24/2026: dropped out." in page
    assert "A referral only: no plan is in force" in page
    assert (
        page.count("now, and no other school is planned; Rail Placeholder works at Manzanita High today.")
        == 1
    )
    # Wren has Fern this year and keeps her until the summer: that is no place taken away.
    assert "was Nobody planned Rail Placeholder Wren Placeholder through 06/30/2027" in page
    assert "was Wren Placeholder" not in page
    # Planned for the very school, it is no doubt.
    place = {"student_id": fern.pk, "relationship": "next_year"}
    five.stated("agency", place, {"agency_code": w.LEA, "school_code": high.code}, w.TODAY, date(2027, 6, 30))
    alone = client.post("/students/edit", sent | {"selected": [str(fern.public_id)]})
    page = words(client.get(alone.url))
    assert "look at once more" not in page and "1 student would change" in page


def test_a_change_that_was_taken_back_says_so_in_its_rows_and_in_the_lists(client, fern):
    batch = applied(client, grade(fern))
    listed = words(client.get("/students/next-year"))
    assert "done: look, or take back" in listed
    client.post(f"/students/edits/{batch.public_id}", {"do": "undo"})
    run_jobs_now(raises_errors=True)
    page = words(client.get(f"/students/edits/{batch.public_id}"))
    assert re.search(r"was 05 [^.]*Blank Taken back", page), page
    listed = words(client.get("/students/next-year"))
    assert "taken back: look" in listed and "look, or take back" not in listed
    assert "taken back" in words(client.get("/students/edit")) and "undone" not in words(
        client.get("/students/edit")
    )


def test_the_first_day_of_a_planned_setting_is_a_date(client):
    page = client.get("/students/edit?field=next_setting").content.decode()
    (day,) = re.findall(r'<input [^>]*name="day_next_setting"[^>]*>', page)
    assert 'type="date"' in day


def test_two_changes_of_the_case_manager_are_taken_back_one_after_the_other(client, small_world, fern):
    wren, juniper = small_world.case_manager, small_world.coordinator
    teacher = add_people().teacher
    five.stated(
        "assignment", {"student_id": fern.pk}, {"user_id": wren.pk}, date(2026, 8, 12), date(2027, 3, 5)
    )
    stood = managers(fern)
    sent = {"selected": [str(fern.public_id)], "field": "case_manager", "reason": "Wren goes"}
    first = applied(client, sent | {"value_case_manager": str(teacher.pk)})
    second = applied(client, sent | {"value_case_manager": str(juniper.pk)})
    for batch in (second, first):
        client.post(f"/students/edits/{batch.public_id}", {"do": "undo"})
        run_jobs_now(raises_errors=True)
        assert batch.lines.get().state == "undone"
    assert managers(fern) == stood == [(wren.pk, date(2026, 8, 12), date(2027, 3, 5))]


def test_what_was_planned_anew_since_it_was_taken_away_stays(client, fern):
    sent = {"selected": [str(fern.public_id)], "field": "next_grade", "reason": "Grades"}
    applied(client, sent | {"value_next_grade": "05"})
    away = applied(client, sent | {"value_next_grade": "-"})
    applied(client, sent | {"value_next_grade": "06"})
    client.post(f"/students/edits/{away.public_id}", {"do": "undo"})
    run_jobs_now(raises_errors=True)
    assert away.lines.get().state == "kept"
    assert NextYear.objects.believed().get(student=fern).grade_code == "06"


def test_next_year_s_case_manager_may_begin_on_july_1_and_may_not_end_before(client, small_world, fern):
    staff = add_people()
    Grant.objects.filter(user=staff.teacher).update(ends_on=date(2027, 6, 30))
    lea = Agency.objects.get(code=w.LEA)
    grant_perspective(
        user=staff.neighbor,
        perspective_key="case_manager",
        agency=lea,
        starts_on=JULY,
        by=None,
        reason="test",
    )
    actor = small_world.coordinator_actor
    now, then = FIELDS["case_manager"], FIELDS["next_case_manager"]
    assert [name for _, name in now.choices(actor)] == [
        "Juniper Mockup",
        "Larkspur Sample",
        "Wren Placeholder",
    ]
    assert [name for _, name in then.choices(actor)] == ["Fern Sample", "Juniper Mockup", "Wren Placeholder"]
    assert then.read(actor, ["Fern Sample", "Larkspur Sample"]) == {
        "Fern Sample": (str(staff.neighbor.pk), ""),
        "Larkspur Sample": ("", "“Larkspur Sample” is nobody whom you can give students."),
    }
    sent = {
        "selected": [str(fern.public_id)],
        "field": "next_case_manager",
        "value_next_case_manager": str(staff.neighbor.pk),
        "reason": "New in July",
    }
    applied(client, sent)
    assert managers(fern) == [(staff.neighbor.pk, JULY, None)]


def test_next_year_s_school_decides_who_can_have_the_case(client, small_world, fern):
    """Who works at one school only is held against the school that is planned, from July 1 on."""
    other = School.objects.create(
        code="9911099", name="Manzanita Middle", agency=Agency.objects.get(code=w.LEA)
    )
    place = {"agency_code": w.LEA, "school_code": other.code}
    five.stated(
        "agency", {"student_id": fern.pk, "relationship": "next_year"}, place, w.TODAY, date(2027, 6, 30)
    )
    actor = small_world.coordinator_actor
    assert assignable_rows(actor, [fern], w.TODAY)[0].school_code == w.SCHOOL
    assert assignable_rows(actor, [fern], date(2027, 6, 30))[0].school_code == w.SCHOOL
    assert assignable_rows(actor, [fern], JULY)[0].school_code == "9911099"


def test_the_record_offers_what_may_be_planned_and_the_page_of_assignments_begins_with_july(client, fern):
    page = client.get(f"/students/{fern.public_id}?tab=record").content.decode()
    for key in ("next_school", "next_grade", "next_setting", "next_case_manager"):
        assert f'name="field" value="{key}"' in page
    sent = {"do": "choose", "selected": str(fern.public_id), "field": "next_grade"}
    assert "1 student , ticked on the page before." in words(client.post("/students/edit", sent))
    year = client.get("/students/next-year").content.decode()
    assert 'href="/admin/people/assign?starts_on=2027-07-01"' in year or "starts_on=2027-07-01" in year
    address = re.search(r'href="([^"]*starts_on=2027-07-01)"', year)[1]
    assert 'value="2027-07-01"' in client.get(address).content.decode()


def test_a_case_manager_is_offered_nothing_to_plan_on_the_record(small_world, sign_in):
    alder = small_world.students["alder"]
    page = sign_in(small_world.case_manager).get(f"/students/{alder.public_id}?tab=record").content.decode()
    assert "Next school year" in page and 'name="field" value="next_grade"' not in page
