"""Who may open a page, and the pages that say no: each names the reason and the way out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from secrets import token_hex

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string

from manzanita.accounts.gate import refuse, state_of
from manzanita.accounts.held_forms import fields_to_hold
from manzanita.accounts.queries import capabilities_of
from manzanita.accounts.second_person import lifters_of, names_of
from manzanita.accounts.sessions import SessionState
from manzanita.auditing.models import ViewingBlock
from manzanita.auditing.viewing_blocks import open_block
from manzanita.domain.access import CAPABILITY_WORDS, Capability, decide
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.domain.viewing_limits import words_of
from manzanita.students.queries import NoLongerSeen
from manzanita.web.whom_to_ask import coordinator_to_ask, selpa_to_ask

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


def requires(*capabilities: Capability) -> Callable[[View], View]:
    """The view runs for actors with one of ``capabilities``; anybody else gets a 403 page in words, which names the
    first, and so does a person who looked at far too many students.

    Behind it ``request.actor`` is never ``None``.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if request.actor is None:
                return no_grant(request)
            if not any(request.actor.may(capability) for capability in capabilities):
                return missing_capability(request, capabilities[0])
            block = open_block(request.actor.user_id)
            if block is not None:
                return viewing_blocked(request, block)
            return view(request, *args, **kwargs)

        # Which perspectives a page is for is asked of the page itself.
        guarded.__dict__["required"] = capabilities
        return guarded

    return decorate


def requires_grant(view: View) -> View:
    """The view runs for everybody who is somebody here: for pages without any student."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return no_grant(request) if request.actor is None else view(request, *args, **kwargs)

    return guarded


def no_grant(request: HttpRequest) -> HttpResponse:
    """Signed in, but no grant is in force today, so there is no scope to show anything of."""
    return render(request, "web/no_grant.html", {"person_name": request.user.name}, status=403)


def missing_capability(request: HttpRequest, capability: Capability) -> HttpResponse:
    """The perspective in use may not do this; own perspectives that may are offered, or the end of a view."""
    able = [grant for grant in request.available_grants if capability in capabilities_of(grant)]
    # What no coordinator may, a SELPA decides.
    is_for_selpa = capability not in PERSPECTIVES["coordinator"].capabilities
    context = {
        "actor": request.actor,
        "deed": CAPABILITY_WORDS[capability],
        "able_grants": able,
        "reasons": decide(request.actor, capability).because,
        "is_view": request.actor.acting_for_id is not None,
        "is_for_selpa": is_for_selpa,
        "ask": selpa_to_ask(request.actor) if is_for_selpa else coordinator_to_ask(request.actor),
    }
    return render(request, "web/missing_capability.html", context, status=403)


def viewing_blocked(request: HttpRequest, block: ViewingBlock) -> HttpResponse:
    """The person's student pages are stopped: why, since when, and who opens them again."""
    context = {
        "block": block,
        "because": words_of(block.reason),
        "lifters": names_of(lifters_of(block)),
    }
    return render(request, "web/viewing/blocked.html", context, status=403)


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The page of a ``PermissionDenied`` that says no more than that."""
    return render(request, "403.html", status=403)


@login_not_required
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came back with another token than this browser has now: mostly a page from before a new sign-in.

    What was sent was not used, and must not be lost. A part of a page (htmx) is told the token of today and who is
    signed in, so that the page can save again for the same person. A form that came from this site, as the browser
    itself says, can be sent again by its reader; one of another site cannot.
    """
    if state_of(request) in (SessionState.LOCKED, SessionState.SECOND_FACTOR):
        return refuse(request)
    if request.htmx:
        told = {"token": get_token(request)}
        if request.actor is not None:
            told |= {"person": request.actor.user_id, "name": request.actor.person_name}
        return JsonResponse(told, status=403)
    context = {
        "again": fields_to_hold(request) if request.actor is not None else [],
        "path": request.get_full_path(),
    }
    return render(request, "web/csrf_failed.html", context, status=403)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """No such page, or none in this scope: the two look the same from outside. A former LEA whose time has run out is
    told so: that it had the student it knows."""
    actor = getattr(request, "actor", None)
    why = exception.why if isinstance(exception, NoLongerSeen) else None
    context = {"actor": actor, "ask": coordinator_to_ask(actor) if actor else None, "ended": why}
    return render(request, "404.html", context, status=404)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke. The page reads nothing, and its reference finds the line in the log."""
    reference = token_hex(4)
    logger.error("server error shown, reference %s", reference)
    return HttpResponse(render_to_string("500.html", {"reference": reference}), status=500)
