"""Somebody at a browser: goes to pages, looks, and lets nothing wrong on the console pass."""

from __future__ import annotations

import os
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from tests.support.sign_in import CodeBook
from tests.support.state_files import TOTP_KEY

COORDINATOR, CASE_MANAGER = "juniper.mockup@example.org", "wren.placeholder@example.org"
# Set to a folder to keep the pictures, as ``make pictures`` does.
PICTURES = os.environ.get("PICTURES", "")
# Milliseconds by which every answer is later, as over a slow line: what races a swap or a page then shows itself.
SLOW_LINE_MS = int(os.environ.get("SLOW_LINE_MS", "0"))
# A machine that does other things beside is slow, not wrong.
expect.set_options(timeout=15_000)
WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    # What passes is not described, only counted.
    "resultTypes": ["violations"],
    # Style sheets as text are for one rule that is not among these.
    "preload": False,
}
# Each element that shows text, by what its colors follow from: itself within all that it stands in.
STYLED = """() => {
    const told = one => one.tagName + "." + (one.getAttribute("class") || "") + Array.from(one.attributes)
        .filter(({name}) => name === "disabled" || name === "open" || name === "aria-current" || name === "style")
        .map(({name, value}) => `[${name}=${value}]`).join("");
    const chains = new Map([[document.documentElement, told(document.documentElement)]]);
    const found = new Set();
    for (const one of document.body.querySelectorAll("*")) {
        const within = chains.get(one.parentElement) || told(one.parentElement);
        chains.set(one, within + " " + told(one));
        const shows = Array.from(one.childNodes).some(node => node.nodeType === 3 && node.data.trim());
        if (shows || one.matches("input, select, textarea")) found.add(chains.get(one));
    }
    return Array.from(found);
}"""
# Which rule, and the first elements that break it.
VIOLATIONS = """options => axe.run(options).then(found => found.violations.map(
    one => [one.id, one.nodes.slice(0, 3).map(node => node.html.slice(0, 120))]))"""


# Colors are most of the work of a look, and a matter of styles: what was found right once is not asked again in a run.
_right_colors: set[int] = set()

# One for each person: a code that was given in one window is not given again in another.
_code_books: dict[tuple[str, str], CodeBook] = {}


def totp_key_of(email: str) -> str:
    """Of the people of the small world, all but the case manager have an authenticator app."""
    return "" if email == CASE_MANAGER else TOTP_KEY


def code_book(email: str, totp_key: str) -> CodeBook:
    return _code_books.setdefault((email, totp_key), CodeBook(totp_key))


# By how much the page is wider than the window, its main part than its frame, or a button than its words allow.
WINDOW_TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"
TOO_WIDE = f"""Math.max(
    {WINDOW_TOO_WIDE},
    ...Array.from(document.querySelectorAll("main, .acts-list .btn"), one => one.scrollWidth - one.clientWidth),
)"""

# By how much the document is taller than the window, where the frame scrolls inside and the document must not.
TOO_TALL = "document.querySelector('.app') ? document.documentElement.scrollHeight - window.innerHeight : 0"


class Person:
    """One signed-in person. ``wrong`` collects errors of the console and answers of 400 and more."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.wrong: list[str] = []
        page.set_default_timeout(15_000)
        if SLOW_LINE_MS:
            line = page.context.new_cdp_session(page)
            line.send("Network.enable")
            line.send(
                "Network.emulateNetworkConditions",
                {"offline": False, "latency": SLOW_LINE_MS, "downloadThroughput": -1, "uploadThroughput": -1},
            )
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _note(self, message) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def sign_in(self, email: str, password: str, totp_key: str = "") -> Person:
        """By form, as people do: e-mail, password, and the code where the person has an authenticator app."""
        self.go("/sign-in")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_role("button", name="Next").click()
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        if totp_key:
            self.page.get_by_label("Code").fill(code_book(email, totp_key).code())
            self.page.get_by_role("button", name="Go on").click()
        expect(self.page.get_by_role("navigation").first).to_be_visible()
        return self

    def sign_out_and_in(self, email: str, password: str, totp_key: str = "") -> Person:
        """A new session in this window's browser, with a new token."""
        self.page.locator("details.who summary").click()
        self.page.get_by_role("button", name="Sign out").click()
        return self.sign_in(email, password, totp_key)

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)

    def find_student(self, name: str) -> None:
        """By the one search box, from wherever one is."""
        # Keys typed before the page's scripts are there go nowhere.
        self.page.wait_for_load_state("load")
        self.page.keyboard.press("/")
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")
        first, last = name.split()
        self.page.get_by_role("link", name=f"{last}, {first}").click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(name)

    def look(self, name: str) -> None:
        """What holds of every page: nothing on the console, WCAG 2.2 AA, no overflow either way; keep a picture."""
        self.settle()
        # Half a megabyte of script, once for each document.
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        styled = {hash(one) for one in self.page.evaluate(STYLED)}
        asks_colors = not styled <= _right_colors
        told = self.page.evaluate(VIOLATIONS, {**WCAG, "rules": {"color-contrast": {"enabled": asks_colors}}})
        assert told == [], f"{name}: {told}"
        _right_colors.update(styled)
        assert self.wrong == [], f"{name}: {self.wrong}"
        for width in (1280, 1024, 820):
            self.page.set_viewport_size({"width": width, "height": 800})
            # Smaller than a tablet, the main part may be moved under its frame.
            wider = self.page.evaluate(TOO_WIDE if width >= 1024 else WINDOW_TOO_WIDE)
            assert wider <= 0, f"{name}: {wider} px too wide at {width}"
            taller = self.page.evaluate(TOO_TALL)
            assert taller <= 0, f"{name}: the document is {taller} px taller than the window at {width}"
        self.page.set_viewport_size({"width": 1440, "height": 900})
        if PICTURES:
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))

    def settle(self) -> None:
        """Until the page has come and nothing that it asked for is on its way."""
        self.page.wait_for_load_state("load")
        self.page.wait_for_function(
            "!document.querySelector('.htmx-request, .htmx-settling, .htmx-swapping')"
        )

    def picture(self, name: str, size: dict[str, int]) -> None:
        """One picture of the window's top in another size, where pictures are kept."""
        if PICTURES:
            self.page.set_viewport_size(size)
            self.page.mouse.move(0, 0)
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))
            self.page.set_viewport_size({"width": 1440, "height": 900})
