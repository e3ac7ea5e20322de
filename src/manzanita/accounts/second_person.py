"""Who may decide about another person: approve a large export, open stopped pages again. Never oneself."""

from __future__ import annotations

from manzanita.accounts.models import User
from manzanita.accounts.queries import people_who_may
from manzanita.auditing.models import ListExport, ViewingBlock
from manzanita.domain.access import Actor, Capability, Scope
from manzanita.domain.findings import Owner, Reason
from manzanita.orgs.queries import agency_by_code

HOST = "whoever runs this installation"


def approvers_of(export: ListExport) -> list[User]:
    """Who may approve it: others of the same agency, or where there is nobody else, the agency's SELPA."""
    return _others(Capability.APPROVE_EXPORT, export.agency_code, export.by_id)


def approvers_for(user_id: int, agency_code: str) -> list[User]:
    """Who could approve an export that the person has not asked for yet."""
    return _others(Capability.APPROVE_EXPORT, agency_code, user_id)


def lifters_of(block: ViewingBlock) -> list[User]:
    """Who may open the pages again: others of the same agency, and the SELPA for its members."""
    agency = agency_by_code(block.agency_code)
    codes = dict.fromkeys((agency.code, agency.selpa_code or agency.code))
    found = [one for code in codes for one in people_who_may(Capability.MANAGE_PEOPLE, code)]
    return [one for one in dict.fromkeys(found) if one.pk != block.user_id]


def _others(capability: Capability, agency_code: str, user_id: int) -> list[User]:
    others = [one for one in people_who_may(capability, agency_code) if one.pk != user_id]
    if others:
        return others
    selpa_code = agency_by_code(agency_code).selpa_code
    if selpa_code in ("", agency_code):
        return []
    return [one for one in people_who_may(capability, selpa_code) if one.pk != user_id]


def reaches(actor: Actor, agency_code: str) -> bool:
    """Is it an agency whose people the actor may decide about, by relation alone?"""
    is_member = actor.perspective.scope is Scope.SELPA and agency_code in actor.agency_codes
    return agency_code == actor.agency_code or is_member


def why_not_approve(actor: Actor, export: ListExport) -> Reason | None:
    """Why the actor, who reaches the export, may not decide on it; ``None`` where they may."""
    able = approvers_of(export)
    if actor.user_id in {one.pk for one in able}:
        return None
    if actor.user_id == export.by_id:
        return Reason(
            "own-export",
            "You asked for this export yourself; a second person decides.",
            Owner.COORDINATOR,
            f"It waits for {names_of(able)}.",
        )
    return Reason(
        "district-decides",
        "The district has somebody of its own who decides.",
        Owner.COORDINATOR,
        f"It waits for {names_of(able)}.",
    )


def why_not_lift(actor: Actor, block: ViewingBlock) -> Reason | None:
    """Why the actor, who reaches the person, may not open the pages again; ``None`` where they may."""
    if actor.user_id != block.user_id:
        return None
    return Reason(
        "own-block",
        "These are your own pages; a second person opens them.",
        Owner.COORDINATOR,
        f"Ask {names_of(lifters_of(block))}.",
    )


def names_of(people: list[User]) -> str:
    """``A, B or C``; where there is nobody, the host."""
    names = [one.name for one in people]
    if len(names) < 2:
        return names[0] if names else HOST
    return f"{', '.join(names[:-1])} or {names[-1]}"
