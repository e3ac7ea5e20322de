"""Invitation, new password, own account: none of them is a door beside the second factor."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from manzanita.accounts.actions import add_person, disable_person
from manzanita.accounts.lifecycle import invite_person
from manzanita.accounts.second_factor import has_second_factor
from tests.support import world as w
from tests.support.sign_in import code_now, signed_in

NEW = "granite lupine otter fog"
SECOND = "/sign-in/second-factor"


def link_in(mail) -> str:
    return re.search(r"https?://[^/\s]+(/\S+)", mail.body)[1]


def chosen(password: str = NEW, again: str | None = None) -> dict[str, str]:
    return {"new_password1": password, "new_password2": password if again is None else again}


def test_a_new_password_by_mail_never_skips_the_second_factor(small_world, mailoutbox):
    signed_in_before = signed_in(small_world.coordinator)
    client = Client()
    page = client.post("/sign-in/new-password", {"email": small_world.coordinator.email})
    assert "If juniper.mockup@example.org belongs to an account here" in page.content.decode()
    (mail,) = mailoutbox
    assert mail.to == ["juniper.mockup@example.org"]
    link = link_in(mail)
    assert client.post(link, chosen()).status_code == 200

    # Not signed in by it, everything before is over, and the factor is as it was.
    assert client.get("/students").status_code == 302
    assert signed_in_before.get("/students").url == "/sign-in?next=/students"
    assert has_second_factor(small_world.coordinator)
    client.post("/sign-in", {"username": small_world.coordinator.email, "password": NEW})
    assert client.get("/students").url.startswith(SECOND)
    assert client.post(SECOND, {"code": code_now()}).status_code == 302
    assert client.get("/students").status_code == 200
    assert [one.subject for one in mailoutbox[1:]] == ["Manzanita: Your password was changed"]
    # Once is once.
    assert Client().post(link, chosen("another long enough one")).status_code == 410
    assert Client().get(link).status_code == 410


@pytest.mark.parametrize(("seconds", "status"), [(3599, 200), (3601, 410)])
def test_the_link_is_good_for_an_hour(small_world, mailoutbox, noon, seconds, status):
    Client().post("/sign-in/new-password", {"email": small_world.case_manager.email})
    noon.shift(seconds)

    assert Client().get(link_in(mailoutbox[0])).status_code == status


def test_an_unknown_or_closed_account_gets_no_mail_and_the_same_page(small_world, mailoutbox):
    disable_person(user=small_world.case_manager, by=None, reason="left")
    for email in ("nobody@example.org", small_world.case_manager.email):
        page = Client().post("/sign-in/new-password", {"email": email}).content.decode()
        assert f"If {email} belongs to an account here, a link is on its way." in page
    assert mailoutbox == []


def test_nobodys_mailbox_is_filled(small_world, mailoutbox):
    for _ in range(5):
        Client().post("/sign-in/new-password", {"email": "JUNIPER.mockup@example.org"})

    assert len(mailoutbox) == 3


def test_an_account_begins_with_an_invitation_and_nobody_elses_password(small_world, mailoutbox, noon):
    user = add_person(email="madrone.sketch@example.org", name="Madrone Sketch", password=None)
    invite_person(user=user, by=small_world.coordinator_actor, site="https://seds.example/")
    (mail,) = mailoutbox
    assert mail.to == ["madrone.sketch@example.org"] and "https://seds.example/invitation/" in mail.body
    noon.shift(7 * 24 * 3600 - 1)
    client, link = Client(), link_in(mail)
    page = client.get(link).content.decode()
    assert "Madrone Sketch, this is your account." in page and 'autocomplete="new-password"' in page
    assert client.post(link, chosen()).status_code == 200
    assert client.get("/").status_code == 302
    assert client.post("/sign-in", {"username": user.email, "password": NEW}).status_code == 302
    assert Client().get(link).status_code == 410


def test_an_invitation_is_too_old_after_seven_days(small_world, mailoutbox, noon):
    user = add_person(email="madrone.sketch@example.org", name="Madrone Sketch", password=None)
    invite_person(user=user, by=None, site="https://seds.example")
    noon.shift(7 * 24 * 3600 + 1)
    answer = Client().get(link_in(mailoutbox[0]))

    assert answer.status_code == 410
    assert "ask who invited you for a new link" in answer.content.decode()


def test_a_link_for_one_thing_is_not_good_for_another(small_world, mailoutbox):
    invite_person(user=small_world.case_manager, by=None, site="https://seds.example")
    token = link_in(mailoutbox[0]).rpartition("/")[2]

    assert Client().get(f"/sign-in/new-password/{token}").status_code == 410


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (chosen("fourteen signs"), "at least 15 characters"),
        (chosen("passwordpassword"), "a common password made longer"),
        (chosen("123456789012345"), "a common password made longer"),
        (chosen("!!!sunshine!!!!2026"), "a common password made longer"),
        (chosen("qwertyuiopasdfgh"), "a common password made longer"),
        (chosen("1q2w3e4r5t6y7u8i9o0p"), "too common"),
        (chosen("Manzanita-CALPADS-2026!"), "everybody here would try first"),
        (chosen("SpecialEducation.Teacher7"), "everybody here would try first"),
        (chosen("juniper.mockup@example.org"), "too similar to the email"),
        (chosen("polniypizdec0211"), "known from a breach"),
        (chosen("PolniyPizdec0211"), "known from a breach"),
        (chosen(NEW, "granite lupine otter fig"), "match"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(small_world, mailoutbox, sent, told):
    Client().post("/sign-in/new-password", {"email": small_world.coordinator.email})
    answer = Client().post(link_in(mailoutbox[0]), sent)

    assert answer.status_code == 200
    assert told in answer.content.decode()
    assert Client().get(link_in(mailoutbox[0])).status_code == 200


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "日本の春はとても美しいですねえ",
        "manzanita blooms over granite",
        "a heron waits where two creeks meet and nobody has counted the stones since winter came",
    ],
)
def test_no_sign_is_asked_for_and_none_is_forbidden(small_world, mailoutbox, password):
    Client().post("/sign-in/new-password", {"email": small_world.case_manager.email})
    Client().post(link_in(mailoutbox[0]), chosen(password))

    sent = {"username": small_world.case_manager.email, "password": password}
    assert Client().post("/sign-in", sent).status_code == 302


# The account page


def test_the_account_page_shows_what_is_ones_own(small_world, sign_in):
    page = " ".join(sign_in(small_world.coordinator).get("/account").content.decode().split())

    assert '<th scope="row">SEDS coordinator</th><td>Chaparral Unified</td><td>07/01/2025</td>' in page
    assert "the installation" in page
    assert "Authenticator app" in page and "juniper.mockup@example.org" in page
    assert "wren.placeholder" not in page


def test_how_one_signs_in_is_changed_only_a_moment_after_proving_who_one_is(small_world, sign_in, noon):
    client = sign_in(small_world.coordinator)
    noon.shift(301)
    confirm = "/account/confirm?next=%2Faccount"
    assert client.post("/account/app/remove").url == confirm
    assert client.post("/account/recovery-codes/new").url == confirm
    assert client.post("/account/addresses", {"email": "x@example.com"}).url == confirm
    assert client.get("/account/password").url == confirm
    assert client.get(f"{SECOND}/setup").url == "/account/confirm"
    assert client.post("/account/confirm", {"password": w.PASSWORD}).status_code == 200
    assert client.post("/account/confirm", {"password": "wrong", "code": code_now()}).status_code == 200
    assert client.get("/account/password").url == confirm
    proven = client.post("/account/confirm", {"password": w.PASSWORD, "code": code_now(), "next": "/account"})
    assert proven.url == "/account"
    assert client.get("/account/password").status_code == 200


def test_a_made_up_passkey_proves_nothing(small_world, noon):
    # Neither for who has a password alone, nor beside a wrong one.
    for user, second in ((small_world.case_manager, ""), (small_world.coordinator, "totp")):
        client = signed_in(user, second=second)
        noon.shift(301)
        answer = client.post("/account/confirm", {"credential": "{}", "password": "wrong"})
        assert answer.status_code == 200
        assert client.get("/account/password").url == "/account/confirm?next=%2Faccount"


def test_guessing_while_proving_again_is_limited_too(small_world, noon):
    client = signed_in(small_world.case_manager, second="")
    noon.shift(301)
    answers = [client.post("/account/confirm", {"password": "wrong"}).status_code for _ in range(10)]

    assert answers == [200] * 9 + [429]


def test_the_last_factor_of_a_wide_perspective_stays_and_says_why(small_world, sign_in):
    page = sign_in(small_world.coordinator).post("/account/app/remove", follow=True).content.decode()

    assert "It is your only second factor" in page and "Add another first" in page
    assert has_second_factor(small_world.coordinator)


def test_a_changed_password_ends_all_other_sessions(small_world, mailoutbox):
    here, other = (signed_in(small_world.case_manager, second="") for _ in range(2))
    wrong = here.post("/account/password", {**chosen(), "old_password": "not it"})
    assert "Your old password was entered incorrectly" in wrong.content.decode()
    assert other.get("/students").status_code == 200
    assert here.post("/account/password", {**chosen(), "old_password": w.PASSWORD}).url == "/account"

    assert here.get("/students").status_code == 200
    assert other.get("/students").status_code == 302
    assert [mail.subject for mail in mailoutbox] == ["Manzanita: Your password was changed"]


def test_a_further_address_counts_when_its_link_was_used(small_world, mailoutbox):
    client = signed_in(small_world.case_manager, second="")
    client.post("/account/addresses", {"email": "Wren@Itinerant.example"})
    (mail,) = mailoutbox
    assert mail.to == ["wren@itinerant.example"]
    link = link_in(mail)
    # For somebody else's session the link is worth nothing, and looking at it changes nothing.
    signed_in(small_world.coordinator).post(link)
    assert client.get(link).status_code == 200
    assert not EmailAddress.objects.get().verified
    assert client.post(link).url == "/account"
    assert EmailAddress.objects.get().verified
    taken = client.post(
        "/account/addresses", {"email": "juniper.mockup@example.org"}, follow=True
    ).content.decode()
    assert "belongs to an account already" in taken
    assert EmailAddress.objects.count() == 1
