"""Signing in and out, and the lock after wrong passwords."""

import time_machine
from django.test import Client

from tests.support import world as w


def credentials(user, password=w.PASSWORD, **more):
    return {"username": user.email, "password": password, **more}


def test_the_page_has_labels_and_no_inline_script_or_style(small_world):
    page = Client().get("/sign-in").content.decode()

    assert '<label class="flabel" for="f-username">E-mail' in page
    assert '<label class="flabel" for="f-password">Password' in page
    assert 'autocomplete="current-password"' in page
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page


def test_the_right_password_leads_home(small_world):
    answer = Client().post("/sign-in", credentials(small_world.coordinator))

    assert (answer.status_code, answer.url) == (302, "/")


def test_the_page_asked_for_is_reached_after_signing_in(small_world):
    answer = Client().post("/sign-in", credentials(small_world.coordinator, next="/students?list=held"))

    assert answer.url == "/students?list=held"


def test_another_site_is_never_the_page_asked_for(small_world):
    answer = Client().post("/sign-in", credentials(small_world.coordinator, next="https://example.org/"))

    assert answer.url == "/"


def test_a_wrong_password_says_so_and_keeps_the_address(small_world):
    answer = Client().post("/sign-in", credentials(small_world.coordinator, "wrong"))

    assert answer.status_code == 200
    page = answer.content.decode()
    assert "E-mail and password do not match an account." in page
    assert 'value="juniper.mockup@example.org"' in page
    assert "wrong" not in page


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
