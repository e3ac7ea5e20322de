"""Gives every signed-in request its actor: the grants chosen in this session, or the widest ones; in a view as a
colleague the colleague's."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from manzanita.accounts import session_keys
from manzanita.accounts.bands import band_of
from manzanita.accounts.queries import actor_of, grants_in_force, standing_with, standings_of
from manzanita.accounts.view_as import look_as_colleague
from manzanita.platform import clock

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
                    at_school=tuple(request.session.get(SCHOOL_KEY) or ("", "")),
                )
        request.access_band = band_of(request)
        return self.get_response(request)
