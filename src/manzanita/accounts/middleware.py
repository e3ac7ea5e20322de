"""Gives every signed-in request its actor: the grants chosen in this session, or the widest ones."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from manzanita.accounts.queries import actor_of, grants_in_force, standing_with, standings_of
from manzanita.platform import clock

SESSION_KEY = "grant"
VIEW_KEY = "view"
SCHOOL_KEY = "at_school"


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor, request.grant, request.available_grants = None, None, []
        user = request.user
        if user.is_authenticated:
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
        return self.get_response(request)
