"""Sessions: two limits, a lock that loses nothing, and ends that hold at the next request."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client

from manzanita.accounts.actions import disable_person
from manzanita.accounts.models import User
from manzanita.accounts.sessions import device_words
from manzanita.auditing.models import ChangeEvent
from tests.support import world as w
from tests.support.sign_in import signed_in

MINUTE, HOUR = 60, 3600
JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true"}
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def manager(small_world) -> Client:
    return signed_in(small_world.case_manager, second="")


def test_an_idle_session_is_locked_and_goes_on_where_it_was(small_world, manager, noon):
    noon.shift(29 * MINUTE)
    assert manager.get("/students").status_code == 200
    noon.shift(30 * MINUTE)
    before = manager.session.session_key

    locked = manager.get("/students?list=held")
    assert locked.url == "/session/locked?next=%2Fstudents%3Flist%3Dheld"
    page = manager.get(locked.url).content.decode()
    assert "Wren Placeholder, everything is as you left it." in page
    wrong = manager.post("/session/unlock", {"password": "not it", "next": "/students?list=held"})
    assert wrong.status_code == 423 and "That is not right." in wrong.content.decode()
    assert manager.get("/students").status_code == 302
    right = manager.post("/session/unlock", {"password": w.PASSWORD, "next": "/students?list=held"})
    assert right.url == "/students?list=held"
    assert manager.get("/students").status_code == 200
    assert manager.session.session_key != before
    assert Session.objects.count() == UserSession.objects.count() == 1
    actions = ChangeEvent.objects.filter(subject_type="accounts.user", subject_id=small_world.case_manager.pk)
    assert list(actions.order_by("pk").values_list("action", "detail")) == [
        ("fail_sign_in", {"step": "unlock"}),
        ("unlock", {"kind": "password"}),
    ]


def test_what_a_page_asks_by_itself_keeps_no_session_open(manager, noon):
    for _ in range(4):
        noon.shift(8 * MINUTE)
        manager.get("/students", headers={"X-Background": "1"})
        manager.get("/session")
    assert manager.get("/session").json()["state"] == "locked"


def test_somebody_typing_keeps_it_open(manager, noon):
    for _ in range(4):
        noon.shift(20 * MINUTE)
        told = manager.post("/session/keep-alive", headers=JSON).json()
        assert (told["state"], told["idle_left"]) == ("open", 30 * MINUTE)
    assert manager.get("/students").status_code == 200


def test_a_part_of_a_page_is_told_of_the_lock_and_nothing_is_saved(small_world, manager, noon):
    noon.shift(30 * MINUTE)
    answer = manager.post("/perspective", {"grant": "1"}, headers=HTMX)

    assert answer.status_code == 423
    assert answer.json() == {
        "state": "locked",
        "way_back": "/session/locked?next=%2Fsession%2Fresumed",
    }
    told = manager.post("/session/unlock", {"password": w.PASSWORD}, headers=JSON).json()
    assert (told["state"], told["person"]) == ("open", small_world.case_manager.pk)
    assert (told["idle_left"], told["absolute_left"]) == (30 * MINUTE, 12 * HOUR - 30 * MINUTE)


def test_a_form_sent_to_a_locked_session_is_kept_and_can_be_sent_again(manager, noon):
    noon.shift(31 * MINUTE)
    sent = {"reason": "Ålder <b>", "day": ["1", "2"]}
    answer = manager.post("/students/search?x=1", sent, headers=SAME)

    assert answer.status_code == 423
    page = answer.content.decode()
    assert '<form method="post" action="/students/search?x=1">' in page
    assert '<input type="hidden" name="reason" value="Ålder &lt;b&gt;">' in page
    assert page.count('name="day"') == 2
    assert 'href="/session/locked?next=%2Fsession%2Fresumed" target="_blank"' in page


def test_a_form_sent_after_the_session_was_over_is_kept_too(manager, noon):
    noon.shift(12 * HOUR)
    answer = manager.post("/students/search", {"q": "Alder"}, headers=SAME)

    assert answer.status_code == 401
    page = answer.content.decode()
    assert '<input type="hidden" name="q" value="Alder">' in page
    assert 'href="/sign-in?next=%2Fsession%2Fresumed" target="_blank"' in page


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"q": "x"}, {"Sec-Fetch-Site": "cross-site"}),
        ({"q": "x"}, {}),
        ({"my_password": "secret-word"}, SAME),
    ],
)
def test_a_form_of_elsewhere_or_with_a_secret_is_not_kept(manager, noon, fields, headers):
    noon.shift(31 * MINUTE)
    answer = manager.post("/students/search", fields, headers=headers)

    assert answer.status_code == 302
    assert b"secret-word" not in answer.content


def test_twelve_hours_end_it_however_busy_it_was(manager, noon):
    for _ in range(35):
        noon.shift(20 * MINUTE)
        assert manager.get("/students").status_code == 200
    noon.shift(20 * MINUTE)

    assert manager.get("/students").url == "/sign-in?next=/students"
    assert not UserSession.objects.exists()
    part = manager.get("/students", headers=HTMX)
    assert (part.status_code, part.json()["state"]) == (401, "ended")


def test_unlocking_does_not_move_the_absolute_limit(manager, noon):
    noon.shift(11 * HOUR + 59 * MINUTE)
    assert manager.post("/session/unlock", {"password": w.PASSWORD}).status_code == 302
    assert manager.get("/students").status_code == 200
    noon.shift(MINUTE)

    assert manager.get("/students").url == "/sign-in?next=/students"


def test_guessing_at_the_lock_is_limited_and_counted_with_the_passwords(small_world, manager, noon):
    noon.shift(31 * MINUTE)
    answers = [manager.post("/session/unlock", {"password": "wrong"}).status_code for _ in range(10)]
    assert answers == [423] * 9 + [429]
    assert manager.post("/session/unlock", {"password": w.PASSWORD}).status_code == 429
    told = manager.post("/session/unlock", {"password": w.PASSWORD}, headers=JSON)
    assert told.status_code == 429 and "Wait 15 minutes" in told.json()["error"]
    sent = {"username": small_world.case_manager.email, "password": w.PASSWORD}
    assert Client().post("/sign-in", sent).status_code == 429


def test_unlocking_gives_no_second_factor(small_world, noon):
    client = Client()
    client.post("/sign-in", {"username": small_world.coordinator.email, "password": w.PASSWORD})
    noon.shift(31 * MINUTE)

    # Half a sign-in is over, not locked.
    assert client.post("/session/unlock", {"password": w.PASSWORD}).url == "/sign-in"
    assert client.get("/students").status_code == 302


def test_disabling_a_person_ends_every_session_at_the_next_request(small_world, manager):
    other = signed_in(small_world.case_manager, second="")
    assert manager.get("/students").status_code == other.get("/students").status_code == 200
    ended = disable_person(user=small_world.case_manager, by=small_world.coordinator_actor, reason="left")

    assert ended == 2
    for client in (manager, other):
        assert client.get("/students").url == "/sign-in?next=/students"
    sent = {"username": small_world.case_manager.email, "password": w.PASSWORD}
    assert Client().post("/sign-in", sent).status_code == 200
    event = ChangeEvent.objects.get(action="disable_person")
    assert (event.actor_user_id, event.reason, event.detail) == (
        small_world.coordinator.pk,
        "left",
        {"sessions": 2},
    )
    small_world.case_manager.refresh_from_db()
    User.objects.filter(pk=small_world.case_manager.pk).update(is_active=True)
    # The old sessions stay dead.
    assert manager.get("/students").status_code == 302
    assert Client().post("/sign-in", sent).status_code == 302


def test_one_sees_where_one_is_signed_in_and_ends_it_there(small_world, manager, noon):
    phone = Client(REMOTE_ADDR="10.1.2.3", HTTP_USER_AGENT="Mozilla/5.0 (iPhone; ...) Safari/604.1")
    phone.post("/sign-in", {"username": small_world.case_manager.email, "password": w.PASSWORD})
    stranger = signed_in(small_world.coordinator)
    page = manager.get("/account").content.decode()
    assert "Safari on iPhone" in page and "10.1.2.3" in page and "11/23/2026, 12:00 pm" in page
    assert page.count(">Sign out there") == 1
    there = UserSession.objects.get(ip="10.1.2.3")
    elses = UserSession.objects.get(user=small_world.coordinator)

    assert manager.post(f"/account/sessions/{elses.pk}/end").status_code == 302
    assert stranger.get("/students").status_code == 200
    assert manager.post(f"/account/sessions/{there.pk}/end").url == "/account"
    assert phone.get("/students").url == "/sign-in?next=/students"
    assert manager.get("/students").status_code == 200


def test_all_other_sessions_end_at_once(small_world, manager):
    others = [signed_in(small_world.case_manager, second="") for _ in range(3)]
    assert manager.post("/account/sessions/end-others").url == "/account"

    assert [client.get("/students").status_code for client in others] == [302] * 3
    assert manager.get("/students").status_code == 200


def test_ending_a_session_elsewhere_needs_a_proof_of_a_moment_ago(small_world, manager, noon):
    other = signed_in(small_world.case_manager, second="")
    noon.shift(301)
    there = UserSession.objects.exclude(session_key=manager.session.session_key).get()
    for address in (f"/account/sessions/{there.pk}/end", "/account/sessions/end-others"):
        assert manager.post(address).url == "/account/confirm?next=%2Faccount"
    assert other.get("/students").status_code == 200
    manager.post("/account/confirm", {"password": w.PASSWORD})
    assert manager.post(f"/account/sessions/{there.pk}/end").url == "/account"
    assert other.get("/students").status_code == 302


def test_an_id_that_was_signed_out_opens_nothing_any_more(small_world, manager):
    key = manager.session.session_key
    manager.post("/sign-out")
    thief = Client()
    thief.cookies["sessionid"] = key

    assert thief.get("/students").url == "/sign-in?next=/students"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/140.0 Safari/537.36", "Chrome on ChromeOS"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Gecko/20100101 Firefox/140.0", "Firefox on Mac"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_told_in_words(agent, words):
    assert device_words(agent) == words


def test_the_state_is_told_to_anybody_and_names_nobody(db):
    told = Client().get("/session").json()

    assert set(told) == {"state", "token", "way_back"}
    assert told["state"] == "nobody"
