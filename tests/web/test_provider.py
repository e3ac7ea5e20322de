"""Signing in through a district's provider: who is let in, and everything that lets nobody in."""

from __future__ import annotations

import html
import re
from datetime import date

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.db import IntegrityError, transaction
from django.test import Client

from manzanita.accounts.actions import disable_person
from manzanita.accounts.models import SignInDomain, User
from manzanita.accounts.sign_in_domains import set_sign_in_domain
from manzanita.auditing.models import ChangeEvent
from manzanita.orgs.models import Agency
from tests.support import world as w
from tests.support.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.support.sign_in import code_now

SECOND = "/sign-in/second-factor"


@pytest.fixture(scope="module")
def running():
    with Provider() as provider:
        yield provider


@pytest.fixture
def provider(running, monkeypatch):
    """The provider of example.org, which says that Wren is there."""
    monkeypatch.setenv("MANZANITA_OIDC_TESTS", CLIENT_SECRET)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running.claims = {"email": "wren.placeholder@example.org", "email_verified": True}
    running.forge, running.algorithm, running.cancels, running.issuer = False, "RS256", False, ""
    running.leads_away, running.asked = set(), []
    return running


@pytest.fixture
def domain(small_world, provider) -> SignInDomain:
    return make_domain(small_world, provider)


def make_domain(world, provider, **changes) -> SignInDomain:
    values = {
        "domain": "example.org",
        "agency": Agency.objects.get(code=w.LEA),
        "server_url": provider.address,
        "client_id": CLIENT_ID,
        "secret_reference": "env:MANZANITA_OIDC_TESTS",
        "starts_on": date(2026, 7, 1),
    }
    return SignInDomain.objects.create(**{**values, **changes})


def go(client: Client, email: str, next_address: str = "") -> str:
    """Enter the e-mail; where the site sends the person."""
    page = client.post("/sign-in", {"username": email, "next": next_address}).content.decode()
    return html.unescape(re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page)[1])


def come_back(client: Client, provider: Provider, email: str = "wren.placeholder@example.org", **more):
    return client.get(provider.sign_in(go(client, email, **more)))


def test_the_domain_of_the_address_leads_to_its_provider_and_back(domain, provider):
    client = Client()
    there = go(client, "Wren.Placeholder@EXAMPLE.org")
    assert there.startswith(f"{provider.address}/authorize?")
    answer = come_back(client, provider, next_address="/students?list=held")

    assert answer.url == "/students?list=held"
    assert client.get("/students").wsgi_request.user.email == "wren.placeholder@example.org"
    # allauth keeps nothing, and no secret is anywhere in the database.
    assert (
        not SocialAccount.objects.exists()
        and not SocialApp.objects.exists()
        and not SocialToken.objects.exists()
    )
    assert CLIENT_SECRET not in str(SignInDomain.objects.values())


def test_another_domain_is_asked_for_a_password(domain, small_world):
    page = Client().post("/sign-in", {"username": "somebody@example.com"}).content.decode()

    assert 'type="password"' in page and "http-equiv" not in page


@pytest.mark.parametrize("dates", [{"starts_on": date(2026, 11, 24)}, {"ends_on": date(2026, 11, 22)}])
def test_a_provider_that_is_not_in_force_is_not_used(small_world, provider, dates):
    domain = make_domain(small_world, provider, **dates)
    page = Client().post("/sign-in", {"username": "wren.placeholder@example.org"}).content.decode()

    assert 'type="password"' in page
    assert Client().get(f"/sign-in/provider/domain-{domain.pk}?code=x&state=y").status_code == 404


def refused(client: Client, provider: Provider) -> str:
    answer = come_back(client, provider)
    assert answer.status_code == 403
    assert client.get("/students").status_code == 302
    page = answer.content.decode()
    assert "Ask the SEDS coordinator of your district" in page
    return " ".join(html.unescape(page).split())


def test_an_unknown_address_gets_no_account_and_is_told_whom_to_ask(domain, provider):
    provider.claims["email"] = "madrone.sketch@example.org"
    before = User.objects.count()

    assert "no account for madrone.sketch@example.org here. Nothing was made." in refused(Client(), provider)
    assert User.objects.count() == before


def test_a_provider_speaks_for_its_own_domain_only(small_world, domain, provider):
    # A person of another district, known here under that district's address.
    person = User.objects.create_user(email="egret@other.example", name="Egret Doodle")
    provider.claims["email"] = person.email

    assert "named an address outside example.org" in refused(Client(), provider)


def test_the_answer_of_one_provider_is_worth_nothing_at_anothers_address(small_world, domain, provider):
    other = make_domain(small_world, provider, domain="other.example")
    client = Client()
    back = provider.sign_in(go(client, "wren.placeholder@example.org"))
    answer = client.get(back.replace(f"domain-{domain.pk}?", f"domain-{other.pk}?"))

    assert answer.status_code == 403
    assert client.get("/students").status_code == 302


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email": ""},
        {"email": "wren.placeholder@example.org.evil.example"},
        {"email": "wren.placeholder@sub.example.org"},
        {"aud": "somebody-else"},
        {"iss": "http://elsewhere.example"},
        {"exp": 1},
    ],
)
def test_what_does_not_fit_signs_nobody_in(domain, provider, claims):
    provider.claims |= claims

    refused(Client(), provider)


def test_a_district_can_vouch_for_addresses_that_its_provider_does_not_call_verified(small_world, provider):
    make_domain(small_world, provider, is_email_vouched=True)
    del provider.claims["email_verified"]

    assert come_back(Client(), provider).status_code == 302


def test_a_token_with_a_signature_that_is_not_the_providers_signs_nobody_in(domain, provider):
    provider.forge = True
    refused(Client(), provider)
    provider.forge = False
    for algorithm in ("none", "HS256"):
        provider.algorithm = algorithm
        refused(Client(), provider)


def test_a_provider_that_calls_itself_another_than_was_set_up_signs_nobody_in(domain, provider):
    provider.issuer = "http://login.other.example"
    refused(Client(), provider)
    provider.issuer = f"{provider.address}/"
    assert come_back(Client(), provider).status_code == 302


@pytest.mark.parametrize("path", ["/token", "/keys"])
def test_a_provider_that_leads_elsewhere_is_not_followed(domain, provider, path):
    """A redirect would carry the client's secret, or the question for keys, to an address that nobody set up."""
    provider.leads_away = {path}
    client = Client()
    answer = come_back(client, provider)

    assert answer.status_code == 403 and client.get("/students").status_code == 302
    assert path in provider.asked and not [one for one in provider.asked if one.startswith("/elsewhere")]
    provider.leads_away = set()
    assert come_back(client, provider).status_code == 302


def test_a_provider_that_is_somewhere_else_now_is_not_looked_for_there(domain, provider):
    provider.leads_away = {"/.well-known/openid-configuration"}
    answer = Client().post("/sign-in", {"username": "wren.placeholder@example.org"})

    assert (
        answer.status_code == 403 and "Ask the SEDS coordinator of your district" in answer.content.decode()
    )
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_an_answer_is_good_once_and_only_in_the_browser_that_asked(domain, provider):
    client = Client()
    back = provider.sign_in(go(client, "wren.placeholder@example.org"))
    assert Client().get(back).status_code == 403
    assert client.get(back).status_code == 302
    client.post("/sign-out")
    assert client.get(back).status_code == 403
    assert client.get("/students").status_code == 302


def test_leaving_the_provider_signs_nobody_in(domain, provider):
    provider.cancels = True

    assert "You left the sign-in of your district before its end." in refused(Client(), provider)


def test_a_closed_account_stays_closed(small_world, domain, provider):
    disable_person(user=small_world.case_manager, by=None, reason="left")

    assert "This account is closed." in refused(Client(), provider)


@pytest.mark.parametrize("reference", ["env:MANZANITA_OIDC_MISSING", "file:none"])
def test_a_provider_that_is_not_set_up_says_so(small_world, provider, reference):
    make_domain(small_world, provider, secret_reference=reference)
    answer = Client().post("/sign-in", {"username": "wren.placeholder@example.org"})

    assert answer.status_code == 403
    assert "did not answer as it should" in answer.content.decode()


@pytest.mark.parametrize("reference", ["the secret itself", "env:PATH", "env:MANZANITA_SECRET_KEY"])
def test_a_secret_is_a_reference_to_a_place_for_such_secrets(small_world, provider, reference):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_domain(small_world, provider, secret_reference=reference)


def test_a_file_outside_the_folder_of_secrets_is_not_read(small_world, provider, settings):
    (settings.VAR_DIR / "secret_beside").write_text(CLIENT_SECRET)
    make_domain(small_world, provider, secret_reference="file:../secret_beside")
    answer = Client().post("/sign-in", {"username": "wren.placeholder@example.org"})

    assert answer.status_code == 403


# The second factor


def as_coordinator(client: Client, provider: Provider, **claims):
    provider.claims |= {"email": "juniper.mockup@example.org", **claims}
    return come_back(client, provider, "juniper.mockup@example.org")


@pytest.mark.parametrize("claims", [{}, {"amr": ["pwd", "mfa"]}, {"acr": "mfa"}])
def test_a_provider_that_is_not_trusted_for_it_does_not_replace_the_second_factor(domain, provider, claims):
    client = Client()

    assert as_coordinator(client, provider, **claims).url.startswith(SECOND)
    assert client.get("/students").status_code == 302
    assert client.post(SECOND, {"code": code_now()}).status_code == 302
    assert client.get("/students").status_code == 200


@pytest.mark.parametrize(
    ("claims", "is_enough"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "urn:two"}, True),
        ({"amr": ["pwd"]}, False),
        ({"acr": "1"}, False),
    ],
)
def test_a_trusted_provider_counts_when_it_says_that_there_was_one(small_world, provider, claims, is_enough):
    make_domain(small_world, provider, mfa_values="mfa urn:two")
    client = Client()
    as_coordinator(client, provider, **claims)

    assert (client.get("/students").status_code == 200) is is_enough


# No password


def test_a_district_can_allow_no_password(small_world, provider, mailoutbox):
    make_domain(small_world, provider, password_allowed=False)
    client = Client()
    for email in ("wren.placeholder@example.org", "nobody@example.org"):
        page = client.post("/sign-in", {"username": email, "password": w.PASSWORD}).content.decode()
        assert "Chaparral Unified allows no password here" in page
    assert client.get("/students").status_code == 302
    client.post("/sign-in/new-password", {"email": "wren.placeholder@example.org"})
    (mail,) = mailoutbox
    assert "Chaparral Unified signs its people in through" in mail.body and "http" not in mail.body


def test_a_second_address_is_no_way_around_a_district_without_passwords(small_world, provider):
    make_domain(small_world, provider, password_allowed=False)
    EmailAddress.objects.create(user=small_world.case_manager, email="wren@home.example", verified=True)
    page = (
        Client().post("/sign-in", {"username": "wren@home.example", "password": w.PASSWORD}).content.decode()
    )

    assert "Chaparral Unified allows no password here" in page


def test_a_domain_has_a_way_in(small_world, provider):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_domain(small_world, provider, password_allowed=False, server_url="", client_id="")


# Setting a domain up


def set_up(world, **changes):
    values = {
        "domain": "@Example.ORG ",
        "agency": Agency.objects.get(code=w.LEA),
        "starts_on": date(2026, 7, 1),
        "by": world.coordinator_actor,
        "reason": "contract signed",
        "server_url": "https://login.example.org",
        "client_id": "m",
        "secret_reference": "file:example-org",
    }
    return set_sign_in_domain(**{**values, **changes})


def test_a_domain_is_set_up_changed_and_logged_without_its_secret(small_world):
    row = set_up(small_world)
    set_up(small_world, password_allowed=False, mfa_values="mfa")

    assert SignInDomain.objects.get().domain == "example.org"
    assert list(
        ChangeEvent.objects.filter(subject_type="accounts.signindomain").values_list("action", "detail")
    ) == [
        ("add_sign_in_domain", {"password_allowed": True, "has_provider": True}),
        ("change_sign_in_domain", {"password_allowed": False, "has_provider": True}),
    ]
    assert row.secret_reference == "file:example-org"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"domain": "example"}, "domain"),
        ({"domain": "a@example.org"}, "domain"),
        ({"client_id": ""}, "server_url and client_id"),
        ({"server_url": "", "client_id": "", "password_allowed": False}, "password_allowed"),
        ({"secret_reference": "hunter2"}, "secret_reference"),
        ({"secret_reference": "file:../secret_key"}, "secret_reference"),
        ({"secret_reference": "env:DATABASE_URL"}, "secret_reference"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(small_world, changes, field):
    with pytest.raises(ValueError, match=f"^{field}: "):
        set_up(small_world, **changes)
    assert not SignInDomain.objects.exists()


def test_no_district_takes_over_the_domain_of_another(small_world):
    set_up(small_world)
    with pytest.raises(ValueError, match=r"^domain: example\.org belongs to Chaparral Unified"):
        set_up(small_world, agency=Agency.objects.get(code=w.OTHER_LEA))


def test_in_production_a_provider_needs_tls(small_world, settings):
    settings.PRODUCTION = True
    with pytest.raises(ValueError, match=r"^server_url: "):
        set_up(small_world, server_url="http://login.example.org")
