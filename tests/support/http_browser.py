"""A browser without pictures: keeps its session, sends forms as they stand on the page, and notes every answer."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/|$)")
_VOID_TYPES = {"submit", "button", "image", "reset", "file"}


@dataclass
class Form:
    """One form: what its controls hold, and the values of its buttons. A name may come more than once."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.values if key == name), None)


class Page(HTMLParser):
    """One answer: links in the order of the page, forms, controls that save themselves."""

    def __init__(self, url: str, status: int, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url, self.status, self.text = url, status, text
        self.links: list[str] = []
        self.forms: list[Form] = []
        # Name of a control that saves itself, to the address it saves to.
        self.saving: dict[str, str] = {}
        self._form: Form | None = None
        self._select: tuple[str, list[str], str | None] | None = None
        self.feed(text)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def links_to(self, pattern: str) -> list[str]:
        """Addresses that match in full, each once, in the order of the page."""
        return list(dict.fromkeys(link for link in self.links if re.fullmatch(pattern, link)))

    def form(self, pattern: str, button: tuple[str, str] | None = None) -> Form | None:
        """The first form whose address matches in full, and which has ``button`` where that is asked for."""
        return next(
            (
                one
                for one in self.forms
                if re.fullmatch(pattern, one.action) and (button is None or button in one.buttons)
            ),
            None,
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self._form = Form(given.get("action") or self.path, given.get("method", "get").lower())
            self.forms.append(self._form)
        elif tag == "option" and self._select is not None:
            self._select[1].append(given.get("value", ""))
            if "selected" in given:
                self._select = (*self._select[:2], given.get("value", ""))
        elif self._form is None or "disabled" in given:
            return
        elif tag == "button" or (tag == "input" and given.get("type") in _VOID_TYPES):
            self._form.buttons.append((name, given.get("value", "")))
        elif tag == "select":
            self._select = (name, [], None)
        elif tag == "input" and name:
            is_box = given.get("type") in ("radio", "checkbox")
            if is_box:
                self._form.choices.setdefault(name, []).append(given.get("value", "on"))
            if not is_box or "checked" in given:
                self._form.values.append((name, given.get("value", "on" if is_box else "")))
        elif tag == "textarea" and name:
            self._form.values.append((name, ""))
        if "data-autosave" in given and given.get("hx-post"):
            self.saving[name] = given["hx-post"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select" and self._select is not None:
            name, options, chosen = self._select
            if self._form is not None and name:
                self._form.choices[name] = options
                self._form.values.append((name, chosen if chosen is not None else (options or [""])[0]))
            self._select = None


class Ledger:
    """Every answer that anybody got: seconds by kind of request, what was done, and what went wrong."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.deeds: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()

    def answered(self, kind: str, seconds: float) -> None:
        with self._lock:
            self.seconds[kind].append(seconds)

    def did(self, deed: str) -> None:
        with self._lock:
            self.deeds[deed] += 1

    def went_wrong(self, what: str) -> None:
        """Told at once as well: whoever watches does not have to wait for the end."""
        print(f"{time.strftime('%H:%M:%S')} ERROR {what}", flush=True)
        with self._lock:
            self.errors[what] += 1


class HttpBrowser:
    """One window. An answer of 400 or more, or none at all, is an error of the ledger; the page comes back all the
    same, except without an answer, which raises ``httpx.HTTPError``."""

    def __init__(self, address: str, ledger: Ledger) -> None:
        self.address, self.ledger = address, ledger
        # A connection for each request: the server closes idle ones after two seconds, and a request that meets the
        # closing is sent again by a browser, but not by this client.
        once = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(
            base_url=address, follow_redirects=True, timeout=60, trust_env=False, limits=once
        )

    def close(self) -> None:
        self.client.close()

    def get(self, kind: str, path: str, *, htmx: bool = False) -> Page:
        return self._ask(kind, "GET", path, {}, htmx=htmx)

    def submit(
        self, kind: str, page: Page, form: Form, button: tuple[str, str] | None = None, **changes: str
    ) -> Page:
        """Send a form as it stands on its page, with some values entered anew and the button that was pressed."""
        data = {name: value for name, value in form.values if name} | changes
        if button is not None and button[0]:
            data[button[0]] = button[1]
        return self._ask(kind, form.method.upper(), urljoin(page.url, form.action), data)

    def post(self, kind: str, page: Page, path: str, values: Mapping[str, str]) -> Page:
        """What htmx sends: the token of the page in a header."""
        return self._ask(kind, "POST", path, dict(values), htmx=True)

    def _ask(self, kind: str, method: str, path: str, data: dict[str, str], *, htmx: bool = False) -> Page:
        headers = {"Referer": self.address}
        if htmx:
            headers |= {"HX-Request": "true", "X-CSRFToken": self.client.cookies.get("csrftoken", "")}
        asked = urlsplit(path).path
        started = time.monotonic()
        try:
            if method == "GET":
                answer = self.client.get(path, headers=headers, params=data or None)
            else:
                answer = self.client.post(path, headers=headers, data=data)
        except httpx.HTTPError as error:
            self.ledger.went_wrong(f"{kind}: {method} {_ID.sub('…', asked)}: {type(error).__name__}")
            raise
        self.ledger.answered(kind, time.monotonic() - started)
        if answer.status_code >= 400:
            self.ledger.went_wrong(f"{kind}: {method} {_ID.sub('…', asked)} answered {answer.status_code}")
        elif kind != "sign in" and answer.url.path == "/sign-in":
            self.ledger.went_wrong(f"{kind}: {method} {_ID.sub('…', asked)} asked to sign in")
        return Page(str(answer.url), answer.status_code, answer.text)
