"""The eleven demo students, by hand, as they stand on November 23, 2026.

Each has the history that the files reach back to: school years, status, meetings and plans with services since August
2023 or since the student was first served. All but the fourth are in Chaparral today.
"""

from __future__ import annotations

from datetime import date

from manzanita.synthetic.demo_first_plans import part_c_to_b, starts_in_autumn
from manzanita.synthetic.demo_in_district import late_triennial, merged_ssid, partial_consent, plain
from manzanita.synthetic.demo_two_places import (
    accountable_elsewhere,
    nonpublic_school,
    private_school,
    transferred_in,
    transferred_out,
)
from manzanita.synthetic.students import Student

WRITTEN_FOR = date(2026, 11, 23)


def demo_students() -> list[Student]:
    """The eleven, in the order of their numbers; SSID 9900000001 is the first."""
    return [
        plain(),
        late_triennial(),
        transferred_in(),
        transferred_out(),
        accountable_elsewhere(),
        nonpublic_school(),
        private_school(),
        part_c_to_b(),
        starts_in_autumn(),
        partial_consent(),
        merged_ssid(),
    ]
