"""On what grounds the office may change what the IEP team decides of the setting, without a meeting.

A placement is decided by a group that includes the parents (34 CFR 300.116(a)(1)), with notice before it changes
(300.503(a)); without a meeting it changes by a written amendment on which both agree (300.324(a)(4)). The state takes
another setting without a team where a birthday, a rule of its own or an adoption makes it so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from manzanita.domain.changes import ADOPTED
from manzanita.domain.findings import Owner, Reason
from manzanita.domain.turning_five import PRESCHOOL_SETTINGS, WITH_SHARE
from manzanita.domain.turning_five import SOURCE as FIVE_SOURCE

LAW = "34 CFR 300.116(a)(1), 300.324(a)(4), 300.503(a)"
SETTING = "23.20"
# What the law calls an individual services plan, and its setting.
SERVICES_PLAN, IN_PRIVATE_SCHOOL = "200", "403"
FIVE, SCHOOL, ARRIVED, PRIVATE, SAID = "five", "school", "arrived", "private", "said"
# Not to be chosen on the day itself: what was planned before it, with its reason.
PLANNED = "planned"
_AMEND = "Open an amendment; with the family's agreement in writing it needs no meeting."


@dataclass(frozen=True, slots=True)
class Changing:
    """What is known of a plan and of the change of its setting on a day; ``was`` and ``becomes`` are codes of 23.20.
    ``school_age_from`` is the first day on which the child is five and in a grade of school, ``is_other_school``
    whether another school has come since the plan began."""

    on: date
    was: str
    becomes: str
    plan_type_code: str
    plan_reason_code: str
    school_age_from: date | None
    is_other_school: bool


@dataclass(frozen=True, slots=True)
class Ground:
    """One ground: ``lacks`` says what does not hold of it, empty text where it holds."""

    key: str
    label: str
    source: str
    lacks: Callable[[Changing], str]


def _five(asked: Changing) -> str:
    day = asked.school_age_from
    if asked.was not in PRESCHOOL_SETTINGS:
        return "The setting is none of preschool."
    if day is None or asked.on < day:
        return (
            "The child is not five and in kindergarten or a grade "
            f"on {asked.on:%m/%d/%Y}{f', but from {day:%m/%d/%Y}' if day else ''}."
        )
    if asked.becomes not in WITH_SHARE:
        return f"A birthday leads to a setting with a share of general education ({' or '.join(WITH_SHARE)})."
    return ""


def _school(asked: Changing) -> str:
    if asked.becomes != asked.was:
        return "Another school of the same kind leaves the program setting as it is."
    return "" if asked.is_other_school else "No other school is known since the plan began."


def _arrived(asked: Changing) -> str:
    return (
        "" if asked.plan_reason_code == ADOPTED else "The plan in force was not adopted: a team here made it."
    )


def _private(asked: Changing) -> str:
    if asked.plan_type_code != SERVICES_PLAN:
        return "The plan is no services plan (200)."
    if asked.becomes != IN_PRIVATE_SCHOOL:
        return f"The setting of a services plan is {IN_PRIVATE_SCHOOL}."
    return ""


GROUNDS: Mapping[str, Ground] = MappingProxyType(
    {
        one.key: one
        for one in (
            Ground(FIVE, "The child is five and in kindergarten or a grade", FIVE_SOURCE, _five),
            Ground(
                SCHOOL,
                "Another school of the same kind carries out the same plan",
                "34 CFR 300.116: the placement is the team's, the school that carries it out need not be",
                _school,
            ),
            Ground(
                ARRIVED,
                "The plan came with the student; services here are comparable",
                "Education Code 56325(a)(1), 34 CFR 300.323(e)",
                _arrived,
            ),
            Ground(PRIVATE, "A services plan in a private school", "PLAN0748E1", _private),
            Ground(
                SAID,
                "The team's plan says so already; the record has it otherwise",
                "Corrected is what was recorded, not what was decided",
                lambda _: "",
            ),
            Ground(PLANNED, "It was planned for this day", FIVE_SOURCE, lambda _: ""),
        )
    }
)
OFFERED = tuple(one for one in GROUNDS.values() if one.key != PLANNED)


def ground_reason(key: str, asked: Changing, what: str) -> Reason | None:
    """Why what the team decides (``what``, in words) does not change on this ground; ``None`` where it does."""
    ground = GROUNDS.get(key)
    if ground is None:
        return Reason(
            "team-decides",
            f"{what}: the IEP team decides it and the family agrees, and no ground is given on which it changes "
            "without them.",
            Owner.TEAM,
            f"{_AMEND} Or say why it changes without a meeting.",
            source=LAW,
        )
    if not (lacking := ground.lacks(asked)):
        return None
    return Reason(
        "ground-lacking", f"{what}: {lacking}", Owner.TEAM, _AMEND, source=f"{LAW}; {ground.source}"
    )


def first_ground(asked: Changing) -> str:
    """The ground that the facts alone give, before anybody says one; empty text for none."""
    holds = {
        FIVE: not _five(replace(asked, becomes=WITH_SHARE[0])),
        PRIVATE: asked.was != IN_PRIVATE_SCHOOL and not _private(replace(asked, becomes=IN_PRIVATE_SCHOOL)),
        ARRIVED: not _arrived(asked),
    }
    return next((key for key, is_so in holds.items() if is_so), "")
