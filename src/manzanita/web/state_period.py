"""The lock on a reporting period: sending only what counts in it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from manzanita.accounts.queries import user_names
from manzanita.domain.access import Actor, Capability
from manzanita.domain.reporting_periods import period_of, period_open_on
from manzanita.exchange.queries import ready_after
from manzanita.exchange.report_actions import lock_period, unlock_period
from manzanita.exchange.reporting import lock_of, locked_count
from manzanita.platform import clock
from manzanita.web.access import requires


def period_context(actor: Actor) -> dict[str, Any]:
    """What the State page says of the period: the one that is open, or the lock with what it holds back."""
    lock = lock_of(actor.agency_code)
    period = period_of(lock.year, lock.period_key) if lock else period_open_on(clock.today())
    return {
        "period": period,
        "lock": lock,
        "is_over": bool(lock and period and clock.today() > period.closes_on),
        "locked_by": user_names({lock.set_by_id}).get(lock.set_by_id, "") if lock else "",
        "locked_count": locked_count(actor) if lock else 0,
        "would_wait": ready_after(actor, period.counts_until) if period and not lock else 0,
    }


@require_POST
@requires(Capability.SEND_TO_STATE)
def set_lock(request: HttpRequest) -> HttpResponse:
    """Lock the period that is open, or lift the lock that stands."""
    if request.POST.get("do") == "unlock":
        if unlock_period(actor=request.actor):
            messages.success(request, "The lock is lifted: everything that differs may go again.")
        else:
            messages.info(request, "Nothing was locked.")
        return redirect("state")
    period = period_open_on(clock.today())
    if period is None:
        messages.error(request, "Not locked: no reporting period is open today.")
    else:
        lock_period(actor=request.actor, period=period)
        messages.success(request, f"Locked: only what counts in {period.label} {period.year} is sent now.")
    return redirect("state")


urlpatterns = [path("state/period", set_lock, name="state_period")]
