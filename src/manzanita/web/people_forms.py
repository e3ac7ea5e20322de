"""What the pages of people share: reading a wish from a form, the choices of its fields, the tabs, the refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from manzanita.accounts.granting import Wish, perspectives_given_by
from manzanita.accounts.models import User
from manzanita.accounts.people_queries import agencies_to_grant_at, roles_of, schools_of
from manzanita.accounts.transfer_queries import transfers_for
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.models import Agency
from manzanita.platform import clock
from manzanita.web.form_days import Mistyped, day_of, mistyped

Tab = tuple[str, str, bool, int | None]


def tabs(actor: Actor, current: str) -> list[Tab]:
    """The pages of the administration, as (label, address, is this one, count)."""
    waiting = len(transfers_for(actor)) if actor.may(Capability.MANAGE_PEOPLE) else 0
    pages = [
        ("People", "admin", Capability.MANAGE_PEOPLE),
        ("Add a person", "person_add", Capability.MANAGE_PEOPLE),
        ("Roster", "roster", Capability.MANAGE_PEOPLE),
        ("Assign students", "assign", Capability.ASSIGN_STUDENTS),
        ("Duties", "duties", Capability.MANAGE_PEOPLE),
        ("Transfers", "transfers", Capability.MANAGE_PEOPLE),
        ("Roles", "roles", Capability.MANAGE_PEOPLE),
        ("Guests", "monitors", Capability.MANAGE_PEOPLE),
        ("Exports", "export_approvals", Capability.APPROVE_EXPORT),
        ("Stopped pages", "viewing_blocks", Capability.MANAGE_PEOPLE),
        ("Who saw what", "audit", Capability.READ_AUDIT),
        ("Calendars", "calendars", Capability.MANAGE_PEOPLE),
        ("Policies", "policies", Capability.MANAGE_PEOPLE),
        ("Upkeep", "upkeep", Capability.MANAGE_PEOPLE),
    ]
    return [
        (label, reverse(name), name == current, waiting or None if name == "transfers" else None)
        for label, name, capability in pages
        if actor.may(capability)
        and not (name == "duties" and actor.perspective.scope is not Scope.AGENCY and not actor.at_district)
    ]


def number_of(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def chosen(people: Sequence[User], text: str) -> User | None:
    """The one of ``people`` with this key."""
    return next((one for one in people if str(one.pk) == text), None)


class WishForm:
    """The fields of one grant: their choices for this actor, what was sent, and the wish it makes."""

    def __init__(self, actor: Actor, sent: Any = None) -> None:
        self.actor, self.sent = actor, sent
        self.agencies: list[Agency] = agencies_to_grant_at(actor)
        self.schools = schools_of([one for one in self.agencies if one.kind in ("lea", "coe")])
        self.roles = roles_of(actor.selpa_code)
        self.perspectives = perspectives_given_by(actor)

    def value(self, name: str) -> str:
        if self.sent is not None:
            return str(self.sent.get(name, "")).strip()
        own = next((one for one in self.agencies if one.code == self.actor.agency_code), None)
        first = {
            "agency": own.code if own and own.kind != "selpa" else "",
            "starts_on": clock.today().isoformat(),
        }
        return first.get(name, "")

    @property
    def chosen_schools(self) -> list[str]:
        return self.sent.getlist("school") if self.sent is not None else []

    @property
    def perspective_choices(self) -> dict[str, list[tuple[str, str]]]:
        """Plain perspectives, then the SELPA's roles (``role:<id>``)."""
        groups = {"Perspectives": [(one.key, one.label) for one in self.perspectives]}
        given = {one.key for one in self.perspectives}
        own_roles = [(f"role:{one.pk}", one.label) for one in self.roles if one.perspective_key in given]
        if own_roles:
            groups["Roles of the SELPA"] = own_roles
        return groups

    @property
    def agency_choices(self) -> list[tuple[str, str]]:
        return [(one.code, one.name) for one in self.agencies]

    @property
    def school_groups(self) -> dict[str, list[tuple[str, str]]]:
        groups: dict[str, list[tuple[str, str]]] = {}
        for school in self.schools:
            groups.setdefault(school.agency.name, []).append((school.code, school.name))
        return groups

    @property
    def mistyped(self) -> Mistyped:
        return mistyped(self.sent or {}, {"starts_on": "First day", "ends_on": "Last day"})

    @property
    def errors(self) -> dict[str, str]:
        return self.mistyped.errors

    def wish(self, user_id: int | None) -> Wish | None:
        """What was sent as a wish; ``None`` where no agency of the list was chosen."""
        agency = next((one for one in self.agencies if one.code == self.value("agency")), None)
        if agency is None:
            return None
        key = self.value("perspective")
        role = next((one for one in self.roles if f"role:{one.pk}" == key), None)
        picked = set(self.chosen_schools)
        return Wish(
            user_id=user_id,
            perspective_key=role.perspective_key if role else key,
            agency=agency,
            starts_on=day_of(self.value("starts_on")),
            ends_on=day_of(self.value("ends_on")),
            reason=self.value("reason"),
            schools=tuple(one for one in self.schools if one.code in picked),
            role=role,
        )


NO_AGENCY = Reason(
    "no-agency", "Choose the agency the person works for.", Owner.YOU, "Choose one of the list."
)


def text_in(request: HttpRequest, name: str) -> str:
    """A field of one line, without what no database stores."""
    return " ".join(request.POST.get(name, "").replace("\0", "").split())
