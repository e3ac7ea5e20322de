"""Reading requests to let somebody go."""

from __future__ import annotations

from django.db.models import Q
from django.http import Http404

from manzanita.accounts.granting import managed_codes
from manzanita.accounts.models import TransferRequest
from manzanita.domain.access import Actor


def transfers_for(actor: Actor) -> list[TransferRequest]:
    """Open requests that wait for the actor's answer, then those that the actor's agencies have asked."""
    codes = managed_codes(actor)
    rows = TransferRequest.objects.filter(
        Q(from_agency__code__in=codes) | Q(to_agency__code__in=codes), state="open"
    ).select_related("user", "from_agency", "to_agency", "school", "asked_by")
    return sorted(rows, key=lambda one: (one.from_agency.code not in codes, one.asked_at))


def get_transfer(actor: Actor, transfer_id: int) -> TransferRequest:
    codes = managed_codes(actor)
    found = (
        TransferRequest.objects.filter(Q(from_agency__code__in=codes) | Q(to_agency__code__in=codes))
        .select_related("user", "from_agency", "to_agency", "school", "asked_by")
        .filter(pk=transfer_id)
        .first()
    )
    if found is None:
        raise Http404("no such transfer in this scope")
    return found
