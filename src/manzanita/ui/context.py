"""What the frame around every page shows: scope, navigation, person, messages.

The kit knows no model: it reads plain attributes that the middleware and views put on the request.

- `request.actor`: user_id, person_name, initials, perspective.label, agency_name, students_label,
  designation_label, may()
- `request.grant`: the grant in use (optional; only `.id` is read)
- `request.available_grants`: grants of this person, each with id, perspective_label, agency_name
- `request.nav_counts`: {"state": 24, ...} (optional)
- `request.nav_current`: key of the entry to mark; else the entry whose address starts the path
- `request.search_text`: what the search box holds (optional)
- `request.frame_foot`: lines at the foot of the rail (optional)
- `request.access_band`: an :class:`AccessBand` (optional)
- `request.session_limits`: what the page has to know of the session's two limits, a `SessionLimits` (optional)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.utils import timezone

from manzanita.domain.access import CAPABILITY_WORDS, VIEW_WORDS, Actor, Capability, Scope
from manzanita.platform import clock
from manzanita.ui.formats import us_date, us_time
from manzanita.ui.jinja_env import url, url_or_none

# key, word, icon, letter after g, what one must be allowed to; the key is also the url name
NAV = (
    ("home", "Home", "home", "h", None),
    ("students", "Students", "person", "s", Capability.READ_STUDENT),
    ("due_list", "Due", "clock", "d", Capability.READ_STUDENT),
    ("meetings", "Meetings", "calendar", "m", Capability.READ_STUDENT),
    ("to_settle", "Findings", "flag", "f", Capability.READ_STUDENT),
    ("state", "State", "state", "t", Capability.SEND_TO_STATE),
    ("imports", "Imports", "upload", "i", Capability.IMPORT_FILES),
    ("compliance", "Compliance", "scale", "c", Capability.READ_STUDENT),
    ("lists", "Lists", "list", "l", None),
    ("services", "Services", "clock", "v", None),
    ("year", "Year", "year", "y", None),
    ("admin", "Admin", "gear", "a", Capability.MANAGE_PEOPLE),
)


@dataclass(frozen=True)
class NavEntry:
    """One entry of the left rail; `url` is None where it is not for this reader, and `why_not` says why."""

    key: str
    label: str
    icon: str
    letter: str
    url: str | None
    why_not: str
    count: int | None
    is_current: bool

    @property
    def title(self) -> str:
        """Text of the tooltip, the only words when the rail is narrow."""
        return f"{self.label} (g {self.letter})" if self.url else f"{self.label}: {self.why_not}"


@dataclass(frozen=True)
class ScopePart:
    """One segment of the scope chip: its label and the choices behind it, as (value, label, is current).

    ``choices_url`` is where the choices are asked for when the segment is opened.
    """

    key: str
    name: str
    label: str
    choices: list[tuple[str, str, bool]] = field(default_factory=list)
    choices_url: str | None = None


@dataclass(frozen=True)
class AccessBand:
    """Through what kind of access somebody looks, said on every page; with ``end_url`` it can be ended there."""

    title: str
    text: str
    seconds_left: int | None = None
    end_url: str | None = None
    end_label: str = ""


@dataclass(frozen=True)
class SessionLimits:
    """Seconds until a session is locked and until it is over, and how its person can unlock it on the page.

    ``username`` is what a password manager knows the person by.
    """

    idle_left: float
    absolute_left: float
    person_id: int
    username: str
    by_password: bool
    by_passkey: bool


@dataclass(frozen=True)
class SessionLock(SessionLimits):
    """The limits with the addresses that the page's script needs."""

    idle_seconds: int
    state_url: str
    keep_alive_url: str
    unlock_url: str
    passkey_url: str
    way_back_url: str


@dataclass(frozen=True)
class Frame:
    """Everything base.html needs; page templates read it as `frame`."""

    signed_in: bool
    person_id: int | None
    person_name: str
    initials: str
    scope: list[ScopePart]
    grants: list[Any]
    grant_id: object
    nav: list[NavEntry]
    current: str | None
    foot: list[str]
    search_url: str | None
    suggest_url: str | None
    search_text: str
    paste_url: str | None
    switch_url: str | None
    sign_out_url: str | None
    account_url: str | None
    why_url: str | None
    directory_url: str | None
    calendars_url: str | None
    view_as_url: str | None
    access_band: AccessBand | None
    watermark: tuple[str, str] | None
    lend_url: str | None
    is_practice: bool
    session_lock: SessionLock | None
    request: HttpRequest

    @property
    def students_label(self) -> str:
        """Which students the lists show."""
        return next((part.label for part in self.scope if part.key == "students"), "")

    @property
    def scope_line(self) -> str:
        """Agency · students · designation, the second line of every page."""
        return _line_of(self.scope)

    @property
    def messages(self) -> Iterable[Any]:
        """Messages for this person, marked as read when the page loops over them."""
        return get_messages(self.request)


def _first_url(*names: str) -> str | None:
    return next((found for name in names if (found := url_or_none(name))), None)


def _current(request: HttpRequest, addresses: dict[str, str | None]) -> str | None:
    """Key of the entry this page belongs to: the longest address that starts the path."""
    chosen = getattr(request, "nav_current", None)
    if chosen:
        return str(chosen)
    best: tuple[int, str] | None = None
    for key, address in addresses.items():
        if address is None or (address == "/" and request.path != "/"):
            continue
        if request.path.startswith(address) and (best is None or len(address) > best[0]):
            best = (len(address), key)
    return best[1] if best else None


def _scope(actor: Actor | None) -> list[ScopePart]:
    if actor is None:
        return []
    perspective = actor.perspective
    has_schools = perspective.scope in (Scope.AGENCY, Scope.SELPA, Scope.SCHOOL)
    views = [(one.value, VIEW_WORDS[one], one is actor.view) for one in perspective.views]
    return [
        ScopePart("perspective", "Perspective", perspective.label),
        ScopePart(
            "agency",
            "Agency or school",
            f"{actor.agency_name}, {actor.place_name}" if actor.place_name else actor.agency_name,
            choices_url=url_or_none("scope_schools") if has_schools else None,
        ),
        ScopePart("students", "Which students", actor.students_label, views if len(views) > 1 else []),
        ScopePart("designation", "Designation", actor.designation_label),
    ]


def _watermark(actor: Actor | None) -> tuple[str, str] | None:
    """The two lines across each page of somebody from outside: who as what, and where and when."""
    if actor is None or not actor.perspective.watermark:
        return None
    reader = actor.within or actor
    at = timezone.localtime(clock.now())
    return (
        f"{reader.person_name} · {actor.perspective.watermark}",
        f"{actor.agency_name} · {us_date(at)} {us_time(at)}",
    )


def _session_lock(request: HttpRequest) -> SessionLock | None:
    limits = getattr(request, "session_limits", None)
    if limits is None:
        return None
    return SessionLock(
        **asdict(limits),
        idle_seconds=settings.IDLE_SECONDS,
        state_url=url("session_state"),
        keep_alive_url=url("keep_alive"),
        unlock_url=url("session_unlock"),
        passkey_url=url("passkey_options"),
        way_back_url=f"{url('sign_in')}?next={url('session_resumed')}",
    )


def _line_of(scope: list[ScopePart]) -> str:
    return " · ".join(part.label for part in scope[1:] if part.label)


def scope_line(actor: Actor) -> str:
    """The second line of every page of this actor, for what leaves the pages."""
    return _line_of(_scope(actor))


def frame(request: HttpRequest) -> dict[str, Frame]:
    """Context processor: gives every page `frame`. It runs no query of its own."""
    actor = getattr(request, "actor", None)
    counts = getattr(request, "nav_counts", None) or {}
    addresses = {key: url_or_none(key) for key, *_ in NAV}
    current = _current(request, addresses)
    nav = []
    for key, label, icon, letter, capability in NAV:
        url, why_not = addresses[key], ""
        if url is None:
            # A page that this version does not have is not announced.
            continue
        if capability and actor is not None and not actor.may(capability):
            url, why_not = None, f"your perspective does not {CAPABILITY_WORDS[capability]}"
        nav.append(NavEntry(key, label, icon, letter, url, why_not, counts.get(key), key == current))
    built = Frame(
        signed_in=actor is not None,
        person_id=getattr(actor, "user_id", None),
        person_name=str(getattr(actor, "person_name", "")),
        initials=str(getattr(actor, "initials", "")),
        scope=_scope(actor),
        grants=list(getattr(request, "available_grants", None) or ()) if actor is not None else [],
        grant_id=getattr(getattr(request, "grant", None), "id", None),
        nav=nav,
        current=current,
        foot=[str(line) for line in getattr(request, "frame_foot", None) or ()],
        search_url=url_or_none("search")
        if actor is not None and actor.may(Capability.READ_STUDENT)
        else None,
        suggest_url=url_or_none("search_suggestions"),
        search_text=str(getattr(request, "search_text", "")),
        paste_url=url_or_none("paste")
        if actor is not None and actor.may(Capability.READ_STUDENT) and not actor.is_read_only
        else None,
        switch_url=url_or_none("switch_grant"),
        sign_out_url=_first_url("sign_out", "logout"),
        why_url=url_or_none("why"),
        account_url=_first_url("account", "profile"),
        directory_url=url_or_none("directory") if actor is not None else None,
        calendars_url=url_or_none("calendars") if actor is not None else None,
        view_as_url=url_or_none("view_as") if actor is not None and actor.may(Capability.VIEW_AS) else None,
        access_band=getattr(request, "access_band", None),
        watermark=_watermark(actor),
        lend_url=url_or_none("lend"),
        is_practice=settings.STATE_GATEWAY["destination"] == "sandbox",
        session_lock=_session_lock(request),
        request=request,
    )
    return {"frame": built}
