"""Gives every signed-in request its actor: the grants chosen in this session, or the widest ones; in a view as a
colleague the colleague's. And every request its reach: whose students the database shows to it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection, transaction
from django.http import FileResponse, HttpRequest, HttpResponse

from manzanita.accounts import session_keys
from manzanita.accounts.bands import band_of
from manzanita.accounts.queries import actor_of, grants_in_force, standing_with, standings_of
from manzanita.accounts.view_as import look_as_colleague
from manzanita.domain.access import Actor
from manzanita.platform import clock
from manzanita.platform.reach import reach

SESSION_KEY, VIEW_KEY, SCHOOL_KEY = session_keys.GRANT, session_keys.LIST_VIEW, session_keys.AT_SCHOOL


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor, request.grant, request.available_grants, request.view_as = None, None, [], None
        user = request.user
        if user.is_authenticated and not look_as_colleague(request):
            grants = grants_in_force(user, clock.today())
            standings = standings_of(grants)
            standing = standing_with(grants, request.session.get(SESSION_KEY)) or next(iter(standings), [])
            request.available_grants = [one[0] for one in standings]
            if standing:
                request.grant = standing[0]
                request.actor = actor_of(
                    user,
                    *standing,
                    view=request.session.get(VIEW_KEY, ""),
                    at_place=tuple(request.session.get(SCHOOL_KEY) or ("", "")),
                )
        request.access_band = band_of(request)
        return self.get_response(request)


class ReachMiddleware:
    """Runs a request within the reach of its actor, on PostgreSQL in one transaction, which an error undoes whole.

    One transaction, because the reach is told to the database once for each.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        codes = agencies_of(request.actor) if request.actor is not None else set()
        with reach(codes):
            # A test that never commits has its transaction already.
            if not codes or connection.vendor != "postgresql" or connection.in_atomic_block:
                response = self.get_response(request)
            else:
                with transaction.atomic():
                    response = self.get_response(request)
                    if response.status_code >= 500:
                        transaction.set_rollback(True)
        if response.streaming and not isinstance(response, FileResponse):
            # It is written after the transaction: each of its statements gets its own.
            response.streaming_content = _within(codes, response.streaming_content)
        return response


def agencies_of(actor: Actor) -> set[str]:
    """Codes of the agencies whose students exist for the actor at all; the scope is decided within them."""
    return {actor.agency_code, *actor.agency_codes, actor.npa_id} - {""}


def _within(codes: Iterable[str], content: Iterable[Any]) -> Iterator[Any]:
    with reach(codes):
        yield from content
