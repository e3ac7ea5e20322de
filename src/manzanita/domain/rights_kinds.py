"""The ways in which somebody comes to hold educational rights, or is kept from them, as data with their law.

``confidence`` says how the law was read: ``seen`` in a public print of the statute or of its regulation, ``inferred``
from such a print, ``unverified`` where no print was at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType


class Tier(IntEnum):
    """Whose word goes before whose while the student is a minor; ``GROWN`` are kinds that begin at 18, and ``KEPT``
    are no right at all but a limit on one."""

    COURT = 1
    PARENT = 2
    FOSTER = 3
    CAREGIVER = 4
    SURROGATE = 5
    GROWN = 6
    KEPT = 7


@dataclass(frozen=True, slots=True)
class Evidence:
    """A paper that shows a right, as the office names it."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One way. ``because`` completes "decides because"; ``evidence`` are keys of papers of which one is needed (none:
    the word of the family is enough); ``ends_at_majority`` is a right that the student's 18th birthday ends."""

    key: str
    label: str
    because: str
    tier: Tier
    evidence: tuple[str, ...]
    law: str
    confidence: str
    ends_at_majority: bool = False


EVIDENCE: Mapping[str, Evidence] = MappingProxyType(
    {
        one.key: one
        for one in (
            Evidence("court_order", "Order of a court on educational rights (such as JV-535)"),
            Evidence("custody_order", "Custody order or judgment"),
            Evidence("guardianship_letters", "Letters of guardianship"),
            Evidence("conservatorship_letters", "Letters of conservatorship, with power over education"),
            Evidence("placement_papers", "Foster placement papers"),
            Evidence("caregiver_affidavit", "Caregiver's authorization affidavit"),
            Evidence("surrogate_appointment", "Appointment of a surrogate parent"),
            Evidence("efforts_to_locate", "Record of the efforts to find the parent"),
            Evidence("written_choice", "Written choice of the adult student"),
            Evidence("birth_certificate", "Birth certificate or adoption papers"),
            Evidence("own_word", "Word of the family"),
        )
    }
)
# What can show that one parent alone decides.
SOLE_EVIDENCE = ("court_order", "custody_order")

# The key of a right that was taken over as a mere mark; the office still says of what kind it is.
UNSTATED = "unstated"

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.key: kind
        for kind in (
            Kind(
                "parent",
                "Parent",
                "a biological or adoptive parent holds the rights unless a court says otherwise",
                Tier.PARENT,
                (),
                "Education Code 56028(a)(1), (b)(1); 34 CFR 300.30",
                "seen",
            ),
            Kind(
                "guardian",
                "Guardian named by a court",
                "a court made this person the guardian",
                Tier.COURT,
                ("guardianship_letters", "court_order"),
                "Education Code 56028(a)(3), (b)(2)",
                "seen",
                ends_at_majority=True,
            ),
            Kind(
                "court_appointed",
                "Named by a court to decide on education",
                "a court named this person to decide on education",
                Tier.COURT,
                ("court_order",),
                "Welfare and Institutions Code 361(a), 726; Education Code 56028(b)(2)",
                "seen",
                ends_at_majority=True,
            ),
            Kind(
                "foster_parent",
                "Foster parent",
                "a court limited the parents' rights and the child lives with this foster parent",
                Tier.FOSTER,
                ("court_order", "placement_papers"),
                "Education Code 56028(a)(2)",
                "seen",
            ),
            Kind(
                "caregiver",
                "Relative or other adult in the place of a parent",
                "the child lives with this person, who acts in the place of a parent",
                Tier.CAREGIVER,
                ("caregiver_affidavit", "court_order", "placement_papers"),
                "Education Code 56028(a)(4)",
                "seen",
            ),
            Kind(
                "surrogate",
                "Surrogate parent",
                "no parent is there to decide, and this person was appointed to do it",
                Tier.SURROGATE,
                ("surrogate_appointment", "court_order"),
                "Government Code 7579.5, 7579.6; 34 CFR 300.519",
                "seen",
                ends_at_majority=True,
            ),
            Kind(
                "conservator",
                "Conservator of the adult student",
                "a court gave this person the power over the adult student's education",
                Tier.GROWN,
                ("conservatorship_letters",),
                "Education Code 56041.5; 34 CFR 300.520",
                "seen",
            ),
            Kind(
                "designee",
                "Adult chosen by the adult student",
                "the adult student chose this person to decide",
                Tier.GROWN,
                ("written_choice",),
                "Government Code 7579.5(k)",
                "inferred",
            ),
            Kind(
                "court_limited",
                "Rights limited or ended by a court",
                "a court limited or ended this person's right to decide on education",
                Tier.KEPT,
                ("court_order", "custody_order"),
                "Welfare and Institutions Code 361(a); 34 CFR 300.30(b)",
                "seen",
            ),
            Kind(
                "not_located",
                "Parent who cannot be found",
                "this parent could not be found after reasonable efforts",
                Tier.KEPT,
                ("efforts_to_locate",),
                "34 CFR 300.519(a)(2)",
                "unverified",
            ),
            Kind(
                UNSTATED,
                "Rights holder, kind not recorded",
                "this person was taken over as rights holder; of which kind is not recorded",
                Tier.PARENT,
                (),
                "None: it was a mark of the system before",
                "unverified",
            ),
        )
    }
)

_PARENTS = frozenset({"mother", "father", "parent", "adoptive mother", "adoptive father", "adoptive parent"})
_RELATIVES = frozenset(
    {
        *("grandmother", "grandfather", "grandparent", "aunt", "uncle", "sister", "brother", "cousin"),
        *("stepmother", "stepfather", "stepparent", "relative", "caregiver"),
    }
)
OWN_SELF = "self"


def kind_of_relation(relation: str) -> str:
    """The kind of right of somebody whom a file calls rights holder and gives only a relation; empty for the student,
    whose right follows from the birthday."""
    word = " ".join(relation.split()).lower()
    if word == OWN_SELF:
        return ""
    if word in _PARENTS:
        return "parent"
    if word in _RELATIVES:
        return "caregiver"
    return {"guardian": "guardian", "foster parent": "foster_parent", "surrogate parent": "surrogate"}.get(
        word, UNSTATED
    )
