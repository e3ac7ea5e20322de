"""What coordinators and case managers do all day: rounds of clicks with time to think between them."""

from __future__ import annotations

import random
import re
import threading
import time
import traceback
from collections.abc import Callable, Mapping

import httpx

from manzanita.commands.demo import FIRST_DAY
from tests.support.http_browser import Form, HttpBrowser, Ledger, Page
from tests.support.sign_in import CodeBook

STUDENT = r"/students/[0-9a-f-]{36}"
MEETING = r"/meetings/[0-9a-f-]{36}"
# What a round needs of a page and does not find is no answer of the site, but it is an error all the same.
NOT_ON_THE_PAGE = "not on the page"


class Stopped(Exception):
    """The hour is over."""


class Person:
    """One person in one browser, who thinks ``think`` seconds on average before each click."""

    def __init__(
        self,
        address: str,
        ledger: Ledger,
        sign_in: Mapping[str, str],
        think: float,
        chance: random.Random,
        stop: threading.Event,
    ) -> None:
        self.browser = HttpBrowser(address, ledger)
        self.ledger, self.sign_in, self.think, self.chance, self.stop = ledger, sign_in, think, chance, stop
        self.codes = CodeBook(sign_in["totp_key"])
        self.reviewed: set[str] = set()

    def run(self) -> None:
        """Rounds until stopped. A round that cannot go on is an error, and the next one begins."""
        round_ = self.coordinate if self.sign_in["role"] == "coordinator" else self.manage_cases
        self._until_stopped(self.enter)
        while not self.stop.is_set():
            self._until_stopped(round_)
        self.browser.close()

    def _until_stopped(self, round_: Callable[[], None]) -> None:
        try:
            round_()
            self.ledger.did(f"rounds of a {self.sign_in['role'].replace('_', ' ')}")
        except (Stopped, httpx.HTTPError):
            pass
        except (LookupError, StopIteration, ValueError) as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            self.ledger.went_wrong(f"{NOT_ON_THE_PAGE}: {error or type(error).__name__} ({place.name})")

    def pause(self) -> None:
        if self.stop.wait(min(self.chance.expovariate(1 / self.think), 6 * self.think)):
            raise Stopped

    def look(self, kind: str, path: str) -> Page:
        self.pause()
        return self.browser.get(kind, path)

    def send(self, kind: str, page: Page, form: Form | None, button=None, **changes: str) -> Page:
        if form is None:
            raise LookupError(f"the form of {kind}")
        self.pause()
        return self.browser.submit(kind, page, form, button, **changes)

    def enter(self) -> None:
        page = self.browser.get("sign in", "/sign-in")
        page = self.browser.submit(
            "sign in",
            page,
            page.forms[0],
            username=self.sign_in["email"],
            password=self.sign_in["password"],
        )
        if page.path == "/sign-in/second-factor":
            self.browser.submit("sign in", page, page.forms[0], code=self.codes.code())

    def search(self, page: Page) -> Page:
        """Type the last name of somebody on the page."""
        names = re.findall(r"data-open>([^<,]+), ", page.text)
        return self.send(
            "search", page, page.form("/students/search"), q=self.chance.choice(names or ["Testcase"])
        )

    def read_student(self, path: str) -> Page:
        page = self.look("student page", path)
        for tab in self.chance.sample(("meetings", "state", "history"), 2):
            self.look(f"student page, {tab}", f"{path}?tab={tab}")
        return page

    # A coordinator

    def coordinate(self) -> None:
        self.look("home", "/")
        page = self.look("students", "/students")
        for link in self.chance.sample(page.links_to(r"/students\?list=[a-z0-9-]+"), 3):
            self.look("students, one list", link)
        for link in page.links_to(r"/students\?list=all&after=.+"):
            page = self.look("students, next page", link)
        found = self.search(page)
        if students := found.links_to(STUDENT):
            self.read_student(self.chance.choice(students))
        plan = self.look("state plan", "/state")
        for link in plan.links_to(r"/state\?held=.+"):
            held = self.look("state plan, held rows", link)
            for row in held.links_to(r"/state\?.*open=\d+#opened")[:2]:
                self.look("state plan, a row opened", row.partition("#")[0])
        findings = self.look("findings", "/findings")
        for link in findings.links_to(r"/findings/\d+")[:2]:
            self.look("one finding", link)
        self.look("imports", "/imports")
        self.look("meetings", "/meetings")
        plan = self.look("state plan", "/state")
        if re.search(r"Send [\d,]+ operation", plan.text):
            self.follow(self.send("send", plan, plan.form("/state/send")))

    def follow(self, sent: Page) -> None:
        """Watch a send until it has its answers, as its page does by itself."""
        if not re.fullmatch(r"/state/submissions/[0-9a-f-]{36}", sent.path):
            return
        self.ledger.did("sends started")
        deadline = time.monotonic() + 120
        progress = sent
        while 'hx-trigger="every 2s"' in progress.text:
            if time.monotonic() > deadline:
                self.ledger.went_wrong("a send was not answered within two minutes")
                return
            if self.stop.wait(2):
                raise Stopped
            progress = self.browser.get("send, its progress", f"{sent.path}/progress", htmx=True)
        done = self.look("send, its answers", sent.path)
        if "posted" in done.text:
            self.ledger.did("sends answered")

    # A case manager

    def manage_cases(self) -> None:
        self.look("home", "/")
        page = self.look("students", "/students")
        self.look("students, one list", self.chance.choice(page.links_to(r"/students\?list=[a-z0-9-]+")))
        found = self.search(page)
        students = page.links_to(STUDENT)
        self.read_student(self.chance.choice(found.links_to(STUDENT) or students))
        waiting = [path for path in students if path not in self.reviewed]
        if not waiting:
            return
        path = self.chance.choice(waiting)
        self.reviewed.add(path)
        meeting = self.open_meeting(path)
        if meeting is not None:
            self.edit(meeting)
            self.decide(meeting)
            self.read_student(path)

    def open_meeting(self, student: str) -> str | None:
        """Address of the meeting that is open now; ``None`` where none may be opened."""
        page = self.look("student page", student)
        if under_way := page.links_to(MEETING):
            return under_way[0]
        for event in self.chance.sample(("annual", "annual", "triennial", "other"), 4):
            form = page.form(f"{student}/meetings", ("event", event))
            if form is not None:
                opened = self.send("open a meeting", page, form, ("event", event))
                if re.fullmatch(MEETING, opened.path):
                    self.ledger.did("meetings opened")
                    return opened.path
                raise LookupError("the meeting that was opened")
        self.look("kinds of meetings", f"{student}/meetings/new")
        return None

    def edit(self, meeting: str) -> None:
        """Look at every part of the offer; change the minutes of each service, and think again about a field."""
        for step in ("eligibility", "placement", "transition", "other"):
            page = self.look("meeting, a step", f"{meeting}?step={step}")
        selects = [name for name in page.saving if any(name in form.choices for form in page.forms)]
        if selects:
            name = self.chance.choice(selects)
            form = next(form for form in page.forms if name in form.choices)
            was, options = form.value(name) or "", form.choices[name]
            for value in (self.chance.choice(options), was):
                self.save(page, meeting, "other", name, value)
        page = self.look("meeting, services", f"{meeting}?step=services")
        for link in page.links_to(MEETING + r"\?step=services&service=\d+")[:3]:
            page = self.look("meeting, services", link)
            minutes = next((name for name in page.saving if name.endswith(".25.15")), "")
            if minutes:
                self.save(page, meeting, "services", minutes, self.chance.choice(("30", "45", "60")))

    def save(self, page: Page, meeting: str, step: str, name: str, value: str) -> None:
        """What a field does by itself after typing, and what its page asks next."""
        self.pause()
        form = next(form for form in page.forms if form.value(f"rev.{name}") is not None)
        values = {name: value, f"rev.{name}": form.value(f"rev.{name}") or "0"}
        saved = self.browser.post("autosave", page, page.saving[name], values)
        if revision := re.search(r'name="rev\.[^"]+" value="(\d+)"', saved.text):
            form.values = [(key, revision[1] if key == f"rev.{name}" else old) for key, old in form.values]
        self.browser.get("findings after a save", f"{meeting}/live?step={step}", htmx=True)

    def decide(self, meeting: str) -> None:
        """Hold, let the family agree, read what finalizing will do, finalize; cancel what may not be finalized."""
        page = self.look("meeting, hold", f"{meeting}?step=hold")
        form = page.form(f"{meeting}/hold")
        if form is None:
            raise LookupError("the form of hold")
        held_on = FIRST_DAY.isoformat()
        values = dict(form.values) | {"held_on": held_on, "preview": "1"}
        asked = self.browser.post("hold, what a day asks for", page, f"{meeting}/hold", values)
        changes = {"held_on": held_on}
        if 'name="delay_code"' in asked.text:
            changes["delay_code"] = "20"
        page = self.send("hold", page, form, **changes)
        form = page.form(f"{meeting}/consent")
        # Where nobody is recorded who decides, the page asks for the name of who did.
        unnamed = (
            [name for name, value in form.values if name.startswith("by.") and not value] if form else []
        )
        named = dict.fromkeys(unnamed, "Testcase Signer")
        page = self.send("family's answer", page, form, ("all", "agrees"), **named)
        page = self.look("finalize, preview", f"{meeting}/finalize")
        final = next((one for one in page.forms if one.method == "post" and one.action == page.path), None)
        if final is not None:
            archived = self.send("finalize", page, final)
            if not archived.path.startswith("/archives/"):
                raise LookupError("the archive of the meeting")
            self.ledger.did("meetings finalized")
            return
        for words in re.findall(r'<span class="rule">([^<]+)</span></small>', page.text)[:1] or ["no rule"]:
            self.ledger.did(f"meetings that may not be finalized ({words})")
        self.send(
            "cancel", page, page.form(f"{meeting}/cancel"), reason="Soak: it will be held another time."
        )
