"""The list of students narrowed by a sentence and put in order; what goes on with it gets the same students."""

from __future__ import annotations

import re
from datetime import date
from random import Random

import pytest
from django.test import Client

from manzanita.accounts.actions import add_person
from manzanita.auditing.models import ListExport, ReadEvent
from manzanita.domain.narrowing import NOBODY, Order
from manzanita.orgs.models import Agency, School
from manzanita.platform.facts import Statement
from manzanita.platform.jobs import run_jobs_now
from manzanita.students import listing
from manzanita.students.actions import set_clocks, state_student_facts
from manzanita.students.listing import all_in_order, list_students
from manzanita.students.models import BatchEdit, Student
from manzanita.students.scope import listed_for
from tests.support import pages
from tests.support import world as w
from tests.support.pages import addresses_in, many_students, reads, text_of, words

ACORN = "5500077"
START = date(2023, 8, 14)


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def towhee_at_acorn(small_world) -> None:
    """Towhee goes to another school of the district, in grade 7."""
    School.objects.create(code=ACORN, name="Acorn Middle", agency=Agency.objects.get(code=w.LEA))
    enrolled(small_world.students["towhee"], ACORN, "07")


def enrolled(student: Student, school: str, grade: str) -> None:
    slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": START}
    values = pages.enrollment("L0002") | {"school_code": school, "grade_code": grade}
    state_student_facts("enrollment", [Statement(slot, values, START)], by_id=None, cause="test")


def names_in(answer) -> list[str]:
    """First names in the order of the list."""
    return [part.split("<")[0].split(", ")[1] for part in text_of(answer).split(" data-open>")[1:]]


def options(answer, part: str) -> list[str]:
    """Words of the choices of one part, after the one that leaves it out."""
    found = text_of(answer).split(f'id="by-{part}"')[1].split("</select>")[0]
    return re.findall(r"<option[^>]*>([^<]*)</option>", found)[1:]


# What is found


@pytest.mark.usefixtures("towhee_at_acorn")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (f"school={ACORN}", ["Towhee"]),
        (f"school={w.SCHOOL}", ["Alder", "Yarrow"]),
        ("grade=04", ["Alder"]),
        (f"school={ACORN}&grade=04", []),
        (f"manager={NOBODY}", ["Yarrow"]),
        ("plan=100", ["Alder", "Towhee"]),
        ("plan=200", []),
        ("disability=290", ["Alder"]),
        ("review=late", ["Alder"]),
        ("review=90", []),
        ("review=15", []),
        (f"school={w.SCHOOL}&grade=04&plan=100&disability=290&review=late", ["Alder"]),
    ],
)
def test_the_sentence_leaves_those_of_whom_the_rows_show_it(coordinator, asked, found):
    assert names_in(coordinator.get(f"/students?{asked}")) == found


def test_the_case_manager_by_person(small_world, coordinator):
    pk = small_world.case_manager.pk
    answer = coordinator.get(f"/students?manager={pk}")
    assert names_in(answer) == ["Alder", "Towhee"]
    assert "<h1>Students with case manager Wren Placeholder</h1>" in text_of(answer)


@pytest.mark.parametrize(
    ("due_on", "late", "in_15", "in_30"),
    [
        (date(2026, 11, 22), True, False, False),  # yesterday
        (date(2026, 11, 23), False, True, True),
        (date(2026, 12, 8), False, True, True),  # the fifteenth day
        (date(2026, 12, 9), False, False, True),
        (date(2026, 12, 23), False, False, True),  # the thirtieth day
        (date(2026, 12, 24), False, False, False),
    ],
)
def test_reviews_on_the_days_at_the_bounds(small_world, coordinator, due_on, late, in_15, in_30):
    Student.unscoped.filter(pk=small_world.students["towhee"].pk).update(plan_review_due_on=due_on)
    for key, is_in in (("late", late), ("15", in_15), ("30", in_30)):
        assert ("Towhee" in names_in(coordinator.get(f"/students?review={key}"))) is is_in, key


def test_of_who_takes_no_part_no_review_is_due(small_world, coordinator):
    Student.unscoped.filter(pk=small_world.students["yarrow"].pk).update(plan_review_due_on=date(2026, 11, 1))
    assert names_in(coordinator.get("/students?review=late")) == ["Alder"]
    assert names_in(coordinator.get("/students?sort=review")) == ["Alder", "Towhee", "Yarrow"]
    assert names_in(coordinator.get("/students?sort=-review")) == ["Towhee", "Alder", "Yarrow"]


def test_of_who_has_left_only_what_the_row_shows_is_found(small_world, coordinator):
    """Towhee has left: case manager, date and another LEA's plan are no longer ours to tell."""
    pages.leaves(small_world.students["towhee"], date(2026, 10, 30))
    coordinator.post("/perspective", {"view": "leaving"})
    assert names_in(coordinator.get("/students")) == ["Towhee"]
    pk = small_world.case_manager.pk
    for asked in (f"manager={pk}", f"manager={NOBODY}", "review=90", "review=late"):
        assert names_in(coordinator.get(f"/students?{asked}")) == [], asked
    assert names_in(coordinator.get(f"/students?school={w.SCHOOL}&plan=100")) == ["Towhee"]


@pytest.mark.usefixtures("towhee_at_acorn")
def test_each_perspective_narrows_its_own(small_world, manager, sign_in):
    assert names_in(manager.get(f"/students?school={w.SCHOOL}")) == ["Alder"]
    assert names_in(manager.get(f"/students?manager={NOBODY}")) == []
    other = sign_in(pages.other_coordinator(small_world))
    assert names_in(other.get("/students?plan=100")) == ["Sage"]
    assert names_in(other.get("/students?list=held&grade=04")) == []


def test_the_other_lists_are_narrowed_too(small_world, coordinator):
    from tests.support.exchange import archive, review_rows

    archive(small_world.students["alder"], review_rows())
    assert names_in(coordinator.get("/students?list=different&grade=04")) == ["Alder"]
    answer = coordinator.get("/students?list=different&plan=100")
    assert "<h1>Students whose records differ at the state, whose plan type is IEP</h1>" in text_of(answer)


# Choices


@pytest.mark.usefixtures("towhee_at_acorn")
def test_offered_is_what_occurs_within_reach(small_world, coordinator, manager, sign_in):
    answer = coordinator.get("/students")
    assert options(answer, "school") == ["Acorn Middle", "Buckeye Elementary"]
    assert options(answer, "grade")[-1] == "grade 7" and "grade 4" in options(answer, "grade")
    assert options(answer, "manager") == ["nobody yet", "Wren Placeholder"]
    assert options(answer, "plan") == ["IEP"]
    other = sign_in(pages.other_coordinator(small_world)).get("/students")
    assert options(other, "school") == ["Willow Bend Elementary"]
    assert options(other, "manager") == ["nobody yet"]
    pages.moves_to(small_world.students["alder"], ACORN)
    assert options(manager.get("/students"), "school") == ["Acorn Middle"]


def test_of_a_long_list_what_occurs_at_the_agency_is_offered(small_world, coordinator, monkeypatch):
    monkeypatch.setattr(listing, "COUNT_CAP", 2)
    answer = coordinator.get("/students")
    assert options(answer, "school") == ["Buckeye Elementary"]
    assert options(answer, "manager") == ["nobody yet", "Wren Placeholder"]
    assert options(answer, "plan") == ["IEP", "IFSP", "ISP"]


@pytest.mark.parametrize("cap", [1000, 2])
def test_a_choice_stays_on_the_page_when_nobody_has_it(small_world, coordinator, monkeypatch, cap):
    monkeypatch.setattr(listing, "COUNT_CAP", cap)
    page = text_of(coordinator.get("/students?grade=12"))
    assert '<option value="12" selected>grade 12</option>' in page


# What is unknown


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        (f"school={w.OTHER_SCHOOL}", "School"),  # of the other district
        ("school=%00", "School"),
        ("school=nowhere", "School"),
        ("school=Pretend%20Somebody", "School"),
        ("grade=4", "Grade"),
        ("manager=999999", "Case manager"),
        ("manager=" + "9" * 30, "Case manager"),
        ("manager=x", "Case manager"),
        ("plan=999", "Plan type"),
        ("disability=x", "Disability"),
        ("review=16", "Plan review"),
        ("sort=birth", "Order"),
    ],
)
def test_the_list_is_shown_without_what_is_unknown_and_says_so(coordinator, asked, label):
    answer = coordinator.get(f"/students?{asked}")
    assert names_in(answer) == ["Alder", "Towhee", "Yarrow"]
    told = f"{label}: there is no such choice within your reach. The list is shown without it."
    assert told in words(answer) and "Pretend" not in words(answer)


def test_a_person_of_another_district_is_not_named(small_world, coordinator):
    stranger = add_person(email="sorrel@example.org", name="Sorrel Notours", password=w.PASSWORD)
    slot = {"student_id": small_world.students["sage"].pk}
    state_student_facts(
        "assignment", [Statement(slot, {"user_id": stranger.pk}, START)], by_id=None, cause="test"
    )
    answer = coordinator.get(f"/students?manager={stranger.pk}")
    assert "Sorrel" not in text_of(answer) and "Case manager: there is no such choice" in words(answer)


# Words and logs


@pytest.mark.usefixtures("towhee_at_acorn")
def test_the_sentence_stands_in_title_caption_and_log(coordinator):
    answer = coordinator.get(f"/students?school={w.SCHOOL}&grade=04&sort=-grade")
    page = text_of(answer)
    assert "<h1>Students at Buckeye Elementary in grade 4</h1>" in page
    assert "<title>Students at Buckeye Elementary in grade 4" in page
    assert ": those at Buckeye Elementary in grade 4, by grade, descending</caption>" in page
    codes = ReadEvent.objects.filter(what="student.list").latest("pk").filter_codes
    assert codes == f"list=all school={w.SCHOOL} grade=04 sort=-grade"


def test_a_part_is_cleared_by_itself_or_all_at_once(small_world, coordinator):
    answer = coordinator.get(f"/students?school={w.SCHOOL}&grade=04&sort=grade")
    found = [one.replace("&amp;", "&") for one in addresses_in(answer)]
    assert "/students?list=all&grade=04&sort=grade" in found  # without the school
    assert f"/students?list=all&school={w.SCHOOL}&sort=grade" in found
    assert "/students?list=all&sort=grade" in found


@pytest.mark.usefixtures("towhee_at_acorn")
def test_where_nobody_is_left_the_page_says_what_to_take_away(coordinator):
    answer = coordinator.get(f"/students?school={ACORN}&grade=04&plan=100")
    page = words(answer)
    assert "Nobody is left" in page
    for told in (
        "Without school “Acorn Middle” : 1 student",
        "Without grade “grade 4” : 1 student",
    ):
        assert told in page, page
    assert "Without plan type" not in page  # nobody is left without it, either
    page = words(coordinator.get(f"/students?school={ACORN}&grade=04&plan=200"))
    assert "Whichever part is taken away alone, nobody is" in page and "Clear the sentence" in page
    assert 'id="by-school"' in text_of(answer)


def test_a_search_is_narrowed_and_goes_on(small_world, coordinator):
    answer = coordinator.post("/students/search", {"q": "testcase"})
    answer = coordinator.get(f"{answer.url}&grade=04")
    assert names_in(answer) == ["Alder"]
    assert "Students found for “testcase”, in grade 4" in words(answer)


# Orders


def test_heads_put_the_list_in_order(small_world, coordinator):
    answer = coordinator.get("/students")
    page = text_of(answer)
    assert page.count("aria-sort=") == 1 and 'aria-sort="ascending"><a' in page
    found = [one.replace("&amp;", "&") for one in addresses_in(answer)]
    for code in ("-name", "grade", "school", "review"):
        assert f"/students?list=all&sort={code}" in found, code
    page = text_of(coordinator.get("/students?sort=-grade"))
    assert page.count("aria-sort=") == 1 and "by grade, descending" in page
    assert 'class="num " aria-sort="descending"><a href="/students?list=all&amp;sort=grade">' in page


ORDERS = [
    Order(key, is_descending)
    for key in ("name", "grade", "school", "review")
    for is_descending in (False, True)
]
WAYS = {"whole": (1000, 6000), "long": (20, 60)}
GRADES = ("PS", "KN", "01", "02", "10", "12", "UE", "")
REVIEWS = (None, date(2026, 10, 1), date(2026, 12, 1), date(2027, 2, 1))


@pytest.fixture
def crowd(small_world):
    """150 students, of whom many are equal and some have no grade, no school or no date; each with what decides."""
    draw = Random(20261123)
    lea = Agency.objects.get(code=w.LEA)
    School.objects.bulk_create(
        [
            School(code=f"55001{n:02}", name=name, agency=lea)
            for n, name in enumerate(("Zinnia", "acorn", "Bay"))
        ]
    )
    names = {f"55001{n:02}": name for n, name in enumerate(("zinnia", "acorn", "bay"))} | {
        "5599999": "5599999"
    }
    made = many_students(150, first_names=[draw.choice(("Fern", "Sage", "Ivy")) for _ in range(150)])
    enrollments, decides = [], {}
    for student in made:
        grade, school = draw.choice(GRADES), draw.choice([*names, ""])
        slot = {"student_id": student.pk, "lea_code": w.LEA, "started_on": pages.START}
        values = pages.enrollment() | {"school_code": school, "grade_code": grade}
        enrollments.append(Statement(slot, values, pages.START))
        review = draw.choice(REVIEWS)
        Student.unscoped.filter(pk=student.pk).update(plan_review_due_on=review)
        decides[student.pk] = {
            "grade": GRADES.index(grade) if grade else None,
            "school": names.get(school),
            "review": review,
            "name": "",
        }
    state_student_facts("enrollment", enrollments, by_id=None, cause="test")
    return decides


@pytest.mark.parametrize("way", WAYS)
def test_pages_of_every_order_lose_and_double_nobody(small_world, crowd, monkeypatch, way):
    count_cap, ordered_whole = WAYS[way]
    monkeypatch.setattr(listing, "COUNT_CAP", count_cap)
    monkeypatch.setattr(listing, "ORDERED_WHOLE", ordered_whole)
    actor = small_world.coordinator_actor
    students = listed_for(actor).filter(last_name="Quill")
    people = {one.pk: one for one in Student.unscoped.filter(pk__in=crowd)}

    def by_name(pk: int) -> tuple[str, str, int]:
        return people[pk].last_name, people[pk].first_name, pk

    for order in ORDERS:
        # Sorting is stable: first by name, then by what decides, then the blank ones last.
        down = order.is_descending
        expected = sorted(crowd, key=by_name, reverse=down and order.key == "name")
        if order.key != "name":
            told = {pk: one[order.key] for pk, one in crowd.items()}
            known = [pk for pk in expected if told[pk] is not None]
            groups = sorted({told[pk] for pk in known}, reverse=down)
            blank = [pk for pk in expected if told[pk] is None]
            expected = [pk for group in groups for pk in known if told[pk] == group] + blank
        found, after = [], ""
        while True:
            page = list_students(students, actor, after=after, order=order)
            found += [row.student.pk for row in page.rows]
            after = page.after
            if not after:
                break
        assert found == expected, order
        assert all_in_order(students, actor, order) == expected, order


def test_a_page_after_a_row_that_is_gone_or_foreign_leads_to_the_first(small_world, coordinator):
    sage = small_world.students["sage"].public_id
    for order in ("grade", "-review"):
        assert (
            coordinator.get(f"/students?sort={order}&after={sage}").url == f"/students?list=all&sort={order}"
        )
        assert coordinator.get(f"/students?sort={order}&after=x").status_code == 404
    assert not reads()


# Going on with it


@pytest.mark.usefixtures("towhee_at_acorn")
def test_an_export_has_the_narrowed_list_in_its_order_and_says_it(coordinator):
    sent = {
        "list": "all",
        "plan": "100",
        "sort": "-review",
        "search": "",
        "form": "csv",
        "ask": "key-of-a-page-1",
    }
    answer = coordinator.post("/exports", sent)
    assert answer.status_code == 302, words(answer)
    run_jobs_now(raises_errors=True)
    export = ListExport.objects.get()
    assert export.title == "Students whose plan type is IEP"
    assert export.list_key == "all?plan=100&sort=-review"
    answer = coordinator.get(f"/exports/{export.public_id}/download")
    text = answer.content.decode("utf-8-sig")
    assert "Only,whose plan type is IEP" in text and 'Order,"by plan review due, descending"' in text
    assert text.index("Testcase, Towhee") < text.index("Testcase, Alder") and "Yarrow" not in text
    assert "manzanita-all-narrowed-20261123" in answer["Content-Disposition"]
    page = text_of(coordinator.get(f"/exports/{export.public_id}"))
    assert "/students?list=all&amp;plan=100&amp;sort=-review" in page


def test_who_is_no_longer_in_the_sentence_is_not_in_the_file(small_world, coordinator, towhee_at_acorn):
    coordinator.post("/exports", {"list": "all", "school": ACORN, "form": "csv", "ask": "key-of-a-page-1"})
    pages.moves_to(small_world.students["towhee"], w.SCHOOL)
    run_jobs_now(raises_errors=True)
    assert "None of the students who were on the list is on it" in str(ListExport.objects.get().end_reason)


def test_an_export_of_an_unknown_choice_is_refused_and_makes_nothing(coordinator):
    sent = {"list": "all", "grade": "4", "form": "csv", "ask": "key-of-a-page-1"}
    answer = coordinator.post("/exports", sent)
    assert answer.status_code == 422 and "Grade: there is no such choice" in words(answer)
    assert not ListExport.objects.exists()
    assert "Grade: there is no such choice" in words(coordinator.get("/exports/new?list=all&grade=4"))


@pytest.mark.usefixtures("towhee_at_acorn")
def test_change_these_changes_the_narrowed_list(small_world, coordinator):
    page = coordinator.get("/students?plan=100&grade=04")
    assert "/students/edit?list=all&amp;grade=04&amp;plan=100" in text_of(page)
    form = coordinator.get("/students/edit?list=all&grade=04&plan=100")
    assert "Students in grade 4 whose plan type is IEP : 1 student." in words(form)
    assert '<input type="hidden" name="plan" value="100">' in text_of(form)
    sent = {
        "list": "all",
        "grade": "04",
        "plan": "100",
        "field": "next_school",
        "value_next_school": f"{w.OTHER_LEA}/{w.OTHER_SCHOOL}",
        "reason": "Feeder schools",
    }
    answer = coordinator.post("/students/edit", sent)
    assert answer.status_code == 302, words(answer)
    lines = BatchEdit.objects.get().lines.values_list("student_id", flat=True)
    assert list(lines) == [small_world.students["alder"].pk]
    answer = coordinator.post("/students/edit", sent | {"grade": "4"})
    assert answer.status_code == 422 and "Grade: there is no such choice" in words(answer)
    assert "Feeder schools" in text_of(answer)


def test_send_only_these_sends_the_narrowed_list(small_world, coordinator):
    from tests.support.exchange import archive, review_rows

    archive(small_world.students["alder"], review_rows())
    assert "/state/limited?list=all&amp;grade=04" in text_of(coordinator.get("/students?grade=04"))
    page = coordinator.get("/state/limited?list=all&grade=04")
    assert "Students in grade 4" in words(page) and "Alder" in text_of(page)
    assert '<input type="hidden" name="grade" value="04">' in text_of(page)
    page = coordinator.get("/state/limited?list=all&grade=06")
    assert "Alder" not in text_of(page)
    page = coordinator.post("/state/limited", {"list": "all", "grade": "4", "do": "send"})
    assert page.status_code == 422 and "Grade: there is no such choice" in words(page)


def test_a_search_that_is_gone_sends_nobody(small_world, coordinator):
    from tests.support.exchange import archive, review_rows

    archive(small_world.students["alder"], review_rows())
    page = coordinator.post("/state/limited", {"list": "all", "search": "gone", "do": "send"})
    assert page.status_code == 422 and "That search is no longer kept." in words(page)


def test_assign_these_assigns_the_narrowed_list(small_world, coordinator):
    many_students(2)
    page = coordinator.get("/students?manager=nobody&disability=240")
    assert "/assign?list=all&amp;manager=nobody&amp;disability=240" in text_of(page)
    form = coordinator.get("/assign?list=all&manager=nobody&disability=240")
    told = "Students without a case manager whose disability is 240"
    assert told in words(form) and ": 2 students who can be assigned" in words(form)
    assert 'name="ssids"' not in text_of(form)
    sent = {
        "list": "all",
        "manager": "nobody",
        "disability": "240",
        "kind": "assignment",
        "to": str(small_world.case_manager.pk),
        "starts_on": "2026-11-23",
    }
    page = words(coordinator.post("/assign", sent))
    assert "2 students can be assigned" in page and "Quill, Fern0" in page and "Alder" not in page
    page = coordinator.post("/assign", sent | {"disability": "x"})
    assert page.status_code == 422 and "Disability: there is no such choice" in words(page)


# What it costs


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ("", 22),
        ("plan=100", 22),
        (f"school={w.SCHOOL}&grade=04&plan=100&disability=240&review=90", 24),
        ("sort=grade", 23),
        ("sort=-review&plan=100", 23),
        ("plan=200&grade=04", 22),
    ],
)
@pytest.mark.parametrize("count", [3, 60])
def test_a_narrowed_list_costs_the_same_for_few_and_many(
    small_world, manager, django_assert_max_num_queries, count, asked, most
):
    many_students(count, manager=small_world.case_manager, due_on=date(2026, 12, 10))
    manager.get("/students")
    with django_assert_max_num_queries(most):
        assert manager.get(f"/students?{asked}").status_code == 200


def test_set_clocks_is_what_the_rows_show(small_world, coordinator):
    """The date by which is narrowed is the one that the clocks set."""
    towhee = small_world.students["towhee"]
    set_clocks({towhee.pk: (date(2025, 12, 1), date(2025, 12, 1))})
    assert names_in(coordinator.get("/students?review=15")) == ["Towhee"]
