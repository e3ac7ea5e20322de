"""Turns five: who is in which list, what the setting becomes and when, and planning it for one or many."""

from __future__ import annotations

import re
from datetime import date, datetime

import pytest

from manzanita.domain.scenarios import EVENTS
from manzanita.meetings import actions
from manzanita.platform import clock
from manzanita.procedures.turning_five import FIVE_LISTS, five_counts, five_list, safe
from manzanita.students.models import NextSetting
from tests.support import five, pages
from tests.support import world as w
from tests.support.pages import words

ADDRESS = "/students/turns-five"
QUERIES = 20


@pytest.fixture
def client(small_world, sign_in):
    return sign_in(small_world.coordinator)


@pytest.fixture
def crowd(small_world):
    """Today is November 23, 2026: 90 days end on February 21, 2027."""
    born = {
        "clover": (date(2021, 12, 10), "TK"),
        "bramble": (date(2022, 2, 21), "KN"),
        "thistle": (date(2022, 2, 22), "KN"),
        "sorrel": (date(2021, 11, 23), "TK"),
        "vetch": (date(2021, 12, 1), "PS"),
        "teasel": (date(2021, 12, 2), "PS"),
        "rush": (date(2022, 6, 30), "TK"),
        "sedge": (date(2022, 7, 1), "TK"),
        "burdock": (date(2021, 12, 5), "TK"),
    }
    made = {
        name: five.child(name.title(), day, grade, number=number)
        for number, (name, (day, grade)) in enumerate(born.items())
    }
    five.stated(
        "next_year", {"student_id": made["teasel"].pk}, {"grade_code": "TK"}, w.TODAY, date(2027, 6, 30)
    )
    # Another setting already.
    made["alder"] = small_world.students["alder"]
    five.stated(
        "next_setting",
        {"student_id": made["burdock"].pk},
        {"program_setting_code": "400", "general_education_percent": "60", "starts_on": date(2026, 12, 5)},
        w.TODAY,
    )
    return made


EXPECTED = {
    "plan": {"clover", "bramble", "sorrel", "teasel"},
    "90": {"clover", "bramble", "vetch", "teasel", "burdock"},
    "year": {"clover", "bramble", "thistle", "vetch", "teasel", "rush", "burdock"},
    "five": {"sorrel"},
}


@pytest.mark.parametrize("key", FIVE_LISTS)
def test_who_is_in_each_list(small_world, crowd, key):
    names = {one.pk: name for name, one in crowd.items()}
    found = five_list(small_world.coordinator_actor, key).values_list("pk", flat=True)
    assert {names[pk] for pk in found} == EXPECTED[key]


def test_counts_are_those_of_the_lists(small_world, crowd):
    counts = {"plan": 4, "90": 5, "year": 7, "five": 1}
    actor = small_world.coordinator_actor
    assert five_counts(actor, with_safe=False) == (counts, 0)
    # Of those to plan one is five, and in transitional kindergarten: the day has passed.
    assert five_counts(actor, with_safe=True) == (counts, 3)


def test_nothing_to_plan_is_not_all_well_while_somebody_turns_five(small_world, client):
    five.child("Vetch", date(2021, 12, 1), "PS", number=1)
    page = client.get(ADDRESS)
    told = words(page)
    assert "To plan 0" in told and "1 child turns five in the next 90 days." in told
    assert "no grade of transitional kindergarten or more is known yet" in told
    assert 'href="/students/turns-five?list=90"' in page.content.decode().split("Nobody in this list")[1]
    # Of whom nothing can be ticked there is no box for all.
    assert "data-select-all" not in client.get(f"{ADDRESS}?list=90").content.decode()


def test_where_nobody_turns_five_all_is_well(client):
    assert "No child with a setting of preschool turns five in the next 90 days." in words(
        client.get(ADDRESS)
    )


def test_the_box_for_all_stands_over_boxes(crowd, client):
    assert "data-select-all" in client.get(ADDRESS).content.decode()


def test_at_once_are_planned_those_against_whom_nothing_speaks(small_world, crowd):
    names = {one.pk: name for name, one in crowd.items()}
    actor = small_world.coordinator_actor
    assert {names[pk] for pk in safe(actor).values_list("pk", flat=True)} == {"clover", "bramble", "teasel"}
    actions.open_meeting(actor=actor, student=crowd["clover"], event=EVENTS["amendment"])
    plan = {
        name: getattr(pages.facts_of(crowd["bramble"]).plan_on(w.TODAY), name) for name in pages.Plan.content
    }
    five.stated("plan", {"student_id": crowd["bramble"].pk}, plan | {"reason_code": "2"}, date(2027, 1, 4))
    assert {names[pk] for pk in safe(actor).values_list("pk", flat=True)} == {"teasel"}


def test_the_page_says_what_the_setting_becomes_and_when(client, crowd):
    page = words(client.get(ADDRESS))
    assert "To plan 4" in page and "Next 90 days 5" in page and "Five already 1" in page
    assert re.search(
        r"Sprout, Clover 12/10/2026 TK .* To plan A setting of school age .* from 12/10/2026:", page
    )
    assert re.search(
        r"Sprout, Sorrel 11/23/2026 TK .* Overdue A setting of school age .* since 11/23/2026\.", page
    )
    # No calendar of next year is loaded: by September 1 every school has begun.
    assert re.search(
        r"Sprout, Teasel 12/02/2026 PS .* from 09/01/2027: the first day of kindergarten\.", page
    )
    page = words(client.get(f"{ADDRESS}?list=90"))
    assert re.search(r"Sprout, Vetch 12/01/2026 PS .* Stays It stays while the child is in preschool", page)
    assert re.search(r"Sprout, Burdock .* Planned 400 .*, 60 % general education, from 12/05/2026\.", page)
    assert client.get(f"{ADDRESS}?list=none").status_code == 404


def test_all_against_whom_nothing_speaks_are_planned_in_one_preview(client, crowd):
    page = client.get(ADDRESS)
    assert "Plan for all 3 against whom nothing speaks" in words(page)
    assert "/students/edit?list=turns-five-safe&amp;field=next_setting" in page.content.decode()
    form = words(client.get("/students/edit?list=turns-five-safe&field=next_setting"))
    assert "Children who turn five and can be planned at once : 3 students." in form
    sent = {
        "list": "turns-five-safe",
        "field": "next_setting",
        "value_next_setting": "400",
        "share_next_setting": "80",
        "day_next_setting": "",
        "reason": "Fifth birthdays",
    }
    answer = client.post("/students/edit", sent)
    preview = words(client.get(answer.url))
    assert "Sprout, Clover" in preview and "from 12/10/2026" in preview and "from 09/01/2027" in preview
    assert not NextSetting.objects.believed().exclude(student=crowd["burdock"]).exists()
    client.post(answer.url, {"do": "apply"})
    from manzanita.platform.jobs import run_jobs_now

    run_jobs_now(raises_errors=True)
    days = dict(NextSetting.objects.believed().values_list("student__first_name", "starts_on"))
    assert days == {
        "Clover": date(2026, 12, 10),
        "Bramble": date(2027, 2, 21),
        "Teasel": date(2027, 9, 1),
        "Burdock": date(2026, 12, 5),
    }
    assert "To plan 1" in words(client.get(ADDRESS))


def test_one_child_is_planned_from_its_row(client, crowd):
    page = client.get(ADDRESS).content.decode()
    assert f'form="plan-one" name="selected" value="{crowd["clover"].public_id}"' in page
    # Sorrel's day has come: it is recorded, not planned.
    assert f'value="{crowd["sorrel"].public_id}"' not in page
    assert f"/students/{crowd['sorrel'].public_id}/changes/setting" in page
    sent = {"do": "choose", "field": "next_setting", "selected": str(crowd["clover"].public_id)}
    form = words(client.post("/students/edit", sent))
    assert "1 student , ticked on the page before." in form


def test_who_may_not_record_changes_sees_the_list_and_no_button(small_world, sign_in, crowd):
    five.stated(
        "assignment",
        {"student_id": crowd["clover"].pk},
        {"user_id": small_world.case_manager.pk},
        w.TODAY,
    )
    answer = sign_in(small_world.case_manager).get(ADDRESS)
    page = words(answer)
    assert "Sprout, Clover" in page and "Sprout, Bramble" not in page
    assert "plan-one" not in answer.content.decode() and "Plan for" not in page


def test_home_counts_what_the_list_has(client, crowd):
    page = client.get("/").content.decode()
    assert "Turn five: another setting to plan" in page and "/students/turns-five?list=plan" in page


def test_every_child_shown_is_logged(client, crowd):
    client.get(ADDRESS)
    seen = {pk for pk, what in pages.reads() if what == "student.turns-five"}
    assert seen == {crowd[name].pk for name in EXPECTED["plan"]}


@pytest.mark.parametrize("count", [2, 60])
def test_the_list_costs_the_same_for_few_and_many(client, django_assert_max_num_queries, count):
    for number in range(count):
        five.child(f"Fern{number}", date(2021, 12, 10), number=number)
    client.get(ADDRESS)
    with django_assert_max_num_queries(QUERIES):
        client.get(ADDRESS)


def enrolled(student, grade: str, since: date, **more: str) -> None:
    slot = {"student_id": student.pk, "lea_code": more.pop("lea_code", w.LEA), "started_on": since}
    five.stated("enrollment", slot, pages.enrollment("T1") | {"grade_code": grade} | more, since)


def next_grade(student, grade: str) -> None:
    five.stated("next_year", {"student_id": student.pk}, {"grade_code": grade}, w.TODAY, date(2027, 6, 30))


def test_nobody_is_to_plan_whom_nobody_can_plan(small_world, client):
    """A grade planned here gives way to the one that the SIS has sent; one beside the child's own is nobody's."""
    born, august = date(2021, 12, 10), date(2027, 8, 12)
    overtaken = five.child("Overtaken", born, "PS", number=1)
    next_grade(overtaken, "TK")
    enrolled(overtaken, "PS", august)
    beside = five.child("Beside", born, "PS", number=2)
    enrolled(beside, "TK", date(2026, 9, 1), lea_code=w.OTHER_LEA, status_code="20")
    beside_next = five.child("Besidenext", born, "PS", number=3)
    next_grade(beside_next, "KN")
    enrolled(beside_next, "PS", august, lea_code=w.OTHER_LEA, status_code="20")
    sent = five.child("Sent", born, "PS", number=4)
    next_grade(sent, "PS")
    enrolled(sent, "KN", august)
    found = set(five_list(small_world.coordinator_actor, "plan").values_list("first_name", flat=True))
    assert found == {"Besidenext", "Sent"}
    page = words(client.get(ADDRESS))
    assert "To plan 2" in page and "Stays" not in page


def test_the_first_day_is_that_of_the_school_that_counts(small_world):
    """A short-term enrollment beside the child's own says nothing of next year's school."""
    from manzanita.orgs.models import CalendarPeriod, CalendarVersion
    from manzanita.procedures.turning_five import due_days

    for lea, first in ((w.LEA, date(2027, 8, 11)), (w.OTHER_LEA, date(2027, 8, 25))):
        version = CalendarVersion.objects.create(
            lea_code=lea,
            year="2027-2028",
            recorded_at=w.NOON,
            by_id=small_world.coordinator.pk,
            reason="test",
        )
        CalendarPeriod.objects.create(version=version, start_on=first, end_on=date(2028, 6, 9), kind="term")
    thistle = five.child("Thistle", date(2021, 12, 10), "PS", number=1)
    next_grade(thistle, "KN")
    enrolled(thistle, "PS", date(2026, 10, 1), lea_code=w.OTHER_LEA, status_code="30")
    assert due_days([thistle]) == {thistle.pk: date(2027, 8, 11)}


@pytest.mark.parametrize(
    ("moment", "word"), [("2026-12-04T09:00", "Planned"), ("2026-12-05T09:00", "Not recorded")]
)
def test_on_its_day_a_planned_setting_is_not_recorded_yet(small_world, crowd, noon, sign_in, moment, word):
    noon.move_to(datetime.fromisoformat(moment).replace(tzinfo=clock.CALIFORNIA))
    page = words(
        sign_in(small_world.coordinator).get(f"{ADDRESS}?list={'90' if word == 'Planned' else 'five'}")
    )
    assert re.search(rf"Sprout, Burdock 12/05/2026 TK [^,]* {word} 400 ", page)
