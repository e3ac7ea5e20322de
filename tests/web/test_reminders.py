"""Reminders: on home, and by mail with numbers only; a calendar feed without names.

Today is Monday, November 23, 2026. Of Wren Placeholder's students Alder was due on 11/14; Fern0 is due on 01/15/2027
and has no day; Fern1 is planned for Wednesday, 11/25, Fern2 for 11/20, which has passed.
"""

from __future__ import annotations

import re
import smtplib
import uuid
from datetime import date, time, timedelta

import pytest
from django.core import mail
from django.test import Client

from manzanita.accounts.models import CalendarFeed, ReminderChoice
from manzanita.accounts.reminders import is_due
from manzanita.accounts.request_limits import Meter
from manzanita.meetings.models import PlanBatch, PlannedMeeting, PlanningSupply
from manzanita.platform import clock
from manzanita.platform.daily import enqueue_daily_jobs
from manzanita.platform.jobs import run_jobs_now
from manzanita.procedures.reminders import send_reminders
from manzanita.students.models import Student
from tests.support import world as w
from tests.support.pages import many_students, other_coordinator, reads, text_of
from tests.web.test_home import needs


@pytest.fixture
def world(small_world, monkeypatch):
    # The clock stands still, so the minute in which requests are counted would last for the whole file.
    monkeypatch.setattr("manzanita.web.calendar_feed._meter", Meter())
    ferns = many_students(3, manager=small_world.case_manager)
    for student, due in zip(ferns, (date(2027, 1, 15), date(2027, 1, 22), date(2026, 12, 1)), strict=True):
        Student.unscoped.filter(pk=student.pk).update(plan_review_due_on=due)
        small_world.students[student.first_name.lower()] = student
    batch = PlanBatch.objects.create(
        token=uuid.uuid4(),
        lea_code=w.LEA,
        manager_id=small_world.case_manager.pk,
        kind="plan",
        made_on=w.TODAY,
        made_at=w.NOON,
        by_id=small_world.case_manager.pk,
    )
    room = PlanningSupply.objects.create(kind="room", lea_code=w.LEA, name="Room 12; east, left", at=w.NOON)
    for student, day, due in (
        (ferns[1], date(2026, 11, 25), date(2027, 1, 22)),
        (ferns[2], date(2026, 11, 20), date(2026, 12, 1)),
    ):
        PlannedMeeting.objects.create(
            student=student,
            lea_code=w.LEA,
            manager_id=small_world.case_manager.pk,
            clock="plan-review",
            due_on=due,
            planned_on=day,
            starts_at=time(10),
            minutes=90,
            room=room,
            made_by=batch,
        )
    return small_world


@pytest.fixture
def manager(world, sign_in) -> Client:
    return sign_in(world.case_manager)


@pytest.fixture
def coordinator(world, sign_in) -> Client:
    return sign_in(world.coordinator)


# On home

WEEK, PASSED = "Meetings planned this week", "Planned day has passed, meeting not recorded"
WITHOUT = "Students due within 60 days, neither a day nor a meeting"


def test_home_says_what_is_planned_and_what_is_not(manager):
    found = needs(manager)
    assert found["Meetings planned this week"][0] == 1
    assert found["Planned day has passed, meeting not recorded"][0] == 1
    assert (
        found["Students due within 60 days, neither a day nor a meeting"][0] == 2
    )  # Fern0, and Fern2 whose day has passed
    assert "8 days left" in found["Students due within 60 days, neither a day nor a meeting"][2]
    assert "3 days over" in found["Planned day has passed, meeting not recorded"][2]
    # Behind each count stands its list.
    for label in (WEEK, PASSED, WITHOUT):
        page = text_of(manager.get(found[label][1]))
        assert page.count("<tr data-row") == found[label][0], label
    assert "Fern0 Quill" in page and "Fern1" not in page
    assert [what for _, what in reads()] == ["caseload.list"] * 4


def test_the_lists_are_those_of_the_reader(world, coordinator, sign_in):
    found = needs(coordinator)
    page = text_of(coordinator.get(found[WITHOUT][1]))
    assert page.count("<tr data-row") == found[WITHOUT][0] == 2 and "Wren Placeholder" in page
    assert coordinator.get("/caseload/plan/list?show=nothing").status_code == 404
    stranger = sign_in(other_coordinator(world))
    for show in ("week", "passed", "without"):
        assert "Quill" not in text_of(stranger.get(f"/caseload/plan/list?show={show}"))


def test_home_of_who_holds_no_meeting_says_nothing_of_it(world, manager, sign_in, monkeypatch):
    from manzanita.domain.access import Capability
    from tests.support.pages import take_away

    take_away(monkeypatch, "case_manager", Capability.HOLD_MEETING)
    assert "Planned reviews" not in text_of(sign_in(world.case_manager).get("/"))


# By mail


def bodies() -> dict[str, str]:
    return {one.to[0]: one.body for one in mail.outbox}


def test_a_mail_has_numbers_and_no_student(world, settings):
    settings.SITE_ADDRESS = "https://iep.example.org"
    assert send_reminders() == {"sent": 2, "nothing_to_say": 0, "failed": 0}
    body = bodies()[world.case_manager.email]
    assert body == (
        "Wren Placeholder,\n\nof the students in your reach:\n\n"
        "- 1 review overdue, without a planned day\n"
        "- 2 reviews due within 60 days, without a planned day\n"
        "- 1 planned day passed without the meeting being recorded\n"
        "- 1 meeting planned this week\n\n"
        "See them here: https://iep.example.org/caseload/plan\n\n"
        "How often you get this, or never: https://iep.example.org/account#a-reminders\n\nManzanita"
    )
    for one in mail.outbox:
        text = f"{one.subject} {one.body}"
        assert not re.search("Testcase|Quill|Fern|Alder|Towhee|99000|Buckeye", text)


def test_nobody_gets_two_on_a_day_however_often_the_job_runs(world):
    for _ in range(2):
        enqueue_daily_jobs()
        run_jobs_now(raises_errors=True)
    first = len(mail.outbox)
    assert first == 2
    assert send_reminders()["sent"] == 0
    assert len(mail.outbox) == first


@pytest.mark.parametrize(
    ("every", "days"), [("daily", [0, 1, 2, 3, 4, 7]), ("weekly", [0, 7]), ("never", [])]
)
def test_as_often_as_somebody_chose(world, noon, every, days):
    for one in (world.case_manager, world.coordinator):
        ReminderChoice.objects.create(user=one, every=every if one == world.case_manager else "never")
    got = []
    for number in range(8):
        mail.outbox.clear()
        send_reminders()
        if mail.outbox:
            got.append(number)
        noon.shift(timedelta(days=1))
    assert got == days


def test_a_weekly_mail_that_failed_goes_out_on_the_next_day(world, noon, monkeypatch):
    def refuse(*args, **kwargs):
        raise smtplib.SMTPServerDisconnected("Fern0 Quill")

    with monkeypatch.context() as broken:
        broken.setattr("manzanita.procedures.reminders.send_mail", refuse)
        assert send_reminders()["failed"] == 2
    assert send_reminders()["sent"] == 0
    noon.shift(timedelta(days=1))
    assert send_reminders()["sent"] == 2


def test_nothing_is_sent_when_there_is_nothing_to_say(world):
    Student.unscoped.all().update(plan_review_due_on=None, evaluation_due_on=None)
    assert send_reminders() == {"sent": 0, "nothing_to_say": 2, "failed": 0}
    assert mail.outbox == []


def test_who_left_gets_none(world):
    grant = world.case_manager_grant
    grant.ends_on = w.TODAY - timedelta(days=1)
    grant.save()
    world.coordinator.is_active = False
    world.coordinator.save()
    assert send_reminders()["sent"] == 0


@pytest.mark.parametrize(("day", "expected"), [(20, True), (21, False), (22, False), (23, True)])
def test_weekends_have_no_mail(day, expected):
    assert is_due(ReminderChoice(every="daily"), date(2026, 11, day)) is expected


def test_the_account_page_keeps_the_choice(world, manager):
    page = text_of(manager.get("/account"))
    assert re.search(r'value="weekly" checked', page)
    assert manager.post("/account/reminders", {"every": "never"}).status_code == 302
    assert re.search(r'value="never" checked', text_of(manager.get("/account")))
    manager.post("/account/reminders", {"every": "hourly"})
    assert ReminderChoice.objects.get(user=world.case_manager).every == "never"


# The feed


def made(client: Client) -> str:
    page = client.post("/account/calendar-feed").content.decode()
    return re.search(r'value="http://testserver(/calendar-feed/[^"]+\.ics)"', page)[1]


def parsed(text: str) -> list[dict[str, str]]:
    """A strict reading of RFC 5545 by hand: line ends, folding, nesting, what each event needs, escapes."""
    assert text.endswith("\r\n") and "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")[:-1]
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR"
    assert "VERSION:2.0" in lines and any(line.startswith("PRODID:") for line in lines)
    events: list[dict[str, str]] = []
    inside = False
    for line in lines[1:-1]:
        name, value = line.split(":", 1)
        if line == "BEGIN:VEVENT":
            assert not inside
            inside = True
            events.append({})
        elif line == "END:VEVENT":
            assert inside and {"UID", "DTSTAMP", "SUMMARY"} <= events[-1].keys()
            inside = False
        elif inside:
            assert name not in events[-1]
            assert not re.search(r"(?<!\\)[,;]", value) or name == "URL"
            events[-1][name] = re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)
    assert not inside and len({one["UID"] for one in events}) == len(events)
    return events


def test_the_feed_holds_times_rooms_and_counts_without_names(world, manager):
    answer = Client().get(made(manager))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]
    text = answer.content.decode()
    events = parsed(text)
    planned = [one for one in events if one["SUMMARY"] == "IEP meeting planned"]
    # Ten o'clock in California is six in the evening in Greenwich.
    assert [(one["DTSTART"], one["DTEND"], one["LOCATION"]) for one in planned] == [
        ("20261120T180000Z", "20261120T193000Z", "Room 12; east, left"),
        ("20261125T180000Z", "20261125T193000Z", "Room 12; east, left"),
    ]
    due = {one["DTSTART;VALUE=DATE"]: one["SUMMARY"] for one in events if "DTSTART;VALUE=DATE" in one}
    assert due["20261114"] == "Annual review due: 1 student"
    assert due["20270302"] == "Annual review due: 1 student" and due["20270304"] == "Triennial due: 1 student"
    assert not re.search("Testcase|Quill|Fern|Alder|Towhee|99000|Buckeye|Wren", text)
    for student in world.students.values():
        assert str(student.public_id) not in text


def test_two_reviews_of_one_day_are_one_event(world, manager):
    Student.unscoped.filter(first_name="Fern0").update(plan_review_due_on=date(2027, 1, 22))
    events = parsed(Client().get(made(manager)).content.decode())
    assert {"Annual review due: 2 students"} == {
        one["SUMMARY"] for one in events if one.get("DTSTART;VALUE=DATE") == "20270122"
    }


def test_the_secret_is_stored_as_a_digest_and_shown_once(world, manager, caplog):
    with caplog.at_level(0):
        address = made(manager)
        Client().get(address)
        row = CalendarFeed.objects.get()
        assert row.read_at == clock.now()
        # An address that answers no more stands in no log either.
        manager.post("/account/calendar-feed/end")
        assert Client().get(address).status_code == 404
    secret = address.removeprefix("/calendar-feed/").removesuffix(".ics")
    assert len(secret) >= 43
    assert secret not in row.secret_digest
    assert secret not in caplog.text
    assert secret not in text_of(manager.get("/account"))
    # Polling is no look at a student.
    assert reads() == []


def test_a_revoked_address_and_one_that_was_replaced_answer_no_more(world, manager):
    first = made(manager)
    second = made(manager)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    assert manager.post("/account/calendar-feed/end").status_code == 302
    assert Client().get(second).status_code == 404
    assert manager.post("/account/calendar-feed/end").status_code == 302
    assert "Make an address" in text_of(manager.get("/account"))


def test_a_feed_holds_what_its_person_reaches_today(world, manager):
    address = made(manager)
    grant = world.case_manager_grant
    grant.ends_on = w.TODAY - timedelta(days=1)
    grant.save()
    assert parsed(Client().get(address).content.decode()) == []
    world.case_manager.is_active = False
    world.case_manager.save()
    assert Client().get(address).status_code == 404


@pytest.mark.parametrize("secret", ["none", "x" * 300, "%00", "..", "é"])
def test_an_address_that_is_none_is_not_found(world, secret):
    assert Client().get(f"/calendar-feed/{secret}.ics").status_code == 404


def test_who_asks_too_often_waits(world, manager, settings):
    settings.FEED_REQUESTS_A_MINUTE = 2
    address = made(manager)
    client = Client()
    answers = [client.get(address).status_code for _ in range(3)]
    assert answers == [200, 200, 429]


def test_long_lines_are_folded_between_characters():
    from datetime import datetime

    from manzanita.domain.calendars.ics_writer import IcsEvent, write_calendar

    room = "Salón de niños, edificio 3; piso 2\\" * 4
    event = IcsEvent(
        "a@b", "IEP meeting planned", datetime(2026, 3, 8, 10, tzinfo=clock.CALIFORNIA), 60, room
    )
    (found,) = parsed(write_calendar("Plan", [event], made_at=w.NOON))
    assert found["LOCATION"] == room
    # The day on which clocks go forward: ten in the morning is 17:00 in Greenwich.
    assert found["DTSTART"] == "20260308T170000Z"
