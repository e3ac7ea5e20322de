"""Who an owner is: the perspectives that act as it, and whom to name as the owner of what a capability mends."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from manzanita.domain.access import Capability
from manzanita.domain.findings import Owner
from manzanita.domain.perspectives import PERSPECTIVES

# The widest first: of two who may, both are named. Whoever acts as the state or for an own form is no perspective.
ACT_AS: Mapping[Owner, tuple[str, ...]] = MappingProxyType(
    {
        Owner.CLERK: ("office_clerk", "coordinator"),
        Owner.COORDINATOR: ("coordinator",),
        Owner.TEAM: ("case_manager",),
        Owner.SIS: ("sis_staff",),
        Owner.SELPA: ("selpa",),
    }
)


def may_all(owner: Owner, capability: Capability) -> bool:
    """Whether everybody who is named by ``owner`` has the capability; true of an owner that is no perspective."""
    return all(capability in PERSPECTIVES[key].capabilities for key in ACT_AS.get(owner, ()))


def owner_for(capability: Capability) -> Owner:
    """Whose job is what takes the capability: the first of whom everybody has it."""
    return next(owner for owner in ACT_AS if may_all(owner, capability))
