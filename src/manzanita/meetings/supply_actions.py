"""Writing how a case manager plans, and the rooms and interpreters of an LEA."""

from __future__ import annotations

from django.db import transaction

from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability
from manzanita.meetings.models import PlannedMeeting, PlanningLimits, PlanningSupply
from manzanita.meetings.plan_judging import refuse_unless_may
from manzanita.platform import clock


@transaction.atomic
def save_limits(*, actor: Actor, limits: PlanningLimits) -> None:
    """Keep how a case manager plans. Raises ``NotPossible``."""
    refuse_unless_may(actor, limits.user_id)
    values = {
        name: getattr(limits, name)
        for name in ("per_day", "per_week", "notice_days", "days_before", "minutes", "times", "needs_room")
    }
    stored, _ = PlanningLimits.objects.update_or_create(
        user_id=limits.user_id, defaults=values | {"by_id": actor.user_id, "at": clock.now()}
    )
    log_change(actor=actor, action="save_planning_limits", subject=stored, detail=values)


def may_keep_supplies(actor: Actor) -> bool:
    """Rooms and interpreters are kept by who keeps the calendars."""
    return actor.may(Capability.EDIT_CALENDARS) and not actor.is_read_only


@transaction.atomic
def add_supply(*, actor: Actor | None, supply: PlanningSupply) -> PlanningSupply:
    """List a room or an interpreter; the same one listed already is that one. ``actor`` ``None`` is the installation.
    Raises ``ValueError`` for who may not."""
    if actor is not None and not (may_keep_supplies(actor) and supply.lea_code in actor.agency_codes):
        raise ValueError("this actor keeps no rooms and interpreters of that LEA")
    same = PlanningSupply.objects.filter(
        ended_at__isnull=True,
        **{
            name: getattr(supply, name)
            for name in (
                "kind",
                "lea_code",
                "school_code",
                "name",
                "language",
                "weekdays",
                "first_on",
                "last_on",
            )
        },
    ).first()
    if same is not None:
        return same
    supply.by_id, supply.at = (actor.user_id if actor else None), clock.now()
    supply.save()
    log_change(
        actor=actor,
        action="add_planning_supply",
        subject=supply,
        detail={"kind": supply.kind},
        lea_code=supply.lea_code,
    )
    return supply


@transaction.atomic
def end_supply(*, actor: Actor, supply: PlanningSupply) -> int:
    """Take a room or an interpreter off the list; how many planned meetings still name it, which stay as they are."""
    if not may_keep_supplies(actor) or supply.lea_code not in actor.agency_codes:
        raise ValueError("this actor keeps no rooms and interpreters of that LEA")
    if PlanningSupply.objects.filter(pk=supply.pk, ended_at__isnull=True).update(ended_at=clock.now()):
        log_change(actor=actor, action="end_planning_supply", subject=supply, detail={"kind": supply.kind})
    named = PlannedMeeting.objects.filter(ended_by__isnull=True, planned_on__gte=clock.today())
    column = "room" if supply.kind == "room" else "interpreter"
    return named.filter(**{column: supply.pk}).count()
