"""What if a day were another: everything that would change, by hand, and nothing that is stored.

Alder's review was due on 11/14/2026; today is 11/23/2026. Yarrow's consent of 11/16/2026: 60 calendar days end on
01/15/2027; with the winter break of ten school days (12/21 to 01/01) the law says 01/27.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date

import pytest
from django.apps import apps
from django.test import Client

from manzanita.auditing.models import ReadEvent
from manzanita.domain.scenarios import EVENTS
from manzanita.meetings.actions import Evaluation, open_meeting
from manzanita.meetings.models import Meeting
from manzanita.orgs.calendar_actions import load_calendar
from tests.support import pages
from tests.support import world as w
from tests.support.pages import NO_ID, reads, text_of

CALENDAR = (
    "lea,school,track,kind,start,end\n,,,term,2026-08-17,2027-06-04\n,,,break,2026-11-23,2026-11-27\n"
    ",,,break,2026-12-21,2027-01-01\n"
)
# What a page about a student leaves behind: who looked, how often, and the session.
LOOKS = {
    "auditing.ReadEvent",
    "auditing.Unsealed",
    "auditing.ViewingCount",
    "auditing.ReadIndex",
    "sessions.Session",
}


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


@pytest.fixture
def manager(small_world, sign_in) -> Client:
    return sign_in(small_world.case_manager)


@pytest.fixture
def calendar(small_world, tmp_path) -> None:
    path = tmp_path / "calendar.csv"
    path.write_text(CALENDAR, encoding="utf-8")
    load_calendar(path, lea_code=w.LEA, reason="test")


@pytest.fixture
def evaluation(small_world, calendar) -> Meeting:
    return open_meeting(
        actor=small_world.coordinator_actor,
        student=small_world.students["yarrow"],
        event=EVENTS["b_initial"],
        evaluation=Evaluation(date(2026, 11, 16), date(2026, 11, 2), "10"),
    )


def here(student) -> str:
    return f"/students/{student.public_id}/what-if"


def ask(client: Client, student, what: str, day: str, last: str = "", target: str = "") -> str:
    """The answer to one move; with ``target`` as htmx asks for it."""
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    answer = client.post(here(student), {"what": what, "day": day, "last": last}, headers=headers)
    assert answer.status_code in (200, 422)
    return text_of(answer)


def held(meeting: Meeting) -> str:
    return f"{meeting.public_id}.held"


def words_of(page: str) -> str:
    """Without its marks, as one reads it."""
    return re.sub(r" +", " ", re.sub(r"<[^>]+>", " ", page))


def test_probe(small_world, coordinator, evaluation):
    yarrow = small_world.students["yarrow"]
    print(
        words_of(
            ask(coordinator, yarrow, f"{evaluation.public_id}.consent", "2026-10-21", target="what-if-answer")
        )
    )
    print(
        words_of(
            ask(coordinator, yarrow, f"{evaluation.public_id}.held", "2027-01-20", target="what-if-answer")
        )
    )
    print(
        words_of(
            ask(
                coordinator,
                yarrow,
                "break.2026-12-21.2027-01-01..",
                "2026-12-21",
                "2027-01-08",
                target="what-if-sheet",
            )
        )
    )
    page = coordinator.get(here(yarrow)).content.decode()
    print(words_of(page[page.index("<main") :]))


def test_probe2(small_world, coordinator):
    meeting = pages.opened(small_world)
    print(
        words_of(
            ask(
                coordinator,
                small_world.students["alder"],
                held(meeting),
                "2026-11-20",
                target="what-if-answer",
            )
        )
    )
    print(
        words_of(
            ask(
                coordinator,
                small_world.students["alder"],
                held(meeting),
                "2026-12-20",
                target="what-if-answer",
            )
        )
    )


def test_speed(small_world, coordinator, evaluation):
    import time, cProfile, pstats

    yarrow = small_world.students["yarrow"]
    for day in ("2027-01-20", "2027-01-21", "2027-01-22"):
        t = time.perf_counter()
        ask(coordinator, yarrow, f"{evaluation.public_id}.held", day, target="what-if-answer")
        print(day, time.perf_counter() - t)
    pr = cProfile.Profile()
    pr.enable()
    ask(coordinator, yarrow, f"{evaluation.public_id}.held", "2027-01-25", target="what-if-answer")
    pr.disable()
    pstats.Stats(pr).sort_stats("cumtime").print_stats(35)
