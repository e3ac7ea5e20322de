"""A caseload is planned: what comes due, a suggestion before it is saved, moving by hand, taking back.

Today is Monday, November 23, 2026, with ten days of notice: December 3 (Thursday) is the first day that can be planned.
The class of Wren Placeholder, by due date: Alder 11/14 (overdue), Fern0 on 12/21, Fern1 on 01/22/2027, Fern2 on
02/22/2027, Towhee 03/02/2027. Three weeks before: 11/30 (too near, so 12/03), 01/01 (in a break, so
01/04), 02/01, 02/09.
"""

from __future__ import annotations

import re
import uuid
from datetime import date, time, timedelta

import pytest
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.auditing.models import ChangeEvent
from manzanita.meetings.models import PlanBatch, PlannedMeeting, PlanningSupply
from manzanita.meetings.planning import languages_of
from manzanita.orgs.calendar_actions import load_calendar
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.platform.facts import Statement
from manzanita.students.actions import set_clocks, state_student_facts
from manzanita.students.models import Student
from manzanita.students.people_actions import ContactValues
from manzanita.students.queries import facts_of, taking_part
from manzanita.web.calendar_feed import events_of
from tests.support import world as w
from tests.support.pages import many_students, reads, text_of

PLAN = "/caseload/plan"
UNTIL = "2027-05-22"  # 180 days ahead
PLAN_QUERIES, SUGGEST_QUERIES, MANAGERS_QUERIES = 23, 19, 6
SUGGESTED = {
    "Fern0": (date(2026, 12, 3), time(8)),
    "Fern1": (date(2027, 1, 4), time(8)),
    "Fern2": (date(2027, 2, 1), time(8)),
    "Towhee": (date(2027, 2, 9), time(8)),
}
FORM = re.compile(r'name="(digest|token|seen|looked)" value="([^"]*)"')
CALENDAR = (
    "lea,school,track,kind,start,end\n,,,term,2026-08-17,2027-06-04\n,,,break,2026-11-23,2026-11-27\n"
    ",,,break,2026-12-21,2027-01-01\n"
)


@pytest.fixture
def world(small_world, tmp_path):
    """Three more students on the caseload, a calendar, and a room."""
    more = many_students(3, manager=small_world.case_manager)
    for student, due in zip(more, (date(2026, 12, 21), date(2027, 1, 22), date(2027, 2, 22)), strict=True):
        Student.unscoped.filter(pk=student.pk).update(plan_review_due_on=due)
        small_world.students[student.first_name.lower()] = student
    file = tmp_path / "calendar.csv"
    file.write_text(CALENDAR)
    load_calendar(file, lea_code=w.LEA, reason="test")
    PlanningSupply.objects.create(kind="room", lea_code=w.LEA, name="Room 12", at=clock.now())
    return small_world


@pytest.fixture
def manager(world, sign_in) -> Client:
    return sign_in(world.case_manager)


@pytest.fixture
def coordinator(world, sign_in) -> Client:
    return sign_in(world.coordinator)


def fields(answer) -> dict[str, str]:
    return dict(FORM.findall(answer.content.decode()))


def suggested(client: Client, **more: str):
    return client.post(f"{PLAN}/suggest", {"do": "look", "until": UNTIL} | more)


def planned() -> dict[str, tuple[date, time]]:
    rows = PlannedMeeting.objects.filter(ended_by__isnull=True).order_by("planned_on")
    return {one.student.first_name: (one.planned_on, one.starts_at) for one in rows.select_related("student")}


def save(client: Client, answer=None, **more: str):
    answer = answer or suggested(client, **more)
    return client.post(f"{PLAN}/suggest", {"do": "save", "until": UNTIL} | more | fields(answer))


# The page


def test_the_page_says_what_comes_due_and_logs_who_was_seen(world, manager):
    page = text_of(manager.get(PLAN))
    assert "5 reviews due through 05/22/2027 · 0 with a day, 5 without" in page
    assert "November 2026" in page and "break of 5 school days" in page
    assert "Due: Alder Testcase" in page
    assert page.count("Plan by hand<span") == 5
    seen = [student for student, what in reads() if what == "caseload.plan"]
    assert sorted(seen) == sorted(
        world.students[name].pk for name in ("alder", "towhee", "fern0", "fern1", "fern2")
    )


@pytest.mark.parametrize("count", [1, 12])
def test_the_pages_cost_the_same_for_few_and_many(
    world, manager, coordinator, django_assert_num_queries, count
):
    many_students(
        count,
        manager=world.case_manager,
        due_on=date(2027, 3, 12),
        first_names=[f"Sorrel{number}" for number in range(count)],
    )
    save(manager)
    with django_assert_num_queries(PLAN_QUERIES):
        assert manager.get(PLAN).status_code == 200
    with django_assert_num_queries(SUGGEST_QUERIES):
        assert suggested(manager).status_code == 200
    with django_assert_num_queries(MANAGERS_QUERIES):
        assert coordinator.get(PLAN).status_code == 200


def test_a_stranger_sees_none_of_it(world, manager, sign_in):
    user = add_person(email="ibis.sample@example.org", name="Ibis Sample", password=w.PASSWORD)
    grant = grant_perspective(
        user=user,
        perspective_key="coordinator",
        agency=Agency.objects.get(code=w.OTHER_LEA),
        starts_on=date(2026, 7, 1),
        by=None,
        reason="test",
    )
    save(manager)
    batch = PlanBatch.objects.get()
    stranger = sign_in(user, grant)
    page = text_of(stranger.get(PLAN))
    assert "No review to plan" in page and "Testcase" not in page
    key = world.case_manager.pk
    assert stranger.get(f"{PLAN}?manager={key}").status_code == 404
    assert suggested(stranger, manager=str(key)).status_code == 404
    day = f"{PLAN}/days/{world.students['fern0'].public_id}"
    assert stranger.get(day).status_code == stranger.post(day, {"do": "remove"}).status_code == 404
    assert stranger.post(f"{PLAN}/taken-back/{batch.public_id}").status_code == 404
    assert stranger.post(f"{PLAN}/limits", {"manager": str(key)}).status_code == 404
    assert len(planned()) == 4


def test_a_case_manager_plans_nobody_elses_caseload(world, manager):
    asked = manager.get(f"{PLAN}?manager={world.coordinator.pk}")
    assert "Your caseload plan" in text_of(asked)
    # Somebody else manages Fern0 now; Wren is on the team, reads the page, and is told whose it is.
    fern = world.students["fern0"]
    state_student_facts(
        "assignment",
        [Statement({"student_id": fern.pk}, {"user_id": world.coordinator.pk}, date(2026, 9, 1))],
        by_id=None,
        cause="test",
    )
    state_student_facts(
        "team",
        [
            Statement(
                {"student_id": fern.pk, "user_id": world.case_manager.pk}, {"role": ""}, date(2026, 9, 1)
            )
        ],
        by_id=None,
        cause="test",
    )
    page = manager.get(f"{PLAN}/days/{fern.public_id}")
    assert "The review is planned by the student&#39;s case manager." in text_of(page)
    assert "Fern0" not in text_of(manager.get(PLAN)).partition("<main")[2]
    assert manager.post(f"{PLAN}/days/{fern.public_id}", {"do": "remove"}).status_code == 422


@pytest.mark.parametrize(
    "query",
    ["month=9999-12", "month=0001-01", "month=x", "until=9999-12-31", "until=%00", "manager=999999999"],
)
def test_odd_questions_are_answered(world, manager, query):
    assert manager.get(f"{PLAN}?{query}").status_code == 200


# A suggestion


def test_a_suggestion_saves_nothing_and_says_why(world, manager):
    page = text_of(suggested(manager))
    assert "Nothing is saved yet" in page and "Save: 4 reviews change" in page
    assert not PlannedMeeting.objects.exists()
    row = page.partition('<th scope="row">Fern0 Quill</th>')[2].partition("</tr>")[0]
    assert "12/03/2026" in row and "8:00 am" in row and "Room 12" in row
    assert "18 days before it is due; the family is told by 11/23/2026, 10 days before" in row
    left = page.partition("Without a day, and why")[2].partition("</table>")[0]
    assert "Alder Testcase" in left and "It was due on 11/14/2026." in left and "12/03/2026" in left


def test_what_was_looked_at_is_saved_once(world, manager):
    looked = suggested(manager)
    assert save(manager, looked).status_code == 302
    assert planned() == SUGGESTED
    changes = ChangeEvent.objects.filter(action="plan_planned_meeting")
    assert sorted(changes.values_list("student_id", flat=True)) == sorted(
        world.students[name].pk for name in ("towhee", "fern0", "fern1", "fern2")
    )
    # The same form again: a double click.
    assert save(manager, looked).status_code == 302
    assert (PlannedMeeting.objects.count(), PlanBatch.objects.count()) == (4, 1)
    page = text_of(manager.get(PLAN))
    assert "4 with a day, 1 without" in page and "Planned lately" in page
    # Asked again nothing would change.
    again = suggested(manager)
    assert "Nothing would change." in text_of(again) and "Save:" not in text_of(again)


def test_what_changed_since_it_was_looked_at_is_not_saved(world, manager, coordinator):
    looked = suggested(manager)
    key = str(world.case_manager.pk)
    assert save(coordinator, suggested(coordinator, manager=key), manager=key).status_code == 302
    answer = save(manager, looked)
    assert answer.status_code == 409 and "Something changed since this was looked at" in text_of(answer)
    assert PlanBatch.objects.count() == 1
    answer = manager.post(f"{PLAN}/suggest", {"do": "save", "until": UNTIL, "digest": "", "token": "none"})
    assert answer.status_code == 409


def test_a_room_is_not_given_to_two_case_managers(world, manager, coordinator, sign_in):
    save(manager)
    other = add_person(email="robin.sample@example.org", name="Robin Sample", password=w.PASSWORD)
    many_students(1, manager=other, due_on=date(2026, 12, 21), first_names=["Sorrel"])
    key = str(other.pk)
    save(coordinator, suggested(coordinator, manager=key), manager=key)
    # Eight o'clock on 12/03 is Fern0's in the only room.
    assert planned()["Sorrel"] == (date(2026, 12, 3), time(13, 30))


def test_a_family_that_speaks_another_language_needs_its_interpreter(world, manager):
    fern = world.students["fern2"]
    mother = ContactValues("Sage Sample", "Mother", "Spanish", phone="555-0100")
    state_student_facts(
        "contact",
        [Statement({"student_id": fern.pk, "contact_no": 1}, mother.content(), date(2025, 8, 1))],
        by_id=None,
        cause="test",
    )
    assert languages_of([fern.pk, world.students["alder"].pk]) == {fern.pk: "Spanish"}
    page = text_of(suggested(manager))
    assert "No interpreter of Spanish is listed." in page
    assert "Tried, and it gives this one a day: one more interpreter of Spanish." in page
    PlanningSupply.objects.create(
        kind="interpreter",
        lea_code=w.LEA,
        name="County interpreter",
        language="Spanish",
        weekdays="2",
        at=clock.now(),
    )
    save(manager)
    # Tuesdays near 02/01: 02/02.
    assert planned()["Fern2"][0] == date(2027, 2, 2)


def test_a_review_that_was_held_needs_no_day(world, manager):
    save(manager)
    Student.unscoped.filter(pk=world.students["fern0"].pk).update(plan_review_due_on=date(2027, 12, 3))
    page = text_of(manager.get(PLAN))
    assert "Fern0" not in page and "4 reviews due" in page


# By hand


def day_of(world, name: str) -> str:
    return f"{PLAN}/days/{world.students[name].public_id}"


def wish(page, **more: str) -> dict[str, str]:
    return {"starts": "10:00", "minutes": "60", "room": "", "interpreter": ""} | fields(page) | more


def test_a_review_is_moved_after_what_it_does_was_seen(world, manager):
    save(manager)
    here = day_of(world, "fern0")
    page = manager.get(here)
    seen = manager.post(here, wish(page, do="look", day="2026-12-10"))
    assert "A school day before it is due, with notice in time" in text_of(seen)
    assert planned()["Fern0"][0] == date(2026, 12, 3)
    sent = wish(seen, do="save", day="2026-12-10", locked="on")
    assert manager.post(here, sent).status_code == 302
    assert planned()["Fern0"] == (date(2026, 12, 10), time(10))
    assert manager.post(here, sent).status_code == 302  # the same form again
    assert PlannedMeeting.objects.filter(student=world.students["fern0"]).count() == 2
    # Locked, it stays; a form that looked at the day before does nothing.
    assert "Nothing would change." in text_of(suggested(manager))
    stale = manager.post(here, wish(page, do="save", day="2026-12-11"))
    assert stale.status_code == 422 and "Something changed since" in text_of(stale)
    assert planned()["Fern0"][0] == date(2026, 12, 10)


@pytest.mark.parametrize(
    ("day", "starts", "words"),
    [
        ("2026-12-21", "10:00", "12/21/2026 is no school day by the calendar."),
        ("2026-12-22", "10:00", "It is due on 12/21/2026: on that day it would be late."),
        ("2026-12-02", "10:00", "The family would be told less than 10 days before."),
        ("2026-11-20", "10:00", "11/20/2026 has passed."),
        ("9999-12-31", "10:00", "12/31/9999 is more than a year ahead."),
        ("2027-01-04", "08:30", "The case manager has another planned meeting then."),
    ],
)
def test_what_speaks_against_a_day_is_said(world, manager, day, starts, words):
    save(manager)
    here = day_of(world, "fern0")
    answer = manager.post(here, wish(manager.get(here), do="look", day=day, starts=starts))
    assert words in text_of(answer)
    is_forbidden = any(part in words for part in ("has passed", "another planned", "a year ahead"))
    assert ("Save all the same" in text_of(answer)) is not is_forbidden
    # What was not looked at is shown before it is saved.
    unseen = manager.post(here, wish(answer, do="save", day=day, starts=starts, looked=""))
    assert unseen.status_code == (422 if is_forbidden else 200)
    assert planned()["Fern0"] == (date(2026, 12, 3), time(8))
    saved = manager.post(here, wish(answer, do="save", day=day, starts=starts))
    assert saved.status_code == (422 if is_forbidden else 302)


@pytest.mark.parametrize(
    "sent", [{"day": "soon"}, {"starts": "25:00"}, {"minutes": "5"}, {"minutes": ""}, {"room": "999999"}]
)
def test_a_form_that_cannot_be_read_is_refused(world, manager, sent):
    here = day_of(world, "fern0")
    answer = manager.post(here, wish(manager.get(here), do="save", day="2026-12-10") | sent)
    assert answer.status_code == 422 and not PlannedMeeting.objects.exists()


def test_an_overdue_review_planned_by_hand_is_left_there(world, manager):
    here = day_of(world, "alder")
    page = manager.get(f"{here}?day=2026-12-07")
    assert 'value="2026-12-07"' in text_of(page)
    looked = manager.post(here, wish(page, do="look", day="2026-12-07"))
    assert "It is due on 11/14/2026: on that day it would be late." in text_of(looked)
    assert manager.post(here, wish(looked, do="save", day="2026-12-07")).status_code == 302
    save(manager)
    # Not locked, and no suggestion takes it away.
    assert planned()["Alder"] == (date(2026, 12, 7), time(10))
    assert "1 review stays where it is" in text_of(suggested(manager))


def test_locked_unlocked_and_taken_out(world, manager):
    save(manager)
    here = day_of(world, "fern1")
    assert manager.post(here, wish(manager.get(here), do="lock")).status_code == 302
    assert PlannedMeeting.objects.get(student=world.students["fern1"], ended_by=None).is_locked
    assert manager.post(here, wish(manager.get(here), do="unlock")).status_code == 302
    assert not PlannedMeeting.objects.get(student=world.students["fern1"], ended_by=None).is_locked
    assert manager.post(here, wish(manager.get(here), do="remove")).status_code == 302
    assert "Fern1" not in planned()
    kinds = list(PlanBatch.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["plan", "lock", "lock", "remove"]


# Taking back


def test_a_plan_is_taken_back_on_its_day(world, manager, noon):
    save(manager)
    batch = PlanBatch.objects.get()
    assert manager.post(f"{PLAN}/taken-back/{batch.public_id}").status_code == 302
    assert planned() == {}
    assert manager.post(f"{PLAN}/taken-back/{batch.public_id}").status_code == 302
    assert PlanBatch.objects.count() == 2
    assert "Taken back" in text_of(manager.get(PLAN))


def test_taking_back_leaves_what_was_planned_since(world, manager):
    save(manager)
    batch = PlanBatch.objects.get()
    here = day_of(world, "fern0")
    manager.post(here, wish(manager.get(here), do="save", day="2026-12-10"))
    answer = manager.post(f"{PLAN}/taken-back/{batch.public_id}", follow=True)
    assert "but for 1 review: planned anew since" in text_of(answer)
    assert planned() == {"Fern0": (date(2026, 12, 10), time(10))}
    # The move is taken back to where the review stood before it.
    move = PlanBatch.objects.get(kind="move")
    manager.post(f"{PLAN}/taken-back/{move.public_id}")
    assert planned() == {"Fern0": (date(2026, 12, 3), time(8))}


def test_taking_back_gives_no_room_away_twice(world, manager, coordinator):
    save(manager)
    here = day_of(world, "fern0")
    manager.post(here, wish(manager.get(here), do="save", day="2026-12-10"))
    other = add_person(email="robin.sample@example.org", name="Robin Sample", password=w.PASSWORD)
    many_students(1, manager=other, due_on=date(2026, 12, 21), first_names=["Sorrel"])
    key = str(other.pk)
    save(coordinator, suggested(coordinator, manager=key), manager=key)
    assert planned()["Sorrel"] == (date(2026, 12, 3), time(8))
    move = PlanBatch.objects.get(kind="move")
    answer = manager.post(f"{PLAN}/taken-back/{move.public_id}", follow=True)
    assert "but for 1 review" in text_of(answer)
    assert planned()["Fern0"] == (date(2026, 12, 10), time(10))


def test_on_the_next_day_nothing_is_taken_back(world, manager, noon, sign_in):
    save(manager)
    batch = PlanBatch.objects.get()
    noon.shift(timedelta(days=1))
    manager = sign_in(world.case_manager)
    page = manager.post(f"{PLAN}/taken-back/{batch.public_id}", follow=True)
    assert "What was planned is taken back on the day it was planned." in text_of(page)
    assert len(planned()) == 4


# How it is planned, and with what


def limits(**more: str) -> dict[str, str]:
    told = {"per_day": "1", "per_week": "2", "times": "9:00 14:00", "minutes": "45"}
    return told | {"days_before": "30", "notice_days": "14", "until": UNTIL} | more


def test_how_a_case_manager_plans_is_kept(world, manager):
    assert manager.post(f"{PLAN}/limits", limits()).status_code == 302
    page = text_of(manager.get(PLAN))
    assert "at most 1 a day, 2 a week; 09:00 14:00" in page
    save(manager)
    # Without a box ticked no room is needed; with 14 days of notice December 7 is the first day.
    assert planned()["Fern0"] == (date(2026, 12, 7), time(9))
    assert PlannedMeeting.objects.filter(room__isnull=False).count() == 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"per_day": "0"}, "Meetings a day: write a number from 1 to 8."),
        ({"minutes": "many"}, "Minutes of a meeting: write a number from 15 to 240."),
        ({"times": ""}, "Times: write one to eight"),
        ({"times": "9:00 noon"}, "Times: write one to eight"),
        ({"times": "9:00 9:30"}, "The times 09:00 and 09:30 overlap"),
    ],
)
def test_a_value_that_cannot_be_is_named(world, manager, wrong, words):
    answer = manager.post(f"{PLAN}/limits", limits(**wrong), follow=True)
    assert words in text_of(answer)
    assert "at most 2 a day, 4 a week; 08:00 13:30 15:00" in text_of(answer)


SUPPLY = {
    "do": "add",
    "kind": "interpreter",
    "name": "County interpreter",
    "language": "Hmong",
    "weekday": "24",
}


def test_rooms_and_interpreters_are_listed_and_taken_off(world, coordinator, manager):
    here = "/caseload/supplies"
    sent = {**SUPPLY, "weekday": ["2", "4"], "first_on": "2027-01-11", "last_on": "2027-03-26"}
    assert coordinator.post(here, sent).status_code == 302
    assert coordinator.post(here, sent).status_code == 302  # the same again
    one = PlanningSupply.objects.get(kind="interpreter")
    assert (one.language, one.weekdays, one.by_id) == ("Hmong", "24", world.coordinator.pk)
    page = text_of(coordinator.get(here))
    assert "Hmong interpreter" in page and "Tuesdays, Thursdays" in page
    assert coordinator.post(here, {"do": "end", "supply": str(one.pk)}).status_code == 302
    assert "Hmong" not in text_of(coordinator.get(here)).partition("Add a room")[0]
    assert manager.get(here).status_code == 403


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "Name: write one"),
        ({"language": " "}, "Language: write the language"),
        ({"weekday": "7"}, "Weekdays: tick at least one."),
        ({"first_on": "2027-01-11", "last_on": "2027-01-10"}, "Last day: it lies before the first day."),
        ({"kind": "room", "school": "0000009"}, "School: choose one of the list"),
    ],
)
def test_a_supply_that_cannot_be_is_named(world, coordinator, wrong, words):
    answer = coordinator.post("/caseload/supplies", SUPPLY | {"weekday": "2"} | wrong)
    assert answer.status_code == 422 and words in text_of(answer)
    assert not PlanningSupply.objects.filter(kind="interpreter").exists()


def test_a_room_of_another_district_is_out_of_reach(world, coordinator):
    other = PlanningSupply.objects.create(kind="room", lea_code=w.OTHER_LEA, name="Room 1", at=clock.now())
    answer = coordinator.post("/caseload/supplies", {"do": "end", "supply": str(other.pk)})
    assert answer.status_code == 422
    other.refresh_from_db()
    assert other.ended_at is None and "Room 1<" not in text_of(answer)


def test_reviews_without_a_day_stand_by_whichever_date_comes_first_and_lead_to_the_whole_caseload(
    world, coordinator
):
    first, second = world.students["fern1"], world.students["fern0"]
    # A triennial of December 10, 2026 beside a review of June; a review of December 20.
    set_clocks(
        {
            first.pk: (date(2026, 6, 1), date(2023, 12, 10)),
            second.pk: (date(2025, 12, 20), date(2025, 12, 20)),
        }
    )
    page = text_of(coordinator.get("/caseload/plan/list?show=without"))
    assert page.index(first.full_name) < page.index(second.full_name)
    assert f'href="/caseload/plan?manager={world.case_manager.pk}"' in page
    assert "days are suggested for the whole caseload" in page


# Who takes no part


@pytest.fixture
def fern1_stopped(world):
    """Fern1's review is planned in Room 12; since Sunday, November 22, Fern1 takes no part: the family declined."""
    fern1 = world.students["fern1"]
    PlannedMeeting.objects.create(
        student=fern1,
        manager_id=world.case_manager.pk,
        lea_code=w.LEA,
        clock="plan-review",
        due_on=date(2027, 1, 22),
        planned_on=date(2026, 12, 3),
        starts_at=time(8),
        minutes=90,
        room=PlanningSupply.objects.get(),
        made_by=PlanBatch.objects.create(
            token=uuid.uuid4(),
            lea_code=w.LEA,
            manager_id=world.case_manager.pk,
            kind="plan",
            made_on=date(2026, 11, 16),
            made_at=clock.now(),
            by_id=world.case_manager.pk,
        ),
    )
    status = {
        "lea_code": w.LEA,
        "status_code": "2",
        "reason_code": "15",
        "initial_entry_on": date(2022, 1, 10),
    }
    stated = Statement({"student_id": fern1.pk}, status, date(2026, 11, 22))
    state_student_facts("status", [stated], by_id=None, cause="test")
    return fern1


def test_who_takes_no_part_has_no_review_due_anywhere(world, manager, coordinator, fern1_stopped):
    assert Student.unscoped.get(pk=fern1_stopped.pk).plan_review_due_on == date(2027, 1, 22)
    page = text_of(manager.get(PLAN))
    assert "4 reviews due through 05/22/2027 · 0 with a day, 4 without" in page and "Fern1" not in page
    assert "Fern1" not in text_of(manager.get(f"{PLAN}/list?show=week"))
    assert re.search(
        r"Wren Placeholder</a></th><td class=\"num\">4</td>", coordinator.get(PLAN).content.decode()
    )
    # The room is free again for whoever comes first.
    answer = suggested(manager)
    save(manager, answer)
    assert {name: when for name, when in planned().items() if name != "Fern1"} == {
        "Fern0": (date(2026, 12, 3), time(8)),
        "Fern2": (date(2027, 2, 1), time(8)),
        "Towhee": (date(2027, 2, 9), time(8)),
    }
    page = text_of(manager.get(f"/caseload/plan/days/{fern1_stopped.public_id}"))
    assert "takes no part in special education today (status 22.12), so no review is due." in page


def test_the_calendar_feed_holds_nothing_of_who_takes_no_part(world, fern1_stopped):
    events = events_of(world.case_manager, "/caseload/plan")
    assert date(2027, 1, 22) not in {one.starts for one in events}
    assert {one.summary for one in events} == {"Annual review due: 1 student", "Triennial due: 1 student"}


def test_who_takes_part_until_yesterday_or_from_tomorrow(world):
    """The boundary days of a status, one rule for one student and for many."""
    fern2 = world.students["fern2"]
    for first, code in ((date(2026, 11, 23), "2"), (date(2026, 11, 24), "1")):
        status = {"lea_code": w.LEA, "status_code": code, "reason_code": "", "initial_entry_on": None}
        stated = Statement({"student_id": fern2.pk}, status, first)
        state_student_facts("status", [stated], by_id=None, cause="test")
    facts = facts_of(fern2)
    for day, is_in in ((date(2026, 11, 22), True), (date(2026, 11, 23), False), (date(2026, 11, 24), True)):
        assert facts.takes_part_on(day) is is_in
        assert taking_part(day).filter(student=fern2).exists() is is_in
