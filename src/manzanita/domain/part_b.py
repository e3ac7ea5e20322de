"""Which LEA owes a child from Part C the IEP from the third birthday on, and by which fact that is known.

Near the third birthday the regional center refers the child to the district of residence, which evaluates (CALPADS
guide, Part C; 34 CFR 303.209), so residence would be the answer; a district that is planned by name for next year was
agreed on by people and goes before it. The district that an IFSP holds accountable (PLAN 23.10) is as a rule that of
residence, and stands in where nothing else is known. Of an IFSP that names its own LEA nothing follows: a county office
that serves infants reports itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """The fact, in the order in which they count."""

    NEXT_YEAR = "next_year"
    RESIDENCE = "residence"
    DSEA = "dsea"


@dataclass(frozen=True, slots=True)
class Owes:
    """``lea_code`` owes the IEP. ``is_of_sis``: the SIS says the residence (SENR 1.31), not the office."""

    lea_code: str
    by: By
    is_of_sis: bool = False

    @property
    def words(self) -> str:
        """By what it is known."""
        if self.by is By.NEXT_YEAR:
            return "the district planned for next year"
        if self.by is By.DSEA:
            return "the district that the IFSP holds accountable (PLAN 23.10)"
        said = "by the SIS, SENR 1.31" if self.is_of_sis else "recorded by the office"
        return f"the district of residence ({said})"

    @property
    def field_key(self) -> str:
        """The field of the record that says it (``domain.record_fields``)."""
        if self.by is By.NEXT_YEAR:
            return "next.agency_code"
        if self.by is By.DSEA:
            return "plan.dsea_code"
        return "enrollment.residence_code" if self.is_of_sis else "residence.agency_code"


# Of a child of whom none of the three is known: the field in which the office says it.
UNKNOWN_FIELD = "residence.agency_code"
UNKNOWN = (
    "Which LEA owes the IEP is not known: no district is planned for next year, no district of residence is known, and "
    "the IFSP holds no other LEA accountable."
)


def who_owes(
    *, served_at: str, dsea: str, next_year: str, residence: str, is_of_sis: bool = False
) -> Owes | None:
    """Codes of LEAs, blank where nothing is stated; ``served_at`` is the LEA of the IFSP."""
    if next_year:
        return Owes(next_year, By.NEXT_YEAR)
    if residence:
        return Owes(residence, By.RESIDENCE, is_of_sis)
    return Owes(dsea, By.DSEA) if dsea not in ("", served_at) else None
