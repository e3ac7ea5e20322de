"""Naming who has a duty."""

from __future__ import annotations

from django.db import transaction

from manzanita.accounts.granting import Refused, why_not_manage
from manzanita.accounts.models import Duty, User
from manzanita.accounts.people_queries import staff_with
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.duties import DUTIES
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.models import Agency
from manzanita.platform import clock


@transaction.atomic
def assign_duty(*, actor: Actor, kind: str, holder: User | None, backup: User | None) -> Duty:
    """Name who has a duty of the actor's agency from today, and who stands in. Raises ``Refused``.

    Naming the same people again changes nothing.
    """
    agency = Agency.objects.select_for_update().get(code=actor.agency_code)
    reasons = why_not_manage(actor)
    if kind not in DUTIES:
        raise ValueError(f"no such duty: {kind}")
    able = {user.pk for user in staff_with(actor, DUTIES[kind].capability)}
    if holder is None or holder.pk not in able:
        reasons.append(
            Reason(
                "duty-without-right",
                f"“{DUTIES[kind].label}” needs somebody whose perspective here can do it.",
                Owner.COORDINATOR,
                "Choose one of the list, or give the person the perspective first.",
            )
        )
    if backup is not None and (backup.pk not in able or (holder is not None and backup.pk == holder.pk)):
        reasons.append(
            Reason(
                "backup-without-right",
                "Who stands in is another person who can do it, too.",
                Owner.COORDINATOR,
                "Choose somebody else, or nobody.",
            )
        )
    if reasons or holder is None:
        raise Refused(reasons)
    standing = Duty.objects.filter(agency=agency, kind=kind, ended_at__isnull=True).first()
    backup_id = backup.pk if backup else None
    if standing is not None:
        if (standing.holder_id, standing.backup_id) == (holder.pk, backup_id):
            return standing
        standing.ended_at = clock.now()
        standing.save(update_fields=["ended_at"])
    duty = Duty.objects.create(
        agency=agency,
        kind=kind,
        holder=holder,
        backup=backup,
        since_on=clock.today(),
        assigned_by_id=actor.user_id,
    )
    log_change(
        actor=actor,
        action="assign_duty",
        subject=duty,
        detail={"duty": kind, "holder": holder.pk, "backup": backup_id},
    )
    return duty
