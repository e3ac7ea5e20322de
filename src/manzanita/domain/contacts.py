"""Why an address may be kept from those who work with a student, and what they are told instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from manzanita.domain.access import Actor, Capability
from manzanita.domain.findings import Owner, Reason


@dataclass(frozen=True, slots=True)
class Protection:
    """One reason why an address is confidential, with its law and how surely that was read."""

    key: str
    label: str
    law: str
    confidence: str


PROTECTIONS: Mapping[str, Protection] = MappingProxyType(
    {
        one.key: one
        for one in (
            Protection(
                "safe_at_home",
                "Safe at Home program: only the substitute address of the Secretary of State is written down",
                "Government Code 6205 to 6210",
                "seen",
            ),
            Protection(
                "court_order",
                "Order of a court, such as a restraining order",
                "The order itself",
                "unverified",
            ),
            Protection("family_request", "The person asked for it", "Policy of the district", "unverified"),
        )
    }
)


def may_see_confidential(actor: Actor) -> bool:
    """Only who keeps contacts, and nobody who only looks: no monitor, nobody who views as another person."""
    return actor.may(Capability.EDIT_CONTACTS) and not actor.is_read_only


def confidential_reason(code: str) -> Reason:
    """What stands in the place of a confidential address."""
    protection = PROTECTIONS.get(code)
    return Reason(
        "confidential",
        "Confidential: address, phone and e-mail are not shown here.",
        Owner.CLERK,
        "Ask the special education office to pass your message on.",
        source=protection.law if protection else "",
        confidence=protection.confidence if protection else "unverified",
    )
