"""What the histories of the demo students are made of: schools, first and last days, the usual meetings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from manzanita.synthetic.agencies import CHAPARRAL
from manzanita.synthetic.stays import ENDS_WITH_YEAR
from manzanita.synthetic.students import Enrollment, Meeting

# First days of instruction and last days, by the school year's first calendar year.
_CHAPARRAL_OPENS = {
    2023: date(2023, 8, 17),
    2024: date(2024, 8, 15),
    2025: date(2025, 8, 14),
    2026: date(2026, 8, 13),
}
_HERON_CREEK_OPENS = {
    2023: date(2023, 8, 21),
    2024: date(2024, 8, 19),
    2025: date(2025, 8, 18),
    2026: date(2026, 8, 17),
}
_CLOSES = {2023: date(2024, 6, 7), 2024: date(2025, 6, 6), 2025: date(2026, 6, 5)}

BUCKEYE, COTTONWOOD, CEANOTHUS, MADRONE, PRESCHOOL = (
    "9911001",
    "9911002",
    "9911005",
    "9911007",
    "9911009",
)
WILLOW_BEND, GREAT_EGRET = "9912001", "9912002"
EARLY_START_PROGRAM = "9914001"
BLUE_OAK = "9950011"

IEP = {"23.11": "100", "23.14": "200", "23.33": "N", "23.34": "10"}


def years(lea: str, schools: Mapping[int, tuple[str, str]]) -> list[Enrollment]:
    """Full school years at ``lea``: school year -> (school, grade); that of 2026 is open."""
    opens = _CHAPARRAL_OPENS if lea == CHAPARRAL else _HERON_CREEK_OPENS
    return [
        Enrollment(
            lea, school, opens[year], grade, _CLOSES.get(year), ENDS_WITH_YEAR if year in _CLOSES else ""
        )
        for year, (school, grade) in schools.items()
    ]


def initial(lea: str, on: date, *, referred_on: date, consent_on: date, referred_by: str = "30") -> Meeting:
    return Meeting(
        lea,
        on,
        evaluation="10",
        outcome="20",
        is_review=False,
        referred_on=referred_on,
        referred_by=referred_by,
        consent_on=consent_on,
    )


def triennial(lea: str, on: date) -> Meeting:
    return Meeting(lea, on, evaluation="40", outcome="20")
