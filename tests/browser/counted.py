"""A person's way through the pages, counted: clicks, fields typed or chosen, seconds.

What a test looks up in between, ``aside``, is not counted. The table is printed by :func:`told`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.person import PICTURES, Person


@dataclass(frozen=True, slots=True)
class Walked:
    """One journey as it was walked."""

    journey: str
    clicks: int
    fields: int
    seconds: float


class Hand:
    """Everything is found by what stands on the page; nothing goes to an address but the brand's way home."""

    def __init__(self, person: Person, journey: str) -> None:
        self.person, self.page, self.journey = person, person.page, journey
        self.main = person.page.locator("main")
        self.clicks, self.fields, self.pictures = 0, 0, 0
        self._apart, self._began = 0.0, time.monotonic()

    def click(self, target: Locator) -> None:
        self.clicks += 1
        # What is adopted by it may be much, on a machine that does other things beside.
        target.click(timeout=60_000)

    def link(self, name, **more) -> None:
        self.click(self.page.get_by_role("link", name=name, **more).first)

    def button(self, name, **more) -> None:
        self.click(self.page.get_by_role("button", name=name, **more).first)

    def fill(self, label: str, text: str, **more) -> None:
        """A text or a day, typed into the field of this label."""
        self.fields += 1
        self.main.get_by_label(label, **more).first.fill(text)

    def choose(self, label: str, value: str, **more) -> None:
        """The choice of this value, or of these words."""
        self.fields += 1
        target = self.main.get_by_label(label, **more).first
        values = target.locator("option").evaluate_all("all => all.map(one => one.value)")
        target.select_option(value if value in values else None, label=None if value in values else value)

    def find(self, name: str) -> None:
        """A student by the search box of every page: typed, Enter, and the one found."""
        self.fields, self.clicks = self.fields + 1, self.clicks + 1
        self.person.find_student(name)

    def see(self, *words: str) -> None:
        for one in words:
            expect(self.main).to_contain_text(one)

    def picture(self) -> None:
        """The page as it stands, where pictures are kept; not counted."""
        if PICTURES:
            with self.aside():
                self.pictures += 1
                name = f"journey-{re.sub('[^a-z0-9]+', '-', self.journey.lower())}-{self.pictures}.png"
                self.page.screenshot(path=str(Path(PICTURES) / name), full_page=True)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is done within is no part of the journey."""
        began = time.monotonic()
        yield
        self._apart += time.monotonic() - began

    def done(self) -> Walked:
        spent = time.monotonic() - self._began - self._apart
        return Walked(self.journey, self.clicks, self.fields, spent)


def told(walked: list[Walked]) -> str:
    """The table, one line for each journey."""
    wide = max(len(one.journey) for one in walked)
    lines = [f"{'journey':{wide}} | clicks | fields | seconds"]
    lines += [
        f"{one.journey:{wide}} | {one.clicks:6} | {one.fields:6} | {one.seconds:7.1f}" for one in walked
    ]
    return "\n".join(lines)
