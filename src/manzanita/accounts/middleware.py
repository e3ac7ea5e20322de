"""Gives every signed-in request its actor: the grant chosen in this session, or the widest one."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from manzanita.accounts.queries import actor_of, grants_in_force
from manzanita.platform import clock

SESSION_KEY = "grant"


class ActorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor, request.grant, request.available_grants = None, None, []
        user = request.user
        if user.is_authenticated:
            grants = grants_in_force(user, clock.today())
            chosen = request.session.get(SESSION_KEY)
            grant = next((g for g in grants if g.pk == chosen), grants[0] if grants else None)
            request.grant, request.available_grants = grant, grants
            if grant is not None:
                request.actor = actor_of(user, grant)
        return self.get_response(request)
