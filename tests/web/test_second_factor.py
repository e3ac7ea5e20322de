"""The second factor: no path to a wide perspective goes around it."""

from __future__ import annotations

import re
from datetime import date

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import URLPattern, get_resolver

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import User
from manzanita.accounts.second_factor import (
    check_code,
    factors_of,
    has_second_factor,
    needs_second_factor,
    new_recovery_codes,
    reset_second_factor,
)
from manzanita.auditing.models import ChangeEvent
from tests.support import world as w
from tests.support.sign_in import code_at, code_now, signed_in

SECOND = "/sign-in/second-factor"


def patterns(resolver=None, prefix: str = "") -> list[tuple[str, URLPattern]]:
    """Every address of the site, ``<...>`` filled in, with its pattern."""
    found = []
    for one in (resolver or get_resolver()).url_patterns:
        path = prefix + str(one.pattern)
        found += [(path, one)] if isinstance(one, URLPattern) else patterns(one, path)
    return found


def filled(path: str) -> str:
    for kind, value in (
        ("uuid", "018f0000-0000-7000-8000-000000000000"),
        ("int", "1"),
        ("slug", "a"),
        ("str", "a"),
    ):
        path = re.sub(rf"<{kind}:\w+>", value, path)
    return "/" + re.sub(r"<\w+(:\w+)?>", "a", path)


def give_password(user) -> Client:
    client = Client()
    client.post("/sign-in", {"username": user.email, "password": w.PASSWORD})
    return client


def codes_shown(client: Client) -> list[str]:
    """On the page that follows a first factor."""
    page = client.get("/account/recovery-codes").content.decode()
    return [one.replace(" ", "") for one in re.findall(r"<li><code>([\d ]+)</code>", page)]


def grant_wide(world, user) -> None:
    grant_perspective(
        user=user,
        perspective_key="coordinator",
        agency=world.coordinator_grant.agency,
        starts_on=date(2026, 7, 1),
        by=None,
        reason="test",
    )


# What the site shows to everybody. A new page is behind sign-in unless it is added here on purpose.
OPEN_TO_ALL = {
    "sign_in",
    "sign_in_passkey",
    "sign_out",
    "openid_connect_callback",
    "ask_password",
    "new_password",
    "invitation",
    "passkey_options",
    "session_state",
    # Read by calendar programs, which cannot sign in: its address is the secret, and it names nobody.
    "calendar_feed",
}


def test_the_pages_for_everybody_are_these_and_no_others():
    is_open = {one.name for _, one in patterns() if not getattr(one.callback, "login_required", True)}

    assert is_open == OPEN_TO_ALL


def test_with_a_password_alone_a_wide_perspective_reaches_nothing_at_all(small_world):
    client = give_password(small_world.coordinator)
    reached = OPEN_TO_ALL | {"second_factor", "second_factor_setup", "authenticator_app", "passkey_add"}
    tried = 0
    for path, one in patterns():
        if one.name in reached:
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(filled(path))
            assert answer.status_code == 302 and answer.url.startswith(SECOND), (
                method,
                path,
                answer.status_code,
            )
            assert getattr(client, method)(filled(path), headers={"HX-Request": "true"}).status_code == 423, (
                path
            )
            tried += 1
    assert tried > 60
    # And where it may go, it gets no factor: there is one already.
    assert client.get(f"{SECOND}/setup").url == SECOND
    assert client.post(f"{SECOND}/app", {"code": "000000"}).url == SECOND
    assert client.post(f"{SECOND}/passkey", {"credential": "{}"}).url == SECOND
    assert client.get("/sign-in/passkey/options?for=new").status_code == 403
    assert client.get("/students").status_code == 302


def test_the_code_of_now_opens_and_is_good_once(small_world, noon):
    client = give_password(small_world.coordinator)
    before = client.session.session_key
    code = code_now()
    answer = client.post(SECOND, {"code": f"{code[:3]} {code[3:]}", "next": "/students?list=held"})

    assert answer.url == "/students?list=held"
    assert client.get("/students").status_code == 200
    assert client.session.session_key != before
    again = give_password(small_world.coordinator)
    refused = again.post(SECOND, {"code": code})
    assert refused.status_code == 200 and "each is good once" in refused.content.decode()
    assert again.get("/students").status_code == 302
    noon.shift(30)
    assert again.post(SECOND, {"code": code_now()}).status_code == 302


@pytest.mark.parametrize(
    ("periods_on", "is_right"), [(-2, False), (-1, False), (0, True), (1, False), (2, False)]
)
def test_a_code_lives_for_its_half_minute_alone(small_world, noon, periods_on, is_right):
    assert (check_code(small_world.coordinator, code_now(periods_on=periods_on)) == "totp") is is_right


def test_an_installation_may_take_codes_of_clocks_that_are_half_a_minute_off(small_world, noon, settings):
    settings.MFA_TOTP_TOLERANCE = 1
    assert [check_code(small_world.coordinator, code_now(periods_on=n)) for n in (-2, -1, 0, 1, 2)] == [
        *("", "totp", "totp", "totp", "")
    ]


def test_the_code_is_the_one_of_the_standard():
    # RFC 6238, appendix B, SHA-1: at 1111111109 s the eight digits end in 081804; 59 s: 287082.
    key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

    assert (code_at(59 // 30, key), code_at(1111111109 // 30, key)) == ("287082", "081804")


def test_guessing_codes_is_locked_for_the_account_wherever_it_is_tried(small_world, noon):
    client = give_password(small_world.coordinator)
    answers = [client.post(SECOND, {"code": "000000"}).status_code for _ in range(10)]

    assert answers == [200] * 9 + [429]
    elsewhere = Client(REMOTE_ADDR="10.9.9.9")
    elsewhere.post("/sign-in", {"username": small_world.coordinator.email, "password": w.PASSWORD})
    assert elsewhere.post(SECOND, {"code": code_now()}).status_code == 429
    noon.shift(16 * 60)
    assert elsewhere.post(SECOND, {"code": code_now()}).status_code == 302


def test_where_the_installation_asks_everybody_a_caseload_needs_one_too(small_world, settings):
    settings.SECOND_FACTOR_FOR_EVERYBODY = True
    client = give_password(small_world.case_manager)

    assert client.get("/students").url.startswith(SECOND)
    page = client.get(SECOND, follow=True).content.decode()
    assert "Set up a second factor" in page and "A password alone is not enough" in page


def test_a_caseload_alone_needs_none_and_may_have_one(small_world, noon):
    assert not needs_second_factor([small_world.case_manager_grant])
    assert needs_second_factor([small_world.case_manager_grant, small_world.coordinator_grant])
    client = give_password(small_world.case_manager)
    assert client.get("/students").status_code == 200
    page = client.get(f"{SECOND}/setup")
    key = re.search(r'class="key">([A-Z2-7 ]+)<', page.content.decode())[1].replace(" ", "")
    assert (
        client.post(f"{SECOND}/app", {"code": code_now(key), "next": "/account"}).url
        == "/account/recovery-codes"
    )
    # From now on it is asked for.
    again = give_password(small_world.case_manager)
    assert again.get("/students").url.startswith(SECOND)
    noon.shift(30)
    assert again.post(SECOND, {"code": code_now(key)}).status_code == 302


def test_a_first_sign_in_sets_one_up_before_anything_else(small_world):
    user = add_person(email="madrone.sketch@example.org", name="Madrone Sketch", password=w.PASSWORD)
    grant_wide(small_world, user)
    client = give_password(user)
    assert client.get("/students").url == f"{SECOND}?next=%2Fstudents"
    page = client.get(f"{SECOND}?next=/students").content.decode()
    assert "Set up a second factor" in page and "A password alone is not enough" in page
    assert 'src="data:image/svg+xml;base64,' in page
    key = re.search(r'class="key">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    wrong = client.post(f"{SECOND}/app", {"code": "000000", "next": "/students"})
    assert "That is not the code of now" in wrong.content.decode() and not has_second_factor(user)
    code = code_now(key)
    answer = client.post(f"{SECOND}/app", {"code": code, "next": "/students"})

    assert answer.url == "/account/recovery-codes"
    codes = client.get(answer.url).content.decode()
    assert codes.count("<li><code>") == 10 and 'href="/students"' in codes
    assert client.get("/students").status_code == 200
    # Shown once; and what proved the app does not sign in again.
    assert client.get("/account/recovery-codes").url == "/account"
    assert give_password(user).post(SECOND, {"code": code}).status_code == 200
    row = Authenticator.objects.get(user=user, type="totp")
    assert key not in str(row.data)


def test_a_recovery_code_stands_in_once_and_is_told_by_mail(small_world, mailoutbox):
    user = small_world.case_manager
    client = signed_in(user, second="")
    key = re.search(r'class="key">([A-Z2-7 ]+)<', client.get(f"{SECOND}/setup").content.decode())[1].replace(
        " ", ""
    )
    client.post(f"{SECOND}/app", {"code": code_now(key)})
    code = codes_shown(client)[3]
    mailoutbox.clear()
    again = give_password(user)
    assert again.post(SECOND, {"code": f"{code[:5]} {code[5:]}"}).status_code == 302
    assert again.get("/students").status_code == 200
    assert [mail.subject for mail in mailoutbox] == ["Manzanita: A recovery code was used"]
    assert give_password(user).post(SECOND, {"code": code}).status_code == 200
    assert factors_of(user).recovery_left == 9


def test_recovery_codes_are_stored_as_hashes_of_a_slow_kind_and_made_anew(small_world, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user = small_world.case_manager
    codes = new_recovery_codes(user)
    stored = Authenticator.objects.get(user=user, type="recovery_codes").data

    assert list(stored) == ["hashes"] and len(set(stored["hashes"])) == len(set(codes)) == 10
    kind, rounds, salt, _ = stored["hashes"][0].split("$")
    # As passwords are; a salt of 22 signs of 62 is 131 bits.
    assert kind == "pbkdf2_sha256" and int(rounds) >= 600_000 and len(salt) == 22
    assert not any(code in str(stored) for code in codes)
    # Other rounds for what comes later do not spoil what is there.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    assert check_code(user, codes[7]) == "recovery" and check_code(user, codes[7]) == ""
    assert check_code(user, "0000000000") == check_code(user, codes[0][:9]) == ""
    renewed = new_recovery_codes(user)
    assert check_code(user, codes[0]) == "" and check_code(user, renewed[0]) == "recovery"


def test_a_grant_that_widens_leads_to_the_second_step_at_the_next_request(small_world, sign_in):
    client = give_password(small_world.case_manager)
    assert client.get("/students").status_code == 200
    grant_wide(small_world, small_world.case_manager)

    assert client.get("/students").url == f"{SECOND}?next=%2Fstudents"
    # Going on through the narrow perspective is no way around it.
    assert client.post("/perspective", {"grant": small_world.case_manager_grant.pk}).url.startswith(SECOND)
    part = client.get("/students", headers={"HX-Request": "true"})
    assert (part.status_code, part.json()["state"]) == (423, "second_factor")


def test_a_reset_by_an_administrator_ends_sessions_is_logged_and_told(small_world, sign_in, mailoutbox):
    user = small_world.coordinator
    client = sign_in(user)
    assert client.get("/students").status_code == 200
    with pytest.raises(ValueError, match="needs a reason"):
        reset_second_factor(user=user, by=small_world.case_manager_actor, reason=" ")
    assert has_second_factor(user)
    reset_second_factor(user=user, by=small_world.case_manager_actor, reason="Seen in person with badge")

    assert not Authenticator.objects.filter(user=user).exists()
    assert client.get("/students").url == "/sign-in?next=/students"
    event = ChangeEvent.objects.get(action="reset_second_factor")
    assert (event.actor_user_id, event.subject_id) == (small_world.case_manager.pk, user.pk)
    assert (event.reason, event.detail) == ("Seen in person with badge", {"factors": 1, "sessions": 1})
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        ([user.email], "Manzanita: Your second factor was reset")
    ]
    # What comes next is a new factor, not none.
    assert give_password(user).get("/students").url.startswith(SECOND)


def test_a_closed_account_that_is_opened_again_still_needs_its_factor(small_world):
    User.objects.filter(pk=small_world.coordinator.pk).update(is_active=True)

    assert give_password(small_world.coordinator).get("/students").url.startswith(SECOND)


@pytest.mark.parametrize(
    "credential", ["", "{}", "null", "[]", "not json", '{"response": {"userHandle": "MQ"}}']
)
def test_a_made_up_passkey_opens_nothing_and_breaks_nothing(small_world, credential):
    client = Client()
    client.get("/sign-in/passkey/options?for=sign-in")
    answer = client.post("/sign-in/passkey", {"credential": credential})

    assert answer.status_code == 200
    assert "That passkey does not open an account here." in answer.content.decode()
    assert client.get("/students").status_code == 302
    second = give_password(small_world.coordinator)
    second.get("/sign-in/passkey/options?for=factor")
    assert second.post(SECOND, {"credential": credential}).status_code == 200
    assert second.get("/students").status_code == 302


def test_with_another_secret_key_no_code_is_right_and_the_log_says_why(small_world, settings, caplog):
    client = give_password(small_world.coordinator)
    key, settings.SECRET_KEY = settings.SECRET_KEY, "lost and made anew"
    assert check_code(small_world.coordinator, code_now()) == ""
    assert "the secret key of this installation is not the one they had" in caplog.text
    settings.SECRET_KEY_FALLBACKS = [key]
    assert check_code(small_world.coordinator, code_now()) == "totp"
    assert client.get("/students").status_code == 302
