"""Who may give, end, lend and bundle which perspective: decisions that return every reason against.

They read what they are given and write nothing; ``accounts.grant_actions`` asks them in the transaction of the write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from manzanita.accounts.models import Grant, Role
from manzanita.domain.access import CAPABILITY_WORDS, Actor, Capability, Designation, Perspective, Scope
from manzanita.domain.findings import Owner, Reason, RefusedForReasons
from manzanita.domain.perspectives import PERSPECTIVES
from manzanita.orgs.models import Agency, School

# Kinds of agency that work for several districts, each of which lets their people in.
SERVING_KINDS = frozenset({"nps", "npa", "private_school"})
# Of these each agency keeps one holder at least, or nobody could give anything there any more.
KEEPS_ONE = frozenset({"coordinator", "selpa"})
# Given on pages of their own, with approval and named students.
GIVEN_ELSEWHERE = frozenset({"cde_monitor", "family", "host_staff", "host_session"})


class Refused(RefusedForReasons):
    """Nothing was done; ``reasons`` says why, by which rule, whose job it is and what ends it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A grant that somebody asks to give. ``user_id`` is ``None`` for a person who has no account yet."""

    user_id: int | None
    perspective_key: str
    agency: Agency
    starts_on: date | None
    ends_on: date | None = None
    reason: str = ""
    schools: tuple[School, ...] = ()
    role: Role | None = None


def perspectives_given_by(actor: Actor) -> list[Perspective]:
    """Those that the actor may give at all, in their order."""
    if not actor.may(Capability.MANAGE_PEOPLE) or actor.is_read_only:
        return []
    return [
        one
        for one in PERSPECTIVES.values()
        if actor.perspective_key in one.granted_by and one.key not in GIVEN_ELSEWHERE
    ]


def manages_agency(actor: Actor, agency: Agency) -> bool:
    """Is the agency the actor's own, one of its members, or one that serves districts?"""
    return agency.code in managed_codes(actor) or agency.kind in SERVING_KINDS


def managed_codes(actor: Actor) -> tuple[str, ...]:
    """Codes of the agencies whose people the actor manages."""
    return tuple(dict.fromkeys((actor.agency_code, *actor.agency_codes)))


def why_not_give(actor: Actor, wish: Wish, *, today: date) -> list[Reason]:
    """Every reason against giving ``wish``; none: it may be given."""
    return [*why_not_manage(actor), *_about_who(actor, wish), *_about_what(actor, wish, today)]


def why_not_manage(actor: Actor) -> list[Reason]:
    if actor.may(Capability.MANAGE_PEOPLE) and not actor.is_read_only:
        return []
    return [
        Reason(
            "may-not-manage",
            f"As {actor.perspective.label} at {actor.agency_name} nobody can "
            f"{CAPABILITY_WORDS[Capability.MANAGE_PEOPLE]}.",
            Owner.COORDINATOR,
            "Ask the SEDS coordinator of the agency.",
        )
    ]


def _about_who(actor: Actor, wish: Wish) -> Iterable[Reason]:
    if wish.user_id == actor.user_id:
        yield Reason(
            "not-to-oneself",
            "Nobody gives a perspective to themselves.",
            Owner.SELPA,
            "Ask another coordinator of the district, or the SELPA.",
        )
    if not manages_agency(actor, wish.agency):
        yield Reason(
            "not-your-agency",
            f"The people of {wish.agency.name} are not managed from {actor.agency_name}.",
            Owner.COORDINATOR,
            f"The SEDS coordinator of {wish.agency.name} can give it.",
        )


def _about_what(actor: Actor, wish: Wish, today: date) -> Iterable[Reason]:
    perspective = PERSPECTIVES.get(wish.perspective_key)
    if perspective is None:
        yield Reason("no-perspective", "Choose a perspective.", Owner.COORDINATOR, "Choose one of the list.")
        return
    if perspective.key in GIVEN_ELSEWHERE:
        yield Reason(
            "given-elsewhere",
            f"{perspective.label} is not given here: it needs an approval of its own.",
            Owner.COORDINATOR,
            "Use the page for guests.",
        )
    elif actor.perspective_key not in perspective.granted_by:
        givers = [PERSPECTIVES[key].label for key in PERSPECTIVES if key in perspective.granted_by]
        yield Reason(
            "not-yours-to-give",
            f"{perspective.label} is given by: {', '.join(givers) or 'the installation only'}.",
            Owner.SELPA if "selpa" in perspective.granted_by else Owner.COORDINATOR,
            "Ask one of them.",
        )
    if wish.agency.kind not in perspective.agency_kinds:
        kinds = [label.lower() for kind, label in Agency.KINDS if kind in perspective.agency_kinds]
        yield Reason(
            "other-kind-of-agency",
            f"{perspective.label} is held at a {' or '.join(kinds)}; {wish.agency.name} is none.",
            Owner.COORDINATOR,
            "Choose another perspective, or the agency the person works for.",
        )
    yield from _about_days(perspective, wish.starts_on, wish.ends_on, today)
    yield from _about_schools(perspective, wish)
    if wish.role is not None and (
        wish.role.perspective_key != perspective.key
        or wish.role.retired_on is not None
        or wish.role.selpa_code != actor.selpa_code
    ):
        yield Reason(
            "not-that-role",
            f"The role {wish.role.label} is not one of {perspective.label} that this SELPA gives now.",
            Owner.SELPA,
            "Choose another role, or none.",
        )
    if not wish.reason.strip():
        yield Reason(
            "no-reason",
            "The reason is missing.",
            Owner.YOU,
            "Say in a few words why this person needs it.",
        )


def _about_days(
    perspective: Perspective, starts_on: date | None, ends_on: date | None, today: date
) -> Iterable[Reason]:
    if starts_on is None:
        yield Reason("no-start", "The first day is missing.", Owner.YOU, "Give the first day.")
        return
    if ends_on is not None and ends_on < starts_on:
        yield Reason(
            "ends-before-start",
            "The last day lies before the first.",
            Owner.YOU,
            "Correct one of the two days.",
        )
    elif ends_on is not None and ends_on < today:
        yield Reason(
            "over-already",
            "The last day has passed, so this would give nothing.",
            Owner.COORDINATOR,
            "Give a later last day, or none.",
        )
    if perspective.longest_days is not None and (
        ends_on is None or ends_on > starts_on + timedelta(days=perspective.longest_days)
    ):
        yield Reason(
            "too-long",
            f"{perspective.label} lasts {perspective.longest_days} days at most.",
            Owner.COORDINATOR,
            "Give an earlier last day.",
        )


def _about_schools(perspective: Perspective, wish: Wish) -> Iterable[Reason]:
    if perspective.scope is Scope.SCHOOL and not wish.schools:
        yield Reason(
            "no-school",
            f"{perspective.label} is given for one school or more.",
            Owner.COORDINATOR,
            "Choose the schools.",
        )
    for school in wish.schools:
        if school.agency_id != wish.agency.pk:
            yield Reason(
                "school-of-another",
                f"{school.name} is not a school of {wish.agency.name}.",
                Owner.COORDINATOR,
                "Choose schools of the agency.",
            )


def why_not_end(
    actor: Actor, grant: Grant, *, ends_on: date | None, today: date, others: int, reason: str
) -> list[Reason]:
    """``others`` are further people who keep what ``KEEPS_ONE`` asks for at this agency after that day."""
    found = why_not_manage(actor)
    if ends_on is None or ends_on < today:
        found.append(
            Reason(
                "no-last-day",
                "A grant ends today or later.",
                Owner.COORDINATOR,
                "Give the last day, or end it now.",
            )
        )
    if not reason.strip():
        found.append(
            Reason("no-reason", "The reason is missing.", Owner.YOU, "Say in a few words why it ends.")
        )
    if grant.perspective_key in KEEPS_ONE and grant.delegated_from_id is None:
        label = PERSPECTIVES[grant.perspective_key].label
        if grant.user_id == actor.user_id and grant.pk in actor.grant_ids:
            found.append(
                Reason(
                    "not-ones-own",
                    f"Nobody ends the {label} grant through which they act.",
                    Owner.SELPA,
                    "Ask another coordinator, or the SELPA.",
                )
            )
        elif not others:
            found.append(
                Reason(
                    "the-last-one",
                    f"This is the last {label} of {grant.agency.name}. Without one nobody could give a perspective "
                    "there or send to the state.",
                    Owner.SELPA,
                    "First let the SELPA name a successor whose grant goes on beyond that day.",
                )
            )
    return found


def why_not_extend(
    actor: Actor, grant: Grant, *, ends_on: date | None, today: date, reason: str
) -> list[Reason]:
    """Against another last day (``None``: until further notice) of a grant that is not over."""
    found = why_not_manage(actor)
    perspective = PERSPECTIVES[grant.perspective_key]
    if actor.perspective_key not in perspective.granted_by:
        found.append(
            Reason(
                "not-yours-to-give",
                f"{perspective.label} is not yours to give, so not to extend either.",
                Owner.SELPA,
                "Ask the SELPA.",
            )
        )
    if grant.user_id == actor.user_id:
        found.append(
            Reason(
                "not-to-oneself",
                "Nobody extends their own grant.",
                Owner.SELPA,
                "Ask another coordinator or the SELPA.",
            )
        )
    if grant.delegated_from_id is not None:
        found.append(
            Reason(
                "lent",
                "What a colleague lent lasts some days only and is not extended.",
                Owner.COORDINATOR,
                "Give the person a perspective of their own.",
            )
        )
    if (grant.ends_on is not None and grant.ends_on < today) or grant.ends_at is not None:
        found.append(
            Reason(
                "over",
                "The grant is over.",
                Owner.COORDINATOR,
                "Give the perspective anew, so that the gap stays visible.",
            )
        )
    found += _about_days(perspective, grant.starts_on, ends_on, today)
    if not reason.strip():
        found.append(Reason("no-reason", "The reason is missing.", Owner.YOU, "Say in a few words why."))
    return found


def why_no_role(
    actor: Actor, *, label: str, for_whom: str, perspective_key: str, capabilities: Sequence[str]
) -> list[Reason]:
    """Against a role of the actor's SELPA: a bundle of what its perspective may do, never more."""
    found = why_not_manage(actor)
    if actor.perspective_key != "selpa":
        found.append(
            Reason(
                "selpa-defines",
                "Roles are defined by the SELPA, for all of its members.",
                Owner.SELPA,
                "Ask the SELPA.",
            )
        )
    perspective = PERSPECTIVES.get(perspective_key)
    if perspective is None or perspective.key in GIVEN_ELSEWHERE or "selpa" not in perspective.granted_by:
        found.append(
            Reason(
                "no-perspective",
                "Choose the perspective that the role is made of.",
                Owner.SELPA,
                "Choose one of the list.",
            )
        )
    else:
        more = [one for one in capabilities if one not in perspective.capabilities]
        if more:
            words = ", ".join(CAPABILITY_WORDS[Capability(one)] for one in more if one in set(Capability))
            found.append(
                Reason(
                    "more-than-perspective",
                    f"{perspective.label} cannot do this, so no role made of it can: {words or 'unknown'}.",
                    Owner.SELPA,
                    "Take it out, or make the role of another perspective.",
                )
            )
        if not capabilities:
            found.append(
                Reason(
                    "role-of-nothing",
                    "A role that may do nothing is none.",
                    Owner.SELPA,
                    "Choose what it may do.",
                )
            )
    if not label.strip() or not for_whom.strip():
        found.append(
            Reason("no-name", "A role has a name, and says for whom it is.", Owner.YOU, "Fill in both.")
        )
    return found


def default_designation(perspective: Perspective) -> Designation:
    """The kind of record that a grant of this perspective is for where nobody chose."""
    return next(
        (one for one in Designation if one in perspective.designations), Designation.SPECIAL_EDUCATION
    )
