"""What can be lent to a colleague, for how long and how much of it: a decision with every reason against."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from manzanita.accounts.granting import GIVEN_ELSEWHERE
from manzanita.accounts.models import Grant
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.perspectives import PERSPECTIVES

LONGEST_DELEGATION_DAYS = 30


def can_be_lent(grant: Grant) -> bool:
    """Does what the grant gives go to a colleague as it is? A caseload does not: it hangs on the person."""
    perspective = PERSPECTIVES[grant.perspective_key]
    return (
        grant.delegated_from_id is None
        and perspective.scope in (Scope.AGENCY, Scope.SCHOOL, Scope.SELPA, Scope.NOBODY)
        and perspective.key not in GIVEN_ELSEWHERE
    )


def why_not_lend(
    actor: Actor,
    grant: Grant,
    *,
    to_id: int | None,
    is_colleague: bool,
    capabilities: Collection[Capability],
    held: Collection[Capability],
    ends_on: date | None,
    today: date,
    reason: str,
) -> list[Reason]:
    """Against lending ``grant``, which gives ``held``, with ``capabilities`` from today through ``ends_on``."""
    found = []
    if actor.is_read_only or grant.user_id != actor.user_id:
        found.append(
            Reason(
                "not-your-grant",
                "Only what one holds oneself can be lent.",
                Owner.COORDINATOR,
                "Choose one of your own.",
            )
        )
    if not can_be_lent(grant):
        found.append(
            Reason(
                "not-lent",
                f"{grant.perspective_label} cannot be lent: it shows students who are assigned to you one by one, "
                "or was itself lent or approved for you alone.",
                Owner.COORDINATOR,
                "Ask the SEDS coordinator to hand your students over for the time.",
            )
        )
    if to_id is None or to_id == actor.user_id or not is_colleague:
        found.append(
            Reason(
                "no-colleague",
                f"Choose a colleague who works at {grant.agency.name} now.",
                Owner.COORDINATOR,
                "Somebody from elsewhere first needs a perspective here.",
            )
        )
    if not capabilities or not set(capabilities) <= set(held):
        found.append(
            Reason(
                "more-than-held",
                "A colleague can be lent what you may do, or less; not more, and not nothing.",
                Owner.COORDINATOR,
                "Choose among what stands there.",
            )
        )
    longest = today + timedelta(days=LONGEST_DELEGATION_DAYS)
    if ends_on is None or not today <= ends_on <= longest:
        found.append(
            Reason(
                "lent-too-long",
                f"A perspective is lent for {LONGEST_DELEGATION_DAYS} days at most: until {longest:%m/%d/%Y}.",
                Owner.COORDINATOR,
                "Give a day between today and then.",
            )
        )
    if not reason.strip():
        found.append(Reason("no-reason", "The reason is missing.", Owner.YOU, "Say in a few words why."))
    return found
