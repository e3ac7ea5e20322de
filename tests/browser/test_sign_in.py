"""Signing in with a real browser: password and code, passkey, a district's provider; and a session that locks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.person import CASE_MANAGER, COORDINATOR, Person, code_book
from tests.support import state_files as w
from tests.support.forked import ForkedSystem
from tests.support.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.support.system import System

# Longer than looking at a page takes on a busy machine, and no longer: five stories wait for it.
IDLE_SECONDS = 12


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def system(folder, databases, provider) -> Iterator[System]:
    """The small world with a provider for one of two domains; the session locks after some seconds."""
    database = databases.migrated()
    running = ForkedSystem(
        folder / "system", database, MANZANITA_OIDC_TESTS=CLIENT_SECRET, NO_PROXY="127.0.0.1,localhost"
    )
    try:
        running.output("-m", "tests.support.build")
        running.output("-c", ADD_DOMAIN, provider.address, CLIENT_ID)
        running.start_web(MANZANITA_IDLE_SECONDS=str(IDLE_SECONDS))
        yield running
    finally:
        running.stop()
        databases.drop(database)


ADD_DOMAIN = f"""
import sys, django
django.setup()
from datetime import date
from allauth.account.models import EmailAddress
from manzanita.accounts.models import SignInDomain, User
from manzanita.orgs.models import Agency
SignInDomain.objects.create(
    domain="district.example", agency=Agency.objects.get(code="{w.LEA}"), server_url=sys.argv[1],
    client_id=sys.argv[2], secret_reference="env:MANZANITA_OIDC_TESTS", mfa_values="mfa",
    starts_on=date(2026, 7, 1),
)
user = User.objects.get(email="{COORDINATOR}")
EmailAddress.objects.create(user=user, email="juniper@district.example", verified=True)
User.objects.create_user(email="madrone.sketch@example.org", name="Madrone Sketch", password="{w.PASSWORD}")
"""


@pytest.fixture
def newcomer(browser, system) -> Iterator[Person]:
    """A browser window with nobody signed in, at the site's name: a passkey belongs to a name."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    yield Person(page, system.address.replace("127.0.0.1", "localhost"))
    context.close()


def enter_password(person: Person, email: str) -> Page:
    page = person.page
    person.go("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Password").fill(w.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    return page


def expect_home(page: Page) -> None:
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_password_and_code_and_every_page_on_the_way_is_fit_to_be_read(newcomer):
    newcomer.go("/sign-in")
    newcomer.look("sign-in")
    newcomer.page.get_by_label("E-mail").fill(COORDINATOR)
    newcomer.page.keyboard.press("Enter")
    expect(newcomer.page.get_by_label("Password")).to_be_focused()
    newcomer.look("sign-in-password")
    newcomer.page.get_by_label("Password").fill(w.PASSWORD)
    newcomer.page.keyboard.press("Enter")
    expect(newcomer.page.get_by_role("heading", name="Second step")).to_be_visible()
    expect(newcomer.page.get_by_label("Code")).to_be_focused()
    newcomer.look("second-step")
    newcomer.page.get_by_label("Code").fill("000000")
    newcomer.page.keyboard.press("Enter")
    expect(newcomer.page.get_by_text("That is not the code of now.")).to_be_visible()
    newcomer.page.get_by_label("Code").fill(code_book(COORDINATOR, w.TOTP_KEY).code())
    newcomer.page.keyboard.press("Enter")
    expect_home(newcomer.page)
    newcomer.go("/account")
    newcomer.look("account")


def test_a_forgotten_password_has_a_page(newcomer):
    newcomer.go("/sign-in/new-password")
    newcomer.look("password-ask")
    newcomer.page.get_by_label("E-mail").fill("nobody@example.org")
    newcomer.page.get_by_role("button", name="Send the link").click()
    expect(newcomer.page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    newcomer.look("password-asked")


def test_a_passkey_is_made_and_then_signs_in_alone(newcomer):
    page = enter_password(newcomer, "madrone.sketch@example.org")
    expect(page.get_by_role("heading", name="No perspective in force")).to_be_visible()
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )["authenticatorId"]
    newcomer.wrong.clear()  # A page of 403 is noted by the console, and was expected.
    newcomer.go("/sign-in/second-factor/setup")
    newcomer.look("second-factor-setup")
    page.get_by_label("Name of the passkey").fill("Work laptop")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    newcomer.look("recovery-codes")
    page.get_by_role("link", name="I have them, go on").click()
    newcomer.go("/account")
    expect(page.get_by_role("row", name="Passkey: Work laptop")).to_be_visible()
    # The password alone is not enough from now on; the passkey alone is.
    page.context.clear_cookies()
    enter_password(newcomer, "madrone.sketch@example.org")
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="No perspective in force")).to_be_visible()
    page.context.clear_cookies()
    newcomer.go("/sign-in?next=/account")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    # It unlocks as well, also for somebody without any perspective yet.
    covered = page.get_by_role("dialog", name="Locked")
    expect(covered).to_be_visible(timeout=IDLE_SECONDS * 3000)
    covered.get_by_role("button", name="Unlock with a passkey").click()
    expect(covered).to_be_hidden()
    newcomer.go("/account")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    # Without the person's finger there is no sign-in.
    page.context.clear_cookies()
    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    newcomer.go("/sign-in?next=/account")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()


def test_at_an_address_that_is_a_number_the_page_says_why_there_is_no_passkey(newcomer, system):
    newcomer.page.goto(f"{system.address}/sign-in")
    expect(newcomer.page.get_by_role("button", name="Sign in with a passkey")).to_be_disabled()
    expect(
        newcomer.page.get_by_text("A passkey belongs to a name, and this address is a number.")
    ).to_be_visible()


def test_the_address_leads_to_the_districts_own_sign_in_and_back(newcomer, provider):
    page = newcomer.page
    provider.claims = {"email": "juniper@district.example", "email_verified": True, "amr": ["pwd", "mfa"]}
    newcomer.go("/sign-in?next=/account")
    page.get_by_label("E-mail").fill("juniper@district.example")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("link", name="I am here").click()
    # Its second factor is trusted, so none is asked for here.
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    assert newcomer.wrong == []
    page.context.clear_cookies()
    provider.claims = {"email": "juniper@district.example", "email_verified": True}
    newcomer.go("/sign-in")
    page.get_by_label("E-mail").fill("juniper@district.example")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("link", name="I am here").click()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    provider.claims["email"] = "nobody@district.example"
    newcomer.go("/sign-in")
    page.get_by_label("E-mail").fill("nobody@district.example")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("link", name="I am here").click()
    expect(page.get_by_text("there is no account for nobody@district.example here")).to_be_visible()
    newcomer.wrong.clear()
    newcomer.look("provider-refused")


def unlock(page: Page, password: str = w.PASSWORD) -> None:
    covered = page.get_by_role("dialog", name="Locked")
    expect(covered).to_be_visible(timeout=IDLE_SECONDS * 3000)
    covered.get_by_label("Password of").fill(password)
    covered.get_by_role("button", name="Unlock", exact=True).click()


def test_an_idle_page_locks_keeps_what_is_half_typed_and_saves_it_after_unlocking(newcomer):
    page = enter_password(newcomer, CASE_MANAGER)
    expect_home(page)
    newcomer.find_student("Alder Testcase")
    page.get_by_role("button", name="Open annual plan review").click()
    page.locator("#meeting-steps").get_by_role("link", name="Placement").click()
    control = page.get_by_role("textbox", name="General education participation")
    percent = page.locator(f"[id='{control.get_attribute('id')}']")
    page.get_by_role("button", name="Cancel the meeting…").click()
    page.get_by_label("Reason").fill("The family asked for")
    covered = page.get_by_role("dialog", name="Locked")
    expect(covered).to_be_visible(timeout=IDLE_SECONDS * 3000)
    expect(page).to_have_title("Locked · Manzanita")
    expect(covered.get_by_label("Password of Wren Placeholder")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Escape")
    expect(covered).to_be_visible()
    newcomer.look("locked")
    # A save that comes too late is refused, kept, and said so. Nothing of it has reached the record.
    percent.evaluate("box => { box.value = '62'; box.dispatchEvent(new Event('change', {bubbles: true})); }")
    expect(page.locator(".fsave", has_text="Locked: not saved yet.")).to_be_attached()
    unlock(page, "not the password")
    expect(covered.get_by_text("That is not right.")).to_be_visible()
    unlock(page)
    expect(covered).to_be_hidden()
    expect(page.locator("[data-unsaved-band]")).to_be_hidden()
    # The half-typed reason stands where it was; the rest is typed, and the form goes through.
    reason = page.get_by_label("Reason")
    expect(reason).to_have_value("The family asked for")
    reason.press("End")
    reason.press_sequentially(" another day")
    expect(reason).to_have_value("The family asked for another day")
    page.get_by_role("dialog").get_by_role("button", name="Cancel the meeting").click()
    expect(page.get_by_text("The family asked for another day")).to_be_visible()
    expect(page.get_by_role("table", name="Answers of this meeting").get_by_text("62")).to_be_visible()


def test_a_page_whose_session_is_over_goes_on_after_signing_in_in_another_tab(newcomer):
    page = enter_password(newcomer, CASE_MANAGER)
    expect_home(page)
    page.context.clear_cookies(name="sessionid")
    covered = page.get_by_role("dialog", name="Locked")
    expect(covered.get_by_text("You are not signed in any more.")).to_be_visible(timeout=IDLE_SECONDS * 3000)
    # Nothing of the page is left in the document to be read.
    assert page.locator("body > :not(script)").evaluate_all("all => all.map(one => one.id)") == ["lock"]
    with page.context.expect_page() as opened:
        covered.get_by_role("link", name="Sign in again in another tab").click()
    tab = opened.value
    tab.get_by_label("E-mail").fill(CASE_MANAGER)
    tab.get_by_role("button", name="Next").click()
    tab.get_by_label("Password").fill(w.PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    expect(tab.get_by_role("heading", name="You are back")).to_be_visible()
    expect(covered).to_be_hidden()
    expect_home(page)


def test_without_an_answer_of_the_server_the_limits_hold_all_the_same(newcomer):
    page = enter_password(newcomer, CASE_MANAGER)
    expect_home(page)
    page.route("**/session", lambda route: route.abort())
    expect(page.get_by_role("dialog", name="Locked")).to_be_visible(timeout=IDLE_SECONDS * 3000)
    newcomer.wrong.clear()


def test_somebody_at_work_is_not_locked_out(newcomer):
    page = enter_password(newcomer, CASE_MANAGER)
    expect_home(page)
    # Longer than the limit, on a page that sends nothing by itself.
    for _ in range(IDLE_SECONDS + 4):
        page.keyboard.press("Shift")
        page.wait_for_timeout(1000)
    expect(page.get_by_role("dialog", name="Locked")).to_be_hidden()
    newcomer.go("/students")
    expect_home(page)
