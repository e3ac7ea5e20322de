"""A view as a colleague, request by request: who looks, through whose grant, until when."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

from manzanita.accounts.guest_queries import running_view, viewing_actor
from manzanita.accounts.models import ViewAsSession
from manzanita.accounts.session_keys import AT_SCHOOL, LIST_VIEW, VIEW_AS
from manzanita.accounts.view_as_actions import end_view_as


def look_as_colleague(request: HttpRequest) -> bool:
    """Give the request the actor of a running view; ``False`` where the person acts as oneself.

    A view whose time or grant has run out ends here, with its row in the log and a word on the next page.
    """
    key = request.session.get(VIEW_AS)
    if key is None:
        return False
    view = running_view(key, request.user.pk)
    actor = None
    if view is not None:
        actor = viewing_actor(
            view,
            request.user,
            list_view=request.session.get(LIST_VIEW, ""),
            at_place=tuple(request.session.get(AT_SCHOOL) or ("", "")),
        )
    if view is None or actor is None:
        forget_view(request)
        if view is not None:
            end_view_as(actor=None, view=view)
            messages.info(request, f"You look as yourself again: the view as {view.viewed.name} has ended.")
        return False
    request.view_as, request.grant, request.actor = view, view.viewed_grant, actor
    return True


def remember_view(request: HttpRequest, view: ViewAsSession) -> None:
    """From the next request on the person looks as the colleague; what was chosen of the own lists is let go."""
    forget_view(request)
    request.session[VIEW_AS] = view.pk


def forget_view(request: HttpRequest) -> None:
    """From here on the person looks as oneself; what was chosen of the colleague's lists is let go."""
    for key in (VIEW_AS, LIST_VIEW, AT_SCHOOL):
        request.session.pop(key, None)
