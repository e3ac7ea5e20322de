"""Saying on the next page why access was not given."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest

from manzanita.domain.findings import Reason


def tell_refusals(request: HttpRequest, reasons: Sequence[Reason]) -> None:
    """Each reason as one message: what, the way out, whose job it is."""
    for reason in reasons:
        messages.error(request, f"{reason.text} {reason.way_out} ({reason.owner})")
