"""Somebody looks at far too many students: the pages stop, others are told, another opens them again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import User
from manzanita.auditing.actions import log_reads
from manzanita.auditing.models import ChangeEvent, ListExport, ReadEvent, ViewingBlock, ViewingDay
from manzanita.auditing.viewing_blocks import open_block
from manzanita.cli import main as manzanita
from manzanita.orgs.models import Agency
from manzanita.platform.jobs import run_jobs_now
from tests.support import pages
from tests.support import world as w
from tests.support.pages import many_students, text_of

CALIFORNIA = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def coordinator(small_world, sign_in) -> Client:
    return sign_in(small_world.coordinator)


def person(name: str, perspective: str, code: str) -> User:
    user = add_person(email=f"{name.split()[0].lower()}@example.org", name=name, password=w.PASSWORD)
    grant_perspective(
        user=user,
        perspective_key=perspective,
        agency=Agency.objects.get(code=code),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    return user


@pytest.fixture
def laurel(small_world) -> User:
    """A second coordinator of the same district."""
    return person("Laurel Mockup", "coordinator", w.LEA)


def looks(world, first: int, last: int, *, page: int = 50, what: str = "student.list") -> None:
    """The coordinator is shown the students of these numbers, a page of the list at a time."""
    for start in range(first, last + 1, page):
        ids = range(start, min(start + page, last + 1))
        log_reads(actor=world.coordinator_actor, student_ids=ids, what=what)


def days_of(world, *counts: int) -> None:
    """So many different students on each of the days before today."""
    for back, count in enumerate(counts, start=1):
        ViewingDay.objects.create(
            user_id=world.coordinator.pk, day=w.TODAY - timedelta(days=back), student_count=count
        )


def noted(**only: str) -> tuple[int, int]:
    """Rows of the read log, and students in them: a list is one row that names all of its students."""
    lists = list(ReadEvent.objects.filter(**only).values_list("student_ids", flat=True))
    return len(lists), sum(len(one) for one in lists)


def is_blocked(world) -> bool:
    return open_block(world.coordinator.pk) is not None


# The hour


def test_a_session_that_walks_through_1100_students_is_stopped(small_world, coordinator, laurel, settings):
    """The replay: page after page of the list, as a program would fetch them, then records."""
    settings.HOST_ALERT_ADDRESSES = ["host@example.org"]
    students = many_students(1_097)
    following, shown = "/students", 0
    while following:
        answer = coordinator.get(following)
        if answer.status_code == 403:
            break
        shown += len(text_of(answer).split(" data-open>")) - 1
        links = [one.replace("&amp;", "&") for one in pages.addresses_in(answer) if "after=" in one]
        following = links[0] if links else ""
    assert shown == 1_050  # the first full page beyond 1,000 is the last one
    page = text_of(answer)
    assert "Your student pages are stopped" in page
    assert "because more than 1,000 different students were looked at within an hour: 1,050 students" in page
    assert "Who opens them again:</b> Laurel Mockup." in page
    assert "Quill" not in page
    for address in (f"/students/{students[-1].public_id}", "/meetings", "/state", "/imports", "/exports"):
        assert coordinator.get(address).status_code == 403, address
    assert coordinator.post("/exports", {"list": "all"}).status_code == 403
    home = coordinator.get("/")
    assert home.status_code == 200 and "Your student pages are stopped" in text_of(home)
    run_jobs_now(raises_errors=True)
    assert sorted(one.to for one in mail.outbox) == [["host@example.org"], ["laurel@example.org"]]
    assert "Juniper Mockup (Chaparral Unified)" in mail.outbox[0].body
    assert "Quill" not in mail.outbox[0].body + mail.outbox[0].subject
    block = ViewingBlock.objects.get()
    assert block.alerted_at - block.since <= timedelta(minutes=5)
    run_jobs_now(raises_errors=True)
    assert len(mail.outbox) == 2
    told = ChangeEvent.objects.exclude(action="add_authenticator_app").order_by("pk")
    assert [one.action for one in told] == [
        "block_viewing",
        "alert_viewing_block",
    ]


def test_exactly_a_thousand_are_no_mass(small_world):
    looks(small_world, 1, 1000)
    assert not is_blocked(small_world)
    looks(small_world, 1000, 1000)
    assert not is_blocked(small_world)
    looks(small_world, 1001, 1001, what="student.record")
    assert ViewingBlock.objects.get().student_count == 1001


def test_any_sixty_minutes_are_an_hour(small_world, noon):
    noon.move_to(datetime(2026, 11, 23, 10, 40, tzinfo=CALIFORNIA))
    looks(small_world, 1, 550)
    noon.move_to(datetime(2026, 11, 23, 11, 20, tzinfo=CALIFORNIA))
    looks(small_world, 551, 1000)
    assert not is_blocked(small_world)
    looks(small_world, 1001, 1050)
    assert is_blocked(small_world)


def test_what_is_more_than_an_hour_old_counts_no_more(small_world, noon):
    for number, hour in enumerate((8, 9, 10, 11, 13, 14)):
        noon.move_to(datetime(2026, 11, 23, hour, 5 * number, tzinfo=CALIFORNIA))
        looks(small_world, 1000 * number, 1000 * number + 499)
        looks(small_world, 1000 * number, 1000 * number + 499)
        assert not is_blocked(small_world), hour


def test_the_same_students_again_and_again_are_not_more(small_world):
    for _ in range(45):
        looks(small_world, 1, 50)
    assert noted() == (45, 2250)
    assert not is_blocked(small_world)


def test_a_heavy_day_of_a_coordinator_goes_on(small_world, coordinator, noon):
    """40 list pages and 150 records over a working day, in a district of 603, after a week of quieter days."""
    days_of(small_world, 250, 120, 80, 200, 90)
    looks(small_world, 1, 1, what="student.record")
    for hour in range(8, 18):
        for minute in range(4):
            noon.move_to(datetime(2026, 11, 23, hour, 10 * minute, tzinfo=CALIFORNIA))
            start = 50 * ((4 * (hour - 8) + minute) % 12)
            looks(small_world, start + 1, start + 50)
        looks(small_world, 15 * (hour - 8) + 1, 15 * (hour - 8) + 15, page=1, what="student.record")
    assert noted(what="student.list") == (40, 2000)
    assert noted(what="student.record") == (151, 151)
    assert not is_blocked(small_world)


# The day


@pytest.mark.parametrize(("most", "limit"), [(20, 100), (33, 100), (60, 180)])
def test_three_times_ones_own_most_with_a_floor(small_world, most, limit):
    days_of(small_world, 5, most, 10, 3, 8)
    looks(small_world, 1, limit)
    assert not is_blocked(small_world)
    looks(small_world, limit + 1, limit + 1)
    block = ViewingBlock.objects.get()
    assert (block.reason, block.student_count) == ("viewing-day", limit + 1)


def test_without_five_days_of_habit_only_the_hour_counts(small_world):
    days_of(small_world, 5, 5, 5, 5)
    looks(small_world, 1, 900)
    assert not is_blocked(small_world)


def test_a_habit_of_more_than_30_days_ago_is_none(small_world):
    for back in range(31, 40):
        ViewingDay.objects.create(
            user_id=small_world.coordinator.pk, day=w.TODAY - timedelta(days=back), student_count=5
        )
    looks(small_world, 1, 900)
    assert not is_blocked(small_world)


def test_a_day_begins_at_midnight_in_california(small_world, noon):
    days_of(small_world, 5, 5, 5, 5, 5)
    noon.move_to(datetime(2026, 11, 23, 23, 59, tzinfo=CALIFORNIA))
    looks(small_world, 1, 60)
    noon.move_to(datetime(2026, 11, 24, 0, 0, tzinfo=CALIFORNIA))
    looks(small_world, 61, 120)
    assert not is_blocked(small_world)
    assert ViewingDay.objects.get(day=w.TODAY).student_count == 60
    looks(small_world, 121, 240)  # 180 of November 24, three times the 60 of the day before
    assert not is_blocked(small_world)
    looks(small_world, 241, 241)
    assert is_blocked(small_world)


def test_a_day_is_kept_with_its_different_students(small_world, noon):
    for _ in range(3):
        looks(small_world, 1, 50)
    looks(small_world, 41, 70)
    noon.shift(timedelta(days=3))
    looks(small_world, 1, 1)
    assert list(ViewingDay.objects.values_list("day", "student_count")) == [(w.TODAY, 70)]


def test_a_day_with_a_block_is_nobody_s_habit(small_world, noon):
    looks(small_world, 1, 1050)
    noon.shift(timedelta(days=1))
    looks(small_world, 1, 1)
    assert not ViewingDay.objects.exists()


def test_a_file_that_was_made_is_no_looking(small_world, coordinator, monkeypatch):
    monkeypatch.setattr("manzanita.domain.viewing_limits.PER_HOUR", 5)
    coordinator.post("/exports", {"list": "all", "search": "", "form": "csv", "ask": "key-of-a-page-1"})
    run_jobs_now(raises_errors=True)
    looks(small_world, 1, 5)
    assert noted(what="student.export") == (1, 3)
    assert not is_blocked(small_world)


def test_one_person_s_looking_is_not_another_s(small_world, laurel, sign_in):
    looks(small_world, 1, 1050)
    assert is_blocked(small_world)
    assert sign_in(laurel).get("/students").status_code == 200


def test_two_places_at_once_are_one_person(small_world, coordinator, sign_in):
    looks(small_world, 1, 1050)
    assert sign_in(small_world.coordinator).get("/students").status_code == 403


def test_what_was_asked_for_before_is_not_made(small_world, coordinator):
    coordinator.post("/exports", {"list": "all", "search": "", "form": "csv", "ask": "key-of-a-page-1"})
    looks(small_world, 1, 1050)
    run_jobs_now(raises_errors=True)
    export = ListExport.objects.get()
    assert export.state == "withdrawn"
    assert export.end_reason["text"] == "Your student pages were stopped before the file was made."


# Opening them again


@pytest.fixture
def block(small_world) -> ViewingBlock:
    looks(small_world, 1, 1050)
    return ViewingBlock.objects.get()


def lift(client: Client, block: ViewingBlock, word: str = "They prepared the audit."):
    return client.post(f"/admin/viewing/{block.pk}/lift", {"word": word}, follow=True)


def test_another_opens_them_with_a_word_and_it_stays_so(small_world, block, coordinator, laurel, sign_in):
    second = sign_in(laurel)
    assert "Stopped pages: somebody looked at far too many students" in text_of(second.get("/"))
    page = text_of(second.get("/admin/viewing"))
    assert "Juniper Mockup" in page and "SEDS coordinator at Chaparral Unified" in page
    assert "Say why the pages are opened again" in text_of(lift(second, block, "  "))
    assert coordinator.get("/students").status_code == 403
    assert "The student pages of this person are open again." in text_of(lift(second, block))
    assert coordinator.get("/students").status_code == 200
    looks(small_world, 2000, 2900)
    assert coordinator.get("/students").status_code == 200
    looks(small_world, 3000, 3150)
    assert coordinator.get("/students").status_code == 403
    block.refresh_from_db()
    assert (block.lifted_by_id, block.word) == (laurel.pk, "They prepared the audit.")
    lifted = ChangeEvent.objects.get(action="lift_viewing_block")
    assert (lifted.actor_user_id, lifted.reason) == (laurel.pk, "They prepared the audit.")
    assert "Somebody has opened them already." in text_of(lift(second, block))


def test_nobody_opens_their_own(small_world, block, coordinator, sign_in, laurel):
    assert lift(coordinator, block).status_code == 403
    assert is_blocked(small_world)
    with pytest.raises(IntegrityError), transaction.atomic():
        ViewingBlock.objects.update(lifted_by_id=block.user_id)


def test_the_selpa_opens_those_of_its_members(small_world, block, coordinator, sign_in):
    Agency.objects.create(code=w.SELPA, kind="selpa", name="Chaparral SELPA", selpa_code=w.SELPA)
    selpa = person("Sequoia Mockup", "selpa", w.SELPA)
    assert "Who opens them again:</b> Sequoia Mockup." in text_of(coordinator.get("/students"))
    lift(sign_in(selpa), block)
    assert not is_blocked(small_world)


def test_another_district_and_whoever_may_not_find_nothing(small_world, block, sign_in):
    stranger = sign_in(pages.other_coordinator(small_world))
    assert lift(stranger, block).status_code == 404
    assert "Nobody is stopped" in text_of(stranger.get("/admin/viewing"))
    manager = sign_in(small_world.case_manager)
    assert lift(manager, block).status_code == 403
    assert manager.get("/admin/viewing").status_code == 403
    assert is_blocked(small_world)


def test_where_nobody_else_is_the_page_names_the_host(small_world, block, coordinator, settings):
    settings.HOST_ALERT_ADDRESSES = ["host@example.org"]
    page = text_of(coordinator.get("/students"))
    assert "Who opens them again:</b> whoever runs this installation." in page
    assert "manzanita lift-block" not in page
    run_jobs_now(raises_errors=True)
    assert [one.to for one in mail.outbox] == [["host@example.org"]]


def test_whoever_runs_the_installation_can_open_them(small_world, block, capsys):
    assert manzanita(["lift-block", "nobody@example.org", "x"]) == 1
    assert manzanita(["lift-block", small_world.coordinator.email, " "]) == 1
    assert "Say why the pages are opened again" in capsys.readouterr().err
    assert is_blocked(small_world)
    assert manzanita(["lift-block", small_world.coordinator.email.upper(), "They prepared the audit."]) == 0
    assert "Juniper Mockup are open again" in capsys.readouterr().out
    assert not is_blocked(small_world)
    lifted = ChangeEvent.objects.get(action="lift_viewing_block")
    assert (lifted.actor_user_id, lifted.actor_label) == (None, "system")
    assert manzanita(["lift-block", small_world.coordinator.email, "Again"]) == 1


def test_a_page_costs_one_query_more_and_past_a_count_s_limit_some(small_world, django_assert_num_queries):
    looks(small_world, 1, 1)
    for _ in range(2):
        with django_assert_num_queries(
            3
        ):  # the read log 2 (its row, and the seal it waits for), and its count
            looks(small_world, 2, 51)
    looks(small_world, 1, 950)
    for _ in range(2):
        # the read log 2; tried to add; the row, the exact number, and the row kept
        with django_assert_num_queries(6):
            looks(small_world, 1, 51, page=51)
