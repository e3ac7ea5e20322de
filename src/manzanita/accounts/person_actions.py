"""Accounts of people: added, closed and opened again."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from manzanita.accounts.actions import add_person, disable_person
from manzanita.accounts.grant_actions import give_grant
from manzanita.accounts.granting import KEEPS_ONE, Refused, Wish, why_not_give, why_not_manage
from manzanita.accounts.models import AccountClosure, Grant, OtherEmail, User
from manzanita.accounts.people_queries import (
    account_with,
    dormant_ids,
    is_over,
    managed_grants,
    namesakes_of,
    others_who_keep,
    people_within,
    planned_closures,
)
from manzanita.auditing.actions import log_change
from manzanita.domain.access import Actor
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.models import Agency
from manzanita.platform import clock


def why_not_add(email: str, name: str, *, is_another_person: bool) -> list[Reason]:
    """Against a new account: its address, its name, and namesakes that nobody has looked at."""
    found = []
    try:
        validate_email(email.strip())
    except ValidationError:
        found.append(
            Reason("no-email", "This is no e-mail address.", Owner.YOU, "Write it as name@example.org.")
        )
    if not name.strip():
        found.append(Reason("no-name", "The name is missing.", Owner.YOU, "Write first and last name."))
    elif len(name.strip()) > 120:
        found.append(
            Reason("long-name", "The name is longer than 120 letters.", Owner.COORDINATOR, "Shorten it.")
        )
    if account_with(email) is not None:
        found.append(
            Reason(
                "account-exists",
                "This address belongs to an account already.",
                Owner.COORDINATOR,
                "Give that account a perspective here, or ask for its transfer.",
            )
        )
    elif not is_another_person and namesakes_of(name):
        found.append(
            Reason(
                "namesake",
                "Somebody of this name has an account already.",
                Owner.COORDINATOR,
                "Look whether it is the same person. If it is not, say so, and the account is made.",
            )
        )
    return found


@transaction.atomic
def add_with_grant(*, actor: Actor, email: str, name: str, wish: Wish, is_another_person: bool) -> User:
    """Make an account and give its first perspective. Raises ``Refused``; then there is no account either.

    Sent a second time it finds the account with what was asked, and changes nothing.
    """
    existing = account_with(email)
    if (
        existing is not None
        and existing.added_on == clock.today()
        and people_within(actor).filter(pk=existing.pk)
    ):
        give_grant(actor=actor, user=existing, wish=wish)
        return existing
    reasons = [
        *why_not_add(email, name, is_another_person=is_another_person),
        *why_not_give(actor, wish, today=clock.today()),
    ]
    if reasons:
        raise Refused(reasons)
    user = add_person(email=email.strip(), name=" ".join(name.split()), password=None)
    log_change(actor=actor, action="add_person", subject=user, reason=wish.reason)
    give_grant(actor=actor, user=user, wish=wish)
    return user


@transaction.atomic
def grant_to_known(*, actor: Actor, user: User, wish: Wish, known_as: str = "") -> Grant:
    """Give somebody who has an account elsewhere a perspective here too; ``known_as`` is the address used here.

    Raises ``Refused``.
    """
    grant = give_grant(actor=actor, user=user, wish=wish)
    address = known_as.strip().lower()
    if address and address != user.email and account_with(address) is None:
        OtherEmail.objects.create(user=user, email=address, added_at=clock.now())
        log_change(actor=actor, action="add_email", subject=user)
    return grant


def note_lookup(*, actor: Actor, users: list[User]) -> None:
    """Who was told of a person of another agency, and that it was asked."""
    mine = set(people_within(actor).filter(pk__in=[user.pk for user in users]).values_list("pk", flat=True))
    for user in users:
        if user.pk not in mine:
            log_change(actor=actor, action="find_account", subject=user)


# Closing


def why_not_close(actor: Actor, user: User) -> list[Reason]:
    """Against closing an account: not one's own, not one that works elsewhere too, not the last coordinator's."""
    found = why_not_manage(actor)
    today = clock.today()
    if user.pk == actor.user_id:
        found.append(
            Reason(
                "not-ones-own",
                "Nobody closes their own account.",
                Owner.SELPA,
                "Ask another coordinator or the SELPA.",
            )
        )
    grants = [
        grant
        for grant in Grant.objects.filter(user=user, delegated_from__isnull=True).select_related(
            "agency", "role"
        )
        if not is_over(grant, today)
    ]
    mine = set(managed_grants(actor).filter(user=user).values_list("pk", flat=True))
    others = sorted({grant.agency.name for grant in grants if grant.pk not in mine})
    if others:
        found.append(
            Reason(
                "works-elsewhere",
                f"The person also works at {', '.join(others)}.",
                Owner.COORDINATOR,
                "End the perspectives here; the account stays for the others.",
            )
        )
    for grant in grants:
        if grant.perspective_key in KEEPS_ONE and not others_who_keep(grant, after=today):
            found.append(
                Reason(
                    "the-last-one",
                    f"This is the last {grant.perspective_label} of {grant.agency.name}.",
                    Owner.SELPA,
                    "First let the SELPA name a successor.",
                )
            )
    return found


@transaction.atomic
def close_account(*, actor: Actor, user: User, reason: str, on: date | None = None) -> None:
    """End all grants of a person who has left, and the account with them: at once, or after the day ``on``.

    Raises ``Refused``; twice changes nothing.
    """
    for agency_id in sorted(Grant.objects.filter(user=user).values_list("agency_id", flat=True).distinct()):
        Agency.objects.select_for_update().get(pk=agency_id)
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        return
    reasons = why_not_close(actor, user)
    if not reason.strip():
        reasons.append(Reason("no-reason", "The reason is missing.", Owner.YOU, "Say in a few words why."))
    if reasons:
        raise Refused(reasons)
    standing = AccountClosure.objects.filter(user=user, reopened_at__isnull=True).first()
    closure = standing or AccountClosure(user=user)
    closure.cause, closure.reason, closure.closed_by_id = "left", reason.strip()[:200], actor.user_id
    closure.closes_on = max(on or clock.today(), clock.today())
    if closure.closes_on == clock.today():
        disable_person(user=user, by=actor, reason=reason.strip())
        closure.closed_at = clock.now()
    else:
        log_change(
            actor=actor,
            action="plan_closure",
            subject=user,
            reason=reason.strip(),
            detail={"last_day": closure.closes_on.isoformat()},
        )
    closure.save()


@transaction.atomic
def reopen_account(*, actor: Actor, user: User, reason: str) -> None:
    """Open a closed account again. Its grants stand as they are: those of a dormant account count again, those of
    somebody who left have ended. Raises ``Refused``."""
    user = User.objects.select_for_update().get(pk=user.pk)
    reasons = why_not_manage(actor)
    if user.pk == actor.user_id:
        reasons.append(Reason("not-ones-own", "Nobody opens their own account.", Owner.SELPA, "Ask another."))
    if not reason.strip():
        reasons.append(Reason("no-reason", "The reason is missing.", Owner.YOU, "Say in a few words why."))
    if reasons:
        raise Refused(reasons)
    reopened = AccountClosure.objects.filter(user=user, reopened_at__isnull=True).update(
        reopened_at=clock.now(), reopened_by_id=actor.user_id
    )
    if user.is_active and not reopened:
        return
    user.is_active = True
    user.save(update_fields=["is_active"])
    log_change(actor=actor, action="reopen_account", subject=user, reason=reason.strip())


def close_planned_accounts() -> int:
    """Close the accounts whose last day has passed, but the last coordinator's of an agency; returns how many."""
    closed = 0
    for planned in planned_closures(clock.today()):
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=planned.user_id)
            if _is_needed(user):
                continue
            if user.is_active:
                disable_person(user=user, by=None, reason=planned.reason)
            planned.closed_at = clock.now()
            planned.save(update_fields=["closed_at"])
            closed += 1
    return closed


def _is_needed(user: User) -> bool:
    """Is this person the last one who can manage people at some agency?"""
    keeps = Grant.objects.filter(user=user, perspective_key__in=KEEPS_ONE, delegated_from__isnull=True)
    return any(
        not is_over(grant, clock.today()) and not others_who_keep(grant, after=clock.today())
        for grant in keeps.select_related("agency", "role")
    )


def close_dormant_accounts() -> int:
    """Close the accounts of people who have not signed in for a year; returns how many. Their grants stay, so that
    opening the account again gives back what there was. The last coordinator of an agency is left alone."""
    closed = 0
    for pk in sorted(dormant_ids(clock.today())):
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=pk)
            if not user.is_active or _is_needed(user):
                continue
            user.is_active = False
            user.save(update_fields=["is_active"])
            AccountClosure.objects.create(
                user=user,
                cause="dormant",
                reason="No sign-in for a year.",
                closes_on=clock.today(),
                closed_at=clock.now(),
            )
            log_change(actor=None, action="close_dormant_account", subject=user)
            closed += 1
    return closed
