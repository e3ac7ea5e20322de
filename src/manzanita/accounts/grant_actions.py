"""Giving, ending, extending and lending perspectives, and the roles of a SELPA. Each act is logged with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils.text import slugify

from manzanita.accounts.actions import grant_perspective
from manzanita.accounts.granting import (
    KEEPS_ONE,
    Refused,
    Wish,
    default_designation,
    managed_codes,
    why_no_role,
    why_not_end,
    why_not_extend,
    why_not_give,
)
from manzanita.accounts.lending import why_not_lend
from manzanita.accounts.models import Grant, Role, User
from manzanita.accounts.people_queries import colleagues_of, others_who_keep, overlapping_grants
from manzanita.accounts.queries import capabilities_of
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency
from manzanita.platform import clock


@transaction.atomic
def give_grant(*, actor: Actor, user: User, wish: Wish) -> Grant:
    """Give ``wish`` to ``user``. Raises ``Refused``. The same wish a second time changes nothing; a further school of
    a perspective that is held already is added to it."""
    today = clock.today()
    # Two administrators at once: the second sees what the first gave.
    user = User.objects.select_for_update().get(pk=user.pk)
    reasons = why_not_give(actor, wish, today=today)
    if not user.is_active:
        reasons.append(
            Reason("account-closed", "The account is closed.", Owner.COORDINATOR, "Open it again first.")
        )
    if reasons or wish.starts_on is None:
        raise Refused(reasons)
    perspective = PERSPECTIVES[wish.perspective_key]
    managed_by = "" if wish.agency.code in managed_codes(actor) else actor.agency_code
    wanted = {school.pk for school in wish.schools} if perspective.scope is Scope.SCHOOL else set()
    for standing in overlapping_grants(user, wish, managed_by):
        held = {one.school_id for one in standing.schools.all()}
        if wanted - held:
            continue
        if (standing.starts_on, standing.ends_on) == (wish.starts_on, wish.ends_on):
            return standing
        raise Refused([_held_already(standing)])
    grant = grant_perspective(
        user=user,
        perspective_key=wish.perspective_key,
        agency=wish.agency,
        starts_on=wish.starts_on,
        ends_on=wish.ends_on,
        by=User.objects.get(pk=actor.user_id),
        reason=wish.reason.strip()[:200],
        role=wish.role,
        schools=wish.schools if wanted else (),
        designation=default_designation(perspective),
        managed_by_code=managed_by,
    )
    log_change(
        actor=actor,
        action="give_grant",
        subject=grant,
        reason=wish.reason.strip(),
        detail={"user": user.pk, "perspective": wish.perspective_key, "schools": sorted(wanted)},
    )
    return grant


def _held_already(standing: Grant) -> Reason:
    until = f" until {standing.ends_on:%m/%d/%Y}" if standing.ends_on else ""
    return Reason(
        "held-already",
        f"The person is {standing.perspective_label} at {standing.agency.name} from "
        f"{standing.starts_on:%m/%d/%Y}{until} already.",
        Owner.COORDINATOR,
        "Change the last day of that grant instead.",
    )


@transaction.atomic
def end_grant(*, actor: Actor, grant: Grant, ends_on: date | None, reason: str) -> Grant:
    """End a grant after the day ``ends_on``; with today, at this moment. Raises ``Refused``.

    What was lent of it ends with it by itself. A second click finds it ended and changes nothing.
    """
    today, now = clock.today(), clock.now()
    # Two coordinators who end each other's grants at once: the agency's row lets one of them be the last.
    Agency.objects.select_for_update().get(pk=grant.agency_id)
    grant = Grant.objects.select_for_update(of=("self",)).select_related("agency", "user").get(pk=grant.pk)
    if grant.ends_at is not None or (grant.ends_on is not None and grant.ends_on < today):
        return grant
    others = others_who_keep(grant, after=ends_on or today) if grant.perspective_key in KEEPS_ONE else 1
    reasons = why_not_end(actor, grant, ends_on=ends_on, today=today, others=others, reason=reason)
    if reasons or ends_on is None:
        raise Refused(reasons)
    close_grant(grant, ends_on=ends_on)
    log_change(
        actor=actor,
        action="end_grant",
        subject=grant,
        reason=reason.strip(),
        detail={
            "user": grant.user_id,
            "last_day": ends_on.isoformat(),
            "at_once": ends_on == today,
            "at": now.isoformat(),
        },
    )
    return grant


def close_grant(grant: Grant, *, ends_on: date) -> None:
    """Set the end; one that ends today ends at this moment. Whoever calls has asked whether it may, and logs it."""
    if ends_on <= clock.today():
        grant.ends_at = clock.now()
    # A grant that had not begun ends on its first day, and was never in force.
    grant.ends_on = max(ends_on, grant.starts_on)
    grant.save(update_fields=["ends_on", "ends_at"])


@transaction.atomic
def extend_grant(*, actor: Actor, grant: Grant, ends_on: date | None, reason: str) -> Grant:
    """Give a grant another last day, or none. Raises ``Refused``."""
    User.objects.select_for_update().get(pk=grant.user_id)
    grant = Grant.objects.select_related("agency", "user").get(pk=grant.pk)
    if grant.ends_on == ends_on:
        return grant
    reasons = why_not_extend(actor, grant, ends_on=ends_on, today=clock.today(), reason=reason)
    if not reasons:
        wish = Wish(
            user_id=grant.user_id,
            perspective_key=grant.perspective_key,
            agency=grant.agency,
            starts_on=grant.starts_on,
            ends_on=ends_on,
            role=grant.role,
        )
        others = [
            one for one in overlapping_grants(grant.user, wish, grant.managed_by_code) if one.pk != grant.pk
        ]
        if PERSPECTIVES[grant.perspective_key].scope is not Scope.SCHOOL:
            reasons += [_held_already(one) for one in others]
        if grant.perspective_key in KEEPS_ONE and ends_on is not None and grant.ends_on is None:
            # Shortening what was open is an end.
            reasons += why_not_end(
                actor,
                grant,
                ends_on=ends_on,
                today=clock.today(),
                others=others_who_keep(grant, after=ends_on),
                reason=reason,
            )
    if reasons:
        raise Refused(reasons)
    before = grant.ends_on
    grant.ends_on = ends_on
    grant.save(update_fields=["ends_on"])
    log_change(
        actor=actor,
        action="extend_grant",
        subject=grant,
        reason=reason.strip(),
        detail={
            "user": grant.user_id,
            "before": before.isoformat() if before else None,
            "last_day": ends_on.isoformat() if ends_on else None,
        },
    )
    return grant


@transaction.atomic
def lend_grant(
    *,
    actor: Actor,
    grant: Grant,
    to: User | None,
    capabilities: Sequence[Capability],
    ends_on: date | None,
    reason: str,
) -> Grant:
    """Lend one's own ``grant`` to a colleague from today through ``ends_on``. Raises ``Refused``.

    Lending the same to the same person again returns what was lent.
    """
    today = clock.today()
    grant = Grant.objects.select_for_update(of=("self",)).select_related("agency", "role").get(pk=grant.pk)
    reasons = why_not_lend(
        actor,
        grant,
        to_id=to.pk if to else None,
        is_colleague=to is not None and colleagues_of(grant).filter(pk=to.pk).exists(),
        capabilities=capabilities,
        held=capabilities_of(grant),
        ends_on=ends_on,
        today=today,
        reason=reason,
    )
    if reasons or to is None or ends_on is None:
        raise Refused(reasons)
    lent = sorted(one.value for one in set(capabilities))
    for standing in Grant.objects.filter(
        delegated_from=grant, user=to, ends_at__isnull=True, ends_on__gte=today
    ):
        if standing.only_capabilities == lent and standing.ends_on == ends_on:
            return standing
        raise Refused(
            [
                Reason(
                    "lent-already",
                    f"You have lent this to the same person until {standing.ends_on:%m/%d/%Y}.",
                    Owner.COORDINATOR,
                    "Take that back first.",
                )
            ]
        )
    made = Grant.objects.create(
        user=to,
        perspective_key=grant.perspective_key,
        role=grant.role,
        agency=grant.agency,
        designation=grant.designation,
        starts_on=today,
        ends_on=ends_on,
        granted_by_id=actor.user_id,
        reason=reason.strip()[:200],
        managed_by_code=grant.managed_by_code,
        delegated_from=grant,
        only_capabilities=lent,
    )
    made.schools.bulk_create(
        [made.schools.model(grant=made, school_id=one.school_id) for one in grant.schools.all()]
    )
    log_change(
        actor=actor,
        action="lend_grant",
        subject=made,
        reason=reason.strip(),
        detail={"user": to.pk, "from_grant": grant.pk, "capabilities": lent, "last_day": ends_on.isoformat()},
    )
    return made


@transaction.atomic
def take_back_grant(*, actor: Actor, grant: Grant, reason: str = "taken back") -> None:
    """End what one has lent, at once. Raises ``Refused`` for anything else."""
    grant = Grant.objects.select_for_update(of=("self",)).select_related("delegated_from").get(pk=grant.pk)
    if grant.delegated_from is None or grant.delegated_from.user_id != actor.user_id or actor.is_read_only:
        raise Refused(
            [
                Reason(
                    "not-your-grant",
                    "Only who lent it takes it back.",
                    Owner.COORDINATOR,
                    "The SEDS coordinator can end it.",
                )
            ]
        )
    if grant.ends_at is None:
        close_grant(grant, ends_on=clock.today())
        log_change(
            actor=actor,
            action="take_back_grant",
            subject=grant,
            reason=reason,
            detail={"user": grant.user_id},
        )


@transaction.atomic
def define_role(
    *, actor: Actor, label: str, for_whom: str, perspective_key: str, capabilities: Sequence[str]
) -> Role:
    """Make a role of the actor's SELPA, or give the one of this name other capabilities, at once for all who have it.

    Raises ``Refused``.
    """
    label, for_whom = label.strip(), for_whom.strip()
    reasons = why_no_role(
        actor, label=label, for_whom=for_whom, perspective_key=perspective_key, capabilities=capabilities
    )
    if reasons:
        raise Refused(reasons)
    chosen = sorted(set(capabilities))
    key = slugify(label)[:40] or "role"
    Agency.objects.select_for_update().get(code=actor.agency_code)
    role = Role.objects.filter(selpa_code=actor.selpa_code, key=key).first()
    if role is None:
        role = Role(selpa_code=actor.selpa_code, key=key, perspective_key=perspective_key)
    elif role.perspective_key != perspective_key:
        raise Refused(
            [
                Reason(
                    "role-name-taken",
                    f"{role.label} is a role of another perspective.",
                    Owner.SELPA,
                    "Give the new role another name.",
                )
            ]
        )
    elif (role.label, role.for_whom, role.capabilities, role.retired_on) == (label, for_whom, chosen, None):
        return role
    before = list(role.capabilities)
    role.label, role.for_whom, role.capabilities, role.retired_on = label[:60], for_whom[:200], chosen, None
    role.save()
    log_change(
        actor=actor, action="define_role", subject=role, detail={"before": before, "capabilities": chosen}
    )
    return role


@transaction.atomic
def retire_role(*, actor: Actor, role: Role) -> None:
    """The role is not given any more; whoever has it keeps it until the grant ends. Raises ``Refused``."""
    reasons = why_no_role(
        actor,
        label=role.label,
        for_whom=role.for_whom,
        perspective_key=role.perspective_key,
        capabilities=role.capabilities,
    )
    if reasons or role.selpa_code != actor.selpa_code:
        raise Refused(reasons)
    if role.retired_on is None:
        role.retired_on = clock.today()
        role.save(update_fields=["retired_on"])
        log_change(actor=actor, action="retire_role", subject=role)
