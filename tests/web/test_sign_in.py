"""Signing in and out, and the lock after wrong passwords."""

import re
from datetime import UTC, datetime

import time_machine
from allauth.account.models import EmailAddress
from axes.models import AccessAttempt
from django.test import Client

from manzanita.auditing.models import ChangeEvent
from tests.support import world as w


def credentials(user, password=w.PASSWORD, **more):
    return {"username": user.email, "password": password, **more}


def test_the_e_mail_comes_first_and_then_the_password(small_world):
    client = Client()
    first = client.get("/sign-in").content.decode()
    second = client.post("/sign-in", {"username": small_world.coordinator.email}).content.decode()

    assert '<label class="flabel" for="f-username">E-mail' in first
    assert 'type="password"' not in first
    assert '<label class="flabel" for="f-password">Password' in second
    # Password managers and pasting are welcome.
    assert 'autocomplete="username"' in second and 'autocomplete="current-password"' in second
    assert "onpaste" not in second
    for page in (first, second):
        assert "<style" not in page and " style=" not in page and "<script>" not in page


def test_the_second_page_is_the_same_for_an_address_that_nobody_has(small_world):
    known = Client().post("/sign-in", {"username": "wren.placeholder@example.org"}).content.decode()
    unknown = Client().post("/sign-in", {"username": "wren.placeholder@example.com"}).content.decode()

    assert "example.com" in unknown and 'for="f-password"' in unknown
    token = r"[A-Za-z0-9]{64}"
    assert re.sub(token, "", known.replace("example.org", "")) == re.sub(
        token, "", unknown.replace("example.com", "")
    )


def test_the_right_password_leads_home(small_world):
    answer = Client().post("/sign-in", credentials(small_world.case_manager))

    assert (answer.status_code, answer.url) == (302, "/")


def test_a_wide_perspective_needs_a_second_step_and_keeps_the_page_asked_for(small_world):
    answer = Client().post("/sign-in", credentials(small_world.coordinator, next="/students?list=held"))

    assert answer.url == "/sign-in/second-factor?next=%2Fstudents%3Flist%3Dheld"


def test_the_page_asked_for_is_reached_after_signing_in(small_world):
    answer = Client().post("/sign-in", credentials(small_world.case_manager, next="/students?list=held"))

    assert answer.url == "/students?list=held"


def test_another_site_is_never_the_page_asked_for(small_world):
    answer = Client().post("/sign-in", credentials(small_world.case_manager, next="https://example.org/"))

    assert answer.url == "/"


def test_every_sign_in_has_a_new_session_id(small_world):
    client = Client()
    client.get("/sign-in/passkey/options?for=sign-in")
    before = client.session.session_key
    client.post("/sign-in", credentials(small_world.case_manager))
    first = client.session.session_key
    client.post("/sign-in", credentials(small_world.case_manager))

    assert before and len({before, first, client.session.session_key}) == 3
    assert client.get("/students").status_code == 200
    # What the earlier ids were worth, they are not any more.
    for key in (before, first):
        other = Client()
        other.cookies["sessionid"] = key
        assert other.get("/students").status_code == 302


def test_a_session_that_did_not_come_from_a_sign_in_here_is_nobodys(small_world):
    client = Client()
    client.force_login(small_world.case_manager, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get("/students").url == "/sign-in?next=/students"


def test_a_further_confirmed_address_signs_in_and_an_unconfirmed_one_does_not(small_world):
    person = small_world.case_manager
    EmailAddress.objects.create(user=person, email="wren@itinerant.example", verified=True)
    EmailAddress.objects.create(user=person, email="wren@claimed.example", verified=False)
    sent = {"password": w.PASSWORD}

    assert Client().post("/sign-in", {**sent, "username": "Wren@Itinerant.example"}).status_code == 302
    assert Client().post("/sign-in", {**sent, "username": "wren@claimed.example"}).status_code == 200


def test_what_happened_is_in_the_log_without_a_secret(small_world):
    client = Client()
    client.post("/sign-in", credentials(small_world.case_manager, "a wrong guess at it"))
    client.post("/sign-in", credentials(small_world.case_manager))
    client.post("/sign-out")

    events = ChangeEvent.objects.filter(subject_type="accounts.user", subject_id=small_world.case_manager.pk)
    assert list(events.order_by("pk").values_list("action", "actor_user_id", "detail")) == [
        ("fail_sign_in", None, {"step": "password"}),
        ("sign_in", small_world.case_manager.pk, {"first": "password", "second": ""}),
        ("sign_out", small_world.case_manager.pk, {}),
    ]


def test_a_wrong_password_says_so_and_keeps_the_address(small_world):
    answer = Client().post("/sign-in", credentials(small_world.coordinator, "wrong"))

    assert answer.status_code == 200
    page = answer.content.decode()
    assert "E-mail and password do not match an account." in page
    assert 'value="juniper.mockup@example.org"' in page
    assert 'value="wrong"' not in page


def test_an_unknown_account_reads_like_a_wrong_password(small_world):
    client = Client()

    known = client.post("/sign-in", credentials(small_world.coordinator, "wrong")).content.decode()
    unknown = client.post(
        "/sign-in", {"username": "nobody@example.org", "password": "wrong"}
    ).content.decode()

    assert "do not match an account" in known
    assert "do not match an account" in unknown


def test_a_signed_in_person_is_not_asked_again(small_world, sign_in):
    client = sign_in(small_world.coordinator)

    assert client.get("/sign-in").url == "/"


def test_the_eleventh_try_is_locked_out_even_with_the_right_password(small_world):
    client = Client()
    answers = [client.post("/sign-in", credentials(small_world.coordinator, "wrong")) for _ in range(10)]

    assert [answer.status_code for answer in answers] == [200] * 9 + [429]
    late = client.post("/sign-in", credentials(small_world.coordinator))
    # What axes keeps of a failed request has no password in it.
    assert "correct horse" not in str(list(AccessAttempt.objects.values_list("post_data", "get_data")))
    assert late.status_code == 429
    page = late.content.decode()
    assert "Wait 15 minutes without trying" in page
    assert "juniper" not in page


def test_the_lock_is_for_one_account_and_ends_after_fifteen_minutes(small_world):
    client = Client()
    for _ in range(10):
        client.post("/sign-in", credentials(small_world.coordinator, "wrong"))

    assert Client().post("/sign-in", credentials(small_world.case_manager)).status_code == 302
    with time_machine.travel(w.NOON.replace(minute=14), tick=False):
        assert Client().post("/sign-in", credentials(small_world.coordinator)).status_code == 429
    with time_machine.travel(w.NOON.replace(minute=31), tick=False):
        assert Client().post("/sign-in", credentials(small_world.coordinator)).status_code == 302


def test_signing_out_needs_a_post_and_ends_the_session(small_world, sign_in):
    client = sign_in(small_world.coordinator)

    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").url == "/sign-in"
    assert client.get("/students").status_code == 302


def test_the_last_sign_in_is_of_the_product_s_clock(small_world, monkeypatch):
    """As in a demonstration, where today is a day of its data and the machine has another."""
    told = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    monkeypatch.setattr("manzanita.platform.clock.now", lambda: told)
    small_world.case_manager.refresh_from_db()
    before = small_world.case_manager.last_login
    Client().post("/sign-in", credentials(small_world.case_manager))
    small_world.case_manager.refresh_from_db()
    assert before != told and small_world.case_manager.last_login == told
