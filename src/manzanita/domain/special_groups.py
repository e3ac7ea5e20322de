"""Groups of students whose next step is another than that of most: what each is, and which dates lead to it.

Due dates are those of ``domain.running_clocks``; nothing is counted here but ages in years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from manzanita.domain.clocks.ages import MAJORITY_YEARS
from manzanita.domain.dates import born_by, is_last_of_month, last_of_month, months_after, years_after

THIRD = 3
# So long before the third birthday a child with an IFSP is listed: the notice to the LEA is due by then.
C_TO_B_MONTHS = 6
PRESCHOOL_UNDER = 6


@dataclass(frozen=True, slots=True)
class Group:
    """One group. ``sentence`` says who is in it, ``why`` what makes its next step another, ``clocks`` are the due dates
    that its lines show, the first that runs before the others."""

    key: str
    label: str
    sentence: str
    why: str
    nothing: str
    source: str
    clocks: tuple[str, ...]


GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        one.key: one
        for one in (
            Group(
                "c-to-b",
                "Infants near three",
                "Children with an IFSP who turn three within six months, or are three already.",
                "An IEP is in effect on the third birthday. Where another district serves the child from then on, it "
                "is invited, and its staff hold the meeting.",
                "No child with an IFSP turns three within six months.",
                "34 CFR 303.209 and 300.124; EC 56426.9",
                ("c-to-b-iep", "transition-conference", "part-c-notice"),
            ),
            Group(
                "preschool",
                "Preschool referrals",
                "Children under six who are referred, or whose initial evaluation is open.",
                "The 15 days to the assessment plan run from the referral, the 60 days to the meeting from consent.",
                "No child under six is referred, and no initial evaluation of one is open.",
                "EC 56043(a), 56344; 34 CFR 300.301",
                ("c-to-b-iep", "initial-iep", "assessment-plan", "assessment-refused", "part-c-45"),
            ),
            Group(
                "nps",
                "Nonpublic schools",
                "Students enrolled in a nonpublic school, with the district's agreement with it.",
                "A placement needs an agreement with the school that holds, and an IEP that says so.",
                "Nobody is placed in a nonpublic school.",
                "EC 56366; 5 CCR 3062; SENR0646F1",
                ("annual-review",),
            ),
            Group(
                "dsea",
                "Accountable elsewhere",
                "Students of county programs, charters and other districts: the district of special education "
                "accountability (DSEA) is another than the LEA that they attend.",
                "Both answer for the student: the LEA reports, the DSEA is held to the numbers.",
                "Of nobody the DSEA is another than the LEA that is attended.",
                "CALPADS Flash 160; PLAN0729F1 for court and community schools",
                # An infant may be accountable elsewhere, too: the same date stands in both lists.
                ("c-to-b-iep", "annual-review"),
            ),
            Group(
                "adult",
                "Adult transition",
                "Students of 18 to 22 years who take part.",
                "The rights are the student's own, and eligibility ends in the year of the 22nd birthday.",
                "No student who takes part is 18 or older.",
                "EC 56026(c)(4) and 56041.5",
                ("maximum-age", "annual-review"),
            ),
        )
    }
)


def infants_born_by(today: date) -> date:
    """Born on this day or before: six months before the third birthday are today, or over. On the last day of a month
    that is so of every birthday to the end of the month in which they end: six months before August 31 are February 28.
    """
    third = months_after(today, C_TO_B_MONTHS)
    return born_by(last_of_month(third) if is_last_of_month(today) else third, THIRD)


def children_born_after(today: date) -> date:
    """Born after this day: under six."""
    return born_by(today, PRESCHOOL_UNDER)


def adults_born_by(today: date) -> date:
    """Born on this day or before: 18 or older."""
    return born_by(today, MAJORITY_YEARS)


def age_in_years(born: date, today: date) -> int:
    """Completed years."""
    years = today.year - born.year
    return years if years_after(born, years) <= today else years - 1
