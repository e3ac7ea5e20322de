"""People from outside for tests: a state monitor, staff of the host; and every address of the site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from django.urls import URLPattern, URLResolver, get_resolver

from manzanita.accounts.actions import add_person, grant_perspective
from manzanita.accounts.models import Grant, User
from manzanita.accounts.monitor_actions import give_monitor_access
from manzanita.orgs.models import Agency, School
from tests.support import world as w

MONITOR_EMAIL = "bittern.example@cde.example.org"
# Whoever only reads has an account all the same. These pages sign its person in, choose among the own perspectives,
# and look after the own session, addresses, password and factors: each takes the account from the session, or from a
# link that was mailed to it.
OWN_ACCOUNT = frozenset(
    [
        "account",
        "address_add",
        "address_confirm",
        "address_remove",
        "app_remove",
        "ask_password",
        "authenticator_app",
        "change_password",
        "confirm_identity",
        "factor_remove",
        "feed_end",
        "feed_make",
        "invitation",
        "keep_alive",
        "new_password",
        "openid_connect_callback",
        "passkey_add",
        "passkey_options",
        "place_end",
        "places_end",
        "recovery_codes",
        "recovery_codes_new",
        "reminders_choose",
        "scope_schools",
        "second_factor",
        "second_factor_setup",
        "session_locked",
        "session_resumed",
        "session_state",
        "session_unlock",
        "sign_in",
        "sign_in_passkey",
        "switch_grant",
    ]
)
HOST_EMAIL = "egret.placeholder@host.example.org"


def monitor_of(world: w.World, *names: str, ends_on: date = date(2026, 12, 31)) -> Grant:
    """Bittern Example of the state may read these students of the district, from today."""
    return give_monitor_access(
        actor=world.coordinator_actor,
        email=MONITOR_EMAIL,
        name="Bittern Example",
        starts_on=w.TODAY,
        ends_on=ends_on,
        reason="Letter 26-117",
        student_ids=[world.students[name].pk for name in names],
    )


def host_person(agency_code: str = w.OTHER_LEA) -> tuple[User, Grant]:
    """Egret Placeholder of the host, who is no district's."""
    person = add_person(email=HOST_EMAIL, name="Egret Placeholder", password=w.PASSWORD)
    grant = grant_perspective(
        user=person,
        perspective_key="host_staff",
        agency=Agency.objects.get(code=agency_code),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
    )
    return person, grant


def person_of(
    agency_code: str, perspective_key: str, name: str, *, schools: Sequence[School] = ()
) -> tuple[User, Grant]:
    """Somebody with one perspective at an agency since July 2025."""
    email = f"{name.lower().replace(' ', '.')}@example.org"
    person = add_person(email=email, name=name, password=w.PASSWORD)
    grant = grant_perspective(
        user=person,
        perspective_key=perspective_key,
        agency=Agency.objects.get(code=agency_code),
        starts_on=date(2025, 7, 1),
        by=None,
        reason="test",
        schools=schools,
    )
    return person, grant


def routes() -> Iterator[tuple[str, str]]:
    """Every named address of the site as (name, route): ``("student", "students/<uuid:public_id>")``."""

    def walk(patterns: list, prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                yield pattern.name, route

    yield from walk(get_resolver().url_patterns, "")


def addresses(public_id: object, number: int = 1) -> Iterator[tuple[str, str]]:
    """Every address with these values in it, whatever they name: (name, path)."""
    values = {
        "<uuid:public_id>": str(public_id),
        "<int:pk>": f"{number}",
        "<int:number>": "1",
        "<int:contact_no>": "1",
        "<int:grant_id>": f"{number}",
        "<int:person_id>": f"{number}",
        "<int:role_id>": f"{number}",
        "<int:transfer_id>": f"{number}",
        "<slug:key>": "status",
        "<slug:code>": w.OTHER_LEA,
        "<slug:year>": "2026-2027",
        "<slug:provider_id>": "nowhere",
        "<str:field>": "23.20",
        "<str:code>": "GERR0005",
        "<str:token>": "none",
    }
    for name, route in routes():
        for part, value in values.items():
            route = route.replace(part, value)
        assert "<" not in route, f"{name}: give {route} a value here"
        yield name, f"/{route}"


def addresses_of(public_ids: Iterable[object], number: int = 1) -> Iterator[tuple[str, str]]:
    """Every address with each of these in it; one with nothing in it once."""
    told = set()
    for public_id in public_ids:
        for name, path in addresses(public_id, number):
            if path not in told:
                told.add(path)
                yield name, path
