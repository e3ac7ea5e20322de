"""On the account page: reminders by mail, and the address of the calendar feed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from manzanita.accounts.calendar_feeds import end_feed, make_feed
from manzanita.accounts.reminders import choose_reminders
from manzanita.accounts.views_account import show_account


@require_POST
def reminders_choose(request: HttpRequest) -> HttpResponse:
    try:
        choose_reminders(request.user, request.POST.get("every", ""))
    except ValueError:
        messages.error(request, "Choose how often: each weekday, once a week, or never.")
    else:
        messages.success(request, "Saved.")
    return redirect(f"{reverse('account')}#a-reminders")


@never_cache
@require_POST
def feed_make(request: HttpRequest) -> HttpResponse:
    """The page with the new address on it, this once: what is stored would not give it back."""
    secret = make_feed(request.user)
    return show_account(
        request, feed_address=request.build_absolute_uri(reverse("calendar_feed", args=[secret]))
    )


@require_POST
def feed_end(request: HttpRequest) -> HttpResponse:
    if end_feed(request.user):
        messages.success(
            request, "The address answers no more. Programs that subscribed to it show what they last read."
        )
    return redirect(f"{reverse('account')}#a-feed")
